"""What the protected copy says instead of each alert's place and time: drawn once, kept in the home, never changed.

<home>/protected/secret         what the draws depend on, besides the alerts; nobody but the server reads it
<home>/protected/drawn-N.parquet  the draws of the N-th release, a row for each alert
<home>/protected/waiting.parquet  the alerts that wait, the day of data on which each was seen first, and whether a
                                release held it back

A release takes in the alerts that have none yet. They exchange among themselves (`exchange`), so a release needs some:
fewer than `LEAST_WAITING` new ones wait, for at most `LONGEST_WAIT` days of data since they were seen first, whatever
day they tell of. The first release of a home takes everything. A later one holds some back (`exchange.held_back`), for
as long at most: of the sensitive ones, so that what came to the copy is not what came to the home, and the few others
of a quarter that would find nobody to exchange with. Nothing that happens later changes a draw: an update of an alert
changes what the alert says and not where the copy puts it, undo and erasure take its row away and leave its partner's,
and alerts that report an incident which was released before take that incident's place.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.engine import Source
from curim_data.engine.flat import STORED, database, quoted, read_files
from curim_data.geo.enrichment import parent_cells
from curim_data.model import BoolArray, CityProfile, IntArray
from curim_data.model.sql import split_list
from curim_data.privacy import is_sensitive_category, sensitive_categories
from curim_data.protection.exchange import (
    HELD_BACK,
    Units,
    days_of_later_sensitive,
    exchange,
    held_back,
    times_of_later_reports,
    without_place,
)
from curim_data.store import Home
from curim_data.store.erase import WAITING, draw_files, draws_folder, write_draws
from curim_data.store.home import locked
from curim_data.store.secret import secret

LEAST_WAITING: Final = 100
LONGEST_WAIT: Final = dt.timedelta(days=62)
BATCH: Final = 100_000  # alerts that are read at once
FINE: Final = 9
DARK, LIGHT = 4, 5  # bands of sensitive alerts; those of ordinary ones are 0 to 3, of six hours each
DRAWN: Final = pa.schema(
    [
        pa.field("alert_id", pa.string()),
        pa.field("unit", pa.string()),
        pa.field("sensitive", pa.bool_()),
        pa.field("cell", pa.int64()),
        pa.field("inside", pa.bool_()),
        pa.field("district", pa.string()),
        pa.field("place", pa.string()),
        pa.field("local_date", pa.date32()),
        pa.field("band", pa.int8()),
        pa.field("dark", pa.bool_()),
        pa.field("person", pa.string()),
    ]
)
PLACE: Final = ("cell", "inside", "district", "place")
CODED: Final = ("category", "theme", "affected_gender", "district", "place")  # texts of which many alerts have the same
# All categories of an alert, joined, in SQL.
THEME: Final = "category || chr(31) || coalesce(array_to_string(more_categories, chr(31)), '')"


def release(home: Home, source: Source, left_out: pd.DataFrame, *, swapping: bool = True) -> tuple[Path, ...]:
    """Draw for the alerts that have no draw yet, unless they wait for more; the files of draws that the home has now,
    in order. Their number grows with every release; the files themselves never change.

    `left_out`: default coordinates (longitude, latitude), which are no place. One process draws at a time.
    """
    with locked(draws_folder(home) / "lock"):
        known = draw_files(home)
        waiting = _since_when(home, _waiting(source, known, left_out), source.as_of)
        if not len(waiting):
            return known
        first, new = not known, waiting[~waiting["held"]]
        if not first and len(new) < LEAST_WAITING and not new["due"].any():
            _keep_waiting(home, waiting, waiting)
            return known
        seed = hashlib.blake2b(secret(home) + str(len(known)).encode(), digest_size=32).digest()
        rng = np.random.default_rng(int.from_bytes(seed, "little"))
        since = (source.first - dt.date(1970, 1, 1)).days
        made, released = _draw(waiting, source.city, rng, first=first, swapping=swapping, since=since)
        late, let_out = _of_known_incidents(waiting, known, source.city, rng, swapping=swapping)
        if len(late):
            made = pa.concat_tables([made.cast(DRAWN), late])
        write_draws(draws_folder(home) / f"drawn-{len(known) + 1:05}.parquet", made, DRAWN)
        _keep_waiting(home, waiting, waiting[~released & ~let_out].assign(held=True))
    return draw_files(home)


def _since_when(home: Home, waiting: pd.DataFrame, today: dt.date) -> pd.DataFrame:
    """Waiting alerts with the day of data on which they were `seen` first, whether a release `held` them back, and
    whether they are `due`.
    """
    path = draws_folder(home) / WAITING
    seen, held = np.full(len(waiting), np.datetime64(today, "D")), np.zeros(len(waiting), bool)
    if path.exists():
        known = pq.read_table(path)
        at = np.asarray(pc.index_in(_ids(waiting), known["alert_id"].combine_chunks()).fill_null(-1))
        seen[at >= 0] = known["seen"].to_numpy().astype("datetime64[D]")[at[at >= 0]]
        held[at >= 0] = known["held"].fill_null(False).to_numpy()[at[at >= 0]]
    due = np.datetime64(today, "D") - seen >= np.timedelta64(LONGEST_WAIT)
    return waiting.assign(seen=seen.astype("datetime64[s]"), held=held, due=due)


def _keep_waiting(home: Home, asked: pd.DataFrame, waiting: pd.DataFrame) -> None:
    """Keep which alerts wait. What is known of alerts that were not `asked` now stays: an older version of the alerts
    may have been, or one without an import that is undone.
    """
    path = draws_folder(home) / WAITING
    if not len(waiting) and not path.exists():
        return
    seen = pa.array(waiting["seen"].to_numpy().astype("datetime64[D]"), pa.date32())
    table = pa.table({"alert_id": _ids(waiting), "seen": seen, "held": pa.array(waiting["held"].to_numpy(bool))})
    if path.exists():
        known = pq.read_table(path)
        others = known.filter(pc.invert(pc.is_in(known["alert_id"], value_set=_ids(asked))))
        table = pa.concat_tables([table, others.select(table.column_names).cast(table.schema)])
    write_draws(path, table)


def _waiting(source: Source, known: tuple[Path, ...], left_out: pd.DataFrame) -> pd.DataFrame:
    """Alerts without a draw, by day and id: what the exchange needs of them, texts as categories; `unit`, a number for
    their incident; `drawn_unit`: the alert of the same incident that has a draw, if one has.

    Ids are the only texts that are kept as such, in Arrow's memory, since each alert has its own.
    """
    cursor = source.cache["database"].cursor()
    cursor.register("default_points", left_out[["longitude", "latitude"]])
    cursor.register("shared", alike_reports(cursor, sensitive_categories(source)))
    earlier = "SELECT '' AS alert_id, '' AS unit"
    if known:
        earlier = f"SELECT alert_id, unit FROM {read_files(known)}"
    result = cursor.execute(
        f"""
        WITH earlier AS ({earlier}),
        firsts AS (SELECT incident, alert_id AS first FROM shared WHERE report = 0),
        units AS (
            SELECT shared.alert_id, firsts.first, min(earlier.unit) OVER (PARTITION BY shared.incident) AS drawn
            FROM shared JOIN firsts USING (incident) LEFT JOIN earlier USING (alert_id)
        )
        SELECT a.alert_id, units.first, units.drawn AS drawn_unit,
               a.category, {THEME} AS theme,
               a.affected_gender, a.district, a.place, a.local_date, a.dark::DOUBLE AS dark,
               coalesce(a.time_precision = 'month', false) AS whole_month,
               CASE WHEN len(a.hours) > 0 THEN a.hours[1] // 6 END AS band,
               CASE WHEN p.longitude IS NULL THEN coalesce(a.cell_{FINE}, -1) ELSE -1 END AS cell,
               CASE WHEN p.longitude IS NULL THEN a.inside END AS inside
        FROM {STORED} AS a
        LEFT JOIN units USING (alert_id)
        LEFT JOIN default_points AS p ON p.longitude = a.longitude AND p.latitude = a.latitude
        ANTI JOIN earlier ON earlier.alert_id = a.alert_id"""
    ).to_arrow_reader(BATCH)
    batches = [  # all as one table, in which some columns of texts are codes of one dictionary each
        pa.table({name: one[name].dictionary_encode() if name in CODED else one[name] for name in one.schema.names})
        for one in result
    ]
    table = pa.concat_tables(batches).unify_dictionaries() if batches else result.schema.empty_table()
    for name in ("shared", "default_points"):
        cursor.unregister(name)
    table = table.take(pc.sort_indices(table, [("local_date", "ascending"), ("alert_id", "ascending")]))
    return _frame(table)


def alike_reports(
    connection: duckdb.DuckDBPyConnection, sensitive: Collection[str] = (), alerts: str = STORED
) -> pa.Table:
    """The alerts of a view that may report one event, and so move together: alert_id, incident (int64, a
    number from 0) and report (int64, 0 for the first, in the order of their times, equal ones by their ids).

    Those that share the number of their source, and of others of `sensitive` categories that say the day those of one
    category in one map cell on one day: were they moved one by one, what is left of them would still tell of the event.
    """
    return connection.execute(
        f"""
        WITH numbers AS (
            SELECT hash(source, incident_id) AS number FROM {alerts} WHERE incident_id IS NOT NULL
            GROUP BY number HAVING count(*) > 1
        ),
        keyed AS (
            SELECT alert_id, coalesce(occurred_from, reported_at) AS moment,
                   CASE WHEN numbers.number IS NOT NULL THEN numbers.number
                        WHEN time_precision <> 'month' AND list_contains(?, category)
                        THEN hash(category, cell_9, local_date) END AS key
            FROM {alerts} AS alerts LEFT JOIN numbers ON numbers.number = hash(source, incident_id)
            WHERE numbers.number IS NOT NULL OR cell_9 IS NOT NULL
        ),
        again AS (SELECT key FROM keyed WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1)
        SELECT alert_id, dense_rank() OVER (ORDER BY key) - 1 AS incident,
               row_number() OVER (PARTITION BY key ORDER BY moment, alert_id) - 1 AS report
        FROM keyed JOIN again USING (key)""",
        [sorted(sensitive)],
    ).to_arrow_table()


def _frame(table: pa.Table) -> pd.DataFrame:
    """What was read, in pandas, with a number for each incident."""
    first = table["first"].combine_chunks()
    rows = np.arange(len(table))
    unit = rows.copy()
    several = first.is_valid().to_numpy(zero_copy_only=False)
    if several.any():
        # The first alert of an incident that has a draw already is not among those that wait.
        names = pc.unique(first.drop_null())
        at = np.asarray(pc.index_in(names, table["alert_id"].combine_chunks()).fill_null(-1)).astype(np.int64)
        at = np.where(at < 0, len(table) + np.arange(len(at)), at)
        unit[several] = at[np.asarray(pc.index_in(first.drop_null(), names))]
    kept = {name: table[name].to_pandas() for name in table.column_names if name not in ("first", *CODED)}
    return pd.DataFrame(kept | {name: table[name].to_pandas() for name in CODED} | {"unit": unit})


def _ids(alerts: pd.DataFrame) -> pa.Array:
    return pa.array(alerts["alert_id"], pa.string())


def _draw(
    waiting: pd.DataFrame, city: CityProfile, rng: np.random.Generator, *, first: bool, swapping: bool, since: int
) -> tuple[pa.Table, BoolArray]:
    """The draws of one release, a row for each alert that is released, in order of ids; texts as codes. Which of the
    waiting alerts these are.
    """
    unit = waiting["unit"].to_numpy(np.int64)
    first_report = unit == np.arange(len(unit))
    own = waiting[waiting["drawn_unit"].isna() & first_report].reset_index(drop=True)
    own_unit = own["unit"].to_numpy(np.int64)
    size = int(unit.max(initial=-1)) + 1
    rows = (_sensitive(waiting, city), waiting["held"].to_numpy(bool), waiting["due"].to_numpy(bool))
    sensitive, waited, due = (np.isin(own_unit, unit[kind]) for kind in rows)
    if not first and swapping:
        stays = held_back(units_of(own, sensitive), waited, due, rng)
        own, sensitive = own[~stays].reset_index(drop=True), sensitive[~stays]
    units = units_of(own, sensitive)
    units = replace(units, least=city.least_count(False), least_sensitive=city.least_count(True), since=since)
    found = exchange(units, rng, swapping=swapping)
    made = pd.DataFrame({"sensitive": sensitive})
    for name in ("cell", "inside", "place"):
        made[name] = own[name].take(found.fine).array
    elsewhere = found.cell >= 0
    made["cell"] = np.where(elsewhere, found.cell, made["cell"].to_numpy(np.int64))
    made["place"] = made["place"].mask(elsewhere)
    made["district"] = own["district"].take(found.place).array
    made["local_date"] = found.day.astype("datetime64[D]")
    band, dark = own["band"].take(found.dark).to_numpy(float), own["dark"].take(found.dark).to_numpy(float)
    dark = np.where(found.dark < 0, np.nan, dark)
    made["band"] = np.where(sensitive, np.where(np.isnan(dark), np.nan, np.where(dark > 0, DARK, LIGHT)), band)
    made["dark"] = dark
    made["inside"] = made["inside"].astype("boolean")
    nowhere = without_place(units, first=first) if swapping else np.zeros(len(own), bool)
    made.loc[nowhere, "cell"] = -1
    made.loc[nowhere, ["inside", "district", "place"]] = None
    # So few of them have nobody to exchange with: their quarter is told, and whose status and sender is not.
    alone = nowhere & sensitive
    made.loc[alone, "local_date"] = _quarters(found.day[alone])
    made.loc[alone, ["band", "dark"]] = np.nan
    at = np.full(size, -1)
    at[own["unit"].to_numpy(np.int64)] = np.arange(len(own))
    at = at[unit]
    released = at >= 0
    ids = _ids(waiting)
    person = _ids(own).take(pa.array(found.person, mask=~sensitive | alone))
    order = np.flatnonzero(released)
    order = order[np.asarray(pc.sort_indices(ids.take(pa.array(order))))]
    columns = {"alert_id": ids.take(pa.array(order)), "unit": ids.take(pa.array(unit[order]))}
    table = pa.Table.from_pandas(_typed(made), preserve_index=False).append_column("person", person)
    table = table.take(pa.array(at[order]))
    columns |= {name: table[name] for name in table.column_names}
    if swapping:
        later = np.flatnonzero(~first_report[order] & ~alone[at[order]])
        columns |= _with_later_reports(made.take(at[order]), waiting.take(order), later, units, rng)
    return pa.table({name: columns[name] for name in DRAWN.names}), released


def _quarters(days: IntArray) -> np.ndarray[Any, Any]:
    """The first days of the quarters that hold some days since 1970."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return (months // 3 * 3).astype("datetime64[M]").astype("datetime64[s]")


def _with_later_reports(
    made: pd.DataFrame, reports: pd.DataFrame, later: IntArray, units: Units, rng: np.random.Generator
) -> dict[str, pa.Array]:
    """When and how dark it was for each report of a release: for the `later` ones of an incident drawn by themselves,
    but sensitive ones keep the darkness of the first.
    """
    day = made["local_date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    band, dark = (made[name].to_numpy(float).copy() for name in ("band", "dark"))
    sensitive = made["sensitive"].to_numpy(bool)[later]
    ordinary, delicate = later[~sensitive], later[sensitive]
    theirs = reports.take(ordinary)
    day[ordinary], taken = times_of_later_reports(units_of(theirs, np.zeros(len(theirs), bool)), rng)
    band[ordinary], dark[ordinary] = (theirs[name].to_numpy(float)[taken] for name in ("band", "dark"))
    if len(delicate):
        theirs_too = units_of(reports.take(delicate), np.ones(len(delicate), bool))
        theirs_too = replace(theirs_too, least_sensitive=units.least_sensitive, since=units.since)
        day[delicate] = days_of_later_sensitive(theirs_too, units, rng)
    return {
        "local_date": pa.array(day.astype("datetime64[D]"), pa.date32()),
        "band": pa.array(band, pa.int8(), from_pandas=True),
        "dark": pa.array(dark > 0, mask=np.isnan(dark)),
    }


def _of_known_incidents(
    waiting: pd.DataFrame, known: tuple[Path, ...], city: CityProfile, rng: np.random.Generator, *, swapping: bool
) -> tuple[pa.Table, BoolArray]:
    """The draws of alerts whose incident was released before, those of the incident; and which alerts these are.

    Of sensitive ones, which a release would tell of since they go to a record that is there already, none that a
    release has not held back before, and of these as many as of others (`HELD_BACK`), unless they are due.
    """
    let_out = waiting["drawn_unit"].notna().to_numpy(bool).copy()
    if not let_out.any():
        return DRAWN.empty_table(), let_out
    wanted = pa.table({"unit": pa.array(waiting.loc[let_out, "drawn_unit"].unique(), pa.string())})
    columns = ", ".join("coalesce(cell, -1) AS cell" if name == "cell" else name for name in DRAWN.names[1:])
    files = f"read_parquet([{', '.join(map(quoted, known))}], filename = true, file_row_number = true)"
    with database() as engine:
        engine.register("wanted", wanted)
        theirs = engine.execute(
            f"SELECT DISTINCT ON (unit) {columns} FROM {files} SEMI JOIN wanted USING (unit) "
            "ORDER BY unit, alert_id <> unit, filename, file_row_number"
        ).to_arrow_table()
    theirs = theirs.to_pandas()
    if swapping:
        sensitive = waiting["drawn_unit"].isin(theirs.loc[theirs["sensitive"], "unit"]) | _sensitive(waiting, city)
        stays = ~waiting["held"] | (rng.random(len(waiting)) < HELD_BACK)
        let_out &= ~(sensitive & stays & ~waiting["due"]).to_numpy(bool)
    late = waiting.loc[let_out, ["alert_id", "drawn_unit"]].rename(columns={"drawn_unit": "unit"})
    table = _typed(late.merge(theirs, on="unit")).sort_values("alert_id", ignore_index=True)
    return pa.Table.from_pandas(table, DRAWN, preserve_index=False), let_out


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    table = table.assign(cell=table["cell"].astype("Int64").mask(table["cell"] < 0))
    return table.astype({"band": "Int8", "inside": "boolean", "dark": "boolean"})


def units_of(alerts: pd.DataFrame, sensitive: BoolArray) -> Units:
    """Incidents as the exchange takes them, out of their first alerts (cell, -1 for none, inside, district, place,
    category, affected_gender, local_date, whole_month, dark).
    """
    cell = alerts["cell"].to_numpy(np.int64)
    mapped = cell >= 0
    # Cells of resolution 7 stand for districts where there are none.
    coarse, large = (np.where(mapped, parent_cells(cell, size), -1) for size in (8, 7))
    district = _codes(alerts["district"])
    regions = pd.factorize(pd.Series(np.where(district >= 0, district, -2 - _codes(pd.Series(large)))))[0]
    places = alerts.groupby(list(PLACE), dropna=False, sort=False, observed=True).ngroup().to_numpy(np.int64)
    nowhere = ~mapped & (district < 0) & alerts["place"].isna().to_numpy()
    days = pd.to_datetime(alerts["local_date"]).to_numpy().astype("datetime64[D]")
    return Units(
        sensitive=sensitive,
        place=np.where(nowhere, -1, places),
        fine=cell,
        coarse=coarse,
        region=np.asarray(regions, np.int64),
        category=_codes(alerts["category"]),
        gender=_codes(alerts["affected_gender"]),
        day=days.astype(np.int64),
        month=days.astype("datetime64[M]").astype(np.int64),
        whole_month=alerts["whole_month"].fillna(False).to_numpy(bool),
        dark=_codes(alerts["dark"]),
    )


def _codes(column: pd.Series) -> IntArray:
    return np.asarray(pd.factorize(column)[0], np.int64)


def _sensitive(alerts: pd.DataFrame, city: CityProfile) -> BoolArray:
    """Whether any category of an alert is sensitive."""
    themes = alerts["theme"].cat
    found = [any(is_sensitive_category(name, city) for name in split_list(theme)) for theme in themes.categories]
    return np.array([*found, False], bool)[themes.codes.to_numpy()]
