"""A problem in words, and from a hot spot's figures to the draft of a plan that can be evaluated.

A problem in words: whole sentences that carry their figures, made so that each language can say them its own way.

From a hot spot's figures to the draft of a plan that can be evaluated.

The draft proposes; people decide. What it says of the problem comes from the data, what it says of measures from the
catalogue, and where either is silent the draft says so instead of filling the gap.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import h3.api.basic_str as h3
import numpy as np
import pandas as pd

from analysis.hotspots.grouping import denser_sentence
from analysis.plans.evaluation import DetectableDrop, minimum_detectable_drop
from analysis.plans.evidence import Fit, Measure, covered_share, rank_measures, women_stand_out
from analysis.spots.profile import hours_sentence, of_one_category, without_category
from curim_data.model import LANGUAGES, N_, CityProfile, Message, Plan, PlanStatus, Translator, labels, translator
from curim_data.model.absence import NO_AFFECTED, NO_CATEGORY, NO_GENDER
from curim_data.model.labels import UNCATEGORISED, hour_label
from curim_data.model.plan import Areas, Assessment, Caution, GenderCheck, Objective, Pattern, Problem

_CAUTIONS: Final[Mapping[Caution, Message]] = {
    Caution.PILED: Message("Some alerts share the same coordinates and may not be where they seem to be."),
    Caution.FEW_REPORTERS: Message("A few people sent many of these alerts."),
    Caution.UNDISCLOSED: Message("For many alerts the gender is not known."),
    Caution.WITHHELD: Message("Small counts are protected and left out of some figures."),
    Caution.SHORT_HISTORY: Message("The data go back less than a year, so seasons cannot be separated."),
    Caution.CAMPAIGN: Message("A campaign to report ran in this period: more alerts need not be more incidents."),
}

OF_LARGER_CELLS: Final = Message("These numbers are of the map cells, as the council sees them, that hold the place.")
_NOT_KNOWN: Final = Message("For these alerts the gender of those affected is not known.")
_WOMEN: Final = N_("Of the women and men affected, {share} are women (95 % interval: {low} to {high}).")
_WOMEN_HERE_AND_THERE: Final = N_(
    "Of the women and men affected, {share} are women (95 % interval: {low} to {high}; whole city: {city})."
)


def problem_statement(problem: Problem, t: Translator, city: CityProfile) -> str:
    """The problem in a few plain sentences: where and what, when, for whom, since when, how sure."""
    message = (
        _where(problem, t, city),
        _unstated(problem, t),
        _when(problem, t),
        gender_sentence(problem, t),
        _since(problem, t),
        _certainty(problem, t),
    )
    return " ".join(sentence for sentence in message if sentence)


def caution_messages(problem: Problem) -> tuple[Message, ...]:
    """Why the problem's figures need care, one sentence each."""
    return tuple(_CAUTIONS[caution] for caution in problem.cautions)


def gender_sentence(problem: Problem, t: Translator) -> str:
    """Who is affected: the women's share with its interval, the city's beside it, and how many are not known."""
    if "affected_gender" in problem.not_asked:
        neither = "reporter_gender" in problem.not_asked
        return t(NO_GENDER if neither else NO_AFFECTED)
    if problem.women is None:
        return t(_NOT_KNOWN)
    values = {
        "share": t.percent(problem.women.value),
        "low": t.percent(problem.women.low),
        "high": t.percent(problem.women.high),
    }
    if problem.women_city is not None:
        values["city"] = t.percent(problem.women_city)
    if problem.unknown_gender is None:
        return t(_WOMEN if problem.women_city is None else _WOMEN_HERE_AND_THERE, **values)
    values["unknown"] = t.percent(problem.unknown_gender)
    if problem.women_city is None:
        return t(
            "Of the women and men affected, {share} are women (95 % interval: {low} to {high}); for {unknown} of the "
            "alerts the gender is not known.",
            **values,
        )
    return t(
        "Of the women and men affected, {share} are women (95 % interval: {low} to {high}; whole city: {city}); for "
        "{unknown} of the alerts the gender is not known.",
        **values,
    )


def _where(problem: Problem, t: Translator, city: CityProfile) -> str:
    place, n = t.label(problem.names), round(problem.n)
    if problem.start is None or problem.end is None:
        return t.n("{place}: {n} alert.", "{place}: {n} alerts.", n, place=place)
    main = sorted(problem.categories, key=lambda part: -part.share)[:3]
    main = [part for part in main if part.share >= 0.1 and part.id != UNCATEGORISED]
    named = [f"{category_label(part.id, t, city)} ({t.part(part.share)})" for part in main]
    if named and of_one_category(problem.categories):
        return t.n(
            "{place}: {n} alert from {start} to {end}, of the category {category}.",
            "{place}: {n} alerts from {start} to {end}, all of the category {category}.",
            n,
            place=place,
            start=problem.start,
            end=problem.end,
            category=category_label(main[0].id, t, city),
        )
    if not named:
        return t.n(
            "{place}: {n} alert from {start} to {end}.",
            "{place}: {n} alerts from {start} to {end}.",
            n,
            place=place,
            start=problem.start,
            end=problem.end,
        )
    return t.n(
        "{place}: {n} alert from {start} to {end}, mainly: {categories}.",
        "{place}: {n} alerts from {start} to {end}, mainly: {categories}.",
        n,
        place=place,
        start=problem.start,
        end=problem.end,
        categories=t.join(named),
    )


def _unstated(problem: Problem, t: Translator) -> str:
    """That no alert of the place has a category, or how many state none."""
    if without_category(problem.categories):
        return t(NO_CATEGORY)
    unstated = next((part.share for part in problem.categories if part.id == UNCATEGORISED), 0.0)
    return t("For {share} of the alerts no category is stated.", share=t.part(unstated)) if unstated else ""


def category_label(category: str, t: Translator, city: CityProfile) -> str:
    """A category's label in the reader's language; its own name where the city's tree does not know it."""
    return labels.category_label(t, city, category)


def _when(problem: Problem, t: Translator) -> str:
    if problem.hours is None:
        if problem.dark_share is None:
            return ""
        return t("{share} come after dark.", share=t.percent(problem.dark_share))
    told = hours_sentence(problem.hours, t)
    if problem.dark_share is not None:
        told = t(
            "At least half of the alerts fall between {start} and {end}; {share} come after dark.",
            start=hour_label(problem.hours[0]),
            end=hour_label(problem.hours[1] + 1),
            share=t.percent(problem.dark_share),
        )
    if problem.hours_protected:
        told += " " + t("The hours are in bands of six, so this stretch may be shorter.")
    return told


_COURSE: Final[Mapping[Pattern, Message]] = {
    Pattern.NEW: Message("It stood out for the first time in the last month."),
    Pattern.CONSECUTIVE: Message("It has stood out without a break in the last months; before, it did not."),
    Pattern.INTENSIFYING: Message("It has stood out almost all the time, and more and more."),
    Pattern.PERSISTENT: Message("It has stood out almost all the time."),
    Pattern.DIMINISHING: Message("It has stood out almost all the time, but less and less."),
    Pattern.SPORADIC: Message("It stands out now, as it has on and off."),
    Pattern.OSCILLATING: Message("It stands out now; at other times it was quieter than expected."),
    Pattern.HISTORICAL: Message("It stood out almost all the time before, and no longer does."),
}


def _since(problem: Problem, t: Translator) -> str:
    if problem.since is not None and problem.pattern is Pattern.CONSECUTIVE:
        return t("It has stood out without a break since {since}; before, it did not.", since=problem.since)
    if problem.pattern in _COURSE:
        return t(_COURSE[problem.pattern])
    return (
        ""
        if problem.since is None
        else t("It has had more alerts than is usual for this place since {since}.", since=problem.since)
    )


def _certainty(problem: Problem, t: Translator) -> str:
    if problem.times is not None:
        denser = denser_sentence(problem.times, "city" if problem.against == "city" else "surroundings", t)
        return f"{t(OF_LARGER_CELLS)} {denser}"
    if problem.expected is None or problem.q is None:
        return ""
    expected = (t.about if problem.ratio is None else t.expected)(problem.expected)
    values = {"expected": expected, "p": t.p_value(problem.q)}
    if problem.q >= 0.05:
        return t(
            "As dense as its surroundings or the rest of the city it would have had {expected}; chance may explain the "
            "difference (corrected p: {p}).",
            **values,
        )
    if problem.ratio is None:
        return t(
            "As dense as its surroundings or the rest of the city it would have had {expected}; chance hardly explains "
            "so many more (corrected p: {p}).",
            **values,
        )
    return t(
        "As dense as its surroundings or the rest of the city it would have had {expected}; there were {ratio} times "
        "as many (95 % interval: {low} to {high}; the truth is probably somewhat lower, because the place was picked "
        "for standing out), which chance hardly explains (corrected p: {p}).",
        **values,
        ratio=problem.ratio.value,
        low=problem.ratio.low,
        high=problem.ratio.high,
    )


REVIEW_AFTER: Final = dt.timedelta(weeks=4)
START_AFTER: Final = dt.timedelta(weeks=8)
# How long a proposed plan runs, and over how many days its baseline is counted.
PERIOD: Final = dt.timedelta(days=365)
# A study's number sets the target only where it applies to this part of the alerts and spares at least one of them.
APPLIES_TO: Final = 0.5
MIN_DROP: Final = 1.0
SEEDS: Final = 150
# A plan that begins longer after the end of its baseline gets a warning: half a year, a proposed start being 8 weeks.
OLD_BASELINE: Final = dt.timedelta(days=183)
DAYS_A_MONTH: Final = 30.44


@dataclass(frozen=True)
class PlanDraft:
    """A proposed plan with what speaks for its parts.

    fits: measures that fit, ranked; warnings: what the reader must know before deciding; reasons: why the comparison
    area was chosen.
    """

    plan: Plan
    fits: tuple[Fit, ...]
    warnings: tuple[Message, ...]
    reasons: tuple[Message, ...]


@dataclass(frozen=True)
class ComparisonArea:
    """A proposed comparison area: its cells (H3 hex strings), its alerts, and why it was chosen."""

    cells: tuple[str, ...]
    n: float
    reasons: tuple[Message, ...]


def draft_plan(
    problem: Problem,
    city: CityProfile,
    as_of: dt.date,
    *,
    today: dt.date | None = None,
    measures: Iterable[Measure] | None = None,
    cells: pd.DataFrame | None = None,
    base: Objective | None = None,
    seen: DetectableDrop | None = None,
    language: str = "el",
) -> PlanDraft:
    """Propose a plan for a problem.

    Parameters
    ----------
    problem : the problem, from a hot spot's figures
    city : profile for labels and for the land on which the buffer lies
    as_of : last day with data
    today : the day from which dates are proposed where it is later than `as_of`; None: `as_of`
    measures : the measures chosen so far; None: the best founded one whose number applies here
    cells : frame of counts by cell (index or column `cell`, column `n`) in the baseline's period, for the
        comparison area; None: none is proposed, and the smallest visible fall is found as if there were one just as
        busy
    base : alerts before and their period, as long as the plan is to run (`baseline_dates`); None: the problem's own
    seen : the smallest visible fall by how similar areas vary; None: found as if alerts were independent
    language : in which the plan's own sentences are written
    """
    fits = rank_measures(problem)
    usable = (fit.measure for fit in fits if fit.measure.usable and fit.covered >= APPLIES_TO)
    chosen = tuple(usable)[:1] if measures is None else tuple(measures)
    base = base or Objective(float(problem.n), problem.start, problem.end)
    drop = applicable_drop(problem, chosen, base.baseline)
    like = propose_comparison_area(cells, problem.cells) if cells is not None and problem.cells else None
    start = max(as_of, today or as_of) + START_AFTER
    by = start + PERIOD - dt.timedelta(days=1)
    seen = seen or minimum_detectable_drop(base.baseline, like.n if like is not None else base.baseline, test="ratio")
    t = translator(language)
    target = None if drop is None else float(round(base.baseline - drop))
    objective = replace(base, target=target, by=by)
    plan = Plan(
        title=t("{place}: a plan", place=t.label(problem.names)),
        language=language,
        problem=problem,
        statement={lang: problem_statement(problem, translator(lang), city) for lang in LANGUAGES},
        measures=tuple(item.id for item in chosen),
        objective=replace(objective, text=objective_sentence(objective, problem, t)),
        start=start,
        finish=by,
        areas=Areas(problem.cells, buffer_cells(problem.cells, city), like.cells if like else ()),
        assessment=Assessment("ratio", seen.alerts, by + REVIEW_AFTER),
        gender_check=GenderCheck(affected=gender_sentence(problem, t)),
    )
    reasons = like.reasons if like else ()
    warnings = plan_warnings(problem, chosen, drop, seen.alerts)
    old = old_baseline(plan)
    return PlanDraft(plan, fits, (*warnings, *((old,) if old else ())), reasons)


def old_baseline(plan: Plan) -> Message | None:
    """How old the baseline of a plan is when the plan begins, where that is too old to compare with."""
    end, start = plan.objective.end, plan.start
    if end is None or start is None or start - end <= OLD_BASELINE:
        return None
    values = {"months": round((start - end).days / DAYS_A_MONTH), "end": end, "start": start}
    if plan.status in (PlanStatus.RUNNING, PlanStatus.FINISHED, PlanStatus.EVALUATED):
        return Message(
            "The baseline was {months} months old when the plan began ({end} to {start}): its effect cannot be "
            "separated from what happened in between.",
            values,
        )
    return Message(
        "The baseline will be {months} months old when the plan begins ({end} to {start}): load a newer export first "
        "and draft the plan again, or its effect cannot be separated from what happened in between.",
        values,
    )


def design_faults(plan: Plan) -> tuple[Message, ...]:
    """What makes a comparison impossible to trust: such a plan is not decided, and one that began says it."""
    found = []
    end, start = plan.objective.end, plan.start
    if end is not None and start is not None and end >= start:
        found.append(
            Message(
                "The baseline ends on {end}, after the measure begins on {start}: count it before the start.",
                {"end": end, "start": start},
            )
        )
    near = set(plan.areas.treated) | set(plan.areas.buffer)
    if near and plan.areas.comparison and _disc(near, 1) & set(plan.areas.comparison):
        found.append(
            Message(
                "The comparison area touches the treated area or its buffer, where the measure may act too: choose one "
                "farther away."
            )
        )
    return tuple(found)


def baseline_dates(end: dt.date, first: dt.date) -> tuple[dt.date, dt.date]:
    """The days over which a baseline is counted, both included: as many as a plan runs, if the data reach back so far.

    >>> baseline_dates(dt.date(2026, 10, 31), dt.date(2022, 11, 1))
    (datetime.date(2025, 11, 1), datetime.date(2026, 10, 31))
    """
    return max(first, end - PERIOD + dt.timedelta(days=1)), end


def applicable_drop(problem: Problem, measures: Iterable[Measure], baseline: float) -> float | None:
    """Alerts fewer in a period as long as the baseline's, by the smallest usable number among the measures.

    Each number counts only for the alerts that it covers, and not at all where it covers less than half of them or
    would spare less than one; numbers of several measures are never added up. None where no number applies.
    """
    drops = [
        baseline * part * abs(item.pct_change) / 100
        for item in measures
        if item.usable and item.pct_change is not None and (part := covered_share(item, problem)) >= APPLIES_TO
    ]
    return min((drop for drop in drops if drop >= MIN_DROP), default=None)


def objective_sentence(objective: Objective, problem: Problem, t: Translator) -> str:
    """The objective in one sentence: specific, measurable, with its date; target "to be set" where there is none."""
    if objective.start is None or objective.end is None or objective.by is None:
        return ""
    values = {
        "place": t.label(problem.names),
        "baseline": round(objective.baseline),
        "start": t.date(objective.start, "medium"),
        "end": t.date(objective.end, "medium"),
        "by": objective.by,
    }
    if objective.target is None:
        return t(
            "{place}: fewer than {baseline} alerts ({start} to {end}) in a period of the same length, by {by}; the "
            "target is to be set, because no study gives a number that applies here.",
            **values,
        )
    return t(
        "{place}: from {baseline} alerts ({start} to {end}) to {target} or fewer in a period of the same length, "
        "by {by}.",
        target=round(objective.target),
        **values,
    )


def plan_warnings(
    problem: Problem, measures: Sequence[Measure], drop: float | None, seen: float | None
) -> tuple[Message, ...]:
    """What the reader must know before deciding."""
    message = []
    if drop is None:
        message.append(
            Message(
                "No measure chosen so far has a number that applies to most of these alerts: set the target yourselves."
            )
        )
    if seen is None:
        message.append(
            Message("There are too few alerts for any fall to be seen: widen the area or agree on a second indicator.")
        )
    elif drop is not None and drop < seen:
        message.append(
            Message(
                "The expected fall ({drop} alerts) is smaller than what could be seen ({seen}): widen the area, "
                "lengthen the period, or agree on a second indicator.",
                {"drop": round(drop), "seen": int(np.ceil(seen))},
            )
        )
    if sum(item.usable for item in measures) > 1:
        message.append(Message("Effects of several measures are not added up; the smallest one sets the target."))
    if measures and not any("GR" in item.setting for item in measures):
        message.append(
            Message("None of these measures was tested in Greece; effects are on recorded crime, not on alerts.")
        )
    if any(item.effect_measure == "reports_change" for item in measures):
        message.append(Message("A campaign can raise alerts without more incidents: agree on a second indicator."))
    if problem.ratio is not None and problem.ratio.value > 1:
        message.append(
            Message(
                "A place chosen because it stood out often falls back by itself: compare with a place just as busy."
            )
        )
    return tuple(message)


def harm_questions(problem: Problem) -> tuple[Message, ...]:
    """Questions on possible harm that a plan has to answer before it is decided."""
    asked = [
        Message("Could the problem move next door? The buffer area is watched for that."),
        Message("Could some people feel watched, or be sent away from a place that is theirs too?"),
        Message("Could the measure make people report less, or keep them away from the place?"),
    ]
    if women_stand_out(problem):
        asked.append(Message("Were women who use the place asked, at the hours that matter?"))
    if "affected_gender" in problem.not_asked:
        asked.append(Message("The alerts do not tell who is affected: who can say it for women and for men?"))
    elif problem.unknown_gender is not None and problem.unknown_gender > 0.2:
        asked.append(Message("For many alerts the gender is not known: who is missing from this picture?"))
    return tuple(asked)


def buffer_cells(cells: Sequence[str], city: CityProfile, rings: int = 1) -> tuple[str, ...]:
    """Cells on land in so many rings around an area: where its problem could move to. Sorted H3 hex strings.

    >>> buffer_cells([], None)
    ()
    """
    if not cells:
        return ()
    around = sorted(_disc(cells, rings) - set(cells))
    if not around:
        return ()
    on_land = city.on_land(np.array([h3.str_to_int(cell) for cell in around], np.int64))
    return tuple(cell for cell, dry in zip(around, on_land, strict=True) if dry)


def propose_comparison_area(cells: pd.DataFrame, treated: Sequence[str], *, apart: int = 3) -> ComparisonArea | None:
    """Propose a comparison area: connected, as many cells, a similar count, not adjacent to the treated area.

    Grown from the cells outside `apart` rings of the treated area whose counts are nearest to its mean, by taking the
    neighbour that touches most of the area so far (compact), then the one nearest in count; the area whose total comes
    nearest to the treated one wins (ties: lowest cell).
    Places of a similar level make the return to the mean alike in both (methods: regression to the mean).

    Parameters
    ----------
    cells : counts by cell: index or column `cell` (int64 H3), column `n`
    treated : H3 hex strings of the treated area
    apart : rings around the treated area that stay out, so that neither the effect nor its displacement reaches it

    Returns
    -------
    Likeness, or None where no such area exists.
    """
    frame = cells.set_index("cell") if "cell" in cells.columns else cells
    count = frame["n"]
    counts = {
        h3.int_to_str(int(cell)): float(n) for cell, n in zip(count.index.to_numpy(), count.to_numpy(), strict=True)
    }
    total = sum(counts.get(cell, 0.0) for cell in treated)
    free = set(counts) - _disc(treated, apart)
    if not treated or not free:
        return None
    mean = total / len(treated)
    near = sorted(free, key=lambda cell: (abs(counts[cell] - mean), cell))[:SEEDS]
    grown = [area for seed in near if (area := _grow(seed, free, counts, len(treated), mean)) is not None]
    if not grown:
        return None
    best = min(grown, key=lambda area: (abs(sum(counts[cell] for cell in area) - total), area))
    n = sum(counts[cell] for cell in best)
    message = Message(
        "The comparison area has {n} alerts in the same period, the treated area {treated}; it has as many cells "
        "and is not adjacent.",
        {"n": round(n), "treated": round(total)},
    )
    reasons = [message]
    if total > 0 and abs(n - total) > 0.25 * total:
        reasons.append(
            Message("No area is as busy as the treated one: its fall towards the mean may look like an effect.")
        )
    return ComparisonArea(best, n, tuple(reasons))


def _grow(seed: str, free: set[str], counts: dict[str, float], size: int, mean: float) -> tuple[str, ...] | None:
    area = {seed}
    while len(area) < size:
        edge = (_disc(area, 1) & free) - area
        if not edge:
            return None
        touching = {cell: len(_disc([cell], 1) & area) for cell in edge}
        area.add(min(edge, key=lambda cell: (-touching[cell], abs(counts[cell] - mean), cell)))
    return tuple(sorted(area))


def _disc(cells: Iterable[str], rings: int) -> set[str]:
    return {near for cell in cells for near in h3.grid_disk(cell, rings)}
