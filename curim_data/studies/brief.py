"""The briefing: what changed, where, for whom, and what became of what was decided; on the page and on paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import shapely

from analysis.gender import CategoryRatios, GenderShares
from analysis.report import maps
from analysis.report.brief import Brief, ChangeRow, PlanRow, ShareRow, SpotRow
from analysis.spots.naming import SpotName, name_spots
from analysis.stats.intervals import Estimate
from analysis.trends.change_tests import Change
from analysis.trends.distinct_changes import distinct_changes
from analysis.trends.time_series import PeriodTotal, Trend, period_total
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model.access import Audience
from curim_data.model.city import CityProfile
from curim_data.model.i18n import Message, Translator
from curim_data.model.labels import (
    category_label,
    district_label,
    gender_label,
    inline,
    place_label,
    provisional_note,
)
from curim_data.model.plan import STATUS_WORDS, Plan, PlanStatus
from curim_data.privacy import DisclosureError
from curim_data.query import Total
from curim_data.studies.changes import ChangeStudy, change_filter, change_study
from curim_data.studies.gender import share_study, weight_study
from curim_data.studies.hot_spots import HotSpotStudy, hot_spot_study, known_places
from curim_data.studies.periods import ComparedPeriods
from curim_data.studies.plan import Standing, progress
from curim_data.studies.trends import trend_study

Verdict = Literal["usual", "more", "fewer", "unknown"]
MOST_FINDINGS: Final = 5
MOST_SPOTS: Final = 5
# What a finding's small chart shows before the period that is told of.
LEAD: Final = dt.timedelta(weeks=26)
# Fewer alerts than this tell too little of whom a change concerns.
LEAST_WHOM: Final = 10
# Beyond these corrected p-values a change is told as surer.
SURE: Final = 0.01
VERY_SURE: Final = 0.001


@dataclass(frozen=True)
class Finding:
    """A change that deserves attention, with its filter, its weeks, since when it is out of the usual, and for whom."""

    change: Change
    filter: AlertFilter
    trend: Trend | None
    since: dt.date | None
    women: Estimate | None


@dataclass(frozen=True)
class BriefStudy:
    """What the briefing says of the alerts from `since` to `until`, for one audience.

    `course`: the city's whole weeks against what season and long trend let expect, as on the Trends page; None where
    the data hold no season or the period does not suit it (see `analysis.trends.time_series`). `verdict`: is the city's
    count usual, by `course`, or else by the e-test against the period that changes are compared with; "unknown" where
    there is none or its count is withheld. `by_month`: of the alerts only the month is known.
    """

    since: dt.date
    until: dt.date
    total: Total
    course: PeriodTotal | None
    verdict: Verdict
    changes: ChangeStudy
    findings: tuple[Finding, ...]
    hot: HotSpotStudy
    names: dict[str, SpotName]
    shares: GenderShares
    weights: CategoryRatios
    by_month: bool = False


def brief_study(source: Source, f: AlertFilter, audience: Audience) -> BriefStudy:
    """Everything that the briefing tells of the filter's period."""
    since, until = query.dates(source, f)
    found = change_study(source, f, audience)
    hot = hot_spot_study(source, f, audience)
    weeks = trend_study(source, f, audience)
    seasonal = period_total(weeks) if weeks is not None else None
    told = distinct_changes(found.changes, places_in(source.city), MOST_FINDINGS)
    return BriefStudy(
        since=since,
        until=until,
        total=query.total(source, f, audience),
        course=seasonal,
        verdict=_verdict(seasonal, found),
        changes=found,
        findings=tuple(_finding(source, f, audience, change, found) for change in told),
        hot=hot,
        names=name_spots(hot.spots, source.city, known_places(source, audience)),
        shares=share_study(source, f, audience),
        weights=weight_study(source, f, audience),
        by_month=source.by_month,
    )


def places_in(city: CityProfile) -> dict[str, str]:
    """The district in which each landmark stands; landmarks outside all of them are left out."""
    found = {}
    for mark in city.landmarks:
        point = shapely.Point(mark.longitude, mark.latitude)
        home = next((area.id for area in city.districts if area.polygon.covers(point)), None)
        if home is not None:
            found[mark.id] = home
    return found


def _verdict(seasonal: PeriodTotal | None, found: ChangeStudy) -> Verdict:
    if seasonal is not None:
        return "more" if seasonal.side > 0 else "fewer" if seasonal.side < 0 else "usual"
    frame = found.changes.frame
    city = frame[frame[list(found.changes.by)].isna().all(axis=1)]
    if city.empty or not np.isfinite(city["p"].iloc[0]):
        return "unknown"
    if city["p"].iloc[0] >= found.changes.alpha:
        return "usual"
    return "more" if city["direction"].iloc[0] > 0 else "fewer"


def _finding(source: Source, f: AlertFilter, audience: Audience, change: Change, found: ChangeStudy) -> Finding:
    chosen = change_filter(f, change, found.periods)
    start, end = found.periods.after
    trend = trend_study(source, chosen.replace(start=max(source.first, start - LEAD), end=end), audience)
    return Finding(change, chosen, trend, _since(trend, change, start), _women(source, chosen, audience))


def _since(trend: Trend | None, change: Change, start: dt.date) -> dt.date | None:
    """When the count left what is usual: the running run of alarms, else the period's first alarm on that side."""
    if trend is None:
        return None
    alarms = trend.alarms[trend.alarms["side"] == change.direction]
    if trend.outside_since is not None and len(alarms) and alarms.index[-1] == trend.alarms.index[-1]:
        return trend.outside_since
    days = [day.date() for day in alarms[trend.column] if day.date() >= start]
    return days[0] if days else None


def _women(source: Source, f: AlertFilter, audience: Audience) -> Estimate | None:
    try:
        shares = share_study(source, f, audience)
    except DisclosureError:
        return None
    return shares.women if shares.women.known and shares.n >= LEAST_WHOM else None


def headline(study: BriefStudy, t: Translator) -> str:
    """Since when, how many alerts, whether that is usual, and how many changes deserve attention."""
    basis = "season" if study.course else "year" if study.changes.periods.same_season else "before"
    alerts = t.n("{n} alert", "{n} alerts", study.total.n) if study.total.n is not None else t(_few(study.total))
    values = {"since": study.since, "alerts": alerts}
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
    return f"{first} {attention(study, t)}"


def attention(study: BriefStudy, t: Translator) -> str:
    """How many changes deserve attention."""
    if study.changes.periods.before is None:
        return t("There is no earlier time to compare with.")
    if not study.changes.changes.n_tested:
        return t("There are too few alerts to compare.")
    if not study.findings and study.verdict in ("more", "fewer"):
        return t("No single place or category stands out.")
    if not study.findings:
        return t("No change is larger than chance explains.")
    return t.n("{n} change deserves attention.", "{n} changes deserve attention.", len(study.findings))


def _few(total: Total) -> Message:
    return Message("fewer than {k} alerts", {"k": total.threshold})


def what(change: Change, city: CityProfile, t: Translator) -> str:
    """The theme of a change: its category, or all alerts; after dark where it is about that."""
    category = change.key.get("category")
    name = category_label(t, city, str(category)) if category else t("All alerts")
    return t("{category} after dark", category=name) if change.key.get("dark") else name


def where(change: Change, city: CityProfile, t: Translator) -> str:
    """The area of a change: its place, its district, or the whole city."""
    if change.key.get("place"):
        return place_label(t, city, str(change.key["place"]))
    if change.key.get("district"):
        return district_label(t, city, str(change.key["district"]))
    return t("Whole city")


def from_to(change: Change, t: Translator) -> tuple[str, str]:
    """The counts before and after as they may be told."""
    before, after = t.number(change.before), t.number(change.after)
    if change.bounded == "before":
        before = t("fewer than {n}", n=change.before + 1)
    if change.bounded == "after":
        after = t("fewer than {n}", n=change.after + 1)
    return before, after


def how_sure(change: Change, t: Translator) -> str:
    """How hard it is to explain a change by chance, with the corrected p-value: no probability that it is real."""
    p = t.p_value(change.q)
    if change.q < VERY_SURE:
        return t("Very hard to explain by chance (corrected p {p}).", p=p)
    if change.q < SURE:
        return t("Hard to explain by chance (corrected p {p}).", p=p)
    return t("Not easily explained by chance (corrected p {p}).", p=p)


def tested_against(change: Change, periods: ComparedPeriods, t: Translator) -> str:
    """What a change was compared with: its own past, and what went on around it."""
    if change.compared == "before":
        if periods.same_season:
            return t("Compared with the same weeks of the year before.")
        return t("Compared with the time just before.")
    if change.key.get("place") or change.key.get("district"):
        if periods.same_season:
            return t("Compared with the same weeks of the year before, and with the change in the rest of the city.")
        return t("Compared with the time just before, and with the change in the rest of the city.")
    if periods.same_season:
        return t("Compared with the same weeks of the year before, and with the change in all other alerts.")
    return t("Compared with the time just before, and with the change in all other alerts.")


def for_whom(finding: Finding, t: Translator) -> str:
    """The share of women among women and men affected, or that it cannot be shown."""
    if finding.women is None:
        return t("For whom: too few to show.")
    return t(
        "Of the women and men affected, {share} are women ({low}–{high}).",
        share=t.percent(finding.women.value),
        low=t.number(100 * finding.women.low),
        high=t.percent(finding.women.high),
    )


def whom_sentence(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """Who is affected, where women and men differ most, and who is missing from the data."""
    parts = [study.shares.sentence(t)]
    differ = study.weights.frame[study.weights.frame["significant"]]
    for more, told in (
        (True, Message("Weighs more on women: {categories}.")),
        (False, Message("Weighs more on men: {categories}.")),
    ):
        rows = differ[(differ["ratio"] > 1) == more].head(2)
        if len(rows):
            names = [inline(category_label(t, city, category)) for category in rows["category"]]
            parts.append(t(Message(told.text, {"categories": t.join(names)})))
    if differ.empty:
        parts.append(t("No category is shown to weigh more on women or on men."))
    return " ".join(parts)


def share_rows(shares: GenderShares, t: Translator) -> tuple[ShareRow, ...]:
    """The bars of "for whom": all genders; one that was never seen and never asked is left out."""
    rows = []
    for row in shares.frame.to_dict("records"):
        if row["n"] == 0 and row["gender"] in ("unknown", "other"):
            continue
        told = () if row["withheld"] else (row["low"], row["high"])
        rows.append(ShareRow(gender_label(t, row["gender"]), None if row["withheld"] else row["share"], *told))
    return tuple(rows)


def plan_rows(plans: Iterable[Plan], today: dt.date, t: Translator) -> tuple[PlanRow, ...]:
    """What was decided and what became of it: late and due plans first."""
    order = (Standing.LATE, Standing.DUE, Standing.ON_TIME, Standing.NONE)
    shown = [plan for plan in plans if plan.status not in (PlanStatus.DRAFT, PlanStatus.DROPPED)]
    told = sorted(((progress(plan, today), plan) for plan in shown), key=lambda pair: order.index(pair[0].standing))
    return tuple(
        PlanRow(plan.title, plan.lead or t("Lead to be named"), _status(plan, found.standing, t), t(found.told))
        for found, plan in told
    )


def _status(plan: Plan, standing: Standing, t: Translator) -> str:
    status = t(STATUS_WORDS[plan.status])
    match standing:
        case Standing.LATE:
            return t("{status}, late", status=status)
        case Standing.DUE:
            return t("{status}, due for evaluation", status=status)
        case Standing.ON_TIME:
            return t("{status}, on time", status=status)
    return status


def brief(
    study: BriefStudy,
    f: AlertFilter,
    city: CityProfile,
    t: Translator,
    *,
    plans: Sequence[PlanRow] = (),
    made: dt.date,
    link: str = "",
    illustrative: bool = False,
) -> Brief:
    """The paper, from the same figures as the page."""
    spots = study.hot.spots[:MOST_SPOTS]
    pins = [maps.NumberedSpot(s.rank, study.names[s.id](t), s.longitude, s.latitude) for s in spots]
    hot = study.hot.hot.frame
    period, total = (study.since, study.until), study.total
    limits = [t(choice.told) for choice in study.changes.choices]
    if study.changes.changes.n_withheld:
        limits.append(t("Small counts are protected and could not all be compared."))
    if city.provisional:
        limits.append(provisional_note(t))
    return Brief(
        headline=headline(study, t),
        sentence=study.course.sentence(t) if study.course else "",
        compared=study.changes.periods.before is not None,
        since=study.since,
        until=study.until,
        made=made,
        changes=tuple(_row(finding, study.changes.periods, city, t) for finding in study.findings),
        picture=maps.city_map(city, study.hot.cells.frame, t, spots=pins, hot=hot.index[hot["hot"]]),
        caption=study.hot.hot.sentence(t),
        spots=tuple(SpotRow(s.rank, study.names[s.id](t), s.n, s.expected, s.bounded) for s in spots),
        shares=share_rows(study.shares, t),
        whom=whom_sentence(study, city, t),
        plans=tuple(plans),
        limits=tuple(limits),
        filter_sentence=f.sentence(t, city, n=total.said, total=total.of, dates=period, by_month=study.by_month),
        link=link,
        illustrative=illustrative,
    )


def _row(finding: Finding, periods: ComparedPeriods, city: CityProfile, t: Translator) -> ChangeRow:
    change = finding.change
    before = None if change.bounded == "before" else float(change.before)
    after = None if change.bounded == "after" else float(change.after)
    whom = t("{share} women", share=t.percent(finding.women.value)) if finding.women else t("too few to show")
    against = tested_against(change, periods, t)
    return ChangeRow(what(change, city, t), where(change, city, t), whom, before, after, how_sure(change, t), against)
