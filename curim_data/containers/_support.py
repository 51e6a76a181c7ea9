"""What the containers of tables share: choosing among tables, and errors of foreign readers turned into one refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from curim_data.containers.base import damaged, no_rows
from curim_data.model import Block, Facts, ImportProblem, Message, Question
from curim_data.model.questions import Choice

NOTES_ROWS: Final = 20  # a table of at most so many rows next to a much larger one is a note or a legend
NOTES_SHARE: Final = 0.05


@dataclass(frozen=True)
class RereadableFile:
    """An `Opened` whose blocks come from a function that reads the file from its beginning."""

    facts: Facts
    read: Callable[[], Iterator[Block]]

    def blocks(self) -> Iterator[Block]:
        """The records. ImportProblem where the rest cannot be read."""
        return self.read()


@contextmanager
def reader_errors(name: str, kind: str) -> Iterator[None]:
    """Turn whatever a reader of foreign bytes raises into the refusal of a damaged file; what asks for too much memory
    is told apart.

    Panics of Rust readers are no `Exception`; they are known by their name.
    """
    try:
        yield
    except (ImportProblem, MemoryError):
        raise
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise damaged(name, kind) from error
        raise


def choose_table(name: str, sheet: str | None, sizes: Mapping[str, int]) -> str:
    """The table to read, of those with their rows in `sizes`.

    The one that was asked for, or the only one with rows, or the only one that is more than notes. Question where
    there are several, ImportProblem where the one asked for does not exist or nothing has rows.
    """
    if sheet is not None:
        return _asked(name, sheet, sizes)
    largest = max(sizes.values(), default=0)
    if not largest:
        raise no_rows(name)
    real = [key for key, rows in sizes.items() if rows > min(NOTES_ROWS, NOTES_SHARE * largest)]
    if len(real) == 1:
        return real[0]
    raise Question(
        "sheet",
        "--sheet",
        Message(
            "{name}: the file holds several tables: {sheets}. Choose the one with the alerts.",
            {"name": name, "sheets": ", ".join(real)},
        ),
        tuple(
            Choice(key, Message("{sheet} (rows: {count})", {"sheet": key, "count": sizes[key]}))
            for key in sizes
            if sizes[key]
        ),
    )


def _asked(name: str, sheet: str, sizes: Mapping[str, int]) -> str:
    found = [key for key in sizes if key == sheet] or [key for key in sizes if key.casefold() == sheet.casefold()]
    if not found:
        raise ImportProblem(
            Message(
                "{name}: there is no table “{sheet}” in the file. Choose one of: {sheets}.",
                {"name": name, "sheet": sheet, "sheets": ", ".join(sizes)},
            )
        )
    if not sizes[found[0]]:
        raise no_rows(name)
    return found[0]
