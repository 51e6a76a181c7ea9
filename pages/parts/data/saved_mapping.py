"""Keep what the columns mean under a name, for the next export of the kind."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from curim_data.importing import mapping
from curim_data.importing.mapping import ColumnMapping
from curim_data.model import Answers
from curim_data.store import Home
from pages.parts.data.column_mapping import known_answers
from pages.parts.data.labels import draw_heading
from pages.parts.data.uploads import FileReview, ImportTarget, ignore_saved_mapping
from pages.parts.frame import Page, escape_markdown

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
