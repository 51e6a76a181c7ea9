"""Counts that a question got from the engine, kept for the questions after it: one by fewer columns is their sum.

A page puts many questions of the same alerts: women and men by place, in all, by day and night. Whatever is by some of
the columns of a table that was counted needs no engine any more. Kept are exact counts, whoever asked: disclosure
control comes afterwards, each time.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from curim_data.model import FloatArray
from curim_data.query.categoricals import Categorical

MOST_ROWS: Final = 400_000  # of all kept tables of a version, of some 40 bytes each


@dataclass(frozen=True)
class FineCounts:
    """How many alerts are alike in some columns: `n`, as long as the codes of every column. `resolution`: of cells,
    where they are by cell.
    """

    columns: Mapping[str, Categorical]
    n: FloatArray
    resolution: int | None

    @property
    def rows(self) -> int:
        """How many kinds of alerts there are."""
        return len(self.n)

    def answers(self, columns: frozenset[str], resolution: int | None) -> bool:
        """Whether a question by some columns is a sum of them."""
        return ("cell" not in columns or resolution == self.resolution) and columns <= self.columns.keys()


class KeptCounts:
    """What was counted of one version of the alerts; shared by threads. The oldest give way."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Hashable, Hashable], FineCounts] = {}
        self._of: dict[Hashable, dict[Hashable, None]] = {}  # by whose counts they are: the second parts of the keys
        self._rows = 0
        self._lock = threading.Lock()

    def find(self, key: Hashable, columns: frozenset[str], resolution: int | None) -> FineCounts | None:
        """The smallest table of which the answer is a sum; `key` says which alerts were counted."""
        with self._lock:
            known = [self._kept[key, name] for name in self._of.get(key, ())]
        return min((one for one in known if one.answers(columns, resolution)), key=_rows, default=None)

    def keep(self, key: Hashable, counted: FineCounts) -> None:
        """Keep a table, unless it alone is too large."""
        if counted.rows > MOST_ROWS:
            return
        name = (*counted.columns, counted.resolution)
        with self._lock:
            before = self._kept.get((key, name))
            self._rows += counted.rows - (before.rows if before else 0)
            self._kept[key, name] = counted
            self._of.setdefault(key, {})[name] = None
            while self._rows > MOST_ROWS:
                self._forget(*next(iter(self._kept)))

    def _forget(self, key: Hashable, name: Hashable) -> None:
        self._rows -= self._kept.pop((key, name)).rows
        names = self._of[key]
        del names[name]
        if not names:
            del self._of[key]


def kept_counts(cache: dict[str, Any]) -> KeptCounts:
    """Those of a source's cache."""
    found: KeptCounts = cache.setdefault("counted", KeptCounts())
    return found


def _rows(counted: FineCounts) -> int:
    return counted.rows
