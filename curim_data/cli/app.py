"""The entry point `curim`: reads the arguments, runs a command, turns errors into one line.

Exit code 0: done. Exit code 2: unusable input or arguments, with one line on standard error that says what, where and
how to fix it. With `--json` one object goes to standard output and nothing else does.
"""

from __future__ import annotations

import errno
import gc
import getpass
import os
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from inspect import Signature
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

# Small matrices: threads of the linear algebra would only wait for one another. Before numpy loads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer
from typer.core import TyperCommand, TyperGroup

from curim_data.cli.commands import COMMANDS, GROUPS, SHARED, Command, Option
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, N_, Audience, Message, Translator, translator

UNUSABLE = 2
# Of the commands of a group, those that change nothing of the home.
_READS = frozenset({"show", "list", "versions", "export", "evaluate", "backup", "verify"})


def language(arguments: Sequence[str] = ()) -> str:
    """The reader's language: --lang, else CURIM_LANG, else the locale's, else English."""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=False):
        value = following if word == "--lang" else word.partition("--lang=")[2]
        if value in LANGUAGES:
            return value
    names = ("CURIM_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    code = next((os.environ[name][:2] for name in names if os.environ.get(name)), "en")
    return code if code in LANGUAGES else "en"


def program(t: Translator, asked: str | None = None) -> TyperGroup:
    """All commands as a group of typer's, their help in the reader's language.

    With `asked`, the name of a command or of a group, the others have nothing but their help.
    """
    made: dict[str, Any] = {
        path: _made(path, command, t)
        if asked in (None, path.split()[0])
        else TyperCommand(path.split()[-1], help=t(command.help))
        for path, command in COMMANDS.items()
    }
    commands = {path: command for path, command in made.items() if " " not in path}
    for group, help in GROUPS.items():
        members = {path.split()[1]: command for path, command in made.items() if path.startswith(f"{group} ")}
        commands[group] = TyperGroup(name=group, help=t(help), commands=members, rich_markup_mode=None)
    return TyperGroup(
        name="curim",
        help=t(N_("Citizens' safety alerts: import, count, find hot spots, plan.")),
        commands=commands,
        rich_markup_mode=None,
    )


def _made(path: str, command: Command, t: Translator) -> Any:
    """A command of typer's with its own options, the words of the filter, and those that all share."""
    words = [
        Option(f"filter_{word}", t.pair(t(field.title), known), flag=f"--{word}")
        for field in (AlertFilter.fields() if command.filtered else ())
        for word, known in field.words.items()
    ]
    audience = Option("audience", N_("Audience that the numbers are for."), Audience, command.audience)
    shared = [*([audience] if command.audience else []), *SHARED]

    def run(**given: Any) -> None:
        query = {word.name.removeprefix("filter_"): given.pop(word.name) or "" for word in words}
        _run_command(path, command, query, {one.name: given.pop(one.name) for one in shared}, given)

    parameters = [one.parameter(t) for one in (*command.options, *words, *shared)]
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
    app.command(path.split()[-1], help=t(command.help))(run)
    return typer.main.get_command(app)


def _run_command(
    path: str, command: Command, query: Mapping[str, str], shared: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    """Load the function of a command, give its answer, and write down in the record that it was done."""
    from curim_data.cli.context import CommandContext
    from curim_data.store import Home

    home, lang = shared["home"], shared["lang"]
    ctx = CommandContext(
        t=translator(lang or language()),
        home=Home(home) if home else Home.default(),
        home_named=home is not None,
        audience=shared.get("audience", Audience.ANALYST),
        as_json=shared["as_json"],
        query={word: text for word, text in query.items() if text},
    )
    (module, name), *words = command.run.split()[0].split("."), *command.run.split()[1:]
    answer = getattr(import_module(f"{__package__}.{module}"), name)(ctx, *words, **given)
    if answer is not None:
        ctx.give(answer, given.get("out"), question=command.study)
    if not ctx.home.is_sample and ctx.home.has_city():  # others have no record
        _record(ctx.home, ctx.audience, ctx.query, path, given)
    if answer is not None and answer.then is not None:
        answer.then()


def _record(home: Any, audience: Audience, query: Mapping[str, str], path: str, given: Mapping[str, Any]) -> None:
    """Write down what was done: by which account of this computer, and to which files, or to how many alerts."""
    from curim_data.plans.record import Deed, Entry, record_now

    if given.get("dry_run") or (path == "erase" and not given.get("yes")):
        deed = Deed.COMMAND
    elif path in ("import", "undo", "erase"):
        deed = Deed(path)
    elif path == "open" and given["files"]:
        deed = Deed.IMPORT
    elif " " in path and path.split()[1] not in _READS:
        deed = Deed.CHANGE
    else:
        deed = Deed.DOWNLOAD if given.get("out") else Deed.COMMAND
    about = [
        *(Path(file).name for file in given.get("files") or ()),
        *([str(given["batch"])] if path == "undo" else []),
        *([f"({len(given['alerts'])})"] if path == "erase" else []),
        *([f"→ {Path(given['out']).name}"] if given.get("out") else []),
    ]
    try:
        account = getpass.getuser()
    except (OSError, KeyError):  # no such account, as in some containers
        account = ""
    sys.stdout.flush()
    subject = " ".join([f"curim {path}", *about])
    record_now(home, Entry(time.time(), account, audience.value, deed, subject, urlencode(query)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    if arguments is not None:
        return _run(list(arguments))
    # A process of its own loads some hundred thousand objects, none of them garbage: it looks for that seldom, and not
    # when it ends.
    gc.set_threshold(1_000_000, 20, 100)
    os.umask(0o077)  # nobody else reads what it writes
    try:
        return _run(sys.argv[1:])
    finally:
        gc.freeze()


def _run(given: list[str]) -> int:
    t = translator(language(given))
    try:
        asked = next((word for word in given if not word.startswith("-")), "")
        program(t, asked)(given or ["--help"], prog_name="curim", standalone_mode=False)
    except typer.Exit as done:
        return int(done.exit_code)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (the reader of our output has gone; nothing to flush)
    except Exception as error:
        if (line := _line(error, t)) is None:
            raise
        print("curim: " + " ".join(line.split()), file=sys.stderr)
        return UNUSABLE
    return 0


def _line(error: Exception, t: Translator) -> str | None:
    """What the reader can correct, or what is damaged, in a line; None for an error of the program."""
    if isinstance(error, typer.Abort):
        return t("Stopped.")
    if isinstance(error, typer.TyperException):
        return error.format_message()
    if isinstance(message := getattr(error, "message", None), Message):
        return t(message)
    from curim_data.model.city import ProfileError
    from curim_data.store.commits import damage

    if isinstance(error, ProfileError):
        return str(error)
    # Who may not read a file that was named is not helped by what to do with the folder of the data.
    named = isinstance(error, PermissionError) and error.errno != errno.EROFS
    if not named and (damaged := damage(error)) is not None:
        return t(damaged)
    if isinstance(error, OSError):
        what, why = error.filename or "", error.strerror or str(error)
        return t("{file} cannot be read or written: {why}.", file=what, why=why) if what else f"{why}."
    return None


if __name__ == "__main__":
    sys.exit(main())
