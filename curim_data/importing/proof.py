"""The proof of an import: what a person looks at before it, to see at a glance that a file was understood.

Profiles of hours, weekdays and months, the commonest categories with their kinds, genders, how full each role is, three
rows as they were read and as they were understood, and what of all this looks implausible. Free text and columns with
personal data never appear in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from curim_data.model import CityProfile, Kind, Message, Translator
from curim_data.model.labels import UNCATEGORISED, category_label

KINDS: Final = frozenset({Kind.OFFENCE.value, Kind.INCIVILITY.value, Kind.RISK.value})
GENDER_ROLES: Final = ("affected_gender", "reporter_gender")
MOST_MONTHS: Final = 36  # a longer time is shown by year
MOST_YEARS: Final = 120  # of a longer one only the years that have alerts


@dataclass(frozen=True)
class Concern:
    """Something that looks implausible: which rule found it, of what part of the proof, and its sentence.

    `about`: "columns", "hours", "weekdays", "months", "categories" or "kinds".
    """

    code: str
    about: str
    message: Message

    def sentence(self, t: Translator, city: CityProfile) -> str:
        """The sentence, with categories called as the city calls them."""
        named = self.message.values.get("categories")
        if named is None:
            return t(self.message)
        return t(self.message, categories=t.join([category_label(t, city, one) for one in named]))


@dataclass(frozen=True)
class CategoryProof:
    """A category, its kinds by count (the commonest first; "" where none is known), and its alerts.

    An alert of several categories counts once in each.
    """

    category: str
    kinds: tuple[str, ...]
    n: int


@dataclass(frozen=True)
class GenderProof:
    """Alerts by gender of the person affected or of the reporter; `columns`: where it was read, none if not asked."""

    role: str
    columns: tuple[str, ...]
    counts: Mapping[str, int]

    @property
    def asked(self) -> bool:
        """Whether a column of the file holds it."""
        return bool(self.columns)


@dataclass(frozen=True)
class RoleProof:
    """A role, the columns of the file that give it, and in how many alerts it is filled."""

    role: str
    columns: tuple[str, ...]
    filled: int


@dataclass(frozen=True)
class CellProof:
    """A cell of a row: its column, its text ("" where it is empty or not shown), and what the column is used for.

    `use`: "alert", "dropped" (free text or personal data: never shown) or "unused" (shown where it is a date near that
    of the alert, since it may be the better one).
    """

    column: str
    read: str
    use: str
    role: str = ""
    part: str = ""


@dataclass(frozen=True)
class RowProof:
    """A row: its number, its cells in the order of the columns, and the alert that was made of it.

    `alert`: values by column of an alert (`model.alert.SCHEMA`), those that a person looks at.
    """

    row: int
    cells: tuple[CellProof, ...]
    alert: Mapping[str, Any]


@dataclass(frozen=True)
class Proof:
    """What a file's alerts look like; counts are exact for files of any size.

    `hours`: 24 counts of the alerts that have an hour (the one in which they happened or began); `weekdays`: 7 counts,
    Monday first, of those whose day is known; `months`: first day and count of each month that has alerts, in order;
    `times`: how many alerts are known how finely (`time_precision`); `categories`: the ten commonest, of `distinct`;
    `kinds`: alerts by kind ("" where it is not known); `rows`: up to three rows, one of each third of the file.
    """

    alerts: int
    times: Mapping[str, int]
    hours: tuple[int, ...]
    weekdays: tuple[int, ...]
    months: tuple[tuple[dt.date, int], ...]
    categories: tuple[CategoryProof, ...]
    distinct: int
    kinds: Mapping[str, int]
    genders: tuple[GenderProof, ...]
    roles: tuple[RoleProof, ...]
    rows: tuple[RowProof, ...]
    concerns: tuple[Concern, ...] = ()

    @property
    def with_hour(self) -> int:
        """Alerts that have an hour."""
        return sum(self.hours)

    @property
    def with_day(self) -> int:
        """Alerts whose day is known."""
        return sum(self.weekdays)

    @property
    def categorised(self) -> bool:
        """Whether any alert has a category."""
        return any(one.category != UNCATEGORISED for one in self.categories)

    @property
    def by_year(self) -> bool:
        """Whether the time is so long that it is shown by year."""
        return bool(self.months) and _months_between(self.months[0][0], self.months[-1][0]) >= MOST_MONTHS

    @property
    def periods(self) -> tuple[tuple[dt.date, int], ...]:
        """First day and count of each month, or year where there are many, with those in between that have none."""
        if not self.months:
            return ()
        if not self.by_year:
            known, (first, last) = dict(self.months), (self.months[0][0], self.months[-1][0])
            steps = range(_months_between(first, last) + 1)
            every = [_month_after(first, step) for step in steps]
            return tuple((month, known.get(month, 0)) for month in every)
        years: dict[int, int] = {}
        for month, n in self.months:
            years[month.year] = years.get(month.year, 0) + n
        first_year, last_year = min(years), max(years)
        if last_year - first_year < MOST_YEARS:
            years = {year: years.get(year, 0) for year in range(first_year, last_year + 1)}
        return tuple((dt.date(year, 1, 1), n) for year, n in sorted(years.items()))

    def hours_sentence(self, t: Translator) -> str:
        """How many alerts have an hour, or that none has."""
        if not self.alerts:
            return t("No row of this file became an alert.")
        if self.with_hour:
            said = t.n(
                "{known} of {n} alert has an hour ({share}).",
                "{known} of {n} alerts have an hour ({share}).",
                self.alerts,
                known=self.with_hour,
                share=t.part(self.with_hour / self.alerts),
            )
            if self.times.get("reported", 0) == self.alerts:
                said += " " + t("It is that of the report: no column says when it happened.")
            return said
        if self.times.get("month", 0) == self.alerts:
            return t("No alert has an hour, nor a day: only the month is known.")
        return t("No alert has an hour.")

    def weekdays_sentence(self, t: Translator) -> str:
        """How many alerts have a weekday; nothing where all have one."""
        if not self.with_day:
            return t("No alert has a weekday: only the month is known.") if self.alerts else ""
        if self.with_day == self.alerts:
            return ""
        return t(
            "Of {known} of {n} alerts the day is known.",
            known=self.with_day,
            n=self.alerts,
        )


def _months_between(first: dt.date, last: dt.date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _month_after(first: dt.date, steps: int) -> dt.date:
    number = first.year * 12 + first.month - 1 + steps
    return dt.date(number // 12, number % 12 + 1, 1)
