"""What was understood of a file and what an import would do with it, before anything is written."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from curim_data.i18n import Message, Translator
from curim_data.reasons import MEND_WORDS, REASON_WORDS, REPAIR_WORDS, Reason, Repair
from curim_data.store import Batch
from curim_data.study_quality import likely_reason
from curim_data.words import column_label
from pages.parts import data_map, tables
from pages.parts.data_files import ORDERS, SHOWN_ROWS, Look, Target, View
from pages.parts.page import Page
from pages.parts.text import plain

MAP_HEIGHT = 340
LISTED: Final = 8
SHOWN_PILES: Final = 3
_DELIMITERS: Final = {
    ";": Message("semicolon"),
    ",": Message("comma"),
    "\t": Message("tab"),
    "|": Message("bar"),
}
_ORDERS: Final = {
    "day-first": Message("day first (1/3 is 1 March)"),
    "month-first": Message("month first (1/3 is 3 January)"),
}
_ROLES: Final = {
    "alert_id": Message("Id of the alert"),
    "reported_at": Message("When it was reported"),
    "occurred_from": Message("When it happened, or began"),
    "occurred_to": Message("When it ended"),
    "more_categories": Message("Further categories"),
    "resolved_at": Message("When it was resolved"),
    "confirmations": Message("Confirmations by others"),
    "latitude": Message("Latitude"),
    "longitude": Message("Longitude"),
}


def accounts(t: Translator, batch: Batch) -> str:
    """Read = new + updated + known + set aside, as one sentence."""
    return t.n(
        "{n} row read: {accepted} new, {updated} updated, {duplicate} already known, {quarantined} set aside.",
        "{n} rows read: {accepted} new, {updated} updated, {duplicate} already known, {quarantined} set aside.",
        batch.read,
        accepted=batch.accepted,
        updated=batch.updated,
        duplicate=batch.duplicate,
        quarantined=batch.quarantined,
    )


def _heading(text: str) -> None:
    """A small heading inside the details of a file."""
    st.markdown(f"**{text}**")


def overview(page: Page, looks: list[Look]) -> None:
    """One line for each file, with the counts that add up."""
    t = page.t
    rows = []
    for seen in looks:
        counts: dict[str, object] = {"file": plain(seen.file.name)}
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
        "duplicate": t("Already known"),
        "quarantined": t("Set aside"),
    }


def ask_order(page: Page, seen: Look) -> None:
    """Ask what the file does not say: whether the day or the month comes first."""
    t = page.t
    key = f"data_order_{seen.file.digest[:12]}"

    def answer() -> None:
        chosen = st.session_state.get(key)
        st.session_state[ORDERS] = {**st.session_state.get(ORDERS, {}), seen.file.digest: chosen}

    st.radio(
        t("{name}: the dates can be read in two ways. What comes first?", name=plain(seen.file.name)),
        list(_ORDERS),
        format_func=lambda order: t(_ORDERS[order]),
        index=None,
        key=key,
        on_change=answer,
    )


def details(page: Page, seen: Look, into: Target) -> None:
    """Everything about one file: counts, what was recognised, where the points fell, columns, repairs, reasons."""
    t, view = page.t, seen.view
    if view is None:
        return
    st.write(f"**{accounts(t, view.batch)}** {_parts(t, view)}".strip())
    left, right = st.columns([1, 1], gap="large")
    with left:
        _recognised(page, view, into)
        _said(t, view, into)
    with right:
        _points(page, view, into)
    _columns(page, view)
    _unknown(page, view)
    _repairs(page, view)
    _refused(page, view)


def _parts(t: Translator, view: View) -> str:
    """What the new and updated ones hold that a reader should know."""
    batch, told = view.batch, []
    if batch.repaired:
        told.append(t.n("{n} was repaired", "{n} were repaired", batch.repaired))
    if batch.unmapped:
        told.append(t.n("{n} has no coordinates", "{n} have no coordinates", batch.unmapped))
    if batch.outside:
        told.append(t.n("{n} lies outside the city", "{n} lie outside the city", batch.outside))
    return t("Of the new and updated ones, {facts}.", facts=t.join(told)) if told else ""


def _recognised(page: Page, view: View, into: Target) -> None:
    t = page.t
    facts = {
        t("Format"): f"{view.format} ({view.documentation})",
        t("Encoding"): t("UTF-8 with byte order mark") if view.encoding == "utf-8-sig" else view.encoding.upper(),
        t("Delimiter"): t(_DELIMITERS[view.delimiter]) if view.delimiter in _DELIMITERS else view.delimiter,
        t("Dates"): t(_ORDERS[view.date_order]) if view.date_order in _ORDERS else t("year first (2025-03-01)"),
        t("Time zone"): t("as the file says; {zone} where it does not", zone=into.city.timezone),
        t("Coordinates"): t("degrees of latitude and longitude (WGS84)"),
        t("Period"): t("{start} – {end}", start=view.first, end=view.last) if view.first and view.last else "–",
        t("City"): t.label(into.city.names),
    }
    _heading(t("What was recognised"))
    st.table(
        pd.DataFrame({"what": list(facts), "how": [plain(text) for text in facts.values()]}),
        hide_index=True,
        hide_header=True,
        border="horizontal",
        alt=t("What was recognised of the file"),
    )


def _said(t: Translator, view: View, into: Target) -> None:
    """What is not stored, what is not used, and points that hold suspiciously many of the file's alerts."""
    if view.dropped:
        st.caption(t("Not stored, since they may name a person: {columns}.", columns=plain(t.join(view.dropped))))
    if view.unused:
        st.caption(t("Columns that mean nothing to this format: {columns}.", columns=plain(t.join(view.unused))))
    for lon, lat, n in view.piles.head(SHOWN_PILES)[["longitude", "latitude", "n"]].itertuples(index=False):
        pile = t.n("{n} alert lies on one exact point.", "{n} alerts lie on one exact point.", int(n))
        st.caption(f"{pile} {plain(likely_reason(t, into.city, lon, lat))}")


def _points(page: Page, view: View, into: Target) -> None:
    t = page.t
    _heading(t("Where the alerts lie"))
    if view.points.empty:
        st.caption(t("No row of this file has coordinates."))
        return
    data_map.dots(
        page,
        into.city,
        view.points,
        key="data_points",
        alt=t("Map of the city with a dot for each alert of the file"),
        height=MAP_HEIGHT,
        span=0.5,
    )
    told = t("A dot is an alert; of a large file, one in several is drawn.")
    if view.outside:
        told += " " + t.n(
            "{n} alert of the file lies outside the city and may be off this map.",
            "{n} alerts of the file lie outside the city and may be off this map.",
            view.outside,
        )
    st.caption(told)


def role_label(t: Translator, role: str, use: str = "alert") -> str:
    """What a column of an export tells, or why it tells nothing."""
    if use == "dropped":
        return t("Not stored: free text or personal")
    if not role:
        return t("Not used")
    return t(_ROLES[role]) if role in _ROLES else column_label(t, role)


def _columns(page: Page, view: View) -> None:
    t = page.t
    pairs = zip(view.mapping["role"], view.mapping["use"], strict=True)
    frame = view.mapping.assign(tells=[role_label(t, role, use) for role, use in pairs])
    _heading(t("Columns"))
    headings = {
        "column": t("Column in the file"),
        "tells": t("Understood as"),
        "empty": t("Empty"),
        "examples": t("Examples"),
    }
    if page.narrow:
        headings = {name: headings[name] for name in ("column", "empty", "tells")}
    tables.table(
        page,
        frame,
        headings,
        key="data_columns",
        alt=t("The columns of the file"),
        digits={"empty": 0},
        height="content",
    )
    st.caption(
        t(
            "A column is known by its heading. To have another one read, give it the heading that {documentation} "
            "names, and bring the file again.",
            documentation=plain(view.documentation),
        )
    )


def _unknown(page: Page, view: View) -> None:
    """Values that no list holds: kept under their own name and marked, never guessed."""
    t = page.t
    if not view.unknown:
        return
    _heading(t("Words that were not understood"))
    for column, values in view.unknown.items():
        some = sorted(values.items(), key=lambda pair: -pair[1])
        words = ", ".join(f"{word[:40]} ({t.number(n)})" for word, n in some[:LISTED])
        if len(some) > LISTED:
            words += ", …"
        st.write(t("{column}: {values}", column=f"*{plain(column)}*", values=plain(words)))
    st.caption(
        t(
            "Nothing is guessed: an unknown category is kept under its own name, an unknown gender counts as not "
            "known, and the rows are marked. Add the category to the city's list to have it counted in its group."
        )
    )


def _repairs(page: Page, view: View) -> None:
    t = page.t
    if view.repairs.empty:
        return
    empty = t("empty")
    _heading(t("Repaired"))
    frame = pd.DataFrame(
        {
            t("What was done"): [t(REPAIR_WORDS[Repair(rule)]) for rule in view.repairs["rule"]],
            t("Column"): [plain(column) or "–" for column in view.repairs["column"]],
            t("Rows"): [t.number(n) for n in view.repairs["n"]],
            t("First of them"): [
                plain(f"{old[:30]} → {new[:30] or empty}") if old else "–"
                for old, new in zip(view.repairs["old"], view.repairs["new"], strict=True)
            ],
        }
    )
    if page.narrow:
        frame = frame[[t("What was done"), t("Rows")]]
    st.table(frame, hide_index=True, border="horizontal", alt=t("What was repaired"))


def reasons_table(page: Page, batch: Batch) -> None:
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


def _refused(page: Page, view: View) -> None:
    t, batch = page.t, view.batch
    if not batch.quarantined:
        return
    _heading(t("Set aside"))
    reasons_table(page, batch)
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
    tables.table(page, frame, headings, key="data_refused", alt=t("Rows that are set aside"), columns=wide)
    told = t("After the import the rows can be downloaded under “Imports so far”, mended and imported again.")
    if batch.quarantined > SHOWN_ROWS:
        told = t("The first {n} rows are shown.", n=SHOWN_ROWS) + " " + told
    st.caption(told)
