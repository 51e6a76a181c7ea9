"""When a plan's areas, dates and test were set, as its history proves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from zoneinfo import ZoneInfo

from analysis.plans.verdict import PlanTiming
from curim_data.model import Plan
from curim_data.plans.plan_store import Change

# Fields that decide what is compared, and how: a change of one of them, or of a part of it.
_DECIDING: Final = ("created", "areas", "start", "finish", "assessment.method", "problem.query")


def plan_timing(plan: Plan, history: Iterable[Change], timezone: str) -> PlanTiming:
    """Whether all that decides a plan's comparison was written down before the day on which the plan began.

    Days are those of the city (`timezone`, IANA), as the plan's own are.
    """
    days = [
        change.at.astimezone(ZoneInfo(timezone)).date()
        for change in history
        if any(change.what == name or change.what.startswith(f"{name}.") for name in _DECIDING)
    ]
    if not days or plan.start is None:
        return PlanTiming(False)
    return PlanTiming(max(days) < plan.start, max(days))
