"""`python -m tests.faults [KILLS]`: every action killed so often (100), with the counts as a table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults.actions import ACTIONS
from tests.faults.killed import start_server, trial


def main() -> int:
    """Print a line for each action; exit code 1 where one left a third state."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=100, help="of each action (100)")
    kills = parser.parse_args().kills
    start_server()
    folder, failed = Path(tempfile.mkdtemp(prefix="faults-")), 0
    print("action         killed   old state   new state   third state", flush=True)
    for action in ACTIONS:
        try:
            found = trial(action, folder / action.replace(" ", "-"), kills)
        except AssertionError as error:
            failed += 1
            print(f"{action:<14} {error}", flush=True)
            continue
        print(f"{action:<14} {found.total():6} {found['old']:11} {found['new']:11} {0:13}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
