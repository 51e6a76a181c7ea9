"""How a function becomes a command: its own parameters, by `Annotated`, and the options that commands share.

Help texts stand in the code as English message ids (`N_`) and are put into the reader's language by `translate`, once
typer has made its commands of them: typer itself would want the language at import time.
"""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from curim_data.cli.commands import COMMANDS
from curim_data.cli.context import CommandContext
from curim_data.cli.language import language
from curim_data.cli.output import UsageError
from curim_data.cli.recording import record_command
from curim_data.model import LANGUAGES, N_, Audience, Message, translator

CommandFunction = TypeVar("CommandFunction", bound=Callable[..., None])


def new_app(group: str | None = None) -> typer.Typer:
    """Commands, in plain text; `group`: the name under which they are a group of their own."""
    return typer.Typer(
        help=COMMANDS[group].help if group else None,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
    )


def as_day(text: str) -> dt.date:
    """The day that a text such as 2025-05-03 names. UsageError where it names none."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(Message("{text} is not a date such as 2025-05-03.", {"text": text})) from None


def command(
    app: typer.Typer, name: str, help: str | None = None, *, filtered: bool = False, audience: Audience | None = None
) -> Callable[[CommandFunction], CommandFunction]:
    """Add a function to `app` as a command.

    `help`: of a command in a group; that of the others stands in `commands`. Its first parameter, a CommandContext, is
    made of the options that commands share. `filtered`: it takes the words of the filter. `audience`: the default one;
    a command whose answer is the same for all audiences has no such option.
    """

    def add(function: CommandFunction) -> CommandFunction:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        shared = list(inspect.signature(_context, eval_str=True).parameters.values())[1:]
        if audience is not None:
            shared[0] = shared[0].replace(default=audience)
        else:
            shared = shared[1:]
        words = [_filter_option(*pair) for pair in _filter_words()] if filtered else []

        def run(**given: Any) -> None:
            query = {word.name.removeprefix("filter_"): given.pop(word.name) or "" for word in words}
            context = _context(query, **{option.name: given.pop(option.name) for option in shared})
            try:
                function(context, **given)
            except typer.Exit:
                record_command(context, function.__module__, name, given)
                raise
            record_command(context, function.__module__, name, given)

        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in (*own, *words, *shared)]
        )
        run.__annotations__ = {option.name: option.annotation for option in (*own, *words, *shared)}
        app.command(name, help=help or COMMANDS[name].help)(run)
        return function

    return add


def _filter_words() -> Iterator[tuple[str, Message]]:
    """The words of the filter, each with its help."""
    from curim_data.filters import AlertFilter

    for field in AlertFilter.fields():
        yield from field.words.items()


def _filter_option(word: str, help: Message) -> inspect.Parameter:
    option = typer.Option(f"--{word}", help=help.text)
    return inspect.Parameter(
        f"filter_{word}", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option]
    )


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


def _known_resolution(resolution: int | None) -> int | None:
    from curim_data.model import MAP_RESOLUTIONS

    if resolution is not None and resolution not in MAP_RESOLUTIONS:
        values = {"resolution": resolution}
        raise UsageError(Message("--resolution {resolution}: map cells have resolution 4 to 12.", values))
    return resolution


Resolution = Annotated[
    int | None,
    typer.Option(callback=_known_resolution, help=N_("H3 resolution of map cells; chosen unless given.")),
]
OutCsv = Annotated[Path | None, typer.Option("--out", help=N_("CSV file to write."))]
OutPlaces = Annotated[Path | None, typer.Option("--out", help=N_("GeoJSON or CSV file to write."))]
