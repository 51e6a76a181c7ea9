"""Made-up extracts of OpenStreetMap, in every form that a city brings them: nothing here comes from the map itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import osmium


@dataclass(frozen=True)
class Way:
    """A line with its tags; places (longitude, latitude)."""

    tags: dict[str, str]
    at: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Point:
    """A point with its tags."""

    tags: dict[str, str]
    at: tuple[float, float]


def network(segments: int, box: tuple[float, float, float, float], bends: int = 3) -> list[Way]:
    """A grid of so many street segments over a box, each street of a name of its own and cut at every crossing.

    Every tenth street is a main road, every eighth a path; a segment bends a little, as real ones do.
    """
    rng = np.random.default_rng(0)
    west, south, east, north = box
    side = max(2, int(np.sqrt(segments / 2)))
    ways: list[Way] = []
    for turned in (False, True):
        for street in range(side):
            kind = "secondary" if street % 10 == 0 else "footway" if street % 8 == 7 else "residential"
            name = f"{'Οδός' if turned else 'Street'} {street + 1}"
            for part in range(side):
                along = (part + np.linspace(0, 1, bends + 2)) / side
                off = (street + 0.5 + np.concatenate([[0], rng.normal(0, 0.06, bends), [0]])) / side
                x, y = (off, along) if turned else (along, off)
                at = zip((west + x * (east - west)).tolist(), (south + y * (north - south)).tolist(), strict=True)
                ways.append(Way({"highway": kind, "name": name}, tuple(at)))
    return ways[:segments]


def geojson(ways: Iterable[Way]) -> bytes:
    """As osmium export writes them."""
    features = [
        {"type": "Feature", "properties": way.tags, "geometry": {"type": "LineString", "coordinates": way.at}}
        for way in ways
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def geopackage(path: Path, ways: Iterable[Way]) -> Path:
    """As Geofabrik's free files have them: classes in fclass, in another projection here."""
    frame = gpd.GeoDataFrame.from_features(json.loads(geojson(ways)), crs=4326).rename(columns={"highway": "fclass"})
    frame.to_crs(3857).to_file(path, layer="roads", driver="GPKG")
    return path


def osm_xml(ways: Sequence[Way], points: Sequence[Point] = ()) -> bytes:
    """As the map's own interface gives them."""
    return _extract(ways, points, "extract.osm")


def osm_pbf(ways: Sequence[Way], points: Sequence[Point] = ()) -> bytes:
    """As Geofabrik gives them."""
    return _extract(ways, points, "extract.osm.pbf")


def _extract(ways: Sequence[Way], points: Sequence[Point], name: str) -> bytes:
    at = {place: number for number, place in enumerate(dict.fromkeys(place for way in ways for place in way.at), 1)}
    with TemporaryDirectory() as folder:
        with osmium.SimpleWriter(str(Path(folder, name))) as writer:
            for place, number in at.items():
                writer.add_node(osmium.osm.mutable.Node(id=number, location=place))
            for number, point in enumerate(points, len(at) + 1):
                writer.add_node(osmium.osm.mutable.Node(id=number, location=point.at, tags=point.tags))
            for number, way in enumerate(ways, 1):
                refs = [at[place] for place in way.at]
                writer.add_way(osmium.osm.mutable.Way(id=number, nodes=refs, tags=way.tags))
        return Path(folder, name).read_bytes()
