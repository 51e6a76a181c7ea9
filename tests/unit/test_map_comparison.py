"""Where two maps differ: the exact test against a slow twin, its false alarms and power; concentration; bursts."""

from __future__ import annotations

from math import comb

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, stats
from scipy.stats import betabinom, binom, chisquare, dirichlet_multinomial, fisher_exact, norm

from analysis.comparison import MapComparison, MapLabel, compare_maps, outlying_cells, worth_testing
from analysis.concentration import bursts_at_random, concentration, decimals, fewest_places, generalised_gini, gini
from analysis.gender import category_ratios, gender_shares, place_shares
from analysis.grid import neighbours
from analysis.stats.dispersion import INDEPENDENT, Dispersion, spread_p
from analysis.stats.intervals import Result, share_ratio, share_ratios, wilson
from curim_data.model import CityProfile, FloatArray, Message, Translator
from tests.effort import effort, some

WOMEN = MapLabel(Message("Women"), Message("affect women"))
MEN = MapLabel(Message("Men"), Message("affect men"))
MAPS = effort(80, 200)
LEVEL = 0.05


def _frame(cells: np.ndarray, n: np.ndarray, **more: object) -> pd.DataFrame:
    return pd.DataFrame({"n": np.asarray(n, float), **more}, index=pd.Index(cells, name="cell"))


def _compare(cells: np.ndarray, a: np.ndarray, b: np.ndarray, **settings: object) -> MapComparison:
    return compare_maps(_frame(cells, a), _frame(cells, b), WOMEN, MEN, **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def disc() -> np.ndarray:
    return np.sort(np.asarray(h3.grid_disk(h3.latlng_to_cell(37.945, 23.645, 10), 4)).astype(np.int64))


def _slow(a: np.ndarray, b: np.ndarray, near: np.ndarray) -> tuple[float, float]:
    """Twice the smaller tail of the hypergeometric law, term by term; and the smallest that it could be."""
    total_a, total_b = int(a.sum()), int(b.sum())
    x, m = int(a[near].sum()), int(a[near].sum() + b[near].sum())
    support = range(max(0, m - total_b), min(m, total_a) + 1)
    law = {i: comb(total_a, i) * comb(total_b, m - i) / comb(total_a + total_b, m) for i in support}
    upper = sum(chance for i, chance in law.items() if i >= x)
    lower = sum(chance for i, chance in law.items() if i <= x)
    return min(1.0, 2 * min(upper, lower)), min(1.0, 2 * min(law[support[0]], law[support[-1]]))


def test_of_no_tests_none_is_worth_making() -> None:
    assert worth_testing(np.zeros(0), LEVEL).tolist() == []


@pytest.mark.parametrize("seed", range(4))
def test_every_p_equals_a_sum_by_hand(disc: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.poisson(1.5, len(disc)), rng.poisson(2.0, len(disc))
    result = _compare(disc, a, b, k=1)
    near = neighbours(disc, 1).toarray() > 0
    slow = [
        tuple(min(1.0, 2 * value) for value in np.minimum(_slow(a, b, near[at]), _slow(a, b, np.array([at]))))
        for at in range(len(disc))
    ]
    p, attainable = (np.array(values) for values in zip(*slow, strict=True))
    count = next(c for c in range(1, len(p) + 1) if (attainable <= LEVEL / c).sum() <= c)
    tested = attainable <= LEVEL / count
    assert tested.tolist() == result.frame["p"].notna().tolist()
    assert result.tested == tested.sum()
    assert result.frame["p"][tested].to_numpy() == pytest.approx(p[tested], rel=1e-9)


def test_the_test_is_fishers_and_said(disc: np.ndarray, t: Translator) -> None:
    a, b = np.full(len(disc), 4), np.full(len(disc), 6)
    a[10], b[10] = 22, 3
    result = _compare(disc, a, b, k=0)
    table = np.array([[22, 3], [int(a.sum()) - 22, int(b.sum()) - 3]])
    expected = 2 * fisher_exact(table, alternative="greater").pvalue
    assert result.frame["p"].iloc[10] == pytest.approx(expected, rel=1e-9)
    (place,) = result.places
    assert (place.n_a, place.n_b, place.more, place.cells) == (22, 3, 1, (int(disc[10]),))
    assert place.share == 22 / 25
    assert place.elsewhere == table[1][0] / sum(table[1])
    katz = share_ratio(22, float(a.sum()), 3, float(b.sum()))
    assert (place.ratio, place.low, place.high) == pytest.approx((katz.value, katz.low, katz.high))
    assert result.sentence(t).startswith("In the whole city")
    assert "1 place differs" in result.sentence(t)
    assert "88\u00a0% of the 25 alerts compared here affect women, 40\u00a0% elsewhere" in place.sentence(t)
    assert all(t(choice.explanation) for choice in result.choices)


def test_sides_may_be_exchanged(disc: np.ndarray) -> None:
    rng = np.random.default_rng(7)
    a, b = rng.poisson(3, len(disc)), rng.poisson(3, len(disc))
    a[:7] += 12
    one, other = _compare(disc, a, b), _compare(disc, b, a)
    assert one.frame["p"].to_numpy() == pytest.approx(other.frame["p"].to_numpy(), nan_ok=True)
    assert [(p.id, p.more) for p in one.places] == [(p.id, -p.more) for p in other.places]
    assert one.places


def _share_of_maps(city: CityProfile, n: int, maps: int, share: float, planted: float = 0.0) -> tuple[int, int]:
    """Maps with any place, and with one at the planted spot, of `maps` with shuffled labels on an uneven city."""
    land = city.land_cells(10)
    cells = np.asarray(land.index)
    rng = np.random.default_rng(n)
    weight = land.to_numpy() * rng.gamma(0.5, 1, len(land))
    spot = int(np.argmax(weight))
    if planted:
        weight[spot] = planted * weight.sum()
    anything = there = 0
    for _ in range(maps):
        both = rng.multinomial(n, weight / weight.sum())
        chance = np.full(len(cells), share)
        if planted:
            chance[spot] = 0.9
        a = rng.binomial(both, chance)
        places = _compare(cells, a, both - a).places
        anything += bool(places)
        there += any(int(cells[spot]) in place.cells and place.more > 0 for place in places)
    return anything, there


@pytest.mark.slow
@some("share", [0.2, 0.5])
def test_shuffled_labels_have_no_place(city: CityProfile, share: float) -> None:
    """All numbers of alerts together: a true share of 11 % of maps is found with 90 % probability on a push.

    One number alone shows a share of 17 % as often (6,000 alerts 25 %); in `make test-full` it is 12 % (16 %).
    """
    together = drawn = 0
    for n in (60, 180, 500, 6_000):
        maps = MAPS if n < 1_000 else MAPS // 2
        hits, _ = _share_of_maps(city, n, maps, share)
        assert binom.sf(hits - 1, maps, LEVEL) >= 0.01, n
        together, drawn = together + hits, drawn + maps
    assert binom.sf(together - 1, drawn, LEVEL) >= 0.01


# A spot with a part of the alerts, 90 % of them of the first map and 50 % elsewhere: least share of maps that find it.
@pytest.mark.slow
@pytest.mark.parametrize(("n", "part", "power"), [(180, 0.2, 0.8), (500, 0.1, 0.9), (6_000, 0.01, 0.9)])
def test_a_planted_difference_is_found_with_its_power(city: CityProfile, n: int, part: float, power: float) -> None:
    maps = 30
    _, found = _share_of_maps(city, n, maps, 0.5, planted=part)
    assert binom.cdf(found, maps, power) >= 0.01


@pytest.mark.slow
@pytest.mark.parametrize("spots", [1, 4])
def test_strong_places_make_no_other_lean_the_other_way(city: CityProfile, spots: int) -> None:
    """Each holds a tenth of the alerts, 90 % of them of one map, which moves the share of the city by 4 points."""
    cells = np.asarray(city.land_cells(10).index)
    rng = np.random.default_rng(5)
    weight = rng.gamma(0.5, 1, len(cells))
    near = neighbours(cells, 2)
    strong, maps, false = np.argsort(-weight)[:spots], 24, 0
    weight[strong] = 0.1 * weight.sum()
    around = {int(cells[at]) for at in near[strong].indices}
    for _ in range(maps):
        both = rng.multinomial(400_000, weight / weight.sum())
        chance = np.full(len(cells), 0.5)
        chance[strong] = 0.9
        a = rng.binomial(both, chance)
        places = _compare(cells, a, both - a).places
        assert {int(cell) for cell in cells[strong]} <= {cell for place in places for cell in place.cells}
        false += any(around.isdisjoint(place.cells) for place in places)
    assert binom.sf(false - 1, maps, LEVEL) >= 0.01


@pytest.mark.parametrize(("a", "b"), [(0, 0), (0, 3), (3, 0)])
def test_an_empty_side_is_said(disc: np.ndarray, t: Translator, a: int, b: int) -> None:
    result = _compare(disc, np.full(len(disc), a), np.full(len(disc), b))
    assert not result.places
    assert result.frame["q"].isna().all()
    assert "nothing to compare" in result.sentence(t)


def test_a_place_stands_out_beyond_the_border_for_all_sizes_and_cells() -> None:
    alone = sparse.csr_array(np.eye(50))
    found, wanted = [], []
    for more in range(240):
        a, b = np.full(50, 200.0), np.full(50, 200.0)
        a[7], b[7] = 200 + more / 4, 200 - more / 4
        share = a.sum() / 20_000
        z = abs(a[7] - 400 * share) / np.sqrt(400 * share * (1 - share))
        wanted.append(bool(z > norm.isf(0.05 / (2 * 2 * 50))))
        found.append(bool(outlying_cells(a, b, [alone, alone], 0.05)[7]))
    assert found == wanted
    assert 0 < sum(found) < 240


def test_places_of_either_direction_share_no_cell(disc: np.ndarray) -> None:
    """One cell of the second map among many of the first, whose windows hold it."""
    middle = int(h3.latlng_to_cell(37.945, 23.645, 10))
    a, b = np.full(len(disc), 40), np.full(len(disc), 40)
    near = np.isin(disc, np.asarray(h3.grid_disk(middle, 2)).astype(np.int64))
    a[near], b[near] = 30, 8  # their windows stand out nearly as far as it does
    a[disc == middle], b[disc == middle] = 0, 30
    result = _compare(disc, a, b, k=1)
    assert set(result.frame.loc[result.frame["differs"], "more"]) == {1, -1}
    named = [cell for place in result.places for cell in place.cells]
    assert len(named) == len(set(named)) > 0


def test_readers_get_the_step_of_q_and_places_in_the_order_of_what_is_written(disc: np.ndarray, t: Translator) -> None:
    """Of the places that differ one has few of the second map: its place in the list would tell its p."""
    a, b = np.full(len(disc), 20), np.full(len(disc), 20)
    for at, pair in ((0, (90, 12)), (10, (60, 1)), (len(disc) - 1, (12, 70))):
        a[at], b[at] = pair
    found = _compare(disc, a, b, k=0)
    assert len(found.places) == 3
    assert found.places[0].n_b == 1
    assert found.for_readers(1) is found
    told = found.for_readers(5)
    assert [place.shares_written(5) for place in told.places] == [True, True, False]
    assert [place.rank for place in told.places] == [1, 2, 3]
    assert told.places[0].p < told.places[1].p
    assert {place.q for place in told.places} == {0.05}
    assert set(told.frame["q"].dropna()) <= {0.05, 1.0}
    assert "(corrected p ≤0.05)" in told.places[0].sentence(t, 5)
    assert "≤" not in found.places[0].sentence(t)


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
        # 25 in one thread, 24 in another
        maps = [draws[at // 25].multinomial(n, land / land.sum()) for at in range(49)]
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
    chance = "by chance alone it would be 31\u00a0% (28\u00a0% to 34\u00a0%)."
    assert found.sentence(t) == f"Half of the alerts lie in 3.0\u00a0% of the places; {chance}"
    assert found.p == 1 / 200
    shares = {0.0: "0.0", 0.00018: "0.02", 0.00004: "0.004", 0.018: "1.8", 0.5: "50"}
    for share, told in shares.items():
        assert Translator("en").percent(share, decimals(share)) == f"{told}\u00a0%"
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
    rare = expected < 10
    rare[-1] = True
    return tuple(np.append(values[~rare], values[rare].sum()) for values in (seen, expected))  # type: ignore[return-value]


THREE = Dispersion(3.0, float("inf"))


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
            seen[at] += compare_maps(*maps, WOMEN, WOMEN, scatter=scatter).frame["differs"].any()
    assert seen[0] > 0.5 * pairs
    assert seen[1] <= stats.binom.ppf(0.995, pairs, 0.05)


def test_a_difference_of_maps_is_as_sure_as_its_dispersion_lets_it_be(city: CityProfile) -> None:
    land = city.land_cells(10)
    rng = np.random.default_rng(10)
    first, second = (pd.DataFrame({"n": rng.poisson(8, len(land)).astype(float)}, land.index) for _ in "ab")
    first.iloc[100, 0] += 60
    plain, wide = (compare_maps(first, second, WOMEN, WOMEN, scatter=scatter) for scatter in (INDEPENDENT, THREE))
    pd.testing.assert_frame_equal(plain.frame, compare_maps(first, second, WOMEN, WOMEN).frame)
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
    rows = [("a", "woman", 60.0), ("a", "man", 20.0), ("b", "woman", 140.0), ("b", "man", 180.0)]
    frame = pd.DataFrame(rows, columns=["category", "affected_gender", "n"])
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
