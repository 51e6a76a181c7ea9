"""How well a ranking of places foretold what came: PAI, PEI, the hit rate, RRI, and Levine's recapture rate."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.stats.inference import Floats

Ties = Literal["worst", "mean"]


def accuracy(observed: Any, predicted: Any, area: Any = None) -> pd.DataFrame:
    """The measures of a forecast for each number of places that it flags, one row a number.

    Parameters
    ----------
    observed : array, shape (m,)
        What came, by place.
    predicted : array, shape (m,)
        What was foretold. The places are taken by foretold density, highest first; among equals the one with the
        lowest observed count comes first, so that no tie flatters the forecast.
    area : array, shape (m,), optional
        Land of each place; all alike when left out.

    Returns
    -------
    DataFrame with the columns place (position in the input), area (share of all land flagged), hit_rate (n / N: share
    of all events there), pai, pei and rri:

        PAI = (n / N) / (a / A)
        PEI = PAI / PAI of the best flags of the same area, "PEI*" of the NIJ
        RRI = foretold sum / observed sum of the flagged places, Wheeler's; not Levine's (see `recapture_rate`)

    NaN where there is nothing to divide by. Raises ValueError for shapes that differ, negative values or no land.

    Chainey, S., Tompson, L. & Uhlig, S. (2008). The utility of hotspot mapping for predicting spatial patterns of
    crime. Security Journal 21, 4-28. Hunt, J. (2016). Do crime hot spots move? Dissertation, American University (PEI).

    >>> accuracy([6, 3, 0], [3, 2, 1])["pai"].tolist()
    [2.0, 1.5, 1.0]
    """
    came, told, land = _checked(observed, predicted, area)
    order = np.lexsort((came, -told / land))
    flagged = np.cumsum(land[order]) / land.sum()
    hits, foretold = np.cumsum(came[order]), np.cumsum(told[order])
    rate = _over(hits, np.full(len(hits), came.sum()))
    pai = rate / flagged
    best = _over(best_hits(came, flagged, land), np.full(len(hits), came.sum())) / flagged
    return pd.DataFrame(
        {
            "place": order,
            "area": flagged,
            "hit_rate": rate,
            "pai": pai,
            "pei": _over(pai, best),
            "rri": _over(foretold, hits),
        }
    )


def hits(observed: Any, predicted: Any, shares: Any, area: Any = None, *, ties: Ties = "mean") -> Floats:
    """Events in the places of highest foretold density that make up the given shares of the land.

    The place at the border is flagged in part and its events count in proportion, so that forecasts are compared on
    the same area. `ties`: places foretold alike share the border in proportion to their land ("mean": what a choice
    among them at random gives in the mean), or the ones with the lowest counts come first ("worst"). Against a
    forecast without ties, "worst" would hold back plain counting, whose ties are many.

    >>> hits([4, 0, 2, 0], [2, 1, 1, 0], [0.25, 0.5, 1.0]).tolist()
    [4.0, 5.0, 6.0]
    """
    came, told, land = _checked(observed, predicted, area)
    density = told / land
    order = np.lexsort((came / land, -density))
    came, land, density = came[order], land[order], density[order]
    ends = np.append(density[1:] != density[:-1], True) if ties == "mean" else np.ones(len(came), dtype=bool)
    return _along(land, came, ends, shares)


def best_hits(observed: Any, shares: Any, area: Any = None) -> Floats:
    """The most events that any flags of the given shares of the land could have held; the last one in part."""
    return hits(observed, observed, shares, area)


def recapture_rate(before: float, all_before: float, after: float, all_after: float) -> float:
    """Levine's Recapture Rate Index of flagged places: (n2 / n1) / (N2 / N1); above 1 they gained against the city.

    n: events in the flagged places, N: in the whole city, in a first and a second period. NaN without events to
    divide by. Not Wheeler's RRI, which compares what was foretold with what came.

    Levine, N. (2008). The "hottest" part of a hotspot: comments on "The utility of hotspot mapping for predicting
    spatial patterns of crime". Security Journal 21, 295-302.

    >>> recapture_rate(40, 100, 30, 60)
    1.25
    """
    if not (before > 0 and all_before > 0 and all_after > 0):
        return float("nan")
    return (after / before) / (all_after / all_before)


def _along(land: Floats, came: Floats, ends: Any, shares: Any) -> Floats:
    """Events up to shares of the land, in straight lines between the places that are ends."""
    flagged = np.concatenate([[0.0], np.cumsum(land)[ends] / land.sum()])
    held = np.concatenate([[0.0], np.cumsum(came)[ends]])
    return np.asarray(np.interp(np.asarray(shares, dtype=float), flagged, held), dtype=float)


def _checked(observed: Any, predicted: Any, area: Any) -> tuple[Floats, Floats, Floats]:
    came, told = np.asarray(observed, dtype=float), np.asarray(predicted, dtype=float)
    land = np.ones(came.shape) if area is None else np.asarray(area, dtype=float)
    if came.ndim != 1 or not came.shape == told.shape == land.shape or not came.size:
        raise ValueError(f"one value for each place, not {came.shape}, {told.shape} and {land.shape}")
    if not ((came >= 0).all() and (told >= 0).all() and (land > 0).all()):
        raise ValueError("counts are not negative, and every place has land")
    return came, told, land


def _over(above: Floats, below: Floats) -> Floats:
    ratio: Floats = np.full(len(above), np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio
