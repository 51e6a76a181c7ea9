"""A plan from an export that names no category, asks for no gender, or is years old: what is missing is called so."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import h3.api.basic_str as h3
import pandas as pd
import pytest

from analysis.plans.drafting import draft_plan, gender_sentence, harm_questions, old_baseline, problem_statement
from analysis.plans.evidence import catalogue, measures_of_kind, rank_measures
from analysis.report.plan import compose_plan
from analysis.spots.profile import profile_spot
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import LANGUAGES, Answers, Audience, CityProfile, Kind, PlanStatus, translator
from curim_data.model.absence import NO_AFFECTED, NO_CATEGORY, NO_GENDER
from curim_data.model.labels import UNCATEGORISED
from curim_data.model.plan import CategoryShare, Caution, Problem, plan_from_json, plan_to_json
from curim_data.store import Home, Store
from curim_data.studies.plan import draft_plan_for_cells, problem_of_cells
from curim_data.studies.plan_progress import Standing, plan_progress
from tests.small import HERE, alert, small_city, small_source
from tests.stored import seen_by

T = translator("en")
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


def test_only_the_person_affected_is_not_asked_for() -> None:
    assert gender_sentence(_problem(not_asked=("affected_gender",)), T) == T(NO_AFFECTED)
    assert gender_sentence(_problem(not_asked=("reporter_gender",)), T) != T(NO_AFFECTED)


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


def test_one_category_is_no_main_one_in_the_panel(city: CityProfile, tmp_path: Path) -> None:
    source = small_source(tmp_path, [alert(n, category="noise", point=POINTS[n]) for n in range(20)])
    problem = problem_of_cells(source, AlertFilter(), [CELL])
    counts = pd.DataFrame({"category": ["noise"], "n": [20.0]})
    panel = profile_spot(city, n=20, categories=counts).sentence(T)
    assert panel == f"All of one category: {city.categories['noise'].labels['en']}."
    assert "all of the category Noise." in problem_statement(problem, T, source.city)


def test_some_alerts_without_a_category_are_counted_apart(city: CityProfile) -> None:
    shares = (CategoryShare(UNCATEGORISED, 0.6), CategoryShare("noise", 0.4))
    told = problem_statement(_problem(categories=shares), T, city)
    assert "Not stated" not in told
    assert "For 60\u00a0% of the alerts no category is stated." in told


def test_half_of_all_alerts_lie_in_the_hours_that_the_council_reads(tmp_path: Path) -> None:
    source = _bare(tmp_path, BY_HOUR)
    exact, told = (
        problem_of_cells(seen_by(source, audience), AlertFilter(), [CELL])
        for audience in (Audience.ANALYST, Audience.COUNCIL)
    )
    total = sum(BY_HOUR.values())
    for problem in (exact, told):
        assert problem.hours is not None
        first, last = problem.hours
        inside = sum(BY_HOUR.get((first + step) % 24, 0) for step in range((last - first) % 24 + 1))
        assert inside >= total / 2
    assert not exact.hours_protected
    assert told.hours_protected
    assert "At least half of the alerts fall between 14:00 and 20:00" in problem_statement(exact, T, source.city)
    assert "this stretch may be shorter" in problem_statement(told, T, source.city)


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


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_plan_from_old_data_begins_after_today(tmp_path: Path, lang: str) -> None:
    source, today = _bare(tmp_path, BY_HOUR), dt.date(2026, 11, 26)
    plan = draft_plan_for_cells(source, AlertFilter(), [CELL], today=today, language=lang)
    made, t = plan.plan, translator(lang)
    assert made.start == today + dt.timedelta(weeks=8)
    assert made.finish is not None
    assert made.assessment.review is not None
    assert made.assessment.review > made.finish > made.start
    assert plan_progress(made, today).standing is not Standing.LATE
    assert made.objective.end == LAST
    old = old_baseline(made)
    assert old is not None
    assert old.values["months"] == 85
    assert old in plan.warnings
    paper = compose_plan(made, source.city, t)
    assert t(old) in [getattr(block, "text", "") for block in paper.blocks]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_plan_that_has_begun_is_not_to_be_drafted_again(tmp_path: Path, lang: str) -> None:
    source, today, t = _bare(tmp_path, BY_HOUR), dt.date(2026, 11, 26), translator(lang)
    made = draft_plan_for_cells(source, AlertFilter(), [CELL], today=today).plan
    told = {status: t(old) for status in PlanStatus if (old := old_baseline(replace(made, status=status)))}
    begun = {PlanStatus.RUNNING, PlanStatus.FINISHED, PlanStatus.EVALUATED}
    assert len(told) == len(PlanStatus)
    assert len({told[status] for status in begun}) == 1
    assert {told[status] for status in begun}.isdisjoint(told[status] for status in told.keys() - begun)
    assert all("85" in text and "2019" in text for text in told.values())


def test_new_data_give_the_dates_and_no_warning(tmp_path: Path) -> None:
    source = _bare(tmp_path, BY_HOUR)
    made = draft_plan_for_cells(source, AlertFilter(), [CELL], today=dt.date(2019, 12, 1))
    assert made.plan.start == source.as_of + dt.timedelta(weeks=8)
    assert old_baseline(made.plan) is None


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


def test_each_kind_has_measures() -> None:
    for kind in Kind:
        assert len(measures_of_kind(_problem(kinds=(kind.value,)))) >= 3, kind


def test_kinds_come_from_the_alerts(tmp_path: Path) -> None:
    source = _bare(tmp_path, BY_HOUR)
    assert problem_of_cells(seen_by(source, Audience.COUNCIL), AlertFilter(), [CELL]).kinds == ("offence",)


def test_a_category_is_given_the_way_that_the_page_names(tmp_path: Path) -> None:
    """`absence.ADD_CATEGORY`: undo the import, import the file again and name the category."""
    rows = "\n".join(f"2025-03-{1 + n % 28:02d} 10:{n % 60:02d},48.20{n % 10},16.37{n % 7}" for n in range(60))
    export, home = f"when,lat,lon\n{rows}\n".encode(), Home(tmp_path / "home")
    first = import_file(home, export, "march.csv")
    Store(home).undo(first.batch.id)
    import_file(home, export, "march.csv", answers=Answers(category="Theft"))
    assert Store(home).read(["category"])["category"].to_pylist() == ["Theft"] * 60
