"""What looks implausible in a file's alerts: one function for each rule, with its reason.

A rule draws attention; it decides nothing. Each needs some alerts before it speaks, so that a handful by chance is not
taken for a pattern.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from analysis.stats.empty_runs import empty_runs
from curim_data.importing.proof import KINDS, Concern, Proof
from curim_data.model import Message
from curim_data.model.i18n import Span
from curim_data.model.labels import UNCATEGORISED

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
NAMED: Final = 3


@dataclass(frozen=True)
class Evidence:
    """What the rules need beyond the proof.

    `office`: alerts with an hour that lie on Monday to Friday from 8 to 17; `minutes`: 1,440 counts of the alerts with
    an hour by local minute of the day; `utc_midnights`: those at exactly midnight UTC; `days`: alerts by date, where it
    is known; `future`: dates after today, of rows in quarantine too; `has_category`: whether a column gives it;
    `warnings`: what the columns show to be wrong.
    """

    office: int
    minutes: Sequence[int]
    utc_midnights: int
    days: Mapping[dt.date, int]
    future: int
    has_category: bool
    warnings: Sequence[Message] = ()


def concerns(proof: Proof, evidence: Evidence) -> tuple[Concern, ...]:
    """Everything about a file's alerts that looks implausible, in the order of the proof."""
    hours = (*_same_time(proof, evidence), *_half_day(proof))
    office = tuple(_office_hours(proof, evidence))
    return (
        *(Concern("columns", "columns", warning) for warning in evidence.warnings),
        *hours,
        *office,
        *(() if office else _no_weekend(proof)),
        *_future(evidence),
        *_dates(proof, evidence),
        *_months(proof),
        *_categories(proof, evidence),
        *_kinds(proof),
    )


def _office_hours(proof: Proof, evidence: Evidence) -> Iterator[Concern]:
    """Offices write at working hours what happened at any: by chance 27 % of all hours lie there, not 80 %."""
    if proof.with_hour >= FEW and evidence.office >= OFFICE_SHARE * proof.with_hour:
        yield Concern(
            "office_hours",
            "hours",
            Message(
                "{n} of {known} times lie between 08:00 and 17:00 on Monday to Friday. That looks like office hours: "
                "perhaps the time of the report, not of the event.",
                {"n": evidence.office, "known": proof.with_hour},
            ),
        )


def _same_time(proof: Proof, evidence: Evidence) -> Iterator[Concern]:
    """The same minute in a fifth of all times is a stand-in: midnight, noon, or midnight UTC moved by the time zone."""
    if proof.with_hour < FEW:
        return
    top = max(range(len(evidence.minutes)), key=lambda minute: evidence.minutes[minute])
    n, words = evidence.minutes[top], {"known": proof.with_hour, "time": f"{top // 60:02d}:{top % 60:02d}"}
    if evidence.utc_midnights >= SAME_TIME_SHARE * proof.with_hour and top:
        message = Message(
            "{n} of {known} times are midnight UTC ({time} here): perhaps dates without a time, moved by the zone.",
            {**words, "n": evidence.utc_midnights},
        )
        yield Concern("utc_midnight", "hours", message)
    elif n >= SAME_TIME_SHARE * proof.with_hour:
        message = Message(
            "{n} of {known} times are exactly {time}: perhaps the time is not known there.", {**words, "n": n}
        )
        yield Concern("same_time", "hours", message)


def _half_day(proof: Proof) -> Iterator[Concern]:
    """A clock of twelve hours that lost its AM and PM leaves the afternoon empty."""
    if proof.with_hour >= SOME and not sum(proof.hours[13:]) and sum(hour > 0 for hour in proof.hours[:13]) >= 8:
        yield Concern(
            "half_day",
            "hours",
            Message("No time lies between 13:00 and midnight: perhaps AM and PM were lost."),
        )


def _no_weekend(proof: Proof) -> Iterator[Concern]:
    """Two days of seven are a weekend; where they hold next to nothing, an office gave the date."""
    weekend = sum(proof.weekdays[5:])
    if proof.with_day >= SOME and weekend < WEEKEND_SHARE * proof.with_day and sum(map(bool, proof.weekdays)) > 2:
        yield Concern(
            "no_weekend",
            "weekdays",
            Message(
                "{n} of {known} alerts lie on a Saturday or Sunday, two days of seven: perhaps the date of the "
                "report, not of the event.",
                {"n": weekend, "known": proof.with_day},
            ),
        )


def _future(evidence: Evidence) -> Iterator[Concern]:
    """What has not happened yet was read in the wrong order, or out of a column of deadlines."""
    if evidence.future:
        yield Concern(
            "future",
            "months",
            Message(
                "Dates in the future: {n}. Perhaps day and month are exchanged, or the column holds what is planned.",
                {"n": evidence.future},
            ),
        )


def _dates(proof: Proof, evidence: Evidence) -> Iterator[Concern]:
    """Dates that pile up: on one day, on the first of the month, or never after the twelfth."""
    known = sum(evidence.days.values())
    if known < SOME or len(evidence.days) < 2:
        return
    day, n = max(evidence.days.items(), key=lambda pair: pair[1])
    if n >= ONE_DAY_SHARE * known:
        message = Message(
            "{n} of {known} dates are {day}: perhaps the day of the entry, or a stand-in for a missing date.",
            {"n": n, "known": known, "day": day},
        )
        yield Concern("one_day", "months", message)
    of_month = Counter[int]()
    for one, count in evidence.days.items():
        of_month[one.day] += count
    if len(proof.months) < 3:
        return
    if max(of_month) <= 12 and len(of_month) > 5:
        message = Message("No date lies after the 12th of a month: perhaps day and month are exchanged.")
        yield Concern("twelve_days", "months", message)
    elif of_month[1] >= ONE_DAY_SHARE * known and n < ONE_DAY_SHARE * known:
        message = Message(
            "{n} of {known} dates are the first of a month: perhaps only the month is known there.",
            {"n": of_month[1], "known": known},
        )
        yield Concern("first_of_month", "months", message)


def _months(proof: Proof) -> Iterator[Concern]:
    """One month that holds nearly all, some alerts years away from the rest, months in between without any."""
    if proof.alerts < FEW or len(proof.months) < 2:
        return
    month, n = max(proof.months, key=lambda pair: pair[1])
    if n >= ONE_MONTH_SHARE * proof.alerts:
        message = Message(
            "{n} of {known} alerts lie in one month, {month}.",
            {"n": n, "known": proof.alerts, "month": Span(month, month, by_month=True)},
        )
        yield Concern("one_month", "months", message)
    groups = _groups(proof.months)
    main = max(groups, key=lambda group: sum(n for _, n in group))
    for group in groups:
        n = sum(n for _, n in group)
        if group is not main and n <= FAR_SHARE * proof.alerts:
            message = Message(
                "Years apart from the others: {span}, alerts: {n}. Perhaps a stand-in for a missing date.",
                {"n": n, "span": Span(group[0][0], group[-1][0], by_month=True)},
            )
            yield Concern("far_dates", "months", message)
    yield from _missing_months(main)


def _groups(months: Sequence[tuple[dt.date, int]]) -> list[list[tuple[dt.date, int]]]:
    """Months with alerts, apart where five years without any lie between them."""
    groups: list[list[tuple[dt.date, int]]] = []
    for one in months:
        if groups and _number(one[0]) - _number(groups[-1][-1][0]) <= FAR_MONTHS:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _missing_months(months: Sequence[tuple[dt.date, int]]) -> Iterator[Concern]:
    """Months without an alert that chance does not explain (`analysis.stats.empty_runs`)."""
    first = _number(months[0][0])
    counts = [0] * (_number(months[-1][0]) - first + 1)
    for month, n in months:
        counts[_number(month) - first] = n
    if empty := empty_runs(counts, "month"):
        start, stop = max(empty, key=lambda run: run[1] - run[0])
        message = Message(
            "Months in between without any alert: {n} (longest gap: {span}). Perhaps a part of the file is missing.",
            {
                "n": sum(stop - start for start, stop in empty),
                "span": Span(_month(first + start), _month(first + stop - 1), by_month=True),
            },
        )
        yield Concern("missing_months", "months", message)


def _categories(proof: Proof, evidence: Evidence) -> Iterator[Concern]:
    """One category for nearly all tells nothing apart: perhaps another column does."""
    if proof.alerts < FEW or not evidence.has_category or not proof.categories:
        return
    top = proof.categories[0]
    if top.n < ONE_CATEGORY_SHARE * proof.alerts:
        return
    words = {"n": top.n, "known": proof.alerts}
    if top.category == UNCATEGORISED:
        yield Concern("no_category", "categories", Message("{n} of {known} alerts have no category.", words))
        return
    message = Message(
        "{n} of {known} alerts have one category, {categories}: perhaps another column tells them apart.",
        {**words, "categories": (top.category,)},
    )
    yield Concern("one_category", "categories", message)


def _kinds(proof: Proof) -> Iterator[Concern]:
    """An alert of no known kind counts neither as an offence nor as an incivility or a danger."""
    unknown = sum(n for kind, n in proof.kinds.items() if kind not in KINDS)
    if not unknown or not proof.alerts:
        return
    words = {"n": unknown, "known": proof.alerts}
    named = tuple(
        one.category
        for one in proof.categories
        if one.category != UNCATEGORISED and (not one.kinds or one.kinds[0] not in KINDS)
    )[:NAMED]
    if named:
        message = Message(
            "The kind of {n} of {known} alerts is not known, such as those of {categories}.",
            {**words, "categories": named},
        )
    else:
        message = Message("The kind of {n} of {known} alerts is not known.", words)
    yield Concern("no_kind", "kinds", message)


def _number(month: dt.date) -> int:
    return month.year * 12 + month.month - 1


def _month(number: int) -> dt.date:
    return dt.date(number // 12, number % 12 + 1, 1)
