"""Problems of places, standings of plans and evaluations on the sample city, against what is planted in it.

Placebo areas and the counts of similar areas, the timing of plans, and what is refused at planning.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import h3.api.basic_int as h3_int
import h3.api.basic_str as h3
import numpy as np
import pytest

import sample_data
from analysis.plans.drafting import design_faults
from analysis.plans.verdict import PlanTiming, Verdict, around, placebo_areas
from analysis.stats.intervals import Estimate
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Audience, Plan, PlanStatus, Translator, translator
from curim_data.model.coverage import Coverage
from curim_data.model.plan import Areas, CategoryShare, Objective, Problem
from curim_data.plans.plan_store import Change, PlanProblem, PlanStore
from curim_data.privacy import DisclosureError
from curim_data.protection import open_for
from curim_data.sample import demo_plans, sample_home
from curim_data.store import Home
from curim_data.studies.cells import area_counts, area_frame
from curim_data.studies.evaluation import (
    NEXT_DOOR,
    ComparisonWindows,
    PlanVerdict,
    Standing,
    _compared,
    evaluation_study,
    plan_progress,
    plan_timing,
    released,
    released_study,
    result_texts,
)
from curim_data.studies.hot_spots import HotSpotStudy, hot_spot_study
from curim_data.studies.plan import Calendar, draft_plan_for_cells, drop_to_see, placebos, problem_of_cells
from curim_data.studies.spot_profiles import spot_summaries
from tests.stored import seen_by

TRUTHS: dict[str, Any] = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))
PLANTED = {spot["place"]: spot for spot in TRUTHS["hot_spot"]}
NEW = "agia_sofia"  # since a month: it stands out over the last quarter
# Spots that stand out over the last twelve months of the sample; the year's end is the sample's last day.
SPOTS = {place: spot for place, spot in PLANTED.items() if place != NEW}


@pytest.fixture(scope="module")
def study(source: Source) -> HotSpotStudy:
    return hot_spot_study(source, AlertFilter())


def _problems(source: Source, study: HotSpotStudy) -> dict[str, Problem]:
    """The problem of each hot spot, by its landmark."""
    found = (problem_of_cells(source, AlertFilter(), spot.names, study=study) for spot in reversed(study.spots))
    return {problem.place: problem for problem in found}


@pytest.fixture(scope="module")
def problems(council: Source, study: HotSpotStudy) -> dict[str, Problem]:
    """As the council reads them."""
    return _problems(seen_by(council, Audience.COUNCIL), study)


@pytest.fixture(scope="module")
def exact_problems(source: Source, study: HotSpotStudy) -> dict[str, Problem]:
    """From exact counts."""
    return _problems(source, study)


def _plan_of(sample: Home, status: PlanStatus) -> Plan:
    store = PlanStore(sample.plans_url)
    try:
        return store.list(status)[0]
    finally:
        store.close()


@pytest.mark.parametrize("place", SPOTS)
def test_problem_of_a_planted_spot(exact_problems: dict[str, Problem], place: str) -> None:
    """Landmark, category, hours and gender of the draft are those that were planted."""
    problem, truth = exact_problems[place], SPOTS[place]
    assert dict(problem.names) == truth["labels"]
    assert problem.categories[0].id in _leading(truth["categories"])
    assert problem.hours is not None
    assert _hours(problem.hours) & _hours((truth["hours"][0], truth["hours"][1]))
    assert len(_hours(problem.hours) - _hours((truth["hours"][0], truth["hours"][1]))) <= 1
    told = truth["affected"]
    assert problem.women.low - 0.05 <= told["woman"] / (told["woman"] + told["man"]) <= problem.women.high + 0.05


@pytest.mark.parametrize("place", SPOTS)
def test_the_council_reads_the_same(
    problems: dict[str, Problem], exact_problems: dict[str, Problem], place: str
) -> None:
    """In whole bands of six hours, and of whole cells of the copy, which hold more than the place itself."""
    told, exact, truth = problems[place], exact_problems[place], SPOTS[place]
    assert dict(told.names) == dict(exact.names) == truth["labels"]
    assert told.categories[0].id in _leading(truth["categories"])
    assert told.women.value == pytest.approx(exact.women.value, abs=0.15)
    assert exact.hours is not None
    assert told.hours is not None
    first, last = told.hours
    assert first % 6 == 0 == (last + 1) % 6
    assert len(_hours(told.hours)) in (6, 12)
    planted = _hours((truth["hours"][0], truth["hours"][1]))
    assert len(_hours(told.hours) & planted) >= len(planted) / 2


def _leading(shares: dict[str, float]) -> set[str]:
    return {name for name, share in shares.items() if share >= max(shares.values()) - 0.1}


def _hours(span: tuple[int, int]) -> set[int]:
    return {(span[0] + step) % 24 for step in range((span[1] - span[0]) % 24 + 1)}


@pytest.mark.slow
def test_a_plan_has_the_numbers_of_the_copy_alone(sample: Home, source: Source, study: HotSpotStudy) -> None:
    """Whoever drafts it, of whichever cells: count, categories and baseline are of the same cells of the copy."""
    copy = open_for(sample, Audience.COUNCIL)
    seen = {spot.id: spot for spot in hot_spot_study(seen_by(copy, Audience.COUNCIL), AlertFilter()).spots}
    for spot in (study.spots[0], study.spots[-1]):
        made = draft_plan_for_cells(source, AlertFilter(), spot.names, language="en").plan
        by_council = draft_plan_for_cells(
            seen_by(copy, Audience.COUNCIL), AlertFilter(), seen[spot.id].names, language="en"
        ).plan
        problem = made.problem
        assert problem.n == made.objective.baseline == seen[spot.id].n
        assert problem.hours == spot_summaries(copy, AlertFilter(), [seen[spot.id]])[0].hours
        assert (problem.expected, problem.ratio) == (None, None)
        assert problem.times == seen[spot.id].times
        here = query.counts(seen_by(copy, Audience.COUNCIL), AlertFilter(cells=seen[spot.id].names), ["category"]).frame
        most = here.set_index("category")["n"].sort_values(ascending=False)
        assert problem.categories[0].share == pytest.approx(most.iloc[0] / problem.n)
        assert made.statement["en"] == by_council.statement["en"]
        assert f"at least {problem.times:.0f} times as dense" in made.statement["en"]


def test_area_counts_write_no_small_count_out(source: Source, council: Source, study: HotSpotStudy) -> None:
    areas = {"here": study.spots[0].names, "none": ()}
    exact = area_counts(source, AlertFilter(), areas, ["category"])
    counted = area_counts(seen_by(council, Audience.COUNCIL), AlertFilter(), areas, ["category"])
    assert set(exact.frame["area"]) == set(counted.frame["area"]) == {"here"}
    assert not exact.shown.frame["withheld"].any()
    assert counted.frame["n"].notna().all()
    told = counted.shown.frame
    assert told["withheld"].any()
    assert told.loc[~told["withheld"] & (told["n"] > 0), "n"].min() >= 5
    sensitive = told[told["category"].isin(source.city.sensitive) & ~told["withheld"] & (told["n"] > 0)]
    assert sensitive.empty or sensitive["n"].min() >= 10


def test_planted_intervention_is_found(source: Source, sample: Home, t: Translator) -> None:
    """The sample's finished plan comes out near the true ratio, in parts that add up, and only where it was fixed."""
    truth = TRUTHS["intervention"]
    plan, store = _plan_of(sample, PlanStatus.FINISHED), PlanStore(sample.plans_url)
    timing = plan_timing(plan, store.history(plan.id), "UTC")
    store.close()
    assert timing.fixed
    study = evaluation_study(source, plan, timing)
    whole, parts = study.whole, dict(study.parts)
    assert study.windows.before == (truth["before_start"], truth["start"] - dt.timedelta(days=1))
    assert study.windows.lengths == (365, 365)
    assert (whole.grade, whole.direction) == ("clear", -1)
    assert whole.ratio.low < truth["rate_ratio"] < whole.ratio.high < 1
    assert whole.observed == pytest.approx(truth["treated_after"], rel=0.1)
    assert whole.before == pytest.approx(truth["treated_before"], rel=0.1)
    assert study.comparison == pytest.approx((truth["comparison_before"], truth["comparison_after"]), rel=0.1)
    moved = parts.pop(NEXT_DOOR)
    assert moved.observed == pytest.approx(truth["buffer_after"], rel=0.1)
    assert (moved.grade, moved.direction) == ("open", 0)
    assert set(parts) >= {"woman", "man"}
    for name in ("observed", "before", "expected"):
        assert sum(getattr(part, name) for part in parts.values()) == pytest.approx(getattr(whole, name))
    assert study.visible is not None
    assert study.cautions == ()
    later = evaluation_study(source, plan)
    assert (later.whole.grade, later.whole.observed) == (None, whole.observed)
    assert "fixed before the start" in later.whole.sentence(t)


def test_the_counts_of_the_comparison_area_are_of_one_length(source: Source, sample: Home) -> None:
    plan, day = _plan_of(sample, PlanStatus.FINISHED), dt.timedelta(days=1)
    before, after = (plan.start - 100 * day, plan.start - day), (plan.start, plan.start + 199 * day)
    counted = [
        area_frame(source, AlertFilter(period="", start=start, end=end), plan.areas.comparison)["n"].sum()
        for start, end in (before, after)
    ]
    assert _compared(source, plan, ComparisonWindows(before, after)) == pytest.approx((2 * counted[0], counted[1]))


def test_everybody_reads_the_same_verdict(source: Source, council: Source, sample: Home) -> None:
    """Of the plan's own areas, the council's numbers in fives; of sensitive categories the grade alone."""
    seen, plan = seen_by(council, Audience.COUNCIL), _plan_of(sample, PlanStatus.FINISHED)
    told, exact = released_study(seen, plan, PlanTiming(True)), evaluation_study(source, plan, PlanTiming(True))
    with pytest.raises(DisclosureError):
        evaluation_study(seen, plan)
    assert (told.grade, told.direction, told.windows) == (exact.whole.grade, exact.whole.direction, exact.windows)
    for name, part in told.parts.items():
        assert (part.grade, part.expected, part.observed) == (exact.parts[name].grade, None, None)
    kept = result_texts(told)
    assert set(kept) == set(LANGUAGES)
    assert all(str(told.expected - told.observed) in text for text in kept.values())
    touching = replace(plan.problem, query={"category": "unwanted_touching"})
    mostly = replace(plan.problem, categories=(CategoryShare("harassment_verbal", 0.6),))
    for problem in (touching, mostly):
        few = released_study(seen, replace(plan, problem=problem), PlanTiming(True))
        assert few.grade is not None
        assert (few.expected, few.observed, few.parts) == (None, None, {})
        assert not re.search(r"\d", few.sentence(translator("en")))


@pytest.mark.parametrize(("least", "floor"), [(1, 3), (5, 8), (7, 8), (9, 13), (10, 13), (13, 13)])
def test_no_small_number_is_released(least: int, floor: int) -> None:
    large = {"expected": 100.0, "observed": 60.0, "before": 90.0}
    for name in large:
        for n in (0, floor - 1, floor):
            verdict = Verdict(grade="clear", ratio=Estimate(0.6, 0.5, 0.7), **{**large, name: n})
            told = released(PlanVerdict(verdict), least, sensitive=False)
            assert (told.expected is not None) is (told.observed is not None) is (n >= floor)
            assert told.grade == "clear"
            assert released(PlanVerdict(verdict), least, sensitive=True).expected is None
            fine = replace(verdict, **large)
            assert bool(released(PlanVerdict(verdict, {"woman": fine}), least, sensitive=False).parts) is (n >= floor)
            assert bool(released(PlanVerdict(fine, {"woman": verdict}), least, sensitive=False).parts) is (n >= floor)


def test_what_is_told_of_a_verdict_is_true_and_leaves_five_counts(t: Translator) -> None:
    """By hand, then every count beside many expectations: as the page's note says, to 2.5, 2.5 and 5."""
    shown: dict[tuple[Any, ...], set[int]] = {}
    for observed, expected in [(62, 64.5), (18, 20.6), *itertools.product(range(8, 90), np.arange(8, 100, 0.25))]:
        one = Verdict(grade="open", ratio=Estimate(1, 0.5, 2), expected=expected, observed=observed, before=90.0)
        told = released(PlanVerdict(one), 5, sensitive=False)
        if told.observed is not None:
            more = told.observed - told.expected
            assert max(abs(told.observed - observed), abs(more - observed + expected)) <= 2.5
            shown.setdefault((told.sentence(t), told.observed, told.expected), set()).add(observed)
    assert [words.split(".")[0] for words, *_ in shown][:2] == [
        "About as many alerts as expected",
        "About 5 alerts fewer than expected",
    ]
    assert min(len(counts) for (_, n, m), counts in shown.items() if max(n, m) <= 80) == 5


def test_a_small_count_before_is_not_released_for_being_of_a_shorter_period() -> None:
    days = [dt.date(2026, month, 1) for month in (1, 2, 6)]
    short = ComparisonWindows((days[0], days[1]), (days[1], days[2]))
    for before, counted in ((20.0, False), (40.0, True)):  # of some four times as many days as it was counted in
        verdict = Verdict(grade="clear", ratio=Estimate(0.6, 0.5, 0.7), expected=100.0, observed=60.0, before=before)
        assert (released(PlanVerdict(verdict, windows=short), 5, sensitive=False).expected is not None) is counted


def test_sample_has_plans_of_its_own(sample: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CURIM_PLANS_URL", f"sqlite:///{tmp_path / 'real.sqlite'}")
    assert sample.is_sample
    store = PlanStore(sample.plans_url)
    before = store.list()
    assert {plan.status for plan in before} >= {PlanStatus.DECIDED, PlanStatus.RUNNING, PlanStatus.FINISHED}
    demo_plans(sample)
    assert sample_home(Home(sample.path.parent)) == sample
    assert store.list() == before
    assert not (tmp_path / "real.sqlite").exists()
    assert any(plan_progress(plan, dt.date(2026, 10, 31)).standing is Standing.LATE for plan in before)
    store.close()


CENTRE = h3_int.latlng_to_cell(37.94, 23.65, 10)


def test_placebo_areas_are_like_the_treated_one_and_keep_away() -> None:
    city = {cell: float(cell % 7) for cell in h3_int.grid_disk(CENTRE, 12)}
    treated = set(h3_int.grid_disk(CENTRE, 1))
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
    """The treated area's are as any other question gives them."""
    cells = tuple(h3.grid_disk(h3.latlng_to_cell(37.9415, 23.6475, 11), 2))
    after = (source.as_of - dt.timedelta(days=181), source.as_of)
    before = (after[0] - dt.timedelta(weeks=52), after[1] - dt.timedelta(weeks=52))
    asked = (AlertFilter(period="all"), Areas(cells), before, after)
    found = placebos(source, *asked)["treated"]
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
    night = replace(made, at=dt.datetime(2026, 3, 9, 22, 30, tzinfo=dt.UTC))  # past midnight of the tenth in Athens
    assert plan_timing(plan, [night], "UTC").fixed
    assert plan_timing(plan, [night], "Europe/Athens") == PlanTiming(False, dt.date(2026, 3, 10))


def test_what_is_refused_at_planning(tmp_path: Path, t: Translator) -> None:
    cell = h3.int_to_str(CENTRE)
    far = h3.int_to_str(next(iter(h3_int.grid_ring(CENTRE, 5))))
    good = Plan(
        start=dt.date(2026, 3, 1), areas=Areas((cell,), (), (far,)), objective=Objective(9, end=dt.date(2026, 2, 28))
    )
    late = replace(good, objective=Objective(9, end=dt.date(2026, 3, 1)))
    near = replace(good, areas=Areas((cell,), (), (h3.int_to_str(next(iter(h3_int.grid_ring(CENTRE, 1)))),)))
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
