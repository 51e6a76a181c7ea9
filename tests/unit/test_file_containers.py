"""Text, archives, workbooks, JSON, XML and layers: the same alerts come out of each, and broken files are refused."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import random
import tracemalloc
import zipfile
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from curim_data.containers import open_file, opening, text
from curim_data.containers.text import Dialect, repair_quotes
from curim_data.model import ImportProblem, Question, Reason
from tests.effort import effort
from tests.hostile.tables import zipped
from tests.in_files import (
    ALERTS,
    LABELS,
    TEXTS,
    XLS,
    Opener,
    dumped,
    every,
    frame,
    geoparquet,
    layers,
    objects,
    open_json,
    open_parquet,
    open_vector,
    open_workbook,
    open_xml,
    parquet,
    records,
    rows,
    shapefile,
    shared,
    xlsx,
    xml,
)
from tests.in_texts import csv_bytes, read


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
    assert records.values == rows[1:]


@pytest.mark.parametrize("stray", ['5" pipe', '"open', 'close"', 'a "b" c"'])
def test_a_stray_quote_harms_its_own_row_only(stray: str) -> None:
    records = read(f"a;b;c\n1;x;y\n2;{stray};z\n3;x;y\n4;x;y\n")
    assert records.rows == [1, 2, 3, 4]
    assert records.values[1] == ["2", stray, "z"]


def test_each_row_is_accounted_for_by_its_number() -> None:
    records = read("a;b;c\n1;2;3\n\n;; \n1;2\n1;2;3;4\n1;2;3;;\n;;\nΣύνολο;7\nTotal: 3;;\n9;9;9")
    assert records.rows == [1, 5, 9]
    assert records.trailing_cut == [False, True, False]
    assert [(r.row, r.reason.value) for r in records.refused] == [
        (2, "empty_row"), (3, "too_few_fields"), (4, "too_many_fields"), (6, "empty_row"), (7, "totals_row"),
        (8, "totals_row"),
    ]  # fmt: skip


def test_a_row_in_another_encoding_is_repaired_alone() -> None:
    good = "α;β;γ\nένα;δύο;τρία\n".encode("utf-8-sig")
    records = read(good + "Άνδρας;δύο;τρία\n".encode("cp1253") + b"\xd2;2;3\n" + "α;β\n".encode("cp1253"))
    assert records.values == [["ένα", "δύο", "τρία"], ["Άνδρας", "δύο", "τρία"]]
    assert records.encoding_repaired == [False, True]
    assert [(r.row, r.reason.value) for r in records.refused] == [(3, "bad_encoding"), (4, "too_few_fields")]
    assert records.refused[1].fields == ("α", "β")


@pytest.mark.parametrize("before", ["\n", "\n \n\t\n", "sep=;\n\n", "\n\nsep=;\n"])
def test_empty_lines_before_the_header_are_passed_over(before: str) -> None:
    for mark in ("", "\ufeff"):
        records = read(mark + before + "a;b\n1;2\n")
        assert records.facts.labels == ("a", "b")
        assert records.values == [["1", "2"]]
        assert records.rows == [1]


def test_an_endless_line_is_refused_wherever_it_stands() -> None:
    for data in (b"x" * 3_000_000, b"a;b\n1;2\n" + b"y" * 3_000_000, b"a;b\n1;" + b"y" * 1_500_000 + b"\n3;4\n"):
        with pytest.raises(ImportProblem, match="single line"):
            read(data)


FRENCH = "id;lieu;texte\n1;Créteil;Il a été blessé près du café\n2;Orléans;forêt, là-bas\n3;Nîmes;déjà réglé\n"
GREEK = "id;τόπος;κείμενο\n1;Άγιος Νείλος;Έσπασε το φως στην πλατεία\n2;Πειραιάς;σκοτεινός δρόμος, Άνω\n"


@pytest.mark.parametrize(
    ("content", "codec", "told"),
    [
        (FRENCH, "iso-8859-1", "iso-8859-1"), (FRENCH.replace("là-bas", "l’œuvre à 5 €"), "cp1252", "cp1252"),
        (GREEK, "cp1253", "cp1253"), (GREEK.replace("φως", "φως “εκεί”"), "cp1253", "cp1253"),
        (GREEK, "iso-8859-7", "iso-8859-7"), (GREEK, "utf-16-le", "utf-16-le"), (FRENCH, "utf-16-be", "utf-16-be"),
    ],
)  # fmt: skip
def test_the_encoding_is_told_by_the_letters_of_the_whole_file(content: str, codec: str, told: str) -> None:
    plain = "".join(f"{number};x;plain\n" for number in range(4, 2000))
    head, body = content.split("\n", 1)
    records = read((head + "\n" + plain + body).encode(codec))
    assert records.facts.encoding == told
    assert [";".join(row) for row in records.values[-2:]] == content.splitlines()[-2:]


def test_characters_of_private_use_are_no_marks_of_ours() -> None:
    private = "\ue4c7\ue93a\uecd1\ufdd0\uffff\ufffd"
    content = f"α;β\nένα;{private}\nδύο;x\n".encode() + "Άνδρας;y\n".encode("cp1253")
    records = read(content)
    assert records.values == [["ένα", private], ["δύο", "x"], ["Άνδρας", "y"]]
    assert records.encoding_repaired == [False, False, True]


def test_zeros_after_the_end_are_no_rows_and_what_holds_them_everywhere_is_no_text() -> None:
    assert read(b"a;b\n1;2\n" + bytes(3_000_000)).rows == [1]
    assert read("a;b\n1;2\n".encode("utf-16") + bytes(4096)).rows == [1]
    with pytest.raises(ImportProblem, match="zero bytes"):
        read(b"a;b\n" + b"1;\x002\n" * 3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1253"])
def test_zeros_inside_a_text_are_left_out_of_their_own_rows(encoding: str) -> None:
    content = 'α;β\nένα;x\nδύ\0ο;x\n\0"τρία; 3";y\0\n"one\n\0two";x\n\0\0\0\nπέντε;x\n' + "έξι;x\n" * 9
    records = read(content.encode(encoding))
    told = [["ένα", "x"], ["δύο", "x"], ["τρία; 3", "y"], ["one\ntwo", "x"], ["πέντε", "x"]]
    assert records.values == told + [["έξι", "x"]] * 9
    assert records.encoding_repaired == [False, True, True, True, *[False] * 10]
    assert [(record.row, record.reason.value) for record in records.refused] == [(5, "empty_row")]


@pytest.mark.slow
def test_line_ends_may_be_mixed_and_lines_end_in_cr_alone_over_megabytes() -> None:
    assert read("a;b\r1;2\n3;4\r\n5;6\r").values == [["1", "2"], ["3", "4"], ["5", "6"]]
    assert read("a;b\r" + "1;2\r" * 600_000).rows[-1] == 600_000
    assert read('a;b\r\n1;"x\r\ny"\r\n').values == [["1", "x\ny"]]


def test_a_single_column_is_no_table() -> None:
    for content in ("time\n12:30\n13:30\n", "name\nx\ny\n", "note: all is well\nnote: all is ill\n"):
        with pytest.raises(ImportProblem, match="not a table"):
            read(content)


def test_apostrophes_are_quotes_only_where_they_are_used_so() -> None:
    quoted = read("'id';'text'\n'1';'it''s; here'\n'2';'two\nlines'\n")
    assert quoted.facts.labels == ("id", "text")
    assert quoted.values == [["1", "it's; here"], ["2", "two\nlines"]]
    assert read("id;text\n1;'t was\n2;it's'\n").values == [["1", "'t was"], ["2", "it's'"]]


@pytest.mark.parametrize(
    ("before", "skipped"),
    [
        ("Report of 2024-01-01\n", ("Report of 2024-01-01",)),
        ("Report of 2024-01-01\n\nCity of Piraeus, Greece\n", ("Report of 2024-01-01", "City of Piraeus, Greece")),
        ("Report of Jan 1, 2024;;;;\n;;;;\n", ("Report of Jan 1, 2024",)),
    ],
)
def test_the_header_may_come_after_a_title(before: str, skipped: tuple[str, ...]) -> None:
    records = read(before + "id;when;AREA ;lat;when\n" + "1;2024-01-01;theft;37,9;23,6\n" * 30)
    assert records.facts.labels == ("id", "when", "AREA", "lat", "when")
    assert records.facts.skipped == skipped
    assert records.rows == list(range(1, 31))


@pytest.mark.parametrize(
    "rows", ["1;2;3;4\n" * 9, "a;b;c;d\n" * 9, "1;2;3;\n" * 9, "1;2\n" * 9, "x, y, z, u, v;w;q\n" * 9]
)
def test_rows_of_another_width_do_not_make_a_header_of_one_of_them(rows: str) -> None:
    records = read("id;when;what\n" + rows)
    assert records.facts.labels == ("id", "when", "what")
    assert len(records.rows) + len(records.refused) == 9


def test_quotes_in_pairs_that_leave_a_field_open_harm_their_own_row_only() -> None:
    odd = 'x;"y"z;"w'  # four quotes with the one before: read alone, the last of them opens a field
    records = read(f'a;b;c;d\n1;2;3;4\n"p"{odd}\n5;6;7;8\n9;9;9;9\n')
    assert [row for row in records.values if row[0] in "159"] == [list("1234"), list("5678"), list("9999")]


@pytest.mark.parametrize("text", ["x; y", "x\ny", 'x ""y"" z'])
def test_a_quote_inside_a_field_leaves_the_quoted_texts_beside_it_as_they_are(text: str) -> None:
    records = read(f'a;b;c\n1;5" pipe;"{text}"\n2;x";"{text}"\n"{text}";6" and 7";y\n3;y;z\n')
    told = text.replace('""', '"')
    assert records.values == [["1", '5" pipe', told], ["2", 'x"', told], [told, '6" and 7"', "y"], ["3", "y", "z"]]
    assert records.rows == [1, 2, 3, 4]


@given(st.lists(st.lists(st.text(alphabet='ab;"\n', max_size=4), min_size=3, max_size=3), max_size=9), st.booleans())
def test_nothing_is_changed_where_a_strict_reader_finds_records_of_one_width(rows: list[list[str]], all_: bool) -> None:
    content = csv_bytes(rows, delimiter=";", lineterminator="\n", quoting=1 if all_ else 0)
    assert repair_quotes(content, Dialect(";"), 3, last=True) == (content, b"")
    cut = content[: content.rfind(b"\n", 0, len(content) // 2) + 1]
    whole, waits = repair_quotes(cut, Dialect(";"), 3, last=False)
    assert whole + waits == cut
    assert list(csv.reader(io.StringIO(whole.decode(), newline=""), delimiter=";", strict=True)) == rows[: _rows(whole)]


def _rows(content: bytes) -> int:
    return sum(1 for _ in csv.reader(io.StringIO(content.decode(), newline=""), delimiter=";"))


pieces_of_text = st.text(alphabet='ab;"\n\r, é', max_size=8)


@pytest.mark.slow
@settings(max_examples=effort(80, 1_000))
@given(st.lists(pieces_of_text, max_size=30), st.integers(1, 64))
def test_the_records_do_not_depend_on_where_blocks_are_cut(parts: list[str], size: int) -> None:
    content = "id;a;b\n0;x;y\n" + "".join(parts)
    whole = read(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "BLOCK", size)
        cut = read(content)
    assert (cut.values, cut.rows, cut.refused, cut.trailing_cut) == (
        whole.values, whole.rows, whole.refused, whole.trailing_cut,
    )  # fmt: skip
    assert cut.facts == whole.facts


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\0"), max_size=20)


@pytest.mark.slow
@settings(max_examples=200)
@given(
    st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=8),
    st.sampled_from(";,\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.integers(16, 300),
)
def test_what_was_written_is_read(
    rows: list[tuple[str, str, str]], delimiter: str, end: str, quoting: int, codec: str, size: int
) -> None:
    lines = [("id", "one", "two", "three"), *((f"id{n}", *row) for n, row in enumerate(rows))]
    data = csv_bytes(lines, codec, delimiter=delimiter, lineterminator=end, quoting=quoting)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "BLOCK", size)
        records = read(data)
    assert records.values == [[f"id{n}", *row] for n, row in enumerate(rows)]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.tuples(
            st.sampled_from(
                [b"\x1f\x8b\x08\0", b"PK\x03\x04", b"PK\x05\x06", b"\xff\xfe", b"a;b\n", b"'a','b'\n", b"sep=;\n"]
            ),
            st.binary(max_size=200),
        ).map(b"".join),
    )
)
def test_any_bytes_are_read_or_refused_in_words(data: bytes) -> None:
    told = "file.csv"
    try:
        read(data)
    except ImportProblem as problem:
        told = str(problem)
    assert "file.csv" in told


CSV = b"id;what\n1;x\n2;y\n"
SAME = b"id;what\n;\n3;z\n"
OTHER = b"id;when;what\n1;2024-01-01;x\n"


def test_gzip_of_several_members(tmp_path: Path) -> None:
    packed = gzip.compress(CSV[:10], mtime=0) + gzip.compress(CSV[10:], mtime=0)
    path = tmp_path / "export.csv.gz"
    path.write_bytes(packed)
    for opened in (read(packed), read(path, "export.csv.gz")):
        assert opened.values == [["1", "x"], ["2", "y"]]
        assert (opened.facts.wrapped, opened.facts.container, opened.facts.size) == (("gz",), "csv", len(packed))


def test_a_file_is_known_by_the_bytes_that_were_given() -> None:
    sums = {read(data).facts.sha256 for data in (CSV, gzip.compress(CSV, mtime=0), zipped({"a.csv": CSV}))}
    assert len(sums) == 3


def test_damaged_archives_are_refused() -> None:
    noise = b"id;what\n" + b"".join(b"%d;%d\n" % (n, random.Random(n).random() * 1e9) for n in range(5000))
    for data in (
        gzip.compress(noise, mtime=0)[:-2000],
        gzip.compress(noise, mtime=0)[:-8] + bytes(8),
        zipped({"a.csv": noise})[:-300],
    ):
        with pytest.raises(ImportProblem, match="damaged"):
            read(data)


def test_a_zip_of_one_table_beside_what_is_none() -> None:
    records = read(zipped({"data.csv": CSV, "README.txt": b"Read me first", "map.png": b"x", "__MACOSX/x.csv": b"x"}))
    assert records.values == [["1", "x"], ["2", "y"]]
    assert records.facts.wrapped == ("zip",)


def test_files_with_the_same_columns_are_read_one_after_another() -> None:
    records = read(zipped({"jan.csv": CSV, "feb.csv": SAME, "mar.csv": b"id;what\n"}))
    assert records.values == [["1", "x"], ["2", "y"], ["3", "z"]]
    assert records.rows == [1, 2, 4]
    assert [record.row for record in records.refused] == [3]


def test_files_with_different_columns_are_a_question() -> None:
    data = zipped({"jan/a.street.csv": CSV, "jan/a.outcomes.csv": OTHER, "feb/a.street.csv": SAME})
    with pytest.raises(Question) as asked:
        read(data)
    choices = [choice.value for choice in asked.value.choices]
    assert (asked.value.about, asked.value.flag) == ("sheet", "--sheet")
    assert choices == ["*/a.street.csv", "jan/a.outcomes.csv"]
    assert [len(read(data, sheet=choice).values) for choice in choices] == [3, 1]
    assert read(data, sheet="jan/a.street.csv").rows == [1, 2]


def test_one_archive_may_lie_inside_another() -> None:
    assert read(zipped({"a.csv.gz": gzip.compress(CSV, mtime=0)})).facts.wrapped == ("zip", "gz")
    assert read(gzip.compress(zipped({"a.csv": CSV}))).rows == [1, 2]
    with pytest.raises(ImportProblem, match="too deep"):
        read(gzip.compress(gzip.compress(gzip.compress(CSV, mtime=0))))


def test_a_locked_zip_is_refused() -> None:
    data = bytearray(zipped({"a.csv": CSV}))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(signature) + place] |= 1
    with pytest.raises(ImportProblem, match="password"):
        read(bytes(data))


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "FREE", 1_000_000)
    bomb = b"id;what\n" + b"1;x\n" * 4_000_000
    packed = zlib.compressobj(9, wbits=31)
    for data in (packed.compress(bomb) + packed.flush(), zipped({"a.csv": bomb})):
        monkeypatch.setattr(opening, "MAX_RATIO", len(bomb) // len(data) // 2)
        with pytest.raises(ImportProblem, match=r"may take \(\d+ MB\)"):
            read(data)


def test_nothing_stays_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    opened = open_file(gzip.compress(CSV, mtime=0), "a.csv.gz")
    assert len(list(tmp_path.iterdir())) == 1
    blocks = opened.blocks()
    del opened
    assert sum(block.read for block in blocks) == 2
    del blocks
    assert list(tmp_path.iterdir()) == []
    for data in (gzip.compress(b"nothing", mtime=0), zipped({"a.csv": CSV, "b.csv": OTHER})):
        with pytest.raises(ImportProblem):
            open_file(data, "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"), (b"\xef\xbb\xbf \n\n", "empty"), (bytes(100), "empty"), (b"id;what\r\n\r\n", "no rows"),
        (b"\x89PNG\r\n\x1a\n", "PNG file"), (b"%PDF-1.7\n", "PDF file"), (b"<!DOCTYPE html><html><body>", "HTML file"),
        (zipped({"word/document.xml": b"x"}), "Office file"), (zipped({}), "no table"),
        (zipped({"a.pdf": b"%PDF"}), "no table"), (gzip.compress(b"", mtime=0), "empty"),
        (gzip.compress(b"%PDF-1.7\n", mtime=0), "PDF file"), ("α;β\nένα;δύο\n".encode("utf-16")[:-1], "cut short"),
    ],
)  # fmt: skip
def test_other_files_are_refused_in_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(ImportProblem, match=words):
        read(data)


def test_no_more_of_a_mimetype_is_unpacked_than_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    content = zipped({"mimetype": b"x" * 1_000, "content.xml": b"<a/>"})
    monkeypatch.delattr(zipfile.ZipFile, "read")  # it would unpack the whole member, however large
    with pytest.raises(ImportProblem, match="Office"):
        read(content, "file.zip")


# Workbooks, JSON, XML, layers and columns.


@pytest.mark.parametrize("kind", ["xlsx", "ods", "json", "page", "lines", "xml", "parquet"])
def test_the_same_texts_come_out_of_every_table(kind: str, tmp_path: Path) -> None:
    opener, data = every(tmp_path)[kind]
    opened = opener(data, f"alerts.{kind}")
    assert opened.facts.labels == LABELS
    assert rows(opened) == TEXTS
    assert rows(opened) == TEXTS, "the blocks can be read again"
    assert [block.rows.tolist() for block in opened.blocks()] == [[1, 2, 3]]


@pytest.mark.parametrize("kind", ["geojson", "gpkg", "shp", "geoparquet"])
def test_geometry_becomes_columns_beside_the_same_texts(kind: str, tmp_path: Path) -> None:
    opener, data = every(tmp_path)[kind]
    opened = opener(data, f"alerts.{kind}")
    found = records(opened)
    assert [tuple(record[label] for label in LABELS) for record in found] == TEXTS
    places = [(float(record["geometry.longitude"]), float(record["geometry.latitude"])) for record in found]
    assert places == [(alert[4], alert[5]) for alert in ALERTS]
    assert all("e" not in record["geometry.longitude"] for record in found)
    assert opened.facts.crs in ("EPSG:4326", "OGC:CRS84")


def test_an_old_workbook_keeps_zeros_signs_and_greek() -> None:
    opened = open_workbook(XLS, "a.xls")
    assert opened.facts.container == "xls"
    assert rows(opened) == [
        ("007", "2024-03-01T22:15:30", "Παρενόχληση", "-23.646123", "37.94", "5"),
        ("008", "2024-03-02T00:05:00", "Κλοπή", "23.65", "-37.9", "12"),
    ]


def test_a_workbook_with_two_tables_asks_which_and_takes_the_answer() -> None:
    other = [("name", "population"), *((f"district {at}", at) for at in range(9))]
    data = xlsx(Alerts=[LABELS, *ALERTS], Districts=other, Empty=[])
    with pytest.raises(Question) as asked:
        open_workbook(data, "two.xlsx")
    assert asked.value.about == "sheet"
    assert [choice.value for choice in asked.value.choices] == ["Alerts", "Districts"]
    assert rows(open_workbook(data, "two.xlsx", "districts"))[0] == ("district 0", "0")
    with pytest.raises(ImportProblem, match="Alerts, Districts, Empty"):
        open_workbook(data, "two.xlsx", "Nope")
    with pytest.raises(ImportProblem, match="no rows"):
        open_workbook(data, "two.xlsx", "Empty")


def test_notes_beside_a_large_sheet_are_no_question() -> None:
    data = xlsx(Notes=[("what", "who"), ("exported", "me")], Alerts=[("id", "when"), *((at, "x") for at in range(100))])
    opened = open_workbook(data, "notes.xlsx")
    assert (opened.facts.sheet, len(rows(opened))) == ("Alerts", 100)


def test_titles_over_a_table_empty_rows_in_it_and_columns_beside_it() -> None:
    lines: list[tuple[Any, ...]] = [
        ("Alerts of March",), (), ("id", "when", None, "category"), ("1", "2024-03-01", None, "a", "said"),
        (), ("2", "2024-03-02", None, "b"), ("Σύνολο", 2), (None, None),
    ]  # fmt: skip
    opened = open_workbook(xlsx(One=lines), "titled.xlsx")
    block = next(iter(opened.blocks()))
    assert opened.facts.labels == ("id", "when", "category", "")
    assert opened.facts.skipped == ("Alerts of March",)
    assert rows(opened) == [("1", "2024-03-01", "a", "said"), ("2", "2024-03-02", "b", "")]
    assert block.rows.tolist() == [1, 3]
    assert [(record.row, record.reason) for record in block.refused] == [(2, Reason.EMPTY_ROW), (4, Reason.TOTALS_ROW)]


def test_cells_far_apart_and_passwords_are_refused_in_words() -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "a", "b"
    target = io.BytesIO()
    book.save(target)
    with pytest.raises(ImportProblem, match=r"may take \(\d+ MB\)"):
        open_file(target.getvalue(), "far.xlsx")
    locked = b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    with pytest.raises(ImportProblem, match="password"):
        open_workbook(locked, "locked.xlsx")


def test_durations_times_and_dates_without_time() -> None:
    lines = [("at", "for", "on"), (dt.time(7, 5), dt.timedelta(hours=30, seconds=1), dt.date(2024, 2, 29))]
    assert rows(open_workbook(xlsx(One=lines), "times.xlsx")) == [("07:05:00", "30:00:01", "2024-02-29")]


def test_the_open311_and_seeclickfix_samples() -> None:
    folder = ("exports", "headers")
    (request,) = records(open_json(shared(*folder, "open311_georeport_v2_requests.json"), "r.json"))
    assert (request["service_request_id"], request["zipcode"], request["long"]) == ("12345", "06515", "-72.951125")
    assert request["media_url"] == ""
    (issue,) = records(open_json(shared(*folder, "seeclickfix_api_v2_issue.json"), "issue.json"))
    assert issue["point.coordinates"] == "-76.9680328369141|38.9246253967285"
    assert issue["reporter.name"] == "An anonymous SeeClickFix user"
    opened = open_xml(shared(*folder, "open311_georeport_v2_requests.xml"), "r.xml")
    requests = records(opened)
    assert [record["service_request_id"] for record in requests] == ["638344", "638345", "638346"]
    assert (requests[2]["description"], requests[0]["long"]) == ("", "0.01578")
    assert opened.facts.sheet == "request"


def test_numbers_keep_their_digits_and_columns_are_those_of_all_records() -> None:
    data = b'[{"a":1.50,"b":1e5,"c":12345678901234567890},{"d":[1,null,"x"],"a":-0.10,"e":{"f":[],"g":{}}},7]'
    opened = open_json(data, "n.json")
    assert opened.facts.labels == ("a", "b", "c", "d", "e.f", "e.g", "")
    assert rows(opened) == [
        ("1.50", "100000", "12345678901234567890", "", "", "", ""),
        ("-0.10", "", "", "1||x", "", "", ""),
        ("", "", "", "", "", "", "7"),
    ]


def test_lists_of_objects_in_a_record_are_joined_and_do_not_become_the_table() -> None:
    issue = {"id": 1, "a": 1, "b": 2, "c": 3, "comments": [{"by": "x", "says": "y"}, {"by": "z"}]}
    assert records(open_json(dumped(issue), "one.json"))[0]["comments.by"] == "x|z"
    data = dumped({"requests": [issue, issue], "people": [{"id": at} for at in range(30)], "page": 1})
    with pytest.raises(Question) as asked:
        open_json(data, "two.json")
    assert [choice.value for choice in asked.value.choices] == ["requests", "people"]
    assert len(rows(open_json(data, "two.json", "people"))) == 30
    assert len(rows(open_json(dumped({"data": {"issues": [issue, issue]}}), "deep.json"))) == 2


def test_json_in_utf16_and_with_a_mark() -> None:
    text = dumped(objects()).decode()
    for encoding in ("utf-16", "utf-8-sig"):
        opened = open_json(text.encode(encoding), "m.json")
        assert rows(opened) == TEXTS
        assert opened.facts.encoding == encoding


@pytest.mark.parametrize("data", [b"[1,2]", b"7", b"[]", b"{}", b"[" * 20_000, b'{"a":' * 20_000, b"", b'[{"a":NaN}]'])
def test_json_that_is_no_table(data: bytes) -> None:
    with pytest.raises(ImportProblem):
        rows(open_json(data, "no.json"))


def test_broken_json_says_after_how_many_records() -> None:
    with pytest.raises(ImportProblem, match="after 2 whole records"):
        open_json(b'[{"a":1},{"a":2},{"a":', "cut.json")


def test_the_crs_member_of_geojson_is_honoured_and_metres_without_one_stay_metres() -> None:
    place = {"type": "Point", "coordinates": [470000.25, 4198000.5]}
    features = [{"type": "Feature", "id": "a1", "properties": {"k": 1}, "geometry": place}] * 2
    features.append({"type": "Feature", "properties": None, "geometry": None})  # type: ignore[dict-item]
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2100"}}
    opened = open_json(dumped({"type": "FeatureCollection", "features": features, "crs": named}), "g.geojson")
    found = records(opened)
    x, y = pyproj.Transformer.from_crs(2100, 4326, always_xy=True).transform(470000.25, 4198000.5)
    assert opened.facts.crs == "EPSG:2100"
    assert float(found[0]["geometry.longitude"]) == pytest.approx(x, abs=1e-8)
    assert float(found[0]["geometry.latitude"]) == pytest.approx(y, abs=1e-8)
    assert found[0]["id"] == "a1"
    assert len(found) == 2, "the feature with nothing in it is an empty row"
    bare = open_json(dumped({"type": "FeatureCollection", "features": features}), "g.geojson")
    assert (bare.facts.crs, records(bare)[0]["x"], records(bare)[0]["y"]) == ("", "470000.25", "4198000.5")
    named["properties"] = {"name": "EPSG:999999"}
    with pytest.raises(ImportProblem, match="not known"):
        open_json(dumped({"type": "FeatureCollection", "features": features, "crs": named}), "g.geojson")


@pytest.mark.parametrize("encoding", ["windows-1253", "iso-8859-7", "utf-16"])
def test_xml_in_its_declared_encoding(encoding: str) -> None:
    assert rows(open_xml(xml(encoding), "e.xml")) == TEXTS


def test_xml_of_attributes_namespaces_nested_and_repeated_elements() -> None:
    data = b"""<r xmlns="urn:x" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><rows>
        <row id="7" i:type="a"><at lat="1.50"><name>n</name></at><tag>a</tag><tag>b</tag></row><row id="8">text</row>
        </rows></r>"""
    opened = open_xml(data, "a.xml")
    assert opened.facts.labels == ("@id", "at.@lat", "at.name", "tag", "text")
    assert rows(opened) == [("7", "1.50", "n", "a|b", ""), ("8", "", "", "", "text")]


def test_entity_bombs_are_refused() -> None:
    bomb = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r><x>&b;</x><x>&b;</x></r>'
    with pytest.raises(ImportProblem, match="entities"):
        open_xml(bomb, "bomb.xml")
    outside = b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]><r><x>&a;</x></r>'
    with pytest.raises(ImportProblem):
        open_xml(outside, "outside.xml")


@pytest.mark.slow
@pytest.mark.parametrize("opener", [open_xml, open_json])
def test_memory_does_not_grow_with_the_number_of_records(opener: Opener) -> None:
    def peak(count: int) -> int:
        if opener is open_xml:
            data = b"<r>" + b"<a><id>1</id><text>some words</text></a>" * count + b"</r>"
        else:
            data = dumped({"alerts": [{"id": 1, "text": "some words"}] * count})
        tracemalloc.start()
        opener(data, "many")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(100)
    assert peak(20_000) < peak(2_000) + 500_000


@pytest.mark.parametrize("crs", [2100, 32634, 3857])
def test_layers_in_metres_come_back_to_degrees(crs: int, tmp_path: Path) -> None:
    near = frame().iloc[[0]].set_geometry([shapely.Point(23.65, 37.94)]).set_crs(4326, allow_override=True).to_crs(crs)
    for opened in (
        open_vector(layers(tmp_path, near=near), "n.gpkg"),
        open_vector(shapefile(tmp_path, near), "n.zip", kind="shp"),
        open_parquet(geoparquet(near), "n.parquet"),
    ):
        (record,) = records(opened)
        assert opened.facts.crs == f"EPSG:{crs}"
        assert float(record["geometry.longitude"]) == pytest.approx(23.65, abs=1e-6)
        assert float(record["geometry.latitude"]) == pytest.approx(37.94, abs=1e-6)


def test_a_shapefile_without_prj_keeps_its_metres(tmp_path: Path) -> None:
    data = shapefile(tmp_path, frame(2100), without=(".prj",))
    opened = open_vector(data, "bare.zip", kind="shp")
    assert (opened.facts.crs, opened.facts.labels[-2:]) == ("", ("x", "y"))
    assert float(records(opened)[1]["x"]) == pytest.approx(frame(2100).geometry.x[1])


@pytest.mark.parametrize("part", [".dbf", ".shp"])
def test_a_shapefile_with_a_part_cut_off_is_refused(part: str, tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(shapefile(tmp_path, frame()))) as whole, zipfile.ZipFile(target, "w") as cut:
        for member in whole.namelist():
            data = whole.read(member)
            cut.writestr(member, data[: len(data) - 40] if member.lower().endswith(part) else data)
    with pytest.raises(ImportProblem, match="damaged"):
        rows(open_vector(target.getvalue(), "cut.zip", kind="shp"))
    with pytest.raises(ImportProblem, match=r"lacks its \.dbf part"):
        open_vector(shapefile(tmp_path, frame(), without=(".dbf",)), "cut.zip", kind="shp")


@pytest.mark.parametrize("without", [(), (".cpg",)])
@pytest.mark.parametrize("encoding", ["CP1253", "UTF-8"])
def test_the_encoding_of_a_shapefile(encoding: str, without: tuple[str, ...], tmp_path: Path) -> None:
    data = shapefile(tmp_path, frame(), without=without, encoding=encoding)
    assert [record["category"] for record in records(open_vector(data, "e.zip", kind="shp"))] == [
        line[3] for line in TEXTS
    ]


def test_several_layers_are_a_question(tmp_path: Path) -> None:
    data = layers(tmp_path, march=frame(), april=frame().iloc[[0, 1]])
    with pytest.raises(Question) as asked:
        open_vector(data, "two.gpkg")
    assert [choice.value for choice in asked.value.choices] == ["march", "april"]
    assert len(rows(open_vector(data, "two.gpkg", "april"))) == 2


def test_missing_geometry_is_an_empty_text(tmp_path: Path) -> None:
    gappy = frame().set_geometry([None, shapely.Point(), shapely.box(1, 2, 3, 4)], crs=4326)
    for opened in (open_vector(layers(tmp_path, gappy=gappy), "g.gpkg"), open_parquet(geoparquet(gappy), "g.parquet")):
        found = [(record["geometry.longitude"], record["geometry.latitude"]) for record in records(opened)]
        assert found == [("", ""), ("", ""), ("2", "3")]


def test_nothing_but_a_database_is_opened_as_one() -> None:
    linked = b"<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>/vsicurl/http://127.0.0.1:9/a.gpkg"
    with pytest.raises(ImportProblem, match="damaged"):
        open_vector(linked, "a.gpkg")


def test_every_type_of_column_becomes_text() -> None:
    moment = dt.datetime(2024, 7, 1, 10, 0, 0, 120000)
    values = {
        "naive": pa.array([moment, None], pa.timestamp("us")),
        "zoned": pa.array([moment, None], pa.timestamp("ms", "Europe/Athens")),
        "utc": pa.array([moment.replace(microsecond=0), None], pa.timestamp("us", "UTC")),
        "time": pa.array([dt.time(7, 30), None], pa.time64("us")),
        "words": pa.array(["Κλοπή", None]).dictionary_encode(), "exact": pa.array([Decimal("1.50"), None]),
        "large": pa.array([12345678901.5, None]), "whole": pa.array([12345678901.0, np.nan]),
        "single": pa.array([0.1, None], pa.float32()), "list": pa.array([["a", None, "b"], None]),
        "lists": pa.array([[[1], [2]], None]), "in": pa.array([{"x": 1, "y": {"z": dt.date(2024, 1, 2)}}, None]),
        "bytes": pa.array([b"x", None]), "nothing": pa.nulls(2),
    }  # fmt: skip
    opened = open_parquet(parquet(pa.table({**values, "id": ["1", "2"]})), "t.parquet")
    first, second = records(opened)
    assert first == {
        "naive": "2024-07-01T10:00:00.12", "zoned": "2024-07-01T13:00:00.12+03:00", "utc": "2024-07-01T10:00:00Z",
        "time": "07:30:00", "words": "Κλοπή", "exact": "1.50", "large": "12345678901.5", "whole": "12345678901",
        "single": "0.1", "list": "a||b", "lists": "[[1],[2]]", "in.x": "1", "in.y.z": "2024-01-02", "nothing": "",
        "id": "1",
    }  # fmt: skip
    assert {text for label, text in second.items() if label != "id"} == {""}


def read_or_refused(opener: Opener, data: bytes, kind: str) -> int | None:
    """How many rows were read, or none where the file was refused."""
    try:
        return sum(block.read for block in opener(data, f"broken.{kind}").blocks())
    except ImportProblem:
        return None


KINDS = ["xlsx", "ods", "xls", "json", "page", "lines", "geojson", "xml", "gpkg", "shp", "parquet", "geoparquet"]


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_files_are_refused_and_nothing_else(kind: str, tmp_path: Path) -> None:
    opener, data = every(tmp_path)[kind]
    whole = read_or_refused(opener, data, kind)
    assert whole
    ends = {*range(0, len(data), max(1, len(data) // 60)), *range(len(data) - 12, len(data))}
    read = {end: read_or_refused(opener, data[:end], kind) for end in sorted(ends)}
    if kind == "lines":
        assert set(read.values()) <= {None, 1, 2}
    elif kind in ("xls", "json", "page", "geojson", "xml", "shp", "gpkg"):
        assert set(read.values()) <= {None, whole}, read
    else:
        assert set(read.values()) == {None}, read


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bytes_lead_to_no_other_exception(kind: str, tmp_path: Path) -> None:
    opener, data = every(tmp_path)[kind]
    chance = random.Random(kind)
    for _ in range(effort(20, 200)):
        flipped = bytearray(data)
        for _ in range(chance.randint(1, 8)):
            flipped[chance.randrange(len(data))] = chance.randrange(256)
        read_or_refused(opener, bytes(flipped), kind)
