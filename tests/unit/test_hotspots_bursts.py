"""Hot spots where reports come in bursts: the test of effective counts, and what it says of places and of its power."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.hotspots.cell_significance import detection_power, hot_cells
from analysis.hotspots.grouping import excess, hot_spots
from analysis.stats.dispersion import INDEPENDENT, Dispersion
from analysis.stats.intervals import ratio_interval, weighted_sum
from curim_data.model import CityProfile, Translator
from tests.effort import effort
from tests.unit.test_cell_significance import even, heart, planted

FEW = Dispersion(3.0, float("inf"))


def test_cells_are_less_sure_the_more_reports_come_in_bursts(city: CityProfile, t: Translator) -> None:
    frame = planted(city, extra=60)
    plain, wide = hot_cells(frame), hot_cells(frame, scatter=FEW)
    away = plain.frame["p"] < 1
    assert (wide.frame["p"][away] >= plain.frame["p"][away] - 1e-12).all()
    assert wide.frame.loc[heart(), "p"] > 1e3 * plain.frame.loc[heart(), "p"]
    assert wide.frame.loc[heart(), "hot"]
    assert wide.frame["hot"].sum() <= plain.frame["hot"].sum()
    assert any("in bursts" in t(choice.explanation) for choice in wide.choices)


def test_places_have_the_intervals_of_effective_counts(city: CityProfile) -> None:
    (plain,), (wide,) = (hot_spots(hot_cells(planted(city), scatter=scatter)) for scatter in (INDEPENDENT, FEW))
    assert heart() in wide.cells
    assert np.log(wide.high / wide.low) > 1.3 * np.log(plain.high / plain.low)
    assert wide.excess.low < plain.excess.low
    assert ratio_interval(30, 90, 1, 9, dispersion=3)[1:] == pytest.approx(ratio_interval(10, 30, 1, 9)[1:])


def test_limits_of_effective_counts_are_those_of_a_third_times_three() -> None:
    wide, plain = weighted_sum(30, 30, 1.0, 3.0), weighted_sum(10, 10, 1.0)
    assert (wide.low / 3, wide.high / 3) == pytest.approx((plain.low, plain.high))
    assert excess(30, 90, 0.1, 3.0).low == pytest.approx(3 * excess(10, 30, 0.1).low)


def test_the_power_is_less_where_reports_come_in_bursts(city: CityProfile) -> None:
    frame = even(city, n=20_000)
    plain, wide = (detection_power(hot_cells(frame, scatter=scatter)) for scatter in (INDEPENDENT, FEW))
    almost = detection_power(hot_cells(frame, scatter=Dispersion(1 + 1e-9, float("inf"))))
    assert plain.ratio is not None
    assert wide.ratio is not None
    assert almost.ratio == pytest.approx(plain.ratio, rel=0.02)
    assert wide.ratio > 1.2 * plain.ratio


def test_even_maps_of_bursts_have_hardly_ever_a_hot_cell(city: CityProfile) -> None:
    """Uniform alerts with two reports on average, all in one cell: as if independent, most maps have a hot cell."""
    rng = np.random.default_rng(8)
    land = city.land_cells(10)
    maps, seen = effort(25, 300), np.zeros(2)
    for _ in range(maps):
        incidents = rng.multinomial(550, land / land.sum())
        reports = incidents + np.where(incidents > 0, rng.negative_binomial(np.maximum(incidents, 1), 0.5), 0)
        frame = pd.DataFrame({"n": reports.astype(float), "land_km2": land})
        seen += [hot_cells(frame, scatter=scatter).frame["hot"].any() for scatter in (INDEPENDENT, FEW)]
    assert seen[0] > 0.5 * maps
    assert seen[1] <= stats.binom.ppf(0.995, maps, 0.05)
