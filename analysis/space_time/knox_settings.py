"""What goes before the Knox test: duplicate reports out, bands by the precision of the data, piles thinned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from analysis.stats.inference import Floats
from analysis.stats.result import Choice
from curim_data.model.i18n import Message

REPEAT_M: Final = 0.1  # the same place again
SPACE_M: Final = (REPEAT_M, 100.0, 200.0, 300.0, 400.0)
TIME_DAYS: Final = (7.0, 14.0, 21.0, 28.0)
DUPLICATE_M: Final = 1.0


@dataclass(frozen=True)
class Bands:
    """Upper edges of the bands in metres and days, and why these."""

    space: tuple[float, ...]
    time: tuple[float, ...]
    choice: Choice


def bands_for(precision_m: float = 0.0, precision_days: float = 1.0) -> Bands:
    """Bands that the data can tell apart: steps of 100 m and 7 days, wider where coordinates or dates are coarser.

    A step is never below twice the precision: two points rounded to 100 m may lie 100 m closer or farther than they
    seem. The band of exact repeats is kept only where the precision is 10 m or finer, for coarser coordinates make
    neighbours into repeats. Raises ValueError for a precision that is negative or a date known only by the month
    (above 14 days): such data has no near repeats to find.
    """
    if precision_m < 0 or not 0 < precision_days <= 14:
        raise ValueError(f"no bands for coordinates of {precision_m} m and dates of {precision_days} days")
    step = max(100.0, float(np.ceil(2 * precision_m / 50) * 50))
    week = max(7.0, float(np.ceil(2 * precision_days / 7) * 7))
    repeats = (REPEAT_M,) if precision_m <= 10 else ()
    told = Message(
        "Bands of {metres} m and {days} days: the smallest that a team can act on and that the precision of the data "
        "(about {precision} m) allows.",
        {"metres": round(step), "days": round(week), "precision": round(max(precision_m, 1))},
    )
    space, time = (tuple(width * k for k in range(1, 5)) for width in (step, week))
    return Bands((*repeats, *space), time, Choice("bands", f"{step:g} m, {week:g} d", told))


def without_near_duplicates(
    x: Any, y: Any, days: Any, hours: Any, category: Any, *, metres: float = DUPLICATE_M
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Mark the alerts to keep: reports of the same category, day and hour within a metre are one.

    Reports are joined in chains (a and c are one where both lie within a metre of b); the first in the given order is
    kept. An unknown hour (NaN) is no ground to call two reports one.

    Parameters
    ----------
    x, y : arrays, shape (n,)
        Metres.
    days, hours : arrays, shape (n,)
        Days since any origin (their parts are ignored) and hours of the clock.
    category : array, shape (n,)
        Any labels.

    Returns
    -------
    array of bool, shape (n,)
    """
    place = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    hour = np.asarray(hours, dtype=float)
    keep = np.ones(len(place), dtype=bool)
    known = np.flatnonzero(np.isfinite(hour))
    if not len(known):
        return keep
    label = np.unique(np.asarray(category, dtype=str)[known], return_inverse=True)[1]
    moment = np.column_stack([np.floor(np.asarray(days, dtype=float)[known]), np.floor(hour[known]), label])
    key = np.unique(moment, axis=0, return_inverse=True)[1].ravel()
    # Moments lie far apart on a third axis; piles of one moment are one row, so that pairs stay few.
    rows = np.column_stack([np.round(place[known], 6), 10 * metres * key])
    distinct, member = np.unique(rows, axis=0, return_inverse=True)
    pairs = cKDTree(distinct).query_pairs(metres + 1e-6, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(distinct), len(distinct)))
    report = connected_components(links, directed=False)[1][member.ravel()]
    keep[known] = False
    keep[known[np.unique(report, return_index=True)[1]]] = True
    return keep


def thinned(
    points: Floats, reach: float, order: float, most_pairs: int, seed: int
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], tuple[Choice, ...]]:
    """Alerts to test so that at most about `most_pairs` pairs lie within `reach`, and what is told of it.

    Pairs are counted without listing them. A share f of the alerts has f² of the pairs; the alerts are drawn at
    random, in halves after that should chance leave too many.
    """
    kept = np.arange(len(points))
    rng = np.random.default_rng(seed)
    while len(kept) > 1 and (pairs := _pairs_within(points[kept], reach, order)) > most_pairs:
        share = min(0.99, float(np.sqrt(most_pairs / pairs)))
        kept = np.sort(rng.choice(kept, int(share * len(kept)), replace=False))
    if len(kept) == len(points):
        return kept, ()
    told = Message(
        "So many alerts lie near each other that a random {used} of {n} were tested (at most {pairs} pairs).",
        {"used": len(kept), "n": len(points), "pairs": most_pairs},
    )
    return kept, (Choice("thinned", len(kept), told),)


def _pairs_within(points: Floats, reach: float, order: float) -> int:
    if np.isinf(reach):
        return len(points) * (len(points) - 1) // 2
    tree = cKDTree(points)
    return (int(tree.count_neighbors(tree, reach, p=order)) - len(points)) // 2
