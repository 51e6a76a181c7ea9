"""The Gender page: all genders shown, the planted place found, small numbers in words, the filter carried."""

from __future__ import annotations

import dataclasses
import json

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.gender import category_ratios, place_shares
from curim_data.engine import open_source
from curim_data.store import Home
from pages.parts import gender
from tests.app.conftest import Open, frame_of, rows_of, words_of


@pytest.mark.parametrize("view", ["", "council"])
def test_the_planted_place_is_found_after_dark(open_page: Open, view: str) -> None:
    app = open_page("gender", **{"lang": "en", "light": "dark", "as": view})
    assert "**1 Pasalimani**" in words_of(app)
    circle = next(circle for circle in rows_of(app, "places") if circle["tip"].startswith("Pasalimani"))
    assert circle["fill"][3] > 0
    link = next(link for link in app.get("page_link") if "Pasalimani" in link.proto.label)
    assert "place=pasalimani" in link.proto.query_string
    assert "light=dark" in link.proto.query_string


@pytest.mark.parametrize("words", [{}, {"category": "harassment_verbal"}], ids=["all", "sensitive"])
def test_small_numbers_are_written_as_fewer_than_for_the_council(open_page: Open, words: dict[str, str]) -> None:
    app = open_page("gender", **{"lang": "en", "as": "council", **words})
    assert "protected" not in words_of(app).replace("protected copy", "").lower()
    told = [
        str(count)
        for name in ("place", "category")
        for count in frame_of(app, name, "women")[["women", "men"]].to_numpy().ravel()
    ]
    assert not {"1", "2", "3", "4"} & set(told)
    assert {"fewer than 10"} & set(told)  # of sensitive categories, which both pages list
    if words:
        assert not {str(n) for n in range(1, 10)} & set(told)


def _bars(app: AppTest, number: int) -> dict[str, str]:
    """The words beside the bars of a chart, by label."""
    spec = json.loads(app.get("plotly_chart")[number].proto.spec)
    return {note["y"]: note["text"] for note in spec["layout"]["annotations"]}


def test_no_share_tells_the_council_a_small_number(open_page: Open) -> None:
    """Of harassment after dark few alerts concern another gender: words stand in place of their share."""
    asked = {"lang": "en", "category": "harassment_verbal", "light": "dark"}
    app, exact = open_page("gender", **asked, **{"as": "council"}), open_page("gender", **asked)
    told, all_told = _bars(app, 0), _bars(exact, 0)
    assert told["Another gender"] == "fewer than 10"
    assert "%" in all_told["Another gender"]
    assert "%" in told["Women"]
    assert _bars(app, 3)["Another gender"] in ("fewer than 10", "none")  # after dark


def test_a_ratio_of_few_women_or_men_is_a_limit_for_the_council(open_page: Open) -> None:
    council, exact = (open_page("gender", **{"lang": "en", "as": view}) for view in ("council", ""))
    limits = ("at least", "at most")
    rows = frame_of(council, "category", "ratio")
    few = rows[["women", "men"]].apply(lambda counts: counts.astype(str).str.startswith("fewer"))
    assert few.any(axis=None)
    assert (few.sum(axis=1).eq(1) == rows["ratio"].str.startswith(limits)).all()
    assert rows.loc[few.all(axis=1), "ratio"].eq("–").all()
    assert not frame_of(exact, "category", "ratio")["ratio"].str.startswith(limits).any()


def test_the_council_gets_the_same_picture_as_the_specialist(open_page: Open) -> None:
    """No map of grey discs, no "0 alerts", no sentence that nothing could be compared."""
    council, exact = open_page("gender", **{"lang": "en", "as": "council"}), open_page("gender", lang="en")
    charts = [len(app.get("plotly_chart")) for app in (council, exact)]
    assert charts[0] == charts[1] > 0
    assert len(rows_of(council, "places")) == len(rows_of(exact, "places")) > 0
    named = [
        [
            set(text.value.rstrip(".").partition(": ")[2].replace(" and ", ", ").split(", "))
            for text in app.main.markdown
            if text.value.startswith(("More on women", "More on men"))
        ]
        for app in (council, exact)
    ]
    assert len(named[0]) == 2
    assert named[0] == named[1]  # chosen from the alerts for every audience
    words = words_of(council)
    assert [text in words for text in ("could not be compared", " 0 alerts", "15900")] == [False, False, True]


@pytest.mark.parametrize("waiting", [False, True])
def test_the_council_reads_which_wait(
    open_page: Open, sample: Home, monkeypatch: pytest.MonkeyPatch, waiting: bool
) -> None:
    exact = open_source(sample)
    if waiting:  # one that the copy has not
        more = dataclasses.replace(exact, count=exact.count + 1)
        monkeypatch.setattr("curim_data.protection.opening.open_source", lambda _: more)
    app = open_page("gender", lang="en", **{"as": "council"})
    told = [caption.value for caption in app.main.caption if "protected copy" in caption.value]
    assert told
    assert all(("not in the copy yet" in text) is waiting for text in told)


def test_of_hardly_any_man_affected_no_figure_tells_how_many(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 women and no man of vandalism, 3 men in all: words in place of the chart, and a table without ratio and q."""
    rows = [("vandalism", "woman", 60.0), ("noise", "woman", 30.0), ("noise", "man", 3.0)]
    found = category_ratios(pd.DataFrame(rows, columns=["category", "affected_gender", "n"]))
    few = dataclasses.replace(found, least={"vandalism": 5, "noise": 5}).for_readers()
    monkeypatch.setattr(gender, "cached_weights", lambda *_: few)
    real = gender.cached_places
    places = pd.DataFrame(
        [("pasalimani", "woman", 50.0), ("pasalimani", "man", 0.0)], columns=["place", "affected_gender", "n"]
    )
    differ = place_shares(places, city=(60.0, 3.0)).for_readers(5)
    monkeypatch.setattr(gender, "cached_places", lambda *asked: dataclasses.replace(real(*asked), differ=differ))
    app = open_page("gender", **{"lang": "en", "as": "council"})
    words = "\n".join([words_of(app), *(text.value for text in app.get("text"))])
    assert words.count("The numbers of women or of men are too small for a ratio to be written out.") == 1
    assert "hardly any man" not in words
    assert "There are too few alerts near named places to compare them." in words
    assert "95 %" not in words.replace("\u00a0", " ")
    for name in ("category", "place"):
        table = frame_of(app, name, "q")
        assert set(table["q"]) == {"–"}
    assert frame_of(app, "category", "ratio")["ratio"].tolist() == ["–", "–"]
