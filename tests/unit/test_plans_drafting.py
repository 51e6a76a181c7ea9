"""Drafts of plans, and the catalogue of measures."""

import datetime as dt
import json
from dataclasses import replace

import h3.api.basic_str as h3
import pandas as pd
import pytest

from analysis.plans import drafting
from analysis.plans.drafting import (
    Measure,
    applicable_drop,
    baseline_dates,
    buffer_cells,
    catalogue,
    draft_plan,
    find_measure,
    harm_questions,
    plan_warnings,
    problem_statement,
    propose_comparison_area,
    rank_measures,
)
from curim_data.model import LANGUAGES, CityProfile, Plan, translator
from curim_data.model.plan import (
    CategoryShare,
    Caution,
    Interval,
    Objective,
    Pattern,
    Problem,
    plan_from_json,
    plan_to_json,
)

AS_OF = dt.date(2026, 10, 31)
THEFTS = (CategoryShare("theft_bag", 0.6), CategoryShare("harassment_verbal", 0.4))


@pytest.fixture(scope="module")
def problem(city: CityProfile) -> Problem:
    mark = next(mark for mark in city.landmarks if mark.id == "piraeus_station")
    cell = h3.latlng_to_cell(mark.latitude, mark.longitude, 10)
    return Problem(
        spot=cell,
        place=mark.id,
        names=mark.labels,
        cells=tuple(sorted(h3.grid_disk(cell, 1))),
        query={"period": "12m", "category": "harassment_verbal"},
        start=dt.date(2025, 11, 1),
        end=AS_OF,
        n=61,
        expected=24.2,
        ratio=Interval(2.5, 1.9, 3.2),
        q=0.0004,
        categories=(CategoryShare("harassment_verbal", 0.6), CategoryShare("theft_bag", 0.4)),
        hours=(20, 1),
        dark_share=0.7,
        women=Interval(0.7, 0.6, 0.8),
        women_city=0.5,
        unknown_gender=0.25,
        since=dt.date(2026, 8, 1),
        pattern=Pattern.CONSECUTIVE,
        cautions=(Caution.PILED,),
    )


@pytest.fixture(scope="module")
def cells(city: CityProfile, problem: Problem) -> pd.DataFrame:
    index = city.land_cells(10).index
    frame = pd.DataFrame({"n": [float(k % 7) for k in range(len(index))]}, index=index)
    frame.loc[[h3.str_to_int(cell) for cell in problem.cells], "n"] = 9.0
    return frame


@pytest.mark.parametrize("lang", LANGUAGES)
def test_statement_names_place_category_hours_and_gender(problem: Problem, city: CityProfile, lang: str) -> None:
    t = translator(lang)
    told = problem_statement(problem, t, city)
    assert problem.names[lang] in told
    assert city.categories["harassment_verbal"].labels[lang] in told
    assert "20:00" in told
    assert "02:00" in told
    assert t.percent(0.7) in told
    assert t.percent(0.25) in told
    assert "{" not in told


def test_json_of_other_versions_and_unusable_json() -> None:
    assert plan_from_json({"statement": "a text", "problem": {"query": "a text"}}) == Plan()
    stored = plan_to_json(plan_from_json({"budget": 18_000, "problem": {"n": 39, "expected": 3.0, "hours": [20, 1]}}))
    assert json.dumps([stored["budget"], stored["problem"]["n"], stored["problem"]["expected"]]) == "[18000, 39, 3.0]"
    assert stored["problem"]["hours"] == [20, 1]
    for entries in ({"status": "no such status"}, {"start": "1 March"}, {"problem": {"hours": [20]}}):
        with pytest.raises(ValueError, match="1 validation error"):
            plan_from_json(entries)


def test_draft_proposes_what_the_data_and_the_evidence_allow(
    problem: Problem, city: CityProfile, cells: pd.DataFrame
) -> None:
    made = draft_plan(replace(problem, categories=THEFTS), city, AS_OF, cells=cells, language="en")
    plan = made.plan
    assert set(plan.statement) == set(LANGUAGES)
    assert plan.areas.treated == problem.cells
    assert not set(plan.areas.buffer) & set(problem.cells)
    assert plan.areas.comparison
    assert plan.objective.baseline == 61
    assert plan.assessment.review > plan.objective.by > AS_OF
    assert plan.assessment.smallest_drop > 61 - plan.objective.target
    assert any("smaller than what could be seen" in message.text for message in made.warnings)
    assert any("women" in message.text.lower() for message in harm_questions(made.plan.problem))


def test_effects_are_never_added_up(problem: Problem) -> None:
    light, guards = find_measure("lighting_improved"), find_measure("station_guards")
    thefts = replace(problem, categories=THEFTS)
    assert applicable_drop(thefts, [light], 61) == pytest.approx(61 * 0.6 * 0.14)
    assert applicable_drop(thefts, [light, guards], 61) == pytest.approx(61 * 0.6 * 0.14)
    told = plan_warnings(problem, [light, guards], 3.4, 30.0)
    assert any("not added up" in message.text for message in told)


def test_a_number_counts_only_where_it_applies_to_most_alerts(problem: Problem) -> None:
    light, led = find_measure("lighting_improved"), find_measure("lighting_led")
    assert applicable_drop(problem, [light], 61) is None, "two alerts in five are of the kind that was studied"
    thefts = replace(problem, categories=(CategoryShare("theft_bag", 1.0),))
    assert applicable_drop(thefts, [light], 7) is None, "less than one alert"
    assert applicable_drop(thefts, [led], 200) == pytest.approx(200 * 0.7 * 0.15), "after dark only"
    assert applicable_drop(replace(thefts, dark_share=0.3), [led], 200) is None
    assert applicable_drop(replace(thefts, dark_share=None), [led], 200) is None


def test_baseline_is_as_long_as_the_plan(problem: Problem, city: CityProfile) -> None:
    start, end = baseline_dates(AS_OF, dt.date(2022, 11, 1))
    made = draft_plan(replace(problem, n=244), city, AS_OF, base=Objective(61.0, start, end), language="en").plan
    assert made.finish - made.start == end - start
    assert made.objective.baseline == 61
    assert (made.objective.start, made.objective.end) == (start, end)
    assert made.assessment.smallest_drop == draft_plan(problem, city, AS_OF).plan.assessment.smallest_drop
    assert baseline_dates(AS_OF, dt.date(2026, 3, 1)) == (dt.date(2026, 3, 1), AS_OF)


def test_no_number_leaves_the_target_to_be_set(problem: Problem, city: CityProfile) -> None:
    audit = find_measure("women_safety_audit")
    made = draft_plan(problem, city, AS_OF, measures=[audit], language="en")
    assert made.plan.objective.target is None
    assert "to be set" in made.plan.objective.text
    assert made.plan.areas.comparison == ()


def test_buffer_is_as_many_rings_on_land(problem: Problem, city: CityProfile) -> None:
    for rings in (1, 2, 3):
        away = [
            min(h3.grid_distance(cell, own) for own in problem.cells)
            for cell in buffer_cells(problem.cells, city, rings)
        ]
        assert set(away) == set(range(1, rings + 1))
    assert buffer_cells((), city) == ()


def test_comparison_area_is_alike_connected_and_apart(problem: Problem, cells: pd.DataFrame) -> None:
    like = propose_comparison_area(cells, problem.cells)
    assert len(like.cells) == len(problem.cells)
    assert all(min(h3.grid_distance(cell, own) for own in problem.cells) > 3 for cell in like.cells)
    assert all(any(h3.grid_distance(cell, other) == 1 for other in like.cells) for cell in like.cells)
    assert like.reasons[0].values["treated"] == 63
    assert like == propose_comparison_area(cells.reset_index(names="cell"), problem.cells)
    assert propose_comparison_area(cells.loc[[h3.str_to_int(cell) for cell in problem.cells]], problem.cells) is None


def test_of_the_areas_that_could_be_grown_the_one_with_the_nearest_total_is_the_comparison_area() -> None:
    """Three cells of ten alerts: a lone cell of ten among empty ones is less alike than three of eleven."""
    middle, lone, even = (h3.latlng_to_cell(37.94, longitude, 9) for longitude in (23.60, 23.65, 23.70))
    treated = [middle, *h3.grid_ring(middle, 1)[:2]]
    counts = dict.fromkeys(treated, 10.0) | dict.fromkeys(h3.grid_disk(lone, 1), 0.0)
    counts |= {lone: 10.0} | dict.fromkeys(h3.grid_disk(even, 1), 11.0)
    frame = pd.DataFrame({"n": counts.values()}, index=[h3.str_to_int(cell) for cell in counts])
    like = propose_comparison_area(frame, treated)
    assert (like.n, like.reasons[0].values["treated"]) == (33, 30)
    assert set(like.cells) <= set(h3.grid_disk(even, 1))


@pytest.mark.parametrize("item", catalogue(), ids=lambda item: item.id)
def test_every_measure_is_complete(item: Measure) -> None:
    assert item.name
    assert item.mechanism
    assert item.outcome
    assert item.quality in ("strong", "moderate", "limited", "none")
    assert item.quality_reason
    assert item.direction in ("helps", "unclear", "none", "harms")
    assert item.citation
    assert item.url.startswith("http")
    assert item.verified in ("yes", "secondary")
    known = set(drafting._read()[1]) | {"dark", "women"}
    assert item.fits
    assert set(item.fits) | set(item.covers) <= known
    assert (item.value is None) == (item.effect_measure == "none")
    assert (item.low is None) == (item.high is None)
    if item.pct_change is not None:
        assert item.value is not None
        assert item.covers


def test_rank_puts_what_is_well_founded_first_and_cautions_last(problem: Problem) -> None:
    shares = (("harassment_verbal", 0.5), ("lighting_poor", 0.3), ("theft_bag", 0.2))
    fits = rank_measures(replace(problem, categories=tuple(CategoryShare(*share) for share in shares)))
    shelves = [
        2 if f.measure.cautioned else 0 if f.measure.value and f.measure.direction == "helps" else 1 for f in fits
    ]
    assert shelves == sorted(shelves)
    assert fits[0].measure.id == "harassment_patrol"
    assert all(fit.reasons for fit in fits)
    assert {fit.measure.id for fit in fits if fit.caution} >= {"bus_stop_patrol"}
    assert "alley_gates" not in {fit.measure.id for fit in fits}


def test_women_count_only_where_the_interval_is_above_the_city(problem: Problem) -> None:
    assert drafting.women_stand_out(problem)
    assert not drafting.women_stand_out(replace(problem, women=Interval(0.55, 0.45, 0.65)))
    assert not drafting.women_stand_out(replace(problem, women=None))
