"""Intervention plans in SQL, with the history of every change, and the council's meetings.

A save says on which version it was made; if somebody else saved in between, it is refused, so that nobody's work is
overwritten unseen. Only plans are kept here: what their authors wrote and aggregated counts, never an alert. Of the
meetings counting reads a copy in the home.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from analysis.plans.drafting import design_faults
from curim_data.model import N_, Message, MessageError, Plan, PlanStatus
from curim_data.model.coverage import LONGEST_MEETING_NAME, Meeting
from curim_data.model.plan import MOVES, STATUS_WORDS, plan_from_json, plan_to_json
from curim_data.plans.database import ChangeRow, Database, MeetingRow, PlanRow
from curim_data.store.annotations import MEETINGS_FILE, meetings_of_old_file, read_meetings, write_meetings
from curim_data.store.commits import damage, damaged_plans
from curim_data.store.home import locked


class PlanProblem(MessageError, ValueError):
    """A plan that cannot be stored or moved; `message` says why and what to do."""


class PlanConflict(PlanProblem):
    """Somebody else saved the plan in between."""


class PlanMissing(PlanProblem):
    """There is no plan with this id."""


@dataclass(frozen=True)
class Change:
    """One change of one field: who, when (UTC), what, from which value to which (as JSON values).

    what: "created", or a field's name, with the part after a dot ("objective.target").
    """

    version: int
    at: dt.datetime
    who: str
    what: str
    old: Any
    new: Any


@contextmanager
def _writing(database: Database) -> Iterator[Session]:
    """A transaction that ends with a sentence where the disk is full or nothing may be written."""
    try:
        with database.session() as session:
            yield session
    except sa.exc.DatabaseError as error:
        raise PlanProblem(damage(error) or damaged_plans(error)) from error


class PlanStore:
    """The plans of a city, at a database URL. `clock`: gives the time (UTC) that a change is written down with."""

    def __init__(self, url: str, clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self.url = url
        self._clock = clock
        try:
            self.database = Database(url)
        except sa.exc.DatabaseError as error:
            raise PlanProblem(damaged_plans(error)) from error

    def create(self, plan: Plan, who: str) -> Plan:
        """Keep a new plan; returns it with its id and version 1."""
        made = replace(plan, id=uuid.uuid4().hex, version=1)
        now = self._clock()
        with _writing(self.database) as session:
            session.add(PlanRow(id=made.id, created_at=now, **_columns(made, now)))
            session.flush()
            session.add(
                ChangeRow(plan_id=made.id, version=1, at=now, who=who, what="created", old=None, new=made.title)
            )
        return made

    def save(self, plan: Plan, who: str) -> Plan:
        """Keep a changed plan and write down each changed field; a plan without id is created.

        Raises PlanConflict where the kept plan is no longer of this plan's version, PlanProblem where its status may
        not follow the kept one, PlanMissing where it is not there. Nothing changed: nothing written.
        """
        if not plan.id:
            return self.create(plan, who)
        now = self._clock()
        with _writing(self.database) as session:
            row = session.get(PlanRow, plan.id, with_for_update=True)
            if row is None:
                raise _missing(plan.id)
            if row.version != plan.version:
                words = N_('Somebody else changed "{title}" in the meantime. Open it again and repeat your change.')
                raise PlanConflict(Message(words, {"title": plan.title}))
            kept = plan_from_json(row.body)
            _check(kept, plan)
            changes = list(_differences(plan_to_json(kept), plan_to_json(plan)))
            if not changes:
                return plan
            saved = replace(plan, version=plan.version + 1)
            session.execute(sa.update(PlanRow).where(PlanRow.id == plan.id).values(**_columns(saved, now)))
            session.add_all(
                ChangeRow(plan_id=plan.id, version=saved.version, at=now, who=who, what=what, old=old, new=new)
                for what, old, new in changes
            )
        return saved

    def get(self, plan_id: str) -> Plan:
        """The plan with this id; PlanMissing where there is none."""
        with self.database.session() as session:
            row = session.get(PlanRow, plan_id)
            if row is None:
                raise _missing(plan_id)
            return plan_from_json(row.body)

    def list(self, status: PlanStatus | None = None) -> tuple[Plan, ...]:
        """All plans, or those of one status, the latest changed first."""
        query = sa.select(PlanRow.body).order_by(PlanRow.updated_at.desc(), PlanRow.id)
        if status is not None:
            query = query.where(PlanRow.status == status.value)
        with self.database.session() as session:
            return tuple(plan_from_json(body) for body in session.scalars(query))

    def history(self, plan_id: str) -> tuple[Change, ...]:
        """Every change of a plan, the latest first."""
        query = sa.select(ChangeRow).where(ChangeRow.plan_id == plan_id).order_by(ChangeRow.id.desc())
        with self.database.session() as session:
            return tuple(
                Change(row.version, _utc(row.at), row.who, row.what, row.old, row.new) for row in session.scalars(query)
            )

    def close(self) -> None:
        """Give the database's connections back."""
        self.database.close()


def _columns(plan: Plan, now: dt.datetime) -> dict[str, Any]:
    return {
        "version": plan.version,
        "status": plan.status.value,
        "title": plan.title,
        "review": plan.assessment.review,
        "updated_at": now,
        "body": plan_to_json(plan),
    }


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Changed fields as (dotted name, old, new); objects are looked into, lists are taken whole."""
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        path = f"{name}.{key}" if name else key
        if path == "version" or before == after:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _differences(before, after, path)
        else:
            yield path, before, after


def _check(old: Plan, new: Plan) -> None:
    """PlanProblem for a step of the status that there is not, or where a plan is decided whose comparison could not be
    trusted (`design_faults`).
    """
    if new.status is old.status:
        return
    if new.status not in MOVES[old.status]:
        words = {"old": STATUS_WORDS[old.status], "new": STATUS_WORDS[new.status]}
        raise PlanProblem(Message('A plan cannot move from "{old}" to "{new}" in one step.', words))
    for fault in design_faults(new) if new.status is PlanStatus.DECIDED else ():
        raise PlanProblem(fault)


def _missing(plan_id: str) -> PlanMissing:
    return PlanMissing(Message("There is no plan {id}.", {"id": plan_id[:32]}))


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


@dataclass(frozen=True)
class MeetingStore:
    """The meetings of a home. Those of its meetings.toml go into the database with the first change."""

    plans: PlanStore
    home: Path

    def list(self) -> tuple[Meeting, ...]:
        """All meetings by day, later ones included; those of meetings.toml where none was ever kept.

        The home's copy is renewed where another home with the same database has changed them.
        """
        with self.plans.database.session() as session:
            kept = _all_meetings(session)
        if not kept and not (self.home / MEETINGS_FILE).exists():
            return meetings_of_old_file(self.home)
        return kept if kept == read_meetings(self.home) else self._change({})

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

    def _change(self, changes: dict[dt.date, str | None]) -> tuple[Meeting, ...]:
        """Write names (None: remove) and the home's copy, one writer at a time; all meetings then."""
        with locked(self.home / f"{MEETINGS_FILE}.lock"), _writing(self.plans.database) as session:
            if not (self.home / MEETINGS_FILE).exists() and not _all_meetings(session):
                changes = {**{old.day: old.name for old in meetings_of_old_file(self.home)}, **changes}
            for day, name in changes.items():
                session.execute(sa.delete(MeetingRow).where(MeetingRow.day == day))
                if name is not None:
                    session.add(MeetingRow(day=day, name=name))
            session.flush()
            kept = _all_meetings(session)
            write_meetings(self.home, kept)
        return kept


def _all_meetings(session: Session) -> tuple[Meeting, ...]:
    rows = session.scalars(sa.select(MeetingRow).order_by(MeetingRow.day))
    return tuple(Meeting(row.day, row.name) for row in rows)
