"""How many pages the paper of the brief has, in every language, with much to tell and with little."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pypdf
import pytest

from analysis.report.papers import brief_document
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Plan, PlanStatus, translator
from curim_data.plans.plan_store import PlanStore
from curim_data.protection import open_for
from curim_data.sample.home import demo_words
from curim_data.store import Home
from curim_data.studies.brief import MOST_FINDINGS, BriefStudy, brief_study
from curim_data.studies.brief_content import brief_content, plan_rows
from curim_data.studies.brief_text import finding_sentences, headline, meeting_questions
from curim_data.studies.evaluation import PlanTiming, evaluation_study, result_texts
from tests.app.conftest import SPOKEN
from tests.stored import seen_by


@pytest.fixture(scope="module")
def source(sample: Home) -> Source:
    return open_for(sample, Audience.COUNCIL)


@pytest.fixture(scope="module")
def study(source: Source) -> BriefStudy:
    return brief_study(seen_by(source, Audience.COUNCIL), AlertFilter(), source.meeting)


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
    study: BriefStudy, source: Source, plans: list[Plan], lang: str
) -> None:
    assert 0 < len(study.findings) <= MOST_FINDINGS == 5
    longest = max(study.findings, key=lambda one: sum(map(len, finding_sentences(one, source.city, translator(lang)))))
    more = (longest,) * (MOST_FINDINGS - len(study.findings))
    study = replace(study, findings=(*study.findings, *more))
    assert sum(plan.status is PlanStatus.EVALUATED for plan in plans) == 2
    pages, told = paper(study, source, plans, lang)
    assert pages == 2
    result = plans[-1].result[lang]
    kept, before, _dates = result.partition({"en": " Before:", "el": " Πριν:", "fr": " Avant\u00a0:"}[lang])
    assert before
    assert _letters(kept) in _letters(told)
    assert before.strip() not in told


@pytest.mark.parametrize("lang", SPOKEN)
def test_without_a_finding_one_page_is_enough(study: BriefStudy, source: Source, lang: str) -> None:
    assert paper(replace(study, findings=(), events=()), source, [], lang)[0] == 1


def test_the_first_question_follows_from_the_headline(study: BriefStudy, source: Source) -> None:
    t = translator("en")
    for verdict, told in (("fewer", "fewer than usual"), ("more", "more than usual"), ("usual", "No change is clear")):
        quiet = replace(study, findings=(), events=(), verdict=verdict)
        first = meeting_questions(quiet, source.city, t)[0]
        assert told in headline(quiet, t)
        assert told in first
        assert ("No change is clear" in first) == (verdict == "usual")
