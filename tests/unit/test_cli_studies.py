"""The commands of studies on the sample city, with the answers of the pages; refusals; alerts without a position."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sample_data
from analysis.hotspots.grouping import PUBLISHED_TIMES
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.model.absence import NO_POSITIONS
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.brief import MOST_FINDINGS
from curim_data.studies.hot_spots import hot_spot_study
from curim_data.studies.spot_profiles import concentration_study
from tests.commands import Curim
from tests.unit.test_city_without_outline import bring

pytestmark = pytest.mark.slow

TRUTHS: dict[str, Any] = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))
PLACES = {
    **{f"hotspots {m}": ["hotspots", "--method", m] for m in ("significance", "clusters", "emerging", "density")},
    "concentration": ["concentration"],
    "near-repeat": ["near-repeat"],
}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("hotspots --method emerging --audience council --resolution 10", "smaller than those of resolution 9"),
        ("hotspots --method emerging --to 2022-11-05 --from 2022-11-01", "too few whole months"),
        ("concentration --audience council --resolution 10", "smaller than those of resolution 9"),
        ("concentration --resolution 13", "resolution 4 to 12"),
        ("hotspots --base alerts", "already holds all alerts"),
        ("hotspots --base residents --affected woman", "no residents by district"),
        ("hotspots --base alerts --method clusters", "use it with --method significance"),
        ("hotspots --order p --method clusters", "--order is for hot cells"),
        ("hotspots --method density --weight severity", "--weight is for --method significance"),
        ("hotspots --method clusters --audience council", "Clusters need exact alerts"),
        ("hotspots --order harm", "--order harm needs --weight"),
        ("hotspots --weight harm", "have no harm index"),
        ("hotspots --weight severity --audience council", "only for those who see exact counts"),
        ("compare --against moon", "known are"),
        ("compare --against before --period all", "no day"),
        ("compare --against gender --resolution 3", "resolution 4 to 12"),
        ("compare --against gender --out places.txt", "places.txt"),
        ("compare --against others --category vandalism --audience council", "different sizes"),
    ],
)
def test_what_may_not_be_asked(curim: Curim, sample: Home, words: str, why: str) -> None:
    assert why in curim.refuses(*words.split(), "--home", str(sample.path))


def test_emerging_tells_the_planted_classes(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out = tmp_path / "emerging.geojson"
    told = curim.answer(sample, "hotspots", "--method", "emerging", "--out", str(out))
    planted = {spot["labels"]["en"]: f"{spot['class']}_hot" for spot in TRUTHS["hot_spot"]}
    assert {spot["name"]: spot["class"] for spot in told["spots"]} == planted
    assert (told["unit"], told["first"], told["last"]) == ("month", "2022-11-01", "2026-10-01")
    assert told["spots"][0]["since"] == "2026-10-01"
    written = out.read_text("utf-8")
    assert "NaN" not in written
    shapes = json.loads(written)["features"]
    assert {shape["properties"]["class"] for shape in shapes} == set(planted.values())


def test_hot_spots_come_in_the_order_asked_for_with_their_excess(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out = tmp_path / "spots.csv"
    usual = curim.answer(sample, "hotspots", "--out", str(out))["spots"]
    assert [spot["rank"] for spot in usual] == list(range(1, len(usual) + 1))
    lows = [spot["excess_low"] for spot in usual]
    assert lows == sorted(lows, reverse=True)
    assert all(spot["excess_low"] < spot["excess"] < spot["excess_high"] for spot in usual)
    assert all(spot["excess"] == pytest.approx(spot["n"] - spot["expected"], abs=0.02) for spot in usual)
    assert pd.read_csv(out)["excess_low"].tolist() == pytest.approx(lows)
    for order, key in (("alerts", "n"), ("ratio", "low")):
        found = curim.answer(sample, "hotspots", "--order", order)["spots"]
        assert [spot[key] for spot in found] == sorted((spot[key] for spot in usual), reverse=True)
        assert {spot["id"]: spot["rank"] for spot in found} == {spot["id"]: spot["rank"] for spot in usual}
    by_p = [spot["q"] for spot in curim.answer(sample, "hotspots", "--order", "p")["spots"]]
    assert by_p == sorted(by_p)


def test_a_base_names_itself_in_sentence_choices_and_columns(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out = tmp_path / "share.csv"
    words = ["hotspots", "--affected", "woman", "--light", "dark", "--base", "alerts"]
    told = curim.answer(sample, *words, "--out", str(out))
    f = AlertFilter(affected=("woman",), dark=True)
    study = hot_spot_study(open_source(sample), f, base="alerts")
    assert (told["base"], len(told["spots"])) == ("alerts", len(study.spots))
    assert f"among all {round(study.hot.base_total):,} alerts" in told["told"]
    assert {choice["name"] for choice in told["choices"]} >= {"base", "rates"}
    first = told["spots"][0]
    assert first["n"] / first["base_n"] > first["rate"] > study.hot.rates.mean
    assert pd.read_csv(out)["rate"].tolist() == [spot["rate"] for spot in told["spots"]]


def test_changes_are_the_findings_and_every_comparison(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out, words = tmp_path / "changes.csv", ("changes", "--period", "meeting")
    told = curim.answer(sample, *words, "--out", str(out))
    levels = Counter(row["level"] for row in told["rows"])
    assert levels == told["comparisons"]
    assert {"city", "district", "category", "district_category", "place"} == {*levels}
    assert len(pd.read_csv(out)) == levels.total()
    council = curim.answer(sample, *words, "--audience", "council")
    found, shown = ([one for one in answered["findings"] if one["level"] != "event"] for answered in (told, council))
    listed = [[(one["key"], one["grade"]) for one in some] for some in (shown, found)]
    assert listed[0] == listed[1][: len(shown)]
    assert len(shown) <= MOST_FINDINGS < len(found)  # beyond those of the Briefing a council reads no choice
    assert found[0]["q"] < 0.001
    assert {one["q"] for one in shown} == {None}
    events = [one for one in council["findings"] if one["level"] == "event"]
    assert events
    assert all(one["after"] == max(8, 5 * (one["after"] // 5)) and one["before"] is None for one in events)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", one["since"]) for one in events)


def test_a_list_without_hot_spots_says_whether_there_were_too_few_incidents(curim: Curim, sample: Home) -> None:
    words = ["hotspots", "--from", "2026-10-26", "--to", "2026-10-27"]
    assert "Too few to tell" in curim.says(sample, *words)
    for audience in ("analyst", "council"):
        printed = curim.says(sample, *words, "--audience", audience)
        assert "No cell could be judged: there are too few alerts on the map." in printed
        assert "No cell is hot" not in printed


def test_concentration_is_that_of_the_page(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out = tmp_path / "curve.csv"
    told = curim.answer(sample, "concentration", "--out", str(out))
    found = concentration_study(open_source(sample), AlertFilter()).concentration
    assert told["generalised_gini"] == pytest.approx(found.generalised)
    assert told["p"] == pytest.approx(0.005)
    half = next(share for share in told["shares"] if share["part"] == 0.5)
    assert half["share"] < half["chance_low"]
    assert pd.read_csv(out)["alerts"].iloc[-1] == 1


def test_the_council_is_told_in_which_cells_places_were_found_and_how_dense_they_are(
    curim: Curim, sample: Home, tmp_path: Path
) -> None:
    out, t = tmp_path / "spots.csv", translator("en")
    told = curim.answer(sample, "hotspots", "--audience", "council", "--out", str(out))
    study = hot_spot_study(open_for(sample, Audience.COUNCIL), AlertFilter())
    assert study.listed is not None
    assert told["told"] == study.sentence(t)
    times = {spot.id: spot.times for spot in study.spots}
    assert {spot["id"]: spot["times"] for spot in told["spots"]} == times
    assert set(times.values()) <= set(PUBLISHED_TIMES)
    assert pd.read_csv(out)["times"].tolist() == [spot["times"] for spot in told["spots"]]
    assert "times" not in curim.answer(sample, "hotspots")["spots"][0]


def test_the_places_where_women_and_men_differ(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out = tmp_path / "places.geojson"
    asked = ["compare", "--against", "gender", "--light", "dark", "--period", "all"]
    told = curim.answer(sample, *asked, "--out", str(out))
    assert [side["name"] for side in told["sides"]] == ["Women affected", "Men affected"]
    assert told["sides"][0]["filter"]["affected"] == "woman"
    first = told["places"][0]
    assert first["name"] == "Pasalimani"
    assert [place["more"] for place in told["places"]].count("first") == 1
    drawn = json.loads(out.read_text("utf-8"))
    assert [f["properties"]["id"] for f in drawn["features"]] == [place["id"] for place in told["places"]]
    said = curim.says(sample, *asked, "--out", str(tmp_path / "places.csv"))
    assert said.startswith("Women affected – All alerts, affecting women, after dark")
    assert f"1. Pasalimani – {round(100 * first['share'])}\u00a0% of the" in said
    assert first["share"] == pytest.approx(TRUTHS["women_after_dark"]["share_here"], abs=0.08)
    assert (tmp_path / "places.csv").read_text("utf-8-sig").startswith("rank,id,name,more,n_first,n_second,")


def test_forecasts_have_their_backtest_and_the_council_gets_no_cells(curim: Curim, sample: Home) -> None:
    told = curim.answer(sample, "forecast", "--weeks", "2")
    assert told["shown"]
    assert told["weeks"] == len(told["city"]["weeks"]) == 2
    assert {row["method"] for row in told["backtest"]} == {"naive", "decay", "blend"}
    assert {row["area"] for row in told["backtest"]} == {0.01, 0.02, 0.05}
    assert told["method"] in ("naive", "decay", "blend")
    assert told["cells"][0]["expected"] >= told["cells"][-1]["expected"] > 0
    assert told["covered"] <= told["tried"]
    council = curim.answer(sample, "forecast", "--audience", "council")
    assert (council["cells"], council["backtest"]) == ([], [])
    assert council["city"]["expected"] > 0
    assert "specialists" in council["told"]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A city whose alerts have no position."""
    made = Home(tmp_path_factory.mktemp("nowhere") / "home")
    bring(made, "el", "Xanadu")
    return made


@pytest.mark.parametrize("name", PLACES)
def test_a_study_of_places_without_positions_says_so_and_claims_nothing(
    curim: Curim, bare: Home, tmp_path: Path, name: str
) -> None:
    for lang in ("en", "el", "fr"):
        lines = curim.says(bare, *PLACES[name], "--lang", lang).replace("\n", " ")
        assert "240" in lines
        assert lines.strip().endswith(translator(lang)(NO_POSITIONS))  # nothing after it
    told = curim.answer(bare, *PLACES[name])
    assert (told["n"], told["told"], told["choices"]) == (0, translator("en")(NO_POSITIONS), [])
    assert not any(told.get(listed) for listed in ("spots", "places", "shares", "bands"))
    out = tmp_path / "cells.csv"
    assert "None of these alerts is on the map" in curim.refuses(
        *PLACES[name], "--home", str(bare.path), "--out", str(out)
    )
    assert not out.exists()
