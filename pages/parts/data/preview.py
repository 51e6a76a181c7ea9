"""What was understood of a file and what an import would do with it, before anything is written."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from curim_data.model.i18n import Translator
from curim_data.model.reasons import MEND_WORDS, REASON_WORDS, REPAIR_WORDS, Reason, Repair
from curim_data.store.alert_table import Batch
from pages.parts.charts import tables
from pages.parts.data import (
    column_mapping as data_columns,
)
from pages.parts.data import (
    questions as data_questions,
)
from pages.parts.data import (
    recognised as data_recognised,
)
from pages.parts.data import (
    saved_mapping as data_saved,
)
from pages.parts.data import (
    value_mapping as data_terms,
)
from pages.parts.data.labels import draw_heading
from pages.parts.data.uploads import SHOWN_ROWS, FilePreview, FileReview, ImportTarget
from pages.parts.frame.markdown import escape_markdown
from pages.parts.frame.page import Page


def counts_sentence(t: Translator, batch: Batch) -> str:
    """Read = new + updated + known + set aside, as one sentence."""
    return t.n(
        "{n} row read: {accepted} new, {updated} updated, {duplicate} duplicates, {quarantined} set aside.",
        "{n} rows read: {accepted} new, {updated} updated, {duplicate} duplicates, {quarantined} set aside.",
        batch.read,
        accepted=batch.accepted,
        updated=batch.updated,
        duplicate=batch.duplicate,
        quarantined=batch.quarantined,
    )


def draw_overview(page: Page, looks: list[FileReview]) -> None:
    """One line for each file, with the counts that add up."""
    t = page.t
    rows = []
    for seen in looks:
        counts: dict[str, object] = {"file": escape_markdown(seen.file.name)}
        for name in ("read", "accepted", "updated", "duplicate", "quarantined"):
            counts[name] = t.number(getattr(seen.view.batch, name)) if seen.view else "–"
        rows.append(counts)
    headings = count_headings(t)
    if page.narrow:
        headings = {name: headings[name] for name in ("file", "read", "quarantined")}
    st.table(
        pd.DataFrame(rows)[list(headings)].rename(columns=headings),
        hide_index=True,
        border="horizontal",
        alt=t("For each file, how many rows are new, updated, known or set aside"),
    )
    if sum(seen.view is not None for seen in looks) > 1:
        st.caption(t("Each file is compared with the data as they are now; the import goes down the list."))


def count_headings(t: Translator) -> dict[str, str]:
    """Headings of the counts of an import."""
    return {
        "file": t("File"),
        "read": t("Read"),
        "accepted": t("New"),
        "updated": t("Updated"),
        "duplicate": t("Duplicates"),
        "quarantined": t("Set aside"),
    }


def draw_details(page: Page, seen: FileReview, into: ImportTarget) -> None:
    """Everything about one file: counts, changes, what was recognised, where the points fell, columns, words."""
    t, view = page.t, seen.view
    if view is None and seen.asked is not None:
        with st.expander(t("The columns of the file"), key=f"data_asked_{seen.file.digest[:12]}"):
            data_columns.draw_columns(page, seen)
    elif view is None:
        data_columns.draw_columns(page, seen)
    if view is None:
        return
    st.write(f"**{counts_sentence(t, view.batch)}** {facts_sentence(t, view.batch, view.several)}".strip())
    data_questions.draw_category_question(page, seen)
    draw_changes(page, view)
    left, right = st.columns([1, 1], gap="large")
    with left:
        data_recognised.draw_recognised(page, view, into)
        data_questions.draw_corrections(page, seen, into)
    with right:
        data_recognised.draw_points_map(page, view, into)
    data_recognised.draw_first_rows(page, view, into)
    _draw_quarantined(page, view)
    _draw_repairs(page, view)
    data_columns.draw_columns(page, seen)
    data_terms.draw_values(page, seen)
    data_saved.draw_save_mapping(page, seen, into)


def facts_sentence(t: Translator, batch: Batch, several: int) -> str:
    """What the new and updated ones hold that a reader should know."""
    told = []
    if batch.repaired:
        told.append(t.n("{n} was repaired", "{n} were repaired", batch.repaired))
    if batch.unmapped:
        told.append(t.n("{n} has no coordinates", "{n} have no coordinates", batch.unmapped))
    if batch.outside:
        told.append(t.n("{n} lies outside the city", "{n} lie outside the city", batch.outside))
    sentences = [t("Of the new and updated ones, {facts}.", facts=t.join(told))] if told else []
    if several:
        sentences.append(several_sentence(t, several))
    return " ".join(sentences)


def several_sentence(t: Translator, several: int) -> str:
    """How alerts of several categories count."""
    return t.n(
        "{n} alert has several categories: it counts once in totals and once in each of them.",
        "{n} alerts have several categories: they count once in totals and once in each of them.",
        several,
    )


def _draw_repairs(page: Page, view: FilePreview) -> None:
    t = page.t
    if view.repairs.empty:
        return
    empty = t("empty")
    draw_heading(t("Repaired"))
    frame = pd.DataFrame(
        {
            t("What was done"): [t(REPAIR_WORDS[Repair(rule)]) for rule in view.repairs["rule"]],
            t("Column"): [escape_markdown(column) or "–" for column in view.repairs["column"]],
            t("Rows"): [t.number(n) for n in view.repairs["n"]],
            t("First of them"): [
                escape_markdown(f"{old[:30]} → {new[:30] or empty}") if old else "–"
                for old, new in zip(view.repairs["old"], view.repairs["new"], strict=True)
            ],
        }
    )
    if page.narrow:
        frame = frame[[t("What was done"), t("Rows")]]
    st.table(frame, hide_index=True, border="horizontal", alt=t("What was repaired"))


def draw_reasons_table(page: Page, batch: Batch) -> None:
    """Why rows are set aside, how many, and how to mend them: the most frequent first."""
    t = page.t
    reasons = sorted(((Reason(code), n) for code, n in batch.reasons.items()), key=lambda pair: -pair[1])
    frame = pd.DataFrame(
        {
            t("Why"): [t(REASON_WORDS[reason]) for reason, _ in reasons],
            t("Rows"): [t.number(n) for _, n in reasons],
            t("How to mend it"): [t(MEND_WORDS[reason]) for reason, _ in reasons],
        }
    )
    st.table(frame, hide_index=True, border="horizontal", alt=t("Why rows are set aside"))


def _draw_quarantined(page: Page, view: FilePreview) -> None:
    t, batch = page.t, view.batch
    if not batch.quarantined:
        return
    draw_heading(t("Set aside"))
    draw_reasons_table(page, batch)
    frame = view.refused.assign(why=[t(m) for m in view.refused["message"]], how=[t(m) for m in view.refused["mend"]])
    headings = {
        "row": t("Row"),
        "column": t("Column"),
        "value": t("Value"),
        "why": t("Why"),
        "how": t("How to mend it"),
    }
    if page.narrow:
        headings = {name: headings[name] for name in ("row", "column", "value")}
    wide = {"value": st.column_config.Column(headings["value"], width="small")}
    tables.draw_table(page, frame, headings, key="data_refused", alt=t("Rows that are set aside"), columns=wide)
    told = t("After the import the rows can be downloaded under “Imports so far”, mended and imported again.")
    if batch.quarantined > SHOWN_ROWS:
        told = t("The first {n} rows are shown.", n=SHOWN_ROWS) + " " + told
    told += " " + t("Rows are counted without the header: in a spreadsheet each stands one line further down.")
    st.caption(told)


def draw_changes(page: Page, view: FilePreview) -> None:
    """Columns first, then alerts that are new, changed their status, or are gone; nothing where nothing came before."""
    changes, t = view.changes, page.t
    if changes is None or changes.before is None:
        return
    head, *told = changes.sentences(t)
    draw_heading(t("What changed"))
    if changes.columns_changed:
        st.warning(t("The columns are not what they were: see whether they still mean the same."))
    st.markdown(f"{escape_markdown(head)}\n\n" + "\n".join(f"- {escape_markdown(one)}" for one in told))
