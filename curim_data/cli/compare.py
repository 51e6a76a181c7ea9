"""The commands compare and pattern-test: where two filters differ on the map, and in how many areas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import OutPlaces, Resolution, command, new_app
from curim_data.cli.output import UsageError, check_suffix
from curim_data.model import N_, Audience, Message

if TYPE_CHECKING:
    from curim_data.studies.compare import CompareStudy
    from curim_data.studies.pattern_test import PatternStudy

app = new_app()
Areas = Literal["cells", "districts"]
_AREA_COLUMNS: Final = ("id", "name", "more", "n_first", "n_second", "share_first", "share_second", "q", "cells")
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


@command(
    app,
    "pattern-test",
    filtered=True,
    audience=Audience.ANALYST,
)
def pattern_test(
    ctx: CommandContext,
    against: Annotated[
        str,
        typer.Option(
            help=N_("before, year, gender, reporter, light, others, or words of a filter such as affected=man.")
        ),
    ] = "before",
    areas: Annotated[Areas, typer.Option(help=N_("The areas that are compared: map cells or districts."))] = "cells",
    resolution: Resolution = None,
    out: OutPlaces = None,
) -> None:
    """Test in how many areas two filters differ."""
    from curim_data.studies.compare import CompareError
    from curim_data.studies.pattern_test import pattern_study

    if out is not None:
        check_suffix(out, ".geojson", ".csv")
    if areas == "districts" and (resolution is not None or (out is not None and out.suffix.lower() != ".csv")):
        raise UsageError(Message("With --areas districts there is no --resolution, and --out writes CSV."))
    source = ctx.source()
    f = ctx.filter(source)
    try:
        study = pattern_study(source, f, ctx.audience, against, areas, resolution)
    except CompareError as error:
        raise UsageError(error.message) from error
    rows = _area_rows(ctx, study)
    if out is not None:
        ctx.write_places(out, study.changed, rows, _AREA_COLUMNS)
    sides = (study.pair.first, study.pair.second)
    sentences = [side.sentence(ctx.t, source.city, n=n.said) for side, n in zip(sides, study.totals, strict=True)]
    names = [ctx.t(side.name) for side in (study.pair.a, study.pair.b)]
    if ctx.as_json:
        ctx.print_json(
            {
                "against": against,
                "sides": [
                    {"filter": side.to_query(), "sentence": sentence, "name": name, "n": n}
                    for side, sentence, name, n in zip(sides, sentences, names, (study.n_a, study.n_b), strict=True)
                ],
                "audience": ctx.audience.value,
                "resolution": study.resolution or None,
                "s": study.pattern.s,
                "robust_s": study.pattern.robust_s,
                "tested": int(study.pattern.occupied.sum()),
                "told": study.sentence(ctx.t),
                "choices": ctx.choices(study.choices),
                "areas": rows,
            }
        )
        return
    ctx.print(*(f"{name} – {sentence}" for name, sentence in zip(names, sentences, strict=True)))
    ctx.print(study.sentence(ctx.t))
    for row in rows:
        ctx.print(
            ctx.t(
                "{name}: {a} of the first, {b} of the second (corrected p: {p})",
                name=row["name"],
                a=ctx.t.percent(row["share_first"], 1),
                b=ctx.t.percent(row["share_second"], 1),
                p=ctx.t.p_value(row["q"]),
            )
        )
    ctx.print_choices(study.choices)


def _area_rows(ctx: CommandContext, study: PatternStudy) -> list[dict[str, Any]]:
    return [
        {
            "id": area.id,
            "name": area.name(ctx.t),
            "more": "first" if area.more > 0 else "second",
            "n_first": area.n_a,
            "n_second": area.n_b,
            "share_first": round(area.share_a, 5),
            "share_second": round(area.share_b, 5),
            "q": area.q,
            "cells": list(area.names),
        }
        for area in study.changed
    ]
