"""A light map of points: the alerts of a file, or default coordinates. No selection, no counts, few dots."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pydeck as pdk
import shapely
import streamlit as st

from curim_data.model import CityProfile
from curim_data.model.absence import NO_OUTLINE
from pages.parts.frame import Page, escape_with_commands, palette, rgba
from pages.parts.frame.footer import missing
from pages.parts.maps import basemap, name_layers
from pages.parts.maps.cell_map import map_height
from pages.parts.maps.deck import Deck
from pages.parts.maps.name_layers import Pin

ROOM = 0.01  # degrees


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
    colours = palette(page.theme)
    height = map_height(page, height)
    where = points[["longitude", "latitude"]].to_numpy().tolist()
    layers = [
        *basemap.base_layers(city, colours),
        pdk.Layer(
            "ScatterplotLayer",
            id="points",
            data=[{"at": [lon, lat]} for lon, lat in where],
            get_position="at",
            get_radius=40 if large else 12,
            radius_min_pixels=6 if large else 2,
            get_fill_color=rgba(colours.accent, 230) if large else rgba(colours.sea_blue, 110),
            pickable=False,
        ),
    ]
    view = basemap.fitted_view(_around(bounds) if bounds else city.land, room=page.room, span=span, height=height)
    if pins:
        layers += name_layers.name_layers(city, page.t, pins, colours, view)
    deck = Deck(layers=layers, map_provider=None, initial_view_state=view)
    st.pydeck_chart(deck, height=height, key=key, alt=alt)


def _around(bounds: tuple[float, float, float, float]) -> shapely.Polygon:
    """The box of some points, with room round it even if they are one."""
    west, south, east, north = bounds
    return shapely.box(west - ROOM, south - ROOM, east + ROOM, north + ROOM)
