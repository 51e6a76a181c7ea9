"""GeoPackage, Shapefile (zipped or not), Parquet and GeoParquet: Arrow columns of any type as texts, and one point in
WGS84 for each geometry, where its reference system is known.

GDAL opens nothing but a local file whose first bytes are those of its kind; the parts of a Shapefile are copied out
of the ZIP, or from where they lie side by side, under names of their own.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as kinds
import pyogrio
import pyproj
import shapely
from pyproj.exceptions import CRSError

from curim_data.containers.base import (
    TableFile,
    choose_table,
    head_of,
    plain_number,
    reader_errors,
    refusal,
    table_blocks,
    text_of,
)
from curim_data.containers.text import one_byte_encoding
from curim_data.model import Facts, FloatArray, ImportProblem, Message

# What GDAL remarks on a file is for programmers; what matters of it is checked here.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"pyogrio\.|contextlib")  # where readers are opened

BATCH: Final = 20_000  # rows at a time
LONGITUDE, LATITUDE = "geometry.longitude", "geometry.latitude"
WGS84: Final = frozenset({"EPSG:4326", "EPSG:4979", "OGC:CRS84", "OGC:CRS84H"})
DIGITS: Final = 8  # decimals of a degree after a transformation: about a millimetre
_KINDS: Final = {"gpkg": "GeoPackage", "shp": "Shapefile"}
_PARTS: Final = (".shp", ".dbf", ".shx", ".prj", ".cpg")
_NEEDED: Final = (".shp", ".shx", ".dbf")
_ROW_KEYS: Final = ("", "fid", "ogc_fid")  # keys that programs add and renumber; other keys are kept as a column
_WORDS: Final = re.compile(rb"[\x80-\xff]+")


@dataclass(frozen=True)
class PointReader:
    """How the coordinates of a file become columns.

    `authority` is the reference system as the file gives it ("EPSG:27700"), or its name; empty where the file does
    not tell: then the columns are `x` and `y` as they stand, else longitude and latitude in degrees of WGS84.
    """

    authority: str
    transformer: pyproj.Transformer | None = None

    def labels(self, taken: tuple[str, ...]) -> tuple[str, str]:
        """The names of the two columns, unlike those that are taken."""
        if self.authority:
            return LONGITUDE, LATITUDE
        return ("geometry.x", "geometry.y") if {"x", "y"} & set(taken) else ("x", "y")

    def texts(self, x: FloatArray, y: FloatArray) -> tuple[pa.Array, pa.Array]:
        """Both columns as texts; empty where a coordinate is missing or cannot be transformed."""
        if self.transformer is not None:
            moved = self.transformer.transform(x, y)
            x, y = (np.asarray(values, np.float64).round(DIGITS) for values in moved)
        missing = ~(np.isfinite(x) & np.isfinite(y))
        return tuple(float_texts(pa.array(np.where(missing, np.nan, values))) for values in (x, y))


def point_reader(given: Any, name: str) -> PointReader:
    """The reference system of a file: an authority string, WKT, PROJJSON (dict) or None.

    ImportProblem where it is given and cannot be understood.
    """
    if given is None or given == "":
        return PointReader("")
    try:
        if isinstance(given, str) and (
            match := re.match(r"(?:.*/|.*:|^)(EPSG|ESRI|OGC)(?:[:/][\w.]*)?[:/](\w+)$", given.strip(), flags=re.I)
        ):
            crs = pyproj.CRS.from_authority(match[1].upper(), match[2])
        elif isinstance(given, dict):
            crs = pyproj.CRS.from_json_dict(given)
        else:
            crs = pyproj.CRS.from_wkt(given)
    except (CRSError, TypeError, ValueError, AttributeError) as error:
        raise ImportProblem(
            Message(
                "{name}: the coordinate reference system of the file is not known ({crs}). "
                "Export the file in WGS84 (EPSG:4326).",
                {"name": name, "crs": str(given)[:80]},
            )
        ) from error
    code = crs.to_authority()
    authority = ":".join(code) if code else crs.name or "WKT"
    moves = authority not in WGS84
    return PointReader(authority, pyproj.Transformer.from_crs(crs, 4326, always_xy=True) if moves else None)


def points(geometries: npt.NDArray[np.object_]) -> tuple[FloatArray, FloatArray]:
    """x and y of one point for each shapely geometry (a point inside it where it is none); NaN for none and empty."""
    kinds = shapely.get_type_id(geometries)
    geometries = geometries.copy()
    geometries[shapely.is_empty(geometries)] = None
    others = (kinds > 0) & ~shapely.is_missing(geometries)
    geometries[others] = [_inside(geometry) for geometry in geometries[others]]
    return shapely.get_x(geometries), shapely.get_y(geometries)


def _inside(geometry: Any) -> Any:
    try:
        return shapely.point_on_surface(geometry)
    except shapely.errors.ShapelyError:  # a geometry that crosses itself, or a curve
        return shapely.centroid(shapely.envelope(geometry))


def float_texts(column: pa.Array) -> pa.Array:
    """Floats as the shortest texts that give the same number; whole ones without ".0"; NaN and null are ""."""
    column = pc.if_else(pc.is_nan(column), None, column)
    whole = pc.all(pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), 1e15))).as_py()
    texts = pc.fill_null((column.cast(pa.int64()) if whole else column).cast(pa.large_string()), "")
    odd = pc.match_substring_regex(texts, r"^-?[\d.]+[eE][+-]?\d+$")  # such as 1.5e+10, which is written out
    written = [plain_number(Decimal(text)) for text in texts.filter(odd).to_pylist()]
    return pc.replace_with_mask(texts, odd, pa.array(written, pa.large_string()))


def open_vector(source: Path, name: str, sheet: str | None = None, kind: str = "gpkg") -> TableFile:
    """Open a GeoPackage (`kind` "gpkg"), a ZIP with a Shapefile ("shp"), or a path whose parts lie side by side.

    Question where several layers hold features; ImportProblem where the file is damaged or holds none.
    """
    with reader_errors(name, _KINDS[kind]):
        sizes = layers(source, name, kind)
        layer = choose_table(name, sheet, sizes)

    def batches() -> Iterator[Any]:
        """What the layer says of itself, then the records."""
        with reader_errors(name, _KINDS[kind]), local_layer(source, name, kind, layer) as (path, inner):
            encoding = table_encoding(path) if kind == "shp" else None
            info = pyogrio.read_info(path, layer=inner, encoding=encoding)
            with pyogrio.open_arrow(
                path,
                layer=inner,
                encoding=encoding,
                batch_size=BATCH,
                use_pyarrow=True,
                datetime_as_string=True,
                return_fids=(info.get("fid_column") or "").lower() not in _ROW_KEYS,
            ) as (meta, reader):
                yield info, meta, reader.schema
                yield from reader

    info, meta, schema = next(batches())
    given = (meta.get("geometry_name"), "wkb_geometry")
    column = next((name for name in given if name and name in schema.names), "")
    place = point_reader(info["crs"], name) if column else None
    facts = Facts(
        name, "", kind, (), encoding=info["encoding"] or "" if kind == "shp" else "", sheet=layer, sheets=tuple(sizes)
    )
    return _table_file(facts, schema, column, place, batches)


def layers(source: Path, name: str, kind: str, *, spatial: bool = False) -> dict[str, int]:
    """The layers (only those with geometry where `spatial`) and how many features each holds."""
    sizes: dict[str, int] = {}
    for shape in ("",) if kind == "gpkg" else _shapes(source, name):
        with local_layer(source, name, kind, shape) as (path, _):
            inner = [one for one, geometry in pyogrio.list_layers(path) if geometry is not None or not spatial]
            for layer in map(str, inner) if kind == "gpkg" else (None,):
                sizes[layer or shape] = pyogrio.read_info(path, layer=layer, force_feature_count=True)["features"]
    return sizes


def _shapes(source: Path, name: str) -> dict[str, dict[str, Any]]:
    """The Shapefiles of a ZIP by their path without ending, each with its parts by ending; or the one beside it."""
    if beside := parts_beside(source):
        return {source.stem: dict(beside)}
    found: dict[str, dict[str, zipfile.Path]] = {}
    archive = zipfile.ZipFile(source)
    for member in archive.namelist():
        place = PurePosixPath(member)
        ending = place.suffix.lower()
        if ending in _PARTS and "__MACOSX" not in place.parts:
            found.setdefault(str(place.with_suffix("")).casefold(), {})[ending] = zipfile.Path(archive, member)
    shapes = {str(PurePosixPath(one[".shp"].at).with_suffix("")): one for one in found.values() if ".shp" in one}
    if not shapes:
        raise refusal("no_rows", name)
    for ending in (".dbf", ".shx"):
        if not all(ending in parts for parts in shapes.values()):
            raise ImportProblem(
                Message(
                    "{name}: the Shapefile lacks its {ending} part. "
                    "Put all its parts (.shp, .shx, .dbf, .prj) into the ZIP file.",
                    {"name": name, "ending": ending},
                )
            )
    return shapes


@contextmanager
def local_layer(source: Path, name: str, kind: str, layer: str) -> Iterator[tuple[str, str | None]]:
    """The layer as a local file that GDAL may open, and the name of the layer in it."""
    with tempfile.TemporaryDirectory(prefix="curim-") as folder:
        path = Path(folder) / f"layer.{kind}"
        if kind == "gpkg":
            path.symlink_to(source.resolve())
        else:
            for ending, part in _shapes(source, name)[layer].items():
                with part.open("rb") as content, path.with_suffix(ending).open("wb") as copy:
                    shutil.copyfileobj(content, copy, 1 << 20)
        magic = {"gpkg": b"SQLite format 3\0", "shp": b"\x00\x00\x27\x0a"}[kind]
        if head_of(path, name, len(magic)) != magic or (kind == "shp" and not _whole(path)):
            raise refusal("damaged", name, kind=_KINDS[kind])
        yield str(path), layer if kind == "gpkg" else None


def parts_beside(path: Path) -> dict[str, Path]:
    """The parts of a Shapefile by ending, for the path of one of them; empty for the path of anything else."""
    if path.suffix.lower() not in _PARTS or not path.is_file() or head_of(path, path.name, 4) == b"PK\x03\x04":
        return {}
    beside = (one for one in path.parent.iterdir() if one.stem.casefold() == path.stem.casefold() and one.is_file())
    return {one.suffix.lower(): one for one in sorted(beside) if one.suffix.lower() in _PARTS}


def check_beside(source: Path, name: str) -> Path:
    """The path of one part of a Shapefile whose other parts lie beside it; ImportProblem where one is not there."""
    beside = parts_beside(source) or {Path(name).suffix.lower(): Path(name)}
    missing = [f"{Path(name).stem}{ending}" for ending in _NEEDED if ending not in beside]
    if not missing:
        return source
    raise ImportProblem(
        Message(
            "{name} is one part of a Shapefile; {missing} are missing. Put {all} into one ZIP file and import that, or "
            "import {shape} with the other parts beside it in its folder.",
            {
                "name": name,
                "missing": ", ".join(missing),
                "all": ", ".join(f"{Path(name).stem}{ending}" for ending in (*_NEEDED, ".prj")),
                "shape": f"{Path(name).stem}.shp",
            },
        )
    )


def _whole(shape: Path) -> bool:
    """Whether the points and the table are as long as their heads say; GDAL would leave out what is cut off."""
    table = shape.with_suffix(".dbf")
    with shape.open("rb") as points, table.open("rb") as records:
        expected = 2 * int.from_bytes(points.read(28)[24:28], "big")
        head = records.read(12)
    count, start, width = (int.from_bytes(head[at:end], "little") for at, end in ((4, 8), (8, 10), (10, 12)))
    return shape.stat().st_size >= expected and table.stat().st_size >= start + count * width


def table_encoding(path: str) -> str | None:
    """The encoding of the table of a Shapefile that does not name it; None leaves it to the file."""
    if Path(path).with_suffix(".cpg").exists():
        return None
    with Path(path).with_suffix(".dbf").open("rb") as table:
        head = table.read(1 << 20)
    words = _WORDS.findall(head[int.from_bytes(head[8:10], "little") :])
    if not words or head[29:30] not in (b"\0", b"\x57"):
        return None
    whole = sum(word.decode("utf-8", "ignore").encode() == word for word in words)  # a field may cut a letter in two
    if 2 * whole > len(words):
        return "UTF-8"
    return "CP1253" if one_byte_encoding(b"\n".join(words)) in ("cp1253", "iso-8859-7") else None


def open_parquet(source: Path, name: str) -> TableFile:
    """Open Parquet or GeoParquet; a geometry column becomes coordinates in WGS84.

    ImportProblem where the file is damaged, has no rows, or holds geometry in an encoding other than WKB and points.
    """

    def batches() -> Iterator[Any]:
        """The schema, then the records."""
        with reader_errors(name, "Parquet"), pq.ParquetFile(source, pre_buffer=False, buffer_size=1 << 20) as opened:
            if not opened.metadata.num_rows:
                raise refusal("no_rows", name)
            yield opened.schema_arrow
            yield from opened.iter_batches(BATCH, use_threads=False)

    with reader_errors(name, "Parquet"):
        schema = next(batches())
        column, place = _geometry(schema, name)
    return _table_file(Facts(name, "", "parquet", ()), schema, column, place, batches)


def _geometry(schema: pa.Schema, name: str) -> tuple[str, PointReader | None]:
    """The geometry column and how it is placed, from the metadata of GeoParquet; without crs it is OGC:CRS84."""
    if not (geo := (schema.metadata or {}).get(b"geo")):
        return "", None
    meta = json.loads(geo)
    column = meta["primary_column"]
    about = meta["columns"][column]
    if column not in schema.names:
        return "", None
    if about.get("encoding") not in ("WKB", "point"):
        raise ImportProblem(
            Message(
                "{name}: the geometry is stored as {encoding}. Save the file with geometry as WKB.",
                {"name": name, "encoding": str(about.get("encoding"))},
            )
        )
    return column, point_reader(about.get("crs", "OGC:CRS84"), name)


def _table_file(
    facts: Facts, schema: pa.Schema, column: str, place: PointReader | None, batches: Callable[[], Iterator[Any]]
) -> TableFile:
    """The file of such facts, whose batches (after the first item) become texts, and the geometry in their `column` two
    texts more."""

    def tables() -> Iterator[pa.Table]:
        for batch in islice(batches(), 1, None):
            _, columns = _texts(pa.table(batch), column)
            if place:
                columns += place.texts(*_coordinates(batch.column(column)))
            yield pa.table(columns, names=[str(at) for at in range(len(columns))])

    labels, _ = _texts(schema.empty_table(), column)
    labels += place.labels(labels) if place else ()
    facts = replace(facts, labels=labels, crs=place.authority if place else "")
    return TableFile(facts, lambda: table_blocks(tables()))


def _texts(table: pa.Table, geometry: str) -> tuple[tuple[str, ...], list[pa.Array]]:
    """The labels and texts of all columns but the geometry and those of bytes; structs become one for each member."""
    table = table.drop_columns([geometry] if geometry else [])
    while any(kinds.is_struct(_plain(column).type) for column in table.columns):
        table = pa.table([_plain(column) for column in table.columns], names=table.column_names).flatten()
    named = [
        (name, as_texts(column.combine_chunks()))
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    shown = [(name, texts) for name, texts in named if texts is not None]
    return tuple(name for name, _ in shown), [texts for _, texts in shown]


def _plain(column: Any) -> Any:
    """A column without the type that a program laid over it, and without a dictionary."""
    if isinstance(column.type, pa.BaseExtensionType) and not isinstance(column.type, pa.UuidType):
        column = column.cast(column.type.storage_type)
    return column.cast(column.type.value_type) if kinds.is_dictionary(column.type) else column


def as_texts(column: Any) -> Any:
    """A column of any type as texts: ISO dates, offsets as they were, lists joined by "|", null as ""; bytes: None."""
    column = _plain(column)
    kind = column.type
    if "binary" in str(kind) and not isinstance(kind, pa.BaseExtensionType):
        return None
    if kinds.is_floating(kind):
        return float_texts(column)
    if kinds.is_timestamp(kind) or kinds.is_time(kind):
        return _stamps(column)
    if str(kind).removeprefix("large_").removesuffix("_view") == "string":
        column = column.cast(pa.large_string())
        with suppress(pa.ArrowInvalid):
            column.validate(full=True)
            return pc.fill_null(column, "")
        raw = column.cast(pa.large_binary()).to_pylist()  # bytes that are not UTF-8 become the mark for unreadable ones
        column = pa.array([None if part is None else part.decode("utf-8", "replace") for part in raw], column.type)
    elif kinds.is_integer(kind) or kinds.is_boolean(kind) or kinds.is_date(kind) or kinds.is_null(kind):
        column = column.cast(pa.large_string())
    else:
        column = pa.array(map(text_of, column.to_pylist()), pa.large_string())
    return pc.fill_null(column, "")


def _stamps(column: Any) -> Any:
    try:
        written = column.cast(pa.large_string())
    except pa.ArrowInvalid:  # a zone that this system does not know: the same times in UTC
        written = column.cast(pa.timestamp(column.type.unit, "UTC")).cast(pa.large_string())
    written = pc.replace_substring(pc.fill_null(written, ""), " ", "T", max_replacements=1)
    written = pc.replace_substring_regex(written, r"([+-]\d\d)(\d\d)$", r"\1:\2")
    written = pc.replace_substring_regex(written, r"(\.\d*?)0+($|[Z+-])", r"\1\2")
    return pc.replace_substring_regex(written, r"\.($|[Z+-])", r"\1")


def _coordinates(column: pa.Array) -> tuple[Any, Any]:
    column = column.storage if isinstance(column.type, pa.BaseExtensionType) else column
    if not kinds.is_struct(column.type):
        return points(shapely.from_wkb(np.array(column.to_pylist(), object), on_invalid="ignore"))
    x, y = (pc.struct_field(column, axis).cast(pa.float64()) for axis in ("x", "y"))
    return x.to_numpy(zero_copy_only=False), y.to_numpy(zero_copy_only=False)
