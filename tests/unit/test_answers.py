"""From filters to counts, against counts made by hand and sums made by a loop."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from curim_data import query
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import MAP_RESOLUTIONS, Audience, CityProfile, translator
from curim_data.model.city import cell_polygons, counted_cells, with_shore
from curim_data.privacy import DisclosureError
from curim_data.query import in_named_cells, sum_by
from curim_data.store import Home
from tests.small import HERE, alert, small_city, small_source
from tests.stored import seen_by

ALL = AlertFilter(period="all")
ANALYST = Audience.ANALYST
AWAY = (23.655, 37.955)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return small_source(
        tmp_path,
        [
            alert(1),
            alert(2, affected_gender="man", reporter_gender="undisclosed", day=dt.date(2025, 6, 3)),
            alert(3, category="lighting_poor", kind="risk", more_categories=["noise", "lighting_poor"], dark=False),
            alert(4, point=AWAY, district="zone_2", place="theatre", hours=[23, 0, 1, 2]),
            alert(5, point=(None, None), hours=None, severity=None, dark=None),
            alert(6, inside=False, district=None, place=None, status="rejected"),
            alert(7, category="odd", severity=5, day=dt.date(2025, 5, 30)),
            alert(8, category="harassment_sexual", more_categories=[], hours=[9], dark=False),
            alert(9, day=dt.date(2024, 6, 2)),
        ],
    )


def cell(point: tuple[float, float], resolution: int) -> str:
    return f"{h3.latlng_to_cell(point[1], point[0], resolution):x}"


CASES: list[tuple[AlertFilter, set[int]]] = [
    (ALL, {1, 2, 3, 4, 5, 6, 7, 8, 9}),
    (AlertFilter(), {1, 2, 3, 4, 5, 6, 7, 8}),
    (AlertFilter(start=dt.date(2025, 5, 30), end=dt.date(2025, 6, 2)), {1, 3, 4, 5, 6, 7, 8}),
    (ALL.replace(categories=("noise",)), {3}),
    (ALL.replace(categories=("odd",)), {7}),
    (ALL.replace(groups=("place",)), {3}),
    (ALL.replace(groups=("place",), categories=("odd",)), {3, 7}),
    (ALL.replace(groups=("nothing",)), set()),
    (ALL.replace(kinds=("risk",)), {3}),
    (ALL.replace(affected=("man",)), {2}),
    (ALL.replace(reporters=("undisclosed",)), {2}),
    (ALL.replace(dark=True), {1, 2, 4, 6, 7, 9}),
    (ALL.replace(dark=False), {3, 8}),
    (ALL.replace(hours=(9, 9)), {8}),
    (ALL.replace(hours=(0, 1)), {4}),
    (ALL.replace(hours=(23, 23)), set()),
    (ALL.replace(hours=(20, 5)), {1, 2, 3, 4, 6, 7, 9}),
    (ALL.replace(weekdays=(1,)), {2}),
    (ALL.replace(districts=("zone_2",)), {4}),
    (ALL.replace(places=("quay", "theatre")), {1, 2, 3, 4, 7, 8, 9}),
    (ALL.replace(cells=(cell(AWAY, 12),)), {4}),
    (ALL.replace(cells=(cell(AWAY, 10), cell(HERE, 8))), {1, 2, 3, 4, 6, 7, 8, 9}),
    (ALL.replace(statuses=("rejected",)), {6}),
    (ALL.replace(severities=(5,)), {7}),
]


@pytest.mark.parametrize(("f", "wanted"), CASES, ids=lambda case: str(case)[-60:])
def test_predicates(source: Source, f: AlertFilter, wanted: set[int]) -> None:
    conditions = f.conditions(query.dates(source, f), source.city, source.alerts.levels)
    ids = source.alerts.select("alert_id", conditions)["alert_id"].to_pylist()
    assert {int(name[1:]) for name in ids} == wanted
    assert query.total(source, f).n == len(wanted)


def test_the_total_says_what_is_mapped_and_options_count_under_the_rest(source: Source) -> None:
    total = query.total(source, AlertFilter())
    assert (total.n, total.mapped, total.outside, total.unmapped, total.of) == (8, 6, 1, 1, 9)
    assert total.said == 8
    assert [query.Total(*n, 0, 0, 0, 9, 5).nowhere for n in ((0, 0), (8, 0), (8, 6))] == [False, True, False]
    f = ALL.replace(districts=("zone_2",), affected=("woman",))
    options = query.options(source, f, "districts").frame
    assert dict(zip(options["district"].fillna("-"), options["n"], strict=True)) == {"zone_1": 5, "zone_2": 1, "-": 2}


def frame_of(source: Source, by: list[str], f: AlertFilter = ALL, **more: Any) -> dict[Any, float]:
    frame = query.counts(source, f, by, **more).frame
    keys = frame[by[0]] if len(by) == 1 else frame[by].itertuples(index=False, name=None)
    return dict(zip(keys, frame["n"], strict=True))


def test_an_alert_counts_once_in_each_category_and_is_shared_out_over_its_hours(source: Source) -> None:
    others = dict.fromkeys(("harassment_sexual", "lighting_poor", "noise", "odd"), 1)
    assert frame_of(source, ["category"]) == {"harassment_verbal": 6, **others}
    assert frame_of(source, ["group"]) == {"": 1, "harassment": 7, "place": 1}
    assert frame_of(source, ["category"], ALL.replace(categories=("noise",))) == {"noise": 1}
    assert frame_of(source, ["group"], ALL.replace(categories=("odd", "noise"))) == {"": 1, "place": 1}
    shares = frame_of(source, ["hour"])
    assert [n for hour, n in shares.items() if pd.isna(hour)] == [1]
    told = {int(hour): n for hour, n in shares.items() if hour == hour}
    assert told == {9: 1, 22: 6, **dict.fromkeys((0, 1, 2, 23), 0.25)}


def test_complete_tables_have_true_zeros(source: Source) -> None:
    months = frame_of(source, ["month"], complete=True)
    assert len(months) == 13
    assert months[pd.Timestamp(2025, 1, 1)] == 0
    assert sum(months.values()) == 9
    weeks = query.counts(source, AlertFilter(), ["week"], complete=True).frame
    assert weeks["week"].dt.day_of_week.eq(0).all()
    assert weeks["week"].diff().dropna().eq(pd.Timedelta(7, "D")).all()
    genders = {"man": 1, "woman": 8, **dict.fromkeys(("other", "undisclosed", "unknown"), 0)}
    assert frame_of(source, ["affected_gender"], complete=True) == genders
    assert frame_of(source, ["year", "kind"], complete=True)[(2024, "risk")] == 0
    assert len(frame_of(source, ["weekday"], complete=True)) == 7
    assert len(frame_of(source, ["hour"], complete=True)) == 25
    assert list(frame_of(source, ["hour"], ALL.replace(hours=(22, 1)), complete=True)) == [0, 1, 2, 22, 23]


@pytest.mark.parametrize("by", [["nothing"], ["week", "week"], ["alert_id"], ["cell"]])
def test_what_cannot_be_counted_is_refused(source: Source, by: list[str]) -> None:
    with pytest.raises(ValueError, match="counts"):
        query.counts(source, ALL, by)


def test_cells_are_the_land_and_keep_their_zeros(source: Source, tmp_path: Path) -> None:
    result = query.cells(source, ALL, 9)
    land = small_city().land_cells(9)
    assert result.frame.index.tolist() == land.index.tolist()
    assert result.frame["n"].sum() == 7
    assert result.frame["n"][h3.latlng_to_cell(AWAY[1], AWAY[0], 9)] == 1
    assert (result.at_default, result.off_mask) == (0, 0)
    assert result.frame["land_km2"].equals(land)
    by_counts = query.counts(source, ALL, ["cell"], resolution=9)
    assert by_counts.frame["n"].sum() == 7
    source = small_source(tmp_path, [alert(1, point=(23.7, 37.9)), alert(2)])
    result = query.cells(source, ALL, 9)
    assert (result.frame["n"].sum(), result.off_mask) == (1, 1)


@pytest.mark.parametrize("resolution", [4, 6, 7])
def test_cells_coarser_than_the_columns_are_their_parents(source: Source, resolution: int) -> None:
    by_cell = query.counts(source, ALL, ["cell"], resolution=resolution).frame
    finer = query.counts(source, ALL, ["cell"], resolution=8).frame
    parents = finer["cell"].map(lambda cell: h3.cell_to_parent(int(cell), resolution))
    assert by_cell.set_index("cell")["n"].to_dict() == finer["n"].groupby(parents).sum().to_dict()
    name = f"{by_cell['cell'].iloc[0]:x}"
    assert query.total(source, AlertFilter(cells=(name,))).n == by_cell["n"].iloc[0]
    assert AlertFilter.from_query({"cells": name}, source.city)[0].cells == (name,)


@pytest.mark.slow
def test_alerts_on_a_quay_count_at_every_size_and_can_be_picked_there(sample: Home) -> None:
    """The parent of a cell on a quay may lie in the water: its alerts count in the cell of the land beside it."""
    source, moved = open_source(sample), 0
    every = AlertFilter(period="all")
    mapped = query.counts(source, every, ["cell"], resolution=12).frame["n"].sum()
    for size in MAP_RESOLUTIONS:
        by_cell = query.counts(source, every, ["cell"], resolution=size).frame.set_index("cell")["n"]
        told = query.cells(source, every, size)
        assert by_cell.sum() == mapped == told.frame["n"].sum() + told.at_default
        assert told.off_mask == 0
        assert by_cell.index.isin(told.frame.index).all()
        own = source.alerts.frame("cell_12", ["inside"])["cell_12"]
        raw = own.map({cell: h3.cell_to_parent(int(cell), size) for cell in own.unique()}).value_counts()
        for target in by_cell.index[by_cell.to_numpy() != raw.reindex(by_cell.index).fillna(0).to_numpy()]:
            picked = query.total(source, every.replace(cells=(f"{target:x}",)))
            assert picked.n == by_cell[target] > raw.get(target, 0)
            moved += 1
    assert moved >= 3  # few people are on the quays of the sample


def test_a_cell_counts_in_the_nearest_on_land_or_in_itself(city: CityProfile) -> None:
    """Slow twin: no other cell of the land is nearer by its land; cells of the land, and those far away, stay."""
    for size in (7, 9, 10):
        land = city.land_cells(size).index.to_numpy()
        assert counted_cells(city, land).tolist() == land.tolist()
        ring = sorted({int(n) for cell in land for n in h3.grid_ring(int(cell), 1)} - set(land.tolist()))
        shapes = shapely.intersection(
            shapely.transform(cell_polygons(land), lambda at: np.column_stack(city.project(*at.T))), city.land_metres
        )
        tree, moved = shapely.STRtree(shapes), 0
        for cell, counted in zip(ring[::3], counted_cells(city, np.array(ring[::3])), strict=True):
            middle = shapely.Point(*map(float, city.project(*h3.cell_to_latlng(cell)[::-1])))
            nearest = shapes[tree.nearest(middle)].distance(middle)
            if counted == cell:  # the nearest land lies farther than in the cells beside it
                assert land[tree.nearest(middle)] not in h3.grid_disk(cell, 1)
            else:
                moved += 1
                assert shapes[list(land).index(counted)].distance(middle) == pytest.approx(nearest, abs=0.01)
                assert f"{cell:x}" in {f"{one:x}" for one in with_shore(city, [f"{counted:x}"])}
        assert moved > 3
    far = h3.grid_disk(h3.latlng_to_cell(0, 0, 9), 1)
    assert counted_cells(city, np.array(sorted(far))).tolist() == sorted(far)


def test_piles_are_set_aside_and_said(tmp_path: Path) -> None:
    rows = [alert(number) for number in range(21)]
    rows += [alert(number, point=(AWAY[0] + number / 1e6, AWAY[1])) for number in range(21, 60)]
    rows += [alert(number, point=AWAY) for number in range(60, 80)]
    source = small_source(tmp_path, rows)
    piles = query.default_coordinates(source, ALL)
    assert piles.to_dict("records") == [{"longitude": HERE[0], "latitude": HERE[1], "n": 21.0, "stored": 21}]
    assert query.total(source, ALL).at_default == 21
    assert query.cells(source, ALL, 9).frame["n"].sum() == 59
    assert query.cells(source, ALL, 9).at_default == 21
    assert query.counts(source, ALL, [], without_default_points=True).frame["n"].tolist() == [59]
    narrow = ALL.replace(statuses=("rejected",))
    assert query.default_coordinates(seen_by(source, Audience.COUNCIL), narrow)["n"].tolist() == [0]
    for (longitude, latitude), n in ((HERE, 21), (AWAY, 0)):  # a pile is asked for only where an area may hold it
        for size in (8, 10):
            area = ALL.replace(cells=(cell((longitude, latitude), size),))
            assert query.default_coordinates(source, area)["n"].tolist() == [n]
            assert query.default_coordinates(source, area.replace(statuses=("rejected",)))["n"].tolist() == [0]


def test_a_pile_lies_in_the_cell_of_its_finest_cell() -> None:
    """Cells are not nested as areas: this point lies in one of resolution 9, its finest cell in the one beside it."""
    edge = (23.667503244989497, 37.96707484242914)
    finest = h3.latlng_to_cell(edge[1], edge[0], 12)
    assert h3.cell_to_parent(finest, 9) != h3.latlng_to_cell(edge[1], edge[0], 9)
    points = pd.DataFrame({"longitude": [edge[0]], "latitude": [edge[1]]})
    for size in (8, 9, 10, 11, 12):
        stored = ALL.replace(cells=(f"{h3.cell_to_parent(finest, size):x}",))
        assert in_named_cells(stored, points).tolist() == [True]
    beside = ALL.replace(cells=(cell(edge, 9),))
    assert in_named_cells(beside, points).tolist() == [False]


def test_the_nearest_filter_that_leaves_something(source: Source) -> None:
    f = AlertFilter(districts=("zone_2",), statuses=("rejected",))
    wider, told = query.nearest_nonempty(source, f) or (None, None)
    assert wider == AlertFilter(districts=("zone_2",)) or wider == AlertFilter(statuses=("rejected",))
    assert told is not None
    assert translator("en")(told).endswith(": 1.")
    old = AlertFilter(start=dt.date(2020, 1, 1), end=dt.date(2020, 2, 1))
    found = query.nearest_nonempty(source, old)
    assert found[0] == ALL
    assert query.nearest_nonempty(source, ALL) is None


def test_the_council_asks_in_cells_no_finer_than_those_of_its_copy(source: Source) -> None:
    fine = ALL.replace(cells=(cell(AWAY, 12),))
    total = query.total(seen_by(source, Audience.COUNCIL), fine)
    assert total.n == 1
    assert total.withheld
    assert len(total.notes) == 1
    assert translator("en")(": {n}", n=total.said) == ": fewer than 5"
    for f, floor in ((ALL, 9), (ALL.replace(groups=("harassment",)), 8)):
        for resolution in range(floor + 1, 13):
            with pytest.raises(DisclosureError, match=f"resolution {floor}"):
                query.cells(seen_by(source, Audience.COUNCIL), f, resolution)
            with pytest.raises(DisclosureError, match=f"resolution {floor}"):
                query.counts(seen_by(source, Audience.PUBLIC), f, ["cell"], resolution=resolution)
        for resolution in range(8, floor + 1):
            exact, council = (query.cells(seen_by(source, who), f, resolution) for who in (ANALYST, Audience.COUNCIL))
            pd.testing.assert_frame_equal(council.frame, exact.frame)
        assert query.cells(seen_by(source, Audience.COUNCIL), f, floor).threshold == {9: 5, 8: 10}[floor]
        with pytest.raises(DisclosureError, match=r"by day|neither day"):
            query.counts(seen_by(source, Audience.COUNCIL), f, ["local_date"])
        assert query.counts(seen_by(source, Audience.COUNCIL), f, ["week"]).by == ("week",)


@pytest.mark.parametrize("category", ["harassment_sexual", "noise"])
def test_hours_are_told_in_bands(tmp_path: Path, category: str) -> None:
    rows = [alert(number, category=category, hours=[23, 0]) for number in range(40)]
    source = small_source(tmp_path, rows)
    for f in (ALL, ALL.replace(categories=(category,))):
        result = query.counts(seen_by(source, Audience.COUNCIL), f, ["hour"])
        assert result.frame[["hour", "n"]].to_numpy().tolist() == [[0, 20], [18, 20]]
        assert result.notes
        assert query.counts(source, f, ["hour"]).frame["hour"].tolist() == [0, 23]


COLUMNS: dict[str, tuple[Any, list[Any]]] = {
    "words": ("str", ["b", "a", "", "ά", None]),
    "days": ("datetime64[s]", [pd.Timestamp(2024, 2, 1), pd.Timestamp(1969, 1, 1), None]),
    "truth": (object, [True, False, None]),
    "numbers": (float, [10, 9, -1, None]),
    "cells": ("int64", [617700169958293503, 617700169958293504]),
}


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 30))
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=3, unique=True))
    columns = {
        name: pd.Series(draw(st.lists(st.sampled_from(values), min_size=rows, max_size=rows)), dtype=kind)
        for name in names
        for kind, values in [COLUMNS[name]]
    }
    n = draw(st.lists(st.integers(1, 9), min_size=rows, max_size=rows))
    return pd.DataFrame({**columns, "n": pd.Series(n, dtype=float)})


def told(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(None if pd.isna(value) else value for value in row)


@given(frames())
def test_sums_are_those_of_a_loop(frame: pd.DataFrame) -> None:
    by = [name for name in frame if name != "n"]
    slow: dict[tuple[Any, ...], float] = {}
    for row, n in zip(frame[by].to_numpy(object), frame["n"], strict=True):
        slow[told(tuple(row))] = slow.get(told(tuple(row)), 0.0) + n
    last = sorted(slow, key=lambda row: tuple((value is None, value if value is not None else 0) for value in row))
    found = sum_by(frame, by)
    assert [told(tuple(row)) for row in found[by].to_numpy(object)] == last
    assert found["n"].tolist() == [slow[row] for row in last]
