"""The tab "Comparison": two sides of the same alerts on one map, their clearest places, all of them as a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import shapely
import streamlit as st

from analysis.comparison import DifferingPlace
from curim_data.model import (
    BoolArray,
    IntArray,
    Message,
    cell_polygons,
)
from curim_data.studies.compare import (
    PICK_CATEGORIES,
    PRESETS,
    CompareError,
    CompareStudy,
    available_presets,
    compare_study,
)
from curim_data.studies.hot_spots import HotSpotStudy
from pages.parts.charts import (
    number_with_interval,
    tables,
    written_count,
    written_q,
)
from pages.parts.frame import (
    CALCULATION,
    CHANGE,
    LIGHT,
    Page,
    Palette,
    draw_footer,
    draw_link_choice,
    escape_markdown,
    on_land,
    palette,
    rgba,
    shared,
)
from pages.parts.maps import (
    MAP_OF,
    Pin,
    basemap,
    cell_layer,
    draw_illustrative_note,
    draw_legend_row,
    draw_named_layers,
    hexagons,
    map_download_button,
    ranked_name,
    written_alerts,
)

if TYPE_CHECKING:
    from analysis.report.maps import MapLayer

NAMED: Final = 5
# At least so many times as large a part is a marked difference, and at least so many a clear one.
STEPS: Final = (1.25, 2.0)
UNSURE: Final = Message("A colour without an outline may be due to chance.")


_study = shared(compare_study, CALCULATION)
# Lower bound of the ratio and colour of each class, from "far more of the second" on.
_SHADES: Final = tuple(zip((0.0, 1 / STEPS[1], 1 / STEPS[0], *STEPS), CHANGE, strict=True))


def draw_comparison(page: Page, study: HotSpotStudy) -> None:  # noqa: ARG001 (every fold is given the study of the map above)
    """Draw the sentence, the map of the difference, and the places that differ as a table."""
    t, presets = page.t, available_presets(page.alerts, page.filter)
    if not presets:
        lacking = page.alerts.lacks_light
        st.info(" ".join([*([t(lacking)] if lacking is not None else []), t(PICK_CATEGORIES)]))
        return
    against = draw_link_choice(
        t("Compare"),
        {name: t(PRESETS[name]) for name in presets},
        "against",
        "hotspots_against",
        presets[0],
        width=360,
        tab="comparison",
    )
    try:
        found = _study(page.dataset, page.filter, against)
    except CompareError as error:
        st.info(t(error.message))
        return
    told = escape_markdown(found.comparison.sentence(t))
    if found.comparison.one_sided:
        st.info(told)
        return
    st.write(told)
    _draw_map(page, found)
    _draw_table(page, found)
    sides = " · ".join(
        t.pair(t(side.name), written_alerts(page, n))
        for side, n in ((found.pair.a, found.comparison.n_a), (found.pair.b, found.comparison.n_b))
    )
    st.caption(sides)
    draw_footer(page, choices=found.choices, about="map-comparison")
    _draw_downloads(page, found)
    _draw_map_download(page, found, sides)


def _draw_table(page: Page, study: CompareStudy) -> None:
    t, places, pair = page.t, study.comparison.places, study.pair
    if not places:
        return
    frame = pd.DataFrame(
        {
            "name": ranked_name(place.rank, study.names[place.id](t)),
            "more": t((place.a if place.more > 0 else place.b).name),
            "a": written_count(page, place.n_a),
            "b": written_count(page, place.n_b),
            "ratio": _ratio(page, place) if told else "–",
            "q": written_q(page, place.q) if told else "–",
        }
        for place, told in ((place, place.shares_written(page.written.least())) for place in places)
    )
    headings = {
        "name": t("Where"),
        "more": t("More here"),
        "ratio": t("Ratio (95 %)"),
        "q": t("Corrected p"),
        "a": t(pair.a.name),
        "b": t(pair.b.name),
    }
    tables.draw_fitted_table(
        page,
        frame,
        headings,
        page.room.column,
        key="hotspots_compare",
        alt=t("Where do two groups differ?"),
        numbers=("a", "b"),
        narrow=("name", "ratio", "q"),
    )


def _ratio(page: Page, place: DifferingPlace) -> str:
    t = page.t
    if not np.isfinite(place.high) or not np.isfinite(place.ratio):
        return t("at least {low}", low=t.number(place.low, 1))
    most = t("at most {high}", high=t.number(place.high, 2))
    return number_with_interval(t, place.ratio, place.low, place.high, 2) if place.ratio else most


def _draw_map(page: Page, study: CompareStudy) -> None:
    t, colours = page.t, palette(page.theme)
    if basemap.without_outline(page):
        return
    names = [*map(h3.int_to_str, sorted(_marked(study)))]
    outlined = {
        "filled": False,
        "get_line_color": rgba(colours.hot_line),
        "line_width_min_pixels": 2,
        "pickable": False,
    }
    look = {"stroked": True, "get_line_width": 1}
    layers = [
        *basemap.ground_layers(page.city, colours),
        hexagons(
            "difference",
            _drawn(page, study, colours),
            **look,
            get_line_color="line",
            line_width_min_pixels=1,
            pickable=True,
        ),
        *basemap.over_layers(page.city, colours),
        hexagons("differs", [{"hex": name} for name in names], **look, **outlined),
    ]
    draw_named_layers(
        page, layers, _pins(page, study), key="hotspots_compare_map", alt=_map_words(page, study), span=1.0
    )
    draw_legend_row(colours, t("Share of the alerts that lies here, at least"), _legend(page, study))
    st.caption(t(UNSURE))
    draw_illustrative_note(page)


def _map_words(page: Page, study: CompareStudy) -> str:
    """What the map shows, for those who do not see it."""
    return page.t(MAP_OF, name=page.t("Compare")) + " " + study.comparison.sentence(page.t)


def _drawn(page: Page, study: CompareStudy, colours: Palette) -> list[dict[str, Any]]:
    """The cells with alerts, each with its shade and tooltip."""
    frame = study.comparison.frame
    classes, empty = _classes(frame)
    shades = [rgba(on_land(shade, page.theme), 110 if at == 2 else 220) for at, (_, shade) in enumerate(_SHADES)]
    neutral = rgba(colours.muted, 50)  # its shade is nearly that of the land
    sides = [page.t(side.name) for side in (study.pair.a, study.pair.b)]

    @cache  # many cells hold equally many
    def tip(*counts: float) -> str:
        pairs = zip(sides, counts, strict=True)
        return "\n".join(page.t.pair(side, written_count(page, n)) for side, n in pairs)

    windows = (frame[name].tolist() for name in ("window_a", "window_b"))
    rows = zip(frame.index.tolist(), *windows, classes.tolist(), empty.tolist(), strict=True)
    return [
        {"hex": h3.int_to_str(cell), "shade": shades[at], "line": neutral if at == 2 else shades[at], "tip": tip(a, b)}
        for cell, a, b, at, none in rows
        if not none
    ]


def _classes(frame: pd.DataFrame) -> tuple[IntArray, BoolArray]:
    """The class of every cell, and whether it holds no alert of either side."""
    low, high = frame["low"], frame["high"]
    cautious = low.where(low > 1, high.where(high < 1, 1.0))  # the limit of the interval nearer to no difference
    classes = np.searchsorted([bound for bound, _ in _SHADES], cautious.to_numpy(float), side="right") - 1
    return classes, (frame["window_a"] + frame["window_b"]).eq(0).to_numpy(bool)


def _marked(study: CompareStudy) -> set[int]:
    """The cells that are outlined."""
    found = study.comparison
    marked = {cell for place in found.places for cell in place.cells}
    return marked if found.k else marked | set(found.frame.index[found.frame["differs"]])


def _pins(page: Page, study: CompareStudy) -> list[Pin]:
    return [
        Pin(study.names[place.id](page.t), place.longitude, place.latitude, place.rank)
        for place in study.comparison.places[: 2 * NAMED]
    ]


def _draw_map_download(page: Page, study: CompareStudy, sides: str) -> None:
    """The map as a picture to take along."""
    t = page.t

    def layers() -> list[MapLayer]:
        (classes, empty), cells = _classes(study.comparison.frame), study.comparison.frame.index
        *words, differs = [words for _, words in _legend(page, study)]
        shades = [
            cell_layer(label, colour, cells[(classes == at) & ~empty])
            for label, (at, (_, colour)) in zip(words, reversed(list(enumerate(_SHADES))), strict=True)
        ]
        marked = sorted(_marked(study))
        return [*shades, *([cell_layer(differs, LIGHT.hot_line, marked, outline=True)] if marked else [])]

    map_download_button(
        page,
        layers,
        name="comparison",
        title=t("Share of the alerts that lies here, at least"),
        alt=_map_words(page, study),
        total=None,
        pins=_pins(page, study),
        facts=[sides, study.comparison.sentence(t), t(UNSURE)],
    )


def _legend(page: Page, study: CompareStudy) -> Sequence[tuple[str, str]]:
    """The classes from "far more of the first" on, then the outline: each with the style of its mark."""
    t, colours = page.t, palette(page.theme)
    near, far = t.number(STEPS[0], 2), t.number(STEPS[1], 0)
    a, b = (
        [t("{side}, {times} times as large", side=t(side.name), times=times) for times in (far, near)]
        for side in (study.pair.a, study.pair.b)
    )
    words = [*a, t("no difference shown"), *reversed(b)]
    styles = [f"background:{on_land(shade, page.theme)}" for shade in reversed(CHANGE)]
    styles[2] = f"background:{CHANGE[2]};border:1px solid {colours.muted}"
    return [
        *zip(styles, words, strict=True),
        (f"border:2px solid {colours.hot_line}", t("differs beyond chance, corrected")),
    ]


def places_frame(page: Page, study: CompareStudy) -> pd.DataFrame:
    """The places as figures, for their download."""
    return pd.DataFrame(
        {
            "rank": place.rank,
            "id": place.id,
            "name": study.names[place.id](page.t),
            "more": "first" if place.more > 0 else "second",
            "n_first": place.n_a,
            "n_second": place.n_b,
            "share": place.share,
            "elsewhere": place.elsewhere,
            "ratio": place.ratio,
            "low": place.low,
            "high": place.high,
            "p": place.p,
            "q": place.q,
            "longitude": round(place.longitude, 5),
            "latitude": round(place.latitude, 5),
            "cells": " ".join(place.names),
        }
        for place in study.comparison.places
    )


def _draw_downloads(page: Page, study: CompareStudy) -> None:
    places, cells = study.comparison.places, study.comparison.frame.reset_index()
    cells["cell"] = [f"{cell:x}" for cell in cells["cell"]]
    with st.container(horizontal=True):
        tables.download_button(
            page, cells, "comparison-cells.csv", key="hotspots_compare_cells", label=page.t("Download the cells (CSV)")
        )
        if places:
            tables.draw_place_downloads(
                page,
                "comparison",
                lambda: places_frame(page, study),
                lambda: [shapely.union_all(cell_polygons(list(place.cells))) for place in places],
                key="hotspots_compare",
            )
