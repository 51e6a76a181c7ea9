"""Compared changes as council and public read them: whatever a small count is, the row beside it says the same."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from analysis.stats.false_discovery import told_step
from analysis.trends.changes import add_city_reference, changes
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.privacy import WrittenCounts
from curim_data.studies.changes import CANDIDATE_KEYS, ChangeStudy
from curim_data.studies.periods import compared_periods
from curim_data.studies.written_changes import surest_first, written_changes
from tests.small import alert, small_city, small_source

CITY = small_city()
TELLING = ("expected", "ratio", "low", "high", "p", "q")


@pytest.fixture(scope="module")
def periods(tmp_path_factory: pytest.TempPathFactory) -> object:
    rows = [alert(at, day=day) for at, day in enumerate((dt.date(2023, 1, 1), dt.date(2025, 12, 31)))]
    source = small_source(tmp_path_factory.mktemp("alerts"), rows)
    return compared_periods(source, (dt.date(2025, 1, 1), dt.date(2025, 12, 31)))


def study(periods: object, *counts: tuple[str | None, int, int]) -> ChangeStudy:
    """A comparison of categories; None are all alerts."""
    rows = pd.DataFrame([{"category": name, "before": b, "after": a} for name, b, a in counts])
    rows = rows.assign(**{name: None for name in CANDIDATE_KEYS if name != "category"})
    found = changes(add_city_reference(rows), CANDIDATE_KEYS, periods.lengths, relative=True)  # type: ignore[attr-defined]
    return ChangeStudy(periods, found)  # type: ignore[arg-type]


def row(found: pd.DataFrame, category: str) -> dict[str, float | None]:
    """The figures of a category; None where they are missing."""
    told = found[found["category"] == category].iloc[0]
    return {name: None if pd.isna(told[name]) else float(told[name]) for name in ("before", "after", *TELLING)}


def of(periods: object, before: int, after: int, audience: Audience = Audience.COUNCIL) -> dict[str, float | None]:
    """Noise with these counts, among 400 alerts before and 410 after."""
    given = study(periods, (None, 400, 410), ("noise", before, after), ("lighting_poor", 400 - before, 410 - after))
    return row(written_changes(given, audience, CITY), "noise")


@pytest.mark.parametrize("after", [5, 40])
def test_a_rise_from_a_small_count_is_at_least_so_large_whatever_the_count(periods: object, after: int) -> None:
    told = [of(periods, before, after) for before in (1, 2, 3, 4)]
    assert all(one == told[0] for one in told)
    low = told[0]["low"]
    assert {name for name, value in told[0].items() if value is not None} == {"after", "low"}
    exact = [of(periods, before, after, Audience.SPECIALIST)["low"] for before in (1, 2, 3, 4)]
    assert low == pytest.approx(exact[-1])
    assert all(low <= one + 1e-9 for one in exact)


def test_a_fall_to_a_small_count_is_at_most_so_large_whatever_the_count(periods: object) -> None:
    told = [of(periods, 40, after) for after in (1, 2, 3, 4)]
    assert all(one == told[0] for one in told)
    assert {name for name, value in told[0].items() if value is not None} == {"before", "expected", "high"}
    exact = [of(periods, 40, after, Audience.SPECIALIST)["high"] for after in (1, 2, 3, 4)]
    assert told[0]["high"] == pytest.approx(exact[-1])


@pytest.mark.parametrize(("before", "after"), [(3, 4), (0, 4), (4, 0)])
def test_of_two_small_counts_nothing_is_told(periods: object, before: int, after: int) -> None:
    told = of(periods, before, after)
    assert {name for name, value in told.items() if value not in (None, 0)} <= {"expected"}
    assert told["expected"] in (None, 0)


def test_nothing_is_told_where_the_whole_is_small_too(periods: object) -> None:
    given = study(periods, (None, 4, 90), ("noise", 2, 50), ("lighting_poor", 2, 40))
    told = row(written_changes(given, Audience.COUNCIL, CITY), "noise")
    assert {name for name, value in told.items() if value is not None} == {"after"}


def test_other_rows_and_who_reads_the_alerts_have_all(periods: object) -> None:
    given = study(periods, (None, 400, 410), ("noise", 3, 40), ("lighting_poor", 397, 370))
    whole = given.changes.frame
    assert written_changes(given, Audience.SPECIALIST, CITY) is whole
    found = written_changes(given, Audience.PUBLIC, CITY)
    assert found["fewer_than"].dropna().tolist() == [5]
    kept = found["fewer_than"].isna()
    stepped = whole.assign(q=told_step(whole["q"]))  # of q, which depends on the rows that are not, the step alone
    pd.testing.assert_frame_equal(found.loc[kept, whole.columns], stepped[kept], check_dtype=False)


def test_no_row_tells_the_small_count_of_another_by_its_corrected_p_or_by_the_order(periods: object) -> None:
    """Whether 1 or 4 fly-tippings were before 10: the p of what is written is the same, and q would not be."""
    rows = (("noise", 60, 90), ("lighting_poor", 150, 180), ("graffiti", 190, 200))
    tables, exact = [], []
    for few in (1, 2, 3, 4):
        given = study(periods, (None, 403, 480), *rows, ("fly_tipping", few, 10))
        found = written_changes(given, Audience.COUNCIL, CITY)
        order = tuple(found.loc[surest_first(given.changes.frame, found), "category"])
        tables.append((order, *(row(found, name)["q"] for name, *_ in rows)))
        exact.append(row(given.changes.frame, "noise")["q"])
    assert len(set(tables)) == 1
    assert set(tables[0][1:]) <= {0.05, 1.0}
    assert len(set(exact)) > 1


def test_what_tells_a_count_goes_with_it_in_every_table_and_object() -> None:
    written = WrittenCounts(AlertFilter(), Audience.COUNCIL, CITY)
    spot = {"n": 3, "expected": 1.0, "excess": 2.0, "ratio": 3.0, "low": 1.5, "high": 6.0, "q": 0.01}
    pair = {"n_first": 3, "n_second": 30, "share": 3 / 33, "ratio": 0.1, "low": 0.03, "high": 0.3, "p": 0.01, "q": 0.02}
    cell = {"last_weeks": 4, "expected": 0.31, "low": 0.0, "high": 2.0}
    series = {"n": 3, "expected": 2.0, "lower": 0.0, "upper": 5.0}
    stepped = {"n": 3, "excess": float("nan"), "ratio": float("nan"), "low": 2.0, "high": float("nan")}
    for given, left in (
        (spot, {"expected", "q"}),
        (pair, {"n_second"}),
        (cell, set()),
        (series, {"expected", "lower", "upper"}),
        (stepped, {"low"}),
    ):
        told = written.answer(given)
        table = written.table(pd.DataFrame([given])).iloc[0]
        for found in (told, dict(table)):
            assert {name for name, value in found.items() if pd.notna(value)} == left | {"fewer_than"}
