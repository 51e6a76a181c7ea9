"""The council's meetings: kept in the database of plans, read by counting, listed and changed by the command."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from curim_data.engine import city_day, open_source
from curim_data.filters import AlertFilter
from curim_data.model.coverage import Meeting
from curim_data.plans import plan_store
from curim_data.plans.plan_store import MeetingStore, PlanProblem, PlanStore
from curim_data.store import Home
from curim_data.store.annotations import read_meetings
from curim_data.studies.cells import alert_cells

MARCH, MAY, JUNE = dt.date(2025, 3, 1), dt.date(2025, 5, 3), dt.date(2025, 6, 1)


@pytest.fixture
def meetings(tmp_path: Path) -> MeetingStore:
    return MeetingStore(PlanStore(f"sqlite:///{tmp_path / 'plans.sqlite'}"), tmp_path)


@pytest.fixture
def copied(sample: Home, tmp_path: Path) -> Home:
    shutil.copytree(sample.path, tmp_path / "home")
    (tmp_path / "home" / "sample.txt").unlink()
    return Home(tmp_path / "home")


def test_meetings_are_kept_renamed_and_removed(meetings: MeetingStore, tmp_path: Path) -> None:
    meetings.add(MAY, "  Plenary ")
    meetings.add(MARCH)
    assert meetings.list() == (Meeting(MARCH), Meeting(MAY, "Plenary")) == read_meetings(tmp_path)
    meetings.add(MAY, "Spring")
    assert meetings.remove(MARCH) == Meeting(MARCH)
    assert meetings.list() == (Meeting(MAY, "Spring"),) == read_meetings(tmp_path)
    with pytest.raises(PlanProblem, match="No meeting is kept on 1 June 2025"):
        meetings.remove(JUNE)
    with pytest.raises(PlanProblem, match="at most 80 characters"):
        meetings.add(JUNE, "x" * 81)


def test_the_dates_of_the_old_file_are_taken_over_with_the_first_change(meetings: MeetingStore, tmp_path: Path) -> None:
    (tmp_path / "meetings.toml").write_text("dates = [2025-03-01, 2025-05-03]\n")
    assert meetings.list() == (Meeting(MARCH), Meeting(MAY)) == read_meetings(tmp_path)
    meetings.add(MAY, "Plenary")
    assert meetings.list() == (Meeting(MARCH), Meeting(MAY, "Plenary"))
    for day in (MARCH, MAY):
        meetings.remove(day)
    assert meetings.list() == () == read_meetings(tmp_path)  # what was removed does not come back from the old file


def test_a_home_learns_what_another_one_wrote_into_the_same_database(meetings: MeetingStore, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = MeetingStore(PlanStore(f"sqlite:///{tmp_path / 'plans.sqlite'}"), tmp_path / "other")
    meetings.add(MAY, "Plenary")
    assert other.list() == (Meeting(MAY, "Plenary"),) == read_meetings(tmp_path / "other")


def test_a_change_while_the_copy_is_renewed_is_not_lost(
    meetings: MeetingStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = MeetingStore(PlanStore(f"sqlite:///{tmp_path / 'plans.sqlite'}"), tmp_path)
    meetings.add(MARCH)

    def changed_in_between(folder: Path) -> tuple[Meeting, ...]:
        monkeypatch.setattr(plan_store, "read_meetings", read_meetings)
        other.add(MAY, "Plenary")
        return read_meetings(folder)

    monkeypatch.setattr(plan_store, "read_meetings", changed_in_between)
    assert meetings.list() == (Meeting(MARCH), Meeting(MAY, "Plenary")) == read_meetings(tmp_path)


def test_a_database_without_meetings_gets_their_table(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'plans.sqlite'}"
    PlanStore(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:  # as the first version left it
        for table in ("meeting", "record", "sign_in"):
            connection.execute(sa.text(f"DROP TABLE {table}"))
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
    MeetingStore(PlanStore(url), tmp_path).add(MAY)
    with engine.connect() as connection:
        assert connection.scalars(sa.text("SELECT day FROM meeting")).all() == [MAY.isoformat()]
        triggers = connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"))
        assert triggers.all() == ["record_delete", "record_insert", "record_update"]


def test_a_map_since_a_meeting_follows_the_meeting(copied: Home) -> None:
    source, f = open_source(copied), AlertFilter(period="meeting")
    later = replace(source, meeting=source.as_of - dt.timedelta(days=7))
    counted = [alert_cells(one, f, 9).frame["n"].sum() for one in (source, later)]
    assert counted[1] < counted[0]


def test_what_is_counted_since_the_last_meeting_has_data(copied: Home) -> None:
    """A meeting counts from a week of data on, that of its own day included; a later one leaves the one before."""
    (copied.path / "meetings.json").unlink(missing_ok=True)
    last = open_source(copied).as_of
    assert open_source(copied).meeting == last - dt.timedelta(weeks=8)
    kept = MeetingStore(PlanStore(copied.plans_url), copied.path)
    kept.add(last - dt.timedelta(days=40))
    kept.add(last + dt.timedelta(days=3))
    assert open_source(copied).meeting == last - dt.timedelta(days=40)
    today = min(last, city_day(copied.city()))
    for back in (0, 5):
        kept.add(today - dt.timedelta(days=back))
        assert open_source(copied).meeting == last - dt.timedelta(days=40)
    kept.add(today - dt.timedelta(days=6))
    assert open_source(copied).meeting == today - dt.timedelta(days=6)
