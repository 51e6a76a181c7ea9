"""Shapes that a person brings for a profile: GeoJSON, GeoPackage, a zipped Shapefile in any projection, or an extract
of OpenStreetMap (.osm.pbf, .osm); as districts, and as streets and landmarks.

What a file is, its first bytes say and not its name: a text that names other files or addresses is not followed. The
file is read by `read_shapes` in a process of its own (`containers.isolation`), which ends alone where GDAL and GEOS
need more memory or time for a file than there is, as for a polygon that crosses itself many times. Of streets is kept
what has a name, and main roads by their number; what lies on the city's land; lines of one name and class are one
street.
"""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from curim_data.containers.base import NoRecords, head_of, size_of
from curim_data.containers.isolation import result_of
from curim_data.lexicon.words import fold
from curim_data.model import LANGUAGES, N_, BoolArray, CityProfile, ImportProblem, Message
from curim_data.model.absence import NO_OUTLINE
from curim_data.model.city import MAJOR, MINOR, PATH, Area, Landmark
from curim_data.model.extent import ask_shape
from curim_data.profile.tables import WORDS, as_polygons, unique_ids

Kind = Literal["polygon", "line", "point"]
SHAPES: Final = {"polygon": (3, 6), "line": (1, 2, 5), "point": (0, 4)}  # type ids of shapely
MOST_SHAPES: Final = 20_000
MOST_LINES: Final = 400_000  # a city's streets come in pieces from crossing to crossing
PBF: Final = b"OSMHeader"
MOST_BYTES: Final = 500 << 20
_SHAPELESS: Final = (shapely.errors.ShapelyError, pyproj.exceptions.CRSError)
_NAMES: Final = {
    "polygon": "Polygon, MultiPolygon",
    "line": "LineString, MultiLineString",
    "point": "Point, MultiPoint",
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
        raise _unreadable(name) from error
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
    xml = rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<osm[\s>]"
    return PBF in start[:32] or bool(re.match(xml, start, re.DOTALL))


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
    layer = {"polygon": "multipolygons", "line": "lines", "point": "points"}[kind]  # as GDAL names them
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
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, *_SHAPELESS) as error:
        raise _unreadable(name) from error


def _unreadable(name: str) -> ImportProblem:
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
        raise ImportProblem(
            Message(
                "{file} holds no {kinds}. Save the shapes as these and try again.",
                {"file": name, "kinds": _NAMES[kind]},
            )
        )
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


PROPOSED: Final = ""  # for `districts_of`: choose the column that distinguishes areas of one name
MOST_DISTRICTS: Final = 3000
SAMPLES: Final = 3
_CODE: Final = re.compile(r"[A-Z]{0,4}[-_ ]?\d+")


@dataclass(frozen=True)
class AreaFile:
    """What a file of shapes holds.

    `frame`: columns as text and `geometry` in WGS84, valid and not empty; `columns` with up to three `samples` each;
    `repaired`: shapes that were invalid; `left_out`: shapes that are empty or of another kind; `crs`: the projection of
    the file in words; `layer` of `layers`.
    """

    name: str
    frame: gpd.GeoDataFrame
    columns: tuple[str, ...]
    samples: dict[str, tuple[str, ...]]
    repaired: int
    left_out: int
    crs: str
    layer: str
    layers: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.frame)


def read_areas(
    source: Path | bytes,
    name: str,
    *,
    kind: Kind = "polygon",
    layer: str | None = None,
    epsg: int | None = None,
    bounds: tuple[float, float, float, float] | None = None,
) -> AreaFile:
    """Read a file of shapes.

    Parameters
    ----------
    kind : "polygon", "line" or "point"
        What is wanted; other shapes are left out and counted, and a file that holds nothing else is refused.
    layer : str, optional
        Layer of a GeoPackage or member of a zip; the one with most shapes of that kind unless given.
    epsg : int, optional
        Projection of a file that does not say it, or says it wrong.
    bounds : (west, south, east, north), optional
        Degrees outside of which nothing is wanted: of an extract of OpenStreetMap, which may hold a country, the rest
        is not read.

    Raises
    ------
    ImportProblem
        Where the file cannot be read, its projection is unknown, or it holds nothing of that kind.
    """
    if size_of(source) > MOST_BYTES:
        raise ImportProblem(Message("{file} is larger than 500 MB. Simplify its borders first.", {"file": name}))
    more = {"kind": kind, "layer": layer, "epsg": epsg, "bounds": list(bounds) if bounds else None}
    try:
        head, columns = result_of("curim_data.profile.shapes:read_shapes", source, name, more)
        return _areas_of(head, columns, name, kind)
    except (KeyError, TypeError, ValueError, shapely.errors.ShapelyError) as error:
        if isinstance(error, ImportProblem):
            raise
        raise _unreadable(name) from error


def _areas_of(head: dict[str, Any], columns: Sequence[Any], name: str, kind: Kind) -> AreaFile:
    """The shapes that their reader told, looked at once more. ValueError where they are not as they should be."""
    heads = _texts(head["columns"])
    *texts, given, shapes = columns
    if len(texts) != len(heads) or len(given) != len(heads) * len(shapes):
        raise ValueError
    mask = np.asarray(given).reshape(len(heads), len(shapes))
    geometry = shapely.from_wkb(np.array(shapes.to_pylist(), object))
    if not np.isin(shapely.get_type_id(geometry), SHAPES[kind]).all() or not len(geometry):
        raise ValueError
    x0, y0, x1, y1 = shapely.total_bounds(geometry)
    if not (x0 >= -180 and x1 <= 180 and y0 >= -90 and y1 <= 90):
        raise ValueError
    cells = {
        column: [text if known else None for text, known in zip(values.to_pylist(), there, strict=True)]
        for column, values, there in zip(heads, texts, mask, strict=True)
    }
    frame = pd.DataFrame(cells, index=range(len(geometry)))
    kept = gpd.GeoDataFrame(frame, geometry=geometry, crs=4326)
    samples = {column: tuple(kept[column].dropna().unique()[:SAMPLES]) for column in heads}
    repaired, left_out = int(head["repaired"]), int(head["left_out"])
    crs, layer = str(head["crs"]), str(head["layer"])
    return AreaFile(name, kept, heads, samples, repaired, left_out, crs, layer, _texts(head["layers"]))


def _texts(told: Any) -> tuple[str, ...]:
    if not isinstance(told, list) or not all(isinstance(text, str) for text in told) or len(set(told)) < len(told):
        raise ValueError
    return tuple(told)


def propose_name_column(areas: AreaFile) -> str | None:
    """The column that most likely holds the names: called so, filled, different in each row, and no code."""
    best, column = 0.0, None
    for place, candidate in enumerate(areas.columns):
        values = areas.frame[candidate].dropna()
        if values.empty:
            continue
        filled, distinct = len(values) / len(areas.frame), values.nunique() / len(values)
        words = fold(candidate).split("_")
        named = any(word in WORDS["area_name"] or word.startswith(("name", "nom", "ονομα")) for word in words)
        codes = values.map(lambda text: bool(_CODE.fullmatch(text))).mean()
        letters = values.map(lambda text: any(sign.isalpha() for sign in text)).mean()
        score = filled * distinct * (1 + named) * (1 - 0.8 * codes) * (0.2 + 0.8 * letters)
        score *= 0.6 if values.str.len().median() > 60 or values.str.len().median() < 2 else 1
        score *= 0.7 if values.str.len().max() <= 4 else 1
        if score > best + 1e-9 * place:
            best, column = score, candidate
    return column


def propose_code_column(areas: AreaFile, name_column: str) -> str | None:
    """The column of official codes, by its heading and its values; numbers of rows (fid, objectid) are none."""
    for candidate in areas.columns:
        values = areas.frame[candidate]
        words = set(fold(candidate).split("_"))
        headed = words & WORDS["area_code"] or any(word.endswith(("code", "cd")) for word in words)
        coded = values.map(lambda text: bool(_CODE.fullmatch(text or "")))
        if candidate != name_column and headed and coded.all():
            return candidate
    return None


def districts_of(
    areas: AreaFile, name_column: str | None = None, language: str = "en", apart: str | None = PROPOSED
) -> tuple[Area, ...]:
    """The districts that a file of areas gives; their ids are made of the names.

    Areas of one name are one district, as the parts of an archipelago, unless the column `apart` holds different codes
    for them, as for a “Park” in each of three towns: then each code is a district, and the code stands in its name.
    `apart` is proposed from the headings unless it is given, or None for no such column.

    Columns label_el, label_en, label_fr add names in further languages. ImportProblem where the column is unknown, a
    name is missing, or there are more than 3,000.
    """
    column = chosen_name_column(areas, name_column)
    names = areas.frame[column]
    if names.isna().any():
        row = int(np.flatnonzero(names.isna())[0]) + 1
        raise ImportProblem(
            Message(
                "{file}: area {row} has no name in the column {column}. Choose another column or fill it in.",
                {"file": areas.name, "row": row, "column": column},
            )
        )
    keys, told_apart = names, propose_code_column(areas, column) if apart == PROPOSED else apart
    if told_apart is not None:  # with the code where areas of one name have several
        codes = areas.frame[told_apart].fillna("")
        keys = names.where(codes.groupby(names).transform("nunique") <= 1, names + " (" + codes + ")")
    grouped = areas.frame.groupby(keys, sort=False)
    if len(grouped) > MOST_DISTRICTS:
        raise ImportProblem(
            Message(
                "The column {column} of {file} makes {n} districts; {most} are the most. Choose another column.",
                {"column": column, "file": areas.name, "n": len(grouped), "most": MOST_DISTRICTS},
            )
        )
    ids = unique_ids((str(name) for name, _ in grouped), "district")
    found = []
    for key, (name, rows) in zip(ids, grouped, strict=True):
        more = {lang: rows[f"label_{lang}"].iloc[0] for lang in LANGUAGES if f"label_{lang}" in rows}
        code = str(name).removeprefix(str(rows[column].iloc[0]))  # " (E05001656)" where areas of one name are apart
        labels = {language: str(name), **{lang: f"{text}{code}" for lang, text in more.items() if text}}
        found.append(Area(key, labels, as_polygons(shapely.union_all(rows.geometry.to_numpy()))))
    return tuple(found)


def chosen_name_column(areas: AreaFile, column: str | None) -> str:
    """The column of names: the one that is given, or the proposed one. ImportProblem where there is none."""
    chosen = column if column is not None else propose_name_column(areas)
    if chosen is None or chosen not in areas.columns:
        raise ImportProblem(
            Message(
                "Which column of {file} holds the names? It has {columns}.",
                {"file": areas.name, "columns": ", ".join(areas.columns) or "–"},
            )
        )
    return chosen


OSM_ATTRIBUTION: Final = "© OpenStreetMap contributors (ODbL)"
NEAR_LAND_M: Final = 30.0  # a street along the shore, whose line runs beside the land
MOST_STREETS: Final = 100_000
MOST_LANDMARKS: Final = 5_000  # as many as a table of them may hold
LANDMARK_RADIUS_M: Final = 250.0
# https://wiki.openstreetmap.org/wiki/Key:highway; links carry "_link". What is no street of these is left out.
CLASSES: Final = {
    **dict.fromkeys(("motorway", "trunk", "primary", "secondary"), MAJOR),
    **dict.fromkeys(("tertiary", "unclassified", "residential", "living_street", "service", "road"), MINOR),
    **dict.fromkeys(("pedestrian", "footway", "path", "steps", "cycleway", "track", "bridleway"), PATH),
}
# Points of interest by which people name a place: key and its values in OpenStreetMap, any value where none is listed.
PLACES: Final = {
    "railway": ("station", "halt", "tram_stop", "subway_entrance"),
    "public_transport": ("station",),
    "aeroway": ("terminal",),
    "amenity": (
        *("townhall", "hospital", "university", "college", "school", "library", "theatre", "cinema", "marketplace"),
        *("bus_station", "ferry_terminal", "place_of_worship", "courthouse", "police", "fire_station"),
    ),
    "tourism": ("museum", "attraction", "gallery"),
    "leisure": ("park", "stadium", "sports_centre", "marina"),
    "historic": (),
    "shop": ("mall", "department_store"),
    "place": ("square", "suburb", "quarter", "neighbourhood"),
}


def _class_of(value: Any) -> str:
    return CLASSES.get(value.removesuffix("_link"), "") if isinstance(value, str) else ""


def streets_of(
    areas: AreaFile, city: CityProfile, name_column: str | None = None, language: str = "en"
) -> tuple[tuple[Area, ...], tuple[Message, ...], str]:
    """The streets of a file of lines, on the city's land; what was left out, and who is named on maps; whom the file is
    from, empty where it does not come from OpenStreetMap.

    Parameters
    ----------
    name_column : str, optional
        The column of names; `propose_name_column` chooses unless given.
    language : str
        Language of the names. Names in other languages come from the columns label_el, name:el or int_name where the
        file has them, or from the tags of an extract.

    Raises
    ------
    ImportProblem
        Where no line lies on the city's land, the column is unknown, or there are more than 100,000 streets.
    """
    if not city.outlined:
        raise ImportProblem(NO_OUTLINE)
    there = (column for column in ("highway", "fclass", "class", "road_class") if column in areas.columns)
    kind = next((one for one in there if areas.frame[one].dropna().map(_class_of).ne("").any()), None)
    frame = with_tags(areas.frame, areas.columns)
    proposed = ("name" if "name" in areas.columns else None) if kind else propose_name_column(areas)
    column = proposed if name_column is None else chosen_name_column(areas, name_column)
    lines = frame.geometry.to_numpy()
    classes = frame[kind].map(_class_of) if kind else pd.Series("", index=frame.index)
    named = frame[column] if column else pd.Series([None] * len(frame), index=frame.index, dtype=object)
    if kind and "ref" in frame:
        named = named.where(named.notna() | (classes != MAJOR), frame["ref"])
    street, called = classes.ne("").to_numpy() | (kind is None), named.notna().to_numpy() | (kind is None)
    reach = NEAR_LAND_M / 111_320.0  # in degrees
    near = shapely.buffer(shapely.simplify(city.land, reach / 3), reach, quad_segs=2)
    shapely.prepare(near)
    inside = shapely.intersects(near, lines)
    kept = street & called & inside
    if not kept.any():
        raise ImportProblem(_why_none(areas.name, street, called))
    cut = lines[kept]
    border = ~shapely.covers(near, cut)
    cut[border] = shapely.intersection(cut[border], near)
    keys = named[kept].where(named[kept].notna(), [f"#{number}" for number in np.flatnonzero(kept)])
    table = pd.DataFrame({"name": keys, "class": classes[kept], "line": cut, "row": np.flatnonzero(kept)})
    streets = tuple(_merged(table, frame, language))
    if len(streets) > MOST_STREETS:
        values = {"file": areas.name, "n": len(streets), "most": MOST_STREETS}
        raise ImportProblem(
            Message(
                "{file} holds {n} streets on the study area; {most} are the most. Keep the main ones only, or give "
                "one city instead of a country.",
                values,
            )
        )
    attribution = OSM_ATTRIBUTION if kind else ""
    return streets, _street_notes(street, called, inside, attribution), attribution


def _street_notes(street: BoolArray, called: BoolArray, inside: BoolArray, attribution: str) -> tuple[Message, ...]:
    """What was left out of a file of lines, and who is named on maps."""
    left_out = {
        "unnamed": int((street & ~called).sum()),
        "outside": int((street & called & ~inside).sum()),
        "others": int((~street).sum()),
    }
    text = N_(
        "Lines that were left out: {unnamed} without a name, {outside} outside the study area, {others} that are no "
        "streets."
    )
    notes = [Message(text, left_out)] if any(left_out.values()) else []
    if attribution:
        notes.append(Message("Maps and papers will say “{attribution}”.", {"attribution": attribution}))
    return tuple(notes)


def _why_none(file: str, street: Any, called: Any) -> Message:
    words = (
        (
            ~street,
            Message(
                "{file} holds lines but no streets: its column highway names none. Take the lines of an OpenStreetMap "
                "extract, or a file of streets alone."
            ),
        ),
        (
            ~(street & called),
            Message("No street of {file} has a name. Choose the column of names, or take a file that has one."),
        ),
        (
            True,
            Message(
                "No street of {file} lies on the study area. Is it of another city, or in another coordinate system?"
            ),
        ),
    )
    return Message(next(why.text for lacking, why in words if np.all(lacking)), {"file": file})


def _merged(table: pd.DataFrame, frame: pd.DataFrame, language: str) -> Iterable[Area]:
    """One street of each name and class, in the order of the file."""
    grouped = list(table.groupby(["name", "class"], sort=False))
    called = [(str(name), str(kind)) for (name, kind), _ in grouped]
    ids = unique_ids(("" if name.startswith("#") else name for name, _ in called), "street")
    for key, (name, kind), (_, rows) in zip(ids, called, grouped, strict=True):
        parts = shapely.get_parts(shapely.get_parts(rows["line"].to_numpy()))
        line = shapely.line_merge(shapely.union_all(parts[shapely.get_type_id(parts) == 1]))  # lines alone
        if line.is_empty:  # it touches the land in a point
            continue
        labels = {} if name.startswith("#") else {language: name, **_other_names(frame, int(rows["row"].iloc[0]))}
        yield Area(key, labels, line, kind)


def _other_names(frame: pd.DataFrame, row: int) -> dict[str, str]:
    """Names in further languages that the file holds."""
    columns = ((lang, column) for lang in LANGUAGES for column in (f"name_{lang}", f"name:{lang}", f"label_{lang}"))
    texts = ((lang, frame[column].iloc[row]) for lang, column in columns if column in frame)
    return {lang: text for lang, text in texts if isinstance(text, str) and text}  # the last one counts


def with_tags(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """A frame with the tags that GDAL's driver of OpenStreetMap leaves in one column (`other_tags`) as columns."""
    if "other_tags" not in columns:
        return frame
    wanted = {f"name:{lang}" for lang in LANGUAGES} | {"ref", *PLACES}
    tags = [
        {
            key: value.replace('\\"', '"')
            for key, value in re.findall(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"', text or "")
            if key in wanted
        }
        for text in frame["other_tags"].where(frame["other_tags"].notna(), "")
    ]
    more = pd.DataFrame(tags, index=frame.index)
    made: dict[str, Any] = {
        str(key): more[key].where(more[key].notna(), None) for key in more.columns if key not in frame
    }
    return frame.assign(**made)


def landmarks_of(areas: AreaFile, city: CityProfile) -> tuple[Landmark, ...]:
    """The landmarks of an OpenStreetMap extract: named points on the city's land of the kinds that name a place.

    ImportProblem where it has none, or more than 5,000: each place is measured from each of them.
    """
    frame = with_tags(areas.frame, areas.columns)
    if "name" not in frame:
        frame = frame.assign(name=None)
    wanted = np.zeros(len(frame), dtype=bool)
    for key, values in PLACES.items():
        for column in (key, "fclass"):
            if column in frame and (column == key or values):
                wanted |= frame[column].isin(values).to_numpy() if values else frame[column].notna().to_numpy()
    inside = ask_shape(shapely.intersects, city.land, frame.geometry.to_numpy())
    kept = frame[wanted & frame["name"].notna().to_numpy() & inside]
    kept = kept.drop_duplicates("name")
    if kept.empty:
        raise ImportProblem(
            Message(
                "{file} has no named station, square, school, park or other landmark on the study area. Give the "
                "points of an OpenStreetMap extract of this city, or a table with name, longitude, latitude, radius.",
                {"file": areas.name},
            )
        )
    if len(kept) > MOST_LANDMARKS:
        raise ImportProblem(
            Message(
                "{file} holds {n} landmarks on the study area; {most} are the most. Keep stations, squares, hospitals "
                "and schools only, or give one city instead of a country.",
                {"file": areas.name, "n": len(kept), "most": MOST_LANDMARKS},
            )
        )
    ids = unique_ids(kept["name"], "place")
    rows = frame.index.get_indexer(kept.index)
    return tuple(
        Landmark(
            key, {"en": name} | _other_names(frame, int(row)), round(point.x, 6), round(point.y, 6), LANDMARK_RADIUS_M
        )
        for key, name, row, point in zip(ids, kept["name"], rows, kept.geometry, strict=True)
    )
