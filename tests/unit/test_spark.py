"""Alerts of a home that Apache Spark counts, on a standalone master with two workers: each question gets the answer of
DuckDB, for each audience.

A question takes Spark a second or two, whatever it is, so `make test-full` alone asks them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from curim_data import query
from curim_data.engine import EngineError, open_source, remote
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.protection import open_for
from curim_data.store import Home
from tests.effort import FULL
from tests.engine_questions import (
    FILTERS,
    QUESTIONS,
    Both,
    assert_equal,
    assert_same_answer,
    assert_same_knowledge,
    assert_same_rows,
)
from tests.spark_servers import WORKERS, bare, connect_server, end, forget, required, spark_master

required("spark", "pyspark", "py4j", "grpc", java=True)
if not FULL:
    pytest.skip("Spark is asked by make test-full", allow_module_level=True)

pytestmark = pytest.mark.slow
AUDIENCES = (Audience.SPECIALIST, Audience.COUNCIL)
ALL = AlertFilter(period="all")


@pytest.fixture(scope="module")
def own(sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return bare(sample, tmp_path_factory.mktemp("home") / "own")


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with spark_master(tmp_path_factory.mktemp("spark")) as (url, _, around), pytest.MonkeyPatch.context() as patch:
        for name in ("SPARK_CONF_DIR", "SPARK_LOCAL_IP"):
            patch.setenv(name, around[name])
        yield url
        forget(url)


@pytest.fixture(scope="module", params=AUDIENCES, ids=str)
def both(request: pytest.FixtureRequest, sample: Home, own: Home, master: str) -> Iterator[Both]:
    audience: Audience = request.param
    files = open_for(sample, audience)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CURIM_ALERTS_URL", master)
        yield audience, files, open_for(own, audience)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("name", FILTERS)
def test_spark_answers_as_duckdb_does(both: Both, name: str, question: str) -> None:
    assert "database" not in both[2].cache  # DuckDB is not asked
    assert_same_answer(both, name, question)


def test_both_workers_count(both: Both, master: str) -> None:
    assert both[2].count
    assert remote._session(master)._workers() == WORKERS


def test_the_rows_are_those_of_the_files(both: Both) -> None:
    assert_same_rows(both)
    assert_same_knowledge(both)


def test_one_process_has_one_spark(own: Home, master: str) -> None:
    assert open_source(own, master).count
    with pytest.raises(EngineError, match=r"counts on spark://.* already"):
        open_source(own, "local[1]")


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
    files = open_for(sample, audience)
    with connect_server(tmp_path_factory.mktemp("connect")) as url:
        monkeypatch.setenv("CURIM_ALERTS_URL", url)
        other = open_for(own, audience)
        for name, ask in zip(
            ("night", "women", "all", "group", "meeting", "usual", "all"), QUESTIONS.values(), strict=True
        ):
            assert_equal(ask(files, FILTERS[name]), ask(other, FILTERS[name]))
