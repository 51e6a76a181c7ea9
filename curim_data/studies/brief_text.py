"""The sentences of a briefing, the same on the page and in the document."""

from __future__ import annotations

import math
from typing import Final

from analysis.trends.changes import AREA, Change
from analysis.trends.smallest_change import TELLING_RATIO
from curim_data.model import CityProfile, Message, Translator
from curim_data.model.absence import NO_AFFECTED, NO_AREAS, ONE_CATEGORY, TOO_FEW, fewer_than
from curim_data.model.i18n import Span, at_head
from curim_data.model.labels import (
    category_label,
    district_label,
    group_label,
    inline,
    place_label,
)
from curim_data.studies.brief import BriefChanges, BriefStudy, Verdict
from curim_data.studies.coarse_areas import area_label
from curim_data.studies.copy_words import NO_PLACE
from curim_data.studies.findings import SURE, VERY_SURE, Count, Finding

MOST_SPOTS: Final = 5
ALPHA: Final = 0.05


# How many changes deserve attention, up to `MOST_FINDINGS`.
ATTENTION: Final = (
    Message("One change deserves your attention."),
    Message("Two changes deserve your attention."),
    Message("Three changes deserve your attention."),
    Message("Four changes deserve your attention."),
    Message("Five changes deserve your attention."),
)


def headline(study: BriefChanges, t: Translator) -> str:
    """Since when, how many alerts, whether that is usual, and how many changes deserve attention."""
    return at_head(f"{first_sentence(study, t)} {attention_sentence(study, t)}")


def first_sentence(study: BriefChanges, t: Translator) -> str:
    """How many alerts, against what is usual for the season; or, where the whole city is a finding itself or no
    season is known, against the time that changes are compared with.
    """
    side = _whole_city(study)
    verdict = study.verdict if not side else "more" if side > 0 else "fewer"
    if verdict == "usual" and not _usual_says_something(study):
        verdict = "unknown"
    basis = "year" if study.changes.periods.same_season else "before"
    alerts = _recent_words(study, t)
    if study.by_month:
        return _headline_by_month(study, verdict, alerts, basis == "year", t)
    when = t("Since {since}", since=study.since) if study.ongoing else t.span(Span(study.since, study.until))
    values = {"when": when, "alerts": alerts}
    match verdict, "season" if study.course and not side else basis:
        case "usual", "season":
            return t("{when}: {alerts}, usual for this time of year.", **values)
        case "more", "season":
            return t("{when}: {alerts}, more than usual for this time of year.", **values)
        case "fewer", "season":
            return t("{when}: {alerts}, fewer than usual for this time of year.", **values)
        case "usual", "year":
            return t("{when}: {alerts}, no clear difference from the same weeks of the year before.", **values)
        case "more", "year":
            return t("{when}: {alerts}, more than in the same weeks of the year before.", **values)
        case "fewer", "year":
            return t("{when}: {alerts}, fewer than in the same weeks of the year before.", **values)
        case "usual", _:
            return t("{when}: {alerts}, no clear difference from the time just before.", **values)
        case "more", _:
            return t("{when}: {alerts}, more than in the time just before.", **values)
        case "fewer", _:
            return t("{when}: {alerts}, fewer than in the time just before.", **values)
    return t("{when}: {alerts}.", **values)


def _recent_words(study: BriefChanges, t: Translator) -> str:
    """How many alerts there were."""
    if study.recent.withheld:
        return t(Message("fewer than {k} alerts", {"k": study.recent.threshold}))
    return t.n("{n} alert", "{n} alerts", study.recent.n)


def _whole_city(study: BriefChanges) -> int:
    """The direction of the change of all alerts in the whole city, where that is a finding itself; else 0."""
    found = (one.change for one in study.findings if not any(one.change.key.values()))
    return next((change.direction for change in found), 0)


def _usual_says_something(study: BriefChanges) -> bool:
    """Whether twice as many would not have been called usual too."""
    if study.course is None:
        return not too_few_to_tell(study)
    expected = study.course.expected
    return expected.high < TELLING_RATIO * expected.value


def _headline_by_month(study: BriefChanges, verdict: Verdict, alerts: str, a_year: bool, t: Translator) -> str:
    """The first sentence of the headline where the data know months alone."""
    values = {"period": t.span(Span(study.since, study.until, by_month=True)), "alerts": alerts}
    match verdict, a_year:
        case "usual", True:
            return t("{period}: {alerts}, no clear difference from the same months of the year before.", **values)
        case "more", True:
            return t("{period}: {alerts}, more than in the same months of the year before.", **values)
        case "fewer", True:
            return t("{period}: {alerts}, fewer than in the same months of the year before.", **values)
        case "usual", _:
            return t("{period}: {alerts}, no clear difference from the months just before.", **values)
        case "more", _:
            return t("{period}: {alerts}, more than in the months just before.", **values)
        case "fewer", _:
            return t("{period}: {alerts}, fewer than in the months just before.", **values)
    return t("{period}: {alerts}.", **values)


def attention_sentence(study: BriefChanges, t: Translator) -> str:
    """How many changes deserve attention."""
    if study.changes.periods.before is None:
        return _nothing_before(study, t)
    if not study.changes.changes.n_tested:
        return _nothing_tested(study, t)
    if not study.findings and too_few_to_tell(study):
        return t(TOO_FEW)
    if not study.findings and study.verdict in ("more", "fewer"):
        return t("No single place or category stands out.")
    if not study.findings:
        return t("No change is larger than chance explains.")
    return t(ATTENTION[len(study.findings) - 1])


def _nothing_before(study: BriefChanges, t: Translator) -> str:
    if study.changes.periods.other_light:
        return t("There is no earlier time of the same season to compare with.")
    return t("There is no earlier time to compare with.")


def _nothing_tested(study: BriefChanges, t: Translator) -> str:
    if study.changes.not_in_use.all:
        return t("There is nothing to compare.")
    return t("There are too few alerts to compare.")


def none_sentence(study: BriefChanges, t: Translator) -> str:
    """What stands where the changes would, when there is none: that none was found and what would have been.

    Where no earlier time can be compared with, it says that. It stands below the headline: where that says that
    alerts are too few to tell, what would not have been noticed is said alone.
    """
    if study.changes.periods.before is None:
        return _nothing_before(study, t)
    if not study.changes.changes.n_tested:
        return _nothing_tested(study, t)
    if too_few_to_tell(study):
        return smallest_sentence(study, t)
    if not set(AREA).isdisjoint(study.looked_at):
        found = t("None found: no place and no category changed by more than expected by chance.")
    elif "category" in study.looked_at:
        found = t("None found: no category changed by more than expected by chance.") + " " + t(NO_AREAS)
    else:
        found = t("None found: the number of all alerts changed no more than expected by chance.") + " " + t(NO_AREAS)
    return " ".join(filter(None, (found, smallest_sentence(study, t))))


def no_spots_sentence(study: BriefStudy, t: Translator) -> str:
    """What stands where the hot spots would, when there is none: that none was found, or that alerts are too few."""
    power = study.hot.power
    if study.hot.unjudged is not None:
        return t(study.hot.unjudged)
    if power.too_few:
        return power.sentence(t)
    return t("None found: no place stands out from its surroundings.") + " " + power.sentence(t)


def too_few_to_tell(study: BriefChanges) -> bool:
    """Whether "no change" would be no finding: even a doubling of all alerts would probably not have been seen."""
    city = study.smallest[0]
    return city is not None and city.too_few


def smallest_sentence(study: BriefChanges, t: Translator) -> str:
    """What would have been seen with 80 % probability, so that "none" can be weighed; empty without a test."""
    city, area = study.smallest
    parts = []
    if city is not None and city.too_few:
        parts.append(t("Of all alerts together, even twice as many would probably not have been noticed."))
    elif city is not None:
        values = {"before": round(city.expected), "rise": math.ceil(city.rise)}
        parts.append(
            t("Of all alerts together, a rise from {before} to {rise} or more would have been seen.", **values)
            if city.fall is None
            else t(
                "Of all alerts together, a rise from {before} to {rise} or more would have been seen, and a fall "
                "to {fall} or fewer.",
                **values,
                fall=math.floor(city.fall),
            )
        )
    if area is not None and not (city is not None and city.too_few):
        typical = t.n("{n} alert", "{n} alerts", max(round(area.expected), 1))
        parts.append(
            t(
                "Of a typical place or category ({before}), a rise to {rise} or more; even a fall to none could have "
                "gone unnoticed.",
                before=typical,
                rise=math.ceil(area.rise),
            )
            if area.fall is None or area.fall < 1
            else t(
                "Of a typical place or category ({before}), a rise to {rise} or more, or a fall to {fall} or fewer.",
                before=typical,
                rise=math.ceil(area.rise),
                fall=math.floor(area.fall),
            )
        )
    if len(parts) > (city is not None and city.too_few):
        parts.append(t("(With a probability of 80 %, after correction for all comparisons.)"))
    return " ".join(parts)


def change_theme(change: Change, city: CityProfile, t: Translator) -> str:
    """The theme of a change: its category, or all alerts; after dark where it is about that."""
    category = change.key.get("category")
    name = category_label(t, city, str(category)) if category else t("All alerts")
    return t("{category} after dark", category=name) if change.key.get("dark") else name


def change_area(change: Change, city: CityProfile, t: Translator) -> str:
    """The area of a change: its place, its district, its map cell, or the whole city."""
    if change.key.get("place"):
        return place_label(t, city, str(change.key["place"]))
    if change.key.get("district"):
        return district_label(t, city, str(change.key["district"]))
    if change.key.get("cell"):
        return area_label(t, city, str(change.key["cell"]))
    return t("Whole city")


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
    """From how many to how many; in words alone where both are too small to say which is larger."""
    if not finding.ordered:
        least = max(count.least for count in finding.counts)
        if finding.change.direction > 0:
            return t("More alerts than expected (fewer than {k} before and after)", k=least)
        return t("Fewer alerts than expected (fewer than {k} before and after)", k=least)
    before, after = counts_before_after(finding, t)
    return t("{before} → {after} alerts", before=before, after=after)


def against_words(finding: Finding, t: Translator) -> str:
    """What the counts are compared with, as the end of the sentence that gives them."""
    periods = finding.periods
    if periods.by_month:
        if periods.same_season:
            return t("against the same months of the year before")
        return t("against the months just before")
    if periods.same_season:
        return t("against the same weeks of the year before")
    return t("against the time just before")


def since_sentence(finding: Finding, t: Translator) -> str:
    """Since when each week lies on the change's side of the year before; empty where the last one does not."""
    if finding.since is None or finding.series is None:
        return ""
    more, month = finding.change.direction > 0, finding.series.unit == "month"
    since = t.date(finding.since, "LLLL y") if month else t.date(finding.since)
    match more, month:
        case True, False:
            every = t("More than a year before in each week.")
            part = t("More than a year before in each week since {since}.", since=since)
        case False, False:
            every = t("Fewer than a year before in each week.")
            part = t("Fewer than a year before in each week since {since}.", since=since)
        case True, _:
            every = t("More than a year before in each month.")
            part = t("More than a year before in each month since {since}.", since=since)
        case _:
            every = t("Fewer than a year before in each month.")
            part = t("Fewer than a year before in each month since {since}.", since=since)
    return every if finding.every_week else part


def finding_sentences(finding: Finding, city: CityProfile, t: Translator) -> tuple[str, ...]:
    """What a finding says, the same on its card, on the page behind it and on paper; its counts are the first.

    From how many to how many, against what went on around it, since when, for whom, how sure.
    """
    first = t("{counts}, {against}.", counts=counts_words(finding, t), against=against_words(finding, t))
    said = (
        than_others(finding.change, t),
        since_sentence(finding, t),
        women_sentence(finding, city, t),
        sure_sentence(finding, t),
        season_sentence(finding, t),
    )
    return (first, *filter(None, said))


def tested_sentence(finding: Finding, t: Translator) -> str:
    """The two periods that were compared, with their dates."""
    periods = finding.periods
    assert periods.before is not None
    told = t(
        "{after} against {before}.",
        after=Span(*periods.after, by_month=periods.by_month),
        before=Span(*periods.before, by_month=periods.by_month),
    )
    return at_head(told)


def less_than_others(change: Change, t: Translator) -> str:
    """That a count fell (or rose) less than what it is compared with, which is no warning; else empty."""
    if change.few or change.compared != "city" or not change.direction:
        return ""
    fell, rose = change.after < change.expected, change.after > change.expected
    here = in_area(change)
    if change.direction > 0 and fell:
        if here:
            return t("It fell, but less than the rest of the city.")
        return t("It fell, but less than all other alerts.")
    if change.direction < 0 and rose:
        if here:
            return t("It rose, but less than the rest of the city.")
        return t("It rose, but less than all other alerts.")
    return ""


def than_others(change: Change, t: Translator) -> str:
    """Whether a count rose or fell more or less than what it is compared with; empty where that is its own past."""
    if less := less_than_others(change, t):
        return less
    if change.few or change.compared != "city" or change.after == change.expected:
        return ""
    here = in_area(change)
    if change.direction > 0:
        return t("It rose more than the rest of the city.") if here else t("It rose more than all other alerts.")
    if change.direction < 0:
        return t("It fell more than the rest of the city.") if here else t("It fell more than all other alerts.")
    return ""


def sure_sentence(finding: Finding, t: Translator) -> str:
    """How sure it is that a change is not chance, in one of three steps."""
    match finding.certainty:
        case "almost certain":
            return t("Almost certainly not chance.")
        case "very likely":
            return t("Very likely not chance.")
    return t("Probably not chance.")


def sure_number(finding: Finding, t: Translator) -> str:
    """The corrected p behind the step, or what it is below where who reads may not know the counts."""
    if finding.exact_p:
        return t("corrected p {p}", p=t.p_value(finding.change.q, spaced=True))
    limit = {"almost certain": VERY_SURE, "very likely": SURE, "likely": ALPHA}[finding.certainty]
    return t("corrected p {p}", p=f"<\u00a0{t.number(limit, 3 if limit < SURE else 2)}")


def sure_explained(study: BriefChanges, finding: Finding, t: Translator) -> tuple[str, ...]:
    """What stands behind the step: the number, what it means, and the three steps."""
    number = sure_number(finding, t)
    return (
        f"{number[:1].upper()}{number[1:]}.",
        _corrected_for(study, t),
        t(
            "Almost certainly: below {almost}. Very likely: below {very}. Probably: below {likely}.",
            almost=t.number(VERY_SURE, 3),
            very=t.number(SURE, 2),
            likely=t.number(ALPHA, 2),
        ),
    )


def _corrected_for(study: BriefChanges, t: Translator) -> str:
    """How many comparisons the number is corrected for, and of what, where the counts beside it are the copy's."""
    if study.from_alerts:
        return t.n(
            "It is corrected for {n} comparison of the alerts themselves, and is not the probability that the change "
            "is real.",
            "It is corrected for {n} comparisons of the alerts themselves, and is not the probability that the change "
            "is real.",
            study.changes.changes.n_tested,
        )
    return t.n(
        "It is corrected for {n} comparison, and is not the probability that the change is real.",
        "It is corrected for {n} comparisons, and is not the probability that the change is real.",
        study.changes.changes.n_tested,
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
    """What the season may explain; empty where the same weeks of two years, or whole years, are compared.

    The rest of the city takes out a season that all share, and not one of the place or category itself.
    """
    if finding.periods.same_light:
        return ""
    if finding.change.compared == "city":
        return t("A season of its own may explain it.")
    return t("The season alone may explain it.")


def women_sentence(finding: Finding, city: CityProfile, t: Translator) -> str:
    """The share of women among women and men affected, and of what it is that share; or that nobody may tell.

    Empty where nobody asked, or where the filter names genders.
    """
    whom = finding.whom
    if whom is None:
        return ""
    if not whom.women.known:
        return t("For whom is not known: hardly any alert says whether it affects women or men.")
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
