"""From alerts to incidents, by a plain rule: which alerts tell of the same event, for studies in which a second report
of one event must not pass for a second event.

An incident begins with its first alert (the leader); later alerts of the same category near that one and soon after it
belong to it. Nearness is to the first alert alone, so that incidents make no chains: the leader algorithm of Hartigan
(1975), Clustering Algorithms, chapter 3, in space and time.
"""

from __future__ import annotations

from collections import defaultdict, deque
from itertools import product
from math import hypot
from typing import Any, Final

import numpy as np

from curim_data.model import IntArray

METRES: Final = 50.0
HOURS: Final = 2.0


def first_alerts(
    x: Any, y: Any, hours: Any, category: Any, same: Any, *, metres: float = METRES, within: float = HOURS
) -> IntArray:
    """For each alert the row of the first alert of its incident, itself where it is the first.

    In the order of their times (equal ones, and unknown ones at the end, as they are given) an alert belongs to the
    incident of the alerts with its number in its source, or else to the earliest incident of its category whose first
    alert is at most `metres` and `within` hours away, or else begins one.

    Parameters
    ----------
    x, y : arrays, shape (n,)
        Metres.
    hours : array, shape (n,)
        Hours since any origin; an alert without a time (NaN) or place is near no other.
    category : array, shape (n,)
        Any labels.
    same : array of int, shape (n,)
        A number for the source's own incident, below 0 where it has none.

    Returns
    -------
    array of int, shape (n,)
    """
    places = np.column_stack([np.asarray(x, float), np.asarray(y, float)])
    times, labels = np.asarray(hours, float), np.asarray(category)
    known = np.isfinite(times) & np.isfinite(places).all(axis=1)
    squares = np.floor(np.where(known[:, None], places, 0.0) / metres).astype(int).tolist()
    first, of_number = np.arange(len(times)), dict[int, int]()
    begun: defaultdict[tuple[Any, int, int], deque[int]] = defaultdict(deque)  # first alerts, the earliest first
    for row, number in ((int(at), int(same[at])) for at in np.argsort(times, kind="stable")):
        if number >= 0 and number in of_number:
            first[row] = of_number[number]
            continue
        (column, line), near = squares[row], list[int]()
        for right, up in product((-1, 0, 1), repeat=2) if known[row] else ():
            others = begun.get((labels[row], column + right, line + up), deque())
            while others and times[row] - times[others[0]] > within + 1e-9:
                others.popleft()
            near += (other for other in others if hypot(*(places[row] - places[other])) <= metres + 1e-6)
        first[row] = min(near, key=lambda other: (times[other], other), default=row)
        if first[row] == row and known[row]:
            begun[labels[row], column, line].append(row)
        if number >= 0:
            of_number[number] = int(first[row])
    return first
