"""Which place is which: the same id and name for a place under other filters, periods, sizes and methods.

A hot spot moves a little with every filter, and the order of hot spots changes with it. So ids and numbers ("Station,
2") come from places that do not move: the hot spots of all alerts of all time, which a month more hardly changes. A
place found under a filter is the known place that it overlaps or lies nearest to; only one that is new gets an id and a
number of its own, after those that are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Protocol, TypeVar

import h3.api.basic_int as h3
import numpy as np

from curim_data.model import FloatArray

# Centres of one place under two filters lie no farther apart than what a place reaches, whatever their cells.
REACH_M: Final = 200.0
EQUATOR_M: Final = 6_378_137.0  # WGS84
FLATTENING: Final = 1 / 298.257223563


class Outlined(Protocol):
    """A place with its cells and a point (WGS84)."""

    @property
    def id(self) -> str:
        """What tells it from others."""

    @property
    def cells(self) -> tuple[int, ...]:
        """Its H3 cells, of one resolution."""

    @property
    def longitude(self) -> float:
        """Degrees east."""

    @property
    def latitude(self) -> float:
        """Degrees north."""


@dataclass(frozen=True)
class KnownPlace:
    """A place that keeps its id; its position in a list of known places keeps its number."""

    id: str
    cells: tuple[int, ...]
    longitude: float
    latitude: float


_Spot = TypeVar("_Spot")


def as_known_places(spots: Sequence[Any]) -> tuple[KnownPlace, ...]:
    """Places that lend their ids and numbers: those with most alerts first, as new ones have few at first."""
    ordered = sorted(spots, key=lambda spot: (-spot.n, spot.id))
    return tuple(KnownPlace(spot.id, spot.cells, spot.longitude, spot.latitude) for spot in ordered)


def match_places(spots: Sequence[Outlined], places: Sequence[KnownPlace]) -> dict[int, int]:
    """For each place found that is a known one: its position in `spots`, and that of the known one in `places`.

    Pairs that overlap, or whose centres lie within 200 m, are taken best first, each place once. How good a pair is:
    the part of the smaller one's cells that lie in the other (at the coarser resolution of the two), plus the nearness
    of the centres, from 1 (the same point) to 0 (200 m).
    """
    if not spots or not places:
        return {}
    first, second = _points(spots), _points(places)
    away = _metres(first[:, None], second, _metres_per_radian(first, second))
    pairs = sorted(set(map(tuple, np.argwhere(away < REACH_M).tolist())) | _overlapping_pairs(spots, places))
    nearness = (max(0.0, 1 - float(away[pair]) / REACH_M) for pair in pairs)
    scores = [_overlap(spots[i].cells, places[j].cells) + near for (i, j), near in zip(pairs, nearness, strict=True)]
    found: dict[int, int] = {}
    taken: set[int] = set()
    for score, i, j in sorted((-score, i, j) for score, (i, j) in zip(scores, pairs, strict=True)):
        if score < 0 and i not in found and j not in taken:
            found[i] = j
            taken.add(j)
    return found


def _overlapping_pairs(spots: Sequence[Outlined], places: Sequence[KnownPlace]) -> set[tuple[int, int]]:
    """Positions of places that share a cell at the coarsest of all their resolutions: all that overlap, and more."""
    sizes = [h3.get_resolution(place.cells[0]) for place in (*spots, *places) if place.cells]
    holders: dict[int, list[int]] = {}
    for j, place in enumerate(places):
        for cell in _parents(place.cells, min(sizes)):
            holders.setdefault(cell, []).append(j)
    shared = ((i, cell) for i, spot in enumerate(spots) for cell in _parents(spot.cells, min(sizes)))
    return {(i, j) for i, cell in shared for j in holders.get(cell, ())}


def known_ids(spots: Sequence[Outlined], places: Sequence[KnownPlace]) -> tuple[str, ...]:
    """For each place the id of the known one that it is, else its own or one of its cells; ids stay distinct."""
    pairs = match_places(spots, places)
    taken = {places[other].id for other in pairs.values()}
    out = []
    for position, spot in enumerate(spots):
        if position in pairs:
            out.append(places[pairs[position]].id)
            continue
        own = [spot.id, *sorted(f"{cell:x}" for cell in spot.cells)]
        name = next((one for one in own if one not in taken), spot.id)
        taken.add(name)
        out.append(name)
    return tuple(out)


def with_known_ids(spots: Sequence[_Spot], places: Sequence[KnownPlace]) -> tuple[_Spot, ...]:
    """The places with the ids of those known ones that they are (`known_ids`). The order is kept."""
    given: Any = spots
    ids = known_ids(given, places)
    return tuple(spot if spot.id == name else replace(spot, id=name) for spot, name in zip(given, ids, strict=True))


def _points(places: Sequence[Any]) -> FloatArray:
    return np.array([[place.longitude, place.latitude] for place in places], float)


def _metres(first: FloatArray, second: FloatArray, scale: tuple[float, float]) -> FloatArray:
    """Metres between pairs of points (degrees, longitude first on the last axis)."""
    east, north = np.moveaxis(np.radians(first - second) * scale, -1, 0)
    return np.asarray(np.hypot(east, north))


def _metres_per_radian(first: FloatArray, second: FloatArray) -> tuple[float, float]:
    """Metres that a radian of longitude and of latitude take at the mean latitude of the points."""
    latitude = np.radians(np.concatenate([first, second])[:, 1].mean())
    bent = 1 - FLATTENING * (2 - FLATTENING) * np.sin(latitude) ** 2
    east = EQUATOR_M / np.sqrt(bent) * np.cos(latitude)
    north = EQUATOR_M * (1 - FLATTENING) ** 2 / bent**1.5
    return float(east), float(north)


def _overlap(first: tuple[int, ...], second: tuple[int, ...]) -> float:
    """Part of the smaller one's cells that both share, at the coarser resolution; 0 where either has none."""
    if not first or not second:
        return 0.0
    size = min(h3.get_resolution(first[0]), h3.get_resolution(second[0]))
    one, other = _parents(first, size), _parents(second, size)
    return len(one & other) / min(len(one), len(other))


@lru_cache(maxsize=4096)
def _parents(cells: tuple[int, ...], size: int) -> frozenset[int]:
    return frozenset(h3.cell_to_parent(cell, size) for cell in cells)
