"""The command line: everything that a page does, a script can do, with the words of the query string.

Exit code 0: done. Exit code 2: unusable input or arguments, with one line on standard error that says what, where and
how to mend it. With `--json` one object goes to standard output and nothing else does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

# Small matrices: threads of the linear algebra would only wait for one another. Before numpy loads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer

from curim_data.cli import (
    analysis as cli_analysis,
)
from curim_data.cli import (
    city as cli_city,
)
from curim_data.cli import (
    compare as cli_compare,
)
from curim_data.cli import (
    data as cli_data,
)
from curim_data.cli import (
    export as cli_export,
)
from curim_data.cli import (
    forecast as cli_forecast,
)
from curim_data.cli import (
    hotspots as cli_hotspots,
)
from curim_data.cli import (
    imports as cli_import,
)
from curim_data.cli import (
    plans as cli_plans,
)
from curim_data.cli import (
    quality as cli_quality,
)
from curim_data.cli import (
    repeats as cli_repeats,
)
from curim_data.cli import (
    store as cli_store,
)
from curim_data.cli.frame import Refused, build
from curim_data.model.i18n import LANGUAGES, Message, Translator, translator

COMMANDS = (
    *cli_import.COMMANDS,
    *cli_data.COMMANDS,
    *cli_city.COMMANDS,
    *cli_analysis.COMMANDS,
    *cli_compare.COMMANDS,
    *cli_forecast.COMMANDS,
    *cli_hotspots.COMMANDS,
    *cli_repeats.COMMANDS,
    *cli_plans.COMMANDS,
    *cli_store.COMMANDS,
    *cli_quality.COMMANDS,
    *cli_export.COMMANDS,
)
UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    t = translator(language(given))
    given = given or ["--help"]
    try:
        build(COMMANDS, t)(given, prog_name="curim", standalone_mode=False)
    except typer.Exit as done:
        return int(done.exit_code)
    except typer.Abort:
        return _fail(t("Stopped."))
    except typer.TyperException as error:
        return _fail(error.format_message())
    except _refusals() as error:
        return _fail(_words(error, t))
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (the reader of our output has gone; nothing to flush)
    except OSError as error:
        what, why = error.filename or "", error.strerror or str(error)
        return _fail(t("{file} cannot be read or written: {why}.", file=what, why=why) if what else f"{why}.")
    return 0


def language(arguments: Sequence[str]) -> str:
    """The reader's language: --lang, else CURIM_LANG, else the locale's, else English."""
    for at, word in enumerate(arguments):
        value = arguments[at + 1] if word == "--lang" and at + 1 < len(arguments) else word.partition("--lang=")[2]
        if value in LANGUAGES:
            return value
    for name in ("CURIM_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            found = os.environ[name][:2]
            return found if found in LANGUAGES else "en"
    return "en"


def _refusals() -> tuple[type[Exception], ...]:
    """Errors that say what the reader did and can mend."""
    from curim_data.model.city import ProfileError
    from curim_data.model.reasons import ImportProblem
    from curim_data.plans.plan_store import PlanProblem
    from curim_data.privacy import GateError
    from curim_data.store.alert_table import StoreError

    return (Refused, GateError, ImportProblem, PlanProblem, ProfileError, StoreError)


def _words(error: Exception, t: Translator) -> str:
    message = getattr(error, "message", None)
    return t(message) if isinstance(message, Message) else str(error)


def _fail(line: str) -> int:
    print("curim: " + " ".join(line.split()), file=sys.stderr)
    return UNUSABLE


if __name__ == "__main__":
    sys.exit(main())
