"""The Import tab: files are uploaded, reviewed, imported on a click, and the outcome is shown."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from curim_data.importing.pipeline import ImportProblem, import_file
from curim_data.model import Message, Question, Reason, Translator
from curim_data.model.reasons import MEND_WORDS, REASON_WORDS, REPAIR_WORDS, Repair
from curim_data.plans.record import Deed
from curim_data.store import Batch, StoreError, alert_table
from curim_data.store.commits import damage
from pages.parts.charts.tables import draw_table
from pages.parts.data.city_tab import prepare_city
from pages.parts.data.recognised import (
    city_note,
    draw_concerns,
    draw_corrections,
    draw_proof,
    draw_questions,
    draw_recognised,
    draw_understood,
    unanswered,
)
from pages.parts.data.uploads import (
    KINDS,
    MAX_FILES,
    MAX_MB,
    ROUND,
    SHOWN_ROWS,
    TRIAL,
    FilePreview,
    FileReview,
    ImportTarget,
    Progress,
    UploadedFile,
    draw_columns,
    draw_heading,
    draw_remember_choice,
    draw_values,
    held_uploads,
    import_target,
    is_sample_data,
    review_file,
    sample_trial,
    save_settled_mapping,
    uploaded_files,
)
from pages.parts.frame import Page, escape_markdown, page_link, record
from pages.parts.frame.door import TOGETHER_MB


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
    t, headings = page.t, count_headings(page.t)
    if page.narrow:
        headings = {name: headings[name] for name in ("file", "read", "quarantined")}
    batches = [review.preview.report.batch if review.preview else None for review in reviews]
    columns = {
        label: [t.number(getattr(batch, name)) if batch else "–" for batch in batches]
        for name, label in headings.items()
        if name != "file"
    }
    st.table(
        pd.DataFrame({headings["file"]: [escape_markdown(review.file.name) for review in reviews], **columns}),
        hide_index=True,
        border="horizontal",
        alt=t("Export files"),
    )


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
    """What a person looks at before the import of a file: counts, what changed, where and when the alerts are."""
    t, preview = page.t, review.preview
    if preview is None:
        return
    batch = preview.report.batch
    st.write(f"**{counts_sentence(t, batch)}** {facts_sentence(t, batch, preview.report.several)}".strip())
    draw_changes(page, preview)
    draw_proof(page, preview, into)


def draw_details(page: Page, review: FileReview, into: ImportTarget) -> None:
    """Everything else about one file: what was understood, recognised, quarantined or repaired, columns, words."""
    preview = review.preview
    if preview is None:
        key = f"data_asked_{review.file.digest[:12]}"
        with st.expander(page.t("Columns"), key=key) if isinstance(review.problem, Question) else nullcontext():
            draw_columns(page, review)
        return
    draw_understood(page, preview, into)
    draw_recognised(page, preview, into)
    draw_corrections(page, review.file, preview, into)
    _draw_quarantined(page, preview)
    _draw_repairs(page, preview)
    draw_columns(page, review)
    draw_values(page, review)


def facts_sentence(t: Translator, batch: Batch, several: int) -> str:
    """What the new and updated ones hold that a reader should know."""
    told = (
        (batch.repaired, t.n("{n} was repaired", "{n} were repaired", batch.repaired)),
        (batch.unmapped, t.n("{n} has no coordinates", "{n} have no coordinates", batch.unmapped)),
        (batch.outside, t.n("{n} lies outside the city", "{n} lie outside the city", batch.outside)),
    )
    facts = t("Of the new and updated ones, {facts}.", facts=t.join([words for n, words in told if n]))
    each = t.n(
        "{n} alert has several categories: it counts once in totals and once in each of them.",
        "{n} alerts have several categories: they count once in totals and once in each of them.",
        several,
    )
    return " ".join(sentence for known, sentence in ((any(n for n, _ in told), facts), (several, each)) if known)


def _draw_repairs(page: Page, preview: FilePreview) -> None:
    t, repairs = page.t, preview.repairs
    if repairs.empty:
        return
    draw_heading(t("Repaired"))
    frame = pd.DataFrame(
        {
            t("What"): [t(REPAIR_WORDS[Repair(rule)]) for rule in repairs["rule"]],
            t("Column"): [escape_markdown(column) or "–" for column in repairs["column"]],
            t("Rows"): [t.number(n) for n in repairs["n"]],
            t("Value"): [
                escape_markdown(f"{old[:30]} → {new[:30] or '–'}") if old else "–"
                for old, new in zip(repairs["old"], repairs["new"], strict=True)
            ],
        }
    )
    shown = frame[[t("What"), t("Rows")]] if page.narrow else frame
    st.table(shown, hide_index=True, border="horizontal", alt=t("Repaired"))


def draw_reasons_table(page: Page, batch: Batch) -> None:
    """Draw why rows are quarantined, how many, and how to fix them: the most frequent first."""
    t = page.t
    reasons = sorted(((Reason(code), n) for code, n in batch.reasons.items()), key=lambda pair: -pair[1])
    st.table(
        pd.DataFrame(
            {
                t("Why"): [t(REASON_WORDS[reason]) for reason, _ in reasons],
                t("Rows"): [t.number(n) for _, n in reasons],
                t("How to fix it"): [t(MEND_WORDS[reason]) for reason, _ in reasons],
            }
        ),
        hide_index=True,
        border="horizontal",
        alt=t("Quarantined"),
    )


def _draw_quarantined(page: Page, preview: FilePreview) -> None:
    t, batch = page.t, preview.report.batch
    if not batch.quarantined:
        return
    draw_heading(t("Quarantined"))
    draw_reasons_table(page, batch)
    frame = preview.refused.assign(why=[t(m) for m in preview.refused["message"]])
    draw_table(
        page,
        frame,
        {"row": t("Row"), "column": t("Column"), "value": t("Value"), "why": t("Why")},
        key="data_refused",
        alt=t("Quarantined rows"),
        columns={"value": st.column_config.Column(t("Value"), width="small")},
        narrow=("row", "column", "value"),
    )
    more = [t("The first {n} rows are shown.", n=SHOWN_ROWS)] if batch.quarantined > SHOWN_ROWS else []
    counted = t("Rows are counted without the header: in a spreadsheet each stands one line further down.")
    st.caption(" ".join([*more, counted]))


def draw_changes(page: Page, preview: FilePreview) -> None:
    """Columns first, then alerts that are new, changed their status, or are gone; nothing where nothing came before."""
    t, changes = page.t, preview.report.changes
    if changes is not None and changes.before is not None:
        head, *rest = (escape_markdown(sentence) for sentence in changes.sentences(t))
        draw_heading(t("What changed"))
        if changes.columns_changed:
            st.warning(t("The columns have changed: check whether they still mean the same."))
        st.markdown(f"{head}\n\n" + "\n".join(f"- {one}" for one in rest))


OUTCOMES = "data_done"
STOPPED = "data_stopped"
INTERRUPTED = "data_cut"


@dataclass(frozen=True)
class ImportOutcome:
    """What became of one file: its batch, or why it was not imported."""

    name: str
    batch: Batch | None = None
    problem: Message | str = ""
    several: int = 0


def draw_import_tab(page: Page, *, in_view: bool) -> None:
    """The part of the page that takes files; `in_view`: whether the reader has it open (maps need to be seen)."""
    t = page.t
    above = st.container()
    uploads = _uploads(page)
    files = uploaded_files(uploads)
    if page.is_sample and not files:
        above.write(t("Your own export starts a city of its own; the sample stays as it is."))
    if not files:
        _draw_limits(t)
    if page.is_sample and not files:
        _draw_sample_offer(page)
    if len(uploads) > MAX_FILES:
        st.warning(t("Only the first {n} files are read.", n=MAX_FILES))
    if sum(file.size for file in files) > TOGETHER_MB << 20:
        st.error(t("These files are larger than {limit} MB together. Upload fewer at a time.", limit=TOGETHER_MB))
        return
    _draw_interrupted(page)
    _draw_outcomes(page)
    files = files or sample_trial(page)
    if not files:
        return
    trying = page.is_sample and all(is_sample_data(file) for file in files)
    _draw_reviews(page, files, import_target(page, trying=trying), in_view=in_view)


def _uploads(page: Page) -> list[Any]:
    """The field for files, and the uploads that it holds."""
    key = f"data_upload_{st.session_state.get(ROUND, 0)}"
    st.file_uploader(
        page.t("Export files"),
        type=list(KINDS),
        accept_multiple_files=True,
        max_upload_size=MAX_MB,
        key=key,
        on_change=_forget_outcomes,
    )
    return held_uploads(st.session_state[key])  # what the uploader returns is a copy of them


def _draw_limits(t: Translator) -> None:
    """What can be brought, and that nothing is written yet."""
    st.caption(
        t(
            "Spreadsheets, JSON, XML, map files, Parquet, also compressed: {limit} MB a file, {together} MB and "
            "{files} files at a time. Larger files: “curim import FILE”. Nothing is written before you click on "
            "“Import”.",
            limit=MAX_MB,
            together=TOGETHER_MB,
            files=MAX_FILES,
        )
    )


def _draw_reviews(page: Page, files: list[UploadedFile], into: ImportTarget, *, in_view: bool) -> None:
    """What the files hold: questions, counts, what is implausible, the details of one, and the button."""
    reviews = _review_files(page, files, into)
    usable = [review for review in reviews if review.preview]
    for review in reviews:
        draw_questions(page, review, into, first=into.city is None and review in usable[:1])
    if len(reviews) > 1:
        draw_overview(page, reviews)
    draw_concerns(page, usable, into)
    shown = {review.file.digest: review for review in reviews if review.columns} if in_view else {}
    chosen = next(iter(shown), None)
    if chosen is not None and len(shown) == 1:
        st.subheader(escape_markdown(shown[chosen].file.name))
    elif chosen is not None:
        chosen = st.selectbox(
            page.t("File"), list(shown), format_func=lambda key: shown[key].file.name, key="data_which"
        )
    if chosen is not None:
        draw_summary(page, shown[chosen], into)
    if usable:
        _draw_import_button(page, usable, into)
    if chosen is not None:
        draw_details(page, shown[chosen], into)


def _review_files(page: Page, files: list[UploadedFile], into: ImportTarget) -> list[FileReview]:
    """Review each file, with progress and a button to stop; earlier reviews are cached."""
    place = st.empty()
    bars: list[Any] = []

    def step(share: float, message: Message, at: int, name: str) -> None:
        if not bars:
            with place.container():
                bars.append(st.progress(0.0))
                st.button(page.t("Stop"), key="data_look_stop", on_click=_stop_review)
        bars[0].progress((at + share) / len(files), text=page.t.pair(escape_markdown(name), page.t(message)))

    reviews = [review_file(file, into, partial(step, at=at, name=file.name)) for at, file in enumerate(files)]
    place.empty()
    return reviews


def _stop_review() -> None:
    """Stop a review that takes too long, and drop its files."""
    _forget_outcomes()
    st.session_state.update({ROUND: st.session_state.get(ROUND, 0) + 1, STOPPED: True})


def _forget_outcomes() -> None:
    """Forget the outcomes of earlier files when others are uploaded or taken away."""
    for key in (OUTCOMES, STOPPED, TRIAL, INTERRUPTED):
        st.session_state.pop(key, None)


def _draw_sample_offer(page: Page) -> None:
    """For newcomers: two made-up files to try the page with, in the sample city."""

    def choose(name: str) -> None:
        _forget_outcomes()
        st.session_state[TRIAL] = name

    offers = {"later": page.t("A later export"), "dirty": page.t("An export full of errors")}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(page.t("No export at hand? Try one of the sample's:"), width="content")
        for name, label in offers.items():
            st.button(label, key=f"data_try_{name}", type="tertiary", on_click=choose, args=(name,))


def _draw_interrupted(page: Page) -> None:
    """Clean up interrupted imports, and show them until other files are uploaded."""
    found = [cut for home in {page.home, page.own} for cut in alert_table.remove_interrupted(home)]
    st.session_state[INTERRUPTED] = (*st.session_state.get(INTERRUPTED, ()), *found)
    for cut in st.session_state[INTERRUPTED]:
        (st.info if cut.committed else st.warning)(escape_markdown(page.t(cut.message)))


def _draw_import_button(page: Page, usable: list[FileReview], into: ImportTarget) -> None:
    """The one place that writes: asks once more where most of a file lies elsewhere, then imports file by file."""
    t, previews = page.t, [(review.file.name, review.preview) for review in usable if review.preview]
    city = into.city or previews[0][1].city
    sure = not any(map(unanswered, usable if into.city else usable[:1]))
    far = [name for name, preview in previews if preview.report.elsewhere]
    # What part of the first file a provisional city is made of was asked.
    if far and not (into.city is None and city.provisional):
        st.warning(
            t(
                "Many alerts of {files} lie outside {city}. Is this the right city? Another one needs a home of its "
                "own: a folder that CURIM_HOME names when the dashboard starts.",
                files=escape_markdown(t.join(far)),
                city=escape_markdown(t.label(city.names)),
            )
        )
        sure = st.checkbox(t("Yes, import them anyway"), key="data_sure")
    remember = draw_remember_choice(page, usable)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        named = _city_name(page, usable, into)
        clicked = st.button(
            t.n("Import the file", "Import {n} files", len(usable)),
            key="data_import",
            type="primary",
            disabled=not sure,
        )
        where = t("the sample city") if into.home.is_sample else named or t.label(city.names)
        if named != "":
            told = t("Destination: {home}.", home=escape_markdown(where))
            st.caption(told, width="stretch" if page.narrow else "content")
    if into.city is None:
        st.caption(escape_markdown(city_note(t, usable[0].preview, usable[0].file.name)))
    if clicked and sure and named == "":
        st.error(t("Give the city a name first."))
    elif clicked and sure:
        _import(page, usable, into, named or "", remember=remember)


def _city_name(page: Page, usable: list[FileReview], into: ImportTarget) -> str | None:
    """The name of the city that the first file makes; None where there is a city, or a profile that fits."""
    t, preview = page.t, usable[0].preview
    if into.city is not None or preview is None:
        return None
    if not preview.city.provisional:
        return None
    return st.text_input(t("Name of the city"), key="data_city_name", max_chars=60, width=360).strip()


def _import(page: Page, usable: list[FileReview], into: ImportTarget, city_name: str, *, remember: bool) -> None:
    """Import each file in one commit of its own. A click on "Stop" ends the run before the next commit."""
    st.session_state.update({OUTCOMES: (), STOPPED: False})
    bar, stop = st.progress(0.0), st.empty()
    stop.button(page.t("Stop"), key="data_stop", on_click=st.session_state.update, args=({STOPPED: True},))
    for at, review in enumerate(usable):

        def step(share: float, message: Message, at: int = at, name: str = review.file.name) -> None:
            if share < 1.0:  # after the commit nothing may interrupt before it is noted
                bar.progress((at + share) / len(usable), text=page.t.pair(escape_markdown(name), page.t(message)))

        done = _import_file(page, review, into, city_name, step, first=at == 0, remember=remember)
        st.session_state[OUTCOMES] = (*st.session_state[OUTCOMES], done)
    st.session_state.pop(TRIAL, None)
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    if page.is_sample and not into.home.is_sample:
        st.query_params.pop("home", None)
    prepare_city(page, into.home, bar)
    st.rerun()


def _import_file(
    page: Page, review: FileReview, into: ImportTarget, city_name: str, step: Progress, *, first: bool, remember: bool
) -> ImportOutcome:
    file = review.file
    # Asked above; but whether a further file belongs to a city that the first one makes, was not.
    known = {
        "elsewhere": into.city is not None or first,
        "area": file.answers.area if not into.city and first else None,
    }
    try:
        report = import_file(
            into.home,
            file.content,
            file.name,
            mapping=file.mapping,
            answers=replace(file.answers, **known),
            saved=file.saved,
            city_name=city_name,
            progress=step,
        )
        record.note(page, Deed.IMPORT, f"{file.name} ({report.batch})", home=into.home)
        if remember:
            save_settled_mapping(into.home, review)
    except (ImportProblem, StoreError) as problem:
        return ImportOutcome(file.name, problem=problem.message)
    except OSError as error:
        if (told := damage(error)) is None:
            raise
        return ImportOutcome(file.name, problem=told)
    return ImportOutcome(file.name, batch=report.batch, several=report.several)


def _draw_outcomes(page: Page) -> None:
    """Draw what the last import did, until other files are uploaded."""
    t = page.t
    finished: tuple[ImportOutcome, ...] = st.session_state.get(OUTCOMES, ())
    if st.session_state.get(STOPPED):
        st.warning(t("Stopped. What is not listed as imported was not written."))
    for done in finished:
        if done.batch is None:
            st.error(escape_markdown(t(done.problem)))
            continue
        st.success(
            t(
                "Imported {name}. {counts}",
                name=f"**{escape_markdown(done.name)}**",
                counts=counts_sentence(t, done.batch),
            )
        )
        if facts := facts_sentence(t, done.batch, done.several):
            st.caption(facts)
        if done.batch.quarantined:
            st.button(
                t("Go to the quarantined rows"),
                key=f"data_aside_{done.batch.id}",
                type="tertiary",
                on_click=st.session_state.update,
                args=({"data_part": t("Imports so far")},),
            )
    if any(done.batch for done in finished):
        page_link(page, "briefing", t("To the Briefing"))
