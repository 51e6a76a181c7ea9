"""What maps say beside their cells: names that do not run into one another, the picked area, classes of rates."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pydeck as pdk
import pytest

from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, CityProfile, translator
from curim_data.model.place_names import PlaceNames
from pages.parts.charts.plots import CLOSEST, CLOSEST_ON_PHONE, _log_ticks
from pages.parts.charts.tables import (
    BESIDE,
    LETTER,
    SELECT_BOX,
    columns_in_room,
    fitted_columns,
    formatted,
    row_height,
    wrapped_columns,
)
from pages.parts.frame import Room
from pages.parts.frame.colours import LIGHT
from pages.parts.maps import basemap, cell_map, legends, name_layers
from pages.parts.maps.legends import CellMeasure, ColourScale, value_breaks
from pages.parts.maps.name_layers import Pin
from tests.small import small_city

STREAMLIT_WRAPS = 64  # pixels of a row above which Streamlit wraps texts
CITY = small_city()
T = translator("el")


def drawn(pins: list[Pin], zoom: float = 14.0) -> list[list[dict[str, object]]]:
    state = basemap.fitted_view(CITY.land, room=Room.of_window(1280), span=0.62, height=540)
    state.zoom = zoom
    return [layer.data for layer in name_layers.name_layers(CITY, T, pins, LIGHT, state)]


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


def test_landmarks_give_way_to_hot_spots() -> None:
    mark = CITY.landmarks[0]
    name = T.label(mark.labels)
    assert name in [row["text"] for row in drawn([])[0]]
    assert name not in [row["text"] for row in drawn([Pin("Άλλο", mark.longitude, mark.latitude, 1)])[0]]
    far = Pin(f"Κοντά: {name}", mark.longitude + 0.02, mark.latitude, 1)
    assert name not in [row["text"] for row in drawn([far])[0]]


def test_a_city_without_landmarks_has_its_districts_else_the_areas_that_exports_name() -> None:
    state = basemap.fitted_view(CITY.land, room=Room.of_window(1280), span=0.62, height=540)

    def names(city: CityProfile) -> set[str]:
        return {row["text"] for row in name_layers.name_layers(city, T, (), LIGHT, state)[0].data}

    districts = {T.label(area.labels) for area in CITY.districts}
    assert names(replace(CITY, landmarks=())) <= districts
    assert names(replace(CITY, landmarks=()))
    middle = CITY.land.centroid
    cell = h3.latlng_to_cell(middle.y, middle.x, 9)
    table = pd.DataFrame({"kind": ["area", "street"], "name": ["Κέντρο", "Οδός"], "cell": [cell, cell], "n": [9, 9]})
    assert names(replace(CITY, landmarks=(), districts=(), place_names=PlaceNames(table))) == {"Κέντρο"}


def test_the_area_of_a_filter_has_a_shape() -> None:
    assert basemap.filter_area(AlertFilter(), CITY) is None
    district, mark = CITY.districts[0], CITY.landmarks[0]
    whole = basemap.filter_area(AlertFilter(districts=(district.id,)), CITY)
    assert whole is not None
    assert whole.equals(district.polygon)
    disc = basemap.filter_area(AlertFilter(places=(mark.id,)), CITY)
    assert disc is not None
    x, y = CITY.project(*np.array(disc.exterior.coords).T)
    at = CITY.project(mark.longitude, mark.latitude)
    assert np.hypot(x - at[0], y - at[1]) == pytest.approx(mark.radius, rel=0.01)
    both = basemap.filter_area(AlertFilter(districts=(district.id,), places=(mark.id,)), CITY)
    assert both is not None
    assert both.area == pytest.approx(whole.intersection(disc).area)


def test_rates_have_classes_of_their_own() -> None:
    cells = pd.DataFrame({"n": [3.0, 0.0, 9.0, 1.0], "value": [0.012, 0.04, 0.19, np.nan]})
    share = CellMeasure("Share", lambda value: T.percent(value, 1))
    scale = ColourScale.of(T, cells, share)
    assert (scale.heading, scale.column) == ("Share", "value")
    assert next(words for _, words in scale.classes) == "≤ 2,1\u00a0%"
    assert scale.class_numbers(cells).tolist() == [0, 2, 4, -1]
    assert scale.shade(0.19) == scale.classes[-1][0]
    assert ColourScale.of(T, cells).heading == T("Alerts per cell")
    assert [shade for shade, _ in ColourScale.of(T, cells).classes] == [
        shade for shade, _ in legends.class_entries(T, cells["n"])
    ]
    assert value_breaks([]) == []
    assert value_breaks([0.5, 0.5]) == [0.5]
    assert value_breaks([0.001, 1.0])[-1] == 1.0


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    frame = pd.DataFrame({"name": ["Στάδιο Καραϊσκάκη", "Α"], "n": [1, 22]})
    columns = fitted_columns(frame, {"name": "Εστία", "n": "Αναφορές"}, most=100, numbers=("n",))
    assert columns["name"]["width"] == 100
    assert columns["n"]["width"] == round(LETTER * 8 + BESIDE)
    assert columns["n"]["alignment"] == "right"


def test_no_name_lies_across_another_place() -> None:
    """The name of the first would run across the second: it stands left, or its number alone."""
    centre = CITY.land.centroid
    pins = [Pin("Πρώτη", centre.x, centre.y, 1), Pin("Δεύτερη", centre.x + 0.0015, centre.y, 2)]
    _, strong = drawn(pins)
    assert strong[0]["anchor"] == "end"


def test_one_line_goes_round_cells_that_touch() -> None:
    middle = h3.latlng_to_cell(37.94, 23.64, 10)
    ring, disk = set(h3.grid_ring(middle, 1)), set(h3.grid_disk(middle, 1))
    far = h3.latlng_to_cell(37.96, 23.66, 10)
    assert cell_map.touching([]) == []
    assert cell_map.touching([far, *ring]) == sorted([[far], sorted(ring)])
    rows = cell_map._area_lines("hot", [*disk, far], "#000000").data
    assert sorted(row["cells"] for row in rows) == [1, 7]
    assert all(len(row["rings"]) == 1 for row in rows)
    (hollow,) = cell_map._area_lines("hot", ring, "#000000").data
    assert sorted(len(set(map(tuple, points))) for points in hollow["rings"]) == [6, 18]


def test_columns_that_would_be_cut_are_left_out_of_view() -> None:
    frame = pd.DataFrame(
        {"name": ["Στάδιο Καραϊσκάκη"], "n": [22], "excess": ["20 (12–31)"], "ratio": ["2,0 (1,1–3,2)"]}
    )
    headings = {"name": "Εστία", "n": "Αναφορές", "excess": "Επιπλέον (95 %)", "ratio": "Λόγος (95 %)"}
    whole = SELECT_BOX + sum(column["width"] for column in fitted_columns(frame, headings).values())
    assert columns_in_room(frame, headings, list(headings), whole) == list(headings)
    assert columns_in_room(frame, headings, list(headings), whole - 1) == ["name", "n", "excess"]
    assert columns_in_room(frame, headings, list(headings), 10) == ["name", "n"]


def test_rows_for_two_lines_are_high_enough_for_two_lines() -> None:
    """Streamlit cuts the second line away in rows of 64 pixels or less ("rowHeight > 4rem" in its script)."""
    assert row_height(1) < STREAMLIT_WRAPS < row_height(2) <= row_height(3) < row_height(4)


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
    columns, height = wrapped_columns(frame, headings, 2_000, wrapped=wrapped)
    assert height == row_height(1)


def test_beside_a_map_a_long_name_gives_way_to_the_figures() -> None:
    headings = {"place": "Where", "density": "Per km² and month (95 %)"}
    frame = pd.DataFrame(
        {"place": ["1  W Pender St, Central Business District, in the north-east"], "density": ["670 (606–738)"]}
    )
    room = basemap.room_beside(Room.of_window(1280))
    columns, height = wrapped_columns(frame, headings, room, wrapped=("place",))
    assert sum(column["width"] for column in columns.values()) <= room < 1280 * 3 / 8
    assert columns["density"]["width"] >= LETTER * len(headings["density"])
    assert height >= row_height(3)
    short, height = wrapped_columns(frame.assign(place="1  Quay"), headings, room, wrapped=("place",))
    assert short["place"]["width"] == fitted_columns(frame.assign(place="1  Quay"), headings)["place"]["width"]
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


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_change_in_per_cent_has_its_sign(lang: str) -> None:
    frame = pd.DataFrame({"change": [0.104, -0.34, 0.0, float("nan")]})
    told = formatted(translator(lang), frame, percent={"change": 0}, signed={"change": 0})["change"]
    assert [re.sub(r"\s", " ", text) for text in told] == ["+10 %", "−34 %", "0 %", "–"]


@pytest.mark.parametrize(("resolution", "zoom", "dot"), [(12, 8, True), (8, 12, False)])
def test_cells_smaller_than_a_dot_get_a_line_that_makes_one_of_them(resolution: int, zoom: int, dot: bool) -> None:
    view = pdk.ViewState(latitude=37.94, longitude=23.65, zoom=zoom)
    cell = {"hex": h3.int_to_str(h3.latlng_to_cell(37.94, 23.65, resolution))}
    line = cell_map._line_of_dots([cell], view)
    pixels = 2 * h3.average_hexagon_edge_length(resolution, unit="m") / metres_a_pixel(37.94, zoom)
    assert line == pytest.approx(max(0, 4 - pixels), abs=0.01)
    assert (line > 0) == dot
    assert cell_map._line_of_dots([cell] * (cell_map.MOST_DOTS + 1), view) == 0


def metres_a_pixel(latitude: float, zoom: float) -> float:
    return 40_075_017 * math.cos(math.radians(latitude)) / (512 * 2**zoom)
