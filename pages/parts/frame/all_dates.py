"""The way from a period with few alerts to all dates."""

from __future__ import annotations

from pages.parts.frame.links import page_link
from pages.parts.frame.page import Page
from pages.parts.frame.results import cached_query


def draw_way_to_all_dates(page: Page, to: str = "hotspots") -> None:
    """A link to the page `to` over all dates, in the same layer, where a period is asked for and others have more."""
    everything = page.filter.replace(period="all", start=None, end=None)
    if everything == page.filter or page.source is None:
        return
    total, here = cached_query(page, "total", filter=everything), cached_query(page, "total")
    if total.mapped != 0 and total.n != here.n:
        page_link(page, to, page.t("Look at all dates: {n} alerts", n=total.said), filter=everything)
