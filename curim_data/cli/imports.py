"""Commands of imports: any export into the home, each row accounted for; batches, undo, quarantine, erase."""

from __future__ import annotations

import re
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from curim_data.cli.commands import command, ends_in
from curim_data.cli.context import Answer, CommandContext, Table, UsageError, write_file
from curim_data.cli.operations import publish_to
from curim_data.model import N_, Answers, Message, Num, Question

if TYPE_CHECKING:
    from curim_data.importing.mapping import ColumnMapping
    from curim_data.importing.report import ImportReport
    from curim_data.profile.spread import Spread
    from curim_data.store import Batch

BatchId = Annotated[str, typer.Argument(help=N_("Id of the import, as “curim batches” lists it."))]
COUNTS: Final = ("read", "accepted", "updated", "duplicate", "quarantined", "repaired", "unmapped")
_CRS: Final = re.compile(r"(?:EPSG:)?(\d{4,6})", re.I)
_HEADINGS: Final = (
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
    from curim_data.importing.proof_text import proof_object

    told = report.counts | {"decisions": [ctx.t(message) for message in (*report.decisions, *report.options)]}
    if report.proof is not None and report.city is not None:
        told["proof"] = proof_object(ctx.t, report.city, report.proof)
    if (spread := report.spread) is None:
        return told
    areas = [
        {"area": one.circle.word, "share": round(one.share, 4), "command": one.command(str(file), number)}
        for number, one in enumerate(spread.areas, 1)
    ]
    about = {"area_km2": round(spread.area_km2), "kind": spread.kind, "statement": ctx.t(spread.statement)}
    return told | {"spread": about | {"dense_areas": areas if spread.asks else []}}


def _report_lines(ctx: CommandContext, report: ImportReport, file: Path) -> list[str]:
    """What an import did with a file; of a region or a country also its dense areas, each with the command that makes
    it a city of its own.
    """
    from curim_data.importing.proof_text import brief_lines
    from curim_data.profile.spread import position

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
    listed = " · ".join(ctx.t(choice.label) for choice in choices)
    return Message("{question} {choices}. Answer with: {flag}", told | {"choices": listed})


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
    import pandas as pd

    from curim_data.store import Store

    note_interrupted(ctx)
    t, _ = ctx.t, ctx.city()
    stored = Store(ctx.home).batches()
    listed = [{"file": b.file_name, "when": b.when, "undone": b.undone, **_counts(b)} for b in stored]
    rows = [(b.id, b.file_name, t.moment(b.when), *(getattr(b, name) for name in COUNTS[:5]), b.undone) for b in stored]
    frame = pd.DataFrame(rows, columns=[t(heading) for heading in _HEADINGS])
    table = Table(frame, uncut=frame.columns[:1])
    return Answer({"batches": listed}, [table if stored else t("Nothing was imported yet.")])


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
    line = ctx.t(
        "The import {batch} was undone: {removed} alerts removed, {restored} given back their earlier content, "
        "{kept} kept because a later import changed them.",
        **told,
    )
    return Answer(told, [line])


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
    data = {"batch": batch, "rows": len(frame), "out": str(out)}
    return Answer(data, [ctx.rows_written(len(frame), out)], with_negative_numbers(frame))


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
    data = {"erased": report.alerts, "quarantined_erased": report.quarantined, "imports_sealed": report.sealed}
    return Answer(data, [t.n("{n} alert was erased for good.", "{n} alerts were erased for good.", report.alerts)])


def note_interrupted(ctx: CommandContext) -> None:
    """Tell once, on standard error, which imports were cut short; finish an erasure that was."""
    from curim_data.store import erase, interrupted

    for cut in interrupted.remove_interrupted(ctx.home):
        ctx.note(ctx.t(cut.message))
    erase.finish_erasure(ctx.home)
