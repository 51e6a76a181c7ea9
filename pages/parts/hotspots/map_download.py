"""Download of the maps of the Hot spots page as PNG, drawn for print, with filter, counts and notes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from analysis.cube import CLASSES
from analysis.density import DensityImage
from curim_data import query
from curim_data.engine import city_day
from curim_data.model import CityProfile, Translator, cell_polygons
from curim_data.query import Total
from curim_data.studies.alert_points import DensityStudy, class_polygons
from curim_data.studies.hot_spots import EmergingRow
from curim_data.studies.periods import places_taken
from pages.parts.charts.numbers import least_written
from pages.parts.charts.tables import DOWNLOAD_BUTTON
from pages.parts.frame import Page
from pages.parts.frame.colours import LIGHT
from pages.parts.frame.footer import mapped_sentence
from pages.parts.frame.guard import draw_download
from pages.parts.frame.results import cached_query
from pages.parts.maps import legends
from pages.parts.maps.name_layers import Pin

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
    shown = cached_query(page, "total")
    sentence = query.sentence(page.alerts, page.filter, t, shown) if page.alerts else ""
    taken = places_taken(page.alerts)
    made = t("CURiM · {city}, {day}", city=t.label(page.city.names), day=city_day(page.city))
    notes = [
        sentence,
        *([mapped_sentence(t, total, total.at_default or 0, drawn, undrawn, taken=taken)] if total else []),
        *facts,
        *([t("Sample data: made up.")] if page.is_sample else []),
        *([note] if (note := legends.illustrative_note(page)) else []),
        made,
    ]

    def drawn() -> bytes:
        from analysis.report.maps import NumberedSpot, layers_map

        spots = [NumberedSpot(pin.rank or 0, pin.name, pin.longitude, pin.latitude) for pin in pins]
        return layers_map(page.city, make(), t, title=title, spots=spots, notes=notes, alt=alt).data

    draw_download(
        t("Download the map (PNG)"),
        drawn,
        file_name=f"{name}.png",
        mime="image/png",
        key=f"{name}_png",
        **DOWNLOAD_BUTTON,
    )


def _layer(label: str, colour: str, shapes: Collection[Any], **form: bool) -> MapLayer:
    from analysis.report.maps import MapLayer  # what draws is imported when something is drawn

    return MapLayer(label, colour, tuple(shapes), **form)


def cell_shades(page: Page, cells: pd.DataFrame, measure: legends.CellMeasure | None = None) -> list[MapLayer]:
    """Cells in the classes of the page's map, by count or by what else is measured."""
    scale = legends.ColourScale.of(page.t, cells, measure, least=least_written(page))
    places = scale.class_numbers(cells)
    return [_layer(span, colour, _cells(cells.index[places == at])) for at, (colour, span) in enumerate(scale.classes)]


def outlined(label: str, colour: str, shapes: Collection[Any]) -> MapLayer:
    """Outlines and their entry."""
    return _layer(label, colour, shapes, outline=True)


def hot_shades(
    page: Page,
    cells: pd.DataFrame,
    hot: pd.Index,
    cold: pd.Index,
    selected: Collection[int],
    *,
    with_neighbours: bool,
    measure: legends.CellMeasure | None,
) -> list[MapLayer]:
    """Cells with hot and cold ones outlined, and the selected place."""
    t, shades = page.t, cell_shades(page, cells, measure)
    if len(hot):
        shades.append(outlined(legends.hot_label(t, with_neighbours), LIGHT.hot_line, _cells(hot)))
    if len(cold):
        shades.append(outlined(legends.cold_label(t, with_neighbours), LIGHT.cold_line, _cells(cold)))
    if selected:
        shades.append(outlined(t("selected"), LIGHT.highlight, [shapely.union_all(list(_cells(selected)))]))
    return shades


def difference_shades(classes: Sequence[tuple[str, str, Any]], marked: tuple[str, Collection[int]]) -> list[MapLayer]:
    """Cells by which side has more of its alerts there.

    `classes`: label, colour and cells of each; `marked`: label and cells that differ beyond chance.
    """
    shades = [_layer(label, colour, _cells(cells)) for label, colour, cells in classes]
    if marked[1]:
        shades.append(outlined(marked[0], LIGHT.hot_line, _cells(marked[1])))
    return shades


def emerging_shades(t: Translator, lines: Sequence[EmergingRow], colour: Callable[[str], str]) -> list[MapLayer]:
    """Places by their class; cold ones hatched."""
    by_class: dict[str, list[int]] = {}
    for line in lines:
        by_class.setdefault(line.place.cls, []).extend(line.place.cells)
    return [
        _layer(t(CLASSES[cls].label), colour(cls), _cells(cells), hatched=CLASSES[cls].sign < 0)
        for cls, cells in by_class.items()
    ]


def density_shades(t: Translator, study: DensityStudy, image: DensityImage, city: CityProfile) -> list[MapLayer]:
    """The classes of a density."""
    found = {low: shape for low, _, shape in class_polygons(study.density, city)}
    lows = image.breaks[:-1]
    return [
        _layer(limits, colour, (found[low],) if low in found else ())
        for low, (colour, limits) in zip(lows, image.legend(t), strict=True)
    ]


def point_shades(frame: pd.DataFrame, groups: Sequence[str], named: Mapping[str, tuple[str, str]]) -> list[MapLayer]:
    """Alerts as points; `groups`: the group of each, `named`: its label and colour."""
    points = shapely.points(frame["longitude"].to_numpy(float), frame["latitude"].to_numpy(float))
    chosen = np.asarray(groups, object)
    return [_layer(label, colour, points[chosen == group], points=True) for group, (label, colour) in named.items()]


def _cells(cells: Collection[int]) -> tuple[BaseGeometry, ...]:
    return tuple(cell_polygons(np.fromiter((int(cell) for cell in cells), np.uint64, len(cells))))
