"""Commands for the store itself: erase; and the note about what was cut short."""

from __future__ import annotations

from typing import Any

from curim_data.cli.frame import Command, Opt, Refused, Run
from curim_data.model.i18n import Message


def note_interrupted(run: Run) -> None:
    """Tell once, on standard error, which imports were cut short; finish an erasure that was."""
    from curim_data.store.erase import finish_erasure
    from curim_data.store.interrupted import remove_interrupted

    for cut in remove_interrupted(run.home):
        run.note(run.t(cut.message))
    finish_erasure(run.home)


def erase(run: Run, alerts: list[str], yes: bool = False) -> None:
    """Remove alerts for good."""
    from curim_data.store.erase import erase as remove
    from curim_data.store.erase import preview_erasure

    note_interrupted(run)
    run.city()
    ahead = preview_erasure(run.home, alerts)
    told = run.t.n(
        "{n} alert will be gone for good, from all earlier versions too; an export that holds it will not bring it "
        "back.",
        "{n} alerts will be gone for good, from all earlier versions too; an export that holds them will not bring "
        "them back.",
        ahead.alerts,
    )
    if ahead.quarantined:
        told += " " + run.t.n(
            "{n} row set aside is erased with it.", "{n} rows set aside are erased with it.", ahead.quarantined
        )
    if ahead.sealed:
        told += " " + run.t.n(
            "{n} import can then not be undone any more.", "{n} imports can then not be undone any more.", ahead.sealed
        )
    if not yes:
        raise Refused(Message("{told} Nothing was erased: say --yes to do it.", {"told": told}))
    run.note(told)
    report = remove(run.home, alerts)
    if run.as_json:
        answer: dict[str, Any] = {
            "erased": report.alerts,
            "quarantined_erased": report.quarantined,
            "imports_sealed": report.sealed,
        }
        run.answer(answer)
        return
    run.say(run.t.n("{n} alert was erased for good.", "{n} alerts were erased for good.", report.alerts))


COMMANDS = (
    Command(
        "erase",
        erase,
        Message("Remove alerts for good, from all earlier versions too; what was imported before cannot be undone."),
        False,
        {
            "alerts": Opt(Message("Ids of the alerts.")),
            "yes": Opt(Message("Do it: without this the command only says what would be gone."), ("--yes",)),
        },
    ),
)
