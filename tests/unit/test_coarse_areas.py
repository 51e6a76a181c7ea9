"""A city without districts and landmarks is divided into large map cells, and into small ones for its places."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import h3.api.numpy_int as h3
import numpy as np
import pytest

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import CityProfile, translator
from curim_data.studies.brief import brief_changes
from curim_data.studies.brief_text import against_words, change_name
from curim_data.studies.cells import area_label, area_names
from curim_data.studies.changes import MOST_AREAS, change_study
from tests.reliability.world import World, piraeus_point, simulate, source_of

RISE = {"at": 778, "metres": 500.0, "times": 6.0, "since": 112}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Piraeus as it is before districts and landmarks are loaded; six times as many alerts around one point."""
    folder: Path = tmp_path_factory.mktemp("areas")
    found = source_of(simulate(World(rise=RISE), np.random.default_rng(1)), folder)
    return replace(found, city=replace(found.city, districts=(), landmarks=()), cache={})


def recent(source: Source) -> AlertFilter:
    return AlertFilter(period="", start=source.as_of - dt.timedelta(days=55), end=source.as_of)


def test_a_rise_is_found_where_it_is_and_its_link_counts_the_same(source: Source) -> None:
    changes = brief_changes(source, recent(source))
    risen = [one for one in changes.findings if one.clear and (one.change.key["cell"] or one.change.key["area"])]
    assert risen
    longitude, latitude = piraeus_point(RISE["at"])
    for finding in risen:
        cell = np.uint64(int(str(finding.change.key["cell"] or finding.change.key["area"]), 16))
        own = h3.latlng_to_cell(latitude, longitude, h3.get_resolution(cell))
        assert cell in h3.grid_disk(own, 3)
        assert query.counts(source, finding.filter, []).total == finding.change.after
        for lang in ("en", "el", "fr"):
            assert "km²" in change_name(finding.change, source.city, translator(lang))
        assert "its share of the city" in against_words(finding, translator("en"))


def test_no_area_is_listed_twice_where_large_areas_are_the_smallest(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CityProfile, "finest_affordable", lambda *_: 8)
    frame = change_study(replace(source, cache={}), recent(source)).changes.frame
    assert frame["level"].eq("district").sum() > 1
    assert not frame["level"].eq("place").any()


def test_cells_hold_every_alert_once(source: Source) -> None:
    frame = change_study(source, recent(source)).changes.frame
    total = query.total(source, recent(source)).n
    for level in ("city", "district", "place", "category", "district_category"):
        rows = frame[frame["level"] == level]
        assert rows["after"].sum() == total
        assert rows[["area", "cell", "category"]].duplicated().sum() == 0
    assert 20 < frame["area"].nunique() <= MOST_AREAS


def test_reports_without_a_place_are_no_rise_of_a_cell(tmp_path: Path) -> None:
    """The app gives every report without a position one point: its cell is no area in which something happens."""
    rng, alerts = np.random.default_rng(2), simulate(World(), np.random.default_rng(2))
    last = float(alerts["hours"].max())
    n, at = 400, (float(alerts["x"][7]), float(alerts["y"][7]))
    piled = {
        **alerts,
        "x": np.append(alerts["x"], np.full(n, at[0])),
        "y": np.append(alerts["y"], np.full(n, at[1])),
        "hours": np.append(alerts["hours"], last - rng.uniform(0, 55 * 24, n)),
        "category": np.append(alerts["category"], rng.integers(0, 28, n)),
        "woman": np.append(alerts["woman"], rng.random(n) < 0.5),
    }
    found = source_of(piled, tmp_path)
    bare = replace(found, city=replace(found.city, districts=(), landmarks=()), cache={})
    points = query.default_points(bare)
    assert len(points) == 1
    changes = brief_changes(bare, recent(bare))
    frame = change_study(bare, recent(bare)).changes.frame
    for name in ("area", "cell"):
        cells = {int(one, 16) for one in frame[name].dropna()}
        resolution = h3.get_resolution(np.uint64(min(cells)))
        default = h3.latlng_to_cell(float(points["latitude"].iloc[0]), float(points["longitude"].iloc[0]), resolution)
        assert len(cells) > 20
        assert int(default) not in cells
        assert not any(one.clear and one.change.key[name] for one in changes.findings)
    assert not changes.events


def test_a_cell_is_named_by_where_it_lies(source: Source) -> None:
    longitude, latitude = piraeus_point(3)
    cell = f"{int(h3.latlng_to_cell(latitude, longitude, 8)):x}"
    assert area_label(translator("en"), source.city, cell).endswith("km²)")


def test_cells_of_one_name_are_numbered(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curim_data.studies.cells.area_name", lambda *_: "Delhi, 12.9 km south")
    names = area_names(translator("en"), source.city, ["c", "a", "b"])
    assert names == {"a": "Delhi, 12.9 km south", "b": "Delhi, 12.9 km south (2)", "c": "Delhi, 12.9 km south (3)"}
