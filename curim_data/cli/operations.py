"""Commands of who runs the dashboard: imports and exports, publishing, the record of who did what, the server."""

from __future__ import annotations

import datetime as dt
import os
import re
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import typer

from curim_data.cli.commands import OutCsv, as_day, command, ends_in
from curim_data.cli.context import Answer, CommandContext, UsageError, cannot_write, write_file
from curim_data.model import N_, Answers, Audience, Message, Num, Question
from curim_data.serving import LOCAL

if TYPE_CHECKING:
    from curim_data.importing.mapping import ColumnMapping
    from curim_data.importing.pipeline import ImportReport
    from curim_data.profile.provisional import Spread
    from curim_data.store import Batch

_KINDS: Final[dict[str, Literal["csv", "parquet", "gpkg"]]] = {".csv": "csv", ".parquet": "parquet", ".gpkg": "gpkg"}
AT_ONCE: Final = 200  # entries of the record that are printed
_RECORD: Final = (N_("When"), N_("Who"), N_("Role"), N_("What"), N_("Of what"), N_("Filter"))
BatchId = Annotated[str, typer.Argument(help=N_("Id of the import, as “curim batches” lists it."))]
COUNTS: Final = ("read", "accepted", "updated", "duplicate", "quarantined", "repaired", "unmapped")
_CRS: Final = re.compile(r"(?:EPSG:)?(\d{4,6})", re.I)
_BATCHES: Final = (
    *(N_("Import"), N_("File"), N_("When"), N_("Read"), N_("Accepted"), N_("Updated"), N_("Duplicate")),
    *(N_("Quarantined"), N_("Undone")),
)


@command("import")
def import_files(
    ctx: CommandContext,
    files: Annotated[list[Path], typer.Argument(help=N_("Exports to import."))],
    format: Annotated[str | None, typer.Option(help=N_("Name of the format; recognised unless given."))] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help=N_("TOML file that says what the columns mean (docs/mapping.md)."))
    ] = None,
    write_mapping: Annotated[
        Path | None,
        typer.Option("--write-map", help=N_("Write the recognised mapping to a TOML file, to be corrected.")),
    ] = None,
    dates: Annotated[
        str | None, typer.Option(help=N_("day-first or month-first, where the file does not say."))
    ] = None,
    crs: Annotated[
        str | None, typer.Option(help=N_("Coordinate system of projected coordinates, such as EPSG:2100."))
    ] = None,
    decimal: Annotated[str | None, typer.Option(help=N_("point or comma: the decimal mark of coordinates."))] = None,
    order: Annotated[str | None, typer.Option(help=N_("lat-lon or lon-lat, for a column that holds both."))] = None,
    sheet: Annotated[str | None, typer.Option(help=N_("Sheet, layer or member of a file that holds several."))] = None,
    timezone: Annotated[
        str | None, typer.Option(help=N_("Time zone of times without offset, such as Europe/Athens."))
    ] = None,
    category: Annotated[str | None, typer.Option(help=N_("Category of a file without a column for it."))] = None,
    ids: Annotated[str | None, typer.Option(help=N_("same or own, where ids of the file are known already."))] = None,
    elsewhere: Annotated[
        bool, typer.Option("--elsewhere", help=N_("Import although most alerts lie outside the city."))
    ] = False,
    area: Annotated[
        str | None,
        typer.Option(
            help=N_(
                "What a new city is made of, where the file holds a region or a country: whole, densest, or LON,LAT,KM "
                "for what lies within some kilometres of a place."
            )
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help=N_(
                "Kind of the categories of a new city: names (as each name says, the default), offence, incivility, "
                "risk or unknown."
            )
        ),
    ] = None,
    event: Annotated[
        str | None, typer.Option(help=N_("Column that says when it happened, where several dates can be it."))
    ] = None,
    counts: Annotated[
        str | None,
        typer.Option(help=N_("What an alert is in a table of counts: events (as many as a row says) or rows.")),
    ] = None,
    city: Annotated[str, typer.Option(help=N_("Name of the city, for a home that has none yet."))] = "",
    profile: Annotated[Path | None, typer.Option(help=N_("Profile folder for a home that has no city yet."))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=N_("Say what would happen and write nothing."))] = False,
    publish: Annotated[
        str | None, typer.Option(help=N_("Afterwards publish the alerts to this PostgreSQL URL (“curim publish”)."))
    ] = None,
) -> Answer:
    """Import files one after the other; the first that cannot be used does not stop the others."""
    from curim_data.containers.isolation import warm_up

    warm_up()  # it loads its libraries while this process loads its own
    from curim_data.importing.pipeline import import_file
    from curim_data.store.home import create_home

    note_interrupted(ctx)
    answers = Answers(
        dates, _epsg(crs), decimal, order, sheet, timezone, category, ids, elsewhere, area, kind, event, counts
    )
    bring = partial(
        import_file,
        ctx.home,
        format=format,
        mapping=_mapping(mapping),
        answers=answers,
        city_name=city,
        dry_run=dry_run,
    )
    created = profile is not None and not ctx.home.has_city()
    if created:
        create_home(ctx.home.path, profile)
    done = [_import_file(ctx, file, bring, write_mapping) for file in files]
    if not dry_run and (created or any(why is None for _, why in done)):
        ctx.prepare()  # files that cannot be used leave all that was prepared as it is
    published = publish_to(ctx, publish) if publish and not dry_run and ctx.home.has_city() else {}
    answer = Answer({"files": [told for told, _ in done]} | ({"published": published} if published else {}))
    if failed := next((why for _, why in done if why is not None), None):
        ctx.give(answer, None, question=False)
        raise UsageError(failed)
    return answer


def _import_file(
    ctx: CommandContext, file: Path, bring: partial[ImportReport], write_mapping: Path | None
) -> tuple[dict[str, Any], Message | None]:
    """Import a file and say it; returns its entry in the JSON answer, and why it cannot be used where it cannot."""
    from curim_data.importing.mapping import ColumnMapping
    from curim_data.importing.pipeline import ImportProblem
    from curim_data.store import StoreError

    new_city, t = not ctx.home.has_city(), ctx.t
    try:
        with ctx.progress(file.name) as step:
            report = bring(file, file.name, progress=step)
    except Question as question:
        why = _how(ctx, question)
        choices = [{"value": choice.value, "label": t(choice.label)} for choice in question.choices]
        asked = {"about": question.about, "flag": question.flag, "choices": choices}
        return {"file": file.name, "error": t(why), "question": asked}, why
    except (ImportProblem, StoreError) as problem:
        return {"file": file.name, "error": t(problem.message)}, problem.message
    if write_mapping is not None:
        answers = bring.keywords["answers"]
        made = ColumnMapping.from_layout(report.layout, report.facts.labels, answers=answers, name=file.stem)
        write_file(write_mapping, made.to_toml().encode())
    if new_city and ctx.home.has_city():
        _note_city(ctx, report.spread)
    if not ctx.as_json:
        ctx.print(*_report_lines(ctx, report, file))
    return _report_entries(ctx, report, file), None


def _report_entries(ctx: CommandContext, report: ImportReport, file: Path) -> dict[str, Any]:
    """What an import did with a file, for JSON; of a first file also how far its alerts spread, and the command that
    gives each dense area a home of its own.
    """
    from curim_data.importing.proof import proof_object

    told = report.counts | {"decisions": [ctx.t(message) for message in (*report.decisions, *report.options)]}
    if report.proof is not None and report.city is not None:
        told["proof"] = proof_object(ctx.t, report.city, report.proof)
    if (spread := report.spread) is None:
        return told
    areas = [
        {"area": one.circle.word, "share": round(one.share, 4), "command": one.command(str(file), number)}
        for number, one in enumerate(spread.areas, 1)
    ]
    return told | {
        "spread": {"area_km2": round(spread.area_km2), "kind": spread.kind, "statement": ctx.t(spread.statement)}
        | {"dense_areas": areas if spread.asks else []}
    }


def _report_lines(ctx: CommandContext, report: ImportReport, file: Path) -> list[str]:
    """What an import did with a file; of a region or a country also its dense areas, each with the command that makes
    it a city of its own.
    """
    from curim_data.importing.proof import brief_lines
    from curim_data.profile.provisional import position

    t, spread = ctx.t, report.spread
    lines = [report.sentence(t)]
    if report.proof is not None and report.city is not None:
        lines += brief_lines(t, report.city, report.proof)
    if spread is None or not spread.asks:
        return lines
    areas = (
        t(
            "{number}. {share} % of the alerts within {radius} km of {place}: {command}",
            number=number,
            place=position(one.circle),
            radius=f"{one.circle.radius_km:g}",
            share=Num(100 * one.share, 0),
            command=one.command(str(file), number),
        )
        for number, one in enumerate(spread.areas, 1)
    )
    return [*lines, t("Dense areas, each of which can be a city in a home of its own:"), *areas]


def _mapping(path: Path | None) -> ColumnMapping | None:
    from curim_data.importing.mapping import ColumnMapping

    if path is None:
        return None
    try:
        return ColumnMapping.from_toml(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(Message("{file} cannot be read: {why}.", {"file": str(path), "why": why})) from error


def _epsg(text: str | None) -> int | None:
    if text is None:
        return None
    found = _CRS.fullmatch(text.strip())
    if not found:
        raise UsageError(Message("--crs {crs}: give a code such as EPSG:2100.", {"crs": text}))
    return int(found[1])


def _how(ctx: CommandContext, question: Question) -> Message:
    """The question with the flag that answers it."""
    about, choices = question.about, question.choices
    likely = ["..."] if not choices or about == "crs" else []  # the projections are no more than likely ones
    values = [shlex.quote(choice.value) if about == "event" else choice.value for choice in choices]
    flag = question.flag if about == "elsewhere" else f"{question.flag} {' | '.join([*values, *likely])}"
    told = {"question": ctx.t(question.message), "flag": flag}
    if about != "event":
        return Message("{question} Answer with: {flag}", told)
    # Headings, as a shell takes them, each with what stands in its column.
    return Message(
        "{question} {choices}. Answer with: {flag}",
        told | {"choices": " · ".join(ctx.t(choice.label) for choice in choices)},
    )


def _note_city(ctx: CommandContext, spread: Spread | None) -> None:
    """A home that was new holds a city now."""
    city = ctx.home.city()
    named = ctx.t.label(city.names)
    ctx.note(ctx.t("{home} was new: it now holds the profile of {city}.", home=str(ctx.home.path), city=named))
    if spread is not None:
        ctx.note(ctx.t(spread.statement))
    if city.provisional and city.outlined:  # of another the report said what it lacks
        ctx.note(
            ctx.t(
                "The profile is provisional: area, time zone ({zone}) and categories were taken from this file. "
                "Give the city's own with “curim city districts” and “curim city categories”.",
                zone=city.timezone,
            )
        )


@command("batches")
def batches(ctx: CommandContext) -> Answer:
    """Every import."""
    from curim_data.store import Store

    note_interrupted(ctx)
    t, _ = ctx.t, ctx.city()
    stored = Store(ctx.home).batches()
    rows = [(b.id, b.file_name, t.moment(b.when), *(getattr(b, name) for name in COUNTS[:5]), b.undone) for b in stored]
    return Answer(
        {"batches": [{"file": b.file_name, "when": b.when, "undone": b.undone, **_counts(b)} for b in stored]},
        [ctx.table(_BATCHES, rows, N_("Nothing was imported yet."), uncut=1)],
    )


def _counts(batch: Batch) -> dict[str, Any]:
    counts = {name: getattr(batch, name) for name in COUNTS}
    return {"format": batch.format, "batch": batch.id, **counts, "reasons": dict(batch.reasons)}


@command("undo")
def undo(ctx: CommandContext, batch: BatchId) -> Answer:
    """Undo an import."""
    from curim_data.store import Store

    ctx.city()
    report = Store(ctx.home).undo(batch)
    ctx.prepare()
    told = {"batch": batch, "removed": report.removed, "restored": report.restored, "kept": report.kept}
    return Answer(
        told,
        [
            ctx.t(
                "The import {batch} was undone: {removed} alerts removed, {restored} given back their earlier content, "
                "{kept} kept because a later import changed them.",
                **told,
            )
        ],
    )


@command("quarantine")
def quarantine(
    ctx: CommandContext,
    batch: BatchId,
    out: Annotated[Path, typer.Option(callback=ends_in(".csv"), help=N_("CSV file to write."))],
) -> Answer:
    """Rows that an import quarantined, ready to be mended."""
    from curim_data.export.safe_csv import with_negative_numbers
    from curim_data.store import Store

    ctx.city()
    frame = Store(ctx.home).quarantine(batch, ctx.t)
    return Answer(
        {"batch": batch, "rows": len(frame), "out": str(out)},
        [ctx.rows_written(len(frame), out)],
        with_negative_numbers(frame),
    )


@command("erase")
def erase(
    ctx: CommandContext,
    alerts: Annotated[list[str], typer.Argument(help=N_("Ids of the alerts."))],
    yes: Annotated[
        bool, typer.Option("--yes", help=N_("Confirm: without this the command only says what would be erased."))
    ] = False,
) -> Answer:
    """Remove alerts for good."""
    from curim_data.store import erase as erasure

    note_interrupted(ctx)
    t, _ = ctx.t, ctx.city()
    preview = erasure.preview_erasure(ctx.home, alerts)
    gone = t.n(
        "{n} alert will be gone for good, from all earlier versions too; an export that holds it will not bring it "
        "back.",
        "{n} alerts will be gone for good, from all earlier versions too; an export that holds them will not bring "
        "them back.",
        preview.alerts,
    )
    rows = t.n(
        "{n} quarantined row is erased with it.", "{n} quarantined rows are erased with it.", preview.quarantined
    )
    sealed = t.n(
        "{n} import can then not be undone any more.", "{n} imports can then not be undone any more.", preview.sealed
    )
    warning = " ".join([gone, *([rows] if preview.quarantined else []), *([sealed] if preview.sealed else [])])
    if not yes:
        raise UsageError(Message("{told} Nothing was erased: say --yes to do it.", {"told": warning}))
    ctx.note(warning)
    report = erasure.erase(ctx.home, alerts)
    ctx.prepare()
    return Answer(
        {"erased": report.alerts, "quarantined_erased": report.quarantined, "imports_sealed": report.sealed},
        [t.n("{n} alert was erased for good.", "{n} alerts were erased for good.", report.alerts)],
    )


def note_interrupted(ctx: CommandContext) -> None:
    """Tell once, on standard error, which imports were cut short; finish an erasure that was."""
    from curim_data.store import erase, interrupted

    for cut in interrupted.remove_interrupted(ctx.home):
        ctx.note(ctx.t(cut.message))
    erase.finish_erasure(ctx.home)


@command("export", filtered=True, audience=Audience.ANALYST)
def export(
    ctx: CommandContext,
    out: Annotated[Path, typer.Option(callback=ends_in(*_KINDS), help=N_("File to write: .csv, .parquet or .gpkg."))],
) -> Answer:
    """Write the alerts under the filter; all dates where no period is asked for."""
    from curim_data.export import cleaned
    from curim_data.model.extent import NESTED_CELLS

    if not {"period", "from", "to"} & set(ctx.query):
        ctx.query["period"] = "all"
    source, t = ctx.source, ctx.t
    try:
        n = cleaned.write(source, ctx.filter, out, _KINDS[out.suffix.lower()], ctx.audience)
    except OSError as error:
        raise cannot_write(out, error) from error
    notes = [t(NESTED_CELLS)]
    return Answer(
        {"alerts": n, "of": source.count, "columns": list(cleaned.COLUMNS), "out": str(out), "notes": notes},
        [*notes, t.n("{n} alert written to {file}.", "{n} alerts written to {file}.", n, file=str(out))],
    )


@command("sample")
def sample(_: CommandContext, folder: Annotated[Path, typer.Argument(help=N_("Folder to write to."))]) -> Answer:
    """Write the made-up sample exports again."""
    from sample_data.generate import write_sample

    try:
        written = [str(path) for path in write_sample(folder)]
    except OSError as error:
        raise cannot_write(folder, error) from error
    return Answer({"files": written}, written)


@command("publish")
def publish(
    ctx: CommandContext,
    to: Annotated[
        str, typer.Option(help=N_("URL of the database, as postgresql://user@host/name; CURIM_ALERTS_URL without it."))
    ] = "",
) -> Answer:
    """Write the alerts and their protected copy in one transaction; nothing where the version is there already."""
    ctx.city()
    url = to or os.environ.get("CURIM_ALERTS_URL", "")
    if url in ("", "duckdb"):
        raise UsageError(Message("Say where to: --to postgresql://user@host/database, or CURIM_ALERTS_URL."))
    return Answer(publish_to(ctx, url))


def publish_to(ctx: CommandContext, url: str) -> dict[str, Any]:
    """Publish, say it, and return it for JSON; PublishError where that fails."""
    from curim_data.export.publish import publish as write

    done = write(ctx.home, url)
    ctx.print(
        ctx.t.n("{n} alert was published.", "{n} alerts were published.", done.alerts)
        if done.written
        else ctx.t("The database holds this version already: nothing was written.")
    )
    return {"version": done.version, "alerts": done.alerts, "written": done.written}


@command("audit")
def audit(
    ctx: CommandContext,
    since: Annotated[str, typer.Option(help=N_("From this day on, as 2025-05-03."))] = "",
    until: Annotated[str, typer.Option(help=N_("Until this day, included."))] = "",
    who: Annotated[str | None, typer.Option(help=N_("Of this person alone: an address, or an account."))] = None,
    deed: Annotated[
        str | None,
        typer.Option(
            help=N_(
                "view, refused, sign_in, sign_out, not_admitted, download, import, undo, erase, change, command or gap."
            )
        ),
    ] = None,
    out: OutCsv = None,
) -> Answer:
    """The record of this home."""
    from curim_data.plans import database, record

    t, zone, deeds = ctx.t, ZoneInfo(ctx.city().timezone), list(record.Deed)
    if deed is not None and deed not in deeds:
        raise UsageError(Message("--deed {deed}: use one of {deeds}.", {"deed": deed, "deeds": ", ".join(deeds)}))
    kept = database.Database(ctx.home.plans_url)
    found = record.read_record(
        kept,
        since=_start(since, zone),
        until=_start(until, zone, days=1),
        who=who,
        deed=record.Deed(deed) if deed is not None else None,
        most=None if out or ctx.as_json else AT_ONCE,
    )
    kept.close()
    frame = record.record_frame(found)
    rows = [
        (t.moment(dt.datetime.fromtimestamp(one.at, zone)), one.who or "–", one.role, t(record.DEED_WORDS[one.deed]),
         one.subject, one.query)
        for one in found
    ]  # fmt: skip
    written = t.n("{n} entry written to {file}.", "{n} entries written to {file}.", len(found), file=str(out))
    shown = ctx.table(_RECORD, rows, N_("Nothing is recorded."))
    return Answer({"n": len(found), "record": frame}, [written if out else shown], frame)


def _start(text: str, zone: ZoneInfo, days: int = 0) -> float | None:
    """When a day of the city, or the one so many days later, begins (seconds since 1970)."""
    return dt.datetime.combine(as_day(text) + dt.timedelta(days), dt.time(), zone).timestamp() if text else None


@command("serve")
def serve(
    ctx: CommandContext,
    processes: Annotated[
        int | None, typer.Option(min=1, help=N_("Processes; one for each processor unless given."))
    ] = None,
    port: Annotated[int, typer.Option(help=N_("Port on which readers connect."))] = 8501,
    address: Annotated[
        str, typer.Option(help=N_("Address to listen on; others than this computer need sign-in."))
    ] = LOCAL,
    certificate: Annotated[Path | None, typer.Option(help=N_("PEM file with certificate and key, for TLS."))] = None,
    metrics: Annotated[int | None, typer.Option(help=N_("Port for Prometheus, on this computer."))] = None,
) -> None:
    """Serve until it is stopped: the cities of CURIM_HOMES, or one home."""
    from curim_data import serving
    from curim_data.store.home import HOMES, cities

    known = serving.signs_in()
    if address not in (LOCAL, "localhost", "::1") and not known:
        raise UsageError(
            Message(
                "--address {address}: no sign-in is configured, so the dashboard answers on this computer only "
                "(docs/sign-in.md).",
                {"address": address},
            )
        )
    if not ctx.home_named:
        cities()
    where = serving.Address(address, port, certificate, metrics, known)
    environment = {"CURIM_HOME": str(ctx.home.path), **({HOMES: ""} if ctx.home_named else {})}
    serving.serve(where, processes or os.cpu_count() or 1, environment)
