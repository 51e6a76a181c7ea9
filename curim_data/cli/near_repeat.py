"""The command near-repeat: whether alerts follow alerts near by, and whether something unusual started lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import OutCsv, command, new_app
from curim_data.cli.output import UsageError
from curim_data.model import N_, Audience, Message

if TYPE_CHECKING:
    from curim_data.studies.near_repeat import NearRepeatStudy
    from curim_data.studies.space_time_scan import ScanStudy

app = new_app()


@command(
    app,
    "near-repeat",
    filtered=True,
    audience=Audience.ANALYST,
)
def near_repeat(
    ctx: CommandContext,
    metric: Annotated[str, typer.Option(help=N_("How distance is measured: euclidean or manhattan."))] = "euclidean",
    out: OutCsv = None,
) -> None:
    """Test for near repeats and look for what started lately."""
    from curim_data.studies.near_repeat import METRICS, near_repeat_study
    from curim_data.studies.space_time_scan import scan_study

    known_metric = next((known for known in METRICS if known == metric), None)
    if known_metric is None:
        raise UsageError(
            Message("Unknown metric: {metric}. Use {known}.", {"metric": metric, "known": ", ".join(METRICS)})
        )
    source = ctx.source()
    f = ctx.filter(source)
    if ctx.nowhere(source, f, out):
        ctx.print_nowhere(source, f, {"bands": [], "unusual": None})
        return
    repeats = near_repeat_study(source, f, ctx.audience, metric=known_metric)
    unusual = scan_study(source, f, ctx.audience)
    if out is not None and repeats.knox is not None:
        ctx.write_table(out, repeats.knox.frame())
    if ctx.as_json:
        ctx.print_json({**ctx.question(source, f), **_repeats(ctx, repeats), "unusual": _unusual(ctx, unusual)})
        return
    ctx.print(ctx.sentence(source, f))
    ctx.print(*filter(None, (repeats.sentence(ctx.t), repeats.caution(ctx.t))))
    if repeats.knox is not None:
        columns = ["space", "time", "observed", "mean", "ratio", "q", "repeat", "pattern"]
        ctx.print_table(repeats.knox.frame()[columns])
        ctx.print(repeats.knox.method(ctx.t))
    ctx.print_choices(repeats.choices)
    ctx.print(unusual.sentence(ctx.t))
    for place in unusual.started[1:]:
        ctx.print(place.sentence(ctx.t))
    if unusual.method is not None:
        ctx.print(ctx.t(unusual.method))
    if unusual.lacking is None:
        ctx.print(ctx.t(unusual.choices[0].explanation))


def _repeats(ctx: CommandContext, study: NearRepeatStudy) -> dict[str, Any]:
    found = study.knox
    return {
        "n": study.n,
        "used": study.used,
        "told": study.sentence(ctx.t),
        "caution": study.caution(ctx.t),
        "permutations": found.permutations if found else 0,
        "metric": found.metric if found else None,
        "method": found.method(ctx.t) if found else "",
        "choices": ctx.choices(study.choices),
        "bands": found.frame() if found else [],
    }


def _unusual(ctx: CommandContext, study: ScanStudy) -> dict[str, Any]:
    return {
        "n": study.n,
        "from": study.start,
        "to": study.end,
        "told": study.sentence(ctx.t),
        "method": ctx.t(study.method) if study.method else "",
        "choices": ctx.choices(study.choices),
        "started": [
            {
                "name": place.name(ctx.t),
                "told": place.sentence(ctx.t),
                "start": place.days[0],
                "end": place.days[1],
                "n": place.cluster.observed,
                "expected": round(place.cluster.expected, 2),
                "metres": place.cluster.radius,
                "p": place.cluster.p,
                "longitude": round(place.longitude, 5),
                "latitude": round(place.latitude, 5),
                "cells": list(place.cells),
            }
            for place in study.started
        ],
    }
