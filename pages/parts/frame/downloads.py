"""Downloads: each file is made when its button is clicked, for a reader who may still have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.parts.frame.reader import keeps_role
from pages.parts.frame.record import handing_out


class NotPermitted(PermissionError):
    """The reader has signed out, or has another role than when the button was drawn."""


def draw_download(label: str, data: Callable[[], bytes | str], file_name: str, **look: Any) -> None:
    """A button that makes a file when it is clicked and hands it out; `look`: more of what Streamlit's button takes."""
    st.download_button(label, data=_checked(data, file_name), file_name=file_name, **{"on_click": "ignore", **look})


def _checked(make: Callable[[], bytes | str], file_name: str) -> Callable[[], bytes | str]:
    """What makes a file and records it, asking first: it is called without a run of the page and of its check."""
    kept, noted = keeps_role(), handing_out(file_name)

    def made() -> bytes | str:
        if not kept():
            raise NotPermitted
        file = make()
        noted()
        return file

    return made
