"""What changed against the last export of the kind, before the import."""

from __future__ import annotations

import streamlit as st

from pages.parts.data.labels import heading
from pages.parts.data.uploads import View
from pages.parts.frame.markdown import plain
from pages.parts.frame.page import Page


def show(page: Page, view: View) -> None:
    """Columns first, then alerts that are new, changed their status, or are gone; nothing where nothing came before."""
    changes, t = view.changes, page.t
    if changes is None or changes.before is None:
        return
    head, *told = changes.sentences(t)
    heading(t("What changed"))
    if changes.columns_changed:
        st.warning(t("The columns are not what they were: see whether they still mean the same."))
    st.markdown(f"{plain(head)}\n\n" + "\n".join(f"- {plain(one)}" for one in told))
