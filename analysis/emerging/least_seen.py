"""How many alerts a usual place must have in one window to be marked hot: what a map of classes over time cannot show.

A month holds a twelfth of the alerts of a year, and every cell is tested in every step: a place that is a hot spot of
the year need not stand out in any single month.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.emerging.cube import Latest, SpaceTimeCube
from analysis.stats.exact_rates import larger_rate
from curim_data.model import BoolArray, FloatArray

MOST: Final = 5_000  # alerts of a window that are tried


def least_seen(
    cube: SpaceTimeCube,
    latest: Latest,
    p: FloatArray,
    hot: BoolArray,
    margin: float,
    alpha: float,
    dispersion: float = 1.0,
) -> tuple[int, float]:
    """The least alerts with which a usual place would be marked hot in the last window, and how many are expected.

    A usual place has the window, the surroundings and the density that alerts have on average. It is marked where its
    p-value is no larger than that of the weakest mark, or than alpha over all tests where there is no mark, and where
    it would lead its group (`analysis.emerging.cube.significant_cells`).

    Parameters
    ----------
    latest : Latest
        The last windows.
    p, hot : arrays, shape (cells, steps)
        p-values of all windows, and which are marked.
    margin, alpha, dispersion : float
        As of the test.

    Returns
    -------
    tuple of int and float
        Alerts in the window, and how many are expected there. (0, nan) without alerts or surroundings.
    """
    weights = np.where(latest.size_out > 0, cube.counts.sum(axis=1), 0.0)
    if not weights.any():
        return 0, float("nan")
    outside, inside_size, outside_size = (
        float(np.average(values, weights=weights)) for values in (latest.outside, latest.size_in, latest.size_out)
    )
    limit = min(p[hot].max() if hot.any() else alpha / p.size, alpha / len(cube.cells))
    tried = np.arange(1, MOST)
    found = larger_rate(tried, np.full(len(tried), outside), inside_size, outside_size, margin, dispersion) <= limit
    return int(tried[found][0]) if found.any() else 0, outside / outside_size * inside_size
