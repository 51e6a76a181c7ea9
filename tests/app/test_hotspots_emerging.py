"""The layer "Emerging" of the Hot spots page."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import sample_data
from analysis.cube import CLASSES
from curim_data.model import translator
from tests.app.conftest import SPOKEN, Open, errors, word

TRUTHS: dict[str, Any] = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))


def _layer(app: AppTest, name: str) -> list[dict[str, Any]]:
    (chart,) = app.get("deck_gl_json_chart")
    layers = json.loads(chart.proto.json)["layers"]
    return next(layer for layer in layers if layer["id"] == name)["data"]  # type: ignore[no-any-return]


def _listed(app: AppTest) -> Any:
    return next(frame.value for frame in app.dataframe if "class" in frame.value)


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_page_shows_every_planted_class(open_page: Open, lang: str) -> None:
    app = open_page("hotspots", lang=lang, layer="emerging")
    assert not errors(app)
    t = translator(lang)
    listed = _listed(app)
    found = {name.split("  ")[1]: label for name, label in zip(listed["name"], listed["class"], strict=True)}
    planted = {spot["labels"][lang]: t(CLASSES[f"{spot['class']}_hot"].label) for spot in TRUTHS["hot_spot"]}
    assert found == planted
    assert app.main.subheader[0].value.startswith("1 ·")


def test_a_row_selects_on_the_map_and_the_map_selects_a_row(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="emerging")
    first = {cell["hex"] for cell in _layer(app, "highlight")}
    for cell in first:  # the table is named after the one that stands out most
        app.session_state[f"emerging_list_{cell}"] = {"selection": {"rows": [2], "columns": [], "cells": []}}
    app.run()
    assert not errors(app)
    assert app.main.subheader[0].value == "3 · Chatzikyriakio"
    assert first.isdisjoint(cell["hex"] for cell in _layer(app, "highlight"))
    assert word(app, "spot") in {cell["hex"] for cell in _layer(app, "highlight")}
    other = next(cell["hex"] for cell in _layer(app, "cells") if cell["tip"].startswith("5 "))
    app.session_state["emerging_map"] = {"selection": {"indices": {}, "objects": {"cells": [{"hex": other}]}}}
    app.run()
    assert not errors(app)
    assert app.main.subheader[0].value == "5 · Maniatika"


def test_cold_places_come_when_asked_for(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="emerging")
    app.toggle(key="emerging_cold").set_value(True).run()
    assert not errors(app)
    assert len(_listed(app)) == len(TRUTHS["hot_spot"])


def test_the_council_has_no_such_layer(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "layer": "emerging"})
    assert not errors(app)
    assert not any("class" in frame.value for frame in app.dataframe)
