"""The catalogue of measures: what is known of them, and which of them fit a problem.

Rules that hold wherever its numbers are used: effects are never added up or multiplied; a number is applied to those
kinds of alert only for which it was measured; where no study gives a usable number none is made up; effects were
measured on recorded crime, almost all of them in the US and the UK, while CURiM counts alerts.

A problem in words: whole sentences that carry their figures, made so that each language can say them its own way; and
from a hot spot's figures the draft of a plan that can be evaluated.

The draft proposes; people decide. What it says of the problem comes from the data, what it says of measures from the
catalogue, and where either is silent the draft says so instead of filling the gap.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import re
import tomllib
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import h3.api.basic_str as h3
import numpy as np
import pandas as pd

from analysis.hotspots.grouping import denser_sentence
from analysis.plans.verdict import FALL_UNKNOWN, NO_FALL, DetectableDrop
from analysis.spots.profile import (
    AFTER_DARK,
    MOST_OFTEN,
    ONE_CATEGORY,
    hours_sentence,
    of_one_category,
    since_sentence,
    without_category,
    women_share_sentence,
)
from curim_data.model import (
    LANGUAGES,
    N_,
    CityProfile,
    Gender,
    Kind,
    Message,
    Plan,
    Translator,
    translator,
)
from curim_data.model.absence import NO_AFFECTED, NO_CATEGORY, NO_GENDER, fewer_than
from curim_data.model.labels import UNCATEGORISED, category_label
from curim_data.model.plan import TEST, Areas, Assessment, Caution, GenderCheck, Objective, Problem

CATALOGUE: Final = Path(__file__).parent / "evidence.toml"
CATALOGUE_CITY: Final = "Piraeus"
TRANSLATED: Final = ("name", "mechanism", "outcome", "note", "done_here")
# Problem tags of the kinds of alerts, for problems whose categories have none.
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    Kind.OFFENCE: ("theft", "pickpocketing", "robbery", "burglary", "violence", "harassment", "vandalism", "drugs"),
    Kind.INCIVILITY: ("disorder", "litter", "graffiti", "vandalism", "alcohol", "abandoned"),
    Kind.RISK: ("unsafe", "lighting", "abandoned"),
}
_CAUTIONED: Final = {"harms": Message("May make matters worse"), "none": Message("Studies found no benefit")}
_WEIGHT: Final = {"strong": 1.0, "moderate": 0.8, "limited": 0.5, "none": 0.3}


@dataclass(frozen=True)
class Measure:
    """A measure and what studies found of it. The texts in TRANSLATED are message ids, for the translator.

    value, low, high: effect as published (`effect_measure`: percent_change, rate_ratio, reports_change, none) with its
    95 % interval where one was read; pct_change: change of recorded crime in percent, to be applied to alerts with a
    tag in `covers` and to no others; night: measured on what happens after dark only; setting: ISO codes of the
    studies' countries; note: what they found of the places around, of fear, and of women and men; verified: "yes" or
    "secondary".
    """

    id: str
    name: str
    mechanism: str
    fits: tuple[str, ...]
    covers: tuple[str, ...]
    effect_measure: str
    direction: str
    outcome: str
    quality: str
    setting: tuple[str, ...]
    citation: str
    url: str
    verified: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    pct_change: float | None = None
    night: bool = False
    n_studies: int | None = None
    note: str = ""
    done_here: str = ""  # in Piraeus, the city that the catalogue was made for: `done_in`

    @property
    def usable(self) -> bool:
        """Whether a number may be applied to alerts: a fall that was shown, for named kinds of alert."""
        return self.direction == "helps" and self.pct_change is not None and bool(self.covers)

    @property
    def caution(self) -> Message | None:
        """That studies found no benefit, or harm, where they did."""
        return _CAUTIONED.get(self.direction)


@dataclass(frozen=True)
class Fit:
    """How a measure fits a problem. covered: part (0 to 1) of the problem's alerts to which its number applies."""

    measure: Measure
    score: float
    covered: float


@lru_cache(maxsize=1)
def _read() -> tuple[tuple[Measure, ...], Mapping[str, Mapping[str, Any]]]:
    data = tomllib.loads(CATALOGUE.read_text("utf-8"))
    entries: Any = (
        {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
        for entry in data["measure"]
    )
    return tuple(Measure(**entry) for entry in entries), {entry["id"]: entry for entry in data["problem"]}


def catalogue() -> tuple[Measure, ...]:
    """All measures, in the order of the file."""
    return _read()[0]


def find_measure(measure_id: str) -> Measure | None:
    """The measure with this id, or None where the catalogue no longer holds it."""
    return next((item for item in catalogue() if item.id == measure_id), None)


def problem_tags(name: str) -> frozenset[str]:
    """Problem tags of a category's or landmark's id, by the words in it: whole ones, beginnings marked by an asterisk.

    >>> sorted(problem_tags("theft_from_vehicle")), sorted(problem_tags("sexual_assault"))
    (['theft'], ['harassment'])
    """
    among = {word for word in re.split(r"[^a-z]+", name.lower()) if word}
    return frozenset(
        tag
        for tag, entry in _read()[1].items()
        if among.isdisjoint(entry.get("never", ())) and any(fnmatch.filter(among, word) for word in entry["words"])
    )


def covered_share(item: Measure, problem: Problem) -> float:
    """Part (0 to 1) of the problem's alerts to which the measure's number applies.

    Those in categories for which it was found; where it was found after dark, the share of dark alerts of them (none
    where that share is not known).
    """
    part = min(1.0, sum(share.share for share in problem.categories if problem_tags(share.id) & set(item.covers)))
    return part * (problem.dark_share or 0.0) if item.night else part


def rank_measures(problem: Problem) -> tuple[Fit, ...]:
    """Measures that fit a problem: well-founded first, then without a usable number, cautions last.

    A measure is named where it is made for some of the alerts or for the kind of place. Score: part of the alerts that
    it is made for, and a third each for the kind of place, for darkness (most alerts after dark) and for women (more
    affected than in the city as a whole, the lower end of the interval above it); weighed by the studies' quality.
    """
    return tuple(
        sorted(
            [fit for item in catalogue() if (fit := _fit(item, problem)) is not None],
            key=lambda fit: (_shelf(fit), -fit.score, fit.measure.id),
        )
    )


def measures_of_kind(problem: Problem) -> tuple[Fit, ...]:
    """Measures for a problem whose categories say nothing of them, not ranked.

    In the order of the catalogue, those with a number first and cautions last.
    Those made for problems of the kinds of the alerts (`KINDS`); where no kind is known, the whole catalogue.
    """
    wanted = {tag for kind in problem.kinds for tag in KINDS.get(kind, ())}
    fits = [
        Fit(item, 0.0, covered_share(item, problem)) for item in catalogue() if not wanted or wanted & set(item.fits)
    ]
    return tuple(sorted(fits, key=_shelf))


def propose_measure(problem: Problem) -> Measure | None:
    """The measure that is proposed for a problem, the same on paper and in a draft: of those that help with most of its
    alerts, else with the kind of place, the best founded one, where there is any out of those made in the first place
    for its most frequent category or its place.
    """
    parts = problem.categories
    tags = problem_tags(problem.place).union(
        *(problem_tags(part.id) for part in parts if part.share == max(one.share for one in parts))
    )
    fits = rank_measures(Problem(place=problem.place, categories=parts))

    def rank(measure: Measure) -> tuple[bool, bool]:
        return _covered(measure, problem) < APPLIES_TO, measure.fits[0] not in tags

    helps = [fit.measure for fit in fits if fit.measure.direction == "helps"]
    of_place = problem_tags(problem.place)
    asked = [one for one in helps if _covered(one, problem) >= APPLIES_TO or of_place & set(one.fits)]
    return min(asked, key=rank, default=None)


def _covered(measure: Measure, problem: Problem) -> float:
    """Part (0 to 1) of the problem's alerts whose categories a measure is made for."""
    return sum(part.share for part in problem.categories if problem_tags(part.id) & set(measure.fits))


def _shelf(fit: Fit) -> int:
    helps = fit.measure.direction == "helps" and fit.measure.value is not None
    return 2 if fit.measure.caution else int(not helps)


def _fit(item: Measure, problem: Problem) -> Fit | None:
    wanted, dark = set(item.fits), problem.dark_share or 0.0
    share = min(1.0, _covered(item, problem))
    of_place = bool(problem_tags(problem.place) & wanted)
    if not (share or of_place):
        return None
    also = (of_place, "dark" in wanted and dark > 0.5, "women" in wanted and women_stand_out(problem))
    return Fit(item, (share + sum(also) / 3) * _WEIGHT[item.quality], covered_share(item, problem))


def women_stand_out(problem: Problem) -> bool:
    """Whether the alerts were chosen as affecting women, or the lower end of the women's share lies above the city's
    share (one half where that is not known).
    """
    if _chosen_by(problem, "affected"):
        return problem.query["affected"] == Gender.WOMAN
    return problem.women is not None and problem.women.low > (0.5 if problem.women_city is None else problem.women_city)


def effect_text(item: Measure, t: Translator) -> str:
    """What the studies found, in short: change, interval, number of studies; or that there is no usable number."""
    limits = [t.signed_percent(_percent(item, end)) for end in (item.low, item.high) if end is not None]
    studies = t.n("{n} study", "{n} studies", item.n_studies) if item.n_studies else ""
    details = ", ".join(
        filter(None, (t("from {low} to {high}", low=limits[0], high=limits[1]) if limits else "", studies))
    )
    found = t("No usable number") if item.value is None else t.signed_percent(_percent(item, item.value))
    return f"{found} ({details})" if details else found


def setting_text(item: Measure, t: Translator) -> str:
    """Where it was studied; empty where the source does not name the countries."""
    countries = [str(t.locale.territories.get(code, code)) for code in item.setting]
    return t("Studied in: {countries}", countries=t.join(countries)) if countries else ""


def source_text(item: Measure, t: Translator) -> str:
    """The studies' source, and whether it was read in a summary alone."""
    return item.citation if item.verified == "yes" else t("{source} (read in a summary)", source=item.citation)


def quality_text(item: Measure, t: Translator) -> str:
    """The quality of the studies in a word."""
    return {
        "strong": t.c("evidence", "strong"),
        "moderate": t.c("evidence", "moderate"),
        "limited": t.c("evidence", "limited"),
        "none": t.c("evidence", "none"),
    }[item.quality]


def _percent(item: Measure, value: float) -> float:
    """A published effect as a share more (or less, below zero)."""
    return value - 1 if item.effect_measure == "rate_ratio" else value / 100


def extract_toml(
    fileobj: Any, _keywords: Any, _comment_tags: Any, **_options: Any
) -> Generator[tuple[int, str, str, list[str]], None, None]:
    """Hand the catalogue's texts to Babel: (line, function, message, comments) for every entry of TRANSLATED."""
    text = fileobj.read().decode("utf-8")
    lines = text.splitlines()
    for entry in tomllib.loads(text)["measure"]:
        for name in TRANSLATED:
            if message := entry.get(name, ""):
                line = next((number for number, message in enumerate(lines, 1) if message in message), 0)
                yield line, "", message, [f"measure {entry['id']}: {name}"]


def done_in(measure: Measure, city: CityProfile) -> str:
    """What was done of a measure in this city before, as a message id; empty where the catalogue does not know it."""
    return measure.done_here if city.names.get("en") == CATALOGUE_CITY else ""


# Why the figures of a problem need care. Plans of before name other reasons too.
CAUTIONS: Final[Mapping[Caution, Message]] = {
    Caution.PILED: Message("Some alerts share the same coordinates and may not be where they seem to be."),
    Caution.SHORT_HISTORY: Message("The data go back less than a year, so seasons cannot be separated."),
}
_BAND: Final = 6  # hours that the protected copy, which a plan is drafted from, puts together
EFFECTS: Final = Message(
    "Effects were measured on recorded crime, most in the United States and Britain, none in Greece; alerts are what "
    "citizens report. What is not named was not studied, as far as we know."
)
TOO_SMALL: Final = Message("The numbers here are too small to plan by: take a larger area or a longer period.")
OF_LARGER_CELLS: Final = Message("These numbers are of the map cells, as the council sees them, that hold the place.")


def problem_statement(problem: Problem, t: Translator, city: CityProfile) -> str:
    """The problem in a few plain sentences: where and what, when, for whom, since when, how sure.

    Where the council may not read the count: that, and what to do.
    """
    if problem.hides(problem.n):
        return f"{_where(problem, t)} {t(TOO_SMALL)}"
    parts = (_where, _unstated, _when, gender_sentence, _since, _certainty)
    where, *others = (part(problem, t) for part in parts)
    return " ".join(filter(None, (where, _what(problem, t, city), *others)))


def gender_sentence(problem: Problem, t: Translator) -> str:
    """Who is affected: the women's share with its interval, the city's beside it, and how many are not known.

    Empty where the alerts are too few for the council to read.
    """
    if "affected_gender" in problem.not_asked:
        neither = "reporter_gender" in problem.not_asked
        return t(NO_GENDER if neither else NO_AFFECTED)
    women = problem.women
    if problem.hides(problem.n):
        return ""
    if _chosen_by(problem, "affected"):
        return t("The alerts were chosen by who is affected, so shares of women and men say nothing here.")
    if women is None:
        return t("The gender of those affected is known for too few of these alerts to give shares.")
    others = (
        (problem.women_city, N_("In the whole city: {share}.")),
        (problem.unknown_gender, N_("For {share} of the alerts the gender is not known.")),
    )
    told = (t(text, share=t.part(share)) for share, text in others if share)
    return " ".join((women_share_sentence(women, t), *told))


def _chosen_by(problem: Problem, word: str) -> bool:
    """Whether the filter of the problem says which values of a field it counts, of genders not both women and men."""
    return word in problem.query and not {"woman", "man"} <= set(problem.query[word].split(","))


def _place(problem: Problem, t: Translator) -> str:
    """The name of the place, and which alerts were counted there where a filter asked for some of them."""
    name, among = t.label(problem.names), t.label(problem.among)
    return f"{name} ({among})" if among else name


def _where(problem: Problem, t: Translator) -> str:
    n, place = round(problem.n), _place(problem, t)
    if problem.start is None or problem.end is None:
        few = t("fewer than {k} alerts", k=problem.least)
        return t.pair(place, few if problem.hides(n) else t.n("{n} alert", "{n} alerts", n)) + "."
    dates = {"start": problem.start, "end": problem.end}
    if problem.hides(n):
        return t("{place}: fewer than {k} alerts from {start} to {end}.", place=place, k=problem.least, **dates)
    return t.n(
        "{place}: {n} alert from {start} to {end}.",
        "{place}: {n} alerts from {start} to {end}.",
        n,
        place=place,
        **dates,
    )


def _what(problem: Problem, t: Translator, city: CityProfile) -> str:
    """The main categories with their shares."""
    main = sorted(problem.categories, key=lambda part: -part.share)[:3]
    main = [part for part in main if part.share >= 0.1 and part.id != UNCATEGORISED]
    if main and of_one_category(problem.categories):
        return t(ONE_CATEGORY, category=category_label(t, city, main[0].id))
    named = [f"{category_label(t, city, part.id)} ({t.part(part.share)})" for part in main]
    return t(MOST_OFTEN, category=t.join(named)) if named else ""


def _unstated(problem: Problem, t: Translator) -> str:
    """That no alert of the place has a category, or how many state none."""
    if without_category(problem.categories):
        return t(NO_CATEGORY)
    unstated = next((part.share for part in problem.categories if part.id == UNCATEGORISED), 0.0)
    return t("For {share} of the alerts no category is stated.", share=t.part(unstated)) if unstated else ""


def _when(problem: Problem, t: Translator) -> str:
    hours, dark = problem.hours, problem.dark_share
    banded = hours is not None and hours[0] % _BAND == 0 == (hours[1] + 1) % _BAND
    told = (
        hours_sentence(hours, t) if hours else "",
        t("The hours are in bands of six, so this stretch may be shorter.") if banded else "",
        t(AFTER_DARK, share=t.percent(dark)) if dark is not None and not _chosen_by(problem, "light") else "",
    )
    return " ".join(filter(None, told))


def _since(problem: Problem, t: Translator) -> str:
    return since_sentence(problem.since, t) if problem.since else ""


def _certainty(problem: Problem, t: Translator) -> str:
    if problem.times is not None:
        denser = denser_sentence(problem.times, t)
        return f"{t(OF_LARGER_CELLS)} {denser}"
    if problem.expected is None:
        return ""
    return t("Expected by its surroundings or the rest of the city: {n}.", n=t.expected(problem.expected))


REVIEW_AFTER: Final = dt.timedelta(weeks=4)
START_AFTER: Final = dt.timedelta(weeks=8)
# How long a proposed plan runs, and over how many days its baseline is counted.
PERIOD: Final = dt.timedelta(days=365)
# A study's number sets the target only where it applies to this part of the alerts and spares at least one of them.
APPLIES_TO: Final = 0.5
MIN_DROP: Final = 1.0
SEEDS: Final = 150
APART: Final = (
    3  # rings around a treated area that its comparison leaves out: neither effect nor displacement reaches it
)
# A plan that begins longer after the end of its baseline gets a warning: half a year, a proposed start being 8 weeks.
OLD_BASELINE: Final = dt.timedelta(days=183)
DAYS_A_MONTH: Final = 30.44


@dataclass(frozen=True)
class PlanDraft:
    """A proposed plan, and what the reader must know before deciding."""

    plan: Plan
    warnings: tuple[Message, ...]


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
    measures : the measures chosen so far; None: the one that is proposed (`propose_measure`)
    cells : frame of counts by cell (index or column `cell`, column `n`) in the baseline's period, for the
        comparison area; None: none is proposed
    base : alerts before and their period, as long as the plan is to run (`baseline_dates`); None: the problem's own
    seen : the smallest visible fall by how similar areas vary; None: not known
    language : in which the plan's own sentences are written
    """
    proposed = propose_measure(problem) if measures is None else None
    chosen = tuple(measures or ()) if proposed is None else (proposed,)
    base = base or Objective(float(problem.n), problem.start, problem.end)
    drop = applicable_drop(problem, chosen, base.baseline)
    like = propose_comparison_area(cells, problem.cells) if cells is not None and problem.cells else ()
    start = max(as_of, today or as_of) + START_AFTER
    by = start + PERIOD - dt.timedelta(days=1)
    t = translator(language)
    objective = replace(base, target=None if drop is None else float(round(base.baseline - drop)), by=by)
    plan = Plan(
        title=t("{place}: a plan", place=t.label(problem.names)),
        language=language,
        problem=problem,
        statement={lang: problem_statement(problem, translator(lang), city) for lang in LANGUAGES},
        measures=tuple(item.id for item in chosen),
        objective=replace(objective, text=objective_sentence(objective, problem, t)),
        start=start,
        finish=by,
        areas=Areas(problem.cells, buffer_cells(problem.cells, city), like),
        assessment=Assessment(smallest_drop=seen.stated(base.baseline) if seen else None, review=by + REVIEW_AFTER),
        gender_check=GenderCheck(affected=gender_sentence(problem, t)),
    )
    return PlanDraft(plan, plan_warnings(plan))


def old_baseline(plan: Plan) -> Message | None:
    """How old the baseline of a plan is when the plan begins, where that is too old to compare with."""
    end, start = plan.objective.end, plan.start
    if end is None or start is None or start - end <= OLD_BASELINE:
        return None
    return Message(
        "The baseline ends {months} months before the plan begins ({end} to {start}): the plan's effect cannot be "
        "separated from what happened in between. Before it begins, draft it again from a newer export.",
        {"months": round((start - end).days / DAYS_A_MONTH), "end": end, "start": start},
    )


def _two_periods(plan: Plan) -> Message | None:
    """The days of problem and baseline where they are not the same."""
    of = (plan.problem.start, plan.problem.end), (plan.objective.start, plan.objective.end)
    if of[0] == of[1] or None in (*of[0], *of[1]):
        return None
    named = ("start", "end", "first", "last")
    return Message(
        "The problem is of {start} to {end}, the baseline of {first} to {last}.",
        dict(zip(named, (*of[0], *of[1]), strict=True)),
    )


def design_faults(plan: Plan) -> tuple[Message, ...]:
    """What makes a comparison impossible to trust: such a plan is not decided, and one that began says it."""
    end, start, areas = plan.objective.end, plan.start, plan.areas
    faults = (
        (
            end is not None and start is not None and end >= start,
            Message(
                "The baseline ends on {end}, after the measure begins on {start}: count it before the start.",
                {"end": end, "start": start},
            ),
        ),
        (
            not _disc({*areas.treated, *areas.buffer}, 1).isdisjoint(areas.comparison),
            Message(
                "The comparison area touches the treated area or its buffer, where the measure may act too: choose one "
                "farther away."
            ),
        ),
    )
    return tuple(fault for holds, fault in faults if holds)


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
    small = problem.hides(objective.baseline)
    values = {
        "place": _place(problem, t),
        "baseline": t(fewer_than(problem.least)) if small else round(objective.baseline),
        "start": t.date(objective.start, "medium"),
        "end": t.date(objective.end, "medium"),
        "by": objective.by,
    }
    if small and objective.target is None:
        return t(
            "{place}: fewer than {k} alerts ({start} to {end}); the target is to be set.", k=problem.least, **values
        )
    if objective.target is None:
        return t(
            "{place}: fewer than {baseline} alerts ({start} to {end}) in a period of the same length, by {by}; the "
            "target is to be set.",
            **values,
        )
    return t(
        "{place}: from {baseline} alerts ({start} to {end}) to {target} or fewer in a period of the same length, "
        "by {by}.",
        target=round(objective.target),
        **values,
    )


TEST_IN_WORDS: Final = Message("Similar areas without the measure, in the same weeks, tell what was to be expected.")
OTHER_TEST: Final = Message(
    "Before its start this plan named a test against its comparison area alone. Places chosen because they were bad "
    "fool such tests, so similar areas decide."
)


def named_test(plan: Plan) -> Message:
    """The test that decides, and that a plan of before named another one."""
    return TEST_IN_WORDS if plan.assessment.method == TEST else OTHER_TEST


def plan_warnings(plan: Plan) -> tuple[Message, ...]:
    """What the reader must know before deciding."""
    aim, seen = plan.objective, plan.assessment.smallest_drop
    fall = None if aim.target is None else aim.baseline - aim.target
    chosen = (find_measure(name) for name in plan.measures)
    cases = (
        (plan.problem.hides(aim.baseline) and not plan.problem.hides(plan.problem.n), TOO_SMALL),
        (seen is None, FALL_UNKNOWN),
        (seen is not None and seen > aim.baseline, NO_FALL),
        (
            seen is not None and fall is not None and fall < seen <= aim.baseline,
            Message(
                "The target is {drop} alerts fewer; less than {seen} fewer could not be told from chance: widen the "
                "area, lengthen the period, or agree on a second indicator.",
                {"drop": round(fall or 0), "seen": int(np.ceil(seen or 0))},
            ),
        ),
        (
            any(item is not None and item.effect_measure == "reports_change" for item in chosen),
            Message("A campaign can raise alerts without more incidents: agree on a second indicator."),
        ),
    )
    return (*filter(None, (_two_periods(plan), old_baseline(plan))), *(message for holds, message in cases if holds))


def harm_questions(problem: Problem) -> tuple[Message, ...]:
    """Questions on possible harm that a plan has to answer before it is decided."""
    unknown = "affected_gender" in problem.not_asked or (problem.unknown_gender or 0.0) > 0.2
    cases = (
        (
            True,
            Message("Could the problem move next door, or could people feel watched, stay away or report less?"),
        ),
        (women_stand_out(problem), Message("Were women who use the place asked, at the hours that matter?")),
        (unknown, Message("The alerts do not tell all who are affected: who is missing from this picture?")),
    )
    return tuple(question for holds, question in cases if holds)


def buffer_cells(cells: Sequence[str], city: CityProfile) -> tuple[str, ...]:
    """Cells on land in a ring around an area: where its problem could move to. Sorted H3 hex strings.

    >>> buffer_cells([], None)
    ()
    """
    if not cells:
        return ()
    around = sorted(_disc(cells, 1) - set(cells))
    dry = city.on_land(np.array([h3.str_to_int(cell) for cell in around], np.int64))
    return tuple(cell for cell, kept in zip(around, dry, strict=True) if kept)


def propose_comparison_area(cells: pd.DataFrame, treated: Sequence[str]) -> tuple[str, ...]:
    """Propose a comparison area: connected, as many cells, a similar count, not adjacent to the treated area.

    Grown from the cells outside `APART` rings of the treated area whose counts are nearest to its mean, by taking the
    neighbour that touches most of the area so far (compact), then the one nearest in count; the area whose total comes
    nearest to the treated one wins (ties: lowest cell).
    Places of a similar level make the return to the mean alike in both (methods: regression to the mean).

    Parameters
    ----------
    cells : counts by cell: index or column `cell` (int64 H3), column `n`
    treated : H3 hex strings of the treated area

    Returns
    -------
    Its cells (H3 hex strings), none where no such area exists.
    """
    count = (cells.set_index("cell") if "cell" in cells.columns else cells)["n"]
    counts = {
        h3.int_to_str(int(cell)): float(n) for cell, n in zip(count.index.to_numpy(), count.to_numpy(), strict=True)
    }
    total = sum(counts.get(cell, 0.0) for cell in treated)
    free = set(counts) - _disc(treated, APART) if treated else set()
    mean = total / max(len(treated), 1)
    near = sorted(free, key=lambda cell: (abs(counts[cell] - mean), cell))[:SEEDS]
    grown = [area for seed in near if (area := _grow(seed, free, counts, len(treated), mean)) is not None]
    return min(grown, key=lambda area: (abs(sum(counts[cell] for cell in area) - total), area), default=())


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
