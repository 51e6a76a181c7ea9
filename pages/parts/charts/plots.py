"""Charts: one look for all, numbers and dates in the reader's language, words for those who do not see them.

Each `*_figure` is a pure function from a small table to a plotly figure, to which `add_*` adds what a line over time
carries beside its counts; `draw_chart` puts a figure on the page. Axis ticks and hover texts are written by the
translator, since plotly itself speaks English only.
"""

from __future__ import annotations

import datetime as dt
import html
import math
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from curim_data.model import FloatArray, Translator
from curim_data.model.absence import fewer_than
from curim_data.privacy import is_sensitive
from pages.parts.charts.figure import Figure, axis, base_figure, time_axis
from pages.parts.charts.numbers import COUNT_COLUMNS, drawn_counts, least_written, written_alerts, written_count
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
PANEL_COLUMNS, PANEL_ROW = 3, 104  # panels side by side, and pixels that a row of them takes
PANEL_TITLE: Final = 26  # pixels above a panel for its name
PANEL_TICKS: Final = 40  # pixels below the last row
PANEL_GAP: Final = 0.07  # of the width between two panels
PANEL_ROOM: Final = 0.16  # of the time shown, to the right for the last number
MarkKind = Literal["alarm", "level", "note"]
DASH: Final[dict[MarkKind, str]] = {"alarm": "dot", "level": "dash", "note": "solid"}
LONGEST: Final = 26  # letters of a label
ROWS: Final = 3  # heights at which labels stand, so that neighbours do not cover each other
LABEL_LINE: Final = 14  # pixels from one label to the next above it
# Pixels of a chart whose height is not set, and of what lies around the drawn area on a phone, where each name of the
# legend takes a line.
DRAWN, AROUND = 320, 160
A_LABEL: Final = 0.09  # of the line's length, that the label of a point takes
LOW: Final = 0.12  # of the highest number: a label below a point that is lower would lie on the axis
MOST_LABELS: Final = 3  # points outside the range that are labelled: the furthest out, or on a phone one


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
    lacking = page.alerts.lacks("hour")
    if lacking is not None:
        return t("No days and hours are shown.") + " " + t(lacking)
    return t("No alerts with a known hour.")


def small_multiples_figure(
    page: Page,
    panels: Sequence[tuple[str, pd.DataFrame]],
    *,
    time: str = "month",
    shaded: pd.Timestamp | None = None,
) -> Figure:
    """Small lines on one common scale.

    `panels`: names with frames of `time`, `n` (NaN: a gap) and, for tooltips, `alerts`. `shaded`: the day
    from which on the ground is shaded.
    """
    t, colours = page.t, palette(page.theme)
    columns = 1 if page.narrow else min(PANEL_COLUMNS, max(len(panels), 1))
    rows = -(-len(panels) // columns) or 1
    height = rows * PANEL_ROW + PANEL_TICKS
    figure = base_figure(t, colours, height=height + 16, margin={"l": 8, "r": 8, "t": 8, "b": 8})
    days = pd.concat([pd.to_datetime(frame[time]) for _, frame in panels])
    first, last = days.min(), days.max()
    ticks = _panel_ticks(t, colours, days)
    panels = [(name, f.assign(n=drawn_counts(page, f["n"], _category(f)))) for name, f in panels]
    top = max((float(frame["n"].max()) for _, frame in panels if frame["n"].notna().any()), default=1.0) or 1.0
    wide = (1 - PANEL_GAP * (columns - 1)) / columns
    for number, (name, frame) in enumerate(panels):
        at_row, at_column = divmod(number, columns)
        mark = str(number + 1) if number else ""
        left, upper = at_column * (wide + PANEL_GAP), 1 - (at_row * PANEL_ROW + PANEL_TITLE) / height
        lower = 1 - (at_row + 1) * PANEL_ROW / height
        lowest = number + columns >= len(panels)
        horizontal = {**axis(colours, grid=False), **ticks, "showticklabels": lowest, "anchor": f"y{mark}"}
        vertical = {**axis(colours, grid=True), "nticks": 3, "showticklabels": at_column == 0, "anchor": f"x{mark}"}
        span = [first.isoformat(), (last + (last - first) * PANEL_ROOM).isoformat()]
        figure.update_layout(
            **{
                f"xaxis{mark}": {**horizontal, "domain": [left, left + wide], "range": span},
                f"yaxis{mark}": {**vertical, "domain": [lower, upper], "range": [0, top * 1.08]},
            }
        )
        _add_panel(figure, page, name, frame, time, mark, shaded)
        figure.add_annotation(
            x=left, y=upper, xref="paper", yref="paper", xanchor="left", yanchor="bottom", showarrow=False, yshift=4,
            text=wrapped_label(name, ABOVE, 1), font={"size": 13, "color": colours.text},
        )  # fmt: skip
    return figure


def _category(frame: pd.DataFrame) -> str:
    """The category of a panel, which may have a threshold of its own; "" without one."""
    return str(frame["category"].iloc[0]) if "category" in frame and len(frame) else ""


def _panel_ticks(t: Translator, colours: Any, days: pd.Series) -> dict[str, Any]:
    """The dates below the panels, at most four."""
    figure = base_figure(t, colours, height=100)
    time_axis(figure, t, days, most=4)
    return {name: figure.layout["xaxis"][name] for name in ("tickvals", "ticktext") if name in figure.layout["xaxis"]}


def _add_panel(
    figure: Figure, page: Page, name: str, frame: pd.DataFrame, time: str, mark: str, shaded: pd.Timestamp | None
) -> None:
    t, colours = page.t, palette(page.theme)
    days, axes = pd.to_datetime(frame[time]), {"xaxis": f"x{mark}", "yaxis": f"y{mark}"}
    form = "LLL y" if time == "month" else "medium"
    category = _category(frame)
    if shaded is not None:
        figure.add_span(shaded, days.max(), fill=colours.withheld, **axes)
    figure.add_scatter(
        x=days,
        y=frame["n"],
        mode="lines",
        line={"color": colours.sea_blue, "width": 1.8},
        hovertext=[
            t.pair(f"{html.escape(name)}, {t.date(day.date(), form)}", written_count(page, n, category))
            for day, n in zip(days, frame["n"], strict=True)
        ],
        hoverinfo="text",
        **axes,
    )
    known = frame["n"].notna().to_numpy().nonzero()[0]
    if known.size and known[-1] == len(frame) - 1:
        figure.add_annotation(
            x=days.iloc[-1].isoformat(), y=float(frame["n"].iloc[-1]), xref=f"x{mark}", yref=f"y{mark}",
            xanchor="left", xshift=4, showarrow=False, text=_at_the_end(page, float(frame["n"].iloc[-1]), category),
            font={"size": 12, "color": colours.sea_blue},
        )  # fmt: skip


def _at_the_end(page: Page, n: float, category: str) -> str:
    """The last number beside its line, where there is no room for words."""
    least = least_written(page, category)
    return f"&lt; {least}" if 0 < n < least else written_count(page, n, category)


@dataclass(frozen=True)
class TimeMark:
    """A vertical line at a day, or a shaded span up to `end`, with its label."""

    day: dt.date
    label: str
    kind: MarkKind
    end: dt.date | None = None


def add_marks(figure: Figure, marks: Sequence[TimeMark], colours: Palette, *, last: dt.date) -> None:
    """Draw the marks; the labels of neighbours stand at different heights, those near the end to the left."""
    if not marks:
        return
    span = (last - min(mark.day for mark in marks)).days
    rows = min(len(marks), ROWS)
    height = figure.layout.get("height") or DRAWN
    # The legend stands above the labels: by shares of the drawn height, since it then makes room for itself.
    figure.update_layout(margin={"t": 24 + 16 * rows}, legend={"y": 1 + (LABEL_LINE * rows + 8) / (height - AROUND)})
    for at, mark in enumerate(sorted(marks, key=lambda one: one.day)):
        colour = colours.accent if mark.kind == "alarm" else colours.muted
        if mark.end is not None:
            figure.add_span(mark.day, mark.end, fill=colours.withheld)
        figure.add_vline(x=mark.day, line={"color": colour, "width": 1.2, "dash": DASH[mark.kind]})
        left = (last - mark.day).days < max(span, 1) / 3
        figure.add_annotation(
            x=mark.day.isoformat(),
            y=1,
            yref="y domain",
            yanchor="bottom",
            yshift=LABEL_LINE * (at % ROWS),
            xanchor="right" if left else "left",
            showarrow=False,
            text=shortened(mark.label),
            font={"size": 12, "color": colour},
        )


def shortened(text: str) -> str:
    """A label that fits, safe for plotly.

    >>> shortened("A <b> note of the analyst that goes on"), shortened("slow rise")
    ('A &lt;b&gt; note of the analyst…', 'slow rise')
    """
    return html.escape(text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…")


def add_alarm_labels(page: Page, figure: Figure, frame: pd.DataFrame, time: str, colours: Palette, most: int) -> None:
    """The date and the count at the points that lie furthest outside the expected range, none over another.

    A label below its point would lie on the dates of the axis where the count is small: it is written above then.
    """
    frame = frame.assign(n=drawn_counts(page, frame["n"]))
    t, found = page.t, frame[frame["alarm"].fillna(False).astype(bool)]
    if found.empty:
        return
    out = (found["n"] - found["upper"]).clip(lower=0) + (found["lower"] - found["n"]).clip(lower=0)
    first, last = frame[time].min(), frame[time].max()
    year = " y" if last - first > pd.Timedelta(days=400) else ""
    form = ("LLL" if time == "month" else "d MMM") + year
    highest = float(np.nanmax(frame[["n", "upper"]].to_numpy(float)))
    labelled: list[tuple[pd.Timestamp, bool]] = []
    for row in found.loc[out.sort_values(ascending=False, kind="stable").index].itertuples():
        day = getattr(row, time)
        above = row.n > row.upper or row.n < LOW * highest
        if any(above == other and abs(day - at) < (last - first) * A_LABEL for at, other in labelled):
            continue
        labelled.append((day, above))
        figure.add_annotation(
            x=day.isoformat(),
            y=row.n,
            text=t.pair(t.date(day.date(), form), written_count(page, row.n)),
            showarrow=False,
            yshift=12 if above else -12,
            xanchor="left"
            if day - first < (last - first) / 10
            else "right"
            if last - day < (last - first) / 10
            else "center",
            font={"size": 12, "color": colours.accent},
            bgcolor=colours.background + "cc",
        )
        if len(labelled) == most:
            return


def add_forecast(
    figure: Figure, frame: pd.DataFrame, time: str, t: Translator, colours: Palette, *, shown: pd.Series, narrow: bool
) -> None:
    """The next periods: their mean as a dashed line in the band of 95 and, darker, of 80 %.

    `frame`: as `analysis.forecast.NextPeriods.frame`; `shown`: the days of the line before.
    """
    days = pd.to_datetime(frame[time])
    for low, high, opacity, name in (
        ("low", "high", "33", ""),
        ("low_inner", "high_inner", "55", t("forecast, with 80 and 95 % intervals")),
    ):
        figure.add_scatter(x=days, y=frame[high], mode="lines", line={"width": 0}, hoverinfo="skip")
        figure.add_scatter(
            x=days,
            y=frame[low],
            mode="lines",
            line={"width": 0},
            fill="tonexty",
            fillcolor=colours.sea_blue + opacity,
            hoverinfo="skip",
            name=name,
        )
    form = "LLLL y" if time == "month" else "medium"
    figure.add_scatter(
        x=days,
        y=frame["expected"],
        mode="lines",
        line={"color": colours.sea_blue, "width": 1.8, "dash": "dash"},
        hovertext=[
            t(
                "{day}: forecast {expected} ({low}–{high})",
                day=t.date(day.date(), form),
                expected=t.number(row.expected),
                low=t.number(row.low),
                high=t.number(row.high),
            )
            for day, row in zip(days, frame.itertuples(), strict=True)
        ],
        hoverinfo="text",
    )
    time_axis(figure, t, pd.concat([shown, days]), compact=narrow)
