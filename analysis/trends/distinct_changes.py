"""Out of many changes, each listed once, at the smallest unit that carries it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.trends.changes import MAIN_SHARE, PROBABLE, Change, change_of

# So many movements are listed at least, and so many looked through for those that may be chance.
LEAST: Final = 3
MOST_OPEN: Final = 12
AREAS: Final = ("district", "place", "cell", "area")

Key = tuple[Any, ...]
Crossed = Callable[[Mapping[str, Any]], float]


def distinct_changes(
    frame: pd.DataFrame, by: Sequence[str], part_of: Mapping[str, str], crossed: Crossed
) -> tuple[Change, ...]:
    """The clear and probable changes, each once: clear ones first, then the surest.

    Where they are fewer than three, the largest movements that may be chance follow: none that moved only as a
    share.

    Going from the surest to the least sure, a change is the same as an earlier one where what both share (their theme
    in their area) holds at least half of its excess over what was expected. It is listed at the smallest unit that
    holds half of it, with the larger one as `part_of`.

    Parameters
    ----------
    frame
        Candidates of all levels (`analysis.trends.changes.Changes.frame`), named by the columns `by`.
    part_of
        The district (or large area) of each place, by their names.
    crossed
        The excess of a key that names a place and a category, which is no candidate itself.

    References
    ----------
    Katsevich, E., Sabatti, C. & Bogomolov, M. (2023). Filtering the rejection set while preserving false discovery
    rate control. Journal of the American Statistical Association 118, 165-176.
    """
    tree = _Tree(frame, by, part_of, crossed)
    tested = frame[frame["p"].notna() & ~(frame["grade"].eq("open") & frame["q"].le(PROBABLE))]
    rank = tested["grade"].map({"clear": 0, "probable": 1, "open": 2})
    sorted_rows = tested.assign(rank=rank).sort_values(["rank", "p"], kind="stable")
    ranked = sorted_rows[sorted_rows["rank"].lt(2) | sorted_rows["rank"].eq(2).cumsum().le(MOST_OPEN)].to_dict(
        "records"
    )
    kept: list[Change] = []
    for change in (change_of(row, by) for row in ranked):
        if change.grade == "open" and (len(kept) >= LEAST or not change.direction):
            continue
        whole = next((at for at, one in enumerate(kept) if tree.carries(one, change)), None)
        if whole is not None:
            kept[whole] = replace(change, part_of=kept[whole])
        elif not any(tree.explains(one, change) for one in kept):
            kept.append(change)
    return tuple(kept)


class _Tree:
    """What candidates have in common, by their names."""

    def __init__(self, frame: pd.DataFrame, by: Sequence[str], part_of: Mapping[str, str], crossed: Crossed) -> None:
        self.by, self.part_of, self.crossed = tuple(by), part_of, crossed
        names = zip(
            *([None if pd.isna(value) else value for value in frame[name].tolist()] for name in by), strict=True
        )
        excess = (frame["after"] - frame["expected"]).to_numpy(float)
        self.rows = dict(zip(names, np.nan_to_num(excess).tolist(), strict=True))

    def excess(self, change: Change) -> float:
        """Alerts beyond what was expected, in the direction of the change."""
        return change.direction * (change.after - change.expected)

    def carries(self, whole: Change, part: Change) -> bool:
        """Whether a change of the same grade lies within another and holds half of its excess."""
        if (whole.direction, whole.grade) != (part.direction, part.grade):
            return False
        within = self._meet(whole.key, part.key) == dict(part.key) != dict(whole.key)
        return within and self.excess(part) >= MAIN_SHARE * self.excess(whole)

    def explains(self, earlier: Change, later: Change) -> bool:
        """Whether what both share holds half of the later change's excess, or of the earlier one's, on its side."""
        if earlier.direction != later.direction:
            return False
        shared = self._meet(earlier.key, later.key)
        if shared is None:
            return False
        part = later.direction * self._excess(shared)
        if shared == dict(later.key):  # a share that moved beyond what the larger unit did is another change
            if earlier.level == "city" or later.level == "district_category" or not earlier.expected > 0:
                return False
            part = later.direction * later.expected * (earlier.after / earlier.expected - 1)
        return part >= MAIN_SHARE * self.excess(later)

    def _excess(self, key: Mapping[str, Any]) -> float:
        known = self.rows.get(tuple(key[name] for name in self.by))
        return self.crossed(key) if known is None else known

    def _meet(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any] | None:
        """What two candidates share, as a key; None where they have nothing in common."""
        shared: dict[str, Any] = {}
        for name in self.by:
            a, b = one[name], other[name]
            if a is not None and b is not None and a != b:
                return None
            shared[name] = a if a is not None else b
        wide = next((name for name in ("district", "area") if shared.get(name) is not None), None)
        small = next((name for name in ("place", "cell") if shared.get(name) is not None), None)
        if wide is not None and small is not None:
            if self.part_of.get(shared[small]) != shared[wide]:
                return None
            shared[wide] = None
        return shared
