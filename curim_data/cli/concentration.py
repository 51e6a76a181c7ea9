"""The command concentration: how few places hold most alerts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import Resolution, command, new_app
from curim_data.model import N_, Audience

if TYPE_CHECKING:
    from analysis.stats.intervals import Estimate

app = new_app()


@command(
    app,
    "concentration",
    filtered=True,
    audience=Audience.ANALYST,
)
def concentration(
    ctx: CommandContext,
    resolution: Resolution = None,
    out: Annotated[Path | None, typer.Option(help=N_("CSV file to write the curve to."))] = None,
) -> None:
    """Print which share of the places holds which share of the alerts."""
    import pandas as pd

    from curim_data import privacy
    from curim_data.studies.concentration import concentration_study, curve_frame
    from curim_data.studies.spot_area import OF_CITY, has_area

    source = ctx.source()
    f = ctx.filter(source)
    privacy.check(["cell"], resolution, f, ctx.audience, source.city)
    if ctx.nowhere(source, f, out):
        ctx.print_nowhere(source, f, {"shares": []})
        return
    study = concentration_study(source, f, ctx.audience, resolution)
    found = study.concentration
    shares = [
        {
            "part": share.part,
            "cells": share.cells,
            "share": share.places,
            **_interval("chance", share.chance),
        }
        for share in found.shares
    ]
    if out is not None:
        ctx.write_table(out, curve_frame(found))
    if ctx.as_json:
        ctx.print_json(
            {
                **ctx.question(source, f),
                "resolution": study.cells.resolution,
                "cells": found.cells,
                "n": found.n,
                "told": found.sentence(ctx.t),
                "shares": shares,
                "gini": found.gini,
                "generalised_gini": found.generalised,
                "unbiased_gini": found.unbiased,
                **_interval("chance_generalised_gini", found.chance_generalised),
                "p": found.p,
                "choices": ctx.choices(study.choices),
            }
        )
        return
    ctx.print(ctx.sentence(source, f))
    if has_area(f):
        ctx.print(ctx.t(OF_CITY))
    ctx.print(found.sentence(ctx.t))
    if found.enough:
        ctx.print_table(pd.DataFrame(shares))
        ctx.print(study.gini_sentence(ctx.t))
    ctx.print_choices(study.choices)


def _interval(name: str, value: Estimate) -> dict[str, float]:
    return {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
