"""What was understood of a file and what an import would do with it, before anything is written."""

from __future__ import annotations

from contextlib import nullcontext

import pandas as pd
import streamlit as st

from curim_data.model import Reason, Translator
from curim_data.model.reasons import MEND_WORDS, REASON_WORDS, REPAIR_WORDS, Repair
from curim_data.store import Batch
from pages.parts.charts.tables import draw_table
from pages.parts.data.column_mapping import draw_columns
from pages.parts.data.labels import draw_heading
from pages.parts.data.proof import draw_proof
from pages.parts.data.questions import draw_category_question, draw_corrections
from pages.parts.data.recognised import draw_recognised
from pages.parts.data.saved_mapping import draw_save_mapping
from pages.parts.data.uploads import SHOWN_ROWS, FilePreview, FileReview, ImportTarget
from pages.parts.data.value_mapping import draw_values
from pages.parts.frame import Page, escape_markdown


def counts_sentence(t: Translator, batch: Batch) -> str:
    """Read = new + updated + duplicates + quarantined, as one sentence."""
    return t.n(
        "{n} row read: {accepted} new, {updated} updated, {duplicate} duplicates, {quarantined} quarantined.",
        "{n} rows read: {accepted} new, {updated} updated, {duplicate} duplicates, {quarantined} quarantined.",
        batch.read,
        accepted=batch.accepted,
        updated=batch.updated,
        duplicate=batch.duplicate,
        quarantined=batch.quarantined,
    )


def draw_overview(page: Page, reviews: list[FileReview]) -> None:
    """One line for each file, with the counts that add up."""
    t = page.t
    headings = count_headings(t)
    rows = [
        {
            name: t.number(getattr(review.preview.report.batch, name)) if review.preview else "–"
            for name in headings
            if name != "file"
        }
        | {"file": escape_markdown(review.file.name)}
        for review in reviews
    ]
    if page.narrow:
        headings = {name: headings[name] for name in ("file", "read", "quarantined")}
    st.table(
        pd.DataFrame(rows)[list(headings)].rename(columns=headings),
        hide_index=True,
        border="horizontal",
        alt=t("For each file, how many rows are new, updated, known or quarantined"),
    )
    if sum(review.preview is not None for review in reviews) > 1:
        st.caption(t("Each file is compared with the data as they are now; the import goes down the list."))


def count_headings(t: Translator) -> dict[str, str]:
    """Headings of the counts of an import."""
    return {
        "file": t("File"),
        "read": t("Read"),
        "accepted": t("New"),
        "updated": t("Updated"),
        "duplicate": t("Duplicates"),
        "quarantined": t("Quarantined"),
    }


def draw_summary(page: Page, review: FileReview, into: ImportTarget) -> None:
    """What a person looks at before the import of a file: counts, what changed, the proof that it was understood."""
    t, preview = page.t, review.preview
    if preview is None:
        return
    batch = preview.report.batch
    st.write(f"**{counts_sentence(t, batch)}** {facts_sentence(t, batch, preview.report.several)}".strip())
    draw_category_question(page, review.file, preview, into)
    draw_changes(page, preview)
    draw_proof(page, preview, into)


def draw_details(page: Page, review: FileReview, into: ImportTarget) -> None:
    """Everything else about one file: what was recognised, what was quarantined or repaired, columns, words."""
    t, preview = page.t, review.preview
    if preview is None:
        label, key = t("The columns of the file"), f"data_asked_{review.file.digest[:12]}"
        with st.expander(label, key=key) if review.question is not None else nullcontext():
            draw_columns(page, review)
        return
    draw_recognised(page, preview, into)
    draw_corrections(page, review.file, preview, into)
    _draw_quarantined(page, preview)
    _draw_repairs(page, preview)
    draw_columns(page, review)
    draw_values(page, review)
    draw_save_mapping(page, review, into)


def facts_sentence(t: Translator, batch: Batch, several: int) -> str:
    """What the new and updated ones hold that a reader should know."""
    told = (
        (batch.repaired, t.n("{n} was repaired", "{n} were repaired", batch.repaired)),
        (batch.unmapped, t.n("{n} has no coordinates", "{n} have no coordinates", batch.unmapped)),
        (batch.outside, t.n("{n} lies outside the city", "{n} lie outside the city", batch.outside)),
    )
    facts = [words for n, words in told if n]
    sentence = t("Of the new and updated ones, {facts}.", facts=t.join(facts)) if facts else ""
    return f"{sentence} {several_sentence(t, several) if several else ''}".strip()


def several_sentence(t: Translator, several: int) -> str:
    """How alerts of several categories count."""
    return t.n(
        "{n} alert has several categories: it counts once in totals and once in each of them.",
        "{n} alerts have several categories: they count once in totals and once in each of them.",
        several,
    )


def _draw_repairs(page: Page, preview: FilePreview) -> None:
    t = page.t
    if preview.repairs.empty:
        return
    empty = t("empty")
    draw_heading(t("Repaired"))
    frame = pd.DataFrame(
        {
            t("What was done"): [t(REPAIR_WORDS[Repair(rule)]) for rule in preview.repairs["rule"]],
            t("Column"): [escape_markdown(column) or "–" for column in preview.repairs["column"]],
            t("Rows"): [t.number(n) for n in preview.repairs["n"]],
            t("First example"): [
                escape_markdown(f"{old[:30]} → {new[:30] or empty}") if old else "–"
                for old, new in zip(preview.repairs["old"], preview.repairs["new"], strict=True)
            ],
        }
    )
    if page.narrow:
        frame = frame[[t("What was done"), t("Rows")]]
    st.table(frame, hide_index=True, border="horizontal", alt=t("What was repaired"))


def draw_reasons_table(page: Page, batch: Batch) -> None:
    """Draw why rows are quarantined, how many, and how to fix them: the most frequent first."""
    t = page.t
    reasons = sorted(((Reason(code), n) for code, n in batch.reasons.items()), key=lambda pair: -pair[1])
    frame = pd.DataFrame(
        {
            t("Why"): [t(REASON_WORDS[reason]) for reason, _ in reasons],
            t("Rows"): [t.number(n) for _, n in reasons],
            t("How to fix it"): [t(MEND_WORDS[reason]) for reason, _ in reasons],
        }
    )
    st.table(frame, hide_index=True, border="horizontal", alt=t("Why rows are quarantined"))


def _draw_quarantined(page: Page, preview: FilePreview) -> None:
    t, batch = page.t, preview.report.batch
    if not batch.quarantined:
        return
    draw_heading(t("Quarantined"))
    draw_reasons_table(page, batch)
    frame = preview.refused.assign(
        why=[t(m) for m in preview.refused["message"]], how=[t(m) for m in preview.refused["mend"]]
    )
    headings = {
        "row": t("Row"),
        "column": t("Column"),
        "value": t("Value"),
        "why": t("Why"),
        "how": t("How to fix it"),
    }
    if page.narrow:
        headings = {name: headings[name] for name in ("row", "column", "value")}
    wide = {"value": st.column_config.Column(headings["value"], width="small")}
    draw_table(page, frame, headings, key="data_refused", alt=t("Quarantined rows"), columns=wide)
    notes = [
        *([t("The first {n} rows are shown.", n=SHOWN_ROWS)] if batch.quarantined > SHOWN_ROWS else []),
        t("After the import the rows can be downloaded under “Imports so far”, fixed and imported again."),
        t("Rows are counted without the header: in a spreadsheet each stands one line further down."),
    ]
    st.caption(" ".join(notes))


def draw_changes(page: Page, preview: FilePreview) -> None:
    """Columns first, then alerts that are new, changed their status, or are gone; nothing where nothing came before."""
    changes, t = preview.report.changes, page.t
    if changes is None or changes.before is None:
        return
    head, *rest = changes.sentences(t)
    draw_heading(t("What changed"))
    if changes.columns_changed:
        st.warning(t("The columns have changed: check whether they still mean the same."))
    st.markdown(f"{escape_markdown(head)}\n\n" + "\n".join(f"- {escape_markdown(one)}" for one in rest))
