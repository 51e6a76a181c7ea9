"""Limits that decide what a reader is told: last year's line of a finding, districts that are silent, another city."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import Question
from curim_data.store.home import create_home
from curim_data.studies.brief import brief_study
from curim_data.studies.gender import judged_districts, silent_districts
from tests.small import alert, small_city, small_source

ALL = AlertFilter()


def test_the_line_of_last_year_is_what_came_in_the_same_weeks_a_year_before(source: Source) -> None:
    findings = [one for one in brief_study(source, ALL).findings if one.series is not None and one.periods.same_season]
    assert findings
    for finding in findings:
        everything = finding.filter.replace(period="all", start=None, end=None)
        days = query.counts(source, everything, ["local_date"], complete=True).frame.set_index("local_date")["n"]
        for column, ago in (("n", 0), ("before", 364)):
            assert finding.series is not None
            weeks = finding.series.frame.set_index("start")[column].dropna()
            assert len(weeks) > 8
            for start, n in weeks.items():
                first = pd.Timestamp(str(start)) - pd.Timedelta(days=ago)
                assert n == days[days.index.to_series().between(first, first + pd.Timedelta(days=6))].sum()


def of_districts(folder: Path, first: int, second: int) -> Source:
    """Alerts of two districts of 1,000 residents each."""
    numbers = enumerate(["zone_1"] * first + ["zone_2"] * second)
    people = pd.DataFrame({"district": ["zone_1", "zone_2"], "women": [500, 500], "men": [500, 500]})
    city = replace(small_city(), population=people)
    return small_source(folder, [alert(at, district=district) for at, district in numbers], city)


@pytest.mark.parametrize(
    ("first", "second", "silent"), [(10, 60, ("zone_1",)), (11, 55, ()), (12, 60, ()), (15, 60, ()), (3, 30, ())]
)
def test_a_district_is_silent_under_a_third(first: int, second: int, silent: tuple[str, ...], tmp_path: Path) -> None:
    # Of 70 alerts 35 are expected of each: 10 are under a third (11.7); of 33 only 16.5, which is too few to judge.
    source = of_districts(tmp_path, first, second)
    assert silent_districts(source, ALL) == silent
    assert len(judged_districts(source, ALL)) == (2 if first + second >= 40 else 0)


@pytest.mark.parametrize(("outside", "asked"), [(8, False), (10, False), (11, True), (17, True)])
def test_the_city_is_asked_about_where_more_than_half_lie_outside(outside: int, asked: bool, tmp_path: Path) -> None:
    places = ["37.970,23.672"] * outside + ["37.943,23.647"] * (20 - outside)  # the first are a kilometre outside
    rows = [f"{at};2025-03-01T10:00;noise;{place.replace(',', ';')}" for at, place in enumerate(places)]
    text = "\n".join(["alert_id;reported_at;category;latitude;longitude", *rows])
    home = create_home(tmp_path / "home")
    with pytest.raises(Question, match="right city") if asked else nullcontext():
        import_file(home, text.encode(), "file.csv")
