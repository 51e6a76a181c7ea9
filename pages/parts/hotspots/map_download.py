"""Download of the maps of the Hot spots page as PNG, drawn for print, with filter, counts and notes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from curim_data import query
from curim_data.engine import city_day
from curim_data.model import cell_polygons
from curim_data.query import Total
from curim_data.studies.periods import places_taken
from pages.parts.charts import DOWNLOAD_BUTTON
from pages.parts.frame import Page, cached_query, draw_download, mapped_sentence
from pages.parts.maps import Pin, legends

if TYPE_CHECKING:
    from analysis.report.maps import MapLayer


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
        legends.illustrative_note(page) or None,
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
        **DOWNLOAD_BUTTON,
    )


def map_layer(label: str, colour: str, shapes: Collection[Any], **form: bool) -> MapLayer:
    """Shapes in one colour with their entry in the legend; `form`: outlines alone, hatched, or points."""
    from analysis.report.maps import MapLayer

    return MapLayer(label, colour, tuple(shapes), **form)


def cell_layer(label: str, colour: str, cells: Collection[int], **form: bool) -> MapLayer:
    """The same of cells."""
    return map_layer(label, colour, cell_polygons(np.fromiter(map(int, cells), np.uint64, len(cells))), **form)


def cell_shades(page: Page, cells: pd.DataFrame, measure: legends.CellMeasure | None = None) -> list[MapLayer]:
    """Cells in the classes of the page's map, by count or by what else is measured."""
    scale = legends.ColourScale.of(page.t, cells, measure, least=page.written.least())
    places = scale.class_numbers(cells)
    return [cell_layer(span, colour, cells.index[places == at]) for at, (colour, span) in enumerate(scale.classes)]
