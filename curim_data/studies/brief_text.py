"""The sentences of a briefing, the same on the page and in the document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from analysis.trends.changes import AREA, Change
from curim_data.model import CityProfile, Message, Translator
from curim_data.model.absence import NO_AFFECTED, NO_AREAS, ONE_CATEGORY, TOO_FEW, fewer_than
from curim_data.model.i18n import Span
from curim_data.model.labels import (
    category_label,
    district_label,
    inline,
    place_label,
)
from curim_data.studies.brief import BriefChanges, BriefStudy, Finding
from curim_data.studies.coarse_areas import area_label
from curim_data.studies.incidents import incidents_in_words
from curim_data.studies.periods import ComparedPeriods

MOST_SPOTS: Final = 5
# Corrected p-values below which a change is described as harder to explain by chance.
SURE: Final = 0.01
VERY_SURE: Final = 0.001


def headline(study: BriefChanges, t: Translator) -> str:
    """Since when, how many incidents, whether that is usual, and how many changes deserve attention."""
    basis = "season" if study.course else "year" if study.changes.periods.same_season else "before"
    alerts = _recent_words(study, t)
    if study.by_month:
        return f"{_headline_by_month(study, alerts, basis == 'year', t)} {attention_sentence(study, t)}"
    values = {"since": study.since, "alerts": alerts}
    side = _whole_city(study) if basis == "season" else 0
    if side and study.verdict == "usual":
        first = _usual_and_changed(side, study.changes.periods.same_season, values, t)
        return f"{first} {attention_sentence(study, t)}"
    if side and study.verdict == ("fewer" if side > 0 else "more"):
        first = _against_both(side, study.changes.periods.same_season, values, t)
        return f"{first} {attention_sentence(study, t)}"
    match study.verdict, basis:
        case "usual", "season":
            first = t("Since {since}: {alerts}, usual for this time of year.", **values)
        case "more", "season":
            first = t("Since {since}: {alerts}, more than usual for this time of year.", **values)
        case "fewer", "season":
            first = t("Since {since}: {alerts}, fewer than usual for this time of year.", **values)
        case "usual", "year":
            first = t("Since {since}: {alerts}, about as many as in the same weeks of the year before.", **values)
        case "more", "year":
            first = t("Since {since}: {alerts}, more than in the same weeks of the year before.", **values)
        case "fewer", "year":
            first = t("Since {since}: {alerts}, fewer than in the same weeks of the year before.", **values)
        case "usual", _:
            first = t("Since {since}: {alerts}, about as many as in the time just before.", **values)
        case "more", _:
            first = t("Since {since}: {alerts}, more than in the time just before.", **values)
        case "fewer", _:
            first = t("Since {since}: {alerts}, fewer than in the time just before.", **values)
        case _:
            first = t("Since {since}: {alerts}.", **values)
    return f"{first} {attention_sentence(study, t)}"


def _recent_words(study: BriefChanges, t: Translator) -> str:
    """How many incidents there were, and the alerts that report them."""
    if study.recent.n is None:
        return t(Message("fewer than {k} incidents", {"k": study.recent.threshold}))
    if study.incidents is None:
        return t.n("{n} alert", "{n} alerts", study.recent.n)
    return incidents_in_words(t, study.incidents, study.recent.n)


def _whole_city(study: BriefChanges) -> int:
    """The direction of the change of all alerts in the whole city, where that is a finding itself; else 0."""
    found = (one.change for one in study.findings if not any(one.change.key.values()))
    return next((change.direction for change in found), 0)


def _usual_and_changed(side: int, a_year: bool, values: Mapping[str, Any], t: Translator) -> str:
    """That a count is within what season and trend allow, and all the same another one than that compared with."""
    match side > 0, a_year:
        case True, True:
            return t(
                "Since {since}: {alerts}, within what season and long-term trend allow, yet more than in the same "
                "weeks of the year before.",
                **values,
            )
        case False, True:
            return t(
                "Since {since}: {alerts}, within what season and long-term trend allow, yet fewer than in the same "
                "weeks of the year before.",
                **values,
            )
        case True, False:
            return t(
                "Since {since}: {alerts}, within what season and long-term trend allow, yet more than in the time "
                "just before.",
                **values,
            )
    return t(
        "Since {since}: {alerts}, within what season and long-term trend allow, yet fewer than in the time just "
        "before.",
        **values,
    )


def _against_both(side: int, a_year: bool, values: Mapping[str, Any], t: Translator) -> str:
    """That a count is out of what season and trend let expect, and on the other side of that compared with."""
    match side > 0, a_year:
        case True, True:
            return t(
                "Since {since}: {alerts}, fewer than season and long-term trend let expect, yet more than in the same "
                "weeks of the year before.",
                **values,
            )
        case False, True:
            return t(
                "Since {since}: {alerts}, more than season and long-term trend let expect, yet fewer than in the same "
                "weeks of the year before.",
                **values,
            )
        case True, False:
            return t(
                "Since {since}: {alerts}, fewer than season and long-term trend let expect, yet more than in the time "
                "just before.",
                **values,
            )
    return t(
        "Since {since}: {alerts}, more than season and long-term trend let expect, yet fewer than in the time just "
        "before.",
        **values,
    )


def _headline_by_month(study: BriefChanges, alerts: str, a_year: bool, t: Translator) -> str:
    """The first sentence of the headline where the data know months alone."""
    values = {"period": t.span(Span(study.since, study.until, by_month=True)), "alerts": alerts}
    match study.verdict, a_year:
        case "usual", True:
            return t("{period}: {alerts}, about as many as in the same months of the year before.", **values)
        case "more", True:
            return t("{period}: {alerts}, more than in the same months of the year before.", **values)
        case "fewer", True:
            return t("{period}: {alerts}, fewer than in the same months of the year before.", **values)
        case "usual", _:
            return t("{period}: {alerts}, about as many as in the months just before.", **values)
        case "more", _:
            return t("{period}: {alerts}, more than in the months just before.", **values)
        case "fewer", _:
            return t("{period}: {alerts}, fewer than in the months just before.", **values)
    return t("{period}: {alerts}.", **values)


def since_text(finding: Finding, t: Translator) -> str:
    """The day, or the month where nothing finer is known, since which a count is outside its range; else empty."""
    if finding.since is None or finding.trend is None:
        return ""
    return t.date(finding.since, "MMMM y") if finding.trend.unit == "month" else t.date(finding.since)


def weeks_sentence(finding: Finding, t: Translator) -> str:
    """How the weeks of a change lie to the expected range that the small chart draws; empty where none is judged.

    A change over eight weeks may be beyond chance while each week is usual: the range of a week is wide, and follows
    the weeks before it. The card says so, or how many weeks lie outside.
    """
    weeks, trend = finding.weeks, finding.trend
    if trend is None or not weeks.judged or less_than_others(finding.change, t):
        return ""
    month, change = trend.unit == "month", finding.change
    same, other = (weeks.above, weeks.below) if change.direction > 0 else (weeks.below, weeks.above)
    if other:
        values = {"all": weeks.judged, "above": weeks.above, "below": weeks.below}
        if month:
            return t("Of its {all} months, {above} lie above the expected range and {below} below it.", **values)
        return t("Of its {all} weeks, {above} lie above the expected range and {below} below it.", **values)
    if same == weeks.judged or weeks.judged == 1:
        return ""
    if same and change.direction > 0:
        return _weeks_above(t, same, weeks.judged, month=month)
    if same:
        return _weeks_below(t, same, weeks.judged, month=month)
    if trend.rule.name == "season":
        if month:
            return t("Each of its months alone is usual for the time of year; the change shows in all together.")
        return t("Each of its weeks alone is usual for the time of year; the change shows in all together.")
    return t(
        "Each of its weeks alone lies within a range that follows the weeks before it; the change shows in all "
        "together."
    )


def _weeks_above(t: Translator, n: int, judged: int, *, month: bool) -> str:
    if month:
        return t.n(
            "{n} of its {all} months lies above the expected range.",
            "{n} of its {all} months lie above the expected range.",
            n,
            all=judged,
        )
    return t.n(
        "{n} of its {all} weeks lies above the expected range.",
        "{n} of its {all} weeks lie above the expected range.",
        n,
        all=judged,
    )


def _weeks_below(t: Translator, n: int, judged: int, *, month: bool) -> str:
    if month:
        return t.n(
            "{n} of its {all} months lies below the expected range.",
            "{n} of its {all} months lie below the expected range.",
            n,
            all=judged,
        )
    return t.n(
        "{n} of its {all} weeks lies below the expected range.",
        "{n} of its {all} weeks lie below the expected range.",
        n,
        all=judged,
    )


def attention_sentence(study: BriefChanges, t: Translator) -> str:
    """How many changes deserve attention."""
    if study.changes.periods.before is None:
        return _nothing_before(study, t)
    if not study.changes.changes.n_tested:
        return t("There are too few incidents to compare.")
    if not study.findings and too_few_to_tell(study):
        return t(TOO_FEW)
    if not study.findings and study.verdict in ("more", "fewer"):
        return t("No single place or category stands out.")
    if not study.findings:
        return t("No change is larger than chance explains.")
    return t.n("{n} change deserves attention.", "{n} changes deserve attention.", len(study.findings))


def _nothing_before(study: BriefChanges, t: Translator) -> str:
    if study.changes.periods.other_light:
        return t("There is no earlier time of the same season to compare with.")
    return t("There is no earlier time to compare with.")


def none_sentence(study: BriefChanges, t: Translator) -> str:
    """What stands where the changes would, when there is none: that none was found and what would have been.

    Where no earlier time can be compared with, it says that.
    """
    if study.changes.periods.before is None:
        return _nothing_before(study, t)
    if not study.changes.changes.n_tested:
        return t("There are too few incidents to compare.")
    if too_few_to_tell(study):
        return t(TOO_FEW) + " " + smallest_sentence(study, t)
    tested = study.changes.changes.frame
    tested = tested[tested["p"].notna()]
    if tested[list(AREA)].notna().any(axis=None):
        found = t("None found: no place and no category changed by more than expected by chance.")
    elif tested["category"].notna().any():
        found = t("None found: no category changed by more than expected by chance.") + " " + t(NO_AREAS)
    else:
        found = (
            t("None found: the number of all incidents changed no more than expected by chance.") + " " + t(NO_AREAS)
        )
    return " ".join(filter(None, (found, smallest_sentence(study, t))))


def no_spots_sentence(study: BriefStudy, t: Translator) -> str:
    """What stands where the hot spots would, when there is none: that none was found, or that alerts are too few."""
    power = study.hot.power
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
        parts.append(t("Of all incidents together, even twice as many would probably not have been noticed."))
    elif city is not None:
        values = {"before": round(city.expected), "rise": math.ceil(city.rise)}
        parts.append(
            t("Of all incidents together, a rise from {before} to {rise} or more would have been seen.", **values)
            if city.fall is None
            else t(
                "Of all incidents together, a rise from {before} to {rise} or more would have been seen, and a fall "
                "to {fall} or fewer.",
                **values,
                fall=math.floor(city.fall),
            )
        )
    if area is not None and not (city is not None and city.too_few):
        typical = t.n("{n} incident", "{n} incidents", max(round(area.expected), 1))
        parts.append(
            t(
                "Of a typical place or category ({before}), a rise to {rise} or more, but no fall.",
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
    name = category_label(t, city, str(category)) if category else t("All incidents")
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


def counts_before_after(change: Change, t: Translator) -> tuple[str, str]:
    """The counts before and after as they may be shown."""
    before, after = t.number(change.before), t.number(change.after)
    if change.bounded == "before":
        before = t(fewer_than(change.before + 1))
    if change.bounded == "after":
        after = t(fewer_than(change.after + 1))
    return before, after


def less_than_others(change: Change, t: Translator) -> str:
    """That a count fell (or rose) less than what it is compared with, which is no warning; else empty."""
    if change.bounded or change.compared != "city" or not change.direction:
        return ""
    fell, rose = change.after < change.expected, change.after > change.expected
    here = in_area(change)
    if change.direction > 0 and fell:
        if here:
            return t("It fell, but less than the rest of the city.")
        return t("It fell, but less than all other incidents.")
    if change.direction < 0 and rose:
        if here:
            return t("It rose, but less than the rest of the city.")
        return t("It rose, but less than all other incidents.")
    return ""


def than_others(change: Change, t: Translator) -> str:
    """Whether a count rose or fell more or less than what it is compared with; empty where that is its own past."""
    if less := less_than_others(change, t):
        return less
    if change.bounded or change.compared != "city" or change.after == change.expected:
        return ""
    here = in_area(change)
    if change.direction > 0:
        return t("It rose more than the rest of the city.") if here else t("It rose more than all other incidents.")
    if change.direction < 0:
        return t("It fell more than the rest of the city.") if here else t("It fell more than all other incidents.")
    return ""


def chance_sentence(change: Change, t: Translator) -> str:
    """How hard it is to explain a change by chance, with the corrected p-value: no probability that it is real."""
    p = t.p_value(change.q)
    if change.q < VERY_SURE:
        return t("Very hard to explain by chance (corrected p {p}).", p=p)
    if change.q < SURE:
        return t("Hard to explain by chance (corrected p {p}).", p=p)
    return t("Not easily explained by chance (corrected p {p}).", p=p)


def comparison_sentence(change: Change, periods: ComparedPeriods, t: Translator) -> str:
    """What a change was compared with: its own past, and what went on around it; and what the season may explain.

    The rest of the city takes out a season that all share, and not one of the place or category itself.
    """
    if periods.by_month:
        return _comparison_by_month(change, periods, t)
    if change.compared == "before":
        if periods.same_season:
            return t("Compared with the same weeks of the year before.")
        return t("Compared with the time just before: the season alone may explain it.")
    if in_area(change):
        if periods.same_season:
            return t("Compared with the same weeks of the year before, and with the change in the rest of the city.")
        return t(
            "Compared with the time just before, and with the change in the rest of the city: a season of its own may "
            "explain it."
        )
    if periods.same_season:
        return t("Compared with the same weeks of the year before, and with the change in all other incidents.")
    return t(
        "Compared with the time just before, and with the change in all other incidents: a season of its own may "
        "explain it."
    )


def _comparison_by_month(change: Change, periods: ComparedPeriods, t: Translator) -> str:
    if change.compared == "before":
        if periods.same_season:
            return t("Compared with the same months of the year before.")
        return t("Compared with the months just before: the season alone may explain it.")
    if in_area(change):
        if periods.same_season:
            return t("Compared with the same months of the year before, and with the change in the rest of the city.")
        return t(
            "Compared with the months just before, and with the change in the rest of the city: a season of its own "
            "may explain it."
        )
    if periods.same_season:
        return t("Compared with the same months of the year before, and with the change in all other incidents.")
    return t(
        "Compared with the months just before, and with the change in all other incidents: a season of its own may "
        "explain it."
    )


def women_sentence(study: BriefChanges, finding: Finding, t: Translator) -> str:
    """The share of women among women and men affected, or that it cannot be shown.

    Empty where nobody asked, or where the filter names genders.
    """
    if not study.asks_affected or study.by_gender:
        return ""
    if finding.women is None and finding.whom_protected:
        return t("For whom: protected (a group is so small that its number could be worked out).")
    if finding.women is None:
        return t("For whom: too few to show.")
    return t(
        "Of the women and men affected, {share} are women ({low}–{high}).",
        share=t.percent(finding.women.value),
        low=t.number(100 * finding.women.low),
        high=t.percent(finding.women.high),
    )


def affected_sentence(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """Who is affected, where women and men differ most, and who is missing from the data."""
    if not study.asks_affected:
        return t(NO_AFFECTED)
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
    elif not weights.n_tested:
        parts.append(weights.sentence(t))
    elif differ.empty:
        parts.append(
            t.n(
                "The one category that was compared is not shown to weigh more on women or on men.",
                "None of the {n} categories that were compared is shown to weigh more on women or on men.",
                weights.n_tested,
            )
        )
    if weights.n_tested and weights.n_withheld and not weights.alone:
        parts.append(
            t.n(
                "{n} category is protected and was not compared.",
                "{n} categories are protected and were not compared.",
                weights.n_withheld,
            )
        )
    return " ".join(parts)
