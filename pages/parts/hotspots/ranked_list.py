"""The ranked list of the Hot spots page: headline, order, columns, rows, the filter's area, and downloads."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, TypeVar

import numpy as np
import pandas as pd
import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry

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
from pages.parts.frame import Heading, Page, draw_link_choice, filter_bar, word_in_link
from pages.parts.hotspots.choices import LIST_KEY, usual_order
from pages.parts.maps import CellMeasure, map_width, ranked_name

_Line = TypeVar("_Line", SpotSummary, EmergingRow)
COLUMNS_WORD, ALL = "columns", "all"
USUAL: Final = "excess"
HARM: Final = "harm"
ListOrder = Order | Literal["harm"]
# As many rows stand in the list before the reader asks for the rest.
MOST_ROWS: Final = 25
# Pixels that a column takes at most for its texts, on a wide page and on a phone.
WIDE, MAIN, NARROW = 400, 240, 150
SPAN: Final = 0.62  # of the page, beside the panel of the selected place
WAITS: Final = "…"  # stands for a class over time that is being determined
FINEST_OFFERED: Final = 11  # finer cells are smaller than the error of a phone's position
LISTED: Final = ("n", "base_n")  # the columns of counts of the list; that of women is one of shares
# Of each order its name, and how the list is then ordered.
ORDER_WORDS: Final[dict[ListOrder, tuple[str, str]]] = {
    "excess": (
        N_("Alerts above expected"),
        N_(
            "Ordered by the lower limit of the alerts above expected: the places that are most surely above it come "
            "first."
        ),
    ),
    "ratio": (
        N_("Ratio"),
        N_("Ordered by the lower limit of the ratio: first the places that are most certainly far above expectation."),
    ),
    "alerts": (N_("Alerts"), N_("Ordered by the number of alerts.")),
    "p": (
        N_("Corrected p"),
        N_("Ordered by the corrected p-value: first the places that chance explains least."),
    ),
    "harm": (
        N_("Weight above expected"),
        N_(
            "Ordered by the lower limit of what the alerts weigh above expected: first the places where surely most "
            "harm is above."
        ),
    ),
}
# Of each denominator the heading of a column of rates, that of a map's colours, and the line of a cell's tooltip.
RATE_WORDS: Final[dict[str, tuple[str, str, str]]] = {
    "residents": (
        N_("Per 1,000 residents"),
        N_("Alerts per 1,000 residents, after shrinkage"),
        N_("{rate} per 1,000 residents after shrinkage; {n} residents"),
    ),
    "alerts": (
        N_("Share of all alerts"),
        N_("Share of all alerts, after shrinkage"),
        N_("of {n} alerts in all; share after shrinkage: {rate}"),
    ),
}


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
        st.title(title)
        st.caption(filter_bar.filter_sentence(page))
        if listed is not None:
            draw_area_note(page, listed=listed)


def draw_area_note(page: Page, *, listed: bool) -> None:
    """Say that the area only selects what is `listed`, or that a figure covers the whole city."""
    if has_area(page.filter):
        st.caption(page.t(TESTED_IN_CITY if listed else OF_CITY))


def rate_text(t: Translator, base: DenominatorKind, value: float, digits: int = 0) -> str:
    """A rate as text: a share in per cent, or alerts per 1,000 residents with one decimal."""
    return t.number(RATE_PER * value, 1) if base == "residents" else t.percent(value, digits)


def rate_measure(t: Translator, base: DenominatorKind) -> CellMeasure | None:
    """What the colours of cells show where places are compared by a denominator: rates in place of counts."""
    return None if base == LAND else CellMeasure(t(RATE_WORDS[base][1]), partial(rate_text, t, base, digits=1))


def significance_lines(t: Translator, study: HotSpotStudy) -> list[str]:
    """For each significant cell a tooltip line with its test; empty for all others, and where it was tested elsewhere.

    A hot cell is described with its neighbours or alone, whichever is more significant. Only p where
    places are compared by a denominator.
    """
    frame = study.hot.frame
    if study.listed is not None:
        return np.select(
            [frame["hot"].to_numpy(bool), frame["cold"].to_numpy(bool)],
            ["\n" + t("Holds a hot spot"), "\n" + t("Holds a cold place")],
            "",
        ).tolist()
    near = "\n" + t("With its neighbours {n} alerts, {expected} expected. Corrected p: {p}")
    own, test = "\n" + t("{expected} expected. Corrected p: {p}"), "\n" + t("Corrected p: {p}")
    lines, marked = {}, frame[frame["hot"] | frame["cold"]]
    for cell, row in zip(marked.index, marked.to_dict("records"), strict=True):
        p = t.p_value(row["q"] if row["hot"] else row["q_cold"])
        if not row["hot"] or study.hot.based:
            lines[cell] = test.format(p=p)
        else:
            lines[cell] = (own if row["alone"] else near).format(
                n=t.number(row["window"]),
                expected=t.expected(row["expected_alone"] if row["alone"] else row["expected"]),
                p=p,
            )
    return [lines.get(cell, "") for cell in frame.index]


def rate_lines(t: Translator, study: HotSpotStudy) -> list[str]:
    """For each cell a tooltip line with its denominator and rate; empty where there is none."""
    base, line = study.hot.base, RATE_WORDS[study.hot.base][2]
    return [
        "" if rate != rate else "\n" + t(line, rate=rate_text(t, base, rate), n=round(n))
        for n, rate in study.hot.frame[["base", "rate"]].itertuples(index=False)
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
    order: ListOrder = word_in_link("order", orders, orders[0])
    of = {id(line.spot): line for line in lines}
    spots = [line.spot for line in lines]
    many, few = (
        usual_order(spots)
        if order == USUAL
        else worth_a_plan(in_order_of_harm(spots, harm) if order == HARM else in_order(spots, order))
    )
    return ListView(
        tuple(of[id(spot)] for spot in (*many, *few)),
        order,
        len(lines) if word_in_link("rows", (ALL,), "") else _first_rows(len(lines), len(few)),
        len(few),
        harm,
    )


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
        orders = {order: t(ORDER_WORDS[order][0]) for order in _orders(view.harm)}
        _draw_box(t("Order"), orders, "order", 215, next(iter(orders)))
        first = _first_rows(len(view.lines), view.few)
        if first < len(view.lines):
            _draw_box(
                t("Rows"),
                {"": t.n("The first {n}", "The first {n}", first), ALL: t.n("All {n}", "All {n}", len(view.lines))},
                "rows",
            )
        if not page.narrow:
            draw_columns_box(t)


def _draw_box(label: str, names: Mapping[Any, str], word: str, least: int = 140, usual: str = "") -> None:
    """A choice in the link, in a box as wide as its words, at least so many pixels.

    A letter takes up to 7.4 pixels (Greek ones are the widest), and what stands beside the words 60.
    """
    draw_link_choice(
        label,
        names,
        word,
        f"hotspots_{word}",
        usual,
        width=max(least, math.ceil(60 + 7.4 * max(map(len, names.values())))),
    )


def draw_columns_box(t: Translator) -> None:
    """The choice between the columns that fit and all of them."""
    _draw_box(t("Columns"), {"": t("The main ones"), ALL: t("All columns")}, COLUMNS_WORD)


def all_columns() -> bool:
    """Whether the link asks for all columns."""
    return bool(st.query_params.get(COLUMNS_WORD) == ALL)


def order_sentence(t: Translator, view: ListView, *, copied: bool) -> str:
    """How the list is ordered, and what stands at its end; `copied`: whether its figures are of the protected copy."""
    usual, spots = view.order == USUAL, [line.spot for line in view.lines]
    few = t.n(
        "{n} place has fewer than {least} alerts and stands last: too few for a plan whose success could be shown.",
        "{n} places have fewer than {least} alerts and stand last: too few for a plan whose success could be shown.",
        view.few,
        least=LEAST_FOR_PLAN,
    )
    copy = t("The order is that of the alerts; the figures are those of the protected copy.")
    parts = (
        (True, t(ORDER_WORDS[view.order][1])),
        (not usual, t("The number of a place is that of the order by alerts above expected.")),
        (copied and usual and list(in_order(spots)) != sorted(spots, key=lambda spot: spot.rank), copy),
        (view.few, few),
    )
    return " ".join(words for said, words in parts if said)


def headline(
    page: Page,
    study: HotSpotStudy,
    found: int,
    shown: tuple[SpotSummary, ...],
    *,
    is_clusters: bool,
    cold: int = 0,
) -> str:
    """How many places stand out, and how much of the whole they hold; else how many cold; of an area, how many there.

    `found`: in the whole city.
    """
    t, here, n = page.t, has_area(page.filter), len(shown)
    if found and here and shown:
        return t.n(
            "{n} of the {all} hot spots of the city lies in this area.",
            "{n} of the {all} hot spots of the city lie in this area.",
            n,
            all=found,
        )
    if found and here:
        return t.n(
            "The one hot spot of the city does not lie in this area.",
            "None of the {n} hot spots of the city lies in this area.",
            found,
        )
    if shown and study.total.n != 0:
        area = sum(line.spot.area_km2 if is_clusters else line.spot.land_km2 for line in shown)
        return hot_spots_sentence(t, study, shown, area, is_clusters=is_clusters)
    reasons = (
        (study.total.n == 0, t("No alerts, so no hot spots.")),
        (is_clusters and not study.power.too_few, t("No cluster of alerts stands out from chance.")),
        (study.unjudged is not None, t("Hot spots of sensitive categories are not told to this audience.")),
        (not cold and study.power.too_few, t("Too few alerts to tell.")),
        (not cold, t("No hot spot stands out from chance.")),
        (
            study.hot.based,
            t.n(
                "No hot spot stands out from chance; {n} place has a lower rate than expected by chance.",
                "No hot spot stands out from chance; {n} places have a lower rate than expected by chance.",
                cold,
            ),
        ),
        (
            True,
            t.n(
                "No hot spot stands out from chance; {n} place has fewer alerts than expected by chance.",
                "No hot spot stands out from chance; {n} places have fewer alerts than expected by chance.",
                cold,
            ),
        ),
    )
    return next(words for holds, words in reasons if holds)


def hot_spots_sentence(
    t: Translator, study: HotSpotStudy, shown: tuple[SpotSummary, ...], area: float, *, is_clusters: bool = False
) -> str:
    """How many hot spots or clusters there are, their share of the tested alerts where it is known, and of the land.

    Clusters are of another test than that of the cells, which can find other places.
    """
    land, alerts = _shares(t, study, shown, area)
    n = len(shown)
    if not alerts:
        return (
            t.n(
                "{n} cluster of alerts stands out from chance, on {land} of the city.",
                "{n} clusters of alerts stand out from chance, on {land} of the city.",
                n,
                land=land,
            )
            if is_clusters
            else t.n(
                "{n} hot spot stands out from chance, on {land} of the city.",
                "{n} hot spots stand out from chance, on {land} of the city.",
                n,
                land=land,
            )
        )
    return (
        t.n(
            "{n} cluster of alerts stands out from chance: it holds {alerts} of the alerts on {land} of the city.",
            "{n} clusters of alerts stand out from chance: they hold {alerts} of the alerts on {land} of the city.",
            n,
            land=land,
            alerts=alerts,
        )
        if is_clusters
        else t.n(
            "{n} hot spot stands out from chance: it holds {alerts} of the alerts on {land} of the city.",
            "{n} hot spots stand out from chance: they hold {alerts} of the alerts on {land} of the city.",
            n,
            land=land,
            alerts=alerts,
        )
    )


def _shares(t: Translator, study: HotSpotStudy, shown: tuple[SpotSummary, ...], area: float) -> tuple[str, str]:
    """The share of the land, and that of the tested alerts, empty where it is not known."""
    if study.listed is not None:
        return t.percent(study.listed.land), t.percent(study.listed.alerts)
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


class RankedList:
    """The hot spots in their order; picking a row selects the place on the map.

    `chosen`: the selected place; `gistar_valid`: whether Gi* may be read as a test here, None where it is not computed
    (clusters); `on_select`: as for the table. What stands round the table is drawn at once, the table by `draw`.
    """

    def __init__(
        self,
        page: Page,
        view: ListView,
        chosen: str | None,
        *,
        gistar_valid: bool | None = None,
        on_select: Callable[[], None] | None = None,
    ) -> None:
        self.page, self.view, self.shown = page, view, view.lines[: view.rows]
        self.chosen, self.gistar_valid, self.on_select = chosen, gistar_valid, on_select
        if self.shown:
            draw_list_controls(page, view)
            self.slot = st.empty()
            st.caption(order_sentence(page.t, view, copied=page.alerts.exact is not None))
            # The rows without their classes, made once: the table may be drawn a second time with these.
            self.rows = _list_rows(page, self.shown, view.harm)

    def draw(self, classes: Mapping[str, str] | None = None, *, waits: bool = False) -> None:
        """Draw the table in its place, where it takes that of an earlier one.

        `classes`: the class over time of each spot by its id, in words; None where there is none. `waits`: the classes
        are still being determined: a row can be picked as soon as they are there.
        """
        if not self.shown:
            return
        page, shown = self.page, self.shown
        table = self.rows.assign(
            **{"class": [WAITS if waits else (classes or {}).get(line.spot.id, "–") for line in shown]}
        )
        headings = _list_headings(page, self.view, classed=waits or classes is not None, gistar_valid=self.gistar_valid)
        main = not (all_columns() or page.narrow)
        widest = NARROW if page.narrow else MAIN if main else WIDE
        # Columns that stand in view where there is room.
        important = [n for n in ("name", "n", "harm", "excess", "rate", "ratio", "weight") if n in headings]
        about: dict[str, Any] = {
            "alt": page.t("Hot spots in their order"),
            "columns": tables.fitted_columns(table, headings, most=widest),
            "order": tables.columns_in_room(table, headings, important, map_width(page.room, SPAN), most=widest)
            if main
            else None,
        }
        with self.slot.container():
            if waits:
                tables.draw_table(page, table, headings, key=f"{LIST_KEY}_waits", **about)
                return
            tables.draw_selectable_table(
                page,
                table,
                headings,
                key=f"{LIST_KEY}_{self.chosen or ''}",
                selected=next((at for at, line in enumerate(shown) if line.spot.id == self.chosen), None),
                row_height=name_height(table["name"], widest),
                on_select=self.on_select,
                **about,
            )


def name_height(names: Iterable[str], pixels: int) -> int | None:
    """Pixels of a row where some name does not stand in one line of so wide a column, else None.

    Names run narrower than figures.
    """
    letters = int((pixels - tables.BESIDE) / tables.LETTER) + 2
    lines = max(len(textwrap.wrap(name, letters)) for name in names)
    return tables.row_height(lines) if lines > 1 else None


def _list_rows(page: Page, shown: tuple[SpotSummary, ...], harm: Mapping[str, SpotHarm]) -> pd.DataFrame:
    """The list in words; `harm`: by the id of a spot, what its alerts weigh."""
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
            "weight": t.number(harm[spot.id].weight if spot.id in harm else getattr(spot, "weight", None)),
            "harm": _interval(t, harm[spot.id].excess, short=short) if spot.id in harm else "",
            "z": t.number(getattr(spot, "z", float("nan")), 1),
            "women": _women(page, line),
            "category": category_label(t, page.city, line.category) if line.category else t("not known"),
            "hours": span or t("not known"),
        }
        for line, spot, span in ((line, line.spot, span) for line, span in zip(shown, hours, strict=True))
    )


def _list_headings(page: Page, view: ListView, *, classed: bool, gistar_valid: bool | None) -> dict[str, str]:
    """The columns that say something about these places, in order, with their headings."""
    t, shown = page.t, view.lines[: view.rows]
    spots = [line.spot for line in shown]
    base, compared = getattr(spots[0], "base", LAND), any(map(is_compared, spots))
    columns = {
        "name": (True, t("Hot spot")),
        "n": (True, t("Alerts")),
        "weight": (view.harm or getattr(spots[0], "weight", None) is not None, t("Weight")),
        "rate": (base != LAND, t(RATE_WORDS[base][0]) if base != LAND else ""),
        "harm": (view.harm, t("Weight above expected (95 %)")),
        "excess": (compared, t("Above expected (95 %)")),
        "ratio": (
            any(ratio_says_something(spot) or not is_compared(spot) for spot in spots),
            t("Ratio (95 %)") if all(map(is_compared, spots)) else t("Ratio"),
        ),
        "class": (classed, t("Class over time")),
        "women": (any(line.women is not None for line in shown), t("Women (95 %)")),
        "category": (True, t("Main category")),
        "hours": (any(line.hours is not None for line in shown), t("Peak hours")),
        "expected": (compared, t("Expected")),
        "q": (True, t("Corrected p")),
        "z": (gistar_valid is not None, t("Gi* (z)") if gistar_valid else t("Gi* (z), not a test here")),
    }
    headings = {name: words for name, (included, words) in columns.items() if included}
    if page.narrow:
        few = ("name", "n", "harm" if view.harm else "rate" if base != LAND else "excess" if compared else "ratio")
        short = {"n": t("n"), "excess": t("Above expected"), "harm": t("Weight above expected")}
        return {name: short.get(name, headings[name]) for name in few if name in headings}
    return headings


def draw_area_button(page: Page, cells: tuple[str, ...], study: HotSpotStudy) -> None:
    """Cells picked on the map can become the filter's area."""
    if len(cells) < 2:
        return
    number = round(study.cells.frame["n"].reindex([int(cell, 16) for cell in cells]).fillna(0).sum())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(
            page.t.n(
                "{n} cell picked, {alerts} alerts.",
                "{n} cells picked, {alerts} alerts.",
                len(cells),
                alerts=written_count(page, number),
            )
        )
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
            tables.download_button(
                page,
                lambda: cells_frame(study),
                "hotspot_cells.csv",
                key="hotspots_cells_csv",
                label=page.t("Download the cells (CSV)"),
            )


def _shape(line: SpotSummary) -> BaseGeometry:
    """The outline of a cluster, or of the cells of a hot spot."""
    return getattr(line.spot, "outline", None) or shapely.union_all(cell_polygons(list(line.spot.cells)))


def street_names(page: Page, line: SpotSummary) -> list[str]:
    """The streets that run through a hot spot, where the city gave its streets."""
    return [page.t.label(street.labels) for street in streets_in(page.city, _shape(line))]


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


def list_table(page: Page, view: ListView, gistar_valid: bool | None) -> pd.DataFrame:
    """The list as figures, for its download; some columns of some layers only."""
    spots = [line.spot for line in view.lines]
    based = any(getattr(spot, "base", LAND) != LAND for spot in spots)
    weighted = any(getattr(spot, "weight", None) is not None for spot in spots)
    return pd.DataFrame(
        {
            "rank": spot.rank,
            "name": line.name(page.t),
            **({"streets": ", ".join(street_names(page, line))} if page.city.streets else {}),
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
            **({"weight": spot.weight} if weighted else {}),
            **({"area_km2": round(spot.area_km2, 4)} if hasattr(spot, "area_km2") else {}),
            "expected": spot.expected,
            **_limits("excess", excess_of(spot)),
            "against": getattr(spot, "against", "surroundings"),
            "ratio": spot.ratio,
            "low": spot.low if is_compared(spot) else spot.times,
            "high": spot.high,
            "q": spot.q,
            **({} if gistar_valid is None else {"gistar_z": spot.z, "gistar_valid": gistar_valid}),
            "women": line.women.value if line.women else float("nan"),
            "category": line.category,
            "longitude": round(spot.longitude, 5),
            "latitude": round(spot.latitude, 5),
            "cells": " ".join(spot.names),
            **(
                {
                    "weight": view.harm[spot.id].weight,
                    "weight_expected": view.harm[spot.id].expected,
                    **_limits("weight_excess", view.harm[spot.id].excess),
                }
                if view.harm
                else {}
            ),
        }
        for line, spot in zip(view.lines, spots, strict=True)
    )


def _limits(name: str, estimate: Estimate) -> dict[str, float]:
    """The columns of an estimate and its interval."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def cells_frame(study: HotSpotStudy) -> pd.DataFrame:
    """The test of every cell, as a table to download; where places were found in other cells, which cells hold them."""
    frame, tested = study.hot.frame, study.listed is None
    columns = ["n", "land_km2", "expected_alone", "window", "expected", "ratio", "q", "hot", "q_cold"]
    table = frame[columns if tested else ["n", "land_km2", "hot"]].assign(cold=frame["cold"])
    if tested:
        table["gistar_z"] = frame["z"]
    if tested and study.hot.based:
        table = table.assign(base=study.hot.base, base_n=frame["base"], rate_raw=frame["rate_raw"], rate=frame["rate"])
    table.insert(0, "cell", [f"{cell:x}" for cell in table.index])
    return table.reset_index(drop=True)
