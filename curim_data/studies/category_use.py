"""Which categories came into use, or out of it, between two periods, so that their counts are not compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from analysis.trends.reporting import category_use
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter, asked_categories
from curim_data.model import CityProfile, Translator
from curim_data.model.labels import category_label
from curim_data.privacy import is_sensitive_category, threshold
from curim_data.studies.periods import ComparedPeriods

MOST_NAMED: Final = 5


@dataclass(frozen=True)
class NotInUse:
    """Categories that were not in use during all of two periods: `new` in the later one, `given_up` in it."""

    new: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()

    @property
    def all(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.new, *self.given_up))

    def under(self, f: AlertFilter, city: CityProfile) -> NotInUse:
        """Those of them that a filter asks for, or all where it asks for no category."""
        asked = asked_categories(f, city)
        if not asked:
            return self
        return NotInUse(*(tuple(name for name in names if name in asked) for names in (self.new, self.given_up)))

    def covers(self, f: AlertFilter, city: CityProfile) -> bool:
        """Whether a filter asks for such categories and no other."""
        asked = asked_categories(f, city)
        return bool(asked) and asked <= self.all

    def told(self, source: Source) -> NotInUse:
        """Those that an audience may be told of: none of so few alerts that their number is protected."""
        numbers = _use(source)["n"]

        def enough(names: Sequence[str]) -> tuple[str, ...]:
            least = {name: threshold(source, is_sensitive_category(name, source.city)) for name in names}
            return tuple(name for name in names if numbers.get(name, 0) >= least[name])

        return NotInUse(enough(self.new), enough(self.given_up))

    def sentences(self, city: CityProfile, t: Translator) -> tuple[str, ...]:
        """That they were not compared, and why; nothing where there are none."""
        found = []
        new, given_up = (_named(names, city, t) for names in (self.new, self.given_up))
        if new:
            found.append(
                t.n(
                    "Not compared, because new in the data: {names}. Counts do not tell whether the category is new or "
                    "the problem.",
                    "Not compared, because new in the data: {names}. Counts do not tell whether the categories are new "
                    "or the problems.",
                    len(self.new),
                    names=new,
                )
            )
        if given_up:
            found.append(
                t.n(
                    "Not compared, because no longer in the data: {names}. Counts do not tell whether the category was "
                    "given up or the problem is gone.",
                    "Not compared, because no longer in the data: {names}. Counts do not tell whether the categories "
                    "were given up or the problems are gone.",
                    len(self.given_up),
                    names=given_up,
                )
            )
        return tuple(found)


ALWAYS_IN_USE: Final = NotInUse()


def not_in_use(source: Source, f: AlertFilter, periods: ComparedPeriods) -> NotInUse:
    """The categories of a filter that began or ended in the midst of two periods."""
    if periods.before is None:
        return ALWAYS_IN_USE
    use = _use(source)
    start, end = _month(periods.before[0]), _month(periods.after[1])
    new = use["new"] & (use["first"] > start) & (use["first"] <= end)
    given_up = use["given_up"] & (use["last"] < end) & (use["last"] >= start)
    return NotInUse(*(tuple(use.index[which].astype(str)) for which in (new, given_up))).under(f, source.city)


def _use(source: Source) -> pd.DataFrame:
    """When each category was in use, of all stored alerts, whoever asks; most alerts first; kept with the source."""
    kept: dict[Any, pd.DataFrame] = source.cache.setdefault("category_use", {})
    key = source.city.version
    if key not in kept:
        everything = AlertFilter(period="all")
        table = query.counts(source.in_full, everything, ["category", "month"]).frame
        kept[key] = category_use(table.dropna(subset=["category", "month"])).sort_values("n", ascending=False)
    return kept[key]


def _month(day: dt.date) -> pd.Timestamp:
    return pd.Timestamp(day.year, day.month, 1)


def _named(names: Sequence[str], city: CityProfile, t: Translator) -> str:
    labels = [category_label(t, city, name) for name in names]
    if len(labels) > MOST_NAMED:
        more = len(labels) - MOST_NAMED + 1
        labels = [*labels[: MOST_NAMED - 1], t.n("{n} more", "{n} more", more)]
    return t.join(labels)
