"""Corrections of the days covered, on the tab of data quality."""

from __future__ import annotations

import datetime as dt

from curim_data.engine import open_source
from curim_data.store import Home
from curim_data.store.annotations import annotation_history, read_annotations
from tests.app.conftest import errors, on_tab, visit


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
