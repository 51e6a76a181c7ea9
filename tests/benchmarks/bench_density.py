"""The density of a million points against a smoothed histogram and `scipy.stats.gaussian_kde`, and its width's choice.

Run with `python -m tests.benchmarks density`. The fairest peer counts points by the code of their pixel and smooths
these (`bincount` and `gaussian_filter`), without a shore and without errors, which ours has. `gaussian_kde` adds every
point to every pixel, so its time grows as points times pixels: it is timed on as many points as a few seconds bear, and
multiplied up.
"""

from __future__ import annotations

import numpy as np
import shapely
from scipy.ndimage import gaussian_filter
from scipy.stats import gaussian_kde

from analysis.density import bandwidth_for, raster_from_polygon
from tests.benchmarks.clock import race, seconds
from tests.benchmarks.results import Row, hand_in, hand_in_growth, hand_in_race
from tests.density_of_points import kernel_density

SIZES = (10_000, 100_000, 1_000_000)
SIDE = 10_000.0
HERE = 300


def main() -> None:
    """A land of 10 by 10 km in 401 by 401 pixels of 25 m."""
    rng = np.random.default_rng(0)
    centre = rng.uniform(1_500, SIDE - 1_500, (2, 30))
    points = np.clip(centre[:, rng.integers(0, 30, 1_000_000)] + rng.normal(0, 400, (2, 1_000_000)), 0, SIDE)
    built = seconds(lambda: raster_from_polygon(shapely.box(0, 0, SIDE, SIDE)))
    land = raster_from_polygon(shapely.box(0, 0, SIDE, SIDE))
    pixels = land.land_km2.size

    def ours() -> object:
        return kernel_density(*points, land=land, bandwidth=150, months=12)

    few = points[:, :HERE]
    peer = gaussian_kde(few, bw_method=150 / few.std())
    axis = np.arange(12.5, SIDE, 25)
    grid = np.array([part.ravel() for part in np.meshgrid(axis, axis)])

    def bare() -> object:
        sums = np.histogram2d(points[1], points[0], bins=401, range=[[0, 10_025]] * 2)[0]
        return gaussian_filter(sums, 6, mode="constant")

    def coded() -> object:
        pixel = (points[1] / 25).astype(np.int64) * 401 + (points[0] / 25).astype(np.int64)
        sums = np.bincount(pixel, minlength=401 * 401).reshape(401, 401).astype(float)
        return gaussian_filter(sums, 6, mode="constant")

    assert np.allclose(coded(), bare())
    whole = (points.shape[1] / HERE) * (pixels / grid.shape[1])
    print(f"1,000,000 points on {pixels:,} pixels, with errors (land once: {built:.2f} s)")
    peers = {
        "bincount and gaussian_filter": race(ours, coded),
        "histogram2d and gaussian_filter": race(ours, bare),
        f"gaussian_kde, timed on {HERE} points and multiplied up": race(ours, lambda: peer(grid), scale=whole),
    }
    for name, found in peers.items():
        print(f"  {name}: {found}")
        hand_in_race("density", "1 million points", found, name)
    times = []
    for count in SIZES:
        some = points[:, :count]
        times.append(
            seconds(lambda some=some: kernel_density(*some, land=land, bandwidth=150, months=12), 5)  # type: ignore[misc]
        )
        print(f"{count:,} points: {times[-1]:.3f} s")
    hand_in_growth("density, the same land", SIZES, times)
    for count in (SIZES[0], SIZES[-1]):
        some, days = points[:, :count], rng.integers(0, 1_000, count)
        took = seconds(lambda some=some, days=days: bandwidth_for(*some, days, land=land))  # type: ignore[misc]
        print(f"choice among 18 widths, {count:,} points: {took:.2f} s")
        hand_in(Row("density: choice among 18 widths", f"{count:,} points", processor=took))


if __name__ == "__main__":
    main()
