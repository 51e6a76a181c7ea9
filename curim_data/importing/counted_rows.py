"""Tables of counts: each row stands for as many alerts as one of its columns says.

Whether it does, a person says (`Answers.counts`); the answer is kept with the mapping. The rows are repeated before
anything else sees them, so that each alert is typed, quarantined and compared with the store like any other one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa

from curim_data.containers.types import ArrowText
from curim_data.formats.base import Layout, Part, Recognition
from curim_data.importing._text_columns import distinct, trimmed
from curim_data.importing.mapping import named_columns
from curim_data.importing.row_outcomes import RowOutcomes
from curim_data.model import Block, ImportProblem, IntArray, Message, Question, Reason
from curim_data.model.questions import EACH_EVENT, EACH_ROW, Choice
from curim_data.model.records import Facts, Opened

ROLE: Final = "count"
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
        return _without(layout, ROLE)
    if counted is not None and answer is None and ROLE not in layout.roles:
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
    if counted is None and answer == EACH_EVENT and ROLE not in layout.roles:
        raise ImportProblem(
            Message(
                "{name}: no column was found that says how many events a row stands for. Leave out --counts, or name "
                "the column on the page Data or in a mapping.",
                {"name": name},
            )
        )
    if counted is not None and answer == EACH_EVENT and ROLE not in layout.roles:
        layout = replace(layout, roles={**layout.roles, ROLE: (Part(counted.place),)}, warnings=())
        layout = replace(layout, unused=tuple(one for one in layout.unused if one != counted.place))
    return _without(layout, "alert_id") if ROLE in layout.roles else layout


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
        """The records, repeated."""
        return self.repeated(self._file.blocks())

    def repeated(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Repeat the rows of some blocks; ImportProblem where they stand for more alerts than a file may hold."""
        read = alerts = before = 0
        for block in blocks:
            counts = _counts(block.table.column(self.place))
            times = np.maximum(counts, 1)
            read += block.read
            alerts += int(np.maximum(counts, 0).sum())
            if alerts > MOST_ALERTS:
                raise _too_many(self.facts)
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


def _too_many(facts: Facts) -> ImportProblem:
    return ImportProblem(
        Message(
            "{name}: the rows stand for more than {most} events. Import a part of the file, or each row as one alert "
            "(--counts rows).",
            {"name": facts.name, "most": MOST_ALERTS},
        )
    )
