"""Text columns against slow twins that look at every cell."""

import unicodedata

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from curim_data.importing.columns import (
    DateFormat,
    count_number_shapes,
    parse_dates,
    parse_numbers,
    trimmed,
    without_missing_words,
)
from curim_data.lexicon.words import fold

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


NUMBERS = [
    "37.95113",
    "23.6",
    "-0.5",
    "1234.567",
    "7",
    "",
    "+3.25",
    "-",
    ".",
    "5.",
    ".5",
    "1-5",
    "1.2.3",
    "1,5",
    "1.234",
]
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
