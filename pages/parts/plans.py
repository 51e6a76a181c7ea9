"""Plans as several pages use them: the store of the home on show, who may edit, under which name; the map of areas."""

from __future__ import annotations

import datetime as dt
from typing import Any

import h3.api.basic_str as h3
import pydeck as pdk
import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry

from curim_data.engine import city_day
from curim_data.model import Message, Plan, Role
from curim_data.model.plan import Areas
from curim_data.plans.plan_store import PlanStore
from curim_data.sample import demo_words
from pages.parts.frame import Page, Palette, palette, rgba
from pages.parts.maps import basemap, draw_legend_row, draw_named_layers, union_of_cells, without_outline

WHO = "plan_who"
AREA_LABELS = {
    "treated": Message("Treated area"),
    "buffer": Message("Buffer"),
    "comparison": Message("Comparison area"),
}


@st.cache_resource(max_entries=64, show_spinner=False)
def _open_store(url: str) -> PlanStore:
    return PlanStore(url)


def plan_store(page: Page) -> PlanStore:
    """The store of the home on show."""
    return _open_store(page.home.plans_url)


def translated_plan(page: Page, plan: Plan) -> Plan:
    """A plan in the reader's language: the sample's texts are translated, a city's stay as written."""
    return demo_words(plan, page.t) if page.is_sample else plan


def reference_day(page: Page) -> dt.date:
    """The day by which plans are late; in the sample, whose dates are fixed, the last day with data."""
    return page.source.as_of if page.is_sample and page.source else city_day(page.city)


def may_edit(page: Page) -> bool:
    """Whether the reader may write plans; the council reads them."""
    return page.role >= Role.SPECIALIST


def author_name(page: Page) -> str:
    """The name under which changes are written down: of the account, or as the reader gave it once."""
    return page.reader or str(st.session_state.get(WHO, "")).strip()


def ask_author(page: Page) -> None:
    """Ask for the name where no account gives it."""
    if page.reader:
        return
    key = "plan_who_asked"
    if key not in st.session_state:
        st.session_state[key] = st.session_state.get(WHO, "")
    st.session_state[WHO] = st.text_input(
        page.t("Your name or office"),
        key=key,
        max_chars=80,
        help=page.t("Appears in the history of this plan, and nowhere else."),
    )


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
    shown = {
        name: union_of_cells([h3.str_to_int(cell) for cell in cells])
        for name in AREA_LABELS
        if (cells := getattr(areas, name))
    }
    if not shown:
        st.caption(t("No areas are chosen yet."))
        return
    if without_outline(page):
        return
    looks = {name: area_colours(colours)[name] for name in shown}
    layers = [_area_layer(name, shape, *looks[name], t(AREA_LABELS[name])) for name, shape in shown.items()]
    west, south, east, north = shapely.union_all(list(shown.values())).bounds
    pad = 0.12 * max(east - west, north - south, 0.004)
    around = shapely.box(west - pad, south - pad, east + pad, north + pad)
    alt = t("Map of the plan's areas: {areas}.", areas=t.join([t(AREA_LABELS[name]) for name in shown]))
    look: dict[str, Any] = {"span": span, "height": 420, "around": around, "landmarks": True}
    draw_named_layers(page, [*basemap.base_layers(page.city, colours), *layers], (), key=key, alt=alt, **look)
    marks = [
        (
            "background:rgba({},{},{},{:.2f});".format(*fill[:3], fill[3] / 255)
            + "border:2px solid rgb({},{},{})".format(*line[:3]),
            t(AREA_LABELS[name]),
        )
        for name, (fill, line) in looks.items()
    ]
    draw_legend_row(colours, "", marks)


def _area_layer(name: str, shape: BaseGeometry, fill: list[int], line: list[int], tip: str) -> pdk.Layer:
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
