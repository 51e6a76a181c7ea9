from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

from analysis.hotspots.grouping import Spot
from analysis.spots.naming import name_spot
from analysis.spots.profile import problem_for, profile_spot
from analysis.stats.intervals import Result
from curim_data.model import CityProfile, Translator
from curim_data.model.plan import Caution, Interval

SPOT = Spot("8a1", (0x8A1EDA753C07FFF,), 23.6507, 37.9385, 1, 40, 10.0, 4.0, 2.5, 6.0, 0.001, 0.017)


def frame(**columns: list) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_a_spot_is_named_after_its_landmark_or_near_it(city: CityProfile, t: Translator) -> None:
    mark = next(mark for mark in city.landmarks if mark.id == "pasalimani")
    at = name_spot(mark.longitude, mark.latitude, city)
    assert (at.place, at(t)) == ("pasalimani", "Pasalimani")
    assert set(at.by_language) == {"el", "en", "fr"}
    assert replace(at, near=True, number=2)(t) == "Near: Pasalimani (2)"


def test_the_names_of_a_main_category_that_is_not_told(city: CityProfile, t: Translator) -> None:
    told = profile_spot(city, n=10, categories=frame(category=["uncategorised", "noise"], n=[6.0, 4.0]))
    assert told.labels["en"] == "Not stated"
    assert "uncategorised" not in told.sentence(t)
    assert "For 60\N{NO-BREAK SPACE}% of the alerts no category is stated." in told.sentence(t)


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    hours = pd.DataFrame({"weekday": [4] * 24, "hour": range(24), "n": 0.0})
    hours.loc[hours["hour"].isin([23, 0]), "n"] = 10.0
    hours.loc[hours["hour"] == 1, "n"] = 8.0
    hours.loc[hours["hour"] == 12, "n"] = 5.0
    return {
        "categories": frame(category=["noise", "harassment_verbal", "following"], n=[4.0, 30.0, 6.0]),
        "hours": hours,
        "affected": frame(affected_gender=["woman", "man", "undisclosed", "unknown"], n=[24.0, 8.0, 6.0, 2.0]),
        "dark": frame(dark=[True, False, None], n=[30.0, 6.0, 4.0]),
    }


def test_a_profile_holds_the_figures_and_says_them(
    city: CityProfile, t: Translator, tables: dict[str, pd.DataFrame]
) -> None:
    told = profile_spot(city, n=40, **tables)
    assert isinstance(told, Result)
    assert (told.categories[0].id, told.categories[0].share) == ("harassment_verbal", 0.75)
    assert told.hours == (23, 0)
    assert told.dark_share == pytest.approx(30 / 36)
    assert told.women is not None
    assert (told.women.value, round(told.women.low, 4), round(told.women.high, 4)) == (0.75, 0.5789, 0.8675)
    assert told.unknown_gender == 0.2
    label = city.categories["harassment_verbal"].labels["en"]
    assert told.sentence(t).startswith(
        f"Mainly {label} (75\u00a0%). At least half of the alerts fall between 23:00 and 01:00."
    )
    assert "more alerts than is usual for this place since April 2025" in replace(
        told, since=dt.date(2025, 4, 1)
    ).sentence(t)


def test_what_is_unknown_stays_so(city: CityProfile, t: Translator) -> None:
    empty = profile_spot(city, n=3)
    assert empty.sentence(t) == ""
    assert (empty.hours, empty.dark_share, empty.women, empty.since) == (None, None, None, None)
    nobody = frame(affected_gender=["woman", "unknown"], n=[0.0, 12.0])
    some = frame(category=["noise", "vandalism"], n=[0.0, 10.0])
    told = profile_spot(city, n=12, categories=some, dark=frame(dark=[None], n=[3.0]), affected=nobody)
    assert told.categories[0].share == pytest.approx(10 / 12)
    assert told.dark_share is None
    assert [part.id for part in told.categories] == ["vandalism"]
    assert (told.women, told.unknown_gender) == (None, 1)


def test_a_main_category_is_a_share_of_the_alerts_not_of_all_mentions_of_categories(
    city: CityProfile, t: Translator
) -> None:
    several = frame(category=["noise", "vandalism", "graffiti"], n=[6.0, 5.0, 3.0])
    told = profile_spot(city, n=10, categories=several)
    assert [part.share for part in told.categories] == pytest.approx([0.6, 0.5, 0.3])
    assert "60\N{NO-BREAK SPACE}%" in told.sentence(t)


def test_a_problem_takes_everything_over(city: CityProfile, tables: dict[str, pd.DataFrame]) -> None:
    told = replace(profile_spot(city, n=40, **tables), since=dt.date(2025, 4, 1))
    name = name_spot(SPOT.longitude, SPOT.latitude, city)
    start, end = dt.date(2025, 11, 1), dt.date(2026, 10, 31)
    problem = problem_for(SPOT, name, told, query={"period": "12m"}, start=start, end=end, women_city=0.5)
    assert (problem.spot, problem.place, problem.cells, problem.n) == ("8a1", "pasalimani", ("8a1eda753c07fff",), 40)
    assert problem.ratio == Interval(4.0, 2.5, 6.0)
    assert problem.names["en"] == "Pasalimani"
    assert (problem.hours, problem.since, problem.cautions) == (told.hours, told.since, ())
    assert told.women is not None
    assert problem.women == Interval(told.women.value, told.women.low, told.women.high)
    assert (problem.women_city, problem.unknown_gender, problem.dark_share) == (0.5, 0.2, told.dark_share)
    assert (problem.start, problem.end, problem.query, problem.q) == (start, end, {"period": "12m"}, SPOT.q)
    open_ended = replace(SPOT, high=float("inf"), ratio=float("inf"), expected=float("nan"))
    cautions = (Caution.PILED, Caution.PILED)
    without = replace(told, women=None)
    problem = problem_for(open_ended, name, without, query={}, start=start, end=end, cautions=cautions)
    assert (problem.ratio, problem.expected, problem.cautions) == (None, None, (Caution.PILED,))
    assert problem.women is None
