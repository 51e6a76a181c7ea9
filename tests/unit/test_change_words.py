"""Compared changes as an audience reads them: small counts are written as fewer than k, and nothing else tells them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.trends.changes import CANDIDATE_KEYS, Changes
from curim_data.engine import source_from_files
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.privacy import FEWER_THAN
from curim_data.studies.changes import ChangeStudy, counts_in_words, ratios_in_words, surest_first, written_changes
from curim_data.studies.periods import ComparedPeriods
from tests.small import small_city
from tests.stored import seen_by

TELLING = ["expected", "ratio", "low", "high", "p", "q"]
ROWS = pd.DataFrame(
    [
        ("lighting_poor", 480, 21, "open"),
        ("harassment_sexual", 9, 66, "clear"),
        ("harassment_sexual", 100, 4, "probable"),
        ("noise", 50, 5, "open"),
        (None, 50, 1, "open"),
    ],
    columns=["category", "base", "after", "grade"],
).assign(
    expected=9.5, ratio=2.0, low=0.5, high=8.0, p=[0.5, 0.001, 0.01, 0.4, 0.3], q=[0.5, 0.001, 0.01, 0.4, 0.3],
    level="category", compared="past", district=None, area=None, place=None, cell=None,
)  # fmt: skip
SENSITIVE = AlertFilter(categories=("harassment_sexual",))
SOURCE = source_from_files((), "no alerts", small_city())
DAY = dt.date(2025, 6, 2)
STUDY = ChangeStudy(ComparedPeriods((DAY, DAY), (DAY, DAY), same_season=True), Changes(ROWS, CANDIDATE_KEYS, {}, ()))


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.PUBLIC])
def test_beside_a_small_count_nothing_is_left_that_tells_it(audience: Audience) -> None:
    told, t = written_changes(STUDY, seen_by(SOURCE, audience), AlertFilter()), translator("en")
    few = [False, True, True, False, True]
    assert told[FEWER_THAN].isna().tolist() == [not one for one in few]
    assert told[TELLING].isna().all(axis=1).tolist() == few
    assert counts_in_words(t, told, "after") == ["21", "66", "fewer than 10", "5", "fewer than 5"]
    assert counts_in_words(t, told, "base") == ["480", "fewer than 10", "100", "50", "50"]
    assert ratios_in_words(t, told, ("ratio", "low", "high")) == ["2.00 (0.50–8.00)" if not one else "–" for one in few]
    assert set(told["q"].dropna()).isdisjoint(ROWS["q"])
    assert told["grade"].tolist() == ROWS["grade"].tolist()


def test_where_sensitive_categories_are_asked_for_every_row_has_their_threshold() -> None:
    told = written_changes(STUDY, seen_by(SOURCE, Audience.COUNCIL), SENSITIVE)
    assert counts_in_words(translator("en"), told, "after")[3] == "fewer than 10"


@pytest.mark.parametrize("audience", [Audience.ANALYST, Audience.SPECIALIST])
def test_who_reads_the_alerts_gets_every_count(audience: Audience) -> None:
    assert written_changes(STUDY, seen_by(SOURCE, audience), SENSITIVE) is ROWS


def test_rows_stand_by_their_grade_and_then_in_the_order_of_what_is_read() -> None:
    assert surest_first(ROWS).tolist() == [1, 2, 4, 3, 0]
    told = written_changes(STUDY, seen_by(SOURCE, Audience.COUNCIL), AlertFilter())
    assert surest_first(ROWS, told).tolist() == [1, 2, 3, 0, 4]  # the p of the last one is not there
    assert surest_first(ROWS.assign(p=np.nan)).empty
