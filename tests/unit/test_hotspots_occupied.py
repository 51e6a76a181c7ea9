"""Land on which alerts occur: found from the history, no farmland in it, and what the test does with it."""

from __future__ import annotations

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pytest

from analysis.grid import parents, square_side
from analysis.hotspots.cell_significance import hot_cells
from analysis.hotspots.surroundings import HELD, OccupiedLand, occupied_land
from curim_data.model import CityProfile, Translator

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
    assert found is not None
    occupied = found.holds(history.index.to_numpy())
    assert occupied[inside].mean() > 0.95
    assert occupied[~inside].mean() < 0.1
    assert history["n"][occupied].sum() >= HELD * history["n"].sum()
    assert found.share == pytest.approx(history["land_km2"][occupied].sum() / history["land_km2"].sum())
    assert "95 % of the mapped alerts of all years" in t(found.choice.explanation)
    fine = disc(60, 10)
    assert np.array_equal(found.holds(fine), np.isin(parents(fine, 9), history.index[occupied]))


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
    assert found is not None
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


def test_smoothing_reaches_farther_where_alerts_are_few_and_gives_up_at_last() -> None:
    cells = disc(12)
    rng = np.random.default_rng(3)
    many, few = (occupied_land(frame(cells, rng.poisson(mean, len(cells)))) for mean in (10, 0.5))
    assert many is not None
    assert few is not None
    assert many.reach < few.reach
    assert min(many.share, few.share) > 0.9  # by chance alone hardly any land is thin
    assert occupied_land(frame(cells, rng.poisson(0.01, len(cells)))) is None
    assert occupied_land(frame(cells, np.zeros(len(cells)))) is None


def test_a_village_in_the_fields_is_not_dense_against_the_fields() -> None:
    history, inside = town_in_fields()
    history.loc[~inside, "n"] = 0
    village = int(disc(20)[~inside][7])
    history.loc[village, "n"] = 30
    found = occupied_land(history)
    plain, told = hot_cells(history).frame, hot_cells(history, occupied=found).frame
    assert plain.loc[village, "local"]
    assert not told.loc[village, "hot"]


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
    from analysis.hotspots.surroundings import Denominator

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
