"""The command compare: where two filters differ on the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import OutPlaces, Resolution, command, new_app
from curim_data.cli.output import UsageError, check_suffix
from curim_data.model import N_, Audience

if TYPE_CHECKING:
    from curim_data.studies.compare import CompareStudy

app = new_app()
_COLUMNS: Final = (
    *("rank", "id", "name", "more", "n_first", "n_second", "share", "elsewhere", "ratio", "low", "high"),
    *("p", "q", "longitude", "latitude", "cells"),
)


@command(
    app,
    "compare",
    filtered=True,
    audience=Audience.ANALYST,
)
def compare(
    ctx: CommandContext,
    against: Annotated[
        str,
        typer.Option(
            help=N_("gender, reporter, light, before, year, others, or words of a filter such as affected=man.")
        ),
    ],
    resolution: Resolution = None,
    out: OutPlaces = None,
) -> None:
    """Find the places where two filters differ."""
    from curim_data.studies.compare import CompareError, compare_study

    if out is not None:
        check_suffix(out, ".geojson", ".csv")
    source = ctx.source()
    f = ctx.filter(source)
    try:
        study = compare_study(source, f, ctx.audience, against, resolution)
    except CompareError as error:
        raise UsageError(error.message) from error
    sides = (study.pair.first, study.pair.second)
    ctx.asks(source, *sides)
    sentences = [side.sentence(ctx.t, source.city, n=n.said) for side, n in zip(sides, study.totals, strict=True)]
    rows = _rows(ctx, study)
    if out is not None:
        ctx.write_places(out, study.comparison.places, rows, _COLUMNS)
    if ctx.as_json:
        ctx.print_json(
            {
                "against": against,
                "sides": [
                    {
                        "filter": side.to_query(),
                        "sentence": sentence,
                        "name": ctx.t(name.name),
                        "n": n,
                    }
                    for side, sentence, name, n in zip(
                        sides,
                        sentences,
                        (study.pair.a, study.pair.b),
                        (study.comparison.n_a, study.comparison.n_b),
                        strict=True,
                    )
                ],
                "audience": ctx.audience.value,
                "resolution": study.resolution,
                "tested": study.comparison.tested,
                "told": study.comparison.sentence(ctx.t),
                "choices": ctx.choices(study.choices),
                "places": rows,
            }
        )
        return
    for sentence, name in zip(sentences, (study.pair.a, study.pair.b), strict=True):
        ctx.print(f"{ctx.t(name.name)} – {sentence}")
    ctx.print(study.comparison.sentence(ctx.t))
    for place in study.comparison.places:
        ctx.print(f"{place.rank}. {study.names[place.id](ctx.t)} – {place.sentence(ctx.t, ctx.least())}")
    ctx.print_choices(study.choices)


def _rows(ctx: CommandContext, study: CompareStudy) -> list[dict[str, Any]]:
    return [
        {
            "rank": place.rank,
            "id": place.id,
            "name": study.names[place.id](ctx.t),
            "more": "first" if place.more > 0 else "second",
            "n_first": place.n_a,
            "n_second": place.n_b,
            "share": round(place.share, 4),
            "elsewhere": round(place.elsewhere, 4),
            "ratio": round(place.ratio, 3),
            "low": round(place.low, 3),
            "high": round(place.high, 3),
            "p": place.p,
            "q": place.q,
            "longitude": round(place.longitude, 5),
            "latitude": round(place.latitude, 5),
            "cells": list(place.names),
        }
        for place in study.comparison.places
    ]
