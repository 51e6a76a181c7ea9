"""The layer "Alerts" of the Hot spots page: points of few alerts, never of sensitive categories."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.privacy import DisclosureError
from curim_data.store import Home
from curim_data.studies.alert_points import MOST_MAP_POINTS, read_map_points
from pages.parts.frame.colours import CATEGORIES
from tests.app.conftest import Open, errors, word
from tests.stored import seen_by


def _layers(app: AppTest) -> dict[str, dict[str, Any]]:
    (chart,) = app.get("deck_gl_json_chart")
    layers = {layer["id"]: layer for layer in json.loads(chart.proto.json)["layers"]}
    return {name: layer for name, layer in layers.items() if name.startswith("alerts_")}


def test_each_alert_is_a_point_in_the_colour_of_its_group(open_page: Open, sample: Home) -> None:
    app = open_page("hotspots", lang="en", layer="alerts", period="quarter")
    assert not errors(app)
    layers = _layers(app)
    source = open_source(sample)
    found = read_map_points(source, AlertFilter(period="quarter"))
    assert sum(len(layer["data"]) for layer in layers.values()) == found.shown
    for at, group in enumerate(source.city.groups):
        if f"alerts_{group}" in layers:
            shade = layers[f"alerts_{group}"]["getFillColor"][:3]
            assert shade == [int(CATEGORIES[at][i : i + 2], 16) for i in (1, 3, 5)]
    table = next(frame.value for frame in app.dataframe if "share" in frame.value)
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
    assert not errors(app)
    assert not app.get("deck_gl_json_chart")
    assert f"above {MOST_MAP_POINTS:,}" in app.main.info[0].value
    app.button(key="hotspots_to_density").click().run()
    assert not errors(app)
    assert word(app, "layer") == "density"
    assert "densest here" in app.main.title[0].value


def test_the_council_sees_no_point(open_page: Open, sample: Home) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "layer": "alerts"})
    assert not errors(app)
    assert not _layers(app)
    with pytest.raises(DisclosureError):
        read_map_points(seen_by(open_source(sample), Audience.COUNCIL), AlertFilter())
