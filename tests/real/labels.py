"""Names on maps and charts that run into each other.

Two names collide where their boxes share more than a twentieth of the smaller one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from playwright.sync_api import Page

from analysis.spots.naming import LabelBox
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


Names = Iterable[tuple[str, LabelBox]]  # names and what they cover, in pixels


def collisions(names: Names, where: str) -> list[str]:
    """Which names run into each other, as one sentence, if any; a sweep from left to right."""
    pairs, before = list[str](), list[tuple[str, LabelBox]]()
    for text, box in sorted(names, key=lambda name: name[1].left):
        before = [other for other in before if other[1].right > box.left]
        pairs += [f"“{other}” over “{text}”" for other, its in before if shared(its, box) > MOST]
        before.append((text, box))
    return [f"{len(pairs)} pairs of names {where} collide: {', '.join(pairs[:3])}"] if pairs else []


def map_collisions(page: Page) -> list[str]:
    """What is wrong with the names on the page's maps, at the first zoom that a reader can reach where it is."""
    told = []
    for found in map_names(page):
        view, texts = found["view"], [name["text"] for name in found["names"]]
        reached = (zoom for zoom in ZOOMS if view.get("minZoom", 0) <= view["zoom"] + zoom <= view.get("maxZoom", 20))
        wrong = (collisions(zip(texts, boxes_at(found, zoom), strict=True), f"at zoom {zoom:+g}") for zoom in reached)
        told += next(filter(None, wrong), [])
    return told


def chart_collisions(page: Page) -> list[str]:
    """What is wrong with the labels of the page's charts."""
    charts = (((text, _letters(*box)) for text, *box in labels) for labels in page.evaluate(CHART_LABELS))
    return [line for chart in charts for line in collisions(chart, "of a chart")]


def _letters(left: float, top: float, right: float, bottom: float) -> LabelBox:
    """What the letters cover: a box of type has a fifth of air above them and below."""
    air = min(0.2 * (bottom - top), 4)
    return LabelBox(left, top + air, right, bottom - air)
