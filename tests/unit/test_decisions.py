"""How the columns of a file are read, and what is decided over all of it: by hand, and against slow twins."""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from curim_data.formats.base import Layout, Part
from curim_data.formats.columns import (
    DateFormat,
    RoleColumns,
    clock_time,
    count_number_shapes,
    local_timestamps,
    parse_dates,
    parse_numbers,
    trimmed,
    without_missing_words,
)
from curim_data.importing.decisions import Decisions, decide, latest_plausible
from curim_data.importing.pipeline import preview
from curim_data.importing.profiling import SAMPLE_ROWS, FileProfile
from curim_data.lexicon.words import fold
from curim_data.model import Answers, CityProfile, ImportProblem, Question
from tests.blocks import block_of

NOW = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)


def decided(
    columns: dict[str, list[str]],
    city: CityProfile | None = None,
    answers: Answers | None = None,
    *,
    cuts: tuple[int, ...] = (),
    backwards: bool = False,
    utc: bool = False,
) -> Decisions:
    """Decide over a file whose headings are roles, in blocks cut where told."""
    layout = Layout("test", {role: (Part(at),) for at, role in enumerate(columns)}, utc=utc)
    size = len(next(iter(columns.values())))
    ends = [0, *sorted(cuts), size]
    blocks = [
        block_of({role: values[start:end] for role, values in columns.items()}, start + 1)
        for start, end in pairwise(ends)
    ]
    profile = FileProfile(layout, tuple(columns))
    for block in reversed(blocks) if backwards else blocks:
        profile.add(block)
    return decide(profile, layout, city, answers or Answers(), "file.csv", NOW)


def moments(texts: list[str], **date_format: str) -> list[str]:
    read = parse_dates(pa.array(texts, pa.large_string()), DateFormat("Europe/Athens", **date_format))
    return ["" if at is None or at != at else at.strftime("%Y-%m-%dT%H:%M:%S") for at in read.timestamps]


def place(city: CityProfile, lon: float, lat: float, epsg: int) -> CityProfile:
    box = shapely.box(lon - 0.1, lat - 0.1, lon + 0.1, lat + 0.1)
    return replace(city, land=box, epsg=epsg, districts=(), landmarks=())


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("02/07/2020 12:19:00 PM", "2020-07-02T09:19:00"), ("02/07/2020 - 12:05AM", "2020-07-01T21:05:00"),
        ("2 / 7 / 2020", "2020-07-01T21:00:00"), ("02.07.2020 22:15", "2020-07-02T19:15:00"),
        ("02-07-20", "2020-07-01T21:00:00"), ("02-07-99", "1999-07-01T21:00:00"), ("20200702", "2020-07-01T21:00:00"),
        ("2020/07/02 08:15", "2020-07-02T05:15:00"), ("2 Jul 2020", "2020-07-01T21:00:00"),
        ("July 2, 2020 8:15 pm", "2020-07-02T17:15:00"), ("2 Ιουλίου 2020", "2020-07-01T21:00:00"),
        ("2 de julio de 2020", "2020-07-01T21:00:00"), ("1er juillet 2020", "2020-06-30T21:00:00"),
        ("2. Juli 2020", "2020-07-01T21:00:00"), ("2 luglio 2020", "2020-07-01T21:00:00"),
        ("2 de julho de 2020", "2020-07-01T21:00:00"), ("2020-07", "2020-06-30T21:00:00"),
        ("07/2020", "2020-06-30T21:00:00"), ("2020-07-02T24:00", "2020-07-02T21:00:00"),
        ("2020-07-02T08:15Z", "2020-07-02T08:15:00"), ("2020-07-02 08:15:30+0100", "2020-07-02T07:15:30"),
        ("2020-02-30", ""), ("31/04/2020", ""), ("02/07/2020 25:00", ""), ("02/07/2020 13:00 PM", ""),
        ("2 Foo 2020", ""), ("yesterday", ""), ("02/07/2020 8:15 μ.μ.", "2020-07-02T17:15:00"),
    ],
)  # fmt: skip
def test_a_date_is_read_as_exports_write_it(text: str, utc: str) -> None:
    assert moments([text], order="day-first") == [utc]


def test_the_order_says_which_number_is_the_day_in_three_centuries_and_on_a_clock() -> None:
    text = "02/07/2020 12:00"
    assert moments([text], order="day-first") == ["2020-07-02T09:00:00"]
    assert moments([text], order="month-first") == ["2020-02-07T10:00:00"]
    assert moments(["13/02/2020", "02/13/2020"], order="month-first") == ["", "2020-02-12T22:00:00"]
    cells = ["1899-12-31T23:59:59Z", "1900-01-01T00:00:00Z", "2200-12-31T23:59:59Z", "2201-01-01T00:00:00Z"]
    assert parse_dates(_column(cells), DateFormat("UTC")).bad.tolist() == [True, False, False, True]
    for hour in range(25):
        for half in ("AM", "PM"):
            text = f"02/07/2020 {hour:02d}:30 {half}"
            try:
                clock = dt.datetime.strptime(text, "%d/%m/%Y %I:%M %p")
            except ValueError:
                assert moments([text], order="day-first") == [""], text
            else:
                assert moments([text], order="day-first") == [(clock - dt.timedelta(hours=3)).isoformat()], text


def test_a_telling_date_decides_and_no_reading_that_leads_into_the_future() -> None:
    dates = {"reported_at": ["01/02/2024", "03/04/2024"], "occurred_from": ["01/02/2024", "13/02/2024"]}
    assert decided(dates).dates.order == "day-first"
    assert decided({"reported_at": ["01/02/24", "02/13/24"]}).dates.order == "month-first"
    both = ["01/09/2024", "09/01/2024", "02/03/2024", "03/02/2024"] * 5
    with pytest.raises(Question):
        decided({"reported_at": both})
    with pytest.raises(Question):
        decided({"reported_at": ["01/09/2024", "09/01/2024", "01/08/2024"] * 3})
    made = decided({"reported_at": ["05/01/2024", "03/02/2024", "01/03/2024"] + ["01/09/2024", "02/08/2024"] * 5})
    assert made.dates.order == "month-first"
    assert "future" in made.reasons[0].text


def rising(count: int = 24) -> list[str]:
    """Dates that rise where the month comes first, and do not where the day does."""
    return [f"{1 + at // 12:02d}/{1 + at % 12:02d}/2023" for at in range(count)]


@pytest.mark.parametrize("backwards", [False, True])
def test_the_order_of_the_rows_decides_where_no_date_tells(backwards: bool) -> None:
    made = decided({"reported_at": rising()}, cuts=(5, 17), backwards=backwards)
    assert made.dates.order == "month-first"
    assert "order of the rows" in made.reasons[0].text
    with pytest.raises(Question):
        decided({"reported_at": rising(19)})


def test_columns_of_numbers_are_dates_first_days_are_months_and_midnights_days() -> None:
    assert decided({"reported_at": ["43831", "43832.5"]}).dates.forms == {"reported_at": "serial"}
    assert decided({"reported_at": ["1577880000"]}).dates.forms == {"reported_at": "seconds"}
    assert decided({"reported_at": ["1577880000000"]}).dates.forms == {"reported_at": "milliseconds"}
    assert decided({"reported_at": ["43831", "2024-01-01"]}).dates.forms == {}
    firsts = ["2024-01-01"] * 30 + ["2024-02-01"] * 10 + ["2024-03-01"] * 10
    assert decided({"occurred_from": firsts}).dates.forms == {"occurred_from": "months"}
    assert decided({"occurred_from": firsts[:49]}).dates.forms == {}
    assert decided({"occurred_from": [*firsts, "2024-03-02"]}).dates.forms == {}
    midnights = ["2024-01-05T00:00:00Z", "2024-01-06T00:00:00Z"] * 10
    assert decided({"occurred_from": midnights}).dates.forms == {"occurred_from": "dates"}
    assert decided({"occurred_from": [*midnights, "2024-01-06T00:01:00Z"]}).dates.forms == {}
    assert moments(["2024-01-05T00:00:00Z"], form="dates") == ["2024-01-04T22:00:00"]


@pytest.mark.parametrize(
    ("form", "number", "utc"),
    [
        ("serial", "43831", "2019-12-31T22:00:00"),
        ("serial", "45291.2500001", "2023-12-31T04:00:00"),  # a quarter of a day, to the second
        ("serial", "45474.75", "2024-07-01T15:00:00"),
        ("seconds", "1719856815", "2024-07-01T18:00:15"),
        ("seconds", "1719856815.25", "2024-07-01T18:00:15.250000"),
        ("milliseconds", "1719856815250", "2024-07-01T18:00:15.250000"),
        ("milliseconds", "86400000", "1970-01-02T00:00:00"),
    ],
)
def test_numbers_count_days_of_the_city_or_seconds_and_milliseconds_in_utc(form: str, number: str, utc: str) -> None:
    read = parse_dates(pa.array([number, "x", ""], pa.large_string()), DateFormat("Europe/Athens", form=form))
    assert read.timestamps[0] == pd.Timestamp(utc, tz="UTC")
    assert read.timestamps[1:].isna().all()
    assert (read.given.tolist(), read.bad.tolist()) == ([True, True, False], [False, True, False])
    assert read.day_only.tolist() == [form == "serial" and "." not in number, False, False]
    assert not read.month_only.any()


def test_dates_alone_are_days_of_the_city_and_bare_hours_are_hours(city: CityProfile) -> None:
    made = decided({"reported_at": ["2024-01-05", "2024-01-05 10:00"]}, city, utc=True)
    texts = pa.array(["2024-01-05", "2024-01-05 10:00"], pa.large_string())
    read = parse_dates(texts, made.date_format("reported_at", "Europe/Athens"))
    assert [at.hour for at in read.timestamps] == [22, 10]
    layout = Layout("test", {"occurred_from": (Part(0, "date"), Part(1, "time"))})
    for times, hours in ((["5", "17"], frozenset({"occurred_from"})), (["5", "1730"], frozenset())):
        profile = FileProfile(layout, ("date", "time"))
        profile.add(block_of({"date": ["2024-01-01"] * 2, "time": times}))
        assert decide(profile, layout, None, Answers(), "f", NOW).dates.hours == hours


MADRID = {"x": ["444.591.127", "438.315.991"], "y": ["4.479.784.701", "4.478.761.412"]}


def test_projections_are_found_near_the_city_whatever_the_marks(city: CityProfile) -> None:
    x, y = Transformer.from_crs(4326, 2263, always_xy=True).transform([-73.95, -73.94, -73.8], [40.7, 40.71, 40.72])
    york = place(city, -73.95, 40.7, 32618)
    commas = {"x": [f"{value:,.0f}" for value in x], "y": [f"{value:,.0f}" for value in y]}
    assert decided(commas, york).coordinates.crs == 2263
    turned = {"x": [f"{value:.1f}" for value in y], "y": [f"{value:.1f}" for value in x]}
    assert (decided(turned, york).coordinates.crs, decided(turned, york).coordinates.swapped) == (2263, True)
    madrid = place(city, -3.7, 40.42, 25830)
    made = decided(MADRID, madrid)
    assert set(made.coordinates.forms.values()) == {"lost"}
    assert made.coordinates.crs == 25830
    assert len(made.reasons) == 2


def test_the_greek_grid_is_the_citys_own_and_another_one_is_found_beside_it(city: CityProfile) -> None:
    for epsg in (2100, 32634, 3857):
        x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform([23.64, 23.65], [37.94, 37.95])
        columns = {"x": [f"{value:.2f}" for value in x], "y": [f"{value:.2f}".replace(".", ",") for value in y]}
        if epsg != 2100:
            columns["y"] = [f"{value:.2f}" for value in y]
            assert decided(columns, city).coordinates.crs == epsg
    x, y = Transformer.from_crs(4326, 2100, always_xy=True).transform([23.64, 23.65], [37.94, 37.95])
    columns = {"latitude": [f"{value:.2f}" for value in y], "longitude": [f"{value:.2f}" for value in x]}
    assert decided(columns, city).coordinates.crs == 2100


def test_projected_points_are_asked_about_where_nothing_tells(city: CityProfile) -> None:
    columns = {"x": ["100000.55"], "y": ["200000.55"]}
    for known in (city, None):
        with pytest.raises(Question) as asked:
            decided(columns, known)
        assert asked.value.about == "crs"
        assert len(asked.value.choices) <= 8
    assert decided(columns, None, Answers(crs=2100)).coordinates.crs == 2100
    for wrong in (4326, 999999):
        with pytest.raises(ImportProblem, match="EPSG"):
            decided(columns, None, Answers(crs=wrong))


def test_marks_that_can_be_read_both_ways_are_asked_about() -> None:
    columns = {"x": ["461.234", "461.567"], "y": ["198.123", "198.456"]}
    with pytest.raises(Question) as asked:
        decided(columns)
    assert asked.value.about == "decimal"
    made = decided(columns, None, Answers(decimal="comma", crs=2100))
    assert set(made.coordinates.forms.values()) == {"comma"}


def test_the_order_in_a_point_comes_from_its_values_or_a_person(city: CityProfile) -> None:
    assert decided({"point": ["(40.7, -173.9)"]}).coordinates.order == "lat-lon"
    assert decided({"point": ["-173.9 40.7"]}).coordinates.order == "lon-lat"
    assert decided({"point": ["23.647,37.943"]}, city).coordinates.order == "lon-lat"
    assert decided({"point": ["37.943,23.647"]}, city).coordinates.order == "lat-lon"
    assert decided({"point": ["POINT (23.6 37.9)", "[23.6, 37.9]"]}).coordinates.order is None
    with pytest.raises(Question) as asked:
        decided({"point": ["40.7,-73.9"]})
    assert asked.value.about == "order"


def test_answers_that_cannot_be_are_refused() -> None:
    for answer in ({"dates": "x"}, {"order": "x"}, {"gone": "x"}, {"gender": "x"}, {"timezone": "Mars/Olympus"}):
        with pytest.raises(ImportProblem, match="is not known"):
            preview(b"date,lat,lon\n2024-01-01,1,2\n", "f.csv", None, answers=Answers(**answer))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 59), max_size=4), st.booleans())
def test_decisions_do_not_depend_on_the_blocks(cuts: list[int], backwards: bool) -> None:
    columns = {
        "reported_at": [f"{1 + at // 12:02d}/{1 + at % 12:02d}/2023" for at in range(60)],
        "resolved_at": ["2024-01-01T00:00:00"] * 60,
        "latitude": ["151.20"] * 40 + ["-33,8"] * 20,
        "longitude": ["-33.80"] * 40 + ["151.2"] * 20,
        "affected_gender": ["H", "F"] * 30,
    }
    whole = decided(columns)
    assert decided(columns, cuts=tuple(cuts), backwards=backwards) == whole


def test_the_sample_is_bounded_and_the_same_whatever_the_blocks() -> None:
    layout = Layout("test", {"alert_id": (Part(0),)})
    ids = [str(at) for at in range(3 * SAMPLE_ROWS)]
    samples = []
    for size in (len(ids), 7_001):
        profile = FileProfile(layout, ("id",))
        starts = list(range(0, len(ids), size))
        for start in starts[::-1]:
            profile.add(block_of({"id": ids[start : start + size]}, start + 1))
        table, rows = profile.sample
        assert table.column(0).to_pylist() == [str(row - 1) for row in rows]
        samples.append(rows)
    assert len(samples[0]) == SAMPLE_ROWS
    assert np.array_equal(samples[0], samples[1])


WORDS = frozenset({"null", "not_recorded", "n/a", "99", "αγνωστο", "0"})
NOTHING = ["NULL", "Not recorded", "N/A", "99", "0", "-", "--", "Άγνωστο"]
OTHERS = ["not-recorded", "990", "1", "00", "-1", "9é", "é", "2025-03-01T10:00:00Z"]
BLANKS = [" null", "\u00a0x", "x\u2003", "\x1fy", "z\n"]
CELLS = st.one_of(st.sampled_from(["", "x", *NOTHING, *OTHERS, *BLANKS]), st.text(max_size=4))


def _column(cells: list[str]) -> pa.LargeStringArray:
    return pa.array(["before", *cells], pa.large_string()).slice(1)


@pytest.mark.slow
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


@given(st.one_of(CELLS, st.text(), st.text(st.sampled_from("aÄßŁ_- İςΣé\u0301\u1e9eﬁ\x1f\u00a0"))))
def test_folded_words_are_those_of_each_character(text):
    plain = unicodedata.normalize("NFKD", text.strip().casefold())
    kept = "".join({"ł": "l", "ø": "o", "đ": "d"}.get(one, one) for one in plain if not unicodedata.combining(one))
    assert fold(text) == "_".join(kept.replace("_", " ").replace("-", " ").replace("ς", "σ").split())


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


WORDS_FOR_NOTHING = ["NULL", "None", "N/A", "nan", "Άγνωστο", "-", " 37.9 ", "0", "desconocido"]
DATE_AND_TIME = {
    "date": ["01/08/2020 12:00:00 AM", "2020-01-08T00:00:00", "2020-01-08", "01/02/2014 - 04:54AM"],
    "time": ["2230", "8:15", "unknown", ""],
}
PIECES = {
    "year": ["2020", "2020.0", "2020", "", "2020", "2020"],
    "month": ["1", "11.0", "7", "3", "March", ""],
    "day": ["2", "30", "", "4", "5", ""],
    "hour": ["0", "23", "", "1", "", ""],
    "minute": ["7", "", "", "", "", ""],
}


@pytest.mark.parametrize(
    ("role", "parts", "columns", "read"),
    [
        (
            "occurred_from", "date time", DATE_AND_TIME,
            ["01/08/2020 22:30:00", "2020-01-08 08:15:00", "2020-01-08", "01/02/2014 - 04:54AM"],
        ),
        (
            "occurred_from", "year month day hour minute", PIECES,
            ["2020-01-02 00:07:00", "2020-11-30 23:00:00", "2020-07", "", "5 March 2020", "2020"],
        ),
        ("alert_id", "value", {"a": ["Α-1", "A-2", "άγνωστο"]}, ["Α-1", "A-2", ""]),
        ("affected_gender", "value", {"a": WORDS_FOR_NOTHING[:2]}, ["NULL", "None"]),
        *(
            (role, "value", {"a": WORDS_FOR_NOTHING}, ["", "", "", "", "", "", "37.9", "0", ""])
            for role in ("latitude", "alert_id", "severity", "resolved_at")
        ),
    ],
)  # fmt: skip
def test_the_columns_of_a_role_make_one(role: str, parts: str, columns: dict[str, list[str]], read: list[str]) -> None:
    """A time beside a date, pieces of a date, words for nothing."""
    layout = Layout("test", {role: tuple(Part(at, name) for at, name in enumerate(parts.split()))})
    assert RoleColumns(block_of(columns).table, layout, tuple(columns))[role].to_pylist() == read


def test_dates_are_plausible_until_tomorrow_or_to_the_end_of_the_files_own_year() -> None:
    now = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    few = pd.Series(pd.date_range("2027-05-01", periods=99, tz="UTC"))
    assert latest_plausible(few, now) == pd.Timestamp("2026-03-02 12:00", tz="UTC")
    many = pd.Series(pd.date_range("2027-05-01", periods=100, tz="UTC"))  # the clock is behind, and not the file ahead
    assert latest_plausible(many, now) == pd.Timestamp("2028-01-01", tz="UTC")


def test_parts_that_are_no_date_give_none() -> None:
    dates = np.array([(2025, 2, 28), (2025, 2, 30), (2025, 0, 5), (2025, 13, 5), (2025, 5, 32), (1800, 5, 5)])
    parts = dict(zip(("year", "month", "day"), dates.T, strict=True))
    found = local_timestamps(parts | dict.fromkeys(("hour", "minute", "second"), np.full(6, -1)))
    assert np.isnat(found).tolist() == [False, *[True] * 5]
