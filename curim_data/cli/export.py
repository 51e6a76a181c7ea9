"""Commands that give data out: the cleaned alerts, and the sample exports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import command, new_app
from curim_data.cli.output import cannot_write, check_suffix
from curim_data.model import N_, Audience

if TYPE_CHECKING:
    from curim_data.export import cleaned

app = new_app()
_KINDS: dict[str, cleaned.Kind] = {".csv": "csv", ".parquet": "parquet", ".gpkg": "gpkg"}


@command(
    app,
    "export",
    filtered=True,
    audience=Audience.ANALYST,
)
def export(
    ctx: CommandContext,
    out: Annotated[Path, typer.Option(help=N_("File to write: .csv, .parquet or .gpkg."))],
) -> None:
    """Write the alerts under the filter; all dates where no period is asked for."""
    from curim_data.export import cleaned
    from curim_data.model.extent import NESTED_CELLS

    kind = _KINDS[check_suffix(out, *_KINDS)]
    source = ctx.source()
    if not {"period", "from", "to"} & set(ctx.query):
        ctx.query["period"] = "all"
    f = ctx.filter(source)
    try:
        n = cleaned.write(source, f, out, kind, ctx.audience)
    except OSError as error:
        raise cannot_write(out, error) from error
    if ctx.as_json:
        ctx.print_json(
            {
                "alerts": n,
                "of": source.count,
                "columns": list(cleaned.COLUMNS),
                "out": str(out),
                "notes": [ctx.t(NESTED_CELLS)],
            }
        )
        return
    ctx.print(ctx.t(NESTED_CELLS))
    ctx.print(ctx.t.n("{n} alert written to {file}.", "{n} alerts written to {file}.", n, file=str(out)))


@command(app, "sample")
def sample(ctx: CommandContext, folder: Annotated[Path, typer.Argument(help=N_("Folder to write to."))]) -> None:
    """Write the made-up sample exports again."""
    from sample_data.generate import write_sample

    try:
        written = write_sample(folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    if ctx.as_json:
        ctx.print_json({"files": [str(path) for path in written]})
        return
    ctx.print(*map(str, written))
