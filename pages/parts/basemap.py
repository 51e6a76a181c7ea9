"""The ground under every map: the city's own shapes, no tiles, no request to anyone."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pydeck as pdk
import shapely
from shapely.geometry.base import BaseGeometry

from curim_data.city import CityProfile, cell_polygons
from curim_data.i18n import Translator
from pages.parts.colours import Palette, rgba

TILE = 512  # deck.gl's world is 512 px wide at zoom 0
MARGIN = 30
SIDEBAR = 300
SIDEBAR_FROM = 769
PADDING = 80
HIGHEST = 85.0  # degrees of latitude that a web map can draw
NEAR = 0.001  # degrees round a place that a map is turned to: about a hundred metres
CLOSEST = 16.5  # zoom
FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif"


@dataclass(frozen=True)
class Pin:
    """A named point: a hot spot's rank and name, or a landmark."""

    name: str
    longitude: float
    latitude: float
    rank: int | None = None


def features(shapes: Collection[BaseGeometry]) -> dict[str, Any]:
    """A GeoJSON collection, coordinates rounded to five decimals (about a metre)."""
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


def ground(city: CityProfile, colours: Palette) -> list[pdk.Layer]:
    """Sea, land, streets and district borders, from the bottom up.

    Around a provisional study area lies what nobody has described: grey, and not the blue of a sea.
    """
    around = colours.beyond if city.provisional else colours.sea
    layers = [
        _shape("sea", [surroundings(city.land)], filled=True, get_fill_color=rgba(around)),
        _shape(
            "land",
            [city.land],
            filled=True,
            get_fill_color=rgba(colours.land),
            stroked=True,
            get_line_color=rgba(colours.land_line),
            line_width_min_pixels=1,
        ),
    ]
    if city.streets:
        layers.append(
            _shape(
                "streets",
                [street.polygon for street in city.streets],
                stroked=True,
                get_line_color=rgba(colours.street),
                line_width_min_pixels=2,
            )
        )
    if city.districts:
        borders = [area.polygon.boundary for area in city.districts]
        layers.append(
            _shape(
                "districts",
                borders,
                stroked=True,
                get_line_color=rgba(colours.district_line, 170),
                line_width_min_pixels=1,
            )
        )
    return layers


def surroundings(land: BaseGeometry) -> BaseGeometry:
    """A box of nine times the land's extent; no farther than a web map reaches, as with a file of a whole country."""
    west, south, east, north = land.bounds
    pad = max(east - west, north - south) * 4
    return shapely.box(
        max(west - pad, -180.0), max(south - pad, -HIGHEST), min(east + pad, 180.0), min(north + pad, HIGHEST)
    )


def landmark_pins(
    city: CityProfile, t: Translator, besides: Collection[Pin] = (), *, narrow: bool = False
) -> list[Pin]:
    """The city's landmarks, but for those that would run into a label already set."""
    marks = [Pin(t.label(mark.labels), mark.longitude, mark.latitude) for mark in city.landmarks]
    west, south, east, north = city.land.bounds
    scale = 2 if narrow else 1
    apart_x, apart_y = (east - west) * 0.16 * scale, (north - south) * 0.035 * scale
    kept: list[Pin] = []
    for mark in marks:
        near = (
            abs(mark.longitude - other.longitude) < apart_x and abs(mark.latitude - other.latitude) < apart_y
            for other in (*besides, *kept)
        )
        if not any(near):
            kept.append(mark)
    return kept


def labels(
    city: CityProfile, pins: Collection[Pin], colours: Palette, *, layer: str, strong: bool, narrow: bool = False
) -> pdk.Layer:
    """Names on the map, with a halo so that they read on any colour. Hot spots strong, landmarks quiet."""
    rows = _beside_one_another(city, pins, narrow=narrow) if strong else [_row(pin, pin.name, "middle") for pin in pins]
    return pdk.Layer(
        "TextLayer",
        id=layer,
        data=rows,
        get_position="position",
        get_text="text",
        get_size=13 if strong else 12,
        get_color=rgba(colours.text, 255 if strong else 225),
        get_pixel_offset="shift",
        get_text_anchor="anchor",
        get_alignment_baseline=pdk.types.String("center"),
        font_family=pdk.types.String(FONT),
        font_weight=pdk.types.String("bold" if strong else "normal"),
        font_settings={"sdf": True, "fontSize": 64, "radius": 16, "buffer": 8, "cutoff": 0.2, "smoothing": 0.15},
        outline_width=5,
        outline_color=rgba(colours.halo),
        character_set=pdk.types.String("auto"),
        pickable=False,
    )


def _row(pin: Pin, text: str, anchor: str, down: int = 0) -> dict[str, Any]:
    shift = {"start": 9, "middle": 0, "end": -9}[anchor]
    return {"position": [pin.longitude, pin.latitude], "text": text, "anchor": anchor, "shift": [shift, down]}


def _beside_one_another(city: CityProfile, pins: Collection[Pin], *, narrow: bool) -> list[dict[str, Any]]:
    """Labels that do not run into one another: right of the point, left, below or above; else the rank alone."""
    west, south, east, north = city.land.bounds
    pixel = (north - south) / (330 if narrow else 490)
    pixel_x = pixel / math.cos(math.radians((north + south) / 2))
    taken: list[tuple[float, float, float, float]] = []
    rows = []
    for pin in pins:
        full = f"{pin.rank} {pin.name}".rstrip() if pin.rank else pin.name
        tries = [(full, "start", 0), (full, "end", 0), (full, "start", 15), (full, "start", -15), (full, "end", 15)]
        tries += [(full, "end", -15), (str(pin.rank or ""), "start", 0)]
        for text, anchor, down in tries:
            width = (7.6 * len(text) + 10) * pixel_x
            left = pin.longitude - (width if anchor == "end" else 0)
            middle = pin.latitude - down * pixel
            box = (left, middle - 8 * pixel, left + width, middle + 8 * pixel)
            over = any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken)
            if not over and west - 12 * pixel_x < box[0] and box[2] < east + 12 * pixel_x:
                break
        taken.append(box)
        rows.append(_row(pin, text, anchor, down))
    return rows


def view(land: BaseGeometry, *, window: int, span: float, height: int) -> pdk.ViewState:
    """The view that fits the land with a margin into a map `span` of the page wide and `height` px high."""
    width = map_width(window, span)
    west, south, east, north = land.bounds
    top, bottom = _mercator(north), _mercator(south)
    across, down = (east - west) / 360, (top - bottom) / (2 * math.pi)
    zoom = min(math.log2((width - 2 * MARGIN) / (TILE * across)), math.log2((height - 2 * MARGIN) / (TILE * down)))
    latitude = math.degrees(2 * math.atan(math.exp((top + bottom) / 2)) - math.pi / 2)
    return pdk.ViewState(
        longitude=(west + east) / 2, latitude=latitude, zoom=zoom, min_zoom=zoom - 1, max_zoom=18, pitch=0, bearing=0
    )


def focus(
    deck: pdk.Deck,
    shape: BaseGeometry,
    cells: Collection[int],
    colours: Palette,
    *,
    window: int,
    span: float,
    height: int,
) -> None:
    """Turn a map to a place: its shape (WGS84) fills the view, the cells around it are outlined below the names."""
    whole = deck.initial_view_state
    near = view(shape.buffer(NEAR), window=window, span=span, height=height)
    near.min_zoom, near.zoom = whole.min_zoom, max(min(near.zoom, CLOSEST), whole.zoom)
    deck.initial_view_state = near
    if not len(cells):
        return
    around = shapely.union_all(shapely.buffer(cell_polygons(list(cells)), 1e-6))
    outline = _shape("found", [around], stroked=True, get_line_color=rgba(colours.accent), line_width_min_pixels=3)
    deck.layers.insert(max(len(deck.layers) - 2, 0), outline)


def map_width(window: int, span: float) -> float:
    """Pixels that a map gets: the window less the sidebar and the page's padding; all of a phone's."""
    if window < SIDEBAR_FROM:
        return max(240.0, window - 34)
    return max(240.0, (min(window, 1900) - SIDEBAR - PADDING) * span)


def _mercator(latitude: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))


def _shape(layer: str, shapes: Collection[BaseGeometry], **style: Any) -> pdk.Layer:
    settings = {"filled": False, "stroked": False, "pickable": False, **style}
    return pdk.Layer("GeoJsonLayer", id=layer, data=features(shapes), **settings)
