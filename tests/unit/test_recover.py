from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import os
import pkgutil
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.forkserver import ensure_running
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curim_data.cli import main
from curim_data.importing import pipeline
from curim_data.model import ImportProblem, Message, Translator
from curim_data.store import Batch, Home, Store, StoreError, alert_table
from curim_data.store.alert_table import FIRST, NOTE, import_folder, remove_interrupted
from curim_data.store.home import create_home, try_lock
from curim_data.store.writing import Staging

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
ROWS = 3_000
NOTHING = pa.table({"row": pa.array([], pa.int64())})

# Steps of an import in their order, whether each is finished when the signal comes, and whether the alerts are stored.
STREAMS = ("curim_data.store.writing.prefetch",)  # gives its pieces one by one
STEPS = (
    ("curim_data.store.writing.Staging.add", True, False),
    ("curim_data.store.alert_table.Store._set_aside", True, False),
    ("curim_data.store.writing.match_staged", True, False),
    ("curim_data.store.writing.prefetch", False, False),
    ("curim_data.store.writing.prefetch", True, False),
    ("curim_data.store.writing.write_alerts", True, True),
    ("curim_data.store.alert_table.Store._compact", True, True),
    ("curim_data.store.writing.Staging.remove", True, True),
)
APPENDED = STEPS[4:6]  # the same where an import changes no stored alert

PROCESSES = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    """Children begin with the modules loaded, so that the moment of a signal falls into their work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        PROCESSES.set_forkserver_preload([__name__])
        ensure_running()
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Parquet file of alerts as an import makes them."""
    folder = tmp_path_factory.mktemp("made")
    lines = [f"A{n};2025-03-{n % 28 + 1:02d}T10:00;graffiti;37.943;23.647" for n in range(ROWS)]
    data = "\n".join(["alert_id;reported_at;category;latitude;longitude", *lines, ""]).encode()
    home = create_home(folder / "home")
    pipeline.import_file(home, data, "file.csv", now=NOW)
    alerts = Store(home).read().append_column("row", pa.array(range(ROWS), pa.int64()))
    alerts = alerts.append_column("twin", pa.repeat(pa.scalar(0, pa.int64()), ROWS))
    pq.write_table(alerts, folder / "alerts.parquet")
    return folder / "alerts.parquet"


def bring(path: Path, made: Path, batch_id: str, rows: int, status: str = "open") -> None:
    """Import the first rows of the alerts; another status is another content."""
    home = Home(path)
    with import_folder(home, f"{batch_id}.csv", batch_id) as folder, Staging(folder) as staging:
        alerts = pq.read_table(made).slice(0, rows)
        content = pa.array([f"{text}-{status}" for text in alerts["content_hash"].to_pylist()])
        for name, column in (
            ("content_hash", content),
            ("status", pa.repeat(pa.scalar(status), rows)),
            ("batch_id", pa.repeat(pa.scalar(batch_id), rows)),
        ):
            where = alerts.schema.get_field_index(name)
            alerts = alerts.set_column(where, alerts.schema.field(name), column)
        for at in range(0, rows, 1000):
            staging.add(alerts.slice(at, 1000))
        batch = Batch(batch_id, f"{batch_id}.csv", "0" * 64, "curim", NOW, "1", read=rows)
        aside = pa.table({"row": [rows], "column": [""], "value": [""], "reason": ["empty_row"]})
        pq.write_table(aside, folder / "quarantine.parquet")
        Store(home).write_staged(staging, batch, folder / "quarantine.parquet")


def bring_and_tell(begun: Connection, *given: Any) -> None:
    """`bring`, with a word to the one who started it when it begins."""
    begun.send_bytes(b"begun")
    bring(*given)


def bring_and_die(step: str, finished: bool, *given: Any) -> None:
    """`bring`, killed where it comes to a step, or where it has finished it."""
    where, _, name = step.rpartition(".")
    owner = pkgutil.resolve_name(where)
    original = getattr(owner, name)

    def dying(*given: Any, **named: Any) -> Iterator[Any]:
        if finished:
            result = original(*given, **named)
            yield from result if isinstance(result, Iterator) else ()
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, dying if step in STREAMS else lambda *given, **named: list(dying(*given, **named)))
    bring(*given)


def start(*given: Any) -> tuple[Connection, BaseProcess]:
    """An import in a process of its own, and the end of a pipe that is told when it begins."""
    begun, telling = PROCESSES.Pipe(duplex=False)
    worker = PROCESSES.Process(target=bring_and_tell, args=(telling, *given))
    worker.start()
    telling.close()
    return begun, worker


def leave(home: Home, batch_id: str, new: bool = False) -> None:
    """What an import that was killed leaves behind."""
    folder = home.work / batch_id
    folder.mkdir(parents=True)
    (folder / "staged.parquet").write_bytes(b"PAR1")
    if new:
        create_home(folder / FIRST)
    note = {"file": f"{batch_id}.csv", "when": NOW.isoformat(), "batch": batch_id, "pid": 1, "new": new}
    (folder / NOTE).write_text(json.dumps(note), "utf-8")
    home.quarantine.mkdir(exist_ok=True)
    pq.write_table(NOTHING, home.quarantine / f"{batch_id}.parquet")


def cut_short(home: Home, batch_id: str, *, gives: bool) -> None:
    """A first import that fails once the home has a city, which the import gave or a person."""
    with suppress(StoreError), import_folder(home, f"{batch_id}.csv", batch_id) as folder:
        if gives:
            create_home(folder / FIRST)
        Store(create_home(home.path)).undo("none")


def test_an_import_that_runs_is_not_interrupted_and_leaves_nothing(home: Home) -> None:
    with import_folder(home, "file.csv", "one") as folder:
        assert json.loads((folder / NOTE).read_text("utf-8"))["pid"] == os.getpid()
        assert remove_interrupted(home) == ()
        assert folder.is_dir()
    assert list(home.work.iterdir()) == []
    with pytest.raises(KeyError), import_folder(home, "file.csv", "two"):
        raise KeyError
    assert list(home.work.iterdir()) == []


def test_a_dry_run_works_in_the_home_and_is_not_reported(home: Home) -> None:
    notes = list[str]()

    def look(*_: object) -> None:
        notes.extend(path.read_text("utf-8") for path in home.work.glob(f"*/{NOTE}"))

    data = b"alert_id;reported_at;category;latitude;longitude\nA1;2025-03-01T10:00;graffiti;37.943;23.647\n"
    pipeline.import_file(home, data, "file.csv", dry_run=True, now=NOW, progress=look)
    assert set(notes) == {"{}"}
    assert list(home.work.iterdir()) == []


def test_the_city_of_a_failed_import_is_read_before_others_may_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks, read = list[bool](), alert_table._made_city

    def spy(folder: Path) -> str | None:
        with (folder / NOTE).open("r+") as handle:
            locks.append(try_lock(handle))
        return read(folder)

    monkeypatch.setattr(alert_table, "_made_city", spy)
    cut_short(Home(tmp_path / "new"), "one", gives=True)
    assert locks == [False]


def test_what_was_cut_short_is_told_once_and_removed(home: Home, made: Path, t: Translator) -> None:
    bring(home.path, made, "stored", 10)
    leave(home, "stored")
    leave(home, "lost")
    found = remove_interrupted(home)
    assert {cut.batch: cut.committed for cut in found} == {"stored": True, "lost": False}
    said = {cut.batch: t(cut.message) for cut in found}
    assert said["lost"].startswith("The import of lost.csv on 24 Nov 2026, ")
    assert said["lost"].endswith(" was cut short: nothing of it was stored. Import the file again.")
    assert said["stored"].endswith(" had been stored before it was cut short: nothing is to be done.")
    assert remove_interrupted(home) == ()
    assert list(home.work.iterdir()) == []
    assert [path.stem for path in home.quarantine.iterdir()] == ["stored"]


def test_a_note_that_was_cut_short_itself(home: Home) -> None:
    for name, text in (("new-1", ""), ("new-2", '{"file": "x'), ("new-3", "[]"), ("try-4", "{}")):
        (home.work / name).mkdir(parents=True)
        (home.work / name / NOTE).write_text(text, "utf-8")
    (home.work / "new").mkdir()
    (home.work / "old").mkdir()
    os.utime(home.work / "old", (0, 0))
    assert remove_interrupted(home) == ()
    assert [path.name for path in home.work.iterdir()] == ["new"]


def test_the_city_of_a_first_import_goes_with_it(tmp_path: Path, made: Path) -> None:
    home = Home(tmp_path / "home")
    cut_short(home, "one", gives=True)
    assert not home.has_city()
    leave(home, "two", new=True)
    create_home(home.path)
    with import_folder(home, "other.csv", "three"):
        assert len(remove_interrupted(home)) == 1
        assert home.has_city()
    leave(home, "four", new=True)
    remove_interrupted(home)
    assert not home.has_city()
    assert list(home.work.iterdir()) == []
    bring(create_home(home.path).path, made, "five", 10)
    leave(home, "six", new=True)
    remove_interrupted(home)
    assert home.has_city()


def test_a_city_that_a_person_gave_meanwhile_stays(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    cut_short(home, "one", gives=False)
    assert home.has_city()
    leave(home, "two", new=True)
    head = home.city_folder / "city.toml"
    head.write_text(head.read_text("utf-8") + "# by hand\n", "utf-8")
    remove_interrupted(home)
    assert home.has_city()
    assert list(home.work.iterdir()) == []


def test_an_import_says_that_it_runs_while_it_reads_and_makes_no_home_of_a_refused_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, notes = Home(tmp_path / "home"), []

    def read(*_: object, **__: object) -> None:
        notes.extend(home.work.glob(f"*/{NOTE}"))
        raise ImportProblem(Message("No."))

    monkeypatch.setattr(pipeline, "open_export", read)
    with pytest.raises(ImportProblem):
        pipeline.import_file(home, b"", "file.csv", now=NOW)
    assert len(notes) == 1
    assert not home.path.exists()


@pytest.mark.parametrize("city", [True, False])
def test_the_command_line_tells_it_once(tmp_path: Path, capsys: pytest.CaptureFixture[str], city: bool) -> None:
    home = create_home(tmp_path) if city else Home(tmp_path)
    leave(home, "lost")
    for said in (True, False):
        assert main(["batches", "--home", str(tmp_path), "--lang", "en", "--json"]) == (0 if city else 2)
        told = capsys.readouterr().err
        assert ("lost.csv" in told) == said
        assert ("There is no city" in told) != city


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "finished", "committed", "status"),
    [*((*step, "resolved") for step in STEPS), *((*step, "open") for step in APPENDED)],
)
def test_imports_killed_at_each_step(
    home: Home, made: Path, step: str, finished: bool, committed: bool, status: str
) -> None:
    bring(home.path, made, "first", ROWS // 2)
    worker = PROCESSES.Process(target=bring_and_die, args=(step, finished, home.path, made, "batch", ROWS, status))
    worker.start()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL
    assert Store(home).count() == (ROWS if committed else ROWS // 2)
    assert Store(home).read(["status"])["status"].unique().to_pylist() == [status if committed else "open"]
    assert len(Store(home).quarantine("first")) == 1
    assert [(cut.batch, cut.committed) for cut in remove_interrupted(home)] == [("batch", committed)]
    assert [path.stem for path in sorted(home.quarantine.iterdir())] == ["batch", "first"][not committed :]
    bring(home.path, made, "again", ROWS, status)
    assert Store(home).count() == ROWS
    again = Store(home).batches()[-1]
    known = (0, ROWS // 2) if status == "open" else (ROWS // 2, 0)
    told = (0, 0, ROWS) if committed else (ROWS // 2, *known)
    assert (again.accepted, again.updated, again.duplicate) == told


@pytest.mark.slow
def test_two_imports_at_once_while_others_read(home: Home, made: Path) -> None:
    bring(home.path, made, "first", 1_000)
    begun, workers = zip(
        *(start(home.path, made, f"batch-{rows}", rows, "resolved") for rows in (2_000, 3_000)), strict=True
    )
    assert [end.recv_bytes() for end in begun] == [b"begun"] * 2
    seen = set()
    while any(worker.exitcode is None for worker in workers):
        files = Store(home).files()
        seen.add(sum(pq.read_table(file, columns=["alert_id"]).num_rows for file in files))
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert seen <= {1_000, 2_000, 3_000}
    assert Store(home).count() == 3_000
    told = {batch.id: (batch.accepted, batch.updated, batch.duplicate) for batch in Store(home).batches()}
    assert told in (
        {"first": (1_000, 0, 0), "batch-2000": (1_000, 1_000, 0), "batch-3000": (1_000, 0, 2_000)},
        {"first": (1_000, 0, 0), "batch-3000": (2_000, 1_000, 0), "batch-2000": (0, 0, 2_000)},
    )
    assert set(Store(home).read(["status"])["status"].unique().to_pylist()) == {"resolved"}
