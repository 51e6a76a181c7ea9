"""Of a plan beside its text: whether it keeps its dates, when its test was set, and its result in short."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from analysis.plans.verdict import PlanTiming
from curim_data.model import LANGUAGES, Message, Plan, PlanStatus, Translator, translator
from curim_data.plans.plan_store import Change


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


DAYS_COMPARED: Final = Message("Before: {before_start} – {before_end}. After: {after_start} – {after_end}.")
MONTHS_COMPARED: Final = Message("Before: {before}. After: {after}.")


def short_result(result: str) -> str:
    """A kept result without the dates that were compared and what stands behind them: how the plan was fixed.

    Kept are the sentences before the dates, in whatever language they were written; a text without dates is whole.

    >>> short_result("9 alerts fewer. Before: May 2025. After: May 2026. Areas were fixed before the start.")
    '9 alerts fewer.'
    """
    cuts = [at for lang in LANGUAGES for head in _heads(translator(lang)) if (at := result.find(head)) > 0]
    return result[: min(cuts)].rstrip() if cuts else result


def _heads(t: Translator) -> set[str]:
    """With what the sentence of the dates begins, after the space before it."""
    return {" " + t(message.text).partition("{")[0] for message in (DAYS_COMPARED, MONTHS_COMPARED)}


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
