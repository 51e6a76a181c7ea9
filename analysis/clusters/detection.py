"""Clusters of alerts: DBSCAN* on fine weighted cells in metres, each tested against a smoothed local baseline.

Alerts are counted on H3 cells of resolution 12 (as large as squares of about 20 m, so a point moves by some 10 m at
most). A cell is the core of a cluster when the alerts within eps metres are more than the local baseline explains.
With one minimum for the whole city a smooth, dense quarter fills with clusters; so each cell's weight is its count
divided by the minimum that holds there, and a neighbourhood that sums to 1 makes a core. Only cores belong to a
cluster: with the border points, as first published, a hot spot of 90 m came out four times as large as it is.

Whether a cluster is more than chance is decided by simulation: alerts are drawn from the smoothed baseline, clustered
in the same way, and the strongest cluster of each simulated map is the reference. That corrects for having looked
everywhere.

Alerts may count by their severity (`analysis.stats.severity_weights`). Then the baseline is that of the weighted
alerts, and each simulated map draws as many alerts from it and gives them the observed weights in a random order: a
heavy alert is heavy wherever it falls, so that two of them beside each other are no pattern.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import shapely

from analysis.clusters.dbscan import (
    MAX_AREA_KM2,
    MAX_EPS_M,
    MIN_ALERTS,
    DenseGroup,
    LocalDbscan,
    eps_for,
    eps_for_precision,
)
from analysis.clusters.results import Cluster, Clusters, outline_around, shape_in_degrees, transformer_to_degrees
from analysis.grid.baseline import LandGrid, centres_in_metres, smoothing_width_for
from analysis.hotspots.settings import INDEPENDENT
from analysis.stats.intervals import weighted_sum
from analysis.stats.result import Choice
from analysis.stats.severity_weights import SeverityWeights
from curim_data.model import CityProfile, FloatArray, IntArray, Message, Num

RUNS: Final = 199
# Stricter than for cells: maps are looked at under many filters, and each look may show a chance cluster.
ALPHA: Final = 0.01


def find_clusters(
    fine: pd.DataFrame,
    city: CityProfile,
    *,
    base: pd.Series | None = None,
    weights: SeverityWeights | None = None,
    eps: float | None = None,
    step: float = 1.0,
    runs: int = RUNS,
    seed: int = 0,
    alpha: float = ALPHA,
) -> Clusters:
    """Find clusters of alerts and keep those that chance does not explain.

    Parameters
    ----------
    fine : DataFrame, index cell (int64, H3 resolution 11 or finer)
        The land mask with columns n and land_km2, zeros included.
    city : CityProfile
        For metres and for the land that clips outlines.
    base : Series, index cell, optional
        Base population by fine cell; the baseline is then its smoothed share instead of that of the alerts.
    weights : Weights, optional
        The alerts of the same cells by weight, as from `analysis.stats.severity_weights.by_severity`; each counts one
    when left out. eps : float, optional
        Metres that join alerts; chosen by `eps_for` when left out.
    step : float
        Metres between positions that can be told apart; without `eps`, alerts are joined over two of them at least.
    runs, seed : int
        Simulated maps and their seed; p is at least 1 / (runs + 1).
    alpha : float
        Largest p of a cluster that is kept.

    Raises
    ------
    ValueError
        For cells coarser than resolution 11, on which metres mean little, and for weights of other alerts.

    References
    ----------
    Ester, M. et al. (1996). A density-based algorithm for discovering clusters. KDD-96, 226–231.
    Campello, R. et al. (2013). Density-based clustering based on hierarchical density estimates. PAKDD, 160–172
    (DBSCAN*: cores only).
    Kulldorff, M. (1997). A spatial scan statistic. Communications in Statistics 26, 1481–1496 (the likelihood ratio
    and the simulated maximum as reference).
    Fay, M. P. and Feuer, E. J. (1997). Confidence intervals for directly standardized rates. Statistics in Medicine
    16, 791–801 (the interval of a sum of weights; that of Garwood 1936 where all weigh one).
    """
    data = fine.set_index("cell") if "cell" in fine.columns else fine
    cells = np.asarray(data.index, dtype=np.int64)
    if len(cells) and int(cells[0] >> 52 & 15) < 11:
        raise ValueError("clusters need cells of H3 resolution 11 or finer")
    counts = data["low" if "low" in data else "n"].to_numpy(float)
    total = float(counts.sum())
    if weights is not None and not np.array_equal(weights.counts.sum(axis=1), counts):
        raise ValueError("the weights are of other alerts than those that are counted")
    if total <= 0:
        return Clusters((), 0, 0, eps or MAX_EPS_M, alpha, runs, ())
    x, y = centres_in_metres(cells, city)
    ground = LandGrid(x, y, data["land_km2"].to_numpy(float))
    used = counts > 0
    chosen_eps = (
        eps_for_precision(eps_for(x[used], y[used], counts[used]), step)
        if eps is None
        else Choice("eps", eps, Message("Alerts within {metres} m are joined, as set.", {"metres": round(eps)}))
    )
    if eps is None and float(chosen_eps.value) > MAX_EPS_M:
        coarse = Message(
            "The coordinates are only precise to {step} m: no cluster can be identified, because it would cover more "
            "than one place.",
            {"step": round(step)},
        )
        return Clusters((), round(total), 0, MAX_EPS_M, alpha, 0, (Choice("eps", step, coarse),))
    spread = smoothing_width_for(total, float(ground.land.sum()))
    values = counts if weights is None else weights.sums
    followed = values if base is None else base.reindex(data.index).fillna(0).to_numpy(float)
    expected = ground.smooth(followed, float(spread.value))
    expected *= values.sum() / max(expected.sum(), 1e-12)
    search = LocalDbscan(ground, expected, float(chosen_eps.value), 1.0 if weights is None else weights.scatter)
    groups = _enough(search.find(values), counts)
    strengths = np.array([search.strength(values, group) for group in groups])
    drawn = np.ones(round(total)) if weights is None else weights.drawn
    reference = _reference(search, drawn, runs, seed) if groups else np.zeros(0)
    alerts = _Alerts(cells, counts, weights)
    found = [
        _cluster(city, search, alerts, group, (1 + float((reference >= strength).sum())) / (runs + 1))
        for group, strength in zip(groups, strengths, strict=True)
    ]
    found = [replace(cluster, least=1 / (runs + 1)) for cluster in found]
    kept = sorted((c for c in found if c.p <= alpha), key=lambda c: (-c.low, -c.n, c.id))
    return Clusters(
        found=tuple(_named(replace(cluster, rank=rank), kept) for rank, cluster in enumerate(kept, 1)),
        n=round(total),
        chance=len(found) - len(kept),
        eps=float(chosen_eps.value),
        alpha=alpha,
        runs=runs,
        choices=(chosen_eps, spread, *_choices(search, values, runs, alpha, weights)),
        weighted=weights is not None,
    )


def _enough(groups: list[DenseGroup], counts: FloatArray) -> list[DenseGroup]:
    """The groups of five alerts or more: with weights, two grave ones reach the minimum and are no pattern."""
    return [group for group in groups if counts[group.under].sum() >= MIN_ALERTS]


def _reference(search: LocalDbscan, weights: FloatArray, runs: int, seed: int) -> FloatArray:
    """The strongest cluster of each simulated map of as many alerts with these weights."""
    random = np.random.default_rng(seed)
    bounds = np.cumsum(search.expected)
    strongest = np.zeros(runs)
    plain = bool((weights == 1).all())
    for run in range(runs):
        drawn = np.searchsorted(bounds, random.random(len(weights)) * bounds[-1], side="right")
        counts = np.bincount(drawn, minlength=len(bounds)).astype(float)
        values: FloatArray = (
            counts if plain else np.bincount(drawn, random.permutation(weights), len(bounds)).astype(float)
        )
        groups = search.find(counts) if plain else _enough(search.find(values), counts)
        strongest[run] = max((search.strength(values, group) for group in groups), default=0.0)
    return strongest


@dataclass(frozen=True)
class _Alerts:
    """The alerts of each cell: how many, and their weights where they have some."""

    cells: IntArray
    counts: FloatArray
    weights: SeverityWeights | None

    @property
    def values(self) -> FloatArray:
        return self.counts if self.weights is None else self.weights.sums

    def interval(self, under: IntArray) -> tuple[float, float]:
        """The 95 % interval of the sum of weights (or of the count) over some cells, by Fay and Feuer."""
        total = float(self.values[under].sum())
        spread, heaviest = total, 1.0
        if self.weights is not None:
            spread, heaviest = float(self.weights.squares[under].sum()), self.weights.largest
        found = weighted_sum(total, spread, heaviest)
        return found.low, found.high


def _cluster(city: CityProfile, search: LocalDbscan, alerts: _Alerts, group: DenseGroup, p: float) -> Cluster:
    under, values = group.under, alerts.values
    count, expected = float(values[under].sum()), float(search.expected[under].sum())
    low, high = alerts.interval(under)
    x, y = (float(np.average(search.points[under, axis], weights=values[under])) for axis in (0, 1))
    longitude, latitude = transformer_to_degrees(city).transform(x, y)
    outline = outline_around(
        search.points[group.cores], group.eps / 2, city, search.points[under] if group.cut else None
    )
    return Cluster(
        id=f"{int(h3.latlng_to_cell(latitude, longitude, 10)):x}",
        rank=0,
        cells=tuple(int(cell) for cell in alerts.cells[under]),
        n=round(float(alerts.counts[under].sum())),
        expected=expected,
        ratio=count / expected,
        low=low / expected,
        high=high / expected,
        p=p,
        area_km2=float(shapely.area(outline)) / 1e6,
        outline=shape_in_degrees(outline, city),
        longitude=float(longitude),
        latitude=float(latitude),
        weight=None if alerts.weights is None else count,
    )


def _named(cluster: Cluster, others: list[Cluster]) -> Cluster:
    """The same with a finer id where two clusters share a cell of resolution 10."""
    if sum(other.id == cluster.id for other in others) < 2:
        return cluster
    return replace(cluster, id=f"{int(h3.latlng_to_cell(cluster.latitude, cluster.longitude, 12)):x}")


def _choices(
    search: LocalDbscan, values: FloatArray, runs: int, alpha: float, weights: SeverityWeights | None
) -> tuple[Choice, ...]:
    least, most = (int(edge(search.minimum[values > 0])) for edge in (np.min, np.max))
    minimum = (
        Message(
            "A cluster needs at least {least} to {most} alerts within that distance, by the local expectation: chance "
            "reaches so many in one of a thousand places."
        )
        if weights is None
        else Message(
            "A cluster needs alerts that weigh at least {least} to {most} within that distance, by the local "
            "expectation: chance reaches so much in one of a thousand places."
        )
    )
    compound = Choice(
        "compound",
        1,
        Message(
            "Simulated alerts fall by the smoothed density of the weighted alerts and get the observed severities in a "
            "random order; a cluster has five alerts or more, whatever they weigh."
        ),
    )
    return (
        *(() if weights is None else (*weights.choices, compound)),
        Choice(
            "expected",
            1,
            Message(
                "What is expected comes from the smoothed density, which holds the alerts of the place itself too: the "
                "ratio is lower than that of the layer of significance, and its interval takes the expectation as "
                "known."
            ),
        ),
        Choice("minimum", least, Message(minimum.text, {"least": least, "most": most})),
        Choice(
            "runs",
            runs,
            Message(
                "Its significance is its rank among the strongest clusters of {runs} simulated maps of chance; kept is "
                "what at most {percent} % of them reach.",
                {"runs": runs, "percent": Num(100 * alpha, 0)},
            ),
        ),
        Choice(
            "largest",
            MAX_AREA_KM2,
            Message(
                ("A cluster over {area} km² is too large for one place: it is split again."),
                {"area": Num(MAX_AREA_KM2, 2)},
            ),
        ),
        INDEPENDENT,
    )
