"""The faces of the filter: query string, sentence, chips; what is not known is dropped and said, or not offered."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from typing import Any

import h3.api.basic_int as h3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curim_data.engine import Source
from curim_data.filters import PERIODS, AlertFilter, choice_field, column_label
from curim_data.model import LANGUAGES, CityProfile, Gender, Kind, KnownTime, Message, Status, translator
from curim_data.model.absence import NO_DISTRICTS
from pages.parts.frame.filter_bar import field_absence
from tests.small import small_city

CITY = small_city()
T = translator("en")
QUERY_WORDS = [word for field in AlertFilter.fields() for word in field.words]
CELL = f"{h3.latlng_to_cell(37.945, 23.64, 9):x}"

# query string, filter, phrase of the sentence, labels of the chips
CASES: list[tuple[dict[str, str], dict[str, Any], str, list[str]]] = [
    ({"period": "28d"}, {"period": "28d"}, ", last 28 days", ["Last 28 days"]),
    (
        {"from": "2025-03-01", "to": "2025-06-30"},
        {"start": dt.date(2025, 3, 1), "end": dt.date(2025, 6, 30)},
        f", {T.date(dt.date(2025, 3, 1))} – {T.date(dt.date(2025, 6, 30))}",
        [f"{T.date(dt.date(2025, 3, 1))} – {T.date(dt.date(2025, 6, 30))}"],
    ),
    (
        {"from": "2025-03-01"},
        {"start": dt.date(2025, 3, 1)},
        f", since {T.date(dt.date(2025, 3, 1))}",
        [f"since {T.date(dt.date(2025, 3, 1))}"],
    ),
    ({"category": "noise"}, {"categories": ("noise",)}, "Alerts of noise", ["Noise"]),
    (
        {"category": "noise", "group": "harassment"},
        {"categories": ("noise",), "groups": ("harassment",)},
        "Alerts of harassment or noise",
        ["Harassment", "Noise"],
    ),
    ({"kind": "offence,risk"}, {"kinds": ("offence", "risk")}, "offence or danger", ["Offence", "Danger"]),
    ({"affected": "woman"}, {"affected": ("woman",)}, ", affecting women", ["Affected: Women"]),
    ({"reporter": "man"}, {"reporters": ("man",)}, ", reported by men", ["Reported by: Men"]),
    ({"light": "dark"}, {"dark": True}, ", after dark", ["After dark"]),
    ({"light": "day"}, {"dark": False}, ", in daylight", ["In daylight"]),
    ({"hours": "20-5"}, {"hours": (20, 5)}, ", between 20:00 and 06:00", ["20:00–06:00"]),
    ({"weekday": "mon,sun"}, {"weekdays": (0, 6)}, ", on Monday or Sunday", ["Monday", "Sunday"]),
    ({"district": "zone_2"}, {"districts": ("zone_2",)}, ", in Zone 2", ["Zone 2"]),
    ({"place": "quay"}, {"places": ("quay",)}, ", near Old Quay", ["Place: Old Quay"]),
    ({"cells": CELL}, {"cells": (CELL,)}, ", in 1 picked map cell", ["1 map cell"]),
    ({"status": "open"}, {"statuses": ("open",)}, ", with status open", ["Status: Open"]),
    ({"severity": "4,5"}, {"severities": (4, 5)}, "severity 4 or 5 (grave)", ["Severity: 4", "Severity: 5 (grave)"]),
]


@pytest.mark.parametrize(("query", "values", "phrase", "chips"), CASES, ids=lambda case: str(case)[:40])
def test_each_field_in_all_its_faces(
    query: dict[str, str], values: dict[str, Any], phrase: str, chips: list[str]
) -> None:
    f, said = AlertFilter.from_query(query, CITY)
    assert (f, said) == (AlertFilter(**values), ())
    assert f.to_query() == query
    assert phrase in f.sentence(T, CITY)
    labels = [label for label, _ in f.chips(T, CITY)]
    assert labels == chips
    for _, without in f.chips(T, CITY):
        assert without != f
    assert AlertFilter.field(next(iter(query))) in f.active()
    assert f.without(next(iter(values))).to_query() == {}


def test_every_attribute_and_word_belongs_to_one_field() -> None:
    names = [name for field in AlertFilter.fields() for name in field.names]
    words = [word for field in AlertFilter.fields() for word in field.words]
    assert sorted(names) == sorted(spec.name for spec in fields(AlertFilter))
    assert len(set(words)) == len(words)
    covered = {word for query, *_ in CASES for word in query}
    assert covered == set(words), "a row of CASES for each word of a filter field"


DROPPED = [
    {"period": "yesterday"}, {"from": "1 March"}, {"from": "2025-02-30"}, {"to": "20250301"}, {"category": "nothing"},
    {"group": "nothing"}, {"affected": "women"}, {"reporter": "♀"}, {"light": "dusk"}, {"hours": "20"},
    {"hours": "20-24"}, {"hours": "-1-5"}, {"hours": "²-5"}, {"weekday": "monday"}, {"district": "zone_9"},
    {"place": "quay'; drop table alerts"}, {"cells": "zz"}, {"cells": "8928308280fffff0"},
    {"cells": f"{h3.latlng_to_cell(37.945, 23.64, 3):x}"}, {"kind": "murder"}, {"status": "lost"}, {"severity": "6"},
]  # fmt: skip


@pytest.mark.parametrize("query", DROPPED, ids=str)
def test_what_is_not_known_is_dropped_and_said(query: dict[str, str]) -> None:
    f, said = AlertFilter.from_query(query, CITY)
    assert f == AlertFilter()
    assert len(said) == 1
    assert next(iter(query.values()))[:10] in T(said[0])


def test_dates_in_reverse_are_put_in_order_and_said() -> None:
    f, said = AlertFilter.from_query({"from": "2026-05-01", "to": "2026-04-01"}, CITY)
    assert (f.start, f.end) == (dt.date(2026, 4, 1), dt.date(2026, 5, 1))
    assert [T(one) for one in said] == ["The dates “from” 1 May 2026 and “to” 1 April 2026 are in reverse order."]


def test_good_values_stay_beside_bad_ones() -> None:
    f, said = AlertFilter.from_query({"affected": "woman,xx,man"}, CITY)
    assert f.affected == ("man", "woman")
    assert len(said) == 1


@st.composite
def filters(draw: st.DrawFn) -> AlertFilter:
    def some(values: Any) -> Any:
        return tuple(draw(st.lists(st.sampled_from(list(values)), max_size=3)))

    days = st.none() | st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1))
    points = draw(st.lists(st.tuples(st.floats(-80, 80), st.floats(-180, 180), st.integers(8, 12)), max_size=3))
    hour = st.integers(0, 23)
    return AlertFilter(
        period=draw(st.sampled_from(PERIODS)),
        start=draw(days),
        end=draw(days),
        categories=some(CITY.categories),
        groups=some(CITY.groups),
        districts=some(area.id for area in CITY.districts),
        places=some(mark.id for mark in CITY.landmarks),
        cells=tuple(f"{h3.latlng_to_cell(*point):x}" for point in points),
        affected=some(g.value for g in Gender),
        reporters=some(g.value for g in Gender),
        hours=draw(st.none() | st.tuples(hour, hour)),
        weekdays=some(range(7)),
        dark=draw(st.sampled_from([None, True, False])),
        kinds=some(k.value for k in Kind),
        statuses=some(s.value for s in Status),
        severities=some(range(1, 6)),
    )


@given(filters())
def test_the_query_string_reads_back_to_the_same_filter(f: AlertFilter) -> None:
    assert AlertFilter.from_query(f.to_query(), CITY) == (f, ())


@given(filters())
@settings(max_examples=50)
def test_chips_lead_back_to_the_usual_filter(f: AlertFilter) -> None:
    for _ in range(100):
        chips = f.chips(T, CITY)
        if not chips:
            break
        f = chips[0][1]
    assert f == AlertFilter()


@given(filters())
@settings(max_examples=50)
def test_a_sentence_in_every_language(f: AlertFilter) -> None:
    for lang in LANGUAGES:
        sentence = f.sentence(translator(lang), CITY, n=3, total=9)
        assert "{" not in sentence
        assert sentence.strip()


def test_the_whole_sentence() -> None:
    f = AlertFilter(groups=("harassment",), affected=("woman",), dark=True, districts=("zone_2",), period="all")
    dates = dt.date(2025, 3, 1), dt.date(2025, 6, 30)
    sentence = f.sentence(T, CITY, n=214, total=18432, dates=dates)
    first, last = map(T.date, dates)
    assert sentence == f"Alerts of harassment, affecting women, after dark, in Zone 2, {first} – {last}: 214 of 18,432"
    assert AlertFilter().sentence(T, CITY) == "All alerts, last 12 months"


@pytest.mark.parametrize(
    ("period", "start"),
    [
        ("28d", dt.date(2026, 10, 4)), ("quarter", dt.date(2026, 8, 1)), ("12m", dt.date(2025, 11, 1)),
        ("meeting", dt.date(2026, 10, 1)), ("all", dt.date(2022, 11, 1)),
    ],
)  # fmt: skip
def test_presets_resolve(period: str, start: dt.date) -> None:
    as_of, first, meeting = dt.date(2026, 10, 31), dt.date(2022, 11, 1), dt.date(2026, 10, 1)
    assert AlertFilter(period=period).resolve(as_of, first, meeting) == (start, as_of)


def test_presets_do_not_begin_before_the_data_and_open_ends_close() -> None:
    as_of, first = dt.date(2026, 10, 31), dt.date(2026, 10, 20)
    assert AlertFilter().resolve(as_of, first) == (first, as_of)
    assert AlertFilter(start=dt.date(2026, 10, 25)).resolve(as_of, first) == (dt.date(2026, 10, 25), as_of)
    assert AlertFilter(end=dt.date(2026, 10, 25)).resolve(as_of, first) == (first, dt.date(2026, 10, 25))
    assert AlertFilter(end=dt.date(2020, 1, 1)).resolve(as_of, first) == (dt.date(2020, 1, 1), dt.date(2020, 1, 1))


@given(st.dictionaries(st.sampled_from(QUERY_WORDS), st.text(max_size=30), max_size=6))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_a_query_string_fail(query: dict[str, str]) -> None:
    f, said = AlertFilter.from_query(query, CITY)
    assert f.sentence(T, CITY)
    assert all(T(message) for message in said)


@pytest.mark.parametrize(
    ("start", "end"), [("0001-01-01", ""), ("", "0001-01-01"), ("9999-12-31", ""), ("0001-01-01", "9999-12-31")]
)
def test_dates_far_away_leave_room_for_a_year_before_and_after(start: str, end: str) -> None:
    f, _ = AlertFilter.from_query({"from": start, "to": end}, CITY)
    first, last = f.resolve(dt.date(2025, 6, 3), dt.date(2024, 1, 1))
    assert first <= last
    year = dt.timedelta(weeks=52)
    assert (first - year).year > 1800
    assert (last + year).year < 2300
    assert f.sentence(T, CITY)


def test_the_help_of_the_filter_names_every_kind() -> None:
    for language in LANGUAGES:
        assert all(kind in translator(language)(AlertFilter.field("kind").words["kind"]) for kind in Kind)


def test_a_title_of_a_field_stands_before_the_heading_of_its_column(monkeypatch: pytest.MonkeyPatch) -> None:
    own = choice_field(name="kinds", word="kind", column="kind", known=lambda _: {}, own_title=Message("own_title"))
    assert [column_label(T, column) for column in ("kind", "group", "hour")] == ["Kind", "Group of categories", "Hour"]
    monkeypatch.setattr(AlertFilter, "field_of", lambda _: own)
    assert column_label(T, "kind") == "own_title"


def test_a_sentence_makes_no_other_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    f = AlertFilter(categories=("noise",), groups=("harassment",))
    monkeypatch.setattr(AlertFilter, "replace", lambda *_, **__: pytest.fail("a filter is made"))
    assert f.sentence(T, CITY).startswith("Alerts of harassment or noise")


def absent(source: Source) -> set[str]:
    fields = [field for field in AlertFilter.fields() if field.widget is not None]
    return {name for field in fields if field_absence(field, source) is not None for name in field.names}


def test_time_is_offered_as_finely_as_it_is_known(source: Source) -> None:
    assert absent(replace(source, known_time=KnownTime.DAY)) == {"dark", "hours"}
    assert absent(replace(source, known_time=KnownTime.MONTH)) == {"dark", "hours", "weekdays"}


def test_districts_are_offered_where_some_are_loaded(source: Source, city: CityProfile) -> None:
    bare = replace(source, city=replace(city, districts=()))
    assert absent(bare) == {"districts"}
    assert field_absence(AlertFilter.field("districts"), bare) == NO_DISTRICTS
