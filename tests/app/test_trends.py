"""Trends: the unit stands in the link, every view opens, and small numbers stay protected."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.app.conftest import Open, errors, shown, word

SMALL = {"category": "harassment_verbal", "district": "zone_1", "light": "dark", "as": "council"}


@pytest.mark.parametrize("lang", ["el", "en", "fr"])
@pytest.mark.parametrize("words", [{}, {"as": "council"}], ids=["analyst", "council"])
def test_trends_open_in_every_language(open_page: Open, lang: str, words: dict[str, str]) -> None:
    app = open_page("trends", lang=lang, **words)
    assert not errors(app)
    assert len(app.get("plotly_chart")) == 4


@pytest.mark.parametrize("words", [{"from": "2030-01-01", "to": "2030-02-01"}, SMALL], ids=["none", "few"])
def test_few_or_no_alerts_leave_a_page(open_page: Open, words: dict[str, str]) -> None:
    assert not errors(open_page("trends", lang="en", **words))


def test_the_unit_stands_in_the_link(open_page: Open) -> None:
    app = open_page("trends", lang="en", by="month")
    assert "September 2026" in app.main.title[0].value or "October 2026" in app.main.title[0].value
    app.segmented_control(key="trends_by").set_value("day").run()
    assert not errors(app)
    assert word(app, "by") == "day"
    app.segmented_control(key="trends_by").set_value("week").run()
    assert word(app, "by") == ""


def test_an_unknown_unit_is_the_usual_one(open_page: Open) -> None:
    app = open_page("trends", lang="en", by="decade")
    assert not errors(app)
    assert app.main.title[0].value.startswith("Week of")


def test_the_season_can_be_taken_out_and_the_charts_split(open_page: Open) -> None:
    app = open_page("trends", lang="en")
    app.toggle(key="trends_adjusted").set_value(True).run()
    assert not errors(app)
    for split in ("group", "affected_gender"):
        app.segmented_control(key="trends_split").set_value(split).run()
        assert not errors(app)


def test_the_council_is_told_by_weeks_and_months_only(open_page: Open) -> None:
    app = open_page("trends", lang="en", by="day", **{"as": "council"})
    assert not errors(app)
    assert app.segmented_control(key="trends_by").options == ["Week", "Month"]
    assert app.segmented_control(key="trends_by").value == "week"


def test_changes_at_the_bound_are_marked_for_the_council(open_page: Open) -> None:
    app = open_page("trends", lang="en", period="meeting", **{"as": "council"})
    table = app.main.dataframe[0].value
    assert table["note"].str.contains("at most").any()
    assert not table["q"].isna().any()


@pytest.mark.parametrize(("lang", "mark"), [("el", ","), ("en", ".")])
def test_numbers_of_a_table_are_written_in_the_language_of_the_page(open_page: Open, lang: str, mark: str) -> None:
    table = open_page("trends", lang=lang).main.dataframe[0]
    ratios, written = table.value["ratio"], shown(table)["ratio"]
    known = ratios.notna()
    assert known.any()
    assert pd.api.types.is_float_dtype(ratios)
    assert written[known].tolist() == [f"{ratio:.2f}".replace(".", mark) for ratio in ratios[known]]
