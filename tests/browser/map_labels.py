"""The names that stand on the maps of a page, as the browser draws them.

React is asked for what deck.gl was given (layers, and the view of this moment, after any zooming), and each text is
measured with the browser's own font: so positions are checked that the server worked out with estimated widths.
"""

from __future__ import annotations

import math
from typing import Any, Final

from playwright.sync_api import Page

from analysis.spots.naming import LabelBox

TILE: Final = 512  # deck.gl's world is 512 px wide at zoom 0
# The properties of the React component round each canvas; "@@=" accessors are functions by then, so the data are read.
_NAMES: Final = """() => [...document.querySelectorAll('[data-testid="stDeckGlJsonChart"]')].map(chart => {
  const canvas = chart.querySelector('canvas');
  const key = canvas && Object.keys(canvas.parentElement).find(name => name.startsWith('__reactFiber$'));
  let fiber = key ? canvas.parentElement[key] : null;
  while (fiber && !(fiber.memoizedProps && fiber.memoizedProps.viewState && fiber.memoizedProps.layers))
    fiber = fiber.return;
  if (!fiber) return null;
  const { viewState, layers } = fiber.memoizedProps;
  const pen = document.createElement('canvas').getContext('2d');
  const names = layers.filter(layer => layer.constructor.layerName === 'TextLayer').flatMap(layer => {
    const size = layer.props.getSize;
    pen.font = `${layer.props.fontWeight} ${size}px ${layer.props.fontFamily}`;
    return layer.props.data.map(row => ({...row, size, width: pen.measureText(row.text).width}));
  });
  return { view: viewState, names, width: canvas.clientWidth, height: canvas.clientHeight };
})"""


def map_names(page: Page) -> list[dict[str, Any]]:
    """For each map: `view` (longitude, latitude, zoom), its size in pixels, `names` (text, position, width, ...)."""
    return [found for found in page.evaluate(_NAMES) if found is not None]


def boxes_at(found: dict[str, Any], further: float = 0.0) -> list[LabelBox]:
    """The boxes of one map's names where it is zoomed `further` steps in than it is."""
    view = {**found["view"], "zoom": found["view"]["zoom"] + further}
    return [_box(name, view) for name in found["names"]]


def _box(name: dict[str, Any], view: dict[str, float]) -> LabelBox:
    world = TILE * 2 ** view["zoom"]
    (longitude, latitude), (right, down) = name["position"], name["shift"]
    x = (longitude - view["longitude"]) / 360 * world + right
    y = (mercator(view["latitude"]) - mercator(latitude)) / (2 * math.pi) * world + down
    left = x - {"start": 0.0, "middle": name["width"] / 2, "end": name["width"]}[name["anchor"]]
    return LabelBox(left, y - name["size"] / 2, left + name["width"], y + name["size"] / 2)


def mercator(latitude: float) -> float:
    """The height of a latitude (degrees) in Web Mercator, in radians."""
    return math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
