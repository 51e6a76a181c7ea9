"""The Briefing: findings told once, the planted changes found, small numbers protected, papers made."""

from __future__ import annotations

import datetime as dt
import io

import docx
import pandas as pd
import pytest

from analysis.change import against_city, changes
from analysis.findings import findings
from analysis.report import brief_document
from curim_data.access import Audience
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.home import Home
from curim_data.i18n import Translator, translator
from curim_data.study_brief import BriefStudy, brief, brief_study, from_to, headline, places_in
from tests.app.conftest import Open, errors, word

SINCE_MEETING = AlertFilter(period="meeting")


@pytest.fixture(scope="module")
def council(sample: Home) -> BriefStudy:
    return brief_study(open_source(sample), SINCE_MEETING, Audience.COUNCIL)


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


def test_a_day_that_is_none_is_left_out(open_page: Open) -> None:
    assert not errors(open_page("briefing", lang="en", since="yesterday"))


def test_planted_changes_are_told_to_the_council_though_counts_are_withheld(council: BriefStudy, t: Translator) -> None:
    found = {finding.change.key["place"]: finding.change for finding in council.findings}
    risen, fallen = found["terpsithea"], found["chatzikyriakio"]
    assert (risen.direction, risen.bounded, risen.key["category"]) == (1, "before", "lighting_poor")
    before, after = from_to(risen, t)
    assert before == "fewer than 5"
    assert int(after) == risen.after
    assert fallen.direction == -1
    assert f"{len(council.findings)} changes deserve attention" in headline(council, t)


def test_no_finding_is_told_twice(council: BriefStudy) -> None:
    keys = [tuple(finding.change.key.values()) for finding in council.findings]
    assert len(keys) == len(set(keys)) <= 5


def rows(*told: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(told, columns=["district", "place", "category", "dark", "before", "after"], dtype=object)


BY = ("district", "place", "category", "dark")


def found_in(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    counted = frame.assign(before=frame["before"].astype(float), after=frame["after"].astype(float))
    told = findings(changes(against_city(counted), BY, relative=True), {"quay": "west"})
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
    assert set(places_in(city).values()) <= {area.id for area in city.districts}
    assert places_in(city)


@pytest.mark.parametrize("lang", ["el", "en", "fr"])
def test_the_paper_holds_what_the_page_tells(council: BriefStudy, sample: Home, lang: str) -> None:
    t, city = translator(lang), sample.city()
    told = brief(
        council, SINCE_MEETING, city, t, made=dt.date(2026, 11, 1), link="http://localhost/", illustrative=True
    )
    assert brief_document(told, city, t, "pdf").startswith(b"%PDF")
    paper = docx.Document(io.BytesIO(brief_document(told, city, t, "docx")))
    assert headline(council, t) in "\n".join(paragraph.text for paragraph in paper.paragraphs)
    assert len(told.changes) == len(council.findings)
    assert any(row.before is None for row in told.changes)
