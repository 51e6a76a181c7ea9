"""What a specialist can change about the test of hot spots and clusters: denominator, weights."""

from __future__ import annotations

from typing import Final

import streamlit as st

from analysis.hotspots.surroundings import LAND, DenominatorKind
from analysis.stats.intervals import WeighedBy
from curim_data.studies.hot_spots import (
    KINDS,
    WEIGHT_NAMES,
    WEIGHTS,
    denominator_obstacle,
    weight_obstacle,
    weights_offered,
)
from pages.parts.frame import Page
from pages.parts.hotspots.queries import Options
from pages.parts.hotspots.selection import draw_link_box, word_from_link

BASE, WEIGHT = "base", "weight"
_WIDTH: Final = 270


def draw_options(page: Page, layer: str) -> Options:
    """The controls of a layer, and what the reader chose."""
    if layer == "significance":
        return Options(base=_base(page), weight=_weight(page))
    return Options(weight=_weight(page)) if layer == "clusters" else Options()


def _base(page: Page) -> DenominatorKind:
    t = page.t
    names = {LAND: t("The land around"), "alerts": t("All alerts: the share here"), "residents": t("Residents")}
    refusals = {kind: denominator_obstacle(kind, page.filter, page.alerts) for kind in KINDS}
    offered = {kind: names[kind] for kind in KINDS if refusals[kind] is None}
    why = "  \n".join(t(said) for said in refusals.values() if said is not None) or None
    picked: DenominatorKind = word_from_link(BASE, "hotspots_base", offered, LAND)
    label, alone = t("Compared with"), len(offered) == 1
    draw_link_box(label, BASE, "hotspots_base", offered, LAND, width=_WIDTH, help=why, disabled=alone)
    return picked


def draw_option_notes(page: Page, how: Options, layer: str) -> None:
    """Draw the note on a choice: why the denominator in the link is not available, or what residents do not cover."""
    t, asked = page.t, st.query_params.get(BASE, LAND)
    weight = st.query_params.get(WEIGHT, "")
    if layer in ("significance", "clusters") and weight in WEIGHTS and how.weight != weight:
        assert page.source is not None
        if (why := weight_obstacle(page.source, weight)) is not None:
            st.caption(t(why))
    if layer != "significance":
        return
    if how.base == "residents":
        st.caption(
            t(
                "Residents are the wrong denominator for squares, stations and shores, where many people pass and "
                "few live: such places look hotter than they are for those who are there."
            )
        )
    elif asked in KINDS and (said := denominator_obstacle(asked, page.filter, page.alerts)) is not None:
        st.caption(t(said))


def _weight(page: Page) -> WeighedBy | None:
    t = page.t
    offered = weights_offered(page.source) if page.source is not None else ()
    if not offered:
        return None
    names = {"": t("One each"), **{by: t(WEIGHT_NAMES[by]) for by in offered}}
    picked = word_from_link(WEIGHT, "hotspots_weight", names, "")
    draw_link_box(t("Alerts count"), WEIGHT, "hotspots_weight", names, "", width=_WIDTH)
    return picked or None
