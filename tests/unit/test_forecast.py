"""Forecasts of places and of the next weeks: nothing of the future, intervals that hold, hidden where they must be."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise, permutations

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, nbinom, poisson

from analysis.forecast import (
    RUNS,
    NextPeriods,
    PastErrors,
    _intervals,
    _top_cells,
    counted_before,
    flagged_hits,
    forecast_next,
    forecast_places,
    past_errors,
    past_starts,
    widened_tail,
)
from analysis.trends.line import Ahead, read_line
from curim_data.model import FloatArray, Message, Translator
from tests.effort import some

START = dt.date(2025, 1, 6)
LAND = pd.Series(0.0177, index=[int(c) for c in h3.grid_disk(h3.latlng_to_cell(37.943, 23.646, 10), 5)])
CELLS = len(LAND)


def field(rng: np.random.Generator, weeks: int = 112, mean: float = 40.0, uneven: bool = True) -> np.ndarray:
    """A stationary Poisson field: `mean` alerts a week on the whole land."""
    rate = rng.gamma(0.6, 1, CELLS) if uneven else np.ones(CELLS)
    return rng.poisson(mean * rate[:, None] / rate.sum(), (CELLS, weeks))


@pytest.mark.slow
def test_on_a_stationary_field_intervals_cover() -> None:
    rng = np.random.default_rng(11)
    runs, covered, tried, missed, ahead_tried = 60, 0, 0, 0, 0
    for _ in range(runs):
        counts = field(rng)
        told = forecast_places(counts[:, :-4], LAND)
        covered, tried = covered + told.covered, tried + told.tried
        came = pd.Series(counts[:, -4:].sum(axis=1), index=LAND.index)[told.listed.index]
        missed += int((~came.between(told.listed["low"], told.listed["high"])).sum())
        ahead_tried += len(came)
    assert covered / tried > 0.93
    assert missed <= binom.ppf(0.999, ahead_tried, 0.05)


@pytest.mark.slow
def test_an_even_field_is_hidden(t: Translator) -> None:
    rng = np.random.default_rng(12)
    shown = [forecast_places(field(rng, uneven=False), LAND).shown for _ in range(30)]
    assert sum(shown) <= binom.ppf(0.999, 30, 0.05)
    told = next(f for _ in range(5) if not (f := forecast_places(field(rng, uneven=False), LAND)).shown)
    assert told.frame["expected"].isna().all()
    assert told.listed.empty
    assert "plain counting found no more alerts than" in told.sentence(t)


def test_nothing_of_the_future_enters_a_method() -> None:
    rng = np.random.default_rng(15)
    counts = field(rng, 80)
    later = counts.copy()
    later[:, 60:] = 9
    np.testing.assert_allclose(*(counted_before(x, [60]) for x in (counts, later)))


def test_a_sliver_of_land_is_not_listed_first() -> None:
    counts = field(np.random.default_rng(28))
    land = LAND.copy()
    land.iloc[5] = land.max() / 1000
    counts[5] = np.arange(112) % 10 == 0
    told = forecast_places(counts, land)
    assert told.shown
    assert land.index[5] not in told.listed.index


def test_expected_places_make_up_the_expected_city() -> None:
    told = forecast_places(field(np.random.default_rng(17)), LAND)
    city = four_weeks(field(np.random.default_rng(17)).sum(axis=0))[0]
    assert told.frame["expected"].sum() == pytest.approx(city)
    assert told.listed["expected"].is_monotonic_decreasing
    assert _top_cells(np.array([4.0, 3.0, 1.0]), np.array([10.0, 1.0, 100.0])).tolist() == [1]  # by density
    assert told.n == told.frame["last_weeks"].sum() + field(np.random.default_rng(17))[:, :-52].sum()


def test_interval_holds_its_level_and_no_more_than_it_must() -> None:
    for mean in (0.3, 4.0, 90.0):
        for phi in (1.0, 2.5):
            came = 5 + np.array([1, -1]) * (5 * phi) ** 0.5  # (came - 5)² over 5 is phi
            low, high = (side[0] for side in _intervals(np.array([mean]), came, np.full(2, 5.0)))
            law = poisson(mean) if phi == 1 else nbinom(mean / (phi - 1), 1 / phi)
            assert law.var() == pytest.approx(phi * mean)
            assert law.cdf(high) - law.cdf(low - 1) >= 0.95
            assert law.cdf(high - 1) < 0.975
            assert low == 0 or law.sf(low) < 0.975


@pytest.mark.parametrize(("weeks", "mean", "why"), [(50, 40.0, "past forecasts only"), (112, 0.3, "lottery")])
def test_hidden_with_its_reason(weeks: int, mean: float, why: str, t: Translator) -> None:
    assert not forecast_places(np.zeros((CELLS, 120)), LAND).shown
    assert not forecast_places(np.full((1, 120), 5), LAND.iloc[:1]).shown  # all the land holds no more than itself
    told = forecast_places(field(np.random.default_rng(18), weeks, mean), LAND)
    assert not told.shown
    assert why in told.sentence(t)


@pytest.mark.parametrize(("events", "lottery"), [(49, True), (50, False)])
def test_fifty_alerts_in_the_test_are_enough_and_fewer_are_not(events: int, lottery: bool, t: Translator) -> None:
    counts = np.zeros((CELLS, 112))
    counts[0, :60] = 1
    counts[0, 60 : 60 + events] = 1  # the test covers the last 52 weeks
    told = forecast_places(counts, LAND)
    assert told.backtest.events == events
    assert (not told.shown and "lottery" in told.sentence(t)) == lottery
    assert told.shown != lottery


def test_the_measures_of_the_backtest_are_the_slow_ones() -> None:
    counts = field(np.random.default_rng(21))
    test = forecast_places(counts, LAND).backtest
    share, hits, events = 0.05, [], []
    for at in test.origins:
        came, old = counts[:, at : at + 4].sum(axis=1), naive_at(counts, at)
        hits.append(held(np.argsort(-old, kind="stable"), came, old, share))
        events.append(came.sum())
    row, count = test.at(share), len(test.origins)
    assert row["pai"] == pytest.approx(sum(hits) / sum(events) / share)
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RUNS)
    tails = widened_tail(0.025, count), 1 - widened_tail(0.025, count)
    ends = np.quantile(drawn @ hits / (drawn @ events) / share, tails)
    assert row[["pai_low", "pai_high"]].to_numpy(float) == pytest.approx(ends)


def naive_at(counts: np.ndarray, at: int) -> np.ndarray:
    return np.asarray(counts[:, max(0, at - 52) : at].sum(axis=1))


def held(order: np.ndarray, came: np.ndarray, told: np.ndarray, share: float) -> float:
    """Events on a share of cells of one size; cells at the border that are foretold alike share what is left."""
    room, total = share * len(order), 0.0
    for value in sorted(set(told.tolist()), reverse=True):
        group = order[told[order] == value]
        part = min(1.0, room / len(group))
        total += part * came[group].sum()
        room -= part * len(group)
    return total


COUNTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(1, 4)), min_size=1, max_size=6)


def slow_hits(order: tuple[int, ...], came: list[int], land: list[int], share: float) -> float:
    """Walk through the places in an order until the area is used up."""
    left, held = share * sum(land), 0.0
    for place in order:
        part = min(left, land[place])
        held += came[place] * part / land[place]
        left -= part
    return held


@given(COUNTS, st.floats(0, 1))
def test_ties_are_bounded_by_every_order(rows: list[tuple[int, int, int]], share: float) -> None:
    came, told, land = ([row[at] for row in rows] for at in range(3))
    density = [a / b for a, b in zip(told, land, strict=True)]
    every = [
        slow_hits(order, came, land, share)
        for order in permutations(range(len(rows)))
        if all(density[a] >= density[b] for a, b in pairwise(order))
    ]
    mean = flagged_hits(came, told, [share], land)[0][0]
    assert min(every) - 1e-9 <= mean <= max(every) + 1e-9
    assert flagged_hits(came, came, [share], land)[0][0] >= max(every) - 1e-9


@given(COUNTS)
def test_all_the_land_holds_everything_and_nothing_is_better_than_the_best(rows: list[tuple[int, int, int]]) -> None:
    came, told, land = ([row[at] for row in rows] for at in range(3))
    shares = np.linspace(0, 1, 11)
    held, cells = flagged_hits(came, told, shares, land)
    assert (held[-1], cells[-1]) == (pytest.approx(sum(came)), pytest.approx(len(rows)))
    assert (held <= flagged_hits(came, came, shares, land)[0] + 1e-9).all()


PER_YEAR = 365.25 / 7
# Australian beer production by quarter, 1992 to the second quarter of 2010, in megalitres (R package fpp2, ausbeer).
QUARTERS = (
    "443 410 420 532 433 421 410 512 449 381 423 531 426 408 416 520 409 398 398 507 432 398 406 526 428 397 403 517 "
    "435 383 424 521 421 402 414 500 451 380 416 492 428 408 406 506 435 380 421 490 435 390 412 454 416 403 408 482 "
    "438 386 405 491 427 383 394 473 420 390 410 488 415 398 419 488 414 374"
)
BEER = np.array(QUARTERS.split(), dtype=float)


def seasonal(rng: np.random.Generator, weeks: int, mean: float = 60, size: float = 0.4) -> FloatArray:
    rates = mean * np.exp(size * np.sin(2 * np.pi * np.arange(weeks) / PER_YEAR))
    return rng.poisson(rates).astype(float)


def counts_ahead(
    counts: FloatArray, per_year: float, periods: int, positions: list[int], breaks: set[int] = frozenset()
) -> Ahead:  # type: ignore[assignment]
    return read_line(counts, per_year, breaks=breaks).ahead(positions, periods)


def four_weeks(counts: np.ndarray) -> tuple[float, float, float]:
    """The sum of the next four weeks of a series, with its limits."""
    ahead = read_line(np.asarray(counts, float), PER_YEAR).ahead([len(counts)], 4)
    return float(ahead.mean.sum()), *(float(side[0]) for side in ahead.sum_bounds(0.95))


def test_naive_forecasts_miss_by_the_published_errors() -> None:
    """Hyndman and Athanasopoulos 2018, section 3.4: seasonal naive 13.40, mean of the past 34.83."""

    def errors(forecast: FloatArray) -> PastErrors:
        return past_errors(BEER, Ahead(forecast[None], 2 * forecast[None], 2 * forecast[:1]), np.array([64]), 4)

    two_years = np.tile(BEER[60:64], 3)[:10]
    assert errors(two_years[:4]).model == errors(two_years[:4]).year == pytest.approx(45 / 4)
    assert errors(two_years).model == pytest.approx(13.40, abs=0.005)
    assert errors(np.full(10, BEER[:64].mean())).model == pytest.approx(34.83, abs=0.006)


def test_all_starts_at_once_are_what_each_gives_alone() -> None:
    """The slow way: each forecast from a series that was cut before it."""
    series = seasonal(np.random.default_rng(2), 160)
    at = [110, 131, 160]
    fast = counts_ahead(series, PER_YEAR, 8, at, breaks={120})
    for row, position in enumerate(at):
        slow = counts_ahead(series[:position], PER_YEAR, 8, [position], breaks={120})
        assert fast.mean[row] == pytest.approx(slow.mean[0], rel=1e-12)
        assert fast.variance[row] == pytest.approx(slow.variance[0], rel=1e-12)
        assert fast.total[row] == pytest.approx(slow.total[0], rel=1e-12)


def test_errors_are_those_of_loops() -> None:
    series = seasonal(np.random.default_rng(3), 150, mean=12)
    starts = past_starts(len(series), "week")
    assert (len(past_starts(300, "week")), len(past_starts(300, "month"))) == (52, 24)
    found = counts_ahead(series, PER_YEAR, 8, [*starts, len(series)])
    told = past_errors(series, found, starts, 52)
    low, high = found.bounds(0.95)
    model, year, recent, inside = [], [], [], 0
    for row, start in enumerate(starts):
        level = series[start - 8 : start].mean()
        for step in range(8):
            count = series[start + step]
            model.append(abs(count - found.mean[row, step]))
            year.append(abs(count - series[start + step - 52]))
            recent.append(abs(count - level))
            inside += bool(low[row, step] <= count <= high[row, step])
    assert told.counts == len(model) == 8 * told.starts
    assert (told.model, told.year, told.recent) == pytest.approx((np.mean(model), np.mean(year), np.mean(recent)))
    assert told.covered == inside
    assert starts[-1] + 8 == len(series)


def test_weeks_that_are_not_covered_are_left_out_and_a_calm_series_has_no_forecast() -> None:
    series = seasonal(np.random.default_rng(7), 260)
    series[150:160] = series[230] = np.nan
    told = forecast_next(series, START, "week")
    assert isinstance(told, NextPeriods)
    assert told.past.counts < 8 * told.past.starts
    assert np.isfinite([told.past.model, told.past.year, told.past.recent]).all()
    assert told.frame["expected"].notna().all()
    assert isinstance(forecast_next(np.full(200, np.nan), START, "week"), Message)
    calm = forecast_next(np.tile([20.0, 22.0], 100), START, "week")  # the mean of the last weeks does as well
    assert isinstance(calm, Message)
    assert "no better" in calm.text


def most_misses(runs: int, rate: float = 0.05) -> int:
    """Misses that fewer than one in a thousand such tests would have if the rate were true."""
    return int(binom.ppf(0.999, runs, rate))


@pytest.mark.slow
@some("scatter", [3.0, 1.0])
def test_intervals_cover_what_they_claim(scatter: float) -> None:
    rng = np.random.default_rng(5)
    runs, missed = 150, 0
    for _ in range(runs):
        mean, size = 30.0, 134
        counts = (
            rng.poisson(mean, size) if scatter == 1 else rng.negative_binomial(mean / (scatter - 1), 1 / scatter, size)
        )
        _, low, high = four_weeks(counts[:-4])
        missed += not low <= counts[-4:].sum() <= high
    assert missed <= most_misses(runs)


def test_a_season_is_foretold_where_years_are_known() -> None:
    """Over 20 times of the year: half as far off as the mean of the last quarter, and within the interval."""
    rng = np.random.default_rng(2)
    off, plain, held = [], [], 0
    for phase in rng.uniform(0, 52, 20):
        rates = 60 * (1 + 0.6 * np.sin(2 * np.pi * (np.arange(212) + phase) / 52))
        counts = rng.poisson(rates)
        told, low, high = four_weeks(counts[:-4])
        truth = rates[-4:].sum()
        off.append(abs(told / truth - 1))
        plain.append(abs(4 * counts[-17:-4].mean() / truth - 1))
        held += low <= counts[-4:].sum() <= high
    assert np.mean(off) < 0.08
    assert np.mean(off) < np.mean(plain) / 2
    assert held >= 19


def test_a_new_level_is_followed_and_a_steady_one_is_learned_from_all_weeks() -> None:
    rng = np.random.default_rng(31)
    steady, moved = rng.poisson(60, 150), rng.poisson(np.repeat([60, 140], [130, 20]))
    told = [four_weeks(series)[0] for series in (steady, moved)]
    assert told[0] == pytest.approx(4 * steady.mean(), rel=0.06)
    assert told[1] == pytest.approx(4 * moved[130:].mean(), rel=0.06)
