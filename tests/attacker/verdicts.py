"""The enemy at the verdict on a plan: which counts of the treated area, in whole numbers, everything that council and
public read of it leaves possible.

The enemy knows the code and, which nobody outside can, the model of similar areas; not the counts of the plan's own
areas. A number that the reader is not told may be any.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from analysis.plans.verdict import LIKELY_TAIL, SHOWN_TAIL, Expectation, PlaceboModel, PlanTiming, Verdict
from analysis.stats.intervals import Estimate
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Plan, PlanStatus, translator
from curim_data.studies import evaluation
from curim_data.studies.hot_spots import hot_spot_study
from curim_data.studies.plan import draft_plan_for_cells, placebos

DAYS: Final = 180
FEWEST: Final = 5  # counts that a figure has to leave possible
EN: Final = translator("en")
FIXED: Final = PlanTiming(True)


@dataclass(frozen=True)
class Attacked:
    """A plan, what is shown of it, and the counts that this leaves possible of its treated area and next door."""

    name: str
    sensitive: bool
    shown: dict[str, Any]
    exact: evaluation.PlanVerdict
    possible: dict[str, set[int]]

    @property
    def numbers(self) -> list[Any]:
        """All numbers of counts that are shown."""
        parts = [self.shown, *self.shown["parts"].values()]
        told = [part[name] for part in parts for name in ("expected", "observed") if part[name] is not None]
        return told + [word for part in parts for word in part["told"].split() if word[:1].isdigit()]


def proposed(source: Source, category: str, most: int) -> Iterator[Plan]:
    """Finished plans of half a year for the first hot spots of a category, in areas of the product's own proposal."""
    f = AlertFilter.from_query({"category": category} if category else {}, source.city)[0]
    start = source.as_of - dt.timedelta(days=DAYS)
    for spot in hot_spot_study(source, f).spots[:most]:
        plan = draft_plan_for_cells(source, f, spot.names).plan
        yield replace(plan, status=PlanStatus.FINISHED, start=start, finish=source.as_of)


def attack(source: Source, seen: Source, plan: Plan) -> Attacked | None:
    """What the enemy solves; `seen`: the copy as the council reads it. None where nothing was judged."""
    shown, exact = (evaluation.released_study(seen, plan, FIXED), evaluation.evaluation_study(source, plan, FIXED))
    if exact.windows is None or shown.grade is None:
        return None
    f, windows = evaluation.evaluation_filter(source, plan), exact.windows
    models = placebos(source, f, plan.areas, windows.before, windows.after, by_month=windows.by_month)
    names = {"treated": shown, "buffer": shown.parts.get(evaluation.NEXT_DOOR)}
    sensitive, least = evaluation._is_sensitive(source, plan), source.city.least_count(False)
    return Attacked(
        name=plan.problem.query.get("category", "all"),
        sensitive=sensitive,
        shown=evaluation.verdict_json(shown, EN),
        exact=exact,
        possible={
            area: possible_counts(told, models[area].model, models[area].expected.variance, least, sensitive)
            for area, told in names.items()
            if told is not None and told.grade is not None
        },
    )


def possible_counts(
    shown: evaluation.ReleasedVerdict, model: PlaceboModel, variance: float, least: int, sensitive: bool
) -> set[int]:
    """Every count for which, with some expectation, the same would be shown."""
    counts = np.arange(0, 60 if shown.observed is None else shown.observed + 20)
    near = shown.expected
    means = np.arange(0.5, 40, 0.5) if near is None else np.arange(max(near - 5, 0.5), near + 5, 0.25)
    found: set[int] = set()
    for mean in means:
        tail = np.minimum(*model.tails(counts, Expectation(float(mean), variance)))
        for n in counts.tolist():
            if n in found:
                continue
            grade = "clear" if tail[n] < SHOWN_TAIL else "probable" if tail[n] < LIKELY_TAIL else "open"
            verdict = Verdict(
                grade=grade, observed=float(n), before=100.0, expected=float(mean), ratio=Estimate(1.0, 1.0, 1.0)
            )
            told = evaluation.released(evaluation.PlanVerdict(verdict), least, sensitive)
            if _figures(told) == _figures(shown):
                found.add(n)
    return found


def _figures(told: evaluation.ReleasedVerdict) -> tuple[Any, ...]:
    """All that is shown of a verdict; of its parts the enemy asks one by one."""
    return told.sentence(EN), told.direction, told.expected, told.observed
