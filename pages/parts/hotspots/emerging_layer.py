"""The layer "Emerging": which places have become hot, stay hot, come and go, or have cooled down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import h3.api.numpy_int as h3
import pandas as pd
import pydeck as pdk
import shapely
import streamlit as st

from analysis.emerging.cube import CLASSES, KINDS
from analysis.emerging.detection import RUNS, EmergingHotSpots
from analysis.grid.cells import with_points
from curim_data.model import Translator, cell_polygons
from curim_data.studies.cells import has_area
from curim_data.studies.emerging import EmergingRow, EmergingStudy
from pages.parts.charts.figure import Figure
from pages.parts.charts.numbers import least_written, written_alerts
from pages.parts.charts.plots import draw_chart
from pages.parts.charts.style import base_figure, time_axis
from pages.parts.charts.tables import (
    SELECT_BOX,
    columns_in_room,
    download_button,
    draw_selectable_table,
    fitted_columns,
    geojson,
    geojson_button,
    row_height,
    wrapped_columns,
)
from pages.parts.frame import Heading, Page, Palette, draw_footer, escape_markdown, filter_bar, page_link, palette, rgba
from pages.parts.frame.colours import on_land
from pages.parts.frame.links import go_to_page
from pages.parts.hotspots.area_filter import draw_area_note, lines_in_area
from pages.parts.hotspots.list_order import all_columns, draw_columns_box
from pages.parts.hotspots.map_download import emerging_shades, map_download_button
from pages.parts.hotspots.place_search import FoundPlace, draw_found_place
from pages.parts.hotspots.playback import draw_playback
from pages.parts.hotspots.queries import emerging_of
from pages.parts.hotspots.ranked_list import MAIN, SPAN
from pages.parts.hotspots.selection import SELECTED_WORD
from pages.parts.maps.basemap import map_width, without_outline
from pages.parts.maps.cell_map import draw_layers, map_selection
from pages.parts.maps.legends import draw_illustrative_note, draw_legend_row
from pages.parts.maps.name_layers import Pin, ranked_name

MAP: Final = "emerging_map"
LIST: Final = "emerging_list"
COLD: Final = "emerging_cold"
SEEN: Final = "emerging_seen"
# By kind. Okabe and Ito (2008), with a dark red between: they differ in lightness too, and each place has its number.
KIND_COLOURS: Final = {
    "new": "#d55e00",
    "consecutive": "#e69f00",
    "intensifying": "#a50f15",
    "persistent": "#0072b2",
    "diminishing": "#56b4e9",
    "historical": "#8a7d00",
    "oscillating": "#cc79a7",
    "sporadic": "#009e73",
}
# Cells of cold places are drawn smaller, so that size and not only colour distinguishes them.
HOT_COVERAGE: Final = 0.93
COLD_COVERAGE: Final = 0.5


def draw_emerging_layer(page: Page, heading: Heading, size: int, place: FoundPlace | None) -> None:
    """The map of classes, the table of places, and the history of the one that is selected.

    `heading`: where the headline stands; `size`: the cell size that was picked, 0 for one chosen from the data.
    """
    t = page.t
    study = emerging_of(page.dataset, page.filter, size or None)
    found = study.emerging
    if found is None:
        with heading:
            st.title(t("No class over time can be determined."))
            st.caption(filter_bar.filter_sentence(page))
        draw_footer(
            page,
            sentence=t(study.why) if study.why else "",
            total=study.total,
            period=_period(t, study),
            choices=study.choices,
        )
        return
    cold = bool(st.session_state.get(COLD, False))
    here = lines_in_area(page, study.lines)
    shown = [line for line in here if line.cls.sign > 0 or cold]
    with heading:
        st.title(_headline(t, here, too_few=found.too_few))
        st.caption(filter_bar.filter_sentence(page))
        draw_area_note(page, listed=True)
        for choice in (choice for choice in study.choices if choice.name == "history"):
            st.caption(t(choice.explanation))
    chosen = _selected(shown)
    left, right = st.columns([5, 3], gap="medium")
    with left:
        _draw_map(page, found, shown, chosen, place)
        draw_found_place(page, place)
        st.toggle(t("Show cold places too"), key=COLD)
        if cold and all(line.cls.sign > 0 for line in here):
            st.caption(t("No place has been colder than its neighbourhood for long or recently, beyond chance."))
        _draw_table(page, shown, chosen, found)
        draw_footer(
            page,
            sentence=with_points(t, found.sentence(t), study.choices),
            total=study.total,
            period=_period(t, study),
            choices=study.choices,
        )
        if shown:
            _draw_downloads(page, shown)
            map_download_button(
                page,
                lambda: emerging_shades(t, shown, class_colour),
                name="emerging",
                title=t("Class over time"),
                alt=t("Map of the city with its places by class over time; the table below holds the same."),
                total=study.total,
                pins=_pins(t, shown),
                facts=[found.sentence(t)],
            )
        draw_playback(page, study)
    with right:
        if chosen is None and found.too_few:
            st.subheader(t("Too few alerts to tell"))
        elif chosen is None:
            st.subheader(t("No place stands out"))
            st.write(t("No place has been hotter than its neighbourhood for long or recently, beyond chance."))
        else:
            _draw_history(page, study, found, chosen)


def _period(t: Translator, study: EmergingStudy) -> str:
    """The period of this layer, which is not that of the filter; empty where it has none."""
    return t("Period of this map, {start} to {end}", start=study.period[0], end=study.period[1]) if study.period else ""


def places_frame(t: Translator, lines: Sequence[EmergingRow]) -> pd.DataFrame:
    """The places as figures, for the table and its download."""
    return pd.DataFrame(
        {
            "rank": line.rank,
            "id": line.id,
            "name": line.name(t),
            "class": line.place.cls,
            "n": line.place.n,
            "marked": line.marked,
            "since": line.since,
            "q_trend": line.q_trend,
            "slope": round(line.slope, 4),
            "longitude": round(line.place.longitude, 5),
            "latitude": round(line.place.latitude, 5),
            "cells": " ".join(line.place.names),
        }
        for line in lines
    )


def class_colour(cls: str) -> str:
    """The colour of a class; hot and cold ones of a kind share it."""
    return KIND_COLOURS[CLASSES[cls].kind]


def _headline(t: Translator, lines: Sequence[EmergingRow], *, too_few: bool) -> str:
    """The page's one sentence: how many places are hot now, and where they are heading.

    `too_few`: whether none could have been.
    """
    kinds = [line.cls.kind for line in lines if line.cls.sign > 0]
    now = len(kinds) - kinds.count("historical")
    if not now:
        return t("Too few alerts to tell.") if too_few else t("No place is hot now.")
    return t.n(
        "{n} place is hot now; recent: {late}, rising: {rising}, fading: {fading}.",
        "{n} places are hot now; recent: {late}, rising: {rising}, fading: {fading}.",
        now,
        late=kinds.count("new") + kinds.count("consecutive"),
        rising=kinds.count("intensifying"),
        fading=kinds.count("diminishing"),
    )


def _selected(shown: Sequence[EmergingRow]) -> EmergingRow | None:
    """The place that was picked last, in the table or on the map, as the link has it; else the first."""
    by_id = {line.id: line for line in shown}
    first, asked = next(iter(by_id), ""), st.query_params.get(SELECTED_WORD, "")
    # A link from another layer names one of the cells.
    before = current = next((line.id for line in shown if asked in (line.id, *line.place.names)), first)
    # The table has a key of its own for each selected place, so another row than that is the reader's pick.
    in_table: Any = st.session_state.get(f"{LIST}_{current}")
    rows = (in_table or {}).get("selection", {}).get("rows", [])
    if rows and rows[0] < len(shown):
        current = shown[rows[0]].id
    on_map = map_selection(st.session_state.get(MAP)).cells[-1:]
    if on_map != st.session_state.get(SEEN, ()):
        st.session_state[SEEN] = on_map
        current = next((line.id for line in shown if set(on_map) & set(line.place.names)), current)
    if current != before:
        st.query_params[SELECTED_WORD] = current
        st.rerun()  # the link in the side bar was written before this place was picked
    return by_id.get(current)


def _draw_map(
    page: Page,
    found: EmergingHotSpots,
    shown: Sequence[EmergingRow],
    chosen: EmergingRow | None,
    place: FoundPlace | None,
) -> None:
    t, colours = page.t, palette(page.theme)
    if without_outline(page):
        return
    layers = [
        _layer(page, found, [line for line in shown if line.cls.sign > 0], "cells", HOT_COVERAGE),
        _layer(page, found, [line for line in shown if line.cls.sign < 0], "withheld", COLD_COVERAGE),
    ]
    draw_layers(
        page,
        layers,
        key=MAP,
        alt=t("Map of the city with its places by class over time; the table below holds the same."),
        pins=_pins(t, shown),
        highlight=chosen.place.cells if chosen else (),
        place=place,
        on_select="rerun",
        selection_mode="multi-object",
    )
    _draw_legend(page, colours, shown, selected=chosen is not None, area=has_area(page.filter))
    draw_illustrative_note(page)


def _pins(t: Translator, shown: Sequence[EmergingRow]) -> list[Pin]:
    return [Pin(line.name(t), line.place.longitude, line.place.latitude, line.rank) for line in shown]


def _layer(page: Page, found: EmergingHotSpots, lines: Sequence[EmergingRow], name: str, coverage: float) -> pdk.Layer:
    t = page.t
    rows = [
        {
            "hex": h3.int_to_str(cell),
            "shade": rgba(on_land(class_colour(line.place.cls), page.theme), 225),
            "tip": "\n".join(
                [ranked_name(line.rank, line.name(t), space=" "), t(line.cls.label), _history_line(t, found, cell)]
            ),
        }
        for line in lines
        for cell in line.place.cells
    ]
    return pdk.Layer(
        "H3HexagonLayer",
        id=name,
        data=rows,
        get_hexagon="hex",
        get_fill_color="shade",
        extruded=False,
        stroked=True,  # so that a cell of a large area, smaller than a pixel or two, is still seen
        get_line_color="shade",
        get_line_width=1,
        line_width_min_pixels=3,
        coverage=coverage,
        pickable=True,
        auto_highlight=True,
    )


def _draw_legend(page: Page, colours: Palette, shown: Sequence[EmergingRow], *, selected: bool, area: bool) -> None:
    t = page.t
    present = {line.place.cls for line in shown}
    order = [f"{kind}_{way}" for way in ("hot", "cold") for kind in KINDS]
    narrow = {True: "", False: f"border:.2em solid {colours.land};"}
    entries = [
        (f"background:{on_land(class_colour(cls), page.theme)};{narrow[CLASSES[cls].sign > 0]}", t(CLASSES[cls].label))
        for cls in order
        if cls in present
    ]
    of_area = [(f"border:2px solid {colours.accent}", t("the area of the filter"))] if area else []
    of_selected = [(f"border:3px solid {colours.highlight}", t("selected"))] if selected else []
    draw_legend_row(colours, t("Class over time"), entries + of_area + of_selected)


def _history_line(t: Translator, found: EmergingHotSpots, cell: int) -> str:
    row: Any = found.frame.loc[cell]
    hot = CLASSES[row["cls"]].sign >= 0
    values = {"n": int(row["hot_steps"] if hot else row["cold_steps"]), "steps": len(found.starts)}
    if found.unit == "month":
        return t("Hot in {n} of {steps} months.", **values) if hot else t("Cold in {n} of {steps} months.", **values)
    return t("Hot in {n} of {steps} weeks.", **values) if hot else t("Cold in {n} of {steps} weeks.", **values)


def _draw_table(page: Page, shown: Sequence[EmergingRow], chosen: EmergingRow | None, found: EmergingHotSpots) -> None:
    if not shown:
        return
    t, month = page.t, found.unit == "month"
    rows = [
        {
            "name": ranked_name(line.rank, line.name(t)),
            "class": t(line.cls.label),
            "since": since_label(t, line, found),
            "marked": t("{n} of {all}", n=line.marked, all=len(found.starts)),
            "trend": trend_label(t, line),
            "n": line.place.n,
        }
        for line in shown
    ]
    headings = {
        "name": t.c("emerging", "Place"),
        "class": t("Class over time"),
        "since": t("Without interruption since"),
        "marked": t("Hot or cold months") if month else t("Hot or cold weeks"),
        "trend": t("Trend"),
        "n": t("Alerts"),
    }
    if page.narrow:
        headings = {name: headings[name] for name in ("name", "class", "since")}
    table = pd.DataFrame(rows)
    room = map_width(page.room, SPAN)
    fitting = columns_in_room(table, headings, list(headings), room, most=MAIN)
    if not page.narrow and len(fitting) < len(headings):
        draw_columns_box(t)
    order = None if page.narrow or all_columns() else fitting
    seen = {name: headings[name] for name in order or headings}
    if page.narrow or order:
        words = ("name", "class", "since") if page.narrow else ("name",)
        columns, height = wrapped_columns(table, seen, room - SELECT_BOX, wrapped=words, least=70)
    else:
        columns, height = fitted_columns(table, headings), row_height(1)
    draw_selectable_table(
        page,
        table,
        headings,
        key=f"{LIST}_{chosen.id if chosen else ''}",
        alt=t("Places by their class over time"),
        selected=next((at for at, line in enumerate(shown) if line is chosen), None),
        columns=columns,
        order=order,
        row_height=height,
    )


def since_label(t: Translator, line: EmergingRow, found: EmergingHotSpots) -> str:
    """Since when a place has been significant without interruption; unknown where that holds from the first step."""
    if line.since is None:
        return "–"
    day = t.date(line.since, "LLL y" if found.unit == "month" else "medium")
    return t("{day} or earlier", day=day) if line.since <= found.starts[0].date() else day


def trend_label(t: Translator, line: EmergingRow) -> str:
    """The trend of a place in words; a dash where its class does not depend on one."""
    if line.q_trend != line.q_trend:
        return "–"
    p = t.p(line.q_trend, least=line.p_trend == 1 / (RUNS + 1))
    if line.cls.kind not in ("intensifying", "diminishing"):
        return t("not sure ({p})", p=p)
    return t("rising ({p})", p=p) if line.slope > 0 else t("falling ({p})", p=p)


def _draw_history(page: Page, study: EmergingStudy, found: EmergingHotSpots, line: EmergingRow) -> None:
    """The selected place: its history in words and by step, and the way on."""
    t = page.t
    st.subheader(f"{line.rank} · {escape_markdown(line.name(t))}")
    st.write(escape_markdown(found.sentence_of(line.place.peak, t, least_written(page))))
    if st.button(t("Draft an intervention here"), key="emerging_draft", type="primary"):
        go_to_page(page, "interventions", draft=",".join(line.place.names))
    here = page.filter.replace(districts=(), places=(), cells=line.place.names)
    page_link(page, "trends", t("Follow this place over time"), filter=here)
    series, hot = study.series(line.place.cells), line.cls.sign > 0
    label = _series_label(t, found, hot=hot)
    draw_chart(
        page,
        _bars(page, series, on_land(class_colour(line.place.cls), page.theme), "hot" if hot else "cold"),
        key="emerging_series",
        alt=label,
        data=series,
        file_name="emerging-place.csv",
    )
    st.caption(label)
    st.caption(
        t(
            "The class and the last window are those of the cell that stands out most, with its neighbours; the bars "
            "count the cells of the place alone."
        )
    )


def _series_label(t: Translator, found: EmergingHotSpots, *, hot: bool) -> str:
    if found.unit == "month":
        return t("Alerts per month; coloured: hot.") if hot else t("Alerts per month; coloured: cold.")
    return t("Alerts per week; coloured: hot.") if hot else t("Alerts per week; coloured: cold.")


def _bars(page: Page, series: pd.DataFrame, shade: str, mark: str) -> Figure:
    t, colours = page.t, palette(page.theme)
    figure = base_figure(t, colours, height=200, bargap=0.15)
    figure.add_bar(
        x=series["start"],
        y=series["n"],
        marker={"color": [shade if marked else colours.withheld for marked in series[mark]]},
        hovertext=[
            t.pair(t.date(day.date(), "medium"), written_alerts(page, n))
            for day, n in zip(series["start"], series["n"], strict=True)
        ],
        hoverinfo="text",
    )
    time_axis(figure, t, series["start"], compact=True)
    figure.update_yaxes(rangemode="tozero")
    return figure


def _draw_downloads(page: Page, shown: Sequence[EmergingRow]) -> None:
    t = page.t
    frame = places_frame(t, shown)
    with st.container(horizontal=True):
        download_button(page, frame, "emerging.csv", key="emerging_csv")
        geojson_button(t, lambda: _shapes_file(page, shown, frame), "emerging.geojson", key="emerging_geojson")


def _shapes_file(page: Page, shown: Sequence[EmergingRow], frame: pd.DataFrame) -> str:
    return geojson(
        page, frame.drop(columns="cells"), [shapely.union_all(cell_polygons(list(line.place.cells))) for line in shown]
    )
