"""Counts as they are handed out in tables, files and JSON: small ones are missing, and their limit stands beside."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile
from curim_data.privacy.disclosure import is_sensitive, threshold
from curim_data.privacy.sensitive import is_sensitive_category

FEWER_THAN: Final = "fewer_than"
# Columns of tables, and entries of JSON answers, that hold counts of incidents, alerts or persons.
COUNT_COLUMNS: Final = frozenset(
    {
        *("n", "alerts", "window", "last_year", "last_weeks", "before", "after", "n_first", "n_second"),
        *("women", "men", "n_women", "n_men", "dark", "a", "b"),
    }
)


@dataclass(frozen=True)
class WrittenCounts:
    """Which counts an audience may read under a filter. In `fewer_than` stands the limit of those that it may not."""

    filter: AlertFilter
    audience: Audience
    city: CityProfile

    @property
    def all_written(self) -> bool:
        """Whether every count is written out."""
        return self.least() == 1

    def least(self, category: str = "") -> int:
        """The smallest count that is written out, zero apart; `category`: of which it is, where of one."""
        named = bool(category) and is_sensitive_category(category, self.city)
        return threshold(self.audience, named or is_sensitive(self.filter, self.city), self.city)

    def table(
        self, frame: pd.DataFrame, counts: Collection[str] = COUNT_COLUMNS, *, always: bool = False
    ) -> pd.DataFrame:
        """A table as it may be handed out: counts that are too small are missing, and the column `fewer_than` holds
        the limit that those of a row are under. As it is where there are none.

        `counts`: the columns of counts; those of other kinds than numbers are left as they are. `always`: the column
        is there too where nothing is missing, but not where every count is written out anyhow.
        """
        if FEWER_THAN in frame or self.all_written:
            return frame
        names = [name for name in frame if name in counts and frame[name].dtype.kind in "iuf"]
        least = pd.Series(self.least(), frame.index)
        if "category" in frame:
            of = {name: self.least(str(name)) for name in frame["category"].dropna().unique()}
            least = frame["category"].map(of).fillna(least).astype(int)
        few = {name: (frame[name] > 0) & (frame[name] < least) for name in names}
        some = np.logical_or.reduce(list(few.values())) if few else np.zeros(len(frame), bool)
        if not some.any() and not (always and names):
            return frame
        masked = {str(name): frame[name].mask(few[name]) for name in names}
        return frame.assign(**masked, fewer_than=least.where(some))

    def answer(self, value: Any) -> Any:
        """The same of an answer to be written as JSON: of every object in it that holds counts, and of its tables."""
        if self.all_written:
            return value
        match value:
            case Mapping():
                return self._object({key: self.answer(item) for key, item in value.items()})
            case pd.DataFrame():
                return self.table(value, always=True)
            case list() | tuple():
                return [self.answer(item) for item in value]
        return value

    def _object(self, entries: dict[str, Any]) -> dict[str, Any]:
        counts = [name for name, value in entries.items() if name in COUNT_COLUMNS and _is_count(value)]
        if not counts or FEWER_THAN in entries:
            return entries
        category = entries.get("category")
        least = self.least(category if isinstance(category, str) else "")
        few = [name for name in counts if 0 < entries[name] < least]
        return entries | dict.fromkeys(few) | {FEWER_THAN: least if few else None}


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
