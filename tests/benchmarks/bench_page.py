"""The Hot spots page on 10,000, 100,000 and 1,000,000 alerts: server time and payload of a filter change.

A filter that was never asked before, on the usual layer, in a process that is warm: as when a reader moves one filter
after another. The whole run of the page counts, side bar and tabs included; the payload is every element that a run
sends to the browser, before compression. Aims at 1,000,000 alerts: under 500 ms and under 1 MB. Told apart are the run
that brings the classes over time a moment later (from 50,000 alerts on), and a reader's further runs under the same
filter (a click on the map, a tab), which find their answers kept.

The alerts are the sample's again and again, each copy moved a few metres so that no two stand on one point. Each size
runs in a process of its own. One size, with its profile: `python -m tests.benchmarks.bench_page 1000000 --profile`.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from curim_data.home import Home, create_home
from curim_data.ingest import import_file
from tests.benchmarks.bench_import import many

MODULE: Final = "tests.benchmarks.bench_page"
SIZES: Final = (10_000, 100_000, 1_000_000)
SHELL: Final = Path(__file__).resolve().parents[2] / "pages" / "shell.py"
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


def payload(app: Any) -> dict[str, int]:
    """Bytes of all elements of a run, by the kind of element."""
    sizes: dict[str, int] = {}
    for node in _nodes(app._tree):
        proto = getattr(node, "proto", None)
        if proto is not None:
            kind = str(getattr(node, "type", "") or type(node).__name__)
            sizes[kind] = sizes.get(kind, 0) + int(proto.ByteSize())
    return sizes


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in getattr(node, "children", {}).values():
        yield from _nodes(child)


def ask(app: Any, words: Mapping[str, str]) -> tuple[float, float]:
    """Open the page under a filter: seconds by the clock, and of processors."""
    app.query_params.clear()
    for word, value in {"lang": "en", **words}.items():
        app.query_params[word] = value
    start, worked = time.perf_counter(), time.process_time()
    app.run()
    spent = time.perf_counter() - start, time.process_time() - worked
    if app.exception:
        raise RuntimeError("".join(app.exception[0].stack_trace or [app.exception[0].message]))
    return spent


def measure(home: Home, *, profile: bool = False) -> dict[str, Any]:
    """Milliseconds of a new filter, of its classes and of a run under a known one, and bytes of the largest run."""
    os.environ["CURIM_HOME"] = str(home.path)
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(SHELL), default_timeout=600)
    app.query_params["lang"] = "en"
    app.run()
    app.switch_page("hotspots.py")
    for words in WARM:
        ask(app, words)
    watched = cProfile.Profile() if profile else None
    new, later, known, sizes = [], [], [], []
    for words in ASKED:
        new.append(_watched(watched, app, words))
        later.append(ask(app, words))
        known.append(ask(app, words))
        sizes.append(payload(app))
    if watched is not None:
        pstats.Stats(watched).sort_stats("cumulative").print_stats(90)
    largest = max(sizes, key=lambda size: sum(size.values()))
    return {
        "new": [1000 * clock for clock, _ in new],
        "processor": [1000 * worked for _, worked in new],
        "later": [1000 * clock for clock, _ in later],
        "known": [1000 * clock for clock, _ in known],
        "bytes": sum(largest.values()),
        "kinds": dict(sorted(largest.items(), key=lambda kind: -kind[1])[:4]),
    }


def _watched(watched: cProfile.Profile | None, app: Any, words: Mapping[str, str]) -> tuple[float, float]:
    if watched is None:
        return ask(app, words)
    import threading

    threading.setprofile(lambda *_: watched.enable())
    try:
        return ask(app, words)
    finally:
        threading.setprofile(None)


def main(sizes: tuple[int, ...] = SIZES) -> None:
    """Print a line for each size: milliseconds of a new filter (median, worst, of processors), of a known one, and kB.

    On a machine with other work the time of processors says more than the clock.
    """
    print("alerts       new filter ms   worst   processors   classes ms   known filter ms   payload kB")
    for rows in sizes:
        ran = subprocess.run([sys.executable, "-m", MODULE, str(rows), "--json"], stdout=subprocess.PIPE, check=True)
        told = json.loads(ran.stdout)
        print(
            f"{rows:<11,} {statistics.median(told['new']):14.0f} {max(told['new']):7.0f} "
            f"{statistics.median(told['processor']):12.0f} {statistics.median(told['later']):12.0f} "
            f"{statistics.median(told['known']):17.0f} {told['bytes'] / 1000:12.0f}"
        )
        print("  " + ", ".join(f"{kind} {size / 1000:.0f} kB" for kind, size in told["kinds"].items()), flush=True)


def one(rows: int, *, profile: bool) -> dict[str, Any]:
    """Make so many alerts and measure."""
    with tempfile.TemporaryDirectory() as folder:
        return measure(make_home(rows, Path(folder)), profile=profile)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.json or asked.profile:
        print(json.dumps(one(asked.sizes[0], profile=asked.profile)))
    else:
        main(tuple(asked.sizes) or SIZES)
