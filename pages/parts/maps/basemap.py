"""The base map: the city's own shapes, no tiles, no request to any server; and the names on a map.

Streets are as many as there is room for. No name runs into another at any zoom, and all else gives way to hot spots:
positions are worked out on the server (`analysis.spots.naming`) for every scale of zoom. deck.gl's
own filter of collisions, which Streamlit's bundle knows, hides a name only where its *point* is covered: names whose
points are free run into one another all the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import h3.api.numpy_int as h3
import numpy as np
import pydeck as pdk
import shapely
import streamlit as st
from pydeck.bindings.json_tools import default_serialize
from shapely.geometry.base import BaseGeometry

from analysis.spots.naming import MOST_LABELS, Label, PlacedLabel, placed_labels
from curim_data.filters import AlertFilter
from curim_data.model import NO_OUTLINE, CityProfile, Translator, on_a_map
from curim_data.model.city import MAJOR, MINOR, PATH, Area
from curim_data.model.gazetteer import Town, largest_towns
from curim_data.studies.cells import union_of_cells
from pages.parts.frame import Page, Palette, Room, css_text, palette, rgba

# Corners of streets in the whole map: about 20 bytes each, so that a map stays under half a megabyte.
MOST_CORNERS: Final = 20_000
PIXELS_ACROSS: Final = 900  # a map of the whole city
CLASSES: Final = (MAJOR, "", MINOR, PATH)
MAIN: Final = 2  # the first of them, of which as many are drawn as there is room for
Drawn = tuple[tuple[str, BaseGeometry], ...]
LEAST_WIDTH = 240  # px of a map
BESIDE_GAP = 24  # px, the columns' share of the gap and the table's border
TILE = 512  # deck.gl's world is 512 px wide at zoom 0
MARGIN = 30
HIGHEST = 85.0  # degrees of latitude that a web map can draw
NEAR = 0.001  # degrees round a place that a map is turned to: about a hundred metres


class Deck(pdk.Deck):
    """As `pydeck.Deck`; its JSON has no indents, so that Python's quick encoder writes it."""

    def to_json(self) -> str:
        """The same description, on one line, its letters as they are: escaped, a Greek one takes six bytes."""
        return json.dumps(self, sort_keys=True, default=default_serialize, separators=(",", ":"), ensure_ascii=False)


def streets_of_city(city: CityProfile) -> Drawn:
    """The streets of the whole map by class, one shape a class, the widest last; kept with the city."""
    kept: dict[str, Drawn] = city.__dict__
    if "_drawn_streets" not in kept:
        kept["_drawn_streets"] = drawn(city.streets, city.land.bounds)
    return kept["_drawn_streets"]


def streets_near(city: CityProfile, box: tuple[float, float, float, float]) -> Drawn:
    """The streets within a box (west, south, east, north in degrees), for a map that is turned to a place.

    None where the map of the whole city has room for all of them.
    """
    kept = city.__dict__
    if sum(len(shapely.get_coordinates(street.polygon)) for street in city.streets) <= MOST_CORNERS:
        return ()
    if "_streets_in_degrees" not in kept:
        kept["_streets_in_degrees"] = shapely.STRtree([street.polygon for street in city.streets])
    found = kept["_streets_in_degrees"].query(shapely.box(*box), predicate="intersects")
    near = [city.streets[number] for number in np.sort(found)]
    cut = [Area(street.id, {}, shapely.clip_by_rect(street.polygon, *box), street.kind) for street in near]
    return drawn([street for street in cut if not street.polygon.is_empty], box)


def drawn(streets: Sequence[Area], box: tuple[float, float, float, float], most: int = MOST_CORNERS) -> Drawn:
    """Streets of a map of a box by class, paths first.

    Lines are simplified to a quarter of a pixel of the whole map and rounded to a metre. Of main roads (and streets of
    unknown class) the longest are taken while there is room; other streets, and paths after them, all or none.
    """
    if not streets:
        return ()
    west, _, east, _ = box
    fine = (east - west) / PIXELS_ACROSS / 4  # so much closer may a reader look before a street looks angular
    lines = shapely.simplify(shapely.force_2d(np.array([street.polygon for street in streets])), fine)
    lines = shapely.set_precision(lines, 1e-5, mode="pointwise")
    rank = np.array([CLASSES.index(street.kind) if street.kind in CLASSES else 1 for street in streets])
    order = np.lexsort((-shapely.length(lines), rank))
    corners = np.cumsum(shapely.get_num_coordinates(lines)[order])
    length = np.cumsum(shapely.length(lines)[order]) / (east - west) / PIXELS_ACROSS
    room = corners <= most
    for number in range(MAIN, len(CLASSES)):
        own = rank[order] == number
        # They may take a tenth of the map's pixels, lest they hide the cells.
        room[own] = bool((room[own] & (length[own] <= 0.1)).all())
    strings = [
        (kind, [part for part in shapely.get_parts(lines[order[room & (rank[order] == number)]]) if part.length > 0])
        for number, kind in reversed(list(enumerate(CLASSES)))
    ]
    return tuple((kind, shapely.MultiLineString(parts)) for kind, parts in strings if parts)


@lru_cache(maxsize=64)
def feature_collection(shapes: tuple[BaseGeometry, ...]) -> dict[str, Any]:
    """A GeoJSON collection, coordinates rounded to five decimals (about a metre); not to be changed, it is kept."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {},
                "geometry": shapely.geometry.mapping(shapely.set_precision(shape, 1e-5)),
            }
            for shape in shapes
        ],
    }


def base_layers(city: CityProfile, colours: Palette) -> list[pdk.Layer]:
    """The whole base map, from the bottom up."""
    return [*ground_layers(city, colours), *over_layers(city, colours)]


def ground_layers(city: CityProfile, colours: Palette) -> list[pdk.Layer]:
    """The colour of land, on which cells are drawn; what is no land covers it later."""
    return [
        shape_layer(
            "land", [shapely.box(*around_land(city.land).bounds)], filled=True, get_fill_color=rgba(colours.land)
        )
    ]


def over_layers(city: CityProfile, colours: Palette) -> list[pdk.Layer]:
    """What lies around the land, in grey since nobody has described it, water, streets and district borders: over
    cells and their outlines, which end at the coast.
    """
    style = {"stroked": True, "line_width_min_pixels": 1}
    sea = {"filled": True, "get_fill_color": rgba(colours.sea), "get_line_color": rgba(colours.land_line)}
    borders = [area.polygon.boundary for area in city.districts]
    return [
        shape_layer("around", [around_land(city.land)], **style, **(sea | {"get_fill_color": rgba(colours.beyond)})),
        *([shape_layer("water", [city.water], **style, **sea)] if city.water is not None else []),
        *street_layers(streets_of_city(city), colours),
        *(
            [shape_layer("districts", borders, get_line_color=rgba(colours.district_line, 170), **style)]
            if borders
            else []
        ),
    ]


def street_layers(streets: Drawn, colours: Palette, name: str = "streets") -> list[pdk.Layer]:
    """Streets by class, over the cells: main roads stronger, paths weaker."""
    return [
        shape_layer(
            f"{name}-{kind}" if kind else name,
            [lines],
            stroked=True,
            get_line_color=rgba(colours.line, {MAJOR: 150, PATH: 60}.get(kind, 100)),
            line_width_min_pixels=2 if kind == MAJOR else 1,
        )
        for kind, lines in streets
    ]


def attribution_style(city: CityProfile, colours: Palette, within: str = "") -> str:
    """The style (CSS) that puts whom the shapes are from into the corner of every map of the page; empty for none.

    `within`: the selector of the one map that shows this city, on a page whose other maps show another.
    """
    chart = f"{within} [data-testid='stDeckGlJsonChart']".strip()
    if not city.credits:
        return f"{chart}::after {{content: none !important}}" if within else ""
    credit = " · ".join(city.credits)
    return (
        f"{chart} {{position: relative}} {chart}::after "
        f"{{content: {css_text(credit)}; position: absolute; right: 0; bottom: 0; max-width: 100%; padding: 0 .4em; "
        f"font-size: .7rem; line-height: 1.5; pointer-events: none; z-index: 1; border-radius: 4px 0 0 0; "
        f"color: {colours.muted}; background: color-mix(in srgb, {colours.background} 75%, transparent)}}"
    )


@contextmanager
def credited_to(page: Page, city: CityProfile, key: str) -> Iterator[None]:
    """A container (`key`) whose maps show this city, credited to those that its own shapes are from.

    A chart has no key in the page's markup unless it can be picked from, so a container has to carry it.
    """
    with st.container(key=key):
        if city.credits != page.city.credits:
            st.html(f"<style>{attribution_style(city, palette(page.theme), f'.st-key-{key}')}</style>")
        yield


def without_outline(page: Page) -> bool:
    """Whether the city has no outline to draw: says so in place of a map, and what can be given."""
    if page.city.outlined:
        return False
    st.info(page.t(NO_OUTLINE))
    return True


@lru_cache(maxsize=16)
def around_land(land: BaseGeometry) -> BaseGeometry:
    """A box of nine times the land's extent without the land itself; no farther than a web map reaches, as with a file
    of a whole country.
    """
    west, south, east, north = land.bounds
    pad = max(east - west, north - south) * 4
    return shapely.box(
        max(west - pad, -180.0), max(south - pad, -HIGHEST), min(east + pad, 180.0), min(north + pad, HIGHEST)
    ).difference(land)


def fitted_view(land: BaseGeometry, *, room: Room, span: float, height: int) -> pdk.ViewState:
    """The view that fits the land with a margin into a map `span` of the page's column wide and `height` px high."""
    width = map_width(room, span)
    west, south, east, north = land.bounds
    top, bottom = mercator(north), mercator(south)
    across, down = (east - west) / 360, (top - bottom) / (2 * math.pi)
    zoom = min(math.log2((width - 2 * MARGIN) / (TILE * across)), math.log2((height - 2 * MARGIN) / (TILE * down)))
    zoom -= 1e-4 * (1 - room.turn)  # the view of a page that was drawn anew for another width, see `Room`
    latitude = math.degrees(2 * math.atan(math.exp((top + bottom) / 2)) - math.pi / 2)
    # It goes out beyond the whole city by half a step: names are placed for that too.
    return pdk.ViewState(
        longitude=(west + east) / 2, latitude=latitude, zoom=zoom, pitch=0, bearing=0, min_zoom=zoom - 0.5, max_zoom=18
    )


@dataclass(frozen=True)
class FoundPlace:
    """A place of the city: its word in a link ("street:akti_miaouli"), its name, shape (WGS84) and map cells."""

    word: str
    name: str
    shape: BaseGeometry
    cells: tuple[int, ...]

    def filter(self, f: AlertFilter) -> AlertFilter:
        """The filter with this place as its area: a district as such, anything else as its cells."""
        kind, _, name = self.word.partition(":")
        cells = {"cells": tuple(str(h3.int_to_str(cell)) for cell in self.cells)}
        area = {"districts": (name,)} if kind == "district" else cells
        return f.replace(**{"districts": (), "places": (), "cells": (), **area})


def focus_on_place(deck: pdk.Deck, place: FoundPlace, colours: Palette, **size: Any) -> None:
    """Turn a map to a place: its shape fills the view, its cells are outlined; `size`: as for `fitted_view`."""
    whole, near = deck.initial_view_state, fitted_view(place.shape.buffer(NEAR), **size)
    near.min_zoom, near.zoom = whole.min_zoom, max(min(near.zoom, 16.5), whole.zoom)
    deck.initial_view_state = near
    if place.cells:
        deck.layers.append(
            shape_layer(
                "found",
                [union_of_cells(place.cells)],
                stroked=True,
                get_line_color=rgba(colours.accent),
                line_width_min_pixels=3,
            )
        )


def box_around(shape: BaseGeometry) -> tuple[float, float, float, float]:
    """What a map that is turned to a place may show (degrees): three times its width and height."""
    west, south, east, north = shape.buffer(NEAR).bounds
    return 2 * west - east, 2 * south - north, 2 * east - west, 2 * north - south


def map_width(room: Room, span: float) -> float:
    """Pixels that a map gets: its share of the page's column; all of it on a phone, where nothing stands beside it."""
    return float(room.column if room.narrow else max(LEAST_WIDTH, room.column * span))


def room_beside(room: Room) -> float:
    """Pixels of what stands beside a map that takes five parts of eight; all of a phone's column."""
    return float(room.column if room.narrow else max(LEAST_WIDTH, room.column * 3 / 8 - BESIDE_GAP))


def mercator(latitude: float) -> float:
    """How far up the web's map a latitude (degrees) lies, in radians."""
    return math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))


def shape_layer(layer: str, shapes: Collection[BaseGeometry], **style: Any) -> pdk.Layer:
    """Shapes (WGS84) as a layer, neither filled nor outlined unless `style` has it."""
    settings = {"filled": False, "stroked": False, "pickable": False, **style}
    return pdk.Layer("GeoJsonLayer", id=layer, data=feature_collection(tuple(shapes)), **settings)


FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif"
STRONG: Final = 13
QUIET: Final = 12
NEAREST: Final = 18.0  # zoom
MOST_AREAS: Final = 12  # that a map names where nothing else is known of a city
PLATE: Final = 150  # of 255: how much of the map a name's plate covers


@dataclass(frozen=True)
class Pin:
    """A named point: a hot spot's rank and name, or a landmark."""

    name: str
    longitude: float
    latitude: float
    rank: int | None = None

    @property
    def text(self) -> str:
        """Rank and name; a dot between them where the name begins with a number of its own.

        Without the distance from a centre that ends a name in a list: the map shows it.

        >>> Pin("Queen Street, 24 km west of the centre", 0, 0, 1).text, Pin("Bronx, Precinct 44", 0, 0, 2).text
        ('1 Queen Street', '2 Bronx, Precinct 44')
        """
        both = self.rank is not None and self.name
        return ranked_name(self.rank, on_a_map(self.name), space=" ") if both else self.name or str(self.rank or "")


def ranked_name(rank: int, name: str, space: str = "  ") -> str:
    """A rank and a name; a dot between them where the name begins with a number of its own.

    >>> ranked_name(1, "1.4 km south of the centre"), ranked_name(2, "Queen Street")
    ('1 · 1.4 km south of the centre', '2  Queen Street')
    """
    return f"{rank} · {name}" if name[:1].isdigit() else f"{rank}{space}{name}"


def _on_screen(view: pdk.ViewState, pin: Pin) -> tuple[float, float]:
    """Where a point lies on the screen when the map is opened: pixels to the right and down from the view's middle."""
    world = TILE * 2**view.zoom
    down = (mercator(view.latitude) - mercator(pin.latitude)) / (2 * math.pi) * world
    return (pin.longitude - view.longitude) / 360 * world, down


def name_layers(
    city: CityProfile,
    t: Translator,
    pins: Collection[Pin],
    colours: Palette,
    state: pdk.ViewState,
    *,
    landmarks: bool = True,
    room: float = math.inf,
    ranks_alone: bool = False,
) -> list[pdk.Layer]:
    """Two layers of names: what the city itself is called by, where there is room, and hot spots above all else.

    Parameters
    ----------
    pins
        Hot spots, the most important first; the first twelve are named.
    state
        The view with which the map opens.
    landmarks
        Whether landmarks and districts are named too.
    room
        Half of the map's width in pixels: no name begins or ends beyond it.
    ranks_alone
        Hot spots by their number only, as in the list below: on a small map a name soon seems to be its neighbour's.
    """
    named = list(pins)[:MOST_LABELS]
    out = 2.0 ** ((state.min_zoom if state.min_zoom is not None else state.zoom) - state.zoom)
    scales = (min(out, 1.0), 2.0 ** max(NEAREST - state.zoom, 0.0))
    labels = [Label(_texts(pin, ranks_alone), *_on_screen(state, pin), STRONG) for pin in named]
    strong = placed_labels(labels, room=(room, math.inf), scales=scales)
    quiet = _city_names(city, t, [pin.name for pin in pins]) if landmarks else []
    around = [Label((pin.name,), *_on_screen(state, pin), QUIET, False, False) for pin in quiet]
    calm = placed_labels(around, most=len(around), room=(room, math.inf), scales=scales, before=strong)
    return [
        _layer("landmarks", [_row(quiet[one.of], one) for one in calm], colours, QUIET),
        _layer("pins", [_row(named[one.of], one) for one in strong], colours, STRONG),
    ]


def _texts(pin: Pin, ranks_alone: bool) -> tuple[str, ...]:
    """The texts that will do for a hot spot: rank and name, else the rank alone."""
    if pin.rank is None:
        return (pin.text,)
    return (str(pin.rank),) if ranks_alone else (pin.text, str(pin.rank))


def _city_names(city: CityProfile, t: Translator, called: Collection[str]) -> list[Pin]:
    """Landmarks, else districts, else areas that exports name, but for those after which a hot spot is called."""
    districts = sorted(city.districts, key=lambda one: -one.polygon.area)
    inside = [(t.label(one.labels), shapely.point_on_surface(one.polygon)) for one in districts]
    named = (
        [Pin(t.label(mark.labels), mark.longitude, mark.latitude) for mark in city.landmarks]
        or [Pin(name, point.x, point.y) for name, point in inside]
        or [Pin(name, middle.longitude, middle.latitude) for name, middle in city.place_names.areas[:MOST_AREAS]]
        or [Pin(t.label(one.labels), one.longitude, one.latitude) for one in _towns(city)]
    )
    return [pin for pin in named if not any(pin.name in other for other in called)]


def _towns(city: CityProfile) -> list[Town]:
    """The largest towns of a city of which no names are known."""
    return largest_towns(city.land.bounds, MOST_AREAS) if city.without_names else []


def _row(pin: Pin, placed: PlacedLabel) -> dict[str, Any]:
    return {
        "position": [pin.longitude, pin.latitude],
        "text": placed.text,
        "anchor": placed.anchor,
        "shift": [placed.right, placed.down],
    }


def _layer(name: str, rows: list[dict[str, Any]], colours: Palette, size: int) -> pdk.Layer:
    """Names with a halo on a plate that is seen through, so that they read on any colour. Landmarks are quiet."""
    strong = size == STRONG
    return pdk.Layer(
        "TextLayer",
        id=name,
        data=rows,
        get_position="position",
        get_text="text",
        get_size=size,
        get_color=rgba(colours.text, 255 if strong else 225),
        get_pixel_offset="shift",
        get_text_anchor="anchor",
        get_alignment_baseline=pdk.types.String("center"),
        font_family=pdk.types.String(FONT),
        font_weight=pdk.types.String("bold" if strong else "normal"),
        font_settings={"sdf": True, "fontSize": 64, "radius": 16, "buffer": 8, "cutoff": 0.2, "smoothing": 0.15},
        outline_width=5,
        outline_color=rgba(colours.halo),
        background=True,
        get_background_color=rgba(colours.background, PLATE),
        background_padding=[3, 1, 3, 1],
        background_border_radius=3,
        character_set=pdk.types.String("auto"),
        pickable=False,
    )
