"""What the colours and outlines of a map mean: classes of counts, and the legend that prints them."""

from __future__ import annotations

import html
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from analysis.density import DensityImage
from curim_data.model import Translator
from curim_data.model.absence import fewer_than
from pages.parts.frame import Page, Palette
from pages.parts.frame.colours import COUNTS


def class_breaks(counts: Sequence[float], classes: int = len(COUNTS), least: int = 1) -> list[int]:
    """Upper bounds of at most `classes` classes for the positive counts, in equal steps of their logarithm.

    Counts by place are so uneven that equal steps would put all but a few cells into the first class, and classes of
    equal size all hot spots into the last. Whole and distinct; empty where nothing is above zero. Counts under `least`,
    the smallest that is written out, are one class, the first.
    """
    positive = [c for c in counts if c == c and c > 0]
    written = [c for c in positive if c >= least]
    few = [] if len(written) == len(positive) else [least - 1]
    if not written:
        return few
    first, most, steps = min(written), max(written), classes - len(few)
    return [*few, *sorted({math.ceil(first * (most / first) ** (k / steps) - 1e-9) for k in range(1, steps + 1)})]


@dataclass(frozen=True)
class CellMeasure:
    """What the colours of cells show in place of counts: a column `value` of the cells, and how it is written."""

    heading: str
    write: Callable[[float], str]


@dataclass(frozen=True)
class ColourScale:
    """The classes of a map: upper bounds, and for each its colour and its limits in words."""

    column: str
    heading: str
    breaks: tuple[float, ...]
    classes: tuple[tuple[str, str], ...]

    @classmethod
    def of(
        cls, t: Translator, cells: pd.DataFrame, measure: CellMeasure | None = None, *, least: int = 1
    ) -> ColourScale:
        """The scale of the counts of cells, of which those from `least` on are written out, or of what else is
        measured.
        """
        if measure is None:
            counts = tuple(class_breaks(cells["n"].tolist(), least=least))
            return cls("n", t("Alerts per cell"), counts, tuple(class_entries(t, cells["n"], least)))
        breaks = value_breaks(cells["value"].tolist())
        ends = [f"≤ {measure.write(end)}" if not at else measure.write(end) for at, end in enumerate(breaks)]
        limits = [end if not at else f"{measure.write(breaks[at - 1])}–{end}" for at, end in enumerate(ends)]
        return cls("value", measure.heading, tuple(breaks), tuple(zip(shades_for(len(breaks)), limits, strict=False)))

    def shade(self, value: float) -> str:
        """The colour of a value."""
        return self.classes[min(bisect_left(self.breaks, value), len(self.classes) - 1)][0]

    def class_numbers(self, cells: pd.DataFrame) -> np.ndarray:
        """The class of every cell; -1 where there is nothing to show."""
        values = cells[self.column].to_numpy(float)
        found = np.minimum(np.searchsorted(self.breaks, np.nan_to_num(values)), len(self.classes) - 1)
        return np.where(np.nan_to_num(values) > 0, found, -1)


def value_breaks(values: Sequence[float]) -> list[float]:
    """Upper bounds of at most five classes of positive values, in equal steps of their logarithm, two digits."""
    positive = [value for value in values if value == value and value > 0]
    if not positive:
        return []
    least, most = min(positive), max(positive)
    ends = (least * (most / least) ** (k / len(COUNTS)) for k in range(1, len(COUNTS) + 1))
    return sorted({float(f"{end:.2g}") for end in ends})


def shades_for(classes: int) -> tuple[str, ...]:
    """The scale's colours for a number of classes, spread from its light to its dark end."""
    if classes >= len(COUNTS):
        return COUNTS
    return tuple(COUNTS[round(i * (len(COUNTS) - 1) / max(classes - 1, 1))] for i in range(max(classes, 1)))


def draw_map_legend(
    t: Translator,
    colours: Palette,
    scale: ColourScale | None,
    *,
    hot: bool,
    cold: bool,
    outlined: str,
    highlighted: bool,
    with_neighbours: bool,
    area: bool,
    found: bool,
) -> None:
    """The legend under a map: printed classes, then what outlines mean."""
    lines = (
        (hot, 2, colours.hot_line, hot_label(t, with_neighbours)),
        (cold, 2, colours.cold_line, cold_label(t, with_neighbours)),
        (outlined, 2, colours.cluster_line, outlined),
        (highlighted, 3, colours.highlight, t("selected")),
        (area, 2, colours.accent, t("the area of the filter")),
        (found, 3, colours.accent, t("the place that was searched for")),
    )
    classes = [(f"background:{shade}", span) for shade, span in (scale.classes if scale is not None else ())]
    entries = [(f"border:{wide}px solid {colour}", words) for drawn, wide, colour, words in lines if drawn]
    draw_legend_row(colours, scale.heading if scale is not None else "", classes + entries)


def hot_label(t: Translator, with_neighbours: bool) -> str:
    """What the outline of a hot cell means; `with_neighbours`: it may be hot only with the cells around it."""
    near = t("more than expected by chance, alone or with its neighbours")
    return near if with_neighbours else t("more than expected by chance")


def cold_label(t: Translator, with_neighbours: bool) -> str:
    """The same for a cold cell."""
    near = t("fewer than expected by chance, alone or with its neighbours")
    return near if with_neighbours else t("fewer than expected by chance")


def class_entries(t: Translator, counts: pd.Series, least: int = 1) -> list[tuple[str, str]]:
    """Colour and limits of each class of the counts, the lowest first; those under `least` are not written out."""
    breaks, entries = class_breaks(counts.tolist(), least=least), []
    lower = math.floor(counts[counts > 0].min()) if breaks else 1
    for shade, upper in zip(shades_for(len(breaks)), breaks, strict=False):
        span = t.number(upper) if upper == lower else f"{t.number(lower)}–{t.number(upper)}"
        entries.append((shade, t(fewer_than(least)) if upper < least else span))
        lower = upper + 1
    return entries


def density_entries(t: Translator, colours: Palette, picture: DensityImage) -> list[tuple[str, str]]:
    """The printed classes of a density; what lies below the first one is clear on the map."""
    classes = picture.legend(t)
    if not classes:
        return []
    lowest = classes[0][1].split("–")[0]
    below = (f"border:1px solid {colours.land_line}", t("below {value}", value=lowest))
    return [below, *((f"background:{colour}", limits) for colour, limits in classes)]


def draw_legend_row(colours: Palette, head: str, entries: Sequence[tuple[str, str]]) -> None:
    """A legend in one line that wraps: a heading, then pairs of a mark's style (CSS) and its words."""
    if not entries:
        return
    heading = f"<span>{html.escape(head)}</span>" if head else ""
    marks = "".join(
        f'<span style="display:inline-flex;align-items:center;gap:.35em">'
        f'<span aria-hidden="true" style="flex:none;width:1.1em;height:.85em;box-sizing:border-box;'
        f'border-radius:2px;{style}"></span>{html.escape(text)}</span>'
        for style, text in entries
    )
    st.html(
        '<div class="legend-row" style="display:flex;flex-wrap:wrap;gap:.25em 1em;font-size:.85rem;'
        f'color:{colours.muted};font-variant-numeric:tabular-nums">{heading}{marks}</div>'
    )


def illustrative_note(page: Page) -> str:
    """That the shapes of the map are illustrative; empty where they are the city's own."""
    if not page.city.illustrative:
        return ""
    return page.t("City limit, zones, streets and landmarks are illustrative: drawn for this dashboard.")


def draw_illustrative_note(page: Page) -> None:
    """The same below a map."""
    if note := illustrative_note(page):
        st.caption(note)
