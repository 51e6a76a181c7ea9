"""Map cells as studies share them: their size, their names, counts in named areas of cells, and which hot spots lie in
the area of a filter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import shapely
from h3ronpy.vector import coordinates_to_cells
from shapely.geometry.base import BaseGeometry

from analysis.grid import resolution_for, square_side, too_large
from analysis.spots.naming import SpotName, name_area
from analysis.stats.intervals import CellPlace, Choice
from curim_data import privacy, query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.geo.enrichment import parent_cells
from curim_data.model import CELL_RESOLUTIONS, MOST_MAP_CELLS, CityProfile, Message, Num, Translator, cell_polygons
from curim_data.model.city import Landmark
from curim_data.model.extent import MOST_LAND_CELLS, ask_shape
from curim_data.privacy import MOST_PROTECTED_CELLS, Counted, finest_resolution
from curim_data.quality.study import coordinate_step

# Maps of alerts that are kept: the size of the cells is found on the one that is then tested.
MOST_COUNTED: Final = 4
# The cells of a plan for a named area: as small as a hot spot's, and no more than so many.
PLAN_RESOLUTION: Final = 10
MOST_OF_AREA: Final = 120


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
    chosen = resolution_for(
        query.total(source, f).mapped,
        city.area_km2,
        coordinate_step(source),
        finest=finest,
        cells=city.sampled_cells,
        affordable=city.finest_affordable(MOST_MAP_CELLS if not source.protected else MOST_PROTECTED_CELLS),
    )
    return chosen if most >= MOST_MAP_CELLS else affordable_size(city, int(chosen.value), most, chosen)


def alert_cells(source: Source, f: AlertFilter, resolution: int) -> Counted:
    """Alerts by cell; of the last filters they are kept."""
    return source.once(
        "alert cells", (f, resolution, query.dates(source, f)), lambda: query.cells(source, f, resolution), MOST_COUNTED
    )


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


def residents_by_district(city: CityProfile) -> pd.Series | None:
    """Residents by district id, women and men together where no total is given; None where none are loaded."""
    people = city.population
    if people is None or "district" not in people:
        return None
    rows = people.set_index("district")
    columns = ["total"] if "total" in rows and rows["total"].notna().all() else ["women", "men"]
    counts = rows.reindex(columns=columns).astype(float).sum(axis=1, skipna=False)
    counts = counts[counts.index.isin([area.id for area in city.districts]) & (counts > 0)]
    return None if counts.empty else counts


def cells_to_compare(source: Source, f: AlertFilter, resolution: int) -> pd.DataFrame:
    """Counts of the cells among which an area is looked for: those of the land, or of a land that takes too many of
    this size those with alerts. Index cell; n.
    """
    if resolution <= source.city.finest_affordable(MOST_LAND_CELLS):
        return query.cells(source, f, resolution).frame
    counted = query.counts(source, f, ["cell"], resolution=resolution, without_default_points=True)
    return counted.frame.dropna(subset=["cell"]).astype({"cell": "int64"}).set_index("cell")


def default_coordinates(n: int | None) -> tuple[Choice, ...]:
    """That alerts at default coordinates, of which there are `n`, were left out of the map; nothing where none is.

    The number may be withheld: it stands where the audience is known.
    """
    message = Message(
        "Alerts that share their exact coordinates with many others are kept off maps: their position is probably a "
        "default of the app."
    )
    return (Choice("piles", "left out", message),) if n else ()


def area_counts(
    source: Source,
    f: AlertFilter,
    areas: Mapping[str, Sequence[str]],
    by: Sequence[str],
    *,
    complete: bool = False,
) -> Counted:
    """Alerts by named area (column `area`, first) and by `by`.

    `areas`: H3 names of each area's cells; one without cells is left out. Alerts at default coordinates are left out.
    """
    frames = [
        area_frame(source, f, cells, by, complete=complete).assign(area=name) for name, cells in areas.items() if cells
    ]
    return counted_areas(source, f, frames, ["area", *by])


def area_frame(
    source: Source, f: AlertFilter, cells: Sequence[str], by: Sequence[str] = (), *, complete: bool = False
) -> pd.DataFrame:
    """Counts in an area, columns `by` and n. In the protected copy an area is made of the cells that it has.

    By day only for studies that make weeks of the days: days are shown to nobody who reads the copy.
    """
    here, _ = privacy.authorise(f.replace(cells=tuple(cells)), source)
    if "local_date" in by:
        source = source.in_full
    return query.counts(source, here, by, complete=complete, without_default_points=True).frame[[*by, "n"]]


def counted_areas(source: Source, f: AlertFilter, frames: Sequence[pd.DataFrame], by: Sequence[str]) -> Counted:
    """Counts of areas, the columns `by` and n."""
    raw = pd.concat(frames, ignore_index=True)[[*by, "n"]] if frames else pd.DataFrame(columns=[*by, "n"], dtype=float)
    return privacy.protect(raw, by, source, f)


def default_cells(source: Source, resolution: int) -> np.ndarray:
    """Cells that hold default coordinates of the app: a rise there is one of reports without a place."""
    points = query.default_points(source)
    finest = coordinates_to_cells(
        points["latitude"].to_numpy(float), points["longitude"].to_numpy(float), max(CELL_RESOLUTIONS)
    )
    return parent_cells(np.asarray(finest, np.uint64).astype(np.int64), resolution)


def area_label(t: Translator, city: CityProfile, cell: str) -> str:
    """What a large map cell is called: where its middle lies, and how large it is."""
    km2 = square_side(h3.get_resolution(np.uint64(int(cell, 16))), city.sampled_cells) ** 2 / 1e6
    return t("{place} (area of {km2} km²)", place=area_name(t, city, cell), km2=Num(km2, 0 if km2 >= 100 else 1))


def area_name(t: Translator, city: CityProfile, cell: str) -> str:
    """Where the middle of a large map cell lies, for tables that say below how large these are."""
    latitude, longitude = h3.cell_to_latlng(number := np.uint64(int(cell, 16)))
    name = name_area(float(longitude), float(latitude), city)
    side = square_side(h3.get_resolution(number), city.sampled_cells)
    # What a cell holds is in no direction of it; a district may hold several cells.
    within = name.labels and not name.near and (name.place or not city.districts) and name.metres < side / 2
    return (replace(name, direction="", metres=0) if within else name)(t)


def area_names(t: Translator, city: CityProfile, cells: Iterable[str]) -> dict[str, str]:
    """Names of large map cells that tell them apart: of two with one name the second, by its H3 name, has a number."""
    names: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for cell in sorted(cells):
        name = area_name(t, city, cell)
        counted[name] += 1
        names[cell] = name if counted[name] == 1 else t("{place} ({number})", place=name, number=counted[name])
    return names


TESTED_IN_CITY: Final = Message(
    "Looked for in the whole city, since a place stands out from the city and not from the picked area: of what was "
    "found, those that lie in the area at least in part are listed."
)
OF_CITY: Final = Message("This is of the whole city, whatever area the filter names.")


def has_area(f: AlertFilter) -> bool:
    """Whether a filter names districts, places or cells."""
    return bool(f.districts or f.places or f.cells)


def area_cells(city: CityProfile, f: AlertFilter) -> tuple[str, ...]:
    """The cells on land in the area that a filter names, as small as `MOST_OF_AREA` of them allow; none where it names
    none.
    """
    shapes = [disc_of(mark) for mark in city.landmarks if mark.id in f.places]  # the smaller area, where both are named
    shapes = shapes or [area.polygon for area in city.districts if area.id in f.districts]
    if f.cells or not shapes:
        return f.cells
    for size in range(PLAN_RESOLUTION, min(CELL_RESOLUTIONS), -1):
        cells = np.array([cell for shape in shapes for cell in h3.geo_to_cells(shape, size)], np.int64)
        land = np.unique(cells[city.on_land(cells)]) if len(cells) else cells
        if len(land) <= MOST_OF_AREA:
            break
    return tuple(f"{cell:x}" for cell in land)


def disc_of(mark: Landmark) -> BaseGeometry:
    """The disc of a landmark, in degrees."""
    up = mark.radius / 111_320  # metres of a degree
    turn = np.linspace(0, 2 * np.pi, 33)[:-1]
    across = up / np.cos(np.radians(mark.latitude))
    return shapely.Polygon(np.column_stack([mark.longitude + across * np.cos(turn), mark.latitude + up * np.sin(turn)]))


def union_of_cells(cells: Collection[int]) -> BaseGeometry:
    """The outline of cells (WGS84), gaps between neighbours closed."""
    return shapely.union_all(shapely.buffer(cell_polygons(list(cells)), 1e-6))


def filter_area(f: AlertFilter, city: CityProfile) -> BaseGeometry | None:
    """The shape (WGS84) of the area that a filter names; None where it names none."""
    named = (
        [area.polygon for area in city.districts if area.id in f.districts],
        [disc_of(mark) for mark in city.landmarks if mark.id in f.places],
        [union_of_cells([int(name, 16) for name in f.cells])] if f.cells else [],
    )
    parts = [shapely.union_all(shapes) for shapes in named if shapes]
    return shapely.intersection_all(parts) if parts else None


def in_area(spot: CellPlace, name: SpotName, f: AlertFilter, city: CityProfile) -> bool:
    """Whether a hot spot lies in the filter's districts, near its places and in its cells, at least in part.

    A cell lies where its centre lies; a picked cell holds the smaller ones within it and belongs to the larger ones.
    """
    cells = np.asarray(spot.cells, np.uint64)
    latitude, longitude = np.array([h3.cell_to_latlng(cell) for cell in cells]).reshape(-1, 2).T
    x, y = city.project(longitude, latitude)

    def near(mark: Landmark) -> bool:
        at_x, at_y = city.project(mark.longitude, mark.latitude)
        return bool((np.hypot(x - at_x, y - at_y) <= mark.radius).any())

    districts = [area.polygon for area in city.districts if area.id in f.districts]
    in_district = (ask_shape(shapely.intersects_xy, one, longitude, latitude).any() for one in districts)
    near_place = (near(mark) for mark in city.landmarks if mark.id in f.places)
    return (
        (not f.districts or any(in_district))
        and (not f.places or name.place in f.places or any(near_place))
        and (not f.cells or _shares_cells(cells, f))
    )


def _shares_cells(cells: np.ndarray, f: AlertFilter) -> bool:
    """Whether some cells and the filter's hold one another; those of a filter may be of several sizes."""
    for one in (int(name, 16) for name in f.cells):
        for cell in cells:
            size = min(h3.get_resolution(one), h3.get_resolution(cell))
            if h3.cell_to_parent(one, size) == h3.cell_to_parent(cell, size):
                return True
    return False
