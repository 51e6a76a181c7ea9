"""How wide a page is: measured by the component, else worked out from the window's width in the cookie."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from curim_data.model import CityProfile
from pages.parts.frame import Room, page
from pages.parts.maps.basemap import fitted_view


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def test_a_window_leaves_its_column() -> None:
    assert Room.of_window(1280) == Room(1280, 914)  # 281 px of sidebar, twice 37.5 px of margin, a scroll bar
    assert Room.of_window(390) == Room(390, 358)
    assert [Room.of_window(px).narrow for px in (639, 640)] == [True, False]
    assert Room.of_window(200).column == page.LEAST


def test_a_page_is_drawn_once_more_with_a_view_that_differs_by_a_hair(
    session: dict[str, Any], city: CityProfile
) -> None:
    session[page.KEY] = {"size": [844, 488]}
    first = fitted_view(city.land, room=page.room(), span=1, height=400).zoom
    session[page.KEY] = {"size": [844, 488, 1]}
    settled = fitted_view(city.land, room=page.room(), span=1, height=400).zoom
    assert 0 < settled - first < 0.001
    assert settled == fitted_view(city.land, room=Room(844, 488), span=1, height=400).zoom
