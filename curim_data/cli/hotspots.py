"""Commands around hot spots: their class over time, and how concentrated the alerts are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from curim_data import privacy
from curim_data.cli.analysis import asked, check_resolution, geojson, sentence
from curim_data.cli.frame import Command, Opt, Refused, Run, write_file, write_table
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model.access import Audience
from curim_data.model.i18n import Message
from curim_data.studies.spot_area import OF_CITY, TESTED_IN_CITY, has_area, in_area

if TYPE_CHECKING:
    from analysis.stats.intervals import Estimate
    from curim_data.studies.emerging import EmergingLine

_EMERGING_COLUMNS: Final = (
    *("rank", "id", "name", "class", "label", "n", "steps", "marked", "since", "slope", "q_trend"),
    *("longitude", "latitude", "cells"),
)


def emerging_places(run: Run, source: Source, f: AlertFilter, resolution: int | None, out: Path | None) -> None:
    """Tell the places with their class over time; Refused where the audience may see none."""
    from curim_data.studies.emerging import emerging_study

    check_resolution(resolution)
    privacy.check(["cell"], resolution, f, run.audience, source.city)
    study = emerging_study(source, f, run.audience, resolution)
    if study.found is None:
        raise Refused(study.why or Message("There is nothing to tell."))
    lines = [line for line in study.lines if in_area(line.place, line.name, f, source.city)]
    rows = [_row(run, line, len(study.found.starts)) for line in lines]
    if out is not None:
        if out.suffix.lower() == ".csv":
            table = pd.DataFrame(rows, columns=list(_EMERGING_COLUMNS))
            write_table(out, table.assign(cells=[" ".join(line.place.names) for line in lines]))
        else:
            write_file(out, geojson([line.place for line in lines], rows).encode())
    if run.as_json:
        run.answer(
            {
                **asked(run, source, f),
                "method": "emerging",
                "resolution": study.resolution,
                "unit": study.found.unit,
                "first": study.found.starts[0],
                "last": study.found.starts[-1],
                "n": study.found.n,
                "told": study.found.sentence(run.t),
                "choices": [{"name": c.name, "value": c.value, "told": run.t(c.told)} for c in study.choices],
                "spots": rows,
            }
        )
        return
    run.say(sentence(run, source, f))
    run.say(study.found.sentence(run.t))
    if has_area(f):
        run.say(run.t(TESTED_IN_CITY))
    for line in lines:
        run.say(f"{line.rank}. {line.name(run.t)} – {study.found.sentence_of(line.place.peak, run.t)}")
    for choice in study.choices:
        run.say(run.t(choice.told))


def _row(run: Run, line: EmergingLine, steps: int) -> dict[str, Any]:
    return {
        "rank": line.rank,
        "id": line.id,
        "name": line.name(run.t),
        "class": line.place.cls,
        "label": run.t(line.cls.label),
        "n": line.place.n,
        "steps": steps,
        "marked": line.marked,
        "since": line.since.isoformat() if line.since else None,
        "slope": round(line.slope, 4),
        "q_trend": line.q_trend if line.q_trend == line.q_trend else None,
        "longitude": round(line.place.longitude, 5),
        "latitude": round(line.place.latitude, 5),
        "cells": list(line.place.names),
    }


def concentration(run: Run, resolution: int | None = None, out: Path | None = None) -> None:
    """Say how few places hold most alerts."""
    from curim_data.studies.concentration import concentration_study, curve_frame

    source = run.source()
    f = run.filter(source)
    check_resolution(resolution)
    privacy.check(["cell"], resolution, f, run.audience, source.city)
    study = concentration_study(source, f, run.audience, resolution)
    found = study.found
    shares = [
        {
            "part": share.part,
            "cells": share.cells,
            **_estimate("share", share.places),
            **_estimate("chance", share.chance),
        }
        for share in found.shares
    ]
    if out is not None:
        write_table(out, curve_frame(found))
    if run.as_json:
        run.answer(
            {
                **asked(run, source, f),
                "resolution": study.cells.resolution,
                "cells": found.cells,
                "n": found.n,
                "withheld": found.withheld,
                "told": found.sentence(run.t),
                "shares": shares,
                **_estimate("gini", found.gini),
                **_estimate("generalised_gini", found.generalised),
                **_estimate("unbiased_gini", found.unbiased),
                **_estimate("chance_generalised_gini", found.chance_generalised),
                "p": found.p,
                "choices": [{"name": c.name, "value": c.value, "told": run.t(c.told)} for c in study.choices],
            }
        )
        return
    run.say(sentence(run, source, f))
    if has_area(f):
        run.say(run.t(OF_CITY))
    run.say(found.sentence(run.t))
    if found.enough:
        run.table(pd.DataFrame(shares))
        run.say(study.gini_sentence(run.t))
    for choice in study.choices:
        run.say(run.t(choice.told))


def _estimate(name: str, value: Estimate) -> dict[str, float]:
    return {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}


COMMANDS = (
    Command(
        "concentration",
        concentration,
        Message("Say how few places hold most alerts, and how few would by chance."),
        True,
        {
            "resolution": Opt(Message("H3 resolution of map cells; chosen unless given."), ("--resolution",)),
            "out": Opt(Message("CSV file to write the curve to."), ("--out",)),
        },
        audience=Audience.ANALYST,
    ),
)
