"""The Data page's quality with corrections of the days covered, and cleaned data."""

from __future__ import annotations

import datetime as dt

import pytest

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.quality.report import findings
from curim_data.quality.study import quality_study
from curim_data.store import Home
from curim_data.store.annotations import annotation_history, read_annotations
from pages.parts.data import stored_tabs
from tests.app.conftest import SPOKEN, Open, errors, on_tab, visit
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


def test_an_analyst_says_that_days_are_not_covered_and_takes_it_back(own: Home) -> None:
    app = on_tab(visit("data"), "Quality")
    assert open_source(own).coverage.complete
    day = open_source(own).as_of - dt.timedelta(days=40)
    app.text_input(key="coverage_who").set_value("Ana")
    app.date_input(key="coverage_days").set_value((day, day + dt.timedelta(days=6)))
    app.text_input(key="coverage_note").set_value("The app was <b>down</b>")
    next(button for button in app.button if button.label == "Correct").click().run()
    assert not errors(app)
    (note,) = read_annotations(own.path)
    (gap,) = open_source(own).coverage.gaps
    assert (gap.first, gap.days, gap.source) == (day, 7, "")
    assert any("The alerts do not cover this time" in words.value for words in app.main.markdown)
    app.button(key=f"coverage_remove_{note.id}").click().run()
    assert open_source(own).coverage.complete
    told = [(what, who) for what, who, _ in annotation_history(own.path)]
    assert told == [("added", "Ana"), ("removed", "Ana")]
