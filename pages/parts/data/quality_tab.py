"""How far the stored data can be trusted: what needs attention first, then every subject with its figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import streamlit as st

from curim_data import privacy
from curim_data.engine import open_source
from curim_data.model import Audience, Message, translator
from curim_data.quality.findings import Finding, findings
from curim_data.quality.report import as_html
from curim_data.quality.study import QualityStudy, quality_study
from curim_data.quality.tables import Sheet, sheets
from pages.parts.charts.tables import download_button, draw_table, formatted
from pages.parts.data.coverage_form import draw_coverage_form
from pages.parts.data.quality_figures import draw_completeness, draw_jumps, draw_lag, draw_outside_map
from pages.parts.frame import Dataset, Page, calculated, escape_markdown, source_of
from pages.parts.frame.footer import mapped_sentence
from pages.parts.frame.guard import draw_download
from pages.parts.maps.cell_map import alert_count
from pages.parts.maps.name_layers import Pin
from pages.parts.maps.point_map import draw_point_map

FEW_DEFAULTS: Final = 3
SHORT: Final = 15
# Tables that are long or name single alerts: opened by who wants them.
FOLDED: Final = frozenset({"completeness-by-month", "near-duplicates", "near-duplicate-pairs", "precision", "lag"})


@calculated(Message("Analysing all alerts"))
def cached_quality(dataset: Dataset, audience: Audience, profile: str) -> QualityStudy:  # noqa: ARG001 (part of the cache's key)
    """The study of what is on show."""
    return quality_study(source_of(dataset), audience)


def draw_quality_tab(page: Page) -> None:
    """The quality of all stored alerts, whatever the filter."""
    t = page.t
    if page.source is None:
        st.write(t("Nothing was imported yet."))
        return
    found = cached_quality(page.dataset, page.audience, page.city.version)
    st.write(
        t("All alerts from {start} to {end}, whatever the filter.", start=page.source.first, end=page.source.as_of)
    )
    st.caption(mapped_sentence(t, found.total, found.total.at_default or 0))
    subjects = findings(t, found)
    _draw_overview(page, subjects)
    some = sheets(t, page.city, found)
    for one in subjects:
        _draw_section(page, one, found, some.get(one.key, []))


def _draw_overview(page: Page, subjects: list[Finding]) -> None:
    """Draw what needs attention, and the report to download."""
    t = page.t
    needed = [one for one in subjects if one.attention]
    if needed:
        heading = t("Needs attention")
        st.markdown(f"**{heading}**")
        st.markdown("\n".join(f"- **{one.title}.** {escape_markdown(one.sentence)}" for one in needed))
    else:
        st.write(t("Nothing needs attention."))
    if not privacy.sees_exact(page.audience):
        return
    home, lang, dataset, audience, version = page.home, t.lang, page.dataset, page.audience, page.city.version
    draw_download(
        t("Download the report"),
        lambda: as_html(translator(lang), open_source(home), cached_quality(dataset, audience, version)),
        file_name=f"quality-{lang}.html",
        mime="text/html",
        key="data_quality_report",
        icon=":material/download:",
    )


def _draw_section(page: Page, one: Finding, found: QualityStudy, some: list[Sheet]) -> None:
    """A subject: its sentence, its picture, its tables, and how it was found."""
    st.subheader(one.title)
    st.write(escape_markdown(one.sentence))
    draw = FIGURES.get(one.key)
    if draw is not None:
        draw(page, found)
    for sheet in some:
        if sheet.name in FOLDED:
            with st.expander(sheet.title):
                _draw_sheet(page, sheet)
        else:
            _draw_sheet(page, sheet)
    if one.key == "gaps":
        draw_coverage_form(page)
    st.caption(escape_markdown(" ".join((one.settings, page.t("Based on {n} alerts.", n=one.n)))))


def _draw_sheet(page: Page, sheet: Sheet) -> None:
    headings = dict(sheet.headings)
    if page.narrow and sheet.narrow:
        headings = {name: headings[name] for name in sheet.narrow}
    if sheet.name == "piles":
        _draw_wrapped(page, sheet, headings)
        return
    draw_table(
        page,
        sheet.frame,
        headings,
        key=f"data_{sheet.name}",
        alt=sheet.title,
        digits={name: places for name, places in sheet.digits.items() if name in headings},
        percent={name: places for name, places in sheet.percent.items() if name in headings},
        height="content" if len(sheet.frame) <= SHORT else "auto",
    )
    _download(page, sheet)


def _draw_wrapped(page: Page, sheet: Sheet, headings: Mapping[str, str]) -> None:
    """A table whose long reasons wrap."""
    shown = formatted(page.t, sheet.frame, digits=sheet.digits, percent=sheet.percent)
    shown["reason"] = shown["reason"].map(escape_markdown)
    kept = shown[list(headings)].rename(columns=dict(headings))
    st.table(kept, hide_index=True, border="horizontal", alt=sheet.title)
    _download(page, sheet)


def _download(page: Page, sheet: Sheet) -> None:
    frame = sheet.frame[list(sheet.headings)].rename(columns=dict(sheet.headings))
    download_button(page, frame, f"{sheet.name}.csv", key=f"data_{sheet.name}_download")


def _draw_default_coordinates_map(page: Page, found: QualityStudy) -> None:
    t = page.t
    if found.default_coordinates.empty:
        return
    places = zip(
        found.default_coordinates["longitude"],
        found.default_coordinates["latitude"],
        found.default_coordinates["n"],
        strict=True,
    )
    draw_point_map(
        page,
        page.city,
        found.default_coordinates,
        key="data_piles_map",
        alt=t("Map of the points with suspiciously many alerts; the table below holds the same."),
        height=380,
        large=True,
        # Where many lie side by side the numbers of the table have to do.
        pins=[
            Pin(f"· {alert_count(t, n)}" if len(found.default_coordinates) <= FEW_DEFAULTS else "", lon, lat, rank)
            for rank, (lon, lat, n) in enumerate(places, start=1)
        ],
    )


def _draw_outside_map(page: Page, found: QualityStudy) -> None:
    if found.detail is not None and found.detail.outside.n:
        draw_outside_map(page, found.detail.outside)


def _draw_completeness(page: Page, found: QualityStudy) -> None:
    if found.detail is not None and found.total.of:
        draw_completeness(page, found.detail.completeness)


def _draw_jumps(page: Page, found: QualityStudy) -> None:
    if found.detail is not None and len(found.detail.periods) > 1:
        draw_jumps(page, found.detail)


def _draw_lag(page: Page, found: QualityStudy) -> None:
    if found.detail is not None and found.detail.lag is not None:
        draw_lag(page, found.detail)


FIGURES: Final[Mapping[str, Callable[[Page, QualityStudy], None]]] = {
    "piles": _draw_default_coordinates_map,
    "outside": _draw_outside_map,
    "completeness": _draw_completeness,
    "jumps": _draw_jumps,
    "lag": _draw_lag,
}
