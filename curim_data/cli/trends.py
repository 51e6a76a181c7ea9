"""The command trends: alerts over time, with their expected range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from curim_data.cli.changes import event_row
from curim_data.cli.context import CommandContext
from curim_data.cli.options import OutCsv, command, new_app
from curim_data.cli.output import UsageError
from curim_data.model import N_, Audience, Message

if TYPE_CHECKING:
    from analysis.trends.time_series import LevelShift
    from curim_data.engine import Source
    from curim_data.filters import AlertFilter

app = new_app()
Step = Literal["week", "month", "local_date"]
UNITS: Final[Mapping[Step, Literal["week", "month", "day"]]] = {"week": "week", "month": "month", "local_date": "day"}


@command(
    app,
    "trends",
    filtered=True,
    audience=Audience.ANALYST,
)
def trends(
    ctx: CommandContext,
    by: Annotated[
        Step | None, typer.Option("--by", help=N_("Step of the series: week, unless months alone are known."))
    ] = None,
    out: OutCsv = None,
) -> None:
    """Print the series of counts with its expected range."""
    from analysis.forecast.next_periods import NextPeriods
    from curim_data import privacy
    from curim_data.studies.events import event_study
    from curim_data.studies.trends import forecast_study, trend_study

    source = ctx.source()
    f = ctx.filter(source)
    step = by or _usual_step(source, f, ctx.audience)
    privacy.check_asked(f, (step,), ctx.audience, source.city)
    trend = trend_study(source, f, ctx.audience, UNITS[step])
    if trend is None:
        raise UsageError(Message("There are no alerts in this period: “curim import FILE” brings some."))
    frame = trend.frame[[trend.column, "n", "expected", "lower", "upper", "alarm", "complete"]]
    lacking = source.lacks(UNITS[step])
    notes = [ctx.t(lacking)] if lacking is not None else []
    ahead = forecast_study(source, f, ctx.audience, trend.unit) if trend.unit != "day" else None
    if isinstance(ahead, NextPeriods):
        forecast = [ahead.sentence(ctx.t), ahead.past_sentence(ctx.t)]
    else:
        forecast = [ctx.t(ahead)] if ahead is not None else []
    shifts = [shift.sentence(ctx.t) for shift in trend.shifts]
    events = event_study(source, source, f, ctx.audience)
    if out is not None:
        ctx.write_table(out, frame)
    if ctx.as_json:
        ctx.print_json(
            {
                **ctx.question(source, f),
                "unit": trend.column,
                "told": trend.sentence(ctx.t),
                "notes": notes,
                "shifts": [shift_row(shift) for shift in trend.shifts],
                "events": [event_row(event, source.city, ctx.t) for event in events],
                "coverage": source.coverage.as_json(),
                "forecast": forecast,
                "next": ahead.frame if isinstance(ahead, NextPeriods) else [],
                "choices": ctx.choices(trend.choices),
                "rows": frame,
            }
        )
        return
    told = [
        ctx.t.pair(event.title(source.city, ctx.t), " ".join(event.sentences(source.city, ctx.t))) for event in events
    ]
    ctx.print(ctx.sentence(source, f), trend.sentence(ctx.t), *shifts, *told, *forecast, *notes)
    if out is None:
        ctx.print_table(frame.rename(columns={"n": "alerts"}), source.city)


def shift_row(shift: LevelShift) -> dict[str, Any]:
    """A new level as other programs read it: its first day, its direction, and the levels of a period."""
    direction = "up" if shift.up else "down"
    before, after = (round(level, 2) for level in (shift.before, shift.after))
    return {"from": shift.day.isoformat(), "direction": direction, "before": before, "after": after}


def _usual_step(source: Source, f: AlertFilter, audience: Audience) -> Step:
    """Weeks; months where the audience's alerts have no weeks."""
    from curim_data import privacy

    by_month = not privacy.sees_exact(audience) and privacy.is_sensitive(f, source.city)
    return "month" if by_month else "week"
