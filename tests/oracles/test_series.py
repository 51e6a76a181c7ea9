"""Trends, alarms and levels against published values and slow twins; gaps, late reports, sentences; PAI and PEI."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import xlogy
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM

from analysis.cube import kendall_s, sen_slope
from analysis.forecast import flagged_hits
from analysis.stats.intervals import Result
from analysis.trends import line
from analysis.trends.line import (
    ALPHA,
    FIRST_JUDGED,
    PENALTY,
    design,
    fit_quasi_poisson,
    neighbour_dispersion,
    partition,
    quantiles,
    read_line,
    without_events,
)
from analysis.trends.reporting import LONGEST, ReportingLag, lag_of_imports, lag_of_reports, nothing_known
from analysis.trends.time_series import LevelShift, trend_of, week_clock
from curim_data.engine import open_source
from curim_data.store import Home
from curim_data.studies.periods import _delays, reporting_lag
from tests.effort import some
from tests.simulations.lines import A_YEAR, LENGTHS, World
from tests.stored import stored_alerts

# Sales of shampoo over three years (Makridakis, Wheelwright and Hyndman 1998, Forecasting).
SHAMPOO = [
    *(266.0, 145.9, 183.1, 119.3, 180.3, 168.5, 231.8, 224.5, 192.8, 122.9, 336.5, 185.9),
    *(194.3, 149.5, 210.1, 273.3, 191.4, 287.0, 226.0, 303.6, 289.9, 421.6, 264.5, 342.3),
    *(339.7, 440.4, 315.9, 439.3, 401.3, 437.4, 575.5, 407.6, 682.0, 475.3, 581.3, 646.9),
]

# Monthly rainfall at Bogra from 1981 to 2010 in millimetres, two years a line: the first series that pymannkendall
# (Hussain and Mahmud 2019) is tested on. Seven months are not known.
RAIN = [float(month) for month in Path(__file__).with_name("rain.txt").read_text("ascii").split()]


def test_a_strong_trend() -> None:
    assert kendall_s(SHAMPOO).item() == 440
    assert sen_slope(SHAMPOO).item() == pytest.approx(11.509375, abs=1e-9)
    assert kendall_s([1, 2, 4, 3, 5, 7, 6, 8, 10, 9, 12, 11]).item() == 58


def test_thirty_years_of_rain_with_gaps_have_no_trend() -> None:
    """The tests of pymannkendall print these digits; its version 1.4.3 keeps the distances across gaps in the slope."""
    assert (len(RAIN), kendall_s(RAIN).item()) == (360, -1959)
    assert sen_slope(RAIN).item() == pytest.approx(-0.006369426751592357, rel=1e-12)
    closed = [value for value in RAIN if np.isfinite(value)]
    assert sen_slope(closed).item() == pytest.approx(-0.0064516129032258064, rel=1e-12)


def pai_and_pei(came: list[float], told: list[float], flagged: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Chainey's PAI, (n / N) / (a / A), and PEI, PAI over that of the best flags, of so many places of one size."""
    shares, land = np.array(flagged) / len(came), np.ones(len(came))
    held, best = (flagged_hits(came, ranked, shares, land)[0] for ranked in (told, came))
    return held / sum(came) / shares, held / best


def test_three_places() -> None:
    pai, pei = pai_and_pei([6, 3, 0], [3, 2, 1], [1, 2, 3])
    assert pai.tolist() == pytest.approx([2, 1.5, 1])
    assert pei.tolist() == pytest.approx([1, 1, 1])


def test_six_places_of_which_two_are_foretold_alike() -> None:
    """The second and third are: the peer takes the one with 3 alerts before the one with 7, we the mean of both."""
    pai, pei = pai_and_pei([6, 7, 3, 2, 1, 0], [8, 4, 4, 2, 1, 0], [1, 2, 3, 4, 5, 6])
    assert pai.round(4).tolist() == [1.8947, pytest.approx((9 + 13) / 2 / 19 * 3, abs=5e-5), 1.6842, 1.4211, 1.2, 1]
    assert pei.round(4).tolist() == [0.8571, pytest.approx((9 + 13) / 2 / 13, abs=5e-5), 1, 1, 1, 1]


EXPORTS = Path(__file__).parents[2].parent / "shared" / "data" / "exports"


@pytest.mark.parametrize(
    ("per_year", "weekdays", "size"), [(A_YEAR, False, 180), (12.0, False, 48), (365.25, True, 900)]
)
def test_the_regression_is_that_of_statsmodels(per_year: float, weekdays: bool, size: int) -> None:
    rng = np.random.default_rng(size)
    rows = np.column_stack([np.ones(size), design(np.arange(size), per_year, weekdays)])
    exposure = rng.uniform(5, 80, size)
    truth = rng.normal(0, 0.2, rows.shape[1])
    mean = exposure * np.exp(rows @ truth)
    y = rng.negative_binomial(mean, 0.5).astype(float)
    found = fit_quasi_poisson(rows, y, exposure, np.zeros(rows.shape[1]))
    known = GLM(y, rows, family=Poisson(), exposure=exposure).fit(scale="X2")
    assert found == pytest.approx(known.params, abs=1e-6)


def test_the_band_of_a_steady_line_is_that_of_a_quasi_poisson_regression() -> None:
    """The same mean, and a variance at most two fifths larger than by mean, its error and Pearson's dispersion."""
    rng = np.random.default_rng(1)
    wide = []
    for _ in range(12):
        rate = 90 * np.exp(0.3 * np.sin(2 * np.pi * np.arange(260) / A_YEAR))
        y = rng.negative_binomial(rate, 0.5).astype(float)  # variance twice the mean
        line = read_line(y, A_YEAR)
        rows = np.column_stack([np.ones(260), design(np.arange(260), A_YEAR, weekdays=False)])
        fit = GLM(y[:-1], rows[:-1], family=Poisson()).fit(scale="X2")
        row = rows[-1]
        mean = float(np.exp(row @ fit.params))
        spread = fit.scale * mean + mean**2 * float(row @ fit.cov_params() @ row)
        assert line.expected[-1] == pytest.approx(mean, rel=0.15)
        wide.append(line.variance[-1] / spread)
    assert 1 <= np.median(wide) < 1.4  # dispersion and level are known from fewer counts


def test_quantiles_are_those_of_the_negative_binomial() -> None:
    low, high = quantiles(0.005, np.array([40.0]), np.array([100.0]))
    law = stats.nbinom(40 / 1.5, 0.4)
    assert (law.mean(), law.var()) == pytest.approx((40, 100))
    assert (low[0], high[0]) == (law.ppf(0.005), law.ppf(0.995))
    mean = np.array([0.5, 4.0, 60.0, np.nan])  # without bursts those of Poisson
    low, high = quantiles(0.005, mean, mean)
    assert [side[:3].tolist() for side in (low, high)] == [
        stats.poisson.ppf(q, mean[:3]).tolist() for q in (0.005, 0.995)
    ]
    assert np.isnan([low[3], high[3]]).all()


def vancouver() -> pd.Series:
    """Thefts of Vancouver in 2020 by day."""
    path = EXPORTS / "vancouver_thefts.csv.gz"
    if not path.exists():
        pytest.skip("the thefts of Vancouver are not beside this checkout")
    rows = pd.read_csv(path, usecols=["YEAR", "MONTH", "DAY"])
    return pd.to_datetime(rows).value_counts().sort_index()


@pytest.mark.parametrize("weeks", [2, 3, 4])
def test_vancouver_fell_on_23_march_2020(weeks: int) -> None:
    """Two to four weeks after the fall, with eleven whole weeks before it, the shift is an alarm."""
    days, first = vancouver(), dt.date(2020, 3, 23)
    last = first + dt.timedelta(days=7 * weeks - 1)
    days = days[days.index <= pd.Timestamp(last)]
    mondays = days.index - pd.to_timedelta(days.index.day_of_week, unit="D")
    series = days.groupby(mondays).sum().rename_axis("week").reset_index(name="n")
    trend = trend_of(series, (dt.date(2020, 1, 1), last))
    (shift,) = trend.shifts
    assert (shift.day, shift.up, shift.recent) == (first, False, weeks < 5)
    assert 560 < shift.before < 590
    assert 380 < shift.after < 430


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
def test_the_rule_follows_the_length_of_the_data(size, rule):
    series = weeks(seasonal(size))
    trend = trend_of(series, covered(series))
    assert isinstance(trend, Result)
    assert trend.rule == rule
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
    assert not judged or dark.frame["expected"].notna().idxmax() == 2 * 52
    assert (dark.outside_since is not None) == judged
    assert ("What is usual cannot be said" in dark.sentence(t)) != judged
    assert [choice.value for choice in dark.choices if choice.name == "rule"] == ([] if judged else ["other_light"])
    assert dark.n == trend.n


@pytest.mark.parametrize("size", [40, 208])
@pytest.mark.parametrize(("side", "word"), [(1, "more"), (-1, "fewer")])
def test_a_sudden_rise_or_fall_is_an_alarm_and_the_run_is_dated(size, side, word, t):
    y = seasonal(size)
    y[-2:] = y[-2:] * 2 + 20 if side > 0 else 2
    trend = trend_of(weeks(y), covered(weeks(y)))
    assert trend.frame["side"].tail(2).tolist() == [side, side]
    assert trend.outside_since == MONDAY + dt.timedelta(weeks=size - 2)
    assert f"{word} than usual" in trend.sentence(t)
    assert trend.sentence(t).endswith(f"First so: Week of {t.date(trend.outside_since)}.")


def test_incomplete_weeks_are_shown_and_never_judged():
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


def test_a_trend_refuses_what_is_no_series():
    series = weeks(seasonal(10))
    moved = series.assign(week=[*series["week"].iloc[:-1], series["week"].iloc[-1] + dt.timedelta(days=1)])
    with pytest.raises(ValueError, match="first day of each week"):
        trend_of(moved, covered(series))
    with pytest.raises(ValueError, match="'week'"):
        trend_of(pd.concat([series, series.tail(1)]), covered(series))


def test_of_a_period_that_begins_within_a_week_this_week_is_left_out():
    series = weeks(seasonal(208))
    whole = trend_of(series, covered(series))
    monday = series["week"].iloc[180]
    assert whole.since(monday).choices == whole.choices
    within = whole.since(monday + dt.timedelta(days=2))
    assert len(within.frame) == 27


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([20] * 60, "Week of 18 December 2023: 20 alerts, usual against the time before (9 to 34)."),
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
    assert len(trend_of(series, covered(series)).shifts) == 2
    assert "usual for the time of year" in trend.sentence(t)


def test_a_shift_is_told_with_both_levels(t):
    shift = LevelShift(dt.date(2025, 11, 3), 9.5, 24.2, "week", recent=True)
    assert shift.up
    assert shift.sentence(t) == "Since 3 November 2025: about 24 alerts a week instead of 9.5."
    month = replace(shift, unit="month")
    assert month.sentence(t) == "November 2025 onwards: about 24 alerts a month instead of 9.5."


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
    assert (plain.frame["side"].iloc[-1], told.frame["side"].iloc[-1]) == (-1, 0)
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
@some("known", [60, 20, 150])
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


def test_levels_and_what_a_line_expects_are_no_whole_numbers_and_each_shift_begins_at_the_last() -> None:
    assert read_line(np.tile([2.0, 3.0], 60), np.inf).expected[-1] == pytest.approx(2.5, abs=0.3)
    shifts = read_line(np.repeat([20.0, 60.0, 20.0], 40), np.inf).shifts
    told = np.array([(shift.before, shift.after) for shift in shifts])
    assert told == pytest.approx(np.array([(20, 60), (60, 20)]), rel=0.1)


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


def test_days_have_their_weekdays(t):
    days = pd.DataFrame({"local_date": pd.date_range("2022-11-01", periods=1461, freq="D").date, "n": 20.0})
    trend = trend_of(days, (days["local_date"].iloc[0], days["local_date"].iloc[-1]), "local_date", "day")
    assert "usual against the time before" in trend.sentence(t)
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
    assert [partition(counts, np.ones(80)).starts for counts in (one, two)] == [[0], [0, 50, 52]]
    limited = without_events(one, np.ones(80), 1.0)
    assert abs(limited[50] - 60) < 40
    assert (limited != one).sum() <= 4
    np.testing.assert_allclose(without_events(one, np.full(80, 4.0), 1.0), limited)


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
    for limit, left in ((line._DIFFERENCE_LIMIT, line._DIFFERENCE_LEFT), (line._LIMIT**2, line._LEFT)):
        assert stats.norm.expect(lambda z: np.minimum(z**2, limit)) == pytest.approx(left)  # noqa: B023
