"""Transform: the stages of an import that make alerts of rows. Decide, parse, enrich, stage.

Blocks pass through parsing, enriching and staging one after the other; each of these works in a thread of its own, one
block ahead of the next (`containers.base`), so that they hold no more of a larger file. Names of positions are
learnt on the way from columns that name places (streets, neighbourhoods, numbered districts): only the heading's
meaning, the name without house number, the map cell and a count are kept, of names that recur in columns of names. What
is kept names hot spots (`model.place_names`); nothing is counted by it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.base import ArrowText, prefetch
from curim_data.formats import GUESSED
from curim_data.formats.base import Layout, fold
from curim_data.geo.enrichment import KnownPositions, enrich
from curim_data.importing.comparison import signature_of
from curim_data.importing.decisions import Decisions, decide
from curim_data.importing.extract import EXTRACTED, ProfiledExport
from curim_data.importing.id_collisions import IdScope, id_scope
from curim_data.importing.mapping import FORMAT, ColumnMapping
from curim_data.importing.outcomes import LISTED_ROWS, Quarantine, Tally, flag_bit, flag_lists
from curim_data.importing.roles import RoleColumns
from curim_data.importing.rows import ParsedRows, parse_rows
from curim_data.lexicon.places import (
    AREA_HEADINGS,
    BEFORE,
    COMPASS,
    NO_PLACE,
    NUMBERED_HEADINGS,
    SMALL_WORDS,
    STREET_HEADINGS,
)
from curim_data.model import Block, CityProfile, Message, Reason
from curim_data.model.place_names import AREA, COLUMNS, RESOLUTION, STREET, PlaceNames
from curim_data.model.reasons import Flag
from curim_data.store import Batch, Home, Store
from curim_data.store.commits import ErasedList
from curim_data.store.writing import Staging

LEAST_NAME: Final = 5  # alerts of one file that a name has at least
LEAST_CELL: Final = 3  # alerts with the name in a cell
MOST_RECUR: Final = 0.5  # share of a column's filled rows that names which recur have at least
LONGEST: Final = 40  # letters of a name
MOST_WORDS: Final = 6  # of a name: more are a sentence
MOST_KEPT: Final = 400_000  # pairs of name and cell of a column, before those seen once are let go
MOST_AREAS: Final = 1500  # names of an area column: more are addresses

_HOUSE_BEFORE: Final = re.compile(
    r"^\s*(?:[\dX]+[\dX\-/]*[A-Z]?|\d+-\d+)\s+(?=\D|\d+(?:ST|ND|RD|TH)?\s)", re.IGNORECASE
)
_HOUSE_AFTER: Final = re.compile(r"[\s,]+(?:n[uú]m\.?|n[ºo°]\.?|αρ\.?)?\s*\d+\s*[A-Za-zΑ-Ωα-ω]?$", re.IGNORECASE)
_LSOA: Final = re.compile(r"\s+\d{3}[A-Z]$")
_GENITIVE: Final = re.compile(r"(?<=[^\W\dA-Z])(['’])S\b")  # exports of the police in England write "St Andrew'S"
_NO_NAME: Final = re.compile(r"\d{5}|\d[ .-]\d{3}|[@<>{}=|?!_]")  # an address of mail, a telephone, a sentence, a code
_NUMBER: Final = re.compile(r"^0*(\d{1,4})(?:\.0+)?$")


@dataclass
class _Column:
    """What one column held: by name and cell the number of alerts."""

    place: int
    heading: str
    pairs: Counter[tuple[str, int]] = field(default_factory=Counter)
    filled: int = 0
    numbers: int = 0


@dataclass(frozen=True)
class LearntNames:
    """The names of positions that a file gave, and the headings of its columns that gave them."""

    names: PlaceNames
    columns: tuple[str, ...]

    def sentences(self) -> tuple[Message, ...]:
        """What was kept of those columns; none where nothing was."""
        if not self.columns:
            return ()
        told = Message(
            "Of {columns}, the names of streets and areas that recur were kept, without house numbers: they name "
            "places on maps and in lists.",
            {"columns": ", ".join(self.columns)},
        )
        return (told,)


class PlaceColumns:
    """Gathers the names of a file's columns block by block; memory grows with the city, not with the file."""

    def __init__(self, labels: Sequence[str], layout: Layout, *, outside: bool = False) -> None:
        """`outside`: names of positions outside the city are gathered too."""
        self._outside = outside
        used = {*layout.places, *layout.personal}
        headings = {place: re.sub(r"\W+", "_", fold(label)) for place, label in enumerate(labels) if place not in used}
        wanted = AREA_HEADINGS | STREET_HEADINGS | set(NUMBERED_HEADINGS)
        self._columns = [_Column(place, heading) for place, heading in headings.items() if heading in wanted]
        self._labels = tuple(labels)
        self._name = lru_cache(maxsize=MOST_KEPT)(place_name)  # gone with the import: cells may hold addresses

    def add(self, block: Block, alerts: pa.Table) -> None:
        """Take the names of the rows that became `alerts` (columns row, cell_9, cell_10, inside)."""
        if not self._columns or not alerts.num_rows:
            return
        known = np.asarray(pc.is_valid(alerts["cell_10"]), bool)
        if not self._outside:
            known &= np.asarray(pc.fill_null(alerts["inside"], False), bool)
        at = np.searchsorted(block.rows, alerts["row"].to_numpy())[known]
        cells = {
            size: pc.filter(alerts[f"cell_{size}"], pa.array(known)).to_numpy().astype(np.int64)
            for size in set(RESOLUTION.values())
        }
        for column in self._columns:
            is_street = column.heading in STREET_HEADINGS
            self._count(column, block.table.column(column.place), at, cells[RESOLUTION[STREET if is_street else AREA]])

    def names(self) -> LearntNames:
        """What was learnt: the streets, the finest column of areas, and the finest column of numbered ones."""
        groups: dict[str, list[tuple[pd.DataFrame, str]]] = {STREET: [], AREA: [], "": []}
        for column in self._columns:
            numbers = column.numbers > column.filled / 2
            kind = NUMBERED_HEADINGS.get(column.heading) if numbers else AREA
            kind = STREET if column.heading in STREET_HEADINGS else kind
            table = _recurring(column, kind, numbers=numbers) if kind else None
            if table is not None and (kind == STREET or table["name"].nunique() <= MOST_AREAS):
                groups.get(str(kind), groups[""]).append((table, self._labels[column.place]))
        kept = [max(group, key=lambda one: one[0]["name"].nunique()) for group in groups.values() if group]
        if not kept:
            return LearntNames(PlaceNames(), ())
        table = pd.concat([table for table, _ in kept], ignore_index=True)
        return LearntNames(PlaceNames(table[list(COLUMNS)]), tuple(label for _, label in kept))

    def _count(self, column: _Column, texts: pa.ChunkedArray, at: np.ndarray, cells: np.ndarray) -> None:
        codes = pc.dictionary_encode(texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts)
        raw = [str(value or "") for value in codes.dictionary.to_pylist()]
        names = [self._name(text, street=column.heading in STREET_HEADINGS) for text in raw]
        of = codes.indices.fill_null(-1).to_numpy()[at]
        given = (of >= 0) & np.array([bool(raw[code].strip()) if code >= 0 else False for code in of.tolist()], bool)
        column.filled += int(given.sum())
        pairs, counts = np.unique(np.column_stack([of[given], cells[given]]), axis=0, return_counts=True)
        for (code, cell), n in zip(pairs.tolist(), counts.tolist(), strict=True):
            if names[code]:
                column.pairs[names[code], cell] += n
                column.numbers += n * names[code].isdigit()
        if len(column.pairs) > MOST_KEPT:
            column.pairs = Counter({pair: n for pair, n in column.pairs.items() if n > 1})


def place_name(text: str, *, street: bool) -> str:
    """The name in a cell of such a column, "" where it holds none.

    >>> place_name("On or near Star Yard", street=True), place_name("11XX BURNABY ST", street=True)
    ('Star Yard', 'Burnaby St')
    >>> place_name("CTRA. DEHESA DE LA VILLA, 1", street=True), place_name("Camden 028B", street=False)
    ('Ctra. Dehesa de la Villa', 'Camden')
    >>> place_name("254 STREET", street=True), place_name("2.0", street=False), place_name("a@b.gr", street=True)
    ('254 Street', '2', '')
    >>> place_name("On or near St Andrew'S Street", street=True)
    "St Andrew's Street"
    """
    text = " ".join(text.split())
    number = _NUMBER.match(text)
    if number and not street:
        return number[1]
    for word in BEFORE:
        if text.lower().startswith(word):
            text = text[len(word) :]
    if street:
        text = _without_house(re.split(r"\s+/\s+|;", text)[0])
        text = next((part.strip() for part in text.split(",") if part.strip()), "")
    else:
        text = _LSOA.sub("", text)
    if fold(text) in NO_PLACE or not 2 <= len(text) <= LONGEST or len(text.split()) > MOST_WORDS:
        return ""
    if not any(letter.isalpha() for letter in text) or _NO_NAME.search(text):
        return ""
    return _capitals(text) if text == text.upper() else _GENITIVE.sub(r"\1s", text)


def _without_house(text: str) -> str:
    """A street without the number of a house or a block; what would be left without a name keeps it."""
    for pattern in (_HOUSE_BEFORE, _HOUSE_AFTER):
        rest = pattern.sub("", text).strip(" ,")
        if pattern is _HOUSE_BEFORE and len(rest.split()) < 2:
            continue
        text = rest or text
    return text


def _capitals(text: str) -> str:
    """Words in capitals as a name is written; the points of the compass stay."""
    words = text.lower().split(" ")
    return " ".join(
        word.upper()
        if word in COMPASS
        else word
        if at and word in SMALL_WORDS
        else "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
        for at, word in enumerate(words)
    )


def _recurring(column: _Column, kind: str, *, numbers: bool) -> pd.DataFrame | None:
    """The names of a column that recur, by cell; None where most of its rows hold something else."""
    totals: Counter[str] = Counter()
    for (name, _), n in column.pairs.items():
        if name.isdigit() == numbers:
            totals[name] += n
    kept = {name for name, n in totals.items() if n >= LEAST_NAME}
    if not kept or sum(totals[name] for name in kept) < MOST_RECUR * column.filled:
        return None
    rows = [(kind, name, cell, n) for (name, cell), n in column.pairs.items() if name in kept and n >= LEAST_CELL]
    return pd.DataFrame(rows, columns=list(COLUMNS)) if rows else None


TRANSFORMED: Final = 0.85  # share of an import that is done after these stages


@dataclass(frozen=True)
class ImportPlan:
    """What holds for all rows of a file.

    `ids`: how its ids become those of the store. `erased`: alerts that were erased at a person's request and must not
    come back.
    """

    city: CityProfile
    decisions: Decisions
    ids: IdScope
    erased: ErasedList


@dataclass(frozen=True)
class StagedExport:
    """A file whose alerts are staged on disk. `batch`: without the counts that come from the match with the store.
    `learnt`: names of positions in the city; `learnt_around`: of all positions, where the city is a part of the file's
    area.
    """

    tally: Tally
    quarantine: Quarantine
    staging: Staging
    batch: Batch
    learnt: LearntNames
    learnt_around: LearntNames


def decide_plan(profiled: ProfiledExport, city: CityProfile, home: Home) -> ImportPlan:
    """Decide what holds for all rows. Question where the evidence of the file is balanced."""
    request, layout, profile = profiled.request, profiled.layout, profiled.profile
    decisions = decide(profile, layout, city, request.answers, request.name, request.now)
    mapping, store = profiled.mapping_name, Store(home)
    scope = id_scope(profile, layout, decisions, city, store, request.answers, request.name, mapping)
    return ImportPlan(city, decisions, scope, ErasedList(home))


def parse_blocks(profiled: ProfiledExport, plan: ImportPlan) -> Iterator[ParsedRows]:
    """Parse the rows of all blocks into typed alerts; erased ones are quarantined."""
    layout, labels = profiled.layout, profiled.labels

    def parse(block: Block) -> ParsedRows:
        rows = parse_rows(block, labels, layout, plan.decisions, plan.city)
        rows = replace(rows, alerts=plan.ids.alerts(rows.alerts))
        if not plan.erased.empty:
            ids = RoleColumns(block.table, layout, labels)["alert_id"].cast(pa.string())
            rows = _without_erased(rows, plan.erased, plan.ids.ids(ids))
        return rows

    return prefetch(map(parse, prefetch(profiled.blocks())))


def enrich_blocks(parsed: Iterator[ParsedRows], city: CityProfile) -> Iterator[ParsedRows]:
    """Add cells, district, local time and darkness, and write the flags as lists."""
    known = KnownPositions(city)

    def enriched(one: ParsedRows) -> ParsedRows:
        return replace(one, alerts=_with_flags(enrich(one.alerts, city, known)))

    return prefetch(map(enriched, parsed))


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
        sheet=None,
    )
    name = Path(request.name).name.partition(".")[0] or request.name
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
        LISTED_ROWS,
        settled=_settled(profiled, plan),
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
            tally.add_alerts(alerts, city)
            quarantine.add(one.block, rows)
            places.add(one.block, alerts)
            if around is not None:
                around.add(one.block, alerts)
            staging.add(alerts)
            share = tally.read / max(profiled.rows, 1)
            request.report_progress(EXTRACTED + (TRANSFORMED - EXTRACTED) * share, message)
    finally:
        quarantine.close()
        staging.close()
    profiled.check_unchanged()
    batch = Batch(
        id=batch_id,
        file_name=request.name,
        sha256=profiled.opened.file.facts.sha256,
        format=layout.format,
        when=request.now,
        profile_version=city.version,
        read=tally.read,
        quarantined=quarantine.count,
        reasons=dict(quarantine.reasons),
        signature={
            **signature_of(labels, layout, profiled.profile, tally.first, tally.last),
            "mapping": profiled.mapping_name,
        },
        id_prefix=plan.ids.whole,
    )
    learnt = places.names()
    learnt_around = learnt if around is None else around.names()
    return StagedExport(tally, quarantine, staging, batch, learnt, learnt_around)


def _without_erased(rows: ParsedRows, erased: ErasedList, ids: ArrowText) -> ParsedRows:
    """Quarantine the rows of erased alerts; `ids` of all rows, since invalid ones may be of such an alert too."""
    gone = erased.mask(rows.alerts["incident_id"], rows.alerts["content_hash"])
    rows.outcomes.reason[~rows.outcomes.valid & erased.named(ids)] = Reason.ERASED.value
    mask = np.isin(rows.block.rows, rows.alerts["row"].to_numpy()[gone])
    rows.outcomes.quarantine(mask, Reason.ERASED, "", pa.array([""] * rows.outcomes.size))
    return replace(rows, alerts=rows.alerts.filter(pa.array(~gone)))


def _with_flags(alerts: pa.Table) -> pa.Table:
    """Write the flags as lists, with the one for points off the city's land."""
    outside = pc.fill_null(pc.invert(alerts["inside"]), False).to_numpy()
    bits = alerts["flag_bits"].to_numpy() | np.where(outside, flag_bit(Flag.OUTSIDE_CITY), 0)
    return alerts.append_column("flags", flag_lists(bits))
