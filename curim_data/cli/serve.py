"""The command that serves the dashboard with several processes behind one address."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import command, new_app
from curim_data.cli.output import UsageError
from curim_data.model import N_, Message
from curim_data.serving import LOCAL

app = new_app()


@command(app, "serve")
def serve(
    ctx: CommandContext,
    processes: Annotated[
        int | None, typer.Option(min=1, help=N_("Processes; one for each processor unless given."))
    ] = None,
    port: Annotated[int, typer.Option(help=N_("Port on which readers connect."))] = 8501,
    address: Annotated[
        str, typer.Option(help=N_("Address to listen on; others than this computer need sign-in."))
    ] = LOCAL,
    certificate: Annotated[Path | None, typer.Option(help=N_("PEM file with certificate and key, for TLS."))] = None,
    metrics: Annotated[int | None, typer.Option(help=N_("Port for Prometheus, on this computer."))] = None,
) -> None:
    """Serve until it is stopped: the cities of CURIM_HOMES, or one home."""
    from curim_data.serving import Address, ServingError, signs_in
    from curim_data.serving import serve as serve_processes
    from curim_data.store.cities import HOMES, CitiesError, cities

    known = signs_in()
    if address not in (LOCAL, "localhost", "::1") and not known:
        raise UsageError(
            Message(
                "--address {address}: no sign-in is configured, so the dashboard answers on this computer only "
                "(docs/sign-in.md).",
                {"address": address},
            )
        )
    where = Address(address, port, certificate, metrics, known)
    environment = {"CURIM_HOME": str(ctx.home.path), **({HOMES: ""} if ctx.home_named else {})}
    try:
        if not ctx.home_named:
            cities()
        serve_processes(where, processes or os.cpu_count() or 1, environment)
    except (CitiesError, ServingError) as error:
        raise UsageError(error.message) from error
