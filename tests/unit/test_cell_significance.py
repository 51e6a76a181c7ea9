"""Hot and cold cells: the exact test against slow twins, occupied land, reports in bursts, and power."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, chi2, poisson

from analysis.grid import parents, square_side
from analysis.hotspots.cell_significance import (
    PROBABILITY,
    HotCells,
    _Case,
    detection_power,
    hot_cells,
    planned_power,
    significant_cells,
)
from analysis.hotspots.grouping import cold_spots, hot_spots
from analysis.hotspots.surroundings import CITY_MARGIN, HELD, Denominator, OccupiedLand, occupied_land
from analysis.stats.dispersion import INDEPENDENT, Dispersion
from analysis.stats.intervals import Estimate, Result, ratio_interval, share_ratio_interval
from analysis.stats.significance import larger_rate
from curim_data.model import CityProfile, Translator
from curim_data.model.i18n import Span


def even(city: CityProfile, n: int = 6_000, resolution: int = 10, seed: int = 1) -> pd.DataFrame:
    land = city.land_cells(resolution)
    counts = np.random.default_rng(seed).multinomial(n, land / land.sum())
    return pd.DataFrame({"n": counts.astype(float), "land_km2": land})


def heart(resolution: int = 10) -> int:
    """A cell in the middle of the city."""
    return int(h3.latlng_to_cell(37.946, 23.653, resolution))


def planted(city: CityProfile, extra: int = 60, resolution: int = 10) -> pd.DataFrame:
    frame = even(city, resolution=resolution)
    frame.loc[heart(resolution), "n"] += extra
    return frame


def halves(cell: int, around: Iterable[int]) -> list[list[int]]:
    """The surroundings of a cell that lie on one side of a line through it, for six directions, by bearings."""
    latitude, longitude = h3.cell_to_latlng(np.uint64(cell))
    bearings = {}
    for other in around:
        north, east = (a - b for a, b in zip(h3.cell_to_latlng(np.uint64(other)), (latitude, longitude), strict=True))
        bearings[other] = math.atan2(north, east * math.cos(math.radians(latitude)))
    turns = [0.2 + step * math.pi / 3 for step in range(6)]
    return [[other for other, angle in bearings.items() if math.cos(angle - turn) > 0] for turn in turns]


def test_the_test_is_the_binomial_of_the_window_given_its_surroundings(city: CityProfile) -> None:
    """The slow twin: one cell with loops over its rings and over the city, the best of the three trebled.

    Its surroundings as a whole and each half of them that is land for the most part: the largest p-value counts.
    """
    frame = planted(city, extra=20)
    result = hot_cells(frame)
    assert (result.setting.k, result.setting.outer, result.setting.margin) == (1, 3, 1.15)
    whole, raised = frame["land_km2"].max(), 0
    for cell in [heart(), *frame.index[::90]]:
        inside = set(map(int, h3.grid_disk(np.uint64(cell), 3))) & set(frame.index)
        place = set(map(int, h3.grid_disk(np.uint64(cell), 1))) & set(frame.index)
        around = list(inside - place)
        p = []
        for members in ([cell], list(place)):
            count, land = frame["n"][members].sum(), 1.15 * max(frame["land_km2"][members].sum(), 0.25 * whole)
            against = [1.0]
            for beside in (around, *halves(cell, around)):
                rest, beyond = frame["n"][beside].sum(), frame["land_km2"][beside].sum()
                if beside is around or beyond >= 0.5 * 15 * whole:
                    against.append(binom.sf(count - 1, count + rest, land / (land + beyond)) if beside else 1.0)
            p.append(max(against[1:]) if against[1] <= 0.05 / 3 else against[1])
            raised += p[-1] > against[1]
        land = frame["land_km2"][list(place)].sum()
        in_city = CITY_MARGIN * max(land, 0.25 * frame["land_km2"].max())
        count, share = frame["n"][list(place)].sum(), in_city / (in_city + frame["land_km2"].sum() - land)
        p.append(binom.sf(count - 1, frame["n"].sum(), share))
        assert len(p) == 3
        assert result.frame["p"][cell] == pytest.approx(min(1.0, 3 * min(p)), rel=0.02, abs=1e-12)
        assert result.frame["window"][cell] == frame["n"][list(place)].sum()
        density = frame["n"][around].sum() / frame["land_km2"][around].sum()
        alone = max(frame["land_km2"][cell], 0.25 * frame["land_km2"].max())
        assert result.frame["expected_alone"][cell] == pytest.approx(density * alone, rel=0.02)
    assert raised


def chi_square_limits(count: float) -> tuple[float, float]:
    """Limits of a Poisson mean, by the quantiles of chi-square."""
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return float(low), float(chi2.ppf(0.975, 2 * count + 2) / 2)


def test_a_planted_cell_is_hot_and_what_is_far_is_not(city: CityProfile) -> None:
    result = hot_cells(planted(city))
    assert isinstance(result, Result)
    near = {int(cell) for cell in h3.grid_disk(np.uint64(heart()), 1)}
    marked = set(result.frame.index[result.frame["hot"]])
    assert heart() in marked <= near
    assert not result.frame["cold"].any()
    assert result.n == 6_060


def test_a_cell_that_only_passes_beside_many_others_is_no_place(city: CityProfile) -> None:
    """With forty cells truly hot, Benjamini–Hochberg lets p = 0.002 pass anywhere; alone it stands out nowhere."""
    cells = np.asarray(city.land_cells(10).index)
    hot = [int(cell) for cell in h3.grid_disk(np.uint64(heart()), 3)]
    far = int(h3.latlng_to_cell(37.9565, 23.654, 10))
    p = pd.Series(0.5, index=cells)
    p[hot], p[far] = 1e-9, 0.002
    assert far not in hot
    q, marked = significant_cells(cells, p.to_numpy(), 0.05)
    assert q[cells == far] <= 0.05
    assert set(cells[marked]) == set(hot)
    p[hot[0]], p[hot[1:]] = 1e-9, 0.002
    assert set(cells[significant_cells(cells, p.to_numpy(), 0.05)[1]]) == set(hot)


def test_an_emptied_place_is_cold_and_a_hot_one_makes_no_cold_neighbours(city: CityProfile) -> None:
    frame = even(city, 24_000)
    hole = [int(cell) for cell in h3.grid_disk(np.uint64(heart()), 1)]
    frame.loc[hole, "n"] = np.floor(frame.loc[hole, "n"] / 4)
    result = hot_cells(frame).frame
    assert set(hole) & set(result.index[result["cold"]])
    assert not result["hot"].any()
    frame = even(city, 24_000)
    frame.loc[heart(), "n"] += 2_000
    result = hot_cells(frame).frame
    assert result["hot"][heart()]
    assert not result["cold"].any()


@pytest.mark.parametrize("kind", [None, "residents"])
def test_the_cold_test_leaves_hot_cells_out_of_the_surroundings(city: CityProfile, kind: Any) -> None:
    """The slow twin: the binomial of a place and its calm surroundings, the better of both scales doubled."""
    frame = even(city, 24_000)
    hot = [int(cell) for cell in h3.grid_ring(np.uint64(heart()), 3)[:6]]
    frame.loc[hot, "n"] += 150
    people = even(city, 60_000, seed=2)["n"] + 1
    result = hot_cells(frame, base=None if kind is None else Denominator.of(people, kind))
    margin = 1.15 if kind is None else 1.25
    assert (result.setting.k, result.setting.outer, result.setting.margin) == (1, 3, margin)
    marked, size = result.frame["hot"], frame["land_km2"] if kind is None else people
    assert marked[hot].all()
    for cell in [heart(), *(int(one) for one in h3.grid_ring(np.uint64(heart()), 1)), *frame.index[::90]]:
        place = set(map(int, h3.grid_disk(np.uint64(cell), 1))) & set(frame.index)
        inside = set(map(int, h3.grid_disk(np.uint64(cell), 3))) & set(frame.index)
        p = []
        for members in ([cell], list(place)):
            around = (inside - place) if kind is None else set(frame.index) - set(members)
            calm = [other for other in around if not marked[other]]
            against = []
            for beside in (calm, *(halves(cell, calm) if kind is None else ())):
                count, rest, beyond = frame["n"][members].sum(), frame["n"][beside].sum(), size[beside].sum()
                share = size[members].sum() / (size[members].sum() + margin * beyond)
                if beside is calm or beyond >= 0.5 * 15 * frame["land_km2"].max():
                    against.append(binom.cdf(count, count + rest, share) if beside else 1.0)
            p.append(max(against) if against[0] <= 0.05 / 2 else against[0])
        assert result.frame["p_cold"][cell] == pytest.approx(min(1.0, 2 * min(p)), rel=1e-6, abs=1e-12)


def test_a_place_marked_by_what_is_around_it_has_the_figures_of_its_window(city: CityProfile) -> None:
    """The middle alone is marked, with an ordinary count or none: by itself its interval would hold 1."""
    ring = [int(cell) for cell in h3.grid_ring(np.uint64(heart()), 1)]
    dense, thin = even(city), even(city)
    dense.loc[heart(), "n"] = 0
    dense.loc[ring, "n"] += 13
    thin.loc[ring, "n"] = np.floor(0.3 * thin.loc[ring, "n"])
    thin.loc[heart(), "n"] = np.ceil(thin["n"].mean())
    for frame, mark, places in ((dense, "hot", hot_spots), (thin, "cold", cold_spots)):
        result = hot_cells(frame)
        assert list(result.frame.index[result.frame[mark]]) == [heart()]
        (place,) = places(result)
        assert set(place.cells) == {heart(), *ring}
        assert place.n == frame.loc[[heart(), *ring], "n"].sum()
        assert place.low > 1 if mark == "hot" else place.high < 1
        # What is larger than a place may be does not grow, and without its window it does not stand out.
        if mark == "hot":
            assert not hot_spots(result, largest_km2=3 * frame["land_km2"].max())


def test_a_cold_place_without_any_alert_is_told_so_and_not_by_a_ratio_of_nothing(
    city: CityProfile, t: Translator
) -> None:
    frame = even(city, 24_000)
    frame.loc[[int(cell) for cell in h3.grid_disk(np.uint64(heart()), 1)], "n"] = 0
    (place,) = cold_spots(hot_cells(frame))
    expected = t.expected(place.expected)
    assert place.cold_sentence(t) == f"0 alerts where {expected} would be expected (corrected p: {t.p_value(place.q)})."
    people = even(city, 60_000, seed=2)["n"] + 1
    (rated,) = cold_spots(hot_cells(frame, base=Denominator.of(people, "residents")))
    assert rated.cold_sentence(t, 5).startswith("0 alerts where ")
    assert replace(rated, n=4).cold_sentence(t, 5).startswith("fewer than 5 alerts where ")


def slow_figures(result: HotCells, cells: tuple[int, ...], mark: str) -> dict[str, Any]:
    """The figures of a place by loops over its cells and those around it: by what it stands out from more surely."""
    place = result.frame.loc[list(cells)]
    if result.based or mark == "cold":
        return slow_comparison(result, cells, mark, in_city=result.based)
    asked = [in_city for in_city in (False, True) if place["wide" if in_city else "local"].any()]
    return max(
        (slow_comparison(result, cells, mark, in_city=in_city) for in_city in asked),
        key=lambda figures: figures["excess"].low,
    )


def slow_comparison(result: HotCells, cells: tuple[int, ...], mark: str, *, in_city: bool) -> dict[str, Any]:
    frame = result.frame
    q = "q_cold" if mark == "cold" else "q"
    if in_city:
        around = [cell for cell in frame.index if cell not in cells and not (mark == "cold" and frame.loc[cell, "hot"])]
    else:
        around = [
            cell
            for cell in set(ring_of(cells, result.setting.k + 1, result.setting.outer)) & set(frame.index)
            if not frame.loc[cell, "hot" if mark == "cold" else "local"]
        ]
    place, rest = frame.loc[list(cells)], frame.loc[around]
    count, outside = place["n"].sum(), rest.loc[rest["size"] > 0, "n"].sum()
    size_in, size_out = place["size"].sum(), rest["size"].sum()
    interval = share_ratio_interval if result.base == "alerts" else ratio_interval  # a part of them, or Poisson
    own, other = chi_square_limits(count), chi_square_limits(outside)
    share = size_in / size_out
    more = count - share * outside
    return {
        "against": "city" if in_city else "surroundings",
        "excess": Estimate(
            more,
            more - ((count - own[0]) ** 2 + (share * (other[1] - outside)) ** 2) ** 0.5,
            more + ((own[1] - count) ** 2 + (share * (outside - other[0])) ** 2) ** 0.5,
        ),
        "n": round(count),
        "expected": outside * size_in / size_out,
        "ratio": count / size_in / (outside / size_out),
        "low": interval(count, outside, size_in, size_out)[1],
        "high": interval(count, outside, size_in, size_out)[2],
        "q": place[q].min(),
        "land_km2": place["land_km2"].sum(),
        "base_n": place["base"].sum(skipna=False),
    }


@pytest.mark.parametrize("kind", [None, "alerts", "residents"])
def test_the_figures_of_all_places_equal_their_slow_twin(city: CityProfile, kind: Any) -> None:
    frame = even(city, 24_000)
    hot, hole = ([int(cell) for cell in h3.grid_disk(np.uint64(heart()), 1)], frame.index[40:52].tolist())
    frame.loc[hot, "n"] += 100
    frame.loc[int(h3.grid_ring(np.uint64(heart()), 4)[0]), "n"] += 200  # another one, among what lies around the first
    frame.loc[hole, "n"] = 1.0
    population = even(city, 60_000, seed=2)["n"] + frame["n"] + 1
    base = None if kind is None else Denominator.of(population, kind)
    result = hot_cells(frame, base=base)
    told = np.full(len(frame), np.nan) if base is None else base.frame["n"].to_numpy(float)
    np.testing.assert_array_equal(result.frame["base"], told)
    found = [("hot", spot) for spot in hot_spots(result)] + [("cold", spot) for spot in cold_spots(result)]
    assert {mark for mark, _ in found} == {"hot", "cold"}
    for mark, spot in found:
        for name, value in slow_figures(result, spot.cells, mark).items():
            told = getattr(spot, name)
            if name == "excess":
                assert (told.value, told.low, told.high) == pytest.approx((value.value, value.low, value.high))
            else:
                assert told == (value if name == "against" else pytest.approx(value, nan_ok=True)), (mark, name)
        assert spot.low <= spot.ratio <= spot.high


def test_the_split_of_a_long_place_is_across_it(city: CityProfile) -> None:
    frame = even(city)
    row = [int(cell) for cell in h3.grid_path_cells(np.uint64(heart()), h3.grid_disk(np.uint64(heart()), 6)[-1])]
    row = [cell for cell in row if cell in frame.index]
    frame.loc[row, "n"] += 200
    spots = hot_spots(hot_cells(frame, k=0), largest_km2=frame.loc[row, "land_km2"].sum() * 0.6)
    held = [[row.index(cell) for cell in spot.cells if cell in row] for spot in spots]
    parts = sorted((sorted(one) for one in held if one), key=min)
    assert len(parts) == 2
    assert max(parts[0]) < min(parts[1])  # no part lies between those of the other


def ring_of(cells: tuple[int, ...], first: int, last: int) -> list[int]:
    """Cells at least `first` and at most `last` steps from the nearest of these."""
    near, far = ({int(one) for cell in cells for one in h3.grid_disk(np.uint64(cell), k)} for k in (first - 1, last))
    return sorted(far - near)


def test_neighbouring_hot_cells_are_one_spot_and_a_large_one_is_split_not_dropped(city: CityProfile) -> None:
    frame = even(city)
    middle = np.uint64(heart())
    large = [int(cell) for cell in h3.grid_disk(middle, 2)]
    frame.loc[large, "n"] += 120
    result = hot_cells(frame)
    assert result.frame["hot"][large].all()
    spots = hot_spots(result)
    cells = [cell for spot in spots for cell in spot.cells]
    assert len(spots) > 1
    assert sorted(cells) == sorted(result.frame.index[result.frame["hot"]])
    assert all(spot.land_km2 <= 0.25 for spot in spots)
    assert [spot.rank for spot in spots] == list(range(1, len(spots) + 1))
    (whole,) = hot_spots(result, largest_km2=10)
    assert len(whole.cells) == len(cells)


def test_cells_are_of_one_resolution(city: CityProfile) -> None:
    with pytest.raises(ValueError, match="resolutions"):
        hot_cells(pd.concat([even(city), even(city, resolution=9)]))


FEW = Dispersion(3.0, float("inf"))


def test_cells_places_and_power_are_less_sure_the_more_reports_come_in_bursts(city: CityProfile, t: Translator) -> None:
    frame = planted(city, extra=60)
    plain, wide = hot_cells(frame), hot_cells(frame, scatter=FEW)
    away = plain.frame["p"] < 1
    assert (wide.frame["p"][away] >= plain.frame["p"][away] - 1e-12).all()
    assert wide.frame.loc[heart(), "p"] > 1e3 * plain.frame.loc[heart(), "p"]
    assert wide.frame.loc[heart(), "hot"]
    assert wide.frame["hot"].sum() <= plain.frame["hot"].sum()
    assert any("in bursts" in t(choice.explanation) for choice in wide.choices)
    (sure,), (unsure,) = hot_spots(plain), hot_spots(wide)
    assert heart() in unsure.cells
    assert np.log(unsure.high / unsure.low) > 1.3 * np.log(sure.high / sure.low)
    assert unsure.excess.low < sure.excess.low
    assert ratio_interval(30, 90, 1, 9, dispersion=3)[1:] == pytest.approx(ratio_interval(10, 30, 1, 9)[1:])
    many, almost = even(city, n=20_000), Dispersion(1 + 1e-9, float("inf"))
    powers = [detection_power(hot_cells(many, scatter=scatter)).ratio for scatter in (INDEPENDENT, almost, FEW)]
    assert powers[1] == pytest.approx(powers[0], rel=0.02)
    assert powers[2] > 1.2 * powers[0]


CHICAGO = h3.latlng_to_cell(41.8, -87.7, 10)
PLAIN = np.sort(np.asarray(h3.grid_disk(CHICAGO, 22), dtype=np.int64))


def mapped(counts: np.ndarray) -> pd.DataFrame:
    area = h3.cell_area(CHICAGO, unit="km^2")
    return pd.DataFrame({"n": counts.astype(float), "land_km2": area}, index=pd.Index(PLAIN, name="cell"))


def even_map(mean: float) -> HotCells:
    return hot_cells(mapped(np.random.default_rng(0).poisson(mean, len(PLAIN))))


def _case(hot: HotCells) -> _Case:
    return _Case.of(hot.setting, hot.frame, hot.n, hot.alpha, hot.base, hot.dispersion)


@pytest.mark.slow
@pytest.mark.parametrize("mean", [0.3, 1.0, 5.0])
def test_a_place_of_the_ratio_told_is_found_as_often_as_told(mean: float) -> None:
    power = detection_power(even_map(mean))
    place = np.isin(PLAIN, np.asarray(h3.grid_disk(CHICAGO, 1), dtype=np.int64))
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
    assert detection_power(hot_cells(mapped(np.zeros(len(PLAIN))))).at_most == 0


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
    people = pd.Series(rng.poisson(40, len(PLAIN)).astype(float) + 1, PLAIN)
    cells = mapped(rng.binomial(people.astype(int), 0.2))
    for kind in ("alerts", "residents"):
        power = detection_power(hot_cells(cells, base=Denominator.of(people, kind)))  # type: ignore[arg-type]
        assert power.based
        assert 1.25 < power.ratio < 3


def test_it_says_itself_with_its_period(t: Translator) -> None:
    power = detection_power(even_map(1.0))
    span = Span(dt.date(2024, 1, 1), dt.date(2024, 12, 31))
    told = replace(power, period=span).sentence(t)
    assert told.startswith(f"{t.span(span)}: With")
    assert f"at least {t.number(power.ratio, 1)} times" in told
    few = replace(power, ratio=None, at_most=0.1, n=30)
    assert few.sentence(t).startswith("Too few to tell: even a place 10 times")
    assert replace(power, n=0).sentence(t) == "There is no alert on the map to test."


@pytest.mark.parametrize("rings", [0, 1])
@pytest.mark.parametrize("kind", [None, "alerts", "residents"])
def test_an_area_no_larger_than_a_place_has_nothing_to_be_compared_with(rings: int, kind: str | None) -> None:
    cells = np.sort(np.asarray(h3.grid_disk(CHICAGO, rings), dtype=np.int64))
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
    cells = mapped(rng.poisson(np.where(np.arange(len(PLAIN)) % 3 == 0, 1.5, 0.2)))
    coarse, counts = np.unique(
        np.asarray([h3.cell_to_parent(c, 9) for c in PLAIN.astype(np.uint64)]), return_counts=True
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


TOWN = (41.8, -87.7)


def disc(rings: int, resolution: int = 9, at: tuple[float, float] = TOWN) -> np.ndarray:
    middle = h3.latlng_to_cell(*at, resolution)
    return np.sort(np.asarray(h3.grid_disk(middle, rings), dtype=np.int64))


def frame(cells: np.ndarray, counts: np.ndarray) -> pd.DataFrame:
    area = [h3.cell_area(cell, unit="km^2") for cell in cells.astype(np.uint64)]
    return pd.DataFrame({"n": counts.astype(float), "land_km2": area}, index=pd.Index(cells, name="cell"))


def town_in_fields(seed: int = 1, rings: int = 20) -> tuple[pd.DataFrame, np.ndarray]:
    """A town of eight rings in fields where next to nothing is reported."""
    cells, town = disc(rings), disc(8)
    rng = np.random.default_rng(seed)
    inside = np.isin(cells, town)
    return frame(cells, rng.poisson(np.where(inside, 20, 0.1))), inside


def test_the_fields_around_a_town_are_not_occupied(t: Translator) -> None:
    history, inside = town_in_fields()
    found = occupied_land(history)
    occupied = found.holds(history.index.to_numpy())
    assert occupied[inside].mean() > 0.95
    assert occupied[~inside].mean() < 0.1
    assert history["n"][occupied].sum() >= HELD * history["n"].sum()
    assert found.share == pytest.approx(history["land_km2"][occupied].sum() / history["land_km2"].sum())
    assert f"{round(100 * found.share)} % of the city" in t(found.choice.explanation)
    fine = disc(60, 10)
    assert np.array_equal(found.holds(fine), np.isin(parents(fine, 9), history.index[occupied]))
    for mean in (0.01, 0.0):  # too few to be smoothed over any reach
        assert occupied_land(history.assign(n=np.random.default_rng(3).poisson(mean, len(history)))) is None


def occupied_slowly(history: pd.DataFrame) -> tuple[set[int], set[int], set[int], int]:
    """The slow twin, with loops: occupied cells, those that surround others, those of the city, and rings smoothed."""
    counts, land = history["n"].to_dict(), history["land_km2"].to_dict()
    least = 0.25 * square_side(9, history.index.to_numpy()) ** 2 / 1e6

    def sums(cell: int, rings: int) -> tuple[float, float]:
        disc = [one for one in map(int, h3.grid_disk(np.uint64(cell), rings)) if one in counts]
        return sum(counts[one] for one in disc), max(sum(land[one] for one in disc), least)

    rings = next(rings for rings in range(1, 7) if np.mean([sums(cell, rings)[0] for cell in counts]) >= 10)
    density = {cell: sums(cell, rings)[0] / sums(cell, rings)[1] for cell in counts}
    held, thinnest = 0.0, 0.0
    for cell in sorted(counts, key=lambda one: -density[one]):
        if held >= 0.95 * sum(counts.values()):
            break
        held, thinnest = held + counts[cell], density[cell]
    occupied = {cell for cell in counts if density[cell] >= thinnest}
    closer = {cell: np.divide(*sums(cell, rings - 1)) for cell in occupied}
    each = sorted(density[cell] for cell in counts for _ in range(round(counts[cell])))
    typical = each[(len(each) - 1) // 2]
    around = {cell for cell in occupied if closer[cell] >= 0.25 * thinnest}
    return occupied, around, {cell for cell in occupied if density[cell] >= 0.25 * typical}, rings


@pytest.mark.parametrize("mean", [0.8, 4.0])
def test_occupied_land_is_that_of_the_slow_twin(mean: float) -> None:
    """A town that thins out, and islets with next to no land."""
    cells = disc(14)
    away = np.array([h3.grid_distance(h3.latlng_to_cell(*TOWN, 9), cell) for cell in cells.astype(np.uint64)])
    rng = np.random.default_rng(8)
    history = frame(cells, rng.poisson(6 * mean * np.exp(-away / 5)))
    islets = frame(np.sort(disc(12, at=(41.8, -87.2))[::90]), np.array([1.0, 2.0, 3.0, 9.0, 0.0, 4.0])[:6])
    islets["land_km2"] *= 0.001
    history = pd.concat([history, islets]).sort_index()
    found = occupied_land(history)
    occupied, around, city, rings = occupied_slowly(history)
    assert around < occupied
    assert city < occupied
    assert (found.cells, found.around, found.city) == (occupied, around, city)
    assert found.n == history["n"].sum()
    assert found.reach == round((rings + 0.5) * square_side(9, history.index.to_numpy()))
    for resolution in (8, 10):
        others = disc(20, resolution) if resolution == 10 else np.unique(parents(cells, 8))
        for own in (around, city):
            known = {int(h3.cell_to_parent(np.uint64(cell), 8)) for cell in own} if resolution == 8 else own
            above = others if resolution == 8 else parents(others, 9)
            assert found.among(own, others).tolist() == [int(cell) in known for cell in above]


def test_occupied_land_only_raises_p() -> None:
    """Of hot cells; and of cold ones on a map where none is hot, as hot ones are left out of their surroundings."""
    history, inside = town_in_fields(seed=4)
    found = occupied_land(history)
    plain, told = hot_cells(history).frame, hot_cells(history, occupied=found).frame
    assert (told["p"] >= plain["p"] - 1e-12).all()
    assert not told["hot"][~told["tested"]].any()
    flat = frame(history.index.to_numpy(), np.random.default_rng(6).poisson(20, len(history)))
    half = frozenset(history.index[inside].tolist())
    plain, told = hot_cells(flat).frame, hot_cells(flat, occupied=OccupiedLand(half, half, half, 9, 0.2, 9, 500)).frame
    assert not plain["hot"].any()
    assert (told["p_cold"] >= plain["p_cold"] - 1e-9).all()
    assert (told["p"] >= plain["p"] - 1e-12).all()


def test_a_base_population_does_not_mind_occupied_land(city: CityProfile) -> None:
    land = city.land_cells(10)
    rng = np.random.default_rng(5)
    cells = pd.DataFrame({"n": rng.poisson(3, len(land)).astype(float), "land_km2": land})
    people = Denominator.of(pd.Series(rng.poisson(50, len(land)).astype(float) + 1, land.index), "residents")
    nowhere = OccupiedLand(frozenset(), frozenset(), frozenset(), 9, 0.0, 0, 500)
    pd.testing.assert_frame_equal(
        hot_cells(cells, base=people).frame, hot_cells(cells, base=people, occupied=nowhere).frame
    )
    assert not hot_cells(cells, occupied=nowhere).frame["hot"].any()


def test_what_stands_out_from_the_city_alone_is_told_against_the_city() -> None:
    """Cells as large as a place, in the middle of a wide quarter: alone is the place, and the city is all the rest."""
    cells, quarter = disc(24), disc(6)
    inside = np.isin(cells, quarter)
    history = frame(cells, np.random.default_rng(2).poisson(np.where(inside, 60, 8)))
    found = hot_cells(history).frame
    middle = found.loc[disc(2)]
    assert (middle["hot"] & middle["wide"] & ~middle["local"]).all()
    for cell, row in middle.iterrows():
        rest = history.drop(index=cell)
        expected = rest["n"].sum() / rest["land_km2"].sum() * history["land_km2"][cell]
        assert row["expected"] == pytest.approx(expected)
        assert row["expected_alone"] == pytest.approx(expected)
