"""The table of decided plans: the results that were kept, in the reader's language, beside what comes next."""

from __future__ import annotations

import datetime as dt

from curim_data.model import Plan, PlanStatus, translator
from curim_data.studies.brief_content import plan_rows

DAY = dt.date(2026, 6, 15)
ENDS = dt.date(2026, 9, 1)


def test_an_evaluated_plan_tells_its_result_in_the_language_of_the_reader() -> None:
    result = {"en": "22 fewer.", "el": "22 λιγότερα.", "fr": "22 de moins."}
    for lang, told in result.items():
        (row,) = plan_rows([Plan(status=PlanStatus.EVALUATED, result=result)], DAY, translator(lang))
        assert (row.result, row.next) == (told, "")
        assert row.next_or_result(translator(lang)) == told


def test_a_running_plan_with_a_result_tells_both() -> None:
    t = translator("en")
    plan = Plan(status=PlanStatus.RUNNING, finish=ENDS, result={"en": "9 fewer."})
    (row,) = plan_rows([plan], DAY, t)
    assert row.next_or_result(t) == f"{row.next}. 9 fewer."
    assert row.next.startswith("Ends on")


def test_late_plans_stand_first_then_those_due_for_evaluation() -> None:
    plans = [
        Plan(title="over", status=PlanStatus.EVALUATED),
        Plan(title="on time", status=PlanStatus.RUNNING, finish=ENDS),
        Plan(title="draft", start=dt.date(2026, 1, 1)),
        Plan(title="due", status=PlanStatus.FINISHED),
        Plan(title="dropped", status=PlanStatus.DROPPED),
        Plan(title="late", status=PlanStatus.DECIDED, start=dt.date(2026, 6, 14)),
    ]
    rows = plan_rows(plans, DAY, translator("en"))
    assert [row.title for row in rows] == ["late", "due", "on time", "over"]
