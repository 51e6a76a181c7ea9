from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from curim_data.parsing import date_order, parse_moments, parse_numbers
from curim_data.reading import Records, read_records
from curim_data.reasons import ImportProblem


def read(text: str | bytes) -> Records:
    return read_records(text if isinstance(text, bytes) else text.encode(), "file.csv")


def values(records: Records) -> list[list[str]]:
    return [list(row) for row in zip(*(column.to_pylist() for column in records.table.columns), strict=True)]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1253", "iso-8859-7"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_and_line_ends(delimiter: str, encoding: str, end: str) -> None:
    rows = [["α", "β"], ["Άνδρας", "Όχι, Άρης"], ["", "2"]]
    text = "".join(delimiter.join(f'"{v}"' if delimiter in v else v for v in row) + end for row in rows)
    records = read(text.encode(encoding))
    assert records.delimiter == delimiter
    assert records.encoding == encoding
    assert list(records.labels) == rows[0]
    assert values(records) == rows[1:]


def test_a_quoted_text_of_several_lines_is_one_row() -> None:
    records = read('a;b;c\n1;"one\n\ntwo; ""three""";x\n2;y;z\n')
    assert values(records) == [["1", 'one\n\ntwo; "three"', "x"], ["2", "y", "z"]]
    assert records.rows.tolist() == [1, 2]


def test_the_last_column_may_be_the_long_text() -> None:
    records = read('a;b\n1;"one\ntwo"\n2;"three\nfour"\n')
    assert values(records) == [["1", "one\ntwo"], ["2", "three\nfour"]]


@pytest.mark.parametrize("stray", ['5" pipe', '"open', 'close"', 'a "b" c"'])
def test_a_stray_quote_harms_its_own_row_only(stray: str) -> None:
    records = read(f"a;b;c\n1;x;y\n2;{stray};z\n3;x;y\n4;x;y\n")
    assert records.rows.tolist() == [1, 2, 3, 4]
    assert values(records)[1] == ["2", stray, "z"]


def test_each_row_is_accounted_for_by_its_number() -> None:
    records = read("a;b;c\n1;2;3\n\n;; \n1;2\n1;2;3;4\n1;2;3;;\n;;\nΣύνολο;7\nTotal: 3;;\n9;9;9")
    assert records.rows.tolist() == [1, 5, 9]
    assert records.trailing_cut.tolist() == [False, True, False]
    assert [(r.row, r.reason.value) for r in records.refused] == [
        (2, "empty_row"),
        (3, "too_few_fields"),
        (4, "too_many_fields"),
        (6, "empty_row"),
        (7, "totals_row"),
        (8, "totals_row"),
    ]
    assert records.read == 9


def test_a_row_in_another_encoding_is_repaired_alone() -> None:
    good = "α;β;γ\nένα;δύο;τρία\n".encode("utf-8-sig")
    records = read(good + "Άνδρας;δύο;τρία\n".encode("cp1253") + b"\xd2;2;3\n" + "α;β\n".encode("cp1253"))
    assert values(records) == [["ένα", "δύο", "τρία"], ["Άνδρας", "δύο", "τρία"]]
    assert records.encoding_repaired.tolist() == [False, True]
    assert [(r.row, r.reason.value) for r in records.refused] == [(3, "bad_encoding"), (4, "too_few_fields")]
    assert records.refused[1].fields == ("α", "β")


@pytest.mark.parametrize("before", ["\n", "\n \n\t\n", "sep=;\n\n", "\n\nsep=;\n"])
def test_empty_lines_before_the_header_are_passed_over(before: str) -> None:
    for mark in ("", "\ufeff"):
        records = read(mark + before + "a;b\n1;2\n")
        assert records.labels == ("a", "b")
        assert values(records) == [["1", "2"]]
        assert records.rows.tolist() == [1]


def test_a_file_of_refused_rows_only() -> None:
    records = read("a;b;c\n;;\n1;2\n")
    assert records.table.num_rows == 0
    assert records.read == 2


def test_an_endless_line_is_refused_wherever_it_stands() -> None:
    for data in (b"x" * 3_000_000, b"a;b\n1;2\n" + b"y" * 3_000_000, b"a;b\n1;" + b"y" * 1_500_000 + b"\n3;4\n"):
        with pytest.raises(ImportProblem, match="single line"):
            read(data)


def test_long_fields_within_the_limit_are_read() -> None:
    long = "x" * 300_000
    assert values(read(f'a;b\n1;{long}\n2;"{long}\n{long}"\n'))[0] == ["1", long]


def column(*texts: str) -> pa.Array:
    return pa.array(texts, pa.large_string())


def test_dates_in_many_spellings() -> None:
    texts = column(
        "2025-03-01T22:15+02:00", "2025-03-01 20:15Z", "2025-03-01T22:15", "01/03/2025 22:15", "1.3.2025 22:15:00",
        "2025-07-01T22:15:30.5+0300", "", "2025-02-30", "30/02/2025", "soon", "2025-13-01", "2025-03-01T25:00",
    )  # fmt: skip
    read_ = parse_moments(texts, "Europe/Athens", "day-first")
    assert read_.instants.iloc[:5].nunique() == 1
    assert str(read_.instants.iloc[0]) == "2025-03-01 20:15:00+00:00"
    assert str(read_.instants.iloc[5]) == "2025-07-01 19:15:30.500000+00:00"
    assert read_.given.tolist() == [True] * 6 + [False] + [True] * 5
    assert read_.bad.tolist() == [False] * 7 + [True] * 5


def test_a_date_alone_may_carry_an_offset() -> None:
    read_ = parse_moments(
        column("2025-03-01Z", "2025-03-01+02:00", "2025-03-01", "2025-03-01T10:00Z"), "Europe/Athens", None
    )
    assert read_.instants.iloc[:3].nunique() == 1
    assert read_.day_only.tolist() == [True, True, True, False]
    assert not read_.bad.any()


def test_the_changes_of_the_clock() -> None:
    read_ = parse_moments(column("2025-03-30T03:30", "2025-10-26T03:30"), "Europe/Athens", None)
    assert [str(moment)[:16] for moment in read_.instants] == ["2025-03-30 01:00", "2025-10-26 00:30"]


@pytest.mark.parametrize(
    ("texts", "verdict"),
    [
        (["13/03/2025"], "day-first"),
        (["03/13/2025", "01/02/2025"], "month-first"),
        (["01/02/2025"], None),
        (["13/03/2025", "03/13/2025"], None),
        (["13/03/2025"] * 40 + ["03/13/2025"], "day-first"),
        (["2025-03-13"], None),
    ],
)
def test_the_order_of_dates(texts: list[str], verdict: str | None) -> None:
    assert date_order(column(*texts)).verdict == verdict


def test_numbers() -> None:
    read_ = parse_numbers(column("37.943", "37,943", "-1", "+2.", "", "1,234.5", "1e5", "north", ".5"))
    assert np.array_equal(read_.values, [37.943, 37.943, -1, 2, np.nan, np.nan, np.nan, np.nan, 0.5], equal_nan=True)
    assert read_.bad.tolist() == [False] * 5 + [True] * 3 + [False]
    assert read_.comma.tolist() == [False, True] + [False] * 7


def test_a_number_without_end_is_none() -> None:
    read_ = parse_numbers(column("9" * 400, "inf", "nan", "-" + "9" * 400 + ",5"))
    assert read_.bad.all()
    assert np.isnan(read_.values).all()
    assert not read_.comma.any()
