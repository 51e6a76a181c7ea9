"""Completeness: how much of each column is filled, over all alerts and by month."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import pandas as pd

from curim_data.engine import Relation
from curim_data.model import Gender, Message, Status
from curim_data.model.sql import count_if, is_one_of

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


def completeness(alerts: Relation, categories: Collection[str]) -> pd.DataFrame:
    """Filled values by column and month.

    A gender counts as filled where it is a gender (not undisclosed, not unknown), a category where the city's list
    holds it, the time it was resolved among resolved alerts alone. A report at the very moment of the event counts as
    not reported: where a file has one time only, it stands in for the other.

    Returns
    -------
    DataFrame
        column (a key of `COLUMNS`), month (timestamp; missing in the rows over all months), n, filled, share.
    """
    resolved = f"status = '{Status.RESOLVED.value}'"
    filled = {
        "reported_at": "occurred_from_us IS NULL OR reported_at_us <> occurred_from_us",
        "occurred_from": "occurred_from_us IS NOT NULL",
        "hour": "hour IS NOT NULL",
        "coordinates": "longitude IS NOT NULL AND latitude IS NOT NULL",
        "district": "district IS NOT NULL",
        "category": is_one_of("category", sorted(categories)),
        "affected_gender": is_one_of("affected_gender", KNOWN_GENDERS),
        "reporter_gender": is_one_of("reporter_gender", KNOWN_GENDERS),
        "age_band": "age_band IS NOT NULL",
        "severity": "severity IS NOT NULL",
        "feeling": "feeling IS NOT NULL",
        "resolved_at": f"{resolved} AND resolved_at_us IS NOT NULL",
    }
    counted = {"n": "count(*)", "of_resolved": count_if(resolved)}
    counted |= {f"{name}_filled": count_if(condition) for name, condition in filled.items()}
    listed = ", ".join(f"{how} AS {name}" for name, how in counted.items())
    wide = alerts.frame(f"month, {listed}", then="GROUP BY month")
    wide["month"] = pd.to_datetime(wide["month"])
    parts = []
    for name in COLUMNS:
        n = wide["of_resolved" if name == "resolved_at" else "n"]
        parts.append(pd.DataFrame({"column": name, "month": wide["month"], "n": n, "filled": wide[f"{name}_filled"]}))
    months = pd.concat(parts, ignore_index=True).sort_values(["column", "month"], kind="stable")
    whole = months.groupby("column", sort=False)[["n", "filled"]].sum().reset_index()
    whole.insert(1, "month", pd.Series(pd.NaT, index=whole.index))
    frame = pd.concat([whole.astype({"month": "datetime64[ns]"}), months.astype({"month": "datetime64[ns]"})])
    frame[["n", "filled"]] = frame[["n", "filled"]].astype("int64")
    frame["share"] = (frame["filled"] / frame["n"]).where(frame["n"] > 0)
    order = {name: at for at, name in enumerate(COLUMNS)}
    return frame.sort_values(["column", "month"], key=lambda c: c.map(order) if c.name == "column" else c,
                             na_position="first", ignore_index=True)  # fmt: skip
