"""A slow rise: cumulative sums of what counts say for it, against a baseline from before the last half-year.

The likelihood ratio of a negative binomial count under a rise by a quarter is summed and never falls below zero. The
limit is found by letting the baseline go on by itself: level and season as uncertain as they are, wandering as much as
they did. So a city whose level drifts anyway needs more to be called rising.

Hoehle, M. and Paul, M. (2008). Count data regression charts for the monitoring of surveillance time series. CSDA 52,
4357-4368. Brook, D. and Evans, D. A. (1972). An approach to the probability distribution of CUSUM run length.
Biometrika 59, 539-549.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.trends.dynamic_season import Outlook
from curim_data.model import FloatArray

# The rise that the sums are made to find, and the share of quiet half-years that reach the limit.
RISE: Final = 1.25
LEVEL: Final = 0.05
_RUNS: Final = 999


@dataclass(frozen=True)
class SlowRise:
    """Cumulative sums over the last half-year. `p`: share of quiet half-years whose largest sum is as large.

    `since`: position in the series from which the sum that is largest has grown; None where nothing speaks for a rise.
    """

    sums: FloatArray
    p: float
    since: int | None

    @property
    def found(self) -> bool:
        """Whether the rise is beyond what quiet half-years give."""
        return self.p <= LEVEL


def slow_rise(counts: ArrayLike, outlook: Outlook, seed: int = 1) -> SlowRise:
    """Look for a slow rise in the periods of an outlook; `counts`: those of the whole series, NaN where not known."""
    values = np.asarray(counts, dtype=float)[outlook.first :]
    expected = outlook.expected()
    known = np.isfinite(values)
    rng = np.random.default_rng(seed)
    rates = outlook.draw(rng, _RUNS)
    quiet = draw_counts(rng, rates, outlook.dispersion)
    quiet[:, ~known] = np.nan
    sums = cumulative_sums(values[None, :], expected, outlook.dispersion)[0]
    largest = cumulative_sums(quiet, expected, outlook.dispersion).max(axis=1)
    top = float(sums.max())
    p = (1 + int((largest >= top - 1e-12).sum())) / (1 + _RUNS)
    if top <= 0:
        return SlowRise(sums, 1.0, None)
    peak = int(sums.argmax())
    zeros = np.flatnonzero(sums[:peak] == 0)
    return SlowRise(sums, p, outlook.first + (int(zeros[-1]) + 1 if zeros.size else 0))


def draw_counts(rng: np.random.Generator, rates: FloatArray, dispersion: float) -> FloatArray:
    """Counts of these rates whose variance is `dispersion` times their mean."""
    if dispersion <= 1 + 1e-6:
        return rng.poisson(rates).astype(float)
    return rng.poisson(rng.gamma(np.maximum(rates, 1e-9) / (dispersion - 1), dispersion - 1)).astype(float)


def cumulative_sums(counts: FloatArray, expected: FloatArray, dispersion: float, rise: float = RISE) -> FloatArray:
    """C_t = max(0, C_(t-1) + log ratio of the count with the rise and without), by row; unknown counts add nothing."""
    step = np.nan_to_num(log_ratio(counts, expected, dispersion, rise))
    sums = np.zeros(step.shape)
    total = np.zeros(len(step))
    for at in range(step.shape[1]):
        total = np.maximum(0, total + step[:, at])
        sums[:, at] = total
    return sums


def log_ratio(counts: FloatArray, expected: FloatArray, dispersion: float, rise: float = RISE) -> FloatArray:
    """Log likelihood ratio of negative binomial counts with the mean `rise` times as large, of one shape.

    For Poisson counts y ln rise - (rise - 1) m: the sums of Page with k = (m1 - m0) / (ln m1 - ln m0), times ln rise.
    """
    if dispersion <= 1 + 1e-6:
        return np.asarray(counts * np.log(rise) - (rise - 1) * expected, dtype=float)
    shape = np.maximum(expected, 1e-9) / (dispersion - 1)
    higher = np.log((expected * rise + shape) / (expected + shape))
    return np.asarray(counts * (np.log(rise) - higher) - shape * higher, dtype=float)


def average_run_length(
    expected: float,
    limit: float,
    *,
    dispersion: float = 1.0,
    rise: float = RISE,
    actual: float = 1.0,
    states: int = 400,
) -> float:
    """Periods until the sums of constant expected counts first exceed a limit, by a Markov chain (Brook and Evans).

    `actual`: the true mean over the expected one. The sums from 0 to the limit are cut into `states` classes, each
    stood for by its middle; the first by zero.
    """
    top = expected * max(actual, 1)
    largest = int(top + 12 * np.sqrt(dispersion * top) + 30 * dispersion)
    y = np.arange(largest + 1, dtype=float)
    mean = expected * actual
    if dispersion <= 1 + 1e-6:
        chance = stats.poisson.pmf(y, mean)
    else:
        chance = stats.nbinom.pmf(y, mean / (dispersion - 1), 1 / dispersion)
    step = log_ratio(y, np.full(len(y), expected), dispersion, rise)
    width = limit / (states - 0.5)
    middle = np.arange(states) * width
    target = np.rint(np.maximum(middle[:, None] + step, 0) / width).astype(int)
    inside = target < states
    chain = np.zeros((states, states))
    rows = np.repeat(np.arange(states), inside.sum(axis=1))
    np.add.at(chain, (rows, target[inside]), np.broadcast_to(chance, target.shape)[inside])
    return float(np.linalg.solve(np.eye(states) - chain, np.ones(states))[0])
