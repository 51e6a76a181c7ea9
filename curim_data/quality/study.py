"""How far the stored data can be trusted: completeness, piles of coordinates, what is unknown, jumps, duplicates; how
exact positions are, points outside the city, points that many alerts share.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from analysis.grid import LEAST_DAYS, LEAST_SHARE, SharedPoints, land_by_points
from curim_data import query
from curim_data.engine import Relation, Source
from curim_data.filters import AlertFilter
from curim_data.model import (
    ASKED_FIELDS,
    CELL_RESOLUTIONS,
    UNCATEGORISED,
    BoolArray,
    CityProfile,
    FloatArray,
    Gender,
    Message,
    Status,
    Translator,
)
from curim_data.model.coverage import Coverage
from curim_data.model.sql import all_of, at_points, count_if, is_one_of
from curim_data.privacy import DisclosureError, WrittenCounts
from curim_data.query import Total, default_points

DECIMALS: Final = (2, 3, 4, 5, 6)
METRES_A_DEGREE: Final = 111_320.0
# Coordinates that may be coarser than the step that is reported.
TOLERATED: Final = 0.05
# Steps of a grid in the city's metres, the widest first, and how near to it a position must lie.
STEPS_M: Final = (1000, 500, 250, 200, 100, 50, 25)
ON_GRID_M: Final = 0.5
# Points that are picked from a list: fewer than a third as many points as alerts.
SNAPPED_SHARE: Final = 1 / 3
LEAST_ALERTS: Final = 200
MOST_POINTS: Final = 20_000
JUST_BEYOND_M: Final = 1_000.0
STEP: Final = "coordinate_step"
COARSE: Final = min(CELL_RESOLUTIONS)
MAPPED: Final = "longitude IS NOT NULL AND latitude IS NOT NULL"


@dataclass(frozen=True)
class Precision:
    """How exact the coordinates are, over the `n` alerts with coordinates that stand on no pile.

    `points`: distinct coordinates. `step_m`: metres between distinguishable positions; `cause`: "decimals" (of the more
    exact of an alert's two coordinates), "grid" (whole steps of the city's metres) or "points" (few points that many
    alerts share). `finest`: the finest H3 resolution that this supports, None where not even the coarsest is.
    """

    n: int
    points: int
    step_m: float
    cause: str
    finest: int | None

    @property
    def reason(self) -> Message:
        """Why cells should not be finer, in one sentence."""
        values = {"step": round(self.step_m, 1 if self.step_m < 10 else 0), "n": self.n, "points": self.points}
        return Message(_CAUSES[self.cause].text, values)


_CAUSES: Final = {
    "grid": Message("The positions stand on a grid of {step} m."),
    "points": Message(
        "{n} alerts share {points} points, half of which have their next one within {step} m: positions were moved to "
        "points of a list."
    ),
    "decimals": Message(
        "At least 95 % of the coordinates have decimals enough to tell apart positions that are {step} m from each "
        "other."
    ),
}


def precision(source: Source, default_points: pd.DataFrame) -> Precision | None:
    """How exact the coordinates are; None where no alert off the piles has coordinates."""
    usable = [MAPPED, f"NOT {at_points(default_points)}"]
    rounded = " ".join(
        f"WHEN {_rounded('longitude', digits)} AND {_rounded('latitude', digits)} THEN {digits}"
        for digits in DECIMALS[:-1]
    )
    digits = f"CASE {rounded} ELSE {DECIMALS[-1]} END AS digits"
    counted = source.alerts.frame(f"{digits}, count(*) AS n", usable, "GROUP BY 1").set_index("digits")["n"]
    n = counted.reindex(DECIMALS, fill_value=0)
    total = int(n.sum())
    if not total:
        return None
    coarse = n.cumsum() / total
    usual = next(d for d in DECIMALS if coarse[d] > TOLERATED)
    step, cause = METRES_A_DEGREE * 10.0**-usual, "decimals"
    distinct = f"SELECT DISTINCT longitude, latitude FROM {source.alerts.name}{all_of(usable)}"
    points = source.alerts.ask(f"SELECT count(*) AS n FROM ({distinct}) AS points")["n"][0].as_py()
    if (grid := _grid(source.alerts, usable, total)) > step:
        step, cause = grid, "grid"
    snapped = total >= LEAST_ALERTS and points < SNAPPED_SHARE * total
    if snapped and (apart := _spacing(source.alerts, usable)) > step:
        step, cause = apart, "points"
    # A cell must not be narrower than the step, or some cells could never hold an alert and maps show stripes. The edge
    # of a cell is compared, half of its width (in metres: 531 at resolution 8, 201 at 9, 76 at 10, 29 at 11, 11 at 12).
    fit = [r for r in CELL_RESOLUTIONS if h3.average_hexagon_edge_length(r, unit="m") >= step]
    return Precision(total, points, step, cause, max(fit, default=None))


def coordinate_step(source: Source) -> float:
    """Metres between distinguishable positions (`precision`), 1 where there are none; known by version."""
    source = source.exact or source  # a protected copy has the middles of cells
    if STEP not in source.cache:
        step = source.kept(STEP)
        if not isinstance(step, float):
            found = precision(source, default_points(source))
            step = found.step_m if found is not None else 1.0
        source.cache[STEP] = step
    return float(source.cache[STEP])


def keep_coordinate_step(source: Source) -> None:
    """Keep the metres between distinguishable positions for later processes."""
    source.keep(STEP, float(coordinate_step(source)))


def _rounded(column: str, digits: int) -> str:
    """Whether a number of degrees has so many decimals at most."""
    scaled = f"{column} * {10.0**digits!r}e0"
    return f"abs({scaled} - round({scaled})) < {10.0**digits * 1e-9!r}"


def _grid(alerts: Relation, usable: list[str], total: int) -> float:
    """The widest step of which at least 95 % of the positions, in the city's metres, are whole multiples; 0 if none."""

    def on(metres: str, step: int) -> str:
        steps = f"{metres} / {step}.0e0"
        return f"abs({steps} - round({steps})) * {step} < {ON_GRID_M}e0"

    both = {step: f"{on('x', step)} AND {on('y', step)}" for step in STEPS_M}
    found = alerts.one(", ".join(f"{count_if(both[step])} AS s{step}" for step in STEPS_M), usable)
    return next((float(step) for step in STEPS_M if found[f"s{step}"] >= (1 - TOLERATED) * total), 0.0)


def _spacing(alerts: Relation, usable: list[str]) -> float:
    """The median distance (metres) from a point to the next one, over at most 20,000 points; 0 without two."""
    usable = [*usable, "x IS NOT NULL", "y IS NOT NULL"]
    frame = alerts.frame("DISTINCT x, y", usable, f"ORDER BY x, y LIMIT {MOST_POINTS}")
    if len(frame) < 2:
        return 0.0
    from scipy.spatial import cKDTree  # here, since it is slow to load, and the step mostly kept

    found, _ = cKDTree(frame.to_numpy(float)).query(frame.to_numpy(float), k=2)
    return float(np.median(np.asarray(found)[:, 1]))


@dataclass(frozen=True)
class Outside:
    """The `n` alerts with coordinates that lie outside the city's land, `of` all alerts with coordinates.

    `reasons`: why they may (`reason`: "zero", "swapped", "sign", "near" or ""), n; most alerts first. The reason is
    that of the middle of their coarse map cell.
    """

    n: int
    of: int
    reasons: pd.DataFrame


def outside(source: Source) -> Outside:
    """How many alerts lie outside the city, and why they may."""
    beside = [MAPPED, "NOT coalesce(inside, FALSE)"]
    cells = source.alerts.frame(
        f"cell_{COARSE} AS cell, count(*) AS n, avg(longitude) AS longitude, avg(latitude) AS latitude",
        beside,
        "GROUP BY 1",
    )
    cells["reason"] = _why(source.city, cells["longitude"].to_numpy(float), cells["latitude"].to_numpy(float))
    reasons = cells.groupby("reason")["n"].sum().sort_values(ascending=False, kind="stable").reset_index()
    return Outside(int(cells["n"].sum()), source.alerts.one("count(*) AS n", [MAPPED])["n"], reasons)


def _why(city: CityProfile, longitude: FloatArray, latitude: FloatArray) -> npt.NDArray[np.str_]:
    """Codes for why points may lie outside; "" where nothing indicates why."""
    x, y = city.project(longitude, latitude)
    near = np.isfinite(x) & np.isfinite(y)
    near[near] = shapely.distance(city.land_metres, shapely.points(x[near], y[near])) < JUST_BEYOND_M
    west, south, east, north = city.land.buffer(0.02).bounds

    def covers(lon: FloatArray, lat: FloatArray) -> BoolArray:
        return (west <= lon) & (lon <= east) & (south <= lat) & (lat <= north)

    zero = (abs(longitude) < 0.01) & (abs(latitude) < 0.01)
    signs = covers(-longitude, latitude) | covers(longitude, -latitude) | covers(-longitude, -latitude)
    codes = ["zero", "near", "swapped", "sign"]
    return np.select([zero, near, covers(latitude, longitude), signs], codes, "")


POINTS: Final = "shared_points"
_FINEST: Final = f"cell_{max(CELL_RESOLUTIONS)}"


def shared_points(source: Source) -> SharedPoints | None:
    """The points that alerts of several days share; None where hardly any alert stands on one.

    Default coordinates are none. A protected copy has none either: its alerts stand in the middles of cells. Found once
    for a version of the store.
    """
    if source.exact is not None:
        return None
    if POINTS not in source.cache:
        share, x, y, cells = source.kept(POINTS) or (None, (), (), ())
        kept = SharedPoints(np.array(x, float), np.array(y, float), np.array(cells, np.int64), float(share or 0))
        source.cache[POINTS] = _find(source) if share is None else kept
    found: SharedPoints = source.cache[POINTS]
    return found if found.share >= LEAST_SHARE else None


def keep_shared_points(source: Source) -> None:
    """Keep the shared points for later processes."""
    shared_points(source)
    found: SharedPoints = source.cache[POINTS]
    source.keep(POINTS, [found.share, found.x.tolist(), found.y.tolist(), found.cells.tolist()])


def served_land(source: Source, resolution: int) -> pd.Series | None:
    """Land (km²) that the shared points of each cell of the city serve, as `land_by_points`; None without such points.

    Found once for a version of the store and of the city.
    """
    points = shared_points(source)
    if points is None:
        return None
    known: dict[tuple[str, int], pd.Series] = source.cache.setdefault("served_land", {})
    key = source.city.version, resolution
    if key not in known:
        known[key] = land_by_points(source.city.land_cells(resolution), points, source.city)
    return known[key]


def _find(source: Source) -> SharedPoints:
    usable = ["inside", "x IS NOT NULL", f"NOT {at_points(default_points(source))}"]
    largest = ", ".join(f"max({name}) AS {name}" for name in ("x", "y", _FINEST))
    shared = source.alerts.frame(
        f"longitude, latitude, count(*) AS n, {largest}",
        usable,
        f"GROUP BY 1, 2 HAVING count(DISTINCT local_date) >= {LEAST_DAYS} ORDER BY 1, 2",
    )
    number = source.alerts.one("count(*) AS n", usable)["n"]
    x, y = (shared[name].to_numpy(float) for name in ("x", "y"))
    return SharedPoints(x, y, shared[_FINEST].to_numpy(np.int64), float(shared["n"].sum()) / max(number, 1))


# A week is compared with the six before and the six after it; by chance fewer than 1 in 15,000 lie beyond 4 spreads.
NEIGHBOURS: Final = 6
LEAST_NEIGHBOURS: Final = 4
BEYOND: Final = 4.0
_MAD: Final = 0.6744898  # the median deviation of a standard normal
MONTH: Final = "month"

_KNOWN_GENDERS: Final = (Gender.WOMAN.value, Gender.MAN.value, Gender.OTHER.value)
COLUMNS: Final = {
    "reported_at": Message("When it was reported"),
    "occurred_from": Message("When it happened"),
    "hour": Message("Time of day"),
    "coordinates": Message("Coordinates"),
    "district": Message("District"),
    "category": Message("Category of the city's list"),
    "affected_gender": Message("Gender of the person affected"),
    "reporter_gender": Message("Gender of the reporter"),
    "age_band": Message("Age of the person affected"),
    "severity": Message("Severity"),
    "feeling": Message("Feeling of safety"),
    "resolved_at": Message("When it was resolved, where it was"),
}


# Shares of the last months are compared with those of the months before them.
RECENT_MONTHS: Final = 3
EARLIER_MONTHS: Final = 12


def completeness(alerts: Relation, categories: Collection[str]) -> pd.DataFrame:
    """How much of each column is filled: as a whole, in the last three months, and in the twelve before.

    A gender counts as filled where it is a gender (not undisclosed, not unknown), a category where the city's list
    holds it, the time it was resolved among resolved alerts alone. A report at the very moment of the event counts as
    not reported: where a file has one time only, it stands in for the other.

    Returns
    -------
    DataFrame
        column (a key of `COLUMNS`), n, filled, share, before, now (shares; missing where there is no such alert).
    """
    resolved = f"status = '{Status.RESOLVED.value}'"
    filled = {
        "reported_at": "occurred_from_us IS NULL OR reported_at_us <> occurred_from_us",
        "occurred_from": "occurred_from_us IS NOT NULL",
        "hour": "hour IS NOT NULL",
        "coordinates": "longitude IS NOT NULL AND latitude IS NOT NULL",
        "district": "district IS NOT NULL",
        "category": is_one_of("category", sorted(categories)),
        "affected_gender": is_one_of("affected_gender", _KNOWN_GENDERS),
        "reporter_gender": is_one_of("reporter_gender", _KNOWN_GENDERS),
        "age_band": "age_band IS NOT NULL",
        "severity": "severity IS NOT NULL",
        "feeling": "feeling IS NOT NULL",
        "resolved_at": f"{resolved} AND resolved_at_us IS NOT NULL",
    }
    listed = ", ".join(f"{count_if(condition)} AS {name}_filled" for name, condition in filled.items())
    wide = alerts.frame(f"month, count(*) AS n, {count_if(resolved)} AS of_resolved, {listed}", then="GROUP BY month")
    wide = wide.sort_values("month")
    now, before = wide[-RECENT_MONTHS:], wide[-RECENT_MONTHS - EARLIER_MONTHS : -RECENT_MONTHS]
    rows = []
    for name in COLUMNS:
        of, given = "of_resolved" if name == "resolved_at" else "n", f"{name}_filled"
        shares = (part[given].sum() / (part[of].sum() or np.nan) for part in (wide, before, now))
        rows.append((name, int(wide[of].sum()), int(wide[given].sum()), *shares))
    return pd.DataFrame(rows, columns=["column", "n", "filled", "share", "before", "now"])


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
    steps = range(1, NEIGHBOURS + 1)
    around = pd.concat([counts.shift(step) for step in (*steps, *(-step for step in steps))], axis=1)
    level = around.median(axis=1).where(around.count(axis=1) >= LEAST_NEIGHBOURS)
    distance = 2 * (np.sqrt(counts + 0.375) - np.sqrt(level + 0.375))
    spread = (distance - distance.median()).abs().median() / _MAD
    z = distance / max(1.0, spread)  # 1 where none has neighbours enough
    frame: pd.DataFrame = pd.DataFrame(
        {"start": [day.date() for day in counts.index], "n": counts, "level": level, "z": z}
    )
    frame = frame[z.abs() > BEYOND]
    return frame.sort_values("z", key=np.abs, ascending=False, ignore_index=True)


def periods(alerts: Relation, unit: str) -> pd.Series:
    """Alerts by whole week or month, zeros included; the first and the last period, which may be cut off, left out.

    Alerts of which only the month is known are counted by month alone.
    """
    known = [] if unit == MONTH else [f"time_precision <> '{MONTH}'"]
    frame = alerts.frame(f"{unit} AS start, count(*) AS n", known, "GROUP BY 1")
    if frame.empty:
        return pd.Series(dtype=float)
    series = frame.assign(start=pd.to_datetime(frame["start"])).set_index("start")["n"].sort_index()
    every = pd.date_range(series.index[0], series.index[-1], freq="MS" if unit == MONTH else "7D", name=unit)
    whole: pd.Series = series.reindex(every, fill_value=0).astype(float).iloc[1:-1]
    return whole


_HOUR: Final = 3_600_000_000  # microseconds
NEAR_M: Final = 50.0
NEAR_HOURS: Final = 48
MOST_PAIRS: Final = 200
# Comparisons of alerts in the same category, 50 m and 48 h beyond which pairs are not looked for.
MOST_COMPARISONS: Final = 20_000_000


@dataclass(frozen=True)
class NearDuplicates:
    """Pairs of alerts of the same category, within 50 m and 48 h, of other incidents.

    `pairs` all pairs, `alerts` the alerts in them, `of` the alerts that were compared (with a position off default
    coordinates and a time better than the month). `listed`: at most 200 pairs, the nearest in time first: first, second
    (alert ids), category, metres, hours. `first_day`: pairs less than 24 hours apart; chance alone would put half of
    them there. None of it is known where `too_many`.
    """

    pairs: int
    alerts: int
    of: int
    listed: pd.DataFrame
    too_many: bool = False
    first_day: int = 0


def near_duplicates(source: Source, default_points: pd.DataFrame) -> NearDuplicates:
    """Look for near-duplicates, by a tree of the alerts of each category in space and time."""
    usable = ["x IS NOT NULL", f"time_precision <> '{MONTH}'", f"NOT {at_points(default_points)}"]
    of, likely = source.alerts.one("count(*) AS n", usable)["n"], _comparisons(source.alerts, usable)
    none = pd.DataFrame(columns=["first", "second", "category", "metres", "hours"])
    if likely > MOST_COMPARISONS:
        return NearDuplicates(0, 0, of, none, too_many=True)
    columns = "alert_id, incident_id, category, x, y, coalesce(occurred_from_us, reported_at_us) AS at"
    alerts = source.alerts.frame(columns, usable)
    found = pd.concat([none, *(_pairs(part) for _, part in alerts.groupby("category"))], ignore_index=True)
    return NearDuplicates(
        pairs=len(found),
        alerts=int(pd.concat([found["first"], found["second"]]).nunique()),
        of=of,
        listed=found.sort_values(["hours", "metres", "first", "second"], ignore_index=True).head(MOST_PAIRS),
        first_day=int((found["hours"] < NEAR_HOURS / 2).sum()),
    )


def _comparisons(alerts: Relation, usable: list[str]) -> int:
    """About how many pairs are near each other: those that share a square of 50 m and 48 hours, both ways."""
    square = ", ".join(f"floor({name} / {NEAR_M}e0)" for name in ("x", "y"))
    hours = f"floor(coalesce(occurred_from_us, reported_at_us) / {_HOUR * NEAR_HOURS}.0e0)"
    crowds = f"SELECT count(*) AS n FROM {alerts.name}{all_of(usable)} GROUP BY category, {square}, {hours}"
    found = alerts.ask(f"SELECT CAST(sum(n * (n - 1)) AS BIGINT) AS pairs FROM ({crowds}) AS crowds")
    return int(found["pairs"][0].as_py() or 0)


def _pairs(alerts: pd.DataFrame) -> pd.DataFrame:
    """Each pair of alerts of one category within reach, once, of other incidents."""
    from scipy.spatial import cKDTree  # here, since it is slow to load

    alerts = alerts.reset_index(drop=True)
    at = alerts[["x", "y", "at"]].to_numpy(float)
    # All within the cube that holds the cylinder: 50 m in each direction of space, and 48 hours as 50 m of time.
    scaled = at * [1.0, 1.0, NEAR_M / (_HOUR * NEAR_HOURS)]
    one, other = cKDTree(scaled).query_pairs(NEAR_M * (1 + 1e-9), p=np.inf, output_type="ndarray").T
    metres = np.hypot(at[one, 0] - at[other, 0], at[one, 1] - at[other, 1])
    hours = np.abs(at[one, 2] - at[other, 2]) / _HOUR
    incident = alerts["incident_id"]
    same = incident.to_numpy(object)[one] == incident.to_numpy(object)[other]
    near = (metres <= NEAR_M) & (hours <= NEAR_HOURS) & ~(same & incident.notna().to_numpy()[one])
    ids = np.sort(alerts["alert_id"].to_numpy(object)[np.c_[one[near], other[near]]], axis=1)
    frame = pd.DataFrame(ids, columns=["first", "second"])
    return frame.assign(category=alerts["category"].iloc[0], metres=metres[near], hours=hours[near])


def incidents(alerts: Relation) -> dict[str, int]:
    """Incidents of which the store holds several alerts ("incidents"), their "alerts", and the "most" of one."""
    groups = f"SELECT count(*) AS n FROM {alerts.name} WHERE incident_id IS NOT NULL GROUP BY incident_id"
    (found,) = alerts.ask(
        f"SELECT count(*) AS incidents, CAST(sum(n) AS BIGINT) AS alerts, max(n) AS most FROM ({groups}) AS named "
        "WHERE n > 1"
    ).to_pylist()
    return {name: n or 0 for name, n in found.items()}


def reported_early(alerts: Relation) -> int:
    """Alerts that were reported before they happened."""
    early = [f"time_precision <> '{MONTH}'", "reported_at_us < occurred_from_us"]
    return int(alerts.one("count(*) AS n", early)["n"])


EVERYTHING: Final = AlertFilter(period="all")
ON_THE_SPOT_M: Final = 60.0
MIDDLE_M: Final = 150.0
COARSE_DECIMALS: Final = 3
_SILENT: Final = (Gender.UNDISCLOSED.value, Gender.UNKNOWN.value)


@dataclass(frozen=True)
class Detail:
    """What only those see who see exact counts; the fields as the functions of `quality_*` give them.

    `month_only`: alerts of which only the month is known; where they are 5 % or more, `unit` of the jumps is "month".
    `periods`: the counts by it; jumps are looked for in those that no gap touches. `early`: alerts that were reported
    before they happened.
    """

    completeness: pd.DataFrame
    month_only: int
    unit: str
    periods: pd.Series
    jumps: pd.DataFrame
    precision: Precision | None
    outside: Outside
    near_duplicates: NearDuplicates
    incidents: dict[str, int]
    early: int


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


def quality_study(source: Source, *, listed: bool = False) -> QualityStudy:
    """Look at all stored alerts. What may not be seen exactly is left out (as missing), not guessed.

    `listed`: with the pairs of alerts that may be one, for analysts.
    """
    total = query.total(source, EVERYTHING)
    found = detail(source, listed=listed) if not source.protected else None
    categories = query.counts(source, EVERYTHING, ["category"]).frame
    unstated = categories["category"] == UNCATEGORISED
    unknown = categories[~categories["category"].isin(list(source.city.categories)) & ~unstated]
    return QualityStudy(
        total=total,
        default_coordinates=_default_coordinates(source, total),
        genders=_genders(source),
        unknown=unknown[["category", "n"]].sort_values("n", ascending=False, ignore_index=True),
        uncategorised=float(categories.loc[unstated, "n"].sum(skipna=False)),
        coverage=source.coverage,
        detail=found,
        asked=source.asked,
        written=WrittenCounts.of(EVERYTHING, source),
    )


def detail(source: Source, *, listed: bool = False) -> Detail:
    """The exact part of the study; DisclosureError for the protected copy.

    Bounded whatever the number of alerts, and counted by the engine: about six seconds for 1,000,000 alerts, three
    of them for near-duplicates.
    """
    if source.protected:
        raise DisclosureError(Message("The quality of single columns and alerts is for analysts and specialists."))
    alerts, points = source.alerts, default_points(source)
    near = near_duplicates(source, points)
    unit = source.known_time.unit("week")
    counted = periods(alerts, unit)
    return Detail(
        completeness=completeness(alerts, source.city.categories),
        month_only=source.month_only,
        unit=unit,
        periods=counted,
        jumps=jumps(counted[source.coverage.untouched(counted.index, unit)]),
        precision=precision(source, points),
        outside=outside(source),
        near_duplicates=near if listed else replace(near, listed=near.listed[:0]),
        incidents=incidents(alerts),
        early=reported_early(alerts),
    )


def _default_coordinates(source: Source, total: Total) -> pd.DataFrame:
    frame = query.default_coordinates(source, EVERYTHING).sort_values("n", ascending=False, ignore_index=True)
    placed = (total.mapped or 0) + (total.outside or 0)
    return frame[["longitude", "latitude", "n"]].assign(share=frame["n"] / (placed or np.nan))


def _genders(source: Source) -> pd.DataFrame:
    """By district: alerts, and the share of them whose gender is not known."""
    shares: dict[str, pd.Series] = {}
    for name in ("affected", "reporter"):
        column = f"{name}_gender"
        counted = query.counts(source, EVERYTHING, ["district", column]).frame
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
