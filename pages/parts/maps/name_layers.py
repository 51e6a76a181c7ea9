"""The names on a map: none runs into another, and landmarks give way to hot spots."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pydeck as pdk

from curim_data.model import CityProfile, Translator
from pages.parts.frame import Palette, rgba

FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif"
STRONG: Final = 13
QUIET: Final = 12
# Width of a letter, in parts of the size of the type, as wide as Greek in bold and in regular type runs.
WIDE: Final = {STRONG: 0.6, QUIET: 0.55}
TILE: Final = 512  # deck.gl's world is 512 px wide at zoom 0
PLATE: Final = 150  # of 255: how much of the map a name's plate covers
BESIDE: Final = 9  # pixels between a point and its name
POINT: Final = 6  # half of what a place takes of the map
DOWN: Final = 17  # pixels between a line of type and the next one


@dataclass(frozen=True)
class Pin:
    """A named point: a hot spot's rank and name, or a landmark."""

    name: str
    longitude: float
    latitude: float
    rank: int | None = None


@dataclass(frozen=True)
class _Box:
    """What a name covers, in pixels from the middle of the view."""

    left: float
    low: float
    right: float
    high: float

    def over(self, other: _Box) -> bool:
        return self.left < other.right and other.left < self.right and self.low < other.high and other.low < self.high


@dataclass(frozen=True)
class _Screen:
    """Where a point lies on the screen when the map is opened: pixels to the right and down from the view's middle."""

    longitude: float
    latitude: float
    world: float

    @classmethod
    def of(cls, state: pdk.ViewState) -> _Screen:
        return cls(state.longitude, state.latitude, TILE * 2**state.zoom)

    def at(self, pin: Pin) -> tuple[float, float]:
        x = (pin.longitude - self.longitude) / 360 * self.world
        return x, (_mercator(self.latitude) - _mercator(pin.latitude)) / (2 * math.pi) * self.world


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
    """Two layers of names: the city's landmarks where there is room for them, and hot spots above all else.

    Parameters
    ----------
    pins
        Hot spots, the most important first.
    state
        The view with which the map opens.
    landmarks
        Whether landmarks are named too.
    room
        Half of the map's width in pixels: no name of a hot spot begins or ends beyond it where another way is free.
    ranks_alone
        Hot spots by their number only, as in the list below: on a small map a name soon seems to be its neighbour's.
    """
    paper, taken = _Screen.of(state), list[_Box]()
    points = [_point(paper.at(pin)) for pin in pins]
    strong = [
        _placed_name(pin, paper, taken, [*points[:at], *points[at + 1 :]], room, ranks_alone)
        for at, pin in enumerate(pins)
    ]
    quiet = list(_landmarks(city, t, pins, paper, taken)) if landmarks else []
    return [_layer("landmarks", quiet, colours, QUIET), _layer("pins", strong, colours, STRONG)]


def _landmarks(
    city: CityProfile, t: Translator, pins: Collection[Pin], paper: _Screen, taken: list[_Box]
) -> Iterator[dict[str, Any]]:
    """Landmarks that run into no other name, but for those after which a hot spot is called."""
    called = [pin.name for pin in pins]
    for mark in city.landmarks:
        pin = Pin(t.label(mark.labels), mark.longitude, mark.latitude)
        box = _box(paper.at(pin), pin.name, "middle", 0, QUIET)
        if any(pin.name in name for name in called) or any(box.over(other) for other in taken):
            continue
        taken.append(box)
        yield _row(pin, pin.name, "middle")


def _placed_name(
    pin: Pin, paper: _Screen, taken: list[_Box], points: list[_Box], room: float, ranks_alone: bool
) -> dict[str, Any]:
    """The name right of its point, left, below or above it, wherever it is free; else the rank alone.

    `points`: the other places, which a name across them would seem to be that of.
    """
    full, rank = f"{pin.rank or ''} {pin.name}".strip(), str(pin.rank or "")
    full = rank if ranks_alone and rank else full
    tries = [(full, anchor, down) for down in (0, DOWN, -DOWN) for anchor in ("start", "end")]
    tries += [(rank, anchor, down) for down in (0, DOWN, -DOWN) for anchor in ("start", "end")]
    for text, anchor, down in tries:
        box = _box(paper.at(pin), text, anchor, down, STRONG)
        free = not any(box.over(other) for other in (*taken, *points))
        if free and -room < box.left and box.right < room:
            break
    else:
        text, anchor, down = rank, "start", 0
        box = _box(paper.at(pin), text, anchor, down, STRONG)
    taken.append(box)
    return _row(pin, text, anchor, down)


def _point(at: tuple[float, float]) -> _Box:
    return _Box(at[0] - POINT, at[1] - POINT, at[0] + POINT, at[1] + POINT)


def _box(at: tuple[float, float], text: str, anchor: str, down: float, size: int) -> _Box:
    width, height = WIDE[size] * size * len(text) + 6, size + 3
    left = at[0] + {"start": BESIDE, "middle": -width / 2, "end": -width - BESIDE}[anchor]
    return _Box(left, at[1] + down - height / 2, left + width, at[1] + down + height / 2)


def _row(pin: Pin, text: str, anchor: str, down: int = 0) -> dict[str, Any]:
    shift = {"start": BESIDE, "middle": 0, "end": -BESIDE}[anchor]
    return {"position": [pin.longitude, pin.latitude], "text": text, "anchor": anchor, "shift": [shift, down]}


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


def _mercator(latitude: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
