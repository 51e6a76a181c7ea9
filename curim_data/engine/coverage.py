"""Which days the alerts of each source cover, learned from how many there are by day (`model.coverage`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

import pandas as pd

from analysis.stats.empty_runs import Unit, empty_runs
from curim_data.engine.facts import MONTH, MONTH_ONLY_SHARE
from curim_data.engine.relation import Relation
from curim_data.model.coverage import Break, Coverage, Gap

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
