"""Comparison of maps, concentration and gender where reports come in bursts: as before without, less sure with them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.comparison import MapLabel, compare_maps
from analysis.concentration import concentration
from analysis.gender import category_ratios, gender_shares, place_shares
from analysis.stats.dispersion import INDEPENDENT, Dispersion, spread_p
from analysis.stats.intervals import share_ratios, wilson
from curim_data.model import CityProfile, Message
from tests.effort import effort

THREE = Dispersion(3.0, float("inf"))
LABEL = MapLabel(Message("A"), Message("a"))


def bursts(rng: np.random.Generator, incidents):
    return (incidents + np.where(incidents > 0, rng.negative_binomial(np.maximum(incidents, 1), 0.5), 0)).astype(float)


@pytest.mark.slow
def test_two_even_maps_of_bursts_hardly_ever_differ(city: CityProfile) -> None:
    """Two reports an alert on average: as if independent, most pairs of maps have a place that differs."""
    rng, land = np.random.default_rng(9), city.land_cells(10)
    pairs, seen = effort(25, 300), np.zeros(2)
    for _ in range(pairs):
        maps = [pd.DataFrame({"n": bursts(rng, rng.multinomial(700, land / land.sum()))}, land.index) for _ in "ab"]
        for at, scatter in enumerate((INDEPENDENT, THREE)):
            seen[at] += compare_maps(*maps, LABEL, LABEL, scatter=scatter).frame["differs"].any()
    assert seen[0] > 0.5 * pairs
    assert seen[1] <= stats.binom.ppf(0.995, pairs, 0.05)


def test_a_difference_of_maps_is_as_sure_as_its_dispersion_lets_it_be(city: CityProfile) -> None:
    land = city.land_cells(10)
    rng = np.random.default_rng(10)
    first, second = (pd.DataFrame({"n": rng.poisson(8, len(land)).astype(float)}, land.index) for _ in "ab")
    first.iloc[100, 0] += 60
    plain, wide = (compare_maps(first, second, LABEL, LABEL, scatter=scatter) for scatter in (INDEPENDENT, THREE))
    pd.testing.assert_frame_equal(plain.frame, compare_maps(first, second, LABEL, LABEL).frame)
    assert wide.frame["p"].iloc[100] > plain.frame["p"].iloc[100]
    assert plain.frame["differs"].iloc[100]
    assert wide.frame["differs"].iloc[100]
    one, other = (np.log(share_ratios(*(np.array([float(n)]) for n in (20, 90, 30, 110)), phi)[2]) for phi in (1, 4))
    middle = np.log(20 / 90 / (30 / 110))
    assert other - middle == pytest.approx(2 * (one - middle))


def test_random_maps_of_bursts_are_as_variable_as_bursts(city: CityProfile) -> None:
    rng, land = np.random.default_rng(11), city.land_cells(10)
    p = []
    for _ in range(effort(20, 200)):
        frame = pd.DataFrame({"n": bursts(rng, rng.multinomial(600, land / land.sum())), "land_km2": land})
        p.append([concentration(frame, runs=99, scatter=scatter).p for scatter in (INDEPENDENT, THREE)])
    plain, wide = np.array(p).T
    assert np.median(plain) <= 0.02
    assert (wide <= 0.05).sum() <= stats.binom.ppf(0.999, len(p), 0.08)
    same = [concentration(frame, runs=39, scatter=scatter) for scatter in (INDEPENDENT, THREE)]
    assert same[0].shares[1].places == same[1].shares[1].places
    assert same[0].shares[1].chance.value > same[1].shares[1].chance.value
    again = concentration(frame, runs=39)
    assert again.chance_gini == same[0].chance_gini


def test_gaps_between_women_and_men_are_less_sure() -> None:
    frame = pd.DataFrame(
        {"category": ["a", "a", "b", "b"], "affected_gender": ["woman", "man"] * 2, "n": [60.0, 20.0, 140.0, 180.0]}
    )
    plain, wide = (
        category_ratios(frame, scatter=scatter).frame.set_index("category") for scatter in (INDEPENDENT, THREE)
    )
    assert wide.loc["a", "p"] == pytest.approx(float(spread_p(plain.loc["a", "p"], 3.0)))
    assert wide.loc["a", "ratio"] == pytest.approx(plain.loc["a", "ratio"])
    assert wide.loc["a", "low"] < plain.loc["a", "low"]
    places = frame.rename(columns={"category": "place"})
    plain, wide = (place_shares(places, scatter=scatter).frame.set_index("place") for scatter in (INDEPENDENT, THREE))
    assert wide.loc["a", "p"] == pytest.approx(float(spread_p(plain.loc["a", "p"], 3.0)))
    assert wide.loc["a", "low"] == pytest.approx(wilson(20, 80 / 3).low)
    shares = gender_shares(frame, scatter=THREE)
    assert shares.women.low == pytest.approx(wilson(200 / 3, 400 / 3).low)
    assert shares.women.value == 0.5
