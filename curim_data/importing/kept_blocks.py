"""The blocks of a file on their second way: cut into pieces, and kept in a file without a name, not in memory.

Several pieces are in work at once, and what is made of their texts takes as much memory again: so they are smaller than
the blocks that readers give.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from curim_data.model import Block

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
