"""The files that the reader brings, and what a look at each of them shows. Nothing here writes."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

import sample_data
from curim_data.city import CityProfile
from curim_data.home import Home
from curim_data.i18n import Message
from curim_data.ingest import Answers, ImportProblem, Preview, Question, preview
from curim_data.reasons import MEND_WORDS, REASON_WORDS, Reason
from curim_data.store import Batch, Store
from pages.parts.guard import city_of
from pages.parts.page import Page

MAX_MB: Final = 50
MAX_FILES: Final = 20
MAX_NAME: Final = 100
SHOWN_ROWS: Final = 200
TRIALS: Final[Mapping[str, Path]] = {"later": sample_data.LATER_EXPORT, "dirty": sample_data.DIRTY_EXPORT}
TRIAL = "data_trial"
ROUND = "data_round"  # part of the uploader's key: a new one drops the uploaded files from memory
ORDERS = "data_orders"  # answers to "day or month first", by the file's digest


@dataclass(frozen=True)
class Brought:
    """A file to look at: an upload's content, or the path of one of the sample's exports."""

    name: str
    digest: str
    content: bytes | Path
    order: str | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)


@dataclass(frozen=True)
class Target:
    """Where an import goes: a home, its city's profile, and whether the home is the sample's."""

    home: Home
    city: CityProfile
    is_sample: bool


@dataclass(frozen=True)
class View:
    """What a look at a file shows: bounded tables without the raw rows.

    `repairs`: rule, column, n, old, new (of the first); `refused`: row, column, value, message, mend, of the first rows
    set aside; `reasons`: counts by code; `mapped`: rows with coordinates of all that stand; `piles` as in the report.
    """

    format: str
    documentation: str
    encoding: str
    delimiter: str
    date_order: str | None
    mapping: pd.DataFrame
    dropped: tuple[str, ...]
    unused: tuple[str, ...]
    unknown: Mapping[str, Mapping[str, int]]
    points: pd.DataFrame
    mapped: int
    outside: int
    batch: Batch
    repairs: pd.DataFrame
    refused: pd.DataFrame
    piles: pd.DataFrame
    first: dt.date | None
    last: dt.date | None

    @property
    def elsewhere(self) -> bool:
        """Whether most alerts with coordinates lie outside the city."""
        return self.mapped > 0 and self.outside > self.mapped / 2


@dataclass(frozen=True)
class Look:
    """A file and what came of looking at it: a view, a problem, or the question which of day and month comes first."""

    file: Brought
    view: View | None = None
    problem: Message | None = None
    unclear: bool = False


def plain_name(name: str) -> str:
    """The name that a browser gave, fit to be shown: no folders, no control characters, not endless."""
    base = re.split(r"[/\\]", name)[-1]
    kept = "".join(letter for letter in base if letter.isprintable()).strip()
    return kept[:MAX_NAME] or "export.csv"


def brought(uploads: list[Any]) -> list[Brought]:
    """Files to look at: what was uploaded, each content once; else the sample's export that the reader tries."""
    orders = st.session_state.get(ORDERS, {})
    files = {}
    for upload in uploads[:MAX_FILES]:
        content = upload.getvalue()
        digest = hashlib.sha256(content).hexdigest()
        files[digest] = Brought(plain_name(upload.name), digest, content, orders.get(digest))
    return list(files.values())


def trial(page: Page) -> list[Brought]:
    """The sample's export that the reader tries, in the sample city only."""
    path = TRIALS.get(str(st.session_state.get(TRIAL))) if page.is_sample else None
    return [Brought(path.name, path.name, path)] if path else []


def target(page: Page, *, trying: bool) -> Target:
    """Where the files would go: the home on show; from the sample, to a home of one's own unless it is a trial.

    The own home is not made here: as long as it has no city, the profile on show stands for the one that it will get.
    """
    if not page.is_sample or trying:
        return Target(page.home, page.city, page.is_sample)
    own = Home.default()
    return Target(own, city_of(own) if own.has_city() else page.city, False)


def look(file: Brought, into: Target) -> Look:
    """What an import of the file into this home would do; kept for this reader while the store stays the same."""
    if file.size > MAX_MB << 20:
        return Look(file, problem=too_large(file.name))
    version = Store(into.home).version() if into.home.has_city() else "empty"
    kept = _look(file.digest, file.name, file.order, str(into.home.path), version, into.city.version, file, into)
    return replace(kept, file=file)


def too_large(name: str) -> Message:
    """What to do with a file that is too large for the page."""
    return Message(
        "{name} is larger than {limit} MB, the most that this page takes. Import it with “curim import FILE”.",
        {"name": name, "limit": MAX_MB},
    )


@st.cache_data(scope="session", max_entries=MAX_FILES, ttl="1h", show_spinner=False)
def _look(
    digest: str,  # noqa: ARG001 (what follows up to `_file` is the cache's key)
    name: str,
    order: str | None,
    home: str,  # noqa: ARG001
    version: str,  # noqa: ARG001
    profile: str,  # noqa: ARG001
    _file: Brought,
    _into: Target,
) -> Look:
    known = _into.home if _into.home.has_city() else None
    bare = Brought(name, _file.digest, b"", order)  # the content is not kept a second time
    try:
        seen = preview(_file.content, name, _into.city, home=known, answers=Answers(dates=order))
    except Question as question:
        return Look(bare, problem=question.message, unclear=True)
    except ImportProblem as problem:
        return Look(bare, problem=problem.message)
    return Look(bare, view=_view(seen))


def _view(seen: Preview) -> View:
    report = seen.report
    mapping = seen.mapping.copy()
    mapping.loc[mapping["use"] != "alert", "examples"] = ""
    refused = report.quarantine[["row", "column", "value", "reason"]].head(SHOWN_ROWS).copy()
    codes = [Reason(code) for code in refused["reason"]]
    refused["message"] = pd.Series([REASON_WORDS[code] for code in codes], index=refused.index, dtype=object)
    refused["mend"] = pd.Series([MEND_WORDS[code] for code in codes], index=refused.index, dtype=object)
    refused["value"] = refused["value"].astype(str).str.slice(0, 80)
    grouped = report.repairs.groupby(["rule", "column"], sort=False)
    repairs = grouped.agg(n=("row", "size"), old=("old", "first"), new=("new", "first")).reset_index()
    stand = report.outcomes[report.outcomes["outcome"] != "quarantined"]
    return View(
        format=seen.format,
        documentation=seen.documentation,
        encoding=report.encoding,
        delimiter=report.delimiter,
        date_order=seen.date_order,
        mapping=mapping,
        dropped=report.dropped,
        unused=report.unused,
        unknown=report.unknown,
        points=seen.points,
        mapped=int((~stand["unmapped"].astype(bool)).sum()),
        outside=int(report.flags.get("outside_city", 0)),
        batch=report.batch,
        repairs=repairs.astype({"old": str, "new": str}),
        refused=refused,
        piles=report.piles,
        first=report.first,
        last=report.last,
    )
