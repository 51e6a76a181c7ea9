"""Commands of the store: batches, undo, quarantine, sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from curim_data.cli.frame import Command, Opt, Refused, Run, write_table
from curim_data.cli.store import note_interrupted
from curim_data.export.safe_csv import mendable
from curim_data.model.i18n import Message
from curim_data.store.alert_table import Batch, Store

COUNTS = ("read", "accepted", "updated", "duplicate", "quarantined", "repaired", "unmapped")


def _counts(batch: Batch) -> dict[str, Any]:
    return {
        "format": batch.format,
        "batch": batch.id,
        **{name: getattr(batch, name) for name in COUNTS},
        "reasons": dict(batch.reasons),
    }


def batches(run: Run) -> None:
    """Every import."""
    note_interrupted(run)
    run.city()
    found = Store(run.home).batches()
    if run.as_json:
        listed = [{"file": b.file_name, "when": b.when, "undone": b.undone, **_counts(b)} for b in found]
        run.answer({"batches": listed})
        return
    if not found:
        run.say(run.t("Nothing was imported yet."))
        return
    rows = [
        (b.id, b.file_name, run.t.moment(b.when), *(getattr(b, name) for name in COUNTS[:5]), b.undone) for b in found
    ]
    headings = ["Import", "File", "When", "Read", "Accepted", "Updated", "Duplicate", "Set aside", "Undone"]
    frame = pd.DataFrame(rows, columns=[run.t(_HEADINGS[name]) for name in headings])
    run.table(frame, whole=frame.columns[:1])


_HEADINGS = {
    "Import": Message("Import"),
    "File": Message("File"),
    "When": Message("When"),
    "Read": Message("Read"),
    "Accepted": Message("Accepted"),
    "Updated": Message("Updated"),
    "Duplicate": Message("Duplicate"),
    "Set aside": Message("Set aside"),
    "Undone": Message("Undone"),
}


def undo(run: Run, batch: str) -> None:
    """Take an import back."""
    run.city()
    report = Store(run.home).undo(batch)
    if run.as_json:
        run.answer({"batch": batch, "removed": report.removed, "restored": report.restored, "kept": report.kept})
        return
    run.say(
        run.t(
            "The import {batch} was undone: {removed} alerts removed, {restored} given back their earlier content, "
            "{kept} kept because a later import changed them.",
            batch=batch,
            removed=report.removed,
            restored=report.restored,
            kept=report.kept,
        )
    )


def quarantine(run: Run, batch: str, out: Path) -> None:
    """Rows that an import set aside, ready to be mended."""
    run.city()
    frame = Store(run.home).quarantine(batch, run.t)
    write_table(out, mendable(frame))
    if run.as_json:
        run.answer({"batch": batch, "rows": len(frame), "out": str(out)})
        return
    run.say(run.t.n("{n} row written to {file}.", "{n} rows written to {file}.", len(frame), file=str(out)))


def sample(run: Run, folder: Path) -> None:
    """Write the made-up sample exports again."""
    from sample_data.generate import write_sample

    try:
        written = write_sample(folder)
    except OSError as error:
        raise Refused(
            Message("{file} cannot be written: {why}.", {"file": str(folder), "why": error.strerror or str(error)})
        ) from error
    if run.as_json:
        run.answer({"files": [str(path) for path in written]})
        return
    for path in written:
        run.say(str(path))


_BATCH = Opt(Message("Id of the import, as “curim batches” lists it."))
COMMANDS = (
    Command("batches", batches, Message("List the imports."), False, {}),
    Command("undo", undo, Message("Take an import back."), False, {"batch": _BATCH}),
    Command(
        "quarantine",
        quarantine,
        Message("Write the rows that an import set aside, with reasons, to a CSV file."),
        False,
        {"batch": _BATCH, "out": Opt(Message("CSV file to write."), ("--out",))},
    ),
    Command(
        "sample",
        sample,
        Message("Write the made-up sample exports to a folder."),
        False,
        {"folder": Opt(Message("Folder to write to."))},
    ),
)
