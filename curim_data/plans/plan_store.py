"""Intervention plans in SQL, with the history of every change: SQLite unless a URL names another database.

The schema is brought up to date when a store is opened. A save says on which version it was made; if somebody else
saved in between, it is refused, so that nobody's work is overwritten unseen. Only plans are kept here: what their
authors wrote and aggregated counts, never an alert.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from analysis.plans.drafting import design_faults
from curim_data.model import Message, MessageError, Plan, PlanStatus
from curim_data.model.plan import MOVES, STATUS_WORDS, plan_from_json, plan_to_json
from curim_data.plans.database import ChangeRow, Database, PlanRow
from curim_data.store.commits import damaged_plans


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


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class PlanStore:
    """The plans of a city, at a database URL. `clock`: gives the time (UTC) that a change is written down with."""

    def __init__(self, url: str, clock: Callable[[], dt.datetime] = _now) -> None:
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
        with self.session() as session:
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
        with self.session() as session:
            row = session.get(PlanRow, plan.id)
            if row is None:
                raise _missing(plan.id)
            if row.version != plan.version:
                raise _conflict(plan.title)
            kept = plan_from_json(row.body)
            _check(kept, plan)
            changes = list(_differences(plan_to_json(kept), plan_to_json(plan)))
            if not changes:
                return plan
            saved = replace(plan, version=plan.version + 1)
            done = session.execute(
                sa.update(PlanRow)
                .where(PlanRow.id == plan.id, PlanRow.version == plan.version)
                .values(**_columns(saved, now))
                .returning(PlanRow.id)
            ).all()
            if not done:
                raise _conflict(plan.title)
            session.add_all(
                ChangeRow(plan_id=plan.id, version=saved.version, at=now, who=who, what=what, old=old, new=new)
                for what, old, new in changes
            )
        return saved

    def get(self, plan_id: str) -> Plan:
        """The plan with this id; PlanMissing where there is none."""
        with self.session() as session:
            row = session.get(PlanRow, plan_id)
            if row is None:
                raise _missing(plan_id)
            return plan_from_json(row.body)

    def list(self, status: PlanStatus | None = None) -> tuple[Plan, ...]:
        """All plans, or those of one status, the latest changed first."""
        query = sa.select(PlanRow.body).order_by(PlanRow.updated_at.desc(), PlanRow.id)
        if status is not None:
            query = query.where(PlanRow.status == status.value)
        with self.session() as session:
            return tuple(plan_from_json(body) for body in session.scalars(query))

    def history(self, plan_id: str) -> tuple[Change, ...]:
        """Every change of a plan, the latest first."""
        query = sa.select(ChangeRow).where(ChangeRow.plan_id == plan_id).order_by(ChangeRow.id.desc())
        with self.session() as session:
            return tuple(
                Change(row.version, _utc(row.at), row.who, row.what, row.old, row.new) for row in session.scalars(query)
            )

    def close(self) -> None:
        """Give the database's connections back."""
        self.database.close()

    def session(self) -> AbstractContextManager[Session]:
        """A transaction of the database, committed at its end; for what else is kept there."""
        return self.database.session()


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


def _conflict(title: str) -> PlanConflict:
    return PlanConflict(
        Message(
            'Somebody else changed "{title}" in the meantime. Open it again and repeat your change.', {"title": title}
        )
    )


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
