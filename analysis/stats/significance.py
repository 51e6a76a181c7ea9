"""Exact tests of many counts, and the correction for having made many tests.

Two-sided tests, binomial and Fisher's of two by two tables. Correction for many tests: q-values (corrected p-values) by
Benjamini and Hochberg.

Tests and intervals for the ratio of two rates: counts in a place and around it, given their sizes. Where counts scatter
`dispersion` times as much as independent ones (`analysis.stats.dispersion`), effective counts take their place: both
divided by it, without rounding, in the same beta functions. With a dispersion of 1 all is exact.

Whether a place holds a larger or a smaller share of its alerts than the rest of the city: where the alerts that are
looked at are a part of all alerts, each of all alerts is one of them or is not, and both counts are bounded; with the
totals given, the number in the place follows Fisher's noncentral hypergeometric distribution. The Poisson model of
`larger_rate` comes near it where the part is small; where the part is half of all it takes the scatter for much larger
than it is.

Runs of days (or months) without any alert that chance does not explain: what a source probably did not cover.

A run of g empty days is compared with the d days around it on one side, in which k alerts came. Had the same rate held
in both, each of the k alerts would lie in the d days with probability D / (D + G), where D and G sum a weekly profile
over the days of both (d and g where weekdays are alike), so that all of them do with probability (1 + G / D)^-k: the
exact conditional test of two Poisson counts (Przyborowski and Wilenski 1940) of which one is zero. With the dispersion
a of weekly sums, known from m pairs of neighbouring weeks, and v = m / 3 or 2 (1 / a then has a gamma distribution),

    p = (1 + k log(1 + G / D) / (a v))^-v.

The larger p of both sides holds: a source that grew, or faded out, has a side with as few alerts as the run. Of a side
no longer than the run, where the data end, p below 0.003 is enough.

- k counts no day beyond the nine-tenths quantile of the days around, and is at most -d log(share of days without any):
  days on which hundreds were sent in speak for one lively day, and several reports of one event for one event.
- a is the mean of (y_t - y_(t-1))^2 / (y_t + y_(t-1)) over the side's weeks within a year (or its months
  with alerts within two), at least 1.
- Where other years are known, G / D is at most what their same days say: a season without alerts is no gap.
- Every run begins with an empty day, so p is that of the further ones; the shortest that can be named has two. A run
  is named where p is below 0.05 divided by the number of all runs (of a source of over four years, of a share of them
  that four years have).

Named runs are left out of the surroundings of the others, until no further one is named.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, gammaln
from scipy.stats import binomtest, fisher_exact

from analysis.stats.dispersion import spread_p
from analysis.stats.intervals import effective_counts, whole_counts
from curim_data.model import BoolArray, FloatArray, IntArray


def binomial_two_sided(k: IntArray, n: IntArray, share: float) -> FloatArray:
    """Two-sided p-values of k of n against a share, each by `scipy.stats.binomtest`; arrays of one length, n from 1 on.

    >>> binomial_two_sided(np.array([3, 5]), np.array([15, 10]), 0.1).round(4).tolist()
    [0.1841, 0.0016]
    """
    return np.array([binomtest(int(part), int(whole), share).pvalue for part, whole in zip(k, n, strict=True)], float)


def fisher_two_sided(a: IntArray, b: IntArray, c: IntArray, d: IntArray) -> FloatArray:
    """Two-sided p-values of the tables ((a, b), (c, d)), each by `scipy.stats.fisher_exact`; arrays of one length.

    >>> float(fisher_two_sided(*np.array([[3], [1], [1], [3]]))[0].round(4))
    0.4857
    """
    tables = np.stack([a, b, c, d], axis=-1).astype(np.int64).reshape(-1, 2, 2)
    return np.array([fisher_exact(table).pvalue for table in tables], float)


ALPHA: Final = 0.05


def benjamini_hochberg(p: Any) -> FloatArray:
    """Correct p-values for the number of tests: the q-value of each.

    As `scipy.stats.false_discovery_control`, in a third of its time for millions of tests of which most have a p of 1.

    The smallest false discovery rate at which each test would still pass: with p sorted, q_(k) = min over j >= k of
    p_(j) m / j, at most 1. A test passes at alpha when q <= alpha, which is the step-up rule "largest k with p_(k) <=
    k alpha / m". Nothing passes when nothing should.

    Parameters
    ----------
    p : array of any shape
        p-values from 0 on; what exceeds 1 by rounding counts as 1. NaN is a test that was not made: it stays NaN and
        does not count.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Journal of the Royal Statistical Society B 57, 289–300.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.02, float("nan"), 0.03, 0.5]).round(2).tolist()
    [0.04, 0.04, nan, 0.04, 0.5]
    """
    values = np.asarray(p, dtype=float)
    q: FloatArray = np.where(np.isfinite(values), 1.0, np.nan)
    below = values < 1  # the others come last in the order, and their q is 1
    small = values[below]
    order = np.argsort(small)
    stepped = small[order] * (np.isfinite(values).sum() / np.arange(1, len(small) + 1))
    small[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    q[below] = small
    return q


def alpha_or_one(q: Any, alpha: float = ALPHA) -> Any:
    """Corrected p-values for who does not see every count that they are of: `alpha` where at most that, else 1.

    The q of one test depends on the p of all others, so its digits would tell counts that are not written out. Missing
    ones stay missing. `q`: a number, an array or a series; what is told of it once is the same when told again.

    >>> alpha_or_one(np.array([0.0003, 0.05, 0.3, np.nan])).tolist()
    [0.05, 0.05, 1.0, nan]
    """
    return np.where(np.isnan(q), np.nan, np.where(np.asarray(q) <= alpha, alpha, 1.0))


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
    x, rest = effective_counts(inside, outside, dispersion)
    return _beta_tail(
        x, rest + 1, _part(margin * np.asarray(size_in, float), size_out), (x > 0) & (np.asarray(size_out, float) > 0)
    )  # binomial: at least x of x + rest


def smaller_rate(
    inside: Any, outside: Any, size_in: Any, size_out: Any, margin: float = 1.0, dispersion: Any = 1.0
) -> FloatArray:
    """Exact p-value that a place is less dense than its surroundings divided by `margin`; see `larger_rate`."""
    x, rest = effective_counts(inside, outside, dispersion)
    return _beta_tail(
        rest,
        x + 1,
        _part(np.asarray(size_out, float), np.asarray(size_in, float) / margin),
        (rest > 0) & (np.asarray(size_out, float) > 0),
    )  # binomial: at most x of x + rest


def _beta_tail(a: FloatArray, b: FloatArray, share: FloatArray, tested: Any) -> FloatArray:
    """The regularised incomplete beta function where something is tested, 1 elsewhere."""
    tail: FloatArray = np.ones(np.broadcast_shapes(a.shape, b.shape, share.shape))
    betainc(a, b, share, out=tail, where=tested)
    return tail


def _part(size_in: Any, size_out: Any) -> FloatArray:
    whole = np.asarray(size_in + size_out, dtype=float)
    return np.asarray(np.divide(size_in, whole, out=np.zeros_like(whole), where=whole > 0))


# Where the share of the place would be one, every table is possible.
_MIN_ROOM = 1e-9


def larger_share(
    inside: Any, outside: Any, base_in: Any, base_out: Any, margin: float = 1.0, dispersion: Any = 1.0
) -> FloatArray:
    """P-value that the share of the place is more than `margin` times that of the rest.

    With the total given, the count of the place is noncentral hypergeometric with the odds ratio that belongs to the
    ratio of shares at the border of the hypothesis and to the share p of the rest: m (1 - p) / (1 - m p). Exact for
    `margin` 1 (Fisher's test); otherwise p is the likeliest under the hypothesis (`_at_border`). 1 where m p is 1 or
    more, since no share is so large, and where the place is not above the border.

    Parameters
    ----------
    inside, outside : arrays of counts, shape (m,)
        Alerts of the part in the place and in the rest.
    base_in, base_out : arrays of counts
        All alerts there; at least as many as of the part.
    margin : float
        Ratio of shares that does not yet count as larger.
    dispersion : float or array
        Variance of the counts by that of independent ones; at least 1.

    References
    ----------
    Fisher, R. A. (1935). Journal of the Royal Statistical Society 98, 39–82.
    """
    x, rest, own, other = whole_counts(inside, outside, base_in, base_out)
    border = margin * np.divide(rest, other, out=np.ones(len(x)), where=other > 0)
    likely = _at_border(x, rest, own, other, margin)
    room = 1 - margin * likely
    odds = margin * (1 - likely) / np.where(room > _MIN_ROOM, room, 1)
    p = np.ones(len(x))
    for at in np.flatnonzero((border < 1) & (room > _MIN_ROOM) & (other > 0) & (own > 0) & (x > border * own)):
        p[at] = _noncentral_tail(x[at], own[at], other[at], x[at] + rest[at], odds[at])
    return spread_p(p, dispersion, tails=1)


def smaller_share(
    inside: Any, outside: Any, base_in: Any, base_out: Any, margin: float = 1.0, dispersion: Any = 1.0
) -> FloatArray:
    """P-value that the share of the place is less than that of the rest divided by `margin`; see `larger_share`."""
    x, rest, own, other = whole_counts(inside, outside, base_in, base_out)
    share = np.divide(rest, other, out=np.zeros(len(x)), where=other > 0)
    near = np.minimum(
        _at_border(x, rest, own, other, 1 / margin), other / (other + 1)
    )  # a rest that is all of the part leaves a little room for others
    odds = (1 - near) / (margin - near)
    p = np.ones(len(x))
    for at in np.flatnonzero((other > 0) & (own > 0) & (x < share / margin * own)):
        # the alerts of the place that are not of the part, in the same table with both columns exchanged
        p[at] = _noncentral_tail(
            own[at] - x[at], own[at], other[at], own[at] - x[at] + other[at] - rest[at], 1 / odds[at]
        )
    return spread_p(p, dispersion, tails=1)


def _at_border(x: FloatArray, rest: FloatArray, own: FloatArray, other: FloatArray, ratio: float) -> FloatArray:
    """The likeliest share p of the rest where that of the place is exactly `ratio` times as large.

    The smaller root of ratio (n1 + n2) p² - (ratio (n1 + x2) + x1 + n2) p + x1 + x2 = 0, with x1 of n1 in the place and
    x2 of n2 in the rest. The rest's own share would do where the rest is far larger than the place; where it is one to
    five times as large, true shares at the border passed a level of 1 % in 2.0 to 2.6 % of simulated tables with that,
    and in 0.7 to 0.8 % with this.

    Miettinen, O. & Nurminen, M. (1985). Comparative analysis of two rates. Statistics in Medicine 4, 213-226.
    """
    square, linear = ratio * (own + other), ratio * (own + rest) + x + other
    root = linear - np.sqrt(np.maximum(linear**2 - 4 * square * (x + rest), 0))
    return np.asarray(np.divide(root, 2 * square, out=np.zeros(len(x)), where=square > 0))


def _noncentral_tail(x: float, own: float, other: float, total: float, odds: float) -> float:
    """Probability of at least `x` of the place's `own` alerts, when `total` of `own + other` are of the part."""
    least, most = max(0.0, total - other), min(own, total)
    centre, spread = _centre(own, other, total, odds)
    reach = 12 * spread + 30
    values = np.arange(max(least, np.floor(min(centre, x) - reach)), min(most, np.ceil(max(centre, x) + reach)) + 1)
    logs = values * np.log(odds) - (
        gammaln(values + 1)
        + gammaln(own - values + 1)
        + gammaln(total - values + 1)
        + gammaln(other - total + values + 1)
    )
    weights = np.exp(logs - logs.max())
    return float(min(1.0, weights[values >= x].sum() / weights.sum()))


def _centre(own: float, other: float, total: float, odds: float) -> tuple[float, float]:
    """About the mean and the standard deviation of the distribution (Cornfield 1956)."""
    a, b, c = odds - 1, -(odds * (own + total) + other - total), odds * own * total
    mean = c / -b if abs(a) < 1e-12 else (-b - np.sqrt(max(b * b - 4 * a * c, 0.0))) / (2 * a)
    cells = np.maximum([mean, own - mean, total - mean, other - total + mean], 0.5)
    return float(mean), float(1 / np.sqrt((1 / cells).sum()))


UNEXPECTED: Final = 0.05
# Days or months around a run on each side: three times as many as it is long, within these bounds.
AROUND: Final = {"day": (56, 365), "month": (6, 24)}
BLOCK: Final = {"day": 7, "month": 1}
YEAR: Final = {"day": 365.25, "month": 12.0}
LIVELY: Final = 0.9
ENOUGH_PAIRS: Final = 26  # of neighbouring weeks on one side, from which on its own dispersion holds
# A side that is no longer than the run itself, since the data end there, cannot reach the limit: this is asked of it.
SHORT_SIDE: Final = 0.003
# A source with a weekday that has less than this share of an average one is closed for holidays too: shorter runs of
# it are not named.
CLOSED: Final = 0.05
LONGEST_HOLIDAYS: Final = 15
Unit = Literal["day", "month"]


def empty_runs(
    counts: npt.ArrayLike, unit: Unit = "day", *, weekday: int = 0, edges: bool = False
) -> list[tuple[int, int]]:
    """The runs without any alert that chance does not explain.

    Parameters
    ----------
    counts : array, shape (n,)
        Alerts of one source by day or month, none left out.
    unit : {"day", "month"}
        What a step is.
    weekday : int
        Weekday of the first day (0 Monday).
    edges : bool
        Whether runs at the beginning and the end, which have one side, are looked at too.

    Returns
    -------
    list of tuple
        First step and the step after the last one of each, in order.
    """
    n = np.asarray(counts, float)
    if not n.any():
        return []
    days = (np.arange(len(n)) + weekday) % 7 if unit == "day" else np.zeros(len(n), int)
    runs = np.flatnonzero(np.diff(n == 0, prepend=False, append=False)).reshape(-1, 2).tolist()
    limit = UNEXPECTED * max(1.0, len(n) / (4.0 * YEAR[unit])) / max(1, len(runs))
    by_weekday = np.bincount(days, n, 7)
    closed = unit == "day" and by_weekday.min() < CLOSED * by_weekday.mean()
    shortest = 1 if unit == "month" else LONGEST_HOLIDAYS if closed else 2
    looked_at = [
        (first, stop) for first, stop in runs if stop - first >= shortest and (edges or (first > 0 and stop < len(n)))
    ]
    covered, known = np.ones(len(n), bool), -1
    found: list[tuple[int, int]] = []
    while len(found) > known:
        known = len(found)
        found = [(first, stop) for first, stop in looked_at if _improbable(n, covered, days, first, stop, unit, limit)]
        for first, stop in found:
            covered[first:stop] = False
    return found


def _improbable(
    n: FloatArray, covered: BoolArray, days: IntArray, first: int, stop: int, unit: Unit, limit: float
) -> bool:
    """Whether on both sides the steps first to stop - 1 are empty with a probability below the limit."""
    least, most = AROUND[unit]
    wide = min(most, max(least, 3 * (stop - first)))
    known = np.flatnonzero(covered)
    at, beyond = np.searchsorted(known, [first, stop])
    years = [known[max(0, at - most) : at][::-1], known[beyond : beyond + most]]
    sides = [year[:wide] for year in years]
    run = np.arange(first + (unit == "day"), stop)
    for side in sides:  # not even with dispersion 1 and the run on the busiest weekdays: the others need no more work
        if len(side) > len(run) and (1.0 + 7.0 * len(run) / len(side)) ** -n[side].sum() > limit:
            return False
    around = np.concatenate(sides)
    n = np.minimum(n, max(1.0, float(np.quantile(n[around], LIVELY))))
    profile = (np.bincount(days[around], n[around], 7) + 0.5) / (np.bincount(days[around], minlength=7) + 1.0)
    pairs = [_pairs(n[year] if unit == "day" else n[year][n[year] > 0], BLOCK[unit]) for year in years]
    for side, own in zip(sides, pairs, strict=True):
        if not len(side):
            continue
        z = own if len(own) >= ENOUGH_PAIRS else np.concatenate(pairs)
        k = n[side].sum() / max(1.0, z.mean() if len(z) else 1.0)
        if unit == "day":
            k = min(k, -len(side) * np.log1p(-(np.count_nonzero(n[side]) + 0.5) / (len(side) + 1.0)))
        half = max(2.0, len(z) / 3.0)
        ratio = profile[days[run]].sum() / profile[days[side]].sum()
        in_run, beside = _other_years(n, covered, run, side, YEAR[unit])
        ratio = min(ratio, (in_run + ratio) / (beside + 1.0))
        if (1.0 + k * np.log1p(ratio) / half) ** -half >= (limit if len(side) > len(run) else max(limit, SHORT_SIDE)):
            return False
    return True


def _pairs(side: FloatArray, block: int) -> FloatArray:
    """(y_t - y_(t-1))^2 / (y_t + y_(t-1)) of the neighbouring blocks with alerts; their mean is the dispersion."""
    sums = side[: len(side) // block * block].reshape(-1, block).sum(axis=1)
    both = sums[1:] + sums[:-1]
    return np.asarray(np.diff(sums)[both > 0] ** 2 / both[both > 0])


def _other_years(n: FloatArray, covered: BoolArray, run: IntArray, side: IntArray, year: float) -> tuple[float, float]:
    """Alerts in the same days as the run and as one of its sides in all other years that are known there."""
    in_run = beside = 0.0
    low, high = min(run.min(), side.min()), max(run.max(), side.max())
    for number in range(-int(low / year), int((len(n) - 1 - high) / year) + 1):
        shift = round(number * year)
        if number and low + shift >= 0 and high + shift < len(n) and covered[run + shift].all():
            in_run, beside = in_run + n[run + shift].sum(), beside + n[side + shift].sum()
    return float(in_run), float(beside)
