"""What changed between two periods: darkness within a season only, two sides of one comparison once, and its words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from analysis.stats.intervals import UNKNOWN, Estimate
from analysis.trends.changes import Change
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.studies import changes
from curim_data.studies.brief import brief_changes, brief_periods, brief_study
from curim_data.studies.brief_content import brief_content
from curim_data.studies.brief_text import (
    finding_sentences,
    headline,
    season_sentence,
    than_others,
)
from curim_data.studies.changes import ChangeStudy, change_study, changes_for_all
from curim_data.studies.findings import Count, Finding
from curim_data.studies.periods import ComparedPeriods, compared_periods
from curim_data.studies.trends import trend_study
from tests.small import alert, small_city, small_source

ANALYST = Audience.ANALYST
EVERYWHERE = AlertFilter(period="all")
LAST = dt.date(2025, 12, 31)
SINCE = dt.date(2025, 11, 6)
THREE = ("harassment_verbal", "noise", "lighting_poor")


def daily(folder: Path, days: int, dark: Callable[[dt.date], bool], categories: tuple[str, ...] = THREE) -> Source:
    """Ten alerts of the first category and three of each other on each of the days until the last one."""
    rows = []
    for step in range(days):
        day = LAST - dt.timedelta(days=step)
        for category in categories:
            for _ in range(10 if category == categories[0] else 3):
                rows.append(
                    alert(
                        len(rows), day=day, category=category, dark=dark(day) and category == categories[0], place=None
                    )
                )
    return small_source(folder, rows)


def winter(day: dt.date) -> bool:
    return not dt.date(day.year, 3, 1) < day < dt.date(day.year, 11, 6)


def test_nightfall_that_moved_with_the_season_is_no_change(tmp_path: Path) -> None:
    source = daily(tmp_path, 112, winter)
    study = change_study(source, AlertFilter(period="", start=SINCE, end=LAST), ANALYST)
    assert not study.periods.same_season
    assert study.changes.frame["category"].notna().any()
    assert study.changes.frame["dark"].isna().all()
    assert study.changes.n_significant == 0
    words = " ".join(translator("en")(choice.explanation) for choice in study.choices)
    assert "What happened after dark was not compared: between the two periods the days became shorter" in words


def test_the_same_weeks_of_two_years_are_compared_after_dark(tmp_path: Path) -> None:
    source = daily(tmp_path, 430, lambda day: day >= dt.date(2025, 11, 6))
    study = change_study(source, AlertFilter(period="", start=SINCE, end=LAST), ANALYST)
    assert study.periods.same_season
    found = study.changes.frame[study.changes.frame["significant"]]
    assert found["dark"].notna().any()
    assert not any(choice.name == "darkness" for choice in study.choices)


@pytest.mark.parametrize("dark", [True, False])
def test_a_filter_for_darkness_is_not_compared_with_another_season(tmp_path: Path, dark: bool) -> None:
    f = AlertFilter(period="", start=SINCE, end=LAST, dark=dark)
    short = brief_changes(daily(tmp_path, 112, lambda day: day.day % 2 == 0), f, ANALYST)
    t = translator("en")
    assert short.changes.periods.before is None
    assert short.changes.changes.n_tested == 0
    assert "compared only with the same weeks of the year before" in t(short.changes.choices[0].explanation)
    assert headline(short, t).endswith("There is no earlier time of the same season to compare with.")
    long = change_study(daily(tmp_path, 430, lambda day: day.day % 2 == 0), f, ANALYST)
    assert long.periods.before == (SINCE - dt.timedelta(weeks=52), LAST - dt.timedelta(weeks=52))
    assert long.changes.n_tested > 0


def test_a_paper_says_why_darkness_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    source, t = daily(tmp_path, 112, lambda day: day.day % 2 == 0), translator("en")
    f = AlertFilter(period="", start=SINCE, end=LAST, dark=True)
    paper = brief_content(brief_study(source, f, ANALYST), f, source.city, t, made=LAST)
    assert not paper.compared
    assert paper.none_found == "There is no earlier time of the same season to compare with."


def two_categories(folder: Path) -> Source:
    """Verbal insults grew from 2 a day to 4, noise fell from 10 to 8, and there is nothing else."""
    rows = []
    for step in range(112):
        day = LAST - dt.timedelta(days=step)
        later = day >= SINCE
        for category, number in (("harassment_verbal", 4 if later else 2), ("noise", 8 if later else 10)):
            for _ in range(number):
                rows.append(alert(len(rows), day=day, category=category, place=None, point=(None, None), district=None))
    return small_source(folder, rows)


def test_two_categories_that_hold_all_alerts_are_one_change(tmp_path: Path) -> None:
    source, t = two_categories(tmp_path), translator("en")
    study = brief_changes(source, AlertFilter(period="", start=SINCE, end=LAST), ANALYST)
    assert [one.change.key["category"] for one in study.findings] == ["harassment_verbal"]
    assert headline(study, t).endswith("One change deserves your attention.")
    assert study.changes.changes.n_tested == 2
    assert "2 comparisons were made; 1 change is listed" in study.changes.changes.sentence(t, listed=1)
    assert any("they are one comparison" in t(choice.explanation) for choice in study.changes.choices)


def test_what_is_compared_with_others_is_said_as_far_as_there_is_any(tmp_path: Path) -> None:
    t, f = translator("en"), AlertFilter(period="", start=SINCE, end=LAST)

    def said(source: Source) -> str:
        return " ".join(t(choice.explanation) for choice in change_study(source, f, ANALYST).choices)

    nowhere = [
        alert(at, day=LAST - dt.timedelta(days=at % 112), place=None, point=(None, None), district=None)
        for at in range(448)
    ]
    alone = small_source(tmp_path, nowhere)
    assert change_study(alone, f, ANALYST).changes.n_tested == 1
    assert "compared with what the rest of the city did" not in said(alone)
    assert "Categories are compared" not in said(alone)
    assert "Categories are compared with all other alerts" in said(two_categories(tmp_path))
    assert "Places and categories are compared with what the rest" in said(daily(tmp_path, 112, winter))


def test_the_briefing_compares_the_end_of_a_period_that_is_all_data(tmp_path: Path) -> None:
    source = daily(tmp_path, 300, winter)
    assert change_study(source, AlertFilter(), ANALYST).periods.before is None
    found = brief_periods(source, AlertFilter())
    assert found.before is not None
    assert found == brief_changes(source, AlertFilter(), ANALYST, source.meeting).changes.periods
    assert brief_periods(source, EVERYWHERE).before is None


@pytest.mark.parametrize("lang", ["en", "el", "fr"])
def test_nights_that_become_longer_are_no_rise_after_dark(tmp_path: Path, lang: str) -> None:
    """The trend of a filter by light has no measure in the weeks before, and that of all alerts has."""
    source, t = daily(tmp_path, 300, winter), translator(lang)
    trends = {dark: trend_study(source, EVERYWHERE.replace(dark=dark), ANALYST) for dark in (True, False, None)}
    for dark, trend in trends.items():
        assert trend is not None
        assert trend.alarms.empty
        assert trend.frame["expected"].notna().any() == (dark is None)
    assert trends[True] is not None
    assert t("{when}: {alerts}. It is too early to say what is usual.").rpartition("}. ")[2] not in (
        trends[True].sentence(t)
    )


def _four_years(folder: Path) -> Source:
    """Two alerts a day, and three in the last two years."""
    first = LAST - dt.timedelta(days=1460)
    days = [first + dt.timedelta(days=step) for step in range(1461) for _ in range(3 if step > 730 else 2)]
    kinds = ("noise", "litter_dumping", "theft_bag")
    return small_source(folder, [alert(n, day=day, category=kinds[n % 3]) for n, day in enumerate(days)])


def test_a_period_of_years_shares_no_alert_with_what_it_is_compared_with(tmp_path: Path) -> None:
    source = _four_years(tmp_path)
    two_years = AlertFilter(period="", start=dt.date(2024, 1, 2), end=LAST)
    study = change_study(source, two_years, ANALYST)
    assert study.periods.before == (dt.date(2022, 1, 2), dt.date(2024, 1, 1))
    assert study.changes.frame.loc[0, "ratio"] == pytest.approx(1.5, abs=0.01)
    for lang in ("en", "el", "fr"):
        told = translator(lang)(study.periods.choice.explanation)
        assert "2022" in told
        assert "2024" in told
    assert "because the period is longer than a year" in translator("en")(study.periods.choice.explanation)
    assert study.changes.frame["dark"].notna().any(), "whole years are equally dark"


def test_a_period_of_a_year_and_a_half_is_darker_or_lighter_than_the_time_before(tmp_path: Path) -> None:
    source = _four_years(tmp_path)
    longer = AlertFilter(period="", start=dt.date(2024, 7, 1), end=LAST)
    found = change_study(source, longer, ANALYST)
    assert found.periods.before is not None
    assert found.periods.before[1] < dt.date(2024, 7, 1)
    assert found.changes.frame["dark"].isna().all()
    dark = change_study(source, longer.replace(dark=True), ANALYST).periods
    assert dark.before is None
    assert "not over more than a year" in translator("en")(dark.choice.explanation)
    assert "do not reach" not in translator("en")(dark.choice.explanation)


def test_a_year_is_compared_with_the_year_before(tmp_path: Path) -> None:
    source = _four_years(tmp_path)
    for start in (dt.date(2025, 1, 1), dt.date(2024, 12, 31)):
        found = compared_periods(source, (start, LAST))
        assert found.same_season
        assert found.before == (start - dt.timedelta(weeks=52), start - dt.timedelta(days=1))
        assert found.lengths == (364, (LAST - start).days + 1)
    assert not compared_periods(source, (dt.date(2024, 12, 30), LAST)).same_season


CHANGE = Change(
    key={"district": None, "place": None, "category": "noise", "dark": None},
    before=415,
    after=193,
    expected=415,
    ratio=Estimate(0.5, 0.4, 0.6),
    p=0.0001,
    q=0.0001,
    direction=-1,
    compared="city",
    women=UNKNOWN,
)
WEEKS = ComparedPeriods((dt.date(2025, 9, 11), dt.date(2025, 11, 5)), (SINCE, LAST), same_season=False)
OF_ALL = {"district": None, "place": None, "category": None, "dark": None}
SEASON = {"en": "season", "el": "εποχ", "fr": "saison"}


@pytest.mark.parametrize("lang", ["en", "el", "fr"])
@pytest.mark.parametrize("by_month", [False, True])
@pytest.mark.parametrize(
    "change",
    [CHANGE, replace(CHANGE, key=OF_ALL, compared="before"), replace(CHANGE, key={**OF_ALL, "district": "zone_1"})],
    ids=["category", "city", "district"],
)
def test_every_card_says_what_the_season_may_explain(change: Change, by_month: bool, lang: str) -> None:
    t, periods = translator(lang), replace(WEEKS, by_month=by_month)
    finding = Finding(change, (Count(9), Count(3)), periods, AlertFilter(), None, None)
    same = replace(finding, periods=replace(periods, same_season=True))
    assert SEASON[lang] in season_sentence(finding, t)
    assert season_sentence(finding, t) in finding_sentences(finding, small_city(), t)
    assert season_sentence(same, t) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (CHANGE, "It fell more than all other alerts."),
        (replace(CHANGE, after=800, direction=1), "It rose more than all other alerts."),
        (replace(CHANGE, after=400, direction=1), "It fell, but less than all other alerts."),
        (replace(CHANGE, key={**OF_ALL, "place": "quay"}), "It fell more than the rest of the city."),
        (
            replace(CHANGE, key={**OF_ALL, "place": "quay"}, after=800, direction=1),
            "It rose more than the rest of the city.",
        ),
        (replace(CHANGE, key=OF_ALL, compared="before"), ""),
        (replace(CHANGE, after=415, direction=1), ""),
        (replace(CHANGE, few="after"), ""),
    ],
)
def test_a_card_says_against_what_a_count_rose_or_fell(change: Change, said: str) -> None:
    assert than_others(change, translator("en")) == said


def _risen(folder: Path, small: int, after: int, quiet: int = 0) -> Source:
    """As many alerts of three kinds in both years, and broken lights at the theatre: few then, more now.

    `small` lights in the weeks of the year before, `after` in those of this year; `quiet` insults at the quay in each
    of both.
    """
    rows: list[dict[str, object]] = []

    def add(day: dt.date, category: str, place: str | None, district: str = "zone_1", dark: bool = True) -> None:
        rows.append(alert(len(rows), day=day, category=category, place=place, district=district, dark=dark))

    for step in range(56 + 364 + 30):
        for number in range(24):
            category = THREE[number % 3]
            add(LAST - dt.timedelta(days=step), category, None, f"zone_{1 + number % 2}", number % 4 < 2)
    for number in range(after):
        add(LAST - dt.timedelta(days=number % 56), "lighting_poor", "theatre")
    for number in range(small):
        add(LAST - dt.timedelta(weeks=52, days=14 * number), "lighting_poor", "theatre")
    for number in range(quiet):
        for weeks in (0, 52):
            add(LAST - dt.timedelta(weeks=weeks, days=14 * number), "harassment_verbal", "quay")
    return small_source(folder, rows)


@pytest.mark.parametrize("audience", [ANALYST, Audience.SPECIALIST, Audience.COUNCIL])
def test_what_is_counted_for_all_is_what_each_search_would_count(tmp_path: Path, audience: Audience) -> None:
    """The searches for all audiences and for one share their tables: in either order each finds what it would alone."""
    source, f = _risen(tmp_path, 3, 120, quiet=2), AlertFilter(period="", start=SINCE, end=LAST)
    filters = f, f.replace(start=SINCE + dt.timedelta(weeks=2)), f.replace(categories=("lighting_poor", "noise"))

    def alone(search: Callable[[], ChangeStudy]) -> ChangeStudy:
        source.cache.pop("changes", None)
        return search()

    searches = [
        search
        for f in filters
        for search in (partial(change_study, source, f, audience), partial(changes_for_all, source, f))
    ]
    due = [alone(search) for search in searches]
    assert all(not study.changes.frame.empty for study in due)
    for order in (range(len(searches)), reversed(range(len(searches)))):
        source.cache.pop("changes", None)
        for at in order:
            study = searches[at]()
            pd.testing.assert_frame_equal(study.changes.frame, due[at].changes.frame)
            assert study.choices == due[at].choices


def test_the_same_tables_are_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, f = _risen(tmp_path, 3, 120), AlertFilter(period="", start=SINCE, end=LAST)
    changes_for_all(source, f)
    monkeypatch.setattr(changes, "area_tables", None)
    assert change_study(source, f, ANALYST).changes.n_tested > 0


def test_the_season_explains_nothing_between_whole_years() -> None:
    years = ComparedPeriods(
        (dt.date(2013, 1, 1), dt.date(2014, 12, 31)), (dt.date(2015, 1, 1), dt.date(2016, 12, 31)), False, longer=True
    )
    finding = Finding(CHANGE, (Count(9), Count(3)), years, AlertFilter(), None, None)
    assert season_sentence(finding, translator("en")) == ""
    part = replace(years, after=(dt.date(2015, 1, 1), dt.date(2016, 6, 30)))
    assert season_sentence(replace(finding, periods=part), translator("en")) != ""


@pytest.mark.parametrize(("count", "told"), [(1, 1), (4, 5), (7, 5), (8, 10), (14, 10), (15, 20), (340, 500)])
def test_a_typical_count_is_rounded_by_its_ratio(count: int, told: int) -> None:
    assert changes._rounded(count) == told
