"""Briefing (in full Hot spots too) on other engines than DuckDB: each part of the page is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from curim_data.export.publish import publish
from curim_data.model import Audience
from curim_data.protection import open_for
from curim_data.store import Home
from tests import postgres_server, spark_servers
from tests.app.conftest import TIMEOUT, visit
from tests.effort import FULL

PAGES = ("briefing", "hotspots")
AUDIENCES = ("analyst", "council")  # an analyst reads what a specialist does
CHARTS = ("plotly_chart", "deck_gl_json_chart")
SHOWN = ("title", "subheader", "markdown", "caption", "html", "table", "dataframe", *CHARTS)


def _postgresql(home: Home, _: Path, stack: ExitStack) -> str:
    postgres_server.required()
    url = stack.enter_context(postgres_server.postgres_server())
    publish(home, url)
    return url


def _sail(_: Home, __: Path, stack: ExitStack) -> str:
    spark_servers.required("sail", "pysail", "pyspark", "grpc")
    return stack.enter_context(spark_servers.sail_server())[0]


def _spark(_: Home, folder: Path, stack: ExitStack) -> str:
    spark_servers.required("spark", "pyspark", "py4j", "grpc", java=True)
    if not FULL:
        pytest.skip("Spark is asked by make test-full")
    url, _, around = stack.enter_context(spark_servers.spark_master(folder))
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    for name in ("SPARK_CONF_DIR", "SPARK_LOCAL_IP"):
        patch.setenv(name, around[name])
    stack.callback(spark_servers.forget, url)
    return url


ENGINES: dict[str, Callable[[Home, Path, ExitStack], str]] = {"postgresql": _postgresql, "sail": _sail, "spark": _spark}


@pytest.fixture(scope="module", params=ENGINES)
def engine(
    request: pytest.FixtureRequest, sample: Home, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """The URL of an engine, and a folder with a home of its own, of which no page has shown anything yet."""
    folder = tmp_path_factory.mktemp(request.param)
    spark_servers.bare(sample, folder / "sample")
    with ExitStack() as stack:
        yield ENGINES[request.param](sample, folder, stack), folder


@pytest.mark.parametrize("audience", AUDIENCES if FULL else AUDIENCES[1:])
@pytest.mark.parametrize("name", PAGES if FULL else PAGES[:1])
def test_a_page_is_the_same(
    engine: tuple[str, Path], sample: Home, name: str, audience: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, folder = engine
    monkeypatch.delenv("CURIM_ALERTS_URL", raising=False)
    words = {"lang": "el"} | ({"as": "council"} if audience == "council" else {})
    monkeypatch.setenv("CURIM_HOME", str(sample.path.parent))
    mine = visit(name, 3 * TIMEOUT, **words)
    monkeypatch.setenv("CURIM_ALERTS_URL", url)
    monkeypatch.setenv("CURIM_HOME", str(folder))
    assert "database" not in open_for(Home(folder / "sample"), Audience.COUNCIL).cache  # DuckDB counts nothing
    theirs = visit(name, 3 * TIMEOUT, **words)
    shown = [[str(part.proto) for part in app.main if part.type in SHOWN] for app in (mine, theirs)]
    assert len(shown[0]) > 10
    assert shown[0] == shown[1]
