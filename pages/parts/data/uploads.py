"""Uploaded files, their review before the import, and what a reader sets for them: answers, and what columns and
values mean, which can be saved for the next export.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

import sample_data
from curim_data.formats.base import Part
from curim_data.formats.guess.headings import SURE
from curim_data.importing import mapping as mappings
from curim_data.importing.mapping import ColumnMapping
from curim_data.importing.pipeline import Header, ImportProblem, Preview, columns_of, preview
from curim_data.lexicon.words import fold
from curim_data.model import N_, Answers, CityProfile, Gender, Kind, Message, Status, Translator
from curim_data.model.labels import category_label, column_label, role_name, value_label
from curim_data.model.values import AgeBand
from curim_data.store import Home, Store
from pages.parts.frame import Page, escape_markdown
from pages.parts.frame.look import css_text

ORDERS: Final[Mapping[str, Message]] = {
    "day-first": Message("day first (1/3 is 1 March)"),
    "month-first": Message("month first (1/3 is 3 January)"),
}
PARTS: Final[Mapping[str, Message]] = {
    "date": Message("Date"),
    "time": Message("Time"),
    "year": Message("Year"),
    "month": Message("Month"),
    "day": Message("Day"),
    "hour": Message("Hour"),
    "minute": Message("Minute"),
    "second": Message("Second"),
    "flag": Message("named by the heading (yes or no below)"),
    "first": Message("the first column that is filled"),
}
_SURE: Final = (
    (SURE, Message("Sure ({share})")),
    (0.0, Message("Not sure ({share}): check it")),
)


def draw_heading(text: str) -> None:
    """A small heading inside the details of a file."""
    st.markdown(f"**{text}**")


def draw_facts(facts: Mapping[str, str], alt: str) -> None:
    """Two columns of a line each: what, and how it is; texts as they stand."""
    st.table(
        pd.DataFrame({"what": list(facts), "how": [escape_markdown(text) for text in facts.values()]}),
        hide_index=True,
        hide_header=True,
        border="horizontal",
        alt=alt,
    )


KINDS: Final = (
    "csv", "tsv", "txt", "json", "geojson", "xml", "xlsx", "xls", "ods", "gpkg", "zip", "gz", "parquet",
)  # fmt: skip
MAX_MB: Final = 100
MAX_FILES: Final = 20
SHOWN_ROWS: Final = 200
TRIALS: Final[Mapping[str, Path]] = {"later": sample_data.LATER_EXPORT, "dirty": sample_data.DIRTY_EXPORT}
TRIAL = "data_trial"
ROUND = "data_round"  # part of the uploader's key: a new one drops the uploaded files from memory
# What the reader set for files, by their digest: answers, a mapping edited by hand, whether a saved one is used.
SETTINGS = "data_settings"
REVIEWS = "data_looks"
Progress = Callable[[float, Message], None]


@dataclass(frozen=True)
class UploadedFile:
    """A file to review: an upload's content or the path of a sample export, with the reader's settings for it."""

    name: str
    digest: str
    content: bytes | Path
    answers: Answers = field(default_factory=Answers)
    mapping: ColumnMapping | None = None
    saved: bool = True

    @property
    def size(self) -> int:
        """Bytes."""
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)


@dataclass(frozen=True)
class ImportTarget:
    """Where an import goes: a home, and its city's profile (None where it has none yet)."""

    home: Home
    city: CityProfile | None


@dataclass(frozen=True, kw_only=True)
class FilePreview(Preview):
    """The preview of a file's import with bounded tables: without its raw rows, and without those of its report.

    `repairs`: rule, column, n, old, new (of the first); `refused`: row, column, value, message, mend, of the first
    quarantined rows; `months`: whether only their month is known; `saved`: name of the saved mapping in use, with
    columns that `appeared` and `vanished` since it was made.
    """

    header: Header
    repairs: pd.DataFrame
    refused: pd.DataFrame
    months: bool
    saved: str
    appeared: tuple[str, ...]
    vanished: tuple[str, ...]


@dataclass(frozen=True)
class FileReview:
    """A file and the outcome of its review: a preview or a problem, which may be a question; its columns if known."""

    file: UploadedFile
    preview: FilePreview | None = None
    problem: ImportProblem | None = None
    columns: Header | None = None


def safe_file_name(name: str) -> str:
    """The name that a browser gave, fit to be shown: no folders, no control characters, 100 characters at most."""
    base = re.split(r"[/\\]", name)[-1]
    return "".join(letter for letter in base if letter.isprintable()).strip()[:100] or "export.csv"


def held_uploads(uploads: list[Any] | None) -> list[Any]:
    """The uploads whose bytes this process holds: of one that another process took, which has ended since, Streamlit
    has a name alone.
    """
    return [one for one in uploads or () if isinstance(one, BytesIO)]


def uploaded_files(uploads: list[Any]) -> list[UploadedFile]:
    """Files to look at: what was uploaded, each content once."""
    files: dict[str, UploadedFile] = {}
    for upload in uploads[:MAX_FILES]:
        content = upload.getvalue()
        digest = hashlib.sha256(content).hexdigest()
        files[digest] = with_answers(UploadedFile(safe_file_name(upload.name), digest, content))
    return list(files.values())


def sample_trial(page: Page) -> list[UploadedFile]:
    """The sample's export that the reader tries, in the sample city only."""
    path = TRIALS.get(str(st.session_state.get(TRIAL))) if page.is_sample else None
    return [with_answers(UploadedFile(path.name, path.name, path))] if path else []


def is_sample_data(file: UploadedFile) -> bool:
    """Whether most rows of a text file are made-up alerts: an export of the sample, or its quarantined rows, fixed."""
    if isinstance(file.content, Path):
        return True
    lines = file.content[: 1 << 16].decode("utf-8", "replace").splitlines()[1:]
    return sum(sample_data.MARK in line for line in lines) > len(lines) / 2


def with_answers(file: UploadedFile) -> UploadedFile:
    """The file with what the reader has set for it."""
    return replace(file, **st.session_state.get(SETTINGS, {}).get(file.digest, {}))


def keep_answer(file: UploadedFile, **values: Any) -> None:
    """Keep a reader's answers about a file."""
    now = with_answers(file)
    mapping = now.mapping and replace(now.mapping, answers=replace(now.mapping.answers, **values))
    keep_settings(file, answers=replace(now.answers, **values), mapping=mapping)


def keep_settings(file: UploadedFile, **values: Any) -> None:
    """Keep what the reader sets for a file (`answers`, `mapping`, `saved`), until the browser's tab is closed."""
    known = st.session_state.get(SETTINGS, {})
    st.session_state[SETTINGS] = {**known, file.digest: {**known.get(file.digest, {}), **values}}


def import_target(page: Page, *, trying: bool) -> ImportTarget:
    """Where the files would go: the home on show; from the sample, to a home of one's own unless it is a trial.

    The own home is not made here, nor its city: the first file's alerts make one.
    """
    home = page.home if not page.is_sample or trying else page.own
    return ImportTarget(home, home.city() if home.has_city() else None)


def review_file(file: UploadedFile, into: ImportTarget, progress: Progress | None = None) -> FileReview:
    """What an import of the file into this home would do; kept for this reader while the store stays the same."""
    if file.size > MAX_MB << 20:
        words = N_(
            "{name} is larger than {limit} MB, the most that this page takes. Import it with “curim import FILE”."
        )
        return FileReview(file, problem=ImportProblem(Message(words, {"name": file.name, "limit": MAX_MB})))
    key = (
        file.digest,
        file.name,
        repr(file.answers),
        file.mapping.to_toml() if file.mapping else "",
        file.saved,
        str(into.home.path),
        Store(into.home).version() if into.city else "empty",
        into.city.version if into.city else "",
        *(
            f"{path.name}:{path.stat().st_mtime_ns}"
            for path in sorted((into.home.path / mappings.FOLDER).glob("*.toml"))
        ),
    )
    kept: dict[tuple[object, ...], FileReview] = st.session_state.get(REVIEWS, {})
    review = kept.get(key) or _review(file, into, progress)
    others = [(one, old) for one, old in kept.items() if one != key][1 - 2 * MAX_FILES :]
    st.session_state[REVIEWS] = {**dict(others), key: review}
    return replace(review, file=file)


def _review(file: UploadedFile, into: ImportTarget, progress: Progress | None) -> FileReview:
    bare = replace(file, content=b"")  # the content is not kept a second time
    try:
        found = preview(
            file.content,
            file.name,
            into.city,
            home=into.home,
            mapping=file.mapping,
            answers=file.answers,
            saved=file.saved,
            progress=progress,
        )
    except ImportProblem as problem:
        problem.__context__ = problem.__cause__ = None  # their frames hold the content
        return FileReview(bare, problem=problem.with_traceback(None), columns=_header(file))
    made = _file_preview(found)
    return FileReview(bare, preview=made, columns=made.header)


def _header(file: UploadedFile) -> Header | None:
    """The columns of a file that cannot be imported as it is, with the reader's mapping of them."""
    try:
        found = columns_of(file.content, file.name, file.answers)
        layout = file.mapping.layout(found.labels) if file.mapping is not None else None
    except ImportProblem:
        return None
    if layout is None:
        return _with_short_examples(found)
    places = found.table["place"]
    given = {part.place: (role, part.part) for role, parts in layout.roles.items() for part in parts}
    dropped = {*layout.personal, *layout.text}
    table = found.table.assign(
        role=[given.get(place, ("", ""))[0] for place in places],
        part=[given.get(place, ("", ""))[1] for place in places],
        use=["alert" if p in given else "dropped" if p in dropped else "unused" for p in places],
    )
    return _with_short_examples(Header(found.labels, layout, table))


def _with_short_examples(header: Header) -> Header:
    """The columns with examples short enough to be looked at; none of what is dropped, or looks like an address."""
    use, texts = header.table["use"], header.table["examples"].astype(str)
    bare = (use == "dropped") | ((use == "unused") & texts.str.contains("@", regex=False))
    cut = texts.where(texts.str.len() <= 70, texts.str.slice(0, 70) + "…").where(~bare, "")
    return replace(header, table=header.table.assign(examples=cut))


def _file_preview(found: Preview) -> FilePreview:
    report, none, city = found.report, pd.DataFrame(), replace(found.city)
    rows = found.sample.reindex(columns=["occurred_from", "occurred_to"])
    appeared, vanished = mappings.changed_columns(report.mapping, report.facts.labels) if report.mapping else ((), ())
    refused = report.quarantine[["row", "column", "value", "reason", "message", "mend"]].head(SHOWN_ROWS)
    # Alerts of which no more is known than their month span it.
    span = pd.to_datetime(rows["occurred_to"], utc=True) - pd.to_datetime(rows["occurred_from"], utc=True)
    bounded = {
        "mapping": none,
        "sample": none,
        "values": {role: dict(words) for role, words in found.values.items()},
        "city": city,
        "first": found.first and replace(found.first, city=city),
        "report": replace(report, repairs=none, quarantine=none, city=None),
    }
    return FilePreview(
        **{one.name: getattr(found, one.name) for one in fields(found)} | bounded,
        header=_with_short_examples(Header(report.facts.labels, report.layout, found.mapping)),
        repairs=report.repairs,
        refused=refused.assign(value=refused["value"].astype(str).str.slice(0, 80)),
        months=not rows.empty and bool(span.between(pd.Timedelta(days=27), pd.Timedelta(days=32)).all()),
        saved=report.mapping.name if report.mapping else "",
        appeared=appeared,
        vanished=vanished,
    )


def uploader_style(t: Translator) -> str:
    """The style (CSS) that gives the field for files, whose own words are English, those of the reader's language."""
    texts = {
        "[data-testid='stFileUploaderDropzone'] button p": t("Choose files"),
        "[data-testid='stFileUploaderDropzoneInstructions'] span": t("or drop them here"),
    }
    return "".join(
        f"{place} {{font-size: 0}} {place}::after {{content: {css_text(words)}; font-size: .875rem}}"
        for place, words in texts.items()
    )


DROPPED: Final = "dropped"
# Roles that several columns may give side by side.
SEVERAL: Final = frozenset({"category", "more_categories"})
_WHOLE: Final = frozenset({"value", "first"})


def option_of(role: str, part: str, use: str) -> str:
    """The option that a column has: "", "dropped", a role, or a role and its piece ("reported_at/date")."""
    if not role:
        return DROPPED if use == "dropped" else ""
    return role if part == "value" else f"{role}/{part}"


def with_column(header: Header, place: int, option: str, answers: Answers) -> ColumnMapping:
    """The mapping in which the column at a place has an option; a column that had the same gives it up.

    Pieces of other kinds stay beside it, and categories beside categories.
    """
    layout = header.layout
    role, _, piece = option.partition("/")
    part = Part(place, piece or "value")
    roles = {name: tuple(one for one in parts if one.place != place) for name, parts in layout.roles.items()}
    if role and role != DROPPED:
        others = roles.get(role, ())
        if part.part in _WHOLE and role not in SEVERAL:
            others = tuple(one for one in others if part.part == one.part == "first")
        elif role not in SEVERAL:
            others = tuple(one for one in others if one.part not in _WHOLE and one.part != part.part)
        roles[role] = tuple(sorted((*others, part), key=lambda one: one.place))
    given = {one.place for parts in roles.values() for one in parts}
    personal = {*layout.personal} - given - {place} | ({place} if role == DROPPED else set())
    text = {*layout.text} - given - {place}
    changed = replace(
        layout,
        roles={name: parts for name, parts in roles.items() if parts},
        personal=tuple(sorted(personal)),
        text=tuple(sorted(text)),
        unused=tuple(at for at in range(len(header.labels)) if at not in given | personal | text),
    )
    return ColumnMapping.from_layout(changed, header.labels, answers=answers)


def with_word(header: Header, role: str, word: str, value: str, answers: Answers) -> ColumnMapping:
    """The mapping in which a word of a column stands for a value; "" takes that back."""
    layout = header.layout
    of_role = layout.categories if role == "category" else layout.words.get(role, {})
    table = {fold(one): meaning for one, meaning in of_role.items() if fold(one) != fold(word)}
    table |= {fold(word): value} if value else {}
    changed = {"categories": table} if role == "category" else {"words": {**layout.words, role: table}}
    return ColumnMapping.from_layout(replace(layout, **changed), header.labels, answers=answers)


_DATES: Final = ("reported_at", "occurred_from")
_PIECES: Final = ("year", "month", "day", "hour", "minute")
OPTIONS: Final = (
    "",  # not used
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
    used = header.table["use"].eq("alert") | (review.preview is None)
    _draw_columns(page, review, header, header.table[used])
    if not (rest := header.table[~used]).empty:
        with st.expander(
            page.t.n("{n} more column, not used", "{n} more columns, not used", len(rest)),
            key=f"data_rest_{review.file.digest[:12]}",
        ):
            _draw_columns(page, review, header, rest)


def _draw_source(page: Page, review: FileReview) -> None:
    """Where the meaning comes from, and the way back."""
    t, file, preview = page.t, review.file, review.preview
    saved = preview is not None and preview.saved
    settings: dict[str, object]
    if file.mapping is not None:
        label, key, settings = N_("Back to what was recognised"), "back", {"mapping": None}
    elif saved:
        st.caption(t("Read with the saved mapping {name}.", name=escape_markdown(saved)))
        label, key, settings = N_("Back to what was recognised"), "use_recognised", {"saved": False}
    elif not file.saved:
        label, key, settings = N_("Use the saved mapping"), "use_saved", {"saved": True}
    else:
        st.caption(t("Choose what the columns hold: the file is read again at once."))
        return
    st.button(t(label), key=f"data_{key}", type="tertiary", on_click=keep_settings, args=(file,), kwargs=settings)
    if file.mapping is None and preview is not None and saved:
        for words, names in (
            (N_("Columns that are new since it was saved: {columns}."), preview.appeared),
            (N_("Columns that are gone since it was saved: {columns}."), preview.vanished),
        ):
            if names:
                st.caption(t(words, columns=escape_markdown(t.join([name or "–" for name in names]))))


def _draw_columns(page: Page, review: FileReview, header: Header, table: pd.DataFrame) -> None:
    if not page.narrow:
        for cell, text in zip(
            st.columns(_WIDTHS),
            (page.t("Column"), page.t("Understood as"), page.t("Why")),
            strict=True,
        ):
            cell.caption(text)
    for line in table.itertuples(index=False):
        _draw_column(page, review, header, line)


def _draw_column(page: Page, review: FileReview, header: Header, line: Any) -> None:
    """A column: its heading with examples, the choice of its meaning, and why it was understood so."""
    t = page.t
    name, choice, why = st.columns(_WIDTHS, vertical_alignment="center", gap="small")
    heading = line.column or t("column {number}", number=line.place + 1)
    name.markdown("  \n".join(filter(None, (escape_markdown(heading), _small(line.examples)))))
    current = option_of(line.role, line.part, line.use)
    key = f"data_col_{review.file.digest[:12]}_{line.place}"
    st.session_state[key] = current
    choice.selectbox(
        heading,  # for screen readers alone: as it stands
        OPTIONS if current in OPTIONS else (current, *OPTIONS),
        format_func=partial(option_label, t),
        key=key,
        label_visibility="collapsed",
        on_change=_keep_change,
        args=(review, key, partial(with_column, header, line.place)),
    )
    if line.use == "alert":
        guessed = line.confidence  # NaN where nobody had to guess
        given = [t("As you set it.")] if review.file.mapping is not None else []
        sure = [t(words, share=t.percent(guessed)) for least, words in _SURE if guessed >= least][:1]
        why.caption(escape_markdown(" · ".join([*(sure or given), *map(t, line.reasons)])))


def _small(examples: str) -> str:
    """Examples of a column, small below its heading."""
    return f":small[:gray[{escape_markdown(examples)}]]" if examples else ""


def option_label(t: Translator, option: str) -> str:
    """What a column of an export holds, or why it is not used."""
    role, _, part = option.partition("/")
    if option == DROPPED:
        return t("Not stored: free text or personal data")
    label = role_name(t, role) if role else t("Not used")
    return t.pair(label, t(PARTS[part])) if part in PARTS else label


def _keep_change(review: FileReview, key: str, change: Callable[[str, Answers], ColumnMapping]) -> None:
    """Keep the mapping that follows from what a box holds."""
    keep_settings(review.file, mapping=change(str(st.session_state[key]), known_answers(review)))


def known_answers(review: FileReview) -> Answers:
    """The answers known for a file besides its columns: from the reader and from a saved mapping."""
    return (review.preview or review.file.mapping or review.file).answers


MOST: Final = 50
ENUMS: Final = {
    "affected_gender": tuple(Gender),
    "reporter_gender": tuple(Gender),
    "status": tuple(Status),
    "kind": tuple(Kind),
    "age_band": tuple(AgeBand),
}
_NOT_KNOWN: Final = dict.fromkeys(ENUMS, Message("not recognised")) | {
    "status": Message("not recognised: counts as open"),
    "category": Message("keeps its own name"),
}


def draw_values(page: Page, review: FileReview) -> None:
    """The words that nobody knows first, then, folded away, how the others were read."""
    t, preview = page.t, review.preview
    if preview is None:
        return
    strange = {word for words in preview.report.unknown.values() for word in words}
    roles = [role for role in ("category", *ENUMS) if preview.values.get(role)]
    unknown = {role: words for role in roles if (words := _frequent_words(preview, role, strange, known=False))}
    known = {role: words for role in roles if (words := _frequent_words(preview, role, strange, known=True))}
    if unknown:
        draw_heading(t("Values that were not recognised"))
        for role, words in unknown.items():
            _draw_role(page, review, preview, role, words)
    if known:
        with st.expander(t("How the other values were read"), key=f"data_known_{review.file.digest[:12]}"):
            for role, words in known.items():
                _draw_role(page, review, preview, role, words)


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


def _draw_role(page: Page, review: FileReview, preview: FilePreview, role: str, words: list[tuple[str, int]]) -> None:
    """Most words of a role."""
    t, rest = page.t, len(words) - MOST
    st.caption(column_label(t, role))
    _draw_grid(page, review, preview, role, words[:MOST])
    if rest > 0:
        st.caption(t.n("{n} rarer value is not listed.", "{n} rarer values are not listed.", rest))


def _draw_grid(page: Page, review: FileReview, preview: FilePreview, role: str, words: list[tuple[str, int]]) -> None:
    """Each word with its count and the choice of what it stands for, two in a row where there is room."""
    t, city, header = page.t, preview.city, preview.header
    options = ["", *(str(value) for value in ENUMS.get(role, ()))]
    if role == "category":  # "": nothing that is known
        options += sorted(city.categories, key=lambda one: category_label(t, city, one))
    for at, (word, n) in enumerate(words):
        if page.narrow or at % 2 == 0:
            cells = iter(st.columns(1 if page.narrow else 2, gap="medium"))
        key = f"data_word_{review.file.digest[:12]}_{role}_{word}"
        current = str(preview.words.get(role, {}).get(word, ""))
        st.session_state[key] = current
        next(cells).selectbox(
            f"{escape_markdown(word)} · {t.number(n)}",
            options if current in options else [current, *options],
            format_func=lambda value: value_label(t, city, role, value) if value else t(_NOT_KNOWN[role]),
            key=key,
            on_change=_keep_change,
            args=(review, key, partial(with_word, header, role, word)),
        )


MOST_NAME = 60
GUESSED = ("guessed", "mapped")  # a known format needs no mapping


def save_mapping(home: Home, review: FileReview, name: str) -> None:
    """Save the mapping of a file as it was reviewed."""
    header = review.columns
    if header is None:
        return
    mappings.save(
        home,
        replace(
            review.file.mapping or ColumnMapping.from_layout(header.layout, header.labels),
            name=name,
            answers=replace(known_answers(review), **mappings.OF_ONE_FILE),
            labels=header.labels,
        ),
    )
    keep_settings(review.file, saved=True)


def draw_remember_choice(page: Page, usable: list[FileReview]) -> bool:
    """Ask, next to the import button, whether to save what the reader set for these files for the next export."""
    some = [review.preview for review in usable if review.preview and _settled(review)]
    if not some:
        return False
    return st.checkbox(
        page.t("Use what you set for the next export with these columns, too"),
        value=all(preview.header.layout.format in GUESSED for preview in some),
        key="data_remember",
    )


def _settled(review: FileReview) -> bool:
    return review.file.mapping is not None or review.file.answers != Answers()


def save_settled_mapping(home: Home, review: FileReview) -> None:
    """Save after an import what the reader set for the file: under the name of the mapping in use, or the file's."""
    if _settled(review):
        in_use = review.preview.saved if review.preview else ""
        save_mapping(home, review, in_use or review.file.name.partition(".")[0][:MOST_NAME])
