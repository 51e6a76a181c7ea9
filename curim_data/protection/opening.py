"""The protected copy of alerts as it is opened, and made where it is not there yet."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias, cast

import duckdb

from curim_data.engine import (
    Source,
    files_of,
    on_spark,
    opened_source,
    published_copy,
    source_from_files,
)
from curim_data.engine import hand_over as engine_hand_over
from curim_data.model import Message
from curim_data.model.annotations import Annotation
from curim_data.privacy import DisclosureError
from curim_data.protection.copy import copy_file, copy_version, write_copy
from curim_data.protection.releases import Drawn, drawn, release, secret
from curim_data.query import default_points, keep_no_default_points
from curim_data.store import Home
from curim_data.store.locking import locked

NO_COPY: Final = Message(
    "Alerts that another engine holds have no protected copy: council and public see nothing of them. “curim publish” "
    "writes one, or open the dashboard on a home, without CURIM_ALERTS_URL, for these readers."
)
NO_COPY_MADE: Final = Message(
    "The home has no protected copy of these alerts, and none can be written there: council and public see nothing of "
    "them until it can."
)
_mine = threading.local()  # the last copy that was opened in this thread, and of which alerts
Known: TypeAlias = tuple[str, str, dt.date | None, tuple[Annotation, ...]]


def opened_for(home: Path, known: Known) -> Source | None:
    """What this thread opened last of a home's files, be it alerts or copy, where it is of that version, city profile,
    meeting and notes.
    """
    found = opened_source(home, *known)
    if found is not None or getattr(_mine, "home", None) != home:
        return found
    copy, of = _mine.copy, _mine.of
    on_duckdb = opened_source(home, of.version, of.city.version, of.meeting, of.annotations) is of
    is_it = (copy.version, copy.city.version, copy.meeting, copy.annotations) == known
    return cast("Source", copy) if on_duckdb and is_it else None


def hand_over() -> Callable[[], None]:
    """What gives another thread the alerts and the copy that this one has open: to be called there."""
    take_alerts = engine_hand_over()
    held = dict(_mine.__dict__)

    def take() -> None:
        source = take_alerts()
        if source is not None and "database" in source.cache and held and held["of"].version == source.version:
            own = replace(held["copy"], exact=source)
            _mine.__dict__.update(held, copy=own, of=source)

    return take


def protected(home: Home, source: Source) -> Source:
    """The protected copy of a source's alerts, made where it is not there yet; of published alerts the published one.
    Spark and Sail read that of the home, of the same version of the alerts.

    DisclosureError for other alerts on another engine, and for those of files while `CURIM_ALERTS_URL` names one.
    """
    if (files := files_of(source)) is not None:
        return _beside(source, _copy_on_spark(home, source.cache["url"], files))
    if "database" not in source.cache:
        published = published_copy(source)
        if published is None:
            raise DisclosureError(NO_COPY)
        keep_no_default_points(published)
        return _beside(source, published)
    if os.environ.get("CURIM_ALERTS_URL", "duckdb") != "duckdb":
        raise DisclosureError(NO_COPY)
    return protected_files(home, source)


def _copy_on_spark(home: Home, url: str, files: Source) -> Source:
    """The protected copy of the alerts in some files as Spark or Sail counts it; DisclosureError where the home has
    none, and none can be made.
    """
    try:
        copy = protected_files(home, files)
    except (OSError, duckdb.IOException) as error:
        raise DisclosureError(NO_COPY_MADE) from error
    counted = on_spark(url, copy)
    keep_no_default_points(counted)
    return counted


def protected_files(home: Home, source: Source) -> Source:
    """The protected copy of alerts that were opened from the files of a home, whatever engine readers ask."""
    known = drawn(home)
    path = copy_file(source.city, copy_version(source, known))
    assert path is not None  # a home has a folder for what is prepared
    if not path.exists():
        known, path = _make(home, source)
    elif getattr(_mine, "of", None) is source and _mine.path == path:  # a run of a page asks for it many times
        again: Source = _mine.copy
        return again
    found = source_from_files([path], copy_version(source, known), source.city, meeting=source.meeting)
    keep_no_default_points(found)
    opened = _beside(source, found)
    _mine.of, _mine.path, _mine.copy, _mine.home = source, path, opened, home.path
    return opened


def _beside(source: Source, copy: Source) -> Source:
    """A copy with what everybody may know of its alerts."""
    told = {name: getattr(source, name) for name in ("first", "as_of", "meeting", "known_time", "asked", "annotations")}
    return replace(copy, **told, exact=source, protected=True)


def copies_of(home: Home, version: str) -> list[str]:
    """The versions of the copies that some version of the alerts can have had."""
    files = drawn(home).files
    return [f"{version}-{Drawn(files[:draws]).version}" for draws in range(1, len(files) + 1)]


def copy_of(source: Source) -> Source:
    """The protected copy of alerts in a home: of a source that is one already, itself.

    Alerts without a home, as those of a test, have none: then the source itself.
    """
    prepared = source.city.prepared
    if source.exact is not None or prepared is None:
        return source
    return protected(Home(prepared.parents[1]), source)


def _make(home: Home, source: Source) -> tuple[Drawn, Path]:
    """Draw for alerts that have no draw, then write the copy; none does while alerts are erased."""
    with locked(home.lock, shared=True), making_copies(home):
        known = release(home, source, default_points(source))
        path = copy_file(source.city, copy_version(source, known))
        assert path is not None  # a home has a folder for what is prepared
        if not path.exists():
            write_copy(source.cache["files"], known, source.city, path, home.work, secret(home))
    return known, path


@contextmanager
def making_copies(home: Home) -> Iterator[None]:
    """While no other process makes a copy of a home's alerts, or removes earlier ones."""
    with locked(home.copying):
        yield
