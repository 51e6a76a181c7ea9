"""A plan whose small counts are protected: what is withheld is called so, and is neither nothing nor everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h3.api.basic_str as h3
import pandas as pd
import pytest

from analysis.plans.drafting import draft_plan
from analysis.plans.problem_statement import gender_sentence, problem_statement
from analysis.spots.profile import of_one_category, profile_spot, states_no_category
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Audience, CityProfile, translator
from curim_data.model.absence import CATEGORIES_PROTECTED, NO_CATEGORY
from curim_data.model.plan import Interval, Problem, plan_from_json, plan_to_json
from curim_data.store import Home
from curim_data.studies.hot_spots import hot_spot_study
from curim_data.studies.plan import problem_of_cells
from pages.parts.interventions import measures_step
from tests.small import HERE, alert, small_city, small_source

T = translator("en")
CELL = h3.latlng_to_cell(HERE[1], HERE[0], 10)
POINTS = [h3.cell_to_latlng(cell)[::-1] for cell in sorted(h3.cell_to_children(CELL, 12))]


def _place(folder: Path, field: str, counts: Mapping[str, int]) -> Source:
    """Alerts of one place, so many with each value of a field."""
    values = [value for value, n in counts.items() for _ in range(n)]
    rows = [alert(number, point=POINTS[number % len(POINTS)], **{field: value}) for number, value in enumerate(values)]
    return small_source(folder, rows, replace(small_city(), illustrative=False))


def _council(source: Source, audience: Audience = Audience.COUNCIL) -> Problem:
    return problem_of_cells(source, AlertFilter(), [CELL], audience)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_protected_categories_are_not_called_missing(tmp_path: Path, lang: str) -> None:
    """One category with few alerts hides the other one, which it would give away."""
    t, source = translator(lang), _place(tmp_path, "category", {"theft_bag": 22, "noise": 3})
    problem = _council(source)
    assert problem.categories == ()
    assert len(_council(source, Audience.ANALYST).categories) == 2
    page: Any = SimpleNamespace(t=t, city=source.city)
    plan = draft_plan(problem, source.city, dt.date(2025, 12, 31)).plan
    for told in (problem_statement(problem, t, source.city), measures_step._unranked(page, plan)):
        assert t(CATEGORIES_PROTECTED) in told
        assert t(NO_CATEGORY) not in told


def test_a_category_beside_a_protected_one_is_not_the_only_one(city: CityProfile) -> None:
    """Alerts of the place may be known at least, and those of one category exactly: more than the former."""
    counts = pd.DataFrame({"category": ["noise", "theft_bag", "assault"], "n": [22.0, None, None]})
    counts = counts.assign(low=[22, 1, 1], high=[22, 4, 4], withheld=[False, True, True])
    profile = profile_spot(city, n=20, categories=counts)
    assert not of_one_category(profile.categories)
    assert profile.categories[0].share == pytest.approx(22 / 24)
    assert of_one_category(profile_spot(city, n=20, categories=counts.head(1)).categories)


def test_a_place_with_a_protected_category_has_one() -> None:
    counts = pd.DataFrame({"category": ["uncategorised", "noise"], "n": [22.0, 0.0], "withheld": False})
    assert states_no_category(counts)
    assert not states_no_category(counts.assign(n=[22.0, None], withheld=[False, True]))
    assert not states_no_category(counts.assign(n=[0.0, 3.0]))
    assert not states_no_category(counts.assign(n=0.0))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_protected_genders_are_not_called_unknown(tmp_path: Path, lang: str) -> None:
    t, source = translator(lang), _place(tmp_path, "affected_gender", {"woman": 3, "man": 22})
    problem, exact = _council(source), _council(source, Audience.ANALYST)
    assert problem.women is None
    assert exact.women is not None
    assert gender_sentence(problem, t) == t("The gender of those affected is protected here, because small counts are.")


def test_genders_that_nobody_stated_are_called_unknown(tmp_path: Path) -> None:
    problem = _council(_place(tmp_path, "affected_gender", {"undisclosed": 25}))
    assert gender_sentence(problem, T) == "For these alerts the gender of those affected is not known."


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_protected_number_of_unknown_genders_is_not_zero(tmp_path: Path, lang: str) -> None:
    t = translator(lang)
    counts = {"woman": 12, "man": 12, "undisclosed": 2, "unknown": 2}
    source = _place(tmp_path, "affected_gender", counts)
    told, exact = (gender_sentence(_council(source, audience), t) for audience in (Audience.COUNCIL, Audience.ANALYST))
    assert told.endswith(t("For how many of the incidents the gender is not known is protected."))
    assert f" {t.percent(4 / 28)} " in exact
    assert f" {t.percent(0)} " not in told


@pytest.mark.parametrize(("ratio", "expected"), [(Interval(11.1, 6, 18.7), "1.27"), (None, "1.3")])
def test_an_upper_bound_is_called_one_and_rounded_up(city: CityProfile, ratio: Interval | None, expected: str) -> None:
    problem = Problem(n=14, expected=1.264, ratio=ratio, q=0.001, bounded=True)
    told = problem_statement(problem, T, city)
    assert f"it would have had at most {expected};" in told
    assert told.endswith("Protected counts around it enter with the values that speak least for a hot spot.")
    assert "at most" not in problem_statement(replace(problem, bounded=False), T, city)
    plan = draft_plan(problem, city, dt.date(2025, 12, 31)).plan
    assert plan_from_json(plan_to_json(plan)).problem == problem


def test_a_council_reads_of_a_hot_spot_what_the_list_says(sample: Home) -> None:
    source, f = open_source(sample), AlertFilter()
    study = hot_spot_study(source, f, Audience.COUNCIL)
    for spot in study.spots:
        problem = problem_of_cells(source, f, spot.names, Audience.COUNCIL, study=study)
        assert (problem.expected, problem.bounded) == (spot.expected, spot.bounded)
    assert any(spot.bounded for spot in study.spots)
