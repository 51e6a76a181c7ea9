from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.stats import poisson
from sklearn.cluster import DBSCAN

from analysis.clusters.dbscan import LocalDbscan, eps_for, eps_for_precision, minimum_alerts
from analysis.clusters.detection import _named, find_clusters
from analysis.clusters.results import Cluster
from analysis.grid.baseline import LandGrid, centres_in_metres, smoothing_width_for
from analysis.stats.result import Result
from curim_data.model import CityProfile, Translator

STATION = (23.6430, 37.9480)


def drawn(city: CityProfile, n: int, spots: dict[tuple[float, float], float], radius: float = 90) -> pd.DataFrame:
    """An even map with spots so many times as dense."""
    land = city.land_cells(12)
    x, y = centres_in_metres(land.index, city)
    density = np.ones(len(land))
    for point, times in spots.items():
        at = city.project(*point)
        density += (times - 1) * (np.hypot(x - at[0], y - at[1]) < radius)
    weight = density * land.to_numpy()
    counts = np.random.default_rng(7).multinomial(n, weight / weight.sum())
    return pd.DataFrame({"n": counts.astype(float), "land_km2": land})


@pytest.fixture(scope="module")
def one(city: CityProfile) -> pd.DataFrame:
    return drawn(city, 6_000, {STATION: 8})


def test_a_planted_cluster_is_found_where_and_as_large_as_it_is(
    city: CityProfile, t: Translator, one: pd.DataFrame
) -> None:
    result = find_clusters(one, city)
    assert isinstance(result, Result)
    (cluster,) = result.found
    x, y = city.project([cluster.longitude, STATION[0]], [cluster.latitude, STATION[1]])
    assert np.hypot(x[0] - x[1], y[0] - y[1]) < 40
    assert 0.02 < cluster.area_km2 < 0.06
    assert cluster.p == cluster.q == 1 / 200
    assert cluster.ratio == pytest.approx(cluster.n / cluster.expected)
    assert cluster.low < cluster.ratio < cluster.high
    assert cluster.n == one["n"][list(cluster.cells)].sum()
    assert cluster.outline.contains(shapely.Point(cluster.longitude, cluster.latitude))
    assert result.sentence(t).startswith("1 cluster stands out from chance, among 6,000 alerts.")
    assert f"{cluster.n} alerts where" in cluster.sentence(t)
    told = " ".join(t(choice.explanation) for choice in result.choices)
    for word in ("the fifth alert", "smoothed over 200 m", "at least", "199 simulated maps", "0.25 km²"):
        assert word in told


def test_the_same_seed_gives_the_same_clusters(city: CityProfile, one: pd.DataFrame) -> None:
    assert find_clusters(one, city, runs=19, seed=3, alpha=0.05) == find_clusters(
        one, city, runs=19, seed=3, alpha=0.05
    )


def test_cores_and_their_groups_are_those_of_scikit_learn(city: CityProfile, one: pd.DataFrame) -> None:
    counts = one["n"].to_numpy()
    x, y = centres_in_metres(one.index, city)
    ground = LandGrid(x, y, one["land_km2"].to_numpy())
    for eps in (60.0, 120.0):
        search = LocalDbscan(ground, ground.smooth(counts, 200), eps)
        used = np.flatnonzero(counts)
        peer = DBSCAN(eps=eps, min_samples=1).fit(
            search.points[used], sample_weight=counts[used] / search.minimum[used] + 1e-9
        )
        core = peer.core_sample_indices_
        expected = {frozenset(used[core[peer.labels_[core] == label]]) for label in set(peer.labels_) - {-1}}
        assert {frozenset(group.cores) for group in search.find(counts)} == expected
        assert expected


def test_a_large_cluster_is_split_and_not_dropped(city: CityProfile) -> None:
    frame = drawn(city, 6_000, {STATION: 10}, radius=420)
    result = find_clusters(frame, city, base=frame["land_km2"], eps=150, runs=19, alpha=0.05)
    assert len(result.found) > 1
    land = frame["land_km2"]
    assert all(land[list(cluster.cells)].sum() <= 0.25 for cluster in result.found)
    assert len({cluster.id for cluster in result.found}) == len(result.found)
    assert sum(cluster.n for cluster in result.found) > 0.5 * 6_000 * 10 * 0.554 / (10.77 + 9 * 0.554)


@pytest.mark.slow
@pytest.mark.parametrize(("radius", "times", "eps"), [(420, 10, 150), (600, 5, 100)])
def test_what_is_split_keeps_its_alerts(city: CityProfile, radius: float, times: float, eps: float) -> None:
    """A large place that is dense throughout comes out in parts, none counted twice, and not in crumbs."""
    frame = drawn(city, 6_000, {STATION: times}, radius=radius)
    counts, land = frame["n"].to_numpy(), frame["land_km2"].to_numpy()
    x, y = centres_in_metres(frame.index, city)
    groups = LocalDbscan(LandGrid(x, y, land), land / land.sum() * counts.sum(), eps).find(counts)
    inside = np.hypot(x - city.project(*STATION)[0], y - city.project(*STATION)[1]) < radius
    under = np.concatenate([group.under for group in groups])
    assert all(land[group.under].sum() <= 0.25 for group in groups)
    assert len(under) == len(np.unique(under))
    assert counts[np.intersect1d(under, np.flatnonzero(inside))].sum() > 0.7 * counts[inside].sum()


def test_outlines_stay_on_land(city: CityProfile) -> None:
    quay = (23.6597, 37.9394)
    result = find_clusters(drawn(city, 3_000, {quay: 20}), city, runs=99)
    assert result.found
    for cluster in result.found:
        assert cluster.outline.difference(city.land.buffer(1e-6)).is_empty


def harbour(city: CityProfile) -> tuple[pd.DataFrame, np.ndarray]:
    """Two places of 60 alerts on two quays 200 m apart, with only water between them; and which cells are the first."""
    land = city.land_cells(12)
    x, y = centres_in_metres(land.index, city)
    ground = LandGrid(x, y, land.to_numpy())
    rng = np.random.default_rng(0)
    shore = rng.permutation(np.flatnonzero(ground._water[1] < 90))[:800]
    pairs = [(a, b) for a in shore for b in shore if 180 < np.hypot(x[a] - x[b], y[a] - y[b]) < 220]
    start, end = np.array(pairs).T
    first, second = pairs[int(np.flatnonzero(~ground.by_land(start, end))[0])]
    frame = pd.DataFrame({"n": 0.0, "land_km2": land})
    one = np.hypot(x - x[first], y - y[first]) < 45
    two = np.hypot(x - x[second], y - y[second]) < 45
    for place in (one, two):
        frame.loc[frame.index[place], "n"] = np.ceil(60 / place.sum())
    return frame, one


def test_a_cluster_does_not_reach_over_the_water(city: CityProfile) -> None:
    frame, one = harbour(city)
    result = find_clusters(frame, city, eps=250, base=frame["land_km2"], runs=19, alpha=0.05)
    assert len(result.found) == 2
    quay = set(frame.index[one])
    assert sorted(len(quay & set(cluster.cells)) > 0 for cluster in result.found) == [False, True]
    first, second = (cluster.outline for cluster in result.found)
    assert not first.intersects(second)
    assert all(cluster.n == pytest.approx(frame["n"][list(cluster.cells)].sum()) for cluster in result.found)


@pytest.mark.parametrize("eps", [60, 250])
def test_weights_within_reach_are_those_of_the_slow_twin(city: CityProfile, eps: float) -> None:
    """On two quays with water between them: what lies across it counts only where so short a line crosses none."""
    frame, _ = harbour(city)
    x, y = centres_in_metres(frame.index, city)
    ground = LandGrid(x, y, frame["land_km2"].to_numpy())
    used = np.flatnonzero(frame["n"])
    weight = np.random.default_rng(2).uniform(1, 2, len(used))
    start, end = (part.ravel() for part in np.meshgrid(used, used, indexing="ij"))
    near = (np.hypot(x[start] - x[end], y[start] - y[end]) <= eps) & (ground.by_land(start, end) | (eps < 80))
    slow = near.reshape(len(used), len(used)) @ weight
    search = LocalDbscan(ground, frame["land_km2"].to_numpy(), eps)
    assert search._sums(weight, used, eps) == pytest.approx(slow)
    assert (slow < weight.sum() - 0.5).all()  # not all is within reach of any


def test_lines_by_land_are_those_of_the_slow_twin(city: CityProfile) -> None:
    land = city.land_cells(12)
    x, y = centres_in_metres(land.index, city)
    ground = LandGrid(x, y, land.to_numpy())
    rng = np.random.default_rng(1)
    start = rng.choice(np.flatnonzero(ground._water[1] < 200), 1_500)
    end = np.array([rng.choice(np.flatnonzero(np.hypot(x - x[a], y - y[a]) < 300)) for a in start])
    clear = ground.by_land(start, end)
    wide = shapely.buffer(city.land_metres, 60)
    narrow = shapely.buffer(city.land_metres, 15)
    lines = shapely.linestrings(np.stack([np.column_stack([x[start], y[start]]), np.column_stack([x[end], y[end]])], 1))
    shapely.prepare(wide)
    shapely.prepare(narrow)
    assert clear[shapely.covers(narrow, lines)].all()
    open_water = shapely.length(shapely.difference(lines, wide)) > 60
    assert open_water.sum() > 5
    assert not clear[open_water].any()


def test_the_minimum_is_the_first_count_that_chance_hardly_reaches() -> None:
    expected = np.array([0.0, 0.5, 3.0, 12.0, 40.0])
    minimum = minimum_alerts(expected)
    assert (poisson.sf(minimum - 1, expected) <= 0.001).all()
    larger = minimum > 5
    assert (poisson.sf(minimum[larger] - 2, expected[larger]) > 0.001).all()
    assert minimum[0] == 5


def test_smoothing_keeps_the_total_and_an_even_map_even(city: CityProfile) -> None:
    land = city.land_cells(12)
    x, y = centres_in_metres(land.index, city)
    ground = LandGrid(x, y, land.to_numpy())
    even = ground.smooth(1_000 * land.to_numpy(), 200)
    assert even.sum() == pytest.approx(1_000 * land.sum())
    assert even / land.to_numpy() == pytest.approx(np.full(len(land), 1_000), rel=1e-6)


def test_sums_over_discs_are_near_those_of_the_slow_twin(city: CityProfile) -> None:
    land = city.land_cells(12)
    x, y = centres_in_metres(land.index, city)
    ground = LandGrid(x, y, land.to_numpy())
    fast = ground.disc_sums(land.to_numpy(), 120)
    for at in range(0, len(x), 4_000):
        slow = land.to_numpy()[np.hypot(x - x[at], y - y[at]) <= 120].sum()
        assert fast[at] == pytest.approx(slow, rel=0.2)


def test_distance_and_spread_follow_the_density_within_their_limits(t: Translator) -> None:
    rng = np.random.default_rng(0)
    sparse, dense = rng.uniform(0, 3_000, (40, 2)), rng.uniform(0, 3_000, (6_000, 2))
    wide, narrow = eps_for(*sparse.T, np.ones(40)), eps_for(*dense.T, np.ones(6_000))
    assert 50 <= float(narrow.value) < float(wide.value) <= 300
    assert "limits: 50 to 300 m" in t(narrow.explanation)
    assert eps_for([0.0], [0.0], [4]).value == 300
    assert eps_for_precision(narrow, 1.0) is narrow
    assert eps_for_precision(narrow, 98.0).value == 200
    assert "twice the 98 m to which the coordinates are precise" in t(eps_for_precision(narrow, 98.0).explanation)
    assert [smoothing_width_for(n, 10).value for n in (60, 6_000)] == [500, 200]


def test_coordinates_that_are_too_coarse_have_no_clusters(city: CityProfile, t: Translator, one: pd.DataFrame) -> None:
    result = find_clusters(one, city, step=500)
    assert result.found == ()
    assert "only precise to 500 m" in t(result.choices[0].explanation)


def test_nothing_and_coarse_cells(city: CityProfile, t: Translator, one: pd.DataFrame) -> None:
    nothing = find_clusters(one.assign(n=0.0), city)
    assert nothing.found == ()
    assert nothing.sentence(t) == "No cluster stands out from chance, among 0 alerts."
    land = city.land_cells(9)
    with pytest.raises(ValueError, match="resolution 11"):
        find_clusters(pd.DataFrame({"n": 1.0, "land_km2": land}), city)


def test_two_clusters_of_one_coarse_cell_have_names_of_their_own() -> None:
    def at(longitude: float, latitude: float) -> Cluster:
        place = int(h3.latlng_to_cell(latitude, longitude, 10))
        return Cluster(
            f"{place:x}", 1, (), 10, 1.0, 10.0, 5.0, 20.0, 0.001, 0.01, shapely.Point(), longitude, latitude
        )  # fmt: skip

    latitude, longitude = h3.cell_to_latlng(h3.latlng_to_cell(37.9430, 23.6465, 10))
    one, other, far = at(longitude, latitude), at(longitude + 3e-4, latitude), at(longitude + 0.02, latitude)
    assert one.id == other.id != far.id
    named = [_named(cluster, [one, other, far]) for cluster in (one, other, far)]
    assert len({cluster.id for cluster in named}) == 3
    assert named[2] == far
    assert {h3.get_resolution(int(cluster.id, 16)) for cluster in named[:2]} == {12}
