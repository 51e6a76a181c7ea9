"""Out of many changes, the few that are different findings: a place's rise and that of its one category are one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from analysis.trends.changes import Change, Changes

# A part that holds at least this share of a change explains it.
MAIN_SHARE: Final = 0.5

Key = Mapping[str, Any]


def distinct_changes(changes: Changes, place_in: Mapping[str, str], most: int = 5) -> tuple[Change, ...]:
    """The surest changes, at most `most`, each reported once and as precisely as the data allow.

    Going from the surest to the least sure, a change is the same finding as an earlier one where what both share
    (their theme in their area) holds at least half of its excess over what was expected. Each finding is then shown by
    its most specific significant part that still holds half of its excess.

    Parameters
    ----------
    changes
        Candidates named by district, place, category and dark.
    place_in
        The district of each named place.
    """
    ranked = changes.top(changes.n_significant)
    excess = {_name(key): value for key, value in _excesses(changes.frame, changes.by)}
    chosen: list[Change] = []
    for change in ranked:
        if not any(_explains(earlier, change, excess, place_in) for earlier in chosen):
            chosen.append(change)
    message: list[Change] = []
    for change in (_closest(change, ranked, place_in) for change in chosen):
        if not any(_explains(earlier, change, excess, place_in) for earlier in message):
            message.append(change)
    return tuple(message[:most])


def _closest(change: Change, ranked: tuple[Change, ...], place_in: Mapping[str, str]) -> Change:
    """The most specific part of a change that explains it; the change itself where there is none."""
    parts = [
        part
        for part in ranked
        if part.direction == change.direction
        and _meet(change.key, part.key, place_in) == dict(part.key)
        and abs(part.after - part.expected) >= MAIN_SHARE * abs(change.after - change.expected)
    ]
    depth = [sum(value is not None for value in part.key.values()) for part in parts]
    return max(
        zip(depth, (-part.q for part in parts), range(len(parts)), parts, strict=True), default=(0, 0, 0, change)
    )[3]


def _explains(earlier: Change, later: Change, excess: Mapping[Any, float], place_in: Mapping[str, str]) -> bool:
    if earlier.direction != later.direction:
        return False
    shared = _meet(earlier.key, later.key, place_in)
    if shared is None:
        return False
    part = excess.get(_name(shared), 0.0) * later.direction
    return part >= MAIN_SHARE * abs(later.after - later.expected)


def _meet(one: Key, other: Key, place_in: Mapping[str, str]) -> dict[str, Any] | None:
    """What two candidates share, as a candidate; None where they have nothing in common."""
    shared: dict[str, Any] = {}
    for name in one:
        a, b = one[name], other[name]
        if a is not None and b is not None and a != b:
            return None
        shared[name] = a if a is not None else b
    place, district = shared.get("place"), shared.get("district")
    if place is not None and district is not None:
        if place_in.get(place) != district:
            return None
        shared["district"] = None
    return shared


def _excesses(frame: pd.DataFrame, by: tuple[str, ...]) -> Iterator[tuple[dict[str, Any], float]]:
    """Each candidate whose counts are known, with its count beyond what was expected."""
    for row in frame.dropna(subset=["expected", "after"]).to_dict("records"):
        yield {name: None if pd.isna(row[name]) else row[name] for name in by}, row["after"] - row["expected"]


def _name(key: Key) -> tuple[Any, ...]:
    return tuple(key.values())
