"""The tables of the plans' database. A change here takes a step in `migrations`."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What all tables share."""


class PlanRow(Base):
    """A plan as it stands now (`plan_store`)."""

    __tablename__ = "plan"

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    version: Mapped[int]
    status: Mapped[str] = mapped_column(sa.String(16), index=True)
    title: Mapped[str] = mapped_column(sa.Text)
    review: Mapped[dt.date | None]
    created_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))
    updated_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))
    body: Mapped[dict[str, Any]] = mapped_column(sa.JSON)


class ChangeRow(Base):
    """A change of one field of a plan (`plan_store`)."""

    __tablename__ = "change"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    plan_id: Mapped[str] = mapped_column(sa.ForeignKey("plan.id"), index=True)
    version: Mapped[int]
    at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))
    who: Mapped[str] = mapped_column(sa.Text)
    what: Mapped[str] = mapped_column(sa.Text)
    old: Mapped[Any] = mapped_column(sa.JSON, nullable=True)
    new: Mapped[Any] = mapped_column(sa.JSON, nullable=True)


class MeetingRow(Base):
    """A meeting of the council (`meetings`)."""

    __tablename__ = "meeting"

    day: Mapped[dt.date] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text)


class SignInRow(Base):
    """A session of a person who signed in (`sign_ins`): times in seconds since 1970, and nothing about the person."""

    __tablename__ = "sign_in"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    issued: Mapped[float] = mapped_column(sa.Double)
    seen: Mapped[float] = mapped_column(sa.Double)
    ended: Mapped[str] = mapped_column(sa.String(16))


class RecordRow(Base):
    """What somebody looked at or did (`record`); triggers refuse to change a row, or to delete a young one."""

    __tablename__ = "record"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's form); no number is used twice

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[float] = mapped_column(sa.Double, index=True)
    who: Mapped[str] = mapped_column(sa.String(254))
    role: Mapped[str] = mapped_column(sa.String(16))
    deed: Mapped[str] = mapped_column(sa.String(16))
    subject: Mapped[str] = mapped_column(sa.Text)
    query: Mapped[str] = mapped_column(sa.Text)
