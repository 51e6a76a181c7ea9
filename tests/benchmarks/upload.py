"""A file of 90 MB uploaded on the page Data: how long until its preview stands, and what all processes hold meanwhile.

The dashboard runs as for its readers, on a home without alerts, and is asked over its socket, as a browser would: for
an address, to which the file goes, and then for the page with that file. Memory is the proportional set size of the
server and of what it started, every twentieth of a second.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection

from curim_data.store import Home
from tests.benchmarks.reader import asked_page, element, messages, opened
from tests.browser.conftest import Running, running
from tests.real.walk import processor_time

BORDER: Final = "border-of-the-file"
LONGEST: Final = 120  # seconds without a message
DATA: Final = {"lang": "en"}
STANDS: Final = " rows read: "  # of the sentence with which a preview begins


@dataclass(frozen=True)
class Previewed:
    """Seconds from the beginning of the upload until the preview stood, and of the processor in all processes; the most
    memory at once, and before the upload (GB).
    """

    seconds: float
    processor: float
    memory: float
    before: float


def preview_of(content: bytes, home: Home) -> Previewed:
    """Upload a file of semicolons on the page Data. RuntimeError where the page fails or shows no preview."""
    with running(home.path, CURIM_SHARED_RESULTS="off") as server, opened(server.address) as line:
        return _preview(line, server, content)


def _preview(line: ClientConnection, server: Running, content: bytes) -> Previewed:
    session = uploader = ""
    for message in messages(line, asked_page(DATA, "data"), LONGEST):
        if message.WhichOneof("type") == "new_session":
            session = message.new_session.initialize.session_id
        if element(message) == "file_uploader":
            uploader = message.delta.new_element.file_uploader.id
    time.sleep(5)  # until what readers are forked from has its libraries
    before, used = _held(server.pid), processor_time(server.pid)
    most, over = [before], threading.Event()
    watch = threading.Thread(target=_watch, args=(server.pid, most, over))
    start = time.perf_counter()
    watch.start()
    try:
        asked = asked_page(DATA, "data")
        state = asked.rerun_script.widget_states.widgets.add()
        state.id = uploader
        about = state.file_uploader_state_value.uploaded_file_info.add()
        about.name, about.size = "export.csv", len(content)
        about.file_urls.CopyFrom(_upload(line, server.address, session, content))
        about.file_id = about.file_urls.file_id
        stood = None
        for message in messages(line, asked, LONGEST):
            if element(message) == "markdown" and STANDS in message.delta.new_element.markdown.body:
                stood = stood or time.perf_counter() - start
    finally:
        over.set()
        watch.join()
    if stood is None:
        raise RuntimeError("the page shows no preview")
    return Previewed(stood, processor_time(server.pid) - used, most[0], before)


def _upload(line: ClientConnection, address: str, session: str, content: bytes) -> Any:
    """Send the file to the address that the server gives for it; what it is known by."""
    asked: Any = BackMsg()
    asked.file_urls_request.request_id, asked.file_urls_request.session_id = "upload", session
    asked.file_urls_request.file_names.append("export.csv")
    line.send(asked.SerializeToString())
    told: Any = ForwardMsg()
    while told.WhichOneof("type") != "file_urls_response":
        told = ForwardMsg.FromString(line.recv(timeout=LONGEST))
    urls = told.file_urls_response.file_urls[0]
    token = f"2|00000000|{secrets.token_hex(16)}|{int(time.time())}"
    head = f'--{BORDER}\r\nContent-Disposition: form-data; name="file"; filename="export.csv"\r\n\r\n'
    request = urllib.request.Request(
        f"{address}{urls.upload_url}",
        data=head.encode() + content + f"\r\n--{BORDER}--\r\n".encode(),
        method="PUT",
        headers={
            "Content-Type": f"multipart/form-data; boundary={BORDER}",
            "X-Xsrftoken": token,
            "Cookie": f"_streamlit_xsrf={token}",
        },
    )
    with urllib.request.urlopen(request):
        return urls


def _watch(pid: int, most: list[float], over: threading.Event) -> None:
    while not over.wait(0.05):
        most[0] = max(most[0], _held(pid))


def _held(pid: int) -> float:
    """Proportional set size of a process and of all that it started (GB)."""
    return sum(map(_memory, _tree(pid)))


def _memory(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1e6
    return 0.0


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{one}/task"):
                found += map(int, Path(f"/proc/{one}/task/{task}/children").read_text().split())
    return found
