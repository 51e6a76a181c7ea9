"""The protected copy of a later version out of that of an earlier one: what was not released anew stays as it is.

Draws never change, so a row of the copy changes only where its alert, another report of its incident, or the alert
whose status and sender it has came since, or was released since. These rows are made anew and kept in a file of their
own, whose rows take the place of those of the same names (`copy.later_file`); the rest is read from the earlier file.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.engine import Source, extend_prepared, kept_count, prepared_file_of, take_prepared
from curim_data.engine.files import read_files
from curim_data.model import CityProfile
from curim_data.model.prepared import alerts_name, link_whole, read_json, write_json, write_whole
from curim_data.protection.copy import (
    MEMORY,
    OF_PERSONS,
    Counts,
    copy_file,
    copy_rows,
    copy_version,
    later_file,
    most,
    read_alerts,
    write_rows,
)
from curim_data.protection.errors import KEPT as ERRORS
from curim_data.protection.releases import Drawn
from curim_data.store.matching import bounded_duckdb

COUNTS: Final = "protected_counts"
_LATER: Final = "later"


@dataclass(frozen=True)
class _Before:
    """An earlier copy: its version, its number of draws, the files of alerts that came since, its own file and that of
    its later rows (None without one), and how many of its alerts have each status and sender.
    """

    version: str
    draws: int
    added: list[str]
    path: Path
    later: Path | None
    counts: Counts


def keep_counts(source: Source, version: str, counts: Counts, *, later: bool = False) -> None:
    """Keep how many alerts of a copy have each status and sender, for the next one, and whether some of its rows are in
    a later file.
    """
    assert source.city.prepared is not None
    write_json(source.city.prepared, alerts_name(COUNTS, version), {**counts, _LATER: later})


def extend_copy(source: Source, drawn: Drawn, work: Path, key: bytes) -> bool:
    """Write the copy of a source's alerts out of an earlier one, where there is one to which little was added; whether
    it was. `key`: what names in the copy depend on.
    """
    city, version = source.city, copy_version(source, drawn)
    path, later, before = copy_file(city, version), later_file(city, version), _before(source, drawn)
    if before is None or path is None or later is None:
        return False
    work.mkdir(parents=True, exist_ok=True)
    draws, new = _changed(drawn, before, work)
    asked = pa.concat_arrays([draws["alert_id"].combine_chunks(), draws["person"].combine_chunks().drop_null()])
    ids, files = pa.table({"alert_id": asked.unique()}), source.cache["files"]
    alerts, digests = read_alerts(files, work, key.hex(), ids, prepared_file_of(source))
    counts = _with_more(before.counts, alerts.filter(pc.is_in(alerts["alert_id"], value_set=new)))
    usual, was = ({name: most(counted) for name, counted in one.items()} for one in (counts, before.counts))
    if usual != was:  # then it is another one for all sensitive alerts whose person is gone
        return False
    rows = copy_rows(alerts, digests, draws, city, work, key.hex(), usual)
    with tempfile.TemporaryDirectory(prefix="copy-", dir=work) as folder:
        made = Path(folder) / "rows.parquet"
        write_rows(rows, city, made)
        extend_prepared(source, before.version, version, made)
        write_whole(later, partial(_write_later, before.later, made))
    keep_counts(source, version, counts, later=True)
    _carry(source, before.version, version)
    link_whole(before.path, path)
    return True


def take_copy(source: Source, drawn: Drawn) -> bool:
    """Take an earlier copy of the same alerts as it is, where all of them are in it, so that what was drawn since is of
    none of them: as after the undo of an import that was released. Whether one could be taken; not where few alerts are
    stored, of which nothing is kept that says how many a copy has.
    """
    version = copy_version(source, drawn)
    path, later, before = copy_file(source.city, version), later_file(source.city, version), _before(source, drawn)
    if before is None or before.added or before.version == version or path is None or later is None:
        return False
    if kept_count(source.city, before.version) != source.count:
        return False
    take_prepared(source.city, before.version, version)
    if before.later is None:
        later.unlink(missing_ok=True)
    else:
        link_whole(before.later, later)
    keep_counts(source, version, before.counts, later=before.later is not None)
    _carry(source, before.version, version)
    link_whole(before.path, path)
    return True


def _before(source: Source, drawn: Drawn) -> _Before | None:
    """The last copy to which alerts or draws were added and nothing else was done; None too where not all that was kept
    of it is there.
    """
    known = [(source.version, list[str]())]
    if source.earlier is not None:
        known.append((source.earlier.version, source.earlier.others(source.cache["files"])))
    for version, added in known:
        for draws in range(len(drawn.files), 0, -1):
            earlier = f"{version}-{Drawn(drawn.files[:draws]).version}"
            path = copy_file(source.city, earlier)
            if path is not None and path.exists():
                return _complete(source.city, earlier, draws, added, path)
    return None


def _complete(city: CityProfile, version: str, draws: int, added: list[str], path: Path) -> _Before | None:
    """An earlier copy with what was kept of it; None where that is not all there."""
    kept, later = read_json(city.prepared, alerts_name(COUNTS, version)), later_file(city, version)
    if kept is None or later is None or kept[_LATER] != later.exists():
        return None
    counts = {name: kept[name] for name in OF_PERSONS}
    return _Before(version, draws, added, path, later if kept[_LATER] else None, counts)


def _changed(drawn: Drawn, before: _Before, work: Path) -> tuple[pa.Table, pa.Array]:
    """The draws of incidents of which a row of the copy may be another one, and the alerts that may be new in it."""
    with bounded_duckdb(work, MEMORY) as engine:
        for name, files in (("earlier", drawn.files[: before.draws]), ("new", drawn.files[before.draws :])):
            engine.execute(
                f"CREATE VIEW {name} AS SELECT * FROM {read_files(files) if files else 'earlier WHERE false'}"
            )
        added = (
            f"SELECT alert_id FROM {read_files(before.added)}"
            if before.added
            else "SELECT alert_id FROM new WHERE false"
        )
        engine.execute(f"CREATE TABLE added AS {added}")
        again = "SELECT * FROM earlier SEMI JOIN added USING (alert_id)"
        engine.execute(f"CREATE TABLE came AS FROM new{f' UNION ALL BY NAME {again}' if before.added else ''}")
        lent = "SELECT unit FROM earlier JOIN added ON earlier.person = added.alert_id"
        engine.execute(f"CREATE TABLE units AS SELECT unit FROM came{f' UNION {lent}' if before.added else ''}")
        draws = engine.execute(
            "SELECT * FROM earlier SEMI JOIN units USING (unit) UNION ALL BY NAME FROM new"
        ).to_arrow_table()
        came = engine.execute("SELECT alert_id FROM came").to_arrow_table()
    return draws, came["alert_id"].combine_chunks()


def _with_more(counts: Counts, alerts: pa.Table) -> Counts:
    """How many have each status and sender, with some further alerts."""
    return {name: dict(Counter(counts[name]) + Counter(alerts[name].to_pylist())) for name in OF_PERSONS}


def _write_later(earlier: Path | None, made: Path, path: Path) -> None:
    """Write the rows that take the place of others, with those that did so before."""
    rows = pq.read_table(made)
    if earlier is not None:
        before = pq.read_table(earlier)
        rows = pa.concat_tables(
            [rows, before.filter(pc.invert(pc.is_in(before["alert_id"], value_set=rows["alert_id"])))]
        )
    pq.write_table(rows.sort_by("alert_id"), path, compression="zstd", compression_level=1)


def _carry(source: Source, before: str, version: str) -> None:
    """Keep the errors of the earlier copy for this one, which differs from it by little."""
    assert source.city.prepared is not None
    errors = read_json(source.city.prepared, alerts_name(ERRORS, before))
    if errors is not None:
        write_json(source.city.prepared, alerts_name(ERRORS, version), errors)
