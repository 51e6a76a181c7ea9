"""The spatial point pattern test of two filters, usually two periods: in how many areas does the share differ?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, Literal

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd

from analysis.grid.cells import square_side
from analysis.spots.naming import name_spots
from analysis.stats.dispersion import Dispersion
from analysis.stats.point_pattern_test import PatternTest, point_pattern_test
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.geo.enrichment import parent_cells
from curim_data.model import MAP_RESOLUTIONS, Audience, Message, Translator
from curim_data.model.absence import NO_POSITIONS
from curim_data.privacy import DisclosureError, sees_exact
from curim_data.query import Total
from curim_data.studies.cells import affordable_size, cell_size, default_coordinates, nested_cells
from curim_data.studies.compare import CompareError, FilterPair, filter_pair
from curim_data.studies.scatter import burst_scatter, place_scatter

AreaKind = Literal["cells", "districts"]
EXACT_ONLY: Final = Message(
    "The spatial point pattern test needs the exact count of every area: it is for analysts and specialists."
)
NO_DISTRICTS: Final = Message("The city's profile holds no districts: compare by map cells.")
# Areas with alerts hold at least so many of both sides on average, and are at least so many.
LEAST_MEAN: Final = 10
LEAST_AREAS: Final = 20
_DIGITS: Final = 1000  # S is given in thousandths, and is one only where nothing differs


@dataclass(frozen=True)
class ChangedArea:
    """An area whose share differs: alerts of both sides there, shares, corrected p, 1 where the first has more.

    `cells`: the H3 cell; empty for a district, whose `id` is that of the profile.
    """

    id: str
    name: Callable[[Translator], str]
    n_a: int
    n_b: int
    share_a: float
    share_b: float
    q: float
    more: int
    cells: tuple[int, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Its cell as H3 name."""
        return tuple(f"{cell:x}" for cell in self.cells)


@dataclass(frozen=True)
class PatternStudy:
    """The test with its areas: those that differ, the most surely first; `resolution` of cells, 0 for districts."""

    pair: FilterPair
    totals: tuple[Total, Total]
    pattern: PatternTest
    changed: tuple[ChangedArea, ...]
    n_a: int
    n_b: int
    resolution: int
    choices: tuple[Choice, ...]

    def sentence(self, t: Translator) -> str:
        """How many areas differ, and Andresen's S of all areas and of those with alerts."""
        if not (self.n_a and self.n_b):
            return t("One of the two sides has no alerts: there is nothing to compare.")
        values = {
            "occupied": int(self.pattern.occupied.sum()),
            "areas": len(self.pattern.occupied),
            "s": t.number(_cut(self.pattern.s), 3),
            "robust": t.number(_cut(self.pattern.robust_s), 3),
        }
        if not self.changed:
            return t(
                "Spatial point pattern test: none of the {occupied} areas with alerts holds another share of “{a}” "
                "than of “{b}” beyond chance (S = {s} of all {areas} areas, {robust} of those with alerts).",
                a=t(self.pair.a.name),
                b=t(self.pair.b.name),
                **values,
            )
        return t.n(
            "Spatial point pattern test: {n} of the {occupied} areas with alerts holds another share of “{a}” than "
            "of “{b}” beyond chance (S = {s} of all {areas} areas, {robust} of those with alerts).",
            "Spatial point pattern test: {n} of the {occupied} areas with alerts hold another share of “{a}” than "
            "of “{b}” beyond chance (S = {s} of all {areas} areas, {robust} of those with alerts).",
            len(self.changed),
            a=t(self.pair.a.name),
            b=t(self.pair.b.name),
            **values,
        )


def pattern_study(
    source: Source,
    f: AlertFilter,
    audience: Audience,
    against: str,
    areas: AreaKind = "cells",
    resolution: int | None = None,
) -> PatternStudy:
    """The test on alerts of two filters (`filter_pair` says which) by map cells or districts.

    `resolution`: of the cells, chosen by `LEAST_MEAN` unless given. Raises DisclosureError for an audience without
    exact counts, whatever the areas: whether one differs would tell of counts that are protected. CompareError where
    two sides cannot be made, no alert is on the map, or the city has no districts.
    """
    if not sees_exact(audience):
        raise DisclosureError(EXACT_ONLY)
    pair = filter_pair(source, f, against)
    totals = query.total(source, pair.first, audience), query.total(source, pair.second, audience)
    if any(total.nowhere for total in totals):
        raise CompareError(NO_POSITIONS)
    if areas == "districts":
        return _by_district(source, pair, audience, totals)
    chosen = _size(source, pair, audience, resolution)
    size = int(chosen.value)
    first, second = (query.cells(source, side, size, audience) for side in (pair.first, pair.second))
    counts = pd.DataFrame({"a": first.frame["n"], "b": second.frame["n"]})
    scatter = _largest([place_scatter(source, side, size) for side in (pair.first, pair.second)])
    found = point_pattern_test(counts["a"], counts["b"], dispersion=scatter.value)
    at_default = default_coordinates((first.at_default or 0) + (second.at_default or 0))
    choices = (chosen, *pair.choices, *_choices(found, scatter), *at_default)
    choices += nested_cells(size)
    changed = _changed_cells(source, counts, found)
    return _study(pair, totals, found, changed, counts, size, choices)


def _by_district(source: Source, pair: FilterPair, audience: Audience, totals: tuple[Total, Total]) -> PatternStudy:
    names = {area.id: area.labels for area in source.city.districts}
    if not names:
        raise CompareError(NO_DISTRICTS)
    counts = pd.DataFrame(
        {
            side: _district_counts(source, f, audience, list(names))
            for side, f in (("a", pair.first), ("b", pair.second))
        }
    )
    scatter = _largest([burst_scatter(source, side, ("district",)) for side in (pair.first, pair.second)])
    found = point_pattern_test(counts["a"], counts["b"], dispersion=scatter.value)
    message = Message("Areas are the districts of the city; alerts outside all of them are left out.")
    chosen = Choice("areas", "districts", message)
    changed = tuple(
        _changed(str(counts.index[at]), _label(names[str(counts.index[at])]), counts, found, at)
        for at in _differing(found)
    )
    choices = (chosen, *pair.choices, *_choices(found, scatter))
    return _study(pair, totals, found, changed, counts, 0, choices)


def _district_counts(source: Source, f: AlertFilter, audience: Audience, districts: list[str]) -> pd.Series:
    counted = query.counts(source, f, ["district"], audience, complete=True).frame
    known: pd.Series = counted.dropna(subset=["district"]).set_index("district")["n"]
    return known.reindex(districts, fill_value=0.0)


def _label(names: Mapping[str, str]) -> Callable[[Translator], str]:
    return lambda t: t.label(names)


def _size(source: Source, pair: FilterPair, audience: Audience, asked: int | None) -> Choice:
    """How large the cells are: the finest of which those with alerts hold enough to differ."""
    sides = (pair.first, pair.second)
    if asked is not None:
        return affordable_size(source.city, asked)
    size = min(int(cell_size(source, side, audience, None).value) for side in sides)
    first, second = (query.cells(source, side, size, audience).frame["n"] for side in sides)
    both = (first + second)[(first + second) > 0]
    cells = both.index.to_numpy(np.int64)
    while size > min(MAP_RESOLUTIONS) and len(cells) and both.sum() / len(np.unique(cells)) < LEAST_MEAN:
        above = parent_cells(cells, size - 1)
        if len(np.unique(above)) < LEAST_AREAS:
            break
        cells, size = above, size - 1
    message = Message(
        "Areas are cells as large as a square of {metres} m: the finest of which those with alerts hold {least} on "
        "average, as long as there are {areas} of them.",
        {
            "metres": round(square_side(size, source.city.sampled_cells)),
            "least": LEAST_MEAN,
            "areas": LEAST_AREAS,
        },
    )
    return Choice("resolution", size, message)


def _largest(scatters: Sequence[Dispersion]) -> Dispersion:
    return max(scatters, key=attrgetter("value"))


def _differing(found: PatternTest) -> list[int]:
    """The areas that differ, the most surely first."""
    at = np.flatnonzero(found.differs)
    return [int(one) for one in at[np.argsort(found.p[at], kind="stable")]]


def _changed(
    name: str,
    label: Callable[[Translator], str],
    counts: pd.DataFrame,
    found: PatternTest,
    at: int,
    cells: tuple[int, ...] = (),
) -> ChangedArea:
    return ChangedArea(
        id=name,
        name=label,
        n_a=round(float(counts["a"].iloc[at])),
        n_b=round(float(counts["b"].iloc[at])),
        share_a=float(found.share_a[at]),
        share_b=float(found.share_b[at]),
        q=float(found.q[at]),
        more=int(found.more[at]),
        cells=cells,
    )


@dataclass(frozen=True)
class _Point:
    """The middle of a cell, to be named."""

    id: str
    longitude: float
    latitude: float


def _changed_cells(source: Source, counts: pd.DataFrame, found: PatternTest) -> tuple[ChangedArea, ...]:
    differing = _differing(found)
    cells = [int(counts.index[at]) for at in differing]
    middles = [h3.cell_to_latlng(np.uint64(cell)) for cell in cells]
    points = [_Point(f"{cell:x}", float(x), float(y)) for cell, (y, x) in zip(cells, middles, strict=True)]
    names = name_spots(points, source.city)
    return tuple(
        _changed(point.id, names[point.id], counts, found, at, (cell,))
        for point, cell, at in zip(points, cells, differing, strict=True)
    )


def _study(
    pair: FilterPair,
    totals: tuple[Total, Total],
    found: PatternTest,
    changed: tuple[ChangedArea, ...],
    counts: pd.DataFrame,
    resolution: int,
    choices: tuple[Choice, ...],
) -> PatternStudy:
    n_a, n_b = (round(float(counts[side].sum())) for side in ("a", "b"))
    return PatternStudy(pair, totals, found, changed, n_a, n_b, resolution, choices)


def _cut(s: float) -> float:
    return float(np.floor(np.round(s * _DIGITS, 6)) / _DIGITS)


def _choices(found: PatternTest, scatter: Dispersion) -> tuple[Choice, ...]:
    return (
        Choice(
            "test",
            found.alpha,
            Message(
                "The share of each area is compared exactly (Fisher) and corrected for all areas with an alert "
                "(Benjamini-Hochberg). S is the share of areas that do not differ; it is higher the finer the areas."
            ),
        ),
        scatter.choice,
    )
