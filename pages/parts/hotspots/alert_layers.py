"""The layers "Alerts", single alerts as points where they may be shown, and "Density", one smooth picture of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pydeck as pdk
import shapely
import streamlit as st

from analysis.density import DensityImage, density_image, format_density
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import UNCATEGORISED, CityProfile, Translator, category_label, group_label
from curim_data.studies.alert_points import (
    DensityStudy,
    MapPoints,
    class_geojson,
    class_polygons,
    density_study,
    pixel_frame,
    read_map_points,
)
from pages.parts.charts import SCROLL_BAR, tables
from pages.parts.frame import (
    CALCULATION,
    CATEGORIES,
    Heading,
    Page,
    cached_query,
    draw_footer,
    escape_markdown,
    palette,
    rgba,
    shared,
)
from pages.parts.hotspots.choices import FoundPlace, draw_found_place
from pages.parts.hotspots.ranked_list import SPAN, at_default_words, draw_heading, name_height
from pages.parts.maps import (
    MAP_OF,
    Pin,
    draw_cell_map,
    draw_illustrative_note,
    draw_layers,
    draw_legend_row,
    map_download_button,
    map_layer,
    ranked_name,
    room_beside,
    without_outline,
)

if TYPE_CHECKING:
    from analysis.report.maps import MapLayer

WIDTHS: Final = {"category": 130, "group": 110, "n": 62, "share": 62}
RADIUS: Final = 3.5  # pixels


_points = shared(read_map_points)


def draw_alerts_layer(page: Page, heading: Heading, place: FoundPlace | None) -> None:
    """The points by group of categories, and the table of what is drawn; `heading`: where the headline stands."""
    found = _points(page.dataset, page.filter)
    draw_heading(page, heading, alerts_headline(page.t, found))
    left, right = st.columns([5, 3], gap="medium")
    with left:
        if found.frame is None:
            st.info(page.t("Choose fewer alerts with the filter, or look at the density."))
        else:
            _draw_point_map(page, found.frame, place)
            draw_found_place(page, place)
        drawn: dict[str, Any] = {} if found.frame is None else {"drawn": found.shown, "undrawn": found.sensitive}
        told = left_out_sentence(page, found)
        draw_footer(page, sentence=told, total=cached_query(page, "total"), excluded=found.at_default, **drawn)
        if found.frame is not None:
            _draw_point_download(page, found, found.frame)
    with right:
        _draw_category_table(page, found)


def alerts_headline(t: Translator, found: MapPoints) -> str:
    """How many alerts are drawn."""
    if found.frame is None:
        return t("Too many alerts to draw each as a point.")
    return t.n("{n} alert, drawn as a point.", "{n} alerts, each drawn as a point.", found.shown)


def left_out_sentence(page: Page, found: MapPoints) -> str:
    """What is not drawn, and why."""
    t = page.t
    sensitive = t.n(
        "{n} alert of sensitive categories is never drawn as a point.",
        "{n} alerts of sensitive categories are never drawn as points.",
        found.sensitive,
    )
    at_default = at_default_words(page, found.at_default)
    return " ".join(said for said, n in ((sensitive, found.sensitive), (at_default, found.at_default)) if n)


def _is_grouped(city: CityProfile) -> bool:
    return any(category.group in city.groups for category in city.categories.values())


def _grouping(city: CityProfile) -> dict[str, str]:
    """The group of each category that has a colour of its own; the category itself where the city has no groups."""
    if _is_grouped(city):
        return {name: one.group for name, one in city.categories.items() if one.group in city.groups}
    drawn = [name for name, category in city.categories.items() if not category.sensitive]
    return {name: name for name in drawn[: len(CATEGORIES) - 1]}


def _named_groups(page: Page, frame: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """What the legend calls each group that is drawn, and its colour, the same under every filter.

    What has no group gets the last one. Where the city has no groups of its own, its first categories that may be drawn
    stand for them.
    """
    city, present = page.city, set(_groups(page.city, frame["category"]))
    named = city.groups if _is_grouped(city) else _grouping(city)
    shades = {group: CATEGORIES[min(at, len(CATEGORIES) - 1)] for at, group in enumerate(named)}
    return {
        group: (_label(page.t, page.city, group, frame["category"]), shades.get(group, CATEGORIES[-1]))
        for group in (*shades, "")
        if group in present
    }


def _draw_point_map(page: Page, frame: pd.DataFrame, place: FoundPlace | None) -> None:
    t, groups, named = page.t, np.array(_groups(page.city, frame["category"])), _named_groups(page, frame)
    if without_outline(page):
        return
    draw_layers(
        page,
        [_point_layer(t, page.city, group, frame[groups == group], shade) for group, (_, shade) in named.items()],
        key="hotspots_alerts_map",
        alt=t(MAP_OF, name=t("Alerts")),
        over=True,
        place=place,
    )
    round_mark = "border-radius:50%;width:.8em;height:.8em"
    draw_legend_row(
        palette(page.theme),
        t("Categories"),
        [(f"background:{shade};{round_mark}", label) for label, shade in named.values()],
    )
    draw_illustrative_note(page)


def _draw_point_download(page: Page, found: MapPoints, frame: pd.DataFrame) -> None:
    def layers() -> list[MapLayer]:
        points = shapely.points(frame["longitude"].to_numpy(float), frame["latitude"].to_numpy(float))
        groups = np.array(_groups(page.city, frame["category"]))
        return [
            map_layer(label, colour, points[groups == group], points=True)
            for group, (label, colour) in _named_groups(page, frame).items()
        ]

    map_download_button(
        page,
        layers,
        name="alerts",
        title=page.t("Categories"),
        alt=page.t(MAP_OF, name=page.t("Alerts")),
        total=cached_query(page, "total"),
        drawn=found.shown,
        undrawn=found.sensitive,
        facts=[left_out_sentence(page, found)],
    )


def _point_layer(t: Translator, city: CityProfile, group: str, frame: pd.DataFrame, shade: str) -> pdk.Layer:
    return pdk.Layer(
        "ScatterplotLayer",
        id=f"alerts_{group}",
        data=[
            {"at": [row.longitude, row.latitude], "tip": f"{category_label(t, city, row.category)}\n{t.date(row.day)}"}
            for row in frame.assign(day=pd.to_datetime(frame["local_date"]).dt.date).itertuples()
        ],
        get_position="at",
        get_fill_color=rgba(shade, 190),
        get_radius=1,
        radius_min_pixels=RADIUS,
        radius_max_pixels=2 * RADIUS,
        pickable=True,
    )


def _draw_category_table(page: Page, found: MapPoints) -> None:
    t, city = page.t, page.city
    if found.counts.empty:
        return
    grouping = _grouping(city)
    frame = pd.DataFrame(
        {
            "category": category_label(t, city, str(name)),
            "group": _label(t, city, grouping.get(str(name), ""), found.counts.index),
            "n": n,
            "share": n / found.shown,
        }
        for name, n in found.counts.items()
    )
    headings = {"category": t("Category"), "group": t("Group"), "n": t("Alerts"), "share": t("Share")}
    if frame["group"].nunique() == 1 or not _is_grouped(city):
        del frame["group"], headings["group"]
    room = round(room_beside(page.room)) - sum(WIDTHS[name] for name in headings if name != "category") - SCROLL_BAR
    widths = WIDTHS | {"category": max(WIDTHS["category"], room)}
    tables.draw_table(
        page,
        frame,
        headings,
        key="hotspots_alerts_table",
        alt=t("Categories"),
        file_name="alerts-by-category.csv",
        digits={"n": 0},
        percent={"share": 0},
        columns={name: st.column_config.Column(words, width=widths[name]) for name, words in headings.items()},
        row_height=name_height(frame["category"], widths["category"]),
    )


def _groups(city: CityProfile, categories: pd.Series) -> list[str]:
    """The group of each alert; "" for one without."""
    return [*categories.map(_grouping(city)).fillna("")]


def _label(t: Translator, city: CityProfile, group: str, drawn: Iterable[str]) -> str:
    """What the legend calls a group; `drawn`: the categories of all the points."""
    if group:
        return group_label(t, city, group) if _is_grouped(city) else category_label(t, city, group)
    none = all(category == UNCATEGORISED for category in drawn)
    return category_label(t, city, UNCATEGORISED) if none else t("other categories")


def _density_of(source: Source, chosen: AlertFilter) -> tuple[DensityStudy, DensityImage]:
    study = density_study(source, chosen)
    return study, density_image(study.density, source.city)


_density = shared(_density_of, CALCULATION)


def draw_density_layer(page: Page, heading: Heading, place: FoundPlace | None) -> None:
    """Draw the density map with its highest places next to it; `heading`: where the headline stands."""
    t = page.t
    study, drawn = _density(page.dataset, page.filter)
    draw_heading(page, heading, escape_markdown(density_headline(t, study)), listed=False)
    if not study.enough:
        alt = t(MAP_OF, name=t("Density"))
        draw_cell_map(page, key="hotspots_density_map", alt=alt, span=SPAN, pickable=False, place=place)
        draw_found_place(page, place)
        draw_footer(page, sentence=study.too_few(t), total=study.total, excluded=study.total.at_default)
        return
    pins = [Pin(peak.name(t), peak.longitude, peak.latitude, rank) for rank, peak in enumerate(study.peaks, start=1)]
    left, right = st.columns([5, 3], gap="medium")
    with left:
        draw_cell_map(
            page,
            key="hotspots_density_map",
            alt=t(MAP_OF, name=t("Density")),
            picture=drawn,
            pins=pins,
            span=SPAN,
            pickable=False,
            place=place,
        )
        draw_found_place(page, place)
        draw_footer(page, sentence=study.density.sentence(t))
        st.write(escape_markdown(t(study.bandwidth.explanation)))
        excluded = study.total.at_default
        draw_footer(page, total=study.total, excluded=excluded, choices=study.choices, about="density")
        _draw_density_downloads(page, study, drawn, pins)
    with right:
        if study.peaks:
            _draw_peaks(page, study)


def _draw_density_downloads(page: Page, study: DensityStudy, drawn: DensityImage, pins: Sequence[Pin]) -> None:
    t, density, city = page.t, study.density, page.city
    with st.container(horizontal=True):
        tables.download_button(page, lambda: pixel_frame(density, city), "density.csv", key="hotspots_density_csv")
        tables.geojson_button(
            t, partial(class_geojson, density, city), "density.geojson", key="hotspots_density_geojson"
        )

    def layers() -> list[MapLayer]:
        found = {low: shape for low, _, shape in class_polygons(density, city)}
        return [
            map_layer(limits, colour, [found[low]] if low in found else [])
            for low, (colour, limits) in zip(drawn.breaks[:-1], drawn.legend(t), strict=True)
        ]

    map_download_button(
        page,
        layers,
        name="density",
        title=t("Alerts per km² and month"),
        alt=t(MAP_OF, name=t("Density")),
        total=study.total,
        pins=pins,
        facts=[density.sentence(t)],
    )


def density_headline(t: Translator, study: DensityStudy) -> str:
    """Where alerts are densest, in one sentence."""
    if not (study.enough and study.peaks):
        none = t("Too few alerts for a density.")
        return t("Alerts are nowhere denser than the city average.") if study.enough else none
    first = study.peaks[0]
    return t(
        "Alerts are densest here: {place}, {value} per km² and month; the city average is {mean}.",
        place=first.name(t),
        value=format_density(t, first.value.value),
        mean=format_density(t, study.density.mean),
    )


def _draw_peaks(page: Page, study: DensityStudy) -> None:
    t = page.t
    st.subheader(t("Where alerts are densest"))
    tables.draw_fitted_table(
        page,
        pd.DataFrame(
            {
                "place": ranked_name(rank, peak.name(t)),
                "density": "{} ({}–{})".format(
                    *(format_density(t, at) for at in (peak.value.value, peak.value.low, peak.value.high))
                ),
            }
            for rank, peak in enumerate(study.peaks, start=1)
        ),
        {"place": t("Where"), "density": t("Alerts per km² and month")},
        room_beside(page.room),
        key="hotspots_density_peaks",
        alt=t("Where alerts are densest"),
        file_name="density-places.csv",
    )
    st.caption(
        t(
            "Density shows where many alerts are, not where there are more than expected: many alerts can mean many "
            "people."
        )
    )
