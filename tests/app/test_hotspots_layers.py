"""The layers of the Hot spots page: points, density, classes over time and month by month; maps to take along."""

from __future__ import annotations

import io
import json
import tomllib
from typing import Any

import matplotlib.image as mpimg
import numpy as np
import pytest
import shapely
from streamlit.testing.v1 import AppTest

import sample_data
from analysis.cube import CLASSES
from analysis.report.maps import MapLayer, NumberedSpot, layers_map
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.model.city import load_city
from curim_data.privacy import DisclosureError
from curim_data.store import Home
from curim_data.studies.alert_points import MOST_MAP_POINTS, read_map_points
from curim_data.studies.hot_spots import emerging_study
from pages.parts.frame.colours import CATEGORIES
from tests.app.conftest import SPOKEN, Open, errors, frame_of, layers, rows_of, word
from tests.stored import seen_by


def _points(app: AppTest) -> dict[str, dict[str, Any]]:
    return {name: layer for name, layer in layers(app).items() if name.startswith("alerts_")}


def _layers(app: AppTest) -> dict[str, dict[str, Any]]:
    (chart,) = app.get("deck_gl_json_chart")
    layers = {layer["id"]: layer for layer in json.loads(chart.proto.json)["layers"]}
    return {name: layer for name, layer in layers.items() if name.startswith("alerts_")}


def test_each_alert_is_a_point_in_the_colour_of_its_group(open_page: Open, sample: Home) -> None:
    app = open_page("hotspots", lang="en", layer="alerts", period="quarter")
    layers = _points(app)
    source = open_source(sample)
    found = read_map_points(source, AlertFilter(period="quarter"))
    assert sum(len(layer["data"]) for layer in layers.values()) == found.shown
    for at, group in enumerate(source.city.groups):
        if f"alerts_{group}" in layers:
            shade = layers[f"alerts_{group}"]["getFillColor"][:3]
            assert shade == [int(CATEGORIES[at][i : i + 2], 16) for i in (1, 3, 5)]
    table = frame_of(app, "share")
    assert table["n"].sum() == found.shown
    assert found.shown + found.sensitive + found.at_default + found.unmapped == found.n


def test_sensitive_alerts_are_never_points(open_page: Open, sample: Home) -> None:
    source = open_source(sample)
    found = read_map_points(source, AlertFilter(period="quarter"))
    assert found.frame is not None
    assert source.city.sensitive.isdisjoint(found.frame["category"])
    assert found.sensitive > 100
    only = read_map_points(source, AlertFilter(groups=("gender_based",)))
    assert only.shown == 0
    app = open_page("hotspots", lang="en", layer="alerts")
    assert "never drawn as points" in "\n".join(text.value for text in app.main.markdown)


def test_too_many_are_not_drawn_and_density_is_offered(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="alerts", period="all")
    assert not app.get("deck_gl_json_chart")
    assert f"above {MOST_MAP_POINTS:,}" in app.main.info[0].value
    app.button(key="hotspots_to_density").click().run()
    assert not errors(app)
    assert word(app, "layer") == "density"
    assert "densest here" in app.main.title[0].value


def test_the_council_sees_no_point(open_page: Open, sample: Home) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "layer": "alerts"})
    assert not _points(app)
    with pytest.raises(DisclosureError):
        read_map_points(seen_by(open_source(sample), Audience.COUNCIL), AlertFilter())


def test_a_handful_of_alerts_has_no_density_and_no_concentration(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="density", category="playground_damage", period="28d")
    assert app.title[0].value == "Too few alerts for a density."
    (chart,) = app.get("deck_gl_json_chart")
    assert "BitmapLayer" not in chart.proto.json
    app = open_page("hotspots", lang="en", category="playground_damage", period="28d")
    assert "too few to measure their concentration" in " ".join(one.value for one in app.markdown)


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_density_is_one_picture_that_the_page_holds(open_page: Open, lang: str) -> None:
    app = open_page("hotspots", lang=lang, layer="density")
    picture = layers(app)["density"]
    assert picture["image"].startswith("data:image/png;base64,")
    west, south, east, north = picture["bounds"]
    assert west < 23.65 < east
    assert south < 37.94 < north
    assert "cells" not in layers(app)
    heading = translator(lang)("Per km² and month (95 %)")
    peaks = frame_of(app, heading)
    assert len(peaks) == 10


def test_the_council_gets_no_density(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "layer": "density"})
    assert "density" not in layers(app)


TRUTHS: dict[str, Any] = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_page_shows_every_planted_class(open_page: Open, lang: str) -> None:
    app = open_page("hotspots", lang=lang, layer="emerging")
    t = translator(lang)
    listed = frame_of(app, "class")
    found = {name.split("  ")[1]: label for name, label in zip(listed["name"], listed["class"], strict=True)}
    planted = {spot["labels"][lang]: t(CLASSES[f"{spot['class']}_hot"].label) for spot in TRUTHS["hot_spot"]}
    assert found == planted
    assert app.main.subheader[0].value.startswith("1 ·")


def test_a_row_selects_on_the_map_and_the_map_selects_a_row(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="emerging")
    first = {cell["hex"] for cell in rows_of(app, "highlight")}
    for cell in first:  # the table is named after the one that stands out most
        app.session_state[f"emerging_list_{cell}"] = {"selection": {"rows": [2], "columns": [], "cells": []}}
    app.run()
    assert not errors(app)
    assert app.main.subheader[0].value == "3 · Chatzikyriakio"
    assert first.isdisjoint(cell["hex"] for cell in rows_of(app, "highlight"))
    assert word(app, "spot") in {cell["hex"] for cell in rows_of(app, "highlight")}
    other = next(cell["hex"] for cell in rows_of(app, "cells") if cell["tip"].startswith("5 "))
    app.session_state["emerging_map"] = {"selection": {"indices": {}, "objects": {"cells": [{"hex": other}]}}}
    app.run()
    assert not errors(app)
    assert app.main.subheader[0].value == "5 · Maniatika"


def test_cold_places_come_when_asked_for(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="emerging")
    app.toggle(key="emerging_cold").set_value(True).run()
    assert not errors(app)
    assert len(frame_of(app, "class")) == len(TRUTHS["hot_spot"])


def test_the_council_has_no_such_layer(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "layer": "emerging"})
    assert not any("class" in frame.value for frame in app.dataframe)


def _hot(app: AppTest) -> set[str]:
    layers = json.loads(app.get("deck_gl_json_chart")[-1].proto.json)["layers"]
    return {cell["hex"] for cell in next(layer for layer in layers if layer["id"] == "hot_now")["data"]}


def test_each_month_shows_its_own_hot_cells(open_page: Open, sample: Home) -> None:
    found = emerging_study(open_source(sample), AlertFilter()).emerging
    assert found is not None
    names = [f"{cell:x}" for cell in found.frame.index]
    app = open_page("hotspots", lang="en", layer="emerging")
    assert len(app.get("deck_gl_json_chart")) == 1
    app.toggle(key="emerging_by_step").set_value(True).run()
    assert not errors(app)
    for step in (47, 3):
        app.select_slider(key="emerging_step").set_value(step).run()
        assert not errors(app)
        assert {cell["hex"] for cell in rows_of(app, "hot_now")} == {
            name for name, hot in zip(names, found.hot[:, step], strict=True) if hot
        }
    assert any(words.value.startswith("Feb 2023: hot cells") for words in app.caption)


FILES = {"significance": "hotspots", "clusters": "clusters", "emerging": "emerging", "density": "density"}


def _button(app: AppTest, key: str) -> list[Any]:
    return [button for button in app.get("download_button") if button.proto.id.endswith(f"-{key}")]


@pytest.mark.parametrize("layer", [*FILES, "alerts"])
def test_every_layer_can_be_taken_along_as_a_picture(open_page: Open, layer: str) -> None:
    app = open_page("hotspots", lang="el", layer=layer, period="quarter")
    assert _button(app, f"{FILES.get(layer, layer)}_png")


def test_the_council_takes_the_protected_map_along(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council"})
    assert _button(app, "hotspots_png")


def test_a_picture_holds_what_is_drawn() -> None:
    city, t = load_city(sample_data.PROFILE), translator("el")
    inside = city.land.representative_point()
    box = inside.buffer(0.003)
    shades = [
        MapLayer("1–3", "#a31621", (box,)),
        MapLayer("περίγραμμα", "#14293a", (box,), outline=True),
        MapLayer("σημεία", "#0072b2", (shapely.Point(inside.x, inside.y),), points=True),
    ]
    spots = [NumberedSpot(1, "Μικρολίμανο", inside.x, inside.y)]
    notes = ["Όλες οι αναφορές. " * 12, "n = 5"]
    made = layers_map(city, shades, t, title="Αναφορές ανά κελί", spots=spots, notes=notes, alt="χάρτης")
    assert made.alt == "χάρτης"
    pixels = np.asarray(mpimg.imread(io.BytesIO(made.data), format="png"))[..., :3]
    red = np.abs(pixels - np.array([0xA3, 0x16, 0x21]) / 255).max(axis=2) < 0.02
    assert red.sum() > 2_000
    plain = layers_map(city, (), t, title="", notes=["n = 5"])
    empty = np.asarray(mpimg.imread(io.BytesIO(plain.data), format="png"))
    assert empty.shape[0] < pixels.shape[0]  # more notes and a longer legend make a higher sheet
