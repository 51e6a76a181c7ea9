"""How far the stored data can be trusted: piles of coordinates, what is missing, what is unknown, gaps in time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from curim_data import privacy, queries
from curim_data.access import Audience
from curim_data.alert import Gender
from curim_data.city import CityProfile
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.i18n import Translator
from curim_data.queries import Total

EVERYTHING: Final = AlertFilter(period="all")
ON_THE_SPOT_M: Final = 60.0
MIDDLE_M: Final = 150.0
COARSE_DECIMALS: Final = 3
UNEXPECTED: Final = 0.05
_SILENT: Final = (Gender.UNDISCLOSED.value, Gender.UNKNOWN.value)


@dataclass(frozen=True)
class QualityStudy:
    """What a reader should know of the stored alerts.

    `piles`: longitude, latitude, n, share (of the alerts with coordinates). `genders`:
    district (missing where none), n, affected and reporter (shares of alerts whose gender was not disclosed or not
    asked). `unknown`: category, n, for categories that the city's tree does not hold. `gaps`: first, last (dates),
    days, for stretches without any alert that chance does not explain.
    """

    total: Total
    piles: pd.DataFrame
    genders: pd.DataFrame
    unknown: pd.DataFrame
    gaps: pd.DataFrame
    a_day: float


def quality_study(source: Source, audience: Audience) -> QualityStudy:
    """Look at all stored alerts. What the audience may not see exactly is left out (as missing), not guessed."""
    total = queries.total(source, EVERYTHING, audience)
    days = pd.Series(dtype=float)
    if privacy.sees_exact(audience):
        daily = queries.counts(source, EVERYTHING, ["local_date"], audience, complete=True).frame
        days = daily.set_index("local_date")["n"].sort_index()
    categories = queries.counts(source, EVERYTHING, ["category"], audience).frame
    unknown = categories[~categories["category"].isin(list(source.city.categories))]
    return QualityStudy(
        total=total,
        piles=_piles(source, audience, total),
        genders=_genders(source, audience),
        unknown=unknown[["category", "n"]].sort_values("n", ascending=False, ignore_index=True),
        gaps=gaps(days),
        a_day=usual_day(days),
    )


def usual_day(days: pd.Series) -> float:
    """Alerts on an ordinary day: the median, which gaps do not move; the mean where half of the days have none."""
    return float(days.median() or days.mean()) if len(days) else 0.0


def gaps(days: pd.Series) -> pd.DataFrame:
    """Stretches of days without any alert that chance does not explain.

    Were alerts Poisson with the usual rate m a day, a stretch of g days would be empty with probability exp(-m g); over
    N days, N exp(-m g) such stretches are to be expected. One of which fewer than 0.05 are expected is told.

    Parameters
    ----------
    days : Series
        Alerts by day (index: timestamps, every day of the period).

    Returns
    -------
    DataFrame
        first, last (dates), days.
    """
    empty = (days == 0).to_numpy()
    rate = usual_day(days)
    if not rate:
        return pd.DataFrame(columns=["first", "last", "days"])
    run = np.cumsum(np.diff(empty, prepend=False))
    found = []
    for number in np.unique(run[empty]):
        stretch = days.index[(run == number) & empty]
        if len(days) * math.exp(-rate * len(stretch)) < UNEXPECTED:
            found.append((stretch[0].date(), stretch[-1].date(), len(stretch)))
    return pd.DataFrame(found, columns=["first", "last", "days"])


def _piles(source: Source, audience: Audience, total: Total) -> pd.DataFrame:
    frame = queries.piles(source, EVERYTHING, audience).sort_values("n", ascending=False, ignore_index=True)
    placed = (total.mapped or 0) + (total.outside or 0)
    frame["share"] = frame["n"] / placed if placed else np.nan
    return frame[["longitude", "latitude", "n", "share"]]


def _genders(source: Source, audience: Audience) -> pd.DataFrame:
    """By district: alerts, and the share of them whose gender is not known."""
    told: dict[str, pd.Series] = {}
    for name in ("affected", "reporter"):
        column = f"{name}_gender"
        counted = queries.counts(source, EVERYTHING, ["district", column], audience).frame
        counted["silent"] = counted["n"].where(counted[column].isin(_SILENT), 0.0)
        by = counted.groupby("district", dropna=False)[["n", "silent"]].sum(min_count=1)
        told["n"] = by["n"]
        told[name] = by["silent"] / by["n"]
    return pd.DataFrame(told).rename_axis("district").reset_index()


def likely_reason(t: Translator, city: CityProfile, longitude: float, latitude: float) -> str:
    """Why many alerts may share this point: the middle of the city or a district, a landmark, rounding."""
    x, y = city.project([longitude], [latitude])

    def metres(lon: float, lat: float) -> float:
        east, north = city.project([lon], [lat])
        return float(np.hypot(east - x, north - y)[0])

    if metres(city.land.centroid.x, city.land.centroid.y) < MIDDLE_M:
        return t("Probably what the app sends when it knows no position: this is the middle of the city.")
    for area in city.districts:
        if metres(area.polygon.centroid.x, area.polygon.centroid.y) < MIDDLE_M:
            return t(
                "Probably addresses that could not be found: this is the middle of {district}.",
                district=t.label(area.labels),
            )
    near = min(city.landmarks, key=lambda mark: metres(mark.longitude, mark.latitude), default=None)
    if near is not None and metres(near.longitude, near.latitude) < ON_THE_SPOT_M:
        return t("Probably picked from a list or set by default: this is {place}.", place=t.label(near.labels))
    if all(abs(value - round(value, COARSE_DECIMALS)) < 1e-9 for value in (longitude, latitude)):
        return t("Probably rounded or typed by hand: there are at most {n} decimals.", n=COARSE_DECIMALS)
    return t("Probably a default position, or one device that always sends from the same point.")
