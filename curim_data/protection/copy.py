"""The protected copy: a table like that of the alerts (`alert.SCHEMA`), from which council and public are counted.

It has a row for each released alert (`releases`), which keeps what was reported, whom it affected and what became of
it, and has the place and time that were drawn for it. Made out of the alerts and the draws whenever one of them
changes, so that updates, undo and erasure are in it; what
was drawn does not change.

What is coarser than in the alerts: the position is the middle of a cell of resolution 9, the time a day of the week
(of the month for sensitive categories) and a band of six hours (darkness alone for sensitive categories). What is not
in it: severity, age of the person affected by something sensitive, feelings about it, number of confirmations, the
instants of report, event and solution, and who sent what in which import. Status and sender of sensitive alerts are
those of another one.

An alert that was drawn as an ordinary one and is sensitive now (its category was corrected, or the city's tree) has no
place in the copy, and no time but its quarter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import h3.api.basic_int as h3
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.engine import Source
from curim_data.engine.codes import BATCH, codes, encoded
from curim_data.engine.flat import read_files
from curim_data.model import CELL_RESOLUTIONS, SCHEMA, BoolArray, CityProfile, IntArray
from curim_data.model.prepared import alerts_name, prepared_file, write_whole
from curim_data.model.sql import split_list
from curim_data.privacy import is_sensitive_category
from curim_data.protection.releases import DARK, DRAWN, FINE, Drawn
from curim_data.store.matching import bounded_duckdb

NAME: Final = "protected"
MEMORY: Final = "300MB"
ROWS: Final = 122_880  # that are written at once
OF_PERSONS: Final = ("status", "reporter_gender")  # what a sensitive alert has of another one
Counts: TypeAlias = dict[str, dict[str, int]]
# A sensitive alert's hours are those of the night or of the day, so that who asks for the evening finds it in part.
NIGHT: Final = (18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5)
DAY: Final = tuple(range(6, 18))


def copy_version(source: Source, drawn: Drawn) -> str:
    """A word that changes with the alerts and with the draws."""
    return f"{source.version}-{drawn.version}"


def copy_file(city: CityProfile, version: str) -> Path | None:
    """Where the copy of a version is kept; None where the city has no home."""
    return None if city.prepared is None else prepared_file(city.prepared, alerts_name(NAME, version), ".parquet")


def write_copy(
    files: tuple[str | Path, ...], drawn: Drawn, city: CityProfile, path: Path, work: Path, key: bytes
) -> Counts:
    """Write the copy of the alerts in some Parquet files; the file appears whole or not at all. Returns how many of its
    alerts have each status and sender themselves.

    `key`: what its names of alerts and incidents depend on. Alerts are held as codes (about 100 bytes each), and
    written in the order of names that tell nothing.
    """
    work.mkdir(parents=True, exist_ok=True)
    alerts, digests = read_alerts(files, work, key.hex())
    rows = copy_rows(alerts, digests, _draws(drawn), city, work, key.hex())
    write_whole(path, partial(write_rows, rows, city))
    return rows.counts


@dataclass(frozen=True)
class Rows:
    """Alerts that have a draw, an entry each. `order`: in which they are written. `counts`: how many have each status
    and sender themselves.

    `names`: of 16 bytes each; `incidents`: those of incidents with several alerts, and `incident` which is whose (-1:
    none). `texts`: columns as codes, -1 where missing, each with its values (`values`); `more`: the same of the lists
    of further categories. `first`: whether an alert is its incident's first report. `sensitive`: now or when it was
    drawn; `late`: now alone. `cell`: places in `cells`, where -1 is none. `day`: since 1970; `reported`: the same, but
    of a first report the earliest day of its incident. `inside`, `band` and `dark`: -1 where not told.
    """

    order: IntArray
    counts: Counts
    names: np.ndarray[Any, Any]
    incident: IntArray
    incidents: pa.Array
    texts: dict[str, IntArray]
    values: dict[str, pa.Array]
    more: IntArray
    feeling: pa.Array
    first: BoolArray
    sensitive: BoolArray
    late: BoolArray
    cell: IntArray
    cells: IntArray
    inside: IntArray
    day: IntArray
    reported: IntArray
    band: IntArray
    dark: IntArray


_OF_ALERTS: Final = ("kind", "category", "reporter_gender", "affected_gender", "age_band", "status", "time_precision")
_MORE: Final = "CASE WHEN more_categories IS NOT NULL THEN array_to_string(more_categories, chr(31)) END AS more"


def copy_rows(
    alerts: pa.Table,
    digests: np.ndarray[Any, Any],
    draws: pa.Table,
    city: CityProfile,
    work: Path,
    key: str,
    usual: Mapping[str, str] | None = None,
) -> Rows:
    """What the copy says of those alerts that have one of some draws, which are all of the incidents that they name.

    `alerts` and `digests` as `read_alerts` gives them, those included whose status and sender are taken. `usual`: which
    of these are the commonest in the whole copy; None: these alerts are all of it.
    """
    found = {name: codes(alerts[name]) for name in _OF_ALERTS}
    of_all = {name: column for name, (column, _) in found.items()}
    values = {name: known for name, (_, known) in found.items()}
    everybody = alerts["alert_id"].combine_chunks()
    at = _where(everybody, draws["alert_id"].combine_chunks())
    there = at >= 0
    at = at[there]
    texts: dict[str, IntArray] = {name: column[there] for name, column in of_all.items()}
    alerts, draws = alerts.filter(pa.array(there)), draws.drop_columns("alert_id").take(pa.array(at))
    ids, units = alerts["alert_id"].combine_chunks(), draws["unit"].combine_chunks()
    names = digests[there]
    for name in ("district", "place"):
        texts[name], values[name] = codes(draws[name])
    more, values["more"] = codes(alerts["more"])
    drawn_so = draws["sensitive"].to_numpy(zero_copy_only=False)
    late = ~drawn_so & _delicate(texts["category"], values["category"], more, values["more"], city)
    late = ~drawn_so & _of_units(late, units)
    counts = {name: _counted(texts[name], values[name]) for name in OF_PERSONS}
    usual = {name: most(counted) for name, counted in counts.items()} if usual is None else usual
    for name, column in _of_persons(of_all, everybody, draws["person"].combine_chunks()).items():
        values[name] = pa.concat_arrays([values[name], pa.array([usual[name]], values[name].type)])
        column = np.where(column < 0, len(values[name]) - 1, column)
        texts[name] = np.where(drawn_so | late, column, texts[name])
    first = pc.equal(ids, units).to_numpy(zero_copy_only=False)
    incident, incidents = _incidents(units, first, key, work)
    days = draws["local_date"].to_numpy().astype("datetime64[D]")
    quarters = (days.astype("datetime64[M]").astype(np.int64) // 3 * 3).astype("datetime64[M]").astype("datetime64[D]")
    day = np.where(late, quarters, days).astype(np.int32)
    cells, cell = np.unique(draws["cell"].fill_null(-1).to_numpy(), return_inverse=True)
    return Rows(
        order=_in_order(names),
        counts=counts,
        names=names,
        incident=incident,
        incidents=incidents,
        texts=texts,
        values=values,
        more=more,
        feeling=alerts["feeling"].combine_chunks(),
        first=first,
        sensitive=drawn_so | late,
        late=late,
        cell=cell.astype(np.int32),
        cells=cells,
        inside=_small(draws["inside"]),
        day=day,
        reported=_reported(day, first, incident),
        band=_small(draws["band"]),
        dark=_small(draws["dark"]),
    )


def read_alerts(
    files: tuple[str | Path, ...],
    work: Path,
    key: str,
) -> tuple[pa.Table, np.ndarray[Any, Any]]:
    """What the copy takes from alerts, and their names in it (16 bytes each)."""
    coded = (*_OF_ALERTS, "more")
    digests = bytearray()
    with bounded_duckdb(work, MEMORY) as engine:
        if files:
            engine.execute(f"CREATE VIEW alerts AS SELECT * FROM {read_files(files)}")
        else:
            engine.register("alerts", SCHEMA.empty_table())
        texts = ", ".join(f"alerts.{name}::VARCHAR AS {name}" for name in _OF_ALERTS)
        told = f"alert_id, md5($key || alert_id) AS name, feeling, {_MORE}, {texts}"
        read = engine.execute(f"SELECT {told} FROM alerts", {"key": key}).to_arrow_reader(BATCH)

        def rest() -> Any:
            for one in read:
                digests.extend(_bytes(one["name"]))
                yield one.drop_columns("name")

        schema = pa.schema([field for field in read.schema if field.name != "name"])
        table = encoded(pa.RecordBatchReader.from_batches(schema, rest()), coded)
    return table, np.frombuffer(digests, "V16")


def _bytes(hexes: pa.Array) -> bytes:
    """The bytes that texts of 32 hexadecimal digits stand for."""
    digits = memoryview(hexes.buffers()[2])[32 * hexes.offset : 32 * (hexes.offset + len(hexes))]
    return bytes.fromhex(str(digits, "ascii"))


def _draws(drawn: Drawn) -> pa.Table:
    coded = ["district", "place"]
    read = [pq.read_table(path, read_dictionary=coded) for path in drawn.files]
    return pa.concat_tables(read).unify_dictionaries() if read else DRAWN.empty_table()


def _where(wanted: pa.Array, among: pa.Array) -> IntArray:
    """At which entry of the others each one stands; -1 where it does not."""
    return np.asarray(pc.index_in(wanted, among).fill_null(-1))


def _small(column: pa.ChunkedArray) -> IntArray:
    """Small numbers or truth values; -1 where they are missing."""
    return np.asarray(column.cast(pa.int8()).fill_null(-1).to_numpy())


def _in_order(names: np.ndarray[Any, Any]) -> IntArray:
    """The order of names, by their first eight bytes, and by all where two have the same."""
    halves = names.view(">u8").reshape(-1, 2)
    front = halves[:, 0].astype(np.uint64)
    order = np.argsort(front, kind="stable")
    if (front[order[1:]] == front[order[:-1]]).any():
        order = np.lexsort((halves[:, 1].astype(np.uint64), front))
    return order.astype(np.int32)


def _delicate(
    category: IntArray, categories: pa.Array, more: IntArray, lists: pa.Array, city: CityProfile
) -> BoolArray:
    """Whether a category of an alert is sensitive."""
    of_one = [is_sensitive_category(name, city) for name in categories.to_pylist()]
    of_more = [any(is_sensitive_category(name, city) for name in split_list(text)) for text in lists.to_pylist()]
    found: BoolArray = np.array([*of_one, False], bool)[category] | np.array([*of_more, False], bool)[more]
    return found


def _of_units(found: BoolArray, units: pa.Array) -> BoolArray:
    """Whether it was found of any report of the same incident: one would tell where and when the others were."""
    theirs = _where(units, pc.unique(units.filter(pa.array(found))))
    return theirs >= 0


def _of_persons(texts: Mapping[str, IntArray], everybody: pa.Array, person: pa.Array) -> dict[str, IntArray]:
    """Status and sender of the alert that was drawn for each one; -1 where none was, or it is gone."""
    named = pc.unique(person.drop_null())
    row = np.full(len(named) + 1, -1)
    among = _where(everybody, named)
    known = np.flatnonzero(among >= 0)
    row[among[known]] = known
    at = row[_where(person, named)]
    return {name: np.where(at >= 0, texts[name][at], -1) for name in OF_PERSONS}


def _counted(column: IntArray, values: pa.Array) -> dict[str, int]:
    counts = np.bincount(column[column >= 0], minlength=len(values)).tolist()
    return {value: n for value, n in zip(values.to_pylist(), counts, strict=True) if n}


def most(counts: Mapping[str, int]) -> str:
    """The commonest value, of equally common ones the first in order; "" where there is none."""
    return min(counts, key=lambda value: (-counts[value], value), default="")


def _incidents(units: pa.Array, first: BoolArray, key: str, work: Path) -> tuple[IntArray, pa.Array]:
    """For each alert the number of its incident, where that has several alerts, else -1; the names of these."""
    several = pc.unique(units.filter(pa.array(~first)))
    at = _where(units, several)
    counts = np.bincount(at[at >= 0], minlength=len(several))
    at = np.where((at >= 0) & (counts[at] > 1) if len(several) else False, at, -1)
    with bounded_duckdb(work, MEMORY) as engine:
        engine.register("several", pa.table({"unit": several.cast(pa.string())}))
        asked = "SELECT md5($key || 'incident ' || unit) AS name FROM several"
        named = engine.execute(asked, {"key": key}).to_arrow_table()["name"].combine_chunks()
    return at.astype(np.int32), named


def _reported(day: IntArray, first: BoolArray, incident: IntArray) -> IntArray:
    """The day of each report, in such a way that the first of an incident stays the first, and the incident keeps whom
    that one names: reports have days of their own.
    """
    found, shared = day.copy(), incident >= 0
    earliest = np.full(int(incident.max(initial=-1)) + 1, np.iinfo(np.int32).max, np.int32)
    np.minimum.at(earliest, incident[shared], day[shared])
    found[first & shared] = earliest[incident[first & shared]]
    return found


def _grid(cells: IntArray, city: CityProfile) -> dict[str, pa.Array]:
    """The middle of each cell of the draws, and the cells of each resolution that hold it; nothing for -1."""
    known = cells[cells >= 0].tolist()
    middle = [h3.cell_to_latlng(cell) for cell in known]
    latitude, longitude = (np.array([point[at] for point in middle], float) for at in (0, 1))
    x, y = city.to_metres.transform(longitude, latitude) if known else (longitude, latitude)
    columns: dict[str, Any] = {"longitude": longitude, "latitude": latitude, "x": x, "y": y}
    for size in CELL_RESOLUTIONS:
        of = h3.cell_to_parent if size <= FINE else h3.cell_to_center_child
        columns[f"cell_{size}"] = np.array([of(cell, size) for cell in known], np.int64)
    none = [None] * (len(cells) - len(known))  # -1 comes first
    return {
        name: pa.concat_arrays([pa.array(none, pa.array(one).type), pa.array(one)]) for name, one in columns.items()
    }


def write_rows(rows: Rows, city: CityProfile, path: Path) -> None:
    """Write the rows of a copy, in the order of their names."""
    grid = _grid(rows.cells, city)
    lists = pa.array(
        [None if text is None else list(split_list(text)) for text in rows.values["more"].to_pylist()],
        pa.list_(pa.string()),
    )
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", compression_level=1) as out:
        for start in range(0, len(rows.order), ROWS):
            out.write_table(_part(rows, rows.order[start : start + ROWS], grid, lists), ROWS)


def _part(rows: Rows, some: IntArray, grid: dict[str, pa.Array], lists: pa.Array) -> pa.Table:
    """Some rows of the copy; columns that it does not tell are empty."""
    late, sensitive = rows.late[some], rows.sensitive[some]
    days, reported = (column[some].astype("datetime64[D]") for column in (rows.day, rows.reported))
    months = days.astype("datetime64[M]").astype("datetime64[D]")
    weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    band = np.where(late, -1, rows.band[some])
    exact = {name: rows.values[name].take(_or_none(rows.texts[name][some])) for name in rows.texts}
    coarse = np.where(
        late | np.isin(rows.texts["time_precision"][some], _code(rows.values["time_precision"], "month")),
        0,
        np.where(band < 0, 1, 2),
    )
    none = pa.array(late)
    told: dict[str, Any] = {
        "alert_id": _hexes(rows.names[some]),
        "incident_id": rows.incidents.take(_or_none(rows.incident[some])),
        # The first report of an incident stays the first, so that the incident keeps whom that one names.
        "reported_at": pa.array(reported.astype("datetime64[s]") + np.timedelta64(12, "h") - rows.first[some]),
        **exact,
        "more_categories": lists.take(_or_none(rows.more[some])),
        "feeling": _unless(pa.array(sensitive), rows.feeling.take(pa.array(some))),
        "age_band": _unless(pa.array(sensitive), exact["age_band"]),
        "confirmations": np.zeros(len(some), np.int32),
        **{name: _unless(none, column.take(pa.array(rows.cell[some]))) for name, column in grid.items()},
        "inside": _unless(none, _truth(rows.inside[some])),
        "district": _unless(none, exact["district"]),
        "place": _unless(none, exact["place"]),
        "local_date": days,
        "week": days - weekday,
        "month": months,
        "weekday": weekday,
        "hour": _HOUR.take(_or_none(band)),
        "hours": _HOURS.take(_or_none(band)),
        "dark": _unless(none, _truth(rows.dark[some])),
        "time_precision": _PRECISION.take(pa.array(coarse)),
        "flags": pa.array([[]], pa.list_(pa.string())).take(pa.array(np.zeros(len(some), np.int8))),
    }
    told |= {name: _EMPTY.take(pa.array(np.zeros(len(some), np.int8))) for name in _WITHOUT}
    return pa.table([_column(told.get(field.name), field.type, len(some)) for field in SCHEMA], schema=SCHEMA)


def _column(told: Any, type_: pa.DataType, n: int) -> pa.Array:
    if told is None:
        return pa.nulls(n, type_)
    array = told if isinstance(told, pa.Array) else pa.array(told)
    return array if array.type == type_ else array.cast(type_)


def _or_none(at: IntArray) -> pa.Array:
    """Places in an array, none for -1."""
    return pa.array(at, mask=at < 0)


def _unless(left_out: pa.Array, told: pa.Array) -> pa.Array:
    return pc.if_else(left_out, pa.scalar(None, told.type), told)


def _truth(values: IntArray) -> pa.Array:
    return pa.array(values > 0, mask=values < 0)


def _code(values: pa.Array, text: str) -> list[int]:
    return [at for at, value in enumerate(values.to_pylist()) if value == text]


def _hexes(names: np.ndarray[Any, Any]) -> pa.Array:
    """Names of 16 bytes as texts of 32 hexadecimal digits."""
    offsets = np.arange(0, 32 * len(names) + 1, 32, dtype=np.int32)
    return pa.StringArray.from_buffers(len(names), pa.py_buffer(offsets), pa.py_buffer(names.tobytes().hex().encode()))


_HOURS_OF_BAND: Final = [*([6 * band + hour for hour in range(6)] for band in range(DARK)), list(NIGHT), list(DAY)]
_HOURS: Final = pa.array(_HOURS_OF_BAND, pa.list_(pa.int8()))
_HOUR: Final = pa.array([hours[0] for hours in _HOURS_OF_BAND], pa.int8())
_PRECISION: Final = pa.array(["month", "day", "span"])
_EMPTY: Final = pa.array([""])
_WITHOUT: Final = ("source", "batch_id", "profile_version", "content_hash")
