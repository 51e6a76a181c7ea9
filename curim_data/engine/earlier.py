"""Earlier versions of the alerts that were prepared: what later alerts are added to, instead of beginning anew.

Of each prepared version a note in the folder says of which files of the store it is, and of how many alerts it was
learned what is learned of all of them (how exact coordinates are, how far the protected copy lies from the alerts). It
stands until there are a tenth more alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from curim_data.model.prepared import alerts_name, kept_json, write_json

NOTE: Final = "prepared_of"
GROWN: Final = 0.1  # by so large a share the alerts may have grown since something was learned of them


@dataclass(frozen=True)
class Earlier:
    """A prepared version of the alerts: names of its files, its number of alerts, and the `learned` number."""

    version: str
    files: frozenset[str]
    count: int
    learned: int

    def others(self, files: Iterable[str | Path]) -> list[str]:
        """Those of some files that are none of this version."""
        return [str(path) for path in files if Path(path).name not in self.files]

    def holds(self, count: int) -> bool:
        """Whether what was learned still stands for so many alerts."""
        return count <= (1 + GROWN) * self.learned


def note(folder: Path, version: str, files: Sequence[str | Path], count: int, learned: int) -> None:
    """Note that a version was prepared."""
    names = sorted(Path(path).name for path in files)
    told = {"version": version, "files": names, "count": count, "learned": learned}
    write_json(folder, alerts_name(NOTE, version), told)


def noted(folder: Path | None) -> list[Earlier]:
    """All versions that were prepared by this code, those of most alerts first."""
    found = []
    for told in [] if folder is None else kept_json(folder, NOTE):
        with suppress(KeyError, TypeError, ValueError):
            found.append(_earlier(told))
    return sorted(found, key=lambda one: one.count, reverse=True)


def added_to(folder: Path | None, files: Sequence[str | Path]) -> list[Earlier]:
    """Prepared versions to which files were added to make these, and nothing else was done."""
    names = {Path(path).name for path in files}
    return [one for one in noted(folder) if one.count and one.files < names]


def _earlier(told: Any) -> Earlier:
    return Earlier(str(told["version"]), frozenset(told["files"]), int(told["count"]), int(told["learned"]))
