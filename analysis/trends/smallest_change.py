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

# The usual power of a planned study (Cohen 1988, Statistical Power Analysis for the Behavioral Sciences).
PROBABILITY: Final = 0.8
# A comparison that would miss even a doubling says nothing about whether something changed.
TELLING_RATIO: Final = 2.0
# Of more alerts before than this, the exact conditional test (given the sum of both counts) stands in for the e-test,
# which takes seconds there: from 1,000 alerts on the two differ by less than one alert in a hundred.
MANY: Final = 1000


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

    def seen(after: int) -> bool:
        if base is None and before > MANY:
            law = stats.binom(before + after, exposure[1] / sum(exposure))
            p = min(1.0, 2 * float(min(law.cdf(after), law.sf(after - 1))))
        elif base is None:
            p = e_test(after, before, exposure[1], exposure[0])
        else:
            p = float(fisher_exact(np.array([[before, after, *base]], dtype=float))[0])
        return float(spread_p(p, dispersion, freedom=freedom)) <= level

    up = _first(int(np.floor(expected)) + 1, seen)
    down = _last_fall(int(np.ceil(expected)) - 1, seen)
    rise = dispersion * float(stats.gamma.ppf(probability, up / dispersion))
    fall = None if down is None else dispersion * float(stats.gamma.ppf(1 - probability, down / dispersion + 1))
    return SmallestChange(before, float(expected), rise, fall, probability)


def _first(start: int, seen: Callable[[int], bool]) -> int:
    """The smallest count from `start` on that is seen; the larger a count, the smaller its p-value."""
    step = 1
    low = start - 1  # not seen, or not looked at
    while not seen(start):
        low, start, step = start, start + step, 2 * step
    while start - low > 1:
        middle = (low + start) // 2
        low, start = (low, middle) if seen(middle) else (middle, start)
    return start


def _last_fall(start: int, seen: Callable[[int], bool]) -> int | None:
    """The largest count up to `start` that is seen; None where even zero is not."""
    if start < 0 or not seen(0):
        return None
    low, high = 0, start + 1  # seen at `low`, not at `high`
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if seen(middle) else (low, middle)
    return low
