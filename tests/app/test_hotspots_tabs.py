"""The tabs under the map of the Hot spots page: concentration, comparison, repeats and forecast."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.spot_profiles import concentration_study
from curim_data.studies.trends import forecast_study
from pages.parts.frame import escape_markdown
from pages.parts.frame.colours import CHANGE, LIGHT, rgba
from pages.parts.frame.results import forget_results
from tests.app.conftest import SPOKEN, Open, errors, frame_of, rows_of, word, words_of


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_tab_says_how_few_places_hold_half(open_page: Open, sample: Home, lang: str) -> None:
    app = open_page("hotspots", lang=lang, tab="concentration")
    t = translator(lang)
    found = concentration_study(open_source(sample), AlertFilter()).concentration
    assert found.share(0.5).places < 0.12 < 0.3 < found.share(0.5).chance.low
    assert any(escape_markdown(found.sentence(t)) == words.value for words in app.markdown)
    table = frame_of(app, "chance")
    assert len(table) == 3
    assert any(t.number(found.generalised, 2) in words.value for words in app.markdown)


def test_the_council_gets_the_same_figures_in_its_cells(open_page: Open, sample: Home) -> None:
    """The copy keeps how many alerts each cell has in a month: in cells of one size both read the same."""
    app = open_page("hotspots", **{"lang": "en", "as": "council", "tab": "concentration"})
    table = frame_of(app, "chance")
    own = concentration_study(open_for(sample, Audience.COUNCIL), AlertFilter())
    exact = concentration_study(open_source(sample), AlertFilter(), own.cells.resolution)
    assert len(table) == len(exact.concentration.shares)
    other_cells = exact.concentration.cells  # an incident of several alerts may count in another cell
    for shown, one, other in zip(table["places"], own.concentration.shares, exact.concentration.shares, strict=True):
        assert "–" not in shown
        assert one.places == pytest.approx(other.places, abs=1.01 / other_cells)
    assert own.concentration.generalised == pytest.approx(exact.concentration.generalised, abs=0.01)


ASKED = {"tab": "comparison", "light": "dark", "period": "all"}


def _table(app: AppTest) -> Any:
    return _plain(app, ["name", "more", "ratio", "q", "a", "b", "share", "elsewhere"])


def _plain(app: AppTest, names: list[str]) -> Any:
    """The plain table with so many columns, by the names that they have in the code."""
    return next(table.value for table in app.table if len(table.value.columns) == len(names)).set_axis(names, axis=1)


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_place_that_differs_for_women_after_dark(open_page: Open, lang: str) -> None:
    app = open_page("hotspots", lang=lang, **ASKED)
    name = {"el": "Πασαλιμάνι", "en": "Pasalimani", "fr": "Pasalimáni"}[lang]
    table = _table(app)
    assert name in table["name"].iloc[0]
    women = table["more"].iloc[0]
    assert list(table["more"]).count(women) == 1
    assert any(f"**1 {name}**" in text.value for text in app.markdown)
    marked = {cell["hex"] for cell in rows_of(app, "differs")}
    cells = rows_of(app, "difference")
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
    assert again.selectbox(key="hotspots_against").value == "light"
    assert "Mikrolimano" in _table(again)["name"].iloc[0]


def test_the_council_sees_cells_of_its_size_and_small_counts_as_fewer(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", **ASKED})
    assert "Pasalimani" in _table(app)["name"].iloc[0]
    cells = rows_of(app, "difference")
    assert all(cell["hex"].startswith("89") for cell in cells)
    told = {line.partition(": ")[2] for cell in cells for line in cell["tip"].splitlines()}
    assert "fewer than 5" in told
    assert not {"1", "2", "3", "4", ""} & told
    assert not any("protected" in cell["tip"] for cell in cells)
    exact = open_page("hotspots", lang="en", **ASKED)
    assert not any("fewer" in cell["tip"] for cell in rows_of(exact, "difference"))


def _said(app: AppTest) -> str:
    parts = [*app.main.markdown, *app.main.caption, *app.main.title, *app.main.subheader]
    return "\n".join(part.value for part in parts)


def _asked(open_page: Open, **words: str) -> AppTest:
    """The tab after the reader asked for the test."""
    forget_results()
    app = open_page("hotspots", tab="repeats", **words)
    assert "Knox" not in words_of(app), "tested only on request"
    asked: AppTest = app.button(key="hotspots_repeats").click().run()
    return asked


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_tab_shows_that_vandalism_repeats(open_page: Open, lang: str) -> None:
    app = _asked(open_page, lang=lang, category="vandalism")
    assert not errors(app)
    table = frame_of(app, "space")
    first = table.iloc[0]
    bands = ("(0.1, 100]", "[0, 7]") if lang == "en" else ("(0,1; 100]", "[0; 7]")
    assert (first["space"], first["time"]) == bands
    assert first["pattern"]
    assert len(table) == 16
    assert not any(table["pattern"].iloc[8:])


def test_the_tab_says_what_it_rests_on(open_page: Open) -> None:
    app = _asked(open_page, lang="en", category="vandalism")
    said = words_of(app)
    assert "times as many further incidents as expected by chance" in said
    assert "shuffled among the places 999 times" in said
    assert "At the very same place" in said
    assert "only the first is tested here" in said


def test_distance_can_be_measured_along_the_axes(open_page: Open) -> None:
    app = _asked(open_page, lang="en", category="vandalism")
    straight = frame_of(app, "space")
    app.selectbox(key="hotspots_metric").select("manhattan").run()
    assert not errors(app)
    assert (word(app, "metric"), word(app, "tab")) == ("manhattan", "repeats")
    along = frame_of(app, "space")
    pairs = [int(str(frame["observed"].iloc[0]).replace(",", "")) for frame in (straight, along)]
    assert 0 < pairs[1] < pairs[0]  # no way along the axes is shorter than the straight line


def test_the_council_is_told_why_there_are_no_repeats(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "tab": "repeats"})
    said = words_of(app)
    assert "Repeats are for analysts and specialists" in said
    assert "Knox" not in said


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_forecast_stands_beside_its_backtest(open_page: Open, sample: Home, lang: str) -> None:
    app = open_page("hotspots", lang=lang, tab="forecast")
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
    test = frame_of(app, "pai")
    assert len(test) == 9


def test_a_forecast_that_cannot_be_tried_is_hidden(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", tab="forecast", category="sexual_assault")
    assert any(words.value.startswith("No forecast is shown") for words in app.markdown)
    assert not any("52 weeks" in frame.value for frame in app.table)


def test_the_council_gets_the_city(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "tab": "forecast"})
    said = [words.value for words in app.markdown]
    assert any("Expected in the next 4 weeks" in words for words in said)
    assert not any("protected" in words for words in said)
    exact = open_page("hotspots", lang="en", tab="forecast")
    tables = [next(table.value for table in one.table if "Weeks inside" in table.value) for one in (app, exact)]
    assert set(tables[0]["Place"]) == set(tables[1]["Place"]) != set()
    assert any("by map cell is for specialists" in words for words in said)
    assert not any("pai" in frame.value for frame in app.dataframe)
