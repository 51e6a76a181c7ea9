from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curim_data.importing.pipeline import import_file
from curim_data.model import SCHEMA, Message
from curim_data.store import Batch, Home, Store, StoreError, has_alerts, writing
from curim_data.store.alert_table import new_batch_id
from curim_data.store.home import create_home
from curim_data.store.writing import StagedResult, Staging
from tests.effort import in_full
from tests.small import alert

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
HEADER = "alert_id;reported_at;category;status;latitude;longitude"
BAD = b"a;reported_at;category;latitude;longitude\n1;never;x;;\n"


def export(ids: range, status: str = "open", prefix: str = "A") -> bytes:
    lines = [f"{prefix}{n};2025-03-{n % 28 + 1:02d}T10:00;graffiti;{status};37.943;23.647" for n in ids]
    return "\n".join([HEADER, *lines, ""]).encode()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return create_home(tmp_path / "home")


def take(home: Home, data: bytes, name: str = "file.csv") -> str:
    return import_file(home, data, name, now=NOW).batch.id


def content(home: Home) -> pd.DataFrame:
    return pd.DataFrame(Store(home).read().to_pandas().sort_values("alert_id").reset_index(drop=True))


def test_the_version_changes_with_each_commit_and_the_log_is_kept(home: Home) -> None:
    seen = {Store(home).version()}
    for data in (export(range(5)), export(range(5)), BAD):
        take(home, data)
        seen.add(Store(home).version())
    assert len(seen) == 4
    counts = [(b.read, b.accepted, b.duplicate, b.quarantined) for b in Store(home).batches()]
    assert counts == [(5, 5, 0, 0), (5, 0, 5, 0), (1, 0, 0, 1)]
    assert Store(home).batches()[2].reasons == {"bad_date": 1}
    assert has_alerts(home)


def test_the_log_is_read_again_only_after_a_further_commit(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    take(home, export(range(3)))
    version, files = Store(home).state()
    with monkeypatch.context() as patched:
        patched.setattr(Store, "table", lambda _: pytest.fail("the log was read"))
        assert Store(home).state() == (version, files)
        assert Store(home).count() == 3
    Store(home).state()[1].clear()  # what a caller does to its list stays with it
    assert Store(home).files() == files
    shutil.copytree(home.path, home.path.with_name("beside"))
    take(home, export(range(3, 5)))
    assert Store(home).version() != version
    assert Store(home).count() == 5
    shutil.rmtree(home.path)
    assert Store(home).state() == ("empty", [])
    home.path.with_name("beside").rename(home.path)
    assert Store(home).count() == 3


def test_undo_brings_back_what_was_there(home: Home) -> None:
    take(home, export(range(10)))
    before = content(home)
    second = take(home, export(range(5, 15), "resolved"))
    assert len(content(home)) == 15
    report = Store(home).undo(second)
    assert (report.removed, report.restored, report.kept) == (5, 5, 0)
    pd.testing.assert_frame_equal(content(home), before)
    assert [batch.undone for batch in Store(home).batches()] == [False, True]
    with pytest.MonkeyPatch.context() as patch:  # its log cannot be listed just now
        patch.setattr("curim_data.store.alert_table.newest_commit", lambda _: None)
        assert len(Store(home).batches()) == 2
    take(home, export(range(5, 15), "resolved"))
    assert len(content(home)) == 15


def test_what_the_alerts_are_without_the_last_import_is_what_its_undo_gives(home: Home) -> None:
    store = Store(home)
    assert store.version_without_last_import() is None
    first = take(home, export(range(4)))
    before = store.alerts_version()
    second = take(home, export(range(4, 8)))
    assert store.version_without_last_import() == before
    store.undo(second)
    assert store.alerts_version() == before
    second = take(home, export(range(4, 8)))
    store.undo(first)  # what the second import found is not what is left without it
    assert store.version_without_last_import() is None
    store.undo(second)
    take(home, export(range(6)))
    take(home, export(range(2), "resolved"))  # changes alerts, so that they are written anew
    assert store.version_without_last_import() is None


def test_undo_leaves_alone_what_a_later_import_has_changed(home: Home) -> None:
    first = take(home, export(range(4)))
    take(home, export(range(2), "resolved"))
    report = Store(home).undo(first)
    assert (report.removed, report.restored, report.kept) == (2, 0, 2)
    assert content(home)["status"].tolist() == ["resolved", "resolved"]


def test_undo_passes_over_imports_that_were_undone_before(home: Home) -> None:
    take(home, export(range(2)))
    before = content(home)
    second = take(home, export(range(2), "confirmed"))
    third = take(home, export(range(2), "resolved"))
    assert Store(home).undo(second).kept == 2
    assert Store(home).undo(third).restored == 2
    pd.testing.assert_frame_equal(content(home), before)


def test_undo_of_everything_and_of_an_import_that_changed_nothing(home: Home) -> None:
    first = take(home, export(range(3)))
    second = take(home, export(range(3)))
    assert Store(home).undo(second).removed == 0
    assert Store(home).undo(first).removed == 3
    assert Store(home).count() == 0
    with pytest.raises(StoreError, match="undone before"):
        Store(home).undo(first)
    with pytest.raises(StoreError, match="There is no import"):
        Store(home).undo("nothing")
    with pytest.raises(StoreError, match="There is no import"):
        Store(home).quarantine("nothing")


def test_undo_makes_stale_columns_anew(home: Home) -> None:
    take(home, export(range(2)))
    second = take(home, export(range(2), "resolved"))
    city = home.city_folder / "landmarks.toml"
    city.write_text(city.read_text("utf-8") + "\n# edited\n", "utf-8")
    Store(home).undo(second)
    assert set(Store(home).read(["profile_version"])["profile_version"].to_pylist()) == {home.city().version}


def test_a_broken_table_is_one_clear_sentence(home: Home) -> None:
    for number in range(3):
        take(home, export(range(number, number + 2)))
    entries = sorted((home.alerts / "_delta_log").glob("*.json"))
    whole = {entry: entry.read_bytes() for entry in entries}
    assert len(entries) >= 3
    for broken, told in (
        (entries, f"damaged: {len(entries)} of its {len(entries)} entries cannot be read"),
        ([entries[0], entries[-1]], f"damaged: 2 of its {len(entries)} entries cannot be read"),
        (entries[-1:], f"was cut off.*Remove alerts/_delta_log/{entries[-1].name}"),
    ):
        for harm in (b"{broken", b"", whole[entries[-1]][:40], b"[1]", b"\xff\xfe"):
            for entry in entries:
                entry.write_bytes(harm if entry in broken else whole[entry])
            with pytest.raises(StoreError, match=told) as refused:
                take(home, export(range(2)))
            assert ("Remove" in str(refused.value)) == (len(broken) == 1)
    for entry in entries:
        entry.write_bytes(whole[entry])
    assert Store(home).count() == 4


def test_rows_set_aside_by_an_import_that_fails_are_not_kept(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StoreError(Message("No."))

    take(home, BAD)
    kept = list(home.quarantine.iterdir())
    monkeypatch.setattr(writing, "write_alerts", fail)
    with pytest.raises(StoreError):
        take(home, BAD)
    assert list(home.quarantine.iterdir()) == kept


def alerts_of(folder: Path, *files: bytes) -> pa.Table:
    """The alerts of files as an import makes them (alert.SCHEMA and row)."""
    made = create_home(folder / f"made-{len(list(folder.iterdir()))}")
    for data in files:
        take(made, data)
    alerts = Store(made).read().sort_by("alert_id")
    alerts = alerts.append_column("twin", pa.repeat(pa.scalar(0, pa.int64()), alerts.num_rows))
    return alerts.append_column("row", pa.array(range(1, alerts.num_rows + 1), pa.int64()))


def batch_of(alerts: pa.Table, name: str = "staged.csv") -> Batch:
    return Batch(new_batch_id(NOW), name, "0" * 64, "curim", NOW, "1", read=alerts.num_rows)


def send(home: Home, alerts: pa.Table, quarantine: Path = Path("none")) -> StagedResult:
    batch = batch_of(alerts)
    where = alerts.schema.get_field_index("batch_id")
    alerts = alerts.set_column(where, alerts.schema.field(where), pa.repeat(pa.scalar(batch.id), alerts.num_rows))
    with Staging(home.work / batch.id) as staging:
        for at in range(0, alerts.num_rows, 7):
            staging.add(alerts.slice(at, 7))
        return Store(home).write_staged(staging, batch, quarantine)


def test_what_was_matched_before_the_store_changed_is_matched_again(home: Home, tmp_path: Path) -> None:
    alerts = alerts_of(tmp_path, export(range(20)))
    batch = batch_of(alerts)
    with Staging(home.work / batch.id) as staging:
        staging.add(alerts)
        found = Store(home).match_staged(staging, batch)
        assert found.batch.accepted == 20
        send(home, alerts.slice(0, 15))
        done = Store(home).write_staged(staging, batch, Path("none"), found)
        assert (done.batch.accepted, done.batch.duplicate) == (5, 15)
    assert content(home)["alert_id"].is_unique
    assert Store(home).count() == 20


def test_new_alerts_are_matched_again_where_another_writer_was_faster(home: Home, tmp_path: Path) -> None:
    alerts, faster = alerts_of(tmp_path, export(range(20))), [alerts_of(tmp_path, export(range(5)))]
    write_import = writing.write_import

    def late(*given: Any) -> None:
        if faster:
            send(home, faster.pop())
        write_import(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "write_import", late)
        told = send(home, alerts).batch
    assert (told.accepted, told.updated, told.duplicate) == (15, 0, 5)
    assert sorted(content(home)["alert_id"]) == sorted(alerts["alert_id"].to_pylist())


def test_counts_are_those_of_the_changed_rows(home: Home, tmp_path: Path) -> None:
    lines = ["1;2025-03-01T10:00;graffiti;open;;", "2;2025-03-01T10:00;graffiti;open;48.85;2.35"]
    lines.append("3;2025-03-01T10:00;graffiti;open;23.647;37.943")
    alerts = alerts_of(tmp_path, "\n".join([HEADER, *lines, ""]).encode())
    assert alerts.num_rows == 3
    first = send(home, alerts).batch
    assert (first.unmapped, first.outside, first.repaired) == (1, 1, 1)
    again = send(home, alerts).batch
    assert (again.unmapped, again.outside, again.repaired) == (0, 0, 0)


@in_full
def test_many_small_imports_become_few_files_and_can_still_be_undone(home: Home, tmp_path: Path) -> None:
    alerts = alerts_of(tmp_path, export(range(55)))
    sent = [send(home, alerts.slice(n, 1)).batch.id for n in range(55)]
    assert len(Store(home).files()) < 10
    assert len(Store(home).batches()) == 55
    Store(home).undo(sent[7])
    assert set(content(home)["alert_id"]) == {f"A{n}" for n in range(55)} - set(
        alerts.slice(7, 1)["alert_id"].to_pylist()
    )


def test_the_log_names_no_alert(home: Home, tmp_path: Path) -> None:
    for status in ("open", "resolved"):
        send(home, alerts_of(tmp_path, export(range(3), status, prefix="SECRET")))
    Store(home).undo(Store(home).batches()[-1].id)
    logged = b"".join(path.read_bytes() for path in (home.alerts / "_delta_log").iterdir())
    assert b"local_date" in logged
    assert b"SECRET" not in logged


def test_a_change_of_the_profile_that_fails_changes_nothing(home: Home) -> None:
    take(home, export(range(3)))
    before = Store(home).version()

    def fail(_alerts: pa.Table) -> pa.Table:
        raise KeyError("district")

    with pytest.raises(KeyError, match="district"):
        Store(home).rewrite(fail, "x")
    assert Store(home).version() == before
    assert Store(home).rewrite(lambda alerts: alerts, "x") == 3
    assert Store(home).count() == 3


def test_alerts_of_an_import_are_found_in_files_of_either_kind_of_text(tmp_path: Path) -> None:
    """Of the writers of the store's files some keep texts as views."""
    rows = [alert(number, batch_id=f"b{number % 2}") for number in range(6)]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    texts = {field.name: pa.string_view() for field in SCHEMA if pa.types.is_string(field.type)}
    views = table.cast(pa.schema([field.with_type(texts.get(field.name, field.type)) for field in SCHEMA]))
    files = [str(tmp_path / name) for name in ("texts.parquet", "άλλα 2.parquet")]
    for path, part in zip(files, (table, views), strict=True):
        pq.write_table(part, path)
    found = writing.ids_of_import(files, "b1")
    assert found.type == pa.string()
    assert found.to_pylist() == ["a1", "a3", "a5"] * 2
    assert not len(writing.ids_of_import([], "b1"))
