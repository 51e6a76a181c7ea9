"""Uploaded files, their review before the import, and what a reader sets for them. Nothing here writes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

import sample_data
from curim_data.formats.base import Part
from curim_data.importing import mapping as mappings
from curim_data.importing.mapping import ColumnMapping
from curim_data.importing.pipeline import Header, ImportProblem, ImportReport, Preview, columns_of, preview
from curim_data.lexicon.folding import fold
from curim_data.model import Answers, CityProfile, Facts, Message, Question, Translator
from curim_data.model.labels import format_label, role_name
from curim_data.model.reasons import Choice
from curim_data.store import Home, Store
from pages.parts.frame import Page
from pages.parts.frame.markdown import css_text

CONTAINERS: Final[Mapping[str, Message]] = {
    "csv": Message("text with columns (CSV)"),
    "xlsx": Message("Excel workbook"),
    "xls": Message("Excel workbook"),
    "ods": Message("OpenDocument spreadsheet"),
    "json": Message("JSON"),
    "xml": Message("XML"),
    "geojson": Message("GeoJSON"),
    "gpkg": Message("GeoPackage"),
    "shp": Message("Shapefile"),
    "parquet": Message("Parquet"),
}
WRAPPED: Final[Mapping[str, Message]] = {
    "gz": Message("compressed with gzip"),
    "zip": Message("inside a ZIP file"),
}
DELIMITERS: Final[Mapping[str, Message]] = {
    ";": Message("semicolon"),
    ",": Message("comma"),
    "\t": Message("tab"),
    "|": Message("bar"),
}
ORDERS: Final[Mapping[str, Message]] = {
    "day-first": Message("day first (1/3 is 1 March)"),
    "month-first": Message("month first (1/3 is 3 January)"),
}
PARTS: Final[Mapping[str, Message]] = {
    "date": Message("{role}: the date"),
    "time": Message("{role}: the time"),
    "year": Message("{role}: the year"),
    "month": Message("{role}: the month"),
    "day": Message("{role}: the day"),
    "hour": Message("{role}: the hour"),
    "minute": Message("{role}: the minute"),
    "second": Message("{role}: the second"),
    "flag": Message("{role}: named by the heading (yes or no below)"),
    "first": Message("{role}: the first column that is filled"),
}
_SURE: Final = (
    (0.9, Message("Sure ({share})")),
    (0.7, Message("Fairly sure ({share})")),
    (0.5, Message("Not sure ({share}): check it")),
    (0.0, Message("A guess ({share}): check it")),
)


def format_short(t: Translator, name: str) -> str:
    """What a format is called where there is little room."""
    return t.c("format", "unknown") if name == "guessed" else format_label(t, name)


def container_label(t: Translator, facts: Facts) -> str:
    """The kind of file, and what lay around it."""
    kind = t(CONTAINERS[facts.container]) if facts.container in CONTAINERS else facts.container
    around = [t(WRAPPED[one]) if one in WRAPPED else one for one in facts.wrapped]
    return ", ".join([kind, *around])


def role_label(t: Translator, role: str, use: str = "alert", part: str = "value") -> str:
    """What a column of an export holds, or why it is not used."""
    if use == "dropped":
        return t("Not stored: free text or personal data")
    if not role:
        return t("Not used")
    label = role_name(t, role)
    return t(PARTS[part], role=label) if part in PARTS else label


def confidence_label(t: Translator, confidence: float) -> str:
    """How sure a guess is; nothing where the format is known."""
    if confidence != confidence:
        return ""
    message = next(words for least, words in _SURE if confidence >= least)
    return t(message, share=t.percent(confidence))


def draw_heading(text: str) -> None:
    """A small heading inside the details of a file."""
    st.markdown(f"**{text}**")


KINDS: Final = (
    "csv", "tsv", "txt", "json", "geojson", "xml", "xlsx", "xls", "ods", "gpkg", "zip", "gz", "parquet",
)  # fmt: skip
MAX_MB: Final = 100
TOGETHER_MB: Final = 300
MAX_FILES: Final = 20
MAX_NAME: Final = 100
SHOWN_ROWS: Final = 200
START: Final = 1 << 16
EXAMPLES_LONG: Final = 70
TRIALS: Final[Mapping[str, Path]] = {"later": sample_data.LATER_EXPORT, "dirty": sample_data.DIRTY_EXPORT}
TRIAL = "data_trial"
ROUND = "data_round"  # part of the uploader's key: a new one drops the uploaded files from memory
# What the reader set for files, by their digest: answers, a mapping edited by hand, whether a saved one is used.
SETTINGS = "data_settings"
REVIEWS = "data_looks"
MOST_REVIEWS: Final = 2 * MAX_FILES
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
    """Where an import goes: a home, its city's profile (None where it has none yet), and whether it is the sample's."""

    home: Home
    city: CityProfile | None
    is_sample: bool


@dataclass(frozen=True)
class OpenQuestion:
    """What the file does not say: a field of `Answers`, the question, and possible answers."""

    about: str
    message: Message
    choices: tuple[Choice, ...] = ()


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

    @property
    def away(self) -> bool:
        """Whether most alerts with coordinates lie outside the city."""
        return self.report.mapped > 0 and self.report.outside > self.report.mapped / 2


@dataclass(frozen=True)
class FileReview:
    """A file and the outcome of its review: a preview, a problem or a question; `header` where only the columns are
    known."""

    file: UploadedFile
    preview: FilePreview | None = None
    problem: Message | None = None
    question: OpenQuestion | None = None
    header: Header | None = None

    @property
    def columns(self) -> Header | None:
        """The file's columns, as far as they are known."""
        return self.preview.header if self.preview else self.header


def safe_file_name(name: str) -> str:
    """The name that a browser gave, fit to be shown: no folders, no control characters, not endless."""
    base = re.split(r"[/\\]", name)[-1]
    kept = "".join(letter for letter in base if letter.isprintable()).strip()
    return kept[:MAX_NAME] or "export.csv"


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
    lines = file.content[:START].decode("utf-8", "replace").splitlines()[1:]
    return sum(sample_data.MARK in line for line in lines) > len(lines) / 2


def with_answers(file: UploadedFile) -> UploadedFile:
    """The file with what the reader has set for it."""
    settings: dict[str, Any] = st.session_state.get(SETTINGS, {}).get(file.digest, {})
    return replace(file, **settings)


def keep_answer(file: UploadedFile, **values: Any) -> None:
    """Keep a reader's answers about a file, until the browser's tab is closed."""
    now = with_answers(file)
    mapping = now.mapping and replace(now.mapping, answers=replace(now.mapping.answers, **values))
    _keep(file, answers=replace(now.answers, **values), mapping=mapping)


def keep_mapping(file: UploadedFile, mapping: ColumnMapping | None) -> None:
    """Keep the mapping that the reader edited for a file; None removes it."""
    _keep(file, mapping=mapping)


def ignore_saved_mapping(file: UploadedFile, aside: bool) -> None:
    """Read the file without the saved mapping that fits it, or with it again."""
    _keep(file, saved=not aside)


def _keep(file: UploadedFile, **values: Any) -> None:
    known = st.session_state.get(SETTINGS, {})
    st.session_state[SETTINGS] = {**known, file.digest: {**known.get(file.digest, {}), **values}}


def import_target(page: Page, *, trying: bool) -> ImportTarget:
    """Where the files would go: the home on show; from the sample, to a home of one's own unless it is a trial.

    The own home is not made here, nor its city: the first file's alerts make one.
    """
    home = page.home if not page.is_sample or trying else page.own
    return ImportTarget(home, home.city() if home.has_city() else None, page.is_sample and trying)


def review_file(file: UploadedFile, into: ImportTarget, progress: Progress | None = None) -> FileReview:
    """What an import of the file into this home would do; kept for this reader while the store stays the same."""
    if file.size > MAX_MB << 20:
        return FileReview(file, problem=too_large(file.name))
    key = (
        file.digest,
        file.name,
        repr(file.answers),
        file.mapping.to_toml() if file.mapping else "",
        file.saved,
        str(into.home.path),
        Store(into.home).version() if into.city else "empty",
        into.city.version if into.city else "",
        _saved_state(into.home),
    )
    kept: dict[tuple[object, ...], FileReview] = st.session_state.get(REVIEWS, {})
    review = kept.get(key) or _review(file, into, progress)
    others = [(one, old) for one, old in kept.items() if one != key][1 - MOST_REVIEWS :]
    st.session_state[REVIEWS] = {**dict(others), key: review}
    return replace(review, file=file)


def _saved_state(home: Home) -> str:
    """A word that changes with the mappings of a home."""
    files = sorted((home.path / mappings.FOLDER).glob("*.toml"))
    return " ".join(f"{path.name}:{path.stat().st_mtime_ns}" for path in files)


def too_large(name: str) -> Message:
    """What to do with a file that is too large for the page."""
    return Message(
        "{name} is larger than {limit} MB, the most that this page takes. Import it with “curim import FILE”.",
        {"name": name, "limit": MAX_MB},
    )


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
    except Question as question:
        return FileReview(
            bare,
            problem=question.message,
            question=OpenQuestion(question.about, question.message, question.choices),
            header=_header(file),
        )
    except ImportProblem as problem:
        return FileReview(bare, problem=problem.message, header=_header(file))
    return FileReview(bare, preview=_file_preview(found))


def _header(file: UploadedFile) -> Header | None:
    """The columns of a file that cannot be imported as it is, with the reader's mapping of them."""
    try:
        found = columns_of(file.content, file.name, file.answers)
        if file.mapping is None:
            return _with_short_examples(found)
        layout = file.mapping.layout(found.labels)
    except ImportProblem:
        return None
    given = {part.place: (role, part.part) for role, parts in layout.roles.items() for part in parts}
    dropped = {*layout.personal, *layout.text}
    table = found.table.copy()
    table["role"] = [given.get(place, ("", ""))[0] for place in table["place"]]
    table["part"] = [given.get(place, ("", ""))[1] for place in table["place"]]
    table["use"] = ["alert" if p in given else "dropped" if p in dropped else "unused" for p in table["place"]]
    return _with_short_examples(Header(found.labels, layout, table))


def _with_short_examples(header: Header) -> Header:
    """The columns with examples short enough to be looked at; none of what is dropped, or looks like an address."""
    table = header.table.copy()
    texts = table["examples"].astype(str)
    bare = (table["use"] == "dropped") | ((table["use"] == "unused") & texts.str.contains("@", regex=False))
    cut = texts.where(texts.str.len() <= EXAMPLES_LONG, texts.str.slice(0, EXAMPLES_LONG) + "…")
    table["examples"] = cut.where(~bare, "")
    return replace(header, table=table)


def _file_preview(found: Preview) -> FilePreview:
    report = found.report
    saved = report.mapping
    appeared, vanished = mappings.changed_columns(saved, report.facts.labels) if saved else ((), ())
    none = pd.DataFrame()
    bounded = {
        "mapping": none,
        "sample": none,
        "values": {role: dict(words) for role, words in found.values.items()},
        "city": replace(found.city),
        "report": replace(report, repairs=none, quarantine=none, city=None),
    }
    return FilePreview(
        **{one.name: getattr(found, one.name) for one in fields(found)} | bounded,
        header=_with_short_examples(Header(report.facts.labels, found.layout, found.mapping)),
        repairs=report.repairs,
        refused=_refused(report),
        months=_spans_months(found.sample),
        saved=saved.name if saved else "",
        appeared=appeared,
        vanished=vanished,
    )


def _spans_months(rows: pd.DataFrame) -> bool:
    """Whether each of these alerts spans a whole month: no more than that is known of its time."""
    if rows.empty:
        return False
    span = pd.to_datetime(rows["occurred_to"], utc=True) - pd.to_datetime(rows["occurred_from"], utc=True)
    return bool((span >= pd.Timedelta(days=27)).all() and (span <= pd.Timedelta(days=32)).all())


def _refused(report: ImportReport) -> pd.DataFrame:
    """The first quarantined rows, why, and how to fix them."""
    refused = report.quarantine[["row", "column", "value", "reason", "message", "mend"]].head(SHOWN_ROWS)
    return refused.assign(value=refused["value"].astype(str).str.slice(0, 80))


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


UNUSED: Final = ""
DROPPED: Final = "dropped"
# Roles that several columns may give side by side.
SEVERAL: Final = frozenset({"category", "more_categories"})
_WHOLE: Final = frozenset({"value", "first"})


def option_of(role: str, part: str, use: str) -> str:
    """The option that a column has: "", "dropped", a role, or a role and its piece ("reported_at/date")."""
    if not role:
        return DROPPED if use == "dropped" else UNUSED
    return role if part == "value" else f"{role}/{part}"


def with_column(header: Header, place: int, option: str, answers: Answers) -> ColumnMapping:
    """The mapping in which the column at a place has an option; a column that had the same gives it up."""
    layout = header.layout
    role, _, piece = option.partition("/")
    part = Part(place, piece or "value")
    roles = {name: tuple(one for one in parts if one.place != place) for name, parts in layout.roles.items()}
    if role and role != DROPPED:
        roles[role] = tuple(sorted((*_beside(role, part, roles.get(role, ())), part), key=lambda one: one.place))
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


def _beside(role: str, part: Part, others: tuple[Part, ...]) -> tuple[Part, ...]:
    """The columns of a role that stay when one is added: pieces of other kinds, and categories next to categories."""
    if role in SEVERAL:
        return others
    if part.part in _WHOLE:
        return tuple(one for one in others if part.part == one.part == "first")
    return tuple(one for one in others if one.part not in _WHOLE and one.part != part.part)


def with_word(header: Header, role: str, word: str, value: str, answers: Answers) -> ColumnMapping:
    """The mapping in which a word of a column stands for a value; "" takes that back."""
    layout, key = header.layout, fold(word)
    if role == "category":
        changed = replace(layout, categories=_with(layout.categories, key, value))
    else:
        changed = replace(layout, words={**layout.words, role: _with(layout.words.get(role, {}), key, value)})
    return ColumnMapping.from_layout(changed, header.labels, answers=answers)


def _with(table: Mapping[str, str], key: str, value: str) -> dict[str, str]:
    kept = {fold(word): meaning for word, meaning in table.items() if fold(word) != key}
    return {**kept, key: value} if value else kept
