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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow.compute as pc

from curim_data import formats
from curim_data.importing import mapping as mappings
from curim_data.importing._first_city import FirstCity, adopt_city, provisional_city, with_outline
from curim_data.importing.comparison import ExportChanges, compare_with_previous
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
from curim_data.importing.proof import ProofBuilder
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
from curim_data.store.writing import StagedResult

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
    store, has_city = Store(home), home.has_city()
    with _working_folder(home, name, batch_id, dry_run) as work:
        if has_city and request.answers.area:
            raise ImportProblem(
                Message(
                    "This home has its city already, and --area is for the first file of a home. Give the other area "
                    "a home of its own with --home FOLDER."
                )
            )
        examined = _examine(
            request, home, home.city() if has_city else None, work, city_name, batch_id, dry_run=dry_run
        )
        profiled, staged = examined.profiled, examined.staged
        if has_city and home.city().outlined:
            _check_city(staged, examined.plan, profiled.request, store)
        request.report_progress(TRANSFORMED, Message("Comparing with what is stored"))
        matched = store.match_staged(staged.staging, staged.batch)
        changes = compare_with_previous(store, matched)
        if not dry_run:
            adopt_city(home, work)
            matched = store.write_staged(staged.staging, staged.batch, staged.quarantine.path, matched)
            _learn_names(home, staged.learnt.names)
        report = examined.report(matched, changes, dry_run=dry_run)
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
        examined = _examine(request, target, city, work, None, new_batch_id(now), dry_run=True)
        matched = Store(target).match_staged(examined.staged.staging, examined.staged.batch)
        report = examined.report(matched, compare_with_previous(Store(target), matched), dry_run=True)
        return build_preview(examined.profiled, examined.plan, examined.staged, report, first_city=examined.first)


MORE_THAN_USUAL: Final = 1.25


@dataclass(frozen=True)
class _Examined:
    """A file whose alerts are staged; `first`: the city that was made from it; `proof`: where nothing is written."""

    profiled: ProfiledExport
    plan: ImportPlan
    staged: StagedExport
    first: FirstCity | None
    proof: ProofBuilder | None

    def report(self, matched: StagedResult, changes: ExportChanges, *, dry_run: bool) -> ImportReport:
        """What the import did, or would do; of what would be done, with the proof."""
        made = build_report(
            self.profiled, self.plan, self.staged, matched, changes, dry_run=dry_run, first_city=self.first
        )
        if self.proof is None:
            return made
        proof = self.proof.build(self.staged.staging.paths, made.batch.reasons)
        return replace(made, proof=proof, city=self.plan.city)


def _examine(
    request: ImportRequest,
    home: Home,
    city: CityProfile | None,
    work: Path,
    city_name: str | None,
    batch_id: str,
    *,
    dry_run: bool,
) -> _Examined:
    """Read the whole file, decide what holds for all of its rows, and stage the alerts in the working folder.

    Without a city one is made from the file, of this name; None: of a preview, which needs none. Blocks pass through
    parsing, enriching and staging one by one, each in a thread of its own; staging draws them on.
    """
    profiled = profile_export(*recognise_columns(open_export(request)), summarise=city_name is None)
    first: FirstCity | None = None
    if city is None:
        first = provisional_city(profiled, work, city_name or "", unnamed=city_name is None)
        city = first.city
    else:
        city = with_outline(city, profiled, work)
    plan = decide_plan(profiled, city, home)
    blocks, proof = enrich_blocks(parse_blocks(profiled, plan), city), None
    if dry_run:
        proof = ProofBuilder(profiled.labels, profiled.layout, city, rows=profiled.rows, now=profiled.request.now)
        blocks = proof.follow(blocks)
    return _Examined(profiled, plan, stage_alerts(blocks, profiled, plan, work, batch_id), first, proof)


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
