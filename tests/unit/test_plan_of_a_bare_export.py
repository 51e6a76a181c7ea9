"""A plan from an export that names no category, asks for no gender, or is years old: what is missing is called so."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import h3.api.basic_str as h3
import pytest

from analysis.plans.drafting import (
    catalogue,
    draft_plan,
    harm_questions,
    measures_of_kind,
    old_baseline,
    problem_statement,
    rank_measures,
)
from analysis.report.papers import compose_plan
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Audience, CityProfile, translator
from curim_data.model.absence import NO_CATEGORY, NO_GENDER
from curim_data.model.labels import UNCATEGORISED
from curim_data.model.plan import CategoryShare, Caution, Problem, plan_from_json, plan_to_json
from curim_data.studies.evaluation import Standing, plan_progress
from curim_data.studies.plan import draft_plan_for_cells, problem_of_cells
from tests.small import HERE, alert, small_city, small_source
from tests.stored import seen_by

CELL = h3.latlng_to_cell(HERE[1], HERE[0], 10)
POINTS = [h3.cell_to_latlng(cell)[::-1] for cell in sorted(h3.cell_to_children(CELL, 12))]
LAST = dt.date(2019, 12, 31)
# Alerts by hour: 59 lie from 14 to 19, 44 in hours of less than five each.
BY_HOUR = {14: 10, 15: 10, 16: 10, 17: 10, 18: 10, 19: 9, **dict.fromkeys(range(11), 4)}


def _bare(folder: Path, by_hour: dict[int, int]) -> Source:
    hours = [hour for hour, n in by_hour.items() for _ in range(n)]
    rows = [
        alert(
            number,
            day=LAST - dt.timedelta(days=number % 300),
            hours=[hour],
            point=POINTS[number % len(POINTS)],
            category=UNCATEGORISED,
            affected_gender="unknown",
            reporter_gender="unknown",
        )
        for number, hour in enumerate(hours)
    ]
    return small_source(folder, rows, replace(small_city(), illustrative=False))


def _problem(**values: object) -> Problem:
    names = dict.fromkeys(LANGUAGES, "Quay")
    start = dt.date(2019, 1, 1)
    return replace(Problem(names=names, cells=(CELL,), start=start, end=LAST, n=97), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_export_does_not_have_is_no_finding(tmp_path: Path, lang: str) -> None:
    t = translator(lang)
    source = _bare(tmp_path, BY_HOUR)
    problem = problem_of_cells(seen_by(source, Audience.COUNCIL), AlertFilter(), [CELL])
    told = problem_statement(problem, t, source.city)
    assert t.c("category", "Not stated") not in told
    assert t(NO_CATEGORY) in told
    assert t(NO_GENDER) in told
    assert Caution.UNDISCLOSED not in problem.cautions
    assert not any("not known" in question.text for question in harm_questions(problem))
    assert plan_from_json(plan_to_json(draft_plan(problem, source.city, LAST).plan)).problem == problem


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_category_is_no_main_one(city: CityProfile, lang: str) -> None:
    t = translator(lang)
    label = t.label(city.categories["noise"].labels)
    told = problem_statement(_problem(categories=(CategoryShare("noise", 1.0),)), t, city)
    assert label in told
    assert "100" not in told
    most = problem_statement(_problem(categories=(CategoryShare("noise", 0.997), CategoryShare("x", 0.003))), t, city)
    assert t.percent(1) not in most
    assert t("over {share}", share=t.percent(0.99)) in most


@pytest.mark.slow
@pytest.mark.parametrize(
    ("by_hour", "told"),
    [
        ({0: 4, 6: 4, 12: 3, 20: 6}, (18, 5)),
        ({1: 1, 19: 2, 20: 4}, (18, 23)),
        ({14: 10, 22: 10}, (12, 17)),
        ({2: 5, 9: 5}, (0, 5)),
    ],
)
def test_the_council_reads_hours_in_whole_bands_of_six(
    tmp_path: Path, by_hour: dict[int, int], told: tuple[int, int]
) -> None:
    problem = problem_of_cells(seen_by(_bare(tmp_path, by_hour), Audience.COUNCIL), AlertFilter(), [CELL])
    assert problem.hours == told
    assert problem.hours_protected


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_plan_from_old_data_begins_after_today(tmp_path: Path, lang: str) -> None:
    source, today = _bare(tmp_path, BY_HOUR), dt.date(2026, 11, 26)
    plan = draft_plan_for_cells(source, AlertFilter(), [CELL], today=today, language=lang)
    made, t = plan.plan, translator(lang)
    assert made.start == today + dt.timedelta(weeks=8)
    assert made.assessment.review > made.finish > made.start
    assert plan_progress(made, today).standing is not Standing.LATE
    assert made.objective.end == LAST
    old = old_baseline(made)
    assert old.values["months"] == 85
    assert old in plan.warnings
    paper = compose_plan(made, source.city, t)
    assert t(old) in [getattr(block, "text", "") for block in paper.blocks]


def test_measures_without_categories_are_those_of_the_kind() -> None:
    """Without a category nothing is ranked; the measures for offences, or else all, are offered."""
    nothing = _problem(categories=(CategoryShare(UNCATEGORISED, 1.0),))
    assert not rank_measures(nothing)
    assert {fit.measure.id for fit in measures_of_kind(nothing)} == {item.id for item in catalogue()}
    of_kind = {
        kind: {fit.measure.id for fit in measures_of_kind(replace(nothing, kinds=(kind,)))}
        for kind in ("offence", "risk")
    }
    assert "hot_spots_policing" in of_kind["offence"] - of_kind["risk"]
    assert "lighting_repair" in of_kind["risk"] - of_kind["offence"]
    both = {fit.measure.id for fit in measures_of_kind(replace(nothing, kinds=("offence", "risk")))}
    assert both == of_kind["offence"] | of_kind["risk"]
    directions = [fit.caution is not None for fit in measures_of_kind(replace(nothing, kinds=("offence",)))]
    assert directions == sorted(directions), "cautions stand last"
