"""The quick ways over text columns against slow twins that look at every cell."""

import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from curim_data.importing.roles import without_missing_words
from curim_data.importing.signatures import KINDS
from curim_data.importing.value_parsing import (
    SHAPES,
    DateFormat,
    all_iso_with_offset,
    count_number_shapes,
    edges,
    first_bytes,
    made_of,
    parse_dates,
    parse_numbers,
    trimmed,
    written_alike,
)
from curim_data.lexicon.folding import fold

WORDS = frozenset({"null", "not_recorded", "n/a", "99", "αγνωστο", "0"})
NOTHING = ["NULL", "Not recorded", "N/A", "99", "0", "-", "--", "Άγνωστο"]
OTHERS = ["not-recorded", "990", "1", "00", "-1", "9é", "é", "2025-03-01T10:00:00Z"]
BLANKS = [" null", "\u00a0x", "x\u2003", "\x1fy", "z\n"]
CELLS = st.one_of(
    st.sampled_from(["", "x", *NOTHING, *OTHERS, *BLANKS]),
    st.text(max_size=4),
)


def _column(cells: list[str]) -> pa.LargeStringArray:
    return pa.array(["before", *cells], pa.large_string()).slice(1)


@given(st.lists(CELLS, max_size=8))
def test_edges_and_blanks_are_those_of_each_text(cells):
    column = _column(cells)
    ends = [(text.encode()[:1] or b"\0", text.encode()[-1:] or b"\0") for text in cells]
    assert edges(column).T.tolist() == [[one[0], other[0]] for one, other in ends]
    assert first_bytes(column).tolist() == [one[0] for one, _ in ends]
    assert trimmed(column).to_pylist() == pc.utf8_trim_whitespace(column).to_pylist()


@given(st.lists(CELLS, max_size=8))
def test_words_for_nothing_are_emptied_wherever_they_stand(cells):
    spellings = {*WORDS, *(word.replace("_", " ") for word in WORDS), "-", "--", "---"}
    told = [text.strip() for text in trimmed(_column(cells)).to_pylist()]
    nothing = [text.lower() in spellings if text.isascii() else fold(text) in WORDS for text in told]
    slow = ["" if none else text for none, text in zip(nothing, told, strict=True)]
    assert without_missing_words(pa.array(told, pa.large_string()), WORDS).to_pylist() == slow


ALIKE = ["a1", "a2", "a9", "b1", "1a", "a/", "a:", "aé", "ab", "12", "1", "", "09", "a11"]


@given(st.lists(st.one_of(st.sampled_from(ALIKE), CELLS), max_size=4), st.booleans())
def test_texts_are_written_alike_where_they_differ_in_digits_alone(cells, first):
    cells = cells[:1] * 3 if first else cells
    written = {bytes(48 if 48 <= one <= 57 else one for one in text.encode()) for text in cells}
    assert written_alike(_column(cells)) == (len(written) == 1 and written != {b""})


def test_texts_that_are_written_alike_have_one_shape_of_all_that_are_told_apart():
    for cells in (["12", "00"], ["+1,5", "+0,0"], ["2025-01-31T1", "0000-99-99T0"], ["1/2/20", "9/9/99"], ["a1", "a2"]):
        assert written_alike(_column(cells))
        for pattern in KINDS.values():
            assert len(set(pc.match_substring_regex(_column(cells), pattern).to_pylist())) == 1


@given(st.lists(CELLS, max_size=4), st.binary(min_size=1, max_size=9))
def test_texts_are_made_of_bytes(cells, allowed):
    marks = np.isin(np.arange(256), list(allowed))
    assert made_of(_column(cells), marks) == (set("".join(cells).encode()) <= set(allowed))


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
        alone = parse_numbers(_column([text, "1,5"]))  # the second keeps it slow
        assert (np.isnan(value) and np.isnan(alone.values[0])) or value == alone.values[0]
        assert bad == alone.bad[0]
    assert together.given.tolist() == [bool(text) for text in cells]
    counted = count_number_shapes(_column(cells))
    alone = [count_number_shapes(_column([text, "1,5"])) for text in cells]
    for shape in SHAPES:
        assert getattr(counted, shape) == sum(getattr(one, shape) - (shape == "comma") for one in alone)


PLAIN = ["2025-01-31T10:00:05Z", "2025-06-30 23:59+02:00", "", "2024-02-29T00:00-05:00"]
ODD = [
    "2025-01-31+02:00",
    "2025-01-31",
    "2025-02-30T10:00Z",
    "2025-01-31T10:00",
    "31/01/2025 10:00",
    "2025-1-3T10:00Z",
]


@given(st.lists(st.sampled_from(PLAIN), max_size=5), st.lists(st.sampled_from(ODD), max_size=1))
def test_a_column_of_plain_moments_reads_as_each_of_them_does(plain, odd):
    cells = [*plain, *odd]
    date_format = DateFormat("Europe/Athens", "day-first")
    together = parse_dates(_column(cells), date_format)
    alone = [parse_dates(_column([cell, "31/01/2025"]), date_format) for cell in cells]  # the second keeps it slow
    assert [str(at) for at in together.timestamps] == [str(one.timestamps[0]) for one in alone]
    for mask in ("given", "bad", "day_only", "month_only"):
        assert getattr(together, mask).tolist() == [bool(getattr(one, mask)[0]) for one in alone]
    filled = [cell for cell in cells if cell]
    if filled:
        assert all_iso_with_offset(_column(filled)) == all(cell in (*PLAIN, ODD[2]) for cell in filled)


def test_moments_of_three_centuries_are_read():
    cells = ["1899-12-31T23:59:59Z", "1900-01-01T00:00:00Z", "2200-12-31T23:59:59Z", "2201-01-01T00:00:00Z"]
    assert parse_dates(_column(cells), DateFormat("UTC")).bad.tolist() == [True, False, False, True]


@given(st.one_of(CELLS, st.text(), st.text(st.sampled_from("aÄß_- İςΣé\u0301\u1e9eﬁ\x1f\u00a0"))))
def test_folded_words_are_those_of_each_character(text):
    plain = unicodedata.normalize("NFKD", text.strip().casefold())
    kept = "".join(one for one in plain if not unicodedata.combining(one))
    assert fold(text) == "_".join(kept.replace("_", " ").replace("-", " ").replace("ς", "σ").split())
