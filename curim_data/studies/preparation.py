"""What pages need of a city whatever the filter, worked out after an import or a change of the city's profile."""

from __future__ import annotations

import shutil
from typing import Final

from curim_data.engine import open_source
from curim_data.model import MOST_MAP_CELLS, Audience, Message
from curim_data.model.prepared import has_cells, write_cells
from curim_data.model.progress import report, stage
from curim_data.store import Home, has_alerts
from curim_data.studies.hot_spots import keep_known_places

# From so many alerts, or cells, on; below, a page works it out as quickly as it would read it.
WORTH_ALERTS: Final = 50_000
WORTH_CELLS: Final = 10_000
COARSEST: Final = 8
FINEST: Final = 11
AUDIENCES: Final = (Audience.ANALYST, Audience.COUNCIL)
PREPARING: Final = Message("Preparing the maps of the city")


def prepare(home: Home) -> None:
    """Keep the cells of the land, and the known places of the stored alerts, of the profile and alerts as they are now.

    Does nothing that was done already; files of other versions of the profile go. Reports its progress.
    """
    if not home.has_city():
        return
    city = home.city()
    folder = home.prepared(city.version)
    report(0.0, PREPARING)
    finest = min(FINEST, city.finest_affordable(MOST_MAP_CELLS))
    large = False
    for resolution in range(COARSEST, finest + 1):
        if has_cells(folder, resolution):
            large = True
            continue
        land = city.land_cells(resolution)
        if len(land) >= WORTH_CELLS:
            large = True
            write_cells(folder, resolution, land)
        report(0.3 * (resolution - COARSEST + 1) / (finest - COARSEST + 1), PREPARING)
    if has_alerts(home):
        source = open_source(home)
        if large or source.count >= WORTH_ALERTS:
            for at, audience in enumerate(AUDIENCES):
                with stage(0.3 + 0.35 * at, 0.3 + 0.35 * (at + 1), PREPARING):
                    keep_known_places(source, audience)
    for other in folder.parent.glob("*") if folder.parent.exists() else ():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    report(1.0, PREPARING)
