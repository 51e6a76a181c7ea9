"""Quiet cities whose incidents are reported more than once: for tests of what linking and dispersion restore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from curim_data.model import FloatArray, IntArray

SIDE_M: Final = float(np.sqrt(10.9e6))
CATEGORIES: Final = 28
WEEK_H: Final = 168.0
WEEKS: Final = 8  # the period that is looked at
HISTORY: Final = 52  # weeks before it


@dataclass(frozen=True)
class Scatter:
    """Further reports of an incident: standard deviation of each coordinate in metres (normal), mean hours after the
    first (exponential), and mean number of reports of an incident (geometric).
    """

    reports: float
    metres: float = 0.0
    hours: float = 0.0


@dataclass(frozen=True)
class City:
    """Alerts of a quiet city: metres, hours, category codes, and the true incident of each; shape (n,)."""

    x: FloatArray
    y: FloatArray
    hours: FloatArray
    category: IntArray
    incident: IntArray

    @property
    def period(self) -> FloatArray:
        """Rows of the last eight weeks, in order of time."""
        end = (HISTORY + WEEKS) * WEEK_H
        rows = np.flatnonzero((self.hours >= end - WEEKS * WEEK_H) & (self.hours < end))
        return rows[np.argsort(self.hours[rows], kind="stable")]

    def first_of(self, incident: IntArray) -> IntArray:
        """Rows of the first report of each incident in the period."""
        rows = self.period
        return rows[np.unique(incident[rows], return_index=True)[1]]


def quiet_city(
    rng: np.random.Generator, alerts: int, scatter: Scatter, spot: float = 1.0, history: int = HISTORY
) -> City:
    """A square of 10.9 km², incidents uniform in it and in time; about `alerts` of them in eight weeks.

    `spot`: how many times as dense a disc of 90 m in it is, at all times; it does not take from the rest.
    """
    hours = (history + WEEKS) * WEEK_H
    count = rng.poisson(alerts / WEEKS * (history + WEEKS) / scatter.reports)
    x, y = rng.random((2, count)) * SIDE_M
    extra = rng.poisson(count * np.pi * 90**2 / SIDE_M**2 * (spot - 1))
    radius, angle = 90 * np.sqrt(rng.random(extra)), 2 * np.pi * rng.random(extra)
    x = np.concatenate([x, SPOT_M + radius * np.cos(angle)])
    y = np.concatenate([y, SPOT_M + radius * np.sin(angle)])
    time = rng.random(len(x)) * hours + (HISTORY - history) * WEEK_H
    category = rng.integers(0, CATEGORIES, len(x))
    number = rng.geometric(1 / scatter.reports, len(x))
    incident = np.repeat(np.arange(len(x)), number)
    further = np.concatenate([[False], incident[1:] == incident[:-1]])
    x, y = (values[incident] + further * rng.normal(0, scatter.metres, len(incident)) for values in (x, y))
    time = time[incident] + further * rng.exponential(scatter.hours, len(incident))
    order = rng.permutation(len(x))
    return City(x[order], y[order], time[order], category[incident][order], incident[order])


SPOT_M: Final = 1650.0
