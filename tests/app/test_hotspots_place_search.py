"""The place search of the Hot spots page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import sample_data
from curim_data.model.city import load_city
from pages.parts.hotspots.choices import matching_places, searchable_places
from tests.app.conftest import Open, errors, word


def _deck(app: AppTest) -> dict[str, Any]:
    (chart,) = app.get("deck_gl_json_chart")
    return json.loads(chart.proto.json)  # type: ignore[no-any-return]


def _outlined(app: AppTest) -> bool:
    return any(layer["id"] == "found" for layer in _deck(app)["layers"])


@pytest.mark.parametrize("typed", ["μικρολιμ", "ΜΙΚΡΟΛΊΜΑΝΟ", "mikrolimano", "Mikrolí"])
def test_a_place_is_found_with_or_without_accents(typed: str) -> None:
    known = searchable_places(load_city(sample_data.PROFILE))
    assert matching_places(typed, known)[0].startswith("place:")
    assert matching_places("", known) == matching_places("nowhere at all", known) == []


def test_the_map_turns_to_the_place_and_it_can_become_the_area(open_page: Open) -> None:
    app = open_page("hotspots", lang="en")
    whole = _deck(app)["initialViewState"]
    app.text_input(key="hotspots_at").set_value("mikrolimano").run()
    assert not errors(app)
    assert word(app, "at").startswith("place:")
    assert _deck(app)["initialViewState"]["zoom"] > whole["zoom"] + 1
    assert _outlined(app)
    app.button(key="hotspots_found_area").click().run()
    assert not errors(app)
    assert len(word(app, "cells").split(",")) > 3


def test_a_district_becomes_the_district_of_the_filter(open_page: Open) -> None:
    city = load_city(sample_data.PROFILE)
    app = open_page("hotspots", lang="en", at=f"district:{city.districts[0].id}")
    app.button(key="hotspots_found_area").click().run()
    assert word(app, "district") == city.districts[0].id
