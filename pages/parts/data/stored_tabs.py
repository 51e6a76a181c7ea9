"""What is stored: imports with undo, the record of who did what, the download of cleaned alerts, and their quality.

Of the quality what needs attention comes first, then every subject with its figures.
"""

from __future__ import annotations

import datetime as dt
import io
import time
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from curim_data.engine import Source, open_source
from curim_data.export import cleaned
from curim_data.export.safe_csv import csv_bytes, with_negative_numbers
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message, Role, translator
from curim_data.model.coverage import CORRECTIONS, KIND_WORDS, LONGEST_NOTE, AnnotationKind
from curim_data.model.labels import format_label
from curim_data.plans.record import (
    DEED_WORDS,
    Deed,
    people,
    read_record,
    record_frame,
    record_settings,
    recorder,
)
from curim_data.quality.report import Finding, Sheet, findings, sheets
from curim_data.quality.study import Detail, QualityStudy, quality_study
from curim_data.query import total
from curim_data.store import Batch, Home, Store, StoreError
from curim_data.store.alert_table import UndoReport
from pages.parts.charts import plots, tables
from pages.parts.charts.tables import download_button, draw_table, formatted
from pages.parts.data.city_tab import prepare_city
from pages.parts.data.import_tab import count_headings, draw_reasons_table
from pages.parts.frame import Dataset, Page, calculated, draw_fold, escape_markdown, help_link, record, source_of
from pages.parts.frame.filter_bar import mapped_sentence
from pages.parts.frame.guard import draw_download
from pages.parts.maps.basemap import Pin
from pages.parts.maps.cell_map import alert_count, draw_point_map
from pages.parts.plans import ask_author, draw_annotation, plan_store, save_annotation

UNDONE = "data_undone"


def draw_history_tab(page: Page) -> None:
    """The table of imports, the newest first, and what can be done with one of them."""
    t, batches = page.t, Store(page.home).batches()[::-1]
    if UNDONE in st.session_state:  # what the last undo did, once
        report: UndoReport | None = st.session_state.pop(UNDONE)
        if report is None:
            st.error(t("The import could not be undone: another change came first. The current state is shown below."))
        else:
            st.success(
                t(
                    "{file} was undone: {removed} alerts removed, {restored} restored to their earlier content, "
                    "{kept} kept because a later import changed them.",
                    file=escape_markdown(report.batch.file_name),
                    removed=report.removed,
                    restored=report.restored,
                    kept=report.kept,
                )
            )
    if not batches:
        st.write(t("Nothing was imported yet."))
        return
    _draw_table(page, batches)
    names = {batch.id: f"{_when(page, batch)} · {batch.file_name}" for batch in batches}
    chosen = st.selectbox(t("Import"), list(names), format_func=names.__getitem__, key="data_batch", width=520)
    batch = next((one for one in batches if one.id == chosen), batches[0])
    _draw_import(page, batch, is_first=batch is batches[-1])


def _draw_table(page: Page, batches: list[Batch]) -> None:
    t = page.t
    counts = ("read", "accepted", "updated", "duplicate", "quarantined")
    frame = pd.DataFrame(
        [
            {
                "when": _when(page, batch),
                "file": batch.file_name,
                "format": format_label(t, batch.format),
                **{name: getattr(batch, name) for name in counts},
                "state": t("undone") if batch.undone else "",
            }
            for batch in batches
        ]
    )
    counted = count_headings(t)
    headings = {"when": t("When"), "file": counted.pop("file"), "format": t("Format"), "state": t("State"), **counted}
    tables.draw_table(
        page,
        frame,
        headings,
        key="data_history",
        alt=t("Imports, the newest first"),
        digits=dict.fromkeys(counts, 0),
        # A file's name may be very long: 150 pixels.
        columns={"file": st.column_config.Column(headings["file"], width=150)}
        if page.narrow
        else tables.fitted_columns(frame, headings, numbers=counts, most=150),
        file_name="imports.csv",
        narrow=("file", "state", "read"),
    )


def _when(page: Page, batch: Batch) -> str:
    return page.t.moment(batch.when.astimezone(ZoneInfo(page.city.timezone)), "short")


def _draw_import(page: Page, batch: Batch, *, is_first: bool) -> None:
    """Draw one import: why rows were quarantined, their download, and the undo."""
    t, home, lang = page.t, page.home, page.t.lang
    if batch.reasons:
        draw_reasons_table(page, batch)
    with st.container(horizontal=True, vertical_alignment="center"):
        if batch.quarantined:
            draw_download(
                t("Download the quarantined rows"),
                lambda: csv_bytes(with_negative_numbers(Store(home).quarantine(batch.id, translator(lang)))),
                file_name=f"set-aside-{batch.id}.csv",
                mime="text/csv",
                key="data_quarantine",
                icon=":material/download:",
            )
        if not batch.undone and batch.sealed is None and not (page.is_sample and is_first):
            _draw_undo(page, batch)
    if batch.quarantined:
        st.caption(
            t(
                "The file says of each row why it is quarantined and how to fix it. Fix the rows, save the file as CSV "
                "and import it. Of a row with too many or too few fields only the number is kept: fix it in your own "
                "file."
            )
        )
    if batch.sealed is not None and not batch.undone:
        st.caption(
            t(
                "This import cannot be undone: on {day} alerts were erased permanently, together with all earlier "
                "versions.",
                day=batch.sealed.astimezone(ZoneInfo(page.city.timezone)).date(),
            )
        )


def _draw_undo(page: Page, batch: Batch) -> None:
    """Ask, then undo the import in a new commit."""
    with st.popover(page.t("Undo this import"), icon=":material/undo:"):
        st.write(
            page.t(
                "{accepted} alerts that it added are removed, and {updated} that it changed get their earlier content "
                "back. Alerts that a later import changed stay as they are.",
                accepted=batch.accepted,
                updated=batch.updated,
            )
        )
        if st.button(page.t("Yes, undo it"), key=f"data_undo_{batch.id}", type="primary"):
            try:
                st.session_state[UNDONE] = Store(page.home).undo(batch.id)
                record.note(page, Deed.UNDO, f"{batch.file_name} ({batch.id})")
                prepare_city(page, page.home, st.progress(0.0))
            except StoreError:
                st.session_state[UNDONE] = None
            if not page.is_sample and not Store(page.home).count():
                st.query_params["home"] = "own"
            st.rerun()


AT_ONCE: Final = 500
PERIODS: Final = {"7": Message("Last 7 days"), "28": Message("Last 28 days"), "365": Message("Last 12 months")}
ROLE_WORDS: Final = {
    "public": Message("the public"),
    "council": Message("council"),
    "specialist": Message("specialist"),
    "analyst": Message("analyst"),
}


def draw_record_tab(page: Page) -> None:
    """Choose what to see of the record, see it, and take it along."""
    t = page.t
    if page.is_sample:
        st.write(t("Nothing is recorded."))
        return
    if page.role < Role.ANALYST:
        return
    database = plan_store(page).database
    recorder(page.home).flush(1.0)
    try:
        wanted = _wanted_entries(page, people(database))
        found = read_record(database, **wanted, most=AT_ONCE)
    except SQLAlchemyError:
        st.error(t("The record cannot be read at the moment. Reload the page in a minute."))
        return
    settings = record_settings(page.home)
    st.caption(
        t(
            "Without the content of any alert. Entries cannot be changed; they are deleted after {days} days.",
            days=settings.keep_days,
        )
    )
    if not settings.council_filters:
        st.caption(t("Which filters the council and the public chose is not recorded."))
    if not found:
        st.write(t("Nothing is recorded."))
        return
    if len(found) == AT_ONCE:
        st.caption(t("The latest {n} entries; the file holds all.", n=AT_ONCE))
    headings = {
        "at": t("When"),
        "who": t("Who"),
        "role": t("Role"),
        "deed": t("What"),
        "subject": t("Of what"),
        "query": t("Filter"),
    }
    zone = ZoneInfo(page.city.timezone)
    rows = [
        {
            "at": t.moment(dt.datetime.fromtimestamp(one.at, zone), "short"),
            # What the dashboard itself noted, such as that a file was changed by hand, has no reader.
            "who": _person(page, one.who) if one.who or one.role else "–",
            "role": t(ROLE_WORDS[one.role]) if one.role in ROLE_WORDS else "",
            "deed": t(DEED_WORDS[one.deed]),
            "subject": one.subject,
            "query": one.query,
        }
        for one in found
    ]
    draw_table(page, pd.DataFrame(rows), headings, key="data_record", alt=t("Record"))
    download_button(
        page, lambda: record_frame(read_record(database, **wanted)), "record.csv", key="data_record_download"
    )


def _wanted_entries(page: Page, known: list[str]) -> dict[str, Any]:
    """Boxes for a period, a person and a deed; what is chosen, as arguments of `read_record`."""
    t = page.t
    period, person, deed = st.columns(3)
    days = period.selectbox(
        t("Period"), list(PERIODS), index=1, format_func=lambda one: t(PERIODS[one]), key="data_record_period"
    )
    who = person.selectbox(t("Who"), [None, *known], format_func=lambda one: _person(page, one), key="data_record_who")
    what = deed.selectbox(
        t("What"),
        [None, *Deed],
        format_func=lambda one: "–" if one is None else t(DEED_WORDS[one]),
        key="data_record_deed",
    )
    return {"since": time.time() - int(days) * 86_400, "who": who, "deed": what}


def _person(page: Page, who: str | None) -> str:
    return "–" if who is None else who or page.t("at this computer")


# A browser's download is held in memory; more goes through the command line.
MOST_ALERTS: Final = 200_000
CLEANED_KINDS: Final[dict[cleaned.Kind, tuple[str, str]]] = {
    "csv": ("CSV", "text/csv"),
    "parquet": ("Parquet", "application/vnd.apache.parquet"),
    "gpkg": ("GeoPackage", "application/geopackage+sqlite3"),
}


def draw_cleaned_download(page: Page) -> None:
    """Choose which alerts and which kind of file; only analysts see single alerts."""
    t, home, audience = page.t, page.home, page.audience
    if page.source is None or audience is not Audience.ANALYST:
        return
    st.subheader(t("Cleaned data"))
    st.caption(t("Single alerts with what the import added. The CSV can be imported again."))
    filtered = st.toggle(t("Only the alerts that match the filter of the other pages"), key="data_cleaned_filter")
    f = page.filter if filtered else AlertFilter(period="all")
    n = total(page.source, f).n or 0
    st.caption(
        escape_markdown(
            f.sentence(t, page.city, n=n, total=page.source.count) if filtered else t.n("{n} alert.", "{n} alerts.", n)
        )
    )
    if n > MOST_ALERTS:
        st.write(
            t(
                "More than {most} alerts are too many for a browser: use “curim export --out FILE.csv” on the computer "
                "that runs the dashboard.",
                most=MOST_ALERTS,
            )
        )
        return
    with st.container(horizontal=True):
        for kind, (name, mime) in CLEANED_KINDS.items():
            draw_download(
                name,
                partial(cleaned_file, home, f, kind, audience),
                file_name=f"alerts.{kind}",
                mime=mime,
                key=f"data_cleaned_{kind}",
                icon=":material/download:",
            )


def cleaned_file(home: Home, f: AlertFilter, kind: cleaned.Kind, audience: Audience) -> bytes:
    """The file's bytes."""
    out = io.BytesIO()
    cleaned.write(open_source(home), f, out, kind, audience)
    return out.getvalue()


def draw_coverage_form(page: Page) -> None:
    """The corrections that hold, and for an analyst the form that adds one."""
    source, may_write = page.alerts, page.role >= Role.ANALYST and not page.is_sample
    for one in source.annotations:
        if one.kind in CORRECTIONS:
            of = format_label(page.t, one.source) if one.source else ""
            draw_annotation(page, one, of, removable=may_write, subject=_subject(one.start))
    if may_write:
        with st.expander(page.t("Correct the days covered")):
            ask_author(page)  # outside the form, which is emptied: who removes is noted too
            _draw_form(page, source)


def _draw_form(page: Page, source: Source) -> None:
    """Days, kind, source and reason of a new correction."""
    t = page.t
    with st.form("coverage_form", clear_on_submit=True, border=False):
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
        if not st.form_submit_button(t("Save")) or not isinstance(days, tuple) or not days:
            return
    save_annotation(page, days[0], note, subject=_subject(days[0]), end=days[-1], kind=kind, source=of)


def _subject(start: dt.date) -> str:
    """What the record of use calls a correction, whether it is made or removed."""
    return f"coverage from {start.isoformat()}"


def draw_jumps(page: Page, detail: Detail, alt: str) -> None:
    """Every whole week (or month), those far from their neighbours marked."""
    frame = detail.periods.rename("n").rename_axis("week").reset_index()
    frame["alarm"] = frame["week"].dt.date.isin(set(detail.jumps["start"]))
    plots.draw_chart(
        page,
        plots.band_figure(page, frame, height=220),
        key="data_jumps_chart",
        alt=alt,
        data=frame,
        file_name="weeks.csv",
    )


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
    needed = [f"- **{one.title}.** {escape_markdown(one.sentence)}" for one in subjects if one.attention]
    st.markdown("**" + t("Needs attention") + "**" if needed else t("Nothing needs attention."))
    if needed:
        st.markdown("\n".join(needed))
    help_link(page, "precision")
    by_subject = sheets(t, page.city, found)
    for one in subjects:
        draw = partial(_draw_subject, page, one, found, by_subject.get(one.key, []))
        draw_fold(one.key, one.title, draw, word="subject")


def _draw_subject(page: Page, one: Finding, found: QualityStudy, some: list[Sheet]) -> None:
    """What an overview does not say of a subject: its sentence where nothing is to do, its picture, its tables."""
    if not one.attention:
        st.write(escape_markdown(one.sentence))
    _draw_figure(page, one, found)
    for sheet in some:
        _draw_sheet(page, sheet, one.title)
    if one.key == "gaps":
        draw_coverage_form(page)
        help_link(page, "coverage")


def _draw_sheet(page: Page, sheet: Sheet, title: str) -> None:
    """A table with its download; the long reasons of one of them wrap."""
    headings = dict(sheet.headings)
    if page.narrow and sheet.narrow:
        headings = {name: headings[name] for name in sheet.narrow}
    if sheet.name == "piles":
        written = formatted(page.t, sheet.frame, digits=sheet.digits, percent=sheet.percent)
        written["reason"] = written["reason"].map(escape_markdown)
        st.table(written[list(headings)].rename(columns=headings), hide_index=True, border="horizontal", alt=title)
    else:
        draw_table(
            page,
            sheet.frame,
            headings,
            key=f"data_{sheet.name}",
            alt=title,
            digits=sheet.digits,
            percent=sheet.percent,
            height="content" if len(sheet.frame) <= 15 else "auto",
        )
    download_button(
        page,
        sheet.frame[list(sheet.headings)].rename(columns=dict(sheet.headings)),
        f"{sheet.name}.csv",
        key=f"data_{sheet.name}_download",
    )


def _draw_figure(page: Page, one: Finding, found: QualityStudy) -> None:
    """The picture of a subject, where it has one and there is something to see; the tables below hold the same."""
    detail, key, alt = found.detail, one.key, page.t.pair(one.title, one.sentence)
    if key == "piles" and not found.default_coordinates.empty:
        # Where many lie side by side the numbers of the table have to do.
        points = found.default_coordinates
        places = points[["longitude", "latitude", "n"]].itertuples(index=False)
        draw_point_map(
            page,
            page.city,
            points,
            key="data_piles_map",
            alt=alt,
            height=380,
            large=True,
            pins=[
                Pin(f"· {alert_count(page.t, n)}" if len(points) <= 3 else "", lon, lat, rank)
                for rank, (lon, lat, n) in enumerate(places, start=1)
            ],
        )
    elif key == "jumps" and detail is not None and len(detail.periods) > 1:
        draw_jumps(page, detail, alt)
