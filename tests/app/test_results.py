"""Parts of a page that are calculated: failure, stop, what is shared with other processes, and worked out ahead."""

from __future__ import annotations

import itertools
import logging
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from curim_data import query
from curim_data.filters import PERIODS, AlertFilter
from curim_data.model import Audience, Message
from curim_data.model.progress import Stopped, report
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.store import results as store
from curim_data.store.erase import erase
from curim_data.store.results import SETTING, alone_with, read_result, write_result
from pages.parts.frame import guard, results, turns, web
from pages.parts.frame.page import Dataset, dataset_of
from pages.parts.frame.results import MOMENT, STOPPED, calculated, draw_fold, forget_results
from pages.parts.gender import cached_weights
from tests.app.conftest import PAGES, SHELL, Open, errors
from tests.effort import FULL, some
from tests.stored import stored_column

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


def headed_script(word: str, seconds: float) -> None:
    import streamlit as st

    from pages.parts.frame.results import contained, headed
    from tests.app import test_results

    with contained("This page"), headed(st.container(), "Meanwhile") as heading:
        said = test_results.slow(word, seconds)
        with heading:
            st.container().title(said)
        with contained("A part"):
            st.write(test_results.slow(f"part of {word}", 0.0))


def folded_script(word: str, seconds: float) -> None:
    import streamlit as st

    from pages.parts.frame.results import draw_fold
    from tests.app import test_results

    for name in ("one", "two"):
        draw_fold(
            name, f"Why {name}?", lambda name=name: st.write(test_results.slow(f"{word} {name}", seconds)), word="part"
        )  # type: ignore[misc]


def opened(word: str, seconds: float, script: Callable[..., None] = script) -> AppTest:
    app = AppTest.from_function(script, args=(word, seconds), default_timeout=60)
    app.query_params["lang"] = "en"
    return app


def texts(app: AppTest) -> list[str]:
    return [one.value for one in app.markdown]


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    forget_results()
    calls.clear()


@pytest.mark.parametrize("seconds", [0.0, MOMENT + 0.5])
def test_a_result_is_there_however_long_it_took_and_is_made_once(seconds: float) -> None:
    for _ in range(2):
        app = opened("one", seconds).run()
        assert not app.exception
        assert texts(app) == ["result of one", "the rest"]
    assert calls == ["one"]


@pytest.mark.parametrize("seconds", [0.0, MOMENT + 0.3])
def test_a_failure_stays_at_its_place_and_says_how_to_go_on(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "LOG", logging.getLogger("curim.expected"))
    app = opened("broken", seconds).run()
    assert not app.exception
    assert texts(app) == ["the rest"]
    (told,) = (one.value for one in app.error)
    assert told.startswith("This part could not be displayed (error ")
    assert "secret" not in told


@pytest.mark.parametrize("seconds", [0.0, MOMENT + 0.5])
def test_the_heading_takes_the_place_of_the_one_that_waited(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, real = list[str](), DeltaGenerator.title
    monkeypatch.setattr(
        DeltaGenerator, "title", lambda self, body, **other: shown.append(body) or real(self, body, **other)
    )
    app = opened("one", seconds, headed_script).run()
    assert shown == (["Meanwhile"] if seconds else []) + ["result of one"]
    assert [one.value for one in app.title] == ["result of one"]
    assert texts(app) == ["result of part of one"]


def test_what_a_reader_stopped_is_not_started_again_until_they_ask() -> None:
    app = opened("one", 0.0)
    key, _ = results._keys(slow.__wrapped__)("one", 0.0)  # type: ignore[attr-defined]
    app.session_state[STOPPED] = (key,)
    app.run()
    assert texts(app) == ["Stopped. “Calculate” starts it again.", "the rest"]
    assert calls == []
    app.button[0].click().run()
    assert texts(app) == ["result of one", "the rest"]


def test_a_fold_works_out_what_it_holds_once_it_is_open_and_stands_in_the_address() -> None:
    app = opened("folded", 0.0, folded_script).run()
    assert (texts(app), calls) == ([], [])
    app.session_state["fold_two"] = True
    assert (texts(app.run()), calls) == (["result of folded two"], ["folded two"])
    linked = opened("broken", 0.0, folded_script)
    linked.query_params["part"] = "one"
    assert texts(linked.run()) == ["result of broken one"]


def test_a_fold_in_a_part_draws_the_part_and_the_links_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    changes, redrawn = list[Callable[[], None]](), list[str]()
    fold = lambda: draw_fold("one", "?", lambda: None, word="part")  # noqa: E731
    shown = {"query_params": {}, "session_state": {"fold_one": True}, "fragment": lambda draw, **_: draw}
    for name, value in shown.items():
        monkeypatch.setattr(results.st, name, value)
    look = lambda *_, on_change, **__: changes.append(on_change) or SimpleNamespace(open=False)  # noqa: E731
    monkeypatch.setattr(results.st, "expander", look)
    monkeypatch.setattr(results, "redraw", redrawn.append)
    monkeypatch.setattr(guard, "admitting", lambda draw, **_: draw)
    fold()
    guard.draw_alone("places", fold, words=("part",))
    for change in changes:
        change()
    assert (redrawn, results.st.query_params) == (["places"], {"part": "one"})


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
    monkeypatch.setattr(results, "GRACE", 1.5)
    again = st.rerun  # after it a run may have to wait for its turn
    monkeypatch.setattr(results.st, "rerun", lambda: (time.sleep(2.5), again()))
    runs, real = list[int](), results._draw_progress
    monkeypatch.setattr(results, "_draw_progress", lambda *given: (runs.append(1), real(*given)))
    app = opened("one", 4.0).run()
    assert texts(app) == ["result of one", "the rest"]
    assert calls == ["one"]
    assert 1 < len(runs) < 5


def test_few_calculations_are_worked_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now, most, turn = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal now, most
        with turn:
            now, most = now + 1, max(most, now + 1)
        time.sleep(0.05)
        with turn:
            now -= 1

    monkeypatch.setattr(results, "CALCULATIONS", turns.Turns(2))
    asked = [results._started(f"calculation {n}", None, work) for n in range(8)]
    assert [one.result(20) for one in asked] == [None] * 8
    assert most == 2


def test_a_turn_goes_to_who_waits_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not to who gives it back and asks again at once."""
    monkeypatch.setattr(turns, "RUNS", turns.Turns(1))
    order: list[str] = []

    def ask(name: str) -> None:
        with turns.run_turn():
            order.append(name)

    with ThreadPoolExecutor(4) as readers:
        with turns.run_turn():
            waiting = [readers.submit(ask, name) for name in "abc" if not time.sleep(0.05)]
        ask("again")
        wait(waiting)
    assert order == ["a", "b", "c", "again"]


def test_a_run_that_ends_while_its_turn_is_anothers_waits_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "RUNS", turns.Turns(1))

    def end() -> None:
        with turns.run_turn(), turns.given_back():
            turns.RUNS.acquire()  # as another run, which goes on
            raise RuntimeError

    with pytest.raises(RuntimeError):
        end()
    assert turns.RUNS.free == 0


def test_what_nobody_waits_for_any_more_takes_its_turn_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "GRACE", 0.1)
    monkeypatch.setattr(results, "CALCULATIONS", turns.Turns(0))
    calculation = results._started("left", None, lambda: calls.append("left"))
    time.sleep(0.3)
    results.CALCULATIONS.release()
    assert isinstance(calculation.exception(20), Stopped)
    assert not calls


def test_a_run_that_waits_for_a_calculation_lets_others_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "RUNS", turns.Turns(1))

    def draw(word: str, seconds: float) -> float:
        with turns.run_turn(), turns.run_turn():  # a part of a page inside of it has the same turn
            slow(word, seconds)
            return time.monotonic()

    with ThreadPoolExecutor(2) as readers:
        long = readers.submit(draw, "long", 1.0)
        time.sleep(0.2)
        with turns.run_turn():
            drawn = time.monotonic()
        assert drawn < long.result(20)
    assert turns.RUNS.free == 1


def test_the_page_that_imports_files_takes_no_turn(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "RUNS", turns.Turns(1))
    held, real = list[int](), st.file_uploader

    def draw(*given: Any, **more: Any) -> Any:
        held.append(turns.RUNS.free)
        return real(*given, **more)

    monkeypatch.setattr(st, "file_uploader", draw)
    open_page("data")
    with turns.run_turn("data"):  # a part of it that is drawn alone
        held.append(turns.RUNS.free)
    assert held == [1, 1]


def test_a_quick_function_waits_for_no_calculation() -> None:
    quick = results.cached(lambda word: slow(word, 0.0))
    with pytest.raises(AssertionError, match="a quick function waits"):
        quick("one")


KEY = "some.study[AlertFilter()]"
CONTENT = bytes(range(256)) * 100


@pytest.fixture
def home(sample: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A copy of the sample's home, whose results are shared."""
    monkeypatch.delenv(SETTING, raising=False)
    shutil.copytree(sample.path, tmp_path / "home")
    results.forget_results()
    yield Home(tmp_path / "home")
    results.forget_results()


@pytest.fixture
def dataset(home: Home) -> Dataset:
    return dataset_of(home, open_for(home, Audience.COUNCIL), Audience.COUNCIL)


def _files(home: Home) -> list[Path]:
    return sorted((home.path / "prepared").glob("*/.results-*/**/output.pkl"))


def _write(home: Home, dataset: Dataset, key: str = KEY, content: bytes = CONTENT) -> None:
    write_result(home, dataset.profile, dataset.version, key, content)


READING = """
import sys
from pathlib import Path
from curim_data.store import Home
from curim_data.store.results import read_result
sys.stdout.buffer.write(read_result(Home(Path(sys.argv[1])), *sys.argv[2:]))
"""


def test_another_process_reads_what_one_wrote(home: Home, dataset: Dataset) -> None:
    assert read_result(home, dataset.profile, KEY) is None
    _write(home, dataset)
    command = [sys.executable, "-c", READING, str(home.path), dataset.profile, KEY]
    assert subprocess.run(command, cwd=SHELL.parents[1], capture_output=True, check=True, timeout=60).stdout == CONTENT
    assert read_result(home, dataset.profile, "another key") is None
    assert read_result(home, "another profile", KEY) is None


@pytest.mark.parametrize("harm", ["cut", "changed", "empty"])
def test_what_is_damaged_is_not_read_and_written_again(home: Home, dataset: Dataset, harm: str) -> None:
    _write(home, dataset)
    (path,) = _files(home)
    content, middle = path.read_bytes(), path.stat().st_size // 2
    changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    path.write_bytes({"cut": content[:-3], "changed": changed, "empty": b""}[harm])
    assert read_result(home, dataset.profile, KEY) is None
    _write(home, dataset)
    assert read_result(home, dataset.profile, KEY) == CONTENT


def test_nothing_is_read_where_others_can_write(home: Home, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(home, dataset)
    (folder,) = (home.path / "prepared").glob("*/.results-*")
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o770)
    assert read_result(home, dataset.profile, KEY) is None
    folder.chmod(0o700)
    assert read_result(home, dataset.profile, KEY) == CONTENT
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: os.geteuid() + 1)
        assert read_result(home, dataset.profile, KEY) is None
    monkeypatch.setattr(store, "_this_computer", lambda: "another")
    assert read_result(home, dataset.profile, KEY) is None


def test_results_go_with_an_erasure_and_none_is_written_after_it(home: Home, dataset: Dataset) -> None:
    _write(home, dataset)
    assert _files(home)
    one = stored_column(open_for(home, Audience.ANALYST), "alert_id")[0]
    erase(home, [one])
    assert not _files(home)
    _write(home, dataset)  # a calculation that began before it
    assert not _files(home)


def test_nothing_is_kept_where_off_or_unwritable(home: Home, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv(SETTING, "off")
        _write(home, dataset)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(PermissionError))
        _write(home, dataset)
        assert read_result(home, dataset.profile, KEY) is None
    assert not _files(home)


def test_pages_find_what_another_process_left(home: Home, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "LEAST", 0.0)
    mine = cached_weights(dataset, AlertFilter())
    key, _ = results._keys(cached_weights.__wrapped__)(dataset, AlertFilter())  # type: ignore[attr-defined]
    while read_result(home, dataset.profile, key) is None:
        pass  # it is written while the readers go on
    results.forget_results()
    monkeypatch.setattr("curim_data.studies.gender.weight_study", None)  # nothing is worked out any more
    assert repr(cached_weights(dataset, AlertFilter())) == repr(mine)


def test_one_process_waits_for_what_another_works_out(home: Home, dataset: Dataset) -> None:
    key = "another study"
    with ThreadPoolExecutor(1) as readers:
        with alone_with(home, dataset.profile, key) as free:  # as the other process does, which then leaves its result
            asked = readers.submit(results._calculate, key, dataset, lambda: "mine", None, Message("Counting"))
            time.sleep(0.3)
            assert free
            assert not asked.done()
            _write(home, dataset, key, pickle.dumps("of the other"))
        assert asked.result(20) == "of the other"


def test_named_periods_are_worked_out_first_and_an_error_is_one(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LOG", logging.getLogger("curim.expected"))
    done: list[tuple[str, str, Audience]] = []
    for page, module in web.FIRST_RESULTS.items():

        def work(dataset: Dataset, f: AlertFilter, page: str = page) -> None:
            done.append((page, f.period, dataset.audience))
            if page == "gender":
                raise ValueError("no")

        monkeypatch.setattr(f"pages.parts.{module}.work_out_first", work)
    web._work_out_first((home,))
    usual = AlertFilter().period
    others = [(page, period) for period in PERIODS if period != usual for page in ("briefing", "gender")]
    expected = [*((page, usual) for page in web.FIRST_RESULTS), *others]
    assert done == [
        (page, period, audience) for page, period in expected for audience in (Audience.ANALYST, Audience.COUNCIL)
    ]


# What pages work out that takes longest, by its function, and the pages it is for.
HOT_SPOTS = ("hot_spot_size", "hot_spot_study", "list_lines")
LONG = {
    "brief_changes": ("briefing",),
    **dict.fromkeys(("trend_study", "answer_study"), ("trends",)),
    "brief_period": ("briefing",),
    **dict.fromkeys(("weight_study", "place_study"), ("gender",)),
    **dict.fromkeys(HOT_SPOTS, ("hotspots",)),
}


def _long(made: dict[str, Any], page: str) -> set[str]:
    """The keys of long results that are worked out for a page."""
    return {key for key in made if page in LONG.get(key.partition("[")[0].rpartition(".")[2], ())}


@some(("page", "reader"), itertools.product(web.FIRST_RESULTS, ["analyst", "council"]), every=3)
def test_a_page_finds_what_is_ready(
    open_page: Open, sample: Home, made: dict[str, Any], page: str, reader: str
) -> None:
    for audience in (Audience.ANALYST, Audience.COUNCIL):
        web._work_out(sample, page, AlertFilter(), audience)
    ahead = _long(made, page)
    assert ahead
    open_page(page, **({"as": "council"} if reader == "council" else {}))
    assert not _long(made, page) - ahead


VIEWS = (
    *((page, {}) for page in PAGES if page not in ("data", "methods")),  # which count nothing by the filter
    *(("hotspots", {"layer": layer}) for layer in ("clusters", "emerging", "density", "alerts")),
    *(("hotspots", {"tab": tab}) for tab in ("comparison", "spot")),
)


@some(("page", "words"), VIEWS, every=3)
def test_a_language_switch_works_nothing_out(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, made: dict[str, Any], page: str, words: dict[str, str]
) -> None:
    counted, aggregate = list[Any](), query.aggregate
    monkeypatch.setattr(query, "aggregate", lambda *args, **more: counted.append(args) or aggregate(*args, **more))
    assert not errors(open_page(page, lang="en", weekday="mon,thu", **words))
    assert (made and counted) or words or page in ("interventions", "evaluation")
    for lang in ("el", "fr") if FULL else ("el",):
        before = set(made)
        counted.clear()
        assert not errors(open_page(page, lang=lang, weekday="mon,thu", **words))
        assert not [key for key in made if key not in before and f"'{lang}'" not in key]  # words are kept by language
        assert not counted
