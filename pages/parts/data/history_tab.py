"""What was imported when, with undo; the record of who did what; the download of cleaned alerts."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from curim_data.engine import open_source
from curim_data.export import cleaned
from curim_data.export.safe_csv import csv_bytes, with_negative_numbers
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message, Role, Translator, translator
from curim_data.model.extent import NESTED_CELLS
from curim_data.plans.record import (
    DEED_WORDS,
    Deed,
    Entry,
    people,
    read_record,
    record_frame,
    record_settings,
    recorder,
)
from curim_data.store import Batch, Home, Store, StoreError
from curim_data.store.alert_table import UndoReport
from pages.parts.charts import tables
from pages.parts.charts.tables import download_button, draw_table
from pages.parts.data.city_tab import prepare_city
from pages.parts.data.import_tab import count_headings, draw_reasons_table
from pages.parts.data.uploads import format_short
from pages.parts.frame import Page, escape_markdown, record
from pages.parts.frame.guard import draw_download
from pages.parts.plans import plan_store

UNDONE = "data_undone"
FILE_WIDTH = 150  # pixels: a file's name may be very long


def draw_history_tab(page: Page) -> None:
    """The table of imports, the newest first, and what can be done with one of them."""
    batches = Store(page.home).batches()[::-1]
    _draw_undo_report(page)
    if not batches:
        st.write(page.t("Nothing was imported yet."))
        return
    _draw_table(page, batches)
    names = {batch.id: f"{_when(page, batch)} · {batch.file_name}" for batch in batches}
    chosen = st.selectbox(
        page.t("Import"), list(names), format_func=lambda key: names[key], key="data_batch", width=520
    )
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
                "format": format_short(t, batch.format),
                **{name: getattr(batch, name) for name in counts},
                "state": t("undone") if batch.undone else t("in the data"),
            }
            for batch in batches
        ]
    )
    counted = count_headings(t)
    headings = {"when": t("When"), "file": counted.pop("file"), "format": t("Format"), "state": t("State"), **counted}
    if page.narrow:
        headings = {name: headings[name] for name in ("file", "state", "read")}
    tables.draw_table(
        page,
        frame,
        headings,
        key="data_history",
        alt=t("Imports, the newest first"),
        digits=dict.fromkeys(counts, 0),
        columns={"file": st.column_config.Column(headings["file"], width=150)}
        if page.narrow
        else tables.fitted_columns(frame, headings, numbers=counts, most=FILE_WIDTH),
        file_name="imports.csv",
    )


def _when(page: Page, batch: Batch) -> str:
    return page.t.moment(batch.when.astimezone(ZoneInfo(page.city.timezone)), "short")


def _draw_import(page: Page, batch: Batch, *, is_first: bool) -> None:
    """Draw one import: why rows were quarantined, their download, and the undo."""
    t = page.t
    if batch.reasons:
        draw_reasons_table(page, batch)
    with st.container(horizontal=True, vertical_alignment="center"):
        if batch.quarantined:
            home, lang = page.home, t.lang
            draw_download(
                t("Download the quarantined rows"),
                lambda: _quarantine_csv(home, batch.id, lang),
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
                "The file holds the fields of the alerts, without free text and personal data, with the reason and "
                "how to fix it. Fix the rows, save the file as CSV and import it: the extra columns do no harm. Of a "
                "row with too many or too few fields only the row number is kept: fix it in your own file."
            )
        )
    if batch.undone:
        st.caption(t("This import was undone: its alerts are not in the data."))
    elif batch.sealed is not None:
        st.caption(
            t(
                "This import cannot be undone: on {day} alerts were erased permanently, together with all earlier "
                "versions.",
                day=batch.sealed.astimezone(ZoneInfo(page.city.timezone)).date(),
            )
        )
    elif page.is_sample and is_first:
        st.caption(t("The sample's own alerts stay."))


def _quarantine_csv(home: Home, batch_id: str, lang: str) -> bytes:
    return csv_bytes(with_negative_numbers(Store(home).quarantine(batch_id, translator(lang))))


def _draw_undo(page: Page, batch: Batch) -> None:
    """Ask, then undo the import in a new commit."""
    t = page.t
    with st.popover(t("Undo this import"), icon=":material/undo:"):
        st.write(
            t(
                "{accepted} alerts that it added are removed, and {updated} that it changed get their earlier content "
                "back. Alerts that a later import changed stay as they are.",
                accepted=batch.accepted,
                updated=batch.updated,
            )
        )
        if st.button(t("Yes, undo it"), key=f"data_undo_{batch.id}", type="primary"):
            try:
                st.session_state[UNDONE] = Store(page.home).undo(batch.id)
                record.note(page, Deed.UNDO, f"{batch.file_name} ({batch.id})")
                prepare_city(page, page.home, st.progress(0.0))
            except StoreError:
                st.session_state[UNDONE] = None
            if not page.is_sample and not Store(page.home).count():
                st.query_params["home"] = "own"
            st.rerun()


def _draw_undo_report(page: Page) -> None:
    """Draw what the last undo did, once."""
    if UNDONE not in st.session_state:
        return
    report: UndoReport | None = st.session_state.pop(UNDONE)
    if report is None:
        st.error(page.t("The import could not be undone: another change came first. The current state is shown below."))
    else:
        st.success(undo_sentence(page.t, report))


def undo_sentence(t: Translator, report: UndoReport) -> str:
    """What an undo did, in one sentence."""
    return t(
        "{file} was undone: {removed} alerts removed, {restored} restored to their earlier content, {kept} kept "
        "because a later import changed them.",
        file=escape_markdown(report.batch.file_name),
        removed=report.removed,
        restored=report.restored,
        kept=report.kept,
    )


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
        st.write(t("The sample city has no record: it begins with a city of your own."))
        return
    if page.role < Role.ANALYST:
        return
    database = plan_store(page).database
    recorder(page.home).flush(1.0)
    try:
        known = people(database)
        wanted = _choice(page, known)
        found = read_record(database, **wanted, most=AT_ONCE)
    except SQLAlchemyError:
        st.error(t("The record cannot be read at the moment. Reload the page in a minute."))
        return
    _draw_about(page)
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
    frame = pd.DataFrame([_row(page, zone, one) for one in found], columns=list(headings))
    draw_table(page, frame, headings, key="data_record", alt=t("Who looked at what and did what"))
    download_button(
        page, lambda: record_frame(read_record(database, **wanted)), "record.csv", key="data_record_download"
    )


def _choice(page: Page, known: list[str]) -> dict[str, Any]:
    t = page.t
    period, person, deed = st.columns(3)
    days = period.selectbox(
        t("Period"), list(PERIODS), index=1, format_func=lambda one: t(PERIODS[one]), key="data_record_period"
    )
    who = person.selectbox(t("Who"), [None, *known], format_func=lambda one: _person(page, one), key="data_record_who")
    what = deed.selectbox(
        t("What"),
        [None, *Deed],
        format_func=lambda one: t("everything") if one is None else t(DEED_WORDS[one]),
        key="data_record_deed",
    )
    since = dt.datetime.now(dt.UTC) - dt.timedelta(days=int(days))
    return {"since": since.timestamp(), "who": who, "deed": what}


def _draw_about(page: Page) -> None:
    """For how long it is kept, and what it leaves out."""
    t, settings = page.t, record_settings(page.home)
    st.caption(
        t(
            "Who looked at what and did what, without the content of any alert. Entries cannot be changed; they are "
            "deleted after {days} days.",
            days=settings.keep_days,
        )
    )
    if not settings.council_filters:
        st.caption(t("Which filters the council and the public chose is not recorded."))


def _person(page: Page, who: str | None) -> str:
    return page.t("everybody") if who is None else who or page.t("at this computer")


def _row(page: Page, zone: ZoneInfo, one: Entry) -> dict[str, str]:
    t = page.t
    return {
        "at": t.moment(dt.datetime.fromtimestamp(one.at, zone), "short"),
        # What the dashboard itself noted, such as that a file was changed by hand, has no reader.
        "who": _person(page, one.who) if one.who or one.role else "–",
        "role": t(ROLE_WORDS[one.role]) if one.role in ROLE_WORDS else "",
        "deed": t(DEED_WORDS[one.deed]),
        "subject": one.subject,
        "query": one.query,
    }


# A browser's download is held in memory; more goes through the command line.
MOST_ALERTS: Final = 200_000
EVERYTHING: Final = AlertFilter(period="all")
NAMES: Final[dict[cleaned.Kind, str]] = {"csv": "CSV", "parquet": "Parquet", "gpkg": "GeoPackage"}
_TYPES: Final[dict[cleaned.Kind, str]] = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "gpkg": "application/geopackage+sqlite3",
}


def draw_cleaned_download(page: Page) -> None:
    """Choose which alerts and which kind of file; only analysts see single alerts."""
    t = page.t
    if page.source is None or page.audience is not Audience.ANALYST:
        return
    st.subheader(t("Cleaned data"))
    st.write(
        t(
            "Single alerts with what the import added to them: district, map cells, place, darkness. The CSV can be "
            "imported again."
        )
    )
    st.caption(t(NESTED_CELLS))
    filtered = st.toggle(t("Only the alerts that match the filter of the other pages"), key="data_cleaned_filter")
    f = page.filter if filtered else EVERYTHING
    n = cleaned.count(page.source, f)
    if filtered:
        st.caption(escape_markdown(f.sentence(t, page.city, n=n, total=page.source.count)))
    else:
        st.caption(t.n("{n} alert.", "{n} alerts.", n))
    if n > MOST_ALERTS:
        note = t(
            "More than {most} alerts are too many for a browser: use “curim export --out FILE.csv” on the computer "
            "that runs the dashboard.",
            most=MOST_ALERTS,
        )
        st.write(note)
        return
    with st.container(horizontal=True):
        for kind, name in NAMES.items():
            _button(page, f, kind, name)


def _button(page: Page, f: AlertFilter, kind: cleaned.Kind, name: str) -> None:
    home, audience = page.home, page.audience
    draw_download(
        name,
        lambda: cleaned_file(home, f, kind, audience),
        file_name=f"alerts.{kind}",
        mime=_TYPES[kind],
        key=f"data_cleaned_{kind}",
        icon=":material/download:",
    )


def cleaned_file(home: Home, f: AlertFilter, kind: cleaned.Kind, audience: Audience) -> bytes:
    """The file's bytes."""
    out = io.BytesIO()
    cleaned.write(open_source(home), f, out, kind, audience)
    return out.getvalue()
