"""The log of runs: one line each, with how it ended, nothing that tells who or what, and nobody waits for it."""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from curim_data.serving import PROCESS_NAME, RUN_LOG
from pages.parts.frame import guard, record

SESSION = "3f8e1f8c-0a53-4a4c-9a5d-6a0f6a3f3c11"
WORDS = ["id", "at", "process", "session", "ms", "page", "part", "outcome", "error"]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What the log of runs was given, in a process that the proxy calls p2."""
    taken: list[dict[str, Any]] = []
    monkeypatch.setenv(RUN_LOG, "on")
    monkeypatch.setenv(PROCESS_NAME, "p2")
    monkeypatch.setattr(record, "_take", taken.append)
    monkeypatch.setattr(record, "get_script_run_ctx", lambda **_: SimpleNamespace(session_id=SESSION))
    _connected(monkeypatch, "0f5a-77")
    return taken


def _connected(monkeypatch: pytest.MonkeyPatch, request_id: str) -> None:
    headers = {"X-Request-ID": request_id, "Cookie": "secret", "X-Forwarded-For": "203.0.113.9"}
    monkeypatch.setattr(record.st, "context", SimpleNamespace(headers=headers))


def test_a_run_has_a_line_that_tells_when_where_which_page_how_long_and_how_it_ended(
    lines: list[dict[str, Any]],
) -> None:
    with record.run() as run:
        run.page = "trends"
        time.sleep(0.03)
    (line,) = lines
    assert list(line) == WORDS
    assert {**line, "at": "", "ms": 0, "session": ""} == {
        **dict.fromkeys(WORDS, ""),
        "id": "0f5a-77",
        "process": "p2",
        "page": "trends",
        "ms": 0,
        "outcome": "ok",
    }
    assert 30 <= line["ms"] < 1000
    assert abs(time.time() - _seconds(line["at"])) < 10


def _seconds(at: str) -> float:
    assert at.endswith("Z")
    return dt.datetime.fromisoformat(at).timestamp()


def test_the_session_is_told_by_a_digest_that_is_the_same_in_each_run_and_opens_nothing(
    lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for session in (SESSION, SESSION, "another"):
        monkeypatch.setattr(record, "get_script_run_ctx", lambda id_=session, **_: SimpleNamespace(session_id=id_))
        with record.run("trends"):
            pass
    first, again, other = (line["session"] for line in lines)
    assert first == again != other
    assert len(first) == 8
    assert first not in SESSION


def test_an_error_has_the_number_under_which_the_log_tells_its_cause(lines: list[dict[str, Any]]) -> None:
    error = ValueError("Anna was followed at Akti Miaouli 3")
    with pytest.raises(ValueError, match="Anna"), record.run("trends"):
        raise error
    assert (lines[0]["outcome"], lines[0]["error"]) == ("error", record.error_number(error))
    assert "Anna" not in json.dumps(lines)


def test_a_page_of_which_a_part_failed_is_an_error_and_the_next_run_is_not(lines: list[dict[str, Any]]) -> None:
    with record.run("trends"):
        record.failed("1234abcd")
    with record.run("trends"):
        pass
    assert [(line["outcome"], line["error"]) for line in lines] == [("error", "1234abcd"), ("ok", "")]


def test_a_part_that_is_drawn_alone_has_a_line_with_its_page_and_name(
    lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard.reader, "reader", lambda **_: "the same reader")
    monkeypatch.setattr(guard.record, "drawn", lambda: None)
    drawn: list[int] = []
    with record.run("hotspots"):
        draw = guard.admitting(drawn.append, name="places")
        draw(1)
    draw(2)
    assert drawn == [1, 2]
    assert [(line["page"], line["part"]) for line in lines] == [("hotspots", ""), ("hotspots", "places")]


def test_nobody_waits_for_an_output_that_does_not_move() -> None:
    moves, written = threading.Event(), list[str]()

    class Stuck(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            moves.wait(10)
            written.append(record.getMessage())

    log = logging.Logger("runs", logging.INFO)
    log.addHandler(record.taking(Stuck(), most=3))
    start = time.perf_counter()
    for number in range(50):
        log.info(str(number))
    assert time.perf_counter() - start < 1
    moves.set()
    until = time.monotonic() + 10
    while len(written) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    assert written[:3] == ["0", "1", "2"]
    assert len(written) <= 5
