"""How long the corridors are: which functions of the product run for a new filter on Hot spots, and for an import."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FrameType
from typing import Any, Final

from curim_data.importing.pipeline import import_file
from curim_data.sample import sample_home
from curim_data.store import Home
from curim_data.store.home import create_home
from sample_data import MAIN_EXPORT, PROFILE
from tests.net.pages import ROOT, View, run_page

PRODUCT: Final = tuple(f"{ROOT / name}{os.sep}" for name in ("curim_data", "analysis", "pages"))
FILTER: Final = {"affected": "woman", "light": "dark"}


def print_corridors() -> None:
    """Print two lines: functions and files for a new filter on Hot spots, and for an import of the sample's export."""
    with TemporaryDirectory(prefix="corridor-") as folder:
        os.environ["CURIM_HOME"] = folder
        sample_home(Home(Path(folder)))
        run_page(View("hotspots", {"lang": "en"}), {})
        with traced() as run:
            run_page(View("hotspots", {"lang": "en", **FILTER}), {})
        print(f"a new filter on Hot spots: {_summary(run)}, aims 500 in 60")
        home = create_home(Path(folder) / "anew", PROFILE)
        with traced() as run:
            import_file(home, MAIN_EXPORT, MAIN_EXPORT.name)
        print(f"an import of the sample:   {_summary(run)}, aims 300 in 45")


@contextmanager
def traced() -> Iterator[set[CodeType]]:
    """Inside, the functions of the product that run in this process are noted, in this thread and in those it starts.

    Not those of a process of its own, such as the one that unpacks a file.
    """
    run: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            run.add(frame.f_code)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield run
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]


def _summary(run: set[CodeType]) -> str:
    """Functions and methods, beside them what Python 3.11 runs as one (comprehensions, lambdas), and their files."""
    product = [code for code in run if code.co_filename.startswith(PRODUCT) and code.co_name != "<module>"]
    named = [code for code in product if not code.co_name.startswith("<")]
    files = {code.co_filename for code in product}
    return f"{len(named)} functions (and {len(product) - len(named)} comprehensions and lambdas) in {len(files)} files"
