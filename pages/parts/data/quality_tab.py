"""How far the stored data can be trusted: what needs attention first, then every subject with its figures."""

from __future__ import annotations

import contextlib
import datetime as dt
import html
import math
from collections.abc import Mapping
from textwrap import wrap
from typing import Final

import pandas as pd
import pydeck as pdk
import streamlit as st
from shapely import MultiPoint, box
from shapely.geometry.base import BaseGeometry

from curim_data.engine import open_source
from curim_data.model import Audience, Message, Role, translator
from curim_data.model.coverage import CORRECTIONS, KIND_WORDS, LONGEST_NOTE, Annotation, AnnotationKind
from curim_data.model.i18n import Span
from curim_data.model.labels import format_label
from curim_data.plans.record import Deed
from curim_data.quality.positions import Outside
from curim_data.quality.report import Finding, Sheet, as_html, findings, lag_rows, sheets
from curim_data.quality.study import COLUMNS, MONTH, Detail, QualityStudy, quality_study
from curim_data.store.annotations import AnnotationError, add_annotation, remove_annotation
from pages.parts.charts import plots
from pages.parts.charts.figure import Figure, base_figure, time_axis
from pages.parts.charts.tables import download_button, draw_table, formatted
from pages.parts.frame import Dataset, Page, calculated, escape_markdown, palette, record, rgba, source_of
from pages.parts.frame.footer import mapped_sentence
from pages.parts.frame.guard import draw_download
from pages.parts.maps import basemap
from pages.parts.maps.basemap import Deck
from pages.parts.maps.cell_map import alert_count, draw_point_map, map_height
from pages.parts.maps.name_layers import Pin

_WHO = "coverage_who"


def draw_coverage_form(page: Page) -> None:
    """The corrections that hold, and for an analyst the form that adds one."""
    t, source = page.t, page.source
    if source is None:
        return
    may_write = page.role >= Role.ANALYST and not page.is_sample
    for one in source.annotations:
        if one.kind in CORRECTIONS:
            _draw_correction(page, one, may_write)
    if not may_write:
        return
    with st.expander(t("Correct the days covered")):
        if not page.reader:  # outside the form, which is emptied: who removes is noted too
            st.text_input(t("Your name or office"), max_chars=80, key=_WHO)
        _draw_form(page)


def _draw_form(page: Page) -> None:
    """Days, kind, source and reason of a new correction."""
    t, source = page.t, page.source
    assert source is not None
    with st.form("coverage_form", clear_on_submit=True, border=False):
        st.caption(
            t(
                "Days that are not covered are left out of every comparison, on both sides. Days in which nothing "
                "happened count as quiet days. Both take precedence over what the numbers suggest."
            )
        )
        left, right = st.columns(2)
        days = left.date_input(t("Days"), value=(source.as_of, source.as_of), key="coverage_days")
        kind: AnnotationKind = right.selectbox(
            t("Kind"), CORRECTIONS, format_func=lambda one: t(KIND_WORDS[one]), key="coverage_kind"
        )
        of = right.selectbox(
            t("Source"),
            ("", *source.coverage.spans),
            format_func=lambda one: format_label(t, one) if one else t("All sources"),
            key="coverage_source",
        )
        note = st.text_input(t("Why"), max_chars=LONGEST_NOTE, key="coverage_note")
        if not st.form_submit_button(t("Correct")) or not isinstance(days, tuple) or not days:
            return
    start, end = days[0], days[-1]
    try:
        add_annotation(page.home.path, start, note, who=_author(page), end=end, kind=kind, source=of)
    except AnnotationError as wrong:
        st.error(t(wrong.message))
        return
    _written(page, start)


def _author(page: Page) -> str:
    return page.reader or str(st.session_state.get(_WHO, "")).strip()


def _draw_correction(page: Page, one: Annotation, may_write: bool) -> None:
    t = page.t
    days = t.span(Span(one.start, one.end or one.start))
    of = f" ({format_label(t, one.source)})" if one.source else ""
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.write(escape_markdown(t.pair(days, f"{t(KIND_WORDS[one.kind])}{of}. {one.note}")))
    if may_write and right.button(t("Remove"), key=f"coverage_remove_{one.id}", help=escape_markdown(one.note)):
        with contextlib.suppress(AnnotationError):  # somebody else removed it meanwhile
            remove_annotation(page.home.path, one.id, who=_author(page))
        _written(page, one.start)


def _written(page: Page, start: dt.date) -> None:
    record.note(page, Deed.CHANGE, f"coverage from {start.isoformat()}")
    st.rerun()


ROW_HEIGHT = 24
LINES_HEIGHT = 34  # of two lines
LINE = 20  # letters of a line where there is little room


def completeness_figure(page: Page, frame: pd.DataFrame) -> Figure:
    """A heat map of the shares (0 to 1) by column and month."""
    t, colours = page.t, palette(page.theme)
    months = frame.dropna(subset=["month"])
    wide = months.pivot_table(index="column", columns="month", values="share", sort=False, dropna=False)
    wide = wide.reindex(index=list(COLUMNS)[::-1]).sort_index(axis=1)
    names = [t(COLUMNS[name]) for name in wide.index]
    figure = base_figure(t, colours, height=70 + (LINES_HEIGHT if page.narrow else ROW_HEIGHT) * len(names))
    hover = [
        [
            t.pair(f"{html.escape(name)}<br>{t.date(month, 'LLLL y')}", t.percent(share, 0))
            for month, share in zip(wide.columns, row, strict=True)
        ]
        for name, row in zip(names, wide.to_numpy(), strict=True)
    ]
    figure.add_heatmap(
        x=wide.columns,
        y=["<br>".join(wrap(html.escape(name), LINE)) if page.narrow else html.escape(name) for name in names],
        z=wide.to_numpy(),
        zmin=0,
        zmax=1,
        xgap=0,
        ygap=2,
        colorscale=[[0, colours.accent], [0.5, colours.grid], [1, colours.sea_blue]],
        showscale=not page.narrow,
        colorbar={
            "tickvals": [0, 0.5, 1],
            "ticktext": [t.percent(0.0), t.percent(0.5), t.percent(1.0)],
            "thickness": 10,
            "outlinewidth": 0,
        },
        hovertext=hover,
        hoverinfo="text",
    )
    time_axis(figure, t, pd.Series(wide.columns), most=3 if page.narrow else None)
    figure.update_yaxes(showgrid=False, tickfont={"size": 11 if page.narrow else 12, "color": colours.text})
    return figure


def draw_jumps(page: Page, detail: Detail) -> None:
    """Every whole week (or month), those far from their neighbours marked."""
    frame = detail.periods.rename("n").rename_axis("week").reset_index()
    frame["alarm"] = frame["week"].dt.date.isin(set(detail.jumps["start"]))
    words = (
        page.t("Alerts by month, those far from their neighbours marked.")
        if detail.unit == MONTH
        else page.t("Alerts by week, those far from their neighbours marked.")
    )
    plots.draw_chart(page, plots.band_figure(page, frame, height=220), key="data_jumps_chart", alt=words, data=frame,
                file_name="weeks.csv")  # fmt: skip


def draw_lag(page: Page, detail: Detail) -> None:
    """Bars of the time from event to report."""
    t, colours = page.t, palette(page.theme)
    rows = lag_rows(t, detail)[::-1]
    figure = base_figure(t, colours, height=60 + 28 * len(rows))
    figure.add_bar(
        x=rows["share"],
        y=[html.escape(label) for label in rows["label"]],
        orientation="h",
        marker={"color": colours.sea_blue},
        text=[t.percent(share, 1) for share in rows["share"]],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
    )
    figure.update_xaxes(visible=False, range=[0, float(rows["share"].max()) * 1.18 or 1])
    figure.update_yaxes(showgrid=False)
    alt = t("Share of the alerts by the time from event to report; the table below holds the same.")
    plots.draw_chart(page, figure, key="data_lag_chart", alt=alt)


HEIGHT: Final = 380
# Cells beyond so many widths of the city are left off the map; the table names them.
NEAR_WIDTHS: Final = 6.0


def draw_outside_map(page: Page, found: Outside) -> None:
    """Draw the cells near the city, and say how many alerts lie farther away."""
    t, colours = page.t, palette(page.theme)
    near = cells_near_city(page.city.land, found.cells)
    far = found.n - int(near["n"].sum())
    if len(near):
        height = map_height(page, HEIGHT)
        most = float(near["n"].max())
        dots = [
            {"at": [row.longitude, row.latitude], "size": 5 + 15 * math.sqrt(row.n / most)} for row in near.itertuples()
        ]
        layers = [
            *basemap.base_layers(page.city, colours),
            pdk.Layer(
                "ScatterplotLayer",
                id="outside",
                data=dots,
                get_position="at",
                get_radius="size",
                radius_units=pdk.types.String("pixels"),
                get_fill_color=rgba(colours.accent, 150),
                stroked=True,
                get_line_color=rgba(colours.accent),
                line_width_min_pixels=1,
                pickable=False,
            ),
        ]
        shape = page.city.land.union(MultiPoint(near[["longitude", "latitude"]].to_numpy(float)).envelope.buffer(0.002))
        view = basemap.fitted_view(box(*shape.bounds), room=page.room, span=1.0, height=height)
        alt = t("Map of the alerts outside the city, by coarse cells; the table below holds the same.")
        deck = Deck(layers=layers, map_provider=None, initial_view_state=view)
        st.pydeck_chart(deck, height=height, key="data_outside_map", alt=alt)
    if far:
        st.caption(
            t.n(
                "{n} alert lies too far away for this map; the table names its place.",
                "{n} alerts lie too far away for this map; the table names their places.",
                far,
            )
        )


def cells_near_city(land: BaseGeometry, cells: pd.DataFrame) -> pd.DataFrame:
    """The cells within six widths (or heights) of the city from its middle."""
    west, south, east, north = land.bounds
    across = (cells["longitude"] - (west + east) / 2).abs() <= NEAR_WIDTHS * (east - west)
    along = (cells["latitude"] - (south + north) / 2).abs() <= NEAR_WIDTHS * (north - south)
    return cells[across & along]


FEW_DEFAULTS: Final = 3
SHORT: Final = 15
# Tables that are long or name single alerts: opened by who wants them.
FOLDED: Final = frozenset({"completeness-by-month", "near-duplicates", "near-duplicate-pairs", "precision", "lag"})


@calculated(Message("Analysing all alerts"))
def cached_quality(dataset: Dataset, profile: str) -> QualityStudy:  # noqa: ARG001 (part of the cache's key)
    """The study of what is on show."""
    return quality_study(source_of(dataset), listed=dataset.audience is Audience.ANALYST)


def draw_quality_tab(page: Page) -> None:
    """The quality of all stored alerts, whatever the filter."""
    t = page.t
    if page.source is None:
        st.write(t("Nothing was imported yet."))
        return
    found = cached_quality(page.dataset, page.city.version)
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
    if page.protected:
        return
    home, lang, dataset, version = page.home, t.lang, page.dataset, page.city.version
    draw_download(
        t("Download the report"),
        lambda: as_html(translator(lang), open_source(home), cached_quality(dataset, version)),
        file_name=f"quality-{lang}.html",
        mime="text/html",
        key="data_quality_report",
        icon=":material/download:",
    )


def _draw_section(page: Page, one: Finding, found: QualityStudy, some: list[Sheet]) -> None:
    """A subject: its sentence, its picture, its tables, and how it was found."""
    st.subheader(one.title)
    st.write(escape_markdown(one.sentence))
    _draw_figure(page, one.key, found)
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
        alt=page.t("Map of the points with suspiciously many alerts; the table below holds the same."),
        height=380,
        large=True,
        # Where many lie side by side the numbers of the table have to do.
        pins=[
            Pin(f"· {alert_count(page.t, n)}" if len(found.default_coordinates) <= FEW_DEFAULTS else "", lon, lat, rank)
            for rank, (lon, lat, n) in enumerate(places, start=1)
        ],
    )


def _draw_figure(page: Page, key: str, found: QualityStudy) -> None:
    """The picture of a subject, where it has one and there is something to see."""
    detail = found.detail
    if key == "piles":
        _draw_default_coordinates_map(page, found)
    elif detail is None:
        return
    elif key == "outside" and detail.outside.n:
        draw_outside_map(page, detail.outside)
    elif key == "completeness" and found.total.of:
        figure = completeness_figure(page, detail.completeness)
        alt = page.t("How much of each column is filled, by month; the tables below hold the same.")
        plots.draw_chart(page, figure, key="data_completeness_chart", alt=alt)
    elif key == "jumps" and len(detail.periods) > 1:
        draw_jumps(page, detail)
    elif key == "lag" and detail.lag is not None:
        draw_lag(page, detail)
