"""Apply a change of the city profile, show its outcome once, and drop the files uploaded for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from curim_data.model import ImportProblem, Message, Translator
from curim_data.model.city import ProfileError
from curim_data.model.progress import following
from curim_data.plans.record import Deed
from curim_data.profile.edit import EditReport
from curim_data.profile.versions import ProfileChange
from curim_data.store import Home, Store, StoreError
from curim_data.studies.preparation import prepare
from pages.parts.frame import Page, escape_markdown, record

LOG: Final = logging.getLogger("curim")
EDITED = "data_city_edited"
ROUND = "data_city_round"  # part of the uploaders' keys: a new one drops the files


@dataclass(frozen=True)
class EditOutcome:
    """The outcome of a change: how many alerts were updated and the notes, or the problem."""

    version: str = ""
    alerts: int = 0
    changed: bool = True
    notes: tuple[Message, ...] = ()
    problem: Message | str | None = None


def apply_edit(page: Page, edit: Callable[[], EditReport | ProfileChange]) -> None:
    """Apply an edit with a spinner and rerun the page; a refused edit changes nothing and its reason is shown."""
    count = Store(page.home).count()
    try:
        with st.spinner(page.t.n("Updating {n} alert", "Updating {n} alerts", count)):
            made = edit()
        if made.before != made.version:
            record.note(page, Deed.CHANGE, f"city profile {made.before} → {made.version}")
        prepare_city(page, page.home, st.progress(0.0))
        notes = made.notes if isinstance(made, EditReport) else ()
        st.session_state[EDITED] = EditOutcome(made.version, made.alerts, made.before != made.version, notes)
        st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    except (ImportProblem, StoreError) as problem:
        st.session_state[EDITED] = EditOutcome(problem=problem.message)
    except ProfileError as problem:
        st.session_state[EDITED] = EditOutcome(problem=str(problem))
    if not page.is_sample and page.source is None:
        st.query_params["home"] = "own"
    st.rerun()


def prepare_city(page: Page, home: Home, bar: DeltaGenerator) -> None:
    """Work out what the pages need whatever the filter, with progress; where that fails, they do it themselves."""

    def step(share: float, doing: Message | None) -> None:
        bar.progress(share, text=page.t(doing) if doing else None)

    try:
        with following(step):
            prepare(home)
    except Exception:
        LOG.warning("the city was not prepared", exc_info=True)


def draw_last_edit(page: Page) -> None:
    """Draw what the last edit did, once."""
    done: EditOutcome | None = st.session_state.pop(EDITED, None)
    if done is None:
        return
    t = page.t
    if done.problem is not None:
        st.error(escape_markdown(t(done.problem)))
        return
    if not done.changed:
        st.info(t("Nothing changed: the profile holds this already."))
        return
    st.success(version_sentence(t, done.alerts, done.version))
    for note in done.notes:
        st.warning(escape_markdown(t(note)))


def version_sentence(t: Translator, alerts: int, version: str) -> str:
    """How many alerts were updated with a version."""
    if not alerts:
        return t("The profile has a new version, {version}.", version=version)
    return t.n(
        "The profile has a new version, {version}; {n} alert was updated with it.",
        "The profile has a new version, {version}; {n} alerts were updated with it.",
        alerts,
        version=version,
    )
