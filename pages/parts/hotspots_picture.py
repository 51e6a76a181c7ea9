"""The maps of the Hot spots page as pictures to take along: PNG, drawn on paper's terms, with all that they rest on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
import streamlit as st

from analysis.density_image import DensityImage
from analysis.emerging_classes import CLASSES
from curim_data.city import CityProfile, cell_polygons
from curim_data.i18n import Translator
from curim_data.queries import Total
from curim_data.study_density import DensityStudy, class_polygons
from curim_data.study_emerging import EmergingLine
from pages.parts import legends
from pages.parts.basemap import Pin
from pages.parts.caching import ask
from pages.parts.colours import LIGHT
from pages.parts.footer import mapped_of
from pages.parts.hotspots_list import BUTTON
from pages.parts.page import Page

if TYPE_CHECKING:
    from analysis.paper_map import Shade


def picture(
    page: Page,
    make: Callable[[], Sequence[Shade]],
    *,
    name: str,
    title: str,
    alt: str,
    total: Total,
    pins: Collection[Pin] = (),
    told: Sequence[str] = (),
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
    total, told
        How many alerts there are, and what else must be known of the map.
    """
    t = page.t
    shown = ask(page, "total")
    sentence = page.source.sentence(page.filter, t, shown) if page.source else ""
    made = t("CURiM · {city}, {day}", city=t.label(page.city.names), day=dt.date.today())
    notes = [sentence, mapped_of(t, total), *told, *_illustrative(page), made]

    def drawn() -> bytes:
        from analysis.paper_map import Spot, shades_map

        spots = [Spot(pin.rank or 0, pin.name, pin.longitude, pin.latitude) for pin in pins]
        return shades_map(page.city, make(), t, title=title, spots=spots, notes=notes, alt=alt).data

    st.download_button(
        t("Download the map (PNG)"), data=drawn, file_name=f"{name}.png", mime="image/png", key=f"{name}_png", **BUTTON
    )


def _illustrative(page: Page) -> list[str]:
    t = page.t
    sample = [t("Sample data: made up.")] if page.is_sample else []
    drawn = t("Outline, zones, streets and landmarks are illustrative: drawn for this dashboard.")
    return [*sample, drawn] if page.city.illustrative else sample


def count_shades(t: Translator, cells: pd.DataFrame) -> list[Shade]:
    """Counts by cell in the classes of the page's map; what is protected is hatched."""
    from analysis.paper_map import Shade

    breaks = legends.class_breaks(cells["n"].tolist())
    colours, entries = legends.class_entries(t, cells["n"]), []
    hidden = cells["withheld"].to_numpy(bool)
    places = np.searchsorted(breaks, cells["n"].fillna(0).to_numpy(float)) if breaks else np.zeros(len(cells), int)
    for at, (colour, span) in enumerate(colours):
        chosen = (places == at) & (cells["n"].to_numpy(float) > 0) & ~hidden
        entries.append(Shade(span, colour, _cells(cells.index[chosen])))
    if hidden.any():
        entries.append(Shade(t("protected: too few to show"), "#eceff1", _cells(cells.index[hidden]), hatched=True))
    return entries


def outlined(label: str, colour: str, shapes: Collection[Any]) -> Shade:
    """Outlines and their entry."""
    from analysis.paper_map import Shade

    return Shade(label, colour, tuple(shapes), outline=True)


def hot_shades(
    t: Translator,
    cells: pd.DataFrame,
    hot: pd.Index,
    cold: pd.Index,
    selected: Collection[int],
    *,
    with_neighbours: bool = False,
) -> list[Shade]:
    """Counts with hot and cold cells outlined, and the selected place."""
    shades = count_shades(t, cells)
    if len(hot):
        shades.append(outlined(legends.hot_words(t, with_neighbours), LIGHT.hot_line, _cells(hot)))
    if len(cold):
        shades.append(outlined(legends.cold_words(t, with_neighbours), LIGHT.cold_line, _cells(cold)))
    if selected:
        shades.append(outlined(t("selected"), LIGHT.highlight, [shapely.union_all(list(_cells(selected)))]))
    return shades


def emerging_shades(t: Translator, lines: Sequence[EmergingLine], colour: Callable[[str], str]) -> list[Shade]:
    """Places by their class; cold ones hatched."""
    from analysis.paper_map import Shade

    by_class: dict[str, list[int]] = {}
    for line in lines:
        by_class.setdefault(line.place.cls, []).extend(line.place.cells)
    return [
        Shade(t(CLASSES[cls].label), colour(cls), _cells(cells), hatched=CLASSES[cls].sign < 0)
        for cls, cells in by_class.items()
    ]


def density_shades(t: Translator, study: DensityStudy, image: DensityImage, city: CityProfile) -> list[Shade]:
    """The classes of a density."""
    from analysis.paper_map import Shade

    found = {low: shape for low, _, shape in class_polygons(study.density, city)}
    lows = image.breaks[:-1]
    return [
        Shade(limits, colour, (found[low],) if low in found else ())
        for low, (colour, limits) in zip(lows, image.legend(t), strict=True)
    ]


def point_shades(frame: pd.DataFrame, groups: Sequence[str], named: Mapping[str, tuple[str, str]]) -> list[Shade]:
    """Alerts as points; `groups`: the group of each, `named`: its label and colour."""
    from analysis.paper_map import Shade

    points = shapely.points(frame["longitude"].to_numpy(float), frame["latitude"].to_numpy(float))
    chosen = np.asarray(groups, object)
    return [
        Shade(label, colour, tuple(points[chosen == group]), points=True) for group, (label, colour) in named.items()
    ]


def _cells(cells: Collection[int]) -> tuple[Any, ...]:
    return tuple(cell_polygons(np.fromiter((int(cell) for cell in cells), np.uint64, len(cells))))
