"""Small lines on one scale, one panel a name: the name above, the last number at its end, the latest time shaded."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from curim_data.model import Translator
from pages.parts.charts.figure import Figure
from pages.parts.charts.numbers import drawn_counts, least_written, written_count
from pages.parts.charts.plots import ABOVE, wrapped_label
from pages.parts.charts.style import axis, base_figure, time_axis
from pages.parts.frame import Page, palette

COLUMNS, ROW = 3, 104  # panels side by side, and pixels that a row of them takes
TITLE: Final = 26  # pixels above a panel for its name
TICKS: Final = 40  # pixels below the last row
GAP: Final = 0.07  # of the width between two panels
ROOM: Final = 0.16  # of the time shown, to the right for the last number


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
    columns = 1 if page.narrow else min(COLUMNS, max(len(panels), 1))
    rows = -(-len(panels) // columns) or 1
    height = rows * ROW + TICKS
    figure = base_figure(t, colours, height=height + 16, margin={"l": 8, "r": 8, "t": 8, "b": 8})
    days = pd.concat([pd.to_datetime(frame[time]) for _, frame in panels])
    first, last = days.min(), days.max()
    ticks = _ticks(t, colours, days)
    panels = [(name, f.assign(n=drawn_counts(page, f["n"], _category(f)))) for name, f in panels]
    top = max((float(frame["n"].max()) for _, frame in panels if frame["n"].notna().any()), default=1.0) or 1.0
    wide = (1 - GAP * (columns - 1)) / columns
    for number, (name, frame) in enumerate(panels):
        at_row, at_column = divmod(number, columns)
        mark = str(number + 1) if number else ""
        left, upper = at_column * (wide + GAP), 1 - (at_row * ROW + TITLE) / height
        lower = 1 - (at_row + 1) * ROW / height
        lowest = number + columns >= len(panels)
        horizontal = {**axis(colours, grid=False), **ticks, "showticklabels": lowest, "anchor": f"y{mark}"}
        vertical = {**axis(colours, grid=True), "nticks": 3, "showticklabels": at_column == 0, "anchor": f"x{mark}"}
        span = [first.isoformat(), (last + (last - first) * ROOM).isoformat()]
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


def _ticks(t: Translator, colours: Any, days: pd.Series) -> dict[str, Any]:
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
