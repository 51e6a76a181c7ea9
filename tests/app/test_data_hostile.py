"""Uploads that are made to hurt, on the Data page: one sentence each, and the files beside them are read as ever."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from curim_data.containers import base
from curim_data.engine import open_source
from curim_data.export import cleaned
from curim_data.export.safe_csv import csv_bytes, with_negative_numbers
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import Answers, Audience
from curim_data.store import Home, Store
from curim_data.store.home import create_home
from tests.app.conftest import TIMEOUT, bring, visit
from tests.effort import FULL
from tests.hostile.archives import hostile_files
from tests.hostile.tables import CSV

# What a reader of this page, or a spreadsheet, would run or follow if it were passed on as it stands.
LIVE = re.compile(r"(?<!\\)<(?:img|script|a)\b|(?<!\\)\[P(?:rize)?\]\(https?:|(?<!\\)!\[|(?<!\\):red\[", re.I)
FORMULA = re.compile(r"^[=+\-@\t\r]")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("CURIM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(base.MEMORY, "450")
    monkeypatch.setenv(base.SECONDS, "2")
    monkeypatch.setattr(base, "CLOCK", 20)
    return visit("data", 10 * TIMEOUT, home="own")


def told(app: AppTest) -> list[str]:
    parts = (app.markdown, app.caption, app.success, app.error, app.warning, app.info, app.subheader, app.selectbox)
    return [str(element.value) for kind in parts for element in kind]


def test_each_hostile_upload_gets_one_sentence_and_the_others_are_reviewed(page: AppTest, tmp_path: Path) -> None:
    files = hostile_files()
    chosen = ["far-cell-single.xlsx", "far-cell-bin.xlsx", "geo-nested.parquet", "entities.xml", "nested.zip"]
    chosen += sorted(files) if FULL else ["bomb.csv.gz"]
    for start in range(0, len(chosen), 10):
        names = list(dict.fromkeys(chosen[start : start + 10]))
        bring(page, *((name, files[name]) for name in names), ("good.csv", CSV))
        shown = "\n".join(told(page))
        assert "40 rows read" in shown or "good.csv" in shown
        for name in names:
            assert name.partition(".")[0].replace("-", "") in shown.replace("\\", "").replace("-", ""), name
    assert not Home(tmp_path / "home").has_city()


def test_words_of_files_are_shown_and_not_run(page: AppTest) -> None:
    """Cells, headings and names of Markdown, HTML and formulas: as they stand on the page."""
    names, files = ("page.csv", "formulas.csv", "formulas.xlsx", "page.geojson", "name-5.zip"), hostile_files()
    bring(page, *((f"<img src=x>{name}", files[name]) for name in names))
    live = [text for text in told(page) if LIVE.search(text) and not text.startswith("<style")]
    assert not live


def test_formulas_come_out_as_texts(tmp_path: Path) -> None:
    """What was imported leaves as text that no spreadsheet runs: cleaned alerts, quarantined rows, every table."""
    home = create_home(tmp_path / "home")
    data = hostile_files()["formulas.csv"] + b'x,=1+1,"=cmd|1",=2,@x\n'
    report = import_file(home, data, "=1+1.csv", answers=Answers(elsewhere=True))
    out = io.BytesIO()
    cleaned.write(open_source(home), AlertFilter(period="all"), out, "csv", Audience.ANALYST)
    quarantined = csv_bytes(with_negative_numbers(Store(home).quarantine(report.batch.id)))
    for content in (out.getvalue(), quarantined):
        cells = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8-sig")
        texts = [*cells.columns, *(text for column in cells for text in cells[column])]
        assert texts
        assert not [text for text in texts if FORMULA.match(text) and not re.fullmatch(r"-?\d+([.]\d+)?", text)]
    assert "'=HYPERLINK" in out.getvalue().decode("utf-8-sig")
