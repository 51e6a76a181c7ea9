"""What is known of all alerts of a version before anything is asked: sums, days, sets, and the days that each source
covers, learned from counts by day (`model.coverage`).
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

from analysis.stats.significance import Unit, empty_runs
from curim_data.engine.flat import Relation
from curim_data.model import Gender, KnownTime
from curim_data.model.absence import ASKED_FIELDS, HOUR_SHARE
from curim_data.model.coverage import Break, Coverage, Gap
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


# A source matters where it has this share of the alerts of half a year around.
MATTERS: Final = 0.05
AROUND: Final = pd.Timedelta(days=182)


def counts_by_source(alerts: Relation) -> pd.DataFrame:
    """Alerts by source, local date and whether the month alone is known: source, day, months, n."""
    columns = f"source, local_date AS day, time_precision = '{MONTH}' AS months, count(*) AS n"
    frame = alerts.frame(columns, then="GROUP BY 1, 2, 3")
    return frame.assign(day=pd.to_datetime(frame["day"]), n=frame["n"].astype(float))


def learn(frame: pd.DataFrame) -> Coverage:
    """The coverage that counts by source and day tell (`counts_by_source`).

    Of a source with 5 % or more of alerts of which the month alone is known, months are looked at, of the others the
    days of their other alerts. A gap, or a break, of a source with fewer than 5 % of all alerts around is left out.
    """
    if frame.empty:
        return Coverage({})
    sources = {str(name): _series(part) for name, part in frame.groupby("source")}
    first = min(series.index[0] for series, _ in sources.values())
    last = max(_last_day(series.index[-1], unit) for series, unit in sources.values())
    everything = frame.groupby("day")["n"].sum()
    gaps, breaks = [], []
    for name, (series, unit) in sources.items():
        steps = pd.date_range(_step(first, unit), _step(last, unit), freq="MS" if unit == "month" else "D")
        n = series.reindex(steps, fill_value=0.0)
        own = frame[frame["source"] == name].groupby("day")["n"].sum()
        for start, stop in empty_runs(n.to_numpy(), unit, weekday=steps[0].weekday(), edges=True):
            gap = Gap(name, steps[start].date(), _last_day(steps[stop - 1], unit).date())
            if not _matters(own, everything, gap):
                continue
            if start == 0:
                breaks.append(Break(name, steps[stop].date(), True))
            elif stop == len(steps):
                breaks.append(Break(name, gap.first, False))
            else:
                gaps.append(gap)
    spans = {
        name: (series.index[0].date(), _last_day(series.index[-1], unit).date())
        for name, (series, unit) in sources.items()
    }
    gaps += _between(spans)
    by_month = all(unit == "month" for _, unit in sources.values())
    ordered = tuple(sorted(gaps, key=lambda gap: (gap.first, gap.last, gap.source)))
    return Coverage(spans, ordered, tuple(sorted(breaks, key=lambda one: (one.day, one.source))), by_month)


def _series(part: pd.DataFrame) -> tuple[pd.Series, Unit]:
    """The alerts of a source by day, or by month where the days of too many are not known."""
    if part.loc[part["months"], "n"].sum() >= MONTH_ONLY_SHARE * part["n"].sum():
        return part.groupby(part["day"].dt.to_period("M").dt.to_timestamp())["n"].sum(), "month"
    return part[~part["months"]].groupby("day")["n"].sum(), "day"


def _step(day: pd.Timestamp, unit: Unit) -> pd.Timestamp:
    return day.replace(day=1) if unit == "month" else day


def _last_day(day: pd.Timestamp, unit: Unit) -> pd.Timestamp:
    return day + pd.offsets.MonthEnd(0) if unit == "month" else day


def _matters(own: pd.Series, everything: pd.Series, gap: Gap) -> bool:
    """Whether a source has a share of the alerts around some days that makes its absence felt."""
    start, end = pd.Timestamp(gap.first), pd.Timestamp(gap.last)
    both = [
        float(
            n[start - AROUND : start - pd.Timedelta(days=1)].sum() + n[end + pd.Timedelta(days=1) : end + AROUND].sum()
        )
        for n in (own, everything)
    ]
    return both[0] >= MATTERS * both[1]


def _between(spans: dict[str, tuple[dt.date, dt.date]]) -> Iterator[Gap]:
    """The days between one source's last and another's first on which none had begun or gone on."""
    ordered = sorted(spans.values())
    until = ordered[0][1]
    for first, last in ordered[1:]:
        if first > until + dt.timedelta(days=1):
            yield Gap("", until + dt.timedelta(days=1), first - dt.timedelta(days=1))
        until = max(until, last)
