"""The findings that are listed: at most one in twenty is chance, and hardly a rise is lost for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.trends.changes import Change, add_city_reference, changes
from analysis.trends.distinct_changes import MAIN_SHARE, _Overlap, distinct_changes
from tests.simulations.findings import KEYS, PLACE_IN, FindingsCity, compared_city, listed

CITIES = 40


@pytest.mark.parametrize(
    ("city", "plainly"),
    [
        (FindingsCity(1100), 0.0),
        (FindingsCity(1100, planted=3), 0.0),
        (FindingsCity(6400, planted=1, times=6.0), 0.1),
    ],
)
def test_of_the_findings_listed_few_are_chance(city: FindingsCity, plainly: float) -> None:
    rng = np.random.default_rng(20)
    drawn = [listed(city, rng) for _ in range(CITIES)]
    false, found = (
        {name: [getattr(one[name], part) for one in drawn] for name in ("focused", "plain")}
        for part in ("share_false", "found")
    )
    assert sum(share > 0 for share in false["focused"]) <= stats.binom.ppf(0.99, CITIES, 0.05)
    assert np.mean(false["plain"]) >= plainly
    assert np.sum(found["focused"]) >= 0.9 * np.sum(found["plain"])


def folded(ranked: tuple[Change, ...], overlap: _Overlap) -> list[Change]:
    """The slow twin: the findings of these changes from the beginning."""
    chosen: list[Change] = []
    for change in ranked:
        if not any(overlap.explains(one, change) for one in chosen) and not overlap.mirrored(chosen, change):
            chosen.append(change)
    kept: list[Change] = []
    for change in chosen:
        parts = [
            (sum(value is not None for value in part.key.values()), -part.q, at, part)
            for at, part in enumerate(ranked)
            if part.direction == change.direction
            and overlap.meet(change.key, part.key) == dict(part.key)
            and abs(part.after - part.expected) >= MAIN_SHARE * abs(change.after - change.expected)
        ]
        shown = max(parts, default=(0, 0.0, 0, change))[3]
        if not any(overlap.explains(one, shown) for one in kept):
            kept.append(shown)
    return kept


@pytest.mark.parametrize("seed", range(3))
def test_the_limit_is_the_largest_that_keeps_its_promise_for_findings(seed: int) -> None:
    compared, _, _ = compared_city(FindingsCity(6400, planted=4, times=2.5), np.random.default_rng(seed))
    frame, overlap = compared.frame, _Overlap(compared, PLACE_IN)
    ranked = compared.top(len(frame))
    estimates = {}
    for limit in sorted(frame["p"].dropna().unique()):
        if limit > compared.alpha / 10:
            break
        found = folded(tuple(change for change in ranked if change.p <= limit), overlap)
        estimates[limit] = (compared.n_tested * limit / len(found), found)
    passing = [limit for limit, (estimate, _) in estimates.items() if estimate <= compared.alpha]
    told = distinct_changes(compared, PLACE_IN, most=99)
    expected = estimates[max(passing)][1] if passing else []
    assert [change.key for change in told] == [change.key for change in expected]
    for change in told:
        q = min(estimate for limit, (estimate, _) in estimates.items() if change.p <= limit <= max(passing))
        assert change.q == pytest.approx(q)
        assert change.q <= compared.alpha


def test_many_parts_of_one_rise_do_not_let_a_chance_change_in() -> None:
    """The p-value of the second passes beside eight others, and not beside one finding."""
    rows = [(None, None, None, None, 20000, 20000)]
    rows += [(f"d{at}", None, None, None, 100, 100) for at in range(60)]
    rows += [("west", place, None, None, 20, 90) for place in (None,)]
    rows += [("west", None, category, dark, 20, 90) for category, dark in (("theft", None), ("theft", True))]
    rows += [(None, "quay", *theme, 20, 90) for theme in ((None, None), ("theft", None), ("theft", True))]
    chance = ("north", None, None, None, 100, 150)
    frame = pd.DataFrame([*rows, chance], columns=[*KEYS, "before", "after"], dtype=object)
    counted = frame.assign(before=frame["before"].astype(float), after=frame["after"].astype(float))
    compared = changes(add_city_reference(counted), KEYS, relative=True)
    significant = compared.frame[compared.frame["significant"]]
    assert "north" in set(significant["district"])
    assert [change.key["place"] for change in distinct_changes(compared, {"quay": "west"})] == ["quay"]


def test_places_do_not_fall_because_one_rises() -> None:
    rows = [(None, None, None, None, 5000, 5300), (None, None, "theft", None, 300, 600)]
    rows += [("west", None, "theft", None, 60, 360), ("north", None, "theft", None, 60, 55)]
    frame = pd.DataFrame(rows, columns=[*KEYS, "before", "after"], dtype=object)
    counted = frame.assign(before=frame["before"].astype(float), after=frame["after"].astype(float))
    compared = changes(add_city_reference(counted), KEYS, relative=True)
    by_district = compared.frame.set_index("district")
    assert by_district.loc["north", "significant"]
    assert [change.key["district"] for change in distinct_changes(compared, {})] == ["west"]
    fallen = counted.assign(after=counted["after"].where(counted["district"] != "north", 10.0))
    both = distinct_changes(changes(add_city_reference(fallen), KEYS, relative=True), {})
    assert {change.key["district"] for change in both} == {"west", "north"}
