"""The hot cells of the Hot spots page month by month."""

from __future__ import annotations

import json

from streamlit.testing.v1 import AppTest

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.store import Home
from curim_data.studies.hot_spots import emerging_study
from tests.app.conftest import Open, errors


def _hot(app: AppTest) -> set[str]:
    layers = json.loads(app.get("deck_gl_json_chart")[-1].proto.json)["layers"]
    return {cell["hex"] for cell in next(layer for layer in layers if layer["id"] == "hot_now")["data"]}


def test_each_month_shows_its_own_hot_cells(open_page: Open, sample: Home) -> None:
    found = emerging_study(open_source(sample), AlertFilter()).emerging
    assert found is not None
    names = [f"{cell:x}" for cell in found.frame.index]
    app = open_page("hotspots", lang="en", layer="emerging")
    assert len(app.get("deck_gl_json_chart")) == 1
    app.toggle(key="emerging_by_step").set_value(True).run()
    assert not errors(app)
    for step in (47, 3):
        app.select_slider(key="emerging_step").set_value(step).run()
        assert not errors(app)
        assert _hot(app) == {name for name, hot in zip(names, found.hot[:, step], strict=True) if hot}
    assert any(words.value.startswith("Feb 2023: hot cells") for words in app.caption)
