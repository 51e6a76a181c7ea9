"""Repeats and near repeats of alerts, and whether something unusual started somewhere in the last weeks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import h3.api.basic_int as h3
import numpy as np

from analysis.space_time.knox import Band, KnoxResult, Metric, bands_for, knox
from analysis.space_time.permutation_scan import ScanCluster, ScanResult, permutation_scan
from analysis.spots.naming import SpotName, name_spot
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model.access import Audience
from curim_data.model.i18n import Message, Num, Translator
from curim_data.quality.positions import precision
from curim_data.query.aggregate import pile_points
from curim_data.studies.points import Points, points

LEAST_EVENTS: Final = 20
PERMUTATIONS: Final = 999
PERMUTATIONS_A_BAND: Final = 25
MOST_PAIRS: Final = 200_000  # within the largest distance: about two seconds for the permutations
LASTING_SHARE: Final = 0.5
SCAN_DAYS: Final = 28
SCAN_HISTORY_DAYS: Final = 365
SCAN_RADIUS_M: Final = 500.0
SCAN_PERMUTATIONS: Final = 499
PLACE_RESOLUTION: Final = 10
EPOCH: Final = dt.date(1970, 1, 1)
METRICS: Final[Mapping[Metric, Message]] = {
    "euclidean": Message("Distances are measured in a straight line (Euclidean)."),
    "manhattan": Message(
        "Distances are measured along the two axes of the map, east–west and north–south (Manhattan): nearer to the "
        "way on foot where streets run so, and never shorter than the straight line."
    ),
}


@dataclass(frozen=True)
class RepeatStudy:
    """The Knox test under a filter. `knox` is None where fewer than 20 events are left.

    `n` alerts under the filter, `used` events among them that were tested.
    """

    knox: KnoxResult | None
    n: int
    used: int
    choices: tuple[Choice, ...]

    def sentence(self, t: Translator) -> str:
        """The nearest and soonest pattern in plain words, or that there is none; and whether all alerts were tested."""
        if self.knox is None:
            return t("Too few alerts with a place and a day to look for repeats: {n}.", n=self.used)
        return " ".join([self.knox.sentence(t), *(t(choice.told) for choice in self.knox.choices)])

    def caution(self, t: Translator) -> str:
        """Where the excess lasts: that it may be a place that became busier, which the test cannot tell apart."""
        lasting = _lasting(self.knox) if self.knox is not None else None
        if lasting is None:
            return ""
        soon, later = lasting
        return t(
            "The excess hardly fades with time: {first} times as many within {soon} days, {second} times as many {low} "
            "to {high} days apart. That is what a place makes that became busier for a while, rather than alerts that "
            "bring others: look at what started lately, and at this place over time.",
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


def repeat_study(
    source: Source,
    f: AlertFilter,
    audience: Audience,
    *,
    permutations: int = PERMUTATIONS,
    step_m: float | None = None,
    metric: Metric = "euclidean",
) -> RepeatStudy:
    """Near repeats under a filter, in bands that the precision of the coordinates allows.

    `permutations`: never fewer than 25 for each band; with 20 or fewer no single band could pass the correction.
    `step_m`: the precision of the coordinates where it is known (`precision_m`). `metric`: distances as the crow flies,
    or along two axes at right angles, as in a quarter whose streets run so ("manhattan"). GateError for an audience
    that may not see single alerts.
    """
    events = points(source, f, audience)
    if len(events.frame) < LEAST_EVENTS:
        return RepeatStudy(None, events.n, len(events.frame), events.choices)
    bands = bands_for(precision_m(source) if step_m is None else step_m)
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
    return RepeatStudy(found, events.n, found.n_used, choices)


def precision_m(source: Source) -> float:
    """Metres between positions of the store that can be told apart; 0 where no alert has coordinates."""
    told = precision(source, pile_points(source))
    return told.step_m if told else 0.0


@dataclass(frozen=True)
class Started:
    """A place where alerts of the last weeks are more than place and time explain.

    `cluster`: in metres; its radius holds all events that were counted there. `cells`: names of the H3 cells
    (resolution 10) in which its recent events lie.
    """

    cluster: ScanCluster
    name: SpotName
    longitude: float
    latitude: float
    cells: tuple[str, ...]

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """The first and the last day."""
        return EPOCH + dt.timedelta(days=self.cluster.start), EPOCH + dt.timedelta(days=self.cluster.end)

    def sentence(self, t: Translator) -> str:
        """What started where and when, and how sure it is."""
        return t("{place}: {told}", place=self.name(t), told=self.cluster.sentence(t, epoch=EPOCH))


@dataclass(frozen=True)
class UnusualStudy:
    """What the space-time scan found: `started`, clearest first, only what chance does not explain.

    `n` events from `start` to `end`, of which the last 28 days were searched. `method`: None where there are fewer
    than 20 events.
    """

    n: int
    start: dt.date
    end: dt.date
    started: tuple[Started, ...]
    method: Message | None
    choices: tuple[Choice, ...]

    def sentence(self, t: Translator) -> str:
        """The strongest start in plain words, or that nothing unusual was found."""
        if self.method is None:
            return t("Too few alerts to look for the start of something unusual.")
        if not self.started:
            return t(
                "Nothing unusual started in the {days} days to {end}: what stands out most is no stronger than "
                "expected by chance.",
                days=SCAN_DAYS,
                end=self.end,
            )
        return self.started[0].sentence(t)


def unusual_study(source: Source, f: AlertFilter, audience: Audience) -> UnusualStudy:
    """Where something unusual started in the 28 days before the end of the filter's period and still goes on.

    Usual is what the place had in the year up to then, whatever period the filter names. GateError for an audience
    that may not see single alerts.
    """
    end = min(query.dates(source, f)[1], source.as_of)
    start = max(source.first, end - dt.timedelta(days=SCAN_HISTORY_DAYS - 1))
    events = points(source, f.replace(period="", start=start, end=end), audience)
    told = Message(
        "The {days} days to {end} are compared with what each place had since {start}.",
        {"days": SCAN_DAYS, "start": start, "end": end},
    )
    choices = (Choice("history", start.isoformat(), told), *events.choices)
    if len(events.frame) < LEAST_EVENTS or (end - start).days < 2 * SCAN_DAYS:
        return UnusualStudy(len(events.frame), start, end, (), None, choices)
    found = permutation_scan(
        events.frame["x"],
        events.frame["y"],
        events.frame["day"],
        max_radius=SCAN_RADIUS_M,
        max_days=SCAN_DAYS,
        permutations=SCAN_PERMUTATIONS,
        first_day=(start - EPOCH).days,
        last_day=(end - EPOCH).days,
    )
    started = tuple(_started(cluster, found, events, source) for cluster in found.significant)
    method = Message(
        "Space-time permutation scan (Kulldorff 2005) of {n} events at {locations} places: {zones} circles of up to "
        "{metres} m and {windows} periods each, compared with {permutations} shuffles of the dates. It sees what is "
        "unusual for this place and this time together: a quarter that is always busy, or a week that was busy "
        "everywhere, does not count; a quarter where people or reports moved to does.",
        {
            "n": found.n,
            "locations": len(found.locations),
            "zones": found.zones,
            "metres": round(SCAN_RADIUS_M),
            "windows": found.windows,
            "permutations": found.permutations,
        },
    )
    return UnusualStudy(found.n, start, end, started, method, (*choices, *found.choices))


def _started(cluster: ScanCluster, found: ScanResult, events: Points, source: Source) -> Started:
    """A cluster with its name, and with the radius of the events themselves, which may have been counted in squares."""
    at = events.frame[np.isin(found.member, cluster.members)]
    reach = float(np.hypot(at["x"] - cluster.x, at["y"] - cluster.y).max())
    recent = at[at["day"].between(cluster.start, cluster.end)]
    longitude, latitude = source.city.to_metres.transform(recent["x"], recent["y"], direction="INVERSE")
    cells = {h3.latlng_to_cell(*there, PLACE_RESOLUTION) for there in zip(latitude, longitude, strict=True)}
    middle = float(np.mean(longitude)), float(np.mean(latitude))
    return Started(
        replace(cluster, radius=float(np.ceil(reach / 10) * 10)),
        name_spot(*middle, source.city),
        *middle,
        tuple(sorted(f"{cell:x}" for cell in cells)),
    )
