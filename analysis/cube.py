"""The space-time cube: counts by cell and step, their tests, trends of them, and the classes over time.

A reader is told one of five states (`STATES`); each is one kind or two of those that Esri defines for Emerging Hot
Spot Analysis (`KINDS`), of which only the hot ones are looked for. Where publications differ:

* Sporadic demands that the last step is hot: a list of places to act on should not hold places that are quiet now.
  (Older releases and the R package sfdep do not demand it.) Oscillating places, which were cold before, are among them.
* A share of 90 % is counted in whole steps: 10 times the hot steps are at least 9 times all steps.

Mann–Kendall tells whether many series rise or fall, also where their steps are correlated. A series is a row, its steps
are the columns, in order and equally far apart. NaN is a step without a value: it takes no part in S, and Sen's slope
keeps the true distances between the steps that have one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from scipy import sparse

from analysis.stats.significance import larger_rate
from curim_data.model import FloatArray, IntArray, Message

NO_PATTERN: Final = "none"
# What a reader is told, in the order in which places are listed: the name, and what makes it.
STATES: Final[dict[str, tuple[Message, Message]]] = {
    "new": (Message("Newly hot"), Message("Hot now, and not before.")),
    "growing": (Message("Growing"), Message("Hot nearly all the time, and more and more.")),
    "lasting": (Message("Lasting"), Message("Hot now as before, all the time or on and off.")),
    "fading": (Message("Fading"), Message("Hot nearly all the time, but less and less.")),
    "gone": (Message("Gone"), Message("Hot nearly all the time, but not now.")),
}
# The kinds in the order in which they are tried, each with its state.
KINDS: Final = {
    "new": "new",
    "consecutive": "new",
    "historical": "gone",
    "intensifying": "growing",
    "diminishing": "fading",
    "persistent": "lasting",
    "sporadic": "lasting",
}


def classify(hot: Any, up: Any, down: Any) -> np.ndarray[Any, Any]:
    """The kind of each series of marks; `NO_PATTERN` where none holds.

    Parameters
    ----------
    hot : array of bool, shape (m, T)
        Marks by row (cell) and step; the last column is the step that decides what is now.
    up, down : arrays of bool, shape (m,)
        Whether the statistic of the row rises or falls significantly; all False where no trend is tested.
    """
    hot = np.atleast_2d(np.asarray(hot, bool))
    up, down = np.atleast_1d(np.asarray(up, bool)), np.atleast_1d(np.asarray(down, bool))
    count, run, last = hot.sum(axis=1), run_to_last_step(hot), hot[:, -1]
    often = 10 * count >= 9 * hot.shape[1]
    new, consecutive = last & (count == 1), (run >= 2) & (run == count) & ~often
    lasts = last & often
    holds = [new, consecutive, ~last & often, lasts & up, lasts & down, lasts, last]
    return np.select(holds, list(KINDS), NO_PATTERN)


def run_to_last_step(marks: Any) -> IntArray:
    """How many steps, counted back from the last, are marked without a break; shape (m,)."""
    marks = np.atleast_2d(np.asarray(marks, bool))
    return np.asarray((np.cumsum(~marks[:, ::-1], axis=1) == 0).sum(axis=1))


# Counts of windows that are tested at once: larger arrays cost more in fetching memory than in arithmetic.
AT_ONCE: Final = 60_000


def lagged_sums(values: Any, lag: int) -> FloatArray:
    """Sums over each step and the `lag` before it, along the last axis; the first steps have fewer before them."""
    total = np.array(values, dtype=float)
    for back in range(1, lag + 1):
        total[..., back:] += values[..., :-back]
    return total


def row_parts(shape: tuple[int, ...]) -> list[slice]:
    """The rows of an array of this shape, (m, T), in parts that stay within the processor's cache."""
    size = max(1, AT_ONCE // max(shape[-1], 1))
    return [slice(start, start + size) for start in range(0, shape[-2], size)]


@dataclass(frozen=True)
class Latest:
    """The windows of the last step, arrays of shape (m,): alerts and size in them, and around them."""

    inside: FloatArray
    outside: FloatArray
    size_in: FloatArray
    size_out: FloatArray

    @property
    def expected(self) -> FloatArray:
        """Counts in the windows if they were as dense as what is around them; NaN where nothing is around."""
        density = np.full(len(self.outside), np.nan)
        np.divide(self.outside, self.size_out, out=density, where=self.size_out > 0)
        return density * self.size_in


@dataclass(frozen=True)
class Windows:
    """Windows in space and time of some counts, shape (m, T), with what they are compared with.

    `place` sums over the cells of a window; `around` over its surroundings (both symmetric: who is a neighbour has
    one); `lag` steps before its own belong to a window. `size` is land, shape (m,), the same in every step; a place
    counts as at least `floor`. `dispersion`: variance of the counts of a window by that of independent ones.
    """

    counts: FloatArray
    place: sparse.csr_array
    around: sparse.csr_array
    lag: int
    size: FloatArray
    floor: float
    dispersion: float = 1.0

    def latest(self) -> Latest:
        """The windows of the last step."""
        there = self.counts[:, -self.lag - 1 :]
        steps, counts = there.shape[1], there.sum(axis=1)
        size_in, size_out = np.maximum(self.place @ self.size, self.floor), self.around @ self.size
        return Latest(self.place @ counts, self.around @ counts, steps * size_in, steps * size_out)

    def hot(self, margin: float) -> FloatArray:
        """p-values, shape (m, T), that windows are denser; see `analysis.stats.significance.larger_rate`."""
        size_in, size_out = np.maximum(self.place @ self.size, self.floor), self.around @ self.size
        shape = self.counts.shape
        sizes = (np.broadcast_to(size[:, None], shape) for size in (size_in, size_out))
        test: Callable[..., FloatArray] = larger_rate
        sums, p = (self.place @ self.counts, self.around @ self.counts, *sizes), np.empty(shape)
        for rows in row_parts(shape):
            p[rows] = test(*(lagged_sums(values[rows], self.lag) for values in sums), margin, self.dispersion)
        return p


@dataclass(frozen=True)
class GiStar:
    """Gi* with space-time neighbours, in the form for cells of unequal land: how far a window stands out, for trends.

    Ord, J. K. and Getis, A. (1995). Geographical Analysis 27, 286–306.

    With e_jt the alerts of step t shared out by land, r_jt = (x_jt - e_jt) / sqrt(e_jt) and the weights
    w_jt = sqrt(e_jt) over the window of cell i and step t (the same neighbours in t and the `lag` steps before),

        z_it = (sum w r - rbar W) / (s sqrt((n S1 - W²) / (n - 1))),    W = sum w, S1 = sum w², n = cells x steps.

    Where all e are equal this is the plain Gi* of the cube. `mean` and `spread` are rbar and s of the whole cube.
    """

    counts: FloatArray
    share: FloatArray
    near: sparse.csr_array
    lag: int
    mean: float
    spread: float

    @classmethod
    def of(cls, counts: FloatArray, size: FloatArray, near: sparse.csr_array, lag: int) -> GiStar:
        """From counts, shape (m, T), sizes, shape (m,), and the neighbours with the cell itself."""
        share = size / max(size.sum(), 1e-300)
        expected = np.outer(share, counts.sum(axis=0))
        residual = np.zeros(counts.shape)
        np.divide(counts - expected, np.sqrt(expected), out=residual, where=expected > 0)
        return cls(counts, share, near, lag, float(residual.mean()), float(residual.std()))

    def parts_of(self, cells: IntArray) -> FloatArray:
        """Shape (3, cells, T): sum w r, W and S1 of the neighbourhood of some cells (by position) in each step alone.

        They are what a permutation of the steps leaves whole.
        """
        expected = np.outer(self.share, self.counts.sum(axis=0))
        terms = np.where(expected > 0, self.counts - expected, 0.0), np.sqrt(expected), expected  # w r, w and w²
        return np.stack([self.near[cells] @ values for values in terms])

    def z(self, parts: FloatArray) -> FloatArray:
        """z by cell and step, from `parts_of` in any order of their steps (and any choice of their cells)."""
        z: FloatArray = np.zeros(parts.shape[1:])
        n = self.counts.size
        for rows in row_parts(z.shape):
            away, weight, square = lagged_sums(parts[:, rows], self.lag)
            spread = self.spread * np.sqrt(np.maximum((n * square - weight**2) / max(n - 1, 1), 0))
            np.divide(away - self.mean * weight, spread, out=z[rows], where=spread > 1e-12)
        return z


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
    step the test is then exact when the ingredients of the steps are exchangeable. See `analysis.emerging`.

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
    """
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
        reached[open_rows] += (np.abs(s).reshape(batch, -1) >= seen[open_rows]).sum(axis=0)
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
    return np.where(np.isfinite(x), x, np.nan)


def _signs(x: FloatArray) -> FloatArray:
    """S by row. A pair with a missing value counts nothing. Steps lie down, so that sums run along whole series."""
    by_step = np.ascontiguousarray(x.T)
    s = np.zeros(len(x), dtype=np.int64)
    for at in range(len(by_step) - 1):
        later, earlier = by_step[at + 1 :], by_step[at]
        s += np.count_nonzero(later > earlier, axis=0) - np.count_nonzero(later < earlier, axis=0)
    return s.astype(float)
