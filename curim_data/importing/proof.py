"""The proof of an import: what a person looks at before it, to see at a glance that a file was understood.

Profiles of hours, weekdays and months, the commonest categories with their kinds, genders, how full each role is, three
rows as they were read and as they were understood, and what of all this looks implausible; and its words, for pages,
the command line and JSON. Rows are looked at while they pass on their way to the staging files, and counted from these;
only a preview and a dry run do so. Free text and columns with personal data never appear in it. A rule on what looks
implausible draws attention and decides nothing, and needs some alerts before it speaks, so that a handful by chance is
not taken for a pattern.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from analysis.stats.significance import empty_runs
from curim_data.formats.base import Layout
from curim_data.formats.columns import CATEGORY_ROLES, DATE_ROLES, PLACE_ROLES, filled, in_one_piece, trimmed
from curim_data.importing.rows import PERSONAL_ID, ParsedRows, redaction
from curim_data.model import (
    UNCATEGORISED,
    Block,
    BoolArray,
    CityProfile,
    Gender,
    IntArray,
    Kind,
    Message,
    Reason,
    Span,
    Translator,
    category_label,
    column_label,
    district_label,
    gender_label,
    kind_label,
    role_name,
    value_label,
)
from curim_data.store.writing import bounded_duckdb


def _printable(text: str) -> str:
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
        return t(
            self.message,
            categories=t.join([category_label(t, city, one) for one in self.message.values.get("categories", ())]),
        )


@dataclass(frozen=True)
class CategoryProof:
    """A category, its kinds by count (the commonest first; "" where none is known), and its alerts.

    An alert of several categories counts once in each.
    """

    category: str
    kinds: tuple[str, ...]
    n: int


@dataclass(frozen=True)
class RoleProof:
    """A role, the columns of the file that give it, none if not asked, and in how many alerts it is filled; `counts`:
    of the gender of the person affected or of the reporter, alerts by gender; `unused`: columns that may hold it and
    are not used."""

    role: str
    columns: tuple[str, ...]
    filled: int
    counts: Mapping[str, int]
    unused: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellProof:
    """A cell of a row: its column, its text ("" where it is empty or not shown), and what the column is used for.

    `use`: "alert", "dropped" (free text or personal data: never shown) or "unused" (shown where it is a date near that
    of the alert, since it may be the better one).
    """

    column: str
    read: str
    use: str
    role: str


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
    genders: tuple[RoleProof, ...]
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
        return bool(self.months) and _number(self.months[-1][0]) - _number(self.months[0][0]) >= MOST_MONTHS

    @property
    def periods(self) -> tuple[tuple[dt.date, int], ...]:
        """First day and count of each month, or year where there are many, with those in between that have none."""
        if not self.months:
            return ()
        counts, step = Counter[int](), 12 if self.by_year else 1
        for month, n in self.months:
            counts[_number(month) // step] += n
        every: Sequence[int] = range(min(counts), max(counts) + 1)
        if step > 1 and len(every) > MOST_YEARS:
            every = sorted(counts)
        return tuple((_month(at * step), counts[at]) for at in every)

    def hours_sentence(self, t: Translator) -> str:
        """How many alerts have an hour, or that none has."""
        if not self.alerts:
            return t("No row of this file became an alert.")
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

    def weekdays_sentence(self, t: Translator) -> str:
        """How many alerts have a weekday; nothing where all have one."""
        if self.with_day == self.alerts:
            return ""
        return t("Of {known} of {n} alerts the day is known.", known=self.with_day, n=self.alerts)


def _number(month: dt.date) -> int:
    """A month as a number: months since the beginning of our era."""
    return month.year * 12 + month.month - 1


def _month(number: int) -> dt.date:
    """The first day of a month by its number."""
    return dt.date(number // 12, number % 12 + 1, 1)


_WORDS: Final = ("affected_gender", "reporter_gender", "age_band", "status", "severity", "feeling")


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
        role = "point" if cell.role in PLACE_ROLES else cell.role
        alone = str(place) if cell.use == "unused" and cell.read else ""
        groups.setdefault((cell.use, role or alone), []).append(cell)
    alert = row.alert
    lines: list[tuple[Sequence[CellProof], str, str]] = [
        (
            [cell for cell in cells if cell.read] or cells,
            t("Latitude, longitude") if role == "point" else role_name(t, role),
            _value(t, city, role, alert),
        )
        for (use, role), cells in groups.items()
        if use == "alert"
    ]
    if not any(cell.role == "kind" for cell in row.cells):
        lines.append(((), column_label(t, "kind"), kind_name(t, alert["kind"])))
    if city.districts and alert.get("longitude") is not None:
        lines.append(((), column_label(t, "district"), district_label(t, city, alert.get("district"))))
    for unstored, name in (("unused", t("Not used")), ("dropped", t("Not stored: free text or personal data"))):
        lines += [(cells, name, "") for (use, _), cells in groups.items() if use == unstored]
    return [
        Line(tuple(cell.column for cell in cells), tuple(cell.read for cell in cells), name, value)
        for cells, name, value in lines
    ]


def kind_name(t: Translator, kind: str | None) -> str:
    """A kind in words, also where it is not known."""
    return kind_label(t, kind) if kind in KINDS else t.c("kind", "Not known")


def gender_counts(t: Translator, gender: RoleProof, alerts: int) -> list[tuple[str, int, str]]:
    """Label, count and share of each gender, in the order of the list of genders."""
    return [
        (gender_label(t, one), n, t.part(n / max(alerts, 1)))
        for one in dict.fromkeys([*(one.value for one in Gender), *gender.counts])
        if (n := gender.counts.get(one))
    ]


def brief_lines(t: Translator, city: CityProfile, proof: Proof) -> Iterator[str]:
    """The proof for a terminal: what looks implausible first, then how many alerts have an hour, and what is filled.

    Names come from files: control characters, which a terminal would obey, become blanks.
    """
    yield from (_printable(t("Look at this: {sentence}", sentence=one.sentence(t, city))) for one in proof.concerns)
    yield _printable(proof.hours_sentence(t))
    if (unused := proof.genders[0].unused) and not any(one.columns for one in proof.genders):
        yield _printable(t.pair(role_name(t, proof.genders[0].role), t("Not used: {columns}.", columns=t.join(unused))))
    for role in proof.roles if proof.alerts else ():
        share = t.part(role.filled / proof.alerts)
        yield _printable(t.pair(role_name(t, role.role), f"{share} ({', '.join(role.columns)})"))


def kinds_name(t: Translator, category: CategoryProof) -> str:
    """The kinds of a category in words, the commonest first."""
    return " / ".join(kind_name(t, kind) for kind in category.kinds or ("",))


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
            one.role: {
                "asked": bool(one.columns),
                "columns": list(one.columns),
                "not_used": list(one.unused),
                "counts": dict(one.counts),
            }
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


def _value(t: Translator, city: CityProfile, role: str, alert: Mapping[str, Any]) -> str:
    """The value of an alert that a role gave."""
    if role in DATE_ROLES:
        return _moment(t, city, role, alert)
    if role == "point":
        return (
            f"{alert['latitude']:.5f}, {alert['longitude']:.5f}" if (alert.get("longitude") is not None) else t("none")
        )
    if role in CATEGORY_ROLES:
        names = [*([alert["category"]] if role == "category" else []), *(alert.get("more_categories") or ())]
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


_Rule = tuple[bool, str, str, Message]  # whether it holds, and what `Concern` says then: code, about, message
FEW: Final = 30
SOME: Final = 60
OFFICE_SHARE: Final = 0.8
SAME_TIME_SHARE: Final = 0.2
WEEKEND_SHARE: Final = 0.05
ONE_DAY_SHARE: Final = 0.5
ONE_MONTH_SHARE: Final = 0.9
ONE_CATEGORY_SHARE: Final = 0.9
FAR_MONTHS: Final = 60
FAR_SHARE: Final = 0.05


def concerns(
    proof: Proof,
    *,
    minutes: Sequence[int],
    days: Mapping[dt.date, int],
    office: int = 0,
    utc_midnights: int = 0,
    future: int = 0,
    has_category: bool = True,
    warnings: Sequence[Message] = (),
) -> tuple[Concern, ...]:
    """Everything about a file's alerts that looks implausible, in the order of the proof.

    `minutes`: 1,440 counts of the alerts with an hour by local minute of the day; `days`: alerts by date, where it is
    known; `office`: those with an hour that lie on Monday to Friday from 8 to 17; `utc_midnights`: those at exactly
    midnight UTC; `future`: dates after today, of rows in quarantine too; `has_category`: whether a column gives it;
    `warnings`: what the columns show to be wrong.
    """
    rules = [
        *((True, "columns", "columns", warning) for warning in warnings),
        *_of_times(proof, minutes, utc_midnights, office),
        *_of_days(proof, days, future),
        *_of_months(proof),
        *_of_categories(proof, has_category),
    ]
    return tuple(Concern(code, about, message) for holds, code, about, message in rules if holds)


def _of_times(proof: Proof, minutes: Sequence[int], midnights: int, office: int) -> tuple[_Rule, ...]:
    """The same minute in a fifth of all times is a stand-in: midnight, noon, or midnight UTC moved by the time zone.

    A clock of twelve hours that lost its AM and PM leaves the afternoon empty; offices write at working hours what
    happened at any (by chance 27 % of all hours lie there, not 80 %), and next to nothing at weekends.
    """
    known, days, weekend, n = proof.with_hour, proof.with_day, sum(proof.weekdays[5:]), max(minutes)
    top, few = minutes.index(n), known < FEW
    words = {"known": known, "time": f"{top // 60:02d}:{top % 60:02d}"}
    moved = not few and midnights >= SAME_TIME_SHARE * known and top > 0
    at_work = not few and office >= OFFICE_SHARE * known
    mornings = not sum(proof.hours[13:]) and sum(hour > 0 for hour in proof.hours[:13]) >= 8
    no_weekend = days >= SOME and weekend < WEEKEND_SHARE * days and sum(map(bool, proof.weekdays)) > 2
    return (
        (moved, "utc_midnight", "hours", Message(
            "{n} of {known} times are midnight UTC ({time} here): perhaps dates without a time, moved by the zone.",
            {**words, "n": midnights})),
        (not moved and not few and n >= SAME_TIME_SHARE * known, "same_time", "hours", Message(
            "{n} of {known} times are exactly {time}: perhaps the time is not known there.", {**words, "n": n})),
        (known >= SOME and mornings, "half_day", "hours", Message(
            "No time lies between 13:00 and midnight: perhaps AM and PM were lost.")),
        (at_work, "office_hours", "hours", Message(
            "{n} of {known} times lie between 08:00 and 17:00 on Monday to Friday. That looks like office hours: "
            "perhaps the time of the report, not of the event.", {"n": office, "known": known})),
        (not at_work and no_weekend, "no_weekend", "weekdays", Message(
            "{n} of {known} alerts lie on a Saturday or Sunday, two days of seven: perhaps the date of the report, "
            "not of the event.", {"n": weekend, "known": days})),
    )  # fmt: skip


def _of_days(proof: Proof, days: Mapping[dt.date, int], future: int) -> Iterator[_Rule]:
    """Dates to come, read in the wrong order or out of a column of deadlines; dates that pile up: on one day, on the
    first of the month, or never after the twelfth."""
    yield (future > 0, "future", "months", Message(
        "Dates in the future: {n}. Perhaps day and month are exchanged, or the column holds what is planned.",
        {"n": future}))  # fmt: skip
    known, of_month = sum(days.values()), {one.day for one in days}
    if known < SOME or len(days) < 2:
        return
    day, n = max(days.items(), key=lambda pair: pair[1])
    yield (n >= ONE_DAY_SHARE * known, "one_day", "months", Message(
        "{n} of {known} dates are {day}: perhaps the day of the entry, or a stand-in for a missing date.",
        {"n": n, "known": known, "day": day}))  # fmt: skip
    if len(proof.months) < 3:
        return
    firsts, early = sum(n for one, n in days.items() if one.day == 1), len(of_month) > 5 and max(of_month) <= 12
    yield (early, "twelve_days", "months", Message(
        "No date lies after the 12th of a month: perhaps day and month are exchanged."))  # fmt: skip
    yield (not early and firsts >= ONE_DAY_SHARE * known > n, "first_of_month", "months", Message(
        "{n} of {known} dates are the first of a month: perhaps only the month is known there.",
        {"n": firsts, "known": known}))  # fmt: skip


def _of_months(proof: Proof) -> Iterator[_Rule]:
    """One month that holds nearly all, some alerts years away from the rest, months in between without any."""
    if proof.alerts < FEW or len(proof.months) < 2:
        return
    month, n = max(proof.months, key=lambda pair: pair[1])
    values = {"n": n, "known": proof.alerts, "month": Span(month, month, by_month=True)}
    message = Message("{n} of {known} alerts lie in one month, {month}.", values)
    yield n >= ONE_MONTH_SHARE * proof.alerts, "one_month", "months", message
    numbers, counts = np.array([(_number(month), n) for month, n in proof.months]).T
    groups = np.split(np.arange(len(numbers)), np.flatnonzero(np.diff(numbers) > FAR_MONTHS) + 1)
    main = max(groups, key=lambda group: int(counts[group].sum()))
    for group in groups:
        n = int(counts[group].sum())
        span = Span(proof.months[group[0]][0], proof.months[group[-1]][0], by_month=True)
        message = Message(
            "Years apart from the others: {span}, alerts: {n}. Perhaps a stand-in for a missing date.",
            {"n": n, "span": span},
        )
        yield group is not main and n <= FAR_SHARE * proof.alerts, "far_dates", "months", message
    first = int(numbers[main[0]])
    empty = empty_runs(np.bincount(numbers[main] - first, counts[main]).astype(int).tolist(), "month")
    start, stop = max(empty, key=lambda run: run[1] - run[0], default=(0, 1))
    message = Message(
        "Months in between without any alert: {n} (longest gap: {span}). Perhaps a part of the file is missing.",
        {
            "n": sum(stop - start for start, stop in empty),
            "span": Span(_month(first + start), _month(first + stop - 1), by_month=True),
        },
    )
    yield bool(empty), "missing_months", "months", message


def _of_categories(proof: Proof, given: bool) -> tuple[_Rule, ...]:
    """One category for nearly all tells nothing apart: perhaps another column does. An alert of no known kind counts
    neither as an offence nor as an incivility or a danger."""
    top = proof.categories[0] if proof.categories else CategoryProof("", (), 0)
    most = given and proof.alerts >= FEW and top.n >= ONE_CATEGORY_SHARE * proof.alerts
    none = sum(n for kind, n in proof.kinds.items() if kind not in KINDS)
    named = [
        one.category for one in proof.categories if one.category != UNCATEGORISED and KINDS.isdisjoint(one.kinds[:1])
    ]
    words = {"n": top.n, "known": proof.alerts, "categories": (top.category,)}
    kinds = {"n": none, "known": proof.alerts, "categories": tuple(named[:NAMED])}
    return (
        (most and top.category == UNCATEGORISED, "no_category", "categories", Message(
            "{n} of {known} alerts have no category.", {"n": top.n, "known": proof.alerts})),
        (most and top.category != UNCATEGORISED, "one_category", "categories", Message(
            "{n} of {known} alerts have one category, {categories}: perhaps another column tells them apart.", words)),
        (none > 0 and bool(named), "no_kind", "kinds", Message(
            "The kind of {n} of {known} alerts is not known, such as those of {categories}.", kinds)),
        (none > 0 and not named, "no_kind", "kinds", Message(
            "The kind of {n} of {known} alerts is not known.", {"n": none, "known": proof.alerts})),
    )  # fmt: skip


COMMONEST: Final = 10
NAMED: Final = 3  # categories without a kind that are named
LOOKED_AT: Final = 300  # rows of each third of the file among which the fullest is shown
SHOWN_TEXT: Final = 80
_SHOWN: Final = (
    "reported_at", "occurred_from", "occurred_to", "resolved_at", "time_precision", "category", "more_categories",
    "kind", "affected_gender", "reporter_gender", "age_band", "status", "severity", "feeling", "confirmations",
    "longitude", "latitude", "inside", "district", "incident_id",
)  # fmt: skip
# Where a role is filled by what was understood; of the others, which have a default, the cells say it.
_GIVEN: Final = {
    "alert_id": "incident_id IS NOT NULL",
    **{
        name: f"{name} IS NOT NULL"
        for name in ("occurred_from", "occurred_to", "resolved_at", "severity", "feeling", "age_band")
    },
    **dict.fromkeys(("latitude", "longitude", "x", "y", "point"), "longitude IS NOT NULL"),
    **{role: f"{role} IN ('{Gender.WOMAN}', '{Gender.MAN}', '{Gender.OTHER}')" for role in GENDER_ROLES},
    "category": f"category <> '{UNCATEGORISED}'",
    "more_categories": "len(more_categories) > 0",
}
_DATED: Final = "time_precision <> 'month'"
_STAGED: Final = """
CREATE TEMP TABLE staged AS
SELECT incident_id, occurred_from, occurred_to, resolved_at, severity, feeling, age_band, longitude, affected_gender,
    reporter_gender, category, more_categories, kind, time_precision, weekday, hour,
    CAST(local_date AS DATE) AS local_date, CAST(month AS DATE) AS month,
    60 * date_part('hour', local) + date_part('minute', local) AS minute_of_day,
    date_part('hour', moment) + date_part('minute', moment) = 0 AS at_midnight
FROM (SELECT *, coalesce(occurred_from, reported_at) AS moment, moment AT TIME ZONE $zone AS local
      FROM read_parquet($files))"""


class ProofBuilder:
    """Looks at the rows of a file block by block, and counts its alerts once they are staged.

    `rows`: how many rows the file has.
    """

    def __init__(
        self, labels: Sequence[str], layout: Layout, city: CityProfile, *, rows: int, now: dt.datetime
    ) -> None:
        self._labels, self._layout, self._city, self._rows = tuple(labels), layout, city, max(rows, 1)
        self._today = now.date()
        self._filled = Counter[str]()  # by role: alerts whose row has a text there
        self._best: dict[int, tuple[int, RowProof]] = {}
        self._looked = Counter[int]()

    def follow(self, enriched: Iterator[ParsedRows]) -> Iterator[ParsedRows]:
        """Pass the blocks on, each once it is looked at."""
        for one in enriched:
            block, alerts = one.block, one.alerts
            places = np.searchsorted(block.rows, alerts["row"].to_numpy())
            for role in self._layout.roles.keys() - _GIVEN.keys():
                self._filled[role] += int(
                    np.logical_or.reduce(
                        [_filled(block, part.place, places) for part in self._layout.roles[role]]
                    ).sum()
                )
            self._add_rows(block, alerts, places)
            yield one

    def build(self, staged: Sequence[Path], reasons: Mapping[str, int]) -> Proof:
        """The proof; `staged`: the alerts (Parquet files); `reasons`: why rows were quarantined, with counts."""
        with bounded_duckdb(staged[0].parent) as engine:
            engine.execute(_STAGED, {"files": [str(path) for path in staged], "zone": self._city.timezone})

            def counted(what: str, where: str = "true", source: str = "staged") -> dict[Any, int]:
                return dict(
                    engine.execute(
                        f"SELECT {what} AS what, count(*) FROM {source} WHERE {where} GROUP BY ALL ORDER BY 2 DESC, 1"
                    ).fetchall()
                )

            days, proof = counted("local_date", _DATED), self._counted(counted)
            found = concerns(
                proof,
                minutes=_each(counted("minute_of_day", "hour IS NOT NULL"), 1440),
                days=days,
                office=counted("1", "hour >= 8 AND hour < 17 AND weekday < 5").get(1, 0),
                utc_midnights=counted("at_midnight", "hour IS NOT NULL").get(True, 0),
                future=sum(n for day, n in days.items() if day > self._today) + reasons.get(Reason.FUTURE_DATE, 0),
                has_category="category" in self._layout.roles,
                warnings=self._layout.warnings,
            )
        return replace(proof, concerns=found)

    def _counted(self, counted: Callable[..., dict[Any, int]]) -> Proof:
        """The proof without its concerns; `counted` gives the alerts by an expression of SQL, of some of them."""
        kinds = {kind or "": n for kind, n in counted("kind").items()}
        pairs = counted("(category, kind)")
        more = counted("one", source="(SELECT UNNEST(more_categories) AS one FROM staged)")
        given = {role: counted("1", _GIVEN[role]).get(1, 0) for role in self._layout.roles if role in _GIVEN}
        unused = tuple(self._labels[place] for place, _ in self._layout.genders)
        return Proof(
            alerts=sum(kinds.values()),
            times=counted("time_precision"),
            hours=_each(counted("hour", "hour IS NOT NULL"), 24),
            weekdays=_each(counted("weekday", _DATED), 7),
            months=tuple(sorted(counted("month").items())),
            categories=self._commonest(pairs, more),
            distinct=len({category for category, _ in pairs} | set(more)),
            kinds=kinds,
            genders=tuple(RoleProof(role, self._columns(role), 0, counted(role), unused) for role in GENDER_ROLES),
            roles=tuple(
                RoleProof(role, self._columns(role), given.get(role, self._filled[role]), {})
                for role in sorted(self._layout.roles, key=lambda one: self._layout.place(one))
            ),
            rows=tuple(row for _, (_, row) in sorted(self._best.items())),
        )

    def _commonest(self, pairs: Mapping[tuple[str, str], int], more: Mapping[str, int]) -> tuple[CategoryProof, ...]:
        """The ten commonest categories; those that only stand beside others have the kind of the city's tree."""
        totals, kinds = Counter[str](more), dict[str, list[str]]()
        for (category, kind), n in pairs.items():
            totals[category] += n
            kinds.setdefault(category, []).append(kind or "")
        tree = {one.id: one.kind for one in self._city.categories.values()}
        return tuple(
            CategoryProof(name, tuple(kind for kind in kinds.get(name, [tree.get(name, "")]) if kind), n)
            for name, n in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))[:COMMONEST]
        )

    def _add_rows(self, block: Block, alerts: pa.Table, places: IntArray) -> None:
        """Keep the fullest of the first rows of each third of the file."""
        thirds = np.minimum((alerts["row"].to_numpy() - 1) * 3 // self._rows, 2)
        for third in range(3):
            at = np.flatnonzero(thirds == third)[: LOOKED_AT - self._looked[third]]
            if not len(at):
                continue
            self._looked[third] += len(at)
            full = np.sum([_filled(block, place, places[at]) for place in self._layout.places], axis=0)
            best = int(full.argmax())
            if third not in self._best or full[best] > self._best[third][0]:
                self._best[third] = int(full[best]), self._row(block, alerts, int(at[best]), int(places[at[best]]))

    def _row(self, block: Block, alerts: pa.Table, at: int, place: int) -> RowProof:
        """A row with the texts that may be shown, and the alert that was made of it."""
        alert: dict[str, Any] = (
            alerts.select([name for name in _SHOWN if name in alerts.column_names]).slice(at, 1).to_pylist()[0]
        )
        when = alert["occurred_from"] or alert["reported_at"]
        given = {part.place: role for role, parts in self._layout.roles.items() for part in parts}
        hidden = {*self._layout.personal, *self._layout.text}
        cells = []
        for number, label in enumerate(self._labels):
            text = str(block.table.column(number)[place].as_py()).strip()
            role = given.get(number, "")
            shown = (
                shown_text(text, role, self._layout) if role else "" if number in hidden else nearby_date(text, when)
            )
            cells.append(
                CellProof(label, shown, ("alert" if role else "dropped" if number in hidden else "unused"), role)
            )
        if alert.get("incident_id") is not None:
            alert["incident_id"] = shown_text(str(alert["incident_id"]), "alert_id", self._layout)
        return RowProof(int(block.numbers[place]), tuple(cells), alert)

    def _columns(self, role: str) -> tuple[str, ...]:
        """The columns that give a role, each once."""
        return tuple(dict.fromkeys(self._labels[part.place] for part in self._layout.roles.get(role, ())))


def shown_text(text: str, role: str, layout: Layout) -> str:
    """A cell as it may be shown: "" where it may name a person or is no value of its column; long ones are cut."""
    if role == "alert_id" and re.search(PERSONAL_ID, text):
        return ""
    kept = _printable(redaction(role, layout)(text))
    return kept if len(kept) <= SHOWN_TEXT else f"{kept[:SHOWN_TEXT]}…"


def nearby_date(text: str, when: dt.datetime) -> str:
    """The text of an unused cell, where it is a date within a year of the alert's: a date of birth is not.

    Examples
    --------
    >>> nearby_date("02/03/2025 10:15", dt.datetime(2025, 3, 1)), nearby_date("02/03/1988", dt.datetime(2025, 3, 1))
    ('02/03/2025 10:15', '')
    """
    years = [int(year) for year in re.findall(r"(?<!\d)\d{4}(?!\d)", text)]
    near = bool(years) and all(abs(year - when.year) <= 1 for year in years)
    return (
        text
        if near
        and len(text) <= SHOWN_TEXT
        and re.fullmatch(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}([T ,]+\d{1,2}[:.]\d{2}[\d:.,+ ZAPMapm]*)?", text)
        else ""
    )


def _each(counts: Mapping[int, int], size: int) -> tuple[int, ...]:
    """The counts of the numbers from 0 on, none where a number is missing."""
    return tuple(counts.get(at, 0) for at in range(size))


def _filled(block: Block, place: int, rows: IntArray) -> BoolArray:
    """Which of some rows of a block have a text in a column."""
    return filled(trimmed(in_one_piece(block.table.column(place)).take(pa.array(rows))))
