"""Counts and notes of compared changes in words: small counts are written as fewer than k, and nothing else changes."""

from __future__ import annotations

import pandas as pd
import pytest

from curim_data.model import Audience, translator
from curim_data.studies.change_words import counts_in_words, least_written, notes_in_words, ratios_in_words
from tests.small import small_city

ROWS = pd.DataFrame(
    [
        ("lighting_poor", 48, 21),
        ("harassment_sexual", 9, 66),
        ("harassment_sexual", 10, 4),
        ("noise", 5, 4),
        (None, 0, 1),
    ],
    columns=["category", "before", "after"],
).assign(ratio=2.0, low=0.5, high=8.0)


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.PUBLIC])
def test_small_counts_are_written_as_fewer_than_k(audience: Audience) -> None:
    t, least = translator("en"), least_written(ROWS, audience, small_city())
    assert least.tolist() == [5, 10, 10, 5, 5]
    told = [counts_in_words(t, ROWS, when, least) for when in ("before", "after")]
    assert list(zip(*told, strict=True)) == [
        ("48", "21"),
        ("fewer than 10", "66"),
        ("10", "fewer than 10"),
        ("5", "fewer than 5"),
        ("0", "fewer than 5"),
    ]


def test_where_sensitive_categories_are_asked_for_every_row_has_their_threshold() -> None:
    least = least_written(ROWS, Audience.COUNCIL, small_city(), sensitive=True)
    assert least.tolist() == [10] * len(ROWS)
    assert counts_in_words(translator("en"), ROWS, "before", least)[3] == "fewer than 10"


@pytest.mark.parametrize("audience", [Audience.ANALYST, Audience.SPECIALIST])
def test_who_reads_the_alerts_gets_every_count(audience: Audience) -> None:
    least = least_written(ROWS, audience, small_city(), sensitive=True)
    assert counts_in_words(translator("en"), ROWS, "after", least) == ["21", "66", "4", "4", "1"]


def test_a_small_count_leaves_its_ratio() -> None:
    assert ratios_in_words(translator("en"), ROWS, ("ratio", "low", "high")) == ["2.00 (0.50–8.00)"] * len(ROWS)


def test_a_significant_row_beside_the_rest_of_the_city_is_told_to_move_less_than_that() -> None:
    rows = pd.DataFrame(
        [
            ("city", True, 2.0, 40, 60.0),
            ("city", True, 0.5, 80, 60.0),
            ("city", True, 2.0, 80, 60.0),
            ("city", False, 2.0, 40, 60.0),
            ("before", True, 2.0, 40, 60.0),
        ],
        columns=["compared", "significant", "ratio", "after", "expected"],
    )
    assert notes_in_words(translator("en"), rows) == ["fell less than the rest", "rose less than the rest", "", "", ""]
