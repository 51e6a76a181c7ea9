"""What the Hot spots page says, in every layer and tab, where none of the alerts is on the map."""

from __future__ import annotations

import streamlit as st

from curim_data.model.absence import NO_POSITIONS
from pages.parts.frame import Heading, Page, filter_bar, page_link
from pages.parts.frame.cache import cached_query
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


def draw_way_to_all_dates(page: Page, to: str = "hotspots") -> None:
    """A link to the same page `to` over all dates, where the filter is for a period and there are more alerts."""
    everything = page.filter.replace(period="all", start=None, end=None)
    if everything == page.filter or page.source is None:
        return
    total, here = cached_query(page, "total", filter=everything), cached_query(page, "total")
    if total.mapped != 0 and total.n != here.n:
        page_link(page, to, page.t("Look at all dates: {n} alerts", n=total.said), filter=everything)
