"""Exact tests and intervals for the ratio of two rates: counts in a place and around it, given their sizes.

Where counts scatter `dispersion` times as much as independent ones (`analysis.stats.dispersion`), effective counts take
their place: both divided by it, without rounding, in the same beta functions. With a dispersion of 1 all is exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import betainc, betaincinv
from scipy.stats import beta

from curim_data.model import FloatArray


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
    share: FloatArray = np.divide(size_in, whole, out=np.zeros_like(whole), where=whole > 0)
    return share


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


def ratio_intervals(
    inside: Any, outside: Any, size_in: Any, size_out: Any, confidence: float = 0.95, dispersion: Any = 1.0
) -> Any:
    """`ratio_interval` for arrays: three arrays (ratio, low, high)."""
    return effective_ratio_intervals(*_effective(inside, outside, dispersion), size_in, size_out, confidence)


def effective_ratio_intervals(
    x: FloatArray, rest: FloatArray, size_in: Any, size_out: Any, confidence: float = 0.95
) -> Any:
    """`ratio_intervals` of effective counts, which need not be whole: counts, or sums of weights, over their scale."""
    scale = np.asarray(size_out, float) / np.asarray(size_in, float)
    tail = (1 - confidence) / 2
    low = np.where(x > 0, beta.ppf(tail, np.where(x > 0, x, 1), rest + 1), 0.0)
    high = np.where(rest > 0, beta.ppf(1 - tail, x + 1, np.where(rest > 0, rest, 1)), 1.0)
    shares = (np.divide(x, x + rest, out=np.full(x.shape, np.nan), where=x + rest > 0), low, high)
    with np.errstate(divide="ignore"):
        return tuple(np.where(x + rest > 0, share / (1 - share) * scale, np.nan) for share in shares)
