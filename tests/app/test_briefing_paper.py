"""The Briefing's paper: its pages, and what paper and page say alike: what was not compared, for whom, totals."""

from __future__ import annotations

import datetime as dt
import io
import re
from dataclasses import replace

import docx
import pandas as pd
import pypdf
import pytest
from streamlit.testing.v1 import AppTest

from analysis.report.papers import Brief, brief_document
from curim_data import query
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Plan, PlanStatus, Translator, translator
from curim_data.plans.plan_store import PlanStore
from curim_data.protection import open_for
from curim_data.query import counts as count_alerts
from curim_data.sample import demo_words
from curim_data.store import Home
from curim_data.studies import brief as brief_module
from curim_data.studies.brief import (
    MOST_FINDINGS,
    BriefStudy,
    brief_changes,
    brief_study,
)
from curim_data.studies.brief_content import brief_content, how_many_tested, opens_here_only, plan_rows
from curim_data.studies.brief_text import (
    affected_sentence,
    counts_before_after,
    counts_words,
    finding_sentences,
    headline,
    meeting_questions,
    sure_sentence,
    women_sentence,
)
from curim_data.studies.evaluation import PlanTiming, evaluation_study, result_texts
from curim_data.studies.gender import silent_districts
from tests.app.conftest import SPOKEN, Open
from tests.stored import seen_by

SINCE_MEETING = AlertFilter(period="meeting")


@pytest.fixture(scope="module")
def council(sample: Home) -> BriefStudy:
    return brief_study(open_for(sample, Audience.COUNCIL), SINCE_MEETING)


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_paper_holds_what_the_page_tells(council: BriefStudy, sample: Home, lang: str) -> None:
    t, city = translator(lang), sample.city()
    told = brief_content(
        council, SINCE_MEETING, city, t, made=dt.date(2026, 11, 1), link="http://localhost/", illustrative=True
    )
    assert brief_document(told, city, t, "pdf").startswith(b"%PDF")
    paper = docx.Document(io.BytesIO(brief_document(told, city, t, "docx")))
    assert headline(council, t) in "\n".join(paragraph.text for paragraph in paper.paragraphs)
    assert len(told.changes) == len(council.events) + len(council.findings)
    paragraphs = [paragraph.text for paragraph in paper.paragraphs]
    for row, event in zip(told.changes, council.events, strict=False):
        assert (row.counts, *row.told) == event.sentences(city, t)
    for row, finding in zip(told.changes[len(council.events) :], council.findings, strict=True):
        assert row.counts == counts_words(finding, t)
        assert row.counts in paragraphs
        assert {*row.told, sure_sentence(finding, t)} == set(finding_sentences(finding, city, t)[1:])
        assert any(sure_sentence(finding, t).rstrip(".") in paragraph for paragraph in paragraphs)
        assert row.picture is not None
        assert counts_before_after(finding, t)[0] in row.picture.alt


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
def test_for_whom_is_told_at_the_first_level_that_can_be_told(
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
        assert finding.whom.women.known
        assert (finding.whom.level == "here") == (people(finding.filter) >= many[-2])
        wider += finding.whom.level != "here"
    assert wider


@pytest.mark.parametrize("lang", SPOKEN)
def test_a_filter_by_gender_is_no_finding_about_gender(
    sample: Home, source: Source, year: BriefStudy, lang: str
) -> None:
    """All alerts that affect women affect women: that is the filter, and says nothing."""
    t, f = translator(lang), AlertFilter(affected=("woman",))
    study = brief_study(seen_by(source, Audience.COUNCIL), f, source.meeting)
    assert study.by_gender
    assert not year.by_gender
    assert study.shares.women == year.shares.women
    told = brief_content(study, f, sample.city(), t, made=dt.date(2026, 11, 1))
    assert told.whom.startswith(t("Women and men are compared, so the filter by gender is ignored here."))
    assert t("Women and men are compared, so the filter by gender is ignored here.") not in affected_sentence(
        year, sample.city(), t
    )
    first = year.findings[0]
    study = replace(study, findings=(replace(first, whom=None),))
    told = brief_content(study, f, sample.city(), t, made=dt.date(2026, 11, 1))
    assert all(
        finding.whom is None for finding in brief_changes(seen_by(source, Audience.COUNCIL), f, source.meeting).findings
    )
    assert women_sentence(replace(first, whom=None), sample.city(), t) == ""
    assert women_sentence(first, sample.city(), t) not in told.changes[0].told
    assert women_sentence(first, sample.city(), t) != ""


def test_the_exact_briefing_protects_nobody(sample: Home, t: Translator) -> None:
    source = open_source(sample)
    exact = brief_study(source, AlertFilter(), source.meeting)
    assert not any(count.n is None for finding in exact.findings for count in finding.counts)
    told = brief_content(exact, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1), audience=Audience.ANALYST)
    assert not any("protected" in limit for limit in told.limits)
    assert how_many_tested(exact, t).count("tested") == 0


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


def test_page_and_paper_write_the_same_of_hot_spots(
    open_page: Open, year: BriefStudy, sample: Home, t: Translator
) -> None:
    told = brief_content(year, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1))
    assert _of_spots(told, sample, t) == _of_spots_on(open_page("briefing", **{"lang": "en", "as": "council"}), "Ratio")
    exact = brief_study(open_source(sample), AlertFilter())
    told = brief_content(exact, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1))
    expected = _of_spots(told, sample, t)
    assert expected == _of_spots_on(open_page("briefing", lang="en"), "Expected")
    assert not any("." in number and len(number.split()[-1].strip("0.")) > 2 for number in expected.values())


def _of_spots(told: Brief, sample: Home, t: Translator) -> dict[str, str]:
    """The last column of the paper's hot spots by their names."""
    paper = docx.Document(io.BytesIO(brief_document(told, sample.city(), t, "docx")))
    written = [[cell.text for cell in row.cells] for table in paper.tables for row in table.rows]
    found = {row[1]: row[3] for row in written if len(row) == 4 and row[0].isdigit()}
    assert len(found) > 2
    return found


def _of_spots_on(app: AppTest, heading: str) -> dict[str, str]:
    shown = next(table.value for table in app.main.table if heading in table.value.columns)
    return dict(zip(shown["Hot spot"], shown[heading], strict=True))


@pytest.fixture(scope="module")
def plans(sample: Home, source: Source) -> list[Plan]:
    """The sample's plans, of which those that have begun carry the result of the one that is over."""
    kept = PlanStore(sample.plans_url).list()
    over = next(plan for plan in kept if plan.status is PlanStatus.FINISHED)
    result = result_texts(evaluation_study(seen_by(source, Audience.COUNCIL), over, PlanTiming(True)))
    begun = (PlanStatus.FINISHED, PlanStatus.RUNNING)
    told = [replace(plan, status=PlanStatus.EVALUATED, result=result) for plan in kept if plan.status in begun]
    return [plan for plan in kept if plan.status not in begun] + told


def paper(study: BriefStudy, source: Source, plans: list[Plan], lang: str) -> tuple[int, str]:
    t = translator(lang)
    rows = plan_rows([demo_words(plan, t) for plan in plans], source.as_of, t)
    told = brief_content(study, AlertFilter(), source.city, t, plans=rows, made=source.as_of, illustrative=True)
    pages = pypdf.PdfReader(io.BytesIO(brief_document(told, source.city, t, "pdf"))).pages
    return len(pages), " ".join(" ".join(page.extract_text() for page in pages).split())


def _letters(text: str) -> str:
    """A text without spaces and signs, some of the ends of lines put in and take away."""
    return re.sub(r"\W", "", text)


@pytest.mark.parametrize("lang", SPOKEN)
def test_five_findings_and_two_evaluated_plans_fill_two_pages_at_most(
    year: BriefStudy, source: Source, plans: list[Plan], lang: str
) -> None:
    assert 0 < len(year.findings) <= MOST_FINDINGS == 5
    longest = max(year.findings, key=lambda one: sum(map(len, finding_sentences(one, source.city, translator(lang)))))
    more = (longest,) * (MOST_FINDINGS - len(year.findings))
    study = replace(year, findings=(*year.findings, *more))
    assert sum(plan.status is PlanStatus.EVALUATED for plan in plans) == 2
    pages, told = paper(study, source, plans, lang)
    assert pages == 2
    result = plans[-1].result[lang]
    kept, before, _dates = result.partition({"en": " Before:", "el": " Πριν:", "fr": " Avant\u00a0:"}[lang])
    assert before
    assert _letters(kept) in _letters(told)
    assert before.strip() not in told


@pytest.mark.parametrize("lang", SPOKEN)
def test_without_a_finding_one_page_is_enough(year: BriefStudy, source: Source, lang: str) -> None:
    assert paper(replace(year, findings=(), events=()), source, [], lang)[0] == 1


def test_the_first_question_follows_from_the_headline(year: BriefStudy, source: Source) -> None:
    t = translator("en")
    for verdict, told in (("fewer", "fewer than usual"), ("more", "more than usual"), ("usual", "No change is clear")):
        quiet = replace(year, findings=(), events=(), verdict=verdict)
        first = meeting_questions(quiet, source.city, t)[0]
        assert told in headline(quiet, t)
        assert told in first
        assert ("No change is clear" in first) == (verdict == "usual")
