"""The clock of a week: on which days and at which hours alerts fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.stats.result import Choice
from curim_data.model import FloatArray, Translator

DAYS: Final = 7
HOURS: Final = 24


@dataclass(frozen=True)
class WeekClock:
    """Alerts by weekday (rows, 0 for Monday) and hour (columns).

    `matrix` is 7 × 24. `peak_hours`: start and length in hours of the shortest
    stretch, over midnight if need be, that holds half of the alerts; `peak_weekday`: the fullest day. Both None where
    there are no alerts.
    """

    matrix: FloatArray
    peak_hours: tuple[int, int] | None
    peak_weekday: int | None
    n: int
    choices: tuple[Choice, ...] = ()

    def sentence(self, t: Translator) -> str:
        """When half of the alerts fall, and on which day most."""
        if self.peak_hours is None or self.peak_weekday is None:
            return t("No alerts with a known hour.")
        start, length = self.peak_hours
        values = {
            "start": f"{start:02d}",
            "end": f"{(start + length) % HOURS:02d}",
            "day": t.weekday(self.peak_weekday),
        }
        return t(
            "At least half of the alerts fall between {start}:00 and {end}:00; the fullest day is {day}.", **values
        )


def week_clock(frame: pd.DataFrame, band: int = 1) -> WeekClock:
    """Lay counts by weekday and hour out as a week.

    `frame` has weekday (0 to 6), hour (0 to 23) and n (fractions where a span was shared out over its hours). Rows
    without weekday or hour are left out; hours without a row are zero. `band`: how many hours are known as one, so
    that the hours that hold half are whole bands.
    """
    known = frame.dropna(subset=["weekday", "hour"])
    matrix = np.zeros((DAYS, HOURS))
    where = (known["weekday"].to_numpy(dtype=int), known["hour"].to_numpy(dtype=int))
    np.add.at(matrix, where, known["n"].to_numpy(dtype=float))
    by_hour, by_weekday, total = matrix.sum(axis=0), matrix.sum(axis=1), float(matrix.sum())
    return WeekClock(
        matrix=matrix,
        peak_hours=peak_bands(by_hour, band),
        peak_weekday=int(by_weekday.argmax()) if total else None,
        n=round(total),
    )


def peak_bands(by_hour: FloatArray, band: int) -> tuple[int, int] | None:
    """`peak_hours` of bands of so many hours, of which the first begins at midnight: start and length in hours.

    >>> peak_bands(np.array([0] * 12 + [1] * 6 + [0] * 6), 6), peak_bands(np.array([0] * 12 + [1] * 6 + [0] * 6), 1)
    ((12, 6), (12, 3))
    """
    bands = by_hour.reshape(-1, band).sum(axis=1)
    found = peak_hours(bands)
    return None if found is None else (found[0] * band, found[1] * band)


def peak_hours(by_hour: FloatArray) -> tuple[int, int] | None:
    """Start and length in hours of the shortest stretch that holds half of 24 counts (in bands, of as many as a day
    has); None where all are zero.

    >>> peak_hours(np.array([0, 9, 1] + [0] * 21)), peak_hours(np.array([0, 9, 10] + [0] * 21))
    ((1, 1), (2, 1))
    """
    half = by_hour.sum() / 2
    if not half:
        return None
    twice = np.concatenate([[0.0], np.cumsum(np.tile(by_hour, 2))])
    hours = len(by_hour)
    for length in range(1, hours):
        sums = twice[length : length + hours] - twice[:hours]
        if sums.max() >= half - 1e-9:
            return int(sums.argmax()), length
    return 0, hours
