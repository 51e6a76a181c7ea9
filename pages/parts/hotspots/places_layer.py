"""The layers "Significance" and "Clusters": the map, the ranked list below it, and the panel of the selected place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from analysis.grid.cells import with_points
from analysis.hotspots.grouping import Spot
from analysis.hotspots.surroundings import LAND, DenominatorKind
from curim_data.filters import AlertFilter
from curim_data.model import AreaTooLargeError, Translator
from curim_data.studies.cells import has_area
from curim_data.studies.hot_spots import HotSpotStudy, SpotsByHarm
from curim_data.studies.spot_profiles import SpotSummary
from pages.parts.frame import Dataset, Heading, Page, cached, draw_footer, filter_bar
from pages.parts.frame.colours import LIGHT
from pages.parts.frame.footer import draw_few_mapped_note, draw_way_to_all_dates
from pages.parts.frame.guard import draw_alone, redraw
from pages.parts.frame.results import contained
from pages.parts.hotspots.area_filter import (
    draw_area_headline,
    draw_area_note,
    draw_no_spot_in_area,
    lines_in_area,
)
from pages.parts.hotspots.cell_text import rate_lines, rate_measure, significance_lines
from pages.parts.hotspots.cold_places import cold_places_in_area, draw_cold_places
from pages.parts.hotspots.list_order import ListView, list_view
from pages.parts.hotspots.map_download import cell_shades, hot_shades, map_download_button, outlined
from pages.parts.hotspots.options import draw_option_notes
from pages.parts.hotspots.place_search import FoundPlace, draw_found_place
from pages.parts.hotspots.queries import (
    ListQuery,
    Options,
    classes_are_ready,
    clusters,
    emerging_of,
    list_lines,
    spot_harm,
)
from pages.parts.hotspots.ranked_list import SPAN, RankedList, draw_area_button, draw_downloads, draw_headline
from pages.parts.hotspots.selection import MAP_KEY, SELECTED_WORD, picked_cells, selected_spot
from pages.parts.hotspots.spot_panel import draw_spot_panel
from pages.parts.maps.cell_map import Outline, draw_cell_map
from pages.parts.maps.name_layers import Pin

if TYPE_CHECKING:
    from analysis.clusters.detection import Clusters
    from analysis.report.maps import MapLayer

# From so many stored alerts on classes over time come a moment after the page.
LATER_FROM: Final = 50_000
PART: Final = "places"
MOST_OUTLINES: Final = 200


def draw_places_layer(
    page: Page,
    heading: Heading,
    study: HotSpotStudy,
    layer: str,
    how: Options,
    place: FoundPlace | None,
) -> None:
    """Hot cells or clusters, their list, and the selected one.

    `heading`: where the headline stands; `place`: the one that the map is turned to.
    """
    t = page.t
    try:
        found = clusters(page.dataset, page.filter, how) if layer == "clusters" else None
    except AreaTooLargeError as error:
        st.info(t(error.message))
        return
    asked = ListQuery(page.dataset, page.filter, layer, study.resolution, how)
    everywhere = list_lines(asked, study.spots if found is None else found.found)
    weighed = spot_harm(page, study, how) if found is None else None
    view = list_view(lines_in_area(page, everywhere), harm=weighed.of if weighed is not None else None)
    shown = view.lines
    cold = [] if found else cold_places_in_area(page, study)
    with heading:
        if len(everywhere) and has_area(page.filter):
            draw_area_headline(page, len(everywhere), len(shown))
        else:
            draw_headline(page, study, shown, is_clusters=found is not None, cold=len(cold))
        st.caption(filter_bar.filter_sentence(page))
        draw_area_note(page, listed=True)
    draw_option_notes(page, how, layer)

    def draw() -> None:
        _draw_places(page, study, found, everywhere, view, cold, asked, place, weighed)

    draw_alone(PART, draw, words=(SELECTED_WORD,))


def _draw_places(
    page: Page,
    study: HotSpotStudy,
    found: Clusters | None,
    everywhere: tuple[SpotSummary, ...],
    view: ListView,
    cold: Sequence[Spot],
    asked: ListQuery,
    place: FoundPlace | None,
    weighed: SpotsByHarm | None,
) -> None:
    """The map, the list and the panel of the selected place; picking another one draws them alone.

    Where there are many alerts the classes over time take longer than all the rest: the list stands without them until
    then, and it alone is drawn again.
    """
    t, how, shown = page.t, asked.how, view.lines
    spots = tuple(one.spot for one in shown)
    line = _selected_line(shown, place)
    chosen = line.spot.id if line else None

    def select() -> None:
        selected_spot(spots)
        redraw(PART)

    pins = [Pin(one.name(t), one.spot.longitude, one.spot.latitude, one.spot.rank) for one in shown]
    left, right = st.columns([5, 3], gap="medium")
    with left:
        _draw_map(page, study, found, everywhere, line, pins, place, select)
        if found is not None and len(found.found) > MOST_OUTLINES:
            st.caption(
                t("The map outlines the first {n} of {all}; the list holds all.", n=MOST_OUTLINES, all=len(found.found))
            )
        draw_found_place(page, place)
        draw_area_button(page, picked_cells(), study)
        gistar = None if found else study.hot.gistar_valid
        ranked = RankedList.of(page, view, chosen, gistar_valid=gistar, on_select=select)
        waits = _classes_come_later(page, study, shown, asked.layer)
        ranked.draw(None if waits else classes_over_time(page, study, shown, asked.layer), waits=waits)
        progress = st.container()
        if found is None and shown and study.elsewhere is not None:
            st.write(t(study.elsewhere))
        draw_cold_places(page, study, cold)
        draw_few_mapped_note(page, study.total, study.cells.at_default or 0)
        draw_footer(
            page,
            sentence=with_points(t, (found or study).sentence(t), (found or study).choices),
            total=study.total,
            excluded=study.cells.at_default,
            choices=(*(study if found is None else found).choices, *(weighed.choices if weighed is not None else ())),
        )
        draw_downloads(page, view, gistar_valid=gistar, study=study if found is None else None)
        _draw_map_download(page, study, found, line, pins)
    with right:
        if line is None and everywhere:
            draw_no_spot_in_area(page)
        elif line is None:
            draw_no_places(t, how, study, cold=bool(cold), sized=not page.protected)
            if study.power.too_few and study.unjudged is None:
                draw_way_to_all_dates(page)
        else:
            draw_spot_panel(page, asked, line, view.harm.get(line.spot.id))
    if waits:
        with progress, contained(t("Class over time")):
            classes = None
            try:
                classes = classes_over_time(page, study, shown, asked.layer)
            finally:
                ranked.draw(classes)


def _selected_line(shown: Sequence[SpotSummary], place: FoundPlace | None) -> SpotSummary | None:
    """The line of the selected hot spot; the one at the place that was searched for, where the link names none."""
    if place is not None and SELECTED_WORD not in st.query_params:
        at_place = next((one.spot.id for one in shown if not set(place.cells).isdisjoint(one.spot.cells)), None)
        if at_place is not None:
            st.query_params[SELECTED_WORD] = at_place
    chosen = selected_spot(tuple(one.spot for one in shown))
    return next((one for one in shown if one.spot.id == chosen), None)


def _draw_map(
    page: Page,
    study: HotSpotStudy,
    found: Clusters | None,
    everywhere: Sequence[SpotSummary],
    line: SpotSummary | None,
    pins: Sequence[Pin],
    place: FoundPlace | None,
    on_select: Callable[[], None],
) -> None:
    """Hot and cold cells, or the outlines of clusters, with the names of places and the selected one."""
    t, frame = page.t, study.hot.frame
    draw_cell_map(
        page,
        key=MAP_KEY,
        alt=t("Map of the city with its hot spots; the list below holds the same."),
        cells=study.cells.frame if found else _map_cells(page, study),
        z_is_test=study.hot.gistar_valid,
        hot=() if found else frame.index[frame["hot"]],
        cold=() if found else frame.index[frame["cold"]],
        outlines=_outlines(t, found, everywhere),
        pins=pins,
        highlight=line.spot.cells if line and not found else (),
        span=SPAN,
        place=place,
        with_neighbours=study.hot.setting.k > 0,
        measure=None if found else rate_measure(t, study.hot.base),
        on_select=on_select,
    )


def _outlines(t: Translator, found: Clusters | None, everywhere: Sequence[SpotSummary]) -> list[Outline]:
    """The outlines of the first clusters: more would cover the map."""
    if found is None:
        return []
    pairs = zip(found.found, everywhere, strict=True)
    return [Outline(c.id, one.name(t), c.outline) for c, one in islice(pairs, MOST_OUTLINES)]


def _draw_map_download(
    page: Page,
    study: HotSpotStudy,
    found: Clusters | None,
    line: SpotSummary | None,
    pins: Sequence[Pin],
) -> None:
    """The map as a picture to take along."""
    t, frame = page.t, study.hot.frame

    def shades() -> list[MapLayer]:
        if found is not None:
            outlines = [cluster.outline for cluster in found.found[:MOST_OUTLINES]]
            return [*cell_shades(page, study.cells.frame), outlined(t("cluster"), LIGHT.cluster_line, outlines)]
        hot, cold = frame.index[frame["hot"]], frame.index[frame["cold"]]
        selected = line.spot.cells if line else ()
        cells, how = _map_cells(page, study), rate_measure(t, study.hot.base)
        return hot_shades(page, cells, hot, cold, selected, with_neighbours=study.hot.setting.k > 0, measure=how)

    map_download_button(
        page,
        shades,
        name="hotspots" if found is None else "clusters",
        title=how.heading if (how := rate_measure(t, study.hot.base)) and found is None else t("Alerts per cell"),
        alt=t("Map of the city with its hot spots; the list below holds the same."),
        total=study.total,
        pins=pins,
        facts=[(found or study).sentence(t)],
    )


def _map_cells(page: Page, study: HotSpotStudy) -> pd.DataFrame:
    """The cells of the map, with the lines of their tooltips below the count."""
    return _cells_with_lines(page.dataset, page.filter, study.resolution, study.hot.base, page.t.lang, page.t, study)


@cached
def _cells_with_lines(
    dataset: Dataset,  # noqa: ARG001 (this and the next ones are the key that `_study` follows from)
    chosen: AlertFilter,  # noqa: ARG001
    resolution: int,  # noqa: ARG001
    base: DenominatorKind,  # noqa: ARG001
    lang: str,  # noqa: ARG001
    _t: Translator,
    _study: HotSpotStudy,
) -> pd.DataFrame:
    cells = _study.cells.frame.join(_study.hot.frame["z"])
    tooltips = significance_lines(_t, _study)
    if _study.hot.based:
        tooltips = [rate + test for rate, test in zip(rate_lines(_t, _study), tooltips, strict=True)]
        cells = cells.assign(value=_study.hot.frame["rate"])
    return cells.assign(tooltip=pd.Series(tooltips, _study.hot.frame.index))


def classes_over_time(
    page: Page, study: HotSpotStudy, shown: tuple[SpotSummary, ...], layer: str
) -> dict[str, str] | None:
    """The class over time of each hot spot that coincides with a place that has one; None where there is none."""
    if layer != "significance" or page.protected:
        return None
    over_time = emerging_of(page.dataset, page.filter, study.resolution)
    if over_time.emerging is None:
        return None
    found = {line.spot.id: over_time.class_of(line.spot.cells) for line in shown}
    return {name: page.t(own.label) for name, own in found.items() if own is not None}


def _classes_come_later(page: Page, study: HotSpotStudy, shown: tuple[SpotSummary, ...], layer: str) -> bool:
    """Whether there are classes over time to determine that take longer than the rest of the page."""
    if layer != "significance" or page.protected or not shown:
        return False
    many = page.source is not None and page.source.count > LATER_FROM
    return many and not classes_are_ready(page.dataset, page.filter, study.resolution)


def draw_no_places(t: Translator, how: Options, study: HotSpotStudy, *, cold: bool, sized: bool) -> None:
    """Draw what is said where no hot place was found, and what would have been.

    `cold`: whether there are cold places; `sized`: whether the reader can choose larger cells.
    """
    if study.unjudged is not None:
        st.write(t(study.unjudged))
        return
    if study.power.too_few and study.total.n != 0 and not cold:
        st.subheader(t("Too few alerts to tell"))
        st.write(study.power.sentence(t))
        larger = t("Widen the period, the categories or the times of day, or choose larger cells.")
        st.write(larger if sized else t("Widen the period, the categories or the times of day."))
        return
    st.subheader(t("No hot spot") if cold else t("No place stands out"))
    if study.total.n == 0:
        st.write(t("There are no alerts to test: widen the period, the categories or the area."))
        return
    if how.base != LAND:
        st.write(
            t(
                "No place has a rate higher than the rest of the city, beyond chance. A place can still have many "
                "alerts: compare with the land around to see where they are dense."
            )
        )
        return
    st.write(t("No place has more alerts than expected by chance in its neighbourhood. That is a result too."))
    if not study.power.too_few:
        st.write(study.power.sentence(t))
