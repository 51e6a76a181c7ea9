"""Second opinions on a plan: a synthetic control from weighted donors, and an interrupted time series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM

from analysis.stats.intervals import Estimate

# A synthetic control needs so many donors for its placebo test to say anything at 5 %.
ENOUGH_DONORS: Final = 20
# A sum constraint as one heavy row of the least squares.
_HEAVY: Final = 1e4
# An interrupted series takes the season in from so many weeks before the start on.
_SEASON_FROM: Final = 104
_FEWEST_WEEKS: Final = 26


@dataclass(frozen=True)
class SyntheticControl:
    """The treated area against a weighted mean of donors.

    `weights`: one a donor, none negative, summing to one; `synthetic`: its counts by period; `misfit`: root mean square
    of the gap before over the treated area's mean before; `ratio`: observed to synthetic after; `p`: share of areas
    (the treated one among them) whose gap after, relative to that before, is as large or larger (in-space placebos);
    None with fewer than 20 donors.
    """

    weights: NDArray[np.float64]
    synthetic: NDArray[np.float64]
    misfit: float
    ratio: float
    p: float | None


def synthetic_control(treated: ArrayLike, donors: ArrayLike, before: int) -> SyntheticControl:
    """Donors weighted so that they follow the treated area before the start, and how they went on.

    The weights w >= 0 with sum 1 minimise the squared gap over the periods before. The test repeats it with each donor
    in the treated area's place and compares the ratios of the root mean squared gaps after and before.

    Abadie, A., Diamond, A. & Hainmueller, J. (2010). Synthetic control methods for comparative case studies. JASA 105,
    493-505.

    Parameters
    ----------
    treated : (T,) counts by period
    donors : (n, T) counts of areas without a measure
    before : how many of the T periods lie before the start
    """
    series = np.vstack([np.asarray(treated, float), np.asarray(donors, float)])
    weights = simplex_weights(series[1:, :before].T, series[0, :before])
    synthetic = weights @ series[1:]
    level = float(series[0, :before].mean())
    gap = _root_mean_square(series[0, :before] - synthetic[:before])
    p = _in_space(series, before) if len(series) > ENOUGH_DONORS else None
    after = float(synthetic[before:].sum())
    return SyntheticControl(
        weights=weights,
        synthetic=synthetic,
        misfit=gap / level if level else float("nan"),
        ratio=float(series[0, before:].sum()) / after if after else float("nan"),
        p=p,
    )


def simplex_weights(donors: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """w >= 0 with sum 1 that minimise |donors @ w - target|², by non-negative least squares with a heavy last row."""
    size = max(float(np.abs(donors).max()), float(np.abs(target).max()), 1e-9)
    heavy = np.full((1, donors.shape[1]), _HEAVY)
    weights, _ = optimize.nnls(np.vstack([donors / size, heavy]), np.append(target / size, _HEAVY), maxiter=10_000)
    return np.asarray(weights / weights.sum(), float)


def _in_space(series: NDArray[np.float64], before: int) -> float:
    """The treated area's rank among all areas by the ratio of gaps after and before."""
    ratios = []
    for i in range(len(series)):
        others = np.delete(series, i, axis=0)
        if i:
            others = others[1:]  # the treated area is nobody's donor
        gap = series[i] - simplex_weights(others[:, :before].T, series[i, :before]) @ others
        ratios.append(_root_mean_square(gap[before:]) / max(_root_mean_square(gap[:before]), 1e-9))
    return float(np.mean(np.array(ratios) >= ratios[0]))


def _root_mean_square(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2)))


@dataclass(frozen=True)
class InterruptedSeries:
    """A change of level at the start: `ratio` with its interval; `dispersion`: Pearson's, at least 1; `autocorrelation`
    of the residuals at lag one; `season`: whether harmonics were taken in; `n`: alerts.
    """

    ratio: Estimate
    dispersion: float
    autocorrelation: float
    season: bool
    n: int


def interrupted_series(counts: ArrayLike, start: int, *, level: float = 0.95) -> InterruptedSeries | None:
    """The change of level of a weekly series at a start, with trend, season and dispersion.

    log mean = a + b t + harmonics of 52.18 weeks (two pairs, from two years before the start on) + c [t >= start],
    quasi-Poisson; the standard error of c is the larger of that by Pearson's dispersion (at least 1) and that of Newey
    & West (1987) with floor(4 (T / 100)^(2/9)) lags, against autocorrelation. It knows no comparison area: what changes
    all of the city at the start counts as an effect. None with fewer than 26 weeks before, 4 after, no alerts on
    a side, or as many in every week, which no model of counts can be fitted to.

    Bernal, J. L., Cummins, S. & Gasparrini, A. (2017). Interrupted time series regression for the evaluation of public
    health interventions: a tutorial. International Journal of Epidemiology 46, 348-355.
    """
    y = np.asarray(counts, float)
    if start < _FEWEST_WEEKS or len(y) - start < 4 or not y[:start].any() or not y[start:].any() or not np.ptp(y):
        return None
    season = start >= _SEASON_FROM
    design = series_design(len(y), start, season)
    model = GLM(y, design, family=Poisson())
    plain = model.fit(scale="X2")
    lags = int(4 * (len(y) / 100) ** (2 / 9))
    robust = model.fit(cov_type="HAC", cov_kwds={"maxlags": lags})
    dispersion = max(1.0, float(plain.scale))
    se = max(float(plain.bse.iloc[-1]) * float(np.sqrt(dispersion / plain.scale)), float(robust.bse.iloc[-1]))
    half = float(stats.t.isf((1 - level) / 2, max(len(y) - design.shape[1], 1))) * se
    step = float(plain.params.iloc[-1])
    residual = np.asarray(plain.resid_pearson, float)
    lagged = float(np.corrcoef(residual[1:], residual[:-1])[0, 1])
    low, value, high = (float(np.exp(step + x)) for x in (-half, 0.0, half))
    return InterruptedSeries(Estimate(value, low, high, level), dispersion, lagged, season, int(y.sum()))


def series_design(weeks: int, start: int, season: bool) -> Any:
    """The columns of `interrupted_series`: level, trend, harmonics, step (last)."""
    week = np.arange(weeks)
    columns = {"level": np.ones(weeks), "trend": (week - start) / 52}
    if season:
        for k in (1, 2):
            angle = 2 * np.pi * k * week / 52.18
            columns |= {f"sin{k}": np.sin(angle), f"cos{k}": np.cos(angle)}
    return pd.DataFrame({**columns, "step": (week >= start).astype(float)})
