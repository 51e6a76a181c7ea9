"""The council's meetings in the plans' database, with a copy in the home that counting reads."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from curim_data.model import Message
from curim_data.model.annotations import LONGEST_MEETING_NAME, Meeting
from curim_data.plans.database import MeetingRow
from curim_data.plans.plan_store import PlanProblem, PlanStore
from curim_data.store.annotations import MEETINGS_FILE, meetings_of_old_file, read_meetings, write_meetings
from curim_data.store.home import locked


class MeetingStore:
    """The meetings of a home. Those of its meetings.toml go into the database with the first change."""

    def __init__(self, plans: PlanStore, home: Path) -> None:
        self._plans = plans
        self._home = home

    def list(self) -> tuple[Meeting, ...]:
        """All meetings by day, later ones included; those of meetings.toml where none was ever kept.

        The home's copy is renewed where another home with the same database has changed them.
        """
        with self._plans.session() as session:
            kept = _all(session)
        if not kept and not (self._home / MEETINGS_FILE).exists():
            return meetings_of_old_file(self._home)
        if kept != read_meetings(self._home):
            with locked(self._home / f"{MEETINGS_FILE}.lock"):  # a change may have come in between
                with self._plans.session() as session:
                    kept = _all(session)
                write_meetings(self._home, kept)
        return kept

    def add(self, day: dt.date, name: str = "") -> Meeting:
        """Keep a meeting; one that is kept on that day takes the new name. PlanProblem for a name that is too long."""
        text = " ".join(name.split())
        if len(text) > LONGEST_MEETING_NAME:
            raise PlanProblem(
                Message("A meeting's name has at most {longest} characters.", {"longest": LONGEST_MEETING_NAME})
            )
        self._change({day: text})
        return Meeting(day, text)

    def remove(self, day: dt.date) -> Meeting:
        """Take a meeting away; PlanProblem where none is kept on that day."""
        for meeting in self.list():
            if meeting.day == day:
                self._change({day: None})
                return meeting
        raise PlanProblem(Message("No meeting is kept on {day}.", {"day": day}))

    def _change(self, changes: dict[dt.date, str | None]) -> None:
        """Write names (None: remove) and the copy, one writer at a time."""
        with locked(self._home / f"{MEETINGS_FILE}.lock"), self._plans.session() as session:
            if not (self._home / MEETINGS_FILE).exists() and not _all(session):
                changes = {**{old.day: old.name for old in meetings_of_old_file(self._home)}, **changes}
            for day, name in changes.items():
                session.execute(sa.delete(MeetingRow).where(MeetingRow.day == day))
                if name is not None:
                    session.add(MeetingRow(day=day, name=name))
            session.flush()
            write_meetings(self._home, _all(session))


def _all(session: Session) -> tuple[Meeting, ...]:
    rows = session.scalars(sa.select(MeetingRow).order_by(MeetingRow.day))
    return tuple(Meeting(row.day, row.name) for row in rows)
