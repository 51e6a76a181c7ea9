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
from curim_data.engine import Source, columns, earlier, linked, open_source
from curim_data.engine import source as engine
from curim_data.engine.facts import measure
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import Audience
from curim_data.protection import drawn, open_for, opening, release
from curim_data.protection.copy import write_copy
from curim_data.protection.releases import secret
from curim_data.quality import positions
from curim_data.query import _default_points
from curim_data.store import Home, Store
from curim_data.store.draws import draws_folder
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


def more(rng: Random, name: str, n: int) -> bytes:
    """Alerts with the place and time of known ones, or a bit later, so that some report what others did."""
    rows = []
    for number, line in enumerate(rng.sample(KNOWN, n // 2) + rng.sample(OTHERS, n - n // 2)):
        _, rest = line.split(";", 1)
        rows.append(f"{name}-{number};{rest}")
    return "".join((HEADER, *rows)).encode()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of some alerts of the sample, prepared."""
    path = tmp_path_factory.mktemp("first") / "home"
    create_home(path, sample_data.PROFILE)
    home = Home(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparation, "WORTH_ALERTS", 0)
        patch.setattr(columns, "TABLE_FROM", 1)
        import_file(home, "".join((HEADER, *KNOWN)).encode(), "first.csv", now=NOW)
        prepare(home)
    return home


@pytest.fixture
def home(first: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of it; nothing may be made of all alerts any more."""
    shutil.copytree(first.path, tmp_path / "home")
    monkeypatch.setattr(preparation, "WORTH_ALERTS", 0)
    monkeypatch.setattr(columns, "TABLE_FROM", 1)
    forget()
    return Home(tmp_path / "home")


def of_all_fails() -> pytest.MonkeyPatch:
    """Let what is made of all alerts fail."""

    def fail(*_: Any, **__: Any) -> None:
        pytest.fail("made of all alerts")

    patch = pytest.MonkeyPatch()
    patch.setattr(linked, "link_all", fail)
    patch.setattr(columns.NarrowTable, "write", fail)
    patch.setattr(opening, "write_copy", fail)
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
    links = linked.Linked.read(linked.links_file(narrow.parent, source.version))
    assert_narrow(source, narrow, links.shared(), folder / "alerts.duckdb")
    assert source.incidents == links.facts
    assert links.facts.alerts == source.count
    assert links.facts.incidents == len(set(links.incident.tolist()))
    points = query.default_points(source)
    pd.testing.assert_frame_equal(points, whole_points(source))
    copy = open_for(home, Audience.COUNCIL)
    known = drawn(home)
    work = folder / "work"
    write_copy(source.cache["files"], known, source.city, folder / "copy.parquet", work, secret(home))
    want = sorted_rows(pq.read_table(folder / "copy.parquet"))
    assert sorted_rows(copy.table.to_pyarrow()) == want
    assert copy.count == len(want)
    kept = engine._narrow_file(copy.city, copy.version)
    assert kept is not None
    assert kept.exists()
    assert_narrow(
        copy, kept, engine.found_by_ids(copy.cache["database"].cursor(), links.facts.rule)[1], folder / "c.duckdb"
    )
    facts = measure(copy.table)
    assert copy.cache["facts"] == facts
    assert copy.incidents is not None
    assert (copy.incidents.alerts, copy.incidents.incidents) == (
        len(want),
        len({row["incident_id"] or row["alert_id"] for row in want}),
    )


def assert_narrow(source: Source, path: Path, shared: Any, beside: Path) -> None:
    """A prepared file says what one that is made of all alerts says, whatever the numbers of incidents."""
    database = engine.database()
    table = engine.view_files(database, source.cache["files"], source.cache["instead"])
    narrow = columns.NarrowTable(database, table, source.count)
    narrow.once(table.op().source, None, lambda: shared)
    narrow.write(beside)
    found, want = (frame(path), frame(beside))
    pd.testing.assert_frame_equal(found, want)


def frame(path: Path) -> pd.DataFrame:
    """The rows of a prepared file, incidents numbered as they come."""
    rows, _ = told(path)
    table = pd.DataFrame(rows)
    table["incident"] = pd.factorize(table["incident"])[0]
    return table


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


def test_a_release_after_an_earlier_one_draws_what_one_of_all_alerts_does(home: Home, tmp_path: Path) -> None:
    import_file(home, more(Random(5), "more", 300), "more.csv", now=NOW)
    other = Home(tmp_path / "other")
    shutil.copytree(home.path, other.path)
    made = []
    for one in (home, other):
        forget()
        source = open_source(one)
        after = opening._since(one, source)
        assert after is not None
        assert len(after.added) == 1
        known = release(one, source, query.default_points(source), after=after if one is home else None)
        made.append([pq.read_table(path).to_pylist() for path in known.files])
        made[-1].append(pq.read_table(draws_folder(one) / "waiting.parquet").sort_by("alert_id").to_pylist())
    assert len(made[0]) == 3
    assert made[0] == made[1]


def test_after_a_tenth_more_the_rule_is_learned_anew(home: Home) -> None:
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
