"""The command that tells how far the stored alerts can be trusted."""

from __future__ import annotations

import json
from pathlib import Path

from curim_data.cli.frame import Command, Opt, Run, ending, plain, write_file
from curim_data.model.access import Audience
from curim_data.model.i18n import Message
from curim_data.quality.findings import findings
from curim_data.quality.report import as_html, as_object
from curim_data.quality.study import quality_study
from curim_data.quality.tables import sheets

_WIDE = ("completeness-by-month", "near-duplicate-pairs")


def quality(run: Run, out: Path | None = None) -> None:
    """Look at all stored alerts, whatever their period."""
    kind = ending(out, ".html", ".json") if out is not None else ""
    source = run.source()
    study = quality_study(source, run.audience)
    if out is not None and kind == ".html":
        write_file(out, as_html(run.t, source, study))
    elif out is not None:
        told = plain(as_object(run.t, source, study))
        write_file(out, json.dumps(told, ensure_ascii=False, allow_nan=False, indent=1).encode())
    if run.as_json:
        told = as_object(run.t, source, study, with_ids=True)
        run.answer(told | ({"out": str(out)} if out is not None else {}))
        return
    if out is not None:
        run.say(run.t("The report was written to {file}.", file=str(out)))
        return
    tables = sheets(run.t, source.city, study)
    run.say(run.t("All alerts from {start} to {end}, whatever the filter.", start=source.first, end=source.as_of))
    for one in findings(run.t, study):
        run.say("")
        run.say(" · ".join((one.title, run.t("Needs attention"))) if one.attention else one.title)
        run.say(one.sentence)
        for sheet in tables.get(one.key, ()):
            if sheet.name not in _WIDE:
                run.table(sheet.written(run.t))
        run.say(one.settings)


COMMANDS = (
    Command(
        "quality",
        quality,
        Message("Tell how far the stored alerts can be trusted: what is missing, piled up, inexact, late or twice."),
        False,
        {"out": Opt(Message("Report to write, .html or .json."), ("--out",))},
        Audience.ANALYST,
    ),
)
