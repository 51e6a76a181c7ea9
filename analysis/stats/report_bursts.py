"""Bursts of reports in space: how many reports belong together, and how far apart they lie.

Several reports of one incident that were not recognised as such make counts scatter more, the more the larger the cells
are in which they are counted: a burst that is cut by the borders of small cells looks like single reports. With bursts
of a geometric number of reports, each N(0, sigma²) from the middle of its burst in each direction (the modified Thomas
process), the variance of the count of a square of side s is

    phi(s) = 1 + (phi - 1) h(s / (sigma sqrt 2))²,    h(u) = 2 F(u) - 1 - 2 (f(0) - f(u)) / u,

times that of single reports, with F and f the normal distribution and density, and phi = 2 m - 1 for m reports in a
burst on average: h² is the probability that of two reports of a burst both lie in one square. phi and sigma are fitted
to the dispersions of cells of several sizes, each estimated from differences in time (`analysis.stats.dispersion`), so
that a place that is always dense is no burst.

Thomas, M. (1949). A generalization of Poisson's binomial limit for use in ecology. Biometrika 36, 18-25.
Diggle, P. J. (2013). Statistical Analysis of Spatial and Spatio-Temporal Point Patterns, 3rd ed., chapter 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm

from analysis.stats.dispersion import HARDLY, ONE_BY_ONE, UNKNOWN, Dispersion
from analysis.stats.result import Choice
from curim_data.model import FloatArray, IntArray, Message, Num

# Standard deviations of a burst that are tried, in metres: what scatters farther is no burst at a place.
SPREADS: Final = tuple(float(metres) for metres in np.geomspace(5, 500, 93))

# A dispersion that is taken as known exactly weighs as one that is made of so many squares.
MOST_FREEDOM: Final = 1e6


@dataclass(frozen=True)
class ReportBursts:
    """`reports` of a burst on average (geometric, at least 1), each `metres` from its middle in each direction (a
    standard deviation). `known`: whether the past says it.
    """

    reports: float
    metres: float
    known: bool = True

    @property
    def alone(self) -> bool:
        """Whether reports come one by one, as far as is known."""
        return self.reports <= 1

    def dispersion(self, side: float) -> float:
        """Of counts in squares with sides of so many metres: their variance by that of single reports."""
        return 1.0 if self.alone else float(1 + 2 * (self.reports - 1) * _together(side, self.metres))

    def sizes(self, n: int, random: np.random.Generator) -> IntArray:
        """The reports of each burst, one after the other until there are n; the last burst ends there."""
        found = np.zeros(0, dtype=np.int64)
        while found.sum() < n:
            more = int((n - found.sum()) / self.reports) + 10
            found = np.concatenate([found, random.geometric(1 / self.reports, more)])
        until = np.cumsum(found)
        last = int(np.searchsorted(until, n))
        found = found[: last + 1]
        found[-1:] -= until[last : last + 1] - n
        return found

    @property
    def choice(self) -> Choice:
        """The setting that tells itself."""
        if not self.known:
            return UNKNOWN.choice
        if self.alone:
            return Choice("bursts", 1, ONE_BY_ONE)
        message = Message(
            "Reports here come in bursts, as they did in the past: the random maps hold such bursts too, of {reports} "
            "reports on average, most of them within {metres} m, and intervals are wider accordingly.",
            {"reports": Num(self.reports, 1), "metres": round(2 * self.metres)},
        )
        return Choice("bursts", self.reports, message)


SINGLE: Final = ReportBursts(1.0, 0.0)
UNKNOWN_BURSTS: Final = ReportBursts(1.0, 0.0, known=False)


def fit_bursts(by_side: Mapping[float, Dispersion]) -> ReportBursts:
    """The bursts that explain the dispersions of cells by their side in metres; `UNKNOWN_BURSTS` where none is known.

    Weighted least squares over phi, for each of `SPREADS`; weights are the squares that a dispersion is made of. Each
    has its allowance for being estimated. Dispersions under which nobody would call reports overdispersed are none.
    """
    known = {side: found for side, found in by_side.items() if found.known}
    if not known:
        return UNKNOWN_BURSTS
    sides = np.array(list(known))
    beyond = np.array([found.value - 1 for found in known.values()])
    weight = np.array([min(found.freedom, MOST_FREEDOM) / found.phi**2 for found in known.values()])
    best, fitted = np.inf, SINGLE
    for metres in SPREADS:
        share = _together(sides, metres)
        more = max(0.0, float((weight * share) @ beyond) / float((weight * share) @ share))
        error = float(weight @ (beyond - more * share) ** 2)
        if error < best:
            best, fitted = error, ReportBursts(1 + more / 2, metres)
    if fitted.dispersion(float(sides.max())) < HARDLY:
        return SINGLE
    return fitted


def _together(side: FloatArray | float, metres: float) -> FloatArray:
    """The probability that two reports of a burst, of which one is in a square, both are."""
    u = np.asarray(side, float) / (metres * np.sqrt(2))
    return np.asarray((2 * norm.cdf(u) - 1 - 2 * (norm.pdf(0) - norm.pdf(u)) / u) ** 2)
