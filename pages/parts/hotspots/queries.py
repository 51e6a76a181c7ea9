"""Cached studies of the Hot spots page: hot spots, clusters, classes over time, lines of the list, one spot."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.clusters.detection import Clusters
from analysis.hotspots.surroundings import LAND, DenominatorKind
from analysis.stats.intervals import WeighedBy
from analysis.stats.result import Choice
from curim_data.filters import AlertFilter
from curim_data.model import Message
from curim_data.privacy import sees_exact
from curim_data.studies.cells import whole_city
from curim_data.studies.emerging import (
    EmergingStudy,
    emerging_cell_size,
    emerging_study,
    judged_filter,
)
from curim_data.studies.hot_spots import (
    HotSpotStudy,
    SpotsByHarm,
    cluster_study,
    hot_spot_size,
    hot_spot_study,
    spots_by_harm,
)
from curim_data.studies.spot_profiles import SpotOrCluster, SpotStudy, SpotSummary, spot_study, spot_summaries
from pages.parts.frame import Dataset, Page, calculated, source_of
from pages.parts.frame.results import is_ready
from pages.parts.hotspots.list_order import usual_order


@dataclass(frozen=True)
class Options:
    """The denominator of places, and by what alerts count."""

    base: DenominatorKind = LAND
    weight: WeighedBy | None = None


DEFAULT_OPTIONS = Options()


def hot_spots(
    dataset: Dataset,
    chosen: AlertFilter,
    resolution: int | None = None,
    base: DenominatorKind = LAND,
) -> HotSpotStudy:
    """Hot cells and spots under the filter, which are those of the whole city."""
    whole = whole_city(chosen)
    size = _cell_size(dataset, whole, resolution)
    return _hot_spots(dataset, whole, int(size.value), base, size).sized(size)


@calculated(Message("Testing every place for hot spots"))
def _cell_size(dataset: Dataset, chosen: AlertFilter, resolution: int | None) -> Choice:
    return hot_spot_size(source_of(dataset), chosen, resolution)


@calculated(Message("Testing every place for hot spots"))
def _hot_spots(
    dataset: Dataset, chosen: AlertFilter, resolution: int, base: DenominatorKind, _size: Choice
) -> HotSpotStudy:
    """Cells of one size are the same ones whether it was picked or chosen from the data, which `_size` says."""
    return hot_spot_study(source_of(dataset), chosen, resolution, base).sized(_size)


@calculated(Message("Looking for clusters"))
def clusters(dataset: Dataset, chosen: AlertFilter, how: Options = DEFAULT_OPTIONS) -> Clusters:
    """Clusters under the filter."""
    source = source_of(dataset)
    return cluster_study(source, chosen, weight=how.weight)


def spot_harm(page: Page, study: HotSpotStudy, how: Options) -> SpotsByHarm | None:
    """What the alerts of the hot spots weigh, where that was asked for."""
    if how.weight is None:
        return None
    return _spot_harm(page.dataset, whole_city(page.filter), study.resolution, how, study)


@calculated(Message("Testing every place for hot spots"))
def _spot_harm(
    dataset: Dataset,
    chosen: AlertFilter,
    resolution: int,  # noqa: ARG001 (it and the base of `how` are in the cache's key)
    how: Options,
    _study: HotSpotStudy,
) -> SpotsByHarm:
    assert how.weight is not None
    return spots_by_harm(source_of(dataset), chosen, how.weight, _study)


def emerging_of(dataset: Dataset, chosen: AlertFilter, resolution: int | None = None) -> EmergingStudy:
    """Classes over time under the filter; filters that judge the same months in the same cells share them."""
    judged, size = _judged(dataset, chosen, resolution)
    return _emerging(dataset, judged, int(size.value), size).sized(size)


def classes_are_ready(dataset: Dataset, chosen: AlertFilter, resolution: int | None = None) -> bool:
    """Whether `emerging_of` has its result already."""
    judged, size = _judged(dataset, chosen, resolution)
    return is_ready(_emerging, dataset, judged, int(size.value), size)


@calculated(Message("Determining the classes over time"))
def _judged(dataset: Dataset, chosen: AlertFilter, resolution: int | None) -> tuple[AlertFilter, Choice]:
    source = source_of(dataset)
    size = emerging_cell_size(source, chosen, resolution)
    return judged_filter(source, chosen, int(size.value)), size


@calculated(Message("Determining the classes over time"))
def _emerging(dataset: Dataset, judged: AlertFilter, resolution: int, _size: Choice) -> EmergingStudy:
    return emerging_study(source_of(dataset), judged, resolution).sized(_size)


@dataclass(frozen=True)
class ListQuery:
    """Which places a list is about: a layer, a cell size and options, under a filter, for an audience."""

    dataset: Dataset
    filter: AlertFilter
    layer: str = "significance"
    resolution: int | None = None
    how: Options = DEFAULT_OPTIONS


@calculated(Message("Describing the hot spots"))
def list_lines(asked: ListQuery, _spots: tuple[SpotOrCluster, ...]) -> tuple[SpotSummary, ...]:
    """A line of the list for each of the places; they must follow from `asked`, which alone is the cache's key."""
    return spot_summaries(source_of(asked.dataset), asked.filter, _spots)


@calculated(Message("Describing the hot spot"))
def spot_details(asked: ListQuery, spot_id: str, _spot: SpotOrCluster) -> SpotStudy:  # noqa: ARG001 (the id is in the cache's key)
    """The details of one of the places that follow from `asked`."""
    return spot_study(source_of(asked.dataset), asked.filter, _spot)


def work_out_first(dataset: Dataset, f: AlertFilter) -> None:
    """Work out what the page tells before a reader chooses anything: the map, the list with the classes over time, and
    the details of the first place.
    """
    whole = whole_city(f)
    size = _cell_size(dataset, whole, None)
    study = _hot_spots(dataset, whole, int(size.value), LAND, size).sized(size)
    if study.total.nowhere:
        return
    asked = ListQuery(dataset, f, resolution=study.resolution)
    list_lines(asked, study.spots)
    many, few = usual_order(study.spots)
    for spot in (*many, *few)[:1]:
        spot_details(asked, spot.id, spot)
        if sees_exact(dataset.audience):
            judged, judged_size = _judged(dataset, f, study.resolution)
            _emerging(dataset, judged, int(judged_size.value), judged_size)
