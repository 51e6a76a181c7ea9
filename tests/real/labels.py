"""Names on maps and charts that run into each other.

A name on a map is drawn by deck.gl on a canvas, so its box follows from the layer's data, the view and the width that
the browser measures for its type. Two names collide where their boxes share more than a twentieth of the smaller one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Page

from tests.real.drawn import Drawn

MOST: Final = 0.05  # of the smaller box
TILE: Final = 512
ZOOMS: Final = (0.0, 1.0, 2.0)  # steps in from the view with which the map opens

MEASURE: Final = """(texts) => {
    const pen = document.createElement("canvas").getContext("2d");
    return texts.map(([font, text]) => { pen.font = font; return pen.measureText(text).width; });
}"""
CHART_LABELS: Final = """() => [...document.querySelectorAll('[data-testid="stPlotlyChart"]')].map((chart) =>
    [...chart.querySelectorAll('.xtick text, .ytick text, .x2tick text, .y2tick text, .annotation-text, .bartext,' +
        ' .gtitle, .xtitle, .ytitle, .legendtext')]
    .filter((label) => label.textContent.trim() && !/rotate\\((?!0[, )])/.test(label.getAttribute("transform") || ""))
    .map((label) => { const box = label.getBoundingClientRect();
        return [label.textContent, box.left, box.top, box.right, box.bottom]; })
    .filter(([, left, top, right, bottom]) => right > left && bottom > top))"""
CANVASES: Final = """() => [...document.querySelectorAll('[data-testid="stDeckGlJsonChart"]')].map((map) =>
    { const box = map.getBoundingClientRect(); return [box.width, box.height]; })"""


@dataclass(frozen=True)
class Box:
    """A name and what it covers, in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def shared(self, other: Box) -> float:
        """The part of the smaller of two boxes that both cover."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        if across <= 0 or down <= 0:
            return 0.0
        smaller = min((box.right - box.left) * (box.bottom - box.top) for box in (self, other))
        return across * down / smaller if smaller else 0.0


def collisions(boxes: Iterable[Box]) -> list[tuple[str, str]]:
    """The pairs of names that run into each other; a sweep from left to right."""
    found, open_boxes = [], list[Box]()
    for box in sorted(boxes, key=lambda box: box.left):
        open_boxes = [other for other in open_boxes if other.right > box.left]
        found += [(other.text, box.text) for other in open_boxes if other.shared(box) > MOST]
        open_boxes.append(box)
    return found


def map_collisions(page: Page, drawn: Drawn) -> list[str]:
    """What is wrong with the names on the page's maps."""
    sizes = page.evaluate(CANVASES)
    told = []
    for node, size in zip(drawn.of("deck_gl_json_chart"), sizes, strict=False):
        deck = json.loads(node.message.json)
        names = list(_names(deck))
        if not names or not size[0]:
            continue
        widths = page.evaluate(MEASURE, [[name["font"], name["text"]] for name in names])
        for further in ZOOMS:
            boxes = _boxes(deck["initialViewState"], further, size, names, widths)
            pairs = collisions(boxes)
            if pairs:
                first = ", ".join(f"“{a}” over “{b}”" for a, b in pairs[:3])
                told.append(
                    f"of {len(boxes)} names on the map {len(pairs)} pairs collide at zoom +{further:g}: {first}"
                )
                break
    return told


def chart_collisions(page: Page) -> list[str]:
    """What is wrong with the labels of the page's charts."""
    told = []
    for labels in page.evaluate(CHART_LABELS):
        pairs = collisions(_letters(Box(*label)) for label in labels)
        if pairs:
            first = ", ".join(f"“{a}” over “{b}”" for a, b in pairs[:3])
            told.append(f"{len(pairs)} pairs of labels of a chart collide: {first}")
    return told


def _letters(box: Box) -> Box:
    """What the letters cover: a box of type has a fifth of air above them and below."""
    air = min(0.2 * (box.bottom - box.top), 4)
    return Box(box.text, box.left, box.top + air, box.right, box.bottom - air)


def _names(deck: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for layer in deck["layers"]:
        if layer["@@type"] != "TextLayer" or any("Collision" in str(more) for more in layer.get("extensions") or ()):
            continue  # with the extension deck.gl itself leaves out what would run into another name
        size = float(layer.get("getSize", 12)) if isinstance(layer.get("getSize", 12), (int, float)) else 12.0
        family = str(layer.get("fontFamily", "sans-serif"))
        padding = layer.get("backgroundPadding") or [0, 0, 0, 0]
        for row in layer["data"] or ():
            if not row.get("text"):
                continue
            yield {
                "text": row["text"],
                "font": f"{layer.get('fontWeight', 'normal')} {size}px {family}",
                "size": size,
                "position": row["position"],
                "anchor": row.get("anchor", "middle"),
                "shift": row.get("shift", [0, 0]),
                "padding": padding,
            }


def _boxes(
    view: dict[str, Any], further: float, size: list[float], names: list[dict[str, Any]], widths: list[float]
) -> list[Box]:
    """The boxes of the names that are inside the map, with the middle of the map at 0, 0."""
    world = TILE * 2 ** (view["zoom"] + further)
    boxes = []
    for name, width in zip(names, widths, strict=True):
        x = (name["position"][0] - view["longitude"]) / 360 * world + name["shift"][0]
        y = (_mercator(view["latitude"]) - _mercator(name["position"][1])) / (2 * math.pi) * world + name["shift"][1]
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[name["anchor"]]
        half = name["size"] * 1.2 / 2
        box = Box(name["text"], left, y - half, left + width, y + half)
        if abs(x) < size[0] / 2 and abs(y) < size[1] / 2:
            boxes.append(box)
    return boxes


def _mercator(latitude: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
