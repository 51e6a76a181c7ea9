"""How often quiet periods lie outside their expected range or are called a shift, and which rises and steps are seen.

`python -m tests.simulations.lines [--series N] [--seed N] [--shifts]` writes the tables of docs/bands-and-alarms.md.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.trends.line import read_line
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

    def risen(self, rng: np.random.Generator, counts: FloatArray, factor: float = RISE) -> FloatArray:
        """The counts if each week alone had the rise: more incidents, as many reports of each."""
        return counts + self._count(rng, np.full(counts.shape, 1.0) * counts * (factor - 1))


def rates(world: World, series: int, seed: int) -> dict[str, tuple[int, int, int, int]]:
    """By length of the data: weeks judged, outside, above, and above if that week alone had risen."""
    rng = np.random.default_rng([seed, *map(ord, str(world))])
    counts = world.draw(rng, series)
    higher = world.risen(rng, counts)
    bounds = [read_line(row, A_YEAR).bounds() for row in counts]
    low, high = np.array([b[0] for b in bounds]), np.array([b[1] for b in bounds])
    found = {}
    for name, (first, last) in LENGTHS.items():
        part = slice(first, last)
        above = counts[:, part] > high[:, part]
        outside = above | (counts[:, part] < low[:, part])
        seen = higher[:, part] > high[:, part]
        found[name] = (outside.size, int(outside.sum()), int(above.sum()), int(seen.sum()))
    return found


def shift_rates(world: World, weeks: int, series: int, seed: int) -> tuple[float, float, float]:
    """Alarms of a level a year of quiet weeks, the last year read every third week (26 weeks of history at least), and
    the shares of halvings and of rises by 60 % that are an alarm within four weeks of the step.
    """
    rng = np.random.default_rng([seed, weeks, *map(ord, str(world))])
    false = years = 0.0
    seen = {0.5: 0, 1.6: 0}
    for y in world.draw(rng, series, weeks):
        first, last = max(weeks - 52, 26), None
        for end in range(first, weeks + 1, 3):
            shift = _alarm(y[:end])
            false += shift is not None and shift != last
            last = shift
        years += (weeks - first) / 52
        for factor in seen:
            z, at = y.copy(), weeks - 4
            z[at:] = rng.binomial(z[at:].astype(int), factor) if factor < 1 else world.risen(rng, z[at:], factor)
            seen[factor] += any((_alarm(z[:end]) or 0) >= at - 1 for end in range(at + 2, weeks + 1))
    return false / years, seen[0.5] / series, seen[1.6] / series


def _alarm(y: FloatArray) -> int | None:
    """Where the level began that is an alarm at the end of a series."""
    return next((one.at for one in read_line(y, A_YEAR).shifts if one.recent), None)


def worlds() -> Iterator[World]:
    """Every quiet city of the table."""
    for drift, season, mean, reports in itertools.product(DRIFTS, SEASONS, MEANS, REPORTS):
        yield World(mean, reports, season, drift)


def band_table(series: int, seed: int) -> None:
    """Rows of a Markdown table: quiet weeks outside in 1,000, and the share of rises that are seen."""
    head = " | ".join(f"{name} y" for name in LENGTHS)
    print(f"| alerts a week | reports | season | drift | {head} | rise seen, 10 y |\n" + "|---" * 10 + "|")
    sums = {name: np.zeros(3) for name in LENGTHS}
    for world in worlds():
        found = rates(world, series, seed)
        cells = " | ".join(f"{1000 * out / n:.1f}" for n, out, _, _ in found.values())
        n, _, _, seen = found["10"]
        print(
            f"| {world.mean} | {world.reports:g} | {world.season} | {world.drift} | {cells} | {seen / n:.2f} |",
            flush=True,
        )
        for name, row in found.items():
            sums[name] += row[:3]
    for name, (n, out, above) in sums.items():
        print(f"| {name} | {n:.0f} | {1000 * out / n:.1f} | {1000 * above / n:.1f} |")


def shift_table(series: int, seed: int) -> None:
    """Rows of a Markdown table: false alarms of a level a year, and steps that are an alarm within four weeks."""
    print("| weeks | alerts a week | reports | season | drift | false a year | halving | + 60 % |\n" + "|---" * 8 + "|")
    for weeks, drift, season, (mean, reports) in itertools.product(
        (60, 156), DRIFTS, SEASONS, ((20, 2.0), (140, 1.0), (140, 2.0), (800, 2.0))
    ):
        false, halved, risen = shift_rates(World(mean, reports, season, drift), weeks, series, seed)
        cells = f"{false:.2f} | {halved:.2f} | {risen:.2f}"
        print(f"| {weeks} | {mean} | {reports:g} | {season} | {drift} | {cells} |", flush=True)


def main() -> None:
    """Write a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shifts", action="store_true")
    chosen = parser.parse_args()
    (shift_table if chosen.shifts else band_table)(chosen.series, chosen.seed)


if __name__ == "__main__":
    main()
