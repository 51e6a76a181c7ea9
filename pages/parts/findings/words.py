"""The words of a finding: what kind of change it is, and its sentences, the same wherever it stands."""

from __future__ import annotations

import streamlit as st

from curim_data.studies.brief_text import counts_words, finding_sentences, sure_sentence
from curim_data.studies.findings import Finding
from pages.parts.frame import Page, escape_markdown


def draw_tags(page: Page, finding: Finding) -> None:
    """What kind of change it is, in one or two words: they tell cards apart before they are read."""
    t = page.t
    kinds = {"rise": t("↑ Rise"), "fall": t("↓ Fall"), "new": t.c("change", "New")}
    grades = {"clear": t("Clear"), "probable": t("Probable"), "open": t("May be chance")}
    told = [(_colour(finding), kinds[finding.kind]), ("gray", grades[finding.change.grade])]
    if finding.whole_city:
        told.append(("gray", t("Whole city")))
    tags = [f":{colour}-badge[{escape_markdown(text)}]" for colour, text in told]
    st.markdown(" ".join(tags))


def draw_finding_words(page: Page, finding: Finding) -> None:
    """The sentences of a finding, its counts in its colour, how sure below; on a phone the tag says how sure."""
    t = page.t
    counts, sure = counts_words(finding, t), sure_sentence(finding, t)
    first, *others = finding_sentences(finding, page.city, t)
    strong = f":{_colour(finding)}[**{escape_markdown(counts)}**]"
    rest = " ".join(said for said in (first.removeprefix(counts), *others) if said != sure)
    st.markdown(strong + escape_markdown(rest))
    if not page.narrow:
        st.markdown(f"**{escape_markdown(sure)}**")


def _colour(finding: Finding) -> str:
    if finding.change.grade == "open":
        return "gray"
    return "orange" if finding.change.direction > 0 else "blue"
