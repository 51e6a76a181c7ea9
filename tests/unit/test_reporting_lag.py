"""How late alerts are reported: learned from reports, from successive imports, or said not to be known."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.trends.reporting import LONGEST, ReportingLag, lag_of_imports, lag_of_reports, nothing_known
from analysis.trends.time_series import trend_of
from curim_data.engine import open_source
from curim_data.store import Home
from curim_data.studies.periods import _delays, reporting_lag
from tests.stored import stored_alerts

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


def test_no_period_has_no_part():
    lag = ReportingLag(np.array([0.2, 0.6, 0.8] + [1.0] * (LONGEST - 2)), UNTIL)
    assert lag.part([], []).shape == (0,)
