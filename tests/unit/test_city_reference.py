"""What candidates are compared with, found for all rows at once: as row by row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.trends.changes import add_city_reference

KEYS = ("district", "place", "category", "dark")


def row_by_row(frame: pd.DataFrame) -> list[tuple[float, float, int, int]]:
    """The slow twin: base before and after, the row that it is the rest of, and the other side, of each row."""
    rows: list[dict[str, Any]] = [
        {name: None if name in KEYS and pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]

    def own(row: dict[str, Any]) -> tuple[float, float]:
        return row["before"], row["after"]

    def is_city(row: dict[str, Any]) -> bool:
        return row["district"] is None and row["place"] is None

    def whole_of(theme: tuple[Any, ...]) -> int:
        known = [at for at, row in enumerate(rows) if is_city(row) and (row["category"], row["dark"]) == theme]
        return known[-1] if known else -1

    def rest(at: int, row: dict[str, Any]) -> tuple[float, float] | None:
        if at < 0:
            return None
        whole, part = own(rows[at]), own(row)
        return max(whole[0] - part[0], 0.0), max(whole[1] - part[1], 0.0)

    found, levels = [], []
    for row in rows:
        theme = row["category"], row["dark"]
        same_at = -1 if is_city(row) else whole_of(theme)
        all_at = -1 if is_city(row) and theme == (None, None) else whole_of((None, None))
        same, wider = rest(same_at, row), rest(all_at, row)
        close = same is not None and sum(same) >= sum(own(row))
        base = same if close else wider
        found.append((base or (math.nan, math.nan), same_at if close else all_at if wider else -1))
        kind = row["district"] is None, row["place"] is None
        if is_city(row):
            levels.append((kind, tuple(name is None for name in theme)))
        elif close or theme == (None, None):
            levels.append((kind, theme))
        else:
            levels.append(None)
    told = []
    for at, (base, of) in enumerate(found):
        sides = [
            side
            for side, other in enumerate(rows)
            if side != at
            and levels[at] is not None
            and levels[side] == levels[at]
            and own(other) == base
            and sum(own(other)) > 0
            and found[side][0] == own(rows[at])
        ]
        told.append((*base, of, sides[0] if sides else -1))
    return told


def some_candidates(random: np.random.Generator) -> pd.DataFrame:
    """Whole tables by area and theme, of few values, so that rows are each other's rest."""
    districts, categories = random.integers(1, 4), random.integers(1, 4)
    rows = []
    for area in [(None, None), *((f"d{n}", None) for n in range(districts)), (None, "p0"), (None, "p1")]:
        for theme in [(None, None), *((f"c{n}", dark) for n in range(categories) for dark in (None, True))]:
            rows.append((*area, *theme, *random.integers(0, 4, 2).astype(float)))
    frame = pd.DataFrame(rows, columns=[*KEYS, "before", "after"]).astype(dict.fromkeys(KEYS, object))
    for name, by in (("district", ["category", "dark"]), ("category", ["district", "place"])):  # rows add up to others
        parts = frame[frame[name].notna()].groupby(by, dropna=False)[["before", "after"]].sum()
        for key, sums in parts.iterrows():
            equal = [frame[one].isna() if pd.isna(own) else frame[one] == own for one, own in zip(by, key, strict=True)]
            same = np.logical_and.reduce(equal)
            frame.loc[same & frame[name].isna(), ["before", "after"]] = sums.to_numpy()
    return frame.sample(frac=random.choice([0.5, 0.9, 1.0]), random_state=random).reset_index(drop=True)


@pytest.mark.parametrize("seed", range(60))
def test_all_rows_at_once_have_the_bases_of_row_by_row(seed: int) -> None:
    frame = some_candidates(np.random.default_rng(seed))
    found = add_city_reference(frame)
    pd.testing.assert_frame_equal(found[list(frame.columns)], frame)
    told = found[["base_before", "base_after", "base_of", "other_side"]]
    expected = pd.DataFrame(row_by_row(frame), columns=list(told.columns))
    pd.testing.assert_frame_equal(told, expected)


def test_some_rows_are_each_others_other_side() -> None:
    """The tables above hold such pairs; and no candidate at all has none."""
    tables = [some_candidates(np.random.default_rng(seed)) for seed in range(60)]
    assert sum(int((add_city_reference(table)["other_side"] >= 0).sum()) for table in tables) > 20
    assert add_city_reference(some_candidates(np.random.default_rng(0)).iloc[:0]).empty
