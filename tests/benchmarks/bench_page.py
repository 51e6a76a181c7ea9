"""The pages on the sample, on Chicago and on a million alerts: processor time of the server, and payload.

The dashboard runs as for its readers, in a process of its own, and is asked over its socket: from the moment when a
link is sent until the server says that the run is finished, all messages received, a rerun that brings the classes over
time included. What counts is the processor time that the server took, as a multiple of a reference computation
(`reference`) that is timed after every answer, so that machines can be compared; times in seconds are those of a
processor that takes 0.03 s for the reference. Told apart are, on the Hot spots page, a filter that was never asked
before, another layer, cell size or tab of it, a filter or view that is known by then, the same in another language,
and the selection of another place in the list, which draws its panel alone; and on the pages that a reader opens, the
time until its heading stands with what it tells, first in a new process and then under another filter, and all of some
of them under each filter (`WHOLE`). Beside them stand all of the Briefing as a council reads it, in a new process; the
brief as PDF, asked for on that page by an analyst; and `curim brief`, which writes it in a process of its own, start
included. `AIMS` says what is aimed at, on the sample and in a large city.

Chicago is imported from the public export in ../shared/data where that folder exists. A million alerts are the sample's
again and again, each copy moved a few metres and by some weeks, so that no two stand on one point and what copies
have in common is no burst of reports. One size alone: `python -m
tests.benchmarks.bench_page 1000000`; a home that is there already: with `--home FOLDER`, as a council reads it: with
`--words as=council`; every answer: with `--each`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import numpy as np
import pandas as pd
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

import sample_data
from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model.labels import UNCATEGORISED
from curim_data.sample.home import sample_home
from curim_data.store import Home, Store
from curim_data.store.home import create_home
from curim_data.studies.preparation import prepare
from pages.parts.hotspots.selection import LIST_KEY
from tests.benchmarks.bench_import import many
from tests.benchmarks.results import UNIT, Row, hand_in
from tests.browser.conftest import ROOT, running

SIZES: Final = (1_000_000,)
TIMES: Final = ("reported_at", "occurred_from", "occurred_to", "resolved_at")
LARGE: Final = 50_000  # alerts from which the aims of a large city hold
CHICAGO: Final = ROOT.parent / "shared" / "data" / "exports" / "chicago_aggravated_assaults.csv.gz"
PAGE: Final = "hotspots"
PAGES: Final = ("briefing", PAGE, "trends", "gender", "interventions")
WHOLE: Final = ("briefing", "trends", "gender")  # of which all is timed under each filter, as of the Hot spots page
REACH: Final = 0.0002  # degrees by which copies are moved: about 20 metres
ROW: Final = 2  # of the ranked list, the one that is selected: no page selects it by itself
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
PAPER_KEY: Final = "briefing_pdf"
FINISHED: Final = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
VIEWS: Final[dict[str, tuple[dict[str, str], ...]]] = {
    "layer": ({"layer": "density"}, {"layer": "emerging"}, {"layer": "alerts"}),
    "clusters": ({"layer": "clusters"},),
    "cell": ({"cell": "9"}, {"cell": "10"}),
    "tab": ({"tab": "concentration"}, {"tab": "comparison"}, {"tab": "forecast"}),
}
# What is asked, in words, and the seconds aimed at: on the sample, in a large city.
AIMS: Final[dict[str, tuple[str, float, float]]] = {
    "filter": ("new filter", 0.7, 1.5),
    "layer": ("another layer", 0.7, 1.5),
    "clusters": ("the layer of clusters", 0.7, 1.5),
    "cell": ("another cell size", 0.7, 1.5),
    "tab": ("another tab", 0.7, 1.5),
    "known": ("known filter or view", 0.2, 0.2),
    "language": ("the same in another language", 0.2, 0.2),
    "select": ("selection of a place", 0.3, 0.3),
    **{f"{page} first": (f"heading of {page}, first", 3.0, 3.0) for page in PAGES},
    **{f"{page} later": (f"heading of {page}, later", 1.0, 1.0) for page in PAGES},
    **{f"{page} filter": (f"all of {page}, new filter", 0.7, 0.7) for page in WHOLE},
    "council": ("all of the council's briefing, first", 3.0, 3.0),
    "paper": ("the brief as PDF, from the page", 5.0, 5.0),
    "command": ("`curim brief`, as PDF", 5.0, 5.0),
}


def make_home(rows: int, folder: Path, more: int = 0) -> Home:
    """A home with so many made-up alerts; `more`: of as many others a file `more.csv` is left beside it."""
    export = folder / "export.csv"
    many(rows + more, export)
    moved = _in_other_weeks(pd.read_csv(export, sep=";", dtype=str, encoding="utf-8-sig", keep_default_na=False))
    rng = np.random.default_rng(1)
    for name in ("latitude", "longitude"):
        degrees = pd.to_numeric(moved[name], errors="coerce") + rng.uniform(-REACH, REACH, len(moved))
        moved[name] = degrees.map("{:.5f}".format).where(degrees.notna(), "")
    moved.head(rows).to_csv(export, sep=";", index=False, encoding="utf-8-sig")
    if more:
        moved.tail(more).to_csv(folder / "more.csv", sep=";", index=False, encoding="utf-8-sig")
    home = create_home(folder / "home")
    import_file(home, export, export.name)
    export.unlink()
    return home


def _in_other_weeks(copies: pd.DataFrame) -> pd.DataFrame:
    """Copies of the sample one below another, each moved by whole weeks of its own, round the end of the data.

    Alerts of one minute in every copy would be bursts of as many reports as there are copies, which no city has.
    """
    once = len(pd.read_csv(sample_data.MAIN_EXPORT, sep=";", dtype=str, encoding="utf-8-sig", usecols=[0]))
    number = np.arange(len(copies)) // once
    day = pd.to_datetime(copies["reported_at"].str.slice(0, 10), errors="coerce")
    weeks = (day.max() - day.min()).days // 7
    later = (number * weeks) // (number.max() + 1)
    round_the_end = (day + pd.to_timedelta(7 * later, unit="D")) > day.max()
    by = pd.Series(pd.to_timedelta(7 * (later - weeks * round_the_end.to_numpy()), unit="D"))
    for name in TIMES:
        text = copies[name]
        moved = pd.to_datetime(text.str.slice(0, 10), errors="coerce") + by
        copies[name] = (moved.dt.strftime("%Y-%m-%d") + text.str.slice(10)).where(moved.notna(), text)
    return copies


@dataclass(frozen=True)
class Run:
    """One run of a page: seconds of the clock, seconds of the server's processor for all of it and until the heading
    that stays (None where there is none; the page's name, which stands there while it waits, is none), bytes by the
    kind of message, headings, and the reference's seconds after it.
    """

    seconds: float
    processor: float
    heading: float | None
    kinds: Mapping[str, int]
    headings: tuple[str, ...]
    unit: float

    @property
    def bytes(self) -> int:
        """All that was sent."""
        return sum(self.kinds.values())


# Takes down one run: what was asked (`AIMS`), the run if there was one, and the words of its link.
Note = Callable[[str, Run | None, Mapping[str, str]], None]


class Reader:
    """A session of the dashboard without a browser."""

    def __init__(self, address: str, pid: int) -> None:
        self._stream, self._pid = f"{address.replace('http', 'ws', 1)}/_stcore/stream", pid
        self._list = self._part = self._paper = self._id = ""
        self._session = ExitStack()
        self.begin()

    def begin(self) -> None:
        """Begin another session; the one before ends."""
        self.end()
        made = connect(self._stream, subprotocols=["streamlit"], max_size=None)  # type: ignore[list-item]
        self._socket = self._session.enter_context(made)

    def end(self) -> None:
        """End the session."""
        self._session.close()

    def ask(self, words: Mapping[str, str], page: str = PAGE) -> Run:
        """Open a page under a filter and wait for all of it."""
        asked: Any = BackMsg()
        asked.rerun_script.query_string = urlencode({"lang": "en", **words})
        asked.rerun_script.page_name = "" if page == PAGES[0] else page  # the first page stands at the root
        self._list = ""
        return self._wait(asked)

    def select(self, words: Mapping[str, str], row: int = ROW) -> Run | None:
        """Select a place of the ranked list of the page as it was asked last; None where the list has no such row.

        Raises RuntimeError where the answer is not the panel of that place.
        """
        if not self._list:
            return None
        asked: Any = BackMsg()
        asked.rerun_script.query_string = urlencode({"lang": "en", **words})
        asked.rerun_script.page_name = PAGE
        asked.rerun_script.fragment_id = self._part
        state = asked.rerun_script.widget_states.widgets.add()
        state.id = self._list
        state.string_value = json.dumps({"selection": {"rows": [row], "columns": [], "cells": []}})
        run = self._wait(asked)
        if not any(text.startswith(f"{row + 1} · ") for text in run.headings):
            if any(text.startswith("1 · ") for text in run.headings):
                return None
            raise RuntimeError(f"no panel of place {row + 1} among {run.headings}")
        return run

    def paper(self) -> Run:
        """Ask for the brief as PDF, on the Briefing as it was asked last; RuntimeError where there is none."""
        asked: Any = BackMsg()
        asked.backend_operation_request.request_id = "paper"
        asked.backend_operation_request.session_id = self._id
        asked.backend_operation_request.deferred_file.file_id = self._paper
        return self._wait(asked)

    def _wait(self, asked: Any) -> Run:
        kinds: Counter[str] = Counter()
        headings: list[str] = []
        titles: dict[tuple[int, ...], tuple[str, float]] = {}
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
            if kind == "new_session":
                self._id = message.new_session.initialize.session_id
            if element == "download_button" and PAPER_KEY in message.delta.new_element.download_button.id:
                self._paper = message.delta.new_element.download_button.deferred_file_id
            if element == "heading":
                headings.append(message.delta.new_element.heading.body)
            if kind == "delta":
                place = tuple(message.metadata.delta_path)
                title = message.delta.new_element.heading.body if element == "heading" else ""
                if title and message.delta.new_element.heading.tag == "h1":
                    if titles.get(place, ("",))[0] != title:
                        titles[place] = title, processor_seconds(self._pid) - used
                else:  # what stood there while the page was waiting has gone
                    titles.pop(place, None)
            if element == "exception":
                raise RuntimeError(message.delta.new_element.exception.message)
            if kind == "page_not_found":
                raise RuntimeError(f"there is no such page: {asked.rerun_script.page_name}")
            if kind == "backend_operation_response" and not message.backend_operation_response.deferred_file.url:
                raise RuntimeError(message.backend_operation_response.error_msg)
            answered = kind == "backend_operation_response"
            if answered or (kind == "script_finished" and message.script_finished in FINISHED):
                clock, spent = time.perf_counter() - start, processor_seconds(self._pid) - used
                stood = min((moment for _, moment in titles.values()), default=None)
                return Run(clock, spent, stood, kinds, tuple(headings), reference())


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


@contextmanager
def reading(home: Home) -> Iterator[Reader]:
    """A reader of the dashboard over a home."""
    with running(home.path, CURIM_SHARED_RESULTS="off") as server:
        reader = Reader(server.address, server.pid)
        try:
            yield reader
        finally:
            reader.end()


def measure(home: Home, words: Mapping[str, str], *, each: bool = False) -> dict[str, list[Run]]:
    """Runs by what was asked (`AIMS`); `words`: further words of all links; `each`: print every one."""
    runs: dict[str, list[Run]] = {name: [] for name in AIMS}

    def note(name: str, run: Run | None, asked: Mapping[str, str]) -> None:
        if run is not None:
            runs[name].append(run)
        if run is not None and each:
            spent = spent_on(name, run) / run.unit
            print(f"  {name:<20} {spent:7.1f} {run.bytes / 1000:7.0f} kB {urlencode(asked)}", flush=True)

    measure_pages(home, words, note)
    measure_views(home, words, note)
    return runs


def measure_pages(home: Home, words: Mapping[str, str], note: Note) -> None:
    """Every page in a process of its own, and the brief."""
    for page in PAGES:
        with reading(home) as reader:
            note(f"{page} first", reader.ask(words, page), {})
            for asked in WARM[1:]:
                note(f"{page} later", reader.ask({**words, **asked}, page), asked)
                note(f"{page} later", reader.ask(words, page), {})
            if page == "briefing":
                note("paper", reader.paper(), {})
            for asked in filters_of(home) if page in WHOLE else ():
                note(f"{page} filter", reader.ask({**words, **asked}, page), asked)
    with reading(home) as reader:
        note("council", reader.ask({**words, "as": "council"}, "briefing"), {})
    note("command", brief_command(home), {})


def measure_views(home: Home, words: Mapping[str, str], note: Note) -> None:
    """The Hot spots page, in one process."""
    with reading(home) as reader:
        for asked in ({}, *WARM):
            reader.ask({**words, **asked})
        for name, several in (("filter", filters_of(home)), *VIEWS.items()):
            for asked in several:
                link = {**words, **asked}
                if name == "tab":
                    reader.begin()  # a link opens a tab in a new session alone: later on the reader's choice stays
                note(name, reader.ask(link), asked)
                note("known", reader.ask(link), asked)
                note("select", reader.select(link) if name == "filter" else None, asked)
                if name == "tab":
                    reader.begin()
                note("language", reader.ask({**link, "lang": "el"}), asked)


def brief_command(home: Home) -> Run:
    """`curim brief` of a home that is prepared, written as PDF; RuntimeError where it fails."""
    city = home if home.has_city() else home.sample
    prepare(city)
    with tempfile.TemporaryDirectory() as folder:
        paper = Path(folder) / "brief.pdf"
        start_it = "import sys; from curim_data.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", start_it, "brief", "--home", str(city.path), "--out", str(paper)]
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        _, failed, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(failed)
        if failed:
            raise RuntimeError(f"curim brief ended with {process.returncode}")
        clock, spent = time.perf_counter() - start, used.ru_utime + used.ru_stime
        return Run(clock, spent, None, {"pdf": paper.stat().st_size}, (), reference())


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


def spent_on(kind: str, run: Run) -> float:
    """Seconds of the processor that count for what was asked: until the heading, or all of them."""
    of_heading = kind.split()[-1] in ("first", "later")
    return (run.heading or run.processor) if of_heading else run.processor


def tell(name: str, runs: Mapping[str, list[Run]], *, large: bool) -> None:
    """Print a table: processor time as multiples of the reference, and the aims; in brackets seconds."""
    unit = statistics.median(run.unit for made in runs.values() for run in made)
    print(f"\n{name}; the reference took {unit:.4f} s\n")
    print("| asked | answers | median | worst | aim | |\n|---|---:|---:|---:|---:|---|")
    for kind, made in runs.items():
        if not made:
            continue
        words, small, wide = AIMS[kind]
        aim = (wide if large else small) / UNIT
        spent = [spent_on(kind, run) / unit for run in made]
        median, worst = statistics.median(spent), max(spent)
        verdict = "met" if worst <= aim else "median met" if median <= aim else "missed"
        figures = " | ".join(f"{value:.1f} ({value * UNIT:.2f} s)" for value in (median, worst, aim))
        print(f"| {words} | {len(made)} | {figures} | {verdict} |")
        wall = statistics.median(run.seconds for run in made)
        hand_in(Row(f"{words}, slowest", name, processor=worst * unit, goal=aim * UNIT, reference=unit))
        hand_in(Row(f"{words}, median", name, processor=median * unit, wall=wall, reference=unit))
    largest = max((run for made in runs.values() for run in made), key=lambda run: run.bytes)
    kinds = sorted(largest.kinds.items(), key=lambda kind: -kind[1])[:4]
    parts = ", ".join(f"{kind} {size / 1000:.0f}" for kind, size in kinds)
    print(f"\nlargest answer {largest.bytes / 1000:.0f} kB: {parts}", flush=True)


def main(
    sizes: tuple[int, ...] = (), home: Path | None = None, words: Mapping[str, str] | None = None, *, each: bool = False
) -> None:
    """Print a table for the home that is there, or for the sizes; else for the sample, Chicago and a million."""
    words = words or {}
    if home is not None:
        count = Store(Home(home)).count()
        tell(f"{count:,} alerts", measure(Home(home), words, each=each), large=count >= LARGE)
        return
    with tempfile.TemporaryDirectory() as folder:
        if not sizes:
            sample_home(Home(Path(folder)))
            tell("The sample", measure(Home(Path(folder)), {"home": "sample", **words}, each=each), large=False)
        if not sizes and CHICAGO.exists():
            city = Home(Path(folder) / "chicago")
            import_file(city, CHICAGO, CHICAGO.name, city_name="Chicago")
            prepare(city)
            tell(f"Chicago, {Store(city).count():,} alerts", measure(city, words, each=each), large=True)
        for rows in sizes or SIZES:
            with tempfile.TemporaryDirectory() as large:
                made = make_home(rows, Path(large))
                prepare(made)
                tell(f"{rows:,} alerts", measure(made, words, each=each), large=rows >= LARGE)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*")
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--words", default="")
    parser.add_argument("--each", action="store_true")
    arguments = parser.parse_args()
    main(
        tuple(arguments.sizes),
        arguments.home and arguments.home.resolve(),
        dict(parse_qsl(arguments.words)),
        each=arguments.each,
    )
