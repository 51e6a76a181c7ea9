"""What a reader's process and the dashboard say to each other: frames of JSON and plain buffers, checked on arrival.

A frame is a letter for its kind, eight bytes for its length, and its content. Content of a table is a JSON head, with
the number of rows and the length of each buffer, and the buffers themselves: ends and characters of texts, numbers, and
marks of one byte. Nothing in a frame is run, unpacked or believed: lengths are added up, texts are checked to be
UTF-8, and a message may hold names in braces and nothing else there.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Final

import numpy as np
import pyarrow as pa

from curim_data.containers.base import NoRecords
from curim_data.model import Block, Facts, ImportProblem, Message, Question, Reason
from curim_data.model.questions import Choice
from curim_data.model.records import RejectedRecord

FACTS, BLOCK, END, PROBLEM, MEMORY, RESULT, ASK = (letter.encode() for letter in "FBEPMRA")
LONGEST: Final = 1 << 28  # bytes of a frame
ORDER_LENGTH: Final = struct.Struct("<I")  # of an order to the host of readers, before it
STDERR: Final = "stderr"  # a file in a reader's folder: its last words
_HEAD: Final = struct.Struct("<cQ")
_COUNT: Final = struct.Struct("<Q")
_DEEPEST: Final = 4  # messages in one another
_NAMES: Final = re.compile(r"(?:[^{}]|\{[a-z][a-z_0-9]*\})*")

Buffers = list[Any]  # bytes, memoryviews, numpy arrays or Arrow buffers


class WireError(Exception):
    """A frame that is not as it should be."""


class FrameTooLong(Exception):
    """Content that does not fit into a frame."""


def send(line: socket.socket, kind: bytes, parts: Sequence[Any] = ()) -> None:
    """Send one frame. FrameTooLong where its content is too long; OSError where nobody listens."""
    views = [memoryview(part).cast("B") for part in parts if len(part)]
    length = sum(view.nbytes for view in views)
    if length > LONGEST:
        raise FrameTooLong
    line.sendall(_HEAD.pack(kind, length))
    for view in views:
        line.sendall(view)


def receive(line: socket.socket, seconds: float | None = None) -> tuple[bytes, memoryview]:
    """The next frame: its kind and its content. EOFError where there is none, TimeoutError where it takes longer."""
    deadline = None if seconds is None else time.monotonic() + seconds
    kind, length = _HEAD.unpack(_exactly(line, _HEAD.size, deadline))
    if length > LONGEST:
        raise WireError
    return kind, _exactly(line, length, deadline)


def _exactly(line: socket.socket, length: int, deadline: float | None) -> memoryview:
    content = memoryview(bytearray(length))
    done = 0
    while done < length:
        if deadline is not None:
            line.settimeout(max(0.001, deadline - time.monotonic()))
        count = line.recv_into(content[done:])
        if not count:
            raise EOFError
        done += count
    return content


def as_json(value: Any) -> bytes:
    """A value as JSON; halves of characters that no text may hold become question marks."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def from_json(content: memoryview | bytes) -> Any:
    """The value of a JSON text. WireError where it is none."""
    try:
        return json.loads(bytes(content))
    except (ValueError, RecursionError) as error:
        raise WireError from error


def message_values(message: Message) -> dict[str, Any]:
    """A message as plain values."""
    return {
        "text": message.text,
        "values": {
            name: message_values(value) if isinstance(value, Message) else _plain(value)
            for name, value in message.values.items()
        },
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bool | str | float):
        return value
    return int(value) if isinstance(value, int | np.integer) else str(value)


def message_of(told: Any, depth: int = 0) -> Message:
    """The message of such values. WireError where they are none."""
    if not isinstance(told, dict) or depth > _DEEPEST:
        raise WireError
    text, values = told.get("text"), told.get("values")
    if not isinstance(text, str) or not isinstance(values, dict) or not _NAMES.fullmatch(text):
        raise WireError
    return Message(text, {name: _value_of(value, depth) for name, value in values.items()})


def _value_of(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return message_of(value, depth + 1)
    if value is None or isinstance(value, list):
        raise WireError
    return value


def problem_values(problem: ImportProblem) -> dict[str, Any]:
    """A refusal or a question as plain values."""
    told: dict[str, Any] = {"message": message_values(problem.message), "empty": isinstance(problem, NoRecords)}
    if isinstance(problem, Question):
        choices = [{"value": choice.value, "label": message_values(choice.label)} for choice in problem.choices]
        told["question"] = {"about": problem.about, "flag": problem.flag, "choices": choices}
    return told


def problem_of(told: Any) -> ImportProblem:
    """The refusal or question of such values. WireError where they are none."""
    message = message_of(_member(told, "message", dict))
    if "question" in told:
        asked = _member(told, "question", dict)
        choices = [
            Choice(_member(one, "value", str), message_of(_member(one, "label", dict)))
            for one in _member(asked, "choices", list)
        ]
        return Question(_member(asked, "about", str), _member(asked, "flag", str), message, tuple(choices))
    return NoRecords(message) if told.get("empty") is True else ImportProblem(message)


def _member(told: Any, name: str, kind: type) -> Any:
    value = told.get(name) if isinstance(told, dict) else None
    if not isinstance(value, kind):
        raise WireError
    return value


def facts_values(facts: Facts) -> dict[str, Any]:
    """Facts as plain values."""
    return asdict(facts)


def facts_of(told: Any) -> Facts:
    """The facts of such values. WireError where they are none."""
    values: dict[str, Any] = {}
    for part in fields(Facts):
        default = "" if part.name in ("name", "sha256", "container") else () if part.name == "labels" else part.default
        value = _member(told, part.name, list if isinstance(default, tuple) else type(default))
        if isinstance(value, list):
            if not all(isinstance(text, str) for text in value):
                raise WireError
            value = tuple(value)
        values[part.name] = value
    return Facts(**values)


def text_buffers(column: Any) -> Buffers:
    """A column of texts or bytes as two buffers: the ends of its values, from a leading 0 on, and their bytes."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    ends, characters, before = [np.zeros(1, np.int64)], [], 0
    for chunk in chunks:
        if not len(chunk):
            continue
        _, offsets, content = chunk.buffers()
        places = np.frombuffer(offsets, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
        ends.append(places[1:] - places[0] + before)
        before += int(places[-1] - places[0])
        if content is not None and places[-1] > places[0]:
            characters.append(memoryview(content)[places[0] : places[-1]])
    return [np.concatenate(ends), characters]


def packed(head: Mapping[str, Any], columns: Sequence[Any]) -> Buffers:
    """A head and columns as the parts of a frame: texts or bytes (Arrow, 64-bit offsets), int64 or bool (numpy)."""
    parts: Buffers = []
    lengths: list[list[Any]] = []
    for column in columns:
        if isinstance(column, np.ndarray):
            kind = "bool" if column.dtype == bool else "int64"
            content = np.ascontiguousarray(column, np.uint8 if kind == "bool" else np.int64)
            lengths.append([kind, content.nbytes])
            parts += [content, _pad(content.nbytes)]
        else:
            ends, characters = text_buffers(column)
            kind = "text" if pa.types.is_large_string(column.type) else "bytes"
            lengths.append([kind, ends.nbytes, sum(one.nbytes for one in characters)])
            parts += [ends, *characters, _pad(lengths[-1][2])]
    told = as_json({"head": dict(head), "columns": lengths})
    return [_COUNT.pack(len(told)), told, _pad(len(told)), *parts]


def _pad(length: int) -> bytes:
    """Zeros up to the next multiple of eight, so that numbers can be read where they lie."""
    return b"\0" * (-length % 8)


def unpacked(content: memoryview) -> tuple[dict[str, Any], list[Any]]:
    """The head and the columns of such a frame. WireError where lengths or texts are wrong."""
    size = _COUNT.size
    length = _COUNT.unpack(content[:size])[0] if len(content) >= size else LONGEST
    if size + length > len(content):
        raise WireError
    told = from_json(content[size : size + length])
    at, columns = size + length + -length % 8, []
    for about in _member(told, "columns", list):
        if not isinstance(about, list) or not about or not all(_is_length(part) for part in about[1:]):
            raise WireError
        end = at + sum(about[1:])
        if end > len(content):
            raise WireError
        columns.append(_column(about[0], about[1:], content[at:end]))
        at = end + -end % 8
    if at != len(content):
        raise WireError
    return _member(told, "head", dict), columns


def _is_length(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _column(kind: Any, lengths: list[int], content: memoryview) -> Any:
    if kind in ("int64", "bool") and len(lengths) == 1:
        if kind == "bool":
            return np.frombuffer(content, np.uint8) != 0
        if len(content) % 8:
            raise WireError
        return np.frombuffer(content, np.int64)
    if kind not in ("text", "bytes") or len(lengths) != 2 or lengths[0] % 8 or not lengths[0]:
        raise WireError
    ends = pa.py_buffer(content[: lengths[0]])
    characters = pa.py_buffer(content[lengths[0] :])
    type_ = pa.large_string() if kind == "text" else pa.large_binary()
    try:
        array = pa.Array.from_buffers(type_, lengths[0] // 8 - 1, [None, ends, characters])
        array.validate(full=True)
    except pa.ArrowInvalid as error:
        raise WireError from error
    return array


def block_parts(block: Block) -> Buffers:
    """A block as the parts of a frame."""
    unstored = sorted(block.unstored)
    refused = block.refused
    head = {
        "width": block.table.num_columns,
        "unstored": unstored,
        "reasons": [record.reason.value for record in refused],
    }
    told = [field for record in refused for field in record.fields]
    return packed(
        head,
        [
            *block.table.columns,
            np.asarray(block.rows, np.int64),
            block.encoding_repaired,
            block.trailing_cut,
            *(block.unstored[place] for place in unstored),
            np.array([record.row for record in refused], np.int64),
            np.array([len(record.fields) for record in refused], np.int64),
            _safe_texts(told),
        ],
    )


def _safe_texts(texts: list[str]) -> pa.Array:
    """Texts as a column; halves of characters, which no text may hold, become question marks."""
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        return pa.array([text.encode("utf-8", "replace").decode() for text in texts], pa.large_string())


def block_of(content: memoryview) -> Block:
    """The block of such a frame. WireError where its parts do not fit together."""
    head, columns = unpacked(content)
    width, places, reasons = (
        _member(head, "width", int),
        _member(head, "unstored", list),
        _member(head, "reasons", list),
    )
    if len(columns) != width + 6 + len(places) or not all(_is_length(place) and place < width for place in places):
        raise WireError
    texts, (rows, repaired, cut), rest = columns[:width], columns[width : width + 3], columns[width + 3 :]
    marks, (numbers, counts, told) = rest[: len(places)], rest[len(places) :]
    _check(texts, pa.large_string(), len(rows))
    _check((rows, numbers, counts), np.dtype(np.int64))
    _check((repaired, cut, *marks), np.dtype(bool), len(rows))
    _check((told,), pa.large_string())
    if not len(reasons) == len(numbers) == len(counts) or (counts < 0).any() or counts.sum() != len(told):
        raise WireError
    return Block(
        pa.table(texts, names=[str(at) for at in range(width)]),
        rows,
        repaired,
        cut,
        _refused(reasons, numbers, counts, told.to_pylist()),
        dict(zip(places, marks, strict=True)),
    )


def _check(columns: Sequence[Any], kind: Any, length: int | None = None) -> None:
    for column in columns:
        found = column.dtype if isinstance(column, np.ndarray) else column.type
        if type(found) is not type(kind) or found != kind or (length is not None and len(column) != length):
            raise WireError


def _refused(reasons: list[Any], numbers: Any, counts: Any, told: list[str]) -> tuple[RejectedRecord, ...]:
    records, at = [], 0
    for reason, number, count in zip(reasons, numbers.tolist(), counts.tolist(), strict=True):
        try:
            records.append(RejectedRecord(number, Reason(reason), tuple(told[at : at + count])))
        except ValueError as error:
            raise WireError from error
        at += count
    return tuple(records)
