"""How often a report of a category is to be expected at a place and time anyway: the other side of the mixture.

The rate of incidents around each alert is its share of the city's, learned from the same place at all other times and
shrunk from the city to squares of 450 m and of 150 m, times the city's rate around that time, times what the place had
on the days before and after (the fourth to the tenth) against that. So neither a static hot spot nor a season, a
campaign or a place that has just become hot is taken for reports of one incident.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from analysis.incidents.bands import AREAS, DAY_H, METRES, REFERENCE_H, SAME_TIME_H
from analysis.incidents.pairs import NearPairs, Pairs, Points, Squares, Window
from curim_data.model import FloatArray, IntArray

# Sides of the squares whose three by three are a neighbourhood.
SIDES_M: Final = (150.0, 50.0)
POINT_M: Final = 1e-3  # of one point are alerts in one square of this side
# Strength of the larger neighbourhood as the prior of the smaller one, in alerts: places differ much.
_PRIOR: Final = 1.0
_PRIOR_NOW: Final = 2.0
_LEAST_NOW: Final = 0.25  # a quiet fortnight is no ground to link what is usual in the long run
NOW_BANDS: Final = METRES.index(150.0) + 1
_AROUND_H: Final = 7 * DAY_H
_AROUND_ALERTS: Final = 25
_HOURS_OF_LAG: Final = 13
_PRIOR_PAIRS: Final = 20.0


@dataclass(frozen=True)
class Ground:
    """What a background is worked out with: learned once, then kept.

    origin : corner of the squares. area : m² of the squares of 150 m that hold alerts.
    clumping : shape (bands of distance,): pairs seen in each band on other days, by those that neighbourhoods of 150 m
        give; above 1 where places are smaller than that, or coordinates are moved to a street's or a block's point.
    daily : shape (13,): pairs so many hours off a whole number of days apart, by those of a day of even hours.
    """

    origin: tuple[float, float]
    area: float
    clumping: FloatArray
    daily: FloatArray

    def of_lag(self, hours: FloatArray) -> FloatArray:
        """The factor of the time of day for each lag in hours."""
        off = np.abs(hours - DAY_H * np.round(hours / DAY_H))
        return np.where(hours <= SAME_TIME_H, 1.0, self.daily[np.round(off).astype(np.int64)])


class Background:
    """Rates of incidents around alerts."""

    def __init__(self, points: Points, origin: tuple[float, float], area: float | None = None) -> None:
        """`points`: in order of time. `area`: m² with alerts; None: that of these."""
        self.points = points
        self._category = np.unique(points.category, return_inverse=True)[1].astype(np.int32)
        self._squares = [Squares(points, side, origin) for side in SIDES_M]
        self._place = Squares(points, POINT_M, origin).number  # of each alert the number of its point
        everywhere = Points(points.x, points.y, points.hours, np.zeros(len(points), dtype=np.int64))
        self.area = area if area is not None else len(Squares(everywhere, SIDES_M[0], origin)) * SIDES_M[0] ** 2

    def city_rate(self, weights: FloatArray, period_h: float) -> FloatArray:
        """Incidents of the city an hour around each alert: in the weeks before and after, or as long as 50 alerts take.

        `weights`, shape (n,): incidents that each row counts as.
        """
        total = np.concatenate([[0.0], np.cumsum(weights)])
        return rate_around(total, self._windows, period_h)

    @cached_property
    def _windows(self) -> tuple[IntArray, IntArray, FloatArray]:
        hours = self.points.hours
        return time_around(hours, hours, np.arange(len(hours)))

    def density(self, rows: IntArray, weights: FloatArray, near: Pairs) -> tuple[FloatArray, FloatArray]:
        """Share of the city's incidents that a category has by m² around some alerts, and that it has at their point.

        The alert itself and others of the days around it do not count; `near`: the pairs of these rows with those.
        """
        total = weights.sum()
        of_category = np.asarray(np.bincount(self._category, weights=weights)[self._category[rows]], dtype=float)
        index = np.full(len(self.points), -1, dtype=np.int64)
        index[rows] = np.arange(len(rows))
        around = list[FloatArray]()
        for squares, side in zip(self._squares, SIDES_M, strict=True):
            counted = squares.sums(weights)[squares.number[rows]]
            own = near.where(near.metres <= disc(side))
            counted -= weights[rows] + np.bincount(index[own.row], weights=weights[own.other], minlength=len(rows))
            around.append(counted)
        here = near.where(near.metres <= METRES[0])
        at_point = np.bincount(self._place, weights=weights)[self._place[rows]] - weights[rows]
        at_point -= np.bincount(index[here.row], weights=weights[here.other], minlength=len(rows))
        return share_of_city(of_category, total, self.area, around), at_point.clip(0)

    def expected(
        self, rows: IntArray, weights: FloatArray, near: Pairs, clumping: FloatArray, period_h: float
    ) -> FloatArray:
        """Incidents an hour that would be expected in each band of distance around some alerts; (n rows, bands)."""
        share, at_point = self.density(rows, weights, near)
        bands = share[:, None] * (AREAS * clumping)
        bands[:, 0] = share_of_point(at_point, weights.sum(), bands[:, 0])
        return np.asarray(bands * self.city_rate(weights, period_h)[rows, None])

    def reference_hours(self, rows: IntArray) -> FloatArray:
        """Hours of the reference (both sides) of some alerts for which there are data; shape (n rows,)."""
        hours = self.points.hours
        return reference_hours(hours[rows], hours[0], hours[-1])

    def now(self, rows: IntArray, expected: FloatArray, seen: FloatArray) -> FloatArray:
        """How much the rate on the days before and after differs from the long-run one; shape (n rows,).

        `expected` from `expected`; `seen`: incidents within 150 m in the reference, shape (n rows,).
        """
        return against_usual(seen, expected[:, :NOW_BANDS].sum(axis=1) * self.reference_hours(rows))


NOW_METRES: Final = METRES[NOW_BANDS - 1]


def disc(side: float) -> float:
    """Metres around an alert within which a disc is as large as nine squares of that side."""
    return float(3 * side / np.sqrt(np.pi))


def share_of_city(of_category: FloatArray, total: float, area: float, around: Iterable[FloatArray]) -> FloatArray:
    """Share of the city's incidents that a category has by m² around some alerts; arrays of shape (n,).

    `of_category`: incidents of each alert's category, of `total` in the city on `area` m². `around`: those in the nine
    squares of each of the sides, larger ones first, without the alert and others of the days around it.
    """
    share = np.maximum(of_category, 0.5) / (total * area)
    for counted, side in zip(around, SIDES_M, strict=True):
        share = (counted.clip(0) + _PRIOR) / (total * (9 * side**2) + _PRIOR / share)
    return share


def share_of_point(at_point: FloatArray, total: float, around: FloatArray) -> FloatArray:
    """Share of the city's incidents that a category has in the first band of distance: `at_point` incidents of `total`,
    shrunk to the share that the place `around` gives; arrays of shape (n,).
    """
    return np.asarray((at_point + _PRIOR) / (total + _PRIOR / around))


def time_around(hours: FloatArray, moments: FloatArray, place: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    """The weeks around some moments: first row, the row after the last, and their hours; arrays of shape (moments,).

    `hours`: of all alerts, in order. `place`: the row of each moment among them.
    """
    start = np.minimum(np.searchsorted(hours, moments - _AROUND_H), (place - _AROUND_ALERTS).clip(0))
    stop = np.maximum(
        np.searchsorted(hours, moments + _AROUND_H, side="right"), (place + _AROUND_ALERTS + 1).clip(max=len(hours))
    )
    since = np.maximum(np.minimum(hours[start], moments - _AROUND_H), hours[0])
    until = np.minimum(np.maximum(hours[stop - 1], moments + _AROUND_H), hours[-1])
    return start, stop, until - since


def rate_around(total: FloatArray, around: tuple[IntArray, IntArray, FloatArray], period_h: float) -> FloatArray:
    """Incidents an hour in the time `around` some moments; shape (moments,).

    `total`: sums of the incidents of all alerts before each row in order of time, shape (n + 1,).
    """
    start, stop, length = around
    return np.asarray((total[stop] - total[start]) / np.maximum(length, min(2 * _AROUND_H, max(period_h, DAY_H))))


def reference_hours(hours: FloatArray, first: float, last: float) -> FloatArray:
    """Hours of the reference (both sides) of some moments between the first and the last alert; shape as `hours`."""
    low, high = REFERENCE_H
    return np.asarray((hours - first).clip(low, high) - low + ((last - hours).clip(low, high) - low))


def against_usual(seen: FloatArray, usual: FloatArray) -> FloatArray:
    """How much more is seen on the days before and after than usual; arrays of shape (n,)."""
    return np.asarray(((seen + _PRIOR_NOW) / (usual + _PRIOR_NOW)).clip(_LEAST_NOW))


def daily_pattern(points: Points, reference: Pairs, weights: FloatArray, step: float) -> FloatArray:
    """How often alerts of one category and place are so many hours off whole days apart, against even hours.

    From the pairs of the reference, shrunk to what the hours of the day of all alerts of a category give. 1 where only
    dates are known.

    Returns
    -------
    array, shape (13,): 0 to 12 hours off
    """
    if step >= DAY_H or not len(points):
        return np.ones(_HOURS_OF_LAG)
    size = np.r_[0.5, np.ones(_HOURS_OF_LAG - 2), 0.5] / 12
    category = np.unique(points.category, return_inverse=True)[1]
    hour = np.floor(points.hours % DAY_H).astype(np.int64)
    table = np.bincount(category * 24 + hour, minlength=24 * (category.max() + 1)).reshape(-1, 24)
    city = np.array([(table * np.roll(table, -off, axis=1)).sum() for off in range(_HOURS_OF_LAG)], dtype=float)
    city[0] -= table.sum()
    even = (table.sum(axis=1, dtype=float) ** 2).sum() / 24
    city = (city + _PRIOR_PAIRS) / (even + _PRIOR_PAIRS)
    lag = np.abs(reference.hours)
    off = np.abs(lag - DAY_H * np.round(lag / DAY_H))
    apart = off > SAME_TIME_H
    weight = weights[reference.row] * weights[reference.other]
    seen = np.bincount(np.round(off[apart]).astype(np.int64), weights=weight[apart], minlength=_HOURS_OF_LAG)
    due = seen.sum() * size * city / (size * city).sum()
    return np.asarray(city * (seen + _PRIOR_PAIRS) / (due + _PRIOR_PAIRS))


def reference_windows(pairs: NearPairs, rows: IntArray) -> tuple[Window, Window]:
    """Both sides of the reference of some alerts."""
    low, high = REFERENCE_H
    return pairs.window(rows, low, high), pairs.window(rows, -high, -low)


def reference_sums(
    pairs: NearPairs, rows: IntArray, weights: FloatArray, metres: float, windows: tuple[Window, Window]
) -> FloatArray:
    """Incidents of its category within `metres` of each of some alerts in the reference; shape (n rows,).

    `windows`: those of these alerts, or of more. Where there are so many that only a part is looked at, they are taken
    to be as many times more as candidates are.
    """
    index = np.full(len(weights), -1, dtype=np.int64)
    index[rows] = np.arange(len(rows))
    seen = np.zeros(len(rows))
    for window in windows:
        for lot, found, part in pairs.lots(rows, window):
            near = found.where(found.metres <= metres)
            sums = np.bincount(index[near.row], weights=weights[near.other], minlength=len(rows))
            seen[index[lot]] += sums[index[lot]] / part
    return seen
