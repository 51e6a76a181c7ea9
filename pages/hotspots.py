"""Hot spots, for the specialist: where, how sure, since when; and the way from a place to a plan."""

import streamlit as st

from analysis.hotspots.surroundings import LAND
from curim_data.model import Role
from curim_data.privacy import finest_resolution
from pages.parts.frame import contained, draw_link_choice, headed, require
from pages.parts.hotspots.alert_layers import draw_alerts_layer, draw_density_layer
from pages.parts.hotspots.choices import (
    CELL_WORD,
    COUNTS_KEY,
    LAYER_WORD,
    LAYERS,
    draw_base,
    draw_search_box,
    hot_spots,
    place_from_link,
)
from pages.parts.hotspots.emerging_layer import draw_emerging_layer
from pages.parts.hotspots.folds import draw_folds
from pages.parts.hotspots.places_layer import draw_no_positions, draw_places_layer
from pages.parts.hotspots.ranked_list import cell_size_label, cell_sizes_offered

page = require(Role.PUBLIC)
t = page.t

exact = not page.protected

title = st.container()
controls = st.container(horizontal=True, vertical_alignment="bottom")
with controls:
    layers = dict(
        zip(LAYERS, (t("Significance"), t("Clusters"), t("Emerging"), t("Density"), t("Alerts")), strict=True)
    )
    layer, size = LAYERS[0], 0
    if exact:
        layer = draw_link_choice(t("Layer"), layers, LAYER_WORD, "hotspots_layer", LAYERS[0], width=230)
    if exact and layer in ("significance", "emerging"):
        offered = cell_sizes_offered(page.city, finest_resolution(page.alerts, page.filter))
        sizes = {0: t("Chosen from the data"), **{r: cell_size_label(page, r) for r in offered}}
        size = draw_link_choice(t("Cell size"), sizes, CELL_WORD, "hotspots_size", 0, width=230)
    search = st.container(width="content")
    base = draw_base(page) if layer == LAYERS[0] else LAND
    if layer in LAYERS[:2]:
        st.toggle(t("Numbers of alerts"), key=COUNTS_KEY)

with contained(t("Hot spots")):
    with headed(title, t("Hot spots") if layer == LAYERS[0] else layers[layer]) as heading:
        study = hot_spots(page.dataset, page.filter, size or None, base)
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
                draw_places_layer(page, heading, study, layer, base, place)
    draw_folds(page, study)
