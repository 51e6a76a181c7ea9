"""Clusters of alerts under a filter, on counts by fine cell; for audiences that see exact counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from analysis.clusters.detection import find_clusters
from analysis.clusters.hdbscan import explore_clusters
from analysis.clusters.results import Clusters
from analysis.spots.identity import with_known_ids
from analysis.stats.severity_weights import by_severity
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.quality.positions import coordinate_step
from curim_data.studies.cells import default_coordinates, whole_city
from curim_data.studies.hot_spots import known_places
from curim_data.studies.incidents import incident_choice
from curim_data.studies.scatter import place_bursts

CLUSTER_RESOLUTION: Final = 12


def cluster_study(
    source: Source, f: AlertFilter, audience: Audience, *, by_weight: bool = False, explored: bool = False
) -> Clusters:
    """Clusters of alerts on fine cells. DisclosureError for an audience that may not see cells so fine.

    `by_weight`: each alert counts by its severity. `explored`: groups by HDBSCAN instead, untested and unweighted;
    TooManyCellsError where too many cells hold alerts.
    """
    whole = whole_city(f)
    counted = query.counts(
        source, whole, ["cell"], audience, resolution=CLUSTER_RESOLUTION, without_default_points=True, once=True
    )
    fine = counted.frame.dropna().astype({"cell": "int64"}).set_index("cell").sort_index()
    at_default = query.total(source, whole, audience).at_default
    if explored:
        found = explore_clusters(fine, source.city, step=coordinate_step(source))
    else:
        weights = None
        if by_weight:
            graded = query.counts(
                source,
                whole,
                ["cell", "severity"],
                audience,
                resolution=CLUSTER_RESOLUTION,
                without_default_points=True,
                once=True,
            )
            weights = by_severity(graded.frame, fine.index.to_numpy())
        bursts = place_bursts(source, whole, audience)
        found = find_clusters(fine, source.city, weights=weights, step=coordinate_step(source), bursts=bursts)
    places = with_known_ids(found.found, known_places(source, audience))
    return replace(
        found, found=places, choices=(*found.choices, *incident_choice(source), *default_coordinates(at_default))
    )
