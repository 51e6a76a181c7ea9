"""Many reports in one place within hours or days, of a filter's period, for an audience."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd

from analysis.hotspots.grouping import h3_name
from analysis.trends.changes import MAIN_SHARE, Change
from analysis.trends.reporting import LEAST, Event, find_events
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import N_, CityProfile, Gender, Translator
from curim_data.model.labels import category_label, inline
from curim_data.model.sql import all_of, at_points
from curim_data.privacy import is_sensitive_category
from curim_data.query import default_points
from curim_data.studies.cells import area_name
from curim_data.studies.changes import PAST_YEARS

SQUARE: Final = "cell_9"
# Weeks with fewer alerts of a category in a square than this are not read: no event of eight in seven days is in them.
LEAST_A_WEEK: Final = 3
COLUMNS: Final = (
    "coalesce(occurred_from_us, reported_at_us) AS moment, hour IS NOT NULL AS hourly, category, district, place, "
    "local_date, week, affected_gender, source, incident_id"
)
MOST_KEPT: Final = 16
MOST_EVENTS: Final = 3
# Shares from which an event is said to concern women, or men, mostly.
MOSTLY: Final = 0.75
Who = Literal["", "all women", "all men", "mostly women", "mostly men"]


# How many alerts within how many hours, by these and by whether the number is a multiple of five that they reach.
_FIRST: Final = {
    (4, False): N_("{n} alerts of {what} within four hours on {day}."),
    (4, True): N_("At least {n} alerts of {what} within four hours on {day}."),
    (24, False): N_("{n} alerts of {what} within a day, {day}."),
    (24, True): N_("At least {n} alerts of {what} within a day, {day}."),
}
_IN_A_WEEK: Final = (
    N_("{n} alerts of {what} within a week, {day} to {last}."),
    N_("At least {n} alerts of {what} within a week, {day} to {last}."),
)
_WHO: Final = {
    "all women": N_("All of them affected women."),
    "all men": N_("All of them affected men."),
    "mostly women": N_("Most of them affected women."),
    "mostly men": N_("Most of them affected men."),
}


@dataclass(frozen=True)
class EventFinding:
    """An event as an audience reads it.

    `n`: alerts; for who sees no exact counts (`rounded`) a multiple of five that they reach, or the least of an event.
    `who`: of those that state whom they affect. `day`: of its first alert, `last` of its last. `filter`: what opens it.
    """

    event: Event
    n: int
    rounded: bool
    who: Who
    day: dt.date
    last: dt.date
    filter: AlertFilter

    @property
    def clear(self) -> bool:
        """Whether it is a clear event; else it is probable."""
        return self.event.grade == "clear"

    @property
    def cell(self) -> str:
        """The name of its map cell."""
        return h3_name(self.event.cell)

    def title(self, city: CityProfile, t: Translator) -> str:
        """What happened where."""
        what, where = self.place_and_category(city, t)
        return t("{what}, {where}", what=what, where=where)

    def place_and_category(self, city: CityProfile, t: Translator) -> tuple[str, str]:
        """What happened, and where."""
        return category_label(t, city, self.event.category), area_name(t, city, self.cell)

    def sentences(self, city: CityProfile, t: Translator) -> tuple[str, ...]:
        """How many within how long, when, whom it concerned, and since when there were never as many."""
        what = inline(category_label(t, city, self.event.category))
        values = {"n": self.n, "what": what, "day": self.day, "last": self.last}
        first = t(_FIRST.get((self.event.hours, self.rounded), _IN_A_WEEK[self.rounded]), **values)
        record = {"record": self.event.record, "since": self.event.past_from}
        if self.rounded:
            never = t("Never before since {since} were there as many in one place so quickly.", **record)
        elif self.clear:
            never = t("Since {since} no category had more than {record} in one place in such a time.", **record)
        else:
            never = t("Since {since} this category never had more than {record} in one place in such a time.", **record)
        return tuple(filter(None, (first, t(_WHO[self.who]) if self.who else "", never)))


def event_study(source: Source, chosen: Source, f: AlertFilter) -> tuple[EventFinding, ...]:
    """The events in a filter's period, at most three. `chosen`: the alerts out of which what is reported is chosen."""
    found, alerts = _events(chosen, f)
    exact = not source.protected
    seen: list[EventFinding] = []
    for event in _reported(found, source.city, protected=source.protected):
        rows = alerts.iloc[event.rows]
        day, last = (pd.Timestamp(rows["local_date"].iloc[at]).date() for at in (0, -1))
        chosen_filter = f.replace(
            period="", start=day, end=last, cells=(h3_name(event.cell),), categories=(event.category,), groups=()
        )
        # of weeks that are not read two hold so many at most
        event = replace(event, record=max(event.record, 2 * (LEAST_A_WEEK - 1)))
        n = event.n if exact else max(LEAST, 5 * (event.n // 5))
        if not exact:  # nothing of the alerts themselves goes along
            begin, end = (dt.datetime.combine(one, dt.time()) for one in (day, last))
            event = replace(event, n=n, record=0, rows=event.rows[:0], start=begin, end=end)
        seen.append(EventFinding(event, n, not exact, _who(rows, exact=exact), day, last, chosen_filter))
    return tuple(seen)


def _reported(found: tuple[Event, ...], city: CityProfile, *, protected: bool) -> list[Event]:
    """The events that are shown: of several of one category in one place the largest stands for all."""
    seen: dict[tuple[str, int], Event] = {}
    for event in found:
        if not protected or event.n >= city.least_count(is_sensitive_category(event.category, city)):
            seen.setdefault((event.category, event.cell), event)
    return list(seen.values())[:MOST_EVENTS]


def without_events(chosen: Source, f: AlertFilter, changes: Sequence[Change]) -> list[Change]:
    """The changes that are more than an event: a rise of which one that everybody reads makes half is no trend. A clear
    change goes for a clear event alone.
    """
    found, alerts = _events(chosen, f)
    events = [(event, alerts.iloc[event.rows]) for event in _reported(found, chosen.city, protected=True)]
    return [change for change in changes if not any(_makes(event, rows, change) for event, rows in events)]


def _makes(event: Event, rows: pd.DataFrame, change: Change) -> bool:
    """Whether an event lies in what a change is about, and makes half of what rose there."""
    key = change.key
    if change.direction <= 0 or event.n < MAIN_SHARE * (change.after - change.expected):
        return False
    if (change.grade, event.grade) == ("clear", "probable"):
        return False
    if key["category"] not in (None, event.category):
        return False
    if any(key[name] is not None and 2 * rows[name].eq(key[name]).sum() < len(rows) for name in ("district", "place")):
        return False
    cells = [np.uint64(int(key[name], 16)) for name in ("area", "cell") if key[name] is not None]
    own, size = np.uint64(event.cell), h3.get_resolution(np.uint64(event.cell))
    return all(
        h3.cell_to_parent(own, min(size, h3.get_resolution(cell)))
        == h3.cell_to_parent(cell, min(size, h3.get_resolution(cell)))
        for cell in cells
    )


def _who(rows: pd.DataFrame, *, exact: bool) -> Who:
    """Whom the alerts affect, where at least half of them say so."""
    women, men = ((rows["affected_gender"] == gender).sum() for gender in (Gender.WOMAN.value, Gender.MAN.value))
    stated = women + men
    if 2 * stated < len(rows):
        return ""
    if exact and stated == len(rows) and not women * men:
        return "all women" if women else "all men"
    if max(women, men) >= MOSTLY * stated:
        return "mostly women" if women > men else "mostly men"
    return ""


def _events(source: Source, f: AlertFilter) -> tuple[tuple[Event, ...], pd.DataFrame]:
    """The events of a filter's period, and the alerts that could make one; found once for a filter."""
    start, end = query.dates(source, f)

    def find() -> tuple[tuple[Event, ...], pd.DataFrame]:
        alerts = _read(source, f, start, end)
        return find_events(alerts, _first(source, start), start), alerts

    return source.once("events", (f, start, end), find, MOST_KEPT)


def _first(source: Source, start: dt.date) -> dt.date:
    """The day from which on the past of a period is read."""
    return max(source.first, start - dt.timedelta(days=366 * PAST_YEARS))


def _read(source: Source, f: AlertFilter, start: dt.date, end: dt.date) -> pd.DataFrame:
    """Alerts of dense weeks from some years before the period on, each number of a source once."""
    if source.by_month:
        return pd.DataFrame({"moment": pd.to_datetime([]), "cell": [], "category": [], "hourly": []})
    first = _first(source, start)
    usable = [
        *f.conditions((first, end), source.city, source.alerts.levels),
        "inside",
        "time_precision <> 'month'",
        f"NOT {at_points(default_points(source))}",
    ]
    alike = f"count(*) OVER (PARTITION BY category, {SQUARE}, week) AS alike"
    rows = f"SELECT {COLUMNS}, {SQUARE} AS cell, {alike} FROM {source.alerts.name}{all_of(usable)}"
    read: pd.DataFrame = source.alerts.ask(
        f"SELECT * FROM ({rows}) AS chosen WHERE alike >= {LEAST_A_WEEK}"
    ).to_pandas()
    read = read.sort_values("moment", kind="stable")
    again = read["incident_id"].notna() & read.duplicated(["source", "incident_id", "category"])
    read = read[~again.to_numpy(bool)].reset_index(drop=True)
    covered = source.coverage.covered(pd.DatetimeIndex(pd.to_datetime(read["local_date"])))
    read = read[covered].reset_index(drop=True) if len(read) else read
    day = pd.to_datetime(read["local_date"])
    utc = pd.to_datetime(read["moment"], unit="us", utc=True).dt.tz_convert(source.city.timezone).dt.tz_localize(None)
    return read.assign(moment=utc.where(read["hourly"].astype(bool), day), category=read["category"].astype(str))
