"""The command quality: a report on the quality of the stored alerts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import command, new_app
from curim_data.cli.output import check_suffix, json_value, write_file
from curim_data.model import N_, Audience

app = new_app()
_WIDE: Final = ("completeness-by-month", "near-duplicate-pairs")


@command(
    app,
    "quality",
    audience=Audience.ANALYST,
)
def quality(
    ctx: CommandContext,
    out: Annotated[Path | None, typer.Option(help=N_("Report to write, .html or .json."))] = None,
) -> None:
    """Look at all stored alerts, whatever their period."""
    from curim_data.quality.findings import findings
    from curim_data.quality.study import quality_study
    from curim_data.quality.tables import as_html, as_object, sheets

    kind = check_suffix(out, ".html", ".json") if out is not None else ""
    source = ctx.source()
    study = quality_study(source, ctx.audience)
    if out is not None and kind == ".html":
        write_file(out, as_html(ctx.t, source, study))
    elif out is not None:
        report = json_value(ctx.answer(as_object(ctx.t, source, study)))
        write_file(out, json.dumps(report, ensure_ascii=False, allow_nan=False, indent=1).encode())
    if ctx.as_json:
        report = as_object(ctx.t, source, study, with_ids=True)
        ctx.print_json(report | ({"out": str(out)} if out is not None else {}))
        return
    if out is not None:
        ctx.print(ctx.t("The report was written to {file}.", file=str(out)))
        return
    tables = sheets(ctx.t, source.city, study)
    ctx.print(ctx.t("All alerts from {start} to {end}, whatever the filter.", start=source.first, end=source.as_of))
    for one in findings(ctx.t, study):
        ctx.print("")
        ctx.print(" · ".join((one.title, ctx.t("Needs attention"))) if one.attention else one.title)
        ctx.print(one.sentence)
        for sheet in tables.get(one.key, ()):
            if sheet.name not in _WIDE:
                ctx.print_table(sheet.written(ctx.t))
        ctx.print(one.settings)
