"""The density of alerts as one smooth surface, from counts by fine cell after disclosure control."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import shapely
from scipy.ndimage import maximum_filter
from shapely.geometry.base import BaseGeometry

from analysis.density import (
    Bandwidth,
    Density,
    bandwidth_by_rule,
    bandwidth_from_cells,
    class_breaks,
    density_from_cells,
)
from analysis.grid.baseline import Raster, raster_from_polygon
from analysis.grid.cells import centres_in_metres
from analysis.spots.naming import SpotName, name_spots
from analysis.stats.intervals import Estimate, poisson_rate
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import CellArray, CityProfile, Message, Translator
from curim_data.model.prepared import read_arrays, write_arrays
from curim_data.privacy import DisclosureError
from curim_data.quality.positions import coordinate_step
from curim_data.query import Total
from curim_data.studies.cells import default_coordinates, whole_city

RESOLUTION: Final = 12
# Fine cells of the land by which its pixels are made; where it takes more, they are made from its polygon.
MOST_FINE_CELLS: Final = 60_000
DAYS_A_MONTH: Final = 365.2425 / 12
MOST_PEAKS: Final = 10
LEAST_ALERTS: Final = 20  # of fewer a surface only shows where each of them lies


@dataclass(frozen=True)
class DensityPeak:
    """A place where alerts are denser than all round it: its name, position and alerts per km² and month."""

    name: SpotName
    longitude: float
    latitude: float
    value: Estimate


@dataclass(frozen=True, eq=False)
class DensityStudy:
    """The surface, the width it was smoothed by and why, and its highest places, highest first.

    `peaks`: at most ten, one width or more apart, above the mean of the city.
    """

    total: Total
    density: Density
    bandwidth: Bandwidth
    peaks: tuple[DensityPeak, ...]
    choices: tuple[Choice, ...]

    @property
    def enough(self) -> bool:
        """Whether there are so many alerts that a surface says more than where each of them lies."""
        return self.density.n >= LEAST_ALERTS

    def too_few(self, t: Translator) -> str:
        """What is said instead of a density."""
        return t.n(
            "{n} alert is too few for a density: it takes {least}. Widen the period or the categories.",
            "{n} alerts are too few for a density: it takes {least}. Widen the period or the categories.",
            self.density.n,
            least=LEAST_ALERTS,
        )


def density_study(source: Source, f: AlertFilter) -> DensityStudy:
    """Alerts per km² and month over the whole city, whatever area the filter names.

    The surface is smoothed no less than the precision of the coordinates.
    DisclosureError for an audience without exact counts: a surface from the protected copy would be as coarse as its
    cells.
    """
    if source.protected:
        raise DisclosureError(
            Message(
                "The density is drawn for analysts and specialists only: the protected copy has the middles of map "
                "cells alone, and from those nothing smoother can be drawn."
            )
        )
    whole = whole_city(f)
    total = query.total(source, whole)
    counted = query.counts(source, whole, ["cell"], resolution=RESOLUTION, without_default_points=True).frame.set_index(
        "cell"
    )["n"]
    found = counted[counted > 0]
    land = _land(source, np.asarray(found.index, np.int64))
    least = max(coordinate_step(source), 50.0, land.cell_m if isinstance(land, Raster) else 0.0)
    if source.known_time.knows("week"):
        weekly = query.counts(
            source, whole, ["cell", "week"], resolution=RESOLUTION, without_default_points=True
        ).frame.dropna(subset=["week"])
        periods = weekly.assign(day=weekly["week"] + pd.Timedelta(days=6))[["cell", "day", "n"]]
        bandwidth = bandwidth_from_cells(periods, land, source.city, least_m=least)
    else:
        bandwidth = _by_rule(float(found.sum()), source.city.area_km2, least)
    months, span = _months(source, whole)
    surface = density_from_cells(found, land, source.city, bandwidth=bandwidth.choice, months=months)
    choices = [*surface.choices, span]
    if bandwidth.reference is not None:
        choices.insert(1, bandwidth.reference)
    choices += default_coordinates(total.at_default)
    return DensityStudy(total, surface, bandwidth, density_peaks(surface, source.city), tuple(choices))


def _land(source: Source, cells: CellArray) -> pd.Series | Raster:
    """The land as fine cells, or as pixels where these would be too many; with pixels under all cells with alerts."""
    city = source.city
    if _in_fine_cells(city):
        return city.land_cells(RESOLUTION)
    pixels = source.once(_PIXELS, "", lambda: _kept_pixels(city) or raster_from_polygon(city.land_metres))
    return pixels.with_points(*centres_in_metres(cells, city))


def keep_pixels(city: CityProfile) -> None:
    """Keep the land in pixels for later processes, beside what else is prepared for the city, where a density is drawn
    in pixels and they take long to make.
    """
    folder = city.prepared
    if folder is None or _in_fine_cells(city) or _kept_pixels(city) is not None:
        return
    with suppress(ValueError):  # a land without pixels: who asks for its density is told why
        pixels = raster_from_polygon(city.land_metres)
        write_arrays(folder, _PIXELS, land_km2=pixels.land_km2, at=[pixels.x0, pixels.y0, pixels.cell_m])


def _in_fine_cells(city: CityProfile) -> bool:
    return city.finest_affordable(MOST_FINE_CELLS) >= RESOLUTION


def _kept_pixels(city: CityProfile) -> Raster | None:
    """The land in pixels as it was kept by the same code; None where it was not."""
    kept = read_arrays(city.prepared, _PIXELS)
    return Raster(kept["land_km2"], *map(float, kept["at"])) if kept is not None else None


_PIXELS: Final = "pixels"


def _by_rule(n: float, land_km2: float, least_m: float) -> Bandwidth:
    """The width by rule of thumb where only months are known, so that none can be tried on later weeks."""
    width = bandwidth_by_rule(n, land_km2, least_m)
    message = Message(
        "Smoothed over {metres} m by a rule of thumb: of these alerts the month alone is known, so that no width can "
        "be tried on later weeks.",
        {"metres": round(width.metres)},
    )
    return replace(width, explanation=message)


def _months(source: Source, f: AlertFilter) -> tuple[float, Choice]:
    """The length of the filter's period in months, as far as there are data, and what it is."""
    start, end = query.dates(source, f)
    start, end = max(start, source.first), min(end, source.as_of)
    days = max((end - start).days, 0) + 1
    message = Message(
        "A month is 30.4 days: {days} days from {start} to {end}.",
        {"days": days, "start": start, "end": start + dt.timedelta(days=days - 1)},
    )
    return days / DAYS_A_MONTH, Choice("months", days, message)


def density_peaks(density: Density, city: CityProfile, most: int = MOST_PEAKS) -> tuple[DensityPeak, ...]:
    """The highest places of a surface, none within a width of a higher one, all above the mean of the land."""
    raster, width = density.raster, float(density.bandwidth.value)
    side = 2 * int(np.ceil(width / raster.cell_m)) + 1
    top = (density.values == maximum_filter(density.values, size=side)) & (density.values > density.mean)
    rows, columns = np.nonzero(top)
    order = np.argsort(-density.values[rows, columns], kind="stable")[:most]
    x, y = (columns[order] + 0.5) * raster.cell_m + raster.x0, (rows[order] + 0.5) * raster.cell_m + raster.y0
    longitude, latitude = city.to_metres.transform(x, y, direction="INVERSE")
    at = [
        _Peak(str(number), *place)
        for number, place in enumerate(zip(longitude.tolist(), latitude.tolist(), strict=True))
    ]
    names = name_spots(at, city)
    found: list[DensityPeak] = []
    for peak, place in zip(at, order, strict=True):
        value, error = (float(part[rows[place], columns[place]]) for part in (density.values, density.error))
        alerts = (value / error) ** 2
        rate = poisson_rate(alerts, alerts / value)
        found.append(DensityPeak(names[peak.id], peak.longitude, peak.latitude, rate))
    return tuple(found)


class _Peak(NamedTuple):
    """A place to be named."""

    id: str
    longitude: float
    latitude: float


def pixel_frame(density: Density, city: CityProfile) -> pd.DataFrame:
    """The surface as a table: longitude, latitude (WGS84, middle of the pixel), land_km2, density, error; land only."""
    raster = density.raster
    rows, columns = np.nonzero(density.land)
    x, y = (columns + 0.5) * raster.cell_m + raster.x0, (rows + 0.5) * raster.cell_m + raster.y0
    longitude, latitude = city.to_metres.transform(x, y, direction="INVERSE")
    return pd.DataFrame(
        {
            "longitude": np.round(longitude, 6),
            "latitude": np.round(latitude, 6),
            "land_km2": raster.land_km2[rows, columns].round(7),
            "density": density.values[rows, columns].round(3),
            "error": density.error[rows, columns].round(3),
        }
    )


def class_polygons(density: Density, city: CityProfile) -> list[tuple[float, float, BaseGeometry]]:
    """The classes of the map as shapes (WGS84): lower and upper limit in alerts per km² and month, and the pixels."""
    breaks = class_breaks(float(density.values.max()))
    raster, found = density.raster, []
    for low, high in pairwise(breaks):
        rows, columns = np.nonzero((density.values > low) & (density.values <= high) & density.land)
        if not len(rows):
            continue
        x, y = columns * raster.cell_m + raster.x0, rows * raster.cell_m + raster.y0
        shape = shapely.union_all(shapely.box(x, y, x + raster.cell_m, y + raster.cell_m))
        degrees = shapely.transform(
            shape, lambda at: np.column_stack(city.to_metres.transform(at[:, 0], at[:, 1], direction="INVERSE"))
        )
        found.append((low, high, shapely.set_precision(degrees, 1e-6)))
    return found


def class_geojson(density: Density, city: CityProfile) -> str:
    """The classes as GeoJSON (WGS84), each from and to so many alerts per km² and month; nothing below the first."""
    features = [
        {
            "type": "Feature",
            "properties": {"from": low, "to": high},
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for low, high, shape in class_polygons(density, city)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})
