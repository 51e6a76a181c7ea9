"""What is chosen, in full, where a select box cuts it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from pages.parts.frame.markdown import escape_markdown
from pages.parts.frame.page import Page

# Letters that the box of a choice holds on a phone; a text field does not wrap.
HELD_ON_PHONE: Final = 34


def draw_whole_choice(page: Page, label: str) -> None:
    """Below a select box on a phone: the whole label of what is chosen, where the box is too narrow for it."""
    if page.narrow and len(label) > HELD_ON_PHONE:
        st.caption(escape_markdown(label))
