"""The area of the filter picks which of the city's hot spots the page lists; the test stays that of the whole city."""

from __future__ import annotations

import pytest

from analysis.spots.naming import name_spots
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.store import Home
from curim_data.studies.cells import TESTED_IN_CITY, in_area
from curim_data.studies.hot_spots import hot_spot_study, known_places
from tests.app.conftest import Open, errors


def test_a_district_lists_the_hot_spots_in_it(open_page: Open, sample: Home) -> None:
    source = open_source(sample)
    spots = hot_spot_study(source, AlertFilter()).spots
    names = name_spots(spots, source.city, known_places(source))
    here = [s for s in spots if in_area(s, names[s.id], AlertFilter(districts=("zone_2",)), source.city)]
    assert 0 < len(here) < len(spots)
    app = open_page("hotspots", lang="en", district="zone_2")
    assert not errors(app)
    assert app.title[0].value == f"{len(here)} of the {len(spots)} hot spots of the city lie in this area."
    assert TESTED_IN_CITY.text in [caption.value for caption in app.caption]
    assert app.main.subheader[0].value.startswith(f"{here[0].rank} ·")


def test_an_area_without_any_says_so(open_page: Open, sample: Home) -> None:
    source = open_source(sample)
    study = hot_spot_study(source, AlertFilter())
    quiet = study.hot.frame["q"].idxmax()
    app = open_page("hotspots", lang="en", cells=f"{int(quiet):x}")
    assert not errors(app)
    assert app.title[0].value.startswith("None of the ")
    assert "No hot spot in this area" in [one.value for one in app.main.subheader]


@pytest.mark.parametrize("size", [8, 10, 12])
def test_cells_of_any_size_find_the_spot_that_they_share(sample: Home, size: int) -> None:
    import h3

    source = open_source(sample)
    spot = hot_spot_study(source, AlertFilter()).spots[0]
    names = name_spots((spot,), source.city, ())
    cell = f"{spot.cells[0]:x}"
    picked = h3.cell_to_parent(cell, 8) if size == 8 else h3.cell_to_center_child(cell, size)
    assert in_area(spot, names[spot.id], AlertFilter(cells=(picked,)), source.city)
    far = h3.grid_ring(h3.cell_to_parent(cell, 8), 30)[0]
    assert not in_area(spot, names[spot.id], AlertFilter(cells=(h3.cell_to_center_child(far, size),)), source.city)


def test_a_handful_of_alerts_has_no_density_and_no_concentration(open_page: Open) -> None:
    app = open_page("hotspots", lang="en", layer="density", category="playground_damage", period="28d")
    assert not errors(app)
    assert app.title[0].value == "Too few alerts for a density."
    (chart,) = app.get("deck_gl_json_chart")
    assert "BitmapLayer" not in chart.proto.json
    app = open_page("hotspots", lang="en", category="playground_damage", period="28d")
    assert "too few to measure their concentration" in " ".join(one.value for one in app.markdown)
