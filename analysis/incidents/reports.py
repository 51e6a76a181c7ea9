"""Alerts made ready for linking: in order of time, default coordinates left out, equal rows as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.incidents.bands import in_steps
from analysis.incidents.pairs import Points
from curim_data.model import BoolArray, FloatArray, IntArray

# A default coordinate, as in `curim_data.geo.default_coordinates`: many alerts, and far more than other points hold.
_LEAST: Final = 20
_SHARE: Final = 0.01
_NEARLY_ALL: Final = 0.95
_TIMES: Final = 5


@dataclass(frozen=True)
class Reports:
    """Alerts that may be linked by nearness, one row for equal ones (category, place and time).

    `points`: these rows, in order of time, then place and category: not of the input's order. `first`: the input's row
    of each, the earliest in the input's order. `copies`: how many alerts each stands for.
    `known`: the input's rows that stand in `points`, in order, `member`: the row in `points` of each of them.
    `defaults`: the input's rows at default coordinates. `usual`: how many alerts hold 95 % of the points with 20 or
    fewer.
    """

    points: Points
    first: IntArray
    copies: IntArray
    known: IntArray
    member: IntArray
    defaults: IntArray
    usual: int

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def of(cls, x: Any, y: Any, hours: Any, category: Any, step: float) -> Reports:
        """From arrays of shape (n,): metres, hours (NaN: not known), category codes."""
        raw = Points(
            np.asarray(x, dtype=float),
            np.asarray(y, dtype=float),
            np.asarray(hours, dtype=float),
            np.asarray(category, dtype=np.int64),
        )
        usable = located(raw)
        rows = np.flatnonzero(usable)
        point, counts = _by_point(raw.x[rows], raw.y[rows])
        usual = _usual(counts)
        default = is_default(counts, len(rows), usual)[point]
        defaults, rows = rows[default], rows[~default]
        time = in_steps(raw.hours[rows], step)
        order = np.lexsort([rows, raw.category[rows], raw.y[rows], raw.x[rows], time])
        known, time = rows[order], time[order]
        points = Points(raw.x[known], raw.y[known], time, raw.category[known])
        new = np.ones(len(known), dtype=bool)
        new[1:] = np.any([v[1:] != v[:-1] for v in (points.x, points.y, points.hours, points.category)], axis=0)
        member = np.cumsum(new) - 1
        copies = np.bincount(member, minlength=int(new.sum()))
        return cls(points.only(new), known[new], copies, known, member, defaults, usual)


def located(points: Points) -> BoolArray:
    """Whether place and time of an alert are known."""
    return np.isfinite(points.x) & np.isfinite(points.y) & np.isfinite(points.hours)


def at_default_coordinates(x: FloatArray, y: FloatArray) -> BoolArray:
    """Whether an alert lies at a point that holds so many that it is more likely a default than a place: more than 20
    alerts, more than 1 % of all, and more than five times as many as 95 % of the points with 20 or fewer hold.
    """
    point, counts = _by_point(x, y)
    return is_default(counts, len(x), _usual(counts))[point]


def is_default(counts: IntArray, alerts: int, usual: int) -> BoolArray:
    """Whether points that hold so many of all `alerts` are defaults, where others hold `usual`; shape as `counts`."""
    return np.asarray(counts > max(_LEAST, _SHARE * alerts, _TIMES * usual))


def _by_point(x: FloatArray, y: FloatArray) -> tuple[IntArray, IntArray]:
    """The number of each alert's point, shape (n,), and how many alerts each point holds."""
    if not len(x):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    order = np.lexsort([y, x])
    new = np.ones(len(x), dtype=bool)
    new[1:] = (np.diff(x[order]) != 0) | (np.diff(y[order]) != 0)
    point = np.empty(len(x), dtype=np.int64)
    point[order] = np.cumsum(new) - 1
    return point, np.bincount(point)


def _usual(counts: IntArray) -> int:
    few = np.sort(counts[counts <= _LEAST])
    return int(few[int(np.ceil(_NEARLY_ALL * len(few))) - 1]) if len(few) else 0
