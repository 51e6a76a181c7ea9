"""Take the net: the cities one after the other, in parts, by two processes."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.net.neutral import neutral, settle

WORKERS: Final = 2
SEPARATE: Final = (  # parts of a city, the longest first
    *("analyst", "pages en", "council", "pages el", "pages fr"),
    *("texts", "files", "public", "specialist"),
)


def take(folder: Path, names: tuple[str, ...], *, quick: bool) -> None:
    """Record the cities in the folder, which is emptied of them before."""
    from tests.net.cities import NAMES, SAMPLE, there

    wanted = names or ((SAMPLE,) if quick else NAMES)
    cities = [name for name in wanted if there(name)]
    for name in set(wanted) - set(cities):
        print(f"{name} is left out: its export is not beside the project", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "quick").unlink(missing_ok=True)
    if quick:
        (folder / "quick").touch()
    with TemporaryDirectory(prefix="homes-") as homes:
        places = (folder, Path(homes), quick)
        with ProcessPoolExecutor(WORKERS, get_context("spawn"), settle) as pool:
            _all(pool, _build, [(name, folder, Path(homes)) for name in cities])
            _all(pool, _take, [(name, part, *places) for part in SEPARATE for name in cities])


def _all(pool: ProcessPoolExecutor, function: Callable[..., str], asked: list[tuple[object, ...]]) -> None:
    for done in [pool.submit(function, *one) for one in asked]:
        print(done.result(), file=sys.stderr, flush=True)


def _build(name: str, folder: Path, homes: Path) -> str:
    from tests.net.cities import build

    began = time.process_time()
    shutil.rmtree(folder / name, ignore_errors=True)
    _writer(folder / name, homes)("import.txt", build(name, homes))
    return f"{time.process_time() - began:6.1f} s  {name}: import"


def _take(name: str, part: str, folder: Path, homes: Path, quick: bool) -> str:
    from tests.net.cities import looked
    from tests.net.commands import take_answers, take_files, take_texts

    began, write, city = time.process_time(), _writer(folder / name, homes), looked(name, homes, quick=quick)
    if part == "texts":
        take_texts(city, write, quick=quick)
    elif part == "files":
        take_files(city, write, quick=quick)
    elif part.startswith("pages"):
        from tests.net.pages import take_pages

        take_pages(city, part.split()[1], write, quick=quick)
    else:
        take_answers(city, part, write)
    return f"{time.process_time() - began:6.1f} s  {name}: {part}"


def _writer(folder: Path, homes: Path) -> Callable[[str, str], None]:
    """What writes a text under a name into the folder, without what differs from run to run."""

    def write(name: str, text: str) -> None:
        path = folder / name.replace(" ", "_")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(neutral(text, homes), "utf-8")

    return write
