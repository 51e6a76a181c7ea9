"""Command of the record: who looked at what, and did what."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import command, new_app
from curim_data.cli.output import UsageError, write_table
from curim_data.model import N_, Message

app = new_app()
AT_ONCE: Final = 200
_HEADINGS: Final = (N_("When"), N_("Who"), N_("Role"), N_("What"), N_("Of what"), N_("Filter"))


@command(app, "audit")
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
    out: Annotated[Path | None, typer.Option(help=N_("CSV file to write."))] = None,
) -> None:
    """The record of this home."""
    import pandas as pd

    from curim_data.plans.database import Database
    from curim_data.plans.record import DEED_WORDS, Deed, Wanted, read_record, record_frame

    zone = ZoneInfo(ctx.city().timezone)
    if deed is not None and deed not in list(Deed):
        raise UsageError(Message("--deed {deed}: use one of {deeds}.", {"deed": deed, "deeds": ", ".join(Deed)}))
    wanted = Wanted(_start(since, zone), _start(until, zone, days=1), who, Deed(deed) if deed is not None else None)
    database = Database(ctx.home.plans_url)
    found = read_record(database, wanted, None if out or ctx.as_json else AT_ONCE)
    database.close()
    frame = record_frame(found)
    if out is not None:
        write_table(out, frame)
    if ctx.as_json:
        ctx.print_json({"n": len(found), "record": frame.to_dict("records")})
        return
    if out is not None:
        ctx.print(ctx.t.n("{n} entry written to {file}.", "{n} entries written to {file}.", len(found), file=str(out)))
        return
    if not found:
        ctx.print(ctx.t("Nothing is recorded."))
        return
    rows = [
        (ctx.t.moment(dt.datetime.fromtimestamp(one.at, zone)), one.who or "–", one.role, ctx.t(DEED_WORDS[one.deed]),
         one.subject, one.query)
        for one in found
    ]  # fmt: skip
    ctx.print_table(pd.DataFrame(rows, columns=[ctx.t(heading) for heading in _HEADINGS]))


def _start(text: str, zone: ZoneInfo, days: int = 0) -> float | None:
    """When a day of the city, or the one so many days later, begins (seconds since 1970)."""
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=days)
    except ValueError:
        raise UsageError(Message("{text} is not a date such as 2025-05-03.", {"text": text})) from None
    return dt.datetime.combine(day, dt.time(), zone).timestamp()
