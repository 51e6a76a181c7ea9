"""How far the alerts of a first file spread: a city, a region or a country, and where in it they are dense.

A dashboard of one city is of little use on a country: the page says what the area is, and proposes its dense areas
as cities of their own. What lies outside the chosen one stays in the store and counts wherever no map is needed.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt

from curim_data.geo.enrichment import parent_cells
from curim_data.model import ImportProblem, Message, Num
from curim_data.model.place_names import AREA, PlaceNames

Kind = Literal["city", "scattered", "region", "country"]

# Greater London has 1,572 km², the largest counties of England 8,000, Lebanon 10,400.
REGION_KM2: Final = 2_000
COUNTRY_KM2: Final = 10_000
# From this share in one dense area on, an export is of a city whatever few others lie about.
ONE_CITY: Final = 0.9
# From such a share in dense areas so far from the main one on, a file holds several cities.
SEVERAL: Final = 0.2
APART_KM: Final = 10
# A map whose cells are coarser (about 900 m) shows no place that anybody can act on.
COARSEST_OF_USE: Final = 8
# The radius of a dense area: the first beyond which, up to the next, alerts are less than a tenth as dense as within.
# No city reaches farther than the last.
RADII_KM: Final = (3, 5, 8, 12, 16, 20, 25)
THINNER: Final = 0.1
MOST_AREAS: Final = 6
LEAST_SHARE: Final = 0.02
LEAST_ALERTS: Final = 10
# A dense area is called by the names that at least this part of its named alerts have.
LEAST_NAMED: Final = 0.15
MOST_NAMES: Final = 2
_MIDDLE_KM: Final = 3.0  # of the disc with most alerts, in which an area has its middle
_SUMMED: Final = 8  # resolution of the cells that are looked at
KM_A_DEGREE: Final = 111.2
WHOLE: Final = "whole"
DENSEST: Final = "densest"

Cells = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Circle:
    """A circle on the map: middle in degrees (WGS84), radius in kilometres."""

    longitude: float
    latitude: float
    radius_km: float

    @property
    def word(self) -> str:
        """As the command line takes it."""
        return f"{self.longitude:.3f},{self.latitude:.3f},{self.radius_km:g}"

    def holds(self, lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
        """Which places lie in the circle."""
        return _distance_km(lon, lat, self.longitude, self.latitude) <= self.radius_km


@dataclass(frozen=True)
class DenseArea:
    """An area that is denser than what surrounds it, and the share of all alerts on the map that lie in it."""

    circle: Circle
    share: float

    def command(self, file: str, number: int) -> str:
        """What makes it a city in a home of its own."""
        return f"curim import {shlex.quote(file)} --home area-{number} --area={self.circle.word}"


@dataclass(frozen=True)
class Spread:
    """How far alerts spread.

    `area_km2`: of the study area of the whole; `resolution`: of its finest map cells, `cell_m` the side of a square as
    large as one; `areas`: the dense areas, most alerts first; `apart`: share of the alerts more than 10 km from the
    main part of the study area.
    """

    area_km2: float
    n: int
    kind: Kind
    resolution: int
    cell_m: float
    areas: tuple[DenseArea, ...]
    apart: float = 0.0

    @property
    def asks(self) -> bool:
        """Whether there is something to choose."""
        return (self.kind != "city" or self.several) and bool(self.areas)

    @property
    def several(self) -> bool:
        """Whether the alerts are of several cities: more than a fifth lies in dense areas far from the main one.

        The towns of a region whose dense areas touch are no cities apart.
        """
        if not self.areas or (self.kind == "city" and self.apart <= SEVERAL):
            return False
        first, *others = self.areas
        return sum(one.share for one in others if _gap_km(first.circle, one.circle) > APART_KM) > SEVERAL

    @property
    def default(self) -> str:
        """What is taken unless a person says otherwise: the whole while its map cells are of use, else the densest."""
        usable = self.resolution >= COARSEST_OF_USE and self.kind != "scattered"
        return WHOLE if usable or not self.asks else DENSEST

    @property
    def statement(self) -> Message:
        """What the file is, in one sentence."""
        if self.several and self.kind == "city":
            return Message(
                "Your alerts lie in several cities: {share} % of them are more than {km} km away from the main one.",
                {"share": Num(100 * self.apart, 0), "km": APART_KM},
            )
        words = {
            "city": Message("Your alerts span about {area} km²: a city."),
            "scattered": Message(
                "Your alerts span about {area} km², but {share} % of them lie within {km} km of one place: a city, and "
                "some that lie far from it."
            ),
            "region": Message("Your alerts span about {area} km²: a region, not a city."),
            "country": Message("Your alerts span about {area} km²: a country, not a city."),
        }[self.kind]
        values: dict[str, Any] = {"area": int(float(f"{self.area_km2:.2g}"))}
        if self.areas:
            top = self.areas[0]
            values |= {"share": Num(100 * top.share, 0), "km": Num(top.circle.radius_km, 0)}
        return Message(words.text, values)

    def decision(self, chosen: str) -> Message | None:
        """What was done about it; None for the whole of a city."""
        told: dict[str, Any] = {"statement": self.statement, "metres": round(self.cell_m)}
        circle = self.circle(chosen)
        if circle is not None:
            return Message(
                "{statement} The study area is what lies within {radius} km of {place}; the other alerts lie outside "
                "it and count wherever no map is needed.",
                told | {"radius": Num(circle.radius_km, 0), "place": position(circle)},
            )
        if not self.asks:
            return None
        return Message("{statement} All of it is the study area, in map cells of {metres} m or more.", told)

    def option(self, chosen: str) -> Message | None:
        """How the command line does otherwise; None where there is nothing to choose."""
        if self.circle(chosen) is not None:
            return Message(
                "--area whole takes all, in map cells of {metres} m or more.", {"metres": round(self.cell_m)}
            )
        if not self.asks:
            return None
        top = self.areas[0]
        return Message(
            "--area densest takes the densest area alone: {share} % of the alerts, within {radius} km of {place}.",
            {
                "share": Num(100 * top.share, 0),
                "radius": Num(top.circle.radius_km, 0),
                "place": position(top.circle),
            },
        )

    def circle(self, chosen: str) -> Circle | None:
        """The circle that an answer means; None for the whole. ImportProblem where it means nothing."""
        if chosen == WHOLE:
            return None
        if chosen == DENSEST:
            return self.areas[0].circle if self.areas else None
        return parse_circle(chosen)


def _gap_km(one: Circle, two: Circle) -> float:
    """Kilometres between the edges of two circles."""
    lon, lat = np.array([two.longitude]), np.array([two.latitude])
    return float(_distance_km(lon, lat, one.longitude, one.latitude)[0]) - one.radius_km - two.radius_km


def parse_circle(text: str) -> Circle:
    """The circle of "LON,LAT,KM"; ImportProblem for another text."""
    try:
        longitude, latitude, radius = (float(part) for part in text.split(","))
        if not (-180 <= longitude <= 180 and -90 <= latitude <= 90 and 0 < radius <= 500):
            raise ValueError(text)
    except ValueError:
        raise ImportProblem(
            Message(
                "area={area} is not known: say whole, densest, or longitude, latitude and kilometres, such as "
                "23.65,37.94,10.",
                {"area": text},
            )
        ) from None
    return Circle(longitude, latitude, radius)


def names_of_areas(areas: Sequence[DenseArea], names: PlaceNames) -> dict[str, tuple[str, ...]]:
    """What exports call dense areas: the one or two names of areas that most alerts in each have, by `Circle.word`."""
    table = names.table[names.table["kind"] == AREA]
    if table.empty:
        return {}
    middles = np.array([h3.cell_to_latlng(int(cell)) for cell in table["cell"]])
    found = {}
    for area in areas:
        counts = table[area.circle.holds(middles[:, 1], middles[:, 0])].groupby("name")["n"].sum().sort_values()
        most = counts[counts >= LEAST_NAMED * counts.sum()].index[::-1][:MOST_NAMES]
        if len(most):
            found[area.circle.word] = tuple(str(name) for name in most)
    return found


def position(circle: Circle) -> str:
    """The middle of a circle as a map prints it."""
    north, east = ("N" if circle.latitude >= 0 else "S"), ("E" if circle.longitude >= 0 else "W")
    return f"{abs(circle.latitude):.2f}° {north}, {abs(circle.longitude):.2f}° {east}"


def kind_of_area(area_km2: float, areas: tuple[DenseArea, ...]) -> Kind:
    """A city, a region or a country, by its area; a city with some alerts far from it where one area holds most."""
    if area_km2 < REGION_KM2:
        return "city"
    if areas and areas[0].share >= ONE_CITY:
        return "scattered"
    return "region" if area_km2 < COUNTRY_KM2 else "country"


def dense_areas(cells: Cells, counts: Cells, middles: tuple[Floats, Floats]) -> tuple[DenseArea, ...]:
    """The areas in which alerts are dense, most alerts first; no alert counts in two of them.

    The disc of 3 km with most alerts is the middle of the first. Its radius grows (`RADII_KM`) until alerts between it
    and the next one are less than a tenth as dense as those within. Its alerts are removed, and the next area is
    found among the others.

    Parameters
    ----------
    cells, counts : arrays of int64, shape (m,)
        H3 cells of resolution 12, and the alerts in each.
    middles : arrays of float, shape (m,)
        Longitudes and latitudes of their middles.
    """
    above, where = np.unique(parent_cells(cells, _SUMMED), return_inverse=True)
    n = np.bincount(where, counts, len(above)).astype(float)
    lon, lat = (np.bincount(where, counts * side, len(above)) / n for side in middles)
    total = float(n.sum())
    found: list[DenseArea] = []
    left = n.copy()
    while len(found) < MOST_AREAS:
        at = _densest(lon, lat, left)
        inside = _distance_km(lon, lat, *at)
        held = [float(left[inside <= radius].sum()) for radius in RADII_KM]
        grown = next((k for k in range(len(held) - 1) if _thin_beyond(held, k)), len(held) - 1)
        if held[grown] < max(LEAST_SHARE * total, LEAST_ALERTS):
            break
        circle = Circle(round(at[0], 3), round(at[1], 3), float(RADII_KM[grown]))
        found.append(DenseArea(circle, held[grown] / total))
        left = np.where(inside <= RADII_KM[grown], 0.0, left)
    return tuple(sorted(found, key=lambda area: -area.share))


def _thin_beyond(held: list[float], k: int) -> bool:
    """Whether the ring beyond a radius is less than a tenth as dense as what lies within it."""
    inner, outer = RADII_KM[k] ** 2, RADII_KM[k + 1] ** 2
    return (held[k + 1] - held[k]) / (outer - inner) < THINNER * held[k] / inner


def _densest(lon: Floats, lat: Floats, n: Floats) -> tuple[float, float]:
    """The mean position of the alerts in the disc that holds most, among discs round the cells with most alerts."""
    best, place = -1.0, (0.0, 0.0)
    for middle in np.argsort(-n, kind="stable")[:50]:
        near = _distance_km(lon, lat, float(lon[middle]), float(lat[middle])) <= _MIDDLE_KM
        held = float(n[near].sum())
        if held > best:
            weights = n[near] if held else None
            best = held
            place = (float(np.average(lon[near], weights=weights)), float(np.average(lat[near], weights=weights)))
    return place


def _distance_km(lon: Floats, lat: Floats, longitude: float, latitude: float) -> Floats:
    """Kilometres on the sphere, flat around the middle: good to a per cent within 100 km."""
    east = (np.asarray(lon) - longitude + 180) % 360 - 180
    return np.asarray(
        KM_A_DEGREE * np.hypot(east * np.cos(np.radians(latitude)), np.asarray(lat) - latitude), np.float64
    )
