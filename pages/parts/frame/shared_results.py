"""Results that processes share: what one of them worked out, the others read from the home.

A result is a file among those that are prepared for the city (`curim_data.model.prepared`), named by its key: the
function, the version of the alerts, the filter, the audience. So it goes when the alerts, the profile or the code
change (words in other languages, and the libraries that the code calls, with it), those of the alerts before the last
import one import later, and with an erasure. It is signed
with the secret of the home and read only where the signature is right: the content is a pickle, which must not come
from anybody else. A file that is missing, damaged or of another key is worked out again; what cannot be written is not
kept. Written by a thread of its own, off the reader's path.

Whoever works a result out has a claim on it until it is written, so that the others wait for it instead of working out
the same: a locked file, which ends with the process at the latest. None is made for the results of a function of which
one was too large or could not be written.

Nothing here knows Streamlit.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import os
import pickle
import platform
import queue
import sys
import threading
import uuid
from collections.abc import Hashable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa

from curim_data.model.prepared import PACKAGES, ROOT, alerts_name, prepared_file, write_whole
from curim_data.protection.releases import secret
from curim_data.store import Home, Store
from curim_data.store.locking import can_lock, is_taken, locked
from pages.parts.frame.jobs import MISSING, Key
from pages.parts.frame.page import Dataset

LOG: Final = logging.getLogger("curim")
SUFFIX: Final = ".result"
CLAIM: Final = ".claim"
OFF: Final = "off"  # of `CURIM_SHARED_RESULTS`: nothing is read or kept
LEAST_SECONDS: Final = 0.02  # what takes less is worked out as quickly as it is read
MOST_BYTES: Final = 64_000_000  # of one result, before it is compressed
MOST_IN_ALL: Final = 500_000_000  # of all results of a home
MOST_WAITING: Final = 200
LOOK_AFTER: Final = 20  # results written between two looks at how much there is
# Beside those of `prepared.LIBRARIES`: what finds or writes down results, so that another version may give other ones.
LIBRARIES: Final = ("babel", "geopandas", "plotly", "pyarrow", "pydeck", "scikit-learn", "statsmodels", "streamlit")
KINDS: Final = frozenset({".po", ".py", ".toml", ".typ"})  # of files of which the code consists
_SIGNATURE: Final = hashlib.sha256().digest_size
_LENGTH: Final = 8
_CODEC: Final = "lz4"


@cache
def _pages_version() -> str:
    """A word over all that a result depends on beside its key and what `prepared.code_version` tells: the code of the
    pages, the words in other languages, the catalogues in the packages, Python and further libraries.
    """
    digest = hashlib.sha256(" ".join([sys.version, *(version(name) for name in LIBRARIES)]).encode())
    folders = (ROOT / package for package in ("pages", *PACKAGES))
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in KINDS):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


class Claim:
    """The right to work out a result, held as the lock of a file until `end`; no file where nothing is shared."""

    def __init__(self, path: Path | None = None, handle: IO[str] | None = None) -> None:
        self._path, self._handle = path, handle

    def end(self) -> None:
        """Let others have it."""
        handle, self._handle = self._handle, None
        if handle is not None and self._path is not None:
            with contextlib.suppress(OSError):
                if _is_at(handle, self._path):  # not that of another one, where this one's was removed
                    self._path.unlink()
            handle.close()


def _is_at(handle: IO[str], path: Path) -> bool:
    """Whether an open file is the one that a path names now."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    return False


class SharedResults:
    """Results in the homes' folders; `refused` says by function why one of its results could not be written."""

    def __init__(self, most_in_all: int = MOST_IN_ALL) -> None:
        self._most_in_all = most_in_all
        self._waiting: queue.Queue[tuple[Key, Dataset, Any, Claim]] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._writer: threading.Thread | None = None
        self._written = 0
        self.refused: dict[str, str] = {}

    def get(self, key: Key) -> Any:
        """The result under a key, or MISSING."""
        dataset = dataset_in(key) if shares_results() else None
        if dataset is None:
            return MISSING
        try:
            path = _file(dataset, key)
            content = path.read_bytes()
            if not _is_signed(dataset, key, content):
                return MISSING
            size = int.from_bytes(content[_SIGNATURE : _SIGNATURE + _LENGTH])
            result = pickle.loads(pa.decompress(content[_SIGNATURE + _LENGTH :], size, _CODEC, asbytes=True))
        except FileNotFoundError:
            return MISSING
        except Exception:
            LOG.debug("a kept result cannot be read", exc_info=True)
            return MISSING
        with contextlib.suppress(OSError):  # a home that cannot be written, or one that made room meanwhile
            os.utime(path)
        return result

    def claim(self, key: Key) -> Claim | None:
        """The claim on a result that is to be worked out; None where somebody else has it, in whichever process."""
        dataset = dataset_in(key) if shares_results() and can_lock() and _function(key) not in self.refused else None
        if dataset is None:
            return Claim()
        try:
            path = _file(dataset, key).with_suffix(CLAIM)
            handle = path.open("a")
        except OSError:  # a home that cannot be written
            return Claim()
        if is_taken(handle) or not _is_at(handle, path):  # or let go and removed since it was opened
            handle.close()
            return None
        return Claim(path, handle)

    def put(self, key: Key, result: Any, seconds: float, claim: Claim | None = None) -> None:
        """Keep a result that took so long to work out, in a while; without a word where it cannot be. Its `claim` ends
        when that is done.
        """
        claim = claim or Claim()
        dataset = dataset_in(key) if shares_results() and seconds >= LEAST_SECONDS else None
        if dataset is None:
            claim.end()
            return
        try:
            self._waiting.put_nowait((key, dataset, result, claim))
        except queue.Full:
            claim.end()
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_all, name="shared results", daemon=True)
                self._writer.start()

    def settle(self, seconds: float = 10.0) -> bool:
        """Wait until all is written that was to be, at most so long; whether it is."""
        queued = self._waiting
        with queued.all_tasks_done:
            return bool(queued.all_tasks_done.wait_for(lambda: not queued.unfinished_tasks, seconds))

    def _write_all(self) -> None:
        while True:
            key, dataset, result, claim = self._waiting.get()
            try:
                self._write(key, dataset, result)
            except Exception as error:
                name = _function(key)
                if name not in self.refused:
                    LOG.debug("a result of %s is not kept", name, exc_info=True)
                self.refused[name] = f"{type(error).__name__}: {error}"
            finally:
                claim.end()
                del result
                self._waiting.task_done()

    def _write(self, key: Key, dataset: Dataset, result: Any) -> None:
        path, name = _file(dataset, key), _name(key)
        with contextlib.suppress(FileNotFoundError):
            if _is_signed(dataset, key, path.read_bytes()):
                return
        plain = pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL)
        if len(plain) > MOST_BYTES:
            self.refused[_function(key)] = f"more than {MOST_BYTES:,} bytes"
            return
        content = len(plain).to_bytes(_LENGTH) + pa.compress(plain, _CODEC, asbytes=True)
        signed = _signature(dataset, name, content) + content
        home = Home(Path(dataset.home))
        with locked(home.lock, shared=True):  # an erasure waits for it: nothing of what it takes away is written later
            version = Store(home).alerts_version()
            if dataset.version == version or dataset.version.startswith(f"{version}-"):
                write_whole(path, lambda part: part.write_bytes(signed), mode=0o600)
        self._written += 1
        if self._written % LOOK_AFTER == 0:
            self._make_room(path.parent)

    def _make_room(self, folder: Path) -> None:
        """Remove the results that were not read for longest, where there are too many bytes."""
        found = []
        for path in folder.glob(f"*{SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):
                about = path.stat()
                found.append((about.st_mtime, about.st_size, path))
        held = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if held <= self._most_in_all:
                break
            path.unlink(missing_ok=True)
            held -= size


def shares_results() -> bool:
    """Whether results are shared; not where `CURIM_SHARED_RESULTS` is off."""
    return os.environ.get("CURIM_SHARED_RESULTS") != OFF


def dataset_in(key: Key) -> Dataset | None:
    """Of which alerts a result is; None where its key names none, or something that has no name in another process."""
    parts = key[1] if isinstance(key, tuple) and len(key) == 2 and isinstance(key[1], tuple) else ()
    for part in parts:
        found = part if isinstance(part, Dataset) else getattr(part, "dataset", None)
        if isinstance(found, Dataset) and found.version and found.profile and " at 0x" not in repr(key):
            return found
    return None


def _function(key: Key) -> str:
    """The name of the function whose result it is."""
    return str(key[0]) if isinstance(key, tuple) else "?"


def _name(key: Hashable) -> str:
    return hashlib.sha256(f"{_pages_version()} {key!r}".encode()).hexdigest()[:40]


def _file(dataset: Dataset, key: Key) -> Path:
    folder = Home(Path(dataset.home)).prepared(dataset.profile)
    return prepared_file(folder, alerts_name(f"result-{_name(key)}", dataset.version), SUFFIX)


def _is_signed(dataset: Dataset, key: Key, content: bytes) -> bool:
    """Whether what stands under a key was signed by this home."""
    expected = _signature(dataset, _name(key), content[_SIGNATURE:])
    return hmac.compare_digest(content[:_SIGNATURE], expected)


@cache
def _this_computer() -> bytes:
    """What no other computer has, so that nobody who hands on a home can have signed a result for this one."""
    try:
        own = Path("/etc/machine-id").read_bytes().strip()
    except OSError:
        own = b""
    return own or f"{platform.node()} {uuid.getnode()}".encode()


def _signature(dataset: Dataset, name: str, content: bytes) -> bytes:
    """Of a name and what stands under it, with the secret of the home."""
    of_results = hmac.digest(secret(Home(Path(dataset.home))), b"shared results " + _this_computer(), "sha256")
    return hmac.digest(of_results, name.encode() + b"\0" + content, "sha256")
