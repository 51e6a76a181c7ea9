"""Hour profiles: counts by hour of the day, and as bars of text."""

from __future__ import annotations

import pandas as pd
import pytest

from curim_data.importing.proof import hour_profile, text_bars


def test_hours_are_counted_in_local_time_and_missing_ones_left_out() -> None:
    times = pd.Series(pd.to_datetime(["2025-07-01T21:30Z", "2025-07-01T21:59Z", None, "2025-01-01T22:00Z"], utc=True))
    counts = hour_profile(times.dt.tz_convert("Europe/Athens"))
    assert len(counts) == 24
    assert {hour: n for hour, n in enumerate(counts) if n} == {0: 3}
    assert {hour: n for hour, n in enumerate(hour_profile(times)) if n} == {21: 2, 22: 1}
    assert hour_profile(times[:0]) == (0,) * 24


@pytest.mark.parametrize(
    ("counts", "bars"),
    [([], ""), ([0, 0], "··"), ([1], "█"), ([1, 8, 2], "▁█▂"), ([1, 1000], "▁█"), ([500, 501, 1000], "▄▅█")],
)
def test_bars_reach_the_top_at_the_most_and_show_the_least(counts: list[int], bars: str) -> None:
    assert text_bars(counts) == bars
