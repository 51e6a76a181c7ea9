"""How restless the candidates of a comparison were in the past: the dispersion of each kind, and of each candidate.

A kind is an area level and a theme level together (each category, each district, each category of each district, the
city): bursts are shared by all, but how far a risk wanders differs between them. Each candidate's past stands against
that of what the candidate is compared with, as in `analysis.trends.changes.add_city_reference`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.stats.dispersion import UNKNOWN, Dispersion, dispersion_from_past, spread_of
from analysis.trends.changes import AREA
from curim_data.model import FloatArray

Kind = tuple[str, ...]
CITY: Final[Kind] = ()


def kind_dispersions(past: Mapping[Kind, pd.DataFrame], lag: int = 1) -> dict[Kind, Dispersion]:
    """The dispersion of each kind of candidate in windows `lag` apart.

    `past`: for each kind its counts, index the columns that name a candidate (any for the city, which has one row),
    columns the windows in order; that of the city must be there. Kinds of many candidates come first: what is known of
    their bursts enters where a kind has too few of its own, and always for the city, which has one row.
    """
    city = past[CITY].to_numpy(float)[0]
    found: dict[Kind, Dispersion] = {}
    bursts: Dispersion | None = None
    for kind in sorted((kind for kind in past if kind != CITY), key=lambda kind: -len(past[kind])):
        rows = past[kind].to_numpy(float)
        own = dispersion_from_past(rows, lag=lag, totals=_wholes(kind, past, city))
        if not own.known and bursts is not None:
            own = dispersion_from_past(rows, lag=lag, totals=_wholes(kind, past, city), prior=bursts)
        if own.known and bursts is None:
            bursts = replace(own, drift=0.0)
        found[kind] = own
    found[CITY] = dispersion_from_past(city[None, :], lag=lag, prior=bursts, drift=False)
    return found


def _wholes(kind: Kind, past: Mapping[Kind, pd.DataFrame], city: FloatArray) -> FloatArray:
    """What each row of a kind is compared with, itself included: its theme in the city where that is large, or all."""
    theme = tuple(name for name in kind if name not in AREA)
    rows = past[kind].to_numpy(float)
    if not theme or theme == kind or theme not in past:
        return np.broadcast_to(city, rows.shape)
    keys = past[kind].reset_index()[list(theme)]
    themes = past[theme].reset_index()
    columns = list(past[theme].columns)
    same = keys.merge(themes, on=list(theme), how="left")[columns].to_numpy(float)
    large = np.nansum(same, axis=1) >= 2 * np.nansum(rows, axis=1)
    return np.where(large[:, None], same, city)


def candidate_dispersions(frame: pd.DataFrame, kinds: Mapping[Kind, Dispersion], names: Sequence[str]) -> FloatArray:
    """The dispersion of each candidate, by its kind and its counts; 1 where nothing is known of its kind.

    `frame`: `names` (the columns that name a candidate), before, after and, for what is compared with the city,
    base_before and base_after. What happens after dark scatters as the same at any hour.
    """
    result = np.ones(len(frame))
    given = frame[list(names)].notna()
    before, after = (_at_most(frame, when) for when in ("before", "after"))
    based = np.isfinite(frame[["base_before", "base_after"]].to_numpy(float)).all(axis=1)
    whole = [
        np.nan_to_num(frame[f"base_{when}"].to_numpy(float)) + own
        for when, own in (("before", before), ("after", after))
    ]
    spread = np.where(based, spread_of(before, after, *whole), spread_of(before, after))
    for kind, rows in _by_kind(given):
        known = kinds.get(tuple(name for name in kind if name != "dark"), UNKNOWN)
        result[rows] = known.at(spread[rows]) if known.known else 1.0
    return result


def _by_kind(given: pd.DataFrame) -> Iterable[tuple[Kind, Any]]:
    codes = given.to_numpy(bool)
    for pattern in np.unique(codes, axis=0):
        yield tuple(np.asarray(given.columns)[pattern]), (codes == pattern).all(axis=1)


def _at_most(frame: pd.DataFrame, when: str) -> FloatArray:
    """Counts, withheld ones at their upper bound."""
    high = frame.get(f"{when}_high", np.nan)
    return np.asarray(np.nan_to_num(frame[when].fillna(high).to_numpy(float)))
