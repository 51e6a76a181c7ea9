"""Knox tables that others published, a double loop, edges, p under independence, first alerts; the sample's repeats."""

from __future__ import annotations

import math
import tomllib
from math import hypot
from typing import Any

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import poisson

import sample_data
from analysis.space_time import Closed, KnoxResult, bands_for, first_alerts, intervals, knox, thin_points
from curim_data.engine import open_source
from curim_data.model import translator
from curim_data.store import Home
from tests.published import published


def _year_of_chicago() -> tuple[Any, Any, Any]:
    table = pd.read_csv(published("chicago_burglary_2014_2017.csv"))
    date = pd.to_datetime(table.date_single, format="%d/%m/%Y")
    year = date.dt.year == 2016
    return table.x[year], table.y[year], (date[year] - pd.Timestamp("2016-01-01")).dt.days


def _observed(result: KnoxResult) -> list[list[int]]:
    times = len({band.time for band in result.bands})
    return np.array([band.observed for band in result.bands]).reshape(-1, times).tolist()


def test_burkitt() -> None:
    """pointpats, tests/test_spacetime.py; Knox 1964. Its p_poisson leaves the observed count out of the tail."""
    table = gpd.read_file(libpysal.examples.get_path("burkitt.shp"))
    result = knox(table["X"], table["Y"], table["T"], space=(20, np.inf), time=(5, np.inf), permutations=999)
    assert _observed(result) == [[13, 3416], [39, 14110]]
    closed = [band.closed_form for band in result.bands]
    # The third is published as 41.856139, one digit short: 13 + 39 pairs less 10.1438161.
    assert closed == pytest.approx([10.1438161, 3418.85618, 41.8561839, 14107.1438], rel=1e-8)
    first = result.bands[0]
    assert poisson.sf(13, first.closed_form) == pytest.approx(0.14624557, abs=1e-7)
    assert first.poisson_p == pytest.approx(0.2223, abs=5e-5)
    assert first.p == pytest.approx(0.21, abs=4 * np.sqrt(0.21 * 0.79 / 99))


CLOSED = [[342, 97, 62], [1892, 1514, 1362], [4145, 3643, 3592], [5805, 5143, 4919]]
HALF_OPEN = [[319, 106, 62], [1647, 1539, 1400], [3598, 3660, 3638], [5028, 5167, 4935]]
RATIOS = [[6.4528, 1.9796, 1.3191], [1.4172, 1.2481, 1.1407], [1.1362, 1.106, 1.1138], [1.13, 1.1003, 1.0773]]


@pytest.mark.parametrize(("closed", "expected"), [("right", CLOSED), ("left", HALF_OPEN)])
def test_chicago_burglary(closed: Any, expected: list[list[int]]) -> None:
    """Davies, github.com/tobydavies/NearRepeat, notebook on the usage of the Knox test (2016, 11,701 burglaries)."""
    result = knox(*_year_of_chicago(), space=(0.1, 200, 400, 600), time=(7, 14, 21), closed=closed, permutations=99)
    assert result.n == 11_701
    assert _observed(result) == expected
    if expected is CLOSED:
        ratio = np.array([band.ratio_median for band in result.bands])
        spread = result.samples.std(axis=0).ravel() / np.median(result.samples, axis=0).ravel()
        # Two medians of 99 permutations, each with standard error 1.25 spread / sqrt(99).
        assert (np.abs(ratio / np.ravel(RATIOS) - 1) < 4 * 1.25 * spread * np.sqrt(2 / 99)).all()
        p = [band.p for band in result.bands]
        assert p[:2] + p[3:] == [0.01] * 11
        assert p[2] <= 0.1  # published: .05


def test_chicago_burglary_in_the_bands_of_the_calculator() -> None:
    """The same author's notebook on the Near Repeat Calculator, which says 1-100 m and 0-2 days to [1, 100), [0, 2)."""
    result = knox(
        *_year_of_chicago(), space=(1, 100, 200, 300), time=(2, 4), closed="left", permutations=1, most_pairs=10**8
    )
    assert _observed(result) == [[202, 51], [189, 143], [290, 343], [456, 526]]


@pytest.fixture(scope="module")
def alerts(plain_sample: Home) -> pd.DataFrame:
    source = open_source(plain_sample)
    return source.alerts.frame("x, y, local_date, hour, category", ["x IS NOT NULL", "y IS NOT NULL"])


def _knox_of(alerts: pd.DataFrame, category: str, runs: int) -> KnoxResult:
    some = alerts[alerts.category == category]
    days = (pd.to_datetime(some.local_date) - pd.Timestamp("1970-01-01")).dt.days
    hours = 24.0 * days + some.hour
    first = first_alerts(some.x, some.y, hours, some.category, np.full(len(some), -1))
    keep = first == np.arange(len(some))
    return knox(some.x[keep], some.y[keep], days[keep], space=bands_for(1.0), permutations=runs)


def test_near_repeats_of_the_sample_are_found_in_their_bands(alerts: pd.DataFrame, plain_sample: Home, t: Any) -> None:
    """In theirs alone, but for a hot spot of the same category that comes and goes, 240 m wide."""
    truths = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))
    category = truths["near_repeat"]["category"]
    result = _knox_of(alerts, category, 499)
    first = ("(0.1, 100]", "[0, 7]")
    found = [(str(b.space), str(b.time)) for b in result.patterns]
    assert found[0] == first
    # The spot's months last four weeks, and it is wider than 100 m: weaker bands beside the first.
    assert result.patterns[0].ratio > 2
    assert result.patterns[0].ratio > 2 * result.patterns[1].ratio
    assert result.sentence(t).startswith("Within 100 m of an incident and within 7 days there are ")

    (spot,) = [spot for spot in truths["hot_spot"] if category in spot["categories"]]
    assert spot["class"] == "sporadic"
    x, y = open_source(plain_sample).city.project(spot["longitude"], spot["latitude"])
    elsewhere = _knox_of(alerts[np.hypot(alerts.x - x, alerts.y - y) > spot["radius"] + 30], category, 499)
    assert (str(elsewhere.patterns[0].space), str(elsewhere.patterns[0].time)) == first
    assert len(elsewhere.patterns) <= 2  # of twenty bands one may be chance
    assert elsewhere.patterns[0].ratio > 10


@pytest.mark.parametrize("category", ["pickpocketing", "litter_dumping"])
def test_categories_of_steady_spots_do_not_repeat(alerts: pd.DataFrame, category: str) -> None:
    """Categories of spots that come and go (parking) do, and rightly so."""
    assert not any(band.pattern for band in _knox_of(alerts, category, 199).bands)


SPACE, TIME = (0.1, 5.0, 10.0), (1.0, 2.0, 4.0)
coordinate = st.integers(0, 20)
cases = st.lists(st.tuples(coordinate, coordinate, st.integers(0, 9)), max_size=25)


def counted(result: Any) -> list[int]:
    return [band.observed for band in result.bands]


def slow(rows: Any, closed: Closed) -> list[int]:
    """A double loop that asks every interval."""
    found = {(s, d): 0 for s in intervals(SPACE, closed) for d in intervals(TIME, closed)}

    def holds(band: Any, value: float) -> bool:
        above = value >= band.low if band.with_low else value > band.low
        return above and (value <= band.high if band.with_high else value < band.high)

    for i, (x, y, day) in enumerate(rows):
        for x2, y2, day2 in rows[:i]:
            gap = math.hypot(x - x2, y - y2)
            for s, d in found:
                found[s, d] += holds(s, gap) and holds(d, abs(day - day2))
    return list(found.values())


@settings(max_examples=60)
@given(cases, st.sampled_from(["right", "left"]))
@example([(0, 0, 0), (3, 4, 1), (6, 8, 2)], "right")
@example([(0, 0, 0), (3, 4, 1), (6, 8, 2)], "left")
def test_the_same_as_a_double_loop(rows: Any, closed: Closed) -> None:
    x, y, days = np.array(rows, dtype=float).reshape(-1, 3).T
    for shift in (0.0, 0.25):
        result = knox(x, y, days + shift, space=SPACE, time=TIME, closed=closed, permutations=1)
        assert counted(result) == slow(rows, closed)
    parts = knox(x, y, days / 3, space=SPACE, time=[t / 3 for t in TIME], closed=closed, permutations=1)
    assert counted(parts) == slow(rows, closed)


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
    kept, told = thin_points(np.zeros((100, 2)), math.inf, 4950, 0)
    assert (len(kept), told) == (100, ())


def test_pairs_are_thinned_by_the_distance_that_is_tested() -> None:
    """On a grid of 1 m a point has 20 others within 2.5 m."""
    x, y = (axis.ravel().astype(float) for axis in np.meshgrid(np.arange(40), np.arange(40)))
    every = knox(x, y, x, space=(2.5,), time=(1,), permutations=1)
    assert every.pairs == pytest.approx(16_000, rel=0.1)
    assert every.pairs < 16_000  # the edges have fewer
    at_most = knox(x, y, x, space=(2.5,), time=(1,), permutations=1, most_pairs=every.pairs)
    assert (at_most.n_used, at_most.choices) == (1600, ())
    fewer = knox(x, y, x, space=(2.5,), time=(1,), permutations=1, most_pairs=every.pairs - 1)
    assert fewer.n_used == 1584  # 99 % of them


def test_bands_follow_the_precision() -> None:
    assert bands_for() == (0.1, 100, 200, 300, 400)
    assert bands_for(100) == (200, 400, 600, 800)


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
