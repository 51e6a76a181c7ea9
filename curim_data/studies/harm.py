"""Alerts that count by the harm they do, under a filter: by which measure, for whom, and of hot spots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, get_args

import pandas as pd

from analysis.hotspots.grouping import BY_HARM, SpotHarm, harm_of_spots
from analysis.stats.intervals import HarmWeights, WeighedBy, harm_weights
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Message
from curim_data.privacy import DisclosureError
from curim_data.studies.cells import whole_city
from curim_data.studies.hot_spots import HotSpotStudy

WEIGHTS: Final[tuple[WeighedBy, ...]] = get_args(WeighedBy)
# What the measures are called where one is chosen.
WEIGHT_NAMES: Final[dict[WeighedBy, Message]] = {
    "severity": Message("By severity"),
    "harm": Message("By the city's harm index"),
}
EXACT_ONLY: Final = Message(
    "Alerts are weighed only for those who see exact counts: of the protected copy counts alone are given."
)
NONE_GRADED: Final[dict[WeighedBy, Message]] = {
    "severity": Message("No alert of this export has a severity."),
    "harm": Message("The categories of the city have no harm index: an analyst can give one on the Data page."),
}


@dataclass(frozen=True)
class SpotsByHarm:
    """What the alerts of each hot spot weigh, by its id, and how that was made."""

    of: dict[str, SpotHarm]
    choices: tuple[Choice, ...]


def weight_obstacle(source: Source, by: WeighedBy) -> Message | None:
    """Why alerts cannot be weighed by a measure for an audience; None where they can."""
    if source.protected:
        return EXACT_ONLY
    if by == "harm":
        return None if source.city.has_harm_index else NONE_GRADED[by]
    return None if _has_severity(source) else NONE_GRADED[by]


def weights_offered(source: Source) -> tuple[WeighedBy, ...]:
    """By what alerts can be weighed for an audience: nothing where neither severity nor a harm index is known."""
    return tuple(by for by in WEIGHTS if weight_obstacle(source, by) is None)


def _has_severity(source: Source) -> bool:
    """Whether any stored alert has a severity: asked once for a version of the alerts."""
    if "has_severity" not in source.cache:
        everything = AlertFilter(period="all")
        found = query.counts(source.in_full, everything, ["severity"]).frame["severity"].notna()
        source.cache["has_severity"] = bool(found.any())
    return bool(source.cache["has_severity"])


def weights_by_cell(
    source: Source, f: AlertFilter, by: WeighedBy, resolution: int, cells: Sequence[int] | pd.Index
) -> HarmWeights:
    """Alerts off default coordinates by cell and weight; DisclosureError for who sees no exact counts."""
    if source.protected:
        raise DisclosureError(EXACT_ONLY)
    counted = query.counts(source, f, ["cell", by], resolution=resolution, without_default_points=True)
    return harm_weights(counted.frame, pd.Index(cells).to_numpy("int64"), by)


def spots_by_harm(source: Source, f: AlertFilter, by: WeighedBy, study: HotSpotStudy) -> SpotsByHarm:
    """What the alerts of the hot spots of a study weigh; DisclosureError for who sees no exact counts."""
    weights = weights_by_cell(source, whole_city(f), by, study.resolution, study.hot.frame.index)
    return SpotsByHarm(harm_of_spots(study.hot, study.spots, weights), (*weights.choices, BY_HARM))
