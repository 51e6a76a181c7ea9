"""What pages need of a city whatever the filter, worked out after an import or a change of the city's profile."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from curim_data.engine import Source, open_source
from curim_data.model import MOST_MAP_CELLS, Message
from curim_data.model.prepared import PLACES, arrays_file, is_current, write_arrays
from curim_data.model.progress import report, stage
from curim_data.protection import copies_of, keep_errors, protected
from curim_data.query import keep_default_points
from curim_data.store import Home, Store, has_alerts
from curim_data.store.home import locked

# From so many alerts, or cells, on; below, a page works it out as quickly as it would read it.
WORTH_ALERTS: Final = 20_000
WORTH_CELLS: Final = 10_000
COARSEST: Final = 8
FINEST: Final = 11
PREPARING: Final = Message("Preparing the maps of the city")


def prepare(home: Home) -> None:
    """Keep the cells and pixels of the land, and of the stored alerts the columns that counts are made of, what is
    known of all of them, the known places and the protected copy: of the profile, the alerts and the code as they are
    now.

    Does nothing that was done already; files of other versions go, but for what was kept of the alerts before the last
    import, so that undoing that import finds it. Reports its progress.
    """
    if not home.has_city():
        return
    city = home.city()
    folder = home.prepared(city.version)
    report(0.0, PREPARING)
    finest = min(FINEST, city.finest_affordable(MOST_MAP_CELLS))
    large, versions = False, list[str]()
    for resolution in range(COARSEST, finest + 1):
        if arrays_file(folder, str(resolution)).exists():
            large = True
            continue
        land = city.land_cells(resolution)
        if len(land) >= WORTH_CELLS:
            large = True
            write_arrays(folder, str(resolution), cell=land.index, land_km2=land)
        report(0.3 * (resolution - COARSEST + 1) / (finest - COARSEST + 1), PREPARING)
    if large:
        from curim_data.studies.alert_points import keep_pixels  # it loads what an undo in a small city does not need

        keep_pixels(city)
    if has_alerts(home):
        source = open_source(home)
        try:
            if source.count >= WORTH_ALERTS:
                _keep_alerts(home, source)
            copy = protected(home, source)
            versions.append(copy.version)
            if source.count >= WORTH_ALERTS:
                _keep_copy(home, source, copy)
            if large or source.count >= WORTH_ALERTS:
                with stage(0.6, 1.0, PREPARING):
                    _keep_places(home, source)
        except duckdb.IOException:  # an erasure took the files away: it prepares what it left
            if Store(home).alerts_version() == source.version:
                raise
    if earlier := Store(home).version_without_last_import():
        versions += [earlier, *copies_of(home, earlier)]
    with _preparing(home), locked(home.copying):
        _remove_others(folder, Store(home).alerts_version(), *versions)
    report(1.0, PREPARING)


@contextmanager
def _preparing(home: Home) -> Iterator[None]:
    """While no other process prepares the alerts, or removes what was prepared of earlier ones."""
    with locked(home.preparing):
        yield


def _keep_alerts(home: Home, source: Source) -> None:
    """Keep what is made of the alerts themselves, unless they changed meanwhile. One process does at a time."""
    # Here, since they load statistics: who finds them kept waits for none.
    from curim_data.quality.positions import keep_coordinate_step, keep_shared_points

    with _preparing(home), _unchanged(home, source) as unchanged:
        if unchanged:
            keep_default_points(source)
            keep_coordinate_step(source)
            keep_shared_points(source)
            report(0.5, PREPARING)


def _keep_places(home: Home, source: Source) -> None:
    """Keep the known places, unless the alerts changed meanwhile; they take long, so nobody waits for them."""
    if source.kept(PLACES) is not None:
        return
    # Here, since it is slow to load, and places are mostly kept.
    from curim_data.studies.hot_spots import keep_known_places, known_places

    known_places(source)
    with _unchanged(home, source) as unchanged:
        if unchanged:
            keep_known_places(source)


@contextmanager
def _unchanged(home: Home, source: Source) -> Iterator[bool]:
    """Whether the alerts are still those of the source, for as long as this is held.

    Under the lock that an erasure waits for: what it takes out of the store must not be written here after it.
    """
    with locked(home.lock, shared=True):
        yield Store(home).alerts_version() == source.version


def _keep_copy(home: Home, source: Source, copy: Source) -> None:
    """Keep the columns of the protected copy that counts are made of, unless the alerts changed meanwhile."""
    with _preparing(home), _unchanged(home, source) as unchanged:
        if unchanged:
            keep_errors(copy)


def _remove_others(folder: Path, *versions: str) -> None:
    """Remove what no reader reads any more: of other profiles, and in this one's folder of other alerts or code."""
    for other in folder.parent.glob("*") if folder.parent.exists() else ():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    for path in folder.glob("[!.]*") if folder.exists() else ():
        if not is_current(path, *versions):
            path.unlink(missing_ok=True)
