"""Farrington flexible against published values and an independent fit; CUSUM against Markov chain and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from analysis.trends import farrington as module
from analysis.trends.cusum import average_run_length, cumulative_sums, draw_counts, log_ratio
from analysis.trends.farrington import (
    farrington,
    outbreak_weights,
    seasonal_periods,
    threshold,
    threshold_two_thirds,
)

# Weekly reports of Salmonella Agona in the United Kingdom from 1990 to 1995 (file salmonella.agona of the R package
# surveillance).
AGONA = [
    *(1, 0, 5, 2, 1, 2, 0, 4, 0, 0, 0, 3, 1, 1, 0, 0, 2, 2, 0, 2, 6, 3, 2, 1, 2, 0, 1, 1, 3, 5, 3, 4, 3, 6, 5, 8),
    *(6, 3, 6, 2, 5, 2, 1, 5, 7, 1, 10, 3, 4, 0, 0, 1, 6, 0, 2, 2, 0, 0, 2, 2, 0, 6, 7, 1, 0, 0, 0, 1, 1, 4, 3, 1),
    *(3, 2, 6, 3, 4, 4, 8, 12, 9, 17, 16, 8, 6, 13, 4, 7, 10, 3, 11, 4, 6, 4, 7, 6, 2, 9, 2, 3, 4, 1, 2, 2),
    *(0, 0, 1, 2, 2, 2, 5, 0, 0, 4, 2, 1, 3, 2, 0, 1, 1, 3, 0, 1, 3, 2, 3, 6, 2, 1, 3, 3, 2, 2, 2, 1, 3, 3, 2, 3),
    *(0, 2, 4, 6, 7, 3, 1, 4, 1, 2, 5, 1, 3, 1, 0, 1, 3, 3, 0, 0, 1, 1, 0, 1, 4, 1, 1, 0, 0, 1, 1, 4, 1, 0, 1, 2),
    *(1, 4, 3, 3, 0, 3, 5, 3, 3, 4, 3, 3, 3, 4, 5, 7, 6, 5, 3, 2, 1, 3, 2, 1, 2, 1, 1, 0, 0, 1, 1, 0),
    *(1, 4, 3, 2, 0, 1, 0, 3, 1, 1, 4, 4, 0, 1, 4, 2, 0, 1, 1, 0, 1, 1, 2, 5, 4, 0, 2, 1, 1, 3, 6, 1, 7, 6, 2, 5),
    *(7, 5, 4, 5, 6, 6, 1, 2, 2, 5, 4, 1, 6, 2, 5, 3, 4, 7, 6, 10, 2, 4, 0, 3, 0, 1, 3, 0, 1, 1, 0, 1, 0, 1, 0, 1),
    *(2, 2, 4, 7, 6, 1, 4, 6, 4, 2, 4, 5, 5, 9, 8, 6, 3, 2, 3, 4, 3, 3, 4, 4, 2, 1, 2, 3, 2, 2, 0, 4),
]


def test_the_series_is_the_published_one():
    assert (len(AGONA), sum(AGONA)) == (312, 897)


@pytest.mark.parametrize(("dispersion", "upper"), [(1.5, 10), (1.0, 9)])
def test_thresholds_that_the_tests_of_surveillance_state(dispersion, upper):
    """Expected 5, alpha .05, method nbPlugin."""
    assert threshold(5, dispersion, 0.05) == upper


def test_the_threshold_of_the_two_thirds_power_that_they_state():
    assert threshold_two_thirds(5, 1, 0.2**2, 0.05) == pytest.approx(9.1154825, abs=1e-6)


def test_the_weights_that_they_checked_by_hand():
    assert outbreak_weights(np.array([0.0] * 5 + [2.0] * 5), 0) == pytest.approx([1.6] * 5 + [0.4] * 5)
    assert outbreak_weights(np.zeros(10), 0).tolist() == [1] * 10


def test_the_window_of_a_year_has_seven_weeks_and_each_other_period_five():
    weeks, period = seasonal_periods(300, 5)
    assert weeks[0] == 300 - 5 * 52 - 3
    assert weeks[-1] == 300 - 27
    year = pd.Series(period[:52]).value_counts()
    assert (year[0], set(year.drop(0))) == (7, {5})
    assert (period[np.isin(weeks, 300 - 52 * np.arange(1, 6))] == 0).all()


def independent(counts, position, years):
    """The same regression by statsmodels, written from the paper."""
    y = np.asarray(counts, dtype=float)
    rows = []
    for week in range(position - 52 * years - 3, position - 26):
        if week < 0:
            continue
        since = (week - (position - 3)) % 52
        rows.append((week, y[week], "window" if since < 7 else f"p{(since - 7) // 5}"))
    table = pd.DataFrame(rows, columns=["week", "y", "part"])
    dummies = pd.get_dummies(table["part"], dtype=float).drop(columns="window")
    design = sm.add_constant(dummies.assign(time=table["week"] - position))

    def fit(columns):
        first = sm.GLM(table["y"], columns, family=sm.families.Poisson()).fit(scale="X2", tol=1e-12)
        phi = max(first.scale, 1)
        mu = first.fittedvalues
        s = 1.5 * (table["y"] ** (2 / 3) * mu ** (-1 / 6) - mu**0.5)
        s /= np.sqrt(phi * (1 - first.get_hat_matrix_diag()))
        w = np.where(s > 2.58, s**-2.0, 1.0)
        w *= len(w) / w.sum()
        second = sm.GLM(table["y"], columns, family=sm.families.Poisson(), var_weights=w).fit(scale="X2", tol=1e-12)
        return np.exp(second.params["const"]), max(second.scale, 1)

    mu, phi = fit(design)
    return (mu, phi) if mu <= table["y"].max() else fit(design.drop(columns="time"))


@pytest.mark.parametrize("position", [200, 234, 250, 275, 300, 311])
def test_farrington_equals_an_independent_fit_on_salmonella_agona(position):
    years = min(5, (position - 3) // 52)
    mu, phi = independent(AGONA, position, years)
    found = farrington(AGONA, position)
    assert found is not None
    assert found.expected == pytest.approx(mu, rel=1e-6)
    assert found.dispersion == pytest.approx(phi, rel=1e-6)


def test_it_needs_three_years_and_five_alerts():
    assert farrington(AGONA, 157) is None
    assert farrington(AGONA, 159) is not None
    quiet = [*AGONA[:296], 0, 0, 1, 3]
    assert farrington(quiet, 299).score == 0
    assert farrington([*AGONA[:299], 40], 299).score > 1


def test_past_outbreaks_raise_the_threshold_little(monkeypatch):
    y = np.random.default_rng(1).poisson(20, 300).astype(float)
    wild = y.copy()
    wild[[60, 61, 62, 120, 121]] = 90
    plain, robust = farrington(y, 299), farrington(wild, 299)
    monkeypatch.setattr(module, "outbreak_weights", lambda residual: np.ones(len(residual)))
    naive = farrington(wild, 299)
    assert robust.upper < plain.upper + 6 < naive.upper


@pytest.mark.parametrize(("mean", "dispersion", "actual"), [(10, 1, 1), (30, 2.5, 1), (30, 2.5, 1.25), (4, 3, 1.5)])
def test_the_run_length_of_the_markov_chain_is_that_of_simulated_counts(mean, dispersion, actual):
    rng = np.random.default_rng(2)
    counts = draw_counts(rng, np.full((1500, 700), mean * actual), dispersion)
    limit = 1.5
    sums = cumulative_sums(counts, np.full(700, float(mean)), dispersion)
    over = sums > limit
    first = np.where(over.any(axis=1), over.argmax(axis=1) + 1, 700)
    chain = average_run_length(mean, limit, dispersion=dispersion, actual=actual)
    assert over.any(axis=1).mean() > 0.97
    assert first.mean() == pytest.approx(chain, rel=0.1)


def test_the_ratio_is_that_of_the_distributions():
    y = np.arange(40.0)
    shape = 12 / 1.5
    with_rise = stats.nbinom.logpmf(y, shape, shape / (shape + 15)) - stats.nbinom.logpmf(
        y, shape, shape / (shape + 12)
    )
    assert log_ratio(y, np.full(40, 12.0), 2.5) == pytest.approx(with_rise)
    poisson = stats.poisson.logpmf(y, 15) - stats.poisson.logpmf(y, 12)
    assert log_ratio(y, np.full(40, 12.0), 1) == pytest.approx(poisson)


def test_the_poisson_sums_are_those_of_page():
    """C_t = max(0, C_(t-1) + y - k), k = (m1 - m0) / (ln m1 - ln m0), in units of ln(m1 / m0)."""
    y = np.random.default_rng(3).poisson(12, 60).astype(float)
    k = 3 / np.log(15 / 12)
    total, sums = 0.0, []
    for count in y:
        total = max(0, total + count - k)
        sums.append(total)
    assert cumulative_sums(y[None], np.full(60, 12.0), 1)[0] == pytest.approx(np.array(sums) * np.log(1.25))
