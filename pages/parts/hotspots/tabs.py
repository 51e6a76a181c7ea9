"""What stands under the map: each tab a question to the same alerts, answered only when its tab is opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from curim_data.model.i18n import Message
from curim_data.studies.hot_spots import HotSpotStudy
from pages.parts.frame.page import Page
from pages.parts.hotspots import (
    comparison_tab as hotspots_compare,
)
from pages.parts.hotspots import (
    concentration_tab as hotspots_concentration,
)
from pages.parts.hotspots import (
    forecast_tab as hotspots_forecast,
)
from pages.parts.hotspots import (
    repeats_tab as hotspots_repeats,
)

KEY: Final = "hotspots_tab"
TAB: Final = "tab"

# By the word that stands for a tab in a link: its name, and what shows it.
TABS: Final[dict[str, tuple[Message, Callable[[Page, HotSpotStudy], None]]]] = {
    "concentration": (Message("Concentration"), hotspots_concentration.draw_concentration_tab),
    hotspots_compare.TAB: (Message("Comparison"), hotspots_compare.draw_comparison_tab),
    "repeats": (Message("Repeats"), hotspots_repeats.draw_repeats_tab),
    "forecast": (Message("Forecast"), hotspots_forecast.draw_forecast_tab),
}


def draw_tabs(page: Page, study: HotSpotStudy) -> None:
    """The tabs under the map; `study` is that of the map above them. A link may ask for one ("tab=concentration")."""
    names = [page.t(name) for name, _ in TABS.values()]
    asked = st.query_params.get(TAB, "")
    if asked in TABS and KEY not in st.session_state:
        st.session_state[KEY] = page.t(TABS[asked][0])
    for tab, (_, show) in zip(st.tabs(names, key=KEY, on_change="rerun"), TABS.values(), strict=True):
        if tab.open:
            with tab:
                show(page, study)
