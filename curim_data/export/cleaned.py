r"""Cleaned data out: the stored alerts under a filter as CSV, Parquet or GeoPackage, for analysts alone.

The first 17 columns are those of the CURiM format (docs/curim-export.md), in its spelling, so that the CSV can be
imported again: into the same home it adds nothing, into another one it gives the same alerts. `alert_id` is there the
number that the source gave, which the alerts of one incident share; it is empty where the source gave none. After them
come

    stored_id       the id of the alert in this store, always there and unique
    source          the format that the alert came in
    x, y            metres in the city's projection, to the centimetre
    cell_8 ... cell_12   H3 cells, as H3 writes them. Coarser ones are parents of cell_12, whose hexagons they do not
                    fill exactly: about 6 % of alerts have the one next to theirs (also in the metadata of the file)
    inside          whether the alert lies on the city's land; empty without coordinates
    district, place ids of the profile; place is the nearest landmark in reach
    local_date, week (its Monday), month (its first day), weekday (0 Monday)   by the city's time
    hour, hours     the hour of the day, and all that a span touches, joined by |; empty where not known
    dark            whether the sun was down
    time_precision  minute, span, day, month or reported

Further categories are joined by |; a bar in a name is written \|, a backslash \\. Flags of the import and what tells
of a person are in no column. Times are local with offset in the CSV (the date, or the month, alone where no more is
known), and typed instants in the others.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, TypeAlias

import h3.api.basic_int as h3
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pyogrio
import shapely

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.formats.base import UNSAFE
from curim_data.model import CELL_RESOLUTIONS, SCHEMA, Audience, Message
from curim_data.model.extent import NESTED_CELLS
from curim_data.model.sql import SEPARATOR, text
from curim_data.privacy import DisclosureError

Kind = Literal["csv", "parquet", "gpkg"]
KINDS: Final[tuple[Kind, ...]] = ("csv", "parquet", "gpkg")
SLICE: Final = 50_000
DELIMITER: Final = ";"
_CURIM: Final = (
    "alert_id", "reported_at", "occurred_from", "occurred_to", "kind", "category", "more_categories", "severity",
    "feeling", "reporter_gender", "affected_gender", "age_band", "status", "resolved_at", "confirmations", "latitude",
    "longitude",
)  # fmt: skip
_CELLS: Final = tuple(f"cell_{resolution}" for resolution in CELL_RESOLUTIONS)
_FURTHER: Final = (
    "stored_id", "source", "x", "y", *_CELLS, "inside", "district", "place", "local_date", "week", "month", "weekday",
    "hour", "hours", "dark", "time_precision",
)  # fmt: skip
COLUMNS: Final = (*_CURIM, *_FURTHER)
_TIMES: Final = ("reported_at", "occurred_from", "occurred_to", "resolved_at")
_LISTS: Final = ("more_categories", "hours")
_KEPT: Final = tuple(name for name in COLUMNS if name not in (*_TIMES, *_LISTS, "alert_id", "stored_id"))
_METADATA: Final = {"cells": NESTED_CELLS.text}


def write(source: Source, f: AlertFilter, out: Path | BinaryIO, kind: Kind, audience: Audience) -> int:
    """Write the alerts under a filter and say how many there are.

    Beside the engine's sort memory does not grow with their number. A file appears under its name only when it is
    whole.

    Parameters
    ----------
    out : Path or binary file
        Where to write; a path is replaced where it exists.
    kind : {"csv", "parquet", "gpkg"}
        CSV with semicolons, UTF-8 with a byte order mark, its texts safe for spreadsheets; Parquet; GeoPackage with
        the layer "alerts" (points, WGS84; alerts without coordinates are features without geometry).

    Raises
    ------
    DisclosureError
        For any audience but the analyst.
    OSError
        When the place cannot be written.
    """
    if audience is not Audience.ANALYST:
        raise DisclosureError(Message("Single alerts are given to analysts alone: ask for counts instead."))
    beside = out.parent if isinstance(out, Path) else None
    if beside is not None:
        beside.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=beside, prefix=".export-") as folder:
        part, n = Path(folder) / f"part.{kind}", 0
        with _WRITERS[kind](part, source.city.timezone) as add:
            for table in slices(source, f):
                add(table)
                n += table.num_rows
        if isinstance(out, Path):
            os.replace(part, out)
        else:
            with part.open("rb") as written:
                shutil.copyfileobj(written, out)
    return n


def slices(source: Source, f: AlertFilter) -> Iterator[pa.Table]:
    """The alerts under a filter in slices of at most 50,000, with the columns `COLUMNS`, typed.

    They come by the time of the report, so that the same alerts give the same file whatever was imported and undone.
    """
    wanted = ", ".join((*_KEPT, *(f"{name}_us" for name in _TIMES), "theme", "span", "incident_id"))
    conditions = f.conditions(query.dates(source, f), source.city, source.alerts.levels)
    after: list[str] = []
    while True:
        found = source.alerts.select(
            f"{wanted}, alert_id", [*conditions, *after], f"ORDER BY reported_at_us, alert_id LIMIT {SLICE}"
        )
        if found.num_rows:
            yield _shaped(found, source.city.timezone)
        if found.num_rows < SLICE:
            return
        moment, name = (found[column][-1].as_py() for column in ("reported_at_us", "alert_id"))
        after = [f"reported_at_us > {moment} OR (reported_at_us = {moment} AND alert_id > {text(name)})"]


def _shaped(alerts: pa.Table, zone: str) -> pa.Table:
    made: dict[str, Any] = {name: alerts[name] for name in alerts.column_names}
    made["stored_id"], made["alert_id"] = alerts["alert_id"], alerts["incident_id"]
    made |= {name: alerts[f"{name}_us"].cast(pa.timestamp("us", "UTC")) for name in _TIMES}
    made |= {name: pc.round(alerts[name], 2) for name in ("x", "y")}
    further = pc.replace_substring_regex(alerts["theme"], f"(?s)^[^{SEPARATOR}]*{SEPARATOR}", "")
    for name, joined in zip(
        _LISTS, (further, alerts["span"]), strict=True
    ):  # joined by bars, a backslash before others
        escaped = pc.replace_substring(pc.replace_substring(joined, "\\", "\\\\"), "|", "\\|")
        barred = pc.replace_substring(escaped, SEPARATOR, "|")
        made[name] = pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), barred)
    for name in _CELLS:
        codes = pc.dictionary_encode(alerts[name]).combine_chunks()
        names = pa.array([h3.int_to_str(cell) for cell in codes.dictionary.to_pylist()], pa.string())
        made[name] = names.take(codes.indices)
    return pa.table({name: made[name] for name in COLUMNS}).cast(_schema(zone))


def _schema(zone: str) -> pa.Schema:
    kinds = {name: SCHEMA.field(name).type for name in COLUMNS if name in SCHEMA.names}
    kinds |= dict.fromkeys(_TIMES, pa.timestamp("us", zone))
    kinds |= dict.fromkeys((*_LISTS, *_CELLS, "stored_id"), pa.string())
    return pa.schema([pa.field(name, kinds[name]) for name in COLUMNS])


def as_text(table: pa.Table) -> pa.Table:
    """A slice as the CSV holds it: every column text."""
    texts = {name for name in COLUMNS if pa.types.is_string(table[name].type)}
    made: dict[str, Any] = {name: table[name] for name in COLUMNS}
    made |= {name: safe_texts(table[name]) for name in texts} | {name: _moments(table[name]) for name in _TIMES}
    precision, told = table["time_precision"], pc.is_valid(table["occurred_from"])
    for name, known in (("occurred_from", told), ("reported_at", pc.invert(told))):
        for value, length in (("day", 10), ("month", 7)):
            cut = pc.and_(known, pc.equal(precision, value))
            made[name] = pc.if_else(cut, pc.utf8_slice_codeunits(made[name], 0, length), made[name])
    return pa.table(made).cast(pa.schema([pa.field(name, pa.string()) for name in COLUMNS]))


def safe_texts(column: Any) -> Any:
    """`safe_csv.safe_cell` for a column of texts."""
    return pc.replace_substring_regex(column, f"(?s)^{UNSAFE}", r"'\1")


def _moments(column: Any) -> Any:
    """Local times with offset, as in 2025-03-01T22:15:00+02:00; parts of a second only where there are any."""
    zone = column.type.tz
    whole = pc.strftime(column.cast(pa.timestamp("s", zone), safe=False), "%Y-%m-%dT%H:%M:%S%z")
    parts = pc.not_equal(pc.subsecond(column), 0.0)
    texts = pc.if_else(parts, pc.strftime(column, "%Y-%m-%dT%H:%M:%S%z"), whole)
    return pc.replace_substring_regex(texts, r"([+-]\d\d)(\d\d)$", r"\1:\2")


Add: TypeAlias = Callable[[pa.Table], Any]


@contextmanager
def _csv(path: Path, zone: str) -> Iterator[Add]:  # noqa: ARG001 (texts have no time zone)
    schema = pa.schema([pa.field(name, pa.string()) for name in COLUMNS])
    with path.open("wb") as file:
        file.write(b"\xef\xbb\xbf" + DELIMITER.join(COLUMNS).encode() + b"\n")
        options = pa_csv.WriteOptions(include_header=False, delimiter=DELIMITER, quoting_style="needed")
        with pa_csv.CSVWriter(file, schema, write_options=options) as writer:
            yield lambda table: writer.write_table(as_text(table))


@contextmanager
def _parquet(path: Path, zone: str) -> Iterator[Add]:
    schema = _schema(zone).with_metadata(_METADATA)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        yield lambda table: writer.write_table(table.replace_schema_metadata(_METADATA))


@contextmanager
def _geopackage(path: Path, zone: str) -> Iterator[Add]:
    yield lambda table: _append(table, path)
    if not path.exists():
        _append(_schema(zone).empty_table(), path)


def _append(table: pa.Table, path: Path) -> None:
    append = path.exists()
    lon, lat = (np.asarray(table[name].to_numpy(), float) for name in ("longitude", "latitude"))
    mapped = np.isfinite(lon) & np.isfinite(lat)
    points = np.full(len(lon), None, object)
    points[mapped] = shapely.to_wkb(shapely.points(lon[mapped], lat[mapped]))
    for name in _TIMES:
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table[name].cast(pa.timestamp("ms", "UTC"), safe=False))
    pyogrio.write_arrow(
        table.append_column("geometry", pa.array(points, pa.binary())),
        path,
        layer="alerts",
        driver="GPKG",
        geometry_name="geometry",
        geometry_type="Point",
        crs="EPSG:4326",
        append=append,
        **({} if append else {"layer_metadata": _METADATA}),
    )


_WRITERS: Final = {"csv": _csv, "parquet": _parquet, "gpkg": _geopackage}
