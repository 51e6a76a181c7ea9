from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, chi2

from analysis.grid import neighbours
from analysis.hotspots.cell_significance import HotCells, hot_cells, significant_cells
from analysis.hotspots.grouping import cold_spots, hot_spots
from analysis.hotspots.surroundings import CITY_MARGIN, Denominator
from analysis.stats.intervals import Estimate, Result, ratio_interval, share_ratio_interval
from curim_data.model import CityProfile, Translator


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


def test_a_planted_cell_is_hot_and_what_is_far_is_not(city: CityProfile, t: Translator) -> None:
    result = hot_cells(planted(city))
    assert isinstance(result, Result)
    near = {int(cell) for cell in h3.grid_disk(np.uint64(heart()), 1)}
    marked = set(result.frame.index[result.frame["hot"]])
    assert heart() in marked <= near
    assert not result.frame["cold"].any()
    cells = len(result.frame)
    assert f"hot and no cell is cold among {cells} cells, tested on 6,060 alerts" in result.sentence(t)
    told = " ".join(t(choice.explanation) for choice in result.choices)
    for word in ("198 m", "461 m", "1.15 times", "at most 0.87 times", "other hot spots", "at most 5 %", "Gi*"):
        assert word in told


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
    told = place.cold_sentence(t)
    assert told.startswith(f"no alert where {t.expected(place.expected)} would be expected (95 % interval of the ratio")
    assert "0.00 " not in told
    assert "times as many" not in told
    assert f"up to {t.number(place.high, 2)}" in told
    people = even(city, 60_000, seed=2)["n"] + 1
    (rated,) = cold_spots(hot_cells(frame, base=Denominator.of(people, "residents")))
    assert rated.cold_sentence(t).startswith(f"no alert where {round(rated.base_n)} residents live")


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
        "z": place["z"].max(),
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


def test_a_sliver_of_land_with_an_alert_is_not_hot(city: CityProfile) -> None:
    frame = even(city, 500)
    frame["n"] = np.round(frame["n"])
    sliver = frame["land_km2"].idxmin()
    frame.loc[sliver, "n"] = 2
    assert not hot_cells(frame).frame["hot"][sliver]


def test_a_base_explains_what_it_holds(city: CityProfile) -> None:
    """A place with many alerts of every kind is not hot for one kind, unless its share is larger there."""
    everything = even(city, 6_000)
    everything.loc[heart(), "n"] += 400
    rng = np.random.default_rng(2)
    kind = everything.assign(n=rng.binomial(everything["n"].astype(int), 0.2).astype(float))
    assert hot_cells(kind).frame["hot"][heart()]
    based = hot_cells(kind, base=Denominator.of(everything["n"]))
    assert not based.frame["hot"].any()
    kind.loc[heart(), "n"] = 200
    assert hot_cells(kind, base=Denominator.of(everything["n"])).frame["hot"][heart()]


def test_a_spot_says_count_expectation_and_interval(city: CityProfile, t: Translator) -> None:
    (spot,) = hot_spots(hot_cells(planted(city)))
    assert spot.id == f"{heart():x}"
    assert f"{heart():x}" in spot.names
    assert spot.rank == 1
    assert spot.low < spot.ratio < spot.high
    assert spot.ratio == pytest.approx(spot.n / spot.expected)
    assert spot.q < 0.001
    assert f"{spot.n} alerts where" in spot.sentence(t)


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


def test_cells_of_several_resolutions_or_none_are_refused(city: CityProfile) -> None:
    with pytest.raises(ValueError, match="resolutions"):
        hot_cells(pd.concat([even(city), even(city, resolution=9)]))


@pytest.mark.parametrize(("mean", "valid"), [(199.5, False), (200.5, True)])
def test_gistar_is_a_test_from_200_alerts_in_the_mean_window_on(city: CityProfile, mean: float, valid: bool) -> None:
    frame = even(city).assign(n=1.0)
    window = (neighbours(frame.index.to_numpy(), 1) @ frame["n"].to_numpy()).mean()
    assert hot_cells(frame.assign(n=mean / window), k=1).gistar_valid == valid
