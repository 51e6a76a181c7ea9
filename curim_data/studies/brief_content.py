"""The content of the brief as a document: its rows, its map and its notes, from the figures of the page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from analysis.gender import GenderShares
from analysis.report import maps
from analysis.report.brief import Brief, ChangeRow, PlanRow, ShareRow, SpotRow
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Gender, Plan, PlanStatus, Translator
from curim_data.model.labels import gender_label, provisional_note
from curim_data.model.plan import STATUS_WORDS
from curim_data.studies.brief import BriefStudy, Finding
from curim_data.studies.brief_text import (
    MOST_SPOTS,
    affected_sentence,
    chance_sentence,
    change_area,
    change_theme,
    comparison_sentence,
    headline,
    no_spots_sentence,
    none_sentence,
    than_others,
)
from curim_data.studies.plan_progress import Standing, plan_progress


def share_rows(shares: GenderShares, t: Translator) -> tuple[ShareRow, ...]:
    """The bars of "for whom": women and men always, other genders where an alert states them."""
    rows = []
    for row in shares.frame.to_dict("records"):
        if row["n"] == 0 and row["gender"] not in (Gender.WOMAN, Gender.MAN):
            continue
        bounds = () if row["withheld"] else (row["low"], row["high"])
        rows.append(ShareRow(gender_label(t, row["gender"]), None if row["withheld"] else row["share"], *bounds))
    return tuple(rows)


def plan_rows(plans: Iterable[Plan], today: dt.date, t: Translator) -> tuple[PlanRow, ...]:
    """What was decided and what became of it: late and due plans first."""
    order = (Standing.LATE, Standing.DUE, Standing.ON_TIME, Standing.NONE)
    shown = [plan for plan in plans if plan.status not in (PlanStatus.DRAFT, PlanStatus.DROPPED)]
    ranked = sorted(
        ((plan_progress(plan, today), plan) for plan in shown), key=lambda pair: order.index(pair[0].standing)
    )
    return tuple(
        PlanRow(plan.title, plan.lead or t("Lead to be named"), _status(plan, found.standing, t), t(found.message))
        for found, plan in ranked
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


def brief_content(
    study: BriefStudy,
    f: AlertFilter,
    city: CityProfile,
    t: Translator,
    *,
    plans: Sequence[PlanRow] = (),
    made: dt.date,
    link: str = "",
    illustrative: bool = False,
    audience: Audience = Audience.COUNCIL,
) -> Brief:
    """The paper, from the same figures as the page, which `audience` may see.

    `link`: where the same view opens; left out where only this computer could open it.
    """
    spots = study.hot.spots[:MOST_SPOTS]
    pins = [maps.NumberedSpot(s.rank, study.names[s.id](t), s.longitude, s.latitude) for s in spots]
    hot = study.hot.hot.frame
    total = study.total
    limits = []
    if audience in (Audience.COUNCIL, Audience.PUBLIC):
        limits.append(
            t(
                "Numbers are protected and the map is coarser than the data: small numbers enter with the least that "
                "they can be, so places, their order and numbers can differ from the exact ones."
            )
        )
    limits += [t(choice.explanation) for choice in study.changes.choices]
    if study.changes.changes.n_withheld:
        limits.append(t("Small counts are protected and could not all be compared."))
    if city.provisional:
        limits.append(provisional_note(t, outlined=city.outlined))
    return Brief(
        headline=headline(study, t),
        sentence=study.course.sentence(t) if study.course else "",
        compared=study.changes.periods.before is not None,
        since=study.since,
        until=study.until,
        period=study.period,
        by_month=study.by_month,
        none_found=none_sentence(study, t),
        no_spots=no_spots_sentence(study, t),
        made=made,
        changes=tuple(_row(study, finding, city, t) for finding in study.findings),
        whom_note=t("Protected: a group is so small that its number could be worked out.")
        if study.asks_affected and not study.by_gender and any(finding.whom_protected for finding in study.findings)
        else "",
        picture=maps.city_map(city, study.hot.cells.frame, t, spots=pins, hot=hot.index[hot["hot"]])
        if city.outlined
        else None,
        caption=_map_caption(study, t),
        spots=tuple(SpotRow(s.rank, study.names[s.id](t), s.n, s.expected, s.bounded) for s in spots),
        shares=share_rows(study.shares, t) if study.asks_affected else (),
        whom=affected_sentence(study, city, t),
        plans=tuple(plans),
        limits=tuple(limits),
        filter_sentence=f.sentence(t, city, n=total.said, total=total.of, dates=study.period, by_month=study.by_month),
        link="" if opens_here_only(link) else link,
        illustrative=illustrative,
    )


def _map_caption(study: BriefStudy, t: Translator) -> str:
    """What was tested on the map and what came of it; how small counts entered is said once."""
    first = how_many_tested(study, t)
    return f"{first} {study.hot.hot.sentence(t, withheld=not first)}".strip()


def how_many_tested(study: BriefStudy, t: Translator) -> str:
    """How many alerts there are, how many lie on the map, and why fewer are tested; empty where all are, one each."""
    total, tested = study.total, study.hot.hot.n
    if total.n is None or tested == total.n:
        return ""
    on_map = None if total.mapped is None else total.mapped - (study.hot.cells.at_default or 0)
    parts = [t.n("{n} alert in all", "{n} alerts in all", total.n)]
    if on_map is None:
        parts.append(t("how many of them are on the map is protected"))
    elif on_map != total.n:
        parts.append(t("{n} on the map", n=on_map))
    if study.hot.hot.n_withheld:
        parts.append(t("{n} incidents tested: small counts enter with their smallest possible number", n=tested))
    return " · ".join(parts) + "."


def opens_here_only(link: str) -> bool:
    """Whether an address is this computer's own, so that nobody else can open it."""
    host = urlsplit(link).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _row(study: BriefStudy, finding: Finding, city: CityProfile, t: Translator) -> ChangeRow:
    periods = study.changes.periods
    change = finding.change
    before = None if change.bounded == "before" else float(change.before)
    after = None if change.bounded == "after" else float(change.after)
    whom = t("protected") if finding.whom_protected else t("too few to show")
    if finding.women is not None:
        whom = t("{share} women", share=t.percent(finding.women.value))
    if not study.asks_affected or study.by_gender:
        whom = t("as filtered") if study.asks_affected else t("not asked")
    against = " ".join(filter(None, (than_others(change, t), comparison_sentence(change, periods, t))))
    return ChangeRow(
        change_theme(change, city, t),
        change_area(change, city, t),
        whom,
        before,
        after,
        chance_sentence(change, t),
        against,
    )
