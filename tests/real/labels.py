"""Names on maps and charts that run into each other.

Two names collide where their boxes share more than a twentieth of the smaller one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Page

from tests.browser.map_labels import boxes_at, map_names
from tests.label_overlap import shared

MOST: Final = 0.05  # of the smaller box
ZOOMS: Final = (0.0, -1.0, 1.0, 2.0, 4.0)  # steps in from the view with which the map opens

CHART_LABELS: Final = """() => [...document.querySelectorAll('[data-testid="stPlotlyChart"]')].map((chart) =>
    [...chart.querySelectorAll('.xtick text, .ytick text, .x2tick text, .y2tick text, .annotation-text, .bartext,' +
        ' .gtitle, .xtitle, .ytitle, .legendtext')]
    .filter((label) => label.textContent.trim() && !/rotate\\((?!0[, )])/.test(label.getAttribute("transform") || ""))
    .map((label) => { const box = label.getBoundingClientRect();
        return [label.textContent, box.left, box.top, box.right, box.bottom]; })
    .filter(([, left, top, right, bottom]) => right > left && bottom > top))"""


@dataclass(frozen=True)
class Box:
    """A name and what it covers, in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def collisions(boxes: Iterable[Box]) -> list[tuple[str, str]]:
    """The pairs of names that run into each other; a sweep from left to right."""
    found, open_boxes = [], list[Box]()
    for box in sorted(boxes, key=lambda box: box.left):
        open_boxes = [other for other in open_boxes if other.right > box.left]
        found += [(other.text, box.text) for other in open_boxes if shared(other, box) > MOST]
        open_boxes.append(box)
    return found


def map_collisions(page: Page) -> list[str]:
    """What is wrong with the names on the page's maps, at the zooms that a reader can reach."""
    told = []
    for found in map_names(page):
        view = found["view"]
        for further in ZOOMS:
            if not view.get("minZoom", 0) <= view["zoom"] + further <= view.get("maxZoom", 20):
                continue
            boxes = [
                Box(name["text"], box.left, box.top, box.right, box.bottom)
                for name, box in zip(found["names"], boxes_at(found, further), strict=True)
            ]
            pairs = collisions(boxes)
            if pairs:
                first = ", ".join(f"“{a}” over “{b}”" for a, b in pairs[:3])
                told.append(
                    f"of {len(boxes)} names on the map {len(pairs)} pairs collide at zoom {further:+g}: {first}"
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
