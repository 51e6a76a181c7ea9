"""The tab "Repeats": whether alerts are followed by others nearby."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.space_time import REPEAT_M, Band, Interval, KnoxResult, Metric
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message, Num, Translator
from curim_data.studies.alert_points import METRICS, NearRepeatStudy, near_repeat_study
from curim_data.studies.hot_spots import HotSpotStudy
from pages.parts.charts import tables
from pages.parts.frame import (
    Dataset,
    Page,
    calculated,
    contained,
    draw_footer,
    escape_markdown,
    source_of,
)
from pages.parts.frame.results import is_ready
from pages.parts.hotspots.selection import draw_link_box, word_from_link

METRIC: Final = "metric"
TAB_NAME: Final = "repeats"
KEY: Final = "hotspots_metric"
ASKED: Final = "hotspots_repeats_asked"
WIDTHS = {"space": 84, "time": 74, "observed": 58, "expected": 140, "ratio": 58, "q": 82, "pattern": 64}


@calculated(Message("Shuffling the dates of the incidents a thousand times"))
def _repeats(dataset: Dataset, chosen: AlertFilter, metric: Metric) -> NearRepeatStudy:
    source = source_of(dataset)
    return near_repeat_study(source, chosen, metric=metric)


def draw_repeats_tab(page: Page, study: HotSpotStudy) -> None:
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
    if page.source is not None and (lacking := page.source.lacks("day")) is not None:
        st.info(t("Repeats within days cannot be looked for.") + " " + t(lacking))
        return
    metric = _metric(page)
    about = page.dataset, page.filter
    if not (is_ready(_repeats, *about, metric) or st.session_state.get(ASKED) == about):
        st.write(
            t(
                "This test compares every pair of incidents with the same incidents on shuffled dates, which takes a "
                "while where there are many."
            )
        )
        st.button(t("Test for repeats"), key="hotspots_repeats", type="primary", on_click=_ask, args=(about,))
        return
    with contained(t("Repeats")):
        draw_near_repeats(page, _repeats(*about, metric), study)


def _ask(about: tuple[Dataset, AlertFilter, Audience]) -> None:
    """Remember that the reader wants the test, under this filter."""
    st.session_state[ASKED] = about
    st.query_params["tab"] = TAB_NAME


def _metric(page: Page) -> Metric:
    """How distance is measured, as the reader or the link says."""
    t = page.t
    names = {"euclidean": t("In a straight line (Euclidean)"), "manhattan": t("Along the axes (Manhattan)")}
    asked: Metric = word_from_link(METRIC, KEY, tuple(METRICS), "euclidean")
    draw_link_box(t("Distance"), METRIC, KEY, names, "euclidean", width=280, tab=TAB_NAME)
    return asked


def draw_near_repeats(page: Page, repeats: NearRepeatStudy, study: HotSpotStudy) -> None:
    """The Knox table, the same place again apart from it, and what stands under a figure."""
    t, found = page.t, repeats.knox
    st.subheader(t("Is an incident followed by others nearby?"))
    draw_footer(page, sentence=repeats.sentence(t))
    if caution := repeats.caution(t):
        st.warning(escape_markdown(caution))
    if found is None:
        draw_footer(page, total=study.total, choices=repeats.choices)
        return
    headings = {
        "space": t("Distance (m)") if found.metric == "euclidean" else t("Along the axes (m)"),
        "time": t("Days apart"),
        "observed": t("Pairs"),
        "expected": t("By chance (95 %)"),
        "ratio": t("Ratio"),
        "q": t("Corrected p"),
        "pattern": t("Pattern"),
    }
    if page.narrow:
        headings = {name: headings[name] for name in ("space", "time", "ratio", "pattern")}
    tables.draw_table(
        page,
        band_rows(t, found.near),
        headings,
        key="hotspots_knox",
        alt=t("Pairs of incidents by the distance and the days between them, against chance"),
        columns=band_columns(headings),
        height="content",
    )
    _same_place(page, found, headings)
    st.caption(
        t(
            "A square bracket includes its limit, a round one does not: {band} is more than 100 and up to 200 metres.",
            band=Interval(100.0, 200.0, False, True).label(t),
        )
    )
    st.caption(escape_markdown(found.method(t)))
    draw_footer(page, choices=repeats.choices)
    tables.download_button(page, found.frame(), "near-repeat.csv", key="hotspots_knox_download")


def _same_place(page: Page, found: KnoxResult, headings: dict[str, str]) -> None:
    """Alerts at the very same place, which are no near repeats."""
    t = page.t
    if not found.repeats:
        return
    pairs = sum(band.observed for band in found.repeats)
    st.write(
        t.n(
            "At the very same place (within {metres} m), up to {days} days apart: {n} pair.",
            "At the very same place (within {metres} m), up to {days} days apart: {n} pairs.",
            pairs,
            metres=Num(REPEAT_M, 1),
            days=round(found.repeats[-1].time.high),
        )
    )
    if pairs:
        tables.draw_table(
            page,
            band_rows(t, found.repeats),
            headings,
            key="hotspots_same_place",
            alt=t("Pairs of incidents at the very same place, against chance"),
            columns=band_columns(headings),
        )


def band_columns(headings: Mapping[str, str]) -> dict[str, Any]:
    """Columns as narrow as what stands in them."""
    return {name: st.column_config.Column(label, width=WIDTHS[name]) for name, label in headings.items()}


def band_rows(t: Translator, bands: Sequence[Band]) -> pd.DataFrame:
    """Bands in words, as computed; a pattern has a word of its own, so that no colour is needed."""
    return pd.DataFrame(
        {
            "space": band.space.label(t),
            "time": band.time.label(t),
            "observed": t.number(band.observed),
            "expected": _by_chance(t, band),
            "ratio": t.number(band.ratio, 2) if np.isfinite(band.ratio) else "–",
            "q": t.p_value(band.q, least=band.p <= band.least),
            "pattern": t("yes") if band.pattern else "",
        }
        for band in bands
    )


def _by_chance(t: Translator, band: Band) -> str:
    mean = t.number(band.mean, 0 if band.mean >= 100 else 1)
    return f"{mean} ({t.number(band.low)}–{t.number(band.high)})"
