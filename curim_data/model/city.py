"""A city's profile: land, projection, time zone, districts, categories, landmarks, streets and population.

A profile is a folder of plain files that a city edits:

    city.toml         names, epsg, timezone, illustrative = true|false, view (longitude, latitude, zoom);
                      provisional = true: made from the city's first data, see `provisional`; outline = false: no
                      study area is known, land.geojson holds a stand-in (round the place of the view, if any);
                      least_count, least_sensitive_count: optional, the smallest counts that council and public see,
                      where the city wants larger ones than 5 and, in sensitive categories, 10
    categories.toml   [[category]] id, kind, group, sensitive, labels {el, en, fr}; [[group]] id, labels
    land.geojson      one (multi)polygon, WGS84: the study mask that neither filter nor import moves
    districts.geojson features with properties id and label_el, label_en, label_fr
    landmarks.toml    [[landmark]] id, longitude, latitude, radius (metres), labels {el, en, fr}
    streets.geojson   optional: lines with properties id and label_el, label_en, label_fr, and class: major, minor, path
    water.geojson     optional: (multi)polygons of the sea and other water, for the map alone
    helplines.toml    optional: [[helpline]] labels {el, en, fr}, a line of text each: number and what it is for
    population.csv    optional: district, women, men, total

A GeoJSON file, and landmarks.toml, may say at its top level, as `attribution`, whom its shapes are from and under which
licence: every map then shows it. A profile's version is a hash over these files; the columns made with it carry that
version.

An alert whose own cell touches no land counts in the next cell of the land, at every size, so that totals agree
(`counted_cells`): cells of H3 are not nested as areas, the parent of a cell on a quay may itself lie in the water, and
an alert up to 30 m off the land counts as on it.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import h3.api.numpy_int as h3
import h3ronpy
import h3ronpy.vector
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from curim_data.model.alert import BoolArray, CellArray
from curim_data.model.extent import (
    MOST_LAND_CELLS,
    MOST_MAP_CELLS,
    AreaTooLargeError,
    ask_shape,
    finest_affordable,
    geodesic_area_km2,
    most_cells,
    sampled_cells,
)
from curim_data.model.gazetteer import CREDIT
from curim_data.model.i18n import Message
from curim_data.model.place_names import PlaceNames
from curim_data.model.prepared import read_arrays

if TYPE_CHECKING:
    from pyproj import Transformer

LAND_BUFFER_M: Final = 30.0  # a quay or a mole is city too, and a phone's position is good to some ten metres
HELP_LINES: Final = "helplines.toml"
FILES: Final = (
    "city.toml",
    "categories.toml",
    "land.geojson",
    "districts.geojson",
    "landmarks.toml",
    "streets.geojson",
    HELP_LINES,
    "population.csv",
    "water.geojson",
)
LATER_FILES: Final = (
    HELP_LINES,
    "water.geojson",
)  # a profile without them keeps the version that it had before they were known


# The smallest counts that council and public see, zero apart, and those of sensitive categories: a city may raise both
# (`CityProfile.least_counts`), to `MOST_LEAST` at most, and lowers neither.
K_ORDINARY: Final = 5
K_SENSITIVE: Final = 10
MOST_LEAST: Final = 100
LEAST_COUNT: Final = "least_count"
LEAST_SENSITIVE_COUNT: Final = "least_sensitive_count"

MAJOR: Final = "major"
MINOR: Final = "minor"
PATH: Final = "path"


class ProfileError(ValueError):
    """A profile file that cannot be used: says which file, what is wrong and how to mend it."""


@dataclass(frozen=True)
class Category:
    """A node of the category tree. `sensitive`: sexual or gender-based, counted with the stricter threshold."""

    id: str
    kind: str
    group: str
    sensitive: bool
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Area:
    """A named polygon in WGS84, or a street as a line, whose `kind` is "major", "minor" or "path" where it is known."""

    id: str
    labels: Mapping[str, str]
    polygon: BaseGeometry
    kind: str = ""


@dataclass(frozen=True)
class Landmark:
    """A named point with the radius (metres) in which it lends its name to what is near."""

    id: str
    labels: Mapping[str, str]
    longitude: float
    latitude: float
    radius: float


@dataclass(frozen=True)
class CityProfile:
    """Everything that the dashboard knows of a city. Read with `load_city`.

    `part`: exports are of a larger area, of which the city is the part that was chosen. `outlined`: whether its land is
    known; without it `land` is a stand-in that no page draws and no alert lies on. `least_counts`: what the city asks
    for as the smallest counts that council and public see, ordinary and sensitive ones; `least_count` is what holds.
    """

    version: str
    names: Mapping[str, str]
    epsg: int
    timezone: str
    illustrative: bool
    view: Mapping[str, float]
    groups: Mapping[str, Mapping[str, str]]
    categories: Mapping[str, Category]
    land: BaseGeometry
    districts: tuple[Area, ...]
    landmarks: tuple[Landmark, ...]
    streets: tuple[Area, ...] = ()
    population: pd.DataFrame | None = field(default=None, compare=False)
    provisional: bool = False
    part: bool = False
    outlined: bool = True
    place_names: PlaceNames = field(default_factory=PlaceNames, compare=False)
    water: BaseGeometry | None = None
    attributions: tuple[str, ...] = ()
    help_lines: tuple[Mapping[str, str], ...] = ()
    least_counts: tuple[int, int] = (K_ORDINARY, K_SENSITIVE)

    def least_count(self, sensitive: bool) -> int:
        """The smallest count, zero apart, that is written out for council and public: never under 5, or 10 of sensitive
        categories, and of those never less than of others.
        """
        ordinary = max(self.least_counts[0], K_ORDINARY)
        return max(self.least_counts[1], K_SENSITIVE, ordinary) if sensitive else ordinary

    @cached_property
    def to_metres(self) -> Transformer:
        """WGS84 longitude and latitude to metres in the city's projection."""
        from pyproj import Transformer  # long to load, and not needed for every command

        return Transformer.from_crs(4326, self.epsg, always_xy=True)

    @property
    def sensitive(self) -> frozenset[str]:
        """Ids of the sensitive categories."""
        return frozenset(c.id for c in self.categories.values() if c.sensitive)

    @property
    def without_names(self) -> bool:
        """Whether no names of its places are known: towns of the gazetteer stand for them."""
        return not (self.landmarks or self.districts or self.place_names.areas)

    @property
    def credits(self) -> tuple[str, ...]:
        """Whom shapes and names on its maps are from."""
        return (*self.attributions, *([CREDIT] if self.without_names else []))

    def project(self, longitude: Any, latitude: Any) -> tuple[np.ndarray, np.ndarray]:
        """Project arrays of degrees (WGS84) to metres: two float arrays of the same shape; NaN stays NaN."""
        x, y = self.to_metres.transform(np.asarray(longitude, float), np.asarray(latitude, float))
        lost = ~(np.isfinite(x) & np.isfinite(y))
        return np.where(lost, np.nan, x), np.where(lost, np.nan, y)

    @cached_property
    def land_metres(self) -> BaseGeometry:
        """The land in metres."""
        return shapely.transform(self.land, lambda at: np.column_stack(self.to_metres.transform(at[:, 0], at[:, 1])))

    @cached_property
    def land_and_quays_metres(self) -> BaseGeometry:
        """The land in metres, and what lies within `LAND_BUFFER_M` of it."""
        return self.land_metres.buffer(LAND_BUFFER_M)

    @cached_property
    def sound_districts(self) -> tuple[bool, ...]:
        """Which districts are valid polygons."""
        return tuple(
            area.polygon.geom_type in ("Polygon", "MultiPolygon") and bool(area.polygon.is_valid)
            for area in self.districts
        )

    @cached_property
    def landmarks_metres(self) -> np.ndarray:
        """The landmarks in metres: shape (landmarks, 2)."""
        longitude, latitude = ([getattr(mark, name) for mark in self.landmarks] for name in ("longitude", "latitude"))
        return np.column_stack(self.project(longitude, latitude))

    @cached_property
    def street_lines(self) -> tuple[BaseGeometry, ...]:
        """The streets in metres."""
        return tuple(in_metres(self, street.polygon) for street in self.streets)

    @cached_property
    def street_tree(self) -> shapely.STRtree:
        """The streets in metres, to be asked for those near a shape."""
        return shapely.STRtree(self.street_lines)

    @cached_property
    def area_km2(self) -> float:
        """Square kilometres of land, from its polygon."""
        return geodesic_area_km2(self.land)

    @cached_property
    def sampled_cells(self) -> CellArray:
        """Some cells all over the land, of the finest resolution: for measuring how large a cell is there."""
        return sampled_cells(self.land)

    def finest_affordable(self, most: int = MOST_MAP_CELLS) -> int:
        """The finest H3 resolution at which the land takes at most so many cells; no cell is made for it."""
        cache: dict[int, int] = self.__dict__.setdefault("_finest_affordable", {})
        if most not in cache:
            cache[most] = finest_affordable(self.land, most)
        return cache[most]

    def on_land(self, cells: CellArray) -> BoolArray:
        """Which cells (int64 H3, of any resolution) touch the land, without making the cells of the land."""
        return ask_shape(shapely.intersects, self.land, cell_polygons(cells))

    @property
    def prepared(self) -> Path | None:
        """The folder of what was worked out for this version of the profile, where its home has one."""
        folder: Path | None = self.__dict__.get("_prepared")
        return folder

    def land_cells(self, resolution: int) -> pd.Series:
        """The study mask: square kilometres of land by H3 cell (int64 index, sorted) that touches the land.

        Raises
        ------
        AreaTooLargeError
            Where the land may take more than 500,000 cells: `finest_affordable` says which resolution can be had.
        """
        cache: dict[int, pd.Series] = self.__dict__.setdefault("_land_cells", {})
        if resolution not in cache:
            if resolution > self.finest_affordable(MOST_LAND_CELLS):
                cells = round(most_cells(self.land, resolution) / 1000) * 1000
                raise AreaTooLargeError(
                    Message(
                        "The area is {area} km² and takes about {cells} map cells of the size that this needs (H3 "
                        "resolution {resolution}); at most {most} are made. Choose larger cells, or ask whoever "
                        "keeps the data for a home of the densest area alone.",
                        {
                            "area": round(self.area_km2),
                            "cells": cells,
                            "resolution": resolution,
                            "most": MOST_LAND_CELLS,
                        },
                    )
                )
            kept = read_arrays(self.prepared, str(resolution)) or self._cut_cells(resolution)
            index = pd.Index(kept["cell"], name="cell")
            cache[resolution] = pd.Series(kept["land_km2"], index=index, name="land_km2")
        return cache[resolution]

    def _cut_cells(self, resolution: int) -> dict[str, np.ndarray]:
        """The cells that touch the land, sorted, and how much of each is land."""
        cells = pa.array(h3ronpy.vector.geometry_to_cells(self.land, resolution, h3ronpy.ContainmentMode.Covers))
        index = np.unique(cells.to_numpy()).astype(np.int64)  # parts of the land may share some
        hexagons = cell_polygons(index)
        x, y = self.to_metres.transform(*shapely.get_coordinates(hexagons).T)
        metres = shapely.set_coordinates(hexagons.copy(), np.column_stack([x, y]))
        area = shapely.area(metres) / 1e6
        edge = ~ask_shape(shapely.covers, self.land_metres, metres)  # the rest need not be cut, which takes longest
        area[edge] = shapely.area(shapely.intersection(metres[edge], self.land_metres)) / 1e6
        return {"cell": index, "land_km2": area}


def in_metres(city: CityProfile, shape: BaseGeometry) -> BaseGeometry:
    """A shape (WGS84) in metres of the city's projection."""
    return shapely.transform(shape, lambda at: np.column_stack(city.project(at[:, 0], at[:, 1])))


def streets_in(city: CityProfile, shape: BaseGeometry) -> tuple[Area, ...]:
    """The streets of the city that run through a shape (WGS84), the one with most of its length there first.

    A street stands for its whole width, so that one on the edge of the shape counts as well: 10 metres are added.
    """
    if not city.streets:
        return ()
    reach = in_metres(city, shape).buffer(10.0)  # metres
    length: dict[str, float] = {}
    near = np.sort(city.street_tree.query(reach, predicate="intersects"))
    for number in near:
        street, line = city.streets[number], city.street_lines[number]
        length[street.id] = length.get(street.id, 0.0) + float(shapely.length(shapely.intersection(line, reach)))
    streets = {city.streets[number].id: city.streets[number] for number in near}
    found = sorted((street for street in streets if length[street] > 0), key=lambda street: -length[street])
    return tuple(streets[street] for street in found)


def cell_polygons(cells: Any) -> np.ndarray:
    """Hexagons (WGS84 polygons, longitude first) of an array of H3 cells."""
    found = pa.array(h3ronpy.vector.cells_to_wkb_polygons(np.asarray(cells, np.uint64)))
    polygons: np.ndarray = shapely.from_wkb(found.to_numpy(zero_copy_only=False))
    return polygons


def load_city(folder: Path) -> CityProfile:
    """Read a profile folder; ProfileError where a file is missing or cannot be understood."""
    head = _toml(folder, "city.toml")
    tree, people = _toml(folder, "categories.toml"), folder / "population.csv"
    try:
        return CityProfile(
            version=profile_version(folder),
            names=head["names"],
            epsg=int(head["epsg"]),
            timezone=head["timezone"],
            illustrative=bool(head.get("illustrative", False)),
            view=head.get("view", {}),
            groups={group["id"]: group["labels"] for group in tree.get("group", [])},
            categories={
                c["id"]: Category(c["id"], c["kind"], c.get("group", ""), bool(c.get("sensitive")), c["labels"])
                for c in tree.get("category", [])
            },
            land=_union(folder, "land.geojson"),
            districts=_areas(folder, "districts.geojson"),
            landmarks=tuple(
                Landmark(m["id"], m["labels"], float(m["longitude"]), float(m["latitude"]), float(m.get("radius", 300)))
                for m in _toml(folder, "landmarks.toml").get("landmark", [])
            ),
            streets=_areas(folder, "streets.geojson") if (folder / "streets.geojson").exists() else (),
            # ids of districts are text even where they look like numbers
            population=pd.read_csv(people, dtype={"district": str}) if people.exists() else None,
            provisional=bool(head.get("provisional", False)),
            part=bool(head.get("part", False)),
            outlined=bool(head.get("outline", True)),
            water=_union(folder, "water.geojson") if (folder / "water.geojson").exists() else None,
            attributions=_attributions(folder),
            help_lines=tuple(line["labels"] for line in _toml(folder, HELP_LINES, needed=False).get("helpline", [])),
            least_counts=least_counts(head),
        )
    except KeyError as missing:
        raise ProfileError(
            f"{folder}: the entry {missing} is missing; see curim_data/model/city.py for the layout"
        ) from missing


def least_counts(head: Mapping[str, Any]) -> tuple[int, int]:
    """The smallest counts of an entry of city.toml, ordinary and sensitive; ProfileError where one is no whole number,
    is under what every city keeps, or over what leaves something to see.
    """
    found = []
    for name, floor in ((LEAST_COUNT, K_ORDINARY), (LEAST_SENSITIVE_COUNT, K_SENSITIVE)):
        told = head.get(name, floor)
        if isinstance(told, bool) or not isinstance(told, int) or not floor <= told <= MOST_LEAST:
            raise ProfileError(
                f"city.toml: {name} has to be a whole number from {floor} to {MOST_LEAST}, not {told!r}: a city may "
                "raise the smallest count that council and public see, and not lower it"
            )
        found.append(told)
    return found[0], found[1]


def profile_version(folder: Path) -> str:
    """Twelve hex digits over the content of the profile's files, which is read again where one of them changed."""
    return _content_version(folder, tuple(file_stamp(folder / name) for name in FILES))


def file_stamp(path: Path) -> tuple[int, ...]:
    """What changes with a file: inode, size, and the times of content and inode in nanoseconds; empty without it."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@lru_cache(maxsize=64)
def _content_version(folder: Path, stamps: tuple[tuple[int, ...], ...]) -> str:  # noqa: ARG001 (the cache's key)
    digest = hashlib.sha256()
    for name in FILES:
        path = folder / name
        if name in LATER_FILES and not path.exists():
            continue
        digest.update(name.encode() + b"\0" + (path.read_bytes() if path.exists() else b"") + b"\0")
    return digest.hexdigest()[:12]


def _toml(folder: Path, name: str, needed: bool = True) -> dict[str, Any]:
    if not needed and not (folder / name).exists():
        return {}
    try:
        return tomllib.loads((folder / name).read_text("utf-8"))
    except FileNotFoundError as error:
        raise ProfileError(f"{folder / name} is missing: the city's profile needs it") from error
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{folder / name} is not valid TOML: {error}") from error


def _union(folder: Path, name: str) -> BaseGeometry:
    return shapely.make_valid(shapely.union_all([area.polygon for area in _areas(folder, name)]))


def _attributions(folder: Path) -> tuple[str, ...]:
    """Whom the shapes are from, as the GeoJSON files and landmarks.toml tell it, each source once."""
    shapes = (name for name in FILES if name.endswith(".geojson") and (folder / name).exists())
    told = [_collection(folder, name).get("attribution") for name in shapes]
    told.append(_toml(folder, "landmarks.toml").get("attribution"))
    return tuple(dict.fromkeys(text.strip() for text in told if isinstance(text, str) and text.strip()))


def _collection(folder: Path, name: str) -> dict[str, Any]:
    """A GeoJSON feature collection; ProfileError where the file is missing or holds something else."""
    try:
        content = json.loads((folder / name).read_text("utf-8"))
    except FileNotFoundError as error:
        raise ProfileError(f"{folder / name} is missing: the city's profile needs it") from error
    except json.JSONDecodeError:
        content = None
    if not isinstance(content, dict) or "features" not in content:
        raise ProfileError(f"{folder / name} is not a GeoJSON feature collection")
    return content


def _areas(folder: Path, name: str) -> tuple[Area, ...]:
    areas = []
    for number, feature in enumerate(_collection(folder, name)["features"]):
        properties = feature.get("properties") or {}
        labels = {lang: properties[f"label_{lang}"] for lang in ("el", "en", "fr") if f"label_{lang}" in properties}
        name_id = str(properties.get("id", number))
        kind = str(properties.get("class", ""))
        areas.append(Area(name_id, labels or {"en": name_id}, shape(feature["geometry"]), kind))
    return tuple(areas)


def counted_cells(city: CityProfile, cells: CellArray) -> CellArray:
    """For each cell the one in which its alerts count: itself where it touches the land, else that of the land nearest.

    Parameters
    ----------
    cells : int64 H3, all of one resolution
        Without making the cells of the land. A cell farther from the land than those beside it (at the finest sizes:
        than 30 m) stays itself.
    """
    if not len(cells):
        return cells
    resolution = h3.get_resolution(np.uint64(cells[0]))
    cache: dict[int, pd.Series] = city.__dict__.setdefault("_counted_cells", {})
    known = cache.get(resolution, pd.Series(dtype=np.int64, index=pd.Index([], dtype=np.int64)))
    new = np.unique(cells[known.index.get_indexer(pd.Index(cells)) < 0])
    if len(new):
        found = new.copy()
        away = np.flatnonzero(~_touch(city, new))
        found[away] = [_nearest(city, int(cell)) for cell in new[away]]
        cache[resolution] = known = pd.concat([known, pd.Series(found, index=new)])
    return known.to_numpy()[known.index.get_indexer(pd.Index(cells))]


def with_shore(city: CityProfile, names: Collection[str]) -> list[int]:
    """Cells by name (hexadecimal, of any resolutions), and those whose alerts count in them (`counted_cells`)."""
    of_size: dict[int, set[int]] = {}
    for cell in (int(name, 16) for name in names):
        of_size.setdefault(h3.get_resolution(np.uint64(cell)), set()).add(cell)
    found = []
    for resolution, chosen in of_size.items():
        cells = np.array(sorted(chosen), np.int64)
        near = pa.array(h3ronpy.grid_disk(cells.astype(np.uint64), _rings(resolution), flatten=True))
        beside = np.setdiff1d(near.to_numpy(zero_copy_only=False).astype(np.int64), cells)
        found += [*cells.tolist(), *beside[np.isin(counted_cells(city, beside), cells)].tolist()]
    return found


def _touch(city: CityProfile, cells: CellArray) -> BoolArray:
    """`CityProfile.on_land`, mostly decided by the centres of the cells."""
    middles = pa.record_batch(h3ronpy.vector.cells_to_coordinates(cells.astype(np.uint64)))
    touch = ask_shape(shapely.contains_xy, city.land, middles["lng"].to_numpy(), middles["lat"].to_numpy())
    touch[~touch] = city.on_land(cells[~touch])
    return touch


def _nearest(city: CityProfile, cell: int) -> int:
    """The cell of that point of the land which is nearest to the middle of a cell; itself where that is far."""
    from pyproj.enums import TransformDirection  # long to load, and not needed for every command

    latitude, longitude = h3.cell_to_latlng(np.uint64(cell))
    resolution = h3.get_resolution(np.uint64(cell))
    x, y = city.project(longitude, latitude)
    line = shapely.shortest_line(city.land_metres, shapely.Point(float(x), float(y)))
    east, north = shapely.get_coordinates(line)[0]
    longitude, latitude = city.to_metres.transform(east, north, direction=TransformDirection.INVERSE)
    found = int(h3.latlng_to_cell(latitude, longitude, resolution))
    rings = _rings(resolution)
    near = found in {int(one) for one in h3.grid_disk(np.uint64(cell), rings)}
    return found if near and bool(city.on_land(np.array([found], np.int64))[0]) else cell


def _rings(resolution: int) -> int:
    """How many rings around a cell hold the land within 30 m of it."""
    return {12: 3, 11: 2}.get(resolution, 1)
