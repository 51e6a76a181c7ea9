"""The command near-repeat: whether alerts follow alerts near by, and whether something unusual started lately."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from curim_data.cli.analysis import asked, sentence
from curim_data.cli.frame import Command, Opt, Refused, Run, write_table
from curim_data.model.access import Audience
from curim_data.model.i18n import Message

if TYPE_CHECKING:
    from curim_data.studies.repeats import RepeatStudy, UnusualStudy


def near_repeat(run: Run, metric: str = "euclidean", out: Path | None = None) -> None:
    """Test for near repeats and look for what started lately."""
    from curim_data.studies.repeats import METRICS, repeat_study, unusual_study

    way = next((known for known in METRICS if known == metric), None)
    if way is None:
        raise Refused(
            Message("Unknown metric: {metric}. Use {known}.", {"metric": metric, "known": ", ".join(METRICS)})
        )
    source = run.source()
    f = run.filter(source)
    repeats = repeat_study(source, f, run.audience, metric=way)
    unusual = unusual_study(source, f, run.audience)
    if out is not None and repeats.knox is not None:
        write_table(out, repeats.knox.frame())
    if run.as_json:
        run.answer({**asked(run, source, f), **_repeats(run, repeats), "unusual": _unusual(run, unusual)})
        return
    run.say(sentence(run, source, f))
    for told in (repeats.sentence(run.t), repeats.caution(run.t)):
        if told:
            run.say(told)
    if repeats.knox is not None:
        columns = ["space", "time", "observed", "mean", "ratio", "q", "repeat", "pattern"]
        run.table(repeats.knox.frame()[columns])
        run.say(repeats.knox.method(run.t))
    for choice in repeats.choices:
        run.say(run.t(choice.told))
    run.say(unusual.sentence(run.t))
    for place in unusual.started[1:]:
        run.say(place.sentence(run.t))
    if unusual.method is not None:
        run.say(run.t(unusual.method))
    run.say(run.t(unusual.choices[0].told))


def _repeats(run: Run, study: RepeatStudy) -> dict[str, Any]:
    found = study.knox
    return {
        "n": study.n,
        "used": study.used,
        "told": study.sentence(run.t),
        "caution": study.caution(run.t),
        "permutations": found.permutations if found else 0,
        "metric": found.metric if found else None,
        "method": found.method(run.t) if found else "",
        "choices": [{"name": c.name, "value": c.value, "told": run.t(c.told)} for c in study.choices],
        "bands": found.frame() if found else [],
    }


def _unusual(run: Run, study: UnusualStudy) -> dict[str, Any]:
    return {
        "n": study.n,
        "from": study.start,
        "to": study.end,
        "told": study.sentence(run.t),
        "method": run.t(study.method) if study.method else "",
        "choices": [{"name": c.name, "value": c.value, "told": run.t(c.told)} for c in study.choices],
        "started": [
            {
                "name": place.name(run.t),
                "told": place.sentence(run.t),
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


COMMANDS = (
    Command(
        "near-repeat",
        near_repeat,
        Message("Ask whether alerts bring further ones near by, and whether something unusual started lately."),
        True,
        {
            "metric": Opt(Message("How distance is measured: euclidean or manhattan."), ("--metric",)),
            "out": Opt(Message("CSV file to write."), ("--out",)),
        },
        audience=Audience.ANALYST,
    ),
)
