"""Commands of who runs the dashboard: cleaned alerts, publishing, the sample exports, the record, the server."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import typer

from curim_data.cli.commands import OutCsv, as_day, command, ends_in
from curim_data.cli.context import Answer, CommandContext, Table, UsageError, cannot_write
from curim_data.model import N_, Audience, Message
from curim_data.serving import LOCAL

_KINDS: Final[dict[str, Literal["csv", "parquet", "gpkg"]]] = {".csv": "csv", ".parquet": "parquet", ".gpkg": "gpkg"}
AT_ONCE: Final = 200  # entries of the record that are printed
_HEADINGS: Final = (N_("When"), N_("Who"), N_("Role"), N_("What"), N_("Of what"), N_("Filter"))


@command("export", filtered=True, audience=Audience.ANALYST)
def export(
    ctx: CommandContext,
    out: Annotated[Path, typer.Option(callback=ends_in(*_KINDS), help=N_("File to write: .csv, .parquet or .gpkg."))],
) -> Answer:
    """Write the alerts under the filter; all dates where no period is asked for."""
    from curim_data.export import cleaned
    from curim_data.model.extent import NESTED_CELLS

    if not {"period", "from", "to"} & set(ctx.query):
        ctx.query["period"] = "all"
    source, t = ctx.source, ctx.t
    try:
        n = cleaned.write(source, ctx.filter, out, _KINDS[out.suffix.lower()], ctx.audience)
    except OSError as error:
        raise cannot_write(out, error) from error
    notes = [t(NESTED_CELLS)]
    data = {"alerts": n, "of": source.count, "columns": list(cleaned.COLUMNS), "out": str(out), "notes": notes}
    written = t.n("{n} alert written to {file}.", "{n} alerts written to {file}.", n, file=str(out))
    return Answer(data, [*notes, written])


@command("sample")
def sample(_: CommandContext, folder: Annotated[Path, typer.Argument(help=N_("Folder to write to."))]) -> Answer:
    """Write the made-up sample exports again."""
    from sample_data.generate import write_sample

    try:
        written = [str(path) for path in write_sample(folder)]
    except OSError as error:
        raise cannot_write(folder, error) from error
    return Answer({"files": written}, written)


@command("publish")
def publish(
    ctx: CommandContext,
    to: Annotated[
        str, typer.Option(help=N_("URL of the database, as postgresql://user@host/name; CURIM_ALERTS_URL without it."))
    ] = "",
) -> Answer:
    """Write the alerts and their protected copy in one transaction; nothing where the version is there already."""
    ctx.city()
    url = to or os.environ.get("CURIM_ALERTS_URL", "")
    if url in ("", "duckdb"):
        raise UsageError(Message("Say where to: --to postgresql://user@host/database, or CURIM_ALERTS_URL."))
    return Answer(publish_to(ctx, url))


def publish_to(ctx: CommandContext, url: str) -> dict[str, Any]:
    """Publish, say it, and return it for JSON; PublishError where that fails."""
    from curim_data.export.publish import publish as write

    done = write(ctx.home, url)
    ctx.print(
        ctx.t.n("{n} alert was published.", "{n} alerts were published.", done.alerts)
        if done.written
        else ctx.t("The database holds this version already: nothing was written.")
    )
    return {"version": done.version, "alerts": done.alerts, "written": done.written}


@command("audit")
def audit(
    ctx: CommandContext,
    since: Annotated[str, typer.Option(help=N_("From this day on, as 2025-05-03."))] = "",
    until: Annotated[str, typer.Option(help=N_("Until this day, included."))] = "",
    who: Annotated[str | None, typer.Option(help=N_("Of this person alone: an address, or an account."))] = None,
    deed: Annotated[
        str | None,
        typer.Option(
            help=N_(
                "view, refused, sign_in, sign_out, not_admitted, download, import, undo, erase, change, command or gap."
            )
        ),
    ] = None,
    out: OutCsv = None,
) -> Answer:
    """The record of this home."""
    import pandas as pd

    from curim_data.plans import database, record

    t, zone, deeds = ctx.t, ZoneInfo(ctx.city().timezone), list(record.Deed)
    if deed is not None and deed not in deeds:
        raise UsageError(Message("--deed {deed}: use one of {deeds}.", {"deed": deed, "deeds": ", ".join(deeds)}))
    times = (_start(since, zone), _start(until, zone, days=1))
    wanted = record.Wanted(*times, who, record.Deed(deed) if deed is not None else None)
    kept = database.Database(ctx.home.plans_url)
    found = record.read_record(kept, wanted, None if out or ctx.as_json else AT_ONCE)
    kept.close()
    frame = record.record_frame(found)
    rows = [
        (t.moment(dt.datetime.fromtimestamp(one.at, zone)), one.who or "–", one.role, t(record.DEED_WORDS[one.deed]),
         one.subject, one.query)
        for one in found
    ]  # fmt: skip
    shown: str | Table = Table(pd.DataFrame(rows, columns=[t(heading) for heading in _HEADINGS]))
    if out is not None:
        shown = t.n("{n} entry written to {file}.", "{n} entries written to {file}.", len(found), file=str(out))
    elif not found:
        shown = t("Nothing is recorded.")
    return Answer({"n": len(found), "record": frame}, [shown], frame)


def _start(text: str, zone: ZoneInfo, days: int = 0) -> float | None:
    """When a day of the city, or the one so many days later, begins (seconds since 1970)."""
    return dt.datetime.combine(as_day(text) + dt.timedelta(days), dt.time(), zone).timestamp() if text else None


@command("serve")
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
    from curim_data import serving
    from curim_data.store.cities import HOMES, cities

    known = serving.signs_in()
    if address not in (LOCAL, "localhost", "::1") and not known:
        raise UsageError(
            Message(
                "--address {address}: no sign-in is configured, so the dashboard answers on this computer only "
                "(docs/sign-in.md).",
                {"address": address},
            )
        )
    if not ctx.home_named:
        cities()
    where = serving.Address(address, port, certificate, metrics, known)
    homes = {HOMES: ""} if ctx.home_named else {}
    serving.Serving(where, processes or os.cpu_count() or 1, ctx.home.path, homes).run()
