"""Trends, alarms and levels: no count makes its own band, shifts, gaps, late reports, sentences."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import xlogy

from analysis.stats.intervals import Result
from analysis.trends.line import (
    ALPHA,
    FIRST_JUDGED,
    PENALTY,
    neighbour_dispersion,
    partition,
    quantiles,
    read_line,
    without_events,
)
from analysis.trends.reporting import LONGEST, ReportingLag, lag_of_imports, lag_of_reports, nothing_known
from analysis.trends.time_series import LevelShift, period_total, trend_of, week_clock, year_on_year
from curim_data.engine import open_source
from curim_data.store import Home
from curim_data.studies.periods import _delays, reporting_lag
from pages.parts.trends.breakdown import twelve_months
from tests.simulations.lines import A_YEAR, LENGTHS, World
from tests.stored import stored_alerts

MONDAY = dt.date(2022, 10, 31)


def weeks(counts, first=MONDAY):
    days = pd.date_range(first, periods=len(counts), freq="7D")
    return pd.DataFrame({"week": days.date, "n": np.asarray(counts, dtype=float)})


def covered(series):
    return series["week"].iloc[0], series["week"].iloc[-1] + dt.timedelta(days=6)


def seasonal(size, mean=60, drift=0.0, seed=1):
    time = np.arange(size)
    level = mean * np.exp(0.3 * np.sin(2 * np.pi * time / 52.18) + drift * time / 52)
    return np.random.default_rng(seed).poisson(level)


@pytest.mark.parametrize(("size", "rule"), [(20, "level"), (103, "level"), (104, "season"), (156, "season")])
def test_the_rule_follows_the_length_of_the_data(size, rule, t):
    series = weeks(seasonal(size))
    trend = trend_of(series, covered(series))
    assert isinstance(trend, Result)
    assert trend.rule.name == rule
    assert trend.choices[0].value == rule
    assert "10 in 1,000 quiet periods" in t(trend.choices[0].explanation)
    assert trend.frame["adjusted"].notna().any() == (rule == "season")


@pytest.mark.parametrize(("size", "judged"), [(40, False), (100, False), (208, True)])
def test_alerts_of_one_light_are_judged_by_their_season_alone(size, judged, t):
    y = seasonal(size)
    y[-2:] = y[-2:] * 2 + 20
    trend = trend_of(weeks(y), covered(weeks(y)))
    dark = trend.of_one_light()
    assert trend.frame["alarm"].any()
    assert dark.frame["alarm"].any() == judged
    assert dark.frame["expected"].notna().any() == judged
    assert (dark.outside_since is not None) == judged
    assert ("What is usual cannot be said" in dark.sentence(t)) != judged
    assert [choice.name for choice in dark.choices].count("rule") == 1
    assert dark.choices[0].value == dark.rule.name
    assert dark.n == trend.n


@pytest.mark.parametrize("size", [40, 100, 208])
def test_a_sudden_rise_is_an_alarm_and_the_run_is_dated(size):
    y = seasonal(size)
    y[-2:] = y[-2:] * 2 + 20
    trend = trend_of(weeks(y), covered(weeks(y)))
    assert trend.frame["side"].tail(2).tolist() == [1, 1]
    assert trend.outside_since == MONDAY + dt.timedelta(weeks=size - 2)


def test_incomplete_weeks_are_shown_and_never_judged(t):
    y = seasonal(100)
    y[0], y[-1] = 1, 0
    series = weeks(y)
    first, last = covered(series)
    trend = trend_of(series, (first + dt.timedelta(days=1), last - dt.timedelta(days=3)))
    ends = trend.frame.iloc[[0, -1]]
    assert not ends["complete"].any()
    assert not ends["alarm"].any()
    assert ends["expected"].isna().all()
    assert trend.frame.loc[0, "n"] == 1
    assert trend.latest["week"] == pd.Timestamp(series["week"].iloc[-2])
    assert "only in part" in t(trend.choices[1].explanation)


def test_a_trend_refuses_what_is_no_series():
    series = weeks(seasonal(10))
    moved = series.assign(week=[*series["week"].iloc[:-1], series["week"].iloc[-1] + dt.timedelta(days=1)])
    with pytest.raises(ValueError, match="first day of each week"):
        trend_of(moved, covered(series))
    with pytest.raises(ValueError, match="'week'"):
        trend_of(pd.concat([series, series.tail(1)]), covered(series))


def test_a_period_that_begins_within_a_week_says_that_this_week_is_left_out():
    series = weeks(seasonal(208))
    whole = trend_of(series, covered(series))
    monday = series["week"].iloc[180]
    assert whole.since(monday).choices == whole.choices
    within = whole.since(monday + dt.timedelta(days=2))
    assert len(within.frame) == 27
    assert [choice.name for choice in within.choices if choice not in whole.choices] == ["beginning"]


def test_days_are_told_by_their_own_rule_however_long_the_data(t):
    days = pd.DataFrame({"local_date": pd.date_range("2022-11-01", periods=1461, freq="D").date, "n": 20.0})
    trend = trend_of(days, (days["local_date"].iloc[0], days["local_date"].iloc[-1]), "local_date", "day")
    assert "same weekdays" in t(trend.choices[0].explanation)
    assert "years of" not in t(trend.choices[0].explanation)
    assert "usual against the same weekdays before" in trend.sentence(t)


def test_several_weeks_are_judged_by_the_sum_of_what_each_lets_expect(t):
    y = seasonal(208)
    trend = trend_of(weeks(y), covered(weeks(y))).since(MONDAY + dt.timedelta(weeks=200))
    told = period_total(trend)
    assert (told.n, told.weeks, told.side) == (y[-8:].sum(), 8, 0)
    assert told.first == MONDAY + dt.timedelta(weeks=200)
    assert told.expected.value == pytest.approx(trend.frame["expected"].sum(), rel=0.05)
    assert "usual for the time of year" in told.sentence(t)
    for factor, side, word in ((1.5, 1, "more"), (0.5, -1, "fewer")):
        z = np.concatenate([y[:-8], np.round(y[-8:] * factor)])
        told = period_total(trend_of(weeks(z), covered(weeks(z))).since(MONDAY + dt.timedelta(weeks=200)))
        assert told.side == side
        assert f"8 whole weeks since {t.date(told.first)}: {told.n} alerts, {word} than is usual then" in told.sentence(
            t
        )


def test_without_a_season_nothing_is_said_of_the_season():
    short, long = weeks(seasonal(103)), weeks(seasonal(208))
    assert period_total(trend_of(short, covered(short)).since(MONDAY + dt.timedelta(weeks=95))) is None
    whole = trend_of(long, covered(long))
    for first, known in ((198, False), (199, True), (204, True), (205, False)):
        assert (period_total(whole.since(MONDAY + dt.timedelta(weeks=first))) is not None) == known


@pytest.mark.slow
@pytest.mark.parametrize(("size", "mean"), [(4, 60), (8, 15), (8, 120)])
def test_quiet_periods_are_seldom_called_unusual(size, mean):
    sides = []
    for seed in range(60):
        y = seasonal(208, mean, drift=0.05, seed=seed)
        sides.append(
            period_total(trend_of(weeks(y), covered(weeks(y))).since(MONDAY + dt.timedelta(weeks=208 - size))).side
        )
    assert np.mean(np.abs(sides)) <= 0.1  # 5 %, and what chance adds in 60 draws


def test_year_on_year_compares_the_same_weeks(t):
    y = np.full(120, 20.0)
    y[-13:] = 30
    series = weeks(y)
    compared = year_on_year(trend_of(series, covered(series)))
    assert (compared.before, compared.after, compared.periods) == (260, 390, 13)
    assert compared.p < 0.001
    assert compared.sentence(t) == (
        "Since 18 November 2024: 390 alerts, 260 in the same time a year before: a rise (p <0.001)."
    )
    assert year_on_year(trend_of(weeks(y[:50]), covered(weeks(y[:50])))) is None


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([20] * 60, "Week of 18 December 2023: 20 alerts, usual against the time just before (9 to 34)."),
        ([20] * 59 + [50], "Week of 18 December 2023: 50 alerts, more than usual (9 to 34)."),
        ([20] * 59 + [1], "Week of 18 December 2023: 1 alert, fewer than usual (9 to 34)."),
        ([20] * 5, "Week of 28 November 2022: 20 alerts. It is too early to say what is usual."),
    ],
)
def test_the_sentence_of_a_trend(counts, told, t):
    series = weeks(counts)
    assert trend_of(series, covered(series)).sentence(t) == told


def test_weeks_that_the_sources_do_not_cover_are_shown_and_not_judged(t):
    y = seasonal(208).astype(float)
    y[60:70] = 0
    y[-3] = 0
    gaps = np.isin(np.arange(208), [*range(60, 70), 205])
    series = weeks(y)
    trend = trend_of(series, covered(series), covered=lambda starts, _: ~gaps[: len(starts)])
    assert not trend.frame.loc[gaps, "complete"].any()
    assert trend.frame.loc[gaps, "expected"].isna().all()
    assert not trend.frame["alarm"].iloc[60:75].any()
    assert trend.shifts == ()
    assert np.isnan(trend.frame["last_year"].iloc[115])
    assert period_total(trend.since(MONDAY + dt.timedelta(weeks=200))) is None
    assert len(trend_of(series, covered(series)).shifts) == 2
    assert "usual for the time of year" in trend.sentence(t)


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("week", "Since 3 November 2025: about 24 alerts a week instead of 9.5."),
        ("month", "November 2025 onwards: about 24 alerts a month instead of 9.5."),
    ],
)
def test_a_shift_is_told_with_both_levels(unit, words, t):
    shift = LevelShift(dt.date(2025, 11, 3), 9.5, 24.2, unit, recent=True)
    assert shift.up
    assert shift.sentence(t) == words


def test_the_sentence_says_since_when_and_that_it_is_the_season(t):
    y = seasonal(208)
    usual = trend_of(weeks(y), covered(weeks(y))).sentence(t)
    assert "usual for the time of year" in usual
    for factor, word in ((2.5, "more"), (0.1, "fewer")):
        z = y.astype(float)
        z[-3:] = np.round(z[-3:] * factor)
        told = trend_of(weeks(z), covered(weeks(z))).sentence(t)
        assert f"{word} than usual" in told
        assert told.endswith("First so: Week of 5 October 2026.")


def test_the_clock_lays_a_week_out(t):
    frame = pd.DataFrame(
        {"weekday": [5, 5, 6, 6, 0, None], "hour": [23, 0, 1, 1, 12, 4], "n": [10.0, 8.0, 3.0, 0.0, 4.5, 99.0]}
    )
    week = week_clock(frame)
    assert isinstance(week, Result)
    assert week.matrix.shape == (7, 24)
    assert week.matrix[5, 23] == 10
    assert week.matrix[6, 1] == 3
    assert week.matrix[5].sum() == 18
    assert week.n == 26
    assert week.peak_hours == (23, 2)
    assert week.peak_weekday == 5
    assert week.sentence(t) == "At least half of the alerts fall between 23:00 and 01:00; the fullest day is Saturday."


def test_a_clock_of_bands_tells_whole_bands(t):
    """Bands that are shared out over their hours hold no half of their own."""
    hours, weights = range(24), [1.0] * 6 + [0.0] * 6 + [4.0] * 6 + [1.0] * 6
    frame = pd.DataFrame({"weekday": [4] * 24, "hour": hours, "n": weights})
    assert week_clock(frame).peak_hours == (12, 5)
    banded = week_clock(frame, 6)
    assert banded.peak_hours == (12, 6)
    assert "between 12:00 and 18:00" in banded.sentence(t)
    late = week_clock(frame.assign(n=[3.0] * 6 + [0.0] * 12 + [3.0] * 6), 6)
    assert late.peak_hours[1] == 6
    assert week_clock(frame.assign(n=0.0), 6).peak_hours is None


@pytest.mark.parametrize("months", [26, 38, 15])
def test_the_last_twelve_whole_months_stand_beside_those_a_year_before(months):
    """Complete: each whole month from the latest back to the thirteenth of the data, whatever the unit of the line."""
    first = pd.Timestamp("2023-03-01")
    counts = pd.Series(range(100, 100 + months), pd.date_range(first, periods=months, freq="MS"))
    series = pd.DataFrame({"month": counts.index, "n": counts.to_numpy(float)})
    end = counts.index[-1] + pd.Timedelta(days=9)  # the last month has not ended
    rows = twelve_months(trend_of(series, (first.date(), end.date()), "month", "month"))
    assert len(rows) == min(12, months - 1 - 12)
    assert list(rows["month"]) == list(counts.index[-2 : -2 - len(rows) : -1])
    assert (rows["n"].to_numpy() == counts[rows["month"]].to_numpy()).all()
    assert (rows["last_year"].to_numpy() == counts[rows["month"] - pd.DateOffset(years=1)].to_numpy()).all()
    assert (rows["change"] == 12).all()


UNTIL = dt.date(2025, 6, 30)


def geometric(rng, n, mean):
    return rng.geometric(1 / (1 + mean), n) - 1


def test_the_delay_is_that_of_the_reports():
    rng = np.random.default_rng(1)
    lags = geometric(rng, 20_000, 3)
    counts = pd.Series(lags).value_counts().rename_axis("lag").reset_index(name="n").assign(own=True)
    found = lag_of_reports(counts, UNTIL)
    assert found.known
    assert found.shares[[0, 1, 6]] == pytest.approx([1 / 4, 1 - (3 / 4) ** 2, 1 - (3 / 4) ** 7], abs=0.015)
    assert found.shares[-1] == 1
    assert not lag_of_reports(counts.assign(own=False), UNTIL).known
    assert not lag_of_reports(counts.assign(n=1).head(5), UNTIL).known


def test_the_part_of_a_period_is_the_mean_over_its_days():
    lag = ReportingLag(np.array([0.2, 0.6, 0.8] + [1.0] * (LONGEST - 2)), UNTIL)
    week = UNTIL - dt.timedelta(days=6)
    part = lag.part([week, week - dt.timedelta(days=300), UNTIL], [UNTIL, week - dt.timedelta(days=294), UNTIL])
    assert part == pytest.approx([(0.2 + 0.6 + 0.8 + 4) / 7, 1, 0.2])
    assert nothing_known(UNTIL).part([week], [UNTIL]).tolist() == [1]
    assert lag.part([], []).shape == (0,)


def test_successive_imports_show_what_came_late():
    rng = np.random.default_rng(2)
    days = np.repeat(np.arange(300), 40)
    reported = days + geometric(rng, len(days), 5)
    ends = np.arange(119, 300, 30)
    batch = np.searchsorted(ends, reported)
    kept = batch < len(ends)
    rows = pd.DataFrame({"batch": batch[kept], "day": pd.Timestamp("2024-09-04") + pd.to_timedelta(days[kept], "D")})
    counts = rows.groupby(["batch", "day"]).size().reset_index(name="n")
    found = lag_of_imports(counts, UNTIL)
    truth = 1 - (5 / 6) ** np.arange(1, LONGEST + 2)
    assert found.shares[[0, 3, 10, 40]] == pytest.approx(truth[[0, 3, 10, 40]], abs=0.06)
    assert (np.diff(found.shares) >= 0).all()
    assert not lag_of_imports(counts[counts["batch"] == 0], UNTIL).known


@pytest.mark.slow
def test_late_reports_make_no_false_fall():
    """Of weeks whose reports take five days on average: without the delay the last one is low in most cities."""
    rng = np.random.default_rng(3)
    lag = ReportingLag(1 - (5 / 6) ** np.arange(1, LONGEST + 2), UNTIL)
    days = pd.date_range(end=UNTIL, periods=7 * 104)
    first = days[0].date()
    blind = seen = 0
    for _ in range(30):
        event = np.repeat(np.arange(len(days)), rng.poisson(10, len(days)))
        kept = event[event + geometric(rng, len(event), 5) < len(days)]
        n = np.bincount(kept // 7, minlength=104)
        series = pd.DataFrame({"week": pd.date_range(first, periods=104, freq="7D").date, "n": n.astype(float)})
        blind += trend_of(series, (first, UNTIL)).frame["side"].iloc[-1] < 0
        seen += trend_of(series, (first, UNTIL), lag=lag).frame["side"].iloc[-1] < 0
    assert blind > 20
    assert seen <= 2


def test_the_last_week_of_data_that_tell_no_delay_is_never_a_fall(t):
    series = pd.DataFrame({"week": pd.date_range("2023-01-02", periods=80, freq="7D").date, "n": [60.0] * 79 + [20.0]})
    dates = (series["week"].iloc[0], series["week"].iloc[-1] + dt.timedelta(days=6))
    plain = trend_of(series, dates)
    told = trend_of(series, dates, lag=nothing_known(dates[1] + dt.timedelta(days=3)))
    assert plain.frame["side"].iloc[-1] == -1
    assert told.frame["side"].iloc[-1] == 0
    assert "not called a fall" in told.sentence(t)
    assert "late" in [choice.name for choice in told.choices]
    past = trend_of(series, dates, lag=nothing_known(dates[1] + dt.timedelta(days=8)))
    assert past.frame["side"].iloc[-1] == -1
    higher = series.assign(n=[60.0] * 79 + [160.0])
    assert trend_of(higher, dates, lag=nothing_known(dates[1])).frame["side"].iloc[-1] == 1


def test_of_a_week_of_which_a_part_is_in_the_part_is_told(t):
    series = pd.DataFrame({"week": pd.date_range("2023-01-02", periods=80, freq="7D").date, "n": [60.0] * 79 + [33.0]})
    dates = (series["week"].iloc[0], series["week"].iloc[-1] + dt.timedelta(days=6))
    half = ReportingLag(np.array([0.5] * 7 + [1.0] * (LONGEST - 6)), dates[1])
    told = trend_of(series, dates, lag=half)
    assert told.frame["side"].iloc[-1] == 0
    assert told.frame["expected"].iloc[-1] == pytest.approx(30, abs=1.5)
    assert told.frame["upper"].iloc[-1] > 75  # all of it may be in
    late = next(choice for choice in told.choices if choice.name == "late")
    assert "about 50 in 100" in t(late.explanation)


def test_the_delay_of_stored_alerts(sample: Home):
    source = open_source(sample)
    counts, until = _delays(source)
    assert until >= source.as_of
    alerts = stored_alerts(source).select(["reported_at", "local_date", "occurred_from"]).to_pandas()
    local = alerts["reported_at"].dt.tz_convert(source.city.timezone).dt.tz_localize(None).dt.normalize()
    lag = (local - pd.to_datetime(alerts["local_date"])).dt.days
    old = pd.to_datetime(alerts["local_date"]).dt.date <= until - dt.timedelta(days=LONGEST)
    recent = pd.to_datetime(alerts["local_date"]).dt.date > until - dt.timedelta(days=LONGEST + 730)
    assert counts["n"].sum() == int((old & recent & alerts["reported_at"].notna()).sum())
    share = counts.loc[counts["lag"] <= 0, "n"].sum() / counts["n"].sum()
    assert share == pytest.approx((lag[old & recent] <= 0).mean(), abs=0.005)
    found = reporting_lag(source)
    again = reporting_lag(replace(source, cache={}))
    assert found.known
    assert found.shares == pytest.approx(again.shares)


def season_of(rng, weeks, mean=60.0, size=0.3):
    return rng.poisson(mean * np.exp(size * np.sin(2 * np.pi * np.arange(weeks) / A_YEAR))).astype(float)


def test_no_count_makes_the_band_that_it_is_judged_by():
    y = season_of(np.random.default_rng(1), 190)
    told = read_line(y, A_YEAR)
    for at in (8, 30, 103, 104, 150, 188):
        other = y.copy()
        other[at:] = np.random.default_rng(at).poisson(500, len(y) - at)
        changed = read_line(other, A_YEAR)
        assert changed.expected[: at + 1] == pytest.approx(told.expected[: at + 1], nan_ok=True)
        assert changed.variance[: at + 1] == pytest.approx(told.variance[: at + 1], nan_ok=True)
        assert read_line(y[: at + 1], A_YEAR).expected == pytest.approx(told.expected[: at + 1], nan_ok=True)


@pytest.mark.parametrize(
    "world", [World(5, 2, 0.3), World(20, 1, 0), World(20, 3, 0.3), World(120, 1, 0.3), World(120, 2, 0, 0.4)], ids=str
)
def test_quiet_weeks_lie_within_the_band(world):
    """At most 10 in 1,000; the rows of the table are of many more series (docs/bands-and-alarms.md)."""
    rng, outside, weeks = np.random.default_rng(3), 0, 0
    for y in world.draw(rng, 5, 300):
        low, high = read_line(y, A_YEAR).bounds()
        outside += int(((y < low) | (y > high)).sum())
        weeks += len(y) - FIRST_JUDGED
    assert stats.binom.sf(outside - 1, weeks, ALPHA) > 0.001
    assert set(LENGTHS) >= {"½", "10"}


@pytest.mark.parametrize("factor", [0.5, 1.6])
@pytest.mark.parametrize("known", [20, 60, 150])
def test_a_step_is_an_alarm_within_weeks_in_both_directions(factor, known):
    rng = np.random.default_rng(4)
    weeks = []
    for _ in range(10):
        y = rng.poisson(np.repeat([140, 140 * factor], [known, 8])).astype(float)
        seen = [read_line(y[: known + k], A_YEAR).shifts for k in range(1, 9)]
        first = [k for k, shifts in enumerate(seen, 1) if shifts and shifts[-1].recent]
        weeks.append(min(first, default=99))
        shift = read_line(y, A_YEAR).shifts[-1]
        assert abs(shift.at - known) <= 1
        assert (shift.after > shift.before) == (factor > 1)
        assert shift.after / shift.before == pytest.approx(factor, rel=0.15)
        assert not shift.recent
    assert np.median(weeks) == 2


def test_a_season_is_no_shift_once_it_is_known_and_is_learned_through_a_shift():
    y = season_of(np.random.default_rng(5), 260, 200)
    assert read_line(y, A_YEAR).shifts == ()
    halved = y.copy()
    halved[200:] = np.random.default_rng(6).binomial(halved[200:].astype(int), 0.5)
    told = read_line(halved, A_YEAR)
    assert [shift.at for shift in told.shifts] == [200]
    truth = np.exp(0.3 * np.sin(2 * np.pi * np.arange(260) / A_YEAR))
    assert told.season == pytest.approx(truth / truth[:52].mean(), rel=0.12)


def test_one_wild_week_is_outside_and_moves_nothing():
    y = np.random.default_rng(7).poisson(40, 90).astype(float)
    wild = y.copy()
    wild[60] = 400
    told, plain = read_line(wild, A_YEAR), read_line(y, A_YEAR)
    assert wild[60] > told.bounds()[1][60]
    assert told.shifts == ()
    assert told.expected[61:] == pytest.approx(plain.expected[61:], rel=0.12)
    assert (told.variance[61:] < 1.5 * plain.variance[61:]).all()


def test_after_a_break_the_band_is_wide_and_learns_again():
    y = np.random.default_rng(9).poisson(np.repeat([30, 70], [120, 20])).astype(float)
    plain, told = read_line(y, A_YEAR), read_line(y, A_YEAR, breaks=[120])
    low, high = told.bounds()
    assert ((low <= y) & (y <= high))[120:].all()
    assert high[120] - low[120] > 2 * (plain.bounds()[1] - plain.bounds()[0])[120]
    assert told.expected[:120] == pytest.approx(plain.expected[:120], nan_ok=True)
    assert high[-1] - low[-1] < 0.5 * (high[120] - low[120])
    assert [(shift.at, shift.noted) for shift in plain.shifts] == [(120, False)]
    assert [(shift.at, shift.noted) for shift in told.shifts] == [(120, True)]


def test_days_have_their_weekdays():
    rate = np.tile([10, 10, 10, 10, 30, 60, 50], 20)
    y = np.random.default_rng(11).poisson(rate).astype(float)
    told = read_line(y, 365.25, shortest=14, weekdays=True)
    assert told.expected[60:] == pytest.approx(rate[60:], rel=0.25)
    assert told.shifts == ()
    y[-1] = 10  # as on a Monday
    assert y[-1] < read_line(y, 365.25, shortest=14, weekdays=True).bounds()[0][-1]


def test_the_variance_of_a_sum_ahead_is_that_of_simulated_sums():
    """Level with weight a, moved each period as the model says, counts with variance phi times their mean."""
    y = season_of(np.random.default_rng(14), 156, 80)
    line = read_line(y, A_YEAR)
    ahead = line.ahead([156], 8)
    rate, weight, memory, phi = line._states[156]
    rng, size = np.random.default_rng(15), 200_000
    relative = phi / weight
    level = rng.normal(1, np.sqrt(relative), size)
    counts = np.empty((size, 8))
    for step in range(8):
        mean = np.maximum(level * ahead.mean[0, step], 1e-9)
        counts[:, step] = rng.normal(mean, np.sqrt(phi * mean))
        level = level + rng.normal(0, np.sqrt(relative * (1 - memory)), size)
    assert counts.var(axis=0) == pytest.approx(ahead.variance[0], rel=0.03)
    assert counts.sum(axis=1).var() == pytest.approx(ahead.total[0], rel=0.03)
    assert rate > 0


def test_quantiles_of_counts_without_bursts_are_those_of_poisson():
    mean = np.array([0.5, 4.0, 60.0, np.nan])
    low, high = quantiles(0.005, mean, mean)
    assert low[:3].tolist() == stats.poisson.ppf(0.005, mean[:3]).tolist()
    assert high[:3].tolist() == stats.poisson.ppf(0.995, mean[:3]).tolist()
    assert np.isnan([low[3], high[3]]).all()


# Explosions in British coal mines that killed ten or more, by year, 1851 to 1962 (Jarrett 1979, Biometrika 66).
YEARS = (
    "4541043406334026335453144155342522342132211113001011003103220111010100021000110233112111123300014000100000100101"
)
COAL = np.array([*YEARS], dtype=float)


def best_of_all(y, mass, cost, shortest, free):
    """The slow way: the value of every partition, by recursion from the end."""

    def value(end):
        if end == 0:
            return 0.0, []
        found = (-np.inf, [])
        for start in range(end - shortest + 1):
            before, starts = value(start)
            n, e = y[start:end].sum(), mass[start:end].sum()
            total = before + 2 * float(xlogy(n, n / e)) - (cost if start and start not in free else 0)
            if total > found[0] + 1e-9:
                found = (total, [*starts, start])
        return found

    return value(len(y))[1]


@pytest.mark.parametrize("seed", range(12))
def test_the_partition_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    size, shortest = int(rng.integers(6, 13)), int(rng.integers(1, 4))
    y = rng.poisson(np.repeat([4, 30, 10], 5)[:size]).astype(float)
    mass = rng.uniform(0.5, 2, size)
    free = (int(rng.integers(1, size)),)
    found = partition(y, mass, shortest, free=free)
    cost = PENALTY * np.log(size) * found.dispersion
    assert found.starts == best_of_all(found.counts, mass, cost, shortest, free)
    # Of each beginning of the series too: the last level by what lies before alone.
    for end in range(shortest, size + 1):
        assert found.last[end] == best_of_all(found.counts[:end], mass[:end], cost, shortest, free)[-1]


def test_coal_mining_changed_in_1892():
    """Published: 1890 or 1891 is the last year of the old level, three a year before and one after."""
    assert (len(COAL), COAL.sum()) == (112, 191)
    (shift,) = read_line(COAL, np.inf).shifts
    assert 1851 + shift.at == 1892
    assert shift.after < shift.before
    assert (shift.before, shift.after) == pytest.approx((3.1, 0.9), abs=0.05)


@pytest.mark.parametrize("factor", [0.0, 10.0])
def test_one_week_is_an_event_and_two_are_a_level(factor):
    y = np.random.default_rng(6).poisson(60, 80).astype(float)
    one, two = y.copy(), y.copy()
    one[50:51] *= factor
    two[50:52] *= factor
    assert partition(one, np.ones(80)).starts == [0]
    assert partition(two, np.ones(80)).starts == [0, 50, 52]
    limited = without_events(one, np.ones(80), 1.0)
    assert abs(limited[50] - 60) < 40
    assert (limited != one).sum() <= 4


@pytest.mark.parametrize("phi", [1.0, 3.0])
def test_the_dispersion_is_that_of_the_counts_whatever_the_level_does(phi):
    rng = np.random.default_rng(7)
    found = []
    for _ in range(40):
        rate = np.repeat([20.0, 60.0], 80)
        y = rng.poisson(rate) if phi == 1 else rng.negative_binomial(rate / (phi - 1), 1 / phi)
        y[30] *= 8
        found.append(neighbour_dispersion(y.astype(float), np.ones(160)))
    assert phi < np.median(found) < 1.5 * phi  # the largest of three, so a little above
