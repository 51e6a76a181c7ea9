"""The Hot spots page: map, list and panel speak of the same place."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.privacy import WrittenCounts, sees_exact
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.hot_spots import EXCHANGED, hot_spot_size, hot_spot_study
from curim_data.studies.spot_profiles import spot_study, spot_summaries
from pages.parts.frame.results import forget_results
from pages.parts.hotspots import places_layer
from pages.parts.hotspots.ranked_list import RankedList, draw_headline, hot_spots_sentence
from tests.app.conftest import SPOKEN, Open, errors, word

QUERIES = "pages.parts.hotspots.queries"


def _spec(app: AppTest) -> dict[str, Any]:
    (chart,) = app.get("deck_gl_json_chart")
    return json.loads(chart.proto.json)  # type: ignore[no-any-return]


def _layer(app: AppTest, name: str) -> list[dict[str, Any]]:
    return next(layer for layer in _spec(app)["layers"] if layer["id"] == name)["data"]  # type: ignore[no-any-return]


def _panel(app: AppTest) -> str:
    return app.main.subheader[0].value


def test_the_list_selects_on_the_map(open_page: Open, sample: Home) -> None:
    app = open_page("hotspots", lang="en")
    assert not errors(app)
    assert _panel(app).startswith("1 ·")
    before = {cell["hex"] for cell in _layer(app, "highlight")}
    first = hot_spot_study(open_source(sample), AlertFilter()).spots[0]
    assert before == set(first.names)
    app.session_state[f"hotspots_list_{first.id}"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    app.run()
    assert not errors(app)
    assert _panel(app).startswith("2 ·")
    after = {cell["hex"] for cell in _layer(app, "highlight")}
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
    assert other in {cell["hex"] for cell in _layer(app, "highlight")}
    assert _panel(app).startswith("3 ·")


def test_the_council_gets_the_specialists_places_in_coarse_cells_and_no_clusters(open_page: Open, sample: Home) -> None:
    """The same places, names and order, with the counts of the cells that hold them and no figures that are not theirs;
    the title has the specialist's shares.
    """
    app, exact = open_page("hotspots", **{"lang": "en", "as": "council"}), open_page("hotspots", lang="en")
    assert not errors(app)
    assert not [c for c in app.get("button_group") if c.key == "hotspots_layer"]
    listed = next(frame.value for frame in app.dataframe if "ratio" in frame.value and "name" in frame.value)
    known = next(frame.value for frame in exact.dataframe if "excess" in frame.value)
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
    assert "withheld" not in {layer["id"] for layer in _spec(app)["layers"]}
    cells = _layer(app, "cells")
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
    assert not errors(app)
    assert app.title[0].value == t("Hot spots of sensitive categories are not told to this audience.")
    assert _layer(app, "cells")
    assert not _layer(app, "hot")
    assert any(t(EXCHANGED) in text.value for text in app.markdown)
    study = hot_spot_study(open_for(sample, Audience.COUNCIL), AlertFilter(groups=("gender_based",)))
    assert (study.spots, study.cold) == ((), ())
    assert study.sentence(t) == t(EXCHANGED)  # and not that no cell is hot
    exact = hot_spot_study(open_source(sample), AlertFilter(groups=("gender_based",)))
    assert exact.spots
    assert exact.unjudged is None
    briefing = open_page("briefing", **words)
    assert not errors(briefing)
    assert any(t(EXCHANGED) in text.value for text in briefing.markdown)


@pytest.mark.parametrize("view", ["", "council"])
def test_the_incidents_of_picked_cells_are_told_small_ones_as_fewer(open_page: Open, sample: Home, view: str) -> None:
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


def test_picked_cells_become_the_area(open_page: Open) -> None:
    app = open_page("hotspots", lang="en")
    two = [{"hex": cell["hex"]} for cell in _layer(app, "cells")[:2]]
    app.session_state["hotspots_map"] = {"selection": {"indices": {}, "objects": {"cells": two}}}
    app.run()
    app.button(key="hotspots_area").click().run()
    assert not errors(app)
    assert {cell["hex"] for cell in two} == set(word(app, "cells").split(","))


def test_layer_and_cell_size_stand_in_the_link(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="clusters")
    assert not errors(app)
    assert _layer(app, "outlines")
    app.segmented_control(key="hotspots_layer").set_value("significance").run()
    assert word(app, "layer") == ""
    app.selectbox(key="hotspots_size").select(9).run()
    assert not errors(app)
    assert word(app, "cell") == "9"
    assert all(cell["hex"].startswith("89") for cell in _layer(app, "cells"))
    app.selectbox(key="hotspots_size").select(0).run()
    assert word(app, "cell") == ""


def test_a_link_asks_for_no_finer_cells_than_the_reader_may_see(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "layer": "clusters", "cell": "11"})
    assert not errors(app)
    assert not _layer(app, "outlines")
    assert all(cell["hex"].startswith("89") for cell in _layer(app, "cells"))


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
    monkeypatch.setattr(places_layer, "draw_headline", lambda *a, **how: runs.append(draw_headline(*a, **how)))
    forget_results()
    app = open_page("hotspots", lang="en")
    assert not errors(app)
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
        assert not errors(app)
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
