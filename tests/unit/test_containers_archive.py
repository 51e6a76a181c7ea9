from __future__ import annotations

import gzip
import io
import random
import zipfile
import zlib
from pathlib import Path

import pytest

from curim_data.containers import open_file, opening
from curim_data.model import ImportProblem, Question
from tests.in_texts import read

CSV = b"id;what\n1;x\n2;y\n"
SAME = b"id;what\n;\n3;z\n"
OTHER = b"id;when;what\n1;2024-01-01;x\n"


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return file.getvalue()


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
        (b"", "empty"),
        (b"\xef\xbb\xbf \n\n", "empty"),
        (bytes(100), "empty"),
        (b"id;what\r\n\r\n", "no rows"),
        (b"\x89PNG\r\n\x1a\n", "PNG file"),
        (b"%PDF-1.7\n", "PDF file"),
        (b"<!DOCTYPE html><html><body>", "HTML file"),
        (zipped({"word/document.xml": b"x"}), "Office file"),
        (zipped({}), "no table"),
        (zipped({"a.pdf": b"%PDF"}), "no table"),
        (gzip.compress(b"", mtime=0), "empty"),
        (gzip.compress(b"%PDF-1.7\n", mtime=0), "PDF file"),
        ("α;β\nένα;δύο\n".encode("utf-16")[:-1], "cut short"),
    ],
)
def test_other_files_are_refused_in_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(ImportProblem, match=words):
        read(data)


def test_no_more_of_a_mimetype_is_unpacked_than_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    content = zipped({"mimetype": b"x" * 1_000, "content.xml": b"<a/>"})
    monkeypatch.delattr(zipfile.ZipFile, "read")  # it would unpack the whole member, however large
    with pytest.raises(ImportProblem, match="Office"):
        read(content, "file.zip")
