"""A net under changes that must change nothing: what commands, pages, downloads and imports say, as plain files.

    python -m tests.net take FOLDER [--cities sample,chicago] [--quick]
    python -m tests.net compare FOLDER [FOLDER2]
    python -m tests.net corridor

`take` records the JSON of commands under many filters for each audience, the texts of pages, what pages and commands
give to download, and the counts of an import: of the sample city and of public exports beside the project. `compare`
takes the same anew, or reads a second folder, and prints what differs.
"""

from __future__ import annotations

import argparse
import difflib
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice, product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.net.cities import NAMES, SAMPLE, build, looked
from tests.net.commands import take_answers, take_files, take_texts
from tests.net.corridor import print_corridors
from tests.net.neutral import neutral, settle
from tests.real.cities import EXPORTS

WORKERS: Final = 2
PARTS: Final = (  # of a city, the longest first
    *("pages en", "analyst", "pages el", "pages fr", "texts", "council", "files", "public", "specialist"),
)
QUICK: Final = "quick"  # the file that says so of a folder
SHOWN: Final = 25  # files whose lines are shown
LINES: Final = 8  # of each
WIDTH: Final = 160


def main() -> int:
    """Do what is asked for; 1 where two nets differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.net", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", choices=("take", "compare", "corridor"))
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("after", nargs="?", type=Path, help="compare with this one, instead of taking the same anew")
    parser.add_argument("--cities", default="", help="names, with commas between them; all unless given")
    parser.add_argument("--quick", action="store_true", help="the sample alone, under fewer filters")
    asked = parser.parse_args()
    settle()
    if asked.what == "corridor":
        print_corridors()
        return 0
    names = tuple(name for name in asked.cities.split(",") if name)
    if asked.what == "take":
        take(asked.folder, names, quick=asked.quick)
        return 0
    if asked.after is not None:
        return min(differences(asked.folder, asked.after), 1)
    with TemporaryDirectory(prefix="net-") as after:
        there = tuple(sorted(path.name for path in asked.folder.iterdir() if path.is_dir()))
        take(Path(after), names or there, quick=asked.quick or (asked.folder / QUICK).exists())
        return min(differences(asked.folder, Path(after)), 1)


def take(folder: Path, names: tuple[str, ...], *, quick: bool) -> None:
    """Record the cities, one after the other, in the folder, which is emptied of them before."""
    wanted = names or ((SAMPLE,) if quick else NAMES)
    cities = [name for name in wanted if name == SAMPLE or EXPORTS.exists()]
    for name in set(wanted) - set(cities):
        print(f"{name} is left out: there is no {EXPORTS}", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / QUICK).unlink(missing_ok=True)
    if quick:
        (folder / QUICK).touch()
    pool = ProcessPoolExecutor(WORKERS, get_context("spawn"), settle)
    with TemporaryDirectory(prefix="homes-") as homes, pool:
        for name, parts in product(cities, (("import",), PARTS)):
            for done in [pool.submit(_take, name, part, folder, Path(homes), quick) for part in parts]:
                print(done.result(), file=sys.stderr, flush=True)


def _take(name: str, part: str, folder: Path, homes: Path, quick: bool) -> str:
    """Record a part of a city; gives a line that says how long it took the processor."""
    began, write = time.process_time(), partial(_write, folder / name, homes)
    match part.split():
        case ["import"]:
            shutil.rmtree(folder / name, ignore_errors=True)
            write("import.txt", build(name, homes))
        case ["texts"]:
            take_texts(looked(name, homes, quick=quick), write)
        case ["files"]:
            take_files(looked(name, homes, quick=quick), write)
        case ["pages", lang]:
            from tests.net.pages import take_pages  # loads the dashboard

            take_pages(looked(name, homes, quick=quick), lang, write)
        case [audience]:
            take_answers(looked(name, homes, quick=quick), audience, write)
    return f"{time.process_time() - began:6.1f} s  {name}: {part}"


def _write(folder: Path, homes: Path, name: str, text: str) -> None:
    """Write a text under a name into the folder, without what differs from run to run."""
    path = folder / name.replace(" ", "_")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(neutral(text, homes), "utf-8")


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
