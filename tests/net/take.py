"""Take the net: the cities one after the other, in parts, by two processes."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.net.cities import NAMES, SAMPLE, build, looked
from tests.net.commands import take_answers, take_files, take_texts
from tests.net.neutral import neutral, settle
from tests.real.cities import EXPORTS

WORKERS: Final = 2
PARTS: Final = (  # of a city, the longest first
    *("pages en", "analyst", "pages el", "pages fr", "texts", "council", "files", "public", "specialist"),
)
QUICK: Final = "quick"  # the file that says so of a folder


def take(folder: Path, names: tuple[str, ...], *, quick: bool) -> None:
    """Record the cities in the folder, which is emptied of them before."""
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
    if part == "import":
        shutil.rmtree(folder / name, ignore_errors=True)
        write("import.txt", build(name, homes))
    else:
        _look(name, part, homes, write, quick=quick)
    return f"{time.process_time() - began:6.1f} s  {name}: {part}"


def _look(name: str, part: str, homes: Path, write: Callable[[str, str], None], *, quick: bool) -> None:
    city = looked(name, homes, quick=quick)
    match part.split():
        case ["texts"]:
            take_texts(city, write)
        case ["files"]:
            take_files(city, write)
        case ["pages", lang]:
            from tests.net.pages import take_pages  # loads the dashboard

            take_pages(city, lang, write)
        case [audience]:
            take_answers(city, audience, write)


def _write(folder: Path, homes: Path, name: str, text: str) -> None:
    """Write a text under a name into the folder, without what differs from run to run."""
    path = folder / name.replace(" ", "_")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(neutral(text, homes), "utf-8")
