"""Reading shapes that a person brings for a profile: GeoJSON, GeoPackage, a zipped Shapefile in any projection, or an
extract of OpenStreetMap (.osm.pbf, .osm).

What a file is, its first bytes say and not its name: a text that names other files or addresses is not followed.
"""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from curim_data.containers import vector
from curim_data.containers.base import NoRecords, as_path, head_of
from curim_data.lexicon.folding import fold
from curim_data.model import LANGUAGES, ImportProblem, Message
from curim_data.model.city import Area
from curim_data.profile.files import as_polygons, unique_ids

Kind = Literal["polygon", "line", "point"]
SHAPES: Final = {"polygon": (3, 6), "line": (1, 2, 5), "point": (0, 4)}  # type ids of shapely
PROPOSED: Final = ""  # for `districts_of`: choose the column that distinguishes areas of one name
MOST_DISTRICTS: Final = 3000
MOST_SHAPES: Final = 20_000
MOST_LINES: Final = 400_000  # a city's streets come in pieces from crossing to crossing
OSM_LAYERS: Final = {"polygon": "multipolygons", "line": "lines", "point": "points"}  # as GDAL names them
PBF: Final = b"OSMHeader"
MOST_BYTES: Final = 500 << 20
SAMPLES: Final = 3
NAME_WORDS: Final = frozenset(
    {
        "name",
        "label",
        "title",
        "district",
        "ward",
        "neighbourhood",
        "neighborhood",
        "quarter",
        "area",
        "zone",
        "borough",
    }
    | {"ονομα", "ονομασια", "διαμερισμα", "κοινοτητα", "γειτονια", "περιοχη", "ενοτητα", "ετικετα"}
    | {"nom", "libelle", "quartier", "arrondissement", "commune", "nombre", "barrio", "distrito", "nome", "bezirk"}
)
CODE_WORDS: Final = frozenset(
    {"code", "cd", "gss", "insee", "ags", "lau", "nuts", "cod", "codigo", "codice", "kod", "kodikos", "κωδικος", "κωδ"}
)
_CODE: Final = re.compile(r"[A-Z]{0,4}[-_ ]?\d+")
_WRONG_SHAPES: Final = {
    "polygon": Message("{file} holds no areas (polygons). Save the borders as polygons and try again."),
    "line": Message("{file} holds no lines. Save the streets as lines and try again."),
    "point": Message("{file} holds no points. Save the places as points and try again."),
}


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
    size = source.stat().st_size if isinstance(source, Path) else len(source)
    if size > MOST_BYTES:
        raise ImportProblem(Message("{file} is larger than 500 MB. Simplify its borders first.", {"file": name}))
    try:
        start = head_of(source, name, 1024)
        if is_osm(start):
            frame, chosen, layers = _read_osm(source, start, name, kind, bounds)
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
    return _usable(frame, name, kind, crs, chosen, layers)


def is_osm(start: bytes) -> bool:
    """Whether a file begins as an extract of OpenStreetMap does, in its binary form (.osm.pbf) or as XML (.osm)."""
    return PBF in start[:32] or bool(re.match(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<osm[\s>]", start, re.DOTALL))


def _read_osm(
    source: Path | bytes, start: bytes, name: str, kind: Kind, bounds: tuple[float, float, float, float] | None
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
    with as_path(source, "extract.osm.pbf" if PBF in start[:32] else "extract.osm") as path:
        where = "highway IS NOT NULL" if kind == "line" else None
        found = pyogrio.read_dataframe(path.resolve(strict=True), layer=layer, bbox=bounds, where=where)
    return found, layer, (layer,)


def propose_name_column(areas: AreaFile) -> str | None:
    """The column that most likely holds the names: called so, filled, different in each row, and no code."""
    best, column = 0.0, None
    for place, candidate in enumerate(areas.columns):
        values = areas.frame[candidate].dropna()
        if values.empty:
            continue
        filled, distinct = len(values) / len(areas.frame), values.nunique() / len(values)
        words = fold(candidate).split("_")
        named = any(word in NAME_WORDS or word.startswith(("name", "nom", "ονομα")) for word in words)
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
        headed = words & CODE_WORDS or any(word.endswith(("code", "cd")) for word in words)
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
    keys = _keys(areas, column, propose_code_column(areas, column) if apart == PROPOSED else apart)
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


def _keys(areas: AreaFile, column: str, apart: str | None) -> pd.Series:
    """The name of each area's district: with its code where areas of one name have several."""
    names = areas.frame[column]
    if apart is None:
        return names
    codes = areas.frame[apart].fillna("")
    several = codes.groupby(names).transform("nunique") > 1
    return names.where(~several, names + " (" + codes + ")")


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


def _read(
    source: Path | bytes, start: bytes, name: str, layer: str | None
) -> tuple[gpd.GeoDataFrame, str, tuple[str, ...]]:
    """The features of a file, the layer that was read, and all layers with geometry."""
    kind = "gpkg" if start.startswith(b"SQLite format 3\0") else "shp" if start.startswith(b"PK\x03\x04") else ""
    if not kind:
        return _geojson(source.read_bytes() if isinstance(source, Path) else source, name), "", ()
    if kind == "shp":
        with as_path(source, name) as packed, zipfile.ZipFile(packed) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise ImportProblem(
                    Message("{file} is larger than 500 MB. Simplify its borders first.", {"file": name})
                )
    try:
        sizes = vector.layers(source, name, kind, spatial=True)
    except NoRecords:
        sizes = {}
    chosen = _chosen(name, list(sizes), layer, sizes.__getitem__)
    with vector.local_layer(source, name, kind, chosen) as (path, inner):
        encoding = vector.table_encoding(path) if kind == "shp" else None
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
        raise _unreadable(name) from error
    except (shapely.errors.ShapelyError, pyproj.exceptions.CRSError) as error:
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


def _usable(frame: gpd.GeoDataFrame, name: str, kind: Kind, crs: str, layer: str, layers: tuple[str, ...]) -> AreaFile:
    """Shapes of the wanted kind, repaired; columns as text."""
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
    columns = [str(column) for column in frame.columns if column != frame.geometry.name]
    text = pd.DataFrame({str(c): frame[c].map(_text) for c in frame.columns if c != frame.geometry.name})
    kept = gpd.GeoDataFrame(text[wanted].reset_index(drop=True), geometry=shapes[wanted], crs=4326)
    samples = {c: tuple(kept[c].dropna().unique()[:SAMPLES]) for c in columns}
    return AreaFile(
        name=name,
        frame=kept,
        columns=tuple(columns),
        samples=samples,
        repaired=int((invalid & wanted).sum()),
        left_out=int((~wanted).sum()),
        crs=crs,
        layer=layer,
        layers=layers,
    )


def _text(value: Any) -> str | None:
    """A property as text; whole numbers without a point; None where it is missing or empty."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return " ".join(text.split()) or None
