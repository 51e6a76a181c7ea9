"""Transform: the stages of an import that make alerts of rows. Decide, parse, enrich, stage.

Blocks pass through parsing, enriching and staging one after the other; each of these works in a thread of its own, one
block ahead of the next (`containers.base`), so that they hold no more of a larger file. Counts are exact for every
file. Lists of single rows are bounded, so that they do not grow with the file. A text that may reveal a person is not
kept in quarantine: not the columns without a role, and no value too long for its column. In a row with too many or too
few fields it is unknown which piece is which: of such a row only the id is kept, where it comes first. The whole row is
in the file that was imported, under its row number. Of a row of an erased alert nothing but that number is kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.containers.base import ArrowText, prefetch
from curim_data.formats import GUESSED
from curim_data.formats.base import Layout, Part
from curim_data.formats.columns import RoleColumns
from curim_data.geo.enrichment import KnownPositions, enrich
from curim_data.importing.coordinates import near_city
from curim_data.importing.decisions import Decisions, decide
from curim_data.importing.extract import EXTRACTED, ProfiledExport
from curim_data.importing.first_city import FirstCity, PlaceColumns
from curim_data.importing.ids import IdScope, id_scope
from curim_data.importing.mapping import (
    FORMAT,
    FORMAT_NAME,
    OWN,
    SETTLED,
    ColumnMapping,
    covered_days,
    file_stem,
    signature_of,
)
from curim_data.importing.questions import UNKNOWN
from curim_data.importing.rows import (
    FLAG_BITS,
    ParsedRows,
    RowOutcomes,
    flag_lists,
    parse_rows,
    redaction,
    repaired_values,
)
from curim_data.model import Block, CityProfile, Flag, Kind, Message, Reason, RejectedRecord
from curim_data.model.place_names import PlaceNames
from curim_data.store import Batch, Home, Store
from curim_data.store.commits import ErasedList
from curim_data.store.writing import Staging, bounded_duckdb

_ID: Final = re.compile(r"(?=[^\d]*\d)[\w.:/#-]{1,60}")
_NINE_DIGITS: Final = re.compile(r"\d{9}")
ID_COLUMN: Final = b"curim.alert_id"  # metadata of the file: which column holds the ids


class Quarantine:
    """Collects the quarantined rows of one file; `path` exists once there is one.

    `settled`: how the file was read. `numbers_only`: keep only the number of a row
    whose fields do not fit the columns, since it may be one that was erased.
    """

    def __init__(
        self,
        path: Path,
        labels: Sequence[str],
        layout: Layout,
        settled: ColumnMapping,
        *,
        numbers_only: bool,
    ) -> None:
        self.path, self.reasons = path, Counter[str]()
        self._layout, self._settled, self._numbers_only = layout, settled, numbers_only
        self._names: dict[int, str] = {}
        for place in layout.places:  # names of columns that are unique, and different from those of our own columns
            name, taken = labels[place], {*OWN, *self._names.values()}
            able = (name or f"column {place + 1}", *(f"{name or 'column'} ({n})" for n in range(2, len(labels) + 6)))
            self._names[place] = next(one for one in able if one not in taken)
        self._width = len(labels)
        self._writer: pq.ParquetWriter | None = None
        self._first: list[pa.Table] = []

    def add(self, block: Block, outcomes: RowOutcomes) -> None:
        """Add the invalid rows of a block."""
        table = self._table(block, outcomes)
        self._first.append(table.slice(0, max(LISTED_ROWS - self.reasons.total(), 0)))
        self.reasons.update(table["reason"].to_pylist())
        if table.num_rows:
            if self._writer is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._writer = pq.ParquetWriter(self.path, table.schema, compression="zstd")
            self._writer.write_table(table)

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()

    def first(self) -> pd.DataFrame:
        """Return the first quarantined rows, in the order of the file."""
        return (
            pa.concat_tables(self._first).to_pandas()
            if self.reasons.total()
            else pd.DataFrame({name: pd.Series(dtype=object) for name in (*OWN, *self._names.values())})
        )

    def _table(self, block: Block, outcomes: RowOutcomes) -> pa.Table:
        layout, names = self._layout, self._names
        redact = {part.place: redaction(role, layout) for role, parts in layout.roles.items() for part in parts}
        at_label = {role: layout.place(role) for role in layout.roles} | {label: at for at, label in names.items()}
        where = np.flatnonzero(outcomes.reason != "")
        raw = block.table.take(pa.array(where))
        erased = outcomes.reason[where] == Reason.ERASED.value
        columns = np.where(erased, "", outcomes.column[where])
        values = [
            redact[at_label[column]](str(value)) if column in at_label else ""
            for value, column in zip(outcomes.value[where], columns, strict=True)
        ]
        rows = {"row": block.numbers[where], "column": columns, "value": values, "reason": outcomes.reason[where]}
        texts = {
            name: np.where(erased, "", np.array([*map(redact[at], raw.column(at).to_pylist())], object))
            for at, name in names.items()
        }
        blank = dict.fromkeys((*rows, *texts), "")
        misfits = [blank | self._misfit(record, redact) for record in block.refused]
        frame = pd.concat([pd.DataFrame({**rows, **texts}), pd.DataFrame(misfits, columns=[*blank], dtype=object)])
        frame = frame.sort_values("row", kind="stable")
        table = pa.Table.from_pandas(
            frame,
            pa.schema([(name, pa.int64() if name == "row" else pa.string()) for name in blank]),
            preserve_index=False,
        )
        place = layout.place("alert_id") if "alert_id" in layout.roles else None
        named = {ID_COLUMN: names[place].encode()} if place is not None else {}
        named |= {SETTLED: self._settled.to_toml().encode(), FORMAT_NAME: layout.format.encode()}
        return table.replace_schema_metadata(named)

    def _misfit(self, record: RejectedRecord, redact: dict[int, Callable[[str], str]]) -> dict[str, Any]:
        line: dict[str, Any] = {"row": record.number, "reason": record.reason.value}
        if self._numbers_only:
            return line
        if len(record.fields) == self._width and record.reason is Reason.BAD_ENCODING:
            line |= {name: redact[at](record.fields[at]) for at, name in self._names.items()}
        elif self._layout.roles.get("alert_id") == (Part(0),) and record.fields:
            first = record.fields[0].strip()
            if _ID.fullmatch(first) and not _NINE_DIGITS.search(first):  # no piece of a text and no telephone number
                line[self._names[0]] = record.fields[0]
        return line


LISTED_ROWS: Final = 100_000
ELSEWHERE: Final = 0.2
LEAST_ELSEWHERE: Final = 5
LISTED_WORDS: Final = 2_000


_TALLIED: Final = """
SELECT count(longitude), count(*) FILTER (NOT inside), count(*) FILTER (len(more_categories) > 0), min(local_date),
    max(local_date) FROM staged"""
_FLAGS: Final = "SELECT flag, count(*) FROM (SELECT unnest(flags) AS flag FROM staged) GROUP BY 1"
_NO_KIND: Final = "SELECT category, count(*) FROM staged WHERE kind = $1 GROUP BY 1 ORDER BY 2 DESC, min(row)"


class Tally:
    """Totals over the blocks of a file.

    `repairs`: values that were changed, by rule and column; `first_repairs`: old and new of the first of them;
    `no_kind`: how many alerts of no known kind each category has.
    """

    def __init__(self) -> None:
        self.read = 0
        self.repairs, self.flags, self.no_kind = Counter[tuple[str, str]](), dict[str, int](), dict[str, int]()
        self.first_repairs: dict[tuple[str, str], tuple[str, str]] = {}
        self.unknown: dict[str, Counter[str]] = {}

    @property
    def elsewhere(self) -> bool:
        """Whether a person is asked about alerts outside the city: where most are, or more than a fifth far from it."""
        return self.outside > self.mapped / 2 or (self.far >= LEAST_ELSEWHERE and self.far > ELSEWHERE * self.mapped)

    def add_rows(self, block: Block, outcomes: RowOutcomes) -> None:
        """Add the repairs of a block's valid rows and the values that were not recognised."""
        self.read += block.read
        valid = outcomes.valid
        for one in outcomes.repairs:
            rule, column, mask, _, _ = one
            where = np.flatnonzero(mask & valid)
            if len(where):
                self.repairs[rule.value, column] += len(where)
                self.first_repairs.setdefault((rule.value, column), repaired_values(one, int(where[0])))
        for column, values in outcomes.unknown.items():
            counter = self.unknown.setdefault(column, Counter())
            counter.update(values)
            if len(counter) > 2 * LISTED_WORDS:
                self.unknown[column] = Counter(dict(counter.most_common(LISTED_WORDS)))

    def count_alerts(self, staged: Sequence[Path], city: CityProfile) -> None:
        """Count the staged alerts (Parquet files)."""
        with bounded_duckdb(staged[0].parent) as engine:
            engine.read_parquet([str(path) for path in staged]).create_view("staged")
            [(self.mapped, self.outside, self.several, self.first, self.last)] = engine.execute(_TALLIED).fetchall()
            self.flags = dict(engine.execute(_FLAGS).fetchall())
            self.no_kind = dict(engine.execute(_NO_KIND, [Kind.UNKNOWN.value]).fetchall())
            points = engine.execute("SELECT longitude, latitude FROM staged WHERE NOT inside").df()
        self.far = int((~near_city(city, *points.to_numpy(float).T)).sum())

    def repair_table(self) -> pd.DataFrame:
        """Return rule, column, n, and old and new of the first, the most frequent repair first."""
        return pd.DataFrame(
            [(*key, n, *self.first_repairs[key]) for key, n in self.repairs.most_common()],
            columns=["rule", "column", "n", "old", "new"],
        )


TRANSFORMED: Final = 0.85  # share of an import that is done after these stages


@dataclass(frozen=True)
class ImportPlan:
    """What holds for all rows of a file.

    `first`: the city that was made from the file, of a home without one. `ids`: how its ids become those of the store.
    `erased`: alerts that were erased at a person's request and must not come back.
    """

    city: CityProfile
    first: FirstCity | None
    decisions: Decisions
    ids: IdScope
    erased: ErasedList


@dataclass(frozen=True)
class StagedExport:
    """A file whose alerts are staged on disk. `batch`: without the counts that come from the match with the store.
    `learnt`: names of positions in the city, and the headings of the columns that gave them; `learnt_around`: names of
    all positions, where the city is a part of the file's area.
    """

    profiled: ProfiledExport
    plan: ImportPlan
    tally: Tally
    quarantine: Quarantine
    staging: Staging
    batch: Batch
    learnt: tuple[PlaceNames, tuple[str, ...]]
    learnt_around: PlaceNames


def decide_plan(profiled: ProfiledExport, city: CityProfile, home: Home, first: FirstCity | None) -> ImportPlan:
    """Decide what holds for all rows. Question where the evidence of the file is balanced."""
    request, layout, profile = profiled.request, profiled.layout, profiled.profile
    decisions = decide(profile, layout, city, request.answers, request.name, request.now)
    return ImportPlan(
        city,
        first,
        decisions,
        id_scope(profile, layout, decisions, city, Store(home), request.answers, request.name, profiled.mapping_name),
        ErasedList(home),
    )


def parse_blocks(profiled: ProfiledExport, plan: ImportPlan) -> Iterator[ParsedRows]:
    """Parse the rows of all blocks into typed alerts; erased ones are quarantined."""
    layout, labels = profiled.layout, profiled.labels
    for block in prefetch(profiled.blocks()):
        rows = parse_rows(block, labels, layout, plan.decisions, plan.city)
        if plan.ids.prefix:
            where, ids = rows.alerts.schema.get_field_index("incident_id"), plan.ids.ids(rows.alerts["incident_id"])
            scoped = rows.alerts.set_column(where, rows.alerts.schema.field(where), ids.cast(pa.string()))
            rows = replace(rows, alerts=scoped)
        if not plan.erased.empty:
            ids = RoleColumns(block.table, layout, labels)["alert_id"].cast(pa.string())
            rows = _without_erased(rows, plan.erased, plan.ids.ids(ids))
        yield rows


def enrich_blocks(parsed: Iterator[ParsedRows], city: CityProfile) -> Iterator[ParsedRows]:
    """Add cells, district, local time and darkness, and write the flags as lists."""
    known = KnownPositions(city)
    for rows in prefetch(parsed):
        alerts = enrich(rows.alerts, city, known)
        outside = pc.fill_null(pc.invert(alerts["inside"]), False).to_numpy()
        bits = alerts["flag_bits"].to_numpy() | np.where(outside, FLAG_BITS[Flag.OUTSIDE_CITY], 0)
        yield replace(rows, alerts=alerts.append_column("flags", flag_lists(bits)))


def _settled(profiled: ProfiledExport, plan: ImportPlan) -> ColumnMapping:
    """How the file is read, with what its many rows decided and a few mended ones could not decide again."""
    request, layout, decided = profiled.request, profiled.layout, plan.decisions
    answers = replace(
        request.answers,
        dates=None if decided.dates.rows else request.answers.dates or decided.dates.order,
        crs=request.answers.crs or decided.coordinates.crs,
        order=request.answers.order or decided.coordinates.order,
        timezone=request.answers.timezone or decided.timezone,
        category=request.answers.category or decided.category,
        midnight=request.answers.midnight or (UNKNOWN if decided.midnight else None),
        sheet=None,
    )
    name = file_stem(request.name)
    if layout.format in (GUESSED, FORMAT):
        return ColumnMapping.from_layout(layout, profiled.labels, answers=answers, name=name)
    return ColumnMapping(name, {}, answers=replace(answers, area=None))


def stage_alerts(
    enriched: Iterator[ParsedRows],
    profiled: ProfiledExport,
    plan: ImportPlan,
    work: Path,
    batch_id: str,
) -> StagedExport:
    """Write the alerts of all blocks to the working folder, and account for each row that was read."""
    request, layout, labels, city = profiled.request, profiled.layout, profiled.labels, plan.city
    quarantine = Quarantine(
        work / "quarantine.parquet",
        labels,
        layout,
        _settled(profiled, plan),
        numbers_only=not plan.erased.empty,
    )
    tally, staging = Tally(), Staging(work)
    places = PlaceColumns(labels, layout)
    around = PlaceColumns(labels, layout, outside=True) if city.part else None
    message = Message("Finding cells, districts and darkness")
    try:
        for one in enriched:
            alerts, rows = one.alerts, one.outcomes
            for column, value in (("batch_id", batch_id), ("profile_version", city.version)):
                alerts = alerts.append_column(column, pa.repeat(pa.scalar(value), alerts.num_rows))
            tally.add_rows(one.block, rows)
            quarantine.add(one.block, rows)
            places.add(one.block, alerts)
            if around is not None:
                around.add(one.block, alerts)
            staging.add(alerts)
            request.report_progress(
                EXTRACTED + (TRANSFORMED - EXTRACTED) * (tally.read / max(profiled.rows, 1)), message
            )
    finally:
        quarantine.close()
        staging.close()
    profiled.check_unchanged()
    tally.count_alerts(staging.paths, city)
    covered = covered_days(request.answers.covers)
    batch = Batch(
        id=batch_id,
        file_name=request.name,
        sha256=profiled.file.facts.sha256,
        format=layout.format,
        when=request.now,
        profile_version=city.version,
        read=tally.read,
        quarantined=quarantine.reasons.total(),
        reasons=dict(quarantine.reasons),
        signature={
            **signature_of(labels, layout, profiled.profile, *(covered or (tally.first, tally.last))),
            "mapping": profiled.mapping_name,
            "declared": covered is not None,
        },
        id_prefix=plan.ids.prefix if plan.ids.only is None else "",
    )
    learnt = places.names()
    learnt_around = learnt[0] if around is None else around.names()[0]
    return StagedExport(profiled, plan, tally, quarantine, staging, batch, learnt, learnt_around)


def _without_erased(rows: ParsedRows, erased: ErasedList, ids: ArrowText) -> ParsedRows:
    """Quarantine the rows of erased alerts; `ids` of all rows, since invalid ones may be of such an alert too."""
    gone = erased.mask(rows.alerts["incident_id"], rows.alerts["content_hash"])
    rows.outcomes.reason[~rows.outcomes.valid & erased.named(ids)] = Reason.ERASED.value
    mask = np.isin(rows.block.rows, rows.alerts["row"].to_numpy()[gone])
    rows.outcomes.quarantine(mask, Reason.ERASED, "", pa.array([""] * len(mask)))
    return replace(rows, alerts=rows.alerts.filter(pa.array(~gone)))
