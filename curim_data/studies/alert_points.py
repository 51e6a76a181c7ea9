"""Where and when single alerts were: for studies that need the points themselves, which never leave `curim_data`, and
for a map of few alerts (`read_map_points`), for audiences with exact counts and never of sensitive categories.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.space_time import HOURS, METRES, first_alerts
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import BoolArray, Message
from curim_data.model.sql import at_points, coded, count_if, split_list
from curim_data.privacy import DisclosureError, sensitive_categories
from curim_data.query import default_points
from curim_data.studies.cells import default_coordinates

LEAST_EVENTS: Final = 20  # of fewer no pattern in space and time is tested
MOST_EVENTS: Final = 200_000
MOST_MAP_POINTS: Final = 6_000  # of more on a map one would cover another
COLUMNS: Final = (
    "x, y, local_date, hour, category, source, incident_id, coalesce(occurred_from_us, reported_at_us) AS moment"
)
BY_MONTH: Final = "time_precision = 'month'"


@dataclass(frozen=True)
class Events:
    """Events under a filter: one row of `frame` each, the earliest first.

    `frame`: x, y (metres), day (whole days since 1970-01-01). Left out of it, in this order: `unmapped` alerts without
    a position on the city's land, those `at_default` coordinates, `by_month` of which only the month is known, and
    `again`: further alerts of an incident whose first is a row. `drawn`: rows read, fewer than there are only above
    200,000.
    """

    frame: pd.DataFrame
    n: int
    unmapped: int
    at_default: int
    by_month: int
    again: int
    drawn: int

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What was left out, and why."""
        choices = [*default_coordinates(self.at_default)]
        if self.by_month:
            message = Message("Alerts of which only the month is known were left out: {n}.", {"n": self.by_month})
            choices.append(Choice("by_month", self.by_month, message))
        available = self.n - self.unmapped - self.at_default - self.by_month
        if self.drawn < available:
            message = Message("A random {used} of {n} alerts were used.", {"used": self.drawn, "n": available})
            choices.append(Choice("drawn", self.drawn, message))
        message = Message(
            "An event that is reported several times would look like a repeat of itself. So of the alerts of one "
            "category within {metres} m and {hours} hours of an earlier one, and of those with one number in their "
            "source, only the first is tested here. Left out: {n}.",
            {"metres": round(METRES), "hours": round(HOURS), "n": self.again},
        )
        return (*choices, Choice("again", self.again, message))


def read_events(source: Source, f: AlertFilter) -> Events:
    """Read the events under a filter. DisclosureError for an audience without exact counts."""
    if source.protected:
        raise DisclosureError(
            Message("Only analysts and specialists may ask this: it needs the place and day of every single alert.")
        )
    chosen = f.conditions(query.dates(source, f), source.city, source.alerts.levels)
    usable = f"inside AND NOT {_at_default(source)}"
    found = source.alerts.one(
        f"count(*) AS n, {count_if('inside')} AS inside, {count_if(f'inside AND {_at_default(source)}')} AS standing, "
        f"{count_if(f'{usable} AND {BY_MONTH}')} AS monthly",
        chosen,
    )
    n, mapped, on_default, monthly = (found[name] for name in ("n", "inside", "standing", "monthly"))
    read = source.alerts.frame(COLUMNS, [*chosen, usable, f"NOT {BY_MONTH}"], "ORDER BY local_date, alert_id")
    if len(read) > MOST_EVENTS:  # the same ones each time
        read = read.sample(MOST_EVENTS, random_state=0).sort_index().reset_index(drop=True)
    read["day"] = (pd.to_datetime(read["local_date"]) - pd.Timestamp(0)) // pd.Timedelta(days=1)
    kept = read[_is_first(read)]
    frame = kept[["x", "y", "day"]].reset_index(drop=True)
    return Events(frame, n, n - mapped, on_default, monthly, len(read) - len(kept), len(read))


@dataclass(frozen=True)
class MapPoints:
    """Alerts as points for a map: `frame` with longitude, latitude (five decimals), category and local_date, by date.

    Left out, in this order: `unmapped` alerts of the `n` without a position on the city's land, those `at_default`
    coordinates, and `sensitive` ones, which are never points. `frame` is None where more than 6,000 would be left: one
    would cover another. `counts`: those alerts by their first category (index), the most frequent first.
    """

    frame: pd.DataFrame | None
    counts: pd.Series
    n: int
    unmapped: int
    at_default: int
    sensitive: int

    @property
    def shown(self) -> int:
        """Alerts that are points, or would be."""
        return int(self.counts.sum())


def read_map_points(source: Source, f: AlertFilter) -> MapPoints:
    """The alerts under a filter that may be drawn as points. DisclosureError for an audience without exact counts.

    An alert is sensitive where any of its categories is.
    """
    if source.protected:
        raise DisclosureError(Message("Single alerts are protected: only analysts and specialists see them on a map."))
    chosen = f.conditions(query.dates(source, f), source.city, source.alerts.levels)
    usable = f"inside AND NOT {_at_default(source)}"
    kinds = sensitive_categories(source)
    sensitive = coded("theme", source.alerts.levels, lambda theme: not kinds.isdisjoint(split_list(theme)))
    found = source.alerts.one(
        f"count(*) AS n, {count_if('inside')} AS inside, {count_if(f'inside AND {_at_default(source)}')} AS standing, "
        f"{count_if(f'{usable} AND ({sensitive})')} AS hidden",
        chosen,
    )
    n, mapped, standing, left_out = (found[name] for name in ("n", "inside", "standing", "hidden"))
    shown = [*chosen, usable, f"NOT ({sensitive})"]
    counted = source.alerts.frame("category, count(*) AS n", shown, "GROUP BY 1")
    counts = counted.set_index("category")["n"].sort_values(ascending=False, kind="stable")
    frame: pd.DataFrame | None = None
    if mapped - standing - left_out <= MOST_MAP_POINTS:
        frame = source.alerts.frame("longitude, latitude, category, local_date", shown, "ORDER BY local_date, alert_id")
        frame[["longitude", "latitude"]] = frame[["longitude", "latitude"]].round(5)
    return MapPoints(frame, counts, n, n - mapped, standing, left_out)


def _at_default(source: Source) -> str:
    return at_points(default_points(source))


def _is_first(read: pd.DataFrame) -> BoolArray:
    """Whether a row is the first alert of its incident (`analysis.space_time`)."""
    hours = read["moment"] / 3.6e9
    same = read.groupby(["source", "incident_id"]).ngroup().fillna(-1).to_numpy(int)
    first = first_alerts(read["x"], read["y"], hours.where(read["hour"].notna()), read["category"], same)
    return np.asarray(first == np.arange(len(read)))
