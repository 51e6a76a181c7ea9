"""The entry point `curim`: reads the arguments, runs a command, turns errors into one line.

Exit code 0: done. Exit code 2: unusable input or arguments, with one line on standard error that says what, where and
how to fix it. With `--json` one object goes to standard output and nothing else does.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

# Small matrices: threads of the linear algebra would only wait for one another. Before numpy loads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer
from typer.core import TyperCommand, TyperGroup

from curim_data.cli.commands import COMMANDS, REGISTERED, Entry, language
from curim_data.model.i18n import N_, Message, Translator, translator

UNUSABLE = 2
SELDOM: Final = (1_000_000, 20, 100)  # as for gc.set_threshold
HELP = N_("Citizens' safety alerts: import, count, find hot spots, plan.")


def root(asked: str | None = None) -> TyperGroup:
    """The program as a group of commands. With `asked`, the name of one, the others have nothing but their help."""
    commands: dict[str, Any] = {
        name: TyperCommand(name, help=entry.help) if asked not in (None, name) else _loaded(name, entry)
        for name, entry in COMMANDS.items()
    }
    return TyperGroup(name="curim", help=HELP, commands=commands, rich_markup_mode=None)


def _loaded(name: str, entry: Entry) -> Any:
    """A command, or a group of them, of a module."""
    import_module(f"{__package__}.{entry.module}")
    if name in REGISTERED:
        return typer.main.get_command(REGISTERED[name])
    members = {
        path.split()[1]: typer.main.get_command(app) for path, app in REGISTERED.items() if path.split()[0] == name
    }
    return TyperGroup(name=name, help=entry.help, commands=members, rich_markup_mode=None)


def translate(node: Any, t: Translator) -> None:
    """Put the help of a command of typer's, its parameters and its own commands into the reader's language."""
    for part in (node, *node.params):
        if getattr(part, "help", None):
            part.help = t(part.help)
    for child in getattr(node, "commands", {}).values():
        translate(child, t)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    if arguments is not None:
        return _run(list(arguments))
    # A process of its own loads some hundred thousand objects, none of them garbage: it looks for that seldom, and not
    # when it ends.
    gc.set_threshold(*SELDOM)
    try:
        return _run(sys.argv[1:])
    finally:
        gc.freeze()


def _run(given: list[str]) -> int:
    t = translator(language(given))
    commands = root(next((word for word in given if not word.startswith("-")), ""))
    translate(commands, t)
    try:
        commands(given or ["--help"], prog_name="curim", standalone_mode=False)
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
    if isinstance(error, OSError):
        what, why = error.filename or "", error.strerror or str(error)
        return t("{file} cannot be read or written: {why}.", file=what, why=why) if what else f"{why}."
    from curim_data.model.city import ProfileError
    from curim_data.store.commits import damage

    if isinstance(error, ProfileError):
        return str(error)
    return None if (damaged := damage(error)) is None else t(damaged)


if __name__ == "__main__":
    sys.exit(main())
