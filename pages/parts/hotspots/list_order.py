"""The order of the ranked list, which of its columns stand in view, and how many of its rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, cast

import streamlit as st

from analysis.hotspots.excess import LEAST_FOR_PLAN, ORDERS, Order, in_order, worth_a_plan
from analysis.hotspots.grouping import SpotHarm, in_order_of_harm
from curim_data.model import Translator
from curim_data.studies.spot_profiles import SpotOrCluster, SpotSummary
from pages.parts.frame import Page
from pages.parts.hotspots.selection import draw_link_box, word_from_link

ORDER_WORD, ROWS_WORD, COLUMNS_WORD = "order", "rows", "columns"
ALL: Final = "all"
USUAL: Final = "excess"
HARM: Final = "harm"
ListOrder = Order | Literal["harm"]
# As many rows stand in the list before the reader asks for the rest.
MOST_ROWS: Final = 25
_WIDTH, _NARROW = 215, 140
_A_LETTER, _BESIDE = 7.4, 60  # pixels of a letter (Greek ones are the widest), and of what stands beside the words


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

    @property
    def orders(self) -> tuple[ListOrder, ...]:
        """The orders to choose from, the usual one first."""
        return (HARM, *ORDERS) if self.harm else ORDERS


def list_view(lines: Sequence[SpotSummary], *, harm: Mapping[str, SpotHarm] | None = None) -> ListView:
    """The lines in the order that the link asks for.

    With `harm` the usual order is that of the weight above expected.
    """
    everything = word_from_link(ROWS_WORD, "hotspots_rows", (ALL,), "") == ALL
    harm = harm or {}
    known, usual = ([HARM, *ORDERS], HARM) if harm else (list(ORDERS), USUAL)
    order = cast("ListOrder", word_from_link(ORDER_WORD, "hotspots_order", known, usual))
    of = {id(line.spot): line for line in lines}
    spots = [line.spot for line in lines]
    many, few = (
        usual_order(spots)
        if order == USUAL
        else worth_a_plan(in_order_of_harm(spots, harm) if order == HARM else in_order(spots, order))
    )
    arranged = tuple(of[id(spot)] for spot in (*many, *few))
    first = _first_rows(len(lines), len(few))
    return ListView(arranged, order, len(arranged) if everything else first, len(few), harm=harm)


def usual_order(spots: Sequence[SpotOrCluster]) -> tuple[Sequence[SpotOrCluster], Sequence[SpotOrCluster]]:
    """Places as the list has them unless another order is asked for: those with enough alerts for a plan, the rest."""
    return worth_a_plan(sorted(spots, key=lambda spot: spot.rank))


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
        names = order_names(t)
        orders = {order: names[order] for order in view.orders}
        width = _box_width(orders.values(), _WIDTH)
        draw_link_box(t("Order"), ORDER_WORD, "hotspots_order", orders, view.orders[0], width=width)
        first = _first_rows(len(view.lines), view.few)
        if first < len(view.lines):
            rows = {
                "": t.n("The first {n}", "The first {n}", first),
                ALL: t.n("All {n}", "All {n}", len(view.lines)),
            }
            width = _box_width(rows.values(), _NARROW)
            draw_link_box(t("Rows"), ROWS_WORD, "hotspots_rows", rows, "", width=width)
        if not page.narrow:
            draw_columns_box(t)


def _box_width(words: Iterable[str], least: int) -> int:
    """The width in pixels that the longest of some words needs in a box, or `least`.

    >>> _box_width(["p", "Ratio"], 215), _box_width(["Αναφορές πάνω από το αναμενόμενο"], 215)
    (215, 297)
    """
    return max(least, math.ceil(_BESIDE + _A_LETTER * max(map(len, words))))


def draw_columns_box(t: Translator) -> None:
    """The choice between the columns that fit and all of them."""
    word_from_link(COLUMNS_WORD, "hotspots_columns", (ALL,), "")
    names = {"": t("The main ones"), ALL: t("All columns")}
    width = _box_width(names.values(), _NARROW)
    draw_link_box(t("Columns"), COLUMNS_WORD, "hotspots_columns", names, "", width=width)


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
    words = [sentences[view.order]]
    if view.order != USUAL:
        words.append(t("The number of a place is that of the order by alerts above expected."))
    spots = [line.spot for line in view.lines]
    if copied and view.order == USUAL and list(in_order(spots)) != sorted(spots, key=lambda spot: spot.rank):
        words.append(t("The order is that of the alerts; the figures are those of the protected copy."))
    if view.few:
        words.append(
            t.n(
                "{n} place has fewer than {least} alerts and stands last: too few for a plan whose success could "
                "be shown.",
                "{n} places have fewer than {least} alerts and stand last: too few for a plan whose success could "
                "be shown.",
                view.few,
                least=LEAST_FOR_PLAN,
            )
        )
    return " ".join(words)
