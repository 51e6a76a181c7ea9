"""What the studies of map cells share: the filter over the whole city, the size of the cells, and what was left out."""

from __future__ import annotations

from analysis.grid.cells import resolution_for
from analysis.stats.result import Choice
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message
from curim_data.privacy import finest_resolution, sees_exact
from curim_data.quality.positions import coordinate_step
from curim_data.query import Total


def whole_city(f: AlertFilter) -> AlertFilter:
    """The filter without districts, places and cells: a hot spot stands out from the city, not from a picked area."""
    return f.replace(districts=(), places=(), cells=())


def cell_size(source: Source, f: AlertFilter, audience: Audience, total: Total, resolution: int | None) -> Choice:
    """The resolution of the cells under a filter, and why: chosen from the data unless given.

    An audience without exact counts has one size whatever is given. `total`: that of the filter.
    """
    finest = finest_resolution(audience, f, source.city)
    if not sees_exact(audience):
        return Choice("resolution", finest, Message("Cells of the one size at which small counts stay protected."))
    if resolution is not None:
        return Choice("resolution", min(resolution, finest), Message("Cells of the size that you picked."))
    land = source.city.land_cells(9)
    step = coordinate_step(source)
    return resolution_for(total.mapped or 0, float(land.sum()), step, finest=finest, cells=land.index)


def default_coordinates(n: int | None) -> tuple[Choice, ...]:
    """How many alerts at default coordinates were left out of the map; nothing where there are none."""
    if not n:
        return ()
    message = Message(
        "{n} alerts that share their exact coordinates with many others were set aside: their position is probably "
        "a default of the app.",
        {"n": n},
    )
    return (Choice("piles", n, message),)
