"""A city without districts and landmarks is compared by large map cells."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pytest

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.model.place_names import PlaceNames
from curim_data.studies.brief import brief_changes
from curim_data.studies.brief_text import change_name, than_others
from curim_data.studies.changes import change_study
from curim_data.studies.coarse_areas import (
    MOST_AREAS,
    area_label,
    area_names,
    area_resolution,
    area_tables,
    coded_areas,
)
from tests.reliability.world import World, piraeus_point, simulate, source_of

RISE = {"at": 778, "metres": 500.0, "times": 6.0, "since": 112}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Piraeus as it is before districts and landmarks are loaded; six times as many alerts around one point."""
    folder: Path = tmp_path_factory.mktemp("areas")
    found = source_of(simulate(World(rise=RISE), np.random.default_rng(1)), folder)
    return replace(found, city=replace(found.city, districts=(), landmarks=()), cache={})


@pytest.fixture(scope="module")
def recent(source: Source) -> AlertFilter:
    return AlertFilter(period="", start=source.as_of - dt.timedelta(days=55), end=source.as_of)


def test_a_rise_is_found_where_it_is_and_its_link_counts_the_same(source: Source, recent: AlertFilter) -> None:
    changes = brief_changes(source, recent, Audience.SPECIALIST)
    risen = [finding for finding in changes.findings if finding.change.key["cell"]]
    assert risen
    longitude, latitude = piraeus_point(RISE["at"])
    resolution = area_resolution(source)
    assert resolution is not None
    around = h3.grid_disk(h3.latlng_to_cell(latitude, longitude, resolution), 500 // 150)
    for finding in risen:
        assert int(str(finding.change.key["cell"]), 16) in {int(cell) for cell in around}
        counted = query.counts(source, finding.filter, [], Audience.SPECIALIST).total
        assert counted == finding.change.after
        for lang in ("en", "el", "fr"):
            t = translator(lang)
            assert "km²" in change_name(finding.change, source.city, t)
        assert "rest of the city" in than_others(finding.change, translator("en"))


def test_cells_hold_every_incident_once(source: Source, recent: AlertFilter) -> None:
    resolution = area_resolution(source)
    by = [["cell", "category"], [], ["cell"], ["category"]]
    both, city, cells, categories = area_tables(source, recent, by, Audience.ANALYST, resolution)
    assert both["n"].sum() == cells["n"].sum() == categories["n"].sum() == city["n"].sum()
    assert 20 < cells["cell"].nunique() <= MOST_AREAS
    assert both.groupby("cell")["n"].sum().to_dict() == cells.set_index("cell")["n"].to_dict()


def test_tables_in_codes_are_the_tables_of_who_sees_exact_counts(source: Source, recent: AlertFilter) -> None:
    resolution = area_resolution(source)
    by = [["cell", "category"], [], ["week", "cell"], ["week", "category", "dark"]]
    for f in (recent, recent.replace(categories=("theft", "noise")), recent.replace(affected=("woman",))):
        frames = area_tables(source, f, by, Audience.ANALYST, resolution)
        for names, table, frame in zip(by, coded_areas(source, f, by, resolution), frames, strict=True):
            told = frame[[*names, "n"]].reset_index(drop=True)
            pd.testing.assert_frame_equal(table.frame, told, check_dtype=False)


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
    resolution = area_resolution(bare)
    assert resolution is not None
    default = h3.latlng_to_cell(float(points["latitude"].iloc[0]), float(points["longitude"].iloc[0]), resolution)
    recent = AlertFilter(period="", start=bare.as_of - dt.timedelta(days=55), end=bare.as_of)
    (cells,) = area_tables(bare, recent, [["cell"]], Audience.ANALYST, resolution)
    assert len(cells) > 20
    assert default not in {int(name, 16) for name in cells["cell"]}
    (coded,) = coded_areas(bare, recent, [["cell"]], resolution)
    assert coded.frame.to_dict("list") == cells[["cell", "n"]].to_dict("list")
    risen = [finding.change.key["cell"] for finding in brief_changes(bare, recent, Audience.ANALYST).findings]
    assert not any(risen)


def test_cells_weigh_as_much_as_they_count_where_all_weigh_alike(source: Source, recent: AlertFilter) -> None:
    """A harm index of three for every category."""
    alike = {key: replace(one, harm=3.0) for key, one in source.city.categories.items()}
    weighed = replace(source, city=replace(source.city, categories=alike), cache={})
    study = change_study(weighed, recent, Audience.ANALYST, weight="harm")
    assert study.harm is not None
    cells = study.changes.frame["cell"].notna()
    assert study.harm.frame.loc[cells, "weight_after"].to_numpy() == pytest.approx(
        study.changes.frame.loc[cells, "after"].to_numpy()
    )


def test_it_is_said_that_cells_stand_for_districts(source: Source, recent: AlertFilter) -> None:
    told = " ".join(
        translator("en")(choice.explanation) for choice in change_study(source, recent, Audience.ANALYST).choices
    )
    assert "No districts or landmarks are loaded: areas are map cells of about" in told


def test_it_is_said_that_the_export_gives_cells_their_names(source: Source, recent: AlertFilter) -> None:
    names = PlaceNames(pd.DataFrame({"kind": ["precinct"], "name": ["73"], "cell": [1], "n": [5]}))
    named = replace(source, city=replace(source.city, place_names=names), cache={})
    told = " ".join(
        translator("en")(choice.explanation) for choice in change_study(named, recent, Audience.ANALYST).choices
    )
    assert "No map of districts or landmarks is loaded" in told
    assert "the names that the export gives" in told


def test_every_audience_compares_the_same_cells(source: Source, recent: AlertFilter) -> None:
    exact, told = (change_study(source, recent, who).changes.frame for who in (Audience.ANALYST, Audience.COUNCIL))
    assert told["cell"].notna().any()
    pd.testing.assert_frame_equal(told, exact)


def test_with_districts_or_landmarks_there_are_no_cells() -> None:
    whole = source_of(
        {
            key: value[:50] if value is not None else None
            for key, value in simulate(World(), np.random.default_rng(2)).items()
        }
    )
    assert area_resolution(whole) is None
    assert area_resolution(replace(whole, city=replace(whole.city, districts=()))) is None


def test_a_cell_is_named_by_where_it_lies(source: Source) -> None:
    longitude, latitude = piraeus_point(3)
    cell = f"{int(h3.latlng_to_cell(latitude, longitude, 8)):x}"
    assert area_label(translator("en"), source.city, cell).endswith("km²)")


def test_cells_of_one_name_are_numbered(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curim_data.studies.coarse_areas.area_name", lambda *_: "Delhi, 12.9 km south")
    names = area_names(translator("en"), source.city, ["c", "a", "b"])
    assert names == {"a": "Delhi, 12.9 km south", "b": "Delhi, 12.9 km south (2)", "c": "Delhi, 12.9 km south (3)"}
