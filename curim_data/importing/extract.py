"""Extract: the first stages of an import. Open a file, recognise its columns, profile all of it.

The file is read once here, block by block; what a small one holds is kept on disk for the stages of `transform`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import asdict, dataclass, replace
from itertools import chain
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
from curim_data.importing.comparison import SignatureBuilder
from curim_data.importing.mapping import ColumnMapping
from curim_data.importing.outcomes import ColumnSummary, settled_for
from curim_data.importing.profiling import FileProfile
from curim_data.model import Answers, Block, ImportProblem, Message, Question
from curim_data.model.records import Opened
from curim_data.store import Home
from curim_data.store.alert_table import QUARANTINE_COLUMNS

PIECE_ROWS: Final = 1 << 15
_NO_TEXTS: Final = pa.table({})


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


class KeptBlocks:
    """Blocks that were read, to be gone through in pieces as often as wanted, by several threads at once.

    The texts go to a temporary file in a folder, which is gone with this object; the numbers and marks of rows, and
    refused records, stay in memory. OSError where the disk has no room.
    """

    def __init__(self, folder: Path) -> None:
        # It is open as long as this object lives.
        self._file = tempfile.TemporaryFile(prefix="curim-", dir=folder)  # noqa: SIM115
        self._lock = threading.Lock()
        self._pieces: list[tuple[Block, int, int]] = []  # without texts; where these begin in the file, and end

    def add(self, block: Block) -> None:
        """Keep a block."""
        for piece in pieces(block):
            with self._lock:
                begin = self._file.seek(0, 2)
                with pa.ipc.new_stream(pa.PythonFile(self._file, "w"), piece.table.schema) as out:
                    out.write_table(piece.table)
                self._file.flush()
                # Numbers that lie in the reader's frame would keep all its texts in memory.
                bare = replace(piece, table=_NO_TEXTS, rows=piece.rows.copy())
                self._pieces.append((bare, begin, self._file.tell()))

    def __iter__(self) -> Iterator[Block]:
        for piece, begin, end in self._pieces:
            texts = bytearray(end - begin)
            with self._lock:
                self._file.seek(begin)
                read = self._file.readinto(texts)
            if read != len(texts):
                raise OSError("the temporary file of what was read is cut short")
            yield replace(piece, table=pa.ipc.open_stream(pa.py_buffer(texts)).read_all())


Progress = Callable[[float, Message], None]
EXTRACTED: Final = 0.35  # share of an import that is done after these stages
RECOGNITION_ROWS: Final = 5_000
# Bytes of texts, and of where they end, that are kept on disk; a file with more is read twice. Beside the store, while
# alerts are imported; and where temporary files lie, which may be in memory.
KEPT_BYTES, TEMPORARY_BYTES = 2_000_000_000, 400_000_000
MOST_OF_DISK: Final = 0.25  # of the free space of either, at most
SIGNATURE_ROWS: Final = 20_000  # of each block
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
    """A file whose columns are known. `blocks`: all of its records, to be gone through once."""

    opened: OpenedExport
    layout: Layout
    blocks: Iterator[Block]


@dataclass(frozen=True)
class ProfiledExport:
    """A file that was read to its end: its profile, how many rows it has, and for a preview a summary of its columns.

    `kept`: the blocks of a file that is small enough to be kept.
    """

    opened: OpenedExport
    layout: Layout
    profile: FileProfile
    rows: int
    columns: ColumnSummary | None
    signature: SignatureBuilder
    kept: KeptBlocks | None

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
        """Go through all rows of the file again, in smaller blocks: those that were kept, or read again."""
        if self.kept is not None:
            return iter(self.kept)
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
    blocks = prefetch(opened.file.blocks())
    first = next(blocks, None)
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
    if column_choices.COUNT_ROLE not in layout.roles:
        return RecognisedExport(opened, layout, chain([first], blocks))
    file = column_choices.CountedFile(opened.file, layout.place(column_choices.COUNT_ROLE))
    return RecognisedExport(replace(opened, file=file), layout, file.repeated(chain([first], blocks)))


def profile_export(recognised: RecognisedExport, *, summarise: bool = False) -> ProfiledExport:
    """Read the whole file once and profile it; with `summarise`, count empty cells and keep examples as well."""
    opened, layout = recognised.opened, recognised.layout
    facts, reading = opened.file.facts, Message("Reading the file")
    profile = FileProfile(layout, facts.labels)
    columns = ColumnSummary(len(facts.labels)) if summarise else None
    signature = SignatureBuilder(facts.labels, layout)
    rows = seen = 0
    kept, most = _keeping(facts.size, None if summarise else opened.request.home)
    for block in recognised.blocks:
        profile.add(block)
        signature.add(block.table.slice(0, SIGNATURE_ROWS))
        if columns is not None:
            columns.add(block)
        rows += block.read
        seen += block.table.nbytes
        kept = _kept_too(kept, block) if seen <= most else None
        share = seen / (seen + max(facts.size - seen, facts.size // 10))
        opened.request.report_progress(EXTRACTED * share, reading)
    if isinstance(opened.file, column_choices.CountedFile):
        layout = profile.layout = replace(layout, notes=(opened.file.note(opened.labels), *layout.notes))
    if profile.mixed:
        profile.gather_order_evidence(opened.file.blocks() if kept is None else kept)
    return ProfiledExport(opened, layout, profile, rows, columns, signature, kept)


def _keeping(size: int, home: Home | None) -> tuple[KeptBlocks | None, float]:
    """Where the blocks of a file of so many bytes are kept, and how many bytes of them at most; None where those would
    be too many, or there is no room. `home`: into which they are imported.
    """
    places: list[tuple[Callable[[], Path], int]] = [(lambda: Path(tempfile.gettempdir()), TEMPORARY_BYTES)]
    if home is not None and home.work.is_dir():
        places.insert(0, (lambda: home.work, KEPT_BYTES))
    for place, most in places:
        with contextlib.suppress(OSError):
            folder = place()
            room = min(most, MOST_OF_DISK * shutil.disk_usage(folder).free)
            if 2 * size <= room:  # where texts end takes as much again; what is packed shows its size as it is read
                return KeptBlocks(folder), room
    return None, 0


def _kept_too(kept: KeptBlocks | None, block: Block) -> KeptBlocks | None:
    """What is kept, with a block more; None where there is no room for it, and the file is read again."""
    if kept is None:
        return None
    try:
        kept.add(block)
    except OSError:
        return None
    return kept


def profiled_before(recognised: RecognisedExport, before: ProfiledExport | None) -> ProfiledExport | None:
    """The profile that an earlier preview made of the same content, for what was answered since; None where it differs.

    An answer on what words or categories stand for changes no reading: the same columns in the same roles, of the same
    sheet, give the same profile. Only a file whose rows are still kept counts.
    """
    if before is None or before.kept is None or before.columns is None:
        return None
    opened, layout = recognised.opened, recognised.layout
    old, new = before.opened.request, opened.request
    same = (old.source, old.name, old.answers.sheet) == (new.source, new.name, new.answers.sheet)
    same = same and before.opened.state == opened.state  # the file on disk may be another by now
    if not same or before.labels != opened.labels or _reading(before.layout) != _reading(layout):
        return None
    if isinstance(before.opened.file, column_choices.CountedFile):
        opened = replace(opened, file=before.opened.file)
        layout = replace(layout, notes=(before.opened.file.note(opened.labels), *layout.notes))
    profile = copy(before.profile)
    profile.layout = layout
    return replace(before, opened=opened, layout=layout, profile=profile)


def _reading(layout: Layout) -> tuple[object, ...]:
    """What of a layout the profile of a file depends on."""
    return dict(layout.roles), layout.separators, layout.missing, layout.skip_hxl, layout.longest


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
