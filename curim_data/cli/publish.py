"""Command that publishes the alerts into a database."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import command, new_app
from curim_data.cli.output import UsageError
from curim_data.model import N_, Message

app = new_app()


@command(app, "publish")
def publish(
    ctx: CommandContext,
    to: Annotated[
        str, typer.Option(help=N_("URL of the database, as postgresql://user@host/name; CURIM_ALERTS_URL without it."))
    ] = "",
) -> None:
    """The alerts and their protected copy, written in one transaction; nothing where the version is there already."""
    ctx.city()
    url = to or os.environ.get("CURIM_ALERTS_URL", "")
    if url in ("", "duckdb"):
        raise UsageError(Message("Say where to: --to postgresql://user@host/database, or CURIM_ALERTS_URL."))
    told = publish_to(ctx, url)
    if ctx.as_json:
        ctx.print_json(told)


def publish_to(ctx: CommandContext, url: str) -> dict[str, Any]:
    """Publish, say it, and return it for JSON; UsageError where that fails."""
    from curim_data.export.publish import PublishError
    from curim_data.export.publish import publish as write

    try:
        done = write(ctx.home, url)
    except PublishError as error:
        raise UsageError(error.message) from error
    if done.written:
        ctx.print(ctx.t.n("{n} alert was published.", "{n} alerts were published.", done.alerts))
    else:
        ctx.print(ctx.t("The database holds this version already: nothing was written."))
    return {"version": done.version, "alerts": done.alerts, "written": done.written}
