"""The Gender page: all genders shown, the planted place found, small numbers protected, the filter carried."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analysis.gender import CategoryRatios
from curim_data.model import LANGUAGES, translator
from pages.parts.gender import queries
from tests.app.conftest import Open, errors


def _words(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.main.title, *app.main.markdown, *app.main.caption, *app.info))


def _circles(app: AppTest) -> list[dict[str, Any]]:
    (chart,) = app.get("deck_gl_json_chart")
    layers = json.loads(chart.proto.json)["layers"]
    return next(layer for layer in layers if layer["id"] == "places")["data"]  # type: ignore[no-any-return]


def _labels(app: AppTest, number: int) -> list[str]:
    return json.loads(app.get("plotly_chart")[number].proto.spec)["data"][0]["y"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("view", ["", "council"])
def test_the_planted_place_is_found_after_dark(open_page: Open, view: str) -> None:
    app = open_page("gender", **{"lang": "en", "light": "dark", "as": view})
    assert not errors(app)
    assert "**1 Pasalimani**" in _words(app)
    circle = next(circle for circle in _circles(app) if circle["tip"].startswith("Pasalimani"))
    assert circle["fill"][3] > 0
    link = next(link for link in app.get("page_link") if "Pasalimani" in link.proto.label)
    assert "place=pasalimani" in link.proto.query_string
    assert "light=dark" in link.proto.query_string


def test_all_genders_stand_in_the_bars(open_page: Open) -> None:
    app = open_page("gender", lang="en")
    assert _labels(app, 0) == ["Women", "Men", "Another gender", "Not disclosed", "Not known"]
    assert _labels(app, 0) == _labels(app, 1)
    words = _words(app)
    assert "no residents by gender" in words
    assert "15900" in words
    assert "Silence is not safety" in words


def test_small_numbers_of_sensitive_categories_are_told_as_protected(open_page: Open) -> None:
    app = open_page("gender", **{"lang": "en", "as": "council", "category": "harassment_verbal"})
    assert not errors(app)
    assert "protected" in _words(app).lower()


def test_where_all_is_protected_a_sentence_stands_alone(open_page: Open) -> None:
    """The council saw a map of grey discs, "0 incidents" and a list of every category beside an empty half page."""
    app = open_page("gender", **{"lang": "en", "as": "council"})
    assert not errors(app)
    words = _words(app)
    assert "Women and men could not be compared by category" in words
    assert "Places could not be compared" in words
    assert not app.get("deck_gl_json_chart")
    assert "Protected, because the numbers are small" not in words
    assert "15900" in words


def test_the_filters_gender_is_set_aside_and_said(open_page: Open) -> None:
    app = open_page("gender", lang="en", affected="woman")
    assert not errors(app)
    assert "ignored" in _words(app)
    assert app.main.title[0].value == open_page("gender", lang="en").main.title[0].value


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_left_is_said(open_page: Open, lang: str) -> None:
    app = open_page("gender", **{"lang": lang, "as": "council", "from": "2001-01-01", "to": "2001-01-02"})
    assert not errors(app)
    assert not app.get("plotly_chart")


def test_each_plan_is_listed_with_its_check(open_page: Open) -> None:
    app = open_page("gender", lang="en")
    plans = [link for link in app.get("page_link") if "plan=" in link.proto.query_string]
    assert len(plans) >= 3
    assert "all four questions" in _words(app)


def test_categories_of_one_gender_alone_are_not_left_out_of_the_chart_in_silence(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = queries.weights, []

    def told(app: AppTest) -> str:
        assert not errors(app)
        counted = int((~np.isfinite(seen[-1]["ratio"]) | (seen[-1]["ratio"] == 0)).sum())
        one, many = (f"{{n}} {words} no ratio and {rest} not in the chart: see the table." for words, rest in ENDS)
        sentence = translator("en").n(one, many, counted)
        assert (sentence in _words(app)) is bool(counted)
        return sentence

    def one_sided(*asked: Any) -> CategoryRatios:
        found = real(*asked)
        frame = found.frame.copy()
        frame.loc[frame.index[0], ["women", "ratio", "low"]] = 0.0
        seen.append(frame)
        return dataclasses.replace(found, frame=frame)

    monkeypatch.setattr(queries, "weights", lambda *asked: seen.append(real(*asked).frame) or real(*asked))
    before = told(open_page("gender", lang="en"))
    monkeypatch.setattr(queries, "weights", one_sided)
    assert told(open_page("gender", lang="en")) != before


ENDS = (
    ("category that affected only women or only men has", "is"),
    ("categories that affected only women or only men have", "are"),
)
