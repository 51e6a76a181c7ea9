"""Clusters of alerts: DBSCAN* on fine weighted cells in metres, each tested against a smoothed local baseline.

Alerts are counted on H3 cells of resolution 12 (as large as squares of about 20 m, so a point moves by some 10 m at
most). A cell is the core of a cluster when the alerts within eps metres are more than the local baseline explains.
With one minimum for the whole city a smooth, dense quarter fills with clusters; so each cell's weight is its count
divided by the minimum that holds there, and a neighbourhood that sums to 1 makes a core. Only cores belong to a
cluster: with the border points, as first published, a hot spot of 90 m came out four times as large as it is.

Whether a cluster is more than chance is decided by simulation: alerts are drawn from the smoothed baseline, clustered
in the same way, and the strongest cluster of each simulated map is the reference. That corrects for having looked
everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer
from scipy.stats import chi2
from shapely.geometry.base import BaseGeometry

from analysis.baseline import Ground, metres, spread_for
from analysis.dbscan import LARGEST_KM2, WIDEST_M, Group, Ints, Search, eps_for, least_alerts
from analysis.hotspot_choices import INDEPENDENT
from analysis.result import Choice
from analysis.significance import Floats
from curim_data.city import CityProfile
from curim_data.i18n import Message, Num, Translator

__all__ = ["Cluster", "Clusters", "clusters", "eps_for", "least_alerts"]

RUNS: Final = 199
# Stricter than for cells: maps are looked at under many filters, and each look may show a chance cluster.
ALPHA: Final = 0.01


@dataclass(frozen=True)
class Cluster:
    """A dense place.

    `cells`: the fine cells under its outline; `n` alerts on them, `expected` by the smoothed baseline, `ratio` of both
    with its exact Poisson interval `low` to `high`; `p`: share of simulated maps with a cluster at least as strong,
    already corrected for having looked everywhere. `outline` in WGS84, clipped to the land.
    """

    id: str
    rank: int
    cells: tuple[int, ...]
    n: int
    expected: float
    ratio: float
    low: float
    high: float
    p: float
    area_km2: float
    outline: BaseGeometry
    longitude: float
    latitude: float

    @property
    def q(self) -> float:
        """The corrected p-value, under the name that spots use."""
        return self.p

    @property
    def names(self) -> tuple[str, ...]:
        """Its cells as H3 names."""
        return tuple(f"{cell:x}" for cell in self.cells)

    def sentence(self, t: Translator) -> str:
        """Count, expectation, ratio and significance in words."""
        return t.n(
            "{n} alert where {expected} would be expected: {ratio} times as many (95 % interval {low} to {high}), "
            "p = {p}.",
            "{n} alerts where {expected} would be expected: {ratio} times as many (95 % interval {low} to {high}), "
            "p = {p}.",
            self.n,
            expected=self.expected,
            ratio=self.ratio,
            low=self.low,
            high=self.high,
            p=t.p_value(self.p),
        )


@dataclass(frozen=True)
class Clusters:
    """Clusters, strongest first; `n` alerts were looked at. Those above `alpha` are not kept: chance makes such too."""

    found: tuple[Cluster, ...]
    n: int
    chance: int
    eps: float
    alpha: float
    runs: int
    choices: tuple[Choice, ...]

    def sentence(self, t: Translator) -> str:
        """How many clusters stand out, and how many were set aside as chance."""
        text = (
            t.n("{n} cluster stands out from chance", "{n} clusters stand out from chance", len(self.found))
            if self.found
            else t("No cluster stands out from chance")
        )
        text = t("{found}, among {alerts} alerts.", found=text, alerts=self.n)
        if self.chance:
            text += " " + t.n(
                "{n} more dense place is no stronger than what chance makes.",
                "{n} more dense places are no stronger than what chance makes.",
                self.chance,
            )
        return text


def clusters(
    fine: pd.DataFrame,
    city: CityProfile,
    *,
    base: pd.Series | None = None,
    eps: float | None = None,
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
    eps : float, optional
        Metres that join alerts; chosen by `eps_for` when left out.
    runs, seed : int
        Simulated maps and their seed; p is at least 1 / (runs + 1).
    alpha : float
        Largest p of a cluster that is kept.

    Raises
    ------
    ValueError
        For cells coarser than resolution 11, on which metres mean little.

    References
    ----------
    Ester, M. et al. (1996). A density-based algorithm for discovering clusters. KDD-96, 226–231.
    Campello, R. et al. (2013). Density-based clustering based on hierarchical density estimates. PAKDD, 160–172
    (DBSCAN*: cores only).
    Kulldorff, M. (1997). A spatial scan statistic. Communications in Statistics 26, 1481–1496 (the likelihood ratio
    and the simulated maximum as reference).
    """
    data = fine.set_index("cell") if "cell" in fine.columns else fine
    cells = np.asarray(data.index, dtype=np.int64)
    if len(cells) and int(cells[0] >> 52 & 15) < 11:
        raise ValueError("clusters need cells of H3 resolution 11 or finer")
    counts = data["low" if "low" in data else "n"].to_numpy(float)
    total = float(counts.sum())
    if total <= 0:
        return Clusters((), 0, 0, eps or WIDEST_M, alpha, runs, ())
    x, y = metres(cells, city)
    ground = Ground(x, y, data["land_km2"].to_numpy(float))
    used = counts > 0
    chosen_eps = (
        eps_for(x[used], y[used], counts[used])
        if eps is None
        else Choice("eps", eps, Message("Alerts within {metres} m are joined, as set.", {"metres": round(eps)}))
    )
    spread = spread_for(total, float(ground.land.sum()))
    followed = counts if base is None else base.reindex(data.index).fillna(0).to_numpy(float)
    expected = ground.smooth(followed, float(spread.value))
    expected *= total / max(expected.sum(), 1e-12)
    search = Search(ground, expected, float(chosen_eps.value))
    groups = search.find(counts)
    strengths = np.array([search.strength(counts, group) for group in groups])
    reference = _reference(search, round(total), runs, seed) if groups else np.zeros(0)
    found = [
        _cluster(city, search, counts, cells, group, (1 + float((reference >= strength).sum())) / (runs + 1))
        for group, strength in zip(groups, strengths, strict=True)
    ]
    kept = sorted((c for c in found if c.p <= alpha), key=lambda c: (-c.low, -c.n, c.id))
    return Clusters(
        found=tuple(_named(replace(cluster, rank=rank), kept) for rank, cluster in enumerate(kept, 1)),
        n=round(total),
        chance=len(found) - len(kept),
        eps=float(chosen_eps.value),
        alpha=alpha,
        runs=runs,
        choices=(chosen_eps, spread, *_told(search, counts, runs, alpha)),
    )


def _reference(search: Search, total: int, runs: int, seed: int) -> Floats:
    """The strongest cluster of each simulated map."""
    random = np.random.default_rng(seed)
    bounds = np.cumsum(search.expected)
    strongest = np.zeros(runs)
    for run in range(runs):
        drawn = np.searchsorted(bounds, random.random(total) * bounds[-1], side="right")
        counts = np.bincount(drawn, minlength=len(bounds)).astype(float)
        strongest[run] = max((search.strength(counts, group) for group in search.find(counts)), default=0.0)
    return strongest


def _cluster(city: CityProfile, search: Search, counts: Floats, cells: Ints, group: Group, p: float) -> Cluster:
    under = group.under
    count, expected = float(counts[under].sum()), float(search.expected[under].sum())
    x, y = (float(np.average(search.points[under, axis], weights=counts[under])) for axis in (0, 1))
    back = Transformer.from_crs(city.epsg, 4326, always_xy=True)
    longitude, latitude = back.transform(x, y)
    outline = shapely.union_all(shapely.buffer(shapely.points(search.points[group.cores]), group.eps / 2, quad_segs=4))
    outline = shapely.intersection(shapely.simplify(outline, 5), city.land_metres)
    return Cluster(
        id=f"{int(h3.latlng_to_cell(latitude, longitude, 10)):x}",
        rank=0,
        cells=tuple(int(cell) for cell in cells[under]),
        n=round(count),
        expected=expected,
        ratio=count / expected,
        low=float(chi2.ppf(0.025, 2 * count)) / 2 / expected,
        high=float(chi2.ppf(0.975, 2 * count + 2)) / 2 / expected,
        p=p,
        area_km2=float(shapely.area(outline)) / 1e6,
        outline=shapely.transform(outline, lambda xy: np.column_stack(back.transform(*xy.T))),
        longitude=float(longitude),
        latitude=float(latitude),
    )


def _named(cluster: Cluster, others: list[Cluster]) -> Cluster:
    """The same with a finer id where two clusters share a cell of resolution 10."""
    if sum(other.id == cluster.id for other in others) < 2:
        return cluster
    return replace(cluster, id=f"{int(h3.latlng_to_cell(cluster.latitude, cluster.longitude, 12)):x}")


def _told(search: Search, counts: Floats, runs: int, alpha: float) -> tuple[Choice, ...]:
    least, most = (int(edge(search.minimum[counts > 0])) for edge in (np.min, np.max))
    return (
        Choice(
            "minimum",
            least,
            Message(
                "A cluster needs at least {least} to {most} alerts within that distance, by the local expectation: "
                "chance reaches so many in one of a thousand places.",
                {"least": least, "most": most},
            ),
        ),
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
            LARGEST_KM2,
            Message("A cluster over {area} km² is no place: it is split again.", {"area": Num(LARGEST_KM2, 2)}),
        ),
        INDEPENDENT,
    )
