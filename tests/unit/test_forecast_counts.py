"""The outlook: intervals that cover what they claim, season, level, ends."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy.stats import binom

from analysis.forecast.next_periods import forecast_counts
from analysis.trends.line import read_line
from curim_data.model import Translator

START = dt.date(2025, 1, 6)


def most_misses(runs: int, rate: float = 0.05) -> int:
    """Misses that fewer than one in a thousand such tests would have if the rate were true."""
    return int(binom.ppf(0.999, runs, rate))


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


@pytest.mark.parametrize(("counts", "weeks"), [([1.0, float("nan")], 4), ([1.0] * 60, 5), ([1.0] * 60, 0)])
def test_refused(counts: list[float], weeks: int) -> None:
    with pytest.raises(ValueError, match="weeks"):
        forecast_counts(counts, START, weeks)
