"""The forecast of the next weeks: it never sees the future, its intervals hold, and it is shown only where it helps.

The outlook: intervals that cover what they claim, season, level, ends.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy.stats import binom

from analysis.forecast import (
    NextPeriods,
    forecast_counts,
    forecast_next,
    mean_absolute_error,
    mean_just_before,
    past_errors,
    past_starts,
    same_a_year_before,
)
from analysis.trends.line import Ahead, read_line
from curim_data.model import FloatArray, Message, Translator

START = dt.date(2025, 1, 6)
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


def test_naive_forecasts_miss_by_the_published_errors() -> None:
    """Hyndman and Athanasopoulos 2018, section 3.4: seasonal naive 13.40, mean of the past 34.83."""
    start, steps = np.array([64]), np.arange(64, 74)[None, :]
    assert mean_absolute_error(BEER[steps[:, :4]], same_a_year_before(BEER, steps[:, :4], 4)) == pytest.approx(45 / 4)
    two_years = np.concatenate([BEER[60:64], BEER[60:64], BEER[60:62]])
    assert mean_absolute_error(BEER[steps], two_years) == pytest.approx(13.40, abs=0.005)
    assert mean_absolute_error(BEER[steps], mean_just_before(BEER, start, 64)) == pytest.approx(34.83, abs=0.006)


def test_a_forecast_is_the_same_whatever_comes_after_it() -> None:
    series = seasonal(np.random.default_rng(1), 200)
    at = [60, 120, 150, 192]
    told = counts_ahead(series, PER_YEAR, 8, at)
    for row, position in enumerate(at):
        changed = series.copy()
        changed[position:] = 10_000
        other = counts_ahead(changed, PER_YEAR, 8, at)
        assert np.array_equal(told.mean[row], other.mean[row])
        assert np.array_equal(told.variance[row], other.variance[row])
        assert told.total[row] == other.total[row]
    assert not np.array_equal(told.mean[1:], counts_ahead(series + 5, PER_YEAR, 8, at).mean[1:])


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


@pytest.mark.parametrize("scatter", [1.0, 3.0])
def test_intervals_hold_what_they_promise(scatter: float) -> None:
    rng = np.random.default_rng(4)
    missed, missed_sum, runs = 0, 0, 40
    for _ in range(runs):
        rates = 50 * np.exp(0.3 * np.sin(2 * np.pi * (np.arange(164) / PER_YEAR + rng.uniform())))
        size = rates / (scatter - 1) if scatter > 1 else rates
        series = rng.poisson(rates) if scatter == 1 else rng.negative_binomial(size, 1 / scatter)
        told = counts_ahead(series[:156], PER_YEAR, 8, [156])
        low, high = (side[0] for side in told.bounds(0.95))
        missed += int(((series[156:] < low) | (series[156:] > high)).sum())
        ends = told.sum_bounds(0.95)
        missed_sum += not ends[0][0] <= series[156:].sum() <= ends[1][0]
    assert missed <= binom.ppf(0.999, 8 * runs, 0.05)
    assert missed_sum <= binom.ppf(0.999, runs, 0.05)
    assert missed  # not so wide that nothing is ever outside


def test_nothing_is_forecast_where_the_mean_of_the_last_weeks_does_as_well() -> None:
    calm = np.tile([20.0, 22.0], 100)
    told = forecast_next(calm, START, "week")
    assert isinstance(told, Message)
    assert "no worse" in told.text


def test_weeks_that_are_not_covered_are_left_out() -> None:
    series = seasonal(np.random.default_rng(7), 260)
    series[150:160] = series[230] = np.nan
    told = forecast_next(series, START, "week")
    assert isinstance(told, NextPeriods)
    assert told.past.counts < 8 * told.past.starts
    assert np.isfinite([told.past.model, told.past.year, told.past.recent]).all()
    assert told.frame["expected"].notna().all()
    assert isinstance(forecast_next(np.full(200, np.nan), START, "week"), Message)


def most_misses(runs: int, rate: float = 0.05) -> int:
    """Misses that fewer than one in a thousand such tests would have if the rate were true."""
    return int(binom.ppf(0.999, runs, rate))


@pytest.mark.slow
@pytest.mark.parametrize("scatter", [1.0, 3.0])
def test_intervals_cover_what_they_claim(scatter: float) -> None:
    rng = np.random.default_rng(5)
    runs, missed, missed_past, tried = 150, 0, 0, 0
    for _ in range(runs):
        mean = 30.0
        size = 134
        counts = (
            rng.poisson(mean, size) if scatter == 1 else rng.negative_binomial(mean / (scatter - 1), 1 / scatter, size)
        )
        told = forecast_counts(counts[:-4], START)
        assert told is not None
        missed += not told.total.low <= counts[-4:].sum() <= told.total.high
        missed_past += told.tried - told.covered
        tried += told.tried
    assert missed <= most_misses(runs)
    assert 0.02 < missed_past / tried < 0.065


def test_a_season_is_foretold_where_years_are_known() -> None:
    """Over 20 times of the year: half as far off as the mean of the last quarter, and within the interval."""
    rng = np.random.default_rng(2)
    off, plain, held = [], [], 0
    for phase in rng.uniform(0, 52, 20):
        rates = 60 * (1 + 0.6 * np.sin(2 * np.pi * (np.arange(212) + phase) / 52))
        counts = rng.poisson(rates)
        told = forecast_counts(counts[:-4], START)
        assert told is not None
        truth = rates[-4:].sum()
        off.append(abs(told.total.value / truth - 1))
        plain.append(abs(4 * counts[-17:-4].mean() / truth - 1))
        held += told.total.low <= counts[-4:].sum() <= told.total.high
    assert np.mean(off) < 0.08
    assert np.mean(off) < np.mean(plain) / 2
    assert held >= 19


def test_a_new_level_is_followed_and_a_steady_one_is_learned_from_all_weeks() -> None:
    rng = np.random.default_rng(31)
    steady, moved = rng.poisson(60, 150), rng.poisson(np.repeat([60, 140], [130, 20]))
    told = [forecast_counts(series, START) for series in (steady, moved)]
    assert told[0] is not None
    assert told[1] is not None
    assert told[0].total.value == pytest.approx(4 * steady.mean(), rel=0.06)
    assert told[1].total.value == pytest.approx(4 * moved[130:].mean(), rel=0.06)


@pytest.mark.parametrize(("length", "weeks"), [(140, 4), (97, 3), (60, 1)])
def test_past_weeks_are_tried_one_after_the_other_by_what_came_before_them(length: int, weeks: int) -> None:
    """The slow way: each block of weeks by a series that was cut before it."""
    series = np.random.default_rng(length).poisson(20, length)
    told = forecast_counts(series, START, weeks)
    assert told is not None
    inside, tried = 0, 0
    for at in range(length - weeks, 25, -weeks):
        if tried + weeks > 52:
            break
        before = read_line(series[:at], 365.25 / 7).ahead([at], weeks)
        low, high = (side[0] for side in before.bounds(0.95))
        inside += int(((low <= series[at : at + weeks]) & (series[at : at + weeks] <= high)).sum())
        tried += weeks
    assert (told.covered, told.tried) == (inside, tried)
    ahead = read_line(series, 365.25 / 7).ahead([length], weeks)
    assert [one.value for one in told.weeks] == pytest.approx(ahead.mean[0].tolist())
    assert told.total.value == pytest.approx(ahead.mean.sum())


def test_too_short_a_past_foretells_nothing() -> None:
    assert forecast_counts(np.full(41, 7), START) is None
    assert forecast_counts(np.full(42, 7), START) is not None


def test_no_alerts_at_all() -> None:
    told = forecast_counts(np.zeros(80), START)
    assert told is not None
    assert told.total.value < 0.1
    assert (told.total.low, told.total.high) == (0, 0)
    assert told.covered == told.tried


def test_says_itself(t: Translator) -> None:
    told = forecast_counts(np.full(80, 10), START, 2)
    assert told is not None
    assert told.sentence(t).startswith(
        f"Expected in the next 2 weeks, from {t.date(START)} on: 20 alerts (95 % interval "
    )
    assert f"Of {told.tried} past weeks" in told.sentence(t)
