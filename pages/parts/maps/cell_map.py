"""The map of cells: counts in printed classes, hot cells outlined, its legend; a map of points; maps to take along.

`map_provider=None` and no map style: with a style of None, Streamlit would fetch a base map from a third party. A map
is downloaded as PNG, drawn for print, with filter, counts and notes.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pydeck as pdk
import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry

from analysis.density import DensityImage
from analysis.hotspots.cell_significance import excess_words
from curim_data import query
from curim_data.engine import city_day
from curim_data.model import (
    N_,
    NO_OUTLINE,
    CityProfile,
    IntArray,
    Message,
    Translator,
    cell_polygons,
    fewer_than,
    is_small,
)
from curim_data.query import Total
from curim_data.studies.cells import filter_area, has_area
from curim_data.studies.periods import places_taken
from pages.parts.frame import (
    COUNTS,
    EXCESS,
    GREYS_ON_DARK,
    Page,
    Palette,
    cached_query,
    draw_download,
    mapped_sentence,
    palette,
    ramp,
    rgba,
)
from pages.parts.frame.page import Theme
from pages.parts.maps import basemap
from pages.parts.maps.basemap import Deck, FoundPlace, Pin, streets_near

if TYPE_CHECKING:
    from analysis.report.maps import MapLayer


def class_breaks(counts: Sequence[float], classes: int = len(COUNTS), least: int = 1) -> list[int]:
    """Upper bounds of at most `classes` classes for the positive counts, in equal steps of their logarithm.

    Counts by place are so uneven that equal steps would put all but a few cells into the first class, and classes of
    equal size all hot spots into the last. Whole and distinct; empty where nothing is above zero. Counts under `least`,
    the smallest that is written out, are one class, the first.
    """
    written = [c for c in counts if c >= least and c > 0]
    few = [least - 1] if any(is_small(c, least) for c in counts) else []
    return [*few, *sorted({math.ceil(end - 1e-9) for end in _equal_steps(written, classes - len(few))})]


def _equal_steps(values: Sequence[float], classes: int) -> list[float]:
    """Upper bounds of classes of positive values, in equal steps of their logarithm; none of no value."""
    first, most = min(values, default=1), max(values, default=0)
    return [first * (most / first) ** (k / classes) for k in range(1, classes + 1)] if most else []


class ColourScale(NamedTuple):
    """What colours a map's cells: a heading, colour and words of each class, and the class of every cell (-1: none)."""

    heading: str
    classes: tuple[tuple[str, str], ...]
    numbers: IntArray

    @classmethod
    def of(cls, page: Page, cells: pd.DataFrame, theme: Theme) -> ColourScale:
        """By excess over the usual, where `cells` have its classes (`HotCells.excess_classes`), else by count."""
        t = page.t
        if "excess" in cells:
            shades = EXCESS if theme == "light" else (*GREYS_ON_DARK, *ramp(EXCESS[2:], theme))
            heading = t("Times the usual number of the surroundings")
            return cls(heading, tuple(zip(shades, excess_words(t), strict=True)), cells["excess"].to_numpy(int))
        least, counts = page.written.least(), cells["n"]
        breaks = class_breaks(counts.tolist(), least=least)
        numbers = np.minimum(np.searchsorted(breaks, counts), max(len(breaks) - 1, 0))
        shades = ramp(shades_for(len(breaks)), theme)
        classes = tuple(zip(shades, class_words(t, counts, least), strict=False))
        return cls(t("Alerts per cell"), classes, np.where(counts > 0, numbers, -1))


def shades_for(classes: int) -> tuple[str, ...]:
    """The scale's colours for a number of classes, spread from its light to its dark end."""
    classes = min(max(classes, 1), len(COUNTS))
    return tuple(COUNTS[round(i * (len(COUNTS) - 1) / max(classes - 1, 1))] for i in range(classes))


def class_words(t: Translator, counts: pd.Series, least: int = 1) -> list[str]:
    """The limits of each class of the counts, the lowest first; those under `least` are not written out."""
    breaks = class_breaks(counts.tolist(), least=least)
    lowers = [math.floor(counts[counts > 0].min()) if breaks else 1, *(upper + 1 for upper in breaks)]
    return [
        t(fewer_than(least))
        if upper < least
        else t.number(upper)
        if upper == lower
        else f"{t.number(lower)}–{t.number(upper)}"
        for lower, upper in zip(lowers, breaks, strict=False)
    ]


def density_entries(t: Translator, colours: Palette, picture: DensityImage) -> list[tuple[str, str]]:
    """The printed classes of a density; what lies below the first one is clear on the map."""
    classes = [(f"background:{colour}", limits) for colour, limits in picture.legend(t)]
    below = [t("below {value}", value=limits.split("–")[0]) for _, limits in classes[:1]]
    return [*((f"border:1px solid {colours.land_line}", words) for words in below), *classes]


def draw_legend_row(colours: Palette, head: str, entries: Sequence[tuple[str, str]]) -> None:
    """A legend in one line that wraps: a heading, then pairs of a mark's style (CSS) and its words."""
    if not entries:
        return
    heading = f"<span>{html.escape(head)}</span>" if head else ""
    marks = "".join(
        f'<span style="display:inline-flex;align-items:center;gap:.35em">'
        f'<span aria-hidden="true" style="flex:none;width:1.1em;height:.85em;box-sizing:border-box;'
        f'border-radius:2px;{style}"></span>{html.escape(text)}</span>'
        for style, text in entries
    )
    st.html(
        '<div class="legend-row" style="display:flex;flex-wrap:wrap;gap:.25em 1em;font-size:.85rem;'
        f'color:{colours.muted};font-variant-numeric:tabular-nums">{heading}{marks}</div>'
    )


MAP_OF: Final = N_("Map of {name}.")  # in words, for those who do not see it; a table holds the same
ILLUSTRATIVE: Final = N_("City limit, zones, streets and landmarks are illustrative: drawn for this dashboard.")


def draw_illustrative_note(page: Page) -> None:
    """Say below a map of true alerts that its shapes are illustrative, where they are."""
    if page.city.illustrative and not page.is_sample:
        st.caption(page.t(ILLUSTRATIVE))


def map_download_button(
    page: Page,
    make: Callable[[], Sequence[MapLayer]],
    *,
    name: str,
    title: str,
    alt: str,
    total: Total | None,
    pins: Collection[Pin] = (),
    facts: Sequence[str],
    drawn: int | None = None,
    undrawn: int = 0,
) -> None:
    """A button that draws the map when it is clicked and hands it out.

    Parameters
    ----------
    make
        What is drawn, from the bottom up.
    name
        The file's name without its ending; also the button's key.
    title, alt
        The heading of the legend, and what the picture shows.
    total, facts
        How many alerts there are (None where `facts` say it), and what else must be known of the map.
    drawn, undrawn
        On a map of single points: how many stand on it, and how many of sensitive categories never do.
    """
    t = page.t
    notes = [
        query.sentence(page.alerts, page.filter, t, cached_query(page, "total")) if page.alerts else "",
        mapped_sentence(t, total, total.at_default or 0, drawn, undrawn, taken=places_taken(page.alerts))
        if total
        else None,
        *facts,
        t("Sample data: made up.") if page.is_sample else None,
        t(ILLUSTRATIVE) if page.city.illustrative else None,
        f"CURiM · {t.label(page.city.names)}, {t.date(city_day(page.city))}",
    ]

    def picture() -> bytes:
        from analysis.report.maps import NumberedSpot, layers_map  # what draws is imported when something is drawn

        spots = [NumberedSpot(pin.rank or 0, pin.name, pin.longitude, pin.latitude) for pin in pins]
        told = [note for note in notes if note is not None]
        return layers_map(page.city, make(), t, title=title, spots=spots, notes=told, alt=alt).data

    draw_download(
        t("Download the map (PNG)"),
        picture,
        file_name=f"{name}.png",
        mime="image/png",
        key=f"{name}_png",
        type="tertiary",
        icon=":material/download:",
    )


def map_layer(label: str, colour: str, shapes: Collection[Any], **form: bool) -> MapLayer:
    """Shapes in one colour with their entry in the legend; `form`: outlines alone, hatched, or points."""
    from analysis.report.maps import MapLayer

    return MapLayer(label, colour, tuple(shapes), **form)


def cell_layer(label: str, colour: str, cells: Collection[int], **form: bool) -> MapLayer:
    """The same of cells."""
    return map_layer(label, colour, cell_polygons(np.fromiter(map(int, cells), np.uint64, len(cells))), **form)


def cell_shades(page: Page, cells: pd.DataFrame) -> list[MapLayer]:
    """Cells in the classes of the page's map, for print."""
    scale = ColourScale.of(page, cells, "light")
    return [
        cell_layer(span, colour, cells.index[scale.numbers == at]) for at, (colour, span) in enumerate(scale.classes)
    ]


HEIGHT = 540
SPAN = 0.62  # of the page, for a map of layers beside a list
# Where so many cells at most are drawn, one that is smaller on the screen is drawn as a dot of so many pixels: on the
# map of a country nothing would be seen of them.
DOTS: Final = {100: 9, 1000: 4}
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
    outlines: Sequence[Outline] = (),
    pins: Sequence[Pin] = (),
    highlight: Collection[int] = (),
    height: int = HEIGHT,
    span: float = 1.0,
    pickable: bool = True,
    place: FoundPlace | None = None,
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
        Index (or column) `cell` (int64 H3) and `n`; optionally `excess`, the classes that colour them in place of
        counts, and `tooltip`, further lines.
    picture
        A density, drawn as one picture that the page itself holds: no request is made for it.
    hot
        Cells with more alerts than expected by chance; a dark outline goes round those that touch each other.
    outlines, pins, highlight
        Clusters or areas, names, and the cells of what is selected elsewhere on the page.
    height, span
        Pixels, and the share of the page's width that the map gets (2/3 next to a list).
    pickable
        Whether a click selects cells and outlines.
    place
        What the map is turned to, its cells outlined.
    on_select
        What a pick does in place of a run of the page.
    """
    if basemap.without_outline(page):
        return
    t, colours, height, layers, scale = page.t, palette(page.theme), map_height(page, height), [], None
    if picture is not None:  # in quotes, since a bare string would be read as an expression
        image, bounds = f'"{picture.data_url}"', list(picture.bounds)
        layers.append(pdk.Layer("BitmapLayer", id="density", data=None, image=image, bounds=bounds, pickable=False))
    if cells is not None:
        scale = ColourScale.of(page, cells, page.theme)
        view = basemap.fitted_view(page.city.land, room=page.room, span=span, height=height)
        layers.append(_count_layer(page, cells, scale, set(map(int, hot)), view, pickable=pickable))
    form: dict[str, Any] = {"pins": pins, "highlight": highlight, "height": height, "span": span, "place": place}
    deck = _cell_deck(page, layers, hot=hot, outlines=outlines, pickable=pickable, **form)
    picking: dict[str, Any] = {"on_select": on_select or "rerun", "selection_mode": "multi-object"} if pickable else {}
    st.pydeck_chart(deck, height=height, key=key, alt=alt, **picking)
    if picture is not None:
        draw_legend_row(colours, t("Alerts per km² and month"), density_entries(t, colours, picture))
    lines = (
        (len(hot), 2, colours.hot_line, t("hot spot")),
        (outlines, 2, colours.cluster_line, t("cluster")),
        (len(highlight), 3, colours.highlight, t("selected")),
        (has_area(page.filter), 2, colours.accent, t("the area of the filter")),
        (place is not None and place.cells, 3, colours.accent, place.name if place is not None else ""),
    )
    present = set() if scale is None else set(scale.numbers.tolist())
    classes = [(f"background:{scale.classes[at][0]}", scale.classes[at][1]) for at in sorted(present - {-1})]
    entries = [(f"border:{wide}px solid {colour}", words) for drawn, wide, colour, words in lines if drawn]
    draw_legend_row(colours, scale.heading if scale is not None else "", classes + entries)
    draw_illustrative_note(page)


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
    outlines: Sequence[Outline] = (),
    pickable: bool = False,
    over: bool = False,
) -> pdk.Deck:
    """The map as a pydeck object: the ground, data with outlines, coast and streets (below points that are drawn
    `over` them), names. What is not land covers cells and outlines.
    """
    city, colours = page.city, palette(page.theme)
    size: dict[str, Any] = {"room": page.room, "span": span, "height": height}
    ground, coast = basemap.ground_layers(city, colours), basemap.over_layers(city, colours)
    area = filter_area(page.filter, city)
    border = {"stroked": True, "get_line_color": rgba(colours.accent), "line_width_min_pixels": 2}
    marks = [
        _area_lines("hot", hot, colours.hot_line),
        _outline_layer(colours, outlines, pickable),
        _area_lines("highlight_ring", highlight, colours.highlight),
        _highlight_lines(highlight, colours.highlight),
    ]
    look = {"backgroundColor": colours.background, "color": colours.text, "borderRadius": "6px", "fontSize": "13px"}
    deck = Deck(
        layers=[
            *ground,
            *((*coast, *layers) if over else (*layers, *marks, *coast)),
            *([basemap.shape_layer("area", [area], **border)] if area is not None else []),
        ],
        map_provider=None,
        initial_view_state=basemap.fitted_view(city.land, **size),
        tooltip={"text": "{tip}", "style": {**look, "border": f"1px solid {colours.land_line}"}},
    )
    if place is not None:
        basemap.focus_on_place(deck, place, colours, **size)
        deck.layers += basemap.street_layers(
            streets_near(city, basemap.box_around(place.shape)), colours, "streets-near"
        )
    naming: dict[str, Any] = {"room": basemap.map_width(page.room, span) / 2, "ranks_alone": page.narrow}
    deck.layers += basemap.name_layers(
        city, page.t, _selected_first(pins, highlight), colours, deck.initial_view_state, **naming
    )
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
    st.pydeck_chart(
        _cell_deck(
            page,
            layers,
            pins=pins,
            highlight=highlight,
            height=map_height(page),
            span=SPAN,
            over=over,
            place=place,
            pickable=bool(picking),
        ),
        height=map_height(page),
        key=key,
        alt=alt,
        **picking,
    )


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
    names = basemap.name_layers(page.city, page.t, pins, colours, view, **naming)
    st.pydeck_chart(
        Deck(layers=[*layers, *names], map_provider=None, initial_view_state=view, tooltip={"text": "{tip}"}),
        height=height,
        key=key,
        alt=alt,
    )


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
    scale: ColourScale,
    marked: Collection[int],
    view: pdk.ViewState,
    *,
    pickable: bool,
) -> pdk.Layer:
    """The cells that hold something, by colour, and the `marked` ones: a significant cell without any alert is drawn
    transparent, so that it has a tooltip.
    """
    names, opacity = cells.get("cell", cells.index).to_numpy(), palette(page.theme).cell
    drawn = (scale.numbers >= 0) | np.isin(names, list(marked))
    shades = [*(rgba(shade, opacity) for shade, _ in scale.classes), [0, 0, 0, 0]]  # the last one of -1
    # As objects: a column of texts gives them one by one, which takes longer than all the rest here.
    tooltips = cells["tooltip"].to_numpy(object)[drawn].tolist() if "tooltip" in cells else [""] * int(drawn.sum())
    counts = cells["n"][drawn].tolist()
    texts = {n: written_alerts(page, n) for n in set(counts)}  # many cells hold equally many
    shown = [
        {"hex": h3.int_to_str(cell), "shade": shades[shade], "tip": texts[n] + tooltip}
        for cell, n, tooltip, shade in zip(
            names[drawn].tolist(), counts, tooltips, scale.numbers[drawn].tolist(), strict=True
        )
    ]
    line = _line_of_dots(shown, view)
    look = {"get_line_color": "shade", "get_line_width": 0, "line_width_min_pixels": line}
    return hexagons("cells", shown, pickable=pickable, auto_highlight=True, stroked=line > 0, **look)


def hexagons(name: str, rows: Sequence[dict[str, Any]], **look: Any) -> pdk.Layer:
    """A layer of cells: `hex` of each row, filled with its `shade`; `look` replaces or adds properties of deck.gl."""
    usual = {"get_hexagon": "hex", "extruded": False, "coverage": 0.93}
    if look.get("filled", True):  # deck.gl reads the colour of each row, drawn or not
        usual["get_fill_color"] = "shade"
    return pdk.Layer("H3HexagonLayer", id=name, data=rows, **{**usual, **look})


def _line_of_dots(shown: Sequence[dict[str, Any]], view: pdk.ViewState) -> float:
    """Pixels of a line round each cell, in its colour, that make a dot of a smaller one; 0 where none is needed."""
    dot = next((pixels for most, pixels in DOTS.items() if 0 < len(shown) <= most), None)
    if dot is None:
        return 0.0
    edge = h3.average_hexagon_edge_length(h3.get_resolution(h3.str_to_int(shown[0]["hex"])), unit="m")
    metres = EQUATOR_M * math.cos(math.radians(view.latitude)) / (basemap.TILE * 2**view.zoom)
    return max(0.0, dot - 2 * edge / metres)


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
    return pdk.Layer(
        "PolygonLayer",
        id="outlines",
        data=[
            {"id": o.id, "tip": o.label, "ring": [[round(x, 5), round(y, 5)] for x, y in part.exterior.coords]}
            for o in outlines
            for part in getattr(o.polygon, "geoms", [o.polygon])
        ],
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
        st.info(page.t(NO_OUTLINE))
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
    if pins or city.without_names:
        layers += basemap.name_layers(city, page.t, pins, colours, view)
    st.pydeck_chart(Deck(layers=layers, map_provider=None, initial_view_state=view), height=height, key=key, alt=alt)
