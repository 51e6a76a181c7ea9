"""Id collisions: ids that exports of two kinds share, of the same alerts or of others that are numbered alike.

Two systems that number from 1 give the same ids to different alerts, and the second would overwrite the first. So a
person is asked. Ids of other alerts get the name of their format as a prefix (`open311:17`); once the store holds such
ids, later exports of that format get it without asking.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.formats import GUESSED
from curim_data.formats.base import Layout
from curim_data.importing.mapping import FORMAT as MAPPED
from curim_data.importing.profiling import FileProfile
from curim_data.importing.roles import RoleColumns
from curim_data.model import Answers, Message, Question
from curim_data.model.questions import Choice

SAME: Final = "same"
OWN: Final = "own"

_COUNTS: Final = """
WITH found AS (
    SELECT incident_id, source, incident_id IN (SELECT id FROM ids) AS same, list_contains($kin, source) AS kin,
        incident_id IN (SELECT $prefix || id FROM ids) AS own
    FROM read_parquet($stored)
)
SELECT count(*) FILTER (own), count(*) FILTER (same AND kin),
    count(DISTINCT incident_id) FILTER (same AND NOT kin), list(DISTINCT source) FILTER (same AND NOT kin)
FROM found
"""


def id_prefix(profile: FileProfile, layout: Layout, stored: Sequence[str], answers: Answers, name: str) -> str:
    """Return the prefix that keeps the ids of a file apart from those of another kind of export; mostly "".

    Parameters
    ----------
    profile : FileProfile
        Its sample gives the ids to look for, at most 50,000.
    stored : sequence of str
        Parquet files of the stored alerts.

    Raises
    ------
    Question
        Where ids of the file are known from another kind of export, and from none of its own kind.
    """
    if "alert_id" not in layout.roles or not stored:
        return ""
    table, _ = profile.sample
    ids = pc.unique(RoleColumns(table, layout, profile.labels)["alert_id"])
    ids = ids.filter(pc.not_equal(ids, ""))
    prefix = f"{layout.format}:"
    kin = [GUESSED, MAPPED] if layout.format in (GUESSED, MAPPED) else [layout.format]
    with duckdb.connect(":memory:") as engine:
        engine.register("ids", pa.table({"id": ids}))
        asked = {"prefix": prefix, "kin": kin, "stored": list(stored)}
        own, of_kin, other, sources = engine.execute(_COUNTS, asked).fetchone() or (0, 0, 0, [])
    if answers.ids == OWN or (answers.ids is None and own):
        return prefix
    if answers.ids == SAME or of_kin or not other:
        return ""
    raise Question(
        "ids",
        "--ids",
        Message(
            "{name}: {n} ids of this file are known from another kind of export ({sources}). Are they the same alerts?",
            {"name": name, "n": int(other), "sources": ", ".join(sorted(sources))},
        ),
        (
            Choice(SAME, Message("The same alerts: this file brings them up to date")),
            Choice(OWN, Message("Other alerts that happen to have the same ids: both stay")),
        ),
    )


def with_prefix(alerts: pa.Table, prefix: str) -> pa.Table:
    """Put the prefix before the ids that the source gave."""
    if not prefix:
        return alerts
    where = alerts.schema.get_field_index("incident_id")
    ids = pc.binary_join_element_wise(pa.scalar(prefix), alerts["incident_id"], "")
    return alerts.set_column(where, alerts.schema.field(where), ids.cast(pa.string()))
