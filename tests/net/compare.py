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
    """Print what differs in the cities that both have, a few lines a file; gives how many files differ."""
    old, new = _texts(before), _texts(after)
    cities = {name.partition("/")[0] for name in old} & {name.partition("/")[0] for name in new}
    names = sorted(name for name in old | new if name.partition("/")[0] in cities)
    differing = [name for name in names if old.get(name) != new.get(name)]
    first_of_folders = {name.rpartition("/")[0]: name for name in reversed(differing)}
    for name in sorted(differing, key=lambda name: name not in first_of_folders.values())[:SHOWN]:
        print(f"\n{name}{' is gone' * (name not in new)}{' is new' * (name not in old)}")
        lines = difflib.unified_diff(old.get(name, []), new.get(name, []), lineterm="", n=1)
        for line in islice(lines, 2, 2 + LINES):
            print(f"  {line[:WIDTH]}")
    print(f"\n{len(names)} files of {', '.join(sorted(cities))} compared, {len(differing)} differ")
    for where, n in sorted(Counter("/".join(name.split("/")[:-1][:4]) for name in differing).items()):
        print(f"  {n:5} in {where}")
    return len(differing)


def _texts(folder: Path) -> dict[str, list[str]]:
    """The lines of each file, by its name in the folder."""
    return {str(path.relative_to(folder)): path.read_text("utf-8").splitlines() for path in folder.rglob("*.txt")}
