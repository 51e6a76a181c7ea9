"""The tab of the record, and what pages note: who looked, at what, under which filter."""

from __future__ import annotations

import time

import pytest

from curim_data.plans.database import Database
from curim_data.plans.record import Deed, Entry, write
from curim_data.store import Home
from curim_data.store.settings import RecordSettings
from tests.app.conftest import TIMEOUT, recorded, shown, visit


@pytest.fixture
def bare(own: Home) -> Home:
    """The sample's alerts as those of a city of one's own, without plans."""
    (own.path / "plans.sqlite").unlink()
    return own


def fill(home: Home, *entries: Entry) -> None:
    """Write entries into the record."""
    database = Database(home.plans_url)
    with database.session() as session:
        write(session, entries, RecordSettings())
    database.close()


def test_looking_is_noted_once_for_each_page_and_filter(bare: Home) -> None:
    app = visit("methods", affected="woman", foo="=made up")
    app.run()
    visit("methods", light="dark", **{"as": "council"})
    assert [(one.who, one.role, one.deed, one.subject, one.query) for one in recorded(bare)] == [
        ("", "analyst", Deed.VIEW, "methods", "lang=en&affected=woman"),
        ("", "council", Deed.VIEW, "methods", "lang=en&as=council&light=dark"),
    ]


def test_the_councils_filters_are_left_out_where_the_city_says_so(bare: Home) -> None:
    (bare.path / "settings.toml").write_text("[record]\ncouncil_filters = false", "utf-8")
    visit("methods", affected="woman", **{"as": "council"})
    visit("methods", affected="woman")
    assert [(one.role, one.query) for one in recorded(bare)] == [("council", ""), ("analyst", "lang=en&affected=woman")]
    app = visit("data", part="record")
    assert "Which filters the council and the public chose is not recorded." in [one.value for one in app.caption]


def test_the_tab_shows_the_record_and_narrows_it(bare: Home) -> None:
    now = time.time()
    fill(
        bare,
        Entry(now - 40 * 86_400, "old@city.example", "analyst", Deed.IMPORT, "march.csv"),
        Entry(now - 60, "mayor@city.example", "council", Deed.VIEW, "trends", "light=dark"),
        Entry(now - 55, "", "", Deed.NOT_ADMITTED, "unverified"),
        Entry(now - 50, "=cmd()", "analyst", Deed.DOWNLOAD, "trends.csv"),
    )
    app = visit("data", part="record")
    table = shown(app.dataframe[0])
    assert list(table["who"])[1:] == ["=cmd()", "–", "mayor@city.example"]
    assert list(table["deed"])[1:] == ["File downloaded", "Sign-in refused", "Page viewed"]
    app.selectbox(key="data_record_who").set_value("mayor@city.example").run()
    assert list(shown(app.dataframe[0])["subject"]) == ["trends"]
    app.selectbox(key="data_record_who").set_value("old@city.example").run()
    assert not app.dataframe
    app.selectbox(key="data_record_period").set_value("365").run()
    assert list(shown(app.dataframe[0])["subject"]) == ["march.csv"]
    assert "deleted after 365 days" in "".join(one.value for one in app.caption)


def test_a_home_that_cannot_be_written_stops_nobody(bare: Home) -> None:
    (bare.path / "plans.sqlite").mkdir()
    began = time.perf_counter()
    assert visit("methods").title[0].value == "Methods"
    assert time.perf_counter() - began < TIMEOUT
    (bare.path / "plans.sqlite").rmdir()
