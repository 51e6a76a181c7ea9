"""A reader of the dashboard without a browser, and homes of made-up alerts for it.

The dashboard runs as for its readers, in a process of its own, and is asked over its socket: from the moment when a
link is sent until the server says that the run is finished, all messages received. A file is uploaded as a browser
does it: to an address that the server is asked for; then the page is asked for with that file.

A million alerts are the sample's again and again, each copy moved a few metres and by some weeks, so that no two stand
on one point and what copies have in common is no burst of reports.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import httpx
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
from tests.browser.conftest import Running, running
from tests.processes import gigabytes, processor_seconds, tree

TIMES: Final = ("reported_at", "occurred_from", "occurred_to", "resolved_at")
REACH: Final = 0.0002  # degrees by which copies are moved: about 20 metres
LATER: Final = 90_000_000  # the number of the first of further alerts
SEVERAL: Final = "categories"  # stands for the most frequent categories of the city
# Filters in the order in which a reader might ask them; the first ones only warm the process.
WARM: Final[tuple[dict[str, str], ...]] = ({}, {"light": "dark"})
ASKED: Final[tuple[dict[str, str], ...]] = (
    *({"period": "quarter"}, {"period": "all"}, {"weekday": "fri,sat"}, {"hours": "20-5"}),
    *({"period": "all", "light": "day"}, {"period": "all", "weekday": "sat,sun", "hours": "22-4"}),
    *({"category": SEVERAL}, {"category": SEVERAL, "period": "all"}),
    *({"affected": "woman"}, {"affected": "woman", "light": "dark"}),
)
FINISHED: Final = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
# Sorting and transforming a million numbers, best of two, in a process of its own: in one that has held much memory it
# takes 0.012 s instead of 0.020, since its arrays need no new pages.
REFERENCE: Final = """
import numpy as np
from tests.benchmarks.results import seconds
numbers = np.random.default_rng(1).random(1_000_000)
print(min(seconds(lambda: np.fft.rfft(np.sort(numbers))) for _ in range(2)))
"""


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
    """What was waited for: seconds of the clock, of the server's processor, and of the reference computation after it;
    the most memory of all processes at once, and before (GB).
    """

    seconds: float
    processor: float
    unit: float
    memory: float = 0.0
    before: float = 0.0


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


def ask(line: ClientConnection, server: Running, words: Mapping[str, str], page: str) -> Run:
    """Open a page under a filter and wait for all of it; RuntimeError where it shows an error."""
    start, used = time.perf_counter(), processor_seconds(server.pid)
    for _ in messages(line, asked_page({"lang": "en", **words}, page)):
        pass
    clock, spent = time.perf_counter() - start, processor_seconds(server.pid) - used
    return Run(clock, spent, reference())


def preview_of(content: bytes, home: Home, patience: float = 120) -> Run:
    """Upload a file of semicolons on the page Data, until its preview stands: memory is the proportional set size of
    the server and of what it started, every twentieth of a second. RuntimeError where the page shows no preview.
    """
    with running(home.path, CURIM_SHARED_RESULTS="off") as server, opened(server.address) as line:
        session = uploader = ""
        for message in messages(line, asked_page({"lang": "en"}, "data"), patience):
            if message.WhichOneof("type") == "new_session":
                session = message.new_session.initialize.session_id
            if element(message) == "file_uploader":
                uploader = message.delta.new_element.file_uploader.id
        time.sleep(5)  # until what readers are forked from has its libraries
        held, over = [_shares(server.pid)], threading.Event()
        start, used, stood = time.perf_counter(), processor_seconds(server.pid), 0.0
        watch = threading.Thread(target=_watch, args=(server.pid, held, over))
        watch.start()
        try:
            asked = asked_page({"lang": "en"}, "data")
            state = asked.rerun_script.widget_states.widgets.add()
            state.id = uploader
            about = state.file_uploader_state_value.uploaded_file_info.add()
            about.name, about.size = "export.csv", len(content)
            about.file_urls.CopyFrom(_upload(line, server.address, session, content, patience))
            about.file_id = about.file_urls.file_id
            for message in messages(line, asked, patience):
                if element(message) == "markdown" and " rows read: " in message.delta.new_element.markdown.body:
                    stood = stood or time.perf_counter() - start
        finally:
            over.set()
            watch.join()
        if not stood:
            raise RuntimeError("the page shows no preview")
        return Run(stood, processor_seconds(server.pid) - used, reference(), max(held), held[0])


def _upload(line: ClientConnection, address: str, session: str, content: bytes, patience: float) -> Any:
    """Send the file to the address that the server gives for it; what it is known by."""
    asked: Any = BackMsg()
    asked.file_urls_request.request_id, asked.file_urls_request.session_id = "upload", session
    asked.file_urls_request.file_names.append("export.csv")
    line.send(asked.SerializeToString())
    told: Any = ForwardMsg()
    while told.WhichOneof("type") != "file_urls_response":
        told = ForwardMsg.FromString(line.recv(timeout=patience))
    urls = told.file_urls_response.file_urls[0]
    token = f"2|00000000|{secrets.token_hex(16)}|{int(time.time())}"
    headers = {"X-Xsrftoken": token, "Cookie": f"_streamlit_xsrf={token}"}
    sent = {"file": ("export.csv", content)}
    httpx.put(f"{address}{urls.upload_url}", files=sent, headers=headers, timeout=patience).raise_for_status()
    return urls


def _watch(pid: int, held: list[float], over: threading.Event) -> None:
    while not over.wait(0.05):
        held.append(_shares(pid))


def _shares(pid: int) -> float:
    return sum(gigabytes(one, "Pss") for one in tree(pid))


def reference() -> float:
    """Seconds of processor time of the fixed computation that other times are multiples of."""
    return float(subprocess.run([sys.executable, "-c", REFERENCE], stdout=subprocess.PIPE, check=True).stdout)


def filters_of(home: Home) -> tuple[dict[str, str], ...]:
    """The filters that a city can answer: with its most frequent categories, and by gender where it is known."""
    source = open_source(home if home.has_city() else home.sample)
    counted = query.counts(source, AlertFilter(period="all"), ["category"]).frame
    counted = counted[counted["category"] != UNCATEGORISED].sort_values("n", ascending=False)
    frequent = iter(counted["category"])
    known = [asked for asked in ASKED if "affected" not in asked or "affected_gender" in source.asked]
    named = [{**asked, **({"category": next(frequent, "")} if "category" in asked else {})} for asked in known]
    return tuple(asked for asked in named if asked.get("category") != "")
