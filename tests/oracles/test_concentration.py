"""Concentration against published and exactly known values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import ive

from analysis.concentration import concentration, fewest_places, generalised_gini, gini


# lorenzgini (W. Steenbeek), examples of its documentation; Bernasco & Steenbeek (2017), J Quant Criminol 33, 451-467.
@pytest.mark.parametrize(
    ("counts", "plain", "generalised"),
    [
        ([10, 8, 2, *[0] * 7], 0.78, 0.78),
        ([5, 2, 1, *[0] * 7], 0.80, 0.75),
        ([10, *[0] * 9], 0.9, 0.9),
    ],
)
def test_gini_and_its_generalised_form_are_the_published_ones(
    counts: list[int], plain: float, generalised: float
) -> None:
    assert gini(counts) == pytest.approx(plain, abs=1e-12)
    assert generalised_gini(counts) == pytest.approx(generalised, abs=1e-12)


def test_all_alerts_in_one_place_are_one_in_the_unbiased_form() -> None:
    assert generalised_gini([10, *[0] * 9], unbiased=True) == pytest.approx(1, abs=1e-12)
    assert generalised_gini([3, *[0] * 9], unbiased=True) == pytest.approx(1, abs=1e-12)
    assert generalised_gini([1, 1, 1, *[0] * 7], unbiased=True) == pytest.approx(0, abs=1e-12)


def test_chance_is_that_of_the_birthday_problem() -> None:
    # Two of four alerts lie in one of ten places unless all four lie apart, which has probability .9 * .8 * .7.
    cells = pd.DataFrame({"n": [4, *[0] * 9], "land_km2": 1.0})
    found = concentration(cells, runs=4_000).share(0.5)
    apart = 0.9 * 0.8 * 0.7
    spread = np.sqrt(apart * (1 - apart) / 4_000) / 10
    assert found.chance.value == pytest.approx((1 + apart) / 10, abs=3 * spread)
    assert (found.chance.low, found.chance.high) == (0.1, 0.2)


def test_chance_follows_the_land() -> None:
    # One place has nine tenths of the land: it holds a quarter, half and nearly always four fifths of 1,000 alerts.
    cells = pd.DataFrame({"n": [100] * 10, "land_km2": [81.0, *[1.0] * 9]})
    assert [share.chance.value for share in concentration(cells, runs=200).shares] == [0.1, 0.1, 0.1]


def test_random_maps_are_those_of_an_independent_simulation() -> None:
    rng = np.random.default_rng(5)
    n, places, runs = 300, 600, 400
    drawn = [np.bincount(rng.integers(0, places, n), minlength=places) for _ in range(runs)]
    halves = np.array([fewest_places(counts, 0.5) / places for counts in drawn])
    ginis = np.array([gini(counts) for counts in drawn])
    found = concentration(pd.DataFrame({"n": drawn[0], "land_km2": 1.0}), runs=runs)
    assert found.share(0.5).chance.value == pytest.approx(halves.mean(), abs=4 * halves.std() / np.sqrt(runs))
    assert found.chance_gini.value == pytest.approx(ginis.mean(), abs=4 * ginis.std() / np.sqrt(runs))
    # Poisson counts of mean m in N places: G = exp(-2m) (I0(2m) + I1(2m)); multinomial ones tend to it.
    m = n / places
    assert found.chance_gini.value == pytest.approx(ive(0, 2 * m) + ive(1, 2 * m), abs=0.002)


def test_chance_maps_are_rarely_called_concentrated() -> None:
    rng = np.random.default_rng(8)
    maps, land = 300, rng.uniform(0.2, 1, 100)
    hits = 0
    for _ in range(maps):
        counts = rng.multinomial(80, land / land.sum())
        hits += (
            concentration(pd.DataFrame({"n": counts, "land_km2": land}), runs=39, seed=int(rng.integers(1e9))).p <= 0.05
        )
    assert hits / maps <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / maps)
