"""The quality study in words: one finding a subject, with its sentence, its number and how it was found."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pandas as pd

from curim_data.model import Message, Translator
from curim_data.model.absence import NO_AFFECTED, NO_GENDER, NO_REPORTERS
from curim_data.quality.completeness import COLUMNS
from curim_data.quality.study import MONTH, Detail, QualityStudy

# Shares from which on a finding needs attention.
MANY_OUTSIDE: Final = 0.01
MANY_NEAR: Final = 0.05
MORE_THAN_CHANCE: Final = 1.5
MANY_SILENT: Final = 0.2
MANY_EMPTY: Final = 0.5
LATE_HOURS: Final = 168.0
FINE_ENOUGH: Final = 10
FELL: Final = 0.2
# Columns that every analysis leans on; the others are empty in many good exports.
NEEDED: Final = frozenset({"occurred_from", "hour", "coordinates", "category", "affected_gender"})
RECENT_MONTHS: Final = 3
EARLIER_MONTHS: Final = 12


@dataclass(frozen=True)
class Finding:
    """What the study says of one subject.

    `key` names the section; `attention` whether a reader should act on it, `weight` (0 to 1) how much of the data it
    touches; `n` the alerts that it rests on; `settings` the rule.
    """

    key: str
    title: str
    sentence: str
    settings: str
    n: int
    attention: bool
    weight: float


def findings(t: Translator, study: QualityStudy) -> list[Finding]:
    """What the study found, what needs attention first and, of that, what touches most alerts."""
    found = [_default_coordinates(t, study), _unknown(t, study), _genders(t, study)]
    if study.detail is not None:
        makers: tuple[Callable[[Translator, QualityStudy, Detail], Finding], ...] = (
            _months, _gaps, _jumps, _completeness, _outside, _precision, _lag, _near, _incidents,
        )  # fmt: skip
        found += [make(t, study, study.detail) for make in makers]
    return sorted(found, key=lambda one: (not one.attention, -one.weight))


def _default_coordinates(t: Translator, study: QualityStudy) -> Finding:
    found = study.default_coordinates
    share = float(found["share"].sum()) if len(found) else 0.0
    if found.empty:
        sentence = t("No point holds far more alerts than the others.")
    else:
        sentence = t.n(
            "{n} point holds far more alerts than the others. Its alerts count in every total and are left out of hot "
            "spots.",
            "{n} points hold far more alerts than the others. Their alerts count in every total and are left out of "
            "hot spots.",
            len(found),
        )
    rule = t(
        "A point is listed when its identical coordinates hold more than 20 alerts, more than 1 % of those in the "
        "city, and more than five times as many as 95 % of the points with 20 or fewer hold: where positions were "
        "moved to the points of a list, its busy corners are not listed."
    )
    n = (study.total.mapped or 0) + (study.total.outside or 0)
    return Finding("piles", t("Many alerts on one point"), sentence, rule, n, not found.empty, share)


def _unknown(t: Translator, study: QualityStudy) -> Finding:
    found = study.unknown
    share = float(found["n"].sum()) / study.total.of if study.total.of else 0.0
    unstated = study.uncategorised
    if unstated and unstated == study.total.of:
        sentence = t("No alert here has a category: this export names none, or none was assigned.")
    elif found.empty:
        sentence = t("None: every category is in the list.")
    else:
        sentence = t.n(
            "{n} category is not in the city's list; {share} of the alerts have it.",
            "{n} categories are not in the city's list; {share} of the alerts have them.",
            len(found),
            share=t.percent(share, 1),
        )
    if 0 < unstated < study.total.threshold:
        sentence += " " + t("Fewer than {k} alerts state no category.", k=study.total.threshold)
    elif 0 < unstated < study.total.of:
        sentence += " " + t.n("{n} alert states no category.", "{n} alerts state no category.", int(unstated))
    rule = t(
        "They count in every total under their own name. The city's list can be changed on the tab “City profile”."
    )
    title = t("Categories that the city's list does not hold")
    attention = not found.empty or bool(unstated and unstated == study.total.of)
    return Finding("unknown", title, sentence, rule, study.total.of, attention, share)


def _genders(t: Translator, study: QualityStudy) -> Finding:
    frame = study.genders
    n = float(frame["n"].sum())
    affected, reporter = (
        float((frame[name] * frame["n"]).sum()) / n if n else 0.0 for name in ("affected", "reporter")
    )
    sentence = t(
        "The gender of the person affected is not known in {affected} of the alerts, that of the reporter in "
        "{reporter}.",
        affected=t.percent(affected, 1),
        reporter=t.percent(reporter, 1),
    )
    lacking = {"affected_gender": NO_AFFECTED, "reporter_gender": NO_REPORTERS}
    absent = [why for name, why in lacking.items() if name not in study.asked]
    if absent:
        sentence = t(NO_GENDER) if len(absent) == len(lacking) else f"{t(absent[0])} {sentence}"
    rule = t("Alerts whose gender was not disclosed or not asked, as a share of the alerts of the district.")
    title = t("Gender not known, by district")
    return Finding("genders", title, sentence, rule, int(n), affected > MANY_SILENT, affected)


def _months(t: Translator, study: QualityStudy, detail: Detail) -> Finding:
    n = detail.month_only
    share = n / study.total.of if study.total.of else 0.0
    if n:
        sentence = t.n(
            "Of {n} alert ({share}) only the month is known: its week, day and hour mean nothing. Read such data by "
            "month.",
            "Of {n} alerts ({share}) only the month is known: their week, day and hour mean nothing. Read such data by "
            "month.",
            n,
            share=t.percent(share, 1),
        )
    else:
        sentence = t("No alert is known by its month alone.")
    rule = t("From 5 % of such alerts on, gaps and jumps are looked for by month.")
    return Finding("months", t("Dates known by month only"), sentence, rule, study.total.of, n > 0, share)


def _gaps(t: Translator, study: QualityStudy, detail: Detail) -> Finding:  # noqa: ARG001 (one form for all)
    coverage = study.coverage
    days = sum(gap.days for gap in coverage.gaps)
    of = max(1, sum((last - first).days + 1 for first, last in coverage.spans.values()))
    told = [t(one) for one in coverage.sentences()]
    if coverage.complete:
        told.insert(0, t("No stretch of days without alerts is longer than chance explains."))
    rule = t(
        "A stretch is listed when chance, at the source's own pace on both sides of it and with its bursts, would make "
        "fewer than 0.05 so long. Comparisons leave such days out on both sides."
    )
    title = t("Days that the sources cover")
    return Finding("gaps", title, " ".join(told), rule, study.total.of, not coverage.complete, min(1.0, days / of))


def _jumps(t: Translator, study: QualityStudy, detail: Detail) -> Finding:  # noqa: ARG001 (one form for all)
    found, many = detail.jumps, len(detail.periods)
    if not many:
        sentence = t("Not looked for: there are too few whole weeks or months.")
    elif found.empty:
        sentence = t("None lies improbably far from its neighbours: {n} were compared.", n=many)
    elif detail.unit == MONTH:
        sentence = t.n(
            "{n} month of {of} lies improbably far from its neighbours.",
            "{n} months of {of} lie improbably far from their neighbours.",
            len(found),
            of=many,
        )
    else:
        sentence = t.n(
            "{n} week of {of} lies improbably far from its neighbours.",
            "{n} weeks of {of} lie improbably far from their neighbours.",
            len(found),
            of=many,
        )
    if len(found):
        sentence += " " + t("Look whether an export is there twice, or in part.")
    rule = t(
        "Each count is compared with the median of the six before and the six after it; what is listed lies more "
        "than 4 robust spreads away, on the scale of square roots. The first and the last, which may be cut off, "
        "are left out."
    )
    weight = min(1.0, len(found) / many) if many else 0.0
    return Finding("jumps", t("Jumps in time"), sentence, rule, int(detail.periods.sum()), len(found) > 0, weight)


def fallen(completeness: pd.DataFrame) -> pd.DataFrame:
    """Columns filled much less in the last three months than in the twelve before: column, before, now (shares)."""
    rows = []
    for name, frame in completeness.dropna(subset=["month"]).groupby("column", sort=False):
        frame = frame.sort_values("month").tail(RECENT_MONTHS + EARLIER_MONTHS)
        before, now = frame.iloc[:-RECENT_MONTHS], frame.iloc[-RECENT_MONTHS:]
        if before["n"].sum() and now["n"].sum():
            shares = [float(part["filled"].sum() / part["n"].sum()) for part in (before, now)]
            if shares[0] - shares[1] >= FELL:
                rows.append((name, *shares))
    return pd.DataFrame(rows, columns=["column", "before", "now"])


def _completeness(t: Translator, study: QualityStudy, detail: Detail) -> Finding:
    whole = detail.completeness[detail.completeness["month"].isna()]
    poor = whole[whole["share"] < MANY_EMPTY].sort_values("share")
    fell = fallen(detail.completeness)

    def named(columns: pd.Series) -> str:
        return t.join([t(COLUMNS[name]) for name in columns])

    if poor.empty:
        sentence = t("Every column is filled in at least half of the alerts.")
    else:
        sentence = t("Filled in less than half of the alerts: {columns}.", columns=named(poor["column"]))
    if len(fell):
        sentence += " " + t(
            "Filled much less in the last three months than in the year before: {columns}.",
            columns=named(fell["column"]),
        )
    rule = t(
        "A gender counts as filled where it is stated, a category where the city's list holds it, the time of the "
        "resolution among resolved alerts alone. Falls are reported from 20 percentage points on."
    )
    weight = float((1 - poor["share"]).mean()) if len(poor) else float((fell["before"] - fell["now"]).max() or 0.0)
    attention = bool(poor["column"].isin(NEEDED).any()) or len(fell) > 0
    title = t("How much of each column is filled")
    return Finding(
        "completeness", title, sentence, rule, study.total.of, attention, 0.0 if weight != weight else weight
    )


def _outside(t: Translator, study: QualityStudy, detail: Detail) -> Finding:  # noqa: ARG001 (one form for all)
    found = detail.outside
    share = found.n / found.of if found.of else 0.0
    if found.n:
        sentence = t.n(
            "{n} alert ({share} of those with coordinates) lies outside the city. It is stored and counted apart, "
            "and left off the city's maps.",
            "{n} alerts ({share} of those with coordinates) lie outside the city. They are stored and counted apart, "
            "and left off the city's maps.",
            found.n,
            share=t.percent(share, 1),
        )
    else:
        sentence = t("Every alert with coordinates lies in the city.")
    rule = t("Inside is the city's land and 30 m around it. Grouped by map cells about 900 m wide.")
    title = t("Points outside the city")
    return Finding("outside", title, sentence, rule, found.of, share > MANY_OUTSIDE, share)


def _precision(t: Translator, study: QualityStudy, detail: Detail) -> Finding:  # noqa: ARG001 (one form for all)
    found = detail.precision
    title = t("How exact the coordinates are")
    rule = t(
        "Default coordinates are left out. A map cell's edge must not be shorter than the step between positions; "
        "edges measure 531 m at resolution 8, 201 m at 9, 76 m at 10, 29 m at 11 and 11 m at 12."
    )
    if found is None:
        return Finding("precision", title, t("No alert off the piles has coordinates."), rule, 0, False, 0.0)
    return Finding(
        "precision",
        title,
        t(found.reason) + " " + finest_words(t, found.finest),
        rule,
        found.n,
        found.finest is None or found.finest < FINE_ENOUGH,
        1.0 if found.finest is None else 0.5,
    )


def finest_words(t: Translator, finest: int | None) -> str:
    """Which map cells the coordinates support, in one sentence."""
    if finest is None:
        return t("They are too coarse for any map cell: compare districts instead.")
    return t("They support map cells of resolution {finest} and coarser.", finest=finest)


def _lag(t: Translator, study: QualityStudy, detail: Detail) -> Finding:  # noqa: ARG001 (one form for all)
    found = detail.lag
    title = t("From the event to its report")
    rule = t(
        "Over the alerts that give both times, those known by month left out. Where the event is given by its date "
        "alone, the time counts from midnight and is too long by up to a day."
    )
    if found is None:
        return Finding("lag", title, t("No alert gives both times."), rule, 0, False, 0.0)
    sentence = t(
        "Half of the alerts come within {median} of the event, nine in ten within {late}. Later than a day: {one}, "
        "than a week: {seven}, than four weeks: {many}.",
        median=duration(t, found.median),
        late=duration(t, found.late),
        one=t.percent(found.over[1], 1),
        seven=t.percent(found.over[7], 1),
        many=t.percent(found.over[28], 1),
    )
    if found.negative:
        sentence += " " + t.n(
            "{n} alert was reported before it happened: look at its clock.",
            "{n} alerts were reported before they happened: look at the clocks.",
            found.negative,
        )
    attention = found.negative > 0 or found.median > LATE_HOURS
    return Finding("lag", title, sentence, rule, found.n, attention, max(found.negative / found.n, found.over[7]))


def duration(t: Translator, hours: float) -> str:
    """A stretch of time in minutes, hours or days."""
    if hours < 0:
        return t("less than no time")
    if hours < 1:
        return t.n("{n} minute", "{n} minutes", max(1, math.ceil(hours * 60)))
    if hours < 48:
        return t.n("{n} hour", "{n} hours", math.ceil(hours - 1e-9))
    return t.n("{n} day", "{n} days", math.ceil(hours / 24 - 1e-9))


def _near(t: Translator, study: QualityStudy, detail: Detail) -> Finding:  # noqa: ARG001 (one form for all)
    found = detail.near_duplicates
    share = found.alerts / found.of if found.of else 0.0
    title = t("Near-duplicates")
    rule = t(
        "Same category, within 50 m and 48 hours, of other incidents; alerts on piles and those known by month only "
        "are not compared. None is removed: two people may have seen one event, or there were two."
    )
    if found.too_many:
        sentence = t("Not looked for: too many alerts share place, category and time for pairs to mean anything.")
        return Finding("near", title, sentence, rule, found.of, True, 1.0)
    if not found.of:
        sentence = t("Not looked for: no alert gives its day and its place.")
        return Finding("near", title, sentence, rule, 0, False, 0.0)
    sentence = t.n(
        "{n} pair of alerts may concern the same event: {share} of the alerts that were compared are in a pair.",
        "{n} pairs of alerts may concern the same events: {share} of the alerts that were compared are in a pair.",
        found.pairs,
        share=t.percent(share, 1),
    )
    later = found.pairs - found.first_day
    if found.pairs:
        sentence += " " + t(
            "Less than a day apart: {first}; more than a day: {later}. By chance there would be about as many of each.",
            first=found.first_day,
            later=later,
        )
    attention = share > MANY_NEAR and found.first_day > MORE_THAN_CHANCE * later
    return Finding("near", title, sentence, rule, found.of, attention, share)


def _incidents(t: Translator, study: QualityStudy, detail: Detail) -> Finding:
    found = detail.incidents
    sentence = t("No incident has several alerts.")
    if found.incidents:
        sentence = t.n(
            "{n} incident has several alerts: {alerts} in all, at most {most} of one.",
            "{n} incidents have several alerts: {alerts} in all, at most {most} of one.",
            found.incidents,
            alerts=found.alerts,
            most=found.most,
        )
    if found.several_categories:
        sentence += " " + t.n(
            "{n} alert has more than one category: it counts once in totals and once in each category.",
            "{n} alerts have more than one category: they count once in totals and once in each category.",
            found.several_categories,
        )
    rule = t("Alerts of one incident are those whose source gives them the same number, as for several victims.")
    share = found.alerts / study.total.of if study.total.of else 0.0
    return Finding("incidents", t("Several alerts of one incident"), sentence, rule, study.total.of, False, share)


OUTSIDE_REASONS: Final = {
    "zero": Message("The coordinates are zero: the position was not known."),
    "swapped": Message("Latitude and longitude may be exchanged."),
    "sign": Message("A sign may be wrong."),
    "near": Message("Just beyond the border, or on the water."),
    "": Message("Not known."),
}
DIRECTIONS: Final = (
    Message("north"),
    Message("north-east"),
    Message("east"),
    Message("south-east"),
    Message("south"),
    Message("south-west"),
    Message("west"),
    Message("north-west"),
)
