"""Charts: one look for all, numbers and dates in the reader's language, words for those who do not see them.

Each `*_figure` is a pure function from a small table to a plotly figure; `draw_chart` puts a figure on the page.
Axis ticks and hover texts are written by the translator, since plotly itself speaks English only.
"""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Collection, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from curim_data.model import FloatArray, Translator
from curim_data.model.absence import fewer_than
from curim_data.privacy import is_sensitive
from pages.parts.charts.figure import Figure
from pages.parts.charts.numbers import COUNT_COLUMNS, drawn_counts, least_written, written_alerts, written_count
from pages.parts.charts.style import base_figure, time_axis
from pages.parts.charts.tables import download_button
from pages.parts.frame import Page, Palette, palette
from pages.parts.frame.colours import COUNTS

DASHES: Final = ("solid", "solid", "dash", "dot", "dashdot")  # a year's line, by how long ago it was
BESIDE, ABOVE = 30, 40  # letters of a name beside its bar, and above it or above a panel
CLOCK_LEGEND: Final = 46  # pixels of the legend below a clock
CLOSEST, CLOSEST_ON_PHONE = 0.05, 0.14  # of an axis: ticks nearer to each other than that would touch
YEARS: Final = 4  # that have a line of their own
CONFIG: Final = {
    "displaylogo": False,
    "modeBarButtons": [["toImage"]],
    "toImageButtonOptions": {"format": "png", "scale": 2},
    "scrollZoom": False,
    "doubleClick": "reset",
}
SMALL_CONFIG: Final = {**CONFIG, "displayModeBar": False}


def draw_chart(
    page: Page,
    figure: Figure | go.Figure,
    *,
    key: str,
    alt: str,
    data: pd.DataFrame | None = None,
    file_name: str = "",
    small: bool = False,
    counts: Collection[str] = COUNT_COLUMNS,
) -> None:
    """Put a figure on the page with its words for screen readers and, where `data` is given, its download.

    `small`: without the button that saves a picture, which would cover what there is to see. `counts`: the columns of
    counts of the data, of which small ones are not handed out.
    """
    drawn = figure.for_streamlit() if isinstance(figure, Figure) else figure
    st.plotly_chart(drawn, key=key, theme=None, config=SMALL_CONFIG if small else CONFIG, alt=alt)
    if data is not None:
        download_button(page, data, file_name or f"{key}.csv", key=f"{key}_download", counts=counts)


def band_figure(
    page: Page,
    frame: pd.DataFrame,
    *,
    time: str = "week",
    height: int = 280,
    incomplete: bool = False,
    beginning: bool = False,
    name: str = "",
) -> Figure:
    """A line of counts over its expected band; alarms in the accent colour, an incomplete first or last point hollow.

    Parameters
    ----------
    frame
        Columns `time` (dates), `n`; optional `expected`, `lower`, `upper` (floats), `alarm` (bool),
        `adjusted` (the seasonally adjusted series). Withheld counts are NaN: the line has a gap there.
    name
        What is counted: "alerts", unless it is said.
    incomplete
        Whether the last row is a period that has not ended.
    beginning
        Whether the first row is a period in which the data begin.
    """
    t, colours = page.t, palette(page.theme)
    frame = frame.sort_values(time).reset_index(drop=True)
    frame = frame.assign(n=drawn_counts(page, frame["n"]))
    figure = base_figure(t, colours, height=height)
    days = pd.to_datetime(frame[time])
    if {"lower", "upper"} <= set(frame) and frame["upper"].notna().any():
        figure.add_scatter(x=days, y=frame["upper"], mode="lines", line={"width": 0}, hoverinfo="skip")
        figure.add_scatter(
            x=days,
            y=frame["lower"],
            mode="lines",
            line={"width": 0},
            fill="tonexty",
            fillcolor=colours.band,
            hoverinfo="skip",
            name=t("expected range"),
        )
    if "adjusted" in frame:
        figure.add_scatter(
            x=days,
            y=frame["adjusted"],
            mode="lines",
            line={"color": colours.sea_blue, "width": 2, "dash": "dot"},
            hoverinfo="skip",
            name=t("seasonally adjusted"),
        )
    whole = frame["n"].astype(float).where(~_ends(frame, beginning, incomplete))
    figure.add_scatter(
        x=days,
        y=whole,
        mode="lines" if whole.count() > 1 else "lines+markers",  # a single period makes no line
        line={"color": colours.line, "width": 1.6},
        hovertext=_band_hover(page, frame, time),
        hoverinfo="text",
        name=name or t("alerts"),
    )
    _mark_alarms(figure, frame, days, colours, t)
    _mark_small(page, figure, whole, days, colours)
    _mark_incomplete(page, figure, frame, days, colours, beginning, incomplete)
    time_axis(figure, t, days, compact=page.narrow)
    figure.update_yaxes(rangemode="tozero")
    return figure


def interval_bars_figure(
    page: Page,
    frame: pd.DataFrame,
    *,
    colours_by_row: Sequence[str] | None = None,
    labels_above: bool = False,
) -> Figure:
    """Horizontal bars with intervals, the first row on top, value and interval written next to each.

    `frame`: columns `label`, `value`, `low`, `high` (shares 0 to 1); optional `text` in place of the
    written value. `labels_above`: each label above its bar, for narrow columns and long names.
    """
    t, colours = page.t, palette(page.theme)
    # plotly reads some markup, and names come from exports; long ones would leave no room for the bars
    labels = [html.escape(label) for label in frame["label"]]
    lines = 2 if not labels_above or any(len(label) > ABOVE for label in frame["label"]) else 1
    shown = [wrapped_label(label, ABOVE if labels_above else BESIDE, lines) for label in frame["label"]]
    values, low, high = (frame[name].to_numpy(float) for name in ("value", "low", "high"))
    row = (46 if lines == 1 else 64) if labels_above else 34
    gap = 1 - 14.7 / row if labels_above else 0.45
    figure = base_figure(t, colours, height=row * len(frame) + 30, bargap=gap)
    texts = (
        frame["text"].tolist()
        if "text" in frame
        else [
            t.share(*row_values) if np.isfinite(row_values).all() else _with_interval(t.percent, *row_values)
            for row_values in zip(values, low, high, strict=True)
        ]
    )
    ends = np.where(np.isfinite(high), np.fmax(values, high), values)
    figure.add_bar(
        x=values,
        y=labels,
        orientation="h",
        marker={"color": list(colours_by_row) if colours_by_row else colours.sea_blue, "cornerradius": 3},
        error_x=_errors(values, low, high, colours),
        hovertext=[page.t.pair(label, text) for label, text in zip(labels, texts, strict=True)],
        hoverinfo="text",
    )
    top = float(ends[np.isfinite(ends)].max(initial=0.0))
    figure.update_xaxes(range=[0, top * 2.1 or 1], visible=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, ticksuffix="  ", showticklabels=not labels_above)
    figure.update_yaxes(tickvals=labels, ticktext=shown)
    above = {"x": 0, "showarrow": False, "xanchor": "left", "align": "left", "font": {"color": colours.muted}}
    beside = {"showarrow": False, "xanchor": "left", "xshift": 8, "font": {"color": colours.text}}
    for label, short, text, end in zip(labels, shown, texts, ends.tolist(), strict=True):
        if labels_above:
            figure.add_annotation(y=label, text=short, yshift=26 if "<br>" in short else 17, **above)
        figure.add_annotation(x=end, y=label, text=text, **beside)
    return figure


def forest_figure(
    page: Page,
    frame: pd.DataFrame,
    *,
    reference: float = 1.0,
    log: bool = True,
    digits: int = 1,
    height: int | None = None,
) -> Figure:
    """Points with intervals against a line of no difference, the first row on top.

    `frame`: columns `label`, `value`, `low`, `high`; optional `strong` (bool): drawn in the accent colour, `hollow`
    (bool): a value that is a limit, and `text` in place of the written value.
    """
    t, colours = page.t, palette(page.theme)
    shown = [wrapped_label(label, 22 if page.narrow else BESIDE, 2) for label in frame["label"]]
    frame = frame.assign(label=frame["label"].map(html.escape))
    figure = base_figure(t, colours, height=height or 30 * len(frame) + 60)
    strong, hollow = (frame.get(name, pd.Series(False, index=frame.index)) for name in ("strong", "hollow"))
    texts = (
        frame["text"]
        if "text" in frame
        else [_with_interval(lambda v: t.number(v, digits), r.value, r.low, r.high) for r in frame.itertuples()]
    )
    figure.add_scatter(
        x=frame["value"],
        y=frame["label"],
        mode="markers",
        marker={
            "color": [colours.accent if mark else colours.line for mark in strong],
            "size": 9,
            "symbol": ["circle-open" if mark else "circle" for mark in hollow],
        },
        error_x=_errors(*(frame[name].to_numpy(float) for name in ("value", "low", "high")), colours),
        hovertext=[t.pair(label, text) for label, text in zip(frame["label"], texts, strict=True)],
        hoverinfo="text",
    )
    figure.add_vline(x=reference, line={"color": colours.muted, "width": 1, "dash": "dash"})
    if log:
        ticks = _log_ticks(frame, CLOSEST_ON_PHONE if page.narrow else CLOSEST)
        figure.update_xaxes(type="log", tickvals=ticks, ticktext=[t.number(v, 0 if v >= 1 else 2) for v in ticks])
    figure.update_yaxes(autorange="reversed", showgrid=True, ticksuffix="  ")
    figure.update_yaxes(tickvals=frame["label"].tolist(), ticktext=shown)
    return figure


def wrapped_label(text: str, width: int, lines: int) -> str:
    """A name of at most so many lines of `width` letters, with an ellipsis where it is longer, safe for plotly.

    >>> wrapped_label("Noise from a bar", 40, 2), wrapped_label("A <b> name that goes on and on", 12, 2)
    ('Noise from a bar', 'A &lt;b&gt; name<br>that goes…')
    """
    found = textwrap.wrap(text, width, max_lines=lines, placeholder="…") or [""]
    return "<br>".join(html.escape(line) for line in found)


def clock_figure(
    page: Page,
    frame: pd.DataFrame,
    *,
    height: int = 230,
    compact: bool = False,
) -> Figure:
    """Weekday by hour, Monday on top, in the colours of the count scale, with the legend of what they stand for.

    `frame`: columns `weekday` (0 Monday), `hour` (0–23), `n` (no row: drawn in grey).
    """
    t, colours = page.t, palette(page.theme)
    compact = compact or page.narrow
    grid = _hours_of_week(frame)
    grid = drawn_counts(page, pd.Series(grid.ravel())).to_numpy(float).reshape(grid.shape)
    days = [t.weekday(day, "abbreviated" if compact else "wide") for day in range(7)]
    most = float(np.nanmax(grid, initial=0.0))
    least = least_written(page)
    if 0 < most < least:  # the strongest colour is not for what is too little to be read
        most = float(least)
    figure = base_figure(t, colours, height=height + CLOCK_LEGEND, plot_bgcolor=colours.withheld)
    figure.add_heatmap(
        z=grid,
        x=list(range(24)),
        y=days,
        xgap=2,
        ygap=2,
        zmin=0,
        zmax=most or 1,
        colorscale=[[0, colours.land], [0.0001, COUNTS[0]], *[[(i + 1) / 5, c] for i, c in enumerate(COUNTS)]],
        showscale=most > 0,
        colorbar=count_legend(t, colours, most, t("Number in an hour of the week")),
        hovertext=[
            [f"{day} {hour:02d}:00–{hour + 1:02d}:00: {written_alerts(page, n)}" for hour, n in enumerate(row)]
            for day, row in zip(map(t.weekday, range(7)), grid.tolist(), strict=True)
        ],
        hoverinfo="text",
    )
    hours = list(range(0, 24, 6 if compact else 3))
    figure.update_xaxes(tickvals=hours, ticktext=[f"{hour:02d}:00" for hour in hours])
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def count_legend(t: Translator, colours: Palette, most: float, title: str, below: int = 30) -> dict[str, Any]:
    """The scale below a table of colours, zero to the fullest cell, whole steps where counts are. `below`: pixels."""
    steps = sorted({int(most * part / 4) for part in range(5)}) if most >= 1 else [0.0, most]
    return {
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yanchor": "top",
        "ypad": below,
        "len": 0.6,
        "thickness": 9,
        "outlinewidth": 0,
        "title": {"text": title, "side": "bottom", "font": {"size": 12}},
        "tickvals": steps,
        "ticktext": [t.number(step, 0 if float(step).is_integer() else 1) for step in steps],
        "tickfont": {"color": colours.muted, "size": 12},
    }


def _hours_of_week(frame: pd.DataFrame) -> FloatArray:
    """n by weekday and hour, shape (7, 24); NaN where there is no row."""
    known = frame.dropna(subset=["weekday", "hour", "n"])
    at = known["weekday"].to_numpy(int), known["hour"].to_numpy(int)
    grid = np.full((7, 24), np.nan)
    grid[at] = 0
    np.add.at(grid, at, known["n"].to_numpy(float))
    return grid


def year_on_year_figure(page: Page, frame: pd.DataFrame) -> Figure:
    """Months side by side, a line a year, the last year strong. `frame`: columns `month` (first days), `n`.

    The four latest years have lines of their own; those before are one band, from their lowest to their highest month.
    """
    t, colours = page.t, palette(page.theme)
    frame = frame.assign(n=drawn_counts(page, frame["n"]))
    figure = base_figure(t, colours, height=300)
    months = pd.to_datetime(frame["month"])
    years = sorted(months.dt.year.unique())
    _add_earlier_years(figure, t, colours, frame.assign(year=months.dt.year, number=months.dt.month), years[:-YEARS])
    greys = [colours.district_line, colours.withheld, colours.muted]
    for year in years[-YEARS:]:
        part = frame[months.dt.year == year]
        latest = year == years[-1]
        numbers = pd.to_datetime(part["month"]).dt.month
        figure.add_scatter(
            x=numbers,
            y=part["n"],
            mode="lines+markers" if latest or len(part) == 1 else "lines",  # a line of one month cannot be seen
            name=str(year),
            line={
                "color": colours.sea_blue if latest else greys[max(0, len(greys) - (years[-1] - year))],
                "width": 2.6 if latest else 1.6,
                "dash": DASHES[min(years[-1] - year, len(DASHES) - 1)],  # greys alone are hard to distinguish
            },
            hovertext=[
                t.pair(f"{t.month(m)} {year}", written_count(page, n)) for m, n in zip(numbers, part["n"], strict=True)
            ],
            hoverinfo="text",
        )
    figure.show_named_legend()
    figure.update_layout(legend={"traceorder": "reversed"})  # the last year first
    ticks = list(range(1, 13, 3 if page.narrow else 1))  # on a phone the names of twelve months run together
    figure.update_xaxes(range=[0.6, 12.4], tickvals=ticks, ticktext=[t.month(m, "abbreviated") for m in ticks])
    figure.update_yaxes(rangemode="tozero")
    return figure


def _add_earlier_years(
    figure: Figure, t: Translator, colours: Palette, frame: pd.DataFrame, years: Sequence[int]
) -> None:
    """The range of each month over years long past, in grey; of one such year its months."""
    past = frame[frame["year"].isin(years)]
    if past.empty:
        return
    span = past.groupby("number")["n"].agg(["min", "max"]).dropna()
    first, last = min(years), max(years)
    if first == last:  # one year has no range
        point = {"size": 5, "color": colours.background, "line": {"color": colours.muted, "width": 1}}
        figure.add_scatter(
            x=span.index,
            y=span["max"],
            mode="lines+markers",
            marker=point,
            line={"color": colours.withheld, "width": 1.2},
            hoverinfo="skip",
            name=str(first),
        )
        return
    figure.add_scatter(x=span.index, y=span["max"], mode="lines", line={"width": 0}, hoverinfo="skip")
    figure.add_scatter(
        x=span.index,
        y=span["min"],
        mode="lines",
        line={"width": 0},
        fill="tonexty",
        fillcolor=colours.band,
        hoverinfo="skip",
        name=t("{first}–{last}, lowest to highest", first=str(first), last=str(last)),
    )


def _errors(values: FloatArray, low: FloatArray, high: FloatArray, colours: Palette) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": _lengths(high - values),
        "arrayminus": _lengths(values - low),
        "color": colours.muted,
        "thickness": 1.4,
        "width": 4,
    }


def _lengths(reach: FloatArray) -> list[Any]:
    """How far intervals reach; plotly would draw a missing one as one of no length, and draws none for a word."""
    return [max(value, 0.0) if np.isfinite(value) else "–" for value in reach.tolist()]


def _with_interval(write: Any, value: float, low: float, high: float) -> str:
    if low != low or high != high:
        return str(write(value))
    bare = (str(write(bound)).removesuffix("%").rstrip() for bound in (low, high))
    return f"{write(value)} ({'–'.join(bare)})"


def _band_hover(page: Page, frame: pd.DataFrame, time: str) -> list[str]:
    t = page.t
    texts = [
        t.pair(t.date(day.date(), "medium"), written_count(page, n))
        for day, n in zip(pd.to_datetime(frame[time]), frame["n"], strict=True)
    ]
    if "lower" in frame:
        template = t("expected {range}")
        for at, (lower, upper) in enumerate(zip(frame["lower"], frame["upper"], strict=True)):
            if lower == lower:
                texts[at] += "<br>" + template.format(range=f"{t.number(lower)}–{t.number(upper)}")
    return texts


def _ends(frame: pd.DataFrame, first: bool, last: bool) -> pd.Series:
    mask = pd.Series(False, index=frame.index)
    if len(frame):
        mask.iloc[0] = first
        mask.iloc[-1] |= last
    return mask


def _mark_alarms(figure: Figure, frame: pd.DataFrame, days: pd.Series, colours: Palette, t: Translator) -> None:
    alarm = frame.get("alarm", pd.Series(False, frame.index)).fillna(False).astype(bool)
    if not alarm.any():
        return
    figure.add_scatter(
        x=days[alarm],
        y=frame.loc[alarm, "n"],
        mode="markers",
        marker={"color": colours.accent, "size": 7},
        hoverinfo="skip",
        name=t("outside the expected range"),
    )


def _mark_small(page: Page, figure: Figure, counts: pd.Series, days: pd.Series, colours: Palette) -> None:
    """Hollow points for those that may not be read, which all stand at one height."""
    least = least_written(page)
    few = (counts > 0) & (counts < least)
    if least <= 1 or not few.any():
        return
    figure.add_scatter(
        x=days[few],
        y=counts[few],
        mode="markers",
        marker={"symbol": "circle-open", "size": 5, "color": colours.line},
        hoverinfo="skip",
        name=page.t(fewer_than(least)),
    )


def _mark_incomplete(
    page: Page, figure: Figure, frame: pd.DataFrame, days: pd.Series, colours: Palette, first: bool, last: bool
) -> None:
    t = page.t
    mask = _ends(frame, first, last)
    if not mask.any():
        return
    texts = [
        t("not complete yet: {n}", n=n) if last and at == len(frame) - 1 else t("in part: {n}", n=n)
        for at, n in ((at, written_count(page, n)) for at, n in frame["n"][mask].items())
    ]
    for end, neighbour in ((0, 1), (-1, -2)):
        if len(frame) > 1 and mask.iloc[end]:  # a point alone would look like a stray letter
            pair = sorted((end % len(frame), neighbour % len(frame)))
            figure.add_scatter(
                x=days.iloc[pair],
                y=frame["n"].iloc[pair],
                mode="lines",
                line={"color": colours.line, "width": 1.2, "dash": "dot"},
                hoverinfo="skip",
            )
    figure.add_scatter(
        x=days[mask],
        y=frame["n"][mask],
        mode="markers",
        marker={"color": colours.background, "size": 7, "line": {"color": colours.line, "width": 1.5}},
        hovertext=texts,
        hoverinfo="text",
        name=t("not complete yet") if not first else t("not complete"),
    )


def _log_ticks(frame: pd.DataFrame, closest: float) -> list[float]:
    """The ticks of an axis of ratios; of two nearer than the share `closest` of it only that nearer to 1 stays."""
    low, high = frame["low"].min(), frame["high"].max()
    ticks = [v for v in (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 50.0) if low / 2 <= v <= high * 2]
    if not ticks:
        return [0.5, 1.0, 2.0]
    apart = closest * math.log(max(high, ticks[-1]) / min(low, ticks[0]))
    kept: list[float] = []
    for tick in sorted(ticks, key=lambda v: abs(math.log(v))):
        if all(abs(math.log(tick / other)) >= apart for other in kept):
            kept.append(tick)
    return sorted(kept)


def has_no_clock(page: Page) -> bool:
    """Whether the days and hours of the alerts on show are not in what the audience reads."""
    return page.protected and is_sensitive(page.filter, page.city)


def no_clock_reason(page: Page) -> str:
    """Why there is no clock of the week."""
    t = page.t
    if has_no_clock(page):
        return t("No days and hours are shown: of sensitive alerts the protected copy has daylight and darkness alone.")
    lacking = page.source.lacks("hour") if page.source is not None else None
    if lacking is not None:
        return t("No days and hours are shown.") + " " + t(lacking)
    return t("No alerts with a known hour.")
