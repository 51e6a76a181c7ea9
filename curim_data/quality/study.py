"""How far the stored data can be trusted: piles of coordinates, what is missing or unknown, jumps, duplicates."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

import ibis
import numpy as np
import pandas as pd

from curim_data import privacy, query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Gender, Message, Translator
from curim_data.model.absence import ASKED_FIELDS
from curim_data.model.coverage import Coverage
from curim_data.model.labels import UNCATEGORISED
from curim_data.privacy import DisclosureError, WrittenCounts
from curim_data.quality import completeness, positions
from curim_data.quality.positions import Outside, Precision
from curim_data.query import Total, at_points, default_points

# A week is compared with the six before and the six after it; by chance fewer than 1 in 15,000 lie beyond 4 spreads.
NEIGHBOURS: Final = 6
LEAST_NEIGHBOURS: Final = 4
BEYOND: Final = 4.0
_MAD: Final = 0.6744898  # the median deviation of a standard normal
MONTH: Final = "month"
# Share of alerts of which only the month is known from which on weeks and days mean nothing.
LAG_DAYS: Final = (1, 7, 28)


@dataclass(frozen=True)
class Lag:
    """Hours from the event to its report, over the `n` alerts with both times that are not known by month only.

    `median` and `late` (the 90th percentile) in hours; `over`: shares by more than 1, 7 and 28 days; `negative`:
    alerts reported before they happened. `by_day`: how many give the event by its date alone, so that their lag is
    too long by up to a day.
    """

    n: int
    median: float
    late: float
    over: dict[int, float]
    negative: int
    by_day: int


def jumps(counts: pd.Series) -> pd.DataFrame:
    """Weeks (or months) whose count lies improbably far from the level of their neighbours.

    The level is the median of the six periods before and the six after; the distance is 2 (sqrt(n + 3/8) -
    sqrt(level + 3/8)), which for Poisson counts has a spread near 1 whatever the level (Anscombe 1948). It is divided
    by the robust spread of all distances (median absolute deviation / 0.6745), at least 1, so that lively series are
    judged by their own liveliness. Told are distances beyond 4.

    Parameters
    ----------
    counts : Series
        Alerts by period (index: timestamps, every whole period, in order).

    Returns
    -------
    DataFrame
        start (date), n, level, z; the farthest first.
    """
    n = counts.to_numpy(float)
    level = np.full(len(n), np.nan)
    for at in range(len(n)):
        around = np.r_[n[max(0, at - NEIGHBOURS) : at], n[at + 1 : at + 1 + NEIGHBOURS]]
        if len(around) >= LEAST_NEIGHBOURS:
            level[at] = np.median(around)
    distance = 2 * (np.sqrt(n + 0.375) - np.sqrt(level + 0.375))
    known = distance[np.isfinite(distance)]
    if not len(known):
        return pd.DataFrame(columns=["start", "n", "level", "z"])
    spread = max(1.0, float(np.median(np.abs(known - np.median(known)))) / _MAD)
    z = distance / spread
    frame = pd.DataFrame({"start": [day.date() for day in counts.index], "n": n, "level": level, "z": z})
    frame = frame[np.abs(np.nan_to_num(z)) > BEYOND]
    return frame.sort_values("z", key=np.abs, ascending=False, ignore_index=True)


def periods(table: Any, unit: str) -> pd.Series:
    """Alerts by whole week or month, zeros included; the first and the last period, which may be cut off, left out.

    Alerts of which only the month is known are counted by month alone.
    """
    chosen = table if unit == MONTH else table.filter(table.time_precision != MONTH)
    frame = chosen.group_by(unit).aggregate(n=chosen.count()).to_pandas()
    if frame.empty:
        return pd.Series(dtype=float)
    series = frame.assign(**{unit: pd.to_datetime(frame[unit])}).set_index(unit)["n"].sort_index()
    step = "MS" if unit == MONTH else "7D"
    every = pd.date_range(series.index[0], series.index[-1], freq=step)
    whole: pd.Series = series.reindex(every, fill_value=0).astype(float).iloc[1:-1]
    return whole


def month_only(table: Any) -> int:
    """Alerts of which only the month is known."""
    return int(table.filter(table.time_precision == MONTH).count().to_pyarrow().as_py())


def _with_both_times(table: Any) -> Any:
    """Alerts with both times, of event and report; equal times are left out: one may stand in for the other."""
    return table.filter(
        table.occurred_from.notnull() & (table.time_precision != MONTH) & (table.reported_at != table.occurred_from)
    )


def lag(table: Any) -> Lag | None:
    """The time from event to report; None where no alert has both."""
    timed = _with_both_times(table)
    seconds = timed.reported_at.epoch_seconds() - timed.occurred_from.epoch_seconds()
    timed = timed.select(hours=seconds / 3600.0, by_day=timed.time_precision == "day")
    row = timed.aggregate(
        n=timed.count(),
        median=timed.hours.quantile(0.5),
        late=timed.hours.quantile(0.9),
        negative=(timed.hours < 0).sum(),
        by_day=timed.by_day.sum(),
        **{f"over_{days}": (timed.hours > 24.0 * days).sum() for days in LAG_DAYS},
    )
    found = row.to_pyarrow().to_pylist()[0]
    n = int(found["n"])
    if not n:
        return None
    return Lag(
        n=n,
        median=float(found["median"]),
        late=float(found["late"]),
        over={days: int(found[f"over_{days}"]) / n for days in LAG_DAYS},
        negative=int(found["negative"]),
        by_day=int(found["by_day"]),
    )


def lag_classes(table: Any) -> pd.DataFrame:
    """Alerts by class of lag: columns most (hours; the last is infinite), n. Negative lags are the first class."""
    timed = _with_both_times(table)
    hours = (timed.reported_at.epoch_seconds() - timed.occurred_from.epoch_seconds()) / 3600.0
    bounds = (0, 1, 6, 24, 72, 168, 672)
    number = ibis.cases(*((hours < bound, at) for at, bound in enumerate(bounds)), else_=len(bounds))
    timed = timed.select(number=number)
    frame = timed.group_by("number").aggregate(n=timed.count()).to_pandas().set_index("number")["n"]
    n = frame.reindex(range(len(bounds) + 1), fill_value=0).to_numpy(int)
    return pd.DataFrame({"most": [*map(float, bounds), math.inf], "n": n})


NEAR_M: Final = 50.0
NEAR_HOURS: Final = 48
MOST_PAIRS: Final = 200
# Comparisons of alerts in the same category, 50 m and 48 h beyond which pairs are not looked for.
MOST_COMPARISONS: Final = 20_000_000


@dataclass(frozen=True)
class NearDuplicates:
    """Pairs of alerts of the same category, within 50 m and 48 h, of other incidents.

    `pairs` all pairs, `alerts` the alerts in them, `of` the alerts that were compared (with a position off default
    coordinates and a time better than the month). `by_category`: category, pairs. `listed`: at most 200 pairs, the
    nearest in time first: first, second (alert ids), category, metres, hours. `first_day`: pairs less than 24 hours
    apart; chance alone would put half of them there. None of it is known where `too_many`.
    """

    pairs: int
    alerts: int
    of: int
    by_category: pd.DataFrame
    listed: pd.DataFrame
    too_many: bool = False
    first_day: int = 0


def near_duplicates(source: Source, default_points: pd.DataFrame) -> NearDuplicates:
    """Look for near-duplicates, set-based: alerts meet in buckets of 50 m and 48 h and in the neighbouring ones."""
    base = _base(source, default_points)
    of = int(base.count().to_pyarrow().as_py())
    keys = ["category", "bx", "by", "bt"]
    crowds = base.group_by(keys).aggregate(n=base.count())
    likely = crowds.aggregate(n=(crowds.n * (crowds.n - 1)).sum()).to_pyarrow().to_pylist()[0]["n"] or 0
    none = pd.DataFrame(columns=["first", "second", "category", "metres", "hours"])
    if likely > MOST_COMPARISONS:
        return NearDuplicates(0, 0, of, pd.DataFrame(columns=["category", "pairs"]), none, too_many=True)
    found = _pairs(base).cache()
    by_category = (
        found.group_by("category")
        .aggregate(pairs=found.count(), early=(found.hours < NEAR_HOURS / 2).sum())
        .to_pandas()
    )
    ids = found.select(alert=found.first).union(found.select(alert=found.second), distinct=True)
    listed = found.order_by(["hours", "metres", "first", "second"]).limit(MOST_PAIRS).to_pandas()
    return NearDuplicates(
        pairs=int(by_category["pairs"].sum()),
        alerts=int(ids.count().to_pyarrow().as_py()),
        of=of,
        by_category=by_category[["category", "pairs"]].sort_values(
            ["pairs", "category"], ascending=[False, True], ignore_index=True
        ),
        listed=listed,
        first_day=int(by_category["early"].sum()),
    )


def _base(source: Source, default_points: pd.DataFrame) -> Any:
    """The alerts to compare: id, incident, category, position, seconds, and their buckets."""
    table = source.table
    table = table.filter(table.x.notnull() & table.y.notnull() & (table.time_precision != MONTH))
    table = table.filter(~at_points(table, default_points))
    seconds = ibis.coalesce(table.occurred_from, table.reported_at).epoch_seconds()
    return table.select(
        "alert_id",
        "incident_id",
        "category",
        "x",
        "y",
        at=seconds,
        bx=(table.x / NEAR_M).floor().cast("int64"),
        by=(table.y / NEAR_M).floor().cast("int64"),
        bt=(seconds / (NEAR_HOURS * 3600.0)).floor().cast("int64"),
    )


def _pairs(base: Any) -> Any:
    """Each pair once: every alert is sent to half of the 27 buckets around its own, and to its own."""
    steps = [step for step in product((-1, 0, 1), repeat=3) if step >= (0, 0, 0)]
    offsets = ibis.array([ibis.struct({"dx": dx, "dy": dy, "dt": dt}) for dx, dy, dt in steps])
    sent = base.mutate(step=offsets.unnest())
    sent = sent.select(
        category=sent.category,
        bx=sent.bx + sent.step["dx"],
        by=sent.by + sent.step["dy"],
        bt=sent.bt + sent.step["dt"],
        own=(sent.step["dx"] == 0) & (sent.step["dy"] == 0) & (sent.step["dt"] == 0),
        id_1=sent.alert_id,
        incident_1=sent.incident_id,
        x_1=sent.x,
        y_1=sent.y,
        at_1=sent.at,
    )
    met = sent.join(base.view(), ["category", "bx", "by", "bt"])
    metres = ((met.x - met.x_1) ** 2 + (met.y - met.y_1) ** 2).sqrt()
    hours = (met.at - met.at_1).abs() / 3600.0
    other = met.incident_id.isnull() | met.incident_1.isnull() | (met.incident_id != met.incident_1)
    met = met.filter((~met.own | (met.id_1 < met.alert_id)) & other & (metres <= NEAR_M) & (hours <= float(NEAR_HOURS)))
    return met.select(
        first=ibis.least(met.id_1, met.alert_id),
        second=ibis.greatest(met.id_1, met.alert_id),
        category=met.category,
        metres=((met.x - met.x_1) ** 2 + (met.y - met.y_1) ** 2).sqrt(),
        hours=(met.at - met.at_1).abs() / 3600.0,
    )


@dataclass(frozen=True)
class Incidents:
    """Incidents of which the store holds several alerts: how many, their alerts, and the most of one.

    `several_categories`: alerts of more than one category, each counted once in totals and once in each category.
    """

    incidents: int
    alerts: int
    most: int
    several_categories: int


def incidents(table: Any) -> Incidents:
    """Several reports of one incident."""
    named = table.filter(table.incident_id.notnull())
    groups = named.group_by("incident_id").aggregate(n=named.count())
    groups = groups.filter(groups.n > 1)
    row = groups.aggregate(k=groups.count(), n=groups.n.sum(), most=groups.n.max()).to_pyarrow().to_pylist()[0]
    further = table.filter(table.more_categories.length() > 0).count().to_pyarrow().as_py()
    return Incidents(int(row["k"]), int(row["n"] or 0), int(row["most"] or 0), int(further))


EVERYTHING: Final = AlertFilter(period="all")
ON_THE_SPOT_M: Final = 60.0
MIDDLE_M: Final = 150.0
COARSE_DECIMALS: Final = 3
_SILENT: Final = (Gender.UNDISCLOSED.value, Gender.UNKNOWN.value)


@dataclass(frozen=True)
class Detail:
    """What only those see who see exact counts; the fields as the functions of `quality_*` give them.

    `month_only`: alerts of which only the month is known; where they are 5 % or more, `unit` of the jumps is "month".
    `periods`: the counts by it; jumps are looked for in those that no gap touches.
    """

    completeness: pd.DataFrame
    month_only: int
    unit: str
    periods: pd.Series
    jumps: pd.DataFrame
    precision: Precision | None
    outside: Outside
    lag: Lag | None
    lag_classes: pd.DataFrame
    near_duplicates: NearDuplicates
    incidents: Incidents


@dataclass(frozen=True)
class QualityStudy:
    """What a reader should know of the stored alerts.

    `default_coordinates`: longitude, latitude, n, share (of the alerts with coordinates). `genders`:
    district (missing where none), n, affected and reporter (shares of alerts whose gender was not disclosed or not
    asked). `unknown`: category, n, for categories that the city's tree does not hold. `uncategorised`: alerts that
    state no category, missing where the number is protected. `coverage`: which days each source covers. `detail`: None
    for an audience that does not see exact counts. `asked`: the fields that the exports have at all. `written`: which
    of the counts of its tables the audience may read.
    """

    total: Total
    default_coordinates: pd.DataFrame
    genders: pd.DataFrame
    unknown: pd.DataFrame
    uncategorised: float
    coverage: Coverage
    detail: Detail | None = None
    asked: frozenset[str] = frozenset(ASKED_FIELDS)
    written: WrittenCounts | None = None


def quality_study(source: Source, audience: Audience) -> QualityStudy:
    """Look at all stored alerts. What the audience may not see exactly is left out (as missing), not guessed."""
    total = query.total(source, EVERYTHING, audience)
    found = detail(source, audience) if privacy.sees_exact(audience) else None
    categories = query.counts(source, EVERYTHING, ["category"], audience).frame
    unstated = categories["category"] == UNCATEGORISED
    unknown = categories[~categories["category"].isin(list(source.city.categories)) & ~unstated]
    return QualityStudy(
        total=total,
        default_coordinates=_default_coordinates(source, audience, total),
        genders=_genders(source, audience),
        unknown=unknown[["category", "n"]].sort_values("n", ascending=False, ignore_index=True),
        uncategorised=float(categories.loc[unstated, "n"].sum(skipna=False)),
        coverage=source.coverage,
        detail=found,
        asked=source.asked,
        written=WrittenCounts(EVERYTHING, audience, source.city),
    )


def detail(source: Source, audience: Audience) -> Detail:
    """The exact part of the study; DisclosureError for an audience that does not see exact counts.

    Pairs of single alerts are listed for analysts alone.

    Bounded whatever the number of alerts, and counted by the engine: about six seconds for 1,000,000 alerts, three
    of them for near-duplicates.
    """
    if not privacy.sees_exact(audience):
        raise DisclosureError(Message("The quality of single columns and alerts is for analysts and specialists."))
    table, points = source.table, default_points(source)
    near = near_duplicates(source, points)
    months = month_only(table)
    unit = source.known_time.unit("week")
    counted = periods(table, unit)
    return Detail(
        completeness=completeness.completeness(table, source.city.categories),
        month_only=months,
        unit=unit,
        periods=counted,
        jumps=jumps(counted[source.coverage.untouched(counted.index, unit)]),
        precision=positions.precision(source, points),
        outside=positions.outside(source),
        lag=lag(table),
        lag_classes=lag_classes(table),
        near_duplicates=near if audience is Audience.ANALYST else replace(near, listed=near.listed[:0]),
        incidents=incidents(table),
    )


def _default_coordinates(source: Source, audience: Audience, total: Total) -> pd.DataFrame:
    frame = query.default_coordinates(source, EVERYTHING, audience).sort_values("n", ascending=False, ignore_index=True)
    placed = (total.mapped or 0) + (total.outside or 0)
    frame["share"] = frame["n"] / placed if placed else np.nan
    return frame[["longitude", "latitude", "n", "share"]]


def _genders(source: Source, audience: Audience) -> pd.DataFrame:
    """By district: alerts, and the share of them whose gender is not known."""
    shares: dict[str, pd.Series] = {}
    for name in ("affected", "reporter"):
        column = f"{name}_gender"
        counted = query.counts(source, EVERYTHING, ["district", column], audience).frame
        counted["silent"] = counted["n"].where(counted[column].isin(_SILENT), 0.0)
        by = counted.groupby("district", dropna=False)[["n", "silent"]].sum(min_count=1)
        shares["n"] = by["n"]
        shares[name] = by["silent"] / by["n"]
    return pd.DataFrame(shares).rename_axis("district").reset_index()


def likely_reason(t: Translator, city: CityProfile, longitude: float, latitude: float) -> str:
    """Why many alerts may share this point: the middle of the city or a district, a landmark, rounding."""
    x, y = city.project([longitude], [latitude])

    def metres(lon: float, lat: float) -> float:
        east, north = city.project([lon], [lat])
        return float(np.hypot(east - x, north - y)[0])

    if metres(city.land.centroid.x, city.land.centroid.y) < MIDDLE_M:
        return t("Probably what the app sends when it knows no position: this is the middle of the city.")
    for area in city.districts:
        if metres(area.polygon.centroid.x, area.polygon.centroid.y) < MIDDLE_M:
            return t(
                "Probably addresses that could not be found: this is the middle of {district}.",
                district=t.label(area.labels),
            )
    near = min(city.landmarks, key=lambda mark: metres(mark.longitude, mark.latitude), default=None)
    if near is not None and metres(near.longitude, near.latitude) < ON_THE_SPOT_M:
        return t("Probably picked from a list or set by default: this is {place}.", place=t.label(near.labels))
    if all(abs(value - round(value, COARSE_DECIMALS)) < 1e-9 for value in (longitude, latitude)):
        return t("Probably rounded or typed by hand: there are at most {n} decimals.", n=COARSE_DECIMALS)
    return t("Probably a default position, or one device that always sends from the same point.")
