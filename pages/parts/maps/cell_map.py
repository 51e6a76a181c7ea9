"""The map of cells: counts in printed classes, hot cells outlined; and a light map of points.

`map_provider=None` and no map style: with a style of None, Streamlit would fetch a base map from a third party.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pydeck as pdk
import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry

from analysis.density import DensityImage
from curim_data.model import NO_OUTLINE, CityProfile, Message, Translator, is_small
from curim_data.studies.cells import has_area
from pages.parts.frame import Page, Palette, escape_with_commands, missing, palette, rgba
from pages.parts.maps import basemap, legends, name_layers
from pages.parts.maps.basemap import Deck, FoundPlace, streets_near
from pages.parts.maps.name_layers import Pin

HEIGHT = 540
SPAN = 0.62  # of the page, for a map of layers beside a list
# A cell that is smaller on the screen is drawn as a dot of so many pixels, where no more than so many are drawn: on the
# map of a country nothing would be seen of them.
DOT, MOST_DOTS = 4, 1000
EQUATOR_M = 40_075_017


@dataclass(frozen=True)
class Outline:
    """A named outline on the map: a cluster, a treated area. `polygon` in WGS84."""

    id: str
    label: str
    polygon: BaseGeometry


def map_height(page: Page, height: int = HEIGHT) -> int:
    """The height of a map in pixels: on a phone no more than the map is wide."""
    return min(height, page.room.column) if page.narrow else height


def draw_cell_map(
    page: Page,
    *,
    key: str,
    alt: str,
    cells: pd.DataFrame | None = None,
    picture: DensityImage | None = None,
    hot: Collection[int] = (),
    cold: Collection[int] = (),
    outlines: Sequence[Outline] = (),
    pins: Sequence[Pin] = (),
    highlight: Collection[int] = (),
    height: int = HEIGHT,
    span: float = 1.0,
    pickable: bool = True,
    z_is_test: bool = True,
    outline_label: str = "",
    place: FoundPlace | None = None,
    with_neighbours: bool = False,
    measure: legends.CellMeasure | None = None,
    on_select: Callable[[], None] | None = None,
) -> None:
    """Draw the city's map with its legend.

    Parameters
    ----------
    page
        The page's run.
    key
        Key of the element: camera and selection live as long as it stays the same.
    alt
        What the map shows, in words, for those who do not see it.
    cells
        As `curim_data.query.cells` gives them: index (or column) `cell` (int64 H3) and `n`; optionally
        `z`, the cell's Gi*, and `tooltip`, further lines, for its tooltip.
    picture
        A density, drawn as one picture that the page itself holds: no request is made for it.
    hot
        Cells with more alerts than expected by chance; a dark outline goes round those that touch each other.
    cold
        Cells with fewer alerts than expected by chance; with an outline of their own.
    outlines, pins, highlight
        Clusters or areas, names, and the cells of what is selected elsewhere on the page.
    height, span
        Pixels, and the share of the page's width that the map gets (2/3 next to a list).
    pickable
        Whether a click selects cells and outlines.
    z_is_test
        Whether `z` may be read as a test; the tooltip says where it may not.
    outline_label
        What the legend calls an outline; a cluster by default.
    place
        A place that the map is turned to, its cells outlined.
    measure
        What the colours show in place of counts: the cells then have a column `value`.
    with_neighbours
        Whether hot and cold cells were tested together with those around them too, which the legend then says.
    on_select
        What a pick does in place of a run of the page.
    """
    if basemap.without_outline(page):
        return
    t, colours, height = page.t, palette(page.theme), map_height(page, height)
    scale = legends.ColourScale.of(t, cells, measure, least=page.written.least()) if cells is not None else None
    layers = []
    if picture is not None:  # in quotes, since a bare string would be read as an expression
        look = {"image": f'"{picture.data_url}"', "bounds": list(picture.bounds), "pickable": False}
        layers.append(pdk.Layer("BitmapLayer", id="density", data=None, **look))
    if cells is not None and scale is not None:
        view = basemap.fitted_view(page.city.land, room=page.room, span=span, height=height)
        marked = {*map(int, hot), *map(int, cold)}
        counts = _count_layer(page, cells, scale, marked, view, z_is_test=z_is_test, pickable=pickable)
        layers.insert(0, counts)
    form: dict[str, Any] = {"pins": pins, "highlight": highlight, "height": height, "span": span, "place": place}
    deck = _cell_deck(page, layers, hot=hot, cold=cold, outlines=outlines, pickable=pickable, **form)
    picking: dict[str, Any] = {"on_select": on_select or "rerun", "selection_mode": "multi-object"} if pickable else {}
    st.pydeck_chart(deck, height=height, key=key, alt=alt, **picking)
    if picture is not None:
        legends.draw_legend_row(colours, t("Alerts per km² and month"), legends.density_entries(t, colours, picture))
    legends.draw_map_legend(
        t,
        colours,
        scale,
        hot=bool(len(hot)),
        cold=bool(len(cold)),
        outlined=(outline_label or t("cluster")) if outlines else "",
        highlighted=bool(len(highlight)),
        with_neighbours=with_neighbours,
        area=has_area(page.filter),
        found=place is not None and bool(place.cells),
    )
    legends.draw_illustrative_note(page)


def picked_on_map(key: str, layer: str = "cells") -> tuple[str, ...]:
    """What the reader picked on a map: H3 cells as hex strings, or the ids of `outlines`."""
    objects = (st.session_state.get(key) or {}).get("selection", {}).get("objects", {})
    return tuple(dict.fromkeys(row["id" if layer == "outlines" else "hex"] for row in objects.get(layer, ())))


def _cell_deck(
    page: Page,
    layers: Sequence[pdk.Layer],
    *,
    pins: Sequence[Pin],
    highlight: Collection[int],
    height: int,
    span: float,
    place: FoundPlace | None,
    hot: Collection[int] = (),
    cold: Collection[int] = (),
    outlines: Sequence[Outline] = (),
    pickable: bool = False,
    over: bool = False,
) -> pdk.Deck:
    """The map as a pydeck object: the ground first, data next, or `over` coast and streets, marks and names last."""
    city, colours = page.city, palette(page.theme)
    size: dict[str, Any] = {"room": page.room, "span": span, "height": height}
    ground, coast = basemap.ground_layers(city, colours), basemap.over_layers(city, colours)
    area = basemap.filter_area(page.filter, city)
    marks = [
        _area_lines("cold", cold, colours.cold_line),
        _area_lines("hot", hot, colours.hot_line),
        _outline_layer(colours, outlines, pickable),
        _area_lines("highlight_ring", highlight, colours.highlight),
        _highlight_lines(highlight, colours.highlight),
        *([basemap.area_layer(area, colours)] if area is not None else []),
    ]
    look = {"backgroundColor": colours.background, "color": colours.text, "borderRadius": "6px", "fontSize": "13px"}
    deck = Deck(
        layers=[*ground, *((*coast, *layers) if over else (*layers, *coast)), *marks],
        map_provider=None,
        initial_view_state=basemap.fitted_view(city.land, **size),
        tooltip={"text": "{tip}", "style": {**look, "border": f"1px solid {colours.land_line}"}},
    )
    if place is not None:
        basemap.focus_on_place(deck, place, colours, **size)
        near = streets_near(city, basemap.box_around(place.shape))
        deck.layers += basemap.street_layers(near, colours, "streets-near")
    naming: dict[str, Any] = {"room": basemap.map_width(page.room, span) / 2, "ranks_alone": page.narrow}
    named = _selected_first(pins, highlight)
    deck.layers += name_layers.name_layers(city, page.t, named, colours, deck.initial_view_state, **naming)
    return deck


def draw_layers(
    page: Page,
    layers: Sequence[pdk.Layer],
    *,
    key: str,
    alt: str,
    over: bool = False,
    pins: Sequence[Pin] = (),
    highlight: Collection[int] = (),
    place: FoundPlace | None = None,
    **picking: Any,
) -> None:
    """Draw layers of one's own on the city's map: on its ground, or where they are `over` it on coast and streets too.

    `pins`, `highlight`, `place`: as for `draw_cell_map`; `picking`: what `st.pydeck_chart` takes for picks.
    """
    form: dict[str, Any] = {
        "pins": pins,
        "highlight": highlight,
        "height": map_height(page),
        "span": SPAN,
        "over": over,
    }
    deck = _cell_deck(page, layers, place=place, pickable=bool(picking), **form)
    st.pydeck_chart(deck, height=map_height(page), key=key, alt=alt, **picking)


def draw_named_layers(
    page: Page,
    layers: Sequence[pdk.Layer],
    pins: Sequence[Pin],
    *,
    key: str,
    alt: str,
    span: float,
    height: int = HEIGHT,
    around: BaseGeometry | None = None,
    **naming: Any,
) -> None:
    """Draw layers, the base map's among them, from the bottom up, and the names of places over them.

    `around`: the shape (WGS84) that the map shows, the land unless given; `naming`: what else `name_layers` takes.
    """
    colours, height = palette(page.theme), map_height(page, height)
    view = basemap.fitted_view(around or page.city.land, room=page.room, span=span, height=height)
    naming = naming or {"landmarks": not page.narrow, "room": basemap.map_width(page.room, span) / 2}
    names = name_layers.name_layers(page.city, page.t, pins, colours, view, **naming)
    deck = Deck(layers=[*layers, *names], map_provider=None, initial_view_state=view, tooltip={"text": "{tip}"})
    st.pydeck_chart(deck, height=height, key=key, alt=alt)


def _selected_first(pins: Sequence[Pin], highlight: Collection[int]) -> list[Pin]:
    """The names in their order, but that of the selected place first: a place is named while it is looked at."""
    cells = set(map(int, highlight))
    if not cells:
        return list(pins)
    size = h3.get_resolution(next(iter(cells)))
    return sorted(pins, key=lambda pin: int(h3.latlng_to_cell(pin.latitude, pin.longitude, size)) not in cells)


def _count_layer(
    page: Page,
    cells: pd.DataFrame,
    scale: legends.ColourScale,
    marked: Collection[int],
    view: pdk.ViewState,
    *,
    z_is_test: bool,
    pickable: bool,
) -> pdk.Layer:
    """Counts by colour of the cells that hold something, and of the `marked` ones: a significant cell without any alert
    is drawn transparent, so that it has a tooltip.
    """
    t = page.t
    names = cells.get("cell", cells.index).to_numpy()
    drawn = (cells[scale.column].to_numpy(float) > 0) | np.isin(names, list(marked))
    cells, counts = cells[drawn], cells["n"][drawn].tolist()
    texts = {n: written_alerts(page, n) for n in set(counts)}  # many cells hold equally many
    opacity = palette(page.theme).cell
    shades = [*(rgba(shade, opacity) for shade, _ in scale.classes), [0, 0, 0, 0]]  # the last one of -1
    # As objects: a column of texts gives them one by one, which takes longer than all the rest here.
    tooltips = cells["tooltip"].to_numpy(object).tolist() if "tooltip" in cells else [""] * len(cells)
    lines = gistar_lines(t, cells["z"], z_is_test) if "z" in cells else [""] * len(cells)
    rows = zip(names[drawn].tolist(), counts, tooltips, lines, scale.class_numbers(cells).tolist(), strict=True)
    shown = [
        {"hex": h3.int_to_str(cell), "shade": shades[shade], "tip": texts[n] + tooltip + line}
        for cell, n, tooltip, line, shade in rows
    ]
    line = _line_of_dots(shown, view)
    dots = {"stroked": line > 0, "get_line_color": "shade", "get_line_width": 0, "line_width_min_pixels": line}
    return hexagons("cells", shown, pickable=pickable, auto_highlight=True, **dots)


def hexagons(name: str, rows: Sequence[dict[str, Any]], **look: Any) -> pdk.Layer:
    """A layer of cells: `hex` of each row, filled with its `shade`; `look` replaces or adds properties of deck.gl."""
    usual = {"get_hexagon": "hex", "extruded": False, "coverage": 0.93}
    if look.get("filled", True):  # deck.gl reads the colour of each row, drawn or not
        usual["get_fill_color"] = "shade"
    return pdk.Layer("H3HexagonLayer", id=name, data=rows, **{**usual, **look})


def _line_of_dots(shown: Sequence[dict[str, Any]], view: pdk.ViewState) -> float:
    """Pixels of a line round each cell, in its colour, that make a dot of a smaller one; 0 where none is needed."""
    if not 0 < len(shown) <= MOST_DOTS:
        return 0.0
    edge = h3.average_hexagon_edge_length(h3.get_resolution(h3.str_to_int(shown[0]["hex"])), unit="m")
    metres = EQUATOR_M * math.cos(math.radians(view.latitude)) / (basemap.TILE * 2**view.zoom)
    return max(0.0, DOT - 2 * edge / metres)


def alert_count(t: Translator, n: float) -> str:
    """A count of alerts in words; one decimal where spans were shared out, a dash where it is not known."""
    if n != n:
        return "–"
    whole = round(n)
    return t("{n} alerts", n=float(n)) if abs(n - whole) > 0.05 else t.n("{n} alert", "{n} alerts", whole)


def written_alerts(page: Page, n: float) -> str:
    """A number of alerts in words, as the audience may read it."""
    least = page.written.least()
    return page.t(Message("fewer than {k} alerts", {"k": least})) if is_small(n, least) else alert_count(page.t, n)


def gistar_lines(t: Translator, scores: pd.Series, is_test: bool) -> list[str]:
    """A line for the Gi* of each cell, in standard deviations; with few alerts it says that this is no test."""
    line = t("Gi* (z): {z}") if is_test else t("Gi* (z): {z}; too few alerts to read it as a test")
    rounded = scores.round(1).tolist()  # many cells have the same
    lines = {z: "\n" + line.format(z=t.number(z, 1)) for z in set(rounded)}
    return [lines[z] for z in rounded]


def _area_lines(layer: str, cells: Collection[int], colour: str) -> pdk.Layer:
    """A line round each group of cells that touch: round each cell it would hide the colours of a large city."""
    return pdk.Layer(
        "PolygonLayer",
        id=layer,
        data=_rings_round(tuple(map(int, cells))),
        get_polygon="rings",
        filled=False,
        stroked=True,
        get_line_color=rgba(colour),
        get_line_width=6,  # metres, within limits on the screen
        line_width_min_pixels=1.5,
        line_width_max_pixels=3,
        pickable=False,
    )


@lru_cache(maxsize=64)
def _rings_round(cells: tuple[int, ...]) -> list[dict[str, Any]]:
    """The outlines of the groups of cells that touch, as rows of a layer; shared, never changed."""
    rows = []
    for group in touching(cells):
        shape: Any = h3.cells_to_h3shape(np.array(group, np.uint64), tight=False)
        rows += [
            {"cells": len(group), "rings": [[[round(x, 5), round(y, 5)] for y, x in ring] for ring in part]}
            for part in ((polygon.outer, *polygon.holes) for polygon in shape)
        ]
    return rows


def touching(cells: Iterable[int]) -> list[list[int]]:
    """Cells in groups that hang together, each in order, the group with the smallest cell first."""
    left, groups = set(cells), []
    for first in sorted(left):
        if first not in left:
            continue
        left.remove(first)
        group = [first]
        for cell in group:
            near = left.intersection(h3.grid_disk(np.uint64(cell), 1).tolist())
            left -= near
            group += sorted(near)
        groups.append(sorted(group))
    return groups


def _highlight_lines(cells: Collection[int], colour: str) -> pdk.Layer:
    """A line round each cell, thin where cells are small, so that their colour stays in sight."""
    edge = h3.average_hexagon_edge_length(h3.get_resolution(next(iter(cells))), unit="m") if cells else 0.0
    width = {"get_line_width": 0.12 * edge, "line_width_min_pixels": 0.5, "line_width_max_pixels": 4}
    rows = [{"hex": h3.int_to_str(int(cell))} for cell in cells]
    return hexagons("highlight", rows, filled=False, stroked=True, get_line_color=rgba(colour), pickable=False, **width)


def _outline_layer(colours: Palette, outlines: Sequence[Outline], pickable: bool) -> pdk.Layer:
    rows = [
        {"id": o.id, "tip": o.label, "ring": [[round(x, 5), round(y, 5)] for x, y in part.exterior.coords]}
        for o in outlines
        for part in getattr(o.polygon, "geoms", [o.polygon])
    ]
    return pdk.Layer(
        "PolygonLayer",
        id="outlines",
        data=rows,
        get_polygon="ring",
        filled=True,
        get_fill_color=rgba(colours.cluster_line, 24),
        stroked=True,
        get_line_color=rgba(colours.cluster_line),
        line_width_min_pixels=2,
        get_line_width=1,
        pickable=pickable,
    )


def draw_point_map(
    page: Page,
    city: CityProfile,
    points: pd.DataFrame,
    *,
    key: str,
    alt: str,
    height: int,
    span: float = 1.0,
    large: bool = False,
    pins: Sequence[Pin] = (),
    bounds: tuple[float, float, float, float] | None = None,
) -> None:
    """Draw a dot for each row of `points` (longitude, latitude; some thousands at most) and the names in `pins`.

    The map shows the city, or what lies within `bounds` (west, south, east, north in degrees).
    """
    if not city.outlined:
        st.info(escape_with_commands(missing(page, NO_OUTLINE)))
        return
    colours, height = palette(page.theme), map_height(page, height)
    layers = [
        *basemap.base_layers(city, colours),
        pdk.Layer(
            "ScatterplotLayer",
            id="points",
            data=[{"at": at} for at in points[["longitude", "latitude"]].to_numpy().tolist()],
            get_position="at",
            get_radius=40 if large else 12,
            radius_min_pixels=6 if large else 2,
            get_fill_color=rgba(colours.accent, 230) if large else rgba(colours.sea_blue, 110),
            pickable=False,
        ),
    ]
    west, south, east, north = bounds or (0.0, 0.0, 0.0, 0.0)
    # With room round the points, even if they are one.
    around = shapely.box(west - 0.01, south - 0.01, east + 0.01, north + 0.01) if bounds else city.land
    view = basemap.fitted_view(around, room=page.room, span=span, height=height)
    if pins:
        layers += name_layers.name_layers(city, page.t, pins, colours, view)
    deck = Deck(layers=layers, map_provider=None, initial_view_state=view)
    st.pydeck_chart(deck, height=height, key=key, alt=alt)
