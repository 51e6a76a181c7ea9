"""One verdict in every room: page, board, plan's document, command and what is saved, exact or as it is released."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from typing import Any

import docx
import pypdf
import pytest

from analysis.report.papers import plan_document
from curim_data.model import Audience, Plan, PlanStatus, translator
from curim_data.plans.plan_store import PlanStore
from curim_data.protection import open_for
from curim_data.sample import demo_words
from curim_data.store import Home
from curim_data.studies.brief_content import plan_rows
from curim_data.studies.evaluation import plan_timing, released_study, result_texts, short_result
from tests.app.conftest import visit, words_of
from tests.commands import Curim
from tests.stored import seen_by

EN = translator("en")


@pytest.fixture
def kept(base: Home) -> dict[PlanStatus, Plan]:
    """The sample's plans that have begun, with their verdicts saved."""
    home = base.sample
    source, store = seen_by(open_for(home, Audience.COUNCIL), Audience.COUNCIL), PlanStore(home.plans_url)
    found = {}
    for status in (PlanStatus.FINISHED, PlanStatus.RUNNING):
        plan = store.list(status)[0]
        told = released_study(source, plan, plan_timing(plan, store.history(plan.id), home.city().timezone))
        found[status] = store.save(replace(plan, result=result_texts(told)), "test")
    store.close()
    return found


def _heading(plan: Plan, **words: str) -> tuple[str, list[Any]]:
    """The verdict on the page, and the numbers that its chart draws."""
    app = visit("evaluation", plan=plan.id, **words)
    charts = [json.loads(chart.proto.spec)["data"][0] for chart in app.get("plotly_chart")]
    assert len(charts) < 2
    if not words:
        lines = visit("evaluation", plan=plan.id, fold="doubts").markdown
        assert any("alone: " in line.value and "same length of time" in line.value for line in lines)
        whisker = charts[0]["error_y"]["array"]
        assert [end > 0 for end in whisker] == [True], "what was counted is certain, what was expected is not"
    else:
        assert not [fold for fold in app.expander if "against it" in fold.label]
    name, _, told = app.title[0].value.replace("\\", "").partition(": ")
    assert name == plan.title
    return told, charts[0]["y"] if charts else []


def _document(plan: Plan, home: Home, kind: Any) -> str:
    made = io.BytesIO(plan_document(demo_words(plan, EN), home.city(), EN, kind))
    if kind == "docx":
        return " ".join(part.text for part in docx.Document(made).paragraphs)
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(made).pages).split())


@pytest.mark.parametrize("status", [PlanStatus.FINISHED, PlanStatus.RUNNING])
def test_every_room_has_the_same_verdict(
    base: Home, kept: dict[PlanStatus, Plan], curim: Curim, status: PlanStatus
) -> None:
    home, plan = base.sample, kept[status]
    exact, told = (
        curim.answer(home, "plan", "show", plan.id, *words)["verdict"] for words in (("--audience", "analyst"), ())
    )
    assert (told["grade"], told["direction"]) == (exact["grade"], exact["direction"])
    heading, drawn = _heading(plan)
    assert heading == exact["told"]
    assert drawn == pytest.approx([exact["expected"], exact["observed"]], abs=1e-4)
    released, drawn = _heading(plan, **{"as": "council"})
    assert released == told["told"] == short_result(plan.result["en"])
    if status is PlanStatus.FINISHED:
        assert drawn == [told["expected"], told["observed"]]
        more = 5 * round((exact["observed"] - exact["expected"]) / 5)
        assert told["observed"] == 5 * round(exact["observed"] / 5) == told["expected"] + more
        assert str(abs(more)) in released
        genders = [part for name, part in exact["parts"].items() if name != "next_door"]
        assert sum(part["observed"] for part in genders) == exact["observed"]
        assert sum(part["expected"] for part in genders) == pytest.approx(exact["expected"])
    else:
        assert (drawn, told["expected"], told["observed"], told["parts"]) == ([], None, None, {})
        assert not re.search(r"\d", released)
    spaced = " ".join(released.split())
    assert all(spaced in " ".join(_document(plan, home, kind).split()) for kind in ("pdf", "docx"))
    rows = plan_rows([plan], plan.finish, EN)
    assert rows[0].result.startswith(released)
    assert spaced in " ".join(words_of(visit("interventions", **{"as": "council"})).replace("\\", "").split())
