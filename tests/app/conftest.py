"""Runs the dashboard's shell without a browser: any page, any language, any audience."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from curim_data.store import Home

SHELL = Path(__file__).resolve().parents[2] / "pages" / "shell.py"
PAGES = ("briefing", "hotspots", "trends", "gender", "interventions", "evaluation", "data", "methods")
EXISTING = PAGES
TIMEOUT = 90

Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def no_part_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A part of a page that fails leaves the rest in place: the log tells it, and the test fails."""
    yield
    failed = [record for record in caplog.get_records("call") if record.name == "curim" and record.exc_info]
    assert not failed, failed[0].exc_info


@pytest.fixture
def open_page(sample: Home, monkeypatch: pytest.MonkeyPatch) -> Open:
    """`open_page("trends", lang="el", period="28d")` runs the page with these words in its address."""
    monkeypatch.setenv("CURIM_HOME", str(sample.path.parent))

    def run(name: str = "briefing", **query: str) -> AppTest:
        app = AppTest.from_file(str(SHELL), default_timeout=TIMEOUT)
        for word, value in query.items():
            app.query_params[word] = value
        if name != EXISTING[0]:
            app.switch_page(f"{name}.py")
        return app.run()

    return run


def errors(app: AppTest) -> list[str]:
    """What went wrong in a run, with its traceback, and what plotly finds wrong with its charts."""
    told = [f"{e.message}\n{''.join(e.stack_trace or [])}" for e in app.exception]
    for chart in app.get("plotly_chart"):
        try:
            go.Figure(json.loads(chart.proto.spec))
        except ValueError as error:
            told.append(str(error))
    return told


def shown(table: Any) -> pd.DataFrame:
    """What a reader sees in a table: its numbers as the page writes them."""
    frame = pd.DataFrame(table.value)
    written = table.proto.arrow_data.styler.display_values
    return convert_arrow_bytes_to_pandas_df(written).set_axis(frame.columns, axis=1) if written else frame


def word(app: AppTest, name: str) -> str:
    """A word of the address, empty where it is not there."""
    value = app.query_params.get(name, "")
    return str(value[0] if isinstance(value, list) else value)
