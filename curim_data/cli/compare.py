"""The command compare: where two filters differ on the map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from curim_data.cli.analysis import check_resolution, geojson
from curim_data.cli.frame import Command, Opt, Refused, Run, ending, write_file, write_table
from curim_data.model.access import Audience
from curim_data.model.i18n import Message

if TYPE_CHECKING:
    from curim_data.studies.compare import CompareStudy


def compare(run: Run, against: str, resolution: int | None = None, out: Path | None = None) -> None:
    """Find the places where two filters differ."""
    from curim_data.studies.compare import CompareError, compare_study

    if out is not None:
        ending(out, ".geojson", ".csv")
    check_resolution(resolution)
    source = run.source()
    f = run.filter(source)
    try:
        study = compare_study(source, f, run.audience, against, resolution)
    except CompareError as error:
        raise Refused(error.message) from error
    sides = (study.pair.first, study.pair.second)
    words = [side.sentence(run.t, source.city, n=n.said) for side, n in zip(sides, study.totals, strict=True)]
    rows = _rows(run, study)
    if out is not None:
        _write(out, study, rows)
    if run.as_json:
        run.answer(
            {
                "against": against,
                "sides": [
                    {"filter": side.to_query(), "sentence": said, "name": run.t(name.name), "n": n, "at_least": bound}
                    for side, said, name, n, bound in zip(
                        sides,
                        words,
                        (study.pair.a, study.pair.b),
                        (study.found.n_a, study.found.n_b),
                        study.found.at_least,
                        strict=True,
                    )
                ],
                "audience": run.audience.value,
                "resolution": study.resolution,
                "tested": study.found.tested,
                "told": study.found.sentence(run.t),
                "choices": [{"name": c.name, "value": c.value, "told": run.t(c.told)} for c in study.choices],
                "places": rows,
            }
        )
        return
    for said, name in zip(words, (study.pair.a, study.pair.b), strict=True):
        run.say(f"{run.t(name.name)} – {said}")
    run.say(study.found.sentence(run.t))
    for place in study.found.places:
        run.say(f"{place.rank}. {study.names[place.id](run.t)} – {place.sentence(run.t)}")
    for choice in study.choices:
        run.say(run.t(choice.told))


def _rows(run: Run, study: CompareStudy) -> list[dict[str, Any]]:
    return [
        {
            "rank": place.rank,
            "id": place.id,
            "name": study.names[place.id](run.t),
            "more": "first" if place.more > 0 else "second",
            "n_first": place.n_a,
            "n_second": place.n_b,
            "bounds": place.bounded,
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
        for place in study.found.places
    ]


def _write(out: Path, study: CompareStudy, rows: list[dict[str, Any]]) -> None:
    if out.suffix.lower() == ".csv":
        write_table(out, pd.DataFrame([{**row, "cells": " ".join(row["cells"])} for row in rows], columns=_COLUMNS))
    else:
        write_file(out, geojson(study.found.places, rows).encode())


_COLUMNS = [
    *("rank", "id", "name", "more", "n_first", "n_second", "bounds", "share", "elsewhere", "ratio", "low", "high"),
    *("p", "q", "longitude", "latitude", "cells"),
]
COMMANDS = (
    Command(
        "compare",
        compare,
        Message("Find the places where two filters differ beyond chance."),
        True,
        {
            "against": Opt(
                Message("gender, reporter, light, before, year, others, or words of a filter such as affected=man."),
                ("--against",),
            ),
            "resolution": Opt(Message("H3 resolution of map cells; chosen unless given."), ("--resolution",)),
            "out": Opt(Message("GeoJSON or CSV file to write."), ("--out",)),
        },
        audience=Audience.ANALYST,
    ),
)
