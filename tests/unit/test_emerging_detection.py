"""Emerging hot spots: windows, Gi*, Mann–Kendall and permutation against slow twins; classes; planted histories."""

from __future__ import annotations

import datetime as dt
import math
from itertools import combinations, permutations
from math import sqrt
from pathlib import Path
from statistics import median

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from analysis.cube import KINDS, STATES, GiStar, Windows, block_permutation, classify, kendall_s, sen_slope
from analysis.emerging import emerging_hot_spots, periods_for, unit_of
from analysis.grid import neighbours, ring, square_side
from analysis.hotspots.cell_significance import connected_groups
from analysis.stats.dispersion import INDEPENDENT, Dispersion
from analysis.stats.intervals import Result
from analysis.stats.significance import benjamini_hochberg, larger_rate
from curim_data.model import CityProfile, Translator, translator

MIDDLE = h3.latlng_to_cell(37.946, 23.65, 10)
CELLS = np.sort(h3.grid_disk(MIDDLE, 7)).astype(np.int64)
LAND = pd.Series(0.0174, index=pd.Index(CELLS, name="cell"))


def cube_of(seed: int, steps: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells, counts and uneven land of a small map."""
    rng = np.random.default_rng(seed)
    cells = np.sort(h3.grid_disk(MIDDLE, 2)).astype(np.int64)
    land = rng.uniform(0.001, 0.0174, len(cells))
    return cells, rng.poisson(2, (len(cells), steps)).astype(float), land


def every_z(gistar: GiStar) -> np.ndarray:
    """Gi* of every cell in every step."""
    return gistar.z(gistar.parts_of(np.arange(len(gistar.counts))))


def summed(near: sparse.csr_array, values: np.ndarray, lag: int) -> np.ndarray:
    """Sums over neighbours, in each step and the `lag` before it."""
    steps = values.shape[1]
    every = [near @ values[:, at] for at in range(steps)]
    return np.stack([sum(every[at - back] for back in range(min(lag, at) + 1)) for at in range(steps)], axis=1)


def every_p(windows: Windows) -> np.ndarray:
    """The slow way: the exact test of each window, denser than what is around."""
    counts, land = windows.counts, np.repeat(windows.size[:, None], windows.counts.shape[1], axis=1)
    size = np.stack([np.maximum(windows.place @ column, windows.floor) for column in land.T], axis=1)
    inside = summed(windows.place, counts, windows.lag)
    in_size = summed(sparse.eye_array(len(size), format="csr"), size, windows.lag)
    rest, ground = (summed(windows.around, values, windows.lag) for values in (counts, land))
    return np.asarray(larger_rate(inside, rest, in_size, ground, 1.2, windows.dispersion))


@pytest.mark.parametrize("lag", [0, 1, 3])
def test_gistar_in_space_and_time_by_double_loop(lag: int) -> None:
    cells, counts, land = cube_of(1)
    gistar = GiStar.of(counts, land, neighbours(cells, 1), lag)
    z = every_z(gistar)
    expected = np.outer(land / land.sum(), counts.sum(axis=0))
    residual = (counts - expected) / np.sqrt(expected)
    n, mean = residual.size, residual.mean()
    spread = sqrt((residual**2).mean() - mean**2)
    for i in range(len(cells)):
        near = {int(c) for c in h3.grid_disk(np.uint64(cells[i]), 1)}
        for t in range(counts.shape[1]):
            weighted = weights = squares = 0.0
            for j in range(len(cells)):
                for u in range(counts.shape[1]):
                    if int(cells[j]) in near and t - lag <= u <= t:
                        w = sqrt(expected[j, u])
                        weighted, weights, squares = weighted + w * residual[j, u], weights + w, squares + w * w
            slow = (weighted - mean * weights) / (spread * sqrt((n * squares - weights**2) / (n - 1)))
            assert z[i, t] == pytest.approx(slow, abs=1e-9)


@pytest.mark.parametrize("dispersion", [1.0, 1.7])
@pytest.mark.parametrize("lag", [0, 1, 2])
def test_all_windows_have_the_p_values_of_the_slow_way(lag: int, dispersion: float) -> None:
    rng = np.random.default_rng(lag)
    cells = np.sort(h3.grid_disk(MIDDLE, 6)).astype(np.int64)
    land = rng.uniform(0.001, 0.0174, len(cells))
    counts = rng.poisson(0.3, (len(cells), 24)).astype(float)
    counts[:4] += rng.poisson(9, (4, 24))
    counts[-30:] = 0.0
    windows = Windows(counts, neighbours(cells, 1), ring(cells, 1, 2), lag, land, 0.005, dispersion)
    assert windows.hot(1.2) == pytest.approx(every_p(windows), rel=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_groups_of_marks_are_those_of_the_graph_of_all_windows(seed: int) -> None:
    cells, counts, _ = cube_of(seed)
    marks, near = counts > 2 + seed % 3, neighbours(cells, 1)
    steps = marks.shape[1]
    follow = np.eye(steps) + np.eye(steps, k=1) + np.eye(steps, k=-1)
    whole = sparse.csr_array(np.kron(near.toarray(), follow))
    at = np.flatnonzero(marks)
    labels = connected_components(whole[at][:, at], directed=False)[1]
    found = connected_groups(near, marks)[marks]
    assert len({*zip(labels, found, strict=True)}) == len({*labels}) == len({*found})


def made(steps: int = 24, **spots: tuple[int, list[float]]) -> pd.DataFrame:
    """Three alerts in every cell and month, and more in some: (ring position, counts of each step)."""
    columns = pd.date_range("2024-01-01", periods=steps, freq="MS")
    counts = pd.DataFrame(3.0, index=LAND.index, columns=columns)
    for rings, extra in spots.values():
        cell = int(h3.grid_ring(MIDDLE, rings)[0]) if rings else int(MIDDLE)
        counts.loc[cell] += extra
    return counts


STEADY = made(spot=(0, [60.0] * 24))


def test_a_steady_spot_is_persistent_and_its_result_says_so() -> None:
    result = emerging_hot_spots(STEADY, LAND)
    assert isinstance(result, Result)
    row = result.frame.loc[int(MIDDLE)]
    assert (row["cls"], row["hot_steps"], row["run"]) == ("persistent", 24, 24)
    assert row["since"] == pd.Timestamp("2024-01-01")
    assert row["window"] == 2 * (60 + 7 * 3)
    assert row["expected"] == pytest.approx(2 * 7 * 3)
    assert [place.cls for place in result.places] == ["persistent"]
    assert result.places[0].cells == tuple(result.frame.index[result.frame["place"] == 0])
    assert result.n == round(STEADY.to_numpy().sum())
    shuffled = emerging_hot_spots(STEADY.sample(frac=1, random_state=1), LAND.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(shuffled.frame, result.frame)


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        ([0.0] * 23 + [60.0], "new"),
        ([0.0] * 21 + [60.0] * 3, "consecutive"),
        ([60.0] * 22 + [0.0] * 2, "historical"),
        ([40.0 + 4 * step for step in range(24)], "intensifying"),
        ([132.0 - 4 * step for step in range(24)], "diminishing"),
        ([60.0, 60, 0, 0] * 5 + [0.0, 0, 60, 60], "sporadic"),
    ],
)
def test_planted_histories(extra: list[float], kind: str) -> None:
    result = emerging_hot_spots(made(spot=(0, extra)), LAND)
    assert [place.cls for place in result.places] == [kind]
    assert result.frame.loc[int(MIDDLE), "cls"] == kind
    decides = kind in ("intensifying", "diminishing")
    assert np.isfinite(result.frame.loc[int(MIDDLE), "p_trend"]) == decides  # a trend is tested where it matters


def test_a_usual_place_is_marked_from_the_least_number_on() -> None:
    """On an even map, one cell is given more and more alerts in the last step until it is marked."""
    counts = pd.DataFrame(2.0, index=LAND.index, columns=pd.date_range("2025-01-01", periods=12, freq="MS"))
    even = emerging_hot_spots(counts, LAND, lag=0, k=0)
    assert not even.hot.any()

    def is_hot(alerts: int) -> bool:
        more = counts.copy()
        more.loc[int(MIDDLE), more.columns[-1]] = alerts
        return bool(emerging_hot_spots(more, LAND, lag=0, k=0).frame.loc[int(MIDDLE), "hot_steps"])

    marked = next(alerts for alerts in range(3, 60) if is_hot(alerts))
    assert marked == even.least
    assert emerging_hot_spots(counts * 0, LAND).least == 0
    assert not even.too_few
    counts.iloc[:, -1] = 0.0  # nothing came in last
    silent = emerging_hot_spots(counts, LAND, lag=0, k=0)
    assert silent.least > 0
    assert silent.too_few
    assert "Too few alerts came in last to tell" in silent.sentence(translator("en"))
    counts.iloc[:10, -1] = 1.0
    assert not emerging_hot_spots(counts, LAND, lag=0, k=0).too_few


def test_a_slope_is_that_of_the_cells_that_were_hot_once() -> None:
    counts = made(rising=(0, [40.0 + 4 * step for step in range(24)]))
    result = emerging_hot_spots(counts, LAND)
    z = every_z(GiStar.of(counts.to_numpy(), LAND.to_numpy(), neighbours(CELLS, 1), 1))
    marked = result.hot.any(axis=1)
    assert 0 < marked.sum() < len(LAND)
    assert result.frame["slope"].notna().to_numpy().tolist() == marked.tolist()
    assert result.frame["slope"].to_numpy()[marked] == pytest.approx(sen_slope(z[marked]), rel=1e-12)


@pytest.mark.parametrize("steps", [slice(0, 8), slice(-8, None)])
def test_the_figures_of_a_cell_are_those_of_the_last_step(steps: slice) -> None:
    spot = h3.grid_disk(MIDDLE, 1).astype(np.int64)
    counts = made() * 10
    counts.loc[spot, counts.columns[steps]] += 60.0
    last = emerging_hot_spots(counts, LAND).frame.loc[int(MIDDLE)]
    assert (last["q"] <= 0.05) == (steps.stop is None)


def test_below_ten_steps_no_trend_is_told() -> None:
    counts = made(spot=(0, [40.0 + 4 * step for step in range(24)])).iloc[:, -9:]
    result = emerging_hot_spots(counts, LAND)
    assert result.frame.loc[int(MIDDLE), "cls"] == "persistent"
    assert result.frame["p_trend"].isna().all()
    assert "too short to detect a trend" in result.sentence(translator("en"))


def test_a_place_takes_the_class_of_its_peak_and_two_peaks_are_two_places() -> None:
    counts = made(old=(0, [90.0] * 24), new=(4, [0.0] * 23 + [90.0]))
    result = emerging_hot_spots(counts, LAND)
    assert sorted(place.cls for place in result.places) == ["new", "persistent"]
    by_class = {place.cls: place for place in result.places}
    assert h3.grid_distance(by_class["new"].peak, h3.grid_ring(MIDDLE, 4)[0]) <= 1
    assert h3.grid_distance(by_class["persistent"].peak, MIDDLE) <= 1
    assert sum(len(place.cells) for place in result.places) == (result.frame["cls"] != "none").sum()


def test_trends_are_corrected_for_the_number_of_lasting_cells() -> None:
    rng = np.random.default_rng(3)
    noise, rising = (60 + rng.poisson(60, 24)).tolist(), [40.0 + 4 * step for step in range(24)]
    frame = emerging_hot_spots(made(noise=(0, noise), rising=(5, rising)), LAND).frame
    tested = frame["p_trend"].notna()
    assert 0 < tested.sum() < len(LAND)
    assert frame.loc[tested, "q_trend"].to_numpy() == pytest.approx(benjamini_hochberg(frame.loc[tested, "p_trend"]))
    assert (frame.loc[tested, "q_trend"] > frame.loc[tested, "p_trend"]).any()


def test_little_land_at_the_shore_is_expected_to_hold_little() -> None:
    """Half of the map has a tenth of the land and of the alerts: neither half is hot or cold."""
    land = LAND.where(np.arange(len(LAND)) % 2 == 0, 0.00174)
    counts = (made() * 10).mul(land / 0.0174, axis=0)
    assert set(emerging_hot_spots(counts, land).frame["cls"]) == {"none"}


def test_unusable_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="two steps"):
        emerging_hot_spots(STEADY.iloc[:, :1], LAND)
    with pytest.raises(ValueError, match="without gaps"):
        emerging_hot_spots(STEADY.iloc[:, [0, 1, 3]], LAND)
    with pytest.raises(ValueError, match="needs cells"):
        emerging_hot_spots(STEADY, LAND.iloc[:0])


@pytest.mark.parametrize(
    ("first", "last", "n", "unit", "steps"),
    [
        (dt.date(2022, 11, 1), dt.date(2026, 10, 31), 24_000, "month", 48),
        (dt.date(2022, 11, 2), dt.date(2026, 10, 30), 24_000, "month", 46),
        (dt.date(2026, 1, 1), dt.date(2026, 6, 30), 6_000, "week", 25),
        (dt.date(2026, 1, 1), dt.date(2026, 6, 30), 100, "month", 6),
        (dt.date(2026, 1, 1), dt.date(2026, 2, 28), 6_000, "month", 2),
    ],
)
def test_months_or_weeks(first: dt.date, last: dt.date, n: int, unit: str, steps: int) -> None:
    chosen = periods_for(first, last, n, 728 / 7)
    assert (chosen.unit, unit_of(chosen.starts), len(chosen.starts)) == (unit, unit, steps)
    assert [choice.value for choice in chosen.choices] == (["week"] if unit == "week" else [])


def test_the_history_of_a_cell_in_words() -> None:
    counts = made(spot=(0, [0.0] * 22 + [60.0] * 2))
    weekly = emerging_hot_spots(counts.set_axis(pd.date_range("2026-01-05", periods=24, freq="7D"), axis=1), LAND)
    text = weekly.sentence_of(int(MIDDLE), translator("en"))
    assert text == "Newly hot: Hot now, and not before. Hot in 2 of 24 weeks. Without a break since: 8 Jun 2026."
    assert round(square_side(10, CELLS)) == 132


def test_windows_of_counts_that_come_in_bursts_are_tested_as_so_many_fewer(city: CityProfile, t: Translator) -> None:
    """Three times the counts with a dispersion of three are as sure as the counts, and less sure than without."""
    land = city.land_cells(9)
    steps = pd.date_range("2024-01-01", periods=12, freq="MS")
    rng = np.random.default_rng(1)
    counts = pd.DataFrame(rng.poisson(4.0, (len(land), 12)), index=land.index, columns=steps)
    counts.iloc[len(land) // 2] *= 6
    three = Dispersion(3.0, float("inf"))
    plain, wide = (emerging_hot_spots(counts * 3, land, scatter=scatter) for scatter in (INDEPENDENT, three))
    single = emerging_hot_spots(counts, land)
    np.testing.assert_array_equal(wide.hot, single.hot)
    assert wide.hot.sum() < plain.hot.sum()
    assert wide.least > plain.least
    assert any("in bursts" in t(choice.explanation) for choice in wide.choices)
    assert len(plain.choices) == len(wide.choices) - 1


# Steps: H hot, - not; the trend of Gi* (+ up, - down, 0 none); the kind. Of two rules that hold the first decides.
SERIES = [tuple(line.split()) for line in Path(__file__).with_name("kinds_over_time.txt").read_text().splitlines()]


def one(series: str, trend: str) -> str:
    return str(classify(np.array(list(series)) == "H", trend == "+", trend == "-")[0])


def test_each_kind_by_its_rule_and_each_state_has_one() -> None:
    assert [(series, trend, one(series, trend)) for series, trend, _ in SERIES] == SERIES
    assert {name for _, _, name in SERIES} == {*KINDS, "none"}
    assert set(KINDS.values()) == set(STATES)


VALUES = st.one_of(st.just(math.nan), st.integers(0, 4).map(float), st.floats(-5, 5, width=16))


def slow(series: list[float]) -> tuple[float, float]:
    """S and Sen's slope, pair by pair."""
    known = [(step, value) for step, value in enumerate(series) if not math.isnan(value)]
    pairs = list(combinations(known, 2))
    s = sum((b > a) - (b < a) for (_, a), (_, b) in pairs)
    slopes = [(b - a) / (j - i) for (i, a), (j, b) in pairs]
    return s, median(slopes) if slopes else math.nan


@given(st.integers(2, 9).flatmap(lambda n: st.lists(st.lists(VALUES, min_size=n, max_size=n), min_size=1, max_size=5)))
def test_many_series_are_as_each_alone_pair_by_pair(rows: list[list[float]]) -> None:
    for row, s, slope in zip(rows, kendall_s(rows), sen_slope(rows), strict=True):
        expected = slow(row)
        assert s == expected[0]
        assert slope == pytest.approx(expected[1], nan_ok=True)


def test_with_blocks_of_one_step_it_is_the_permutation_test() -> None:
    series = [1.0, 3.0, 2.0, 5.0, 4.0]
    s = abs(slow(series)[0])
    exact = np.mean([abs(slow(list(order))[0]) >= s for order in permutations(series)])
    found = block_permutation(series, block=1, runs=4000, seed=1)
    assert found.item() == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 4000))


def test_blocks_stay_whole_and_the_first_takes_the_rest() -> None:
    seen: set[tuple[float, ...]] = set()

    def watch(values: np.ndarray) -> np.ndarray:
        seen.add(tuple(values[0].tolist()))
        return values

    block_permutation([np.arange(8.0)], block=3, runs=200, rebuild=watch)
    blocks = [(0.0, 1.0), (2.0, 3.0, 4.0), (5.0, 6.0, 7.0)]
    assert seen == {sum(order, ()) for order in permutations(blocks)}
    seen.clear()
    block_permutation([np.arange(6.0)], block=3, runs=50, rebuild=watch)
    assert seen == {(0.0, 1.0, 2.0, 3.0, 4.0, 5.0), (3.0, 4.0, 5.0, 0.0, 1.0, 2.0)}


def test_what_can_no_longer_be_small_is_permuted_no_further_and_the_rest_is_as_it_was() -> None:
    rng = np.random.default_rng(4)
    series = rng.normal(size=(60, 20)) + rng.choice([0, 0.08], 60)[:, None] * np.arange(20)
    whole = block_permutation(series, block=1, runs=499)
    short = block_permutation(series, block=1, runs=499, enough=50)
    small = whole < 50 / 500
    assert 5 < small.sum() < 55
    assert (short[small] == whole[small]).all()
    assert (short[~small] >= 50 / 500).all()
    assert np.abs(short[~small] / whole[~small] - 1).max() < 0.6
    assert not np.array_equal(short, whole)
