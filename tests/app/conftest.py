"""Runs the dashboard's shell without a browser: any page, any language, any audience."""

from __future__ import annotations

import functools
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from curim_data.model import LANGUAGES
from curim_data.plans.database import Database
from curim_data.plans.record import Deed, Entry, read_record, recorder
from curim_data.serving import RUN_LOG
from curim_data.store import Home
from curim_data.store.home import SAMPLE_MARK
from pages.parts.frame import reader, record, results
from tests.effort import FULL
from tests.houses import House, make_house

# Each run of AppTest reads what all installed packages say of themselves, which takes longer than many a page.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)
SHELL = Path(__file__).resolve().parents[2] / "pages" / "shell.py"
PAGES = ("briefing", "finding", "hotspots", "trends", "gender", "interventions", "evaluation", "data", "methods")
TIMEOUT = 90
MAYOR = "mayor@city.example"
COUNCIL = {"lang": "en", "as": "council"}
# Languages of tests whose words differ by language and nothing else: `test_pages` opens each page in all of them.
SPOKEN = LANGUAGES if FULL else ("el",)

Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def no_part_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A part of a page that fails leaves the rest in place: the log tells it, and the test fails."""
    yield
    failed = [record for record in caplog.get_records("call") if record.name == "curim" and record.exc_info]
    assert not failed, failed[0].exc_info


@pytest.fixture
def open_page(sample: Home, monkeypatch: pytest.MonkeyPatch) -> Open:
    """`open_page("trends", lang="el", period="28d")` runs the page with these words in its link; nothing fails."""
    monkeypatch.setenv("CURIM_HOME", str(sample.path.parent))

    def run(name: str = "briefing", **query: str) -> AppTest:
        return visit(name, **{"lang": "", **query})

    return run


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The lines of the log of runs."""
    found: list[dict[str, Any]] = []
    monkeypatch.setenv(RUN_LOG, "on")
    monkeypatch.setattr(record, "_take", found.append)
    return found


@pytest.fixture(scope="module")
def seen(sample: Home) -> Iterator[Open]:
    """`seen("trends", period="28d")` is the page as it opens, run once for all tests of a file that only read it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CURIM_HOME", str(sample.path.parent))
        yield functools.cache(visit)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Two cities."""
    return make_house(tmp_path_factory.mktemp("house"))


@pytest.fixture
def in_house(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A dashboard of the house's cities, in which nobody has looked yet."""
    for name in ("CURIM_PLANS_URL", "CURIM_ALERTS_URL", "CURIM_HOME", "CURIM_UNVERIFIED_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CURIM_HOMES", house.names)
    record._sessions.clear()
    monkeypatch.setattr(record, "_run", threading.local())  # what is drawn here is nothing to the tests after it
    yield
    for home in (house.alpha, house.beta):
        (home.path / "roles.toml").unlink(missing_ok=True)
    reader._opened.cache_clear()


class User(dict[str, Any]):
    """A signed-in account with the claims of its provider."""

    is_logged_in = True


@pytest.fixture
def mayor(monkeypatch: pytest.MonkeyPatch) -> User:
    """A verified account that has just signed in."""
    account = User(email=MAYOR, email_verified=True, iat=time.time(), nonce=str(time.time()), iss="i", sub="s")
    asked = SimpleNamespace(user=account, logout=lambda: None, query_params=st.query_params, secrets={"auth": {}})
    monkeypatch.setattr(reader, "st", asked)
    return account


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The results that are made in a test, by their keys."""
    found: dict[str, Any] = {}

    def in_memory(key: str, make: Callable[[], Any]) -> Any:
        if key not in found:
            found[key] = make()
        return found[key]

    monkeypatch.setattr(results, "_in_memory", in_memory)
    return found


class Rerun(Exception):
    """A part of a page that makes the whole page run again."""


@pytest.fixture
def reruns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a page a part that makes it run raises `Rerun`."""

    def rerun() -> None:
        raise Rerun

    monkeypatch.setattr("pages.parts.frame.guard.st.rerun", rerun)


def errors(app: AppTest) -> list[str]:
    """What went wrong in a run, with its traceback, and what plotly finds wrong with its charts."""
    told = [f"{e.message}\n{''.join(e.stack_trace or [])}" for e in app.exception]
    return told + [wrong for chart in app.get("plotly_chart") if (wrong := _wrong(chart.proto.spec))]


@functools.lru_cache(maxsize=512)  # most pages are run more than once
def _wrong(spec: str) -> str:
    try:
        go.Figure(json.loads(spec))
    except ValueError as error:
        return str(error)
    return ""


def fine(app: AppTest) -> AppTest:
    """The same run, in which nothing went wrong."""
    assert errors(app) == []
    return app


def shown(table: Any) -> pd.DataFrame:
    """What a reader sees in a table: its numbers as the page writes them."""
    frame = pd.DataFrame(table.value)
    written = table.proto.arrow_data.styler.display_values
    return convert_arrow_bytes_to_pandas_df(written).set_axis(frame.columns, axis=1) if written else frame


def layers(app: AppTest) -> dict[str, Any]:
    """The layers of the maps of a page, by their ids."""
    specs = [json.loads(chart.proto.json) for chart in app.get("deck_gl_json_chart")]
    return {layer["id"]: layer for spec in specs for layer in spec["layers"]}


def rows_of(app: AppTest, layer: str) -> list[dict[str, Any]]:
    """What a layer of a map draws."""
    return layers(app)[layer]["data"]  # type: ignore[no-any-return]


def frame_of(app: AppTest, *columns: str) -> pd.DataFrame:
    """The first table of a page that has these columns."""
    return next(one.value for one in (*app.dataframe, *app.table) if set(columns) <= set(one.value))


def words_of(app: AppTest) -> str:
    """Headings, sentences, captions and notes of a page."""
    main = app.main
    return "\n".join(
        str(one.value) for kind in (main.title, main.subheader, main.markdown, main.caption, main.info) for one in kind
    )


def word(app: AppTest, name: str) -> str:
    """A word of the address, empty where it is not there."""
    value = app.query_params.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


@pytest.fixture
def own(sample: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A city of its own with the alerts of the sample."""
    home = Home(tmp_path / "own")
    shutil.copytree(sample.path, home.path)
    (home.path / SAMPLE_MARK).unlink(missing_ok=True)
    monkeypatch.setenv("CURIM_HOME", str(home.path))
    return home


@pytest.fixture
def base(sample: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home without a city of its own, beside a copy of the sample."""
    shutil.copytree(sample.path, tmp_path / "sample")
    monkeypatch.setenv("CURIM_HOME", str(tmp_path))
    return Home(tmp_path)


def visit(name: str = "briefing", timeout: int = TIMEOUT, **query: str) -> AppTest:
    """A run of the page, in English unless `lang` says otherwise, in which nothing went wrong."""
    app = AppTest.from_file(str(SHELL), default_timeout=timeout)
    for word, value in {"lang": "en", **query}.items():
        if value:
            app.query_params[word] = value
    if name != "briefing":
        app.switch_page(f"{name}.py")
    return fine(app.run())


def opened(app: AppTest) -> AppTest:
    """The page with all of its folds open, those in folds too."""
    while closed := [str(key) for key, is_open in app.session_state.items() if "fold_" in str(key) and not is_open]:
        for key in closed:
            app.session_state[key[key.index("fold_") :]] = True
        fine(app.run())
    return app


def bring(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """The Data page with these files uploaded."""
    app.file_uploader[0].set_value([(name, content, "text/csv") for name, content in files])
    return fine(app.run())


def recorded(home: Home) -> list[Entry]:
    """The entries of the record, the oldest first."""
    assert recorder(home).flush(10)
    database = Database(home.plans_url)
    found = read_record(database)
    database.close()
    return list(reversed(found))


def changes(home: Home) -> list[str]:
    """What the record says was changed, the oldest first."""
    return [one.subject for one in recorded(home) if one.deed is Deed.CHANGE]


def on_tab(app: AppTest, name: str) -> AppTest:
    """The Data page with that tab open."""
    app.session_state["data_part"] = name
    return fine(app.run())


def texts_of(app: AppTest) -> str:
    """The words and messages of a run."""
    parts = (app.markdown, app.caption, app.success, app.error, app.warning, app.info)
    return "\n".join(str(element.value) for kind in parts for element in kind)


def on_step(app: AppTest, name: str) -> AppTest:
    """The page with that step of a plan open."""
    key = next(group.key for group in app.main.get("button_group") if str(group.key).endswith("_step"))
    app.session_state[key] = name
    return app.run()
