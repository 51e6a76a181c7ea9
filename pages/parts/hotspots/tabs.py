"""The tabs under the map: concentration, repeats, forecast and comparison of the same alerts, each only when opened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.concentration import Concentration, decimals, interval_decimals
from analysis.forecast import HOW, PlaceForecast
from analysis.space_time import REPEAT_M, Band, Interval, KnoxResult, Metric
from analysis.stats.intervals import Estimate
from curim_data.filters import AlertFilter
from curim_data.model import (
    NO_LANDMARKS,
    NO_POSITIONS,
    Message,
    Num,
    Translator,
    cell_polygons,
    is_small,
    place_label,
)
from curim_data.studies.alert_points import NearRepeatStudy, near_repeat_study
from curim_data.studies.hot_spots import HotSpotStudy
from curim_data.studies.spot_profiles import ConcentrationStudy, concentration_of_study, curve_frame
from curim_data.studies.trends import ForecastStudy, cells_frame, forecast_study
from pages.parts.charts import (
    Figure,
    base_figure,
    draw_chart,
    number_with_interval,
    plots,
    tables,
    written_count,
)
from pages.parts.frame import (
    LIGHT,
    Dataset,
    Page,
    cached,
    contained,
    draw_footer,
    draw_link_choice,
    escape_markdown,
    is_ready,
    missing,
    palette,
    shared,
)
from pages.parts.hotspots.choices import hot_spots
from pages.parts.hotspots.compare_tab import draw_comparison_tab
from pages.parts.hotspots.ranked_list import draw_area_note
from pages.parts.maps import (
    BESIDE_GAP,
    Outline,
    Pin,
    draw_cell_map,
    map_download_button,
    map_layer,
    map_width,
    ranked_name,
)

# A curve has no more bends than these at the size in which it is drawn; the table to download holds more.
POINTS: Final = 240
ASKED: Final = "hotspots_repeats_asked"
WIDTHS = {"space": 84, "time": 74, "observed": 58, "expected": 140, "ratio": 58, "q": 82, "pattern": 64}
WEEKS: Final = 4
SPAN: Final = 0.56  # of the page, for the map and the line; the list beside it needs room for names
# Methods of forecasts in words.
METHOD_NAMES: Final = {
    "naive": Message("Plain counting"),
    "decay": Message("Fading counts"),
    "blend": Message("Long run and recent weeks"),
}
TABS_KEY: Final = "hotspots_tab"


@cached
def _concentration(dataset: Dataset, chosen: AlertFilter, resolution: int, _study: HotSpotStudy) -> ConcentrationStudy:  # noqa: ARG001 (all but the last are the cache's key)
    return concentration_of_study(_study)


def draw_concentration_tab(page: Page, study: HotSpotStudy) -> None:
    """Draw the sentence, the Lorenz curve with that expected by chance, and the table of shares."""
    t = page.t
    about = page.dataset, page.filter, study.resolution
    concentration = _concentration(*about, hot_spots(*about) if study.hot.based else study)
    found = concentration.concentration
    draw_area_note(page, listed=False)
    if not found.enough:
        st.write(found.sentence(t))
        return
    left, right = st.columns([4, 6], gap="medium")
    with left:
        draw_chart(
            page,
            _curve(page, found),
            key="hotspots_lorenz",
            alt=t("Share of the alerts in the fullest places. {sentence}", sentence=found.sentence(t)),
            data=curve_frame(found),
            file_name="concentration-curve.csv",
            counts=(),
        )
    with right:
        tables.draw_table(
            page,
            pd.DataFrame(
                {
                    "part": t.percent(share.part),
                    "cells": t("{n} of {all}", n=share.cells, all=found.cells),
                    "places": t.percent(share.places, decimals(share.places)),
                    "chance": _percent(t, share.chance),
                }
                for share in found.shares
            ),
            {
                "part": t("Of the alerts"),
                "cells": t("Cells"),
                "places": t("Share of cells"),
                "chance": t("By chance"),
            },
            key="hotspots_concentration",
            alt=t("How few places hold a quarter, half and four fifths of the alerts"),
            file_name="concentration.csv",
            phone=("part", "places", "chance"),
        )
        st.write(escape_markdown(concentration.gini_sentence(t)))
    draw_footer(
        page,
        sentence=found.sentence(t),
        total=study.total,
        excluded=study.cells.at_default,
        choices=concentration.choices,
    )


def _curve(page: Page, found: Concentration) -> Figure:
    t, colours = page.t, palette(page.theme)
    frame = curve_frame(found)
    # Whole cells hold at least the part that is asked for, and few of them much more: the points lie on the curve.
    reached = np.interp([share.places for share in found.shares], frame["places"], frame["alerts"])
    frame = frame.iloc[np.unique(np.linspace(0, len(frame) - 1, POINTS).round().astype(int))]
    figure = base_figure(t, colours, height=320)
    hover = t("{alerts} of the alerts in {places} of the cells")
    places = [t.percent(share, 1) for share in frame["places"]]
    for name, label, line in (
        ("chance", t("by chance alone"), {"color": colours.muted, "width": 2, "dash": "dash"}),
        ("alerts", t("these alerts"), {"color": colours.sea_blue, "width": 2.6}),
    ):
        before = f"{label}: " if name == "chance" else ""
        texts = [hover.format(alerts=t.percent(y), places=x) for x, y in zip(places, frame[name], strict=True)]
        figure.add_scatter(
            x=frame["places"],
            y=frame[name],
            mode="lines",
            name=label,
            line=line,
            hovertext=[before + text for text in texts],
            hoverinfo="text",
        )
    figure.add_scatter(
        x=[share.places for share in found.shares],
        y=reached,
        mode="markers",
        marker={"color": colours.accent, "size": 8},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_layout(showlegend=True)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    for update, end, text in (
        (figure.update_xaxes, 1.03, t("Share of cells, fullest first")),
        (figure.update_yaxes, 1.02, t("Share of the alerts")),
    ):
        title = {"text": text, "font": {"size": 13, "color": colours.muted}}
        update(range=[0, end], tickvals=ticks, ticktext=[t.percent(tick) for tick in ticks], title=title)
    return figure


def _percent(t: Translator, share: Estimate) -> str:
    digits = interval_decimals(t, share)
    interval = f" ({t.number(100 * share.low, digits)}–{t.number(100 * share.high, digits)})"
    return t.percent(share.value, digits) + (interval if share.low != share.high else "")


_repeats = shared(near_repeat_study, Message("Shuffling the dates of the incidents a thousand times"))


def draw_repeats_tab(page: Page, study: HotSpotStudy) -> None:
    """Near repeats; for whom single alerts are protected, why not."""
    t = page.t
    if page.protected:
        st.write(
            t(
                "Repeats are for analysts and specialists: the test needs the place and day of every single alert, "
                "which are protected here."
            )
        )
        return
    if (lacking := page.alerts.lacks("day")) is not None:
        st.info(t("Repeats within days cannot be looked for.") + " " + t(lacking))
        return
    metric: Metric = draw_link_choice(
        t("Distance"),
        {"euclidean": t("In a straight line (Euclidean)"), "manhattan": t("Along the axes (Manhattan)")},
        "metric",
        "hotspots_metric",
        "euclidean",
        width=280,
        tab="repeats",
    )
    about = page.dataset, page.filter
    if not (is_ready(_repeats, *about, metric=metric) or st.session_state.get(ASKED) == about):
        st.write(
            t(
                "This test compares every pair of incidents with the same incidents on shuffled dates, which takes a "
                "while where there are many."
            )
        )
        st.button(t("Test for repeats"), key="hotspots_repeats", type="primary", on_click=_ask, args=(about,))
        return
    with contained(t("Repeats")):
        draw_near_repeats(page, _repeats(*about, metric=metric), study)


def _ask(about: tuple[Dataset, AlertFilter]) -> None:
    """Remember that the reader wants the test, under this filter."""
    st.session_state[ASKED] = about
    st.query_params["tab"] = "repeats"


def draw_near_repeats(page: Page, repeats: NearRepeatStudy, study: HotSpotStudy) -> None:
    """The Knox table, the same place again apart from it, and what stands under a figure."""
    t, found = page.t, repeats.knox
    st.subheader(t("Is an incident followed by others nearby?"))
    draw_footer(page, sentence=repeats.sentence(t))
    if caution := repeats.caution(t):
        st.warning(escape_markdown(caution))
    if found is None:
        draw_footer(page, total=study.total, choices=repeats.choices)
        return
    headings = {
        "space": t("Distance (m)") if found.metric == "euclidean" else t("Along the axes (m)"),
        "time": t("Days apart"),
        "observed": t("Pairs"),
        "expected": t("By chance (95 %)"),
        "ratio": t("Ratio"),
        "q": t("Corrected p"),
        "pattern": t("Pattern"),
    }
    _draw_bands(
        page,
        found.near,
        headings,
        key="hotspots_knox",
        alt=t("Pairs of incidents by the distance and the days between them, against chance"),
    )
    _draw_same_place(page, found, headings)
    st.caption(
        t(
            "A square bracket includes its limit, a round one does not: {band} is more than 100 and up to 200 metres.",
            band=Interval(100.0, 200.0, False, True).label(t),
        )
    )
    st.caption(escape_markdown(found.method(t)))
    draw_footer(page, choices=repeats.choices)
    tables.download_button(page, found.frame(), "near-repeat.csv", key="hotspots_knox_download")


def _draw_same_place(page: Page, found: KnoxResult, headings: dict[str, str]) -> None:
    """Alerts at the very same place, which are no near repeats."""
    if not found.repeats:
        return
    pairs = sum(band.observed for band in found.repeats)
    st.write(
        page.t.n(
            "At the very same place (within {metres} m), up to {days} days apart: {n} pair.",
            "At the very same place (within {metres} m), up to {days} days apart: {n} pairs.",
            pairs,
            metres=Num(REPEAT_M, 1),
            days=round(found.repeats[-1].time.high),
        )
    )
    if pairs:
        _draw_bands(
            page,
            found.repeats,
            headings,
            key="hotspots_same_place",
            alt=page.t("Pairs of incidents at the very same place, against chance"),
        )


def _draw_bands(page: Page, bands: Sequence[Band], headings: Mapping[str, str], *, key: str, alt: str) -> None:
    """Bands in words, as computed, in narrow columns; a pattern has a word of its own, so that no colour is needed."""
    t = page.t
    frame = pd.DataFrame(
        {
            "space": band.space.label(t),
            "time": band.time.label(t),
            "observed": t.number(band.observed),
            "expected": f"{t.number(band.mean, 0 if band.mean >= 100 else 1)} "
            f"({t.number(band.low)}–{t.number(band.high)})",
            "ratio": t.number(band.ratio, 2) if np.isfinite(band.ratio) else "–",
            "q": t.p_value(band.q, least=band.p <= band.least),
            "pattern": t("yes") if band.pattern else "",
        }
        for band in bands
    )
    tables.draw_table(
        page,
        frame,
        headings,
        key=key,
        alt=alt,
        columns={name: st.column_config.Column(label, width=WIDTHS[name]) for name, label in headings.items()},
        height="content",
        narrow=("space", "time", "ratio", "pattern"),
    )


_forecast = shared(forecast_study, Message("Forecasting, and testing the forecast on past weeks"))


def draw_forecast_tab(page: Page, study: HotSpotStudy) -> None:
    """The city and its places first, then the cells where most alerts are expected, with their backtest."""
    t = page.t
    forecast = _forecast(page.dataset, page.filter, WEEKS, study.resolution if not page.protected else None)
    # With the reason that the map of hot spots gives for the size of the same cells.
    sizes = {choice.name: choice for choice in study.choices if choice.name == "resolution"}
    forecast = replace(forecast, choices=tuple(sizes.get(choice.name, choice) for choice in forecast.choices))
    for note in forecast.notes:
        st.caption(escape_markdown(t(note)))
    if not page.alerts.known_time.knows("week") and forecast.city_refused is not None:
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
        _draw_landmarks(page, forecast)
    _draw_cells(page, forecast)


def _draw_city(page: Page, forecast: ForecastStudy) -> None:
    """The last weeks and the next ones, with their interval."""
    t = page.t
    end = forecast.start + dt.timedelta(days=7 * forecast.weeks - 1)
    st.subheader(t("The city, {start} – {end}", start=t.date(forecast.start, "medium"), end=t.date(end, "medium")))
    if forecast.city is None:
        draw_footer(page, sentence=t(forecast.city_refused) if forecast.city_refused else "")
        return
    ahead = pd.DataFrame(
        {
            "week": pd.date_range(forecast.start, periods=len(forecast.city.weeks), freq="7D"),
            "expected": [round(one.value, 2) for one in forecast.city.weeks],
            "lower": [one.low for one in forecast.city.weeks],
            "upper": [one.high for one in forecast.city.weeks],
        }
    )
    frame = pd.concat([forecast.recent, ahead], ignore_index=True)
    draw_chart(
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


def _draw_landmarks(page: Page, forecast: ForecastStudy) -> None:
    """The landmarks."""
    t = page.t
    st.subheader(t("By place"))
    if not forecast.places:
        few = t("No place can be forecast: there are too few whole weeks of data.")
        st.write(few if page.city.landmarks else escape_markdown(missing(page, NO_LANDMARKS)))
        return
    frame = pd.DataFrame(
        {
            "place": place_label(t, page.city, place),
            "expected": number_with_interval(t, ahead.total.value, ahead.total.low, ahead.total.high),
            "kept": t("{n} of {all}", n=ahead.covered, all=ahead.tried),
        }
        for place, ahead in forecast.places
    )
    tables.draw_fitted_table(
        page,
        frame,
        {"place": t("Place"), "expected": t("Expected (95 %)"), "kept": t("Weeks inside")},
        _room_beside(page),
        key="hotspots_places_ahead",
        alt=t("Alerts expected at each place in the next four weeks"),
        file_name="forecast-places.csv",
    )


def _draw_cells(page: Page, forecast: ForecastStudy) -> None:
    """Map and list of the cells where most alerts are expected, with the backtest; else the reason why not."""
    t, found = page.t, forecast.cells
    st.subheader(t("Where on the map"))
    if found is None:
        draw_footer(page, sentence=t(forecast.cells_refused) if forecast.cells_refused else "")
        return
    if len(forecast.listed):
        left, right = st.columns([SPAN, 1 - SPAN], gap="medium")
        with left:
            _draw_forecast_map(page, forecast.listed, found)
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


def _draw_forecast_map(page: Page, listed: pd.DataFrame, found: PlaceForecast) -> None:
    t = page.t
    polygons = cell_polygons(listed["cell"].tolist())
    pins = [Pin(one.name(t), one.longitude, one.latitude, rank) for rank, one in enumerate(listed.itertuples(), 1)]
    alt = t("Map of the cells where most alerts are expected; the list beside it holds the same.")
    outline = t("most alerts expected")
    draw_cell_map(
        page,
        key="hotspots_forecast_map",
        alt=alt,
        outlines=[
            Outline(f"{one.cell:x}", pin.name, polygon)
            for one, pin, polygon in zip(listed.itertuples(), pins, polygons, strict=True)
        ],
        pins=pins,
        height=400,
        span=SPAN,
        pickable=False,
        outline_label=outline,
    )
    map_download_button(
        page,
        lambda: [map_layer(outline, LIGHT.cluster_line, polygons, outline=True)],
        name="forecast",
        title=t("Forecast"),
        alt=alt,
        total=None,
        pins=pins,
        facts=[found.sentence(t)],
    )


def _draw_list(page: Page, listed: pd.DataFrame) -> None:
    t, least = page.t, page.written.least()
    few = any(is_small(n, least) for n in listed["last_weeks"])
    frame = pd.DataFrame(
        {
            "name": ranked_name(rank, one.name(t)),
            # What is expected would tell a small count.
            "expected": "–"
            if is_small(one.last_weeks, least)
            else number_with_interval(t, one.expected, one.low, one.high),
            "last": written_count(page, one.last_weeks) if few else one.last_weeks,
        }
        for rank, one in enumerate(listed.itertuples(), 1)
    )
    tables.draw_fitted_table(
        page,
        frame,
        {"name": t.c("emerging", "Place"), "expected": t("Expected (95 %)"), "last": t("52 weeks")},
        _room_beside(page),
        digits={} if few else {"last": 0},
        key="hotspots_forecast",
        alt=t("Cells where most alerts are expected"),
    )
    tables.download_button(page, cells_frame(t, listed), "forecast-cells.csv", key="hotspots_forecast_download")


def _draw_backtest(page: Page, found: PlaceForecast) -> None:
    """Each method on the past, against plain counting."""
    t = page.t
    st.subheader(t("How such forecasts performed in the past"))
    frame, names = found.backtest.frame, {name: t(label) for name, label in METHOD_NAMES.items()}
    digits = {"pai": 1, "pei": 2, "pei_cells": 2, "recapture": 2, "gain": 1}
    tested = pd.DataFrame(
        {
            "area": t.percent(row["area"]),
            "method": names[row["method"]],
            **{
                name: number_with_interval(t, row[name], row[f"{name}_low"], row[f"{name}_high"], places)
                for name, places in digits.items()
            },
            **({"gain": ""} if row["method"] == "naive" else {}),
        }
        for row in frame.sort_values("area", kind="stable").to_dict("records")
    )
    headings = {
        "area": t("Land"),
        "method": t("Method"),
        "pai": t("Times chance (PAI)"),
        "pei": t("Of the best (PEI)"),
        "pei_cells": t("PEI, as many cells"),
        "gain": t("Gain on counting"),
        "recapture": t("Recapture (Levine)"),
    }
    columns, height = tables.wrapped_columns(tested, headings, page.room.column, wrapped=("method",))
    tables.draw_table(
        page,
        tested,
        headings,
        key="hotspots_backtest",
        alt=t("Past forecasts by method and share of land"),
        columns=columns,
        row_height=height,
        height="content",
        phone=("area", "method", "pai"),  # the rest is in the file
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


def _room_beside(page: Page) -> float:
    """Pixels of what stands beside the map and the line."""
    return map_width(page.room, 1 - SPAN) - BESIDE_GAP


# By the word that stands for a tab in a link: its name, and what shows it.
TABS: Final[dict[str, tuple[Message, Callable[[Page, HotSpotStudy], None]]]] = {
    "concentration": (Message("Concentration"), draw_concentration_tab),
    "comparison": (Message("Comparison"), draw_comparison_tab),
    "repeats": (Message("Repeats"), draw_repeats_tab),
    "forecast": (Message("Forecast"), draw_forecast_tab),
}


def draw_tabs(page: Page, study: HotSpotStudy) -> None:
    """The tabs under the map; `study` is that of the map above them. A link may ask for one ("tab=concentration")."""
    names = [page.t(name) for name, _ in TABS.values()]
    if (asked := st.query_params.get("tab", "")) in TABS:
        st.session_state.setdefault(TABS_KEY, page.t(TABS[asked][0]))
    for tab, name, (_, draw) in zip(st.tabs(names, key=TABS_KEY, on_change="rerun"), names, TABS.values(), strict=True):
        if tab.open:
            with tab, contained(name):
                if study.total.nowhere and draw is not draw_forecast_tab:  # a forecast of the city needs no places
                    st.write(page.t(NO_POSITIONS))
                else:
                    draw(page, study)
