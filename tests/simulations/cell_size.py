"""At which cell size most of what is planted is found: the table in docs/cell-size.md.

    python -m tests.simulations.cell_size [RUNS]

A made-up city of 100 km² whose density varies smoothly (log-normal, a standard deviation of a factor of two, over 1.5
km), with twelve planted places of one radius that hold a tenth of all alerts together, each as many as any other.
Found is the share of the planted alerts that lie in hot cells. The maps of one number of alerts are the same for every
cell size.
"""

from __future__ import annotations

import sys

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd

from analysis.grid.cells import centres, parents
from analysis.hotspots.cell_significance import hot_cells

AT, SIDE_KM, FINE = (41.85, -87.65), 10.0, 12
SIZES, NUMBERS, RADII = (9, 10), (300, 1_000, 3_000, 10_000, 30_000), (60, 250)
SPOTS, PLANTED = 12, 0.1


class City:
    """Fine cells of a square of land, in metres from its middle."""

    def __init__(self) -> None:
        north = SIDE_KM / 2 / 111.2
        east = north / np.cos(np.radians(AT[0]))
        corners = [(AT[0] + a * north, AT[1] + b * east) for a, b in ((-1, -1), (-1, 1), (1, 1), (1, -1))]
        self.cells = np.sort(np.asarray(h3.h3shape_to_cells(h3.LatLngPoly(corners), FINE), dtype=np.int64))
        longitude, latitude = centres(self.cells)
        self.x = (longitude - AT[1]) * 111_200 * np.cos(np.radians(AT[0]))
        self.y = (latitude - AT[0]) * 111_200
        area = h3.cell_area(np.uint64(self.cells[len(self.cells) // 2]), unit="km^2")
        self.masks = {}
        for size in SIZES:
            index, at = np.unique(parents(self.cells, size), return_inverse=True)
            self.masks[size] = index, at, np.bincount(at) * area

    def density(self, rng: np.random.Generator) -> np.ndarray:
        """A smooth field: a sum of waves of random direction, about 1.5 km from hill to valley."""
        field = np.zeros(len(self.cells))
        for _ in range(40):
            way, phase = rng.normal(size=2) * 2 * np.pi / 6_000, rng.uniform(0, 2 * np.pi)
            field += np.cos(way[0] * self.x + way[1] * self.y + phase)
        return np.exp(np.log(2) * field / field.std())

    def planted(self, rng: np.random.Generator, radius: float) -> np.ndarray:
        """Which place each fine cell belongs to, -1 for none; the places lie a kilometre apart at least."""
        chosen: list[int] = []
        while len(chosen) < SPOTS:
            at = int(rng.integers(len(self.cells)))
            if all(np.hypot(self.x[at] - self.x[one], self.y[at] - self.y[one]) > 1_000 for one in chosen):
                chosen.append(at)
        of = np.full(len(self.cells), -1)
        for number, at in enumerate(chosen):
            of[np.hypot(self.x - self.x[at], self.y - self.y[at]) < radius] = number
        return of

    def found(self, size: int, counts: np.ndarray, planted: np.ndarray) -> float:
        """The share of planted alerts in hot cells of one size."""
        index, at, land = self.masks[size]
        frame = pd.DataFrame({"n": np.bincount(at, counts), "land_km2": land}, index=pd.Index(index, name="cell"))
        hot = hot_cells(frame).frame["hot"].to_numpy(bool)
        return float(planted[hot[at]].sum() / max(planted.sum(), 1))


def main(runs: int) -> None:
    """Print the table in Markdown."""
    city = City()
    print("| alerts | a km² | radius | " + " | ".join(f"cells of size {size}" for size in SIZES) + " |")
    print("| --- " * (3 + len(SIZES)) + "|")
    for n in NUMBERS:
        for radius in RADII:
            rng = np.random.default_rng(n + radius)
            shares = np.zeros((runs, len(SIZES)))
            for run in range(runs):
                weight, of = city.density(rng), city.planted(rng, radius)
                spots = np.where(of >= 0, 1 / np.maximum(np.bincount(of[of >= 0], minlength=SPOTS)[of], 1), 0)
                back = rng.multinomial(round(n * (1 - PLANTED)), weight / weight.sum())
                extra = rng.multinomial(round(n * PLANTED), spots / spots.sum())
                shares[run] = [city.found(size, back + extra, extra) for size in SIZES]
            row = " | ".join(f"{share:.0%}" for share in shares.mean(axis=0))
            print(f"| {n:,} | {n / SIDE_KM**2:,.0f} | {radius} m | {row} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
