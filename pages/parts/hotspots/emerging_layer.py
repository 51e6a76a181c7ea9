"""The layer "Emerging": which places are new, grow, last, fade or are gone; and month by month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import h3.api.numpy_int as h3
import pandas as pd
import pydeck as pdk
import shapely
import streamlit as st

from analysis.cube import STATES
from analysis.emerging import EmergingHotSpots, states_in_words, step_label
from analysis.grid import with_points
from curim_data.model import Span, Translator, at_head, cell_polygons
from curim_data.studies.cells import has_area
from curim_data.studies.hot_spots import EmergingRow, EmergingStudy
from pages.parts.charts import (
    SELECT_BOX,
    Figure,
    base_figure,
    draw_chart,
    draw_place_downloads,
    draw_selectable_table,
    time_axis,
    wrapped_columns,
)
from pages.parts.frame import (
    Heading,
    Page,
    admitting,
    draw_fold,
    draw_footer,
    escape_markdown,
    on_land,
    palette,
    rgba,
)
from pages.parts.hotspots.choices import (
    SELECTED_WORD,
    FoundPlace,
    draw_found_place,
    draw_ways_on,
    emerging_of,
    selected_id,
)
from pages.parts.hotspots.ranked_list import SPAN, draw_heading, lines_in_area
from pages.parts.maps import (
    MAP_OF,
    Pin,
    cell_layer,
    draw_illustrative_note,
    draw_layers,
    draw_legend_row,
    hexagons,
    map_download_button,
    map_width,
    ranked_name,
    without_outline,
    written_alerts,
)

MAP: Final = "emerging_map"
LIST: Final = "emerging_list"
# Okabe and Ito (2008), with a dark red between: they differ in lightness too, and each place has its number.
STATE_COLOURS: Final = {
    "new": "#d55e00",
    "growing": "#a50f15",
    "lasting": "#0072b2",
    "fading": "#56b4e9",
    "gone": "#8a7d00",
}
STEP: Final = "emerging_step"
SECONDS: Final = 1.5
STEP_SHADE: Final = "#d55e00"


def draw_emerging_layer(page: Page, heading: Heading, size: int, place: FoundPlace | None) -> None:
    """The map of classes, the table of places, and the history of the one that is selected.

    `heading`: where the headline stands; `size`: the cell size that was picked, 0 for one chosen from the data.
    """
    t = page.t
    study = emerging_of(page.dataset, page.filter, size or None)
    found = study.emerging
    footer: dict[str, Any] = {"total": study.total, "choices": study.choices, "about": "emerging"}
    if study.period:  # of this layer, which is not that of the filter
        footer["period"] = t.span(Span(*study.period))
    if found is None:
        draw_heading(page, heading, t("No class over time can be determined."))
        draw_footer(page, sentence=t(study.why) if study.why else "", **footer)
        return
    shown = lines_in_area(page, study.lines)
    draw_heading(page, heading, _headline(t, shown, too_few=found.too_few), listed=True)
    with heading:
        for choice in (choice for choice in study.choices if choice.name == "history"):
            st.caption(t(choice.explanation))
    chosen = _selected(shown)
    left, right = st.columns([5, 3], gap="medium")
    with left:
        _draw_class_map(page, found, shown, chosen, place)
        draw_found_place(page, place)
        _draw_class_table(page, shown, chosen, found)
    with right:
        if chosen is not None:
            _draw_history(page, study, found, chosen)
        else:
            st.write(found.sentence(t))
    draw_footer(page, sentence=with_points(t, "", study.choices), **footer)
    if shown:
        draw_fold("files", t("Download data and map"), partial(_draw_downloads, page, study, found, shown), word="tab")
    draw_fold("steps", t("What did the map look like before?"), partial(draw_playback, page, study, found), word="tab")


def _draw_downloads(page: Page, study: EmergingStudy, found: EmergingHotSpots, shown: Sequence[EmergingRow]) -> None:
    """The places as a table, as shapes, and as a map for print."""
    t = page.t
    cells = {
        state: [cell for line in shown if line.place.state == state for cell in line.place.cells] for state in STATES
    }
    with st.container(horizontal=True):
        draw_place_downloads(
            page,
            "emerging",
            lambda: places_frame(t, shown),
            lambda: [shapely.union_all(cell_polygons(list(line.place.cells))) for line in shown],
            key="emerging",
        )
        map_download_button(
            page,
            lambda: [cell_layer(t(STATES[state][0]), STATE_COLOURS[state], own) for state, own in cells.items() if own],
            name="emerging",
            title=t("Class over time"),
            alt=t(MAP_OF, name=t("Emerging")),
            total=study.total,
            pins=_pins(t, shown),
            facts=[found.sentence(t)],
        )


def places_frame(t: Translator, lines: Sequence[EmergingRow]) -> pd.DataFrame:
    """The places as figures, for the table and its download."""
    return pd.DataFrame(
        {
            "rank": line.rank,
            "id": line.id,
            "name": line.name(t),
            "class": line.place.state,
            "kind": line.place.cls,
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


def _headline(t: Translator, lines: Sequence[EmergingRow], *, too_few: bool) -> str:
    """How many places are hot now, and how many of each state; `too_few`: none could have been."""
    counts = Counter(line.place.state for line in lines)
    if not (now := counts.total() - counts["gone"]):
        return at_head(t("too few alerts to tell") if too_few else t("no place stands out")) + "."
    states = states_in_words(t, counts)
    return t.n("{n} place is hot now. {states}.", "{n} places are hot now. {states}.", now, states=states)


def _selected(shown: Sequence[EmergingRow]) -> EmergingRow | None:
    """The place that was picked last, in the table or on the map, as the link has it; else the first."""
    linked = st.query_params.get(SELECTED_WORD)
    chosen = selected_id({line.id: line.place.names for line in shown}, MAP, LIST)
    if st.query_params.get(SELECTED_WORD) != linked:
        st.rerun()  # the link in the side bar was written before this place was picked
    return next((line for line in shown if line.id == chosen), None)


def _draw_class_map(
    page: Page,
    found: EmergingHotSpots,
    shown: Sequence[EmergingRow],
    chosen: EmergingRow | None,
    place: FoundPlace | None,
) -> None:
    if without_outline(page):
        return
    draw_layers(
        page,
        [_class_layer(page, found, shown)],
        key=MAP,
        alt=page.t(MAP_OF, name=page.t("Emerging")),
        pins=_pins(page.t, shown),
        highlight=chosen.place.cells if chosen else (),
        place=place,
        on_select="rerun",
        selection_mode="multi-object",
    )
    _draw_class_legend(page, shown, selected=chosen is not None)
    draw_illustrative_note(page)


def _pins(t: Translator, shown: Sequence[EmergingRow]) -> list[Pin]:
    return [Pin(line.name(t), line.place.longitude, line.place.latitude, line.rank) for line in shown]


def _class_layer(page: Page, found: EmergingHotSpots, lines: Sequence[EmergingRow]) -> pdk.Layer:
    t = page.t
    rows = [
        {
            "hex": h3.int_to_str(cell),
            "shade": rgba(on_land(STATE_COLOURS[line.place.state], page.theme), 225),
            "tip": ranked_name(line.rank, line.name(t), space=" ") + "\n" + found.sentence_of(cell, t),
        }
        for line in lines
        for cell in line.place.cells
    ]
    # With a line, so that a cell of a large area, smaller than a pixel or two, is still seen.
    line = {"stroked": True, "get_line_color": "shade", "get_line_width": 1, "line_width_min_pixels": 3}
    return hexagons("cells", rows, pickable=True, auto_highlight=True, **line)


def _draw_class_legend(page: Page, shown: Sequence[EmergingRow], *, selected: bool) -> None:
    t, colours, present = page.t, palette(page.theme), {line.place.state for line in shown}
    lines = (
        *(
            (state in present, f"background:{on_land(STATE_COLOURS[state], page.theme)}", t(name))
            for state, (name, _) in STATES.items()
        ),
        (has_area(page.filter), f"border:2px solid {colours.accent}", t("the area of the filter")),
        (selected, f"border:3px solid {colours.highlight}", t("selected")),
    )
    draw_legend_row(colours, t("Class over time"), [(style, words) for drawn, style, words in lines if drawn])


def _draw_class_table(
    page: Page, shown: Sequence[EmergingRow], chosen: EmergingRow | None, found: EmergingHotSpots
) -> None:
    if not shown:
        return
    t = page.t
    table = pd.DataFrame(
        {
            "name": ranked_name(line.rank, line.name(t)),
            "class": t(STATES[line.place.state][0]),
            "since": since_label(t, line, found),
            "n": line.place.n,
        }
        for line in shown
    )
    headings = {
        "name": t("Where"),
        "class": t("Class over time"),
        "since": t("Since"),
        "n": t("Alerts"),
    }
    if page.narrow:
        del headings["n"]
    room = map_width(page.room, SPAN) - SELECT_BOX
    columns, height = wrapped_columns(
        table, headings, room, wrapped=("name", "class", "since"), numbers=("n",), least=70
    )
    draw_selectable_table(
        page,
        table,
        headings,
        key=f"{LIST}_{chosen.id if chosen else ''}",
        alt=t("Emerging"),
        selected=next((at for at, line in enumerate(shown) if line is chosen), None),
        digits={"n": 0},
        columns=columns,
        row_height=height,
    )


def since_label(t: Translator, line: EmergingRow, found: EmergingHotSpots) -> str:
    """Since when a place has been significant without interruption; unknown where that holds from the first step."""
    if line.since is None:
        return "–"
    day = step_label(t, found.unit, line.since)
    return t("{day} or earlier", day=day) if line.since <= found.starts[0].date() else day


def _draw_history(page: Page, study: EmergingStudy, found: EmergingHotSpots, line: EmergingRow) -> None:
    """The selected place: its history in words and by step, and the way on."""
    t = page.t
    st.subheader(f"{line.rank} · {escape_markdown(line.name(t))}")
    st.write(escape_markdown(found.sentence_of(line.place.peak, t)))
    draw_ways_on(page, line.place.names, "emerging_draft")
    series = study.series(line.place.cells)
    label = t("Alerts over time; coloured: hot.")
    shade = on_land(STATE_COLOURS[line.place.state], page.theme)
    draw_chart(
        page,
        _bars(page, series, shade),
        key="emerging_series",
        alt=label,
        data=series,
        file_name="emerging-place.csv",
    )
    st.caption(label)


def _bars(page: Page, series: pd.DataFrame, shade: str) -> Figure:
    t, colours = page.t, palette(page.theme)
    figure = base_figure(t, colours, height=200, bargap=0.15)
    figure.add_bar(
        x=series["start"],
        y=series["n"],
        marker={"color": [shade if marked else colours.withheld for marked in series["hot"]]},
        hovertext=[
            t.pair(t.date(day.date(), "medium"), written_alerts(page, n))
            for day, n in zip(series["start"], series["n"], strict=True)
        ],
        hoverinfo="text",
    )
    time_axis(figure, t, series["start"], compact=True)
    figure.update_yaxes(rangemode="tozero")
    return figure


def draw_playback(page: Page, study: EmergingStudy, found: EmergingHotSpots) -> None:
    """The map of one month at a time."""
    playing = st.toggle(page.t("Play"), key="emerging_play")
    drawing = admitting(_draw_step, using=not playing, name="playback")
    st.fragment(drawing, run_every=SECONDS if playing else None)(page, study, found, playing)


def _draw_step(page: Page, study: EmergingStudy, found: EmergingHotSpots, playing: bool) -> None:
    """One month: the slider, its map and its sentence. While it plays each run goes one month on, and round."""
    t, steps = page.t, range(len(found.starts))
    current = st.session_state.get(STEP, steps[-1])
    st.session_state[STEP] = (current + 1) % len(steps) if playing else min(current, steps[-1])
    names = [step_label(t, found.unit, start.date()) for start in found.starts]
    step = st.select_slider(
        t("Month") if found.unit == "month" else t("Week"), steps, format_func=names.__getitem__, key=STEP
    )
    if without_outline(page):
        return
    assert study.counts is not None
    counts = study.counts.frame
    here = counts[counts[found.unit] == found.starts[step]].set_index("cell")["n"]
    n = here.reindex(found.frame.index, fill_value=0)
    sentence = at_head(t.pair(names[step], written_alerts(page, round(float(n.sum())))))
    shade = rgba(STEP_SHADE, 225)
    rows = [
        {"hex": h3.int_to_str(cell), "shade": shade, "tip": written_alerts(page, count)}
        for cell, count in n[found.hot[:, step]].items()
    ]
    layer = hexagons("hot_now", rows, stroked=False, pickable=True)
    draw_layers(page, [layer], key="emerging_step_map", alt=sentence)
    st.caption(sentence)
