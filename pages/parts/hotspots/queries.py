"""The Hot spots page's questions, kept for a while, and which spot is selected."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from analysis.clusters.cluster import Clusters
from analysis.hotspots.denominators import LAND, Kind
from curim_data.filters import AlertFilter
from curim_data.model.access import Audience
from curim_data.studies import hot_spots as studies
from curim_data.studies import spot as study_spot
from curim_data.studies.emerging import EmergingStudy, emerging_study
from curim_data.studies.hot_spots import HotSpotStudy
from curim_data.studies.repeats import precision_m
from curim_data.studies.spot import Place, SpotLine, SpotStudy
from pages.parts.frame.cache import remember, source_of
from pages.parts.frame.page import Dataset

MAP, LIST, SELECTED = "hotspots_map", "hotspots_list", "spot"
LAYER, CELL = "layer", "cell"
_Word = TypeVar("_Word", str, int)
LAYERS = ("significance", "clusters", "emerging", "density", "alerts")


@dataclass(frozen=True)
class Options:
    """The base that places are compared by; whether alerts count by severity; whether clusters are explored only."""

    base: Kind = LAND
    by_weight: bool = False
    explored: bool = False


USUAL = Options()


def hot_spots(
    dataset: Dataset, chosen: AlertFilter, audience: Audience, resolution: int | None = None, base: Kind = LAND
) -> HotSpotStudy:
    """Hot cells and spots under the filter, which are those of the whole city."""
    return _hot_spots(dataset, studies.without_place(chosen), audience, resolution, base)


@remember
def _hot_spots(
    dataset: Dataset, chosen: AlertFilter, audience: Audience, resolution: int | None, base: Kind
) -> HotSpotStudy:
    return studies.hot_spot_study(source_of(dataset), chosen, audience, resolution, base)


@remember
def clusters(dataset: Dataset, chosen: AlertFilter, audience: Audience, how: Options = USUAL) -> Clusters:
    """Clusters under the filter."""
    source = source_of(dataset)
    return studies.cluster_study(source, chosen, audience, by_weight=how.by_weight, explored=how.explored)


@remember
def emerging_of(
    dataset: Dataset, chosen: AlertFilter, audience: Audience, resolution: int | None = None
) -> EmergingStudy:
    """Classes over time under the filter."""
    return emerging_study(source_of(dataset), chosen, audience, resolution)


@remember
def coordinate_step(dataset: Dataset) -> float:
    """Metres between positions of the store that can be told apart; the same under every filter."""
    return precision_m(source_of(dataset))


@dataclass(frozen=True)
class Asked:
    """Which places a list is about: a layer, a cell size and options, under a filter, for an audience."""

    dataset: Dataset
    filter: AlertFilter
    audience: Audience
    layer: str = "significance"
    resolution: int | None = None
    how: Options = USUAL


@remember
def lines(asked: Asked, _spots: tuple[Place, ...]) -> tuple[SpotLine, ...]:
    """A line of the list for each of the places; they must follow from `asked`, which alone is the cache's key."""
    return study_spot.spot_lines(source_of(asked.dataset), asked.filter, _spots, asked.audience)


@remember
def _close_up(asked: Asked, spot_id: str, _spot: Place) -> SpotStudy:  # noqa: ARG001 (the id is in the cache's key)
    return study_spot.spot_study(source_of(asked.dataset), asked.filter, _spot, asked.audience)


def close_up(asked: Asked, spot: Place) -> SpotStudy:
    """One of the places that follow from `asked`, looked at closely."""
    return _close_up(asked, spot.id, spot)


def asked_layer(key: str) -> str:
    """The layer that the link asks for, put into the widget `key`; the first one where it asks for none."""
    asked = st.query_params.get(LAYER, LAYERS[0])
    return _put(key, asked if asked in LAYERS else LAYERS[0])


def asked_size(key: str, sizes: Collection[int]) -> int:
    """The cell size (H3 resolution) that the link asks for, put into the widget `key`; 0 for one chosen from the data.

    `sizes`: those that the reader may pick.
    """
    asked = st.query_params.get(CELL, "")
    return _put(key, int(asked) if asked in {str(size) for size in sizes} else 0)


def write_word(word: str, key: str, usual: Any) -> None:
    """Put what was picked in the widget `key` into the address; the usual choice leaves no word."""
    picked = st.session_state[key]
    if picked == usual:
        st.query_params.pop(word, None)
    else:
        st.query_params[word] = str(picked)


def _put(key: str, value: _Word) -> _Word:
    """Set a widget to what the link says, and tell it."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value
    return value


def selected_spot(spots: tuple[Place, ...]) -> str | None:
    """The id of the selected spot: what was picked last, on the map or in the list; the first one to begin with.

    The selection stands in the link, so that a colleague sees the same place.
    """
    ids = [spot.id for spot in spots]
    shown = current = st.query_params.get(SELECTED, ids[0] if ids else "")
    on_map = _picked_on_map(st.session_state.get(MAP), spots)
    if on_map != st.session_state.get(f"{MAP}_seen"):
        current = on_map or current
    st.session_state[f"{MAP}_seen"] = on_map
    # The list has a key of its own for each selected row, so another row than that one is the reader's pick.
    in_list = _picked_in_list(st.session_state.get(f"{LIST}_{shown}"), spots)
    if in_list not in (None, shown):
        current = in_list
    if current not in ids:
        return ids[0] if ids else None
    if current != st.query_params.get(SELECTED, ids[0]):
        st.query_params[SELECTED] = current
        st.rerun()  # the link in the side bar was written before this spot was picked
    return current


def picked_cells() -> tuple[str, ...]:
    """Cells that are picked on the map, as H3 names."""
    objects = _objects(st.session_state.get(MAP))
    return tuple(dict.fromkeys(row["hex"] for layer in ("cells", "withheld") for row in objects.get(layer, ())))


def _objects(event: Any) -> Any:
    return (event or {}).get("selection", {}).get("objects", {})


def _picked_on_map(event: Any, spots: tuple[Place, ...]) -> str | None:
    """The spot under what was picked last on the map; empty where that is no spot, None where nothing is picked."""
    objects = _objects(event)
    outlines = [row["id"] for row in objects.get("outlines", ())]
    cells = [row["hex"] for layer in ("cells", "withheld") for row in objects.get(layer, ())]
    if not outlines and not cells:
        return None
    if outlines:
        return str(outlines[-1])
    return next((spot.id for spot in spots if cells[-1] in spot.names), "")


def _picked_in_list(event: Any, spots: tuple[Place, ...]) -> str | None:
    rows = (event or {}).get("selection", {}).get("rows", [])
    return spots[rows[0]].id if rows and rows[0] < len(spots) else None


def as_frame(shown: tuple[SpotLine, ...]) -> pd.DataFrame:
    """The list as figures, for its table and its download."""
    rows = [
        {
            "rank": line.spot.rank,
            "id": line.spot.id,
            "n": line.spot.n,
            "expected": line.spot.expected,
            "ratio": line.spot.ratio,
            "low": line.spot.low,
            "high": line.spot.high,
            "bounds": getattr(line.spot, "bounded", False),
            "q": line.spot.q,
            "women": line.women.value if line.women else float("nan"),
            "category": line.category,
            "longitude": round(line.spot.longitude, 5),
            "latitude": round(line.spot.latitude, 5),
            "cells": " ".join(line.spot.names),
        }
        for line in shown
    ]
    return pd.DataFrame(rows)
