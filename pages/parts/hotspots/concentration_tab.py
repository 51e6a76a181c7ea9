"""The tab "Concentration": how few places hold most alerts, compared with the same alerts placed at random."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.concentration import Concentration, decimals, interval_decimals
from analysis.stats.intervals import Estimate
from curim_data.filters import AlertFilter
from curim_data.model import Translator
from curim_data.studies.concentration import ConcentrationStudy, concentration_of_study, curve_frame
from curim_data.studies.hot_spots import HotSpotStudy
from pages.parts.charts import plots, tables
from pages.parts.charts.figure import Figure
from pages.parts.charts.style import base_figure
from pages.parts.frame import Dataset, Page, Palette, cached, draw_footer, escape_markdown, palette
from pages.parts.hotspots.area_filter import draw_area_note
from pages.parts.hotspots.queries import hot_spots

# A curve has no more bends than these at the size in which it is drawn; the table to download holds more.
POINTS: Final = 240
Query = tuple[Dataset, AlertFilter, int]


@cached
def _concentration(about: Query, _study: HotSpotStudy) -> ConcentrationStudy:  # noqa: ARG001 (the first is the cache's key)
    return concentration_of_study(_study)


def draw_concentration_tab(page: Page, study: HotSpotStudy) -> None:
    """Draw the sentence, the Lorenz curve with that expected by chance, and the table of shares."""
    t = page.t
    about: Query = (page.dataset, page.filter, study.resolution)
    concentration = _concentration(about, hot_spots(*about) if study.hot.based else study)
    found = concentration.concentration
    draw_area_note(page, listed=False)
    if not found.enough:
        st.write(found.sentence(t))
        return
    left, right = st.columns([4, 6], gap="medium")
    with left:
        plots.draw_chart(
            page,
            _curve(page, found),
            key="hotspots_lorenz",
            alt=t("Share of the alerts in the fullest places. {sentence}", sentence=found.sentence(t)),
            data=curve_frame(found),
            file_name="concentration-curve.csv",
            counts=(),
        )
    headings = {
        "part": t("Of the alerts"),
        "cells": t("Cells"),
        "places": t("Share of cells"),
        "chance": t("By chance"),
    }
    table = concentration_rows(t, found)
    with right:
        alt = t("How few places hold a quarter, half and four fifths of the alerts")
        if page.narrow:
            shown = {name: label for name, label in headings.items() if name != "cells"}
            tables.draw_plain_table(page, table, shown, alt=alt)
        else:
            tables.draw_table(page, table, headings, key="hotspots_concentration", alt=alt)
        whole = table[list(headings)].rename(columns=headings)
        tables.download_button(page, whole, "concentration.csv", key="hotspots_concentration_download")
        st.write(escape_markdown(concentration.gini_sentence(t)))
    draw_footer(
        page,
        sentence=found.sentence(t),
        total=study.total,
        excluded=study.cells.at_default,
        choices=concentration.choices,
    )


def concentration_rows(t: Translator, found: Concentration) -> pd.DataFrame:
    """The table in words: a row for each part of the alerts."""
    return pd.DataFrame(
        {
            "part": t.percent(share.part),
            "cells": t("{n} of {all}", n=share.cells, all=found.cells),
            "places": t.percent(share.places, decimals(share.places)),
            "chance": _percent(t, share.chance),
        }
        for share in found.shares
    )


def _curve(page: Page, found: Concentration) -> Figure:
    t, colours = page.t, palette(page.theme)
    frame = curve_frame(found)
    # Whole cells hold at least the part that is asked for, and few of them much more: the points lie on the curve.
    reached = np.interp([share.places for share in found.shares], frame["places"], frame["alerts"])
    frame = frame.iloc[np.unique(np.linspace(0, len(frame) - 1, POINTS).round().astype(int))]
    figure = base_figure(t, colours, height=320)
    hover = t("{alerts} of the alerts in {places} of the cells")
    places = [t.percent(share, 1) for share in frame["places"]]
    for name, label, line in (
        ("chance", t("by chance alone"), {"color": colours.muted, "width": 2, "dash": "dash"}),
        ("alerts", t("these alerts"), {"color": colours.sea_blue, "width": 2.6}),
    ):
        before = f"{label}: " if name == "chance" else ""
        figure.add_scatter(
            x=frame["places"],
            y=frame[name],
            mode="lines",
            name=label,
            line=line,
            hovertext=[
                before + hover.format(alerts=t.percent(y), places=x) for x, y in zip(places, frame[name], strict=True)
            ],
            hoverinfo="text",
        )
    figure.add_scatter(
        x=[share.places for share in found.shares],
        y=reached,
        mode="markers",
        marker={"color": colours.accent, "size": 8},
        hoverinfo="skip",
        showlegend=False,
    )
    ticks = [0, 0.25, 0.5, 0.75, 1]
    texts = [t.percent(tick) for tick in ticks]
    figure.update_layout(showlegend=True)
    figure.update_xaxes(
        range=[0, 1.03], tickvals=ticks, ticktext=texts, title=_titled(colours, t("Share of cells, fullest first"))
    )
    figure.update_yaxes(
        range=[0, 1.02], tickvals=ticks, ticktext=texts, title=_titled(colours, t("Share of the alerts"))
    )
    return figure


def _titled(colours: Palette, text: str) -> dict[str, Any]:
    return {"text": text, "font": {"size": 13, "color": colours.muted}}


def _percent(t: Translator, share: Estimate) -> str:
    digits = interval_decimals(t, share)
    value = t.percent(share.value, digits)
    if share.low == share.high:
        return value
    return f"{value} ({t.number(100 * share.low, digits)}–{t.number(100 * share.high, digits)})"
