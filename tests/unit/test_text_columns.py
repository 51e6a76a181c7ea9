"""The quick ways over text columns against slow twins that look at every cell."""

import unicodedata

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from curim_data.importing._text_columns import edges, trimmed
from curim_data.importing.date_parsing import DateFormat, all_iso_with_offset, parse_dates
from curim_data.importing.roles import without_missing_words
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
    assert trimmed(column).to_pylist() == pc.utf8_trim_whitespace(column).to_pylist()


@given(st.lists(CELLS, max_size=8))
def test_words_for_nothing_are_emptied_wherever_they_stand(cells):
    spellings = {*WORDS, *(word.replace("_", " ") for word in WORDS), "-", "--", "---"}
    told = [text.strip() for text in trimmed(_column(cells)).to_pylist()]
    nothing = [text.lower() in spellings if text.isascii() else fold(text) in WORDS for text in told]
    slow = ["" if none else text for none, text in zip(nothing, told, strict=True)]
    assert without_missing_words(pa.array(told, pa.large_string()), WORDS).to_pylist() == slow


PLAIN = ["2025-01-31T10:00:05Z", "2025-06-30 23:59+02:00", "", "2024-02-29T00:00-05:00"]
ODD = ["2025-01-31+02:00", "2025-01-31", "2025-02-30T10:00Z", "2025-01-31T10:00", "31/01/2025 10:00", "2025-1-3T10:00Z"]


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


@given(st.one_of(CELLS, st.text(), st.text(st.sampled_from("aÄß_- İςΣé\u0301\u1e9eﬁ\x1f\u00a0"))))
def test_folded_words_are_those_of_each_character(text):
    plain = unicodedata.normalize("NFKD", text.strip().casefold())
    kept = "".join(one for one in plain if not unicodedata.combining(one))
    assert fold(text) == "_".join(kept.replace("_", " ").replace("-", " ").replace("ς", "σ").split())
