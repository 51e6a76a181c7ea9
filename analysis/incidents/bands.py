"""Bands of distance and of time in which pairs of reports are counted, and the steps in which times are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from curim_data.model import FloatArray, IntArray

# Further reports of one incident are looked for within these; pairs a week apart show what is there anyway.
REACH_M: Final = 300.0
REACH_H: Final = 72.0
# The reference: the same place from the fourth to the tenth day before and after, each weekday and hour once.
REFERENCE_H: Final = (84.0, 252.0)
REFERENCE_SPAN_H: Final = REFERENCE_H[1] - REFERENCE_H[0]

SAME_PLACE_M: Final = 0.5
METRES: Final = (SAME_PLACE_M, 10.0, 20.0, 30.0, 45.0, 60.0, 80.0, 100.0, 125.0, 150.0, 200.0, 250.0, REACH_M)
AREAS: Final[FloatArray] = np.pi * np.diff(np.square((0.0, *METRES)))
SAME_TIME_H: Final = 1e-4  # a third of a second: equal as written

DAY_H: Final = 24.0
MINUTE_H: Final = 1 / 60
_HOURS: Final = {
    MINUTE_H: (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.5, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0, REACH_H),
    1.0: (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0, REACH_H),
    DAY_H: (0.0, 24.0, 48.0, REACH_H),
}
_NEARLY_ALL: Final = 0.98
_MINUTES: Final = 1440
_CLOCK_CHANGE: Final = 60  # minutes
_MOMENTS: Final = 128


@dataclass(frozen=True)
class Lags:
    """Bands of lag that times known in steps of `step` hours can tell apart.

    `edges`: upper ends in hours, the first band that of equal times; `durations`: hours in each (0 for equal times,
    for how long these are differs from alert to alert: `share_of_minute`).
    """

    step: float
    edges: tuple[float, ...]

    @classmethod
    def of_step(cls, step: float) -> Lags:
        """The bands for a step of 24 hours, of 1 hour or of a minute."""
        return cls(step, _HOURS[step])

    @property
    def durations(self) -> FloatArray:
        """Hours in each band, shape (number of bands,)."""
        return np.diff((0.0, *self.edges))

    @property
    def moments(self) -> FloatArray:
        """Lags evenly through each band, shape (number of bands, 128)."""
        part = (np.arange(_MOMENTS) + 0.5) / _MOMENTS
        return np.asarray(np.asarray(self.edges)[:, None] - self.durations[:, None] * part)

    def band(self, hours: FloatArray) -> IntArray:
        """Number of the band of each lag: 0 for equal times, then (previous edge, edge]."""
        later = np.searchsorted(self.edges, hours - SAME_TIME_H, side="left").clip(1)
        return np.where(hours <= SAME_TIME_H, 0, later)


def distance_band(metres: FloatArray) -> IntArray:
    """Number of the band [0, 0.5], (previous edge, edge] of each distance in metres."""
    return np.searchsorted(METRES, metres, side="left")


def known_step(hours: FloatArray) -> float:
    """The step in which times are known: 24 where nearly all (98 %) share their time of day, 1 where nearly all are
    whole hours, else a minute (1 / 60).

    Dates without a time of day are two hours of UTC where clocks change: two times of day may hold nearly all if they
    lie no more than an hour apart. Noon and midnight are halves of days, not dates.

    Parameters
    ----------
    hours : array, shape (n,)
        Hours since any epoch, without missing values.
    """
    if len(hours) < 3:
        return MINUTE_H
    minute = _minute_of_day(hours)
    counts = np.bincount(minute, minlength=_MINUTES)
    second, first = np.argsort(counts, kind="stable")[-2:]
    apart = abs(int(first) - int(second))
    usual = counts[first] + (counts[second] if min(apart, _MINUTES - apart) <= _CLOCK_CHANGE else 0)
    days = len(np.unique(np.floor(hours / DAY_H)))
    if days > 1 and usual >= _NEARLY_ALL * len(hours):
        return DAY_H
    whole = np.bincount(minute % 60, minlength=60).max()
    return 1.0 if whole >= _NEARLY_ALL * len(hours) else MINUTE_H


def usual_minute(hours: FloatArray) -> int:
    """The minute of the day that most alerts have, 0 to 1,439; 0 without alerts."""
    return int(minutes_of_day(hours).argmax())


def in_steps(hours: FloatArray, step: float, usual: int | None = None) -> FloatArray:
    """Times that are equal where the data do not tell them apart: multiples of 24 hours where only dates are known.

    Midnight of summer and of winter differ by an hour in UTC; the usual time of day is taken as the middle of a day.
    `usual`: its minute; None: that of these alerts.
    """
    if step < DAY_H or not len(hours):
        return hours
    middle = (usual_minute(hours) if usual is None else usual) / 60
    return np.asarray(np.round((hours - middle) / DAY_H) * DAY_H)


def share_of_minute(hours: FloatArray, step: float, counts: IntArray | None = None) -> FloatArray:
    """Share of all alerts that have an alert's minute of the day (1 where only dates are known).

    A minute that many alerts have (12:00, 00:00) is met by chance more often. Shrunk to one in 1,440, by as many
    alerts as a day has minutes. `counts`: how many of all alerts have each minute; None: of these.

    Returns
    -------
    array, shape (n,)
    """
    if step >= DAY_H:
        return np.ones(len(hours))
    minute = _minute_of_day(hours)
    if counts is None:
        counts = np.bincount(minute, minlength=_MINUTES)
    return np.asarray((counts[minute] + 1.0) / (counts.sum() + _MINUTES))


def minutes_of_day(hours: FloatArray) -> IntArray:
    """How many alerts have each minute of the day, shape (1440,)."""
    return np.bincount(_minute_of_day(hours), minlength=_MINUTES)


def _minute_of_day(hours: FloatArray) -> IntArray:
    return np.round((hours % DAY_H) * 60).astype(np.int64) % _MINUTES
