"""One made-up alert, and how an export shows it at a given moment."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

HOME_ZONE: Final = ZoneInfo("Europe/Athens")
COLUMNS: Final = (
    "alert_id",
    "reported_at",
    "occurred_from",
    "occurred_to",
    "kind",
    "category",
    "more_categories",
    "severity",
    "feeling",
    "reporter_gender",
    "affected_gender",
    "age_band",
    "status",
    "resolved_at",
    "confirmations",
    "latitude",
    "longitude",
    "description",
)


@dataclass(frozen=True)
class Row:
    """An alert with its whole life. `origin` says which planted process made it; it is in no export.

    `first`: whether it is the first report of its incident. `true_point`: where it happened, also where the export
    tells no coordinates or the default point.
    """

    alert_id: str
    reported_at: dt.datetime
    occurred_from: dt.datetime
    occurred_to: dt.datetime | None
    kind: str
    category: str
    more_categories: str
    severity: int
    feeling: int | None
    reporter_gender: str
    affected_gender: str
    age_band: str
    rejected_at: dt.datetime | None
    confirmed_at: dt.datetime
    resolved_at: dt.datetime
    confirmations: int
    point: tuple[float, float] | None
    true_point: tuple[float, float]
    description: str
    origin: str
    dark: bool
    first: bool = True


def local(naive: dt.datetime) -> dt.datetime:
    """A clock time in Piraeus with its offset; a time that summer time skips moves one hour on."""
    aware = naive.replace(tzinfo=HOME_ZONE)
    return aware.astimezone(dt.UTC).astimezone(HOME_ZONE)


def snapshot(row: Row, now: dt.datetime) -> tuple[str, ...]:
    """The fields of an alert in the order of COLUMNS, with the status that it has at a moment."""
    status, resolved = "open", None
    if row.rejected_at is not None:
        status = "rejected" if row.rejected_at <= now else "open"
    elif row.resolved_at <= now:
        status, resolved = "resolved", row.resolved_at
    elif row.confirmed_at <= now:
        status = "confirmed"
    return (
        row.alert_id,
        _time(row.reported_at),
        _time(row.occurred_from),
        _time(row.occurred_to),
        row.kind,
        row.category,
        row.more_categories,
        str(row.severity),
        "" if row.feeling is None else str(row.feeling),
        row.reporter_gender,
        row.affected_gender,
        row.age_band,
        status,
        _time(resolved),
        str(row.confirmations),
        "" if row.point is None else f"{row.point[1]:.5f}",
        "" if row.point is None else f"{row.point[0]:.5f}",
        row.description,
    )


def _time(when: dt.datetime | None) -> str:
    return "" if when is None else when.isoformat(timespec="minutes")
