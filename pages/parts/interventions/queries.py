"""Cached computations of the Interventions page."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import h3.api.basic_str as h3
import pandas as pd

from analysis.plans.drafting import PlanDraft, buffer_cells, propose_comparison_area
from analysis.plans.evaluation import EffectTest, minimum_detectable_drop
from analysis.spots.naming import name_spots
from curim_data.filters import AlertFilter
from curim_data.model import Message
from curim_data.model.plan import Areas, Objective, plan_from_json
from curim_data.studies.cells import area_counts, cells_to_compare
from curim_data.studies.evaluation import AREAS, evaluation_filter
from curim_data.studies.hot_spots import hot_spot_study, known_places
from curim_data.studies.placebos import drop_to_see
from curim_data.studies.plan import YEAR, draft_plan_for_cells
from pages.parts.frame import Dataset, cached, calculated, source_of


@calculated(Message("Drafting the plan"))
def plan_draft(dataset: Dataset, f: AlertFilter, cells: tuple[str, ...], today: dt.date, lang: str) -> PlanDraft:
    """The draft for some cells under a filter, with dates proposed from a day on."""
    return draft_plan_for_cells(source_of(dataset), f, cells, today=today, language=lang)


@calculated(Message("Testing every place for hot spots"))
def draft_spots(dataset: Dataset, f: AlertFilter) -> tuple[tuple[tuple[str, ...], Any, int], ...]:
    """The hot spots under a filter, clearest first: cells, name (`SpotName`), alerts."""
    source = source_of(dataset)
    spots = hot_spot_study(source, f).spots
    names = name_spots(spots, source.city, known_places(source))
    return tuple((spot.names, names[spot.id], spot.n) for spot in spots)


@calculated(Message("Looking for a comparison area"))
def proposed_areas(dataset: Dataset, plan_json: str, rings: int) -> tuple[Areas, tuple[Message, ...]]:
    source, plan = source_of(dataset), plan_from_json(json.loads(plan_json))
    treated = plan.areas.treated
    f = evaluation_filter(source, plan).replace(period="", start=plan.objective.start, end=plan.objective.end)
    size = h3.get_resolution(treated[0])
    like = propose_comparison_area(cells_to_compare(source, f, size), treated, apart=rings + 2)
    areas = Areas(treated, buffer_cells(treated, source.city, rings), like.cells if like else ())
    return areas, like.reasons if like else ()


def days_compared(aim: Objective) -> int:
    """Over how many days the target and the smallest fall of a plan are meant: those of its baseline, up to a year."""
    days = YEAR.days if not aim.start or not aim.end else (aim.end - aim.start).days + 1
    return min(max(days, 28), YEAR.days)


@cached
def drop_by_similar_areas(dataset: Dataset, plan_json: str) -> float | None:
    """The smallest visible fall by how similar areas vary, in a period as long as the baseline; None: not known."""
    source, plan = source_of(dataset), plan_from_json(json.loads(plan_json))
    found = drop_to_see(source, evaluation_filter(source, plan), plan.areas, days_compared(plan.objective))
    return found.alerts if found else None


@cached
def smallest_drop(treated: float, comparison: float, test: EffectTest) -> float | None:
    return minimum_detectable_drop(treated, comparison, test=test).alerts


@cached
def counts_by_area(dataset: Dataset, plan_json: str) -> pd.DataFrame:
    source, plan = source_of(dataset), plan_from_json(json.loads(plan_json))
    f = evaluation_filter(source, plan).replace(period="", start=plan.objective.start, end=plan.objective.end)
    shown = {name: getattr(plan.areas, name) for name in AREAS}
    return area_counts(source, f, shown, ()).frame
