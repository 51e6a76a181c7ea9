"""Values of a file and what they stand for: genders, states, kinds, ages, categories; each can be corrected."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from curim_data.model import Gender, Kind, Message, Status, Translator
from curim_data.model.labels import category_label, column_label, value_label
from curim_data.model.values import AgeBand
from pages.parts.data.column_mapping import known_answers
from pages.parts.data.labels import draw_heading
from pages.parts.data.mapping_edit import with_word
from pages.parts.data.uploads import FilePreview, FileReview, keep_mapping
from pages.parts.frame import Page, escape_markdown

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
        on_change=_changed,
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


def _changed(review: FileReview, role: str, word: str, key: str) -> None:
    header = review.columns
    if header is not None:
        keep_mapping(review.file, with_word(header, role, word, str(st.session_state[key]), known_answers(review)))
