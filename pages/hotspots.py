"""Hot spots, for the specialist: where, how sure, since when; and the way from a place to a plan."""

from typing import Any

import streamlit as st

from curim_data.model import Role
from curim_data.model.extent import NESTED_CELLS
from curim_data.privacy import finest_resolution
from pages.parts.frame import contained, headed, require
from pages.parts.frame.links import write_link_word
from pages.parts.hotspots.alerts_layer import draw_alerts_layer
from pages.parts.hotspots.density_layer import draw_density_layer
from pages.parts.hotspots.emerging_layer import draw_emerging_layer
from pages.parts.hotspots.no_positions import draw_no_positions
from pages.parts.hotspots.options import draw_options
from pages.parts.hotspots.place_search import draw_search_box, place_from_link
from pages.parts.hotspots.places_layer import draw_places_layer
from pages.parts.hotspots.queries import hot_spots
from pages.parts.hotspots.ranked_list import cell_size_label, cell_sizes_offered
from pages.parts.hotspots.selection import (
    CELL_WORD,
    LAYER_WORD,
    LAYERS,
    cell_size_from_link,
    draw_link_box,
    word_from_link,
)
from pages.parts.hotspots.tabs import draw_tabs

page = require(Role.PUBLIC)
t = page.t
assert page.source is not None

exact = not page.protected
finest = finest_resolution(page.alerts, page.filter)

title = st.container()
controls = st.container(horizontal=True, vertical_alignment="bottom")
with controls:
    layers = dict(
        zip(LAYERS, (t("Significance"), t("Clusters"), t("Emerging"), t("Density"), t("Alerts")), strict=True)
    )
    layer, size = LAYERS[0], 0
    if exact:
        layer = word_from_link(LAYER_WORD, "hotspots_layer", LAYERS, LAYERS[0])
        about: dict[str, Any] = {
            "format_func": layers.__getitem__,
            "key": "hotspots_layer",
            "on_change": write_link_word,
            "args": (LAYER_WORD, "hotspots_layer", LAYERS[0]),
        }
        if page.narrow:  # five words side by side are wider than a phone
            st.selectbox(t("Layer"), LAYERS, width=250, **about)
        else:
            st.segmented_control(t("Layer"), LAYERS, required=True, **about)
    if layer in ("significance", "emerging"):
        sizes = {0: cell_size_label(page, finest)}
        if exact:
            sizes = {
                0: t("Chosen from the data"),
                **{r: cell_size_label(page, r) for r in cell_sizes_offered(page.city, finest)},
            }
        size = cell_size_from_link("hotspots_size", sizes)
        draw_link_box(t("Cell size"), CELL_WORD, "hotspots_size", sizes, 0, width=230, help=t(NESTED_CELLS))
    search = st.container(width="content")  # beside the cell size: what concerns the test has a row of its own
    how = draw_options(page, layer)

with contained(t("Hot spots")):
    with headed(title, t("Hot spots") if layer == LAYERS[0] else layers[layer]) as heading:
        study = hot_spots(page.dataset, page.filter, size or None, how.base)
        place = place_from_link(page, size or study.resolution)
        if not page.narrow and not study.total.nowhere:
            with search:
                draw_search_box(page, place)
        with contained(layers[layer]):
            if study.total.nowhere:
                draw_no_positions(page, heading)
            elif layer == "density":
                draw_density_layer(page, heading, place)
            elif layer == "alerts":
                draw_alerts_layer(page, heading, place)
            elif layer == "emerging":
                draw_emerging_layer(page, heading, size, place)
            else:
                draw_places_layer(page, heading, study, layer, how, place)
    draw_tabs(page, study)
