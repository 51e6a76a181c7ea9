"""The tab "Forecast": the next four weeks, shown only with how such forecasts performed in the past."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, Final

import pandas as pd
import streamlit as st

from analysis.forecast.next_periods import HOW, CountForecast
from analysis.forecast.places import PlaceForecast
from analysis.stats.result import Choice
from curim_data.filters import AlertFilter
from curim_data.model import Message, Translator, cell_polygons
from curim_data.model.absence import NO_LANDMARKS, NO_POSITIONS
from curim_data.model.labels import place_label
from curim_data.studies.forecast import ForecastStudy, ListedCell, cells_frame, forecast_study
from curim_data.studies.hot_spots import HotSpotStudy
from pages.parts.charts import plots, tables
from pages.parts.charts.figure import Figure
from pages.parts.charts.numbers import least_written, number_with_interval, written_count
from pages.parts.frame import Dataset, Page, calculated, draw_footer, escape_markdown, palette, source_of
from pages.parts.frame.colours import LIGHT
from pages.parts.frame.footer import missing
from pages.parts.hotspots.map_download import map_download_button, outlined
from pages.parts.maps import cell_map
from pages.parts.maps.basemap import BESIDE_GAP, map_width
from pages.parts.maps.name_layers import Pin, ranked_name

WEEKS: Final = 4
SPAN: Final = 0.56  # of the page, for the map and the line; the list beside it needs room for names
METHOD_NAMES: Final = {
    "naive": Message("Plain counting"),
    "decay": Message("Fading counts"),
    "blend": Message("Long run and recent weeks"),
}


@calculated(Message("Forecasting, and testing the forecast on past weeks"))
def _forecast(dataset: Dataset, chosen: AlertFilter, resolution: int | None) -> ForecastStudy:
    return forecast_study(source_of(dataset), chosen, WEEKS, resolution)


def draw_forecast_tab(page: Page, study: HotSpotStudy) -> None:
    """The city and its places first, then the cells where most alerts are expected, with their backtest."""
    t, exact = page.t, not page.protected
    forecast = _forecast(page.dataset, page.filter, study.resolution if exact else None)
    forecast = replace(forecast, choices=_as_on_the_map(forecast, study))
    for note in forecast.notes:
        st.caption(escape_markdown(t(note)))
    if page.source is not None and not page.source.known_time.knows("week") and forecast.city_refused is not None:
        st.info(t(forecast.city_refused))
        return
    if study.total.nowhere or forecast.cells_refused == NO_POSITIONS:
        _draw_city(page, forecast)
        st.write(t(NO_POSITIONS))
        return
    left, right = st.columns([SPAN, 1 - SPAN], gap="medium")
    with left:
        _draw_city(page, forecast)
    with right:
        _draw_places(page, forecast)
    _draw_cells(page, forecast)


def _as_on_the_map(forecast: ForecastStudy, study: HotSpotStudy) -> tuple[Choice, ...]:
    """The settings, with the reason that the map of hot spots gives for the size of the same cells."""
    size = next((choice for choice in study.choices if choice.name == "resolution"), None)
    return tuple(size if size and choice.name == "resolution" else choice for choice in forecast.choices)


def _draw_city(page: Page, forecast: ForecastStudy) -> None:
    """The last weeks and the next ones, with their interval."""
    t = page.t
    end = forecast.start + dt.timedelta(days=7 * forecast.weeks - 1)
    st.subheader(t("The city, {start} – {end}", start=t.date(forecast.start, "medium"), end=t.date(end, "medium")))
    if forecast.city is None:
        draw_footer(page, sentence=t(forecast.city_refused) if forecast.city_refused else "")
        return
    frame = weeks_frame(forecast, forecast.city)
    plots.draw_chart(
        page,
        _line(page, frame),
        key="hotspots_outlook",
        alt=t("Alerts by week and what is expected next. {sentence}", sentence=forecast.city.sentence(t)),
        data=frame,
        file_name="forecast-city.csv",
    )
    draw_footer(page, sentence=forecast.city.sentence(t))
    st.caption(
        t.n(
            "n = {n} alert, mapped or not, in all the weeks that were used.",
            "n = {n} alerts, mapped or not, in all the weeks that were used.",
            forecast.city.n,
        )
    )
    draw_footer(page, choices=(HOW,))


def weeks_frame(forecast: ForecastStudy, city: CountForecast) -> pd.DataFrame:
    """The last weeks with their counts, the next ones with expectation and interval."""
    ahead = pd.DataFrame(
        {
            "week": pd.date_range(forecast.start, periods=len(city.weeks), freq="7D"),
            "expected": [round(one.value, 2) for one in city.weeks],
            "lower": [one.low for one in city.weeks],
            "upper": [one.high for one in city.weeks],
        }
    )
    return pd.concat([forecast.recent, ahead], ignore_index=True)


def _line(page: Page, frame: pd.DataFrame) -> Figure:
    t, colours = page.t, palette(page.theme)
    figure = plots.band_figure(page, frame)
    ahead = frame[frame["expected"].notna()]
    figure.add_scatter(
        x=ahead["week"],
        y=ahead["expected"],
        mode="lines+markers",
        line={"color": colours.accent, "width": 2, "dash": "dot"},
        name=t("expected"),
        hovertext=[
            t(
                "Week of {day}: {expected} expected ({low} to {high})",
                day=row["week"].date(),
                expected=round(row["expected"]),
                low=round(row["lower"]),
                high=round(row["upper"]),
            )
            for row in ahead.to_dict("records")
        ],
        hoverinfo="text",
    )
    figure.show_named_legend()
    return figure


def _draw_places(page: Page, forecast: ForecastStudy) -> None:
    """The landmarks."""
    t = page.t
    st.subheader(t("By place"))
    if forecast.places:
        frame = pd.DataFrame(
            {
                "place": place_label(t, page.city, place),
                "expected": number_with_interval(t, ahead.total.value, ahead.total.low, ahead.total.high),
                "kept": t("{n} of {all}", n=ahead.covered, all=ahead.tried),
            }
            for place, ahead in forecast.places
        )
        headings = {"place": t("Place"), "expected": t("Expected (95 %)"), "kept": t("Weeks inside")}
        tables.draw_fitted_table(
            page,
            frame,
            headings,
            _room(page),
            key="hotspots_places_ahead",
            alt=t("Alerts expected at each place in the next four weeks"),
        )
        tables.download_button(
            page, frame.rename(columns=headings), "forecast-places.csv", key="hotspots_places_ahead_download"
        )
    else:
        few = t("No place can be forecast: there are too few whole weeks of data.")
        st.write(few if page.city.landmarks else escape_markdown(missing(page, NO_LANDMARKS)))


def _draw_cells(page: Page, forecast: ForecastStudy) -> None:
    """Map and list of the cells where most alerts are expected, with the backtest; else the reason why not."""
    t, found = page.t, forecast.cells
    st.subheader(t("Where on the map"))
    if found is None:
        draw_footer(page, sentence=t(forecast.cells_refused) if forecast.cells_refused else "")
        return
    if forecast.listed:
        left, right = st.columns([SPAN, 1 - SPAN], gap="medium")
        with left:
            _draw_map(page, forecast.listed, found)
        with right:
            _draw_list(page, forecast.listed)
    draw_footer(page, sentence=found.sentence(t))
    st.caption(
        t.n(
            "n = {n} alert on the map, in all the weeks that were used.",
            "n = {n} alerts on the map, in all the weeks that were used.",
            found.n,
        )
    )
    draw_footer(page, choices=forecast.choices)
    if len(found.backtest.frame):
        _draw_backtest(page, found)


def _draw_map(page: Page, listed: tuple[ListedCell, ...], found: PlaceForecast) -> None:
    t = page.t
    names = [one.name(t) for one in listed]
    polygons = cell_polygons([one.cell for one in listed])
    pins = [
        Pin(name, one.longitude, one.latitude, rank)
        for rank, (one, name) in enumerate(zip(listed, names, strict=True), 1)
    ]
    alt = t("Map of the cells where most alerts are expected; the list beside it holds the same.")
    outline = t("most alerts expected")
    cell_map.draw_cell_map(
        page,
        key="hotspots_forecast_map",
        alt=alt,
        outlines=[
            cell_map.Outline(f"{one.cell:x}", name, polygon)
            for one, name, polygon in zip(listed, names, polygons, strict=True)
        ],
        pins=pins,
        height=400,
        span=SPAN,
        pickable=False,
        outline_label=outline,
    )
    map_download_button(
        page,
        lambda: [outlined(outline, LIGHT.cluster_line, polygons)],
        name="forecast",
        title=t("Forecast"),
        alt=alt,
        total=None,
        pins=pins,
        facts=[found.sentence(t)],
    )


def _draw_list(page: Page, listed: tuple[ListedCell, ...]) -> None:
    t, least = page.t, least_written(page)
    few_counted = [0 < one.last_weeks < least for one in listed]  # what is expected would tell such a count
    few = any(few_counted)
    frame = pd.DataFrame(
        {
            "name": ranked_name(rank, one.name(t)),
            "expected": "–" if small else number_with_interval(t, one.expected, one.low, one.high),
            "last": written_count(page, one.last_weeks) if few else one.last_weeks,
        }
        for rank, (one, small) in enumerate(zip(listed, few_counted, strict=True), 1)
    )
    headings = {"name": t.c("emerging", "Place"), "expected": t("Expected (95 %)"), "last": t("52 weeks")}
    alt = t("Cells where most alerts are expected")
    tables.draw_fitted_table(
        page, frame, headings, _room(page), key="hotspots_forecast", alt=alt, digits={} if few else {"last": 0}
    )
    tables.download_button(page, cells_frame(t, listed), "forecast-cells.csv", key="hotspots_forecast_download")


def _draw_backtest(page: Page, found: PlaceForecast) -> None:
    """Each method on the past, against plain counting."""
    t = page.t
    st.subheader(t("How such forecasts performed in the past"))
    frame = found.backtest.frame
    names = {name: t(label) for name, label in METHOD_NAMES.items()}
    rows = [
        {
            "area": t.percent(row["area"]),
            "method": names[row["method"]],
            "pai": _measured(t, row, "pai", 1),
            "pei": _measured(t, row, "pei", 2),
            "pei_cells": _measured(t, row, "pei_cells", 2),
            "recapture": _measured(t, row, "recapture", 2),
            "gain": "" if row["method"] == "naive" else _measured(t, row, "gain", 1),
        }
        for row in frame.sort_values("area", kind="stable").to_dict("records")
    ]
    headings = {
        "area": t("Land"),
        "method": t("Method"),
        "pai": t("Times chance (PAI)"),
        "pei": t("Of the best (PEI)"),
        "pei_cells": t("PEI, as many cells"),
        "gain": t("Gain on counting"),
        "recapture": t("Recapture (Levine)"),
    }
    alt = t("Past forecasts by method and share of land")
    if page.narrow:  # the rest is in the file
        shown = {name: headings[name] for name in ("area", "method", "pai")}
        tables.draw_plain_table(page, pd.DataFrame(rows), shown, alt=alt)
    else:
        tested = pd.DataFrame(rows)
        columns, height = tables.wrapped_columns(tested, headings, page.room.column, wrapped=("method",))
        tables.draw_table(
            page,
            tested,
            headings,
            key="hotspots_backtest",
            alt=alt,
            columns=columns,
            row_height=height,
            height="content",
        )
    tables.download_button(page, frame, "forecast-backtest.csv", key="hotspots_backtest_download")
    if found.shown:
        st.write(escape_markdown(found.places_sentence(t)))
    st.caption(
        t(
            "PAI: share of the alerts that occurred on the flagged land, divided by its share of all land. PEI: the "
            "PAI compared with the best that could have been flagged on as much land; beside it, the alerts compared "
            "with the most that as many cells could have held. Gain: difference between the PAI and that of "
            "plain counting, its interval corrected for two models. Recapture: the share of the alerts compared with "
            "that of the 52 weeks before on the same land; below 1 the places held less of the city's alerts than "
            "before."
        )
    )


def _room(page: Page) -> float:
    """Pixels of what stands beside the map and the line."""
    return map_width(page.room, 1 - SPAN) - BESIDE_GAP


def _measured(t: Translator, row: dict[Any, Any], name: str, digits: int) -> str:
    return number_with_interval(t, row[name], row[f"{name}_low"], row[f"{name}_high"], digits)
