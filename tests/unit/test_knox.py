"""The Knox test against a double loop; edges, order and place; duplicates, bands and piles; p under independence.

The leader rule, against the same one by comparing each alert with all others, and what it must never do.
"""

from __future__ import annotations

import math
from math import hypot
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.space_time import Closed, Metric, bands_for, first_alerts, intervals, knox, thin_points
from curim_data.model import translator

SPACE, TIME = (0.1, 5.0, 10.0), (1.0, 2.0, 4.0)
coordinate = st.integers(0, 20)
cases = st.lists(st.tuples(coordinate, coordinate, st.integers(0, 9)), max_size=25)


def counted(result: Any) -> list[int]:
    return [band.observed for band in result.bands]


def slow(rows: Any, metric: Metric, closed: Closed) -> list[int]:
    """A double loop that asks every interval."""
    found = {(s, d): 0 for s in intervals(SPACE, closed) for d in intervals(TIME, closed)}

    def holds(band: Any, value: float) -> bool:
        above = value >= band.low if band.with_low else value > band.low
        return above and (value <= band.high if band.with_high else value < band.high)

    for i, (x, y, day) in enumerate(rows):
        for x2, y2, day2 in rows[:i]:
            gap = math.hypot(x - x2, y - y2) if metric == "euclidean" else abs(x - x2) + abs(y - y2)
            for s, d in found:
                found[s, d] += holds(s, gap) and holds(d, abs(day - day2))
    return list(found.values())


@settings(max_examples=60)
@given(cases, st.sampled_from(["euclidean", "manhattan"]), st.sampled_from(["right", "left"]))
@example([(0, 0, 0), (3, 4, 1), (6, 8, 2)], "euclidean", "right")
@example([(0, 0, 0), (3, 4, 1), (6, 8, 2)], "euclidean", "left")
def test_the_same_as_a_double_loop(rows: Any, metric: Metric, closed: Closed) -> None:
    x, y, days = np.array(rows, dtype=float).reshape(-1, 3).T
    for shift in (0.0, 0.25):
        result = knox(x, y, days + shift, space=SPACE, time=TIME, metric=metric, closed=closed, permutations=1)
        assert counted(result) == slow(rows, metric, closed)
    parts = knox(x, y, days / 3, space=SPACE, time=[t / 3 for t in TIME], metric=metric, closed=closed, permutations=1)
    assert counted(parts) == slow(rows, metric, closed)


@settings(max_examples=40)
@given(cases, st.floats(-5e6, 5e6), st.floats(0, 6.3), st.randoms())
def test_order_place_and_direction_do_not_matter(rows: Any, shift: float, angle: float, random: Any) -> None:
    x, y, days = np.array(rows, dtype=float).reshape(-1, 3).T
    order = random.sample(range(len(rows)), len(rows))
    turned = x * math.cos(angle) - y * math.sin(angle) + shift, x * math.sin(angle) + y * math.cos(angle) - shift
    plain = knox(x, y, days, space=SPACE, time=TIME, permutations=1)
    moved = knox(turned[0][order], turned[1][order], days[order] + 20_000, space=SPACE, time=TIME, permutations=1)
    assert counted(plain) == counted(moved)


@pytest.mark.parametrize(("closed", "band"), [("right", ("(0.1, 100]", "[0, 3]")), ("left", ("[100, 200)", "[3, 6)"))])
def test_a_pair_exactly_on_the_edges(closed: Closed, band: tuple[str, str]) -> None:
    """100 m and 3 days apart, at coordinates whose difference is 99.99999999994 in the computer's arithmetic."""
    result = knox(
        [469_746.487289, 469_846.487289],
        [4_200_863.1, 4_200_863.1],
        [0, 3],
        space=(0.1, 100, 200),
        time=(3, 6),
        closed=closed,
        permutations=1,
    )
    assert [(str(b.space), str(b.time)) for b in result.bands if b.observed] == [band]


@pytest.mark.slow
def test_p_is_uniform_where_place_and_time_are_independent() -> None:
    rng = np.random.default_rng(4)
    p = []
    for run in range(150):
        x, y, days = rng.uniform(0, 1000, 150), rng.uniform(0, 1000, 150), rng.integers(0, 100, 150)
        p.append(knox(x, y, days, space=(150,), time=(14,), permutations=99, seed=run).bands[0].p)
    # Ties make p a little larger than uniform, never smaller.
    assert stats.binom.sf(sum(value <= 0.05 for value in p) - 1, 150, 0.05) > 0.001
    assert 0.4 < np.mean(p) < 0.65


def test_a_planted_pattern_speaks_plainly(t: Any) -> None:
    rng = np.random.default_rng(5)
    x, y, days = rng.uniform(0, 3000, 300), rng.uniform(0, 3000, 300), rng.integers(0, 365, 300)
    x2, y2 = x[:80] + rng.uniform(-50, 50, 80), y[:80] + rng.uniform(-50, 50, 80)
    result = knox(np.append(x, x2), np.append(y, y2), np.append(days, days[:80] + 3), permutations=499)
    assert [(str(b.space), str(b.time)) for b in result.patterns] == [("(0.1, 100]", "[0, 7]")]
    band = result.patterns[0]
    assert result.sentence(t) == (
        f"Within 100 m of an incident and within 7 days there are {band.ratio:.1f} times as many further incidents as "
        f"expected by chance ({band.observed} pairs against {band.mean:.1f}, p\u00a0≤\u00a0{band.q:.3f})."
    )
    assert "380 incidents" in result.method(t)
    assert len(result.repeats) == 4
    assert list(result.frame()["time"][:2]) == ["[0, 7]", "(7, 14]"]
    assert knox(x, y, days, permutations=99).sentence(t).startswith("No near repeats")
    assert knox([], [], [], permutations=1).sentence(t).startswith("Too few incidents")


def test_a_pile_is_thinned_and_says_so(t: Any) -> None:
    result = knox(np.zeros(3000), np.zeros(3000), np.arange(3000) % 50, permutations=9, most_pairs=100_000)
    assert result.n == 3000
    assert 400 < result.n_used < 460  # 448 alerts make 100,000 pairs
    assert result.pairs <= 100_000
    assert "random" in t(result.choices[0].explanation)
    kept, told = thin_points(np.zeros((100, 2)), math.inf, 2.0, 4950, 0)
    assert (len(kept), told) == (100, ())


@pytest.mark.parametrize(("metric", "near"), [("euclidean", 20), ("manhattan", 12)])
def test_pairs_are_thinned_by_the_distance_that_is_tested(metric: Any, near: int) -> None:
    """On a grid of 1 m a point has 20 others within 2.5 m in a straight line, but 12 along the axes."""
    x, y = (axis.ravel().astype(float) for axis in np.meshgrid(np.arange(40), np.arange(40)))
    every = knox(x, y, x, space=(2.5,), time=(1,), metric=metric, permutations=1)
    assert every.pairs == pytest.approx(1600 * near / 2, rel=0.1)
    assert every.pairs < 1600 * near / 2  # the edges have fewer
    at_most = knox(x, y, x, space=(2.5,), time=(1,), metric=metric, permutations=1, most_pairs=every.pairs)
    assert (at_most.n_used, at_most.choices) == (1600, ())
    fewer = knox(x, y, x, space=(2.5,), time=(1,), metric=metric, permutations=1, most_pairs=every.pairs - 1)
    assert fewer.n_used == 1584  # 99 % of them


def test_bands_follow_the_precision(t: Any) -> None:
    assert bands_for().space == (0.1, 100, 200, 300, 400)
    assert bands_for().time == (7, 14, 21, 28)
    coarse = bands_for(100)
    assert (coarse.space, coarse.time) == ((200, 400, 600, 800), (7, 14, 21, 28))
    assert "200 m" in t(coarse.choice.explanation)


def test_p_counts_permutations_that_are_as_large() -> None:
    rng = np.random.default_rng(8)
    result = knox(*rng.uniform(0, 300, (2, 40)), rng.integers(0, 40, 40), space=(60,), time=(3, 6), permutations=60)
    for band, samples in zip(result.bands, result.samples[:, 0].T, strict=True):
        assert (samples == band.observed).any()
        assert band.p == (1 + sum(count >= band.observed for count in samples)) / 61
        assert band.mean == pytest.approx(samples.mean())
        assert band.poisson_p == pytest.approx(stats.poisson.sf(band.observed - 1, band.closed_form))


def test_a_p_that_cannot_be_smaller_is_told_as_a_bound() -> None:
    english = translator("en")
    assert english.p(0.005, least=True) == "p\u00a0≤\u00a00.005"
    assert english.p(0.0004, least=True) == "p\u00a0<\u00a00.001"
    assert english.p(0.012) == "p = 0.012"
    x = np.repeat(np.arange(8) * 1000.0, 5)
    result = knox(x, x * 0, np.repeat(np.arange(8) * 30.0, 5), space=(500.0,), time=(7.0,), permutations=199)
    assert result.bands[0].p == result.bands[0].least == 1 / 200
    assert "p\u00a0≤\u00a00.005" in result.bands[0].sentence(english)
    assert "least" not in result.frame()


# On and off the limits, and beyond the next square.
PLACES = st.sampled_from([0.0, 20.0, 49.0, 50.0, 51.0, -30.0, 99.0, 1e6, float("nan")])
TIMES = st.floats(0, 12) | st.sampled_from([0.0, 2.0, 4.0, float("nan")])
ALERTS = st.lists(st.tuples(PLACES, PLACES, TIMES, st.sampled_from("ab"), st.integers(-1, 2)), max_size=25)


def columns(rows: Any) -> list[np.ndarray[Any, Any]]:
    x, y, hours, category, same = zip(*rows, strict=True) if rows else ((),) * 5
    return [np.array(x, float), np.array(y, float), np.array(hours, float), np.array(category), np.array(same, int)]


def slowly(rows: Any) -> list[int]:
    """Each alert compared with the first alerts of all incidents so far."""
    order = sorted(range(len(rows)), key=lambda row: (np.isnan(rows[row][2]), rows[row][2], row))
    first: dict[int, int] = {}
    for row in order:
        x, y, hours, category, same = rows[row]
        first[row] = row
        near = [
            other
            for other in order
            if first.get(other) == other
            and other != row
            and rows[other][3] == category
            and hypot(rows[other][0] - x, rows[other][1] - y) <= 50
            and abs(hours - rows[other][2]) <= 2
        ]
        numbered = [other for other in order if other in first and other != row and rows[other][4] == same >= 0]
        if numbered:
            first[row] = first[numbered[0]]
        elif near:
            first[row] = near[0]
    return [first[row] for row in range(len(rows))]


@given(ALERTS)
def test_it_is_what_comparing_all_with_all_gives(rows: Any) -> None:
    assert first_alerts(*columns(rows)).tolist() == slowly(rows)


@given(ALERTS, st.randoms())
def test_the_order_of_rows_does_not_matter_but_for_ties(rows: Any, random: Any) -> None:
    rows = [(x, y, hours, *rest) for (x, y, _, *rest), hours in zip(rows, np.arange(len(rows)) * 0.7, strict=True)]
    order = random.sample(range(len(rows)), len(rows))
    again = first_alerts(*columns([rows[row] for row in order]))
    assert [order[at] for at in again] == [first_alerts(*columns(rows))[row] for row in order]


@pytest.mark.parametrize("seed", range(3))
def test_a_night_at_one_square_is_no_chain(seed: int) -> None:
    """60 alerts within four hours and 25 m: two incidents or three, never one."""
    rng = np.random.default_rng(seed)
    x, y, hours = rng.uniform(0, 25, 60), rng.uniform(0, 25, 60), np.sort(rng.uniform(0, 4, 60))
    hours[[0, -1]] = 0, 4
    first = first_alerts(x, y, hours, np.full(60, "groping"), np.full(60, -1))
    assert 2 <= len(set(first.tolist())) <= 3
