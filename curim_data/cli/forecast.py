"""The command `curim forecast`: the next weeks, and how such forecasts did in the past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import OutCsv, Resolution, command, new_app
from curim_data.cli.output import UsageError
from curim_data.model import N_, Audience, Message

if TYPE_CHECKING:
    from analysis.forecast.next_periods import CountForecast
    from curim_data.studies.forecast import ForecastStudy

app = new_app()


@command(
    app,
    "forecast",
    filtered=True,
    audience=Audience.ANALYST,
)
def forecast(
    ctx: CommandContext,
    weeks: Annotated[int, typer.Option(help=N_("How many weeks ahead: 1 to 4."))] = 4,
    resolution: Resolution = None,
    out: OutCsv = None,
) -> None:
    """Forecast the next weeks."""
    from curim_data.model.absence import NO_POSITIONS
    from curim_data.studies.forecast import MOST_WEEKS, cells_frame, forecast_study

    if not 1 <= weeks <= MOST_WEEKS:
        values = {"weeks": weeks, "most": MOST_WEEKS}
        raise UsageError(Message("--weeks {weeks}: a forecast is for 1 to {most} weeks.", values))
    source = ctx.source()
    f = ctx.filter(source)
    study = forecast_study(source, f, ctx.audience, weeks, resolution)
    if out is not None and study.cells_refused is NO_POSITIONS:
        raise UsageError(NO_POSITIONS)
    if out is not None:
        ctx.write_table(out, cells_frame(ctx.t, study.listed))
    if ctx.as_json:
        ctx.print_json({**ctx.question(source, f), **_answer(ctx, study)})
        return
    ctx.print(ctx.sentence(source, f))
    ctx.print(*(ctx.t(note) for note in study.notes))
    refused = study.city_refused
    ctx.print(study.city.sentence(ctx.t) if study.city else ctx.t(refused) if refused else "")
    if study.cells is not None:
        ctx.print(study.cells.sentence(ctx.t))
    elif study.cells_refused is not None and study.cells_refused != refused:
        ctx.print(ctx.t(study.cells_refused))
    if study.listed and out is None:
        ctx.print_table(cells_frame(ctx.t, study.listed).drop(columns=["longitude", "latitude"]), uncut=["cell"])
    if study.cells is not None and study.cells.shown:
        ctx.print(study.cells.places_sentence(ctx.t))
    ctx.print_choices(study.choices)


def _answer(ctx: CommandContext, study: ForecastStudy) -> dict[str, Any]:
    from curim_data.studies.forecast import cells_frame

    cells, refused = study.cells, study.cells_refused
    return {
        "start": study.start,
        "weeks": study.weeks,
        "resolution": study.resolution,
        "notes": [ctx.t(note) for note in study.notes],
        "city": _outlook(ctx, study.city) if study.city else None,
        "city_refused": ctx.t(study.city_refused) if study.city_refused else None,
        "places": [{"place": place, **_outlook(ctx, outlook)} for place, outlook in study.places],
        "told": cells.sentence(ctx.t) if cells else ctx.t(refused) if refused else None,
        "shown": bool(cells and cells.shown),
        "method": cells.backtest.method if cells and cells.shown else None,
        "events": cells.backtest.events if cells else None,
        "backtest": cells.backtest.frame if cells else [],
        "covered": cells.covered if cells else None,
        "tried": cells.tried if cells else None,
        "cells": cells_frame(ctx.t, study.listed),
        "choices": ctx.choices(study.choices),
    }


def _outlook(ctx: CommandContext, outlook: CountForecast) -> dict[str, Any]:
    from analysis.forecast.next_periods import HOW

    return {
        "n": outlook.n,
        "expected": round(outlook.total.value, 2),
        "low": outlook.total.low,
        "high": outlook.total.high,
        "weeks": [{"expected": round(one.value, 2), "low": one.low, "high": one.high} for one in outlook.weeks],
        "covered": outlook.covered,
        "tried": outlook.tried,
        "told": outlook.sentence(ctx.t),
        "choices": ctx.choices((HOW,)),
    }
