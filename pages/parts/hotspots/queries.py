"""Cached studies of the Hot spots page: hot spots, clusters, classes over time, lines of the list, one spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from analysis.hotspots.grouping import worth_a_plan
from analysis.hotspots.surroundings import LAND, DenominatorKind
from analysis.stats.intervals import Choice
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Message
from curim_data.privacy import sees_exact
from curim_data.studies.cells import whole_city
from curim_data.studies.hot_spots import (
    EmergingStudy,
    HotSpotStudy,
    SpotsByHarm,
    cluster_study,
    emerging_cell_size,
    emerging_study,
    hot_spot_size,
    hot_spot_study,
    judged_filter,
    spots_by_harm,
)
from curim_data.studies.spot_profiles import SpotOrCluster, SpotStudy, SpotSummary, spot_study, spot_summaries
from pages.parts.frame import Dataset, Page, calculated, is_ready, shared, source_of
from pages.parts.hotspots.choices import Options

TESTING: Final = Message("Testing every place for hot spots")
CLASSING: Final = Message("Determining the classes over time")

clusters = shared(cluster_study, Message("Looking for clusters"))
_cell_size = shared(hot_spot_size, TESTING)
_hot_spots = shared(hot_spot_study, TESTING)
_emerging = shared(emerging_study, CLASSING)


def hot_spots(
    dataset: Dataset, chosen: AlertFilter, resolution: int | None = None, base: DenominatorKind = LAND
) -> HotSpotStudy:
    """Hot cells and spots under the filter, which are those of the whole city.

    Cells of one size are the same ones whether it was picked or chosen from the data, which the study says.
    """
    whole = whole_city(chosen)
    size = _cell_size(dataset, whole, resolution)
    return _hot_spots(dataset, whole, int(size.value), base).sized(size)


def spot_harm(page: Page, study: HotSpotStudy, how: Options) -> SpotsByHarm | None:
    """What the alerts of the hot spots weigh, where that was asked for."""
    return _spot_harm(page.dataset, whole_city(page.filter), study.resolution, how, study) if how.weight else None


@calculated(TESTING)
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
    return _emerging(dataset, judged, int(size.value)).sized(size)


def classes_are_ready(dataset: Dataset, chosen: AlertFilter, resolution: int | None = None) -> bool:
    """Whether `emerging_of` has its result already."""
    judged, size = _judged(dataset, chosen, resolution)
    return is_ready(_emerging, dataset, judged, int(size.value))


def _judged_in(source: Source, chosen: AlertFilter, resolution: int | None) -> tuple[AlertFilter, Choice]:
    """The filter over the months that are judged, and the size of the cells with its reason."""
    size = emerging_cell_size(source, chosen, resolution)
    return judged_filter(source, chosen, int(size.value)), size


_judged = shared(_judged_in, CLASSING)


@dataclass(frozen=True)
class ListQuery:
    """Which places a list is about: a layer, a cell size and options, under a filter, for an audience."""

    dataset: Dataset
    filter: AlertFilter
    layer: str = "significance"
    resolution: int | None = None
    how: Options = field(default_factory=Options)


@calculated(Message("Describing the hot spots"))
def list_lines(asked: ListQuery, _spots: tuple[SpotOrCluster, ...]) -> tuple[SpotSummary, ...]:
    """A line of the list for each of the places; they must follow from `asked`, which alone is the cache's key."""
    return spot_summaries(source_of(asked.dataset), asked.filter, _spots)


@calculated(Message("Describing the hot spot"))
def spot_details(asked: ListQuery, spot_id: str, _spot: SpotOrCluster) -> SpotStudy:  # noqa: ARG001 (the id is in the cache's key)
    """The details of one of the places that follow from `asked`."""
    return spot_study(source_of(asked.dataset), asked.filter, _spot)


def usual_order(spots: Sequence[SpotOrCluster]) -> tuple[Sequence[SpotOrCluster], Sequence[SpotOrCluster]]:
    """Places as the list has them unless another order is asked for: those with enough alerts for a plan, the rest."""
    return worth_a_plan(sorted(spots, key=lambda spot: spot.rank))


def work_out_first(dataset: Dataset, f: AlertFilter) -> None:
    """Work out what the page tells before a reader chooses anything: the map, the list with the classes over time, and
    the details of the first place.
    """
    study = hot_spots(dataset, f)
    if study.total.nowhere:
        return
    asked = ListQuery(dataset, f, resolution=study.resolution)
    list_lines(asked, study.spots)
    many, few = usual_order(study.spots)
    for spot in (*many, *few)[:1]:
        spot_details(asked, spot.id, spot)
        if sees_exact(dataset.audience):
            emerging_of(dataset, f, study.resolution)
