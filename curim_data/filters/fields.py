"""The fields of a filter as a table of small objects: each reads and writes its words of the query string, makes its
predicate, its phrase of the sentence and its chips. `filters` puts them together.
"""

# ruff: noqa: ARG002 (every field has the same methods, and not every one needs all of their parameters)
from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, Final, Protocol
from urllib.parse import unquote

import h3.api.basic_int as h3

from curim_data.engine.columns import one_of
from curim_data.model import labels as words
from curim_data.model.alert import CELL_RESOLUTIONS
from curim_data.model.city import CityProfile
from curim_data.model.i18n import Message, Translator

PERIODS: Final = ("28d", "quarter", "12m", "meeting", "all")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LIGHT: Final = {"dark": True, "day": False}
MOST_VALUES: Final = 2_000

Values = dict[str, Any]
Said = list[Message]


class Field(Protocol):
    """One field of the filter. `f` is an AlertFilter; `values` are the attributes that a change sets."""

    @property
    def names(self) -> tuple[str, ...]:
        """Attributes of the filter that belong to the field."""
        ...

    @property
    def words(self) -> tuple[str, ...]:
        """Words of the query string, and options of the command line."""
        ...

    @property
    def title(self) -> Message:
        """What the field is called."""
        ...

    def read(self, query: Mapping[str, str], city: CityProfile, others: Collection[str]) -> tuple[Values, Said]:
        """Values out of a query string, and what was dropped of it. `others`: categories outside the tree."""
        ...

    def write(self, f: Any) -> dict[str, str]:
        """The words of the query string; nothing for what is not set."""
        ...

    def predicate(self, f: Any, table: Any, city: CityProfile) -> Any:
        """An Ibis boolean, missing or false where an alert does not pass; None where the field asks for nothing."""
        ...

    def phrase(self, f: Any, t: Translator, city: CityProfile) -> str:
        """The field's phrase of the sentence, with its comma; empty where the field asks for nothing."""
        ...

    def chips(self, f: Any, t: Translator, city: CityProfile) -> list[tuple[str, Values]]:
        """Labels of what is active, each with the values that take it away."""
        ...


def split(text: str) -> list[str]:
    """Values out of a word of the query string: commas between them, percent signs before what is not plain."""
    return [unquote(part.strip()) for part in text.split(",")[:MOST_VALUES] if part.strip()]


def join(values: Iterable[str]) -> str:
    """The word of the query string that `split` reads back."""
    return ",".join(value.strip().replace("%", "%25").replace(",", "%2C") for value in values)


def dropped(word: str, value: str) -> Message:
    """What is said of a value that the filter does not know."""
    return Message("The filter “{word}” does not know “{value}”: left out.", {"word": word, "value": value[:60]})


def same(value: str) -> str:
    """A value that is written as it is."""
    return value


@dataclass(frozen=True)
class Choices:
    """A field of several values in one column, any of which will do."""

    name: str
    word: str
    title: Message
    column: str
    known: Callable[[CityProfile], Mapping[str, Any]]  # text in the query string -> value
    label: Callable[[Translator, CityProfile, Any], str]
    said: Callable[[Translator, CityProfile, tuple[Any, ...]], str]
    chip: Message
    unless: Callable[[Any], Any] | None = None  # alerts of which the value is not known, whatever the column says

    @property
    def names(self) -> tuple[str, ...]:
        """The attribute of the filter."""
        return (self.name,)

    @property
    def words(self) -> tuple[str, ...]:
        """The word of the query string."""
        return (self.word,)

    def read(self, query: Mapping[str, str], city: CityProfile, others: Collection[str]) -> tuple[Values, Said]:
        """Values that the city knows, and the rest said."""
        known = self.known(city)
        asked = split(query.get(self.word, ""))
        values = tuple(known[text] for text in asked if text in known)
        return {self.name: values}, [dropped(self.word, text) for text in asked if text not in known]

    def write(self, f: Any) -> dict[str, str]:
        """One word, its values joined by commas."""
        values = getattr(f, self.name)
        texts = (DAYS[value] if self.name == "weekdays" else str(value) for value in values)
        return {self.word: join(texts)} if values else {}

    def predicate(self, f: Any, table: Any, city: CityProfile) -> Any:
        """The column holds one of the values."""
        values = getattr(f, self.name)
        if not values:
            return None
        test = table[self.column] == values[0] if len(values) == 1 else table[self.column].isin(list(values))
        return test if self.unless is None else test & ~self.unless(table)

    def phrase(self, f: Any, t: Translator, city: CityProfile) -> str:
        """The phrase with the values in words."""
        values = getattr(f, self.name)
        return self.said(t, city, values) if values else ""

    def chips(self, f: Any, t: Translator, city: CityProfile) -> list[tuple[str, Values]]:
        """One chip a value."""
        values = getattr(f, self.name)
        return [
            (t(self.chip, value=self.label(t, city, value)), {self.name: tuple(v for v in values if v != value)})
            for value in values
        ]


@dataclass(frozen=True)
class Categories:
    """Categories and groups of categories: an alert passes when any of its categories is asked for by either."""

    names: tuple[str, ...] = ("categories", "groups")
    words: tuple[str, ...] = ("category", "group")
    title: Message = field(default=Message("Category"))

    def read(self, query: Mapping[str, str], city: CityProfile, others: Collection[str]) -> tuple[Values, Said]:
        """Categories of the tree or of the store, groups of the tree."""
        values: Values = {}
        said: Said = []
        for name, word, known in (
            ("categories", "category", {*city.categories, *others}),
            ("groups", "group", set(city.groups)),
        ):
            asked = split(query.get(word, ""))
            values[name] = tuple(text for text in asked if text in known)
            said += [dropped(word, text) for text in asked if text not in known]
        return values, said

    def write(self, f: Any) -> dict[str, str]:
        """One word for categories, one for groups."""
        pairs = (("category", f.categories), ("group", f.groups))
        return {word: join(values) for word, values in pairs if values}

    def predicate(self, f: Any, table: Any, city: CityProfile) -> Any:
        """The category, or one of the further categories, is among those asked for."""
        if not (f.categories or f.groups):
            return None
        wanted = sorted(asked_categories(f, city))
        test, further = table.category.isin(wanted), table.more_categories
        told = [further.contains(category) for category in wanted]
        return test | (further.notnull() & reduce(or_, told)) if told else test  # most alerts have no further category

    def phrase(self, f: Any, t: Translator, city: CityProfile) -> str:
        """The head of the sentence."""
        labels = [words.group_label(t, city, group) for group in f.groups]
        labels += [words.category_label(t, city, category) for category in f.categories]
        if not labels:
            return t("All alerts")
        return t("Alerts of {categories}", categories=words.listed(t, map(words.inline, labels)))

    def chips(self, f: Any, t: Translator, city: CityProfile) -> list[tuple[str, Values]]:
        """One chip a group and one a category."""
        chips: list[tuple[str, Values]] = [
            (words.group_label(t, city, group), {"groups": tuple(g for g in f.groups if g != group)})
            for group in f.groups
        ]
        return chips + [
            (words.category_label(t, city, category), {"categories": tuple(c for c in f.categories if c != category)})
            for category in f.categories
        ]


def asked_categories(f: Any, city: CityProfile) -> frozenset[str]:
    """Every category that the filter asks for, by name or by group; empty where it asks for none."""
    grouped = (c.id for c in city.categories.values() if c.group in f.groups)
    return frozenset({*f.categories, *grouped})


@dataclass(frozen=True)
class Cells:
    """A set of H3 cells, of any of the stored resolutions."""

    names: tuple[str, ...] = ("cells",)
    words: tuple[str, ...] = ("cells",)
    title: Message = field(default=Message("Map cells"))

    def read(self, query: Mapping[str, str], city: CityProfile, others: Collection[str]) -> tuple[Values, Said]:
        """Cells that are cells, of a stored resolution."""
        asked = [text.lower() for text in split(query.get("cells", ""))]
        good = tuple(text for text in asked if is_cell(text))
        return {"cells": good}, [dropped("cells", text) for text in asked if not is_cell(text)]

    def write(self, f: Any) -> dict[str, str]:
        """Hexadecimal names, joined by commas."""
        return {"cells": join(f.cells)} if f.cells else {}

    def predicate(self, f: Any, table: Any, city: CityProfile) -> Any:
        """The alert lies in one of the cells."""
        by_resolution: dict[int, list[int]] = {}
        for text in f.cells:
            cell = int(text, 16)
            by_resolution.setdefault(h3.get_resolution(cell), []).append(cell)
        tests = [one_of(table[f"cell_{r}"], cells) for r, cells in sorted(by_resolution.items())]
        return reduce(or_, tests) if tests else None

    def phrase(self, f: Any, t: Translator, city: CityProfile) -> str:
        """How many cells were picked."""
        return t.n(", in {n} picked map cell", ", in {n} picked map cells", len(f.cells)) if f.cells else ""

    def chips(self, f: Any, t: Translator, city: CityProfile) -> list[tuple[str, Values]]:
        """One chip for the whole area."""
        return [(t.n("{n} map cell", "{n} map cells", len(f.cells)), {"cells": ()})] if f.cells else []


def is_cell(text: str) -> bool:
    """Whether a text names an H3 cell of a stored resolution."""
    try:
        cell = int(text, 16)
        return text == f"{cell:x}" and h3.is_valid_cell(cell) and h3.get_resolution(cell) in CELL_RESOLUTIONS
    except (ValueError, OverflowError):
        return False


@dataclass(frozen=True)
class Hours:
    """A window of the day from the start of its first hour to the end of its last; it may pass midnight."""

    names: tuple[str, ...] = ("hours",)
    words: tuple[str, ...] = ("hours",)
    title: Message = field(default=Message("Time of day"))

    def read(self, query: Mapping[str, str], city: CityProfile, others: Collection[str]) -> tuple[Values, Said]:
        """Two hours with a dash between them: 20-5."""
        text = query.get("hours", "").strip()
        first, dash, last = text.partition("-")
        if not text:
            return {}, []
        parts = (first, last)
        if dash and all(part.isascii() and part.isdigit() and len(part) < 3 and int(part) < 24 for part in parts):
            return {"hours": (int(first), int(last))}, []
        return {}, [dropped("hours", text)]

    def write(self, f: Any) -> dict[str, str]:
        """The two hours."""
        return {"hours": f"{f.hours[0]}-{f.hours[1]}"} if f.hours else {}

    def predicate(self, f: Any, table: Any, city: CityProfile) -> Any:
        """At least half of the hours that the alert's span touches lie in the window; an unknown hour never does."""
        if not f.hours:
            return None
        wanted = window_hours(f.hours)
        inside = table.hours.filter(lambda hour: hour.isin(wanted)).length()
        return ((inside > 0) & (inside * 2 >= table.hours.length())).fill_null(False)

    def phrase(self, f: Any, t: Translator, city: CityProfile) -> str:
        """From the first minute to the last."""
        return t(", between {start} and {end}", **_clock(f.hours)) if f.hours else ""

    def chips(self, f: Any, t: Translator, city: CityProfile) -> list[tuple[str, Values]]:
        """One chip."""
        return [(t("{start}–{end}", **_clock(f.hours)), {"hours": None})] if f.hours else []


def window_hours(hours: tuple[int, int]) -> list[int]:
    """The hours of a window that may pass midnight: (22, 1) is 22, 23, 0, 1."""
    first, last = hours
    return [(first + step) % 24 for step in range((last - first) % 24 + 1)]


def _clock(hours: tuple[int, int]) -> dict[str, str]:
    return {"start": words.hour_label(hours[0]), "end": words.hour_label(hours[1] + 1)}


@dataclass(frozen=True)
class Light:
    """After dark, or in daylight."""

    names: tuple[str, ...] = ("dark",)
    words: tuple[str, ...] = ("light",)
    title: Message = field(default=Message("Light"))

    def read(self, query: Mapping[str, str], city: CityProfile, others: Collection[str]) -> tuple[Values, Said]:
        """`dark` or `day`."""
        text = query.get("light", "").strip()
        if not text:
            return {}, []
        return ({"dark": LIGHT[text]}, []) if text in LIGHT else ({}, [dropped("light", text)])

    def write(self, f: Any) -> dict[str, str]:
        """`dark` or `day`."""
        return {} if f.dark is None else {"light": "dark" if f.dark else "day"}

    def predicate(self, f: Any, table: Any, city: CityProfile) -> Any:
        """The sun was below the horizon, or was not; where that is unknown the alert does not pass."""
        return None if f.dark is None else table.dark == f.dark

    def phrase(self, f: Any, t: Translator, city: CityProfile) -> str:
        """After dark, or in daylight."""
        if f.dark is None:
            return ""
        return t(", after dark") if f.dark else t(", in daylight")

    def chips(self, f: Any, t: Translator, city: CityProfile) -> list[tuple[str, Values]]:
        """One chip."""
        return [] if f.dark is None else [(words.light_label(t, f.dark), {"dark": None})]


@dataclass(frozen=True)
class Period:
    """A preset that moves with the data, or two dates of one's own. Its predicate needs the resolved dates."""

    names: tuple[str, ...] = ("period", "start", "end")
    words: tuple[str, ...] = ("period", "from", "to")
    title: Message = field(default=Message("Period"))

    def read(self, query: Mapping[str, str], city: CityProfile, others: Collection[str]) -> tuple[Values, Said]:
        """Dates of one's own before a preset; dates the wrong way round are turned."""
        said: Said = []
        values: Values = {}
        for name, word in (("start", "from"), ("end", "to")):
            text = query.get(word, "").strip()
            day = _day(text)
            if day:
                values[name] = day
            elif text:
                said.append(Message("“{value}” is not a date such as 2025-03-31: left out.", {"value": text[:60]}))
        if len(values) == 2 and values["start"] > values["end"]:
            values = {"start": values["end"], "end": values["start"]}
            said.append(Message("The period ended before it began: its dates were exchanged."))
        period = query.get("period", "").strip()
        if period and period not in PERIODS:
            said.append(dropped("period", period))
        elif period and not values:
            values["period"] = period
        return values, said

    def write(self, f: Any) -> dict[str, str]:
        """The preset unless it is the usual one, or the dates."""
        if f.period:
            return {"period": f.period} if f.period != "12m" else {}
        pairs = (("from", f.start), ("to", f.end))
        return {word: day.isoformat() for word, day in pairs if day}

    def predicate(self, f: Any, table: Any, city: CityProfile) -> Any:
        """None: the filter adds the resolved dates."""
        return None

    def phrase(self, f: Any, t: Translator, city: CityProfile) -> str:
        """The preset or the dates, with the comma."""
        period = words.inline(words.period_label(t, f.period)) if f.period else words.dates_label(t, f.start, f.end)
        return t(", {period}", period=period)

    def chips(self, f: Any, t: Translator, city: CityProfile) -> list[tuple[str, Values]]:
        """One chip unless the period is the usual one."""
        if f.period == "12m":
            return []
        label = words.period_label(t, f.period) if f.period else words.dates_label(t, f.start, f.end)
        return [(label, {"period": "12m", "start": None, "end": None})]


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
