"""Parquet and GeoParquet, and the way from Arrow columns of any type to columns of texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as kinds

from curim_data.containers._geometry import (
    PointReader,
    float_texts,
    point_reader,
    without_exponents,
    wkb_points,
)
from curim_data.containers._support import RereadableFile, reader_errors
from curim_data.containers.base import digest, no_rows, table_blocks
from curim_data.model import Block, Facts, ImportProblem, Message

BATCH: Final = 20_000  # rows at a time


@dataclass(frozen=True)
class TextColumns:
    """The columns of texts that a schema gives: their labels, and the path of column and struct members to each."""

    labels: tuple[str, ...]
    paths: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, schema: pa.Schema, skip: frozenset[str] = frozenset()) -> TextColumns:
        """Every column but those of bytes and those to skip; structs become one column for each member."""
        leaves = [
            leaf
            for at, field in enumerate(schema)
            if field.name not in skip
            for leaf in _leaves(field.name, field.type, (at,))
        ]
        return cls(tuple(label for label, _ in leaves), tuple(path for _, path in leaves))

    def columns(self, batch: pa.RecordBatch) -> list[pa.Array]:
        """The columns of a batch as texts (large_string, never null)."""
        return [as_texts(_member(batch.column(path[0]), path[1:])) for path in self.paths]


def _leaves(label: str, kind: pa.DataType, path: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    if isinstance(kind, pa.BaseExtensionType) and not isinstance(kind, pa.UuidType):
        kind = kind.storage_type
    if kinds.is_struct(kind):
        for at in range(kind.num_fields):
            yield from _leaves(f"{label}.{kind.field(at).name}", kind.field(at).type, (*path, at))
    elif not _is_bytes(kind):
        yield label, path


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        kinds.is_binary(kind)
        or kinds.is_large_binary(kind)
        or kinds.is_fixed_size_binary(kind)
        or kinds.is_binary_view(kind)
    )


def _member(column: pa.Array, path: tuple[int, ...]) -> pa.Array:
    for at in path:
        column = column.storage if isinstance(column.type, pa.BaseExtensionType) else column
        column = pc.struct_field(column, at)
    return column


def as_texts(column: pa.Array) -> pa.Array:
    """A column of any type as texts: ISO dates, offsets as they were, lists joined by "|", null as ""."""
    kind = column.type
    if isinstance(kind, pa.UuidType):
        return _by_value(column)
    if isinstance(kind, pa.BaseExtensionType):
        return as_texts(column.storage)
    if kinds.is_dictionary(kind):
        return as_texts(column.dictionary_decode())
    if kinds.is_floating(kind):
        return float_texts(column)
    if kinds.is_timestamp(kind):
        return _stamps(column)
    if kinds.is_time(kind):
        return _without_zeros(pc.fill_null(column.cast(pa.large_string()), ""))
    if kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind):
        return _joined(column)
    if kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind):
        return pc.fill_null(_readable(column.cast(pa.large_string())), "")
    if kinds.is_decimal(kind):
        return without_exponents(pc.fill_null(column.cast(pa.large_string()), ""))
    if kinds.is_integer(kind) or kinds.is_boolean(kind) or kinds.is_date(kind) or kinds.is_null(kind):
        return pc.fill_null(column.cast(pa.large_string()), "")
    return _by_value(column)


def _readable(column: pa.Array) -> pa.Array:
    """Texts with bytes that are not UTF-8 replaced by the mark for unreadable characters."""
    try:
        column.validate(full=True)
        return column
    except pa.ArrowInvalid:
        raw = column.cast(pa.large_binary()).to_pylist()
        return pa.array([None if part is None else part.decode("utf-8", "replace") for part in raw], pa.large_string())


def _stamps(column: pa.Array) -> pa.Array:
    try:
        written = column.cast(pa.large_string())
    except pa.ArrowInvalid:  # a zone that this system does not know: the same times in UTC
        written = column.cast(pa.timestamp(column.type.unit, "UTC")).cast(pa.large_string())
    written = pc.replace_substring(pc.fill_null(written, ""), " ", "T", max_replacements=1)
    written = pc.replace_substring_regex(written, r"([+-]\d\d)(\d\d)$", r"\1:\2")
    return _without_zeros(written)


def _without_zeros(written: pa.Array) -> pa.Array:
    """Times without the zeros of a fraction of a second that says nothing."""
    written = pc.replace_substring_regex(written, r"(\.\d*?)0+($|[Z+-])", r"\1\2")
    return pc.replace_substring_regex(written, r"\.($|[Z+-])", r"\1")


def _joined(column: pa.Array) -> pa.Array:
    kind = column.type.value_type
    if kinds.is_nested(kind) or _is_bytes(kind):
        return _by_value(column)
    if kinds.is_fixed_size_list(column.type):
        column = column.cast(pa.large_list(kind))
    lists = pa.ListArray.from_arrays(_offsets(column), as_texts(column.flatten()).cast(pa.string()))
    return pc.fill_null(pc.binary_join(lists, "|").cast(pa.large_string()), "")


def _offsets(column: pa.Array) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())


def _by_value(column: pa.Array) -> pa.Array:
    return pa.array([_value(value) for value in column.to_pylist()], pa.large_string())


def _value(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)


def open_parquet(source: Path | bytes, name: str, sheet: str | None = None) -> RereadableFile:  # noqa: ARG001 - one table
    """Open Parquet or GeoParquet; a geometry column becomes coordinates in WGS84.

    ImportProblem where the file is damaged, has no rows, or holds geometry in an encoding other than WKB and points.
    """
    with reader_errors(name, "Parquet"), _file(source) as opened:
        schema, rows = opened.schema_arrow, opened.metadata.num_rows
        if not rows:
            raise no_rows(name)
        column, place = _geometry(schema, name)
    flat = TextColumns.of(schema, frozenset({column}) if column else frozenset())
    labels = flat.labels + (place.labels(flat.labels) if place else ())
    sha256, size = digest(source, name)
    facts = Facts(name, sha256, "parquet", labels, crs=place.authority if place else "", size=size)
    return RereadableFile(facts, lambda: _blocks(source, name, flat, column, place))


def _file(source: Path | bytes) -> pq.ParquetFile:
    return pq.ParquetFile(
        pa.BufferReader(source) if isinstance(source, bytes) else source, pre_buffer=False, buffer_size=1 << 20
    )


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


def _blocks(
    source: Path | bytes, name: str, flat: TextColumns, column: str, place: PointReader | None
) -> Iterator[Block]:
    def tables() -> Iterator[pa.Table]:
        with reader_errors(name, "Parquet"), _file(source) as opened:
            for batch in opened.iter_batches(BATCH, use_threads=False):
                columns = flat.columns(batch)
                if place:
                    columns += place.texts(*_coordinates(batch.column(column)))
                yield pa.table(columns, names=[str(at) for at in range(len(columns))])

    return table_blocks(tables())


def _coordinates(column: pa.Array) -> tuple[Any, Any]:
    column = column.storage if isinstance(column.type, pa.BaseExtensionType) else column
    if not kinds.is_struct(column.type):
        return wkb_points(column)
    x, y = (pc.struct_field(column, axis).cast(pa.float64()) for axis in ("x", "y"))
    return x.to_numpy(zero_copy_only=False), y.to_numpy(zero_copy_only=False)
