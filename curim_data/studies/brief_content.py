"""The brief as a document: what to decide on, plans, map and limits; and the picture of a finding for a newsletter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import numpy as np

from analysis.plans.drafting import propose_measure, quality_text
from analysis.report.documents import CardChart, Decision, NewsCard, Picture, render_card
from analysis.report.papers import LIMIT, Brief, PlanRow, SpotRow
from curim_data.filters import AlertFilter
from curim_data.model import (
    N_,
    Audience,
    CityProfile,
    Plan,
    PlanStatus,
    Span,
    Translator,
    at_head,
    fewer_than,
    is_small,
)
from curim_data.model.i18n import first_case
from curim_data.model.labels import inline, provisional_note
from curim_data.model.plan import STATUS_WORDS, CategoryShare, Problem
from curim_data.plans.plan_store import PlanStore
from curim_data.store.annotations import read_meetings
from curim_data.store.settings import opens_here_only
from curim_data.studies.brief import AnyFinding, BriefChanges, BriefStudy, Finding
from curim_data.studies.brief_text import (
    MOST_SPOTS,
    affected_sentence,
    beside_sentence,
    carried_sentence,
    counts_before_after,
    counts_words,
    finding_sentences,
    headline,
    history_word,
    no_spots_sentence,
    none_sentence,
    small_sentence,
    title,
    women_words,
)
from curim_data.studies.evaluation import STARTED, Standing, plan_progress, short_result

# Settings of the comparison that limit what can be said.
LIMITING: Final = ("annotation", "darkness", "exposure")
FOUR_WEEKS: Final = dt.timedelta(weeks=4)


def plan_rows(plans: Iterable[Plan], today: dt.date, t: Translator, moved: Collection[str] = ()) -> tuple[PlanRow, ...]:
    """What was decided and what became of it, with the kept results: late and due plans first. `moved`: the ids of
    those that the council has not read of yet (`moved_since`).
    """
    order = (Standing.LATE, Standing.DUE, Standing.ON_TIME, Standing.NONE)
    shown = [plan for plan in plans if plan.status not in (PlanStatus.DRAFT, PlanStatus.DROPPED)]
    ranked = sorted(
        ((plan_progress(plan, today), plan) for plan in shown), key=lambda pair: order.index(pair[0].standing)
    )
    return tuple(
        PlanRow(
            plan.title,
            plan.lead or t("Lead to be named"),
            _status(found.standing, plan, t),
            "" if plan.status is PlanStatus.EVALUATED and plan.result else t(found.message),
            found.standing,
            t.label(plan.result),
            plan.id in moved,
            plan.id if plan.status in STARTED else "",
        )
        for found, plan in ranked
    )


def _status(standing: Standing, plan: Plan, t: Translator) -> str:
    status = t(STATUS_WORDS[plan.status])
    return t("{status}, late", status=status) if standing is Standing.LATE else status


def moved_since(store: PlanStore, day: dt.date, timezone: str) -> frozenset[str]:
    """The ids of the plans that were decided, begun, ended or evaluated from a day on, by the clock of `timezone`."""
    begin = dt.datetime.combine(day, dt.time(), ZoneInfo(timezone))
    return frozenset(
        plan.id
        for plan in store.list()
        if any(one.what == "status" and one.at >= begin for one in store.history(plan.id))
    )


def next_look(folder: Path, made: dt.date) -> dt.date:
    """When the council looks again: at its next meeting, where one is kept in the home, else in four weeks."""
    return min((one.day for one in read_meetings(folder) if one.day > made), default=made + FOUR_WEEKS)


def brief_content(
    study: BriefStudy,
    f: AlertFilter,
    city: CityProfile,
    t: Translator,
    *,
    plans: Sequence[PlanRow] = (),
    made: dt.date,
    again: dt.date | None = None,
    link: str = "",
    illustrative: bool = False,
    audience: Audience = Audience.COUNCIL,
) -> Brief:
    """The paper, from the same figures as the page, which `audience` may see.

    `again`: when to look again at what may be chance, by default in four weeks; `link`: where the same view opens; left
    out where only this computer could open it.
    """
    spots, least = study.hot.spots[:MOST_SPOTS], study.total.threshold
    decided = [one for one in study.cards if one.grade != "open"]
    movements = [one for one in study.cards if isinstance(one, Finding) and one.grade == "open"]
    shares = study.shares.women_written or any(women_words(one, t) for one in decided if isinstance(one, Finding))
    intervals = t("In brackets: 95 % intervals.") if study.asks_affected and shares else ""
    return Brief(
        headline=headline(study, t),
        since=study.since,
        until=study.until,
        period=study.period,
        by_month=study.by_month,
        none_found=none_sentence(study, t),
        no_spots=no_spots_sentence(study, t),
        made=made,
        changes=tuple(to_decide(one, city, t) for one in decided),
        chance=tuple(t.pair(title(one, city, t), counts_words(one, t)) for one in movements),
        again=again or made + FOUR_WEEKS,
        further=tuple(
            t.pair(title(one, city, t), "{1} ({0})".format(*counts_before_after(one, t))) for one in study.further
        ),
        basis=small_sentence(city, t) if audience in (Audience.COUNCIL, Audience.PUBLIC) else "",
        before=study.changes.periods.before,
        same_season=study.changes.periods.same_season,
        picture=_map(study, city, t) if city.outlined else None,
        spots=tuple(SpotRow(s.rank, study.names[s.id](t), s.n, s.expected, s.times_in_words(t), least) for s in spots),
        whom=" ".join((affected_sentence(study, city, t), intervals)).rstrip(),
        plans=tuple(replace(plan, result=short_result(plan.result)) for plan in plans),
        limits=_limits(study, f, city, t),
        link="" if opens_here_only(link) else link,
        illustrative=illustrative,
    )


def to_decide(one: AnyFinding, city: CityProfile, t: Translator) -> Decision:
    """A change or an event as what the council decides on: in the words of its card, with what is proposed."""
    first, *others, sure = finding_sentences(one, city, t)
    told: Iterable[str] = others[:-1]
    if isinstance(one, Finding):
        untold = t("For whom: too few to tell.") if one.whom is not None else ""
        whom = f"{women}." if (women := women_words(one, t)) else untold
        first, told = (
            counts_words(one, t),
            filter(None, (carried_sentence(one, city, t), beside_sentence(one, city, t), whom)),
        )
    word = history_word(one, t)
    told = (*([f"{word}."] if word else []), sure, *told)
    return Decision(title(one, city, t), at_head(first), told, _proposal(one, t))


def _proposal(one: AnyFinding, t: Translator) -> str:
    """The measure that fits best, with how well it is founded; or what is to be known first."""
    if isinstance(one, Finding):
        key, fall = one.change.key, one.change.direction < 0
    else:
        key, fall = {"category": one.event.category}, False
    category = str(key.get("category") or "")
    of_one = (CategoryShare(category, 1.0),) if category else ()
    best = propose_measure(Problem(place=str(key.get("place") or ""), categories=of_one))
    text = first_case(
        (fall, N_("first find out: fewer incidents or fewer reports?")),
        (best is not None, N_("{measure} (evidence: {quality})")),
        (not key.get("category"), N_("first find out: more incidents or more reports?")),
        (True, N_("no measure of the catalogue fits; ask those who know the place")),
    )
    values = {} if best is None else {"measure": inline(t(best.name)), "quality": quality_text(best, t)}
    return t.pair(t("Proposal"), t(text, **values))


def _map(study: BriefStudy, city: CityProfile, t: Translator) -> Picture:
    from analysis.report import maps  # long to load, and only for a paper

    hot = study.hot.hot.frame
    pins = [
        maps.NumberedSpot(s.rank, study.names[s.id](t), s.longitude, s.latitude) for s in study.hot.spots[:MOST_SPOTS]
    ]
    return maps.city_map(city, study.hot.map_cells(), t, spots=pins, hot=hot.index[hot["hot"]])


def _limits(study: BriefStudy, f: AlertFilter, city: CityProfile, t: Translator) -> tuple[str, ...]:
    """What these data cannot say, sentence by sentence, and which they are."""
    total = study.total
    chosen = f.sentence(t, city, n=total.said, total=total.of, dates=study.period, by_month=study.by_month)
    shares = any(isinstance(one, Finding) and one.change.level != "city" for one in study.cards)
    return (
        *((t("Parts of the city and kinds of alerts are compared with their share of it."),) if shares else ()),
        *(t(choice.explanation) for choice in study.changes.choices if choice.name in LIMITING),
        *study.changes.not_in_use.sentences(city, t),
        *((provisional_note(t, outlined=city.outlined),) if city.provisional else ()),
        at_head(f"{chosen}."),
    )


def public_link(base: str, f: AlertFilter, lang: str, since: dt.date | None = None, city: str = "") -> str:
    """Where readers open the same view at the city's public address; empty where none is set. `city`: its word in
    links, where several cities have one address.
    """
    day = since.isoformat() if since is not None else ""
    words = {"lang": lang, **({"city": city} if city else {}), **f.to_query(), **({"since": day} if day else {})}
    return f"{base}/?{urlencode(words)}" if base else ""


def card_picture(study: BriefChanges, finding: Finding, city: CityProfile, t: Translator, *, made: dt.date) -> Picture:
    """A finding as a picture for a newsletter; `study`: of the audience that will read it, so of the public."""
    return render_card(news_card(study, finding, city, t, made=made))


def news_card(study: BriefChanges, finding: Finding, city: CityProfile, t: Translator, *, made: dt.date) -> NewsCard:
    """What the picture of a finding says: what its card and the paper say of it."""
    row, period = to_decide(finding, city, t), t.span(Span(study.since, study.until, study.by_month))
    source = t("CURiM · {city} · made on {date}", city=t.label(city.names), date=made) + "."
    return NewsCard(
        kicker=f"{t.label(city.names)} · {period}",
        headline=row.name,
        counts=row.counts,
        told=row.told,
        source=" ".join((source, t(LIMIT), small_sentence(city, t))),
        mark=t("Sample data: made up. Not about real events.") if city.illustrative else "",
        chart=_card_chart(finding, t),
        rise=finding.change.direction > 0,
    )


def _card_chart(finding: Finding, t: Translator) -> CardChart | None:
    """The line of a finding beside that of the year before; None where there is none, or its figures are not shown."""
    periods, own = finding.periods, finding.series
    if own is None or periods.before is None or not (finding.ordered and periods.same_season):
        return None
    frame, least = own.frame, finding.counts[0].least
    tested, most = np.flatnonzero(frame["tested"]), float(frame["n"].max())
    form, ends = "LLL y" if own.unit == "month" else "d MMM y", (frame["start"].iloc[0].date(), periods.after[1])
    years = (sorted({day.year for day in span}) for span in (periods.before, periods.after))
    before, after = (str(y[0]) if len(y) == 1 else f"{y[0]}/{y[-1] % 100:02d}" for y in years)
    return CardChart(
        now=tuple(least / 2 if is_small(n, least) else n for n in frame["n"].tolist()),
        before=tuple(None if n != n else least / 2 if is_small(n, least) else n for n in frame["before"].tolist()),
        tested=(int(tested[0]), int(tested[-1])),
        ends=(t.date(ends[0], form), t.date(ends[1], form)),
        names=(before, after),
        peak=t(fewer_than(least)) if is_small(most, least) else t.number(most),
    )
