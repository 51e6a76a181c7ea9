"""Series and forecasts against published values: Kendall's S, PAI and PEI, the regression of a line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM

from analysis.cube import kendall_s, sen_slope
from analysis.forecast import flagged_hits
from analysis.trends.line import design, fit_quasi_poisson, quantiles, read_line
from analysis.trends.time_series import trend_of

# Sales of shampoo over three years (Makridakis, Wheelwright and Hyndman 1998, Forecasting).
SHAMPOO = [
    *(266.0, 145.9, 183.1, 119.3, 180.3, 168.5, 231.8, 224.5, 192.8, 122.9, 336.5, 185.9),
    *(194.3, 149.5, 210.1, 273.3, 191.4, 287.0, 226.0, 303.6, 289.9, 421.6, 264.5, 342.3),
    *(339.7, 440.4, 315.9, 439.3, 401.3, 437.4, 575.5, 407.6, 682.0, 475.3, 581.3, 646.9),
]

NO = float("nan")
# Monthly rainfall at Bogra from 1981 to 2010 in millimetres, two years a line: the first series that pymannkendall
# (Hussain and Mahmud 2019) is tested on. Seven months are not known.
RAIN = [
    *(32, 20, 25, 189, 240, 193, 379, 278, 301, 0, 0, 82, 0, 4, NO, NO, 121, 234, 360, 262, 120, 30, 11, 1),
    *(7, 3, 31, 31, 355, 102, 248, 274, 308, NO, 5, 26, 11, 16, 6, 48, 388, 539, 431, 272, 404, 186, 0, 2),
    *(0, 4, 1, 54, 272, 459, 235, 164, 365, 135, 2, NO, NO, 4, 0, 128, 210, 163, 446, 225, 462, 467, 19, 13),
    *(0, 3, 17, 132, 178, 338, 525, 623, 145, 31, 19, 3, 0, 29, 25, 87, 259, 756, 486, 180, 292, 43, 92, 1),
    *(0, 16, 2, 0, 130, 253, 594, 111, 273, 30, 0, 4, 0, 27, 24, 41, 292, 378, 499, 265, 320, 227, 4, 0),
    *(4, 14, 8, 48, 416, 240, 404, 207, 733, 105, 0, 112, 0, 14, 0, 30, 140, 202, 289, 159, 424, 106, 3, 0),
    *(65, 3, 14, 58, 268, 466, 432, 266, 240, 95, 1, 0, 10, 26, 4, 114, 94, 289, 173, 208, 263, 156, 5, 0),
    *(16, 16, 14, 0, 111, 475, 534, 432, 471, 117, 70, 1, 3, 28, 7, 401, 184, 283, 338, 171, 335, 176, 0, 0),
    *(10, 11, 9, 140, 102, 208, 298, 245, 220, 29, 2, 27, 10, 13, 26, 84, 143, 367, 749, 563, 283, 353, 10, 0),
    *(0, 0, 0, 9, 246, 265, 343, 429, 168, 133, 17, 0, 18, 35, 76, 158, 272, 250, 190, 289, 466, 84, 0, 0),
    *(0, 0, 0, 22, 217, 299, 185, 115, 344, 203, 8, NO, NO, 0, 5, 284, 123, 254, 476, 496, 326, 27, 20, 0),
    *(4, 53, 72, 113, 214, 364, 219, 220, 156, 264, 0, 13, 0, 0, 45, 90, 137, 638, 529, 261, 206, 251, 0, 0),
    *(5, 9, 58, 72, 138, 130, 471, 328, 356, 523, 0, 1, 0, 0, 12, 143, 193, 184, 192, 138, 174, 69, 1, 0),
    *(0, 18, 25, 28, 92, 732, 320, 256, 302, 131, 15, 0, 27, 0, 22, 20, 213, 393, 474, 374, 109, 159, 0, 0),
    *(0, 3, 3, 49, 205, 128, 194, 570, 169, 89, 0, 0, 0, 0, 0, 26, 185, 286, 92, 225, 244, 190, 3, 20),
]


def test_a_strong_trend() -> None:
    assert kendall_s(SHAMPOO).item() == 440
    assert sen_slope(SHAMPOO).item() == pytest.approx(11.509375, abs=1e-9)


def test_a_short_series() -> None:
    assert kendall_s([1, 2, 4, 3, 5, 7, 6, 8, 10, 9, 12, 11]).item() == 58


def test_thirty_years_of_rain_with_gaps_have_no_trend() -> None:
    """The tests of pymannkendall print these digits; its version 1.4.3 keeps the distances across gaps in the slope."""
    assert (len(RAIN), kendall_s(RAIN).item()) == (360, -1959)
    assert sen_slope(RAIN).item() == pytest.approx(-0.006369426751592357, rel=1e-12)
    closed = [value for value in RAIN if np.isfinite(value)]
    assert sen_slope(closed).item() == pytest.approx(-0.0064516129032258064, rel=1e-12)


def pai_and_pei(came: list[float], told: list[float], flagged: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Chainey's PAI, (n / N) / (a / A), and PEI, PAI over that of the best flags, of so many places of one size."""
    shares, land = np.array(flagged) / len(came), np.ones(len(came))
    held, best = (flagged_hits(came, ranked, shares, land)[0] for ranked in (told, came))
    return held / sum(came) / shares, held / best


def test_three_places() -> None:
    pai, pei = pai_and_pei([6, 3, 0], [3, 2, 1], [1, 2, 3])
    assert pai.tolist() == pytest.approx([2, 1.5, 1])
    assert pei.tolist() == pytest.approx([1, 1, 1])


def test_six_places_of_which_two_are_foretold_alike() -> None:
    """The second and third are: the peer takes the one with 3 alerts before the one with 7, we the mean of both."""
    pai, pei = pai_and_pei([6, 7, 3, 2, 1, 0], [8, 4, 4, 2, 1, 0], [1, 2, 3, 4, 5, 6])
    assert pai.round(4).tolist() == [1.8947, pytest.approx((9 + 13) / 2 / 19 * 3, abs=5e-5), 1.6842, 1.4211, 1.2, 1]
    assert pei.round(4).tolist() == [0.8571, pytest.approx((9 + 13) / 2 / 13, abs=5e-5), 1, 1, 1, 1]


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
