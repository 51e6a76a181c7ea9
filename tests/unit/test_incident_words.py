"""Every study that judges says how alerts become incidents, and the number of alerts stands beside theirs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.map_comparison import MapLabel
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message, Translator, translator
from curim_data.protection import open_for
from curim_data.query import total
from curim_data.store import Home
from curim_data.studies.brief import brief_changes
from curim_data.studies.brief_text import headline
from curim_data.studies.cells import cell_size
from curim_data.studies.changes import change_study
from curim_data.studies.clusters import cluster_study
from curim_data.studies.compare import FilterPair, _resolution, compare_study
from curim_data.studies.concentration import concentration_of_study
from curim_data.studies.emerging import emerging_study
from curim_data.studies.gender import light_study, share_study, weight_study
from curim_data.studies.hot_spots import hot_spot_study
from curim_data.studies.incidents import incidents_in_words, rows_are_persons
from curim_data.studies.spot_profiles import spot_summaries
from curim_data.studies.trends import course_study, trend_study
from pages.parts.hotspots.ranked_list import hot_spots_sentence
from tests.small import alert, small_source

WHO, YEAR = Audience.ANALYST, AlertFilter()
JUDGES: dict[str, Callable[[Source], tuple[Choice, ...]]] = {
    "hot spots": lambda source: hot_spot_study(source, YEAR, WHO).choices,
    "concentration": lambda source: concentration_of_study(hot_spot_study(source, YEAR, WHO)).choices,
    "clusters": lambda source: cluster_study(source, YEAR, WHO).choices,
    "emerging": lambda source: emerging_study(source, YEAR, WHO).choices,
    "changes": lambda source: change_study(source, YEAR, WHO).choices,
    "trends": lambda source: trend_study(source, YEAR, WHO).choices,  # type: ignore[union-attr]
    "comparison": lambda source: compare_study(source, YEAR, WHO, "gender").choices,
    "affected": lambda source: share_study(source, YEAR, WHO).choices,
}


@pytest.fixture(scope="module")
def source(sample: Home) -> Source:
    return open_source(sample)


@pytest.mark.parametrize("name", JUDGES)
def test_a_study_that_judges_says_once_how_alerts_become_incidents(source: Source, name: str, t: Translator) -> None:
    facts = source.incidents
    assert facts is not None
    assert facts.incidents < facts.alerts
    (choice,) = [choice for choice in JUDGES[name](source) if choice.name == "incidents"]
    assert (choice.value, choice.explanation) == (facts.incidents, facts.rule)
    assert f"{facts.alerts:,}" in t(choice.explanation)


def test_alarm_rules_judge_the_counts_of_the_line(source: Source) -> None:
    course, trend = course_study(source, YEAR, WHO), trend_study(source, YEAR, WHO)
    assert course is not None
    assert trend is not None
    by_week = trend.frame.set_index(trend.frame["week"].dt.date)["n"]
    counted = [alarm for alarm in course.alarms if alarm.n is not None]
    assert counted
    assert [alarm.n for alarm in counted] == [by_week[alarm.day] for alarm in counted]


def test_who_alerts_counts_alerts(source: Source, t: Translator) -> None:
    found = share_study(source, YEAR, WHO, "reporter_gender")
    assert "incidents" not in {choice.name for choice in found.choices}
    assert found.total == total(source, YEAR, WHO).n
    assert share_study(source, YEAR, WHO).total < found.total
    assert "alerts do not state" in found.sentence(t)
    assert "incidents do not state" in share_study(source, YEAR, WHO).sentence(t)


def test_the_alerts_of_a_hot_spot(source: Source) -> None:
    study = hot_spot_study(source, YEAR, WHO)
    cells = study.cells.frame
    for spot in study.spots:
        assert study.alerts_of(spot) == cells.loc[list(spot.cells), "alerts"].sum()
        assert study.alerts_of(spot) >= spot.n == cells.loc[list(spot.cells), "n"].sum()


def test_the_share_in_the_headline_is_one_of_incidents(source: Source, t: Translator) -> None:
    study = hot_spot_study(source, YEAR, WHO)
    assert study.cells.total is not None
    (line,) = spot_summaries(source, YEAR, study.spots[:1], WHO)
    everything = replace(line, spot=replace(line.spot, n=round(study.cells.total)))
    assert f"holds {t.part(1)} of the incidents" in hot_spots_sentence(t, study, (everything,), 0.1)


def test_the_briefing_says_incidents_and_their_alerts(source: Source) -> None:
    study = brief_changes(source, YEAR, WHO)
    assert study.incidents is not None
    assert study.recent.n is not None
    assert study.incidents < study.recent.n
    for language in ("en", "el", "fr"):
        t = translator(language)
        assert f": {incidents_in_words(t, study.incidents, study.recent.n)}" in headline(study, t).replace(" :", ":")


@pytest.mark.parametrize("audience", [Audience.ANALYST, Audience.COUNCIL])
@pytest.mark.parametrize(
    "words", ["", "hours=20-5", "affected=woman", "category=noise", "period=all", "period=quarter"]
)
def test_the_incidents_of_the_briefing_are_those_of_its_days(sample: Home, words: str, audience: Audience) -> None:
    source = open_for(sample, audience)
    f, _ = AlertFilter.from_query(dict(word.split("=") for word in words.split("&") if word), source.city)
    study = brief_changes(source, f, audience, source.meeting)
    days = f.replace(period="", start=study.since, end=study.until)
    assert study.incidents == query.counts(source, days, [], audience, once=True).total


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [
        ("en", "1 incident (2 alerts)", "60 incidents (96 alerts)"),
        ("el", "1 περιστατικό (2 αναφορές)", "60 περιστατικά (96 αναφορές)"),
        ("fr", "1 incident (2 signalements)", "60 incidents (96 signalements)"),
    ],
)
def test_alerts_beside_incidents(language: str, one: str, many: str) -> None:
    t = translator(language)
    assert incidents_in_words(t, 1, 2) == one
    assert incidents_in_words(t, 60, 96) == many
    assert incidents_in_words(t, 60, 60) == incidents_in_words(t, 60) == many.partition(" (")[0]


def test_cells_are_as_large_as_the_incidents_ask_for(tmp_path: Path) -> None:
    """Ten incidents, each reported by eight people: 80 alerts would do for cells of 130 m, ten incidents do not."""
    rows = []
    for incident in range(10):
        point = (23.6251234 + 0.0031234 * incident, 37.9351234 + 0.0021234 * incident)
        day = dt.date(2025, 1, 1) + dt.timedelta(days=20 * incident)
        rows += [alert(8 * incident + k, point=point, day=day, incident_id=f"i{incident}") for k in range(8)]
    source = small_source(tmp_path, rows)
    every = AlertFilter(period="all")
    assert query.total(source, every, Audience.ANALYST).mapped == 80
    assert query.mapped_incidents(source, every, Audience.ANALYST) == 10
    t = translator("en")
    chosen = cell_size(source, every, Audience.ANALYST, None)
    assert "too few incidents for finer cells: 10" in t(chosen.explanation)
    small = every.replace(categories=(rows[0]["category"],))
    nothing = MapLabel(Message("a"), Message("a"))
    pair = FilterPair(small, small, nothing, nothing, ())
    told = t(_resolution(source, pair, Audience.ANALYST, None).explanation)
    assert "too few incidents for finer cells: 10" in told  # of one map, though both are laid over each other


def persons(folder: Path) -> Source:
    """Accidents of a man and a woman each, the man's row first: by incidents there would be no woman."""
    rows = []
    for accident in range(120):
        told = {
            "day": dt.date(2024, 1, 1) + dt.timedelta(days=5 * accident),
            "point": (23.6251 + 0.0003 * (accident % 97), 37.9351 + 0.0002 * (accident % 89)),
            "incident_id": f"i{accident}",
        }
        rows += [alert(2 * accident + k, affected_gender=who, **told) for k, who in enumerate(("man", "woman"))]
    return small_source(folder, rows)


def test_where_rows_are_persons_each_is_counted(tmp_path: Path) -> None:
    source, every, t = persons(tmp_path), AlertFilter(period="all"), translator("en")
    assert source.repeated
    found = share_study(source, every, WHO)
    assert found.women.value == 0.5
    assert any("Persons are counted" in t(choice.explanation) for choice in found.choices)
    weight = weight_study(source, every, WHO).frame.iloc[0]
    assert (weight["women"], weight["men"]) == (120, 120)
    assert light_study(source, every, WHO).n == 240


def reports(folder: Path, wrong: str) -> Source:
    """Incidents of one person each, of women reported three times under one number; one of the reports is `wrong`."""
    rows = []
    for number in range(120):
        who = "woman" if number % 3 else "man"
        told = {
            "day": dt.date(2024, 1, 1) + dt.timedelta(days=5 * number),
            "point": (23.6251 + 0.0003 * (number % 97), 37.9351 + 0.0002 * (number % 89)),
            "incident_id": f"i{number}",
        }
        sent = [who] * (3 if who == "woman" else 1)
        sent[-1] = wrong if number == 1 else who
        rows += [alert(len(rows) + at, affected_gender=one, **told) for at, one in enumerate(sent)]
    return small_source(folder, rows)


@pytest.mark.parametrize("wrong", ["woman", "undisclosed", "unknown", "man"])
def test_several_reports_of_one_incident_are_no_persons(tmp_path: Path, wrong: str) -> None:
    """One that says otherwise, or does not say, makes no persons of all others."""
    source, every, t = reports(tmp_path, wrong), AlertFilter(period="all"), translator("en")
    found = share_study(source, every, WHO)
    assert (found.women.value, found.total) == (80 / 120, 120)
    assert any("the first says who was affected" in t(choice.explanation) for choice in found.choices)


def test_equal_numbers_of_two_files_are_no_persons(tmp_path: Path) -> None:
    rows = [
        alert(
            2 * number + at,
            source=source,
            affected_gender=who,
            incident_id=str(number),
            day=dt.date(2024, 1, 1) + dt.timedelta(days=5 * number + 100 * at),
            point=(23.6251 + 0.0003 * (number % 97), 37.9351 + 0.0002 * (number % 89)),
        )
        for number in range(120)
        for at, (source, who) in enumerate((("app", "woman"), ("police", "man")))
    ]
    twice = alert(240, source="app", incident_id="0", day=dt.date(2024, 1, 1), point=(23.6251, 37.9351))
    source = small_source(tmp_path, [*rows, twice])
    assert source.repeated
    assert not rows_are_persons(source)
