"""The filter: which alerts are meant. One value with faces that agree: query string, sentence, chips, predicate.

`AlertFilter` is at the same time the table of fields. Each of its attributes is a row, which names the field that it
belongs to. From a new row follow the query string, the sentence, the side bar, the options of the command line, and
the dimensions of counts with their true zeros. What does not follow: disclosure control of a column that the protected
copy lacks (`curim_data.privacy`), headings and labels (`model.labels`), whether the field is kept in another city, and
why it is not offered where the data lack it (CONTRIBUTING.md, "A filter field"). Above the table stand the kinds of
fields that a row can be.
"""

# ruff: noqa: ARG002, ARG005, RUF009 (all fields have the same methods; a row is a field of a dataclass)
from __future__ import annotations

import dataclasses
import datetime as dt
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import unquote

from curim_data.model import MAP_RESOLUTIONS, Gender, Kind, Message, Span, Status, Translator, labels
from curim_data.model.sql import Levels, between, cell, coded, is_one_of, split_list

if TYPE_CHECKING:
    from curim_data.model import CityProfile


@lru_cache(maxsize=256)
def first_of_months(last: dt.date, months: int) -> dt.date:
    """The first day of so many months that end with a day."""
    import pandas as pd

    first: dt.date = (pd.Timestamp(last) - pd.DateOffset(months=months) + pd.Timedelta(days=1)).date()
    return first


def month_bounds(day: dt.date, months: int = 0) -> tuple[dt.date, dt.date]:
    """The first and the last day of the month so many months after a date's month."""
    number = 12 * day.year + day.month - 1 + months
    first, after = (dt.date(at // 12, at % 12 + 1, 1) for at in (number, number + 1))
    return first, after - dt.timedelta(days=1)


MOST_VALUES: Final = 2_000


def split(text: str) -> list[str]:
    """Values out of a word of the query string: commas between them, percent signs before what is not plain."""
    return [unquote(part.strip()) for part in text.split(",")[:MOST_VALUES] if part.strip()]


def join(values: Iterable[str]) -> str:
    """The word of the query string that `split` reads back."""
    return ",".join(value.strip().replace("%", "%25").replace(",", "%2C") for value in values)


def dropped(word: str, value: str) -> Message:
    """What is said of a value that the filter does not know."""
    return Message("The filter “{word}” does not know “{value}”: left out.", {"word": word, "value": value[:60]})


def is_cell(text: str) -> bool:
    """Whether a text names an H3 cell of a resolution of map cells."""
    import h3.api.basic_int as h3

    try:
        cell = int(text, 16)
        return text == f"{cell:x}" and h3.is_valid_cell(cell) and h3.get_resolution(cell) in MAP_RESOLUTIONS
    except (ValueError, OverflowError):
        return False


def window_hours(hours: tuple[int, int]) -> list[int]:
    """The hours of a window that may pass midnight: (22, 1) is 22, 23, 0, 1."""
    first, last = hours
    return [(first + step) % 24 for step in range((last - first) % 24 + 1)]


def window_ends(hours: tuple[int, int]) -> dict[str, str]:
    """The first and the last minute of a window, as a clock shows them."""
    return {"start": labels.hour_label(hours[0]), "end": labels.hour_label(hours[1] + 1)}


def parse_date(text: str) -> dt.date | None:
    """The date that a text names in the form 2025-03-31; None for another text."""
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


PERIODS: Final = ("28d", "quarter", "12m", "meeting", "all")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LIGHT: Final = {"dark": True, "day": False}
# Dates of one's own are read as these at most, so that a year before or after them is a date too.
EARLIEST: Final = dt.date(1900, 1, 1)
LATEST: Final = dt.date(2199, 12, 31)
# Presets that are a number of months.
_MONTHS: Final = {"28d": 1, "quarter": 3, "12m": 12}

Values: TypeAlias = dict[str, Any]  # attributes of a filter that a change sets


@dataclass(frozen=True)
class Widget:
    """How a field stands in the side bar: in which order, and whether among the further filters that are folded in.

    A list shows how many alerts each choice leaves, and `everything` where nothing is chosen; pills show all choices.
    """

    order: int = 100
    more: bool = True
    form: Literal["list", "pills", "own"] = "list"
    everything: Message = dataclasses.field(default=Message("All values"))


class Field(ABC):
    """One field of the filter: it reads and writes its words of the query string, and says what it asks for.

    `names` are the attributes of the filter that belong to it. `words` are its words of the query string and options of
    the command line, each with its help. `dimensions` are the dimensions of counts that hold the values of an
    attribute. A field without a `widget` is not in the side bar.
    """

    names: tuple[str, ...] = ()
    words: Mapping[str, Message] = {}
    title: Message
    dimensions: Mapping[str, str] = {}
    widget: Widget | None = None

    def read(
        self, query: Mapping[str, str], city: CityProfile, others: Collection[str]
    ) -> tuple[Values, list[Message]]:
        """Values out of a query string, and what was dropped of it. `others`: categories outside the tree."""
        values: Values = {}
        said: list[Message] = []
        for name, word in zip(self.names, self.words, strict=True):
            values[name], left = self.parse(name, query.get(word, "").strip(), city, others)
            said += [self.left_out(word, text) for text in left]
        return values, said

    def left_out(self, word: str, text: str) -> Message:
        """What is said of a text that was dropped."""
        return dropped(word, text)

    def parse(self, name: str, text: str, city: CityProfile, others: Collection[str]) -> tuple[Any, list[str]]:
        """The value of an attribute out of its word, and what was dropped of it."""
        known, asked = self.choices(name, city, others), split(text)
        return tuple(known[one] for one in asked if one in known), [one for one in asked if one not in known]

    def choices(self, name: str, city: CityProfile, others: Collection[str]) -> Mapping[str, Any]:
        """The values that an attribute may hold, by their texts in the query string."""
        return {}

    def write(self, f: AlertFilter) -> dict[str, str]:
        """The words of the query string; nothing for what is not set."""
        pairs = ((word, getattr(f, name)) for name, word in zip(self.names, self.words, strict=True))
        return {word: self.text(value) for word, value in pairs if value not in ((), None)}

    def text(self, value: Any) -> str:
        """A word of the query string for a value that is set: several are joined by commas."""
        return join(map(str, value))

    @abstractmethod
    def condition(self, f: AlertFilter, city: CityProfile, levels: Levels) -> str:
        """The condition in SQL of a field that is set, missing or false where an alert does not pass.

        Of the columns of `curim_data.engine.flat`.
        """

    @abstractmethod
    def phrase(self, f: AlertFilter, t: Translator, city: CityProfile) -> str:
        """The phrase of a field that is set in the sentence, with its comma."""

    def chips(self, f: AlertFilter, t: Translator, city: CityProfile) -> list[tuple[str, Values]]:
        """Labels of what is active, each with the values that take it away: one a value."""
        return [
            (self.chip_label(t, city, name, one), {name: tuple(other for other in getattr(f, name) if other != one)})
            for name in reversed(self.names)  # groups before categories
            for one in getattr(f, name)
        ]

    def chip_label(self, t: Translator, city: CityProfile, name: str, value: Any) -> str:
        """The label of a value of an attribute in a chip."""
        return self.value_label(t, city, self.dimensions[name], value)

    def normalise(self, f: AlertFilter) -> Values:
        """The values in the one form in which equal filters have them: each value once, in order."""
        return {name: tuple(sorted(set(getattr(f, name)))) for name in self.names}

    def levels(self, f: AlertFilter, dimension: str, city: CityProfile) -> Sequence[Any]:
        """The values that one of its dimensions can have under the filter, as far as the city knows them."""
        return ()

    def value_label(self, t: Translator, city: CityProfile, dimension: str, value: object) -> str:
        """The label of a value in one of its dimensions."""
        return labels.value_label(t, city, dimension, value)

    def heading(self, t: Translator, dimension: str) -> str:
        """The heading of one of its dimensions in a table."""
        return labels.column_label(t, dimension)


@dataclass(eq=False)
class ChoiceField(Field):
    """A field of several values in one column, any of which will do.

    Its heading and the labels of its values are those of the column, unless it brings its own.
    """

    name: str
    word: str
    help: Message
    column: str
    known: Callable[[CityProfile], Mapping[str, Any]]  # text in the query string -> value
    said: Callable[[Translator, CityProfile, tuple[Any, ...]], str]
    chip: Message
    widget: Widget | None = None
    unless: str = ""  # the condition where the value is not known, whatever the column says
    own_title: Message | None = None
    label: Callable[[Translator, CityProfile, Any], str] | None = None
    short_label: Callable[[Translator, Any], str] | None = None  # in a pill

    def __post_init__(self) -> None:
        self.names, self.words, self.dimensions = (self.name,), {self.word: self.help}, {self.name: self.column}
        self.title = self.own_title or labels.HEADINGS[self.column]

    def choices(self, name: str, city: CityProfile, others: Collection[str]) -> Mapping[str, Any]:
        """Values that the city knows."""
        return self.known(city)

    def text(self, value: Any) -> str:
        """One word, its values joined by commas."""
        return join(DAYS[one] if self.column == "weekday" else str(one) for one in value)

    def condition(self, f: AlertFilter, city: CityProfile, levels: Levels) -> str:
        """The column holds one of the values."""
        values, column = getattr(f, self.name), self.column
        test = coded(column, levels, values.__contains__) if column in levels else is_one_of(column, values)
        return f"{test} AND NOT ({self.unless})" if self.unless else test

    def phrase(self, f: AlertFilter, t: Translator, city: CityProfile) -> str:
        """The phrase with the values in words."""
        return self.said(t, city, getattr(f, self.name))

    def chip_label(self, t: Translator, city: CityProfile, name: str, value: Any) -> str:
        """What is chosen, with the value in words."""
        return t(self.chip, value=self.value_label(t, city, self.column, value))

    def levels(self, f: AlertFilter, dimension: str, city: CityProfile) -> Sequence[Any]:
        """The chosen values, or all that the city knows."""
        return getattr(f, self.name) or tuple(self.known(city).values())

    def value_label(self, t: Translator, city: CityProfile, dimension: str, value: object) -> str:
        """Its own label of a value that is there, or that of the column."""
        if self.label is None or value is None or value != value:
            return labels.value_label(t, city, dimension, value)
        return self.label(t, city, int(value) if isinstance(value, float) else value)

    def pill_label(self, t: Translator, city: CityProfile, value: Any) -> str:
        """The short label of a value, where it has one."""
        return self.short_label(t, value) if self.short_label else self.value_label(t, city, self.column, value)

    def heading(self, t: Translator, dimension: str) -> str:
        """Its title."""
        return t(self.title)


class CategoryField(Field):
    """Categories and groups of categories: an alert passes when any of its categories is asked for by either."""

    names = ("categories", "groups")
    words: Mapping[str, Message] = {
        "category": Message("Categories of the city's tree, with commas between them."),
        "group": Message("Groups of categories, with commas between them."),
    }
    title = Message("Category")
    dimensions: Mapping[str, str] = {"categories": "category", "groups": "group"}
    widget = Widget(2, more=False, everything=Message("All categories"))

    def choices(self, name: str, city: CityProfile, others: Collection[str]) -> Mapping[str, Any]:
        """Categories of the tree or of the store, groups of the tree."""
        return _texts(city.groups if name == "groups" else (*city.categories, *others))

    def condition(self, f: AlertFilter, city: CityProfile, levels: Levels) -> str:
        """The category, or one of the further categories, is among those asked for."""
        wanted = asked_categories(f, city)
        return coded("theme", levels, lambda theme: not wanted.isdisjoint(split_list(theme)))

    def phrase(self, f: AlertFilter, t: Translator, city: CityProfile) -> str:
        """The head of the sentence, whether the field is set or not."""
        names = [label for label, _ in self.chips(f, t, city)]
        if not names:
            return t("All alerts")
        return t("Alerts of {categories}", categories=labels.listed(t, map(labels.inline, names)))

    def levels(self, f: AlertFilter, dimension: str, city: CityProfile) -> Sequence[Any]:
        """The categories or groups that are asked for, or all of the tree."""
        if dimension == "category":
            return tuple(asked_categories(f, city) or city.categories)
        return f.groups or (() if f.categories else tuple(city.groups))


def asked_categories(f: AlertFilter, city: CityProfile) -> frozenset[str]:
    """Every category that the filter asks for, by name or by group; empty where it asks for none."""
    grouped = (c.id for c in city.categories.values() if c.group in f.groups)
    return frozenset({*f.categories, *grouped})


class CellField(Field):
    """A set of H3 cells, of any of the stored resolutions."""

    names = ("cells",)
    words: Mapping[str, Message] = {"cells": Message("H3 cells of resolution 4 to 12, by name.")}
    title = Message("Map cells")

    def parse(self, name: str, text: str, city: CityProfile, others: Collection[str]) -> tuple[Any, list[str]]:
        """Cells that are cells, of a resolution of map cells."""
        asked = [one.lower() for one in split(text)]
        return tuple(filter(is_cell, asked)), [one for one in asked if not is_cell(one)]

    def condition(self, f: AlertFilter, city: CityProfile, levels: Levels) -> str:
        """The alert counts in one of the cells."""
        import h3.api.basic_int as h3

        from curim_data.model.city import with_shore

        by_resolution: dict[int, list[int]] = {}
        for one in with_shore(city, f.cells):
            by_resolution.setdefault(h3.get_resolution(one), []).append(one)
        return " OR ".join(is_one_of(cell(size), cells) for size, cells in sorted(by_resolution.items()))

    def phrase(self, f: AlertFilter, t: Translator, city: CityProfile) -> str:
        """How many cells were picked."""
        return t.n(", in {n} picked map cell", ", in {n} picked map cells", len(f.cells))

    def chips(self, f: AlertFilter, t: Translator, city: CityProfile) -> list[tuple[str, Values]]:
        """One chip for the whole area."""
        return [(t.n("{n} map cell", "{n} map cells", len(f.cells)), {"cells": ()})] if f.cells else []


class HourField(Field):
    """A window of the day from the start of its first hour to the end of its last; it may pass midnight."""

    names = ("hours",)
    words: Mapping[str, Message] = {"hours": Message("First and last hour: 20-5 is from 20:00 to 06:00.")}
    title = Message("Time of day")
    dimensions: Mapping[str, str] = {"hours": "hour"}
    widget = Widget(7, form="own")

    def parse(self, name: str, text: str, city: CityProfile, others: Collection[str]) -> tuple[Any, list[str]]:
        """Two hours with a dash between them: 20-5."""
        hours = re.fullmatch(r"([0-9]{1,2})-([0-9]{1,2})", text)
        if hours and all(int(hour) < 24 for hour in hours.groups()):
            return (int(hours[1]), int(hours[2])), []
        return None, [text] if text else []

    def text(self, value: Any) -> str:
        """The two hours."""
        return f"{value[0]}-{value[1]}"

    def condition(self, f: AlertFilter, city: CityProfile, levels: Levels) -> str:
        """At least half of the hours that the alert's span touches lie in the window; an unknown hour never does."""
        wanted = {str(hour) for hour in window_hours(f.hours)} if f.hours else set()

        def passes(span: str) -> bool:
            hours = split_list(span)
            return bool(hours) and 2 * len(wanted.intersection(hours)) >= len(hours)

        return coded("span", levels, passes)

    def phrase(self, f: AlertFilter, t: Translator, city: CityProfile) -> str:
        """From the first minute to the last."""
        return t(", between {start} and {end}", **window_ends(f.hours)) if f.hours else ""

    def chips(self, f: AlertFilter, t: Translator, city: CityProfile) -> list[tuple[str, Values]]:
        """One chip."""
        return [(t("{start}–{end}", **window_ends(f.hours)), {"hours": None})] if f.hours else []

    def normalise(self, f: AlertFilter) -> Values:
        """A window of the whole day asks for nothing."""
        whole = f.hours is not None and (f.hours[1] - f.hours[0]) % 24 == 23
        return {"hours": None if whole or f.hours is None else tuple(f.hours)}

    def levels(self, f: AlertFilter, dimension: str, city: CityProfile) -> Sequence[Any]:
        """The hours of the window, or of the day."""
        return window_hours(f.hours) if f.hours else range(24)


class LightField(Field):
    """After dark, or in daylight."""

    names = ("dark",)
    words: Mapping[str, Message] = {"light": Message("dark or day.")}
    title = Message("Light")
    dimensions: Mapping[str, str] = {"dark": "dark"}
    widget = Widget(5, more=False, form="own")

    def parse(self, name: str, text: str, city: CityProfile, others: Collection[str]) -> tuple[Any, list[str]]:
        """`dark` or `day`."""
        return LIGHT.get(text), [text] if text and text not in LIGHT else []

    def text(self, value: Any) -> str:
        """`dark` or `day`."""
        return "dark" if value else "day"

    def condition(self, f: AlertFilter, city: CityProfile, levels: Levels) -> str:
        """The sun was below the horizon, or was not; where that is unknown the alert does not pass."""
        return f"dark = {str(f.dark).upper()}"

    def phrase(self, f: AlertFilter, t: Translator, city: CityProfile) -> str:
        """After dark, or in daylight."""
        return t(", after dark") if f.dark else t(", in daylight")

    def chips(self, f: AlertFilter, t: Translator, city: CityProfile) -> list[tuple[str, Values]]:
        """One chip."""
        return [] if f.dark is None else [(labels.light_label(t, f.dark), {"dark": None})]

    def normalise(self, f: AlertFilter) -> Values:
        """As it is."""
        return {}

    def levels(self, f: AlertFilter, dimension: str, city: CityProfile) -> Sequence[Any]:
        """What is asked for, or both."""
        return (False, True) if f.dark is None else (f.dark,)


class PeriodField(Field):
    """A preset that moves with the data, or two dates of one's own. Its predicate needs the resolved dates."""

    names = ("period", "start", "end")
    words: Mapping[str, Message] = {
        "period": Message("28d, quarter, 12m (usual), meeting or all."),
        "from": Message("First day, as in 2025-03-01."),
        "to": Message("Last day, as in 2025-06-30."),
    }
    title = Message("Period")
    widget = Widget(1, more=False, form="own")

    def read(
        self, query: Mapping[str, str], city: CityProfile, others: Collection[str]
    ) -> tuple[Values, list[Message]]:
        """A preset and dates of one's own, as they stand; it is said where these are the wrong way round."""
        values, said = super().read(query, city, others)
        if values["start"] and values["end"] and values["start"] > values["end"]:
            said.append(Message("The period ended before it began: its dates were exchanged."))
        return values, said

    def parse(self, name: str, text: str, city: CityProfile, others: Collection[str]) -> tuple[Any, list[str]]:
        """A preset, or a date."""
        value = (text if text in PERIODS else "") if name == "period" else parse_date(text)
        return value, [text] if text and not value else []

    def left_out(self, word: str, text: str) -> Message:
        """What is said of a preset or a date that is none."""
        if word == "period":
            return dropped(word, text)
        return Message("“{value}” is not a date such as 2025-03-31: left out.", {"value": text[:60]})

    def write(self, f: AlertFilter) -> dict[str, str]:
        """The preset unless it is the usual one, or the dates."""
        return {word: text for word, text in super().write(f).items() if text not in ("", "12m")}

    def text(self, value: Any) -> str:
        """A preset, or a date in its ISO form."""
        return str(value)

    def condition(self, f: AlertFilter, city: CityProfile, levels: Levels) -> str:
        """Nothing: the filter adds the resolved dates."""
        return ""

    def phrase(self, f: AlertFilter, t: Translator, city: CityProfile) -> str:
        """The preset or the dates, with the comma."""
        period = labels.inline(labels.period_label(t, f.period)) if f.period else labels.dates_label(t, f.start, f.end)
        return t(", {period}", period=period)

    def chips(self, f: AlertFilter, t: Translator, city: CityProfile) -> list[tuple[str, Values]]:
        """One chip unless the period is the usual one."""
        if f.period == "12m":
            return []
        label = labels.period_label(t, f.period) if f.period else labels.dates_label(t, f.start, f.end)
        return [(label, {"period": "12m", "start": None, "end": None})]

    def normalise(self, f: AlertFilter) -> Values:
        """Dates of one's own in their order and without a preset; without them the usual preset where none is given."""
        start, end = f.start, f.end
        if start and end and start > end:
            start, end = end, start
        own = start is not None or end is not None
        return {"start": start, "end": end, "period": "" if own else f.period or "12m"}


def _texts(values: Iterable[Any]) -> dict[str, Any]:
    return {str(value): value for value in values}


def row(field: Field, default: Any = ()) -> Any:
    """An attribute of the filter: the field that it belongs to, and its value where nothing is asked for."""
    return dataclasses.field(default=default, metadata={"field": field})


PERIOD: Final = PeriodField()
CATEGORIES: Final = CategoryField()


@dataclass(frozen=True)
class AlertFilter:
    """Which alerts are meant; equal filters are equal values (order and repeats of their values do not count).

    Fields are joined by "and", the values of a field by "or"; categories and groups are one field. `start` and `end`
    are local dates, both included, and stand before `period`. `hours` goes from the start of its first hour to the end
    of its last and may pass midnight. `cells` are H3 names of resolutions 4 to 12.

    The attributes are the table of fields, in the order of the sentence, where the categories come first and the period
    comes last.
    """

    period: str = row(PERIOD, "12m")
    start: dt.date | None = row(PERIOD, None)
    end: dt.date | None = row(PERIOD, None)
    categories: tuple[str, ...] = row(CATEGORIES)
    groups: tuple[str, ...] = row(CATEGORIES)
    kinds: tuple[str, ...] = row(
        ChoiceField(
            name="kinds",
            word="kind",
            help=Message("risk, incivility, offence or unknown."),
            column="kind",
            known=lambda city: _texts(kind.value for kind in Kind),
            said=lambda t, city, values: t(
                ", of the kind {kinds}",
                kinds=labels.listed(t, (labels.inline(labels.kind_label(t, v)) for v in values)),
            ),
            chip=Message("{value}"),
            widget=Widget(9, everything=Message("All kinds")),
        )
    )
    affected: tuple[str, ...] = row(
        ChoiceField(
            name="affected",
            word="affected",
            help=Message("Gender of the person affected: woman, man, other, undisclosed or unknown."),
            column="affected_gender",
            known=lambda city: _texts(gender.value for gender in Gender),
            said=lambda t, city, values: t(
                ", affecting {genders}", genders=labels.listed(t, (labels.gender_people(t, v) for v in values))
            ),
            chip=Message("Affected: {value}"),
            widget=Widget(4, more=False, everything=Message("All genders")),
        )
    )
    reporters: tuple[str, ...] = row(
        ChoiceField(
            name="reporters",
            word="reporter",
            help=Message("Gender of the reporter: woman, man, other, undisclosed or unknown."),
            column="reporter_gender",
            known=lambda city: _texts(gender.value for gender in Gender),
            said=lambda t, city, values: t(
                ", reported by {genders}", genders=labels.listed(t, (labels.gender_people(t, v) for v in values))
            ),
            chip=Message("Reported by: {value}"),
            widget=Widget(6, everything=Message("All genders")),
        )
    )
    dark: bool | None = row(LightField(), None)
    hours: tuple[int, int] | None = row(HourField(), None)
    weekdays: tuple[int, ...] = row(
        ChoiceField(
            name="weekdays",
            word="weekday",
            help=Message("mon, tue, wed, thu, fri, sat, sun."),
            column="weekday",
            known=lambda city: {word: day for day, word in enumerate(DAYS)},
            unless="time_precision = 'month'",
            said=lambda t, city, values: t(", on {days}", days=t.join([t.weekday(day) for day in values], "or")),
            chip=Message("{value}"),
            widget=Widget(8, form="pills"),
            short_label=lambda t, day: t.weekday(day, "abbreviated"),
        )
    )
    districts: tuple[str, ...] = row(
        ChoiceField(
            name="districts",
            word="district",
            help=Message("Districts of the city's profile."),
            column="district",
            known=lambda city: _texts(area.id for area in city.districts),
            said=lambda t, city, values: t(
                ", in {places}", places=labels.listed(t, (labels.district_label(t, city, v) for v in values))
            ),
            chip=Message("{value}"),
            widget=Widget(3, more=False, everything=Message("Whole city")),
        )
    )
    places: tuple[str, ...] = row(
        ChoiceField(
            name="places",
            word="place",
            help=Message("Landmarks of the city's profile."),
            column="place",
            known=lambda city: _texts(mark.id for mark in city.landmarks),
            said=lambda t, city, values: t(
                ", near {places}", places=labels.listed(t, (labels.place_label(t, city, v) for v in values))
            ),
            chip=Message("Near {value}"),
        )
    )
    cells: tuple[str, ...] = row(CellField())
    statuses: tuple[str, ...] = row(
        ChoiceField(
            name="statuses",
            word="status",
            help=Message("open, confirmed, resolved or rejected."),
            column="status",
            known=lambda city: _texts(status.value for status in Status),
            said=lambda t, city, values: t(
                ", with the status {statuses}",
                statuses=labels.listed(t, (labels.inline(labels.status_label(t, v)) for v in values)),
            ),
            chip=Message("Status: {value}"),
            widget=Widget(10, everything=Message("Any status")),
        )
    )
    severities: tuple[int, ...] = row(
        ChoiceField(
            name="severities",
            word="severity",
            help=Message("1 to 5."),
            column="severity",
            known=lambda city: _texts(range(1, 6)),
            said=lambda t, city, values: t(
                ", of severity {severities}", severities=t.join([str(value) for value in values], "or")
            ),
            chip=Message("Severity {value}"),
            widget=Widget(11, form="pills"),
            short_label=lambda t, severity: str(severity),
        )
    )

    def __post_init__(self) -> None:
        for field in self.fields():
            for name, value in field.normalise(self).items():
                object.__setattr__(self, name, value)

    @classmethod
    def fields(cls) -> tuple[Field, ...]:
        """The fields, in the order of their rows."""
        rows: list[Field] = [attribute.metadata["field"] for attribute in dataclasses.fields(cls)]
        return tuple({id(field): field for field in rows}.values())

    @classmethod
    def field(cls, name: str) -> Field:
        """The field that an attribute, or a word of the query string, belongs to; KeyError for another name."""
        for field in cls.fields():
            if name in field.names or name in field.words:
                return field
        raise KeyError(name)

    @classmethod
    def field_of(cls, dimension: str) -> Field | None:
        """The field of which a dimension of counts holds the values; None where there is none."""
        return next((field for field in cls.fields() if dimension in field.dimensions.values()), None)

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
                start = max(month_bounds(as_of, 1 - months)[0], first)
            return start.replace(day=1), month_bounds(end)[1]
        match self.period:
            case "28d":
                start = as_of - dt.timedelta(days=27)
            case "quarter" | "12m":
                start = first_of_months(as_of, _MONTHS[self.period])
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
        return {word: text for field in self.fields() for word, text in field.write(self).items()}

    @classmethod
    def from_query(
        cls, query: Mapping[str, str], city: CityProfile, others: Collection[str] = ()
    ) -> tuple[AlertFilter, tuple[Message, ...]]:
        """The filter of a query string, and what had to be left out of it. Never raises; other words are not its own.

        `others` are categories of the store that the city's tree does not know (`Source.other_categories`).
        """
        values: dict[str, Any] = {}
        said: list[Message] = []
        for field in cls.fields():
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

        `by_month`: the dates are those of whole months, and are written as months.
        """
        parts = [CATEGORIES.phrase(self, t, city)]
        parts += [field.phrase(self, t, city) for field in self.active() if field not in (CATEGORIES, PERIOD)]
        period = t(", {period}", period=Span(*dates, by_month)) if dates else PERIOD.phrase(self, t, city)
        parts.append(period)
        if n is not None:
            parts.append(t(": {n}", n=n) if total is None else t(": {n} of {total}", n=n, total=total))
        return "".join(parts)

    def chips(self, t: Translator, city: CityProfile) -> list[tuple[str, AlertFilter]]:
        """Labels of what is active, each with the filter that is left without it."""
        return [
            (label, self.replace(**values)) for field in self.fields() for label, values in field.chips(self, t, city)
        ]

    def active(self) -> tuple[Field, ...]:
        """The fields that ask for something; the usual period asks for nothing."""
        return tuple(field for field in self.fields() if field.write(self))

    def without(self, name: str) -> AlertFilter:
        """The filter without the field of that attribute or word."""
        usual = type(self)()
        return self.replace(**{attribute: getattr(usual, attribute) for attribute in self.field(name).names})

    def conditions(self, dates: tuple[dt.date, dt.date], city: CityProfile, levels: Levels) -> list[str]:
        """The filter as conditions in SQL, all of which hold for what passes; missing is false.

        `dates` as `resolve` gives them; `levels`: those of the relation of alerts.
        """
        return [between(*dates), *filter(None, (field.condition(self, city, levels) for field in self.active()))]


def column_label(t: Translator, column: str) -> str:
    """The heading of a column of counts; an unknown column stands as it is."""
    field = AlertFilter.field_of(column)
    return labels.column_label(t, column) if field is None else field.heading(t, column)


def value_label(t: Translator, city: CityProfile, column: str, value: object) -> str:
    """The label of a value in a column of counts; what is missing is said to be missing."""
    field = AlertFilter.field_of(column)
    return labels.value_label(t, city, column, value) if field is None else field.value_label(t, city, column, value)
