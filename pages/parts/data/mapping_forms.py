"""The columns and values of a file as forms that the reader can correct, saved for the next export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from curim_data.importing import mapping
from curim_data.importing.mapping import ColumnMapping
from curim_data.model import Answers, Gender, Kind, Message, Status, Translator
from curim_data.model.labels import category_label, column_label, value_label
from curim_data.model.values import AgeBand
from curim_data.store import Home
from pages.parts.data.uploads import (
    DROPPED,
    UNUSED,
    FilePreview,
    FileReview,
    ImportTarget,
    confidence_label,
    draw_heading,
    ignore_saved_mapping,
    keep_mapping,
    option_of,
    role_label,
    with_column,
    with_word,
)
from pages.parts.frame import Page, escape_markdown

_DATES: Final = ("reported_at", "occurred_from")
_PIECES: Final = ("year", "month", "day", "hour", "minute")
OPTIONS: Final = (
    UNUSED,
    *(f"{role}{piece}" for role in _DATES for piece in ("", "/date", "/time")),
    "latitude",
    "longitude",
    "point",
    "x",
    "y",
    "category",
    "category/flag",
    "more_categories",
    "kind",
    "status",
    "affected_gender",
    "reporter_gender",
    "age_band",
    "severity",
    "feeling",
    "confirmations",
    "count",
    "alert_id",
    *(f"{role}{piece}" for role in ("occurred_to", "resolved_at") for piece in ("", "/date", "/time")),
    *(f"{role}/{piece}" for role in _DATES for piece in _PIECES),
    DROPPED,
)
_WIDTHS: Final = (3, 4, 4)


def draw_columns(page: Page, review: FileReview) -> None:
    """One line for each column; those without a meaning are folded away, unless the file cannot be read."""
    header = review.columns
    if header is None:
        return
    draw_heading(page.t("Columns"))
    _draw_source(page, review)
    if review.preview is None:
        _draw_columns(page, review, header.table)
        return
    used = header.table[header.table["use"] == "alert"]
    rest = header.table[header.table["use"] != "alert"]
    _draw_columns(page, review, used)
    if rest.empty:
        return
    label = page.t.n("{n} more column, not used", "{n} more columns, not used", len(rest))
    with st.expander(label, key=f"data_rest_{review.file.digest[:12]}"):
        _draw_columns(page, review, rest)


def _draw_source(page: Page, review: FileReview) -> None:
    """Where the meaning comes from, and the way back."""
    t, file, preview = page.t, review.file, review.preview
    if file.mapping is not None:
        _draw_way_back(t("As you set it."), t("Back to what was recognised"), "data_back", keep_mapping, file, None)
    elif preview and preview.saved:
        note = t("Read with the saved mapping {name}.", name=escape_markdown(preview.saved))
        label = t("Use what is recognised instead")
        wide = page.narrow
        _draw_way_back(note, label, "data_use_recognised", ignore_saved_mapping, file, True, wide=wide)
        if preview.appeared:
            st.caption(t("Columns that are new since it was saved: {columns}.", columns=_names(t, preview.appeared)))
        if preview.vanished:
            st.caption(t("Columns that are gone since it was saved: {columns}.", columns=_names(t, preview.vanished)))
    elif not file.saved:
        note, label = t("Read without the saved mapping."), t("Use the saved mapping")
        _draw_way_back(note, label, "data_use_saved", ignore_saved_mapping, file, False)
    elif preview is None:
        st.caption(t("Choose what the columns hold: the file is read again at once."))
    else:
        st.caption(t("If a column is misinterpreted, choose what it holds: the file is read again at once."))


def _draw_way_back(
    note: str, label: str, key: str, back: Callable[..., None], *args: object, wide: bool = False
) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(note, width="stretch" if wide else "content")
        st.button(label, key=key, type="tertiary", on_click=back, args=args)


def _names(t: Translator, labels: tuple[str, ...]) -> str:
    return escape_markdown(t.join([label or "–" for label in labels]))


def _draw_columns(page: Page, review: FileReview, table: pd.DataFrame) -> None:
    t = page.t
    if not page.narrow:
        for cell, text in zip(
            st.columns(_WIDTHS), (t("Column in the file"), t("Understood as"), t("How certain")), strict=True
        ):
            cell.caption(text)
    for line in table.itertuples(index=False):
        _draw_column(page, review, line)


def _draw_column(page: Page, review: FileReview, line: Any) -> None:
    """A column: its heading with examples, the choice of its meaning, and why it was understood so."""
    t = page.t
    name, choice, why = st.columns(_WIDTHS, vertical_alignment="center", gap="small")
    heading = escape_markdown(line.column) or t("column {number}", number=line.place + 1)
    empty = t.n("{n} empty", "{n} empty", line.empty) if line.empty else ""
    below = " · ".join(filter(None, (escape_markdown(line.examples), empty)))
    name.markdown(f"{heading}  \n:small[:gray[{below}]]" if below else heading)
    current = option_of(line.role, line.part, line.use)
    key = f"data_col_{review.file.digest[:12]}_{line.place}"
    st.session_state[key] = current
    choice.selectbox(
        t("What {column} holds", column=line.column or line.place + 1),  # for screen readers alone: as it stands
        OPTIONS if current in OPTIONS else (current, *OPTIONS),
        format_func=partial(option_label, t),
        key=key,
        label_visibility="collapsed",
        on_change=_column_changed,
        args=(review, line.place, key),
    )
    if line.use == "alert":
        reasons = [
            confidence_label(t, line.confidence) or _source(page, review),
            *(t(reason) for reason in line.reasons),
        ]
        why.caption(escape_markdown(" · ".join(reasons)))


def _source(page: Page, review: FileReview) -> str:
    """Where the meaning of a column comes from that nobody had to guess."""
    t = page.t
    if review.file.mapping is not None:
        return t("As you set it")
    if review.preview is not None and review.preview.saved:
        return t("As saved")
    return t("By the format")


def option_label(t: Translator, option: str) -> str:
    """A meaning of a column, in words."""
    role, _, part = option.partition("/")
    return role_label(t, role, "dropped" if option == DROPPED else "alert", part or "value")


def _column_changed(review: FileReview, place: int, key: str) -> None:
    header = review.columns
    if header is not None:
        keep_mapping(review.file, with_column(header, place, str(st.session_state[key]), known_answers(review)))


def known_answers(review: FileReview) -> Answers:
    """The answers known for a file besides its columns: from the reader and from a saved mapping."""
    if review.preview is not None:
        return review.preview.answers
    return review.file.mapping.answers if review.file.mapping else review.file.answers


MOST: Final = 50
AT_ONCE: Final = 8
ENUMS: Final = {
    "affected_gender": tuple(Gender),
    "reporter_gender": tuple(Gender),
    "status": tuple(Status),
    "kind": tuple(Kind),
    "age_band": tuple(AgeBand),
}
_NOT_KNOWN: Final = {
    "affected_gender": Message("not recognised: counts as not known"),
    "reporter_gender": Message("not recognised: counts as not known"),
    "status": Message("not recognised: counts as open"),
    "kind": Message("not recognised: the category decides"),
    "age_band": Message("not recognised: no age"),
    "category": Message("keeps its own name"),
}


def draw_values(page: Page, review: FileReview) -> None:
    """The words that nobody knows first, then, folded away, how the others were read."""
    t, preview = page.t, review.preview
    if preview is None:
        return
    strange = {word for words in preview.report.unknown.values() for word in words}
    roles = [role for role in ("category", *ENUMS) if preview.values.get(role)]
    unknown = {role: _frequent_words(preview, role, strange, known=False) for role in roles}
    known = {role: _frequent_words(preview, role, strange, known=True) for role in roles}
    if any(unknown.values()):
        draw_heading(t("Values that were not recognised"))
        for role, words in unknown.items():
            _draw_role(page, review, role, words)
        st.caption(
            t(
                "Nothing is guessed: an unknown category is kept under its own name, an unknown gender counts as not "
                "known, and the rows are marked. Choose what a value stands for, and the preview follows."
            )
        )
    if any(known.values()):
        with st.expander(t("How the other values were read"), key=f"data_known_{review.file.digest[:12]}"):
            for role, words in known.items():
                _draw_role(page, review, role, words)


def _frequent_words(preview: FilePreview, role: str, strange: set[str], *, known: bool) -> list[tuple[str, int]]:
    """The most frequent words of a role that are understood, or not, with their counts."""
    read = preview.words.get(role, {})
    # A word that one role does not know may be read in another: "Other theft" is no category here, yet an offence.
    some = [
        (word, n)
        for word, n in preview.values[role].items()
        if bool(read.get(word)) is known
        # What needs no table: ids of categories, ages in years.
        and (read[word] != word and not word.isdigit() if known else word in strange)
    ]
    return sorted(some, key=lambda pair: -pair[1])


def _draw_role(page: Page, review: FileReview, role: str, words: list[tuple[str, int]]) -> None:
    t = page.t
    if not words:
        return
    st.caption(column_label(t, role))
    shown = words[:MOST]
    _draw_grid(page, review, role, shown[:AT_ONCE])
    if len(shown) > AT_ONCE:
        label = t.n("{n} more value", "{n} more values", len(shown) - AT_ONCE)
        with st.popover(label) if page.narrow else st.container():
            _draw_grid(page, review, role, shown[AT_ONCE:])
    if len(words) > MOST:
        st.caption(t.n("{n} rarer value is not listed.", "{n} rarer values are not listed.", len(words) - MOST))


def _draw_grid(page: Page, review: FileReview, role: str, words: list[tuple[str, int]]) -> None:
    """The words, two in a row where there is room."""
    per_row = 1 if page.narrow else 2
    for start in range(0, len(words), per_row):
        cells = st.columns(per_row, gap="medium")
        for cell, (word, n) in zip(cells, words[start : start + per_row], strict=False):
            with cell:
                _draw_word(page, review, role, word, n)


def _draw_word(page: Page, review: FileReview, role: str, word: str, n: int) -> None:
    """A word with its count, and the choice of what it stands for."""
    t, preview = page.t, review.preview
    key = f"data_word_{review.file.digest[:12]}_{role}_{word}"
    current = str(preview.words.get(role, {}).get(word, ""))
    values = value_options(t, preview, role)
    st.session_state[key] = current
    st.selectbox(
        f"{escape_markdown(word)} · {t.number(n)}",
        values if current in values else [current, *values],
        format_func=partial(_label, t, preview, role),
        key=key,
        on_change=_word_changed,
        args=(review, role, word, key),
    )


def value_options(t: Translator, preview: FilePreview, role: str) -> list[str]:
    """What a word of a role may stand for; "" for nothing that is known."""
    if role == "category":
        known = sorted(preview.city.categories, key=lambda one: category_label(t, preview.city, one))
        return ["", *known]
    return ["", *(str(value) for value in ENUMS[role])]


def _label(t: Translator, preview: FilePreview, role: str, value: str) -> str:
    return value_label(t, preview.city, role, value) if value else t(_NOT_KNOWN[role])


def _word_changed(review: FileReview, role: str, word: str, key: str) -> None:
    header = review.columns
    if header is not None:
        keep_mapping(review.file, with_word(header, role, word, str(st.session_state[key]), known_answers(review)))


PENDING = "data_pending"  # names under which mappings are saved with the import, by the file's digest
SAVED = "data_saved_as"
MOST_NAME = 60
GUESSED = ("guessed", "mapped")  # a known format needs no mapping


def draw_save_mapping(page: Page, review: FileReview, into: ImportTarget) -> None:
    """A name and a button; where the home has no city yet, the mapping waits for the import."""
    t, preview = page.t, review.preview
    if preview is None:
        return
    draw_heading(t("For the next export"))
    st.caption(
        t(
            "Saved under a name, what you set (columns, values, answers) is applied automatically to the next export "
            "with these columns."
        )
    )
    short = review.file.digest[:12]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            t("Name of the mapping"),
            value=proposed_name(review),
            key=f"data_mapping_name_{short}",
            max_chars=MOST_NAME,
            width=320,
        )
        clicked = st.button(t("Save the mapping"), key=f"data_mapping_save_{short}", disabled=not name.strip())
    waiting: dict[str, str] = st.session_state.get(PENDING, {})
    if clicked and into.city is None:
        st.session_state[PENDING] = waiting = {**waiting, review.file.digest: name.strip()}
    elif clicked:
        save_mapping(into.home, review, name.strip())
        st.session_state[SAVED] = (review.file.digest, name.strip())
        st.rerun()
    if review.file.digest in waiting:
        st.success(t("{name} will be saved with the import.", name=escape_markdown(waiting[review.file.digest])))
    elif st.session_state.get(SAVED, ("", ""))[0] == review.file.digest:
        st.success(t("Saved as {name}.", name=escape_markdown(st.session_state[SAVED][1])))


def save_mapping(home: Home, review: FileReview, name: str) -> None:
    """Save the mapping of a file as it was reviewed."""
    header = review.columns
    if header is None:
        return
    made = review.file.mapping or ColumnMapping.from_layout(header.layout, header.labels)
    answers = replace(known_answers(review), elsewhere=False)
    mapping.save(home, replace(made, name=name, answers=answers, labels=header.labels))
    ignore_saved_mapping(review.file, False)


def draw_remember_choice(page: Page, usable: list[FileReview]) -> bool:
    """Ask, next to the import button, whether to save what the reader set for these files for the next export."""
    some = [review.preview for review in usable if review.preview and _settled(review)]
    if not some:
        return False
    return st.checkbox(
        page.t("Use what you set for the next export with these columns, too"),
        value=all(preview.format in GUESSED for preview in some),
        key="data_remember",
        help=page.t("Saved as a mapping under the file's name; another name can be given at the end of the page."),
    )


def _settled(review: FileReview) -> bool:
    return review.file.mapping is not None or review.file.answers != Answers()


def proposed_name(review: FileReview) -> str:
    """The name of a mapping unless another is given: that of the one in use, or the file's."""
    return (review.preview.saved if review.preview else "") or review.file.name.partition(".")[0][:MOST_NAME]


def save_pending_mapping(home: Home, review: FileReview, *, remember: bool) -> None:
    """Save after an import what was to be saved with it."""
    waiting = dict(st.session_state.get(PENDING, {}))
    name = waiting.pop(review.file.digest, "") or (proposed_name(review) if remember and _settled(review) else "")
    if name:
        save_mapping(home, review, name)
        st.session_state[PENDING] = waiting
