"""The names on a map: none runs into another at any zoom, and all else gives way to hot spots.

The positions are worked out on the server (`analysis.spots.naming`) for every scale that the map can be zoomed
to. deck.gl's own filter of collisions, which Streamlit's bundle knows, hides a name only where its *point* is covered:
names whose points are free run into one another all the same.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import pydeck as pdk
import shapely

from analysis.spots.naming import MOST_LABELS, Label, PlacedLabel, placed_labels
from curim_data.model import CityProfile, Translator, on_a_map
from pages.parts.frame import Palette, rgba
from pages.parts.maps.basemap import TILE, mercator

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
        if self.rank is None or not self.name:
            return self.name or str(self.rank or "")
        return ranked_name(self.rank, on_a_map(self.name), space=" ")


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
    )
    return [pin for pin in named if not any(pin.name in other for other in called)]


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
