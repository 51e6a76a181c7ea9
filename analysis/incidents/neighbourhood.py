"""Alerts with their neighbours, and what each pair of them says."""

from __future__ import annotations

import numpy as np

from analysis.incidents.background import Background, Ground
from analysis.incidents.bands import DAY_H, REACH_H, REACH_M, REFERENCE_H, Lags, distance_band, share_of_minute
from analysis.incidents.mixture import Candidates
from analysis.incidents.pairs import NearPairs, Pairs
from analysis.incidents.reports import Reports
from curim_data.model import FloatArray, IntArray


class Neighbourhood:
    """Some alerts with their neighbours of the days around and what was to be expected there."""

    def __init__(
        self,
        reports: Reports,
        lags: Lags,
        origin: tuple[float, float],
        period_h: float,
        area: float | None = None,
    ) -> None:
        self.reports, self.lags, self.period_h = reports, lags, period_h
        self.points = reports.points
        self.pairs = NearPairs(self.points, REACH_M)
        self.background = Background(self.points, origin, area)
        self.equal_h = DAY_H / 2 * share_of_minute(self.points.hours, lags.step)

    def near(self, rows: IntArray) -> Pairs:
        """Pairs of some alerts with those of the days before and after that are no reference."""
        return Pairs.together(list(self.pairs.pairs(rows, -REFERENCE_H[0], REFERENCE_H[0])))

    def earlier(self, near: Pairs) -> Pairs:
        """Of these pairs those whose neighbour is the earlier one, and in reach."""
        before = (near.hours > 0) | ((near.hours == 0) & (near.other < near.row))
        return near.where(before & (near.hours <= REACH_H))

    def candidates(
        self, rows: IntArray, earlier: Pairs, rates: FloatArray, ground: Ground, codes: IntArray
    ) -> Candidates:
        """Pairs to be judged: those of places and times near each other, and equal rows one after another.

        `rates`: incidents an hour expected in each band of distance around each of the rows; shape (rows, bands).
        """
        index = np.full(len(self.points), -1, dtype=np.int64)
        index[rows] = np.arange(len(rows))
        child = index[earlier.row]
        metre, lag = distance_band(earlier.metres), self.lags.band(earlier.hours)
        length = np.where(lag == 0, self.equal_h[earlier.row], self.lags.durations[lag])
        hazard = rates[child, metre] * length * ground.of_lag(earlier.hours)
        copies = self.reports.copies[rows]
        again = np.repeat(np.arange(len(rows)), copies - 1)
        n = len(rows) + len(again)
        category = np.searchsorted(codes, self.points.category)
        return Candidates(
            n,
            np.concatenate([child, np.arange(len(rows), n)]),
            category[np.concatenate([earlier.row, rows[again]])],
            np.concatenate([metre, np.zeros(len(again), dtype=np.int64)]),
            np.concatenate([lag, np.zeros(len(again), dtype=np.int64)]),
            np.concatenate([hazard, rates[again, 0] * self.equal_h[rows[again]]]),
        )

    def weights(self, rows: IntArray, repeats: FloatArray) -> FloatArray:
        """Incidents that each row counts as, given the probability of each alert judged of being a further report
        (`repeats`); rows that were not judged count as the mean.
        """
        again = np.repeat(np.arange(len(rows)), self.reports.copies[rows] - 1)
        alone = 1 - repeats
        each = alone[: len(rows)] + np.bincount(again, weights=alone[len(rows) :], minlength=len(rows))
        out = self.reports.copies * (each.sum() / max(self.reports.copies[rows].sum(), 1))
        out[rows] = each
        return np.asarray(out)
