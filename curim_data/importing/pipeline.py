"""The walk of one import: open, recognise, profile, decide, parse, enrich, stage, match with the store, commit, report.

Each stage is a function whose result the next one takes; they live in `extract`, `transform`, `comparison`, the store
and `report`. The file is gone through twice, block by block: once to decide what only the whole file can show (order of
dates, decimal separators, projection), once to make its alerts. accepted + updated + duplicate + quarantined = read,
for every file. Nothing is written unless the whole file could be read; what is written, is written in one commit.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data import formats
from curim_data.containers import open_file
from curim_data.formats.base import Layout, fold
from curim_data.geo.enrichment import LEAST, default_coordinates, usual_count
from curim_data.importing import mapping as mappings
from curim_data.importing.comparison import ExportChanges, compare_with_previous
from curim_data.importing.decisions import Decisions
from curim_data.importing.extract import (
    ImportRequest,
    ProfiledExport,
    Progress,
    open_export,
    profile_export,
    quarantine_columns,
    recognise,
    recognise_columns,
)
from curim_data.importing.first_city import FirstCity, adopt_city, provisional_city, with_outline
from curim_data.importing.mapping import ColumnMapping, changed_columns
from curim_data.importing.profiling import ColumnSummary
from curim_data.importing.proof import Proof, ProofBuilder
from curim_data.importing.rows import known_categories, word_value
from curim_data.importing.transform import (
    TRANSFORMED,
    ImportPlan,
    StagedExport,
    Tally,
    decide_plan,
    enrich_blocks,
    parse_blocks,
    stage_alerts,
)
from curim_data.model import Answers, CityProfile, Facts, ImportProblem, Message, Question, Reason, Translator
from curim_data.model.alert import TOLD
from curim_data.model.labels import UNCATEGORISED
from curim_data.model.place_names import PlaceNames, merged, read_place_names, write_place_names
from curim_data.model.reasons import BY_NAMES, MEND_WORDS, REASON_WORDS, Flag
from curim_data.profile.provisional import Spread, names_of_areas
from curim_data.store import Batch, Home, Store, alert_table, locked
from curim_data.store.alert_table import new_batch_id
from curim_data.store.writing import StagedResult, Staging, bounded_duckdb

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
        with alert_table.import_folder(home, name, batch_id) as work:
            yield work
    elif home.path.is_dir():
        with alert_table.dry_run_folder(home) as work:
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


def default_coordinates_of_files(staged: Sequence[Path], names: PlaceNames) -> pd.DataFrame:
    """`geo.enrichment.default_coordinates` of the alerts in Parquet files; DuckDB spills to disk next to them.

    Its columns longitude, latitude (WGS84) and inside; the result's longitude, latitude and n. `names`: what the
    file calls positions.
    """
    with bounded_duckdb(staged[0].parent) as engine:
        engine.execute(
            "CREATE TEMP TABLE points AS SELECT longitude, latitude, coalesce(inside, false) AS inside, count(*) AS n "
            "FROM read_parquet($files) WHERE longitude IS NOT NULL GROUP BY ALL",
            {"files": [str(path) for path in staged]},
        )
        sides = dict(engine.execute("SELECT inside, CAST(sum(n) AS BIGINT) FROM points GROUP BY 1").fetchall())
        usual = usual_count(engine.execute("SELECT n, count(*) AS points FROM points GROUP BY n").df())
        points: pd.DataFrame = engine.execute("SELECT * FROM points WHERE n > $least", {"least": LEAST}).df()
    return default_coordinates(points, sides.get(True, 0), sides.get(False, 0), usual, names)


SAMPLE_ROWS: Final = 20
SAMPLE_POINTS: Final = 2_000
MOST_NAMED: Final = 5  # categories of no known kind


@dataclass(frozen=True)
class ImportReport:
    """What an import did with a file.

    `repairs` has rule, column, n, old and new of the first; `quarantine` row, column, value, reason (code), message,
    mend and the values that may be kept, of the first LISTED_ROWS rows; `unknown` the values that were not recognised,
    with counts, by column; `dropped` columns with personal data or free text that were not stored; `unused` other
    columns; `default_coordinates` points with suspiciously many alerts. `decisions` are sentences on what was decided
    over the whole file, `options` how the command line decides otherwise; `mapping` the home's saved mapping that was
    used; `changes` what is different from the previous export; `spread` how far the alerts of a first file spread,
    where the city was made from it. Nothing was written when `dry_run`: then `proof` is what the
    alerts look like, and `city` the profile with which they were read. `elsewhere`: whether a person is asked about the
    alerts that lie outside the city.
    """

    batch: Batch
    dry_run: bool
    facts: Facts
    layout: Layout
    date_order: str | None
    decisions: tuple[Message, ...]
    repairs: pd.DataFrame
    quarantine: pd.DataFrame
    flags: Mapping[str, int]
    unknown: Mapping[str, Mapping[str, int]]
    dropped: tuple[str, ...]
    unused: tuple[str, ...]
    default_coordinates: pd.DataFrame
    first: dt.date | None
    last: dt.date | None
    mapped: int
    outside: int
    several: int
    mapping: ColumnMapping | None = None
    changes: ExportChanges | None = None
    spread: Spread | None = None
    options: tuple[Message, ...] = ()
    proof: Proof | None = None
    city: CityProfile | None = None
    elsewhere: bool = False

    @property
    def counts(self) -> dict[str, Any]:
        """The batch, and the columns that were dropped or not used, as plain values for the command line."""
        batch = self.batch
        names = ("read", "accepted", "updated", "duplicate", "quarantined", "repaired", "unmapped", "outside")
        return {
            "file": batch.file_name,
            "format": batch.format,
            "batch": None if self.dry_run else batch.id,
            **{name: getattr(batch, name) for name in names},
            "reasons": dict(batch.reasons),
            "several": self.several,
            "dropped": list(self.dropped),
            "unused": list(self.unused),
        }

    def sentence(self, t: Translator) -> str:
        """For the command line: the counts, which add up, what was left out and decided, and how to do otherwise."""
        batch = self.batch
        sentences = [
            t.n("{name}: {n} row read.", "{name}: {n} rows read.", batch.read, name=batch.file_name),
            t(
                "New: {accepted}, updated: {updated}, already known: {duplicate}, quarantined: {quarantined}.",
                accepted=batch.accepted,
                updated=batch.updated,
                duplicate=batch.duplicate,
                quarantined=batch.quarantined,
            ),
        ]
        if batch.reasons:
            reasons = sorted(batch.reasons.items(), key=lambda pair: -pair[1])
            why = [f"{t(REASON_WORDS[Reason(code)]).rstrip('.')} ({t.number(n)})" for code, n in reasons]
            sentences.append(t("Why rows are quarantined: {reasons}.", reasons="; ".join(why)))
        if self.dropped:
            sentences.append(t("Not stored, since they may name a person: {columns}.", columns=t.join(self.dropped)))
        if self.unused:
            sentences.append(t("Not used: {columns}.", columns=t.join(self.unused)))
        if self.several:
            sentences.append(
                t.n(
                    "{n} alert has several categories: it counts once in totals and once in each of them.",
                    "{n} alerts have several categories: they count once in totals and once in each of them.",
                    self.several,
                )
            )
        if odd := self.flags.get(Flag.UNKNOWN_GENDER, 0):
            sentences.append(
                t.n(
                    "In {n} alert a gender was not recognised: it counts as not known.",
                    "In {n} alerts a gender was not recognised: it counts as not known.",
                    odd,
                )
            )
        sentences += [t(message) for message in (*self.decisions, *self.options)]
        if self.dry_run:
            sentences.append(t("Nothing was written."))
        return " ".join(sentences)


@dataclass(frozen=True)
class Preview:
    """What an import of a file would do; nothing was written.

    `mapping` has one row for each column of the file: place, column, role ("" where dropped or unused), part, use
    ("alert", "dropped", "unused"), empty (count), examples, confidence (0 to 1; NaN where the format is known) and
    reasons (tuple of messages); `sample` the first rows as alerts; `points` at most 2,000 longitudes and latitudes
    rounded to four decimals; `values` the words of the columns that are mapped value by value, with counts, by role;
    `words` what these stand for, "" where that is not known. `provisional`: the city's profile was made from this file,
    since the home has none; `city` is that profile, or the one that was given. `answers`: what a person said, with what
    the mapping remembers. `spread`: how far the alerts of a first file spread; `area`: what of it was taken. `kind`:
    of which kind the categories of a new city were taken to be, None where nobody needs to be asked; `kinds`: their
    names by the kind that each name says. `area_names`: what the file calls its dense areas, by their circle.
    """

    format: str
    documentation: str
    layout: Layout
    date_order: str | None
    mapping: pd.DataFrame
    sample: pd.DataFrame
    points: pd.DataFrame
    bounds: tuple[float, float, float, float] | None
    values: Mapping[str, Mapping[str, int]]
    words: Mapping[str, Mapping[str, str]]
    provisional: bool
    city: CityProfile
    answers: Answers
    report: ImportReport
    spread: Spread | None = None
    area: str = ""
    kind: str | None = None
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    area_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def facts(self) -> Facts:
        """Container, encoding, delimiter, sheets."""
        return self.report.facts


@dataclass(frozen=True)
class Header:
    """The columns of a file: its header, what it is taken for, and one line for each, as `Preview.mapping` has it."""

    labels: tuple[str, ...]
    layout: Layout
    table: pd.DataFrame


def _columns_since(mapping: ColumnMapping, labels: Sequence[str]) -> Iterator[Message]:
    """What differs in the columns from those for which a mapping was saved."""
    appeared, vanished = changed_columns(mapping, labels)
    if appeared:
        yield Message("Columns that are new since it was saved: {columns}.", {"columns": ", ".join(appeared)})
    if vanished:
        yield Message("Columns that are gone since it was saved: {columns}.", {"columns": ", ".join(vanished)})


def build_report(
    profiled: ProfiledExport,
    plan: ImportPlan,
    staged: StagedExport,
    matched: StagedResult,
    changes: ExportChanges,
    *,
    dry_run: bool,
    first_city: FirstCity | None = None,
) -> ImportReport:
    """Assemble what an import did, or would do; `first_city`: the city that was made from the file."""
    labels, layout, tally, saved = profiled.labels, profiled.layout, staged.tally, profiled.opened.saved
    quarantine = staged.quarantine.first()
    reasons = [Reason(code) for code in quarantine["reason"]]
    quarantine.insert(4, "message", pd.Series([REASON_WORDS[code] for code in reasons], dtype=object))
    quarantine.insert(5, "mend", pd.Series([MEND_WORDS[code] for code in reasons], dtype=object))
    read_with: tuple[Message, ...] = ()
    if saved is not None and profiled.opened.mended:
        message = Message("Read as {name} was, out of which these rows were quarantined.", {"name": saved.name})
        read_with = (message,)
    elif saved is not None:
        read_with = (
            Message("Read with the saved mapping {name}.", {"name": saved.name}),
            *_columns_since(saved, labels),
        )
    return ImportReport(
        batch=matched.batch,
        dry_run=dry_run,
        facts=profiled.opened.file.facts,
        layout=layout,
        date_order=plan.decisions.dates.said_order,
        decisions=(
            *read_with,
            *layout.warnings,
            *layout.findings,
            *plan.decisions.reasons,
            *(() if plan.ids.reason is None else (plan.ids.reason,)),
            *_unplaced(layout),
            *_uncategorised(layout, plan.decisions),
            *(_without_kind(tally) if first_city is None and not dry_run else ()),
            *staged.learnt.sentences(),
            *(() if first_city is None else first_city.decisions),
        ),
        spread=first_city.spread if first_city is not None else None,
        options=(
            *(first_city.options if first_city is not None else ()),
            *(
                (Message("--category NAME gives all of them a category."),)
                if _uncategorised(layout, plan.decisions)
                else ()
            ),
        ),
        mapping=None if profiled.opened.mended else saved,
        changes=replace(
            changes, new=matched.batch.accepted, updated=matched.batch.updated, known=matched.batch.duplicate
        ),
        repairs=tally.repair_table(),
        quarantine=quarantine,
        flags=tally.flags,
        unknown=tally.unknown,
        dropped=tuple(labels[place] or f"{place + 1}" for place in sorted({*layout.personal, *layout.text})),
        unused=tuple(labels[place] for place in layout.unused if labels[place]),
        default_coordinates=default_coordinates_of_files(staged.staging.paths, staged.learnt.names),
        first=tally.first,
        last=tally.last,
        mapped=tally.mapped,
        outside=tally.outside,
        elsewhere=tally.elsewhere,
        several=tally.several,
    )


def build_preview(
    profiled: ProfiledExport,
    plan: ImportPlan,
    staged: StagedExport,
    report: ImportReport,
    *,
    first_city: FirstCity | None = None,
) -> Preview:
    """Assemble what a person sees before the import."""
    layout, values = profiled.layout, profiled.profile.values
    sample = next(staged.staging.batches(), None)
    names = [field.name for field in TOLD if field.name != "alert_id"]
    points = _points(staged.staging, staged.tally.mapped)
    bounds = None
    if len(points):
        lon, lat = points["longitude"], points["latitude"]
        bounds = (lon.min(), lat.min(), lon.max(), lat.max())
    return Preview(
        format=layout.format,
        documentation=formats.documentation(layout.format),
        layout=layout,
        date_order=plan.decisions.dates.said_order,
        mapping=profiled.columns.table(profiled.labels, layout) if profiled.columns else pd.DataFrame(),
        sample=sample.slice(0, SAMPLE_ROWS).select(names).to_pandas() if sample is not None else pd.DataFrame(),
        points=points,
        bounds=bounds,
        values=values,
        words=_interpreted_words(values, plan.decisions, layout, plan.city),
        provisional=first_city is not None,
        spread=first_city.spread if first_city is not None else None,
        area=first_city.area if first_city is not None else "",
        kind=first_city.kind if first_city is not None else None,
        kinds=first_city.kinds if first_city is not None else {},
        area_names=names_of_areas(first_city.spread.areas, staged.learnt_around.names)
        if first_city is not None and first_city.spread is not None
        else {},
        city=plan.city,
        answers=profiled.request.answers,
        report=report,
    )


def columns_of(source: Path | bytes, name: str, answers: Answers) -> Header:
    """Show the columns of a file that cannot be imported as it is, with examples of its first rows, to be mapped.

    Raises
    ------
    ImportProblem
        Where the file cannot be opened; a Question among them.
    """
    opened = open_file(source, name, answers.sheet)
    labels = opened.facts.labels
    block = next(iter(opened.blocks()), None)
    layout = Layout(formats.GUESSED, {}, unused=tuple(range(len(labels))))
    columns = ColumnSummary(len(labels))
    if block is not None:
        layout = recognise(labels, block.table, name, None).layout
        columns.add(block)
    return Header(labels, layout, columns.table(labels, layout))


def _unplaced(layout: Layout) -> tuple[Message, ...]:
    """Say so where no column gives coordinates, since the whole file is then off the map."""
    if not layout.roles.keys().isdisjoint({"latitude", "longitude", "x", "y", "point"}):
        return ()
    return (Message("No column was recognised as coordinates: the alerts of this file are not on the map."),)


def _uncategorised(layout: Layout, decisions: Decisions) -> tuple[Message, ...]:
    """Say so where no column gives a category and nobody gave one, since pages then have nothing to divide by."""
    if "category" in layout.roles or decisions.category:
        return ()
    known = decisions.kind not in (None, BY_NAMES) or layout.kind or layout.nature or "kind" in layout.roles
    return (
        Message("No column was recognised as the category: the alerts of this file have none.")
        if known
        else Message(
            "No column was recognised as the category: the alerts of this file have none, and of which kind they are "
            "(danger, incivility or offence) is not known."
        ),
    )


def _without_kind(tally: Tally) -> tuple[Message, ...]:
    """Say so where categories are of no known kind, in a home that has its city: a dry run has it among its doubts.

    Alerts without a category are left to `_uncategorised`.
    """
    names = {name: n for name, n in tally.no_kind.most_common() if name != UNCATEGORISED}
    if not names:
        return ()
    values = {"n": sum(names.values()), "categories": ", ".join(list(names)[:MOST_NAMED])}
    return (
        Message(
            "Alerts whose kind (danger, incivility or offence) is not known: {n}, such as those of {categories}. Give "
            "these categories a kind in the city profile on the Data page.",
            values,
        ),
    )


def _points(staging: Staging, mapped: int) -> pd.DataFrame:
    """Sample the `mapped` points evenly over the file, rounded to four decimals."""
    step, skip = max(1, -(-mapped // SAMPLE_POINTS)), 0
    some = [pa.table({"longitude": pa.array([], pa.float64()), "latitude": pa.array([], pa.float64())})]
    for part in staging.batches(["longitude", "latitude"]):
        points = part.filter(pc.is_valid(part["longitude"]))
        some.append(points.take(pa.array(np.arange(skip, points.num_rows, step))).cast(some[0].schema))
        skip = (skip - points.num_rows) % step
    return pd.DataFrame(pa.concat_tables(some).to_pandas().round(4))


def _interpreted_words(
    values: Mapping[str, Mapping[str, int]], decisions: Decisions, layout: Layout, city: CityProfile
) -> dict[str, dict[str, str]]:
    """Return what each word of the categorical columns stands for, by role; "" where it is not recognised."""
    interpreted = {}
    for role, words in values.items():
        if role == "category":
            known = known_categories(layout, city)
            interpreted[role] = {word: known.get(fold(word), "") for word in words}
        else:
            table = decisions.words.get(role, {})
            interpreted[role] = {word: word_value(role, word, table) or "" for word in words}
    return interpreted
