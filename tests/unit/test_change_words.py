"""Bounds of protected counts in the tables of changes: told as bounds, and left out where they say nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from curim_data.model import translator
from curim_data.studies.change_words import (
    NOT_KNOWN,
    counts_in_words,
    notes_in_words,
    ratios_in_words,
    without_idle_bounds,
)

ROWS = pd.DataFrame(
    [
        # bounded, before, after, ratio: known; few before; any number up to a thousand before; few after; many after
        ("", 48, 21, 0.43),
        ("before", 4, 66, 15.0),
        ("before", 1055, 54, 0.05),
        ("after", 30, 4, 0.13),
        ("after", 30, 900, 30.0),
    ],
    columns=["bounded", "before", "after", "ratio"],
).assign(low=0.01, high=99.0, expected=lambda rows: rows["before"], compared="before", significant=False)


def test_a_bound_is_told_as_a_bound_and_one_that_says_nothing_as_protected() -> None:
    t = translator("en")
    told = [counts_in_words(t, ROWS, when) for when in ("before", "after")]
    assert list(zip(*told, strict=True)) == [
        ("48", "21"),
        ("fewer than 5", "66"),
        ("protected", "54"),
        ("30", "fewer than 5"),
        ("30", "protected"),
    ]
    assert notes_in_words(t, ROWS) == [
        "",
        "before: at most; protected",
        "before: protected",
        "after: at most; protected",
        "after: protected",
    ]


def test_an_idle_bound_makes_no_number_and_no_ratio() -> None:
    shown = without_idle_bounds(ROWS)
    assert np.isnan(shown["before"]).tolist() == [False, False, True, False, False]
    assert np.isnan(shown["after"]).tolist() == [False, False, False, False, True]
    assert np.isnan(shown["expected"]).tolist() == [False, False, True, False, False]
    written = ratios_in_words(translator("en"), shown, ("ratio", "low", "high"))
    assert [text == NOT_KNOWN for text in written] == [False, False, True, False, True]
    assert ratios_in_words(translator("en"), ROWS.iloc[:1], ("ratio", "low", "high")) == ["0.43 (0.01–99.00)"]
    pd.testing.assert_frame_equal(ROWS.iloc[:2], shown.iloc[:2], check_dtype=False)
