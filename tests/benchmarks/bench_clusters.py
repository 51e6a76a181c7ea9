"""Whole searches for clusters, simulated maps included, at growing sizes; and on ten years of assaults in Chicago.

The land grows with the alerts, so that a search whose work grows linearly keeps the time per alert. Each is told as
a ratio to the first in the same run. Chicago is read from ../shared/data where that is there.
"""

from __future__ import annotations

from pathlib import Path

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import shapely
from h3ronpy.vector import coordinates_to_cells

from analysis.clusters.detection import find_clusters
from curim_data.model import CityProfile
from tests.benchmarks.clock import seconds
from tests.benchmarks.results import Row, hand_in, hand_in_growth

FILE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "exports" / "chicago_aggravated_assaults.csv.gz"
SIZES = (10_000, 100_000, 1_000_000)
PER_KM2 = 20.0
DEGREES_A_KM = 1 / 111.0


def city_of(land: shapely.Geometry, epsg: int) -> CityProfile:
    """A city that is nothing but land."""
    return CityProfile(
        version="bench", names={"en": "Bench"}, epsg=epsg, timezone="UTC", illustrative=True, view={}, groups={},
        categories={}, land=land, districts=(), landmarks=(),
    )  # fmt: skip


def by_cell(longitude: np.ndarray, latitude: np.ndarray) -> pd.DataFrame:
    """Alerts by fine cell."""
    cells = pd.Series(coordinates_to_cells(latitude, longitude, 12).to_numpy().astype(np.int64))
    return cells.value_counts().sort_index().rename("n").to_frame().astype(float)


def town(alerts: int) -> tuple[pd.DataFrame, CityProfile]:
    """Alerts over a round town whose land grows with them, a tenth of them in dense places of 90 m."""
    rng = np.random.default_rng(0)
    radius = float(np.sqrt(alerts / PER_KM2 / np.pi))
    middles = _in_disc(rng, max(3, alerts // 1000)) * radius
    dense = middles[rng.integers(0, len(middles), alerts // 10)] + rng.normal(0, 0.05, (alerts // 10, 2))
    at = np.concatenate([_in_disc(rng, alerts - len(dense)) * radius, dense]) * DEGREES_A_KM
    land = shapely.Point(15.0, 0.0).buffer(1.01 * radius * DEGREES_A_KM, quad_segs=64)
    return by_cell(15.0 + at[:, 0], at[:, 1]), city_of(land, 32633)


def _in_disc(rng: np.random.Generator, n: int) -> np.ndarray:
    turn, away = rng.uniform(0, 2 * np.pi, n), np.sqrt(rng.uniform(0, 1, n))
    return np.column_stack([away * np.cos(turn), away * np.sin(turn)])


def main() -> None:
    """All of them."""
    first, times = 0.0, []
    for alerts in SIZES:
        frame, city = town(alerts)
        took = seconds(lambda frame=frame, city=city: find_clusters(frame, city, runs=99)) / alerts  # type: ignore[misc]
        first = first or took
        print(f"{alerts:,} alerts, 99 maps: {1e6 * took:.0f} microseconds an alert, {took / first:.2f} times the first")
        times.append(took * alerts)
        hand_in(Row("search for clusters, 99 maps", f"{alerts:,} alerts", processor=times[-1]))
    hand_in_growth("search for clusters, 99 maps, land grows with alerts", SIZES, times)
    if not FILE.exists():
        print("Chicago: no ../shared/data here")
        return
    table = pd.read_csv(FILE)
    longitude, latitude = (table[name].to_numpy(float) for name in ("longitude", "latitude"))
    land = shapely.MultiPoint(np.column_stack([longitude, latitude])).convex_hull.buffer(0.01)
    city = city_of(land, 32616)
    years = pd.to_datetime(table["date"]).dt.year
    for name, chosen in (("the last year", years == years.max()), ("all years", years > 0)):
        frame = by_cell(longitude[chosen], latitude[chosen])
        took = seconds(lambda frame=frame: find_clusters(frame, city))  # type: ignore[misc]
        resolution = h3.get_resolution(np.uint64(frame.index[0]))
        print(f"Chicago, {name}: {frame['n'].sum():,.0f} alerts on {len(frame):,} cells ({resolution}): {took:.1f} s")
        hand_in(Row(f"search for clusters, Chicago, {name}", f"{frame['n'].sum():,.0f} alerts", processor=took))


if __name__ == "__main__":
    main()
