"""The record of who looked at what, with its tab; the log of runs: a line each that tells no person, nobody waits."""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from curim_data.plans.database import Database
from curim_data.plans.record import Deed, Entry, write
from curim_data.serving import PROCESS_NAME
from curim_data.store import Home
from curim_data.store.settings import RecordSettings
from pages.parts.frame import guard, record, results
from tests.app.conftest import TIMEOUT, recorded, shown, visit


@pytest.fixture
def bare(own: Home) -> Home:
    """The sample's alerts as those of a city of one's own, without plans."""
    (own.path / "plans.sqlite").unlink()
    return own


def test_looking_is_noted_once_for_each_page_and_filter(bare: Home) -> None:
    visit("methods", affected="woman", foo="=made up").run()
    visit("methods", light="dark", **{"as": "council"})
    assert [(one.who, one.role, one.deed, one.subject, one.query) for one in recorded(bare)] == [
        ("", "analyst", Deed.VIEW, "methods", "lang=en&affected=woman"),
        ("", "council", Deed.VIEW, "methods", "lang=en&as=council&light=dark"),
    ]


def test_the_councils_filters_are_left_out_where_the_city_says_so(bare: Home) -> None:
    (bare.path / "settings.toml").write_text("[record]\ncouncil_filters = false", "utf-8")
    visit("methods", affected="woman", **{"as": "council"})
    visit("methods", affected="woman")
    assert [(one.role, one.query) for one in recorded(bare)] == [("council", ""), ("analyst", "lang=en&affected=woman")]
    app = visit("data", part="record")
    assert "Which filters the council and the public chose is not recorded." in [one.value for one in app.caption]


def test_the_tab_shows_the_record_and_narrows_it(bare: Home) -> None:
    now, database = time.time(), Database(bare.plans_url)
    entries = (
        Entry(now - 40 * 86_400, "old@city.example", "analyst", Deed.IMPORT, "march.csv"),
        Entry(now - 60, "mayor@city.example", "council", Deed.VIEW, "trends", "light=dark"),
        Entry(now - 55, "", "", Deed.NOT_ADMITTED, "unverified"),
        Entry(now - 50, "=cmd()", "analyst", Deed.DOWNLOAD, "trends.csv"),
    )
    with database.session() as session:
        write(session, entries, RecordSettings())
    database.close()
    app = visit("data", part="record")
    table = shown(app.dataframe[0])
    assert list(table["who"])[1:] == ["=cmd()", "–", "mayor@city.example"]
    assert list(table["deed"])[1:] == ["File downloaded", "Sign-in refused", "Page viewed"]
    app.selectbox(key="data_record_who").set_value("mayor@city.example").run()
    assert list(shown(app.dataframe[0])["subject"]) == ["trends"]
    app.selectbox(key="data_record_who").set_value("old@city.example").run()
    assert not app.dataframe
    app.selectbox(key="data_record_period").set_value("365").run()
    assert list(shown(app.dataframe[0])["subject"]) == ["march.csv"]
    assert "deleted after 365 days" in "".join(one.value for one in app.caption)


def test_a_home_that_cannot_be_written_stops_nobody(bare: Home) -> None:
    (bare.path / "plans.sqlite").mkdir()
    began = time.perf_counter()
    assert visit("methods").title[0].value == "Help"
    assert time.perf_counter() - began < TIMEOUT
    (bare.path / "plans.sqlite").rmdir()


def script() -> None:
    from pages.parts.frame import record
    from pages.parts.frame.results import contained

    with record.run("trends"), contained("This part"):
        raise ValueError("secret detail")


def test_the_reader_reads_the_number_of_the_line(taken: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "LOG", logging.getLogger("curim.expected"))
    app = AppTest.from_function(script)
    app.query_params["lang"] = "en"
    (told,) = (one.value for one in app.run().error)
    assert taken[0]["outcome"] == "error"
    assert f"(error {taken[0]['error']})" in told


SESSION = "3f8e1f8c-0a53-4a4c-9a5d-6a0f6a3f3c11"
WORDS = ["id", "at", "process", "session", "ms", "page", "part", "outcome", "error"]


@pytest.fixture
def lines(taken: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The log of runs: one line each, with how it ended, nothing that tells who or what, and nobody waits for it."""
    monkeypatch.setenv(PROCESS_NAME, "p2")
    monkeypatch.setattr(record, "get_script_run_ctx", lambda **_: SimpleNamespace(session_id=SESSION))
    headers = {"X-Request-ID": "0f5a-77", "Cookie": "secret", "X-Forwarded-For": "203.0.113.9"}
    monkeypatch.setattr(record.st, "context", SimpleNamespace(headers=headers))
    return taken


def test_a_run_has_a_line_that_tells_when_where_what_how_long_and_how_it_ended(lines: list[dict[str, Any]]) -> None:
    with record.run() as run:
        run.page = "trends"
        time.sleep(0.03)
    (line,) = lines
    assert list(line) == WORDS
    known = {"id": "0f5a-77", "process": "p2", "page": "trends", "ms": 0, "outcome": "ok"}
    assert {**line, "at": "", "ms": 0, "session": ""} == {**dict.fromkeys(WORDS, ""), **known}
    assert 30 <= line["ms"] < 1000
    assert line["at"].endswith("Z")
    assert abs(time.time() - dt.datetime.fromisoformat(line["at"]).timestamp()) < 10


def test_a_session_has_one_digest_that_opens_nothing(
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


def test_an_error_of_a_page_or_part_has_the_number_under_which_it_is_logged(lines: list[dict[str, Any]]) -> None:
    error = ValueError("Anna was followed at Akti Miaouli 3")
    with pytest.raises(ValueError, match="Anna"), record.run("trends"):
        raise error
    with record.run("trends"):
        record.failed("1234abcd")
    with record.run("trends"):
        pass
    told = [(line["outcome"], line["error"]) for line in lines]
    assert told == [("error", record.error_number(error)), ("error", "1234abcd"), ("ok", "")]
    assert "Anna" not in json.dumps(lines)


def test_a_part_drawn_alone_has_a_line_with_both(lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard.reader, "reader", lambda **_: "the same reader")
    monkeypatch.setattr(guard.record, "drawn", tuple)
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
