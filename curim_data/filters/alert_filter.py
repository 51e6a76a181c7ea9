"""The filter: which alerts are meant. One value with faces that agree: query string, sentence, chips, predicate.

`AlertFilter` is at the same time the table of fields. Each of its attributes is a row, which names the field that it
belongs to. From a new row follow the query string, the sentence, the side bar, the options of the command line, and
the dimensions of counts with their true zeros. What does not follow: disclosure control of a column that the protected
copy lacks (`curim_data.privacy`), headings and labels (`model.labels`), whether the field is kept in another city, and
why it is not offered where the data lack it (CONTRIBUTING.md, "A filter field"). Above the table stand what a field is
made of (`Field`) and the fields that are no plain choice of values.
"""

# ruff: noqa: ARG005, RUF009 (the functions of all fields have the same arguments; a row is a field of a dataclass)
from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import unquote

from curim_data.model import MAP_RESOLUTIONS, N_, Gender, Kind, Message, Span, Status, Translator, labels
from curim_data.model.sql import Levels, between, cell, coded, is_one_of, split_list

if TYPE_CHECKING:
    from curim_data.model import CityProfile


def month_bounds(day: dt.date, months: int = 0) -> tuple[dt.date, dt.date]:
    """The first and the last day of the month so many months after a date's month."""
    number = 12 * day.year + day.month - 1 + months
    first, after = (dt.date(at // 12, at % 12 + 1, 1) for at in (number, number + 1))
    return first, after - dt.timedelta(days=1)


def split(text: str) -> list[str]:
    """Values out of a word of the query string, 2,000 at most: commas between them, percent signs before what is not
    plain.
    """
    return [unquote(part.strip()) for part in text.split(",")[:2_000] if part.strip()]


def join(values: Iterable[object]) -> str:
    """The word of the query string that `split` reads back."""
    return ",".join(str(value).strip().replace("%", "%25").replace(",", "%2C") for value in values)


def dropped(word: str, value: str) -> Message:
    """What is said of a value that the filter does not know."""
    return Message("The filter “{word}” does not know “{value}”: left out.", {"word": word, "value": value[:60]})


REVERSED: Final = N_("The dates “from” {start} and “to” {end} are in reverse order.")


def window_hours(hours: tuple[int, int]) -> list[int]:
    """The hours of a window that may pass midnight: (22, 1) is 22, 23, 0, 1."""
    first, last = hours
    return [(first + step) % 24 for step in range((last - first) % 24 + 1)]


def window_ends(f: AlertFilter) -> dict[str, str]:
    """The first and the last minute of the window of a filter, as a clock shows them."""
    first, last = f.hours or (0, 23)
    return {"start": labels.hour_label(first), "end": labels.hour_label(last + 1)}


PERIODS: Final = ("28d", "quarter", "12m", "meeting", "all")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LIGHT: Final = {"dark": True, "day": False}
# Dates of one's own are read as these at most, so that a year before or after them is a date too.
EARLIEST: Final = dt.date(1900, 1, 1)
LATEST: Final = dt.date(2199, 12, 31)
# Presets that are a number of months.
_MONTHS: Final = {"28d": 1, "quarter": 3, "12m": 12}

Values: TypeAlias = dict[str, Any]  # attributes of a filter that a change sets
Pick: TypeAlias = tuple[str, tuple[Any, ...], str]  # an attribute, some of its values, and what they are called
MOST_NAMED: Final = 2  # categories of one group that stand by name in a chip


@dataclass(frozen=True)
class Widget:
    """How a field stands in the side bar: in which order, and whether among the further filters of the drawer.

    `own`: it has a box of its own there; others are chosen in the drawer.
    """

    order: int = 100
    more: bool = True
    own: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Field:
    """One field of the filter: how it is read from and written as words of the query string, and what it asks for.

    `names` are the attributes of the filter that belong to it. `words` are its words of the query string and options of
    the command line, each with what may stand there. `dimensions` are the dimensions of counts that hold the values of
    an attribute. A field without a `widget` is not in the side bar.

    `condition`: what a field that is set asks, in SQL on the columns of `curim_data.engine.flat`, missing or false
    where an alert does not pass. `phrase`: its part of the sentence, with its comma. `choices`: the values that an
    attribute may hold in a city, by their texts (the third argument: categories outside the tree); of another field
    `parse` gives an attribute's value out of its word, and what was dropped of that. `text`: the word for a value.
    `whole`: the label of its only chip; without it each value has one, after its `head`, or some together (`joined`).
    `normalise`: the values in the one form in which equal filters have them; each value once, in order, unless given.
    `levels`: the values that one of
    its dimensions can have under the filter. `label`, `short_label` (in a pill): of a value, where it has its own.
    `heading`: that of its column, where it has its own. `unset`: the values that ask for nothing.
    """

    names: tuple[str, ...]
    words: Mapping[str, str]
    title: Message
    condition: Callable[[AlertFilter, CityProfile, Levels], str]
    phrase: Callable[[AlertFilter, Translator, CityProfile], str]
    dimensions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    widget: Widget | None = None
    choices: Callable[[str, CityProfile, Collection[str]], Mapping[str, Any]] = lambda name, city, others: {}
    parse: Callable[[str, str], tuple[Any, list[str]]] | None = None
    text: Callable[[Any], str] = join
    whole: Callable[[AlertFilter, Translator, CityProfile], str] | None = None
    head: Message | None = None
    joined: Callable[[list[Pick], Translator, CityProfile], list[Pick]] = lambda picks, t, city: picks
    normalise: Callable[[AlertFilter], Values] | None = None
    levels: Callable[[AlertFilter, str, CityProfile], Sequence[Any]] = lambda f, dimension, city: ()
    label: Callable[[Translator, CityProfile, Any], str] | None = None
    short_label: Callable[[Translator, Any], str] | None = None
    heading: Message | None = None
    unset: Collection[Any] = ((), None)

    def read(
        self, query: Mapping[str, str], city: CityProfile, others: Collection[str]
    ) -> tuple[Values, list[Message]]:
        """Values out of a query string, and what was dropped of it. `others`: categories outside the tree."""
        values: Values = {}
        said: list[Message] = []
        for name, word in zip(self.names, self.words, strict=True):
            text = query.get(word, "").strip()
            if self.parse is not None:
                values[name], left = self.parse(name, text)
            else:
                known, asked = self.choices(name, city, others), split(text)
                values[name] = tuple(known[one] for one in asked if one in known)
                left = [one for one in asked if one not in known]
            said += [dropped(word, one) for one in left]
        return values, said

    def write(self, f: AlertFilter) -> dict[str, str]:
        """The words of the query string; nothing for what is not set."""
        pairs = ((word, getattr(f, name)) for name, word in zip(self.names, self.words, strict=True))
        return {word: self.text(value) for word, value in pairs if value not in self.unset}

    def value_label(self, t: Translator, city: CityProfile, dimension: str, value: object) -> str:
        """The label of a value in one of its dimensions: its own of one that is there, or that of the column."""
        if self.label is None or value is None or value != value:
            return labels.value_label(t, city, dimension, value)
        return self.label(t, city, int(value) if isinstance(value, float) else value)

    def picks(self, f: AlertFilter, t: Translator, city: CityProfile) -> list[Pick]:
        """What is set: of each value its attribute, itself, and its label; groups before categories."""
        return [
            (name, (one,), self.value_label(t, city, self.dimensions[name], one))
            for name in reversed(self.names)
            for one in getattr(f, name)
        ]

    def chips(self, f: AlertFilter, t: Translator, city: CityProfile) -> list[tuple[str, AlertFilter]]:
        """The labels of its chips, each with the filter that is left without it."""
        if self.whole is not None:
            return [(self.whole(f, t, city), f.without(self.names[0]))]
        return [
            (
                label if self.head is None else t.pair(t(self.head), label),
                f.replace(**{name: tuple(set(getattr(f, name)).difference(values))}),
            )
            for name, values, label in self.joined(self.picks(f, t, city), t, city)
        ]


def choice_field(
    *,
    name: str,
    word: str,
    help: Iterable[str] = ("ID", "ID", "…"),
    column: str,
    known: Callable[[CityProfile], Mapping[str, Any]],
    said: Callable[[Translator, CityProfile, tuple[Any, ...]], str] | None = None,
    unless: str = "",
    own_title: Message | None = None,
    **more: Any,
) -> Field:
    """A field of several values in one column, any of which will do.

    Its title and the labels of its values are those of the column, unless it brings its own. `known`: values by their
    texts in the query string; `help`: some of these texts. `said`: its phrase; without it, its title and the values.
    `unless`: the condition where the value is not known, whatever the column says. `more`: further attributes of
    `Field`.
    """
    title = own_title or labels.HEADINGS[column]

    def phrase(f: AlertFilter, t: Translator, city: CityProfile) -> str:
        if said is not None:
            return said(t, city, getattr(f, name))
        values = [labels.inline(label) for *_, label in made.picks(f, t, city)]
        return t(", with {field} {values}", field=labels.inline(t(title)), values=labels.listed(t, values))

    def condition(f: AlertFilter, _city: CityProfile, levels: Levels) -> str:
        values = getattr(f, name)
        test = coded(column, levels, values.__contains__) if column in levels else is_one_of(column, values)
        return f"{test} AND NOT ({unless})" if unless else test

    made = Field(
        names=(name,),
        words={word: ",".join(help)},
        title=title,
        heading=own_title,
        condition=condition,
        phrase=phrase,
        dimensions={name: column},
        choices=lambda _name, city, _others: known(city),
        levels=lambda f, _dimension, city: getattr(f, name) or tuple(known(city).values()),
        **more,
    )
    return made


def asked_categories(f: AlertFilter, city: CityProfile) -> frozenset[str]:
    """Every category that the filter asks for, by name or by group; empty where it asks for none."""
    grouped = (c.id for c in city.categories.values() if c.group in f.groups)
    return frozenset({*f.categories, *grouped})


def _of_categories(f: AlertFilter, city: CityProfile, levels: Levels) -> str:
    wanted = asked_categories(f, city)
    return coded("theme", levels, lambda theme: not wanted.isdisjoint(split_list(theme)))


def _category_levels(f: AlertFilter, dimension: str, city: CityProfile) -> Sequence[Any]:
    if dimension == "category":
        return tuple(asked_categories(f, city) or city.categories)
    return f.groups or (() if f.categories else tuple(city.groups))


def _category_phrase(f: AlertFilter, t: Translator, city: CityProfile) -> str:
    names = [labels.inline(label) for *_, label in CATEGORIES.picks(f, t, city)]
    return t("Alerts of {categories}", categories=labels.listed(t, names)) if names else t("All alerts")


def _by_group(picks: list[Pick], t: Translator, city: CityProfile) -> list[Pick]:
    """Three and more categories of a group are said by their number, "3 of 5 in Property"."""

    def group(pick: Pick) -> str:
        known = city.categories.get(pick[1][0]) if pick[0] == "categories" else None
        return known.group if known else ""

    found: list[Pick] = []
    for name, of in groupby(sorted(picks, key=group), group):
        few, size = list(of), sum(category.group == name for category in city.categories.values())
        if name and len(few) > MOST_NAMED:
            said = t("{n} of {of} in {group}", n=len(few), of=size, group=labels.group_label(t, city, name))
            few = [("categories", tuple(pick[1][0] for pick in few), said)]
        found += few
    return found


# Categories and groups of categories: an alert passes when any of its categories is asked for by either. The phrase is
# the head of the sentence, whether the field is set or not.
CATEGORIES: Final[Field] = Field(
    names=("categories", "groups"),
    words={"category": "ID,ID,…", "group": "GROUP,GROUP,…"},
    title=Message("Category"),
    dimensions={"categories": "category", "groups": "group"},
    widget=Widget(2, more=False),
    choices=lambda name, city, others: _texts(city.groups if name == "groups" else (*city.categories, *others)),
    condition=_of_categories,
    phrase=_category_phrase,
    joined=_by_group,
    levels=_category_levels,
)


def _parse_cells(_name: str, text: str) -> tuple[Any, list[str]]:
    """H3 cells by their names, of a resolution of map cells."""
    import h3.api.basic_int as h3

    def is_cell(name: str) -> bool:
        try:
            cell = int(name, 16)
            return name == f"{cell:x}" and h3.is_valid_cell(cell) and h3.get_resolution(cell) in MAP_RESOLUTIONS
        except (ValueError, OverflowError):
            return False

    asked = [one.lower() for one in split(text)]
    return tuple(filter(is_cell, asked)), [one for one in asked if not is_cell(one)]


def _in_cells(f: AlertFilter, city: CityProfile, _levels: Levels) -> str:
    """The alert counts in one of the cells."""
    import h3.api.basic_int as h3

    from curim_data.model.city import with_shore

    by_resolution: dict[int, list[int]] = {}
    for one in with_shore(city, f.cells):
        by_resolution.setdefault(h3.get_resolution(one), []).append(one)
    return " OR ".join(is_one_of(cell(size), cells) for size, cells in sorted(by_resolution.items()))


CELLS: Final = Field(
    names=("cells",),
    words={"cells": "891eda753cbffff,…"},
    title=Message("Map cells"),
    parse=_parse_cells,
    condition=_in_cells,
    phrase=lambda f, t, city: t.n(", in {n} picked map cell", ", in {n} picked map cells", len(f.cells)),
    whole=lambda f, t, city: t.n("{n} map cell", "{n} map cells", len(f.cells)),
)


def _parse_hours(_name: str, text: str) -> tuple[Any, list[str]]:
    """Two hours with a dash between them: 20-5."""
    hours = re.fullmatch(r"([0-9]{1,2})-([0-9]{1,2})", text)
    if hours and all(int(hour) < 24 for hour in hours.groups()):
        return (int(hours[1]), int(hours[2])), []
    return None, [text] if text else []


def _in_window(f: AlertFilter, _city: CityProfile, levels: Levels) -> str:
    """At least half of the hours that the alert's span touches lie in the window; an unknown hour never does."""
    wanted = {str(hour) for hour in window_hours(f.hours)} if f.hours else set()

    def passes(span: str) -> bool:
        hours = split_list(span)
        return bool(hours) and 2 * len(wanted.intersection(hours)) >= len(hours)

    return coded("span", levels, passes)


def _window(f: AlertFilter) -> Values:
    """A window of the whole day asks for nothing."""
    whole = f.hours is not None and (f.hours[1] - f.hours[0]) % 24 == 23
    return {"hours": None if whole or f.hours is None else tuple(f.hours)}


# From the start of the first hour to the end of the last.
HOURS: Final = Field(
    names=("hours",),
    words={"hours": "20-5 (20:00–06:00)"},
    title=Message("Time of day"),
    dimensions={"hours": "hour"},
    widget=Widget(7, own=True),
    parse=_parse_hours,
    text=lambda hours: f"{hours[0]}-{hours[1]}",
    condition=_in_window,
    phrase=lambda f, t, city: t(", between {start} and {end}", **window_ends(f)),
    whole=lambda f, t, city: t("{start}–{end}", **window_ends(f)),
    normalise=_window,
    levels=lambda f, dimension, city: window_hours(f.hours) if f.hours else range(24),
)
# The sun was below the horizon, or was not; where that is unknown the alert does not pass.
DARK: Final = Field(
    names=("dark",),
    words={"light": "dark | day"},
    title=Message("Light"),
    dimensions={"dark": "dark"},
    widget=Widget(5, more=False, own=True),
    parse=lambda name, text: (LIGHT.get(text), [text] if text and text not in LIGHT else []),
    text=lambda dark: "dark" if dark else "day",
    condition=lambda f, city, levels: f"dark = {str(f.dark).upper()}",
    phrase=lambda f, t, city: t(", after dark") if f.dark else t(", in daylight"),
    whole=lambda f, t, city: labels.light_label(t, bool(f.dark)),
    normalise=lambda f: {},
    levels=lambda f, dimension, city: (False, True) if f.dark is None else (f.dark,),
)


def _parse_period(name: str, text: str) -> tuple[Any, list[str]]:
    """A preset, or a date in the form 2025-03-31."""
    value: str | dt.date | None = text if text in PERIODS else ""
    if name != "period":
        try:
            value = dt.date.fromisoformat(text) if len(text) == 10 else None
        except ValueError:
            value = None
    return value, [text] if text and not value else []


def _period_label(f: AlertFilter, t: Translator) -> str:
    return labels.period_label(t, f.period) if f.period else labels.dates_label(t, f.start, f.end)


def _period(f: AlertFilter) -> Values:
    """Dates of one's own in their order and without a preset; without them the usual preset where none is given."""
    start, end = f.start, f.end
    if start and end and start > end:
        start, end = end, start
    own = start is not None or end is not None
    return {"start": start, "end": end, "period": "" if own else f.period or "12m"}


# A preset that moves with the data, or two dates of one's own. The filter adds the resolved dates as its condition.
PERIOD: Final = Field(
    names=("period", "start", "end"),
    words={"period": " | ".join(PERIODS), "from": "2025-03-01", "to": "2025-06-30"},
    title=Message("Period"),
    widget=Widget(1, more=False, own=True),
    parse=_parse_period,
    text=str,
    condition=lambda f, city, levels: "",
    phrase=lambda f, t, city: f", {labels.inline(_period_label(f, t)) if f.period else _period_label(f, t)}",
    whole=lambda f, t, city: _period_label(f, t),
    normalise=_period,
    unset=(None, "", "12m"),
)


def _texts(values: Iterable[Any]) -> dict[str, Any]:
    return {str(value): value for value in values}


def row(field: Field, default: Any = ()) -> Any:
    """An attribute of the filter: the field that it belongs to, and its value where nothing is asked for."""
    return dataclasses.field(default=default, metadata={"field": field})


# Categories, or areas, that a title names.
IN_A_TITLE: Final = 3


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
        choice_field(
            name="kinds",
            word="kind",
            help=Kind,
            column="kind",
            known=lambda city: _texts(kind.value for kind in Kind),
            widget=Widget(9),
        )
    )
    affected: tuple[str, ...] = row(
        choice_field(
            name="affected",
            word="affected",
            help=Gender,
            column="affected_gender",
            known=lambda city: _texts(gender.value for gender in Gender),
            said=lambda t, city, values: t(
                ", affecting {genders}", genders=labels.listed(t, (labels.gender_people(t, v) for v in values))
            ),
            head=Message("Affected"),
            widget=Widget(4, more=False),
        )
    )
    reporters: tuple[str, ...] = row(
        choice_field(
            name="reporters",
            word="reporter",
            help=Gender,
            column="reporter_gender",
            known=lambda city: _texts(gender.value for gender in Gender),
            said=lambda t, city, values: t(
                ", reported by {genders}", genders=labels.listed(t, (labels.gender_people(t, v) for v in values))
            ),
            head=Message("Reported by"),
            widget=Widget(6),
        )
    )
    dark: bool | None = row(DARK, None)
    hours: tuple[int, int] | None = row(HOURS, None)
    weekdays: tuple[int, ...] = row(
        choice_field(
            name="weekdays",
            word="weekday",
            help=DAYS,
            column="weekday",
            known=lambda city: {word: day for day, word in enumerate(DAYS)},
            unless="time_precision = 'month'",
            text=lambda days: join(DAYS[day] for day in days),
            said=lambda t, city, values: t(", on {days}", days=t.join([t.weekday(day) for day in values], "or")),
            widget=Widget(8),
            short_label=lambda t, day: t.weekday(day, "abbreviated"),
        )
    )
    districts: tuple[str, ...] = row(
        choice_field(
            name="districts",
            word="district",
            column="district",
            known=lambda city: _texts(area.id for area in city.districts),
            said=lambda t, city, values: t(
                ", in {places}", places=labels.listed(t, (labels.district_label(t, city, v) for v in values))
            ),
            widget=Widget(3, more=False),
        )
    )
    places: tuple[str, ...] = row(
        choice_field(
            name="places",
            word="place",
            column="place",
            known=lambda city: _texts(mark.id for mark in city.landmarks),
            said=lambda t, city, values: t(
                ", near {places}", places=labels.listed(t, (labels.place_label(t, city, v) for v in values))
            ),
            head=labels.HEADINGS["place"],
        )
    )
    cells: tuple[str, ...] = row(CELLS)
    statuses: tuple[str, ...] = row(
        choice_field(
            name="statuses",
            word="status",
            help=Status,
            column="status",
            known=lambda city: _texts(status.value for status in Status),
            head=labels.HEADINGS["status"],
            widget=Widget(10),
        )
    )
    severities: tuple[int, ...] = row(
        choice_field(
            name="severities",
            word="severity",
            help="12345",
            column="severity",
            known=lambda city: _texts(range(1, 6)),
            head=labels.HEADINGS["severity"],
            widget=Widget(11),
            short_label=lambda t, severity: str(severity),
        )
    )

    def __post_init__(self) -> None:
        for field in self.fields():
            plain = {name: tuple(sorted(set(getattr(self, name)))) for name in field.names if not field.normalise}
            for name, value in (field.normalise(self) if field.normalise else plain).items():
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
                start, end = month_bounds(as_of, -_MONTHS[self.period])
                start = start.replace(day=min(as_of.day, end.day)) + dt.timedelta(days=1)
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
        start, end = values["start"], values["end"]
        if start and end and start > end:
            said.append(Message(REVERSED, {"start": start, "end": end}))
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
        period = f", {t.span(Span(*dates, by_month))}" if dates else PERIOD.phrase(self, t, city)
        parts.append(period)
        if n is not None:
            parts.append(t(": {n}", n=n) if total is None else t(": {n} of {total}", n=n, total=total))
        return "".join(parts)

    def subject(self, t: Translator, city: CityProfile) -> str:
        """What is asked for, without its dates, as the head of a title: what, where, and the rest in words."""

        def some(named: list[str]) -> str:
            more = len(named) - IN_A_TITLE
            return t.join([*named[:IN_A_TITLE], *([t.n("{n} more", "{n} more", more)] if more > 0 else [])])

        groups = [labels.group_label(t, city, one) for one in self.groups]
        first, *others = [*groups, *(labels.category_label(t, city, one) for one in self.categories), t("All alerts")]
        what = some([first, *map(labels.inline, others[:-1])])
        areas = [labels.district_label(t, city, one) for one in self.districts]
        areas += [labels.place_label(t, city, one) for one in self.places]
        told = t("{what}, {where}", what=what, where=some(areas)) if areas else what
        said = {"categories", "districts", "places", "period"}
        rest = "".join(one.phrase(self, t, city) for one in self.active() if one.names[0] not in said)
        return told + (rest if areas else rest.removeprefix(","))

    def chips(
        self, t: Translator, city: CityProfile, *, months: tuple[dt.date, dt.date] | None = None
    ) -> list[tuple[str, AlertFilter]]:
        """Labels of what is active, each with the filter that is left without it; `months`: the resolved dates, where
        only months are known.
        """
        chips = [chip for field in self.active() for chip in field.chips(self, t, city)]
        if months and PERIOD in self.active():
            preset = self.period and labels.period_label(t, self.period, by_month=True)
            chips[0] = preset or t.span(Span(*months, by_month=True)), chips[0][1]
        return chips

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
    return labels.column_label(t, column) if field is None or field.heading is None else t(field.heading)


def value_label(t: Translator, city: CityProfile, column: str, value: object) -> str:
    """The label of a value in a column of counts; what is missing is said to be missing."""
    field = AlertFilter.field_of(column)
    return labels.value_label(t, city, column, value) if field is None else field.value_label(t, city, column, value)
