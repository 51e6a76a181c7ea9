"""What lies around some of very many alerts: found in one sweep over all, without putting them in order.

Sums by square and point are kept only where they are asked for, and only alerts near enough in place and time (by
squares of 150 m and days) are paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.incidents.background import (
    NOW_BANDS,
    NOW_METRES,
    POINT_M,
    SIDES_M,
    against_usual,
    disc,
    rate_around,
    reference_hours,
    reference_sums,
    reference_windows,
    share_of_city,
    share_of_point,
    time_around,
)
from analysis.incidents.bands import AREAS, DAY_H, METRES, REACH_M, REFERENCE_H
from analysis.incidents.linking import Linking
from analysis.incidents.pairs import NearPairs, Pairs, Points
from curim_data.model import BoolArray, FloatArray, IntArray

_AT_A_TIME: Final = 1 << 17  # alerts of the sweep: what is worked out of them stays in the processor's cache
_SLOTS: Final = (1 << 25, 1 << 27)  # fewest and most marks of places and days, a byte each
_SLOTS_EACH: Final = 32  # marks for each alert
_MARGIN_H: Final = 0.01
# Odd numbers of 64 bits that spread keys: two squares share one in 2**64 cases.
_KIND, _COLUMN = -7046029254386353131, -4417276706812531889
_SELF: Final = ((0, 0),)
_NINE: Final = tuple((dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
_REACH: Final = int(np.ceil(REACH_M / SIDES_M[0]))
_NOW_REACH: Final = int(np.ceil(NOW_METRES / SIDES_M[0]))


class Clock:
    """Alerts in order of time, for the city's rate."""

    def __init__(self, hours: FloatArray) -> None:
        """`hours`, shape (n,): NaN where not known; fastest where nearly in order."""
        self._order = np.argsort(hours, kind="stable")[: np.count_nonzero(np.isfinite(hours))]
        self._hours = hours[self._order]
        self.first, self.last = float(self._hours[0]), float(self._hours[-1])

    def __len__(self) -> int:
        """How many have a time."""
        return len(self._order)

    def rate(self, moments: FloatArray, weights: FloatArray, period_h: float) -> FloatArray:
        """Incidents of the city an hour around some moments; shape as `moments`. `weights`: shape (n,)."""
        total = np.zeros(len(self) + 1)
        np.cumsum(weights[self._order], dtype=float, out=total[1:])
        place = np.searchsorted(self._hours, moments)
        return rate_around(total, time_around(self._hours, moments, place), period_h)


class Surroundings:
    """Some of all alerts with what lies around them."""

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
        self._points, self._fixed, self._origin = points, fixed, origin
        asked = points.only(rows)
        codes, self._kind = np.unique(asked.category, return_inverse=True)
        self._codes = pd.Index(codes)
        self._alerts = _Sums(_keys(asked, POINT_M, origin), _SELF)
        self._at_point = _Sums(_of_kind(_keys(asked, POINT_M, origin), self._kind), _SELF)
        squares = [_of_kind(_keys(asked, side, origin), self._kind) for side in SIDES_M]
        self._squares = [_Sums(keys, _NINE) for keys in squares]
        self._marks = _Marks(squares[0], asked.hours, len(points))
        self._total, self._sums_of_kind = 0.0, np.zeros(len(codes))
        near = [self._swept(at, weights) for at in range(0, fixed, _AT_A_TIME)]
        self._others = self._placed(slice(fixed, len(points)))
        self._alerts.add(self._others.point)
        some = np.concatenate([*near, self._others.rows])
        self._some = some[np.argsort(points.hours[some], kind="stable")]
        self._pairs = NearPairs(points.only(self._some), REACH_M)
        place = np.full(len(points), -1, np.int32)
        place[self._some] = np.arange(len(self._some), dtype=np.int32)
        self._here = place[rows].astype(np.int64)

    @property
    def at_point(self) -> IntArray:
        """How many alerts of all categories lie at the point of each of the rows; shape (n,)."""
        return np.rint(self._alerts.around()).astype(np.int64)

    def near(self) -> Pairs:
        """The pairs of the rows with others of the days before and after that are no reference."""
        found = Pairs.together(list(self._pairs.pairs(self._here, -REFERENCE_H[0], REFERENCE_H[0])))
        return Pairs(self._some[found.row], self._some[found.other], found.metres, found.hours)

    def rates(
        self, near: Pairs, weights: FloatArray, clock: Clock, linking: Linking, *, now: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Incidents an hour expected around each of the rows in the first band of distance, and by m² in the others
        before clumping; shapes (n,). `near`: what `near` gave. `now`: as on the days before and after.
        """
        share, at_point, total = self._density(near, weights, linking.ground.area)
        bands = AREAS * linking.ground.clumping
        moments = self._points.hours[self.rows]
        city = clock.rate(moments, weights, linking.period_h)
        here, around = share_of_point(at_point, total, share * bands[0]) * city, share * city
        if not now:
            return here, around
        usual = here + around * bands[1:NOW_BANDS].sum()
        usual *= reference_hours(moments, clock.first, clock.last)
        windows = reference_windows(self._pairs, self._here)
        seen = reference_sums(self._pairs, self._here, weights[self._some], NOW_METRES, windows)
        factor = against_usual(seen, usual)
        return here * factor, around * factor

    def _density(self, near: Pairs, weights: FloatArray, area: float) -> tuple[FloatArray, FloatArray, float]:
        """Share of the city's incidents by m², incidents at the point, and all of the city, as in `Background`."""
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
        point = without(self._at_point.around(others.own_point, more), METRES[0]).clip(0)
        return share_of_city(of_kind[self._kind], total, area, around), point, total

    def _placed(self, part: slice) -> _Placed:
        """Where those of some alerts lie that have a time."""
        points = self._points
        known = np.flatnonzero(np.isfinite(points.hours[part]))
        some = Points(points.x[part], points.y[part], points.hours[part], points.category[part]).only(known)
        kind = _number(self._codes, some.category)
        keys = _keys(some, POINT_M, self._origin)
        point = self._alerts.number(keys)
        own_point = np.full(len(known), -1)
        there = np.flatnonzero((point >= 0) & (kind >= 0))
        own_point[there] = self._at_point.number(_of_kind(keys[there], kind[there]))
        square_keys = [_of_kind(_keys(some, side, self._origin), kind) for side in SIDES_M]
        squares = [sums.number(each) for sums, each in zip(self._squares, square_keys, strict=True)]
        near = self._marks.marked(square_keys[0], some.hours)
        return _Placed(known + part.start, kind, point, own_point, squares, near)

    def _swept(self, at: int, weights: FloatArray) -> IntArray:
        """Count some alerts, from a row on; gives the rows of those near enough to be paired."""
        found = self._placed(slice(at, min(at + _AT_A_TIME, self._fixed)))
        mine = weights[found.rows].astype(float)
        self._total += mine.sum()
        self._sums_of_kind += found.of_kind(mine, len(self._sums_of_kind))
        self._alerts.add(found.point)
        self._at_point.add(found.own_point, mine)
        for sums, number in zip(self._squares, found.squares, strict=True):
            sums.add(number, mine)
        return found.rows[found.near]


@dataclass(frozen=True, eq=False)
class _Placed:
    """Some alerts with the numbers of their category, of their point (for all categories and for their own) and of
    their squares, -1 for what nobody asks for, and whether they are near those that are asked about; shapes (m,).
    """

    rows: IntArray
    kind: IntArray
    point: IntArray
    own_point: IntArray
    squares: list[IntArray]
    near: BoolArray

    def of_kind(self, weights: FloatArray, number: int) -> FloatArray:
        """The sum of the weights of each category that is asked for, shape (number,)."""
        return np.bincount(self.kind + 1, weights=weights, minlength=number + 1)[1:].astype(float)


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


class _Marks:
    """Which squares and days are near some alerts: a table of marks in which squares may share a place."""

    def __init__(self, keys: IntArray, hours: FloatArray, number: int) -> None:
        """`keys`: squares of 150 m of the alerts; `number`: of all alerts, for the size of the table."""
        low, high = (span + _MARGIN_H for span in REFERENCE_H)
        self._first = int(np.floor((hours.min() - high) / DAY_H))
        self._days = int(np.floor((hours.max() + high) / DAY_H)) - self._first + 1
        self._places = max(int(np.clip(_SLOTS_EACH * number, *_SLOTS)) // self._days, 1)
        self._table = np.zeros(self._days * self._places, dtype=bool)
        order = np.argsort(hours)
        keys, hours = keys[order], hours[order]
        for dx in range(-_REACH, _REACH + 1):
            for dy in range(-_REACH, _REACH + 1):
                span = high if max(abs(dx), abs(dy)) <= _NOW_REACH else low
                place = self._place(keys + (dx * _COLUMN + dy))
                start, stop = self._day(hours - span), self._day(hours + span)
                for more in range(int((stop - start).max()) + 1):
                    self._table[np.minimum(start + more, stop) * self._places + place] = True

    def marked(self, keys: IntArray, hours: FloatArray) -> BoolArray:
        """Whether each alert may be near one of them; all that are, and some others. Shape (m,)."""
        day = self._day(hours)
        inside = (day >= 0) & (day < self._days)
        slot = np.where(inside, day, 0) * self._places + self._place(keys)
        return np.asarray(self._table[slot] & inside)

    def _place(self, keys: IntArray) -> IntArray:
        spread = ((keys * _KIND).view(np.uint64) >> np.uint64(32)).view(np.int64)
        return np.asarray((spread * self._places) >> 32)

    def _day(self, hours: FloatArray) -> IntArray:
        return np.floor(hours / DAY_H).astype(np.int64) - self._first
