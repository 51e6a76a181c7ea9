"""Commands of the council's meetings: add, list, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import as_day, command, new_app
from curim_data.model import N_

if TYPE_CHECKING:
    from curim_data.model.meetings import Meeting
    from curim_data.plans.meetings import MeetingStore

app = new_app("meetings")
Day = Annotated[str, typer.Argument(metavar="DATE", help=N_("Day of the meeting, as 2025-05-03."))]


@command(app, "add", N_("Keep a meeting; one on the same day takes the new name."))
def add(
    ctx: CommandContext,
    day: Day,
    name: Annotated[str, typer.Argument(help=N_("What the meeting is called; nobody's name."))] = "",
) -> None:
    """Keep a meeting."""
    made = _meetings(ctx).add(as_day(day), name)
    if ctx.as_json:
        ctx.print_json({"meeting": _row(made)})
        return
    ctx.print(ctx.t("The meeting of {day} was kept.", day=made.day))


@command(app, "list", N_("List the meetings."))
def show(ctx: CommandContext) -> None:
    """The meetings that are kept."""
    kept = _meetings(ctx).list()
    if ctx.as_json:
        ctx.print_json({"meetings": [_row(meeting) for meeting in kept]})
        return
    if not kept:
        ctx.print(ctx.t("No meetings are kept."))
    for meeting in kept:
        ctx.print(f"{meeting.day.isoformat()}  {_name(ctx, meeting)}".rstrip())


@command(app, "remove", N_("Take a meeting away."))
def remove(ctx: CommandContext, day: Day) -> None:
    """Take a meeting away."""
    gone = _meetings(ctx).remove(as_day(day))
    if ctx.as_json:
        ctx.print_json({"removed": _row(gone)})
        return
    ctx.print(ctx.t("The meeting of {day} was removed.", day=gone.day))


def _meetings(ctx: CommandContext) -> MeetingStore:
    from curim_data.plans.meetings import MeetingStore
    from curim_data.plans.plan_store import PlanStore

    ctx.city()
    return MeetingStore(PlanStore(ctx.home.plans_url), ctx.home.path)


def _name(ctx: CommandContext, meeting: Meeting) -> str:
    return ctx.t(meeting.name) if ctx.home.is_sample and meeting.name else meeting.name


def _row(meeting: Meeting) -> dict[str, Any]:
    return {"day": meeting.day.isoformat(), "name": meeting.name}
