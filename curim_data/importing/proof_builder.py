"""Builds the proof of an import: rows while they pass on their way to the staging files, counts from these.

Only a preview and a dry run build one; an import that writes does without. What looks implausible is found by one
function for each rule, with its reason: a rule draws attention and decides nothing, and each needs some alerts before
it speaks, so that a handful by chance is not taken for a pattern.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analysis.stats.empty_runs import empty_runs
from curim_data.formats.base import Layout
from curim_data.importing.outcomes import redaction
from curim_data.importing.proof import (
    GENDER_ROLES,
    KINDS,
    CategoryProof,
    CellProof,
    Concern,
    GenderProof,
    Proof,
    RoleProof,
    RowProof,
    month_number,
    month_of_number,
    printable,
)
from curim_data.importing.rows import PERSONAL_ID, ParsedRows
from curim_data.importing.value_parsing import in_one_piece, trimmed
from curim_data.model import Block, BoolArray, CityProfile, IntArray, Message, Reason
from curim_data.model.i18n import Span
from curim_data.model.labels import UNCATEGORISED
from curim_data.model.values import Gender
from curim_data.store.writing import bounded_duckdb

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
        if groups and month_number(one[0]) - month_number(groups[-1][-1][0]) <= FAR_MONTHS:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _missing_months(months: Sequence[tuple[dt.date, int]]) -> Iterator[Concern]:
    """Months without an alert that chance does not explain (`analysis.stats.empty_runs`)."""
    first = month_number(months[0][0])
    counts = [0] * (month_number(months[-1][0]) - first + 1)
    for month, n in months:
        counts[month_number(month) - first] = n
    if empty := empty_runs(counts, "month"):
        start, stop = max(empty, key=lambda run: run[1] - run[0])
        message = Message(
            "Months in between without any alert: {n} (longest gap: {span}). Perhaps a part of the file is missing.",
            {
                "n": sum(stop - start for start, stop in empty),
                "span": Span(month_of_number(first + start), month_of_number(first + stop - 1), by_month=True),
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


COMMONEST: Final = 10
LOOKED_AT: Final = 300  # rows of each third of the file among which the fullest is shown
SHOWN_TEXT: Final = 80
_OFFICE: Final = "hour >= 8 AND hour < 17 AND weekday < 5"
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
_DATE: Final = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}([T ,]+\d{1,2}[:.]\d{2}[\d:.,+ ZAPMapm]*)?")
_YEAR: Final = re.compile(r"(?<!\d)\d{4}(?!\d)")


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
                texts = [_filled(block, part.place, places) for part in self._layout.roles[role]]
                self._filled[role] += int(np.logical_or.reduce(texts).sum())
            self._add_rows(block, alerts, places)
            yield one

    def build(self, staged: Sequence[Path], reasons: Mapping[str, int]) -> Proof:
        """The proof; `staged`: the alerts (Parquet files); `reasons`: why rows were quarantined, with counts."""
        with bounded_duckdb(staged[0].parent) as engine:
            engine.execute(_STAGED, {"files": [str(path) for path in staged], "zone": self._city.timezone})

            def counted(what: str, where: str = "true", source: str = "staged") -> dict[Any, int]:
                query = f"SELECT {what} AS what, count(*) FROM {source} WHERE {where} GROUP BY ALL ORDER BY 2 DESC, 1"
                return dict(engine.execute(query).fetchall())

            days = counted("local_date", _DATED)
            proof = self._counted(counted)
            evidence = Evidence(
                office=counted("1", _OFFICE).get(1, 0),
                minutes=_each(counted("minute_of_day", "hour IS NOT NULL"), 1440),
                utc_midnights=counted("at_midnight", "hour IS NOT NULL").get(True, 0),
                days=days,
                future=sum(n for day, n in days.items() if day > self._today) + reasons.get(Reason.FUTURE_DATE, 0),
                has_category="category" in self._layout.roles,
                warnings=self._layout.warnings,
            )
        return replace(proof, concerns=concerns(proof, evidence))

    def _counted(self, counted: Callable[..., dict[Any, int]]) -> Proof:
        """The proof without its concerns; `counted` gives the alerts by an expression of SQL, of some of them."""
        kinds = {kind or "": n for kind, n in counted("kind").items()}
        pairs = counted("(category, kind)")
        more = counted("one", source="(SELECT UNNEST(more_categories) AS one FROM staged)")
        given = {role: counted("1", _GIVEN[role]).get(1, 0) for role in self._layout.roles if role in _GIVEN}
        return Proof(
            alerts=sum(kinds.values()),
            times=counted("time_precision"),
            hours=_each(counted("hour", "hour IS NOT NULL"), 24),
            weekdays=_each(counted("weekday", _DATED), 7),
            months=tuple(sorted(counted("month").items())),
            categories=self._commonest(pairs, more),
            distinct=len({category for category, _ in pairs} | set(more)),
            kinds=kinds,
            genders=tuple(GenderProof(role, self._columns(role), counted(role)) for role in GENDER_ROLES),
            roles=tuple(
                RoleProof(role, self._columns(role), given.get(role, self._filled[role]))
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
        found = sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))[:COMMONEST]
        return tuple(
            CategoryProof(name, tuple(kind for kind in kinds.get(name, [tree.get(name, "")]) if kind), n)
            for name, n in found
        )

    def _add_rows(self, block: Block, alerts: pa.Table, places: IntArray) -> None:
        """Keep the fullest of the first rows of each third of the file."""
        numbers = alerts["row"].to_numpy()
        thirds = np.minimum((numbers - 1) * 3 // self._rows, 2)
        for third in range(3):
            left = LOOKED_AT - self._looked[third]
            at = np.flatnonzero(thirds == third)[: max(left, 0)]
            if not len(at):
                continue
            self._looked[third] += len(at)
            full = np.zeros(len(at), np.int64)
            for place in self._layout.places:
                full += _filled(block, place, places[at])
            best = int(full.argmax())
            if third not in self._best or full[best] > self._best[third][0]:
                row = self._row(block, alerts, int(at[best]), int(places[at[best]]))
                self._best[third] = int(full[best]), row

    def _row(self, block: Block, alerts: pa.Table, at: int, place: int) -> RowProof:
        """A row with the texts that may be shown, and the alert that was made of it."""
        names = [name for name in _SHOWN if name in alerts.column_names]
        alert: dict[str, Any] = alerts.select(names).slice(at, 1).to_pylist()[0]
        when = alert["occurred_from"] or alert["reported_at"]
        given = {part.place: (role, part.part) for role, parts in self._layout.roles.items() for part in parts}
        hidden = {*self._layout.personal, *self._layout.text}
        cells = []
        for number, label in enumerate(self._labels):
            text = str(block.table.column(number)[place].as_py()).strip()
            role, part = given.get(number, ("", ""))
            if role:
                cells.append(CellProof(label, shown_text(text, role, self._layout), "alert", role, part))
            elif number in hidden:
                cells.append(CellProof(label, "", "dropped"))
            else:
                cells.append(CellProof(label, nearby_date(text, when), "unused"))
        if alert.get("incident_id") is not None:
            alert["incident_id"] = shown_text(str(alert["incident_id"]), "alert_id", self._layout)
        return RowProof(int(block.numbers[place]), tuple(cells), alert)

    def _columns(self, role: str) -> tuple[str, ...]:
        """The columns that give a role, each once."""
        parts = self._layout.roles.get(role, ())
        return tuple(dict.fromkeys(self._labels[part.place] for part in parts))


def shown_text(text: str, role: str, layout: Layout) -> str:
    """A cell as it may be shown: "" where it may name a person or is no value of its column; long ones are cut."""
    if role == "alert_id" and re.search(PERSONAL_ID, text):
        return ""
    kept = printable(redaction(role, layout)(text))
    return kept if len(kept) <= SHOWN_TEXT else f"{kept[:SHOWN_TEXT]}…"


def nearby_date(text: str, when: dt.datetime) -> str:
    """The text of an unused cell, where it is a date within a year of the alert's: a date of birth is not.

    Examples
    --------
    >>> nearby_date("02/03/2025 10:15", dt.datetime(2025, 3, 1)), nearby_date("02/03/1988", dt.datetime(2025, 3, 1))
    ('02/03/2025 10:15', '')
    """
    years = [int(year) for year in _YEAR.findall(text)]
    near = bool(years) and all(abs(year - when.year) <= 1 for year in years)
    return text if near and len(text) <= SHOWN_TEXT and _DATE.fullmatch(text) else ""


def _each(counts: Mapping[int, int], size: int) -> tuple[int, ...]:
    """The counts of the numbers from 0 on, none where a number is missing."""
    return tuple(counts.get(at, 0) for at in range(size))


def _filled(block: Block, place: int, rows: IntArray) -> BoolArray:
    """Which of some rows of a block have a text in a column."""
    column = in_one_piece(block.table.column(place))
    texts: npt.NDArray[np.bool_] = pc.not_equal(trimmed(column.take(pa.array(rows))), "").to_numpy(False)
    return texts
