"""What the colours and outlines of a map mean: classes of counts, the legend that prints them; the map to take along.

A map is downloaded as PNG, drawn for print, with filter, counts and notes.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.density import DensityImage
from curim_data import query
from curim_data.engine import city_day
from curim_data.model import N_, Translator, cell_polygons, fewer_than, is_small
from curim_data.query import Total
from curim_data.studies.periods import places_taken
from pages.parts.frame import COUNTS, Page, Palette, cached_query, draw_download, mapped_sentence
from pages.parts.maps.name_layers import Pin

if TYPE_CHECKING:
    from analysis.report.maps import MapLayer

# What the outline of a hot or a cold cell means, and whether it may be so only with the cells around it.
OUTLINES: Final = {
    ("hot", True): N_("more than expected by chance, alone or with its neighbours"),
    ("hot", False): N_("more than expected by chance"),
    ("cold", True): N_("fewer than expected by chance, alone or with its neighbours"),
    ("cold", False): N_("fewer than expected by chance"),
}


def class_breaks(counts: Sequence[float], classes: int = len(COUNTS), least: int = 1) -> list[int]:
    """Upper bounds of at most `classes` classes for the positive counts, in equal steps of their logarithm.

    Counts by place are so uneven that equal steps would put all but a few cells into the first class, and classes of
    equal size all hot spots into the last. Whole and distinct; empty where nothing is above zero. Counts under `least`,
    the smallest that is written out, are one class, the first.
    """
    written = [c for c in counts if c >= least and c > 0]
    few = [least - 1] if any(is_small(c, least) for c in counts) else []
    return [*few, *sorted({math.ceil(end - 1e-9) for end in _equal_steps(written, classes - len(few))})]


def _equal_steps(values: Sequence[float], classes: int) -> list[float]:
    """Upper bounds of classes of positive values, in equal steps of their logarithm; none of no value."""
    first, most = min(values, default=1), max(values, default=0)
    return [first * (most / first) ** (k / classes) for k in range(1, classes + 1)] if most else []


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

    def class_numbers(self, cells: pd.DataFrame) -> np.ndarray:
        """The class of every cell; -1 where there is nothing to show."""
        values = cells[self.column].to_numpy(float)
        found = np.minimum(np.searchsorted(self.breaks, np.nan_to_num(values)), len(self.classes) - 1)
        return np.where(np.nan_to_num(values) > 0, found, -1)


def value_breaks(values: Sequence[float]) -> list[float]:
    """Upper bounds of at most five classes of positive values, in equal steps of their logarithm, two digits."""
    ends = _equal_steps([value for value in values if value > 0], len(COUNTS))
    return sorted({float(f"{end:.2g}") for end in ends})


def shades_for(classes: int) -> tuple[str, ...]:
    """The scale's colours for a number of classes, spread from its light to its dark end."""
    classes = min(max(classes, 1), len(COUNTS))
    return tuple(COUNTS[round(i * (len(COUNTS) - 1) / max(classes - 1, 1))] for i in range(classes))


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
        (hot, 2, colours.hot_line, t(OUTLINES["hot", with_neighbours])),
        (cold, 2, colours.cold_line, t(OUTLINES["cold", with_neighbours])),
        (outlined, 2, colours.cluster_line, outlined),
        (highlighted, 3, colours.highlight, t("selected")),
        (area, 2, colours.accent, t("the area of the filter")),
        (found, 3, colours.accent, t("the place that was searched for")),
    )
    classes = [(f"background:{shade}", span) for shade, span in (scale.classes if scale is not None else ())]
    entries = [(f"border:{wide}px solid {colour}", words) for drawn, wide, colour, words in lines if drawn]
    draw_legend_row(colours, scale.heading if scale is not None else "", classes + entries)


def class_entries(t: Translator, counts: pd.Series, least: int = 1) -> list[tuple[str, str]]:
    """Colour and limits of each class of the counts, the lowest first; those under `least` are not written out."""
    breaks = class_breaks(counts.tolist(), least=least)
    lowers = [math.floor(counts[counts > 0].min()) if breaks else 1, *(upper + 1 for upper in breaks)]
    spans = [
        t(fewer_than(least))
        if upper < least
        else t.number(upper)
        if upper == lower
        else f"{t.number(lower)}–{t.number(upper)}"
        for lower, upper in zip(lowers, breaks, strict=False)
    ]
    return list(zip(shades_for(len(breaks)), spans, strict=False))


def density_entries(t: Translator, colours: Palette, picture: DensityImage) -> list[tuple[str, str]]:
    """The printed classes of a density; what lies below the first one is clear on the map."""
    classes = [(f"background:{colour}", limits) for colour, limits in picture.legend(t)]
    below = [t("below {value}", value=limits.split("–")[0]) for _, limits in classes[:1]]
    return [*((f"border:1px solid {colours.land_line}", words) for words in below), *classes]


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
    note = N_("City limit, zones, streets and landmarks are illustrative: drawn for this dashboard.")
    return page.t(note) if page.city.illustrative else ""


def draw_illustrative_note(page: Page) -> None:
    """The same below a map."""
    if note := illustrative_note(page):
        st.caption(note)


def map_download_button(
    page: Page,
    make: Callable[[], Sequence[MapLayer]],
    *,
    name: str,
    title: str,
    alt: str,
    total: Total | None,
    pins: Collection[Pin] = (),
    facts: Sequence[str],
    drawn: int | None = None,
    undrawn: int = 0,
) -> None:
    """A button that draws the map when it is clicked and hands it out.

    Parameters
    ----------
    make
        What is drawn, from the bottom up.
    name
        The file's name without its ending; also the button's key.
    title, alt
        The heading of the legend, and what the picture shows.
    total, facts
        How many alerts there are (None where `facts` say it), and what else must be known of the map.
    drawn, undrawn
        On a map of single points: how many stand on it, and how many of sensitive categories never do.
    """
    t = page.t
    notes = [
        query.sentence(page.alerts, page.filter, t, cached_query(page, "total")) if page.alerts else "",
        mapped_sentence(t, total, total.at_default or 0, drawn, undrawn, taken=places_taken(page.alerts))
        if total
        else None,
        *facts,
        t("Sample data: made up.") if page.is_sample else None,
        illustrative_note(page) or None,
        t("CURiM · {city}, {day}", city=t.label(page.city.names), day=city_day(page.city)),
    ]

    def picture() -> bytes:
        from analysis.report.maps import NumberedSpot, layers_map  # what draws is imported when something is drawn

        spots = [NumberedSpot(pin.rank or 0, pin.name, pin.longitude, pin.latitude) for pin in pins]
        told = [note for note in notes if note is not None]
        return layers_map(page.city, make(), t, title=title, spots=spots, notes=told, alt=alt).data

    draw_download(
        t("Download the map (PNG)"),
        picture,
        file_name=f"{name}.png",
        mime="image/png",
        key=f"{name}_png",
        type="tertiary",
        icon=":material/download:",
    )


def map_layer(label: str, colour: str, shapes: Collection[Any], **form: bool) -> MapLayer:
    """Shapes in one colour with their entry in the legend; `form`: outlines alone, hatched, or points."""
    from analysis.report.maps import MapLayer

    return MapLayer(label, colour, tuple(shapes), **form)


def cell_layer(label: str, colour: str, cells: Collection[int], **form: bool) -> MapLayer:
    """The same of cells."""
    return map_layer(label, colour, cell_polygons(np.fromiter(map(int, cells), np.uint64, len(cells))), **form)


def cell_shades(page: Page, cells: pd.DataFrame, measure: CellMeasure | None = None) -> list[MapLayer]:
    """Cells in the classes of the page's map, by count or by what else is measured."""
    scale = ColourScale.of(page.t, cells, measure, least=page.written.least())
    places = scale.class_numbers(cells)
    return [cell_layer(span, colour, cells.index[places == at]) for at, (colour, span) in enumerate(scale.classes)]
