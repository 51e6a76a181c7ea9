"""What one run of a page works with: the reader, the city, the filter, the data, the translator, and its room.

How much room the page has on the reader's screen is at first known from the cookie, later from a component that
measures it. That runs the page again where its column has changed (a window made smaller, a phone turned, the sidebar
closed), so that maps fit and lists choose their columns without a reload.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import streamlit as st
from streamlit.components.v2 import component
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import N_, Audience, CityProfile, Message, Role, Translator
from curim_data.model.coverage import Annotation
from curim_data.model.i18n import DEFAULT_LANGUAGE
from curim_data.privacy import WrittenCounts, sees_exact
from curim_data.store import Home

KEY: Final = "page_column"  # of the component, and of its container
HIDDEN: Final = f".st-key-{KEY}_holder {{display: none}}"  # the style that keeps the component from taking up a line
COOKIE: Final = "curim_width"
LEAST: Final = 240
NARROW: Final = 640  # px of the window below which Streamlit puts columns below one another
_HERE: Final = Path(__file__).parent
_NAME: Final = "curim.column"
Theme = Literal["light", "dark"]


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
        """The room in a window of this width, with padding and a scroll bar; from 769 px on beside the sidebar."""
        return cls(window, max(LEAST, window - (32 if window < 769 else 281 + 85)))


@dataclass(frozen=True)
class Dataset:
    """A hashable name for one version of one home's alerts: what a cache may be keyed with.

    Answers depend on the alerts' `version`, on the version of the city's `profile` (categories, names, land), on the
    day of the council's last `meeting`, which a period may begin with, on what is noted on the time line, and on the
    `audience`: council and public read the protected copy, whose version is another one.
    """

    home: str
    version: str
    profile: str = ""
    meeting: dt.date | None = None
    annotations: tuple[Annotation, ...] = ()
    audience: Audience = Audience.COUNCIL


def dataset_of(home: Home, source: Source, audience: Audience) -> Dataset:
    """The name of the alerts of a source."""
    return Dataset(str(home.path), source.version, source.city.version, source.meeting, source.annotations, audience)


@dataclass(frozen=True)
class Page:
    """One run of one page for one reader. `source` is None where the home has no alerts yet."""

    t: Translator
    city: CityProfile
    filter: AlertFilter
    audience: Audience
    role: Role
    home: Home
    source: Source | None
    is_sample: bool
    theme: Theme
    room: Room
    reader: str = ""
    notes: tuple[Message, ...] = ()
    carried: Mapping[str, str] = field(default_factory=dict)

    @property
    def dataset(self) -> Dataset:
        """The key of what is on show, for caches."""
        if self.source is None:
            return Dataset(str(self.home.path), "", self.city.version, audience=self.audience)
        return dataset_of(self.home, self.source, self.audience)

    @property
    def alerts(self) -> Source:
        """The alerts of a page that has some; AssertionError on one that has none."""
        assert self.source is not None
        return self.source

    @property
    def protected(self) -> bool:
        """Whether the reader reads the protected copy."""
        return not sees_exact(self.audience)

    @property
    def written(self) -> WrittenCounts:
        """Which counts of the page's filter the reader may read."""
        return WrittenCounts(self.filter, self.city, self.protected)

    @property
    def own(self) -> Home:
        """The home of the city's own data, where the made-up sample stands in its place too."""
        return Home(self.home.path.parent) if self.is_sample else self.home

    @property
    def city_word(self) -> str:
        """The city's word in links; empty where there is one city alone."""
        return self.carried.get("city", "")

    @property
    def query(self) -> dict[str, str]:
        """The query string that a link inside the dashboard carries: language, view and filter, no defaults."""
        return self.query_with(self.filter)

    def query_with(self, chosen: AlertFilter) -> dict[str, str]:
        """The query string of this view with another filter."""
        return {**self.carried, **chosen.to_query()}

    @property
    def narrow(self) -> bool:
        """Whether the reader's window is a phone's."""
        return self.room.narrow


def view_query(lang: str, view: str, home: str, city: str = "") -> dict[str, str]:
    """The part of the query string that is no filter; defaults are left out."""
    parts = {"lang": "" if lang == DEFAULT_LANGUAGE else lang, "as": view, "home": home, "city": city}
    return {word: value for word, value in parts.items() if value}


def room() -> Room:
    """What the component measured in this session; before that, what the window's width in the cookie leaves."""
    measured = st.session_state.get(KEY, {}).get("size")
    if isinstance(measured, list) and len(measured) in (2, 3) and all(map(_possible, measured[:2])):
        return Room(int(measured[0]), int(measured[1]), len(measured) - 2)
    asked = st.context.cookies.get(COOKIE, "")
    return Room.of_window(int(asked) if _possible(asked) else 1280)


# What Streamlit calls its own controls, in English in every language.
_CONTROLS: Final = {
    "Skip to main content": N_("Skip to the content"),
    "Expand sidebar": N_("Open the side bar"),
    "Collapse sidebar": N_("Close the side bar"),
    "Close": N_("Close"),
    "Choose date": N_("Date"),
    "Choose date range": N_("Dates"),
    "Previous month": N_("Previous month"),
    "Next month": N_("Next month"),
    "Help for ": N_("Help"),
    "Fullscreen": N_("Full screen"),
    "Show/hide columns": N_("Columns"),
    "Search": N_("Search"),
    "Clear selection": N_("Reset"),
    "Download plot as a PNG": N_("Download as a picture"),
}


def measure_column(drawn: Room, t: Translator, *, dark: bool = False) -> None:
    """Put the component on the page, which was drawn for this room; nothing of it is seen.

    `t`: into whose language Streamlit's names of controls are put; `dark`: whether the page is, of which the keys
    Ctrl+P then print a light one.
    """
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(_NAME) is None:  # a file, since no inline script is allowed
        package, name = _NAME.split(".")
        manager.register_from_manifest(ComponentManifest(package, "1", [ComponentConfig(name, "column")]), _HERE)
    names = {} if t.lang == "en" else {english: t(said) for english, said in _CONTROLS.items()}
    data = {"column": drawn.column, "turn": drawn.turn, "dark": dark, "names": names}
    with st.container(key=f"{KEY}_holder"):
        component(_NAME, js="column.js")(key=KEY, data=data, on_size_change=lambda: None)


def _possible(pixels: object) -> bool:
    return str(pixels).isdigit() and 200 <= int(str(pixels)) <= 10_000
