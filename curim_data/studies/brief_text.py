"""The sentences of a briefing, the same on the page and in the document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from analysis.gender import CategoryRatios
from analysis.spots.profile import women_share_sentence
from analysis.stats.intervals import Choice
from analysis.trends.changes import ALPHA, AREA, NO_NEWS, PROBABLE
from curim_data.model import (
    N_,
    NO_AFFECTED,
    CityProfile,
    Gender,
    Message,
    Span,
    Translator,
    at_head,
    fewer_than,
    is_small,
)
from curim_data.model.absence import NO_AREAS, ONE_CATEGORY, TOO_FEW
from curim_data.model.i18n import C_, first_case
from curim_data.model.labels import (
    category_label,
    district_label,
    grade_words,
    inline,
    place_label,
)
from curim_data.studies.brief import AnyFinding, BriefChanges, BriefPage, BriefStudy, Finding, History
from curim_data.studies.cells import area_label, has_area
from curim_data.studies.changes import GRADES, EventFinding, area_in_words, compared_words, theme_in_words
from curim_data.studies.gender import weighs_more
from curim_data.studies.periods import NO_PLACE

MOST_SPOTS: Final = 5
SMALL: Final = N_(
    "From the protected copy: numbers can differ from those that specialists see, most so small ones; those "
    "under {k}, in sensitive categories under {sensitive}, are not written out."
)
SILENT: Final = N_("Strikingly few alerts for the number of residents: {places}. What happens there is not known.")


# Alerts from which on it is the time before, and not their number, that tells nothing.
MANY: Final = 200
# A fall to such a part of what was expected asks whether less is reported: a choice of ours, no tested limit.
MUCH_LESS: Final = 1 / 3
# The first sentence of the headline: how all alerts stand against what was expected.
_FIRST: Final = {
    "unknown": N_("{when}: {alerts}."),
    "usual": N_("{when}: {alerts}, about as many as expected ({expected})."),
    **dict.fromkeys(("more", "fewer"), N_("{when}: {alerts}, where {expected} were expected.")),
    "perhaps": N_("{when}: {alerts}, within the usual ups and downs (expected: {expected})."),
}
_HISTORY: Final[Mapping[History, Message]] = {
    "once": C_("history", "All at once"),
    "seasonal": C_("history", "As a year before"),
    "returned": C_("history", "Back again"),
    "new": C_("history", "New"),
    "growing": C_("history", "Rising"),
    "falling": C_("history", "Falling"),
}
_HISTORY_TOLD: Final[Mapping[History, Message]] = {
    "once": Message("All at once: most of it in a short time."),
    "seasonal": Message("As a year before: it was so at the same time of the year too."),
    "returned": Message("Back again: above the usual number once before, not so in the last year."),
    "new": Message("New: never so many here in these data."),
}


def headline(study: BriefChanges, t: Translator) -> str:
    """Since when, how many alerts, whether that is usual, what is not covered, and how many changes are clear; where
    the filter asks for a gender that no file holds, that.
    """
    if {Gender.WOMAN, Gender.MAN} & set(study.asked.affected) and not study.asks_affected:
        return t(NO_AFFECTED)
    return at_head(" ".join((first_sentence(study, t), *map(t, study.changes.gaps), attention_sentence(study, t))))


def first_sentence(study: BriefChanges, t: Translator) -> str:
    """How many alerts there are, against what was to be expected."""
    alerts = _recent_words(study, t)
    period = Span(study.since, study.until, by_month=study.by_month)
    since = study.ongoing and not study.by_month
    when = t("Since {since}", since=study.since) if since else t.span(period)
    values = {"when": when, "alerts": alerts, "expected": _expected_words(study, t)}
    return t(_FIRST[_standing(study)], **values)


def _standing(study: BriefChanges) -> str:
    """The verdict as it is worded: a key of `_FIRST`.

    A number that differs by more than what is no news, and yet not clearly, is not called "about as many".
    """
    if study.verdict != "usual" or study.city is None:
        return study.verdict
    return str(
        first_case(
            (study.too_few_to_tell or study.recent.withheld, "unknown"),
            (_about_as_many(study.city.after, study.city.expected), "usual"),
            (True, "perhaps"),
        )
    )


def _about_as_many(n: int, expected: float) -> bool:
    """Whether a number differs from the expected one, as it is written, by no more than what is no news."""
    written = round(expected, 0)  # NaN stays NaN
    return abs(n - written) <= max(1, NO_NEWS * written)


def _recent_words(study: BriefChanges, t: Translator) -> str:
    """How many alerts there were, and how many of them lie on days that can be compared, where these are not all."""
    if study.recent.withheld:
        return t(Message("fewer than {k} alerts", {"k": study.recent.threshold}))
    others = 0 if study.city is None else study.recent.n - study.city.after
    if study.city is not None and min(study.city.after, others) >= max(1, study.recent.threshold):
        values = {"compared": study.city.after, "n": study.recent.n}
        return t("{compared} of {n} alerts, on the days that can be compared", **values)
    return t.n("{n} alert", "{n} alerts", study.recent.n)


def _expected_words(study: BriefChanges, t: Translator) -> str:
    """The number that was to be expected; small ones as "fewer than"."""
    if study.city is None or math.isnan(study.city.expected):
        return ""
    n, least = round(study.city.expected), study.recent.threshold
    return t(fewer_than(least)) if is_small(n, least) else t.number(n)


def attention_sentence(study: BriefChanges, t: Translator) -> str:
    """How many changes are clear, or that none is."""
    if study.clear:
        return t.n("{n} clear change.", "{n} clear changes.", study.clear)
    many = study.city is not None and study.city.after >= MANY
    text = first_case(
        (nothing := _nothing_compared(study), nothing),
        (any(one.grade == "probable" for one in study.cards), N_("No change is clear; probable ones follow.")),
        (study.too_few_to_tell and many, N_("The time before is too short to tell a change from chance.")),
        (study.too_few_to_tell, TOO_FEW),
        (True, N_("No change is clear; the largest movements may be chance.")),
    )
    return t(text)


def _nothing_compared(study: BriefChanges) -> str | Message:
    """Why nothing was compared; empty where something was."""
    found = study.changes
    return first_case(
        (found.periods.other_light, N_("There is no earlier time of the same season to compare with.")),
        (found.periods.before is None, N_("There is no earlier time to compare with.")),
        (found.changes.n_tested, ""),
        (found.gaps, N_("Nothing is concluded from days that are not covered.")),
        (found.not_in_use.all, N_("There is nothing to compare.")),
        (True, N_("There are too few alerts to compare.")),
    )


def none_sentence(study: BriefChanges, t: Translator) -> str:
    """What stands where the changes would, when there is none: that none was found and what would have been."""
    if nothing := _nothing_compared(study):
        return t(nothing)
    if study.too_few_to_tell:
        return visible_sentence(study, t)
    found = t("None found: nothing changed by more than expected by chance.")
    areas = "" if set(AREA) & set(study.looked_at) else t(NO_AREAS)
    return " ".join(filter(None, (found, areas, visible_sentence(study, t))))


def no_spots_sentence(study: BriefPage, t: Translator) -> str:
    """What stands where the hot spots would, when there is none: that none was found, or that alerts are too few."""
    hot = study.hot
    if hot.unjudged is not None:
        return t(hot.unjudged)
    none = "" if hot.power.too_few else t("None found: no place stands out from its surroundings.")
    return " ".join(filter(None, (none, hot.power.sentence(t))))


def small_sentence(city: CityProfile, t: Translator) -> str:
    """That numbers are of the protected copy, and which of them are not written out."""
    return t(SMALL, k=city.least_count(False), sensitive=city.least_count(True))


def order_choices(city: CityProfile) -> tuple[Choice, ...]:
    """In which order hot spots stand, and why a named place has another number."""
    first = Message("First comes the place that is most surely above the expected number.")
    counted = Message("A hot spot counts its map cells, a place of the same name its radius.")
    return tuple(Choice("order", "excess", said) for said in (first, counted)[: 2 if city.landmarks else 1])


def visible_sentence(study: BriefChanges, t: Translator) -> str:
    """What would have been clear with 80 % probability, so that "none" can be weighed; empty without a test."""
    if study.visible is None or study.city is None:
        return ""
    if study.too_few_to_tell:
        return t("Of all alerts together, even twice as many would probably not have been clear.")
    rise, fall = (times * study.city.expected for times in study.visible)
    return t(
        "Of all alerts together, a rise to {rise} or a fall to {fall} would probably have been clear.",
        rise=math.ceil(rise),
        fall=math.floor(fall),
    )


def what_and_where(one: AnyFinding, city: CityProfile, t: Translator) -> tuple[str, str]:
    """The theme of a finding (its category, or all alerts), and its area: the smallest that it was found in."""
    if isinstance(one, EventFinding):
        return one.place_and_category(city, t)
    where = area_in_words(t, city, one.change.key, lambda cell: area_label(t, city, cell), one.within)
    return theme_in_words(t, city, one.change.key.get("category"), one.within), where


def title(one: AnyFinding, city: CityProfile, t: Translator) -> str:
    """What changed and where, as the heading of a card."""
    what, where = what_and_where(one, city, t)
    return t("{what}, {where}", what=what, where=where if in_area(one) else inline(where))


def further_titles(study: BriefChanges, city: CityProfile, t: Translator) -> dict[str, str]:
    """What is clear as well and stands in no card, each with its counts, by the id of its finding."""
    return {one.id: t.pair(title(one, city, t), counts_words(one, t)) for one in study.further}


def in_area(one: AnyFinding) -> bool:
    """Whether a finding is that of a part of the city."""
    return has_area(one.filter) or (isinstance(one, Finding) and any(one.change.key.get(name) for name in AREA))


def history_word(one: AnyFinding, t: Translator) -> str:
    """What the count of a finding did, in a word; empty of one that may be chance, which has no history to tell."""
    return "" if one.grade == "open" else t(_HISTORY[one.history])


def history_sentence(one: AnyFinding, t: Translator) -> str:
    """What the count of a finding did, where its word does not say it all; empty of one that may be chance."""
    told = None if one.grade == "open" else _HISTORY_TOLD.get(one.history)
    return t(told) if told else ""


def counts_before_after(finding: Finding, t: Translator) -> tuple[str, str]:
    """The counts before and after, small ones as "fewer than"."""
    before, after = (t(fewer_than(one.least)) if one.n is None else t.number(one.n) for one in finding.counts)
    return before, after


def counts_words(finding: Finding, t: Translator) -> str:
    """How many alerts, and how many were to be expected; in words where one of them is too small to be shown, or where
    the figures of who reads are about the same.
    """
    usual, came = counts_before_after(finding, t)
    expected, n = (count.n or 0 for count in finding.counts)
    alike = n == expected or (finding.grade == "open" and _about_as_many(n, expected))
    words = first_case(
        (
            finding.ordered and alike,
            t.n("{n} alert, about as many as expected", "{n} alerts, about as many as expected", n),
        ),
        (finding.counts[1].n == 1, t("1 alert (expected: {expected})", expected=usual)),
        (True, t("{n} alerts (expected: {expected})", n=came, expected=usual)),
    )
    return str(words)


def since_words(one: Finding, t: Translator) -> str:
    """Since when the count lies on the change's side of what is usual; empty where the last one does not.

    Empty too of a finding that may be chance.
    """
    if one.since is None or one.series is None or one.grade == "open":
        return ""
    monthly = t("unusual from {month} on", month=t.date(one.since, "LLLL y"))
    return monthly if one.series.unit == "month" else t("unusual since {day}", day=one.since)


def finding_sentences(one: AnyFinding, city: CityProfile, t: Translator) -> tuple[str, ...]:
    """What a finding says, the same on its page, on paper and in a command: its counts first, how sure it is last."""
    if isinstance(one, EventFinding):
        return (*one.sentences(city, t), sure_sentence(one, t))
    whole = one.change.part_of and replace(one, change=one.change.part_of, filter=one.within)
    said = (
        history_sentence(one, t),
        f"{at_head(since)}." if (since := since_words(one, t)) else "",
        carried_sentence(one, city, t),
        t("It is the main part of another change: {name}.", name=title(whole, city, t)) if whole else "",
        women_sentence(one, city, t),
        beside_sentence(one, city, t),
        t("The season alone may explain it.") if one.change.compared == "before" else "",
        reporting_question(one, t),
    )
    return (f"{counts_words(one, t)}.", *filter(None, said), sure_sentence(one, t))


def reporting_question(one: Finding, t: Translator) -> str:
    """What to ask of a large fall before it is taken for one of what happens: whether less is reported; else empty."""
    expected, came = one.counts
    if one.change.direction > 0 or one.grade == "open" or not expected.n:
        return ""
    large = (came.least - 1 if came.n is None else came.n) <= expected.n * MUCH_LESS
    return t("Is less reported, or is a source missing?") if large else ""


def carried_sentence(one: Finding, city: CityProfile, t: Translator) -> str:
    """Which districts carry a change of the whole city, or that it is spread; empty where that was not looked at."""
    if one.carried is None:
        return ""
    names = t.join([district_label(t, city, district) for district in one.carried])
    return t("Most of it: {districts}.", districts=names) if names else t("It is spread over the city.")


def beside_sentence(one: Finding, city: CityProfile, t: Translator) -> str:
    """That the opposite is clear next door, so that it may have moved, which nothing here shows; else empty."""
    words = N_("The opposite is clear next door: {name}. Whether it moved there, or came from there, is not shown.")
    return "" if one.beside is None else t(words, name=title(one.beside, city, t))


def tested_sentence(one: AnyFinding, t: Translator) -> str:
    """The period that was judged, and with what it was compared."""
    if isinstance(one, EventFinding):
        return ""
    after = Span(*one.periods.after, by_month=one.periods.by_month)
    before = compared_words(t, one.change.level, one.change.compared)
    return ". ".join((at_head(t.span(after)), t.pair(t("Compared with"), before))) + "."


def sure_sentence(one: AnyFinding, t: Translator) -> str:
    """How sure a finding is, in words."""
    return grade_words(t, one.grade, meaning=True)


def sure_number(finding: Finding, t: Translator) -> str:
    """The corrected p behind the grade, or what it is below where who reads may not know the counts."""
    if finding.exact_p:
        return t("corrected p {p}", p=t.p_value(finding.change.q, spaced=True))
    limit = {"clear": ALPHA[finding.change.level], "probable": PROBABLE}.get(finding.change.grade)
    return t("corrected p {p}", p=f"≤\u00a0{t.number(limit, 4)}" if limit else f">\u00a0{t.number(PROBABLE, 1)}")


def sure_explained(study: BriefChanges, finding: Finding, t: Translator) -> tuple[str, ...]:
    """What stands behind the grade: the number, among how many comparisons of its kind, and what the grades mean."""
    tested = study.changes.changes.tested.get(finding.change.level, 0)
    return (
        at_head(f"{sure_number(finding, t)}."),
        t.n(
            "It is corrected for {n} comparison of its kind, and is not the probability that the change is real.",
            "It is corrected for {n} comparisons of its kind, and is not the probability that the change is real.",
            tested,
        ),
        t(GRADES.explanation),
    )


def looked_sentence(study: BriefChanges, t: Translator) -> str:
    """How much was looked at, and that having looked so often was allowed for."""
    made = t.n(
        "{n} comparison was made, and having looked so often is allowed for.",
        "{n} comparisons were made, and having looked so often is allowed for.",
        study.changes.changes.n_tested,
    )
    chosen = t("What is told here was chosen from the alerts themselves.") if study.from_alerts else ""
    return f"{made} {chosen}".rstrip()


def women_sentence(finding: Finding, city: CityProfile, t: Translator) -> str:
    """The share of women among women and men affected, and of what it is that share; or that nobody may tell.

    Empty where nobody asked, or where the filter names genders.
    """
    whom = finding.whom
    if whom is None:
        return ""
    what = category_label(t, city, whom.category) if whom.category else t("All alerts")
    if not whom.women.known:
        return t("For whom: too few to tell.")
    told = women_share_sentence(whom.women, t)
    city_wide = t.pair(t("{what}, {where}", what=what, where=inline(t("Whole city"))), told)
    return told if whom.level == "here" else city_wide


def women_words(finding: Finding, t: Translator) -> str:
    """The share of women among the women and men of a finding itself; empty where that is not known."""
    whom = finding.whom
    if whom is None or whom.level != "here" or not whom.women.known:
        return ""
    return t("{share} women", share=t.share(whom.women.value, whom.women.low, whom.women.high))


def affected_sentence(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """Who is affected, where women and men differ most, and who is missing from the data."""
    parts = [t(NO_AFFECTED)]
    if study.asks_affected:
        ignored = t("Women and men are compared, so the filter by gender is ignored here.") if study.by_gender else ""
        parts = [ignored, study.shares.sentence(t), *_weighs_more(study.weights, city, t)]
    return " ".join(filter(None, (*parts, missing_sentence(study, city, t))))


def _weighs_more(weights: CategoryRatios, city: CityProfile, t: Translator) -> tuple[str, ...]:
    """Which categories weigh more on women and which on men; or that none is shown to."""
    none = t.n(
        "The one category that was compared is not shown to weigh more on women or on men.",
        "None of the {n} categories that were compared is shown to weigh more on women or on men.",
        weights.n_tested,
    )
    last = first_case(
        (weights.alone, t(ONE_CATEGORY)),
        (not weights.n_tested or weights.too_few, weights.sentence(t)),
        (True, none),
    )
    return weighs_more(weights, city, t) or (str(last),)


def missing_sentence(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """Who and what is missing from the data, beside the genders that nobody stated: alerts without a position, and
    where few alerts come from. Silence is "not known", never "safe". Empty where nothing is known to be missing.
    """
    silent = t.join([district_label(t, city, district) for district in study.silent])
    unheard = t.join([place_label(t, city, place) for place in study.unheard])
    others = (
        (silent, SILENT),
        (unheard, N_("Women alert strikingly little: {places}. Their safety there is not known.")),
    )
    return " ".join(
        filter(None, (_without_place(study, t), *(t(text, places=names) for names, text in others if names)))
    )


def _without_place(study: BriefStudy, t: Translator) -> str:
    """How many alerts no place counts; empty where there are none."""
    total = study.total
    if not total.unmapped:
        return ""
    n = fewer_than(total.threshold) if total.shown(total.unmapped) is None else total.unmapped
    copied = t("Alerts without a position that may be shown: {n}. No place counts them.", n=n)
    return copied if NO_PLACE in study.copy_notes else t("Alerts without a position: {n}. No place counts them.", n=n)
