"""Broken files through the whole import: no exception but a sentence for the person, and the sum always holds.

Exports break in many ways: cut, flipped, shuffled, mixed, repeated.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from curim_data.importing.pipeline import ImportProblem, preview
from curim_data.model import Answers, CityProfile, Question

Mutation = Callable[[bytes, random.Random], bytes]

_WORDS: Final = (
    b"", b" ", b"NULL", b"-1", b"0", b"1e308", b"nan", b"inf", b"99999999999999999999", b"31/02/2024", b"24:61",
    b"0000-00-00", b"9999-12-31", b"2024-13-45T99:99", b"\xff\xfe", b"\x00", b'"', b'""', b"'", b"\\", b"=1+1",
    b"\xce\xba", b"\xd3", b"a,b;c\td|e", b"\r", b"\n", b"\r\n", b"<a>", b"&amp;", b"{", b"]", b"X" * 3000,
    b"1.234.567,89", b"1,234,567.89", b"90.0001", b"-180", b"(37.9, 23.6)", b"POINT (23.6 37.9)", b"2024-W01",
    b"12/11/10", b"44927", b"1700000000",
)  # fmt: skip


def cut(data: bytes, rng: random.Random) -> bytes:
    """The file ends in the middle."""
    return data[: rng.randrange(len(data) + 1)]


def behead(data: bytes, rng: random.Random) -> bytes:
    """The beginning is missing."""
    return data[rng.randrange(min(len(data), 400) + 1) :]


def flip(data: bytes, rng: random.Random) -> bytes:
    """Some bytes are others."""
    broken = bytearray(data)
    for _ in range(rng.choice((1, 3, 20, 200))):
        if broken:
            broken[rng.randrange(len(broken))] = rng.randrange(256)
    return bytes(broken)


def drop(data: bytes, rng: random.Random) -> bytes:
    """A piece is missing."""
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.randrange(1, 200) :]


def repeat(data: bytes, rng: random.Random) -> bytes:
    """A piece stands twice."""
    start = rng.randrange(len(data) + 1)
    end = start + rng.randrange(1, 400)
    return data[:end] + data[start:end] + data[end:]


def insert(data: bytes, rng: random.Random) -> bytes:
    """Strange words stand where others were."""
    broken = data
    for _ in range(rng.choice((1, 2, 10))):
        at = rng.randrange(len(broken) + 1)
        broken = broken[:at] + rng.choice(_WORDS) + broken[at + rng.choice((0, 0, 1, 5)) :]
    return broken


def lines(data: bytes, rng: random.Random) -> bytes:
    """Lines in another order, missing, repeated, joined or empty."""
    parts = data.split(b"\n")
    body = parts[rng.randrange(2) :]
    rng.shuffle(body)
    kept = [line for line in body if rng.random() > 0.1]
    return rng.choice((b"\n", b"\r\n", b"\r", b"\n\n", b"")).join([*parts[: len(parts) - len(body)], *kept, *body[:2]])


def ends(data: bytes, rng: random.Random) -> bytes:
    """Line ends of several systems in one file."""
    return b"".join(line + rng.choice((b"\n", b"\r\n", b"\r")) for line in data.splitlines())


def mixed(data: bytes, rng: random.Random) -> bytes:
    """Lines in several encodings."""
    text = data.decode("utf-8", "ignore")
    codecs = ("utf-8", "cp1253", "iso-8859-7", "latin-1", "utf-16-le", "cp1252")
    return b"".join(line.encode(rng.choice(codecs[: rng.choice((2, 6))]), "ignore") for line in text.splitlines(True))


def recoded(data: bytes, rng: random.Random) -> bytes:
    """The whole in another encoding."""
    text = data.decode("utf-8", "replace")
    return text.encode(
        rng.choice(("utf-16", "utf-16-be", "utf-32", "cp1253", "iso-8859-7", "utf-8-sig", "utf-7")), "ignore"
    )


def columns(data: bytes, rng: random.Random) -> bytes:
    """Columns in another order, headings swapped, doubled, emptied or strange; cells lost or strange."""
    text = data.decode("utf-8", "ignore")
    delimiter = max(",;\t|", key=text[:400].count)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error:
        return data
    if not rows or not rows[0]:
        return data
    order = list(range(len(rows[0])))
    rng.shuffle(order)
    order = order[: rng.choice((len(order), len(order), max(1, len(order) // 2)))]
    rows = [[row[at] if at < len(row) else "" for at in order] for row in rows]
    head: list[str] = rows[0]
    match rng.randrange(5):
        case 0:
            head[rng.randrange(len(head))] = head[rng.randrange(len(head))]
        case 1:
            head[rng.randrange(len(head))] = ""
        case 2:
            rng.shuffle(head)
        case 3:
            head[rng.randrange(len(head))] = rng.choice(_WORDS).decode("utf-8", "ignore")
        case _:
            pass
    for row in rows[1:]:
        if rng.random() < 0.3:
            row[rng.randrange(len(row))] = rng.choice(_WORDS).decode("utf-8", "ignore")
        if rng.random() < 0.05:
            row.append("extra")
        if rng.random() < 0.05:
            row.pop()
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=rng.choice((delimiter, ",", ";", "\t", "|", "^"))).writerows(rows)
    return stream.getvalue().encode()


MUTATIONS: Final[Sequence[Mutation]] = (
    cut, behead, flip, drop, repeat, insert, insert, lines, ends, mixed, recoded, columns, columns, columns,
)  # fmt: skip


def broken(data: bytes, rng: random.Random) -> bytes:
    """One to three of them, one after the other."""
    for mutation in rng.choices(MUTATIONS, k=rng.choice((1, 1, 2, 3))):
        data = mutation(data, rng)
    return data


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
