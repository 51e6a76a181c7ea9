"""The Briefing and its paper: findings told once, planted changes, small numbers in words, meetings it begins with."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import docx
import pandas as pd
import pypdf
import pytest
from docx.oxml.ns import qn
from streamlit.testing.v1 import AppTest

from analysis.plans.drafting import propose_measure
from analysis.report.papers import brief_document, compose_brief
from analysis.stats.intervals import UNKNOWN
from analysis.trends.changes import CANDIDATE_KEYS, change_of
from curim_data import query
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Plan, PlanStatus, Translator, translator
from curim_data.model.coverage import Meeting
from curim_data.model.i18n import Span
from curim_data.model.labels import grade_words
from curim_data.model.plan import CategoryShare, Problem
from curim_data.plans.plan_store import MeetingStore, PlanStore
from curim_data.protection import open_for
from curim_data.query import counts as count_alerts
from curim_data.sample import demo_words
from curim_data.store import Home
from curim_data.store.annotations import read_meetings, write_meetings
from curim_data.studies import brief as brief_module
from curim_data.studies.brief import MOST_FINDINGS, BriefStudy, Count, Finding, brief_changes, brief_study, make_finding
from curim_data.studies.brief_content import (
    brief_content,
    moved_since,
    news_card,
    next_look,
    opens_here_only,
    plan_rows,
    to_decide,
)
from curim_data.studies.brief_text import (
    affected_sentence,
    counts_before_after,
    counts_words,
    finding_sentences,
    headline,
    history_word,
    sure_number,
    women_sentence,
)
from curim_data.studies.cells import area_cells
from curim_data.studies.changes import change_study, event_study
from curim_data.studies.evaluation import STARTED, PlanTiming, released_study, result_texts
from curim_data.studies.gender import silent_districts
from curim_data.studies.plan import draft_plan_for_cells
from pages.parts.briefing import CHOICE, KEY
from tests.app.conftest import SPOKEN, Open, fine, frame_of
from tests.commands import Curim
from tests.stored import seen_by

SINCE_MEETING = AlertFilter(period="meeting")


@pytest.fixture(scope="module")
def council(sample: Home) -> BriefStudy:
    return brief_study(open_for(sample, Audience.COUNCIL), SINCE_MEETING)


def test_a_filter_without_alerts_leaves_a_briefing(seen: Open) -> None:
    app = seen("briefing", **{"from": "2030-01-01", "to": "2030-02-01"})
    assert "too few alerts to compare" in app.main.title[0].value


def test_under_a_filter_of_its_own_the_council_gets_what_the_copy_tells(sample: Home) -> None:
    """The copy searched as who sees all searches the alerts, since the number of filters has no limit."""
    f, source = AlertFilter(categories=("lighting_poor",)), open_for(sample, Audience.COUNCIL)
    shown = brief_changes(seen_by(source, Audience.COUNCIL), f, source.meeting)
    alone = brief_changes(replace(source, exact=None, protected=False), f, source.meeting)
    assert [one.id for one in shown.findings] == [one.id for one in alone.findings]
    assert shown.findings
    for one, other in zip(shown.findings, alone.findings, strict=True):
        assert (one.change.q, one.change.grade, one.history) == (other.change.q, other.change.grade, other.history)


def test_a_finding_counts_what_its_filter_counts(sample: Home) -> None:
    for audience in (Audience.SPECIALIST, Audience.COUNCIL):
        source = open_for(sample, audience)
        for finding in brief_changes(seen_by(source, audience), AlertFilter(), source.meeting).findings:
            counted = query.counts(seen_by(source, audience), finding.filter, []).shown.frame["n"].iloc[0]
            assert finding.counts[1].n == (None if pd.isna(counted) else counted)
            assert finding.periods.after == query.dates(source, finding.filter)


def test_the_chart_of_a_finding_marks_what_was_tested(sample: Home) -> None:
    source, whole = open_source(sample), pd.Timedelta(days=6)
    for finding in brief_changes(source, AlertFilter(), source.meeting).findings:
        assert finding.series is not None
        assert finding.series.unit == "week"
        frame, (first, last) = finding.series.frame, map(pd.Timestamp, finding.periods.after)
        assert list(frame["tested"]) == [day + whole >= first and day <= last for day in frame["start"]]


def marked(block: Any) -> list[str]:
    return [str(element.value).replace("\\", "") for element in block.markdown]


@pytest.mark.parametrize("view", ["", "council"])
def test_one_finding_is_the_same_in_every_room(
    seen: Open, sample: Home, curim: Curim, council: BriefStudy, t: Translator, view: str
) -> None:
    """Card, page, row of the table of all changes, paper in both forms, and the command's JSON."""
    app, city = seen("briefing", **{"as": view}), sample.city()
    cards = [
        one
        for one in app.main.columns
        if len(one.subheader) == 1 and "Look closer" in str([link.proto for link in one.get("page_link")])
    ]
    audience = "council" if view else "analyst"
    answered = curim.answer(sample, "changes", "--period", "meeting", "--audience", audience)["findings"]
    links = [dict(parse_qsl(card.get("page_link")[0].proto.query_string)) for card in cards]
    assert [link["id"] for link in links] == [one["id"] for one in answered][: len(links)]
    assert len(links) >= 3
    trends = seen("trends", **{"as": view, "period": "meeting", "open": "changes"})
    rows = frame_of(trends, "where", "after", "sure").set_index(["where", "what"])
    paper = brief_content(council, SINCE_MEETING, city, t, made=council.until)
    body = docx.Document(io.BytesIO(brief_document(paper, city, t, "docx"))).element.body
    word = "".join(one.text or "" for one in body.iter(qn("w:t")))
    pdf = "".join(
        one.extract_text() for one in pypdf.PdfReader(io.BytesIO(brief_document(paper, city, t, "pdf"))).pages
    )
    for card, link, one in zip(cards, links, answered, strict=False):
        name, page = card.subheader[0].value, seen("finding", **link)
        grade, counts = grade_words(t, one["grade"]), f"{one['after']:,} alerts (expected: {one['before']:,})"
        assert name.lower() == f"{one['what']}, {one['where']}".lower()
        assert page.main.title[0].value.replace("\\", "") == f"{name}: {counts}."
        assert counts in marked(card)[1]
        level = json.loads(card.get("plotly_chart")[0].proto.spec)["data"][-1]
        days = (pd.Timestamp(level["x"][1]) - pd.Timestamp(level["x"][0])).days + 1
        assert one["before"] in {round(level["y"][0] * days / step) for step in (7, 30.44)}, "of a week or a month"
        assert grade in marked(card)[0] == marked(page.main)[0]
        assert grade_words(t, one["grade"], meaning=True) in marked(page.main)[1]
        row = rows.loc[(one["where"], one["what"])]
        assert (row["sure"], float(str(row["after"]).replace(",", ""))) == (grade, one["after"])
        assert abs(row["expected"] - one["before"]) < 0.6
        if view and one["key"].get("district"):
            finding = next(each for each in council.findings if each.id == one["id"])
            cells = area_cells(city, finding.filter)
            drafted = draft_plan_for_cells(open_for(sample, Audience.SPECIALIST), finding.filter, cells).plan
            assert drafted.problem.n == one["after"]
            start, end = council.since, council.until  # by its days: "since the meeting" moves on
            assert drafted.problem.query == finding.filter.replace(period="", start=start, end=end).to_query()
        if view:
            letters = [re.sub(r"\W", "", text) for text in (word, pdf, counts, name.replace(", ", ""))]
            assert letters[2] in letters[0]
            assert letters[2] in letters[1]


def test_an_old_link_opens_the_page_of_the_finding(seen: Open, council: BriefStudy) -> None:
    finding = council.findings[0]
    link = {**finding.filter.to_query(), "finding": finding.id, "within": "", "since": council.since.isoformat()}
    landed = seen("trends", **link)
    assert "alerts \\(expected" in landed.main.title[0].value
    assert "no finding" in seen("finding", id="place=nowhere").main.title[0].value
    assert "no finding" in seen("finding", id="nowhere").main.title[0].value


def test_planted_changes_are_told_to_the_council(council: BriefStudy, t: Translator) -> None:
    found = {(one.change.key["place"], one.change.key["category"]): one for one in council.findings}
    assert found["chatzikyriakio", None].history == "falling"
    assert found[None, "lighting_poor"].change.key["district"] == "zone_1"
    assert len({one.id for one in council.findings}) == len(council.findings) <= 5
    for finding in council.findings:
        for words, count in zip(counts_before_after(finding, t), finding.counts, strict=True):
            assert words.startswith("fewer than") == (count.n is None)
    assert "5 clear changes." in headline(council, t)


def test_of_the_alerts_who_reads_the_copy_gets_the_grade_alone(
    sample: Home, council: BriefStudy, t: Translator
) -> None:
    source = open_for(sample, Audience.COUNCIL)
    own = change_study(source, SINCE_MEETING.replace(period="", start=council.since, end=council.until)).changes
    limits = {"city": "0.0300", "district": "0.0050", "category": "0.0050"}
    limits |= {"district_category": "0.0025", "place": "0.0075"}
    assert council.findings
    for finding in council.findings:
        copied = own.of(finding.change.key)
        assert copied is not None
        assert (finding.change.p, finding.change.ratio) == (copied.p, copied.ratio)
        assert finding.change.q != finding.change.q
        assert sure_number(finding, t) == f"corrected p \u2264\u00a0{limits[finding.change.level]}"
    assert council.city == own.of({})
    changes = council.changes.changes
    assert (changes.frame.empty, changes.found, changes.city_error == changes.city_error) == (True, (), False)
    events = brief_changes(source, AlertFilter(), most=9).events
    assert events
    for event in events:
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
            finding = make_finding(
                seen_by(source, audience), SINCE_MEETING, change, own, study.periods, study.changes.frame
            )
            for count in finding.counts:
                assert count.n is None or count.n == 0 or count.n >= count.least >= 5
            if finding.counts[1].n is None or own is None:
                assert (finding.change.few, finding.change.ratio) == (True, UNKNOWN)
                assert finding.change.expected != finding.change.expected
                assert finding.change.p != finding.change.p
                few += 1
    assert few > len(few_rows)


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_paper_holds_what_the_page_tells(council: BriefStudy, sample: Home, lang: str) -> None:
    t, city = translator(lang), sample.city()
    made = dt.date(2026, 11, 1)
    told = brief_content(council, SINCE_MEETING, city, t, made=made, link="http://localhost/", illustrative=True)
    paper = docx.Document(io.BytesIO(brief_document(told, city, t, "docx")))
    assert headline(council, t) in [paragraph.text for paragraph in paper.paragraphs]
    cells = [row.cells[0].text.split("\n") for row in paper.tables[0].rows][1:]
    assert len(cells) == len(told.changes) == len(council.cards)
    assert told.further
    assert all(not side.n or side.n >= side.least for one in council.further for side in one.counts)
    for written, row, one in zip(cells, told.changes, council.cards, strict=True):
        assert written == [f"{cells.index(written) + 1}. {row.name}", row.counts, " ".join(row.told), row.proposal]
        word = history_word(one, t)
        assert bool(word) == (one.grade != "open"), "what may be chance has no history to tell"
        assert row.told[: 1 + bool(word)] == (*([f"{word}."] * bool(word)), grade_words(t, one.grade, meaning=True))
        if isinstance(one, Finding):
            assert row.counts == counts_words(one, t)
            share = t.percent(one.whom.women.value)
            assert (share in row.told[-1]) == (one.whom.level == "here" and share in women_sentence(one, city, t))
            assert news_card(council, one, city, t, made=made).told == row.told
        else:
            assert {row.counts, *row.told[1 + bool(word) :]} < set(one.sentences(city, t))


def test_a_proposal_is_what_fits_best_and_what_may_be_chance_is_to_look_at_again(
    council: BriefStudy, source: Source, sample: Home, t: Translator
) -> None:
    city, again = sample.city(), dt.date(2026, 12, 5)
    one = next(one for one in council.findings if one.change.key["category"] == "lighting_poor")
    rise, fall, theme = (
        replace(one, change=replace(one.change, **given))
        for given in ({"grade": "open"}, {"direction": -1}, {"key": {**one.change.key, "category": None}})
    )
    calm = replace(council, findings=(rise,), events=(), further=())
    told = str(compose_brief(brief_content(calm, SINCE_MEETING, city, t, made=council.until, again=again), city, t))
    assert "as proposed" not in told
    assert re.search(
        "Nothing to decide. .*May be chance; look again on 5 December 2026:.*Poor lighting, Zone 1: ", told
    )
    odd = replace(one, change=replace(one.change, key={**one.change.key, "category": "online_fraud"}))
    assert [to_decide(case, city, t).proposal for case in (one, fall, theme, odd)] == [
        "Proposal: better street lighting (evidence: moderate)",
        "Proposal: first find out: fewer incidents or fewer reports?",
        "Proposal: first find out: more incidents or more reports?",
        "Proposal: no measure of the catalogue fits; ask those who know the place",
    ]
    places = {"noise": "bar_closing", "domestic_violence": None, "online_harassment": None}
    best = (propose_measure(Problem(categories=(CategoryShare(name, 1.0),))) for name in places)
    assert [one and one.id for one in best] == [*places.values()]
    mixed = Problem(categories=(CategoryShare("drug_use", 0.45), CategoryShare("drug_dealing", 0.37)))
    found = [propose_measure(one).id for one in (Problem(place="metro_station"), mixed)]
    assert found == ["platform_patrol", "hot_spots_policing"]
    event = to_decide(event_study(seen_by(source, Audience.COUNCIL), source, SINCE_MEETING)[0], city, t)
    assert (event.counts[:8], event.told) == ("At least", ("All at once.", "Probably not chance."))
    assert event.proposal == "Proposal: gates that close off back alleys (evidence: moderate)"


@pytest.fixture(scope="module")
def source(sample: Home) -> Source:
    return open_for(sample, Audience.COUNCIL)


@pytest.fixture(scope="module")
def year(source: Source) -> BriefStudy:
    return brief_study(seen_by(source, Audience.COUNCIL), AlertFilter(), source.meeting)


def test_a_district_of_many_residents_and_few_alerts_is_not_known(source: Source) -> None:
    counted = count_alerts(source, AlertFilter(), ["district"], complete=True).frame
    n = counted.dropna(subset=["district"]).set_index("district")["n"]
    residents = n.copy()
    residents["zone_1"] *= 20  # so most of the residents live there
    people = pd.DataFrame({"district": residents.index, "total": residents.to_numpy()})
    loaded = replace(source, city=replace(source.city, population=people), cache={**source.cache})
    for audience in (Audience.ANALYST, Audience.COUNCIL):
        assert silent_districts(seen_by(loaded, audience), AlertFilter()) == ("zone_1",)
        assert silent_districts(seen_by(loaded, audience), AlertFilter(districts=("zone_1",))) == ()
        assert silent_districts(seen_by(source, audience), AlertFilter()) == ()


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.SPECIALIST])
def test_for_whom_is_told_at_the_first_level_known(
    sample: Home, audience: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hand: where a finding concerns too few women and men, those of something wider are told."""
    source = open_for(sample, audience)

    def people(f: AlertFilter) -> float:
        counted = query.counts(seen_by(source, audience), f, ["affected_gender"]).frame
        return float(counted.set_index("affected_gender")["n"].reindex(["woman", "man"]).sum())

    found = brief_changes(seen_by(source, audience), AlertFilter(), source.meeting).findings
    many = sorted(people(finding.filter) for finding in found)
    assert many[0] < many[-1]
    assert {finding.whom.level for finding in found if finding.whom is not None} >= {"here"}
    monkeypatch.setattr(brief_module, "LEAST_WHOM", many[-2])
    wider = 0
    for finding in brief_changes(seen_by(source, audience), AlertFilter(), source.meeting).findings:
        assert finding.whom is not None
        enough = people(finding.filter) >= many[-2]
        assert (finding.whom.level == "here") == (enough or not finding.whom.women.known)
        wider += finding.whom.level != "here"
    assert wider


def test_a_filter_by_gender_is_no_finding_of_gender(
    sample: Home, source: Source, year: BriefStudy, t: Translator
) -> None:
    """All alerts that affect women affect women: that is the filter, and says nothing."""
    f, city, made = AlertFilter(affected=("woman",)), sample.city(), dt.date(2026, 11, 1)
    study = brief_study(seen_by(source, Audience.COUNCIL), f, source.meeting)
    assert (study.by_gender, year.by_gender) == (True, False)
    assert study.shares.women == year.shares.women
    ignored = "Women and men are compared, so the filter by gender is ignored here."
    assert brief_content(study, f, city, t, made=made).whom.startswith(ignored)
    assert ignored not in affected_sentence(year, city, t)
    assert all(one.whom is None for one in brief_changes(seen_by(source, Audience.COUNCIL), f, source.meeting).findings)
    first = year.findings[0]
    nobody = replace(first, whom=None)
    assert women_sentence(nobody, city, t) == ""
    assert women_sentence(first, city, t) not in ("", *to_decide(nobody, city, t).told)


def test_the_exact_briefing_protects_nobody(sample: Home, t: Translator) -> None:
    source = open_source(sample)
    exact = brief_study(source, AlertFilter(), source.meeting)
    assert not any(count.n is None for finding in exact.findings for count in finding.counts)
    told = brief_content(exact, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1), audience=Audience.ANALYST)
    assert not any("protected" in limit for limit in told.limits)


@pytest.mark.parametrize("here", [True, False])
def test_an_address_of_this_computer_is_not_printed(year: BriefStudy, sample: Home, t: Translator, here: bool) -> None:
    own = ("127.0.0.1:8501/?lang=el", "localhost:8501/briefing", "[::1]:8501/", "0.0.0.0:8501/", "curim.localhost/")
    others = ("curim.example/?period=meeting", "192.168.1.20:8501/", "127.example.org/")
    for link in (f"http://{address}" for address in (own if here else others)):
        assert opens_here_only(link) is here
        told = brief_content(year, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1), link=link)
        assert told.link == ("" if here else link)


def test_page_and_paper_write_hot_spots_alike(seen: Open, year: BriefStudy, sample: Home, t: Translator) -> None:
    exact = brief_study(open_source(sample), AlertFilter(), open_source(sample).meeting)
    for study, view, heading in ((year, "council", "Ratio"), (exact, "", "Expected from surroundings")):
        told = brief_content(study, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1))
        paper = docx.Document(io.BytesIO(brief_document(told, sample.city(), t, "docx")))
        written = [[cell.text for cell in row.cells] for table in paper.tables for row in table.rows]
        of_paper = {row[1]: row[3] for row in written if len(row) == 4 and row[0].isdigit()}
        app = seen("briefing", **{"as": view})
        assert len(app.get("download_button")) == 3
        shown = next(table.value for table in app.main.table if heading in table.value.columns)
        assert len(of_paper) > 2
        assert of_paper == dict(zip(shown["Hot spot"], shown[heading], strict=True))
    assert not any("." in number and len(number.split()[-1].strip("0.")) > 2 for number in of_paper.values())


@pytest.fixture(scope="module")
def plans(sample: Home, source: Source) -> list[Plan]:
    """The sample's plans, of which those that have begun carry the result of the one that is over."""
    kept = PlanStore(sample.plans_url).list()
    over = next(plan for plan in kept if plan.status is PlanStatus.FINISHED)
    result = result_texts(released_study(seen_by(source, Audience.COUNCIL), over, PlanTiming(True)))
    told = [replace(plan, status=PlanStatus.EVALUATED, result=result) for plan in kept if plan.status in STARTED]
    return [plan for plan in kept if plan.status not in STARTED] + told


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_paper_is_two_pages_of_few_words(
    year: BriefStudy, sample: Home, source: Source, plans: list[Plan], lang: str
) -> None:
    t, moved = translator(lang), moved_since(PlanStore(sample.plans_url), year.since, "UTC")

    def paper(study: BriefStudy, plans: list[Plan]) -> tuple[int, str]:
        rows = plan_rows([demo_words(plan, t) for plan in plans], source.as_of, t, moved)
        told = brief_content(study, AlertFilter(), source.city, t, plans=rows, made=source.as_of, illustrative=True)
        pages = pypdf.PdfReader(io.BytesIO(brief_document(told, source.city, t, "pdf"))).pages
        word = docx.Document(io.BytesIO(brief_document(told, source.city, t, "docx")))
        assert sum(bool(one.paragraph_format.page_break_before) for one in word.paragraphs) == len(pages) - 1
        return len(pages), "\n".join(page.extract_text() for page in pages)

    assert 0 < len(year.cards) <= MOST_FINDINGS == 5
    pages, told = paper(year, plans)
    assert pages == 2
    assert sum(any(c.isalpha() for c in word) for word in told.split()) <= 450
    longest = max(year.findings, key=lambda one: sum(map(len, finding_sentences(one, source.city, t))))
    assert paper(replace(year, events=(), findings=(longest,) * MOST_FINDINGS), 3 * plans)[0] == 2
    assert 1 <= len(moved) == sum(plan.id in moved for plan in plans)
    kept, before, _dates = (
        plans[-1].result[lang].partition({"en": " Before:", "el": " Πριν:", "fr": " Avant\u00a0:"}[lang])
    )
    letters = re.sub(r"\W", "", told)  # without the spaces and hyphens of ends of lines
    assert before
    assert re.sub(r"\W", "", kept) in letters
    assert before.strip() not in told
    assert paper(replace(year, findings=(), events=()), [])[0] == 1


def test_the_council_looks_again_at_its_next_meeting(tmp_path: Path) -> None:
    made = dt.date(2026, 11, 1)
    assert next_look(tmp_path, made) == dt.date(2026, 11, 29)
    write_meetings(tmp_path, [Meeting(made, ""), Meeting(dt.date(2026, 12, 5), ""), Meeting(dt.date(2027, 2, 5), "")])
    assert next_look(tmp_path, made) == dt.date(2026, 12, 5)


@pytest.fixture
def own(open_page: Open, base: Home) -> Home:
    """A copy of the sample whose meetings may be changed; pages that are opened show it."""
    del open_page  # it names the other one first
    return Home(base.path / "sample")


def keep(home: Home, day: dt.date, name: str = "") -> None:
    store = PlanStore(home.plans_url)
    MeetingStore(store, home.path).add(day, name)
    store.close()


def _title(app: AppTest) -> str:
    return str(app.title[0].value)


def test_a_meeting_is_kept_renamed_and_removed_on_the_page(open_page: Open, own: Home) -> None:
    last = open_source(own).as_of
    day = last - dt.timedelta(days=20)
    app = open_page("briefing", lang="en")
    before = _title(app)
    assert app.date_input(key="meeting_day").value is None  # one tap alone keeps nothing
    assert app.button(key="meeting_add").disabled
    for name in ("Plenary", "Extraordinary"):
        app.date_input(key="meeting_day").set_value(day).run()
        app.text_input(key="meeting_name").set_value(name)
        fine(app.button(key="meeting_add").click().run())
        assert read_meetings(own.path)[-1].name == name
    assert app.date_input(key=KEY).value == app.selectbox(key=CHOICE).value == day
    assert app.selectbox(key=CHOICE).options[0].endswith("· Extraordinary")
    assert _title(app) != before
    app.selectbox(key="meeting_kept").select(day)
    fine(app.button(key="meeting_remove").click().run())
    assert _title(app) == before
    assert day not in [meeting.day for meeting in read_meetings(own.path)]


def test_one_day_of_the_last_meeting_everywhere(open_page: Open, own: Home, t: Translator) -> None:
    """The Briefing without a period, with the side bar's "Since the last meeting", and Trends begin on the same day."""
    source = open_source(own)
    day = source.as_of - dt.timedelta(days=30)
    keep(own, day, "Plenary")
    usual, preset = (open_page("briefing", lang="en", period=period) for period in ("", "meeting"))
    assert usual.date_input(key=KEY).value == preset.date_input(key=KEY).value == day
    assert _title(usual) == _title(preset)
    told, trends = t.span(Span(day, source.as_of)), open_page("trends", lang="en", period="meeting")
    assert any(told in text.value for text in trends.caption)
    assert AlertFilter(period="meeting").resolve(source.as_of, source.first, open_source(own).meeting)[0] == day
    # A period of the side bar goes before a day in the link: what the side bar says is what the page tells.
    month = open_page("briefing", lang="en", period="28d", since=source.first.isoformat())
    assert month.date_input(key=KEY).value == source.as_of - dt.timedelta(days=27)


@pytest.mark.parametrize(("back", "since_it"), [(5, False), (6, True)])
def test_changes_are_told_since_a_meeting_with_a_week_of_data(
    seen: Open, open_page: Open, own: Home, back: int, since_it: bool
) -> None:
    """A meeting on the last day with data left a single day to compare: too few of anything."""
    source = open_source(own)
    day = source.as_of - dt.timedelta(days=back)
    keep(own, day)
    app = open_page("briefing", lang="en")
    assert app.date_input(key=KEY).value == (day if since_it else source.meeting)
    assert (_title(app) == _title(seen("briefing", **{"as": ""}))) is not since_it
    notes = [note.value for note in app.info if "Less than a week of data" in note.value]
    assert len(notes) == (not since_it)
    if notes:
        t = translator("en")
        assert all(t.date(told) in notes[0] for told in (day, source.meeting))
    # Who asks for it may have it.
    fine(app.selectbox(key=CHOICE).select(day).run())
    assert app.date_input(key=KEY).value == day
    assert not any("Less than a week of data" in note.value for note in app.info)
