"""No page writes a number from 1 to k - 1 for the council: texts, tables and the tips of maps say "fewer than k"."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.app.conftest import Open, errors, shown

COUNTED = re.compile(r"(?<![\d.,–-])([1-4]) (?:incident|alert)s?\b")
NO_COUNT = re.compile("Of a typical place|^Forecast for|^Expected in")  # rounded, or still to come
COLUMNS = {"n", "before", "after", "women", "men", "alerts", "last_year", "a", "b"}
RARE = {"category": "robbery", "affected": "woman", "period": "quarter"}
PARTS = [
    ("briefing", {}),
    ("trends", {}),
    ("trends", {"by": "month"}),
    ("gender", {}),
    ("interventions", {}),
    ("evaluation", {}),
    *(("hotspots", {"tab": tab}) for tab in ("", "emerging", "comparison", "concentration", "forecast")),
]


def _texts(app: AppTest) -> list[str]:
    elements = (*app.main.title, *app.main.markdown, *app.main.caption, *app.main.info, *app.main.subheader)
    told = [str(element.value) for element in (*elements, *app.main.warning)]
    for chart in app.get("deck_gl_json_chart"):
        for layer in json.loads(chart.proto.json)["layers"]:
            told += [row["tip"] for row in layer.get("data") or () if isinstance(row, dict) and "tip" in row]
    return told


def _counts(app: AppTest) -> list[str]:
    """What stands in the columns of counts of all tables."""
    tables = [shown(table) for table in app.dataframe]
    return [str(value) for table in tables for name in COLUMNS & set(table.columns) for value in table[name]]


@pytest.mark.parametrize("words", [{}, RARE], ids=["usual", "rare"])
@pytest.mark.parametrize(
    ("name", "part"), PARTS, ids=[" ".join((name, *part.values())).strip() for name, part in PARTS]
)
def test_the_council_reads_no_small_number(
    open_page: Open, name: str, part: dict[str, str], words: dict[str, str]
) -> None:
    app = open_page(name, **{"lang": "en", "as": "council", **part, **words})
    assert not errors(app)
    assert [text[:300] for text in _texts(app) if COUNTED.search(text) and not NO_COUNT.search(text)] == []
    assert {count for count in _counts(app) if pd.notna(count)} & {"1", "2", "3", "4"} == set()
