"""Exports of which a clerk could tell what each column means: each is taken for that, or asked about.

`meanings` holds made-up files in twelve languages by somebody who did not know the code, with their keys: columns of
staff, offenders and reporters beside each other, states in local words, running numbers beside the number of the case,
00:00 for an unknown hour, two-digit years, several categories in a cell, UTC, projected coordinates.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from curim_data.importing.pipeline import ImportReport, import_file
from curim_data.model import Answers, Question
from curim_data.store import Home, Store

FILES = Path(__file__).parent / "meanings"
KEYS = sorted(path.name.removesuffix(".key.json") for path in FILES.glob("*.key.json"))
STATES = {"new": "open", "prog": "open", "closed": "resolved", "withdrawn": "rejected", "cancelled": "rejected"}


def imported(folder: Path, path: Path, key: dict[str, Any]) -> tuple[ImportReport, Home]:
    """Import; where nothing holds without an answer, it is that of the key."""
    date = key["date"] if isinstance(key["date"], str) else key["date"][0]
    told = {
        "crs": int(key.get("crs", "EPSG:0").removeprefix("EPSG:")), "category": key["category"], "event": date,
        "sheet": key.get("sheet"), "order": key.get("order", "lat-lon"),
    }  # fmt: skip
    answers = Answers()
    for number in range(4):
        home = Home(folder / str(number))
        try:
            report = import_file(home, path, path.name, answers=answers)
            question = next((one for one in report.questions if not one.default), None)
        except Question as asked:
            question = asked
        if question is None:
            return report, home
        answers = replace(answers, **{question.about: told[question.about]})
    raise AssertionError("asked again and again")


def silent_mistakes(home: Home, alerts: pd.DataFrame, key: dict[str, Any], asked: set[str]) -> Iterator[str]:
    """What was taken for something else without a question."""
    counts, given = key["counts"], {"woman", "man"}
    genders = Counter(one for one in alerts[f"{key['gender_of']}_gender"].astype(str) if one in given)
    other = "affected" if key["gender_of"] == "reporter" else "reporter"
    if key["gender"] is None or "gender" not in asked:
        if {one: counts["gender"][one] for one in given if key["gender"]} != dict(genders):
            yield f"{key['gender_of']}: {genders}"
        if given & set(alerts[f"{other}_gender"].astype(str)):
            yield f"{other} has a gender"
    states = Counter(alerts["status"].astype(str))
    wanted = Counter[str]()
    for state, n in counts["state"].items():
        wanted[STATES.get(state, state)] += n
    least = wanted if "means" not in asked else Counter(resolved=wanted["resolved"])
    if key["status"] and any(states[state] != n for state, n in least.items()):
        yield f"states {states}, not {wanted}"
    told = {
        "place": (int(alerts["longitude"].isna().sum()), counts["no_coordinates"]),
        "hour": (int(alerts["hour"].isna().sum()), counts["event_hour_unknown"]),
        "closed": (int(alerts["resolved_at"].notna().sum()), counts["with_closing_date"]),
        "several": (int(alerts["more_categories"].map(lambda more: more is not None and len(more) > 0).sum()),
                    counts["several_categories"]),
        "ids": (int(alerts["incident_id"].notna().sum()), len(alerts) if key["id"] else 0),
    }  # fmt: skip
    zone = home.city().timezone
    event = alerts["occurred_from"].fillna(alerts["reported_at"]).dt.tz_convert(zone)
    span = tuple(getattr(event, edge)().strftime("%Y-%m-%dT%H:%M") for edge in ("min", "max"))
    if key.get("first_event") and [one[:10] for one in span] != [
        key[f"{edge}_event"][:10] for edge in ("first", "last")
    ]:
        yield f"from {span[0]} to {span[1]}"
    middle = alerts[["latitude", "longitude"]].median()
    if key.get("middle") and abs(middle - key["middle"]).max() > 0.05:
        yield f"around {middle.to_dict()}"
    slack = {"hour": 2, "place": 1}  # a few things do happen at midnight
    yield from (f"{what}: {n}, not {right}" for what, (n, right) in told.items() if abs(n - right) > slack.get(what, 0))


# Days of the event as 22.03.12. for 12 March 2022, beside years of four digits (g11), and a closing in three columns of
# day, month and year beside the report's (i10) are not read.
NOT_READ = dict.fromkeys(("g11", "i10"), pytest.mark.xfail(strict=True))


@pytest.mark.parametrize("name", [pytest.param(name, marks=NOT_READ.get(name, ())) for name in KEYS])
def test_what_columns_mean(name: str, tmp_path: Path) -> None:
    key = json.loads((FILES / f"{name}.key.json").read_text("utf-8"))
    path = next(path for path in FILES.glob(f"{name}.*") if not path.name.endswith(".key.json"))
    report, home = imported(tmp_path, path, key)
    alerts = Store(home).read().to_pandas()
    asked = {question.about for question in report.questions}
    assert len(report.questions) <= 5
    assert len(alerts) == key["rows"]
    assert list(silent_mistakes(home, alerts, key, asked)) == []
