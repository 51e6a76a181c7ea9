"""Files are read in a process of its own: the same records as in this one, and nothing that a reader does gets out."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from curim_data.containers import base, isolation, open_file
from curim_data.containers.opening import open_table
from curim_data.model import Block, Facts, ImportProblem, Message, Question, Reason
from curim_data.model.reasons import Choice, Opened, RejectedRecord
from tests.fuzz.corpus import seeds

LINUX = sys.platform == "linux"
CSV = b"id;what\n1;x\n2;y\n;\n3;z;4\n"


def whole(opened: Opened) -> tuple[Facts, list[object]]:
    """Facts, and everything that the blocks of a file hold, whatever its blocks are."""
    blocks = list(opened.blocks())
    tables = pa.concat_tables([block.table for block in blocks])
    unstored = {(place, row) for b in blocks for place, mask in b.unstored.items() for row in b.rows[mask].tolist()}
    marks = [
        np.concatenate([getattr(block, name) for block in blocks]).tolist()
        for name in ("rows", "encoding_repaired", "trailing_cut")
    ]
    return opened.facts, [tables.to_pylist(), *marks, [one for block in blocks for one in block.refused], unstored]


@pytest.mark.slow
def test_files_are_read_as_in_this_process(tmp_path: Path) -> None:
    for at, (name, data) in enumerate(seeds().items()):
        path = tmp_path / f"{at}-{Path(name).name}"
        path.write_bytes(data)
        expected = whole(open_table(path, name))
        opened = open_file(data, name)
        assert whole(opened) == expected, name
        assert whole(opened) == expected, name  # once more
        assert whole(open_file(path, name)) == expected, name


@pytest.mark.skipif(not LINUX, reason="where Linux tells of threads")
def test_readers_are_forked_from_a_process_of_one_thread() -> None:
    """What another thread holds in the moment of a fork stays held in the child."""
    whole(open_file(CSV, "a.csv"))
    assert isolation._HOST._process is not None
    assert len(os.listdir(f"/proc/{isolation._HOST._process.pid}/task")) == 1


def test_a_file_is_read_once_and_gives_its_blocks_as_often_as_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CSV)
    opened = open_file(path, "a.csv")
    first = whole(opened)
    isolation._HOST.stop()
    path.unlink()
    assert whole(opened) == first
    assert whole(open_file(CSV, "a.csv"))[1] == first[1]  # from a host that was started again


@pytest.mark.slow
def test_a_walk_may_be_left_at_any_place() -> None:
    opened = open_file(b"id;what\n" + b"1;x\n" * 2_000_000, "a.csv")
    blocks = opened.blocks()
    next(blocks)
    blocks.close()
    assert sum(block.read for block in opened.blocks()) == 2_000_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("grow", r"may take \(300 MB\)"), ("spin", r"may take \(1 s\)"), ("sleep", r"may take \(1 s\)"),
        ("crash", "stopped at it"), ("fail", "stopped at it"), ("fill", r"may take \(\d+ MB\)"),
    ],
)  # fmt: skip
def test_a_reader_dies_alone_and_one_sentence_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, words: str
) -> None:
    monkeypatch.setenv(base.MEMORY, "300")
    monkeypatch.setenv(base.SECONDS, "1")
    monkeypatch.setattr(base, "TEXT_FREE", 20_000_000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ImportProblem, match=words) as refused:
        isolation.result_of(f"tests.hostile.tasks:{task}", b"x", "a.csv", {})
    assert refused.value.message.values["name"] == "a.csv"
    assert list(tmp_path.iterdir()) == []
    assert whole(open_file(CSV, "a.csv"))[0].labels == ("id", "what")  # the next file is read as ever


@pytest.mark.skipif(not LINUX, reason="the second wall is Linux alone")
def test_a_reader_reaches_nothing_but_its_file_and_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside, source = tmp_path / "outside", tmp_path / "source.csv"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    source.write_bytes(CSV)
    monkeypatch.setenv("CURIM_SMTP_PASSWORD", "secret")
    isolation._HOST.stop()
    for given in (CSV, source):
        more = {"outside": str(outside), "parent": os.getpid(), "source": given is source}
        head, _ = isolation.result_of("tests.hostile.tasks:escape", given, "a.csv", more)
        assert head == {"done": [], "read": CSV.decode()}
    assert source.read_bytes() == CSV
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("secret", "secret")]


@pytest.mark.slow
def test_readers_end_with_the_process_that_asked(tmp_path: Path) -> None:
    """Also where that is killed: no reader goes on, and no folder stays."""
    code = (
        "import sys, tempfile, threading, time\n"
        f"tempfile.tempdir = {str(tmp_path)!r}\n"
        "from curim_data.containers import isolation\n"
        "given = ('tests.hostile.tasks:spin', b'x', 'a.csv', {})\n"
        "threading.Thread(target=isolation.result_of, args=given, daemon=True).start()\n"
        "time.sleep(1)\n"
        "print('reading', flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as asking:
        assert asking.stdout is not None
        assert asking.stdout.readline() == b"reading\n"
        folders = list(tmp_path.iterdir())
        asking.send_signal(signal.SIGKILL)
    assert len(folders) == 1
    patience = time.monotonic() + 20
    while list(tmp_path.iterdir()) and time.monotonic() < patience:
        time.sleep(0.05)
    assert list(tmp_path.iterdir()) == []
    assert not [words for words in _commands() if str(tmp_path).encode() in words]


def _commands() -> list[bytes]:
    """The environments and folders of all processes, where they can be seen."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.append(os.readlink(folder / "cwd").encode())
        except OSError:
            continue
    return found


def test_limits_grow_with_the_file_up_to_half_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "COMPUTER_MEMORY", 16 << 30)
    small, large, huge = (base.limits_for(size) for size in (1_500, 100_000_000, 1 << 40))
    assert small.memory == pytest.approx(1 << 30, rel=1e-3)
    assert large.memory == (1 << 30) + 24 * 100_000_000
    assert huge.memory == 8 << 30
    assert (small.seconds, large.seconds) == (60, 2_060)
    monkeypatch.setenv(base.MEMORY, "5000")
    monkeypatch.setenv(base.SECONDS, "7")
    assert (base.limits_for(1).memory, base.limits_for(1).seconds) == (5_000_000_000, 7)
    monkeypatch.setenv(base.SECONDS, "soon")
    with pytest.raises(ImportProblem, match="CURIM_READ_SECONDS is soon"):
        open_file(CSV, "a.csv")


def _block() -> Block:
    table = pa.table(
        {"0": pa.array(["α", "", "x"], pa.large_string()), "1": pa.array(["1", "2", "3"], pa.large_string())}
    )
    refused = (RejectedRecord(2, Reason.TOO_FEW_FIELDS, ("only",)), RejectedRecord(5, Reason.EMPTY_ROW, ()))
    flags = np.array([True, False, False])
    return Block(table, np.array([1, 3, 4]), flags, ~flags, refused, {1: flags})


def _sent(block: Block) -> list[bytearray]:
    sent = []
    for table in isolation.block_tables(block):
        sink = io.BytesIO()
        isolation.write_stream(sink, table)
        sent.append(bytearray(sink.getvalue()))
    return sent


def test_a_stream_that_lies_is_no_block() -> None:
    """Thousands of streams with wrong bytes: refused, or a block whose texts are texts and whose parts fit together."""
    stream, chance = _sent(_block())[0], random.Random(1)
    refused = 0
    for _ in range(4_000):
        wrong = bytearray(stream)
        for _ in range(chance.choice((1, 2, 8))):
            wrong[chance.randrange(len(wrong))] = chance.randrange(256)
        if chance.random() < 0.2:
            wrong = wrong[: chance.randrange(len(wrong))]
        try:
            block = isolation.block_of(isolation.read_stream(wrong), 2)
        except isolation.LIES:
            refused += 1
            continue
        block.table.validate(full=True)
        assert len(block.rows) == len(block.trailing_cut) == block.table.num_rows
    assert refused > 1_000


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_nothing_is_unpacked(compression: str) -> None:
    """A little that was packed may stand for a lot."""
    sink, table = io.BytesIO(), next(isolation.block_tables(_block()))
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as out:
        out.write_table(table)
    with pytest.raises(isolation.LIES):
        isolation.read_stream(sink.getvalue())


@pytest.mark.parametrize(
    "told",
    [
        b"{", b"[]", b"1", b'{"message": 1}', b'{"message": {"text": "{x.__class__}", "values": {}}}', b"[" * 100_000,
        b'{"message": {"text": "{0}", "values": {}}}', b'{"message": {"text": "a", "values": {"a": [1]}}}',
        b'{"message": {"text": "a", "values": {}}, "question": ["x"]}',
    ],
)  # fmt: skip
def test_a_refusal_that_is_none_is_not_believed(told: bytes) -> None:
    with pytest.raises(isolation.LIES):
        isolation.problem_of(json.loads(told))


def test_questions_come_back_as_they_were() -> None:
    asked = Question("sheet", "--sheet", Message("{n} of {x}", {"n": 3, "x": "ά"}), (Choice("a", Message("b")),))
    back = isolation.problem_of(json.loads(isolation.as_json(isolation.problem_values(asked))))
    assert isinstance(back, Question)
    assert (back.about, back.flag, back.message, back.choices) == ("sheet", "--sheet", asked.message, asked.choices)


@pytest.mark.slow
def test_a_large_block_is_sent_in_pieces() -> None:
    rows = 20
    table = pa.table({"0": pa.array(["x" * (isolation.LARGE // 8)] * rows, pa.large_string())})
    refused = (RejectedRecord(5, Reason.EMPTY_ROW, ("",)), RejectedRecord(15, Reason.EMPTY_ROW, ("",)))
    numbers = np.array([n for n in range(1, rows + 3) if n not in (5, 15)])
    block = Block(table, numbers, np.zeros(rows, bool), np.zeros(rows, bool), refused)
    parts = [isolation.block_of(isolation.read_stream(sent), 1) for sent in _sent(block)]
    assert all(part.table.nbytes <= isolation.LARGE for part in parts)
    assert np.concatenate([part.rows for part in parts]).tolist() == numbers.tolist()
    assert [one for part in parts for one in part.refused] == list(refused)
