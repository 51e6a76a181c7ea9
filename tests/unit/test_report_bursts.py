"""Bursts of reports in space: found again from the scatter of cells, kept in the random maps, and none where there are
none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree

from analysis.clusters.chance import drawn_in_bursts
from analysis.clusters.detection import find_clusters
from analysis.grid.baseline import centres_in_metres
from analysis.stats.dispersion import INDEPENDENT, UNKNOWN, Dispersion
from analysis.stats.report_bursts import SINGLE, UNKNOWN_BURSTS, ReportBursts, fit_bursts
from curim_data.model import CityProfile, Translator
from tests.unit.test_clusters_detection import STATION, drawn, grounded

SIDES = (923.0, 349.0, 132.0)
TWO = ReportBursts(2.0, 60.0)


def known(phi: float) -> Dispersion:
    return Dispersion(phi, phi, phi, 0.0, 1e6)


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
    burst = ReportBursts(3.0, 60.0).of_each(100_000, np.random.default_rng(2))
    sizes = np.bincount(burst)
    assert len(burst) == 100_000
    assert sizes.mean() == pytest.approx(3.0, rel=0.02)
    assert (sizes[:-1] == 1).mean() == pytest.approx(1 / 3, abs=0.01)


def test_simulated_maps_scatter_as_the_bursts_do(city: CityProfile) -> None:
    """The variance of counts in cells over maps, by the mean: that of the bursts."""
    even = drawn(city, 4_000, {})
    search, _, _ = grounded(city, even, 80.0, even=True)
    maps: Iterator[np.ndarray] = drawn_in_bursts(search, 4_000, 60, np.random.default_rng(3), TWO)
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
    for at in drawn_in_bursts(search, 6_000, 40, np.random.default_rng(4), wide):
        held += np.bincount(search.ground.pixel(at), minlength=len(held))
    usual = np.quantile(search.expected[search.expected > 0], [0.02, 0.1, 0.5, 0.9, 0.99])
    part = np.digitize(search.expected, usual)
    for group in range(len(usual) + 1):
        inside = (part == group) & (search.expected > 0)
        assert held[inside].sum() == pytest.approx(40 * search.expected[inside].sum(), rel=0.15)


def burst_map(city: CityProfile, n: int, bursts: ReportBursts, seed: int) -> pd.DataFrame:
    """An even map of n reports in bursts, on fine cells."""
    land = city.land_cells(12)
    x, y = centres_in_metres(land.index, city)
    rng = np.random.default_rng(seed)
    weight = land.to_numpy() / land.sum()
    burst = bursts.of_each(n, rng)
    middle = rng.choice(len(land), int(burst[-1]) + 1, p=weight)
    at = np.column_stack([x, y])[middle[burst]] + rng.normal(0, bursts.metres, (n, 2))
    near, which = cKDTree(np.column_stack([x, y])).query(at)
    counts = np.bincount(which[near < 25], minlength=len(land))
    return pd.DataFrame({"n": counts.astype(float)}, index=land.index)


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
