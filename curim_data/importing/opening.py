"""A file before its alerts are made: opened, its columns known, all of it seen once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from curim_data import formats
from curim_data.containers import open_file
from curim_data.containers.prefetch import prefetch
from curim_data.formats.base import Layout, Recognition, fold
from curim_data.importing import mapping as mappings
from curim_data.importing.categories import known_categories
from curim_data.importing.decisions import Decisions, Survey
from curim_data.importing.mapping import ColumnMapping
from curim_data.importing.report import Header, Look
from curim_data.importing.rows import spelled
from curim_data.model.city import CityProfile
from curim_data.model.i18n import Message
from curim_data.model.questions import Answers, Question
from curim_data.model.reasons import ImportProblem
from curim_data.model.records import Block, Opened
from curim_data.store.alert_table import QUARANTINE_COLUMNS
from curim_data.store.home import Home

Progress = Callable[[float, Message], None]
READING: Final = 0.35  # share of an import
SAMPLE: Final = 5_000
KEPT_BYTES: Final = 400_000_000  # a larger file is read twice
_DATES: Final = ("reported_at", "occurred_from")


@dataclass(frozen=True)
class Asked:
    """Everything that came with a file. `saved`: whether a mapping that the home holds may be used."""

    source: Path | bytes
    name: str
    home: Home | None
    format: str | None
    mapping: ColumnMapping | None
    answers: Answers
    saved: bool
    now: dt.datetime
    step: Progress

    @classmethod
    def of(
        cls,
        source: Path | bytes,
        name: str,
        home: Home | None,
        format: str | None,
        mapping: ColumnMapping | None,
        answers: Answers | None,
        saved: bool,
        now: dt.datetime | None,
        step: Progress | None,
    ) -> Asked:
        """With nothing told, the present moment, and progress that nobody follows, where these are not given."""
        now = now or dt.datetime.now(dt.UTC)
        return cls(source, name, home, format, mapping, answers or Answers(), saved, now, step or (lambda *_: None))


@dataclass(frozen=True)
class Understood:
    """A file whose meaning is known: what is needed to make alerts of its rows.

    `mapping` is the home's saved mapping that was used; `asked.answers` hold what it remembers. `kept` are the blocks
    of a file that is small enough to stay in memory.
    """

    asked: Asked
    opened: Opened
    layout: Layout
    survey: Survey
    rows: int
    look: Look | None
    mapping: ColumnMapping | None
    state: tuple[int, ...]
    kept: tuple[Block, ...] | None

    def blocks(self) -> Iterator[Block]:
        """All blocks of the file again: those that were kept, or read anew."""
        return self.opened.blocks() if self.kept is None else iter(self.kept)

    def check_unchanged(self) -> None:
        """ImportProblem where the file is another one than it was when it was opened."""
        if self.state != _state(self.asked.source):
            raise ImportProblem(
                Message(
                    "{name}: the file was changed while it was read. Import it again when it is complete.",
                    {"name": self.asked.name},
                )
            )

    @property
    def notes(self) -> tuple[Message, ...]:
        """What a reader should know of how the columns came to be known."""
        if self.mapping is None:
            return ()
        return (Message("Read with the saved mapping {name}.", {"name": self.mapping.name}),)


def understand(asked: Asked, *, looking: bool) -> Understood:
    """Open the file, know its columns, and see all of it once. Raises as `ingest.import_file`."""
    reading = Message("Reading the file")
    asked.step(0.0, reading)
    state = _state(asked.source)
    opened, saved = _opened(asked)
    facts = opened.facts
    if saved is not None:
        asked = replace(asked, answers=_joined(asked.answers, saved))
    chosen = asked.mapping or saved
    if asked.mapping is not None:
        asked = replace(asked, answers=_joined(asked.answers, asked.mapping))
    survey: Survey | None = None
    look = Look(len(facts.labels)) if looking else None
    rows = seen = 0
    kept: list[Block] | None = []
    for block in prefetch(opened.blocks()):
        if survey is None:
            survey = Survey(_layout(asked, chosen, facts.labels, block.table), facts.labels)
        survey.add(block)
        if look is not None:
            look.add(block)
        rows += block.read
        seen += block.table.nbytes
        if kept is not None:
            kept = [*kept, block] if seen <= KEPT_BYTES else None
        asked.step(READING * seen / (seen + max(facts.size - seen, facts.size // 10)), reading)
    if survey is None:
        raise ImportProblem(
            Message(
                "{name}: the file has a header and no rows. Check the period that was exported.", {"name": facts.name}
            )
        )
    return Understood(
        asked, opened, survey.layout, survey, rows, look, saved, state, None if kept is None else tuple(kept)
    )


def columns_of(source: Path | bytes, name: str, answers: Answers) -> Header:
    """The columns of a file whose meaning is not understood, with examples of its first rows, for a person to settle.

    Raises
    ------
    ImportProblem
        Where the file cannot be opened; a Question among them.
    """
    opened = open_file(source, name, answers.sheet)
    labels = opened.facts.labels
    block = next(iter(opened.blocks()), None)
    layout = Layout(formats.GUESSED, {}, unused=tuple(range(len(labels))))
    look = Look(len(labels))
    if block is not None:
        layout = _recognised(labels, block.table.slice(0, SAMPLE), name, None).layout
        look.add(block)
    return Header(labels, layout, look.table(labels, layout))


def _state(source: Path | bytes) -> tuple[int, ...]:
    """What tells one state of a file from another; nothing for bytes."""
    if isinstance(source, bytes):
        return ()
    try:
        found = source.stat()
    except OSError:
        return (0,)
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _opened(asked: Asked) -> tuple[Opened, ColumnMapping | None]:
    """The file, and the home's mapping that fits it; of several tables the one that such a mapping names."""
    home = asked.home if asked.saved and asked.mapping is None and asked.format is None else None
    sheet = asked.answers.sheet or (asked.mapping.answers.sheet if asked.mapping is not None else None)
    try:
        opened = open_file(asked.source, asked.name, sheet)
    except Question as question:
        offered = {choice.value for choice in question.choices}
        for saved in mappings.saved(home) if home is not None and question.about == "sheet" else ():
            if saved.answers.sheet in offered:
                opened = open_file(asked.source, asked.name, saved.answers.sheet)
                if saved.fits(opened.facts.labels):
                    return opened, saved
        raise
    labels = opened.facts.labels
    if home is None:
        return opened, None
    if own := _own(labels):  # of what was imported, only the columns with a meaning are there
        return opened, next((saved for saved in mappings.saved(home) if saved.roles and saved.fits(labels[own:])), None)
    return opened, mappings.best(home, labels)


def _joined(answers: Answers, mapping: ColumnMapping) -> Answers:
    """What a person said of this file, before what the mapping remembers."""
    told = {name: value for name, value in asdict(answers).items() if value not in (None, False)}
    return replace(mapping.answers, **told)


def _layout(asked: Asked, mapping: ColumnMapping | None, labels: tuple[str, ...], first: pa.Table) -> Layout:
    if mapping is not None:
        layout = mapping.layout(labels)
        missing = () if any(role in layout.roles for role in _DATES) else _DATES[:1]
        recognition = Recognition(layout, 1.0, missing)
    else:
        recognition = _recognised(labels, first.slice(0, SAMPLE), asked.name, asked.format)
    formats.refuse(recognition, labels, asked.name)
    return recognition.layout


def _own(labels: tuple[str, ...]) -> int:
    """How many of the first columns are ours: rows set aside come back with the reason before their own columns."""
    return len(QUARANTINE_COLUMNS) if labels[: len(QUARANTINE_COLUMNS)] == QUARANTINE_COLUMNS else 0


def _recognised(labels: tuple[str, ...], first: pa.Table, name: str, format: str | None) -> Recognition:
    own = _own(labels)
    if not own:
        return formats.recognise(labels, first, name=name, format=format)
    table = first.select(list(range(own, len(labels))))
    found = formats.recognise(
        labels[own:], table.rename_columns([str(at) for at in range(len(labels) - own)]), name=name, format=format
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
    return replace(found, layout=moved)


def read_words(
    values: Mapping[str, Mapping[str, int]], decisions: Decisions, layout: Layout, city: CityProfile
) -> dict[str, dict[str, str]]:
    """What each word of the columns that are mapped value by value stands for, by role; "" where nobody knows."""
    told = {}
    for role, words in values.items():
        if role == "category":
            known = known_categories(layout, city)
            told[role] = {word: known.get(fold(word), "") for word in words}
        else:
            table = decisions.words.get(role, {})
            told[role] = {word: spelled(role, word, table) or "" for word in words}
    return told


def keep_what_was_told(understood: Understood, home: Home) -> str | None:
    """Save what a person settled for this import, so that the same columns are read alike next month.

    Without it a later import would read them as recognised and change what is stored. The name it is saved under; None
    where nothing was settled, where the format is known by itself, or where a saved mapping says the same already.
    """
    asked = understood.asked
    answers = replace(asked.answers, elsewhere=False)
    by_hand = asked.mapping is not None
    if not by_hand and (understood.layout.format != formats.GUESSED or answers == Answers()):
        return None
    labels = understood.opened.facts.labels
    if _own(labels):
        return None
    name = Path(asked.name).name.partition(".")[0] or asked.name
    made = ColumnMapping.from_layout(understood.layout, labels, answers=answers, name=name)
    known = mappings.best(home, labels)
    if known is not None and replace(known, name=name) == made:
        return None
    mappings.save(home, made)
    return name
