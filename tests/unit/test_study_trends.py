"""The line of a filter: all alerts of the data are in it, a period that lies partly before the filter's is not."""

import datetime as dt

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.studies.trends import trend_study


def test_a_week_that_lies_partly_before_the_period_is_left_out(source: Source) -> None:
    friday = source.first + dt.timedelta(days=60 + (4 - source.first.weekday()) % 7)
    friday += dt.timedelta(days=(4 - friday.weekday()) % 7)
    trend = trend_study(source, AlertFilter(start=friday, end=friday + dt.timedelta(days=40)))
    assert trend is not None
    assert trend.frame["week"].iloc[0].date() == friday + dt.timedelta(days=3)
    assert "beginning" in [choice.name for choice in trend.choices]
