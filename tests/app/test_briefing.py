"""The Briefing: findings told once, the planted changes found, small numbers protected, papers made."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

import docx
import pandas as pd
import pytest

from analysis.gender import category_ratios, gender_shares
from analysis.report.documents import brief_document
from analysis.trends.changes import add_city_reference, changes
from analysis.trends.distinct_changes import distinct_changes
from analysis.trends.expected_range import RULES
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Audience, Translator, translator
from curim_data.query import counts as count_alerts
from curim_data.store import Home
from curim_data.studies.brief import BriefStudy, JudgedWeeks, Verdict, brief_study, landmark_districts
from curim_data.studies.brief_content import brief_content, how_many_tested, opens_here_only, share_rows
from curim_data.studies.brief_text import (
    affected_sentence,
    chance_sentence,
    counts_before_after,
    headline,
    weeks_sentence,
    women_sentence,
)
from curim_data.studies.gender import share_study
from curim_data.studies.periods import compared_periods
from curim_data.studies.trends import trend_study
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
    assert "too few incidents to compare" in app.main.title[0].value


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
    assert (risen.direction, fallen.direction) == (1, -1)
    for change in found.values():
        before, after = counts_before_after(change, t)
        assert before.startswith("fewer than") == (change.bounded == "before")
        assert after.startswith("fewer than") == (change.bounded == "after")
    assert f"{len(council.findings)} changes deserve attention" in headline(council, t)


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.ANALYST])
def test_briefing_and_trends_judge_the_city_by_the_same_expectation(
    sample: Home, t: Translator, audience: Audience
) -> None:
    source = open_source(sample)
    study = brief_study(source, SINCE_MEETING, audience)
    trend = trend_study(source, SINCE_MEETING, audience)
    assert trend is not None
    weeks = trend.frame[trend.frame["complete"]]
    assert study.course is not None
    assert study.course.n == weeks["n"].sum()
    assert study.course.expected == trend.sums[len(weeks)]
    assert study.course.expected.value == pytest.approx(weeks["expected"].sum(), rel=0.05)
    assert study.verdict == "usual"
    assert trend.alarms.empty
    assert "usual for this time of year" in headline(study, t)
    assert "more than" not in headline(study, t)
    assert "usual for the time of year" in trend.sentence(t)


@pytest.mark.parametrize(("side", "words"), [(-1, "yet fewer than"), (1, "yet more than")])
def test_a_usual_count_with_a_change_of_the_whole_city_says_both(
    council: BriefStudy, t: Translator, side: int, words: str
) -> None:
    finding = council.findings[0]
    everywhere = replace(finding.change, key=dict.fromkeys(finding.change.key), direction=side)
    told = headline(replace(council, findings=(replace(finding, change=everywhere),)), t)
    assert council.verdict == "usual"
    assert "usual" not in told
    assert f"within what season and long-term trend allow, {words} in the same weeks of the year before." in told
    assert told.endswith("1 change deserves attention.")
    assert "usual for this time of year" in headline(council, t)


@pytest.mark.parametrize(
    ("side", "verdict", "words"),
    [
        (-1, "more", "more than season and long-term trend let expect, yet fewer than in the same weeks"),
        (1, "fewer", "fewer than season and long-term trend let expect, yet more than in the same weeks"),
    ],
)
def test_a_count_on_two_sides_of_what_it_is_compared_with_says_both(
    council: BriefStudy, t: Translator, side: int, verdict: Verdict, words: str
) -> None:
    finding = council.findings[0]
    everywhere = replace(finding.change, key=dict.fromkeys(finding.change.key), direction=side)
    study = replace(council, verdict=verdict, findings=(replace(finding, change=everywhere),))
    assert words in headline(study, t)


def test_a_card_and_the_weeks_of_its_chart_say_the_same_of_one_period(
    sample: Home, open_page: Open, t: Translator
) -> None:
    study = brief_study(open_source(sample), AlertFilter(), Audience.ANALYST, dt.date(2026, 9, 5))
    first, last = map(pd.Timestamp, study.changes.periods.after)
    told = []
    for finding in study.findings:
        assert finding.trend is not None
        rows = finding.trend.frame
        sides = [
            row.side
            for row in rows.itertuples()
            if row.week >= first and row.week <= last and row.complete and row.expected == row.expected
        ]
        assert finding.weeks == JudgedWeeks(sides.count(1), sides.count(-1), len(sides))
        running = rows[rows["complete"]]["side"].iloc[-1] == finding.change.direction
        assert (finding.since is not None) == running
        told.append(weeks_sentence(finding, t))
    assert "2 of its 7 weeks lie above the expected range." in told
    assert "Each of its weeks alone is usual for the time of year; the change shows in all together." in told
    app = open_page("briefing", lang="en", since="2026-09-05")
    captions = [words.value.replace("\\", "") for words in app.main.caption]
    assert all(any(words.endswith(one) for words in captions) for one in told)


def test_what_is_outside_no_more_is_not_said_to_be_outside_since_a_day(sample: Home, t: Translator) -> None:
    study = brief_study(open_source(sample), AlertFilter(), Audience.ANALYST, dt.date(2026, 9, 5))
    finding = next(one for one in study.findings if one.since is None and one.change.direction < 0)
    assert finding.trend is not None
    other = replace(finding, weeks=JudgedWeeks(2, 1, 7))
    assert weeks_sentence(other, t) == "Of its 7 weeks, 2 lie above the expected range and 1 below it."
    none = replace(finding, weeks=JudgedWeeks(0, 0, 7), trend=replace(finding.trend, rule=RULES["first_year"]))
    assert weeks_sentence(none, t).startswith("Each of its weeks alone lies within a range that follows")
    assert not weeks_sentence(replace(finding, weeks=JudgedWeeks(0, 0, 0)), t)
    assert not weeks_sentence(replace(finding, weeks=JudgedWeeks(0, 0, 1)), t)  # there is no "all together"
    assert not weeks_sentence(replace(finding, weeks=JudgedWeeks(0, 7, 7)), t)
    months = replace(finding, weeks=JudgedWeeks(0, 1, 2), trend=replace(finding.trend, unit="month"))
    assert weeks_sentence(months, t) == "1 of its 2 months lies below the expected range."


def test_both_pages_tell_the_same_of_the_weeks_together(open_page: Open, council: BriefStudy, t: Translator) -> None:
    assert council.course is not None
    told = council.course.sentence(t)
    for name in ("briefing", "trends"):
        app = open_page(name, **{"lang": "en", "period": "meeting", "as": "council"})
        assert any(told in words.value.replace("\\", "") for words in (*app.main.markdown, *app.main.caption))


def test_without_three_years_the_headline_is_about_the_year_before_and_not_the_season(
    sample: Home, t: Translator
) -> None:
    f = AlertFilter(period="", start=dt.date(2025, 2, 23), end=dt.date(2025, 4, 19))
    study = brief_study(open_source(sample), f, Audience.ANALYST)
    assert study.course is None
    assert "fewer than in the same weeks of the year before" in headline(study, t)
    assert "time of year" not in headline(study, t)


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.ANALYST])
def test_without_a_day_before_there_is_nothing_to_compare(sample: Home, t: Translator, audience: Audience) -> None:
    source = open_source(sample)
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


def test_a_card_says_what_its_change_was_tested_against(open_page: Open, council: BriefStudy) -> None:
    app = open_page("briefing", **{"lang": "en", "as": "council"})
    told = [words.value for words in app.main.caption if words.value.startswith("Compared with")]
    assert len(told) == len(council.findings)
    assert all("explain" in words for words in told)
    assert any("the change in the rest of the city" in words for words in told)


def test_chance_is_told_without_probabilities_of_being_right(council: BriefStudy, t: Translator) -> None:
    for finding in council.findings:
        told = chance_sentence(finding.change, t)
        assert "by chance" in told
        assert "likely" not in told.lower()
        assert "certain" not in told.lower()


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


@pytest.mark.parametrize("lang", ["el", "en", "fr"])
def test_the_paper_holds_what_the_page_tells(council: BriefStudy, sample: Home, lang: str) -> None:
    t, city = translator(lang), sample.city()
    told = brief_content(
        council, SINCE_MEETING, city, t, made=dt.date(2026, 11, 1), link="http://localhost/", illustrative=True
    )
    assert brief_document(told, city, t, "pdf").startswith(b"%PDF")
    paper = docx.Document(io.BytesIO(brief_document(told, city, t, "docx")))
    assert headline(council, t) in "\n".join(paragraph.text for paragraph in paper.paragraphs)
    assert len(told.changes) == len(council.findings)
    paragraphs = [paragraph.text for paragraph in paper.paragraphs]
    for row, finding in zip(told.changes, council.findings, strict=True):
        before, after = counts_before_after(finding.change, t)
        assert row.counts in paragraphs
        assert row.counts.startswith(before)
        assert after in row.counts
        assert any(chance_sentence(finding.change, t) in paragraph for paragraph in paragraphs)
        assert row.picture is not None
        assert before in row.picture.alt


@pytest.fixture(scope="module")
def year(sample: Home) -> BriefStudy:
    source = open_source(sample)
    return brief_study(source, AlertFilter(), Audience.COUNCIL, source.meeting)


@pytest.mark.parametrize("lang", ["el", "en", "fr"])
def test_what_was_not_compared_is_no_result(year: BriefStudy, sample: Home, lang: str) -> None:
    t, city = translator(lang), sample.city()
    counts = {"category": ["theft", "theft", "noise", "noise"], "affected_gender": ["woman", "man"] * 2}
    nothing = category_ratios(pd.DataFrame({**counts, "n": [30.0, float("nan"), float("nan"), 40.0]}))
    assert nothing.n_tested == 0
    told = affected_sentence(replace(year, weights=nothing), city, t)
    assert told == f"{year.shares.sentence(t)} {nothing.sentence(t)}"
    assert {"en": "protected", "el": "προστατεύονται", "fr": "protégés"}[lang] in nothing.sentence(t)


def test_categories_that_were_compared_are_counted(year: BriefStudy, sample: Home, t: Translator) -> None:
    frame = year.weights.frame.iloc[:4].assign(p=[0.5, 0.6, float("nan"), float("nan")], significant=False)
    some = replace(year, weights=replace(year.weights, frame=frame, n_withheld=2))
    told = affected_sentence(some, sample.city(), t)
    assert "None of the 2 categories that were compared is shown to weigh more" in told
    assert told.endswith("2 categories are protected and were not compared.")


def test_a_protected_group_is_not_called_too_few(year: BriefStudy, sample: Home, t: Translator) -> None:
    source = open_source(sample)
    for finding in year.findings:
        shares = share_study(source, finding.filter, Audience.COUNCIL)
        assert finding.whom_protected == (finding.women is None and shares.protected)
    first = replace(year.findings[0], women=None, whom_protected=True)
    year = replace(year, findings=(first, *year.findings[1:]))
    assert women_sentence(year, first, t).startswith("For whom: protected (a group is so small")
    assert women_sentence(year, replace(first, whom_protected=False), t) == "For whom: too few to show."
    told = brief_content(year, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1))
    for row, one in zip(told.changes, year.findings, strict=True):
        assert women_sentence(year, one, t) in row.told


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_filter_by_gender_is_no_finding_about_gender(sample: Home, year: BriefStudy, lang: str) -> None:
    """All alerts that affect women affect women: that is the filter, and says nothing."""
    source, t, f = open_source(sample), translator(lang), AlertFilter(affected=("woman",))
    study = brief_study(source, f, Audience.COUNCIL, source.meeting)
    assert study.by_gender
    assert not year.by_gender
    assert study.shares.women == year.shares.women
    told = brief_content(study, f, sample.city(), t, made=dt.date(2026, 11, 1))
    assert told.whom.startswith(t("Women and men are compared, so the filter by gender is ignored here."))
    assert t("Women and men are compared, so the filter by gender is ignored here.") not in affected_sentence(
        year, sample.city(), t
    )
    first = year.findings[0]
    study = replace(study, findings=(first,))
    told = brief_content(study, f, sample.city(), t, made=dt.date(2026, 11, 1))
    assert women_sentence(study, first, t) == ""
    assert women_sentence(year, first, t) not in told.changes[0].told
    assert women_sentence(year, first, t) != ""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_compared_is_not_nothing_found(sample: Home, lang: str) -> None:
    source, t = open_source(sample), translator(lang)
    f = AlertFilter(period="", start=dt.date(2026, 10, 31), end=dt.date(2026, 10, 31), categories=("robbery",))
    study = brief_study(source, f, Audience.COUNCIL)
    assert study.changes.periods.before is not None
    assert not study.changes.changes.n_tested
    told = brief_content(study, f, sample.city(), t, made=dt.date(2026, 11, 1))
    assert told.none_found == t("There are too few incidents to compare.")
    assert told.headline.endswith(told.none_found)


def test_the_exact_briefing_protects_nobody(sample: Home, t: Translator) -> None:
    source = open_source(sample)
    exact = brief_study(source, AlertFilter(), Audience.ANALYST, source.meeting)
    assert not any(finding.whom_protected for finding in exact.findings)
    told = brief_content(exact, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1), audience=Audience.ANALYST)
    assert not any("protected" in limit for limit in told.limits)
    assert how_many_tested(exact, t).count("tested") == 0


def test_the_paper_names_each_of_its_totals(year: BriefStudy, sample: Home, t: Translator) -> None:
    told = brief_content(year, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1))
    total, incidents, hot = year.total, year.incidents_total, year.hot.hot
    assert incidents.n is not None
    assert incidents.mapped is not None
    assert incidents.n == count_alerts(open_source(sample), AlertFilter(), [], Audience.COUNCIL, once=True).total
    on_map = incidents.mapped - (incidents.at_default or 0)
    assert told.numbers == (
        f"{incidents.n:,} incidents ({total.n:,} alerts) · {on_map:,} of them on the map · {hot.n:,} tested, because "
        "numbers under 5 in a cell are protected and enter with the least that they can be."
    )
    low, shown = hot.frame["low"].sum(), hot.frame["n"].sum()
    assert low == hot.n
    assert shown <= hot.n <= on_map <= incidents.n
    assert sum("enters with the least that it can be" in limit for limit in told.limits) == 1


def test_genders_that_nobody_gave_are_left_out(t: Translator) -> None:
    counts = pd.DataFrame({"affected_gender": ["woman", "man", "unknown"], "n": [0.0, 30.0, 4.0]})
    assert [row.label for row in share_rows(gender_shares(counts), t)] == ["Women", "Men", "Not known"]


@pytest.mark.parametrize(
    ("link", "here"),
    [
        ("http://127.0.0.1:8501/?lang=el", True),
        ("http://localhost:8501/briefing", True),
        ("http://[::1]:8501/", True),
        ("http://0.0.0.0:8501/", True),
        ("http://curim.localhost/", True),
        ("https://curim.example/?period=meeting", False),
        ("http://192.168.1.20:8501/", False),
        ("http://127.example.org/", False),
    ],
)
def test_an_address_of_this_computer_is_not_printed(
    year: BriefStudy, sample: Home, t: Translator, link: str, here: bool
) -> None:
    assert opens_here_only(link) is here
    told = brief_content(year, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1), link=link)
    assert told.link == ("" if here else link)


@pytest.mark.parametrize(("words", "told"), [({}, True), ({"as": "council"}, False)], ids=["analyst", "council"])
def test_readers_of_exact_numbers_are_told_that_the_paper_differs(
    open_page: Open, words: dict[str, str], told: bool
) -> None:
    app = open_page("briefing", lang="en", **words)
    captions = [caption.value for caption in app.main.caption]
    assert any("As the council sees it" in caption for caption in captions) is told


def test_page_and_paper_write_the_same_expected_numbers(
    open_page: Open, year: BriefStudy, sample: Home, t: Translator
) -> None:
    told = brief_content(year, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1))
    paper = docx.Document(io.BytesIO(brief_document(told, sample.city(), t, "docx")))
    written = [[cell.text for cell in row.cells] for table in paper.tables for row in table.rows]
    app = open_page("briefing", **{"lang": "en", "as": "council"})
    shown = next(table.value for table in app.main.table if "Expected" in table.value.columns)
    expected = {row[1]: row[3] for row in written if len(row) == 4 and row[0].isdigit()}
    assert expected == dict(zip(shown["Hot spot"], shown["Expected"], strict=True))
    assert len(expected) > 2
    assert not any("." in number and len(number.split()[-1].strip("0.")) > 2 for number in expected.values())
