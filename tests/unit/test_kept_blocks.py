"""Blocks of a file on their second way: in pieces, on disk; nothing of them is lost, and no result changes."""

from __future__ import annotations

import datetime as dt
import gzip
import itertools
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curim_data.containers.isolation import IsolatedFile
from curim_data.importing import extract
from curim_data.importing.extract import KeptBlocks, pieces
from curim_data.importing.pipeline import import_file, preview
from curim_data.model import Block, Reason
from curim_data.model.records import RejectedRecord
from curim_data.store import Home, Store
from curim_data.store.home import create_home

Row = tuple[Any, ...]
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def _block(refused: list[bool], first: int = 1, origin: bool = False) -> Block:
    """A block whose rows are refused or not, as told."""
    numbers = np.arange(first, first + len(refused))
    bad = np.array(refused, bool)
    rows = numbers[~bad]
    table = pa.table({"0": [f"α{row}" for row in rows], "1": [""] * len(rows)})
    return Block(
        table.cast(pa.schema([("0", pa.large_string()), ("1", pa.large_string())])),
        rows,
        rows % 3 == 0,
        rows % 5 == 0,
        tuple(RejectedRecord(int(row), Reason.TOO_FEW_FIELDS, ("x",)) for row in numbers[bad]),
        {1: rows % 7 == 0},
        rows * 10 if origin else None,
    )


def _rows_of(block: Block) -> list[Row]:
    columns = [column.to_pylist() for column in block.table.columns]
    marks = (block.rows, block.encoding_repaired, block.trailing_cut, block.unstored[1], block.numbers)
    return list(zip(*columns, *(mark.tolist() for mark in marks), strict=True))


def _order_of(blocks: Iterator[Block] | list[Block]) -> list[int]:
    """The numbers of rows and refused records, piece by piece."""
    return [n for one in blocks for n in sorted([*one.rows.tolist(), *(record.row for record in one.refused)])]


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 9), st.booleans())
def test_pieces_hold_each_row_and_each_refused_record_once_and_in_order(
    refused: list[bool], rows: int, origin: bool
) -> None:
    block = _block(refused, origin=origin)
    parts = list(pieces(block, rows))
    assert list(itertools.chain.from_iterable(map(_rows_of, parts))) == _rows_of(block)
    assert sum((part.refused for part in parts), ()) == block.refused
    assert _order_of(parts) == list(range(1, len(refused) + 1))
    assert max(part.table.num_rows for part in parts) <= rows


def test_kept_blocks_are_the_blocks_as_often_as_wanted_and_for_several_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract.pieces, "__defaults__", (7,))
    blocks = [_block([row % 4 == 0 for row in range(30)], 1 + 30 * at, origin=True) for at in range(5)]
    kept = KeptBlocks(tmp_path)
    for block in blocks:
        kept.add(block)
    told = [row for block in blocks for row in _rows_of(block)]
    found: list[list[Row]] = []

    def walk() -> None:
        for _ in range(20):
            found.append([row for block in kept for row in _rows_of(block)])

    threads = [threading.Thread(target=walk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80
    assert all(rows == told for rows in found)
    assert [record for block in kept for record in block.refused] == [r for block in blocks for r in block.refused]
    assert sum(block.read for block in kept) == 150


def _file(n: int = 40) -> bytes:
    lines = [f"{k},2025-03-{1 + k % 28:02d},noise,37.9430{k % 10},23.6470{k % 10}" for k in range(n)]
    lines[5] = "5,2025-03-01,noise"
    lines[17] = "17,yesterday,noise,37.94,23.64"
    return "\n".join(["id,date,category,latitude,longitude", *lines]).encode()


def _imported(home: Home) -> tuple[Any, ...]:
    report = import_file(home, _file(), "export.csv", now=NOW)
    alerts = Store(home).read().drop_columns(["batch_id", "profile_version"]).sort_by("alert_id").to_pylist()
    return (
        alerts,
        replace(report.batch, id="", when=NOW, profile_version=""),
        report.outcomes.values.tolist(),
        report.quarantine.values.tolist(),
    )


def test_neither_the_size_of_pieces_nor_a_full_disk_changes_an_import(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _imported(create_home(tmp_path / "whole"))
    monkeypatch.setattr(extract.pieces, "__defaults__", (3,))
    assert _imported(create_home(tmp_path / "pieces")) == told

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(extract.KeptBlocks, "add", full)
    assert _imported(create_home(tmp_path / "full")) == told
    monkeypatch.setattr(extract.KeptBlocks, "__init__", full)
    assert _imported(create_home(tmp_path / "none")) == told


@pytest.mark.parametrize(("free", "walks"), [(10**12, 1), (0, 2)])
def test_a_file_is_read_twice_only_where_the_disk_has_no_room_to_keep_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, walks: int
) -> None:
    home, folders, asked = create_home(tmp_path / "home"), [], []
    blocks = IsolatedFile.blocks

    def room(folder: Path) -> Any:
        folders.append(folder)
        return SimpleNamespace(free=free)

    def counted(file: IsolatedFile) -> Any:
        asked.append(file)
        return blocks(file)

    monkeypatch.setattr(extract.shutil, "disk_usage", room)
    monkeypatch.setattr(IsolatedFile, "blocks", counted)
    _imported(home)
    assert len(asked) == walks
    assert folders == [home.work] if walks == 1 else folders[0] == home.work


def test_what_is_packed_is_kept_no_further_than_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size shows as it is read: what was kept until then goes, and the file is read again."""
    home, added = create_home(tmp_path / "home"), []
    told = _imported(create_home(tmp_path / "plain"))
    packed, add = gzip.compress(_file()), KeptBlocks.add

    def counted(kept: KeptBlocks, block: Block) -> None:
        added.append(block)
        add(kept, block)

    monkeypatch.setattr(extract.shutil, "disk_usage", lambda _: SimpleNamespace(free=8.5 * len(packed)))
    monkeypatch.setattr(KeptBlocks, "add", counted)
    report = import_file(home, packed, "export.csv.gz", now=NOW)
    assert report.outcomes.values.tolist() == told[2]
    assert not added


def test_a_preview_is_kept_where_temporary_files_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, folders = create_home(tmp_path / "home"), list[Path]()
    _imported(home)
    home.work.mkdir(exist_ok=True)
    monkeypatch.setattr(extract.shutil, "disk_usage", lambda at: folders.append(at) or SimpleNamespace(free=10**12))
    preview(_file(), "export.csv", home.city(), home=home, now=NOW)
    assert folders == [Path(tempfile.gettempdir())]
