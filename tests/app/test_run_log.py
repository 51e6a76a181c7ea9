"""Each page that the shell runs has its line in the log of runs, and the line tells nothing of what was asked for."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from curim_data.serving import RUN_LOG
from pages.parts.frame import record, results
from tests.app.conftest import PAGES, Open


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    taken: list[dict[str, Any]] = []
    monkeypatch.setenv(RUN_LOG, "on")
    monkeypatch.setattr(record, "_take", taken.append)
    return taken


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_one_line_without_its_filter(open_page: Open, lines: list[dict[str, Any]], name: str) -> None:
    open_page(name, lang="en", period="quarter", affected="woman")
    (line,) = lines
    assert (line["page"], line["part"], line["outcome"]) == (name, "", "ok")
    assert line["ms"] > 0
    assert not any(word in json.dumps(line) for word in ("quarter", "affected", "woman"))


def test_an_error_of_the_frame_is_an_error_of_the_page(
    open_page: Open, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("secret detail")

    monkeypatch.setattr(record, "note_look", fails)
    assert open_page("trends", lang="en").exception
    assert [(line["page"], line["outcome"]) for line in lines] == [("trends", "error")]
    assert lines[0]["error"]
    assert "secret" not in json.dumps(lines)


def script() -> None:
    from pages.parts.frame import record
    from pages.parts.frame.results import contained

    with record.run("trends"), contained("This part"):
        raise ValueError("secret detail")


def test_the_reader_reads_the_number_of_the_line(lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "LOG", logging.getLogger("curim.expected"))
    app = AppTest.from_function(script)
    app.query_params["lang"] = "en"
    (told,) = (one.value for one in app.run().error)
    assert lines[0]["outcome"] == "error"
    assert f"(error {lines[0]['error']})" in told
