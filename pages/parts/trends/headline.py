"""The title of Trends: what matters most under the filter, and "usual" only where nothing stands out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from analysis.trends.time_series import Trend
from curim_data.privacy import DisclosureError
from curim_data.studies.brief import BriefChanges
from curim_data.studies.brief_text import (
    against_words,
    change_name,
    counts_words,
    headline,
    sure_sentence,
    tested_sentence,
)
from curim_data.studies.findings import Finding
from pages.parts.findings.queries import cached_changes, changes_since
from pages.parts.frame import Page
from pages.parts.trends.queries import course_of
from pages.parts.trends.trend_line import course_sentences


@dataclass(frozen=True)
class Headline:
    """The title, and what stands below it in smaller letters."""

    title: str
    below: str = ""


def page_headline(page: Page, trend: Trend | None) -> Headline:
    """What matters most: a finding, an unusual total, an alarm or a change of level, else the latest period.

    The findings and the total are the briefing's, of the same filter and since the same day, so that both pages tell
    one story.
    """
    t = page.t
    if page.source is None:
        return Headline(t("Trends"))
    try:
        study = cached_changes(page.dataset, page.filter, page.audience, changes_since(page))
    except DisclosureError:
        return Headline(trend.sentence(t) if trend is not None else t("Trends"))
    clear = [finding for finding in study.findings if finding.clear]
    if clear:
        return _of_finding(page, study, clear[0])
    if study.verdict in ("more", "fewer") or study.changes.gaps:
        return Headline(headline(study, t))
    if trend is None:
        return Headline(t("Trends"))
    return Headline(_of_line(page, trend))


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
    more = len(study.findings) - 1
    if more > 0:
        below.append(t.n("{n} more change is in the Briefing.", "{n} more changes are in the Briefing.", more))
    return Headline(title, " ".join(below))


def _of_line(page: Page, trend: Trend) -> str:
    """The latest period where it is out of the usual; else another alarm or a new level; else that it is usual."""
    t, latest = page.t, trend.latest
    if latest is not None and latest["alarm"]:
        return trend.sentence(t)
    course = course_of(page.dataset, page.filter, page.audience)
    first: dt.date = trend.frame[trend.column].iloc[0].date()
    said = course_sentences(page, course, first)
    return said[0] if said else trend.sentence(t)
