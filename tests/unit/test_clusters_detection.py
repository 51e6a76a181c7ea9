"""Clusters: against scikit-learn and slow twins, and where reports come in bursts."""

from __future__ import annotations

from dataclasses import replace

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.spatial import cKDTree
from scipy.stats import ks_2samp, poisson
from sklearn.cluster import DBSCAN, KMeans

from analysis import clusters, dbscan, grid
from analysis.clusters import Cluster, _ranked, cell_m2, find_clusters
from analysis.dbscan import (
    Baseline,
    LocalDbscan,
    Points,
    drawn_in_bursts,
    eps_for,
    eps_for_precision,
    minimum_alerts,
    on_hexagons,
)
from analysis.grid import AlertGround, centres_in_metres, smoothing_width_for
from analysis.hotspots.grouping import in_order
from analysis.stats.dispersion import INDEPENDENT, SINGLE, UNKNOWN, UNKNOWN_BURSTS, Dispersion, ReportBursts, fit_bursts
from analysis.stats.intervals import Result
from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Translator
from curim_data.privacy import DisclosureError
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.hot_spots import CLUSTER_RESOLUTION, cluster_study
from tests.effort import FULL, effort

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


@pytest.mark.slow
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
    assert f"within {result.eps:.0f} m of each other" in told
    assert result.runs == 199


def grounded(
    city: CityProfile, frame: pd.DataFrame, eps: float, *, even: bool = False
) -> tuple[LocalDbscan, Points, np.ndarray]:
    """The search on the cells that hold alerts, their points, and which cells of the frame they are."""
    used = np.flatnonzero(frame["n"])
    x, y = centres_in_metres(frame.index, city)
    ground = AlertGround(city.land_metres, x[used], y[used], 200)
    points = Points(ground.enter(x[used], y[used]), frame["n"].to_numpy()[used])
    expected = ground.smooth(ground.pixel(points.at), points.weight, 200)
    if even:
        expected = ground.land / ground.land.sum() * points.weight.sum()
    return LocalDbscan(ground, expected, eps), points, used


def test_cores_and_their_groups_are_those_of_scikit_learn(city: CityProfile, one: pd.DataFrame) -> None:
    for eps in (60.0, 75.0):
        search, points, _ = grounded(city, one, eps)
        minimum = search.minimum_at(points.at)
        peer = DBSCAN(eps=eps, min_samples=1).fit(points.at, sample_weight=points.weight / minimum + 1e-9)
        core = peer.core_sample_indices_
        expected = {frozenset(core[peer.labels_[core] == label]) for label in set(peer.labels_) - {-1}}
        assert {frozenset(group.cores) for group in search.find(points)} == expected
        assert expected


def test_the_strength_of_a_cluster_is_the_likelihood_ratio_of_its_count(city: CityProfile, one: pd.DataFrame) -> None:
    """Against the same count at what the baseline expects, by the probabilities of SciPy; a thin group has none."""
    search, points, _ = grounded(city, one, 70.0)
    groups = search.find(points)
    assert groups
    for group in groups:
        count, expected = points.weight[group.under].sum(), search.expected_of(points, group)
        assert count > expected
        ratio = poisson.logpmf(count, count) - poisson.logpmf(count, expected)
        assert search.strength(points, group) == pytest.approx(ratio, rel=1e-9)
        thin = Points(points.at, points.weight * expected / count * 0.99)
        assert search.strength(thin, group) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("radius", "times", "eps"), [(420, 10, 150), (600, 5, 100)])
def test_what_is_split_keeps_its_alerts(city: CityProfile, radius: float, times: float, eps: float) -> None:
    """A large place that is dense throughout comes out in parts, none counted twice, and not in crumbs."""
    frame = drawn(city, 6_000, {STATION: times}, radius=radius)
    search, points, used = grounded(city, frame, eps, even=True)
    groups = search.find(points)
    x, y = centres_in_metres(frame.index[used], city)
    inside = np.hypot(x - city.project(*STATION)[0], y - city.project(*STATION)[1]) < radius
    under, squares = (np.concatenate([getattr(one, part) for one in groups]) for part in ("under", "squares"))
    assert all(search.land_on(group.squares) <= 0.25 for group in groups)
    assert all(len(one) == len(np.unique(one)) for one in (under, squares))
    assert points.weight[np.intersect1d(under, np.flatnonzero(inside))].sum() > 0.7 * points.weight[inside].sum()


def test_two_places_that_only_the_wider_distance_joins_are_not_cut_by_a_line(city: CityProfile) -> None:
    frame = drawn(city, 6_000, dict.fromkeys([STATION, (STATION[0], STATION[1] + 470 / 111_000)], 10.0), radius=170)
    search, points, _ = grounded(city, frame, 150.0, even=True)
    assert [group.cut for group in search.find(points) if len(group.under) > 100] == [False, False]


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
    ground = AlertGround(city.land_metres, x, y, 200)
    at = ground.enter(x, y)
    rng = np.random.default_rng(0)
    row, column = np.divmod(np.flatnonzero(ground.water), ground.shape[1])
    off_shore = cKDTree((np.column_stack([column, row]) + 0.5) * ground.side).query(at)[0]
    shore = rng.permutation(np.flatnonzero(off_shore < 110))[:800]
    pairs = [(a, b) for a in shore for b in shore if 180 < np.hypot(x[a] - x[b], y[a] - y[b]) < 220]
    start, end = np.array(pairs).T
    for first, second in np.array(pairs)[~ground.by_land(at[start], at[end])]:
        one = np.hypot(x - x[first], y - y[first]) < 45
        two = np.hypot(x - x[second], y - y[second]) < 45
        quays = [part.ravel() for part in np.meshgrid(np.flatnonzero(one), np.flatnonzero(two))]
        reach = [shapely.Point(x[end], y[end]).buffer(175).intersection(city.land_metres) for end in (first, second)]
        if not ground.by_land(at[quays[0]], at[quays[1]]).any() and not reach[0].intersects(reach[1]):
            break
    else:
        raise AssertionError("no two quays")
    frame = pd.DataFrame({"n": 0.0, "land_km2": land})
    for place in (one, two):
        frame.loc[frame.index[place], "n"] = np.ceil(60 / place.sum())
    return frame, one


@pytest.mark.slow
def test_a_cluster_does_not_reach_over_the_water(city: CityProfile) -> None:
    frame, one = harbour(city)
    search, points, _ = grounded(city, frame, 250, even=True)
    first, second = search.find(points)
    quay = set(frame.index[one])
    cells = frame.index[frame["n"] > 0]
    assert sorted(len(quay & set(cells[group.under])) > 0 for group in (first, second)) == [False, True]
    assert not set(first.squares) & set(second.squares)


@pytest.mark.slow
@pytest.mark.parametrize("eps", [60, 250])
def test_cores_and_the_ground_under_them_are_those_of_the_slow_twin(city: CityProfile, eps: float) -> None:
    """On two quays with water between them: what lies across it counts only where so short a line crosses none."""
    frame, _ = harbour(city)
    search, points, _ = grounded(city, frame, eps, even=True)
    at, every = points.at, np.arange(len(points.at))
    minimum = np.random.default_rng(2).uniform(45, 70, len(at))
    start, end = (part.ravel() for part in np.meshgrid(every, every, indexing="ij"))

    def near(reach: float) -> np.ndarray:
        gap = np.hypot(*(at[start] - at[end]).T)
        return ((gap <= reach) & (search.ground.by_land(at[start], at[end]) | (reach <= 80))).reshape(2 * (len(at),))

    slow = np.flatnonzero(near(eps) @ (points.weight / minimum) >= 1 - 1e-9)
    cores, pairs = search.cores(points, every, eps, minimum)
    assert sorted(cores) == slow.tolist()
    assert len(cores) > 0
    assert eps == 250 or len(cores) < len(at)
    off = near(eps) & ~np.eye(len(at), dtype=bool)
    assert {(a, b) for a, b in pairs.tolist()} == {(a, b) for a, b in np.argwhere(off).tolist() if a in set(slow)}
    groups = search._joined(points, every, eps, minimum)
    assert sorted(np.concatenate([group.cores for group in groups])) == slow.tolist()
    for group in groups:
        assert group.under.tolist() == np.flatnonzero(near(eps / 2)[group.cores].any(axis=0)).tolist()
        middles = search.middles(group.squares)
        assert (cKDTree(at[group.cores]).query(middles)[0] <= eps / 2).all()
        assert search.land_on(group.squares) > 0


@pytest.mark.parametrize("together", [10**6, 50, 7])
def test_pairs_of_cores_are_those_of_the_slow_twin(monkeypatch: pytest.MonkeyPatch, together: int) -> None:
    """By all distances, of points on a lattice too (many exactly eps apart), however many are looked at together."""
    monkeypatch.setattr(dbscan, "AT_ONCE", together)
    rng = np.random.default_rng(4)
    for scale in (300, 1_500):
        at, share = np.round(rng.uniform(0, scale, (400, 2)), -1), rng.uniform(0, 0.3, 400)
        near = ((at[:, None] - at) ** 2).sum(axis=2) <= 60**2
        pairs = dbscan._pairs_of_cores(at, share, 60)
        core = near @ share >= 1
        assert len(pairs) == len({tuple(pair) for pair in pairs.tolist()})
        assert sorted(map(tuple, pairs.tolist())) == sorted(map(tuple, np.argwhere(near & core[:, None]).tolist()))
        assert (0 < core.sum() < 400) == (scale == 1_500)
    assert dbscan._pairs_of_cores(at[:0], share[:0], 60).shape == (0, 2)


def uneven_search(city: CityProfile, eps: float, cells: int = 3_000, weights: np.ndarray | None = None) -> LocalDbscan:
    """A search over an uneven baseline of part of the city, for 6,000 alerts (of these weights)."""
    x, y = centres_in_metres(city.land_cells(12).index[:cells], city)
    ground = AlertGround(city.land_metres, x, y, 200)
    values = np.random.default_rng(1).gamma(1, 1, cells)
    expected = ground.smooth(ground.pixel(ground.enter(x, y)), values, 200)
    weights = np.ones(6_000) if weights is None else weights
    scatter = float((weights**2).sum() / weights.sum())
    return LocalDbscan(ground, expected * (weights.sum() / expected.sum()), eps, scatter)


@pytest.mark.parametrize("eps", [50, 150])
def test_the_lattice_expects_what_the_baseline_does_and_leaves_out_no_core(city: CityProfile, eps: float) -> None:
    """What can make a cluster is there, and no more: as the slow twin finds it by all distances."""
    lattice = dbscan.Lattice(search := uneven_search(city, eps, 700), 310)
    assert lattice.expected.sum() == pytest.approx(search.expected.sum())
    assert lattice.number(lattice.at[::7]).tolist() == list(range(0, len(lattice.at), 7))
    within = cKDTree(lattice.at).query_ball_point(lattice.at, eps + 1e-6)
    values = np.random.default_rng(3).poisson(1.3 * lattice.expected * 6_000 / lattice.expected.sum()).astype(float)
    minimum = search.minimum_at(lattice.at)
    sums = np.array([(values[some] / minimum[some]).sum() for some in within])
    near = np.unique(np.concatenate([within[core] for core in np.flatnonzero((sums >= 1) & (values > 0))]))
    wanted = near[values[near] > 0]
    assert lattice.near_cores(values).tolist() == wanted.tolist()
    assert 0 < len(wanted) < (values > 0).sum()


@pytest.mark.slow
@pytest.mark.parametrize("bursts", [ReportBursts(2.0, 40.0), *([SINGLE] if FULL else [])])
def test_both_ways_of_drawing_have_the_same_strongest_clusters(
    monkeypatch: pytest.MonkeyPatch, city: CityProfile, bursts: ReportBursts
) -> None:
    """Of 200 maps each by the test of Kolmogorov and Smirnov; of 80 it sees a shift by half a standard deviation."""
    alerts, runs = np.ones(12_000), effort(80, 200)
    search = uneven_search(city, 60, 700, alerts)
    assert np.count_nonzero(search.expected) * search.ground.side**2 / 310 < len(alerts)
    held = dbscan.strongest_of_chance(search, alerts, runs, 0, 310, bursts)
    monkeypatch.setattr(dbscan.Lattice, "near_cores", lambda _lattice, values: np.flatnonzero(values))
    whole = dbscan.strongest_of_chance(search, alerts, runs, 0, 310, bursts)
    assert np.allclose(held, whole)
    monkeypatch.setattr(dbscan.np, "count_nonzero", lambda _values: np.inf)
    single = dbscan.strongest_of_chance(search, alerts, runs, 1, 310, bursts)
    assert len(np.unique(held)) > 20
    assert ks_2samp(held, single).pvalue > 0.01


@pytest.mark.parametrize("seed", range(effort(2, 5)))
def test_halves_are_as_close_as_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    at = np.concatenate([rng.normal(0, 60, (90, 2)), rng.normal((200 - 40 * seed, 90), 40, (60, 2))])
    weight = rng.integers(1, 5, len(at)).astype(float)

    def spread(halves: np.ndarray) -> float:
        parts = [(at[halves == half], weight[halves == half]) for half in (0, 1)]
        means = [np.average(some, axis=0, weights=w) for some, w in parts]
        return float(sum((w * ((some - m) ** 2).sum(axis=1)).sum() for (some, w), m in zip(parts, means, strict=True)))

    peer = KMeans(2, n_init=10, random_state=0).fit(at, sample_weight=weight).labels_
    assert spread(dbscan.two_halves(at, weight)) == pytest.approx(spread(peer), rel=0.01)


def test_simulated_alerts_stand_on_hexagons_as_large_as_the_cells(city: CityProfile) -> None:
    at = np.random.default_rng(0).uniform(0, 2_000, (40_000, 2))
    area = cell_m2(np.asarray(city.land_cells(12).index))
    centres, member = on_hexagons(at, area)
    away = np.hypot(*(at - centres[member]).T)
    side = np.sqrt(2 * area / 3**0.5)
    assert away.max() <= side / 3**0.5 + 1e-9
    assert cKDTree(centres).query(at)[0] == pytest.approx(away)
    assert len(centres) == pytest.approx(2_000**2 / area, rel=0.05)
    assert cKDTree(centres).query(centres, k=2)[0][:, 1].min() == pytest.approx(side)
    assert 250 < area < 400


@pytest.mark.slow
def test_lines_by_land_are_those_of_the_slow_twin(city: CityProfile) -> None:
    land = city.land_cells(12)
    x, y = centres_in_metres(land.index, city)
    ground = AlertGround(city.land_metres, x, y, 200)
    at = ground.enter(x, y)
    rng = np.random.default_rng(1)
    start = rng.choice(np.flatnonzero(ground.near_water(200)[ground.pixel(at)]), 4_000)
    end = np.array([rng.choice(np.flatnonzero(np.hypot(x - x[a], y - y[a]) < 300)) for a in start])
    clear = ground.by_land(at[start], at[end])
    assert clear[~ground.near_water(300)[ground.pixel(at[start])]].all()
    wide = shapely.buffer(city.land_metres, 75)  # the shore, and the corners of two pixels
    narrow = shapely.buffer(city.land_metres, 15)
    lines = shapely.linestrings(np.stack([np.column_stack([x[start], y[start]]), np.column_stack([x[end], y[end]])], 1))
    shapely.prepare(wide)
    shapely.prepare(narrow)
    assert clear[shapely.covers(narrow, lines)].all()
    open_water = shapely.length(shapely.difference(lines, wide)) > 60
    assert open_water.sum() > 5
    assert not clear[open_water].any()


@pytest.mark.parametrize("tail", [0.001, 1e-6, 1e-12])
def test_the_minimum_is_the_first_count_that_chance_hardly_reaches(tail: float) -> None:
    expected = np.array([0.0, 0.5, 3.0, 12.0, 40.0, 900.0])
    minimum = minimum_alerts(expected, tail=tail)
    assert minimum_alerts(expected[:4], tail=tail).tolist() == minimum[:4].tolist()
    assert (poisson.sf(minimum - 1, expected) <= tail).all()
    larger = minimum > 5
    assert (poisson.sf(minimum[larger] - 2, expected[larger]) > tail).all()
    assert minimum[0] == 5


@pytest.mark.slow
def test_where_more_are_found_than_can_be_read_the_densest_are_left(
    city: CityProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    weak = {(23.64 + 0.006 * i, 37.955): 4.0 for i in range(4)}
    frame = drawn(city, 9_000, {STATION: 12, **weak})
    usual = find_clusters(frame, city, runs=19, alpha=0.05)
    assert len(usual.found) + usual.chance >= 4
    monkeypatch.setattr(clusters, "MOST_GROUPS", 1)
    strict = find_clusters(frame, city, runs=19, alpha=0.05)
    assert len(strict.found) + strict.chance == 1
    (cluster,) = strict.found
    x, y = city.project([cluster.longitude, STATION[0]], [cluster.latitude, STATION[1]])
    assert np.hypot(x[0] - x[1], y[0] - y[1]) < 60
    assert strict.eps == 150


def test_clusters_stand_in_the_order_of_alerts_surely_above_expected(city: CityProfile) -> None:
    frame = drawn(city, 9_000, {STATION: 6, (23.653, 37.955): 12}, radius=110)
    found = find_clusters(frame, city, runs=19, alpha=0.05).found
    assert len(found) > 1
    assert [one.rank for one in in_order(found)] == [one.rank for one in found] == list(range(1, len(found) + 1))


def wide_town() -> tuple[AlertGround, np.ndarray]:
    """A coast with a bay, 8 km wide, with 3,000 alerts in quarters of different density."""
    rng = np.random.default_rng(6)
    middles = rng.uniform(1_000, 7_000, (25, 2))
    at = middles[rng.integers(0, 25, 3_000)] + rng.normal(0, 400, (3_000, 2))
    land = shapely.box(0, 0, 8_000, 8_000).difference(shapely.Point(4_000, 8_000).buffer(1_500))
    at = at[shapely.contains_xy(land, *at.T)]
    ground = AlertGround(land, *at.T, 500)
    return ground, ground.pixel(ground.enter(*at.T))


@pytest.mark.parametrize("spread", [200, 280, 400, 500])
def test_smoothing_on_squares_is_near_that_on_pixels(monkeypatch: pytest.MonkeyPatch, spread: float) -> None:
    """In all 0.2 % of the baseline apart, and at nearly every alert less than 0.5 %."""
    ground, pixel = wide_town()
    assert grid._pixels_in(spread / ground.side) > 1
    on_squares = ground.smooth(pixel, np.ones(len(pixel)), spread)
    monkeypatch.setattr(grid, "SQUARES_IN", np.inf)
    on_pixels = ground.smooth(pixel, np.ones(len(pixel)), spread)
    assert np.abs(on_squares - on_pixels).sum() < 0.002 * on_pixels.sum()
    assert np.quantile(np.abs(on_squares[pixel] / on_pixels[pixel] - 1), 0.98) < 0.005
    assert on_squares.sum() == pytest.approx(len(pixel))


@pytest.mark.slow
@pytest.mark.parametrize("radius", [220, 400, *([200, 300] if FULL else [])])
def test_wide_discs_on_squares_are_near_those_of_the_slow_twin(radius: float) -> None:
    """The sum over the parts of pixels in each disc, measured as areas; most within 0.5 %, at a shore within 3 %."""
    ground, pixel = wide_town()
    expected = ground.smooth(pixel, np.ones(len(pixel)), 280)
    sums = ground.disc_sums(expected, radius)
    off = []
    for one in np.unique(pixel)[:: effort(80, 40)]:
        up, right = np.divmod(one, ground.shape[1])
        away = int(radius / ground.side) + 2
        rows, columns = (
            part.ravel() for part in np.meshgrid(*(np.arange(at - away, at + away + 1) for at in (up, right)))
        )
        boxes = shapely.box(columns, rows, columns + 1, rows + 1)
        disc = shapely.Point(right + 0.5, up + 0.5).buffer(radius / ground.side, quad_segs=64)
        share = shapely.area(shapely.intersection(boxes, disc))
        off.append(sums[one] / (share * expected[rows * ground.shape[1] + columns]).sum() - 1)
    assert np.quantile(np.abs(off), 0.8) < 0.005
    assert np.abs(off).max() < 0.03


def two_towns() -> tuple[shapely.Polygon, np.ndarray]:
    """A country 200 km wide with alerts in two towns and a hamlet."""
    rng = np.random.default_rng(3)
    towns = np.array([[20_000.0, 30_000.0], [150_000.0, 160_000.0], [150_000.0, 30_000.0]])
    at = towns[rng.choice(3, 600, p=[0.5, 0.45, 0.05])] + rng.normal(0, 700, (600, 2))
    return shapely.box(0, 0, 200_000, 200_000).difference(shapely.Point(20_500, 30_000).buffer(150)), at


def test_the_ground_of_a_country_is_that_of_its_towns() -> None:
    """Laid side by side on a small sheet, each place expects what the slow twin finds in the country itself."""
    land, at = two_towns()
    ground = AlertGround(land, *at.T, 200)
    inside = ground.enter(*at.T)
    assert len(ground.land) < 2_000_000
    same = cKDTree(at).query_pairs(400, output_type="ndarray")
    assert inside[same[:, 0]] - inside[same[:, 1]] == pytest.approx(at[same[:, 0]] - at[same[:, 1]])
    assert {tuple(pair) for pair in same} == {
        tuple(pair) for pair in cKDTree(inside).query_pairs(400, output_type="ndarray")
    }
    expected = ground.smooth(ground.pixel(inside), np.ones(len(at)), 200)
    assert expected.sum() == pytest.approx(600)
    middle = inside - inside % ground.side + ground.side / 2
    for one in range(0, 600, 60):
        weight = np.exp(-(((middle - middle[one]) ** 2).sum(axis=1)) / (2 * 200**2))
        near = np.hypot(*(inside - inside[one]).T) < 2_000
        density = expected[ground.pixel(inside[[one]])][0] / ground.land[ground.pixel(inside[[one]])][0]
        slow = (weight * near).sum() / (2 * np.pi * 0.2**2)
        if np.hypot(*(at[one] - (20_500, 30_000))) > 800:  # a lake takes land from the neighbourhood
            assert density == pytest.approx(slow, rel=0.05)


def test_distance_and_spread_follow_the_density_within_their_limits() -> None:
    rng = np.random.default_rng(0)
    sparse, dense = rng.uniform(0, 3_000, (40, 2)), rng.uniform(0, 3_000, (6_000, 2))
    wide, narrow = eps_for(*sparse.T, np.ones(40)), eps_for(*dense.T, np.ones(6_000))
    assert 50 <= narrow < wide <= 300
    assert eps_for([0.0], [0.0], [4]) == 300
    assert eps_for_precision(narrow, 1.0) == narrow
    assert eps_for_precision(narrow, 98.0) == 200
    assert [smoothing_width_for(n, 10) for n in (60, 6_000)] == [500, 200]


@pytest.mark.parametrize("seed", range(effort(3, 6)))
def test_the_distance_is_the_knee_of_the_slow_twin(seed: int) -> None:
    """Point by point: how far off the fifth alert is, without the farthest 5 %; farthest below the straight line."""
    rng = np.random.default_rng(seed)
    at = np.vstack([rng.normal(1_000, 150 + 40 * seed, (180, 2)), rng.uniform(0, 3_000, (120, 2))])
    counts = rng.integers(1, 4, len(at))
    reached = []
    for point in at:
        near = np.argsort(np.hypot(*(at - point).T))
        alerts, number = 0, -1
        while alerts < 5:
            number += 1
            alerts += counts[near[number]]
        reached.append(float(np.hypot(*(at[near[number]] - point))))
    curve = sorted(reached)[: int(0.95 * len(at))]
    slope = (curve[-1] - curve[0]) / (len(curve) - 1)
    below = [curve[0] + slope * number - value for number, value in enumerate(curve)]
    knee = curve[below.index(max(below))]
    assert eps_for(*at.T, counts) == min(max(round(knee, -1), 50), 300)


def test_two_clusters_of_one_coarse_cell_have_names_of_their_own() -> None:
    def at(longitude: float, latitude: float) -> Cluster:
        place = int(h3.latlng_to_cell(latitude, longitude, 10))
        return Cluster(
            f"{place:x}", (), longitude, latitude, 1, 10, 1.0, 10.0, 5.0, 20.0, 0.001, 0.01, shapely.Point()
        )  # fmt: skip

    latitude, longitude = h3.cell_to_latlng(h3.latlng_to_cell(37.9430, 23.6465, 10))
    one, other, far = at(longitude, latitude), at(longitude + 3e-4, latitude), at(longitude + 0.02, latitude)
    assert one.id == other.id != far.id
    named = _ranked([one, other, far])
    assert len({cluster.id for cluster in named}) == 3
    assert named[2] == replace(far, rank=3)
    assert {h3.get_resolution(int(cluster.id, 16)) for cluster in named[:2]} == {12}


def test_alerts_along_a_slanting_road_do_not_take_the_memory_of_the_land_beside_it() -> None:
    """The box round a line of 100 km across a country holds thirty times the land that is near the alerts."""
    rng = np.random.default_rng(4)
    at = rng.uniform(0, 100_000, (3_000, 1)) + rng.normal(0, 200, (3_000, 2))
    ground = AlertGround(shapely.box(-10_000, -10_000, 110_000, 110_000), *at.T, 500)
    assert len(ground.land) <= 16_000_000
    assert 20 < ground.side < 50  # no coarser than that asks for
    inside = ground.enter(*at.T)
    assert inside - inside[0] == pytest.approx(at - at[0])


def test_nothing_is_found_on_an_even_or_empty_map_or_on_coarse_coordinates(
    city: CityProfile, t: Translator, one: pd.DataFrame
) -> None:
    coarse, nothing = find_clusters(one, city, step=500), find_clusters(one.assign(n=0.0), city)
    assert (coarse.found, nothing.found, nothing.runs) == ((), (), 0)
    assert "only precise to 500 m" in t(coarse.choices[0].explanation)
    assert nothing.sentence(t) == "No cluster stands out from chance, among 0 alerts."
    assert "alerts. 1 other dense place is no stronger than" in replace(nothing, chance=1).sentence(t)
    thin = one.assign(n=0.0)
    thin.iloc[np.linspace(0, len(thin) - 1, 60).astype(int), 0] = 1.0
    result = find_clusters(thin, city)
    assert (result.found, result.runs, result.chance) == ((), 0, 0)


SIDES = (923.0, 349.0, 132.0)
TWO = ReportBursts(2.0, 60.0)


def known(phi: float) -> Dispersion:
    return Dispersion(phi, 1e6)


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
    assert "cannot be told" in t(UNKNOWN_BURSTS.choices[0].explanation)
    assert "random maps hold such bursts" in t(TWO.choices[0].explanation)
    assert SINGLE.choices == ()


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


@pytest.mark.slow
@pytest.mark.parametrize("together", [150_000, *([1] if FULL else [])])
def test_maps_are_those_of_the_slow_twin(monkeypatch: pytest.MonkeyPatch, city: CityProfile, together: int) -> None:
    """By how many pairs of alerts lie near each other and by the strongest clusters."""
    monkeypatch.setattr(dbscan, "DRAWN_TOGETHER", together)
    frame = drawn(city, 1_000, {STATION: 8})
    search, _, _ = grounded(city, frame, 80.0)
    bursts, cell, runs = ReportBursts(2.5, 40.0), 310.0, effort(60, 100)
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
    assert len(np.unique(strongest)) > 0.6 * runs
    quick = dbscan.strongest_of_chance(search, np.ones(1_000), runs, 7, cell, bursts)
    assert ks_2samp(strongest, quick).pvalue > 0.01


def burst_map(city: CityProfile, n: int, bursts: ReportBursts, seed: int) -> pd.DataFrame:
    """An even map of n reports in bursts, on fine cells."""
    land = city.land_cells(12)
    x, y = centres_in_metres(land.index, city)
    rng = np.random.default_rng(seed)
    weight = land.to_numpy() / land.sum()
    sizes = bursts.sizes(n, rng)
    burst = np.repeat(np.arange(len(sizes)), sizes)
    middle = rng.choice(len(land), int(burst[-1]) + 1, p=weight)
    at = np.column_stack([x, y])[middle[burst]] + rng.normal(0, bursts.metres, (n, 2))
    near, which = cKDTree(np.column_stack([x, y])).query(at)
    counts = np.bincount(which[near < 25], minlength=len(land))
    return pd.DataFrame({"n": counts.astype(float)}, index=land.index)


@pytest.mark.slow
def test_bursts_are_no_clusters_and_a_place_that_is_dense_is(city: CityProfile) -> None:
    """Bursts of three within 40 m: taken as single reports they are clusters, in maps with bursts they are not."""
    three = ReportBursts(3.0, 40.0)
    maps = [burst_map(city, 3_000, three, seed) for seed in range(effort(2, 3))]
    assert sum(len(find_clusters(frame, city, runs=99).found) for frame in maps) >= len(maps)
    assert not any(find_clusters(frame, city, runs=99, bursts=three).found for frame in maps)
    spot = drawn(city, 6_000, {STATION: 8})
    (plain,), (wide,) = (find_clusters(spot, city, runs=99, bursts=known).found for known in (None, TWO))
    assert wide.n == plain.n
    assert wide.low < plain.low < plain.high < wide.high
    assert wide.p == plain.p == 1 / 100


@pytest.mark.slow
def test_clusters_are_of_the_mapped_alerts_and_for_exact_audiences_alone(sample: Home) -> None:
    source = open_source(sample)
    found = cluster_study(source, AlertFilter())
    assert found.n == query.cells(source, AlertFilter(), CLUSTER_RESOLUTION).total
    assert any(choice.name == "piles" for choice in found.choices)
    with pytest.raises(DisclosureError):
        cluster_study(open_for(sample, Audience.COUNCIL), AlertFilter())
