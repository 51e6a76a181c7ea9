"""The catalogue of measures: what is known of them, and which of them fit a problem.

Rules that hold wherever its numbers are used: effects are never added up or multiplied; a number is applied to those
kinds of alert only for which it was measured; where no study gives a usable number none is made up; effects were
measured on recorded crime, almost all of them in the US and the UK, while CURiM counts alerts.

A problem in words, and from a hot spot's figures to the draft of a plan that can be evaluated.

A problem in words: whole sentences that carry their figures, made so that each language can say them its own way.

From a hot spot's figures to the draft of a plan that can be evaluated.

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
from analysis.plans.verdict import DetectableDrop
from analysis.spots.profile import hours_sentence, of_one_category, without_category
from curim_data.model import (
    LANGUAGES,
    N_,
    CityProfile,
    Kind,
    Message,
    Num,
    Plan,
    PlanStatus,
    Translator,
    translator,
)
from curim_data.model.absence import NO_AFFECTED, NO_CATEGORY, NO_GENDER
from curim_data.model.i18n import first_case
from curim_data.model.labels import UNCATEGORISED, category_label, hour_label
from curim_data.model.plan import Areas, Assessment, Caution, GenderCheck, Objective, Pattern, Problem

CATALOGUE: Final = Path(__file__).parent / "evidence.toml"
CATALOGUE_CITY: Final = "Piraeus"
TRANSLATED: Final = (
    "name",
    "mechanism",
    "outcome",
    "quality_reason",
    "displacement",
    "fear",
    "gender_note",
    "done_here",
)
# Problem tags of the kinds of alerts, for problems whose categories have none.
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    Kind.OFFENCE: ("theft", "pickpocketing", "robbery", "burglary", "violence", "harassment", "vandalism", "drugs"),
    Kind.INCIVILITY: ("disorder", "litter", "graffiti", "vandalism", "alcohol", "abandoned"),
    Kind.RISK: ("unsafe", "lighting", "abandoned"),
}
_OF_KIND: Final = Message("Made for problems of the same kind; which of them occur here the alerts do not tell")
_CAUTIONED: Final = {"harms": Message("May make matters worse"), "none": Message("Studies found no benefit")}
_WEIGHT: Final = {"strong": 1.0, "moderate": 0.8, "limited": 0.5, "none": 0.3}


@dataclass(frozen=True)
class Measure:
    """A measure and what studies found of it. The texts in SPOKEN are message ids: show them through the translator.

    value, low, high: effect as published (`effect_measure`: percent_change, rate_ratio, reports_change, none) with its
    95 % interval where one was read; pct_change: change of recorded crime in percent, to be applied to alerts with a
    tag in `covers` and to no others; night: measured on what happens after dark only; setting: ISO codes of the
    studies' countries; verified: "yes" or "secondary".
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
    quality_reason: str
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
    displacement: str = ""
    fear: str = ""
    gender_note: str = ""
    done_here: str = ""  # in Piraeus, the city that the catalogue was made for: `done_in`

    @property
    def usable(self) -> bool:
        """Whether a number may be applied to alerts: a fall that was shown, for named kinds of alert."""
        return self.direction == "helps" and self.pct_change is not None and bool(self.covers)

    @property
    def cautioned(self) -> bool:
        """Whether studies found no benefit, or harm."""
        return self.direction in ("none", "harms")


@dataclass(frozen=True)
class Fit:
    """How a measure fits a problem. covered: part (0 to 1) of the problem's alerts to which its number applies."""

    measure: Measure
    score: float
    covered: float
    reasons: tuple[Message, ...]
    caution: Message | None = None


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
        Fit(item, 0.0, covered_share(item, problem), (_OF_KIND,) if wanted else (), _CAUTIONED.get(item.direction))
        for item in catalogue()
        if not wanted or wanted & set(item.fits)
    ]
    return tuple(sorted(fits, key=_shelf))


def _shelf(fit: Fit) -> int:
    helps = fit.measure.direction == "helps" and fit.measure.value is not None
    return 2 if fit.measure.cautioned else int(not helps)


def _fit(item: Measure, problem: Problem) -> Fit | None:
    wanted, dark = set(item.fits), problem.dark_share or 0.0
    share = min(1.0, sum(part.share for part in problem.categories if problem_tags(part.id) & wanted))
    part = {"share": Num(100 * share, 0)}
    cases = (
        (share, share > 0, Message("Made for problems of this kind (part of the alerts here: {share}%)", part)),
        (1 / 3, bool(problem_tags(problem.place) & wanted), Message("Made for places of this kind")),
        (
            1 / 3,
            "dark" in wanted and dark > 0.5,
            Message("Many alerts are after dark ({share}%)", {"share": Num(100 * dark, 0)}),
        ),
        (
            1 / 3,
            "women" in wanted and women_stand_out(problem),
            Message("Women are affected more often here than in the city as a whole"),
        ),
    )
    if not (cases[0][1] or cases[1][1]):
        return None
    score = sum(weight for weight, holds, _ in cases if holds)
    reasons = tuple(reason for _, holds, reason in cases if holds)
    return Fit(
        item, score * _WEIGHT[item.quality], covered_share(item, problem), reasons, _CAUTIONED.get(item.direction)
    )


def women_stand_out(problem: Problem) -> bool:
    """Whether the lower end of the women's share lies above the city's share (one half where that is not known)."""
    return problem.women is not None and problem.women.low > (0.5 if problem.women_city is None else problem.women_city)


def effect_text(item: Measure, t: Translator) -> str:
    """What the studies found, in one line: change, interval, number of studies; or that there is no usable number."""
    studies = t.n("{n} study", "{n} studies", item.n_studies) if item.n_studies else t("number of studies not known")
    if item.quality == "none":
        studies = t("no study of the effect")
    if item.value is None:
        return t("No usable number ({studies})", studies=studies)
    if item.effect_measure == "reports_change":
        return t("{change} more reports, which is its aim ({studies})", change=_share(item.value, t), studies=studies)
    change, low, high = (_percent(item, value) for value in (item.value, item.low, item.high))
    assert change is not None
    size = _share(abs(change), t)
    message = t("{size} fewer", size=size) if change < 0 else t("{size} more", size=size)
    if low is None or high is None:
        return t("{change}; interval not known ({studies})", change=message, studies=studies)
    return t(
        "{change}; interval (95%): {low} to {high} ({studies})",
        change=message,
        low=_share(low, t),
        high=_share(high, t),
        studies=studies,
    )


def setting_text(item: Measure, t: Translator) -> str:
    """Where it was studied, and that Greece is not among those countries."""
    if "GR" in item.setting:
        return t("Tested in Greece")
    countries = [str(t.locale.territories.get(code, code)) for code in item.setting]
    if not countries:
        return t("Not tested in Greece, as far as we know")
    return t("Not tested in Greece; studied in: {countries}", countries=t.join(countries))


def quality_text(item: Measure, t: Translator) -> str:
    """The quality of the studies in a word."""
    return {
        "strong": t.c("evidence", "strong"),
        "moderate": t.c("evidence", "moderate"),
        "limited": t.c("evidence", "limited"),
        "none": t.c("evidence", "none"),
    }[item.quality]


def _share(percent: float, t: Translator) -> str:
    return t.percent(percent / 100, 0 if percent == round(percent) else 1)


def _percent(item: Measure, value: float | None) -> float | None:
    return value if value is None or item.effect_measure != "rate_ratio" else round(100 * (value - 1), 1)


def extract_toml(
    fileobj: Any, _keywords: Any, _comment_tags: Any, **_options: Any
) -> Generator[tuple[int, str, str, list[str]], None, None]:
    """Hand the catalogue's texts to Babel: (line, function, message, comments) for every entry named in SPOKEN."""
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


# Why the figures of a problem need care.
CAUTIONS: Final[Mapping[Caution, Message]] = {
    Caution.PILED: Message("Some alerts share the same coordinates and may not be where they seem to be."),
    Caution.FEW_REPORTERS: Message("A few people sent many of these alerts."),
    Caution.UNDISCLOSED: Message("For many alerts the gender is not known."),
    Caution.WITHHELD: Message("Small counts are protected and left out of some figures."),
    Caution.SHORT_HISTORY: Message("The data go back less than a year, so seasons cannot be separated."),
    Caution.CAMPAIGN: Message("A campaign to report ran in this period: more alerts need not be more incidents."),
}

OF_LARGER_CELLS: Final = Message("These numbers are of the map cells, as the council sees them, that hold the place.")
# By whether the city's share and the part without a known gender are known.
_WOMEN: Final[Mapping[tuple[bool, bool], str]] = {
    (False, False): N_("Of the women and men affected, {share} are women (95 % interval: {low} to {high})."),
    (True, False): N_(
        "Of the women and men affected, {share} are women (95 % interval: {low} to {high}; whole city: {city})."
    ),
    (False, True): N_(
        "Of the women and men affected, {share} are women (95 % interval: {low} to {high}); for {unknown} of the "
        "alerts the gender is not known."
    ),
    (True, True): N_(
        "Of the women and men affected, {share} are women (95 % interval: {low} to {high}; whole city: {city}); for "
        "{unknown} of the alerts the gender is not known."
    ),
}


def problem_statement(problem: Problem, t: Translator, city: CityProfile) -> str:
    """The problem in a few plain sentences: where and what, when, for whom, since when, how sure."""
    parts = (_unstated, _when, gender_sentence, _since, _certainty)
    return " ".join(filter(None, (_where(problem, t, city), *(part(problem, t) for part in parts))))


def gender_sentence(problem: Problem, t: Translator) -> str:
    """Who is affected: the women's share with its interval, the city's beside it, and how many are not known."""
    if "affected_gender" in problem.not_asked:
        neither = "reporter_gender" in problem.not_asked
        return t(NO_GENDER if neither else NO_AFFECTED)
    women, city, unknown = problem.women, problem.women_city, problem.unknown_gender
    if women is None:
        return t("For these alerts the gender of those affected is not known.")
    shares = {"share": women.value, "low": women.low, "high": women.high, "city": city, "unknown": unknown}
    values = {name: t.percent(share) for name, share in shares.items() if share is not None}
    return t(_WOMEN[city is not None, unknown is not None], **values)


def _where(problem: Problem, t: Translator, city: CityProfile) -> str:
    n, values = round(problem.n), {"place": t.label(problem.names), "start": problem.start, "end": problem.end}
    if problem.start is None or problem.end is None:
        return t.n("{place}: {n} alert.", "{place}: {n} alerts.", n, place=values["place"])
    main = sorted(problem.categories, key=lambda part: -part.share)[:3]
    main = [part for part in main if part.share >= 0.1 and part.id != UNCATEGORISED]
    named = [f"{category_label(t, city, part.id)} ({t.part(part.share)})" for part in main]
    if named and of_one_category(problem.categories):
        return t.n(
            "{place}: {n} alert from {start} to {end}, of the category {category}.",
            "{place}: {n} alerts from {start} to {end}, all of the category {category}.",
            n,
            **values,
            category=category_label(t, city, main[0].id),
        )
    if not named:
        return t.n(
            "{place}: {n} alert from {start} to {end}.",
            "{place}: {n} alerts from {start} to {end}.",
            n,
            **values,
        )
    return t.n(
        "{place}: {n} alert from {start} to {end}, mainly: {categories}.",
        "{place}: {n} alerts from {start} to {end}, mainly: {categories}.",
        n,
        **values,
        categories=t.join(named),
    )


def _unstated(problem: Problem, t: Translator) -> str:
    """That no alert of the place has a category, or how many state none."""
    if without_category(problem.categories):
        return t(NO_CATEGORY)
    unstated = next((part.share for part in problem.categories if part.id == UNCATEGORISED), 0.0)
    return t("For {share} of the alerts no category is stated.", share=t.part(unstated)) if unstated else ""


def _when(problem: Problem, t: Translator) -> str:
    if problem.hours is None:
        dark = problem.dark_share
        return "" if dark is None else t("{share} come after dark.", share=t.percent(dark))
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
    if problem.pattern not in _COURSE and problem.since is not None:
        return t("It has had more alerts than is usual for this place since {since}.", since=problem.since)
    return t(_COURSE.get(problem.pattern, ""))


def _certainty(problem: Problem, t: Translator) -> str:
    if problem.times is not None:
        denser = denser_sentence(problem.times, "city" if problem.against == "city" else "surroundings", t)
        return f"{t(OF_LARGER_CELLS)} {denser}"
    if problem.expected is None or problem.q is None:
        return ""
    ratio = problem.ratio
    limits = {} if ratio is None else {"ratio": ratio.value, "low": ratio.low, "high": ratio.high}
    words = first_case(
        (
            problem.q >= 0.05,
            N_(
                "As dense as its surroundings or the rest of the city it would have had {expected}; chance may explain "
                "the difference (corrected p: {p})."
            ),
        ),
        (
            ratio is None,
            N_(
                "As dense as its surroundings or the rest of the city it would have had {expected}; chance hardly "
                "explains so many more (corrected p: {p})."
            ),
        ),
        (
            True,
            N_(
                "As dense as its surroundings or the rest of the city it would have had {expected}; there were {ratio} "
                "times as many (95 % interval: {low} to {high}; the truth is probably somewhat lower, because the "
                "place was picked for standing out), which chance hardly explains (corrected p: {p})."
            ),
        ),
    )
    expected = (t.about if ratio is None else t.expected)(problem.expected)
    return t(words, expected=expected, p=t.p_value(problem.q), **limits)


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
        comparison area; None: none is proposed
    base : alerts before and their period, as long as the plan is to run (`baseline_dates`); None: the problem's own
    seen : the smallest visible fall by how similar areas vary; None: not known
    language : in which the plan's own sentences are written
    """
    fits = rank_measures(problem)
    usable = tuple(fit.measure for fit in fits if fit.measure.usable and fit.covered >= APPLIES_TO)
    chosen = usable[:1] if measures is None else tuple(measures)
    base = base or Objective(float(problem.n), problem.start, problem.end)
    drop = applicable_drop(problem, chosen, base.baseline)
    like = propose_comparison_area(cells, problem.cells) if cells is not None and problem.cells else None
    start = max(as_of, today or as_of) + START_AFTER
    by = start + PERIOD - dt.timedelta(days=1)
    least = seen.stated if seen else None
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
        areas=Areas(problem.cells, buffer_cells(problem.cells, city), like.cells if like else ()),
        assessment=Assessment(smallest_drop=least, review=by + REVIEW_AFTER),
        gender_check=GenderCheck(affected=gender_sentence(problem, t)),
    )
    return PlanDraft(
        plan,
        fits,
        (*plan_warnings(problem, chosen, drop, least), *filter(None, (old_baseline(plan),))),
        like.reasons if like else (),
    )


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


NOTHING_SEEN: Final = Message(
    "There are too few alerts for any fall to be seen: widen the area or agree on a second indicator."
)


def plan_warnings(
    problem: Problem, measures: Sequence[Measure], drop: float | None, seen: float | None
) -> tuple[Message, ...]:
    """What the reader must know before deciding."""
    cases = (
        (
            drop is None,
            Message(
                "No measure chosen so far has a number that applies to most of these alerts: set the target yourselves."
            ),
        ),
        (
            seen is None,
            NOTHING_SEEN,
        ),
        (
            drop is not None and seen is not None and drop < seen,
            Message(
                "The expected fall ({drop} alerts) is smaller than what could be seen ({seen}): widen the area, "
                "lengthen the period, or agree on a second indicator.",
                {"drop": round(drop or 0), "seen": int(np.ceil(seen or 0))},
            ),
        ),
        (
            sum(item.usable for item in measures) > 1,
            Message("Effects of several measures are not added up; the smallest one sets the target."),
        ),
        (
            bool(measures) and not any("GR" in item.setting for item in measures),
            Message("None of these measures was tested in Greece; effects are on recorded crime, not on alerts."),
        ),
        (
            any(item.effect_measure == "reports_change" for item in measures),
            Message("A campaign can raise alerts without more incidents: agree on a second indicator."),
        ),
        (
            problem.ratio is not None and problem.ratio.value > 1,
            Message(
                "A place chosen because it stood out often falls back by itself: compare with a place just as busy."
            ),
        ),
    )
    return tuple(message for holds, message in cases if holds)


def harm_questions(problem: Problem) -> tuple[Message, ...]:
    """Questions on possible harm that a plan has to answer before it is decided."""
    unasked = "affected_gender" in problem.not_asked
    cases = (
        (True, Message("Could the problem move next door? The buffer area is watched for that.")),
        (True, Message("Could some people feel watched, or be sent away from a place that is theirs too?")),
        (True, Message("Could the measure make people report less, or keep them away from the place?")),
        (women_stand_out(problem), Message("Were women who use the place asked, at the hours that matter?")),
        (unasked, Message("The alerts do not tell who is affected: who can say it for women and for men?")),
        (
            not unasked and (problem.unknown_gender or 0.0) > 0.2,
            Message("For many alerts the gender is not known: who is missing from this picture?"),
        ),
    )
    return tuple(question for holds, question in cases if holds)


def buffer_cells(cells: Sequence[str], city: CityProfile, rings: int = 1) -> tuple[str, ...]:
    """Cells on land in so many rings around an area: where its problem could move to. Sorted H3 hex strings.

    >>> buffer_cells([], None)
    ()
    """
    if not cells:
        return ()
    around = sorted(_disc(cells, rings) - set(cells))
    dry = city.on_land(np.array([h3.str_to_int(cell) for cell in around], np.int64))
    return tuple(cell for cell, kept in zip(around, dry, strict=True) if kept)


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
    count = (cells.set_index("cell") if "cell" in cells.columns else cells)["n"]
    counts = {
        h3.int_to_str(int(cell)): float(n) for cell, n in zip(count.index.to_numpy(), count.to_numpy(), strict=True)
    }
    total = sum(counts.get(cell, 0.0) for cell in treated)
    free = set(counts) - _disc(treated, apart) if treated else set()
    mean = total / max(len(treated), 1)
    near = sorted(free, key=lambda cell: (abs(counts[cell] - mean), cell))[:SEEDS]
    grown = [area for seed in near if (area := _grow(seed, free, counts, len(treated), mean)) is not None]
    if not grown:
        return None
    best = min(grown, key=lambda area: (abs(sum(counts[cell] for cell in area) - total), area))
    n = sum(counts[cell] for cell in best)
    found = Message(
        "The comparison area has {n} alerts in the same period, the treated area {treated}; it has as many cells "
        "and is not adjacent.",
        {"n": round(n), "treated": round(total)},
    )
    return ComparisonArea(
        best,
        n,
        (found, Message("No area is as busy as the treated one: its fall towards the mean may look like an effect."))
        if abs(n - total) > 0.25 * total > 0
        else (found,),
    )


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
