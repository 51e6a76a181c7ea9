"""Which stored alerts report the same incident: found once for each version of the store (`analysis.incidents`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.model import IntArray, Message

MICROSECONDS_PER_HOUR: Final = 3.6e9
_READ: Final = """
    SELECT alert_id, source, incident_id, x, y, category, time_precision,
           epoch_us(coalesce(occurred_from, reported_at)) AS moment
    FROM alerts ORDER BY moment, alert_id"""


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


def find_incidents(
    connection: duckdb.DuckDBPyConnection, rule: Message | None = None
) -> tuple[IncidentFacts, pa.Table]:
    """Link the alerts of the view `alerts`; by their ids alone where these follow from a `rule` already.

    The table has the columns alert_id, incident (int32, a number from 0) and report (int32, 0 for the first report, in
    the order of their times), for alerts whose incident has several; all others stand alone.
    """
    from analysis.incidents import learn_linking, link_reports  # statistics: who finds them prepared waits for none

    read = connection.execute(_READ).to_arrow_table()
    x, y = (read[name].to_numpy().astype(float) for name in ("x", "y"))
    hours = read["moment"].to_numpy().astype(float) / MICROSECONDS_PER_HOUR
    placed = np.isfinite(x) & np.isfinite(y)
    hours[~placed | pc.equal(read["time_precision"], "month").to_numpy(zero_copy_only=False).astype(bool)] = np.nan
    x, y = np.where(placed, x, 0.0), np.where(placed, y, 0.0)
    category = _codes(read["category"])
    linking = None if rule else learn_linking(x, y, hours, category)
    labels = link_reports(x, y, hours, category, linking, same=_same_ids(read)) if linking else _by_id(read)
    incidents, report, shared = _numbered(labels)
    table = pa.table(
        {
            "alert_id": read["alert_id"].filter(pa.array(shared)),
            "incident": pa.array(incidents[shared], pa.int32()),
            "report": pa.array(report[shared], pa.int32()),
        }
    )
    n, counted = len(labels), len(np.unique(labels))
    return IncidentFacts(n, counted, rule or _told(linking, n, counted)), table


def _told(linking: Any, n: int, incidents: int) -> Message:
    """The rule of the linking, with how many incidents so many alerts report."""
    counts = {"n": n, "incidents": incidents} if linking.linked else {}
    return Message(linking.message.text, {**linking.message.values, **counts})


def _by_id(read: pa.Table) -> IntArray:
    """A label for each alert: that of its id, or one of its own."""
    codes = _same_ids(read)
    return np.where(codes >= 0, codes, len(codes) + np.arange(len(codes)))


def _numbered(labels: IntArray) -> tuple[IntArray, IntArray, Any]:
    """For each alert the number of its incident, its place among the incident's reports, and whether it has others."""
    _, incident, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    order = np.argsort(incident, kind="stable")
    starts = np.cumsum(sizes) - sizes
    report = np.empty(len(labels), np.int64)
    report[order] = np.arange(len(labels)) - np.repeat(starts, sizes)
    return incident, report, sizes[incident] > 1


def _same_ids(read: pa.Table) -> IntArray:
    """Codes of the ids that several alerts of one source share; -1 for all others."""
    ids = pc.binary_join_element_wise(read["source"], read["incident_id"], "\x1f")
    codes = _codes(ids)
    known = codes >= 0
    counts = np.bincount(codes[known], minlength=1)
    return np.where(known & (counts[np.maximum(codes, 0)] > 1), codes, -1)


def _codes(column: pa.ChunkedArray) -> IntArray:
    """A column of texts as codes; -1 where it is missing."""
    array = column.combine_chunks().dictionary_encode()
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return np.asarray(array.indices.fill_null(-1).to_numpy(zero_copy_only=False)).astype(np.int64)
