"""The list of alerts that were erased at a person's request, so that a later import does not bring them back.

<home>/erased.txt holds one keyed hash a line, <home>/erased.key the key: no id can be read from the list. A line of
kind "i" stands for all alerts of an incident (and, for rows without an id, for all rows of one content), whatever they
say next time; a line of kind "c" for one content of an incident of which other alerts stay.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.model import Message
from curim_data.store._commit_log import StoreError
from curim_data.store.home import Home

_INCIDENT, _CONTENT = "i", "c"
_SIZE: Final = 16


class ErasedList:
    """The list of one home, as it stands when this is made. StoreError where its key is missing."""

    def __init__(self, home: Home) -> None:
        self._list, self._key_file = home.path / "erased.txt", home.path / "erased.key"
        lines = self._list.read_text("ascii").split() if self._list.exists() else []
        self._known = {kind: {line[1:] for line in lines if line[0] == kind} for kind in (_INCIDENT, _CONTENT)}
        self._key = bytes.fromhex(self._key_file.read_text("ascii")) if self._key_file.exists() else b""
        if lines and not self._key:
            values = {"file": str(self._key_file), "list": str(self._list)}
            raise StoreError(Message("{file} is missing: without it {list} cannot be read. Bring it back.", values))

    @property
    def empty(self) -> bool:
        """Whether nothing was ever erased."""
        return not any(self._known.values())

    def mask(self, incident_ids: Any, content_hashes: Any) -> npt.NDArray[np.bool_]:
        """Which rows are alerts that were erased.

        Parameters
        ----------
        incident_ids, content_hashes : arrow arrays of text
            As in `alert.SCHEMA`: incident_id is null where the source gives none.
        """
        size = len(content_hashes)
        if self.empty:
            return np.zeros(size, bool)
        bases = base_ids(incident_ids, content_hashes).to_pylist()
        gone = self._among(_INCIDENT, bases, size)
        if self._known[_CONTENT]:
            contents = content_hashes.to_pylist()
            gone |= self._among(_CONTENT, (f"{b}\0{c}" for b, c in zip(bases, contents, strict=True)), size)
        return gone

    def named(self, incident_ids: Any) -> npt.NDArray[np.bool_]:
        """Which ids (arrow array of text, empty where there is none) are those of incidents erased as a whole."""
        return self._among(_INCIDENT, base_ids(incident_ids, incident_ids).to_pylist(), len(incident_ids))

    def add(self, incidents: Iterable[str], contents: Iterable[tuple[str, str]]) -> None:
        """Put base ids, and pairs of base id and content hash, on the list; it is on disk when this returns."""
        if not self._key:
            self._key = secrets.token_bytes(32)
            with os.fdopen(os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(self._key.hex())
                file.flush()
                os.fsync(file.fileno())
        fresh = {_INCIDENT: incidents, _CONTENT: (f"{base}\0{content}" for base, content in contents)}
        for kind, texts in fresh.items():
            self._known[kind] |= set(self._hashes(texts))
        part = self._list.with_suffix(".part")
        with part.open("w", encoding="ascii") as lines:
            lines.writelines(f"{kind}{known}\n" for kind, all_ in self._known.items() for known in sorted(all_))
            lines.flush()
            os.fsync(lines.fileno())
        part.replace(self._list)

    def _among(self, kind: str, texts: Iterable[str], size: int) -> npt.NDArray[np.bool_]:
        known = self._known[kind]
        return np.fromiter((hashed in known for hashed in self._hashes(texts)), bool, size)

    def _hashes(self, texts: Iterable[str]) -> Iterator[str]:
        start = blake2b(key=self._key, digest_size=_SIZE)
        for text in texts:
            hashing = start.copy()
            hashing.update(text.encode())
            yield hashing.hexdigest()


def base_ids(incident_ids: Any, content_hashes: Any) -> Any:
    """The id of the first alert of each row's incident (`matching.BASE`)."""
    nameless = pc.binary_join_element_wise(pa.scalar("#"), content_hashes, "")
    return pc.coalesce(pc.replace_substring(incident_ids, "#", "##"), nameless)
