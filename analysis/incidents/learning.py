"""The rule learned from alerts: pairs of (a sample of) them, and rounds of the mixture until nothing changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import poisson

from analysis.incidents.background import NOW_METRES, Ground, daily_pattern
from analysis.incidents.bands import METRES, REFERENCE_H, Lags, distance_band
from analysis.incidents.mixture import Candidates, Trigger, maximise, most_probable, sure_excess
from analysis.incidents.neighbourhood import Neighbourhood
from analysis.incidents.pairs import Pairs
from analysis.incidents.reports import Reports
from curim_data.model import FloatArray, IntArray

MOST_LEARNED: Final = 60_000  # alerts whose neighbours are looked at while learning
MOST_CANDIDATES: Final = 4_000_000
_ROUNDS: Final = 60
_REFRESH: Final = (2, 5, 9, 14, 20)  # rounds in which the background is worked out again
_SETTLED: Final = 1e-4
# Near pairs are an excess where chance would give so many in one of 100,000 cases, and where they are half as many
# again as on other days.
_LEVEL: Final = 1e-5
_EXCESS: Final = 1.5
_FEWEST_EXTRA: Final = 5


@dataclass(frozen=True)
class Learned:
    """What came out: pairs in each band and those that chance gives, shape (distances, lags), the background, and,
    where near pairs are an excess, the trigger, its categories, the share of further reports, and metres and hours of
    each link (shape (links,)).
    """

    observed: FloatArray
    expected: FloatArray
    ground: Ground
    categories: IntArray
    trigger: Trigger | None = None
    repeats: float = 0.0
    metres: FloatArray | None = None
    hours: FloatArray | None = None


class Learning:
    """Pairs of alerts and the rounds."""

    def __init__(self, reports: Reports, lags: Lags, period_h: float) -> None:
        """`period_h`: hours that the alerts cover."""
        points = reports.points
        self._lags, self._reports, self._period_h = lags, reports, period_h
        self._origin = (float(np.median(points.x)), float(np.median(points.y)))
        self._here = Neighbourhood(reports, lags, self._origin, period_h)
        self._codes, category = np.unique(points.category, return_inverse=True)
        self._rows = self._sample()
        self._near = self._here.near(self._rows)
        self._earlier = self._here.earlier(self._near)
        low, high = REFERENCE_H
        sides = ((low, high), (-high, -low))
        self._reference = Pairs.together([lot for side in sides for lot in self._here.pairs.pairs(self._rows, *side)])
        copies = reports.copies[self._rows].astype(float)
        alerts = np.bincount(category[self._rows], weights=copies, minlength=len(self._codes))
        self._alerts = np.asarray(alerts, dtype=float)

    def _sample(self) -> IntArray:
        """Alerts to learn from: all, or as many at random as keep the pairs within bounds."""
        rows = np.arange(len(self._reports))
        rng = np.random.default_rng(0)
        if len(rows) > MOST_LEARNED:
            rows = np.sort(rng.choice(rows, MOST_LEARNED, replace=False))
        number = int(self._here.pairs.count(rows, -REFERENCE_H[1], REFERENCE_H[1]).sum())
        if number > MOST_CANDIDATES:
            some = max(int(len(rows) * MOST_CANDIDATES / number), 1)
            rows = np.sort(rng.choice(rows, some, replace=False))
        return rows

    def learned(self) -> Learned:
        """The rounds, where near pairs are more than chance."""
        weights = self._reports.copies.astype(float)
        ground = self._ground(weights)
        pairs = self._judged(ground, weights)
        observed, expected = self._tables(pairs, ground)
        if not more_than_chance(observed, expected):
            return Learned(observed, expected, ground, self._codes)
        excess = sure_excess(observed, expected)
        share = np.divide(excess, observed, out=np.zeros_like(observed), where=observed > 0)
        trigger = maximise(pairs, share[pairs.metre, pairs.lag], self._alerts, self._lags, excess)
        before = 0.0
        for k in range(_ROUNDS):
            probability, repeats = trigger.parents(pairs)
            if k in _REFRESH:
                weights = self._here.weights(self._rows, repeats)
                ground = self._ground(weights)
                pairs = self._judged(ground, weights)
                probability, repeats = trigger.parents(pairs)
            trigger = maximise(pairs, probability, self._alerts, self._lags, excess)
            mean = float(repeats.mean())
            if k > max(_REFRESH) and abs(mean - before) < _SETTLED * mean:
                break
            before = mean
        probability, repeats = trigger.parents(pairs)
        links = most_probable(pairs, probability, repeats)
        between = links[links < len(self._earlier)]
        copies = np.zeros(len(links) - len(between))
        return Learned(
            observed,
            expected,
            ground,
            self._codes,
            trigger,
            len(links) / pairs.n,
            np.concatenate([self._earlier.metres[between], copies]),
            np.concatenate([self._earlier.hours[between], copies]),
        )

    def _ground(self, weights: FloatArray) -> Ground:
        """Clumping and daily pattern from the reference.

        Clumping is 1 or more: below it a hot spot ends within the distance, and its density is that of the place.
        """
        background = self._here.background
        flat = np.ones(len(METRES))
        share = background.expected(self._rows, weights, self._near, flat, self._period_h)
        share[:, 0] = share[:, 1] * METRES[0] ** 2 / (METRES[1] ** 2 - METRES[0] ** 2)
        mine = weights[self._rows] * background.reference_hours(self._rows)
        due = (mine[:, None] * share).sum(axis=0)
        both = weights[self._reference.row] * weights[self._reference.other]
        seen = np.bincount(distance_band(self._reference.metres), weights=both, minlength=len(METRES))
        clumping = ((seen[: len(METRES)] + 1) / (due + 1)).clip(1)
        daily = daily_pattern(self._here.points, self._reference, weights, self._lags.step)
        return Ground(self._origin, background.area, clumping, daily)

    def _judged(self, ground: Ground, weights: FloatArray) -> Candidates:
        """All pairs with what is expected in their bands."""
        background = self._here.background
        rates = background.expected(self._rows, weights, self._near, ground.clumping, self._period_h)
        index = np.full(len(weights), -1, dtype=np.int64)
        index[self._rows] = np.arange(len(self._rows))
        some = self._reference.where(self._reference.metres <= NOW_METRES)
        seen = np.bincount(index[some.row], weights=weights[some.other], minlength=len(self._rows))
        now = background.now(self._rows, rates, np.asarray(seen, dtype=float))
        rates = np.asarray(rates * now[:, None])
        return self._here.candidates(self._rows, self._earlier, rates, ground, self._codes)

    def _tables(self, pairs: Candidates, ground: Ground) -> tuple[FloatArray, FloatArray]:
        """Pairs of alerts in each band, and those that the days of the reference give; shape (distances, lags)."""
        shape = (len(METRES), len(self._lags.edges))
        observed = np.bincount(pairs.metre * shape[1] + pairs.lag, minlength=shape[0] * shape[1]).reshape(shape)
        copies = self._reports.copies.astype(float)
        weight = copies[self._reference.row]
        seen = np.bincount(distance_band(self._reference.metres), weights=weight, minlength=shape[0])[: shape[0]]
        alerts = copies[self._rows]
        hours = max(float((self._here.background.reference_hours(self._rows) * alerts).sum()), 1.0)
        length = self._lags.durations * alerts.sum()
        length[0] = float((self._here.equal_h[self._rows] * alerts).sum())
        factor = ground.of_lag(self._lags.moments).mean(axis=1)  # of a whole band, which may hold several hours of day
        return observed.astype(float), seen[:, None] / hours * (length * factor)[None, :]


def more_than_chance(observed: FloatArray, expected: FloatArray) -> bool:
    """Whether there are more pairs than expected in some corner of the table (so near and so soon, or more so)."""
    seen, due = (np.cumsum(np.cumsum(table, axis=0), axis=1) for table in (observed, expected))
    tail = poisson.sf(seen - 1, np.maximum(due, 1e-9)) * seen.size
    return bool(((tail < _LEVEL) & (seen >= _EXCESS * due) & (seen - due >= _FEWEST_EXTRA)).any())
