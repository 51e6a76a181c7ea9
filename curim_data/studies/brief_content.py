"""The brief as a document: rows, map and notes; and the picture card of a finding, from the page's figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

import numpy as np

from analysis.gender import GenderShares
from analysis.report.documents import Bar, ChangeSeries, NewsCard, Picture
from analysis.report.papers import Brief, ChangeRow, PlanRow, SpotRow
from curim_data.filters import AlertFilter
from curim_data.model import N_, Audience, CityProfile, Gender, Plan, PlanStatus, Span, Translator
from curim_data.model.labels import gender_label, provisional_note
from curim_data.model.plan import STATUS_WORDS
from curim_data.privacy import drawn_share, share_is_told, written_share
from curim_data.protection import kind_of
from curim_data.store.settings import opens_here_only
from curim_data.studies.brief import AnyFinding, BriefChanges, BriefStudy, Finding
from curim_data.studies.brief_text import (
    MOST_SPOTS,
    affected_sentence,
    counts_before_after,
    counts_words,
    finding_sentences,
    headline,
    meeting_questions,
    no_spots_sentence,
    none_sentence,
    sure_number,
    tested_sentence,
    title,
    what_and_where,
)
from curim_data.studies.evaluation import Standing, plan_progress, short_result
from curim_data.studies.periods import ComparedPeriods

# Settings of the comparison that limit what can be said.
_STANDING: Final = {
    Standing.LATE: N_("{status}, late"),
    Standing.DUE: N_("{status}, due for evaluation"),
    Standing.ON_TIME: N_("{status}, on time"),
}
LIMITING: Final = ("annotation", "darkness", "exposure")


def share_bars(shares: GenderShares, t: Translator) -> tuple[Bar, ...]:
    """The bars of "for whom": women and men always, other genders where an alert states them; those that may not be
    read without an interval.
    """
    bars = []
    for row in shares.frame.to_dict("records"):
        if row["n"] == 0 and row["gender"] not in (Gender.WOMAN, Gender.MAN):
            continue
        counts, share = (row["n"], shares.total), (row["share"], row["low"], row["high"])
        drawn = share if share_is_told(*counts, shares.least) else (drawn_share(*counts, shares.least), None, None)
        bars.append(Bar(gender_label(t, row["gender"]), written_share(t, counts, share, shares.least), *drawn))
    return tuple(bars)


def plan_rows(plans: Iterable[Plan], today: dt.date, t: Translator) -> tuple[PlanRow, ...]:
    """What was decided and what became of it, with the kept results: late and due plans first."""
    order = (Standing.LATE, Standing.DUE, Standing.ON_TIME, Standing.NONE)
    shown = [plan for plan in plans if plan.status not in (PlanStatus.DRAFT, PlanStatus.DROPPED)]
    ranked = sorted(
        ((plan_progress(plan, today), plan) for plan in shown), key=lambda pair: order.index(pair[0].standing)
    )
    return tuple(
        PlanRow(
            plan.title,
            plan.lead or t("Lead to be named"),
            t(_STANDING.get(found.standing, "{status}"), status=t(STATUS_WORDS[plan.status])),
            "" if plan.status is PlanStatus.EVALUATED and plan.result else t(found.message),
            found.standing,
            t.label(plan.result),
        )
        for found, plan in ranked
    )


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
    spots, least = study.hot.spots[:MOST_SPOTS], study.total.threshold
    return Brief(
        headline=headline(study, t),
        since=study.since,
        until=study.until,
        period=study.period,
        by_month=study.by_month,
        none_found=none_sentence(study, t),
        no_spots=no_spots_sentence(study, t),
        made=made,
        changes=tuple(change_row(one, city, t) for one in study.cards),
        before=study.changes.periods.before,
        picture=_map(study, city, t) if city.outlined else None,
        caption=_map_caption(study, t),
        numbers=how_many_tested(study, t),
        spots=tuple(SpotRow(s.rank, study.names[s.id](t), s.n, s.expected, s.times_in_words(t), least) for s in spots),
        shares=share_bars(study.shares, t) if study.asks_affected else (),
        whom=affected_sentence(study, city, t),
        plans=tuple(replace(plan, result=short_result(plan.result)) for plan in plans),
        questions=meeting_questions(study, city, t, plans),
        limits=_limits(study, f, city, t, audience),
        sources=_sources(study, f, city, t),
        link="" if opens_here_only(link) else link,
        illustrative=illustrative,
    )


def _map(study: BriefStudy, city: CityProfile, t: Translator) -> Picture:
    from analysis.report import maps  # long to load, and only for a paper

    hot = study.hot.hot.frame
    pins = [
        maps.NumberedSpot(s.rank, study.names[s.id](t), s.longitude, s.latitude) for s in study.hot.spots[:MOST_SPOTS]
    ]
    return maps.city_map(
        city,
        study.hot.cells.frame,
        t,
        spots=pins,
        hot=hot.index[hot["hot"]],
        least=study.total.threshold,
    )


def _map_caption(study: BriefStudy, t: Translator) -> str:
    """How many cells stand out on the map; with how many alerts, where the line of numbers does not say it."""
    if study.hot.power.too_few or not how_many_tested(study, t):
        return study.hot.sentence(t)
    if hot := int(study.hot.hot.frame["hot"].sum()):
        return t.n(
            "{n} cell has more of them than expected by chance.",
            "{n} cells have more of them than expected by chance.",
            hot,
        )
    return t("No cell has more of them than expected by chance.")


def _limits(study: BriefStudy, f: AlertFilter, city: CityProfile, t: Translator, audience: Audience) -> tuple[str, ...]:
    """What these data cannot say, sentence by sentence."""
    copied = (
        t(
            "Figures come from the protected copy: rare alerts have exchanged place and time with others, so that "
            "small numbers are not exact; numbers under {k} are not written out.",
            k=study.total.threshold,
        ),
        *((t("What is told here was chosen from the alerts themselves."),) if study.from_alerts else ()),
        *((study.errors.sentence(t, kind_of(f, city)), *map(t, study.copy_notes)) if study.errors is not None else ()),
    )
    return (
        *(copied if audience in (Audience.COUNCIL, Audience.PUBLIC) else ()),
        *(t(choice.explanation) for choice in study.changes.choices if choice.name in LIMITING),
        *study.changes.not_in_use.sentences(city, t),
        *((provisional_note(t, outlined=city.outlined),) if city.provisional else ()),
    )


def _sources(study: BriefStudy, f: AlertFilter, city: CityProfile, t: Translator) -> tuple[str, ...]:
    """The data, with the filter, and the published methods."""
    total = study.total
    chosen = f.sentence(t, city, n=total.said, total=total.of, dates=study.period, by_month=study.by_month)
    methods = t(
        "Methods: changes of the city by its level and season, of its parts by their share, with bursts of reports and "
        "drift learned from the past, corrected within each level (Benjamini & Hochberg 1995); hot spots by exact "
        "tests of a place against its surroundings, corrected likewise; shares with 95 % intervals. Formulas and "
        "checks: page “Methods”."
    )
    return t("Data: the alerts of the imported files. {filter}.", filter=chosen), methods


def how_many_tested(study: BriefStudy, t: Translator) -> str:
    """How many alerts there are, and how many of them lie on the map, where not all are tested; else empty."""
    total, on_map = study.total, study.total.mapped - study.total.at_default
    if study.hot.hot.n == total.n:
        return ""
    on_the_map = t.n("{n} of them on the map", "{n} of them on the map", on_map) if on_map != total.n else ""
    return " · ".join(filter(None, (t.n("{n} alert", "{n} alerts", total.n), on_the_map))) + "."


def public_link(base: str, f: AlertFilter, lang: str, since: dt.date | None = None, city: str = "") -> str:
    """Where readers open the same view at the city's public address; empty where none is set. `city`: its word in
    links, where several cities have one address.
    """
    day = since.isoformat() if since is not None else ""
    words = {"lang": lang, **({"city": city} if city else {}), **f.to_query(), **({"since": day} if day else {})}
    return f"{base}/?{urlencode(words)}" if base else ""


def change_row(one: AnyFinding, city: CityProfile, t: Translator, *, drawn: bool = True) -> ChangeRow:
    """A finding in the sentences of its page, with its chart where it is to be drawn."""
    from analysis.report.charts import change_chart  # long to load, and only for a paper

    first, *told, sure = finding_sentences(one, city, t)
    what, where = what_and_where(one, city, t)
    if not isinstance(one, Finding):
        return ChangeRow(what, where, first, tuple(told), sure, "")
    series = change_series(one, t) if drawn else None
    picture = None if series is None else change_chart(series, title(one, city, t), t)
    certain = f"{sure.rstrip('.')} ({sure_number(one, t)})."
    return ChangeRow(what, where, counts_words(one, t), tuple(told), certain, tested_sentence(one, t), picture)


def change_series(finding: Finding, t: Translator) -> ChangeSeries | None:
    """What the chart of a finding draws; None where its figures may not be shown."""
    periods, change, own = finding.periods, finding.change, finding.series
    if periods.before is None or not finding.ordered:
        return None
    frame = own.frame if own is not None and periods.same_season else None
    now, before, tested = (
        np.array([], dtype=kind) if frame is None else frame[name].to_numpy()
        for name, kind in (("n", float), ("before", float), ("tested", bool))
    )
    starts = () if frame is None else tuple(day.date() for day in frame["start"])
    return ChangeSeries(
        starts=starts,
        now=now,
        before=before,
        tested=tested,
        earlier=periods.before,
        after=periods.after,
        names=period_names(periods, t, lines=bool(starts)),
        counts=(change.expected, float(change.after)),
        told=counts_before_after(finding, t),
        hidden=(finding.counts[0].n is None, finding.counts[1].n is None),
        by_month=own is not None and own.unit == "month",
        whole_months=periods.by_month,
        tone="rise" if change.direction > 0 else "fall",
        least=finding.counts[0].least,
    )


def period_names(periods: ComparedPeriods, t: Translator, *, lines: bool = True) -> tuple[str, str]:
    """What the two are called: lines by their years, bars as expected and counted."""
    if not lines or not periods.same_season or periods.before is None:
        return t("expected"), t("counted")
    before, after = (sorted({day.year for day in span}) for span in (periods.before, periods.after))
    return tuple(str(y[0]) if len(y) == 1 else f"{y[0]}/{y[-1] % 100:02d}" for y in (before, after))  # type: ignore[return-value]


def card_picture(study: BriefChanges, finding: Finding, city: CityProfile, t: Translator, *, made: dt.date) -> Picture:
    """A finding as a picture for a newsletter; `study`: of the audience that will read it, so of the public."""
    from analysis.report.charts import draw_card  # long to load, and only for a download

    return draw_card(news_card(study, finding, city, t, made=made), t)


def news_card(study: BriefChanges, finding: Finding, city: CityProfile, t: Translator, *, made: dt.date) -> NewsCard:
    """What the picture of a finding says."""
    row = change_row(finding, city, t, drawn=False)
    return NewsCard(
        kicker=t("{city} · {period}", city=t.label(city.names), period=Span(study.since, study.until, study.by_month)),
        headline=title(finding, city, t),
        counts=row.counts,
        told=(*row.told, row.certain, row.against),
        source=t(
            "Source: the alerts of the imported files, counted in their protected copy (CURiM), so that small "
            "numbers are not exact. More alerts need not be more crime. {date}.",
            date=made,
        ),
        mark=t("Sample data: made up. Not about real events.") if city.illustrative else "",
        series=change_series(finding, t),
    )
