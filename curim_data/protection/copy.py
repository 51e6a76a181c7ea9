"""The protected copy: a table like that of the alerts (`alert.SCHEMA`), from which council and public are counted.

It has a row for each released alert (`releases`), which keeps what was reported, whom it affected and what became of
it, and has the place and time that were drawn for it. Made anew out of the alerts and the draws whenever one of them
changes, so that updates, undo and erasure are in it; what was drawn does not change.

What is coarser than in the alerts: the position is the middle of a cell of resolution 9, the time a day of the week
(of the month for sensitive categories) and a band of six hours (darkness alone for sensitive categories). What is not
in it: severity, age of the person affected by something sensitive, feelings about it, number of confirmations, the
instants of report, event and solution, and who sent what in which import. Status and sender of sensitive alerts are
those of another one.

An alert that was drawn as an ordinary one and is sensitive now (its category was corrected, or the city's tree) has no
place in the copy, and no time but its quarter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb
import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from curim_data.engine import Source
from curim_data.engine.columns import split_list
from curim_data.model import CELL_RESOLUTIONS, SCHEMA, CityProfile
from curim_data.model.prepared import alerts_name, prepared_file, write_whole
from curim_data.privacy import is_sensitive_category
from curim_data.protection.releases import DARK, DRAWN, FINE, PLACE, THEME, Drawn
from curim_data.store.matching import bounded_duckdb, sql_path

NAME: Final = "protected"
MEMORY: Final = "1GB"
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
) -> None:
    """Write the copy of the alerts in some Parquet files; the file appears whole or not at all.

    `key`: what its names of alerts and incidents depend on.
    """
    work.mkdir(parents=True, exist_ok=True)
    with bounded_duckdb(work, MEMORY) as engine:
        for name, of, columns in (("alerts", files, SCHEMA), ("drawn", drawn.files, DRAWN)):
            if not of:
                engine.register(name, columns.empty_table())
                continue
            listed = ", ".join(f"'{sql_path(Path(one))}'" for one in of)
            engine.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{listed}], union_by_name = true)")
        engine.execute(
            "CREATE TABLE shared AS SELECT unit, true AS several FROM drawn "
            "WHERE alert_id IN (SELECT alert_id FROM alerts) GROUP BY unit HAVING count(*) > 1"
        )
        engine.execute("SET VARIABLE key = ?", [key.hex()])
        engine.register("grid", _grid(engine, city))
        engine.register("delicate", _delicate(engine, city))
        query, how = _select(), "(FORMAT parquet, COMPRESSION zstd)"
        write_whole(path, lambda part: engine.execute(f"COPY ({query}) TO '{sql_path(part)}' {how}"))


def _grid(engine: duckdb.DuckDBPyConnection, city: CityProfile) -> pd.DataFrame:
    """The middle of each cell of the draws, and the cells of each resolution that hold it."""
    cells = [row[0] for row in engine.execute("SELECT DISTINCT cell FROM drawn WHERE cell IS NOT NULL").fetchall()]
    middle = [h3.cell_to_latlng(cell) for cell in cells]
    latitude, longitude = (np.array([point[at] for point in middle], float) for at in (0, 1))
    x, y = city.to_metres.transform(longitude, latitude) if len(cells) else (longitude, latitude)
    columns = {"cell": np.array(cells, np.int64), "longitude": longitude, "latitude": latitude, "x": x, "y": y}
    for size in CELL_RESOLUTIONS:
        of = h3.cell_to_parent if size <= FINE else h3.cell_to_center_child
        columns[f"cell_{size}"] = np.array([of(cell, size) for cell in cells], np.int64)
    return pd.DataFrame(columns)


def _delicate(engine: duckdb.DuckDBPyConnection, city: CityProfile) -> pd.DataFrame:
    """Those categories, or lists of them, of the alerts of which one is sensitive."""
    themes = [row[0] for row in engine.execute(f"SELECT DISTINCT {THEME} FROM alerts").fetchall()]
    found = [any(is_sensitive_category(name, city) for name in split_list(theme)) for theme in themes]
    return pd.DataFrame({"theme": pd.Series(themes, dtype=object)[np.array(found, bool)]})


def _drawn() -> str:
    """The draws of the alerts that there are, with what those have that are sensitive by now alone."""
    now = f"NOT sensitive AND {THEME} IN (SELECT theme FROM delicate)"
    left_out = ", ".join(f"CASE WHEN NOT late THEN {name} END AS {name}" for name in (*PLACE, "band", "dark"))
    return f"""
        SELECT * EXCLUDE (late, sensitive, local_date, {", ".join((*PLACE, "band", "dark"))}), late, {left_out},
               sensitive OR late AS sensitive,
               CASE WHEN late THEN date_trunc('quarter', local_date)::DATE ELSE local_date END AS local_date
        FROM (SELECT drawn.*, {now} AS late FROM drawn JOIN alerts USING (alert_id))"""


def _select() -> str:
    """The columns of the copy, in the order of the schema; rows in the order of names that tell nothing."""
    sensitive = "drawn.sensitive"
    night, day = ([f"{hour}::TINYINT" for hour in hours] for hours in (NIGHT, DAY))
    own: dict[str, str] = {
        "alert_id": "md5(getvariable('key') || alerts.alert_id)",
        "incident_id": "CASE WHEN shared.several THEN md5(getvariable('key') || 'incident ' || drawn.unit) END",
        "source": "''",
        # The first report of an incident stays the first, so that the incident keeps whom that one names.
        "reported_at": "(drawn.local_date + INTERVAL 12 HOUR "
        "- CASE WHEN alerts.alert_id = drawn.unit THEN INTERVAL 1 SECOND ELSE INTERVAL 0 SECOND END)::TIMESTAMPTZ",
        "kind": "alerts.kind",
        "category": "alerts.category",
        "more_categories": "alerts.more_categories",
        "feeling": f"CASE WHEN NOT {sensitive} THEN alerts.feeling END",
        "reporter_gender": "coalesce(persons.reporter_gender, alerts.reporter_gender)",
        "affected_gender": "alerts.affected_gender",
        "age_band": f"CASE WHEN NOT {sensitive} THEN alerts.age_band END",
        "status": "coalesce(persons.status, alerts.status)",
        "confirmations": "0",
        **{name: f"grid.{name}" for name in ("longitude", "latitude", "x", "y")},
        **{f"cell_{size}": f"grid.cell_{size}" for size in CELL_RESOLUTIONS},
        "inside": "drawn.inside",
        "district": "drawn.district",
        "place": "drawn.place",
        "local_date": "drawn.local_date",
        "week": "date_trunc('week', drawn.local_date)::DATE",
        "month": "date_trunc('month', drawn.local_date)::DATE",
        "weekday": "(isodow(drawn.local_date) - 1)::TINYINT",
        "hour": f"CASE WHEN drawn.band < {DARK} THEN drawn.band * 6 "
        f"WHEN drawn.band = {DARK} THEN {NIGHT[0]} ELSE CASE WHEN drawn.band IS NOT NULL THEN {DAY[0]} END END",
        "hours": f"CASE WHEN drawn.band < {DARK} THEN list_transform(range(6), i -> (drawn.band * 6 + i)::TINYINT) "
        f"WHEN drawn.band = {DARK} THEN [{', '.join(night)}] "
        f"WHEN drawn.band IS NOT NULL THEN [{', '.join(day)}] END",
        "dark": "drawn.dark",
        "time_precision": "CASE WHEN drawn.late OR alerts.time_precision = 'month' THEN 'month' "
        "WHEN drawn.band IS NULL THEN 'day' ELSE 'span' END",
        "batch_id": "''",
        "profile_version": "''",
        "content_hash": "''",
        "flags": "[]",
    }
    columns = ", ".join(f"CAST({own.get(name, 'NULL')} AS {_TYPES[name]}) AS {name}" for name in SCHEMA.names)
    return f"""
        SELECT {columns} FROM alerts
        JOIN ({_drawn()}) AS drawn USING (alert_id)
        LEFT JOIN shared USING (unit)
        LEFT JOIN (SELECT alert_id AS person, status, reporter_gender FROM alerts) AS persons USING (person)
        LEFT JOIN grid ON grid.cell = drawn.cell
        ORDER BY alert_id"""


def _types() -> dict[str, str]:
    names = {"string": "VARCHAR", "int8": "TINYINT", "int32": "INTEGER", "int64": "BIGINT", "double": "DOUBLE"}
    names |= {"bool": "BOOLEAN", "date32[day]": "DATE", "timestamp[us, tz=UTC]": "TIMESTAMPTZ"}
    found = {}
    for field in SCHEMA:
        text = str(field.type)
        if text.startswith("list<"):
            found[field.name] = names[str(field.type.value_type)] + "[]"
        else:
            found[field.name] = names[text]
    return found


_TYPES: Final = _types()
