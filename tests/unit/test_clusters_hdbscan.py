"""HDBSCAN as an explorer: weights, identical positions, and what it says of itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_rand_score

from analysis.clusters import hdbscan
from analysis.clusters.hdbscan import (
    TooManyCellsError,
    block_for,
    core_distances,
    explore_clusters,
    hdbscan_labels,
    min_size_for,
    thin_counts,
)
from analysis.stats.result import Result
from curim_data.model import CityProfile, Translator
from tests.unit.test_clusters_detection import STATION, drawn

SQUARE = (23.6507, 37.939)


def scattered(seed: int = 3) -> np.ndarray:
    """Two dense places among scattered points, all apart, within a square of 1 km."""
    rng = np.random.default_rng(seed)
    spots = [rng.normal(centre, 25, (60, 2)) for centre in ((300, 300), (700, 650))]
    return np.concatenate([*spots, rng.uniform(0, 1000, (150, 2))])


def test_without_weights_and_blocks_it_is_scikit_learns() -> None:
    """The slow twin: points that all lie apart, one alert each, and no block; its core distances count the point."""
    points = scattered()
    ones = np.ones(len(points))
    labels = hdbscan_labels(points, core_distances(points, ones), ones.astype(int), 15, block=0.0)
    peer = HDBSCAN(min_cluster_size=15, min_samples=10, copy=True).fit(points).labels_
    assert len(set(peer) - {-1}) >= 2
    assert adjusted_rand_score(peer, labels) > 0.97  # equal but for ties among core distances


def test_a_cell_of_many_alerts_counts_as_many() -> None:
    """Ten alerts of one cell make its core distance zero; a group may be one cell."""
    points = np.array([[0.0, 0.0], [500.0, 0.0], [0.0, 500.0], [30.0, 0.0], [530.0, 10.0], *np.eye(5, 2) * 9_000])
    points[5:] += np.arange(5)[:, None] * 700
    counts = np.array([40, 30, 1, 1, 1, 1, 1, 1, 1, 1])
    core = core_distances(points, counts.astype(float))
    assert core[[0, 1]].tolist() == [0, 0]
    assert core[3] == 30
    assert core_distances(points, np.where(counts == 30, 10.0, counts))[1] == 0  # the tenth lies there
    assert core_distances(points, np.where(counts == 30, 9.0, counts))[1] > 0
    labels = hdbscan_labels(points, core, counts, 20, block=80.0)
    assert labels[0] == labels[3] >= 0
    assert labels[1] == labels[4] >= 0
    assert labels[0] != labels[1]
    assert labels[2] == -1


def test_what_is_within_a_block_is_not_split() -> None:
    rng = np.random.default_rng(0)
    near = np.concatenate([rng.normal((0, 0), 8, (50, 2)), rng.normal((60, 0), 8, (50, 2))])
    points = np.concatenate([near, rng.normal((900, 0), 8, (50, 2)), rng.uniform(-2_000, 2_000, (60, 2))])
    ones = np.ones(len(points))
    core = core_distances(points, ones)
    apart, together = (hdbscan_labels(points, core, ones.astype(int), 20, block=block) for block in (0.0, 80.0))
    assert apart[10] != apart[60]
    assert together[10] == together[60] >= 0
    assert together[120] not in (together[10], -1)


def test_more_alerts_than_it_bears_are_thinned_evenly() -> None:
    counts = np.random.default_rng(1).poisson(30, 2_000)
    fewer = thin_counts(counts, 20_000)
    assert fewer.sum() == 20_000
    assert np.abs(fewer - counts * 20_000 / counts.sum()).max() <= 1
    assert thin_counts(counts, 10**6).tolist() == counts.tolist()


def test_planted_places_are_groups_and_nothing_is_called_tested(city: CityProfile, t: Translator) -> None:
    result = explore_clusters(drawn(city, 3_000, {STATION: 12, SQUARE: 12}), city)
    assert isinstance(result, Result)
    for point in (STATION, SQUARE):
        at = city.project(*point)
        places = city.project([c.longitude for c in result.found], [c.latitude for c in result.found])
        assert np.hypot(places[0] - at[0], places[1] - at[1]).min() < 120
    first = result.found[0]
    assert [cluster.rank for cluster in result.found] == list(range(1, len(result.found) + 1))
    assert np.isnan([first.p, first.q, first.expected, first.ratio, first.low, first.high]).all()
    assert first.outline.difference(city.land.buffer(1e-6)).is_empty
    assert "Not tested against chance" in first.sentence(t)
    assert "nothing here was tested against chance" in result.sentence(t)
    told = " ".join(t(choice.explanation) for choice in result.choices)
    assert "no group was tested" in told
    assert "at most a block of 80 m" in told


def test_it_can_be_many_alerts_and_says_where_it_cannot(
    city: CityProfile, t: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = drawn(city, 3_000, {STATION: 12})
    whole = explore_clusters(frame, city)
    monkeypatch.setattr(hdbscan, "MAX_POINTS", 1_500)
    result = explore_clusters(frame, city)
    taken = int(np.maximum(thin_counts(frame["n"][frame["n"] > 0].sort_index(), 1_500), 1).sum())
    assert f"Of 3,000 alerts {taken:,} were taken" in " ".join(t(choice.explanation) for choice in result.choices)
    assert result.found[0].n == pytest.approx(whole.found[0].n, rel=0.1)  # alerts, not the points that stand for them
    assert all(cluster.n == frame.loc[list(cluster.cells), "n"].sum() for cluster in result.found)
    monkeypatch.setattr(hdbscan, "MAX_CELLS", 100)
    with pytest.raises(TooManyCellsError, match="Narrow the filter") as told:
        explore_clusters(frame, city)
    assert "small cells hold alerts" in t(told.value.message)


def test_too_few_alerts_are_no_group(city: CityProfile, t: Translator) -> None:
    frame = drawn(city, 12, {})
    assert explore_clusters(frame, city).found == ()
    assert explore_clusters(frame.assign(n=0.0), city).n == 0
    assert [min_size_for(n) for n in (0, 500, 6_000, 10**6)] == [10, 10, 30, 1_000]
    assert [block_for(np.full(5, m)) for m in (10.0, 53.0, 200.0)] == [20, 40, 80]
    assert "HDBSCAN finds 0 groups" in explore_clusters(frame, city).sentence(t)


def test_many_alerts_in_few_cells_and_few_in_many_are_no_group(city: CityProfile) -> None:
    """Nine places with hundreds of alerts each have no neighbours to speak of; fifteen alerts are not twice ten."""
    land = city.land_cells(12)
    frame = pd.DataFrame({"n": 0.0, "land_km2": land})
    frame.loc[land.index[1_000:1_009], "n"] = 300.0
    piled = explore_clusters(frame, city)
    assert (piled.found, piled.n) == ((), 2_700)
    frame["n"] = 0.0
    frame.loc[land.index[1_000:1_015], "n"] = 1.0
    assert explore_clusters(frame, city).found == ()


def test_it_finds_groups_in_chance_and_says_so(city: CityProfile, t: Translator) -> None:
    result = explore_clusters(drawn(city, 3_000, {}), city)
    assert 15 < len(result.found) < 40
    assert all(cluster.n <= 600 for cluster in result.found)
    assert "groups in chance too: some 25" in t(result.choices[0].explanation)


def test_the_same_map_gives_the_same_groups(city: CityProfile) -> None:
    frame = drawn(city, 1_500, {STATION: 12})
    first, again = explore_clusters(frame, city), explore_clusters(frame.sample(frac=1, random_state=1), city)
    assert [c.n for c in first.found] == [c.n for c in again.found]
    assert [set(c.cells) for c in first.found] == [set(c.cells) for c in again.found]
    assert pd.Series([c.id for c in first.found]).is_unique
