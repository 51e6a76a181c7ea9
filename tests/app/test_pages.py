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
from curim_data.privacy import NO_SEVERITY, NOT_OF_SENSITIVE
from curim_data.store import Home
from pages.parts.frame import guard
from tests.app.conftest import PAGES, SPOKEN, Open, fine, visit, word
from tests.net.pages import View, run_page


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
    *earlier, line = taken  # a page that waits long runs again
    assert all(one["page"] == name for one in earlier)
    refused = name == "data" and "as" in words
    assert (line["page"], line["part"], line["outcome"]) == (name, "", "stopped" if refused else "ok")
    assert line["ms"] > 0
    assert not any(word in json.dumps(line) for word in ("council", "affected", "woman"))


def test_address_sets_the_widgets(open_page: Open) -> None:
    app = open_page(PAGES[0], lang="en", affected="woman", light="dark", hours="20-3", period="quarter")
    assert app.button(key="filter_open_affected").label == "Gender of the person affected: Women"
    assert app.button(key="filter_open_more").label == "More filters: Time of day"
    assert app.selectbox(key="filter_light").value == "dark"
    assert app.selectbox(key="filter_period").value == "quarter"
    app.button(key="filter_open_more").click().run()
    assert (app.selectbox(key="filter_hour_from").value, app.selectbox(key="filter_hour_to").value) == (20, 4)


def test_widgets_write_the_address(open_page: Open) -> None:
    app = open_page(PAGES[0], lang="en", district="atlantis")
    assert any("atlantis" in warning.value for warning in app.warning)
    app.selectbox(key="filter_light").select("dark").run()
    app.button(key="filter_open_affected").click().run()
    app.button_group(key="filter_affected").select("woman").run()
    assert not word(app, "affected"), "nothing is applied yet"
    app.button(key="filter_show").click().run()
    assert (word(app, "affected"), word(app, "light"), word(app, "lang")) == ("woman", "dark", "en")
    app.button(key="chip_0").click().run()
    assert not word(app, "affected")
    app.button(key="chip_0").click().run()
    assert not word(app, "light")
    assert app.selectbox(key="filter_light").value == "all"


def test_empty_filter_offers_the_nearest(open_page: Open) -> None:
    app = open_page(PAGES[0], **{"lang": "en", "from": "2001-01-01", "to": "2001-01-02"})
    fine(app.button(key="filter_nearest").click().run())
    assert word(app, "period") == "all"
    assert "no earlier time to compare with" in app.main.title[0].value


VIEWS = {
    "briefing": {"since": "2026-09-21"},
    "trends": {"by": "month", "open": "years"},
    "hotspots": {"layer": "significance", "spot": "891ed9b2e4fffff", "order": "alerts"},
    "gender": {"open": "years"},
    "interventions": {"plan": "7", "draft": "8a1ed9b2e4fffff"},
    "evaluation": {"plan": "7", "fold": "doubts"},
    "data": {"part": "quality", "subject": "places"},
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
    printed = guard.current_address(SimpleNamespace(query={"lang": "en", "period": "28d"}), printed=True)
    own = {"embed": "true", "embed_options": "light_theme"}
    assert dict(parse_qsl(printed.partition("?")[2])) == {"lang": "en", "period": "28d", **VIEWS[name], **own}


def test_a_link_of_before_says_where_its_answer_is_now(seen: Open) -> None:
    def told(**words: str) -> list[str]:
        app = seen("hotspots", lang="en", **words)
        found = any("no longer shows what the link asked for" in one.value for one in app.caption)
        return [link.proto.label for link in app.main.get("page_link") if link.proto.label in ("Gender", "Trends")][
            :found
        ]

    assert (told(tab="forecast"), told(tab="comparison", against="gender")) == (["Trends"], ["Gender"])
    assert told(tab="concentration") == []


@pytest.mark.usefixtures("open_page")
def test_a_phone_has_its_filter_and_one_menu_of_pages() -> None:
    app = run_page(View("trends", {"lang": "en"}, phone=True), {})
    assert app.button(key="filter_open_all").label == "Filter"
    (menu,) = [one for one in app.main.get("popover") if one.proto.popover.label == "Pages"]
    assert {"Briefing", "Trends", "Help"} <= {link.proto.label for link in menu.get("page_link")}


def test_own_dates_take_the_place_of_a_preset_and_give_way_to_one(open_page: Open) -> None:
    app = open_page("trends", lang="en")
    app.selectbox(key="filter_period").select("own").run()
    app.date_input(key="filter_dates").set_value((date(2025, 3, 1), date(2025, 6, 30))).run()
    assert (word(app, "from"), word(app, "to")) == ("2025-03-01", "2025-06-30")
    app.selectbox(key="filter_period").select("quarter").run()
    assert (word(app, "period"), word(app, "from")) == ("quarter", "")


@pytest.mark.parametrize("sought", ["διαρρηξη", "ΔΙΆΡΡΗΞΗ", "burglary", "cambriolage"])
@pytest.mark.parametrize("lang", SPOKEN)
def test_categories_are_found_without_accents_and_in_every_language(open_page: Open, lang: str, sought: str) -> None:
    app = open_page("gender", lang=lang)
    app.button(key="filter_open_categories").click().run()
    everything = [box.key for box in app.checkbox]
    app.text_input(key="filter_search_categories").set_value(sought).run()
    assert [box.key for box in app.checkbox] == ["filter_box_groups_theft", "filter_box_categories_burglary"]
    app.text_input(key="filter_search_categories").set_value("qqq").run()
    assert not app.checkbox
    assert any("qqq" in caption.value for caption in app.caption)
    app.text_input(key="filter_search_categories").set_value("").run()
    assert [box.key for box in app.checkbox] == everything


def test_categories_are_ticked_in_a_tree_and_shown_together(open_page: Open) -> None:
    app = open_page("gender", lang="en", category="noise")
    assert app.button(key="filter_open_categories").label == "Category: Noise"
    app.button(key="filter_open_categories").click().run()
    for name in ("vandalism", "graffiti", "lighting_poor"):
        app.checkbox(key=f"filter_box_categories_{name}").check().run()
    app.checkbox(key="filter_box_groups_nuisance").check().run()
    assert app.checkbox(key="filter_box_categories_noise").disabled
    assert word(app, "category") == "noise"
    fine(app.button(key="filter_show").click().run())
    assert (word(app, "category"), word(app, "group")) == ("graffiti,lighting_poor,vandalism", "nuisance")
    assert "3 of 8 in Damage and surroundings ×" in [button.label for button in app.button]
    assert not app.checkbox
    app.button(key="chip_1").click().run()
    assert (word(app, "category"), word(app, "group")) == ("", "nuisance")


def test_a_bare_export_gets_a_filter_bar_with_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"a{at},2025-{1 + at % 9:02d}-01,Theft,48.20{at % 10},16.37{at % 7}" for at in range(90)]
    home = Home(tmp_path / "home")
    import_file(home, ("ref,when,category,lat,lon\n" + "\n".join(rows) + "\n").encode(), "months.csv")
    monkeypatch.setenv("CURIM_HOME", str(home.path))
    app = visit("gender")
    app.button(key="filter_open_more").click().run()
    said = [caption.value for caption in app.caption if caption.value.startswith("No filter by")]
    assert any("No districts are set up" in one.value for one in app.sidebar.caption)
    assert sorted("Time of day and Weekday: This export gives only the month" in one for one in said) == [0, 0, 1]
    assert "Light" not in [box.label for box in app.sidebar.selectbox]


@pytest.mark.parametrize(
    ("words", "told", "gone"),
    [
        ({"severity": "4"}, NO_SEVERITY.text, "severity"),
        ({"category": "harassment_verbal", "hours": "22-3", "weekday": "mon"}, NOT_OF_SENSITIVE.text, "hours"),
    ],
)
def test_a_link_opens_without_what_the_copy_lacks(open_page: Open, words: dict[str, str], told: str, gone: str) -> None:
    app = open_page("trends", lang="en", **words, **{"as": "council"})
    assert [one.value for one in app.warning].count(told) == 1
    assert not any("No alerts match" in one.value for one in app.markdown)
    app.button(key="filter_open_more").click().run()
    assert any(told in one.value for one in app.caption if one.value.startswith("No filter by"))
    exact = open_page("trends", lang="en", **words)
    assert told not in [one.value for one in exact.warning]
    assert word(exact, gone) == words[gone]
