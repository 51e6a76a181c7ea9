"""Alerts that may report the same event: several reports of one incident, and near-duplicates of other incidents.

Nothing is removed: near-duplicates may be two witnesses, or two events.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import ibis
import pandas as pd

from curim_data.engine import Source
from curim_data.quality.times import MONTH
from curim_data.query import at_points

NEAR_M: Final = 50.0
NEAR_HOURS: Final = 48
MOST_PAIRS: Final = 200
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
    """Look for near-duplicates, set-based: alerts meet in buckets of 50 m and 48 h and in the neighbouring ones."""
    base = _base(source, default_points)
    of = int(base.count().to_pyarrow().as_py())
    keys = ["category", "bx", "by", "bt"]
    crowds = base.group_by(keys).aggregate(n=base.count())
    likely = crowds.aggregate(n=(crowds.n * (crowds.n - 1)).sum()).to_pyarrow().to_pylist()[0]["n"] or 0
    none = pd.DataFrame(columns=["first", "second", "category", "metres", "hours"])
    if likely > MOST_COMPARISONS:
        return NearDuplicates(0, 0, of, pd.DataFrame(columns=["category", "pairs"]), none, too_many=True)
    found = _pairs(base).cache()
    by_category = (
        found.group_by("category")
        .aggregate(pairs=found.count(), early=(found.hours < NEAR_HOURS / 2).sum())
        .to_pandas()
    )
    ids = found.select(alert=found.first).union(found.select(alert=found.second), distinct=True)
    listed = found.order_by(["hours", "metres", "first", "second"]).limit(MOST_PAIRS).to_pandas()
    return NearDuplicates(
        pairs=int(by_category["pairs"].sum()),
        alerts=int(ids.count().to_pyarrow().as_py()),
        of=of,
        by_category=by_category[["category", "pairs"]].sort_values(
            ["pairs", "category"], ascending=[False, True], ignore_index=True
        ),
        listed=listed,
        first_day=int(by_category["early"].sum()),
    )


def _base(source: Source, default_points: pd.DataFrame) -> Any:
    """The alerts to compare: id, incident, category, position, seconds, and their buckets."""
    table = source.table
    table = table.filter(table.x.notnull() & table.y.notnull() & (table.time_precision != MONTH))
    table = table.filter(~at_points(table, default_points))
    seconds = ibis.coalesce(table.occurred_from, table.reported_at).epoch_seconds()
    return table.select(
        "alert_id",
        "incident_id",
        "category",
        "x",
        "y",
        at=seconds,
        bx=(table.x / NEAR_M).floor().cast("int64"),
        by=(table.y / NEAR_M).floor().cast("int64"),
        bt=(seconds / (NEAR_HOURS * 3600.0)).floor().cast("int64"),
    )


def _pairs(base: Any) -> Any:
    """Each pair once: every alert is sent to half of the 27 buckets around its own, and to its own."""
    steps = [step for step in product((-1, 0, 1), repeat=3) if step >= (0, 0, 0)]
    offsets = ibis.array([ibis.struct({"dx": dx, "dy": dy, "dt": dt}) for dx, dy, dt in steps])
    sent = base.mutate(step=offsets.unnest())
    sent = sent.select(
        category=sent.category,
        bx=sent.bx + sent.step["dx"],
        by=sent.by + sent.step["dy"],
        bt=sent.bt + sent.step["dt"],
        own=(sent.step["dx"] == 0) & (sent.step["dy"] == 0) & (sent.step["dt"] == 0),
        id_1=sent.alert_id,
        incident_1=sent.incident_id,
        x_1=sent.x,
        y_1=sent.y,
        at_1=sent.at,
    )
    met = sent.join(base.view(), ["category", "bx", "by", "bt"])
    metres = ((met.x - met.x_1) ** 2 + (met.y - met.y_1) ** 2).sqrt()
    hours = (met.at - met.at_1).abs() / 3600.0
    other = met.incident_id.isnull() | met.incident_1.isnull() | (met.incident_id != met.incident_1)
    met = met.filter((~met.own | (met.id_1 < met.alert_id)) & other & (metres <= NEAR_M) & (hours <= float(NEAR_HOURS)))
    return met.select(
        first=ibis.least(met.id_1, met.alert_id),
        second=ibis.greatest(met.id_1, met.alert_id),
        category=met.category,
        metres=((met.x - met.x_1) ** 2 + (met.y - met.y_1) ** 2).sqrt(),
        hours=(met.at - met.at_1).abs() / 3600.0,
    )


@dataclass(frozen=True)
class Incidents:
    """Incidents of which the store holds several alerts: how many, their alerts, and the most of one.

    `several_categories`: alerts of more than one category, each counted once in totals and once in each category.
    """

    incidents: int
    alerts: int
    most: int
    several_categories: int


def incidents(table: Any) -> Incidents:
    """Several reports of one incident."""
    named = table.filter(table.incident_id.notnull())
    groups = named.group_by("incident_id").aggregate(n=named.count())
    groups = groups.filter(groups.n > 1)
    row = groups.aggregate(k=groups.count(), n=groups.n.sum(), most=groups.n.max()).to_pyarrow().to_pylist()[0]
    further = table.filter(table.more_categories.length() > 0).count().to_pyarrow().as_py()
    return Incidents(int(row["k"]), int(row["n"] or 0), int(row["most"] or 0), int(further))
