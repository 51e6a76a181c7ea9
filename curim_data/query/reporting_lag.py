"""How late alerts are reported, learned once of all stored alerts: it says nothing of any of them."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from analysis.trends.reporting import LONGEST, ReportingLag, lag_of_imports, lag_of_reports, nothing_known
from curim_data.engine import Source
from curim_data.model.sql import between

_KEPT: Final = "reporting-lag"
_HOUR: Final = 3_600_000_000  # microseconds
# Delays are learned of the last years alone: people and apps change.
_YEARS: Final = dt.timedelta(days=2 * 365)


def reporting_lag(source: Source) -> ReportingLag:
    """The delay between an event and its report in the stored alerts.

    From the times of events and reports where exports have both; else from what successive imports added to days that
    earlier ones had covered; else nothing is known. Where an alert is known by its report alone there is no delay.
    """

    def find() -> ReportingLag:
        kept = source.kept(_KEPT)
        if kept is not None:
            return ReportingLag(np.array(kept["shares"], float), dt.date.fromisoformat(kept["until"]))
        found = _learned(source) if source.count else nothing_known(source.as_of)
        source.keep(_KEPT, {"shares": found.shares.tolist(), "until": found.until.isoformat()})
        return found

    return source.once(_KEPT, "", find)


def _learned(source: Source) -> ReportingLag:
    counts, until = _delays(source)
    found = lag_of_reports(counts, until)
    if found.known:
        return found
    by_batch = source.alerts.frame("batch_id AS batch, local_date AS day, count(*) AS n", then="GROUP BY 1, 2")
    return lag_of_imports(by_batch, source.as_of) if by_batch["batch"].nunique() > 1 else nothing_known(source.as_of)


def _delays(source: Source) -> tuple[pd.DataFrame, dt.date]:
    """Counts by days from event to report, and the last day of a report.

    In local days: counted by hours of universal time first, to which each month's difference is added.
    """
    last, until = source.alerts.one("max(reported_at_us) AS last")["last"], source.as_of
    if last is not None:
        until = max(until, dt.datetime.fromtimestamp(last / 1e6, ZoneInfo(source.city.timezone)).date())
    end = until - dt.timedelta(days=LONGEST)
    own = "occurred_from_us IS NULL OR occurred_from_us <> reported_at_us"
    counts = source.alerts.frame(
        f"month, local_date AS day, CAST(floor(reported_at_us / {_HOUR}.0e0) AS BIGINT) AS hour, {own} AS own, "
        "count(*) AS n",
        ["reported_at_us IS NOT NULL", between(end - _YEARS + dt.timedelta(days=1), end)],
        "GROUP BY 1, 2, 3, 4",
    )
    since = (pd.to_datetime(counts["day"]) - pd.Timestamp(0)) // pd.Timedelta(hours=1)
    counts["hours"] = counts["hour"] - since
    middle = pd.to_datetime(counts["month"]) + pd.Timedelta(days=14)
    zone = middle.dt.tz_localize(source.city.timezone)
    ahead = (middle - zone.dt.tz_convert("UTC").dt.tz_localize(None)).dt.total_seconds() / 3600
    counts["lag"] = np.floor((counts["hours"] + ahead) / 24).astype(int)
    by_lag: pd.DataFrame = counts.groupby(["lag", "own"], as_index=False)[["n"]].sum()
    return by_lag, until
