"""Cached evaluations of plans."""

from __future__ import annotations

import datetime as dt
import json

from analysis.plans.verdict import PlanTiming
from analysis.stats.intervals import Estimate, WeighedBy
from curim_data.model import Message, Plan
from curim_data.model.plan import Objective, Problem, plan_from_json, plan_to_json
from curim_data.studies.evaluation import PlanEvaluation, evaluation_study, harm_ratio
from pages.parts.frame import Dataset, calculated, source_of


@calculated(Message("Evaluating the plan"))
def plan_evaluation(dataset: Dataset, key: str, fixed: bool, set_on: dt.date | None) -> PlanEvaluation:
    """`fixed`, `set_on`: the parts of `PlanTiming`."""
    source = source_of(dataset)
    return evaluation_study(source, plan_from_json(json.loads(key)), PlanTiming(fixed, set_on))


@calculated(Message("Evaluating the plan"))
def plan_harm(dataset: Dataset, key: str, weight: WeighedBy) -> Estimate | None:
    """The ratio with alerts weighed by the harm they do; for those who see exact counts."""
    return harm_ratio(source_of(dataset), plan_from_json(json.loads(key)), weight)


def evaluation_key(plan: Plan) -> str:
    """What an evaluation depends on, without the plan's words."""
    bare = Plan(
        status=plan.status,
        problem=Problem(query=plan.problem.query),
        objective=Objective(start=plan.objective.start, end=plan.objective.end),
        start=plan.start,
        finish=plan.finish,
        areas=plan.areas,
        assessment=plan.assessment,
    )
    return json.dumps(plan_to_json(bare))
