"""The sentences of a briefing, the same on the page and in the document, and its four questions for the meeting.

The questions follow from the findings, places, categories and plans by rules, in the order of a focused conversation
(ORID: objective, reflective, interpretive, decisional). Each step takes the first rule that applies; where none does,
the question of the step itself is asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from analysis.gender import CategoryRatios
from analysis.hotspots.grouping import is_compared
from analysis.report.papers import PlanRow
from analysis.trends.changes import ALPHA, AREA, NO_NEWS, PROBABLE, Change
from curim_data.model import N_, NO_AFFECTED, CityProfile, Message, Span, Translator, at_head, fewer_than, is_small
from curim_data.model.absence import NO_AREAS, ONE_CATEGORY, TOO_FEW
from curim_data.model.i18n import first_case
from curim_data.model.labels import (
    category_label,
    district_label,
    gender_label,
    group_label,
    inline,
    place_label,
)
from curim_data.privacy import share_is_told
from curim_data.studies.brief import BriefChanges, BriefStudy, Finding
from curim_data.studies.cells import area_label
from curim_data.studies.changes import GRADES, EventFinding, area_in_words
from curim_data.studies.evaluation import Standing
from curim_data.studies.periods import NO_PLACE

MOST_SPOTS: Final = 5


# How many clear changes deserve attention.
ATTENTION: Final = (
    Message("One clear change deserves your attention."),
    Message("Two clear changes deserve your attention."),
    Message("Three clear changes deserve your attention."),
    Message("Four clear changes deserve your attention."),
    Message("Five clear changes deserve your attention."),
    Message("Six clear changes deserve your attention."),
    Message("Seven clear changes deserve your attention."),
    Message("Eight clear changes deserve your attention."),
)
# Alerts from which on it is the time before, and not their number, that tells nothing.
MANY: Final = 200
# The first sentence of the headline: how all alerts stand against what was expected, and whether that is of the time
# just before.
_FIRST: Final = {
    ("usual", True): N_("{when}: {alerts}, about as many as just before ({expected})."),
    ("more", True): N_("{when}: {alerts}, more than just before ({expected})."),
    ("fewer", True): N_("{when}: {alerts}, fewer than just before ({expected})."),
    ("perhaps more", True): N_("{when}: {alerts}, not clearly more than just before ({expected})."),
    ("perhaps fewer", True): N_("{when}: {alerts}, not clearly fewer than just before ({expected})."),
    ("usual", False): N_("{when}: {alerts}, about as many as usual for this time of year ({expected})."),
    ("more", False): N_("{when}: {alerts}, more than usual for this time of year ({expected})."),
    ("fewer", False): N_("{when}: {alerts}, fewer than usual for this time of year ({expected})."),
    ("perhaps more", False): N_("{when}: {alerts}, not clearly more than usual for this time of year ({expected})."),
    ("perhaps fewer", False): N_("{when}: {alerts}, not clearly fewer than usual for this time of year ({expected})."),
}


# What lets expect the number of a finding, by how it is compared and whether it is of the whole city.
_AGAINST: Final = {
    ("season", True): N_("from the level of the last year and the season of the years before"),
    ("season", False): N_("from its share of the city in the same season of the year before"),
    **dict.fromkeys((("year", True), ("year", False)), N_("from the same days of the year before")),
    **dict.fromkeys((("before", True), ("before", False)), N_("from the time just before")),
}
# By whether there are more alerts than usual, and whether they are counted by month.
_SINCE: Final = {
    (True, False): N_("More than usual in each week since {since}."),
    (False, False): N_("Fewer than usual in each week since {since}."),
    (True, True): N_("More than usual in each month since {since}."),
    (False, True): N_("Fewer than usual in each month since {since}."),
}
_SURE: Final = {
    "clear": N_("Clear: chance alone seldom makes such a change."),
    "probable": N_("Probable: it may still be chance."),
    "open": N_("May be chance."),
}


def headline(study: BriefChanges, t: Translator) -> str:
    """Since when, how many alerts, whether that is usual, what is not covered, and how many changes are clear."""
    return at_head(" ".join((first_sentence(study, t), *map(t, study.changes.gaps), attention_sentence(study, t))))


def first_sentence(study: BriefChanges, t: Translator) -> str:
    """How many alerts there are, against what was to be expected."""
    alerts = _recent_words(study, t)
    period = Span(study.since, study.until, by_month=study.by_month)
    since = study.ongoing and not study.by_month
    when = t("Since {since}", since=study.since) if since else t.span(period)
    values = {"when": when, "alerts": alerts, "expected": _expected_words(study, t)}
    just_before = study.city is not None and study.city.compared == "before"
    return t(_FIRST.get((_standing(study), just_before), N_("{when}: {alerts}.")), **values)


def _standing(study: BriefChanges) -> str:
    """The verdict as it is worded: a key of `_FIRST`, or "unknown".

    A number that differs by more than what is no news, and yet not clearly, is not called "about as many".
    """
    if study.verdict != "usual" or study.city is None:
        return study.verdict
    n, expected = study.city.after, study.city.expected
    return str(
        first_case(
            (study.too_few_to_tell or study.recent.withheld, "unknown"),
            (abs(n - expected) <= NO_NEWS * expected, "usual"),
            (n > expected, "perhaps more"),
            (True, "perhaps fewer"),
        )
    )


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
    many = study.city is not None and study.city.after >= MANY
    probable = study.events or any(one.change.grade == "probable" for one in study.findings)
    text = first_case(
        (nothing := _nothing_compared(study), nothing),
        (study.clear > len(ATTENTION), N_("{n} clear changes deserve your attention.")),
        (study.clear, ATTENTION[min(study.clear, len(ATTENTION)) - 1]),
        (probable, N_("No change is clear; probable ones follow.")),
        (study.too_few_to_tell and many, N_("The time before is too short to tell whether anything changed.")),
        (study.too_few_to_tell, TOO_FEW),
        (True, N_("No change is clear; the largest movements may be chance.")),
    )
    return t(text, n=study.clear)


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
    areas = not set(AREA).isdisjoint(study.looked_at)
    found = first_case(
        (study.too_few_to_tell, ""),
        (areas, N_("None found: no place and no category changed by more than expected by chance.")),
        ("category" in study.looked_at, N_("None found: no category changed by more than expected by chance.")),
        (True, N_("None found: the number of all alerts changed no more than expected by chance.")),
    )
    return " ".join(filter(None, (t(found), t(NO_AREAS) if found and not areas else "", visible_sentence(study, t))))


def no_spots_sentence(study: BriefStudy, t: Translator) -> str:
    """What stands where the hot spots would, when there is none: that none was found, or that alerts are too few."""
    hot = study.hot
    if hot.unjudged is not None:
        return t(hot.unjudged)
    none = "" if hot.power.too_few else t("None found: no place stands out from its surroundings.")
    return " ".join(filter(None, (none, hot.power.sentence(t))))


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


def change_theme(change: Change, city: CityProfile, t: Translator) -> str:
    """The theme of a change: its category, or all alerts."""
    category = change.key.get("category")
    return category_label(t, city, str(category)) if category else t("All alerts")


def change_area(change: Change, city: CityProfile, t: Translator) -> str:
    """The area of a change: its place, its district, its map cell, or the whole city."""
    return area_in_words(t, city, change.key, lambda cell: area_label(t, city, cell))


def in_area(change: Change) -> bool:
    """Whether a change is that of a part of the city."""
    return any(change.key.get(name) for name in AREA)


def change_name(change: Change, city: CityProfile, t: Translator) -> str:
    """What changed and where, as the heading of a card."""
    where = change_area(change, city, t)
    where = where if in_area(change) else inline(where)
    return t("{what}, {where}", what=change_theme(change, city, t), where=where)


def counts_before_after(finding: Finding, t: Translator) -> tuple[str, str]:
    """The counts before and after, small ones as "fewer than"."""
    before, after = (t(fewer_than(one.least)) if one.n is None else t.number(one.n) for one in finding.counts)
    return before, after


def counts_words(finding: Finding, t: Translator) -> str:
    """How many alerts, and how many were to be expected; in words where one of them is too small to be shown."""
    usual, came = counts_before_after(finding, t)
    if finding.counts[1].n == 1:
        return t("1 alert (expected: {expected})", expected=usual)
    return t("{n} alerts (expected: {expected})", n=came, expected=usual)


def against_words(finding: Finding, t: Translator) -> str:
    """What lets expect that number, as the end of the sentence that gives it."""
    change = finding.change
    if words := _AGAINST.get((change.compared, change.level == "city")):
        return t(words)
    if change.level == "district_category":
        return t("from its past, and from what its district and its category did")
    if finding.periods.by_month:
        return t.n(
            "from its share of the city in the {n} month before",
            "from its share of the city in the {n} months before",
            change.reach,
        )
    return t.n(
        "from its share of the city in the {n} week before",
        "from its share of the city in the {n} weeks before",
        change.reach,
    )


def since_sentence(finding: Finding, t: Translator) -> str:
    """Since when the count lies on the change's side of what is usual; empty where the last one does not."""
    if finding.since is None or finding.series is None:
        return ""
    month = finding.series.unit == "month"
    since = t.date(finding.since, "LLLL y") if month else t.date(finding.since)
    return t(_SINCE[finding.change.direction > 0, month], since=since)


def finding_sentences(finding: Finding, city: CityProfile, t: Translator) -> tuple[str, ...]:
    """What a finding says, the same on its card, on the page behind it and on paper; its counts are the first.

    How many, against what was to be expected, of what larger change it is the main part, since when, for whom, how
    sure.
    """
    first = t("{counts}, {against}.", counts=counts_words(finding, t), against=against_words(finding, t))
    whole = finding.change.part_of
    said = (
        t("It is the main part of another change: {name}.", name=change_name(whole, city, t)) if whole else "",
        since_sentence(finding, t),
        women_sentence(finding, city, t),
        sure_sentence(finding, t),
        t("The season alone may explain it.") if finding.change.compared == "before" else "",
    )
    return (first, *filter(None, said))


def tested_sentence(finding: Finding, t: Translator) -> str:
    """The period that was judged, and where the same days of the year before are known, those."""
    periods = finding.periods
    after = Span(*periods.after, by_month=periods.by_month)
    if periods.before is None or finding.change.compared == "past":
        return at_head(t("{after}.", after=after))
    return at_head(t("{after} against {before}.", after=after, before=Span(*periods.before, by_month=periods.by_month)))


def sure_sentence(finding: Finding, t: Translator) -> str:
    """Whether a change is clear or probable, in words."""
    return t(_SURE[finding.change.grade])


def event_sure(event: EventFinding, t: Translator) -> str:
    """Whether an event is clear or probable, in words."""
    if event.clear:
        return t("Clear: chance alone seldom makes so many at once.")
    return t("Probable: more at once than this category ever had.")


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
    if study.from_alerts:
        return t.n(
            "{n} comparison of the alerts themselves was made, and having looked so often is allowed for; the counts "
            "are those of the protected copy.",
            "{n} comparisons of the alerts themselves were made, and having looked so often is allowed for; the counts "
            "are those of the protected copy.",
            study.changes.changes.n_tested,
        )
    return t.n(
        "{n} comparison was made, and having looked so often is allowed for.",
        "{n} comparisons were made, and having looked so often is allowed for.",
        study.changes.changes.n_tested,
    )


def women_sentence(finding: Finding, city: CityProfile, t: Translator) -> str:
    """The share of women among women and men affected, and of what it is that share; or that nobody may tell.

    Empty where nobody asked, or where the filter names genders.
    """
    whom = finding.whom
    if whom is None:
        return ""
    what = inline(category_label(t, city, whom.category)) if whom.category else t("all alerts")
    if whom.level == "group":
        what = inline(group_label(t, city, city.categories[whom.category].group))
    text = first_case(
        (not whom.women.known, N_("For whom cannot be told from the alerts of this change.")),
        (whom.level == "here", N_("Of the women and men affected, {share} are women ({low}–{high}).")),
        (
            whom.level == "district",
            N_("{where}, {what}: of the women and men affected, {share} are women ({low}–{high})."),
        ),
        (
            True,
            N_("In the whole city, {what}: of the women and men affected, {share} are women ({low}–{high})."),
        ),
    )
    return t(
        text,
        where=district_label(t, city, whom.district) if whom.district else "",
        what=what,
        share=t.percent(whom.women.value),
        low=t.number(100 * whom.women.low),
        high=t.percent(whom.women.high),
    )


def affected_sentence(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """Who is affected, where women and men differ most, and who is missing from the data."""
    parts = [t(NO_AFFECTED)]
    if study.asks_affected:
        ignored = t("Women and men are compared, so the filter by gender is ignored here.") if study.by_gender else ""
        parts = [ignored, study.shares.sentence(t), *_weighs_more(study.weights, city, t)]
    return " ".join(filter(None, (*parts, missing_sentence(study, city, t))))


def _weighs_more(weights: CategoryRatios, city: CityProfile, t: Translator) -> tuple[str, ...]:
    """Which categories weigh more on women and which on men, two of each at most; or that none is shown to."""
    differ = weights.frame[weights.frame["significant"]]
    sides = (
        (N_("Weighs more on women: {categories}."), differ.loc[differ["ratio"] > 1, "category"].head(2)),
        (N_("Weighs more on men: {categories}."), differ.loc[~(differ["ratio"] > 1), "category"].head(2)),
    )
    none = t.n(
        "The one category that was compared is not shown to weigh more on women or on men.",
        "None of the {n} categories that were compared is shown to weigh more on women or on men.",
        weights.n_tested,
    )
    last = first_case(
        (weights.alone, t(ONE_CATEGORY)),
        (not weights.n_tested or weights.too_few, weights.sentence(t)),
        (differ.empty, none),
        (True, ""),
    )
    named = (
        t(text, categories=t.join([inline(category_label(t, city, name)) for name in names]))
        for text, names in sides
        if len(names)
    )
    return *named, str(last)


def missing_sentence(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """Who and what is missing from the data, beside the genders that nobody stated: alerts without a position, and
    where few alerts come from. Silence is "not known", never "safe". Empty where nothing is known to be missing.
    """
    silent = t.join([district_label(t, city, district) for district in study.silent])
    unheard = t.join([place_label(t, city, place) for place in study.unheard])
    others = (
        (silent, N_("Strikingly few alerts for the number of residents: {places}. What happens there is not known.")),
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
    hidden = total.shown(total.unmapped) is None
    if NO_PLACE in study.copy_notes:
        n = fewer_than(total.threshold) if hidden else total.unmapped
        return t("Alerts without a place in the copy: {n}. No place counts them.", n=n)
    if hidden:
        return t("Fewer than {k} alerts have no position: no place counts them.", k=total.threshold)
    return t.n(
        "{n} alert has no position: no place counts it.",
        "{n} alerts have no position: no place counts them.",
        total.unmapped,
    )


def meeting_questions(
    study: BriefStudy, city: CityProfile, t: Translator, plans: Sequence[PlanRow] = ()
) -> tuple[str, ...]:
    """The four questions, in order."""
    return (
        _shown(study, city, t),
        _surprising(study, city, t),
        _meaning(study, city, t),
        _to_decide(study, city, t, plans),
    )


def _shown(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """Whether what the data show fits what people on the spot see."""
    if study.findings:
        first = study.findings[0]
        name = change_name(first.change, city, t)
        return t(
            "{name}: {counts}. Does this match what is seen there?", name=name, counts=inline(counts_words(first, t))
        )
    if study.changes.changes.n_tested:
        told = first_sentence(study, t) if study.verdict in ("more", "fewer") else attention_sentence(study, t)
        if city.provisional:  # its name may be that of a file
            return t("{found} Does this match what is seen in the city?", found=at_head(told))
        return t("{found} Does this match what is seen in {city}?", found=at_head(told), city=t.label(city.names))
    return t("What do the data show?")


def _surprising(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """What nobody expected: a rise beside a fall, the second change, or the first hot spot."""
    found, least = study.findings, study.total.threshold
    rise = next((one.change for one in found if one.kind != "fall"), None)
    fall = next((one.change for one in found if one.kind == "fall"), None)
    if rise is not None and fall is not None and in_area(rise) and in_area(fall):
        names = {"rise": change_name(rise, city, t), "fall": change_name(fall, city, t)}
        return t("More: {rise}. Fewer: {fall}. Does this surprise us, and could the two be connected?", **names)
    if len(found) > 1:
        first, second = (change_name(one.change, city, t) for one in found[:2])
        return t("Which of these surprises us more, and why: “{first}” or “{second}”?", first=first, second=second)
    if study.hot.spots and not is_compared(spot := study.hot.spots[0]):
        place = study.names[spot.id](t)
        return t("{place}: {told} Does this surprise us?", place=place, told=at_head(spot.sentence(t, least)))
    if study.hot.spots and spot.expected is not None:
        return t(
            "{place}: {n} alerts; expected from the surroundings: {expected}. Does this surprise us?",
            place=study.names[spot.id](t),
            n=fewer_than(least) if is_small(spot.n, least) else round(spot.n),
            expected=t.roughly(spot.expected),
        )
    shares = study.shares
    most = shares.frame[shares.frame["gender"].isin(("woman", "man"))].sort_values("share").iloc[-1]
    of_all = share_is_told(float(most["n"]), shares.total, shares.least)
    if study.asks_affected and shares.women_written and of_all:
        return t(
            "{gender}: {share} of those affected. Does this surprise us, and who may be missing?",
            gender=gender_label(t, most["gender"]),
            share=t.percent(float(most["share"])),
        )
    return t("What surprises us?")


def _meaning(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """What may lie behind the first change, or the first hot spot, and who can find out."""
    text = first_case(
        (
            study.findings and study.findings[0].kind == "fall",
            N_(
                "{name}: what may lie behind the fall: fewer incidents, less reporting, or something that was done? "
                "Who can find out?"
            ),
        ),
        (
            study.findings,
            N_(
                "{name}: what may lie behind the rise: more incidents, more reporting, or something new there? Who "
                "can find out?"
            ),
        ),
        (
            study.hot.spots,
            N_(
                "{place}: what could make it stand out: the place itself, the hour, or who reports from there? Who can "
                "find out?"
            ),
        ),
        (
            study.hot.power.too_few,
            N_("The alerts are too few to name places: who could tell us more about where and when they happen?"),
        ),
        (True, N_("What could it mean?")),
    )
    name = change_name(study.findings[0].change, city, t) if study.findings else ""
    return t(text, name=name, place=study.names[study.hot.spots[0].id](t) if study.hot.spots else "")


def _to_decide(study: BriefStudy, city: CityProfile, t: Translator, plans: Sequence[PlanRow]) -> str:
    """What to do: about a plan that is late or due, else about the first change in a place, or the first hot spot."""
    late, due = (
        next((plan.title for plan in plans if plan.standing == one), "") for one in (Standing.LATE, Standing.DUE)
    )
    place = next((change_area(one.change, city, t) for one in study.findings if in_area(one.change)), "")
    if study.hot.spots and not study.findings:
        place = study.names[study.hot.spots[0].id](t)
    text = first_case(
        (late, N_("“{plan}” is late: what does it need, and from whom?")),
        (due, N_("“{plan}” is due for evaluation: who does it, and by when?")),
        (place, N_("{place}: do we plan something there now, or look again at the next meeting?")),
        (study.findings, N_("What do we decide?")),
        (
            set(AREA).isdisjoint(study.looked_at),
            N_("Places could not be compared: who adds districts and named places, so that they can be next time?"),
        ),
        (True, N_("No number here asks for a decision: what do we want to know at the next meeting?")),
    )
    return t(text, plan=late or due, place=place)
