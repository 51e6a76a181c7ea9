"""A finding in a link: its name, and the filter and the day under which it was found."""

from __future__ import annotations

import datetime as dt
from typing import Final
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from curim_data.filters import AlertFilter
from curim_data.studies.brief import BriefChanges
from curim_data.studies.findings import Finding, same_finding
from pages.parts.findings.queries import SINCE, cached_changes, changes_since
from pages.parts.frame import Page

FINDING: Final = "finding"
WITHIN: Final = "within"


def finding_words(page: Page, study: BriefChanges, finding: Finding) -> dict[str, str]:
    """The words that name a finding to the page behind it."""
    words = {FINDING: finding.id, WITHIN: urlencode(page.filter.to_query())}
    if changes_since(page) is not None:
        words[SINCE] = study.since.isoformat()
    return {word: text for word, text in words.items() if text}


def linked_finding(page: Page) -> tuple[BriefChanges, Finding, AlertFilter] | None:
    """The finding that the link names, as the briefing found it, and the filter under which it did; None where the link
    names none, or the page shows something else by now.
    """
    name = st.query_params.get(FINDING, "")
    if not name or page.source is None:
        return None
    within = dict(parse_qsl(st.query_params.get(WITHIN, "")))
    f, left_out = AlertFilter.from_query(within, page.city, page.source.other_categories)
    if left_out:
        return None
    study = cached_changes(page.dataset, f, _day(st.query_params.get(SINCE, "")))
    found = next((one for one in study.findings if same_finding(one.id, name)), None)
    return None if found is None or found.filter != page.filter else (study, found, f)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
