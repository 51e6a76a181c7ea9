"""The map of a plan's areas: treated, buffer, comparison, distinguished by fill and line, on the base map."""

from __future__ import annotations

import html
from typing import Any

import h3.api.basic_str as h3
import pydeck as pdk
import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry

from curim_data.model import Message, cell_polygons
from curim_data.model.plan import Areas
from pages.parts.frame import Page, Palette, palette, rgba
from pages.parts.maps import basemap, name_layers
from pages.parts.maps.cell_map import map_height
from pages.parts.maps.deck import Deck

AREA_LABELS = {
    "treated": Message("Treated area"),
    "buffer": Message("Buffer"),
    "comparison": Message("Comparison area"),
}
HEIGHT = 420
MARGIN = 0.12


def area_outline(cells: tuple[str, ...]) -> BaseGeometry:
    """The outline of an area's cells, gaps between neighbours closed."""
    shapes = cell_polygons([h3.str_to_int(cell) for cell in cells])
    return shapely.union_all([shape.buffer(1e-6) for shape in shapes])


def area_colours(colours: Palette) -> dict[str, tuple[list[int], list[int]]]:
    """Fill and line of each area."""
    return {
        "treated": (rgba(colours.sea_blue, 150), rgba(colours.sea_blue)),
        "buffer": (rgba(colours.sea_blue, 26), rgba(colours.sea_blue)),
        "comparison": (rgba(colours.accent, 70), rgba(colours.accent)),
    }


def draw_areas_map(page: Page, areas: Areas, *, key: str, span: float) -> None:
    """Draw the areas with their legend."""
    t, colours = page.t, palette(page.theme)
    shown = {name: area_outline(cells) for name in AREA_LABELS if (cells := getattr(areas, name))}
    if not shown:
        st.caption(t("No areas are chosen yet."))
        return
    if basemap.without_outline(page):
        return
    height = map_height(page, HEIGHT)
    layers = basemap.base_layers(page.city, colours)
    layers += [_layer(name, shape, *area_colours(colours)[name], t(AREA_LABELS[name])) for name, shape in shown.items()]
    view = _view(page, shapely.union_all(list(shown.values())), span, height)
    layers += name_layers.name_layers(page.city, t, (), colours, view)
    deck = Deck(
        layers=layers,
        map_provider=None,
        initial_view_state=view,
        tooltip={"text": "{tip}"},
    )
    names = t.join([t(AREA_LABELS[name]) for name in shown])
    st.pydeck_chart(deck, height=height, key=key, alt=t("Map of the plan's areas: {areas}.", areas=names))
    _legend(page, list(shown), colours)


def _view(page: Page, shape: BaseGeometry, span: float, height: int) -> pdk.ViewState:
    west, south, east, north = shape.bounds
    pad = MARGIN * max(east - west, north - south, 0.004)
    box = shapely.box(west - pad, south - pad, east + pad, north + pad)
    return basemap.fitted_view(box, room=page.room, span=span, height=height)


def _layer(name: str, shape: BaseGeometry, fill: list[int], line: list[int], tip: str) -> pdk.Layer:
    rows: list[dict[str, Any]] = [
        {
            "tip": tip,
            "rings": [
                [[round(x, 5), round(y, 5)] for x, y in ring.coords] for ring in (part.exterior, *part.interiors)
            ],
        }
        for part in getattr(shape, "geoms", [shape])
    ]
    return pdk.Layer(
        "PolygonLayer",
        id=name,
        data=rows,
        get_polygon="rings",
        filled=True,
        get_fill_color=fill,
        stroked=True,
        get_line_color=line,
        line_width_min_pixels=2 if name != "buffer" else 1,
        get_line_width=1,
        pickable=True,
    )


def _legend(page: Page, names: list[str], colours: Palette) -> None:
    entries = []
    for name in names:
        fill, line = area_colours(colours)[name]
        shade = f"background:rgba({fill[0]},{fill[1]},{fill[2]},{fill[3] / 255:.2f})"
        style = f"{shade};border:2px solid rgb({line[0]},{line[1]},{line[2]})"
        entries.append(
            '<span style="display:inline-flex;align-items:center;gap:.35em">'
            f'<span aria-hidden="true" style="flex:none;width:1.1em;height:.85em;box-sizing:border-box;'
            f'border-radius:2px;{style}"></span>{html.escape(page.t(AREA_LABELS[name]))}</span>'
        )
    st.html(
        f'<div style="display:flex;flex-wrap:wrap;gap:.25em 1em;font-size:.85rem;color:{colours.muted}">'
        f"{''.join(entries)}</div>"
    )
