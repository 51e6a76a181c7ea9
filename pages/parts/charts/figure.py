"""A chart as the plain data that plotly.js draws, put together without a check at each step.

`plotly.graph_objects` checks every property whenever it is set and adds a template that the dashboard's look covers
anyway: the five small charts of one page took a tenth of a second. Here a figure is the dictionary that is sent; the
tests put the figures through plotly's own checks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from plotly.basedatatypes import BaseFigure

DIGITS: Final = 6  # decimals of drawn numbers
_AS_THEY_ARE: Final = frozenset({str, int, bool, type(None)})


class Figure:
    """Traces and a layout, as plotly names them. Arrays become lists, dates text; missing numbers leave a gap."""

    def __init__(self, layout: Mapping[str, Any]) -> None:
        self.data: list[dict[str, Any]] = []
        self.layout: dict[str, Any] = _merged({}, layout)

    def add_scatter(self, **trace: Any) -> None:
        """Lines or points."""
        self._add("scatter", trace)

    def add_bar(self, **trace: Any) -> None:
        """Bars."""
        self._add("bar", trace)

    def add_heatmap(self, **trace: Any) -> None:
        """A table of colours."""
        self._add("heatmap", trace)

    def add_vline(self, x: Any, line: Mapping[str, Any]) -> None:
        """A line from the bottom to the top at `x`."""
        shape = {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "y domain", "line": dict(line)}
        self.layout.setdefault("shapes", []).append(_plain(shape))

    def add_span(self, first: Any, last: Any, fill: str, xaxis: str = "x", yaxis: str = "y") -> None:
        """A shaded span of a horizontal axis, below everything else."""
        shape = {"type": "rect", "x0": first, "x1": last, "xref": xaxis, "layer": "below"}
        shape |= {"y0": 0, "y1": 1, "yref": f"{yaxis} domain"}
        shape |= {"fillcolor": fill, "opacity": 0.25, "line": {"width": 0}}
        self.layout.setdefault("shapes", []).append(_plain(shape))

    def add_annotation(self, **note: Any) -> None:
        """A text."""
        self.layout.setdefault("annotations", []).append(_plain(note))

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

    def _add(self, kind: str, trace: Mapping[str, Any]) -> None:
        self.data.append({"type": kind, **{name: _plain(value) for name, value in trace.items()}})


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
    if type(value) in _AS_THEY_ARE:  # most are
        return value
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, pd.Series | pd.Index | np.ndarray):
        return _listed(np.asarray(value))
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if isinstance(value, dt.date):
        return None if value is pd.NaT else value.isoformat()
    return value


def _listed(values: np.ndarray[Any, Any]) -> list[Any]:
    if values.dtype.kind == "M":
        return [None if day == "NaT" else day for day in np.datetime_as_string(values, unit="s").tolist()]
    if values.dtype.kind != "f":
        return [_plain(value) for value in values.tolist()]
    rounded = np.round(values, DIGITS)
    if np.isfinite(rounded).all():
        return list(rounded.tolist())
    return list(np.where(np.isfinite(rounded), rounded.astype(object), None).tolist())
