"""What maps say beside their cells: names that do not run into one another, the picked area, classes of rates."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import streamlit as st

from curim_data.model import CityProfile, translator
from curim_data.model.place_names import PlaceNames
from pages.parts.charts.plots import CLOSEST, CLOSEST_ON_PHONE, _log_ticks
from pages.parts.charts.tables import BESIDE, LETTER, fitted_columns, row_height, wrapped_columns
from pages.parts.frame import Room, page
from pages.parts.frame.look import LIGHT
from pages.parts.maps import basemap, cell_map
from pages.parts.maps.basemap import Pin, fitted_view
from tests.small import small_city

STREAMLIT_WRAPS = 64  # pixels of a row above which Streamlit wraps texts
CITY = small_city()
T = translator("el")


def drawn(pins: list[Pin], zoom: float = 14.0) -> list[list[dict[str, object]]]:
    state = basemap.fitted_view(CITY.land, room=Room.of_window(1280), span=0.62, height=540)
    state.zoom = zoom
    return [layer.data for layer in basemap.name_layers(CITY, T, pins, LIGHT, state)]


def boxes(rows: list[dict[str, object]], zoom: float = 14.0) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of every name, in pixels, worked out apart from the code."""
    found = []
    for row in rows:
        (longitude, latitude), (right, down) = row["position"], row["shift"]  # type: ignore[misc]
        x = longitude / 360 * 512 * 2**zoom + right
        y = -np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2)) / (2 * np.pi) * 512 * 2**zoom + down
        width = 0.6 * 13 * len(str(row["text"]))
        left = x - {"start": 0, "middle": width / 2, "end": width}[str(row["anchor"])]
        found.append((left, y - 7, left + width, y + 7))
    return found


def test_names_do_not_run_into_one_another() -> None:
    centre = CITY.land.centroid
    pins = [Pin("Μακρύ όνομα τόπου", centre.x + 0.0016 * at, centre.y + 0.0012 * (at % 3), at) for at in range(1, 6)]
    _, strong = drawn(pins)
    assert [row["text"] for row in strong[:2]] == ["1 Μακρύ όνομα τόπου", "2 Μακρύ όνομα τόπου"]
    assert len(strong) >= 4
    for zoom in np.arange(13.5, 18.1, 0.1).tolist():
        for one, two in itertools.combinations(boxes(strong, zoom), 2):
            assert one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]


def test_twelve_of_two_hundred_places_are_named_and_the_selected_one_always() -> None:
    centre = CITY.land.centroid
    pins = [Pin("Μακρύ όνομα", centre.x + 0.003 * (at % 15), centre.y + 0.002 * (at // 15), at) for at in range(1, 212)]
    _, strong = drawn(pins)
    assert 0 < len(strong) <= 12
    cell = h3.latlng_to_cell(pins[150].latitude, pins[150].longitude, 10)
    assert cell_map._selected_first(pins, [cell])[0] == pins[150]
    assert cell_map._selected_first(pins, ()) == pins
    assert [Pin("254 Street", 0, 0, 3).text, Pin("", 0, 0, 3).text, Pin("A", 0, 0).text] == ["3 · 254 Street", "3", "A"]


def test_a_city_without_landmarks_has_its_districts_else_the_areas_that_exports_name() -> None:
    state = basemap.fitted_view(CITY.land, room=Room.of_window(1280), span=0.62, height=540)

    def names(city: CityProfile) -> set[str]:
        return {row["text"] for row in basemap.name_layers(city, T, (), LIGHT, state)[0].data}

    districts = {T.label(area.labels) for area in CITY.districts}
    assert names(replace(CITY, landmarks=())) <= districts
    assert names(replace(CITY, landmarks=()))
    middle = CITY.land.centroid
    cell = h3.latlng_to_cell(middle.y, middle.x, 9)
    table = pd.DataFrame({"kind": ["area", "street"], "name": ["Κέντρο", "Οδός"], "cell": [cell, cell], "n": [9, 9]})
    assert names(replace(CITY, landmarks=(), districts=(), place_names=PlaceNames(table))) == {"Κέντρο"}


def test_long_names_wrap_so_that_all_columns_are_in_view() -> None:
    """The columns of Trends in 924 pixels, as a window of 1280 has; the names took the certainty out of view."""
    frame = pd.DataFrame(
        {
            "what": ["Sexual comments and gestures in public – after dark", "Theft"],
            "where": ["Staten Island, Precinct 120, 2.3 km north-east", "Whole city"],
            "before": [6, 1],
            "times": ["0.17 (0.02–1,581.58)", "1.00 (0.50–2.00)"],
            "sure": ["almost certain", "may be chance"],
        }
    )
    headings = {"what": "What", "where": "Where", "before": "Before", "times": "Ratio (95 %)", "sure": "Chance or not"}
    wrapped = ("what", "where")
    for room in (358, 640, 924):
        columns, height = wrapped_columns(frame, headings, room, wrapped=wrapped)
        if room > 600:
            assert sum(column["width"] for column in columns.values()) <= room
        plain = fitted_columns(frame, headings)
        assert all(columns[name]["width"] == plain[name]["width"] for name in headings if name not in wrapped)
        lines = (height - row_height(0)) // (row_height(1) - row_height(0))
        assert height == row_height(1) or height > STREAMLIT_WRAPS
        for name in wrapped:
            letters = (columns[name]["width"] - BESIDE + 1) / LETTER
            assert lines >= max(len(text) for text in frame[name]) / letters
    assert row_height(1) < STREAMLIT_WRAPS < row_height(2) <= row_height(3) < row_height(4)
    columns, height = wrapped_columns(frame, headings, 2_000, wrapped=wrapped)
    assert height == row_height(1)


def test_a_map_of_another_city_does_not_carry_the_coast_of_the_open_one() -> None:
    told = replace(CITY, attributions=("Somebody (CC BY 4.0)",))
    assert "Somebody" in basemap.attribution_style(told, LIGHT)
    assert basemap.attribution_style(CITY, LIGHT) == ""
    other = basemap.attribution_style(CITY, LIGHT, ".st-key-data_points")
    assert other == ".st-key-data_points [data-testid='stDeckGlJsonChart']::after {content: none !important}"
    assert basemap.attribution_style(told, LIGHT, ".st-key-data_points").count(".st-key-data_points") == 2


@pytest.mark.parametrize("closest", [CLOSEST, CLOSEST_ON_PHONE])
@pytest.mark.parametrize(("low", "high"), [(0.3, 3.0), (0.004, 14.0), (0.6, 0.9), (0.05, 90.0)])
def test_ticks_of_a_ratio_do_not_touch_and_keep_one(low: float, high: float, closest: float) -> None:
    """On a phone "0,250,50" stood as one number."""
    ticks = _log_ticks(pd.DataFrame({"low": [low], "high": [high]}), closest)
    assert 1.0 in ticks
    wide = math.log(max(high, ticks[-1]) / min(low, ticks[0]))
    assert all(math.log(b / a) >= closest * wide - 1e-9 for a, b in itertools.pairwise(ticks))


def test_a_window_leaves_its_column() -> None:
    assert Room.of_window(1280) == Room(1280, 914)  # 281 px of sidebar, twice 37.5 px of margin, a scroll bar
    assert Room.of_window(390) == Room(390, 358)
    assert [Room.of_window(px).narrow for px in (639, 640)] == [True, False]
    assert Room.of_window(200).column == page.LEAST


def test_a_page_is_drawn_once_more_with_a_view_off_by_a_hair(
    monkeypatch: pytest.MonkeyPatch, city: CityProfile
) -> None:
    session = dict[str, Any]()
    monkeypatch.setattr(st, "session_state", session)
    session[page.KEY] = {"size": [844, 488]}
    first = fitted_view(city.land, room=page.room(), span=1, height=400).zoom
    session[page.KEY] = {"size": [844, 488, 1]}
    settled = fitted_view(city.land, room=page.room(), span=1, height=400).zoom
    assert 0 < settled - first < 0.001
    assert settled == fitted_view(city.land, room=Room(844, 488), span=1, height=400).zoom
