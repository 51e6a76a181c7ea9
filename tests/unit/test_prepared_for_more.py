"""What is prepared after an import of few alerts is made of what was prepared before it: the same as made of all."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import sample_data
from curim_data import query
from curim_data.engine import Source, columns, earlier, open_source
from curim_data.engine import source as engine
from curim_data.engine.facts import measure
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import Audience
from curim_data.protection import drawn, errors, open_for
from curim_data.protection.copy import write_copy
from curim_data.protection.releases import secret
from curim_data.quality import positions
from curim_data.query import _default_points
from curim_data.store import Home, Store
from curim_data.store.draws import SECRET, draws_folder, write_secret
from curim_data.store.home import create_home
from curim_data.studies import preparation
from curim_data.studies.preparation import prepare
from tests.unit.test_extension import told
from tests.unit.test_preparation import forget

ALL = AlertFilter(period="all")
NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
HEADER, *LINES = sample_data.MAIN_EXPORT.read_text("utf-8-sig").splitlines(keepends=True)
KNOWN = LINES[::6][:6_000]  # of all years
OTHERS = LINES[1::6]
FIRST = len(KNOWN)
SENSITIVE = [line for line in KNOWN if ";following;" in line or ";harassment_verbal;" in line]
AGAIN = 20  # alerts that have the number of a known sensitive one


def more(rng: Random, name: str, n: int) -> bytes:
    """Alerts with the place and time of known ones, or of others, and some of an incident that is known by its number:
    another row beside the one that is stored.
    """
    rows = []
    for number, line in enumerate(rng.sample(KNOWN, n // 2) + rng.sample(OTHERS, n - n // 2 - AGAIN)):
        _, rest = line.split(";", 1)
        rows.append(f"{name}-{number};{rest}")
    for line in rng.sample(SENSITIVE, AGAIN):
        first, confirmations, rest = line.rsplit(";", 4)[0], line.split(";")[14], line.rsplit(";", 3)[1:]
        rows += [line, ";".join((first, str(int(confirmations) + 1), *rest))]
    return "".join((HEADER, *rows)).encode()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of some alerts of the sample, prepared."""
    path = tmp_path_factory.mktemp("first") / "home"
    create_home(path, sample_data.PROFILE)
    home = Home(path)
    write_secret(draws_folder(home) / SECRET, b"k" * 32)  # so that the draws are the same each time
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparation, "WORTH_ALERTS", 0)
        patch.setattr(columns, "TABLE_FROM", 1)
        import_file(home, "".join((HEADER, *KNOWN)).encode(), "first.csv", now=NOW)
        prepare(home)
    return home


@pytest.fixture
def home(first: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of it."""
    shutil.copytree(first.path, tmp_path / "home")
    monkeypatch.setattr(preparation, "WORTH_ALERTS", 0)
    monkeypatch.setattr(columns, "TABLE_FROM", 1)
    forget()
    return Home(tmp_path / "home")


def of_all_fails() -> pytest.MonkeyPatch:
    """Let what is learned of all alerts fail."""

    def fail(*_: Any, **__: Any) -> None:
        pytest.fail("learned of all alerts")

    patch = pytest.MonkeyPatch()
    patch.setattr(_default_points, "_of_all", fail)
    patch.setattr(positions, "precision", fail)
    return patch


def prepared_without_all(home: Home) -> None:
    """Prepare out of what there is already."""
    patch = of_all_fails()
    try:
        forget()
        prepare(home)
    finally:
        patch.undo()
    forget()


def shown(home: Home) -> list[dict[str, Any]]:
    """What council and public are counted from."""
    rows = sorted_rows(open_for(home, Audience.COUNCIL).table.to_pyarrow())
    forget()
    return rows


def sorted_rows(table: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.sort_by("alert_id").to_pylist()
    return rows


def check(home: Home, folder: Path) -> None:
    """Everything that was prepared of the alerts as they are says what they do."""
    folder.mkdir()
    source = open_source(home)
    assert source.cache["facts"] == measure(source.table)
    narrow = engine._narrow_file(source.city, source.version)
    assert narrow is not None
    assert narrow.exists()
    assert_narrow(source, narrow, folder / "alerts.duckdb")
    points = query.default_points(source)
    pd.testing.assert_frame_equal(points, whole_points(source))
    copy = open_for(home, Audience.COUNCIL)
    known = drawn(home)
    work = folder / "work"
    write_copy(source.cache["files"], known, source.city, folder / "copy.parquet", work, secret(home))
    assert copy.kept(errors.KEPT)
    want = sorted_rows(pq.read_table(folder / "copy.parquet"))
    assert sorted_rows(copy.table.to_pyarrow()) == want
    assert copy.count == len(want)
    kept = engine._narrow_file(copy.city, copy.version)
    assert kept is not None
    assert kept.exists()
    assert_narrow(copy, kept, folder / "c.duckdb")
    facts = measure(copy.table)
    assert copy.cache["facts"] == facts


def assert_narrow(source: Source, path: Path, beside: Path) -> None:
    """A prepared file says what one that is made of all alerts says."""
    database = engine.database()
    table = engine.view_files(database, source.cache["files"])
    narrow = columns.NarrowTable(database, table, source.count)
    narrow.write(beside)
    assert told(path) == told(beside)


def whole_points(source: Source) -> pd.DataFrame:
    """The default coordinates of all alerts, as `_default_points` finds them without an earlier version."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_default_points, "_of_earlier", lambda _: None)
        return _default_points._find(source)


def test_imports_and_their_undo_prepare_out_of_what_was_prepared(home: Home, tmp_path: Path) -> None:
    rng = Random(8)
    check(home, tmp_path / "0")
    for step, size in enumerate((200, 150), 1):
        assert import_file(home, more(rng, f"more{step}", size), "more.csv", now=NOW).batch.accepted == size
        prepared_without_all(home)
        check(home, tmp_path / str(step))
    last = Store(home).batches()[-1]
    Store(home).undo(last.id)
    prepared_without_all(home)
    check(home, tmp_path / "3")
    import_file(home, more(Random(9), "more3", 120), "more.csv", now=NOW)  # fewer than LEAST_WAITING may come
    prepared_without_all(home)
    check(home, tmp_path / "4")
    assert len(drawn(home).files) >= 3


def test_alerts_that_come_back_after_an_undo_have_the_draws_that_they_had(home: Home, tmp_path: Path) -> None:
    file = more(Random(3), "again", 150)
    batch = import_file(home, file, "more.csv", now=NOW).batch
    prepared_without_all(home)
    before = sorted_rows(open_for(home, Audience.COUNCIL).table.to_pyarrow())
    Store(home).undo(batch.id)
    prepared_without_all(home)
    check(home, tmp_path / "undone")
    import_file(home, file, "more.csv", now=NOW)
    prepared_without_all(home)
    check(home, tmp_path / "again")
    assert sorted_rows(open_for(home, Audience.COUNCIL).table.to_pyarrow()) == before


def test_undoing_an_import_that_was_released_gives_the_copy_before_it(home: Home, tmp_path: Path) -> None:
    lines = [line for line in OTHERS if ";noise;;" in line][:200]  # none that a release would hold back
    for number, some in enumerate((lines[:100], lines[100:], OTHERS[:150])):
        kept = shown(home)
        rows = (f"{number}-{at};{line.split(';', 1)[1]}" for at, line in enumerate(some))
        batch = import_file(home, "".join((HEADER, *rows)).encode(), f"{number}.csv", now=NOW).batch
        prepared_without_all(home)
        if number != 1:
            released = len(drawn(home).files)
            Store(home).undo(batch.id)
            prepared_without_all(home)
            assert len(drawn(home).files) == released == number + 2
            check(home, tmp_path / str(number))
            assert shown(home) == kept


def test_a_copy_to_which_alerts_were_released_since_is_not_taken_as_it_was(home: Home, tmp_path: Path) -> None:
    import_file(home, more(Random(8), "held", 300), "held.csv", now=NOW)
    prepared_without_all(home)
    before = len(shown(home))
    batch = import_file(home, more(Random(9), "more", 150), "more.csv", now=NOW).batch
    prepared_without_all(home)
    Store(home).undo(batch.id)
    prepared_without_all(home)
    check(home, tmp_path / "undone")
    assert len(shown(home)) > before  # some of those that had been held back


def test_who_lent_status_and_sender_and_comes_back_lends_them_again(home: Home, tmp_path: Path) -> None:
    """A sensitive alert has those of another one of its release, which may be of an import that is undone."""
    lines = [line for line in OTHERS if ";following;" in line or ";harassment_verbal;" in line][:200]
    for name, some in (("stays", lines[:100]), ("others", Random(2).sample(OTHERS, 120)), ("lends", lines[100:])):
        rows = (f"{name}-{number};{line.split(';', 1)[1]}" for number, line in enumerate(some))
        file = "".join((HEADER, *rows)).encode()
        batch = import_file(home, file, f"{name}.csv", now=NOW).batch
    prepared_without_all(home)
    rows = [row for path in drawn(home).files for row in pq.read_table(path).to_pylist()]
    lent = [row for row in rows if row["alert_id"].startswith("stays") and str(row["person"]).startswith("lends")]
    assert lent
    Store(home).undo(batch.id)
    forget()
    prepare(home)
    check(home, tmp_path / "undone")
    import_file(home, file, "lends.csv", now=NOW)
    prepared_without_all(home)
    check(home, tmp_path / "again")


def test_after_a_tenth_more_all_is_learned_anew(home: Home) -> None:
    source = open_source(home)
    known = earlier.noted(source.city.prepared)
    assert [(one.version, one.count, one.learned) for one in known] == [(source.version, FIRST, FIRST)]
    import_file(home, more(Random(1), "a", 550), "more.csv", now=NOW)
    prepared_without_all(home)
    assert [one.learned for one in earlier.noted(source.city.prepared)] == [FIRST, FIRST]
    import_file(home, more(Random(2), "b", 100), "more.csv", now=NOW)
    forget()
    assert open_source(home).earlier is None
    prepare(home)
    assert earlier.noted(source.city.prepared)[0].learned == FIRST + 650


def test_an_update_of_known_alerts_prepares_of_all(home: Home, tmp_path: Path) -> None:
    changed = [line.replace(";open;", ";closed;").replace(";resolved;", ";open;") for line in KNOWN[:200]]
    batch = import_file(home, "".join((HEADER, *changed)).encode(), "changed.csv", now=NOW).batch
    assert batch.updated
    forget()
    assert open_source(home).earlier is None
    prepare(home)
    check(home, tmp_path / "updated")


def test_a_prepared_file_that_was_read_and_removed_is_written_as_it_was(home: Home) -> None:
    """A server still reads it while an undo makes it the one to be kept again."""
    source = open_source(home)
    before = engine._narrow_file(source.city, source.version)
    assert before is not None
    want = told(before)
    assert source.narrow.op().name == columns.FROM_FILE
    before.unlink()
    engine.keep_narrow(source)
    assert told(before) == want
