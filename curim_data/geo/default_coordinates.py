"""Default coordinates: points that so many alerts share exactly that they are more likely a default than a place."""

from __future__ import annotations

from typing import Final

import pandas as pd

LEAST: Final = 20
SHARE: Final = 0.01


def default_coordinates(points: pd.DataFrame, inside: int, outside: int) -> pd.DataFrame:
    """Of points with their alerts, those that hold more than 20 and more than 1 % of all: the one rule for it.

    All are the alerts with coordinates in the city for a point in it, and those outside for a point outside: an export
    of a country, of which the city is a small part, does not hide the pile at the city's centre. Such a point is more
    often a default (the town hall, the middle of the city) than a place where so much happened.

    Parameters
    ----------
    points : DataFrame
        longitude, latitude (WGS84), inside (bool: on the city's land), n. Points of 20 alerts or fewer may be left out.
    inside, outside : int
        Alerts with coordinates in the city and outside it.

    Returns
    -------
    DataFrame
        longitude, latitude, n; the largest first.
    """
    within = points["inside"].fillna(False).astype(bool)
    most = pd.Series(SHARE * outside, index=points.index).mask(within, SHARE * inside).clip(lower=LEAST)
    found = points.loc[points["n"] > most, ["longitude", "latitude", "n"]]
    return pd.DataFrame(
        found.sort_values(["n", "longitude", "latitude"], ascending=[False, True, True]).reset_index(drop=True)
    )
