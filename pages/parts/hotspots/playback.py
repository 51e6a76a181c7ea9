"""The hot cells month by month, on cells that stay the same: a slider, and playback that moves it."""

from __future__ import annotations

from typing import Any, Final

import h3.api.numpy_int as h3
import pandas as pd
import pydeck as pdk
import streamlit as st

from analysis.emerging.detection import EmergingHotSpots
from curim_data.model import Translator
from curim_data.model.i18n import at_head
from curim_data.studies.emerging import EmergingStudy
from pages.parts.charts.numbers import written_alerts, written_count
from pages.parts.frame import Page, palette, rgba
from pages.parts.frame.guard import admitting
from pages.parts.maps import basemap, cell_map, legends

SHOW: Final = "emerging_by_step"
PLAY: Final = "emerging_play"
STEP: Final = "emerging_step"
SECONDS: Final = 1.5
HOT: Final = "#d55e00"
COLD: Final = "#0072b2"


def draw_playback(page: Page, study: EmergingStudy) -> None:
    """The map of one month at a time, where the reader asks for it."""
    t, found = page.t, study.emerging
    if found is None:
        return
    label = t("Month by month") if found.unit == "month" else t("Week by week")
    if not st.toggle(label, key=SHOW):
        return
    playing = st.toggle(t("Play"), key=PLAY)
    drawing = admitting(_draw_step, using=not playing, name="playback")
    st.fragment(drawing, run_every=SECONDS if playing else None)(page, study, found, playing)


def _draw_step(page: Page, study: EmergingStudy, found: EmergingHotSpots, playing: bool) -> None:
    """One month: the slider, its map and its sentence. While it plays each run goes one month on, and round."""
    t, steps = page.t, range(len(found.starts))
    current = st.session_state.get(STEP, steps[-1])
    st.session_state[STEP] = (current + 1) % len(steps) if playing else min(current, steps[-1])
    names = [step_label(t, found, step) for step in steps]
    step = st.select_slider(
        t("Month") if found.unit == "month" else t("Week"), steps, format_func=names.__getitem__, key=STEP
    )
    if basemap.without_outline(page):
        return
    colours = palette(page.theme)
    n = _counts(study, found, step)
    layers = [
        _layer(page, "hot_now", n[found.hot[:, step]], HOT, 0.93),
        _layer(page, "cold_now", n[found.cold[:, step]], COLD, 0.5),
    ]
    sentence = step_sentence(page, found, step, n)
    cell_map.draw_layers(page, layers, key="emerging_step_map", alt=sentence)
    legends.draw_legend_row(
        colours,
        names[step],
        [(f"background:{HOT}", t("hot")), (f"background:{COLD};border:.2em solid {colours.land}", t("cold"))],
    )
    st.caption(sentence)


def step_label(t: Translator, found: EmergingHotSpots, step: int) -> str:
    """A month by its name, a week by its first day."""
    return t.date(found.starts[step].date(), "LLL y" if found.unit == "month" else "medium")


def step_sentence(page: Page, found: EmergingHotSpots, step: int, n: pd.Series) -> str:
    """How many cells were hot and cold in a step, and what was counted."""
    t = page.t
    told = t(
        "{when}: hot cells {hot}, cold cells {cold}, alerts on the map {n}. A cell is assessed together with its "
        "neighbours and with the step before.",
        when=step_label(t, found, step),
        hot=int(found.hot[:, step].sum()),
        cold=int(found.cold[:, step].sum()),
        n=written_count(page, round(float(n.sum()))),
    )
    return at_head(told)


def _counts(study: EmergingStudy, found: EmergingHotSpots, step: int) -> pd.Series:
    """Alerts by cell in one step, in the order of the cells."""
    assert study.counts is not None
    frame = study.counts.frame
    here = frame[frame[found.unit] == found.starts[step]]
    return here.set_index("cell")["n"].reindex(found.frame.index, fill_value=0)


def _layer(page: Page, name: str, n: pd.Series, shade: str, coverage: float) -> pdk.Layer:
    rows: list[dict[str, Any]] = [
        {"hex": h3.int_to_str(cell), "tip": written_alerts(page, count)} for cell, count in zip(n.index, n, strict=True)
    ]
    return pdk.Layer(
        "H3HexagonLayer",
        id=name,
        data=rows,
        get_hexagon="hex",
        get_fill_color=rgba(shade, 225),
        extruded=False,
        stroked=False,
        coverage=coverage,
        pickable=True,
    )
