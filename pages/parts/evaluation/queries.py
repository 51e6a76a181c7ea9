"""Cached evaluations of plans."""

from __future__ import annotations

import json

from curim_data.model import Audience, Message, Plan
from curim_data.model.plan import Problem, plan_from_json, plan_to_json
from curim_data.studies.evaluation import PlanEvaluation, evaluation_study
from pages.parts.frame import Dataset, calculated, source_of


@calculated(Message("Evaluating the plan"))
def plan_evaluation(dataset: Dataset, key: str, audience: Audience) -> PlanEvaluation:
    source = source_of(dataset)
    return evaluation_study(source, plan_from_json(json.loads(key)), audience)


def evaluation_key(plan: Plan) -> str:
    """What an evaluation depends on, without the plan's words."""
    bare = Plan(
        status=plan.status,
        problem=Problem(query=plan.problem.query),
        start=plan.start,
        finish=plan.finish,
        areas=plan.areas,
        assessment=plan.assessment,
    )
    return json.dumps(plan_to_json(bare))
