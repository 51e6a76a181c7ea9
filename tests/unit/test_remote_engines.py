"""Alerts of a home that Sail or Apache Spark counts: each question gets the answer of DuckDB, for each audience."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from curim_data import query
from curim_data.cli import main
from curim_data.engine import EngineError, open_source, remote
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.privacy import DisclosureError
from curim_data.protection import copy_of, open_for, opening
from curim_data.store import Home, Store
from tests.effort import in_full, some
from tests.engine_questions import (
    FILTERS,
    QUESTIONS,
    Both,
    assert_equal,
    assert_same_answer,
    assert_same_knowledge,
    assert_same_rows,
)
from tests.spark_servers import (
    WORKERS,
    bare,
    connect_server,
    end,
    forget,
    free_port,
    required,
    sail_server,
    spark_master,
)
from tests.stored import seen_by

pytestmark = pytest.mark.slow
AUDIENCES = (Audience.SPECIALIST, Audience.COUNCIL)
ALL = AlertFilter(period="all")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of Sail."""
    required("sail", "pysail", "pyspark", "grpc")
    with sail_server() as (url, _):
        yield url


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A master of Spark with two workers. A question takes it a second or two, so `make test-full` alone asks it."""
    required("spark", "pyspark", "py4j", "grpc", java=True)
    with spark_master(tmp_path_factory.mktemp("spark")) as (url, _, around), pytest.MonkeyPatch.context() as patch:
        for name in ("SPARK_CONF_DIR", "SPARK_LOCAL_IP"):
            patch.setenv(name, around[name])
        yield url
        forget(url)


@pytest.fixture(scope="module")
def own(sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return bare(sample, tmp_path_factory.mktemp("home") / "own")


@pytest.fixture(scope="module", params=["server", pytest.param("master", marks=in_full)], ids=["sail", "spark"])
def engine(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture(scope="module", params=AUDIENCES, ids=str)
def both(request: pytest.FixtureRequest, sample: Home, own: Home, engine: str) -> Iterator[Both]:
    audience: Audience = request.param
    files = open_for(sample, audience)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CURIM_ALERTS_URL", engine)
        yield audience, files, open_for(own, audience)


@pytest.fixture
def asked(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CURIM_ALERTS_URL", server)
    return server


@some(("name", "question"), product(FILTERS, QUESTIONS), every=9)
def test_it_answers_as_duckdb_does(both: Both, name: str, question: str) -> None:
    assert "database" not in both[2].cache  # DuckDB is not asked
    assert_same_answer(both, name, question)


def test_rows_and_what_is_known_of_them_are_those_of_the_files(both: Both) -> None:
    assert_same_rows(both)
    assert_same_knowledge(both)


@pytest.mark.usefixtures("asked")
def test_a_version_is_registered_once(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_for(own, Audience.COUNCIL)
    monkeypatch.setattr(remote._Session, "_register", lambda *_: pytest.fail("registered again"))
    again = open_for(own, Audience.COUNCIL)
    assert again.cache is first.cache
    assert again.exact is not None
    assert first.exact is not None
    assert again.exact.cache is first.exact.cache


@pytest.mark.usefixtures("asked")
def test_threads_share_the_session(own: Home) -> None:
    seen = []

    def run() -> None:
        opened = open_source(own)
        seen.append((opened.alerts.name, query.total(opened, ALL).n == opened.count))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [(open_source(own).alerts.name, True)] * 4


def test_old_versions_are_dropped(sample: Home, tmp_path: Path, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home = bare(sample, tmp_path / "home")
    monkeypatch.setattr(remote, "MOST_VIEWS", 2)
    before = [open_for(home, Audience.COUNCIL), open_for(home, Audience.SPECIALIST)]
    assert Store(home).undo(Store(home).batches()[-1].id)
    after = [open_for(home, Audience.COUNCIL), open_for(home, Audience.SPECIALIST)]
    assert {one.count for one in after} == {0}
    assert [query.total(seen_by(one, Audience.COUNCIL), ALL).n for one in after[:1]] == [0]
    there = {one.alerts.name: remote._session(asked)._spark.catalog.tableExists(one.alerts.name)
             for one in (*before, *after)}  # fmt: skip
    assert list(there.values()) == [False, False, True, True]


@pytest.mark.usefixtures("server")
def test_a_lost_server_is_said_and_found_again(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    shared = importlib.import_module("pyspark.sql.connect.client.reattach").ExecutePlanResponseReattachableIterator
    with sail_server(port) as (url, process):
        monkeypatch.setenv("CURIM_ALERTS_URL", url)
        opened = open_for(own, Audience.COUNCIL)
        n, threads = query.total(seen_by(opened, Audience.COUNCIL), ALL).n, shared._release_thread_pool_instance
        end(process)
        began = time.monotonic()
        with pytest.raises(EngineError, match=f"The engine at {url} does not answer"):
            query.total(seen_by(opened, Audience.COUNCIL), AlertFilter())
        with pytest.raises(EngineError, match="does not answer"):
            open_for(own, Audience.COUNCIL)
        assert time.monotonic() - began < 30
    with sail_server(port):
        assert query.total(open_for(own, Audience.COUNCIL), ALL).n == n
    assert shared._release_thread_pool_instance is threads


@pytest.mark.usefixtures("server")
def test_a_server_that_began_anew_gets_the_views_again(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with sail_server(port) as (url, process):
        monkeypatch.setenv("CURIM_ALERTS_URL", url)
        opened = open_source(own)
        end(process)
    with sail_server(port):
        monkeypatch.setattr(remote, "FRESH", 0.0)
        again = open_source(own)
        assert query.total(again, ALL).n == opened.count
        assert again.alerts.name != opened.alerts.name


def test_files_that_the_server_does_not_see_are_refused(own: Home, asked: str, tmp_path: Path) -> None:
    files = open_source(own, "duckdb")
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"no Parquet" * 100)
    with pytest.raises(EngineError, match="cannot read the files of the home"):
        remote.spark_relation(asked, broken, files.count, {})
    with pytest.raises(EngineError, match="reads 38656 alerts where the home has 38657"):
        remote.spark_relation(asked, files.cache["flat"], files.count + 1, {})


@pytest.mark.usefixtures("asked")
def test_no_copy_is_never_the_alerts(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise PermissionError(13, "read-only")

    alerts = open_source(own)
    with monkeypatch.context() as patch:
        patch.setattr(opening, "protected_files", full)
        for ask in (lambda: open_for(own, Audience.PUBLIC), lambda: copy_of(alerts)):
            with pytest.raises(DisclosureError, match="no protected copy"):
                ask()


@pytest.mark.usefixtures("asked")
def test_commands_count(
    own: Home, sample: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    for home in (own, sample):
        for audience in ("specialist", "council"):
            command = ["counts", "--home", str(home.path), "--by", "month", "--audience", audience, "--json"]
            assert main(command) == 0
            told.append(capsys.readouterr().out)
        monkeypatch.setenv("CURIM_ALERTS_URL", "duckdb")
    assert told[:2] == told[2:]


@in_full
def test_both_workers_count(own: Home, master: str) -> None:
    assert open_source(own, master).count
    assert remote._session(master)._workers() == WORKERS


@in_full
def test_one_process_has_one_spark(own: Home, master: str) -> None:
    assert open_source(own, master).count
    with pytest.raises(EngineError, match=r"counts on spark://.* already"):
        open_source(own, "local[1]")


@in_full
def test_a_master_without_workers_is_given_up(
    own: Home, master: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(master)
    with spark_master(tmp_path_factory.mktemp("lost"), workers=1) as (url, workers, around):
        monkeypatch.setenv("SPARK_CONF_DIR", around["SPARK_CONF_DIR"])
        opened = open_source(own, url)
        with monkeypatch.context() as patch:
            patch.setattr(remote, "NO_WORKERS", 3.0)
            end(workers[0])
            began = time.monotonic()
            for _ in range(2):
                with pytest.raises(EngineError, match=f"The engine at {url} does not answer"):
                    query.total(opened, ALL)
            assert time.monotonic() - began < 30
        forget(url)
    assert query.total(open_source(own, master), ALL).n == opened.count


@in_full
@pytest.mark.parametrize("audience", AUDIENCES)
def test_spark_connect_answers_too(
    sample: Home,
    own: Home,
    audience: Audience,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Spark's own server of Spark Connect, one filter of each question."""
    monkeypatch.setenv("CURIM_ALERTS_URL", "duckdb")
    required("spark", "pyspark", "py4j", "grpc", java=True)
    files = open_for(sample, audience)
    with connect_server(tmp_path_factory.mktemp("connect")) as url:
        monkeypatch.setenv("CURIM_ALERTS_URL", url)
        other = open_for(own, audience)
        for name, ask in zip(
            ("night", "women", "all", "group", "meeting", "usual", "all"), QUESTIONS.values(), strict=True
        ):
            assert_equal(ask(files, FILTERS[name]), ask(other, FILTERS[name]))
