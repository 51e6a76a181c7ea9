"""How far the stored data can be trusted: what is missing, piled up, unknown, or silent."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from curim_data.access import Audience
from curim_data.engine import open_source
from curim_data.home import Home
from curim_data.i18n import Num
from curim_data.study_quality import QualityStudy, likely_reason, quality_study
from curim_data.words import district_label
from pages.parts import data_map, maps, tables
from pages.parts.basemap import Pin
from pages.parts.caching import remember
from pages.parts.footer import mapped_of
from pages.parts.page import Dataset, Page
from pages.parts.text import plain


@remember
def study(dataset: Dataset, audience: Audience, profile: str) -> QualityStudy:  # noqa: ARG001 (part of the cache's key)
    """The study of what is on show."""
    return quality_study(open_source(Home(Path(dataset.home))), audience)


def show(page: Page) -> None:
    """The quality of all stored alerts, whatever the filter."""
    t = page.t
    if page.source is None:
        st.write(t("Nothing was imported yet."))
        return
    found = study(page.dataset, page.audience, page.city.version)
    st.write(
        t("All alerts from {start} to {end}, whatever the filter.", start=page.source.first, end=page.source.as_of)
    )
    st.caption(mapped_of(t, found.total))
    _piles(page, found)
    _genders(page, found)
    _unknown(page, found)
    _gaps(page, found)


def _piles(page: Page, found: QualityStudy) -> None:
    t = page.t
    st.subheader(t("Many alerts on one point"))
    if found.piles.empty:
        st.write(t("No point holds more than 20 alerts and more than 1 % of all."))
        return
    st.write(
        t.n(
            "{n} point holds more than 20 alerts and more than 1 % of all. Its alerts count in every total and "
            "are left out of hot spots.",
            "{n} points hold more than 20 alerts and more than 1 % of all. Their alerts count in every total "
            "and are left out of hot spots.",
            len(found.piles),
        )
    )
    rows = found.piles.assign(
        rank=range(1, len(found.piles) + 1),
        point=[
            f"{lat:.5f}, {lon:.5f}" for lat, lon in zip(found.piles["latitude"], found.piles["longitude"], strict=True)
        ],
        reason=[
            likely_reason(t, page.city, lon, lat)
            for lon, lat in zip(found.piles["longitude"], found.piles["latitude"], strict=True)
        ],
    )
    data_map.dots(
        page,
        page.city,
        rows,
        key="data_piles_map",
        alt=t("Map of the points with suspiciously many alerts; the table below holds the same."),
        height=380,
        large=True,
        pins=[
            Pin(f"· {maps.alerts(t, n)}", lon, lat, rank)
            for lon, lat, n, rank in rows[["longitude", "latitude", "n", "rank"]].itertuples(index=False)
        ],
    )
    headings = {
        "rank": t("Point"),
        "n": t("Alerts"),
        "share": t("Share"),
        "reason": t("Likely reason"),
        "point": t("Latitude, longitude"),
    }
    shown = tables.written(t, rows, digits={"n": 0}, percent={"share": 1})
    shown["reason"] = shown["reason"].map(plain)
    kept = ["rank", "n", "reason"] if page.narrow else list(headings)
    st.table(
        shown[kept].rename(columns=headings),
        hide_index=True,
        border="horizontal",
        alt=t("Points with suspiciously many alerts"),
    )
    tables.download(t, rows[list(headings)].rename(columns=headings), "piles.csv", key="data_piles_download")


def _genders(page: Page, found: QualityStudy) -> None:
    t = page.t
    st.subheader(t("Gender not known, by district"))
    st.write(t("Alerts whose gender was not disclosed or not asked, as a share of the alerts of the district."))
    rows = found.genders.assign(
        name=[
            t("No district known") if pd.isna(district) else district_label(t, page.city, str(district))
            for district in found.genders["district"]
        ]
    )
    headings = {
        "name": t("District"),
        "n": t("Alerts"),
        "affected": t("Person affected"),
        "reporter": t("Reporter"),
    }
    if page.narrow:
        headings = {name: headings[name] for name in ("name", "affected", "reporter")}
    tables.table(
        page,
        rows,
        headings,
        key="data_genders",
        alt=t("Share of alerts without a known gender, by district"),
        digits={"n": 0},
        percent={"affected": 1, "reporter": 1},
        file_name="gender-not-known.csv",
        height="content",
    )


def _unknown(page: Page, found: QualityStudy) -> None:
    t = page.t
    st.subheader(t("Categories that the city's list does not hold"))
    if found.unknown.empty:
        st.write(t("None: every category is in the list."))
        return
    st.write(
        t(
            "They count in every total under their own name. Add them to categories.toml, then refresh on the tab "
            "“City profile”."
        )
    )
    tables.table(
        page,
        found.unknown,
        {"category": t("Category"), "n": t("Alerts")},
        key="data_unknown",
        alt=t("Categories outside the city's list"),
        digits={"n": 0},
        file_name="unknown-categories.csv",
        height="content",
    )


def _rate(a_day: float) -> Num:
    """Alerts on an ordinary day, with a decimal where there are few."""
    return Num(a_day, 0 if a_day >= 10 else 1)


def _gaps(page: Page, found: QualityStudy) -> None:
    t = page.t
    st.subheader(t("Gaps in time"))
    if found.gaps.empty:
        st.write(
            t(
                "No stretch of days without alerts is longer than chance explains, with {n} alerts on an ordinary day.",
                n=_rate(found.a_day),
            )
        )
        return
    st.write(
        t(
            "On an ordinary day there are {n} alerts, so these stretches without any are no chance. Look whether an "
            "export is missing.",
            n=_rate(found.a_day),
        )
    )
    rows = found.gaps.assign(
        first=[t.date(day) for day in found.gaps["first"]], last=[t.date(day) for day in found.gaps["last"]]
    )
    tables.table(
        page,
        rows,
        {"first": t("From"), "last": t("To"), "days": t("Days")},
        key="data_gaps",
        alt=t("Stretches of days without any alert"),
        digits={"days": 0},
        file_name="gaps.csv",
        height="content",
    )
