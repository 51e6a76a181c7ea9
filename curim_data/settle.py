"""Which row of an import is new, which changes a known alert, which says nothing new.

A source may repeat an id with other content (one row a victim). Such rows are several alerts of one incident:
`ID`, `ID#2`, `ID#3`. Within an incident a row first looks for the stored alert that says the same; what is left takes
the stored alerts that nobody claimed, in order, as their new content; the rest is new. So a second import of the same
file, in whatever order, adds nothing, and one victim's row sent alone does not overwrite another's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

NEW, UPDATED, DUPLICATE = "new", "updated", "duplicate"


def settle(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Decide over all rows of an import.

    Parameters
    ----------
    rows, known : DataFrame
        Columns alert_id (unique), incident_id (missing where the source gives none) and content_hash; `rows` in the
        order of the file, `known` the stored alerts.

    Returns
    -------
    DataFrame
        Index as `rows`: alert_id (settled) and action ("new", "updated" or "duplicate").
    """
    settled = pd.DataFrame({"alert_id": rows["alert_id"], "action": NEW}, index=rows.index)
    stored = known.set_index("alert_id")["content_hash"].reindex(rows["alert_id"]).to_numpy(object)
    met = pd.notna(stored)
    same = met & (stored == rows["content_hash"].to_numpy(object))
    settled["action"] = np.select([same, met], [DUPLICATE, UPDATED], NEW)
    shared = _shared_incidents(rows, known)
    if len(shared):
        in_rows = rows[rows["incident_id"].isin(shared)]
        in_known = known[known["incident_id"].isin(shared)]
        stored_by = dict(list(in_known.groupby("incident_id", sort=False)))
        for incident, group in in_rows.groupby("incident_id", sort=False):
            before = stored_by.get(incident)
            pairs = (
                []
                if before is None
                else sorted(zip(before["alert_id"], before["content_hash"], strict=True), key=_ordinal)
            )
            ids, actions = _incident(str(incident), group["content_hash"].tolist(), pairs)
            settled.loc[group.index, "alert_id"] = ids
            settled.loc[group.index, "action"] = actions
    return settled


def _shared_incidents(rows: pd.DataFrame, known: pd.DataFrame) -> pd.Index:
    """Incidents with more than one alert, in the file or in the store."""
    repeated = rows["incident_id"].dropna().value_counts()
    stored = known.loc[known["incident_id"].isin(rows["incident_id"].dropna()), "incident_id"].value_counts()
    both = repeated.to_frame("rows").join(stored.to_frame("known"), how="left").fillna(0)
    return both.index[(both["rows"] > 1) | (both["known"] > 1)]


def _ordinal(pair: tuple[str, str]) -> tuple[int, str]:
    head, mark, number = pair[0].rpartition("#")
    return (int(number), head) if mark and number.isdigit() else (1, pair[0])


def _incident(incident: str, contents: Sequence[str], stored: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Ids and actions of one incident's rows; `stored` are its (alert_id, content_hash) in ordinal order."""
    free = dict(stored)
    ids: list[str | None] = [None] * len(contents)
    actions = [NEW] * len(contents)
    for place, content in enumerate(contents):
        match = next((known for known, hashed in free.items() if hashed == content), None)
        if match is not None:
            ids[place], actions[place] = match, DUPLICATE
            del free[match]
    taken = {known for known, _ in stored}
    ordinal = 1
    for place, found in enumerate(ids):
        if found is not None:
            continue
        if free:
            ids[place], actions[place] = next(iter(free)), UPDATED
            del free[str(ids[place])]
            continue
        while (name := incident if ordinal == 1 else f"{incident}#{ordinal}") in taken:
            ordinal += 1
        ids[place] = name
        taken.add(name)
    return [str(found) for found in ids], actions
