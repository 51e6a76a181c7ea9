"""What a reader chooses on the Hot spots page, in the link and in widgets, and the cached studies of that choice.

Layer, cell size, what places are compared with, the selected hot spot, and the place that is searched for, by its name
in Greek or Latin, accents or not; hot spots, clusters, classes over time, lines of the list, one spot.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry

from analysis.hotspots.surroundings import LAND, DenominatorKind
from analysis.stats.intervals import Choice
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.lexicon.words import fold
from curim_data.model import CityProfile, Message, Role, Translator, cell_polygons
from curim_data.model.extent import ask_shape
from curim_data.studies.cells import disc_of, whole_city
from curim_data.studies.hot_spots import (
    KINDS,
    EmergingStudy,
    HotSpotStudy,
    cluster_study,
    denominator_obstacle,
    emerging_cell_size,
    emerging_study,
    hot_spot_size,
    hot_spot_study,
    judged_filter,
)
from curim_data.studies.spot_profiles import SpotOrCluster, SpotStudy, SpotSummary, spot_study, spot_summaries
from pages.parts.frame import (
    CALCULATION,
    Dataset,
    Page,
    calculated,
    draw_link_choice,
    escape_markdown,
    filter_bar,
    go_to_page,
    page_link,
    shared,
    source_of,
)
from pages.parts.maps import FoundPlace, picked_on_map

MAP_KEY, LIST_KEY, SELECTED_WORD = "hotspots_map", "hotspots_list", "spot"
LAYER_WORD, CELL_WORD = "layer", "cell"
LAYERS = ("significance", "clusters", "emerging", "density", "alerts")
BASE = "base"
RESIDENTS: Final = Message(
    "Residents are the wrong denominator for squares, stations and shores, where many people pass and few live: such "
    "places look hotter than they are for those who are there."
)
PLACE_WORD, KEY, COUNTS_KEY = "at", "hotspots_at", "hotspots_counts"


def selected_id(places: Mapping[str, Collection[str]], map_key: str, list_key: str) -> str | None:
    """The id of the selected place: what was picked last, on the map or in the list; the first one to begin with.

    `places`: the ids in the order of the list, each with the names of its cells. The selection stands in the link, so
    that a colleague sees the same place; a link from another layer names one of the cells.
    """
    ids, asked = list(places), st.query_params.get(SELECTED_WORD, "")
    first = ids[0] if ids else ""
    shown = current = next((name for name, cells in places.items() if asked == name or asked in cells), first)
    cells, outlines = picked_on_map(map_key), picked_on_map(map_key, "outlines")
    under = next((name for name, own in places.items() if cells[-1] in own), "") if cells else None
    on_map = outlines[-1] if outlines else under
    if on_map != st.session_state.get(f"{map_key}_seen"):
        current = on_map or current
    st.session_state[f"{map_key}_seen"] = on_map
    # The list has a key of its own for each selected row, so another row than that one is the reader's pick.
    rows = (st.session_state.get(f"{list_key}_{shown}") or {}).get("selection", {}).get("rows", [])
    if rows and rows[0] < len(ids) and ids[rows[0]] != shown:
        current = ids[rows[0]]
    if current not in ids:
        return first or None
    if current != shown:
        st.query_params[SELECTED_WORD] = current
    return current


def draw_ways_on(page: Page, cells: tuple[str, ...], key: str) -> None:
    """From a place, named by its cells, to a plan for it and to its alerts over time."""
    if page.role >= Role.SPECIALIST and st.button(page.t("Draft a plan"), key=key, type="primary"):
        go_to_page(page, "interventions", draft=",".join(cells))
    page_link(
        page,
        "trends",
        page.t("Trends"),
        filter=page.filter.replace(districts=(), places=(), cells=cells),
    )


def draw_base(page: Page) -> DenominatorKind:
    """What places are compared with: drawn where there is a choice."""
    t = page.t
    names = {LAND: t("The land around"), "alerts": t("All alerts: the share here"), "residents": t("Residents")}
    offered = {kind: names[kind] for kind in KINDS if denominator_obstacle(kind, page.filter, page.alerts) is None}
    base: DenominatorKind = LAND
    if len(offered) > 1:
        base = draw_link_choice(t("Compared with"), offered, BASE, "hotspots_base", LAND, width=230)
    return base


def draw_base_note(page: Page, base: DenominatorKind) -> None:
    """Why the denominator that the link asks for is not available, or what residents do not cover."""
    asked = st.query_params.get(BASE, LAND)
    note = denominator_obstacle(asked, page.filter, page.alerts) if asked in KINDS else None
    if base == "residents" or note is not None:
        st.caption(page.t(RESIDENTS if note is None else note))


def place_from_link(page: Page, resolution: int) -> FoundPlace | None:
    """The place that the link asks for, with the map cells of that size that it touches."""
    asked, city = st.query_params.get(PLACE_WORD, ""), page.city
    if asked not in searchable_places(city):
        return None
    name, shape = _name_and_shape(page.t, city, asked)
    land = city.land_cells(resolution).index.to_numpy()
    touched = land[ask_shape(shapely.intersects, shape, cell_polygons(land))]
    return FoundPlace(asked, name, shape, tuple(touched.tolist()))


def draw_search_box(page: Page, place: FoundPlace | None) -> None:
    """The search box. What is typed into it stays out of the address: only the place that it means stands there."""
    t, words = page.t, searchable_places(page.city)
    typed = st.session_state.get(KEY, "")
    if place is not None and place.word not in matching_places(typed, words):
        st.session_state[KEY] = place.name
    elif place is None and matching_places(typed, words):
        st.session_state[KEY] = ""
    typed = st.text_input(
        t("Find a place"),
        key=KEY,
        width=175,
        on_change=_go_to_best_match,
        args=(words,),
    )
    if typed and place is None:
        st.caption(t("No street, landmark or district of the city has this name."))


def _go_to_best_match(words: Mapping[str, tuple[str, ...]]) -> None:
    """Put the best match of what was typed into the address; the typed text itself never stands there."""
    if best := matching_places(st.session_state[KEY], words):
        _go_to(best[0])
    else:
        st.query_params.pop(PLACE_WORD, None)


def matching_places(typed: str, words: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The places whose name in any language holds what was typed, those that begin with it first.

    Case, accents and hyphens do not count.
    """
    asked = fold(typed)
    names = {word: [fold(name) for name in several] for word, several in words.items()} if asked else {}
    hits = [word for word, several in names.items() if any(asked in name for name in several)]
    return sorted(hits, key=lambda word: not any(name.startswith(asked) for name in names[word]))


def draw_found_place(page: Page, place: FoundPlace | None) -> None:
    """On a phone the search box; which place is shown, which others have such a name, and the way into the filter."""
    if page.narrow:
        draw_search_box(page, place)
    if place is None:
        return
    t, words = page.t, searchable_places(page.city)
    area = place.filter(page.filter)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(escape_markdown(place.name), width="content")
        if area != page.filter:
            st.button(
                t("Filter to this place"),
                key="hotspots_found_area",
                on_click=filter_bar.write_filter,
                args=(area,),
                disabled=not place.cells,
            )
        others = [word for word in matching_places(st.session_state.get(KEY, ""), words) if word != place.word]
        for word in others[:4]:
            st.button(
                escape_markdown(_name_and_shape(t, page.city, word)[0]),
                key=f"hotspots_at_{word}",
                type="tertiary",
                on_click=_go_to,
                args=(word,),
            )


def _go_to(word: str) -> None:
    """Turn the map to a place, and let the hot spot there, where there is one, be the selected one."""
    st.query_params[PLACE_WORD] = word
    st.query_params.pop(SELECTED_WORD, None)


def searchable_places(city: CityProfile) -> dict[str, tuple[str, ...]]:
    """Words of all places by which a link names them, with their names in every language, landmarks first."""
    return {
        f"{kind}:{one.id}": tuple(dict.fromkeys(one.labels.values()))
        for kind, group in (("place", city.landmarks), ("street", city.streets), ("district", city.districts))
        for one in group
    }


def _name_and_shape(t: Translator, city: CityProfile, word: str) -> tuple[str, BaseGeometry]:
    """Name and shape (WGS84) of the place that a word of a link means."""
    kind, _, name = word.partition(":")
    if kind == "place":
        mark = next(mark for mark in city.landmarks if mark.id == name)
        return t.label(mark.labels), disc_of(mark)
    parts = [area for area in (city.streets if kind == "street" else city.districts) if area.id == name]
    return t.label(parts[0].labels), shapely.union_all([area.polygon for area in parts])


TESTING: Final = Message("Testing every place for hot spots")

clusters = shared(cluster_study, CALCULATION)
_cell_size = shared(hot_spot_size, TESTING)
_hot_spots = shared(hot_spot_study, TESTING)
_emerging = shared(emerging_study, CALCULATION)


def hot_spots(
    dataset: Dataset, chosen: AlertFilter, resolution: int | None = None, base: DenominatorKind = LAND
) -> HotSpotStudy:
    """Hot cells and spots under the filter, which are those of the whole city.

    Cells of one size are the same ones whether it was picked or chosen from the data, which the study says.
    """
    whole = whole_city(chosen)
    size = _cell_size(dataset, whole, resolution)
    return _hot_spots(dataset, whole, int(size.value), base).sized(size)


def emerging_of(dataset: Dataset, chosen: AlertFilter, resolution: int | None = None) -> EmergingStudy:
    """Classes over time under the filter; filters that judge the same months in the same cells share them."""
    judged, size = _judged(dataset, chosen, resolution)
    return _emerging(dataset, judged, int(size.value)).sized(size)


def _judged_in(source: Source, chosen: AlertFilter, resolution: int | None) -> tuple[AlertFilter, Choice]:
    """The filter over the months that are judged, and the size of the cells with its reason."""
    size = emerging_cell_size(source, chosen, resolution)
    return judged_filter(source, chosen, int(size.value)), size


_judged = shared(_judged_in, CALCULATION)


@dataclass(frozen=True)
class ListQuery:
    """Which places a list is about: a layer, a cell size and a base, under a filter, for an audience."""

    dataset: Dataset
    filter: AlertFilter
    layer: str = "significance"
    resolution: int | None = None
    base: DenominatorKind = LAND


@calculated(CALCULATION)
def list_lines(asked: ListQuery, _spots: tuple[SpotOrCluster, ...]) -> tuple[SpotSummary, ...]:
    """A line of the list for each of the places; they must follow from `asked`, which alone is the cache's key."""
    return spot_summaries(source_of(asked.dataset), asked.filter, _spots)


@calculated(CALCULATION)
def spot_details(asked: ListQuery, spot_id: str, _spot: SpotOrCluster) -> SpotStudy:  # noqa: ARG001 (the id is in the cache's key)
    """The details of one of the places that follow from `asked`."""
    return spot_study(source_of(asked.dataset), asked.filter, _spot)


def work_out_first(dataset: Dataset, f: AlertFilter) -> None:
    """Work out what the page tells before a reader chooses anything: the map, and the list of places."""
    study = hot_spots(dataset, f)
    if not study.total.nowhere:
        list_lines(ListQuery(dataset, f, resolution=study.resolution), study.spots)
