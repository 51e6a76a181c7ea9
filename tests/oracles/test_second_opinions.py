"""Synthetic control and interrupted time series against independent computations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from analysis.plans.second_opinions import (
    ENOUGH_DONORS,
    interrupted_series,
    series_design,
    simplex_weights,
    synthetic_control,
)


@pytest.mark.parametrize("seed", range(6))
def test_the_weights_are_those_of_a_general_solver(seed: int) -> None:
    rng = np.random.default_rng(seed)
    donors, target = rng.poisson(20, (12, 8)).astype(float), rng.poisson(24, 12).astype(float)
    weights = simplex_weights(donors, target)
    twin = optimize.minimize(
        lambda w: ((donors @ w - target) ** 2).sum(),
        np.full(8, 1 / 8),
        jac=lambda w: 2 * donors.T @ (donors @ w - target),
        bounds=[(0, 1)] * 8,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    assert weights == pytest.approx(twin.x, abs=1e-4)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)


def test_a_mixture_is_found_and_its_effect() -> None:
    rng = np.random.default_rng(1)
    donors = rng.uniform(10, 60, (ENOUGH_DONORS, 30))
    treated = 0.3 * donors[2] + 0.7 * donors[11]
    treated[20:] *= 0.5
    found = synthetic_control(treated, donors, 20)
    assert found.weights[[2, 11]] == pytest.approx([0.3, 0.7], abs=1e-4)
    assert found.misfit < 1e-4
    assert found.ratio == pytest.approx(0.5, abs=1e-3)
    assert found.p == pytest.approx(1 / (ENOUGH_DONORS + 1))
    assert synthetic_control(treated, donors[:12], 20).p is None


def test_the_placebo_test_leaves_the_treated_area_out_of_the_donors() -> None:
    rng = np.random.default_rng(8)
    donors = rng.uniform(10, 60, (ENOUGH_DONORS, 16))
    treated = 0.5 * donors[0] + 0.5 * donors[1]
    treated[12:] *= 0.7
    gaps = []
    for i in range(len(donors) + 1):
        mine = treated if i == 0 else donors[i - 1]
        others = donors if i == 0 else np.delete(donors, i - 1, axis=0)
        gap = (mine - simplex_weights(others[:, :12].T, mine[:12]) @ others) ** 2
        gaps.append(np.sqrt(gap[12:].mean() / max(gap[:12].mean(), 1e-18)))
    assert synthetic_control(treated, donors, 12).p == pytest.approx(np.mean(np.array(gaps) >= gaps[0]))


def test_a_donor_like_the_others_has_no_small_p_more_often_than_it_should() -> None:
    rng = np.random.default_rng(2)
    p = []
    for _ in range(60):
        series = rng.poisson(30, (22, 16)).astype(float)
        p.append(synthetic_control(series[0], series[1:], 12).p)
    assert np.mean(np.array(p) <= 0.1) <= stats.binom.ppf(0.999, 60, 0.1) / 60


def _poisson_by_hand(y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Maximum likelihood by a general optimiser, the sandwich of Newey and West written out."""
    found = optimize.minimize(
        lambda b: float(np.exp(x @ b).sum() - y @ (x @ b)),
        np.r_[np.log(y.mean()), np.zeros(x.shape[1] - 1)],
        jac=lambda b: x.T @ (np.exp(x @ b) - y),
        method="BFGS",
        options={"gtol": 1e-9},
    )
    mean = np.exp(x @ found.x)
    bread = np.linalg.inv(x.T @ (mean[:, None] * x))
    score = (y - mean)[:, None] * x
    lags = int(4 * (len(y) / 100) ** (2 / 9))
    meat = score.T @ score
    for lag in range(1, lags + 1):
        part = score[lag:].T @ score[:-lag]
        meat += (1 - lag / (lags + 1)) * (part + part.T)
    phi = float(((y - mean) ** 2 / mean).sum() / (len(y) - x.shape[1]))
    return found.x, np.sqrt([bread[-1, -1] * max(1, phi), (bread @ meat @ bread)[-1, -1]]), phi


@pytest.mark.parametrize("seed", range(3))
def test_the_interrupted_series_by_hand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weeks, start = 160, 110
    mean = 12 * np.exp(0.3 * np.sin(2 * np.pi * np.arange(weeks) / 52.18)) * np.where(np.arange(weeks) < start, 1, 0.6)
    y = 2.0 * rng.poisson(mean)
    found = interrupted_series(y, start)
    assert found is not None
    assert found.season
    beta, errors, phi = _poisson_by_hand(y, series_design(weeks, start, True).to_numpy())
    assert found.ratio.value == pytest.approx(np.exp(beta[-1]), rel=1e-4)
    assert found.dispersion == pytest.approx(max(1, phi), rel=1e-3)
    half = stats.t.isf(0.025, weeks - 7) * errors.max()
    assert np.log(found.ratio.high / found.ratio.value) == pytest.approx(half, rel=0.01)
    assert found.ratio.low < 0.6 < found.ratio.high


def test_an_interrupted_series_needs_half_a_year_before() -> None:
    y = np.random.default_rng(3).poisson(10, 80)
    assert interrupted_series(y, 25) is None
    assert interrupted_series(y, 78) is None
    assert interrupted_series(np.ones(60), 40) is None  # statsmodels: "The first guess ... returned a nan"
    short = interrupted_series(y, 50)
    assert short is not None
    assert not short.season


def test_a_calm_series_is_not_held_for_calmer_than_chance() -> None:
    y = np.full(120, 50.0) + np.tile([0.0, 1.0], 60)
    found = interrupted_series(y, 80)
    assert found is not None
    assert found.dispersion == 1
    assert np.log(found.ratio.high / found.ratio.low) > 0.1
