"""Repeats and near repeats under a filter: whether alerts follow others near by and soon (the Knox test)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from analysis.space_time import Band, KnoxResult, Metric, bands_for, knox
from analysis.stats.result import Choice
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Message, Num, Translator
from curim_data.quality.positions import coordinate_step
from curim_data.studies.alert_points import LEAST_EVENTS, read_events

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
