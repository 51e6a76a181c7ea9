"""The questions by gender: planted truth found, protected numbers within their bounds, rates only with residents."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.stats.intervals import UNKNOWN, poisson_rate
from curim_data import query
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Translator
from curim_data.store import Home
from curim_data.studies.gender import feeling_study, light_study, place_study, rate_study, weight_study, without_gender

EMPTY = AlertFilter(start=dt.date(2001, 1, 1), end=dt.date(2001, 1, 2))
BOTH = (Audience.ANALYST, Audience.COUNCIL)


@pytest.fixture(scope="module")
def source(sample: Home) -> Source:
    return open_source(sample)


@pytest.mark.parametrize("audience", BOTH)
def test_the_planted_place_differs_after_dark(source: Source, audience: Audience) -> None:
    first = place_study(source, AlertFilter(dark=True), audience).differ.frame.iloc[0]
    assert first["place"] == "pasalimani"
    assert first["significant"]
    assert first["direction"] == 1
    assert first["share"] > 0.8


def test_a_place_is_compared_with_the_city_also_where_it_is_the_filter(source: Source) -> None:
    alone = place_study(source, AlertFilter(dark=True, places=("pasalimani",)), Audience.ANALYST)
    among = place_study(source, AlertFilter(dark=True), Audience.ANALYST)
    assert list(alone.differ.frame["place"]) == ["pasalimani"]
    assert alone.differ.city == among.differ.city
    assert alone.n == among.n > among.near


def test_harassment_weighs_more_on_women_whatever_categories_are_picked(source: Source) -> None:
    whole = weight_study(source, AlertFilter(), Audience.ANALYST).frame.set_index("category")
    picked = weight_study(source, AlertFilter(categories=("harassment_verbal",)), Audience.ANALYST).frame
    assert whole.loc["harassment_verbal", "significant"]
    assert whole.loc["harassment_verbal", "low"] > 2
    assert picked["ratio"].iloc[0] == pytest.approx(whole.loc["harassment_verbal", "ratio"])


def test_small_sensitive_numbers_are_protected_for_the_council(source: Source, city: CityProfile) -> None:
    frame = weight_study(source, AlertFilter(), Audience.COUNCIL).frame
    sensitive = frame[frame["category"].isin(city.sensitive)]
    shown = sensitive[["women", "men"]].to_numpy()
    assert not ((shown > 0) & (shown < 10)).any()
    assert sensitive["withheld"].any()
    assert frame.loc[frame["withheld"], "ratio"].isna().all()


def test_day_and_night_do_not_depend_on_the_light_that_is_picked(source: Source, t: Translator) -> None:
    both = light_study(source, AlertFilter(), Audience.ANALYST)
    dark = light_study(source, AlertFilter(dark=True), Audience.ANALYST)
    assert both.ratio == dark.ratio
    assert both.ratio.low < both.ratio.value < both.ratio.high
    assert len(dark.choices) == len(both.choices) + 1
    assert "after dark" in both.sentence(t)


def test_shares_that_read_alike_are_told_as_no_difference(source: Source, t: Translator) -> None:
    found = light_study(source, AlertFilter(), Audience.ANALYST)
    alike = {"value": 1.0, "low": 0.9, "high": 1.1}
    found = replace(found, ratio=replace(found.ratio, **alike))
    same = replace(found, frame=found.frame.assign(share=0.72))
    apart = replace(found, frame=found.frame.assign(share=[0.7 + 0.02 * i for i in range(len(found.frame))]))
    assert "No difference can be seen." in same.sentence(t)
    assert "Chance alone can explain the difference." in apart.sentence(t)


def test_women_felt_less_safe_and_the_council_gets_intervals_that_hold_the_exact_ones(source: Source) -> None:
    exact = feeling_study(source, AlertFilter(), Audience.ANALYST)
    safe = feeling_study(source, AlertFilter(), Audience.COUNCIL)
    assert exact.gap.high < 0
    assert safe.gap.low <= exact.gap.low
    assert safe.gap.high >= exact.gap.high
    sure, wide = (found.frame.set_index("gender").loc[["woman", "man"]] for found in (exact, safe))
    assert (wide["low"] <= sure["low"] + 1e-9).all()
    assert (wide["high"] >= sure["high"] - 1e-9).all()


def test_a_feeling_that_protection_leaves_open_is_not_given(source: Source) -> None:
    few = feeling_study(source, AlertFilter(categories=("unwanted_touching",)), Audience.COUNCIL)
    assert few.frame["mean"].isna().all()
    assert not few.gap.known


def test_the_council_gets_no_feeling_of_a_group_that_may_be_smaller_than_the_threshold(source: Source) -> None:
    given = 0
    for category in source.city.categories:
        f = AlertFilter(period="all", categories=(category,))
        council, exact = (feeling_study(source, f, who) for who in (Audience.COUNCIL, Audience.ANALYST))
        sizes = exact.frame.set_index("gender")["n"]
        threshold = query.counts(source, f, ["reporter_gender"], Audience.COUNCIL).threshold
        for row in council.frame[council.frame["mean"].notna()].itertuples():
            assert sizes[row.gender] >= threshold, (category, row)
            given += 1
    assert given > 10


@pytest.mark.parametrize("audience", BOTH)
def test_nothing_left_is_no_error(source: Source, audience: Audience, t: Translator) -> None:
    found = place_study(source, EMPTY, audience)
    assert found.differ.frame.empty
    assert found.unheard == ()
    assert weight_study(source, EMPTY, audience).frame.empty
    assert "Too few" in light_study(source, EMPTY, audience).sentence(t)
    assert "Too few" in feeling_study(source, EMPTY, audience).sentence(t)


def test_rates_only_where_residents_are_known(source: Source) -> None:
    assert rate_study(source, AlertFilter(), Audience.ANALYST) is None
    districts = [area.id for area in source.city.districts]
    people = pd.DataFrame({"district": districts, "women": 10_000, "men": 5_000})
    known = replace(source, city=replace(source.city, population=people))
    found = rate_study(known, AlertFilter(), Audience.ANALYST)
    assert found is not None
    frame = found.frame
    assert list(frame["area"]) == ["", *districts]
    whole = frame.iloc[0]
    assert whole["rate_women"] == pytest.approx(whole["n_women"] / (10 * len(districts)))
    assert whole["ratio"] == pytest.approx(whole["rate_women"] / whole["rate_men"])
    assert whole["low_women"] < whole["rate_women"] < whole["high_women"]
    one = rate_study(known, AlertFilter(districts=(districts[0],)), Audience.ANALYST)
    assert one is not None
    assert list(one.frame["area"]) == [districts[0]]


def test_population_without_genders_gives_no_rates(source: Source) -> None:
    people = pd.DataFrame({"district": ["zone_1"], "total": [30_000]})
    assert rate_study(replace(source, city=replace(source.city, population=people)), AlertFilter(), BOTH[0]) is None


def test_rates_keep_protected_counts(source: Source) -> None:
    people = pd.DataFrame({"district": [a.id for a in source.city.districts], "women": 100, "men": 100})
    known = replace(source, city=replace(source.city, population=people))
    found = rate_study(known, AlertFilter(period="28d", categories=("unwanted_touching",)), Audience.COUNCIL)
    assert found is not None
    hidden = found.frame[found.frame["withheld"]]
    assert len(hidden)
    assert hidden["ratio"].isna().all()


def test_genders_are_set_aside() -> None:
    assert without_gender(AlertFilter(affected=("woman",), reporters=("man",), dark=True)) == AlertFilter(dark=True)


def test_poisson_rate_reproduces_garwoods_limits() -> None:
    ten = poisson_rate(10, 2)
    assert (ten.value, round(ten.low, 3), round(ten.high, 3)) == (5, 2.398, 9.195)
    assert poisson_rate(0, 1).low == 0
    assert poisson_rate(0, 1).high == pytest.approx(-np.log(0.025))
    with pytest.raises(ValueError, match="exposure"):
        poisson_rate(1, 0)


def test_day_and_night_that_are_protected_are_not_too_few(source: Source, t: Translator) -> None:
    both = light_study(source, AlertFilter(), Audience.ANALYST)
    frame = both.frame.assign(withheld=both.frame["gender"] == "man")
    told = replace(both, frame=frame, ratio=UNKNOWN).sentence(t)
    assert "protected" in told
    assert "Too few" not in told
    assert replace(both, ratio=UNKNOWN).sentence(t).startswith("Too few incidents")
