"""Pairs of alerts of one category that are near in place and time, without ever holding too many of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from curim_data.model import BoolArray, FloatArray, IntArray

# Candidates in memory at a time (about 100 bytes each), and looked at in all: where there are more, only those next
# in time of each neighbouring square are.
AT_A_TIME: Final = 500_000
IN_ALL: Final = 8_000_000
ROWS_AT_A_TIME: Final = 200_000  # alerts whose candidates are counted at once
_TICK_H: Final = 1e-5  # times are told apart to so many hours (a thirtieth of a second)
_LEAST_EACH: Final = 4
_AROUND: Final = tuple((dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))


@dataclass(frozen=True)
class Points:
    """Alerts with place and time, in order of time: metres, hours, and category codes; arrays of shape (n,)."""

    x: FloatArray
    y: FloatArray
    hours: FloatArray
    category: IntArray

    def __len__(self) -> int:
        return len(self.x)

    def only(self, rows: IntArray | BoolArray) -> Points:
        """Some of the alerts."""
        return Points(self.x[rows], self.y[rows], self.hours[rows], self.category[rows])


@dataclass(frozen=True)
class Pairs:
    """Pairs of alerts: an alert's row, its neighbour's, metres between and hours from the neighbour to the alert
    (below 0 where the neighbour is the later one). Arrays of shape (m,).
    """

    row: IntArray
    other: IntArray
    metres: FloatArray
    hours: FloatArray

    def __len__(self) -> int:
        return len(self.row)

    def where(self, some: BoolArray) -> Pairs:
        """Only some of the pairs."""
        return Pairs(self.row[some], self.other[some], self.metres[some], self.hours[some])

    @classmethod
    def together(cls, parts: list[Pairs]) -> Pairs:
        """Several lots of pairs as one."""
        none = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))
        columns = [[getattr(part, name) for part in parts] for name in ("row", "other", "metres", "hours")]
        return cls(*(np.concatenate([empty, *column]) for empty, column in zip(none, columns, strict=True)))


class Squares:
    """Squares of one category that hold alerts, numbered; neighbours are found by arithmetic."""

    def __init__(self, points: Points, side: float, origin: tuple[float, float]) -> None:
        """`side` in metres; a corner of a square lies at `origin`."""
        code = np.unique(points.category, return_inverse=True)[1]
        column = np.floor((points.x - origin[0]) / side).astype(np.int64)
        row = np.floor((points.y - origin[1]) / side).astype(np.int64)
        self._column, self._row, self._code = (_from_one(values) for values in (column, row, code))
        self._width = self._column.max(initial=0) + 2
        self._height = self._row.max(initial=0) + 2
        key = self._key(self._code, self._column, self._row)
        # Numbers in order of the keys: alerts in the order of their numbers are searched for in one sweep.
        self._keys, first, self.number = _numbered(key)
        self._code, self._column, self._row = (values[first] for values in (self._code, self._column, self._row))

    def __len__(self) -> int:
        return len(self._keys)

    def _key(self, code: IntArray, column: IntArray, row: IntArray) -> IntArray:
        return np.asarray((code * self._width + column) * self._height + row)

    @cached_property
    def neighbours(self) -> tuple[IntArray, ...]:
        """For each of nine directions the number of the next square (for one, itself), -1 where that holds no alert;
        arrays of shape (number of squares,).
        """
        return tuple(self._next(dx, dy) for dx, dy in _AROUND)

    def _next(self, dx: int, dy: int) -> IntArray:
        key = self._key(self._code, self._column + dx, self._row + dy)
        at = np.searchsorted(self._keys, key).clip(max=len(self._keys) - 1)
        return np.where(self._keys[at] == key, at, -1).astype(np.int32)

    def sums(self, weights: FloatArray) -> FloatArray:
        """For each square the sum of the weights of all alerts in it and in the eight around it."""
        each = np.append(np.bincount(self.number, weights=weights, minlength=len(self)), 0.0)
        return np.asarray(np.sum([each[number] for number in self.neighbours], axis=0), dtype=float)


def _numbered(keys: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """The keys in order, once each, the first row of each, and the number of each row's: as `np.unique`, in the time
    that rows take that are not put in order. Numbers of 32 bits: one of them for each alert.
    """
    code, known = pd.factorize(keys)
    order = np.argsort(known)
    number = np.empty(len(known), np.int32)
    number[order] = np.arange(len(known), dtype=np.int32)
    first = np.empty(len(known), np.int64)
    first[code[::-1]] = np.arange(len(keys))[::-1]
    return known[order], first[order], np.asarray(number[code])


def _from_one(values: IntArray) -> IntArray:
    return np.asarray(values - values.min(initial=0) + 1)


@dataclass(frozen=True)
class Window:
    """The time around some alerts in which candidates are looked for, from `since` to `until` hours before them.

    `number`: how many there are of each of these alerts, shape (n points,), 0 for all others. `most`: how many of a
    square are looked at.
    """

    since: float
    until: float
    number: IntArray
    most: int


def most_of_a_square(candidates: int, alerts: int) -> int | None:
    """How many candidates of a square are looked at where so many alerts have so many of them; None: all."""
    return None if candidates <= IN_ALL else max(IN_ALL // (len(_AROUND) * alerts), _LEAST_EACH)


class NearPairs:
    """Alerts of one category within so many metres and hours of each other."""

    def __init__(self, points: Points, metres: float) -> None:
        """`metres`: how near alerts are that make a pair, included."""
        self._points, self._metres = points, metres
        self._squares = Squares(points, metres, (0.0, 0.0)) if len(points) else None
        # Alerts in order of square and time: the times of a square are one range, and all ranges are one list of whole
        # numbers, for sums of squares and hours would not tell times apart where squares are many.
        if self._squares:
            number = self._squares.number
            ticks = np.round((points.hours - points.hours.min()) / _TICK_H).astype(np.int64)
            self._span = int(ticks.max()) * 4 + round(10_000 / _TICK_H)
            # Of numbers of 16 bits numpy makes the same order six times as fast.
            short = number.astype(np.uint16) if len(self._squares) <= 1 << 16 else number
            self._order = np.argsort(short, kind="stable").astype(np.int32)
            self._times = (number.astype(np.int64) * self._span + ticks)[self._order]
            self._rank = np.empty(len(points), np.int32)
            self._rank[self._order] = np.arange(len(points), dtype=np.int32)
            self._x, self._y = points.x[self._order], points.y[self._order]

    def count(self, rows: IntArray, since: float, until: float) -> IntArray:
        """How many candidates (alerts of the nine squares) some alerts have, from `since` to `until` hours before."""
        found = np.zeros(len(rows), np.int64)
        for at in range(0, len(rows), ROWS_AT_A_TIME):
            for start, stop in self._ranges(rows[at : at + ROWS_AT_A_TIME], since, until):
                found[at : at + ROWS_AT_A_TIME] += stop - start
        return found

    def window(self, rows: IntArray, since: float, until: float) -> Window:
        """The candidates of some alerts, of all of which as many are looked at in a square. The bounds are included."""
        number: IntArray = np.zeros(len(self._points), np.int64)
        if not len(rows) or self._squares is None:
            return Window(since, until, number, len(self._points))
        rows = rows[np.argsort(self._rank[rows])]
        number[rows] = self.count(rows, since, until)
        return Window(since, until, number, self._most(number[rows]))

    def in_order(self, rows: IntArray) -> Iterator[IntArray]:
        """Some alerts, those of one place together, so many at a time."""
        rows = rows[np.argsort(self._rank[rows])] if len(rows) else rows
        yield from (rows[at : at + ROWS_AT_A_TIME] for at in range(0, len(rows), ROWS_AT_A_TIME))

    def _most(self, number: IntArray) -> int:
        """How many candidates of a square are looked at, given those that each of some alerts has in all."""
        return most_of_a_square(int(number.sum(dtype=np.int64)), len(number)) or len(self._points)

    def pairs(self, rows: IntArray, since: float, until: float) -> Iterator[Pairs]:
        """Pairs of some alerts with those from `since` to `until` hours before them (below 0: after), lot by lot.

        Both ends are included; an alert makes no pair with itself. Where there are more than `IN_ALL` candidates, only
        those next in time of each square are looked at.
        """
        yield from self.within(rows, self.window(rows, since, until))

    def within(self, rows: IntArray, window: Window) -> Iterator[Pairs]:
        """The same in a window of these alerts, or of more."""
        yield from (pairs for _, pairs, _ in self.lots(rows, window))

    def lots(self, rows: IntArray, window: Window) -> Iterator[tuple[IntArray, Pairs, FloatArray]]:
        """Some alerts at a time, their pairs in a window of these alerts or of more, and which part of the candidates
        of each of them was looked at, above 0 to 1.
        """
        if not len(rows) or self._squares is None:
            return
        rows = rows[np.argsort(self._rank[rows])]
        total = np.cumsum(np.minimum(window.number[rows].astype(np.int64), len(_AROUND) * window.most))
        start = 0
        while start < len(rows):
            before = total[start - 1] if start else 0
            stop = max(int(np.searchsorted(total, before + AT_A_TIME, side="right")), start + 1)
            some = rows[start:stop]
            pairs, seen = self._some(some, window)
            number = window.number[some]
            yield some, pairs, np.divide(seen, number, out=np.ones(len(some)), where=number > 0)
            start = stop

    def between(self, row: IntArray, other: IntArray) -> Pairs:
        """Pairs whose rows are known."""
        points = self._points
        metres = np.hypot(points.x[row] - points.x[other], points.y[row] - points.y[other])
        return Pairs(row, other, metres, points.hours[row] - points.hours[other])

    def _ranges(self, rows: IntArray, since: float, until: float) -> Iterator[tuple[IntArray, IntArray]]:
        """For each of the nine squares where the candidates of some alerts begin and end in order of square and time.

        Fastest for alerts in that order: what is searched for is then sorted too.
        """
        assert self._squares is not None
        square = self._squares.number[rows]
        ticks = self._times[self._rank[rows]] - square.astype(np.int64) * self._span
        soonest, latest = round(since / _TICK_H) - 1, round(until / _TICK_H) + 1
        for neighbour in self._squares.neighbours:
            number = neighbour[square]
            there = np.flatnonzero(number >= 0)
            start, stop = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
            if len(there):
                at = number[there].astype(np.int64) * self._span + ticks[there]
                start[there] = np.searchsorted(self._times, at - latest, side="left")
                stop[there] = np.searchsorted(self._times, at - soonest, side="right")
            yield start, stop

    def _some(self, rows: IntArray, window: Window) -> tuple[Pairs, IntArray]:
        """The pairs of some alerts, and how many candidates of each were looked at."""
        since, until, most = window.since, window.until, window.most
        points, parts, seen = self._points, [], np.zeros(len(rows), np.int64)
        x, y, rank = points.x[rows], points.y[rows], self._rank[rows]
        now = list(self._ranges(rows, 0.0, 0.0)) if since < 0 < until and most < len(points) else None
        for at, (start, stop) in enumerate(self._ranges(rows, since, until)):
            if now is not None:
                start, stop = np.maximum(start, now[at][0] - most // 2), np.minimum(stop, now[at][0] + most // 2)
            elif until <= 0:
                stop = np.minimum(stop, start + most)
            else:
                start = np.maximum(start, stop - most)
            number = stop - start
            seen += number
            each = np.repeat(np.arange(len(rows)), number)
            place = np.arange(len(each)) - np.repeat(np.cumsum(number) - number - start, number)
            # Of the nine squares a third is in reach, which is told faster than how far each alert is.
            squared = np.square(x[each] - self._x[place]) + np.square(y[each] - self._y[place])
            nearly = np.flatnonzero((squared <= self._metres**2 * 1.0001) & (rank[each] != place))
            each, place = each[nearly], place[nearly]
            metres = np.hypot(x[each] - self._x[place], y[each] - self._y[place])
            keep = metres <= self._metres
            row, other = rows[each[keep]], self._order[place[keep]]
            parts.append(Pairs(row, other, metres[keep], points.hours[row] - points.hours[other]))
        return Pairs.together(parts), seen
