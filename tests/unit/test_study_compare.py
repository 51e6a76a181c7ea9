"""Two filters on one map: the planted place is found, also in the protected copy; what cannot be compared says why."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, KnownTime
from curim_data.privacy import DisclosureError
from curim_data.studies.compare import CompareError, available_presets, compare_study, filter_pair, usual_preset
from tests.stored import seen_by

DARK = AlertFilter(period="all", dark=True)


def test_counts_of_both_sides_are_those_of_the_filters(source: Source) -> None:
    study = compare_study(source, DARK, "gender")
    first = study.comparison.places[0]
    for gender, n in (("woman", first.n_a), ("man", first.n_b)):
        asked = DARK.replace(affected=(gender,))
        cells = query.cells(source, asked, study.resolution).frame["n"]
        assert cells[list(first.cells)].sum() == n


@pytest.mark.parametrize("against", ["gender", "reporter", "light", "before", "year"])
def test_the_council_compares_all_counts_of_the_copy(council: Source, against: str) -> None:
    study = compare_study(seen_by(council, Audience.COUNCIL), AlertFilter(period="quarter"), against)
    told = study.comparison.frame
    assert study.resolution == 9
    for side, asked in (("a", study.pair.first), ("b", study.pair.second)):
        cells = query.cells(seen_by(council, Audience.COUNCIL), asked, 9).frame
        assert told[side].tolist() == cells["n"].tolist()
        assert told[side].between(1, 4).any()
    assert (told.loc[told["ratio"].notna(), "low"] <= told["ratio"].dropna()).all()


@pytest.mark.parametrize(
    ("start", "end", "seasons"),
    [
        (dt.date(2025, 6, 1), dt.date(2025, 8, 31), True),
        (dt.date(2024, 11, 1), dt.date(2025, 10, 31), False),
        (dt.date(2024, 11, 1), dt.date(2026, 10, 31), False),
        (dt.date(2025, 5, 1), dt.date(2026, 10, 31), True),
    ],
)
def test_seasons_differ_but_between_whole_years(source: Source, start: dt.date, end: dt.date, seasons: bool) -> None:
    pair = filter_pair(source, AlertFilter(start=start, end=end), "before")
    assert ("season" in {choice.name for choice in pair.choices}) == seasons


def test_what_an_export_does_not_ask_is_not_offered(source: Source) -> None:
    silent = dataclasses.replace(source, asked=frozenset({"feeling"}), known_time=KnownTime.DAY, cache={})
    quarter = AlertFilter(period="quarter")
    assert available_presets(silent, quarter) == ("before", "year")
    assert usual_preset(silent, quarter) == "before"
    assert usual_preset(source, quarter) == "gender"
    for against, why in (("gender", "person affected"), ("reporter", "person who alerts"), ("light", "hour")):
        with pytest.raises(CompareError, match=why):
            filter_pair(silent, quarter, against)
    # Nothing lies before all dates: what is offered first says so.
    assert usual_preset(silent, AlertFilter(period="all")) == "before"


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
        (AlertFilter(period="all"), "before", "no day"),
        (AlertFilter(period="all"), "year", "no day"),
    ],
)
def test_what_cannot_be_compared_says_why(source: Source, f: AlertFilter, against: str, why: str) -> None:
    with pytest.raises(CompareError, match=why):
        filter_pair(source, f, against)
