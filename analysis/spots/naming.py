"""Which place is which: the same id and name for a place under other filters, periods, sizes and methods.

A hot spot moves a little with every filter, and the order of hot spots changes with it. So ids and numbers ("Station,
2") come from places that do not move: the hot spots of all alerts of all time, which a month more hardly changes. A
place found under a filter is the known place that it overlaps or lies nearest to; only one that is new gets an id and a
number of its own, after those that are taken.

What a place is called: by a landmark, a district and a street, what its export calls it, or where it lies.

A name is never a bare number. Places that share one differ by their street, by their direction and by how
far they lie, so that a reader finds them; the same place has the same name under every filter.

Where an area of map cells lies, in words: the streets that cross it, or the nearest landmark.

Where the names on a map go: none runs into another, at the view that the map opens with and at every nearer one.

A name stands beside its point, in pixels that do not change with the zoom; the points part or close in on the screen
as the reader zooms. So two names meet at an interval of scales, which is found exactly, and a name is placed only where
that interval lies outside the scales that the map allows. Greedy, by rank: Yoeli, The logic of automated map
lettering, Cartographic Journal 9 (1972), with the positions of Imhof, Positioning names on maps (1975).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final, Literal, TypeVar

import h3.api.basic_int as h3
import numpy as np
import shapely

from analysis.stats.intervals import CellPlace
from curim_data.model import LANGUAGES, N_, CityProfile, FloatArray, Translator, cell_polygons, translator
from curim_data.model.extent import ask_shape
from curim_data.model.gazetteer import nearest_town
from curim_data.model.i18n import first_case
from curim_data.model.place_names import AREA, numbered_area

# Centres of one place under two filters lie no farther apart than what a place reaches, whatever their cells.
REACH_M: Final = 200.0
EQUATOR_M: Final = 6_378_137.0  # WGS84
FLATTENING: Final = 1 / 298.257223563


_Spot = TypeVar("_Spot")


def as_known_places(spots: Sequence[Any]) -> tuple[CellPlace, ...]:
    """Places that lend their ids and numbers: those with most alerts first, as new ones have few at first."""
    ordered = sorted(spots, key=lambda spot: (-spot.n, spot.id))
    return tuple(CellPlace(spot.id, spot.cells, spot.longitude, spot.latitude) for spot in ordered)


def match_places(spots: Sequence[CellPlace], places: Sequence[CellPlace]) -> dict[int, int]:
    """For each place found that is a known one: its position in `spots`, and that of the known one in `places`.

    Pairs that overlap, or whose centres lie within 200 m, are taken best first, each place once. How good a pair is:
    the part of the smaller one's cells that lie in the other (at the coarser resolution of the two), plus the nearness
    of the centres, from 1 (the same point) to 0 (200 m).
    """
    if not spots or not places:
        return {}
    first, second = (np.array([[one.longitude, one.latitude] for one in group]) for group in (spots, places))
    away = _metres(first[:, None], second, _metres_per_radian(first, second))
    pairs = sorted(set(map(tuple, np.argwhere(away < REACH_M).tolist())) | _overlapping_pairs(spots, places))
    nearness = (max(0.0, 1 - float(away[pair]) / REACH_M) for pair in pairs)
    scores = [_overlap(spots[i].cells, places[j].cells) + near for (i, j), near in zip(pairs, nearness, strict=True)]
    found: dict[int, int] = {}
    taken: set[int] = set()
    for score, i, j in sorted((-score, i, j) for score, (i, j) in zip(scores, pairs, strict=True)):
        if score < 0 and i not in found and j not in taken:
            found[i] = j
            taken.add(j)
    return found


def _overlapping_pairs(spots: Sequence[CellPlace], places: Sequence[CellPlace]) -> set[tuple[int, int]]:
    """Positions of places that share a cell at the coarsest of all their resolutions: all that overlap, and more."""
    sizes = [h3.get_resolution(place.cells[0]) for place in (*spots, *places) if place.cells]
    holders: dict[int, list[int]] = {}
    for j, place in enumerate(places):
        for cell in _parents(place.cells, min(sizes)):
            holders.setdefault(cell, []).append(j)
    shared = ((i, cell) for i, spot in enumerate(spots) for cell in _parents(spot.cells, min(sizes)))
    return {(i, j) for i, cell in shared for j in holders.get(cell, ())}


def known_ids(spots: Sequence[CellPlace], places: Sequence[CellPlace]) -> tuple[str, ...]:
    """For each place the id of the known one that it is, else its own or one of its cells; ids stay distinct."""
    pairs = match_places(spots, places)
    taken = {places[other].id for other in pairs.values()}
    out = []
    for position, spot in enumerate(spots):
        name = places[pairs[position]].id if position in pairs else spot.id
        if position not in pairs and name in taken:
            name = next((own for own in sorted(f"{cell:x}" for cell in spot.cells) if own not in taken), name)
        taken.add(name)
        out.append(name)
    return tuple(out)


def with_known_ids(spots: Sequence[_Spot], places: Sequence[CellPlace]) -> tuple[_Spot, ...]:
    """The places with the ids of those known ones that they are (`known_ids`). The order is kept."""
    given: Any = spots
    return tuple(
        spot if spot.id == name else replace(spot, id=name)
        for spot, name in zip(given, known_ids(given, places), strict=True)
    )


def _metres(first: FloatArray, second: FloatArray, scale: tuple[float, float]) -> FloatArray:
    """Metres between pairs of points (degrees, longitude first on the last axis)."""
    east, north = np.moveaxis(np.radians(first - second) * scale, -1, 0)
    return np.asarray(np.hypot(east, north))


def _metres_per_radian(first: FloatArray, second: FloatArray) -> tuple[float, float]:
    """Metres that a radian of longitude and of latitude take at the mean latitude of the points."""
    latitude = np.radians(np.concatenate([first, second])[:, 1].mean())
    bent = 1 - FLATTENING * (2 - FLATTENING) * np.sin(latitude) ** 2
    east = EQUATOR_M / np.sqrt(bent) * np.cos(latitude)
    return float(east), float(EQUATOR_M * (1 - FLATTENING) ** 2 / bent**1.5)


def _overlap(first: tuple[int, ...], second: tuple[int, ...], of: Callable[[int, int], int] = min) -> float:
    """Part of the smaller (or larger) one's cells that both share, at the coarser resolution; 0 where one has none."""
    if not first or not second:
        return 0.0
    size = min(h3.get_resolution(first[0]), h3.get_resolution(second[0]))
    one, other = _parents(first, size), _parents(second, size)
    return len(one & other) / of(len(one), len(other))


@lru_cache(maxsize=4096)
def _parents(cells: tuple[int, ...], size: int) -> frozenset[int]:
    return frozenset(h3.cell_to_parent(cell, size) for cell in cells)


# A landmark farther away than this many of its radii does not help a reader to find the place.
FAR: Final = 4
STREET_NEAR: Final = 60.0  # metres from the middle of a place within which a street lends it its name
ALIKE: Final = 0.25  # the part of the larger area that it shares with a place whose name it takes
MIDDLE: Final = 0.25  # of the radius of an area: nearer to its middle there is no direction
AT_CENTRE: Final = 250.0  # metres
OUT_OF_TOWN: Final = 5_000.0  # metres from the city's centre: from there on a street or a landmark may be of any town
# The words of the eight directions, clockwise from the north.
DIRECTIONS: Final[Mapping[str, Callable[[Translator], str]]] = {
    "north": lambda t: t.c("direction", "north"),
    "north-east": lambda t: t.c("direction", "north-east"),
    "east": lambda t: t.c("direction", "east"),
    "south-east": lambda t: t.c("direction", "south-east"),
    "south": lambda t: t.c("direction", "south"),
    "south-west": lambda t: t.c("direction", "south-west"),
    "west": lambda t: t.c("direction", "west"),
    "north-west": lambda t: t.c("direction", "north-west"),
}
STEPS: Final = (100, 10)  # metres to which distances are rounded, the second where the first are the same
LONG: Final = 20_000.0  # metres
MOST_LISTS: Final = 4  # of known places, whose names are kept for a profile
Labels = Mapping[str, str]


@dataclass(frozen=True)
class SpotName:
    """A name for readers, in parts that each language puts together in its own way.

    `place`: the landmark's id, empty where none is near. `labels`: what it is called by, a landmark, a district, an
    area or a street; empty where only its position is known. `near`: whether it lies near the landmark, not at it.
    `numbered`: an area with a number for a name. `street`: the street in that area; it comes first. `direction`: one
    of `DIRECTIONS` or "middle", from the middle of the area, or from the city's centre where `of_city`, with the
    `metres` (0: untold). `of_alerts`: that centre is the middle of the alerts, in a profile made from
    them. `number`: counts places that nothing else tells apart. `town`: the town or neighbourhood of a
    landmark far from the city's centre.
    """

    place: str
    labels: Labels
    near: bool = False
    numbered: tuple[str, str] = ("", "")
    street: Labels = field(default_factory=dict)
    direction: str = ""
    metres: int = 0
    of_city: bool = False
    number: int = 1
    town: str = ""
    of_alerts: bool = False

    def __call__(self, t: Translator) -> str:
        """The name in the reader's language."""
        name = t.label(self.labels) if self.labels else ""
        if self.near:
            name = t("Near: {landmark}", landmark=name)
        details = list(self._details(t))
        if self.street and not self.place:  # narrow lists cut the end, and many places share the area
            details = [name, *details] if name else details
            name = t.label(self.street)
        for detail in details:
            name = t("{what}, {where}", what=name, where=detail) if name else detail
        name = name or self._middle(t)
        return name if self.number == 1 else t("{place} ({number})", place=name, number=self.number)

    def _middle(self, t: Translator) -> str:
        return t("Middle of the alerts") if self.of_alerts else t("City centre")

    @property
    def by_language(self) -> dict[str, str]:
        """The name in every language."""
        return {lang: self(translator(lang)) for lang in LANGUAGES}

    def _details(self, t: Translator) -> tuple[str, ...]:
        numbered = numbered_area(t, *self.numbered) if self.numbered[0] else ""
        street = t.label(self.street) if self.street and self.place else ""
        return tuple(filter(None, (self.town, numbered, street, self._where(t))))

    def _where(self, t: Translator) -> str:
        """The direction and the distance in words."""
        if self.direction in ("", "middle"):
            middle = self._middle(t) if self.of_city else t.c("part of an area", "middle")
            return middle if self.direction else ""
        where = DIRECTIONS[self.direction](t)
        if not self.metres:
            return where if self.place else t("in the {direction}", direction=where)
        far = first_case(
            (self.of_alerts, N_("{distance} {direction} of the middle of the alerts")),
            (self.of_city, N_("{distance} {direction} of the centre")),
            (self.place, N_("{distance} {direction}")),
            (True, N_("{distance} {direction} of its centre")),
        )
        return t(far, distance=_distance(t, self.metres), direction=where)


def name_spot(longitude: float, latitude: float, city: CityProfile) -> SpotName:
    """Name a point (WGS84): by the nearest landmark, relative to its radius, so that a large one reaches farther."""
    return next(_names(_Positions([longitude], [latitude], city), 0))


def name_area(longitude: float, latitude: float, city: CityProfile) -> SpotName:
    """Name an area by its middle (WGS84), as exactly as can be: its neighbours lie under the same place names."""
    names = list(_names(_Positions([longitude], [latitude], city), 0))
    return next((name for name in names if name.direction == "middle"), names[-1])


def name_spots(spots: Iterable[Any], city: CityProfile, places: Sequence[CellPlace] = ()) -> dict[str, SpotName]:
    """Name spots by their id, each with a name of its own in every language.

    `places`: known ones (`analysis.spots.naming`), whose names stay with them whatever filter finds them. The others
    are named after those, the nearest to its landmark first among known places, else in their order.
    """
    given: list[Any] = list(spots)
    ids = {place.id: at for at, place in enumerate(places)}
    known, taken = _known_names(tuple(places), city)
    names = {spot.id: known[ids[spot.id]] for spot in given if spot.id in ids}
    with_cells = [spot for spot in given if spot.id not in names and hasattr(spot, "cells")]
    others = [place for place in places if place.id not in names]
    for one, at in match_places(with_cells, others).items():
        if _overlap(with_cells[one].cells, others[at].cells, max) >= ALIKE:  # not a quarter that a place lies in
            names[with_cells[one].id] = known[ids[others[at].id]]
    new = [spot for spot in given if spot.id not in names]
    positions = _Positions([spot.longitude for spot in new], [spot.latitude for spot in new], city)
    order = list(range(len(new)))
    if places:
        order.sort(key=lambda at: (positions.reaches[at].min(initial=np.inf), new[at].id))
    taken = {lang: set(told) for lang, told in taken.items()}
    for at in order:
        names[new[at].id] = _distinct(positions, at, taken)
    return {spot.id: names[spot.id] for spot in given}


def _known_names(places: tuple[CellPlace, ...], city: CityProfile) -> tuple[list[SpotName], dict[str, set[str]]]:
    """The names of known places in their order, and what is taken by them; kept for the last lists of a profile.

    Each audience has a list of its own, and threads may ask at the same time.
    """
    kept: dict[Any, tuple[list[SpotName], dict[str, set[str]]]] = city.__dict__.setdefault("_known_names", {})
    found = kept.get(places)
    if found is None:
        positions = _Positions([one.longitude for one in places], [one.latitude for one in places], city)
        taken: dict[str, set[str]] = {lang: set() for lang in LANGUAGES}
        found = [_distinct(positions, at, taken) for at in range(len(places))], taken
        if len(kept) >= MOST_LISTS:
            kept.clear()
        kept[places] = found
    return found


def _distinct(positions: _Positions, at: int, taken: dict[str, set[str]]) -> SpotName:
    """The first of a point's names that no other place has, in any language; it is taken then."""
    name = SpotName("", {})
    for name in _names(positions, at):
        told = name.by_language
        if not any(told[lang] in taken[lang] for lang in LANGUAGES):
            break
    else:
        while any(name.by_language[lang] in taken[lang] for lang in LANGUAGES):
            name = replace(name, number=name.number + 1)
    for lang, text in name.by_language.items():
        taken[lang].add(text)
    return name


class _Positions:
    """Points in degrees and metres, with how far each lies from every landmark, in radii of that landmark."""

    def __init__(self, longitude: Sequence[float], latitude: Sequence[float], city: CityProfile) -> None:
        self.city = city
        self.longitude, self.latitude = list(longitude), list(latitude)
        self.x, self.y = city.project(longitude, latitude)
        self.reaches: FloatArray = np.empty((len(self.x), 0))
        if city.landmarks and len(self.x):
            marks, radius = city.landmarks_metres, [mark.radius for mark in city.landmarks]
            self.reaches = np.hypot(self.x[:, None] - marks[:, 0], self.y[:, None] - marks[:, 1]) / radius


def _names(positions: _Positions, at: int) -> Iterator[SpotName]:
    """The names of a point, from the shortest to the most exact."""
    city, reach = positions.city, positions.reaches[at]
    here = (float(positions.x[at]), float(positions.y[at]))
    words = city.place_names.at(positions.longitude[at], positions.latitude[at])
    street = _street(city, here) or ({"en": words.street} if words.street else {})
    nearest = int(reach.argmin()) if len(reach) else 0
    if len(reach) and reach[nearest] <= FAR:
        mark = city.landmarks[nearest]
        town = words.area if _from_city(here, city)[1] >= OUT_OF_TOWN else ""
        name = SpotName(mark.id, mark.labels, near=bool(reach[nearest] > 1))
        name = name if town in mark.labels.values() else replace(name, town=town)
        yield name
        yield from _by_detail(name, street, here, tuple(city.landmarks_metres[nearest]), 0.0)
        return
    area, middle, radius = _area(city, here, positions.longitude[at], positions.latitude[at])
    if not area and words.area:
        area, middle, radius = {"en": words.area}, _middle(city, AREA, words.area), AT_CENTRE
    if words.numbered[0] and not (area and street):
        middle, radius = _middle(city, *words.numbered), AT_CENTRE
    numbered = ("", "") if area and street else words.numbered
    name = SpotName("", area, numbered=numbered)
    if area or numbered[0]:
        if street and set(street.values()) != set(area.values()):
            yield replace(name, street=street)
            yield from _by_detail(replace(name, street=street), {}, here, middle, radius)
            return
        yield from _by_detail(name, {}, here, middle, radius)  # a place is a part of the area, and named as one
        return
    if street and not city.provisional and _from_city(here, city)[1] < OUT_OF_TOWN:
        yield SpotName("", street)
    # Of a city of which no names are known places are called after towns of the gazetteer.
    near = nearest_town(positions.longitude[at], positions.latitude[at]) if city.without_names else None
    if near is None:
        yield from _from_centre(SpotName("", street), here, city)
        return
    name = SpotName("", near.labels, street=street)
    if street:
        yield name
    direction, metres = _bearing(_in_metres(city, near.longitude, near.latitude), here)
    if metres < AT_CENTRE:
        yield replace(name, direction="middle")
    yield from _by_distance(name, direction, metres)


def _by_detail(
    name: SpotName, street: Labels, here: tuple[float, float], middle: tuple[float, float], radius: float
) -> Iterator[SpotName]:
    """A name with the street, with the direction from the middle of what it names, and with the distance."""
    if street:
        yield replace(name, street=street)
    direction, metres = _bearing(middle, here)
    if metres < max(MIDDLE * radius, STEPS[1]):
        yield replace(name, direction="middle")
    else:
        yield replace(name, direction=direction)
    yield from _by_distance(name, direction, metres)


def _from_centre(name: SpotName, here: tuple[float, float], city: CityProfile) -> Iterator[SpotName]:
    """A name by the distance and direction from the city's centre."""
    direction, metres = _from_city(here, city)
    name = replace(name, of_city=True, of_alerts=city.provisional)
    if metres < AT_CENTRE:
        yield replace(name, direction="middle")
    yield from _by_distance(name, direction, metres)


def _from_city(here: tuple[float, float], city: CityProfile) -> tuple[str, float]:
    """The direction and the metres from the city's centre."""
    if not {"longitude", "latitude"} <= set(city.view):
        return _bearing((city.land_metres.centroid.x, city.land_metres.centroid.y), here)
    return _bearing(_in_metres(city, city.view["longitude"], city.view["latitude"]), here)


def _in_metres(city: CityProfile, longitude: float, latitude: float) -> tuple[float, float]:
    x, y = city.project([longitude], [latitude])
    return float(x[0]), float(y[0])


def _by_distance(name: SpotName, direction: str, metres: float) -> Iterator[SpotName]:
    """A name by a distance, rounded ever less, but never finer than it is written."""
    for step in (1000,) if metres >= LONG else STEPS[:1] if metres >= 1000 else STEPS:
        if round(metres / step):
            yield replace(name, direction=direction, metres=step * round(metres / step))


def _bearing(middle: tuple[float, float], here: tuple[float, float]) -> tuple[str, float]:
    """The direction from one point to another, one of eight, and the metres between them."""
    east, north = here[0] - middle[0], here[1] - middle[1]
    return tuple(DIRECTIONS)[round(math.atan2(east, north) / (math.pi / 4)) % 8], math.hypot(east, north)


def _street(city: CityProfile, here: tuple[float, float]) -> Labels:
    """The city's street nearest to a point, if it is near."""
    if not city.streets:
        return {}
    found = city.street_tree.query_nearest(shapely.Point(here), max_distance=STREET_NEAR, all_matches=False)
    return city.streets[int(found[0])].labels if len(found) else {}


def _area(
    city: CityProfile, here: tuple[float, float], longitude: float, latitude: float
) -> tuple[Labels, tuple[float, float], float]:
    """The district that holds a point: its labels, its middle in metres, and the radius of a disc of its size."""
    for area in city.districts:
        if ask_shape(shapely.intersects_xy, area.polygon, longitude, latitude):
            centre = area.polygon.centroid
            west, south, east, north = area.polygon.bounds
            left, right = city.project([west, east], [south, north])
            part = area.polygon.area / max((east - west) * (north - south), 1e-12)
            square = abs(float(left[1] - left[0]) * float(right[1] - right[0])) * part
            return area.labels, _in_metres(city, centre.x, centre.y), math.sqrt(square / math.pi)
    return {}, here, 0.0


def _middle(city: CityProfile, kind: str, name: str) -> tuple[float, float]:
    centre = city.place_names.centres[kind, name]
    return _in_metres(city, centre.longitude, centre.latitude)


def _distance(t: Translator, metres: int) -> str:
    """A distance as people say it: metres below a kilometre, then kilometres with one decimal, from a hundred on whole
    ones.
    """
    if metres < 1000:
        return t("{metres} m", metres=metres)
    whole = metres % 1000 == 0 or metres >= 100_000
    return t("{kilometres} km", kilometres=round(metres / 1000) if whole else metres / 1000)


MOST_STREETS: Final = 3
# Metres of a street in an area from which on it is one of its streets, and does not only touch it.
LEAST_LENGTH: Final = 25.0


def area_in_words(cells: Sequence[str], city: CityProfile, t: Translator) -> str:
    """The streets of an area, longest within it first, else the place named after its middle; and its size in cells.

    `cells`: H3 cells by their names, at least one.
    """
    hexagons = cell_polygons([h3.str_to_int(cell) for cell in cells])
    where = _streets_of(hexagons, city, t)
    if not where:
        middle = shapely.centroid(shapely.union_all(hexagons))
        where = name_spot(float(middle.x), float(middle.y), city)(t)
    size = t.n("{n} cell of the map", "{n} cells of the map", len(cells))
    return t("{place} ({number})", place=where, number=size)


def _streets_of(hexagons: np.ndarray, city: CityProfile, t: Translator) -> str:
    """The names of the longest streets within an area; empty where the city gave none there."""
    if not city.streets:
        return ""
    x, y = city.project(*shapely.get_coordinates(hexagons).T)
    area = shapely.union_all(shapely.set_coordinates(hexagons.copy(), np.column_stack([x, y])))
    lengths: dict[str, float] = {}
    for at in city.street_tree.query(area, predicate="intersects").tolist():
        if name := t.label(city.streets[at].labels):
            within = float(shapely.length(shapely.intersection(city.street_lines[at], area)))
            lengths[name] = lengths.get(name, 0.0) + within
    names = sorted((name for name in lengths if lengths[name] >= LEAST_LENGTH), key=lambda name: -lengths[name])
    more = len(names) - MOST_STREETS
    if more <= 0:
        return t.join(names) if names else ""
    return t.n(
        "{streets} and {n} more street", "{streets} and {n} more streets", more, streets=", ".join(names[:MOST_STREETS])
    )


Anchor = Literal["start", "middle", "end"]

MOST_LABELS: Final = 12  # places that a map names: more are read in the list beside it
BESIDE: Final = 9.0  # pixels between a point and its name
POINT: Final = 6.0  # half of what a point takes of the map
PAD: Final = 3.0  # pixels between the letters and the edge of their plate
_SIDES: Final[tuple[tuple[Anchor, float], ...]] = (("start", BESIDE), ("end", -BESIDE))
LINE: Final = 1.3  # height of a line, in parts of the size of its type
# Widths of letters in parts of the size of the type, as wide as bold system type runs; regular type is narrower.
CAPITAL, LETTER = 0.76, 0.63
_WIDTHS: Final = (("ijl.,:;'’|!ιίϊΐ·I1 ", 0.36), ("ftr()-–/[]τγνλξςJ", 0.48), ("mwMWΜΩΦωψφ@%—Ψœæ", 0.96))
REGULAR: Final = 0.94


@dataclass(frozen=True)
class LabelBox:
    """What a name covers: pixels to the right of and below the middle of the view."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Label:
    """A name that wants a place on the map.

    `texts`: from the one wanted to the shortest that will do. `x`, `y`: its point in pixels right of and below the
    middle of the view. `size`: of the type in pixels. `beside`: whether it stands beside its point, or over it.
    """

    texts: tuple[str, ...]
    x: float
    y: float
    size: float = 13.0
    bold: bool = True
    beside: bool = True


@dataclass(frozen=True)
class PlacedLabel:
    """A name and where it stands: the position of its `Label`, its text, the anchor, and pixels from its point."""

    of: int
    text: str
    anchor: Anchor
    right: float
    down: float
    x: float
    y: float
    width: float
    height: float

    def box(self, scale: float = 1.0) -> LabelBox:
        """What it covers when the map is so many times as large as it opened."""
        left = self.x * scale + self.right - {"start": 0.0, "middle": self.width / 2, "end": self.width}[self.anchor]
        middle = self.y * scale + self.down
        return LabelBox(left - PAD, middle - self.height / 2, left + self.width + PAD, middle + self.height / 2)


def text_width(text: str, size: float, *, bold: bool = True) -> float:
    """Width of a text in the units of `size`, rather too wide than too narrow, for Greek and Latin letters."""
    widths = (
        next((width for letters, width in _WIDTHS if letter in letters), CAPITAL if letter.isupper() else LETTER)
        for letter in text
    )
    return size * sum(widths) * (1.0 if bold else REGULAR)


def placed_labels(
    labels: Sequence[Label],
    *,
    most: int = MOST_LABELS,
    room: tuple[float, float] = (math.inf, math.inf),
    scales: tuple[float, float] = (1.0, 1.0),
    before: Sequence[PlacedLabel] = (),
) -> tuple[PlacedLabel, ...]:
    """Place names so that no two meet at any scale of the map.

    Parameters
    ----------
    labels
        The most important first.
    most
        How many of them, from the first on, may have a name.
    room
        Half of the map's width and height in pixels: beyond it no name begins or ends as the map opens.
    scales
        How far the map may be zoomed out and in, as factors of the scale at which it opens (`x` and `y` are of 1).
    before
        Names that stand already.

    Returns
    -------
    tuple of PlacedLabel
        One for each of the labels that found a place; the others are left out.
    """
    taken: list[PlacedLabel] = []
    points = [label for label in labels[:most] if label.beside]
    for at, label in enumerate(labels[:most]):
        for placed in _tries(at, label):
            met = any(_meet(placed, other, scales) for other in (*before, *taken))
            covers = any(_covers(placed.box(), other) for other in points if other is not label)
            box = placed.box()
            inside = max(abs(box.left), abs(box.right)) < room[0] and max(abs(box.top), abs(box.bottom)) < room[1]
            if inside and not met and not covers:
                taken.append(placed)
                break
    return tuple(taken)


def _tries(at: int, label: Label) -> Iterable[PlacedLabel]:
    line = round(label.size * LINE)
    places: list[tuple[Anchor, float, float]] = [("middle", 0.0, 0.0)]
    if label.beside:
        places = [(anchor, away, down) for down in (0, line, -line) for anchor, away in _SIDES]
        places += [("middle", 0.0, -line), ("middle", 0.0, line)]
    for text in filter(None, label.texts):
        width = text_width(text, label.size, bold=label.bold)
        for anchor, right, down in places:
            yield PlacedLabel(at, text, anchor, right, down, label.x, label.y, width, line)


def _covers(box: LabelBox, label: Label) -> bool:
    across = box.left < label.x + POINT and label.x - POINT < box.right
    return across and box.top < label.y + POINT and label.y - POINT < box.bottom


def _meet(one: PlacedLabel, other: PlacedLabel, scales: tuple[float, float]) -> bool:
    """Whether two names meet at some scale: along each axis they do at an interval of scales, and both must."""
    first, second = one.box(0.0), other.box(0.0)
    low, high = scales
    for apart, least, most in (
        (one.x - other.x, second.left - first.right, second.right - first.left),
        (one.y - other.y, second.top - first.bottom, second.bottom - first.top),
    ):
        # They share this axis where least < scale * apart < most.
        if apart == 0.0:
            if not least < 0.0 < most:
                return False
            continue
        ends = sorted((least / apart, most / apart))
        low, high = max(low, ends[0]), min(high, ends[1])
    return low < high or (low == high and scales[0] == scales[1])
