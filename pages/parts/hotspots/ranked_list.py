"""The ranked list of the Hot spots page: headline, order, columns, rows, the filter's area, and downloads."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, TypeVar

import numpy as np
import pandas as pd
import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry
from streamlit.delta_generator import DeltaGenerator

from analysis.grid import COARSEST, square_side
from analysis.hotspots.grouping import (
    LEAST_FOR_PLAN,
    ORDERS,
    Order,
    SpotHarm,
    excess_of,
    in_order,
    in_order_of_harm,
    is_compared,
    ratio_says_something,
    worth_a_plan,
)
from analysis.hotspots.surroundings import LAND, RATE_PER, DenominatorKind
from analysis.stats.intervals import Estimate
from curim_data.model import MAP_RESOLUTIONS, N_, CityProfile, Translator, cell_polygons
from curim_data.model.city import streets_in
from curim_data.model.labels import category_label, hour_label
from curim_data.studies.cells import OF_CITY, TESTED_IN_CITY, has_area, in_area
from curim_data.studies.hot_spots import EmergingRow, HotSpotStudy
from curim_data.studies.spot_profiles import SpotSummary
from pages.parts.charts import tables
from pages.parts.charts.numbers import expected_count, least_written, written_count
from pages.parts.frame import Page, draw_link_choice, filter_bar, word_in_link
from pages.parts.hotspots.choices import LIST_KEY
from pages.parts.hotspots.queries import usual_order
from pages.parts.maps.basemap import map_width
from pages.parts.maps.legends import CellMeasure
from pages.parts.maps.name_layers import ranked_name

_Line = TypeVar("_Line", SpotSummary, EmergingRow)
ORDER_WORD, ROWS_WORD, COLUMNS_WORD = "order", "rows", "columns"
ALL: Final = "all"
USUAL: Final = "excess"
HARM: Final = "harm"
ListOrder = Order | Literal["harm"]
# As many rows stand in the list before the reader asks for the rest.
MOST_ROWS: Final = 25
_WIDTH, _NARROW = 215, 140
_A_LETTER, _BESIDE = 7.4, 60  # pixels of a letter (Greek ones are the widest), and of what stands beside the words
# Pixels that a column takes at most for its texts, on a wide page and on a phone.
WIDE, MAIN, NARROW = 400, 240, 150
# Columns that stand in view where there is room.
IMPORTANT: Final = ("name", "n", "harm", "excess", "rate", "ratio", "weight")
SPAN: Final = 0.62  # of the page, beside the panel of the selected place
WAITS: Final = "…"  # stands for a class over time that is being determined
FINEST_OFFERED: Final = 11  # finer cells are smaller than the error of a phone's position
LISTED: Final = ("n", "base_n")  # the columns of counts of the list; that of women is one of shares


def lines_in_area(page: Page, lines: Sequence[_Line]) -> tuple[_Line, ...]:
    """The places that lie in the filter's area at least in part; all of them where it names none."""
    if not has_area(page.filter):
        return tuple(lines)
    return tuple(
        line
        for line in lines
        if in_area(line.spot if isinstance(line, SpotSummary) else line.place, line.name, page.filter, page.city)
    )


def draw_area_headline(page: Page, found: int, here: int) -> None:
    """How many of the city's hot spots lie in the area."""
    st.title(
        page.t.n(
            "{n} of the {all} hot spots of the city lies in this area.",
            "{n} of the {all} hot spots of the city lie in this area.",
            here,
            all=found,
        )
        if here
        else page.t.n(
            "The one hot spot of the city does not lie in this area.",
            "None of the {n} hot spots of the city lies in this area.",
            found,
        )
    )


def draw_area_note(page: Page, *, listed: bool) -> None:
    """Say that the area only selects what is `listed`, or that a figure covers the whole city."""
    if has_area(page.filter):
        st.caption(page.t(TESTED_IN_CITY if listed else OF_CITY))


def draw_no_spot_in_area(page: Page) -> None:
    """What is shown next to the map where no hot spot lies in the area."""
    st.subheader(page.t("No hot spot in this area"))
    st.write(
        page.t(
            "The hot spots of the city lie elsewhere. Remove the area from the filter to see them, or look at the "
            "alerts here one by one."
        )
    )


def rate_heading(t: Translator, base: DenominatorKind) -> str:
    """The heading of the column of rates, which are after shrinkage."""
    return t("Per 1,000 residents") if base == "residents" else t("Share of all alerts")


def rate_text(t: Translator, base: DenominatorKind, value: float) -> str:
    """A rate as text: a share in per cent, or alerts per 1,000 residents."""
    return t.number(RATE_PER * value, 1) if base == "residents" else t.percent(value)


def rate_measure(t: Translator, base: DenominatorKind) -> CellMeasure | None:
    """What the colours of cells show where places are compared by a denominator: rates in place of counts."""
    if base == LAND:
        return None
    if base == "residents":
        heading = t("Alerts per 1,000 residents, after shrinkage")
        return CellMeasure(heading, lambda value: t.number(RATE_PER * value, 1))
    return CellMeasure(t("Share of all alerts, after shrinkage"), lambda value: t.percent(value, 1))


def significance_lines(t: Translator, study: HotSpotStudy) -> list[str]:
    """For each significant cell a tooltip line with its test; empty for all others, and where it was tested elsewhere.

    A hot cell is described with its neighbours or alone, whichever is more significant. Only p where
    places are compared by a denominator.
    """
    hot = study.hot
    frame, whole = hot.frame, not hot.based
    if study.listed is not None:
        holds = {"hot": "\n" + t("Holds a hot spot"), "cold": "\n" + t("Holds a cold place")}
        return [
            holds["hot"] if is_hot else holds["cold"] if is_cold else ""
            for is_hot, is_cold in frame[["hot", "cold"]].to_numpy(bool)
        ]
    columns = ("hot", "alone", "expected_alone", "window", "expected", "q", "q_cold")
    marked = np.flatnonzero(frame["hot"].to_numpy(bool) | frame["cold"].to_numpy(bool))
    rows = zip(marked.tolist(), *(frame[name].to_numpy()[marked].tolist() for name in columns), strict=True)
    near = "\n" + t("With its neighbours {n} alerts, {expected} expected. Corrected p: {p}")
    own = "\n" + t("{expected} expected. Corrected p: {p}")
    test = "\n" + t("Corrected p: {p}")
    lines = [""] * len(frame)
    for at, is_hot, alone, expected_alone, window, expected, q, q_cold in rows:
        if not is_hot or not whole:
            lines[at] = test.format(p=t.p_value(q if is_hot else q_cold))
        elif alone:
            lines[at] = own.format(expected=t.expected(expected_alone), p=t.p_value(q))
        else:
            n = t.number(window)
            lines[at] = near.format(n=n, expected=t.expected(expected), p=t.p_value(q))
    return lines


def rate_lines(t: Translator, study: HotSpotStudy) -> list[str]:
    """For each cell a tooltip line with its denominator and rate; empty where there is none."""
    frame, base = study.hot.frame, study.hot.base
    line = (
        N_("{rate} per 1,000 residents after shrinkage; {n} residents")
        if base == "residents"
        else N_("of {n} alerts in all; share after shrinkage: {rate}")
    )
    return [
        "" if rate != rate else "\n" + t(line, rate=rate_text(t, base, rate), n=round(n))
        for n, rate in frame[["base", "rate"]].itertuples(index=False)
    ]


@dataclass(frozen=True)
class ListView:
    """The lines in order, those with enough alerts for a plan first.

    `lines`: all of them; `rows`: as many of these, from the first on, stand in the list until the reader asks for all.
    `few`: places with too few alerts for a plan.
    `harm`: what the alerts of each place weigh, by its id; none where each counts one.
    """

    lines: tuple[SpotSummary, ...]
    order: ListOrder
    rows: int
    few: int
    harm: Mapping[str, SpotHarm] = field(default_factory=dict)


def list_view(lines: Sequence[SpotSummary], *, harm: Mapping[str, SpotHarm] | None = None) -> ListView:
    """The lines in the order that the link asks for.

    With `harm` the usual order is that of the weight above expected.
    """
    harm = harm or {}
    orders = _orders(harm)
    order: ListOrder = word_in_link(ORDER_WORD, orders, orders[0])
    of = {id(line.spot): line for line in lines}
    spots = [line.spot for line in lines]
    many, few = (
        usual_order(spots)
        if order == USUAL
        else worth_a_plan(in_order_of_harm(spots, harm) if order == HARM else in_order(spots, order))
    )
    arranged = tuple(of[id(spot)] for spot in (*many, *few))
    rows = len(lines) if word_in_link(ROWS_WORD, (ALL,), "") else _first_rows(len(lines), len(few))
    return ListView(arranged, order, rows, len(few), harm)


def _orders(harm: Mapping[str, SpotHarm]) -> tuple[ListOrder, ...]:
    """The orders to choose from, the usual one first."""
    return (HARM, *ORDERS) if harm else ORDERS


def _first_rows(everything: int, few: int) -> int:
    """How many rows stand in the list before the reader asks for all: a short list is whole.

    >>> _first_rows(6, 5), _first_rows(80, 70), _first_rows(80, 10), _first_rows(80, 80)
    (6, 10, 25, 25)
    """
    return everything if everything <= MOST_ROWS else min(MOST_ROWS, everything - few or few)


def draw_list_controls(page: Page, view: ListView) -> None:
    """The boxes for the order and for the rows; nothing on a list of one."""
    t = page.t
    if len(view.lines) <= 1:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names, orders = order_names(t), _orders(view.harm)
        _draw_box(t("Order"), {order: names[order] for order in orders}, ORDER_WORD, _WIDTH, orders[0])
        first = _first_rows(len(view.lines), view.few)
        if first < len(view.lines):
            every = t.n("All {n}", "All {n}", len(view.lines))
            _draw_box(t("Rows"), {"": t.n("The first {n}", "The first {n}", first), ALL: every}, ROWS_WORD)
        if not page.narrow:
            draw_columns_box(t)


def _draw_box(label: str, names: Mapping[str, str], word: str, least: int = _NARROW, usual: str = "") -> None:
    """A choice in the link, in a box that is at least so wide."""
    draw_link_choice(label, names, word, f"hotspots_{word}", usual, width=_box_width(names.values(), least))


def _box_width(words: Iterable[str], least: int) -> int:
    """The width in pixels that the longest of some words needs in a box, or `least`.

    >>> _box_width(["p", "Ratio"], 215), _box_width(["Αναφορές πάνω από το αναμενόμενο"], 215)
    (215, 297)
    """
    return max(least, math.ceil(_BESIDE + _A_LETTER * max(map(len, words))))


def draw_columns_box(t: Translator) -> None:
    """The choice between the columns that fit and all of them."""
    _draw_box(t("Columns"), {"": t("The main ones"), ALL: t("All columns")}, COLUMNS_WORD)


def all_columns() -> bool:
    """Whether the link asks for all columns."""
    return bool(st.query_params.get(COLUMNS_WORD) == ALL)


def order_names(t: Translator) -> dict[ListOrder, str]:
    """The orders in words."""
    return {
        "excess": t("Alerts above expected"),
        "ratio": t("Ratio"),
        "alerts": t("Alerts"),
        "p": t("Corrected p"),
        "harm": t("Weight above expected"),
    }


def order_sentence(t: Translator, view: ListView, *, copied: bool) -> str:
    """How the list is ordered, and what stands at its end; `copied`: whether its figures are of the protected copy."""
    sentences: dict[ListOrder, str] = {
        "excess": t(
            "Ordered by the lower limit of the alerts above expected: the places that are most surely above it come "
            "first."
        ),
        "ratio": t(
            "Ordered by the lower limit of the ratio: first the places that are most certainly far above expectation."
        ),
        "alerts": t("Ordered by the number of alerts."),
        "p": t("Ordered by the corrected p-value: first the places that chance explains least."),
        "harm": t(
            "Ordered by the lower limit of what the alerts weigh above expected: first the places where surely most "
            "harm is above."
        ),
    }
    usual, spots = view.order == USUAL, [line.spot for line in view.lines]
    few = t.n(
        "{n} place has fewer than {least} alerts and stands last: too few for a plan whose success could be shown.",
        "{n} places have fewer than {least} alerts and stand last: too few for a plan whose success could be shown.",
        view.few,
        least=LEAST_FOR_PLAN,
    )
    copy = t("The order is that of the alerts; the figures are those of the protected copy.")
    parts = (
        (True, sentences[view.order]),
        (not usual, t("The number of a place is that of the order by alerts above expected.")),
        (copied and usual and list(in_order(spots)) != sorted(spots, key=lambda spot: spot.rank), copy),
        (view.few, few),
    )
    return " ".join(words for said, words in parts if said)


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
            st.caption(order_sentence(page.t, view, copied=page.alerts.exact is not None))
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
    number = round(study.cells.frame["n"].reindex([int(cell, 16) for cell in cells]).fillna(0).sum())
    alerts = written_count(page, number)
    text = page.t.n(
        "{n} cell picked, {alerts} alerts.", "{n} cells picked, {alerts} alerts.", len(cells), alerts=alerts
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(text)
        st.button(
            page.t("Filter to these cells"),
            key="hotspots_area",
            on_click=filter_bar.write_filter,
            args=(page.filter.replace(cells=cells, districts=(), places=()),),
        )


def draw_downloads(
    page: Page, view: ListView, *, gistar_valid: bool | None = None, study: HotSpotStudy | None = None
) -> None:
    """The list as a table and as shapes, and the cells of `study`; `gistar_valid` as for `RankedList`."""
    with st.container(horizontal=True):
        if view.lines:
            tables.draw_place_downloads(
                page,
                "hotspots",
                lambda: list_table(page, view, gistar_valid),  # the streets of every place take a moment
                lambda: [_shape(line) for line in view.lines],
                key="hotspots",
                counts=LISTED,
            )
        if study is not None:
            label, key = page.t("Download the cells (CSV)"), "hotspots_cells_csv"
            tables.download_button(page, lambda: cells_frame(study), "hotspot_cells.csv", key=key, label=label)


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
    if line.women is None:
        return page.t("not known")
    if not line.women.known:  # it would tell a small number of women or of men
        return "–"
    return page.t.share(line.women.value, line.women.low, line.women.high)


def _hours(t: Translator, line: SpotSummary) -> str:
    return f"{hour_label(line.hours[0])}–{hour_label(line.hours[1] + 1)}" if line.hours else t("not known")


def list_table(page: Page, view: ListView, gistar_valid: bool | None) -> pd.DataFrame:
    """The list as figures, for its download; some columns of some layers only."""
    spots = [line.spot for line in view.lines]
    based = any(getattr(spot, "base", LAND) != LAND for spot in spots)
    weighted = any(getattr(spot, "weight", None) is not None for spot in spots)
    return pd.DataFrame(
        {
            "rank": line.spot.rank,
            "name": line.name(page.t),
            **({"streets": ", ".join(street_names(page, line))} if page.city.streets else {}),
            "id": line.spot.id,
            "n": line.spot.n,
            **(_rate_columns(line.spot) if based else {}),
            **({"weight": line.spot.weight} if weighted else {}),
            **({"area_km2": round(line.spot.area_km2, 4)} if hasattr(line.spot, "area_km2") else {}),
            **_test_columns(line.spot),
            **({} if gistar_valid is None else {"gistar_z": line.spot.z, "gistar_valid": gistar_valid}),
            "women": line.women.value if line.women else float("nan"),
            "category": line.category,
            "longitude": round(line.spot.longitude, 5),
            "latitude": round(line.spot.latitude, 5),
            "cells": " ".join(line.spot.names),
            **(_harm_columns(view.harm[line.spot.id]) if view.harm else {}),
        }
        for line in view.lines
    )


def _rate_columns(spot: Any) -> dict[str, Any]:
    raw = spot.n / spot.base_n if spot.base_n > 0 else float("nan")
    return {"base": spot.base, "base_n": spot.base_n, "rate_raw": raw, "rate": spot.rate}


def _test_columns(spot: Any) -> dict[str, Any]:
    excess = excess_of(spot)
    return {
        "expected": spot.expected,
        "excess": excess.value,
        "excess_low": excess.low,
        "excess_high": excess.high,
        "against": getattr(spot, "against", "surroundings"),
        "ratio": spot.ratio,
        "low": spot.low if is_compared(spot) else spot.times,
        "high": spot.high,
        "q": spot.q,
    }


def _harm_columns(harm: SpotHarm) -> dict[str, float]:
    excess = {"weight_excess": harm.excess.value, "weight_excess_low": harm.excess.low}
    return {"weight": harm.weight, "weight_expected": harm.expected, **excess, "weight_excess_high": harm.excess.high}


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
