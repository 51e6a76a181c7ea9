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
from types import ModuleType
from typing import Any

# Small matrices: threads of the linear algebra would only wait for one another. Before numpy loads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer
from typer.core import TyperCommand, TyperGroup

from curim_data.cli.commands import COMMANDS
from curim_data.cli.language import language
from curim_data.model.i18n import N_, Message, Translator, translator

UNUSABLE = 2
HELP = N_("Citizens' safety alerts: import, count, find hot spots, plan.")


def root(asked: str | None = None) -> TyperGroup:
    """The program as a group of commands. With `asked`, the name of one, the others have nothing but their help."""
    found: dict[str, Any] = {}
    for name, (module, help) in COMMANDS.items():
        found[name] = TyperCommand(name, help=help) if asked not in (None, name) else _loaded(name, module)
    return TyperGroup(name="curim", help=HELP, commands=found, rich_markup_mode=None)


def _loaded(name: str, module: str) -> Any:
    """A command, or a group of them, of a module."""
    found: Any = typer.main.get_command(_module(f"{__package__}.{module}").app)
    commands = getattr(found, "commands", {})
    if name in commands:
        found = commands[name]
    found.name = name
    return found


def _module(name: str) -> ModuleType:
    """A module and what it loads, which garbage collection leaves alone: it would look through all of it several times
    while it is loaded, once more at the end, and find nothing.
    """
    if name in sys.modules:
        return sys.modules[name]
    collects = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def translate(node: Any, t: Translator) -> None:
    """Put the help of a command of typer's, its parameters and its own commands into the reader's language."""
    for part in (node, *node.params):
        if getattr(part, "help", None):
            part.help = t(part.help)
    for child in getattr(node, "commands", {}).values():
        translate(child, t)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    t = translator(language(given))
    commands = root(next((word for word in given if not word.startswith("-")), ""))
    translate(commands, t)
    try:
        commands(given or ["--help"], prog_name="curim", standalone_mode=False)
    except typer.Exit as done:
        return int(done.exit_code)
    except typer.Abort:
        return _fail(t("Stopped."))
    except typer.TyperException as error:
        return _fail(error.format_message())
    except _usage_errors() as error:
        return _fail(_error_text(error, t))
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (the reader of our output has gone; nothing to flush)
    except OSError as error:
        what, why = error.filename or "", error.strerror or str(error)
        return _fail(t("{file} cannot be read or written: {why}.", file=what, why=why) if what else f"{why}.")
    except Exception as error:
        if (told := _damage(error)) is None:
            raise
        return _fail(t(told))
    return 0


def _damage(error: Exception) -> Message | None:
    """What is said of an error that comes of damaged files or a full disk; None of any other."""
    from curim_data.store.damage import damage

    return damage(error)


def _usage_errors() -> tuple[type[Exception], ...]:
    """Errors about what the reader did and can correct."""
    from curim_data.cli.output import UsageError
    from curim_data.engine import EngineError
    from curim_data.model import AreaTooLargeError, ImportProblem, UnknownTimeError
    from curim_data.model.city import ProfileError
    from curim_data.plans.plan_store import PlanProblem
    from curim_data.privacy import DisclosureError
    from curim_data.store import StoreError

    return (
        UsageError,
        AreaTooLargeError,
        DisclosureError,
        EngineError,
        ImportProblem,
        PlanProblem,
        ProfileError,
        StoreError,
        UnknownTimeError,
    )


def _error_text(error: Exception, t: Translator) -> str:
    message = getattr(error, "message", None)
    return t(message) if isinstance(message, Message) else str(error)


def _fail(line: str) -> int:
    print("curim: " + " ".join(line.split()), file=sys.stderr)
    return UNUSABLE


if __name__ == "__main__":
    sys.exit(main())
