"""Alerts above expected, their order, and where a ratio is told.

Places that are too large are split in two as k-means does it; places too few for a plan come last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, poisson
from sklearn.cluster import KMeans

from analysis.hotspots import grouping
from analysis.hotspots.grouping import (
    LEAST_FOR_PLAN,
    Spot,
    excess,
    excess_of,
    hot_spots,
    in_order,
    least_for_plan,
    ratio_says_something,
    two_means,
    worth_a_plan,
)
from analysis.stats.intervals import UNKNOWN, Estimate, weighted_sum
from curim_data.model import translator
from pages.parts.charts.tables import expected_count

counts, shares = st.integers(0, 5_000), st.floats(0.001, 5)


@dataclass(frozen=True)
class Place:
    id: str = "a"
    n: int = 35
    expected: float = 5.0
    ratio: float = 7.0
    low: float = 4.0
    high: float = 12.0
    q: float = 0.01
    excess: Estimate = field(default=Estimate(30, 18, 43))


@given(counts, counts, shares)
def test_the_interval_holds_the_value_and_is_that_of_the_slow_twin(inside: int, outside: int, share: float) -> None:
    found = excess(inside, outside, share)
    assert found.low <= found.value <= found.high
    own, other = (
        (chi2.ppf(0.025, 2 * count) / 2 if count else 0.0, chi2.ppf(0.975, 2 * count + 2) / 2)
        for count in (inside, outside)
    )
    assert found.value == pytest.approx(inside - share * outside, abs=1e-6)
    assert found.low == pytest.approx(
        found.value - math.sqrt((inside - own[0]) ** 2 + (share * (other[1] - outside)) ** 2), abs=1e-6
    )
    assert found.high == pytest.approx(
        found.value + math.sqrt((own[1] - inside) ** 2 + (share * (outside - other[0])) ** 2), abs=1e-6
    )


def test_poisson_limits_are_those_of_the_published_table() -> None:
    """Garwood 1936, as in Ulm 1990 (American Journal of Epidemiology 131, 373–375): 10 events, 4.80 to 18.39."""
    for count, limits in ((0, (0.0, 3.689)), (10, (4.795, 18.390)), (100, (81.364, 121.627))):
        found = weighted_sum(count, count, 1.0)
        assert (found.low, found.high) == pytest.approx(limits, abs=0.001)


def test_few_alerts_beside_empty_land_come_after_many_above_expected() -> None:
    """35 where 0.06 are expected come before 8 where none are, and after 96 where 11 are."""
    empty, village, centre = (
        Place("empty", 8, 0.0, math.inf, 30.7, math.inf, 1e-7, excess(8, 0, 0.06)),
        Place("village", 35, 0.06, 630, 106, 25_600, 2e-36, excess(35, 1, 0.06)),
        Place("centre", 96, 11, 8.7, 7, 11, 1e-40, excess(96, 110, 0.1)),
    )
    assert [place.id for place in in_order([empty, village, centre])] == ["centre", "village", "empty"]
    assert [place.id for place in in_order([empty, village, centre], "ratio")] == ["village", "empty", "centre"]
    assert [place.id for place in in_order([empty, village, centre], "alerts")] == ["centre", "village", "empty"]
    assert [place.id for place in in_order([empty, village, centre], "p")] == ["centre", "village", "empty"]
    assert [ratio_says_something(place) for place in (empty, village, centre)] == [False, False, True]


def test_a_cluster_has_the_excess_of_its_ratio() -> None:
    @dataclass(frozen=True)
    class Cluster:
        n: int = 40
        expected: float = 10.0
        ratio: float = 4.0
        low: float = 2.9
        high: float = 5.4
        weight: float | None = None

    found = excess_of(Cluster())
    assert (found.value, found.low, found.high) == pytest.approx((30, 19, 44))
    assert excess_of(Cluster(weight=80.0)).value == 70
    assert excess(5, 0, math.inf) == UNKNOWN


def test_the_least_number_for_a_plan_lets_a_fall_by_seventy_per_cent_show() -> None:
    assert least_for_plan() == LEAST_FOR_PLAN == 10

    def chance(n: int) -> float:
        """The slow twin: of n and 30 % of n alerts, so few in the second period by tossing coins."""
        after = round(0.3 * n)
        return sum(math.comb(n + after, k) for k in range(after + 1)) / 2 ** (n + after)

    assert chance(10) <= 0.05
    assert all(chance(n) > 0.05 for n in range(1, 10))
    many, few = worth_a_plan([Place(n=9), Place(n=10), Place(n=50)])
    assert [place.n for place in many] == [10, 50]
    assert [place.n for place in few] == [9]
    assert poisson.cdf(3, 10) < 0.05  # as one count against a known mean


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        (0.135, "where 0.14 would"),
        (0.0556, "where below 0.1 would"),
        (3.14159, "where 3.14 would"),
    ],
)
def test_a_sentence_has_more_digits_only_beside_a_ratio(expected: float, told: str) -> None:
    spot = Spot(
        id="quay", rank=1, cells=(), n=12, expected=expected, ratio=12 / expected, low=6 / expected, high=20 / expected,
        q=0.001, land_km2=0.1, longitude=0.0, latitude=0.0, excess=Estimate(11, 5, 18),
    )  # fmt: skip
    assert told in spot.sentence(translator("en"))
    listed = expected_count(translator("en"), spot)
    assert f"where {listed} would" in spot.sentence(translator("en"))


@pytest.mark.parametrize("seed", range(40))
def test_two_parts_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 400))
    at = rng.normal(size=(count, 2)) * (0.01, 0.003) + (-87.6, 41.8)
    weight = rng.integers(0, 5, count) + 1e-9
    along = at @ rng.normal(size=2)
    ends = at[[along.argmin(), along.argmax()]]
    slow = KMeans(2, init=ends, n_init=1).fit(at, sample_weight=weight).labels_ == 1
    np.testing.assert_array_equal(two_means(at, weight, ends), slow)


def test_places_too_few_for_a_plan_have_the_last_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where they are more surely above expected, so that ranks follow one another wherever a list is shown."""
    usual = Spot("", (), 0.0, 0.0, 0, 0, 1.0, 9.0, 2.0, 20.0, 0.01, 0.1, 5.0)
    places = [
        replace(usual, id=name, n=n, excess=Estimate(low + 2.0, low, low + 9.0))
        for name, n, low in (("a", 9, 6.0), ("b", 12, 3.0), ("c", 40, 30.0), ("d", 8, 2.0))
    ]
    monkeypatch.setattr(grouping, "_places", lambda *_: places)
    found = hot_spots(None)  # type: ignore[arg-type]
    assert [(spot.id, spot.rank) for spot in found] == [("c", 1), ("b", 2), ("a", 3), ("d", 4)]
