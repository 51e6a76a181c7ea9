"""Every command that answers council and public: no count under the threshold, in JSON, files or texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pytest

from curim_data.cli.commands import COMMANDS
from curim_data.store import Home
from tests.commands import Curim

ORDINARY: Final = ("--category", "noise", "--affected", "woman")
SENSITIVE: Final = ("--category", "harassment_verbal")
FILTERS: Final = ((ORDINARY, 5), (SENSITIVE, 10))
# Of sensitive categories whether a place stands out is not judged from the copy.
ORDINARY_ALONE: Final = (("hotspots", "--method", "emerging"),)
# Each with a file where it can write one.
ASKED: Final = (
    (("counts", "--by", "month,district"), ".csv"),
    (("counts", "--by", "cell"), ".csv"),
    (("hotspots",), ".geojson"),
    (("hotspots", "--method", "emerging"), ".csv"),
    (("trends",), ".csv"),
    (("changes",), ".csv"),
    (("compare", "--against", "light"), ".csv"),
    (("concentration",), ".csv"),
    (("brief",), ""),
)
# They say that they are not for these audiences.
REFUSED: Final = (("hotspots", "--method", "clusters"), ("forecast",), ("near-repeat",))
# Their answers do not depend on the audience: they are for whoever may read the home's files.
FOR_EVERYBODY: Final = {
    *("import", "batches", "undo", "quarantine", "erase", "publish", "audit", "sessions", "serve", "city", "plan"),
    *("annotations", "meetings", "open", "keep"),
}
# Whole numbers that are no counts of alerts: ranks, sizes, time, settings, estimates and their limits.
NO_COUNTS: Final = {
    *("rank", "resolution", "value", "steps", "marked", "weeks", "step", "tested", "comparisons", "cells", "part"),
    *("low", "high", "lower", "upper", "low_inner", "high_inner", "expected", "ratio", "p", "q", "slope", "times"),
    *("fewer_than", "threshold", "withheld", "longitude", "latitude", "excess", "excess_low", "excess_high", "share"),
    *("covered", "tried", "chance", "chance_low", "chance_high", "places", "alarm", "complete", "dark", "significant"),
    *("week", "month", "local_date", "gini", "generalised_gini", "unbiased_gini", "q_trend", "elsewhere"),
    *("chance_generalised_gini", "chance_generalised_gini_low", "chance_generalised_gini_high"),
}
SAID: Final = re.compile(r"(?<![\d.,–])(\d+) (?:alerts?|alerts?)\b")
TYPICAL: Final = re.compile(r"typical place or category \(\d+ alerts?\)")  # the size of a change that would be seen


def numbers(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Every number of an answer, with the name of its entry."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from numbers(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, value


def small(found: Iterator[tuple[str, float]], k: int) -> list[tuple[str, float]]:
    return [(name, n) for name, n in found if 0 < n < k and n == int(n) and name not in NO_COUNTS]


def of_file(path: Path) -> Iterator[tuple[str, float]]:
    if path.suffix == ".geojson":
        return numbers([shape["properties"] for shape in json.loads(path.read_text("utf-8"))["features"]])
    frame = pd.read_csv(path, encoding="utf-8-sig").select_dtypes("number")
    return ((str(name), n) for name in frame for n in frame[name])


@pytest.mark.slow
@pytest.mark.parametrize(("chosen", "k"), FILTERS)
@pytest.mark.parametrize(("command", "suffix"), ASKED)
def test_no_count_under_the_threshold_anywhere(
    curim: Curim, sample: Home, tmp_path: Path, command: tuple[str, ...], suffix: str, chosen: tuple[str, ...], k: int
) -> None:
    out = tmp_path / f"out{suffix}"
    if chosen == SENSITIVE and command in ORDINARY_ALONE:
        refusal = curim.refuses(*command, *chosen, "--audience", "council", "--home", str(sample.path))
        assert "have exchanged their places in the protected copy" in refusal
        return
    for audience in ("council", "public"):
        words = [*command, *chosen, "--audience", audience]
        told = curim.answer(sample, *words, *(["--out", str(out)] if suffix else []))
        told.pop("comparisons", None)  # by level
        assert not small(numbers(told), k)
        assert not suffix or not small(of_file(out), k)
        printed = TYPICAL.sub("", curim.says(sample, *words))
        assert not [n for n in SAID.findall(printed) if 0 < int(n) < k], printed
        if audience == "council" and command[0] in ("brief", "hotspots", "compare", "concentration"):
            break  # long, and the same for both


@pytest.mark.parametrize("chosen", [ORDINARY, SENSITIVE])
def test_a_missing_count_has_its_limit(curim: Curim, sample: Home, tmp_path: Path, chosen: tuple[str, ...]) -> None:
    out, k = tmp_path / "trend.csv", dict(FILTERS)[chosen]
    words = ["trends", *chosen, "--district", "zone_1", "--period", "all", "--out", str(out)]
    exact = [row["n"] for row in curim.answer(sample, *words)["rows"]]
    assert any(0 < n < k for n in exact)
    assert "fewer_than" not in pd.read_csv(out, encoding="utf-8-sig")
    told = curim.answer(sample, *words, "--audience", "council")["rows"]
    assert {(row["n"] is None, row["fewer_than"]) for row in told} == {(True, k), (False, None)}
    written = pd.read_csv(out, encoding="utf-8-sig")
    assert written.loc[written["n"].isna(), "fewer_than"].tolist() == [k] * sum(row["n"] is None for row in told)
    printed = curim.says(sample, *words[:-2], "--audience", "council")
    assert f"fewer than {k}" in printed
    assert not {"Withheld", "Fewer than"} & set(re.split(r" {2,}", "\n".join(printed.splitlines()[:8])))


@pytest.mark.parametrize("command", REFUSED)
def test_what_would_tell_small_counts_is_refused(curim: Curim, sample: Home, command: tuple[str, ...]) -> None:
    curim.refuses(*command, *ORDINARY, "--audience", "council", "--home", str(sample.path), "--json")


@pytest.mark.parametrize("chosen", [(), SENSITIVE])
def test_nothing_beside_a_small_count_tells_it(
    curim: Curim, sample: Home, tmp_path: Path, chosen: tuple[str, ...]
) -> None:
    out, words = tmp_path / "changes.csv", ("changes", *chosen, "--audience", "council")
    told = pd.DataFrame(curim.answer(sample, *words, "--out", str(out))["rows"])
    for rows in (told, pd.read_csv(out, encoding="utf-8-sig")):
        few, telling = rows[["base", "after"]].isna().any(axis=1), ["expected", "ratio", "low", "high", "p", "q"]
        assert few.any()
        assert rows.loc[few, telling].isna().all(axis=None)
        assert rows.loc[~few, telling].notna().all(axis=None)
    printed = [line for line in curim.says(sample, *words).splitlines() if "fewer than" in line]
    assert not [line for line in printed if re.search(r"\d\.\d\d \(", line)]  # a ratio with its interval


def test_every_command_is_tried() -> None:
    tried = {command[0] for command, _ in ASKED} | {command[0] for command in REFUSED}
    known = tried | FOR_EVERYBODY | {"quality", "export"}
    assert known == {name.split()[0] for name in COMMANDS}, "a new command goes into ASKED, REFUSED or FOR_EVERYBODY"
