"""How often quiet periods fall outside their expected range, and which rises do.

`python -m tests.simulations.bands [--series N] [--out FILE]` writes the tables of docs/bands-and-alarms.md.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from analysis.trends.dynamic_season import dynamic_season
from analysis.trends.expected_range import ALPHA, decompose, ears_band, seasonal_band, wheeler_band
from curim_data.model import FloatArray

WEEKS: Final = 521
A_YEAR: Final = 365.25 / 7
# Years of data: the weeks before this one are what is known.
LENGTHS: Final = {"½": (13, 26), "1": (39, 65), "2": (91, 117), "3": (143, 169), "10": (365, WEEKS)}
MEANS: Final = (5, 20, 120)
REPORTS: Final = (1.0, 1.5, 2.0, 3.0)
SEASONS: Final = (0.0, 0.3)
DRIFTS: Final = (0.0, 0.4)
RISE: Final = 1.35


@dataclass(frozen=True)
class World:
    """A quiet city: alerts a week, reports of an alert (geometric), half the season's range, sd of a slow drift."""

    mean: float
    reports: float
    season: float
    drift: float = 0.0

    def draw(
        self, rng: np.random.Generator, series: int, weeks: int = WEEKS, rise_from: int | None = None
    ) -> FloatArray:
        """Weekly counts, one row a series, with its own time of the year; from a week on with the rise."""
        time = np.arange(weeks)
        phase = rng.uniform(0, A_YEAR, (series, 1))
        rate = self.mean * (1 + self.season * np.sin(2 * np.pi * (time + phase) / A_YEAR))
        if self.drift:
            fade = 0.5 ** (1 / 52)
            risk = np.empty((series, weeks))
            risk[:, 0] = rng.normal(0, self.drift, series)
            for week in range(1, weeks):
                risk[:, week] = fade * risk[:, week - 1]
                risk[:, week] += rng.normal(0, self.drift * np.sqrt(1 - fade**2), series)
            rate = rate * np.exp(risk - self.drift**2 / 2)
        if rise_from is not None:
            rate = np.where(time >= rise_from, rate * RISE, rate)
        return self._count(rng, rate)

    def _count(self, rng: np.random.Generator, rate: FloatArray) -> FloatArray:
        incidents = rng.poisson(rate / self.reports)
        if self.reports == 1:
            return incidents.astype(float)
        further = rng.negative_binomial(np.maximum(incidents, 1), 1 / self.reports)
        return (incidents + np.where(incidents > 0, further, 0)).astype(float)

    def risen(self, rng: np.random.Generator, counts: FloatArray) -> FloatArray:
        """The counts if each week alone had the rise: more alerts, as many reports of each."""
        return counts + self._count(rng, np.full(counts.shape, 1.0) * counts * (RISE - 1))


Outside = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


def ours(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The range that the pages show."""
    return dynamic_season(counts, A_YEAR).bounds(ALPHA)


def plain(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The plain rules that took each count for a Poisson count without a season, by length of the data."""
    early, middle = ears_band(counts, 2, poisson_floor=True), wheeler_band(counts)
    late = seasonal_band(decompose(counts, 52), np.ones(len(counts), dtype=bool))

    def joined(name: str) -> FloatArray:
        parts = [getattr(band, name) for band in (early, middle, late)]
        return np.concatenate([parts[0][:52], parts[1][52:156], parts[2][156:]])

    return joined("lower"), joined("upper")


def rates(world: World, rule: Outside, series: int, seed: int = 1) -> dict[str, tuple[int, int, int, int]]:
    """By length of the data: weeks judged, outside, above, and above if that week alone had risen."""
    rng = np.random.default_rng(seed)
    counts = world.draw(rng, series)
    higher = world.risen(rng, counts)
    bounds = [rule(row) for row in counts]
    low, high = np.array([b[0] for b in bounds]), np.array([b[1] for b in bounds])
    found = {}
    for name, (first, last) in LENGTHS.items():
        part = slice(first, last)
        above = counts[:, part] > high[:, part]
        outside = above | (counts[:, part] < low[:, part])
        seen = higher[:, part] > high[:, part]
        found[name] = (outside.size, int(outside.sum()), int(above.sum()), int(seen.sum()))
    return found


def worlds() -> Iterator[World]:
    """Every quiet city of the table."""
    for drift, season, mean, reports in itertools.product(DRIFTS, SEASONS, MEANS, REPORTS):
        yield World(mean, reports, season, drift)


def table(series: int, rule: Outside) -> list[str]:
    """Rows of a Markdown table: quiet weeks outside in 1,000, and the share of rises that are seen."""
    head = " | ".join(f"{name} y" for name in LENGTHS)
    lines = [
        f"| alerts a week | reports | season | drift | {head} | rise seen, 10 y |",
        "|" + "---|" * (len(LENGTHS) + 5),
    ]
    for world in worlds():
        found = rates(world, rule, series)
        cells = " | ".join(f"{1000 * out / n:.1f}" for n, out, _, _ in found.values())
        n, _, _, seen = found["10"]
        season = f"± {100 * world.season:.0f} %" if world.season else "none"
        lines.append(
            f"| {world.mean} | {world.reports:g} | {season} | {world.drift or 'none'} | {cells} | {seen / n:.2f} |"
        )
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    parts = [
        "Expected range",
        "",
        *table(chosen.series, ours),
        "",
        "Plain rules",
        "",
        *table(max(chosen.series // 5, 4), plain),
    ]
    if chosen.out is not None:
        chosen.out.write_text("\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
