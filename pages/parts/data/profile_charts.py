"""Small bar charts of a file's alerts: by hour of the day, and by anything else that has few bars."""

from __future__ import annotations

from collections.abc import Sequence

from curim_data.model import Translator
from curim_data.model.labels import hour_label
from pages.parts.charts.figure import Figure
from pages.parts.charts.plots import draw_chart
from pages.parts.charts.style import base_figure
from pages.parts.frame import Page, palette
from pages.parts.maps.cell_map import alert_count

HEIGHT = 150


def draw_hour_profile(page: Page, counts: Sequence[int], *, key: str, alt: str) -> None:
    """Draw 24 bars, one for each hour of the day; `counts`: 24 of them, from midnight on."""
    names = [hour_label(hour) for hour in range(24)]
    figure = bars_figure(page, names, counts, [name if at % 6 == 0 else "" for at, name in enumerate(names)])
    draw_chart(page, figure, key=key, alt=f"{alt} {spoken_counts(page.t, names, counts)}")


def bars_figure(page: Page, names: Sequence[str], counts: Sequence[int], ticks: Sequence[str]) -> Figure:
    """Upright bars: `names` in full for the one who points at them, `ticks` below them ("" where there is none)."""
    t, colours = page.t, palette(page.theme)
    figure = base_figure(t, colours, height=HEIGHT, bargap=0.15, margin={"l": 4, "r": 4, "t": 8, "b": 4})
    at = list(range(len(counts)))
    figure.add_bar(
        x=at,
        y=list(counts),
        marker={"color": colours.sea_blue},
        hovertext=[t.pair(name, alert_count(t, n)) for name, n in zip(names, counts, strict=True)],
        hoverinfo="text",
    )
    shown = [place for place in at if ticks[place]]
    figure.update_xaxes(
        tickvals=shown, ticktext=[ticks[place] for place in shown], range=[-0.6, max(len(counts), 1) - 0.4]
    )
    figure.update_yaxes(rangemode="tozero", nticks=3)
    return figure


def spoken_counts(t: Translator, names: Sequence[str], counts: Sequence[int]) -> str:
    """The counts in words, for those who do not see the bars; those of none are left out."""
    return ", ".join(t.pair(name, t.number(n)) for name, n in zip(names, counts, strict=True) if n)
