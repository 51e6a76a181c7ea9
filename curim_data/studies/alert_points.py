"""Studies for readers of exact counts alone: near repeats (the Knox test) and points on a map of few alerts, never of
sensitive categories, out of single alerts that never leave `curim_data`; and the density of alerts as a smooth surface.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
import shapely
from scipy.ndimage import maximum_filter
from shapely.geometry.base import BaseGeometry

from analysis.density import (
    Bandwidth,
    Density,
    Raster,
    bandwidth_by_rule,
    bandwidth_from_cells,
    class_breaks,
    density_from_cells,
    raster_from_polygon,
)
from analysis.grid import centres_in_metres
from analysis.space_time import HOURS, METRES, TIME_DAYS, KnoxResult, bands_for, first_alerts, knox, random_part
from analysis.spots.naming import SpotName, name_spots
from analysis.stats.intervals import CellPlace, Choice, Estimate, poisson_rate
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import CityProfile, Message, Num, Translator
from curim_data.model.sql import at_points, coded, count_if, split_list
from curim_data.privacy import require_exact, sensitive_categories
from curim_data.quality.study import coordinate_step
from curim_data.query import Total, default_points
from curim_data.studies.cells import default_coordinates, whole_city

LEAST_EVENTS: Final = 20  # of fewer no pattern in space and time is tested
MOST_EVENTS: Final = 200_000
MOST_MAP_POINTS: Final = 6_000  # of more on a map one would cover another
COLUMNS: Final = (
    "x, y, local_date, hour, category, source, incident_id, coalesce(occurred_from_us, reported_at_us) AS moment"
)
BY_MONTH: Final = "time_precision = 'month'"


@dataclass(frozen=True)
class Events:
    """Events under a filter: one row of `frame` each, the earliest first.

    `frame`: x, y (metres), day (whole days since 1970-01-01). Left out of it, in this order: `unmapped` alerts without
    a position on the city's land, those `at_default` coordinates, `by_month` of which only the month is known, and
    `again`: further alerts of an incident whose first is a row. `drawn`: rows read, fewer than there are only above
    200,000.
    """

    frame: pd.DataFrame
    n: int
    unmapped: int
    at_default: int
    by_month: int
    again: int
    drawn: int

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What was left out, and why."""
        available = self.n - self.unmapped - self.at_default - self.by_month
        monthly = Message("Alerts of which only the month is known were left out: {n}.", {"n": self.by_month})
        again = Message(
            "Left out as repeated reports of one event, within {metres} m and {hours} hours of an earlier alert of the "
            "same category or with the same number in their source: {n}.",
            {"metres": round(METRES), "hours": round(HOURS), "n": self.again},
        )
        return (
            *default_coordinates(self.at_default),
            *((Choice("by_month", self.by_month, monthly),) if self.by_month else ()),
            *((random_part(self.drawn, available),) if self.drawn < available else ()),
            Choice("again", self.again, again),
        )


def read_events(source: Source, f: AlertFilter) -> Events:
    """Read the events under a filter. DisclosureError for an audience without exact counts."""
    require_exact(source)
    usable, (n, unmapped, on_default, monthly) = _usable(source, f, BY_MONTH)
    read = source.alerts.frame(COLUMNS, usable, "ORDER BY local_date, alert_id")
    if len(read) > MOST_EVENTS:  # the same ones each time
        read = read.sample(MOST_EVENTS, random_state=0).sort_index().reset_index(drop=True)
    read["day"] = (pd.to_datetime(read["local_date"]) - pd.Timestamp(0)) // pd.Timedelta(days=1)
    hours = (read["moment"] / 3.6e9).where(read["hour"].notna())
    same = read.groupby(["source", "incident_id"]).ngroup().fillna(-1).to_numpy(int)
    first = first_alerts(read["x"], read["y"], hours, read["category"], same)
    frame = read.loc[first == np.arange(len(read)), ["x", "y", "day"]].reset_index(drop=True)
    return Events(frame, n, unmapped, on_default, monthly, len(read) - len(frame), len(read))


@dataclass(frozen=True)
class MapPoints:
    """Alerts as points for a map: `frame` with longitude, latitude (five decimals), category and local_date, by date.

    Left out, in this order: `unmapped` alerts of the `n` without a position on the city's land, those `at_default`
    coordinates, and `sensitive` ones, which are never points. `frame` is None where more than 6,000 would be left: one
    would cover another. `counts`: those alerts by their first category (index), the most frequent first.
    """

    frame: pd.DataFrame | None
    counts: pd.Series
    n: int
    unmapped: int
    at_default: int
    sensitive: int

    @property
    def shown(self) -> int:
        """Alerts that are points, or would be."""
        return int(self.counts.sum())


def read_map_points(source: Source, f: AlertFilter) -> MapPoints:
    """The alerts under a filter that may be drawn as points. DisclosureError for an audience without exact counts.

    An alert is sensitive where any of its categories is.
    """
    require_exact(source)
    kinds = sensitive_categories(source)
    sensitive = coded("theme", source.alerts.levels, lambda theme: not kinds.isdisjoint(split_list(theme)))
    shown, (n, unmapped, on_default, hidden) = _usable(source, f, sensitive)
    counted = source.alerts.frame("category, count(*) AS n", shown, "GROUP BY 1")
    counts = counted.set_index("category")["n"].sort_values(ascending=False, kind="stable")
    frame: pd.DataFrame | None = None
    if n - unmapped - on_default - hidden <= MOST_MAP_POINTS:
        frame = source.alerts.frame("longitude, latitude, category, local_date", shown, "ORDER BY local_date, alert_id")
        frame[["longitude", "latitude"]] = frame[["longitude", "latitude"]].round(5)
    return MapPoints(frame, counts, n, unmapped, on_default, hidden)


def _usable(source: Source, f: AlertFilter, last: str) -> tuple[list[str], tuple[int, int, int, int]]:
    """The conditions in SQL of the alerts that are left, and the numbers of all under the filter, of those without a
    position on the city's land, at default coordinates, and for which the condition `last` holds.
    """
    chosen = f.conditions(query.dates(source, f), source.city, source.alerts.levels)
    points = at_points(default_points(source))
    found = source.alerts.one(
        f"count(*) AS n, {count_if('inside')} AS inside, {count_if(f'inside AND {points}')} AS standing, "
        f"{count_if(f'inside AND NOT {points} AND ({last})')} AS hidden",
        chosen,
    )
    numbers = found["n"], found["n"] - found["inside"], found["standing"], found["hidden"]
    return [*chosen, "inside", f"NOT {points}", f"NOT ({last})"], numbers


PERMUTATIONS: Final = 999
PERMUTATIONS_A_BAND: Final = 25
MOST_PAIRS: Final = 200_000  # within the largest distance: about two seconds for the permutations
LASTING_SHARE: Final = 0.5


@dataclass(frozen=True)
class NearRepeatStudy:
    """The Knox test under a filter. `knox` is None where fewer than 20 events are left, or where `lacking` says that
    the days are not known.

    `n` alerts under the filter, `used` events among them that were tested.
    """

    knox: KnoxResult | None
    n: int
    used: int
    choices: tuple[Choice, ...]
    lacking: Message | None = None

    def sentence(self, t: Translator) -> str:
        """The nearest and soonest pattern in plain words, or that there is none."""
        if self.lacking is not None:
            return t("Repeats within days cannot be looked for.") + " " + t(self.lacking)
        if self.knox is None:
            return t("Too few incidents with a place and a day to look for repeats: {n}.", n=self.used)
        return self.knox.sentence(t)

    def caution(self, t: Translator) -> str:
        """Where the excess lasts: that it may be a place that became busier, which the test cannot tell apart.

        It lasts where both of the soonest bands of the nearest distance are patterns, and the later keeps half of it.
        """
        bands = self.knox.near if self.knox is not None else ()
        near = [band for band in bands if band.space == bands[0].space][:2]
        if len(near) < 2 or not all(band.pattern for band in near):
            return ""
        soon, later = near
        if later.ratio - 1 < LASTING_SHARE * (soon.ratio - 1):
            return ""
        return t(
            "The excess hardly fades with time: {first} times as many within {soon} days, {second} times as many "
            "{low} to {high} days apart. That is what a place makes that became busier for a while, rather than "
            "incidents that bring others: look at this place over time.",
            first=Num(soon.ratio, 1),
            second=Num(later.ratio, 1),
            soon=round(soon.time.high),
            low=round(later.time.low),
            high=round(later.time.high),
        )


def near_repeat_study(source: Source, f: AlertFilter, *, permutations: int = PERMUTATIONS) -> NearRepeatStudy:
    """Near repeats under a filter, in bands that the precision of the coordinates allows.

    `permutations`: never fewer than 25 for each band; with 20 or fewer no single band could pass the correction.
    DisclosureError for an audience that may not see single alerts.
    """
    events = read_events(source, f)
    if (lacking := source.lacks("day")) is not None:
        return NearRepeatStudy(None, events.n, 0, (), lacking)
    if len(events.frame) < LEAST_EVENTS:
        return NearRepeatStudy(None, events.n, len(events.frame), events.choices)
    space = bands_for(coordinate_step(source))
    runs = max(permutations, PERMUTATIONS_A_BAND * len(space) * len(TIME_DAYS) - 1)
    found = knox(
        events.frame["x"],
        events.frame["y"],
        events.frame["day"],
        space=space,
        permutations=runs,
        most_pairs=MOST_PAIRS,
    )
    return NearRepeatStudy(found, events.n, found.n_used, (*events.choices, *found.choices))


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
    require_exact(source)
    whole, city = whole_city(f), source.city
    total = query.total(source, whole)

    def counted(*by: str) -> pd.DataFrame:
        return query.counts(source, whole, by, resolution=RESOLUTION, without_default_points=True).frame

    found = counted("cell").set_index("cell")["n"]
    found = found[found > 0]
    land = (
        source.once("pixels", "", lambda: raster_from_polygon(city.land_metres)).with_points(
            *centres_in_metres(np.asarray(found.index, np.int64), city)
        )
        if city.finest_affordable(MOST_FINE_CELLS) < RESOLUTION
        else city.land_cells(RESOLUTION)
    )
    bandwidth = _bandwidth(source, land, found, counted)
    start, end = query.dates(source, whole)
    start, end = max(start, source.first), min(end, source.as_of)
    days = max((end - start).days, 0) + 1
    surface = density_from_cells(found, land, city, bandwidth=bandwidth.choice, months=days / DAYS_A_MONTH)
    choices = (*surface.choices, *default_coordinates(total.at_default))
    return DensityStudy(total, surface, bandwidth, density_peaks(surface, city), choices)


def _bandwidth(
    source: Source, land: pd.Series | Raster, found: pd.Series, counted: Callable[..., pd.DataFrame]
) -> Bandwidth:
    """The width by which later weeks are told best from earlier ones; by rule of thumb where only months are known."""
    least = max(coordinate_step(source), 50.0, land.cell_m if isinstance(land, Raster) else 0.0)
    if source.known_time.knows("week"):
        weekly = counted("cell", "week").dropna(subset=["week"])
        periods = weekly.assign(day=weekly["week"] + pd.Timedelta(days=6))[["cell", "day", "n"]]
        return bandwidth_from_cells(periods, land, source.city, least_m=least)
    return bandwidth_by_rule(float(found.sum()), source.city.area_km2, least)


def density_peaks(density: Density, city: CityProfile) -> tuple[DensityPeak, ...]:
    """The highest places of a surface, none within a width of a higher one, all above the mean of the land."""
    side = 2 * int(np.ceil(float(density.bandwidth.value) / density.raster.cell_m)) + 1
    top = (density.values == maximum_filter(density.values, size=side)) & (density.values > density.mean)
    rows, columns = np.nonzero(top)
    order = np.argsort(-density.values[rows, columns], kind="stable")[:MOST_PEAKS]
    rows, columns = rows[order], columns[order]
    points = zip(*(at.tolist() for at in _middles(density, city, rows, columns)), strict=True)
    at = [CellPlace(str(number), (), *point) for number, point in enumerate(points)]
    names = name_spots(at, city)
    values, errors = density.values[rows, columns].tolist(), density.error[rows, columns].tolist()
    return tuple(
        DensityPeak(names[peak.id], peak.longitude, peak.latitude, poisson_rate((value / error) ** 2, value / error**2))
        for peak, value, error in zip(at, values, errors, strict=True)
    )


def _middles(
    density: Density, city: CityProfile, rows: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude (WGS84) of the middles of some pixels."""
    raster = density.raster
    x, y = (columns + 0.5) * raster.cell_m + raster.x0, (rows + 0.5) * raster.cell_m + raster.y0
    longitude, latitude = city.to_metres.transform(x, y, direction="INVERSE")
    return longitude, latitude


def pixel_frame(density: Density, city: CityProfile) -> pd.DataFrame:
    """The surface as a table: longitude, latitude (WGS84, middle of the pixel), land_km2, density, error; land only."""
    rows, columns = np.nonzero(density.land)
    longitude, latitude = _middles(density, city, rows, columns)
    return pd.DataFrame(
        {
            "longitude": np.round(longitude, 6),
            "latitude": np.round(latitude, 6),
            "land_km2": density.raster.land_km2[rows, columns].round(7),
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
        x, y = columns * raster.cell_m + raster.x0, rows * raster.cell_m + raster.y0
        shape = shapely.union_all(shapely.box(x, y, x + raster.cell_m, y + raster.cell_m))
        degrees = shapely.transform(
            shape, lambda at: np.column_stack(city.to_metres.transform(at[:, 0], at[:, 1], direction="INVERSE"))
        )
        found.append((low, high, shapely.set_precision(degrees, 1e-6)))
    return [one for one in found if not one[2].is_empty]


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
