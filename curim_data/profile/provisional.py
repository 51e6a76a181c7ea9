"""A profile for a city that nobody has described yet, made from its first data; and how far these data spread.

A dashboard of one city is of little use on a country: the page says what the area is, and proposes its dense areas
as cities of their own. What lies outside the chosen one stays in the store and counts in no total.

The study area is where the alerts lie: H3 cells that hold some, joined where at most two empty cells part them. Groups
of cells that hold hardly any alerts are strays and are left out, as is a lone pile of equal coordinates. Projection
and time zone follow from the place, categories from the file. All of it stays marked `provisional` until a person
gives the city's own, see `profile.edit`. Cities are known by name: the places after which time zones are called, in
seven languages. The IANA time zone database names each zone after its largest city and says where that lies
(`zone.tab`, public domain); the Unicode CLDR (as Babel ships it) has these names in other languages. A name that
several cities share is not known.
"""

from __future__ import annotations

import math
import re
import shlex
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import available_timezones

import h3.api.basic_int as h3
import h3ronpy
import h3ronpy.vector
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
import tzfpy
from babel import Locale
from shapely.geometry.base import BaseGeometry

from curim_data.formats.base import fold
from curim_data.geo.enrichment import parent_cells
from curim_data.model import (
    LANGUAGES,
    BoolArray,
    CityProfile,
    FloatArray,
    ImportProblem,
    IntArray,
    Kind,
    Message,
    Num,
    cell_polygons,
    translator,
)
from curim_data.model.city import Category, load_city
from curim_data.model.extent import MOST_MAP_CELLS, cell_side_m, finest_affordable, geodesic_area_km2
from curim_data.model.place_names import AREA, PlaceNames
from curim_data.profile.shapes import AreaFile
from curim_data.profile.tables import (
    CATEGORY_COLUMNS,
    as_polygons,
    read_head,
    unique_ids,
    write_areas,
    write_categories,
    write_head,
    write_land,
    write_landmarks,
)
from curim_data.store import Home, locked
from curim_data.store.home import copy_profile, sample_profile

SpreadKind = Literal["city", "scattered", "region", "country"]

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
LEAST_AREA_SHARE: Final = 0.02
LEAST_ALERTS: Final = 10
# A dense area is called by the names that at least this part of its named alerts have.
LEAST_NAMED: Final = 0.15
_SUMMED: Final = 8  # resolution of the cells that are looked at
KM_A_DEGREE: Final = 111.2
WHOLE: Final = "whole"
DENSEST: Final = "densest"


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

    def holds(self, lon: FloatArray, lat: FloatArray) -> BoolArray:
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
    kind: SpreadKind
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
            densest = self.areas[0]
            values |= {"share": Num(100 * densest.share, 0), "km": Num(densest.circle.radius_km, 0)}
        return Message(words.text, values)

    def decision(self, chosen: str) -> Message | None:
        """What was done about it; None for the whole of a city."""
        told: dict[str, Any] = {"statement": self.statement, "metres": round(self.cell_m)}
        circle = self.circle(chosen)
        if circle is not None:
            return Message(
                "{statement} The study area is what lies within {radius} km of {place}. Only its alerts count; the "
                "others are kept and count in no total.",
                told | {"radius": Num(circle.radius_km, 0), "place": position(circle)},
            )
        if not self.asks:
            return None
        return Message("{statement} All of it is the study area, in map cells of {metres} m or more.", told)

    def circle(self, chosen: str) -> Circle | None:
        """The circle that an answer means; None for the whole. ImportProblem where it means nothing."""
        if chosen in (WHOLE, DENSEST):
            return self.areas[0].circle if self.areas and chosen == DENSEST else None
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
    circles = [area.circle for area in areas]
    there = (table[circle.holds(middles[:, 1], middles[:, 0])] for circle in circles)
    counts = (rows.groupby("name")["n"].sum().sort_values() for rows in there)
    most = [tuple(map(str, n[n >= LEAST_NAMED * n.sum()].index[::-1][:2])) for n in counts]
    return {circle.word: names for circle, names in zip(circles, most, strict=True) if names}


def position(circle: Circle) -> str:
    """The middle of a circle as a map prints it."""
    north, east = ("N" if circle.latitude >= 0 else "S"), ("E" if circle.longitude >= 0 else "W")
    return f"{abs(circle.latitude):.2f}° {north}, {abs(circle.longitude):.2f}° {east}"


def kind_of_area(area_km2: float, areas: tuple[DenseArea, ...]) -> SpreadKind:
    """A city, a region or a country, by its area; a city with some alerts far from it where one area holds most."""
    wide: SpreadKind = "region" if area_km2 < COUNTRY_KM2 else "country"
    return "city" if area_km2 < REGION_KM2 else "scattered" if areas and areas[0].share >= ONE_CITY else wide


def dense_areas(cells: IntArray, counts: IntArray, middles: tuple[FloatArray, FloatArray]) -> tuple[DenseArea, ...]:
    """The areas in which alerts are dense, most alerts first; no alert counts in two of them.

    The disc of 3 km with most alerts is the middle of the first. Its radius grows (`RADII_KM`) until alerts between it
    and the next one are less than a tenth as dense as those within. Its alerts are removed, and the next area is
    found among the others, six at most.

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
    left, discs = n.copy(), np.square(RADII_KM)
    while len(found) < 6:
        at = _densest(lon, lat, left)
        inside = _distance_km(lon, lat, *at)
        held = np.array([left[inside <= radius].sum() for radius in RADII_KM])
        thin = np.diff(held) / np.diff(discs) < 0.1 * held[:-1] / discs[:-1]
        grown = int(np.append(thin, True).argmax())
        if held[grown] < max(LEAST_AREA_SHARE * total, LEAST_ALERTS):
            break
        circle = Circle(round(at[0], 3), round(at[1], 3), float(RADII_KM[grown]))
        found.append(DenseArea(circle, float(held[grown]) / total))
        left = np.where(inside <= RADII_KM[grown], 0.0, left)
    return tuple(sorted(found, key=lambda area: -area.share))


def _densest(lon: FloatArray, lat: FloatArray, n: FloatArray) -> tuple[float, float]:
    """The mean position of the alerts in the disc that holds most, among discs round the cells with most alerts."""
    middles = np.argsort(-n, kind="stable")[:50]
    discs = (_distance_km(lon, lat, float(lon[at]), float(lat[at])) <= 3.0 for at in middles)
    near = max(discs, key=lambda disc: float(n[disc].sum()))
    weights = n[near] if n[near].any() else None
    return float(np.average(lon[near], weights=weights)), float(np.average(lat[near], weights=weights))


def _distance_km(lon: FloatArray, lat: FloatArray, longitude: float, latitude: float) -> FloatArray:
    """Kilometres on the sphere, flat around the middle: good to a per cent within 100 km."""
    east = (np.asarray(lon) - longitude + 180) % 360 - 180
    return np.asarray(
        KM_A_DEGREE * np.hypot(east * np.cos(np.radians(latitude)), np.asarray(lat) - latitude), np.float64
    )


TOWN_LANGUAGES: Final = ("en", "el", "fr", "es", "it", "pt", "de")
# Two well-known cities of one name at least: which is meant, only a person can say.
SHARED: Final = frozenset(
    {
        "cordoba", "merida", "santarem", "vincennes", "san juan", "la rioja", "halifax", "perth", "monticello",
        "center", "petersburg", "knox", "louisville", "guadalupe", "victoria", "st johns", "salta", "barbados",
        "jersey", "troll",
    }
)  # fmt: skip
YOUR_CITY: Final = Message("Your city")
NEAR: Final = 1.0  # degrees from the position that a known city has
# Degrees, minutes, perhaps seconds of latitude, and of longitude.
_AT: Final = re.compile(r"([+-])(\d{2,3}?)(\d\d)(\d\d)?(?![0-9])")


@dataclass(frozen=True)
class KnownCity:
    """A city with its time zone (IANA name) and where it lies (degrees, WGS84)."""

    timezone: str
    longitude: float
    latitude: float


def known_city(name: str) -> KnownCity | None:
    """The city of a name in one of seven languages; None where there is none, or where several share the name."""
    return None if fold(name) in SHARED else _cities().get(fold(name))


def names_for(file_name: str, longitude: float, latitude: float) -> dict[str, str]:
    """What a city is called of which only a file and a position (degrees, WGS84) are known, by language of readers.

    A file is no city: its name gives that of a known city among its words that lies there (`NEAR` degrees at most), as
    “chicago_aggravated_assaults” does; else it is “your city” until a person says better.
    """
    words = re.split(r"[\W_]+", fold(file_name))
    parts = [words[at : at + length] for length in (3, 2, 1) for at in range(len(words) - length + 1)]
    for part in parts:
        city = known_city(" ".join(part))
        if city is not None and max(abs(city.longitude - longitude), abs(city.latitude - latitude)) <= NEAR:
            told = {lang: Locale(lang).time_zones.get(city.timezone, {}).get("city") for lang in LANGUAGES}
            english = told["en"] or city.timezone.rpartition("/")[2].replace("_", " ")
            return {lang: name or english for lang, name in told.items()}
    return {lang: translator(lang)(YOUR_CITY) for lang in LANGUAGES}


def given_names(names: Mapping[str, str]) -> dict[str, str]:
    """The names of a city that a person has given: without those that only stand for one."""
    return {lang: name for lang, name in names.items() if lang not in LANGUAGES or name != translator(lang)(YOUR_CITY)}


@lru_cache(maxsize=1)
def _cities() -> dict[str, KnownCity]:
    """The zones of the time zone database by the place after which each is called, where only one is called so."""
    named: dict[str, set[KnownCity]] = {}
    for line in resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            _, place, zone, *_ = line.split("\t")
            north, east = (_degrees(*parts) for parts in _AT.findall(place))
            names = [Locale(language).time_zones.get(zone, {}).get("city") for language in TOWN_LANGUAGES]
            for name in (zone.rpartition("/")[2].replace("_", " "), *filter(None, names)):
                named.setdefault(fold(name), set()).add(KnownCity(zone, east, north))
    return {name: next(iter(found)) for name, found in named.items() if len(found) == 1}


def _degrees(sign: str, degrees: str, minutes: str, seconds: str) -> float:
    value = int(degrees) + int(minutes) / 60 + int(seconds or 0) / 3600
    return round(-value if sign == "-" else value, 4)


FINEST: Final = 9
COARSEST: Final = 4
MOST_CELLS: Final = 5000  # of the study area, at the resolution at which it is drawn
ENOUGH: Final = 0.95  # share of the alerts that the study area should hold
LEAST_SHARE: Final = 0.01  # of the alerts, and points: a part of the study area has so many
LEAST_POINTS: Final = 20
LEAST_PLACES: Final = 3  # fewer different points are a pile, not a part of a city
REACH: Final = 12.0  # degrees of longitude from the middle of its zone at which a projection is of use
MOST_CATEGORIES: Final = 200
APART_CELLS: Final = 7  # about 2 km across
_NO_POINTS: Final = Message(
    "This home has no city yet, and no column of the file was understood as coordinates that tell where it is. Name "
    "the city: “curim import FILE --city NAME” (with “--timezone Europe/Athens” or the like where the name is not "
    "known); it has no map until it has an outline. Or say which columns hold the coordinates, import a file with "
    "coordinates first, or give the study area with “curim city land FILE”."
)

Points = FloatArray | Iterable[FloatArray]


@dataclass(frozen=True)
class StudyArea:
    """The area that the alerts span: its land, the middle of its main part, and the densest place (lon, lat).

    `share`: of the alerts that it holds; `apart`: of those more than 10 km from its main part.
    """

    land: BaseGeometry
    middle: tuple[float, float]
    densest: tuple[float, float]
    share: float
    apart: float = 0.0


def spread_of(points: Points) -> Spread:
    """How far points spread (longitude and latitude, as in `gathered`). ImportProblem where none is left."""
    cells, counts = gathered(points)
    if not len(cells):
        raise ImportProblem(_NO_POINTS)
    study = study_area(cells, counts)
    land = study.land
    area, resolution = geodesic_area_km2(land), finest_affordable(land, MOST_MAP_CELLS)
    areas = dense_areas(cells, counts, _middles(cells))
    return Spread(
        area,
        int(counts.sum()),
        kind_of_area(area, areas),
        resolution,
        cell_side_m(land, resolution),
        areas,
        study.apart,
    )


@dataclass(frozen=True)
class NewCity:
    """What is known of a city before it has a profile.

    `points`: as `gathered` takes them; `categories`: the file's own with their counts; `name`: of the file. `city`:
    what a person calls the city; a shipped profile is then taken by its name in any language. `within`: the circle
    whose points alone make a provisional profile. `kind`: of all its categories; empty for as their names say.
    `timezone`: of a city without points; such a city is made only where it has one, and has no outline. `place`:
    where it lies (longitude, latitude), if known. `nature`: the kind of categories whose names say none, as the
    file shows; empty where it does not.
    """

    points: Points
    categories: Mapping[str, int]
    name: str
    city: str | None = None
    within: Circle | None = None
    kind: str = ""
    timezone: str = ""
    place: tuple[float, float] | None = None
    nature: str = ""


def choose_profile(folder: Path, new: NewCity) -> Path:
    """The folder of the profile to begin with: a shipped one where most points lie on its land, else a provisional one.

    The provisional one is written to `folder`. ImportProblem as `provisional_profile`, and where no point is within.
    """
    shipped = sample_profile()
    known = load_city(shipped)
    if new.city and fold(new.city) in map(fold, known.names.values()):
        return shipped
    cells, counts = gathered(new.points)
    if new.city is None and len(cells):
        shapely.prepare(known.land)
        if 2 * counts[shapely.intersects_xy(known.land, *_middles(cells))].sum() > counts.sum():
            return shipped
    if new.within is not None and (len(cells) or not new.timezone):
        inside = new.within.holds(*_middles(cells))
        if not inside.any():
            raise ImportProblem(Message("No alert lies within that circle: give another one with --area LON,LAT,KM."))
        cells, counts = cells[inside], counts[inside]
    provisional_profile(folder, new, cells, counts)
    return folder


def ensure_city(home: Home, new: NewCity) -> CityProfile:
    """The home's city, made by `choose_profile` where it has none yet; the folder appears whole or not at all."""
    if home.has_city():
        return home.city()
    home.path.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix="city-new-", dir=home.path))
    try:
        source = choose_profile(part, new)
        with locked(home.path / "city.lock"):
            if not home.has_city():
                copy_profile(source, home.city_folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return home.city()


def ensure_city_for_areas(home: Home, areas: AreaFile, name: str) -> CityProfile:
    """A provisional city where a file of areas lies, for a home that has none: districts may come before alerts."""
    corners = shapely.get_coordinates(areas.frame.geometry.to_numpy())
    return ensure_city(home, NewCity(corners, {}, name, city=name))


def gathered(points: Points) -> tuple[IntArray, IntArray]:
    """IntArray of 19 m that hold points, and how many: memory grows with the city, not with the file.

    `points`: longitude and latitude in degrees (WGS84), an array of shape (n, 2) or an iterable of such arrays. What is
    not finite or not on Earth is left out.
    """
    parts = [points] if isinstance(points, np.ndarray) else points
    cells, counts = np.empty(0, np.int64), np.empty(0, np.int64)
    for part in parts:
        lon, lat = np.asarray(part, np.float64).reshape(-1, 2).T
        good = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
        found = h3ronpy.vector.coordinates_to_cells(lat[good], lon[good], 12)
        new, n = np.unique(np.asarray(found, np.uint64).astype(np.int64), return_counts=True)
        cells, counts = _summed(np.concatenate([cells, new]), np.concatenate([counts, n]))
    return cells, counts


def _summed(cells: IntArray, counts: IntArray) -> tuple[IntArray, IntArray]:
    """Distinct cells in their order, with the sums of their counts."""
    distinct, where = np.unique(cells, return_inverse=True)
    return distinct, np.bincount(where, counts, len(distinct)).astype(np.int64)


def _middles(cells: IntArray) -> tuple[FloatArray, FloatArray]:
    """Longitudes and latitudes of the middles of cells."""
    centres = pa.record_batch(h3ronpy.vector.cells_to_coordinates(cells.astype(np.uint64)))
    return centres["lng"].to_numpy(), centres["lat"].to_numpy()


def study_area(cells: IntArray, counts: IntArray) -> StudyArea:
    """The study area of points given as cells of resolution 12 with their counts (at least one)."""
    best: tuple[float, IntArray, BoolArray] | None = None
    for resolution in range(FINEST, COARSEST - 1, -1):
        found = _kept(cells, counts, resolution)
        if found is not None and (best is None or found[0] > best[0] + 0.02):
            best = found
        if best is not None and best[0] >= ENOUGH:
            break
    share, drawn, main = best or _around_most(cells, counts)
    lon, lat = _middles(cells[main])
    weights = counts[main]
    densest, n = _summed(parent_cells(cells[main], FINEST), weights)
    at = h3.cell_to_latlng(int(densest[n.argmax()]))
    middle = _median(lon, weights), _median(lat, weights)
    return StudyArea(_outline(drawn), middle, (at[1], at[0]), share, _share_apart(cells, counts, main))


def _share_apart(cells: IntArray, counts: IntArray, main: BoolArray) -> float:
    """The share of alerts more than `APART_KM` from those of the main part, to a kilometre or so."""
    from scipy.spatial import cKDTree  # long to load, and only a new city needs it

    if main.all():
        return 0.0
    inside, _ = _summed(parent_cells(cells[main], APART_CELLS), counts[main])
    others, n = _summed(parent_cells(cells[~main], APART_CELLS), counts[~main])
    turn = np.array([math.cos(math.radians(_median(_middles(inside)[1], np.ones_like(inside)))), 1.0])
    near, far = (np.column_stack(_middles(some)) * turn for some in (inside, others))
    distance, _ = cKDTree(near).query(far)
    return float(n[distance * KM_A_DEGREE > APART_KM].sum() / counts.sum())


def _kept(cells: IntArray, counts: IntArray, resolution: int) -> tuple[float, IntArray, BoolArray] | None:
    """At one resolution: the share of alerts that the study area keeps, its cells, and which points are in its largest
    group; None where these would be too many cells.
    """
    above = parent_cells(cells, resolution)
    occupied = np.unique(above)
    if len(occupied) > 20 * MOST_CELLS:
        return None
    drawn, group = _groups(occupied)
    mine = group[np.searchsorted(drawn, above)]
    points, places = np.bincount(mine, counts), np.bincount(mine)
    middle = np.bincount(mine, counts * _middles(cells)[0]) / points
    total, largest = counts.sum(), int(points.argmax())
    good = (points >= max(LEAST_SHARE * total, min(LEAST_POINTS, total / 5))) & (places >= min(LEAST_PLACES, total))
    good[largest] = True
    good &= np.abs(middle - middle[largest]) <= REACH
    area = drawn[good[group]]
    return (float(counts[good[mine]].sum() / total), area, mine == largest) if len(area) <= MOST_CELLS else None


def _groups(occupied: IntArray) -> tuple[IntArray, IntArray]:
    """Occupied cells widened by one ring, and the number of the connected group of each."""
    from scipy.sparse import coo_array, csgraph  # long to load, and only a new city needs it

    drawn = np.unique(_disks(occupied)[1])
    rows, found = _disks(drawn)
    place = np.clip(np.searchsorted(drawn, found), 0, len(drawn) - 1)
    inside = drawn[place] == found
    links = coo_array((np.ones(int(inside.sum()), bool), (rows[inside], place[inside])), (len(drawn),) * 2)
    _, group = csgraph.connected_components(links, directed=False)
    return drawn, group.astype(np.int64)


def _disks(cells: IntArray) -> tuple[IntArray, IntArray]:
    """Every cell with itself and its neighbours: the cell's position, and the neighbour."""
    disks = pa.array(h3ronpy.grid_disk(cells.astype(np.uint64), 1, flatten=False))
    rows = np.repeat(np.arange(len(cells)), disks.value_lengths().to_numpy())
    return rows, disks.flatten().to_numpy().astype(np.int64)


def _around_most(cells: IntArray, counts: IntArray) -> tuple[float, IntArray, BoolArray]:
    """Where points lie over a whole continent without a gap: the coarse cell that holds most, and its ring."""
    above = parent_cells(cells, COARSEST)
    occupied, held = _summed(above, counts)
    most = occupied[held.argmax()]
    return float(held.max() / counts.sum()), np.unique(_disks(np.array([most]))[1]), above == most


def _outline(cells: IntArray) -> BaseGeometry:
    """The cells as polygons without holes. At the date line only the side that holds more of them is kept."""
    hexagons = cell_polygons(cells)
    west, _, east, _ = shapely.bounds(hexagons).T
    whole = hexagons[east - west < 180]
    if not len(whole):
        lon, lat = (values[0] for values in _middles(cells))
        sides = (max(lon - 0.1, -180), max(lat - 0.1, -90), min(lon + 0.1, 180), min(lat + 0.1, 90))
        return as_polygons(shapely.box(*sides))
    west, _, east, _ = shapely.bounds(whole).T
    if east.max() - west.min() > 180:
        eastern = west >= 0
        whole = whole[eastern if eastern.sum() * 2 >= len(whole) else ~eastern]
    parts = shapely.get_parts(shapely.union_all(whole))
    return as_polygons(shapely.union_all([shapely.Polygon(part.exterior) for part in parts]))


def _median(values: FloatArray, weights: IntArray) -> float:
    return float(np.quantile(values, 0.5, weights=weights, method="inverted_cdf"))


def utm(longitude: float, latitude: float) -> int:
    """EPSG code of the UTM zone (WGS84) at a place; of the polar projections beyond 84° north and 80° south."""
    if latitude > 84 or latitude < -80:
        return 32661 if latitude > 0 else 32761
    zone = min(int((longitude + 180) // 6) + 1, 60)
    return (32600 if latitude >= 0 else 32700) + zone


def time_zone(*places: tuple[float, float]) -> str:
    """IANA name of the first place (longitude, latitude) that lies in a zone on land; of the sea otherwise."""
    known = available_timezones()
    found = [zone for place in places if (zone := tzfpy.get_tz(*place)) in known]
    return next((zone for zone in found if not zone.startswith("Etc/")), found[0] if found else "UTC")


def category_list(categories: Mapping[str, int], kind: str = "", nature: str = "") -> list[Category]:
    """The 200 most frequent categories of a file as a city's list: kind and sensitivity from their names.

    `kind`: that of all of them, where a person said so. A name that says no kind has `nature`, what the file is; else
    the kind that all other names say, as “Other” among accidents; else `Kind.UNKNOWN`.
    """
    from curim_data.lexicon import is_sensitive, kind_of

    otherwise = nature or kind_of_most(categories) or Kind.UNKNOWN.value
    names: dict[str, str] = {}
    for name, _ in sorted(categories.items(), key=lambda item: (-item[1], item[0])):
        if fold(name):
            names.setdefault(fold(name), name.strip())
    kept = list(names.values())[:MOST_CATEGORIES]
    ids = unique_ids(kept, "category")
    return [
        Category(key, kind or str(kind_of(name) or otherwise), "", is_sensitive(name), {"en": name})
        for key, name in zip(ids, kept, strict=True)
    ]


def names_table(names: Iterable[str]) -> pd.DataFrame:
    """Categories that alerts have and no list holds, as rows for the list: kind and sensitivity from their names.

    Their ids are the names as they stand, since alerts keep the category under which they were stored.
    """
    guessed = {one.labels["en"]: one for one in category_list(dict.fromkeys(names, 1))}
    rows = [
        {"id": name, "kind": one.kind, "group": "", "sensitive": "yes" if one.sensitive else "no", "label_en": name}
        for name, one in guessed.items()
    ]
    return pd.DataFrame(rows, columns=list(CATEGORY_COLUMNS), dtype=object).fillna("")


def kind_of_most(categories: Mapping[str, int]) -> str:
    """The kind of four alerts in five by the names of their categories, where next to none (one in twenty of those that
    say a kind) say another one; empty otherwise.
    """
    from curim_data.lexicon import kind_of

    kinds: Counter[str] = Counter()
    for name, n in categories.items():
        kinds[str(kind_of(name) or "")] += n
    said = kinds.total() - kinds[""]
    most, alerts = max(kinds.items(), key=lambda one: (bool(one[0]), one[1])) if said else ("", 0)
    return most if alerts >= 0.8 * kinds.total() and alerts >= 0.95 * said else ""


def provisional_profile(folder: Path, new: NewCity, cells: IntArray, counts: IntArray) -> CityProfile:
    """Write a provisional profile to a folder (made if need be) and read it.

    Parameters
    ----------
    new : NewCity
        What is known beside its points. Its 200 most frequent categories become the city's list. Without a name of its
        own the city is called as `names_for` makes of that of the file, until a person says better.
    cells, counts : arrays of int64, shape (m,)
        Where alerts lie, as `gathered` gives it; of a part of the file alone, where `new` is within a circle. Without
        any the city has a time zone and no outline, and its land is a stand-in.

    Raises
    ------
    ImportProblem
        Where there is neither a cell nor a time zone.
    """
    if len(cells):
        study = study_area(cells, counts)
        land, at, timezone = study.land, study.densest, time_zone(study.middle, study.densest)
        kind, where = {"part": True} if new.within else {}, placed(land, study.middle, study.densest)
    elif new.timezone:
        at, timezone = new.place or (0.0, 0.0), new.timezone
        land = shapely.box(at[0] - 0.01, at[1] - 0.01, at[0] + 0.01, at[1] + 0.01)  # stands in for an outline
        kind, where = {"outline": False}, placed(land) | ({} if new.place else {"view": {}})
    else:
        raise ImportProblem(_NO_POINTS)
    names = {"en": new.city} if new.city else names_for(new.name, *at)
    folder.mkdir(parents=True, exist_ok=True)
    head = {"provisional": True, **kind, "illustrative": False, "timezone": timezone, "names": names, **where}
    write_head(folder, head)
    write_land(folder, land)
    write_areas(folder / "districts.geojson", ())
    write_landmarks(folder, ())
    write_categories(folder, {}, category_list(new.categories, new.kind, new.nature))
    return load_city(folder)


def placed(
    land: BaseGeometry, middle: tuple[float, float] | None = None, densest: tuple[float, float] | None = None
) -> dict[str, Any]:
    """The entries of city.toml that follow from the study area: projection and view."""
    west, south, east, north = land.bounds
    zoom = min(14.0, math.log2(360 / max(east - west, (north - south) * 2, 1e-3)) + 1)
    longitude, latitude = middle or ((west + east) / 2, (south + north) / 2)
    view = {"longitude": round(longitude, 5), "latitude": round(latitude, 5), "zoom": round(zoom, 1)}
    return {"epsg": utm(*(densest or (longitude, latitude))), "view": view}


def give_outline(folder: Path, points: Points) -> None:
    """Give a profile without an outline the study area that points span; the rest of it stays."""
    study = study_area(*gathered(points))
    write_land(folder, study.land)
    head = {key: value for key, value in read_head(folder).items() if key != "outline"}
    write_head(folder, {**head, **placed(study.land, study.middle, study.densest)})
