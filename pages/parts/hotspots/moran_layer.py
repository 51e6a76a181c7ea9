"""The layer "Significance" by local Moran's I: cells that are like their neighbours, or unlike, and their groups."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import h3.api.numpy_int as h3
import pandas as pd
import pydeck as pdk
import shapely
import streamlit as st

from analysis.hotspots.moran_cells import CLASSES, MoranPlace
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message, Translator, cell_polygons
from curim_data.studies.cells import whole_city
from curim_data.studies.moran import MoranStudy, moran_study
from curim_data.studies.spot_area import in_area
from pages.parts.charts import tables
from pages.parts.frame import (
    Dataset,
    Heading,
    Page,
    Palette,
    calculated,
    draw_footer,
    filter_bar,
    palette,
    rgba,
    source_of,
)
from pages.parts.frame.colours import CHANGE, on_land
from pages.parts.hotspots.area_filter import draw_tested_in_city_note
from pages.parts.hotspots.map_download import difference_shades, map_download_button
from pages.parts.hotspots.place_search import FoundPlace, draw_found_place
from pages.parts.maps import basemap, cell_map, legends, name_layers
from pages.parts.maps.deck import Deck
from pages.parts.maps.name_layers import Pin, ranked_name
from pages.parts.maps.street_lines import streets_near

MAP: Final = "hotspots_moran_map"
SPAN: Final = 0.62
COLOURS: Final = dict(zip(CLASSES, (CHANGE[4], CHANGE[3], CHANGE[1], CHANGE[0]), strict=True))
SHORT: Final = {
    "high-high": Message("high-high"),
    "high-low": Message("high-low"),
    "low-high": Message("low-high"),
    "low-low": Message("low-low"),
}


@calculated(Message("Comparing each cell with its neighbours"))
def _study(dataset: Dataset, chosen: AlertFilter, audience: Audience, resolution: int | None) -> MoranStudy:
    return moran_study(source_of(dataset), chosen, audience, resolution)


def draw_moran_layer(page: Page, heading: Heading, size: int, place: FoundPlace | None) -> None:
    """The classes of cells on a map, and their groups beside it; `size`: the cells that were picked, or 0."""
    t = page.t
    study = _study(page.dataset, whole_city(page.filter), page.audience, size or None)
    shown = [one for one in study.moran.places if in_area(one, study.names[one.id], page.filter, page.city)]
    with heading:
        st.title(moran_headline(t, study))
        st.caption(filter_bar.filter_sentence(page))
        draw_tested_in_city_note(page)
    left, right = st.columns([5, 3], gap="medium")
    with left:
        _draw_map(page, study, shown, place)
        draw_found_place(page, place)
        draw_footer(
            page,
            sentence=study.moran.sentence(t),
            total=study.total,
            excluded=study.at_default,
            choices=study.choices,
        )
        _draw_downloads(page, study, shown)
    with right:
        _draw_places(page, study, shown)


def moran_headline(t: Translator, study: MoranStudy) -> str:
    """How many groups of full cells there are."""
    if not study.moran.n:
        return t("No alerts, so no hot spots.")
    groups = sum(place.cls == "high-high" for place in study.moran.places)
    if not groups:
        return t("Local Moran's I finds no group of cells with more alerts than the mean, here and around.")
    return t.n(
        "Local Moran's I finds {n} group of cells with more alerts than the mean, here and around.",
        "Local Moran's I finds {n} groups of cells with more alerts than the mean, here and around.",
        groups,
    )


def _draw_map(page: Page, study: MoranStudy, shown: list[MoranPlace], place: FoundPlace | None) -> None:
    t, colours = page.t, palette(page.theme)
    if basemap.without_outline(page):
        return
    height = cell_map.map_height(page)
    view = basemap.fitted_view(page.city.land, room=page.room, span=SPAN, height=height)
    layers = [
        *basemap.ground_layers(page.city, colours),
        _cell_layer(page, study, colours),
        *basemap.over_layers(page.city, colours),
    ]
    area = basemap.filter_area(page.filter, page.city)
    if area is not None:
        layers.append(basemap.area_layer(area, colours))
    deck = Deck(layers=layers, map_provider=None, initial_view_state=view, tooltip={"text": "{tip}"})
    if place is not None:
        basemap.focus_on_place(deck, place.shape, place.cells, colours, room=page.room, span=SPAN, height=height)
        near = streets_near(page.city, basemap.box_around(place.shape))
        deck.layers += basemap.street_layers(near, colours, "streets-near")
    deck.layers += name_layers.name_layers(
        page.city,
        t,
        _pins(t, study, shown),
        colours,
        deck.initial_view_state,
        room=basemap.map_width(page.room, SPAN) / 2,
        ranks_alone=page.narrow,
    )
    st.pydeck_chart(deck, height=height, key=MAP, alt=_alt(t) + " " + study.moran.sentence(t))
    entries = [(f"background:{on_land(COLOURS[cls], page.theme)}", t(words)) for cls, words in CLASSES.items()]
    entries.append((f"background:{colours.land_line}", t("alerts, not beyond chance")))
    legends.draw_legend_row(colours, t("Local Moran's I"), entries)
    legends.draw_illustrative_note(page)


def _alt(t: Translator) -> str:
    return t("Map of cells by local Moran's I; the table holds their groups.")


def _pins(t: Translator, study: MoranStudy, shown: list[MoranPlace]) -> list[Pin]:
    """Names of the groups; those of few cells among many others are not named."""
    return [
        Pin(study.names[one.id](t), one.longitude, one.latitude, one.rank) for one in shown if one.cls[:4] == "high"
    ]


def _cell_layer(page: Page, study: MoranStudy, colours: Palette) -> pdk.Layer:
    """Cells with a class in its colour, others with alerts in grey."""
    frame = study.moran.frame
    drawn = frame[(frame["cls"] != "") | (frame["n"] > 0)]
    shades = {cls: rgba(on_land(shade, page.theme), 225) for cls, shade in COLOURS.items()}
    plain = rgba(colours.land_line, 110)
    tip = cache(lambda n, around, cls, q: _tip(page.t, n, around, cls, q))  # many cells hold equally many
    rows = zip(drawn.index.tolist(), *(drawn[name].tolist() for name in ("n", "around", "cls", "q")), strict=True)
    cells = [
        {
            "hex": h3.int_to_str(cell),
            "shade": shades.get(cls, plain),
            "tip": tip(n, -1.0 if around != around else round(around, 1), cls, q if cls else 1.0),
        }
        for cell, n, around, cls, q in rows
    ]
    return pdk.Layer(
        "H3HexagonLayer",
        id="moran",
        data=cells,
        get_hexagon="hex",
        extruded=False,
        stroked=False,
        coverage=0.93,
        get_fill_color="shade",
        pickable=True,
        auto_highlight=True,
    )


def _tip(t: Translator, n: float, around: float, cls: str, q: float) -> str:
    """The lines of a tooltip; `around` is negative where a cell has no neighbour."""
    lines = [cell_map.alert_count(t, n)]
    if around >= 0:
        lines.append(t("around it {mean} on average", mean=t.number(around, 1)))
    if cls:
        lines += [t(CLASSES[cls]), t("Corrected p: {p}", p=t.p_value(q))]
    return "\n".join(lines)


def _draw_places(page: Page, study: MoranStudy, shown: list[MoranPlace]) -> None:
    t = page.t
    st.subheader(t("Groups of cells"))
    if shown:
        frame = pd.DataFrame(
            {
                "name": ranked_name(one.rank, study.names[one.id](t)),
                "class": t(SHORT[one.cls]),
                "cells": len(one.cells),
                "n": one.n,
                "q": t.p_value(one.q),
            }
            for one in shown
        )
        headings = {
            "name": t.c("emerging", "Place"),
            "class": t("Class"),
            "n": t("Alerts"),
            "cells": t("Cells"),
            "q": t("Corrected p"),
        }
        if page.narrow:
            headings = {"name": headings["name"], "class": headings["class"], "q": t("p")}
        tables.draw_fitted_table(
            page,
            frame,
            headings,
            basemap.room_beside(page.room),
            key="hotspots_moran",
            alt=t("Groups of cells by class, the surest first"),
            wrapped=("class",),
            plain=0,
        )
    else:
        st.write(t("No cell is more like its neighbours, or less, than chance explains."))
    st.caption(
        t(
            "Local Moran's I asks whether cells next to each other are more alike than if all counts were dealt out "
            "anew over the city, so a dense centre can be one large group. A few very full cells make it find less. To "
            "find places for an intervention, the exact test compares each place with its surroundings."
        )
    )


def _draw_downloads(page: Page, study: MoranStudy, shown: list[MoranPlace]) -> None:
    t = page.t
    with st.container(horizontal=True):
        if shown:
            tables.geojson_button(
                t, lambda: _shapes_file(page, study, shown), "local_moran.geojson", key="hotspots_moran_geojson"
            )
        label = t("Download the cells (CSV)")
        tables.download_button(
            page, lambda: moran_frame(study), "local_moran_cells.csv", key="hotspots_moran_csv", label=label
        )

    def made() -> list[Any]:
        frame = study.moran.frame
        classes = [(t(words), COLOURS[cls], frame.index[frame["cls"] == cls]) for cls, words in CLASSES.items()]
        return difference_shades(classes, ("", ()))

    map_download_button(
        page,
        made,
        name="local_moran",
        title=t("Local Moran's I"),
        alt=_alt(t),
        total=study.total,
        pins=_pins(t, study, shown),
        facts=[study.moran.sentence(t)],
    )


def moran_frame(study: MoranStudy) -> pd.DataFrame:
    """The test of every cell, as a table to download."""
    table = study.moran.frame.rename(columns={"around": "mean_around", "i": "local_moran", "cls": "class"})
    table.insert(0, "cell", [f"{cell:x}" for cell in table.index])
    return table.reset_index(drop=True)


def _shapes_file(page: Page, study: MoranStudy, shown: list[MoranPlace]) -> str:
    frame = pd.DataFrame(
        {"rank": one.rank, "id": one.id, "name": study.names[one.id](page.t), "class": one.cls, "n": one.n, "q": one.q}
        for one in shown
    )
    return tables.geojson(page, frame, [shapely.union_all(cell_polygons(list(one.cells))) for one in shown])
