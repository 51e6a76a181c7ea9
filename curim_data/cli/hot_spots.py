"""The command hotspots: places with more alerts than expected by chance, by one of four methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

import typer

from curim_data import studies
from curim_data.cli.commands import OutPlaces, Resolution, study
from curim_data.cli.context import Answer, CommandContext, Places, UsageError
from curim_data.model import N_, Message, Translator

if TYPE_CHECKING:
    import pandas as pd

    from analysis.clusters import Cluster
    from analysis.hotspots.grouping import Spot, SpotHarm
    from analysis.spots.naming import SpotName
    from analysis.stats.intervals import Choice, WeighedBy
    from curim_data.studies.hot_spots import EmergingRow

Method = Literal["significance", "clusters", "emerging", "density"]
Denominator = Literal["land", "alerts", "residents"]
Weight = Literal["none", "severity", "harm"]
Order = Literal["excess", "ratio", "alerts", "p", "harm"]
_Spot = TypeVar("_Spot", bound="Spot | Cluster")
_Named = list[tuple[_Spot, "SpotName"]]

_SPOT_COLUMNS: Final = (
    *("rank", "id", "name", "n", "expected", "excess", "excess_low", "excess_high", "ratio", "low", "high", "q"),
    *("longitude", "latitude"),
)
_EMERGING_COLUMNS: Final = (
    *("rank", "id", "name", "class", "label", "n", "steps", "marked", "since", "slope", "q_trend"),
    *("longitude", "latitude", "cells"),
)
_WEIGHED: Final = ("weight", "weight_expected", "weight_excess", "weight_excess_low", "weight_excess_high")


@study("hotspots")
def hotspots(
    ctx: CommandContext,
    method: Annotated[Method, typer.Option(help=N_("Method by which they are found."))] = "significance",
    resolution: Resolution = None,
    base: Annotated[
        Denominator,
        typer.Option(help=N_("What a place is compared with: its land and neighbourhood, all alerts, or residents.")),
    ] = "land",
    weight: Annotated[
        Weight,
        typer.Option(
            help=N_("What an alert counts: one, its severity, or the harm index of its category in the profile.")
        ),
    ] = "none",
    order: Annotated[
        Order | None,
        typer.Option(
            help=N_(
                "Order of hot spots: alerts above expected or ratio (by the lower limit), alerts, or corrected "
                "p; with --weight what they weigh above expected."
            )
        ),
    ] = None,
    out: OutPlaces = None,
) -> Answer:
    """Hot spots by a method."""
    options = SearchOptions(method, resolution, base, weight, order or ("excess" if weight == "none" else "harm"))
    options.check()
    nothing: dict[str, Any] = {"method": method, "places" if method == "density" else "spots": []}
    if (nowhere := ctx.nowhere(out, nothing)) is not None:
        return nowhere
    match method:
        case "density":
            answer = _density(ctx, out)
        case "emerging":
            answer = _emerging(ctx, resolution)
        case "clusters":
            answer = _places(ctx, options, _find_clusters(ctx, options))
        case "significance":
            answer = _places(ctx, options, find_hot_spots(ctx, options))
    return replace(answer, data={"method": method, **answer.data})


@dataclass(frozen=True)
class SearchOptions:
    """How hot spots are looked for, in which cells, what they are compared with, what an alert counts, their order."""

    method: Method = "significance"
    resolution: int | None = None
    base: Denominator = "land"
    weight: Weight = "none"
    order: Order = "excess"

    def check(self) -> None:
        """UsageError for an option that the method does not have."""
        cells = self.method == "significance"
        for unfit, why in (
            (self.base != "land" and not cells, N_("--base is for hot cells: use it with --method significance.")),
            (
                self.order not in ("excess", "harm") and not cells,
                N_("--order is for hot cells: use it with --method significance."),
            ),
            (
                self.weight != "none" and self.method not in ("clusters", "significance"),
                N_("--weight is for --method significance and --method clusters."),
            ),
            (
                self.order == "harm" and self.weight == "none",
                N_("--order harm needs --weight severity or --weight harm."),
            ),
            (
                self.resolution is not None and self.method == "density",
                N_("--resolution is for hot cells: leave it out with --method density."),
            ),
        ):
            if unfit:
                raise UsageError(Message(why))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the list of one method that the options add."""
        return ("base_n", "rate") if self.base != "land" else ()

    def weighed_by(self, ctx: CommandContext) -> WeighedBy | None:
        """By what alerts count; None where each counts one. UsageError where they cannot be weighed so."""
        if self.weight == "none":
            return None
        if (why := studies.hot_spots.weight_obstacle(ctx.source, self.weight)) is not None:
            raise UsageError(why)
        return self.weight


@dataclass(frozen=True)
class FoundSpots:
    """Hot spots or clusters in the filter's area with their names, the surest first, and how they were found.

    `reasons`: why the list holds little or nothing. `cold`: places with fewer alerts than expected by chance. `harm`:
    what the alerts of hot spots weigh, by id. `steps`: whether some have a ratio in steps alone (`Spot.times`).
    """

    n: float
    told: str
    resolution: int
    choices: Sequence[Choice]
    spots: Sequence[tuple[Spot | Cluster, SpotName]]
    reasons: Sequence[str] = ()
    cold: Sequence[tuple[Spot, SpotName]] = ()
    harm: Mapping[str, SpotHarm] = field(default_factory=dict)
    steps: bool = False


def find_hot_spots(ctx: CommandContext, options: SearchOptions) -> FoundSpots:
    """Hot spots of the whole city that lie in the area of the filter.

    DisclosureError for a resolution that the audience may not see; UsageError or DenominatorError for a weight or a
    denominator that there is not.
    """
    from curim_data import privacy

    source, f, t = ctx.source, ctx.filter, ctx.t
    weight = options.weighed_by(ctx)
    privacy.check(["cell"], options.resolution, f, source)
    study = studies.hot_spots.hot_spot_study(source, f, options.resolution, options.base)
    spots = _named_in_area(ctx, study.spots, known=True)
    weighed = studies.hot_spots.spots_by_harm(source, f, weight, study) if weight and not study.unjudged else None
    why = study.elsewhere if spots else None
    return FoundSpots(
        n=study.hot.n,
        told=study.sentence(t),
        resolution=study.resolution,
        choices=(*study.choices, *(weighed.choices if weighed else ())),
        spots=spots,
        reasons=[t(why)] if why else [study.power.sentence(t)] if not spots and not study.unjudged else [],
        cold=_named_in_area(ctx, study.cold),
        harm=weighed.of if weighed else {},
        steps=study.listed is not None,
    )


def _find_clusters(ctx: CommandContext, options: SearchOptions) -> FoundSpots:
    """Clusters of the whole city that lie in the area of the filter.

    UsageError for an audience that may not see cells so fine.
    """
    from curim_data import privacy

    finest = studies.hot_spots.CLUSTER_RESOLUTION
    if privacy.finest_resolution(ctx.source, ctx.filter) < finest:
        raise UsageError(
            Message("Clusters need exact alerts: ask as analyst or specialist, or with --method significance.")
        )
    weight = options.weighed_by(ctx)
    found = studies.hot_spots.cluster_study(ctx.source, ctx.filter, weight=weight)
    spots = _named_in_area(ctx, found.found, known=True)
    return FoundSpots(found.n, found.sentence(ctx.t), finest, found.choices, spots)


def _named_in_area(ctx: CommandContext, spots: Sequence[_Spot], *, known: bool = False) -> _Named[_Spot]:
    """Places that lie in the area of the filter, with their names; `known`: named as those of all time are."""
    from analysis.spots.naming import name_spots

    source, f = ctx.source, ctx.filter
    names = name_spots(spots, source.city, studies.hot_spots.known_places(source) if known else ())
    named = ((spot, names[spot.id]) for spot in spots)
    return [(spot, name) for spot, name in named if studies.cells.in_area(spot, name, f, source.city)]


def _places(ctx: CommandContext, options: SearchOptions, found: FoundSpots) -> Answer:
    """Hot spots, those that are large enough for a plan first, or clusters; and cold spots."""
    from analysis.hotspots import grouping

    t, names = ctx.t, {spot.id: name(ctx.t) for spot, name in found.spots}
    many: Sequence[Any] = [spot for spot, _ in found.spots]
    few: Sequence[Any] = ()
    if options.method == "significance":
        ordered = (
            grouping.in_order_of_harm(many, found.harm)
            if options.order == "harm"
            else grouping.in_order(many, options.order)
        )
        many, few = grouping.worth_a_plan(ordered)
    spots = [*many, *few]
    rows = [_spot_row(spot, names[spot.id], options, found.harm.get(spot.id)) for spot in spots]
    told = [f"{spot.rank}. {names[spot.id]} – {_figures(ctx, spot, found.harm.get(spot.id))}" for spot in spots]
    weights = _WEIGHED if found.harm else ("weight",) if options.weight != "none" else ()
    columns = (*_SPOT_COLUMNS, *(["times"] if found.steps else []), *options.columns, *weights, "cells")
    return Answer(
        {
            "resolution": found.resolution,
            "base": options.base,
            "weight": options.weight,
            "n": found.n,
            "told": found.told,
            "choices": ctx.choices(found.choices),
            "spots": rows,
            "cold": [_spot_row(spot, name(t), options) for spot, name in found.cold],
        },
        [
            found.told,
            *found.reasons,
            *_tested_in_city(ctx),
            *told[: len(many)],
            *([t("Fewer than {n} alerts, too few for a plan:", n=grouping.LEAST_FOR_PLAN)] if few else []),
            *told[len(many) :],
            *(f"{name(t)} – {spot.cold_sentence(t, ctx.least())}" for spot, name in found.cold),
            *ctx.reasons(found.choices),
        ],
        Places(spots, rows, columns),
    )


def _tested_in_city(ctx: CommandContext) -> list[str]:
    """That places of the whole city were tested, under a filter of an area."""
    return [ctx.t(studies.cells.TESTED_IN_CITY)] if studies.cells.has_area(ctx.filter) else []


def _figures(ctx: CommandContext, spot: Spot | Cluster, harm: SpotHarm | None) -> str:
    """The figures of a place in words; a cluster has no counts that are too small to be written."""
    from analysis.hotspots.grouping import Spot

    told = spot.sentence(ctx.t, ctx.least()) if isinstance(spot, Spot) else spot.sentence(ctx.t)
    return f"{told} {harm.sentence(ctx.t)}" if harm else told


def _spot_row(spot: Spot | Cluster, name: str, options: SearchOptions, harm: SpotHarm | None = None) -> dict[str, Any]:
    """A place, hot or cold, with its figures, and where that was asked what its alerts weigh; `times` is there for one
    that has no others (`Spot.times`).
    """
    from analysis.hotspots.grouping import excess_of, is_compared

    more, weight = excess_of(spot), getattr(spot, "weight", None)
    weights = {} if weight is None else {"weight": round(weight, 5)}
    if harm is not None:
        figures = (harm.weight, harm.expected, harm.excess.value, harm.excess.low, harm.excess.high)
        weights = {name: round(value, 2) for name, value in zip(_WEIGHED, figures, strict=True)}
    return {
        "rank": spot.rank,
        "id": spot.id,
        "name": name,
        "n": spot.n,
        "expected": round(spot.expected, 2),
        "excess": round(more.value, 2),
        "excess_low": round(more.low, 2),
        "excess_high": round(more.high, 2),
        "ratio": round(spot.ratio, 3),
        "low": round(spot.low, 3),
        "high": round(spot.high, 3),
        **({} if is_compared(spot) else {"times": getattr(spot, "times", None)}),
        "q": spot.q,
        "longitude": round(spot.longitude, 5),
        "latitude": round(spot.latitude, 5),
        **{column: round(float(getattr(spot, column)), 5) for column in options.columns},
        "cells": list(spot.names),
        **weights,
    }


def _emerging(ctx: CommandContext, resolution: int | None) -> Answer:
    """Places with their class over time."""
    from curim_data import privacy

    t, f, city = ctx.t, ctx.filter, ctx.source.city
    privacy.check(["cell"], resolution, f, ctx.source)
    study = studies.hot_spots.emerging_study(ctx.source, f, resolution)
    if (found := study.emerging) is None:
        raise UsageError(study.why or Message("There is nothing to report."))
    listed = [line for line in study.lines if studies.cells.in_area(line.place, line.name, f, city)]
    rows = [_emerging_row(t, line, len(found.starts)) for line in listed]
    return Answer(
        {
            "resolution": study.resolution,
            "unit": found.unit,
            "first": found.starts[0],
            "last": found.starts[-1],
            "n": found.n,
            "told": found.sentence(t),
            "choices": ctx.choices(study.choices),
            "spots": rows,
        },
        [
            found.sentence(t),
            *_tested_in_city(ctx),
            *(f"{line.rank}. {line.name(t)} – {found.sentence_of(line.place.peak, t, ctx.least())}" for line in listed),
            *ctx.reasons(study.choices),
        ],
        Places([line.place for line in listed], rows, _EMERGING_COLUMNS),
    )


def _emerging_row(t: Translator, line: EmergingRow, steps: int) -> dict[str, Any]:
    return {
        "rank": line.rank,
        "id": line.id,
        "name": line.name(t),
        "class": line.place.cls,
        "label": t(line.cls.label),
        "n": line.place.n,
        "steps": steps,
        "marked": line.marked,
        "since": line.since.isoformat() if line.since else None,
        "slope": round(line.slope, 4),
        "q_trend": line.q_trend if line.q_trend == line.q_trend else None,
        "longitude": round(line.place.longitude, 5),
        "latitude": round(line.place.latitude, 5),
        "cells": list(line.place.names),
    }


def _density(ctx: CommandContext, out: Path | None) -> Answer:
    """The density, its pixels as CSV or its classes as GeoJSON."""
    from analysis.density import format_density

    t, city, study = ctx.t, ctx.source.city, studies.alert_points.density_study(ctx.source, ctx.filter)
    surface, area = study.density, [t(studies.cells.OF_CITY)] if studies.cells.has_area(ctx.filter) else []
    if not study.enough:
        told = study.too_few(t)
        if out is not None:
            raise UsageError(Message(told))
        return Answer({"n": surface.n, "told": told, "choices": [], "places": []}, [*area, told])
    file: pd.DataFrame | bytes | None = None
    if out is not None:
        of_pixels = out.suffix.lower() == ".csv"
        file = (
            studies.alert_points.pixel_frame(surface, city)
            if of_pixels
            else studies.alert_points.class_geojson(surface, city).encode()
        )
    peaks = list(enumerate(study.peaks, start=1))
    of_month = N_("{value} alerts per km² and month")
    dense = [(f"{rank}. {peak.name(t)}", format_density(t, peak.value.value)) for rank, peak in peaks]
    listed = [f"{name} – {t(of_month, value=value)}" for name, value in dense]
    return Answer(
        {
            "n": surface.n,
            "mean": surface.mean,
            "bandwidth": study.bandwidth.metres,
            "told": surface.sentence(t),
            "choices": ctx.choices(study.choices),
            "places": [
                {
                    "rank": rank,
                    "name": peak.name(t),
                    "density": peak.value.value,
                    "low": peak.value.low,
                    "high": peak.value.high,
                    "longitude": round(peak.longitude, 5),
                    "latitude": round(peak.latitude, 5),
                }
                for rank, peak in peaks
            ],
        },
        [*area, surface.sentence(t), *listed, *ctx.reasons(study.choices)],
        file,
    )
