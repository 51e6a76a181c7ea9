"""The layer "Density": alerts per km² and month as one smooth picture, and a table of its highest places."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.density import DensityImage, density_image, format_density
from analysis.stats.intervals import Estimate
from curim_data.filters import AlertFilter
from curim_data.model import Message, Translator
from curim_data.studies.density import DensityStudy, class_geojson, density_study, pixel_frame
from pages.parts.charts import tables
from pages.parts.frame import Dataset, Heading, Page, calculated, draw_footer, escape_markdown, filter_bar, source_of
from pages.parts.hotspots.area_filter import draw_area_note
from pages.parts.hotspots.map_download import density_shades, map_download_button
from pages.parts.hotspots.place_search import FoundPlace, draw_found_place
from pages.parts.maps import basemap, cell_map
from pages.parts.maps.name_layers import Pin, ranked_name

MAP = "hotspots_density_map"


@calculated(Message("Smoothing the alerts"))
def _study(dataset: Dataset, chosen: AlertFilter) -> tuple[DensityStudy, DensityImage]:
    source = source_of(dataset)
    study = density_study(source, chosen)
    return study, density_image(study.density, source.city)


def draw_density_layer(page: Page, heading: Heading, place: FoundPlace | None) -> None:
    """Draw the density map with its highest places next to it; `heading`: where the headline stands."""
    t = page.t
    study, drawn = _study(page.dataset, page.filter)
    with heading:
        st.title(escape_markdown(density_headline(t, study)))
        st.caption(filter_bar.filter_sentence(page))
        draw_area_note(page, listed=False)
    if not study.enough:
        cell_map.draw_cell_map(page, key=MAP, alt=t("Map of the city."), span=0.62, pickable=False, place=place)
        draw_found_place(page, place)
        draw_footer(page, sentence=study.too_few(t), total=study.total, excluded=study.total.at_default)
        return
    pins = [Pin(peak.name(t), peak.longitude, peak.latitude, rank) for rank, peak in enumerate(study.peaks, start=1)]
    left, right = st.columns([5, 3], gap="medium")
    with left:
        cell_map.draw_cell_map(
            page,
            key=MAP,
            alt=t("Map of the density of alerts; the table holds its highest places."),
            picture=drawn,
            pins=pins,
            span=0.62,
            pickable=False,
            place=place,
        )
        draw_found_place(page, place)
        draw_footer(page, sentence=study.density.sentence(t))
        st.write(escape_markdown(t(study.bandwidth.explanation)))
        draw_footer(page, total=study.total, excluded=study.total.at_default, choices=study.choices)
        _draw_downloads(page, study)
        map_download_button(
            page,
            lambda: density_shades(t, study, drawn, page.city),
            name="density",
            title=t("Alerts per km² and month"),
            alt=t("Map of the density of alerts; the table holds its highest places."),
            total=study.total,
            pins=pins,
            facts=[study.density.sentence(t)],
        )
    with right:
        _draw_peaks(page, study)


def density_headline(t: Translator, study: DensityStudy) -> str:
    """Where alerts are densest, in one sentence."""
    if study.total.n == 0:
        return t("No alerts, so no density.")
    if not study.enough:
        return t("Too few alerts for a density.")
    if not study.peaks:
        return t("Alerts are nowhere denser than the city average.")
    first = study.peaks[0]
    return t(
        "Alerts are densest here: {place}, {value} per km² and month; the city average is {mean}.",
        place=first.name(t),
        value=format_density(t, first.value.value),
        mean=format_density(t, study.density.mean),
    )


def _draw_peaks(page: Page, study: DensityStudy) -> None:
    t = page.t
    if not study.peaks:
        return
    st.subheader(t("Where alerts are densest"))
    frame = pd.DataFrame(
        {
            "place": ranked_name(rank, peak.name(t)),
            "density": _with_interval(t, peak.value),
        }
        for rank, peak in enumerate(study.peaks, start=1)
    )
    headings = {"place": t("Where"), "density": t("Per km² and month (95 %)")}
    tables.draw_fitted_table(
        page,
        frame,
        headings,
        basemap.room_beside(page.room),
        key="hotspots_density_peaks",
        alt=t("Where alerts are densest"),
    )
    file = frame.rename(columns=headings)
    tables.download_button(page, file, "density-places.csv", key="hotspots_density_peaks_download")
    st.caption(
        t(
            "Density shows where many alerts are, not where there are more than expected by chance: for that, see "
            "the Significance layer. Many alerts can mean many people."
        )
    )


def _draw_downloads(page: Page, study: DensityStudy) -> None:
    t, city = page.t, page.city
    with st.container(horizontal=True):
        tables.download_button(
            page, lambda: pixel_frame(study.density, city), "density.csv", key="hotspots_density_csv"
        )
        tables.geojson_button(
            t, lambda: class_geojson(study.density, city), "density.geojson", key="hotspots_density_geojson"
        )


def _with_interval(t: Translator, density: Estimate) -> str:
    return f"{format_density(t, density.value)} ({format_density(t, density.low)}–{format_density(t, density.high)})"
