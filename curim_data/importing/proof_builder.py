"""Builds the proof of an import while its alerts pass on their way to the staging file: one pass, bounded memory.

Only a preview and a dry run build one; an import that writes does without.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.types import ArrowArray
from curim_data.formats.base import Layout
from curim_data.importing._text_columns import in_one_piece, trimmed
from curim_data.importing.hour_profile import printable
from curim_data.importing.proof import GENDER_ROLES, CategoryProof, CellProof, GenderProof, Proof, RoleProof, RowProof
from curim_data.importing.proof_concerns import Evidence, concerns
from curim_data.importing.quarantine import redaction
from curim_data.importing.rows import PERSONAL_ID
from curim_data.importing.transform import EnrichedBlock
from curim_data.model import Block, BoolArray, CityProfile, IntArray, Reason
from curim_data.model.labels import UNCATEGORISED
from curim_data.model.values import Gender

COMMONEST: Final = 10
MOST_NAMES: Final = 20_000  # distinct categories that are counted before the rare ones are dropped
LOOKED_AT: Final = 300  # rows of each third of the file among which the fullest is shown
SHOWN_TEXT: Final = 80
_OFFICE: Final = (8, 17)
_SHOWN: Final = (
    "reported_at", "occurred_from", "occurred_to", "resolved_at", "time_precision", "category", "more_categories",
    "kind", "affected_gender", "reporter_gender", "age_band", "status", "severity", "feeling", "confirmations",
    "longitude", "latitude", "inside", "district", "incident_id",
)  # fmt: skip
_VALID: Final = {
    "alert_id": "incident_id",
    **{name: name for name in ("occurred_from", "occurred_to", "resolved_at", "severity", "feeling", "age_band")},
    **dict.fromkeys(("latitude", "longitude", "x", "y", "point"), "longitude"),
}
_GENDERS: Final = (Gender.WOMAN.value, Gender.MAN.value, Gender.OTHER.value)
_DATE: Final = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}([T ,]+\d{1,2}[:.]\d{2}[\d:.,+ ZAPMapm]*)?")
_YEAR: Final = re.compile(r"(?<!\d)\d{4}(?!\d)")


class ProofBuilder:
    """Counts over the alerts of a file, block by block; `rows`: how many rows the file has."""

    def __init__(
        self, labels: Sequence[str], layout: Layout, city: CityProfile, *, rows: int, now: dt.datetime
    ) -> None:
        self._labels, self._layout, self._city, self._rows = tuple(labels), layout, city, max(rows, 1)
        self._today = now.date()
        self._alerts = self._office = self._utc_midnights = self._future = 0
        self._times, self._months, self._days = Counter[str](), Counter[dt.date](), Counter[dt.date]()
        self._hours, self._weekdays, self._minutes = (np.zeros(size, np.int64) for size in (24, 7, 1440))
        self._categories, self._kinds = Counter[tuple[str, str]](), Counter[str]()
        self._more = Counter[str]()
        self._genders = {role: Counter[str]() for role in GENDER_ROLES}
        self._filled = Counter[str]()
        self._best: dict[int, tuple[int, RowProof]] = {}
        self._looked = Counter[int]()

    def follow(self, enriched: Iterator[EnrichedBlock]) -> Iterator[EnrichedBlock]:
        """Pass the blocks on, each once it is counted."""
        for one in enriched:
            self.add(one.block, one.alerts)
            yield one

    def add(self, block: Block, alerts: pa.Table) -> None:
        """Add a block and its enriched alerts (`alert.SCHEMA` without alert_id and what the import writes, and row)."""
        if not alerts.num_rows:
            return
        self._alerts += alerts.num_rows
        self._add_times(alerts)
        self._add_clock(alerts)
        self._add_categories(alerts)
        for role, counter in self._genders.items():
            counter.update(_counted(alerts[role]))
        places = np.searchsorted(block.rows, alerts["row"].to_numpy())
        for role in self._layout.roles:
            self._filled[role] += self._count_filled(role, block, alerts, places)
        self._add_rows(block, alerts, places)

    def build(self, reasons: Mapping[str, int]) -> Proof:
        """The proof; `reasons`: why rows were quarantined, with counts."""
        roles = self._layout.roles
        proof = Proof(
            alerts=self._alerts,
            times=dict(self._times),
            hours=tuple(self._hours.tolist()),
            weekdays=tuple(self._weekdays.tolist()),
            months=tuple(sorted(self._months.items())),
            categories=self._commonest(),
            distinct=len({category for category, _ in self._categories} | set(self._more)),
            kinds=dict(self._kinds.most_common()),
            genders=tuple(
                GenderProof(role, self._columns(role), dict(counter.most_common()))
                for role, counter in self._genders.items()
            ),
            roles=tuple(
                RoleProof(role, self._columns(role), self._filled[role])
                for role in sorted(roles, key=lambda one: self._layout.place(one))
            ),
            rows=tuple(row for _, (_, row) in sorted(self._best.items())),
        )
        evidence = Evidence(
            office=self._office,
            minutes=self._minutes.tolist(),
            utc_midnights=self._utc_midnights,
            days=dict(self._days),
            future=self._future + reasons.get(Reason.FUTURE_DATE.value, 0),
            has_category="category" in roles,
            warnings=self._layout.warnings,
        )
        return Proof(**{**vars(proof), "concerns": concerns(proof, evidence)})

    def _add_times(self, alerts: pa.Table) -> None:
        """Count precisions, months, days, weekdays and hours."""
        self._times.update(_counted(alerts["time_precision"]))
        self._months.update(_counted(alerts["month"]))
        dated = pc.not_equal(alerts["time_precision"], "month")
        days = _counted(alerts["local_date"].filter(dated))
        self._days.update(days)
        self._future += sum(n for day, n in days.items() if day > self._today)
        weekday = alerts["weekday"].to_numpy()
        self._weekdays += np.bincount(weekday[dated.to_numpy()], minlength=7)
        timed = alerts["hour"].is_valid().to_numpy()
        hour = pc.fill_null(alerts["hour"], 0).to_numpy()
        self._hours += np.bincount(hour[timed], minlength=24)
        first, end = _OFFICE
        self._office += int((timed & (weekday < 5) & (hour >= first) & (hour < end)).sum())

    def _add_clock(self, alerts: pa.Table) -> None:
        """Count the minutes of the day of those that have an hour, and those that are midnight UTC to the minute."""
        timed = alerts["hour"].is_valid()
        times = pc.coalesce(alerts["occurred_from"], alerts["reported_at"]).filter(timed).to_pandas()
        local = times.dt.tz_convert(self._city.timezone)
        minutes = (local.dt.hour * 60 + local.dt.minute).to_numpy(np.int64)
        self._minutes += np.bincount(minutes, minlength=1440)
        self._utc_midnights += int(((times.dt.hour == 0) & (times.dt.minute == 0)).sum())

    def _add_categories(self, alerts: pa.Table) -> None:
        """Count kinds, and categories with their kinds; further ones of an alert without a kind."""
        self._kinds.update({kind or "": n for kind, n in _counted(alerts["kind"]).items()})
        pairs = alerts.select(["category", "kind"]).group_by(["category", "kind"]).aggregate([([], "count_all")])
        for category, kind, n in zip(*(pairs[name].to_pylist() for name in pairs.column_names), strict=True):
            self._categories[category, kind or ""] += n
        self._more.update(_counted(pc.list_flatten(alerts["more_categories"])))
        if len(self._categories) > 2 * MOST_NAMES:
            self._categories = Counter(dict(self._categories.most_common(MOST_NAMES)))
        if len(self._more) > 2 * MOST_NAMES:
            self._more = Counter(dict(self._more.most_common(MOST_NAMES)))

    def _commonest(self) -> tuple[CategoryProof, ...]:
        """The ten commonest categories; those that only stand beside others have the kind of the city's tree."""
        totals, kinds = Counter[str](self._more), dict[str, list[str]]()
        for (category, kind), n in self._categories.most_common():
            totals[category] += n
            kinds.setdefault(category, []).append(kind)
        tree = {one.id: one.kind for one in self._city.categories.values()}
        found = sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))[:COMMONEST]
        return tuple(
            CategoryProof(name, tuple(kind for kind in kinds.get(name, [tree.get(name, "")]) if kind), n)
            for name, n in found
        )

    def _count_filled(self, role: str, block: Block, alerts: pa.Table, places: IntArray) -> int:
        """In how many alerts a role is filled: by what was understood, or where that has a default by the cells."""
        if role in _VALID:
            column = alerts[_VALID[role]]
            return int(len(column) - column.null_count)
        if role == "category":
            return int(pc.sum(pc.not_equal(alerts["category"], UNCATEGORISED)).as_py() or 0)
        if role == "more_categories":
            return int(pc.sum(pc.greater(pc.list_value_length(alerts["more_categories"]), 0)).as_py() or 0)
        if role in GENDER_ROLES:
            return int(pc.sum(pc.is_in(alerts[role], value_set=pa.array(_GENDERS))).as_py() or 0)
        filled = np.zeros(len(places), bool)
        for part in self._layout.roles[role]:
            filled |= _filled(block, part.place, places)
        return int(filled.sum())

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


def _counted(column: ArrowArray) -> dict[Any, int]:
    """Each value of a column and how often it stands there; missing ones under None."""
    counted = pc.value_counts(column)
    return dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))


def _filled(block: Block, place: int, rows: IntArray) -> BoolArray:
    """Which of some rows of a block have a text in a column."""
    column = in_one_piece(block.table.column(place))
    texts: npt.NDArray[np.bool_] = pc.not_equal(trimmed(column.take(pa.array(rows))), "").to_numpy(False)
    return texts
