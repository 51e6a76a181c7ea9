"""How often the CUSUM of the last half-year calls quiet half-years rising.

`python -m tests.simulations.rules [--series N]` writes the shares behind docs/bands-and-alarms.md.
"""

from __future__ import annotations

import argparse

import numpy as np

from analysis.trends.cusum import slow_rise
from analysis.trends.dynamic_season import dynamic_season
from tests.simulations.bands import A_YEAR, World, worlds

WEEKS = 156


def called(world: World, series: int, weeks: int = WEEKS) -> int:
    """Of so many quiet series, how many end with a half-year that is called rising."""
    rng = np.random.default_rng([11, *map(ord, str(world))])
    return sum(slow_rise(y, dynamic_season(y, A_YEAR).outlook).found for y in world.draw(rng, series, weeks))


def main() -> None:
    """Write a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=100)
    series = parser.parse_args().series
    print("| alerts a week | reports | season | drift | half-years called rising, in 100 |")
    print("| --- " * 5 + "|")
    for world in worlds():
        found = 100 * called(world, series) / series
        print(f"| {world.mean} | {world.reports:g} | {world.season} | {world.drift} | {found:.1f} |", flush=True)


if __name__ == "__main__":
    main()
