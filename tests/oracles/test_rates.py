"""Gi*, false discoveries, concentration, rates, intervals, effects of plans and differences of shares as published."""

from __future__ import annotations

import esda
import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import ive
from scipy.stats import fisher_exact, norm
from statsmodels.stats.proportion import confint_proportions_2indep

from analysis.comparison import (
    LEAST,
    CountedRate,
    CountedShare,
    by_own_mean,
    compare_rates,
    compare_shares,
    share_difference,
    share_p,
)
from analysis.concentration import concentration, fewest_places, generalised_gini, gini
from analysis.cube import GiStar
from analysis.hotspots.surroundings import empirical_bayes
from analysis.stats.dispersion import Dispersion
from analysis.stats.intervals import rate_ratio, share_ratio, weighted_sum, wilson
from analysis.stats.significance import benjamini_hochberg
from tests.published import published


# lorenzgini (W. Steenbeek), examples of its documentation; Bernasco & Steenbeek (2017), J Quant Criminol 33, 451-467.
@pytest.mark.parametrize(
    ("counts", "plain", "generalised"),
    [([10, 8, 2, *[0] * 7], 0.78, 0.78), ([5, 2, 1, *[0] * 7], 0.80, 0.75), ([10, *[0] * 9], 0.9, 0.9)],
)
def test_gini_and_its_generalised_form_are_as_published(counts: list[int], plain: float, generalised: float) -> None:
    assert gini(counts) == pytest.approx(plain, abs=1e-12)
    assert generalised_gini(counts) == pytest.approx(generalised, abs=1e-12)
    for some, unbiased in (([10], 1), ([3], 1), ([1, 1, 1], 0)):
        found = generalised_gini([*some, *[0] * (10 - len(some))], unbiased=True)
        assert found == pytest.approx(unbiased, abs=1e-12)


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


def test_marshall_on_infant_deaths_in_north_carolina_and_on_homicides_around_st_louis():
    table = libpysal.io.open(libpysal.examples.get_path("sids2.dbf"))
    smoothed = empirical_bayes(table.by_col("SID74"), table.by_col("BIR74"))
    assert smoothed.mean == pytest.approx(0.0020214448936544, abs=1e-16)
    assert smoothed.variance == pytest.approx(7.692930647e-07, rel=1e-9)
    published = [0.0016973, 0.00170538, 0.00177309, 0.00201287, 0.00353491]
    assert smoothed.rates[:5] == pytest.approx(published, abs=5e-9)
    assert smoothed.rates.max() == pytest.approx(0.00483880405, abs=5e-12)

    counties = pd.read_csv(libpysal.examples.get_path("stl_hom.csv"))
    smoothed = empirical_bayes(counties["HC7984"], counties["PO7984"])
    published = [2.36718950e-05, 4.54539167e-05, 4.78114019e-05, 2.76907146e-05]
    assert smoothed.rates[:4] == pytest.approx(published, abs=5e-14)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_newcombe_prints_it(k, n, low, high):
    share = wilson(k, n)
    assert (round(share.low, 4), round(share.high, 4)) == (low, high)


def test_the_exact_interval_of_a_ratio_is_the_clopper_pearson_interval_in_another_coat():
    # Clopper-Pearson for 10 of 20 is 0.27196 to 0.72804 (any table); odds of it are the ratio's limits.
    ratio = rate_ratio(10, 10)
    assert ratio.low == pytest.approx(0.27196 / 0.72804, abs=2e-5)
    assert ratio.high == pytest.approx(0.72804 / 0.27196, abs=1e-4)


def test_katz_interval_on_the_physicians_aspirin_trial():
    # 104 heart attacks among 11,037 on aspirin, 189 among 11,034 on placebo: Agresti (2002), Categorical Data Analysis,
    # section 3.1.2, prints 0.55 (0.43 to 0.70) for the ratio turned round, 1.82 (1.43 to 2.30).
    ratio = share_ratio(189, 11034, 104, 11037)
    assert (round(ratio.value, 2), round(ratio.low, 2), round(ratio.high, 1)) == (1.82, 1.43, 2.3)
    assert np.log(ratio.high / ratio.value) == pytest.approx(np.log(ratio.value / ratio.low))


# Fleiss 1981, p. 249: children with Down syndrome by birth order (rows) and age of the mother (columns).
BIRTHS = [
    [230061, 329449, 114920, 39487, 14208, 3052],
    [72202, 326701, 208667, 83228, 28466, 5375],
    [15050, 175702, 207081, 117300, 45026, 8660],
    [2293, 68800, 132424, 98301, 46075, 9834],
    [327, 30666, 123419, 149919, 104088, 34392],
]
CASES = [
    [107, 141, 60, 40, 39, 25],
    [25, 150, 110, 84, 82, 39],
    [3, 71, 114, 103, 108, 75],
    [1, 26, 64, 89, 137, 96],
    [0, 8, 63, 112, 262, 295],
]
STANDARD = np.array([63986.6, 186263.6, 157302.2, 97647.0, 47572.6, 12262.6])
# Rate, low and high as R's epitools gives them (printed by tidyrates), the method of Fay and Feuer 1997.
PRINTED = [
    ("0.000923", "0.000804", "0.00106"),
    ("0.000912", "0.000824", "0.00101"),
    ("0.000851", "0.000772", "0.000942"),
    ("0.000927", "0.000800", "0.00115"),
    ("0.000755", "0.000677", "0.00188"),
]


@pytest.mark.parametrize(("births", "cases", "printed"), list(zip(BIRTHS, CASES, PRINTED, strict=True)))
def test_fay_and_feuer_on_down_syndrome_by_birth_order(births, cases, printed):
    weights = STANDARD / STANDARD.sum() / np.array(births)
    found = weighted_sum(float(weights @ cases), float(weights**2 @ cases), float(weights.max()))
    assert tuple(f"{value:#.3g}" for value in (found.value, found.low, found.high)) == printed


TWICE = Dispersion(2.0, float("inf"))

# Newcombe (1998), table II, method 10: a of m, b of n, the interval of the difference.
PUBLISHED = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0),
    (10, 10, 0, 10, 0.6075, 1.0),
]


@pytest.mark.parametrize(("a", "m", "b", "n", "low", "high"), PUBLISHED)
def test_differences_are_those_that_newcombe_published(a: int, m: int, b: int, n: int, low: float, high: float) -> None:
    found = share_difference(CountedShare(a, m), CountedShare(b, n))
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


counts = st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, counts)
def test_differences_are_those_of_statsmodels(first: tuple[int, int], second: tuple[int, int]) -> None:
    found = share_difference(CountedShare(*first), CountedShare(*second))
    expected = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)
    back = share_difference(CountedShare(*second), CountedShare(*first))
    assert (found.value, found.low, found.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert found.low <= found.value <= found.high


def test_overdispersion_makes_a_difference_of_shares_less_sure() -> None:
    overdispersed = share_difference(CountedShare(112, 140, TWICE), CountedShare(48, 80))
    assert overdispersed == share_difference(CountedShare(56, 70), CountedShare(48, 80))
    first, second = CountedShare(112, 140, TWICE), CountedShare(96, 160, TWICE)
    exact = fisher_exact([[112, 28], [96, 64]])[1]
    assert share_p(first, second) == pytest.approx(2 * norm.sf(norm.isf(exact / 2) / np.sqrt(2)), rel=1e-6)
    assert share_p(CountedShare(112, 140), CountedShare(96, 160)) == pytest.approx(exact, rel=1e-9)
    exact = fisher_exact([[30, 70], [5_000, 5_000]])[1]
    found = share_p(CountedShare(30, 100, TWICE), CountedShare(5_000, 10_000))
    assert found == pytest.approx(2 * norm.sf(norm.isf(exact / 2) / np.sqrt((2 / 100 + 1 / 10_000) / 0.0101)), rel=1e-6)


def test_differences_are_corrected_for_all_that_were_compared_and_too_few_are_not() -> None:
    same, apart = (CountedShare(50, 100), CountedShare(50, 100)), (CountedShare(90, 100), CountedShare(10, 100))
    few = CountedShare(1, LEAST - 1), CountedShare(90, 100)
    frame = compare_shares([same, apart, few, few])
    assert frame["differs"].tolist() == [False, True, False, False]
    p = [fisher_exact([[50, 50], [50, 50]])[1], fisher_exact([[90, 10], [10, 90]])[1]]
    assert frame["q"].tolist()[:2] == pytest.approx([min(1, p[0]), 2 * p[1]], rel=1e-6)
    assert frame[["difference", "low", "high", "p", "q"]].iloc[2].isna().all()
    assert frame.loc[2, "share_first"] == pytest.approx(1 / (LEAST - 1))
    assert compare_shares([]).empty
    frame = compare_shares([(CountedShare(0, 0), CountedShare(3, 50))])
    assert frame[["share_first", "difference", "p"]].isna().all(axis=None)
    assert np.isnan(share_p(CountedShare(0, 0), CountedShare(3, 50)))


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=40))
def test_lines_by_their_own_mean_have_the_mean_one(counts: list[int]) -> None:
    found = by_own_mean([float(n) for n in counts])
    if any(counts):
        assert found.mean() == pytest.approx(1)
        assert found * np.mean(counts) == pytest.approx(counts)
    else:
        assert np.isnan(found).all()


def test_rates_are_for_a_thousand_inhabitants_in_a_year() -> None:
    rate = CountedRate(500, 50_000, 365 * 4 + 1)
    assert rate.estimate.value == pytest.approx(500 / 50 / 4)
    other = CountedRate(900, 30_000, 365)
    found = compare_rates(rate, other)
    assert found.value == pytest.approx(rate.estimate.value / other.estimate.value)
    plain = rate_ratio(500, 900, 50 * 1461 / 365.25, 30 * 365 / 365.25)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))
    wide = compare_rates(CountedRate(500, 50_000, 1461, TWICE), CountedRate(900, 30_000, 365, TWICE))
    assert wide.value == pytest.approx(found.value)
    assert wide.low < found.low < found.high < wide.high


# Six points of the esda test-suite, neighbours within 15 units.
POINTS = [(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)]
VALUES = np.array([2, 3, 3.2, 5, 8, 7])
SIX_POINTS = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]


def slow_twin(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The formula of Ord and Getis (1995), cell by cell."""
    n, mean = len(values), sum(values) / len(values)
    s = (sum(v * v for v in values) / n - mean**2) ** 0.5
    z = []
    for row in weights:
        total, squares = sum(row), sum(w * w for w in row)
        top = sum(w * v for w, v in zip(row, values, strict=True)) - mean * total
        z.append(top / (s * ((n * squares - total**2) / (n - 1)) ** 0.5))
    return np.array(z)


def getis_ord(values: np.ndarray | list[float] | pd.Series, near: sparse.csr_array) -> np.ndarray:
    """The Gi* of the space-time cube, of one step on land of equal size: that of the published values."""
    x = np.asarray(values, dtype=float)
    gistar = GiStar.of(x[:, None], np.ones(len(x)), near, 0)
    return gistar.z(gistar.parts_of(np.arange(len(x))))[:, 0]


def within(points: list[tuple[int, int]], distance: float) -> sparse.csr_array:
    at = np.array(points, dtype=float)
    return sparse.csr_array((np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)) <= distance).astype(float))


def test_six_points() -> None:
    assert getis_ord(VALUES, within(POINTS, 15)) == pytest.approx(SIX_POINTS, abs=5e-9)


def test_all_values_of_columbus_as_r_has_them() -> None:
    """R spdep 1.3.5, localG of COL.OLD with its own neighbours, in the order of its file."""
    table = pd.read_csv(published("columbus_oldcol_gistar_localmoran.csv"))
    near = pd.read_csv(published("columbus_COLnb_binary_matrix.csv")).to_numpy(float)
    z = getis_ord(table["CRIME"], sparse.csr_array(near + np.eye(len(table))))
    assert len(z) == 49
    assert z == pytest.approx(table["GiStar"].to_numpy(), abs=1e-12)
    assert z[:5].round(11).tolist() == [-1.34000809746, -0.13173336449, 1.01302395062, 0.66136483775, -1.43277965397]
    assert (round(z.max(), 11), round(z.min(), 11)) == (3.47505135616, -2.85102317658)
    assert (int((z > 1.96).sum()), int((z < -1.96).sum())) == (10, 6)


def test_infant_deaths_in_north_carolina_as_r_has_them() -> None:
    """R spdep 1.3.5: a hundred counties, rate of sudden infant deaths 1974-78, queen neighbours."""
    counties = gpd.read_file(libpysal.examples.get_path("sids2.shp"))
    table = pd.read_csv(published("sids_gistar.csv")).set_index("FIPSNO").loc[counties["FIPSNO"]]
    queen = libpysal.weights.Queen.from_dataframe(counties, use_index=False)
    z = getis_ord(1000 * counties["SID74"] / counties["BIR74"], sparse.csr_array(queen.sparse + sparse.eye(100)))
    assert z == pytest.approx(table["GiStar_queen"].to_numpy(), abs=1e-12)


@pytest.fixture(scope="module")
def columbus() -> tuple[np.ndarray, sparse.csr_array, libpysal.weights.W]:
    frame = gpd.read_file(libpysal.examples.get_path("columbus.shp"))
    queen = libpysal.weights.Queen.from_dataframe(frame, use_index=False)
    return frame["CRIME"].to_numpy(), sparse.csr_array(queen.sparse + sparse.eye(len(frame))), queen


def test_columbus_crime(columbus: tuple[np.ndarray, sparse.csr_array, libpysal.weights.W]) -> None:
    crime, weights, queen = columbus
    z = getis_ord(crime, weights)
    assert z[:5] == pytest.approx([-1.4328, -1.3400, -0.7720, -0.1317, 1.2854], abs=5e-5)
    assert (int(z.argmax()), round(float(z.max()), 4)) == (15, 3.4751)
    assert (int(z.argmin()), round(float(z.min()), 4)) == (31, -2.8510)
    assert int((2 * norm.sf(np.abs(z)) < 0.05).sum()) == 18
    peer = esda.G_Local(crime, queen, transform="B", star=True, permutations=0)
    assert z == pytest.approx(peer.Zs, abs=1e-12)
    assert z == pytest.approx(slow_twin(crime, weights.toarray()), abs=1e-12)


def test_a_flat_map_has_no_gistar() -> None:
    assert getis_ord([3.3] * 6, within(POINTS, 15)).tolist() == [0] * 6


@pytest.mark.filterwarnings("ignore:The alternative hypothesis")
def test_homicides_around_st_louis_have_no_cluster_and_the_bound_is_not_one() -> None:
    """The documentation of `esda.fdr` prints .00128... and .00064... for these: alpha / m, its answer for "none"."""
    counties = pd.read_csv(libpysal.examples.get_path("stl_hom.csv"))
    weights = libpysal.io.open(libpysal.examples.get_path("stl.gal")).read()
    moran = esda.Moran_Local(counties["HR8893"].to_numpy(), weights, permutations=999, seed=12345)
    p = np.minimum(1, 2 * moran.p_sim)  # two-sided
    for alpha, printed in ((0.1, 0.001282051282051282), (0.05, 0.000641025641025641)):
        assert esda.fdr(p, alpha) == pytest.approx(printed, rel=1e-15)
        assert printed == pytest.approx(alpha / len(p), rel=1e-15)
        assert not (benjamini_hochberg(p) <= alpha).any()
    # One-sided three pass at 10 %, and both agree on the cut-off 3 alpha / m.
    assert esda.fdr(moran.p_sim, 0.1) == pytest.approx(3 * 0.1 / 78, rel=1e-12)
    assert int((benjamini_hochberg(moran.p_sim) <= 0.1).sum()) == 3


def test_nothing_passes_when_nothing_should() -> None:
    """`esda.fdr` falls back to alpha/m and its strict comparison; ours is Benjamini and Hochberg's step-up with <=."""
    p = np.array([0.05, 0.6, 0.7])
    assert benjamini_hochberg(p).min() > 0.05
    assert (benjamini_hochberg([0.05 / 3, 0.9, 0.9]) <= 0.05).tolist() == [True, False, False]
