"""The Hot spots page on the sample, on Chicago and on a million alerts: processor time of the server, and payload.

The dashboard runs as for its readers, in a process of its own, and is asked over its socket: from the moment when a
link is sent until the server says that the run is finished, all messages received, a rerun that brings the classes over
time included. What counts is the processor time that the server took, as a multiple of a reference computation
(`reference`) that is timed in the same run, so that machines can be compared. Told apart are a filter that was never
asked before, another view of it (layer, cell size, tab), a filter or view that is known by then, and the selection of
another place in the list, which draws its panel alone. Aims in seconds of
a processor that takes 0.03 s for the reference: 1.5 for anything new on Chicago, 0.7 on the sample, 0.2
for what is known, 0.3 for a selection.

Chicago is imported from the public export in ../shared/data where that folder exists. A million alerts are the sample's
again and again, each copy moved a few metres so that no two stand on one point. One size alone: `python -m
tests.benchmarks.bench_page 1000000`; a home that is there already: with `--home FOLDER`.
"""

from __future__ import annotations

import argparse
import json
import os
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
from curim_data.sample.home import sample_home
from curim_data.store import Home, Store
from curim_data.store.home import create_home
from curim_data.studies.preparation import prepare
from pages.parts.hotspots.selection import LIST_KEY
from tests.benchmarks.bench_import import many
from tests.benchmarks.clock import seconds
from tests.browser.conftest import ROOT, running

SIZES: Final = (1_000_000,)
CHICAGO: Final = ROOT.parent / "shared" / "data" / "exports" / "chicago_aggravated_assaults.csv.gz"
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
FINISHED: Final = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
VIEWS: Final[tuple[dict[str, str], ...]] = (
    {"layer": "density"},
    {"layer": "emerging"},
    {"layer": "alerts"},
    {"cell": "9"},
    {"cell": "10"},
    {"tab": "comparison"},
    {"tab": "forecast"},
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
    """One run of the page: seconds of the clock and of the server's processor, bytes by the kind of message."""

    seconds: float
    processor: float
    kinds: Mapping[str, int]

    @property
    def bytes(self) -> int:
        """All that was sent."""
        return sum(self.kinds.values())


class Reader:
    """A session of the dashboard without a browser."""

    def __init__(self, socket: ClientConnection, pid: int) -> None:
        self._socket, self._pid = socket, pid
        self._list = self._part = ""

    def ask(self, words: Mapping[str, str]) -> Run:
        """Open the page under a filter and wait for all of it."""
        asked: Any = BackMsg()
        asked.rerun_script.query_string = urlencode({"lang": "en", **words})
        asked.rerun_script.page_name = PAGE
        self._list = ""
        return self._wait(asked)

    def select(self, words: Mapping[str, str], row: int) -> Run | None:
        """Select a place of the ranked list of the page as it was asked last; None where there is no list."""
        if not self._list:
            return None
        asked: Any = BackMsg()
        asked.rerun_script.query_string = urlencode({"lang": "en", **words})
        asked.rerun_script.page_name = PAGE
        asked.rerun_script.fragment_id = self._part
        state = asked.rerun_script.widget_states.widgets.add()
        state.id = self._list
        state.string_value = json.dumps({"selection": {"rows": [row], "columns": [], "cells": []}})
        return self._wait(asked)

    def _wait(self, asked: Any) -> Run:
        kinds: Counter[str] = Counter()
        start, used = time.perf_counter(), processor_seconds(self._pid)
        self._socket.send(asked.SerializeToString())
        while True:
            told = self._socket.recv()
            message: Any = ForwardMsg.FromString(told)
            kind = message.WhichOneof("type")
            element = message.delta.new_element.WhichOneof("type") if kind == "delta" else None
            kinds[element or kind] += len(told)
            if element == "dataframe" and LIST_KEY in message.delta.new_element.dataframe.id:
                self._list, self._part = message.delta.new_element.dataframe.id, message.delta.fragment_id
            if element == "exception":
                raise RuntimeError(message.delta.new_element.exception.message)
            if kind == "page_not_found":
                raise RuntimeError(f"there is no page {PAGE}")
            if kind == "script_finished" and message.script_finished in FINISHED:
                spent = processor_seconds(self._pid) - used
                return Run(time.perf_counter() - start, spent, kinds)


def processor_seconds(pid: int) -> float:
    """Processor time that a process has taken so far, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def reference() -> float:
    """Seconds of processor time of a fixed computation: sorting and transforming a million numbers, best of three."""
    numbers = np.random.default_rng(1).random(1_000_000)
    return min(seconds(lambda: np.fft.rfft(np.sort(numbers))) for _ in range(3))


@contextmanager
def reading(home: Home) -> Iterator[Reader]:
    """A reader of the dashboard over a home."""
    with running(home.path) as server:
        stream = f"{server.address.replace('http', 'ws', 1)}/_stcore/stream"
        with connect(stream, subprotocols=["streamlit"], max_size=None) as socket:  # type: ignore[list-item]
            yield Reader(socket, server.pid)


def measure(home: Home, **words: str) -> dict[str, list[Run]]:
    """Runs under new filters, of new views, and of those that are known by then; `words`: further words of links."""
    runs: dict[str, list[Run]] = {"filter": [], "view": [], "known": [], "select": []}
    with reading(home) as reader:
        for asked in ({}, *WARM):
            reader.ask({**words, **asked})
        for kind, several in (("filter", ASKED), ("view", VIEWS)):
            for asked in several:
                runs[kind].append(reader.ask({**words, **asked}))
                runs["known"].append(reader.ask({**words, **asked}))
                picked = reader.select({**words, **asked}, row=2) if kind == "filter" else None
                runs["select"] += [] if picked is None else [picked]
    return runs


def tell(name: str, runs: Mapping[str, list[Run]]) -> None:
    """Print a line: processor time as multiples of the reference, median and worst, of filters, views, known ones."""
    unit = reference()
    parts = []
    for made in runs.values():
        if not made:
            parts.append(f"{'–':>9} {'–':>7}")
            continue
        spent = [run.processor / unit for run in made]
        parts.append(f"{statistics.median(spent):9.1f} {max(spent):7.1f}")
    largest = max((run for made in runs.values() for run in made), key=lambda run: run.bytes)
    print(f"{name:<11}" + " ".join(parts) + f" {unit:9.3f} {largest.bytes / 1000:9.0f}")
    kinds = sorted(largest.kinds.items(), key=lambda kind: -kind[1])[:4]
    print("  " + ", ".join(f"{kind} {size / 1000:.0f} kB" for kind, size in kinds), flush=True)


def main(sizes: tuple[int, ...] = (), home: Path | None = None) -> None:
    """Print a line for the home that is there, or for the sizes; else for the sample, Chicago and a million."""
    print("alerts        filter   worst      view   worst     known   worst    select   worst reference s payload kB")
    if home is not None:
        tell(f"{Store(Home(home)).count():,}", measure(Home(home)))
        return
    with tempfile.TemporaryDirectory() as folder:
        if not sizes:
            sample_home(Home(Path(folder)))
            tell("sample", measure(Home(Path(folder)), home="sample"))
        if not sizes and CHICAGO.exists():
            city = Home(Path(folder) / "chicago")
            import_file(city, CHICAGO, CHICAGO.name, city_name="Chicago")
            prepare(city)
            tell("Chicago", measure(city))
        for rows in sizes or SIZES:
            with tempfile.TemporaryDirectory() as large:
                made = make_home(rows, Path(large))
                prepare(made)
                tell(f"{rows:,}", measure(made))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*")
    parser.add_argument("--home", type=Path, default=None)
    arguments = parser.parse_args()
    main(tuple(arguments.sizes), arguments.home)
