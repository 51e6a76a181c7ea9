"""A problem in words: whole sentences that carry their figures, made so that each language can say them its own way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from analysis.hotspots.grouping import denser_sentence
from analysis.spots.profile import hours_sentence, of_one_category, without_category
from curim_data.model import N_, CityProfile, Message, Translator, labels
from curim_data.model.absence import NO_AFFECTED, NO_CATEGORY, NO_GENDER
from curim_data.model.labels import UNCATEGORISED, hour_label
from curim_data.model.plan import Caution, Pattern, Problem

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
