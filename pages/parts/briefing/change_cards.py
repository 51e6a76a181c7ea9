"""Changes that deserve attention, a card each."""

from __future__ import annotations

from typing import Final

import streamlit as st

from curim_data.model import N_, Num
from curim_data.studies.brief import BriefChanges
from curim_data.studies.brief_text import (
    change_name,
    looked_sentence,
    none_sentence,
    smallest_sentence,
    sure_explained,
    tested_sentence,
)
from curim_data.studies.findings import Finding
from curim_data.studies.selection import opened_by_everybody
from pages.parts.findings.chart import draw_finding_chart
from pages.parts.findings.link import finding_words
from pages.parts.findings.words import draw_finding_words, draw_tags
from pages.parts.frame import Page, escape_markdown, page_link

# Settings of the comparison that stand under the cards.
OVERLAP: Final = N_(
    "Changes that overlap are listed once, those that only mirror a change elsewhere not at all; of the changes listed "
    "at most {share} % are expected to be chance."
)
FOR_EVERYBODY: Final = N_("The same changes are listed for every reader, in the same order.")
SHOWN: Final = ("annotation", "darkness", "exposure", "relative")


def draw_change_cards(page: Page, study: BriefChanges) -> None:
    """Draw the cards; that nothing changed is said as a result. On a phone all but the first are folded."""
    t, found = page.t, study.findings
    if not found and study.changes.changes.n_tested:
        with st.container(border=True, key="briefing_quiet"):
            st.write(escape_markdown(none_sentence(study, t)))
    if page.narrow:
        _draw_row(page, study, list(enumerate(found))[:1], 1)
        if len(found) > 1:
            rest = len(found) - 1
            with st.expander(t.n("{n} more change", "{n} more changes", rest), key="briefing_more"):
                for card in list(enumerate(found))[1:]:
                    _draw_row(page, study, [card], 1)
    else:
        per_row = 2 if len(found) in (1, 2, 4) else 3
        for start in range(0, len(found), per_row):
            _draw_row(page, study, list(enumerate(found))[start : start + per_row], per_row)


def _draw_row(page: Page, study: BriefChanges, cards: list[tuple[int, Finding]], columns: int) -> None:
    for column, (at, finding) in zip(st.columns(columns), cards, strict=False):
        with column, st.container(border=True, height="stretch", gap="xsmall", key=f"briefing_card_{at}"):
            _draw_card(page, study, finding, at)


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
    short = [t(periods.choice.explanation)]
    long = [study.course.sentence(t)] if study.course else []
    if periods.before is None:
        st.caption(escape_markdown(" ".join([*long, *short])))
        return
    short.append(looked_sentence(study, t))
    short += study.changes.not_in_use.sentences(page.city, t)
    long.append(study.changes.changes.sentence(t, listed=len(study.findings)))
    if study.n_significant > len(study.findings) > 0:
        long.append(t(OVERLAP, share=Num(100 * study.changes.changes.alpha, 0)))
    if study.findings:
        long.append(smallest_sentence(study, t))
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
