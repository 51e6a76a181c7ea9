"""Counts of two periods side by side: the same as a join of both tables gives, only faster."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from curim_data.studies.changes import _COUNTED, CANDIDATE_KEYS, _pair

VALUES = {
    "district": ["north", "south", "west", None],
    "category": ["noise", "theft", "litter"],
    "dark": [True, False, None],
    "cell": ["89a", "89b"],
}


def joined(old: pd.DataFrame, new: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The slow twin: an outer join, row by row as the database of a reader would do it."""
    old, new = (table[[*by, "n"]].astype(dict.fromkeys(by, object)) for table in (old, new))
    if by:
        merged = old.merge(new, on=by, how="outer", suffixes=("_before", "_after"))
    else:
        merged = old.merge(new, how="left", left_index=True, right_index=True, suffixes=("_before", "_after"))
    pair = merged[by].copy()
    for when in ("before", "after"):
        pair[when] = merged[f"n_{when}"].fillna(0)
    pair = pair.dropna(subset=by)
    if "dark" in by:
        pair = pair[pair["dark"].astype(bool)]
    return pair.reindex(columns=[*CANDIDATE_KEYS, *_COUNTED]).astype(dict.fromkeys(CANDIDATE_KEYS, object))


def table(rng: np.random.Generator, by: list[str], share: float) -> pd.DataFrame:
    """Some of all combinations, in any order."""
    rows = pd.MultiIndex.from_product([VALUES[name] for name in by]).to_frame(index=False, name=by) if by else None
    rows = pd.DataFrame(index=range(1)) if rows is None else rows.sample(frac=share, random_state=rng)
    return rows.reset_index(drop=True).assign(n=rng.integers(0, 40, len(rows)).astype(float))


@pytest.mark.parametrize("share", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("by", [[], ["category"], ["category", "dark"], ["district", "category", "dark"], ["cell"]])
def test_both_periods_stand_side_by_side_as_after_a_join(by: list[str], share: float) -> None:
    rng = np.random.default_rng(3)
    for _ in range(10):
        old, new = table(rng, by, share), table(rng, by, share)
        pair = {name: pd.Series(values) for name, values in _pair(old, new, by).items()}
        found = pd.DataFrame(pair)[[*CANDIDATE_KEYS, *_COUNTED]].astype(dict.fromkeys(CANDIDATE_KEYS, object))
        pd.testing.assert_frame_equal(found, joined(old, new, by).reset_index(drop=True))


def test_a_name_that_only_one_period_has_is_a_row_with_a_zero() -> None:
    old = pd.DataFrame({"category": ["noise"], "n": [3.0]})
    new = pd.DataFrame({"category": ["theft"], "n": [4.0]})
    found = _pair(old, new, ["category"])
    assert found["category"].tolist() == ["noise", "theft"]
    assert found["before"].tolist() == [3.0, 0.0]
    assert found["after"].tolist() == [0.0, 4.0]
