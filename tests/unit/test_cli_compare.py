"""The command compare: both sides told, places written, what cannot be compared refused in one line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

import sample_data
from curim_data.cli import main
from curim_data.store import Home

Capture = pytest.CaptureFixture[str]
DARK = ("--light", "dark", "--period", "all")

pytestmark = pytest.mark.usefixtures("english")


def test_the_places_where_women_and_men_differ(capsys: Capture, sample: Home, tmp_path: Path) -> None:
    out = tmp_path / "places.geojson"
    asked = ["compare", "--against", "gender", *DARK, "--home", str(sample.path)]
    assert main([*asked, "--json", "--out", str(out)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [side["name"] for side in told["sides"]] == ["Women affected", "Men affected"]
    assert told["sides"][0]["filter"]["affected"] == "woman"
    assert told["places"][0]["name"] == "Pasalimani"
    assert [place["more"] for place in told["places"]].count("first") == 1
    drawn = json.loads(out.read_text("utf-8"))
    assert [f["properties"]["id"] for f in drawn["features"]] == [place["id"] for place in told["places"]]
    assert main([*asked, "--out", str(tmp_path / "places.csv")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Women affected – All alerts, affecting women, after dark")
    assert f"1. Pasalimani – {round(100 * told['places'][0]['share'])}\u00a0% of the" in said
    planted = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))["women_after_dark"]
    assert told["places"][0]["share"] == pytest.approx(planted["share_here"], abs=0.08)
    assert (tmp_path / "places.csv").read_text("utf-8-sig").startswith("rank,id,name,more,n_first,n_second,")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--against", "moon"), "known are"),
        (("--against", "before", "--period", "all"), "no day"),
        (("--against", "gender", "--resolution", "3"), "resolution 4 to 12"),
        (("--against", "gender", "--out", "places.txt"), "places.txt"),
        (("--against", "others", "--category", "vandalism", "--audience", "council"), "different sizes"),
    ],
)
def test_what_is_refused(capsys: Capture, sample: Home, words: tuple[str, ...], why: str) -> None:
    assert main(["compare", *words, "--home", str(sample.path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert why in printed.err
