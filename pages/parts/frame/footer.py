"""What stands under every figure: its sentence, how many alerts are behind it, and what was chosen for the reader.

And the way from a period with few alerts to all dates, and what is chosen in a select box that cuts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from analysis.stats.intervals import Choice
from curim_data.model import N_, Message, Role, Translator
from curim_data.model.absence import LEFT_TO_THE_ANALYST, fewer_than
from curim_data.protection import copy_errors, kind_of
from curim_data.query import Total
from curim_data.studies.periods import copy_notes, places_taken
from pages.parts.frame.links import page_link
from pages.parts.frame.markdown import escape_markdown
from pages.parts.frame.page import Page
from pages.parts.frame.results import cached_query

# Letters that the box of a choice holds on a phone; a text field does not wrap.
HELD_ON_PHONE: Final = 34


def draw_footer(
    page: Page,
    *,
    sentence: str = "",
    total: Total | None = None,
    excluded: int | None = None,
    period: str = "",
    drawn: int | None = None,
    undrawn: int = 0,
    choices: Sequence[Choice] = (),
) -> None:
    """Draw the sentence in body type, the counts below it, and the settings in an expander.

    `excluded`: alerts on the city's land that no map holds for sharing their coordinates with many others, those of
    `total` unless given; `period`: over which the total counts, where it is not that of the filter; `drawn` and
    `undrawn`: how many stand on a map of single points, and how many sensitive ones never do.
    """
    t = page.t
    if sentence:
        st.write(escape_markdown(sentence))
    if total is not None:
        excluded = total.at_default if excluded is None else excluded
        source = page.source
        counts = mapped_sentence(t, total, excluded, drawn, undrawn, taken=source is not None and places_taken(source))
        told = t("{period}: {counts}", period=period, counts=counts) if period else counts
        if source is not None and source.exact is not None:
            notes = copy_notes(source, page.filter, total)
            told += "  \n" + " ".join(
                [copy_errors(source).sentence(t, kind_of(page.filter, source.city)), *map(t, notes)]
            )
        st.caption(told)
    if choices:
        with st.expander(t("How this was calculated")):
            for choice in choices:
                st.caption(escape_markdown(t(choice.explanation)))


def draw_few_mapped_note(page: Page, total: Total, excluded: int) -> None:
    """Say beside a map that it holds less than half of the alerts, where that is known and it holds any."""
    shown = total.mapped - excluded
    if 0 < 2 * shown < total.n:
        t = page.t
        said = t(
            "Only {shown} of {n} alerts are on the map, and what is said about places holds for them alone.",
            shown=t(fewer_than(total.threshold)) if total.shown(shown) is None else shown,
            n=total.n,
        )
        check = t("Check the outline of the city and the coordinates on the Data page.")
        st.warning(f"{said} {check}" if page.role >= Role.ANALYST else said)


def missing(page: Page, message: Message) -> str:
    """What a city's profile lacks, and how to add it; to readers who cannot, that the analyst can."""
    return page.t(message if page.role >= Role.ANALYST else LEFT_TO_THE_ANALYST.get(message.text, message))


def mapped_sentence(
    t: Translator,
    total: Total,
    excluded: int = 0,
    drawn: int | None = None,
    undrawn: int = 0,
    *,
    taken: bool = False,
) -> str:
    """How many alerts there are and how many of them are on the map; see `footer`. `taken`: the protected copy took
    the place of some of those without one (`places_taken`).
    """
    if total.withheld:
        return t("Fewer than {k} alerts: too few to show how many.", k=total.threshold)

    def said(n: int) -> int | str:
        return t(fewer_than(total.threshold)) if total.shown(n) is None else n

    without = N_("{n} without a place in the copy") if taken else N_("{n} without a position")
    parts = (
        (True, t.n("n = {n} alert", "n = {n} alerts", total.n)),
        (drawn is not None, t("{n} drawn as points", n=drawn or 0)),
        (drawn is None, t("{n} on the map", n=said(total.mapped - excluded))),
        (excluded, t("{n} kept off maps (coordinates shared by many)", n=said(excluded))),
        (undrawn, t("{n} not drawn (sensitive categories)", n=undrawn)),
        (total.unmapped, t(without, n=said(total.unmapped or 0))),
        (total.outside, t("{n} outside the city", n=said(total.outside or 0))),
    )
    return t("{parts}.", parts=", ".join(words for told, words in parts if told))


def draw_whole_choice(page: Page, label: str) -> None:
    """Below a select box on a phone: the whole label of what is chosen, where the box is too narrow for it."""
    if page.narrow and len(label) > HELD_ON_PHONE:
        st.caption(escape_markdown(label))


def draw_way_to_all_dates(page: Page, to: str = "hotspots") -> None:
    """A link to the page `to` over all dates, in the same layer, where a period is asked for and others have more."""
    everything = page.filter.replace(period="all", start=None, end=None)
    if everything == page.filter or page.source is None:
        return
    total, here = cached_query(page, "total", filter=everything), cached_query(page, "total")
    if total.mapped != 0 and total.n != here.n:
        page_link(page, to, page.t("Look at all dates: {n} alerts", n=total.said), filter=everything)
