"""Hot spots: places of neighbouring hot cells. The test itself is in `analysis.hot_cells`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import h3.api.numpy_int as h3
import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from analysis.bases import LAND, PER, Kind
from analysis.grid import neighbours
from analysis.hot_cells import Cells, HotCells, connected, gistar_on_land, significance
from analysis.hotspot_choices import margin_for, surroundings_for, window_for
from analysis.shares import share_ratio_interval
from analysis.significance import Floats, false_discovery, getis_ord, ratio_interval
from curim_data.i18n import Message, Translator

__all__ = [
    "HotCells",
    "Spot",
    "cold_spots",
    "false_discovery",
    "getis_ord",
    "gistar_on_land",
    "hot_spots",
    "margin_for",
    "significance",
    "surroundings_for",
    "window_for",
]

LARGEST_SPOT_KM2: Final = 0.25
_BOUNDED: Final = Message("Protected counts around it enter with the values that speak least for a hot spot.")


@dataclass(frozen=True)
class Spot:
    """A connected group of hot cells.

    `id` is the H3 name of its fullest cell, until `analysis.identity` gives it that of a known place. `expected`,
    `ratio` and its 95 % interval compare the group with its own surroundings; since the cells were chosen for being
    dense, the ratio leans upwards. `q` is that of its clearest cell, `z` the largest Gi* among its cells (NaN: not
    computed). `longitude`, `latitude`: mean of its cells, weighted by alerts. With a `base` other than land it is
    compared with all the rest of the city: `base_n` is that of its cells (NaN where withheld), `rate` its alerts by
    base, drawn towards the city's mean. `bounded`: counts or bases are withheld and enter with the values that speak
    least for a hot spot, so that `expected` is the most, `ratio` and `low` are the least that they may be.
    """

    id: str
    rank: int
    cells: tuple[int, ...]
    n: int
    expected: float
    ratio: float
    low: float
    high: float
    q: float
    land_km2: float
    longitude: float
    latitude: float
    z: float = float("nan")
    base: Kind = LAND
    base_n: float = float("nan")
    rate: float = float("nan")
    bounded: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Its cells as H3 names, for a filter or a link."""
        return tuple(h3_name(cell) for cell in self.cells)

    def sentence(self, t: Translator) -> str:
        """Count, expectation and ratio in words."""
        if not np.isfinite(self.high):
            return t.n("{n} alert, and none in the surroundings.", "{n} alerts, and none in the surroundings.", self.n)
        if self.base != LAND:
            told = self._against_base(t)
            return f"{told} {t(_BOUNDED)}" if self.bounded else told
        if self.bounded:
            told = t.n(
                "{n} alert where at most {expected} would be expected from the surroundings: at least {ratio} times as "
                "many (95 % interval from {low} up).",
                "{n} alerts where at most {expected} would be expected from the surroundings: at least {ratio} times "
                "as many (95 % interval from {low} up).",
                self.n,
                expected=t.expected(self.expected),
                ratio=t.times(self.ratio),
                low=t.times(self.low),
            )
            return f"{told} {t(_BOUNDED)}"
        return t.n(
            "{n} alert where {expected} would be expected from the surroundings: {ratio} times as many "
            "(95 % interval {low} to {high}).",
            "{n} alerts where {expected} would be expected from the surroundings: {ratio} times as many "
            "(95 % interval {low} to {high}).",
            self.n,
            expected=t.expected(self.expected),
            ratio=t.times(self.ratio),
            low=t.times(self.low),
            high=t.times(self.high),
        )

    def cold_sentence(self, t: Translator) -> str:
        """Count, expectation and ratio of a place of `cold_spots` in words."""
        if not np.isfinite(self.expected):
            return t.n(
                "{n} alert, and nothing to compare it with.", "{n} alerts, and nothing to compare them with.", self.n
            )
        values = {
            "expected": t.expected(self.expected),
            "ratio": t.number(self.ratio, 2),
            "low": t.number(self.low, 2),
            "high": t.number(self.high, 2),
            "p": t.p_value(self.q),
        }
        if self.bounded:
            return t.n(
                "at most {n} alert where at least {expected} would be expected: at most {ratio} times as many (95 % "
                "interval up to {high}; corrected p: {p}).",
                "at most {n} alerts where at least {expected} would be expected: at most {ratio} times as many (95 % "
                "interval up to {high}; corrected p: {p}).",
                self.n,
                **values,
            )
        return t.n(
            "{n} alert where {expected} would be expected: {ratio} times as many (95 % interval {low} to {high}; "
            "corrected p: {p}).",
            "{n} alerts where {expected} would be expected: {ratio} times as many (95 % interval {low} to {high}; "
            "corrected p: {p}).",
            self.n,
            **values,
        )

    def _against_base(self, t: Translator) -> str:
        told = {
            "expected": t.expected(self.expected),
            "ratio": t.times(self.ratio),
            "low": t.times(self.low),
            "high": t.times(self.high),
            "base": "–" if np.isnan(self.base_n) else round(self.base_n),
        }
        if self.base == "residents":
            return t.n(
                "{n} alert where {base} residents live and {expected} would be expected at the rate of the rest of "
                "the city: {ratio} times as many (95 % interval {low} to {high}). After shrinkage {rate} per 1,000 "
                "residents.",
                "{n} alerts where {base} residents live and {expected} would be expected at the rate of the rest of "
                "the city: {ratio} times as many (95 % interval {low} to {high}). After shrinkage {rate} per 1,000 "
                "residents.",
                self.n,
                rate=t.number(PER * self.rate, 1),
                **told,
            )
        return t.n(
            "{n} of the {base} alerts here, where {expected} would be expected at the share of the rest of the city: "
            "{ratio} times as many (95 % interval {low} to {high}). Share after shrinkage: {rate}.",
            "{n} of the {base} alerts here, where {expected} would be expected at the share of the rest of the city: "
            "{ratio} times as many (95 % interval {low} to {high}). Share after shrinkage: {rate}.",
            self.n,
            rate=t.percent(self.rate),
            **told,
        )


def h3_name(cell: int) -> str:
    """The H3 name (hexadecimal) of an integer cell."""
    return f"{int(cell):x}"


def hot_spots(result: HotCells, largest_km2: float = LARGEST_SPOT_KM2) -> tuple[Spot, ...]:
    """Join neighbouring hot cells to spots, clearest first; what is larger than `largest_km2` is split, never dropped.

    Parameters
    ----------
    result : HotCells
        From `significance`.
    largest_km2 : float
        Land that one place may have; a single cell that is larger stays whole.

    Returns
    -------
    tuple of Spot
        Ordered by the lower limit of the ratio's interval, then by count.
    """
    spots = sorted(_places(result, "hot", largest_km2), key=lambda spot: (-spot.low, -spot.n, spot.id))
    return tuple(replace(spot, rank=rank) for rank, spot in enumerate(spots, 1))


def cold_spots(result: HotCells, largest_km2: float = LARGEST_SPOT_KM2) -> tuple[Spot, ...]:
    """Join neighbouring cold cells to places, the most surely low first: what `hot_spots` is for hot cells.

    Where counts are protected, `n`, `ratio` and `high` are the most that they may be, `expected` the least.
    """
    spots = sorted(_places(result, "cold", largest_km2), key=lambda spot: (spot.high, -spot.expected, spot.id))
    return tuple(replace(spot, rank=rank) for rank, spot in enumerate(spots, 1))


def _places(result: HotCells, mark: Literal["hot", "cold"], largest_km2: float) -> list[Spot]:
    """Groups of neighbouring marked cells, none larger than it may be."""
    frame = result.frame
    index = np.asarray(frame.index, dtype=np.int64)
    marked = np.flatnonzero(frame[mark].to_numpy(bool))
    if not len(marked):
        return []
    near = neighbours(index, 1)
    longitude, latitude = _centres(index)
    groups: list[Cells] = []
    waiting = connected(near, marked)
    while waiting:
        group = waiting.pop()
        land = float(frame["land_km2"].to_numpy(float)[group].sum())
        if land <= largest_km2 or len(group) == 1:
            groups.append(group)
            continue
        at = np.column_stack([longitude[group] * np.cos(np.radians(latitude[group].mean())), latitude[group]])
        weight = frame["low"].to_numpy(float)[group] + 1e-9
        parts = KMeans(2, n_init=4, random_state=0).fit(at, sample_weight=weight).labels_
        for part in (0, 1):
            waiting.extend(connected(near, group[parts == part]))
    columns = {name: frame[other].to_numpy(float) for name, other in _COLUMNS[mark].items()}
    return [_spot(result, columns, index, group, (longitude, latitude)) for group in groups]


def _centres(index: Cells) -> tuple[Floats, Floats]:
    points = np.array([h3.cell_to_latlng(cell) for cell in index.astype(np.uint64)])
    return points[:, 1], points[:, 0]


def _reached(index: Cells, group: Cells, k: int) -> NDArray[np.bool_]:
    """Which cells lie within `k` rings of one of a group, the group included."""
    near = neighbours(index, k)
    found = np.zeros(len(index), bool)
    for cell in group:
        found[near.indices[near.indptr[cell] : near.indptr[cell + 1]]] = True
    return found


# What a place is told by: for cold ones the bounds of protected counts and of their base change sides.
_SAME: Final = {name: name for name in ("base", "hot", "land_km2", "z")}
_COLUMNS: Final = {
    "hot": {"low": "low", "high": "high", "size": "size", "size_low": "size_low", "q": "q", **_SAME},
    "cold": {"low": "high", "high": "low", "size": "size_low", "size_low": "size", "q": "q_cold", **_SAME},
}
_NAMES: Final = ("low", "high", "size", "size_low", "base", "hot", "q", "land_km2", "z")


def _spot(
    result: HotCells, columns: Mapping[str, Floats], index: Cells, group: Cells, centres: tuple[Floats, Floats]
) -> Spot:
    low, high, size, size_low, base, hot, q, land, z = (columns[name] for name in _NAMES)
    longitude, latitude = centres
    inside = np.zeros(len(index))
    inside[group] = 1
    if result.based:
        rest = inside == 0
    else:
        rest = _reached(index, group, result.outer) & ~_reached(index, group, result.k)
        rest &= hot == 0
    count, size_in, size_out = float(low[group].sum()), float(size[group].sum()), float(size_low[rest].sum())
    outside = float(high[rest & (size > 0)].sum())
    base_n = float(base[group].sum())
    interval = share_ratio_interval if result.base == "alerts" else ratio_interval
    ratio, least, most = interval(count, outside, size_in, size_out)
    weight = low[group] + 1e-9
    return Spot(
        id=min(h3_name(cell) for cell in index[group][low[group] == low[group].max()]),
        rank=0,
        cells=tuple(int(cell) for cell in index[group]),
        n=round(count),
        expected=outside * size_in / size_out if size_out else float("nan"),
        ratio=ratio,
        low=least,
        high=most,
        q=float(q[group].min()),
        land_km2=float(land[group].sum()),
        longitude=float(np.average(longitude[group], weights=weight)),
        latitude=float(np.average(latitude[group], weights=weight)),
        z=float(z[group].max()),
        base=result.base,
        base_n=base_n,
        rate=result.rates.of(count, base_n) if result.rates else float("nan"),
        bounded=bool((high != low)[rest | (inside > 0)].any() or (size != size_low)[rest | (inside > 0)].any()),
    )
