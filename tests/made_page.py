"""A page of no alerts made by hand, for tests of its parts."""

from __future__ import annotations

from pathlib import Path

from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Role, translator
from curim_data.store import Home
from pages.parts.frame.page import NARROW, Page, Room
from tests.small import small_city


def made_page(
    lang: str = "en",
    audience: Audience = Audience.SPECIALIST,
    city: CityProfile | None = None,
    *,
    f: AlertFilter | None = None,
    role: Role = Role.ANALYST,
    narrow: bool = False,
) -> Page:
    """What a reader of this audience has on show."""
    room = Room(NARROW - 1 if narrow else NARROW, 1_000)
    shown = translator(lang), city or small_city(), f or AlertFilter(), audience, role
    return Page(*shown, Home(Path("nowhere")), None, is_sample=False, theme="light", room=room)
