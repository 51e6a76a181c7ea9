"""The command `curim forecast`: the next weeks, and how such forecasts did in the past."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from curim_data.cli.analysis import asked, sentence
from curim_data.cli.frame import Command, Opt, Refused, Run, write_table
from curim_data.model.access import Audience
from curim_data.model.alert import CELL_RESOLUTIONS
from curim_data.model.i18n import Message

if TYPE_CHECKING:
    from analysis.forecast.counts import Outlook
    from curim_data.studies.forecast import ForecastStudy


def forecast(run: Run, weeks: int = 4, resolution: int | None = None, out: Path | None = None) -> None:
    """Foretell the next weeks."""
    from curim_data.studies.forecast import MOST_WEEKS, cells_frame, forecast_study

    if not 1 <= weeks <= MOST_WEEKS:
        values = {"weeks": weeks, "most": MOST_WEEKS}
        raise Refused(Message("--weeks {weeks}: a forecast is for 1 to {most} weeks.", values))
    if resolution is not None and resolution not in CELL_RESOLUTIONS:
        values = {"resolution": resolution}
        raise Refused(Message("--resolution {resolution}: map cells have resolution 8 to 12.", values))
    source = run.source()
    f = run.filter(source)
    told = forecast_study(source, f, run.audience, weeks, resolution)
    if out is not None:
        write_table(out, cells_frame(run.t, told.listed))
    if run.as_json:
        run.answer({**asked(run, source, f), **_plain(run, told)})
        return
    run.say(sentence(run, source, f))
    for note in told.notes:
        run.say(run.t(note))
    refused = told.city_refused
    run.say(told.city.sentence(run.t) if told.city else run.t(refused) if refused else "")
    if told.cells is not None:
        run.say(told.cells.sentence(run.t))
    elif told.cells_refused is not None and told.cells_refused != refused:
        run.say(run.t(told.cells_refused))
    if told.listed and out is None:
        run.table(cells_frame(run.t, told.listed).drop(columns=["longitude", "latitude"]), whole=["cell"])
    if told.cells is not None and told.cells.shown:
        run.say(told.cells.places_sentence(run.t))
    for choice in told.choices:
        run.say(run.t(choice.told))


def _plain(run: Run, told: ForecastStudy) -> dict[str, Any]:
    from curim_data.studies.forecast import cells_frame

    cells, refused = told.cells, told.cells_refused
    return {
        "start": told.start,
        "weeks": told.weeks,
        "resolution": told.resolution,
        "notes": [run.t(note) for note in told.notes],
        "city": _outlook(run, told.city) if told.city else None,
        "city_refused": run.t(told.city_refused) if told.city_refused else None,
        "places": [{"place": place, **_outlook(run, ahead)} for place, ahead in told.places],
        "places_protected": told.unseen,
        "told": cells.sentence(run.t) if cells else run.t(refused) if refused else None,
        "shown": bool(cells and cells.shown),
        "method": cells.backtest.method if cells and cells.shown else None,
        "events": cells.backtest.events if cells else None,
        "backtest": cells.backtest.frame if cells else [],
        "covered": cells.covered if cells else None,
        "tried": cells.tried if cells else None,
        "cells": cells_frame(run.t, told.listed),
        "choices": [{"name": c.name, "value": c.value, "told": run.t(c.told)} for c in told.choices],
    }


def _outlook(run: Run, told: Outlook) -> dict[str, Any]:
    return {
        "n": told.n,
        "expected": round(told.total.value, 2),
        "low": told.total.low,
        "high": told.total.high,
        "weeks": [{"expected": round(one.value, 2), "low": one.low, "high": one.high} for one in told.weeks],
        "covered": told.covered,
        "tried": told.tried,
        "told": told.sentence(run.t),
        "choices": [{"name": c.name, "value": c.value, "told": run.t(c.told)} for c in told.choices],
    }


COMMANDS = (
    Command(
        "forecast",
        forecast,
        Message("Foretell the next weeks, with how such forecasts did in the past."),
        True,
        {
            "weeks": Opt(Message("How many weeks ahead: 1 to 4."), ("--weeks",)),
            "resolution": Opt(Message("H3 resolution of map cells; chosen unless given."), ("--resolution",)),
            "out": Opt(Message("CSV file to write."), ("--out",)),
        },
        audience=Audience.ANALYST,
    ),
)
