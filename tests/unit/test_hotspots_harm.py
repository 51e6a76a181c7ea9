"""Hot spots by what their alerts weigh."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from analysis.grid import neighbours
from analysis.hotspots.cell_significance import HotCells, hot_cells
from analysis.hotspots.grouping import SpotHarm, harm_of_spots, hot_spots, in_order_of_harm, weight_above
from analysis.stats.dispersion import INDEPENDENT
from analysis.stats.intervals import Estimate, HarmWeights, harm_weights, weighted_sum
from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Translator, translator
from curim_data.privacy import DisclosureError
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.hot_spots import hot_spot_study, spots_by_harm, weight_obstacle, weights_by_cell
from tests.stored import seen_by

RESOLUTION = 10


def drawn_map(city: CityProfile, seed: int = 0) -> pd.DataFrame:
    """Counts on the city's cells, with two dense places, and a quarter that is dense as a whole."""
    random = np.random.default_rng(seed)
    land = city.land_cells(RESOLUTION)
    n = random.poisson(3.0, len(land)).astype(float)
    near = neighbours(np.asarray(land.index, np.int64), 1)
    for at in (len(land) // 3, 2 * len(land) // 3):
        n[near.indices[near.indptr[at] : near.indptr[at + 1]]] += 40
    near = neighbours(np.asarray(land.index, np.int64), 6)
    n[near.indices[near.indptr[len(land) // 2] : near.indptr[len(land) // 2 + 1]]] += 20
    return pd.DataFrame({"n": n, "land_km2": land.to_numpy()}, index=land.index)


def alike(frame: pd.DataFrame) -> HarmWeights:
    return harm_weights(frame[["n"]].assign(severity=3).rename_axis("cell").reset_index(), frame.index.to_numpy())


def mixed(frame: pd.DataFrame, seed: int = 1) -> HarmWeights:
    """Each alert with a severity of its own."""
    random = np.random.default_rng(seed)
    cells = np.repeat(frame.index.to_numpy(), frame["n"].astype(int))
    table = pd.DataFrame({"cell": cells, "severity": random.choice([1, 2, 3, 5], len(cells), p=[0.4, 0.3, 0.2, 0.1])})
    return harm_weights(table.value_counts().rename("n").reset_index(), frame.index.to_numpy())


@pytest.mark.parametrize("dispersion", [1.0, 1.7])
def test_equal_weights_give_the_incidents_above_expected(city: CityProfile, dispersion: float) -> None:
    frame = drawn_map(city)
    result = hot_cells(frame, scatter=replace(INDEPENDENT, phi=dispersion))
    spots = hot_spots(result)
    assert len(spots) >= 2
    found = harm_of_spots(result, spots, alike(frame))
    for spot in spots:
        assert found[spot.id].weight == pytest.approx(spot.n)
        assert found[spot.id].expected == pytest.approx(spot.expected)
        assert [*vars(found[spot.id].excess).values()] == pytest.approx([*vars(spot.excess).values()])
    assert in_order_of_harm(spots, found) == spots


def test_a_hot_spot_is_compared_with_the_cells_that_a_slow_twin_finds(city: CityProfile) -> None:
    """Cell by cell: the ring round the place without other hot cells, and everything else for the rest of the city."""
    frame = drawn_map(city)
    result = hot_cells(frame)
    weights = mixed(frame)
    assert {spot.against for spot in hot_spots(result)} == {"surroundings", "city"}
    by_cell = dict(zip(frame.index, zip(weights.sums, weights.squares, strict=True), strict=True))
    for spot in hot_spots(result):
        inside = set(spot.cells)
        beyond = slow_surroundings(result, inside) if spot.against == "surroundings" else set(frame.index) - inside
        share = sum(result.frame.loc[c, "size"] for c in inside) / sum(result.frame.loc[c, "size"] for c in beyond)
        own, around = ([sum(by_cell[cell][k] for cell in cells) for k in (0, 1)] for cells in (inside, beyond))
        found = harm_of_spots(result, [spot], weights)[spot.id]
        assert found.weight == pytest.approx(own[0])
        assert found.expected == pytest.approx(share * around[0])
        low, high = slow_limits(own, around, share, weights.largest)
        assert (found.excess.low, found.excess.high) == pytest.approx((low, high))


def slow_surroundings(result: HotCells, inside: set[int]) -> set[int]:
    index = np.asarray(result.frame.index, np.int64)
    at = [int(np.flatnonzero(index == cell)[0]) for cell in inside]
    close, far = set(inside), set(inside)
    for k, into in ((result.setting.k, close), (result.setting.outer, far)):
        near = neighbours(index, k)
        for one in at:
            into.update(index[near.indices[near.indptr[one] : near.indptr[one + 1]]].tolist())
    hot = set(index[result.frame["local"].to_numpy(bool)].tolist())
    return far - close - hot


def slow_limits(own: list[float], around: list[float], share: float, largest: float) -> tuple[float, float]:
    """Fay and Feuer's limits as chi-squared quantiles, put together by MOVER."""

    def limits(y: float, v: float) -> tuple[float, float]:
        more, wider = y + largest, v + largest**2
        low = v / (2 * y) * chi2.ppf(0.025, 2 * y**2 / v)
        return low, wider / (2 * more) * chi2.ppf(0.975, 2 * more**2 / wider)

    (a, b), (c, d) = limits(*own), limits(*around)
    value = own[0] - share * around[0]
    return (
        value - math.sqrt((own[0] - a) ** 2 + (share * (d - around[0])) ** 2),
        value + math.sqrt((b - own[0]) ** 2 + (share * (around[0] - c)) ** 2),
    )


def test_nothing_to_compare_with_is_said() -> None:
    assert math.isnan(weight_above((3.0, 5.0), (0.0, 0.0), float("nan"), 2.0).value)
    t = translator("en")
    told = SpotHarm(12.3, float("nan"), Estimate(*[float("nan")] * 3)).sentence(t)
    assert told == "By harm they weigh as much as 12 alerts of mean harm."


@pytest.mark.parametrize(("burst", "alike_in_burst"), [(1.0, True), (2.0, True), (2.0, False)])
def test_intervals_of_weights_hold_their_level(burst: float, alike_in_burst: bool) -> None:
    """Places of 40 alerts, bursts of geometric size, weights from 0.3 to 5: the limits miss the mean in at most 5 %.

    The naive interval, that takes the sum for a count, misses it far more often.
    """
    random = np.random.default_rng(7)
    grades, chance = np.array([0.3, 1.0, 5.0]), np.array([0.5, 0.35, 0.15])
    grades = grades / (grades @ chance)
    dispersion, runs, mean = 2 * burst - 1, 3_000, 40.0
    missed = naive = 0
    for _ in range(runs):
        sizes = random.geometric(1 / burst, random.poisson(mean / burst))
        if alike_in_burst:
            weights = np.repeat(random.choice(grades, len(sizes), p=chance), sizes)
        else:
            weights = random.choice(grades, int(sizes.sum()), p=chance)
        own = weighted_sum(weights.sum(), (weights**2).sum(), grades.max(), dispersion)
        missed += not own.low <= mean <= own.high
        count = weighted_sum(weights.sum(), weights.sum(), 1.0)
        naive += not count.low <= mean <= count.high
    assert missed / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    assert naive / runs > 0.15


def test_weights_of_other_incidents_are_refused(city: CityProfile) -> None:
    frame = drawn_map(city)
    result = hot_cells(frame)
    spots = hot_spots(result)
    with pytest.raises(ValueError, match="of the alerts that were tested"):
        harm_of_spots(result, spots, alike(frame.assign(n=frame["n"] + 1)))


def test_the_order_goes_by_the_lower_limit() -> None:
    def place(name: str, low: float, weight: float) -> tuple[SimpleNamespace, SpotHarm]:
        return SimpleNamespace(id=name), SpotHarm(weight, 1.0, Estimate(low, low, low))

    made = [place("a", 3, 9), place("b", 8, 9), place("c", float("nan"), 99), place("d", 3, 12)]
    ordered = in_order_of_harm([one for one, _ in made], {one.id: harm for one, harm in made})
    assert [one.id for one in ordered] == ["b", "d", "a", "c"]


def test_hot_spots_of_the_sample_by_severity(sample: Home, t: Translator) -> None:
    source, f = open_source(sample), AlertFilter(period="12m")
    study = hot_spot_study(source, f)
    found = spots_by_harm(source, f, "severity", study)
    assert set(found.of) == {spot.id for spot in study.spots}
    weights = weights_by_cell(source, f, "severity", study.resolution, study.hot.frame.index)
    assert weights.sums.sum() == pytest.approx(study.hot.frame["n"].sum())
    told = " ".join(t(choice.explanation) for choice in found.choices)
    assert "mean severity" in told
    assert "judged by the number of alerts" in told


def test_sums_of_weights_are_for_exact_audiences_alone(sample: Home) -> None:
    """A sum of weights beside a withheld count would tell it, and its parts by severity even more."""
    source, f = open_for(sample, Audience.COUNCIL), AlertFilter(period="12m")
    study = hot_spot_study(seen_by(source, Audience.COUNCIL), f)
    for audience in (Audience.COUNCIL, Audience.PUBLIC):
        with pytest.raises(DisclosureError):
            spots_by_harm(seen_by(source, audience), f, "severity", study)
        assert weight_obstacle(seen_by(source, audience), "severity") is not None
        with pytest.raises(ValueError, match="counts cannot be made by harm"):
            query.counts(seen_by(source, audience), f, ["harm"])
    exact = open_source(sample)
    assert weight_obstacle(exact, "severity") is None
    assert weight_obstacle(exact, "harm") is not None
