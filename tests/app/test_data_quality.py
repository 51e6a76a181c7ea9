"""The Data page's quality and cleaned data, on the sample city."""

from __future__ import annotations

import pytest

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.quality.report import findings
from curim_data.quality.study import quality_study
from curim_data.store import Home
from pages.parts.data import stored_tabs
from tests.app.conftest import SPOKEN, Open, on_tab
from tests.stored import stored_alerts


@pytest.mark.parametrize("lang", SPOKEN)
def test_every_finding_is_on_the_page(open_page: Open, sample: Home, lang: str) -> None:
    t = translator(lang)
    app = on_tab(open_page("data", lang=lang), t("Quality"))
    told = findings(t, quality_study(open_source(sample), listed=True))
    assert [element.value for element in app.subheader][-len(told) :] == [one.title for one in told]
    assert app.dataframe


def test_the_file_is_made_of_the_filter(sample: Home) -> None:
    noise = AlertFilter(period="all", categories=("noise",))
    content = stored_tabs.cleaned_file(sample, noise, "csv", Audience.ANALYST).decode("utf-8-sig")
    alerts = stored_alerts(open_source(sample)).select(["category", "more_categories"]).to_pylist()
    wanted = sum("noise" in (one["category"], *(one["more_categories"] or ())) for one in alerts)
    assert content.count("\n") == wanted + 1
