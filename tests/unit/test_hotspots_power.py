"""What the test of hot spots would have found: by its sum, by simulation, and in words."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, poisson

from analysis.hotspots.cell_significance import (
    PROBABILITY,
    HotCells,
    _Case,
    detection_power,
    hot_cells,
    planned_power,
)
from analysis.hotspots.surroundings import Denominator, occupied_land
from analysis.stats.dispersion import INDEPENDENT, Dispersion
from analysis.stats.significance import larger_rate
from curim_data.model import Translator
from curim_data.model.i18n import Span

MIDDLE = h3.latlng_to_cell(41.8, -87.7, 10)
CELLS = np.sort(np.asarray(h3.grid_disk(MIDDLE, 22), dtype=np.int64))


def mapped(counts: np.ndarray) -> pd.DataFrame:
    area = h3.cell_area(MIDDLE, unit="km^2")
    return pd.DataFrame({"n": counts.astype(float), "land_km2": area}, index=pd.Index(CELLS, name="cell"))


def even_map(mean: float) -> HotCells:
    return hot_cells(mapped(np.random.default_rng(0).poisson(mean, len(CELLS))))


def _case(hot: HotCells) -> _Case:
    return _Case.of(hot.setting, hot.frame, hot.n, hot.alpha, hot.base, hot.dispersion)


@pytest.mark.parametrize("mean", [0.3, 1.0, 5.0])
def test_a_place_of_the_ratio_told_is_found_as_often_as_told(mean: float) -> None:
    power = detection_power(even_map(mean))
    assert power.ratio is not None
    place = np.isin(CELLS, np.asarray(h3.grid_disk(MIDDLE, 1), dtype=np.int64))
    rng, runs, found = np.random.default_rng(7), 120, 0
    for _ in range(runs):
        frame = hot_cells(mapped(rng.poisson(np.where(place, power.ratio * mean, mean)))).frame
        found += bool(frame["hot"][place].any())
    assert binom.cdf(found, runs, PROBABILITY) > 0.01  # no less often than told
    assert found < runs or mean < 1  # and the ratio is no far too large one


def test_more_alerts_find_less_and_few_find_nothing() -> None:
    ratios = [detection_power(even_map(mean)).ratio for mean in (0.3, 1, 5, 20)]
    assert all(ratio is not None for ratio in ratios)
    assert ratios == sorted(ratios, reverse=True)  # type: ignore[type-var]
    few = detection_power(even_map(0.01))
    assert few.too_few
    assert few.at_most < PROBABILITY
    assert detection_power(hot_cells(mapped(np.zeros(len(CELLS))))).at_most == 0


def test_the_sum_is_that_of_the_slow_twin() -> None:
    case = _case(even_map(1.0))
    half = case.against[1]
    assert half.densest_half
    ratio, total = 4.0, 0.0
    for around in range(120):
        counts = np.arange(150)
        p = larger_rate(counts, np.full(150, around), case.size_in, half.size, half.margin)
        total += float(
            poisson.pmf(around, half.rate * half.size)
            * poisson.pmf(counts, ratio * case.expected)[p <= case.level].sum()
        )
    assert replace(case, against=(replace(half, densest_half=False),)).power(ratio) == pytest.approx(total, abs=1e-6)
    assert replace(case, against=(half,)).power(ratio) < total


def test_the_densest_half_is_that_of_the_slow_twin() -> None:
    """Six sixths around a place, three neighbouring ones a half: the largest of the six halves, by all their counts."""
    half, mean = replace(_case(even_map(1.0)).against[1], size=1.0, rate=1.2), 0.4
    sixth = poisson.pmf(np.arange(6), mean)
    exact = np.zeros(16)
    for counts in itertools.product(range(6), repeat=6):
        most = max(sum(counts[(start + step) % 6] for step in range(3)) for start in range(6))
        exact[most] += np.prod(sixth[list(counts)])
    values, chance = half.counts(known=False)
    drawn = np.zeros(16)
    drawn[values.astype(int)] = chance
    assert np.abs(np.cumsum(drawn) - np.cumsum(exact)).max() < 0.03


def test_a_base_population_has_a_power_too() -> None:
    rng = np.random.default_rng(3)
    people = pd.Series(rng.poisson(40, len(CELLS)).astype(float) + 1, CELLS)
    cells = mapped(rng.binomial(people.astype(int), 0.2))
    for kind in ("alerts", "residents"):
        power = detection_power(hot_cells(cells, base=Denominator.of(people, kind)))  # type: ignore[arg-type]
        assert power.based
        assert power.ratio is not None
        assert 1.25 < power.ratio < 3


def test_it_says_itself_with_its_period(t: Translator) -> None:
    power = detection_power(even_map(1.0))
    span = Span(dt.date(2024, 1, 1), dt.date(2024, 12, 31))
    told = replace(power, period=span).sentence(t)
    assert told.startswith(f"{t.span(span)}: With")
    assert f"at least {t.number(power.ratio, 1)} times" in told
    few = replace(power, ratio=None, at_most=0.1, n=30)
    assert few.sentence(t).startswith("Too few to tell: with 30 alerts")
    assert "even a place 10 times as dense" in few.sentence(t)
    assert replace(power, n=0).sentence(t) == "There is no alert on the map to test."
    assert "square of" in t(power.choices[0].explanation)


@pytest.mark.parametrize("rings", [0, 1])
@pytest.mark.parametrize("kind", [None, "alerts", "residents"])
def test_an_area_no_larger_than_a_place_has_nothing_to_be_compared_with(rings: int, kind: str | None) -> None:
    cells = np.sort(np.asarray(h3.grid_disk(MIDDLE, rings), dtype=np.int64))
    frame = pd.DataFrame({"n": 40.0, "land_km2": 0.015}, index=pd.Index(cells, name="cell"))
    counts = frame.assign(n=90.0, least=0.0)[["n", "least"]]
    power = detection_power(hot_cells(frame, base=None if kind is None else Denominator(kind, counts, ())))
    assert power.alone
    assert power.too_few
    assert power.expected == pytest.approx(power.n)  # not more alerts than there are
    assert "no larger than one place" in power.sentence(Translator("en"))
    assert not detection_power(even_map(1.0)).alone


def test_the_planned_power_is_that_of_the_test_made() -> None:
    """Whatever the land that counts and however overdispersed the counts: nothing that is found enters."""
    rng = np.random.default_rng(5)
    cells = mapped(rng.poisson(np.where(np.arange(len(CELLS)) % 3 == 0, 1.5, 0.2)))
    coarse, counts = np.unique(
        np.asarray([h3.cell_to_parent(c, 9) for c in CELLS.astype(np.uint64)]), return_counts=True
    )
    history = pd.DataFrame(
        {"n": 30.0, "land_km2": counts * 0.015}, index=pd.Index(coarse.astype(np.int64), name="cell")
    )
    history.iloc[:20, 0] = 0.0
    land = occupied_land(history)
    assert land is not None
    for occupied, scatter in itertools.product((None, land), (INDEPENDENT, Dispersion(2.0, 100.0))):
        made = detection_power(hot_cells(cells, occupied=occupied, scatter=scatter))
        assert planned_power(cells, occupied, scatter) == made
        assert not made.too_few
    moved = cells.assign(n=np.roll(cells["n"].to_numpy(), 200))
    assert planned_power(moved) == planned_power(cells)
