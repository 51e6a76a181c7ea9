"""How far the stored data can be trusted: piles of coordinates, what is missing, what is unknown, gaps in time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from curim_data import privacy, query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Gender, Message, Translator
from curim_data.model.absence import ASKED_FIELDS
from curim_data.model.coverage import Coverage
from curim_data.model.labels import UNCATEGORISED
from curim_data.privacy import DisclosureError, WrittenCounts
from curim_data.quality import (
    completeness,
    near_duplicates,
    positions,
    times,
)
from curim_data.quality.near_duplicates import Incidents, NearDuplicates
from curim_data.quality.positions import Outside, Precision
from curim_data.quality.times import Lag
from curim_data.query import Total, default_points

EVERYTHING: Final = AlertFilter(period="all")
ON_THE_SPOT_M: Final = 60.0
MIDDLE_M: Final = 150.0
COARSE_DECIMALS: Final = 3
_SILENT: Final = (Gender.UNDISCLOSED.value, Gender.UNKNOWN.value)


@dataclass(frozen=True)
class Detail:
    """What only those see who see exact counts; the fields as the functions of `quality_*` give them.

    `month_only`: alerts of which only the month is known; where they are 5 % or more, `unit` of the jumps is "month".
    `periods`: the counts by it; jumps are looked for in those that no gap touches.
    """

    completeness: pd.DataFrame
    month_only: int
    unit: str
    periods: pd.Series
    jumps: pd.DataFrame
    precision: Precision | None
    outside: Outside
    lag: Lag | None
    lag_classes: pd.DataFrame
    near_duplicates: NearDuplicates
    incidents: Incidents


@dataclass(frozen=True)
class QualityStudy:
    """What a reader should know of the stored alerts.

    `default_coordinates`: longitude, latitude, n, share (of the alerts with coordinates). `genders`:
    district (missing where none), n, affected and reporter (shares of alerts whose gender was not disclosed or not
    asked). `unknown`: category, n, for categories that the city's tree does not hold. `uncategorised`: alerts that
    state no category, missing where the number is protected. `coverage`: which days each source covers. `detail`: None
    for an audience that does not see exact counts. `asked`: the fields that the exports have at all. `written`: which
    of the counts of its tables the audience may read.
    """

    total: Total
    default_coordinates: pd.DataFrame
    genders: pd.DataFrame
    unknown: pd.DataFrame
    uncategorised: float
    coverage: Coverage
    detail: Detail | None = None
    asked: frozenset[str] = frozenset(ASKED_FIELDS)
    written: WrittenCounts | None = None


def quality_study(source: Source, audience: Audience) -> QualityStudy:
    """Look at all stored alerts. What the audience may not see exactly is left out (as missing), not guessed."""
    total = query.total(source, EVERYTHING, audience)
    found = detail(source, audience) if privacy.sees_exact(audience) else None
    categories = query.counts(source, EVERYTHING, ["category"], audience).frame
    unstated = categories["category"] == UNCATEGORISED
    unknown = categories[~categories["category"].isin(list(source.city.categories)) & ~unstated]
    return QualityStudy(
        total=total,
        default_coordinates=_default_coordinates(source, audience, total),
        genders=_genders(source, audience),
        unknown=unknown[["category", "n"]].sort_values("n", ascending=False, ignore_index=True),
        uncategorised=float(categories.loc[unstated, "n"].sum(skipna=False)),
        coverage=source.coverage,
        detail=found,
        asked=source.asked,
        written=WrittenCounts(EVERYTHING, audience, source.city),
    )


def detail(source: Source, audience: Audience) -> Detail:
    """The exact part of the study; DisclosureError for an audience that does not see exact counts.

    Pairs of single alerts are listed for analysts alone.

    Bounded whatever the number of alerts, and counted by the engine: about six seconds for 1,000,000 alerts, three
    of them for near-duplicates.
    """
    if not privacy.sees_exact(audience):
        raise DisclosureError(Message("The quality of single columns and alerts is for analysts and specialists."))
    alerts, points = source.alerts, default_points(source)
    near = near_duplicates.near_duplicates(source, points)
    unit = source.known_time.unit("week")
    periods = times.periods(alerts, unit)
    return Detail(
        completeness=completeness.completeness(alerts, source.city.categories),
        month_only=source.month_only,
        unit=unit,
        periods=periods,
        jumps=times.jumps(periods[source.coverage.untouched(periods.index, unit)]),
        precision=positions.precision(source, points),
        outside=positions.outside(source),
        lag=times.lag(alerts),
        lag_classes=times.lag_classes(alerts),
        near_duplicates=near if audience is Audience.ANALYST else replace(near, listed=near.listed[:0]),
        incidents=near_duplicates.incidents(alerts),
    )


def _default_coordinates(source: Source, audience: Audience, total: Total) -> pd.DataFrame:
    frame = query.default_coordinates(source, EVERYTHING, audience).sort_values("n", ascending=False, ignore_index=True)
    placed = (total.mapped or 0) + (total.outside or 0)
    frame["share"] = frame["n"] / placed if placed else np.nan
    return frame[["longitude", "latitude", "n", "share"]]


def _genders(source: Source, audience: Audience) -> pd.DataFrame:
    """By district: alerts, and the share of them whose gender is not known."""
    shares: dict[str, pd.Series] = {}
    for name in ("affected", "reporter"):
        column = f"{name}_gender"
        counted = query.counts(source, EVERYTHING, ["district", column], audience).frame
        counted["silent"] = counted["n"].where(counted[column].isin(_SILENT), 0.0)
        by = counted.groupby("district", dropna=False)[["n", "silent"]].sum(min_count=1)
        shares["n"] = by["n"]
        shares[name] = by["silent"] / by["n"]
    return pd.DataFrame(shares).rename_axis("district").reset_index()


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
