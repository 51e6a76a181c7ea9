"""Reading a file of shapes, in the process that `containers.isolation` starts for it: GDAL and GEOS may need more
memory or time for a file than there is, and a polygon that crosses itself many times does.
"""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pyproj
import shapely

from curim_data.containers import layers as geo
from curim_data.containers.base import NoRecords, head_of
from curim_data.model import ImportProblem, Message
from curim_data.profile.files import as_polygons

Kind = Literal["polygon", "line", "point"]
SHAPES: Final = {"polygon": (3, 6), "line": (1, 2, 5), "point": (0, 4)}  # type ids of shapely
MOST_SHAPES: Final = 20_000
MOST_LINES: Final = 400_000  # a city's streets come in pieces from crossing to crossing
OSM_LAYERS: Final = {"polygon": "multipolygons", "line": "lines", "point": "points"}  # as GDAL names them
PBF: Final = b"OSMHeader"
MOST_BYTES: Final = 500 << 20
_OSM: Final = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<osm[\s>]", re.DOTALL)
_WRONG_SHAPES: Final = {
    "polygon": Message("{file} holds no areas (polygons). Save the borders as polygons and try again."),
    "line": Message("{file} holds no lines. Save the streets as lines and try again."),
    "point": Message("{file} holds no points. Save the places as points and try again."),
}

# What is told of a file: plain values, and columns: texts of each column, which of them are there, shapes as WKB.
Told = tuple[dict[str, Any], list[Any]]


def read_shapes(source: Path, name: str, more: dict[str, Any]) -> Told:
    """The shapes of a kind in a file, in WGS84 and valid, with their columns as texts; see `shapes.read_areas`."""
    kind, layer, epsg, bounds = (more[key] for key in ("kind", "layer", "epsg", "bounds"))
    try:
        start = head_of(source, name, 1024)
        if is_osm(start):
            frame, chosen, layers = _read_osm(source, start, name, kind, tuple(bounds) if bounds else None)
        else:
            frame, chosen, layers = _read(source, start, name, layer)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, zipfile.BadZipFile) as error:
        raise unreadable(name) from error
    most = MOST_LINES if kind == "line" else MOST_SHAPES
    if kind != "point" and len(frame) > most:
        raise ImportProblem(
            Message("{file} holds {n} shapes; {most} are the most.", {"file": name, "n": len(frame), "most": most})
        )
    frame, crs = _degrees(frame, name, epsg)
    text, shapes, repaired = _usable(frame, name, kind)
    if kind == "polygon":
        shapely.union_all(shapes)  # what cannot be united within these limits, shall not be tried outside of them
    head = {
        "columns": list(text.columns),
        "repaired": repaired,
        "left_out": len(frame) - len(shapes),
        "crs": crs,
        "layer": chosen,
        "layers": list(layers),
    }
    there = text.notna().to_numpy(bool)
    columns = [pa.array(text[column].fillna("").astype(str), pa.large_string()) for column in text]
    return head, [*columns, there.T.ravel(), pa.array(shapely.to_wkb(shapes), pa.large_binary())]


def is_osm(start: bytes) -> bool:
    """Whether a file begins as an extract of OpenStreetMap does, in its binary form (.osm.pbf) or as XML (.osm)."""
    return PBF in start[:32] or bool(_OSM.match(start))


def _read_osm(
    source: Path, start: bytes, name: str, kind: Kind, bounds: tuple[float, float, float, float] | None
) -> tuple[gpd.GeoDataFrame, str, tuple[str, ...]]:
    """The ways or points of an extract, by GDAL's driver of OpenStreetMap."""
    if "OSM" not in pyogrio.list_drivers():
        raise ImportProblem(
            Message(
                "This installation cannot read OpenStreetMap files. Turn {file} into GeoJSON first, as with “osmium "
                "export {file} -o streets.geojson”, and give that.",
                {"file": name},
            )
        )
    layer = OSM_LAYERS[kind]
    with tempfile.TemporaryDirectory(prefix="curim-") as folder:
        path = Path(folder) / ("extract.osm.pbf" if PBF in start[:32] else "extract.osm")
        path.symlink_to(source.resolve())
        where = "highway IS NOT NULL" if kind == "line" else None
        found = pyogrio.read_dataframe(path, layer=layer, bbox=bounds, where=where)
    return found, layer, (layer,)


def _read(source: Path, start: bytes, name: str, layer: str | None) -> tuple[gpd.GeoDataFrame, str, tuple[str, ...]]:
    """The features of a file, the layer that was read, and all layers with geometry."""
    kind = "gpkg" if start.startswith(b"SQLite format 3\0") else "shp" if start.startswith(b"PK\x03\x04") else ""
    if not kind:
        return _geojson(source.read_bytes(), name), "", ()
    if kind == "shp":
        with zipfile.ZipFile(source) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise ImportProblem(
                    Message("{file} is larger than 500 MB. Simplify its borders first.", {"file": name})
                )
    try:
        sizes = geo.layers(source, name, kind, spatial=True)
    except NoRecords:
        sizes = {}
    chosen = _chosen(name, list(sizes), layer, sizes.__getitem__)
    with geo.local_layer(source, name, kind, chosen) as (path, inner):
        encoding = geo.table_encoding(path) if kind == "shp" else None
        return pyogrio.read_dataframe(path, layer=inner, encoding=encoding), chosen, tuple(sizes)


def _chosen(name: str, layers: list[str], layer: str | None, size: Any) -> str:
    if not layers:
        raise ImportProblem(Message("{file} holds no shapes (no GeoPackage layer, no .shp file).", {"file": name}))
    if layer is not None and layer not in layers and layer.lower().endswith(".shp"):
        layer = layer[: -len(".shp")]
    if layer is not None and layer not in layers:
        raise ImportProblem(
            Message(
                "{file} has no layer “{layer}”: it has {layers}.",
                {"file": name, "layer": layer, "layers": ", ".join(layers)},
            )
        )
    return layer or max(layers, key=size)


def _geojson(content: bytes, name: str) -> gpd.GeoDataFrame:
    try:
        parsed: Any = json.loads(content.decode("utf-8-sig"))
        features = parsed["features"] if parsed.get("type") == "FeatureCollection" else [parsed]
        bare = [one if one.get("type") == "Feature" else {"type": "Feature", "geometry": one} for one in features]
        rows = [{str(k): v for k, v in (one.get("properties") or {}).items() if k != "geometry"} for one in bare]
        shapes: Any = [shapely.geometry.shape(one["geometry"]) if one.get("geometry") else None for one in bare]
        crs = ((parsed.get("crs") or {}).get("properties") or {}).get("name") or 4326
        return gpd.GeoDataFrame(pd.DataFrame(rows, index=range(len(rows))), geometry=shapes, crs=crs)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise unreadable(name) from error
    except (shapely.errors.ShapelyError, pyproj.exceptions.CRSError) as error:
        raise unreadable(name) from error


def unreadable(name: str) -> ImportProblem:
    return ImportProblem(
        Message(
            "{file} cannot be read as shapes. Save it as GeoJSON, as GeoPackage, or as a Shapefile with its .shx, .dbf "
            "and .prj in one zip, and try again.",
            {"file": name},
        )
    )


def _degrees(frame: gpd.GeoDataFrame, name: str, epsg: int | None) -> tuple[gpd.GeoDataFrame, str]:
    """The shapes in WGS84, and the projection they came in."""
    if epsg is not None:
        try:
            frame = frame.set_crs(epsg, allow_override=True)
        except pyproj.exceptions.CRSError as error:
            raise ImportProblem(Message("There is no coordinate system EPSG:{epsg}.", {"epsg": str(epsg)})) from error
    bounds = frame.total_bounds
    fits = (
        bool(np.isfinite(bounds).all()) and np.abs(bounds[[0, 2]]).max() <= 180 and np.abs(bounds[[1, 3]]).max() <= 90
    )
    if frame.crs is None and fits:
        frame = frame.set_crs(4326)
    if frame.crs is None or (frame.crs.is_geographic and not fits and np.isfinite(bounds).all()):
        raise ImportProblem(
            Message(
                "{file} does not say in which coordinate system it is, and its numbers are no degrees. Tell its EPSG "
                "number, such as 2100 for the Greek grid, or save the file with its .prj.",
                {"file": name},
            )
        )
    words = frame.crs.name if frame.crs.to_epsg() is None else f"{frame.crs.name} (EPSG:{frame.crs.to_epsg()})"
    return frame.to_crs(4326), words


def _usable(frame: gpd.GeoDataFrame, name: str, kind: Kind) -> tuple[pd.DataFrame, Any, int]:
    """The columns as text and the shapes of the wanted kind, repaired; how many of them needed that."""
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    filled = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    wanted = filled & np.isin(shapely.get_type_id(shapes), SHAPES[kind])
    invalid = wanted & ~shapely.is_valid(shapes)
    if kind == "polygon":
        shapes[invalid] = [as_polygons(shape) for shape in shapes[invalid]]
        wanted &= ~shapely.is_empty(shapes)
    x0, y0, x1, y1 = shapely.bounds(shapes).T
    wanted &= np.isfinite(x0) & np.isfinite(y0) & (x0 >= -180) & (x1 <= 180) & (y0 >= -90) & (y1 <= 90)
    if not wanted.any():
        raise ImportProblem(Message(_WRONG_SHAPES[kind].text, {"file": name}))
    text = pd.DataFrame({str(c): frame[c].map(_text) for c in frame.columns if c != frame.geometry.name})
    return text[wanted].reset_index(drop=True), shapes[wanted], int((invalid & wanted).sum())


def _text(value: Any) -> str | None:
    """A property as text; whole numbers without a point; None where it is missing or empty."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return " ".join(text.split()) or None
