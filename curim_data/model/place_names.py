"""What positions are called: names learnt from columns of exports that name a place.

A table in the city's home (`place_names.csv`), beside its profile, with a row for each name in each map cell:

    kind   street; area (a neighbourhood, a borough, a town); or what a numbered area is called (`NUMBERED`)
    name   as the export has it, without house numbers
    cell   H3 cell as hex: of resolution 10 for streets, 9 for areas
    n      alerts of one export with this name in this cell

They name places for readers and nothing else: no polygon is made of them, no alert is counted by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from curim_data.model.i18n import Message, Translator

FILE: Final = "place_names.csv"
STREET, AREA = "street", "area"
NUMBERED: Final[Mapping[str, Message]] = {
    "precinct": Message("Precinct {number}"),
    "district": Message("District {number}"),
    "community_area": Message("Community area {number}"),
    "ward": Message("Ward {number}"),
    "arrondissement": Message("Arrondissement {number}"),
    "sector": Message("Sector {number}"),
    "zone": Message("Zone {number}"),
    "beat": Message("Beat {number}"),
}
COLUMNS: Final = ("kind", "name", "cell", "n")
RESOLUTION: Final[Mapping[str, int]] = {STREET: 10, AREA: 9, **dict.fromkeys(NUMBERED, 9)}


class Centre(NamedTuple):
    """The middle of what carries a name, in degrees (WGS84)."""

    longitude: float
    latitude: float


@dataclass(frozen=True)
class Words:
    """What a position is called: "" where that is not known. `numbered`: what a numbered area is, and its number."""

    street: str = ""
    area: str = ""
    numbered: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class PlaceNames:
    """The names of a home: columns kind, name, cell (int64 H3), n."""

    table: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(COLUMNS)), compare=False)

    def at(self, longitude: float, latitude: float) -> Words:
        """What a point (WGS84) is called: the name most common in its cell, else in the rings round it."""
        if self.table.empty:
            return Words()
        street, area = (self._nearest(kind, longitude, latitude) for kind in (STREET, AREA))
        found = ((kind, self._nearest(kind, longitude, latitude)) for kind in NUMBERED)
        numbered = next((pair for pair in found if pair[1]), ("", ""))
        return Words(street, area, numbered)

    def is_on_street(self, longitude: float, latitude: float, n: int) -> bool:
        """Whether exports say of most of n alerts at a point (WGS84) that they were on a street.

        A street runs through several map cells: what is called so in fewer than three, or as an area is, is a town or a
        quarter of which an address search gave the middle.
        """
        if self.table.empty:
            return False
        there = self._streets.get(h3.latlng_to_cell(latitude, longitude, RESOLUTION[STREET]), 0)
        return there >= 0.5 * n

    @cached_property
    def _streets(self) -> dict[int, int]:
        """By cell the alerts on the most common of its names that are those of streets."""
        rows = self.table[self.table["kind"] == STREET]
        cells = rows.groupby("name")["cell"].transform("nunique")
        rows = rows[(cells >= 3) & ~rows["name"].isin(self.table["name"][self.table["kind"] == AREA])]
        most = rows.groupby("cell")["n"].max()
        return dict(zip(most.index.tolist(), most.tolist(), strict=True))

    @cached_property
    def centres(self) -> dict[tuple[str, str], Centre]:
        """The middle of each area by kind and name, weighted by alerts."""
        rows = self.table[self.table["kind"] != STREET]
        if rows.empty:
            return {}
        at = np.array([h3.cell_to_latlng(int(cell)) for cell in rows["cell"]])
        weighted = pd.DataFrame(
            {"latitude": at[:, 0] * rows["n"].to_numpy(), "longitude": at[:, 1] * rows["n"].to_numpy(), "n": rows["n"]},
            index=rows.index,
        )
        sums = weighted.groupby([rows["kind"], rows["name"]]).sum().reset_index()
        places = zip(sums["longitude"] / sums["n"], sums["latitude"] / sums["n"], strict=True)
        keys = zip(sums["kind"].tolist(), sums["name"].tolist(), strict=True)
        return {key: Centre(*place) for key, place in zip(keys, places, strict=True)}

    @cached_property
    def areas(self) -> tuple[tuple[str, Centre], ...]:
        """The areas that have names of their own, with their middles, those with most alerts first."""
        counts = self.table[self.table["kind"] == AREA].groupby("name")["n"].sum()
        ordered = sorted(zip(counts.index.tolist(), counts.tolist(), strict=True), key=lambda one: (-one[1], one[0]))
        return tuple((name, self.centres[AREA, name]) for name, _ in ordered)

    @cached_property
    def _by_cell(self) -> dict[str, dict[int, tuple[int, str]]]:
        """By kind and cell the most common name, with its alerts; of two as common the first by its letters."""
        best = self.table.sort_values(["n", "name"], ascending=[False, True]).drop_duplicates(["kind", "cell"])
        found: dict[str, dict[int, tuple[int, str]]] = {}
        columns = (best[name].tolist() for name in COLUMNS)
        for kind, name, cell, n in zip(*columns, strict=True):
            found.setdefault(kind, {})[cell] = (n, name)
        return found

    def _nearest(self, kind: str, longitude: float, latitude: float) -> str:
        names = self._by_cell.get(kind)
        if not names:
            return ""
        cell = h3.latlng_to_cell(latitude, longitude, RESOLUTION[kind])
        # Two rings of cells round a position may lend it their name, of streets one: a kilometre, or some 200 m.
        for ring in range(2 if kind == STREET else 3):
            here = [names[one] for one in h3.grid_ring(cell, ring) if one in names]
            if here:
                return min(here, key=lambda found: (-found[0], found[1]))[1]
        return ""


def read_place_names(folder: Path) -> PlaceNames:
    """The names of a home's folder; none where the file is missing or is not such a table."""
    try:
        table = pd.read_csv(folder / FILE, dtype={"kind": str, "name": str, "cell": str}, keep_default_na=False)
        cells = [int(cell, 16) for cell in table["cell"]]
        return PlaceNames(table.assign(cell=np.array(cells, np.int64), n=table["n"].astype(int))[list(COLUMNS)])
    except (OSError, ValueError, KeyError):
        return PlaceNames()


def write_place_names(folder: Path, names: PlaceNames) -> None:
    """Write the names to a home's folder; the file appears whole."""
    ordered = names.table.sort_values(["kind", "name", "cell"])
    part = folder / f"{FILE}.part"
    ordered.assign(cell=[f"{int(cell):x}" for cell in ordered["cell"]]).to_csv(part, index=False, lineterminator="\n")
    part.replace(folder / FILE)


def merged(one: PlaceNames, other: PlaceNames) -> PlaceNames:
    """The names of both; where both have a row, its larger count, so that a file read twice changes nothing."""
    if one.table.empty or other.table.empty:
        return other if one.table.empty else one
    counts = pd.concat([one.table, other.table]).groupby(["kind", "name", "cell"])["n"].max()
    return PlaceNames(counts.reset_index()[list(COLUMNS)])


def numbered_area(t: Translator, kind: str, number: str) -> str:
    """The name of an area that has a number for a name; an unknown kind stands before it."""
    return t(NUMBERED[kind], number=number) if kind in NUMBERED else f"{kind} {number}".strip()
