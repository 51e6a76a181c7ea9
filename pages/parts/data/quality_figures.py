"""Charts of the data's quality: how full the columns are by month, the weeks that jump, the lag of the reports."""

from __future__ import annotations

import html
import math
from textwrap import wrap
from typing import Final

import pandas as pd
import pydeck as pdk
import streamlit as st
from shapely import MultiPoint, box
from shapely.geometry.base import BaseGeometry

from curim_data.quality.completeness import COLUMNS
from curim_data.quality.positions import Outside
from curim_data.quality.study import Detail
from curim_data.quality.tables import lag_rows
from curim_data.quality.times import MONTH
from pages.parts.charts import plots
from pages.parts.charts.figure import Figure
from pages.parts.charts.style import base_figure, time_axis
from pages.parts.frame import Page, palette, rgba
from pages.parts.maps import basemap
from pages.parts.maps.cell_map import map_height
from pages.parts.maps.deck import Deck

ROW_HEIGHT = 24
LINES_HEIGHT = 34  # of two lines
LINE = 20  # letters of a line where there is little room


def draw_completeness(page: Page, frame: pd.DataFrame) -> None:
    """Columns by months, the darker the fuller; the tables below hold the same."""
    plots.draw_chart(
        page,
        completeness_figure(page, frame),
        key="data_completeness_chart",
        alt=page.t("How much of each column is filled, by month; the tables below hold the same."),
    )


def completeness_figure(page: Page, frame: pd.DataFrame) -> Figure:
    """A heat map of the shares (0 to 1) by column and month."""
    t, colours = page.t, palette(page.theme)
    months = frame.dropna(subset=["month"])
    wide = months.pivot_table(index="column", columns="month", values="share", sort=False, dropna=False)
    wide = wide.reindex(index=list(COLUMNS)[::-1]).sort_index(axis=1)
    names = [t(COLUMNS[name]) for name in wide.index]
    figure = base_figure(t, colours, height=70 + (LINES_HEIGHT if page.narrow else ROW_HEIGHT) * len(names))
    hover = [
        [
            t.pair(f"{html.escape(name)}<br>{t.date(month, 'LLLL y')}", t.percent(share, 0))
            for month, share in zip(wide.columns, row, strict=True)
        ]
        for name, row in zip(names, wide.to_numpy(), strict=True)
    ]
    figure.add_heatmap(
        x=wide.columns,
        y=["<br>".join(wrap(html.escape(name), LINE)) if page.narrow else html.escape(name) for name in names],
        z=wide.to_numpy(),
        zmin=0,
        zmax=1,
        xgap=0,
        ygap=2,
        colorscale=[[0, colours.accent], [0.5, colours.grid], [1, colours.sea_blue]],
        showscale=not page.narrow,
        colorbar={
            "tickvals": [0, 0.5, 1],
            "ticktext": [t.percent(0.0), t.percent(0.5), t.percent(1.0)],
            "thickness": 10,
            "outlinewidth": 0,
        },
        hovertext=hover,
        hoverinfo="text",
    )
    time_axis(figure, t, pd.Series(wide.columns), most=3 if page.narrow else None)
    figure.update_yaxes(showgrid=False, tickfont={"size": 11 if page.narrow else 12, "color": colours.text})
    return figure


def draw_jumps(page: Page, detail: Detail) -> None:
    """Every whole week (or month), those far from their neighbours marked."""
    t = page.t
    frame = detail.periods.rename("n").rename_axis("week").reset_index()
    frame["alarm"] = frame["week"].dt.date.isin(set(detail.jumps["start"]))
    words = (
        t("Alerts by month, those far from their neighbours marked.")
        if detail.unit == MONTH
        else t("Alerts by week, those far from their neighbours marked.")
    )
    plots.draw_chart(page, plots.band_figure(page, frame, height=220), key="data_jumps_chart", alt=words, data=frame,
                file_name="weeks.csv")  # fmt: skip


def draw_lag(page: Page, detail: Detail) -> None:
    """Bars of the time from event to report."""
    t, colours = page.t, palette(page.theme)
    rows = lag_rows(t, detail)[::-1]
    figure = base_figure(t, colours, height=60 + 28 * len(rows))
    figure.add_bar(
        x=rows["share"],
        y=[html.escape(label) for label in rows["label"]],
        orientation="h",
        marker={"color": colours.sea_blue},
        text=[t.percent(share, 1) for share in rows["share"]],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
    )
    figure.update_xaxes(visible=False, range=[0, float(rows["share"].max()) * 1.18 or 1])
    figure.update_yaxes(showgrid=False)
    alt = t("Share of the alerts by the time from event to report; the table below holds the same.")
    plots.draw_chart(page, figure, key="data_lag_chart", alt=alt)


HEIGHT: Final = 380
# Cells beyond so many widths of the city are left off the map; the table names them.
NEAR_WIDTHS: Final = 6.0


def draw_outside_map(page: Page, found: Outside) -> None:
    """Draw the cells near the city, and say how many alerts lie farther away."""
    t, colours = page.t, palette(page.theme)
    near = cells_near_city(page.city.land, found.cells)
    far = found.n - int(near["n"].sum())
    if len(near):
        height = map_height(page, HEIGHT)
        most = float(near["n"].max())
        dots = [
            {"at": [row.longitude, row.latitude], "size": 5 + 15 * math.sqrt(row.n / most)} for row in near.itertuples()
        ]
        layers = [
            *basemap.base_layers(page.city, colours),
            pdk.Layer(
                "ScatterplotLayer",
                id="outside",
                data=dots,
                get_position="at",
                get_radius="size",
                radius_units=pdk.types.String("pixels"),
                get_fill_color=rgba(colours.accent, 150),
                stroked=True,
                get_line_color=rgba(colours.accent),
                line_width_min_pixels=1,
                pickable=False,
            ),
        ]
        shape = page.city.land.union(MultiPoint(near[["longitude", "latitude"]].to_numpy(float)).envelope.buffer(0.002))
        view = basemap.fitted_view(box(*shape.bounds), room=page.room, span=1.0, height=height)
        alt = t("Map of the alerts outside the city, by coarse cells; the table below holds the same.")
        deck = Deck(layers=layers, map_provider=None, initial_view_state=view)
        st.pydeck_chart(deck, height=height, key="data_outside_map", alt=alt)
    if far:
        st.caption(
            t.n(
                "{n} alert lies too far away for this map; the table names its place.",
                "{n} alerts lie too far away for this map; the table names their places.",
                far,
            )
        )


def cells_near_city(land: BaseGeometry, cells: pd.DataFrame) -> pd.DataFrame:
    """The cells within six widths (or heights) of the city from its middle."""
    west, south, east, north = land.bounds
    across = (cells["longitude"] - (west + east) / 2).abs() <= NEAR_WIDTHS * (east - west)
    along = (cells["latitude"] - (south + north) / 2).abs() <= NEAR_WIDTHS * (north - south)
    return cells[across & along]
