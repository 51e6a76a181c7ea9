"""AlertFilter: which alerts are meant. One value with faces that agree: query string, sentence, chips, predicate."""

# ruff: noqa: ARG005 (every label has the same parameters, and not every one needs the city)
from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any, Final

import pandas as pd

from curim_data.filters.fields import (
    DAYS,
    PERIODS,
    Categories,
    Cells,
    Choices,
    Field,
    Hours,
    Light,
    Period,
    asked_categories,
    window_hours,
)
from curim_data.model import labels
from curim_data.model.alert import Gender, Kind, Status
from curim_data.model.city import CityProfile
from curim_data.model.i18n import Message, Span, Translator

__all__ = ["FIELDS", "PERIODS", "AlertFilter", "asked_categories", "field_of", "window_hours"]


def _ids(values: Any) -> dict[str, Any]:
    return {str(value): value for value in values}


# Dates of one's own are read as these at most, so that a year before or after them is a date too.
EARLIEST: Final = dt.date(1900, 1, 1)
LATEST: Final = dt.date(2199, 12, 31)

# Presets that are a number of months.
_MONTHS: Final = {"28d": 1, "quarter": 3, "12m": 12}

PERIOD: Final = Period()
CATEGORIES: Final = Categories()
# In the order of the sentence, after the categories and before the period.
FIELDS: Final[tuple[Field, ...]] = (
    PERIOD,
    CATEGORIES,
    Choices(
        name="kinds",
        word="kind",
        title=Message("Kind"),
        column="kind",
        known=lambda city: _ids(kind.value for kind in Kind),
        label=lambda t, city, value: labels.kind_label(t, value),
        said=lambda t, city, values: t(
            ", of the kind {kinds}", kinds=labels.listed(t, (labels.inline(labels.kind_label(t, v)) for v in values))
        ),
        chip=Message("{value}"),
    ),
    Choices(
        name="affected",
        word="affected",
        title=Message("Gender of the person affected"),
        column="affected_gender",
        known=lambda city: _ids(gender.value for gender in Gender),
        label=lambda t, city, value: labels.gender_label(t, value),
        said=lambda t, city, values: t(
            ", affecting {genders}", genders=labels.listed(t, (labels.gender_people(t, v) for v in values))
        ),
        chip=Message("Affected: {value}"),
    ),
    Choices(
        name="reporters",
        word="reporter",
        title=Message("Gender of the reporter"),
        column="reporter_gender",
        known=lambda city: _ids(gender.value for gender in Gender),
        label=lambda t, city, value: labels.gender_label(t, value),
        said=lambda t, city, values: t(
            ", reported by {genders}", genders=labels.listed(t, (labels.gender_people(t, v) for v in values))
        ),
        chip=Message("Reported by: {value}"),
    ),
    Light(),
    Hours(),
    Choices(
        name="weekdays",
        word="weekday",
        title=Message("Weekday"),
        column="weekday",
        known=lambda city: {word: day for day, word in enumerate(DAYS)},
        label=lambda t, city, value: labels.weekday_label(t, value),
        unless=lambda table: table.time_precision == "month",
        said=lambda t, city, values: t(
            ", on {days}", days=t.join([labels.weekday_label(t, day) for day in values], "or")
        ),
        chip=Message("{value}"),
    ),
    Choices(
        name="districts",
        word="district",
        title=Message("District"),
        column="district",
        known=lambda city: _ids(area.id for area in city.districts),
        label=labels.district_label,
        said=lambda t, city, values: t(
            ", in {places}", places=labels.listed(t, (labels.district_label(t, city, v) for v in values))
        ),
        chip=Message("{value}"),
    ),
    Choices(
        name="places",
        word="place",
        title=Message("Place"),
        column="place",
        known=lambda city: _ids(mark.id for mark in city.landmarks),
        label=labels.place_label,
        said=lambda t, city, values: t(
            ", near {places}", places=labels.listed(t, (labels.place_label(t, city, v) for v in values))
        ),
        chip=Message("Near {value}"),
    ),
    Cells(),
    Choices(
        name="statuses",
        word="status",
        title=Message("Status"),
        column="status",
        known=lambda city: _ids(status.value for status in Status),
        label=lambda t, city, value: labels.status_label(t, value),
        said=lambda t, city, values: t(
            ", with the status {statuses}",
            statuses=labels.listed(t, (labels.inline(labels.status_label(t, v)) for v in values)),
        ),
        chip=Message("Status: {value}"),
    ),
    Choices(
        name="severities",
        word="severity",
        title=Message("Severity"),
        column="severity",
        known=lambda city: _ids(range(1, 6)),
        label=lambda t, city, value: labels.severity_label(t, value),
        said=lambda t, city, values: t(
            ", of severity {severities}", severities=t.join([str(value) for value in values], "or")
        ),
        chip=Message("Severity {value}"),
    ),
)


def _month_end(day: dt.date, later: int = 0) -> dt.date:
    """The last day of a date's month, or of one so many months later."""
    return (pd.Period(day, "M") + later).end_time.date()


def field_of(name: str) -> Field:
    """The field that an attribute, or a word of the query string, belongs to; KeyError for another name."""
    for field in FIELDS:
        if name in field.names or name in field.words:
            return field
    raise KeyError(name)


@dataclass(frozen=True)
class AlertFilter:
    """Which alerts are meant; equal filters are equal values (order and repeats of their values do not count).

    Fields are joined by "and", the values of a field by "or"; categories and groups are one field. `start` and `end`
    are local dates, both included, and stand before `period`. `hours` goes from the start of its first hour to the end
    of its last and may pass midnight. `cells` are H3 names of resolutions 8 to 12.
    """

    period: str = "12m"
    start: dt.date | None = None
    end: dt.date | None = None
    categories: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()
    hours: tuple[int, int] | None = None
    weekdays: tuple[int, ...] = ()
    dark: bool | None = None
    kinds: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    severities: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for spec in dataclasses.fields(self):
            value = getattr(self, spec.name)
            if spec.name != "hours" and not isinstance(value, str) and isinstance(value, Collection):
                object.__setattr__(self, spec.name, tuple(sorted(set(value))))
        if self.start and self.end and self.start > self.end:
            start, end = self.end, self.start
            object.__setattr__(self, "start", start)
            object.__setattr__(self, "end", end)
        if self.hours is not None and (self.hours[1] - self.hours[0]) % 24 == 23:
            object.__setattr__(self, "hours", None)
        own = self.start is not None or self.end is not None
        object.__setattr__(self, "period", "" if own else self.period or "12m")

    def replace(self, **changes: Any) -> AlertFilter:
        """The filter with other values; a preset period takes the place of dates of one's own."""
        if changes.get("period"):
            changes = {"start": None, "end": None, **changes}
        return dataclasses.replace(self, **changes)

    def resolve(
        self, as_of: dt.date, first: dt.date, meeting: dt.date | None = None, *, by_month: bool = False
    ) -> tuple[dt.date, dt.date]:
        """First and last day, both included. Presets end at `as_of` and do not begin before `first`.

        28d: 28 days; quarter: three months; 12m: twelve months; meeting: from the last meeting (eight weeks before
        `as_of` where none is known); all: everything. An open end of one's own dates is `first` or `as_of`.

        `by_month`: of the alerts only the month is known, so the period is of whole months: each that it touches, and
        as many as the preset says.
        """
        if by_month:
            start, end = self.resolve(as_of, first, meeting)
            if months := _MONTHS.get(self.period):
                start = max(_month_end(as_of, -months) + dt.timedelta(days=1), first)
            return start.replace(day=1), _month_end(end)
        last = pd.Timestamp(as_of)
        match self.period:
            case "28d":
                start = as_of - dt.timedelta(days=27)
            case "quarter":
                start = (last - pd.DateOffset(months=3) + pd.Timedelta(days=1)).date()
            case "12m":
                start = (last - pd.DateOffset(months=12) + pd.Timedelta(days=1)).date()
            case "meeting":
                start = meeting or as_of - dt.timedelta(weeks=8)
            case "all":
                start = first
            case _:
                start, end = self.start or min(first, self.end or first), self.end or max(as_of, self.start or as_of)
                return min(max(start, EARLIEST), LATEST), min(max(end, EARLIEST), LATEST)
        return max(start, first), as_of

    def to_query(self) -> dict[str, str]:
        """The filter as words of a query string; only what differs from the usual filter."""
        return {word: text for field in FIELDS for word, text in field.write(self).items()}

    @classmethod
    def from_query(
        cls, query: Mapping[str, str], city: CityProfile, others: Collection[str] = ()
    ) -> tuple[AlertFilter, tuple[Message, ...]]:
        """The filter of a query string, and what had to be left out of it. Never raises; other words are not its own.

        `others` are categories of the store that the city's tree does not know (`Source.other_categories`).
        """
        values: dict[str, Any] = {}
        said: list[Message] = []
        for field in FIELDS:
            read, left = field.read(query, city, others)
            values |= read
            said += left
        return cls(**values), tuple(said)

    def sentence(
        self,
        t: Translator,
        city: CityProfile,
        *,
        n: int | Message | None = None,
        total: int | None = None,
        dates: tuple[dt.date, dt.date] | None = None,
        by_month: bool = False,
    ) -> str:
        """What the filter asks for, in words; with the resolved dates, and how many alerts of how many, where given.

        `by_month`: the dates are those of whole months, and are told as months.
        """
        parts = [CATEGORIES.phrase(self, t, city)]
        parts += [field.phrase(self, t, city) for field in FIELDS if field not in (CATEGORIES, PERIOD)]
        period = t(", {period}", period=Span(*dates, by_month)) if dates else PERIOD.phrase(self, t, city)
        parts.append(period)
        if n is not None:
            parts.append(t(": {n}", n=n) if total is None else t(": {n} of {total}", n=n, total=total))
        return "".join(parts)

    def chips(self, t: Translator, city: CityProfile) -> list[tuple[str, AlertFilter]]:
        """Labels of what is active, each with the filter that is left without it."""
        return [(label, self.replace(**values)) for field in FIELDS for label, values in field.chips(self, t, city)]

    def active(self) -> tuple[Field, ...]:
        """The fields that ask for something; the usual period asks for nothing."""
        return tuple(field for field in FIELDS if field.write(self))

    def without(self, name: str) -> AlertFilter:
        """The filter without the field of that attribute or word."""
        usual = AlertFilter()
        return self.replace(**{attribute: getattr(usual, attribute) for attribute in field_of(name).names})

    def tests(self, table: Any, dates: tuple[dt.date, dt.date], city: CityProfile) -> list[Any]:
        """The filter as Ibis booleans over an alert table, all of which hold for what passes; missing is false.

        `dates` as `resolve` gives them.
        """
        each = (field.predicate(self, table, city) for field in FIELDS)
        return [table.local_date.between(*dates), *(test for test in each if test is not None)]

    def predicate(self, table: Any, dates: tuple[dt.date, dt.date], city: CityProfile) -> Any:
        """The filter as one Ibis boolean over an alert table; missing is false."""
        return reduce(and_, self.tests(table, dates, city))
