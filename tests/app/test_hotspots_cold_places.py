"""Cold places stand in words below the map, and a cell's tooltip says what its mark stands on."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import shapely
from streamlit.testing.v1 import AppTest

from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.hot_spots import HotSpotStudy, hot_spot_study
from pages.parts.frame import escape_markdown
from pages.parts.frame.colours import LIGHT
from pages.parts.hotspots.cell_text import significance_lines
from pages.parts.maps import cell_map
from pages.parts.maps.legends import ColourScale
from tests.app.conftest import Open, errors

T = translator("en")
MEN = {"lang": "en", "base": "alerts", "affected": "man"}


def _study(sample: Home, audience: Audience = Audience.ANALYST, base: str = "land", **words: object) -> HotSpotStudy:
    return hot_spot_study(open_for(sample, audience), AlertFilter(**words), base=base)  # type: ignore[arg-type]


def _cold(app: AppTest) -> list[str]:
    told = [text.value for text in app.main.markdown if "(cold)" in text.value]
    return told[0].splitlines() if told else []


def _tips(app: AppTest) -> dict[str, str]:
    spec = json.loads(app.get("deck_gl_json_chart")[0].proto.json)
    return {row["hex"]: row["tip"] for layer in spec["layers"] if layer["id"] == "cells" for row in layer["data"]}


def test_cold_places_are_listed_with_their_figures(open_page: Open, sample: Home) -> None:
    study = _study(sample, period="all")
    assert study.cold
    app = open_page("hotspots", lang="en", period="all")
    assert not errors(app)
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
            assert not errors(app)
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


def test_where_a_rate_is_low_it_is_a_rate_that_is_said_to_be_low(open_page: Open, sample: Home) -> None:
    study = _study(sample, base="alerts", affected=("man",))
    assert study.cold
    assert not study.spots
    app = open_page("hotspots", **MEN)
    assert not errors(app)
    assert "a lower rate than expected by chance" in app.main.title[0].value
    assert "No place stands out" not in " ".join(text.value for text in app.main.subheader)
    lines = _cold(app)
    assert "lower rate" in lines[0]
    assert f"of the {round(study.cold[0].base_n)} alerts here" in lines[2]


def test_a_tooltip_says_what_its_mark_stands_on(sample: Home) -> None:
    study = _study(sample, dark=True)
    frame, lines = study.hot.frame, significance_lines(T, study)
    assert [bool(line) for line in lines] == (frame["hot"] | frame["cold"]).tolist()
    assert frame["alone"][frame["hot"]].any()
    assert (~frame["alone"])[frame["hot"]].any()
    for row, line in zip(frame.itertuples(), lines, strict=True):
        if row.cold:
            assert line == f"\nCorrected p: {T.p_value(row.q_cold)}"
        elif row.hot:
            assert line.endswith(f"Corrected p: {T.p_value(row.q)}")
            assert T.expected(row.expected_alone if row.alone else row.expected) in line
            assert ("With its neighbours" in line) != row.alone
            if not row.alone:
                assert row.window > row.expected


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


def test_a_cold_cell_without_any_alert_has_its_tooltip_too(open_page: Open, sample: Home) -> None:
    study = _study(sample, base="alerts", affected=("man",))
    frame = study.hot.frame
    cold = frame.index[frame["cold"]]
    tips = _tips(open_page("hotspots", **MEN))
    assert len(cold)
    for cell in cold:
        assert "Corrected p" in tips[f"{cell:x}"]
    empty = frame.index[frame["n"] == 0][:2]
    cells = pd.DataFrame({"cell": empty, "n": 0.0, "tooltip": "\nCorrected p: 0.01"})
    for least in (1, 5):
        layer = cell_map._count_layer(T, LIGHT, cells, ColourScale.of(T, cells), {int(empty[0])}, True, least)
        assert [(row["hex"], row["shade"][3], row["tip"]) for row in layer.data] == [
            (f"{empty[0]:x}", 0, "0 alerts\nCorrected p: 0.01")
        ]


def test_too_few_alerts_to_tell_are_not_none(open_page: Open) -> None:
    words = {"category": "robbery", "light": "dark", "affected": "man", "from": "2026-10-20", "to": "2026-10-31"}
    app = open_page("hotspots", **{"lang": "en", "as": "council"}, **words)
    assert not errors(app)
    assert "There are no alerts to test" not in " ".join(text.value for text in app.main.markdown)


def test_the_way_to_all_dates_counts_what_it_leads_to(open_page: Open, sample: Home) -> None:
    app = open_page("hotspots", lang="en", category="playground_damage", period="28d")
    assert not errors(app)
    there = AlertFilter(categories=("playground_damage",), period="all")
    n = query.total(open_source(sample), there).n
    (link,) = [link for link in app.get("page_link") if "all dates" in link.proto.label]
    assert link.proto.label == f"Look at all dates: {n} alerts"
    assert "category=playground_damage" in link.proto.query_string
