"""Meetings on the Briefing: the choice, keeping them, and one day of the last meeting everywhere."""

from __future__ import annotations

import datetime as dt

import pytest
from streamlit.testing.v1 import AppTest

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import translator
from curim_data.model.i18n import Span
from curim_data.plans.plan_store import MeetingStore, PlanStore
from curim_data.store import Home
from curim_data.store.annotations import read_meetings
from pages.parts.briefing import CHOICE, KEY
from tests.app.conftest import Open, errors


@pytest.fixture
def own(open_page: Open, base: Home) -> Home:
    """A copy of the sample whose meetings may be changed; pages that are opened show it."""
    del open_page  # it names the other one first
    return Home(base.path / "sample")


def keep(home: Home, day: dt.date, name: str = "") -> None:
    store = PlanStore(home.plans_url)
    MeetingStore(store, home.path).add(day, name)
    store.close()


def _title(app: AppTest) -> str:
    return str(app.title[0].value)


def test_a_meeting_is_kept_renamed_and_removed_on_the_page(open_page: Open, own: Home) -> None:
    last = open_source(own).as_of
    day = last - dt.timedelta(days=20)
    app = open_page("briefing", lang="en")
    before = _title(app)
    assert app.date_input(key="meeting_day").value is None  # one tap alone keeps nothing
    app.button(key="meeting_add").click().run()
    assert any("Choose the day" in text.value for text in app.warning)
    assert any("at least a week of data" in text.value for text in app.caption)
    assert _title(app) == before
    for name in ("Plenary", "Extraordinary"):
        app.date_input(key="meeting_day").set_value(day)
        app.text_input(key="meeting_name").set_value(name)
        app.button(key="meeting_add").click().run()
        assert not errors(app)
        assert read_meetings(own.path)[-1].name == name
    assert app.date_input(key=KEY).value == app.selectbox(key=CHOICE).value == day
    assert app.selectbox(key=CHOICE).options[0].endswith("(Extraordinary)")
    assert _title(app) != before
    app.selectbox(key="meeting_kept").select(day)
    app.button(key="meeting_remove").click().run()
    assert not errors(app)
    assert _title(app) == before
    assert day not in [meeting.day for meeting in read_meetings(own.path)]


def test_one_day_of_the_last_meeting_everywhere(open_page: Open, own: Home) -> None:
    """The Briefing without a period, with the side bar's "Since the last meeting", and Trends begin on the same day."""
    source = open_source(own)
    day = source.as_of - dt.timedelta(days=30)
    keep(own, day, "Plenary")
    t = translator("en")
    usual, preset = (open_page("briefing", lang="en", period=period) for period in ("", "meeting"))
    assert usual.date_input(key=KEY).value == preset.date_input(key=KEY).value == day
    assert _title(usual) == _title(preset)
    told = t.span(Span(day, source.as_of))
    for app in (preset, open_page("trends", lang="en", period="meeting")):
        assert any(told in text.value for text in app.caption)
    assert AlertFilter(period="meeting").resolve(source.as_of, source.first, open_source(own).meeting)[0] == day
    # A period of the side bar goes before a day in the link: what the side bar says is what the page tells.
    month = open_page("briefing", lang="en", period="28d", since=source.first.isoformat())
    assert month.date_input(key=KEY).value == source.as_of - dt.timedelta(days=27)


@pytest.mark.parametrize(("back", "since_it"), [(0, False), (5, False), (6, True)])
def test_changes_are_told_since_the_last_meeting_with_a_week_of_data(
    open_page: Open, own: Home, back: int, since_it: bool
) -> None:
    """A meeting on the last day with data left a single day to compare: too few of anything."""
    source = open_source(own)
    day = source.as_of - dt.timedelta(days=back)
    before = _title(open_page("briefing", lang="en"))
    keep(own, day)
    app = open_page("briefing", lang="en")
    assert app.date_input(key=KEY).value == (day if since_it else source.meeting)
    assert (_title(app) == before) is not since_it
    notes = [note.value for note in app.info if "less than a week of data" in note.value]
    assert len(notes) == (not since_it)
    t = translator("en")
    if notes:
        assert all(t.date(told) in notes[0] for told in (day, source.meeting))
    # Who asks for it may have it.
    app.selectbox(key=CHOICE).select(day).run()
    assert not errors(app)
    assert app.date_input(key=KEY).value == day
    assert not any("less than a week of data" in note.value for note in app.info)
