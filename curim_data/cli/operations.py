"""Commands of who runs the dashboard: imports and exports, publishing, the record of who did what, the server."""

from __future__ import annotations

import datetime as dt
import os
import shlex
import sys
import webbrowser
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

from curim_data import serving
from curim_data.cli.commands import Deed, UsageError, as_day, needs, unusable
from curim_data.cli.context import WAY_ON, Answer, CommandContext
from curim_data.export import cleaned
from curim_data.export.publish import publish as write_published
from curim_data.export.safe_csv import with_negative_numbers
from curim_data.model import N_, Answers, ImportProblem, Message, Num, Question, Translator
from curim_data.model.extent import NESTED_CELLS
from curim_data.model.labels import provisional_note
from curim_data.plans import database, record
from curim_data.store import Home, Store, StoreError, alert_table
from curim_data.store import erase as erasure
from curim_data.store.commits import covered
from curim_data.store.home import HOMES, ONE_DATABASE, cities, create_home

if TYPE_CHECKING:
    from curim_data.importing.pipeline import ImportReport
    from curim_data.profile.provisional import Spread

_KINDS: Final[dict[str, Literal["csv", "parquet", "gpkg"]]] = {".csv": "csv", ".parquet": "parquet", ".gpkg": "gpkg"}
AT_ONCE: Final = 200  # entries of the record that are printed
_RECORD: Final = (N_("When"), N_("Who"), N_("Role"), N_("What"), N_("Of what"), N_("Filter"))
# Questions that no later import answers, and those that one answers although the file is imported already.
_OF_NEW_CITY, _OF_STORED = ("area", "kind"), ("older", "gone")
COUNTS: Final = ("read", "accepted", "updated", "duplicate", "quarantined", "repaired", "unmapped")
_BATCHES: Final = (
    *(N_("Import"), N_("File"), N_("When"), N_("Read"), N_("Accepted"), N_("Updated"), N_("Duplicate")),
    *(N_("Quarantined"), N_("Undone")),
)


def import_files(ctx: CommandContext, files: list[Path], dry_run: bool, **options: Any) -> Answer:
    """Import files one after the other; the first that cannot be used does not stop the others."""
    done = bring_files(ctx, files, dry_run=dry_run, **options)
    answer = Answer({"files": [entry for entry, _ in done]})
    if failed := next((why for _, why in done if why is not None), None):
        ctx.give(answer)
        raise UsageError(failed)
    return answer


def bring_files(
    ctx: CommandContext,
    files: list[Path],
    format: str | None,
    mapping: Path | None,
    city: str,
    profile: Path | None,
    crs: str | None,
    *,
    dry_run: bool = False,
    ask: bool = False,
    **answers: Any,
) -> list[tuple[dict[str, Any], Message | None]]:
    """Import files one after the other: the entry of each in the JSON answer, and why it cannot be used, if it cannot.

    `answers`: the fields of `Answers`. `ask`: whether a person is asked for more on the terminal.
    """
    from curim_data.containers.isolation import warm_up

    warm_up()  # it loads its libraries while this process loads its own
    from curim_data.importing.mapping import ColumnMapping
    from curim_data.importing.pipeline import import_file
    from curim_data.importing.questions import epsg

    note_interrupted(ctx)
    if crs is not None and epsg(crs) is None:
        raise unusable("crs", crs, "EPSG:2100", example=True)
    layout = ColumnMapping.from_toml(mapping.read_text("utf-8", errors="replace"), mapping.name) if mapping else None
    bring = partial(
        import_file,
        ctx.home,
        format=format,
        mapping=layout,
        answers=Answers(**answers, crs=epsg(crs or "")),
        city_name=city,
        dry_run=dry_run,
    )
    created = profile is not None and not ctx.home.has_city()
    if profile is not None and created:
        create_home(ctx.home.path, profile)
    done = [_import_file(ctx, file, bring, ask) for file in files]
    if not dry_run and (created or any(why is None for _, why in done)):
        ctx.prepare()  # files that cannot be used leave all that was prepared as it is
    return done


def _import_file(
    ctx: CommandContext, file: Path, bring: partial[ImportReport], ask: bool
) -> tuple[dict[str, Any], Message | None]:
    """Import a file and say it; returns its entry in the JSON answer, and why it cannot be used where it cannot."""
    new_city, t = not ctx.home.has_city(), ctx.t
    try:
        if ask:
            from curim_data.cli.asking import ask_about

            bring = ask_about(ctx, file, bring)
        with ctx.progress(file.name) as step:
            report = bring(file, file.name, progress=step)
    except Question as question:
        why = _how(ctx, question)
        return {"file": file.name, "error": t(why), "questions": [_question_entries(t, question)]}, why
    except (ImportProblem, StoreError) as problem:
        return {"file": file.name, "error": t(problem.message)}, problem.message
    if new_city and ctx.home.has_city():
        _note_city(ctx, report.spread)
    if not ctx.as_json:
        ctx.print(*_report_lines(ctx, report, file))
    return _report_entries(ctx, report, file), None


def _question_entries(t: Translator, question: Question) -> dict[str, Any]:
    """A question for JSON; `default`: what holds unless another choice is named, null where one must be."""
    choices = [{"value": choice.value, "label": t(choice.label)} for choice in question.choices]
    asked = {"about": question.about, "flag": question.flag, "question": t(question.message)}
    return asked | {"choices": choices, "default": question.default}


def _report_entries(ctx: CommandContext, report: ImportReport, file: Path) -> dict[str, Any]:
    """What an import did with a file, for JSON; of a first file also how far its alerts spread, and the command that
    gives each dense area a home of its own.
    """
    from curim_data.importing.proof import proof_object

    told = report.counts | {"decisions": [ctx.t(message) for message in report.decisions]}
    told["questions"] = [_question_entries(ctx.t, one) for one in report.questions]
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
    from curim_data.importing.questions import is_answered
    from curim_data.profile.provisional import position

    t, spread = ctx.t, report.spread
    lines = [report.sentence(t)]
    if report.changes is not None and report.changes.before is not None:
        lines.append(" ".join(report.changes.sentences(t)))
    if report.proof is not None and report.city is not None:
        lines += brief_lines(t, report.city, report.proof)
    undo = "" if report.dry_run else f"curim undo {report.batch.id}"
    for one in report.questions:
        late = undo and (one.about in _OF_NEW_CITY or not (report.batch.accepted or report.batch.updated))
        if not is_answered(one, report.answers) and (not late or one.about in _OF_STORED):
            lines.append(t(_how(ctx, one, "" if one.about in _OF_STORED else undo)))
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


def _how(ctx: CommandContext, question: Question, undo: str = "") -> Message:
    """The question with the flag that answers it; `undo`: the command that must take the import back before."""
    about, choices = question.about, question.choices
    likely = ["..."] if not choices or about == "crs" else []  # the projections are no more than likely ones
    values = [shlex.quote(choice.value) for choice in choices]
    flag = question.flag if about == "elsewhere" else f"{question.flag} {' | '.join([*values, *likely])}"
    # Headings, as a shell takes them, each with what stands in its column.
    columns = " · ".join(ctx.t(choice.label) for choice in choices) + "." if about == "event" else ""
    default = next((ctx.t(one.label) for one in choices if one.value == question.default), "")
    held = ctx.t("Unless you say otherwise: {default}.", default=default.rstrip(".")) if default else ""
    asked = " ".join(filter(None, (ctx.t(question.message), columns, held)))
    later = Message("{question} To answer, undo this import ({undo}), then import the file again with: {flag}")
    told = {"question": asked, "flag": flag, "undo": undo}
    return Message(later.text, told) if undo else Message("{question} Answer with: {flag}", told)


def _note_city(ctx: CommandContext, spread: Spread | None) -> None:
    """A home that was new holds a city now."""
    city = ctx.home.city()
    named = ctx.t.label(city.names)
    ctx.note(ctx.t("{home} was new: it now holds the profile of {city}.", home=str(ctx.home.path), city=named))
    if spread is not None:
        ctx.note(ctx.t(spread.statement))
    if city.provisional and city.outlined:  # of another the report said what it lacks
        ctx.note(f"{provisional_note(ctx.t)} {ctx.t(WAY_ON)}")


def open_files(
    ctx: CommandContext, files: list[Path] | None, no_browser: bool, port: int | None, **options: Any
) -> Answer:
    """Import files and start the dashboard, which serves until Ctrl-C; UsageError where no file could be imported.

    The home that it makes unless one is named is deleted at the end, and has no part in the databases of other homes.
    """
    with ExitStack() as stack:
        serving.end_on_signals(stack)
        if not ctx.home_named:
            folder = stack.enter_context(TemporaryDirectory(prefix="curim-", ignore_cleanup_errors=True))
            ctx.home = Home(Path(folder))
            for name in ONE_DATABASE:
                os.environ.pop(name, None)
            told = N_("{home} is a temporary home: it is deleted when the dashboard ends. --home FOLDER keeps one.")
            ctx.note(ctx.t(told, home=folder))
        if not (files or ctx.home.has_city()):
            ctx.note(ctx.t("Sample data: made up. Not about real events."))
        on_terminal = sys.stdin.isatty() and sys.stdout.isatty() and not ctx.as_json
        done = bring_files(ctx, files, ask=on_terminal, **options) if files else []
        data, failures = {"files": [entry for entry, _ in done]}, [why for _, why in done if why is not None]
        if done and len(failures) == len(done):
            ctx.give(Answer(data))
            raise UsageError(failures[0])
        for why in failures:
            ctx.note(f"curim: {ctx.t(why)}")
        home = str(ctx.home.path.absolute())
        server, process = stack.enter_context(serving.serve_alone({"CURIM_HOME": home, HOMES: ""}, port))
        address = f"{server}/?lang={ctx.t.lang}"
        finish = stack.pop_all()
        finish.callback(process.wait)  # what comes last is done first
        if not no_browser:
            finish.callback(webbrowser.open, address)
    line = ctx.t("The dashboard is at {address}; Ctrl-C ends it.", address=address)
    return Answer({**data, "home": home, "address": address}, [line], then=finish.close)


def batches(ctx: CommandContext) -> Answer:
    """Every import."""
    note_interrupted(ctx)
    t, _ = ctx.t, ctx.city()
    stored = Store(ctx.home).batches()
    rows = [(b.id, b.file_name, t.moment(b.when), *(getattr(b, name) for name in COUNTS[:5]), b.undone) for b in stored]
    listed = [
        {"file": b.file_name, "when": b.when, "undone": b.undone, "format": b.format, "batch": b.id}
        | {name: getattr(b, name) for name in COUNTS}
        | {"reasons": dict(b.reasons), "covers": [b.signature.get("first"), b.signature.get("last")]}
        for b in stored
    ]
    days = {source: [[f"{day}" for day in span] for span in spans] for source, spans in covered(stored).items()}
    return Answer(
        {"batches": listed, "covered": days}, [ctx.table(_BATCHES, rows, N_("Nothing was imported yet."), uncut=1)]
    )


def undo(ctx: CommandContext, batch: str) -> Answer:
    """Undo an import."""
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


def quarantine(ctx: CommandContext, batch: str, out: Path) -> Answer:
    """Rows that an import quarantined, ready to be mended."""
    ctx.city()
    frame = Store(ctx.home).quarantine(batch, ctx.t)
    return Answer(
        {"batch": batch, "rows": len(frame), "out": str(out)},
        [ctx.rows_written(len(frame), out)],
        with_negative_numbers(frame),
    )


def erase(ctx: CommandContext, alerts: list[str], yes: bool) -> Answer:
    """Remove alerts for good."""
    note_interrupted(ctx)
    t, _ = ctx.t, ctx.city()
    preview = erasure.preview_erasure(ctx.home, alerts)
    warning = t(
        "Gone for good, from all earlier versions too, and no later export brings them back: alerts: {alerts}, "
        "quarantined rows: {rows}. Imports that can then not be undone any more: {sealed}.",
        alerts=preview.alerts,
        rows=preview.quarantined,
        sealed=preview.sealed,
    )
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
    for cut in alert_table.remove_interrupted(ctx.home):
        ctx.note(ctx.t(cut.message))
    erasure.finish_erasure(ctx.home)


def export(ctx: CommandContext, out: Path) -> Answer:
    """Write the alerts under the filter; all dates where no period is asked for."""
    if not {"period", "from", "to"} & set(ctx.query):
        ctx.query["period"] = "all"
    source, t = ctx.source, ctx.t
    n = cleaned.write(source, ctx.filter, out, _KINDS[out.suffix.lower()], ctx.audience)
    notes = [t(NESTED_CELLS)]
    return Answer(
        {"alerts": n, "of": source.count, "columns": list(cleaned.COLUMNS), "out": str(out), "notes": notes},
        [*notes, ctx.rows_written(n, out)],
    )


def publish(ctx: CommandContext, to: str) -> Answer:
    """Write the alerts and their protected copy in one transaction; nothing where the version is there already."""
    ctx.city()
    url = to or os.environ.get("CURIM_ALERTS_URL", "")
    if url in ("", "duckdb"):
        raise needs("publish", "--to postgresql://user@host/database")
    done = write_published(ctx.home, url)
    told = (
        ctx.t.n("{n} alert was published.", "{n} alerts were published.", done.alerts)
        if done.written
        else ctx.t("The database holds this version already: nothing was written.")
    )
    return Answer({"version": done.version, "alerts": done.alerts, "written": done.written}, [told])


def audit(
    ctx: CommandContext, since: str | None, until: str | None, who: str | None, deed: Deed | None, out: Path | None
) -> Answer:
    """The record of this home."""
    t, zone = ctx.t, ZoneInfo(ctx.city().timezone)
    kept = database.Database(ctx.home.plans_url)
    found = record.read_record(
        kept,
        since=_start("since", since, zone),
        until=_start("until", until, zone, days=1),
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
    shown = ctx.rows_written(len(found), out) if out else ctx.table(_RECORD, rows, N_("Nothing is recorded."))
    return Answer({"n": len(found), "record": frame}, [shown], frame)


def sessions(ctx: CommandContext, who: str | None, end: bool) -> Answer:
    """The sign-ins of this dashboard that go on, of everybody or of one person."""
    t, zone = ctx.t, ZoneInfo(ctx.city().timezone)
    kept = database.Database(ctx.home.plans_url)
    known = record.SignIns(kept)
    found = known.of(who and who.lower(), record.NO_LIMITS)
    if end:
        for one in found:
            known.end(one.key, one.issued)
    kept.close()
    when = [[dt.datetime.fromtimestamp(at, zone) for at in (one.issued, one.seen)] for one in found]
    rows = [(one.who, *map(t.moment, times)) for one, times in zip(found, when, strict=True)]
    told = [ctx.table((N_("Who"), N_("Signed in"), N_("Last used")), rows, N_("Nobody is signed in."))]
    if end:
        told.append(t.n("{n} sign-in ended.", "{n} sign-ins ended.", len(found)))
    listed = [
        {"who": one.who, "signed_in": began, "used": used} for one, (began, used) in zip(found, when, strict=True)
    ]
    return Answer({"n": len(found), "ended": end, "sessions": listed}, told)


def _start(option: str, text: str | None, zone: ZoneInfo, days: int = 0) -> float | None:
    """When a day of the city, or the one so many days later, begins (seconds since 1970)."""
    day = as_day(text, option) + dt.timedelta(days) if text else None
    return dt.datetime.combine(day, dt.time(), zone).timestamp() if day else None


def serve(
    ctx: CommandContext,
    processes: int | None,
    port: int,
    address: str,
    certificate: Path | None,
    metrics: int | None,
) -> None:
    """Serve until it is stopped: the cities of CURIM_HOMES, or one home."""
    known = serving.signs_in()
    if address not in (serving.LOCAL, "localhost", "::1") and not known:
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
