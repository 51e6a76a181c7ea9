"""The line and the forecasts of a filter, and the questions by gender, also in the protected copy."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.stats.intervals import poisson_rate
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Translator
from curim_data.studies.gender import feeling_study, rate_study
from curim_data.studies.trends import ForecastStudy, forecast_study, trend_study, whole_weeks
from tests.stored import seen_by


@pytest.fixture(scope="module")
def told(source: Source) -> ForecastStudy:
    return forecast_study(source, AlertFilter())


def test_weeks_are_whole_and_the_forecast_follows_them(source: Source, told: ForecastStudy) -> None:
    mondays = whole_weeks(source, AlertFilter())
    assert mondays[0].date() >= source.first
    assert mondays[-1].date() + dt.timedelta(days=6) <= source.as_of
    assert (mondays.day_of_week == 0).all()
    assert told.start == mondays[-1].date() + dt.timedelta(days=7)
    counts = query.counts(source, AlertFilter(period="all"), ["week"]).frame
    inside = counts[pd.to_datetime(counts["week"]).isin(mondays)]
    assert told.city.n == inside["n"].sum()


def test_a_period_that_ends_earlier_knows_nothing_of_later_weeks(source: Source) -> None:
    f = AlertFilter(period="", start=dt.date(2025, 1, 1), end=dt.date(2025, 8, 31))
    told = forecast_study(source, f)
    assert told.start == dt.date(2025, 9, 1)
    came = query.total(source, f.replace(start=told.start, end=told.start + dt.timedelta(days=27))).n
    assert came is not None
    assert told.city.total.low <= came <= told.city.total.high


def test_the_council_gets_city_and_places_and_no_cells(council: Source, told: ForecastStudy, t: Translator) -> None:
    own = forecast_study(seen_by(council, Audience.COUNCIL), AlertFilter())
    assert own.cells is None
    assert own.listed.empty
    assert own.cells_refused is not None
    assert "specialists" in t(own.cells_refused)
    assert own.city.total.value == pytest.approx(told.city.total.value, rel=0.02)
    exact = dict(told.places)
    assert {place for place, _ in own.places} == set(exact)
    for place, expected in own.places[:5]:
        assert exact[place].total.low <= expected.total.value <= exact[place].total.high


def test_small_weeks_hide_nothing_from_the_council(source: Source, council: Source) -> None:
    """Its weeks are those of the copy, in which the sensitive ones have changed place and time."""
    f = AlertFilter(categories=("sexual_assault",))
    own, exact = forecast_study(seen_by(council, Audience.COUNCIL), f), forecast_study(source, f)
    assert own.city.n == pytest.approx(exact.city.n, abs=4) != 0  # some may have moved beyond the last whole week
    assert own.recent["n"].notna().all()
    assert own.places


def test_a_week_that_lies_partly_before_the_period_is_left_out(source: Source) -> None:
    friday = source.first + dt.timedelta(days=60 + (4 - source.first.weekday()) % 7)
    friday += dt.timedelta(days=(4 - friday.weekday()) % 7)
    trend = trend_study(source, AlertFilter(start=friday, end=friday + dt.timedelta(days=40)))
    assert trend.frame["week"].iloc[0].date() == friday + dt.timedelta(days=3)
    assert "beginning" in [choice.name for choice in trend.choices]


@pytest.mark.slow
def test_the_council_gets_no_feeling_about_anything_sensitive(source: Source, council: Source) -> None:
    """The copy has none, however many there are; those about anything else are what they were."""
    everything = AlertFilter(period="all")
    for category in source.city.categories:
        f = everything.replace(categories=(category,))
        told, exact = feeling_study(seen_by(council, Audience.COUNCIL), f), feeling_study(source, f)
        assert exact.frame["n"].sum() > 0
        if category in source.city.sensitive:
            assert told.frame["mean"].isna().all()
            assert not told.gap.known
        else:
            n, of = (found.frame["n"].to_numpy(float) for found in (told, exact))
            assert (n <= of).all()  # of an incident that is also something sensitive nobody's feeling is told
            assert n.sum() > 0.9 * of.sum()


def test_rates_only_where_residents_are_known(source: Source) -> None:
    assert rate_study(source, AlertFilter()) is None
    districts = [area.id for area in source.city.districts]
    people = pd.DataFrame({"district": districts, "women": 10_000, "men": 5_000})
    known = replace(source, city=replace(source.city, population=people))
    found = rate_study(known, AlertFilter())
    frame = found.frame
    assert list(frame["area"]) == ["", *districts]
    whole = frame.iloc[0]
    assert whole["rate_women"] == pytest.approx(whole["n_women"] / (10 * len(districts)))
    assert whole["ratio"] == pytest.approx(whole["rate_women"] / whole["rate_men"])
    assert whole["low_women"] < whole["rate_women"] < whole["high_women"]
    one = rate_study(known, AlertFilter(districts=(districts[0],)))
    assert list(one.frame["area"]) == [districts[0]]


def test_the_council_gets_the_rates_of_the_copy(council: Source) -> None:
    people = pd.DataFrame({"district": [a.id for a in council.city.districts], "women": 100, "men": 100})
    known = replace(council, city=replace(council.city, population=people))
    f = AlertFilter(period="28d", categories=("unwanted_touching",))
    found = rate_study(seen_by(known, Audience.COUNCIL), f)
    frame = found.frame.set_index("area")
    counted = query.counts(seen_by(council, Audience.COUNCIL), f, ["district", "reporter_gender"], complete=True).frame
    women = counted[counted["reporter_gender"] == "woman"].set_index("district")["n"]
    assert 0 < women.max() < 10
    for area in people["district"]:
        assert frame.loc[area, "n_women"] == women[area]
        assert frame.loc[area, "rate_women"] == pytest.approx(10 * women[area])


def test_poisson_rate_reproduces_garwoods_limits() -> None:
    ten = poisson_rate(10, 2)
    assert (ten.value, round(ten.low, 3), round(ten.high, 3)) == (5, 2.398, 9.195)
    assert poisson_rate(0, 1).low == 0
    assert poisson_rate(0, 1).high == pytest.approx(-np.log(0.025))
