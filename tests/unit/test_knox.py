"""The Knox test against a double loop; edges, order and place; duplicates, bands and piles; p under independence."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.space_time import (
    Closed,
    Interval,
    Metric,
    bands_for,
    intervals,
    knox,
    thin_points,
)
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


def test_a_small_sure_excess_is_told_and_not_denied(t: Any) -> None:
    x, y, days = np.arange(40) * 60.0, np.zeros(40), np.arange(40) % 30
    result = knox(x, y, days, permutations=99)
    small = replace(result.near[0], ratio=1.13, p=0.5, q=0.007, pattern=False)
    told = replace(result, bands=(small,)).sentence(t)
    assert told.startswith("No clear near repeats")
    assert "at most 1.13 times as many (p = 0.007)" in told


def test_the_closed_form_is_near_the_permutations() -> None:
    rng = np.random.default_rng(6)
    result = knox(*rng.uniform(0, 500, (2, 300)), rng.integers(0, 60, 300), permutations=200, time=(0.5, 7, 14))
    for band in result.near:
        assert band.closed_form == pytest.approx(band.mean, abs=5 * np.sqrt(max(band.mean, 1) / 200))


@pytest.mark.parametrize(
    "wrong",
    [
        {"space": (100, 50)},
        {"time": ()},
        {"space": (-1, 5)},
        {"metric": "taxi"},
        {"closed": "both"},
        {"permutations": 0},
        {"days": [1]},
        {"days": [1, math.nan]},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        knox(**{"x": [0, 1], "y": [0, 1], "days": [0, 1], **wrong})


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
    coarse = bands_for(100, 7)
    assert (coarse.space, coarse.time) == ((200, 400, 600, 800), (14, 28, 42, 56))
    assert "200 m" in t(coarse.choice.explanation)
    for wrong in ((-1, 1), (1, 31), (1, 0)):
        with pytest.raises(ValueError, match="no bands"):
            bands_for(*wrong)


def test_p_counts_permutations_that_are_as_large() -> None:
    rng = np.random.default_rng(8)
    result = knox(*rng.uniform(0, 300, (2, 40)), rng.integers(0, 40, 40), space=(60,), time=(3, 6), permutations=60)
    for band, samples in zip(result.bands, result.samples[:, 0].T, strict=True):
        assert (samples == band.observed).any()
        assert band.p == (1 + sum(count >= band.observed for count in samples)) / 61
        assert band.mean == pytest.approx(samples.mean())
        assert band.poisson_p == pytest.approx(stats.poisson.sf(band.observed - 1, band.closed_form))


@pytest.mark.parametrize(
    ("lang", "said"),
    [("el", ["(0,1; 100]", "(1.000; ∞)", "[0; 7]"]), ("en", ["(0.1, 100]", "(1,000; ∞)", "[0, 7]"])],
)
def test_bands_are_written_in_the_numbers_of_the_reader(lang: str, said: list[str]) -> None:
    bands = (
        Interval(0.1, 100.0, False, True),
        Interval(1000.0, math.inf, False, False),
        Interval(0.0, 7.0, True, True),
    )
    assert [band.label(translator(lang)) for band in bands] == said


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
