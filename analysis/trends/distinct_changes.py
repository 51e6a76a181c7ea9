"""Out of many changes, the few that are different findings: a place's rise and that of its one category are one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np

from analysis.stats.dispersion import spread_p
from analysis.trends.changes import AREA, Change, Changes, fisher_exact, relative_change

# A part that holds at least this share of a change explains it.
MAIN_SHARE: Final = 0.5

Key = Mapping[str, Any]


def distinct_changes(changes: Changes, place_in: Mapping[str, str], most: int = 5) -> tuple[Change, ...]:
    """The surest changes, at most `most`, each reported once and as precisely as the data allow.

    Going from the surest to the least sure, a change is the same finding as an earlier one where what both share
    (their theme in their area) holds at least half of its excess over what was expected. Each finding is then shown by
    its most specific significant part that still holds half of its excess. A change against the rest of the city that
    is significant only because that rest holds earlier changes of the other direction is none.

    One rise makes many candidates significant (the place, its category, both, after dark), and each of them lets
    Benjamini-Hochberg accept larger p-values; folded into one finding they leave the chance ones in the majority. So
    the limit of p is chosen for findings (focused Benjamini-Hochberg): the largest p at which m p / findings stays
    within alpha, with m the candidates tested and the findings counted after folding. This number at the best limit
    that still holds a finding is its `q`, never below that of the plain correction.

    Parameters
    ----------
    changes
        Candidates named by district, place, category and dark.
    place_in
        The district of each named place.

    References
    ----------
    Katsevich, E., Sabatti, C. & Bogomolov, M. (2023). Filtering the rejection set while preserving false discovery
    rate control. Journal of the American Statistical Association 118, 165-176.
    """
    if not changes.n_significant:
        return ()
    ranked = changes.top(changes.n_significant)
    folded = _folded(ranked, _Overlap(changes, place_in))
    estimates = [
        # A limit takes all candidates of the same p.
        changes.n_tested * change.p / len(found)
        if at + 1 == len(ranked) or ranked[at + 1].p > change.p
        else float("inf")
        for at, (change, found) in enumerate(zip(ranked, folded, strict=True))
    ]
    last = max((at for at, value in enumerate(estimates) if value <= changes.alpha), default=None)
    if last is None:
        return ()
    return tuple(replace(ranked[at], q=min(estimates[at : last + 1])) for at in folded[last][:most])


class _Row(NamedTuple):
    """What is asked of a candidate."""

    before: float
    after: float
    expected: float
    base_before: float
    base_after: float
    dispersion: float
    freedom: float


class _Overlap:
    """What the candidates have in common: their counts by name, the limit of p, and the district of each place."""

    def __init__(self, changes: Changes, place_in: Mapping[str, str]) -> None:
        frame = changes.frame
        self.place_in = place_in
        self.limit = changes.alpha * changes.n_significant / max(changes.n_tested, 1)
        known = frame[frame["expected"].notna().to_numpy() & frame["after"].notna().to_numpy()]
        names = (known[name].to_numpy(object).tolist() for name in changes.by)
        keys = zip(*([None if value != value else value for value in values] for values in names), strict=True)
        counts = zip(*(known[name].to_numpy(float).tolist() for name in _Row._fields), strict=True)
        self.rows = dict(zip(keys, map(_Row._make, counts), strict=True))

    def meet(self, one: Key, other: Key) -> dict[str, Any] | None:
        """What two candidates share, as a candidate; None where they have nothing in common."""
        return _meet(one, other, self.place_in)

    def explains(self, earlier: Change, later: Change) -> bool:
        """Whether what both share holds half of the later change's excess, on the same side."""
        shared = self.meet(earlier.key, later.key) if earlier.direction == later.direction else None
        row = self.rows.get(_name(shared)) if shared is not None else None
        part = (row.after - row.expected) * later.direction if row else 0.0
        return bool(part >= MAIN_SHARE * abs(later.after - later.expected))

    def mirrored(self, earlier: Sequence[Change], later: Change) -> bool:
        """Whether a change against the rest of the city is no longer significant once opposite ones leave that rest.

        A strong rise in one place makes all others fall against a rest that holds it.
        """
        row = self.rows[_name(later.key)]
        base = row.base_before, row.base_after
        opposite = [change for change in earlier if change.direction == -later.direction]
        if later.compared != "city" or not opposite:
            return False
        rest = self._rest(later, base)
        taken = [self._counts(change.key, rest, later.key) for change in opposite]
        left = [max(whole - sum(part[at] for part in taken), 0.0) for at, whole in enumerate(base)]
        if left == list(base) or sum(left) <= 0:
            return False
        table = np.array([[later.before, later.after, *left]])
        p = float(spread_p(fisher_exact(table), row.dispersion, freedom=row.freedom)[0])
        ratio = float(relative_change(table)[0][0])
        return p > self.limit or (ratio - 1) * later.direction <= 0

    def _rest(self, change: Change, base: tuple[float, float]) -> dict[str, Any]:
        """The name of the alerts that hold the rest: those of the same theme, or all."""
        theme = {name: None if name in AREA else value for name, value in change.key.items()}
        same = self.rows.get(_name(theme))
        if same and (same.before - change.before, same.after - change.after) == base:
            return theme
        return dict.fromkeys(change.key)

    def _counts(self, key: Key, within: Key, without: Key) -> tuple[float, float]:
        """Alerts before and after of a candidate that lie within another and without a third, where they are known."""
        inside = self.meet(key, within)
        cut = self.meet(inside, without) if inside is not None else None
        whole = self.rows.get(_name(inside)) if inside is not None else None
        part = self.rows.get(_name(cut)) if cut is not None else None
        if not whole:
            return 0.0, 0.0
        before = whole.before - (part.before if part else 0.0)
        after = whole.after - (part.after if part else 0.0)
        return max(before, 0.0), max(after, 0.0)


def _folded(ranked: Sequence[Change], overlap: _Overlap) -> list[tuple[int, ...]]:
    """For each number of the surest changes the findings that they make, as positions in `ranked`."""

    @cache
    def explains(earlier: int, later: int) -> bool:
        return overlap.explains(ranked[earlier], ranked[later])

    chosen: list[int] = []
    closest: list[int] = []
    findings: list[tuple[int, ...]] = []
    for at, change in enumerate(ranked):
        parts = [_closer(ranked, one, shown, at, overlap) for one, shown in zip(chosen, closest, strict=True)]
        known = any(explains(earlier, at) for earlier in chosen)
        if not known and not overlap.mirrored([ranked[earlier] for earlier in chosen], change):
            chosen.append(at)
            shown = at
            for part in range(at):
                shown = _closer(ranked, at, shown, part, overlap)
            parts.append(shown)
        findings.append(findings[-1] if parts == closest else _different(parts, explains))
        closest = parts
    return findings


def _different(shown: Sequence[int], explains: Callable[[int, int], bool]) -> tuple[int, ...]:
    kept: list[int] = []
    for one in shown:
        if not any(explains(earlier, one) for earlier in kept):
            kept.append(one)
    return tuple(kept)


def _closer(ranked: Sequence[Change], change: int, shown: int, part: int, overlap: _Overlap) -> int:
    """What shows a change better: what does so far, or a part of it that explains it and is more specific or surer."""
    whole, new = ranked[change], ranked[part]
    if new.direction != whole.direction or overlap.meet(whole.key, new.key) != dict(new.key):
        return shown
    if abs(new.after - new.expected) < MAIN_SHARE * abs(whole.after - whole.expected):
        return shown
    return max(shown, part, key=lambda at: (_depth(ranked[at]), -ranked[at].q, at))


def _depth(change: Change) -> int:
    return sum(value is not None for value in change.key.values())


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


def _name(key: Key) -> tuple[Any, ...]:
    return tuple(key.values())
