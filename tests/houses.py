"""A house of two made-up cities, whose names of everything differ, so that what comes from the wrong one is seen."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sample_data
from curim_data.importing.pipeline import import_file
from curim_data.store import Home
from curim_data.store.home import create_home

NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
MARKS = {"alpha": "ALPHAN", "beta": "BETAN"}  # in every label of the city
ROWS = {"alpha": slice(0, 12_000, 2), "beta": slice(1, 12_000, 3)}  # of the sample's export


@dataclass(frozen=True)
class House:
    """Two homes side by side; `names` is what CURIM_HOMES has to be."""

    folder: Path

    @property
    def alpha(self) -> Home:
        return Home(self.folder / "alpha")

    @property
    def beta(self) -> Home:
        return Home(self.folder / "beta")

    @property
    def names(self) -> str:
        return f"{self.alpha.path}:{self.beta.path}"


def make_house(folder: Path) -> House:
    """Both homes, made anew."""
    for word, mark in MARKS.items():
        profile = folder / "profiles" / word
        shutil.copytree(sample_data.PROFILE, profile)
        for file in profile.iterdir():
            if file.suffix in (".toml", ".geojson"):
                file.write_text(_marked(file.read_text("utf-8"), mark), "utf-8")
        home = create_home(folder / word, profile)
        lines = sample_data.MAIN_EXPORT.read_text("utf-8-sig").splitlines(keepends=True)
        export = folder / f"{word}.csv"
        export.write_text("".join([lines[0], *lines[1:][ROWS[word]]]), "utf-8")
        import_file(home, export, export.name, now=NOW)
    return House(folder)


def _marked(text: str, mark: str) -> str:
    """A file of a profile with the mark before each label."""
    text = re.sub(r'\b((?:el|en|fr) = ")', rf"\1{mark} ", text)
    return re.sub(r'("label_(?:el|en|fr)": ?")', rf"\1{mark} ", text)


def everything(app: Any) -> str:
    """All that a run of a page sends to the browser."""
    return "\n".join(_sent(block) for block in app._tree.children.values())


def _sent(node: Any) -> str:
    own = str(getattr(node, "proto", "") or "")
    inner = getattr(node, "children", None)
    return own if inner is None else "\n".join((own, *(_sent(child) for child in inner.values())))
