"""Completeness: how much of each column is filled, over all alerts and by month."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import pandas as pd

from curim_data.model import Gender, Message, Status

KNOWN_GENDERS: Final = (Gender.WOMAN.value, Gender.MAN.value, Gender.OTHER.value)
COLUMNS: Final = {
    "reported_at": Message("When it was reported"),
    "occurred_from": Message("When it happened"),
    "hour": Message("Time of day"),
    "coordinates": Message("Coordinates"),
    "district": Message("District"),
    "category": Message("Category of the city's list"),
    "affected_gender": Message("Gender of the person affected"),
    "reporter_gender": Message("Gender of the reporter"),
    "age_band": Message("Age of the person affected"),
    "severity": Message("Severity"),
    "feeling": Message("Feeling of safety"),
    "resolved_at": Message("When it was resolved, where it was"),
}


def completeness(table: Any, categories: Collection[str]) -> pd.DataFrame:
    """Filled values by column and month.

    A gender counts as filled where it is a gender (not undisclosed, not unknown), a category where the city's list
    holds it, the time it was resolved among resolved alerts alone. A report at the very moment of the event counts as
    not reported: where a file has one time only, it stands in for the other.

    Returns
    -------
    DataFrame
        column (a key of `COLUMNS`), month (timestamp; missing in the rows over all months), n, filled, share.
    """
    resolved = table.status == Status.RESOLVED.value
    filled = {
        "reported_at": table.occurred_from.isnull() | (table.reported_at != table.occurred_from),
        "occurred_from": table.occurred_from.notnull(),
        "hour": table.hours.length() > 0,
        "coordinates": table.longitude.notnull() & table.latitude.notnull(),
        "district": table.district.notnull(),
        "category": table.category.isin(sorted(categories)) if categories else resolved & False,
        "affected_gender": table.affected_gender.isin(KNOWN_GENDERS),
        "reporter_gender": table.reporter_gender.isin(KNOWN_GENDERS),
        "age_band": table.age_band.notnull(),
        "severity": table.severity.notnull(),
        "feeling": table.feeling.notnull(),
        "resolved_at": resolved & table.resolved_at.notnull(),
    }
    sums = {name: test.fill_null(False).sum() for name, test in filled.items()}
    asked = {"n": table.count(), "of_resolved": resolved.sum()}
    wide = table.group_by("month").aggregate(**asked, **sums).to_pandas()
    wide["month"] = pd.to_datetime(wide["month"])
    parts = []
    for name in COLUMNS:
        n = wide["of_resolved" if name == "resolved_at" else "n"]
        parts.append(pd.DataFrame({"column": name, "month": wide["month"], "n": n, "filled": wide[name]}))
    months = pd.concat(parts, ignore_index=True).sort_values(["column", "month"], kind="stable")
    whole = months.groupby("column", sort=False)[["n", "filled"]].sum().reset_index()
    whole.insert(1, "month", pd.Series(pd.NaT, index=whole.index))
    frame = pd.concat([whole.astype({"month": "datetime64[ns]"}), months.astype({"month": "datetime64[ns]"})])
    frame[["n", "filled"]] = frame[["n", "filled"]].astype("int64")
    frame["share"] = (frame["filled"] / frame["n"]).where(frame["n"] > 0)
    order = {name: at for at, name in enumerate(COLUMNS)}
    return frame.sort_values(["column", "month"], key=lambda c: c.map(order) if c.name == "column" else c,
                             na_position="first", ignore_index=True)  # fmt: skip
