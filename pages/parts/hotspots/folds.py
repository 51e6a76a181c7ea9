"""Further questions under the map, each answered when it is opened: concentration, comparison and repeats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.concentration import Concentration, decimals, interval_decimals
from analysis.space_time import REPEAT_M, Band, KnoxResult
from analysis.stats.intervals import Estimate
from curim_data.filters import AlertFilter
from curim_data.model import (
    Message,
    Num,
    Translator,
)
from curim_data.studies.alert_points import NearRepeatStudy, near_repeat_study
from curim_data.studies.hot_spots import HotSpotStudy
from curim_data.studies.spot_profiles import ConcentrationStudy, concentration_of_study, curve_frame
from pages.parts.charts import (
    Figure,
    base_figure,
    draw_chart,
    tables,
)
from pages.parts.frame import (
    CALCULATION,
    Dataset,
    Page,
    cached,
    draw_fold,
    draw_footer,
    escape_markdown,
    palette,
    shared,
)
from pages.parts.hotspots.choices import hot_spots
from pages.parts.hotspots.compare_tab import draw_comparison
from pages.parts.hotspots.ranked_list import draw_area_note

# A curve has no more bends than these at the size in which it is drawn; the table to download holds more.
POINTS: Final = 240
WIDTHS = {"space": 84, "time": 74, "observed": 58, "expected": 140, "ratio": 58, "q": 82, "pattern": 64}


@cached
def _concentration(dataset: Dataset, chosen: AlertFilter, resolution: int, _study: HotSpotStudy) -> ConcentrationStudy:  # noqa: ARG001 (all but the last are the cache's key)
    return concentration_of_study(_study)


def draw_concentration(page: Page, study: HotSpotStudy) -> None:
    """Draw the sentence, the Lorenz curve with that expected by chance, and the table of shares."""
    t = page.t
    about = page.dataset, page.filter, study.resolution
    concentration = _concentration(*about, hot_spots(*about) if study.hot.based else study)
    found = concentration.concentration
    draw_area_note(page, listed=False)
    if not found.enough:
        st.write(found.sentence(t))
        return
    left, right = st.columns([4, 6], gap="medium")
    with left:
        draw_chart(
            page,
            _curve(page, found),
            key="hotspots_lorenz",
            alt=found.sentence(t),
            data=curve_frame(found),
            file_name="concentration-curve.csv",
            counts=(),
        )
    with right:
        tables.draw_table(
            page,
            pd.DataFrame(
                {
                    "part": t.percent(share.part),
                    "places": t.percent(share.places, decimals(share.places)),
                    "chance": _percent(t, share.chance),
                }
                for share in found.shares
            ),
            {
                "part": t("Share of the alerts"),
                "places": t("Share of cells"),
                "chance": t("By chance"),
            },
            key="hotspots_concentration",
            alt=t("How few places hold half of the alerts?"),
            file_name="concentration.csv",
            phone=("part", "places", "chance"),
        )
    draw_footer(
        page,
        sentence=found.sentence(t),
        choices=concentration.choices,
        about="concentration",
    )


def _curve(page: Page, found: Concentration) -> Figure:
    t, colours = page.t, palette(page.theme)
    frame = curve_frame(found)
    # Whole cells hold at least the part that is asked for, and few of them much more: the points lie on the curve.
    reached = np.interp([share.places for share in found.shares], frame["places"], frame["alerts"])
    frame = frame.iloc[np.unique(np.linspace(0, len(frame) - 1, POINTS).round().astype(int))]
    figure = base_figure(t, colours, height=320)
    places = [t.percent(share, 1) for share in frame["places"]]
    for name, label, line in (
        ("chance", t("By chance"), {"color": colours.muted, "width": 2, "dash": "dash"}),
        ("alerts", t("Alerts"), {"color": colours.sea_blue, "width": 2.6}),
    ):
        texts = [t.pair(label, f"{t.percent(y)} / {x}") for x, y in zip(places, frame[name], strict=True)]
        figure.add_scatter(
            x=frame["places"],
            y=frame[name],
            mode="lines",
            name=label,
            line=line,
            hovertext=texts,
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
    figure.update_layout(showlegend=True)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    for update, end, text in (
        (figure.update_xaxes, 1.03, t("Share of cells")),
        (figure.update_yaxes, 1.02, t("Share of the alerts")),
    ):
        title = {"text": text, "font": {"size": 13, "color": colours.muted}}
        update(range=[0, end], tickvals=ticks, ticktext=[t.percent(tick) for tick in ticks], title=title)
    return figure


def _percent(t: Translator, share: Estimate) -> str:
    digits = interval_decimals(t, share)
    interval = f" ({t.number(100 * share.low, digits)}–{t.number(100 * share.high, digits)})"
    return t.percent(share.value, digits) + (interval if share.low != share.high else "")


_repeats = shared(near_repeat_study, CALCULATION)


def draw_repeats(page: Page, study: HotSpotStudy) -> None:  # noqa: ARG001 (every fold is given the study of the map above it)
    """Near repeats; for whom single alerts are protected, why not."""
    t = page.t
    if page.protected:
        st.write(
            t(
                "Repeats are for analysts and specialists: the test needs the place and day of every single alert, "
                "which are protected here."
            )
        )
        return
    if (lacking := page.alerts.lacks("day")) is not None:
        st.info(t("Repeats within days cannot be looked for.") + " " + t(lacking))
        return
    draw_near_repeats(page, _repeats(page.dataset, page.filter))


def draw_near_repeats(page: Page, repeats: NearRepeatStudy) -> None:
    """The Knox table, the same place again apart from it, and what stands under a figure."""
    t, found = page.t, repeats.knox
    draw_footer(page, sentence=repeats.sentence(t))
    if caution := repeats.caution(t):
        st.warning(escape_markdown(caution))
    if found is None:
        draw_footer(page, choices=repeats.choices)
        return
    headings = {
        "space": t("Distance (m)"),
        "time": t("Days apart"),
        "observed": t("Pairs"),
        "expected": t("By chance (95 %)"),
        "ratio": t("Ratio"),
        "q": t("Corrected p"),
        "pattern": t("Pattern"),
    }
    _draw_bands(
        page,
        found.near,
        headings,
        key="hotspots_knox",
        alt=t("Is an alert followed by others nearby?"),
    )
    _draw_same_place(page, found, headings)
    draw_footer(page, choices=repeats.choices, about="near-repeats")
    tables.download_button(page, found.frame(), "near-repeat.csv", key="hotspots_knox_download")


def _draw_same_place(page: Page, found: KnoxResult, headings: dict[str, str]) -> None:
    """Alerts at the very same place, which are no near repeats."""
    if not found.repeats:
        return
    pairs = sum(band.observed for band in found.repeats)
    told = page.t.n(
        "At the very same place (within {metres} m), up to {days} days apart: {n} pair.",
        "At the very same place (within {metres} m), up to {days} days apart: {n} pairs.",
        pairs,
        metres=Num(REPEAT_M, 1),
        days=round(found.repeats[-1].time.high),
    )
    st.write(told)
    if pairs:
        _draw_bands(page, found.repeats, headings, key="hotspots_same_place", alt=told)


def _draw_bands(page: Page, bands: Sequence[Band], headings: Mapping[str, str], *, key: str, alt: str) -> None:
    """Bands in words, as computed, in narrow columns; a pattern has a word of its own, so that no colour is needed."""
    t = page.t
    frame = pd.DataFrame(
        {
            "space": band.space.label(t),
            "time": band.time.label(t),
            "observed": t.number(band.observed),
            "expected": f"{t.number(band.mean, 0 if band.mean >= 100 else 1)} "
            f"({t.number(band.low)}–{t.number(band.high)})",
            "ratio": t.number(band.ratio, 2) if np.isfinite(band.ratio) else "–",
            "q": t.p_value(band.q, least=band.p <= band.least),
            "pattern": t("yes") if band.pattern else "",
        }
        for band in bands
    )
    tables.draw_table(
        page,
        frame,
        headings,
        key=key,
        alt=alt,
        columns={name: st.column_config.Column(label, width=WIDTHS[name]) for name, label in headings.items()},
        height="content",
        narrow=("space", "time", "ratio", "pattern"),
    )


# By the word that stands for a fold in a link: its question, and what answers it.
FOLDS: Final[dict[str, tuple[Message, Callable[[Page, HotSpotStudy], None]]]] = {
    "concentration": (Message("How few places hold half of the alerts?"), draw_concentration),
    "comparison": (Message("Where do two groups differ?"), draw_comparison),
    "repeats": (Message("Is an alert followed by others nearby?"), draw_repeats),
}


def draw_folds(page: Page, study: HotSpotStudy) -> None:
    """Further questions under the map; `study` is that of the map above them. A link may open one ("tab=repeats")."""
    if not study.total.nowhere:
        for name, (question, draw) in FOLDS.items():
            draw_fold(name, page.t(question), partial(draw, page, study), word="tab")
