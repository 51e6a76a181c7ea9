"""A chart as the plain data that plotly.js draws, put together without a check at each step, in one look.

`plotly.graph_objects` checks every property whenever it is set and adds a template that the dashboard's look covers
anyway: the five small charts of one page took a tenth of a second. Here a figure is the dictionary that is sent; the
tests put the figures through plotly's own checks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partialmethod
from typing import Any, Final

import numpy as np
import pandas as pd
from plotly.basedatatypes import BaseFigure

from curim_data.model import Translator
from pages.parts.frame import Palette

DIGITS: Final = 6  # decimals of drawn numbers
SEPARATORS: Final = {"el": ",.", "en": ".,", "fr": ",\u202f"}
FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif"
AT_END: Final = 0.03  # of the axis: a label so near to its end needs room beside it
LETTER: Final = 8  # pixels that a letter of a label takes
STEPS = (1, 2, 3, 6, 12, 24, 48, 60, 120)  # months from tick to tick


class Figure:
    """Traces and a layout, as plotly names them. Arrays become lists, dates text; missing numbers leave a gap."""

    def __init__(self, layout: Mapping[str, Any]) -> None:
        self.data: list[dict[str, Any]] = []
        self.layout: dict[str, Any] = _merged({}, layout)

    def add(self, kind: str, **trace: Any) -> None:
        """A trace of a kind, as plotly names it."""
        self.data.append({"type": kind, **{name: _plain(value) for name, value in trace.items()}})

    add_scatter = partialmethod(add, "scatter")
    add_bar = partialmethod(add, "bar")
    add_heatmap = partialmethod(add, "heatmap")

    def add_band(self, x: Any, low: Any, high: Any, fill: str, **name: str) -> None:
        """An area between two lines that are not seen, which has the name."""
        edge = {"x": x, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        self.add_scatter(y=high, **edge)
        self.add_scatter(y=low, fill="tonexty", fillcolor=fill, **edge, **name)

    def add_vline(self, x: Any, line: Mapping[str, Any]) -> None:
        """A line from the bottom to the top at `x`."""
        self._add_shape(type="line", x0=x, x1=x, yref="y domain", line=line)

    def add_span(
        self, first: Any, last: Any, fill: str, xaxis: str = "x", yaxis: str = "y", opacity: float = 0.25
    ) -> None:
        """A shaded span of a horizontal axis, below everything else."""
        self._add_shape(
            type="rect",
            x0=first,
            x1=last,
            xref=xaxis,
            yref=f"{yaxis} domain",
            layer="below",
            fillcolor=fill,
            opacity=opacity,
            line={"width": 0},
        )

    def _add_shape(self, **shape: Any) -> None:
        self.layout.setdefault("shapes", []).append(_plain({"y0": 0, "y1": 1, **shape}))

    def add_annotation(self, **note: Any) -> None:
        """A text, without an arrow."""
        self.layout.setdefault("annotations", []).append(_plain({"showarrow": False, **note}))

    def update_layout(self, **given: Any) -> None:
        """Set parts of the layout; a dictionary is merged into what is there."""
        _merged(self.layout, given)

    def update_xaxes(self, **given: Any) -> None:
        """Set parts of the horizontal axis."""
        _merged(self.layout["xaxis"], given)

    def update_yaxes(self, **given: Any) -> None:
        """Set parts of the vertical axis."""
        _merged(self.layout["yaxis"], given)

    def show_named_legend(self) -> None:
        """A legend of those traces that have a name."""
        self.layout["showlegend"] = True
        for trace in self.data:
            trace["showlegend"] = bool(trace.get("name"))

    def to_dict(self) -> dict[str, Any]:
        """What plotly.js is sent."""
        return {"data": self.data, "layout": self.layout}

    def for_streamlit(self) -> BaseFigure:
        """The same for `st.plotly_chart`, which takes a figure of plotly without checking it again."""
        return _UncheckedFigure(self.to_dict())


class _UncheckedFigure(BaseFigure):  # type: ignore[misc]
    """A figure of plotly that is nothing but its dictionary."""

    def __init__(self, data: dict[str, Any]) -> None:  # not that of BaseFigure, which checks and copies
        self._data_and_layout = data

    def to_dict(self) -> dict[str, Any]:
        return self._data_and_layout


def _merged(into: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in given.items():
        if isinstance(value, Mapping) and isinstance(into.get(name), dict):
            _merged(into[name], value)
        else:
            into[name] = _plain(value)
    return into


def _plain(value: Any) -> Any:
    """What JSON knows, in new lists and dictionaries."""
    if type(value) in (str, int, bool, type(None)):  # most are
        return value
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, pd.Series | pd.Index | np.ndarray):
        return _listed(np.asarray(value))
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if value is pd.NaT or (isinstance(value, float) and not np.isfinite(value)):
        return None
    return value.isoformat() if isinstance(value, dt.date) else value


def _listed(values: np.ndarray[Any, Any]) -> list[Any]:
    if values.dtype.kind == "M":
        return [None if day == "NaT" else day for day in np.datetime_as_string(values, unit="s").tolist()]
    if values.dtype.kind != "f":
        return [_plain(value) for value in values.tolist()]
    rounded = np.round(values, DIGITS)
    return list(np.where(np.isfinite(rounded), rounded.astype(object), None).tolist())


def base_figure(t: Translator, colours: Palette, *, height: int, **layout: Any) -> Figure:
    """An empty figure in the dashboard's look; `layout`: what it has of its own."""
    font = {"family": FONT, "size": 13, "color": colours.text}
    look = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 24, "b": 8},
        "paper_bgcolor": colours.background,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colours.muted, "activecolor": colours.text},
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": font,
        "separators": SEPARATORS[t.lang],
        "showlegend": False,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "bgcolor": "rgba(0,0,0,0)"},
        "hoverlabel": {"bgcolor": colours.background, "bordercolor": colours.grid, "font": font},
        "dragmode": False,
        "hovermode": "closest",
        "autotypenumbers": "strict",
        "xaxis": axis(colours, grid=False),
        "yaxis": axis(colours, grid=True),
    }
    return Figure({**look, **layout})


def month_ticks(t: Translator, days: pd.Series, most: int) -> tuple[list[dt.date], list[str]]:
    """At most so many first days of months, in the reader's words: the year where it begins, or years alone.

    The first and the last day where no month begins between them.
    """
    first, last = days.min().date(), days.max().date()
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    step = next((size for size in STEPS if months / size <= most), STEPS[-1])
    starts = [month.date() for month in pd.date_range(first, last, freq="MS")]
    ticks = [day for day in starts if (12 * day.year + day.month - 1) % step == 0]
    if not ticks:
        ends = sorted({first, last})
        return ends, [t.date(day, "d MMM y") for day in ends]
    forms = ["y" if step > 12 else "LLL'<br>'y" if day.month == 1 or day == ticks[0] else "LLL" for day in ticks]
    return ticks, [t.date(day, form) for day, form in zip(ticks, forms, strict=True)]


def time_axis(
    figure: Figure, t: Translator, days: pd.Series, *, compact: bool = False, most: int | None = None
) -> None:
    """Ticks of months: at most ten, five where it is `compact`, or `most`."""
    if not len(days):
        return
    ticks, texts = month_ticks(t, days, most or (5 if compact else 10))
    figure.update_xaxes(tickvals=[day.isoformat() for day in ticks], ticktext=texts)
    first, last = days.min().date(), days.max().date()
    if (last - ticks[-1]) <= (last - first) * AT_END:
        # A label whose half would stand outside the chart is left out by plotly.
        figure.update_layout(margin={"r": 8 + LETTER * max(map(len, texts[-1].split("<br>"))) // 2})


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
