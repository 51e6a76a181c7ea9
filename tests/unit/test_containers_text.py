from __future__ import annotations

import csv
import gzip
import io
import random
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curim_data.containers import open_file, opening, text
from curim_data.containers.text import Dialect, repair_quotes
from curim_data.model import ImportProblem, Question
from tests.hostile.tables import zipped
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


def test_zeros_after_the_end_are_no_rows() -> None:
    assert read(b"a;b\n1;2\n" + bytes(3_000_000)).rows == [1]
    assert read("a;b\n1;2\n".encode("utf-16") + bytes(4096)).rows == [1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1253"])
def test_zeros_inside_a_text_are_left_out_of_their_own_rows(encoding: str) -> None:
    content = 'α;β\nένα;x\nδύ\0ο;x\n\0"τρία; 3";y\0\n"one\n\0two";x\n\0\0\0\nπέντε;x\n' + "έξι;x\n" * 9
    records = read(content.encode(encoding))
    told = [["ένα", "x"], ["δύο", "x"], ["τρία; 3", "y"], ["one\ntwo", "x"], ["πέντε", "x"]]
    assert records.values == told + [["έξι", "x"]] * 9
    assert records.encoding_repaired == [False, True, True, True, *[False] * 10]
    assert [(record.row, record.reason.value) for record in records.refused] == [(5, "empty_row")]


def test_what_holds_zeros_everywhere_is_no_text() -> None:
    with pytest.raises(ImportProblem, match="zero bytes"):
        read(b"a;b\n" + b"1;\x002\n" * 3)


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
@settings(max_examples=300)
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
    for records in (read(packed), read(path, "export.csv.gz")):
        assert records.values == [["1", "x"], ["2", "y"]]
        assert (records.facts.wrapped, records.facts.container, records.facts.size) == (("gz",), "csv", len(packed))


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
        with pytest.raises(ImportProblem, match="far too large"):
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
