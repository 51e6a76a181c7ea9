from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from astral import Observer
from astral.sun import elevation
from shapely.geometry import MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from curim_data.geo import enrichment
from curim_data.geo.enrichment import KnownPositions, enrich, parent_cells
from curim_data.model import CELL_RESOLUTIONS, CityProfile
from curim_data.model.alert import ENRICHED, TOLD
from curim_data.model.city import LAND_BUFFER_M, Area, Landmark


def alerts(
    begin: Sequence[str | None],
    end: Sequence[str | None] | None = None,
    points: Sequence[tuple[float | None, float | None]] | None = None,
    day_only: bool = False,
) -> pa.Table:
    size = len(begin)
    instants = pd.to_datetime(pd.Series(begin), utc=True, format="ISO8601")
    ends = pd.to_datetime(pd.Series(end or [None] * size), utc=True, format="ISO8601")
    places = points or [(23.647, 37.943)] * size
    columns = {
        "reported_at": pa.array(instants.fillna(pd.Timestamp("2025-01-02T10:00Z"))).cast(
            TOLD.field("reported_at").type
        ),
        "occurred_from": pa.array(instants, from_pandas=True).cast(TOLD.field("occurred_from").type),
        "occurred_to": pa.array(ends, from_pandas=True).cast(TOLD.field("occurred_to").type),
        "longitude": pa.array([lon for lon, _ in places], pa.float64()),
        "latitude": pa.array([lat for _, lat in places], pa.float64()),
    }
    if day_only:
        columns["time_precision"] = pa.array(["day"] * size)
    return pa.table(columns)


def test_parents_by_arithmetic_are_those_of_h3() -> None:
    rng = np.random.default_rng(1)
    cells = np.array(
        [
            h3.latlng_to_cell(lat, lon, 12)
            for lat, lon in zip(rng.uniform(-89, 89, 3000), rng.uniform(-180, 180, 3000), strict=True)
        ]
    )
    for resolution in CELL_RESOLUTIONS[:-1]:
        expected = [h3.cell_to_parent(cell, resolution) for cell in cells]
        assert parent_cells(cells.astype(np.int64), resolution).astype(np.uint64).tolist() == expected


def test_columns_and_types_are_those_of_the_schema(city: CityProfile) -> None:
    made = enrich(alerts(["2025-03-01T20:15Z", None], points=[(23.647, 37.943), (None, None)]), city)
    for field in ENRICHED:
        assert made.schema.field(field.name).type == field.type
    assert made["cell_12"].to_pylist()[0] == h3.latlng_to_cell(37.943, 23.647, 12)
    unmapped = {name: made[name].to_pylist()[1] for name in ("x", "y", "cell_8", "inside", "district", "place")}
    assert set(unmapped.values()) == {None}
    assert made["time_precision"].to_pylist() == ["minute", "reported"]
    assert enrich(made, city).equals(made)


def test_no_alerts_at_all(city: CityProfile) -> None:
    made = enrich(alerts(["2025-03-01T20:15Z"]).slice(0, 0), city)
    assert made.num_rows == 0
    assert made.schema.field("hours").type == ENRICHED.field("hours").type


@pytest.mark.parametrize("most", [100_000, 40])
def test_positions_that_come_again_are_not_worked_out_again(
    city: CityProfile, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Unless too many others came between; what is said of them stays the same."""
    rng, asked = np.random.default_rng(7), [0]
    cells_of = enrichment.coordinates_to_cells

    def counted(latitude: np.ndarray, *more: object) -> object:
        asked[0] += len(latitude)
        return cells_of(latitude, *more)

    west, south, east, north = city.land.bounds
    some = list(zip(rng.uniform(west, east, 50).tolist(), rng.uniform(south, north, 50).tolist(), strict=True))
    turns = [some[:30], some[5:40], [(None, None)], some[20:], some[::-1] * 2, [some[7], (None, None)]]
    tables = [alerts(["2025-03-01T20:15Z"] * len(points), points=points) for points in turns]
    expected = [enrich(table, city) for table in tables]
    monkeypatch.setattr(enrichment, "coordinates_to_cells", counted)
    monkeypatch.setattr(enrichment, "MOST_KNOWN", most)
    known = KnownPositions(city)
    for table, made in zip(tables, expected, strict=True):
        assert enrich(table, city, known).equals(made)
    assert asked[0] == 50 if most > 50 else 50 < asked[0] < 150


def test_the_land_agrees_with_the_polygon(city: CityProfile) -> None:
    rng = np.random.default_rng(2)
    west, south, east, north = city.land.bounds
    points = list(zip(rng.uniform(west, east, 400).tolist(), rng.uniform(south, north, 400).tolist(), strict=True))
    made = enrich(alerts(["2025-03-01T20:15Z"] * 400, points=points), city)
    for x, y, inside in zip(*(made[name].to_pylist() for name in ("x", "y", "inside")), strict=True):
        assert inside == (city.land_metres.distance(Point(x, y)) <= LAND_BUFFER_M)


@pytest.mark.parametrize(
    ("begin", "end", "hour", "hours"),
    [
        ("2025-03-01T20:15Z", None, 22, [22]),
        ("2025-03-01T20:15Z", "2025-03-01T23:05Z", 22, [22, 23, 0, 1]),
        ("2025-03-01T20:00Z", "2025-03-01T21:00Z", 22, [22]),
        ("2025-03-01T20:15Z", "2025-03-02T20:15Z", 22, [*range(22, 24), *range(22)]),
        ("2025-03-01T20:15Z", "2025-03-03T20:15Z", None, None),
        ("2025-03-30T00:30Z", "2025-03-30T02:30Z", 2, [2, 4, 5]),
        ("2025-10-26T00:30Z", "2025-10-26T02:30Z", 3, [3, 4]),
    ],
)
def test_hours_are_local_and_a_span_touches_each_once(
    city: CityProfile, begin: str, end: str | None, hour: int | None, hours: list[int] | None
) -> None:
    made = enrich(alerts([begin], [end]), city)
    assert made["hour"].to_pylist() == [hour]
    assert made["hours"].to_pylist() == [hours]


def test_local_dates(city: CityProfile) -> None:
    made = enrich(alerts(["2024-12-31T22:30Z", "2025-06-30T20:59Z"]), city)
    assert made["local_date"].to_pylist() == [dt.date(2025, 1, 1), dt.date(2025, 6, 30)]
    assert made["week"].to_pylist() == [dt.date(2024, 12, 30), dt.date(2025, 6, 30)]
    assert made["month"].to_pylist() == [dt.date(2025, 1, 1), dt.date(2025, 6, 1)]
    assert made["weekday"].to_pylist() == [2, 0]


def test_darkness_agrees_with_the_height_of_the_sun(city: CityProfile) -> None:
    moments = pd.Series(pd.date_range("2025-01-01T00:07Z", "2025-12-31T00:00Z", freq="5h17min")).dt.as_unit("us")
    centre = city.land.centroid
    heights = np.array([elevation(Observer(centre.y, centre.x), moment.to_pydatetime()) for moment in moments])
    clear = np.abs(heights) > 1.5
    dark = enrich(alerts([moment.isoformat() for moment in moments]), city)["dark"].to_numpy(zero_copy_only=False)
    assert (dark == (heights < 0))[clear].all()


def test_a_span_through_dusk_is_neither_light_nor_dark(city: CityProfile) -> None:
    made = enrich(
        alerts(
            ["2025-03-01T14:00Z", "2025-03-01T20:00Z", "2025-12-01T04:00Z"],
            ["2025-03-01T20:00Z", "2025-03-02T02:00Z", "2025-12-01T16:30Z"],
        ),
        city,
    )
    assert made["dark"].to_pylist() == [None, True, None]


def many_landmarks(city: CityProfile, count: int) -> CityProfile:
    """The city with so many landmarks all over a square of 25 km, of different radii."""
    rng = np.random.default_rng(5)
    places = zip(
        rng.uniform(23.5, 23.8, count), rng.uniform(37.8, 38.05, count), rng.uniform(50, 900, count), strict=True
    )
    return replace(city, landmarks=tuple(Landmark(f"m{at}", {}, *place) for at, place in enumerate(places)))


def test_the_nearest_of_many_landmarks_is_that_of_the_slow_twin(city: CityProfile) -> None:
    some, rng = many_landmarks(city, 600), np.random.default_rng(6)
    points = [*zip(rng.uniform(23.5, 23.8, 300), rng.uniform(37.8, 38.05, 300), strict=True), (None, None)]
    found = enrich(alerts(["2025-03-01T20:15Z"] * 301, points=points), some)["place"].to_pylist()
    for (longitude, latitude), place in zip(points[:-1], found, strict=False):
        away = np.hypot(*(some.landmarks_metres - np.column_stack(city.project([longitude], [latitude]))).T)
        reaching = [at for at, mark in enumerate(some.landmarks) if away[at] <= mark.radius]
        assert place == (some.landmarks[min(reaching, key=lambda at: away[at])].id if reaching else None)
    assert 50 < sum(place is not None for place in found) < 250
    assert found[-1] is None


def _slow_districts(
    points: Sequence[tuple[float | None, float | None]], shapes: Sequence[BaseGeometry]
) -> list[str | None]:
    """The first district that holds each point, asked of all districts with a tree of them."""
    found: list[str | None] = []
    tree = shapely.STRtree(list(shapes))
    for lon, lat in points:
        hits = [] if lon is None else tree.query(Point(lon, lat), predicate="intersects").tolist()
        found.append(f"d{min(hits)}" if hits else None)
    return found


def test_districts_are_those_of_a_tree_of_all_on_borders_overlaps_and_broken_shapes_too(city: CityProfile) -> None:
    left, right = box(23.60, 37.90, 23.64, 37.96), box(23.64, 37.90, 23.68, 37.96)
    hole = Polygon([(23.61, 37.97), (23.69, 37.97), (23.65, 38.02)], [[(23.64, 37.98), (23.66, 37.98), (23.65, 37.99)]])
    bow = Polygon([(23.70, 37.90), (23.74, 37.96), (23.74, 37.90), (23.70, 37.96)])  # crosses itself
    twice = MultiPolygon([box(23.70, 37.97, 23.73, 38.0), box(23.71, 37.98, 23.74, 38.01)])  # covers itself in part
    shapes = [right, box(23.63, 37.93, 23.65, 37.98), left, hole, bow, twice, Polygon()]
    areas = tuple(Area(f"d{at}", {"en": f"d{at}"}, shape) for at, shape in enumerate(shapes))
    city = replace(city, districts=areas)
    assert city.sound_districts == (True, True, True, True, False, False, True)
    rng = np.random.default_rng(3)
    spread = zip(rng.uniform(23.58, 23.76, 3000).tolist(), rng.uniform(37.88, 38.03, 3000).tolist(), strict=True)
    grid = [(23.58 + 0.01 * x, 37.88 + 0.01 * y) for x in range(19) for y in range(16)]
    corners = [tuple(at) for shape in shapes for at in shapely.get_coordinates(shape).tolist()]
    middle = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in pairwise(corners)]
    points = [*spread, *grid, *corners, *middle, (None, None)]
    made = enrich(alerts(["2025-03-01T20:15Z"] * len(points), points=points), city)
    assert made["district"].to_pylist() == _slow_districts(points, shapes)
    assert set(made["district"].to_pylist()) == {None, *(f"d{at}" for at in range(6))}
