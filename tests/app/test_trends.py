"""Trends: the unit stands in the link, every view opens, small numbers are "fewer than k"; notes on its line."""

from __future__ import annotations

import datetime as dt
import re

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from curim_data.importing.pipeline import import_file
from curim_data.model import translator
from curim_data.store import Home
from curim_data.store.annotations import add_annotation, annotation_history, read_annotations
from curim_data.studies.changes import NOT_KNOWN
from tests.app.conftest import SPOKEN, Open, errors, fine, visit, word


def test_the_unit_stands_in_the_link_and_the_charts_can_be_changed(open_page: Open) -> None:
    app = open_page("trends", lang="en", by="month")
    assert app.segmented_control(key="trends_by").value == "month"
    for unit, told in (("day", "day"), ("week", "")):
        app.segmented_control(key="trends_by").set_value(unit).run()
        assert (errors(app), word(app, "by")) == ([], told)
    fine(app.toggle(key="trends_adjusted").set_value(True).run())
    for split in ("group", "affected_gender"):
        fine(app.segmented_control(key="trends_split").set_value(split).run())


def test_the_council_is_told_by_weeks_and_months_only(open_page: Open) -> None:
    app = open_page("trends", lang="en", by="day", **{"as": "council"})
    assert app.segmented_control(key="trends_by").options == ["Week", "Month"]
    assert app.segmented_control(key="trends_by").value == "week"
    charts = [len(one.get("plotly_chart")) for one in (app, open_page("trends", lang="en"))]
    assert charts == [4, 5]  # the calendar shows days


def test_small_counts_of_the_changes_are_written_as_fewer_than_for_the_council(open_page: Open) -> None:
    app = open_page("trends", lang="en", period="meeting", **{"as": "council"})
    table = app.main.dataframe[0].value
    counts = table["after"].astype(str)
    assert counts.str.fullmatch("fewer than (5|10)").any()
    assert set(counts[~counts.str.startswith("fewer")].str.replace(",", "")).isdisjoint({"1", "2", "3", "4"})
    few = counts.str.startswith("fewer")
    assert set(table.loc[few, "q"]) == set(table.loc[few, "times"]) == {NOT_KNOWN}
    assert table.loc[few, "expected"].isna().all()
    assert set(table["q"]) <= {"≤0.05", ">0.05", NOT_KNOWN}
    assert set(table["sure"]) == {"clear", "probable", "may be chance"}
    exact = open_page("trends", lang="en", period="meeting").main.dataframe[0].value
    assert not exact["after"].astype(str).str.startswith("fewer").any()


@pytest.fixture(scope="module")
def one_year(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A year of alerts of two categories by the day: more of the second in the last weeks."""
    days = pd.date_range("2025-01-01", "2025-12-30")
    rows = [
        f"{'Theft' if at < 3 else 'Noise'},{day:%Y-%m-%d} 12:00,37.94{at},23.64{at}"
        for day in days
        for at in range(8 if day.month > 10 else 5)
    ]
    home = Home(tmp_path_factory.mktemp("year") / "home")
    text = "ref,category,when,lat,lon\n" + "".join(f"r{at},{row}\n" for at, row in enumerate(rows))
    import_file(home, text.encode(), "year.csv")
    return home


def _texts(home: Home, monkeypatch: pytest.MonkeyPatch, page: str, **words: str) -> tuple[AppTest, list[str]]:
    monkeypatch.setenv("CURIM_HOME", str(home.path))
    app = visit(page, **words)
    return app, [one.value.replace("\\", "") for kind in (app.main.markdown, app.main.caption) for one in kind]


@pytest.mark.parametrize("lang", SPOKEN)
def test_of_all_data_the_table_says_what_the_briefing_does(
    one_year: Home, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    t = translator(lang)
    app, told = _texts(one_year, monkeypatch, "trends", lang=lang)
    assert list(app.main.dataframe[0].value)[:2] == ["where", "what"]  # of the title's days, which can be compared
    app, told = _texts(one_year, monkeypatch, "trends", lang=lang, span="all")
    whole = "This table compares the whole period with the one before, which the data do not reach: no day of the data "
    reason = next(text for text in told if text.startswith(t(whole + "lies before this period.")))
    assert t("To the Briefing") in [link.proto.label for link in app.main.get("page_link")]
    if lang == "en":
        assert (
            "The briefing compares only the last part of the period, 4 November 2025 – 30 December 2025, with" in reason
        )
        _, cards = _texts(one_year, monkeypatch, "briefing", lang=lang)
        before = reason.rpartition(", with ")[2].rstrip(".")
        assert any(f"Compared with the time just before ({before})" in text for text in cards)


def test_of_sensitive_categories_the_council_gets_months_and_neither_days_nor_hours(open_page: Open) -> None:
    words = {"lang": "en", "category": "harassment_verbal"}
    for by in ("week", ""):
        app = open_page("trends", **words, **{"as": "council"}, **({"by": by} if by else {}))
        assert app.segmented_control(key="trends_by").options == ["Month"]
        assert "Week of" not in app.title[0].value
        assert any("daylight and darkness alone" in text.value for text in app.markdown)
        assert not any("fall between" in text.value for text in app.markdown)
    exact = open_page("trends", **words)
    assert exact.segmented_control(key="trends_by").options == ["Day", "Week", "Month"]
    assert not any("daylight and darkness alone" in text.value for text in exact.markdown)


def test_the_councils_hours_are_whole_bands_and_none_of_so_few(open_page: Open) -> None:
    """The copy has hours in bands of six, so that no stretch within one can be told."""
    app = open_page("trends", lang="en", **{"as": "council", "category": "noise"})
    told = next(one.value for one in app.markdown if one.value.startswith("At least half of the alerts fall"))
    ends = [int(hour) for hour in re.findall(r"(\d\d):00", told)]
    assert all(hour % 6 == 0 for hour in ends)
    few = {"category": "graffiti", "district": "zone_1", "affected": "other", "as": "council"}
    app = open_page("trends", lang="en", **few)
    assert any(one.value.startswith("Fewer than 5 alerts have a known hour") for one in app.markdown)
    assert not any("fullest day" in one.value for one in app.markdown)


@pytest.mark.parametrize("by", ["week", "month"])
def test_the_last_twelve_months_stand_beside_the_year_before(open_page: Open, by: str) -> None:
    app = open_page("trends", lang="en", by=by)
    months = next(table.value for table in app.main.dataframe if "last_year" in table.value)
    assert len(months) == 12
    assert (months["change"] == months["n"] - months["last_year"]).all()
    told = f"{months['n'].sum():,.0f} alerts, {months['last_year'].sum():,.0f} in the same months a year before"
    assert any(told in text.value for text in app.main.markdown)


def test_an_analyst_adds_and_removes_a_note(own: Home) -> None:
    app = visit("trends")
    app.text_input(key="plan_who_asked").set_value("Ana")
    app.date_input(key="annotation_start").set_value(dt.date(2026, 3, 2))
    app.text_input(key="annotation_note").set_value("New app <b>2</b>")
    next(button for button in app.button if button.label == "Add the note").click().run()
    assert not errors(app)
    (note,) = read_annotations(own.path)
    assert (note.start, note.end, note.note) == (dt.date(2026, 3, 2), None, "New app <b>2</b>")
    assert any("2 March 2026" in words.value and "New app" in words.value for words in app.main.markdown)
    remove = app.button(key=f"annotation_remove_{note.id}")
    assert remove.help == r"New app \<b\>2\</b\>"  # help is Markdown
    remove.click().run()
    assert read_annotations(own.path) == ()
    told = [(what, who) for what, who, _ in annotation_history(own.path)]
    assert told == [("added", "Ana"), ("removed", "Ana")]


def test_the_council_reads_notes_and_writes_none(own: Home) -> None:
    app = visit("trends", **{"as": "council"})
    assert not [box for box in app.text_input if box.key == "annotation_note"]
    add_annotation(own.path, dt.date(2026, 3, 2), "Campaign at the port", who="Ana", kind="campaign")
    app = visit("trends", **{"as": "council"})
    assert any("Campaign at the port" in words.value for words in app.main.markdown)
