"""The questions by gender: planted truth found, also in the protected copy, and rates only with residents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.stats.intervals import poisson_rate
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.studies.gender import feeling_study, rate_study
from tests.stored import seen_by


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
