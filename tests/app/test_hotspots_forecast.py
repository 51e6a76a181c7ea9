"""The tab "Forecast" of the Hot spots page."""

from __future__ import annotations

import pytest

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import translator
from curim_data.store import Home
from curim_data.studies.trends import forecast_study
from pages.parts.frame import escape_markdown
from tests.app.conftest import SPOKEN, Open, errors


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_forecast_stands_beside_its_backtest(open_page: Open, sample: Home, lang: str) -> None:
    app = open_page("hotspots", lang=lang, tab="forecast")
    assert not errors(app)
    t = translator(lang)
    told = forecast_study(open_source(sample), AlertFilter())
    assert told.city is not None
    assert told.cells is not None
    said = {words.value for words in app.markdown}
    assert {
        escape_markdown(told.city.sentence(t)),
        escape_markdown(told.cells.sentence(t)),
        escape_markdown(told.cells.places_sentence(t)),
    } <= said
    listed = next(frame.value for frame in app.table if t("52 weeks") in frame.value)
    assert listed[t.c("emerging", "Place")].iloc[0] == f"1  {told.listed['name'].iloc[0](t)}"
    assert told.listed["name"].iloc[0].place == "pasalimani"  # the planted place with most alerts in one cell
    test = next(frame.value for frame in app.dataframe if "pai" in frame.value)
    assert len(test) == 9


def test_a_forecast_that_cannot_be_tried_is_hidden(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", tab="forecast", category="sexual_assault")
    assert not errors(app)
    assert any(words.value.startswith("No forecast is shown") for words in app.markdown)
    assert not any("52 weeks" in frame.value for frame in app.table)


def test_the_council_gets_the_city(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "tab": "forecast"})
    assert not errors(app)
    said = [words.value for words in app.markdown]
    assert any("Expected in the next 4 weeks" in words for words in said)
    assert not any("protected" in words for words in said)
    exact = open_page("hotspots", lang="en", tab="forecast")
    tables = [next(table.value for table in one.table if "Weeks inside" in table.value) for one in (app, exact)]
    assert set(tables[0]["Place"]) == set(tables[1]["Place"]) != set()
    assert any("by map cell is for specialists" in words for words in said)
    assert not any("pai" in frame.value for frame in app.dataframe)
