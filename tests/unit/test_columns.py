"""Text columns and roles: by hand, and against slow twins that look at every cell."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curim_data.formats.base import Layout, Part
from curim_data.importing.columns import (
    UNIT,
    DateFormat,
    RoleColumns,
    clock_time,
    count_number_shapes,
    parse_dates,
    parse_numbers,
    trimmed,
    without_missing_words,
)
from curim_data.lexicon.words import fold
from tests.blocks import block_of

WORDS = frozenset({"null", "not_recorded", "n/a", "99", "αγνωστο", "0"})
NOTHING = ["NULL", "Not recorded", "N/A", "99", "0", "-", "--", "Άγνωστο"]
OTHERS = ["not-recorded", "990", "1", "00", "-1", "9é", "é", "2025-03-01T10:00:00Z"]
BLANKS = [" null", "\u00a0x", "x\u2003", "\x1fy", "z\n"]
CELLS = st.one_of(st.sampled_from(["", "x", *NOTHING, *OTHERS, *BLANKS]), st.text(max_size=4))


def _column(cells: list[str]) -> pa.LargeStringArray:
    return pa.array(["before", *cells], pa.large_string()).slice(1)


@given(st.lists(CELLS, max_size=8))
def test_words_for_nothing_are_emptied_wherever_they_stand(cells):
    spellings = {*WORDS, *(word.replace("_", " ") for word in WORDS), "-", "--", "---"}
    told = [text.strip() for text in trimmed(_column(cells)).to_pylist()]
    nothing = [text.lower() in spellings if text.isascii() else fold(text) in WORDS for text in told]
    slow = ["" if none else text for none, text in zip(nothing, told, strict=True)]
    assert without_missing_words(pa.array(told, pa.large_string()), WORDS).to_pylist() == slow


NUMBERS = ["", "37.95113", "23.6", "-0.5", "1234.567", "7", "+3.25", "-", ".", "5.", ".5", "1-5", "1.2.3", 
           "1,5", "1.234"]  # fmt: skip
NOISY = ["3 7", "−1.5", "1.234,5", "1.5°"]


@given(st.lists(st.sampled_from([*NUMBERS, *NOISY]), max_size=4))
def test_numbers_are_read_and_counted_as_each_of_them_is(cells):
    together = parse_numbers(_column(cells))
    for text, value, bad in zip(cells, together.values.tolist(), together.bad.tolist(), strict=True):
        alone = parse_numbers(_column([text, "1,5"]))
        assert (np.isnan(value) and np.isnan(alone.values[0])) or value == alone.values[0]
        assert bad == alone.bad[0]
    assert together.given.tolist() == [bool(text) for text in cells]
    counted = count_number_shapes(_column(cells))
    alone = [count_number_shapes(_column([text, "1,5"])) for text in cells]
    for shape in {"comma"}.union(counted, *alone) if cells else ():
        assert counted[shape] == sum(one[shape] - (shape == "comma") for one in alone)


PLAIN = ["2025-01-31T10:00:05Z", "2025-06-30 23:59+02:00", "", "2024-02-29T00:00-05:00"]
ODD = ["2025-01-31+02:00", "2025-01-31", "2025-02-30T10:00Z", "2025-01-31T10:00", "31/01/2025 10:00", "2025-1-3T10:00Z"]


@given(st.lists(st.sampled_from(PLAIN), max_size=5), st.lists(st.sampled_from(ODD), max_size=1))
def test_a_column_of_plain_moments_reads_as_each_of_them_does(plain, odd):
    cells = [*plain, *odd]
    date_format = DateFormat("Europe/Athens", "day-first")
    together = parse_dates(_column(cells), date_format)
    alone = [parse_dates(_column([cell, "31/01/2025"]), date_format) for cell in cells]
    assert [str(at) for at in together.timestamps] == [str(one.timestamps[0]) for one in alone]
    for mask in ("given", "bad", "day_only", "month_only"):
        assert getattr(together, mask).tolist() == [bool(getattr(one, mask)[0]) for one in alone]


def test_moments_of_three_centuries_are_read():
    cells = ["1899-12-31T23:59:59Z", "1900-01-01T00:00:00Z", "2200-12-31T23:59:59Z", "2201-01-01T00:00:00Z"]
    assert parse_dates(_column(cells), DateFormat("UTC")).bad.tolist() == [True, False, False, True]


@given(st.one_of(CELLS, st.text(), st.text(st.sampled_from("aÄß_- İςΣé\u0301\u1e9eﬁ\x1f\u00a0"))))
def test_folded_words_are_those_of_each_character(text):
    plain = unicodedata.normalize("NFKD", text.strip().casefold())
    kept = "".join(one for one in plain if not unicodedata.combining(one))
    assert fold(text) == "_".join(kept.replace("_", " ").replace("-", " ").replace("ς", "σ").split())


def column(role: str, parts: tuple[Part, ...], columns: dict[str, list[str]], **more: object) -> list[str]:
    block = block_of(columns)
    made = RoleColumns(block.table, Layout("test", {role: parts}), tuple(columns), **more)  # type: ignore[arg-type]
    return list(made[role].to_pylist())


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("08:15", "08:15:00"), ("8:15:07", "08:15:07"), ("815", "08:15:00"), ("0815", "08:15:00"), ("5", "00:05:00"),
        ("2230", "22:30:00"), ("2230.0", "22:30:00"), ("20.15", "20:15:00"), ("8:15 PM", "20:15:00"), ("", ""),
        ("12:05 am", "00:05:00"), ("12:05 p.m.", "12:05:00"), ("8:15 μ.μ.", "20:15:00"), ("8 pm", "20:00:00"),
        ("8h15", "08:15:00"), ("24:00", "24:00:00"), ("0.84375", "20:15:00"), ("1900-01-01 08:15:00", "08:15:00"),
        ("12:05 π.μ.", "00:05:00"), ("12:05 μμ", "12:05:00"), ("7 Μ.Μ.", "19:00:00"), ("8:15 p. m.", "20:15:00"),
        ("22h", "22:00:00"), ("22h15", "22:15:00"), ("7 Uhr", "07:00:00"), ("22.15.30", "22:15:30"),
        ("in the evening", "in the evening"),
    ],
)  # fmt: skip
def test_a_time_of_day_is_read_as_it_is_written(text: str, time: str) -> None:
    assert clock_time(text) == time


@pytest.mark.parametrize(("text", "time"), [("5", "05:00:00"), ("17", "17:00:00"), ("815", "08:15:00"), ("", "")])
def test_one_or_two_digits_are_hours_where_the_column_holds_hours(text: str, time: str) -> None:
    assert clock_time(text, hours=True) == time


def test_a_time_column_goes_before_the_midnight_of_the_date_column() -> None:
    parts = (Part(0, "date"), Part(1, "time"))
    columns = {
        "date": ["01/08/2020 12:00:00 AM", "2020-01-08T00:00:00", "2020-01-08", "01/02/2014 - 04:54AM"],
        "time": ["2230", "8:15", "unknown", ""],
    }
    assert column("occurred_from", parts, columns) == [
        "01/08/2020 22:30:00",
        "2020-01-08 08:15:00",
        "2020-01-08",
        "01/02/2014 - 04:54AM",
    ]


def test_year_month_and_day_make_a_date_and_a_missing_day_a_month() -> None:
    parts = tuple(Part(at, name) for at, name in enumerate(("year", "month", "day", "hour", "minute")))
    columns = {
        "year": ["2020", "2020.0", "2020", "", "2020", "2020"],
        "month": ["1", "11.0", "7", "3", "March", ""],
        "day": ["2", "30", "", "4", "5", ""],
        "hour": ["0", "23", "", "1", "", ""],
        "minute": ["7", "", "", "", "", ""],
    }
    assert column("occurred_from", parts, columns) == [
        "2020-01-02 00:07:00",
        "2020-11-30 23:00:00",
        "2020-07",
        "",
        "5 March 2020",
        "2020",
    ]


def test_the_first_filled_of_several_columns_counts() -> None:
    parts = (Part(0, "first"), Part(1, "first"))
    assert column("reported_at", parts, {"a": ["", "NULL", "2024-01-01"], "b": ["x", "y", "z"]}) == [
        "x",
        "y",
        "2024-01-01",
    ]


def test_columns_of_yes_and_no_give_their_headings() -> None:
    labels = ("Catcalls/Whistles", "Ogling, staring", "Other ")
    columns = dict(zip(labels, (["1", "0", "ναι", "no"], ["true", "", "no", "0"], ["x", "0", "Oui", "2"]), strict=True))
    parts = tuple(Part(at, "flag") for at in range(3))
    assert column("category", parts, columns) == [
        UNIT.join(["Catcalls/Whistles", "Ogling, staring", "Other"]),
        "",
        f"Catcalls/Whistles{UNIT}Other",
        "",
    ]


def test_words_for_nothing_are_nothing_where_a_number_or_a_date_should_stand() -> None:
    words = ["NULL", "None", "N/A", "nan", "Άγνωστο", "-", " 37.9 ", "0", "desconocido"]
    for role in ("latitude", "alert_id", "severity", "resolved_at"):
        assert column(role, (Part(0),), {"a": words}) == ["", "", "", "", "", "", "37.9", "0", ""]
    assert column("affected_gender", (Part(0),), {"a": words})[:2] == ["NULL", "None"]


def test_a_word_for_nothing_in_greek_leaves_the_other_cells_alone() -> None:
    assert column("alert_id", (Part(0),), {"a": ["Α-1", "A-2", "άγνωστο"]}) == ["Α-1", "A-2", ""]
