"""Cached studies of the Hot spots page: hot spots, clusters, classes over time, lines of the list, one spot."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.clusters.results import Clusters
from analysis.hotspots.denominators import LAND, DenominatorKind
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message
from curim_data.studies.cells import whole_city
from curim_data.studies.clusters import cluster_study
from curim_data.studies.emerging import EmergingStudy, emerging_study
from curim_data.studies.hot_spots import HotSpotStudy, hot_spot_study
from curim_data.studies.spot_profiles import SpotOrCluster, SpotStudy, SpotSummary, spot_study, spot_summaries
from pages.parts.frame import Dataset, calculated, source_of


@dataclass(frozen=True)
class Options:
    """The denominator of places; whether alerts count by severity; whether clusters are exploratory (HDBSCAN)."""

    base: DenominatorKind = LAND
    by_weight: bool = False
    explored: bool = False


DEFAULT_OPTIONS = Options()


def hot_spots(
    dataset: Dataset,
    chosen: AlertFilter,
    audience: Audience,
    resolution: int | None = None,
    base: DenominatorKind = LAND,
) -> HotSpotStudy:
    """Hot cells and spots under the filter, which are those of the whole city."""
    return _hot_spots(dataset, whole_city(chosen), audience, resolution, base)


@calculated(Message("Testing every place for hot spots"))
def _hot_spots(
    dataset: Dataset, chosen: AlertFilter, audience: Audience, resolution: int | None, base: DenominatorKind
) -> HotSpotStudy:
    return hot_spot_study(source_of(dataset), chosen, audience, resolution, base)


@calculated(Message("Looking for clusters"))
def clusters(dataset: Dataset, chosen: AlertFilter, audience: Audience, how: Options = DEFAULT_OPTIONS) -> Clusters:
    """Clusters under the filter."""
    source = source_of(dataset)
    return cluster_study(source, chosen, audience, by_weight=how.by_weight, explored=how.explored)


@calculated(Message("Determining the classes over time"))
def emerging_of(
    dataset: Dataset, chosen: AlertFilter, audience: Audience, resolution: int | None = None
) -> EmergingStudy:
    """Classes over time under the filter."""
    return emerging_study(source_of(dataset), chosen, audience, resolution)


@dataclass(frozen=True)
class ListQuery:
    """Which places a list is about: a layer, a cell size and options, under a filter, for an audience."""

    dataset: Dataset
    filter: AlertFilter
    audience: Audience
    layer: str = "significance"
    resolution: int | None = None
    how: Options = DEFAULT_OPTIONS


@calculated(Message("Describing the hot spots"))
def list_lines(asked: ListQuery, _spots: tuple[SpotOrCluster, ...]) -> tuple[SpotSummary, ...]:
    """A line of the list for each of the places; they must follow from `asked`, which alone is the cache's key."""
    return spot_summaries(source_of(asked.dataset), asked.filter, _spots, asked.audience)


@calculated(Message("Describing the hot spot"))
def _spot_details(asked: ListQuery, spot_id: str, _spot: SpotOrCluster) -> SpotStudy:  # noqa: ARG001 (the id is in the cache's key)
    return spot_study(source_of(asked.dataset), asked.filter, _spot, asked.audience)


def spot_details(asked: ListQuery, spot: SpotOrCluster) -> SpotStudy:
    """The details of one of the places that follow from `asked`."""
    return _spot_details(asked, spot.id, spot)
