"""Every page in every language, and the filter's way between the address and the widgets."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from curim_data.importing.pipeline import import_file
from curim_data.privacy import LIGHT_ALONE, NO_SEVERITY
from curim_data.store import Home
from pages.parts.frame import filter_bar, guard
from tests.app.conftest import PAGES, Open, fine, visit, word


@pytest.mark.parametrize("lang", ["el", "fr"])  # the tests below and others open each page in English
@pytest.mark.parametrize("name", PAGES)
def test_page_runs(open_page: Open, name: str, lang: str) -> None:
    assert open_page(name, lang=lang).main.children


@pytest.mark.parametrize("words", [{"as": "council"}, {"from": "2001-01-01", "to": "2001-01-02", "affected": "woman"}])
@pytest.mark.parametrize("name", PAGES)
def test_page_runs_for_the_council_and_without_alerts_and_has_one_line_without_its_filter(
    open_page: Open, taken: list[dict[str, Any]], name: str, words: dict[str, str]
) -> None:
    open_page(name, lang="en", **words)
    (line,) = taken
    refused = name == "data" and "as" in words
    assert (line["page"], line["part"], line["outcome"]) == (name, "", "stopped" if refused else "ok")
    assert line["ms"] > 0
    assert not any(word in json.dumps(line) for word in ("council", "affected", "woman"))


def test_address_sets_the_widgets(open_page: Open) -> None:
    app = open_page(PAGES[0], affected="woman", light="dark", hours="20-3", period="quarter")
    assert app.multiselect(key="filter_affected").value == ["woman"]
    assert app.selectbox(key="filter_light").value == "dark"
    assert app.selectbox(key="filter_period").value == "quarter"
    assert (app.selectbox(key="filter_hour_from").value, app.selectbox(key="filter_hour_to").value) == (20, 4)


def test_widgets_write_the_address(open_page: Open) -> None:
    app = open_page(PAGES[0], lang="en", district="atlantis")
    assert any("atlantis" in warning.value for warning in app.warning)
    app.multiselect(key="filter_affected").select("woman")
    app.selectbox(key="filter_light").select("dark").run()
    assert (word(app, "affected"), word(app, "light"), word(app, "lang")) == ("woman", "dark", "en")
    app.button(key="chip_0").click().run()
    assert not word(app, "affected")
    app.button(key="filter_reset").click().run()
    assert not word(app, "light")
    assert app.selectbox(key="filter_light").value == "all"


def test_empty_filter_offers_the_nearest(open_page: Open) -> None:
    app = open_page(PAGES[0], **{"lang": "en", "from": "2001-01-01", "to": "2001-01-02"})
    fine(app.button(key="filter_nearest").click().run())
    assert word(app, "period") == "all"
    assert "no earlier time to compare with" in app.main.title[0].value


VIEWS = {
    "briefing": {"since": "2026-09-21"},
    "trends": {"by": "month", "since": "2026-09-21"},  # since: the finding that a card of the Briefing opens
    "hotspots": {"layer": "significance", "cell": "9", "spot": "891ed9b2e4fffff"},
    "gender": {},
    "interventions": {"plan": "7", "draft": "8a1ed9b2e4fffff"},
    "evaluation": {"plan": "7"},
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_copied_link_holds_the_view_of_its_page_and_nothing_else(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    words = {word: value for view in VIEWS.values() for word, value in view.items()}
    address = "https://city.example/" + ("" if name == "briefing" else name)
    seen = SimpleNamespace(query_params={**words, "token": "secret"}, context=SimpleNamespace(url=address))
    monkeypatch.setattr(guard, "st", seen)
    base, _, query = guard.current_address(SimpleNamespace(query={"lang": "en", "period": "28d"})).partition("?")
    assert base == address
    assert dict(parse_qsl(query)) == {"lang": "en", "period": "28d", **VIEWS[name]}
    printed = guard.print_address(SimpleNamespace(query={"lang": "en", "period": "28d"}))
    own = {"embed": "true", "embed_options": "light_theme"}
    assert dict(parse_qsl(printed.partition("?")[2])) == {"lang": "en", "period": "28d", **VIEWS[name], **own}


def test_of_many_alerts_a_button_applies_changes_together(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter_bar, "TOGETHER_FROM", 0)
    app = open_page("trends", lang="en")
    app.multiselect(key="filter_affected").select("woman").run()
    assert word(app, "affected") == "", "nothing is applied yet"
    app.multiselect(key="filter_affected").select("woman")
    app.selectbox(key="filter_light").select("dark")
    fine(app.button(key="filter_apply").click().run())
    assert (word(app, "affected"), word(app, "light")) == ("woman", "dark")
    app.selectbox(key="filter_period").select("own")
    app.button(key="filter_apply").click().run()
    app.date_input(key="filter_dates").set_value((date(2025, 3, 1), date(2025, 6, 30)))
    app.button(key="filter_apply").click().run()
    assert (word(app, "from"), word(app, "to")) == ("2025-03-01", "2025-06-30")
    app.selectbox(key="filter_period").select("quarter")
    app.button(key="filter_apply").click().run()
    assert (word(app, "period"), word(app, "from")) == ("quarter", "")
    app.button(key="filter_reset").click().run()
    assert app.multiselect(key="filter_affected").value == []


def test_a_bare_export_gets_a_filter_bar_with_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"a{at},2025-{1 + at % 9:02d}-01,Theft,48.20{at % 10},16.37{at % 7}" for at in range(90)]
    home = Home(tmp_path / "home")
    import_file(home, ("ref,when,category,lat,lon\n" + "\n".join(rows) + "\n").encode(), "months.csv")
    monkeypatch.setenv("CURIM_HOME", str(home.path))
    app = visit("gender")
    said = [caption.value for caption in app.sidebar.caption if caption.value.startswith("No filter by")]
    assert len(said) == 4
    assert any("Light, Time of day and Weekday: This export gives only the month" in one for one in said)
    assert "Light" not in [box.label for box in app.sidebar.selectbox]


@pytest.mark.parametrize(
    ("words", "told", "gone"),
    [
        ({"severity": "4"}, NO_SEVERITY.text, "severity"),
        ({"category": "harassment_verbal", "hours": "22-3", "weekday": "mon"}, LIGHT_ALONE.text, "hours"),
    ],
)
def test_a_link_opens_without_what_the_copy_lacks(open_page: Open, words: dict[str, str], told: str, gone: str) -> None:
    app = open_page("trends", lang="en", **words, **{"as": "council"})
    assert [one.value for one in app.warning].count(told) == 1
    assert not any("No alerts match" in one.value for one in app.markdown)
    assert any(told in one.value for one in app.sidebar.caption if one.value.startswith("No filter by"))
    exact = open_page("trends", lang="en", **words)
    assert told not in [one.value for one in exact.warning]
    assert word(exact, gone) == words[gone]
