"""The commands of `curim` by name, and how a function becomes one: with its own options and those that all share.

Only the module of the command that is asked for is loaded: the others would make everybody wait. Help texts stand in
the code as English message ids (`N_`) and are put into the reader's language by `app.translate`, once typer has made
its commands of them: typer itself would want the language at import time.
"""

from __future__ import annotations

import datetime as dt
import getpass
import inspect
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, TypeVar
from urllib.parse import urlencode

import typer

from curim_data.cli.context import Answer, CommandContext, UsageError
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, N_, Audience, Message, translator

CommandFunction = TypeVar("CommandFunction", bound=Callable[..., Answer | None])


class Entry(NamedTuple):
    """The module of a command or of a group of commands, and its help (a message id)."""

    module: str
    help: str


COMMANDS: Final[dict[str, Entry]] = {
    "import": Entry(
        "operations", N_("Import exports: every row is accepted, updated, a duplicate, or quarantined with its reason.")
    ),
    "batches": Entry("operations", N_("List the imports.")),
    "undo": Entry("operations", N_("Undo an import.")),
    "quarantine": Entry("operations", N_("Write the quarantined rows of an import, with reasons, to a CSV file.")),
    "erase": Entry(
        "operations",
        N_("Erase alerts permanently, from all earlier versions too; earlier imports can then not be undone."),
    ),
    "counts": Entry("studies", N_("Count alerts by one or more dimensions.")),
    "hotspots": Entry("hot_spots", N_("Find hot spots: places with more alerts than expected by chance.")),
    "trends": Entry("studies", N_("Show the alerts over time, with their expected range.")),
    "changes": Entry(
        "studies", N_("Show what changed between two periods, place by place, corrected for having looked everywhere.")
    ),
    "brief": Entry("brief", N_("Brief the council: what changed, where, for whom.")),
    "compare": Entry("studies", N_("Find the places where two filters differ more than expected by chance.")),
    "forecast": Entry("studies", N_("Forecast the next weeks, with the accuracy of such forecasts in the past.")),
    "concentration": Entry(
        "studies",
        N_("Measure the concentration: how few places hold most alerts, and how few are expected by chance."),
    ),
    "near-repeat": Entry("studies", N_("Test for near repeats.")),
    "quality": Entry(
        "studies",
        N_(
            "Report the quality of the stored alerts: missing values, default coordinates, "
            "precision, delays, duplicates."
        ),
    ),
    "export": Entry("operations", N_("Write the cleaned alerts, one a row; all dates unless a period is asked for.")),
    "publish": Entry(
        "operations",
        N_("Write the alerts and their protected copy into PostgreSQL, for readers with CURIM_ALERTS_URL."),
    ),
    "sample": Entry("operations", N_("Write the made-up sample exports to a folder.")),
    "audit": Entry("operations", N_("Show who looked at what and did what, the latest first.")),
    "serve": Entry("operations", N_("Serve the dashboard with several processes behind one address (needs haproxy).")),
    "city": Entry("city", N_("The city's profile.")),
    "plan": Entry("plans", N_("Intervention plans.")),
    "annotations": Entry("plans", N_("Notes on the time line: campaigns, versions of the app, breaks in the data.")),
    "meetings": Entry("plans", N_("The council's meetings: the Briefing tells what changed since the last one.")),
}
# The commands of the modules that were loaded, each a program of typer's, by path: "counts", "plan draft".
REGISTERED: Final[dict[str, typer.Typer]] = {}
# Of the groups; their other commands write.
READING: Final = ("show", "list", "versions", "export", "evaluate")


def language(arguments: Sequence[str] = ()) -> str:
    """The reader's language: --lang, else CURIM_LANG, else the locale's, else English."""
    for at, word in enumerate(arguments):
        value = arguments[at + 1] if word == "--lang" and at + 1 < len(arguments) else word.partition("--lang=")[2]
        if value in LANGUAGES:
            return value
    names = ("CURIM_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    code = next((os.environ[name][:2] for name in names if os.environ.get(name)), "en")
    return code if code in LANGUAGES else "en"


def command(
    path: str, help: str | None = None, *, filtered: bool = False, audience: Audience | None = None, study: bool = False
) -> Callable[[CommandFunction], CommandFunction]:
    """Register a function as a command; its first parameter, a CommandContext, is made of the options that all share.

    `path`: its name, after that of its group. `help`: of a command in a group; that of the others stands in `COMMANDS`.
    `filtered`: it takes the words of the filter. `audience`: the default one; a command whose answer is the same for
    all audiences has no such option. `study`: its answer begins with the filter.
    """

    def add(function: CommandFunction) -> CommandFunction:
        own, shared = (
            list(inspect.signature(one, eval_str=True).parameters.values())[1:] for one in (function, _context)
        )
        shared = shared[1:] if audience is None else [shared[0].replace(default=audience), *shared[1:]]
        words = _filter_options() if filtered else []

        def run(**given: Any) -> None:
            query = {word.name.removeprefix("filter_"): given.pop(word.name) or "" for word in words}
            ctx = _context(query, **{option.name: given.pop(option.name) for option in shared})
            ctx.give(function(ctx, **given), given.get("out"), question=study)
            _record(ctx, path, given)

        options = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in (*own, *words, *shared)]
        run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        run.__annotations__ = {option.name: option.annotation for option in options}
        app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
        app.command(path.split()[-1], help=help or COMMANDS[path].help)(run)
        REGISTERED[path] = app
        return function

    return add


study = partial(command, filtered=True, audience=Audience.ANALYST, study=True)


def _filter_options() -> list[inspect.Parameter]:
    """The words of the filter as options."""
    return [
        inspect.Parameter(
            f"filter_{word}",
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[str | None, typer.Option(f"--{word}", help=help.text)],
        )
        for field in AlertFilter.fields()
        for word, help in field.words.items()
    ]


def _context(
    query: Mapping[str, str],
    audience: Annotated[Audience, typer.Option(help=N_("Audience that the numbers are for."))] = Audience.ANALYST,
    home: Annotated[Path | None, typer.Option(help=N_("Folder of the data; CURIM_HOME, or var/."))] = None,
    lang: Annotated[str | None, typer.Option(help=N_("Language: el, en or fr."))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=N_("Print one JSON object and nothing else."))] = False,
) -> CommandContext:
    from curim_data.store import Home

    if lang is not None and lang not in LANGUAGES:
        raise UsageError(Message("--lang {lang}: the languages are el, en and fr.", {"lang": lang}))
    return CommandContext(
        t=translator(lang or language()),
        home=Home(home) if home else Home.default(),
        home_named=home is not None,
        audience=audience,
        as_json=as_json,
        query={word: text for word, text in query.items() if text},
    )


def as_day(text: str) -> dt.date:
    """The day that a text such as 2025-05-03 names. UsageError where it names none."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(Message("{text} is not a date such as 2025-05-03.", {"text": text})) from None


def _known_resolution(resolution: int | None) -> int | None:
    from curim_data.model import MAP_RESOLUTIONS

    if resolution is not None and resolution not in MAP_RESOLUTIONS:
        raise UsageError(
            Message("--resolution {resolution}: map cells have resolution 4 to 12.", {"resolution": resolution})
        )
    return resolution


def check_suffix(out: Path | None, *known: str) -> Path | None:
    """A file to write; UsageError where its suffix is not one of those known."""
    if out is not None and out.suffix.lower() not in known:
        raise UsageError(
            Message("{file}: the name must end in {known}.", {"file": str(out), "known": ", ".join(known)})
        )
    return out


def ends_in(*known: str) -> Callable[[Path | None], Path | None]:
    """The check of an option whose file has one of some suffixes."""

    def check(out: Path | None) -> Path | None:
        return check_suffix(out, *known)

    return check


Resolution = Annotated[
    int | None,
    typer.Option(callback=_known_resolution, help=N_("H3 resolution of map cells; chosen unless given.")),
]
OutCsv = Annotated[Path | None, typer.Option("--out", callback=ends_in(".csv"), help=N_("CSV file to write."))]
OutPlaces = Annotated[
    Path | None, typer.Option("--out", callback=ends_in(".geojson", ".csv"), help=N_("GeoJSON or CSV file to write."))
]


def _record(ctx: CommandContext, path: str, given: Mapping[str, Any]) -> None:
    """Write down a command that is done; the sample city, and a home without a city, have no record."""
    if path == "sample" or ctx.home.is_sample or not ctx.home.has_city():
        return
    from curim_data.plans.record import Deed, Entry, record_now

    subject = " ".join([f"curim {path}", *_objects(path, given)])
    query = urlencode({word: text for word, text in ctx.query.items() if text})
    sys.stdout.flush()
    record_now(ctx.home, Entry(time.time(), _user(), ctx.audience.value, Deed(_deed(path, given)), subject, query))


def _deed(path: str, given: Mapping[str, Any]) -> str:
    """What kind of deed a command is."""
    if given.get("dry_run") or (path == "erase" and not given.get("yes")):
        return "command"
    if path in ("import", "undo", "erase"):
        return path
    if " " in path and path.split()[1] not in READING:
        return "change"
    return "download" if given.get("out") else "command"


def _objects(path: str, given: Mapping[str, Any]) -> list[str]:
    """What a command was about: names of files and of imports; of alerts only how many."""
    return [
        *(Path(file).name for file in given.get("files") or ()),
        *([str(given["batch"])] if path == "undo" else []),
        *([f"({len(given['alerts'])})"] if path == "erase" else []),
        *([f"→ {Path(given['out']).name}"] if given.get("out") else []),
    ]


def _user() -> str:
    """The account of this computer that ran the command."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such account, as in some containers
        return ""
