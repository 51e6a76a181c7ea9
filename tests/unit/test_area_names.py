"""Where the areas of a plan lie, in words a reader knows."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import h3.api.basic_str as h3
import pytest

from analysis.spots.naming import LEAST_LENGTH, MOST_STREETS, area_in_words, name_spot
from curim_data.model import LANGUAGES, CityProfile, cell_polygons, translator
from curim_data.model.city import load_city
from sample_data import PROFILE


@pytest.fixture(scope="module")
def piraeus() -> CityProfile:
    return load_city(Path(PROFILE))


def around(city: CityProfile, at: int, rings: int) -> tuple[str, ...]:
    mark = city.landmarks[at]
    return tuple(sorted(h3.grid_disk(h3.latlng_to_cell(mark.latitude, mark.longitude, 10), rings)))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("at", range(4))
def test_the_streets_of_an_area_are_those_that_run_longest_in_it(piraeus: CityProfile, at: int, lang: str) -> None:
    """Against an overlay of all streets by geopandas, cell by cell."""
    t, cells = translator(lang), around(piraeus, at, 2)
    names = [t.label(street.labels) for street in piraeus.streets]
    streets = gpd.GeoDataFrame({"name": names}, geometry=[s.polygon for s in piraeus.streets], crs=4326)
    hexagons = gpd.GeoDataFrame(geometry=list(cell_polygons([h3.str_to_int(cell) for cell in cells])), crs=4326)
    within = gpd.overlay(streets.to_crs(piraeus.epsg), hexagons.to_crs(piraeus.epsg), keep_geom_type=True)
    lengths = within.length.groupby(within["name"]).sum().sort_values(ascending=False)
    lengths = lengths[(lengths >= LEAST_LENGTH) & (lengths.index != "")]
    assert len(lengths)
    told = area_in_words(cells, piraeus, t)
    for name in lengths.index[:MOST_STREETS]:
        assert name in told
    assert told.index(lengths.index[0]) == 0
    more = len(lengths) - MOST_STREETS
    if more > 0:
        assert t.n("{streets} and {n} more street", "{streets} and {n} more streets", more, streets="").strip() in told
    assert "19" in told


def test_without_streets_the_nearest_place_names_an_area(piraeus: CityProfile) -> None:
    t, cells = translator("en"), around(piraeus, 1, 1)
    mark = piraeus.landmarks[1]
    bare = replace(piraeus, streets=())
    assert area_in_words(cells, bare, t) == f"{name_spot(mark.longitude, mark.latitude, bare)(t)} (7 cells of the map)"
    assert area_in_words(cells[:1], bare, t).endswith("(1 cell of the map)")
