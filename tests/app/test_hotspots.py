"""The Hot spots page: map, list and panel speak of one place; options, area, search; its layers and tabs."""

from __future__ import annotations

import io
import json
import tomllib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import matplotlib.image as mpimg
import numpy as np
import pytest
import shapely
from streamlit.testing.v1 import AppTest

import sample_data
from analysis.cube import KINDS, STATES
from analysis.report.maps import MapLayer, NumberedSpot, layers_map
from analysis.spots.naming import name_spots
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, SEVERAL_CATEGORIES, Audience, translator
from curim_data.model.city import load_city
from curim_data.privacy import DisclosureError, WrittenCounts, sees_exact
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.alert_points import read_map_points
from curim_data.studies.cells import TESTED_IN_CITY, default_coordinates, in_area
from curim_data.studies.hot_spots import (
    EXCHANGED,
    HotSpotStudy,
    emerging_study,
    hot_spot_size,
    hot_spot_study,
    known_places,
)
from curim_data.studies.spot_profiles import concentration_study, spot_study, spot_summaries
from pages.parts.frame import escape_markdown
from pages.parts.frame.look import CATEGORIES, CHANGE, LIGHT, rgba
from pages.parts.frame.results import forget_results
from pages.parts.hotspots.choices import matching_places, searchable_places
from pages.parts.hotspots.ranked_list import _shares, at_default_words, cell_lines
from tests.app.conftest import COUNCIL, Open, fine, frame_of, layers, rows_of, word, words_of
from tests.stored import seen_by

T = translator("en")


def _panel(app: AppTest) -> str:
    return app.main.subheader[0].value


def test_list_and_map_select_one_place(open_page: Open, sample: Home) -> None:
    app = open_page("hotspots", lang="en")
    assert _panel(app).startswith("1 ·")
    before = {cell["hex"] for cell in rows_of(app, "highlight")}
    first, _, third, *_ = hot_spot_study(open_source(sample), AlertFilter()).spots
    assert before == set(first.names)
    app.session_state[f"hotspots_list_{first.id}"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    fine(app.run())
    assert _panel(app).startswith("2 ·")
    after = {cell["hex"] for cell in rows_of(app, "highlight")}
    assert after
    assert after.isdisjoint(before)
    assert word(app, "spot") != first.id
    other = third.names[-1]
    app.session_state["hotspots_map"] = {"selection": {"indices": {}, "objects": {"cells": [{"hex": other}]}}}
    fine(app.run())
    assert other in {cell["hex"] for cell in rows_of(app, "highlight")}
    assert _panel(app).startswith("3 ·")


def test_the_council_gets_the_specialists_places_in_coarse_cells_and_no_clusters(seen: Open, sample: Home) -> None:
    """The same places, names and order, with the counts of the cells that hold them and no figures that are not theirs;
    the title has the specialist's shares.
    """
    app, exact = seen("hotspots", **COUNCIL), seen("hotspots")
    assert "hotspots_layer" not in {box.key for box in app.selectbox}
    listed = next(frame.value for frame in app.dataframe if "ratio" in frame.value and "name" in frame.value)
    known = frame_of(exact, "excess")
    assert listed["name"].tolist() == known["name"].tolist()
    assert app.title[0].value == exact.title[0].value
    assert "excess" not in listed
    spots = hot_spot_study(open_source(sample), AlertFilter()).spots
    for told, spot in zip(listed["ratio"], spots, strict=True):
        step = 1.0 if told == "above 1" else float(told.removeprefix("at least "))
        assert step <= spot.low
        assert spot.low < step * 2 or step == 10
    assert len(listed) > 5
    assert "withheld" not in layers(app)
    cells = rows_of(app, "cells")
    assert all(cell["hex"].startswith("89") for cell in cells)  # resolution 9
    assert any(cell["tip"].startswith("fewer than 5 alerts") for cell in cells)
    assert not any(cell["tip"].split()[0] in {"1", "2", "3", "4"} for cell in cells)
    assert not any("protected" in text.value for text in (*app.main.markdown, *app.main.title))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_plural_tells_the_council_one_alert_from_three(sample: Home, lang: str) -> None:
    written = WrittenCounts.of(AlertFilter(), open_for(sample, Audience.COUNCIL))
    page: Any = SimpleNamespace(t=translator(lang), written=written)
    told = [at_default_words(page, n) for n in (1, 3, 7)]
    assert told[0] == told[1]
    assert default_coordinates(1) == default_coordinates(3)
    assert told[0].split()[-8:] == told[2].split()[-8:]  # the plural


def test_of_sensitive_categories_the_council_has_no_hot_spot(seen: Open, sample: Home) -> None:
    """They exchanged places: a place that stands out in the copy need not in the alerts."""
    app = seen("hotspots", **COUNCIL, category="domestic_violence")
    assert app.title[0].value.endswith(": no hot spots of sensitive categories are told to this audience.")
    assert rows_of(app, "cells")
    assert not rows_of(app, "hot")
    gender_based = AlertFilter(groups=("gender_based",))
    study = hot_spot_study(open_for(sample, Audience.COUNCIL), gender_based)
    assert (study.spots, study.cold) == ((), ())
    assert study.sentence(T) == EXCHANGED.text  # and not that no cell is hot
    exact = hot_spot_study(open_source(sample), gender_based)
    assert exact.spots
    assert exact.unjudged is None
    for page in (app, seen("briefing", **COUNCIL, category="domestic_violence")):
        assert any(EXCHANGED.text in text.value for text in page.markdown)


@pytest.mark.parametrize("view", ["", "council"])
def test_picked_cells_are_told_as_fewer_and_become_the_area(open_page: Open, sample: Home, view: str) -> None:
    audience = Audience.COUNCIL if view else Audience.ANALYST
    counts = hot_spot_study(open_for(sample, audience), AlertFilter()).cells.frame["n"]
    two = counts[counts > 0].nsmallest(2)
    least = WrittenCounts(AlertFilter(), sample.city(), protected=not sees_exact(audience)).least()
    few = f"fewer than {least}"
    app = open_page("hotspots", **{"lang": "en", "as": view})
    for picked in (two, counts.nlargest(2)):
        n = int(picked.sum())
        chosen = [{"hex": f"{cell:x}"} for cell in picked.index]
        app.session_state["hotspots_map"] = {"selection": {"indices": {}, "objects": {"cells": chosen}}}
        fine(app.run())
        told = few if n < least else f"{n:,}"
        assert f"{told} alerts" in [words.value for words in app.main.markdown]
    fine(app.button(key="hotspots_area").click().run())
    assert {cell["hex"] for cell in chosen} == set(word(app, "cells").split(","))


def test_layer_and_cell_size_stand_in_the_link(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="clusters", tab="files")
    assert rows_of(app, "outlines")
    assert _button(app, "clusters_png")
    app.selectbox(key="hotspots_layer").select("significance").run()
    assert word(app, "layer") == ""
    fine(app.selectbox(key="hotspots_size").select(9).run())
    assert word(app, "cell") == "9"
    assert all(cell["hex"].startswith("89") for cell in rows_of(app, "cells"))
    app.selectbox(key="hotspots_size").select(0).run()
    assert word(app, "cell") == ""


def test_a_link_asks_for_nothing_finer_than_the_council_may_see(open_page: Open) -> None:
    """Neither finer cells nor clusters; shares are compared in its own cells."""
    asked = {"layer": "clusters", "cell": "11", "affected": "woman", "base": "alerts"}
    app = open_page("hotspots", **COUNCIL, **asked)
    assert not rows_of(app, "outlines")
    assert all(cell["hex"].startswith("89") for cell in rows_of(app, "cells"))
    assert "among all" in words_of(app)


def test_the_headline_is_a_share_of_the_alerts_that_were_tested(open_page: Open, sample: Home) -> None:
    app = open_page("hotspots", lang="en", category="litter_dumping", affected="woman")
    f = AlertFilter(categories=("litter_dumping",), affected=("woman",))
    study = hot_spot_study(open_source(sample), f)
    tested = round(float(study.cells.frame["n"].sum()))
    aside = study.cells.at_default
    assert aside
    assert study.total.mapped == tested + aside
    share = round(100 * sum(spot.n for spot in study.spots) / tested)
    assert f" {share}\u00a0% of the alerts" in app.title[0].value
    assert any(f"{tested} on the map, {aside} kept off maps" in words.value for words in app.caption)


def test_the_chosen_size_picked_by_name_calculates_nothing(open_page: Open, sample: Home, made: dict[str, Any]) -> None:
    chosen = hot_spot_study(open_source(sample), AlertFilter()).resolution
    for layer in ("significance", "emerging"):
        open_page("hotspots", lang="en", layer=layer)
        before = set(made)
        app = open_page("hotspots", lang="en", layer=layer, cell=str(chosen))
        sizes = {f"{hot_spot_size.__module__}.{hot_spot_size.__qualname__}", "pages.parts.hotspots.choices._judged_in"}
        assert {key.partition("[")[0] for key in set(made) - before} <= sizes
        assert any("of the size that you picked" in text.value for text in (*app.markdown, *app.caption))


def test_sentence_and_bars_of_a_spot_give_women_one_interval(seen: Open, sample: Home) -> None:
    source = open_source(sample)
    spot = hot_spot_study(source, AlertFilter()).spots[2]
    study = spot_study(source, AlertFilter(), spot)
    assert study.categories["n"].sum() > study.affected.n == spot.n
    assert SEVERAL_CATEGORIES.text in [one.value for one in seen("hotspots", tab="spot", spot=spot.id).caption]
    assert study.affected.women.known
    assert study.profile.women == study.affected.women


def test_what_hot_spots_hold_is_never_nothing(sample: Home) -> None:
    """A share that rounds to 0 % is called below 1 %."""
    source = open_source(sample)
    study = hot_spot_study(source, AlertFilter())
    lines = spot_summaries(source, AlertFilter(), study.spots[:1])
    tiny = tuple(replace(line, spot=replace(line.spot, n=1, land_km2=0.1)) for line in lines)
    land, alerts = _shares(T, study, tiny)
    assert alerts == f"below {T.percent(0.01)}"
    assert land != T.percent(0)


def test_an_area_lists_the_hot_spots_in_it_or_says_that_there_are_none(seen: Open, sample: Home) -> None:
    source = open_source(sample)
    study = hot_spot_study(source, AlertFilter())
    names = name_spots(study.spots, source.city, known_places(source))
    here = [s for s in study.spots if in_area(s, names[s.id], AlertFilter(districts=("zone_2",)), source.city)]
    assert 0 < len(here) < len(study.spots)
    app = seen("hotspots", district="zone_2")
    assert f"alerts, Zone 2: {len(here)} places stand out, above all {names[here[0].id](T)}" in app.title[0].value
    assert TESTED_IN_CITY.text in [caption.value for caption in app.caption]
    assert _panel(app).startswith(f"{here[0].rank} ·")
    app = seen("hotspots", cells=f"{int(study.hot.frame['q'].idxmax()):x}")
    assert app.title[0].value.endswith(": none of the hot spots of the city lies in this area.")
    assert not app.main.subheader


@pytest.mark.parametrize("size", [8, 10, 12])
def test_cells_of_any_size_find_the_spot_that_they_share(sample: Home, size: int) -> None:
    import h3

    source = open_source(sample)
    spot = hot_spot_study(source, AlertFilter()).spots[0]
    names = name_spots((spot,), source.city, ())
    cell = f"{spot.cells[0]:x}"
    picked = h3.cell_to_parent(cell, 8) if size == 8 else h3.cell_to_center_child(cell, size)
    assert in_area(spot, names[spot.id], AlertFilter(cells=(picked,)), source.city)
    far = h3.grid_ring(h3.cell_to_parent(cell, 8), 30)[0]
    assert not in_area(spot, names[spot.id], AlertFilter(cells=(h3.cell_to_center_child(far, size),)), source.city)


def _study(sample: Home, audience: Audience = Audience.ANALYST, base: str = "land", **words: object) -> HotSpotStudy:
    return hot_spot_study(open_for(sample, audience), AlertFilter(**words), base=base)  # type: ignore[arg-type]


def _cold(app: AppTest) -> list[str]:
    """The lines of the cold places, in their fold."""
    return [line for text in app.main.markdown for line in text.value.splitlines() if line.startswith("- **")]


def test_cold_places_are_listed_with_their_figures_where_they_are(seen: Open, sample: Home) -> None:
    study, city = _study(sample, period="all"), sample.city()
    assert study.cold
    lines = _cold(seen("hotspots", period="all", tab="cold"))
    assert len(lines) == len(study.cold)
    assert all(escape_markdown(place.cold_sentence(T)) in "\n".join(lines) for place in study.cold)
    assert not _study(sample, kinds=("incivility",)).cold
    assert not _cold(seen("hotspots", kind="incivility", tab="cold"))
    cold = [shapely.Point(place.longitude, place.latitude) for place in study.cold]
    holding = {area.id: any(area.polygon.distance(at) < 1e-4 for at in cold) for area in city.districts}
    assert {*holding.values()} == {True, False}
    for held in (True, False):
        district = next(name for name, holds in holding.items() if holds is held)
        assert bool(_cold(seen("hotspots", period="all", district=district, tab="cold"))) is held


def test_the_cold_places_that_everybody_opens_are_the_specialists(seen: Open) -> None:
    exact, council = (_places(_cold(seen("hotspots", **view, period="all", tab="cold"))) for view in ({}, COUNCIL))
    assert exact == council != []


def _places(lines: list[str]) -> list[str]:
    """The names of cold places, each at the head of its sentence."""
    return [line.split("**")[1] for line in lines]


@pytest.mark.parametrize("words", [{}, {"affected": ("man",)}])
def test_a_tooltip_says_what_is_usual_and_the_council_what_its_mark_stands_on(
    sample: Home, words: dict[str, object]
) -> None:
    study = _study(sample, Audience.COUNCIL, period="quarter", **words)
    frame, lines = study.hot.frame, cell_lines(T, study)
    assert frame["hot"].any()
    assert (study.listed is None) == bool(words)  # chosen from other counts under the filter that everybody opens
    for row, line in zip(frame.itertuples(), lines, strict=True):
        if study.listed is not None:
            assert line == ("\nhot spot" if row.hot else "")
        else:
            assert (T.expected(row.expected_alone) in line) == (row.n > 0 and row.expected_alone >= 0)
            assert ("Corrected p" in line) == row.hot


@pytest.mark.parametrize("audience", [Audience.ANALYST, Audience.COUNCIL])
def test_a_dense_quarter_is_usual_and_a_place_in_it_is_not(sample: Home, audience: Audience) -> None:
    """The map's classes by hand, and that the same ones hold for every reader: most cells are as usual for all."""
    study = _study(sample, audience)
    frame, least, classes = study.hot.frame, study.total.threshold, study.map_cells()["excess"]
    for row, found in zip(frame.itertuples(), classes, strict=True):
        if row.n <= 0:
            assert found == -1
            continue
        usual = max(row.expected_alone, 1)
        far, times = row.n > usual + 3 * (study.hot.dispersion * usual) ** 0.5, row.n / usual
        told = row.n >= least and row.expected_alone >= 0
        assert found == (2 + sum(times >= limit for limit in (2, 4, 8)) if far and told else int(told and times < 2))
    assert (classes.isin([0, 1])).sum() > 0.6 * (classes >= 0).sum()
    densest = frame["n"].rank(ascending=False) <= 0.2 * len(frame)
    assert (classes[densest] == 1).any()
    assert classes[frame["hot"]].max() >= 3


def listed(app: AppTest) -> list[str]:
    return list(frame_of(app, "name").columns)


def test_the_share_among_all_alerts_is_tested_listed_and_told(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", affected="woman", light="dark")
    assert "rate" not in listed(app)
    fine(app.selectbox(key="hotspots_base").select("alerts").run())
    assert word(app, "base") == "alerts"
    assert "rate" in listed(app)
    assert rows_of(app, "hot")
    assert "among all" in words_of(app)
    app.selectbox(key="hotspots_base").select("land").run()
    assert word(app, "base") == ""


def _deck(app: AppTest) -> dict[str, Any]:
    (chart,) = app.get("deck_gl_json_chart")
    return json.loads(chart.proto.json)  # type: ignore[no-any-return]


@pytest.mark.parametrize("typed", ["μικρολιμ", "ΜΙΚΡΟΛΊΜΑΝΟ", "mikrolimano", "Mikrolí"])
def test_a_place_is_found_with_or_without_accents(typed: str) -> None:
    known = searchable_places(load_city(sample_data.PROFILE))
    assert matching_places(typed, known)[0].startswith("place:")
    assert matching_places("", known) == matching_places("nowhere at all", known) == []


def test_the_map_turns_to_the_place_and_it_can_become_the_area(open_page: Open) -> None:
    app = open_page("hotspots", lang="en")
    whole = _deck(app)["initialViewState"]
    fine(app.text_input(key="hotspots_at").set_value("mikrolimano").run())
    assert word(app, "at").startswith("place:")
    assert _deck(app)["initialViewState"]["zoom"] > whole["zoom"] + 1
    assert "found" in layers(app)
    fine(app.button(key="hotspots_found_area").click().run())
    assert len(word(app, "cells").split(",")) > 3
    district = load_city(sample_data.PROFILE).districts[0].id
    app = open_page("hotspots", lang="en", at=f"district:{district}")
    app.button(key="hotspots_found_area").click().run()
    assert word(app, "district") == district


def _points(app: AppTest) -> dict[str, dict[str, Any]]:
    return {name: layer for name, layer in layers(app).items() if name.startswith("alerts_")}


def test_each_alert_but_a_sensitive_one_is_a_point_in_the_colour_of_its_group(seen: Open, sample: Home) -> None:
    app = seen("hotspots", layer="alerts", period="quarter")
    drawn, source = _points(app), open_source(sample)
    found = read_map_points(source, AlertFilter(period="quarter"))
    assert sum(len(layer["data"]) for layer in drawn.values()) == found.shown
    for at, group in enumerate(source.city.groups):
        if f"alerts_{group}" in drawn:
            shade = drawn[f"alerts_{group}"]["getFillColor"][:3]
            assert shade == [int(CATEGORIES[at][i : i + 2], 16) for i in (1, 3, 5)]
    assert frame_of(app, "share")["n"].sum() == found.shown
    assert found.shown + found.sensitive + found.at_default + found.unmapped == found.n
    assert _button(app, "alerts_png")
    assert found.frame is not None
    assert source.city.sensitive.isdisjoint(found.frame["category"])
    assert found.sensitive > 100
    assert read_map_points(source, AlertFilter(groups=("gender_based",))).shown == 0
    assert "never drawn as points" in "\n".join(text.value for text in app.main.markdown)
    with pytest.raises(DisclosureError):
        read_map_points(seen_by(source, Audience.COUNCIL), AlertFilter())


def test_too_many_are_not_drawn_and_density_is_offered(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="alerts", period="all")
    assert not app.get("deck_gl_json_chart")
    assert "the density" in app.main.info[0].value
    app = open_page("hotspots", lang="en", layer="density", period="all")
    assert "densest here" in app.main.title[0].value


def test_a_handful_of_alerts_has_no_density_and_no_concentration(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="density", category="playground_damage", period="28d")
    assert app.title[0].value == "Too few alerts for a density."
    (chart,) = app.get("deck_gl_json_chart")
    assert "BitmapLayer" not in chart.proto.json
    app = open_page("hotspots", lang="en", category="playground_damage", period="28d", tab="concentration")
    assert "Too few alerts to measure their concentration" in " ".join(one.value for one in app.markdown)


def test_the_density_is_one_picture_that_the_page_holds(seen: Open) -> None:
    app = seen("hotspots", layer="density")
    picture = layers(app)["density"]
    assert picture["image"].startswith("data:image/png;base64,")
    west, south, east, north = picture["bounds"]
    assert west < 23.65 < east
    assert south < 37.94 < north
    assert "cells" not in layers(app)
    assert len(frame_of(app, "Alerts per km² and month")) == 10
    assert _button(app, "density_png")


TRUTHS: dict[str, Any] = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))


def test_every_planted_class_is_listed_selected_and_shown_month_by_month(open_page: Open, sample: Home) -> None:
    app = open_page("hotspots", lang="en", layer="emerging", tab="files")
    listed = frame_of(app, "class")
    found = {name.split("  ")[1]: label for name, label in zip(listed["name"], listed["class"], strict=True)}
    assert found == {spot["labels"]["en"]: T(STATES[KINDS[spot["class"]]][0]) for spot in TRUTHS["hot_spot"]}
    assert _panel(app).startswith("1 ·")
    assert _button(app, "emerging_png")
    assert len(app.get("deck_gl_json_chart")) == 1
    first = {cell["hex"] for cell in rows_of(app, "highlight")}
    for cell in first:  # the table is named after the one that stands out most
        app.session_state[f"emerging_list_{cell}"] = {"selection": {"rows": [2], "columns": [], "cells": []}}
    fine(app.run())
    assert _panel(app) == "3 · Mikrolimano"
    assert first.isdisjoint(cell["hex"] for cell in rows_of(app, "highlight"))
    assert word(app, "spot") in {cell["hex"] for cell in rows_of(app, "highlight")}
    other = next(cell["hex"] for cell in rows_of(app, "cells") if cell["tip"].startswith("5 "))
    app.session_state["emerging_map"] = {"selection": {"indices": {}, "objects": {"cells": [{"hex": other}]}}}
    fine(app.run())
    assert _panel(app) == "5 · Agios Dionysios"
    app.session_state["fold_steps"] = True
    fine(app.run())
    assert len(frame_of(app, "class")) == len(TRUTHS["hot_spot"])
    emerging = emerging_study(open_source(sample), AlertFilter()).emerging
    assert emerging is not None
    names = [f"{cell:x}" for cell in emerging.frame.index]
    for step in (47, 3):
        fine(app.select_slider(key="emerging_step").set_value(step).run())
        hot = {name for name, hot in zip(names, emerging.hot[:, step], strict=True) if hot}
        assert {cell["hex"] for cell in rows_of(app, "hot_now")} == hot
    assert any(words.value.startswith("Feb 2023: ") for words in app.caption)


def _button(app: AppTest, key: str) -> list[Any]:
    return [button for button in app.get("download_button") if button.proto.id.endswith(f"-{key}")]


def test_a_picture_holds_what_is_drawn() -> None:
    city, t = load_city(sample_data.PROFILE), translator("el")
    inside = city.land.representative_point()
    box = inside.buffer(0.003)
    shades = [
        MapLayer("1–3", "#a31621", (box,)),
        MapLayer("περίγραμμα", "#14293a", (box,), outline=True),
        MapLayer("σημεία", "#0072b2", (shapely.Point(inside.x, inside.y),), points=True),
    ]
    spots, notes = [NumberedSpot(1, "Μικρολίμανο", inside.x, inside.y)], ["Όλες οι αναφορές. " * 12, "n = 5"]
    made = layers_map(city, shades, t, title="Αναφορές ανά κελί", spots=spots, notes=notes, alt="χάρτης")
    assert made.alt == "χάρτης"
    plain = layers_map(city, (), t, title="", notes=["n = 5"])
    pixels, empty = (np.asarray(mpimg.imread(io.BytesIO(one.data), format="png"))[..., :3] for one in (made, plain))
    red = np.abs(pixels - np.array([0xA3, 0x16, 0x21]) / 255).max(axis=2) < 0.02
    assert red.sum() > 2_000
    assert empty.shape[0] < pixels.shape[0]  # more notes and a longer legend make a higher sheet


@pytest.mark.parametrize("layer", ["alerts", "density", "emerging"])
def test_the_council_has_no_layer_of_exact_alerts_and_takes_the_protected_map(open_page: Open, layer: str) -> None:
    app = open_page("hotspots", **COUNCIL, layer=layer, tab="files")
    assert "cells" in layers(app)
    assert "density" not in layers(app)
    assert not _points(app)
    assert not any("class" in frame.value for frame in app.dataframe)
    assert _button(app, "hotspots_png")


def test_the_tab_says_how_few_places_hold_half(seen: Open, sample: Home) -> None:
    app = seen("hotspots", tab="concentration")
    found = concentration_study(open_source(sample), AlertFilter()).concentration
    assert found.share(0.5).places < 0.12 < 0.3 < found.share(0.5).chance.low
    assert any(escape_markdown(found.sentence(T)) == words.value for words in app.markdown)
    assert len(frame_of(app, "chance")) == 3


def test_the_council_gets_the_same_figures_in_its_cells(open_page: Open, sample: Home) -> None:
    """The copy keeps how many alerts each cell has in a month: in cells of one size both read the same."""
    app = open_page("hotspots", **COUNCIL, tab="concentration")
    table = frame_of(app, "chance")
    own = concentration_study(open_for(sample, Audience.COUNCIL), AlertFilter())
    exact = concentration_study(open_source(sample), AlertFilter(), own.cells.resolution)
    assert len(table) == len(exact.concentration.shares)
    other_cells = exact.concentration.cells  # an incident of several alerts may count in another cell
    for shown, one, other in zip(table["places"], own.concentration.shares, exact.concentration.shares, strict=True):
        assert "–" not in shown
        assert one.places == pytest.approx(other.places, abs=1.01 / other_cells)
    assert own.concentration.generalised == pytest.approx(exact.concentration.generalised, abs=0.01)


ASKED = {"tab": "comparison", "period": "all", "against": "gender"}  # a word of old links: the first that is offered


def _table(app: AppTest) -> Any:
    """The places that differ, by the names that their columns have in the code."""
    names = ["name", "more", "ratio", "q", "a", "b"]
    return next(table.value for table in app.table if len(table.value.columns) == len(names)).set_axis(names, axis=1)


def test_the_places_that_differ_after_dark(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", category="noise", **ASKED)
    assert app.selectbox(key="hotspots_against").value == "light"
    fine(app.selectbox(key="hotspots_against").set_value("others").run())
    assert (word(app, "against"), word(app, "tab")) == ("others", "comparison")
    app = open_page("hotspots", lang="en", **ASKED)
    assert "Mikrolimano" in _table(app)["name"].iloc[0]
    marked = {cell["hex"] for cell in rows_of(app, "differs")}
    cells = rows_of(app, "difference")
    assert marked <= {cell["hex"] for cell in cells}
    assert not any("fewer" in cell["tip"] for cell in cells)
    lines = {tuple(cell["line"][:3]) for cell in cells if cell["shade"] == rgba(CHANGE[2], 110)}
    assert lines == {tuple(rgba(LIGHT.muted)[:3])}  # a cell without a difference is seen, though filled as the land is


def test_the_council_sees_cells_of_its_size_and_small_counts_as_fewer(open_page: Open) -> None:
    app = open_page("hotspots", **COUNCIL, **ASKED)
    assert "Mikrolimano" in _table(app)["name"].iloc[0]
    cells = rows_of(app, "difference")
    assert all(cell["hex"].startswith("89") for cell in cells)
    told = {line.partition(": ")[2] for cell in cells for line in cell["tip"].splitlines()}
    assert "fewer than 5" in told
    assert not {"1", "2", "3", "4", ""} & told
    assert not any("protected" in cell["tip"] for cell in cells)


def test_vandalism_repeats_and_the_tab_says_what_that_rests_on(open_page: Open) -> None:
    forget_results()
    app = open_page("hotspots", lang="en", tab="repeats", category="vandalism")
    table = frame_of(app, "space")
    first = table.iloc[0]
    assert (first["space"], first["time"]) == ("(0.1, 100]", "[0, 7]")
    assert first["pattern"]
    assert len(table) == 16
    assert not any(table["pattern"].iloc[8:])
    said = words_of(app)
    assert "times as many further incidents as expected by chance" in said
    assert "At the very same place" in said
    assert "repeated reports of one event" in said


def test_the_council_is_told_why_there_are_no_repeats(open_page: Open) -> None:
    app = open_page("hotspots", **COUNCIL, tab="repeats")
    said = words_of(app)
    assert "Repeats are for analysts and specialists" in said
    assert "Knox" not in said
