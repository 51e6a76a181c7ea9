"""Where the names on a map go: none runs into another, at the view that the map opens with and at every nearer one.

A name stands beside its point, in pixels that do not change with the zoom; the points part or close in on the screen
as the reader zooms. So two names meet at an interval of scales, which is found exactly, and a name is placed only where
that interval lies outside the scales that the map allows. Greedy, by rank: Yoeli, The logic of automated map
lettering, Cartographic Journal 9 (1972), with the positions of Imhof, Positioning names on maps (1975).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Anchor = Literal["start", "middle", "end"]

MOST_LABELS: Final = 12  # places that a map names: more are read in the list beside it
BESIDE: Final = 9.0  # pixels between a point and its name
POINT: Final = 6.0  # half of what a point takes of the map
PAD: Final = 3.0  # pixels between the letters and the edge of their plate
_SIDES: Final[tuple[tuple[Anchor, float], ...]] = (("start", BESIDE), ("end", -BESIDE))
LINE: Final = 1.3  # height of a line, in parts of the size of its type
# Widths of letters in parts of the size of the type, as wide as bold system type runs; regular type is narrower.
NARROW, SLIM, WIDE, CAPITAL, LETTER = 0.36, 0.48, 0.96, 0.76, 0.63
REGULAR: Final = 0.94


@dataclass(frozen=True)
class LabelBox:
    """What a name covers: pixels to the right of and below the middle of the view."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        """Square pixels."""
        return max(self.right - self.left, 0.0) * max(self.bottom - self.top, 0.0)

    def shared(self, other: LabelBox) -> float:
        """The part of the smaller box that both cover: 0 where they do not meet, 1 where one hides in the other."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        least = min(self.area, other.area)
        return max(wide, 0.0) * max(high, 0.0) / least if least else 0.0


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
    return size * sum(map(_letter, text)) * (1.0 if bold else REGULAR)


def placed_labels(
    labels: Sequence[Label],
    *,
    most: int = MOST_LABELS,
    room: tuple[float, float] = (math.inf, math.inf),
    scales: tuple[float, float] = (1.0, 1.0),
    before: Iterable[PlacedLabel] = (),
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
    taken, out = list(before), []
    points = [label for label in labels[:most] if label.beside]
    for at, label in enumerate(labels[:most]):
        for placed in _tries(at, label):
            if not _inside(placed.box(), room) or any(_meet(placed, other, scales) for other in taken):
                continue
            if any(_covers(placed.box(), other) for other in points if other is not label):
                continue
            taken.append(placed)
            out.append(placed)
            break
    return tuple(out)


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


def _inside(box: LabelBox, room: tuple[float, float]) -> bool:
    return -room[0] < box.left and box.right < room[0] and -room[1] < box.top and box.bottom < room[1]


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


def _letter(letter: str) -> float:
    if letter in "ijl.,:;'’|!ιίϊΐ·I1 ":
        return NARROW
    if letter in "ftr()-–/[]τγνλξςJ":
        return SLIM
    if letter in "mwMWΜΩΦωψφ@%—Ψœæ":
        return WIDE
    return CAPITAL if letter.isupper() else LETTER
