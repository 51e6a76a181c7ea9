"""The home of the made-up sample city: its export imported, its illustrative plans stored."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import sample_data
from curim_data.importing.pipeline import import_file
from curim_data.sample.plans import demo_meetings, demo_plans
from curim_data.store import Home, has_alerts, locked
from curim_data.store.home import SAMPLE_MARK, create_home

_MAKING: Final = "sample-in-work"  # one process at a time makes it


def sample_home(base: Home) -> Home:
    """The home of the sample city under `base`, built when it is missing or incomplete.

    Built in a folder beside it and renamed when complete, under a lock: two processes that ask at the same time get
    one home, and a build that was cut short leaves nothing behind that could be taken for whole.
    """
    home = base.sample
    if _is_there(home):
        return home
    base.path.mkdir(parents=True, exist_ok=True)
    with locked(base.path / "sample.lock"):
        if not has_alerts(home):
            _build_sample(home)
        if not home.is_sample:
            demo_plans(home)
            demo_meetings(home)
            (home.path / SAMPLE_MARK).write_text("The home of the sample city: made-up data.\n", "utf-8")
    return home


def make_apart(base: Home) -> None:
    """Have a process of its own make the home of the sample city, with what its pages need, where it is missing.

    A process that makes it keeps for good what an import loads and holds. It ends when this one does. One that cannot
    make it says nothing: `sample_home` tries again, and tells why.
    """
    if not _is_there(base.sample):
        subprocess.run(
            [sys.executable, "-m", __package__, str(base.path.absolute())],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
        )


def _is_there(home: Home) -> bool:
    return home.is_sample and has_alerts(home)


def _build_sample(home: Home) -> None:
    folder = home.path.parent / _MAKING
    try:
        shutil.rmtree(folder, ignore_errors=True)  # of a build that was cut short
        folder.mkdir(0o700)
        made = create_home(folder / "home", sample_data.PROFILE)
        # The sample's dates are fixed: a computer whose clock is behind them is not a reason to refuse its rows.
        now = max(dt.datetime.now(dt.UTC), dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
        import_file(made, sample_data.MAIN_EXPORT, sample_data.MAIN_EXPORT.name, now=now)
        if home.path.exists() and not has_alerts(home):
            home.path.rename(folder / "incomplete")
        if not home.path.exists():
            made.path.rename(home.path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
