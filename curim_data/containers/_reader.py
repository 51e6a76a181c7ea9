"""A reader's process: it reads one file and tells what is in it on a socket. Whatever the file does, happens here."""

from __future__ import annotations

import importlib
import os
import select
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from curim_data.containers import _wire as wire
from curim_data.containers._confine import confine
from curim_data.containers._dispatch import open_inner
from curim_data.containers._header import MAX_COLUMNS
from curim_data.containers.limits import Limits
from curim_data.containers.one_column import open_one_column
from curim_data.model import Block, ImportProblem, Message

PATIENCE: Final = 10.0  # seconds that a reader stays for another walk through its file
LARGE: Final = 1 << 26  # bytes of a block that is sent in pieces

# A function that reads a file: (path, name, what else was asked) -> plain values and columns (`_wire.packed`).
Task = Callable[[Path, str, dict[str, Any]], tuple[dict[str, Any], list[Any]]]


def read(line: socket.socket, order: dict[str, Any]) -> int:
    """Do what an order says, within its limits; the exit code."""
    folder = Path(order["folder"])
    null = os.open(os.devnull, os.O_RDWR)
    errors = os.open(folder / wire.STDERR, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for end, place in ((null, 0), (null, 1), (errors, 2)):
        os.dup2(end, place)
    os.close(null)
    os.close(errors)
    os.chdir(folder)
    tempfile.tempdir = str(folder)
    limits = Limits(**order["limits"])
    module, _, function = order["task"].partition(":")
    task: Task | None = getattr(importlib.import_module(module), function) if function else None
    confine(limits, folder, order["readable"])
    try:
        asked = wire.from_json(wire.receive(line)[1])
        about = Path(asked["source"]), asked["name"], asked["more"]
        if task is None:
            serve_table(line, *about)
        else:
            wire.send(line, wire.RESULT, wire.packed(*task(*about)))
    except ImportProblem as problem:
        wire.send(line, wire.PROBLEM, [wire.as_json(wire.problem_values(problem))])
    except (MemoryError, wire.FrameTooLong):
        wire.send(line, wire.MEMORY)
    except (BrokenPipeError, ConnectionResetError, EOFError):
        return 0
    return 0


def serve_table(line: socket.socket, source: Path, name: str, more: dict[str, Any]) -> None:
    """Open a file of records, tell its facts, and its records whenever they are asked for."""
    opener = open_one_column if more["one_column"] else open_inner
    opened = opener(source, name, more["sheet"], 0)
    if len(opened.facts.labels) > MAX_COLUMNS:
        raise _too_many_columns(name)
    wire.send(line, wire.FACTS, [wire.as_json(wire.facts_values(opened.facts))])
    while select.select([line], [], [], PATIENCE)[0]:
        kind, _ = wire.receive(line)
        if kind != wire.ASK:
            return
        for block in opened.blocks():
            for piece in pieces(block):
                wire.send(line, wire.BLOCK, wire.block_parts(piece))
            del block, piece  # before the next one is made
        wire.send(line, wire.END)


def _too_many_columns(name: str) -> ImportProblem:
    return ImportProblem(
        Message(
            "{name}: the table has more than {most} columns, so it is no table of alerts. Save only the columns of the "
            "alerts as CSV and import that.",
            {"name": name, "most": MAX_COLUMNS},
        )
    )


def pieces(block: Block) -> Iterator[Block]:
    """A block, cut in two where it is larger than `LARGE` as often as that takes."""
    rows = block.table.num_rows
    if block.table.nbytes <= LARGE or rows < 2:
        yield block
        return
    middle = rows // 2
    border = int(block.rows[middle])
    parts = (slice(0, middle), slice(middle, rows))
    for at, part in enumerate(parts):
        refused = tuple(record for record in block.refused if (record.row >= border) == bool(at))
        yield from pieces(
            replace(
                block,
                table=block.table.slice(part.start, part.stop - part.start),
                rows=np.asarray(block.rows[part]),
                encoding_repaired=block.encoding_repaired[part],
                trailing_cut=block.trailing_cut[part],
                refused=refused,
                unstored={place: mask[part] for place, mask in block.unstored.items()},
            )
        )
