"""How late alerts are reported, learned once of all stored alerts: it says nothing of any of them."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from analysis.trends.reporting import LONGEST, ReportingLag, lag_of_imports, lag_of_reports, nothing_known
from curim_data.engine import Source

_KEPT: Final = "reporting-lag"
_HOUR: Final = 3_600
# Delays are learned of the last years alone: people and apps change.
_YEARS: Final = dt.timedelta(days=2 * 365)


def reporting_lag(source: Source) -> ReportingLag:
    """The delay between an event and its report in the stored alerts.

    From the times of events and reports where exports have both; else from what successive imports added to days that
    earlier ones had covered; else nothing is known. Where an alert is known by its report alone there is no delay.
    """
    if _KEPT not in source.cache:
        kept = source.kept(_KEPT)
        if kept is None:
            found = _learned(source) if source.count else nothing_known(source.as_of)
            kept = {"shares": found.shares.tolist(), "until": found.until.isoformat()}
            source.keep(_KEPT, kept)
        source.cache[_KEPT] = kept
    kept = source.cache[_KEPT]
    return ReportingLag(pd.Series(kept["shares"], dtype=float).to_numpy(), dt.date.fromisoformat(kept["until"]))


def _learned(source: Source) -> ReportingLag:
    counts, until = _delays(source)
    found = lag_of_reports(counts, until)
    if found.known:
        return found
    table = source.table
    by_batch = table.group_by(batch=table.batch_id, day=table.local_date).aggregate(n=table.count())
    if table.batch_id.nunique().execute() < 2:
        return nothing_known(source.as_of)
    return lag_of_imports(by_batch.to_pandas(), source.as_of)


def _delays(source: Source) -> tuple[pd.DataFrame, dt.date]:
    """Counts by days from event to report, and the last day of a report.

    In local days: counted by hours of universal time first, to which each month's difference is added.
    """
    table = source.table
    reported = table.filter(table.reported_at.notnull())
    last = reported.aggregate(last=reported.reported_at.epoch_seconds().max()).to_pandas()["last"].iloc[0]
    until = source.as_of
    if pd.notna(last):
        until = max(until, dt.datetime.fromtimestamp(int(last), ZoneInfo(source.city.timezone)).date())
    end = until - dt.timedelta(days=LONGEST)
    some = reported.filter(reported.local_date <= end, reported.local_date > end - _YEARS)
    event = some.local_date.cast("timestamp").epoch_seconds()
    hours = ((some.reported_at.epoch_seconds() - event) / _HOUR).floor().cast("int64")
    own = (some.occurred_from.isnull()) | (some.occurred_from != some.reported_at)
    counts = some.group_by(month=some.month, hours=hours, own=own).aggregate(n=some.count()).to_pandas()
    middle = pd.to_datetime(counts["month"]) + pd.Timedelta(days=14)
    zone = middle.dt.tz_localize(source.city.timezone)
    ahead = (middle - zone.dt.tz_convert("UTC").dt.tz_localize(None)).dt.total_seconds() / _HOUR
    counts["lag"] = np.floor((counts["hours"] + ahead) / 24).astype(int)
    return counts.groupby(["lag", "own"], as_index=False)["n"].sum(), until
