from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, WriterProperties

from curim_data.importing.pipeline import import_file
from curim_data.model import Audience
from curim_data.protection import open_for
from curim_data.store import Batch, Home, Store, StoreError
from curim_data.store import erase as module
from curim_data.store.commits import ErasedList
from curim_data.store.erase import erase, finish_erasure, preview_erasure
from curim_data.store.home import create_home
from curim_data.store.writing import Staging
from tests.commands import Curim
from tests.faults.actions import copy

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
HEADER = "alert_id;reported_at;category;status;latitude;longitude"


def rows(*lines: tuple[str, str]) -> bytes:
    told = [f"{name};2025-03-01T10:00;graffiti;{status};37.943;23.647" for name, status in lines]
    return "\n".join([HEADER, *told, ""]).encode()


FIRST = rows(("KEEP-1", "open"), ("GONE-2", "open"), ("VICTIMS", "open"), ("VICTIMS", "resolved"), ("", "open"))
LATER = rows(("KEEP-1", "resolved"), ("GONE-2", "resolved"))
BROKEN = b"alert_id;reported_at;category;latitude;longitude\nGONE-2;?;x;;\nKEEP-9;?;x;;\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = create_home(tmp_path_factory.mktemp("made") / "home")
    for data in (FIRST, LATER, BROKEN):
        import_file(made, data, "file.csv", now=NOW)
    return made


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    return copy(made, tmp_path / "home")


def ids(home: Home) -> list[str]:
    return sorted(Store(home).read(["alert_id"])["alert_id"].to_pylist())


def everything(home: Home) -> str:
    """All that the home's files hold, compressed columns too."""
    told: list[str] = []
    for path in (path for path in home.path.rglob("*") if path.is_file()):
        told.append(path.name + path.read_bytes().decode("latin-1"))
        if path.suffix == ".parquet":
            told.append(str(pq.ParquetFile(path).read().to_pydict()))
    return "".join(told)


def test_an_erased_alert_is_nowhere(home: Home) -> None:
    assert "GONE-2" in everything(home)
    ahead = preview_erasure(home, ["GONE-2"])
    assert ahead == erase(home, ["GONE-2"])
    assert (ahead.alerts, ahead.quarantined, ahead.sealed) == (1, 1, 3)
    assert "GONE-2" not in everything(home)
    assert "KEEP-1" in everything(home)
    assert len(ids(home)) == 4
    assert [b.read for b in Store(home).batches()] == [5, 2, 2]
    assert Store(home).quarantine(Store(home).batches()[2].id)["alert_id"].tolist() == ["KEEP-9"]


def test_an_erased_alert_is_nowhere_after_its_export_was_imported_again(home: Home) -> None:
    erase(home, ["GONE-2"])
    report = import_file(home, FIRST, "file.csv", now=NOW)
    assert report.batch.reasons == {"erased": 1}
    aside = Store(home).quarantine(report.batch.id)
    assert aside["row"].tolist() == [2]
    assert aside[["alert_id", "reported_at", "category", "latitude", "longitude"]].eq("").all(axis=None)
    broken = import_file(home, BROKEN, "file.csv", now=NOW)
    assert broken.batch.reasons == {"erased": 1, "no_date": 1}
    columns = Store(home).quarantine(broken.batch.id)[["column", "value"]]
    assert columns.values.tolist() == [["", ""], ["reported_at", ""]]
    import_file(home, BROKEN.replace(b"?;x;;", b"?;x;;;y;z"), "file.csv", now=NOW)
    assert "GONE-2" not in everything(home)


def test_imports_before_an_erasure_cannot_be_undone_and_later_ones_can(home: Home) -> None:
    erase(home, ["GONE-2"])
    before = Store(home).batches()
    for batch in before:
        with pytest.raises(StoreError, match=r"cannot be undone: alerts were erased on .* gone for good"):
            Store(home).undo(batch.id)
    later = import_file(home, rows(("KEEP-1", "rejected"), ("NEW", "open")), "later.csv", now=NOW).batch
    report = Store(home).undo(later.id)
    assert (report.removed, report.restored, report.kept) == (1, 1, 0)
    assert [b.sealed is None for b in Store(home).batches()] == [False, False, False, True]
    erase(home, ["KEEP-1"])
    assert [b.undone for b in Store(home).batches()] == [False, False, False, True]
    assert Store(home).batches()[0].sealed == before[0].sealed
    assert len(ids(home)) == 3


def test_unknown_ids_are_named_and_the_record_of_an_erasure_keeps_its_words(home: Home, tmp_path: Path) -> None:
    before = Store(home).version(), sorted(path.name for path in home.path.iterdir())
    with pytest.raises(StoreError, match=r"no alert “NOBODY”, “NONE”\. Nothing was erased"):
        erase(home, ["GONE-2", "NONE", "NOBODY"])
    assert before == (Store(home).version(), sorted(path.name for path in home.path.iterdir()))
    with pytest.raises(StoreError, match="no alert"):
        erase(create_home(tmp_path / "empty"), ["GONE-2"])
    erase(home, ["GONE-2"])
    records = [json.loads(entry["curim"]) for entry in DeltaTable(str(home.alerts)).history() if "curim" in entry]
    (record,) = (record for record in records if "erase" in record)
    assert set(record) == {"erase", "log", "secret"}, "homes of earlier versions are read by these keys"
    assert {"id", "when", "file_name"} <= set(record["log"][0])


def test_the_list_knows_the_alert_again_and_names_nobody(home: Home) -> None:
    stored = Store(home).read(["alert_id", "incident_id", "content_hash"])
    nameless = stored.filter(pc.is_null(stored["incident_id"]))["alert_id"].to_pylist()
    erase(home, ["GONE-2", "VICTIMS#2", *nameless])
    names = stored["alert_id"].to_pylist()
    told = dict(zip(names, ErasedList(home).mask(stored["incident_id"], stored["content_hash"]), strict=True))
    assert {name for name, gone in told.items() if gone} == {"GONE-2", "VICTIMS#2", *nameless}
    other = pa.array(["other content"] * 3)
    assert ErasedList(home).mask(pa.array(["GONE-2", "VICTIMS", None]), other).tolist() == [True, False, False]
    listed = (home.path / "erased.txt").read_text("ascii").split()
    assert sorted({line[0] for line in listed}) == ["c", "i"]
    assert {len(line) for line in listed} == {33}
    assert (home.path / "erased.key").stat().st_mode & 0o077 == 0
    (home.path / "erased.key").unlink()
    with pytest.raises(StoreError, match=r"erased\.key is missing"):
        erase(home, ["KEEP-1"])
    assert not (home.path / "erase.json").exists()


def test_what_an_undo_or_an_import_that_was_cut_short_left_behind_goes_too(home: Home) -> None:
    left = home.work / "undo-x"
    left.mkdir(parents=True)
    pq.write_table(Store(home).read(), left / "earlier.parquet")
    (home.work / "curim-x").write_text("GONE-2", "utf-8")  # where the system cannot keep a file without a name
    erase(home, ["GONE-2"])
    assert "GONE-2" not in everything(home)
    assert not (home.work / "curim-x").exists()


def test_an_import_that_was_read_before_the_erasure_does_not_bring_the_alert_back(home: Home) -> None:
    alerts = Store(home).read()
    staged = alerts.append_column("row", pa.array(range(alerts.num_rows), pa.int64()))
    staged = staged.append_column("twin", pa.repeat(pa.scalar(0, pa.int64()), alerts.num_rows))
    with Staging(home.work / "one") as staging:
        staging.add(staged)
        erase(home, ["GONE-2"])
        before = Store(home).version()
        batch = Batch("one", "file.csv", "", "curim", NOW, "1", read=alerts.num_rows)
        with pytest.raises(StoreError, match="erased while the file was read"):
            Store(home).write_staged(staging, batch, home.path / "none.parquet")
    assert Store(home).version() == before
    assert "GONE-2" not in ids(home)


@pytest.mark.slow
@pytest.mark.parametrize("step", ["ErasedList.add", "_rewrite", "_scrub", "_purge"])
def test_an_erasure_that_was_cut_short_is_finished(home: Home, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"{module.__name__}.{step}", stop)
    with pytest.raises(KeyboardInterrupt):
        erase(home, ["GONE-2"])
    monkeypatch.undo()
    assert "GONE-2" in everything(home)
    open_for(home, Audience.ANALYST)  # as whoever reads next does
    assert "GONE-2" not in everything(home)
    assert (len(ids(home)), len(Store(home).batches())) == (4, 3)
    finish_erasure(home)


def test_a_table_whose_log_tells_of_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import curim_data.store.commits as log
    import curim_data.store.writing as files

    home = create_home(tmp_path / "home")
    with monkeypatch.context() as older:
        older.setattr(files, "_WRITER", WriterProperties())  # with the smallest and largest id of each file
        older.setattr(log, "CONFIGURATION", {k: v for k, v in log.CONFIGURATION.items() if k not in log.STATISTICS})
        import_file(home, FIRST, "file.csv", now=NOW)
    logged = home.alerts / "_delta_log"
    assert any(b"GONE-2" in path.read_bytes() or b"KEEP-1" in path.read_bytes() for path in logged.iterdir())
    erase(home, ["GONE-2", "KEEP-1"])
    assert [name for name in ("GONE-2", "KEEP-1") if name in everything(home)] == []
    import_file(home, rows(("ZZZ", "open")), "file.csv", now=NOW)
    assert not any(b"ZZZ" in path.read_bytes() for path in logged.iterdir())
    assert len(Store(home).batches()) == 2


def test_the_id_column_of_rows_set_aside(home: Home) -> None:
    path = next(home.quarantine.glob("*.parquet"))
    table = pq.read_table(path).append_column("other", pa.array(["VICTIMS", "x"]))
    pq.write_table(table.replace_schema_metadata({module.ID_COLUMN: b"alert_id"}), path)
    assert preview_erasure(home, ["VICTIMS"]).quarantined == 0
    pq.write_table(table.replace_schema_metadata(None), path)
    assert preview_erasure(home, ["VICTIMS"]).quarantined == 1


def test_the_command_says_first_what_will_be_gone(curim: Curim, home: Home) -> None:
    where, before = ["--home", str(home.path)], Store(home).version()
    told = curim.refuses("erase", "GONE-2", *where)
    words = ("alerts: 1, quarantined rows: 1", "not be undone any more: 3", "--yes")
    assert [one for one in words if one not in told] == []
    assert Store(home).version() == before
    assert "“NONE”" in curim.refuses("erase", "GONE-2", "NONE", "--yes", *where)
    done = curim.answer(home, "erase", "GONE-2", "--yes")
    assert done == {"erased": 1, "quarantined_erased": 1, "imports_sealed": 3}
    assert "1 alert was erased for good." in curim.says(home, "erase", "KEEP-1", "--yes")
