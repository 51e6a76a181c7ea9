"""What is known of all alerts of a version before anything is asked: sums, days and sets."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from dataclasses import asdict, dataclass
from typing import Any, Final

from curim_data.engine.relation import Relation
from curim_data.model import Gender, KnownTime
from curim_data.model.absence import ASKED_FIELDS, HOUR_SHARE
from curim_data.model.sql import count_if, split_list

# Share of alerts of which only the month is known from which on weeks and days mean nothing.
MONTH_ONLY_SHARE: Final = 0.05
MONTH: Final = "month"
NOT_ASKED_GENDER: Final = Gender.UNKNOWN.value


@dataclass(frozen=True)
class Facts:
    """Earliest and latest local date (today where there are no alerts), number of alerts, of those of which only the
    month and of those of which the hour is known, the fields that were asked, in the order of `ASKED_FIELDS` (all of
    them where there are no alerts), and all categories, sorted.
    """

    earliest: dt.date
    latest: dt.date
    n: int
    month_only: int
    timed: int
    asked: tuple[str, ...]
    categories: tuple[str, ...]

    @property
    def known_time(self) -> KnownTime:
        """The finest time that is known of the alerts."""
        if self.n and self.month_only >= MONTH_ONLY_SHARE * self.n:
            return KnownTime.MONTH
        return KnownTime.HOUR if self.timed >= HOUR_SHARE * self.n else KnownTime.DAY

    @property
    def first(self) -> dt.date:
        """The earliest day; where the month is all that is known, the first of it."""
        return self.earliest.replace(day=1) if self.known_time is KnownTime.MONTH else self.earliest

    @property
    def last(self) -> dt.date:
        """The latest day; where the month is all that is known, the last of it."""
        day = self.latest
        whole = self.known_time is KnownTime.MONTH
        return day.replace(day=monthrange(day.year, day.month)[1]) if whole else day

    def as_json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        told = asdict(self)
        return {"first": told.pop("earliest").isoformat(), "last": told.pop("latest").isoformat(), **told}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Facts:
        """Out of what `as_json` gave; TypeError, KeyError or ValueError for something else.

        What was published earlier has the known time too, and whole months as first and last day where it is the month.
        """
        return cls(
            earliest=dt.date.fromisoformat(value["first"]),
            latest=dt.date.fromisoformat(value["last"]),
            n=value["n"],
            month_only=value["month_only"],
            timed=value["timed"],
            asked=tuple(value["asked"]),
            categories=tuple(value["categories"]),
        )


def measure(alerts: Relation) -> Facts:
    """The facts of alerts, of which all rows are read."""
    asked = {name: f"{name} <> '{NOT_ASKED_GENDER}'" for name in ("affected_gender", "reporter_gender")}
    asked["feeling"] = "feeling IS NOT NULL"
    counted = {
        "months": count_if(f"time_precision = '{MONTH}'"),
        "timed": "count(hour)",
        **{name: count_if(condition) for name, condition in asked.items()},
    }
    listed = ", ".join(f"{how} AS {name}" for name, how in counted.items())
    found = alerts.one(f"min(local_date) AS earliest, max(local_date) AS latest, count(*) AS n, {listed}")
    today, n = dt.date.today(), int(found["n"])
    return Facts(
        earliest=found["earliest"] or today,
        latest=found["latest"] or today,
        n=n,
        month_only=int(found["months"]),
        timed=int(found["timed"]),
        asked=tuple(name for name in ASKED_FIELDS if found[name] or not n),
        categories=tuple(sorted({name for theme in alerts.levels["theme"] for name in split_list(theme)})),
    )
