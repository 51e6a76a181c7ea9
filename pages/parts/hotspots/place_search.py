"""The place search of the map: streets, landmarks and districts by name, in Greek or Latin, accents or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import h3.api.numpy_int as h3
import numpy as np
import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry

from curim_data.filters import AlertFilter
from curim_data.lexicon.folding import fold
from curim_data.model import CityProfile, Translator, cell_polygons
from curim_data.model.extent import ask_shape
from pages.parts.frame import Page, escape_markdown, filter_bar
from pages.parts.hotspots.selection import SELECTED_WORD
from pages.parts.maps.basemap import METRES_A_DEGREE, disc

PLACE_WORD: Final = "at"
KEY: Final = "hotspots_at"
MOST_OTHERS: Final = 4


@dataclass(frozen=True)
class FoundPlace:
    """A place of the city: its word in a link ("street:akti_miaouli"), its name, shape (WGS84) and map cells."""

    word: str
    name: str
    shape: BaseGeometry
    cells: tuple[int, ...]

    def filter(self, f: AlertFilter) -> AlertFilter:
        """The filter with this place as its area: a district as such, anything else as its cells."""
        kind, _, name = self.word.partition(":")
        if kind == "district":
            return f.replace(districts=(name,), places=(), cells=())
        return f.replace(cells=tuple(str(h3.int_to_str(cell)) for cell in self.cells), districts=(), places=())


def place_from_link(page: Page, resolution: int) -> FoundPlace | None:
    """The place that the link asks for, with the map cells of that size that it touches."""
    asked, city = st.query_params.get(PLACE_WORD, ""), page.city
    if asked not in searchable_places(city):
        return None
    name, shape = _name_and_shape(page.t, city, asked)
    land = city.land_cells(resolution).index.to_numpy()
    west, south, east, north = shape.bounds
    spots = np.array([h3.cell_to_latlng(cell) for cell in land.astype(np.uint64)])
    reach = 4 * h3.average_hexagon_edge_length(resolution, unit="m") / METRES_A_DEGREE
    near = (spots[:, 1] > west - reach) & (spots[:, 1] < east + reach)
    near &= (spots[:, 0] > south - reach) & (spots[:, 0] < north + reach)
    touched = land[near][ask_shape(shapely.intersects, shape, cell_polygons(land[near]))] if near.any() else land[:0]
    return FoundPlace(asked, name, shape, tuple(int(cell) for cell in touched))


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
        return t.label(mark.labels), disc(mark.longitude, mark.latitude, mark.radius)
    parts = [area for area in (city.streets if kind == "street" else city.districts) if area.id == name]
    return t.label(parts[0].labels), shapely.union_all([area.polygon for area in parts])
