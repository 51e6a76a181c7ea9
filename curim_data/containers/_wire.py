"""What a reader's process and the dashboard say to each other: lines of JSON, and a file of Arrow IPC streams, one for
each block, checked on arrival.

Nothing of it is run, unpacked or believed: streams are read only where they are not compressed, texts are checked to be
UTF-8, and a message may hold names in braces and nothing else there.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from curim_data.containers.base import NoRecords
from curim_data.model import Block, Facts, ImportProblem, Message, Question, Reason
from curim_data.model.reasons import Choice
from curim_data.model.records import RejectedRecord

STDERR: Final = "stderr"  # a file in a reader's folder: its last words
LARGE: Final = 1 << 26  # bytes of a block that is written in pieces
LONGEST: Final = 1 << 28  # bytes of the stream of a block
_MARKS: Final = {"rows": pa.int64(), "repaired": pa.bool_(), "cut": pa.bool_()}  # columns beside the texts of a block
_UNSTORED: Final = "unstored "  # before the number of a column of texts: its lines without a stored result
_ABOUT: Final = b"about"
_DEEPEST: Final = 4  # messages in one another
_NAMES: Final = re.compile(r"(?:[^{}]|\{[a-z][a-z_0-9]*\})*")
_LIES: Final = (pa.ArrowException, ValueError, KeyError, TypeError, IndexError, OSError, AttributeError, struct.error)


class WireError(Exception):
    """What was sent is not as it should be."""


def as_json(value: Any) -> bytes:
    """A value as one line of JSON; halves of characters that no text may hold become question marks."""
    return json.dumps(value, ensure_ascii=False, default=_plain).encode("utf-8", "replace") + b"\n"


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)


def from_json(content: bytes) -> dict[str, Any]:
    """The object of a line of JSON. WireError where it is none."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise WireError from error
    if not isinstance(value, dict):
        raise WireError
    return value


def problem_values(problem: ImportProblem) -> dict[str, Any]:
    """A refusal or a question as plain values."""
    told: dict[str, Any] = {"message": asdict(problem.message), "empty": isinstance(problem, NoRecords)}
    if isinstance(problem, Question):
        told["question"] = [problem.about, problem.flag, [asdict(choice) for choice in problem.choices]]
    return told


def problem_of(told: dict[str, Any]) -> ImportProblem:
    """The refusal or question of such values. WireError where they are none."""
    message = _message_of(told.get("message"))
    if "question" not in told:
        return NoRecords(message) if told.get("empty") is True else ImportProblem(message)
    try:
        about, flag, choices = told["question"]
        made = tuple(Choice(_text(one["value"]), _message_of(one["label"])) for one in choices)
        return Question(_text(about), _text(flag), message, made)
    except _LIES as error:
        raise WireError from error


def _message_of(told: Any, depth: int = 0) -> Message:
    if not isinstance(told, dict) or depth > _DEEPEST:
        raise WireError
    text, values = told.get("text"), told.get("values")
    if not isinstance(text, str) or not isinstance(values, dict) or not _NAMES.fullmatch(text):
        raise WireError
    made = {name: _message_of(one, depth + 1) if isinstance(one, dict) else one for name, one in values.items()}
    if not all(isinstance(one, str | int | float | Message) for one in made.values()):
        raise WireError
    return Message(text, made)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise WireError
    return value


def facts_of(told: Any) -> Facts:
    """The facts whose fields were sent as plain values. WireError where they are no facts."""
    try:
        return TypeAdapter(Facts).validate_python(told)
    except ValidationError as error:
        raise WireError from error


def write_stream(sink: Any, table: pa.Table) -> None:
    """Write a table to an open file, as an Arrow IPC stream of its own. MemoryError where that is too long."""
    if table.nbytes > LONGEST // 2:
        raise MemoryError
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)


def read_stream(content: bytes) -> pa.Table:
    """The table of such a stream. WireError where it is none, is compressed, or holds texts that are none."""
    buffer = pa.py_buffer(content)
    try:
        for message in pa.ipc.MessageReader.open_stream(buffer):
            if message.type == "record batch" and _compressed(memoryview(message.metadata)):
                raise WireError
        table = pa.ipc.open_stream(buffer).read_all()
        table.validate(full=True)
    except _LIES as error:
        raise WireError from error
    if any(column.null_count for column in table.columns):
        raise WireError
    return table


def _compressed(metadata: memoryview) -> bool:
    """Whether the head of a record batch (a FlatBuffers table) names a compression: so little may stand for a lot."""

    def member(table: int, number: int) -> int:
        known = table - struct.unpack_from("<i", metadata, table)[0]
        size = struct.unpack_from("<H", metadata, known)[0]
        offset = struct.unpack_from("<H", metadata, known + 4 + 2 * number)[0] if size > 4 + 2 * number else 0
        return table + offset if offset else 0

    header = member(struct.unpack_from("<I", metadata, 0)[0], 2)
    return bool(member(header + struct.unpack_from("<I", metadata, header)[0], 3))


def block_tables(block: Block) -> Iterator[pa.Table]:
    """A block as a table, or as several where it is larger than `LARGE`: its texts and marks are columns; the records
    that were refused stand in the metadata of the first one's schema."""
    unstored = {f"{_UNSTORED}{place}": pa.array(mask) for place, mask in sorted(block.unstored.items())}
    marks = map(pa.array, (block.rows, block.encoding_repaired, block.trailing_cut), _MARKS.values())
    columns = [*block.table.columns, *marks, *unstored.values()]
    table = pa.table(columns, names=[*block.table.column_names, *_MARKS, *unstored])
    refused = [[record.row, record.reason.value, list(record.fields)] for record in block.refused]
    size = table.num_rows
    rows = max(1, size * LARGE // max(table.nbytes, LARGE, 1))
    for start in range(0, max(size, 1), rows):
        about = as_json({"refused": [] if start else refused})
        yield table.slice(start, rows).replace_schema_metadata({_ABOUT: about})


def block_of(table: pa.Table, width: int) -> Block:
    """The block of such a table with `width` columns of texts. WireError where its parts do not fit together."""
    names = [str(at) for at in range(width)]
    places = [place for place in range(width) if f"{_UNSTORED}{place}" in table.column_names]
    known = [*((name, pa.large_string()) for name in names), *_MARKS.items()]
    if table.schema != pa.schema([*known, *((f"{_UNSTORED}{place}", pa.bool_()) for place in places)]):
        raise WireError
    try:
        refused = tuple(_refused(*one) for one in from_json((table.schema.metadata or {})[_ABOUT])["refused"])
    except _LIES as error:
        raise WireError from error
    rows, repaired, cut, *unstored = (column.to_numpy() for column in table.columns[width:])
    bare = table.select(names).replace_schema_metadata()
    return Block(bare, rows, repaired, cut, refused, dict(zip(places, unstored, strict=True)))


def _refused(row: Any, reason: str, told: Sequence[Any]) -> RejectedRecord:
    if type(row) is not int:
        raise WireError
    return RejectedRecord(row, Reason(reason), tuple(map(_text, told)))
