"""A relation of alerts on some engine, and what goes wrong with an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa

from curim_data.model import Message
from curim_data.model.sql import Levels, all_of


class EngineError(RuntimeError):
    """Another engine cannot be reached, or cannot read the alerts; `message` says which and why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text.format(**message.values))
        self.message = message


@dataclass(frozen=True)
class Relation:
    """Alerts with the columns of `flat.COLUMNS`: the `name` that SQL has for them, and `ask`, which gives the rows of
    a statement. `levels`: the values of the columns that have codes.
    """

    name: str
    ask: Callable[[str], pa.Table] = field(repr=False, compare=False)
    levels: Levels = field(repr=False, compare=False)

    def select(self, columns: str, where: Iterable[str] = (), then: str = "") -> pa.Table:
        """Columns, as SQL lists them, of the alerts for which some conditions hold; `then`: the clauses after."""
        return self.ask(f"SELECT {columns} FROM {self.name}{all_of(where)} {then}")

    def frame(self, columns: str, where: Iterable[str] = (), then: str = "") -> pd.DataFrame:
        """`select` as a frame."""
        found: pd.DataFrame = self.select(columns, where, then).to_pandas()
        return found

    def one(self, columns: str, where: Iterable[str] = ()) -> dict[str, Any]:
        """The one row of aggregates, by name."""
        found: dict[str, Any] = self.select(columns, where).to_pylist()[0]
        return found
