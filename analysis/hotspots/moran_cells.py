"""Local Moran's I of a map of cells: which are high among high ones, low among low ones, or unlike their neighbours.

An option beside the test of hot spots, which asks another question: that test compares a place with its surroundings
and leaves out what belongs to a dense quarter; this one asks whether neighbours are more alike than if all counts were
dealt out anew over the map. A dense centre is then one large group, and a quiet edge another.

* Cells are those on occupied land (`analysis.hotspots.occupied`) with at least `MIN_LAND` of their area on land: a cell
  of the shore holds few alerts because it holds little land, and lies beside others of that kind. On the land of a
  city by the sea (600 cells of 130 m, alerts placed uniformly) 23 of 100 maps with 3 alerts a cell had a mark,
  and 99 of 100 with 30; without cells under three quarters it was 1 and 3.
* Neighbours are the cells around, alike in weight. Counts are not taken by land: they would not be counts any more, and
  all cells hold about as much of it.
* The correction is for all cells looked at, both tails (`analysis.stats.local_moran`). Bursts need no dispersion: the
  counts are moved as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import pandas as pd

from analysis.grid.cells import centres, neighbours, square_side
from analysis.hotspots.cell_significance import connected
from analysis.hotspots.occupied import HELD, OccupiedLand
from analysis.stats.local_moran import QUADRANTS, local_moran
from analysis.stats.result import Choice
from curim_data.model import Message, Num, Translator

# The least part of a cell that is land.
MIN_LAND: Final = 0.75
MoranClass = Literal["high-high", "low-low", "high-low", "low-high"]
# In the order of a legend. "High" is above the mean of all cells, as usual for this statistic.
CLASSES: Final[dict[MoranClass, Message]] = {
    "high-high": Message("high-high: more than the mean, here and around"),
    "high-low": Message("high-low: more than the mean here, fewer around"),
    "low-high": Message("low-high: fewer than the mean here, more around"),
    "low-low": Message("low-low: fewer than the mean, here and around"),
}
_CLASS_OF: Final[dict[str, MoranClass]] = {"HH": "high-high", "LH": "low-high", "LL": "low-low", "HL": "high-low"}


@dataclass(frozen=True)
class MoranPlace:
    """Neighbouring cells of one class: alerts in them, the smallest corrected p, and their middle (WGS84)."""

    id: str
    rank: int
    cls: MoranClass
    cells: tuple[int, ...]
    n: int
    q: float
    longitude: float
    latitude: float

    @property
    def names(self) -> tuple[str, ...]:
        """Its cells as H3 names."""
        return tuple(f"{cell:x}" for cell in self.cells)


@dataclass(frozen=True)
class MoranCells:
    """Cells with their local Moran's I. Made by `moran_cells`.

    frame : DataFrame, index cell (int64), the cells looked at
        n, around (mean of the neighbours), i, p, q (NaN without neighbours, or where all counts are equal), cls (the
        class; empty where q exceeds alpha).
    places : tuple of MoranPlace
        Groups of neighbouring cells of one class, by class and then the most surely unlike chance first.
    """

    frame: pd.DataFrame
    places: tuple[MoranPlace, ...]
    n: int
    alpha: float
    choices: tuple[Choice, ...]

    def count(self, cls: MoranClass) -> int:
        """How many cells are of a class."""
        return int((self.frame["cls"] == cls).sum())

    def sentence(self, t: Translator) -> str:
        """How many cells are of each class, in words."""
        if not self.n:
            return t("There is no alert on the map to test.")
        values = {"cells": len(self.frame), "n": self.n}
        if not self.places:
            return t(
                "Local Moran's I: no cell is more like its neighbours, or less, than chance explains, among {cells} "
                "cells with {n} alerts, corrected for having looked at every cell.",
                **values,
            )
        return t(
            "Local Moran's I: {high_high} high-high, {low_low} low-low, {high_low} high-low and {low_high} low-high "
            "among {cells} cells with {n} alerts, corrected for having looked at every cell.",
            **{cls.replace("-", "_"): self.count(cls) for cls in CLASSES},
            **values,
        )


def moran_cells(cells: pd.DataFrame, occupied: OccupiedLand | None = None, *, alpha: float = 0.05) -> MoranCells:
    """Local Moran's I of every cell that is looked at.

    Parameters
    ----------
    cells : DataFrame, index cell (int64, H3 of one resolution)
        The whole land, with n (exact) and land_km2. ValueError where a count is not known.
    occupied : OccupiedLand, optional
        Land on which alerts occur; all land when left out.
    """
    index = np.asarray(cells.index, dtype=np.int64)
    if not len(index):
        raise ValueError("cells is empty: pass the whole study mask, zeros included")
    side = square_side(int(index[0] >> 52 & 15), index)
    kept = cells["land_km2"].to_numpy(float) >= MIN_LAND * side**2 / 1e6
    if occupied is not None:
        kept &= occupied.holds(index)
    index, n = index[kept], cells["n"].to_numpy(float)[kept]
    found = local_moran(n, neighbours(index, 1))
    marked = found.significant(alpha)
    names = np.array(["", *(_CLASS_OF[QUADRANTS[at]] for at in sorted(QUADRANTS))])
    frame = pd.DataFrame(
        {
            "n": n,
            "around": found.lag,
            "i": found.i,
            "p": found.p,
            "q": found.q,
            "cls": names[np.where(marked, found.quadrant, 0)],
        },
        index=pd.Index(index, name="cell"),
    )
    choices = (*_choices(alpha), *(() if occupied is None else (_looked_at(occupied),)))
    return MoranCells(frame, _places(frame), round(float(n.sum())), alpha, choices)


def _places(frame: pd.DataFrame) -> tuple[MoranPlace, ...]:
    if not (frame["cls"] != "").any():
        return ()
    index = np.asarray(frame.index, dtype=np.int64)
    near, n, q, (longitude, latitude) = neighbours(index, 1), frame["n"], frame["q"], centres(index)
    found = []
    for cls in CLASSES:
        groups = []
        for group in connected(near, np.flatnonzero((frame["cls"] == cls).to_numpy(bool))):
            groups.append(
                MoranPlace(
                    id=f"{int(index[group][q.iloc[group].argmin()]):x}",
                    rank=0,
                    cls=cls,
                    cells=tuple(int(cell) for cell in np.sort(index[group])),
                    n=round(float(n.iloc[group].sum())),
                    q=float(q.iloc[group].min()),
                    longitude=float(longitude[group].mean()),
                    latitude=float(latitude[group].mean()),
                )
            )
        found += sorted(groups, key=lambda place: (place.q, -len(place.cells), place.id))
    return tuple(replace(place, rank=rank) for rank, place in enumerate(found, 1))


def _looked_at(occupied: OccupiedLand) -> Choice:
    message = Message(
        "Only cells of land on which alerts occur are looked at: the {share} % of the city's land that holds {held} % "
        "of all {n} alerts ever reported, whatever their category, smoothed over {metres} m.",
        {"share": Num(100 * occupied.share, 0), "held": Num(100 * HELD, 0), "n": occupied.n, "metres": occupied.reach},
    )
    return Choice("occupied", occupied.share, message)


def _choices(alpha: float) -> tuple[Choice, ...]:
    return (
        Choice(
            "test",
            "local_moran",
            Message(
                "The neighbours of each cell are compared with all choices of as many other cells (conditional "
                "permutation; for counts every choice is taken into account)."
            ),
        ),
        Choice(
            "land",
            MIN_LAND,
            Message(
                "Cells with less than {share} % of their area on land are left out: they hold few alerts because "
                "they hold little land.",
                {"share": Num(100 * MIN_LAND, 0)},
            ),
        ),
        Choice(
            "correction",
            alpha,
            Message(
                "Among the cells marked at most {share} % are expected to be chance (Benjamini-Hochberg).",
                {"share": Num(100 * alpha, 0)},
            ),
        ),
    )
