"""Clusters of alerts with their outlines: DBSCAN* on fine weighted cells, each tested against a smoothed baseline.

Alerts are counted on H3 cells of resolution 12 (as large as squares of about 20 m, so a point moves by some 10 m at
most). A cell is the core of a cluster when the alerts within eps metres are more than the local baseline explains.
With one minimum for the whole city a smooth, dense quarter fills with clusters; so each cell's weight is its count
divided by the minimum that holds there, and a neighbourhood that sums to 1 makes a core. Only cores belong to a
cluster: with the border points, as first published, a hot spot of 90 m came out four times as large as it is.

Whether a cluster is more than chance is decided by simulation: alerts are drawn from the smoothed baseline, clustered
in the same way, and the strongest cluster of each simulated map is the reference. That corrects for having looked
everywhere. Simulated alerts stand on a lattice of hexagons as large as the fine cells, as the counted ones do.

Only cells that hold alerts are looked at, and only the land near them (`AlertGround`), so that time and memory grow
with the alerts and the land round them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, dataclass, replace
from typing import Any, Final

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import shapely
from h3ronpy.vector import coordinates_to_cells
from shapely.geometry.base import BaseGeometry

from analysis.dbscan import (
    MAX_EPS_M,
    TAIL,
    DenseGroup,
    Heaps,
    LocalDbscan,
    Points,
    enough,
    eps_for,
    eps_for_precision,
    strongest_of_chance,
)
from analysis.grid import AlertGround, SharedPoints, centres_in_metres, smoothing_width_for
from analysis.stats.dispersion import SINGLE, ReportBursts
from analysis.stats.intervals import CellPlace, Choice, Result, weighted_sum
from curim_data.model import N_, CityProfile, FloatArray, IntArray, Message, Translator
from curim_data.model.city import cell_polygons
from curim_data.model.extent import ask_shape
from curim_data.model.progress import report, stage

# As far as the centre of a fine cell (19 m) may lie off the land that it holds.
OUTLINE_REACH_M: Final = 15.0
_POLYGON: Final = 3


@dataclass(frozen=True)
class Cluster(CellPlace):
    """A dense place.

    `cells`: the fine cells under its outline; `n` alerts on them, `expected` by the smoothed baseline, `ratio` of both
    with its exact Poisson interval `low` to `high`; `p`: share of simulated maps with a cluster at least as strong,
    already corrected for having looked everywhere. `outline` in WGS84,
    clipped to the land. `least`: the smallest p that so many simulated maps can give.
    """

    rank: int
    n: int
    expected: float
    ratio: float
    low: float
    high: float
    p: float
    area_km2: float
    outline: BaseGeometry
    least: float = 0.0

    @property
    def q(self) -> float:
        """The corrected p-value, under the name that spots use."""
        return self.p

    def sentence(self, t: Translator) -> str:
        """Count, expectation, ratio and significance in words."""
        values: dict[str, Any] = {
            "expected": t.expected(self.expected),
            **{name: t.times(getattr(self, name)) for name in ("ratio", "low", "high")},
            "p": t.p(self.p, least=self.p <= self.least),
        }
        return t.n(
            "{n} alert where {expected} would be expected: {ratio} times as many (95 % interval {low} to {high}), {p}.",
            "{n} alerts where {expected} would be expected: {ratio} times as many (95 % interval {low} to {high}), "
            "{p}.",
            self.n,
            **values,
        )


@dataclass(frozen=True)
class Clusters(Result):
    """Clusters, strongest first; `n` alerts were looked at. Those above `alpha` are not kept: chance makes such too."""

    found: tuple[Cluster, ...]
    chance: int
    eps: float
    alpha: float
    runs: int

    def sentence(self, t: Translator) -> str:
        """How many clusters stand out, and how many were dismissed as chance."""
        text = (
            t.n("{n} cluster stands out from chance", "{n} clusters stand out from chance", len(self.found))
            if self.found
            else t("No cluster stands out from chance")
        )
        text = t("{found}, among {alerts} alerts.", found=text, alerts=self.n)
        if self.chance:
            text += " " + t.n(
                "{n} other dense place is no stronger than expected by chance.",
                "{n} other dense places are no stronger than expected by chance.",
                self.chance,
            )
        return text


def outline_around(points: Any, radius: float, city: CityProfile, within: BaseGeometry | None = None) -> BaseGeometry:
    """What lies within `radius` of points (array, shape (m, 2)), in metres, on the land.

    `within`: the ground to which it is limited, where it was cut from a larger one.

    Follows the points, unlike their convex hull. Of what the sea cuts off only the parts that hold a point are kept: a
    point on one quay does not reach over the harbour to the other.
    """
    at = [shapely.Point(point) for point in np.asarray(points, dtype=float)]
    around = shapely.union_all(shapely.buffer(at, radius, quad_segs=4))
    if within is not None:
        around = shapely.intersection(around, within)
    around = shapely.simplify(around, 5)
    parts = shapely.get_parts(shapely.intersection(around, city.land_metres))
    parts = parts[shapely.get_type_id(parts) == _POLYGON]
    # Centres of cells at the shore may stand in the water: a few metres do not make a part another one's.
    held = parts[np.unique(shapely.STRtree(at).query(parts, predicate="dwithin", distance=OUTLINE_REACH_M)[0])]
    return shapely.union_all(held if len(held) else parts)


def in_degrees(city: CityProfile, x: Any, y: Any) -> tuple[Any, Any]:
    """Longitude and latitude (WGS84) of positions in the city's metres."""
    return city.to_metres.transform(x, y, direction="INVERSE")


RUNS: Final = 199
FEWEST_RUNS: Final = 99
# Seconds for the simulated maps, and what an alert of one costs: the number of maps follows from the number of alerts
# and not from a clock, so that the same alerts give the same answer on every machine.
SIMULATION_SECONDS: Final = 2.0
SECONDS_AN_ALERT: Final = 1e-6
BURSTS_TAKE: Final = 5  # times as long to draw an alert of a burst, and to look around it
# Stricter than for cells: maps are looked at under many filters, and each look may show a chance cluster.
ALPHA: Final = 0.01
# More dense places than these nobody reads, as ten years of a large city hold: then alerts are joined over a wider
# distance, as far as a measure around a point reaches, and a cluster needs more alerts.
MOST_GROUPS: Final = 200
WIDER_EPS_M: Final = 150.0
STRICTER_TAILS: Final = (TAIL, 1e-6, 1e-9, 1e-12)


def find_clusters(
    fine: pd.DataFrame,
    city: CityProfile,
    *,
    step: float = 1.0,
    runs: int | None = None,
    seed: int = 0,
    alpha: float = ALPHA,
    bursts: ReportBursts | None = None,
    points: SharedPoints | None = None,
) -> Clusters:
    """Find clusters of alerts and keep those that chance does not explain.

    Parameters
    ----------
    fine : DataFrame, index cell (int64, H3 resolution 11 or finer)
        Alerts by cell (column n), the cells in order; cells without alerts may be left out.
    city : CityProfile
        For metres and for the land that clips outlines.
    step : float
        Metres between distinguishable positions; alerts are joined over two of them at least (`eps_for`).
    runs, seed : int
        Simulated maps and their seed; p is at least 1 / (runs + 1). The number is chosen by `runs_for` when left out.
    alpha : float
        Largest p of a cluster that is kept.
    bursts : ReportBursts, optional
        In which alerts come: the simulated maps hold such bursts too, and intervals are those of effective counts.
        Alerts are taken as independent when left out.
    points : SharedPoints, optional
        On which alerts stand: what is expected is moved to them as the alerts were, in the simulated maps too.

    References
    ----------
    Ester, M. et al. (1996). A density-based algorithm for discovering clusters. KDD-96, 226–231.
    Campello, R. et al. (2013). Density-based clustering based on hierarchical density estimates. PAKDD, 160–172
    (DBSCAN*: cores only).
    Kulldorff, M. (1997). A spatial scan statistic. Communications in Statistics 26, 1481–1496 (the likelihood ratio
    and the simulated maximum as reference).
    Fay, M. P. and Feuer, E. J. (1997). Confidence intervals for directly standardized rates. Statistics in Medicine
    16, 791–801 (here of effective counts; that of Garwood 1936 where alerts are independent).
    """
    counted = _counted(fine)
    total = float(counted.counts.sum())
    if total <= 0:
        return Clusters((), 0, MAX_EPS_M, alpha, 0, n=0)
    x, y = centres_in_metres(counted.cells, city)
    eps = eps_for_precision(eps_for(x, y, counted.counts), step)
    if eps > MAX_EPS_M:
        too_coarse = Message(
            "The coordinates are only precise to {step} m: no cluster can be identified, because it would cover more "
            "than one place.",
            {"step": round(step)},
        )
        return Clusters((), 0, MAX_EPS_M, alpha, 0, n=round(total), choices=(Choice("eps", step, too_coarse),))
    spread = smoothing_width_for(total, city.land_metres.area / 1e6)
    with stage(0.0, 0.15, Message("Finding dense places")):
        dense = _dense(city, x, y, counted, spread, eps, points)
    drawn = np.ones(round(total))
    in_bursts = bursts is not None and bursts.reports > 1
    maps = (runs or runs_for(len(drawn), in_bursts)) if dense.groups else 0
    with stage(0.15, 0.9, Message("Simulating random maps")):
        p_values = _p_values(dense, drawn, maps, seed, cell_m2(counted.cells), bursts or SINGLE)
    kept = [(group, float(p)) for group, p in zip(dense.groups, p_values, strict=True) if p <= alpha]
    with stage(0.9, 1.0, Message("Drawing outlines")):
        found = _drawn_clusters(_Land(city, x, y), dense, counted, kept, 1 / (maps + 1), bursts or SINGLE)
    return Clusters(
        found=found,
        n=round(total),
        chance=len(dense.groups) - len(kept),
        eps=dense.search.eps,
        alpha=alpha,
        runs=maps,
        choices=(
            Choice("eps", dense.search.eps, Message(_JOINED, {"metres": round(dense.search.eps)})),
            *(bursts or SINGLE).choices,
            *(() if points is None else (points.choice,)),
        ),
    )


_JOINED: Final = N_("Alerts within {metres} m of each other are joined.")


@dataclass(frozen=True)
class _Dense:
    """Dense places before they are tested: the search that found them and its points."""

    search: LocalDbscan
    points: Points
    groups: list[DenseGroup]


def _counted(fine: pd.DataFrame) -> _Alerts:
    """The cells that hold alerts, in order."""
    data = fine.set_index("cell") if "cell" in fine.columns else fine
    cells = np.asarray(data.index, dtype=np.int64)
    counts = data["n"].to_numpy(float)
    used = counts > 0
    return _Alerts(cells[used], counts[used])


def _dense(
    city: CityProfile,
    x: FloatArray,
    y: FloatArray,
    counted: _Alerts,
    spread: float,
    eps: float,
    shared: SharedPoints | None,
) -> _Dense:
    """The dense places; found by stricter settings if they are more than can be read."""
    # What the baseline expects on each pixel of the ground round the alerts: as much as there is in all.
    ground = AlertGround(city.land_metres, x, y, spread)
    expected = ground.smooth(ground.pixel(ground.enter(x, y)), counted.counts, spread)
    expected *= counted.counts.sum() / max(expected.sum(), 1e-12)
    heaps = None if shared is None else Heaps.of(ground, expected, shared.x, shared.y, shared.share)
    search = LocalDbscan(ground, expected, eps, heaps=heaps, smoothed_m=spread)
    points = Points(ground.enter(x, y), counted.counts)
    groups = enough(search.find(points), counted.counts)
    if len(groups) > MOST_GROUPS:
        search, groups = _fewer(search, points, counted.counts)
    return _Dense(search, points, groups)


def _p_values(
    dense: _Dense, weights: FloatArray, maps: int, seed: int, cell: float, bursts: ReportBursts
) -> FloatArray:
    """Of each dense place: its rank among the strongest clusters of the simulated maps."""
    if not dense.groups:
        return np.zeros(0)
    strengths = np.array([dense.search.strength(dense.points, group) for group in dense.groups])
    reference = strongest_of_chance(dense.search, weights, maps, seed, cell, bursts)
    return np.asarray((1 + (reference[None, :] >= strengths[:, None]).sum(axis=1)) / (maps + 1))


def _drawn_clusters(
    land: _Land,
    dense: _Dense,
    counted: _Alerts,
    kept: list[tuple[DenseGroup, float]],
    least: float,
    bursts: ReportBursts,
) -> tuple[Cluster, ...]:
    """The dense places that are kept, with their outlines, in the order of alerts surely above what is expected."""
    found = []
    for number, (group, p) in enumerate(kept):
        report(number / len(kept))
        found.append(replace(_cluster(land, dense, counted, group, p, bursts), least=least))
    return _ranked(sorted(found, key=lambda c: (-c.expected * (c.low - 1), -c.n, c.id)))


def _ranked(found: list[Cluster]) -> tuple[Cluster, ...]:
    """Clusters with their ranks, and finer ids where two share a cell of resolution 10."""
    shared = Counter(cluster.id for cluster in found)
    finer = [f"{int(h3.latlng_to_cell(one.latitude, one.longitude, 12)):x}" for one in found]
    ids = [one.id if shared[one.id] < 2 else name for one, name in zip(found, finer, strict=True)]
    return tuple(replace(one, rank=rank, id=ids[rank - 1]) for rank, one in enumerate(found, 1))


def _fewer(search: LocalDbscan, points: Points, counts: FloatArray) -> tuple[LocalDbscan, list[DenseGroup]]:
    """The first stricter setting that leaves as many groups as can be read; else the strictest, and its groups."""
    eps, groups = max(search.eps, WIDER_EPS_M), []
    for number, tail in enumerate(STRICTER_TAILS):
        report(number / len(STRICTER_TAILS))
        search = search.stricter(eps, tail)
        groups = enough(search.find(points), counts)
        if len(groups) <= MOST_GROUPS:
            break
    return search, groups


def runs_for(alerts: int, in_bursts: bool = False) -> int:
    """How many maps to simulate: 199, or 99 where so many alerts would take more than some two seconds.

    The time of a map is estimated from the number of alerts, about a microsecond each, and several where they are drawn
    in bursts. Fewer than 99 could not show a p of 0.01, the largest that is kept.
    """
    many = RUNS * alerts * (SECONDS_AN_ALERT * (BURSTS_TAKE if in_bursts else 1)) <= SIMULATION_SECONDS
    return RUNS if many else FEWEST_RUNS


def cell_m2(cells: IntArray) -> float:
    """Square metres of a cell, measured in the middle of those given."""
    return float(h3.cell_area(np.uint64(cells[len(cells) // 2]), unit="m^2"))


@dataclass(frozen=True)
class _Alerts:
    """The alerts of each cell."""

    cells: IntArray
    counts: FloatArray


@dataclass(frozen=True)
class _Land:
    """The city, and where the cells with alerts are in its metres."""

    city: CityProfile
    x: FloatArray
    y: FloatArray

    def outline(self, search: LocalDbscan, points: Points, group: DenseGroup) -> tuple[BaseGeometry, FloatArray]:
        """The outline in the city's metres, and how far the sheet of the ground was moved there."""
        at = np.column_stack([self.x[group.cores], self.y[group.cores]])
        moved: FloatArray = at[0] - points.at[group.cores[0]]
        within = None
        if group.cut:
            middle, half = search.middles(group.squares) + moved, search.square / 2
            within = shapely.union_all(
                shapely.box(middle[:, 0] - half, middle[:, 1] - half, middle[:, 0] + half, middle[:, 1] + half)
            )
        return outline_around(at, group.eps / 2, self.city, within), moved

    def cells(self, search: LocalDbscan, group: DenseGroup, alerts: _Alerts, moved: FloatArray) -> tuple[int, ...]:
        """The fine cells under an outline: those of the counted alerts, and the empty ones whose centre lies there."""
        middle = search.middles(group.squares) + moved
        quarter = search.square / 4
        corners = [middle + np.array([dx, dy]) for dx in (-quarter, quarter) for dy in (-quarter, quarter)]
        at = in_degrees(self.city, *np.concatenate(corners).T)
        resolution = h3.get_resolution(np.uint64(alerts.cells[0]))
        touched = np.unique(coordinates_to_cells(at[1], at[0], resolution).to_numpy()).astype(np.int64)
        x, y = centres_in_metres(touched, self.city)
        square = search.squares_at(np.column_stack([x, y]) - moved)
        held = alerts.cells[np.clip(np.searchsorted(alerts.cells, touched), 0, len(alerts.cells) - 1)] == touched
        empty = touched[np.isin(square, group.squares) & ~held]
        middles = shapely.points(*centres_in_metres(empty, self.city))
        shore = np.atleast_1d(~ask_shape(shapely.contains_properly, self.city.land_metres, middles))
        if shore.any():
            shore[shore] = ~ask_shape(shapely.intersects, self.city.land, cell_polygons(empty[shore]))
        return tuple(int(cell) for cell in np.sort(np.concatenate([empty[~shore], alerts.cells[group.under]])))


def _cluster(land: _Land, dense: _Dense, alerts: _Alerts, group: DenseGroup, p: float, bursts: ReportBursts) -> Cluster:
    search, points = dense.search, dense.points
    under, values = group.under, alerts.counts
    count, expected = float(values[under].sum()), search.expected_of(points, group)
    wider = bursts.dispersion(search.square * float(np.sqrt(len(group.squares))))
    _, low, high = astuple(weighted_sum(count, wider * count, wider))
    x, y = (float(np.average(at[under], weights=values[under])) for at in (land.x, land.y))
    longitude, latitude = in_degrees(land.city, x, y)
    outline, moved = land.outline(search, points, group)
    return Cluster(
        id=f"{int(h3.latlng_to_cell(latitude, longitude, 10)):x}",
        rank=0,
        cells=land.cells(search, group, alerts, moved),
        n=round(float(alerts.counts[under].sum())),
        expected=expected,
        ratio=count / expected,
        low=low / expected,
        high=high / expected,
        p=p,
        area_km2=float(shapely.area(outline)) / 1e6,
        outline=shapely.transform(outline, lambda xy: np.column_stack(in_degrees(land.city, *xy.T))),
        longitude=float(longitude),
        latitude=float(latitude),
    )
