"""Placebo areas and the counts of similar areas, the timing of plans, and what is refused at planning."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from pathlib import Path

import h3.api.basic_int as h3
import h3.api.basic_str as h3_names
import pytest

from analysis.plans.drafting import design_faults
from analysis.plans.verdict import PlanTiming, Strength, around, placebo_areas
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Plan, PlanStatus, Translator
from curim_data.model.coverage import Coverage
from curim_data.model.plan import Areas, Objective
from curim_data.plans.plan_store import Change, PlanProblem, PlanStore
from curim_data.privacy import DisclosureError
from curim_data.store import Home
from curim_data.studies.cells import area_frame
from curim_data.studies.evaluation import evaluation_study, harm_ratio, outcome_sentence, plan_timing
from curim_data.studies.plan import Calendar, drop_to_see, placebos

CENTRE = h3.latlng_to_cell(37.94, 23.65, 10)


def test_placebo_areas_are_like_the_treated_one_and_keep_away() -> None:
    city = {cell: float(cell % 7) for cell in h3.grid_disk(CENTRE, 12)}
    treated = set(h3.grid_disk(CENTRE, 1))
    excluded = around(treated, 2)
    areas = placebo_areas(city, 7, excluded)
    cells = [cell for area in areas for cell in area]
    assert len(areas) > 40
    assert len(cells) == len(set(cells))
    assert not set(cells) & excluded
    for area in areas:
        assert len(area) == 7
        assert set(area) <= set(city)
        reached = {area[0]}
        while grown := (around(reached) & set(area)) - reached:
            reached |= grown
        assert reached == set(area)
    assert len(placebo_areas(city, 7, excluded, most=5)) == 5
    assert max(sum(city[cell] for cell in area) for area in areas[:3]) >= sum(city[cell] for cell in areas[-1])


def test_windows_before_a_start() -> None:
    calendar = Calendar(dt.date(2025, 6, 2), 200)
    windows = calendar.windows(calendar.start)
    assert windows[0] == (dt.date(2025, 3, 10), dt.date(2025, 6, 1))
    assert all(later[0] - dt.timedelta(days=1) == earlier[1] for later, earlier in itertools.pairwise(windows))
    assert calendar.covered(dt.date(2024, 6, 3)) == 3
    starts = calendar.placebo_starts(dt.date(2023, 1, 1), 2, Coverage({}))
    assert starts
    assert calendar.after(starts[0])[1] < calendar.start
    months = Calendar(dt.date(2025, 6, 1), 91, by_month=True)
    assert months.windows(months.start, 2) == [
        (dt.date(2025, 3, 1), dt.date(2025, 5, 31)),
        (dt.date(2024, 12, 1), dt.date(2025, 2, 28)),
    ]
    assert months.after(dt.date(2025, 1, 1)) == (dt.date(2025, 1, 1), dt.date(2025, 3, 31))


def test_the_counts_of_similar_areas_add_up(source: Source) -> None:
    """The same by day and by period, and the treated area's as any other question gives it."""
    cells = tuple(h3_names.grid_disk(h3_names.latlng_to_cell(37.9415, 23.6475, 11), 2))
    after = (source.as_of - dt.timedelta(days=181), source.as_of)
    before = (after[0] - dt.timedelta(weeks=52), after[1] - dt.timedelta(weeks=52))
    found = placebos(source, AlertFilter(period="all"), Areas(cells), before, after)
    by_period = placebos(replace(source, count=10**9), AlertFilter(period="all"), Areas(cells), before, after)
    assert by_period.history == found.history
    assert (by_period.observed, by_period.before, by_period.model.n) == (found.observed, found.before, found.model.n)
    for days, n in ((before, found.before), (after, found.observed)):
        asked = AlertFilter(period="", start=days[0], end=days[1])
        assert area_frame(source, asked, cells)["n"].sum() == n
    assert found.model.n >= 40
    drop = drop_to_see(source, AlertFilter(period="all"), Areas(cells), 365)
    assert drop is not None


def _change(what: str, day: int) -> Change:
    return Change(1, dt.datetime(2026, 3, day, 12, tzinfo=dt.UTC), "x", what, None, None)


def test_only_a_history_proves_that_a_plan_was_fixed() -> None:
    plan = Plan(start=dt.date(2026, 3, 10))
    assert plan_timing(plan, (), "UTC") == PlanTiming(False)
    made = _change("created", 2)
    assert plan_timing(plan, [made], "UTC") == PlanTiming(True, dt.date(2026, 3, 2))
    assert plan_timing(plan, [_change("title", 20), _change("status", 10), made], "UTC").fixed
    for what in ("areas.treated", "areas.comparison", "start", "finish", "assessment.method", "problem.query.category"):
        assert plan_timing(plan, [_change(what, 10), made], "UTC") == PlanTiming(False, dt.date(2026, 3, 10))
    assert not plan_timing(Plan(), [made], "UTC").fixed
    night = replace(
        made, at=dt.datetime(2026, 3, 9, 22, 30, tzinfo=dt.UTC)
    )  # half past midnight of the tenth in Athens
    assert plan_timing(plan, [night], "UTC").fixed
    assert plan_timing(plan, [night], "Europe/Athens") == PlanTiming(False, dt.date(2026, 3, 10))


def test_what_is_refused_at_planning(tmp_path: Path, t: Translator) -> None:
    cell = h3_names.int_to_str(CENTRE)
    far = h3_names.int_to_str(next(iter(h3.grid_ring(CENTRE, 5))))
    good = Plan(
        start=dt.date(2026, 3, 1), areas=Areas((cell,), (), (far,)), objective=Objective(9, end=dt.date(2026, 2, 28))
    )
    late = replace(good, objective=Objective(9, end=dt.date(2026, 3, 1)))
    near = replace(good, areas=Areas((cell,), (), (h3_names.int_to_str(next(iter(h3.grid_ring(CENTRE, 1)))),)))
    assert design_faults(good) == ()
    store = PlanStore(f"sqlite:///{tmp_path / 'plans.sqlite'}")
    assert store.save(replace(store.create(good, "x"), status=PlanStatus.DECIDED), "x").status is PlanStatus.DECIDED
    for plan in (late, near):
        (fault,) = design_faults(plan)
        assert "{" not in t(fault)
        kept = store.create(plan, "x")
        with pytest.raises(PlanProblem):
            store.save(replace(kept, status=PlanStatus.DECIDED), "x")
    store.close()


def test_the_planted_intervention_is_shown_only_where_it_was_fixed(source: Source, sample: Home, t: Translator) -> None:
    store = PlanStore(sample.plans_url)
    plan = store.list(PlanStatus.FINISHED)[0]
    timing = plan_timing(plan, store.history(plan.id), "UTC")
    store.close()
    assert timing.fixed
    study = evaluation_study(source, plan, timing)
    assert study.verdict.strength is Strength.SHOWN
    assert study.verdict.ratio.low < 0.6 < study.verdict.ratio.high < 1
    assert "a fall is shown" in outcome_sentence(study, t)
    with pytest.raises(DisclosureError):
        harm_ratio(replace(source, protected=True, exact=source), plan)
    harm = harm_ratio(source, plan)
    assert harm.low < 0.6 < harm.high
    assert harm.value == pytest.approx(study.verdict.ratio.value, abs=0.15)
    assert harm.value != study.verdict.ratio.value
    later = evaluation_study(source, plan)
    assert later.verdict.strength is Strength.NOT_SHOWN
    assert "were not fixed before the start" in outcome_sentence(later, t)
