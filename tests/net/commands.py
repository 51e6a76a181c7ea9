"""What the commands answer: JSON under many filters for each audience, texts in three languages, files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from tests.net.cities import Filter, Looked, curim
from tests.net.neutral import text_of

Write = Callable[[str, str], None]  # a name in the folder of the city, and its text
AUDIENCES: Final = {"analyst": 1, "council": 2, "public": 6, "specialist": 8}  # one filter of so many
LANGUAGES: Final = ("en", "el", "fr")


class Asked(NamedTuple):
    """A command with its options: asked under one of `every` filters, of which `first` is the first."""

    name: str
    words: tuple[str, ...]
    every: int = 1
    first: int = 0


COMMANDS: Final = (
    Asked("counts-district-category", ("counts", "--by", "district,category")),
    Asked("counts-group-gender", ("counts", "--by", "group,affected_gender,reporter_gender")),
    Asked("counts-month-kind", ("counts", "--by", "month,kind", "--complete")),
    Asked("counts-clock", ("counts", "--by", "weekday,hour,dark"), 2),
    Asked("counts-cell", ("counts", "--by", "cell"), 2, 1),
    Asked("counts-rest", ("counts", "--by", "place,status,severity"), 3),
    Asked("counts-day", ("counts", "--by", "local_date,age_band"), 5, 1),
    Asked("counts-week", ("counts", "--by", "week,feeling"), 5, 2),
    Asked("hotspots", ("hotspots",), 2),
    Asked("hotspots-size", ("hotspots", "--resolution", "8", "--order", "ratio"), 7, 1),
    Asked("hotspots-shares", ("hotspots", "--base", "alerts"), 6, 2),
    Asked("hotspots-clusters", ("hotspots", "--method", "clusters"), 6, 0),
    Asked("hotspots-emerging", ("hotspots", "--method", "emerging"), 5, 3),
    Asked("trends", ("trends",), 2),
    Asked("trends-month", ("trends", "--by", "month"), 4, 1),
    Asked("trends-day", ("trends", "--by", "local_date"), 8, 2),
    Asked("changes", ("changes",), 4),
    Asked("brief", ("brief",), 6, 0),
    Asked("concentration", ("concentration",), 4, 1),
    Asked("forecast", ("forecast",), 6, 3),
    Asked("near-repeat", ("near-repeat",), 5, 0),
    Asked("compare-light", ("compare", "--against", "light"), 6, 0),
    Asked("compare-others", ("compare", "--against", "others"), 8, 7),
    Asked("compare-words", ("compare", "--against", "affected=man"), 9, 7),
)
WITHOUT_FILTER: Final = (("batches",), ("city", "show"), ("city", "versions"), ("meetings", "list"), ("plan", "list"))
FILES: Final = (
    ("counts", ".csv", ("--by", "district,category")),
    *((name, ".csv", ()) for name in ("changes", "concentration", "forecast", "hotspots", "near-repeat", "trends")),
    ("compare", ".csv", ("--against", "light")),
    ("hotspots", ".geojson", ()),
    ("hotspots", ".csv", ("--method", "emerging")),
    *(("brief", suffix, ()) for suffix in (".pdf", ".docx")),
    ("export", ".csv", ("--period", "28d")),
)


def take_answers(city: Looked, audience: str, write: Write) -> None:
    """The JSON of each command under each of its filters, as one audience gets it."""
    for asked, f in _combinations(city, audience):
        options = [word for name, value in f.items() for word in (f"--{name}", value)]
        said = curim(*asked.words, *options, "--audience", audience, "--json", "--home", city.home)
        write(f"json/{audience}/{asked.name}/{words_of(f) or 'all'}.txt", said)
    said = curim("quality", "--audience", audience, "--json", "--home", city.home)
    write(f"json/{audience}/quality/all.txt", said)


def take_texts(city: Looked, write: Write) -> None:
    """What a terminal shows: of a command without a filter in each language, and of those that have none."""
    for turn, lang in enumerate(LANGUAGES):
        for asked in COMMANDS[turn % city.every :: city.every]:
            audience = "council" if asked.first % 2 else "analyst"
            said = curim(*asked.words, "--audience", audience, "--lang", lang, "--home", city.home)
            write(f"text/{lang}/{asked.name}.txt", said)
        for words in (*WITHOUT_FILTER, ("quality",)):
            write(f"text/{lang}/{'-'.join(words)}.txt", curim(*words, "--lang", lang, "--home", city.home))


def take_files(city: Looked, write: Write) -> None:
    """The files that commands write: tables and shapes as they are, documents as their text."""
    asked = [(audience, at, *file) for audience in ("analyst", "council") for at, file in enumerate(FILES)]
    for audience, at, command, suffix, options in asked[:: min(city.every, 3)]:
        words = (command, *options, "--audience", audience, "--lang", LANGUAGES[at % 3])
        write(f"files/{audience}/{'-'.join((command, *options[1::2]))}{suffix}.txt", _file(city, words, suffix))
    for at, plan in enumerate(city.plans):
        for suffix in (".json", ".pdf", ".docx"):
            words = ("plan", "export", plan, "--lang", LANGUAGES[at % 3])
            write(f"files/plans/{at}{suffix}.txt", _file(city, words, suffix))


def _file(city: Looked, words: tuple[str, ...], suffix: str) -> str:
    with TemporaryDirectory() as folder:
        out = Path(folder) / f"file{suffix}"
        said = curim(*words, "--out", out, "--json", "--home", city.home)
        told = text_of(out.name, out.read_bytes()) if out.exists() else ""
        return f"{said.replace(folder, '<folder>')}\n{told}"


def _combinations(city: Looked, audience: str) -> Iterator[tuple[Asked, Filter]]:
    for at, asked in enumerate(COMMANDS):
        filters = city.filters[asked.first % len(city.filters) :: asked.every]
        yield from ((asked, f) for f in filters[at % min(AUDIENCES[audience], len(filters)) :: AUDIENCES[audience]])


def words_of(f: Filter) -> str:
    """The filter as the name of a file."""
    return "&".join(f"{name}={value}" for name, value in f.items())[:90]
