"""Columns that more than the file decides: earlier imports, and what a person answered.

The columns that an earlier file with the same headings was read by hold for the next one; which column holds the date
of the event, and whether a column of counts makes several alerts of a row, a person says (`Answers.event`,
`Answers.counts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa

from curim_data import formats
from curim_data.containers.base import ArrowText
from curim_data.formats.base import EventCandidate, Layout, Part, Recognition
from curim_data.formats.guess.category import holds_names, of_column
from curim_data.importing.comparison import signature_labels
from curim_data.importing.mapping import named_columns
from curim_data.importing.outcomes import RowOutcomes
from curim_data.importing.proof import text_bars
from curim_data.importing.value_parsing import distinct, trimmed
from curim_data.lexicon.folding import fold
from curim_data.model import Block, ImportProblem, IntArray, Message, Question, Reason
from curim_data.model.reasons import EACH_EVENT, EACH_ROW, Choice
from curim_data.model.records import Facts, Opened
from curim_data.store import Batch, Home, Store

_GENDERS: Final = ("reporter_gender", "affected_gender")
_OWNERS: Final = {
    "reporter_gender": Message("the gender of the person who reports"),
    "affected_gender": Message("the gender of the person affected"),
}


def as_before(recognition: Recognition, labels: Sequence[str], sample: pa.Table, home: Home | None) -> Recognition:
    """Read a table without a known format by the columns of the last one with the same headings; unchanged where there
    is none. `sample`: the first records."""
    layout = recognition.layout
    if home is None or layout.format != formats.GUESSED:
        return recognition
    batch = _last_alike(labels, home)
    if batch is None:
        return recognition
    roles = _roles_by_place(batch, labels)
    layout = _genders_as_before(layout, labels, roles, batch)
    return replace(recognition, layout=_category_as_before(layout, labels, sample, roles, batch))


def _last_alike(labels: Sequence[str], home: Home) -> Batch | None:
    """The last import, not undone, of a guessed table with these headings in any order."""
    wanted = sorted(signature_labels(labels))
    for batch in reversed(Store(home).batches()):
        alike = sorted(batch.signature.get("labels", ())) == wanted
        if alike and batch.signature.get("format") == formats.GUESSED and not batch.undone:
            return batch
    return None


def _roles_by_place(batch: Batch, labels: Sequence[str]) -> Mapping[int, str]:
    """The roles of that import's columns, by their places in this file; columns of the same heading are left out."""
    named = signature_labels(labels)
    places = {label: at for at, label in enumerate(named) if named.count(label) == 1}
    columns = batch.signature.get("columns", {})
    return {places[label]: str(column.get("role")) for label, column in columns.items() if label in places}


def _genders_as_before(layout: Layout, labels: Sequence[str], before: Mapping[int, str], batch: Batch) -> Layout:
    """A gender of nobody in particular stays that of the same person."""
    for at, role in before.items():
        now = next((name for name in _GENDERS if layout.roles.get(name) == (Part(at),)), None)
        if role not in _GENDERS or now in (None, role) or role in layout.roles:
            continue
        roles = {role if name == now else name: parts for name, parts in layout.roles.items()}
        guesses = {role if name == now else name: why for name, why in layout.guesses.items()}
        said = Message(
            "{column} is read as in {file}, which has the same columns: {whose}.",
            {"column": labels[at], "file": batch.file_name, "whose": _OWNERS[role]},
        )
        layout = replace(layout, roles=roles, guesses=guesses, findings=(*layout.findings, said))
    return layout


def _category_as_before(
    layout: Layout, labels: Sequence[str], sample: pa.Table, before: Mapping[int, str], batch: Batch
) -> Layout:
    """The category stays in its column, where this still holds names and nothing else needs it."""
    place = next((at for at, role in before.items() if role == "category"), None)
    own = layout.roles.get("category", ())
    used = {part.place for role, parts in layout.roles.items() if role != "category" for part in parts}
    if place is None or place in {part.place for part in own} | used | {*layout.personal}:
        return layout
    values = {"column": labels[place], "file": batch.file_name}
    names = holds_names(labels, sample, place)
    found = of_column(labels, sample, place) if names else None
    if found is None:
        said = (
            ()
            if names is None
            else (
                Message(
                    "{file}, which has the same columns, was read with {column} as the category, but here {column} "
                    "holds no list of names.",
                    values,
                ),
            )
        )
        return replace(layout, findings=(*layout.findings, *said))
    other = labels[own[0].place] if own else ""
    said = (
        Message(
            "{column} holds the category, as in {file}, which has the same columns; by itself this file would have "
            "been read by {other}.",
            values | {"other": other},
        )
        if own
        else Message("{column} holds the category, as in {file}, which has the same columns.", values),
    )
    free = {*layout.unused, *(part.place for part in own)} - {place}
    return replace(
        layout,
        roles={**layout.roles, "category": (Part(place),)},
        guesses={**layout.guesses, "category": found.why},
        separators=found.separators,
        longest=found.longest,
        text=tuple(at for at in layout.text if at != place),
        unused=tuple(sorted(free)),
        notes=(*(note for note in layout.notes if not own or other not in note.values.values()), *found.notes),
        findings=(*layout.findings, *said),
    )


EVENT_ROLE: Final = "occurred_from"


def event_place(labels: Sequence[str], event: str | None, name: str) -> int | None:
    """Return the place of the column that a person named, None where nobody did.

    Raises
    ------
    ImportProblem
        Where the header has no such column.
    """
    if event is None:
        return None
    columns = named_columns(labels)
    for place, column in enumerate(columns):
        if fold(str(column)) == fold(event):
            return place
    raise ImportProblem(
        Message(
            "{name}: no column is called {event}, so it cannot be the date of the event. These columns are there: "
            "{labels}.",
            {"name": name, "event": event, "labels": ", ".join(map(str, columns[:40]))},
        )
    )


def with_event(layout: Layout, place: int | None, guessed: Layout | None = None) -> Layout:
    """Give a known or saved layout the column of the event's date that a person named, unless it has it already.

    Its time of day comes with it where `guessed`, what the same header is taken for, knows of a column for it.
    """
    if place is None or any(part.place == place for part in layout.roles.get(EVENT_ROLE, ())):
        return layout
    own = () if guessed is None else guessed.roles.get(EVENT_ROLE, ())
    parts_of_event = own if place in {part.place for part in own} else (Part(place),)
    taken = {part.place for part in parts_of_event}
    roles = {role: tuple(part for part in parts if part.place not in taken) for role, parts in layout.roles.items()}
    roles = {role: parts for role, parts in roles.items() if parts and role != EVENT_ROLE}
    return replace(
        layout,
        roles={EVENT_ROLE: parts_of_event, **roles},
        unused=tuple(one for one in layout.unused if one not in taken),
        text=tuple(one for one in layout.text if one not in taken),
        personal=tuple(one for one in layout.personal if one not in taken),
    )


def ask_event(recognition: Recognition, labels: Sequence[str], name: str) -> None:
    """Raise a Question where several columns can hold the date of the event, showing rows and hours of each."""
    if len(recognition.events) < 2:
        return
    columns = named_columns(labels)
    choices = tuple(Choice(str(columns[one.place]), _shown(one, str(columns[one.place]))) for one in recognition.events)
    raise Question(
        "event",
        "--event",
        Message(
            "{name}: several columns can hold the date of the event, and neither their names nor their values tell "
            "which ({columns}). Say which of them says when it happened.",
            {"name": name, "columns": ", ".join(choice.value for choice in choices)},
        ),
        choices,
    )


def _shown(one: EventCandidate, label: str) -> Message:
    """A column, its first dates, and its hours as bars from midnight on."""
    values = {"column": label, "rows": "; ".join(one.rows)}
    if not one.hours:
        return Message("{column}: {rows}; no time of day", values)
    return Message("{column}: {rows}; hours from 0 to 23: {hours}", values | {"hours": text_bars(one.hours)})


COUNT_ROLE: Final = "count"
MOST_EVENTS: Final = 10_000  # of one row: more is a total, or a mistake
MOST_ALERTS: Final = 5_000_000  # of one file
PIECE: Final = 100_000  # alerts of a block
_WHOLE: Final = re.compile(r"(\d+)(?:[.,]0{1,2})?")
_GROUPED: Final = re.compile(r"\d{1,3}(?:[.,' \u00a0\u202f]\d{3})+")
_CHOICES: Final = (
    Choice(EACH_EVENT, Message("Each row is as many alerts as the column says")),
    Choice(EACH_ROW, Message("Each row is one alert, whatever the column says")),
)


def with_counts(recognition: Recognition, labels: Sequence[str], answer: str | None, name: str) -> Layout:
    """The layout with the column of counts as its role, where a person said that each event is an alert.

    The id of a row is none of its alerts', and is left out then. Raises Question where the file has such a column and
    nobody said what it means, and ImportProblem where an answer cannot be right.
    """
    layout, counted = recognition.layout, recognition.counted
    if answer not in (None, EACH_EVENT, EACH_ROW):
        raise ImportProblem(Message("counts={counts} is not known: say events or rows.", {"counts": answer}))
    if answer == EACH_ROW:
        return _without(layout, COUNT_ROLE)
    if counted is not None and answer is None and COUNT_ROLE not in layout.roles:
        column = str(named_columns(labels)[counted.place])
        raise Question(
            "counts",
            "--counts",
            Message(
                "{name}: {column} says how many events a row stands for, {n} in the first {rows} rows. Is each of "
                "these events an alert (events), or each row (rows)?",
                {"name": name, "column": column, "n": counted.events, "rows": counted.rows},
            ),
            _CHOICES,
        )
    if counted is None and answer == EACH_EVENT and COUNT_ROLE not in layout.roles:
        raise ImportProblem(
            Message(
                "{name}: no column was found that says how many events a row stands for. Leave out --counts, or name "
                "the column on the page Data or in a mapping.",
                {"name": name},
            )
        )
    if counted is not None and answer == EACH_EVENT and COUNT_ROLE not in layout.roles:
        layout = replace(layout, roles={**layout.roles, COUNT_ROLE: (Part(counted.place),)}, warnings=())
        layout = replace(layout, unused=tuple(one for one in layout.unused if one != counted.place))
    return _without(layout, "alert_id") if COUNT_ROLE in layout.roles else layout


def _without(layout: Layout, role: str) -> Layout:
    """The layout without a role, whose columns are not used then."""
    roles = {name: parts for name, parts in layout.roles.items() if name != role}
    used = {part.place for parts in roles.values() for part in parts}
    free = {part.place for part in layout.roles.get(role, ())} - used
    return replace(layout, roles=roles, unused=tuple(sorted({*layout.unused, *free})))


class CountedFile:
    """A file whose rows are repeated as often as its column at `place` says (`Opened`).

    A row that says none, or nothing that can be read, stands once. `read` and `alerts`: rows of the file and alerts
    that they stand for, once it was gone through.
    """

    def __init__(self, file: Opened, place: int) -> None:
        self._file, self.place = file, place
        self.read = self.alerts = 0

    @property
    def facts(self) -> Facts:
        """What was recognised of the file."""
        return self._file.facts

    def blocks(self) -> Iterator[Block]:
        """The records, repeated; ImportProblem where they stand for more alerts than a file may hold."""
        read = alerts = before = 0
        for block in self._file.blocks():
            counts = _counts(block.table.column(self.place))
            times = np.maximum(counts, 1)
            read += block.read
            alerts += int(np.maximum(counts, 0).sum())
            if alerts > MOST_ALERTS:
                raise ImportProblem(
                    Message(
                        "{name}: the rows stand for more than {most} events. Import a part of the file, or each row "
                        "as one alert (--counts rows).",
                        {"name": self.facts.name, "most": MOST_ALERTS},
                    )
                )
            yield from _pieces(block, self.place, counts, times, before)
            before += int(times.sum()) + len(block.refused)
        self.read, self.alerts = read, alerts

    def note(self, labels: Sequence[str]) -> Message:
        """How many alerts the rows of the file stand for."""
        return Message(
            "{column} says how many events a row stands for: {rows} rows stand for {n} events, and each of these is an "
            "alert.",
            {"column": str(named_columns(labels)[self.place]), "rows": self.read, "n": self.alerts},
        )


def judge_counts(texts: ArrowText, label: str, outcomes: RowOutcomes) -> None:
    """Quarantine the rows that stand for no event, and those of which it cannot be read for how many they do.

    Of all others the rows are repeated already, and each says 1.
    """
    counts = _counts(texts)
    outcomes.quarantine(counts == 0, Reason.NO_EVENTS, label, texts)
    outcomes.quarantine(counts != 1, Reason.BAD_COUNT, label, texts)


def count_of(text: str) -> int:
    """How many events a text says; -1 where it says none that can be right."""
    text = text.strip().removeprefix("+")
    found = _WHOLE.fullmatch(text)
    if found is None and not _GROUPED.fullmatch(text):
        return -1
    digits = found[1] if found else re.sub(r"\D", "", text)
    return int(digits) if len(digits) < 10 and int(digits) <= MOST_EVENTS else -1


def _counts(column: ArrowText) -> IntArray:
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    codes, unique = distinct(trimmed(column))
    return np.array([count_of(text) for text in unique], np.int64)[codes]


def _pieces(block: Block, place: int, counts: IntArray, times: IntArray, before: int) -> Iterator[Block]:
    """A block whose rows are repeated, in pieces; `before`: how many rows the blocks before it have."""
    refused = np.array([record.row for record in block.refused], np.int64)
    numbers = np.concatenate([block.rows, refused])
    order = np.argsort(numbers, kind="stable")
    sizes = np.concatenate([times, np.ones(len(refused), np.int64)])
    first = np.empty(len(numbers), np.int64)
    first[order] = before + 1 + np.cumsum(sizes[order]) - sizes[order]
    records = tuple(
        replace(record, row=int(at), origin=record.number)
        for record, at in zip(block.refused, first[len(block.rows) :], strict=True)
    )
    index = np.repeat(np.arange(len(times)), times)
    started = np.cumsum(times) - times
    rows = first[index] + np.arange(len(index)) - started[index]
    for start in range(0, max(len(index), 1), PIECE):
        some = index[start : start + PIECE]
        table = block.table.take(pa.array(some))
        texts = np.asarray(table.column(place).to_numpy(zero_copy_only=False), object)
        texts[counts[some] > 0] = "1"
        yield Block(
            table.set_column(place, str(place), pa.array(texts, pa.large_string())),
            rows[start : start + PIECE],
            block.encoding_repaired[some],
            block.trailing_cut[some],
            records if start == 0 else (),
            {at: mask[some] for at, mask in block.unstored.items()},
            block.numbers[some],
        )
