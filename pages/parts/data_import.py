"""The way of a file into the store: brought, looked at, imported on a click, and told afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from curim_data.answers import Answers
from curim_data.i18n import Message
from curim_data.ingest import ImportProblem, import_file
from curim_data.store import Batch, StoreError
from pages.parts import data_preview
from pages.parts.data_files import (
    MAX_FILES,
    MAX_MB,
    ROUND,
    TRIAL,
    Look,
    Target,
    brought,
    look,
    target,
    trial,
)
from pages.parts.links import page_link
from pages.parts.page import Page
from pages.parts.text import plain

DONE = "data_done"
STOPPED = "data_stopped"


@dataclass(frozen=True)
class Done:
    """What became of one file: its batch, or why it was not imported."""

    name: str
    batch: Batch | None = None
    problem: Message | None = None


def show(page: Page, *, in_view: bool) -> None:
    """The part of the page that takes files; `in_view`: whether the reader has it open (maps need to be seen)."""
    t = page.t
    if page.is_sample:
        st.write(t("Your own export starts a city of its own; the sample stays as it is."))
    uploads = st.file_uploader(
        t("Exports to look at"),
        type=["csv", "tsv", "txt"],
        accept_multiple_files=True,
        max_upload_size=MAX_MB,
        key=f"data_upload_{st.session_state.get(ROUND, 0)}",
        on_change=_forget,
    )
    st.caption(
        t(
            "CSV, up to {limit} MB and {files} files at a time. Larger files: “curim import FILE” on the computer that "
            "runs the dashboard. Nothing is written before you click on “Import”.",
            limit=MAX_MB,
            files=MAX_FILES,
        )
    )
    files = brought(uploads or [])
    trying = not files and bool(trial(page))
    if page.is_sample and not files:
        _offer(page)
    if len(uploads or []) > MAX_FILES:
        st.warning(t("Only the first {n} files are looked at.", n=MAX_FILES))
    _report(page)
    files = files or trial(page)
    if not files:
        return
    into = target(page, trying=trying)
    with st.spinner(t("Reading the file")):
        looks = [look(file, into) for file in files]
    _questions(page, looks)
    usable = [seen for seen in looks if seen.view]
    if len(looks) > 1 or not usable:
        data_preview.overview(page, looks)
    if not usable:
        return
    _button(page, usable, into, trying=trying)
    if in_view:
        data_preview.details(page, _chosen(page, usable), into)


def _forget() -> None:
    """New files: what was told of earlier ones goes."""
    for key in (DONE, STOPPED, TRIAL):
        st.session_state.pop(key, None)


def _offer(page: Page) -> None:
    """For newcomers: two made-up files to try the page with, in the sample city."""
    t = page.t

    def choose(name: str) -> None:
        _forget()
        if name:
            st.session_state[TRIAL] = name

    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("No export at hand? Try one of the sample's:"), width="content")
        st.button(t("A later export"), key="data_try_later", type="tertiary", on_click=choose, args=("later",))
        st.button(
            t("An export full of faults"), key="data_try_dirty", type="tertiary", on_click=choose, args=("dirty",)
        )
        if trial(page):
            st.button(t("Put it away"), key="data_try_none", type="tertiary", on_click=choose, args=("",))
    if trial(page):
        st.caption(t("This file goes into the sample city, and can be undone below “Imports so far”."))


def _questions(page: Page, looks: list[Look]) -> None:
    """What stands in the way of a file: a question that the reader can answer, or one clear sentence."""
    t = page.t
    for seen in looks:
        if seen.unclear or seen.file.order:
            data_preview.ask_order(page, seen)
        elif seen.problem:
            st.error(plain(t(seen.problem)))


def _chosen(page: Page, usable: list[Look]) -> Look:
    """The file whose details are shown."""
    t = page.t
    if len(usable) == 1:
        st.subheader(plain(usable[0].file.name))
        return usable[0]
    names = {seen.file.digest: seen for seen in usable}
    digest = st.selectbox(
        t("Show the details of"), list(names), format_func=lambda key: names[key].file.name, key="data_which"
    )
    return names.get(str(digest), usable[0])


def _button(page: Page, usable: list[Look], into: Target, *, trying: bool) -> None:
    """The one place that writes: asks once more where most of a file lies elsewhere, then imports file by file."""
    t = page.t
    far = [seen.file.name for seen in usable if seen.view and seen.view.elsewhere]
    sure = True
    if far:
        st.warning(
            t(
                "Most alerts of {files} lie outside {city}. Is this the right city?",
                files=plain(t.join(far)),
                city=t.label(into.city.names),
            )
        )
        sure = st.checkbox(t("Yes, import them all the same"), key="data_sure")
    with st.container(horizontal=True, vertical_alignment="center"):
        clicked = st.button(
            t.n("Import the file", "Import {n} files", len(usable)),
            key="data_import",
            type="primary",
            disabled=not sure,
        )
        where = t("the sample city") if into.is_sample else t("your own city, {city}", city=t.label(into.city.names))
        st.caption(t("Goes to: {home}.", home=plain(where)), width="stretch" if page.narrow else "content")
    if clicked and sure:
        _import(page, usable, into, trying=trying)


def _import(page: Page, usable: list[Look], into: Target, *, trying: bool) -> None:
    """Import each file in one commit of its own. A click on "Stop" ends the run before the next commit."""
    t = page.t
    st.session_state.pop(DONE, None)
    st.session_state[STOPPED] = False
    bar = st.progress(0.0)
    stop = st.empty()
    stop.button(t("Stop"), key="data_stop", on_click=_stop)
    home = into.home
    for at, seen in enumerate(usable):

        def step(share: float, message: Message, at: int = at, name: str = seen.file.name) -> None:
            if share < 1.0:  # after the commit nothing may interrupt before it is noted
                bar.progress(
                    (at + share) / len(usable),
                    text=t("{name}: {step}", name=plain(name), step=message),
                )

        try:
            report = import_file(
                home,
                seen.file.content,
                seen.file.name,
                answers=Answers(dates=seen.file.order, elsewhere=True),
                progress=step,
            )
            done = Done(seen.file.name, batch=report.batch)
        except ImportProblem as problem:
            done = Done(seen.file.name, problem=problem.message)
        except StoreError:
            busy = Message("Other imports were faster each time; try again when they are done.")
            done = Done(seen.file.name, problem=busy)
        st.session_state[DONE] = (*st.session_state.get(DONE, ()), done)
    st.session_state.pop(TRIAL, None)
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    if page.is_sample and not trying:
        st.query_params.pop("home", None)
    st.rerun()


def _stop() -> None:
    st.session_state[STOPPED] = True


def _report(page: Page) -> None:
    """What the last import did, until other files are brought."""
    t = page.t
    finished: tuple[Done, ...] = st.session_state.get(DONE, ())
    if st.session_state.get(STOPPED):
        st.warning(t("Stopped. What is not listed as imported was not written."))
    if not finished:
        return
    for done in finished:
        name = f"**{plain(done.name)}**"
        if done.problem:
            st.error(plain(t(done.problem)))
        elif done.batch:
            st.success(t("Imported {name}. {counts}", name=name, counts=data_preview.accounts(t, done.batch)))
            if done.batch.quarantined:
                st.caption(t("The rows set aside can be downloaded under “Imports so far”, mended and imported again."))
    if any(done.batch for done in finished):
        if not page.is_sample:
            st.write(t("The dashboard now shows the alerts of your own city."))
        page_link(page, "briefing", t("To the Briefing"))
