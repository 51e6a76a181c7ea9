"""The questions by gender: planted truth found, also in the protected copy, and rates only with residents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.stats.intervals import poisson_rate
from curim_data import query
from curim_data.engine import Source, open_source
from curim_data.filters import PERIODS, AlertFilter
from curim_data.model import Audience
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.gender import (
    feeling_study,
    place_study,
    rate_study,
    unheard_places,
    weight_study,
)
from tests.stored import seen_by

BOTH = (Audience.ANALYST, Audience.COUNCIL)


@pytest.fixture(scope="module")
def source(sample: Home) -> Source:
    return open_source(sample)


@pytest.mark.parametrize("audience", BOTH)
def test_the_planted_place_differs_after_dark(sample: Home, audience: Audience) -> None:
    first = place_study(open_for(sample, audience), AlertFilter(dark=True)).differ.frame.iloc[0]
    assert first["place"] == "pasalimani"
    assert first["significant"]
    assert first["direction"] == 1
    assert first["share"] > 0.8


def test_places_that_differ_are_the_same_for_the_council_with_figures_of_its_own(
    source: Source, council: Source
) -> None:
    """Chosen from the alerts under the filter that everybody opens, from the copy under any other."""
    looked = 0
    for period in PERIODS:
        f = AlertFilter(period=period)
        theirs, told = (
            place_study(seen_by(read, audience), f)
            for read, audience in ((source, Audience.SPECIALIST), (council, Audience.COUNCIL))
        )
        for mine, exact in ((told.differ.frame, theirs.differ.frame), (told.silent.frame, theirs.silent.frame)):
            for flag in ("significant", "not_known"):
                assert set(mine.loc[mine[flag], "place"]) == set(exact.loc[exact[flag], "place"])
                looked += int(mine[flag].sum())
            sides = exact.set_index("place")["direction"]
            assert (mine["direction"] == sides.reindex(mine["place"]).to_numpy())[mine["significant"]].all()
            assert mine["significant"].is_monotonic_decreasing
        assert told.unheard == unheard_places(seen_by(council, Audience.COUNCIL), f)
        counted = query.counts(seen_by(council, Audience.COUNCIL), f, ["place", "affected_gender"]).frame
        women = counted[counted["affected_gender"] == "woman"].set_index("place")["n"]
        frame = told.differ.frame
        assert frame["women"].tolist() == women.reindex(frame["place"]).fillna(0).tolist()
    assert looked >= 5


def test_places_are_chosen_from_the_copy_under_any_other_filter(council: Source) -> None:
    for f in (AlertFilter(dark=True), AlertFilter(start=council.first, end=council.as_of)):
        told = place_study(seen_by(council, Audience.COUNCIL), f).differ.frame
        assert told["significant"].tolist() == (told["q"] <= 0.05).tolist()
        assert told["q"].dropna().is_monotonic_increasing


def test_what_weighs_more_on_whom_is_the_same_for_the_council(source: Source, council: Source) -> None:
    """Chosen from the alerts under the filter that everybody opens, from the copy under any other; figures are its."""
    f = AlertFilter()
    exact, told = weight_study(source, f).frame, weight_study(seen_by(council, Audience.COUNCIL), f).frame
    assert set(told.loc[told["significant"], "category"]) == set(exact.loc[exact["significant"], "category"])
    assert told["significant"].sum() > 5
    start, end = query.dates(council, f)
    own = weight_study(seen_by(council, Audience.COUNCIL), AlertFilter(period="", start=start, end=end)).frame
    assert own["significant"].tolist() == (own["q"] <= 0.05).tolist()
    pd.testing.assert_frame_equal(own.drop(columns="significant"), told.drop(columns="significant"))


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
    assert found is not None
    frame = found.frame
    assert list(frame["area"]) == ["", *districts]
    whole = frame.iloc[0]
    assert whole["rate_women"] == pytest.approx(whole["n_women"] / (10 * len(districts)))
    assert whole["ratio"] == pytest.approx(whole["rate_women"] / whole["rate_men"])
    assert whole["low_women"] < whole["rate_women"] < whole["high_women"]
    one = rate_study(known, AlertFilter(districts=(districts[0],)))
    assert one is not None
    assert list(one.frame["area"]) == [districts[0]]


def test_the_council_gets_the_rates_of_the_copy(council: Source) -> None:
    people = pd.DataFrame({"district": [a.id for a in council.city.districts], "women": 100, "men": 100})
    known = replace(council, city=replace(council.city, population=people))
    f = AlertFilter(period="28d", categories=("unwanted_touching",))
    found = rate_study(seen_by(known, Audience.COUNCIL), f)
    assert found is not None
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
    with pytest.raises(ValueError, match="exposure"):
        poisson_rate(1, 0)
