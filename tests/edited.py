"""A small town in a home of its own whose profile is edited, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from curim_data.importing.pipeline import import_file
from curim_data.model.city import FILES
from curim_data.profile import edit
from curim_data.profile.provisional import NewCity, ensure_city
from curim_data.profile.shapes import read_areas
from curim_data.store import Home, Store

HERE = (2.35, 48.85)


def export(points: np.ndarray) -> bytes:
    rows = [
        f"A{n};2025-0{n % 9 + 1}-11T20:15;Noise;{lat:.6f};{lon:.6f}" for n, (lon, lat) in enumerate(points.tolist())
    ]
    return "\n".join(["alert_id;reported_at;category;latitude;longitude", *rows, ""]).encode()


def begun(path: Path, points: np.ndarray, name: str = "Town") -> Home:
    home = Home(path)
    ensure_city(home, NewCity(points, {"Noise": len(points)}, name))
    import_file(home, export(points), "first.csv")
    return home


def square(west: float, south: float, side: float = 0.02) -> shapely.Polygon:
    return shapely.box(west, south, west + side, south + side)


def geojson(shapes: dict[str, Any], **more: Any) -> bytes:
    features = [
        {"type": "Feature", "properties": {"name": name, "code": f"D{n}"}, "geometry": shapely.geometry.mapping(shape)}
        for n, (name, shape) in enumerate(shapes.items())
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


HALVES = {"West side": shapely.box(2.33, 48.83, 2.35, 48.87), "Est Été": shapely.box(2.35, 48.83, 2.37, 48.87)}


def halves(home: Home) -> edit.EditReport:
    return edit.set_districts(home, read_areas(geojson(HALVES), "halves.geojson"))


def files(home: Home) -> dict[str, bytes]:
    return {name: (home.city_folder / name).read_bytes() for name in FILES if (home.city_folder / name).exists()}


def column(home: Home, name: str) -> list[Any]:
    return Store(home).read([name])[name].to_pylist()
