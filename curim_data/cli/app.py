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

from curim_data.cli.commands import COMMANDS
from curim_data.cli.language import language
from curim_data.model.i18n import N_, Message, Translator, translator

UNUSABLE = 2
SELDOM: Final = (1_000_000, 20, 100)  # as for gc.set_threshold
USAGE_ERRORS: Final = (
    ("curim_data.cli.output", "UsageError"),
    ("curim_data.engine.spark", "EngineError"),
    ("curim_data.model.city", "ProfileError"),
    ("curim_data.model.extent", "AreaTooLargeError"),
    ("curim_data.model.known_time", "UnknownTimeError"),
    ("curim_data.model.reasons", "ImportProblem"),
    ("curim_data.plans.plan_store", "PlanProblem"),
    ("curim_data.privacy.disclosure", "DisclosureError"),
    ("curim_data.store._commit_log", "StoreError"),
)
HELP = N_("Citizens' safety alerts: import, count, find hot spots, plan.")


def root(asked: str | None = None) -> TyperGroup:
    """The program as a group of commands. With `asked`, the name of one, the others have nothing but their help."""
    found: dict[str, Any] = {}
    for name, (module, help) in COMMANDS.items():
        found[name] = TyperCommand(name, help=help) if asked not in (None, name) else _loaded(name, module)
    return TyperGroup(name="curim", help=HELP, commands=found, rich_markup_mode=None)


def _loaded(name: str, module: str) -> Any:
    """A command, or a group of them, of a module."""
    found: Any = typer.main.get_command(import_module(f"{__package__}.{module}").app)
    commands = getattr(found, "commands", {})
    if name in commands:
        found = commands[name]
    found.name = name
    return found


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
    """Errors about what the reader did and can correct: those whose modules are loaded, for no other can have come."""
    loaded = ((sys.modules.get(module), name) for module, name in USAGE_ERRORS)
    return tuple(getattr(module, name) for module, name in loaded if module is not None)


def _error_text(error: Exception, t: Translator) -> str:
    message = getattr(error, "message", None)
    return t(message) if isinstance(message, Message) else str(error)


def _fail(line: str) -> int:
    print("curim: " + " ".join(line.split()), file=sys.stderr)
    return UNUSABLE


if __name__ == "__main__":
    sys.exit(main())
