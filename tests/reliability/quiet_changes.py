"""How often quiet cities get a clear or probable change, and how often a planted one is found, from counts alone.

    python -m tests.reliability --changes [--cities 200] [--first 1000] [--jobs 2] [--rows "6400"] [--out changes.json]

The made-up cities are those of `world`; their alerts are counted by week, district, category and square of 350 m as the
engine counts them, and judged by `analysis.trends.changes`. A finding is false where the true rate, against the same
reference, moved by less than a tenth or the other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from scipy import stats

from analysis.trends.changes import (
    CANDIDATE_KEYS,
    LEVELS,
    Counts,
    LevelName,
    Past,
    _expected_of_city,
    burst_factors,
    distinct_changes,
    judge,
)
from analysis.trends.reporting import find_events
from curim_data.studies.brief import MOST_FINDINGS
from tests.reliability.world import (
    AREAS,
    PERIOD_WEEKS,
    START,
    World,
    _areas,
    cells_of,
    degrees,
    piraeus,
    pool,
    pool_cells,
    simulate,
)

PLACE: Final = 9
A_TENTH: Final = np.log(1.1)
# Weeks of history of the rows: half a year to four years.
HISTORIES: Final = (26, 52, 104, 208)
POWER_CITIES: Final = 40  # of a row, in which something is planted too
PLANTED: Final = (
    *(("city", 1.6), ("district", 1.6), ("district", 2.0)),
    *(("category", 2.0), ("place", 1.6), ("place", 2.0)),
)


def rows() -> dict[str, World]:
    """Few rows, so that each has enough cities."""
    found: dict[str, World] = {}
    for alerts in (1_100, 6_400):
        for reports, metres, hours in ((1.0, 30, 3), (2.0, 30, 3), (3.0, 60, 24)):
            name = f"{alerts} alerts, {reports:g} reports, {metres} m, {hours} h"
            found[f"{name}, stable"] = World(alerts, reports, metres, hours)
        found[f"{alerts} alerts, 2 reports, season"] = World(alerts, 2.0, 60, 24, season=0.3)
        found[f"{alerts} alerts, 2 reports, corners"] = World(alerts, 2.0, 60, 24, corners=1_500)
        for drift, half_life, name in ((0.4, 52, "slow drift"), (0.8, 13, "fast drift")):
            found[f"{alerts} alerts, 2 reports, {name}"] = World(alerts, 2.0, drift=drift, half_life=half_life)
        found[f"{alerts} alerts, 2 reports, uneven growth"] = World(alerts, 2.0, growth=0.3)
    for weeks in HISTORIES:
        history = weeks + PERIOD_WEEKS
        found[f"1100 alerts, 2 reports, season, slow drift, {weeks} weeks"] = World(
            1_100, 2.0, season=0.3, drift=0.4, weeks=history
        )
    return found


@cache
def _geometry() -> tuple[Any, Any, Any]:
    """Cells of the land, and how many points of the pool of each area lie in each cell and in each district."""
    cells, at = np.unique(pool_cells(PLACE), return_inverse=True)
    by_cell, by_district = np.zeros((len(cells), AREAS)), np.zeros((len(piraeus().districts), AREAS))
    np.add.at(by_cell, (at, _areas()), 1)
    district = _districts(*pool().T)
    np.add.at(by_district, (district[district >= 0], _areas()[district >= 0]), 1)
    return cells, by_cell, by_district


def _districts(x: Any, y: Any) -> Any:
    """The number of the district of each point, -1 outside all."""
    longitude, latitude = degrees(x, y)
    found = np.full(len(longitude), -1)
    for number, district in enumerate(piraeus().districts):
        found[shapely.contains_xy(district.polygon, longitude, latitude)] = number
    return found


def tables(alerts: Mapping[str, Any], world: World) -> dict[LevelName, Counts]:
    """The counts of all levels; the last weeks are the period."""
    cells = _geometry()[0]
    own = cells_of(alerts["x"], alerts["y"], PLACE)
    place = np.minimum(np.searchsorted(cells, own), len(cells) - 1)
    place = np.where(cells[place] == own, place, -1)
    district, category = _districts(alerts["x"], alerts["y"]), alerts["category"]
    week = (alerts["hours"] // 168).astype(int)
    n_categories, n_districts = len(piraeus().categories), len(piraeus().districts)
    both = np.where(district >= 0, district * n_categories + category, -1)
    split = world.weeks - PERIOD_WEEKS

    def counted(code: Any, size: int, of: Any = None, parents: Any = None) -> Counts:
        table = np.zeros((size, world.weeks))
        known = code >= 0
        np.add.at(table, (code[known], week[known]), 1)
        year = np.full(size, np.nan)
        if split >= 52:
            year = table[:, split - 52 : split - 52 + PERIOD_WEEKS].sum(axis=1)
        return Counts(
            table[:, :split], table[:, split:].sum(axis=1), year, np.full(size, -1) if of is None else of, parents
        )

    numbers = np.arange(n_categories)
    parents = np.repeat(np.arange(n_districts), n_categories), np.tile(numbers, n_districts)
    return {
        "city": counted(np.zeros(len(week), int), 1),
        "district": counted(district, n_districts),
        "category": counted(category, n_categories, numbers),
        "district_category": counted(both, n_categories * n_districts, parents[1], parents),
        "place": counted(place, len(cells)),
    }


def judged(counts: Mapping[LevelName, Counts]) -> dict[LevelName, pd.DataFrame]:
    """All levels as the pages judge them."""
    past = Past("week", float(PERIOD_WEEKS), counts["city"].past.shape[1])
    bursts = burst_factors(counts["district_category"], counts["city"], len(piraeus().categories))
    return {level: judge(level, counts[level], counts, past, bursts) for level in LEVELS}


def true_log_ratios(
    alerts: Mapping[str, Any], world: World, found: Mapping[LevelName, pd.DataFrame]
) -> dict[LevelName, Any]:
    """The log ratio of the true rates of the period to what true rates of its reference let expect."""
    _, by_cell, by_district = _geometry()
    rates = np.ones((AREAS, world.weeks)) if alerts["wandering"] is None else np.exp(alerts["wandering"])
    rates = rates * (1 + world.season * np.cos(2 * np.pi * (np.arange(world.weeks) + 0.5) / 52.18))
    split = world.weeks - PERIOD_WEEKS
    total = by_cell.sum(axis=0) @ rates
    year = float(total[split - 52 : split - 52 + PERIOD_WEEKS].sum()) if split >= 52 else float("nan")
    expected, _, _ = _expected_of_city(total[:split], year, Past("week", float(PERIOD_WEEKS), split))
    ratios: dict[LevelName, Any] = {"city": np.log([total[split:].sum() / expected])}
    for level, parts in (("district", by_district), ("place", by_cell)):
        own = parts @ rates
        reach = int(found[level]["reach"].iloc[0])
        before = slice(split - reach, split) if reach else slice(split - 52, split - 52 + PERIOD_WEEKS)
        rest = total - own
        moved = own[:, split:].sum(axis=1) / own[:, before].sum(axis=1)
        ratios[level] = np.log(moved / (rest[:, split:].sum(axis=1) / rest[:, before].sum(axis=1)))
    for level in ("category", "district_category"):
        ratios[level] = np.zeros(len(found[level]))
    return ratios


def measure(job: tuple[str, World, int]) -> tuple[str, dict[str, Any]]:
    """Of one city: how many findings of each grade, and how many of them are false, by level; and false events."""
    name, world, number = job
    rng = np.random.default_rng([number, *map(ord, name)])
    alerts = simulate(world, rng)
    found = judged(tables(alerts, world))
    truth = true_log_ratios(alerts, world, found)
    result: dict[str, Any] = {}
    for grade in ("clear", "probable"):
        for level, frame in found.items():
            chosen = (frame["grade"] == grade).to_numpy()
            false = chosen & (frame["direction"].to_numpy() * truth[level] < A_TENTH)
            result[f"{grade} {level}"] = [int(chosen.sum()), int(false.sum())]
    result["events"] = [one.grade for one in events_of(alerts, world)]
    for level, times in PLANTED:
        if "stable" in name and number % 1_000 < POWER_CITIES:
            name_of = f"{level} × {times:g}"
            result[name_of], result[f"{name_of} further"] = _power(world, level, times, rng)
    return name, result


def events_of(alerts: Mapping[str, Any], world: World) -> tuple[Any, ...]:
    """The events of the period."""
    first = pd.Timestamp(START).tz_localize(None)
    moment = first + pd.to_timedelta(alerts["hours"], unit="h")
    told = {"cell": cells_of(alerts["x"], alerts["y"], PLACE), "category": alerts["category"].astype(str)}
    frame = pd.DataFrame({"moment": moment, **told, "hourly": True})
    since = first + pd.Timedelta(weeks=world.weeks - PERIOD_WEEKS)
    return find_events(frame, first.date(), since.date())


def _power(world: World, level: str, times: float, rng: np.random.Generator) -> tuple[str, list[bool]]:
    """The grade at the level where a city of its own has so many times as many incidents in a part of it, and of each
    clear change that the Briefing names beside its cards whether it is false.
    """
    alerts = simulate(replace(world, alerts=round(world.alerts * times)), rng)
    split = (world.weeks - PERIOD_WEEKS) * 168
    incident = alerts["incident"]
    first = np.unique(incident, return_index=True)[1]
    cells, by_cell, _ = _geometry()
    full = cells[by_cell.sum(axis=1) > 0.9 * by_cell.sum(axis=1).max()]
    part = {
        "city": lambda: np.ones(len(incident), bool),
        "district": lambda: _districts(alerts["x"], alerts["y"]) == rng.integers(len(piraeus().districts)),
        "category": lambda: alerts["category"] == 2,
        "place": lambda: cells_of(alerts["x"], alerts["y"], PLACE) == rng.choice(full),
    }[level]()
    stays = rng.random(incident.max() + 1) < 1 / times
    chosen = (part & (alerts["hours"] >= split))[first]
    stays[incident[first[chosen]]] = True
    cut = _at(alerts, stays[incident])
    found = judged(tables(cut, world))
    frame = found[level]  # type: ignore[index]
    grades = frame.loc[frame["direction"] > 0, "grade"]
    grade = "clear" if (grades == "clear").any() else "probable" if (grades == "probable").any() else "open"
    return grade, _further(found, cut, world, _moved(alerts, part, times, world))


def _at(alerts: Mapping[str, Any], chosen: Any) -> dict[str, Any]:
    """Some of the alerts."""
    return {name: one[chosen] for name, one in alerts.items() if isinstance(one, np.ndarray) and one.ndim == 1}


def _moved(alerts: Mapping[str, Any], part: Any, times: float, world: World) -> dict[LevelName, Any]:
    """The log ratios by which each unit moved itself, and as a share of the rest (of its margins): the smaller ones."""
    whole, own = (
        {level: one.past.sum(axis=1) + one.after for level, one in tables(_at(alerts, chosen), world).items()}
        for chosen in (np.ones(len(part), bool), part)
    )
    (n,), (planted,) = whole["city"], own["city"]
    grown = {level: np.log1p((times - 1) * own[level] / np.maximum(whole[level], 1)) for level in LEVELS}
    rest = {level: np.log1p((times - 1) * (planted - own[level]) / np.maximum(n - whole[level], 1)) for level in LEVELS}
    rest["district_category"] = np.add.outer(grown["district"], grown["category"]).ravel() - grown["city"]
    return {level: np.minimum(grown[level], grown[level] - (level != "city") * rest[level]) for level in LEVELS}


def _further(
    found: Mapping[LevelName, pd.DataFrame], alerts: Mapping[str, Any], world: World, moved: Mapping[LevelName, Any]
) -> list[bool]:
    """Whether each clear change beside the cards is false: it is a fall, or what it is of rose by less than a tenth."""
    size, split = len(piraeus().categories), world.weeks - PERIOD_WEEKS
    rows = pd.concat([one.assign(row=range(len(one)), moved=moved[level]) for level, one in found.items()])
    rows, both = rows.reset_index(drop=True).assign(area=None, cell=None), "district_category"
    of_both = (rows["row"] // size).where(rows["level"].eq(both), rows["row"])
    for name, number in (("district", of_both), ("category", rows["row"] % size), ("place", rows["row"])):
        rows[name] = number.astype(str).astype(object).where(rows["level"].isin([name, name != "place" and both]), None)
    cells, at = np.unique(pool_cells(PLACE), return_index=True)
    part_of = {str(cell): str(one) for cell, one in enumerate(_districts(*pool()[at].T)) if one >= 0}
    week, cell = alerts["hours"] // 168, np.searchsorted(cells, cells_of(alerts["x"], alerts["y"], PLACE))
    after, past = week >= split, (week >= split - 52) & (week < split)

    def crossed(key: Mapping[str, Any]) -> float:
        here = (cell == int(key["place"] or -1)) & (alerts["category"] == int(key["category"] or -1))
        return float((here & after).sum() - (here & past).sum() * after.sum() / past.sum())

    cards = distinct_changes(rows, CANDIDATE_KEYS, part_of, crossed)[:MOST_FINDINGS]
    told = [dict(one.key) for change in cards for one in (change, change.part_of) if one is not None]
    clear = rows[rows["grade"].eq("clear") & rows["level"].ne("city")].to_dict("records")
    others = [row for row in clear if {name: row[name] for name in CANDIDATE_KEYS} not in told]
    return [bool(row["direction"] < 0 or row["moved"] < A_TENTH) for row in others]


def table(kept: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """The table of docs/reliability-of-findings.md: cities with a finding of each kind; false probable ones a city."""
    lines = [
        "| city | cities | false clear (95 %) | any clear | false probable a city | clear event | probable event |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, cities in kept.items():
        found = list(cities.values())
        n = len(found)
        false = sum(any(one[f"clear {level}"][1] for level in LEVELS) for one in found)
        anything = sum(any(one[f"clear {level}"][0] for level in LEVELS) for one in found)
        probable = sum(one[f"probable {level}"][1] for level in LEVELS for one in found) / n
        events = (sum(grade in one["events"] for one in found) for grade in ("clear", "probable"))
        interval = stats.binomtest(false, n).proportion_ci(method="exact")
        share = f"{false} ({100 * interval.low:.1f}–{100 * interval.high:.1f} %)"
        lines.append(f"| {name} | {n} | {share} | {anything} | {probable:.2f} | {' | '.join(map(str, events))} |")
    lines += [
        "",
        "| city | planted | clear | clear or probable | further clear | false ones |",
        "|---|---" + "|--:" * 4 + "|",
    ]
    for name, cities in kept.items():
        for level, times in PLANTED:
            grades = [one[f"{level} × {times:g}"] for one in cities.values() if f"{level} × {times:g}" in one]
            if grades:
                clear, both = (
                    np.mean([grade in which for grade in grades]) for which in (("clear",), ("clear", "probable"))
                )
                further = [
                    one[f"{level} × {times:g} further"] for one in cities.values() if f"{level} × {times:g}" in one
                ]
                more = f"{sum(map(len, further))} | {sum(map(sum, further))} in {sum(map(any, further))} cities"
                lines.append(f"| {name} | {level} × {times:g} | {clear:.2f} | {both:.2f} | {more} |")
    return lines
