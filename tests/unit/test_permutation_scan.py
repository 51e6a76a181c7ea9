"""The scan against a slow loop over all cylinders; order and place; bounds; p under independence."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.space_time.permutation_scan import locations_of, permutation_scan, time_step
from analysis.stats.dispersion import INDEPENDENT, Dispersion

SETTINGS: dict[str, Any] = {"max_radius": 6, "max_days": 5, "permutations": 1}
cases = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 12)), min_size=3, max_size=30)


def slow(rows: Any, prospective: bool) -> float:
    """The best log likelihood ratio over all cylinders, one by one."""
    total, best = len(rows), 0.0
    first, last = min(r[2] for r in rows), max(r[2] for r in rows)
    for x, y in {(r[0], r[1]) for r in rows}:
        distance = np.round([math.hypot(r[0] - x, r[1] - y) for r in rows], 6)
        for radius in {d for d in distance if d <= 6}:
            inside = distance <= radius
            if inside.sum() > total / 2:
                continue
            for end in [last] if prospective else range(first, last + 1):
                for start in range(max(first, end - 4), end + 1):
                    then = np.array([start <= r[2] <= end for r in rows])
                    c, mu = int((inside & then).sum()), inside.sum() * then.sum() / total
                    if c >= 2 and c > mu + 1e-9:
                        rest = (total - c) * math.log((total - c) / (total - mu)) if c < total else 0.0
                        best = max(best, c * math.log(c / mu) + rest)
    return best


@settings(max_examples=40)
@given(cases, st.booleans())
def test_the_same_as_a_slow_loop(rows: Any, prospective: bool) -> None:
    result = permutation_scan(*np.array(rows).T, prospective=prospective, **SETTINGS)
    found = result.clusters[0].llr if result.clusters else 0.0
    assert found == pytest.approx(slow(rows, prospective), abs=1e-9)


@settings(max_examples=40)
@given(cases, st.booleans())
def test_what_a_cluster_tells_is_so(rows: Any, prospective: bool) -> None:
    x, y, days = np.array(rows).T
    result = permutation_scan(x, y, days, prospective=prospective, **SETTINGS)
    seen: set[int] = set()
    for cluster in result.clusters:
        inside = np.round(np.hypot(x - cluster.x, y - cluster.y), 6) <= cluster.radius
        then = (days >= cluster.start) & (days <= cluster.end)
        assert cluster.observed == (inside & then).sum() > cluster.expected
        assert cluster.expected == pytest.approx(inside.sum() * then.sum() / len(rows))
        assert cluster.end - cluster.start < 5
        assert cluster.end == days.max() or not prospective
        assert not seen & set(cluster.members)
        seen |= set(cluster.members)


@settings(max_examples=30)
@given(cases, st.integers(-(10**6), 10**6), st.floats(0, 6.3), st.randoms())
@example([(0, 0, 0), (1, 2, 0), (4, 1, 1), (4, 6, 1)], 0, 1.46875, Random(0))
def test_order_place_and_direction_do_not_matter(rows: Any, shift: int, angle: float, random: Any) -> None:
    x, y, days = np.array(rows).T
    order = random.sample(range(len(rows)), len(rows))
    turned = x * math.cos(angle) - y * math.sin(angle) + shift, x * math.sin(angle) + y * math.cos(angle) - shift
    plain = permutation_scan(x, y, days, **SETTINGS)
    moved = permutation_scan(turned[0][order], turned[1][order], days[order] + 9000, **SETTINGS)
    assert [c.llr for c in plain.clusters[:1]] == pytest.approx([c.llr for c in moved.clusters[:1]])


@pytest.mark.slow
def test_a_planted_outbreak_is_found_with_its_start(t: Any) -> None:
    rng = np.random.default_rng(1)
    x, y, days = rng.integers(0, 20, 600) * 100, rng.integers(0, 20, 600) * 100, rng.integers(20_000, 20_100, 600)
    x, y = np.append(x, [500] * 12), np.append(y, [500] * 12)
    days = np.append(days, rng.integers(20_093, 20_100, 12))
    result = permutation_scan(x, y, days, permutations=199, max_radius=300, last_day=20_099)
    best = result.significant[0]
    assert [500, 500] in result.locations[list(best.members)].tolist()
    assert best.end == 20_099
    assert 20_090 <= best.start <= 20_094
    assert best.p == 0.005
    assert best.recurrence == pytest.approx(200)
    assert result.sentence(t).startswith("Something unusual started here on ")
    assert "2025" in result.sentence(t) or "2024" in result.sentence(t)
    assert "612 incidents" in result.method(t)
    calm = permutation_scan(x[:600], y[:600], days[:600], permutations=99, max_radius=300, seed=2)
    assert calm.sentence(t).startswith("Nothing unusual")
    assert calm.clusters[0].sentence(t).startswith("From ")


@pytest.mark.slow
def test_p_is_uniform_where_place_and_time_are_independent() -> None:
    rng = np.random.default_rng(3)
    p = []
    for run in range(120):
        x, y, days = *rng.integers(0, 4, (2, 80)), rng.integers(0, 30, 80)
        clusters = permutation_scan(x, y, days, max_radius=2, max_days=7, permutations=39, seed=run).clusters
        p.append(clusters[0].p if clusters else 1.0)
    assert sum(value <= 0.05 for value in p) <= 15  # binomial 120, .05: P(X > 15) < .001
    assert 0.35 < np.mean(p) < 0.65


@settings(max_examples=20)
@given(cases, st.booleans(), st.floats(1, 6))
def test_a_dispersion_divides_what_is_observed_and_nothing_else(rows: Any, prospective: bool, phi: float) -> None:
    plain, spread = (
        permutation_scan(*np.array(rows).T, prospective=prospective, scatter=scatter, **SETTINGS)
        for scatter in (INDEPENDENT, Dispersion(phi, 1.0, 9.0, 0.0, float("inf")))
    )
    assert (plain.maxima == spread.maxima).all()
    for one, other in zip(plain.clusters, spread.clusters, strict=True):
        assert other.llr == pytest.approx(one.llr / phi)
        assert other.p >= one.p
        assert (other.members, other.observed, other.expected) == (one.members, one.observed, one.expected)


def test_where_risks_wander_large_counts_are_less_sure() -> None:
    rng = np.random.default_rng(5)
    x, y, days = rng.integers(0, 4, 300), rng.integers(0, 4, 300), rng.integers(0, 30, 300)
    wander = Dispersion(1.5, 1.0, 2.0, 0.2, float("inf"))
    plain, spread = (
        permutation_scan(x, y, days, max_radius=1, max_days=7, permutations=9, scatter=scatter).clusters
        for scatter in (INDEPENDENT, wander)
    )
    by_place = {(c.x, c.y, c.radius, c.start): c.llr for c in plain}
    same = [c for c in spread if (c.x, c.y, c.radius, c.start) in by_place]
    assert same
    for c in same:
        assert c.llr == pytest.approx(by_place[c.x, c.y, c.radius, c.start] / (1.5 + 0.2 * c.expected))


@pytest.mark.slow
def test_bursts_start_nothing() -> None:
    """Each incident is reported three times on average (geometric): the variance of counts is five times the mean."""
    rng, found = np.random.default_rng(8), {"plain": 0, "spread": 0}
    scatters = {"plain": INDEPENDENT, "spread": Dispersion(5.0, 4.5, 5.5, 0.0, float("inf"))}
    for run in range(40):
        incidents = rng.integers(0, 6, 150) * 100, rng.integers(0, 6, 150) * 100, rng.integers(0, 90, 150)
        x, y, days = np.repeat(np.stack(incidents), rng.geometric(1 / 3, 150), axis=1)
        for name, scatter in scatters.items():
            clusters = permutation_scan(
                x, y, days, max_radius=150, max_days=14, permutations=39, seed=run, scatter=scatter, last_day=89
            ).clusters
            found[name] += bool(clusters) and clusters[0].significant
    assert found["plain"] >= 20
    assert found["spread"] <= 6  # binomial 40, .05: P(X > 6) < .004


def test_bounded_memory_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    x, y, days = *rng.integers(0, 5, (2, 60)), rng.integers(0, 20, 60)
    whole = permutation_scan(x, y, days, max_radius=2, max_days=5, permutations=20)
    monkeypatch.setattr("analysis.space_time.permutation_scan._TABLE_CELLS", 500)
    parts = permutation_scan(x, y, days, max_radius=2, max_days=5, permutations=20)
    assert whole.maxima.tolist() == parts.maxima.tolist()
    assert whole.clusters == parts.clusters


def test_many_places_and_long_studies_are_aggregated_and_say_so(t: Any) -> None:
    points = np.random.default_rng(2).uniform(0, 3000, (4000, 2))
    ground, told = locations_of(points)
    assert len(ground.x) <= 500
    assert ground.size.sum() == 4000
    assert "squares of" in t(told[0].explanation)
    assert time_step(1000, 60, True)[0] == 1
    step, also = time_step(365, 28, False)
    assert (28 // step) * math.ceil(365 / step) <= 400
    assert f"steps of {step} days" in t(also[0].explanation)
    with pytest.raises(ValueError, match="shorter study"):
        time_step(10_000, 7, False)
    days = np.random.default_rng(3).integers(0, 365, 300)
    result = permutation_scan(points[:300, 0], points[:300, 1], days, prospective=False, permutations=1, max_radius=100)
    assert [choice.name for choice in result.choices] == ["step"]
    assert result.windows <= 400
    assert all(0 <= c.start <= c.end <= 364 for c in result.clusters)


def test_a_circle_holds_what_lies_on_it() -> None:
    """Two places exactly as far apart as the circle may reach, both busy in the last days."""
    x, y = np.array([0.0] * 4 + [100.0] * 4 + [900.0] * 8), np.zeros(16)
    days = np.array([9, 9, 9, 9, 9, 9, 9, 9, 0, 1, 2, 3, 4, 5, 6, 7])
    best = permutation_scan(x, y, days, max_radius=100, max_days=2, permutations=9).clusters[0]
    assert (best.observed, best.radius, len(best.members)) == (8, 100.0, 2)


def test_what_chance_makes_as_strong_counts_against_a_cluster() -> None:
    """Two places, two days: a third of all shuffles part them as clearly as they are, and so tie."""
    result = permutation_scan([0, 0, 9, 9], [0, 0, 0, 0], [0, 0, 5, 5], max_radius=1, max_days=2, permutations=199)
    best = result.clusters[0]
    ties = int(np.isclose(result.maxima, best.llr).sum())
    assert ties > 40
    assert best.p == pytest.approx((1 + ties) / 200)


def test_a_step_that_begins_before_the_study_is_told_from_its_first_day() -> None:
    days = np.array([0] * 6 + list(range(10, 365, 9)))
    x = np.array([0.0] * 6 + [float(400 + at % 5) for at in range(len(days) - 6)])
    best = permutation_scan(
        x, x * 0, days, prospective=False, max_radius=1, max_days=28, last_day=366, permutations=1
    ).clusters[0]
    assert (best.start, best.observed) == (0, 6)  # steps of five days, counted back from day 366


def test_few_cases(t: Any) -> None:
    for rows in ([], [(0, 0, 0)], [(0, 0, 0)] * 5):
        x, y, days = np.array(rows, dtype=float).reshape(-1, 3).T
        result = permutation_scan(x, y, days, permutations=3)
        assert result.clusters == ()
        assert result.sentence(t).startswith("Too few")


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_radius": -1},
        {"max_days": 0},
        {"max_share": 1.0},
        {"permutations": 0},
        {"days": [1]},
        {"days": [1, math.nan]},
        {"last_day": 0},
        {"first_day": 1},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        permutation_scan(**{"x": [0, 1], "y": [0, 1], "days": [0, 1], **wrong})


def test_fewer_cases_than_expected_are_no_cluster() -> None:
    """Place A has 20 cases, 2 of them late; place B has more than half of all, most of them late."""
    x = [0] * 20 + [100] * 21
    days = [1] * 18 + [20] * 2 + [1] * 3 + [20] * 18
    assert permutation_scan(x, x, days, max_radius=10, max_days=5, permutations=1).clusters == ()
