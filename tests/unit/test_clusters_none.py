"""Clusters where there is nothing to simulate, or nothing to compare with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.clusters.detection import find_clusters
from curim_data.model import CityProfile, Translator


def thin(city: CityProfile, n: int = 60) -> pd.DataFrame:
    land = city.land_cells(12)
    counts = pd.Series(0.0, index=land.index)
    counts.iloc[np.linspace(0, len(land) - 1, n).astype(int)] = 1.0
    return pd.DataFrame({"n": counts, "land_km2": land})


def test_where_no_place_is_dense_no_map_was_simulated(city: CityProfile, t: Translator) -> None:
    result = find_clusters(thin(city), city)
    assert not result.found
    assert (result.runs, result.chance) == (0, 0)
    told = " ".join(t(choice.explanation) for choice in result.choices)
    assert "so no random map was simulated" in told
    assert "199" not in told


def test_a_base_of_zeros_is_nothing_to_compare_with(city: CityProfile, t: Translator) -> None:
    frame = thin(city)
    result = find_clusters(frame, city, base=pd.Series(0.0, index=frame.index))
    assert not result.found
    assert result.n == 60
    assert result.sentence(t)
    assert [t(choice.explanation) for choice in result.choices] == [
        "Nothing is known to compare alerts with: what they are divided by is zero everywhere."
    ]
