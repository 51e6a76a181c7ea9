"""The walk of one import: open, recognise, profile, decide, parse, enrich, stage, match with the store, commit, report.

Each stage is a function whose result the next one takes; they live in `extract`, `transform`, `comparison` and the
store. The file is gone through twice, block by block: once to decide what only the whole file can show (order of
dates, decimal separators, projection), once to make its alerts. Counts are exact for every file; quarantined rows are
listed up to LISTED_ROWS, so that a report does not grow with the file. accepted + updated + duplicate + quarantined =
read, for every file. Nothing is written unless the whole file could be read; what is written, is written in one commit.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow.compute as pc

from curim_data import formats
from curim_data.containers import open_file
from curim_data.containers.base import prefetch
from curim_data.formats.base import Layout, fold
from curim_data.formats.columns import PLACE_ROLES
from curim_data.formats.guess.category import can_hold
from curim_data.geo.enrichment import LEAST, default_coordinates, usual_count
from curim_data.importing import mapping as mappings
from curim_data.importing.comparison import KEEP, ExportChanges, compare_with_previous, newer_imports
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
from curim_data.importing.mapping import ColumnMapping, changed_columns, file_stem
from curim_data.importing.profiling import ColumnSummary
from curim_data.importing.proof import Proof, ProofBuilder
from curim_data.importing.questions import is_answered, without_effect
from curim_data.importing.rows import known_categories, word_value
from curim_data.importing.transform import (
    TRANSFORMED,
    StagedExport,
    decide_plan,
    enrich_blocks,
    parse_blocks,
    stage_alerts,
)
from curim_data.model import (
    BOTH_ORDERS,
    MEND_WORDS,
    MOST_QUESTIONS,
    REASON_WORDS,
    TOLD,
    UNCATEGORISED,
    Answers,
    CityProfile,
    Facts,
    Flag,
    ImportProblem,
    Message,
    Question,
    Reason,
    Translator,
)
from curim_data.model.place_names import PlaceNames, merged, read_place_names, write_place_names
from curim_data.profile.provisional import Spread, names_of_areas
from curim_data.store import Batch, Home, Store, locked
from curim_data.store.alert_table import import_folder, new_batch_id
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
    stored = not dry_run or home.path.is_dir()  # a dry run makes no home
    folder = import_folder(home, name, batch_id, dry_run) if stored else tempfile.TemporaryDirectory(prefix="curim-")
    with folder as made:
        work = Path(made)
        if has_city and request.answers.area:
            raise ImportProblem(
                Message(
                    "This home has its city already, and --area is for the first file of a home. Give the other area "
                    "a home of its own with --home FOLDER."
                )
            )
        staged, proof = _examine(request, home, home.city() if has_city else None, work, city_name, batch_id, dry_run)
        if has_city and home.city().outlined:
            _check_city(staged, store)
        request.report_progress(TRANSFORMED, Message("Comparing with what is stored"))
        matched, changes = _match(staged, store)
        if not dry_run:
            adopt_city(home, work)
            matched = store.write_staged(staged.staging, staged.batch, staged.quarantine.path, matched)
            _learn_names(home, staged.learnt[0])
        report = _build_report(staged, matched, changes, proof)
    if not dry_run:
        report = replace(report, decisions=(*report.decisions, *_save_mapping(staged.profiled, home)))
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
    with tempfile.TemporaryDirectory(prefix="curim-") as folder:
        work = Path(folder)
        target = home or Home(work / "none")
        staged, proof = _examine(
            ImportRequest(source, name, home, format, mapping, answers or Answers(), saved, now, progress),
            target,
            city,
            work,
            None,
            new_batch_id(now),
            dry_run=True,
        )
        return _build_preview(staged, _build_report(staged, *_match(staged, Store(target)), proof))


def _match(staged: StagedExport, store: Store) -> tuple[StagedResult, ExportChanges]:
    """What becomes of the alerts of a file, and what is different from the previous export, as a person answered."""
    answers, staging = staged.profiled.request.answers, staged.staging
    newer = newer_imports(store, staged.batch, staging.paths)
    staging.newer = newer if answers.older in (None, KEEP) else ()
    matched = store.match_staged(staging, staged.batch)
    changes = compare_with_previous(store, matched, older=bool(newer))
    if answers.gone not in (None, KEEP) and changes.missing.ids is not None:
        staging.withdrawn = changes.missing.ids
        matched = replace(matched, batch=replace(matched.batch, withdrawn=staging.withdrawn.num_rows))
    return matched, changes


MORE_THAN_USUAL: Final = 1.25


def _examine(
    request: ImportRequest,
    home: Home,
    city: CityProfile | None,
    work: Path,
    city_name: str | None,
    batch_id: str,
    dry_run: bool,
) -> tuple[StagedExport, ProofBuilder | None]:
    """Read the whole file, decide what holds for all of its rows, and stage the alerts in the working folder; with what
    proves them, where nothing is written.

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
    plan = decide_plan(profiled, city, home, first)
    blocks, proof = prefetch(enrich_blocks(parse_blocks(profiled, plan), city)), None
    if dry_run:
        proof = ProofBuilder(profiled.labels, profiled.layout, city, rows=profiled.rows, now=profiled.request.now)
        blocks = proof.follow(blocks)
    return stage_alerts(blocks, profiled, plan, work, batch_id), proof


def _learn_names(home: Home, names: PlaceNames) -> None:
    """Add the names of positions to those that the home knows."""
    if names.table.empty:
        return
    with locked(home.path / "city.lock"):
        known = read_place_names(home.path)
        together = merged(known, names)
        if not together.table.equals(known.table):
            write_place_names(home.path, together)


def _check_city(staged: StagedExport, store: Store) -> None:
    """Raise a Question where most alerts lie outside the city or more than a fifth far from it, unless it is answered.

    Of a city that was made from a part of what its exports hold most alerts lie outside by choice; nor is asked where
    as many of those that are stored lie outside.
    """
    tally, city, request = staged.tally, staged.plan.city, staged.profiled.request
    by_choice = city.part and tally.outside < tally.mapped
    if not tally.elsewhere or request.answers.elsewhere or by_choice:
        return
    inside = store.read(["inside"])["inside"].drop_null()
    usual = 1 - (pc.sum(inside).as_py() or 0) / len(inside) if len(inside) else 0.0
    if tally.outside <= tally.mapped / 2 and tally.far <= MORE_THAN_USUAL * usual * tally.mapped:
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
                "city": city.names.get("en", ""),
            },
        ),
    )


def _save_mapping(profiled: ProfiledExport, home: Home) -> Iterator[Message]:
    """Save what a person decided for this import, so that the same columns are read alike next month, and say so.

    Without it a later import would read them as recognised and change what is stored. Nothing is saved where nothing
    was decided, where the format needs no guessing, or where a saved mapping says the same already. Whose the ids are
    is an answer about this file and the store, and is kept in the record of the import.
    """
    request, labels = profiled.request, profiled.labels
    # Of a file that contradicts itself no order of dates holds for the next one.
    answers = replace(
        request.answers,
        **mappings.OF_ONE_FILE,
        dates=(None if profiled.profile.mixed else request.answers.dates),
    )
    if quarantine_columns(labels) or (
        request.mapping is None and (profiled.layout.format != formats.GUESSED or answers == Answers())
    ):
        return
    made = ColumnMapping.from_layout(profiled.layout, labels, answers=answers, name=file_stem(request.name))
    known = mappings.best(home, labels)
    if known is None or replace(known, name=made.name) != made:
        mappings.save(home, made)
        yield Message("Your choices are saved as {name} for the next export with these columns.", {"name": made.name})


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
_SAMPLE: Final = """
SELECT longitude, latitude FROM (
    SELECT longitude, latitude, row_number() OVER (ORDER BY row) - 1 AS place
    FROM read_parquet($files) WHERE longitude IS NOT NULL)
WHERE place % $step = 0 ORDER BY place"""
MOST_NAMED: Final = 5  # categories of no known kind


@dataclass(frozen=True)
class ImportReport:
    """What an import did with a file.

    `repairs` has rule, column, n, old and new of the first; `quarantine` row, column, value, reason (code), message,
    mend and the values that may be kept, of the first LISTED_ROWS rows; `unknown` the values that were not recognised,
    with counts, by column; `dropped` columns with personal data or free text that were not stored; `unused` other
    columns; `default_coordinates` points with suspiciously many alerts. `decisions` are sentences on what was decided
    over the whole file; `mapping` the home's saved mapping that was
    used; `changes` what is different from the previous export; `spread` how far the alerts of a first file spread,
    where the city was made from it. Nothing was written when `dry_run`: then `proof` is what the
    alerts look like, and `city` the profile with which they were read. `elsewhere`: whether a person is asked about the
    alerts that lie outside the city. `questions`: what a person may say better, the most important first; `answers`:
    what was said, with what the mapping remembers.
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
    proof: Proof | None = None
    city: CityProfile | None = None
    elsewhere: bool = False
    questions: tuple[Question, ...] = ()
    answers: Answers = field(default_factory=Answers)

    @property
    def counts(self) -> dict[str, Any]:
        """The batch, and the columns that were dropped or not used, as plain values for the command line."""
        batch = self.batch
        return {
            "file": batch.file_name,
            "format": batch.format,
            "batch": None if self.dry_run else batch.id,
            **{
                name: getattr(batch, name)
                for name in (
                    "read",
                    "accepted",
                    "updated",
                    "duplicate",
                    "quarantined",
                    "repaired",
                    "unmapped",
                    "outside",
                    "withdrawn",
                )
            },
            "reasons": dict(batch.reasons),
            "several": self.several,
            "dropped": list(self.dropped),
            "unused": list(self.unused),
        }

    def sentence(self, t: Translator) -> str:
        """For the command line: the counts, which add up, what was left out and decided, and how to do otherwise."""
        batch, odd, left_out = self.batch, self.flags.get(Flag.UNKNOWN_GENDER, 0), t.join(self.dropped)
        counts = {name: getattr(batch, name) for name in ("accepted", "updated", "duplicate", "quarantined")}
        why = sorted(batch.reasons.items(), key=lambda pair: -pair[1])
        reasons = "; ".join(f"{t(REASON_WORDS[Reason(code)]).rstrip('.')} ({t.number(n)})" for code, n in why)
        said = [
            t.n("{name}: {n} row read.", "{name}: {n} rows read.", batch.read, name=batch.file_name),
            t(
                "New: {accepted}, updated: {updated}, already known: {duplicate}, quarantined: {quarantined}.",
                **counts,
            ),
            t("Why rows are quarantined: {reasons}.", reasons=reasons) if reasons else "",
            t("Not stored, since they may name a person: {columns}.", columns=left_out) if left_out else "",
            t("Not used: {columns}.", columns=t.join(self.unused)) if self.unused else "",
            t.n(
                "{n} alert has several categories: it counts once in totals and once in each of them.",
                "{n} alerts have several categories: they count once in totals and once in each of them.",
                self.several,
            )
            if self.several
            else "",
            t.n(
                "In {n} alert a gender was not recognised: it counts as not known.",
                "In {n} alerts a gender was not recognised: it counts as not known.",
                odd,
            )
            if odd
            else "",
            *(t(message) for message in self.decisions),
            t("Nothing was written.") if self.dry_run else "",
        ]
        return " ".join(filter(None, said))


@dataclass(frozen=True)
class Preview:
    """What an import of a file would do; nothing was written.

    `mapping` has one row for each column of the file: place, column, role ("" where dropped or unused), part, use
    ("alert", "dropped", "unused"), empty (count), examples, confidence (0 to 1; NaN where the format is known) and
    reasons (tuple of messages); `sample` the first rows as alerts; `points` at most 2,000 longitudes and latitudes
    rounded to four decimals; `values` the words of the columns that are mapped value by value, with counts, by role;
    `words` what these stand for, "" where that is not known. `first`: the city that was made from this file, since the
    home has none; `city` that one, or the one that was given.
    """

    mapping: pd.DataFrame
    sample: pd.DataFrame
    points: pd.DataFrame
    values: Mapping[str, Mapping[str, int]]
    words: Mapping[str, Mapping[str, str]]
    city: CityProfile
    report: ImportReport
    first: FirstCity | None

    @property
    def answers(self) -> Answers:
        """What a person said, with what the mapping remembers."""
        return self.report.answers


@dataclass(frozen=True)
class Header:
    """The columns of a file: its header, what it is taken for, and one line for each, as `Preview.mapping` has it."""

    labels: tuple[str, ...]
    layout: Layout
    table: pd.DataFrame


def _build_report(
    staged: StagedExport, matched: StagedResult, changes: ExportChanges, proof: ProofBuilder | None
) -> ImportReport:
    """Assemble what an import did, or would do; `proof`: of what would be done."""
    profiled, plan, tally, batch = staged.profiled, staged.plan, staged.tally, matched.batch
    dates = plan.decisions.dates
    labels, layout, saved, first = profiled.labels, profiled.layout, profiled.saved, plan.first
    quarantine = staged.quarantine.first()
    reasons = [Reason(code) for code in quarantine["reason"]]
    quarantine.insert(4, "message", pd.Series([REASON_WORDS[code] for code in reasons], dtype=object))
    quarantine.insert(5, "mend", pd.Series([MEND_WORDS[code] for code in reasons], dtype=object))
    return ImportReport(
        batch=batch,
        dry_run=proof is not None,
        facts=profiled.file.facts,
        layout=layout,
        date_order=BOTH_ORDERS if dates.rows or dates.orders else dates.order,
        decisions=(
            *_read_with(profiled),
            *layout.warnings,
            *layout.findings,
            *plan.decisions.reasons,
            *(() if plan.ids.reason is None else (plan.ids.reason,)),
            *_lacking(staged, kinds=first is None and proof is None),
            *without_effect(
                profiled.request.said,
                profiled.profile,
                kinds=first is None and not tally.flags.get(Flag.UNKNOWN_CATEGORY),
            ),
            *([Message(_LEARNT.text, {"columns": ", ".join(staged.learnt[1])})] if staged.learnt[1] else []),
            *(() if first is None else first.decisions),
        ),
        spread=first.spread if first is not None else None,
        mapping=None if profiled.mended else saved,
        changes=replace(changes, now=batch),
        repairs=tally.repair_table(),
        quarantine=quarantine,
        flags=tally.flags,
        unknown=tally.unknown,
        dropped=tuple(labels[place] or f"{place + 1}" for place in sorted({*layout.personal, *layout.text})),
        unused=tuple(labels[place] for place in layout.unused if labels[place]),
        default_coordinates=default_coordinates_of_files(staged.staging.paths, staged.learnt[0]),
        first=tally.first,
        last=tally.last,
        mapped=tally.mapped,
        outside=tally.outside,
        elsewhere=tally.elsewhere,
        several=tally.several,
        proof=proof.build(staged.staging.paths, batch.reasons) if proof is not None else None,
        city=plan.city if proof is not None else None,
        questions=_questions(staged, changes),
        answers=profiled.request.answers,
    )


_CATEGORY: Final = Message("Which category do all alerts of this file have?")
MOST_COLUMNS: Final = 4
_CATEGORY_COLUMN: Final = Message(
    "Which column holds the category: {columns}? Or which category do all alerts of this file have?"
)


def category_question(profiled: ProfiledExport) -> Message:
    """What to ask where no column was understood as the category, with the columns that can be one."""
    sample, labels = profiled.profile.sample[0], profiled.labels
    able = [labels[at] for at in profiled.layout.unused if can_hold(labels, sample, at)]
    return Message(_CATEGORY_COLUMN.text, {"columns": ", ".join(able[:MOST_COLUMNS])}) if able else _CATEGORY


_GRAVEST: Final = ("area", "older", "gone", "midnight")


def _questions(staged: StagedExport, changes: ExportChanges) -> tuple[Question, ...]:
    """What a person may say better: first what was not answered, the gravest, and those without a default."""
    plan, first = staged.plan, staged.plan.first
    names = names_of_areas(first.spread.areas, staged.learnt_around) if first and first.spread else {}
    layout = staged.profiled.layout
    lacking = "category" not in layout.roles and not layout.category
    asked = [
        *changes.questions(staged.batch.file_name),
        *plan.decisions.questions,
        *([Question("category", "--category", category_question(staged.profiled), default="")] if lacking else []),
        *(first.questions(staged.batch.file_name, names) if first else ()),
    ]
    answers, places = staged.profiled.request.answers, {about: at for at, about in enumerate(_GRAVEST)}
    asked.sort(key=lambda one: (is_answered(one, answers), places.get(one.about, len(places)), bool(one.default)))
    return tuple(asked[:MOST_QUESTIONS])


_LEARNT: Final = Message(
    "Of {columns}, the names of streets and areas that recur were kept, without house numbers: they name places on "
    "maps and in lists."
)


def _read_with(profiled: ProfiledExport) -> tuple[Message, ...]:
    """By which mapping the file was read, and what differs in the columns from those for which it was saved."""
    saved = profiled.saved
    if saved is None:
        return ()
    if profiled.mended:
        return (Message("Read as {name} was, out of which these rows were quarantined.", {"name": saved.name}),)
    appeared, vanished = (", ".join(labels) for labels in changed_columns(saved, profiled.labels))
    said = (
        (True, Message("Read with the saved mapping {name}.", {"name": saved.name})),
        (appeared, Message("Columns that are new since it was saved: {columns}.", {"columns": appeared})),
        (vanished, Message("Columns that are gone since it was saved: {columns}.", {"columns": vanished})),
    )
    return tuple(message for holds, message in said if holds)


def _lacking(staged: StagedExport, *, kinds: bool) -> tuple[Message, ...]:
    """What no column gives: coordinates, since the whole file is then off the map; a category, since pages then have
    nothing to divide by; with `kinds` also the kind of categories: a dry run has it among its doubts."""
    layout, decisions = staged.profiled.layout, staged.plan.decisions
    names = {name: n for name, n in staged.tally.no_kind.items() if name != UNCATEGORISED} if kinds else {}
    said = (
        (
            layout.roles.keys().isdisjoint(PLACE_ROLES),
            Message("No column was recognised as coordinates: the alerts of this file are not on the map."),
        ),
        (
            "category" not in layout.roles and not decisions.category,
            Message("No column was recognised as the category: the alerts of this file have none."),
        ),
        (
            names,
            Message(
                "Alerts whose kind (danger, incivility or offence) is not known: {n}, such as those of {categories}. "
                "Give these categories a kind in the city profile on the Data page.",
                {"n": sum(names.values()), "categories": ", ".join(list(names)[:MOST_NAMED])},
            ),
        ),
    )
    return tuple(message for holds, message in said if holds)


def _build_preview(staged: StagedExport, report: ImportReport) -> Preview:
    """Assemble what a person sees before the import."""
    profiled, plan, first = staged.profiled, staged.plan, staged.plan.first
    sample = next(staged.staging.batches(), None)
    names = [field.name for field in TOLD if field.name != "alert_id"]
    known, values = known_categories(profiled.layout, plan.city), profiled.profile.values
    words = {role: {word: word_value(role, word, plan.decisions.words.get(role, {})) or "" for word in values[role]}
             for role in values}  # fmt: skip
    if "category" in values:
        words["category"] = {word: known.get(fold(word), "") for word in values["category"]}
    return Preview(
        mapping=profiled.columns.table(profiled.labels, profiled.layout) if profiled.columns else pd.DataFrame(),
        sample=sample.slice(0, SAMPLE_ROWS).select(names).to_pandas() if sample is not None else pd.DataFrame(),
        points=_points(staged.staging, staged.tally.mapped),
        values=values,
        words=words,
        city=plan.city,
        report=report,
        first=first,
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
    layout, columns = Layout(formats.GUESSED, {}, unused=tuple(range(len(labels)))), ColumnSummary(len(labels))
    for block in islice(opened.blocks(), 1):
        layout = recognise(labels, block.table, name, None).layout
        columns.add(block)
    return Header(labels, layout, columns.table(labels, layout))


def _points(staging: Staging, mapped: int) -> pd.DataFrame:
    """Sample the `mapped` points evenly over the file, rounded to four decimals."""
    given = {"files": [str(path) for path in staging.paths], "step": max(1, -(-mapped // SAMPLE_POINTS))}
    with bounded_duckdb(staging.folder) as engine:
        return engine.execute(_SAMPLE, given).df().round(4)
