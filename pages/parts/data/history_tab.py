"""The tab of imports so far: what was imported when, the quarantined rows to download and fix, and undo."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from curim_data.export.safe_csv import csv_bytes, with_negative_numbers
from curim_data.model import Translator, translator
from curim_data.plans.record import Deed
from curim_data.store import Batch, Home, Store, StoreError
from curim_data.store.alert_table import UndoReport
from pages.parts.charts import tables
from pages.parts.data.city_apply import prepare_city
from pages.parts.data.labels import format_short
from pages.parts.data.preview import count_headings, draw_reasons_table
from pages.parts.frame import Page, escape_markdown, record
from pages.parts.frame.guard import draw_download

UNDONE = "data_undone"
FILE_WIDTH = 150  # pixels: a file's name may be very long


def draw_history_tab(page: Page) -> None:
    """The table of imports, the newest first, and what can be done with one of them."""
    t = page.t
    batches = Store(page.home).batches()[::-1]
    _draw_undo_report(page)
    if not batches:
        st.write(t("Nothing was imported yet."))
        return
    _draw_table(page, batches)
    names = {batch.id: f"{_when(page, batch)} · {batch.file_name}" for batch in batches}
    chosen = st.selectbox(t("Import"), list(names), format_func=lambda key: names[key], key="data_batch", width=520)
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
