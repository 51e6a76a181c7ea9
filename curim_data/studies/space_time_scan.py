"""Where something unusual started in the last weeks and still goes on: the space-time permutation scan of a filter."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

import h3.api.basic_int as h3
import numpy as np

from analysis.space_time.permutation_scan import ScanCluster, ScanResult, permutation_scan
from analysis.spots.naming import SpotName, name_spot
from analysis.stats.dispersion import HARDLY, Dispersion
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message, Num, Translator
from curim_data.studies.alert_points import LEAST_EVENTS, Events, read_events
from curim_data.studies.scatter import start_scatter

SCAN_DAYS: Final = 28
SCAN_HISTORY_DAYS: Final = 365
SCAN_RADIUS_M: Final = 500.0
SCAN_PERMUTATIONS: Final = 499
PLACE_RESOLUTION: Final = 10
EPOCH: Final = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class StartedCluster:
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
class ScanStudy:
    """What the space-time scan found: `started`, clearest first, only what chance does not explain.

    `n` events from `start` to `end`, of which the last 28 days were searched. `method`: None where there are fewer
    than 20 events, or where `lacking` says that the days are not known.
    """

    n: int
    start: dt.date
    end: dt.date
    started: tuple[StartedCluster, ...]
    method: Message | None
    choices: tuple[Choice, ...]
    lacking: Message | None = None

    def sentence(self, t: Translator) -> str:
        """The strongest start in plain words, or that nothing unusual was found."""
        if self.lacking is not None:
            return t("What started in the last weeks cannot be looked for.") + " " + t(self.lacking)
        if self.method is None:
            return t("Too few incidents to look for the start of something unusual.")
        if not self.started:
            return t(
                "Nothing unusual started in the {days} days to {end}: what stands out most is no stronger than "
                "expected by chance.",
                days=SCAN_DAYS,
                end=self.end,
            )
        return self.started[0].sentence(t)


def scan_study(source: Source, f: AlertFilter, audience: Audience) -> ScanStudy:
    """Where something unusual started in the 28 days before the end of the filter's period and still goes on.

    Usual is what the place had in the year up to then, whatever period the filter names. DisclosureError for an
    audience that may not see single alerts.
    """
    end = min(query.dates(source, f)[1], source.as_of)
    start = max(source.first, end - dt.timedelta(days=SCAN_HISTORY_DAYS - 1))
    events = read_events(source, f.replace(period="", start=start, end=end), audience)
    message = Message(
        "The {days} days to {end} are compared with what each place had since {start}.",
        {"days": SCAN_DAYS, "start": start, "end": end},
    )
    choices = (Choice("history", start.isoformat(), message), *events.choices)
    if (lacking := source.lacks("day")) is not None:
        return ScanStudy(0, start, end, (), None, (), lacking)
    if len(events.frame) < LEAST_EVENTS or (end - start).days < 2 * SCAN_DAYS:
        return ScanStudy(len(events.frame), start, end, (), None, choices)
    recent = f.replace(period="", start=end - dt.timedelta(days=SCAN_DAYS - 1), end=end)
    scatter = start_scatter(source, recent)
    found = permutation_scan(
        events.frame["x"],
        events.frame["y"],
        events.frame["day"],
        max_radius=SCAN_RADIUS_M,
        max_days=SCAN_DAYS,
        permutations=SCAN_PERMUTATIONS,
        first_day=(start - EPOCH).days,
        last_day=(end - EPOCH).days,
        decide=True,
        scatter=scatter,
    )
    choices = (*choices, _scattering(scatter))
    if found.permutations < SCAN_PERMUTATIONS:
        stopped = Message(
            "The shuffling ended after {n} of {most}: by then so many were as strong that nothing could be "
            "significant.",
            {"n": found.permutations, "most": SCAN_PERMUTATIONS},
        )
        choices = (*choices, Choice("stopped", found.permutations, stopped))
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
    return ScanStudy(found.n, start, end, started, method, (*choices, *found.choices))


def _scattering(scatter: Dispersion) -> Choice:
    """How much more than chance counts scatter, by which what stands out was judged."""
    if not scatter.known or scatter.value < HARDLY:
        return scatter.choice
    message = Message(
        "Incidents here come in bursts or wander more than chance explains, as they did in the past: what stands out "
        "has to stand out {times} times as far.",
        {"times": Num(scatter.widening, 1)},
    )
    return Choice("dispersion", scatter.value, message)


def _started(cluster: ScanCluster, found: ScanResult, events: Events, source: Source) -> StartedCluster:
    """A cluster with its name, and with the radius of the events themselves, which may have been counted in squares."""
    at = events.frame[np.isin(found.member, cluster.members)]
    reach = float(np.hypot(at["x"] - cluster.x, at["y"] - cluster.y).max())
    recent = at[at["day"].between(cluster.start, cluster.end)]
    longitude, latitude = source.city.to_metres.transform(recent["x"], recent["y"], direction="INVERSE")
    cells = {h3.latlng_to_cell(*there, PLACE_RESOLUTION) for there in zip(latitude, longitude, strict=True)}
    middle = float(np.mean(longitude)), float(np.mean(latitude))
    return StartedCluster(
        replace(cluster, radius=float(np.ceil(reach / 10) * 10)),
        name_spot(*middle, source.city),
        *middle,
        tuple(sorted(f"{cell:x}" for cell in cells)),
    )
