"""What the scan looks at: the locations, the circles round them, and the steps of time, bounded in number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np

from analysis.stats.inference import Floats
from analysis.stats.result import Choice
from curim_data.model.i18n import Message

Ints = np.ndarray[Any, np.dtype[np.int64]]
Ties = Literal["together", "apart"]

MOST_LOCATIONS: Final = 500
MOST_WINDOWS: Final = 400
SMALLEST_CELL_M: Final = 50.0


@dataclass(frozen=True)
class Ground:
    """Locations (ordered by x, then y) with their cases, and the location of each case."""

    x: Floats
    y: Floats
    size: Ints
    member: Ints


def ground_of(points: Floats, most: int = MOST_LOCATIONS) -> tuple[Ground, tuple[Choice, ...]]:
    """Distinct points as locations; where there are too many, the mean points of square cells.

    Points within a millionth of a metre are one, which stands where its first case is: rounded places would part ties.
    The cells are as small as keeps the locations within `most`: sides of 50, 75, 100, ... metres.
    """
    _, first, member = np.unique(np.round(points, 6), axis=0, return_index=True, return_inverse=True)
    places, member = points[first], member.ravel()
    if len(places) <= most:
        return Ground(places[:, 0], places[:, 1], np.bincount(member, minlength=len(places)), member), ()
    side, cells = SMALLEST_CELL_M, member
    while True:
        cells = np.unique(np.floor((points - points.min(axis=0)) / side), axis=0, return_inverse=True)[1].ravel()
        if cells.max() < most:
            break
        side = max(side + 25.0, float(25 * np.ceil(side * 1.1 / 25)))
    size = np.bincount(cells)
    x, y = (np.bincount(cells, weights=points[:, axis]) / size for axis in (0, 1))
    told = Message(
        "Alerts are counted in squares of {metres} m, since they lie at {n} different points.",
        {"metres": round(side), "n": len(places)},
    )
    return Ground(x, y, size, cells), (Choice("cell", side, told),)


def time_step(span: int, max_days: int, prospective: bool, most: int = MOST_WINDOWS) -> tuple[int, tuple[Choice, ...]]:
    """Days in a step of time: one, or as many as keep the periods within `most`.

    Raises ValueError where even the longest steps leave too many periods.
    """
    longest = min(max_days, span)
    for step in range(1, longest + 1):
        windows = longest // step if prospective else (longest // step) * -(-span // step)
        if windows <= most:
            break
    else:
        raise ValueError(f"{span} days have too many periods of {max_days} days: scan a shorter study")
    if step == 1:
        return 1, ()
    told = Message("Periods begin and end in steps of {days} days, since the study is long.", {"days": step})
    return step, (Choice("step", step, told),)


@dataclass(frozen=True)
class Zones:
    """Circles in order of their centre and size: `centre` (location), `radius`, `count` of locations inside.

    `order` lists, centre after centre, the locations by distance; `starts` tells where a centre begins there.
    """

    centre: Ints
    radius: Floats
    count: Ints
    order: tuple[Ints, ...]

    def members(self, zone: int) -> Ints:
        """Locations of a circle, nearest first."""
        return self.order[int(self.centre[zone])][: int(self.count[zone])]

    def by_centre(self) -> Iterator[tuple[int, int, Ints, Ints]]:
        """For each centre: its range of circles, the locations by distance, and the last one of each circle."""
        edges = np.searchsorted(self.centre, np.arange(len(self.order) + 1))
        for first, stop in pairwise(edges):
            if stop > first:
                ends = self.count[first:stop] - 1
                yield int(first), int(stop), self.order[int(self.centre[first])], ends


def zones_of(ground: Ground, max_radius: float, max_share: float, ties: Ties) -> Zones:
    """Circles round every location up to the largest radius and share of the cases.

    Of ties (distances equal to a millionth of a metre) only the whole ring makes a circle, unless they come "apart".
    A location that alone has more than the share is no circle.
    """
    total = ground.size.sum()
    order, centre, radius, count = [], [], [], []
    for place in range(len(ground.x)):
        distance = np.round(np.hypot(ground.x - ground.x[place], ground.y - ground.y[place]), 6)
        near = np.argsort(distance, kind="stable")
        near = near[distance[near] <= max_radius]
        ring = distance[near]
        last = np.flatnonzero(np.append(np.diff(ring) > 0, True)) if ties == "together" else np.arange(len(near))
        last = last[ground.size[near].cumsum()[last] <= max_share * total]
        order.append(near[: last[-1] + 1] if len(last) else near[:0])
        centre.append(np.full(len(last), place))
        radius.append(ring[last])
        count.append(last + 1)
    if not order:
        return Zones(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64), ())
    return Zones(np.concatenate(centre), np.concatenate(radius), np.concatenate(count), tuple(order))
