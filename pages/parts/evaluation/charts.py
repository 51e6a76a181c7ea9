"""Figures of an evaluation: counts before and after by area, and the months of the three areas."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from curim_data.studies.evaluation import AREAS, PERIODS
from pages.parts.charts.figure import Figure
from pages.parts.charts.numbers import drawn_counts, written_count
from pages.parts.charts.style import base_figure, time_axis
from pages.parts.frame import Page, Palette, palette
from pages.parts.plans.areas_map import AREA_LABELS


def before_after_figure(page: Page, counts: pd.DataFrame) -> Figure:
    """Bars of each area before (grey) and after (blue). `counts`: columns area, period, n."""
    t, colours = page.t, palette(page.theme)
    figure = base_figure(t, colours, height=230, barmode="group", bargap=0.35, bargroupgap=0.08, showlegend=True)
    counts = counts.assign(n=drawn_counts(page, counts["n"]))
    names = {"before": t("before"), "after": t("after")}
    shades = {"before": colours.withheld, "after": colours.sea_blue}
    shown = [name for name in AREAS if name in set(counts["area"])]
    for period in PERIODS:
        part = counts[counts["period"] == period].set_index("area").reindex(shown)
        figure.add_bar(
            x=[t(AREA_LABELS[name]) for name in shown],
            y=part["n"],
            name=names[period],
            marker={"color": shades[period], "cornerradius": 3},
            text=[written_count(page, n) for n in part["n"]],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
        )
    figure.update_yaxes(visible=False, rangemode="tozero")
    return figure


def months_figure(page: Page, months: pd.DataFrame, start: dt.date) -> Figure:
    """A line for each area by month, the start marked. `months`: columns area, month, n."""
    t, colours = page.t, palette(page.theme)
    months = months.assign(n=drawn_counts(page, months["n"]))
    figure = base_figure(t, colours, height=280, showlegend=True)
    for name, look in _lines(colours).items():
        part = months[months["area"] == name].sort_values("month")
        if part.empty:
            continue
        label = t(AREA_LABELS[name])
        days = pd.to_datetime(part["month"])
        figure.add_scatter(
            x=days,
            y=part["n"],
            mode="lines",
            line=look,
            name=label,
            hovertext=[
                t.pair(f"{label}, {t.date(day.date(), 'LLLL y')}", written_count(page, n))
                for day, n in zip(days, part["n"], strict=True)
            ],
            hoverinfo="text",
        )
    figure.add_vline(x=start.isoformat(), line={"color": colours.muted, "width": 1, "dash": "dash"})
    figure.add_annotation(
        x=start.isoformat(),
        y=1,
        yref="paper",
        yanchor="top",
        xanchor="left",
        xshift=4,
        showarrow=False,
        text=t("start"),
        font={"color": colours.muted},
    )
    time_axis(figure, t, pd.to_datetime(months["month"]), compact=page.narrow)
    figure.update_yaxes(rangemode="tozero")
    return figure


def _lines(colours: Palette) -> dict[str, dict[str, object]]:
    return {
        "treated": {"color": colours.sea_blue, "width": 2.4},
        "comparison": {"color": colours.accent, "width": 1.8},
        "buffer": {"color": colours.muted, "width": 1.6, "dash": "dot"},
    }
