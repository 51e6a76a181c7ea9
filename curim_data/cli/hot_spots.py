"""The command hotspots: places with more alerts than expected by chance, by one of four methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from analysis.clusters import Cluster
from analysis.density import format_density
from analysis.hotspots import grouping
from analysis.hotspots.grouping import Spot, SpotHarm
from analysis.spots.naming import SpotName, name_spots
from analysis.stats.intervals import Choice, WeighedBy
from curim_data import privacy, studies
from curim_data.cli.commands import Denominator, Method, Order, UsageError, Weight
from curim_data.cli.context import Answer, CommandContext
from curim_data.model import N_, Message, Translator

_Spot = TypeVar("_Spot", bound=Spot | Cluster)
_Named = list[tuple[_Spot, SpotName]]

_SPOT_COLUMNS: Final = (
    *("rank", "id", "name", "n", "expected", "excess", "excess_low", "excess_high", "ratio", "low", "high", "q"),
    *("longitude", "latitude"),
)
_EMERGING_COLUMNS: Final = (
    *("rank", "id", "name", "class", "label", "n", "steps", "marked", "since", "slope", "q_trend"),
    *("longitude", "latitude", "cells"),
)
_WEIGHED: Final = ("weight", "weight_expected", "weight_excess", "weight_excess_low", "weight_excess_high")


def hotspots(
    ctx: CommandContext,
    method: Method,
    resolution: int | None,
    base: Denominator,
    weight: Weight,
    order: Order | None,
    out: Path | None,
) -> Answer:
    """Hot spots by a method. UsageError for an option that the method does not have."""
    for unfit, why in (
        (base != "land" and method != "significance", _FOR_CELLS["base"]),
        (order not in (None, "excess", "harm") and method != "significance", _FOR_CELLS["order"]),
        (weight != "none" and method not in ("clusters", "significance"), _FOR_CELLS["weight"]),
        (order == "harm" and weight == "none", N_("--order harm needs --weight severity or --weight harm.")),
        (resolution is not None and method == "density", _FOR_CELLS["resolution"]),
    ):
        if unfit:
            raise UsageError(Message(why))
    nowhere = ctx.nowhere(out, {"method": method, "places" if method == "density" else "spots": []})
    if nowhere is not None:
        return nowhere
    match method:
        case "density":
            answer = _density(ctx, out)
        case "emerging":
            answer = _emerging(ctx, resolution)
        case "clusters":
            answer = _clusters(ctx, weight)
        case "significance":
            answer = _significance(ctx, resolution, base, weight, order or ("excess" if weight == "none" else "harm"))
    return replace(answer, data={"method": method, **answer.data})


_FOR_CELLS: Final = {
    "base": N_("--base is for hot cells: use it with --method significance."),
    "order": N_("--order is for hot cells: use it with --method significance."),
    "weight": N_("--weight is for --method significance and --method clusters."),
    "resolution": N_("--resolution is for hot cells: leave it out with --method density."),
}


def hot_spots_in_area(
    ctx: CommandContext, resolution: int | None = None, base: Denominator = "land"
) -> tuple[studies.hot_spots.HotSpotStudy, _Named[Spot]]:
    """The hot spots of the whole city, and those that lie in the area of the filter, with their names.

    DisclosureError for a resolution that the audience may not see; DenominatorError for a denominator that there is
    not.
    """
    privacy.check(["cell"], resolution, ctx.filter, ctx.source)
    study = studies.hot_spots.hot_spot_study(ctx.source, ctx.filter, resolution, base)
    return study, _named_in_area(ctx, study.spots, known=True)


def _significance(
    ctx: CommandContext, resolution: int | None, base: Denominator, weight: Weight, order: Order
) -> Answer:
    """Hot spots in an order, those that are large enough for a plan first; and cold spots."""
    t, by = ctx.t, _weighed_by(ctx, weight)
    study, named = hot_spots_in_area(ctx, resolution, base)
    weighed = studies.hot_spots.spots_by_harm(ctx.source, ctx.filter, by, study) if by and not study.unjudged else None
    harm = weighed.of if weighed else {}
    spots = [spot for spot, _ in named]
    ordered = grouping.in_order_of_harm(spots, harm) if order == "harm" else grouping.in_order(spots, order)
    many, few = grouping.worth_a_plan(ordered)
    why = [t(study.elsewhere)] if spots and study.elsewhere else []
    rates = ("base_n", "rate") if base != "land" else ()
    weights = _WEIGHED if harm else _WEIGHED[: int(weight != "none")]
    names = {spot.id: name(t) for spot, name in named}
    cold = [(spot, name(t)) for spot, name in _named_in_area(ctx, study.cold)]
    listed = [_spot_line(ctx, spot, names[spot.id], harm.get(spot.id)) for spot in (*many, *few)]
    return _spots_answer(
        ctx,
        {"resolution": study.resolution, "base": base, "weight": weight, "n": study.hot.n, "told": study.sentence(t)},
        (*study.choices, *(weighed.choices if weighed else ())),
        (*many, *few),
        {
            "spots": [_spot_row(spot, names[spot.id], rates, harm.get(spot.id)) for spot in (*many, *few)],
            "cold": [_spot_row(spot, name, rates) for spot, name in cold],
        },
        [
            *(why if spots or study.unjudged else [study.power.sentence(t)]),
            *_tested_in_city(ctx),
            *listed[: len(many)],
            *([t("Fewer than {n} alerts, too few for a plan:", n=grouping.LEAST_FOR_PLAN)] if few else []),
            *listed[len(many) :],
            *(f"{name} – {spot.cold_sentence(t, ctx.least())}" for spot, name in cold),
        ],
        (*(["times"] if study.listed is not None else []), *rates, *weights),
    )


def _clusters(ctx: CommandContext, weight: Weight) -> Answer:
    """Clusters of the whole city that lie in the area of the filter; UsageError for who may not see cells so fine."""
    finest = studies.hot_spots.CLUSTER_RESOLUTION
    if privacy.finest_resolution(ctx.source, ctx.filter) < finest:
        raise UsageError(
            Message("Clusters need exact alerts: ask as analyst or specialist, or with --method significance.")
        )
    study = studies.hot_spots.cluster_study(ctx.source, ctx.filter, weight=_weighed_by(ctx, weight))
    named = [(spot, name(ctx.t)) for spot, name in _named_in_area(ctx, study.found, known=True)]
    return _spots_answer(
        ctx,
        {"resolution": finest, "base": "land", "weight": weight, "n": study.n, "told": study.sentence(ctx.t)},
        study.choices,
        [spot for spot, _ in named],
        {"spots": [_spot_row(spot, name) for spot, name in named], "cold": []},
        [*_tested_in_city(ctx), *(_spot_line(ctx, spot, name) for spot, name in named)],
        _WEIGHED[: int(weight != "none")],
    )


def _spots_answer(
    ctx: CommandContext,
    head: dict[str, Any],
    choices: Sequence[Choice],
    spots: Sequence[Spot | Cluster],
    rows: dict[str, Any],
    lines: list[str],
    columns: Sequence[str],
) -> Answer:
    """The list of hot spots or of clusters, with its sentence first and its settings last."""
    return Answer(
        {**head, "choices": ctx.choices(choices), **rows},
        [head["told"], *lines, *ctx.reasons(choices)],
        partial(ctx.places_file, spots, rows["spots"], (*_SPOT_COLUMNS, *columns, "cells")),
    )


def _weighed_by(ctx: CommandContext, weight: Weight) -> WeighedBy | None:
    """By what alerts count; None where each counts one. UsageError where they cannot be weighed so."""
    if weight == "none":
        return None
    if (why := studies.hot_spots.weight_obstacle(ctx.source, weight)) is not None:
        raise UsageError(why)
    return weight


def _named_in_area(ctx: CommandContext, spots: Sequence[_Spot], *, known: bool = False) -> _Named[_Spot]:
    """Places that lie in the area of the filter, with their names; `known`: named as those of all time are."""
    city = ctx.source.city
    names = name_spots(spots, city, studies.hot_spots.known_places(ctx.source) if known else ())
    named = [(spot, names[spot.id]) for spot in spots]
    return [(spot, name) for spot, name in named if studies.cells.in_area(spot, name, ctx.filter, city)]


def _tested_in_city(ctx: CommandContext) -> list[str]:
    """That places of the whole city were tested, under a filter of an area."""
    return [ctx.t(studies.cells.TESTED_IN_CITY)] if studies.cells.has_area(ctx.filter) else []


def _spot_line(ctx: CommandContext, spot: Spot | Cluster, name: str, harm: SpotHarm | None = None) -> str:
    """A place and its figures in words; a cluster has no counts that are too small to be written."""
    said = spot.sentence(ctx.t, ctx.least()) if isinstance(spot, Spot) else spot.sentence(ctx.t)
    return f"{spot.rank}. {name} – {said}" + (f" {harm.sentence(ctx.t)}" if harm else "")


def _spot_row(
    spot: Spot | Cluster, name: str, rates: Sequence[str] = (), harm: SpotHarm | None = None
) -> dict[str, Any]:
    """A place, hot or cold, with its figures and what its alerts weigh; `times` is there for one that has no others."""
    more, weight = grouping.excess_of(spot), getattr(spot, "weight", None)
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
        **({} if grouping.is_compared(spot) else {"times": getattr(spot, "times", None)}),
        "q": spot.q,
        "longitude": round(spot.longitude, 5),
        "latitude": round(spot.latitude, 5),
        **{column: round(float(getattr(spot, column)), 5) for column in rates},
        "cells": list(spot.names),
        **weights,
    }


def _emerging(ctx: CommandContext, resolution: int | None) -> Answer:
    """Places with their class over time."""
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
        partial(ctx.places_file, [line.place for line in listed], rows, _EMERGING_COLUMNS),
    )


def _emerging_row(t: Translator, line: studies.hot_spots.EmergingRow, steps: int) -> dict[str, Any]:
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
    t, city, study = ctx.t, ctx.source.city, studies.alert_points.density_study(ctx.source, ctx.filter)
    surface, area = study.density, [t(studies.cells.OF_CITY)] if studies.cells.has_area(ctx.filter) else []
    if not study.enough:
        told = study.too_few(t)
        if out is not None:
            raise UsageError(Message(told))
        return Answer({"n": surface.n, "told": told, "choices": [], "places": []}, [*area, told])
    file = (
        None
        if out is None
        else studies.alert_points.pixel_frame(surface, city)
        if out.suffix.lower() == ".csv"
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
