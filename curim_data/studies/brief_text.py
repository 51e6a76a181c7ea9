"""The sentences of a briefing, the same on the page and in the document."""

from __future__ import annotations

import math
from typing import Final

from analysis.trends.changes import ALPHA, AREA, NO_NEWS, PROBABLE, Change
from curim_data.model import N_, CityProfile, Message, Translator
from curim_data.model.absence import NO_AFFECTED, NO_AREAS, ONE_CATEGORY, TOO_FEW, fewer_than
from curim_data.model.i18n import Span, at_head
from curim_data.model.labels import (
    category_label,
    district_label,
    group_label,
    inline,
    place_label,
)
from curim_data.studies.brief import BriefChanges, BriefStudy
from curim_data.studies.changes import GRADES
from curim_data.studies.coarse_areas import area_label
from curim_data.studies.copy_words import NO_PLACE
from curim_data.studies.events import EventFinding
from curim_data.studies.findings import Count, Finding

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


def headline(study: BriefChanges, t: Translator) -> str:
    """Since when, how many alerts, whether that is usual, what is not covered, and how many changes are clear."""
    said = (first_sentence(study, t), *map(t, study.changes.gaps), attention_sentence(study, t))
    return at_head(" ".join(said))


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
    if study.too_few_to_tell:
        return "unknown"
    if study.recent.withheld:
        return "unknown"
    if abs(study.city.after - study.city.expected) <= NO_NEWS * study.city.expected:
        return "usual"
    return "perhaps more" if study.city.after > study.city.expected else "perhaps fewer"


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
    return t(fewer_than(least)) if 0 < n < least else t.number(n)


def attention_sentence(study: BriefChanges, t: Translator) -> str:
    """How many changes are clear, or that none is."""
    if study.changes.periods.before is None:
        return _nothing_before(study, t)
    if not study.changes.changes.n_tested:
        return _nothing_tested(study, t)
    if study.clear:
        more = t("{n} clear changes deserve your attention.", n=study.clear)
        return t(ATTENTION[study.clear - 1]) if study.clear <= len(ATTENTION) else more
    if any(one.change.grade == "probable" for one in study.findings) or study.events:
        return t("No change is clear; probable ones follow.")
    if study.too_few_to_tell:
        many = study.city is not None and study.city.after >= MANY
        return t("The time before is too short to tell whether anything changed.") if many else t(TOO_FEW)
    return t("No change is clear; the largest movements may be chance.")


def _nothing_before(study: BriefChanges, t: Translator) -> str:
    if study.changes.periods.other_light:
        return t("There is no earlier time of the same season to compare with.")
    return t("There is no earlier time to compare with.")


def _nothing_tested(study: BriefChanges, t: Translator) -> str:
    if study.changes.gaps:
        return t("Nothing is concluded from days that are not covered.")
    if study.changes.not_in_use.all:
        return t("There is nothing to compare.")
    return t("There are too few alerts to compare.")


def none_sentence(study: BriefChanges, t: Translator) -> str:
    """What stands where the changes would, when there is none: that none was found and what would have been."""
    if study.changes.periods.before is None:
        return _nothing_before(study, t)
    if not study.changes.changes.n_tested:
        return _nothing_tested(study, t)
    if study.too_few_to_tell:
        return visible_sentence(study, t)
    if not set(AREA).isdisjoint(study.looked_at):
        found = t("None found: no place and no category changed by more than expected by chance.")
    elif "category" in study.looked_at:
        found = t("None found: no category changed by more than expected by chance.") + " " + t(NO_AREAS)
    else:
        found = t("None found: the number of all alerts changed no more than expected by chance.") + " " + t(NO_AREAS)
    return " ".join(filter(None, (found, visible_sentence(study, t))))


def no_spots_sentence(study: BriefStudy, t: Translator) -> str:
    """What stands where the hot spots would, when there is none: that none was found, or that alerts are too few."""
    power = study.hot.power
    if study.hot.unjudged is not None:
        return t(study.hot.unjudged)
    if power.too_few:
        return power.sentence(t)
    return t("None found: no place stands out from its surroundings.") + " " + power.sentence(t)


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
    if change.key.get("place"):
        return place_label(t, city, str(change.key["place"]))
    if change.key.get("district"):
        return district_label(t, city, str(change.key["district"]))
    cell = change.key.get("cell") or change.key.get("area")
    return area_label(t, city, str(cell)) if cell else t("Whole city")


def in_area(change: Change) -> bool:
    """Whether a change is that of a part of the city."""
    return any(change.key.get(name) for name in AREA)


def change_name(change: Change, city: CityProfile, t: Translator) -> str:
    """What changed and where, as the heading of a card."""
    where = change_area(change, city, t)
    if not in_area(change):
        where = inline(where)
    return t("{what}, {where}", what=change_theme(change, city, t), where=where)


def counts_before_after(finding: Finding, t: Translator) -> tuple[str, str]:
    """The counts before and after, small ones as "fewer than"."""
    before, after = finding.counts
    return _count_words(before, t), _count_words(after, t)


def _count_words(count: Count, t: Translator) -> str:
    return t(fewer_than(count.least)) if count.n is None else t.number(count.n)


def counts_words(finding: Finding, t: Translator) -> str:
    """How many alerts, and how many were to be expected; in words where one of them is too small to be shown."""
    usual, came = counts_before_after(finding, t)
    if finding.counts[1].n == 1:
        return t("1 alert (expected: {expected})", expected=usual)
    return t("{n} alerts (expected: {expected})", n=came, expected=usual)


def against_words(finding: Finding, t: Translator) -> str:
    """What lets expect that number, as the end of the sentence that gives it."""
    months, reach = finding.periods.by_month, finding.change.reach
    match finding.change.compared, finding.change.level == "city":
        case "season", True:
            return t("from the level of the last year and the season of the years before")
        case "season", _:
            return t("from its share of the city in the same season of the year before")
        case "year", _:
            return t("from the same days of the year before")
        case "before", _:
            return t("from the time just before")
    if finding.change.level == "district_category":
        return t("from its past, and from what its district and its category did")
    if months:
        return t.n(
            "from its share of the city in the {n} month before",
            "from its share of the city in the {n} months before",
            reach,
        )
    return t.n(
        "from its share of the city in the {n} week before", "from its share of the city in the {n} weeks before", reach
    )


def since_sentence(finding: Finding, t: Translator) -> str:
    """Since when the count lies on the change's side of what is usual; empty where the last one does not."""
    if finding.since is None or finding.series is None:
        return ""
    month = finding.series.unit == "month"
    since = t.date(finding.since, "LLLL y") if month else t.date(finding.since)
    match finding.change.direction > 0, month:
        case True, False:
            return t("More than usual in each week since {since}.", since=since)
        case False, False:
            return t("Fewer than usual in each week since {since}.", since=since)
        case True, _:
            return t("More than usual in each month since {since}.", since=since)
    return t("Fewer than usual in each month since {since}.", since=since)


def finding_sentences(finding: Finding, city: CityProfile, t: Translator) -> tuple[str, ...]:
    """What a finding says, the same on its card, on the page behind it and on paper; its counts are the first.

    How many, against what was to be expected, of what larger change it is the main part, since when, for whom, how
    sure.
    """
    first = t("{counts}, {against}.", counts=counts_words(finding, t), against=against_words(finding, t))
    said = (
        part_sentence(finding, city, t),
        since_sentence(finding, t),
        women_sentence(finding, city, t),
        sure_sentence(finding, t),
        season_sentence(finding, t),
    )
    return (first, *filter(None, said))


def part_sentence(finding: Finding, city: CityProfile, t: Translator) -> str:
    """Of what larger change this one is the main part; empty where it is of none."""
    whole = finding.change.part_of
    if whole is None:
        return ""
    return t("It is the main part of another change: {name}.", name=change_name(whole, city, t))


def tested_sentence(finding: Finding, t: Translator) -> str:
    """The period that was judged, and where the same days of the year before are known, those."""
    periods = finding.periods
    after = Span(*periods.after, by_month=periods.by_month)
    if periods.before is None or finding.change.compared == "past":
        return at_head(t("{after}.", after=after))
    return at_head(t("{after} against {before}.", after=after, before=Span(*periods.before, by_month=periods.by_month)))


def sure_sentence(finding: Finding, t: Translator) -> str:
    """Whether a change is clear or probable, in words."""
    match finding.change.grade:
        case "clear":
            return t("Clear: chance alone seldom makes such a change.")
        case "probable":
            return t("Probable: it may still be chance.")
    return t("May be chance.")


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
    number = sure_number(finding, t)
    tested = study.changes.changes.tested.get(finding.change.level, 0)
    return (
        f"{number[:1].upper()}{number[1:]}.",
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


def season_sentence(finding: Finding, t: Translator) -> str:
    """That the season may explain a change against the time just before; else empty."""
    return t("The season alone may explain it.") if finding.change.compared == "before" else ""


def women_sentence(finding: Finding, city: CityProfile, t: Translator) -> str:
    """The share of women among women and men affected, and of what it is that share; or that nobody may tell.

    Empty where nobody asked, or where the filter names genders.
    """
    whom = finding.whom
    if whom is None:
        return ""
    if not whom.women.known:
        return t("For whom cannot be told from the alerts of this change.")
    share = {
        "share": t.percent(whom.women.value),
        "low": t.number(100 * whom.women.low),
        "high": t.percent(whom.women.high),
    }
    if whom.level == "here":
        return t("Of the women and men affected, {share} are women ({low}–{high}).", **share)
    what = t("all alerts") if not whom.category else inline(category_label(t, city, whom.category))
    if whom.level == "district":
        where = district_label(t, city, whom.district)
        return t(
            "{where}, {what}: of the women and men affected, {share} are women ({low}–{high}).",
            where=where,
            what=what,
            **share,
        )
    if whom.level == "group":
        what = inline(group_label(t, city, city.categories[whom.category].group))
    return t(
        "In the whole city, {what}: of the women and men affected, {share} are women ({low}–{high}).",
        what=what,
        **share,
    )


def affected_sentence(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """Who is affected, where women and men differ most, and who is missing from the data."""
    missing = missing_sentence(study, city, t)
    if not study.asks_affected:
        return " ".join(filter(None, (t(NO_AFFECTED), missing)))
    parts = [t("Women and men are compared, so the filter by gender is ignored here.")] if study.by_gender else []
    parts.append(study.shares.sentence(t))
    weights = study.weights
    differ = weights.frame[weights.frame["significant"]]
    for more, message in (
        (True, Message("Weighs more on women: {categories}.")),
        (False, Message("Weighs more on men: {categories}.")),
    ):
        rows = differ[(differ["ratio"] > 1) == more].head(2)
        if len(rows):
            names = [inline(category_label(t, city, category)) for category in rows["category"]]
            parts.append(t(Message(message.text, {"categories": t.join(names)})))
    if weights.alone:
        parts.append(t(ONE_CATEGORY))
    elif not weights.n_tested or weights.too_few:
        parts.append(weights.sentence(t))
    elif differ.empty:
        parts.append(
            t.n(
                "The one category that was compared is not shown to weigh more on women or on men.",
                "None of the {n} categories that were compared is shown to weigh more on women or on men.",
                weights.n_tested,
            )
        )
    return " ".join(filter(None, (*parts, missing)))


def missing_sentence(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """Who and what is missing from the data, beside the genders that nobody stated: alerts without a position, and
    where few alerts come from. Silence is "not known", never "safe". Empty where nothing is known to be missing.
    """
    parts = []
    total = study.total
    if total.unmapped and NO_PLACE in study.copy_notes:
        unmapped = t(fewer_than(total.threshold)) if total.shown(total.unmapped) is None else total.unmapped
        parts.append(t("Alerts without a place in the copy: {n}. No place counts them.", n=unmapped))
    elif total.shown(total.unmapped) is None:
        parts.append(t("Fewer than {k} alerts have no position: no place counts them.", k=total.threshold))
    elif total.unmapped:
        parts.append(
            t.n(
                "{n} alert has no position: no place counts it.",
                "{n} alerts have no position: no place counts them.",
                total.unmapped,
            )
        )
    if study.silent:
        names = t.join([district_label(t, city, district) for district in study.silent])
        parts.append(
            t(
                "Strikingly few alerts for the number of residents: {places}. What happens there is not known.",
                places=names,
            )
        )
    if study.unheard:
        names = t.join([place_label(t, city, place) for place in study.unheard])
        parts.append(t("Women alert strikingly little: {places}. Their safety there is not known.", places=names))
    return " ".join(parts)
