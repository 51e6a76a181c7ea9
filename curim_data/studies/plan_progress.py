"""Whether a plan keeps its dates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from curim_data.model import Message, Plan, PlanStatus


class Standing(StrEnum):
    """Whether a plan keeps its dates. due: it can be evaluated; none: it has nothing to keep (yet, or any more)."""

    ON_TIME = "on_time"
    LATE = "late"
    DUE = "due"
    NONE = "none"


@dataclass(frozen=True)
class PlanProgress:
    """A plan's standing on a day, and the sentence that says why."""

    standing: Standing
    message: Message


def plan_progress(plan: Plan, today: dt.date) -> PlanProgress:
    """Whether a plan is on time: decided ones have to begin, running ones to do their steps and end."""
    match plan.status:
        case PlanStatus.DECIDED:
            return _by(plan.start, today, Message("Should have begun on {day}"), Message("Begins on {day}"))
        case PlanStatus.RUNNING:
            late = sorted(step.due for step in plan.actions if step.due and not step.done and step.due < today)
            if late and (plan.finish is None or plan.finish >= today):
                message = Message("A step should have been done by {day}", {"day": late[0]})
                return PlanProgress(Standing.LATE, message)
            return _by(plan.finish, today, Message("Should have ended on {day}"), Message("Ends on {day}"))
        case PlanStatus.FINISHED:
            review = plan.assessment.review
            if review is None:
                return PlanProgress(Standing.DUE, Message("Due for evaluation"))
            if review < today:
                return PlanProgress(Standing.LATE, Message("Should have been evaluated by {day}", {"day": review}))
            return PlanProgress(Standing.DUE, Message("Due for evaluation by {day}", {"day": review}))
        case PlanStatus.EVALUATED:
            return PlanProgress(Standing.NONE, Message("Evaluated"))
        case PlanStatus.DROPPED:
            return PlanProgress(Standing.NONE, Message("Not pursued"))
    if plan.start is not None and plan.start < today:
        message = Message("Not decided, though meant to begin on {day}", {"day": plan.start})
        return PlanProgress(Standing.LATE, message)
    return PlanProgress(Standing.NONE, Message("To be decided"))


def _by(day: dt.date | None, today: dt.date, late: Message, well: Message) -> PlanProgress:
    if day is None:
        return PlanProgress(Standing.NONE, Message("No date set"))
    if day < today:
        return PlanProgress(Standing.LATE, Message(late.text, {"day": day}))
    return PlanProgress(Standing.ON_TIME, Message(well.text, {"day": day}))
