"""A reader of the dashboard without a browser, and homes of made-up alerts for it.

The dashboard runs as for its readers, in a process of its own, and is asked over its socket: from the moment when a
link is sent until the server says that the run is finished, all messages received.

A million alerts are the sample's again and again, each copy moved a few metres and by some weeks, so that no two stand
on one point and what copies have in common is no burst of reports.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
import pandas as pd
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

import sample_data
from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model.labels import UNCATEGORISED
from curim_data.store import Home
from curim_data.store.home import create_home
from tests.browser.conftest import ROOT

TIMES: Final = ("reported_at", "occurred_from", "occurred_to", "resolved_at")
REACH: Final = 0.0002  # degrees by which copies are moved: about 20 metres
LATER: Final = 90_000_000  # the number of the first of further alerts
SEVERAL: Final = "categories"  # stands for the most frequent categories of the city
# Filters in the order in which a reader might ask them; the first ones only warm the process.
WARM: Final[tuple[dict[str, str], ...]] = ({}, {"light": "dark"})
ASKED: Final[tuple[dict[str, str], ...]] = (
    {"period": "quarter"},
    {"period": "all"},
    {"weekday": "fri,sat"},
    {"hours": "20-5"},
    {"period": "all", "light": "day"},
    {"period": "all", "weekday": "sat,sun", "hours": "22-4"},
    {"category": SEVERAL},
    {"category": SEVERAL, "period": "all"},
    {"affected": "woman"},
    {"affected": "woman", "light": "dark"},
)
FINISHED: Final = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


def spread(rows: int, path: Path, since: int = 0) -> None:
    """Write an export of so many rows, copy by copy; `since`: the number of its first alert."""
    once = pd.read_csv(sample_data.MAIN_EXPORT, sep=";", dtype=str, encoding="utf-8-sig", keep_default_na=False)
    days = {name: pd.to_datetime(once[name].str.slice(0, 10), errors="coerce") for name in TIMES}
    degrees = {name: pd.to_numeric(once[name], errors="coerce") for name in ("latitude", "longitude")}
    last, weeks = days["reported_at"].max(), (days["reported_at"].max() - days["reported_at"].min()).days // 7
    copies = max(rows // len(once), 1) + 1
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        for number, start in enumerate(range(0, rows, len(once))):
            part, rng = once.head(rows - start).copy(), np.random.default_rng([since, number])
            part["alert_id"] = [f"DEMO-B{at:08d}" for at in range(since + start, since + start + len(part))]
            later = number * weeks // copies
            round_the_end = days["reported_at"] + pd.Timedelta(weeks=later) > last
            by = pd.Series(pd.to_timedelta(7 * (later - weeks * round_the_end.to_numpy()), unit="D"))
            for name, day in days.items():
                moved, text = (day + by).head(len(part)), part[name]
                part[name] = (moved.dt.strftime("%Y-%m-%d") + text.str.slice(10)).where(moved.notna(), text)
            for name, degree in degrees.items():
                moved = degree.head(len(part)) + rng.uniform(-REACH, REACH, len(part))
                part[name] = moved.map("{:.5f}".format).where(moved.notna(), "")
            part.to_csv(out, sep=";", index=False, header=not start)


def make_home(rows: int, folder: Path, more: int) -> Home:
    """A home with so many made-up alerts; of `more` others a file `more.csv` is left beside it."""
    export = folder / "export.csv"
    spread(rows, export)
    spread(more, folder / "more.csv", LATER)
    home = create_home(folder / "home")
    import_file(home, export, export.name)
    export.unlink()
    return home


@dataclass(frozen=True)
class Run:
    """One run of a page: seconds of the clock, of the server's processor, and of the reference computation after it."""

    seconds: float
    processor: float
    unit: float


def opened(address: str, **given: Any) -> ClientConnection:
    """A connection to the dashboard, as a browser makes one."""
    stream = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
    return connect(stream, subprotocols=["streamlit"], max_size=None, **given)  # type: ignore[list-item]


def asked_page(words: Mapping[str, str], page: str) -> Any:
    """The message that asks for a page under the words of a link."""
    asked: Any = BackMsg()
    asked.rerun_script.query_string = urlencode(words)
    asked.rerun_script.page_name = "" if page == "briefing" else page  # the first page stands at the root
    return asked


def element(message: Any) -> str | None:
    """The kind of element that a message brings, if it brings one."""
    kind: str | None = message.delta.new_element.WhichOneof("type") if message.WhichOneof("type") == "delta" else None
    return kind


def messages(socket: ClientConnection, asked: Any, patience: float | None = None) -> Iterator[Any]:
    """Send a message, and what the server says until the run is finished. RuntimeError where it shows an error."""
    socket.send(asked.SerializeToString())
    while True:
        message: Any = ForwardMsg.FromString(socket.recv(timeout=patience))
        if element(message) == "exception":
            raise RuntimeError(message.delta.new_element.exception.message)
        if message.WhichOneof("type") == "page_not_found":
            raise RuntimeError(f"there is no such page: {asked.rerun_script.page_name}")
        yield message
        if message.WhichOneof("type") == "script_finished" and message.script_finished in FINISHED:
            return


class Reader:
    """A session of the dashboard without a browser."""

    def __init__(self, address: str, pid: int) -> None:
        self._socket, self._pid = opened(address), pid

    def end(self) -> None:
        """End the session."""
        self._socket.close()

    def ask(self, words: Mapping[str, str], page: str) -> Run:
        """Open a page under a filter and wait for all of it; RuntimeError where it shows an error."""
        start, used = time.perf_counter(), processor_seconds(self._pid)
        for _ in messages(self._socket, asked_page({"lang": "en", **words}, page)):
            pass
        clock, spent = time.perf_counter() - start, processor_seconds(self._pid) - used
        return Run(clock, spent, reference())


def processor_seconds(pid: int) -> float:
    """Processor time that a process has taken so far, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def reference() -> float:
    """Seconds of processor time of a fixed computation, in a process of its own (`tests.benchmarks.reference`): sorting
    and transforming a million numbers, best of two.
    """
    process = _reference_process()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


@cache
def _reference_process() -> subprocess.Popen[str]:
    """It ends with this one, when its input does."""
    command = [sys.executable, "-m", "tests.benchmarks.reference"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def filters_of(home: Home) -> tuple[dict[str, str], ...]:
    """The filters that a city can answer: with its most frequent categories, and by gender where it is known."""
    source = open_source(home if home.has_city() else home.sample)
    counted = query.counts(source, AlertFilter(period="all"), ["category"]).frame
    counted = counted[counted["category"] != UNCATEGORISED].sort_values("n", ascending=False)
    frequent = iter(counted["category"])
    found = []
    for asked in ASKED:
        if "affected" in asked and "affected_gender" not in source.asked:
            continue
        category = next(frequent, "") if "category" in asked else None
        if category != "":
            found.append({**asked, "category": category} if category else asked)
    return tuple(found)
