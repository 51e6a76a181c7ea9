"""Parts of a page that are calculated: their failure, their stop, and what stays of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message
from curim_data.model.progress import report
from curim_data.store import Home
from curim_data.studies.hot_spots import hot_spot_study
from pages.parts.frame import Dataset, waiting
from pages.parts.frame.waiting import JOBS, MOMENT, STOPPED, calculated
from pages.parts.hotspots.queries import hot_spots
from tests.app.conftest import Open

calls: list[Any] = []


@calculated(Message("Counting slowly"))
def slow(word: str, seconds: float) -> str:
    calls.append(word)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        report(0.5, Message("Counting"))
        time.sleep(0.01)
    if word == "broken":
        raise ValueError("secret detail")
    return f"result of {word}"


def script(word: str, seconds: float) -> None:
    import streamlit as st

    from pages.parts.frame.waiting import contained
    from tests.app import test_waiting

    with contained("This part"):
        st.write(test_waiting.slow(word, seconds))
    st.write("the rest")


def headed_script(word: str, seconds: float, then: float = 0.0) -> None:
    import streamlit as st

    from pages.parts.frame.waiting import contained, headed
    from tests.app import test_waiting

    with contained("This page"), headed(st.container(), "Meanwhile") as heading:
        said = test_waiting.slow(word, seconds)
        with heading:
            st.container().title(said)
        with contained("A part"):
            st.write(test_waiting.slow(f"part of {word}", then))


def begun_script(word: str, seconds: float) -> None:
    import time

    import streamlit as st

    from pages.parts.frame.waiting import begun, contained
    from tests.app import test_waiting

    with begun(test_waiting.slow, word, seconds):
        until = time.monotonic() + 10
        while word not in test_waiting.calls and word not in st.session_state and time.monotonic() < until:
            time.sleep(0.01)  # what is drawn first takes as long as the other takes to begin
        st.write(f"first, {len(test_waiting.calls)} begun")
        with contained("This part"):
            st.write(test_waiting.slow(word, seconds))
    st.write("the rest")


def run(word: str, seconds: float, script: Callable[..., None] = script, *more: float) -> AppTest:
    app = AppTest.from_function(script, args=(word, seconds, *more), default_timeout=60)
    app.query_params["lang"] = "en"
    return app.run()


def texts(app: AppTest) -> list[str]:
    return [one.value for one in app.markdown]


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    JOBS.forget()
    calls.clear()


@pytest.mark.parametrize("seconds", [0.0, MOMENT + 0.5])
def test_a_result_is_there_however_long_it_took_and_is_made_once(seconds: float) -> None:
    for _ in range(2):
        app = run("one", seconds)
        assert not app.exception
        assert texts(app) == ["result of one", "the rest"]
    assert calls == ["one"]


@pytest.mark.parametrize("seconds", [0.0, MOMENT + 0.5])
def test_what_is_begun_ahead_is_worked_out_while_the_page_is_drawn_and_once(seconds: float) -> None:
    first, again = (run("one", seconds, begun_script) for _ in range(2))
    assert not first.exception
    assert texts(first) == texts(again) == ["first, 1 begun", "result of one", "the rest"]
    assert calls == ["one"]


def test_what_is_begun_ahead_fails_at_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOG", logging.getLogger("curim.expected"))
    app = run("broken", MOMENT + 0.3, begun_script)
    assert not app.exception
    assert texts(app) == ["first, 1 begun", "the rest"]
    assert len(app.error) == 1


def test_what_a_reader_stopped_is_not_begun_ahead() -> None:
    app = AppTest.from_function(begun_script, args=("one", 0.0), default_timeout=60)
    app.query_params["lang"] = "en"
    key = (f"{slow.__module__}.{slow.__qualname__}", ("one", 0.0))
    app.session_state[STOPPED] = (key,)
    app.session_state["one"] = True
    app.run()
    assert texts(app)[0] == "first, 0 begun"
    assert not calls


@pytest.mark.parametrize("seconds", [0.0, MOMENT + 0.3])
def test_a_failure_stays_at_its_place_and_says_how_to_go_on(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOG", logging.getLogger("curim.expected"))
    app = run("broken", seconds)
    assert not app.exception
    assert texts(app) == ["the rest"]
    (told,) = (one.value for one in app.error)
    assert told.startswith("This part could not be displayed (error ")
    assert "secret" not in told


@pytest.mark.parametrize("seconds", [0.0, MOMENT + 0.5])
def test_the_heading_takes_the_place_of_the_one_that_waited(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    real = DeltaGenerator.title
    monkeypatch.setattr(
        DeltaGenerator, "title", lambda self, body, **other: shown.append(body) or real(self, body, **other)
    )
    app = run("one", seconds, headed_script)
    assert shown == (["Meanwhile"] if seconds else []) + ["result of one"]
    assert [one.value for one in app.title] == ["result of one"]
    assert texts(app) == ["result of part of one"]


def test_a_part_that_is_waited_for_adds_no_second_heading(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    real = DeltaGenerator.title
    monkeypatch.setattr(
        DeltaGenerator, "title", lambda self, body, **other: shown.append(body) or real(self, body, **other)
    )
    app = run("one", 0.0, headed_script, MOMENT + 0.5)
    assert texts(app) == ["result of part of one"]
    assert shown == ["result of one"]


def test_a_part_that_was_stopped_adds_no_second_heading() -> None:
    app = AppTest.from_function(headed_script, args=("one", 0.0), default_timeout=60)
    app.query_params["lang"] = "en"
    app.session_state[STOPPED] = ((f"{__name__}.slow", ("part of one", 0.0)),)
    app.run()
    assert [one.value for one in app.title] == ["result of one"]
    assert texts(app) == ["Stopped: Counting slowly."]


def test_a_page_that_failed_has_a_heading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOG", logging.getLogger("curim.expected"))
    app = run("broken", 0.0, headed_script)
    assert [one.value for one in app.title] == ["Meanwhile"]
    assert len(app.error) == 1


def test_a_page_that_was_stopped_has_a_heading() -> None:
    app = AppTest.from_function(headed_script, args=("one", 0.0), default_timeout=60)
    app.query_params["lang"] = "en"
    app.session_state[STOPPED] = ((f"{__name__}.slow", ("one", 0.0)),)
    app.run()
    assert not app.exception
    assert [one.value for one in app.title] == ["Meanwhile"]
    assert texts(app) == ["Stopped: Counting slowly."]


def test_what_a_reader_stopped_is_not_started_again_until_they_ask() -> None:
    app = AppTest.from_function(script, args=("one", 0.0), default_timeout=60)
    app.query_params["lang"] = "en"
    key = waiting._keys(slow.__wrapped__)("one", 0.0)  # type: ignore[attr-defined]
    app.session_state[STOPPED] = (key,)
    app.run()
    assert texts(app) == ["Stopped: Counting slowly.", "the rest"]
    assert calls == []
    app.button[0].click().run()
    assert texts(app) == ["result of one", "the rest"]


def test_what_a_page_gets_equals_the_direct_call(sample: Home) -> None:
    source = open_source(sample)
    dataset = Dataset(str(sample.path), source.version, source.city.version, source.meeting)
    kept, direct = (
        hot_spots(dataset, AlertFilter(), Audience.ANALYST),
        hot_spot_study(source, AlertFilter(), Audience.ANALYST),
    )
    pd.testing.assert_frame_equal(kept.hot.frame, direct.hot.frame)
    assert hot_spots(dataset, AlertFilter(), Audience.ANALYST) is kept


@pytest.mark.parametrize("name", ["hotspots", "gender", "trends", "briefing"])
def test_pages_leave_the_shared_results_as_they_are(open_page: Open, name: str) -> None:
    open_page(name, lang="en")
    before = {key: _content(entry.result) for key, entry in JOBS._results._entries.items()}
    assert before
    open_page(name, lang="el")
    after = {key: _content(entry.result) for key, entry in JOBS._results._entries.items()}
    assert {key: after[key] for key in before} == before
    worded = {key for key in after if key not in before and key[0].endswith("._cells_with_lines")}
    assert set(after) - worded == set(before), "another language calculates nothing again, it words tooltips alone"


def _content(value: Any) -> str:
    """Everything that a result holds, as text."""
    if isinstance(value, (pd.DataFrame, pd.Series)):
        return f"{list(getattr(value, 'columns', ()))} {pd.util.hash_pandas_object(value.astype(str)).sum()}"
    if isinstance(value, dict):
        return str({str(key): _content(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return str([_content(item) for item in value])
    if hasattr(value, "__dataclass_fields__"):
        return str({name: _content(getattr(value, name)) for name in value.__dataclass_fields__})
    return type(value).__name__ if hasattr(value, "__dict__") else str(value)
