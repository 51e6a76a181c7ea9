"""The walk of one import: open, recognise, profile, decide, parse, enrich, stage, match with the store, commit, report.

Each stage is a function whose result the next one takes; they live in `extract`, `transform`, `comparison`, the store
and `report`. The file is gone through twice, block by block: once to decide what only the whole file can show (order of
dates, decimal separators, projection), once to make its alerts. accepted + updated + duplicate + quarantined = read,
for every file. Nothing is written unless the whole file could be read; what is written, is written in one commit.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pyarrow.compute as pc

from curim_data import formats
from curim_data.importing import mapping as mappings
from curim_data.importing._first_city import adopt_city, provisional_city, with_outline
from curim_data.importing.comparison import compare_with_previous
from curim_data.importing.extract import (
    ImportRequest,
    ProfiledExport,
    Progress,
    open_export,
    profile_export,
    quarantine_columns,
    recognise_columns,
)
from curim_data.importing.mapping import ColumnMapping
from curim_data.importing.proof_builder import ProofBuilder
from curim_data.importing.report import ImportReport, Preview, build_preview, build_report
from curim_data.importing.transform import (
    TRANSFORMED,
    ImportPlan,
    StagedExport,
    decide_plan,
    enrich_blocks,
    parse_blocks,
    stage_alerts,
)
from curim_data.model import Answers, CityProfile, ImportProblem, Message, Question
from curim_data.model.place_names import PlaceNames, merged, read_place_names, write_place_names
from curim_data.store import Home, Store, interrupted, locked
from curim_data.store.alert_table import new_batch_id

__all__ = ["ImportProblem", "ImportReport", "Preview", "Question", "import_file", "preview"]


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
    source, name
        The file or its content, and its name in messages.
    format, mapping
        Name of a format, or what the columns mean as a person decided; recognised unless given.
    answers
        What a person said where the file does not.
    saved
        Whether the home's saved mapping that fits the header is used, where neither mapping nor format is given.
    city_name
        For a home without a city: the name of the one that is made from this file's alerts.
    now
        Against which dates in the future are judged.
    progress
        Called with a share between 0 and 1 and a message.

    Raises
    ------
    Question, ImportProblem
        Where one answer is missing, or where the file cannot be used at all; the store is unchanged.
    """
    now = now or dt.datetime.now(dt.UTC)
    request = ImportRequest(source, name, home, format, mapping, answers or Answers(), saved, now, progress)
    batch_id = new_batch_id(now)
    store = Store(home)
    with _working_folder(home, name, batch_id, dry_run) as work:
        opened = open_export(request)
        recognised = recognise_columns(opened)
        profiled = profile_export(recognised)
        has_city = home.has_city()
        if has_city and request.answers.area:
            raise ImportProblem(
                Message(
                    "This home has its city already, and --area is for the first file of a home. Give the other area "
                    "a home of its own with --home FOLDER."
                )
            )
        first = None if has_city else provisional_city(profiled, work, city_name)
        city = first.city if first is not None else with_outline(home.city(), profiled, work)
        plan, staged, proof = _staged(profiled, city, home, work, batch_id, write=not dry_run)
        if has_city and home.city().outlined:
            _check_city(staged, plan, profiled.request, store)
        request.report_progress(TRANSFORMED, Message("Comparing with what is stored"))
        matched = store.match_staged(staged.staging, staged.batch)
        comparison = compare_with_previous(store, matched)
        if not dry_run:
            adopt_city(home, work)
            matched = store.write_staged(staged.staging, staged.batch, staged.quarantine.path, matched)
            _learn_names(home, staged.learnt.names)
        report = build_report(profiled, plan, staged, matched, comparison, dry_run=dry_run, first_city=first)
        if proof is not None:
            report = replace(report, proof=proof.build(report.batch.reasons), city=city)
    if not dry_run:
        report = replace(report, decisions=(*report.decisions, *_save_mapping(profiled, home)))
    request.report_progress(1.0, Message("Done"))
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
    """Show what an import would understand and do, compared with the alerts of `home` where one is given.

    Without a city the file's own points make a provisional one. Writes nothing. Raises as `import_file`, but shows a
    file of another city.
    """
    now = now or dt.datetime.now(dt.UTC)
    request = ImportRequest(source, name, home, format, mapping, answers or Answers(), saved, now, progress)
    with tempfile.TemporaryDirectory(prefix="curim-") as folder:
        work = Path(folder)
        target = home or Home(work / "none")
        store = Store(target)
        opened = open_export(request)
        recognised = recognise_columns(opened)
        profiled = profile_export(recognised, summarise=True)
        first = provisional_city(profiled, work, "", unnamed=True) if city is None else None
        city = first.city if first is not None else city
        assert city is not None
        city = city if first is not None else with_outline(city, profiled, work)
        plan, staged, proof = _staged(profiled, city, target, work, new_batch_id(now), write=False)
        matched = store.match_staged(staged.staging, staged.batch)
        comparison = compare_with_previous(store, matched)
        report = build_report(profiled, plan, staged, matched, comparison, dry_run=True, first_city=first)
        report = replace(report, proof=proof.build(report.batch.reasons) if proof else None, city=city)
        return build_preview(profiled, plan, staged, report, first_city=first)


MORE_THAN_USUAL: Final = 1.25


def _staged(
    profiled: ProfiledExport, city: CityProfile, home: Home, work: Path, batch_id: str, *, write: bool
) -> tuple[ImportPlan, StagedExport, ProofBuilder | None]:
    """Decide what holds for all rows, and stage the alerts; where they are not written, with the proof of them.

    Blocks pass through parsing, enriching and staging one by one, each in a thread of its own; staging draws them on.
    """
    plan = decide_plan(profiled, city, home)
    blocks = enrich_blocks(parse_blocks(profiled, plan), city)
    proof = None
    if not write:
        proof = ProofBuilder(profiled.labels, profiled.layout, city, rows=profiled.rows, now=profiled.request.now)
        blocks = proof.follow(blocks)
    return plan, stage_alerts(blocks, profiled, plan, work, batch_id), proof


@contextmanager
def _working_folder(home: Home, name: str, batch_id: str, dry_run: bool) -> Iterator[Path]:
    """Make a folder for what does not fit into memory; that of a real import shows later ones that it was cut short."""
    if not dry_run:
        with interrupted.import_folder(home, name, batch_id) as work:
            yield work
    elif home.path.is_dir():
        with interrupted.dry_run_folder(home) as work:
            yield work
    else:
        with tempfile.TemporaryDirectory(prefix="curim-") as folder:
            yield Path(folder)


def _learn_names(home: Home, names: PlaceNames) -> None:
    """Add the names of positions to those that the home knows."""
    if names.table.empty:
        return
    with locked(home.path / "city.lock"):
        known = read_place_names(home.path)
        together = merged(known, names)
        if not together.table.equals(known.table):
            write_place_names(home.path, together)


def _check_city(staged: StagedExport, plan: ImportPlan, request: ImportRequest, store: Store) -> None:
    """Raise a Question where most alerts lie outside the city or more than a fifth far from it, unless it is answered.

    Of a city that was made from a part of what its exports hold most alerts lie outside by choice; nor is asked where
    as many of those that are stored lie outside.
    """
    tally = staged.tally
    by_choice = plan.city.part and tally.outside < tally.mapped
    if not tally.elsewhere or request.answers.elsewhere or by_choice:
        return
    if tally.outside <= tally.mapped / 2 and tally.far <= MORE_THAN_USUAL * _usually_outside(store) * tally.mapped:
        return
    raise Question(
        "elsewhere",
        "--elsewhere",
        Message(
            "{name}: {outside} of {mapped} alerts with coordinates lie outside {city}. Is this the right city? "
            "If not, give the other city a home of its own.",
            {
                "name": request.name,
                "outside": tally.outside,
                "mapped": tally.mapped,
                "city": plan.city.names.get("en", ""),
            },
        ),
    )


def _usually_outside(store: Store) -> float:
    """The share of the stored alerts with coordinates that lie outside the city."""
    inside = store.read(["inside"])["inside"].drop_null()
    return 1 - (pc.sum(inside).as_py() or 0) / len(inside) if len(inside) else 0.0


def _save_mapping(profiled: ProfiledExport, home: Home) -> Iterator[Message]:
    """Save what a person decided for this import, so that the same columns are read alike next month, and say so.

    Without it a later import would read them as recognised and change what is stored. Nothing is saved where nothing
    was decided, where the format needs no guessing, or where a saved mapping says the same already. Whose the ids are
    is an answer about this file and the store, and is kept in the record of the import.
    """
    request, labels = profiled.request, profiled.labels
    answers = replace(request.answers, elsewhere=False, area=None, ids=None)
    if profiled.profile.mixed:  # of a file that contradicts itself nothing holds for the next one
        answers = replace(answers, dates=None)
    guessed = profiled.layout.format == formats.GUESSED
    if request.mapping is None and (not guessed or answers == Answers()):
        return
    if quarantine_columns(labels):
        return
    name = Path(request.name).name.partition(".")[0] or request.name
    made = ColumnMapping.from_layout(profiled.layout, labels, answers=answers, name=name)
    known = mappings.best(home, labels)
    if known is not None and replace(known, name=name) == made:
        return
    mappings.save(home, made)
    yield Message("Your choices are saved as {name} for the next export with these columns.", {"name": name})
