from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from curim_data.containers import open_file
from curim_data.reasons import ImportProblem
from curim_data.records import Facts, Refused


@dataclass
class Records:
    facts: Facts
    values: list[list[str]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    encoding_repaired: list[bool] = field(default_factory=list)
    trailing_cut: list[bool] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    blocks: int = 0


def read(source: str | bytes | Path, name: str = "file.csv", sheet: str | None = None) -> Records:
    opened = open_file(source.encode() if isinstance(source, str) else source, name, sheet)
    records = Records(opened.facts)
    for block in opened.blocks():
        assert len(block.rows) == block.table.num_rows
        assert block.table.column_names == [str(at) for at in range(len(opened.facts.labels))]
        records.values += [list(row) for row in zip(*(c.to_pylist() for c in block.table.columns), strict=True)]
        records.rows += block.rows.tolist()
        records.encoding_repaired += block.encoding_repaired.tolist()
        records.trailing_cut += block.trailing_cut.tolist()
        records.refused += block.refused
        records.blocks += 1
    told = sorted([*records.rows, *(record.row for record in records.refused)])
    assert told == list(range(1, len(told) + 1))
    return records


def values(records: Records) -> list[list[str]]:
    return records.values


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1253", "iso-8859-7"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_and_line_ends(delimiter: str, encoding: str, end: str) -> None:
    rows = [["α", "β"], ["Άνδρας", "Όχι, Άρης"], ["", "2"]]
    text = "".join(delimiter.join(f'"{v}"' if delimiter in v else v for v in row) + end for row in rows)
    records = read(text.encode(encoding))
    assert records.facts.delimiter == delimiter
    assert records.facts.encoding == encoding
    assert list(records.facts.labels) == rows[0]
    assert values(records) == rows[1:]


def test_a_quoted_text_of_several_lines_is_one_row() -> None:
    records = read('a;b;c\n1;"one\n\ntwo; ""three""";x\n2;y;z\n')
    assert values(records) == [["1", 'one\n\ntwo; "three"', "x"], ["2", "y", "z"]]
    assert records.rows == [1, 2]


def test_the_last_column_may_be_the_long_text() -> None:
    records = read('a;b\n1;"one\ntwo"\n2;"three\nfour"\n')
    assert values(records) == [["1", "one\ntwo"], ["2", "three\nfour"]]


@pytest.mark.parametrize("stray", ['5" pipe', '"open', 'close"', 'a "b" c"'])
def test_a_stray_quote_harms_its_own_row_only(stray: str) -> None:
    records = read(f"a;b;c\n1;x;y\n2;{stray};z\n3;x;y\n4;x;y\n")
    assert records.rows == [1, 2, 3, 4]
    assert values(records)[1] == ["2", stray, "z"]


def test_each_row_is_accounted_for_by_its_number() -> None:
    records = read("a;b;c\n1;2;3\n\n;; \n1;2\n1;2;3;4\n1;2;3;;\n;;\nΣύνολο;7\nTotal: 3;;\n9;9;9")
    assert records.rows == [1, 5, 9]
    assert records.trailing_cut == [False, True, False]
    assert [(r.row, r.reason.value) for r in records.refused] == [
        (2, "empty_row"),
        (3, "too_few_fields"),
        (4, "too_many_fields"),
        (6, "empty_row"),
        (7, "totals_row"),
        (8, "totals_row"),
    ]


def test_a_row_in_another_encoding_is_repaired_alone() -> None:
    good = "α;β;γ\nένα;δύο;τρία\n".encode("utf-8-sig")
    records = read(good + "Άνδρας;δύο;τρία\n".encode("cp1253") + b"\xd2;2;3\n" + "α;β\n".encode("cp1253"))
    assert values(records) == [["ένα", "δύο", "τρία"], ["Άνδρας", "δύο", "τρία"]]
    assert records.encoding_repaired == [False, True]
    assert [(r.row, r.reason.value) for r in records.refused] == [(3, "bad_encoding"), (4, "too_few_fields")]
    assert records.refused[1].fields == ("α", "β")


@pytest.mark.parametrize("before", ["\n", "\n \n\t\n", "sep=;\n\n", "\n\nsep=;\n"])
def test_empty_lines_before_the_header_are_passed_over(before: str) -> None:
    for mark in ("", "\ufeff"):
        records = read(mark + before + "a;b\n1;2\n")
        assert records.facts.labels == ("a", "b")
        assert values(records) == [["1", "2"]]
        assert records.rows == [1]


def test_a_file_of_refused_rows_only() -> None:
    records = read("a;b;c\n;;\n1;2\n")
    assert records.values == []
    assert [record.row for record in records.refused] == [1, 2]


def test_an_endless_line_is_refused_wherever_it_stands() -> None:
    for data in (b"x" * 3_000_000, b"a;b\n1;2\n" + b"y" * 3_000_000, b"a;b\n1;" + b"y" * 1_500_000 + b"\n3;4\n"):
        with pytest.raises(ImportProblem, match="single line"):
            read(data)


def test_long_fields_within_the_limit_are_read() -> None:
    long = "x" * 300_000
    assert values(read(f'a;b\n1;{long}\n2;"{long}\n{long}"\n'))[0] == ["1", long]
