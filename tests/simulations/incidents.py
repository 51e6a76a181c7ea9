"""How well alerts are linked to incidents, and what that does to hot spots: the table in docs/incidents.md.

    python -m tests.simulations.incidents [RUNS [ALERTS]]

Quiet cities (`tests.reliability.bursts`): a square of 10.9 km², 28 categories, a year of history and eight weeks that
are tested with an exact binomial test of windows of 3 x 3 of 27 x 27 cells, Benjamini and Hochberg at 5 %. The rule is
learned from all alerts. "Spot": a disc of 90 m five times as dense at all times; found where a cell in it is hot.
"""

from __future__ import annotations

import sys
from typing import Final

import numpy as np
from scipy.signal import convolve2d
from scipy.stats import binom

from analysis.incidents import learn_linking, link_reports
from analysis.stats.false_discovery import benjamini_hochberg
from curim_data.model import BoolArray, FloatArray
from tests.reliability.bursts import SIDE_M, SPOT_M, Scatter, quiet_city

SCATTERS: Final = (Scatter(1), *(Scatter(mean, *at) for at in ((30, 3), (60, 24)) for mean in (1.5, 2, 3)))
CELLS: Final = 27


def hot_windows(x: FloatArray, y: FloatArray) -> BoolArray:
    """Cells whose 3 x 3 hold more than their share of all, shape (27, 27)."""
    counts = np.histogram2d(x, y, bins=CELLS, range=[[0, SIDE_M]] * 2)[0]
    window = convolve2d(counts, np.ones((3, 3)), mode="same")
    share = convolve2d(np.ones_like(counts), np.ones((3, 3)), mode="same") / CELLS**2
    p = binom.sf(window - 1, int(counts.sum()), share)
    return np.asarray(benjamini_hochberg(p.ravel()).reshape(p.shape) <= 0.05)


def run(rng: np.random.Generator, alerts: int, scatter: Scatter) -> FloatArray:
    """Shares kept and true, false maps (alerts, linked, true), spots found (alerts, linked, true)."""
    out = []
    for spot in (1.0, 5.0):
        city = quiet_city(rng, alerts, scatter, spot=spot)
        linking = learn_linking(city.x, city.y, city.hours, city.category)
        found = link_reports(city.x, city.y, city.hours, city.category, linking)
        linked, true = city.first_of(found), city.first_of(city.incident)
        maps = [hot_windows(city.x[rows], city.y[rows]) for rows in (city.period, linked, true)]
        cell = int(SPOT_M / SIDE_M * CELLS)
        if spot == 1:
            out += [len(linked) / len(city.period), len(true) / len(city.period), *(hot.any() for hot in maps)]
        else:
            out += [hot[cell - 1 : cell + 2, cell - 1 : cell + 2].any() for hot in maps]
    return np.array(out, dtype=float)


def main(runs: int, sizes: tuple[int, ...]) -> None:
    """Print the table."""
    titles = ["alerts", "reports", "scatter", "kept", "true", "false maps: alerts", "linked", "true"]
    titles += ["spots: alerts", "linked", "true"]
    print(f"| {' | '.join(titles)} |")
    print("|---" * len(titles) + "|")
    for alerts in sizes:
        for scatter in SCATTERS:
            rng = np.random.default_rng([alerts, int(scatter.reports * 2), int(scatter.metres)])
            mean = np.mean([run(rng, alerts, scatter) for _ in range(runs)], axis=0)
            at = f"{scatter.metres:g} m, {scatter.hours:g} h" if scatter.metres else "–"
            cells = " | ".join(f"{value:.2f}" for value in mean)
            print(f"| {alerts:,} | {scatter.reports:g} | {at} | {cells} |", flush=True)


if __name__ == "__main__":
    main(int((sys.argv[1:2] or ["100"])[0]), tuple(map(int, sys.argv[2:])) or (1100, 6400))
