"""Changes that deserve attention, a card each."""

from __future__ import annotations

from typing import Final

import streamlit as st

from curim_data.model import N_
from curim_data.studies.brief import BriefChanges
from curim_data.studies.brief_text import (
    change_name,
    event_sure,
    looked_sentence,
    none_sentence,
    sure_explained,
    tested_sentence,
    visible_sentence,
)
from curim_data.studies.events import EventFinding
from curim_data.studies.findings import Finding
from curim_data.studies.selection import opened_by_everybody
from pages.parts.findings.chart import draw_finding_chart
from pages.parts.findings.link import finding_words
from pages.parts.findings.words import draw_finding_words, draw_tags
from pages.parts.frame import Page, escape_markdown, page_link

# Settings of the comparison that stand under the cards.
FOR_EVERYBODY: Final = N_("The same changes are listed for every reader, in the same order.")
SHOWN: Final = ("annotation", "coverage", "relative", "grades")
Card = Finding | EventFinding


def draw_change_cards(page: Page, study: BriefChanges) -> None:
    """Draw the cards, clear ones first, events before others; that nothing changed is said as a result. On a phone all
    but one are folded.
    """
    t = page.t
    cards: list[Card] = sorted([*study.events, *study.findings], key=lambda card: not card.clear)
    if not cards and study.changes.changes.n_tested:
        with st.container(border=True, key="briefing_quiet"):
            st.write(escape_markdown(none_sentence(study, t)))
    numbered = list(enumerate(cards))
    if page.narrow:
        _draw_row(page, study, numbered[:1], 1)
        if len(cards) > 1:
            rest = len(cards) - 1
            with st.expander(t.n("{n} more change", "{n} more changes", rest), key="briefing_more"):
                for card in numbered[1:]:
                    _draw_row(page, study, [card], 1)
    else:
        per_row = 2 if len(cards) in (1, 2, 4) else 3
        for start in range(0, len(cards), per_row):
            _draw_row(page, study, numbered[start : start + per_row], per_row)


def _draw_row(page: Page, study: BriefChanges, cards: list[tuple[int, Card]], columns: int) -> None:
    for column, (at, card) in zip(st.columns(columns), cards, strict=False):
        with column, st.container(border=True, height="stretch", gap="xsmall", key=f"briefing_card_{at}"):
            if isinstance(card, Finding):
                _draw_card(page, study, card, at)
            else:
                _draw_event(page, card)


def _draw_event(page: Page, event: EventFinding) -> None:
    """An event: its tags, what and where, how many within how long, and the way to its alerts."""
    t = page.t
    grade, kind = t("Clear") if event.clear else t("Probable"), t("At once")
    st.markdown(f":orange-badge[{escape_markdown(kind)}] :gray-badge[{escape_markdown(grade)}]")
    st.subheader(escape_markdown(event.title(page.city, t)))
    first, *others = event.sentences(page.city, t)
    st.markdown(f":orange[**{escape_markdown(first)}**] " + escape_markdown(" ".join(others)))
    st.markdown(f"**{escape_markdown(event_sure(event, t))}**")
    page_link(page, "hotspots", t("Look closer"), filter=event.filter)


def _draw_card(page: Page, study: BriefChanges, finding: Finding, at: int) -> None:
    t = page.t
    name = change_name(finding.change, page.city, t)
    draw_tags(page, finding)
    st.subheader(escape_markdown(name))
    draw_finding_chart(page, finding, name, key=f"briefing_spark_{at}")
    draw_finding_words(page, finding)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        page_link(page, "trends", t("Look closer"), filter=finding.filter, **finding_words(page, study, finding))
        with st.popover(t("How sure?"), type="tertiary"):
            for sentence in (*sure_explained(study, finding, t), tested_sentence(finding, t)):
                st.write(escape_markdown(sentence))


def draw_basis(page: Page, study: BriefChanges) -> None:
    """What the headline and the cards are based on: two sentences, and the rest behind a click; on a phone all."""
    t, periods = page.t, study.changes.periods
    if periods.before is None:
        return  # the headline says so
    short = [t(periods.choice.explanation), looked_sentence(study, t)]
    short += study.changes.not_in_use.sentences(page.city, t)
    long: list[str] = []
    if study.findings:
        long.append(visible_sentence(study, t))
    if opened_by_everybody(page.filter):
        long.append(t(FOR_EVERYBODY))
    long += [t(choice.explanation) for choice in study.changes.choices if choice.name in SHOWN]
    if page.narrow:
        long, short = [*short, *long], []
    if short:
        st.caption(escape_markdown(" ".join(short)))
    with st.expander(t("How this was compared"), key="briefing_compared"):
        for sentence in filter(None, long):
            st.write(escape_markdown(sentence))
