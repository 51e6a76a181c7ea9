"""The verdict on a plan, of its alerts and as it is released to who reads the protected copy; and whether a plan keeps
its dates, when its test was set, and its result in short.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from analysis.plans.drafting import OTHER_TEST, design_faults
from analysis.plans.verdict import (
    DetectableDrop,
    Grade,
    PlanTiming,
    Verdict,
    placebo_verdict,
    shared_out,
    smallest_shown_drop,
)
from curim_data.engine import Source
from curim_data.filters import AlertFilter, month_bounds
from curim_data.model import LANGUAGES, N_, Message, Plan, PlanStatus, Span, Translator, translator
from curim_data.model.labels import grade_words
from curim_data.model.plan import STATUS_WORDS, TEST
from curim_data.plans.plan_store import Change
from curim_data.privacy import asked_categories, is_sensitive, is_sensitive_category, require_exact
from curim_data.studies.cells import area_frame, whole_city
from curim_data.studies.periods import DAY, earlier_spans, steps_between
from curim_data.studies.plan import Placebos, placebos


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
    over, late_begin = end is not None and end < today, begin is not None and begin < today
    step = min((one.due for one in plan.actions if one.due and not one.done and one.due < today), default=None)
    on_time = Standing.ON_TIME
    rows: dict[PlanStatus, tuple[tuple[object, Standing, str, dt.date | None], ...]] = {
        PlanStatus.DRAFT: ((True, Standing.LATE if late_begin else Standing.NONE, N_("To be decided"), None),),
        PlanStatus.DECIDED: (
            (begin is None, Standing.NONE, N_("No date set"), None),
            (late_begin, Standing.LATE, N_("Was to begin on {day}"), begin),
            (True, on_time, N_("To begin on {day}"), begin),
        ),
        PlanStatus.RUNNING: (
            (step and not over, Standing.LATE, N_("Step due by {day}"), step),
            (end is None, Standing.NONE, N_("No date set"), None),
            (over, Standing.LATE, N_("Was to end on {day}"), end),
            (True, on_time, N_("To end on {day}"), end),
        ),
        PlanStatus.FINISHED: (
            (review is None, Standing.DUE, N_("To be evaluated"), None),
            (review and review < today, Standing.LATE, N_("Was to be evaluated by {day}"), review),
            (True, Standing.DUE, N_("To be evaluated by {day}"), review),
        ),
        PlanStatus.EVALUATED: ((True, Standing.NONE, STATUS_WORDS[PlanStatus.EVALUATED].text, None),),
        PlanStatus.DROPPED: ((True, Standing.NONE, STATUS_WORDS[PlanStatus.DROPPED].text, None),),
    }
    standing, text, day = next((one, said, day) for holds, one, said, day in rows[plan.status] if holds)
    return PlanProgress(standing, Message(text, {} if day is None else {"day": day}))


COMPARED: Final = Message("Before: {before}. After: {after}.")


def short_result(result: str) -> str:
    """A kept result without the dates that were compared and what stands behind them: how the plan was fixed.

    Kept are the sentences before the dates, in whatever language they were written; a text without dates is whole.

    >>> short_result("9 alerts fewer. Before: May 2025. After: May 2026. Areas were fixed before the start.")
    '9 alerts fewer.'
    """
    words = [translator(lang)(COMPARED.text) for lang in LANGUAGES]
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
_UNPROVED: Final = PlanTiming(False)
NEXT_DOOR: Final = "next_door"
FIVES: Final = 5  # multiples in which the counts of a plan's own area are released
STARTED: Final = (PlanStatus.RUNNING, PlanStatus.FINISHED, PlanStatus.EVALUATED)


@dataclass(frozen=True)
class ComparisonWindows:
    """The days before and after a plan's start that are compared, both ends included. `by_month`: whole months."""

    before: tuple[dt.date, dt.date]
    after: tuple[dt.date, dt.date]
    by_month: bool = False

    @property
    def lengths(self) -> tuple[int, int]:
        """Days of each."""
        before, after = ((end - start).days + 1 for start, end in (self.before, self.after))
        return before, after

    @property
    def longer(self) -> float:
        """How many times as long after is as before."""
        before, after = self.lengths
        return after / before


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
    before, _ = earlier_spans((begin, last), by_month=by_month)
    if before[1] >= start or before[0] < source.first or coverage.until(*before) != before[1]:
        first, end = coverage.stretch(month_bounds(start, -1)[1] if by_month else start - DAY)
        length = steps_between((begin, last), by_month=by_month)
        wanted = month_bounds(end, -length)[0] if by_month else end - length * DAY
        before = max(source.first, first, wanted), end
    return ComparisonWindows(before, (begin, last), by_month)


def evaluation_obstacle(source: Source, plan: Plan) -> Message | None:
    """Why a plan cannot be evaluated (yet): it was not done, it is too early, or the data are too few; else None."""
    start = plan.start
    dates = {"start": start, "end": source.as_of}
    obstacles = (
        (plan.status is PlanStatus.DROPPED, Message("Not done: this plan was not pursued.")),
        (plan.status not in STARTED, Message("Too early to tell: this plan has not begun.")),
        (start is None, Message("Too early to tell: this plan has no starting date.")),
        (not plan.areas.treated, Message("Too few to tell: this plan has no treated area.")),
        (
            start is not None and start > source.as_of,
            Message("Too early to tell: this plan begins on {start}; the data end on {end}.", dates),
        ),
    )
    why = next((message for holds, message in obstacles if holds), None)
    if why is not None or start is None:
        return why
    if start > source.first and min(comparison_windows(source, start, plan.finish).lengths) > 0:
        return None
    return Message(
        "Too few to tell: the alerts do not cover whole days (or months) before and after this plan's start."
    )


@dataclass(frozen=True)
class PlanVerdict:
    """What became of a plan, exactly: for those who read the alerts.

    `whole`: the alerts of the treated area; `parts`: those of each gender there, which add up to it where there is more
    than one, and those `NEXT_DOOR`, in the buffer; `windows`: what was compared, None where nothing was; `visible`: the
    smallest fall that would be clear; `comparison`: alerts of the plan's comparison
    area before, brought to the length of the period after, and after; `cautions`:
    what is to be minded of the plan itself.
    """

    whole: Verdict
    parts: Mapping[str, Verdict] = field(default_factory=dict)
    windows: ComparisonWindows | None = None
    visible: DetectableDrop | None = None
    comparison: tuple[float, float] | None = None
    cautions: tuple[Message, ...] = ()


@dataclass(frozen=True)
class ReleasedVerdict:
    """The same as it may leave: all that page, paper, board and command say of a plan to council and public.

    `grade`, `why`: as of the verdict; `direction`: -1 for fewer alerts than expected, 1 for more, 0 for neither;
    `observed`: in fives, `expected`: that and the difference in fives, so that it may be 5 off; None where they are not
    released; `parts`: of ordinary categories, their grades alone; `note`: what is released, and of what.
    """

    grade: Grade | None
    why: Message | None
    direction: int
    expected: int | None = None
    observed: int | None = None
    parts: Mapping[str, ReleasedVerdict] = field(default_factory=dict)
    windows: ComparisonWindows | None = None
    note: Message | None = None

    def sentence(self, t: Translator) -> str:
        """About how many fewer or more than expected, and how sure; or why nothing can be told."""
        sure = grade_words(t, self.grade, meaning=True) if self.grade else t(self.why) if self.why else ""
        return f"{self._difference_in_words(t)} {sure}".strip()

    def _difference_in_words(self, t: Translator) -> str:
        if self.expected is None or self.observed is None:
            return t(_WITHOUT_COUNTS[self.direction]) if self.grade else ""
        n = self.observed - self.expected
        if not n:
            return t(_WITHOUT_COUNTS[self.direction] if self.direction else N_("About as many alerts as expected."))
        said = N_("About {n} alerts fewer than expected.")
        return t(said if n < 0 else N_("About {n} alerts more than expected."), n=abs(n))


_WITHOUT_COUNTS: Final = {
    -1: N_("Fewer alerts than expected."),
    0: N_("No clear difference."),
    1: N_("More alerts than expected."),
}
_IN_FIVES: Final = Message(
    "Of the alerts in the plan's own areas, the counted number and the difference are rounded to fives; the expected "
    "number follows from both and may be 5 off."
)
_GRADE_ALONE: Final = Message("The counts are small or of a sensitive category: the grade alone is released.")


def evaluation_filter(source: Source, plan: Plan) -> AlertFilter:
    """Which alerts a plan is judged by: those of its problem's filter, without its period and its place."""
    asked, _ = AlertFilter.from_query(plan.problem.query, source.city, source.other_categories)
    return whole_city(asked.replace(period="all", start=None, end=None))


def evaluation_study(source: Source, plan: Plan, timing: PlanTiming = _UNPROVED) -> PlanVerdict:
    """The verdict on a plan: its treated area after the start against similar areas without the measure.

    `timing`: what the plan's history proves (`plan_timing`). DisclosureError for the protected copy, whose readers get
    `released_study`.
    """
    require_exact(source)
    why = evaluation_obstacle(source, plan)
    if why is not None or plan.start is None:
        return PlanVerdict(Verdict(why=why))
    windows, f = comparison_windows(source, plan.start, plan.finish), evaluation_filter(source, plan)
    found = placebos(source, f, plan.areas, windows.before, windows.after, by_month=windows.by_month)
    treated = found.get("treated")
    return PlanVerdict(
        whole=_judged(treated, windows, timing),
        parts={
            **({NEXT_DOOR: _judged(found["buffer"], windows, timing)} if "buffer" in found else {}),
            **(_by_gender(source, plan, windows, treated, timing) if treated else {}),
        },
        windows=windows,
        visible=smallest_shown_drop(treated.model, treated.expected)
        if treated and treated.model and treated.expected and not treated.model.is_outside(treated.expected)
        else None,
        comparison=_compared(source, plan, windows),
        cautions=_plan_cautions(plan),
    )


def released_study(source: Source, plan: Plan, timing: PlanTiming = _UNPROVED) -> ReleasedVerdict:
    """The verdict of the alerts in the plan's own areas, as council and public may read it.

    A plan is a question that its authors fixed before the start, and everybody is told the same of it.
    """
    exact = (source.exact or source).in_full
    return released(evaluation_study(exact, plan, timing), source.city.least_count(False), _is_sensitive(exact, plan))


def released(verdict: PlanVerdict, least: int, sensitive: bool) -> ReleasedVerdict:
    """What may leave of a verdict. Of sensitive categories that is the grade alone.

    Of others it is also the counted number and the difference, each in fives, where neither the expected nor the
    counted number nor the count before is so small that fewer than five numbers would become the same (`least`: the
    smallest count that may be written out), and the grades of the parts. The expected number is that of these two: a
    third that is rounded by itself, or a percentage of the exact ones, would leave fewer than five counts possible.
    The count before is not told: its multiple would tell it where the periods differ in
    length. Nor is a part told that is as small, or part of such a whole: that it has a row would say that it is not 0.
    """
    whole = verdict.whole
    if sensitive or not whole.ratio.known:
        return _graded(whole, verdict.windows, _GRADE_ALONE if whole.grade and sensitive else None)
    floor = FIVES * -((FIVES // 2 + 1 - least) // FIVES) + FIVES // 2 + 1
    longer = max(1.0, verdict.windows.longer) if verdict.windows else 1.0

    def is_large(one: Verdict) -> bool:  # the count before is that of its own, maybe shorter, period
        return min(one.observed, one.expected, one.before / longer) >= floor

    observed, more = (FIVES * round(n / FIVES) for n in (whole.observed, whole.difference.value))
    large = is_large(whole) and observed - more >= floor  # a smaller one would tell that few counts are possible
    told = _graded(whole, verdict.windows, _IN_FIVES if large else _GRADE_ALONE if whole.grade else None)
    return replace(
        told,
        expected=observed - more if large else None,
        observed=observed if large else None,
        parts={name: _graded(part) for name, part in verdict.parts.items() if large and is_large(part)},
    )


def _graded(verdict: Verdict, windows: ComparisonWindows | None = None, note: Message | None = None) -> ReleasedVerdict:
    return ReleasedVerdict(verdict.grade, verdict.why, verdict.direction, windows=windows, note=note)


def _is_sensitive(source: Source, plan: Plan) -> bool:
    """Whether a plan is of a sensitive category: by its filter, or where that names none, by its main one."""
    f = evaluation_filter(source, plan)
    main = plan.problem.categories[:1] if not asked_categories(f, source.city) else ()
    return is_sensitive(f, source.city) or any(is_sensitive_category(one.id, source.city) for one in main)


def _judged(found: Placebos | None, windows: ComparisonWindows, timing: PlanTiming) -> Verdict:
    if found is None:
        return placebo_verdict(None, float("nan"), None, before=float("nan"))
    longer = windows.longer
    return placebo_verdict(
        found.model,
        found.observed,
        found.expected,
        before=found.before * longer,
        growth=found.growth / longer,
        why=timing.why,
    )


def _by_gender(
    source: Source, plan: Plan, windows: ComparisonWindows, treated: Placebos, timing: PlanTiming
) -> dict[str, Verdict]:
    """The treated area's verdict by gender of the person affected; nothing where there is one alone."""
    before, after = (
        _counted(source, plan, "treated", days, ["affected_gender"]) for days in (windows.before, windows.after)
    )
    genders = [name for name in {**before, **after} if before.get(name) or after.get(name)]
    if treated.model is None or treated.expected is None or len(genders) < 2:
        return {}
    expected = shared_out(treated.expected, {name: before.get(name, 0.0) for name in genders})
    longer = windows.longer
    return {
        name: placebo_verdict(
            treated.model,
            after.get(name, 0.0),
            expected[name],
            before=before.get(name, 0.0) * longer,
            growth=treated.growth / longer,
            why=timing.why,
        )
        for name in genders
    }


def _counted(source: Source, plan: Plan, area: str, days: tuple[dt.date, dt.date], by: list[str]) -> dict[str, float]:
    """Alerts of one of a plan's areas in a period; by one column, or all of them under one name."""
    f = evaluation_filter(source, plan).replace(period="", start=days[0], end=days[1])
    frame = area_frame(source, f, getattr(plan.areas, area), by, complete=bool(by))
    names = frame[by[0]].astype(str) if by else [""] * len(frame)
    return {name: float(n) for name, n in zip(names, frame["n"], strict=True)}


def _compared(source: Source, plan: Plan, windows: ComparisonWindows) -> tuple[float, float] | None:
    """The comparison area's alerts before, brought to the length of the period after, and after."""
    if not plan.areas.comparison:
        return None
    before, after = (
        sum(_counted(source, plan, "comparison", days, []).values()) for days in (windows.before, windows.after)
    )
    return before * windows.longer, after


def _plan_cautions(plan: Plan) -> tuple[Message, ...]:
    """What is to be minded of the plan itself, each once."""
    cells = [cell for name in AREAS for cell in set(getattr(plan.areas, name))]
    cautions = (
        *((fault, True) for fault in design_faults(plan)),
        (
            Message("The areas of this plan overlap: alerts in the common cells count on both sides."),
            len(set(cells)) < len(cells),
        ),
        (OTHER_TEST, plan.assessment.method != TEST),
    )
    return tuple(message for message, holds in cautions if holds)


def windows_sentence(windows: ComparisonWindows, t: Translator) -> str:
    """The days that were compared, or the months where nothing finer is known."""
    before, after = (Span(*days, by_month=windows.by_month) for days in (windows.before, windows.after))
    return t(COMPARED.text, before=before, after=after)


def verdict_json(verdict: PlanVerdict | ReleasedVerdict, t: Translator) -> dict[str, Any]:
    """A verdict as entries of a JSON answer, the same names for everybody."""
    whole = verdict.whole if isinstance(verdict, PlanVerdict) else verdict
    return {**_part_json(whole, t), "parts": {name: _part_json(part, t) for name, part in verdict.parts.items()}}


def _part_json(part: Verdict | ReleasedVerdict, t: Translator) -> dict[str, Any]:
    counts = {name: getattr(part, name) for name in ("expected", "observed")}
    return {"told": part.sentence(t), "grade": part.grade, "direction": part.direction, **counts}


def result_texts(verdict: ReleasedVerdict) -> dict[str, str]:
    """What a plan keeps of its verdict, by language, which everybody may read."""
    windows = verdict.windows
    return {
        lang: f"{verdict.sentence(t)} {windows_sentence(windows, t)}" if windows else verdict.sentence(t)
        for lang in LANGUAGES
        for t in (translator(lang),)
    }
