"""Areas built like a treated one all over the city, to learn how counts change where nothing was done."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import Final

import h3.api.basic_int as h3
import numpy as np

# So many areas tell all that there is to learn; more only cost time.
MOST_AREAS: Final = 300
# Areas with less than this part of the treated area's alerts before are left out while enough others stay.
_LIKE: Final = 0.2
_ENOUGH: Final = 40


def placebo_areas(
    counts: Mapping[int, float], size: int, excluded: Collection[int], most: int = MOST_AREAS
) -> tuple[tuple[int, ...], ...]:
    """Areas of `size` connected cells that do not overlap, from the cells with most alerts before on.

    From each free cell, in the order of its count (ties: lowest cell), the nearest free cells are taken ring by ring
    until there are as many as the treated area has: about a disc. What cannot grow so large is left out. The order
    looks at counts before the start only, as the regression does, so it chooses nothing by the outcome.

    Parameters
    ----------
    counts : alerts before by cell (int64 H3 of one resolution): all cells in which an area may lie
    size : number of cells of the treated area
    excluded : cells that no area may hold: the treated area, its buffer, and what touches them
    """
    free = set(counts) - set(excluded)
    cells, n = np.fromiter(counts, np.int64), np.fromiter(counts.values(), float)
    areas: list[tuple[int, ...]] = []
    for seed in cells[np.lexsort((cells, -n))].tolist():
        if len(areas) >= most:
            break
        if seed not in free:
            continue
        found = _nearest(seed, free, size)
        free.difference_update(found)
        if len(found) == size:
            areas.append(tuple(sorted(found)))
    return tuple(areas)


def _nearest(seed: int, free: Collection[int], size: int) -> list[int]:
    """Up to `size` free cells connected with the seed, nearest first."""
    found: list[int] = []
    waiting, seen = deque([seed]), {seed}
    while waiting and len(found) < size:
        cell = waiting.popleft()
        found.append(cell)
        for near in sorted(h3.grid_disk(cell, 1)):
            if near in free and near not in seen:
                seen.add(near)
                waiting.append(near)
    return found


def around(cells: Collection[int], rings: int = 1) -> set[int]:
    """Cells and those within some rings of them."""
    return {near for cell in cells for near in h3.grid_disk(cell, rings)}


def alike(totals: Mapping[int, float], treated: float) -> list[int]:
    """Which areas (keys of `totals`: alerts before) are kept: those with a fifth of the treated area's alerts or more.

    Where fewer than 40 have so many, the 40 with most.
    """
    order = sorted(totals, key=lambda key: (-totals[key], key))
    kept = [key for key in order if totals[key] >= _LIKE * treated and totals[key] > 0]
    return kept if len(kept) >= _ENOUGH else [key for key in order if totals[key] > 0][:_ENOUGH]
