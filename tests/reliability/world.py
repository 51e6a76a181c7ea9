"""Made-up cities in which nothing happens but chance, bursts of reports, a season and a risk that wanders."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from h3ronpy.vector import coordinates_to_cells
from pyproj import Transformer
from scipy.spatial import cKDTree

import sample_data
from analysis.grid import SPREAD_M
from curim_data.engine import Source
from curim_data.engine.source import source_from_files
from curim_data.geo.enrichment import enrich, parent_cells
from curim_data.model import CELL_RESOLUTIONS, SCHEMA, CityProfile
from curim_data.model.city import load_city

PERIOD_WEEKS: Final = 8
HISTORY_WEEKS: Final = 2 * 52 + 2 * PERIOD_WEEKS
START: Final = dt.datetime(2023, 1, 2, tzinfo=dt.UTC)
WEEK_H: Final = 168.0
AREAS: Final = 40  # in each of which risk wanders by itself
POOL: Final = 200_000
STREETS: Final = 40  # along which half of the corners lie that reports are moved to
STREET_M: Final = 15.0
LOOKED_FROM: Final = 20  # points of a place, at least, from which what lies around it is looked at
LOOKED_AT: Final = 5  # of so many points of the pool one is then looked at


@dataclass(frozen=True)
class World:
    """What a made-up city is like.

    `alerts` in a period of eight weeks, `reports` of an incident on average (geometric), further ones scattered around
    the first by `metres` (normal, each direction) and `hours` (exponential). `season`: amplitude of the year's wave.
    `drift`: standard deviation of the log rate of each of 40 areas, which wanders with a half-life in weeks; `growth`:
    mean and standard deviation of how much the log rates grow a year, each by itself.
    `spot`, `rise`: a point of the pool (`at`) around which there are so many `times` as many alerts within `metres`,
    from a week on (`since`).
    `corners`: every report stands at the nearest of so many points, half of them anywhere and half along some streets.
    `alike_corners`: and each of these has as many reports as any other, whatever land is nearest to it.
    """

    alerts: int = 1_100
    reports: float = 1.0
    metres: float = 30.0
    hours: float = 3.0
    season: float = 0.0
    drift: float = 0.0
    half_life: float = 52.0
    growth: float = 0.0
    weeks: int = HISTORY_WEEKS
    spot: Mapping[str, float] = field(default_factory=dict)
    rise: Mapping[str, float] = field(default_factory=dict)
    corners: int = 0
    alike_corners: bool = False


@cache
def piraeus() -> CityProfile:
    """The land, districts and categories of the sample's city."""
    return load_city(sample_data.PROFILE)


@cache
def pool() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Points spread evenly over the land, in metres."""
    land = piraeus().land_metres
    rng, found = np.random.default_rng(1), []
    left, low, right, high = land.bounds
    while sum(map(len, found)) < POOL:
        points = np.column_stack([rng.uniform(left, right, 100_000), rng.uniform(low, high, 100_000)])
        found.append(points[shapely.contains_xy(land, points[:, 0], points[:, 1])])
    return np.concatenate(found)[:POOL]


def degrees(x: Any, y: Any) -> tuple[Any, Any]:
    """Longitude and latitude of points in metres."""
    longitude, latitude = Transformer.from_crs(piraeus().epsg, 4326, always_xy=True).transform(x, y)
    return longitude, latitude


def cells_of(x: Any, y: Any, resolution: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The H3 cells of points in metres; coarser ones are parents, as those of alerts are."""
    longitude, latitude = degrees(x, y)
    fine = np.asarray(coordinates_to_cells(latitude, longitude, max(CELL_RESOLUTIONS)), np.uint64).astype(np.int64)
    return parent_cells(fine, resolution)


@cache
def pool_cells(resolution: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The H3 cell of each point of the pool."""
    return cells_of(*pool().T, resolution)


def true_ratios(
    alerts: Mapping[str, Any], cells: Sequence[int], resolution: int, weeks: tuple[int, int], season: float = 0.0
) -> tuple[float, float]:
    """How many times as many incidents the true risk makes in some cells as in the whole city, and as around them.

    By area of land, from one week up to another. Around: under a Gaussian of 200 m about the cells, as the baseline of
    clusters is smoothed. `season` is that of the world, whose high weeks count for more. One and one where risk is
    stable, and where the cells hold no land.
    """
    wandering = alerts.get("wandering")
    inside = np.isin(pool_cells(resolution), np.asarray(cells, np.int64))
    if wandering is None or not inside.any():
        return 1.0, 1.0
    span = np.arange(*weeks)
    risk = np.average(np.exp(wandering[:, span]), axis=1, weights=_wave(season, span + 0.5))[_areas()]
    here = float(risk[inside].mean())
    points = pool()[inside]
    some, land = points[:: max(len(points) // LOOKED_FROM, 1)], slice(None, None, LOOKED_AT)
    squares = ((some[:, None] - pool()[None, land]) ** 2).sum(axis=2)
    near = np.exp(-squares / (2 * SPREAD_M**2))
    around = near @ risk[land] / near.sum(axis=1)
    return here / float(risk.mean()), here / float(np.mean(around))


def _wave(season: float, week: Any) -> Any:
    """How many times as many incidents as usual the season makes."""
    return 1 + season * np.cos(2 * np.pi * week / 52.18)


@cache
def _areas() -> np.ndarray[Any, np.dtype[np.int64]]:
    """Which of the areas each point of the pool lies in."""
    points = pool()
    middles = points[np.random.default_rng(2).choice(len(points), AREAS, replace=False)]
    return np.argmin(((points[:, None, :] - middles[None]) ** 2).sum(axis=2), axis=1)


def piraeus_point(number: int) -> tuple[float, float]:
    """Longitude and latitude of a point of the pool."""
    longitude, latitude = degrees(*pool()[number])
    return float(longitude), float(latitude)


def simulate(world: World, rng: np.random.Generator) -> dict[str, Any]:
    """Alerts of a city: x, y (metres), hours since the start, category (number), woman (bool); and `wandering`, the log
    risk of each area in each week (None where it is stable).
    """
    wandering = _wandering(world, rng) if world.drift or world.growth else None
    mean = world.alerts / PERIOD_WEEKS * world.weeks / world.reports
    usual = _rate(world, rng.integers(POOL, size=POOL), rng.uniform(0, world.weeks, size=POOL), wandering)
    most = 1.5 * float(usual.max())
    number = rng.poisson(mean * most / usual.mean())  # thinned to the rate
    at, week = rng.integers(POOL, size=number), rng.uniform(0, world.weeks, size=number)
    kept = rng.random(number) * most < _rate(world, at, week, wandering)
    x, y = pool()[at].T
    x, y, hours = x[kept], y[kept], week[kept] * WEEK_H
    corners = _corners(world, rng) if world.corners else None
    if corners is not None and world.alike_corners:
        x, y = corners[rng.integers(len(corners), size=len(x))].T
    weights = 1 / np.arange(2.0, 2 + len(piraeus().categories))
    category = rng.choice(len(weights), size=len(x), p=weights / weights.sum())
    again = rng.geometric(1 / world.reports, size=len(x)) - 1 if world.reports > 1 else np.zeros(len(x), int)
    of = np.concatenate([np.arange(len(x)), np.repeat(np.arange(len(x)), again)])
    further = np.arange(len(of)) >= len(x)
    near = np.where(further[:, None], rng.normal(scale=world.metres, size=(len(of), 2)), 0.0)
    late = np.where(further, rng.exponential(world.hours, size=len(of)), 0.0)
    hours = hours[of] + late
    inside = hours < world.weeks * WEEK_H
    x, y = x[of] + near[:, 0], y[of] + near[:, 1]
    if corners is not None:
        x, y = corners[cKDTree(corners).query(np.column_stack([x, y]))[1]].T
    woman = rng.random(len(of)) < 0.5
    return {
        "x": x[inside],
        "y": y[inside],
        "hours": hours[inside],
        "category": category[of][inside],
        "woman": woman[inside],
        "incident": of[inside],
        "wandering": wandering,
    }


def _corners(world: World, rng: np.random.Generator) -> Any:
    """Points that reports are moved to: half of them anywhere on land, half within 15 m of some straight streets."""
    points = pool()
    anywhere = points[rng.choice(POOL, world.corners - world.corners // 2, replace=False)]
    streets, turns = points[rng.choice(POOL, STREETS)], rng.uniform(0, np.pi, STREETS)
    away = points[:, None, :] - streets[None]
    across = np.abs(away[..., 0] * np.sin(turns) - away[..., 1] * np.cos(turns)).min(axis=1)
    along = points[rng.choice(np.flatnonzero(across < STREET_M), world.corners // 2, replace=False)]
    return np.concatenate([anywhere, along])


def _rate(world: World, at: Any, week: Any, wandering: Any) -> Any:
    """How many times as many incidents as usual there are at points of the pool in some weeks."""
    rate = _wave(world.season, week)
    if wandering is not None:
        rate = rate * np.exp(wandering[_areas()[at], week.astype(int)])
    x, y = pool()[at].T
    for planted in (world.spot, world.rise):
        if planted:
            middle = pool()[int(planted["at"])]
            inside = np.hypot(x - middle[0], y - middle[1]) < planted["metres"]
            rate = np.where(inside & (week >= planted.get("since", 0)), rate * planted["times"], rate)
    return rate


def _wandering(world: World, rng: np.random.Generator) -> Any:
    """Log rates by area and week: an autoregressive process, and growth."""
    keep = 0.5 ** (1 / world.half_life)
    steps = rng.normal(scale=world.drift * np.sqrt(1 - keep**2), size=(AREAS, world.weeks))
    rates = np.empty((AREAS, world.weeks))
    rates[:, 0] = rng.normal(scale=world.drift, size=AREAS)
    for week in range(1, world.weeks):
        rates[:, week] = keep * rates[:, week - 1] + steps[:, week]
    if world.growth:
        yearly = world.growth * (1 + rng.normal(size=(AREAS, 1)))
        rates = rates + yearly * (np.arange(world.weeks) - world.weeks) / 52
    return rates


def source_of(alerts: Mapping[str, Any], folder: Path | None = None) -> Source:
    """The alerts as a source that the studies can ask."""
    city, n = piraeus(), len(alerts["x"])
    longitude, latitude = degrees(alerts["x"], alerts["y"])
    names = np.array(list(city.categories), object)
    moment = pa.array(
        np.datetime64(START.replace(tzinfo=None), "us") + (alerts["hours"] * 3.6e9).astype("timedelta64[us]")
    )
    gender = pa.array(np.where(alerts["woman"], "woman", "man"))
    given = {
        "alert_id": pa.array([f"a{i}" for i in range(n)]),
        "source": pa.repeat("made", n),
        "reported_at": moment.cast(pa.timestamp("us", tz="UTC")),
        "occurred_from": moment.cast(pa.timestamp("us", tz="UTC")),
        "kind": pa.array([city.categories[name].kind for name in names[alerts["category"]]], pa.string()),
        "category": pa.array(names[alerts["category"]], pa.string()),
        "reporter_gender": gender,
        "affected_gender": gender,
        "status": pa.repeat("open", n),
        "confirmations": pa.repeat(0, n),
        "longitude": pa.array(longitude),
        "latitude": pa.array(latitude),
        "batch_id": pa.repeat("b", n),
        "profile_version": pa.repeat(city.version, n),
        "content_hash": pa.repeat("h", n),
    }
    columns = [given[f.name].cast(f.type) if f.name in given else pa.nulls(n, f.type) for f in SCHEMA]
    table = enrich(pa.table(columns, schema=pa.schema([pa.field(f.name, f.type) for f in SCHEMA])), city)
    if folder is not None:
        folder.mkdir(exist_ok=True)
    folder = folder or Path(tempfile.mkdtemp(prefix="reliability-"))
    path = folder / "alerts.parquet"
    pq.write_table(table.select(SCHEMA.names), path)
    return source_from_files([path], f"{path}-{n}", city)
