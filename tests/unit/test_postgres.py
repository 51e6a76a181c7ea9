"""Publishing into PostgreSQL: every question gets the answer of DuckDB, and never a mixture of two versions."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from curim_data import query
from curim_data.cli import main
from curim_data.engine import EngineError, Source, open_source, remote, source
from curim_data.export import publish as publishing
from curim_data.export.publish import PublishError, publish
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import Audience
from curim_data.protection import copy_of, open_for
from curim_data.store import Home, Store
from curim_data.store.home import create_home
from tests.commands import Curim
from tests.effort import some
from tests.engine_questions import FILTERS, QUESTIONS, Both, assert_same_answer, assert_same_knowledge, assert_same_rows
from tests.postgres_server import postgres_server, required
from tests.stored import stored_column

required()
import psycopg  # noqa: E402

pytestmark = pytest.mark.slow
ALL = AlertFilter(period="all")
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    name = f"test_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres", f"/{name}")


def export(since: int, until: int) -> bytes:
    """Alerts of a few places over three months, one of them a police station."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["alert_id", "reported_at", "category", "latitude", "longitude"])
    for number in range(since, until):
        rng = np.random.default_rng(number)
        moment = dt.datetime(2025, 3, 1, 10) + dt.timedelta(hours=int(rng.integers(0, 24 * 90)))
        place = (37.940 + 0.002 * int(rng.integers(0, 4)), 23.640 + 0.002 * int(rng.integers(0, 4)))
        kind = str(rng.choice(["graffiti", "noise", "lighting_poor", 'an "odd", {name}\\']))
        writer.writerow([f"T-{number}", moment.isoformat(), kind, *place])
    return text.getvalue().encode()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = create_home(tmp_path / "home")
    import_file(home, export(0, 200), "first.csv", now=dt.datetime(2026, 11, 24, tzinfo=dt.UTC))
    return home


def test_a_database_without_a_publication_is_said(home: Home, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURIM_ALERTS_URL", url)
    with pytest.raises(EngineError, match="Nothing was published into this database yet"):
        open_source(home)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE alerts (alert_id text)")
    with pytest.raises(PublishError, match="is there already and was not published"):
        publish(home, url)


def test_the_same_version_is_written_once(curim: Curim, home: Home, url: str) -> None:
    told = [curim.answer(home, "publish", "--to", url) for _ in range(2)]
    assert [one["written"] for one in told] == [True, False]
    assert told[0]["alerts"] == open_source(home).count
    assert len(_tables(url)) == 2


def test_a_source_is_opened_once_a_version_or_connection(home: Home, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(home, url)
    monkeypatch.setenv("CURIM_ALERTS_URL", url)
    first = open_source(home)
    with monkeypatch.context() as patch:
        patch.setattr(source, "measure", lambda _: pytest.fail("measured again"))
        assert open_source(home).cache is first.cache
        assert copy_of(open_source(home)).cache is copy_of(first).cache
    others = "pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SELECT pg_terminate_backend(pid) FROM {others}")
    assert query.total(open_source(home), ALL).n == first.count


def test_readers_see_the_old_version_or_the_new_one(home: Home, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(home, url)
    with monkeypatch.context() as patch:
        patch.setenv("CURIM_ALERTS_URL", url)
        before = open_for(home, Audience.COUNCIL)
    count, batch = before.count, Store(home).batches()[0].id
    seen = []

    def during(cursor: object, name: str, of: Source) -> dict[str, object]:
        made = written(cursor, name, of)
        with monkeypatch.context() as patch, psycopg.connect(url, options="-c lock_timeout=5000") as other:
            patch.setenv("CURIM_ALERTS_URL", url)
            seen.append((open_source(home).version, other.execute("SELECT count(*) FROM alerts").fetchone()[0]))
        return made

    written = publishing._write
    assert main(["undo", batch, "--home", str(home.path)]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "_write", during)
        publish(home, url)
    assert seen == [(before.exact.version, count)] * 2  # type: ignore[union-attr]
    monkeypatch.setenv("CURIM_ALERTS_URL", url)
    after = open_for(home, Audience.COUNCIL)
    assert after.count == 0
    assert query.total(before, ALL).n == count  # who has the old one open goes on with it
    assert len(_tables(url)) == 4


def test_a_publication_that_fails_leaves_the_old_one(home: Home, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(home, url)
    tables, written = _tables(url), publishing._write
    batch = Store(home).batches()[0].id
    assert main(["undo", batch, "--home", str(home.path)]) == 0

    def broken(cursor: object, name: str, of: Source) -> dict[str, object]:
        if name == remote.COPY:
            raise psycopg.OperationalError("the connection is gone")
        return written(cursor, name, of)

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "_write", broken)
        with pytest.raises(PublishError, match="the connection is gone"):
            publish(home, url)
    assert _tables(url) == tables
    monkeypatch.setenv("CURIM_ALERTS_URL", url)
    assert open_for(home, Audience.COUNCIL).count > 0


def test_erased_alerts_are_gone_from_the_database(home: Home, url: str) -> None:
    publish(home, url)
    gone = stored_column(open_source(home), "alert_id")[0]
    assert main(["erase", gone, "--yes", "--home", str(home.path)]) == 0
    publish(home, url)
    tables = _tables(url)
    assert len(tables) == 2
    with psycopg.connect(url) as connection:
        for table in tables:
            assert connection.execute(f"SELECT count(*) FROM {table} WHERE alert_id = %s", [gone]).fetchone() == (0,)


def test_what_was_imported_is_published(curim: Curim, home: Home, url: str, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_bytes(export(200, 230))
    curim.answer(home, "import", str(file))
    told = curim.answer(home, "publish", "--to", url)
    assert (told["alerts"], told["written"]) == (230, True)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM alerts").fetchone() == (230,)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "publish needs --to postgresql"),
        (["--to", "duckdb:///tmp/nowhere.duckdb"], "PostgreSQL alone"),
        (["--to", "postgresql://nobody:geheim@127.0.0.1:9/none"], "The database says"),
    ],
)
def test_what_cannot_be_published_is_said(curim: Curim, home: Home, given: list[str], told: str) -> None:
    said = curim.refuses("publish", "--home", str(home.path), *given)
    assert told in said
    assert "geheim" not in said


def _tables(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'alerts%' ORDER BY 1")
        return [name for (name,) in rows.fetchall()]


@pytest.fixture(scope="module")
def published(sample: Home, server: str, tmp_path_factory: pytest.TempPathFactory) -> Home:
    publish(sample, server)
    folder = tmp_path_factory.mktemp("home") / "own"
    shutil.copytree(sample.path, folder, ignore=shutil.ignore_patterns("prepared"))
    return Home(folder)


@pytest.fixture(scope="module", params=(Audience.SPECIALIST, Audience.COUNCIL), ids=str)
def both(request: pytest.FixtureRequest, sample: Home, server: str, published: Home) -> Iterator[Both]:
    files = open_for(sample, request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CURIM_ALERTS_URL", server)
        yield request.param, files, open_for(published, request.param)


@some(("name", "question"), itertools.product(FILTERS, QUESTIONS), every=9)
def test_postgresql_answers_as_duckdb_does(both: Both, name: str, question: str) -> None:
    assert "database" not in both[2].cache  # DuckDB is not asked
    assert_same_answer(both, name, question)


def test_what_is_known_of_all_alerts_and_the_rows_are_the_same(both: Both) -> None:
    assert_same_knowledge(both)
    assert_same_rows(both)
