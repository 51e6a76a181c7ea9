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

from analysis.stats.intervals import UNKNOWN
from analysis.trends.changes import CANDIDATE_KEYS, change_of
from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Translator
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.brief import (
    BriefStudy,
    Count,
    brief_changes,
    brief_study,
    make_finding,
)
from curim_data.studies.brief_text import (
    counts_before_after,
    counts_words,
    headline,
    sure_number,
)
from curim_data.studies.changes import change_study
from pages.parts.findings import bars_figure
from pages.parts.frame import palette, results
from tests.app.conftest import SPOKEN, Open
from tests.stored import seen_by

SINCE_MEETING = AlertFilter(period="meeting")


@pytest.fixture(scope="module")
def council(sample: Home) -> BriefStudy:
    return brief_study(open_for(sample, Audience.COUNCIL), SINCE_MEETING)


def test_a_filter_without_alerts_leaves_a_briefing(open_page: Open) -> None:
    assert len(open_page("briefing").get("download_button")) >= 4
    app = open_page("briefing", lang="en", **{"from": "2030-01-01", "to": "2030-02-01"})
    assert "too few alerts to compare" in app.main.title[0].value


def test_the_rest_of_the_page_stands_where_the_changes_fail(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no changes")

    monkeypatch.setattr("pages.parts.findings.brief_changes", fail)
    monkeypatch.setattr(results, "LOG", logging.getLogger("curim.expected"))
    app = open_page("briefing", lang="en", period="28d", category="noise", status="open")
    assert not app.exception
    assert app.error


def test_under_a_filter_of_its_own_the_council_gets_what_the_copy_tells(sample: Home) -> None:
    """The copy searched as who sees all searches the alerts, since the number of filters has no limit."""
    f, source = AlertFilter(categories=("lighting_poor",)), open_for(sample, Audience.COUNCIL)
    shown = brief_changes(seen_by(source, Audience.COUNCIL), f, source.meeting)
    alone = brief_changes(replace(source, exact=None, protected=False), f, source.meeting)
    assert [one.id for one in shown.findings] == [one.id for one in alone.findings]
    assert shown.findings
    for one, other in zip(shown.findings, alone.findings, strict=True):
        assert (one.change.q, one.change.grade, one.kind) == (other.change.q, other.change.grade, other.kind)


def test_a_finding_counts_what_its_filter_counts(sample: Home) -> None:
    for audience in (Audience.SPECIALIST, Audience.COUNCIL):
        source = open_for(sample, audience)
        for finding in brief_changes(seen_by(source, audience), AlertFilter(), source.meeting).findings:
            counted = query.counts(seen_by(source, audience), finding.filter, []).shown.frame["n"].iloc[0]
            assert finding.counts[1].n == (None if pd.isna(counted) else counted)
            assert finding.periods.after == (finding.filter.start, finding.filter.end)


def test_the_chart_of_a_finding_draws_what_was_tested(sample: Home) -> None:
    source = open_source(sample)
    for finding in brief_changes(source, AlertFilter(), source.meeting).findings:
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
                counted = query.counts(source, week, []).total
                assert getattr(row, column) == counted


@pytest.mark.parametrize("lang", SPOKEN)
@pytest.mark.parametrize("words", [{}, {"as": "council"}], ids=["analyst", "council"])
def test_card_and_landing_say_the_same(open_page: Open, lang: str, words: dict[str, str]) -> None:
    app = open_page("briefing", lang=lang, **words)
    cards = [
        column
        for column in app.main.columns
        if len(column.subheader) == 1 and "finding=" in str([one.proto for one in column.get("page_link")])
    ]
    assert len(cards) >= 3
    for card in cards:
        link = card.get("page_link")[0].proto
        query_words = dict(parse_qsl(link.query_string, keep_blank_values=True))
        assert {"finding", "since"} <= set(query_words)
        landed = open_page("trends", **query_words)
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
        assert not any(explained in words.value for words in app.main.caption)


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


def test_planted_changes_are_told_to_the_council(council: BriefStudy, t: Translator) -> None:
    found = {(one.change.key["place"], one.change.key["category"]): one for one in council.findings}
    assert found["chatzikyriakio", None].kind == "fall"
    assert found[None, "lighting_poor"].change.key["district"] == "zone_1"
    assert len({one.id for one in council.findings}) == len(council.findings) <= 5
    for finding in council.findings:
        for words, count in zip(counts_before_after(finding, t), finding.counts, strict=True):
            assert words.startswith("fewer than") == (count.n is None)
    assert "Five clear changes deserve your attention." in headline(council, t)


def test_nothing_of_the_alerts_goes_to_who_reads_the_copy_but_the_grade(
    sample: Home, council: BriefStudy, t: Translator
) -> None:
    source = open_for(sample, Audience.COUNCIL)
    own = change_study(source, SINCE_MEETING.replace(period="", start=council.since, end=council.until)).changes
    limits = {"city": "0.0300", "district": "0.0050", "category": "0.0050"}
    limits |= {"district_category": "0.0025", "place": "0.0075"}
    assert council.findings
    assert council.events
    for finding in council.findings:
        copied = own.of(finding.change.key)
        assert copied is not None
        assert (finding.change.p, finding.change.ratio) == (copied.p, copied.ratio)
        assert finding.change.q != finding.change.q
        assert sure_number(finding, t) == f"corrected p \u2264\u00a0{limits[finding.change.level]}"
    assert council.city == own.of({})
    changes = council.changes.changes
    assert (changes.frame.empty, changes.found, changes.city_error == changes.city_error) == (True, (), False)
    for event in council.events:
        assert event.n == event.event.n == max(8, 5 * (event.n // 5))
        assert len(event.event.rows) == 0
        assert event.event.start == dt.datetime.combine(event.day, dt.time())
        assert "At least" in event.sentences(sample.city(), t)[0]
        assert "00:00" not in " ".join(event.sentences(sample.city(), t))
    chosen_in_copy = brief_changes(
        seen_by(source, Audience.COUNCIL), AlertFilter(categories=("lighting_poor",)), source.meeting
    )
    assert chosen_in_copy.findings
    assert all(finding.exact_p for finding in chosen_in_copy.findings)


def test_small_counts_of_a_finding_are_written_as_fewer_than(council: BriefStudy, t: Translator) -> None:
    def words(*counts: Count) -> str:
        return counts_words(replace(council.findings[0], counts=(counts[0], counts[1])), t)

    few = Count(None, 5)
    assert words(Count(3), Count(9)) == "9 alerts (expected: 3)"
    assert words(Count(3), Count(1)) == "1 alert (expected: 3)"
    assert words(few, Count(9)) == "9 alerts (expected: fewer than 5)"
    assert words(Count(9), few) == "fewer than 5 alerts (expected: 9)"


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.PUBLIC])
def test_small_counts_are_withheld_with_all_that_tells_them(sample: Home, audience: Audience) -> None:
    """Every comparison with a small count, had it been chosen from the alerts or from the copy."""
    source, few = open_for(sample, audience), 0
    study = change_study(source, SINCE_MEETING)
    frame = study.changes.frame
    few_rows = frame[frame["after"].between(1, 9)].groupby("level").head(3)
    for row in few_rows.to_dict("records"):
        change = change_of(row, CANDIDATE_KEYS)
        for own in (change, replace(change, q=0.001), None):
            finding = make_finding(seen_by(source, audience), SINCE_MEETING, change, own, study.periods)
            for count in finding.counts:
                assert count.n is None or count.n == 0 or count.n >= count.least >= 5
            if finding.counts[1].n is None or own is None:
                assert (finding.change.few, finding.change.ratio) == (True, UNKNOWN)
                assert finding.change.expected != finding.change.expected
                assert finding.change.p != finding.change.p
                few += 1
    assert few > len(few_rows)
