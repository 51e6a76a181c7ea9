"""The words of a finding: what kind of change it is, and its sentences, the same wherever it stands."""

from __future__ import annotations

import streamlit as st

from curim_data.studies.brief_text import counts_words, finding_sentences, less_than_others, sure_sentence
from curim_data.studies.findings import Finding
from pages.parts.frame import Page, escape_markdown


def draw_tags(page: Page, finding: Finding) -> None:
    """What kind of change it is, in one or two words: they tell cards apart before they are read."""
    t = page.t
    kinds = {"rise": t("↑ Rise"), "fall": t("↓ Fall"), "new": t.c("change", "New")}
    word = t("Against the trend") if less_than_others(finding.change, t) else kinds[finding.kind]
    told = [(_colour(page, finding), word)]
    if finding.after_dark:
        told.append(("violet", t("After dark")))
    if finding.whole_city:
        told.append(("gray", t("Whole city")))
    tags = [f":{colour}-badge[{escape_markdown(text)}]" for colour, text in told]
    st.markdown(" ".join(tags))


def draw_finding_words(page: Page, finding: Finding) -> None:
    """The sentences of a finding, its counts in its colour, how sure below."""
    t = page.t
    counts, sure = counts_words(finding, t), sure_sentence(finding, t)
    first, *others = finding_sentences(finding, page.city, t)
    strong = f":{_colour(page, finding)}[**{escape_markdown(counts)}**]"
    rest = " ".join(said for said in (first.removeprefix(counts), *others) if said != sure)
    st.markdown(strong + escape_markdown(rest))
    st.markdown(f"**{escape_markdown(sure)}**")


def _colour(page: Page, finding: Finding) -> str:
    if less_than_others(finding.change, page.t):
        return "gray"
    return "orange" if finding.change.direction > 0 else "blue"
