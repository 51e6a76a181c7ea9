"""The Data page's quality and cleaned data, on the sample city."""

from __future__ import annotations

import pandas as pd
import pytest

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.quality.findings import findings
from curim_data.quality.study import quality_study
from curim_data.store import Home
from pages.parts.data import history_tab
from pages.parts.data.quality_tab import cells_near_city
from tests.app.conftest import Open, errors, on_tab
from tests.small import small_city
from tests.stored import stored_alerts


@pytest.mark.parametrize("lang", ["en", "el"])
def test_every_finding_is_on_the_page(open_page: Open, sample: Home, lang: str) -> None:
    t = translator(lang)
    app = on_tab(open_page("data", lang=lang), t("Quality"))
    told = findings(t, quality_study(open_source(sample), listed=True))
    assert [element.value for element in app.subheader][-len(told) :] == [one.title for one in told]
    assert app.dataframe


def test_cleaned_alerts_are_offered_under_the_filter(open_page: Open, sample: Home) -> None:
    app = on_tab(open_page("data", lang="en", category="noise"), "Imports so far")
    assert "Cleaned data" in [element.value for element in app.subheader]
    n = open_source(sample).count
    assert any(f"{n:,} alerts." in str(element.value) for element in app.caption)
    app.toggle(key="data_cleaned_filter").set_value(True).run()
    assert not errors(app)
    assert not any(f"{n:,} alerts." in str(element.value) for element in app.caption)


def test_the_file_is_made_of_the_filter(sample: Home) -> None:
    noise = AlertFilter(period="all", categories=("noise",))
    content = history_tab.cleaned_file(sample, noise, "csv", Audience.ANALYST).decode("utf-8-sig")
    alerts = stored_alerts(open_source(sample)).select(["category", "more_categories"]).to_pylist()
    wanted = sum("noise" in (one["category"], *(one["more_categories"] or ())) for one in alerts)
    assert content.count("\n") == wanted + 1


def test_the_map_leaves_far_cells_to_the_table() -> None:
    cells = pd.DataFrame({"longitude": [23.70, 2.35], "latitude": [37.94, 48.85], "n": [1, 1]})
    assert cells_near_city(small_city().land, cells)["longitude"].tolist() == [23.70]
