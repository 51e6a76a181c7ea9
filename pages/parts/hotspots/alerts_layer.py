"""The layer "Alerts": single alerts as points, where they may be shown and where they are few enough to be seen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Final

import pandas as pd
import pydeck as pdk
import streamlit as st

from curim_data.filters import AlertFilter
from curim_data.model import CityProfile, Translator
from curim_data.model.labels import UNCATEGORISED, category_label, group_label
from curim_data.studies.alert_points import MOST_MAP_POINTS, MapPoints, read_map_points
from pages.parts.charts import tables
from pages.parts.charts.tables import SCROLL_BAR
from pages.parts.frame import Dataset, Heading, Page, cached, draw_footer, filter_bar, palette, rgba, source_of
from pages.parts.frame.colours import CATEGORIES
from pages.parts.frame.results import cached_query
from pages.parts.hotspots.map_download import map_download_button, point_shades
from pages.parts.hotspots.place_search import FoundPlace, draw_found_place
from pages.parts.hotspots.ranked_list import letters_in
from pages.parts.hotspots.selection import LAYER_WORD
from pages.parts.maps import basemap, cell_map, legends

MAP: Final = "hotspots_alerts_map"
WIDTHS: Final = {"category": 130, "group": 110, "n": 62, "share": 62}
RADIUS: Final = 3.5  # pixels


@cached
def _points(dataset: Dataset, chosen: AlertFilter) -> MapPoints:
    return read_map_points(source_of(dataset), chosen)


def draw_alerts_layer(page: Page, heading: Heading, place: FoundPlace | None) -> None:
    """The points by group of categories, and the table of what is drawn; `heading`: where the headline stands."""
    t = page.t
    found = _points(page.dataset, page.filter)
    with heading:
        st.title(alerts_headline(t, found))
        st.caption(filter_bar.filter_sentence(page))
    left, right = st.columns([5, 3], gap="medium")
    with left:
        if found.frame is None:
            _draw_too_many(page, found)
        else:
            _draw_map(page, found.frame, place)
            draw_found_place(page, place)
        drawn = {} if found.frame is None else {"drawn": found.shown, "undrawn": found.sensitive}
        draw_footer(
            page,
            sentence=left_out_sentence(t, found),
            total=cached_query(page, "total"),
            excluded=found.at_default,
            **drawn,
        )
        if found.frame is not None:
            _draw_map_download(page, found, found.frame)
    with right:
        _draw_table(page, found)


def alerts_headline(t: Translator, found: MapPoints) -> str:
    """How many alerts are drawn."""
    if found.frame is None:
        return t("Too many alerts to draw each as a point.")
    if not found.shown:
        return t("No alert is drawn as a point.")
    return t.n("{n} alert, drawn as a point.", "{n} alerts, each drawn as a point.", found.shown)


def left_out_sentence(t: Translator, found: MapPoints) -> str:
    """What is not drawn, and why."""
    sensitive = t.n(
        "{n} alert of sensitive categories is never drawn as a point.",
        "{n} alerts of sensitive categories are never drawn as points.",
        found.sensitive,
    )
    at_default = t.n(
        "{n} alert shares its exact coordinates with many others and is kept off maps: probably a default "
        "position of the app.",
        "{n} alerts share their exact coordinates with many others and are kept off maps: probably a default "
        "position of the app.",
        found.at_default,
    )
    return " ".join(said for said, n in ((sensitive, found.sensitive), (at_default, found.at_default)) if n)


def group_colours(city: CityProfile) -> dict[str, str]:
    """The colour of each group of categories, the same under every filter; what has no group gets the last one.

    Where the city has no groups of its own, its first categories that may be drawn stand for them.
    """
    if _is_grouped(city):
        return {group: CATEGORIES[min(at, len(CATEGORIES) - 1)] for at, group in enumerate(city.groups)}
    drawn = [name for name, category in city.categories.items() if not category.sensitive]
    return dict(zip(drawn, CATEGORIES[:-1], strict=False))


def _is_grouped(city: CityProfile) -> bool:
    return any(category.group in city.groups for category in city.categories.values())


def _draw_too_many(page: Page, found: MapPoints) -> None:
    t = page.t
    st.info(
        t(
            "There are {n} alerts to draw; above {most} the points cover one another and the map hides more than it "
            "shows. Choose fewer alerts with the filter, or look at the density.",
            n=found.shown,
            most=MOST_MAP_POINTS,
        )
    )

    def density() -> None:
        st.query_params[LAYER_WORD] = "density"

    st.button(t("Show the density"), key="hotspots_to_density", on_click=density)


def _draw_map(page: Page, frame: pd.DataFrame, place: FoundPlace | None) -> None:
    t, city, colours = page.t, page.city, palette(page.theme)
    if basemap.without_outline(page):
        return
    shades = group_colours(city)
    groups = _groups(city, frame["category"])
    present = [group for group in (*shades, "") if group in set(groups)]
    layers = [
        _layer(t, city, group, frame[[one == group for one in groups]], shades.get(group, CATEGORIES[-1]))
        for group in present
    ]
    alt = t("Map of single alerts by group of categories; the table counts the same.")
    cell_map.draw_layers(page, layers, key=MAP, alt=alt, over=True, place=place)
    entries = [
        (f"background:{shades.get(group, CATEGORIES[-1])};border-radius:50%;width:.8em;height:.8em", label)
        for group, label in ((group, _label(t, city, group, frame["category"])) for group in present)
    ]
    legends.draw_legend_row(colours, t("Categories"), entries)
    legends.draw_illustrative_note(page)


def _draw_map_download(page: Page, found: MapPoints, frame: pd.DataFrame) -> None:
    t, city = page.t, page.city
    groups, shades = _groups(city, frame["category"]), group_colours(city)
    named = {
        group: (_label(t, city, group, frame["category"]), shades.get(group, CATEGORIES[-1]))
        for group in (*shades, "")
        if group in set(groups)
    }
    map_download_button(
        page,
        lambda: point_shades(frame, groups, named),
        name="alerts",
        title=t("Categories"),
        alt=t("Map of single alerts by group of categories; the table counts the same."),
        total=cached_query(page, "total"),
        drawn=found.shown,
        undrawn=found.sensitive,
        facts=[left_out_sentence(t, found)],
    )


def _layer(t: Translator, city: CityProfile, group: str, frame: pd.DataFrame, shade: str) -> pdk.Layer:
    rows = [
        {"at": [row.longitude, row.latitude], "tip": f"{category_label(t, city, row.category)}\n{t.date(row.day)}"}
        for row in frame.assign(day=pd.to_datetime(frame["local_date"]).dt.date).itertuples()
    ]
    return pdk.Layer(
        "ScatterplotLayer",
        id=f"alerts_{group}",
        data=rows,
        get_position="at",
        get_fill_color=rgba(shade, 190),
        get_radius=1,
        radius_min_pixels=RADIUS,
        radius_max_pixels=2 * RADIUS,
        pickable=True,
    )


def _draw_table(page: Page, found: MapPoints) -> None:
    t, city = page.t, page.city
    if found.counts.empty:
        return
    st.subheader(t("By category"))
    frame = pd.DataFrame(
        {
            "category": [category_label(t, city, str(name)) for name in found.counts.index],
            "group": [_label(t, city, _group(city, str(name)), found.counts.index) for name in found.counts.index],
            "n": found.counts.to_numpy(),
            "share": found.counts.to_numpy() / found.shown,
        }
    )
    headings = {"category": t("Category"), "group": t("Group"), "n": t("Alerts"), "share": t("Share")}
    if frame["group"].nunique() == 1 or not _is_grouped(city):
        del frame["group"], headings["group"]
    fixed = sum(WIDTHS[name] for name in headings if name != "category")
    widths = WIDTHS | {"category": max(WIDTHS["category"], round(basemap.room_beside(page.room)) - fixed - SCROLL_BAR)}
    lines = max(len(textwrap.wrap(name, letters_in(widths["category"]))) for name in frame["category"])
    tables.draw_table(
        page,
        frame,
        headings,
        key="hotspots_alerts_table",
        alt=t("Alerts that are drawn, by category"),
        file_name="alerts-by-category.csv",
        digits={"n": 0},
        percent={"share": 0},
        columns={name: st.column_config.Column(words, width=widths[name]) for name, words in headings.items()},
        row_height=tables.row_height(lines) if lines > 1 else None,
    )
    st.caption(
        t(
            "An alert with several categories is drawn once, under its first one. A point is where an alert was sent "
            "from or placed: many points can be one place that many people use."
        )
    )


def _groups(city: CityProfile, categories: pd.Series) -> list[str]:
    """The group of each alert: many have the same category."""
    of = {name: _group(city, name) for name in categories.unique()}
    return [of[name] for name in categories]


def _group(city: CityProfile, category: str) -> str:
    """The group of a category, or the category where the city has no groups; "" without a colour of its own."""
    if not _is_grouped(city):
        return category if category in group_colours(city) else ""
    known = city.categories.get(category)
    return known.group if known and known.group in city.groups else ""


def _label(t: Translator, city: CityProfile, group: str, drawn: Iterable[str]) -> str:
    """What the legend calls a group; `drawn`: the categories of all the points."""
    if group:
        return group_label(t, city, group) if _is_grouped(city) else category_label(t, city, group)
    if all(category == UNCATEGORISED for category in drawn):
        return category_label(t, city, UNCATEGORISED)
    return t("other categories")
