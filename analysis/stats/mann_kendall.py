"""Mann–Kendall: whether many series rise or fall, for all of them at once, also where their steps are correlated.

A series is a row, its steps are the columns, in order and equally far apart. NaN is a step without a value: it takes
no part in S, and Sen's slope keeps the true distances between the steps that have one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import numpy as np

from curim_data.model import FloatArray, IntArray

# Values of permuted series that are compared at once: in one go for few series, and still within the processor's cache.
_RUNS_AT_ONCE: Final = 100_000


def kendall_s(series: Any) -> FloatArray:
    """Kendall's S by row: the sum of sgn(x_j - x_i) over all pairs of steps i < j; a step without a value is in none.

    `series`: array, shape (m, T) or (T,); NaN where a step has no value.

    Mann, H. B. (1945). Econometrica 13, 245–259. Kendall, M. G. (1975). Rank Correlation Methods. Griffin.
    """
    return _signs(_rows(series))


def block_permutation(
    parts: Any,
    *,
    block: int,
    runs: int = 999,
    seed: int = 0,
    rebuild: Callable[[Any], Any] | None = None,
    enough: int | None = None,
) -> FloatArray:
    """The p-values of the test by permuting blocks of steps, by row.

    No normal tail, and correlation within a block stays:

        p = (1 + #{runs: |S*| >= |S|}) / (runs + 1)

    The steps are cut into blocks of `block` (the first one shorter where they do not go in evenly), and the blocks are
    put in random order. Correlation within blocks survives, correlation across their borders does not, so that a plain
    call still finds somewhat too many trends in a correlated series.

    With `rebuild` that loss is avoided where the correlation comes from how the series is made: what is permuted are
    the steps of its independent ingredients, and the series is made from them in every run. With blocks of one
    step the test is then exact when the ingredients of the steps are exchangeable. See `analysis.emerging.detection`.

    Parameters
    ----------
    parts : array, shape (..., T)
        The series (m, T), or the ingredients that `rebuild` takes, with the steps along the last axis.
    block : int
        Steps that stay together.
    rebuild : callable, optional
        Makes the series (rows, T) from permuted `parts` (..., rows, T), each row by itself.
    enough : int, optional
        A series that this many runs have reached is permuted no further: in all runs its p would be above
        enough / (runs + 1), and what is reported comes from the runs that were made. Smaller p-values are those of
        all runs. (Besag, J. and Clifford, P. (1991). Sequential Monte Carlo p-values. Biometrika 78, 301-304.)

    Raises
    ------
    ValueError
        When `block` or `runs` is below 1.
    """
    if block < 1 or runs < 1:
        raise ValueError(f"block and runs must be at least 1, not {block} and {runs}")
    ingredients = np.atleast_2d(np.asarray(parts, dtype=float))
    make: Callable[[Any], Any] = rebuild or (lambda values: values)
    seen = np.abs(kendall_s(make(ingredients)))
    steps = ingredients.shape[-1]
    orders = _orders(steps, block, runs, seed)
    reached, made = np.zeros(len(seen)), np.zeros(len(seen))
    open_rows, done = np.arange(len(seen)), 0
    while done < runs and len(open_rows):
        batch = int(np.clip(_RUNS_AT_ONCE // max(len(open_rows) * steps, 1), 1, runs - done))
        s = _signs(np.concatenate([_rows(make(ingredients[..., order])) for order in orders[done : done + batch]]))
        as_far = np.abs(s).reshape(batch, -1) >= seen[open_rows]
        reached[open_rows] += as_far.sum(axis=0)
        done += batch
        made[open_rows] = done
        if enough is not None and (reached[open_rows] >= enough).any():
            kept = reached[open_rows] < enough
            open_rows, ingredients = open_rows[kept], ingredients[..., kept, :]
    return np.asarray((1 + reached) / (made + 1), dtype=float)


@lru_cache(maxsize=8)
def _orders(steps: int, block: int, runs: int, seed: int) -> IntArray:
    """The order of the steps in each run of a permutation by blocks, shape (runs, steps)."""
    each = np.arange(steps)
    cuts = each[each % block == steps % block][bool(steps % block == 0) :]
    blocks = np.split(each, cuts)
    rng = np.random.default_rng(seed)
    orders = np.array([np.concatenate([blocks[at] for at in rng.permutation(len(blocks))]) for _ in range(runs)])
    orders.flags.writeable = False
    return orders


def sen_slope(series: Any) -> FloatArray:
    """Sen's slope by row: the median of (x_j - x_i) / (j - i) over all pairs of steps with values; NaN without one.

    Sen, P. K. (1968). Journal of the American Statistical Association 63, 1379–1389.
    """
    x = _rows(series)
    earlier, later = np.triu_indices(x.shape[1], 1)
    slopes = np.full(len(x), np.nan)
    for row in np.flatnonzero(np.isfinite(x).sum(axis=1) > 1):
        slopes[row] = np.nanmedian((x[row, later] - x[row, earlier]) / (later - earlier))
    return slopes


def _rows(series: Any) -> FloatArray:
    x = np.atleast_2d(np.asarray(series, dtype=float))
    if x.ndim != 2:
        raise ValueError(f"series must have the shape (rows, steps), not {x.shape}")
    return np.where(np.isfinite(x), x, np.nan)


def _signs(x: FloatArray) -> FloatArray:
    """S by row. A pair with a missing value counts nothing. Steps lie down, so that sums run along whole series."""
    by_step = np.ascontiguousarray(x.T)
    s = np.zeros(len(x), dtype=np.int64)
    for at in range(len(by_step) - 1):
        later, earlier = by_step[at + 1 :], by_step[at]
        s += np.count_nonzero(later > earlier, axis=0) - np.count_nonzero(later < earlier, axis=0)
    return s.astype(float)
