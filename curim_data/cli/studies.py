"""The commands of studies: counts, trends, changes, compare, concentration, forecast, near-repeat, quality, hotspots.

Each answers the entries of its JSON object beyond the filter, its sentences and tables in their order, and the content
of its file; their options stand in `commands`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import pandas as pd

from analysis import cube
from analysis.hotspots import grouping
from analysis.spots.naming import SpotName, name_spots
from curim_data import privacy, query, studies
from curim_data.cli.commands import Denominator, Method, Order, Step, UsageError, needs, unusable
from curim_data.cli.context import Answer, CommandContext, Table
from curim_data.filters import AlertFilter
from curim_data.model import NO_POSITIONS, Audience, CityProfile, Message, Translator, is_small
from curim_data.model.labels import grade_words

if TYPE_CHECKING:
    from analysis.clusters import Cluster
    from analysis.hotspots.grouping import Spot
    from analysis.stats.intervals import Choice, Estimate

UNITS: Final[dict[Step, Literal["week", "month", "day"]]] = {"week": "week", "month": "month", "local_date": "day"}


def counts(ctx: CommandContext, by: str, resolution: int | None, complete: bool, out: Path | None) -> Answer:
    """Count alerts by some dimensions."""
    names = [name.strip() for name in by.split(",") if name.strip()]
    if set(names) - set(query.dimensions()) or len(set(names)) < len(names):
        raise unusable("by", by, ", ".join(query.dimensions()))
    if "cell" not in names and resolution is not None:
        raise needs("--resolution", "--by cell")
    source, f = ctx.source, ctx.filter
    privacy.check_asked(f, names, source)
    if "cell" in names:
        resolution = resolution or privacy.finest_resolution(source, f)
    counted = query.counts(source, f, names, complete=complete, resolution=resolution).shown
    frame = counted.frame.drop(columns=["withheld", *([] if counted.threshold > 1 else ["fewer_than"])])
    if "cell" in names:
        frame = frame.assign(cell=[f"{cell:x}" for cell in frame["cell"]])
    notes = [ctx.t(note) for note in counted.notes]
    return Answer(
        {
            "by": names,
            "threshold": counted.threshold,
            "total": None if is_small(counted.total, counted.threshold) else counted.total,
            "withheld": int(counted.frame["withheld"].sum()),
            "notes": notes,
            "rows": frame,
        },
        [*notes, ctx.rows_written(len(frame), out) if out else Table(frame, source.city)],
        frame,
    )


def trends(ctx: CommandContext, by: Step | None, out: Path | None) -> Answer:
    """The series of counts with its expected range."""
    source, f, t = ctx.source, ctx.filter, ctx.t
    by_month = source.protected and privacy.is_sensitive(f, source.city)
    step = by or ("month" if by_month else "week")
    privacy.check_asked(f, (step,), source)
    trend = studies.trends.trend_study(source, f, UNITS[step])
    if trend is None:
        raise UsageError(Message("No alerts match this filter."))
    frame = trend.frame[[trend.column, "n", "expected", "lower", "upper", "alarm", "complete"]]
    notes = [t(lacking)] if (lacking := source.lacks(UNITS[step])) is not None else []
    ahead = studies.trends.next_periods_study(source, f, trend.unit) if trend.unit != "day" else None
    series = None if isinstance(ahead, Message) else ahead
    past = [series.sentence(t), series.past_sentence(t)] if series else []
    forecast = [t(ahead)] if isinstance(ahead, Message) else past
    events = studies.changes.event_study(source, source, f)
    return Answer(
        {
            "unit": trend.column,
            "told": trend.sentence(t),
            "notes": notes,
            "shifts": [
                {
                    "from": shift.day,
                    "direction": "up" if shift.up else "down",
                    "before": round(shift.before, 2),
                    "after": round(shift.after, 2),
                }
                for shift in trend.shifts
            ],
            "events": [_event_row(event) | _named(ctx, event) for event in events],
            "coverage": source.coverage.as_json(),
            "forecast": forecast,
            "next": series.frame if series else [],
            "choices": ctx.choices(trend.choices),
            "rows": frame,
        },
        [
            *[trend.sentence(t), *(shift.sentence(t) for shift in trend.shifts), *_event_lines(ctx, events)],
            *forecast,
            *notes,
            *([] if out else [Table(frame.rename(columns={"n": "alerts"}), source.city)]),
        ],
        frame,
    )


_CHANGES: Final = (
    *("level", "district", "area", "place", "cell", "category", "base", "after", "expected", "ratio", "low", "high"),
    *("p", "q", "grade", "compared"),
)


def changes(ctx: CommandContext, out: Path | None) -> Answer:
    """What changed in the filter's period, at every level, each change once, and every comparison that was made."""
    source, f, t = ctx.source, ctx.filter, ctx.t
    study = studies.changes.change_study(source, f)
    # Who sees exact counts can read all of them in the table anyway, so 40; others get what the Briefing lists.
    most = 40 if ctx.as_json and not ctx.source.protected else studies.brief.MOST_FINDINGS
    found = studies.brief.brief_changes(source, f, most=most)
    if study.periods.before is None and not found.events:
        raise UsageError(study.periods.choice.explanation)
    unused = study.not_in_use.told(source)
    written = studies.changes.written_changes(study, source, f, [(one.change.key, one.grade) for one in found.findings])
    rows = written.loc[studies.changes.surest_first(study.changes.frame, written)]
    rows = rows[[name for name in (*_CHANGES, privacy.FEWER_THAN) if name in rows]].reset_index(drop=True)
    elsewhere = [] if studies.periods.chosen_from(source, f) is source else [t(studies.periods.COMPARED_IN_THE_COPY)]
    words = studies.brief_text
    told = [words.first_sentence(found, t), *map(t, study.gaps), words.attention_sentence(found, t)]
    return Answer(
        {
            "before": study.periods.before,
            "after": study.periods.after,
            **findings_answer(ctx, found),
            "comparisons": study.changes.tested,
            "told": " ".join(told),
            "notes": elsewhere,
            "new_categories": unused.new,
            "categories_given_up": unused.given_up,
            "choices": ctx.choices(study.choices),
            "rows": rows,
        },
        [
            *[*told, *_event_lines(ctx, found.events), *elsewhere, *unused.sentences(source.city, t)],
            *([] if out or ctx.as_json else [Table(changes_in_words(t, source.city, rows, f))]),
            *ctx.reasons(study.choices),
        ],
        rows,
    )


def findings_answer(ctx: CommandContext, brief: studies.brief.BriefChanges) -> dict[str, Any]:
    """The entries `findings` and `coverage` of a JSON answer: events, then changes, each once, as they are listed."""
    found = []
    for one in brief.cards:
        row = _change_row(one) if isinstance(one, studies.brief.Finding) else _event_row(one)
        found.append(_named(ctx, one) | row)
    return {"findings": found, "coverage": ctx.source.coverage.as_json()}


def _named(ctx: CommandContext, one: studies.brief.AnyFinding) -> dict[str, Any]:
    """What a finding is called, where it is, how sure and what its count did."""
    what, where = studies.brief_text.what_and_where(one, ctx.source.city, ctx.t)
    return {"id": one.id, "what": what, "where": where, "grade": one.grade, "history": one.history}


def _change_row(finding: studies.brief.Finding) -> dict[str, Any]:
    """The figures of a change in a JSON answer."""
    change = finding.change
    return {
        "key": {name: value for name, value in change.key.items() if value},
        "level": change.level,
        "before": finding.counts[0].n,
        "after": finding.counts[1].n,
        "fewer_than": next((count.least for count in finding.counts if count.n is None), None),
        "ratio": change.ratio.value,
        "low": change.ratio.low,
        "high": change.ratio.high,
        "p": change.p,
        "q": change.q if finding.exact_p else None,
        "since": finding.since,
        "beside": finding.beside and finding.beside.id,
    }


def _event_row(event: studies.changes.EventFinding) -> dict[str, Any]:
    """The figures of an event: `before` is the most there were until then in such a time."""
    return {
        "level": "event",
        "before": None if event.rounded else event.event.record,
        "after": event.n,
        **dict.fromkeys(("ratio", "low", "high", "p", "q")),  # a record is no ratio
        "hours": event.event.hours,
        "since": event.day,
        "who": event.who,
    }


def _event_lines(ctx: CommandContext, events: tuple[studies.changes.EventFinding, ...]) -> list[str]:
    city, t = ctx.source.city, ctx.t
    return [t.pair(studies.brief_text.title(one, city, t), " ".join(one.sentences(city, t))) for one in events]


def changes_in_words(t: Translator, city: CityProfile, rows: pd.DataFrame, f: AlertFilter) -> pd.DataFrame:
    """The comparisons for a reader: headings and values in words, areas in one column, and empty columns left out."""
    words = studies.changes
    # No column of what is counted where it is the same everywhere.
    categories = [words.theme_in_words(t, city, name, f) for name in rows["category"]]
    categories = categories if rows["category"].notna().any() else []
    columns = {
        t("Where"): words.areas_in_words(t, city, rows, f),
        t("Category"): categories,
        t("Expected"): words.expected_in_words(t, rows),
        t("Alerts"): words.counts_in_words(t, rows, "after"),
        t("Smoothed ratio (95 %)"): words.ratios_in_words(t, rows, ("ratio", "low", "high")),
        t("Grade"): [grade_words(t, grade) for grade in rows["grade"]],
        t("Corrected p"): words.p_values_in_words(t, rows["q"]),
        t("Compared with"): [
            words.compared_words(t, *row) for row in zip(rows["level"], rows["compared"], strict=True)
        ],
    }
    return pd.DataFrame({heading: values for heading, values in columns.items() if any(values)})


_COMPARED: Final = (
    *("rank", "id", "name", "more", "n_first", "n_second", "share", "elsewhere", "ratio", "low", "high"),
    *("p", "q", "longitude", "latitude", "cells"),
)


def compare(ctx: CommandContext, against: str, resolution: int | None, out: Path | None) -> Answer:  # noqa: ARG001
    """The places where two filters differ."""
    t, city = ctx.t, ctx.source.city
    study = studies.compare.compare_study(ctx.source, ctx.filter, against, resolution)
    sides, found = (study.pair.first, study.pair.second), study.comparison
    ctx.asks(*sides)
    sentences = [side.sentence(t, city, n=n.said) for side, n in zip(sides, study.totals, strict=True)]
    names = [t(name.name) for name in (study.pair.a, study.pair.b)]
    rows = _compared_rows(ctx, study)
    described = zip(sides, sentences, names, (found.n_a, found.n_b), strict=True)
    return Answer(
        {
            "against": against,
            "sides": [
                {"filter": side.to_query(), "sentence": sentence, "name": name, "n": n}
                for side, sentence, name, n in described
            ],
            "audience": ctx.audience.value,
            "resolution": study.resolution,
            "tested": found.tested,
            "told": found.sentence(t),
            "choices": ctx.choices(study.choices),
            "places": rows,
        },
        [
            *(f"{name} – {sentence}" for sentence, name in zip(sentences, names, strict=True)),
            found.sentence(t),
            *(f"{at.rank}. {study.names[at.id](t)} – {at.sentence(t, ctx.least())}" for at in found.places),
            *ctx.reasons(study.choices),
        ],
        partial(ctx.places_file, found.places, rows, _COMPARED),
    )


def _compared_rows(ctx: CommandContext, study: studies.compare.CompareStudy) -> list[dict[str, Any]]:
    return [
        {
            "rank": place.rank,
            "id": place.id,
            "name": study.names[place.id](ctx.t),
            "more": "first" if place.more > 0 else "second",
            "n_first": place.n_a,
            "n_second": place.n_b,
            "share": round(place.share, 4),
            "elsewhere": round(place.elsewhere, 4),
            "ratio": round(place.ratio, 3),
            "low": round(place.low, 3),
            "high": round(place.high, 3),
            "p": place.p,
            "q": place.q,
            "longitude": round(place.longitude, 5),
            "latitude": round(place.latitude, 5),
            "cells": list(place.names),
        }
        for place in study.comparison.places
    ]


def concentration(ctx: CommandContext, resolution: int | None, out: Path | None) -> Answer:
    """Which share of the places holds which share of the alerts."""
    t = ctx.t
    privacy.check(["cell"], resolution, ctx.filter, ctx.source)
    if (nowhere := ctx.nowhere(out, {"shares": []})) is not None:
        return nowhere
    study = studies.spot_profiles.concentration_study(ctx.source, ctx.filter, resolution)
    found = study.concentration
    shares = [
        {"part": share.part, "cells": share.cells, "share": share.places, **_interval("chance", share.chance)}
        for share in found.shares
    ]
    area: list[str | Table] = [t(studies.cells.OF_CITY)] if studies.cells.has_area(ctx.filter) else []
    figures: list[str | Table] = [Table(pd.DataFrame(shares))] if found.enough else []
    return Answer(
        {
            "resolution": study.cells.resolution,
            "cells": found.cells,
            "n": found.n,
            "told": found.sentence(t),
            "shares": shares,
            "gini": found.gini,
            "generalised_gini": found.generalised,
            "unbiased_gini": found.unbiased,
            **_interval("chance_generalised_gini", found.chance_generalised),
            "p": found.p,
            "choices": ctx.choices(study.choices),
        },
        [*area, found.sentence(t), *figures, *ctx.reasons(study.choices)],
        studies.spot_profiles.curve_frame(found),
    )


def _interval(name: str, value: Estimate) -> dict[str, float]:
    return {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}


def forecast(ctx: CommandContext, weeks: int, resolution: int | None, out: Path | None) -> Answer:
    """Where the alerts of the next weeks will be, and the accuracy of such forecasts in the past."""
    t = ctx.t
    study = studies.trends.forecast_study(ctx.source, ctx.filter, weeks, resolution)
    if out is not None and study.refused is NO_POSITIONS:
        raise UsageError(NO_POSITIONS)
    cells = study.cells
    told = cells.sentence(t) if cells else t(study.refused or NO_POSITIONS)
    listed, notes = studies.trends.cells_frame(t, study.listed), [t(note) for note in study.notes]
    lines: list[str | Table] = [
        *notes,
        told,
        *([Table(listed.drop(columns=["longitude", "latitude"]), uncut=["cell"])] if len(listed) and not out else []),
        *([cells.places_sentence(t)] if cells and cells.shown else []),
        *ctx.reasons(study.choices),
    ]
    return Answer(
        {
            "start": study.start,
            "weeks": study.weeks,
            "resolution": study.resolution,
            "notes": notes,
            "told": told,
            "shown": cells is not None and cells.shown,
            "events": cells.backtest.events if cells else None,
            "backtest": cells.backtest.frame if cells else [],
            "covered": cells.covered if cells else None,
            "tried": cells.tried if cells else None,
            "cells": listed,
            "choices": ctx.choices(study.choices),
        },
        lines,
        listed,
    )


def near_repeat(ctx: CommandContext, out: Path | None) -> Answer:
    """Whether alerts follow alerts near by."""
    if (nowhere := ctx.nowhere(out, {"bands": []})) is not None:
        return nowhere
    t = ctx.t
    study = studies.alert_points.near_repeat_study(ctx.source, ctx.filter)
    knox, told, caution = study.knox, study.sentence(t), study.caution(t)
    frame = knox.frame() if knox else None
    columns = ["space", "time", "observed", "mean", "ratio", "q", "repeat", "pattern"]
    figures: list[str | Table] = [Table(frame[columns])] if frame is not None else []
    return Answer(
        {
            "n": study.n,
            "used": study.used,
            "told": told,
            "caution": caution,
            "permutations": knox.permutations if knox else 0,
            "choices": ctx.choices(study.choices),
            "bands": [] if frame is None else frame,
        },
        [*([told, caution] if caution else [told]), *figures, *ctx.reasons(study.choices)],
        frame,
    )


def quality(ctx: CommandContext) -> Answer:
    """The quality of all stored alerts, whatever their period."""
    from curim_data.quality import report
    from curim_data.quality.study import quality_study

    t, source = ctx.t, ctx.source
    study = quality_study(source, listed=ctx.audience is Audience.ANALYST)
    sheets = report.sheets(t, source.city, study)
    lines: list[str | Table] = [
        t("All alerts from {start} to {end}, whatever the filter.", start=source.first, end=source.as_of)
    ]
    for one in report.findings(t, study):
        title = " · ".join((one.title, t("Needs attention"))) if one.attention else one.title
        shown = [Table(sheet.written(t)) for sheet in sheets.get(one.key, ()) if sheet.name != "near-duplicate-pairs"]
        lines += ["", title, one.sentence, *shown]
    return Answer(report.as_object(t, source, study), lines)


_Spot = TypeVar("_Spot", bound="Spot | Cluster")

_SPOT_COLUMNS: Final = (
    *("rank", "id", "name", "n", "expected", "excess", "excess_low", "excess_high", "ratio", "low", "high", "q"),
    *("longitude", "latitude"),
)
_EMERGING_COLUMNS: Final = (
    *("rank", "id", "name", "class", "kind", "label", "n", "steps", "marked", "since", "slope", "q_trend"),
    *("longitude", "latitude", "cells"),
)


def hotspots(
    ctx: CommandContext,
    method: Method,
    resolution: int | None,
    base: Denominator,
    order: Order | None,
    out: Path | None,
) -> Answer:
    """Hot spots by a method. UsageError for an option that the method does not have."""
    for option, unfit in (
        ("--base", base != "land" and method != "significance"),
        ("--order", order not in (None, "excess") and method != "significance"),
    ):
        if unfit:
            raise needs(option, "--method significance")
    if (nowhere := ctx.nowhere(out, {"method": method, "spots": []})) is not None:
        return nowhere
    match method:
        case "emerging":
            answer = _emerging(ctx, resolution)
        case "clusters":
            answer = _clusters(ctx)
        case "significance":
            answer = _significance(ctx, resolution, base, order or "excess")
    return replace(answer, data={"method": method, **answer.data})


def hot_spots_in_area(
    ctx: CommandContext, resolution: int | None = None, base: Denominator = "land"
) -> tuple[studies.hot_spots.HotSpotStudy, list[tuple[Spot, SpotName]]]:
    """The hot spots of the whole city, and those that lie in the area of the filter, with their names.

    DisclosureError for a resolution that the audience may not see; DenominatorError for a denominator that there is
    not.
    """
    privacy.check(["cell"], resolution, ctx.filter, ctx.source)
    study = studies.hot_spots.hot_spot_study(ctx.source, ctx.filter, resolution, base)
    return study, _named_in_area(ctx, study.spots, known=True)


def _significance(ctx: CommandContext, resolution: int | None, base: Denominator, order: Order) -> Answer:
    """Hot spots in an order, those that are large enough for a plan first; and cold spots."""
    t = ctx.t
    study, named = hot_spots_in_area(ctx, resolution, base)
    many, few = grouping.worth_a_plan(grouping.in_order([spot for spot, _ in named], order))
    rates = ("base_n", "rate") if base != "land" else ()
    names = {spot.id: name(t) for spot, name in named}
    cold = [(spot, name(t)) for spot, name in _named_in_area(ctx, study.cold)]
    listed = [_spot_line(ctx, spot, names[spot.id]) for spot in (*many, *few)]
    return _spots_answer(
        ctx,
        {"resolution": study.resolution, "base": base, "n": study.hot.n, "told": study.sentence(t)},
        study.choices,
        (*many, *few),
        {
            "spots": [_spot_row(spot, names[spot.id], rates) for spot in (*many, *few)],
            "cold": [_spot_row(spot, name, rates) for spot, name in cold],
        },
        [
            *([] if named or study.unjudged else [study.power.sentence(t)]),
            *_tested_in_city(ctx),
            *listed[: len(many)],
            *([t("Fewer than {n} alerts, too few for a plan:", n=grouping.LEAST_FOR_PLAN)] if few else []),
            *listed[len(many) :],
            *(f"{name} – {spot.cold_sentence(t, ctx.least())}" for spot, name in cold),
        ],
        (*(["times"] if study.listed is not None else []), *rates),
    )


def _clusters(ctx: CommandContext) -> Answer:
    """Clusters of the whole city that lie in the area of the filter; UsageError for who may not see cells so fine."""
    finest = studies.hot_spots.CLUSTER_RESOLUTION
    if privacy.finest_resolution(ctx.source, ctx.filter) < finest:
        raise UsageError(
            Message("Clusters need exact alerts: ask as analyst or specialist, or with --method significance.")
        )
    study = studies.hot_spots.cluster_study(ctx.source, ctx.filter)
    named = [(spot, name(ctx.t)) for spot, name in _named_in_area(ctx, study.found, known=True)]
    return _spots_answer(
        ctx,
        {"resolution": finest, "base": "land", "n": study.n, "told": study.sentence(ctx.t)},
        study.choices,
        [spot for spot, _ in named],
        {"spots": [_spot_row(spot, name) for spot, name in named], "cold": []},
        [*_tested_in_city(ctx), *(_spot_line(ctx, spot, name) for spot, name in named)],
        (),
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


def _named_in_area(ctx: CommandContext, spots: Sequence[_Spot], *, known: bool = False) -> list[tuple[_Spot, SpotName]]:
    """Places that lie in the area of the filter, with their names; `known`: named as those of all time are."""
    city = ctx.source.city
    names = name_spots(spots, city, studies.hot_spots.known_places(ctx.source) if known else ())
    named = [(spot, names[spot.id]) for spot in spots]
    return [(spot, name) for spot, name in named if studies.cells.in_area(spot, name, ctx.filter, city)]


def _tested_in_city(ctx: CommandContext) -> list[str]:
    """That places of the whole city were tested, under a filter of an area."""
    return [ctx.t(studies.cells.TESTED_IN_CITY)] if studies.cells.has_area(ctx.filter) else []


def _spot_line(ctx: CommandContext, spot: Spot | Cluster, name: str) -> str:
    """A place and its figures in words; a cluster has no counts that are too small to be written."""
    said = spot.sentence(ctx.t, ctx.least()) if isinstance(spot, grouping.Spot) else spot.sentence(ctx.t)
    return f"{spot.rank}. {name} – {said}"


def _spot_row(spot: Spot | Cluster, name: str, rates: Sequence[str] = ()) -> dict[str, Any]:
    """A place, hot or cold, with its figures; `times` is there for one that has no others."""
    more = grouping.excess_of(spot)
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
    }


def _emerging(ctx: CommandContext, resolution: int | None) -> Answer:
    """Places with their class over time."""
    t, f, city = ctx.t, ctx.filter, ctx.source.city
    privacy.check(["cell"], resolution, f, ctx.source)
    study = studies.hot_spots.emerging_study(ctx.source, f, resolution)
    if (found := study.emerging) is None:
        raise UsageError(study.why or Message("No alerts match this filter."))
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
            *(f"{line.rank}. {line.name(t)} – {found.sentence_of(line.place.peak, t)}" for line in listed),
            *ctx.reasons(study.choices),
        ],
        partial(ctx.places_file, [line.place for line in listed], rows, _EMERGING_COLUMNS),
    )


def _emerging_row(t: Translator, line: studies.hot_spots.EmergingRow, steps: int) -> dict[str, Any]:
    return {
        "rank": line.rank,
        "id": line.id,
        "name": line.name(t),
        "class": line.place.state,
        "kind": line.place.cls,
        "label": t(cube.STATES[line.place.state][0]),
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
