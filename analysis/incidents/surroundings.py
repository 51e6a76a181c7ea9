"""What lies around some of very many alerts: found in one sweep over all, without putting them in order.

Sums by square and point are kept only where they are asked for, and only alerts near enough in place and time (by
squares of 150 m and days) are paired.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.incidents.background import (
    NOW_METRES,
    POINT_M,
    SIDES_M,
    disc,
    rate_around,
    reference_hours,
    reference_sums,
    share_of_city,
    share_of_point,
    time_around,
)
from analysis.incidents.bands import AREAS, DAY_H, METRES, REACH_H, REACH_M, REFERENCE_H
from analysis.incidents.linking import Linking
from analysis.incidents.pairs import NearPairs, Pairs, Points, Window, most_of_a_square
from curim_data.model import FloatArray, IntArray

_AT_A_TIME: Final = 1 << 17  # alerts of the sweep: what is worked out of them stays in the processor's cache
_SLOTS: Final = (1 << 25, 1 << 27)  # fewest and most marks of places and times, a byte each
_SLOTS_EACH: Final = 32  # marks for each alert
_SPAN_H: Final = DAY_H  # of a mark
_MARGIN_H: Final = 0.01
# Odd numbers of 64 bits that spread keys: two squares share one in 2**64 cases.
_KIND, _COLUMN = -7046029254386353131, -4417276706812531889
_SELF: Final = ((0, 0),)
_NINE: Final = tuple((dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
_REACH: Final = int(np.ceil(REACH_M / SIDES_M[0]))
_NOW_REACH: Final = int(np.ceil(NOW_METRES / SIDES_M[0]))


class Clock:
    """The city's rate around some alerts."""

    def __init__(self, hours: FloatArray, rows: IntArray) -> None:
        """`hours` of all, shape (all,): NaN where not known; fastest where nearly in order. `rows`: shape (n,)."""
        order = np.argsort(hours, kind="stable")[: np.count_nonzero(np.isfinite(hours))]
        in_order, self._moments = hours[order], hours[rows]
        self._order = order.astype(np.int32)
        self._around = time_around(in_order, self._moments, np.searchsorted(in_order, self._moments))
        first, last = float(in_order[0]), float(in_order[-1])
        self.reference_h = reference_hours(self._moments, first, last)

    def rate(self, weights: FloatArray, period_h: float) -> FloatArray:
        """Incidents of the city an hour around each of the rows; shape (n,). `weights`: shape (all,)."""
        total = np.zeros(len(self._order) + 1)
        np.cumsum(weights[self._order], dtype=float, out=total[1:])
        return rate_around(total, self._around, period_h)


class Calendar:
    """Where and when alerts of some categories are, as numbers that say which may be near each other: those of squares
    of 150 m and days, of which some share one.
    """

    def __init__(self, points: Points, asked: IntArray, origin: tuple[float, float]) -> None:
        """`points`: all alerts, in any order, hours NaN for those that do not count. `asked`: rows that alerts are
        looked for around, or around their neighbours; shape (n,).
        """
        self.points, self.origin = points, origin
        hours = points.hours[asked]
        far = REACH_H + REFERENCE_H[1] + _SPAN_H
        self._codes = pd.Index(np.unique(points.category[asked]))
        self._first = int(np.floor((hours.min() - far) / _SPAN_H))
        self._spans = int(np.floor((hours.max() + far) / _SPAN_H)) - self._first + 1
        self._places = max(int(np.clip(_SLOTS_EACH * len(points), *_SLOTS)) // self._spans, 1)
        self._slots = np.full(len(points), -1, np.int32)
        for at in range(0, len(points), _AT_A_TIME):
            part = slice(at, at + _AT_A_TIME)
            self._slots[part] = self._slot(_part(points, part))

    def near(self, rows: IntArray) -> IntArray:
        """Rows of all alerts that may be near enough to some alerts, in order: all that are, and others."""
        marks = np.zeros(self._spans * self._places + 1, dtype=bool)  # the last one for alerts without a number
        rows = rows[np.argsort(self.points.hours[rows])]
        some = self.points.only(rows)
        hours, kind = some.hours, _number(self._codes, some.category)
        keys = _of_kind(_keys(some, SIDES_M[0], self.origin), kind)
        low, high = (span + _MARGIN_H for span in REFERENCE_H)
        for dx in range(-_REACH, _REACH + 1):
            for dy in range(-_REACH, _REACH + 1):
                far = high if max(abs(dx), abs(dy)) <= _NOW_REACH else low
                place = self._place(keys + (dx * _COLUMN + dy))
                start, stop = self._span(hours - far), self._span(hours + far)
                for more in range(int((stop - start).max()) + 1):
                    marks[np.minimum(start + more, stop) * self._places + place] = True
        parts = range(0, len(self._slots), _AT_A_TIME)
        return np.concatenate([at + np.flatnonzero(marks[self._slots[at : at + _AT_A_TIME]]) for at in parts])

    def _slot(self, points: Points) -> IntArray:
        kind = _number(self._codes, points.category)
        rows = np.flatnonzero((kind >= 0) & np.isfinite(points.hours))
        some = points.only(rows)
        span, keys = self._span(some.hours), _of_kind(_keys(some, SIDES_M[0], self.origin), kind[rows])
        inside = (span >= 0) & (span < self._spans)
        out = np.full(len(points), -1)
        out[rows] = np.where(inside, span * self._places + self._place(keys), -1)
        return out

    def _place(self, keys: IntArray) -> IntArray:
        spread = ((keys * _KIND).view(np.uint64) >> np.uint64(32)).view(np.int64)
        return np.asarray((spread * self._places) >> 32)

    def _span(self, hours: FloatArray) -> IntArray:
        return np.floor(hours / _SPAN_H).astype(np.int64) - self._first


class Nearby:
    """Pairs of some alerts with others."""

    def __init__(self, calendar: Calendar, rows: IntArray, alerts: int) -> None:
        """`rows`: of alerts with place and time. `alerts`: how many there are in all; where they have more candidates
        than are looked at when all are linked, as many of a square are looked at as then.
        """
        points, some = calendar.points, calendar.near(rows)
        self.rows, self._alerts = rows, alerts
        order = np.argsort(points.hours[some], kind="stable")
        self._some = some[order]
        self._pairs = NearPairs(points.only(self._some), REACH_M)
        place = np.empty(len(some), np.int64)
        place[order] = np.arange(len(some))
        self._here = place[np.searchsorted(some, rows)]

    def pairs(self, since: float, until: float) -> Pairs:
        """Pairs of the rows with those from `since` to `until` hours before them (below 0: after)."""
        found = Pairs.together(list(self._pairs.within(self._here, self._window(since, until))))
        return Pairs(self._some[found.row], self._some[found.other], found.metres, found.hours)

    def seen(self, weights: FloatArray) -> FloatArray:
        """Incidents within 150 m of each of the rows on the days of the reference; shape (n,)."""
        low, high = REFERENCE_H
        windows = self._window(low, high), self._window(-high, -low)
        return reference_sums(self._pairs, self._here, weights[self._some], NOW_METRES, windows)

    def _window(self, since: float, until: float) -> Window:
        window = self._pairs.window(self._here, since, until)
        mean = float(window.number[self._here].mean())
        most = most_of_a_square(round(mean * self._alerts), self._alerts)
        return window if most is None else replace(window, most=min(most, window.most))


class Places:
    """Incidents around some alerts at all times."""

    def __init__(self, points: Points, weights: FloatArray, fixed: int, rows: IntArray, origin: tuple[float, float]):
        """
        Parameters
        ----------
        points : Points
            All alerts, in any order; hours NaN for those that do not count.
        weights : array, shape (all,)
            Incidents that each counts as.
        fixed : int
            So many of the first have weights that do not change.
        rows : array of int, shape (n,)
            Alerts that are asked about, in order, with place and time.
        origin : corner of the squares.
        """
        self.rows = rows
        self._points, self._origin = points, origin
        asked = points.only(rows)
        codes, self._kind = np.unique(asked.category, return_inverse=True)
        self._codes = pd.Index(codes)
        self._alerts = _Sums(_keys(asked, POINT_M, origin), _SELF)
        self._at_point = _Sums(_of_kind(_keys(asked, POINT_M, origin), self._kind), _SELF)
        self._squares = [_Sums(_of_kind(_keys(asked, side, origin), self._kind), _NINE) for side in SIDES_M]
        self._total, self._sums_of_kind = 0.0, np.zeros(len(codes))
        for at in range(0, fixed, _AT_A_TIME):
            self._count(self._placed(slice(at, min(at + _AT_A_TIME, fixed))), weights)
        self._others = self._placed(slice(fixed, len(points)))
        self._alerts.add(self._others.point)

    @property
    def at_point(self) -> IntArray:
        """How many alerts of all categories lie at the point of each of the rows; shape (n,)."""
        return np.rint(self._alerts.around()).astype(np.int64)

    def share(self, near: Pairs, weights: FloatArray, linking: Linking) -> tuple[FloatArray, FloatArray]:
        """Share of the city's incidents around each of the rows in the first band of distance, and by m² in the others
        before clumping, as in `Background`; shapes (n,). `near`: their pairs with others of the days around them.
        """
        others = self._others
        more = weights[others.rows].astype(float)
        total = self._total + more.sum()
        of_kind = self._sums_of_kind + others.of_kind(more, len(self._sums_of_kind))
        mine, row, other = weights[self.rows], np.searchsorted(self.rows, near.row), weights[near.other]

        def without(found: FloatArray, metres: float) -> FloatArray:
            own = near.metres <= metres
            return found - mine - np.bincount(row[own], weights=other[own], minlength=len(mine))

        around = [
            without(sums.around(number, more), disc(side))
            for sums, number, side in zip(self._squares, others.squares, SIDES_M, strict=True)
        ]
        share = share_of_city(of_kind[self._kind], total, linking.ground.area, around)
        point = without(self._at_point.around(others.own_point, more), METRES[0]).clip(0)
        return share_of_point(point, total, share * (AREAS * linking.ground.clumping)[0]), share

    def _placed(self, part: slice) -> _Placed:
        """Where those of some alerts lie that have a time."""
        points = _part(self._points, part)
        known = np.flatnonzero(np.isfinite(points.hours))
        some = points.only(known)
        kind = _number(self._codes, some.category)
        keys = _keys(some, POINT_M, self._origin)
        point = self._alerts.number(keys)
        own_point = np.full(len(known), -1)
        there = np.flatnonzero((point >= 0) & (kind >= 0))
        own_point[there] = self._at_point.number(_of_kind(keys[there], kind[there]))
        squares = [
            sums.number(_of_kind(_keys(some, side, self._origin), kind))
            for sums, side in zip(self._squares, SIDES_M, strict=True)
        ]
        return _Placed(known + part.start, kind, point, own_point, squares)

    def _count(self, found: _Placed, weights: FloatArray) -> None:
        mine = weights[found.rows].astype(float)
        self._total += mine.sum()
        self._sums_of_kind += found.of_kind(mine, len(self._sums_of_kind))
        self._alerts.add(found.point)
        self._at_point.add(found.own_point, mine)
        for sums, number in zip(self._squares, found.squares, strict=True):
            sums.add(number, mine)


@dataclass(frozen=True, eq=False)
class _Placed:
    """Some alerts with the numbers of their category, of their point (for all categories and for their own) and of
    their squares, -1 for what nobody asks for; shapes (m,).
    """

    rows: IntArray
    kind: IntArray
    point: IntArray
    own_point: IntArray
    squares: list[IntArray]

    def of_kind(self, weights: FloatArray, number: int) -> FloatArray:
        """The sum of the weights of each category that is asked for, shape (number,)."""
        return np.bincount(self.kind + 1, weights=weights, minlength=number + 1)[1:].astype(float)


def _part(points: Points, part: slice) -> Points:
    return Points(points.x[part], points.y[part], points.hours[part], points.category[part])


def _keys(points: Points, side: float, origin: tuple[float, float]) -> IntArray:
    """A number for each square."""
    column = np.floor((points.x - origin[0]) / side).astype(np.int64)
    row = np.floor((points.y - origin[1]) / side).astype(np.int64)
    return np.asarray(column * _COLUMN + row)


def _of_kind(keys: IntArray, kind: IntArray) -> IntArray:
    """A number for each square of each category."""
    return np.asarray(keys + kind * _KIND)


def _number(known: pd.Index[Any], values: IntArray) -> IntArray:
    """The number of each value among those known, -1 for others."""
    return np.asarray(known.get_indexer(pd.Index(values)), dtype=np.int64)


class _Sums:
    """Sums by square for some alerts."""

    def __init__(self, keys: IntArray, around: tuple[tuple[int, int], ...]) -> None:
        """`keys`: the squares of the alerts, shape (n,); `around`: what is asked for of each, in columns and rows."""
        wanted = [keys + (dx * _COLUMN + dy) for dx, dy in around]
        known, number = np.unique(np.concatenate(wanted), return_inverse=True)
        self._known, self._around = pd.Index(known), number.reshape(len(around), len(keys))
        self._sums = np.zeros(len(known) + 1)  # the last for all that nobody asks for

    def number(self, keys: IntArray) -> IntArray:
        """The number of each square among those asked for, -1 for others."""
        return _number(self._known, keys)

    def add(self, number: IntArray, weights: FloatArray | float = 1.0) -> None:
        """Alerts with the numbers of their squares; shapes (m,)."""
        np.add.at(self._sums, number, weights)

    def around(self, number: IntArray | None = None, weights: FloatArray | None = None) -> FloatArray:
        """The sum around each alert, shape (n,), with others that are not kept."""
        sums = self._sums.copy()
        if number is not None and weights is not None:
            np.add.at(sums, number, weights)
        return np.asarray(sums[self._around].sum(axis=0))
