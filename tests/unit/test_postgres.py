"""Alerts that were published into PostgreSQL: every question gets the answer of DuckDB, for every audience."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from curim_data.export.publish import publish
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.protection import open_for
from curim_data.store import Home
from tests.engine_questions import FILTERS, QUESTIONS, Both, assert_same_answer, assert_same_knowledge, assert_same_rows
from tests.postgres_server import postgres_server, required

required()

pytestmark = pytest.mark.slow
AUDIENCES = (Audience.SPECIALIST, Audience.COUNCIL)
ALL = AlertFilter(period="all")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


def _bare(home: Home, folder: Path) -> Home:
    shutil.copytree(home.path, folder, ignore=shutil.ignore_patterns("prepared"))
    return Home(folder)


@pytest.fixture(scope="module")
def published(sample: Home, server: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Home]:
    publish(sample, server)
    return server, _bare(sample, tmp_path_factory.mktemp("home") / "own")


@pytest.fixture(scope="module", params=AUDIENCES, ids=str)
def both(request: pytest.FixtureRequest, sample: Home, published: tuple[str, Home]) -> Iterator[Both]:
    audience: Audience = request.param
    files = open_for(sample, audience)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CURIM_ALERTS_URL", published[0])
        yield audience, files, open_for(published[1], audience)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("name", FILTERS)
def test_postgresql_answers_as_duckdb_does(both: Both, name: str, question: str) -> None:
    assert "database" not in both[2].cache  # DuckDB is not asked
    assert_same_answer(both, name, question)


def test_what_is_known_of_all_alerts_is_the_same(both: Both) -> None:
    assert_same_knowledge(both)


def test_the_published_rows_are_those_of_the_files(both: Both) -> None:
    assert_same_rows(both)
