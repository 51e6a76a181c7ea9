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
from functools import partial
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import streamlit as st

from curim_data.model import Translator, fewer_than, is_small
from curim_data.model.labels import inline
from curim_data.privacy import COUNT_COLUMNS, is_sensitive
from pages.parts.charts.figure import Figure, axis, base_figure, month_ticks, time_axis
from pages.parts.charts.tables import download_button, drawn_counts, written_count
from pages.parts.frame import COUNTS, Page, Palette, palette
from pages.parts.maps import written_alerts

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
PANEL_ROW, PANEL_TITLE = 104, 26  # pixels that a row of panels takes, and above a panel for its name
PANEL_GAP: Final = 0.07  # of the width between two panels
MarkKind = Literal["alarm", "level", "note"]
DASH: Final[dict[MarkKind, str]] = {"alarm": "dot", "level": "dash", "note": "solid"}
LONGEST: Final = 26  # letters of a label
ROWS, LABEL_LINE = 3, 14  # heights at which labels stand, so that neighbours do not cover each other, and their pixels
A_LABEL: Final = 0.09  # of the line's length, that the label of a point takes
LOW: Final = 0.12  # of the highest number: a label below a point that is lower would lie on the axis
MOST_LABELS: Final = 3  # points outside the range that are labelled: the furthest out, or on a phone one


def draw_chart(
    page: Page,
    figure: Figure,
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
    st.plotly_chart(
        figure.for_streamlit(),
        key=key,
        theme=None,
        config={**CONFIG, "displayModeBar": False} if small else CONFIG,
        alt=alt,
    )
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
    figure, days = base_figure(t, colours, height=height), pd.to_datetime(frame[time])
    if {"lower", "upper"} <= set(frame) and frame["upper"].notna().any():
        figure.add_band(days, frame["lower"], frame["upper"], colours.band, name=t("expected range"))
    if "adjusted" in frame:
        figure.add_scatter(
            x=days,
            y=frame["adjusted"],
            mode="lines",
            line={"color": colours.sea_blue, "width": 2, "dash": "dot"},
            hoverinfo="skip",
            name=inline(t("Seasonally adjusted")),
        )
    ends = sorted({at for at, ended in ((0, beginning), (len(frame) - 1, incomplete)) if ended and len(frame)})
    whole = frame["n"].astype(float).mask(frame.index.isin(ends))
    figure.add_scatter(
        x=days,
        y=whole,
        mode="lines" if whole.count() > 1 else "lines+markers",  # a single period makes no line
        line={"color": colours.line, "width": 1.6},
        hovertext=_band_hover(page, frame, time),
        hoverinfo="text",
        name=name or t("alerts"),
    )
    _mark_points(page, figure, frame.assign(whole=whole, day=days), ends)
    time_axis(figure, t, days, compact=page.narrow)
    figure.update_yaxes(rangemode="tozero")
    return figure


def _mark_points(page: Page, figure: Figure, frame: pd.DataFrame, ends: list[int]) -> None:
    """Mark alarms, counts that may not be read (all at one height), and `ends` that are not whole periods."""
    t, colours, least = page.t, palette(page.theme), page.written.least()
    open_end = t("not complete")
    hover = [t.pair(open_end, written_count(page, frame["n"][at])) for at in ends]
    alarms = frame.get("alarm", pd.Series(False, frame.index)).fillna(False).astype(bool)
    few = (frame["whole"] > 0) & (frame["whole"] < least) & (least > 1)
    beside = [[0, 1] if end == 0 else [end - 1, end] for end in ends if len(frame) > 1]
    hollow = {"color": colours.background, "size": 7, "line": {"color": colours.line, "width": 1.5}}
    line = {"mode": "lines", "line": {"color": colours.line, "width": 1.2, "dash": "dot"}, "hoverinfo": "skip"}
    quiet = {"mode": "markers", "hoverinfo": "skip"}
    small = {"symbol": "circle-open", "size": 5, "color": colours.line}
    parts: list[tuple[pd.DataFrame, dict[str, Any]]] = [
        (
            frame[alarms],
            {**quiet, "marker": {"color": colours.accent, "size": 7}, "name": t("outside the expected range")},
        ),
        (frame[few], {**quiet, "marker": small, "name": t(fewer_than(least))}),
        *((frame.loc[pair], line) for pair in beside),  # a point alone would look like a stray letter
        (
            frame.loc[ends],
            {"mode": "markers", "marker": hollow, "name": open_end, "hovertext": hover, "hoverinfo": "text"},
        ),
    ]
    for rows, look in parts:
        if len(rows):
            figure.add_scatter(x=rows["day"], y=rows["n"], **look)


def interval_bars_figure(
    page: Page,
    frame: pd.DataFrame,
    *,
    colours_by_row: Sequence[str] | None = None,
    labels_above: bool = False,
) -> Figure:
    """Horizontal bars with intervals, the first row on top, value and interval written next to each.

    `frame`: columns `label`, `value`, `low`, `high` (shares 0 to 1), and `text`, as they are written. `labels_above`:
    each label above its bar, for narrow columns and long names.
    """
    t, colours = page.t, palette(page.theme)
    # plotly reads some markup, and names come from exports; long ones would leave no room for the bars
    labels = [html.escape(label) for label in frame["label"]]
    lines = 2 if not labels_above or any(len(label) > ABOVE for label in frame["label"]) else 1
    shown = [wrapped_label(label, ABOVE if labels_above else BESIDE, lines) for label in frame["label"]]
    row = 34 if not labels_above else 46 if lines == 1 else 64
    gap = 1 - 14.7 / row if labels_above else 0.45
    figure = base_figure(t, colours, height=row * len(frame) + 30, bargap=gap)
    figure.add_bar(
        x=frame["value"],
        y=labels,
        orientation="h",
        marker={"color": list(colours_by_row) if colours_by_row else colours.sea_blue, "cornerradius": 3},
        error_x=interval_lines(frame, colours.muted),
        hovertext=[t.pair(label, text) for label, text in zip(labels, frame["text"], strict=True)],
        hoverinfo="text",
    )
    ends = frame[["value", "high"]].astype(float).replace([np.inf, -np.inf], np.nan).max(axis=1)
    figure.update_xaxes(range=[0, 2.1 * np.nan_to_num(ends.max()) or 1], visible=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, ticksuffix="  ", showticklabels=not labels_above)
    figure.update_yaxes(tickvals=labels, ticktext=shown)
    above = {"x": 0, "xanchor": "left", "align": "left", "font": {"color": colours.muted}}
    for label, short, text, end in zip(labels, shown, frame["text"], ends.tolist(), strict=True):
        if labels_above:
            figure.add_annotation(y=label, text=short, yshift=26 if "<br>" in short else 17, **above)
        figure.add_annotation(x=end, y=label, text=text, xanchor="left", xshift=8, font={"color": colours.text})
    return figure


def forest_figure(
    page: Page,
    frame: pd.DataFrame,
    *,
    reference: float = 1.0,
    log: bool = True,
    height: int,
) -> Figure:
    """Points with intervals against a line of no difference, the first row on top.

    `frame`: columns `label`, `value`, `low`, `high`; optional `strong` (bool): drawn in the accent colour, `hollow`
    (bool): a value that is a limit, and `text` in place of the written value.
    """
    t, colours = page.t, palette(page.theme)
    shown = [wrapped_label(label, 22 if page.narrow else BESIDE, 2) for label in frame["label"]]
    labels = frame["label"].map(html.escape).tolist()
    write = partial(t.number, digits=1)
    texts = frame.get(
        "text",
        [
            write(value) if low != low or high != high else f"{write(value)} ({write(low)}–{write(high)})"
            for value, low, high in frame[["value", "low", "high"]].to_numpy(float).tolist()
        ],
    )
    strong, hollow = (frame.get(name, pd.Series(False, index=frame.index)) for name in ("strong", "hollow"))
    figure = base_figure(t, colours, height=height)
    figure.add_scatter(
        x=frame["value"],
        y=labels,
        mode="markers",
        marker={
            "color": [colours.accent if mark else colours.line for mark in strong],
            "size": 9,
            "symbol": ["circle-open" if mark else "circle" for mark in hollow],
        },
        error_x=interval_lines(frame, colours.muted),
        hovertext=[t.pair(label, text) for label, text in zip(labels, texts, strict=True)],
        hoverinfo="text",
    )
    figure.add_vline(x=reference, line={"color": colours.muted, "width": 1, "dash": "dash"})
    if log:
        ticks = _log_ticks(frame, CLOSEST_ON_PHONE if page.narrow else CLOSEST)
        figure.update_xaxes(type="log", tickvals=ticks, ticktext=[t.number(v, 0 if v >= 1 else 2) for v in ticks])
    figure.update_yaxes(autorange="reversed", showgrid=True, ticksuffix="  ", tickvals=labels, ticktext=shown)
    return figure


def interval_lines(frame: pd.DataFrame, colour: str, names: Sequence[str] = ("value", "low", "high")) -> dict[str, Any]:
    """The lines from `low` to `high` through the values, as plotly takes them.

    It would draw a missing one as one of no length, and draws none for a word.
    """
    value, low, high = (frame[name].to_numpy(float) for name in names)
    reach, back = (np.where(np.isfinite(part), np.fmax(part, 0.0), np.nan) for part in (high - value, value - low))
    look = {"type": "data", "symmetric": False, "color": colour, "thickness": 1.4, "width": 4}
    return look | {
        name: ["–" if x != x else x for x in part.tolist()] for name, part in (("array", reach), ("arrayminus", back))
    }


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
    t, colours, compact = page.t, palette(page.theme), compact or page.narrow
    sums = frame.dropna(subset=["weekday", "hour", "n"]).groupby(["weekday", "hour"])["n"].sum().unstack()
    grid = (
        sums.reindex(index=range(7), columns=range(24)).apply(lambda counts: drawn_counts(page, counts)).to_numpy(float)
    )
    days = [t.weekday(day, "abbreviated" if compact else "wide") for day in range(7)]
    most = float(np.nanmax(grid, initial=0.0))
    if most:  # the strongest colour is not for what is too little to be read
        most = max(most, float(page.written.least()))
    figure = base_figure(t, colours, height=height + CLOCK_LEGEND, plot_bgcolor=colours.withheld)
    figure.add_heatmap(
        z=grid,
        x=list(range(24)),
        y=days,
        xgap=2,
        ygap=2,
        showscale=most > 0,
        hovertext=[
            [f"{day} {hour:02d}:00–{hour + 1:02d}:00: {written_alerts(page, n)}" for hour, n in enumerate(row)]
            for day, row in zip(map(t.weekday, range(7)), grid.tolist(), strict=True)
        ],
        **count_scale(t, colours, most, t("Alerts")),
    )
    hours = list(range(0, 24, 6 if compact else 3))
    figure.update_xaxes(tickvals=hours, ticktext=[f"{hour:02d}:00" for hour in hours])
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def count_scale(t: Translator, colours: Palette, most: float, title: str, below: int = 30) -> dict[str, Any]:
    """The colours of a table of counts, zero to the fullest cell, and their scale below it.

    Whole steps where counts are whole. `below`: pixels.
    """
    steps = sorted({int(most * part / 4) for part in range(5)}) if most >= 1 else [0.0, most]
    shades = [[0, colours.land], [0.0001, COUNTS[0]], *[[(i + 1) / 5, c] for i, c in enumerate(COUNTS)]]
    return {
        "colorscale": shades,
        "zmin": 0,
        "zmax": most or 1,
        "colorbar": {
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
        },
        "hoverinfo": "text",
    }


def year_on_year_figure(page: Page, frame: pd.DataFrame) -> Figure:
    """Months side by side, a line a year, the last year strong. `frame`: columns `month` (first days), `n`.

    The four latest years have lines of their own; those before are one band, from their lowest to their highest month.
    """
    t, colours = page.t, palette(page.theme)
    frame = frame.assign(n=drawn_counts(page, frame["n"]))
    figure = base_figure(t, colours, height=300)
    months = pd.to_datetime(frame["month"])
    years = sorted(months.dt.year.unique())
    _add_earlier_years(figure, colours, frame.assign(year=months.dt.year, number=months.dt.month), years[:-YEARS])
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


def _add_earlier_years(figure: Figure, colours: Palette, frame: pd.DataFrame, years: Sequence[int]) -> None:
    """The range of each month over years long past, in grey; of one such year its months."""
    span = frame[frame["year"].isin(years)].groupby("number")["n"].agg(["min", "max"]).dropna()
    if len(years) > 1:
        figure.add_band(span.index, span["min"], span["max"], colours.band, name=f"{years[0]}–{years[-1]}")
    elif years:  # one year has no range
        figure.add_scatter(
            x=span.index,
            y=span["max"],
            mode="lines+markers",
            marker={"size": 5, "color": colours.background, "line": {"color": colours.muted, "width": 1}},
            line={"color": colours.withheld, "width": 1.2},
            hoverinfo="skip",
            name=str(years[0]),
        )


def _band_hover(page: Page, frame: pd.DataFrame, time: str) -> list[str]:
    t, days = page.t, pd.to_datetime(frame[time])
    texts = [
        t.pair(t.date(day.date(), "medium"), written_count(page, n)) for day, n in zip(days, frame["n"], strict=True)
    ]
    ranges = [
        f"{t.number(low)}–{t.number(high)}" if low == low else ""
        for low, high in zip(
            frame.get("lower", days.index * np.nan), frame.get("upper", days.index * np.nan), strict=True
        )
    ]
    expected = t("expected range")
    return [text + ("<br>" + t.pair(expected, span) if span else "") for text, span in zip(texts, ranges, strict=True)]


def _log_ticks(frame: pd.DataFrame, closest: float) -> list[float]:
    """The ticks of an axis of ratios; of two nearer than the share `closest` of it only that nearer to 1 stays."""
    low, high = frame["low"].min(), frame["high"].max()
    ticks = [v for v in (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 50.0) if low / 2 <= v <= high * 2] or [0.5, 1.0, 2.0]
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
    return t("No alerts with a known hour.") if lacking is None else t(lacking)


def small_multiples_figure(
    page: Page,
    panels: Sequence[tuple[str, pd.DataFrame]],
    *,
    time: str = "month",
) -> Figure:
    """Small lines on one common scale.

    `panels`: names with frames of `time`, `n` (NaN: a gap) and, for tooltips, `alerts`.
    """
    t, colours = page.t, palette(page.theme)
    columns = 1 if page.narrow else min(3, len(panels))
    height = -(-len(panels) // columns) * PANEL_ROW + 40  # pixels below the last row, for the dates
    figure = base_figure(t, colours, height=height + 16, margin={"l": 8, "r": 8, "t": 8, "b": 8})
    days = pd.concat([pd.to_datetime(frame[time]) for _, frame in panels])
    first, last = days.min(), days.max()
    ticks, words = month_ticks(t, days, 4)
    panels = [(name, f.assign(n=drawn_counts(page, f["n"], _category(f)))) for name, f in panels]
    top = float(np.nanmax([frame["n"].max() for _, frame in panels], initial=0.0)) or 1.0
    wide = (1 - PANEL_GAP * (columns - 1)) / columns
    # To the right of the time there is room for the last number.
    span = [first.isoformat(), (last + (last - first) * 0.16).isoformat()]
    for number, (name, frame) in enumerate(panels):
        at_row, at_column = divmod(number, columns)
        mark = str(number + 1) if number else ""
        left, upper = at_column * (wide + PANEL_GAP), 1 - (at_row * PANEL_ROW + PANEL_TITLE) / height
        horizontal = {"domain": [left, left + wide], "range": span, "anchor": f"y{mark}"}
        horizontal |= {"tickvals": [day.isoformat() for day in ticks], "ticktext": words}
        vertical = {"domain": [1 - (at_row + 1) * PANEL_ROW / height, upper], "range": [0, top * 1.08], "nticks": 3}
        lowest, leftmost = number + columns >= len(panels), at_column == 0
        axes = {
            f"xaxis{mark}": {**axis(colours, grid=False), **horizontal, "showticklabels": lowest},
            f"yaxis{mark}": {**axis(colours, grid=True), **vertical, "showticklabels": leftmost, "anchor": f"x{mark}"},
        }
        figure.update_layout(**axes)
        _add_panel(figure, page, name, frame, time, mark)
        figure.add_annotation(
            x=left, y=upper, xref="paper", yref="paper", xanchor="left", yanchor="bottom", yshift=4,
            text=wrapped_label(name, ABOVE, 1), font={"size": 13, "color": colours.text},
        )  # fmt: skip
    return figure


def _category(frame: pd.DataFrame) -> str:
    """The category of a panel, which may have a threshold of its own; "" without one."""
    return str(frame["category"].iloc[0]) if "category" in frame and len(frame) else ""


def _add_panel(figure: Figure, page: Page, name: str, frame: pd.DataFrame, time: str, mark: str) -> None:
    t, colours = page.t, palette(page.theme)
    days = pd.to_datetime(frame[time])
    axes: dict[str, Any] = {"xaxis": f"x{mark}", "yaxis": f"y{mark}"}
    category, form = _category(frame), "LLL y" if time == "month" else "medium"
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
    n, least = float(frame["n"].iloc[-1]), page.written.least(category)
    if n == n:  # in few letters, since there is no room for words
        figure.add_annotation(
            x=days.iloc[-1].isoformat(), y=n, xref=f"x{mark}", yref=f"y{mark}", xanchor="left", xshift=4,
            text=f"&lt; {least}" if is_small(n, least) else written_count(page, n, category),
            font={"size": 12, "color": colours.sea_blue},
        )  # fmt: skip


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
    # The legend stands above the labels, by shares of the drawn height, since it then makes room for itself. Around the
    # drawn area lie up to 160 pixels: on a phone each name of the legend takes a line.
    raised = 1 + (LABEL_LINE * rows + 8) / (figure.layout["height"] - 160)
    figure.update_layout(margin={"t": 24 + 16 * rows}, legend={"y": raised})
    for at, mark in enumerate(sorted(marks, key=lambda one: one.day)):
        colour = colours.accent if mark.kind == "alarm" else colours.muted
        if mark.end is not None:
            figure.add_span(mark.day, mark.end, fill=colours.withheld)
        figure.add_vline(x=mark.day, line={"color": colour, "width": 1.2, "dash": DASH[mark.kind]})
        figure.add_annotation(
            x=mark.day.isoformat(),
            y=1,
            yref="y domain",
            yanchor="bottom",
            yshift=LABEL_LINE * (at % ROWS),
            xanchor="right" if (last - mark.day).days < max(span, 1) / 3 else "left",
            text=wrapped_label(mark.label, LONGEST, 1),
            font={"size": 12, "color": colour},
        )


def add_alarm_labels(page: Page, figure: Figure, frame: pd.DataFrame, time: str, colours: Palette, most: int) -> None:
    """The date and the count at the points that lie furthest outside the expected range, none over another.

    A label below its point would lie on the dates of the axis where the count is small: it is written above then.
    """
    t, frame = page.t, frame.assign(n=drawn_counts(page, frame["n"]))
    found = frame[frame["alarm"].fillna(False).astype(bool)]
    out = (found["n"] - found["upper"]).clip(lower=0) + (found["lower"] - found["n"]).clip(lower=0)
    first, length = frame[time].min(), frame[time].max() - frame[time].min()
    form = ("LLL" if time == "month" else "d MMM") + (" y" if length > pd.Timedelta(days=400) else "")
    lowest = LOW * float(np.nanmax(frame[["n", "upper"]].to_numpy(float), initial=0.0))
    labelled: list[tuple[pd.Timestamp, bool]] = []
    for row in found.loc[out.sort_values(ascending=False, kind="stable").index].to_dict("records"):
        day, above = row[time], row["n"] > row["upper"] or row["n"] < lowest
        near = any(above == other and abs(day - at) < length * A_LABEL for at, other in labelled)
        if near or len(labelled) == most:
            continue
        labelled.append((day, above))
        part = (day - first) / length if length else 0.0
        figure.add_annotation(
            x=day.isoformat(),
            y=row["n"],
            text=t.pair(t.date(day.date(), form), written_count(page, row["n"])),
            yshift=12 if above else -12,
            xanchor="left" if part < 0.1 else "right" if part > 0.9 else "center",
            font={"size": 12, "color": colours.accent},
            bgcolor=colours.background + "cc",
        )


def add_forecast(
    figure: Figure, frame: pd.DataFrame, time: str, t: Translator, colours: Palette, *, shown: pd.Series, narrow: bool
) -> None:
    """The next periods: their mean as a dashed line in the band of 95 and, darker, of 80 %.

    `frame`: as `analysis.forecast.NextPeriods.frame`; `shown`: the days of the line before.
    """
    days = pd.to_datetime(frame[time])
    name = t("forecast, with 80 and 95 % intervals")
    figure.add_band(days, frame["low"], frame["high"], colours.sea_blue + "33", name="")
    figure.add_band(days, frame["low_inner"], frame["high_inner"], colours.sea_blue + "55", name=name)
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
