"""The Hot spots page's headline, ranked list, area of picked cells, and downloads."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pandas as pd
import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry
from streamlit.delta_generator import DeltaGenerator

from analysis.grid.cells import COARSEST, square_side
from analysis.hotspots.excess import excess_of, is_compared, ratio_says_something
from analysis.hotspots.grouping import SpotHarm
from analysis.hotspots.surroundings import LAND
from analysis.stats.intervals import Estimate
from curim_data.model import MAP_RESOLUTIONS, CityProfile, Translator, cell_polygons
from curim_data.model.city import streets_in
from curim_data.model.labels import category_label, hour_label
from curim_data.studies.hot_spots import HotSpotStudy
from curim_data.studies.spot_profiles import SpotSummary
from pages.parts.charts import tables
from pages.parts.charts.numbers import expected_count, least_written, written_count
from pages.parts.frame import Page, filter_bar
from pages.parts.hotspots.cell_text import rate_heading, rate_text
from pages.parts.hotspots.list_order import ListView, all_columns, draw_list_controls, order_sentence
from pages.parts.hotspots.selection import LIST_KEY
from pages.parts.maps.basemap import map_width
from pages.parts.maps.name_layers import ranked_name

# Pixels that a column takes at most for its texts, on a wide page and on a phone.
WIDE, MAIN, NARROW = 400, 240, 150
# Columns that stand in view where there is room.
IMPORTANT: Final = ("name", "n", "harm", "excess", "rate", "ratio", "weight")
SPAN: Final = 0.62  # of the page, beside the panel of the selected place
WAITS: Final = "…"  # stands for a class over time that is being determined
FINEST_OFFERED: Final = 11  # finer cells are smaller than the error of a phone's position


def draw_headline(
    page: Page,
    study: HotSpotStudy,
    shown: tuple[SpotSummary, ...],
    *,
    is_clusters: bool,
    cold: int = 0,
) -> None:
    """The page's one sentence: how many places stand out, and how much of the whole they hold; else how many cold."""
    t = page.t
    if study.total.n == 0:
        st.title(t("No alerts, so no hot spots."))
    elif shown:
        area = sum(line.spot.area_km2 if is_clusters else line.spot.land_km2 for line in shown)
        st.title((clusters_sentence if is_clusters else hot_spots_sentence)(t, study, shown, area))
    elif is_clusters and not study.power.too_few:
        st.title(t("No cluster of alerts stands out from chance."))
    else:
        st.title(_no_hot_spot_sentence(t, cold, study))


def hot_spots_sentence(t: Translator, study: HotSpotStudy, shown: tuple[SpotSummary, ...], area: float) -> str:
    """How many hot spots there are, their share of the tested alerts where it is known, and of the land."""
    land, alerts = _shares(t, study, shown, area)
    if not alerts:
        return t.n(
            "{n} hot spot stands out from chance, on {land} of the city.",
            "{n} hot spots stand out from chance, on {land} of the city.",
            len(shown),
            land=land,
        )
    return t.n(
        "{n} hot spot stands out from chance: it holds {alerts} of the alerts on {land} of the city.",
        "{n} hot spots stand out from chance: they hold {alerts} of the alerts on {land} of the city.",
        len(shown),
        land=land,
        alerts=alerts,
    )


def clusters_sentence(t: Translator, study: HotSpotStudy, shown: tuple[SpotSummary, ...], area: float) -> str:
    """As `hot_spots_sentence`, of clusters: another test than that of the cells, which can find other places."""
    land, alerts = _shares(t, study, shown, area)
    if not alerts:
        return t.n(
            "{n} cluster of alerts stands out from chance, on {land} of the city.",
            "{n} clusters of alerts stand out from chance, on {land} of the city.",
            len(shown),
            land=land,
        )
    return t.n(
        "{n} cluster of alerts stands out from chance: it holds {alerts} of the alerts on {land} of the city.",
        "{n} clusters of alerts stand out from chance: they hold {alerts} of the alerts on {land} of the city.",
        len(shown),
        land=land,
        alerts=alerts,
    )


def _shares(t: Translator, study: HotSpotStudy, shown: tuple[SpotSummary, ...], area: float) -> tuple[str, str]:
    """The share of the land, and that of the tested alerts, empty where it is not known."""
    if study.listed is not None:
        return t.percent(study.listed.land), t.percent(study.listed.alerts)
    alerts, tested = sum(line.spot.n for line in shown), study.cells.total
    share = area / study.cells.frame["land_km2"].sum()
    land = t.percent(share, 0 if share >= 0.02 else 1 if share >= 0.001 else 2)  # no place is 0 %
    return land, t.part(alerts / tested) if tested else ""


def _no_hot_spot_sentence(t: Translator, cold: int, study: HotSpotStudy) -> str:
    if study.unjudged is not None:
        return t("Hot spots of sensitive categories are not told to this audience.")
    if not cold:
        return t("Too few alerts to tell.") if study.power.too_few else t("No hot spot stands out from chance.")
    if study.hot.based:
        return t.n(
            "No hot spot stands out from chance; {n} place has a lower rate than expected by chance.",
            "No hot spot stands out from chance; {n} places have a lower rate than expected by chance.",
            cold,
        )
    return t.n(
        "No hot spot stands out from chance; {n} place has fewer alerts than expected by chance.",
        "No hot spot stands out from chance; {n} places have fewer alerts than expected by chance.",
        cold,
    )


def cell_sizes_offered(city: CityProfile, finest: int) -> range:
    """The cell sizes (H3 resolutions) that a reader can pick: none of which the area is too large for."""
    last = min(finest, FINEST_OFFERED, city.finest_affordable())
    return range(max(min(last - 2, COARSEST), min(MAP_RESOLUTIONS)), last + 1)


def cell_size_label(page: Page, resolution: int) -> str:
    """A cell size in words: the side of a square as large as a cell in this city."""
    side = round(square_side(resolution, page.city.sampled_cells))
    return page.t("{metres} m", metres=side)


@dataclass(frozen=True)
class RankedList:
    """The hot spots in their order; picking a row selects the place on the map.

    `chosen`: the selected place; `gistar_valid`: whether Gi* may be read as a test here, None where it is not computed
    (clusters); `on_select`: as for the table; `_slot`: where the table stands, None where there is none.
    """

    page: Page
    view: ListView
    chosen: str | None
    gistar_valid: bool | None
    on_select: Callable[[], None] | None
    _slot: DeltaGenerator | None

    @classmethod
    def of(
        cls,
        page: Page,
        view: ListView,
        chosen: str | None,
        *,
        gistar_valid: bool | None = None,
        on_select: Callable[[], None] | None = None,
    ) -> RankedList:
        """Draw what stands round the table, which is drawn by `draw`."""
        slot = None
        if view.lines[: view.rows]:
            draw_list_controls(page, view)
            slot = st.empty()
            source = page.source
            st.caption(order_sentence(page.t, view, copied=source is not None and source.exact is not None))
        return cls(page, view, chosen, gistar_valid, on_select, slot)

    @cached_property
    def _rows(self) -> pd.DataFrame:
        """The rows without their classes, made once: the table may be drawn a second time with these."""
        return _list_rows(self.page, self.view.lines[: self.view.rows], self.view.harm)

    def draw(self, classes: Mapping[str, str] | None = None, *, waits: bool = False) -> None:
        """Draw the table in its place, where it takes that of an earlier one.

        `classes`: the class over time of each spot by its id, in words; None where there is none. `waits`: the classes
        are still being determined: a row can be picked as soon as they are there.
        """
        if self._slot is None:
            return
        page, t, shown = self.page, self.page.t, self.view.lines[: self.view.rows]
        if waits:
            classes = dict.fromkeys((line.spot.id for line in shown), WAITS)
        told = classes or {}
        table = self._rows.assign(**{"class": [told.get(line.spot.id, "–") for line in shown]})
        headings = _list_headings(
            page,
            shown,
            classed=classes is not None,
            gistar_valid=self.gistar_valid,
            harm=bool(self.view.harm),
        )
        main = not (all_columns() or page.narrow)
        widest = NARROW if page.narrow else MAIN if main else WIDE
        room = map_width(page.room, SPAN)
        important = [name for name in IMPORTANT if name in headings]
        about: dict[str, Any] = {
            "alt": t("Hot spots in their order"),
            "columns": tables.fitted_columns(table, headings, most=widest),
            "order": tables.columns_in_room(table, headings, important, room, most=widest) if main else None,
        }
        lines = max(len(textwrap.wrap(name, letters_in(widest))) for name in table["name"])
        with self._slot.container():
            if waits:
                tables.draw_table(page, table, headings, key=f"{LIST_KEY}_waits", **about)
                return
            tables.draw_selectable_table(
                page,
                table,
                headings,
                key=f"{LIST_KEY}_{self.chosen or ''}",
                selected=next((at for at, line in enumerate(shown) if line.spot.id == self.chosen), None),
                row_height=tables.row_height(lines) if lines > 1 else None,
                on_select=self.on_select,
                **about,
            )


def letters_in(pixels: int) -> int:
    """How many letters of a name stand in one line of so wide a column; they run narrower than figures."""
    return int((pixels - tables.BESIDE) / tables.LETTER) + 2


def _list_rows(
    page: Page,
    shown: tuple[SpotSummary, ...],
    harm: Mapping[str, SpotHarm],
) -> pd.DataFrame:
    """The list in words; `harm`: by the id of a spot, what its alerts weigh."""
    t = page.t
    base = getattr(shown[0].spot, "base", LAND)
    least = least_written(page)
    few = any(0 < line.spot.n < least for line in shown)
    return pd.DataFrame(
        {
            "name": ranked_name(line.spot.rank, line.name(t)),
            "n": written_count(page, line.spot.n) if few else line.spot.n,
            "expected": expected_count(t, line.spot),
            "excess": "–" if 0 < line.spot.n < least else _interval(t, excess_of(line.spot), short=page.narrow),
            "ratio": "–" if is_compared(line.spot) and 0 < line.spot.n < least else _ratio(page, line),
            "q": t.p_value(line.spot.q, least=line.spot.q <= getattr(line.spot, "least", 0.0)),
            "rate": rate_text(t, base, line.spot.rate) if base != LAND else "",
            "weight": t.number(
                harm[line.spot.id].weight if line.spot.id in harm else getattr(line.spot, "weight", None)
            ),
            "harm": _interval(t, harm[line.spot.id].excess, short=page.narrow) if line.spot.id in harm else "",
            "z": t.number(getattr(line.spot, "z", float("nan")), 1),
            "women": _women(page, line),
            "category": category_label(t, page.city, line.category) if line.category else t("not known"),
            "hours": _hours(t, line),
        }
        for line in shown
    )


def _list_headings(
    page: Page, shown: tuple[SpotSummary, ...], *, classed: bool, gistar_valid: bool | None, harm: bool
) -> dict[str, str]:
    """The columns that say something about these places, in order, with their headings."""
    t = page.t
    base, spots = getattr(shown[0].spot, "base", LAND), [line.spot for line in shown]
    headings = {
        "name": t("Hot spot"),
        "n": t("Alerts"),
        "weight": t("Weight"),
        "rate": rate_heading(t, base),
        "harm": t("Weight above expected (95 %)"),
        "excess": t("Above expected (95 %)"),
        "ratio": t("Ratio (95 %)") if all(map(is_compared, spots)) else t("Ratio"),
        "class": t("Class over time"),
        "women": t("Women (95 %)"),
        "category": t("Main category"),
        "hours": t("Peak hours"),
        "expected": t("Expected"),
        "q": t("Corrected p"),
    }
    weighted = harm or getattr(shown[0].spot, "weight", None) is not None
    compared = any(map(is_compared, spots))
    included = {
        "class": classed,
        "rate": base != LAND,
        "weight": weighted,
        "harm": harm,
        **{name: any(getattr(line, name) is not None for line in shown) for name in ("women", "hours")},
        "excess": compared,
        "expected": compared,
        "ratio": any(ratio_says_something(spot) or not is_compared(spot) for spot in spots),
    }
    headings = {name: words for name, words in headings.items() if included.get(name, True)}
    if gistar_valid is not None:
        headings["z"] = t("Gi* (z)") if gistar_valid else t("Gi* (z), not a test here")
    if page.narrow:
        few = ("name", "n", "harm" if harm else "rate" if base != LAND else "excess" if compared else "ratio")
        short = {"n": t("n"), "excess": t("Above expected"), "harm": t("Weight above expected")}
        headings = {name: short.get(name, headings[name]) for name in few if name in headings}
    return headings


def draw_area_button(page: Page, cells: tuple[str, ...], study: HotSpotStudy) -> None:
    """Cells picked on the map can become the filter's area."""
    if len(cells) < 2:
        return
    t = page.t
    number = round(study.cells.frame["n"].reindex([int(cell, 16) for cell in cells]).fillna(0).sum())
    alerts = written_count(page, number)
    text = t.n("{n} cell picked, {alerts} alerts.", "{n} cells picked, {alerts} alerts.", len(cells), alerts=alerts)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(text)
        st.button(
            t("Filter to these cells"),
            key="hotspots_area",
            on_click=filter_bar.write_filter,
            args=(page.filter.replace(cells=cells, districts=(), places=()),),
        )


def draw_downloads(
    page: Page, view: ListView, *, gistar_valid: bool | None = None, study: HotSpotStudy | None = None
) -> None:
    """The list as a table and as shapes, and the cells of `study`; `gistar_valid` as for `RankedList`."""
    t = page.t
    with st.container(horizontal=True):
        if view.lines:  # made when clicked: the streets of every place take a moment
            tables.download_button(
                page, lambda: _list_table(page, view, gistar_valid), "hotspots.csv", key="hotspots_csv", counts=LISTED
            )
            tables.geojson_button(
                t, lambda: _shapes_file(page, view, gistar_valid), "hotspots.geojson", key="hotspots_geojson"
            )
        if study is not None:
            label = t("Download the cells (CSV)")
            tables.download_button(
                page, lambda: cells_frame(study), "hotspot_cells.csv", key="hotspots_cells_csv", label=label
            )


def _list_table(page: Page, view: ListView, gistar_valid: bool | None) -> pd.DataFrame:
    shown = view.lines
    frame = list_frame(shown)
    frame.insert(1, "name", [line.name(page.t) for line in shown])
    if gistar_valid is not None:
        at = frame.columns.get_loc("q") + 1
        frame.insert(at, "gistar_z", [line.spot.z for line in shown])
        frame.insert(at + 1, "gistar_valid", gistar_valid)
    if page.city.streets:
        frame.insert(2, "streets", [", ".join(street_names(page, line)) for line in shown])
    for name, values in optional_columns(shown).items():
        frame.insert(int(frame.columns.get_loc("n")) + 1, name, values)
    if view.harm:
        weighed = [view.harm[line.spot.id] for line in shown]
        frame = frame.assign(
            weight=[one.weight for one in weighed],
            weight_expected=[one.expected for one in weighed],
            **{f"weight_excess{end}": [getattr(one.excess, of) for one in weighed] for end, of in _LIMITS.items()},
        )
    return frame


LISTED: Final = ("n", "base_n")  # the columns of counts of the list; that of women is one of shares
_LIMITS: Final = {"": "value", "_low": "low", "_high": "high"}


def _shapes_file(page: Page, view: ListView, gistar_valid: bool | None) -> str:
    frame = _list_table(page, view, gistar_valid).drop(columns="cells")
    return tables.geojson(page, frame, [_shape(line) for line in view.lines], LISTED)


def _shape(line: SpotSummary) -> BaseGeometry:
    """The outline of a cluster, or of the cells of a hot spot."""
    return getattr(line.spot, "outline", None) or shapely.union_all(cell_polygons(list(line.spot.cells)))


def street_names(page: Page, line: SpotSummary) -> list[str]:
    """The streets that run through a hot spot, where the city gave its streets."""
    return [page.t.label(street.labels) for street in streets_in(page.city, _shape(line))]


def _ratio(page: Page, line: SpotSummary) -> str:
    t, spot = page.t, line.spot
    if not is_compared(spot):
        return str(spot.times_in_words(t))
    if not ratio_says_something(spot):
        return "–"
    return f"{t.times(spot.ratio)} ({t.times(spot.low)}–{t.times(spot.high)})"


def _interval(t: Translator, more: Estimate, *, short: bool) -> str:
    """What is above expected with its interval; `short`: without it, for a phone."""
    if more.low != more.low or short:
        return t.number(more.value)
    return f"{t.number(more.value)} ({t.number(more.low)}–{t.number(more.high)})"


def _women(page: Page, line: SpotSummary) -> str:
    t = page.t
    if line.women is None:
        return t("not known")
    if not line.women.known:  # it would tell a small number of women or of men
        return "–"
    return t.share(line.women.value, line.women.low, line.women.high)


def _hours(t: Translator, line: SpotSummary) -> str:
    return f"{hour_label(line.hours[0])}–{hour_label(line.hours[1] + 1)}" if line.hours else t("not known")


def list_frame(shown: tuple[SpotSummary, ...]) -> pd.DataFrame:
    """The list as figures, for its table and its download."""
    return pd.DataFrame(
        {
            "rank": line.spot.rank,
            "id": line.spot.id,
            "n": line.spot.n,
            "expected": line.spot.expected,
            "excess": excess_of(line.spot).value,
            "excess_low": excess_of(line.spot).low,
            "excess_high": excess_of(line.spot).high,
            "against": getattr(line.spot, "against", "surroundings"),
            "ratio": line.spot.ratio,
            "low": line.spot.low if is_compared(line.spot) else line.spot.times,
            "high": line.spot.high,
            "q": line.spot.q,
            "women": line.women.value if line.women else float("nan"),
            "category": line.category,
            "longitude": round(line.spot.longitude, 5),
            "latitude": round(line.spot.latitude, 5),
            "cells": " ".join(line.spot.names),
        }
        for line in shown
    )


def optional_columns(shown: tuple[SpotSummary, ...]) -> dict[str, list[Any]]:
    """Columns that the download has only for some layers: area, weight, rates and denominator, the last one first."""
    spots = [line.spot for line in shown]
    columns: dict[str, list[Any]] = {}
    if any(getattr(spot, "base", LAND) != LAND for spot in spots):
        columns["base"] = [spot.base for spot in spots]
        columns["base_n"] = [spot.base_n for spot in spots]
        columns["rate_raw"] = [spot.n / spot.base_n if spot.base_n > 0 else float("nan") for spot in spots]
        columns["rate"] = [spot.rate for spot in spots]
    if any(getattr(spot, "weight", None) is not None for spot in spots):
        columns["weight"] = [spot.weight for spot in spots]
    if any(hasattr(spot, "area_km2") for spot in spots):
        columns["area_km2"] = [round(spot.area_km2, 4) for spot in spots]
    return dict(reversed(columns.items()))


def cells_frame(study: HotSpotStudy) -> pd.DataFrame:
    """The test of every cell, as a table to download; where places were found in other cells, which cells hold them."""
    frame = study.hot.frame
    if study.listed is not None:
        table = frame[["n", "land_km2", "hot", "cold"]]
    else:
        columns = ["n", "land_km2", "expected_alone", "window", "expected", "ratio", "q", "hot", "q_cold"]
        table = frame[columns].assign(cold=frame["cold"], gistar_z=frame["z"])
    if study.listed is None and study.hot.based:
        table = table.assign(base=study.hot.base, base_n=frame["base"], rate_raw=frame["rate_raw"], rate=frame["rate"])
    table.insert(0, "cell", [f"{cell:x}" for cell in table.index])
    return table.reset_index(drop=True)
