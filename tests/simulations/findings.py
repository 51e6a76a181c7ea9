"""Cities with planted rises: which share of the findings that a briefing lists is chance, and which rises it finds.

Independent alerts in districts, each with a place inside it that holds a third of them, by category and darkness, in
two periods. In `planted` pairs of a district and a category the later count is so many times as high; nothing else
changes. A finding is false where the expected count of its own alerts did not change in its direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.trends.changes import Change, Changes, add_city_reference, changes
from analysis.trends.distinct_changes import _folded, _Overlap, distinct_changes
from curim_data.model import FloatArray, IntArray

KEYS: Final = ("district", "place", "category", "dark")
DISTRICTS, CATEGORIES = 7, 28
PLACE_IN: Final = {f"p{at}": f"d{at}" for at in range(DISTRICTS)}
_BY: Final = [[*area, *theme] for area in ([], ["district"], ["place"]) for theme in ([], KEYS[2:3], KEYS[2:])]


@dataclass(frozen=True)
class FindingsCity:
    """`alerts` a period; `planted` rises, each `times` as many alerts as before."""

    alerts: int
    planted: int = 0
    times: float = 3.0


@dataclass(frozen=True)
class Listed:
    """What one city listed: findings, the false among them, and of the planted rises those found."""

    findings: int
    false: int
    found: int

    @property
    def share_false(self) -> float:
        """Of the findings; 0 without any."""
        return self.false / max(self.findings, 1)


def compared_city(
    city: FindingsCity, rng: np.random.Generator
) -> tuple[Changes, dict[tuple[object, ...], float], list[tuple[int, int]]]:
    """All changes of one city, the expected change of each candidate, and the planted pairs."""
    rate = _rates(city, rng)
    risen = [divmod(int(at), CATEGORIES) for at in rng.choice(_common(rate), city.planted, replace=False)]
    after = rate.copy()
    for district, category in risen:
        after[district, :, category] *= city.times
    frame = _candidates(rng.poisson(rate).astype(float), rng.poisson(after).astype(float))
    changed = {_key(row): row["after"] - row["before"] for row in _candidates(rate, after).to_dict("records")}
    return changes(frame, KEYS, relative=True), changed, risen


def listed(city: FindingsCity, rng: np.random.Generator) -> dict[str, Listed]:
    """What is listed by the limit for findings ("focused") and by that for candidates ("plain")."""
    compared, changed, risen = compared_city(city, rng)
    ways = {"focused": distinct_changes(compared, PLACE_IN), "plain": plainly_folded(compared)}
    return {name: _judged(told, changed, risen) for name, told in ways.items()}


def plainly_folded(compared: Changes, most: int = 5) -> tuple[Change, ...]:
    """All candidates within the plain correction, folded: however many make one finding, and with their mirrors."""
    ranked, overlap = compared.top(compared.n_significant), _Overlap(compared, PLACE_IN)
    overlap.mirrored = lambda *_: False  # type: ignore[method-assign]
    return tuple(ranked[at] for at in (_folded(ranked, overlap) or [()])[-1][:most])


def _rates(city: FindingsCity, rng: np.random.Generator) -> FloatArray:
    """Expected counts, shape (district, in its place or not, category, by day or dark)."""
    shares = 1 / np.arange(1, CATEGORIES + 1) ** 0.8
    by_pair = np.outer(rng.dirichlet(np.full(DISTRICTS, 8)), shares / shares.sum()) * city.alerts
    return by_pair[:, None, :, None] * np.array([1 / 3, 2 / 3])[:, None, None] * np.array([0.6, 0.4])


def _common(rate: FloatArray) -> IntArray:
    """Pairs of district and category that have 8 to 60 alerts, flat."""
    pairs = rate.sum(axis=(1, 3)).ravel()
    return np.flatnonzero((pairs >= 8) & (pairs <= 60))


def _candidates(before: FloatArray, after: FloatArray) -> pd.DataFrame:
    districts, categories = ([f"{name}{at}" for at in range(n)] for name, n in (("d", DISTRICTS), ("c", CATEGORIES)))
    names = [districts, [True, False], categories, [False, True]]
    index = pd.MultiIndex.from_product(names, names=["district", "inside", "category", "dark"])
    fine = pd.DataFrame({"before": before.ravel(), "after": after.ravel()}, index=index).reset_index()
    fine["place"] = fine["district"].str.replace("d", "p").where(fine["inside"])
    tables = []
    for by in _BY:
        table = fine[["before", "after"]].sum().to_frame().T if not by else None
        table = fine.groupby(by, as_index=False)[["before", "after"]].sum() if table is None else table
        table = table[table["dark"].astype(bool)] if "dark" in by else table
        tables.append(table.reindex(columns=[*KEYS, "before", "after"]).astype(dict.fromkeys(KEYS, object)))
    return add_city_reference(pd.concat(tables, ignore_index=True))


def _key(row: dict[str, object]) -> tuple[object, ...]:
    return tuple(None if pd.isna(row[name]) else row[name] for name in KEYS)


def _judged(told: tuple[Change, ...], changed: dict[tuple[object, ...], float], risen: list[tuple[int, int]]) -> Listed:
    false = sum(changed[tuple(change.key.values())] * change.direction <= 1e-9 for change in told)
    areas = [{f"d{district}", f"p{district}"} for district, _ in risen]
    found = sum(
        any(
            change.direction > 0
            and change.key["category"] in (None, f"c{category}")
            and (change.key["district"] or change.key["place"]) in {*area, None}
            and (change.key["category"] or change.key["district"] or change.key["place"])
            for change in told
        )
        for (_, category), area in zip(risen, areas, strict=True)
    )
    return Listed(len(told), false, found)
