"""What one run of a page works with: the reader, the city, the filter, the data, and the translator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Message, Role, Translator
from curim_data.model.annotations import Annotation
from curim_data.model.i18n import DEFAULT_LANGUAGE
from curim_data.store import Home
from pages.parts.frame.window import Room

Theme = Literal["light", "dark"]


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
        source = self.source
        if source is None:
            return Dataset(str(self.home.path), "", self.city.version, audience=self.audience)
        return dataset_of(self.home, source, self.audience)

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
    def width(self) -> int:
        """The width of the reader's window in pixels."""
        return self.room.window

    @property
    def narrow(self) -> bool:
        """Whether the reader's window is a phone's."""
        return self.room.narrow


def view_query(lang: str, view: str, home: str, city: str = "") -> dict[str, str]:
    """The part of the query string that is no filter; defaults are left out."""
    parts = {"lang": "" if lang == DEFAULT_LANGUAGE else lang, "as": view, "home": home, "city": city}
    return {word: value for word, value in parts.items() if value}
