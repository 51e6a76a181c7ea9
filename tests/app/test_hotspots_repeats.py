"""The tab "Repeats" and the layer "Density" of the Hot spots page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from curim_data.model import translator
from pages.parts.frame.results import forget_results
from tests.app.conftest import SPOKEN, Open, errors, word


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    forget_results()


def _said(app: AppTest) -> str:
    parts = [*app.main.markdown, *app.main.caption, *app.main.title, *app.main.subheader]
    return "\n".join(part.value for part in parts)


def _layers(app: AppTest) -> dict[str, dict[str, Any]]:
    (chart,) = app.get("deck_gl_json_chart")
    return {layer["id"]: layer for layer in json.loads(chart.proto.json)["layers"]}


def _asked(open_page: Open, **words: str) -> AppTest:
    """The tab after the reader asked for the test."""
    app = open_page("hotspots", tab="repeats", **words)
    assert "Knox" not in _said(app), "tested only on request"
    asked: AppTest = app.button(key="hotspots_repeats").click().run()
    return asked


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_tab_shows_that_vandalism_repeats(open_page: Open, lang: str) -> None:
    app = _asked(open_page, lang=lang, category="vandalism")
    assert not errors(app)
    table = next(frame.value for frame in app.dataframe if "space" in frame.value)
    first = table.iloc[0]
    bands = ("(0.1, 100]", "[0, 7]") if lang == "en" else ("(0,1; 100]", "[0; 7]")
    assert (first["space"], first["time"]) == bands
    assert first["pattern"]
    assert len(table) == 16
    assert not any(table["pattern"].iloc[8:])


def test_the_tab_says_what_it_rests_on(open_page: Open) -> None:
    app = _asked(open_page, lang="en", category="vandalism")
    said = _said(app)
    assert "times as many further incidents as expected by chance" in said
    assert "shuffled among the places 999 times" in said
    assert "At the very same place" in said
    assert "only the first is tested here" in said


def test_distance_can_be_measured_along_the_axes(open_page: Open) -> None:
    app = _asked(open_page, lang="en", category="vandalism")
    straight = next(frame.value for frame in app.dataframe if "space" in frame.value)
    app.selectbox(key="hotspots_metric").select("manhattan").run()
    assert not errors(app)
    assert (word(app, "metric"), word(app, "tab")) == ("manhattan", "repeats")
    along = next(frame.value for frame in app.dataframe if "space" in frame.value)
    pairs = [int(str(frame["observed"].iloc[0]).replace(",", "")) for frame in (straight, along)]
    assert 0 < pairs[1] < pairs[0]  # no way along the axes is shorter than the straight line


def test_the_council_is_told_why_there_are_no_repeats(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "tab": "repeats"})
    assert not errors(app)
    said = _said(app)
    assert "Repeats are for analysts and specialists" in said
    assert "Knox" not in said


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_density_is_one_picture_that_the_page_holds(open_page: Open, lang: str) -> None:
    app = open_page("hotspots", lang=lang, layer="density")
    assert not errors(app)
    picture = _layers(app)["density"]
    assert picture["image"].startswith("data:image/png;base64,")
    west, south, east, north = picture["bounds"]
    assert west < 23.65 < east
    assert south < 37.94 < north
    assert "cells" not in _layers(app)
    heading = translator(lang)("Per km² and month (95 %)")
    peaks = next(table.value for table in app.table if heading in table.value)
    assert len(peaks) == 10


def test_the_council_gets_no_density(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "layer": "density"})
    assert not errors(app)
    assert "density" not in _layers(app)
