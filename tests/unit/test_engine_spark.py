"""Engines by URL that are not there: one sentence, soon, and no word of what is secret in the URL."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from curim_data.cli import main
from curim_data.engine import EngineError, open_source, remote
from curim_data.model import Audience
from curim_data.protection import open_for
from curim_data.store import Home
from tests.spark_servers import free_port


@pytest.mark.parametrize("url", ["sc://host:15002", "spark://one:7077,two:7077", "local", "local[2]", "local[*]"])
def test_urls_of_spark_are_known(url: str) -> None:
    assert remote.is_spark(url)


@pytest.mark.parametrize("url", ["duckdb", "duckdb:///x", "postgresql://h/d", "localhost", "local/file", "scheme://x"])
def test_other_urls_are_not_its_own(url: str) -> None:
    assert not remote.is_spark(url)


@pytest.mark.parametrize("scheme", ["sc", "spark"])
def test_nobody_there_is_said_at_once(sample: Home, scheme: str) -> None:
    began, place = time.monotonic(), f"{scheme}://127.0.0.1:{free_port()}"
    with pytest.raises(EngineError, match=f"The engine at {place} does not answer"):
        open_source(sample, f"{place}/;token=geheim;user_id=me")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("audience", Audience)
def test_nobody_sees_the_files_instead(sample: Home, audience: Audience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURIM_ALERTS_URL", f"sc://127.0.0.1:{free_port()}")
    with pytest.raises(EngineError):
        open_for(sample, audience)


def test_the_command_says_it_in_one_line(
    sample: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURIM_ALERTS_URL", f"sc://127.0.0.1:{free_port()}/;token=geheim")
    assert main(["counts", "--home", str(sample.path), "--by", "month", "--json"]) == 2
    said = capsys.readouterr().err
    assert "does not answer" in said
    assert "geheim" not in said
    assert said.count("\n") == 1


def test_without_pyspark_it_is_said_how_to_get_it(sample: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(EngineError, match=r"PySpark is missing.*pip install"):
        open_source(sample, "local[1]")


def test_a_path_stands_for_one_file(tmp_path: Path) -> None:
    assert remote._address(tmp_path / "a [1] {b} *?.parquet") == f"file://{tmp_path}/a \\[1\\] \\{{b\\}} \\*\\?.parquet"
