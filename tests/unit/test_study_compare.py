"""Two filters on one map, and classes over time: planted places are found, also in the copy; or why not."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tomllib
from typing import Any

import h3.api.basic_int as h3
import pytest

import sample_data
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, KnownTime
from curim_data.privacy import DisclosureError
from curim_data.studies.compare import CompareError, available_presets, compare_study, filter_pair
from curim_data.studies.hot_spots import EmergingRow, EmergingStudy, emerging_study, hot_spot_study
from tests.stored import seen_by, stored_alerts

EVER = AlertFilter(period="all")
DARK = EVER.replace(dark=True)


def test_counts_of_both_sides_are_those_of_the_filters(source: Source) -> None:
    study = compare_study(source, DARK.replace(affected=("woman",)), "affected=man")
    first = study.comparison.places[0]
    for gender, n in (("woman", first.n_a), ("man", first.n_b)):
        asked = DARK.replace(affected=(gender,))
        cells = query.cells(source, asked, study.resolution).frame["n"]
        assert cells[list(first.cells)].sum() == n


@pytest.mark.parametrize("against", ["light", "affected=man"])
def test_the_council_compares_all_counts_of_the_copy(council: Source, against: str) -> None:
    study = compare_study(seen_by(council, Audience.COUNCIL), AlertFilter(period="quarter"), against)
    told = study.comparison.frame
    assert study.resolution == 9
    for side, asked in (("a", study.pair.first), ("b", study.pair.second)):
        cells = query.cells(seen_by(council, Audience.COUNCIL), asked, 9).frame
        assert told[side].tolist() == cells["n"].tolist()
        assert told[side].between(1, 4).any()
    assert (told.loc[told["ratio"].notna(), "low"] <= told["ratio"].dropna()).all()


def test_alerts_of_unknown_light_are_said_to_be_on_neither_side(source: Source) -> None:
    dark = stored_alerts(source).to_pandas()["dark"]
    study = compare_study(source, EVER, "light")
    (told,) = (one.explanation.values["n"] for one in study.choices if one.name == "neither")
    assert told == source.count - sum(total.n for total in study.totals) == dark.isna().sum() > 0
    assert not [one for one in compare_study(source, EVER, "affected=man").choices if one.name == "neither"]


def test_what_an_export_does_not_ask_is_not_offered(source: Source) -> None:
    silent = dataclasses.replace(source, known_time=KnownTime.DAY, cache={})
    quarter, noise = AlertFilter(period="quarter"), AlertFilter(categories=("noise",))
    assert [available_presets(silent, f) for f in (quarter, noise)] == [(), ("others",)]
    assert [available_presets(source, f) for f in (quarter, noise)] == [("light",), ("light", "others")]
    with pytest.raises(CompareError, match="hour"):
        filter_pair(silent, quarter, "light")


def test_the_council_cannot_lay_cells_of_two_sizes_over_each_other(council: Source) -> None:
    with pytest.raises(DisclosureError, match="different sizes"):
        compare_study(seen_by(council, Audience.COUNCIL), AlertFilter(categories=("vandalism",)), "others")
    coarse = compare_study(seen_by(council, Audience.COUNCIL), AlertFilter(categories=("harassment_verbal",)), "others")
    assert coarse.resolution == 8


def test_a_filter_against_other_words(source: Source) -> None:
    f = AlertFilter(affected=("woman",), districts=("zone_1",))
    pair = filter_pair(source, f, "affected=man&light=dark")
    assert pair.first == AlertFilter(affected=("woman",))
    assert pair.second == AlertFilter(affected=("man",), dark=True)
    assert "area" in {choice.name for choice in pair.choices}
    own = filter_pair(source, AlertFilter(period="28d"), "from=2025-01-01&to=2025-01-31").second
    assert (own.start, own.end, own.period) == (dt.date(2025, 1, 1), dt.date(2025, 1, 31), "")


@pytest.mark.parametrize(
    ("f", "against", "why"),
    [
        (AlertFilter(), "moon", "known are"),
        (AlertFilter(), "moon=full", "no word"),
        (AlertFilter(), "affected=martian", "martian"),
        (AlertFilter(affected=("man",)), "affected=man", "same filter"),
        (AlertFilter(), "gender", "known are"),
        (AlertFilter(), "others", "Pick one"),
    ],
)
def test_what_cannot_be_compared_says_why(source: Source, f: AlertFilter, against: str, why: str) -> None:
    with pytest.raises(CompareError, match=why):
        filter_pair(source, f, against)


TRUTHS: dict[str, Any] = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))
SPOTS: list[dict[str, Any]] = TRUTHS["hot_spot"]


@pytest.fixture(scope="module")
def study(source: Source) -> EmergingStudy:
    return emerging_study(source, AlertFilter())


def place_of(study: EmergingStudy, cells: tuple[int, ...]) -> EmergingRow | None:
    """The slow way: the hot place that shares most cells, the first of several; None where none shares any."""
    found, most = None, 0
    for line in study.lines:
        shared = sum(cell in line.place.cells for cell in cells)
        if shared > most:
            found, most = line, shared
    return found


def test_hot_spots_of_the_map_find_their_class(source: Source, study: EmergingStudy) -> None:
    spots = hot_spot_study(source, AlertFilter()).spots
    planted = {spot["place"]: spot["class"] for spot in SPOTS}
    found = [place_of(study, spot.cells) for spot in spots]
    assert len(found) >= 9
    assert all(line is not None and planted[line.name.place] == line.place.cls for line in found)
    far = int(h3.latlng_to_cell(TRUTHS["quarter"]["latitude"], TRUTHS["quarter"]["longitude"], study.resolution))
    assert place_of(study, (far,)) is None


def test_the_series_of_a_place_is_what_was_counted(source: Source, study: EmergingStudy) -> None:
    line = next(line for line in study.lines if line.name.place == "terpsithea")
    series = study.series(line.place.cells)
    assert len(series) == 48
    assert series["n"].sum() == line.place.n
    assert series["hot"].tolist() == [False] * 45 + [True] * 3
    here = AlertFilter(period="all", cells=line.place.names)
    off_piles = query.counts(source, here, ["month"], without_default_points=True).frame
    assert series.set_index("start")["n"].loc[off_piles["month"]].tolist() == off_piles["n"].tolist()


def test_the_area_of_the_filter_does_not_change_the_classes(source: Source, study: EmergingStudy) -> None:
    here = emerging_study(source, AlertFilter(districts=("zone_1",)))
    assert [line.place for line in here.lines] == [line.place for line in study.lines]


def test_the_council_gets_the_classes_of_its_copy(council: Source, study: EmergingStudy) -> None:
    """In cells no finer than those of the copy; the planted places have the classes that they have in the alerts."""
    told = emerging_study(seen_by(council, Audience.COUNCIL), AlertFilter(), 10)
    assert told.resolution == 9
    exact, own = ({line.name.place: line.place.cls for line in found.lines} for found in (study, told))
    assert len(own) >= 8
    assert own.keys() <= exact.keys()
    assert sum(own[place] != exact[place] for place in own) <= 1  # an exchange of places and times may change one
    sensitive = emerging_study(seen_by(council, Audience.COUNCIL), AlertFilter(categories=("harassment_verbal",)), 10)
    assert sensitive.resolution == 8


def test_a_filter_that_leaves_hardly_any_alert_has_no_line(source: Source) -> None:
    rare = AlertFilter(categories=("robbery",), affected=("other",), weekdays=(0,), hours=(3, 4))
    study = emerging_study(source, rare)
    assert study.emerging is not None
    assert not study.lines
