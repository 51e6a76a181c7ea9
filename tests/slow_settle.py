"""Which row of an import is new, which changes a known alert, which says nothing new.

A source may repeat an id with other content (one row a victim). Such rows are several alerts of one alert:
`ID`, `ID#2`, `ID#3`. A `#` that a source writes itself is doubled in our ids, and what has no id begins with a single
`#`; so no id of one alert can be an id of another. Within an alert a row first looks for the stored alert that
says the same; what is left takes the stored alerts that nobody claimed, in order, as their new content; the rest is
new. So a second import of the same file, in whatever order, adds nothing, and one victim's row sent alone does not
overwrite another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

NEW, UPDATED, DUPLICATE = "new", "updated", "duplicate"
MARK: Final = "#"


def base_ids(incidents: pd.Series, contents: pd.Series) -> pd.Series:
    """The id of the first alert of each alert; for rows without an alert it is made of their content."""
    named = incidents.str.replace(MARK, MARK * 2, regex=False)
    return named.where(incidents.notna(), MARK + contents)


def with_ordinal(base: str, ordinal: int) -> str:
    """The id of an alert's alert by its number, from 1."""
    return base if ordinal == 1 else f"{base}{MARK}{ordinal}"


def settle(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Decide over all rows of an import.

    Parameters
    ----------
    rows, known : DataFrame
        Columns alert_id (unique), incident_id (missing where the source gives none) and content_hash, in this order;
        `rows` in the order of the file, `known` the stored alerts.

    Returns
    -------
    DataFrame
        Index as `rows`: alert_id (settled) and action ("new", "updated" or "duplicate").
    """
    ids, incidents, contents = (_texts(rows[name]) for name in ("alert_id", "incident_id", "content_hash"))
    at = pc.index_in(ids, value_set=_texts(known["alert_id"]))
    same = pc.equal(_texts(known["content_hash"]).take(at), contents)
    action = np.select(
        [pc.fill_null(same, False).to_numpy(False), at.is_valid().to_numpy(False)], [DUPLICATE, UPDATED], NEW
    )
    settled = pd.DataFrame({"alert_id": ids.to_numpy(False), "action": action.astype(object)}, index=rows.index)
    known_incidents = _texts(known["incident_id"])
    shared = _shared(incidents, known_incidents, _texts(known["alert_id"]))
    if len(shared):
        stored: dict[str, list[tuple[str, str]]] = {}
        for alert, incident, content in known[_among(known_incidents, shared)].itertuples(index=False, name=None):
            stored.setdefault(incident, []).append((alert, content))
        for incident, group in rows[_among(incidents, shared)].groupby("incident_id", sort=False):
            base = str(incident).replace(MARK, MARK * 2)
            before = sorted(stored.get(str(incident), []), key=partial(_ordinal, base))
            named, actions = _incident(base, group["content_hash"].tolist(), before)
            settled.loc[group.index, "alert_id"] = named
            settled.loc[group.index, "action"] = actions
    return settled


def _texts(column: pd.Series) -> Any:
    return pa.array(column, pa.string(), from_pandas=True)


def _among(incidents: Any, shared: Any) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.is_in(incidents, value_set=shared).to_numpy(False), bool)


def _shared(incidents: Any, known: Any, known_ids: Any) -> Any:
    """Alerts of the file with more than one alert in the file or in the store, or whose first alert was undone."""
    told = incidents.drop_null()
    among = pc.is_in(known, value_set=told.unique())
    later = pc.and_(among, pc.not_equal(pc.replace_substring(known, MARK, MARK * 2), known_ids))
    repeated = [_repeated(told), _repeated(known.filter(among).drop_null()), pc.unique(known.filter(later).drop_null())]
    return pa.concat_arrays(repeated).unique()


def _repeated(texts: Any) -> Any:
    counted = texts.value_counts()
    return counted.field("values").filter(pc.greater(counted.field("counts"), 1))


def _ordinal(base: str, pair: tuple[str, str]) -> int:
    return 1 if pair[0] == base else int(pair[0].removeprefix(base + MARK))


def _incident(base: str, contents: Sequence[str], stored: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Ids and actions of one alert's rows; `stored` are its (alert_id, content_hash) in ordinal order."""
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
        while (name := with_ordinal(base, ordinal)) in taken:
            ordinal += 1
        ids[place] = name
        taken.add(name)
    return [str(found) for found in ids], actions
