"""Counts as an audience may read them: small ones are words in texts, missing in files, and a class of their own."""

from __future__ import annotations

from io import BytesIO
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.gender import dark_shares
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, translator
from curim_data.privacy import drawn_share, share_is_told, written_share
from pages.parts import gender
from pages.parts.charts import tables, written_count
from pages.parts.frame import Page
from pages.parts.gender import shares_file
from pages.parts.hotspots import compare_tab
from pages.parts.maps import written_alerts
from pages.parts.maps.cell_map import class_breaks, class_words
from tests.made_page import made_page

T = translator("en")
counts = st.lists(st.integers(0, 60), min_size=1, max_size=30)


def page(city: CityProfile, audience: Audience, *categories: str) -> Page:
    return made_page("en", audience, city, f=AlertFilter(categories=categories))


def test_a_small_count_is_words(city: CityProfile) -> None:
    council, specialist = (page(city, who) for who in (Audience.COUNCIL, Audience.SPECIALIST))
    assert [written_count(council, n) for n in (0, 1, 4, 5, 1234)] == ["0", *["fewer than 5"] * 2, "5", "1,234"]
    assert [written_count(specialist, n) for n in (0, 1, 4)] == ["0", "1", "4"]
    assert [written_alerts(council, n) for n in (4, 5)] == ["fewer than 5 alerts", "5 alerts"]
    assert written_count(council, 9, "harassment_verbal") == "fewer than 10"
    assert written_count(page(city, Audience.COUNCIL, "harassment_verbal"), 9) == "fewer than 10"


@given(counts)
def test_a_file_leaves_small_counts_out_and_says_their_limit(city: CityProfile, numbers: list[int]) -> None:
    frame = pd.DataFrame({"n": numbers, "alerts": [n + 3 for n in numbers], "ratio": 1.5, "hot": True})
    told = page(city, Audience.COUNCIL).written.table(frame)
    few = [0 < n < 5 or n + 3 < 5 for n in numbers]
    assert [n != n for n in told["n"]] == [0 < n < 5 for n in numbers]
    assert [n for n in told["n"] if n == n] == [n for n in numbers if not 0 < n < 5]
    assert [n != n for n in told["alerts"]] == [n + 3 < 5 for n in numbers]
    assert told[["ratio", "hot"]].equals(frame[["ratio", "hot"]])
    if any(few):
        assert [limit == 5 for limit in told["fewer_than"]] == few
    else:
        assert told is frame
    assert page(city, Audience.SPECIALIST).written.table(frame) is frame


def test_rows_of_sensitive_categories_have_their_own_limit(city: CityProfile) -> None:
    frame = pd.DataFrame({"category": ["noise", "harassment_verbal", None], "n": [7.0, 7.0, 3.0], "rank": [2, 3, 4]})
    told = page(city, Audience.COUNCIL).written.table(frame)
    assert told["n"].fillna(-1).tolist() == [7, -1, -1]
    assert told["fewer_than"].fillna(0).tolist() == [0, 10, 5]
    assert told["rank"].tolist() == [2, 3, 4]
    assert page(city, Audience.COUNCIL).written.table(frame, counts=()) is frame


@given(counts.filter(any), st.sampled_from([1, 5, 10]))
def test_small_counts_are_one_class_of_a_map(numbers: list[int], least: int) -> None:
    breaks = class_breaks(numbers, least=least)
    assert breaks == sorted(set(breaks))
    assert breaks[-1] >= max(numbers)
    assert not any(end < least - 1 for end in breaks)
    assert (breaks[0] == least - 1) == any(0 < n < least for n in numbers) or least == 1
    told = class_words(T, pd.Series(numbers, dtype=float), least)
    assert [words == f"fewer than {least}" for words in told] == [end < least for end in breaks]
    assert len(told) == len(breaks) <= 5


@pytest.mark.parametrize("least", [1, 5])
def test_classes_of_counts_that_are_all_written_are_the_same(least: int) -> None:
    numbers = np.random.default_rng(1).integers(5, 400, 200)
    assert class_breaks(numbers.tolist(), least=least) == class_breaks(numbers.tolist())


@given(st.integers(1, 400), st.integers(2, 10))
def test_a_share_is_the_same_whatever_the_small_count_of_it(whole: int, least: int) -> None:
    small = [n for n in range(1, least) if n <= whole]
    for parts in (small, [whole - n for n in small if whole - n > 0 and not 0 < whole - n < least]):
        told = {written_share(T, (n, whole), (n / whole, 0.1, 0.9), least) for n in parts}
        drawn = {drawn_share(n, whole, least) for n in parts}
        assert len(told) == len(drawn) == bool(parts)
        assert all(share == 0 if whole < least else 0 < share < 1 for share in drawn)
    for n in {0, least, whole // 2, whole} & set(range(whole + 1)):
        if n not in small and whole - n not in small:
            assert share_is_told(n, whole, least)
            assert drawn_share(n, whole, least) == (n / whole if whole >= least else 0)


def test_a_share_beside_a_small_count_is_words() -> None:
    told = (0.15, 0.05, 0.36)
    assert written_share(T, (3, 20), told, 5) == "fewer than 5"
    assert written_share(T, (18, 20), told, 5).replace("\u00a0", " ") == "at least 80 %"
    assert written_share(T, (3, 20), told).replace("\u00a0", " ") == "15 % (5–36)"


def test_a_file_leaves_out_what_tells_a_small_count(city: CityProfile) -> None:
    council = page(city, Audience.COUNCIL)
    shares = pd.DataFrame({"gender": ["woman", "man"], "n": [30, 3], "share": [0.9, 0.1], "low": [0.8, 0.0]})
    assert council.written.table(shares)[["n", "share", "low"]].notna().to_numpy().tolist() == [[True] * 3, [False] * 3]
    means = pd.DataFrame({"gender": ["woman", "man"], "n": [30, 3], "mean": [2.1, 3.0], "unsafe": [0.5, 0.3]})
    assert council.written.table(means)[["mean", "unsafe"]].notna().to_numpy().tolist() == [[True] * 2, [False] * 2]
    places = pd.DataFrame({"women": [30, 30], "men": [3, 30], "share": [0.9, 0.5], "p": [0.01, 0.5]})
    assert council.written.table(places)[["share", "p"]].notna().to_numpy().tolist() == [[False] * 2, [True] * 2]
    spots = pd.DataFrame({"n": [30], "excess": [20.0], "ratio": [3.0], "women": [0.5]})
    assert council.written.table(spots)["ratio"].tolist() == [3.0]  # "women" is a share there


def test_no_part_of_a_small_whole_is_a_share() -> None:
    """Of three persons affected nobody is a woman: "at least 0 %" says nothing, and "none" would be no share."""
    nobody = (0.0, 0.0, 0.6)
    for whole in (1, 3, 4):
        assert written_share(T, (0, whole), nobody, 5) == "fewer than 5"
    assert written_share(T, (0, 3), nobody).startswith("0")
    assert written_share(T, (0, 20), nobody, 5).startswith("0")


def _file(reader: Page, frame: pd.DataFrame, of: tuple[str, float | str]) -> pd.DataFrame:
    """The CSV below bars of shares, read again."""
    return pd.read_csv(BytesIO(tables.csv_bytes(reader.written.table(shares_file(reader, frame, of)))))


def test_the_file_below_the_bars_leaves_out_a_count_whose_rest_is_small(city: CityProfile) -> None:
    """17 of 20 after dark: the bar says "at least 80 %", and by day there were three."""
    counted = [("woman", True, 17), ("woman", False, 3), ("man", True, 12), ("man", False, 8), ("other", True, 2),
               ("other", False, 20), ("undisclosed", True, 2), ("undisclosed", False, 1)]  # fmt: skip
    found = dark_shares(pd.DataFrame(counted, columns=["affected_gender", "dark", "n"]))
    told = _file(page(city, Audience.COUNCIL), found, ("dark", "n")).set_index("gender")
    figures = ["dark", "n", "share", "low", "high", "fewer_than"]
    assert told.loc["woman", figures].fillna(-1).tolist() == [-1, 20, -1, -1, -1, 5]
    assert told.loc["other", figures].fillna(-1).tolist() == [-1, 22, -1, -1, -1, 5]
    assert told.loc["undisclosed", figures].fillna(-1).tolist() == [-1, -1, -1, -1, -1, 5]
    assert told.loc["man", ["dark", "n", "share"]].tolist() == [12, 20, 0.6]
    assert np.isnan(told.loc["man", "fewer_than"])
    other = found.assign(dark=[18.0, *found["dark"][1:]])
    assert _file(page(city, Audience.COUNCIL), other, ("dark", "n")).equals(told.reset_index())
    exact = _file(page(city, Audience.SPECIALIST), found, ("dark", "n"))
    pd.testing.assert_frame_equal(exact, found, check_dtype=False)


@pytest.mark.parametrize(("lang", "men", "none"), [("en", "men only", "at most 0.40"), ("fr", "hommes", "au plus")])
def test_a_ratio_of_nothing_is_a_word(lang: str, men: str, none: str) -> None:
    page = cast(Page, SimpleNamespace(t=translator(lang)))
    row = {"ratio": 0.0, "low": 0.0, "high": 0.4, "at_least": float("nan"), "at_most": float("nan")}
    assert gender._category_ratio(page, cast(Any, row)).startswith(men)
    place = cast(Any, SimpleNamespace(ratio=0.0, low=0.0, high=0.4))
    assert compare_tab._ratio(page, place).startswith(none)
    some = cast(Any, SimpleNamespace(ratio=0.2, low=0.1, high=0.4))
    assert compare_tab._ratio(page, some)[:1] == "0"
    assert gender._category_ratio(page, cast(Any, {**row, "ratio": 0.2, "low": 0.1}))[:1] == "0"
