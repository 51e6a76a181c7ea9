"""Alerts that may report the same event: several reports of one incident, and near-duplicates of other incidents.

Nothing is removed: near-duplicates may be two witnesses, or two events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from curim_data.engine import Relation, Source
from curim_data.model.sql import all_of, at_points, coded, split_list
from curim_data.quality.times import MONTH

NEAR_M: Final = 50.0
NEAR_HOURS: Final = 48
MOST_PAIRS: Final = 200
_HOUR: Final = 3_600_000_000  # microseconds
# Comparisons of alerts in the same category, 50 m and 48 h beyond which pairs are not looked for.
MOST_COMPARISONS: Final = 20_000_000


@dataclass(frozen=True)
class NearDuplicates:
    """Pairs of alerts of the same category, within 50 m and 48 h, of other incidents.

    `pairs` all pairs, `alerts` the alerts in them, `of` the alerts that were compared (with a position off default
    coordinates and a time better than the month). `by_category`: category, pairs. `listed`: at most 200 pairs, the
    nearest in time first: first, second (alert ids), category, metres, hours. `first_day`: pairs less than 24 hours
    apart; chance alone would put half of them there. None of it is known where `too_many`.
    """

    pairs: int
    alerts: int
    of: int
    by_category: pd.DataFrame
    listed: pd.DataFrame
    too_many: bool = False
    first_day: int = 0


def near_duplicates(source: Source, default_points: pd.DataFrame) -> NearDuplicates:
    """Look for near-duplicates, by a tree of the alerts of each category in space and time."""
    usable = ["x IS NOT NULL", f"time_precision <> '{MONTH}'", f"NOT {at_points(default_points)}"]
    of, likely = source.alerts.one("count(*) AS n", usable)["n"], _comparisons(source.alerts, usable)
    none = pd.DataFrame(columns=["first", "second", "category", "metres", "hours"])
    if likely > MOST_COMPARISONS:
        return NearDuplicates(0, 0, of, pd.DataFrame(columns=["category", "pairs"]), none, too_many=True)
    columns = "alert_id, incident_id, category, x, y, coalesce(occurred_from_us, reported_at_us) AS at"
    alerts = source.alerts.frame(columns, usable)
    found = pd.concat([none, *(_pairs(part) for _, part in alerts.groupby("category"))], ignore_index=True)
    by_category = found.groupby("category").size().rename("pairs").reset_index()
    return NearDuplicates(
        pairs=len(found),
        alerts=int(pd.concat([found["first"], found["second"]]).nunique()),
        of=of,
        by_category=by_category.sort_values(["pairs", "category"], ascending=[False, True], ignore_index=True),
        listed=found.sort_values(["hours", "metres", "first", "second"], ignore_index=True).head(MOST_PAIRS),
        first_day=int((found["hours"] < NEAR_HOURS / 2).sum()),
    )


def _comparisons(alerts: Relation, usable: list[str]) -> int:
    """About how many pairs are near each other: those that share a square of 50 m and 48 hours, both ways."""
    square = ", ".join(f"floor({name} / {NEAR_M}e0)" for name in ("x", "y"))
    hours = f"floor(coalesce(occurred_from_us, reported_at_us) / {_HOUR * NEAR_HOURS}.0e0)"
    crowds = f"SELECT count(*) AS n FROM {alerts.name}{all_of(usable)} GROUP BY category, {square}, {hours}"
    found = alerts.ask(f"SELECT CAST(sum(n * (n - 1)) AS BIGINT) AS pairs FROM ({crowds}) AS crowds")
    return int(found["pairs"][0].as_py() or 0)


def _pairs(alerts: pd.DataFrame) -> pd.DataFrame:
    """Each pair of alerts of one category within reach, once, of other incidents."""
    from scipy.spatial import cKDTree  # here, since it is slow to load

    alerts = alerts.reset_index(drop=True)
    at = alerts[["x", "y", "at"]].to_numpy(float)
    # All within the cube that holds the cylinder: 50 m in each direction of space, and 48 hours as 50 m of time.
    scaled = at * [1.0, 1.0, NEAR_M / (_HOUR * NEAR_HOURS)]
    one, other = cKDTree(scaled).query_pairs(NEAR_M * (1 + 1e-9), p=np.inf, output_type="ndarray").T
    metres = np.hypot(at[one, 0] - at[other, 0], at[one, 1] - at[other, 1])
    hours = np.abs(at[one, 2] - at[other, 2]) / _HOUR
    incident = alerts["incident_id"]
    same = incident.to_numpy(object)[one] == incident.to_numpy(object)[other]
    near = (metres <= NEAR_M) & (hours <= NEAR_HOURS) & ~(same & incident.notna().to_numpy()[one])
    ids = np.sort(alerts["alert_id"].to_numpy(object)[np.c_[one[near], other[near]]], axis=1)
    frame = pd.DataFrame(ids, columns=["first", "second"])
    return frame.assign(category=alerts["category"].iloc[0], metres=metres[near], hours=hours[near])


@dataclass(frozen=True)
class Incidents:
    """Incidents of which the store holds several alerts: how many, their alerts, and the most of one.

    `several_categories`: alerts of more than one category, each counted once in totals and once in each category.
    """

    incidents: int
    alerts: int
    most: int
    several_categories: int


def incidents(alerts: Relation) -> Incidents:
    """Several reports of one incident."""
    groups = f"SELECT count(*) AS n FROM {alerts.name} WHERE incident_id IS NOT NULL GROUP BY incident_id"
    found = alerts.ask(
        f"SELECT count(*) AS incidents, CAST(sum(n) AS BIGINT) AS alerts, max(n) AS most FROM ({groups}) AS named "
        "WHERE n > 1"
    ).to_pylist()[0]
    several = coded("theme", alerts.levels, lambda theme: len(split_list(theme)) > 1)
    further = alerts.one("count(*) AS n", [several])["n"]
    return Incidents(found["incidents"], found["alerts"] or 0, found["most"] or 0, further)
