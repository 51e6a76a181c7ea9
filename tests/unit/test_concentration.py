"""Concentration against slow twins; maps, concentration and gender where reports come in bursts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import betabinom, chisquare, dirichlet_multinomial

from analysis.comparison import MapLabel, compare_maps
from analysis.concentration import bursts_at_random, concentration, decimals, fewest_places, generalised_gini, gini
from analysis.gender import category_ratios, gender_shares, place_shares
from analysis.stats.dispersion import INDEPENDENT, Dispersion, spread_p
from analysis.stats.intervals import Result, share_ratios, wilson
from curim_data.model import CityProfile, FloatArray, Message, Translator
from tests.effort import effort

counts_of_places = st.lists(st.integers(0, 40), min_size=2, max_size=30).filter(any)


def frame(n: list[float], **more: object) -> pd.DataFrame:
    return pd.DataFrame({"n": n, "land_km2": 0.02, **more})


@given(counts_of_places)
def test_gini_is_half_the_mean_difference_over_the_mean(counts: list[int]) -> None:
    x = np.array(counts, dtype=float)
    slow = sum(abs(a - b) for a in x for b in x) / (2 * len(x) ** 2 * x.mean())
    assert gini(counts) == pytest.approx(slow, abs=1e-12)
    assert -1e-12 <= generalised_gini(counts) <= 1 + 1e-12


@given(counts_of_places, st.sampled_from([0.25, 0.5, 0.8]))
def test_the_fewest_places_hold_the_part_and_one_fewer_does_not(counts: list[int], part: float) -> None:
    k = fewest_places(counts, part)
    full = sorted(counts, reverse=True)
    assert sum(full[:k]) >= part * sum(full) - 1e-9
    assert sum(full[: k - 1]) < part * sum(full)


def test_random_maps_are_measured_as_the_map_itself() -> None:
    """The short cut for random maps gives what the functions for one map give of the same draws."""
    land = np.random.default_rng(5).uniform(0.01, 1, 60)
    for n in (30, 400):
        cells = pd.DataFrame({"n": np.bincount(np.arange(n) % 7, minlength=60), "land_km2": land})
        found = concentration(cells, runs=49, seed=3)
        draws = [np.random.default_rng(seed) for seed in np.random.SeedSequence(3).spawn(2)]
        maps = [
            draws[at // 25].multinomial(n, land / land.sum()) for at in range(49)
        ]  # 25 in one thread, 24 in another
        assert found.chance_gini.value == pytest.approx(np.mean([gini(one) for one in maps]), rel=1e-12)
        general = [generalised_gini(one) for one in maps]
        assert found.chance_generalised.value == pytest.approx(np.mean(general), rel=1e-12)
        for share in found.shares:
            places = [fewest_places(one, share.part) / 60 for one in maps]
            assert share.chance.value == pytest.approx(np.mean(places), rel=1e-12)
        fullest = [np.cumsum(np.sort(one)[::-1]) / n for one in maps]
        assert found.curve_chance[1:] == pytest.approx(np.mean(fullest, axis=0), rel=1e-12)


def test_half_of_the_alerts_is_told_against_chance(t: Translator) -> None:
    found = concentration(frame([60.0] * 4 + [1.0] * 96))
    assert isinstance(found, Result)
    assert found.n == 336
    assert found.share(0.5).cells == 3
    assert found.sentence(t) == (
        "Half of the alerts lie in 3.0\u00a0% of the places; by chance alone it would be 31\u00a0% (28\u00a0% to "
        "34\u00a0%)."
    )
    assert found.p == 1 / 200


def test_no_alerts_are_no_result_and_no_error(t: Translator) -> None:
    found = concentration(frame([0.0, 0.0]))
    assert found.n == 0
    assert np.isnan(found.gini)
    assert found.sentence(t) == "No alerts, so their concentration cannot be measured."
    assert np.isnan(gini([0, 0]))
    assert np.isnan(generalised_gini([0, 1], unbiased=True))
    with pytest.raises(KeyError):
        found.share(0.3)


def test_bursts_drawn_alert_by_alert_are_dirichlet_multinomial() -> None:
    """Both ways to draw random maps have one distribution: that of each place's count, and of two places together."""
    probability, n, dispersion = np.array([0.4, 0.3, 0.2, 0.1]), 12, 2.5
    base = n / (dispersion - 1)
    rng, runs = np.random.default_rng(1), 20_000
    drawn = np.stack([bursts_at_random(rng, n, probability, dispersion) for _ in range(runs)])
    assert (drawn.sum(axis=1) == n).all()
    for place, share in enumerate(probability):
        seen = np.bincount(drawn[:, place], minlength=n + 1)
        expected = runs * betabinom.pmf(np.arange(n + 1), n, share * base, (1 - share) * base)
        assert chisquare(*_pooled(seen, expected)).pvalue > 1e-3
    law = dirichlet_multinomial(base * probability, n)
    assert np.cov(drawn, rowvar=False) == pytest.approx(law.cov(), abs=0.2)


def _pooled(seen: FloatArray, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Counts of which the rare ones, at the upper end, are one."""
    rare = expected < 10
    rare[-1] = True
    return tuple(np.append(values[~rare], values[rare].sum()) for values in (seen, expected))  # type: ignore[return-value]


def test_no_share_that_holds_alerts_is_written_as_none() -> None:
    shares = {0.0: "0.0", 0.00018: "0.02", 0.00004: "0.004", 0.018: "1.8", 0.5: "50"}
    for share, told in shares.items():
        assert Translator("en").percent(share, decimals(share)) == f"{told}\u00a0%"


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
