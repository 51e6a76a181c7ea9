"""The charts of two cities: their shares one below the other, and their months by the mean of each."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import pandas as pd

from pages.parts.charts.figure import Figure
from pages.parts.charts.plots import BESIDE, wrapped_label
from pages.parts.charts.style import base_figure, time_axis
from pages.parts.frame import Page, palette

SIDES = ("first", "second")


def pairs_figure(page: Page, frame: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Two points with intervals a row, one a city. `frame`: label, then share, low and high of each side."""
    t, colours = page.t, palette(page.theme)
    labels = [wrapped_label(label, 18 if page.narrow else BESIDE, 2) for label in frame["label"]]
    at = np.arange(len(frame))
    figure = base_figure(t, colours, height=48 * len(frame) + 96)
    for side, name, colour, shift in zip(SIDES, names, (colours.sea_blue, colours.accent), (-0.14, 0.14), strict=True):
        value, low, high = (frame[f"{what}_{side}"].to_numpy(float) for what in ("share", "low", "high"))
        figure.add_scatter(
            x=value,
            y=at + shift,
            mode="markers",
            name=html.escape(name),
            marker={"color": colour, "size": 9, "symbol": "circle" if side == "first" else "diamond"},
            error_x={
                "type": "data",
                "symmetric": False,
                "color": colour,
                "thickness": 1.4,
                "width": 4,
                "array": np.maximum(high - value, 0),
                "arrayminus": np.maximum(value - low, 0),
            },
            hovertext=[
                t.pair(html.escape(f"{label}, {name}"), t.share(*row))
                for label, row in zip(frame["label"], zip(value, low, high, strict=True), strict=True)
            ],
            hoverinfo="text",
        )
    figure.update_yaxes(tickvals=at.tolist(), ticktext=labels, range=[len(frame) - 0.5, -0.5], ticksuffix="  ")
    top = float(np.nanmax(frame[["high_first", "high_second"]].to_numpy(float), initial=0.0))
    step = next(one for one in (0.05, 0.1, 0.2, 0.25) if top / one <= 6 or one == 0.25)
    ticks = np.arange(0, min(1.0, top) + step, step).clip(max=1).tolist()
    figure.update_xaxes(
        tickvals=ticks, ticktext=[t.percent(tick) for tick in ticks], range=[0, max(ticks) * 1.02], showgrid=True
    )
    _name_above(figure)
    return figure


def months_figure(
    page: Page, months: pd.Series, first: Sequence[float], second: Sequence[float], names: Sequence[str]
) -> Figure:
    """Two lines of months as multiples of the mean of each city."""
    t, colours = page.t, palette(page.theme)
    figure = base_figure(t, colours, height=300)
    dashes = ("solid", "dash")
    for ratios, name, colour, dash in zip(
        (first, second), names, (colours.sea_blue, colours.accent), dashes, strict=True
    ):
        figure.add_scatter(
            x=months,
            y=list(ratios),
            mode="lines",
            name=html.escape(name),
            line={"color": colour, "width": 2.2, "dash": dash},
            hovertext=[
                t.pair(f"{html.escape(name)}, {t.date(month.date(), 'LLL y')}", f"{t.number(ratio, 2)} ×")
                for month, ratio in zip(months, ratios, strict=True)
            ],
            hoverinfo="text",
        )
    known = np.concatenate([np.asarray(first, float), np.asarray(second, float)])
    top = float(np.nanmax(known, initial=1.0))
    step = 0.5 if top <= 3 else 1.0 if top <= 6 else float(np.ceil(top / 5))
    ticks = np.arange(0, top + step, step).tolist()
    figure.update_yaxes(tickvals=ticks, ticktext=[t.number(tick, 1) for tick in ticks], range=[0, top * 1.08])
    time_axis(figure, t, months, compact=page.narrow)
    _name_above(figure)
    return figure


def _name_above(figure: Figure) -> None:
    """The names of the cities above a chart, where they take nothing of its width."""
    figure.show_named_legend()
    legend = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom"}
    figure.update_layout(legend=legend, margin={"t": 44})
