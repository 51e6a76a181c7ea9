"""What a reader chooses on the Hot spots page, in the link and in widgets: layer, cell size, options of the test, the
selected hot spot, and the place that is searched for, by its name in Greek or Latin, accents or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry

from analysis.hotspots.surroundings import LAND, DenominatorKind
from analysis.stats.intervals import WeighedBy
from curim_data.lexicon.words import fold
from curim_data.model import CityProfile, Message, Translator, cell_polygons
from curim_data.model.extent import ask_shape
from curim_data.studies.hot_spots import (
    KINDS,
    WEIGHT_NAMES,
    WEIGHTS,
    denominator_obstacle,
    weight_obstacle,
    weights_offered,
)
from curim_data.studies.spot_profiles import SpotOrCluster
from pages.parts.frame import Page, draw_link_choice, escape_markdown, filter_bar, go_to_page, page_link
from pages.parts.maps import FoundPlace, disc_of, map_selection

MAP_KEY, LIST_KEY, SELECTED_WORD = "hotspots_map", "hotspots_list", "spot"
LAYER_WORD, CELL_WORD = "layer", "cell"
LAYERS = ("significance", "clusters", "emerging", "density", "alerts")
BASE, WEIGHT = "base", "weight"
_WIDTH: Final = 270
RESIDENTS: Final = Message(
    "Residents are the wrong denominator for squares, stations and shores, where many people pass and few live: such "
    "places look hotter than they are for those who are there."
)
PLACE_WORD: Final = "at"
KEY: Final = "hotspots_at"
MOST_OTHERS: Final = 4


def selected_spot(spots: tuple[SpotOrCluster, ...]) -> str | None:
    """The id of the selected spot: what was picked last, on the map or in the list; the first one to begin with.

    The selection stands in the link, so that a colleague sees the same place.
    """
    ids = [spot.id for spot in spots]
    shown = current = st.query_params.get(SELECTED_WORD, ids[0] if ids else "")
    on_map = _picked_on_map(spots)
    if on_map != st.session_state.get(f"{MAP_KEY}_seen"):
        current = on_map or current
    st.session_state[f"{MAP_KEY}_seen"] = on_map
    # The list has a key of its own for each selected row, so another row than that one is the reader's pick.
    rows = picked_rows(f"{LIST_KEY}_{shown}")
    if rows and rows[0] < len(ids) and ids[rows[0]] != shown:
        current = ids[rows[0]]
    if current not in ids:
        return ids[0] if ids else None
    if current != st.query_params.get(SELECTED_WORD, ids[0]):
        st.query_params[SELECTED_WORD] = current
    return current


def draw_ways_on(page: Page, cells: tuple[str, ...], key: str) -> None:
    """From a place, named by its cells, to a plan for it and to its alerts over time."""
    if st.button(page.t("Draft an intervention here"), key=key, type="primary"):
        go_to_page(page, "interventions", draft=",".join(cells))
    here = page.filter.replace(districts=(), places=(), cells=cells)
    page_link(page, "trends", page.t("Follow this place over time"), filter=here)


def picked_cells() -> tuple[str, ...]:
    """Cells that are picked on the map, as H3 names."""
    return map_selection(st.session_state.get(MAP_KEY)).cells


def picked_rows(key: str) -> list[int]:
    """The rows that are picked in a list."""
    event: Any = st.session_state.get(key)
    rows: list[int] = (event or {}).get("selection", {}).get("rows", [])
    return rows


def _picked_on_map(spots: tuple[SpotOrCluster, ...]) -> str | None:
    """The spot under what was picked last on the map; empty where that is no spot, None where nothing is picked."""
    picked = map_selection(st.session_state.get(MAP_KEY))
    if picked.outlines:
        return picked.outlines[-1]
    return next((spot.id for spot in spots if picked.cells[-1] in spot.names), "") if picked.cells else None


@dataclass(frozen=True)
class Options:
    """The denominator of places, and by what alerts count."""

    base: DenominatorKind = LAND
    weight: WeighedBy | None = None


def draw_options(page: Page, layer: str) -> Options:
    """The controls of a layer, and what the reader chose."""
    if layer == "significance":
        return Options(_draw_base(page), _draw_weight(page))
    return Options(weight=_draw_weight(page)) if layer == "clusters" else Options()


def _draw_base(page: Page) -> DenominatorKind:
    t = page.t
    names = {LAND: t("The land around"), "alerts": t("All alerts: the share here"), "residents": t("Residents")}
    refusals = {kind: denominator_obstacle(kind, page.filter, page.alerts) for kind in KINDS}
    offered = {kind: names[kind] for kind in KINDS if refusals[kind] is None}
    why = "  \n".join(t(said) for said in refusals.values() if said is not None) or None
    look = {"width": _WIDTH, "help": why, "disabled": len(offered) == 1}
    picked: DenominatorKind = draw_link_choice(t("Compared with"), offered, BASE, "hotspots_base", LAND, **look)
    return picked


def _draw_weight(page: Page) -> WeighedBy | None:
    if not (offered := weights_offered(page.alerts)):
        return None
    names = {"": page.t("One each"), **{by: page.t(WEIGHT_NAMES[by]) for by in offered}}
    return draw_link_choice(page.t("Alerts count"), names, WEIGHT, "hotspots_weight", "", width=_WIDTH) or None


def draw_option_notes(page: Page, how: Options, layer: str) -> None:
    """Draw the note on a choice: why the denominator in the link is not available, or what residents do not cover."""
    t, base, weight = page.t, st.query_params.get(BASE, LAND), st.query_params.get(WEIGHT, "")
    why = None
    if layer in ("significance", "clusters") and weight in WEIGHTS and how.weight != weight:
        why = weight_obstacle(page.alerts, weight)
    notes = [why]
    if layer == "significance" and how.base == "residents":
        notes.append(RESIDENTS)
    elif layer == "significance" and base in KINDS:
        notes.append(denominator_obstacle(base, page.filter, page.alerts))
    for note in notes:
        if note is not None:
            st.caption(t(note))


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
        placeholder=t("Street, landmark, district"),
        width=175,
        on_change=_go_to_best_match,
        args=(words,),
    )
    if typed and place is None:
        st.caption(t("No street, landmark or district of the city has this name."))


def _go_to_best_match(words: Mapping[str, tuple[str, ...]]) -> None:
    """Put the best match of what was typed into the address; the typed text itself never stands there."""
    best = matching_places(st.session_state[KEY], words)
    if best:
        _go_to(best[0])
    else:
        st.query_params.pop(PLACE_WORD, None)


def matching_places(typed: str, words: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The places whose name in any language holds what was typed, those that begin with it first.

    Case, accents and hyphens do not count.
    """
    asked = fold(typed)
    if not asked:
        return []
    names = {word: [fold(name) for name in several] for word, several in words.items()}
    hits = [word for word, several in names.items() if any(asked in name for name in several)]
    return sorted(hits, key=lambda word: not any(name.startswith(asked) for name in names[word]))


def draw_found_place(page: Page, place: FoundPlace | None) -> None:
    """On a phone the search box; which place is shown, which others have such a name, and the way into the filter."""
    if page.narrow:
        draw_search_box(page, place)
    if place is None:
        return
    t, words, n = page.t, searchable_places(page.city), len(place.cells)
    sentence = t.n("{place}: {n} map cell, outlined.", "{place}: {n} map cells, outlined.", n, place=place.name)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(escape_markdown(sentence), width="content")
        area = place.filter(page.filter)
        if area != page.filter:
            st.button(
                t("Filter to this place"),
                key="hotspots_found_area",
                on_click=filter_bar.write_filter,
                args=(area,),
                disabled=not place.cells,
            )
        others = [word for word in matching_places(st.session_state.get(KEY, ""), words) if word != place.word]
        for word in others[:MOST_OTHERS]:
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
    named = [("place", mark.id, mark.labels) for mark in city.landmarks]
    named += [("street", street.id, street.labels) for street in city.streets]
    named += [("district", area.id, area.labels) for area in city.districts]
    return {f"{kind}:{name}": tuple(dict.fromkeys(labels.values())) for kind, name, labels in named}


def _name_and_shape(t: Translator, city: CityProfile, word: str) -> tuple[str, BaseGeometry]:
    """Name and shape (WGS84) of the place that a word of a link means."""
    kind, _, name = word.partition(":")
    if kind == "place":
        mark = next(mark for mark in city.landmarks if mark.id == name)
        return t.label(mark.labels), disc_of(mark)
    parts = [area for area in (city.streets if kind == "street" else city.districts) if area.id == name]
    return t.label(parts[0].labels), shapely.union_all([area.polygon for area in parts])
