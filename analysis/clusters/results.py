"""A cluster of alerts with its summary; its outline on the land."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from analysis.stats.result import Choice
from curim_data.model import CityProfile, Translator

# As far as the centre of a fine cell (19 m) may lie off the land that it holds.
SHORE_M: Final = 15.0
_POLYGON: Final = 3


@dataclass(frozen=True)
class Cluster:
    """A dense place.

    `cells`: the fine cells under its outline; `n` alerts on them, `expected` by the smoothed baseline, `ratio` of both
    with its exact Poisson interval `low` to `high`; `p`: share of simulated maps with a cluster at least as strong,
    already corrected for having looked everywhere. `outline` in WGS84,
    clipped to the land. `weight`: of its alerts by harm, None where each counts one; `expected` and `ratio` are
    then of weights. `least`: the smallest p that so many simulated maps can give.
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
    weight: float | None = None
    least: float = 0.0

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
        if self.weight is not None:
            return t.n(
                "{n} alert that weighs {weight} by harm where {expected} would be expected: {ratio} times as "
                "much (95 % interval {low} to {high}), {p}.",
                "{n} alerts that weigh {weight} by harm where {expected} would be expected: {ratio} times as "
                "much (95 % interval {low} to {high}), {p}.",
                self.n,
                weight=self.weight,
                expected=t.expected(self.expected),
                ratio=t.times(self.ratio),
                low=t.times(self.low),
                high=t.times(self.high),
                p=t.p(self.p, least=self.p <= self.least),
            )
        return t.n(
            "{n} alert where {expected} would be expected: {ratio} times as many (95 % interval {low} to {high}), {p}.",
            "{n} alerts where {expected} would be expected: {ratio} times as many (95 % interval {low} to {high}), "
            "{p}.",
            self.n,
            expected=t.expected(self.expected),
            ratio=t.times(self.ratio),
            low=t.times(self.low),
            high=t.times(self.high),
            p=t.p(self.p, least=self.p <= self.least),
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
    weighted: bool = False

    def sentence(self, t: Translator) -> str:
        """How many clusters stand out, and how many were dismissed as chance."""
        text = (
            t.n("{n} cluster stands out from chance", "{n} clusters stand out from chance", len(self.found))
            if self.found
            else t("No cluster stands out from chance")
        )
        if self.weighted:
            text = t("{found}, among {alerts} alerts weighed by harm.", found=text, alerts=self.n)
        else:
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
    near = shapely.STRtree(at).query(parts, predicate="dwithin", distance=SHORE_M)
    held = parts[np.unique(near[0])]
    return shapely.union_all(held if len(held) else parts)


def shape_in_degrees(shape: BaseGeometry, city: CityProfile) -> BaseGeometry:
    """A shape in the city's metres as one in WGS84."""
    turned: BaseGeometry = shapely.transform(shape, lambda xy: np.column_stack(in_degrees(city, *xy.T)))
    return turned


def in_degrees(city: CityProfile, x: Any, y: Any) -> tuple[Any, Any]:
    """Longitude and latitude (WGS84) of positions in the city's metres."""
    longitude, latitude = city.to_metres.transform(x, y, direction="INVERSE")
    return longitude, latitude
