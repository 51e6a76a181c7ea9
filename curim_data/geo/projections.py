"""Which projection puts points where a city is: candidates tried one by one on a sample."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info
from pyproj.enums import PJType
from pyproj.exceptions import ProjError

from curim_data.model import CityProfile, FloatArray

NEAR_M: Final = 30_000.0
SAMPLE: Final = 500
# Greece, Britain, web maps, France, Iberia, Europe, Belgium, the Netherlands, Switzerland, Portugal, Italy, Germany.
NATIONAL: Final = (2100, 27700, 3857, 2154, 25830, 3035, 31370, 28992, 2056, 3763, 3003, 3004, 31467)
ETRS_ZONES: Final = tuple(range(25828, 25839))  # UTM in Europe; 25830 is among the above
# How headings write projections, by EPSG code.
_NAMED: Final = {
    2100: r"egsa|ggrs|εγσα",
    2056: r"lv ?95|ch1903 ?\+",
    2154: r"lambert ?93|rgf ?93|\bl93\b",
    2180: r"puwg ?1992|\b1992\b|cs92",
    3059: r"lks ?92",
    3763: r"tm ?06",
    23700: r"\beov\b|hd72",
    27700: r"osgb|british national grid|\bbng\b",
    28992: r"\brd\b|rijksdriehoek",
    31370: r"lambert ?72",
}
_UTM: Final = r"\butm\W*(?:zone|zona|huso|fuso|strefa)?\W*(\d{1,2})(?!\d)"


@dataclass(frozen=True)
class ProjectionFit:
    """A projection that fits: code, name, the middle of the points in degrees, and whether x and y are exchanged."""

    epsg: int
    name: str
    longitude: float
    latitude: float
    swapped: bool = False


def fitting_projections(
    x: FloatArray, y: FloatArray, city: CityProfile, candidates: Sequence[int] | None = None
) -> tuple[ProjectionFit, ...]:
    """Projections that put most points within 30 km of the city's land, one for each place they lead to.

    Projections whose points agree within 10 m count as one; the city's own stands for its group. The two columns are
    taken in their order, and exchanged where that fits nowhere. The state planes of the USA are tried last.
    """
    x, y = _some(x, y)
    rounds: list[Sequence[int]] = (
        [candidates] if candidates is not None else [likely_projections(city), state_planes(city)]
    )
    tries = (
        tuple(_fitting((y, x) if swapped else (x, y), city, codes, swapped))
        for codes in rounds
        for swapped in (False, True)
    )
    return next(filter(None, tries), ()) if len(x) else ()


def likely_projections(city: CityProfile) -> tuple[int, ...]:
    """The city's projection, national ones, and the UTM zones around the city on WGS84 and ETRS89."""
    centre = city.land.centroid
    zone = int((centre.x + 180) // 6) + 1
    zones = [(zone + step - 1) % 60 + 1 for step in (0, -1, 1)]
    north = 32600 if centre.y >= 0 else 32700
    etrs = [25800 + number for number in zones if 28 <= number <= 38]
    return tuple(dict.fromkeys([city.epsg, *NATIONAL, *(north + number for number in zones), *etrs]))


def named_projection(text: str, north: bool = True) -> int | None:
    """The EPSG code of the projection that a heading names ("X (EGSA87)", "UTM 33 Ost"); None where it names none.

    A UTM zone is of ETRS89 where Europe has it and nothing says WGS 84; `north`: of the equator.
    """
    text = text.lower()
    if found := re.search(r"epsg\W*(\d{4,5})", text):
        return int(found[1])
    if found := re.search(_UTM, text):
        zone = int(found[1])
        european = 28 <= zone <= 38 and north and "wgs" not in text
        return (25800 if european else 32600 if north else 32700) + zone
    return next((epsg for epsg, name in _NAMED.items() if re.search(name, text)), None)


def state_planes(city: CityProfile) -> tuple[int, ...]:
    """NAD83 projections, in metres and feet, whose area of use holds the city's centre."""
    centre = city.land.centroid
    area = AreaOfInterest(centre.x - 0.01, centre.y - 0.01, centre.x + 0.01, centre.y + 0.01)
    infos = query_crs_info(auth_name="EPSG", pj_types=PJType.PROJECTED_CRS, area_of_interest=area, contains=True)
    return tuple(int(info.code) for info in infos if info.name.startswith("NAD83 /") and "UTM" not in info.name)


def place_in(epsg: int, x: FloatArray, y: FloatArray, *, letters: bool) -> tuple[ProjectionFit, ...]:
    """Where a projection puts most of the points within its area of use, x and y exchanged where only that does, or
    where the headings are no more than these `letters` and X is the northing, as in Poland and Latvia."""
    axes = CRS.from_epsg(epsg).axis_info
    northing = letters and any(axis.abbrev.upper() == "X" and axis.direction == "north" for axis in axes)
    tries = (
        tuple(replace(one, swapped=swapped) for one in known_places(*((y, x) if swapped else (x, y)), (epsg,)))
        for swapped in (northing, not northing)
    )
    return next(filter(None, tries), ())


def known_places(x: FloatArray, y: FloatArray, candidates: Sequence[int] = NATIONAL) -> tuple[ProjectionFit, ...]:
    """Projections, national ones unless others are named, whose area of use holds most of the points."""
    x, y = _some(x, y)
    found = []
    for epsg in dict.fromkeys(candidates):
        points, area = _degrees(epsg, x, y), CRS.from_epsg(epsg).area_of_use
        if area is None or points is None or not len(x):
            continue
        lon, lat = points
        inside = (lon >= area.west) & (lon <= area.east) & (lat >= area.south) & (lat <= area.north)
        if inside.mean() > 0.5:
            found.append(_told(epsg, points))
    return tuple(found)


def _some(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """At most 500 points of those that have both coordinates and are not the origin."""
    where = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & ((x != 0) | (y != 0)))
    where = where[:: max(1, len(where) // SAMPLE)]
    return x[where], y[where]


def _fitting(
    points: tuple[FloatArray, FloatArray], city: CityProfile, codes: Sequence[int], swapped: bool
) -> Iterator[ProjectionFit]:
    area = city.land_metres.buffer(NEAR_M)
    shapely.prepare(area)
    groups: list[tuple[FloatArray, FloatArray]] = []
    for epsg in codes:
        degrees = _degrees(epsg, *points)
        if degrees is None:
            continue
        at = city.project(*degrees)
        if not shapely.intersects_xy(area, *at).mean() > 0.5:
            continue
        if any(np.nanmedian(np.hypot(at[0] - one[0], at[1] - one[1])) <= 10.0 for one in groups):  # metres
            continue
        groups.append((at[0], at[1]))
        yield _told(epsg, degrees, swapped)


def _degrees(epsg: int, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    try:
        return to_degrees(epsg, x, y)
    except ProjError:
        return None


def to_degrees(epsg: int, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Transform projected points to longitudes and latitudes (degrees, WGS84); NaN where there are none."""
    lon, lat = _transformer(epsg).transform(x, y)
    lost = ~(np.isfinite(lon) & np.isfinite(lat))
    return np.where(lost, np.nan, lon), np.where(lost, np.nan, lat)


@lru_cache(maxsize=256)
def _transformer(epsg: int) -> Transformer:
    return Transformer.from_crs(epsg, 4326, always_xy=True)


def _told(epsg: int, degrees: tuple[FloatArray, FloatArray], swapped: bool = False) -> ProjectionFit:
    lon, lat = (float(np.nanmedian(values)) for values in degrees)
    return ProjectionFit(epsg, CRS.from_epsg(epsg).name, lon, lat, swapped)
