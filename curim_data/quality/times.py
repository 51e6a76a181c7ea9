"""Quality of the times: jumps of the weekly or monthly count, and the lag between event and report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from curim_data.engine import Relation
from curim_data.model import FloatArray, IntArray

# A week is compared with the six before and the six after it; by chance fewer than 1 in 15,000 lie beyond 4 spreads.
NEIGHBOURS: Final = 6
LEAST_NEIGHBOURS: Final = 4
BEYOND: Final = 4.0
_MAD: Final = 0.6744898  # the median deviation of a standard normal
MONTH: Final = "month"
# Share of alerts of which only the month is known from which on weeks and days mean nothing.
LAG_DAYS: Final = (1, 7, 28)


@dataclass(frozen=True)
class Lag:
    """Hours from the event to its report, over the `n` alerts with both times that are not known by month only.

    `median` and `late` (the 90th percentile) in hours; `over`: shares by more than 1, 7 and 28 days; `negative`:
    alerts reported before they happened. `by_day`: how many give the event by its date alone, so that their lag is
    too long by up to a day.
    """

    n: int
    median: float
    late: float
    over: dict[int, float]
    negative: int
    by_day: int


def jumps(counts: pd.Series) -> pd.DataFrame:
    """Weeks (or months) whose count lies improbably far from the level of their neighbours.

    The level is the median of the six periods before and the six after; the distance is 2 (sqrt(n + 3/8) -
    sqrt(level + 3/8)), which for Poisson counts has a spread near 1 whatever the level (Anscombe 1948). It is divided
    by the robust spread of all distances (median absolute deviation / 0.6745), at least 1, so that lively series are
    judged by their own liveliness. Told are distances beyond 4.

    Parameters
    ----------
    counts : Series
        Alerts by period (index: timestamps, every whole period, in order).

    Returns
    -------
    DataFrame
        start (date), n, level, z; the farthest first.
    """
    n = counts.to_numpy(float)
    level = np.full(len(n), np.nan)
    for at in range(len(n)):
        around = np.r_[n[max(0, at - NEIGHBOURS) : at], n[at + 1 : at + 1 + NEIGHBOURS]]
        if len(around) >= LEAST_NEIGHBOURS:
            level[at] = np.median(around)
    distance = 2 * (np.sqrt(n + 0.375) - np.sqrt(level + 0.375))
    known = distance[np.isfinite(distance)]
    if not len(known):
        return pd.DataFrame(columns=["start", "n", "level", "z"])
    spread = max(1.0, float(np.median(np.abs(known - np.median(known)))) / _MAD)
    z = distance / spread
    frame = pd.DataFrame({"start": [day.date() for day in counts.index], "n": n, "level": level, "z": z})
    frame = frame[np.abs(np.nan_to_num(z)) > BEYOND]
    return frame.sort_values("z", key=np.abs, ascending=False, ignore_index=True)


def periods(alerts: Relation, unit: str) -> pd.Series:
    """Alerts by whole week or month, zeros included; the first and the last period, which may be cut off, left out.

    Alerts of which only the month is known are counted by month alone.
    """
    known = [] if unit == MONTH else [f"time_precision <> '{MONTH}'"]
    frame = alerts.frame(f"{unit} AS start, count(*) AS n", known, "GROUP BY 1")
    if frame.empty:
        return pd.Series(dtype=float)
    series = frame.assign(start=pd.to_datetime(frame["start"])).set_index("start")["n"].sort_index()
    every = pd.date_range(series.index[0], series.index[-1], freq="MS" if unit == MONTH else "7D", name=unit)
    whole: pd.Series = series.reindex(every, fill_value=0).astype(float).iloc[1:-1]
    return whole


# Alerts with both times, of event and report; equal times are left out: one may stand in for the other.
BOTH_TIMES: Final = (
    "occurred_from_us IS NOT NULL",
    f"time_precision <> '{MONTH}'",
    "reported_at_us <> occurred_from_us",
)
_LAG: Final = "reported_at_us - occurred_from_us"
_HOUR: Final = 3_600_000_000  # microseconds


def lag(alerts: Relation) -> Lag | None:
    """The time from event to report; None where no alert has both."""
    by = "count(*) AS n"
    counted = alerts.frame(f"{_LAG} AS lag, time_precision = 'day' AS by_day, {by}", BOTH_TIMES, "GROUP BY 1, 2")
    if counted.empty:
        return None
    counted = counted.sort_values("lag")
    hours, each = counted["lag"].to_numpy(float) / _HOUR, counted["n"].to_numpy(int)
    n = int(each.sum())
    return Lag(
        n=n,
        median=_quantile(hours, each, 0.5),
        late=_quantile(hours, each, 0.9),
        over={days: int(each[hours > 24 * days].sum()) / n for days in LAG_DAYS},
        negative=int(each[hours < 0].sum()),
        by_day=int(counted.loc[counted["by_day"], "n"].sum()),
    )


def _quantile(values: FloatArray, each: IntArray, share: float) -> float:
    """The quantile, between two values where it falls there, of sorted values of which there are several each."""
    at = share * (each.sum() - 1)
    below, above = np.searchsorted(np.cumsum(each), [math.floor(at), math.ceil(at)], side="right")
    return float(values[below] + (at - math.floor(at)) * (values[above] - values[below]))


def lag_classes(alerts: Relation) -> pd.DataFrame:
    """Alerts by class of lag: columns most (hours; the last is infinite), n. Negative lags are the first class."""
    bounds = (0, 1, 6, 24, 72, 168, 672)
    cases = " ".join(f"WHEN {_LAG} < {_HOUR * bound} THEN {at}" for at, bound in enumerate(bounds))
    number = f"CASE {cases} ELSE {len(bounds)} END"
    n = alerts.frame(f"{number} AS number, count(*) AS n", BOTH_TIMES, "GROUP BY 1").set_index("number")["n"]
    n = n.reindex(range(len(bounds) + 1), fill_value=0)
    return pd.DataFrame({"most": [*map(float, bounds), math.inf], "n": n.to_numpy(int)})
