"""What was planted in the sample city is found again, and what was not planted is not."""

from __future__ import annotations

import tomllib
from typing import Any

import h3.api.numpy_int as h3
import pytest

import sample_data
from analysis.gender import place_shares
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.hot_spots import cluster_study, hot_spot_study

TRUTHS: dict[str, Any] = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))
SPOTS = TRUTHS["hot_spot"]
ALL = AlertFilter(period="all")
YEAR = AlertFilter()


def _cells(place: dict[str, Any], resolution: int, radius: float) -> set[int]:
    """Cells whose centre lies within a radius (metres) of a planted place."""
    centre = (place["latitude"], place["longitude"])
    middle = h3.latlng_to_cell(*centre, resolution)
    near = h3.grid_disk(middle, int(radius / h3.average_hexagon_edge_length(resolution, unit="m")) + 2)
    return {int(c) for c in near if h3.great_circle_distance(h3.cell_to_latlng(c), centre, unit="m") <= radius}


@pytest.fixture(scope="module")
def found(source: Source) -> set[int]:
    """Resolution 12 cells under any hot spot or cluster, over all dates and over the last year."""
    marked: set[int] = set()
    for chosen in (ALL, YEAR):
        for spot in hot_spot_study(source, chosen).spots:
            for cell in spot.cells:
                marked |= {int(c) for c in h3.cell_to_children(cell, 12)}
        for cluster in cluster_study(source, chosen).found:
            marked |= set(cluster.cells)
    return marked


@pytest.mark.parametrize("spot", SPOTS, ids=lambda spot: spot["id"])
def test_every_planted_hot_spot_is_found(found: set[int], spot: dict[str, Any]) -> None:
    assert _cells(spot, 12, spot["radius"]) & found


def test_there_are_as_many_as_were_planted(source: Source) -> None:
    spots = hot_spot_study(source, YEAR).spots
    assert len(SPOTS) >= 9
    assert len(SPOTS) - 1 <= len(spots) <= len(SPOTS)  # two that were planted side by side may be one


def test_the_smooth_quarter_stays_unmarked(source: Source, found: set[int]) -> None:
    quarter = TRUTHS["quarter"]
    assert not _cells(quarter, 12, quarter["radius"]) & found
    # Dense it is: the mean of the city alone would mark it.
    cells = query.cells(source, ALL, 10).frame
    inside = cells.loc[cells.index.isin(list(_cells(quarter, 10, quarter["radius"])))]
    density = inside["n"].sum() / inside["land_km2"].sum()
    assert density > 1.5 * cells["n"].sum() / cells["land_km2"].sum()


def test_the_pile_is_reported_as_a_pile_and_is_no_hot_spot(source: Source, found: set[int]) -> None:
    pile = TRUTHS["pile"]
    told = query.default_coordinates(source, ALL)
    assert len(told) == 1
    assert told["n"].iloc[0] == pile["alerts"]
    assert (told["longitude"].iloc[0], told["latitude"].iloc[0]) == (pile["longitude"], pile["latitude"])
    assert not _cells(pile, 12, 40) & found
    assert query.cells(source, ALL, 10).at_default == pile["alerts"]


def test_with_the_pile_left_in_it_would_be_marked(source: Source) -> None:
    """The test of the pile means something: the same place is hot when nobody sets it aside."""
    from analysis.hotspots.cell_significance import hot_cells
    from analysis.hotspots.grouping import hot_spots

    pile = TRUTHS["pile"]
    counts = query.counts(source, ALL, ["cell"], resolution=10).frame.set_index("cell")["n"]
    frame = query.cells(source, ALL, 10).frame.assign(n=lambda cells: counts.reindex(cells.index, fill_value=0.0))
    marked = {cell for spot in hot_spots(hot_cells(frame)) for cell in spot.cells}
    assert h3.latlng_to_cell(pile["latitude"], pile["longitude"], 10) in marked


@pytest.mark.parametrize("audience", [Audience.ANALYST, Audience.COUNCIL])
def test_the_place_that_differs_for_women_in_the_dark_is_found(
    sample: Home, city: CityProfile, audience: Audience
) -> None:
    planted = TRUTHS["women_after_dark"]
    dark = ALL.replace(dark=True)
    frame = query.counts(open_for(sample, audience), dark, ["place", "affected_gender"]).frame
    result = place_shares(frame.dropna(subset=["place"])).frame
    assert next(iter(result.loc[result["significant"] & (result["direction"] > 0), "place"])) == planted["place"]
    assert planted["place"] in {mark.id for mark in city.landmarks}


def test_the_share_of_undisclosed_gender(source: Source) -> None:
    counted = query.counts(source, ALL, ["affected_gender"]).frame.set_index("affected_gender")["n"]
    assert counted["undisclosed"] / counted.sum() == pytest.approx(TRUTHS["undisclosed"]["share"], abs=0.01)
