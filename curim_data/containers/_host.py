"""The process from which readers are forked: it holds the libraries, reads no file itself, and ends with its parent.

Run as `python -m curim_data.containers._host FD`: on the socket FD come orders (their length and JSON), each with two
sockets. On the first one the new reader (`_reader`) talks to whoever asked. The second one is this process's: whatever
comes on it ends the reader, its end too, and what became of the reader is answered on it. Where whoever asked is gone,
the reader's folder is removed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from curim_data.containers._reader import read
from curim_data.containers._wire import ORDER_LENGTH

PRELOADED: Final = (
    "curim_data.containers.archive",
    "curim_data.containers.columnar",
    "curim_data.containers.jsons",
    "curim_data.containers.text",
    "curim_data.containers.vector",
    "curim_data.containers.workbook",
    "curim_data.containers.xmls",
)


@dataclass
class _Child:
    line: socket.socket
    folder: str
    left: bool = False  # ended with this process, and not for what it read


class Host:
    """The loop over orders, readers that ended, and readers to end."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._wakes = os.pipe()
        for end in self._wakes:
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakes[1], warn_on_full_buffer=False)
        self._selector.register(control, selectors.EVENT_READ, 0)
        self._selector.register(self._wakes[0], selectors.EVENT_READ, -1)

    def run(self) -> None:
        """Until nobody can send orders any more."""
        alive = True
        while alive or self._children:
            for key, _ in self._selector.select():
                if key.data == 0:
                    alive = self._order()
                    if not alive:
                        self._selector.unregister(self._control)
                        for pid, child in self._children.items():
                            child.left = True
                            os.kill(pid, signal.SIGKILL)
                elif key.data == -1:
                    os.read(self._wakes[0], 4096)
                    self._reap()
                elif key.data in self._children:
                    self._selector.unregister(key.fileobj)
                    os.kill(key.data, signal.SIGKILL)

    def _order(self) -> bool:
        """Take an order and fork its reader; False where there will be none any more."""
        head, ends, _, _ = socket.recv_fds(self._control, ORDER_LENGTH.size, 2)
        if not head:
            return False
        line, mine = (socket.socket(fileno=end) for end in ends)
        told = b""
        while len(told) < ORDER_LENGTH.unpack(head)[0]:
            told += self._control.recv(ORDER_LENGTH.unpack(head)[0] - len(told))
        order = json.loads(told)
        importlib.import_module(order["task"].partition(":")[0])  # once, for all readers after it
        gc.freeze()
        pid = os.fork()
        if not pid:
            self._become_reader(line, mine, order)
        line.close()
        self._children[pid] = _Child(mine, order["folder"])
        self._selector.register(mine, selectors.EVENT_READ, pid)
        return True

    def _become_reader(self, line: socket.socket, mine: socket.socket, order: dict[str, Any]) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._selector.close()
            for one in (self._control, mine, *(child.line for child in self._children.values())):
                one.close()
            for end in self._wakes:
                os.close(end)
            code = read(line, order)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)

    def _reap(self) -> None:
        """Say what became of readers that ended."""
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            child = self._children.pop(pid)
            with suppress(KeyError):  # it was ended
                self._selector.unregister(child.line)
            try:
                code = 0 if child.left else os.waitstatus_to_exitcode(status)
                child.line.send(b"%d" % code, getattr(socket, "MSG_NOSIGNAL", 0))
            except OSError:
                shutil.rmtree(Path(child.folder), ignore_errors=True)
            child.line.close()


def main() -> None:
    """Load what readers need and wait for orders."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    for module in PRELOADED:
        importlib.import_module(module)
    gc.collect()
    Host(control).run()


if __name__ == "__main__":
    main()
