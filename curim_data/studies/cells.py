"""What the studies of map cells share: the filter over the whole city, the size of the cells, and what was left out."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

import pandas as pd

from analysis.grid.cells import resolution_for, square_side, too_large
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import CELL_RESOLUTIONS, MOST_MAP_CELLS, CityProfile, Message
from curim_data.model.extent import MOST_LAND_CELLS, NESTED_CELLS
from curim_data.privacy import MOST_PROTECTED_CELLS, Counted, finest_resolution
from curim_data.quality.positions import coordinate_step

# Maps of alerts that are kept: the size of the cells is found on the one that is then tested.
MOST_COUNTED: Final = 4


def whole_city(f: AlertFilter) -> AlertFilter:
    """The filter without districts, places and cells: a hot spot stands out from the city, not from a picked area."""
    return f.replace(districts=(), places=(), cells=())


def cell_size(
    source: Source,
    f: AlertFilter,
    resolution: int | None,
    most: int = MOST_MAP_CELLS,
) -> Choice:
    """The resolution of the cells under a filter, and why: chosen from the data unless given.

    `most`: how many cells the land may take; none is made to find that out.
    """
    city = source.city
    finest = finest_resolution(source, f)
    if resolution is not None:
        return affordable_size(city, min(resolution, finest), most)
    chosen = _size_from_data(source, f, finest)
    return chosen if most >= MOST_MAP_CELLS else affordable_size(city, int(chosen.value), most, chosen)


def _size_from_data(source: Source, f: AlertFilter, finest: int) -> Choice:
    """The resolution that the number of alerts on the map lets choose."""
    city = source.city
    return resolution_for(
        query.total(source, f).mapped,
        city.area_km2,
        coordinate_step(source),
        finest=finest,
        cells=city.sampled_cells,
        affordable=city.finest_affordable(MOST_MAP_CELLS if not source.protected else MOST_PROTECTED_CELLS),
    )


def alert_cells(source: Source, f: AlertFilter, resolution: int) -> Counted:
    """Alerts by cell; of the last filters they are kept."""
    kept: dict[Hashable, Counted] = source.cache.setdefault("alert cells", {})
    key = f, resolution, source.protected, source.city.version
    found = kept.get(key)
    if found is None:
        found = query.cells(source, f, resolution)
        if len(kept) >= MOST_COUNTED:
            kept.clear()
        kept[key] = found
    return found


def affordable_size(
    city: CityProfile, resolution: int, most: int = MOST_MAP_CELLS, chosen: Choice | None = None
) -> Choice:
    """A size of cells that was picked (or `chosen`), or the finest that the city can afford instead, which is said."""
    finest = city.finest_affordable(most)
    if resolution <= finest:
        return chosen or Choice("resolution", resolution, Message("Cells of the size that you picked."))
    message = Message(
        "Cells are as large as a square of {metres} m, because {reason}.",
        {"metres": round(square_side(finest, city.sampled_cells)), "reason": too_large(city.area_km2, most)},
    )
    return Choice("resolution", finest, message)


def cells_to_compare(source: Source, f: AlertFilter, resolution: int) -> pd.DataFrame:
    """Counts of the cells among which an area is looked for: those of the land, or of a land that takes too many of
    this size those with alerts. Index cell; n.
    """
    if resolution <= source.city.finest_affordable(MOST_LAND_CELLS):
        return query.cells(source, f, resolution).frame
    counted = query.counts(source, f, ["cell"], resolution=resolution, without_default_points=True)
    return counted.frame.dropna(subset=["cell"]).astype({"cell": "int64"}).set_index("cell")


def nested_cells(resolution: int) -> tuple[Choice, ...]:
    """What cells of a size are made of; nothing for the finest, which are exact."""
    if resolution >= max(CELL_RESOLUTIONS):
        return ()
    return (Choice("cells", "nested", NESTED_CELLS),)


def default_coordinates(n: int | None) -> tuple[Choice, ...]:
    """How many alerts at default coordinates were left out of the map; nothing where there are none."""
    if not n:
        return ()
    message = Message(
        "{n} alerts that share their exact coordinates with many others are kept off maps: their position is probably "
        "a default of the app.",
        {"n": n},
    )
    return (Choice("piles", n, message),)
