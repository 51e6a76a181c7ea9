"""Bursts of reports in space: found again from the scatter of cells, kept in the random maps, and none where there are
none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree
from scipy.stats import ks_2samp

from analysis import dbscan
from analysis.clusters import find_clusters
from analysis.dbscan import Baseline, LocalDbscan, Points, drawn_in_bursts, on_hexagons
from analysis.grid import centres_in_metres
from analysis.stats.dispersion import INDEPENDENT, SINGLE, UNKNOWN, UNKNOWN_BURSTS, Dispersion, ReportBursts, fit_bursts
from curim_data.model import CityProfile, Translator
from tests.unit.test_clusters_detection import STATION, drawn, grounded

SIDES = (923.0, 349.0, 132.0)
TWO = ReportBursts(2.0, 60.0)


def known(phi: float) -> Dispersion:
    return Dispersion(phi, 1e6)


def of_each(bursts: ReportBursts, n: int, rng: np.random.Generator) -> np.ndarray:
    """The burst of each of n reports, by number."""
    sizes = bursts.sizes(n, rng)
    return np.repeat(np.arange(len(sizes)), sizes)


def test_the_variance_of_squares_is_that_of_simulated_bursts() -> None:
    """A slow twin: bursts of a Thomas process on a torus, counted in squares."""
    rng = np.random.default_rng(1)
    width, bursts = 40_000.0, 60_000
    middles = rng.random((bursts, 2)) * width
    of = np.repeat(np.arange(bursts), rng.geometric(1 / 2.5, bursts))
    at = (middles[of] + rng.normal(0, 80.0, (len(of), 2))) % width
    for side in (100.0, 200.0, 800.0):
        across = int(width / side)
        counts = np.histogram2d(*at.T, bins=across, range=[[0, width]] * 2)[0]
        assert counts.var() / counts.mean() == pytest.approx(ReportBursts(2.5, 80.0).dispersion(side), rel=0.06)


@pytest.mark.parametrize("bursts", [ReportBursts(3.0, 60.0), ReportBursts(1.5, 200.0)])
def test_bursts_are_found_again(bursts: ReportBursts) -> None:
    found = fit_bursts({side: known(bursts.dispersion(side)) for side in SIDES})
    assert found.reports == pytest.approx(bursts.reports, rel=0.02)
    assert found.metres == pytest.approx(bursts.metres, rel=0.05)


def test_no_bursts_where_counts_scatter_no_more_than_chance_or_nothing_is_known(t: Translator) -> None:
    assert fit_bursts({side: known(1.03) for side in SIDES}) == SINGLE
    assert fit_bursts(dict.fromkeys(SIDES, INDEPENDENT)).alone
    assert fit_bursts(dict.fromkeys(SIDES, UNKNOWN)) == UNKNOWN_BURSTS
    assert "cannot be told" in t(UNKNOWN_BURSTS.choice.explanation)
    assert "one by one" in t(SINGLE.choice.explanation)
    assert "of 2.0 reports on average, most of them within 120 m" in t(TWO.choice.explanation)


def test_sizes_are_geometric_and_all_reports_are_dealt() -> None:
    burst = of_each(ReportBursts(3.0, 60.0), 100_000, np.random.default_rng(2))
    sizes = np.bincount(burst)
    assert len(burst) == 100_000
    assert sizes.mean() == pytest.approx(3.0, rel=0.02)
    assert (sizes[:-1] == 1).mean() == pytest.approx(1 / 3, abs=0.01)
    for n in (0, 1, 2, 50):
        each = [ReportBursts(3.0, 60.0).sizes(n, np.random.default_rng(seed)) for seed in range(30)]
        assert all(size.sum() == n and (size > 0).all() for size in each)


def test_simulated_maps_scatter_as_the_bursts_do(city: CityProfile) -> None:
    """The variance of counts in cells over maps, by the mean: that of the bursts."""
    even = drawn(city, 4_000, {})
    search, _, _ = grounded(city, even, 80.0, even=True)
    maps: Iterator[np.ndarray] = drawn_in_bursts(Baseline(search), 4_000, 60, np.random.default_rng(3), TWO)
    side, counts = 400.0, []
    for at in maps:
        assert len(at) == 4_000
        assert (search.expected[search.ground.pixel(at)] > 0).all()
        counts.append(np.histogram2d(*at.T, bins=[np.arange(0, 6_000, side)] * 2)[0].ravel())
    table = np.array(counts)
    full = table.mean(axis=0) > 0.8 * table.mean(axis=0).max()  # squares with no water
    ratio = (table[:, full].var(axis=0, ddof=1) / table[:, full].mean(axis=0)).mean()
    assert ratio == pytest.approx(TWO.dispersion(side), rel=0.15)


def test_simulated_maps_follow_a_baseline_with_steep_edges(city: CityProfile) -> None:
    """Wide bursts around a dense spot spill nowhere: by what is expected, places hold what is expected of them."""
    frame = drawn(city, 6_000, {STATION: 8})
    search, _, _ = grounded(city, frame, 80.0)
    wide = ReportBursts(2.0, 140.0)
    held = np.zeros(len(search.expected))
    for at in drawn_in_bursts(Baseline(search), 6_000, 40, np.random.default_rng(4), wide):
        held += np.bincount(search.ground.pixel(at), minlength=len(held))
    usual = np.quantile(search.expected[search.expected > 0], [0.02, 0.1, 0.5, 0.9, 0.99])
    part = np.digitize(search.expected, usual)
    for group in range(len(usual) + 1):
        inside = (part == group) & (search.expected > 0)
        assert held[inside].sum() == pytest.approx(40 * search.expected[inside].sum(), rel=0.15)


def slow_map(search: LocalDbscan, n: int, bursts: ReportBursts, rng: np.random.Generator) -> np.ndarray:
    """A slow twin of `drawn_in_bursts`, alert by alert."""
    ground, share = search.ground, search.expected / search.expected.sum()
    pixels = iter(rng.choice(len(share), n, p=share))
    high, wide = np.array(ground.shape) * ground.side

    def expected(point: np.ndarray) -> float:
        inside = 0 <= point[0] < wide and 0 <= point[1] < high
        return float(search.expected[ground.pixel(point)]) if inside else 0.0

    at: list[np.ndarray] = []
    while len(at) < n:
        up, right = divmod(next(pixels), ground.shape[1])
        first = (np.array([right, up]) + rng.random(2)) * ground.side
        middle = first + rng.normal(0, bursts.metres, 2)
        at.append(first)
        while rng.random() < 1 - 1 / bursts.reports:
            tried = [middle + rng.normal(0, bursts.metres, 2) for _ in range(8)]
            tried += [first + rng.normal(0, bursts.metres * 2**0.5, 2) for _ in range(8)]
            taken = (point for point in tried if rng.random() < expected(point) / expected(first))
            at.append(next(taken, first))
    return np.array(at[:n])


@pytest.mark.parametrize("together", [pytest.param(1, marks=pytest.mark.slow), 150_000])
def test_maps_are_those_of_the_slow_twin(monkeypatch: pytest.MonkeyPatch, city: CityProfile, together: int) -> None:
    """By how many pairs of alerts lie near each other and by the strongest clusters."""
    monkeypatch.setattr(dbscan, "DRAWN_TOGETHER", together)
    frame = drawn(city, 1_000, {STATION: 8})
    search, _, _ = grounded(city, frame, 80.0)
    bursts, cell, runs = ReportBursts(2.5, 40.0), 310.0, 100
    rng = np.random.default_rng(6)
    slow = [slow_map(search, 1_000, bursts, rng) for _ in range(runs)]
    fast = list(drawn_in_bursts(Baseline(search), 1_000, runs, rng, bursts))
    for reach in (30, 120):
        pairs = [[len(cKDTree(at).query_pairs(reach, output_type="ndarray")) for at in maps] for maps in (slow, fast)]
        assert ks_2samp(*pairs).pvalue > 0.01
    strongest = []
    for at in slow:
        hexagons, member = on_hexagons(at, cell)
        points = Points(hexagons, np.bincount(member).astype(float))
        strongest.append(max((search.strength(points, group) for group in search.find(points)), default=0.0))
    assert len(np.unique(strongest)) > 60
    quick = dbscan.strongest_of_chance(search, np.ones(1_000), runs, 7, cell, bursts)
    assert ks_2samp(strongest, quick).pvalue > 0.01


def burst_map(city: CityProfile, n: int, bursts: ReportBursts, seed: int) -> pd.DataFrame:
    """An even map of n reports in bursts, on fine cells."""
    land = city.land_cells(12)
    x, y = centres_in_metres(land.index, city)
    rng = np.random.default_rng(seed)
    weight = land.to_numpy() / land.sum()
    burst = of_each(bursts, n, rng)
    middle = rng.choice(len(land), int(burst[-1]) + 1, p=weight)
    at = np.column_stack([x, y])[middle[burst]] + rng.normal(0, bursts.metres, (n, 2))
    near, which = cKDTree(np.column_stack([x, y])).query(at)
    counts = np.bincount(which[near < 25], minlength=len(land))
    return pd.DataFrame({"n": counts.astype(float)}, index=land.index)


@pytest.mark.slow
def test_bursts_are_no_clusters_and_a_place_that_is_dense_is(city: CityProfile) -> None:
    """Bursts of three within 40 m: taken as single reports they are clusters, in maps with bursts they are not."""
    three = ReportBursts(3.0, 40.0)
    maps = [burst_map(city, 3_000, three, seed) for seed in range(3)]
    assert sum(len(find_clusters(frame, city, runs=99).found) for frame in maps) >= 3
    assert not any(find_clusters(frame, city, runs=99, bursts=three).found for frame in maps)
    spot = drawn(city, 6_000, {STATION: 8})
    (plain,), (wide,) = (find_clusters(spot, city, runs=99, bursts=known).found for known in (None, TWO))
    assert wide.n == plain.n
    assert wide.low < plain.low < plain.high < wide.high
    assert wide.p == plain.p == 1 / 100


def test_single_reports_give_what_no_bursts_give(city: CityProfile) -> None:
    frame = drawn(city, 2_000, {STATION: 8})
    plain, single = (find_clusters(frame, city, runs=19, alpha=0.05, bursts=bursts) for bursts in (None, SINGLE))
    assert plain.found == single.found
