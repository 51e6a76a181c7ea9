"""What changed, cached, and the day since which changes are looked for: of the link, or of the last meeting."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from curim_data.filters import AlertFilter
from curim_data.model import Message
from curim_data.studies.brief import BriefChanges, brief_changes, usual_since
from pages.parts.frame import Dataset, Page, calculated, source_of

SINCE = "since"


@calculated(Message("Preparing the briefing"))
def cached_changes(dataset: Dataset, f: AlertFilter, since: dt.date | None) -> BriefChanges:
    """What the headline and the cards tell, before the map."""
    return brief_changes(source_of(dataset), f, since)


def changes_since(page: Page) -> dt.date | None:
    """The day since which changes are looked for: of the link, or of the last meeting.

    None, the whole period, where the reader picked a period: then everything on the page is about that one.
    """
    usual = usual_since(page.source, page.filter) if page.source is not None else None
    return usual and (_since_in_link(page) or usual)


def _since_in_link(page: Page) -> dt.date | None:
    """The day that the link asks for; None where it names none that the data hold."""
    try:
        day = dt.date.fromisoformat(st.query_params.get(SINCE, ""))
    except ValueError:
        return None
    return day if page.source is not None and page.source.first <= day <= page.source.as_of else None
