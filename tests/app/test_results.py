"""Parts of a page that are calculated: their failure, their stop, and what stays of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
import pytest
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message
from curim_data.model.progress import Stopped, report
from curim_data.store import Home
from curim_data.studies.hot_spots import hot_spot_study
from pages.parts.frame import results
from pages.parts.frame.page import dataset_of
from pages.parts.frame.results import MOMENT, STOPPED, calculated, forget_results
from pages.parts.hotspots.choices import hot_spots

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

    from pages.parts.frame.results import contained
    from tests.app import test_results

    with contained("This part"):
        st.write(test_results.slow(word, seconds))
    st.write("the rest")


def headed_script(word: str, seconds: float, then: float = 0.0) -> None:
    import streamlit as st

    from pages.parts.frame.results import contained, headed
    from tests.app import test_results

    with contained("This page"), headed(st.container(), "Meanwhile") as heading:
        said = test_results.slow(word, seconds)
        with heading:
            st.container().title(said)
        with contained("A part"):
            st.write(test_results.slow(f"part of {word}", then))


def run(word: str, seconds: float, script: Callable[..., None] = script, *more: float) -> AppTest:
    app = AppTest.from_function(script, args=(word, seconds, *more), default_timeout=60)
    app.query_params["lang"] = "en"
    return app.run()


def texts(app: AppTest) -> list[str]:
    return [one.value for one in app.markdown]


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    forget_results()
    calls.clear()


@pytest.mark.parametrize("seconds", [0.0, MOMENT + 0.5])
def test_a_result_is_there_however_long_it_took_and_is_made_once(seconds: float) -> None:
    for _ in range(2):
        app = run("one", seconds)
        assert not app.exception
        assert texts(app) == ["result of one", "the rest"]
    assert calls == ["one"]


@pytest.mark.parametrize("seconds", [0.0, MOMENT + 0.3])
def test_a_failure_stays_at_its_place_and_says_how_to_go_on(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "LOG", logging.getLogger("curim.expected"))
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


def test_what_a_reader_stopped_is_not_started_again_until_they_ask() -> None:
    app = AppTest.from_function(script, args=("one", 0.0), default_timeout=60)
    app.query_params["lang"] = "en"
    key, _ = results._keys(slow.__wrapped__)("one", 0.0)  # type: ignore[attr-defined]
    app.session_state[STOPPED] = (key,)
    app.run()
    assert texts(app) == ["Stopped: Counting slowly.", "the rest"]
    assert calls == []
    app.button[0].click().run()
    assert texts(app) == ["result of one", "the rest"]


def test_what_a_page_gets_equals_the_direct_call(sample: Home) -> None:
    source = open_source(sample)
    dataset, f = dataset_of(sample, source, Audience.ANALYST), AlertFilter()
    kept = hot_spots(dataset, f)
    pd.testing.assert_frame_equal(kept.hot.frame, hot_spot_study(source, f).hot.frame)
    pd.testing.assert_frame_equal(hot_spots(dataset, f).hot.frame, kept.hot.frame)


def test_readers_of_one_process_wait_for_one_calculation() -> None:
    with ThreadPoolExecutor(4) as readers:
        asked = [readers.submit(slow, "shared", 0.5) for _ in range(4)]
        assert {one.result(20) for one in asked} == {"result of shared"}
    assert calls == ["shared"]


def test_a_calculation_ends_when_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "GRACE", 0.1)
    key, _ = results._keys(slow.__wrapped__)("left", 60.0)  # type: ignore[attr-defined]
    calculation = results._started(key, None, lambda: slow.__wrapped__("left", 60.0))  # type: ignore[attr-defined]
    assert isinstance(calculation.exception(20), Stopped)
    assert key not in results._running


def test_a_page_that_waits_long_runs_again_and_the_calculation_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what a reader did in a part that is drawn alone takes effect."""
    monkeypatch.setattr(results, "LOOK", 0.0)
    runs: list[int] = []
    real = results._draw_progress
    monkeypatch.setattr(results, "_draw_progress", lambda *given: (runs.append(1), real(*given)))
    app = run("one", 2.0)
    assert texts(app) == ["result of one", "the rest"]
    assert calls == ["one"]
    assert 1 < len(runs) < 5
