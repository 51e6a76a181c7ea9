"""The command counts: alerts by some dimensions."""

from __future__ import annotations

from typing import Annotated

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import OutCsv, Resolution, command, new_app
from curim_data.cli.output import UsageError
from curim_data.model import N_, Audience, Message

app = new_app()


@command(app, "counts", filtered=True, audience=Audience.ANALYST)
def counts(
    ctx: CommandContext,
    by: Annotated[str, typer.Option(help=N_("Dimensions, with commas between them: week,district,category ..."))] = "",
    resolution: Resolution = None,
    complete: Annotated[
        bool, typer.Option("--complete", help=N_("Include weeks, cells, districts ... without alerts as zeros."))
    ] = False,
    out: OutCsv = None,
) -> None:
    """Count alerts by some dimensions."""
    from curim_data import privacy, query

    source = ctx.source()
    f = ctx.filter(source)
    names = [name.strip() for name in by.split(",") if name.strip()]
    if set(names) - set(query.dimensions()) or len(set(names)) < len(names):
        raise UsageError(
            Message(
                "--by {asked}: counts are made by one or more, each once, of {known}.",
                {"asked": by, "known": ", ".join(query.dimensions())},
            )
        )
    privacy.check_asked(f, names, ctx.audience, source.city)
    if "cell" in names:
        resolution = resolution or privacy.finest_resolution(ctx.audience, f, source.city)
    elif resolution is not None:
        raise UsageError(Message("--resolution is for counts by cell: add --by cell."))
    counted = query.counts(source, f, names, ctx.audience, complete=complete, resolution=resolution).shown
    of_small = [] if counted.threshold > 1 else ["fewer_than"]
    withheld = int(counted.frame["withheld"].sum())
    frame = counted.frame.drop(columns=["withheld", *of_small])
    if "cell" in names:
        frame = frame.assign(cell=[f"{cell:x}" for cell in frame["cell"]])
    if out is not None:
        ctx.write_table(out, frame)
    if ctx.as_json:
        ctx.print_json(
            {
                **ctx.question(source, f),
                "by": names,
                "threshold": counted.threshold,
                "total": None if 0 < counted.total < counted.threshold else counted.total,
                "withheld": withheld,
                "notes": [ctx.t(note) for note in counted.notes],
                "rows": frame,
            }
        )
        return
    ctx.print(ctx.sentence(source, f), *(ctx.t(note) for note in counted.notes))
    if out is not None:
        ctx.print_written(len(frame), out)
    else:
        ctx.print_table(frame, source.city)
