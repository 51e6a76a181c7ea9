"""Pictures of the maps of the Hot spots page."""

from __future__ import annotations

import io
from typing import Any

import matplotlib.image as mpimg
import numpy as np
import pytest
import shapely
from streamlit.testing.v1 import AppTest

import sample_data
from analysis.report.maps import MapLayer, NumberedSpot, layers_map
from curim_data.model import translator
from curim_data.model.city import load_city
from tests.app.conftest import Open, errors

FILES = {"significance": "hotspots", "clusters": "clusters", "emerging": "emerging", "density": "density"}


def _button(app: AppTest, key: str) -> list[Any]:
    return [button for button in app.get("download_button") if button.proto.id.endswith(f"-{key}")]


@pytest.mark.parametrize("layer", [*FILES, "alerts"])
def test_every_layer_can_be_taken_along_as_a_picture(open_page: Open, layer: str) -> None:
    app = open_page("hotspots", lang="el", layer=layer, period="quarter")
    assert not errors(app)
    assert _button(app, f"{FILES.get(layer, layer)}_png")


def test_the_council_takes_the_protected_map_along(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council"})
    assert not errors(app)
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
