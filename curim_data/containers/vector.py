"""GeoPackage and Shapefile, zipped or not: the attributes of a layer and one point in WGS84 for each feature.

GDAL opens nothing but a local file whose first bytes are those of its kind; the parts of a Shapefile are copied out
of the ZIP, or from where they lie side by side, under names of their own.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pyarrow as pa
import pyogrio

from curim_data.containers._geometry import PointReader, point_reader, wkb_points
from curim_data.containers._support import RereadableFile, choose_table, reader_errors
from curim_data.containers.base import as_path, damaged, digest, head_of, no_rows, table_blocks
from curim_data.containers.columnar import BATCH, TextColumns
from curim_data.model import Block, Facts, ImportProblem, Message

# What GDAL remarks on a file is for programmers; what matters of it is checked here.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"pyogrio\.|contextlib")  # where readers are opened

_KINDS: Final = {"gpkg": "GeoPackage", "shp": "Shapefile"}
_PARTS: Final = (".shp", ".dbf", ".shx", ".prj", ".cpg")
_NEEDED: Final = (".shp", ".shx", ".dbf")
_MAGIC: Final = {"gpkg": b"SQLite format 3\0", "shp": b"\x00\x00\x27\x0a"}
_LARGEST_PART: Final = 4_000_000_000  # bytes; the format itself ends at 2 GB for each part
_ROW_KEYS: Final = ("", "fid", "ogc_fid")  # keys that programs add and renumber; other keys are kept as a column
_WORDS: Final = re.compile(rb"[\x80-\xff]+")


def open_vector(source: Path | bytes, name: str, sheet: str | None = None, kind: str = "gpkg") -> RereadableFile:
    """Open a GeoPackage (`kind` "gpkg"), a ZIP with a Shapefile ("shp"), or a path whose parts lie side by side.

    Question where several layers hold features; ImportProblem where the file is damaged or holds none.
    """
    with reader_errors(name, _KINDS[kind]):
        sizes = layers(source, name, kind)
        layer = choose_table(name, sheet, sizes)
        with local_layer(source, name, kind, layer) as (path, inner):
            encoding = table_encoding(path) if kind == "shp" else None
            info = pyogrio.read_info(path, layer=inner, encoding=encoding)
            with _reader(path, inner, encoding) as (meta, reader):
                schema = reader.schema
        column = _geometry_column(meta, schema)
        place = point_reader(info["crs"], name) if column else None
    flat = TextColumns.of(schema, frozenset({column}))
    labels = flat.labels + (place.labels(flat.labels) if place else ())
    sha256, size = digest(source, name)
    facts = Facts(
        name, sha256, kind, labels, encoding=info["encoding"] or "" if kind == "shp" else "",
        sheet=layer, sheets=tuple(sizes), crs=place.authority if place else "", size=size,
    )  # fmt: skip
    return RereadableFile(facts, lambda: _blocks(source, name, kind, layer, flat, column, place))


def layers(source: Path | bytes, name: str, kind: str, *, spatial: bool = False) -> dict[str, int]:
    """The layers (only those with geometry where `spatial`) and how many features each holds."""
    if kind == "gpkg":
        with local_layer(source, name, kind, "") as (path, _):
            names = [str(layer) for layer, shape in pyogrio.list_layers(path) if shape is not None or not spatial]
            return {
                layer: pyogrio.read_info(path, layer=layer, force_feature_count=True)["features"] for layer in names
            }
    sizes = {}
    for layer in _shapes(source, name):
        with local_layer(source, name, kind, layer) as (path, _):
            sizes[layer] = pyogrio.read_info(path, force_feature_count=True)["features"]
    return sizes


def _shapes(source: Path | bytes, name: str) -> dict[str, dict[str, str]]:
    """The Shapefiles of a ZIP by their path without ending, each with its members by ending; or the one beside it."""
    if isinstance(source, Path) and (beside := parts_beside(source)):
        return {source.stem: {ending: str(path) for ending, path in beside.items()}}
    with as_path(source, name) as path, zipfile.ZipFile(path) as archive:
        found: dict[str, dict[str, str]] = {}
        for member in archive.namelist():
            place = PurePosixPath(member)
            ending = place.suffix.lower()
            if ending in _PARTS and "__MACOSX" not in place.parts:
                found.setdefault(str(place.with_suffix("")).casefold(), {})[ending] = member
    shapes = {str(PurePosixPath(parts[".shp"]).with_suffix("")): parts for parts in found.values() if ".shp" in parts}
    if not shapes:
        raise no_rows(name)
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
def local_layer(source: Path | bytes, name: str, kind: str, layer: str) -> Iterator[tuple[str, str | None]]:
    """The layer as a local file that GDAL may open, and the name of the layer in it."""
    if kind == "gpkg":
        if not head_of(source, name, 16) == _MAGIC[kind]:
            raise damaged(name, _KINDS[kind])
        with as_path(source, "layer.gpkg") as path:
            yield str(path.resolve(strict=True)), layer
        return
    parts = _shapes(source, name)[layer]
    if isinstance(source, Path) and parts_beside(source):
        with tempfile.TemporaryDirectory(prefix="curim-") as folder:
            for ending, part in parts.items():
                shutil.copyfile(part, Path(folder) / f"layer{ending}")
            yield _checked(Path(folder) / "layer.shp", name, kind), None
        return
    with (
        as_path(source, name) as path,
        zipfile.ZipFile(path) as archive,
        tempfile.TemporaryDirectory(prefix="curim-") as folder,
    ):
        for ending, member in parts.items():
            _copy(archive, member, Path(folder) / f"layer{ending}", name)
        yield _checked(Path(folder) / "layer.shp", name, kind), None


def _checked(shape: Path, name: str, kind: str) -> str:
    """The path of a Shapefile that is what it says it is, to its end."""
    if head_of(shape, name, 4) != _MAGIC[kind] or not _whole(shape):
        raise damaged(name, _KINDS[kind])
    return str(shape)


def parts_beside(path: Path) -> dict[str, Path]:
    """The parts of a Shapefile by ending, for the path of one of them; empty for the path of anything else."""
    if path.suffix.lower() not in _PARTS or not path.is_file() or head_of(path, path.name, 4) == b"PK\x03\x04":
        return {}
    beside = (one for one in path.parent.iterdir() if one.stem.casefold() == path.stem.casefold() and one.is_file())
    return {one.suffix.lower(): one for one in sorted(beside) if one.suffix.lower() in _PARTS}


def check_beside(source: Path | bytes, name: str) -> Path:
    """The path of one part of a Shapefile whose other parts lie beside it; ImportProblem where one is not there."""
    beside = parts_beside(source) if isinstance(source, Path) else {}
    beside = beside or {Path(name).suffix.lower(): Path(name)}
    missing = [f"{Path(name).stem}{ending}" for ending in _NEEDED if ending not in beside]
    if isinstance(source, Path) and not missing:
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


def _copy(archive: zipfile.ZipFile, member: str, target: Path, name: str) -> None:
    if archive.getinfo(member).file_size > min(_LARGEST_PART, shutil.disk_usage(target.parent).free // 2):
        raise damaged(name, _KINDS["shp"])
    with archive.open(member) as part, target.open("wb") as copy:
        shutil.copyfileobj(part, copy, 1 << 20)


def table_encoding(path: str) -> str | None:
    """The encoding of the table of a Shapefile that does not name it; None leaves it to the file."""
    if Path(path).with_suffix(".cpg").exists():
        return None
    with Path(path).with_suffix(".dbf").open("rb") as table:
        head = table.read(1 << 20)
    body = head[int.from_bytes(head[8:10], "little") :]
    words = _WORDS.findall(body)
    if not words or head[29:30] not in (b"\0", b"\x57"):
        return None
    if body.decode("utf-8", "ignore").encode() == body or not _broken(body):
        return "UTF-8"
    return "CP1253" if sum(map(len, words)) > 3 * len(words) else None


def _broken(body: bytes) -> int:
    """Whether the bytes are no UTF-8, but for a character that a field or the end of the piece cuts off."""
    whole = sum(len(word) for word in _WORDS.findall(body))
    kept = sum(len(word) for word in _WORDS.findall(body.decode("utf-8", "ignore").encode()))
    return whole - kept > whole // 50


@contextmanager
def _reader(
    path: str, layer: str | None, encoding: str | None
) -> Iterator[tuple[dict[str, Any], pa.RecordBatchReader]]:
    key = pyogrio.read_info(path, layer=layer, encoding=encoding).get("fid_column") or ""
    with pyogrio.open_arrow(
        path,
        layer=layer,
        encoding=encoding,
        batch_size=BATCH,
        use_pyarrow=True,
        datetime_as_string=True,
        return_fids=key.lower() not in _ROW_KEYS,
    ) as opened:
        yield opened


def _geometry_column(meta: dict[str, Any], schema: pa.Schema) -> str:
    """The column of WKB, empty for a table without geometry."""
    for column in (meta.get("geometry_name"), "wkb_geometry"):
        if column and column in schema.names:
            return str(column)
    return ""


def _blocks(
    source: Path | bytes, name: str, kind: str, layer: str, flat: TextColumns, column: str, place: PointReader | None
) -> Iterator[Block]:
    def tables() -> Iterator[pa.Table]:
        with reader_errors(name, _KINDS[kind]), local_layer(source, name, kind, layer) as (path, inner):
            encoding = table_encoding(path) if kind == "shp" else None
            with _reader(path, inner, encoding) as (_, reader):
                for batch in reader:
                    columns = flat.columns(batch)
                    if place:
                        columns += place.texts(*wkb_points(batch.column(column)))
                    yield pa.table(columns, names=[str(at) for at in range(len(columns))])

    return table_blocks(tables())
