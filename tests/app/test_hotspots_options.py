"""The Hot spots page's options: base, weights and method, each in the link and in the figures."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.app.conftest import Open, errors, word

WOMEN = {"affected": "woman", "light": "dark"}


def layer(app: AppTest, name: str) -> list[dict[str, Any]]:
    (chart,) = app.get("deck_gl_json_chart")
    spec = json.loads(chart.proto.json)
    return next(one for one in spec["layers"] if one["id"] == name)["data"]  # type: ignore[no-any-return]


def listed(app: AppTest) -> list[str]:
    return list(next(frame.value for frame in app.dataframe if "name" in frame.value).columns)


def words(app: AppTest) -> str:
    return " ".join(str(part.value) for part in (*app.main.markdown, *app.main.caption, *app.main.title))


def test_the_share_among_all_alerts_is_tested_listed_and_told(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", **WOMEN)
    assert "rate" not in listed(app)
    assert not any("shrinkage" in cell["tip"] for cell in layer(app, "cells"))
    app.selectbox(key="hotspots_base").select("alerts").run()
    assert not errors(app)
    assert word(app, "base") == "alerts"
    assert "rate" in listed(app)
    assert any("share after shrinkage" in cell["tip"] for cell in layer(app, "cells"))
    assert layer(app, "hot")
    assert layer(app, "cold")
    assert "fewer than expected by chance" in " ".join(part.proto.body for part in app.get("html"))
    assert "among all" in words(app)
    assert "empirical Bayes" in words(app)
    app.selectbox(key="hotspots_base").select("land").run()
    assert word(app, "base") == ""


def test_the_council_may_compare_shares_in_its_own_cells(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "affected": "woman", "base": "alerts"})
    assert not errors(app)
    assert any("share after shrinkage" in cell["tip"] for cell in layer(app, "cells"))
    assert all(cell["hex"].startswith("89") for cell in layer(app, "cells"))


def test_hot_spots_by_severity_are_ordered_by_weight_and_keep_their_test(open_page: Open) -> None:
    plain = listed(open_page("hotspots", lang="en", period="12m"))
    assert "harm" not in plain
    app = open_page("hotspots", lang="en", period="12m", weight="severity")
    assert not errors(app)
    assert set(listed(app)) == {*plain, "harm", "weight"}
    assert "By harm they weigh" in words(app)
    assert "most harm is above" in words(app)


def test_no_weights_for_the_council(open_page: Open) -> None:
    app = open_page("hotspots", **{"lang": "en", "as": "council", "period": "12m", "weight": "severity"})
    assert not errors(app)
    assert not [box for box in app.selectbox if box.key == "hotspots_weight"]
    assert "harm" not in listed(app)
    assert "only for those who see exact counts" in words(app)
