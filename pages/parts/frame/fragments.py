"""Parts of a page that are drawn again alone when the reader picks something in them.

A part that is drawn alone may write only its own words of the address. Where anything else in the address has changed
(a button in it sets a filter), the whole page follows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

import streamlit as st

from pages.parts.frame import reader, record, run_log

# What shows the address, and has to follow when a part changes it.
LINK_PARTS: Final = ("filter_actions", "languages")


def draw_alone(name: str, draw: Callable[[], None], *, words: Collection[str] = ()) -> None:
    """Draw a part of the page, and draw it alone when something in it is picked.

    `name`: a name that no other part has; `words`: the words of the address that the part itself writes.
    """
    before = _address_without(words)

    def draw_part() -> None:
        if _address_without(words) != before:
            st.rerun()
        draw()

    st.fragment(admitting(draw_part, name=name), key=name)()


def admitting(draw: Callable[..., None], *, using: bool = True, name: str = "") -> Callable[..., None]:
    """What a part draws; when it is drawn alone, only for the reader that the page was drawn for.

    The page's own check does not run then. A session that has ended, or a role that has changed, makes the whole page
    run, which says so. `using`: whether drawing it alone is a use of the session; `name`: what the log of runs
    calls it.
    """
    first = [True]
    before, page, others = reader.reader(using=using), record.drawn(), record.beside()
    of_page = run_log.drawn_page()

    def draw_checked(*given: Any) -> None:
        if first:
            first.clear()
            draw(*given)
        else:
            with run_log.run(of_page, name or "part"):
                draw_alone_again(*given)

    def draw_alone_again(*given: Any) -> None:
        if reader.reader(using=using) != before:
            st.rerun()
        elif page is not None:
            record.draws(page)
            for other in others:
                record.draws_beside(other)
        draw(*given)

    return draw_checked


def redraw(name: str) -> None:
    """In the callback of a widget of a part: draw this part again, and the links that hold the address."""
    st.rerun([name, *LINK_PARTS])


def _address_without(words: Collection[str]) -> dict[str, str]:
    return {word: value for word, value in st.query_params.items() if word not in words}
