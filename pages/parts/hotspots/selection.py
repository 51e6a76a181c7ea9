"""What the link and the widgets of the Hot spots page agree on: layer, cell size, options and the selected hot spot."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import streamlit as st

from curim_data.studies.spot_profiles import SpotOrCluster
from pages.parts.frame.links import write_link_word
from pages.parts.maps.cell_map import map_selection

MAP_KEY, LIST_KEY, SELECTED_WORD = "hotspots_map", "hotspots_list", "spot"
LAYER_WORD, CELL_WORD = "layer", "cell"
_Word = TypeVar("_Word", str, int)
LAYERS = ("significance", "clusters", "emerging", "density", "alerts")


def cell_size_from_link(key: str, sizes: Collection[int]) -> int:
    """The cell size (H3 resolution) that the link asks for, put into the widget `key`; 0 for one chosen from the data.

    `sizes`: those that the reader may pick.
    """
    asked = st.query_params.get(CELL_WORD, "")
    return _set_widget(key, int(asked) if asked in {str(size) for size in sizes} else 0)


def draw_link_box(
    label: str, word: str, key: str, names: Mapping[Any, str], usual: Any, *, width: int, tab: str = "", **more: Any
) -> None:
    """A box for a choice that stands in the link as `word`; the usual one is left out there.

    `key`: its widget, set by `word_from_link` before. `names`: the choices in order with what they are called. `tab`:
    the one that the link opens with it. `more`: what else `st.selectbox` takes.
    """
    st.selectbox(
        label,
        list(names),
        format_func=names.__getitem__,
        key=key,
        width=width,
        on_change=write_link_word,
        args=(word, key, usual, tab),
        **more,
    )


def _set_widget(key: str, value: _Word) -> _Word:
    """Set a widget to the value from the link, and return the value.

    Always: the browser sends back the words of an option, and would keep old ones where only the words have changed.
    """
    st.session_state[key] = value
    return value


def selected_spot(spots: tuple[SpotOrCluster, ...]) -> str | None:
    """The id of the selected spot: what was picked last, on the map or in the list; the first one to begin with.

    The selection stands in the link, so that a colleague sees the same place.
    """
    ids = [spot.id for spot in spots]
    shown = current = st.query_params.get(SELECTED_WORD, ids[0] if ids else "")
    on_map = _picked_on_map(st.session_state.get(MAP_KEY), spots)
    if on_map != st.session_state.get(f"{MAP_KEY}_seen"):
        current = on_map or current
    st.session_state[f"{MAP_KEY}_seen"] = on_map
    # The list has a key of its own for each selected row, so another row than that one is the reader's pick.
    in_list = _picked_in_list(st.session_state.get(f"{LIST_KEY}_{shown}"), spots)
    if in_list not in (None, shown):
        current = in_list
    if current not in ids:
        return ids[0] if ids else None
    if current != st.query_params.get(SELECTED_WORD, ids[0]):
        st.query_params[SELECTED_WORD] = current
    return current


def picked_cells() -> tuple[str, ...]:
    """Cells that are picked on the map, as H3 names."""
    return map_selection(st.session_state.get(MAP_KEY)).cells


def _picked_on_map(event: Any, spots: tuple[SpotOrCluster, ...]) -> str | None:
    """The spot under what was picked last on the map; empty where that is no spot, None where nothing is picked."""
    objects = (event or {}).get("selection", {}).get("objects", {})
    outlines = [row["id"] for row in objects.get("outlines", ())]
    cells = [row["hex"] for row in objects.get("cells", ())]
    if not outlines and not cells:
        return None
    if outlines:
        return str(outlines[-1])
    return next((spot.id for spot in spots if cells[-1] in spot.names), "")


def _picked_in_list(event: Any, spots: tuple[SpotOrCluster, ...]) -> str | None:
    rows = (event or {}).get("selection", {}).get("rows", [])
    return spots[rows[0]].id if rows and rows[0] < len(spots) else None


def word_from_link(word: str, key: str, known: Collection[Any], usual: Any) -> Any:
    """What the link asks for, put into the widget `key`; the usual choice where it asks for nothing that is known."""
    asked = st.query_params.get(word, usual)
    return _set_widget(key, asked if asked in known else usual)
