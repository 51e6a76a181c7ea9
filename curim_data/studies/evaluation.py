"""The evaluation of a plan, its areas before and after the start counted, protected and compared; and whether it keeps
its dates, when its test was set, and its result in short.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, get_args
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from analysis.plans.drafting import design_faults
from analysis.plans.evaluation import (
    AreaCounts,
    BeforeAfter,
    DetectableDrop,
    EffectTest,
    Evaluation,
    evaluate,
    evaluate_by_gender,
)
from analysis.plans.verdict import (
    PlanTiming,
    Unknown,
    Verdict,
    placebo_verdict,
    ratio_estimate,
    smallest_shown_drop,
)
from analysis.stats.intervals import Choice, Estimate, WeighedBy
from curim_data.engine import Source
from curim_data.filters import AlertFilter, month_bounds
from curim_data.model import (
    LANGUAGES,
    N_,
    Message,
    Num,
    Plan,
    PlanStatus,
    Span,
    Translator,
    is_small,
    translator,
)
from curim_data.plans.plan_store import Change
from curim_data.privacy import Counted, DisclosureError, authorise, is_sensitive, threshold
from curim_data.studies.cells import area_counts, area_frame, counted_areas, whole_city
from curim_data.studies.hot_spots import EXACT_ONLY
from curim_data.studies.periods import DAY, coverage_choices, earlier_spans, steps_between
from curim_data.studies.plan import Placebos, placebos, weight_shares


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
    begin, end, review = plan.start, plan.finish, plan.assessment.review
    over = end is not None and end < today
    step = min((one.due for one in plan.actions if one.due and not one.done and one.due < today), default=None)
    late_begin = begin is not None and begin < today
    rows: dict[PlanStatus, tuple[tuple[object, Standing, str, dt.date | None], ...]] = {
        PlanStatus.DRAFT: (
            (late_begin, Standing.LATE, N_("Not decided, though meant to begin on {day}"), begin),
            (True, Standing.NONE, N_("To be decided"), None),
        ),
        PlanStatus.DECIDED: (
            (begin is None, Standing.NONE, N_("No date set"), None),
            (late_begin, Standing.LATE, N_("Should have begun on {day}"), begin),
            (True, Standing.ON_TIME, N_("Begins on {day}"), begin),
        ),
        PlanStatus.RUNNING: (
            (step and not over, Standing.LATE, N_("A step should have been done by {day}"), step),
            (end is None, Standing.NONE, N_("No date set"), None),
            (over, Standing.LATE, N_("Should have ended on {day}"), end),
            (True, Standing.ON_TIME, N_("Ends on {day}"), end),
        ),
        PlanStatus.FINISHED: (
            (review is None, Standing.DUE, N_("Due for evaluation"), None),
            (review and review < today, Standing.LATE, N_("Should have been evaluated by {day}"), review),
            (True, Standing.DUE, N_("Due for evaluation by {day}"), review),
        ),
        PlanStatus.EVALUATED: ((True, Standing.NONE, N_("Evaluated"), None),),
        PlanStatus.DROPPED: ((True, Standing.NONE, N_("Not pursued"), None),),
    }
    standing, text, day = next((one, said, day) for holds, one, said, day in rows[plan.status] if holds)
    return PlanProgress(standing, Message(text, {} if day is None else {"day": day}))


DAYS_COMPARED: Final = Message("Before: {before_start} – {before_end}. After: {after_start} – {after_end}.")
MONTHS_COMPARED: Final = Message("Before: {before}. After: {after}.")


def short_result(result: str) -> str:
    """A kept result without the dates that were compared and what stands behind them: how the plan was fixed.

    Kept are the sentences before the dates, in whatever language they were written; a text without dates is whole.

    >>> short_result("9 alerts fewer. Before: May 2025. After: May 2026. Areas were fixed before the start.")
    '9 alerts fewer.'
    """
    words = [translator(lang)(message.text) for lang in LANGUAGES for message in (DAYS_COMPARED, MONTHS_COMPARED)]
    cuts = [at for text in words if (at := result.find(" " + text.partition("{")[0])) > 0]
    return result[: min(cuts)].rstrip() if cuts else result


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


AREAS: Final = ("treated", "buffer", "comparison")
PERIODS: Final = ("before", "after")
# A comparison area above this part of similar areas is called a hot spot.
_HOT_RANK: Final = 0.95
_UNPROVED: Final = PlanTiming(False)
FIVES: Final = 5  # multiples in which the counts of a plan's own area are told to who reads the copy
OF_THE_COPY: Final = Choice(
    "copy",
    "",
    Message(
        "The verdict, with its counts in fives, is that of the alerts in the plan's own areas. The counts here are "
        "of the protected copy, in the map cells that hold these areas: larger, and with more around that the plan "
        "does not change."
    ),
)
ALSO_OF_THE_COPY: Final = Message(
    "Counted in the protected copy, in the map cells that hold the plan's areas: larger than these, so the numbers are "
    "not those of the verdict."
)
OF_THE_ALERTS: Final = Message(
    "As the verdict, these figures are of the alerts in the plan's own areas, and not of the map cells that hold them."
)
STARTED: Final = (PlanStatus.RUNNING, PlanStatus.FINISHED, PlanStatus.EVALUATED)


@dataclass(frozen=True)
class ComparisonWindows:
    """The days before and after a plan's start that are compared, both ends included. `by_month`: whole months."""

    before: tuple[dt.date, dt.date]
    after: tuple[dt.date, dt.date]
    choice: Choice
    by_month: bool = False

    @property
    def lengths(self) -> BeforeAfter:
        """Days of each."""
        return tuple((end - start).days + 1 for start, end in (self.before, self.after))  # type: ignore[return-value]


# By whether periods are whole months: the same ones of the year before, as many just before, or fewer.
_BEFORE: Final = {
    False: (
        Message("Before: the same weeks of the year before the start, so that the season cancels out."),
        Message("Before: as many days just before the start."),
        Message("Before: all days with data before the start; the counts are brought to one length."),
    ),
    True: (
        Message("Before: the same months of the year before the start, so that the season cancels out."),
        Message("Before: as many months just before the start."),
        Message("Before: all months with data before the start; the counts are brought to one length."),
    ),
}


def comparison_windows(source: Source, start: dt.date, finish: dt.date | None) -> ComparisonWindows:
    """What is compared: from the start to its end or the last day with data, and as many days before.

    Up to a year, before is the same weeks of the year before where the data reach back, so that the season cancels out;
    else the days just before the start, as many as there are. Where only the month of alerts is known both are whole
    months, and a month in which the plan began belongs to neither. After ends where a long gap begins; before lies
    after one.
    """
    coverage, by_month = source.coverage, source.by_month
    begin = month_bounds(start, 1)[0] if by_month and start.day > 1 else start
    last = coverage.until(begin, min(finish or source.as_of, source.as_of))
    if by_month and last != month_bounds(last, 0)[1]:
        last = month_bounds(last, -1)[1]
    (before, _), kind = earlier_spans((begin, last), by_month=by_month), 0
    if before[1] >= start or before[0] < source.first or coverage.until(*before) != before[1]:
        first, end = coverage.stretch(month_bounds(start, -1)[1] if by_month else start - DAY)
        length = steps_between((begin, last), by_month=by_month)
        wanted = month_bounds(end, -length)[0] if by_month else end - length * DAY
        before = max(source.first, first, wanted), end
        kind = 1 if steps_between(before, by_month=by_month) >= length else 2
    choice = Choice("windows", before[0].isoformat(), _BEFORE[by_month][kind])
    return ComparisonWindows(before, (begin, last), choice, by_month)


def evaluation_obstacle(source: Source, plan: Plan) -> Message | None:
    """Why a plan cannot be evaluated (yet); None where it can."""
    start, areas = plan.start, plan.areas
    dates = {"start": start, "end": source.as_of}
    obstacles = (
        (
            plan.status not in STARTED,
            Message("This plan has not begun: move it to “Running” on the board of interventions first."),
        ),
        (start is None, Message("This plan has no starting date yet.")),
        (
            not areas.treated or not areas.comparison,
            Message("This plan needs a treated area and a comparison area, chosen before the start."),
        ),
        (
            start is not None and start > source.as_of,
            Message("This plan begins on {start}; the data end on {end}.", dates),
        ),
        (
            start is not None and start <= source.first,
            Message("There are no data from before this plan's start."),
        ),
    )
    why = next((message for holds, message in obstacles if holds), None)
    if why is not None or start is None or min(comparison_windows(source, start, plan.finish).lengths) > 0:
        return why
    if source.by_month:
        return Message(
            "Only the month of these alerts is known, and no whole month lies on both sides of this plan's start."
        )
    return Message("The alerts do not cover the days before or after this plan's start: nothing can be compared.")


@dataclass(frozen=True)
class PlanEvaluation:
    """What became of a plan.

    `counts`: by area and period; `genders`: one row a gender (`by_gender` of `analysis.plans.evaluation`); `months`: by
    area and month; `result`, `verdict`: against the comparison area and against similar areas, None where a count is
    too small to tell; `visible`: the smallest fall that the verdict would show;
    `promised`: the one that the plan named before the start; `timing`: when the plan's areas, dates and test were set.
    """

    windows: ComparisonWindows
    counts: Counted
    genders: pd.DataFrame
    months: Counted
    result: Evaluation | None
    verdict: Verdict | None
    timing: PlanTiming
    visible: DetectableDrop | None
    promised: float | None
    choices: tuple[Choice, ...]
    warnings: tuple[Message, ...]


def evaluation_filter(source: Source, plan: Plan) -> AlertFilter:
    """Which alerts a plan is judged by: those of its problem's filter, without its period and its place."""
    asked, _ = AlertFilter.from_query(plan.problem.query, source.city, source.other_categories)
    return whole_city(asked.replace(period="all", start=None, end=None))


def plan_counts(source: Source, plan: Plan, windows: ComparisonWindows, by: Sequence[str] = ()) -> Counted:
    """Alerts by area, period ("before", "after") and `by`, protected together."""
    f = evaluation_filter(source, plan)
    frames = [
        area_frame(source, f.replace(period="", start=days[0], end=days[1]), cells, by, complete=bool(by)).assign(
            area=name, period=period
        )
        for name in AREAS
        if (cells := getattr(plan.areas, name))
        for period, days in zip(PERIODS, (windows.before, windows.after), strict=True)
    ]
    return counted_areas(source, f, frames, ["area", "period", *by])


def evaluation_study(source: Source, plan: Plan, timing: PlanTiming = _UNPROVED) -> PlanEvaluation:
    """Compare a plan's areas before and after its start. ValueError where there is an `evaluation_obstacle`.

    `timing`: what the plan's history proves (`plan_timing`). Who reads the protected copy gets its counts, in whose
    whole cells an area lies, and the verdict that the alerts give: a plan is a question that its authors fixed, and
    everybody is told the same of it, with counts in fives for who reads the copy. There is none where the area has
    fewer alerts than are written out.
    """
    drafted, plan = plan, _as_counted(source, plan)
    if (why := evaluation_obstacle(source, plan)) is not None or plan.start is None:
        raise ValueError(str(why))
    windows = comparison_windows(source, plan.start, plan.finish)
    counts = plan_counts(source, plan, windows)
    judged = _judged_for_all(source, drafted, windows, timing)
    genders = _genders(plan_counts(source, plan, windows, ["affected_gender"]).frame, windows, judged.spread)
    f = evaluation_filter(source, plan).replace(period="", start=windows.before[0], end=windows.after[1])
    shown = {name: getattr(plan.areas, name) for name in AREAS}
    result, verdict = judged.result, judged.verdict
    return PlanEvaluation(
        windows=windows,
        counts=counts,
        genders=genders,
        months=area_counts(source, f, shown, ["month"], complete=True),
        result=result,
        verdict=verdict,
        timing=timing,
        visible=judged.visible,
        promised=plan.assessment.smallest_drop,
        choices=(
            windows.choice,
            *coverage_choices(source, windows.before[0], min(plan.finish or source.as_of, source.as_of)),
            *((OF_THE_COPY,) if source.exact is not None else ()),
            *(verdict.choices if verdict else ()),
            *(result.choices if result and (verdict is None or verdict.unknown is not None) else ()),
        ),
        warnings=(*(result.warnings if result else ()), *design_faults(plan), *judged.cautions, *_own_warnings(plan)),
    )


def _judged_for_all(source: Source, plan: Plan, windows: ComparisonWindows, timing: PlanTiming) -> _Judged:
    """What the alerts say of the plan's own areas; nothing where a count of the treated one is too small to tell."""
    f, exact = evaluation_filter(source, plan), (source.exact or source).in_full
    areas = _areas(plan_counts(exact, plan, windows).frame, windows)
    least = threshold(source, is_sensitive(f, source.city))
    if any(is_small(n, least) for n in areas.treated):
        return _Judged()
    judged = _judge(exact, plan, areas, windows, timing)
    if judged.verdict is None or not source.protected:
        return judged
    return replace(judged, verdict=judged.verdict.rounded(FIVES))


def _as_counted(source: Source, plan: Plan) -> Plan:
    """The plan with the areas of which its counts are (`area_frame`)."""
    if not source.protected:
        return plan
    f = evaluation_filter(source, plan)
    wide = {name: authorise(f.replace(cells=getattr(plan.areas, name)), source)[0].cells for name in AREAS}
    return replace(plan, areas=replace(plan.areas, **wide))


@dataclass(frozen=True)
class _Judged:
    """What `_judge` found; nothing where a count is too small to tell. `spread`: dispersion and drift of counts."""

    result: Evaluation | None = None
    verdict: Verdict | None = None
    visible: DetectableDrop | None = None
    spread: tuple[float, float] = (1.0, 0.0)
    cautions: tuple[Message, ...] = ()


def _judge(source: Source, plan: Plan, areas: AreaCounts, windows: ComparisonWindows, timing: PlanTiming) -> _Judged:
    """The verdict by what similar areas did, and the comparison area's figures with the spread found there.

    Called only where the plan's own counts may be shown, so that the verdict tells nothing that they do not.
    """
    test, lengths = planned_test(plan), windows.lengths
    before = areas.treated[0] * lengths[1] / lengths[0]
    found = placebos(
        source,
        evaluation_filter(source, plan),
        plan.areas,
        windows.before,
        windows.after,
        by_month=windows.by_month,
    )
    model = found.model if found else None
    if found is None or model is None:
        why = Unknown.HISTORY if found is not None and found.short else Unknown.PLACEBOS
        verdict = Verdict(test=test, observed=areas.treated[1], before=before, fixed=timing.fixed, unknown=why)
        return _Judged(evaluate(areas, test=test), verdict)
    verdict = placebo_verdict(
        model,
        found.observed,
        found.history,
        before=before,
        growth=found.growth * lengths[0] / lengths[1],
        covariates=found.covariates,
        test=test,
        fixed=timing.fixed,
    )
    visible = None if verdict.unknown else smallest_shown_drop(model, model.expect(found.history, found.covariates))
    result = evaluate(areas, test=test, dispersion=found.spread[0], drift=found.spread[1])
    return _Judged(result, verdict, visible, found.spread, _cautions(found))


def harm_ratio(source: Source, plan: Plan, by: WeighedBy = "severity") -> Estimate | None:
    """Observed over expected where alerts count by the harm they do; for those who see exact counts only.

    None where no alert has such a weight, where there are too few similar areas, or none like the treated one.
    DisclosureError for the protected copy.
    """
    if source.protected:
        raise DisclosureError(EXACT_ONLY)
    if plan.start is None or weight_shares(source, evaluation_filter(source, plan), by).empty:
        return None
    windows = comparison_windows(source, plan.start, plan.finish)
    found = placebos(
        source,
        evaluation_filter(source, plan),
        plan.areas,
        windows.before,
        windows.after,
        by_month=windows.by_month,
        weight=by,
    )
    if found is None or found.model is None:
        return None
    expected = found.model.expect(found.history, found.covariates)
    return None if found.model.is_outside(expected) else ratio_estimate(found.model, found.observed, expected)


def _cautions(found: Placebos) -> tuple[Message, ...]:
    """That the comparison area was itself a hot spot before the start."""
    hot = Message(
        "Before the start the comparison area had more alerts than {share} % of similar areas: it is a hot "
        "spot itself and falls back by itself, which hides an effect. The verdict rests on all similar areas "
        "instead.",
        {"share": Num(100 * found.rank, 0)},
    )
    return (hot,) if found.rank >= _HOT_RANK else ()


def outcome_sentence(study: PlanEvaluation, t: Translator) -> str:
    """The sentence of an evaluation, or why there is none."""
    if study.result is None or study.verdict is None:
        return t("The counts of these areas are too small to be shown, so no comparison can be made.")
    if study.verdict.unknown is not None:
        return study.verdict.sentence(t)
    return " ".join(part for part in (study.verdict.sentence(t), study.result.next_door(t)) if part)


def windows_sentence(windows: ComparisonWindows, t: Translator) -> str:
    """The days that were compared, or the months where nothing finer is known."""
    if windows.by_month:
        return t(
            MONTHS_COMPARED.text,
            before=t.span(Span(*windows.before, by_month=True)),
            after=t.span(Span(*windows.after, by_month=True)),
        )
    return t(
        DAYS_COMPARED.text,
        before_start=t.date(windows.before[0], "medium"),
        before_end=t.date(windows.before[1], "medium"),
        after_start=t.date(windows.after[0], "medium"),
        after_end=t.date(windows.after[1], "medium"),
    )


def result_texts(study: PlanEvaluation) -> dict[str, str]:
    """What a plan keeps of its evaluation, by language; make `study` for the council, because the council reads it."""
    return {
        lang: f"{outcome_sentence(study, t)} {windows_sentence(study.windows, t)} {study.timing.sentence(t)}"
        for lang in LANGUAGES
        for t in (translator(lang),)
    }


def planned_test(plan: Plan) -> EffectTest:
    """The test that the plan named in advance; the difference where it names none that is known."""
    return next((test for test in get_args(EffectTest) if test == plan.assessment.method), "difference")


def _own_warnings(plan: Plan) -> tuple[Message, ...]:
    cells = [cell for name in AREAS for cell in set(getattr(plan.areas, name))]
    overlap = Message("The areas of this plan overlap: alerts in the common cells count on both sides.")
    return (overlap,) if len(set(cells)) < len(cells) else ()


def _areas(frame: pd.DataFrame, windows: ComparisonWindows) -> AreaCounts:
    """The counts as `analysis.plans.evaluation` takes them."""
    table = frame.pivot_table(index="area", columns="period", values="n", aggfunc="sum", min_count=1, dropna=False)
    table = table.reindex(index=AREAS, columns=PERIODS)
    pairs: dict[str, BeforeAfter] = {name: (float(before), float(after)) for name, before, after in table.itertuples()}
    buffer = pairs["buffer"] if np.isfinite(pairs["buffer"]).all() else None
    return AreaCounts(pairs["treated"], pairs["comparison"], buffer, time_weights=windows.lengths)


def _genders(frame: pd.DataFrame, windows: ComparisonWindows, spread: tuple[float, float]) -> pd.DataFrame:
    """The comparison for each gender of which there is an alert."""
    found = {
        str(gender): _areas(part, windows)
        for gender, part in frame.groupby("affected_gender", sort=False)
        if part["n"].sum()
    }
    return evaluate_by_gender(found, dispersion=spread[0], drift=spread[1])
