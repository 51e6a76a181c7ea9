"""How much room the page has on the reader's screen: at first from the cookie, later from a component that measures it.

The component runs the page again where its column has changed (a window made smaller, a phone turned, the sidebar
closed), so that maps fit and lists choose their columns without a reload.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.components.v2 import component
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

KEY: Final = "page_column"  # of the component, and of its container
COOKIE: Final = "curim_width"
DEFAULT_WINDOW: Final = 1280
SIDEBAR: Final = 281
SIDEBAR_FROM: Final = 769  # px of the window from which the sidebar stands beside the page
PADDING: Final = 85  # with a scroll bar
PADDING_NARROW: Final = 32
LEAST: Final = 240
NARROW: Final = 640  # px of the window below which Streamlit puts columns below one another
_HERE: Final = Path(__file__).parent
_NAME: Final = "curim.column"


@dataclass(frozen=True)
class Room:
    """Pixels: the `window`'s width, and that of the `column` in it which text, maps and tables share.

    `turn`: how often the page was drawn for this width since it changed. A map that is still taking its new size keeps
    the view that it had; drawn once more, with a view that differs by a hair, it takes the new one.
    """

    window: int
    column: int
    turn: int = 1

    @property
    def narrow(self) -> bool:
        """Whether it is a phone's."""
        return self.window < NARROW

    @classmethod
    def of_window(cls, window: int) -> Room:
        """The room in a window of this width with the sidebar as Streamlit opens it."""
        taken = PADDING_NARROW if window < SIDEBAR_FROM else SIDEBAR + PADDING
        return cls(window, max(LEAST, window - taken))


def room() -> Room:
    """What the component measured in this session; before that, what the window's width in the cookie leaves."""
    measured = st.session_state.get(KEY, {}).get("size")
    if (
        isinstance(measured, list)
        and len(measured) in (2, 3)
        and all(_possible(str(pixels)) for pixels in measured[:2])
    ):
        return Room(int(measured[0]), int(measured[1]), len(measured) - 2)
    asked = st.context.cookies.get(COOKIE, "")
    return Room.of_window(int(asked) if _possible(asked) else DEFAULT_WINDOW)


def measure_column(drawn: Room, *, dark: bool = False) -> None:
    """Put the component on the page, which was drawn for this room; nothing of it is seen.

    `dark`: whether the page is, of which the keys Ctrl+P then print a light one.
    """
    _register()
    with st.container(key=f"{KEY}_holder"):
        component(_NAME, js="column.js")(
            key=KEY, data={"column": drawn.column, "turn": drawn.turn, "dark": dark}, on_size_change=lambda: None
        )


def hidden_style() -> str:
    """The style (CSS) that keeps the component from taking up a line."""
    return f".st-key-{KEY}_holder {{display: none}}"


def _possible(pixels: str) -> bool:
    return pixels.isdigit() and 200 <= int(pixels) <= 10_000


def _register() -> None:
    """Make the script known to the server that runs: from a file, since no inline script is allowed."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(_NAME) is None:
        package, name = _NAME.split(".")
        manifest = ComponentManifest(package, "1", [ComponentConfig(name, "column")])
        manager.register_from_manifest(manifest, _HERE)
