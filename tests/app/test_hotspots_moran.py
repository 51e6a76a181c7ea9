"""Local Moran's I on the Hot spots page: an option of the significance layer, for those who see exact counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from curim_data.model import LANGUAGES
from tests.app.conftest import Open, errors, word

MORAN = {"test": "moran", "cell": "11"}


def cells(app: AppTest) -> list[dict[str, Any]]:
    (chart,) = app.get("deck_gl_json_chart")
    spec = json.loads(chart.proto.json)
    return next(one for one in spec["layers"] if one["id"] == "moran")["data"]  # type: ignore[no-any-return]


def table(app: AppTest) -> Any:
    return next(frame.value for frame in app.dataframe if "class" in frame.value and "cells" in frame.value)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_groups_stand_on_the_map_in_the_table_and_the_headline(open_page: Open, lang: str) -> None:
    app = open_page("hotspots", lang=lang, **MORAN)
    assert not errors(app)
    listed = table(app)
    high = {"el": "υψηλό-υψηλό", "en": "high-high", "fr": "élevé-élevé"}[lang]
    groups = listed[listed["class"] == high]
    assert str(len(groups)) in app.title[0].value
    coloured = {tuple(cell["shade"]) for cell in cells(app) if high in cell["tip"]}
    assert len(coloured) == 1
    assert sum(high in cell["tip"] for cell in cells(app)) == groups["cells"].sum()
    legends = [part.proto.body for part in app.get("html") if "display:flex" in part.proto.body]
    assert [legend.count(high) for legend in legends if high in legend] == [1]


def test_the_exact_test_is_the_default_and_the_choice_stands_in_the_link(open_page: Open) -> None:
    app = open_page("hotspots", lang="en")
    assert app.selectbox(key="hotspots_test").value == ""
    assert [box for box in app.selectbox if box.key == "hotspots_base"]
    app.selectbox(key="hotspots_test").select("moran").run()
    assert not errors(app)
    assert word(app, "test") == "moran"
    assert not [box for box in app.selectbox if box.key == "hotspots_base"]
    assert "more alerts than the mean" in app.title[0].value
    app.selectbox(key="hotspots_test").select("").run()
    assert word(app, "test") == ""
    assert "stand" in app.title[0].value


def test_an_area_selects_what_is_listed(open_page: Open) -> None:
    everywhere = table(open_page("hotspots", lang="en", **MORAN))
    app = open_page("hotspots", lang="en", district="zone_3", **MORAN)
    assert not errors(app)
    assert 0 < len(table(app)) < len(everywhere)
    assert any("whole city" in caption.value for caption in app.caption)


def test_the_council_is_not_offered_it_even_by_a_link(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", **MORAN})
    assert not errors(app)
    assert not [box for box in app.selectbox if box.key == "hotspots_test"]
    assert "Moran" not in app.title[0].value


def test_the_choice_of_cell_size_says_what_cells_are(open_page: Open) -> None:
    for audience in ("specialist", "council"):
        app = open_page("hotspots", **{"lang": "en", "as": audience})
        assert "about 6 %" in app.selectbox(key="hotspots_size").help
        assert any("about 6 %" in caption.value for caption in app.caption)
