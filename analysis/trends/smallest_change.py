"""The smallest change that a comparison of two periods would have shown: what a result of "no change" is worth.

The count before is taken as it is, and so are the counts of what it is compared with; the count after is Poisson. The
test is the one that the changes went through (`e_test`, or Fisher's exact test against the rest of the city), at the
level that a single change among all comparisons has to pass: alpha divided by their number (Benjamini-Hochberg gives no
more to the smallest p-value). A rise is seen from a count `a` on, so that its mean must be the λ with
P(Poisson(λ) ≥ a) = 80 %, which is a quantile of the gamma distribution: no simulation and no approximation is needed.
Where counts scatter more than independent ones, both p and that quantile are those of effective counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from analysis.stats.dispersion import spread_p
from analysis.trends.changes import e_test, fisher_exact
from curim_data.model import BoolArray, FloatArray, IntArray

# The usual power of a planned study (Cohen 1988, Statistical Power Analysis for the Behavioral Sciences).
PROBABILITY: Final = 0.8
# A comparison that would miss even a doubling says nothing about whether something changed.
TELLING_RATIO: Final = 2.0
# Of more alerts before than this, the exact conditional test (given the sum of both counts) stands in for the e-test,
# which takes seconds there: from 1,000 alerts on the two differ by less than one alert in a hundred.
MANY: Final = 1000
# So many counts are tested at once, where a test of several takes little longer than one of one.
AT_ONCE: Final = 12


@dataclass(frozen=True)
class SmallestChange:
    """What would have been seen, with the probability `probability`.

    before : alerts before. expected : alerts after, if nothing had changed.
    rise : the least mean number of alerts after whose rise is seen. fall : the largest whose fall is; None where even
    no alert at all would be no clear fall.
    """

    before: int
    expected: float
    rise: float
    fall: float | None
    probability: float = PROBABILITY

    @property
    def too_few(self) -> bool:
        """Whether there are too few alerts to tell: even twice as many would be missed more often."""
        return not self.rise <= TELLING_RATIO * self.expected


def smallest_change(
    before: int,
    exposure: tuple[float, float] = (1, 1),
    *,
    base: tuple[int, int] | None = None,
    level: float = 0.05,
    probability: float = PROBABILITY,
    dispersion: float = 1.0,
    freedom: float = np.inf,
) -> SmallestChange:
    """The smallest rise and fall of a count that its test shows at a level.

    Parameters
    ----------
    before : alerts before
    exposure : length of the period before and after, in the same unit
    base : alerts of the rest of the city before and after; None where the count stands against its own past
    level : the two-sided p-value that is small enough
    probability : with which the change is to be seen
    dispersion : variance of the counts by that of independent ones, at least 1
    freedom : of how many independent squares it was estimated

    Raises ValueError for a negative count, and a base without an alert before or after.

    >>> found = smallest_change(100)
    >>> found.rise > 130 and found.fall < 75
    True
    """
    if before < 0 or (base is not None and min(base) <= 0):
        raise ValueError("counts must not be negative, and a base must have alerts in both periods")
    expected = before * (exposure[1] / exposure[0] if base is None else base[1] / base[0])

    def seen(after: IntArray) -> BoolArray:
        if base is None and before > MANY:
            p = _binomial_p(after, before + after, exposure[1] / sum(exposure))
        elif base is None:
            p = np.array([e_test(int(count), before, exposure[1], exposure[0]) for count in after])
        else:
            rest = [np.full(len(after), count, float) for count in (before, *base)]
            p = fisher_exact(np.column_stack([rest[0], after, *rest[1:]]))
        return np.asarray(spread_p(p, dispersion, freedom=freedom) <= level)

    at_once = 1 if base is None and before <= MANY else AT_ONCE
    up = _first(int(np.floor(expected)) + 1, seen, at_once)
    down = _last_fall(int(np.ceil(expected)) - 1, seen, at_once)
    rise = dispersion * float(stats.gamma.ppf(probability, up / dispersion))
    fall = None if down is None else dispersion * float(stats.gamma.ppf(1 - probability, down / dispersion + 1))
    return SmallestChange(before, float(expected), rise, fall, probability)


def _binomial_p(after: IntArray, both: IntArray, part: float) -> FloatArray:
    """The smaller tail doubled: that on the count's side of the mean (as `analysis.trends.changes.fisher_exact`)."""
    below = after <= both * part
    tail = np.empty(len(after))
    tail[below] = stats.binom.cdf(after[below], both[below], part)
    tail[~below] = stats.binom.sf(after[~below] - 1, both[~below], part)
    p: FloatArray = np.minimum(1.0, 2 * tail)
    return p


Seen = Callable[[IntArray], BoolArray]


def _first(start: int, seen: Seen, at_once: int = 1) -> int:
    """The smallest count from `start` on that is seen; the larger a count, the smaller its p-value."""
    low, step = start - 1, 1  # not seen, or not looked at
    while True:
        counts = start + np.concatenate([[0], np.cumsum(step * 2 ** np.arange(at_once - 1, dtype=np.int64))])
        found = np.flatnonzero(seen(counts))
        if len(found):
            first = int(found[0])
            return _border(int(counts[first - 1]) if first else low, int(counts[first]), seen, at_once)
        step *= 2 ** (at_once - 1)
        low, start, step = int(counts[-1]), int(counts[-1]) + step, 2 * step


def _last_fall(start: int, seen: Seen, at_once: int = 1) -> int | None:
    """The largest count up to `start` that is seen; None where even zero is not."""
    if start < 0 or not seen(np.array([0]))[0]:
        return None
    return _border(start + 1, 0, seen, at_once)


def _border(unseen: int, visible: int, seen: Seen, at_once: int) -> int:
    """Of the counts between one that is not seen and one that is the one that is seen next to those that are not."""
    while abs(visible - unseen) > 1:
        between = np.linspace(unseen, visible, at_once + 2)[1:-1].astype(np.int64)
        counts = np.unique(between[(between != unseen) & (between != visible)])
        if unseen > visible:
            counts = counts[::-1]
        found = np.flatnonzero(seen(counts))  # from the first of these on all are seen
        first = int(found[0]) if len(found) else len(counts)
        unseen = int(counts[first - 1]) if first else unseen
        visible = int(counts[first]) if first < len(counts) else visible
    return visible
