"""What pages need of a city whatever the filter, worked out after an import or a change of the city's profile."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from curim_data.engine import Source, open_source
from curim_data.model import MOST_MAP_CELLS, CityProfile, Message
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
    large, versions = _keep_land(city, folder), list[str]()
    if has_alerts(home):
        source = open_source(home)
        try:
            versions.append(_keep_alerts(home, source, large=large))
        except duckdb.IOException:  # an erasure took the files away: it prepares what it left
            if Store(home).alerts_version() == source.version:
                raise
    if earlier := Store(home).version_without_last_import():
        versions += [earlier, *copies_of(home, earlier)]
    with locked(home.path / "prepare.lock"), locked(home.copying):
        _remove_others(folder, Store(home).alerts_version(), *versions)
    report(1.0, PREPARING)


def _keep_land(city: CityProfile, folder: Path) -> bool:
    """Keep the cells of a large land, by size; whether it is large."""
    finest, large = min(FINEST, city.finest_affordable(MOST_MAP_CELLS)), False
    for resolution in range(COARSEST, finest + 1):
        there = arrays_file(folder, str(resolution)).exists()
        if not there and len(land := city.land_cells(resolution)) >= WORTH_CELLS:
            write_arrays(folder, str(resolution), cell=land.index, land_km2=land)
            there = True
        large |= there
        report(0.3 * (resolution - COARSEST + 1) / (finest - COARSEST + 1), PREPARING)
    return large


def _keep_alerts(home: Home, source: Source, *, large: bool) -> str:
    """Keep what is made of the alerts and of their copy; the version of the copy."""
    # Here, since they load statistics: who finds them kept waits for none.
    from curim_data.quality.study import keep_coordinate_step, keep_shared_points

    many = source.count >= WORTH_ALERTS
    if many:
        _keep(home, source, source, keep_default_points, keep_coordinate_step, keep_shared_points)
        report(0.5, PREPARING)
    copy = protected(home, source)
    if many:
        _keep(home, source, copy, keep_errors)
    if (large or many) and source.kept(PLACES) is None:
        # Here, since it is slow to load, and places are mostly kept.
        from curim_data.studies.hot_spots import keep_known_places, known_places

        with stage(0.6, 1.0, PREPARING):
            known_places(source)  # they take long, so nobody waits for them
            _keep(home, source, source, keep_known_places)
    return copy.version


def _keep(home: Home, alerts: Source, source: Source, *keeps: Callable[[Source], None]) -> None:
    """Keep something of a source, unless its alerts changed meanwhile; one process does at a time.

    Under the lock that an erasure waits for: what it takes out of the store must not be written here after it.
    """
    with locked(home.path / "prepare.lock"), locked(home.lock, shared=True):
        if Store(home).alerts_version() == alerts.version:
            for keep in keeps:
                keep(source)


def _remove_others(folder: Path, *versions: str) -> None:
    """Remove what no reader reads any more: of other profiles, and in this one's folder of other alerts or code."""
    for other in folder.parent.glob("*") if folder.parent.exists() else ():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    for path in folder.glob("[!.]*") if folder.exists() else ():
        if not is_current(path, *versions):
            path.unlink(missing_ok=True)
