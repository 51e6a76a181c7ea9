from __future__ import annotations

import pytest

from curim_data.formats.base import Layout, Part
from curim_data.importing.columns import UNIT, RoleColumns, clock_time
from tests.blocks import block_of


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
