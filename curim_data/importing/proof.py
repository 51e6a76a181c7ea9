"""The proof of an import: what a person looks at before it, to see at a glance that a file was understood.

Profiles of hours, weekdays and months, the commonest categories with their kinds, genders, how full each role is, three
rows as they were read and as they were understood, and what of all this looks implausible; and its words, for pages,
the command line and JSON. Free text and columns with personal data never appear in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from curim_data.model import CityProfile, Kind, Message, Translator
from curim_data.model.labels import (
    UNCATEGORISED,
    category_label,
    column_label,
    district_label,
    gender_label,
    kind_label,
    role_name,
    value_label,
)
from curim_data.model.values import Gender

_BARS: Final = "▁▂▃▄▅▆▇█"
_NONE: Final = "·"


def text_bars(counts: Sequence[float]) -> str:
    """Counts as bars of one letter each, the highest as the fullest; a point stands for none.

    Examples
    --------
    >>> text_bars([0, 1, 4, 8])
    '·▁▄█'
    """
    top = max(counts, default=0)
    return "".join(_BARS[-int(-len(_BARS) * count // top) - 1] if count > 0 else _NONE for count in counts)


def printable(text: str) -> str:
    """The text without line breaks and control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


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
        return bool(self.months) and month_number(self.months[-1][0]) - month_number(self.months[0][0]) >= MOST_MONTHS

    @property
    def periods(self) -> tuple[tuple[dt.date, int], ...]:
        """First day and count of each month, or year where there are many, with those in between that have none."""
        if not self.months:
            return ()
        if not self.by_year:
            known, first, last = dict(self.months), self.months[0][0], self.months[-1][0]
            every = map(month_of_number, range(month_number(first), month_number(last) + 1))
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


def month_number(month: dt.date) -> int:
    """A month as a number: months since the beginning of our era."""
    return month.year * 12 + month.month - 1


def month_of_number(number: int) -> dt.date:
    """The first day of a month by its number."""
    return dt.date(number // 12, number % 12 + 1, 1)


_DATES: Final = ("reported_at", "occurred_from", "occurred_to", "resolved_at")
_PLACES: Final = ("latitude", "longitude", "x", "y", "point")
_WORDS: Final = ("affected_gender", "reporter_gender", "age_band", "status", "severity", "feeling")
_WIDTH: Final = 14


@dataclass(frozen=True)
class Line:
    """Cells of a row that were read together, and what became of them.

    `columns` and `read`: the headings and texts of those that are filled, or of all where none is; none where the value
    was worked out from other cells. `name`: what they hold, or that they are not used or not stored; `value` in words.
    """

    columns: tuple[str, ...]
    read: tuple[str, ...]
    name: str
    value: str


def row_lines(t: Translator, city: CityProfile, row: RowProof) -> list[Line]:
    """The cells of a row beside what was understood, then what was worked out from them, then what is not stored.

    What is not stored shows no text.
    """
    groups: dict[tuple[str, str], list[CellProof]] = {}
    for place, cell in enumerate(row.cells):
        role = "point" if {*_PLACES} & {cell.role} else cell.role
        alone = str(place) if cell.use == "unused" and cell.read else ""
        groups.setdefault((cell.use, role or alone), []).append(cell)
    lines, alert = [], row.alert
    for (use, _), cells in groups.items():
        if use == "alert":
            shown = [cell for cell in cells if cell.read] or cells
            name = t("Latitude, longitude") if cells[0].role in _PLACES else role_name(t, cells[0].role)
            lines.append(_line_of(shown, name, _value(t, city, cells[0].role, alert)))
    if not any(cell.role == "kind" for cell in row.cells):
        lines.append(Line((), (), column_label(t, "kind"), kind_name(t, alert["kind"])))
    if city.districts and alert.get("longitude") is not None:
        lines.append(Line((), (), column_label(t, "district"), district_label(t, city, alert.get("district"))))
    unused = [_line_of(cells, t("Not used"), "") for (use, _), cells in groups.items() if use == "unused"]
    dropped = t("Not stored: free text or personal data")
    hidden = [_line_of(cells, dropped, "") for (use, _), cells in groups.items() if use == "dropped"]
    return [*lines, *unused, *hidden]


def _line_of(cells: Sequence[CellProof], name: str, value: str) -> Line:
    return Line(tuple(cell.column for cell in cells), tuple(cell.read for cell in cells), name, value)


def kind_name(t: Translator, kind: str | None) -> str:
    """A kind in words, also where it is not known."""
    return kind_label(t, kind) if kind in KINDS else t.c("kind", "Not known")


def gender_counts(t: Translator, gender: GenderProof, alerts: int) -> list[tuple[str, int, str]]:
    """Label, count and share of each gender, in the order of the list of genders."""
    counts = gender.counts
    order = [*[one.value for one in Gender], *[one for one in counts if one not in set(Gender)]]
    return [
        (gender_label(t, one), counts[one], t.part(counts[one] / max(alerts, 1))) for one in order if counts.get(one)
    ]


def brief_lines(t: Translator, city: CityProfile, proof: Proof) -> Iterator[str]:
    """The proof for a terminal: what looks implausible first, then a line for each part, then the rows.

    Names of categories come from files: control characters, which a terminal would obey, become blanks.
    """
    yield from map(printable, _brief(t, city, proof))


def _brief(t: Translator, city: CityProfile, proof: Proof) -> Iterator[str]:
    for concern in proof.concerns:
        yield t("Look at this: {sentence}", sentence=concern.sentence(t, city))
    if not proof.alerts:
        yield proof.hours_sentence(t)
        return
    hours = text_bars(proof.hours) if proof.with_hour else ""
    yield _line(t, column_label(t, "hour"), f"0h {hours} 23h  " if hours else "", proof.hours_sentence(t))
    if proof.with_day:
        first, last = t.weekday(0, "abbreviated"), t.weekday(6, "abbreviated")
        yield _line(
            t, column_label(t, "weekday"), f"{first} {text_bars(proof.weekdays)} {last}  ", proof.weekdays_sentence(t)
        )
    yield _line(t, *_period_line(t, proof))
    yield _line(t, column_label(t, "category"), categories_sentence(t, city, proof))
    for gender in proof.genders:
        yield _line(t, column_label(t, gender.role), gender_sentence(t, gender, proof.alerts))
    yield t("Filled:")
    for role in proof.roles:
        share = t.part(role.filled / proof.alerts)
        yield f"  {_headed(t, role_name(t, role.role))} {share} ({', '.join(role.columns)})"
    for row in proof.rows:
        yield t("Row {n}, as read → as understood:", n=row.row)
        lines = row_lines(t, city, row)
        # The report names the columns that are not used or not stored.
        yield from (_written(t, line) for line in lines if line.value or any(line.read))


def _written(t: Translator, line: Line) -> str:
    """A line of a row for a terminal."""
    columns, read = ", ".join(line.columns), " ".join(filter(None, line.read))
    left = f"{_headed(t, columns)} {read} → " if read else f"{columns} → " if columns else "→ "
    return f"  {left}" + (f"{_headed(t, line.name)} {line.value}" if line.value else line.name)


def _headed(t: Translator, name: str) -> str:
    """A name before what belongs to it: French sets the colon apart."""
    return t("{name}:", name=name)


def categories_sentence(t: Translator, city: CityProfile, proof: Proof) -> str:
    """The commonest categories, each with its share and kind, and how many others there are."""
    if not proof.categorised:
        return t("none: no column of the file holds it")
    names = []
    for one in proof.categories:
        share = t.part(one.n / max(proof.alerts, 1))
        names.append(f"{category_label(t, city, one.category)} {share} ({kinds_name(t, one)})")
    if rest := proof.distinct - len(proof.categories):
        names.append(t.n("{n} other", "{n} others", rest))
    return ", ".join(names)


def kinds_name(t: Translator, category: CategoryProof) -> str:
    """The kinds of a category in words, the commonest first."""
    return " / ".join(kind_name(t, kind) for kind in category.kinds or ("",))


def gender_sentence(t: Translator, gender: GenderProof, alerts: int) -> str:
    """Shares of the genders, or that nobody was asked."""
    if not gender.asked:
        return t("not asked: no column of the file holds it")
    return ", ".join(f"{label} {share}" for label, _, share in gender_counts(t, gender, alerts))


def period_name(t: Translator, proof: Proof, day: dt.date) -> str:
    """A month, or a year where these are shown."""
    return t.date(day, "y" if proof.by_year else "LLL y")


def proof_object(t: Translator, city: CityProfile, proof: Proof) -> dict[str, Any]:
    """The proof as plain values; labels and sentences in the reader's language."""
    return {
        "alerts": proof.alerts,
        "attention": [
            {"code": one.code, "about": one.about, "sentence": one.sentence(t, city)} for one in proof.concerns
        ],
        "hours": {"known": proof.with_hour, "counts": list(proof.hours)},
        "weekdays": {"known": proof.with_day, "counts": list(proof.weekdays)},
        "months": [{"month": f"{month:%Y-%m}", "n": n} for month, n in proof.months],
        "categories": [
            {
                "category": one.category,
                "label": category_label(t, city, one.category),
                "kinds": list(one.kinds),
                "n": one.n,
            }
            for one in proof.categories
        ],
        "distinct_categories": proof.distinct,
        "kinds": dict(proof.kinds),
        "genders": {
            one.role: {"asked": one.asked, "columns": list(one.columns), "counts": dict(one.counts)}
            for one in proof.genders
        },
        "roles": [
            {
                "role": one.role,
                "columns": list(one.columns),
                "filled": one.filled,
                "share": round(one.filled / max(proof.alerts, 1), 4),
            }
            for one in proof.roles
        ],
        "rows": [
            {
                "row": row.row,
                "cells": [
                    {
                        "columns": list(line.columns),
                        "read": [text or None for text in line.read],
                        "holds": line.name,
                        "understood": line.value or None,
                    }
                    for line in row_lines(t, city, row)
                ],
            }
            for row in proof.rows
        ],
    }


def _line(t: Translator, name: str, *parts: str) -> str:
    return f"{_headed(t, name):<{_WIDTH}} {''.join(parts)}".rstrip()


def _period_line(t: Translator, proof: Proof) -> tuple[str, str]:
    periods = proof.periods
    name = t("Year") if proof.by_year else t("Month")
    first, last = (period_name(t, proof, periods[at][0]) for at in (0, -1))
    if len(periods) == 1:
        return name, first
    return name, f"{first} {text_bars([n for _, n in periods])} {last}"


def _value(t: Translator, city: CityProfile, role: str, alert: Mapping[str, Any]) -> str:
    """The value of an alert that a role gave."""
    if role in _DATES:
        return _moment(t, city, role, alert)
    if role in _PLACES:
        if alert.get("longitude") is None:
            return t("none")
        return f"{alert['latitude']:.5f}, {alert['longitude']:.5f}"
    if role == "category":
        names = [alert["category"], *(alert.get("more_categories") or ())]
        return ", ".join(category_label(t, city, one) for one in names)
    if role == "more_categories":
        names = list(alert.get("more_categories") or ())
        return ", ".join(category_label(t, city, one) for one in names) or t("none")
    if role == "kind":
        return kind_name(t, alert["kind"])
    if role in _WORDS:
        return value_label(t, city, role, alert.get(role))
    value = alert.get("incident_id" if role == "alert_id" else role)
    return t("none") if value is None or value == "" else str(value)


def _moment(t: Translator, city: CityProfile, role: str, alert: Mapping[str, Any]) -> str:
    """A date as finely as it is known, in the city's time."""
    when = alert.get(role)
    if when is None:
        return t("none")
    local = when.astimezone(ZoneInfo(city.timezone))
    main = role == ("reported_at" if alert.get("occurred_from") is None else "occurred_from")
    precision = alert["time_precision"]
    if main and precision == "month":
        return t.date(local.date(), "LLLL y")
    midnight = (local.hour, local.minute, local.second) == (0, 0, 0)
    if (main and precision == "day") or (not main and midnight):
        return t.date(local.date(), "medium")
    return t("{date}, {time}", date=t.date(local.date(), "medium"), time=f"{local:%H:%M}")
