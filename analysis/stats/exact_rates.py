"""Exact tests and intervals for the ratio of two rates: counts in a place and around it, given their sizes.

Where counts scatter `dispersion` times as much as independent ones (`analysis.stats.dispersion`), effective counts take
their place: both divided by it, without rounding, in the same beta functions. With a dispersion of 1 all is exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import betainc, betaincinv, gammaln

from curim_data.model import BoolArray, FloatArray, IntArray


def larger_rate(
    inside: Any, outside: Any, size_in: Any, size_out: Any, margin: float = 1.0, dispersion: Any = 1.0
) -> FloatArray:
    """Exact p-value that a place is denser than its surroundings by more than `margin`.

    For Poisson counts with densities a (place) and b (surroundings), the count inside given both together is binomial
    with probability a A / (a A + b B); at the border of the hypothesis a = margin b. No baseline is estimated.

    Parameters
    ----------
    inside, outside : arrays of counts
    size_in, size_out : arrays
        Land (square kilometres) or base population of the place and of the surroundings.
    margin : float
        Ratio of densities that does not yet count as denser.
    dispersion : float or array
        Variance of the counts, both together given, by that of independent ones; at least 1.

    References
    ----------
    Przyborowski, J. and Wilenski, H. (1940). Biometrika 31, 313–323.
    """
    x, rest = _effective(inside, outside, dispersion)
    share = _share(margin * np.asarray(size_in, float), size_out)
    tested = (x > 0) & (np.asarray(size_out, float) > 0)
    return _tail(x, rest + 1, share, tested)  # binomial: at least x of x + rest


def smaller_rate(
    inside: Any, outside: Any, size_in: Any, size_out: Any, margin: float = 1.0, dispersion: Any = 1.0
) -> FloatArray:
    """Exact p-value that a place is less dense than its surroundings divided by `margin`; see `larger_rate`."""
    x, rest = _effective(inside, outside, dispersion)
    beside = _share(np.asarray(size_out, float), np.asarray(size_in, float) / margin)
    tested = (rest > 0) & (np.asarray(size_out, float) > 0)
    return _tail(rest, x + 1, beside, tested)  # binomial: at most x of x + rest


def larger_rate_bound(
    inside: IntArray, outside: IntArray, size_in: Any, size_out: Any, margin: float, factorials: LogFactorials
) -> FloatArray:
    """The logarithm of a lower bound of `larger_rate`'s p-values, many times as fast; infinite where nothing is tested.

    Of at least x of x + r alerts with the share s in the place it is the probability of exactly x,

        log p >= x log s + r log(1 - s) + log (x + r)! - log x! - log r!,

    with x and r over the dispersion: I_s(a, c + 1) = int_0^s t^(a-1) (1-t)^c dt / B(a, c + 1), and (1-t)^c is at least
    (1-s)^c there. Counts are whole numbers; `factorials` are those of their dispersion.
    """
    share = _share(margin * np.asarray(size_in, float), size_out)
    tested = (inside > 0) & (np.asarray(size_out, float) > 0)
    return _first_term(inside, outside, share, tested, factorials)


def smaller_rate_bound(
    inside: IntArray, outside: IntArray, size_in: Any, size_out: Any, margin: float, factorials: LogFactorials
) -> FloatArray:
    """The logarithm of a lower bound of `smaller_rate`'s p-values; see `larger_rate_bound`."""
    beside = _share(np.asarray(size_out, float), np.asarray(size_in, float) / margin)
    tested = (outside > 0) & (np.asarray(size_out, float) > 0)
    return _first_term(outside, inside, beside, tested, factorials)


class LogFactorials:
    """log Gamma(n / dispersion + 1) of whole numbers n, in a table that grows with the largest that is asked for."""

    def __init__(self, dispersion: float) -> None:
        self.dispersion = dispersion
        self._known: FloatArray = np.zeros(0)

    def __call__(self, n: IntArray, most: int) -> FloatArray:
        """Of numbers from 0 to `most`."""
        if most >= len(self._known):
            self._known = np.asarray(gammaln(np.arange(most + 1) / self.dispersion + 1))
        return np.asarray(self._known[n])


def _first_term(
    a: IntArray, c: IntArray, share: FloatArray, tested: BoolArray, factorials: LogFactorials
) -> FloatArray:
    """`share` may have one column for all of a row."""
    found: FloatArray = np.full(a.shape, np.inf)
    at = np.flatnonzero(tested)
    if not len(at):
        return found
    of = at // a.shape[-1] if share.shape != a.shape else at
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing is known beside a share of 1, and p is 1
        inside, outside = (np.log(share) / factorials.dispersion).ravel(), np.log1p(-share) / factorials.dispersion
        x, rest = a.ravel()[at], c.ravel()[at]
        log = x * inside[of] + rest * outside.ravel()[of]
    both = x + rest
    most = int(both.max())
    log += factorials(both, most) - factorials(x, most) - factorials(rest, most)
    found.ravel()[at] = np.where(np.isnan(log), np.inf, log)
    return found


def _effective(inside: Any, outside: Any, dispersion: Any) -> tuple[FloatArray, FloatArray]:
    """Whole counts, and where they scatter more than independent ones so many independent ones as tell as much."""
    x, rest = np.round(np.asarray(inside, float)), np.round(np.asarray(outside, float))
    wider = np.asarray(dispersion, float)
    if not (wider >= 1).all():
        raise ValueError("a dispersion is at least 1")
    return (x, rest) if (wider == 1).all() else (x / wider, rest / wider)


def _tail(a: FloatArray, b: FloatArray, share: FloatArray, tested: Any) -> FloatArray:
    """The regularised incomplete beta function where something is tested, 1 elsewhere."""
    tail: FloatArray = np.ones(np.broadcast_shapes(a.shape, b.shape, share.shape))
    betainc(a, b, share, out=tail, where=tested)
    return tail


def _share(size_in: Any, size_out: Any) -> FloatArray:
    whole = np.asarray(size_in + size_out, dtype=float)
    return np.asarray(np.divide(size_in, whole, out=np.zeros_like(whole), where=whole > 0))


def ratio_interval(
    inside: float, outside: float, size_in: float, size_out: float, confidence: float = 0.95, dispersion: float = 1.0
) -> tuple[float, float, float]:
    """Ratio of the densities inside and outside with its exact interval: (ratio, low, high).

    Clopper–Pearson limits of the binomial share of `inside` among both counts, turned into a ratio of densities by
    share / (1 - share) * size_out / size_in. `inf` where nothing was counted outside; all NaN without any count or
    size.

    References
    ----------
    Clopper, C. J. and Pearson, E. S. (1934). Biometrika 26, 404–413.
    """
    x, rest = (float(count) for count in _effective(inside, outside, dispersion))
    if x + rest == 0 or size_in <= 0 or size_out <= 0:
        return float("nan"), float("nan"), float("nan")
    tail = (1 - confidence) / 2
    low = float(betaincinv(x, rest + 1, tail)) if x else 0.0
    high = float(betaincinv(x + 1, rest, 1 - tail)) if rest else 1.0

    def as_ratio(share: float) -> float:
        return float("inf") if share >= 1 else share / (1 - share) * size_out / size_in

    return as_ratio(x / (x + rest)), as_ratio(low), as_ratio(high)
