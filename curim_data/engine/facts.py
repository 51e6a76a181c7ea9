"""What is known of all alerts of a version before anything is asked: sums, days and sets.

So those of a version that is an earlier one plus some files are the earlier ones with those of the added files
(`Facts.with_more`), and only the added files have to be read.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from dataclasses import asdict, dataclass
from typing import Any, Final

from curim_data.engine.types import IbisTable
from curim_data.model import Gender, KnownTime
from curim_data.model.absence import ASKED_FIELDS
from curim_data.model.known_time import HOUR_SHARE

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

    def with_more(self, other: Facts) -> Facts:
        """The facts of these alerts and of others together, of which none is among these."""
        if not self.n or not other.n:
            return self if self.n else other
        return Facts(
            earliest=min(self.earliest, other.earliest),
            latest=max(self.latest, other.latest),
            n=self.n + other.n,
            month_only=self.month_only + other.month_only,
            timed=self.timed + other.timed,
            asked=tuple(name for name in ASKED_FIELDS if name in (*self.asked, *other.asked)),
            categories=tuple(sorted({*self.categories, *other.categories})),
        )

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


def measure(table: IbisTable) -> Facts:
    """The facts of a table of alerts (`alert.SCHEMA`), of which all rows are read."""
    span = table.aggregate(
        earliest=table.local_date.min(),
        latest=table.local_date.max(),
        n=table.count(),
        months=(table.time_precision == MONTH).sum(),
        timed=table.hour.notnull().sum(),
        affected_gender=(table.affected_gender != NOT_ASKED_GENDER).sum(),
        reporter_gender=(table.reporter_gender != NOT_ASKED_GENDER).sum(),
        feeling=table.feeling.notnull().sum(),
    )
    earliest, latest, n, months, timed, *answers = span.to_pyarrow().to_pylist()[0].values()
    further = table.select(category=table.more_categories.unnest())
    mentioned = table.select("category").distinct().union(further.distinct(), distinct=True)
    names = mentioned.to_pyarrow()["category"].to_pylist()
    today = dt.date.today()
    return Facts(
        earliest=earliest or today,
        latest=latest or today,
        n=int(n),
        month_only=int(months or 0),
        timed=int(timed or 0),
        asked=tuple(name for name, told in zip(ASKED_FIELDS, answers, strict=True) if told or not n),
        categories=tuple(sorted(name for name in names if name)),
    )
