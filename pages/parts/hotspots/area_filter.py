"""The area of the filter on the Hot spots page: places are looked for in the whole city, and those in it are listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

from curim_data.studies.cells import OF_CITY, TESTED_IN_CITY, has_area, in_area
from curim_data.studies.emerging import EmergingRow
from curim_data.studies.spot_profiles import SpotSummary
from pages.parts.frame import Page

_Line = TypeVar("_Line", SpotSummary, EmergingRow)


def lines_in_area(page: Page, lines: Sequence[_Line]) -> tuple[_Line, ...]:
    """The places that lie in the filter's area at least in part; all of them where it names none."""
    if not has_area(page.filter):
        return tuple(lines)
    return tuple(
        line
        for line in lines
        if in_area(line.spot if isinstance(line, SpotSummary) else line.place, line.name, page.filter, page.city)
    )


def draw_area_headline(page: Page, found: int, here: int) -> None:
    """How many of the city's hot spots lie in the area."""
    t = page.t
    st.title(
        t.n(
            "{n} of the {all} hot spots of the city lies in this area.",
            "{n} of the {all} hot spots of the city lie in this area.",
            here,
            all=found,
        )
        if here
        else t.n(
            "The one hot spot of the city does not lie in this area.",
            "None of the {n} hot spots of the city lies in this area.",
            found,
        )
    )


def draw_area_note(page: Page, *, listed: bool) -> None:
    """Say that the area only selects what is `listed`, or that a figure covers the whole city."""
    if has_area(page.filter):
        st.caption(page.t(TESTED_IN_CITY if listed else OF_CITY))


def draw_no_spot_in_area(page: Page) -> None:
    """What is shown next to the map where no hot spot lies in the area."""
    t = page.t
    st.subheader(t("No hot spot in this area"))
    st.write(
        t(
            "The hot spots of the city lie elsewhere. Remove the area from the filter to see them, or look at the "
            "alerts here one by one."
        )
    )
