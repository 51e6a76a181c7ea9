"""Studies that need the place and time of single alerts, which never leave `curim_data`: near repeats (the Knox test),
and points on a map of few alerts, for audiences with exact counts and never of sensitive categories.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.space_time import HOURS, METRES, Band, KnoxResult, Metric, bands_for, first_alerts, knox
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import BoolArray, Message, Num, Translator
from curim_data.model.sql import at_points, coded, count_if, split_list
from curim_data.privacy import DisclosureError, sensitive_categories
from curim_data.quality.positions import coordinate_step
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
    usable, (n, unmapped, on_default, monthly) = _usable(source, f, BY_MONTH)
    read = source.alerts.frame(COLUMNS, usable, "ORDER BY local_date, alert_id")
    if len(read) > MOST_EVENTS:  # the same ones each time
        read = read.sample(MOST_EVENTS, random_state=0).sort_index().reset_index(drop=True)
    read["day"] = (pd.to_datetime(read["local_date"]) - pd.Timestamp(0)) // pd.Timedelta(days=1)
    kept = read[_is_first(read)]
    frame = kept[["x", "y", "day"]].reset_index(drop=True)
    return Events(frame, n, unmapped, on_default, monthly, len(read) - len(kept), len(read))


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
    kinds = sensitive_categories(source)
    sensitive = coded("theme", source.alerts.levels, lambda theme: not kinds.isdisjoint(split_list(theme)))
    shown, (n, unmapped, on_default, hidden) = _usable(source, f, sensitive)
    counted = source.alerts.frame("category, count(*) AS n", shown, "GROUP BY 1")
    counts = counted.set_index("category")["n"].sort_values(ascending=False, kind="stable")
    frame: pd.DataFrame | None = None
    if n - unmapped - on_default - hidden <= MOST_MAP_POINTS:
        frame = source.alerts.frame("longitude, latitude, category, local_date", shown, "ORDER BY local_date, alert_id")
        frame[["longitude", "latitude"]] = frame[["longitude", "latitude"]].round(5)
    return MapPoints(frame, counts, n, unmapped, on_default, hidden)


def _usable(source: Source, f: AlertFilter, last: str) -> tuple[list[str], tuple[int, int, int, int]]:
    """The conditions in SQL of the alerts that are left, and the numbers of all under the filter, of those without a
    position on the city's land, at default coordinates, and for which the condition `last` holds.
    """
    chosen = f.conditions(query.dates(source, f), source.city, source.alerts.levels)
    points = at_points(default_points(source))
    found = source.alerts.one(
        f"count(*) AS n, {count_if('inside')} AS inside, {count_if(f'inside AND {points}')} AS standing, "
        f"{count_if(f'inside AND NOT {points} AND ({last})')} AS hidden",
        chosen,
    )
    numbers = found["n"], found["n"] - found["inside"], found["standing"], found["hidden"]
    return [*chosen, "inside", f"NOT {points}", f"NOT ({last})"], numbers


def _is_first(read: pd.DataFrame) -> BoolArray:
    """Whether a row is the first alert of its incident (`analysis.space_time`)."""
    hours = read["moment"] / 3.6e9
    same = read.groupby(["source", "incident_id"]).ngroup().fillna(-1).to_numpy(int)
    first = first_alerts(read["x"], read["y"], hours.where(read["hour"].notna()), read["category"], same)
    return np.asarray(first == np.arange(len(read)))


PERMUTATIONS: Final = 999
PERMUTATIONS_A_BAND: Final = 25
MOST_PAIRS: Final = 200_000  # within the largest distance: about two seconds for the permutations
LASTING_SHARE: Final = 0.5
METRICS: Final[Mapping[Metric, Message]] = {
    "euclidean": Message("Distances are measured in a straight line (Euclidean)."),
    "manhattan": Message(
        "Distances are measured along the two axes of the map, east–west and north–south (Manhattan): nearer to the "
        "way on foot where streets run so, and never shorter than the straight line."
    ),
}


@dataclass(frozen=True)
class NearRepeatStudy:
    """The Knox test under a filter. `knox` is None where fewer than 20 events are left, or where `lacking` says that
    the days are not known.

    `n` alerts under the filter, `used` events among them that were tested.
    """

    knox: KnoxResult | None
    n: int
    used: int
    choices: tuple[Choice, ...]
    lacking: Message | None = None

    def sentence(self, t: Translator) -> str:
        """The nearest and soonest pattern in plain words, or that there is none; and whether all alerts were tested."""
        if self.lacking is not None:
            return t("Repeats within days cannot be looked for.") + " " + t(self.lacking)
        if self.knox is None:
            return t("Too few incidents with a place and a day to look for repeats: {n}.", n=self.used)
        return " ".join([self.knox.sentence(t), *(t(choice.explanation) for choice in self.knox.choices)])

    def caution(self, t: Translator) -> str:
        """Where the excess lasts: that it may be a place that became busier, which the test cannot tell apart."""
        lasting = _lasting(self.knox) if self.knox is not None else None
        if lasting is None:
            return ""
        soon, later = lasting
        return t(
            "The excess hardly fades with time: {first} times as many within {soon} days, {second} times as many "
            "{low} to {high} days apart. That is what a place makes that became busier for a while, rather than "
            "incidents that bring others: look at this place over time.",
            first=Num(soon.ratio, 1),
            second=Num(later.ratio, 1),
            soon=round(soon.time.high),
            low=round(later.time.low),
            high=round(later.time.high),
        )


def _lasting(found: KnoxResult) -> tuple[Band, Band] | None:
    """The two soonest bands of the nearest distance, where both are patterns and the later keeps half the excess."""
    near = [band for band in found.near if band.space == found.near[0].space][:2]
    if len(near) < 2 or not all(band.pattern for band in near):
        return None
    soon, later = near
    return (soon, later) if later.ratio - 1 >= LASTING_SHARE * (soon.ratio - 1) else None


def near_repeat_study(
    source: Source,
    f: AlertFilter,
    *,
    permutations: int = PERMUTATIONS,
    metric: Metric = "euclidean",
) -> NearRepeatStudy:
    """Near repeats under a filter, in bands that the precision of the coordinates allows.

    `permutations`: never fewer than 25 for each band; with 20 or fewer no single band could pass the correction.
    `metric`: straight distances, or along two axes at right angles ("manhattan"), as in a quarter whose streets run so.
    DisclosureError for an audience that may not see single alerts.
    """
    events = read_events(source, f)
    if (lacking := source.lacks("day")) is not None:
        return NearRepeatStudy(None, events.n, 0, (), lacking)
    if len(events.frame) < LEAST_EVENTS:
        return NearRepeatStudy(None, events.n, len(events.frame), events.choices)
    bands = bands_for(coordinate_step(source))
    runs = max(permutations, PERMUTATIONS_A_BAND * len(bands.space) * len(bands.time) - 1)
    found = knox(
        events.frame["x"],
        events.frame["y"],
        events.frame["day"],
        space=bands.space,
        time=bands.time,
        permutations=runs,
        most_pairs=MOST_PAIRS,
        metric=metric,
    )
    choices = (bands.choice, Choice("metric", metric, METRICS[metric]), *events.choices, *found.choices)
    return NearRepeatStudy(found, events.n, found.n_used, choices)
