"""Targeted record swapping: how the alerts of the protected copy exchange place and time. Pure: arrays in, arrays out.

What is exchanged are incidents, with all their alerts. Each keeps what was reported and whom it affected. Two
populations exchange among themselves, never with each other:

Ordinary incidents
    Place: with probability `RARE` where fewer than `LEAST` are alike (cell of resolution 9, quarter, category, gender),
    else `DENSE`; with a partner of the same month, of the same region first. Time (day, band of six hours, darkness):
    with probability `TIME` within month, category and gender. Days are exchanged within the week besides, by all. The
    later reports of an incident exchange their times among themselves in the same way, with probability 1. So the
    city's counts by week, category and gender, of incidents and of alerts, are exactly those of the alerts, and those
    of each cell by quarter.

Incidents of sensitive categories
    Place: across regions with probability `RARE_SENSITIVE` where fewer than `LEAST_SENSITIVE` are alike in their
    region (quarter, category, gender), in their region where fewer are alike in their cell of resolution 8, else
    `DENSE_SENSITIVE`; with a partner of whatever time. Those without a place are a region of their own, since it
    tells something of an incident that it has none. Then each takes the finer place (cell of resolution 9, landmark)
    of somebody in that cell of resolution 8; where sensitive incidents are rare even over all time it is put anywhere
    in a larger cell. Month: within a window of a quarter, with probability `MONTH_SENSITIVE` where fewer than
    `LEAST_SENSITIVE` are alike in region and month, else `MONTH_DENSE`. The day is any day of the month. Darkness:
    within the window, with probability `DARK_RARE` where few are alike, else `DARK_DENSE`; it is left out in quarters
    with fewer than `LEAST_SENSITIVE` by day or after dark.

Sources: Office for National Statistics, "Protecting personal data in Census 2021 results" (targeted record swapping);
Hundepool et al., "Statistical Disclosure Control" (2012), chapter 5; Shlomo, Tudor & Groom, "Data swapping for
protecting census tables" (2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from curim_data.geo.enrichment import parent_cells
from curim_data.model import BoolArray, IntArray

LEAST: Final = 5
LEAST_SENSITIVE: Final = 10
RARE: Final = 0.5
DENSE: Final = 0.05
TIME: Final = 0.45
RARE_SENSITIVE: Final = 1.0
DENSE_SENSITIVE: Final = 0.25
MONTH_SENSITIVE: Final = 0.9
MONTH_DENSE: Final = 0.4
DARK_RARE: Final = 0.9
DARK_DENSE: Final = 0.1
# Cells of these resolutions, one after the other, until one holds `LEAST_SENSITIVE` sensitive incidents of a release:
# the cell in which one that is rarer than that even over all time is put anywhere.
LARGER: Final = (7, 6, 5, 4)
FINE: Final = 9
# Share of the waiting sensitive incidents that a later release holds back.
HELD_BACK: Final = 0.55
# With fewer sensitive incidents in a release, or fewer others of one quarter in a later one, these have no place.
LEAST_TO_EXCHANGE: Final = 3
LEAST_OF_QUARTER: Final = 5


@dataclass(frozen=True)
class Units:
    """Incidents to be released, an entry each.

    `place`: a code for all that is told of where it was (cell of resolution 9, district, landmark, on land or not), -1
    for none; `fine`, `coarse`: its cells of resolution 9 and 8, -1 without a position; `region`: a code of its
    district, or of a large cell where there is none. `category`, `gender`: codes. `day`, `month`:
    days and months since 1970. `whole_month`: only the month is known. `dark`: codes of darkness.
    `least`, `least_sensitive`: with fewer that are alike they are rare; the city may have raised them. `since`: the
    first day of all data, where earlier releases had some.
    """

    sensitive: BoolArray
    place: IntArray
    fine: IntArray
    coarse: IntArray
    region: IntArray
    category: IntArray
    gender: IntArray
    day: IntArray
    month: IntArray
    whole_month: BoolArray
    dark: IntArray
    least: int = LEAST
    least_sensitive: int = LEAST_SENSITIVE
    since: int | None = None

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True)
class Exchanged:
    """What each incident takes from which other: indices into `Units`. `place`, and `fine` for what lies inside a cell
    of resolution 8; `dark` for band and darkness (-1: not told); `person` for what the copy tells of status and
    reporter. `cell`: where not -1, the cell of resolution 9 that the copy gives instead, without a landmark. `day`: the
    day that it gives.
    """

    place: IntArray
    fine: IntArray
    cell: IntArray
    day: IntArray
    dark: IntArray
    person: IntArray


def exchange(units: Units, rng: np.random.Generator, *, swapping: bool = True) -> Exchanged:
    """Draw the exchanges of one release. `swapping`: False leaves every place and time with its own incident, for tests
    of what an attacker finds then.
    """
    n = len(units)
    own = np.arange(n)
    if not swapping or not n:
        return Exchanged(own, own.copy(), np.full(n, -1), units.day.copy(), own.copy(), own.copy())
    place, dark, day, person = own.copy(), own.copy(), units.day.copy(), own.copy()
    cell = np.full(n, -1)
    quarter = units.month // 3
    ordinary, sensitive = np.flatnonzero(~units.sensitive), np.flatnonzero(units.sensitive)
    _places_of_ordinary(units, ordinary, quarter, place, rng)
    _exchange_times(units, ordinary[rng.random(len(ordinary)) < TIME], ordinary, day, dark, rng)
    fine = place.copy()
    if len(sensitive):
        _places_of_sensitive(units, sensitive, quarter, place, rng)
        fine[sensitive] = _somebody_near(units, place[sensitive], rng)
        cell[sensitive] = _anywhere(units.fine[place[sensitive]], units.least_sensitive, rng)
        _times_of_sensitive(units, sensitive, quarter, day, dark, rng)
        order = rng.permutation(sensitive)
        person[order] = np.roll(order, 1)  # nobody has their own
    return Exchanged(place, fine, cell, day, dark, person)


def days_of_later_sensitive(reports: Units, units: Units, rng: np.random.Generator) -> IntArray:
    """The day of each later report of sensitive incidents: any of a month that it takes from another later report of
    its window, or of any month of the window where one has fewer than `least_sensitive` of them. `units`: all incidents
    of the release. So no quarter has more alerts or fewer than it had.
    """
    span = _span(units, reports)
    months = np.concatenate([units.month[units.sensitive], reports.month])
    windows = _windows(months)
    mine = windows[len(months) - len(reports) :]
    rows = np.arange(len(reports))
    month = reports.month[_permuted(rows, [mine], rng)]
    loose = np.isin(mine, mine[_alike(rows, reports.month) < reports.least_sensitive])
    month[loose] = _any_month(months, windows, mine[loose], span, rng)
    return _any_day(month, reports.whole_month, span, rng)


def times_of_later_reports(reports: Units, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """The day of each later report of ordinary incidents, and which report's band and darkness it takes. All exchange:
    a report that kept its time would tell when its incident was.
    """
    rows = np.arange(len(reports))
    day, dark = reports.day.copy(), rows.copy()
    _exchange_times(reports, rows, rows, day, dark, rng)
    return day, dark


def _span(*units: Units) -> tuple[int, int]:
    """The first and the last day that the data cover."""
    days = np.concatenate([one.day for one in units])
    first = min([int(days.min()), *(one.since for one in units if one.since is not None)])
    return first, int(days.max())


def held_back(units: Units, waited: BoolArray, due: BoolArray, rng: np.random.Generator) -> BoolArray:
    """Which of the incidents that a later release could take wait for the next one. `waited`: an earlier release held
    them back. `due`: they have waited as long as anybody may.

    Sensitive ones: `HELD_BACK` of them, and of new ones so many more that no more than half of those released are new.
    So who compares two copies cannot tell what came between them. None where no month has half of the new ones: these
    are all that came in a quarter or more, and so much is exact anyhow. All where fewer than `LEAST_TO_EXCHANGE` would
    be left. Others: where fewer than `LEAST_OF_QUARTER` are of their quarter.
    """
    held = np.zeros(len(units), bool)
    ordinary, sensitive = np.flatnonzero(~units.sensitive), np.flatnonzero(units.sensitive)
    held[ordinary] = _alike(ordinary, units.month // 3) < LEAST_OF_QUARTER
    new, old = sensitive[~waited[sensitive]], sensitive[waited[sensitive]]
    if not len(new) or _alike(new, units.month).max() >= len(new) / 2:
        for rows, cover in ((new, min(1.0, len(old) / max(len(new), 1))), (old, 1.0)):
            held[rows] = rng.random(len(rows)) >= (1 - HELD_BACK) * cover
    held &= ~due
    if (~held[sensitive]).sum() < LEAST_TO_EXCHANGE:
        held[sensitive] = ~due[sensitive]
    return held


def without_place(units: Units, *, first: bool) -> BoolArray:
    """Which incidents of a release have too few to exchange with, so that the copy gives them no place."""
    found = np.zeros(len(units), bool)
    ordinary, sensitive = np.flatnonzero(~units.sensitive), np.flatnonzero(units.sensitive)
    found[sensitive] = len(sensitive) < LEAST_TO_EXCHANGE
    if not first:
        found[ordinary] = _alike(ordinary, units.month // 3) < LEAST_OF_QUARTER
    return found


def _places_of_ordinary(
    units: Units, rows: IntArray, quarter: IntArray, place: IntArray, rng: np.random.Generator
) -> None:
    rows = rows[units.place[rows] >= 0]
    alike = _alike(rows, units.fine, quarter, units.category, units.gender)
    chosen = rows[rng.random(len(rows)) < np.where(alike < units.least, RARE, DENSE)]
    left = _pair(chosen, [units.month, units.region], units.fine, place, rng)
    left = _pair(left, [units.month], units.fine, place, rng)
    _pair(left, [quarter], units.fine, place, rng)


def _exchange_times(
    units: Units, chosen: IntArray, rows: IntArray, day: IntArray, dark: IntArray, rng: np.random.Generator
) -> None:
    """The chosen rows take each other's day, band and darkness within month, category and gender; then all rows each
    other's day within the week.
    """
    taken = _permuted(chosen, [units.month, units.category, units.gender, units.whole_month], rng)
    day[chosen], dark[chosen] = units.day[taken], taken
    week = np.where(units.whole_month, -1, (day + 3) // 7)  # from Monday on: 1970-01-01 was a Thursday
    within = _permuted(rows, [week, units.month], rng)
    day[rows] = day[within]


def _places_of_sensitive(
    units: Units, rows: IntArray, quarter: IntArray, place: IntArray, rng: np.random.Generator
) -> None:
    in_region = _alike(rows, units.region, quarter, units.category, units.gender)
    in_cell = _alike(rows, units.coarse, quarter, units.category, units.gender)
    rare = (in_region < units.least_sensitive) | (in_cell < units.least_sensitive)
    moved = rng.random(len(rows)) < np.where(rare, RARE_SENSITIVE, DENSE_SENSITIVE)
    far = rows[moved & (in_region < units.least_sensitive)]
    near = rows[moved & (in_region >= units.least_sensitive)]
    left = _pair(near, [units.region], units.coarse, place, rng)
    left = _pair(np.concatenate([far, left]), [np.zeros(len(units), np.int64)], units.coarse, place, rng)
    _pair_the_rest(units.coarse, rows, left[rng.permutation(len(left))], place, rng)


def _pair_the_rest(coarse: IntArray, rows: IntArray, left: IntArray, place: IntArray, rng: np.random.Generator) -> None:
    """Who found no partner exchanges with one who kept their place, or any, of another cell.

    What is asked of all rows for each of them is kept up to date: their number grows with that of the rows.
    """
    number = np.full(len(place), -1)
    number[rows] = np.arange(len(rows))
    own, taken, stays = coarse[rows], coarse[place[rows]], place[rows] == rows
    for at in left:
        if place[at] != at:
            continue
        elsewhere = own != coarse[at]
        found = np.flatnonzero(elsewhere & stays)
        if not len(found):
            found = np.flatnonzero(elsewhere & (taken != coarse[at]))
        if len(found):
            other = rows[rng.choice(found)]
            place[at], place[other] = place[other], at
            for one in (at, other):
                taken[number[one]], stays[number[one]] = coarse[place[one]], place[one] == one


def _times_of_sensitive(
    units: Units, rows: IntArray, quarter: IntArray, day: IntArray, dark: IntArray, rng: np.random.Generator
) -> None:
    """The month within the window, any day of it, and darkness within the window."""
    alike = _alike(rows, units.region, units.month, units.category, units.gender)
    windows = np.full(len(units), -1)
    windows[rows] = _windows(units.month[rows])
    month = units.month.copy()
    chosen = rows[rng.random(len(rows)) < np.where(alike < units.least_sensitive, MONTH_SENSITIVE, MONTH_DENSE)]
    month[chosen] = units.month[_permuted(chosen, [windows], rng)]
    few = rows[_alike(rows, units.month) < units.least_sensitive]
    loose = chosen[np.isin(windows[chosen], windows[few])]  # where exchange would leave a month's small number as it is
    month[loose] = _any_month(units.month[rows], windows[rows], windows[loose], _span(units), rng)
    alike = _alike(rows, quarter, units.category, units.gender, units.dark)
    chosen = rows[rng.random(len(rows)) < np.where(alike < units.least_sensitive, DARK_RARE, DARK_DENSE)]
    dark[chosen] = _permuted(chosen, [windows, units.whole_month], rng)
    few = rows[_alike(rows, quarter, units.dark) < units.least_sensitive]
    dark[rows[np.isin(quarter[rows], quarter[few])]] = -1
    day[rows] = _any_day(month[rows], units.whole_month[rows], _span(units), rng)


def _any_month(
    months: IntArray, windows: IntArray, asked: IntArray, span: tuple[int, int], rng: np.random.Generator
) -> IntArray:
    """For each window asked for one of the months of its quarters, each as likely, as far as the data reach. Where it
    has one month alone the quarter before counts too, or the one after it at the beginning of the data.
    """
    first, last = (int(month) for month in np.array(span).astype("datetime64[D]").astype("datetime64[M]").astype(int))
    found = np.zeros(len(asked), np.int64)
    for window in np.unique(asked):
        here = asked == window
        there = np.unique(months[windows == window])
        quarters = np.unique(there // 3)
        if len(there) == 1:
            quarters = np.append(quarters, quarters[0] - 1 if 3 * quarters[0] > first else quarters[0] + 1)
        known = np.concatenate([np.arange(3 * one, 3 * one + 3) for one in quarters])
        found[here] = rng.choice(known[(known >= first) & (known <= last)], int(here.sum()))
    return found


def _anywhere(cells: IntArray, least: int, rng: np.random.Generator) -> IntArray:
    """For cells of resolution 9 whose cell of resolution 8 is that of fewer than `least` of them: any cell of
    resolution 9 in the smallest larger cell that holds as many (the largest of `LARGER`, where none does); else -1.
    """
    found = np.full(len(cells), -1)
    mapped = np.flatnonzero(cells >= 0)
    if not len(mapped):
        return found
    rare = _occurrences(parent_cells(cells[mapped], FINE - 1)) < least
    for size in LARGER:
        larger = parent_cells(cells[mapped], size)
        enough = (_occurrences(larger) >= least) | (size == LARGER[-1])
        here = rare & enough & (found[mapped] < 0)
        found[mapped[here]] = _any_child(larger[here], size, rng)
    return found


def _any_child(cells: IntArray, size: int, rng: np.random.Generator) -> IntArray:
    """A cell of resolution 9 inside each cell of a resolution, each as likely: its further digits are drawn."""
    child = (cells & ~(np.int64(0xF) << np.int64(52))) | (np.int64(FINE) << np.int64(52))
    for level in range(size + 1, FINE + 1):
        shift = np.int64(3 * (15 - level))
        child = (child & ~(np.int64(7) << shift)) | (rng.integers(0, 7, len(cells)) << shift)
    return child


def _occurrences(values: IntArray) -> IntArray:
    """How often each value occurs."""
    _, back, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(counts[back], np.int64)


def _windows(months: IntArray) -> IntArray:
    """Quarters, of which one with a single month joins the one before it, or after it, where that has months too."""
    quarters = months // 3
    found = np.unique(quarters).tolist()
    single = {one: len(np.unique(months[quarters == one])) == 1 for one in found}
    joined: dict[int, int] = {}
    for one in found:
        joined[one] = one - 1 if single[one] and joined.get(one - 1) == one - 1 else one
    for one in found:
        if single[one] and joined[one] == one and joined.get(one + 1) == one + 1:
            joined[one] = one + 1
    return np.array([joined[one] for one in quarters.tolist()], np.int64)


def _any_day(month: IntArray, whole_month: BoolArray, known: tuple[int, int], rng: np.random.Generator) -> IntArray:
    """A day of the month that the data cover; the first one where nothing but months is known."""
    starts = month.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    ends = (month + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - 1
    low, high = np.maximum(starts, known[0]), np.minimum(ends, known[1])
    days = low + np.floor(rng.random(len(month)) * (np.maximum(high, low) - low + 1)).astype(np.int64)
    return np.where(whole_month, starts, days)


def _somebody_near(units: Units, place: IntArray, rng: np.random.Generator) -> IntArray:
    """For each taken place somebody in the same cell of resolution 8 and region; itself where nobody else is there."""
    known = np.flatnonzero(units.place >= 0)
    key = _joined(units.coarse, units.region)
    order = known[np.argsort(key[known], kind="stable")]
    levels, starts, counts = np.unique(key[order], return_index=True, return_counts=True)
    at = np.searchsorted(levels, key[place])
    at = np.minimum(at, max(len(levels) - 1, 0))
    found = place.copy()
    mapped = units.place[place] >= 0
    if len(levels):
        picks = starts[at] + np.floor(rng.random(len(place)) * counts[at]).astype(np.int64)
        found[mapped] = order[picks[mapped]]
    return found


def _alike(rows: IntArray, *columns: IntArray) -> IntArray:
    """How many of the rows are alike in all columns, for each row."""
    if not len(rows):
        return np.zeros(0, np.int64)
    return _occurrences(_joined(*(column[rows] for column in columns)))


def _joined(*columns: np.ndarray[Any, Any]) -> IntArray:
    """One code for what several columns hold."""
    frame = pd.DataFrame({str(at): np.asarray(column) for at, column in enumerate(columns)})
    return np.asarray(frame.groupby(list(frame.columns), sort=False).ngroup().to_numpy(), np.int64)


def _pair(
    rows: IntArray, within: Sequence[IntArray], apart: IntArray, taken: IntArray, rng: np.random.Generator
) -> IntArray:
    """Let rows of one group exchange in pairs at random, those alone in `apart` excepted; who found no partner."""
    if len(rows) < 2:
        return rows
    group = _joined(*(column[rows] for column in within))
    order = np.lexsort((rng.random(len(rows)), group))
    return _swap_neighbours(rows[order], group[order], apart, taken)


def _swap_neighbours(rows: IntArray, group: IntArray, apart: IntArray, taken: IntArray) -> IntArray:
    """Exchange the first with the second of each group, the third with the fourth and so on, unless both are in one
    place; returns who did not exchange.
    """
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    position = np.arange(len(rows)) - np.repeat(starts, np.diff(np.r_[starts, len(rows)]))
    first = np.flatnonzero(position % 2 == 0)
    first = first[first + 1 < len(rows)]
    first = first[group[first + 1] == group[first]]
    one, two = rows[first], rows[first + 1]
    differ = apart[one] != apart[two]
    one, two = one[differ], two[differ]
    taken[one], taken[two] = two, one
    done = np.zeros(len(taken), bool)
    done[one] = done[two] = True
    return rows[~done[rows]]


def _permuted(rows: IntArray, within: Sequence[IntArray | BoolArray], rng: np.random.Generator) -> IntArray:
    """The rows in a random order within their groups."""
    group = _joined(*(np.asarray(column)[rows] for column in within)) if len(rows) else rows
    place = np.argsort(group, kind="stable")
    shuffled = np.lexsort((rng.random(len(rows)), group))
    found = rows.copy()
    found[place] = rows[shuffled]
    return found
