"""Quality of the times: jumps of the weekly or monthly count, and the lag between event and report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import ibis
import numpy as np
import pandas as pd

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


def periods(table: Any, unit: str) -> pd.Series:
    """Alerts by whole week or month, zeros included; the first and the last period, which may be cut off, left out.

    Alerts of which only the month is known are counted by month alone.
    """
    chosen = table if unit == MONTH else table.filter(table.time_precision != MONTH)
    frame = chosen.group_by(unit).aggregate(n=chosen.count()).to_pandas()
    if frame.empty:
        return pd.Series(dtype=float)
    series = frame.assign(**{unit: pd.to_datetime(frame[unit])}).set_index(unit)["n"].sort_index()
    step = "MS" if unit == MONTH else "7D"
    every = pd.date_range(series.index[0], series.index[-1], freq=step)
    whole: pd.Series = series.reindex(every, fill_value=0).astype(float).iloc[1:-1]
    return whole


def month_only(table: Any) -> int:
    """Alerts of which only the month is known."""
    return int(table.filter(table.time_precision == MONTH).count().to_pyarrow().as_py())


def _with_both_times(table: Any) -> Any:
    """Alerts with both times, of event and report; equal times are left out: one may stand in for the other."""
    return table.filter(
        table.occurred_from.notnull() & (table.time_precision != MONTH) & (table.reported_at != table.occurred_from)
    )


def lag(table: Any) -> Lag | None:
    """The time from event to report; None where no alert has both."""
    timed = _with_both_times(table)
    seconds = timed.reported_at.epoch_seconds() - timed.occurred_from.epoch_seconds()
    timed = timed.select(hours=seconds / 3600.0, by_day=timed.time_precision == "day")
    row = timed.aggregate(
        n=timed.count(),
        median=timed.hours.quantile(0.5),
        late=timed.hours.quantile(0.9),
        negative=(timed.hours < 0).sum(),
        by_day=timed.by_day.sum(),
        **{f"over_{days}": (timed.hours > 24.0 * days).sum() for days in LAG_DAYS},
    )
    found = row.to_pyarrow().to_pylist()[0]
    n = int(found["n"])
    if not n:
        return None
    return Lag(
        n=n,
        median=float(found["median"]),
        late=float(found["late"]),
        over={days: int(found[f"over_{days}"]) / n for days in LAG_DAYS},
        negative=int(found["negative"]),
        by_day=int(found["by_day"]),
    )


def lag_classes(table: Any) -> pd.DataFrame:
    """Alerts by class of lag: columns most (hours; the last is infinite), n. Negative lags are the first class."""
    timed = _with_both_times(table)
    hours = (timed.reported_at.epoch_seconds() - timed.occurred_from.epoch_seconds()) / 3600.0
    bounds = (0, 1, 6, 24, 72, 168, 672)
    number = ibis.cases(*((hours < bound, at) for at, bound in enumerate(bounds)), else_=len(bounds))
    timed = timed.select(number=number)
    frame = timed.group_by("number").aggregate(n=timed.count()).to_pandas().set_index("number")["n"]
    n = frame.reindex(range(len(bounds) + 1), fill_value=0).to_numpy(int)
    return pd.DataFrame({"most": [*map(float, bounds), math.inf], "n": n})
