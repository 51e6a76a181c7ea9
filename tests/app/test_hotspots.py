"""The Hot spots page: map, list and panel speak of the same place; its options, area, cold places and search."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import shapely
from streamlit.testing.v1 import AppTest

import sample_data
from analysis.spots.naming import name_spots
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.model.city import load_city
from curim_data.privacy import WrittenCounts, sees_exact
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.cells import TESTED_IN_CITY, in_area
from curim_data.studies.hot_spots import EXCHANGED, HotSpotStudy, hot_spot_size, hot_spot_study, known_places
from curim_data.studies.spot_profiles import spot_study, spot_summaries
from pages.parts.frame import escape_markdown
from pages.parts.frame.results import forget_results
from pages.parts.hotspots import places_layer
from pages.parts.hotspots.choices import matching_places, searchable_places
from pages.parts.hotspots.ranked_list import RankedList, headline, hot_spots_sentence, significance_lines
from tests.app.conftest import SPOKEN, Open, errors, frame_of, layers, rows_of, word, words_of

QUERIES = "pages.parts.hotspots.choices"


def _panel(app: AppTest) -> str:
    return app.main.subheader[0].value


def test_the_list_selects_on_the_map(open_page: Open, sample: Home) -> None:
    app = open_page("hotspots", lang="en")
    assert _panel(app).startswith("1 ·")
    before = {cell["hex"] for cell in rows_of(app, "highlight")}
    first = hot_spot_study(open_source(sample), AlertFilter()).spots[0]
    assert before == set(first.names)
    app.session_state[f"hotspots_list_{first.id}"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    app.run()
    assert not errors(app)
    assert _panel(app).startswith("2 ·")
    after = {cell["hex"] for cell in rows_of(app, "highlight")}
    assert after
    assert after.isdisjoint(before)
    assert word(app, "spot") != first.id


def test_the_map_selects_in_the_list(open_page: Open, sample: Home) -> None:
    app = open_page("hotspots", lang="en")
    spot = hot_spot_study(open_source(sample), AlertFilter()).spots[2]
    other = spot.names[-1]
    app.session_state["hotspots_map"] = {"selection": {"indices": {}, "objects": {"cells": [{"hex": other}]}}}
    app.run()
    assert not errors(app)
    assert other in {cell["hex"] for cell in rows_of(app, "highlight")}
    assert _panel(app).startswith("3 ·")


def test_the_council_gets_the_specialists_places_in_coarse_cells_and_no_clusters(open_page: Open, sample: Home) -> None:
    """The same places, names and order, with the counts of the cells that hold them and no figures that are not theirs;
    the title has the specialist's shares.
    """
    app, exact = open_page("hotspots", **{"lang": "en", "as": "council"}), open_page("hotspots", lang="en")
    assert not [c for c in app.get("button_group") if c.key == "hotspots_layer"]
    listed = next(frame.value for frame in app.dataframe if "ratio" in frame.value and "name" in frame.value)
    known = frame_of(exact, "excess")
    seen = listed["name"].tolist()
    assert seen == known["name"].tolist()
    assert app.title[0].value == exact.title[0].value
    assert "excess" not in listed
    spots = hot_spot_study(open_source(sample), AlertFilter()).spots
    for told, spot in zip(listed["ratio"], spots, strict=True):
        step = 1.0 if told == "above 1" else float(told.removeprefix("at least "))
        assert step <= spot.low
        assert spot.low < step * 2 or step == 10
    assert len(seen) > 5
    assert "withheld" not in layers(app)
    cells = rows_of(app, "cells")
    assert all(cell["hex"].startswith("89") for cell in cells)  # resolution 9
    assert any(cell["tip"].startswith("fewer than 5 alerts") for cell in cells)
    assert not any(cell["tip"].split()[0] in {"1", "2", "3", "4"} for cell in cells)
    assert not any("protected" in text.value for text in (*app.main.markdown, *app.main.title))


@pytest.mark.parametrize("lang", SPOKEN)
def test_of_sensitive_categories_the_council_gets_a_map_and_no_hot_spot(
    open_page: Open, sample: Home, lang: str
) -> None:
    """They exchanged places: a place that stands out in the copy need not in the alerts."""
    t, words = translator(lang), {"lang": lang, "as": "council", "category": "domestic_violence"}
    app = open_page("hotspots", **words)
    assert app.title[0].value == t("Hot spots of sensitive categories are not told to this audience.")
    assert rows_of(app, "cells")
    assert not rows_of(app, "hot")
    assert any(t(EXCHANGED) in text.value for text in app.markdown)
    study = hot_spot_study(open_for(sample, Audience.COUNCIL), AlertFilter(groups=("gender_based",)))
    assert (study.spots, study.cold) == ((), ())
    assert study.sentence(t) == t(EXCHANGED)  # and not that no cell is hot
    exact = hot_spot_study(open_source(sample), AlertFilter(groups=("gender_based",)))
    assert exact.spots
    assert exact.unjudged is None
    briefing = open_page("briefing", **words)
    assert any(t(EXCHANGED) in text.value for text in briefing.markdown)


@pytest.mark.parametrize("view", ["", "council"])
def test_picked_cells_are_told_small_ones_as_fewer_and_become_the_area(
    open_page: Open, sample: Home, view: str
) -> None:
    audience = Audience.COUNCIL if view else Audience.ANALYST
    counts = hot_spot_study(open_for(sample, audience), AlertFilter()).cells.frame["n"]
    two = counts[counts > 0].nsmallest(2)
    least = WrittenCounts(AlertFilter(), sample.city(), protected=not sees_exact(audience)).least()
    few = f"fewer than {least}"
    for picked in (two, counts.nlargest(2)):
        n = int(picked.sum())
        app = open_page("hotspots", **{"lang": "en", "as": view})
        chosen = [{"hex": f"{cell:x}"} for cell in picked.index]
        app.session_state["hotspots_map"] = {"selection": {"indices": {}, "objects": {"cells": chosen}}}
        app.run()
        assert not errors(app)
        told = few if n < least else f"{n:,}"
        assert f"2 cells picked, {told} alerts." in [words.value for words in app.main.markdown]
        app.button(key="hotspots_area").click().run()
        assert not errors(app)
        assert {cell["hex"] for cell in chosen} == set(word(app, "cells").split(","))


def test_layer_and_cell_size_stand_in_the_link(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="clusters")
    assert rows_of(app, "outlines")
    app.segmented_control(key="hotspots_layer").set_value("significance").run()
    assert word(app, "layer") == ""
    app.selectbox(key="hotspots_size").select(9).run()
    assert not errors(app)
    assert word(app, "cell") == "9"
    assert all(cell["hex"].startswith("89") for cell in rows_of(app, "cells"))
    app.selectbox(key="hotspots_size").select(0).run()
    assert word(app, "cell") == ""


def test_a_link_asks_for_no_finer_cells_than_the_reader_may_see(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "layer": "clusters", "cell": "11"})
    assert not rows_of(app, "outlines")
    assert all(cell["hex"].startswith("89") for cell in rows_of(app, "cells"))


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


def test_classes_that_come_later_are_written_into_the_list_alone(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many alerts: the list stands without them first, and the page is run once."""
    at_once = open_page("hotspots", lang="en")
    (listed,) = [frame.value for frame in at_once.dataframe if "class" in frame.value]
    waited, runs, drawn = [], [], RankedList.draw
    monkeypatch.setattr(places_layer, "LATER_FROM", 0)
    monkeypatch.setattr(RankedList, "draw", lambda *a, **how: (waited.append(bool(how.get("waits"))), drawn(*a, **how)))
    monkeypatch.setattr(places_layer, "headline", lambda *a, **how: runs.append(1) or headline(*a, **how))
    forget_results()
    app = open_page("hotspots", lang="en")
    assert (waited, len(runs)) == ([True, False], 1)
    (later,) = [frame.value for frame in app.dataframe if "class" in frame.value]
    assert later["class"].tolist() == listed["class"].tolist()
    assert set(later["class"]) - {"–"}
    app.run()
    assert waited[2:] == [False], "what is known by now is there at once"


def test_the_chosen_cell_size_picked_by_name_calculates_nothing(
    open_page: Open, sample: Home, made: dict[str, Any]
) -> None:
    chosen = hot_spot_study(open_source(sample), AlertFilter()).resolution
    for layer in ("significance", "emerging"):
        open_page("hotspots", lang="en", layer=layer)
        before = set(made)
        app = open_page("hotspots", lang="en", layer=layer, cell=str(chosen))
        sizes = {f"{hot_spot_size.__module__}.{hot_spot_size.__qualname__}", f"{QUERIES}._judged_in"}
        assert {key.partition("[")[0] for key in set(made) - before} <= sizes
        assert any("of the size that you picked" in text.value for text in (*app.markdown, *app.caption))


def test_sentence_and_bars_of_a_spot_give_women_one_interval(sample: Home) -> None:
    source = open_source(sample)
    spot = hot_spot_study(source, AlertFilter()).spots[2]
    study = spot_study(source, AlertFilter(), spot)
    assert study.affected.women.known
    assert study.profile.women == study.affected.women


@pytest.mark.parametrize("lang", SPOKEN)
def test_what_hot_spots_hold_is_never_nothing(sample: Home, lang: str) -> None:
    """A share that rounds to 0 % is called below 1 %."""
    t, source = translator(lang), open_source(sample)
    study = hot_spot_study(source, AlertFilter())
    lines = spot_summaries(source, AlertFilter(), study.spots[:1])
    tiny = tuple(replace(line, spot=replace(line.spot, n=1)) for line in lines)
    told = hot_spots_sentence(t, study, tiny, 0.1)
    assert t("below {share}", share=t.percent(0.01)) in told
    assert f" {t.percent(0)} " not in told


def test_a_district_lists_the_hot_spots_in_it(open_page: Open, sample: Home) -> None:
    source = open_source(sample)
    spots = hot_spot_study(source, AlertFilter()).spots
    names = name_spots(spots, source.city, known_places(source))
    here = [s for s in spots if in_area(s, names[s.id], AlertFilter(districts=("zone_2",)), source.city)]
    assert 0 < len(here) < len(spots)
    app = open_page("hotspots", lang="en", district="zone_2")
    assert app.title[0].value == f"{len(here)} of the {len(spots)} hot spots of the city lie in this area."
    assert TESTED_IN_CITY.text in [caption.value for caption in app.caption]
    assert app.main.subheader[0].value.startswith(f"{here[0].rank} ·")


def test_an_area_without_any_says_so(open_page: Open, sample: Home) -> None:
    source = open_source(sample)
    study = hot_spot_study(source, AlertFilter())
    quiet = study.hot.frame["q"].idxmax()
    app = open_page("hotspots", lang="en", cells=f"{int(quiet):x}")
    assert app.title[0].value.startswith("None of the ")
    assert "No hot spot in this area" in [one.value for one in app.main.subheader]


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


T = translator("en")


def _study(sample: Home, audience: Audience = Audience.ANALYST, base: str = "land", **words: object) -> HotSpotStudy:
    return hot_spot_study(open_for(sample, audience), AlertFilter(**words), base=base)  # type: ignore[arg-type]


def _cold(app: AppTest) -> list[str]:
    told = [text.value for text in app.main.markdown if "(cold)" in text.value]
    return told[0].splitlines() if told else []


def test_cold_places_are_listed_with_their_figures(open_page: Open, sample: Home) -> None:
    study = _study(sample, period="all")
    assert study.cold
    app = open_page("hotspots", lang="en", period="all")
    lines = _cold(app)
    one, more = (
        "{n} place has fewer alerts than expected by chance (cold)",
        "{n} places have fewer alerts than expected by ",
    )
    assert lines[0] == f"**{T.n(one, more + 'chance (cold)', len(study.cold))}**"
    assert all(escape_markdown(place.cold_sentence(T)) in "\n".join(lines) for place in study.cold)
    assert not _study(sample, kinds=("incivility",)).cold
    assert not _cold(open_page("hotspots", lang="en", kind="incivility"))


def test_the_council_reads_in_which_cells_its_own_cold_places_were_found(open_page: Open) -> None:
    """Under the filter that everybody opens they are the specialist's; under another they are found in the copy."""
    for words, told in (({"period": "all"}, False), ({"period": "all", "kind": "incivility,offence"}, True)):
        for view in ("", "council"):
            app = open_page("hotspots", **{"lang": "en", "as": view, **words})
            said = [text.value for text in app.main.caption if "cold" in text.value]
            expected = ["Found in cells of 349 m: whoever sees finer cells may find other places cold."]
            assert said == (expected if told and view and _cold(app) else [])
    exact, council = (open_page("hotspots", **{"lang": "en", "as": view, "period": "all"}) for view in ("", "council"))
    assert _places(_cold(exact)) == _places(_cold(council)) != []


def _places(lines: list[str]) -> list[str]:
    """The names of cold places, each at the head of its sentence."""
    return [line.split("**")[1] for line in lines if line.startswith("- **")]


def test_cold_places_of_another_district_are_not_listed(open_page: Open, sample: Home) -> None:
    city = sample.city()
    cold = [shapely.Point(place.longitude, place.latitude) for place in _study(sample, period="all").cold]
    holding = {area.id for area in city.districts if any(area.polygon.distance(at) < 1e-4 for at in cold)}
    listed = {
        area.id for area in city.districts if _cold(open_page("hotspots", lang="en", period="all", district=area.id))
    }
    assert cold
    assert listed == holding != {area.id for area in city.districts}


@pytest.mark.parametrize("words", [{}, {"affected": ("man",)}])
def test_a_tooltip_of_the_council_says_what_its_mark_stands_on_too(sample: Home, words: dict[str, object]) -> None:
    study = _study(sample, Audience.COUNCIL, period="quarter", **words)
    frame, lines = study.hot.frame, significance_lines(T, study)
    assert frame["hot"].any()
    assert (study.listed is None) == bool(words)  # chosen from other counts under the filter that everybody opens
    assert [bool(line) for line in lines] == (frame["hot"] | frame["cold"]).tolist()
    for row, line in zip(frame.itertuples(), lines, strict=True):
        if row.hot and study.listed is None:
            assert T.expected(row.expected_alone if row.alone else row.expected) in line
        elif row.hot or row.cold:
            assert line == ("\nHolds a hot spot" if row.hot else "\nHolds a cold place") or study.listed is None


WOMEN = {"affected": "woman", "light": "dark"}


def listed(app: AppTest) -> list[str]:
    return list(frame_of(app, "name").columns)


def test_the_share_among_all_alerts_is_tested_listed_and_told(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", **WOMEN)
    assert "rate" not in listed(app)
    assert not any("shrinkage" in cell["tip"] for cell in rows_of(app, "cells"))
    app.selectbox(key="hotspots_base").select("alerts").run()
    assert not errors(app)
    assert word(app, "base") == "alerts"
    assert "rate" in listed(app)
    assert any("share after shrinkage" in cell["tip"] for cell in rows_of(app, "cells"))
    assert rows_of(app, "hot")
    assert rows_of(app, "cold")
    assert "fewer than expected by chance" in " ".join(part.proto.body for part in app.get("html"))
    assert "among all" in words_of(app)
    assert "empirical Bayes" in words_of(app)
    app.selectbox(key="hotspots_base").select("land").run()
    assert word(app, "base") == ""


def test_the_council_may_compare_shares_in_its_own_cells(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "affected": "woman", "base": "alerts"})
    assert any("share after shrinkage" in cell["tip"] for cell in rows_of(app, "cells"))
    assert all(cell["hex"].startswith("89") for cell in rows_of(app, "cells"))


def test_hot_spots_by_severity_are_ordered_by_weight_and_keep_their_test(open_page: Open) -> None:
    plain = listed(open_page("hotspots", lang="en", period="12m"))
    assert "harm" not in plain
    app = open_page("hotspots", lang="en", period="12m", weight="severity")
    assert set(listed(app)) == {*plain, "harm", "weight"}
    assert "By harm they weigh" in words_of(app)
    assert "most harm is above" in words_of(app)


def test_no_weights_for_the_council(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "period": "12m", "weight": "severity"})
    assert not [box for box in app.selectbox if box.key == "hotspots_weight"]
    assert "harm" not in listed(app)
    assert "only for those who see exact counts" in words_of(app)


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
    app.text_input(key="hotspots_at").set_value("mikrolimano").run()
    assert not errors(app)
    assert word(app, "at").startswith("place:")
    assert _deck(app)["initialViewState"]["zoom"] > whole["zoom"] + 1
    assert "found" in layers(app)
    app.button(key="hotspots_found_area").click().run()
    assert not errors(app)
    assert len(word(app, "cells").split(",")) > 3


def test_a_district_becomes_the_district_of_the_filter(open_page: Open) -> None:
    city = load_city(sample_data.PROFILE)
    app = open_page("hotspots", lang="en", at=f"district:{city.districts[0].id}")
    app.button(key="hotspots_found_area").click().run()
    assert word(app, "district") == city.districts[0].id
