"""The layers of the Hot spots page, maps to take along, and the tabs under its map."""

from __future__ import annotations

import io
import tomllib
from typing import Any

import matplotlib.image as mpimg
import numpy as np
import pytest
import shapely
from streamlit.testing.v1 import AppTest

import sample_data
from analysis.cube import CLASSES
from analysis.report.maps import MapLayer, NumberedSpot, layers_map
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.model.city import load_city
from curim_data.privacy import DisclosureError
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.alert_points import MOST_MAP_POINTS, read_map_points
from curim_data.studies.hot_spots import emerging_study
from curim_data.studies.spot_profiles import concentration_study
from curim_data.studies.trends import forecast_study
from pages.parts.frame import escape_markdown
from pages.parts.frame.colours import CATEGORIES, CHANGE, LIGHT, rgba
from pages.parts.frame.results import forget_results
from tests.app.conftest import SPOKEN, Open, errors, frame_of, layers, rows_of, word, words_of
from tests.stored import seen_by


def _points(app: AppTest) -> dict[str, dict[str, Any]]:
    return {name: layer for name, layer in layers(app).items() if name.startswith("alerts_")}


def test_each_alert_is_a_point_in_the_colour_of_its_group(open_page: Open, sample: Home) -> None:
    app = open_page("hotspots", lang="en", layer="alerts", period="quarter")
    layers = _points(app)
    source = open_source(sample)
    found = read_map_points(source, AlertFilter(period="quarter"))
    assert sum(len(layer["data"]) for layer in layers.values()) == found.shown
    for at, group in enumerate(source.city.groups):
        if f"alerts_{group}" in layers:
            shade = layers[f"alerts_{group}"]["getFillColor"][:3]
            assert shade == [int(CATEGORIES[at][i : i + 2], 16) for i in (1, 3, 5)]
    table = frame_of(app, "share")
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
    assert not app.get("deck_gl_json_chart")
    assert f"above {MOST_MAP_POINTS:,}" in app.main.info[0].value
    app.button(key="hotspots_to_density").click().run()
    assert not errors(app)
    assert word(app, "layer") == "density"
    assert "densest here" in app.main.title[0].value


def test_a_handful_of_alerts_has_no_density_and_no_concentration(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="density", category="playground_damage", period="28d")
    assert app.title[0].value == "Too few alerts for a density."
    (chart,) = app.get("deck_gl_json_chart")
    assert "BitmapLayer" not in chart.proto.json
    app = open_page("hotspots", lang="en", category="playground_damage", period="28d")
    assert "too few to measure their concentration" in " ".join(one.value for one in app.markdown)


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_density_is_one_picture_that_the_page_holds(open_page: Open, lang: str) -> None:
    app = open_page("hotspots", lang=lang, layer="density")
    picture = layers(app)["density"]
    assert picture["image"].startswith("data:image/png;base64,")
    west, south, east, north = picture["bounds"]
    assert west < 23.65 < east
    assert south < 37.94 < north
    assert "cells" not in layers(app)
    heading = translator(lang)("Per km² and month (95 %)")
    peaks = frame_of(app, heading)
    assert len(peaks) == 10


TRUTHS: dict[str, Any] = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_page_shows_every_planted_class(open_page: Open, lang: str) -> None:
    app = open_page("hotspots", lang=lang, layer="emerging")
    t = translator(lang)
    listed = frame_of(app, "class")
    found = {name.split("  ")[1]: label for name, label in zip(listed["name"], listed["class"], strict=True)}
    planted = {spot["labels"][lang]: t(CLASSES[f"{spot['class']}_hot"].label) for spot in TRUTHS["hot_spot"]}
    assert found == planted
    assert app.main.subheader[0].value.startswith("1 ·")


def test_a_row_selects_on_the_map_and_the_map_selects_a_row(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="emerging")
    first = {cell["hex"] for cell in rows_of(app, "highlight")}
    for cell in first:  # the table is named after the one that stands out most
        app.session_state[f"emerging_list_{cell}"] = {"selection": {"rows": [2], "columns": [], "cells": []}}
    app.run()
    assert not errors(app)
    assert app.main.subheader[0].value == "3 · Chatzikyriakio"
    assert first.isdisjoint(cell["hex"] for cell in rows_of(app, "highlight"))
    assert word(app, "spot") in {cell["hex"] for cell in rows_of(app, "highlight")}
    other = next(cell["hex"] for cell in rows_of(app, "cells") if cell["tip"].startswith("5 "))
    app.session_state["emerging_map"] = {"selection": {"indices": {}, "objects": {"cells": [{"hex": other}]}}}
    app.run()
    assert not errors(app)
    assert app.main.subheader[0].value == "5 · Maniatika"


def test_cold_places_come_when_asked_for(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="emerging")
    app.toggle(key="emerging_cold").set_value(True).run()
    assert not errors(app)
    assert len(frame_of(app, "class")) == len(TRUTHS["hot_spot"])


def test_each_month_shows_its_own_hot_cells(open_page: Open, sample: Home) -> None:
    found = emerging_study(open_source(sample), AlertFilter()).emerging
    assert found is not None
    names = [f"{cell:x}" for cell in found.frame.index]
    app = open_page("hotspots", lang="en", layer="emerging")
    assert len(app.get("deck_gl_json_chart")) == 1
    app.toggle(key="emerging_by_step").set_value(True).run()
    assert not errors(app)
    for step in (47, 3):
        app.select_slider(key="emerging_step").set_value(step).run()
        assert not errors(app)
        assert {cell["hex"] for cell in rows_of(app, "hot_now")} == {
            name for name, hot in zip(names, found.hot[:, step], strict=True) if hot
        }
    assert any(words.value.startswith("Feb 2023: hot cells") for words in app.caption)


FILES = {"significance": "hotspots", "clusters": "clusters", "emerging": "emerging", "density": "density"}


def _button(app: AppTest, key: str) -> list[Any]:
    return [button for button in app.get("download_button") if button.proto.id.endswith(f"-{key}")]


@pytest.mark.parametrize("layer", [*FILES, "alerts"])
def test_every_layer_can_be_taken_along_as_a_picture(open_page: Open, layer: str) -> None:
    app = open_page("hotspots", lang="el", layer=layer, period="quarter")
    assert _button(app, f"{FILES.get(layer, layer)}_png")


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


@pytest.mark.parametrize("layer", ["alerts", "density", "emerging"])
def test_the_council_has_no_layer_of_exact_alerts_and_takes_the_protected_map(open_page: Open, layer: str) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "layer": layer})
    assert "cells" in layers(app)
    assert "density" not in layers(app)
    assert not _points(app)
    assert not any("class" in frame.value for frame in app.dataframe)
    assert _button(app, "hotspots_png")


def test_no_point_is_read_for_the_council(sample: Home) -> None:
    with pytest.raises(DisclosureError):
        read_map_points(seen_by(open_source(sample), Audience.COUNCIL), AlertFilter())


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
    """The places that differ, by the names that their columns have in the code."""
    names = ["name", "more", "ratio", "q", "a", "b", "share", "elsewhere"]
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


def test_the_tab_says_what_it_rests_on_and_measures_along_the_axes_too(open_page: Open) -> None:
    app = _asked(open_page, lang="en", category="vandalism")
    said, straight = words_of(app), frame_of(app, "space")
    assert "times as many further incidents as expected by chance" in said
    assert "shuffled among the places 999 times" in said
    assert "At the very same place" in said
    assert "only the first is tested here" in said
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
