"""Clusters of alerts under a filter, on counts by fine cell; for audiences that see exact counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from analysis.clusters.detection import Clusters, find_clusters
from analysis.spots.naming import with_known_ids
from analysis.stats.intervals import WeighedBy
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.quality.positions import coordinate_step, shared_points
from curim_data.studies.cells import default_coordinates, whole_city
from curim_data.studies.harm import weights_by_cell
from curim_data.studies.hot_spots import known_places
from curim_data.studies.scatter import place_bursts

CLUSTER_RESOLUTION: Final = 12


def cluster_study(source: Source, f: AlertFilter, *, weight: WeighedBy | None = None) -> Clusters:
    """Clusters of alerts on fine cells. DisclosureError for an audience that may not see cells so fine.

    `weight`: each alert counts by that.
    """
    whole = whole_city(f)
    counted = query.counts(source, whole, ["cell"], resolution=CLUSTER_RESOLUTION, without_default_points=True)
    fine = counted.frame.dropna().astype({"cell": "int64"}).set_index("cell").sort_index()
    at_default = query.total(source, whole).at_default
    weights = None
    if weight is not None:
        weights = weights_by_cell(source, whole, weight, CLUSTER_RESOLUTION, fine.index)
    bursts = place_bursts(source, whole)
    found = find_clusters(
        fine, source.city, weights=weights, step=coordinate_step(source), bursts=bursts, points=shared_points(source)
    )
    places = with_known_ids(found.found, known_places(source))
    return replace(found, found=places, choices=(*found.choices, *default_coordinates(at_default)))
