"""The ranked list of the Hot spots page: headline, order, columns, rows, the filter's area, and downloads."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

import numpy as np
import pandas as pd
import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry

from analysis.grid import COARSEST, square_side
from analysis.hotspots.grouping import (
    ORDERS,
    Order,
    excess_of,
    in_order,
    is_compared,
    ratio_says_something,
    worth_a_plan,
)
from analysis.hotspots.surroundings import LAND, RATE_PER, DenominatorKind
from analysis.stats.intervals import Estimate
from curim_data.model import (
    MAP_RESOLUTIONS,
    N_,
    CityProfile,
    Translator,
    category_label,
    cell_polygons,
    hour_label,
    is_small,
)
from curim_data.model.city import streets_in
from curim_data.studies.cells import OF_CITY, TESTED_IN_CITY, has_area, in_area
from curim_data.studies.hot_spots import EmergingRow, HotSpotStudy
from curim_data.studies.spot_profiles import SpotOrCluster, SpotSummary
from pages.parts.charts import expected_count, tables, written_count
from pages.parts.frame import Heading, Page, draw_link_choice, escape_markdown, filter_bar, word_in_link
from pages.parts.hotspots.choices import LIST_KEY
from pages.parts.maps import map_width, ranked_name, written_alerts

_Line = TypeVar("_Line", SpotSummary, EmergingRow)
USUAL: Final = "excess"
# Pixels that a column takes at most for its texts, on a wide page and on a phone.
MAIN, NARROW = 240, 150
SPAN: Final = 0.62  # of the page, beside the panel of the selected place
FINEST_OFFERED: Final = 11  # finer cells are smaller than the error of a phone's position
LISTED: Final = ("n", "base_n")  # the columns of counts of the list; that of women is one of shares
ORDER_WORDS: Final[dict[Order, str]] = {
    "excess": N_("Above expected"),
    "ratio": N_("Ratio"),
    "alerts": N_("Alerts"),
    "p": N_("Corrected p"),
}
RATE_WORDS: Final = {"residents": N_("Per 1,000 residents"), "alerts": N_("Share of all alerts")}


def lines_in_area(page: Page, lines: Sequence[_Line]) -> tuple[_Line, ...]:
    """The places that lie in the filter's area at least in part; all of them where it names none."""
    if not has_area(page.filter):
        return tuple(lines)
    return tuple(
        line
        for line in lines
        if in_area(line.spot if isinstance(line, SpotSummary) else line.place, line.name, page.filter, page.city)
    )


def draw_heading(page: Page, heading: Heading, title: str, *, listed: bool | None = None) -> None:
    """Put the page's one sentence where the headline stands, with the filter below it; `listed`: see the note."""
    with heading:
        st.title(escape_markdown(title))
        st.caption(filter_bar.filter_sentence(page))
        if listed is not None:
            draw_area_note(page, listed=listed)


def draw_area_note(page: Page, *, listed: bool) -> None:
    """Say that the area only selects what is `listed`, or that a figure covers the whole city."""
    if has_area(page.filter):
        st.caption(page.t(TESTED_IN_CITY if listed else OF_CITY))


def at_default_words(page: Page, n: int) -> str:
    """How many alerts no map holds since many share their coordinates; the plural wherever the number is withheld."""
    return page.t.n(
        "{written} alert shares its exact coordinates with many others and is kept off maps: probably a default "
        "position of the app.",
        "{written} alerts share their exact coordinates with many others and are kept off maps: probably a default "
        "position of the app.",
        max(n, page.written.least()),
        written=written_count(page, n),
    )


def rate_text(t: Translator, base: DenominatorKind, value: float, digits: int = 0) -> str:
    """A rate as text: a share in per cent, or alerts per 1,000 residents with one decimal."""
    return t.number(RATE_PER * value, 1) if base == "residents" else t.percent(value, digits)


def cell_lines(t: Translator, study: HotSpotStudy) -> list[str]:
    """For each cell with alerts a line of its tooltip: how many are usual there, and of a hot cell how sure that is.

    Where cells were tested elsewhere: whether one holds a hot spot.
    """
    frame = study.hot.frame
    if study.listed is not None:
        return np.where(frame["hot"], "\n" + t("hot spot"), "").tolist()
    usual, sure = t("Expected"), t("Corrected p")
    rows = zip(frame["n"], frame["expected_alone"], frame["hot"], frame["q"], strict=True)
    return [
        ("\n" + t.pair(usual, t.expected(expected)) if n > 0 and expected == expected else "")
        + ("\n" + t.pair(sure, t.p_value(q)) if hot else "")
        for n, expected, hot, q in rows
    ]


def in_list_order(lines: Sequence[SpotSummary]) -> tuple[SpotSummary, ...]:
    """The lines in the order that the link asks for, those with enough alerts for a plan first."""
    order: Order = word_in_link("order", ORDERS, USUAL)
    of = {id(line.spot): line for line in lines}
    spots = [line.spot for line in lines]
    many, few = worth_a_plan(sorted(spots, key=lambda spot: spot.rank) if order == USUAL else in_order(spots, order))
    return tuple(of[id(spot)] for spot in (*many, *few))


def headline(page: Page, study: HotSpotStudy, found: int, shown: tuple[SpotSummary, ...]) -> str:
    """The answer to what the filter asks for: how many places stand out, which one most, and what they hold.

    `found`: in the whole city, of which those in the area of the filter are `shown`.
    """
    t, n = page.t, len(shown)
    if not shown:
        reasons = (
            (found, t("none of the hot spots of the city lies in this area")),
            (study.total.n == 0, t("no alerts, so no hot spots")),
            (study.unjudged is not None, t("no hot spots of sensitive categories are told to this audience")),
            (study.power.too_few, t("too few alerts to tell")),
            (True, t("no place stands out")),
        )
        return _asked(page, next(words for holds, words in reasons if holds))
    first = shown[0].name(t)
    land, alerts = _shares(t, study, shown)
    if has_area(page.filter) or not alerts:
        words = t.n("{n} place stands out, {first}", "{n} places stand out, above all {first}", n, first=first)
        return _asked(page, words)
    words = t.n(
        "{n} place stands out, {first}; it holds {alerts} of the alerts on {land} of the city",
        "{n} places stand out, above all {first}; they hold {alerts} of the alerts on {land} of the city",
        n,
        first=first,
        alerts=alerts,
        land=land,
    )
    return _asked(page, words)


def _asked(page: Page, answer: str) -> str:
    """An answer after what the filter asks for, the period apart."""
    return page.t.pair(page.filter.subject(page.t, page.city), answer) + "."


def _shares(t: Translator, study: HotSpotStudy, shown: tuple[SpotSummary, ...]) -> tuple[str, str]:
    """The share of the land, and that of the tested alerts, empty where it is not known."""
    if study.listed is not None:
        return t.percent(study.listed.land), t.percent(study.listed.alerts)
    area = sum(getattr(line.spot, "land_km2", None) or getattr(line.spot, "area_km2", 0.0) for line in shown)
    alerts, tested = sum(line.spot.n for line in shown), study.cells.total
    share = area / study.cells.frame["land_km2"].sum()
    land = t.percent(share, 0 if share >= 0.02 else 1 if share >= 0.001 else 2)  # no place is 0 %
    return land, t.part(alerts / tested) if tested else ""


def cell_sizes_offered(city: CityProfile, finest: int) -> range:
    """The cell sizes (H3 resolutions) that a reader can pick: none of which the area is too large for."""
    last = min(finest, FINEST_OFFERED, city.finest_affordable())
    return range(max(min(last - 2, COARSEST), min(MAP_RESOLUTIONS)), last + 1)


def cell_size_label(page: Page, resolution: int) -> str:
    """A cell size in words: the side of a square as large as a cell in this city."""
    return page.t("{metres} m", metres=round(square_side(resolution, page.city.sampled_cells)))


def draw_ranked_list(
    page: Page, shown: tuple[SpotSummary, ...], chosen: str | None, on_select: Callable[[], None]
) -> None:
    """The hot spots in their order; picking a row selects the place on the map. `chosen`: the selected place."""
    t = page.t
    if not shown:
        return
    if len(shown) > 1:
        names = {order: t(words) for order, words in ORDER_WORDS.items()}
        draw_link_choice(t("Order"), names, "order", "hotspots_order", USUAL, width=215)
    table, headings = _list_rows(page, shown), _list_headings(page, shown)
    widest = NARROW if page.narrow else MAIN
    important = [n for n in ("name", "n", "excess", "rate", "ratio") if n in headings]  # in view where there is room
    in_room = tables.columns_in_room(table, headings, important, map_width(page.room, SPAN), most=widest)
    tables.draw_selectable_table(
        page,
        table,
        headings,
        key=f"{LIST_KEY}_{chosen or ''}",
        alt=t("Hot spots"),
        selected=next((at for at, line in enumerate(shown) if line.spot.id == chosen), None),
        columns=tables.fitted_columns(table, headings, most=widest),
        order=None if page.narrow else in_room,
        row_height=name_height(table["name"], widest),
        on_select=on_select,
    )


def name_height(names: Iterable[str], pixels: int) -> int | None:
    """Pixels of a row where some name does not stand in one line of so wide a column, else None.

    Names run narrower than figures.
    """
    letters = int((pixels - tables.BESIDE) / tables.LETTER) + 2
    lines = max(len(textwrap.wrap(name, letters)) for name in names)
    return tables.row_height(lines) if lines > 1 else None


def _list_rows(page: Page, shown: tuple[SpotSummary, ...]) -> pd.DataFrame:
    """The list in words."""
    t, least, short = page.t, page.written.least(), page.narrow
    few = any(is_small(line.spot.n, least) for line in shown)
    hours = (f"{hour_label(line.hours[0])}–{hour_label(line.hours[1] + 1)}" if line.hours else "" for line in shown)
    return pd.DataFrame(
        {
            "name": ranked_name(spot.rank, line.name(t)),
            "n": written_count(page, spot.n) if few else spot.n,
            "expected": expected_count(t, spot),
            "excess": "–" if is_small(spot.n, least) else _interval(t, excess_of(spot), short=short),
            "ratio": _ratio(page, spot),
            "q": t.p_value(spot.q, least=spot.q <= getattr(spot, "least", 0.0)),
            "rate": rate_text(t, spot.base, spot.rate) if getattr(spot, "base", LAND) != LAND else "",
            "women": _women(page, line),
            "category": category_label(t, page.city, line.category) if line.category else t("not known"),
            "hours": span or t("not known"),
        }
        for line, spot, span in ((line, line.spot, span) for line, span in zip(shown, hours, strict=True))
    )


def _list_headings(page: Page, shown: tuple[SpotSummary, ...]) -> dict[str, str]:
    """The columns that say something about these places, in order, with their headings."""
    t = page.t
    spots = [line.spot for line in shown]
    base, compared = getattr(spots[0], "base", LAND), any(map(is_compared, spots))
    columns = {
        "name": (True, t("Hot spot")),
        "n": (True, t("Alerts")),
        "rate": (base != LAND, t(RATE_WORDS[base]) if base in RATE_WORDS else ""),
        "excess": (compared, t("Above expected")),
        "ratio": (
            any(ratio_says_something(spot) or not is_compared(spot) for spot in spots),
            t("Ratio (95 %)") if all(map(is_compared, spots)) else t("Ratio"),
        ),
        "women": (any(line.women is not None for line in shown), t("Women (95 %)")),
        "category": (True, t("Main category")),
        "hours": (any(line.hours is not None for line in shown), t("Peak hours")),
        "expected": (compared, t("Expected")),
        "q": (True, t("Corrected p")),
    }
    headings = {name: words for name, (included, words) in columns.items() if included}
    if page.narrow:
        few = ("name", "n", "rate" if base != LAND else "excess" if compared else "ratio")
        return {name: headings[name] for name in few if name in headings}
    return headings


def draw_area_button(page: Page, cells: tuple[str, ...], study: HotSpotStudy) -> None:
    """Cells picked on the map can become the filter's area."""
    if len(cells) < 2:
        return
    number = round(study.cells.frame["n"].reindex([int(cell, 16) for cell in cells]).fillna(0).sum())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(written_alerts(page, number))
        st.button(
            page.t("Filter to this place"),
            key="hotspots_area",
            on_click=filter_bar.write_filter,
            args=(page.filter.replace(cells=cells, districts=(), places=()),),
        )


def draw_downloads(page: Page, shown: Sequence[SpotSummary], study: HotSpotStudy | None) -> None:
    """The list as a table and as shapes, and the cells of `study`."""
    if shown:
        tables.draw_place_downloads(
            page,
            "hotspots",
            lambda: list_table(page, shown),  # the streets of every place take a moment
            lambda: [_shape(line) for line in shown],
            key="hotspots",
            counts=LISTED,
        )
    if study is not None:
        label = page.t("Download the cells (CSV)")
        name, key = "hotspot_cells.csv", "hotspots_cells_csv"
        tables.download_button(page, lambda: cells_frame(study), name, key=key, label=label)


def _shape(line: SpotSummary) -> BaseGeometry:
    """The outline of a cluster, or of the cells of a hot spot."""
    return getattr(line.spot, "outline", None) or shapely.union_all(cell_polygons(list(line.spot.cells)))


def _ratio(page: Page, spot: SpotOrCluster) -> str:
    """The ratio with its interval, or in words where it is compared with nothing; a dash where it says nothing."""
    t = page.t
    if not is_compared(spot):
        return str(spot.times_in_words(t))
    told = spot.n >= page.written.least() and ratio_says_something(spot)
    return f"{t.times(spot.ratio)} ({t.times(spot.low)}–{t.times(spot.high)})" if told else "–"


def _interval(t: Translator, more: Estimate, *, short: bool) -> str:
    """What is above expected with its interval; `short`: without it, for a phone."""
    interval = "" if more.low != more.low or short else f" ({t.number(more.low)}–{t.number(more.high)})"
    return t.number(more.value) + interval


def _women(page: Page, line: SpotSummary) -> str:
    """The share of women; a dash where it would tell a small number of women or of men."""
    women = line.women
    if women is None:
        return page.t("not known")
    return page.t.share(women.value, women.low, women.high) if women.known else "–"


def list_table(page: Page, shown: Sequence[SpotSummary]) -> pd.DataFrame:
    """The list as figures, for its download; some columns of some layers only."""
    t, spots = page.t, [line.spot for line in shown]
    based = any(getattr(spot, "base", LAND) != LAND for spot in spots)
    return pd.DataFrame(
        {
            "rank": spot.rank,
            "name": line.name(t),
            "streets": ", ".join(t.label(street.labels) for street in streets_in(page.city, _shape(line))),
            "id": spot.id,
            "n": spot.n,
            **(
                {
                    "base": spot.base,
                    "base_n": spot.base_n,
                    "rate_raw": spot.n / spot.base_n if spot.base_n > 0 else float("nan"),
                    "rate": spot.rate,
                }
                if based
                else {}
            ),
            **({"area_km2": round(spot.area_km2, 4)} if hasattr(spot, "area_km2") else {}),
            "expected": spot.expected,
            **_limits("excess", excess_of(spot)),
            "against": getattr(spot, "against", "surroundings"),
            "ratio": spot.ratio,
            "low": spot.low if is_compared(spot) else spot.times,
            "high": spot.high,
            "q": spot.q,
            "women": line.women.value if line.women else float("nan"),
            "category": line.category,
            "longitude": round(spot.longitude, 5),
            "latitude": round(spot.latitude, 5),
            "cells": " ".join(spot.names),
        }
        for line, spot in zip(shown, spots, strict=True)
    )


def _limits(name: str, estimate: Estimate) -> dict[str, float]:
    """The columns of an estimate and its interval."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def cells_frame(study: HotSpotStudy) -> pd.DataFrame:
    """The test of every cell, as a table to download; where places were found in other cells, which cells hold them."""
    frame, tested = study.hot.frame, study.listed is None
    columns = ["n", "land_km2", "expected_alone", "window", "expected", "ratio", "q", "hot", "q_cold"]
    table = frame[columns if tested else ["n", "land_km2", "hot"]].assign(cold=frame["cold"])
    if tested and study.hot.based:
        table = table.assign(base=study.hot.base, base_n=frame["base"], rate_raw=frame["rate_raw"], rate=frame["rate"])
    table.insert(0, "cell", [f"{cell:x}" for cell in table.index])
    return table.reset_index(drop=True)
