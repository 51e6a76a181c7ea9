"""Results of calculations in a home, which processes share (joblib).

A result is kept under its key and the version of the program, in a folder that its owner alone can read and write: it
is unpickled by who reads it. A home that was handed on brings none along, since the folder is named after the computer.
One that is missing or damaged is worked out again; those that were not read for longest make room. All go with an
erasure, and none of alerts that are not the stored ones any more is written.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NoReturn

import joblib

from curim_data.model.prepared import program_version
from curim_data.store.alert_table import Store
from curim_data.store.home import Home, locked, try_lock

LOG: Final = logging.getLogger("curim")
SETTING: Final = "CURIM_SHARED_RESULTS"  # "off": nothing is read or written
MOST_BYTES: Final = 500_000_000  # of all results of a home
LOOK_AFTER: Final = 50  # results written between two looks at how much there is
_PLACES: Final = 4096  # keys of one place wait for one another
_SUM: Final = 4  # bytes of the checksum before each
_written = 0


def read_result(home: Home, profile: str, key: str) -> bytes | None:
    """The result that is kept under a key, as it was written; None where there is none, or it cannot be read."""
    if not shares_results():
        return None
    try:
        found: bytes = _results(_folder(home, profile))(f"{program_version()} {key}", _missing)
    except (LookupError, OSError):
        return None
    return found[_SUM:] if zlib.crc32(found[_SUM:]).to_bytes(_SUM) == found[:_SUM] else None


def write_result(home: Home, profile: str, alerts: str, key: str, content: bytes) -> None:
    """Keep a result of a version of the alerts (`alerts`, or that of their protected copy), where that is the stored
    one, and the home can be written.
    """
    global _written
    if not shares_results():
        return
    try:
        with locked(home.lock, shared=True):  # an erasure waits for it: nothing of what it takes away is written later
            stored = Store(home).alerts_version()
            if alerts == stored or alerts.startswith(f"{stored}-"):
                summed = zlib.crc32(content).to_bytes(_SUM) + content
                _results(_folder(home, profile)).call(f"{program_version()} {key}", lambda: summed)
        _written += 1
        if _written % LOOK_AFTER == 0:
            _memory(_folder(home, profile)).reduce_size(bytes_limit=MOST_BYTES)
    except OSError:
        LOG.debug("a result is not kept", exc_info=True)


@contextmanager
def alone_with(home: Home, profile: str, key: str) -> Iterator[bool]:
    """Whether no other process works out the result of a key now (nor, by chance, of another); then, inside, none does.
    Each works it out where results are not shared.
    """
    with ExitStack() as stack:
        free = True
        if shares_results():
            with suppress(OSError, ValueError):  # a home that cannot be written shares no new ones
                place = _folder(home, profile) / f".alone-{zlib.crc32(key.encode()) % _PLACES}"
                free = try_lock(stack.enter_context(place.open("a")))
        yield free


def shares_results() -> bool:
    """Whether processes share results; not where `CURIM_SHARED_RESULTS` is off."""
    return os.environ.get(SETTING) != "off"


def _folder(home: Home, profile: str) -> Path:
    """The folder of the results for a version of the city's profile; PermissionError where others could write there."""
    folder = home.prepared(profile) / f".results-{_this_computer()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = folder.stat()
    if os.name == "posix" and (about.st_uid != os.getuid() or about.st_mode & 0o077):
        raise PermissionError(f"{folder} is not this user's alone")
    return folder


@cache
def _this_computer() -> str:
    """What no other computer has, so that nobody who hands on a home can have left a result for this one."""
    try:
        own = Path("/etc/machine-id").read_text("ascii").strip()
    except OSError:
        own = ""
    return hashlib.sha256((own or f"{platform.node()} {uuid.getnode()}").encode()).hexdigest()[:16]


@lru_cache(maxsize=64)
def _memory(folder: Path) -> joblib.Memory:
    return joblib.Memory(folder, verbose=0)


@lru_cache(maxsize=64)
def _results(folder: Path) -> joblib.memory.MemorizedFunc:
    """What returns the result under a key, else calls its second argument and keeps what that returns."""
    found: joblib.memory.MemorizedFunc = _memory(folder).cache(_kept, ignore=["make"], verbose=0)
    with suppress(LookupError):
        found("", _missing)  # joblib takes what is there as that of another function until it was asked once
    return found


def _kept(key: str, make: Callable[[], bytes]) -> bytes:  # noqa: ARG001 (joblib's key)
    return make()


def _missing() -> NoReturn:
    raise LookupError
