import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from curim_data.model import Plan, PlanStatus, translator
from curim_data.model.plan import MOVES, Action, Objective, Problem
from curim_data.plans.plan_store import PlanConflict, PlanProblem, PlanStore
from curim_data.studies.brief_content import plan_rows


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PlanStore]:
    opened = PlanStore(f"sqlite:///{tmp_path}/new/plans.sqlite")
    yield opened
    opened.close()


def plan(**values: object) -> Plan:
    made = Plan(title="Φως στον σταθμό", problem=Problem(n=61), objective=Objective(baseline=61, target=52))
    return replace(made, **values)  # type: ignore[arg-type]


def test_a_plan_comes_back_as_it_was_kept(store: PlanStore) -> None:
    made = store.create(plan(actions=(Action("βάψιμο", "ΤΥ", dt.date(2027, 1, 2)),)), "maria")
    assert made.version == 1
    assert store.get(made.id) == made
    assert store.list() == (made,)


def test_history_tells_who_when_what(store: PlanStore) -> None:
    made = store.save(plan(), "maria")
    saved = store.save(replace(made, lead="Δήμος", objective=replace(made.objective, target=50.0)), "nikos")
    assert saved.version == 2
    changes = store.history(made.id)
    assert [(change.who, change.what, change.old, change.new) for change in changes] == [
        ("nikos", "objective.target", 52, 50.0),
        ("nikos", "lead", "", "Δήμος"),
        ("maria", "created", None, "Φως στον σταθμό"),
    ]
    assert all(change.at.tzinfo is dt.UTC for change in changes)
    assert store.save(saved, "nikos") == saved
    assert len(store.history(made.id)) == 3


def test_nobody_overwrites_what_they_have_not_seen_and_of_many_savers_at_once_one_wins(store: PlanStore) -> None:
    made = store.create(plan(), "maria")

    def attempt(number: int) -> bool:
        try:
            store.save(replace(made, lead=f"lead {number}"), "someone")
        except PlanConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1
    kept = store.get(made.id)
    assert (kept.version, len(store.history(made.id))) == (2, 2)
    with pytest.raises(PlanConflict, match="Φως"):
        store.save(replace(made, lead="B"), "nikos")
    assert store.get(made.id) == kept


def test_several_open_an_empty_store_at_once(tmp_path: Path) -> None:
    def opened(number: int) -> str:
        with closing(PlanStore(f"sqlite:///{tmp_path}/plans.sqlite")) as store:
            return store.create(plan(title=str(number)), "me").id

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(opened, range(8)))
    with closing(PlanStore(f"sqlite:///{tmp_path}/plans.sqlite")) as again:
        assert {kept.id for kept in again.list()} == made
    assert len(made) == 8


def test_a_database_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(PlanProblem, match="cannot be opened"):
        PlanStore(f"sqlite:///{tmp_path}")


def test_the_board_allows_only_its_moves(store: PlanStore) -> None:
    made = store.create(plan(), "maria")
    with pytest.raises(PlanProblem, match="Draft"):
        store.save(replace(made, status=PlanStatus.EVALUATED), "maria")
    for status in (PlanStatus.DECIDED, PlanStatus.RUNNING, PlanStatus.FINISHED, PlanStatus.EVALUATED):
        made = store.save(replace(made, status=status), "maria")
        assert made.status is status
    assert store.list(PlanStatus.DRAFT) == ()
    assert [kept.id for kept in store.list(PlanStatus.EVALUATED)] == [made.id]
    assert set(MOVES) == set(PlanStatus)


DAY = dt.date(2026, 6, 15)
ENDS = dt.date(2026, 9, 1)


def test_an_evaluated_plan_tells_its_result_in_the_language_of_the_reader_and_a_running_one_what_is_next_too() -> None:
    result = {"en": "22 fewer.", "el": "22 λιγότερα.", "fr": "22 de moins."}
    for t in map(translator, result):
        plans = [Plan(status=PlanStatus.EVALUATED, result=result)]
        plans += [Plan(status=PlanStatus.RUNNING, finish=ENDS, result=result)]
        running, over = plan_rows(plans, DAY, t)
        assert (over.result, over.next, over.next_or_result(t)) == (result[t.lang], "", result[t.lang])
        assert running.next
        assert running.next_or_result(t) == f"{running.next}. {result[t.lang]}"


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
