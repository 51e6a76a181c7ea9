"""The title of Trends: what matters most under the filter, and "usual" only where nothing stands out."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.trends.time_series import Trend
from curim_data.model import Translator
from curim_data.privacy import DisclosureError
from curim_data.studies.brief import BriefChanges
from curim_data.studies.brief_text import (
    against_words,
    change_name,
    counts_words,
    event_sure,
    headline,
    sure_sentence,
    tested_sentence,
)
from curim_data.studies.findings import Finding
from pages.parts.findings.queries import cached_changes, changes_since
from pages.parts.frame import Page


@dataclass(frozen=True)
class Headline:
    """The title, and what stands below it in smaller letters."""

    title: str
    below: str = ""


def page_headline(page: Page, trend: Trend | None) -> Headline:
    """What matters most: a finding, an unusual total, a shift of the level, an unusual period, else the latest one.

    The findings and the total are the briefing's, of the same filter and since the same day, so that both pages tell
    one story.
    """
    t = page.t
    if page.source is None:
        return Headline(t("Trends"))
    try:
        study = cached_changes(page.dataset, page.filter, changes_since(page))
    except DisclosureError:
        return Headline(trend.sentence(t) if trend is not None else t("Trends"))
    if study.events and study.events[0].clear:
        return _of_event(page, study)
    clear = [finding for finding in study.findings if finding.clear]
    if clear:
        return _of_finding(page, study, clear[0])
    if study.verdict in ("more", "fewer") or study.changes.gaps or study.events:
        said = (t.pair(event.title(page.city, t), " ".join(event.sentences(page.city, t))) for event in study.events)
        return Headline(headline(study, t), " ".join(said))
    return Headline(t("Trends") if trend is None else _of_line(t, trend))


def _of_event(page: Page, study: BriefChanges) -> Headline:
    """The first event: how many alerts of what, where; below, what else is known of it, and how many changes follow."""
    t, event = page.t, study.events[0]
    first, *others = event.sentences(page.city, t)
    below = [*map(t, study.changes.gaps), *others, event_sure(event, t)]
    more = len(study.events) - 1 + len(study.findings)
    return Headline(t.pair(event.title(page.city, t), first), " ".join([*below, *_elsewhere(t, more)]))


def _elsewhere(t: Translator, more: int) -> list[str]:
    """That further changes are in the Briefing, where there are some."""
    return (
        [t.n("{n} more change is in the Briefing.", "{n} more changes are in the Briefing.", more)] if more > 0 else []
    )


def _of_finding(page: Page, study: BriefChanges, finding: Finding) -> Headline:
    """A finding with where and how many; below, the dates, how sure it is, and how many more there are."""
    t = page.t
    title = t(
        "{name}: {counts}, {against}.",
        name=change_name(finding.change, page.city, t),
        counts=counts_words(finding, t),
        against=against_words(finding, t),
    )
    below = [*map(t, study.changes.gaps), tested_sentence(finding, t), sure_sentence(finding, t)]
    more = len(study.events) + len(study.findings) - 1
    return Headline(title, " ".join([*below, *_elsewhere(t, more)]))


def _of_line(t: Translator, trend: Trend) -> str:
    """A recent shift of the level; else the latest period where it is out of the usual; else an older shift."""
    shift, latest = (trend.shifts[-1] if trend.shifts else None), trend.latest
    unusual = latest is not None and bool(latest["alarm"])
    return shift.sentence(t) if shift is not None and (shift.recent or not unusual) else trend.sentence(t)
