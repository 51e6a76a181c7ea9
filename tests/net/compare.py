"""Two folders of the net side by side: which files differ, and by which lines first."""

from __future__ import annotations

import difflib
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Final

SHOWN: Final = 25  # files whose lines are shown
LINES: Final = 8  # of each
WIDTH: Final = 160


def differences(before: Path, after: Path) -> int:
    """Print what differs, a few lines a file; gives how many files do."""
    old, new = _files(before), _files(after)
    cities = {name.partition("/")[0] for name in new}
    old = {name for name in old if name.partition("/")[0] in cities}
    differing = [name for name in sorted(old & new) if _text(before / name) != _text(after / name)]
    for title, names in (("gone", sorted(old - new)), ("new", sorted(new - old))):
        for name in names[:SHOWN]:
            print(f"{title}: {name}")
    for name in _spread(differing):
        print(f"\n{name}")
        lines = difflib.unified_diff(_text(before / name), _text(after / name), lineterm="", n=1)
        for line in islice((line for line in lines if not line.startswith(("---", "+++"))), LINES):
            print(f"  {line[:WIDTH]}")
    counted = Counter("/".join(name.split("/")[:4][:-1]) for name in (*differing, *(old ^ new)))
    print(f"\n{len(old | new)} files compared, {len(differing)} differ, {len(old - new)} gone, {len(new - old)} new")
    for where, n in sorted(counted.items()):
        print(f"  {n:5} in {where}")
    return len(differing) + len(old ^ new)


def _spread(names: list[str]) -> list[str]:
    """At most `SHOWN` of the names: one of each folder first."""
    first = {str(Path(name).parent): name for name in reversed(names)}
    return [*sorted(first.values()), *(name for name in names if name not in first.values())][:SHOWN]


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.txt")}


def _text(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()
