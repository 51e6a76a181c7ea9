"""The Briefing's paper, and what paper and page say alike: what was not compared, for whom, totals, questions."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

import docx
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.report.papers import Brief, brief_document
from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Translator, translator
from curim_data.protection import open_for
from curim_data.query import counts as count_alerts
from curim_data.store import Home
from curim_data.studies import brief as brief_module
from curim_data.studies.brief import (
    BriefStudy,
    brief_changes,
    brief_study,
)
from curim_data.studies.brief_content import brief_content, how_many_tested, opens_here_only
from curim_data.studies.brief_text import (
    affected_sentence,
    counts_before_after,
    counts_words,
    finding_sentences,
    headline,
    sure_sentence,
    women_sentence,
)
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
def year(sample: Home) -> BriefStudy:
    source = open_for(sample, Audience.COUNCIL)
    return brief_study(seen_by(source, Audience.COUNCIL), AlertFilter(), source.meeting)


def test_a_district_of_many_residents_and_few_alerts_is_not_known(sample: Home) -> None:
    source = open_for(sample, Audience.COUNCIL)
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
def test_a_filter_by_gender_is_no_finding_about_gender(sample: Home, year: BriefStudy, lang: str) -> None:
    """All alerts that affect women affect women: that is the filter, and says nothing."""
    source, t, f = open_for(sample, Audience.COUNCIL), translator(lang), AlertFilter(affected=("woman",))
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
