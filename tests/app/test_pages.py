"""Every page in every language, and the filter's way between the address and the widgets."""

from __future__ import annotations

from datetime import date

import pytest

from curim_data.i18n import LANGUAGES
from tests.app.conftest import EXISTING, Open, errors, word


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", EXISTING)
def test_page_runs(open_page: Open, name: str, lang: str) -> None:
    app = open_page(name, lang=lang)
    assert not errors(app)
    assert app.main.children


@pytest.mark.parametrize("name", EXISTING)
def test_page_runs_as_the_council_sees_it(open_page: Open, name: str) -> None:
    app = open_page(name, **{"lang": "en", "as": "council"})
    assert not errors(app)


@pytest.mark.parametrize("name", EXISTING)
def test_page_runs_with_a_filter_that_leaves_nothing(open_page: Open, name: str) -> None:
    app = open_page(name, **{"lang": "en", "from": "2001-01-01", "to": "2001-01-02"})
    assert not errors(app)


def test_address_sets_the_widgets(open_page: Open) -> None:
    app = open_page(EXISTING[0], affected="woman", light="dark", hours="20-3", period="quarter")
    assert app.multiselect(key="filter_affected").value == ["woman"]
    assert app.selectbox(key="filter_light").value == "dark"
    assert app.selectbox(key="filter_period").value == "quarter"
    assert (app.selectbox(key="filter_hour_from").value, app.selectbox(key="filter_hour_to").value) == (20, 4)


def test_widgets_write_the_address(open_page: Open) -> None:
    app = open_page(EXISTING[0], lang="en")
    app.multiselect(key="filter_affected").select("woman").run()
    app.selectbox(key="filter_light").select("dark").run()
    assert word(app, "affected") == "woman"
    assert word(app, "light") == "dark"
    assert word(app, "lang") == "en"
    app.button(key="chip_0").click().run()
    assert not word(app, "affected")
    app.button(key="filter_reset").click().run()
    assert not word(app, "light")
    assert app.selectbox(key="filter_light").value == "all"


def test_dates_of_ones_own(open_page: Open) -> None:
    app = open_page(EXISTING[0], lang="en")
    app.selectbox(key="filter_period").select("own").run()
    app.date_input(key="filter_dates").set_value((date(2025, 3, 1), date(2025, 6, 30))).run()
    assert word(app, "from") == "2025-03-01"
    assert word(app, "to") == "2025-06-30"
    assert not errors(app)


def test_empty_filter_offers_the_nearest(open_page: Open) -> None:
    app = open_page(EXISTING[0], **{"lang": "en", "from": "2001-01-01", "to": "2001-01-02"})
    app.button(key="filter_nearest").click().run()
    assert word(app, "period") == "all"


def test_unknown_word_is_said(open_page: Open) -> None:
    app = open_page(EXISTING[0], lang="en", district="atlantis")
    assert any("atlantis" in warning.value for warning in app.warning)


def test_council_view_is_carried_by_the_switch(open_page: Open) -> None:
    app = open_page(EXISTING[0], lang="en")
    app.toggle(key="as_council").set_value(True).run()
    assert word(app, "as") == "council"
    assert not errors(app)
