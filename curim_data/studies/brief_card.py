"""The picture card of a finding, in the sentences of its card on the Briefing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from analysis.report.blocks import Picture
from curim_data.model import CityProfile, Translator
from curim_data.model.i18n import Span
from curim_data.studies.brief import BriefChanges
from curim_data.studies.brief_content import change_row, change_series
from curim_data.studies.brief_text import change_name
from curim_data.studies.findings import Finding

if TYPE_CHECKING:
    from analysis.report.card import NewsCard


def card_picture(study: BriefChanges, finding: Finding, city: CityProfile, t: Translator, *, made: dt.date) -> Picture:
    """A finding as a picture for a newsletter; `study`: of the audience that will read it, so of the public."""
    from analysis.report.card import draw_card  # long to load, and only for a download

    return draw_card(news_card(study, finding, city, t, made=made), t)


def news_card(study: BriefChanges, finding: Finding, city: CityProfile, t: Translator, *, made: dt.date) -> NewsCard:
    """What the picture of a finding says."""
    from analysis.report.card import NewsCard  # long to load, and only for a download

    row = change_row(finding, city, t, drawn=False)
    window = Span(study.since, study.until, study.by_month)
    return NewsCard(
        kicker=t("{city} · {period}", city=t.label(city.names), period=window),
        headline=change_name(finding.change, city, t),
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
