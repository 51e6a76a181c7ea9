"""The command that gives cleaned alerts out."""

from __future__ import annotations

from pathlib import Path

from curim_data.cli.frame import Command, Opt, Refused, Run, ending
from curim_data.export import cleaned
from curim_data.model.access import Audience
from curim_data.model.i18n import Message

_KINDS: dict[str, cleaned.Kind] = {".csv": "csv", ".parquet": "parquet", ".gpkg": "gpkg"}


def export(run: Run, out: Path) -> None:
    """Write the alerts under the filter; all dates where no period is asked for."""
    kind = _KINDS[ending(out, *_KINDS)]
    source = run.source()
    if not {"period", "from", "to"} & set(run.query):
        run.query["period"] = "all"
    f = run.filter(source)
    try:
        n = cleaned.write(source, f, out, kind, run.audience)
    except OSError as error:
        raise Refused(
            Message("{file} cannot be written: {why}.", {"file": str(out), "why": error.strerror or str(error)})
        ) from error
    if run.as_json:
        run.answer({"alerts": n, "of": source.count, "columns": list(cleaned.COLUMNS), "out": str(out)})
        return
    run.say(run.t.n("{n} alert written to {file}.", "{n} alerts written to {file}.", n, file=str(out)))


COMMANDS = (
    Command(
        "export",
        export,
        Message("Write the cleaned alerts, one a row; all dates unless a period is asked for."),
        True,
        {"out": Opt(Message("File to write: .csv, .parquet or .gpkg."), ("--out",))},
        Audience.ANALYST,
    ),
)
