"""Hot spots, for the specialist: where, how sure, since when; and the way from a place to a plan."""

import streamlit as st

from curim_data.access import Role
from curim_data.privacy import finest_resolution, sees_exact
from pages.parts import filter_bar, maps
from pages.parts.basemap import Pin
from pages.parts.footer import footer
from pages.parts.guard import require
from pages.parts.hotspots_data import (
    CELL,
    LAYER,
    LAYERS,
    MAP,
    Asked,
    asked_layer,
    asked_size,
    clusters,
    hot_spots,
    lines,
    picked_cells,
    selected_spot,
    write_word,
)
from pages.parts.hotspots_list import area_of_cells, cell_size, downloads, headline, ranked_list
from pages.parts.hotspots_panel import panel

page = require(Role.COUNCIL)
t = page.t
assert page.source is not None

exact = sees_exact(page.audience)
finest = finest_resolution(page.audience, page.filter, page.city)
study = hot_spots(page.dataset, page.filter, page.audience)

title = st.container()
with st.container(horizontal=True, vertical_alignment="bottom"):
    layers = dict(zip(LAYERS, (t("Significance"), t("Clusters")), strict=True))
    layer, size = LAYERS[0], 0
    if exact:
        layer = asked_layer("hotspots_layer")
        st.segmented_control(
            t("Layer"),
            LAYERS,
            format_func=layers.__getitem__,
            key="hotspots_layer",
            required=True,
            on_change=write_word,
            args=(LAYER, "hotspots_layer", LAYERS[0]),
        )
    if layer == "significance":
        sizes = {0: cell_size(page, finest)}
        if exact:
            sizes = {0: t("Chosen from the data"), **{r: cell_size(page, r) for r in range(8, min(finest, 11) + 1)}}
        size = asked_size("hotspots_size", sizes)
        st.selectbox(
            t("Cell size"),
            list(sizes),
            format_func=sizes.__getitem__,
            key="hotspots_size",
            width=220,
            on_change=write_word,
            args=(CELL, "hotspots_size", 0),
        )
        if size:
            study = hot_spots(page.dataset, page.filter, page.audience, size)

found = clusters(page.dataset, page.filter, page.audience) if layer == "clusters" else None
asked = Asked(page.dataset, page.filter, page.audience, layer, size or None)
shown = lines(asked)
chosen = selected_spot(asked.spots())
line = next((one for one in shown if one.spot.id == chosen), None)

with title:
    headline(page, study, shown, is_clusters=found is not None)
    st.caption(filter_bar.sentence(page))

left, right = st.columns([5, 3], gap="medium")
with left:
    maps.draw(
        page,
        key=MAP,
        alt=t("Map of the city with its hot spots; the list below holds the same."),
        cells=study.cells.frame if found else study.cells.frame.join(study.hot.frame["z"]),
        z_is_test=study.hot.gistar_valid,
        hot=() if found else study.hot.frame.index[study.hot.frame["hot"]],
        outlines=[maps.Outline(c.id, one.name(t), c.outline) for c, one in zip(found.found, shown, strict=True)]
        if found
        else (),
        pins=[Pin(one.name(t), one.spot.longitude, one.spot.latitude, one.spot.rank) for one in shown],
        highlight=line.spot.cells if line and not found else (),
        span=0.62,
    )
    area_of_cells(page, picked_cells(), study)
    gistar = None if found else study.hot.gistar_valid
    ranked_list(page, shown, chosen, gistar_valid=gistar)
    footer(
        page,
        sentence=(found or study.hot).sentence(t),
        total=study.total,
        choices=study.choices if found is None else found.choices,
    )
    downloads(page, shown, gistar_valid=gistar)
with right:
    if line is None:
        st.subheader(t("No place stands out"))
        st.write(
            t(
                "No place has more alerts than its surroundings and chance explain. That is an answer too. With few "
                "alerts it can also mean that there are too few to tell: widen the period or the categories."
            )
        )
    else:
        panel(page, asked, line)
