"""Commands of stored imports: batches, undo, quarantine, erase."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import command, new_app
from curim_data.cli.output import UsageError, write_table
from curim_data.model import N_, Message

if TYPE_CHECKING:
    from curim_data.store import Batch

app = new_app()
BatchId = Annotated[str, typer.Argument(help=N_("Id of the import, as “curim batches” lists it."))]
COUNTS: Final = ("read", "accepted", "updated", "duplicate", "quarantined", "repaired", "unmapped")


def _counts(batch: Batch) -> dict[str, Any]:
    return {
        "format": batch.format,
        "batch": batch.id,
        **{name: getattr(batch, name) for name in COUNTS},
        "reasons": dict(batch.reasons),
    }


@command(app, "batches")
def batches(ctx: CommandContext) -> None:
    """Every import."""
    import pandas as pd

    from curim_data.store import Store

    note_interrupted(ctx)
    ctx.city()
    stored = Store(ctx.home).batches()
    if ctx.as_json:
        listed = [{"file": b.file_name, "when": b.when, "undone": b.undone, **_counts(b)} for b in stored]
        ctx.print_json({"batches": listed})
        return
    if not stored:
        ctx.print(ctx.t("Nothing was imported yet."))
        return
    rows = [
        (b.id, b.file_name, ctx.t.moment(b.when), *(getattr(b, name) for name in COUNTS[:5]), b.undone) for b in stored
    ]
    frame = pd.DataFrame(rows, columns=[ctx.t(heading) for heading in _HEADINGS])
    ctx.print_table(frame, uncut=frame.columns[:1])


_HEADINGS: Final = (
    *(N_("Import"), N_("File"), N_("When"), N_("Read"), N_("Accepted"), N_("Updated"), N_("Duplicate")),
    *(N_("Quarantined"), N_("Undone")),
)


@command(app, "undo")
def undo(ctx: CommandContext, batch: BatchId) -> None:
    """Undo an import."""
    from curim_data.store import Store

    ctx.city()
    report = Store(ctx.home).undo(batch)
    ctx.prepare()
    if ctx.as_json:
        ctx.print_json({"batch": batch, "removed": report.removed, "restored": report.restored, "kept": report.kept})
        return
    ctx.print(
        ctx.t(
            "The import {batch} was undone: {removed} alerts removed, {restored} given back their earlier content, "
            "{kept} kept because a later import changed them.",
            batch=batch,
            removed=report.removed,
            restored=report.restored,
            kept=report.kept,
        )
    )


@command(app, "quarantine")
def quarantine(
    ctx: CommandContext, batch: BatchId, out: Annotated[Path, typer.Option(help=N_("CSV file to write."))]
) -> None:
    """Rows that an import quarantined, ready to be mended."""
    from curim_data.export.safe_csv import with_negative_numbers
    from curim_data.store import Store

    ctx.city()
    frame = Store(ctx.home).quarantine(batch, ctx.t)
    write_table(out, with_negative_numbers(frame))
    if ctx.as_json:
        ctx.print_json({"batch": batch, "rows": len(frame), "out": str(out)})
        return
    ctx.print_written(len(frame), out)


@command(
    app,
    "erase",
)
def erase(
    ctx: CommandContext,
    alerts: Annotated[list[str], typer.Argument(help=N_("Ids of the alerts."))],
    yes: Annotated[
        bool, typer.Option("--yes", help=N_("Confirm: without this the command only says what would be erased."))
    ] = False,
) -> None:
    """Remove alerts for good."""
    from curim_data.store.erase import erase as remove
    from curim_data.store.erase import preview_erasure

    note_interrupted(ctx)
    ctx.city()
    preview = preview_erasure(ctx.home, alerts)
    warning = ctx.t.n(
        "{n} alert will be gone for good, from all earlier versions too; an export that holds it will not bring it "
        "back.",
        "{n} alerts will be gone for good, from all earlier versions too; an export that holds them will not bring "
        "them back.",
        preview.alerts,
    )
    if preview.quarantined:
        warning += " " + ctx.t.n(
            "{n} quarantined row is erased with it.", "{n} quarantined rows are erased with it.", preview.quarantined
        )
    if preview.sealed:
        warning += " " + ctx.t.n(
            "{n} import can then not be undone any more.",
            "{n} imports can then not be undone any more.",
            preview.sealed,
        )
    if not yes:
        raise UsageError(Message("{told} Nothing was erased: say --yes to do it.", {"told": warning}))
    ctx.note(warning)
    report = remove(ctx.home, alerts)
    ctx.prepare()
    if ctx.as_json:
        answer: dict[str, Any] = {
            "erased": report.alerts,
            "quarantined_erased": report.quarantined,
            "imports_sealed": report.sealed,
        }
        ctx.print_json(answer)
        return
    ctx.print(ctx.t.n("{n} alert was erased for good.", "{n} alerts were erased for good.", report.alerts))


def note_interrupted(ctx: CommandContext) -> None:
    """Tell once, on standard error, which imports were cut short; finish an erasure that was."""
    from curim_data.store.erase import finish_erasure
    from curim_data.store.interrupted import remove_interrupted

    for cut in remove_interrupted(ctx.home):
        ctx.note(ctx.t(cut.message))
    finish_erasure(ctx.home)
