"""Whether a page takes the council longer than a specialist: processor time of the server, by turns.

Each reader has a server of its own and the same new filters, on a copy of the home in which what earlier runs shared is
gone; it begins when the server has worked out what it does before readers come. `named`: the whole city under periods
by their names, of which both are told what was chosen from the alerts. `own`: filters of a reader's own.

    python -m tests.benchmarks.audiences                    # the sample
    python -m tests.benchmarks.audiences --home FOLDER --turns 4
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from curim_data.engine import open_source
from curim_data.filters import PERIODS, AlertFilter
from curim_data.sample.home import sample_home
from curim_data.store import Home
from tests.benchmarks.bench_page import Reader
from tests.browser.conftest import running

PAGES: Final = ("briefing", "hotspots", "trends", "gender")
READERS: Final = ("specialist", "council")
STILL: Final = 4.0  # seconds without another result, after which the server has worked out what it does by itself


def filters(home: Home) -> dict[str, list[dict[str, str]]]:
    """What is asked, by kind: filters that the home knows something of."""
    source = open_source(home)
    own = [{"weekday": "fri,sat"}, {"weekday": "sun"}, {"weekday": "tue,wed", "period": "12m"}]
    own += [
        {"category": name, "period": period}
        for name in source.cache["facts"].categories[:2]
        for period in ("12m", "all")
    ]
    if source.lacks("hour") is None:
        own += [{"hours": "18-23"}, {"hours": "6-11"}]
    if source.lacks_light is None:
        own += [{"light": "dark"}, {"light": "day"}]
    if "affected_gender" in source.asked:
        own += [{"affected": "woman"}, {"affected": "man"}]
    return {"named": [{"period": name} for name in PERIODS if name != AlertFilter().period], "own": own}


def asked(home: Home, page: str, reader: str) -> dict[str, float]:
    """Seconds of processor time of all answers, by kind of filter."""
    for kept in home.path.glob("prepared/*/.results-*/**/output.pkl"):
        kept.unlink()
    role = {"as": "council"} if reader == "council" else {}
    with running(home.path, CURIM_SHARED_RESULTS="") as server:
        session = Reader(server.address, server.pid)
        session.ask({"weekday": "mon", **role}, page)
        known = -1
        while (now := len(list(home.path.glob("prepared/*/.results-*/**/output.pkl")))) != known:
            known = now
            time.sleep(STILL)
        found = {
            kind: sum(session.ask({**words, **role}, page).processor for words in some)
            for kind, some in filters(home).items()
        }
        session.end()
    return found


def main() -> None:
    """Print a line for each page and kind."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.audiences", description=__doc__)
    parser.add_argument("--home", type=Path, help="a home with alerts; the sample without it")
    parser.add_argument("--turns", type=int, default=2)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = (
            Home(Path(shutil.copytree(told.home, Path(folder) / "home")))
            if told.home
            else sample_home(Home(Path(folder)))
        )
        print("| page | filters | specialist | council | times |\n|---|---|---:|---:|---:|")
        for page in PAGES:
            turns = [{one: asked(home, page, one) for one in READERS[:: 1 - 2 * (at % 2)]} for at in range(told.turns)]
            for kind in filters(home):
                mine, theirs = (statistics.mean(turn[one][kind] for turn in turns) for one in READERS)
                print(f"| {page} | {kind} | {mine:.2f} | {theirs:.2f} | {theirs / mine:.2f} |", flush=True)


if __name__ == "__main__":
    main()
