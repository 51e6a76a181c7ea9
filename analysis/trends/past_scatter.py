"""How overdispersed the candidates of a comparison were: the dispersion of each kind, and of each candidate, so far.

A kind is an area level and a theme level together (each category, each district, each category of each district, the
city): bursts are shared by all, but how far a risk wanders differs between them. Each candidate's past stands against
that of what the candidate is compared with, as in `analysis.trends.changes.add_city_reference`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from analysis.stats.dispersion import (
    UNKNOWN,
    Dispersion,
    GroupFactor,
    dispersion_of_pairs,
    group_factors,
    spread_of,
)
from analysis.stats.result import Choice
from curim_data.model import FloatArray, IntArray, Message

Kind = tuple[str, ...]
# Counts of one kind in pairs of windows of the past, before and after: index the columns that name a candidate (any for
# the city, which has one row), columns the pairs; both alike.
Pairs = tuple[pd.DataFrame, pd.DataFrame]
AREA: Final = ("district", "place", "cell")
CITY: Final[Kind] = ()


# Windows of the past are no longer than a quarter of a year: there would be too few of them.
LONGEST: Final = {"week": 13, "month": 3}
SHORTEST: Final = {"week": 2, "month": 1}
# So many times what all others let expect, a city's own past is no accident of a year. (Steady growth, as in the
# sample, and the ups and downs of Chicago's years reach 2.)
CONTRADICTED: Final = 5.0
# Pairs of windows from which on a distance is looked at; else a shorter one.
LEAST_PAIRS: Final = 3


@dataclass(frozen=True)
class PastWindows:
    """Pairs of windows of the past, in units (weeks or months) of a history of `units`, of which the last is the
    latest: `pairs` windows of `length` that end with the history and follow one another, each against the one `lag`
    earlier. `wanted`: the distance of the periods that are compared, where the history is too short for it.
    """

    units: int
    length: int
    lag: int
    pairs: int
    wanted: int

    def before(self, at: IntArray) -> IntArray:
        """The pair to whose earlier window each unit belongs; -1 for none."""
        return self.after(at + self.lag)

    def after(self, at: IntArray) -> IntArray:
        """The pair to whose later window each unit belongs; -1 for none."""
        pair = (self.units - 1 - at) // self.length
        return np.where((pair >= 0) & (pair < self.pairs), pair, -1)

    @property
    def choice(self) -> Choice:
        """What the dispersion was estimated from."""
        values = {"pairs": self.pairs, "length": self.length, "lag": self.lag, "wanted": self.wanted}
        if self.lag < self.wanted:
            return Choice(
                "past",
                self.pairs,
                Message(
                    "The data before these periods are too short to show how far counts usually wander over such a "
                    "time: it is carried forward from shorter times."
                ),
            )
        return Choice(
            "past",
            self.pairs,
            Message(
                "How much counts usually scatter was estimated from {pairs} pairs of earlier periods, as far apart as "
                "these.",
                values,
            ),
        )


def past_windows(units: int, length: int, lag: int, unit: Literal["week", "month"] = "week") -> PastWindows | None:
    """The windows of a past of so many whole units before the later period; None where it is too short.

    `length`, `lag`: of the later period, and how far the earlier one lies before it, in units. Windows are as long as
    that but for `LONGEST`, and shorter where else there would be fewer than `LEAST_PAIRS` pairs; where even then there
    are none `lag` apart they lie as far apart as the past allows.
    """
    size = max(1, min(length, LONGEST[unit]))
    while True:
        reach = min(lag, units - LEAST_PAIRS * size)
        if reach >= size:
            return PastWindows(units, size, reach, (units - reach) // size, lag)
        if size <= SHORTEST[unit]:
            return None
        size = max(SHORTEST[unit], size // 2)


def kind_dispersions(past: Mapping[Kind, Pairs], lag: float = 1.0) -> dict[Kind, Dispersion]:
    """The dispersion of each kind of candidate, from pairs of windows as far apart as those that are compared.

    That of the city must be there. Kinds of many candidates come first: their bursts are those of all kinds, and what
    another kind scatters beyond them is drift. Where a kind has too few counts to tell, and for the city, which has one
    row, both enter alike, and years that changed much are cut, so that they do not hide a change. But where even the
    lower limit of the city's own past is `CONTRADICTED` times that, as where the use of an app comes and goes, its own
    past stands alone. `lag`: of the windows of a pair, in lengths of a window.
    """
    found: dict[Kind, Dispersion] = {}
    bursts: Dispersion | None = None
    for kind in sorted((kind for kind in past if kind != CITY), key=lambda kind: -len(past[kind][0])):
        before, after = past[kind]
        wholes = _wholes(kind, past)
        own = dispersion_of_pairs(before, after, wholes, bursts=bursts, lag=lag)
        if not own.known and bursts is not None:
            own = dispersion_of_pairs(before, after, wholes, prior=bursts)
        if own.known and bursts is None:
            bursts = dispersion_of_pairs(before, after, wholes, drift=False)
        found[kind] = own
    shared, own = (dispersion_of_pairs(*past[CITY], prior=prior, drift=False) for prior in (bursts, None))
    found[CITY] = own if own.known and own.low > CONTRADICTED * shared.phi else shared
    return found


def _wholes(kind: Kind, past: Mapping[Kind, Pairs]) -> tuple[FloatArray, FloatArray]:
    """What each row of a kind is compared with, itself included: its theme in the city where that is large, or all."""
    theme = tuple(name for name in kind if name not in AREA)
    rows = [table.to_numpy(float) for table in past[kind]]
    city = [np.broadcast_to(table.to_numpy(float), own.shape) for table, own in zip(past[CITY], rows, strict=True)]
    if not theme or theme == kind or theme not in past:
        return city[0], city[1]
    own_themes, themes = (
        zip(*(past[of][0].index.get_level_values(name) for name in theme), strict=True) for of in (kind, theme)
    )
    places = {name: row for row, name in enumerate(themes)}
    at = np.array([places.get(name, -1) for name in own_themes], np.int64)
    same = [np.where((at >= 0)[:, None], table.to_numpy(float)[at], 0.0) for table in past[theme]]
    large = (same[0] + same[1]).sum(axis=1) >= 2 * (rows[0] + rows[1]).sum(axis=1)
    first, then = (np.where(large[:, None], own, all_of_it) for own, all_of_it in zip(same, city, strict=True))
    return first, then


def theme_factors(
    past: Mapping[Kind, Pairs], kinds: Mapping[Kind, Dispersion], theme: str = "category"
) -> dict[str, GroupFactor]:
    """How many times as much as its kind each category scatters (`group_factors`), from the kind that knows most."""
    with_theme = [kind for kind in past if theme in kind and kinds[kind].known]
    if not with_theme:
        return {}
    kind = max(with_theme, key=lambda kind: kinds[kind].wandering)
    groups = past[kind][0].index.get_level_values(theme)
    return group_factors(*past[kind], _wholes(kind, past), kinds[kind], list(groups))


def candidate_dispersions(
    frame: pd.DataFrame,
    kinds: Mapping[Kind, Dispersion],
    names: Sequence[str],
    factors: Mapping[str, GroupFactor] | None = None,
) -> tuple[FloatArray, FloatArray]:
    """The dispersion of each candidate, by its kind and its counts, and of how many independent squares it was
    estimated; 1 where the past holds nothing of its kind, and infinitely many where it is not known.

    `factors`: of each category (`theme_factors`); those without one have that of their kind.

    `frame`: `names` (the columns that name a candidate), before, after and, for what is compared with the city,
    base_before and base_after. What happens after dark scatters as the same at any hour.
    """
    result, freedom = np.ones(len(frame)), np.full(len(frame), np.inf)
    given = frame[list(names)].notna()
    before, after = (frame[when].to_numpy(float) for when in ("before", "after"))
    based = np.isfinite(frame[["base_before", "base_after"]].to_numpy(float)).all(axis=1)
    whole = [
        np.nan_to_num(frame[f"base_{when}"].to_numpy(float)) + own
        for when, own in (("before", before), ("after", after))
    ]
    spread = np.where(based, spread_of(before, after, *whole), spread_of(before, after))
    for kind, rows in _by_kind(given):
        known = kinds.get(tuple(name for name in kind if name != "dark"), UNKNOWN)
        result[rows], freedom[rows] = known.fitted(spread[rows]), known.freedom_at(spread[rows])
    if factors and "category" in frame:
        for name, rows in frame.groupby("category", observed=True).indices.items():
            if (factor := factors.get(str(name))) is not None:
                result[rows] *= factor.times
                freedom[rows] = factor.freedom(freedom[rows])
    return np.asarray(np.maximum(result, 1.0)), freedom


def _by_kind(given: pd.DataFrame) -> Iterable[tuple[Kind, Any]]:
    codes = given.to_numpy(bool)
    for pattern in np.unique(codes, axis=0):
        yield tuple(np.asarray(given.columns)[pattern]), (codes == pattern).all(axis=1)
