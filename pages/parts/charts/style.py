"""The look that all charts share: type, colours, axes, and dates written by the translator."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from curim_data.model import Translator
from pages.parts.charts.figure import Figure
from pages.parts.frame import Palette

SEPARATORS: Final = {"el": ",.", "en": ".,", "fr": ",\u202f"}
FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif"


def base_figure(t: Translator, colours: Palette, *, height: int, **layout: Any) -> Figure:
    """An empty figure in the dashboard's look."""
    axes = {"xaxis": axis(colours, grid=False), "yaxis": axis(colours, grid=True)}
    return Figure({**layout_of(t, colours, height), **axes, **layout})


AT_END: Final = 0.03  # of the axis: a label so near to its end needs room beside it
LETTER: Final = 8  # pixels that a letter of a label takes
STEPS = (1, 2, 3, 6, 12, 24, 48, 60, 120)  # months from tick to tick


def time_axis(
    figure: Figure | go.Figure, t: Translator, days: pd.Series, *, compact: bool = False, most: int | None = None
) -> None:
    """Ticks on first days of months, written in the reader's language; the year where it begins, or years alone.

    At most ten ticks, five where it is `compact`, or `most`.
    """
    if not len(days):
        return
    first, last = days.min().date(), days.max().date()
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    most = most or (5 if compact else 10)
    step = next((s for s in STEPS if months / s <= most), STEPS[-1])
    start = dt.date(first.year, first.month, 1)
    starts = [month.date() for month in pd.date_range(start, last, freq="MS")]
    ticks = [day for day in starts if (12 * day.year + day.month - 1) % step == 0 and day >= first]
    if not ticks:
        ticks = [first, last] if first != last else [first]
        texts = [t.date(day, "d MMM y") for day in ticks]
    else:
        texts = [
            t.date(day, "y" if step > 12 else "LLL'<br>'y" if day.month == 1 or i == 0 else "LLL")
            for i, day in enumerate(ticks)
        ]
    figure.update_xaxes(tickvals=[day.isoformat() for day in ticks], ticktext=texts)
    if (last - ticks[-1]) <= (last - first) * AT_END:
        # A label whose half would stand outside the chart is left out by plotly.
        widest = max(map(len, texts[-1].split("<br>")))
        figure.update_layout(margin={"r": 8 + LETTER * widest // 2})


def layout_of(t: Translator, colours: Palette, height: int) -> dict[str, Any]:
    """The layout of a figure, as plotly takes it."""
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 24, "b": 8},
        "paper_bgcolor": colours.background,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colours.muted, "activecolor": colours.text},
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": colours.text},
        "separators": SEPARATORS[t.lang],
        "showlegend": False,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "bgcolor": "rgba(0,0,0,0)"},
        "hoverlabel": {
            "bgcolor": colours.background,
            "bordercolor": colours.grid,
            "font": {"family": FONT, "size": 13, "color": colours.text},
        },
        "dragmode": False,
        "hovermode": "closest",
        "autotypenumbers": "strict",
    }


def axis(colours: Palette, *, grid: bool) -> dict[str, Any]:
    """An axis without clutter."""
    return {
        "showgrid": grid,
        "gridcolor": colours.grid,
        "zeroline": False,
        "separatethousands": True,
        "linecolor": colours.grid,
        "tickfont": {"color": colours.muted, "size": 12},
        "ticks": "",
        "tickangle": 0,
        "automargin": True,
        "fixedrange": True,
        "title": {"standoff": 15},
    }
