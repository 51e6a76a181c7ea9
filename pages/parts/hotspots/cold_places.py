"""Cold places of the Hot spots page: those with fewer alerts than expected by chance, listed below the map."""

from __future__ import annotations

from typing import Final

import streamlit as st

from analysis.hotspots.grouping import Spot
from analysis.spots.naming import name_spots
from curim_data.model import Translator
from curim_data.studies.cells import has_area, in_area, whole_city
from curim_data.studies.hot_spots import HotSpotStudy
from curim_data.studies.selection import chosen_from
from pages.parts.charts.numbers import least_written
from pages.parts.frame import Page, escape_markdown
from pages.parts.hotspots.ranked_list import cell_size_label

# As many are named; the downloadable table of cells holds them all.
MOST_NAMED: Final = 5


def cold_places_in_area(page: Page, study: HotSpotStudy) -> list[Spot]:
    """Cold places of the area that the filter names, the most surely low first."""
    if not study.cold or not has_area(page.filter):
        return list(study.cold)
    names = name_spots(study.cold, page.city)
    return [spot for spot in study.cold if in_area(spot, names[spot.id], page.filter, page.city)]


def draw_cold_places(page: Page, study: HotSpotStudy, found: list[Spot]) -> None:
    """The cold places, each with its sentence; nothing where there is none."""
    if not found:
        return
    t = page.t
    names, least = name_spots(found[:MOST_NAMED], page.city), least_written(page)
    lines = [
        t.pair(f"- **{escape_markdown(names[spot.id](t))}**", escape_markdown(spot.cold_sentence(t, least)))
        for spot in found[:MOST_NAMED]
    ]
    if len(found) > MOST_NAMED:
        lines.append("- " + t.n("{n} more.", "{n} more.", len(found) - MOST_NAMED))
    st.markdown("\n".join([f"**{_heading(t, found, by_rate=study.hot.based)}**", "", *lines]))
    source = page.source
    if source is not None and source.exact is not None and chosen_from(source, whole_city(page.filter)) is source:
        st.caption(
            t(
                "Found in cells of {size}: whoever sees finer cells may find other places cold.",
                size=cell_size_label(page, study.resolution),
            )
        )


def _heading(t: Translator, found: list[Spot], *, by_rate: bool) -> str:
    if by_rate:
        return t.n(
            "{n} place has a lower rate than expected by chance (cold)",
            "{n} places have a lower rate than expected by chance (cold)",
            len(found),
        )
    return t.n(
        "{n} place has fewer alerts than expected by chance (cold)",
        "{n} places have fewer alerts than expected by chance (cold)",
        len(found),
    )
