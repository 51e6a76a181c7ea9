"""What a line over time carries beside its counts: a forecast, changes of level, alarms and notes, each labelled."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from curim_data.model import Translator
from pages.parts.charts.figure import Figure
from pages.parts.charts.numbers import drawn_counts, written_count
from pages.parts.charts.style import time_axis
from pages.parts.frame import Page, Palette

MarkKind = Literal["alarm", "level", "note"]
DASH: Final[dict[MarkKind, str]] = {"alarm": "dot", "level": "dash", "note": "solid"}
LONGEST: Final = 26  # letters of a label
ROWS: Final = 3  # heights at which labels stand, so that neighbours do not cover each other
LINE: Final = 14  # pixels from one label to the next above it
# Pixels of a chart whose height is not set, and of what lies around the drawn area on a phone, where each name of the
# legend takes a line.
DRAWN, AROUND = 320, 160
A_LABEL: Final = 0.09  # of the line's length, that the label of a point takes
LOW: Final = 0.12  # of the highest number: a label below a point that is lower would lie on the axis
MOST_LABELS: Final = 3  # points outside the range that are labelled: the furthest out, or on a phone one


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
    figure.update_layout(margin={"t": 24 + 16 * rows}, legend={"y": 1 + (LINE * rows + 8) / (height - AROUND)})
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
            yshift=LINE * (at % ROWS),
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

    `frame`: as `analysis.forecast.next_periods.NextPeriods.frame`; `shown`: the days of the line before.
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
