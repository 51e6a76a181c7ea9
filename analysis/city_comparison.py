"""Two cities side by side: shares of each with intervals, their differences, rates, and lines by their own mean.

Cities are never compared by how many alerts they have: who reports, what can be reported and for how long differ.
Within a city these are mostly the same for all of its alerts, so that shares of its alerts and movements round its own
mean say more. They too are of what is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.stats.dispersion import INDEPENDENT, Dispersion, spread_p
from analysis.stats.exact_tests import fisher_two_sided
from analysis.stats.false_discovery import benjamini_hochberg
from analysis.stats.intervals import UNKNOWN, Estimate, poisson_rate, rate_ratio, wilson
from curim_data.model import FloatArray

ALPHA: Final = 0.05
PER: Final = 1_000  # inhabitants
YEAR: Final = 365.25  # days
# So few of one city can be anything: its share is not compared.
LEAST: Final = 20


@dataclass(frozen=True)
class CountedShare:
    """`n` of `of` alerts or alerts of a city; `scatter`: how overdispersed they are, by which both are divided
    before an interval is made of them (effective counts).
    """

    n: float
    of: float
    scatter: Dispersion = INDEPENDENT

    @property
    def estimate(self) -> Estimate:
        """The share with Wilson's interval; not known of nothing."""
        by = self.scatter.value
        return wilson(min(self.n, self.of) / by, self.of / by) if self.of > 0 else UNKNOWN

    @property
    def enough(self) -> bool:
        """Whether there is enough to compare it."""
        return self.of >= LEAST


def share_difference(first: CountedShare, second: CountedShare) -> Estimate:
    """The first share less the second, with Newcombe's hybrid score interval.

    With Wilson's limits l and u of each share p, and d the difference: d - sqrt((p1 - l1)² + (u2 - p2)²) and
    d + sqrt((u1 - p1)² + (p2 - l2)²). Not known where one of the shares is not.

    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions: comparison of eleven
    methods. Statistics in Medicine 17, 873-890 (method 10).

    >>> e = share_difference(CountedShare(56, 70), CountedShare(48, 80))
    >>> round(e.value, 4), round(e.low, 4), round(e.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    a, b = first.estimate, second.estimate
    if not (a.known and b.known):
        return UNKNOWN
    difference = a.value - b.value
    below = float(np.hypot(a.value - a.low, b.high - b.value))
    above = float(np.hypot(a.high - a.value, b.value - b.low))
    return Estimate(difference, difference - below, difference + above)


def share_p(first: CountedShare, second: CountedShare) -> float:
    """Fisher's exact p of two shares being the same, spread by how overdispersed both cities are (`spread_p`).

    The variance of the difference is that of independent counts times (phi1 / n1 + phi2 / n2) / (1 / n1 + 1 / n2), phi
    being each city's dispersion. NaN where one of the cities has nothing.
    """
    if min(first.of, second.of) <= 0:
        return float("nan")
    (a, all_a), (b, all_b) = ((round(min(share.n, share.of)), round(share.of)) for share in (first, second))
    exact = fisher_two_sided(*(np.array([count]) for count in (a, all_a - a, b, all_b - b)))
    weight = np.array([1 / first.of, 1 / second.of])
    dispersion = float(weight @ [first.scatter.value, second.scatter.value] / weight.sum())
    return float(spread_p(exact, dispersion)[0])


def compare_shares(pairs: Sequence[tuple[CountedShare, CountedShare]], alpha: float = ALPHA) -> pd.DataFrame:
    """One row a pair: n_first, of_first, share_first, low_first, high_first, the same of the second, then difference,
    low, high, p, q (Benjamini-Hochberg over all rows that are compared) and differs (bool).

    A pair of which one city has fewer than `LEAST` has its shares and no difference.
    """
    rows = []
    for first, second in pairs:
        compared = first.enough and second.enough
        difference = share_difference(first, second) if compared else UNKNOWN
        row = {"difference": difference.value, "low": difference.low, "high": difference.high}
        row["p"] = share_p(first, second) if compared else np.nan
        for name, share in (("first", first), ("second", second)):
            found = share.estimate
            row |= {f"n_{name}": share.n, f"of_{name}": share.of}
            row |= {f"share_{name}": found.value, f"low_{name}": found.low, f"high_{name}": found.high}
        rows.append(row)
    sides = [f"{what}_{name}" for name in ("first", "second") for what in ("n", "of", "share", "low", "high")]
    frame = pd.DataFrame(rows, columns=[*sides, "difference", "low", "high", "p"], dtype=float)
    frame["q"] = benjamini_hochberg(frame["p"])
    return frame.assign(differs=(frame["q"] <= alpha).fillna(False).to_numpy(bool))


def by_own_mean(counts: Sequence[float]) -> FloatArray:
    """Counts of equal periods as multiples of their mean; NaN where all are zero.

    >>> by_own_mean([2.0, 4.0, 6.0]).tolist()
    [0.5, 1.0, 1.5]
    """
    n = np.asarray(counts, float)
    mean = n.mean() if n.size else 0.0
    return n / mean if mean > 0 else np.full(n.shape, np.nan)


@dataclass(frozen=True)
class CountedRate:
    """`n` alerts of so many `residents` in so many `days`; `scatter`: how overdispersed they are."""

    n: float
    residents: float
    days: int
    scatter: Dispersion = INDEPENDENT

    @property
    def exposure(self) -> float:
        """Thousands of inhabitants times years."""
        return self.residents / PER * self.days / YEAR

    @property
    def estimate(self) -> Estimate:
        """Alerts for each 1,000 inhabitants in a year, with the exact interval of effective counts."""
        by = self.scatter.value
        return poisson_rate(self.n / by, self.exposure / by)


def compare_rates(first: CountedRate, second: CountedRate) -> Estimate:
    """The first rate over the second, with the exact interval of effective counts."""
    counts = (rate.n / rate.scatter.value for rate in (first, second))
    return rate_ratio(*counts, *(rate.exposure / rate.scatter.value for rate in (first, second)))
