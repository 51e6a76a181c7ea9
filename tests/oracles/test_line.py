"""The regression of a line against statsmodels, and a city of which the thefts fell in March 2020."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM

from analysis.trends.line import design, fit_quasi_poisson, quantiles, read_line
from analysis.trends.time_series import trend_of

A_YEAR = 365.25 / 7
EXPORTS = Path(__file__).parents[2].parent / "shared" / "data" / "exports"


@pytest.mark.parametrize(
    ("per_year", "weekdays", "size"), [(A_YEAR, False, 180), (12.0, False, 48), (365.25, True, 900)]
)
def test_the_regression_is_that_of_statsmodels(per_year: float, weekdays: bool, size: int) -> None:
    rng = np.random.default_rng(size)
    rows = np.column_stack([np.ones(size), design(np.arange(size), per_year, weekdays)])
    exposure = rng.uniform(5, 80, size)
    truth = rng.normal(0, 0.2, rows.shape[1])
    mean = exposure * np.exp(rows @ truth)
    y = rng.negative_binomial(mean, 0.5).astype(float)
    found = fit_quasi_poisson(rows, y, exposure, np.zeros(rows.shape[1]))
    known = GLM(y, rows, family=Poisson(), exposure=exposure).fit(scale="X2")
    assert found == pytest.approx(known.params, abs=1e-6)


def test_the_band_of_a_steady_line_is_that_of_a_quasi_poisson_regression() -> None:
    """The same mean, and a variance at most two fifths larger than by mean, its error and Pearson's dispersion."""
    rng = np.random.default_rng(1)
    wide = []
    for _ in range(12):
        rate = 90 * np.exp(0.3 * np.sin(2 * np.pi * np.arange(260) / A_YEAR))
        y = rng.negative_binomial(rate, 0.5).astype(float)  # variance twice the mean
        line = read_line(y, A_YEAR)
        rows = np.column_stack([np.ones(260), design(np.arange(260), A_YEAR, weekdays=False)])
        fit = GLM(y[:-1], rows[:-1], family=Poisson()).fit(scale="X2")
        row = rows[-1]
        mean = float(np.exp(row @ fit.params))
        spread = fit.scale * mean + mean**2 * float(row @ fit.cov_params() @ row)
        assert line.expected[-1] == pytest.approx(mean, rel=0.15)
        wide.append(line.variance[-1] / spread)
    assert 1 <= np.median(wide) < 1.4  # dispersion and level are known from fewer counts


def test_quantiles_are_those_of_the_negative_binomial() -> None:
    low, high = quantiles(0.005, np.array([40.0]), np.array([100.0]))
    law = stats.nbinom(40 / 1.5, 0.4)
    assert (law.mean(), law.var()) == pytest.approx((40, 100))
    assert (low[0], high[0]) == (law.ppf(0.005), law.ppf(0.995))


def vancouver() -> pd.Series:
    """Thefts of Vancouver in 2020 by day."""
    path = EXPORTS / "vancouver_thefts.csv.gz"
    if not path.exists():
        pytest.skip("the thefts of Vancouver are not beside this checkout")
    rows = pd.read_csv(path, usecols=["YEAR", "MONTH", "DAY"])
    return pd.to_datetime(rows).value_counts().sort_index()


@pytest.mark.parametrize("weeks", [2, 3, 4])
def test_vancouver_fell_on_23_march_2020(weeks: int) -> None:
    """Two to four weeks after the fall, with eleven whole weeks before it, the shift is an alarm."""
    days, first = vancouver(), dt.date(2020, 3, 23)
    last = first + dt.timedelta(days=7 * weeks - 1)
    days = days[days.index <= pd.Timestamp(last)]
    mondays = days.index - pd.to_timedelta(days.index.day_of_week, unit="D")
    series = days.groupby(mondays).sum().rename_axis("week").reset_index(name="n")
    trend = trend_of(series, (dt.date(2020, 1, 1), last))
    (shift,) = trend.shifts
    assert (shift.day, shift.up, shift.recent) == (first, False, weeks < 5)
    assert 560 < shift.before < 590
    assert 380 < shift.after < 430
