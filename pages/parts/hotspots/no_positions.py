"""What the Hot spots page says, in every layer and tab, where none of the alerts is on the map."""

from __future__ import annotations

import streamlit as st

from curim_data.model.absence import NO_POSITIONS
from pages.parts.frame import Heading, Page, filter_bar
from pages.parts.frame.footer import draw_way_to_all_dates
from pages.parts.maps.basemap import without_outline


def draw_no_positions(page: Page, heading: Heading) -> None:
    """The headline, what to ask for, and the way to all dates, where some alert of theirs is on the map.

    Nothing is drawn of the layer: neither its map nor a file to download, for places that nobody looked at.
    """
    t = page.t
    with heading:
        st.title(t("No alert is on the map, so no place was looked at."))
        st.caption(filter_bar.filter_sentence(page))
    without_outline(page)
    st.write(t(NO_POSITIONS))
    draw_way_to_all_dates(page)
