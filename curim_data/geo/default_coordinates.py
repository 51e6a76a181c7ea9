"""Default coordinates: points that so many alerts share exactly that they are more likely a default than a place."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from curim_data.model.place_names import PlaceNames

LEAST: Final = 20
SHARE: Final = 0.01
NEARLY_ALL: Final = 0.95  # of the points
TIMES: Final = 5  # as many alerts as nearly all points hold
FEWEST_POINTS: Final = 20  # of fewer none can be far above the others
NO_NAMES: Final = PlaceNames()


def default_coordinates(
    points: pd.DataFrame, inside: int, outside: int, usual: int, names: PlaceNames = NO_NAMES
) -> pd.DataFrame:
    """Of points with their alerts, those that hold far more than others: the one rule for it.

    A default coordinate holds more than 20 alerts, more than 1 % of all, and more than five times as many as nearly all
    other points hold (`usual`): where an export moves alerts to the points of a list, its busy corners are no defaults.

    All are the alerts with coordinates in the city for a point in it, and those outside for a point outside: an export
    of a country, of which the city is a small part, does not hide the pile at the city's centre. Such a point is more
    often a default (the town hall, the middle of the city) than a place where so much happened. One of which the export
    says that it is on a street or block is that place.

    Parameters
    ----------
    points : DataFrame
        longitude, latitude (WGS84), inside (bool: on the city's land), n. Points of 20 alerts or fewer may be left out.
    inside, outside : int
        Alerts with coordinates in the city and outside it.
    usual : int
        `usual_count` of all points.
    names : PlaceNames
        What positions are called.

    Returns
    -------
    DataFrame
        longitude, latitude, n; the largest first.
    """
    within = points["inside"].fillna(False).astype(bool)
    most = pd.Series(SHARE * outside, index=points.index).mask(within, SHARE * inside)
    found = points.loc[points["n"] > most.clip(lower=max(LEAST, TIMES * usual)), ["longitude", "latitude", "n"]]
    place = [names.is_on_street(*point) for point in found.itertuples(index=False, name=None)]
    found = found[~np.array(place, bool)]
    return pd.DataFrame(
        found.sort_values(["n", "longitude", "latitude"], ascending=[False, True, True]).reset_index(drop=True)
    )


def usual_count(counts: pd.DataFrame) -> int:
    """The least number of alerts that 95 % of the points do not exceed; 0 where there are fewer than 20 points.

    `counts`: n (alerts at a point) and points (how many points hold so many).
    """
    ordered = counts.sort_values("n")
    reached = ordered["points"].cumsum() >= NEARLY_ALL * ordered["points"].sum()
    return int(ordered.loc[reached, "n"].iloc[0]) if ordered["points"].sum() >= FEWEST_POINTS else 0
