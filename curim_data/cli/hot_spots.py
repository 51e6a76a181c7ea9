"""The command hotspots: places with more alerts than expected by chance, by one of four methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import OutPlaces, Resolution, command, new_app
from curim_data.cli.output import UsageError, check_suffix, write_file
from curim_data.model import N_, Audience, Message, Translator

if TYPE_CHECKING:
    from analysis.clusters.results import Cluster, Clusters
    from analysis.hotspots.cell_significance import HotCells
    from analysis.hotspots.grouping import Spot, SpotHarm
    from analysis.hotspots.power import Power
    from analysis.spots.naming import SpotName
    from analysis.stats.harm_weights import WeighedBy
    from analysis.stats.result import Choice
    from curim_data.engine import Source
    from curim_data.filters import AlertFilter
    from curim_data.studies.emerging import EmergingRow
    from curim_data.studies.hot_spots import ListedShares

app = new_app()
Method = Literal["significance", "clusters", "emerging", "density"]
Denominator = Literal["land", "alerts", "residents"]
Weight = Literal["none", "severity", "harm"]
Order = Literal["excess", "ratio", "alerts", "p", "harm"]

_SPOT_COLUMNS: Final = (
    *("rank", "id", "name", "n", "expected", "excess", "excess_low", "excess_high", "ratio", "low", "high", "q"),
    *("longitude", "latitude"),
)
_EMERGING_COLUMNS: Final = (
    *("rank", "id", "name", "class", "label", "n", "steps", "marked", "since", "slope", "q_trend"),
    *("longitude", "latitude", "cells"),
)


@command(
    app,
    "hotspots",
    filtered=True,
    audience=Audience.ANALYST,
)
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
) -> None:
    """Find hot spots."""
    options = SearchOptions(base, weight, order or ("excess" if weight == "none" else "harm"))
    options.check(method)
    if out is not None:
        check_suffix(out, ".geojson", ".csv")
    source = ctx.source()
    f = ctx.filter(source)
    if method == "density" and resolution is not None:
        raise UsageError(Message("--resolution is for hot cells: leave it out with --method density."))
    if ctx.nowhere(source, f, out):
        ctx.print_nowhere(source, f, {"method": method, **({"places": []} if method == "density" else {"spots": []})})
        return
    match method:
        case "density":
            answer, lines = _density(ctx, source, f, out)
        case "emerging":
            answer, lines = _emerging(ctx, source, f, resolution, out)
        case "clusters":
            answer, lines = _places(ctx, f, method, find_clusters(source, f, ctx.audience, options), options, out)
        case "significance":
            found = find_hot_spots(source, f, ctx.audience, resolution, base, options.weighed_by)
            answer, lines = _places(ctx, f, method, found, options, out)
    if ctx.as_json:
        ctx.print_json({**ctx.question(source, f), "method": method, **answer})
    else:
        ctx.print(ctx.sentence(source, f), *lines)


@dataclass(frozen=True)
class SearchOptions:
    """What places are compared with, how much an alert counts, and the order of hot spots."""

    base: Denominator = "land"
    weight: Weight = "none"
    order: Order = "excess"

    def check(self, method: Method) -> None:
        """UsageError for an option that the method does not have."""
        if self.base != "land" and method != "significance":
            raise UsageError(Message("--base is for hot cells: use it with --method significance."))
        if self.order not in ("excess", "harm") and method != "significance":
            raise UsageError(Message("--order is for hot cells: use it with --method significance."))
        if self.weight != "none" and method not in ("clusters", "significance"):
            raise UsageError(Message("--weight is for --method significance and --method clusters."))
        if self.order == "harm" and self.weight == "none":
            raise UsageError(Message("--order harm needs --weight severity or --weight harm."))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the list of one method that the options add."""
        return ("base_n", "rate") if self.base != "land" else ()

    @property
    def weighed_by(self) -> WeighedBy | None:
        """By what alerts count; None where each counts one."""
        return None if self.weight == "none" else self.weight


@dataclass(frozen=True)
class FoundPlaces:
    """Hot spots in the filter's area, with the result that describes them and their names by id.

    `cold`: places with fewer alerts than expected by chance, with their names. `harm`: what the alerts of hot spots
    weigh, by their ids. `power`: what the test of cells would have found. `elsewhere`: why the list holds little.
    `listed`, `unjudged`: as in `HotSpotStudy`.
    """

    result: HotCells | Clusters
    spots: Sequence[Spot | Cluster]
    names: Mapping[str, SpotName]
    resolution: int
    choices: tuple[Choice, ...]
    cold: tuple[tuple[Spot, SpotName], ...] = ()
    harm: Mapping[str, SpotHarm] = field(default_factory=dict)
    power: Power | None = None
    elsewhere: Message | None = None
    listed: ListedShares | None = None
    unjudged: Message | None = None

    def sentence(self, t: Translator) -> str:
        """What was found, or that nothing could be."""
        from analysis.hotspots.cell_significance import HotCells
        from curim_data.studies.hot_spots import cells_sentence

        if self.unjudged is not None:
            return t(self.unjudged)
        if self.power is None or not isinstance(self.result, HotCells):
            return self.result.sentence(t)
        return cells_sentence(self.result, self.power, t, self.listed)


def find_hot_spots(
    source: Source,
    f: AlertFilter,
    audience: Audience,
    resolution: int | None = None,
    base: Denominator = "land",
    weight: WeighedBy | None = None,
) -> FoundPlaces:
    """Hot spots of the whole city that lie in the area of the filter; `weight`: with what their alerts weigh by it.

    DisclosureError for a resolution that the audience may not see, UsageError for a denominator or a weight that there
    is not.
    """
    from analysis.spots.naming import name_spots
    from curim_data import privacy
    from curim_data.studies.denominators import DenominatorError
    from curim_data.studies.harm import spots_by_harm
    from curim_data.studies.hot_spots import hot_spot_study, known_places
    from curim_data.studies.spot_area import in_area

    _check_weight(source, audience, weight)
    privacy.check(["cell"], resolution, f, audience, source.city)
    try:
        study = hot_spot_study(source, f, audience, resolution, base)
    except DenominatorError as error:
        raise UsageError(error.message) from error
    names = name_spots(study.spots, source.city, known_places(source, audience))
    cold_names = name_spots(study.cold, source.city)
    cold = tuple(
        (spot, cold_names[spot.id]) for spot in study.cold if in_area(spot, cold_names[spot.id], f, source.city)
    )
    spots = [spot for spot in study.spots if in_area(spot, names[spot.id], f, source.city)]
    told = study.elsewhere if spots else None
    if study.unjudged is not None:
        return FoundPlaces(study.hot, (), {}, study.resolution, study.choices, unjudged=study.unjudged)
    if weight is None:
        return FoundPlaces(
            study.hot, spots, names, study.resolution, study.choices, cold, {}, study.power, told, study.listed
        )
    weighed = spots_by_harm(source, f, audience, weight, study)
    choices = (*study.choices, *weighed.choices)
    return FoundPlaces(study.hot, spots, names, study.resolution, choices, cold, weighed.of, study.power, told)


def _check_weight(source: Source, audience: Audience, weight: WeighedBy | None) -> None:
    """UsageError where alerts cannot be weighed so."""
    from curim_data.studies.harm import weight_obstacle

    if weight is not None and (why := weight_obstacle(source, weight, audience)) is not None:
        raise UsageError(why)


def find_clusters(source: Source, f: AlertFilter, audience: Audience, options: SearchOptions) -> FoundPlaces:
    """Clusters of the whole city that lie in the area of the filter.

    UsageError for an audience that may not see cells so fine.
    """
    from analysis.spots.naming import name_spots
    from curim_data import privacy
    from curim_data.studies.clusters import CLUSTER_RESOLUTION, cluster_study
    from curim_data.studies.hot_spots import known_places
    from curim_data.studies.spot_area import in_area

    if privacy.finest_resolution(audience, f, source.city) < CLUSTER_RESOLUTION:
        raise UsageError(
            Message("Clusters need exact alerts: ask as analyst or specialist, or with --method significance.")
        )
    _check_weight(source, audience, options.weighed_by)
    result = cluster_study(source, f, audience, weight=options.weighed_by)
    names = name_spots(result.found, source.city, known_places(source, audience))
    spots = [spot for spot in result.found if in_area(spot, names[spot.id], f, source.city)]
    return FoundPlaces(result, spots, names, CLUSTER_RESOLUTION, result.choices)


def _places(
    ctx: CommandContext, f: AlertFilter, method: Method, found: FoundPlaces, options: SearchOptions, out: Path | None
) -> tuple[dict[str, Any], list[str]]:
    """Hot spots or clusters as a JSON answer and as lines, and written to a file."""
    from analysis.hotspots.excess import LEAST_FOR_PLAN, in_order, worth_a_plan
    from analysis.hotspots.grouping import in_order_of_harm
    from curim_data.studies.spot_area import TESTED_IN_CITY, has_area

    t, names = ctx.t, found.names
    few: Sequence[Spot | Cluster] = ()
    many: Sequence[Spot | Cluster] = found.spots
    if method == "significance":
        by_harm = options.order == "harm"
        many, few = worth_a_plan(
            in_order_of_harm(found.spots, found.harm) if by_harm else in_order(found.spots, options.order)  # type: ignore[arg-type]
        )
    spots = [*many, *few]
    rows = [{**_spot_row(spot, names[spot.id](t), options), **_weighed(spot, found)} for spot in spots]
    if out is not None:
        added = _WEIGHED if found.harm else ("weight",) if options.weight != "none" else ()
        times = ("times",) if found.listed is not None else ()
        ctx.write_places(out, spots, rows, (*_SPOT_COLUMNS, *times, *options.columns, *added, "cells"))
    answer = {
        "resolution": found.resolution,
        "base": options.base,
        "weight": options.weight,
        "n": found.result.n,
        "told": found.sentence(t),
        "choices": ctx.choices(found.choices),
        "spots": rows,
        "cold": [_spot_row(spot, name(t), options) for spot, name in found.cold],
    }
    lines = [
        found.sentence(t),
        *([found.power.sentence(t)] if found.power and not found.spots else []),
        *([t(found.elsewhere)] if found.elsewhere else []),
        *([t(TESTED_IN_CITY)] if has_area(f) else []),
        *(_spot_line(spot, found, ctx) for spot in many),
        *([t("Fewer than {n} alerts, too few for a plan:", n=LEAST_FOR_PLAN)] if few else []),
        *(_spot_line(spot, found, ctx) for spot in few),
        *(f"{name(t)} – {spot.cold_sentence(t, ctx.least())}" for spot, name in found.cold),
        *(t(choice.explanation) for choice in found.choices),
    ]
    return answer, lines


def _spot_line(spot: Spot | Cluster, found: FoundPlaces, ctx: CommandContext) -> str:
    """A place in words, with its rank."""
    from analysis.hotspots.grouping import Spot

    t = ctx.t
    figures = spot.sentence(t, ctx.least()) if isinstance(spot, Spot) else spot.sentence(t)
    told = f"{spot.rank}. {found.names[spot.id](t)} – {figures}"
    return f"{told} {found.harm[spot.id].sentence(t)}" if found.harm else told


_WEIGHED: Final = ("weight", "weight_expected", "weight_excess", "weight_excess_low", "weight_excess_high")


def _weighed(spot: Spot | Cluster, found: FoundPlaces) -> dict[str, Any]:
    """What the alerts of a place weigh, where that was asked; of a hot spot also what is above expected."""
    harm = found.harm.get(spot.id)
    if harm is None:
        weight = getattr(spot, "weight", None)
        return {} if weight is None else {"weight": round(weight, 5)}
    figures = (harm.weight, harm.expected, harm.excess.value, harm.excess.low, harm.excess.high)
    return {name: round(value, 2) for name, value in zip(_WEIGHED, figures, strict=True)}


def _spot_row(spot: Spot | Cluster, name: str, options: SearchOptions) -> dict[str, Any]:
    """A place, hot or cold, with its figures; `times` is there for one that has no others (`Spot.times`)."""
    from analysis.hotspots.excess import excess_of, is_compared

    more = excess_of(spot)
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
    }


def _emerging(
    ctx: CommandContext, source: Source, f: AlertFilter, resolution: int | None, out: Path | None
) -> tuple[dict[str, Any], list[str]]:
    """Places with their class over time as a JSON answer and as lines, and written to a file."""
    from curim_data import privacy
    from curim_data.studies.emerging import emerging_study
    from curim_data.studies.spot_area import TESTED_IN_CITY, has_area, in_area

    t = ctx.t
    privacy.check(["cell"], resolution, f, ctx.audience, source.city)
    study = emerging_study(source, f, ctx.audience, resolution)
    found = study.emerging
    if found is None:
        raise UsageError(study.why or Message("There is nothing to report."))
    listed = [line for line in study.lines if in_area(line.place, line.name, f, source.city)]
    rows = [_emerging_row(ctx, line, len(found.starts)) for line in listed]
    if out is not None:
        ctx.write_places(out, [line.place for line in listed], rows, _EMERGING_COLUMNS)
    answer = {
        "resolution": study.resolution,
        "unit": found.unit,
        "first": found.starts[0],
        "last": found.starts[-1],
        "n": found.n,
        "told": found.sentence(t),
        "choices": ctx.choices(study.choices),
        "spots": rows,
    }
    lines = [
        found.sentence(t),
        *([t(TESTED_IN_CITY)] if has_area(f) else []),
        *(f"{line.rank}. {line.name(t)} – {found.sentence_of(line.place.peak, t, ctx.least())}" for line in listed),
        *(t(choice.explanation) for choice in study.choices),
    ]
    return answer, lines


def _emerging_row(ctx: CommandContext, line: EmergingRow, steps: int) -> dict[str, Any]:
    return {
        "rank": line.rank,
        "id": line.id,
        "name": line.name(ctx.t),
        "class": line.place.cls,
        "label": ctx.t(line.cls.label),
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


def _density(ctx: CommandContext, source: Source, f: AlertFilter, out: Path | None) -> tuple[dict[str, Any], list[str]]:
    """The density as a JSON answer and as lines; `out` gets its pixels as CSV, or its classes as GeoJSON."""
    from analysis.density.kernel_density import format_density
    from curim_data.studies.density import class_geojson, density_study, pixel_frame
    from curim_data.studies.spot_area import OF_CITY, has_area

    study = density_study(source, f, ctx.audience)
    t, surface = ctx.t, study.density
    area = [t(OF_CITY)] if has_area(f) else []
    if not study.enough:
        if out is not None:
            raise UsageError(Message(study.too_few(t)))
        return {"n": surface.n, "told": study.too_few(t), "choices": [], "places": []}, [*area, study.too_few(t)]
    if out is not None and out.suffix.lower() == ".csv":
        ctx.write_table(out, pixel_frame(surface, source.city))
    elif out is not None:
        write_file(out, class_geojson(surface, source.city).encode())
    answer = {
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
            for rank, peak in enumerate(study.peaks, start=1)
        ],
    }
    lines = [*area, surface.sentence(t)]
    for rank, peak in enumerate(study.peaks, start=1):
        density = t("{value} alerts per km² and month", value=format_density(t, peak.value.value))
        lines.append(f"{rank}. {peak.name(t)} – {density}")
    return answer, [*lines, *(t(choice.explanation) for choice in study.choices)]
