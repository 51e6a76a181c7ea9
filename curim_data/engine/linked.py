"""How the alerts of a version were linked into incidents, kept for the alerts that come later.

The rule is learned from all alerts; those that come until there are a tenth more are judged by it and join what is
linked (`analysis.incidents.join`), so that an import costs what its own alerts and those around them do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from analysis.incidents import Judged, Rule, join, link_and_judge
from curim_data.engine.codes import BATCH, codes, encoded
from curim_data.engine.earlier import Earlier
from curim_data.engine.files import database, view_files
from curim_data.engine.incidents import ID, MOMENT, TWICE, IncidentFacts, by_time, numbered, same_ids, told
from curim_data.model import FloatArray, IntArray
from curim_data.model.prepared import alerts_name, prepared_file

NAME: Final = "links"
MICROSECONDS_PER_HOUR: Final = 3.6e9
READ: Final = f"""{TWICE}
    SELECT alert_id, x, y, category, time_precision = 'month' AS whole_month,
           CASE WHEN twice.id IS NOT NULL THEN {ID} END AS incident_id,
           hash(source, incident_id) AS same, incident_id IS NOT NULL AS numbered, {MOMENT}
    FROM alerts LEFT JOIN twice ON twice.id = hash(source, incident_id)"""
_ABOUT: Final = b"about"
_LAST: Final = np.iinfo(np.int64).max  # the moment of an alert whose time is not known
_BUCKETS: Final = 1 << 22


@dataclass(frozen=True, eq=False)
class Alerts:
    """What the linking reads of alerts, in order of their times, equal ones by their ids: arrays of shape (n,).

    `same`: a number for the source's own incident, 0 where it has none. `moment`: microseconds. `category`: codes of
    `categories`. `repeated`: codes of the source's incidents that several of these alerts have, -1 for all others.
    """

    ids: pa.Array
    moment: IntArray
    same: np.ndarray[Any, np.dtype[np.uint64]]
    repeated: IntArray
    x: FloatArray
    y: FloatArray
    hours: FloatArray
    category: IntArray
    categories: tuple[str, ...]


def read_alerts(connection: duckdb.DuckDBPyConnection, known: tuple[str, ...] = ()) -> Alerts:
    """The alerts of the view `alerts`; `known`: categories that have codes already."""
    read = encoded(connection.execute(READ).to_arrow_reader(BATCH), ("category", "incident_id"))
    order = by_time(read)
    of_category, names = codes(read["category"].take(order))
    category, found = pd.factorize(of_category)
    categories = tuple(dict.fromkeys((*known, *names.take(pa.array(found)).to_pylist())))
    place = {name: at for at, name in enumerate(categories)}
    code: IntArray = np.array([place[name] for name in names.take(pa.array(found)).to_pylist()], np.int32)
    x, y = (read[name].take(order).to_numpy().astype(float) for name in ("x", "y"))
    moment = read["moment"].take(order)
    hours = moment.to_numpy().astype(float) / MICROSECONDS_PER_HOUR
    placed = np.isfinite(x) & np.isfinite(y)
    hours[~placed | read["whole_month"].fill_null(False).take(order).to_numpy()] = np.nan
    x[~placed] = y[~placed] = 0.0
    same = np.where(read["numbered"].to_numpy(), read["same"].to_numpy(), np.uint64(0))[np.asarray(order)]
    return Alerts(
        ids=read["alert_id"].take(order).combine_chunks().cast(pa.string()),
        moment=moment.fill_null(_LAST).to_numpy().astype(np.int64),
        same=same,
        repeated=same_ids(read["incident_id"].take(order)),
        x=x,
        y=y,
        hours=hours,
        category=np.asarray(code[category] if len(code) else code),
        categories=categories,
    )


@dataclass(frozen=True, eq=False)
class Linked:
    """The linked alerts of a version, in an order to which later ones are added at the end.

    `incident`: a number for each alert, the same for those of one incident. `judged`, `rule`: what later alerts are
    judged by; `learned`: of how many alerts the rule was learned.
    """

    ids: pa.Array
    moment: IntArray
    same: np.ndarray[Any, np.dtype[np.uint64]]
    incident: IntArray
    judged: Judged
    rule: Rule
    learned: int
    categories: tuple[str, ...]
    facts: IncidentFacts

    def shared(self) -> pa.Table:
        """Columns alert_id, incident and report of the alerts whose incident has several."""
        return self._reports(np.flatnonzero(np.bincount(self.incident)[self.incident] > 1))

    def with_more(self, more: Alerts) -> tuple[Linked, pa.Table] | None:
        """These alerts and later ones, whose categories have the codes of these; and alert_id, incident and report of
        all alerts of which one of both changed or is new (missing and 0 for those that stand alone). None where the
        rule does not fit the later ones: then it has to be learned anew.
        """
        joined = join(self.judged, self.rule, more.x, more.y, more.hours, more.category)
        if joined is None:
            return None
        n, parent = len(self.incident), np.asarray(joined.judged.parent)
        same = np.concatenate([self.same, more.same])
        new = np.arange(n, n + len(more.ids))
        judged_now = np.concatenate([joined.relinked, new])
        parents = parent[judged_now]
        touched = np.concatenate(
            [joined.relinked, parents[(parents >= 0) & (parents < n)], _with(self.same, more.same)]
        )
        affected = np.unique(self.incident[touched])
        among = np.zeros(int(self.incident.max(initial=-1)) + 1, bool)
        among[affected] = True
        rows = np.concatenate([np.flatnonzero(among[self.incident]), new])
        component = _components(rows, parent, same)
        first = len(among)
        incident = np.concatenate([self.incident, np.zeros(len(new), self.incident.dtype)])
        incident[rows] = first + component
        incidents = self.facts.incidents - len(affected) + int(component.max(initial=-1)) + 1
        ids = pa.concat_arrays([self.ids, more.ids])
        moment = np.concatenate([self.moment, more.moment])
        facts = told(self.rule.linking, len(incident), incidents)
        found = Linked(ids, moment, same, incident, joined.judged, self.rule, self.learned, more.categories, facts)
        return found, found._reports(rows)

    def _reports(self, rows: IntArray) -> pa.Table:
        """alert_id, incident and report of the alerts of whole incidents."""
        order = rows[_order(self.moment[rows], self.ids.take(pa.array(rows)))]
        _, report, several = numbered(self.incident[order])
        columns = {
            "alert_id": self.ids.take(pa.array(order)),
            "incident": pa.array(self.incident[order], pa.int32(), mask=~several),
            "report": pa.array(report, pa.int32()),
        }
        return pa.table(columns)

    def write(self, path: Path) -> None:
        """Write them to a file that is read by mapping it into memory."""
        arrays: dict[str, Any] = {
            "alert_id": self.ids,
            "moment": self.moment,
            "same": self.same,
            "incident": self.incident,
        }
        arrays |= {f"judged_{one.name}": np.asarray(getattr(self.judged, one.name)) for one in fields(Judged)}
        about = {
            "rule": self.rule.as_json(),
            "learned": self.learned,
            "categories": self.categories,
            "facts": self.facts.as_json(),
        }
        table = pa.table({name: pa.array(values) for name, values in arrays.items()})
        schema = table.schema.with_metadata({_ABOUT: json.dumps(about).encode()})
        with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, schema) as writer:
            writer.write_batch(
                pa.RecordBatch.from_arrays([one.combine_chunks() for one in table.columns], schema=schema)
            )

    @classmethod
    def read(cls, path: Path) -> Linked:
        """Out of a file; OSError, pa.ArrowException, KeyError, TypeError or ValueError where it cannot be read."""
        with pa.memory_map(str(path)) as file:
            batch = pa.ipc.open_file(file).get_batch(0)
        about = json.loads(batch.schema.metadata[_ABOUT])
        judged = Judged(**{one.name: batch[f"judged_{one.name}"].to_numpy() for one in fields(Judged)})
        return cls(
            ids=batch["alert_id"],
            moment=batch["moment"].to_numpy(),
            same=batch["same"].to_numpy(),
            incident=batch["incident"].to_numpy(),
            judged=judged,
            rule=Rule.from_json(about["rule"]),
            learned=int(about["learned"]),
            categories=tuple(about["categories"]),
            facts=IncidentFacts.from_json(about["facts"]),
        )


def link_all(connection: duckdb.DuckDBPyConnection) -> Linked:
    """Learn the rule from all alerts of the view `alerts`, and link them."""
    alerts = read_alerts(connection)
    labels, rule, judged = link_and_judge(alerts.x, alerts.y, alerts.hours, alerts.category, same=alerts.repeated)
    _, incident = np.unique(labels, return_inverse=True)
    facts = told(rule.linking, len(labels), int(incident.max(initial=-1)) + 1)
    numbers: IntArray = incident.astype(np.int32)
    n, known = len(labels), (alerts.categories, facts)
    return Linked(alerts.ids, alerts.moment, alerts.same, numbers, judged, rule, n, *known)


def links_file(folder: Path, version: str) -> Path:
    """Where the links of a version are kept."""
    return prepared_file(folder, alerts_name(NAME, version), ".arrow")


def find_links(
    connection: duckdb.DuckDBPyConnection,
    folder: Path | None,
    version: str,
    files: Sequence[str | Path],
    earlier: Earlier | None,
) -> tuple[Linked, pa.Table | None]:
    """How the alerts of the view `alerts`, which are those of some files, are linked.

    As it was kept; or as they were in an earlier version, to which the later ones are added (then also what changed:
    `Linked.with_more`); or by a rule that is learned from all.
    """
    kept = None if folder is None else _kept(folder, version)
    if kept is not None:
        return kept, None
    before = None if folder is None or earlier is None else _kept(folder, earlier.version)
    if before is not None and earlier is not None:
        with suppress(OSError, ValueError, IndexError, duckdb.Error, pa.ArrowException), database() as beside:
            view_files(beside, earlier.others(files))
            joined = before.with_more(read_alerts(beside, before.categories))
            if joined is not None:
                return joined
    return link_all(connection), None


def _kept(folder: Path, version: str) -> Linked | None:
    try:
        return Linked.read(links_file(folder, version))
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return None


def _order(moment: IntArray, ids: pa.Array) -> IntArray:
    """The order of alerts by their times, equal ones by their ids."""
    table = pa.table({"moment": moment, "alert_id": ids})
    return np.asarray(pc.sort_indices(table, [("moment", "ascending"), ("alert_id", "ascending")])).astype(np.int64)


def _with(known: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any]) -> IntArray:
    """Rows of known alerts whose source's incident is one of those of some other alerts."""
    asked = np.unique(wanted[wanted != 0])
    bucket = np.zeros(_BUCKETS, bool)
    bucket[asked % _BUCKETS] = True
    rows = np.flatnonzero(bucket[known % _BUCKETS])  # of all alerts only few have to be compared
    return rows[np.isin(known[rows], asked)]


def _components(rows: IntArray, parent: IntArray, same: np.ndarray[Any, Any]) -> IntArray:
    """A number for the incident of each of some alerts, from 0; `rows` in order, all of whole incidents."""
    child = np.flatnonzero(parent[rows] >= 0)
    of_parent = np.searchsorted(rows, parent[rows[child]])
    ids = same[rows]
    order = np.argsort(ids, kind="stable")
    again = (ids[order[1:]] == ids[order[:-1]]) & (ids[order[1:]] != 0)
    start = np.concatenate([child, order[:-1][again]])
    stop = np.concatenate([of_parent, order[1:][again]])
    graph = coo_array((np.ones(len(start), np.int8), (start, stop)), shape=(len(rows), len(rows)))
    found = connected_components(graph, directed=False)[1] if len(rows) else np.empty(0)
    return np.asarray(found, np.int64)
