"""Clusters of alerts that count by their severity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.clusters import find_clusters
from analysis.dbscan import minimum_alerts
from analysis.stats.intervals import HarmWeights, harm_weights
from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Translator
from curim_data.privacy import DisclosureError
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.hot_spots import CLUSTER_RESOLUTION, cluster_study, weights_by_cell, weights_offered
from tests.small import alert, small_city, small_source
from tests.stored import seen_by
from tests.unit.test_clusters_detection import STATION, centres_in_metres, drawn


def graded(table: pd.DataFrame, cells: pd.Index) -> HarmWeights:
    return harm_weights(table.rename_axis("cell").reset_index(), cells.to_numpy())


def test_weights_have_a_mean_of_one_and_what_has_no_severity_counts_one(t: Translator) -> None:
    table = pd.DataFrame({"cell": [1, 1, 2, 3, 9], "severity": [1, 5, 3, None, 5], "n": [2.0, 1.0, 1.0, 4.0, 7.0]})
    weights = harm_weights(table, np.array([1, 2, 3, 4]))
    mean = (2 * 1 + 5 + 3) / 4
    assert weights.sums == pytest.approx([(2 + 5) / mean, 3 / mean, 4, 0])
    assert weights.squares == pytest.approx([(2 + 25) / mean**2, (3 / mean) ** 2, 4, 0])
    assert weights.sums.sum() == pytest.approx(weights.counts.sum()) == len(weights.drawn) == 8
    assert weights.largest == pytest.approx(5 / mean)
    assert weights.scatter == pytest.approx((weights.drawn**2).sum() / weights.drawn.sum())
    told = " ".join(t(choice.explanation) for choice in weights.choices)
    assert "mean severity of 2.5: from 0.4 for the mildest to 2.0 for the gravest" in told
    assert "4 alerts without a severity" in told
    none = harm_weights(table.assign(severity=np.nan), np.array([1, 2, 3, 4]))
    assert none.sums.tolist() == [3, 1, 4, 0]
    assert "all count the same" in t(none.choices[0].explanation)


def test_a_harm_index_weighs_by_the_gravest_category(tmp_path: Path, t: Translator) -> None:
    """Two thefts of the least harm, a robbery that is a theft too, and a noise without an index."""
    city = small_city()
    index = {"lighting_poor": 1.0, "harassment_verbal": 7.0}
    city = replace(city, categories={key: replace(one, harm=index.get(key)) for key, one in city.categories.items()})
    rows = [
        alert(0, category="lighting_poor"),
        alert(1, category="lighting_poor"),
        alert(2, category="lighting_poor", more_categories=["harassment_verbal"]),
        alert(3, category="noise"),
    ]
    source = small_source(tmp_path, rows, city)
    f = AlertFilter(period="all")
    counted = query.counts(source, f, ["harm"]).frame.set_index("harm")["n"]
    assert counted[counted.index.notna()].to_dict() == {1.0: 2, 7.0: 1}
    assert counted[counted.index.isna()].tolist() == [1]
    weights = weights_by_cell(source, f, "harm", 9, source.city.land_cells(9).index)
    assert weights.values.tolist() == pytest.approx([1 / 3, 7 / 3, 1.0])
    assert weights.sums.sum() == pytest.approx(4)
    told = " ".join(t(choice.explanation) for choice in weights.choices)
    assert "mean index of 3.0" in told
    assert "1 alerts of categories without a harm index" in told
    assert "harm" in weights_offered(source)
    assert weights_offered(seen_by(source, Audience.COUNCIL)) == ()


@pytest.mark.slow
def test_equal_weights_change_nothing(city: CityProfile) -> None:
    frame = drawn(city, 3_000, {STATION: 8})
    alike = graded(frame[["n"]].assign(severity=3), frame.index)
    plain, weighted = find_clusters(frame, city, runs=99), find_clusters(frame, city, runs=99, weights=alike)
    assert [c.cells for c in plain.found] == [c.cells for c in weighted.found]
    assert [c.low for c in plain.found] == pytest.approx([c.low for c in weighted.found])
    assert [c.high for c in plain.found] == pytest.approx([c.high for c in weighted.found])
    assert weighted.weighted
    assert weighted.found[0].weight == pytest.approx(weighted.found[0].n)


def test_a_place_of_grave_alerts_stands_out_by_weight_only(city: CityProfile, t: Translator) -> None:
    """As many alerts as anywhere, but grave ones."""
    frame = drawn(city, 12_000, {STATION: 2})
    x, y = centres_in_metres(frame.index, city)
    at = city.project(*STATION)
    grave = np.hypot(x - at[0], y - at[1]) < 90
    weights = graded(frame[["n"]].assign(severity=np.where(grave, 5, 1)), frame.index)
    assert not find_clusters(frame, city, runs=99).found
    result = find_clusters(frame, city, runs=99, weights=weights)
    (cluster,) = result.found
    assert cluster.weight is not None
    assert cluster.weight > 2 * cluster.n
    assert cluster.ratio == pytest.approx(cluster.weight / cluster.expected)
    assert cluster.low < cluster.ratio < cluster.high
    assert "by harm where" in cluster.sentence(t)
    assert "alerts weighed by harm" in result.sentence(t)
    assert "observed weights in a random order" in " ".join(t(choice.explanation) for choice in result.choices)


def test_two_grave_alerts_side_by_side_are_no_cluster(city: CityProfile) -> None:
    frame = drawn(city, 200, {}).assign(n=lambda f: f["n"].clip(upper=1))
    severity = pd.Series(1.0, index=frame.index)
    x, y = centres_in_metres(frame.index, city)
    at = city.project(*STATION)
    nearest = frame.index[np.argsort(np.hypot(x - at[0], y - at[1]))[:2]]
    frame.loc[nearest, "n"] = 1
    severity[nearest] = 60
    weights = graded(frame[["n"]].assign(severity=severity), frame.index)
    assert not find_clusters(frame, city, weights=weights, runs=19, alpha=1).found


def test_the_minimum_follows_the_scatter_of_the_weights() -> None:
    expected = np.array([0.1, 4.0, 30.0])
    assert (minimum_alerts(expected, 2.0) >= minimum_alerts(expected)).all()
    assert minimum_alerts(30.0, 2.0) == 2 * minimum_alerts(15.0)


def test_weights_of_other_alerts_are_refused(city: CityProfile) -> None:
    frame = drawn(city, 500, {})
    with pytest.raises(ValueError, match="other alerts"):
        find_clusters(frame, city, weights=graded(frame[["n"]].assign(n=frame["n"] + 1, severity=2), frame.index))


@pytest.mark.slow
def test_severity_is_counted_on_the_same_alerts(sample: Home) -> None:
    source = open_source(sample)
    found = cluster_study(source, AlertFilter(), weight="severity")
    plain = query.cells(source, AlertFilter(), CLUSTER_RESOLUTION)
    assert found.n == plain.total
    assert found.weighted
    assert any(choice.name == "piles" for choice in found.choices)
    with pytest.raises(DisclosureError):
        cluster_study(open_for(sample, Audience.COUNCIL), AlertFilter(), weight="severity")
