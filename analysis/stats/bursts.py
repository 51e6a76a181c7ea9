"""How many times the variance of counts is their mean, because one event is reported several times.

Several people report one event, and events follow one another, so counts scatter more than a Poisson law says. The
factor is learned from neighbouring periods of many series: a rate that moves slowly hardly differs between two
neighbours, while a burst of reports falls into one of them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from curim_data.model import FloatArray, IntArray

# A group of its own counts as much as all groups together from so many independent differences on.
PRIOR_FREEDOM: Final = 40.0
# Squared differences beyond so many times what is usual count as just that: one event is no law.
MOST_TIMES: Final = 9.0


def burst_factor(
    counts: Any, groups: IntArray | None = None, *, totals: Any = None, prior: float = PRIOR_FREEDOM
) -> FloatArray:
    """The variance of counts by their mean, at least 1, from the differences of neighbouring periods.

    Of two neighbours with the sum m, the later one has, were reports independent, the mean m q and the variance V = m q
    (1 - q) (1 - m / M), with q the later part of the M alerts of both periods in all that the row is a part of: what is
    common to all rows, as a season, inflates nothing (hypergeometric law). With S the squared distance from that mean,
    the factor is sum w S / sum w V over the rows, with w = 1 / (1 + mean of V a period), so that large rows, whose
    share moves in truth too, do not decide.

    Parameters
    ----------
    counts : array, shape (rows, periods)
        Counts of series in periods that follow one another. NaN where a period is not known.
    groups : array of int, shape (rows,), optional
        The group of each row. Each has a factor of its own, shrunk towards that of all rows: as many pairs with reports
        as `prior` weigh as much as all together.

    totals : array, shape (periods,), optional
        What the rows are parts of in the same periods. Without, each stands against its own past: q = 1/2, M infinite.

    Returns
    -------
    array, shape (number of groups,) or (1,)
        1 where nothing is known.

    References
    ----------
    von Neumann, J. et al. (1941). The mean square successive difference. Annals of Mathematical Statistics 12, 153-162.

    Examples
    --------
    >>> burst_factor([[4, 6, 5, 5, 4, 6, 5, 5]]).tolist()
    [1.0]
    >>> burst_factor([[0, 9, 0, 0, 12, 0, 9, 0]]).round(1).tolist()
    [10.2]
    """
    table = np.asarray(counts, float)
    if table.shape[1] < 2 or not len(table):
        return np.ones(1 if groups is None else int(np.max(groups, initial=-1)) + 1)
    left, right = table[:, :-1], table[:, 1:]
    both, part, rest = left + right, np.array(0.5), np.array(1.0)
    if totals is not None:
        whole = np.asarray(totals, float)
        sums = whole[:-1] + whole[1:]
        with np.errstate(divide="ignore", invalid="ignore"):
            part, rest = whole[1:] / sums, 1 - both / sums
    squares, spread = (right - both * part) ** 2, both * part * (1 - part) * rest
    known = np.isfinite(spread) & (spread > 0)
    squares, spread = np.where(known, squares, 0.0), np.where(known, spread, 0.0)
    pairs = known.sum(axis=1)
    weight = 1 / (1 + spread.sum(axis=1) / np.maximum(pairs, 1))
    of_all = _factor(squares, spread, weight)
    if groups is None:
        return np.array([of_all])
    size = int(groups.max(initial=-1)) + 1
    found, freedom = np.ones(size), np.bincount(groups, pairs, size)
    for group in np.flatnonzero(freedom):
        rows = groups == group
        found[group] = _factor(squares[rows], spread[rows], weight[rows])
    return np.asarray(np.maximum(1.0, (freedom * found + prior * of_all) / (freedom + prior)))


def _factor(squares: FloatArray, spread: FloatArray, weight: FloatArray) -> float:
    """The weighted ratio, at least 1; squared differences beyond `MOST_TIMES` what is usual are cut, repeatedly."""
    value = 1.0
    for _ in range(8):
        cut = np.minimum(squares, MOST_TIMES * max(value, 1.0) * spread + 1.0)
        total = float((weight[:, None] * spread).sum())
        value = float((weight[:, None] * cut).sum()) / total if total else 1.0
    return max(1.0, value)
