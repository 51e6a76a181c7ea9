"""The tabs under the map: each analyses the same alerts, and only when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from curim_data.model import Message
from curim_data.model.absence import NO_POSITIONS
from curim_data.studies.hot_spots import HotSpotStudy
from pages.parts.frame import Page, contained
from pages.parts.hotspots.comparison_tab import draw_comparison_tab
from pages.parts.hotspots.concentration_tab import draw_concentration_tab
from pages.parts.hotspots.forecast_tab import draw_forecast_tab
from pages.parts.hotspots.repeats_tab import draw_repeats_tab

TABS_KEY: Final = "hotspots_tab"
TAB_WORD: Final = "tab"

# By the word that stands for a tab in a link: its name, and what shows it.
TABS: Final[dict[str, tuple[Message, Callable[[Page, HotSpotStudy], None]]]] = {
    "concentration": (Message("Concentration"), draw_concentration_tab),
    "comparison": (Message("Comparison"), draw_comparison_tab),
    "repeats": (Message("Repeats"), draw_repeats_tab),
    "forecast": (Message("Forecast"), draw_forecast_tab),
}


def draw_tabs(page: Page, study: HotSpotStudy) -> None:
    """The tabs under the map; `study` is that of the map above them. A link may ask for one ("tab=concentration")."""
    names = [page.t(name) for name, _ in TABS.values()]
    asked = st.query_params.get(TAB_WORD, "")
    if asked in TABS and TABS_KEY not in st.session_state:
        st.session_state[TABS_KEY] = page.t(TABS[asked][0])
    for tab, (name, draw) in zip(st.tabs(names, key=TABS_KEY, on_change="rerun"), TABS.values(), strict=True):
        if tab.open:
            with tab, contained(page.t(name)):
                if study.total.nowhere and draw is not draw_forecast_tab:  # a forecast of the city needs no places
                    st.write(page.t(NO_POSITIONS))
                else:
                    draw(page, study)
