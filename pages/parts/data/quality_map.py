"""The map of alerts outside the city: rings around the middle of coarse cells, as large as their alerts are many."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd
import pydeck as pdk
import streamlit as st
from shapely import MultiPoint, box
from shapely.geometry.base import BaseGeometry

from curim_data.quality.positions import Outside
from pages.parts.frame.colours import palette, rgba
from pages.parts.frame.page import Page
from pages.parts.maps import basemap
from pages.parts.maps.deck import Deck

HEIGHT: Final = 380
# Cells beyond so many widths of the city are left off the map; the table names them.
NEAR_WIDTHS: Final = 6.0


def outside(page: Page, found: Outside) -> None:
    """Draw the cells near the city, and say how many alerts lie farther away."""
    t, colours = page.t, palette(page.theme)
    near = nearby(page.city.land, found.cells)
    far = found.n - int(near["n"].sum())
    if len(near):
        height = min(HEIGHT, page.width) if page.narrow else HEIGHT
        most = float(near["n"].max())
        dots = [
            {"at": [row.longitude, row.latitude], "size": 5 + 15 * math.sqrt(row.n / most)} for row in near.itertuples()
        ]
        layers = [
            *basemap.ground(page.city, colours),
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
        view = basemap.view(box(*shape.bounds), window=page.width, span=1.0, height=height)
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


def nearby(land: BaseGeometry, cells: pd.DataFrame) -> pd.DataFrame:
    """The cells within six widths (or heights) of the city from its middle."""
    west, south, east, north = land.bounds
    across = (cells["longitude"] - (west + east) / 2).abs() <= NEAR_WIDTHS * (east - west)
    along = (cells["latitude"] - (south + north) / 2).abs() <= NEAR_WIDTHS * (north - south)
    return cells[across & along]
