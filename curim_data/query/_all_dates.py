"""Counts of all dates by map cell, or by area and category, by week and month: many others are sums of them.

A page that shows where something gathers and how that changes goes through all dates again and again: by cell, by cell
and week, by cell and month, by week in one place. One question counts what is alike in all of these, and the others
need no engine any more.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Any, Final

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from curim_data.engine.packed import Packing
from curim_data.geo.enrichment import parent_cells
from curim_data.model import CELL_RESOLUTIONS, BoolArray, CityProfile, IntArray
from curim_data.model.shore import counted_cells, with_shore
from curim_data.query._kept_counts import FineCounts
from curim_data.query.categoricals import Categorical, encode_codes

# The packed numbers that tell apart all that is counted by: in map cells, or in areas.
CELLS: Final = "packed_places"
AREAS: Final = "packed_alike"
TOLD: Final = ("week", "month", "inside")  # by both
ON_LAND: Final = "on land"
OFF_POINTS: Final = "off default points"
MOST_CELLS: Final = 2_000  # of a city, for which so much is counted at once
MOST_ROWS: Final = 1_000_000  # of all that are kept of a version, of 18 bytes each
MOST_NAMED: Final = 1_000  # filters whose counts are known to be too many


@dataclass(frozen=True)
class Asked:
    """Which of the alerts a table is of: those of a period, in the named cells, if any, and `named` as further tests
    are (`ON_LAND`, `OFF_POINTS`). `resolution`: of the cells that it is by.
    """

    period: tuple[dt.date, dt.date]
    cells: tuple[str, ...]
    named: Collection[Hashable]
    resolution: int | None


@dataclass(frozen=True)
class AllDates:
    """How many alerts (`n`) are alike in some columns: `words` as they are packed in the number `word`, a row each,
    whether they lie at a default coordinate, where it is known, and whether they are of `since` or later, a day at
    which a period may begin too. `finest`: up to which resolution they are by cell, 0 for none. `days`: the first and
    the last of all alerts.
    """

    packing: Packing
    word: str
    columns: Collection[str]
    words: IntArray
    at_default: BoolArray | None
    later: BoolArray
    n: npt.NDArray[np.int32]
    finest: int
    since: dt.date
    days: tuple[dt.date, dt.date]

    def answer(self, asked: Asked, columns: Collection[str], city: CityProfile) -> FineCounts | None:
        """The counts by some columns; None where they are no sum of these."""
        sizes = [h3.get_resolution(int(cell, 16)) for cell in asked.cells]
        told, named = {*self.columns, *(["cell"] if self.finest else [])}, {ON_LAND}
        if self.at_default is not None:
            told, named = {*told, "at_default"}, {*named, OFF_POINTS}
        known = told.issuperset(columns) and named.issuperset(asked.named)
        known = known and ("cell" not in columns or ON_LAND in asked.named)  # where none lacks a cell
        if not known or max([*sizes, asked.resolution or 0]) > self.finest or not self._are_whole(*asked.period):
            return None
        rows = np.flatnonzero(self._chosen(asked, city))
        found = {}
        for name in columns:
            if name == "cell":
                found[name] = self._counted_cells(rows, asked.resolution or 0, city)
            elif name == "at_default" and self.at_default is not None:
                found[name] = encode_codes(self.at_default[rows].astype(np.int64), pa.array([False, True]))
            else:
                found[name] = encode_codes(self._codes(name)[rows], self.packing.values[name])
        return FineCounts(found, self.n[rows].astype(float), asked.resolution)

    def _are_whole(self, start: dt.date, end: dt.date) -> bool:
        """Whether a period parts no week within a month, or at `since` alone."""
        first, last = self.days
        return (start <= first or self._begins(start)) and (end >= last or self._begins(end + dt.timedelta(days=1)))

    def _begins(self, day: dt.date) -> bool:
        return day == self.since or day.weekday() == 0 or day.day == 1

    def _chosen(self, asked: Asked, city: CityProfile) -> BoolArray:
        start, end = asked.period
        chosen = np.ones(len(self.words), bool)
        if start > self.days[0] or end < self.days[1]:
            begun = np.maximum(self._days("week"), self._days("month"))  # the first day of a week within a month
            begun = np.where(self.later, np.maximum(begun, np.datetime64(self.since)), begun)
            chosen = (begun <= np.datetime64(end)) & ((begun >= np.datetime64(start)) | (start <= self.days[0]))
        if ON_LAND in asked.named:
            chosen &= np.append(self.packing.values["inside"].to_numpy(zero_copy_only=False), False)[
                self._codes("inside")
            ]
        if OFF_POINTS in asked.named and self.at_default is not None:
            chosen &= ~self.at_default
        return chosen & self._within(asked.cells, city) if asked.cells else chosen

    def _within(self, names: tuple[str, ...], city: CityProfile) -> BoolArray:
        """Whether rows count in one of some cells."""
        cells = np.array(with_shore(city, names), np.int64)
        within = np.zeros(len(self.words), bool)
        for resolution in {h3.get_resolution(int(cell)) for cell in cells}:
            codes, levels = self._cells(resolution)
            within |= np.append(np.isin(levels, cells), False)[codes]
        return within

    def _counted_cells(self, rows: IntArray, resolution: int, city: CityProfile) -> Categorical:
        """The cells in which rows count, none of which is without a position."""
        codes, levels = self._cells(resolution)
        codes = codes[rows]
        occurs = np.bincount(codes, minlength=len(levels)) > 0
        cells, places = np.unique(counted_cells(city, levels[occurs]), return_inverse=True)
        return Categorical(places[(np.cumsum(occurs) - 1)[codes]], pd.Index(cells))

    def _cells(self, resolution: int) -> tuple[IntArray, IntArray]:
        """The cell of each row, as its place among cells, their number for a missing one; and the cells."""
        size = max(resolution, min(CELL_RESOLUTIONS))
        levels = self.packing.values[f"cell_{size}"].to_numpy()
        return self._codes(f"cell_{size}"), levels if size == resolution else parent_cells(levels, resolution)

    def _days(self, name: str) -> npt.NDArray[np.datetime64]:
        """The first day of each row's week or month, which none lacks."""
        days: npt.NDArray[np.datetime64] = self.packing.values[name].to_numpy(zero_copy_only=False)
        return days.astype("datetime64[D]")[self._codes(name)]

    def _codes(self, name: str) -> IntArray:
        return self.packing.codes(self.words, self.word, name)


def counted_size(resolution: int | None) -> int:
    """The size of the cells by which all dates are counted for cells up to a resolution, 0 for none: one that alerts
    have a column of.
    """
    return 0 if resolution is None else max(resolution, min(CELL_RESOLUTIONS))


def columns_of(packing: Packing, finest: int) -> tuple[str, tuple[str, ...]]:
    """The packed number and the columns by which all dates are counted, for cells up to a size (`counted_size`) or,
    without, for areas and categories; no columns where cells are too many, or the number does not tell them apart.
    """
    columns: tuple[str, ...]
    word, columns = AREAS, ("theme", "district", "place", *TOLD)
    if finest:
        word, columns = CELLS, (*(f"cell_{size}" for size in CELL_RESOLUTIONS if size <= finest), *TOLD)
    told = packing.words[word].keys() >= set(columns)
    few = not finest or len(packing.values.get(f"cell_{finest}", ())) <= MOST_CELLS
    return word, columns if told and few else ()


class KeptAllDates:
    """Those of the filters that were asked last; shared by threads. The oldest give way."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, AllDates] = {}
        self._too_many: dict[Hashable, int] = {}
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> AllDates | None:
        """What is kept under a key, which says of which alerts it is, whatever their places and dates."""
        return self._kept.get(key)

    def is_too_much(self, key: Hashable, finest: int) -> bool:
        """Whether the counts under a key, by cells of this size, were known to be too many."""
        return self._too_many.get(key, finest + 1) <= finest

    def keep(self, key: Hashable, counted: AllDates) -> None:
        """Keep the counts under a key; where they alone are too many, only that they are."""
        with self._lock:
            if len(counted.words) > MOST_ROWS:
                if len(self._too_many) >= MOST_NAMED:
                    self._too_many.clear()
                self._too_many[key] = min(counted.finest, self._too_many.get(key, counted.finest))
                return
            before = self._kept.get(key)
            if before is not None and before.finest > counted.finest:
                return  # of another thread
            self._kept.pop(key, None)
            self._kept[key] = counted
            while sum(len(one.words) for one in self._kept.values()) > MOST_ROWS:
                self._kept.pop(next(iter(self._kept)))


def kept_all_dates(cache: dict[str, Any]) -> KeptAllDates:
    """Those of a source's cache."""
    found: KeptAllDates = cache.setdefault("all dates", KeptAllDates())
    return found
