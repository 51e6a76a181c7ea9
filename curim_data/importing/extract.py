"""Extract: the first stages of an import. Open a file, recognise its columns, profile all of it.

The file is read once here, block by block; the stages of `transform` go through its blocks again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from curim_data import formats
from curim_data.containers import open_file
from curim_data.containers.base import prefetch
from curim_data.formats.base import Layout, Recognition
from curim_data.importing import column_choices
from curim_data.importing import mapping as mappings
from curim_data.importing.column_choices import as_before, ask_event, event_place, with_event
from curim_data.importing.mapping import ColumnMapping
from curim_data.importing.outcomes import ColumnSummary, settled_for
from curim_data.importing.profiling import FileProfile
from curim_data.model import Answers, Block, ImportProblem, Message, Question
from curim_data.model.records import Opened
from curim_data.store import Home
from curim_data.store.alert_table import QUARANTINE_COLUMNS

PIECE_ROWS: Final = 1 << 15


def pieces(block: Block, rows: int = PIECE_ROWS) -> Iterator[Block]:
    """A block in pieces of so many rows, each with the refused records before the first row of the next."""
    size = block.table.num_rows
    for start in range(0, max(size, 1), rows):
        part = slice(start, start + rows)
        first = block.rows[start] if start else 0
        border = block.rows[start + rows] if start + rows < size else np.inf
        yield replace(
            block,
            table=block.table.slice(start, rows),
            rows=block.rows[part],
            encoding_repaired=block.encoding_repaired[part],
            trailing_cut=block.trailing_cut[part],
            refused=tuple(record for record in block.refused if first <= record.row < border),
            unstored={place: mask[part] for place, mask in block.unstored.items()},
            origin=None if block.origin is None else block.origin[part],
        )


Progress = Callable[[float, Message], None]
EXTRACTED: Final = 0.35  # share of an import that is done after these stages
RECOGNITION_ROWS: Final = 5_000
_DATES: Final = ("reported_at", "occurred_from")


@dataclass(frozen=True)
class ImportRequest:
    """A file and everything that came with it.

    `home`: where a saved mapping may come from, and `use_saved` whether it may. `answers`: what a person said where the
    file does not. `now`: against which dates in the future are judged. `progress`: called with a share between 0 and 1
    and a message.
    """

    source: Path | bytes
    name: str
    home: Home | None
    format: str | None
    mapping: ColumnMapping | None
    answers: Answers
    use_saved: bool
    now: dt.datetime
    progress: Progress | None

    def report_progress(self, share: float, message: Message) -> None:
        """Tell whoever follows the import how far it is."""
        if self.progress is not None:
            self.progress(share, message)


@dataclass(frozen=True)
class OpenedExport:
    """A file whose container was recognised.

    `saved`: the home's mapping that fits its header, or how the file was read whose quarantined rows, mended, these are
    (`mended`). The answers of `request` are completed by those of the mapping.
    `state`: tells one state of the file on disk from another.
    """

    request: ImportRequest
    file: Opened
    saved: ColumnMapping | None
    state: tuple[int, ...]
    mended: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The header."""
        return self.file.facts.labels


@dataclass(frozen=True)
class RecognisedExport:
    """A file whose columns are known."""

    opened: OpenedExport
    layout: Layout


@dataclass(frozen=True)
class ProfiledExport:
    """A file that was read to its end: its profile, its number of rows, and for a preview a summary of its columns."""

    opened: OpenedExport
    layout: Layout
    profile: FileProfile
    rows: int
    columns: ColumnSummary | None

    @property
    def request(self) -> ImportRequest:
        """What was asked for."""
        return self.opened.request

    @property
    def labels(self) -> tuple[str, ...]:
        """The header."""
        return self.opened.labels

    @property
    def mapping_name(self) -> str:
        """Name of the column mapping by which the file is read; empty without one."""
        mapping = self.request.mapping or self.opened.saved
        return mapping.name if mapping is not None else ""

    def blocks(self) -> Iterator[Block]:
        """Go through all rows of the file again, in smaller blocks."""
        return (piece for block in self.opened.file.blocks() for piece in pieces(block))

    def check_unchanged(self) -> None:
        """Raise ImportProblem where the file has changed since it was opened."""
        if self.opened.state != _state(self.request.source):
            raise ImportProblem(
                Message(
                    "{name}: the file was changed while it was read. Import it again when it is complete.",
                    {"name": self.request.name},
                )
            )


def open_export(request: ImportRequest) -> OpenedExport:
    """Open the file and look for a saved mapping that fits it. Raises as `pipeline.import_file`."""
    request.report_progress(0.0, Message("Reading the file"))
    state = _state(request.source)
    file, saved = _open(request)
    for mapping in filter(None, (saved, request.mapping)):
        request = replace(request, answers=_completed(request.answers, mapping))
    if saved is not None and not saved.roles:  # the answers alone: the format is a known one
        saved = None
    return OpenedExport(request, file, saved, state, mended=bool(quarantine_columns(file.facts.labels)))


def recognise_columns(opened: OpenedExport) -> RecognisedExport:
    """Find out which columns give which role: from a mapping, or from the header and the first block."""
    first = next(opened.file.blocks(), None)
    if first is None:
        raise ImportProblem(
            Message(
                "{name}: the file has a header and no rows. Check the period that was exported.",
                {"name": opened.file.facts.name},
            )
        )
    request, labels = opened.request, opened.labels
    mapping = request.mapping or opened.saved
    event = event_place(labels, request.answers.event, request.name)
    if mapping is not None:
        asked = event is not None or request.answers.counts is not None
        guessed = recognise(labels, first.table, request.name, formats.GUESSED, event) if asked else None
        layout = with_event(mapping.layout(labels), event, guessed.layout if guessed else None)
        missing = () if any(role in layout.roles for role in _DATES) else _DATES[:1]
        recognition = Recognition(layout, 1.0, missing, counted=guessed.counted if guessed else None)
    else:
        recognition = recognise(labels, first.table, request.name, request.format, event)
        recognition = replace(recognition, layout=with_event(recognition.layout, event))
        if request.format is None and not quarantine_columns(labels):
            recognition = as_before(recognition, labels, first.table.slice(0, RECOGNITION_ROWS), request.home)
    formats.refuse(recognition, labels, request.name)
    ask_event(recognition, labels, request.name)
    layout = column_choices.with_counts(recognition, labels, request.answers.counts, request.name)
    if column_choices.COUNT_ROLE in layout.roles:
        file = column_choices.CountedFile(opened.file, layout.place(column_choices.COUNT_ROLE))
        opened = replace(opened, file=file)
    return RecognisedExport(opened, layout)


def profile_export(recognised: RecognisedExport, *, summarise: bool = False) -> ProfiledExport:
    """Read the whole file once and profile it; with `summarise`, count empty cells and keep examples as well."""
    opened, layout = recognised.opened, recognised.layout
    facts, reading = opened.file.facts, Message("Reading the file")
    profile = FileProfile(layout, facts.labels)
    columns = ColumnSummary(len(facts.labels)) if summarise else None
    rows = seen = 0
    for block in prefetch(opened.file.blocks()):
        profile.add(block)
        if columns is not None:
            columns.add(block)
        rows += block.read
        seen += block.table.nbytes
        share = seen / (seen + max(facts.size - seen, facts.size // 10))
        opened.request.report_progress(EXTRACTED * share, reading)
    if isinstance(opened.file, column_choices.CountedFile):
        layout = profile.layout = replace(layout, notes=(opened.file.note(opened.labels), *layout.notes))
    return ProfiledExport(opened, layout, profile, rows, columns)


def recognise(
    labels: tuple[str, ...], first: pa.Table, name: str, format: str | None, event: int | None = None
) -> Recognition:
    """Recognise the format by the header and the first rows; the columns that quarantine added are left out."""
    first, own = first.slice(0, RECOGNITION_ROWS), quarantine_columns(labels)
    if not own:
        return formats.recognise(labels, first, name=name, format=format, event=event)
    table = first.select(list(range(own, len(labels))))
    found = formats.recognise(
        labels[own:],
        table.rename_columns([str(at) for at in range(len(labels) - own)]),
        name=name,
        format=format,
        event=None if event is None else event - own,
    )
    layout = found.layout
    moved = replace(
        layout,
        roles={
            role: tuple(replace(part, place=part.place + own) for part in parts) for role, parts in layout.roles.items()
        },
        personal=tuple(place + own for place in layout.personal),
        text=tuple(place + own for place in layout.text),
        unused=(*range(own), *(place + own for place in layout.unused)),
    )
    events = tuple(replace(one, place=one.place + own) for one in found.events)
    counted = replace(found.counted, place=found.counted.place + own) if found.counted else None
    return replace(found, layout=moved, events=events, counted=counted)


def quarantine_columns(labels: tuple[str, ...]) -> int:
    """Count the leading columns that are ours: a download of quarantined rows begins with the reasons."""
    return len(QUARANTINE_COLUMNS) if labels[: len(QUARANTINE_COLUMNS)] == QUARANTINE_COLUMNS else 0


def _state(source: Path | bytes) -> tuple[int, ...]:
    """Return what tells one state of a file on disk from another; nothing for bytes."""
    if isinstance(source, bytes):
        return ()
    try:
        found = source.stat()
    except OSError:
        return (0,)
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _open(request: ImportRequest) -> tuple[Opened, ColumnMapping | None]:
    """Open the file and find the home's mapping that fits it; of several tables take the one that the mapping names."""
    home = request.home if request.use_saved and request.mapping is None and request.format is None else None
    sheet = request.answers.sheet or (request.mapping.answers.sheet if request.mapping is not None else None)
    try:
        opened = open_file(request.source, request.name, sheet)
    except Question as question:
        offered = {choice.value for choice in question.choices}
        for saved in mappings.saved(home) if home is not None and question.about == "sheet" else ():
            if saved.answers.sheet in offered:
                opened = open_file(request.source, request.name, saved.answers.sheet)
                if saved.fits(opened.facts.labels):
                    return opened, saved
        raise
    labels = opened.facts.labels
    if home is None:
        return opened, None
    if own := quarantine_columns(labels):  # of what was imported, only the columns with a role are there
        settled = settled_for(home.quarantine, labels[own:])
        if settled is not None and settled.fits(labels[own:]):
            return opened, settled
        return opened, next((saved for saved in mappings.saved(home) if saved.roles and saved.fits(labels[own:])), None)
    return opened, mappings.best(home, labels)


def _completed(answers: Answers, mapping: ColumnMapping) -> Answers:
    """Complete what a person said of this file by what the mapping remembers."""
    given = {name: value for name, value in asdict(answers).items() if value not in (None, False)}
    return replace(mapping.answers, **given)
