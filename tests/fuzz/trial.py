"""Broken files through the whole import: no exception but a sentence for the person, and the sum always holds."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from pathlib import Path

from curim_data.importing.pipeline import ImportProblem, preview
from curim_data.model import Answers, CityProfile, Question
from tests.fuzz.mutate import broken

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
ANSWERS = (
    Answers(),
    Answers(dates="day-first", decimal="point", crs=2100, order="lat-lon"),
    Answers(dates="month-first", decimal="comma", crs=32634, order="lon-lat"),
)


class Broken(AssertionError):
    """A file that broke the import; the message names the case that makes it again."""


def case(number: int, seeds: Mapping[str, bytes]) -> tuple[str, bytes]:
    """The broken file of a number."""
    rng = random.Random(number)
    name = rng.choice(sorted(seeds))
    data = broken(seeds[name], rng)
    return rng.choice((name, "export", "export.csv", "export.zip", f"{name}.gz")), data


def check(name: str, data: bytes, city: CityProfile | None, answers: Answers = ANSWERS[0]) -> str:
    """Import a file without writing; returns "read", "refused" or "asked". Raises where a rule is broken."""
    try:
        batch = preview(data, name, city, answers=answers, now=NOW).report.batch
    except Question as question:
        return _worded(question.flag.startswith("--") and question.message.text, "asked")
    except ImportProblem as problem:
        return _worded(problem.message.text, "refused")
    told = batch.accepted + batch.updated + batch.duplicate + batch.quarantined
    if told != batch.read or sum(batch.reasons.values()) != batch.quarantined or batch.updated:
        raise Broken(f"read {batch.read}, told {told}, reasons {dict(batch.reasons)}")
    return "read"


def _worded(words: object, result: str) -> str:
    if not words:
        raise Broken("a refusal without words")
    return result


def run(numbers: range, seeds: Mapping[str, bytes], city: CityProfile, folder: Path | None = None) -> dict[str, int]:
    """Try the cases of these numbers; a broken rule is raised with its number, and the file is kept in `folder`."""
    seen: dict[str, int] = {}
    for number in numbers:
        name, data = case(number, seeds)
        try:
            result = check(name, data, city if number % 4 else None, ANSWERS[number % len(ANSWERS)])
        except Exception as error:
            if folder is not None:
                (folder / f"{number}-{Path(name).name}").write_bytes(data)
            raise Broken(f"case {number} ({name}): {type(error).__name__}: {error}") from error
        seen[result] = seen.get(result, 0) + 1
    return seen
