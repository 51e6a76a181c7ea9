"""Which stored alerts report the same incident, and what is known of it; `curim_data.engine.linked` finds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.engine.codes import BATCH, codes, encoded
from curim_data.model import IntArray, Message

# Of ids only those that may be repeated are read: their hashes are, and those of few others.
TWICE: Final = """
    WITH twice AS (
        SELECT hash(source, incident_id) AS id FROM alerts WHERE incident_id IS NOT NULL
        GROUP BY id HAVING count(*) > 1
    )"""
ID: Final = "source || chr(31) || incident_id"
MOMENT: Final = "epoch_us(coalesce(occurred_from, reported_at)) AS moment"
READ_IDS: Final = f"""{TWICE}
    SELECT alert_id, {ID} AS incident_id, {MOMENT}
    FROM alerts JOIN twice ON twice.id = hash(source, incident_id)"""


@dataclass(frozen=True)
class IncidentFacts:
    """How many incidents the stored alerts report, and by which rule they were linked, in words."""

    alerts: int
    incidents: int
    rule: Message

    @property
    def repeated(self) -> bool:
        """Whether some incident has several alerts."""
        return self.incidents < self.alerts

    def as_json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        rule = {"text": self.rule.text, "values": dict(self.rule.values)}
        return {"alerts": self.alerts, "incidents": self.incidents, "rule": rule}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> IncidentFacts:
        """Out of what `as_json` gave; TypeError, KeyError or ValueError for something else."""
        rule = value["rule"]
        return cls(int(value["alerts"]), int(value["incidents"]), Message(str(rule["text"]), dict(rule["values"])))


def found_by_ids(connection: duckdb.DuckDBPyConnection, rule: Message) -> tuple[IncidentFacts, pa.Table]:
    """The incidents of the view `alerts` by the ids of their source alone, which follow from a `rule` already.

    The table has the columns alert_id, incident (int32, a number from 0) and report (int32, 0 for the first report, in
    the order of their times), for alerts whose incident has several; all others stand alone.
    """
    counted = connection.execute("SELECT count(*) FROM alerts").fetchone()
    n = int(counted[0]) if counted else 0
    read = encoded(connection.execute(READ_IDS).to_arrow_reader(BATCH), ("incident_id",))
    order = by_time(read)
    labels = _by_id(same_ids(read["incident_id"].take(order)))
    alone = n - len(labels)
    return IncidentFacts(n, alone + len(np.unique(labels)), rule), shared(read["alert_id"], order, labels)


def by_time(read: pa.Table) -> pa.Array:
    """The order of alerts by their times, equal ones by their ids."""
    return pc.sort_indices(read, [("moment", "ascending"), ("alert_id", "ascending")])


def shared(ids: pa.ChunkedArray, order: pa.Array, labels: IntArray) -> pa.Table:
    """The table of the alerts whose incident has several; `ids` in the order of the files, `labels` in `order`."""
    incidents, report, shared = numbered(labels)
    return pa.table(
        {
            "alert_id": ids.take(order.filter(pa.array(shared))),
            "incident": pa.array(incidents[shared], pa.int32()),
            "report": pa.array(report[shared], pa.int32()),
        }
    )


def told(linking: Any, n: int, incidents: int) -> IncidentFacts:
    """How many incidents so many alerts report, with the rule of the linking."""
    counts = {"n": n, "incidents": incidents} if linking.linked else {}
    return IncidentFacts(n, incidents, Message(linking.message.text, {**linking.message.values, **counts}))


def _by_id(same: IntArray) -> IntArray:
    """A label for each alert: that of its id, or one of its own."""
    return np.where(same >= 0, same, len(same) + np.arange(len(same)))


def numbered(labels: IntArray) -> tuple[IntArray, IntArray, Any]:
    """For each alert the number of its incident, its place among the incident's reports, and whether it has others."""
    _, incident, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    order = np.argsort(incident, kind="stable")
    starts = np.cumsum(sizes) - sizes
    report = np.empty(len(labels), np.int64)
    report[order] = np.arange(len(labels)) - np.repeat(starts, sizes)
    return incident, report, sizes[incident] > 1


def same_ids(ids: pa.ChunkedArray) -> IntArray:
    """Codes of the ids that several alerts of one source share; -1 for all others."""
    found = codes(ids)[0].astype(np.int64)
    found = np.where(found >= 0, pd.factorize(found)[0], -1)  # numbered as they come, whatever the files' order
    counts = np.bincount(found[found >= 0], minlength=1)
    return np.where((found >= 0) & (counts[np.maximum(found, 0)] > 1), found, -1)
