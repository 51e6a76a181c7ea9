"""Import: read, decide, parse, check, enrich, then accept, update or set aside; every row accounted for.

The file is gone through twice, block by block: once to decide what only the whole file can say (order of dates, decimal
marks, projection), once to make its alerts. accepted + updated + duplicate + quarantined = read, for every file.
Nothing is written unless the whole file could be read; what is written, is written in one commit (`store`).
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data import formats
from curim_data.containers import prefetch
from curim_data.formats.base import Layout
from curim_data.geo.enrichment import enrich
from curim_data.importing.comparing import beside
from curim_data.importing.comparison import Changes
from curim_data.importing.decisions import Decisions, decide
from curim_data.importing.id_collisions import prefix_for, prefixed
from curim_data.importing.mapping import ColumnMapping
from curim_data.importing.opening import (
    READING,
    Asked,
    Progress,
    Understood,
    keep_what_was_told,
    read_words,
    understand,
)
from curim_data.importing.quarantine import Quarantine
from curim_data.importing.report import KEPT_ROWS, ImportReport, Outcomes, Preview, Tally
from curim_data.importing.roles import Columns
from curim_data.importing.row_outcomes import flag_bit, flag_lists
from curim_data.importing.rows import Told, tell
from curim_data.importing.signatures import Signer
from curim_data.model.alert import TOLD
from curim_data.model.city import CityProfile
from curim_data.model.i18n import Message
from curim_data.model.questions import Answers, Question
from curim_data.model.reasons import MEND_WORDS, REASON_WORDS, Flag, ImportProblem, Reason
from curim_data.model.records import Block
from curim_data.profile import provisional
from curim_data.quality import default_coordinates
from curim_data.store import interrupted
from curim_data.store.alert_table import Batch, StagedResult, Store, StoreError, new_batch_id
from curim_data.store.erased_list import ErasedList
from curim_data.store.home import Home, copy_profile
from curim_data.store.locking import locked
from curim_data.store.staging import Staging

__all__ = ["Answers", "ImportProblem", "ImportReport", "Preview", "Question", "Reason", "import_file", "preview"]

SAMPLE_ROWS: Final = 20
SAMPLE_POINTS: Final = 2_000
SIGNED_ROWS: Final = 20_000  # of each block
_MAKING: Final = 0.85


@dataclass
class _Made:
    """A file whose alerts are staged."""

    decisions: Decisions
    tally: Tally
    outcomes: Outcomes
    quarantine: Quarantine
    staging: Staging
    batch: Batch


def import_file(
    home: Home,
    source: Path | bytes,
    name: str,
    *,
    format: str | None = None,
    mapping: ColumnMapping | None = None,
    answers: Answers | None = None,
    saved: bool = True,
    city_name: str = "",
    dry_run: bool = False,
    now: dt.datetime | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import one file into a home.

    Parameters
    ----------
    source : Path or bytes
        The file or its content; `name` is how reports call it.
    format : str, optional
        Name of a format; recognised unless given.
    mapping : ColumnMapping, optional
        What the columns mean, as a person settled it; it takes the place of recognition.
    answers : Answers, optional
        What a person told where the file does not say.
    saved : bool
        Whether the home's saved mapping that fits the header is used, where neither mapping nor format is given.
    city_name : str
        For a home without a city: the name of the one that is made from this file's alerts.
    now : datetime, optional
        The moment against which dates in the future are judged.
    progress : callable, optional
        Called with a share between 0 and 1 and a message.

    Raises
    ------
    Question
        Where one answer is missing; the store is unchanged.
    ImportProblem
        Where the file cannot be used at all; the store is unchanged.
    """
    asked = Asked.of(source, name, home, format, mapping, answers, saved, now, progress)
    batch_id = new_batch_id(asked.now)
    with _working(home, name, batch_id, dry_run) as work:
        understood = understand(asked, looking=False)
        asked = understood.asked
        settled_city = home.has_city()
        city = home.city() if settled_city else _first_city(understood, work, city_name)
        made = _make(understood, city, work, home, batch_id)
        if settled_city and made.tally.elsewhere and not asked.answers.elsewhere:
            raise _wrong_city(name, made.tally, city)
        asked.step(_MAKING, Message("Comparing with what is stored"))
        store = Store(home)
        compared = beside(store, made.staging.path, made.batch.signature)
        if dry_run:
            settled = store.match_staged(made.staging, made.batch)
        else:
            _settle_in(home, work)
            settled = store.write_staged(made.staging, made.batch, made.quarantine.path)
        report = _report(understood, made, settled, compared.changes(settled.batch), dry_run)
    if not dry_run and (kept := keep_what_was_told(understood, home)) is not None:
        told = Message("What you settled is kept as {name} for the next export with these columns.", {"name": kept})
        report = replace(report, decisions=(*report.decisions, told))
    asked.step(1.0, Message("Done"))
    return report


def preview(
    source: Path | bytes,
    name: str,
    city: CityProfile | None,
    *,
    home: Home | None = None,
    format: str | None = None,
    mapping: ColumnMapping | None = None,
    answers: Answers | None = None,
    saved: bool = True,
    now: dt.datetime | None = None,
    progress: Progress | None = None,
) -> Preview:
    """What an import would understand and do; compared with the alerts of `home` where one is given.

    Without a city the file's own points make a provisional one. Writes nothing. Raises as `import_file`, but shows a
    file of another city.
    """
    asked = Asked.of(source, name, home, format, mapping, answers, saved, now, progress)
    understood = understand(asked, looking=True)
    asked = understood.asked
    with tempfile.TemporaryDirectory(prefix="curim-") as folder:
        work = Path(folder)
        provisional_city = city is None
        if city is None:
            city = _first_city(understood, work, "")
        made = _make(understood, city, work, home, new_batch_id(asked.now))
        store = Store(home or Home(work / "none"))
        compared = beside(store, made.staging.path, made.batch.signature)
        settled = store.match_staged(made.staging, made.batch)
        report = _report(understood, made, settled, compared.changes(settled.batch), True)
        sample = next(made.staging.batches(), None)
        told = [f.name for f in TOLD if f.name != "alert_id"]
        points = _points(made.staging, made.tally.mapped)
        bounds = (
            (points.longitude.min(), points.latitude.min(), points.longitude.max(), points.latitude.max())
            if len(points)
            else None
        )
        layout = understood.layout
        return Preview(
            format=layout.format,
            documentation=formats.documentation(layout.format),
            layout=layout,
            date_order=made.decisions.order,
            mapping=understood.look.table(understood.opened.facts.labels, layout)
            if understood.look
            else pd.DataFrame(),
            sample=sample.slice(0, SAMPLE_ROWS).select(told).to_pandas() if sample is not None else pd.DataFrame(),
            points=points,
            bounds=bounds,
            values=understood.survey.values,
            words=read_words(understood.survey.values, made.decisions, layout, city),
            provisional=provisional_city,
            city=city,
            answers=asked.answers,
            report=report,
        )


@contextmanager
def _working(home: Home, name: str, batch_id: str, dry_run: bool) -> Iterator[Path]:
    """The folder for what does not fit into memory; of a real import it says so to those who come after a crash."""
    if not dry_run:
        with interrupted.import_folder(home, name, batch_id) as work:
            yield work
    elif home.path.is_dir():
        with interrupted.dry_run_folder(home) as work:
            yield work
    else:
        with tempfile.TemporaryDirectory(prefix="curim-") as folder:
            yield Path(folder)


def _first_city(understood: Understood, work: Path, name: str) -> CityProfile:
    """The profile of a home that has none, from the file's own points; it stands in the working folder as yet."""
    asked = understood.asked
    decisions = decide(understood.survey, understood.layout, None, asked.answers, asked.name, asked.now)
    points = understood.survey.points(decisions)
    constant = {decisions.category: understood.rows} if decisions.category else {}
    categories: Mapping[str, int] = understood.survey.values.get("category") or constant
    called = name or Path(asked.name).name.partition(".")[0]
    return provisional.ensure_city(Home(work / interrupted.FIRST), points, categories, called, name or None)


def _settle_in(home: Home, work: Path) -> None:
    """Give the home the city that was made for this file. StoreError where another import was faster with another."""
    made = Home(work / interrupted.FIRST)
    if made.has_city():
        with locked(home.path / "city.lock"):
            if not home.has_city():
                copy_profile(made.city_folder, home.city_folder)
        if home.city().version != made.city().version:
            raise StoreError(Message("Another import has just given this home its city. Import the file again."))


def _make(understood: Understood, city: CityProfile, work: Path, home: Home | None, batch_id: str) -> _Made:
    """Alerts of all rows, staged block by block, and the account of them."""
    asked, opened, layout = understood.asked, understood.opened, understood.layout
    labels = opened.facts.labels
    decisions = decide(understood.survey, layout, city, asked.answers, asked.name, asked.now)
    stored = Store(home).files() if home is not None else []
    prefix = prefix_for(understood.survey, layout, stored, asked.answers, asked.name)
    erased = ErasedList(home or Home(work / "none"))
    quarantine = Quarantine(work / "quarantine.parquet", labels, layout, KEPT_ROWS, bare=not erased.empty)
    tally, outcomes, staging = Tally(), Outcomes(), Staging(work)
    signer = Signer(labels, layout)
    making = Message("Finding cells, districts and darkness")

    def told_of(block: Block) -> tuple[Block, Told]:
        told = tell(block, labels, layout, decisions, city)
        told = replace(told, alerts=prefixed(told.alerts, prefix))
        if not erased.empty:
            ids = Columns(block.table, layout, labels)["alert_id"].cast(pa.string())
            ids = pc.binary_join_element_wise(prefix, ids, "")
            told = _without_erased(told, block, erased, ids)
        return block, told

    def enriched(given: tuple[Block, Told]) -> tuple[Block, Told, pa.Table]:
        return *given, _flagged(enrich(given[1].alerts, city))

    try:
        told_blocks = prefetch.prefetch_map(prefetch.prefetch(understood.blocks()), told_of)
        for block, told, alerts in prefetch.prefetch_map(told_blocks, enriched):
            aside = quarantine.add(block, told.account)
            for column, value in (("batch_id", batch_id), ("profile_version", city.version)):
                alerts = alerts.append_column(column, pa.repeat(pa.scalar(value), alerts.num_rows))
            tally.add(block, told.account, told.unknown)
            signer.add(block.table.slice(0, SIGNED_ROWS))
            tally.stood(alerts)
            outcomes.add(alerts, aside)
            staging.add(alerts)
            asked.step(READING + (_MAKING - READING) * tally.read / max(understood.rows, 1), making)
    finally:
        quarantine.close()
        staging.close()
    understood.check_unchanged()
    batch = Batch(
        id=batch_id,
        file_name=asked.name,
        sha256=opened.facts.sha256,
        format=layout.format,
        when=asked.now,
        profile_version=city.version,
        read=tally.read,
        quarantined=quarantine.count,
        reasons=dict(quarantine.reasons),
        signature=signer.done(tally.first, tally.last),
    )
    return _Made(decisions, tally, outcomes, quarantine, staging, batch)


def _without_erased(told: Told, block: Block, erased: ErasedList, ids: Any) -> Told:
    """Set aside the rows that say what was erased at a person's request; `ids` of all rows: some are broken."""
    gone = erased.mask(told.alerts["incident_id"], told.alerts["content_hash"])
    told.account.reason[~told.account.stands & erased.named(ids)] = Reason.ERASED.value
    rows = told.alerts["row"].to_numpy()[gone]
    mask = np.isin(block.rows, rows)
    told.account.refuse(mask, Reason.ERASED, "", pa.array([""] * len(block.rows)))
    return replace(told, alerts=told.alerts.filter(pa.array(~gone)))


def _points(staging: Staging, mapped: int) -> pd.DataFrame:
    """Some of the `mapped` points, evenly over the file, rounded to four decimals."""
    step, skip = max(1, -(-mapped // SAMPLE_POINTS)), 0
    some = [pa.table({"longitude": pa.array([], pa.float64()), "latitude": pa.array([], pa.float64())})]
    for part in staging.batches(["longitude", "latitude"]):
        points = part.filter(pc.is_valid(part["longitude"]))
        some.append(points.take(pa.array(np.arange(skip, points.num_rows, step))).cast(some[0].schema))
        skip = (skip - points.num_rows) % step
    return pd.DataFrame(pa.concat_tables(some).to_pandas().round(4))


def _flagged(alerts: pa.Table) -> pa.Table:
    """Write the flags as lists, the one for points off the city's land added."""
    outside = pc.fill_null(pc.invert(alerts["inside"]), False).to_numpy()
    bits = alerts["flag_bits"].to_numpy() | np.where(outside, flag_bit(Flag.OUTSIDE_CITY), 0)
    return alerts.append_column("flags", flag_lists(bits))


def _wrong_city(name: str, tally: Tally, city: CityProfile) -> Question:
    return Question(
        "elsewhere",
        "--elsewhere",
        Message(
            "{name}: {outside} of {mapped} alerts with coordinates lie outside {city}. Is this the right city? "
            "If not, give the other city a home of its own.",
            {"name": name, "outside": tally.outside, "mapped": tally.mapped, "city": city.names.get("en", "")},
        ),
    )


def _unplaced(layout: Layout) -> tuple[Message, ...]:
    """Said where no column gives places, so that a whole file off the map is not passed over."""
    if not layout.roles.keys().isdisjoint({"latitude", "longitude", "x", "y", "point"}):
        return ()
    return (Message("No column was understood as coordinates: all alerts of this file stay off the map."),)


def _report(
    understood: Understood, made: _Made, settled: StagedResult, changes: Changes, dry_run: bool
) -> ImportReport:
    """Put together what an import did, or would do."""
    labels, layout, tally = understood.opened.facts.labels, understood.layout, made.tally
    quarantine = made.quarantine.first()
    reasons = [Reason(code) for code in quarantine["reason"]]
    quarantine.insert(4, "message", pd.Series([REASON_WORDS[code] for code in reasons], dtype=object))
    quarantine.insert(5, "mend", pd.Series([MEND_WORDS[code] for code in reasons], dtype=object))
    repairs = tally.repair_table()
    return ImportReport(
        batch=settled.batch,
        dry_run=dry_run,
        facts=understood.opened.facts,
        layout=layout,
        date_order=made.decisions.order,
        decisions=(*understood.notes, *made.decisions.reasons, *_unplaced(layout)),
        mapping=understood.mapping,
        changes=changes,
        repairs=repairs,
        repair_counts=tally.repair_count_table(),
        quarantine=quarantine,
        outcomes=made.outcomes.table(settled.actions(), repairs),
        flags=tally.flags,
        unknown=tally.unknown,
        dropped=tuple(labels[place] or f"{place + 1}" for place in sorted({*layout.personal, *layout.text})),
        unused=tuple(labels[place] for place in layout.unused if labels[place]),
        piles=default_coordinates.piles_of(made.staging.path),
        first=tally.first,
        last=tally.last,
        mapped=tally.mapped,
        outside=tally.outside,
        several=tally.several,
    )
