"""Counts as an audience may read them: small ones are words in texts, missing in files, and a class of their own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, translator
from pages.parts.charts.numbers import written_alerts, written_count, written_incidents, written_table
from pages.parts.frame import Page
from pages.parts.maps.legends import class_breaks, class_entries

T = translator("en")
counts = st.lists(st.integers(0, 60), min_size=1, max_size=30)


def page(city: CityProfile, audience: Audience, *categories: str) -> Page:
    found: Any = SimpleNamespace(t=T, audience=audience, filter=AlertFilter(categories=categories), city=city)
    return cast(Page, found)


def test_a_small_count_is_words(city: CityProfile) -> None:
    council, specialist = (page(city, who) for who in (Audience.COUNCIL, Audience.SPECIALIST))
    assert [written_count(council, n) for n in (0, 1, 4, 5, 1234)] == ["0", *["fewer than 5"] * 2, "5", "1,234"]
    assert [written_count(specialist, n) for n in (0, 1, 4)] == ["0", "1", "4"]
    assert [written_incidents(council, n) for n in (1, 5)] == ["fewer than 5 incidents", "5 incidents"]
    assert [written_alerts(council, n) for n in (4, 5)] == ["fewer than 5 alerts", "5 alerts"]
    assert written_count(council, 9, "harassment_verbal") == "fewer than 10"
    assert written_count(page(city, Audience.COUNCIL, "harassment_verbal"), 9) == "fewer than 10"


@given(counts)
def test_a_file_leaves_small_counts_out_and_says_their_limit(city: CityProfile, numbers: list[int]) -> None:
    frame = pd.DataFrame({"n": numbers, "alerts": [n + 3 for n in numbers], "ratio": 1.5, "hot": True})
    told = written_table(page(city, Audience.COUNCIL), frame)
    few = [0 < n < 5 or n + 3 < 5 for n in numbers]
    assert [n != n for n in told["n"]] == [0 < n < 5 for n in numbers]
    assert [n for n in told["n"] if n == n] == [n for n in numbers if not 0 < n < 5]
    assert [n != n for n in told["alerts"]] == [n + 3 < 5 for n in numbers]
    assert told[["ratio", "hot"]].equals(frame[["ratio", "hot"]])
    if any(few):
        assert [limit == 5 for limit in told["fewer_than"]] == few
    else:
        assert told is frame
    assert written_table(page(city, Audience.SPECIALIST), frame) is frame


def test_rows_of_sensitive_categories_have_their_own_limit(city: CityProfile) -> None:
    frame = pd.DataFrame({"category": ["noise", "harassment_verbal", None], "n": [7.0, 7.0, 3.0], "share": [2, 3, 4]})
    told = written_table(page(city, Audience.COUNCIL), frame)
    assert told["n"].fillna(-1).tolist() == [7, -1, -1]
    assert told["fewer_than"].fillna(0).tolist() == [0, 10, 5]
    assert told["share"].tolist() == [2, 3, 4]
    assert written_table(page(city, Audience.COUNCIL), frame, counts=()) is frame


@given(counts.filter(any), st.sampled_from([1, 5, 10]))
def test_small_counts_are_one_class_of_a_map(numbers: list[int], least: int) -> None:
    breaks = class_breaks(numbers, least=least)
    assert breaks == sorted(set(breaks))
    assert breaks[-1] >= max(numbers)
    assert not any(end < least - 1 for end in breaks)
    assert (breaks[0] == least - 1) == any(0 < n < least for n in numbers) or least == 1
    told = [words for _, words in class_entries(T, pd.Series(numbers, dtype=float), least)]
    assert [words == f"fewer than {least}" for words in told] == [end < least for end in breaks]
    assert len(told) == len(breaks) <= 5


@pytest.mark.parametrize("least", [1, 5])
def test_classes_of_counts_that_are_all_written_are_the_same(least: int) -> None:
    numbers = np.random.default_rng(1).integers(5, 400, 200)
    assert class_breaks(numbers.tolist(), least=least) == class_breaks(numbers.tolist())
