"""Inference apart from the statistics: exact tests of counts, correction for many tests, Gi*."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import betainc, betaincinv
from scipy.stats import beta

Floats = np.ndarray[Any, np.dtype[np.float64]]


def false_discovery(p: Any) -> Floats:
    """Benjamini–Hochberg q-values.

    The smallest share of false discoveries at which each test would still pass: with p sorted,
    q_(k) = min over j >= k of p_(j) m / j, capped at 1. A test passes at alpha when q <= alpha, which is the step-up
    rule "largest k with p_(k) <= k alpha / m". Nothing passes when nothing should.

    Parameters
    ----------
    p : array, shape (m,)
        p-values between 0 and 1.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Journal of the Royal Statistical Society B 57, 289–300.

    Examples
    --------
    >>> false_discovery([0.01, 0.02, 0.03, 0.5]).round(2).tolist()
    [0.04, 0.04, 0.04, 0.5]
    """
    values = np.asarray(p, dtype=float)
    count = len(values)
    order = np.argsort(values)
    stepped = values[order] * count / np.arange(1, count + 1)
    q = np.empty(count)
    q[order] = np.minimum.accumulate(stepped[::-1])[::-1]
    capped: Floats = np.minimum(q, 1.0)
    return capped


def getis_ord(values: Any, weights: sparse.csr_array, *, star: bool = True) -> Floats:
    """Gi*: how far the sum over a cell's neighbourhood lies from what the mean of all cells predicts.

        Gi*_i = (sum_j w_ij x_j - xbar W_i) / (s sqrt((n S1_i - W_i²) / (n - 1)))

    with W_i = sum_j w_ij, S1_i = sum_j w_ij² and s² = sum_j x_j² / n - xbar². The number is in standard deviations;
    its normal tail is no p-value where counts are small (see `analysis.hotspots.places`). Gi is the same without cell
    i: its weight is left out, mean and s are those of the n - 1 others, and n - 1 stands for n.

    Parameters
    ----------
    values : array, shape (m,)
        Counts by cell, zeros included.
    weights : csr_array, shape (m, m)
        Neighbours with the cell itself, as from `analysis.grid.cells.neighbours`.
    star : bool
        False for Gi, which asks whether the neighbours of a cell are high, whatever the cell itself is.

    Returns
    -------
    array, shape (m,)
        z; zero where the values do not vary or the neighbourhood is the whole map.

    References
    ----------
    Ord, J. K. and Getis, A. (1995). Geographical Analysis 27, 286–306.
    """
    x = np.asarray(values, dtype=float)
    own = np.zeros(len(x)) if star else weights.diagonal()
    count = max(len(x) if star else len(x) - 1, 1)
    total = np.asarray(weights.sum(axis=1), dtype=float).ravel() - own
    squares = np.asarray(weights.multiply(weights).sum(axis=1), dtype=float).ravel() - own**2
    left_out = np.zeros(len(x)) if star else x
    mean = (x.sum() - left_out) / count
    variance = ((x**2).sum() - left_out**2) / count - mean**2
    spread = np.sqrt(np.maximum(variance * (count * squares - total**2) / max(count - 1, 1), 0))
    distance = weights @ x - own * x - mean * total
    flat = spread <= 1e-9 * np.maximum(np.abs(mean), 1e-300)
    z: Floats = np.divide(distance, spread, out=np.zeros(len(x)), where=~flat)
    return z


def denser(inside: Any, outside: Any, size_in: Any, size_out: Any, margin: float = 1.0) -> Floats:
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

    References
    ----------
    Przyborowski, J. and Wilenski, H. (1940). Biometrika 31, 313–323.
    """
    x, rest = np.round(np.asarray(inside, float)), np.round(np.asarray(outside, float))
    share = _share(margin * np.asarray(size_in, float), size_out)
    tail = np.where(x > 0, betainc(np.maximum(x, 1), rest + 1, share), 1.0)  # binomial: at least x of x + rest
    return np.where(np.asarray(size_out, float) > 0, tail, 1.0)


def thinner(inside: Any, outside: Any, size_in: Any, size_out: Any, margin: float = 1.0) -> Floats:
    """Exact p-value that a place is less dense than its surroundings divided by `margin`; see `denser`."""
    x, rest = np.round(np.asarray(inside, float)), np.round(np.asarray(outside, float))
    beside = _share(np.asarray(size_out, float), np.asarray(size_in, float) / margin)
    tail = np.where(rest > 0, betainc(np.maximum(rest, 1), x + 1, beside), 1.0)  # binomial: at most x of x + rest
    return np.where(np.asarray(size_out, float) > 0, tail, 1.0)


def _share(size_in: Any, size_out: Any) -> Floats:
    whole = np.asarray(size_in + size_out, dtype=float)
    share: Floats = np.divide(size_in, whole, out=np.zeros_like(whole), where=whole > 0)
    return share


def ratio_interval(
    inside: float, outside: float, size_in: float, size_out: float, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Ratio of the densities inside and outside with its exact interval: (ratio, low, high).

    Clopper–Pearson limits of the binomial share of `inside` among both counts, turned into a ratio of densities by
    share / (1 - share) * size_out / size_in. `inf` where nothing was counted outside; all NaN without any count or
    size.

    References
    ----------
    Clopper, C. J. and Pearson, E. S. (1934). Biometrika 26, 404–413.
    """
    x, rest = float(np.round(inside)), float(np.round(outside))
    if x + rest == 0 or size_in <= 0 or size_out <= 0:
        return float("nan"), float("nan"), float("nan")
    tail = (1 - confidence) / 2
    low = float(betaincinv(x, rest + 1, tail)) if x else 0.0
    high = float(betaincinv(x + 1, rest, 1 - tail)) if rest else 1.0

    def as_ratio(share: float) -> float:
        return float("inf") if share >= 1 else share / (1 - share) * size_out / size_in

    return as_ratio(x / (x + rest)), as_ratio(low), as_ratio(high)


def ratio_intervals(inside: Any, outside: Any, size_in: Any, size_out: Any, confidence: float = 0.95) -> Any:
    """`ratio_interval` for arrays: three arrays (ratio, low, high)."""
    x, rest = np.round(np.asarray(inside, float)), np.round(np.asarray(outside, float))
    scale = np.asarray(size_out, float) / np.asarray(size_in, float)
    tail = (1 - confidence) / 2
    low = np.where(x > 0, beta.ppf(tail, np.maximum(x, 1), rest + 1), 0.0)
    high = np.where(rest > 0, beta.ppf(1 - tail, x + 1, np.maximum(rest, 1)), 1.0)
    shares = (np.divide(x, x + rest, out=np.full(x.shape, np.nan), where=x + rest > 0), low, high)
    with np.errstate(divide="ignore"):
        return tuple(np.where(x + rest > 0, share / (1 - share) * scale, np.nan) for share in shares)
