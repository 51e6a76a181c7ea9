"""The Hot spots page on 10,000, 100,000 and 1,000,000 alerts: server time and payload of a filter change.

The dashboard runs as for its readers, in a process of its own, and is asked over its socket: from the moment when the
filter is sent until the server says that the run is finished, all messages received. It is a filter that was never
asked before, on the usual layer, in a process that is warm: as when a reader moves one filter after another. The whole
page counts, side bar and tabs included; the payload is every byte of the messages of a run, before compression. Aims at
1,000,000 alerts: under 500 ms and under 1 MB. Told apart are the run that brings the classes over time a moment later
(from 50,000 alerts on), and a reader's further runs under the same filter (a click on the map, a tab), which find their
answers kept.

The alerts are the sample's again and again, each copy moved a few metres so that no two stand on one point. One size
alone: `python -m tests.benchmarks.bench_page 1000000`; a home that is there already: with `--home FOLDER`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
import pandas as pd
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from curim_data.importing.pipeline import import_file
from curim_data.store import Home, Store
from curim_data.store.home import create_home
from tests.benchmarks.bench_import import many
from tests.browser.conftest import serving

SIZES: Final = (10_000, 100_000, 1_000_000)
PAGE: Final = "hotspots"
REACH: Final = 0.0002  # degrees by which copies are moved: about 20 metres
# Filters in the order in which a reader might ask them; the first ones only warm the process.
WARM: Final[tuple[dict[str, str], ...]] = ({}, {"light": "dark"})
ASKED: Final[tuple[dict[str, str], ...]] = (
    {"period": "quarter"},
    {"period": "all"},
    {"category": "vandalism"},
    {"affected": "woman"},
    {"affected": "woman", "light": "dark"},
    {"period": "all", "light": "day"},
    {"category": "noise", "period": "all"},
)


def make_home(rows: int, folder: Path) -> Home:
    """A home with so many made-up alerts."""
    export = folder / "export.csv"
    many(rows, export)
    moved = pd.read_csv(export, sep=";", dtype=str, encoding="utf-8-sig", keep_default_na=False)
    rng = np.random.default_rng(1)
    for name in ("latitude", "longitude"):
        degrees = pd.to_numeric(moved[name], errors="coerce") + rng.uniform(-REACH, REACH, len(moved))
        moved[name] = degrees.map("{:.5f}".format).where(degrees.notna(), "")
    moved.to_csv(export, sep=";", index=False, encoding="utf-8-sig")
    home = create_home(folder / "home")
    import_file(home, export, export.name)
    export.unlink()
    return home


@dataclass(frozen=True)
class Run:
    """One run of the page: milliseconds, and bytes by the kind of message or element."""

    milliseconds: float
    kinds: Mapping[str, int]

    @property
    def bytes(self) -> int:
        """All that was sent."""
        return sum(self.kinds.values())


class Reader:
    """A session of the dashboard without a browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def ask(self, words: Mapping[str, str]) -> Run:
        """Open the page under a filter and wait for all of it."""
        asked: Any = BackMsg()
        asked.rerun_script.query_string = urlencode({"lang": "en", **words})
        asked.rerun_script.page_name = PAGE
        kinds: Counter[str] = Counter()
        start = time.perf_counter()
        self._socket.send(asked.SerializeToString())
        while True:
            told = self._socket.recv()
            message: Any = ForwardMsg.FromString(told)
            kind = message.WhichOneof("type")
            element = message.delta.new_element.WhichOneof("type") if kind == "delta" else None
            kinds[element or kind] += len(told)
            if element == "exception":
                raise RuntimeError(message.delta.new_element.exception.message)
            if kind == "page_not_found":
                raise RuntimeError(f"there is no page {PAGE}")
            if kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return Run(1000 * (time.perf_counter() - start), kinds)


@contextmanager
def reading(home: Home) -> Iterator[Reader]:
    """A reader of the dashboard over a home."""
    with serving(home.path) as address:
        stream = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
        with connect(stream, subprotocols=["streamlit"], max_size=None) as socket:  # type: ignore[list-item]
            yield Reader(socket)


def measure(home: Home) -> dict[str, list[Run]]:
    """Runs under new filters, those that bring their classes, and those under filters that are known by then."""
    runs: dict[str, list[Run]] = {"new": [], "later": [], "known": []}
    with reading(home) as reader:
        for words in ({}, *WARM):
            reader.ask(words)
        for words in ASKED:
            for kind in runs:
                runs[kind].append(reader.ask(words))
    return runs


def tell(rows: int, runs: Mapping[str, list[Run]]) -> None:
    """Print a line: milliseconds of a new filter (median, worst), of its classes, of a known one; and kB."""
    middle = {kind: statistics.median(run.milliseconds for run in made) for kind, made in runs.items()}
    worst = max(run.milliseconds for run in runs["new"])
    largest = max(runs["new"], key=lambda run: run.bytes)
    print(
        f"{rows:<11,} {middle['new']:14.0f} {worst:7.0f} {middle['later']:12.0f} {middle['known']:17.0f} "
        f"{largest.bytes / 1000:12.0f}"
    )
    parts = sorted(largest.kinds.items(), key=lambda kind: -kind[1])[:4]
    print("  " + ", ".join(f"{kind} {size / 1000:.0f} kB" for kind, size in parts), flush=True)


def main(sizes: tuple[int, ...] = SIZES, home: Path | None = None) -> None:
    """Make homes of these sizes and print a line for each, or for the home that is there."""
    print("alerts       new filter ms   worst   classes ms   known filter ms   payload kB")
    if home is not None:
        tell(Store(Home(home)).count(), measure(Home(home)))
        return
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            tell(rows, measure(make_home(rows, Path(folder))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*")
    parser.add_argument("--home", type=Path, default=None)
    asked = parser.parse_args()
    main(tuple(asked.sizes) or SIZES, asked.home)
