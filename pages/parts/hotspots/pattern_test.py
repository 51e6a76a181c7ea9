"""The spatial point pattern test below the comparison of two maps: one sentence, and the areas that differ."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message
from curim_data.privacy import sees_exact
from curim_data.studies.cells import whole_city
from curim_data.studies.compare import CompareError
from curim_data.studies.pattern_test import EXACT_ONLY, PatternStudy, pattern_study
from pages.parts.charts import tables
from pages.parts.frame import Dataset, Page, calculated, draw_footer, escape_markdown, source_of

NARROW_COLUMNS: Final = ("name", "more", "q")
# What is said in the comparison above already.
SAID_ABOVE: Final = frozenset({"shared", "area", "dark", "hours", "reference", "short", "season", "piles", "cells"})


@calculated(Message("Comparing the areas of both sides"))
def _study(dataset: Dataset, chosen: AlertFilter, audience: Audience, against: str) -> PatternStudy:
    return pattern_study(source_of(dataset), chosen, audience, against)


def draw_pattern_test(page: Page, against: str) -> None:
    """The test of the same two sides, for those who see exact counts; others are told that it is not for them."""
    t = page.t
    if not sees_exact(page.audience):
        st.caption(t(EXACT_ONLY))
        return
    st.subheader(t("How alike both maps are"))
    try:
        study = _study(page.dataset, whole_city(page.filter), page.audience, against)
    except CompareError as error:
        st.info(t(error.message))
        return
    st.write(escape_markdown(study.sentence(t)))
    st.caption(
        t("This is another test than that of the map above, of other areas: either can find what the other does not.")
    )
    _draw_areas(page, study)
    draw_footer(page, choices=tuple(choice for choice in study.choices if choice.name not in SAID_ABOVE))


def _draw_areas(page: Page, study: PatternStudy) -> None:
    t, pair = page.t, study.pair
    if not study.changed:
        return
    frame = pd.DataFrame(
        {
            "name": area.name(t),
            "more": t((pair.a if area.more > 0 else pair.b).name),
            "a": area.n_a,
            "b": area.n_b,
            "share_a": t.percent(area.share_a, 1),
            "share_b": t.percent(area.share_b, 1),
            "q": t.p_value(area.q),
        }
        for area in study.changed
    )
    headings = {
        "name": t("Area"),
        "more": t("More here"),
        "a": t(pair.a.name),
        "b": t(pair.b.name),
        "share_a": t("Share of “{side}”", side=t(pair.a.name)),
        "share_b": t("Share of “{side}”", side=t(pair.b.name)),
        "q": t("Corrected p"),
    }
    if page.narrow:
        headings = {name: headings[name] for name in NARROW_COLUMNS}
    file = frame[list(headings)].rename(columns=headings)
    tables.draw_fitted_table(
        page,
        frame,
        headings,
        page.room.column,
        key="hotspots_pattern",
        alt=t("Areas whose share differs, the surest first"),
        digits={"a": 0, "b": 0},
    )
    tables.download_button(page, file, "pattern-test.csv", key="hotspots_pattern_download")
