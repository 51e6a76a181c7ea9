"""The tab "Comparison": the planted place of women after dark, in every language and for the council."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.frame.colours import CHANGE, LIGHT, rgba
from tests.app.conftest import SPOKEN, Open, errors, word

ASKED = {"tab": "comparison", "light": "dark", "period": "all"}


def _layer(app: AppTest, name: str) -> list[dict[str, Any]]:
    specs = [json.loads(chart.proto.json) for chart in app.get("deck_gl_json_chart")]
    return next(layer["data"] for spec in specs for layer in spec["layers"] if layer["id"] == name)


def _table(app: AppTest) -> Any:
    return _plain(app, ["name", "more", "ratio", "q", "a", "b", "share", "elsewhere"])


def _plain(app: AppTest, names: list[str]) -> Any:
    """The plain table with so many columns, by the names that they have in the code."""
    return next(table.value for table in app.table if len(table.value.columns) == len(names)).set_axis(names, axis=1)


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_place_that_differs_for_women_after_dark(open_page: Open, lang: str) -> None:
    app = open_page("hotspots", lang=lang, **ASKED)
    assert not errors(app)
    name = {"el": "Πασαλιμάνι", "en": "Pasalimani", "fr": "Pasalimáni"}[lang]
    table = _table(app)
    assert name in table["name"].iloc[0]
    women = table["more"].iloc[0]
    assert list(table["more"]).count(women) == 1
    assert any(f"**1 {name}**" in text.value for text in app.markdown)
    marked = {cell["hex"] for cell in _layer(app, "differs")}
    cells = _layer(app, "difference")
    assert marked <= {cell["hex"] for cell in cells}
    lines = {tuple(cell["line"][:3]) for cell in cells if cell["shade"] == rgba(CHANGE[2], 110)}
    assert lines == {tuple(rgba(LIGHT.muted)[:3])}  # a cell without a difference is seen, though filled as the land is


def test_what_is_compared_stands_in_the_address(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", **ASKED)
    app.selectbox(key="hotspots_against").set_value("reporter").run()
    assert not errors(app)
    assert word(app, "against") == "reporter"
    assert word(app, "tab") == "comparison"
    again = open_page("hotspots", lang="en", against="light", tab="comparison")
    assert not errors(again)
    assert again.selectbox(key="hotspots_against").value == "light"
    assert "Mikrolimano" in _table(again)["name"].iloc[0]


def test_the_council_sees_cells_of_its_size_and_small_counts_as_fewer(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", **ASKED})
    assert not errors(app)
    assert "Pasalimani" in _table(app)["name"].iloc[0]
    cells = _layer(app, "difference")
    assert all(cell["hex"].startswith("89") for cell in cells)
    told = {line.partition(": ")[2] for cell in cells for line in cell["tip"].splitlines()}
    assert "fewer than 5" in told
    assert not {"1", "2", "3", "4", ""} & told
    assert not any("protected" in cell["tip"] for cell in cells)
    exact = open_page("hotspots", lang="en", **ASKED)
    assert not any("fewer" in cell["tip"] for cell in _layer(exact, "difference"))
