"""Transform: the stages of an import that make alerts of rows. Decide, parse, enrich, stage.

Blocks pass through parsing, enriching and staging one after the other; each of these works in a thread of its own, one
block ahead of the next (`containers.prefetch`), so that they hold no more of a larger file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.prefetch import prefetch, prefetch_map
from curim_data.containers.types import ArrowText
from curim_data.formats import GUESSED
from curim_data.geo.enrichment import KnownPositions, enrich
from curim_data.importing.decisions import Decisions, decide
from curim_data.importing.extract import EXTRACTED, ProfiledExport
from curim_data.importing.id_collisions import IdScope, id_scope
from curim_data.importing.mapping import FORMAT, ColumnMapping
from curim_data.importing.outcomes import LISTED_ROWS, OutcomeLog, Quarantine, RowOutcomes, Tally, flag_bit, flag_lists
from curim_data.importing.place_columns import LearntNames, PlaceColumns
from curim_data.importing.roles import RoleColumns
from curim_data.importing.rows import ParsedRows, parse_rows
from curim_data.model import Block, CityProfile, Message, Reason
from curim_data.model.reasons import Flag
from curim_data.store import Batch, Home, Store
from curim_data.store.erased_list import ErasedList
from curim_data.store.staged import known_again
from curim_data.store.staging import Staging

TRANSFORMED: Final = 0.85  # share of an import that is done after these stages


@dataclass(frozen=True)
class ImportPlan:
    """What holds for all rows of a file.

    `ids`: how its ids become those of the store. `erased`: alerts that were erased at a person's request and must not
    come back. `again`: whether the store has a file of the same bytes, so that most likely no alert is new.
    """

    city: CityProfile
    decisions: Decisions
    ids: IdScope
    erased: ErasedList
    again: bool


@dataclass(frozen=True)
class ParsedBlock:
    """A block and its rows as typed alerts."""

    block: Block
    rows: ParsedRows


@dataclass(frozen=True)
class EnrichedBlock:
    """A block whose alerts have cells, district, darkness and flags."""

    block: Block
    alerts: pa.Table
    outcomes: RowOutcomes
    unknown: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class StagedExport:
    """A file whose alerts are staged on disk. `batch`: without the counts that come from the match with the store.
    `learnt`: names of positions in the city; `learnt_around`: of all positions, where the city is a part of the file's
    area.
    """

    tally: Tally
    outcomes: OutcomeLog
    quarantine: Quarantine
    staging: Staging
    batch: Batch
    learnt: LearntNames
    learnt_around: LearntNames


def decide_plan(profiled: ProfiledExport, city: CityProfile, home: Home) -> ImportPlan:
    """Decide what holds for all rows. Question where the evidence of the file is balanced."""
    request, layout, profile = profiled.request, profiled.layout, profiled.profile
    decisions = decide(profile, layout, city, request.answers, request.name, request.now)
    mapping, facts = profiled.mapping_name, profiled.opened.file.facts
    known_by = "" if facts.sheet else facts.sha256  # two sheets of a workbook may number their alerts alike
    store = Store(home)
    scope = id_scope(profile, layout, decisions, city, store, request.answers, request.name, mapping, known_by)
    return ImportPlan(city, decisions, scope, ErasedList(home), known_again(known_by, store.batches()))


def parse_blocks(profiled: ProfiledExport, plan: ImportPlan) -> Iterator[ParsedBlock]:
    """Parse the rows of all blocks into typed alerts; erased ones are quarantined."""
    layout, labels = profiled.layout, profiled.labels

    def parse(block: Block) -> ParsedBlock:
        rows = parse_rows(block, labels, layout, plan.decisions, plan.city)
        rows = replace(rows, alerts=plan.ids.alerts(rows.alerts))
        if not plan.erased.empty:
            ids = RoleColumns(block.table, layout, labels)["alert_id"].cast(pa.string())
            rows = _without_erased(rows, block, plan.erased, plan.ids.ids(ids))
        return ParsedBlock(block, rows)

    return prefetch_map(prefetch(profiled.blocks()), parse)


def enrich_blocks(parsed: Iterator[ParsedBlock], city: CityProfile) -> Iterator[EnrichedBlock]:
    """Add cells, district, local time and darkness, and write the flags as lists."""
    known = KnownPositions(city)

    def enriched(one: ParsedBlock) -> EnrichedBlock:
        alerts = _with_flags(enrich(one.rows.alerts, city, known))
        return EnrichedBlock(one.block, alerts, one.rows.outcomes, one.rows.unknown)

    return prefetch_map(parsed, enriched)


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
    enriched: Iterator[EnrichedBlock],
    profiled: ProfiledExport,
    plan: ImportPlan,
    work: Path,
    batch_id: str,
    *,
    lasting: bool = True,
) -> StagedExport:
    """Write the alerts of all blocks to the working folder, and account for each row that was read.

    `lasting`: whether the store may get them; a preview only reads them.
    """
    request, layout, labels, city = profiled.request, profiled.layout, profiled.labels, plan.city
    quarantine = Quarantine(
        work / "quarantine.parquet",
        labels,
        layout,
        LISTED_ROWS,
        settled=_settled(profiled, plan),
        numbers_only=not plan.erased.empty,
    )
    tally, outcomes, staging = Tally(), OutcomeLog(), Staging(work, lasting=lasting and not plan.again)
    places = PlaceColumns(labels, layout)
    around = PlaceColumns(labels, layout, outside=True) if city.part else None
    message = Message("Finding cells, districts and darkness")
    try:
        for one in enriched:
            alerts = one.alerts
            for column, value in (("batch_id", batch_id), ("profile_version", city.version)):
                alerts = alerts.append_column(column, pa.repeat(pa.scalar(value), alerts.num_rows))
            tally.add_rows(one.block, one.outcomes, one.unknown)
            tally.add_alerts(alerts, city)
            outcomes.add(alerts, quarantine.add(one.block, one.outcomes))
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
            **profiled.signature.build(tally.first, tally.last),
            "format": layout.format,
            "mapping": profiled.mapping_name,
        },
        id_prefix=plan.ids.whole,
    )
    learnt = places.names()
    learnt_around = learnt if around is None else around.names()
    return StagedExport(tally, outcomes, quarantine, staging, batch, learnt, learnt_around)


def _without_erased(rows: ParsedRows, block: Block, erased: ErasedList, ids: ArrowText) -> ParsedRows:
    """Quarantine the rows of erased alerts; `ids` of all rows, since invalid ones may be of such an alert too."""
    gone = erased.mask(rows.alerts["incident_id"], rows.alerts["content_hash"])
    rows.outcomes.reason[~rows.outcomes.valid & erased.named(ids)] = Reason.ERASED.value
    mask = np.isin(block.rows, rows.alerts["row"].to_numpy()[gone])
    rows.outcomes.quarantine(mask, Reason.ERASED, "", pa.array([""] * len(block.rows)))
    return replace(rows, alerts=rows.alerts.filter(pa.array(~gone)))


def _with_flags(alerts: pa.Table) -> pa.Table:
    """Write the flags as lists, with the one for points off the city's land."""
    outside = pc.fill_null(pc.invert(alerts["inside"]), False).to_numpy()
    bits = alerts["flag_bits"].to_numpy() | np.where(outside, flag_bit(Flag.OUTSIDE_CITY), 0)
    return alerts.append_column("flags", flag_lists(bits))
