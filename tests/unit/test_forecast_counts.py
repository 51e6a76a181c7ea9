"""The outlook: intervals that cover what they claim, season, dispersion, ends."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy.stats import binom, nbinom, poisson

from analysis.forecast.counts import _covered, _forecasts_made, _phi, count_interval, dispersion, forecast_counts
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


def test_a_season_is_foretold_where_years_are_known(t: Translator) -> None:
    rng = np.random.default_rng(2)
    week = np.arange(212)
    counts = rng.poisson(60 * (1 + 0.6 * np.sin(2 * np.pi * week / 52)))
    told = forecast_counts(counts[:-4], START)
    assert told is not None
    truth = 60 * (1 + 0.6 * np.sin(2 * np.pi * week[-4:] / 52))
    assert told.total.value == pytest.approx(truth.sum(), rel=0.12)
    assert "same weeks of earlier years" in t(told.choices[0].explanation)


@pytest.mark.parametrize(("length", "best"), [(9, 4), (400, 26)])
def test_the_weeks_of_the_level_follow_how_fast_the_level_moves(length: int, best: int) -> None:
    steps = np.random.default_rng(31).uniform(40, 400, 150 // length + 1)  # a new level every so many weeks
    series = np.random.default_rng(32).poisson(np.repeat(steps, length)[:150])
    told = forecast_counts(series, START)
    assert told is not None
    assert told.choices[0].value == best
    assert told.total.value == pytest.approx(4 * series[-best:].mean())


def slow_season(series: np.ndarray, at: int, level: int, step: int) -> float:
    """The same five weeks of every earlier year against the mean of the `level` weeks before them, one by one."""
    alerts, expected = 0.0, 0.0
    year = 1
    while at - 52 * year - level >= 0:
        then = at - 52 * year
        mean = sum(series[week] for week in range(then - level, then)) / level
        for week in (then + step + off for off in (-2, -1, 0, 1, 2)):
            if week >= 0:
                alerts += series[week]
                expected += mean
        year += 1
    return (alerts + 50) / (expected + 50)


@pytest.mark.parametrize("level", [4, 26])
def test_the_season_equals_its_slow_twin(level: int) -> None:
    series = np.random.default_rng(level).poisson(30, 190).astype(float)
    path = _forecasts_made(series, level, True, 4)
    assert np.isnan(path[: 52 + level]).all()
    for at in (52 + level, 104, 104 + level - 1, 104 + level, 156 + level - 1, 190):
        mean = series[at - level : at].mean()
        np.testing.assert_allclose(path[at], [mean * slow_season(series, at, level, step) for step in range(4)])


def test_the_season_by_hand() -> None:
    """Weeks of 10 but one of 110 a year ago: in the window of five weeks it is (150 + 50) / (50 + 50) times as many."""
    series = np.full(60, 10.0)
    series[60 - 52 + 3] = 110.0
    assert _forecasts_made(series, 4, True, 4)[60].tolist() == [10.0, 20.0, 20.0, 20.0]
    series = np.full(60, 10.0)
    series[60 - 52 + 1] = 110.0  # two weeks before the last of the four
    assert _forecasts_made(series, 4, True, 4)[60].tolist() == [20.0, 20.0, 20.0, 20.0]


def test_years_without_a_season_are_told_none(t: Translator) -> None:
    counts = np.random.default_rng(33).poisson(60, 212)
    told = forecast_counts(counts, START)
    assert told is not None
    assert "same weeks of earlier years" not in t(told.choices[0].explanation)
    assert told.total.value == pytest.approx(4 * counts[-told.choices[0].value :].mean())


def test_nothing_of_the_future_enters_the_past() -> None:
    rng = np.random.default_rng(3)
    counts = rng.poisson(20, 150)
    other = counts.copy()
    other[-1] += 500
    one, two = forecast_counts(counts, START), forecast_counts(other, START)
    assert one is not None
    assert two is not None
    if one.choices[0] == two.choices[0]:
        np.testing.assert_allclose(one.past[:-1], two.past[:-1])
    assert two.total.value > one.total.value


def test_what_came_later_tries_no_interval_and_chooses_no_way() -> None:
    series = np.random.default_rng(23).poisson(40, 120).astype(float)
    path = _forecasts_made(series, 8, False, 2)
    later = series.copy()
    later[100:] *= 5
    one, two = (_covered(x, path, 8, 80, 0.95)[:20] for x in (series, later))
    assert one.tolist() == two.tolist()
    assert not _covered(later, path, 8, 80, 0.95)[20]
    calm = np.random.default_rng(24).poisson(50, 130).astype(float)
    told = forecast_counts(calm, START)
    assert told is not None
    rising = calm.copy()
    rising[-told.tried :] += 20 * np.arange(told.tried)  # a rise is best followed by short means
    again = forecast_counts(rising, START)
    assert again is not None
    assert told.choices[0].value == again.choices[0].value == 26


def test_dispersion_of_past_forecasts_by_hand() -> None:
    series = np.array([4.0, 9.0, 1.0, 12.0, 7.0])
    path = np.array([[np.nan], [4.0], [4.0], [4.0], [4.0], [4.0]])
    errors = [(9 - 4) ** 2 / 4, (1 - 4) ** 2 / 4, (12 - 4) ** 2 / 4]
    assert _phi(series, path, 1, 4, (0, 1)) == pytest.approx(sum(errors) / 2)


def test_interval_holds_its_level_and_no_more_than_it_must() -> None:
    for mean in (0.3, 4.0, 90.0):
        for phi in (1.0, 2.5):
            told = count_interval(mean, phi)
            law = poisson(mean) if phi == 1 else nbinom(mean / (phi - 1), 1 / phi)
            assert law.var() == pytest.approx(phi * mean)
            assert law.cdf(told.high) - law.cdf(told.low - 1) >= 0.95
            assert law.cdf(told.high - 1) < 0.975
            assert told.low == 0 or law.sf(told.low) < 0.975


def test_dispersion_is_never_below_that_of_chance() -> None:
    assert dispersion([5, 5, 5], [5.0, 5.0, 5.0]) == 1
    assert dispersion([0, 10], [5.0, 5.0]) == 5
    assert dispersion([], []) == 1


def test_too_short_a_past_foretells_nothing() -> None:
    assert forecast_counts(np.full(30, 7), START) is None
    assert forecast_counts(np.full(60, 7), START) is not None


def test_no_alerts_at_all() -> None:
    told = forecast_counts(np.zeros(80), START)
    assert told is not None
    assert (told.total.value, told.total.low, told.total.high) == (0, 0, 0)
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
