"""Two filters on one map: the planted place is found, also in the protected copy; what cannot be compared says why."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from curim_data import query
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Audience, KnownTime, Translator, translator
from curim_data.privacy import DisclosureError
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.compare import (
    PRESETS,
    CompareError,
    _neither,
    available_presets,
    compare_study,
    filter_pair,
    usual_preset,
)
from tests.stored import seen_by

BOTH = (Audience.ANALYST, Audience.COUNCIL)
DARK = AlertFilter(period="all", dark=True)


@pytest.fixture(scope="module")
def source(sample: Home) -> Source:
    return open_source(sample)


@pytest.mark.parametrize("audience", BOTH)
@pytest.mark.parametrize("f", [DARK, AlertFilter(dark=True)], ids=["all", "year"])
def test_the_place_of_women_after_dark_is_the_one_that_differs(
    sample: Home, audience: Audience, f: AlertFilter
) -> None:
    study = compare_study(open_for(sample, audience), f, "gender")
    first = study.comparison.places[0]
    assert study.names[first.id].place == "pasalimani"
    assert first.share > 0.8
    assert first.low > 2.5
    more = [study.names[place.id].place for place in study.comparison.places if place.more > 0]
    assert more[0] == "pasalimani"
    # women are a larger share at Terpsithea too, though of fewer alerts; in the copy, whose cells are larger and whose
    # alerts of one place and day move together, at the station and beside Pasalimani
    if audience is Audience.ANALYST:
        assert set(more[1:]) <= {"terpsithea"}
    else:
        assert set(more[1:]) <= {"piraeus_station", "freattyda"}


def test_alerts_on_neither_side_are_told_where_there_are_any(source: Source) -> None:
    pair = filter_pair(source, AlertFilter(), "light")
    whole = query.total(source, AlertFilter())
    assert whole.n
    for left in (0, 1):
        sides = (dataclasses.replace(whole, n=whole.n - 7 - left), dataclasses.replace(whole, n=7))
        told = _neither(source, pair, "light", sides)
        assert [choice.value for choice in told] == [left] * left


def test_by_day_it_does_not_differ(source: Source) -> None:
    study = compare_study(source, DARK.replace(dark=False), "gender")
    assert "pasalimani" not in {study.names[place.id].place for place in study.comparison.places if place.more > 0}


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


def test_the_same_length_before_and_a_year_before(source: Source) -> None:
    f = AlertFilter(start=dt.date(2026, 6, 1), end=dt.date(2026, 6, 30))
    before, year = filter_pair(source, f, "before").second, filter_pair(source, f, "year").second
    assert (before.start, before.end) == (dt.date(2026, 5, 2), dt.date(2026, 5, 31))
    assert (year.start, year.end) == (dt.date(2025, 6, 2), dt.date(2025, 7, 1))
    long = filter_pair(source, AlertFilter(), "year")
    assert (long.first.start, long.first.end) == (dt.date(2025, 11, 1), dt.date(2026, 10, 31))
    assert (long.second.start, long.second.end) == (dt.date(2024, 11, 1), dt.date(2025, 10, 31))


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


@pytest.mark.parametrize(
    ("against", "start", "end", "seasons"),
    [
        ("year", dt.date(2025, 6, 1), dt.date(2025, 8, 31), False),
        ("year", dt.date(2024, 11, 1), dt.date(2025, 10, 31), False),
        ("year", dt.date(2025, 5, 1), dt.date(2026, 10, 31), True),  # two summers against one
        ("before", dt.date(2023, 2, 1), dt.date(2024, 1, 31), True),  # a year against the winter that is left of one
        ("year", dt.date(2023, 2, 1), dt.date(2024, 1, 31), True),
    ],
)
def test_a_year_against_a_part_of_one_is_warned_of(
    source: Source, against: str, start: dt.date, end: dt.date, seasons: bool
) -> None:
    pair = filter_pair(source, AlertFilter(start=start, end=end), against)
    assert ("season" in {choice.name for choice in pair.choices}) == seasons


@pytest.mark.parametrize(
    ("against", "asked"), [("gender", AlertFilter()), ("reporter", AlertFilter()), ("light", AlertFilter())]
)
def test_alerts_of_neither_side_are_counted(
    source: Source, council: Source, t: Translator, against: str, asked: AlertFilter
) -> None:
    study = compare_study(source, asked, against)
    (neither,) = [choice for choice in study.choices if choice.name == "neither"]
    sides = sum(query.total(source, f).n or 0 for f in (study.pair.first, study.pair.second))
    whole = query.total(source, asked).n or 0
    assert neither.value == whole - sides > 0
    assert f"{whole - sides:,} of {whole:,} alerts" in t(neither.explanation)
    assert f"of the {study.comparison.n:,} alerts compared" in study.comparison.sentence(t)
    told = compare_study(seen_by(council, Audience.COUNCIL), asked, against)
    (left,) = [choice.value for choice in told.choices if choice.name == "neither"]
    assert left == query.total(seen_by(council, Audience.COUNCIL), asked).n - sum(total.n for total in told.totals) > 0


def test_a_side_that_the_filter_asks_for_is_taken_off_for_the_count(source: Source) -> None:
    plain, women = (
        compare_study(source, f, "gender").choices for f in (AlertFilter(), AlertFilter(affected=("woman",)))
    )
    assert [c.value for c in plain if c.name == "neither"] == [c.value for c in women if c.name == "neither"]


def test_what_started_in_the_last_month_differs_from_the_month_before(source: Source) -> None:
    study = compare_study(source, AlertFilter(period="28d"), "before")
    assert [study.names[place.id].place for place in study.comparison.places] == ["agia_sofia"]


def test_categories_against_all_others(source: Source) -> None:
    f = AlertFilter(categories=("harassment_verbal",))
    assert "others" in available_presets(source, f)
    assert "others" not in available_presets(source, AlertFilter())
    pair = filter_pair(source, f, "others")
    assert "harassment_verbal" not in pair.second.categories
    assert set(pair.second.categories) | {"harassment_verbal"} >= set(source.city.categories)
    study = compare_study(source, f, "others")
    assert study.names[study.comparison.places[0].id].place == "pasalimani"
    with pytest.raises(CompareError, match="Pick one"):
        filter_pair(source, AlertFilter(), "others")


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


def test_an_empty_side(sample: Home, t: Translator) -> None:
    nobody = AlertFilter(start=dt.date(2001, 1, 1), end=dt.date(2001, 1, 2))
    for audience in BOTH:
        study = compare_study(open_for(sample, audience), nobody, "gender")
        assert not study.comparison.places
        assert "nothing to compare" in study.comparison.sentence(t)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_speaks_every_language(source: Source, lang: str) -> None:
    t = translator(lang)
    for against in available_presets(source, AlertFilter()):
        study = compare_study(source, AlertFilter(period="quarter"), against)
        assert t(PRESETS[against])
        assert study.comparison.sentence(t)
        assert all(place.sentence(t) for place in study.comparison.places)
        assert all(t(choice.explanation) for choice in study.choices)
