"""Made-up extracts of OpenStreetMap, in every form that a city brings them: nothing here comes from the map itself."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import numpy as np

CLASSES = ("primary", "secondary_link", "residential", "living_street", "footway", "steps")


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
    nodes, found = _numbered(ways, points)
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", '<osm version="0.6" generator="test">']
    for number, (longitude, latitude), tags in nodes:
        lines.append(f'<node id="{number}" lon="{longitude:.7f}" lat="{latitude:.7f}">{_tags(tags)}</node>')
    for number, refs, tags in found:
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        lines.append(f'<way id="{number}">{inner}{_tags(tags)}</way>')
    return "\n".join([*lines, "</osm>"]).encode()


def _tags(tags: dict[str, str]) -> str:
    return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())


def osm_pbf(ways: Sequence[Way], points: Sequence[Point] = ()) -> bytes:
    """As Geofabrik gives them: the few parts of the format (https://wiki.openstreetmap.org/wiki/PBF_Format) in use."""
    nodes, found = _numbered(ways, points)
    texts: dict[str, int] = {"": 0}

    def tagged(number: int, tags: dict[str, str]) -> bytes:
        keys, values = ([texts.setdefault(one, len(texts)) for one in some] for some in (tags, tags.values()))
        return _whole(1, number) + _packed(2, keys) + _packed(3, values)

    group = roads = b""
    for number, place, tags in nodes:
        longitude, latitude = (_zigzag(round(degrees * 1e7)) for degrees in place)
        group += _field(1, tagged(_zigzag(number), tags) + _whole(8, latitude) + _whole(9, longitude))
    for number, refs, tags in found:
        steps = [_zigzag(step) for step in np.diff(refs, prepend=0).tolist()]
        roads += _field(3, tagged(number, tags) + _packed(8, steps))
    strings = b"".join(_field(1, word.encode()) for word in texts)
    block = _field(1, strings) + _field(2, group) + (_field(2, roads) if roads else b"")
    head = _field(4, b"OsmSchema-V0.6") + _field(16, b"test")
    return _blob(b"OSMHeader", head) + _blob(b"OSMData", block)


def _numbered(
    ways: Sequence[Way], points: Sequence[Point]
) -> tuple[list[tuple[int, tuple[float, float], dict[str, str]]], list[tuple[int, list[int], dict[str, str]]]]:
    at = {place: number for number, place in enumerate(dict.fromkeys(place for way in ways for place in way.at), 1)}
    nodes: list[tuple[int, tuple[float, float], dict[str, str]]] = [(n, place, {}) for place, n in at.items()]
    nodes += [(len(at) + 1 + n, point.at, point.tags) for n, point in enumerate(points)]
    return nodes, [(n + 1, [at[place] for place in way.at], way.tags) for n, way in enumerate(ways)]


def _blob(kind: bytes, content: bytes) -> bytes:
    blob = _whole(2, len(content)) + _field(3, zlib.compress(content))
    head = _field(1, kind) + _whole(3, len(blob))
    return struct.pack(">I", len(head)) + head + blob


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + _varint(value >> 7)


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _whole(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _packed(field: int, values: Iterable[int]) -> bytes:
    content = b"".join(map(_varint, values))
    return _field(field, content) if content else b""
