"""The Briefing: findings told once, the planted changes found, small numbers in words."""

from __future__ import annotations

import datetime as dt
import json
import logging
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pandas as pd
import pytest

from analysis.trends.changes import Change, add_city_reference, changes
from analysis.trends.distinct_changes import distinct_changes
from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Audience, Translator, translator
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.brief import (
    BriefStudy,
    Verdict,
    brief_changes,
    brief_study,
    landmark_districts,
    usual_since,
)
from curim_data.studies.brief_content import brief_content
from curim_data.studies.brief_text import (
    ATTENTION,
    change_area,
    change_theme,
    counts_before_after,
    counts_words,
    headline,
    looked_sentence,
    since_sentence,
    sure_explained,
    sure_number,
    sure_sentence,
    than_others,
)
from curim_data.studies.changes import changes_for_all
from curim_data.studies.findings import Count, Series, finding_id, run_since, same_finding
from curim_data.studies.periods import compared_periods
from curim_data.studies.selection import COMPARED_IN_THE_COPY
from curim_data.studies.trends import trend_study
from pages.parts.briefing.change_cards import FOR_EVERYBODY
from pages.parts.findings.chart import bars_figure
from pages.parts.frame import palette, waiting
from tests.app.conftest import Open, errors, word

SINCE_MEETING = AlertFilter(period="meeting")


@pytest.fixture(scope="module")
def council(sample: Home) -> BriefStudy:
    return brief_study(open_for(sample, Audience.COUNCIL), SINCE_MEETING, Audience.COUNCIL)


@pytest.mark.parametrize("lang", ["el", "en", "fr"])
@pytest.mark.parametrize("words", [{}, {"as": "council"}], ids=["analyst", "council"])
def test_the_briefing_opens_in_every_language(open_page: Open, lang: str, words: dict[str, str]) -> None:
    app = open_page("briefing", lang=lang, **words)
    assert not errors(app)
    assert len(app.main.title) == 1
    assert len(app.get("download_button")) >= 4


def test_a_filter_without_alerts_leaves_a_briefing(open_page: Open) -> None:
    app = open_page("briefing", lang="en", **{"from": "2030-01-01", "to": "2030-02-01"})
    assert not errors(app)
    assert "too few alerts to compare" in app.main.title[0].value


def test_the_day_since_is_the_readers(open_page: Open) -> None:
    app = open_page("briefing", lang="en", period="28d")
    app.date_input(key="briefing_since").set_value(dt.date(2026, 9, 21)).run()
    assert not errors(app)
    assert app.main.title[0].value.startswith("Since 21 September 2026")
    assert word(app, "since") == "2026-09-21"
    assert word(app, "period") == ""


def test_the_rest_of_the_page_stands_where_the_changes_fail(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no changes")

    monkeypatch.setattr("pages.parts.findings.queries.brief_changes", fail)
    monkeypatch.setattr(waiting, "LOG", logging.getLogger("curim.expected"))
    app = open_page("briefing", lang="en", period="28d", category="noise", status="open")
    assert not app.exception
    assert app.error


def test_a_day_that_is_none_is_left_out(open_page: Open) -> None:
    assert not errors(open_page("briefing", lang="en", since="yesterday"))


def test_planted_changes_are_told_to_the_council_small_counts_in_words(council: BriefStudy, t: Translator) -> None:
    found = {finding.change.key["place"]: finding for finding in council.findings}
    risen, fallen = found["agios_dionysios"], found["chatzikyriakio"]
    assert (risen.kind, fallen.kind) == ("new", "fall")
    assert any(finding.change.key["category"] == "lighting_poor" for finding in council.findings)
    for finding in council.findings:
        for words, count in zip(counts_before_after(finding, t), finding.counts, strict=True):
            assert words.startswith("fewer than") == (count.n is None)
    assert t(ATTENTION[len(council.findings) - 1]) in headline(council, t)


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.ANALYST])
def test_briefing_and_trends_judge_the_city_by_the_same_expectation(
    sample: Home, t: Translator, audience: Audience
) -> None:
    source = open_for(sample, audience)
    study = brief_study(source, SINCE_MEETING, audience)
    trend = trend_study(source, SINCE_MEETING, audience)
    assert trend is not None
    weeks = trend.frame[trend.frame["complete"]]
    assert study.course is not None
    assert study.course.n == weeks["n"].sum()
    assert study.course.expected == trend.sums[len(weeks)]
    assert study.course.expected.value == pytest.approx(weeks["expected"].sum(), rel=0.15)
    assert study.verdict == "usual"
    assert trend.alarms.empty
    assert "usual for this time of year" in headline(study, t)
    assert "more than" not in headline(study, t)
    assert "usual for the time of year" in trend.sentence(t)


@pytest.mark.parametrize("verdict", ["usual", "more", "fewer"])
@pytest.mark.parametrize(("side", "words"), [(-1, "fewer than"), (1, "more than")])
def test_the_headline_follows_a_change_of_the_whole_city(
    council: BriefStudy, t: Translator, side: int, words: str, verdict: Verdict
) -> None:
    finding = council.findings[0]
    everywhere = replace(finding.change, key=dict.fromkeys(finding.change.key), direction=side)
    told = headline(replace(council, verdict=verdict, findings=(replace(finding, change=everywhere),)), t)
    assert "usual" not in told
    assert f"{words} in the same weeks of the year before." in told
    assert told.endswith("One change deserves your attention.")
    assert "usual for this time of year" in headline(council, t)


def test_a_headline_says_since_when_or_from_when_to_when(council: BriefStudy, t: Translator) -> None:
    assert council.ongoing
    assert headline(council, t).startswith("Since 5 September 2026: ")
    past = replace(council, ongoing=False, until=dt.date(2026, 9, 30))
    assert headline(past, t).startswith("5 September 2026 – 30 September 2026: ")


def test_a_headline_is_short(council: BriefStudy) -> None:
    for lang in LANGUAGES:
        assert len(headline(council, translator(lang))) < 150


def test_both_pages_tell_the_same_of_the_weeks_together(open_page: Open, council: BriefStudy, t: Translator) -> None:
    assert council.course is not None
    told = council.course.sentence(t)
    for name in ("briefing", "trends"):
        app = open_page(name, **{"lang": "en", "period": "meeting", "as": "council"})
        assert any(told in words.value.replace("\\", "") for words in (*app.main.markdown, *app.main.caption))


def test_without_two_years_the_headline_is_not_about_the_season(sample: Home, t: Translator) -> None:
    f = AlertFilter(period="", start=dt.date(2024, 8, 5), end=dt.date(2024, 9, 29))
    study = brief_study(open_source(sample), f, Audience.ANALYST)
    assert study.course is None
    assert "time of year" not in headline(study, t)


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.ANALYST])
def test_without_a_day_before_there_is_nothing_to_compare(sample: Home, t: Translator, audience: Audience) -> None:
    source = open_for(sample, audience)
    for f in (AlertFilter(period="all"), AlertFilter(period="", start=dt.date(2001, 1, 1), end=dt.date(2026, 12, 1))):
        study = brief_study(source, f, audience)
        assert study.changes.periods.before is None
        assert study.verdict == "unknown"
        assert headline(study, t).endswith("There is no earlier time to compare with.")
        told = brief_content(study, f, sample.city(), t, made=dt.date(2026, 11, 1))
        assert not told.compared
    second = AlertFilter(period="", start=source.first + dt.timedelta(days=1), end=source.as_of)
    assert brief_study(source, second, audience).changes.periods.before == (source.first, source.first)


def test_days_still_to_come_are_not_compared(sample: Home) -> None:
    source = open_source(sample)
    start = source.as_of - dt.timedelta(days=27)
    told = compared_periods(source, (start, source.as_of + dt.timedelta(days=60)))
    assert told == compared_periods(source, (start, source.as_of))


def test_a_card_says_what_its_change_was_tested_against(open_page: Open, council: BriefStudy, t: Translator) -> None:
    app = open_page("briefing", **{"lang": "en", "as": "council"})
    told = [words.value.replace("\\", "") for words in app.main.markdown]
    cards = [words for words in told if "against the same weeks of the year before." in words]
    assert len(cards) == len(council.findings)
    for finding in council.findings:
        assert any(than_others(finding.change, t) in words for words in cards)


def test_certainty_comes_in_three_steps_that_rank_by_ear(council: BriefStudy) -> None:
    """The words of the three steps, by hand; the number follows behind a click, and is no probability."""
    expected = {
        "en": ("Almost certainly not chance.", "Very likely not chance.", "Probably not chance."),
        "el": (
            "Σχεδόν βέβαιο ότι δεν είναι τυχαίο.",
            "Πολύ πιθανό ότι δεν είναι τυχαίο.",
            "Πιθανό ότι δεν είναι τυχαίο.",
        ),
        "fr": (
            "Presque certainement pas un hasard.",
            "Très probablement pas un hasard.",
            "Probablement pas un hasard.",
        ),
    }
    first = council.findings[0]
    for lang, words in expected.items():
        for q, told in zip((0.0009, 0.001, 0.01), words, strict=True):
            one = replace(first, change=replace(first.change, q=q), exact_p=True)
            assert sure_sentence(one, translator(lang)) == told
            number, meaning, steps = sure_explained(council, one, translator(lang))
            assert translator(lang).p_value(q, spaced=True) in number
            assert str(council.changes.changes.n_tested) in meaning
            assert translator(lang).number(0.001, 3) in steps


def test_who_reads_the_copy_gets_the_step_of_a_choice_from_the_alerts_and_not_its_number(
    sample: Home, council: BriefStudy, t: Translator
) -> None:
    source = open_for(sample, Audience.COUNCIL)
    assert source.exact is not None
    exact = brief_changes(source.exact, SINCE_MEETING, Audience.SPECIALIST)
    own = changes_for_all(source, SINCE_MEETING.replace(period="", start=council.since, end=council.until)).changes
    limits = {"almost certain": "< 0.001", "very likely": "< 0.01", "likely": "< 0.05"}
    assert council.findings
    for finding, other in zip(council.findings, exact.findings, strict=True):
        assert other.exact_p
        assert sure_number(other, t) == f"corrected p {t.p_value(other.change.q, spaced=True)}"
        assert not finding.exact_p
        assert sure_number(finding, t).replace("\u00a0", " ") == f"corrected p {limits[finding.certainty]}"
        for q, limit in ((0.0002, "0.001"), (0.005, "0.01"), (0.03, "0.05")):
            assert (
                sure_number(replace(finding, change=replace(finding.change, q=q)), t) == f"corrected p <\u00a0{limit}"
            )
        copied = own.of(finding.change.key)
        assert copied is not None
        assert (finding.change.p, finding.change.ratio) == (
            copied.p,
            copied.ratio,
        )  # nothing of the alerts but the step
    chosen_in_copy = brief_changes(source, AlertFilter(categories=("lighting_poor",)), Audience.COUNCIL, source.meeting)
    assert chosen_in_copy.findings
    assert all(finding.exact_p for finding in chosen_in_copy.findings)


def test_it_is_said_of_what_so_many_comparisons_were_made(sample: Home, council: BriefStudy, t: Translator) -> None:
    """The Briefing chooses by comparisons of the alerts, the table of all changes by those of the copy: not as many."""
    source = open_for(sample, Audience.COUNCIL)
    assert source.exact is not None
    specialist = brief_changes(source.exact, SINCE_MEETING, Audience.SPECIALIST, source.meeting)
    own = changes_for_all(source, SINCE_MEETING.replace(period="", start=council.since, end=council.until))
    n, m = council.changes.changes.n_tested, own.changes.n_tested
    assert n == specialist.changes.changes.n_tested != m
    assert looked_sentence(council, t).startswith(f"{n} comparisons of the alerts themselves were made")
    assert looked_sentence(specialist, t).startswith(f"{n} comparisons were made")
    assert "of the alerts themselves" in sure_explained(council, council.findings[0], t)[1]
    assert "of the alerts themselves" not in sure_explained(specialist, specialist.findings[0], t)[1]


@pytest.mark.parametrize(
    ("page", "words", "told"),
    [
        ("trends", {"as": "council"}, True),
        ("trends", {}, False),
        ("trends", {"as": "council", "category": "lighting_poor"}, False),
    ],
)
def test_the_table_of_changes_says_that_it_compares_the_copy(
    open_page: Open, page: str, words: dict[str, str], told: bool
) -> None:
    app = open_page(page, lang="en", **words)
    assert any(COMPARED_IN_THE_COPY.text in one.value for one in app.markdown) == told


@pytest.mark.parametrize(("words", "told"), [({}, True), ({"category": "lighting_poor"}, False)])
def test_only_what_everybody_opens_is_said_to_be_the_same_for_all(
    open_page: Open, words: dict[str, str], told: bool
) -> None:
    app = open_page("briefing", lang="en", **words, **{"as": "council"})
    assert any(FOR_EVERYBODY in one.value for one in app.markdown) == told


@pytest.mark.parametrize("audience", [Audience.SPECIALIST, Audience.COUNCIL, Audience.PUBLIC])
@pytest.mark.parametrize("f", [AlertFilter(), AlertFilter(period="quarter")])
def test_every_audience_gets_the_same_findings(sample: Home, audience: Audience, f: AlertFilter) -> None:
    source = open_for(sample, audience)
    since = usual_since(source, f)
    exact = brief_changes(open_source(sample), f, Audience.ANALYST, since)
    shown = brief_changes(source, f, audience, since)
    assert [one.id for one in shown.findings] == [one.id for one in exact.findings]
    assert exact.findings
    for one, other in zip(shown.findings, exact.findings, strict=True):
        assert (one.certainty, one.change.direction) == (other.certainty, other.change.direction)
        assert (one.kind == "fall") == (other.kind == "fall")
        for may in one.counts:
            assert may.least == 1 if audience is Audience.SPECIALIST else may.least in (5, 10)
            assert may.n is None or may.n == 0 or may.n >= may.least
    assert (shown.n_significant, shown.looked_at) == (exact.n_significant, exact.looked_at)
    assert shown.changes.changes.frame.empty


def test_under_a_filter_of_its_own_the_council_gets_what_the_copy_tells(sample: Home) -> None:
    """The copy searched as who sees all searches the alerts, since the number of filters has no limit."""
    f, source = AlertFilter(categories=("lighting_poor",)), open_for(sample, Audience.COUNCIL)
    shown = brief_changes(source, f, Audience.COUNCIL, source.meeting)
    alone = brief_changes(replace(source, exact=None), f, Audience.ANALYST, source.meeting)
    assert [one.id for one in shown.findings] == [one.id for one in alone.findings]
    assert shown.findings
    for one, other in zip(shown.findings, alone.findings, strict=True):
        assert (one.change.q, one.certainty, one.kind) == (other.change.q, other.certainty, other.kind)


def test_the_paper_lists_the_findings_of_the_page(sample: Home, t: Translator) -> None:
    source, city = open_for(sample, Audience.COUNCIL), sample.city()
    exact = brief_changes(open_source(sample), AlertFilter(), Audience.SPECIALIST, source.meeting)
    paper = brief_content(
        brief_study(source, AlertFilter(), Audience.COUNCIL, source.meeting), AlertFilter(), city, t, made=source.as_of
    )
    assert [(row.what, row.where) for row in paper.changes] == [
        (change_theme(finding.change, city, t), change_area(finding.change, city, t)) for finding in exact.findings
    ]


def test_a_finding_counts_what_its_filter_counts(sample: Home) -> None:
    for audience in (Audience.SPECIALIST, Audience.COUNCIL):
        source = open_for(sample, audience)
        for finding in brief_changes(source, AlertFilter(), audience, source.meeting).findings:
            counted = query.counts(source, finding.filter, [], audience).shown.frame["n"].iloc[0]
            assert finding.counts[1].n == (None if pd.isna(counted) else counted)
            assert finding.periods.after == (finding.filter.start, finding.filter.end)


def test_the_chart_of_a_finding_draws_what_was_tested(sample: Home) -> None:
    source = open_source(sample)
    for finding in brief_changes(source, AlertFilter(), Audience.SPECIALIST, source.meeting).findings:
        assert finding.series is not None
        assert finding.series.unit == "week"
        frame = finding.series.frame
        (first, last), whole = finding.periods.after, pd.Timedelta(days=6)
        assert list(frame["tested"]) == [
            day + whole >= pd.Timestamp(first) and day <= pd.Timestamp(last) for day in frame["start"]
        ]
        for row in frame[frame["tested"]].itertuples():
            for column, day in (("n", row.start.date()), ("before", row.start.date() - dt.timedelta(weeks=52))):
                week = finding.filter.replace(start=day, end=day + dt.timedelta(days=6))
                counted = query.counts(source, week, [], Audience.SPECIALIST).total
                assert getattr(row, column) == pytest.approx(counted, abs=1)  # an incident over the end of a week


def test_since_when_is_the_unbroken_run_of_weeks(council: BriefStudy, t: Translator) -> None:
    finding = next(one for one in council.findings if one.series is not None and one.series.unit == "week")
    assert finding.series is not None
    weeks = pd.date_range("2026-09-07", periods=5, freq="W-MON")

    def since(n: list[float], before: list[float], direction: int = 1) -> tuple[dt.date | None, bool]:
        frame = pd.DataFrame({"start": weeks, "n": n, "before": before, "tested": True})
        return run_since(Series(frame, "week"), replace(finding.change, direction=direction))

    nan, first, third = float("nan"), dt.date(2026, 9, 7), dt.date(2026, 9, 21)
    assert since([5, 1, 4, 4, 4], [1, 2, 3, 3, 3]) == (third, False)
    assert since([5, 4, 4, 4, 4], [1, 2, 3, 3, 3]) == (first, True)
    assert since([5, 4, 4, 4, 3], [1, 2, 3, 3, 3]) == (None, False)
    assert since([5, 4, 4, 3, 4], [1, 2, 3, 3, 3]) == (None, False)  # one week is no run
    assert since([0, 1, 1, 1, 1], [1, 2, 3, 3, 3], -1) == (first, True)
    assert since([5, 6, 7, 7, 7], [nan, nan, 3, 3, 3]) == (third, False)  # the data begin later
    told = replace(finding, since=third, every_week=False)
    rising = replace(told, change=replace(told.change, direction=1))
    assert since_sentence(rising, t) == "More than a year before in each week since 21 September 2026."
    assert since_sentence(replace(rising, every_week=True), t) == "More than a year before in each week."
    assert since_sentence(replace(rising, since=None), t) == ""


@pytest.mark.parametrize("audience", [Audience.SPECIALIST, Audience.COUNCIL])
def test_since_when_is_told_of_the_weeks_that_the_reader_sees(sample: Home, audience: Audience) -> None:
    """Against a plain loop over the weeks of the chart; nothing is left open to anybody."""
    source = open_for(sample, audience)
    known = 0
    for finding in brief_changes(source, AlertFilter(), audience, source.meeting).findings:
        assert finding.series is not None
        weeks = finding.series.frame[finding.series.frame["tested"]]
        run = []
        for row in reversed(list(weeks.itertuples())):
            if not finding.change.direction * (row.n - row.before) > 0:
                break
            run.append(row.start.date())
        assert (finding.since, finding.every_week) == (
            (run[-1], len(run) == len(weeks)) if len(run) > 1 else (None, False)
        )
        known += finding.since is not None
    assert known >= 3


def test_small_counts_of_a_finding_are_written_as_fewer_than(council: BriefStudy, t: Translator) -> None:
    finding = council.findings[0]
    rise = replace(finding, change=replace(finding.change, direction=1))

    def words(*counts: Count, change: Change = rise.change) -> str:
        return counts_words(replace(rise, counts=(counts[0], counts[1]), change=change), t)

    few = Count(None, 5)
    assert words(Count(3), Count(9)) == "3 → 9 alerts"
    assert words(few, Count(9)) == "fewer than 5 → 9 alerts"
    assert words(Count(9), few) == "9 → fewer than 5 alerts"
    assert words(Count(0), few) == "0 → fewer than 5 alerts"
    assert words(few, few) == "More alerts than expected (fewer than 5 before and after)"
    fall = replace(rise.change, direction=-1)
    told = words(Count(None, 10), Count(None, 10), change=fall)
    assert told == "Fewer alerts than expected (fewer than 10 before and after)"


def test_what_was_found_is_named_in_its_link(council: BriefStudy) -> None:
    names = [finding.id for finding in council.findings]
    assert len(set(names)) == len(names)
    for finding in council.findings:
        assert same_finding(finding.id, "&".join(reversed(finding.id.split("&"))))
        assert not same_finding(finding.id, "place=nowhere")
    assert finding_id(dict.fromkeys(council.findings[0].change.key)) == "all"
    assert not same_finding("all", "place=nowhere")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("words", [{}, {"as": "council"}], ids=["analyst", "council"])
def test_card_and_landing_say_the_same(open_page: Open, lang: str, words: dict[str, str]) -> None:
    app = open_page("briefing", lang=lang, **words)
    cards = [column for column in app.main.columns if len(column.subheader) == 1 and column.get("page_link")]
    assert len(cards) >= 3
    for card in cards:
        link = card.get("page_link")[0].proto
        query_words = dict(parse_qsl(link.query_string, keep_blank_values=True))
        assert {"finding", "since"} <= set(query_words)
        landed = open_page("trends", **query_words)
        assert not errors(landed)
        assert landed.main.title[0].value == card.subheader[0].value
        said = [text.value for text in card.markdown[:3]]
        assert [text.value for text in landed.main.markdown[:3]] == said
        lines = [
            {str(trace["y"]) for trace in json.loads(page.get("plotly_chart")[0].proto.spec)["data"]}
            for page in (card, landed.main)
        ]
        assert lines[0] == lines[1]


def test_a_changed_filter_leaves_the_finding_behind(open_page: Open, council: BriefStudy) -> None:
    finding = council.findings[0]
    link = {**finding.filter.to_query(), "finding": finding.id, "within": "period=meeting"}
    explained = "not the probability that the change is real"
    landed = open_page("trends", lang="en", **link)
    assert any(explained in words.value for words in landed.main.caption)
    for other in ({"period": "28d", "from": "", "to": ""}, {"finding": "place=nowhere"}, {"within": "period=all"}):
        app = open_page("trends", lang="en", **{**link, **other})
        assert not errors(app)
        assert not any(explained in words.value for words in app.main.caption)


def test_no_finding_is_told_twice(council: BriefStudy) -> None:
    keys = [tuple(finding.change.key.values()) for finding in council.findings]
    assert len(keys) == len(set(keys)) <= 5


def rows(*told: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(told, columns=["district", "place", "category", "dark", "before", "after"], dtype=object)


BY = ("district", "place", "category", "dark")


def found_in(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    counted = frame.assign(before=frame["before"].astype(float), after=frame["after"].astype(float))
    told = distinct_changes(changes(add_city_reference(counted), BY, relative=True), {"quay": "west"})
    return [tuple(change.key.values()) for change in told]


def test_a_place_and_its_one_category_are_one_finding() -> None:
    frame = rows(
        (None, None, None, None, 1000, 1000),
        (None, "quay", None, None, 20, 80),
        (None, "quay", "theft", None, 5, 60),
        ("west", None, "theft", None, 30, 85),
        (None, None, "theft", None, 100, 160),
    )
    assert found_in(frame) == [(None, "quay", "theft", None)]


def test_a_place_whose_rise_has_many_parts_is_told_as_a_whole() -> None:
    frame = rows(
        (None, None, None, None, 1000, 1000),
        (None, "quay", None, None, 20, 100),
        (None, "quay", "theft", None, 5, 30),
        (None, "quay", "noise", None, 5, 30),
    )
    assert found_in(frame) == [(None, "quay", None, None)]


def test_a_rise_and_a_fall_are_two_findings() -> None:
    frame = rows(
        (None, None, None, None, 1000, 1000),
        (None, "quay", None, None, 20, 90),
        (None, "quay", "theft", None, 40, 3),
    )
    assert len(found_in(frame)) == 2


def test_landmarks_know_their_district(sample: Home) -> None:
    city = sample.city()
    assert set(landmark_districts(city).values()) <= {area.id for area in city.districts}
    assert landmark_districts(city)


def test_bars_of_a_finding_draw_every_count_that_is_not_written_alike(council: BriefStudy, t: Translator) -> None:
    page, city_finding = SimpleNamespace(t=t, theme="light"), council.findings[0]

    def bars(*counts: Count) -> Any:
        return bars_figure(page, replace(city_finding, counts=(counts[0], counts[1]))).to_dict()["data"][0]

    drawn = bars(Count(None, 5), Count(40, 5))
    assert list(drawn["x"]) == [2.5, 40]
    fills, lines = drawn["marker"]["color"], drawn["marker"]["line"]["color"]
    assert fills[0] == palette("light").background
    assert fills[0] != lines[0]
    assert fills[1] == lines[1]
    assert bars(Count(None, 10), Count(None, 10))["x"] == [5.0, 5.0]
