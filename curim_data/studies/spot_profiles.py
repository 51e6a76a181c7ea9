"""What the alerts of hot spots are like: a line for each in the list, a closer look at one; and how few places hold
most alerts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.clusters import Cluster
from analysis.concentration import Concentration, concentration
from analysis.gender import GenderShares, gender_shares
from analysis.hotspots.grouping import Spot
from analysis.spots.naming import SpotName, name_spots
from analysis.spots.profile import SpotProfile, profile_spot
from analysis.stats.intervals import UNKNOWN, Choice, Estimate, wilson
from analysis.trends.time_series import HOURS, Trend, WeekClock, peak_bands, week_clock
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Translator
from curim_data.privacy import BAND_HOURS, WrittenCounts, share_is_told
from curim_data.studies.cells import area_frame, counted_areas, whole_city
from curim_data.studies.hot_spots import HotSpotStudy, hot_spot_study, known_places
from curim_data.studies.periods import EITHER, WOMEN, Share, area_kind, share_scatter
from curim_data.studies.trends import trend_study

SpotOrCluster = Spot | Cluster


@dataclass(frozen=True)
class SpotSummary:
    """A hot spot in the list. women: of women and men affected, unknown where that would tell a small number; category:
    id of the most frequent; None: not known.
    """

    spot: SpotOrCluster
    name: SpotName
    women: Estimate | None
    category: str | None
    hours: tuple[int, int] | None


@dataclass(frozen=True)
class SpotStudy:
    """A hot spot close up. `piled`: alerts here that share their exact coordinates with many others."""

    profile: SpotProfile
    categories: pd.DataFrame
    affected: GenderShares
    week: WeekClock | None
    trend: Trend | None
    at_default: int


def spot_summaries(source: Source, f: AlertFilter, spots: Sequence[SpotOrCluster]) -> tuple[SpotSummary, ...]:
    """Names, gender, main category and peak hours of hot spots."""
    names = name_spots(spots, source.city, known_places(source))
    areas = {spot.id: spot.names for spot in spots}
    whole = whole_city(f)
    if not areas:
        return ()
    asked = ["category", "affected_gender", *(["hour"] if source.known_time.knows("hour") else [])]
    tables = zip(asked, _by_area(source, whole, areas, asked), strict=True)
    by = {name: _apart(table, name) for name, table in tables}
    categories, affected, hours = by["category"], by["affected_gender"], by.get("hour", {})
    nothing = np.array([], float)
    lines, least = [], WrittenCounts.of(f, source).least()
    for spot in spots:
        themes, numbers = categories.get(spot.id, (nothing, nothing))
        genders: dict[Any, float] = dict(zip(*affected.get(spot.id, (nothing, nothing)), strict=True))
        women, men = genders.get("woman", 0.0), genders.get("man", 0.0)
        lines.append(
            SpotSummary(
                spot=spot,
                name=names[spot.id],
                women=_share_of_women(float(women), float(men), least),
                category=str(themes[np.argsort(numbers)[-1]]) if len(themes) else None,
                hours=_peak(1 if not source.protected else BAND_HOURS, *hours.get(spot.id, (nothing, nothing))),
            )
        )
    return tuple(lines)


def _share_of_women(women: float, men: float, least: int) -> Estimate | None:
    """Women of women and men; unknown where it would tell a count under `least`, None where there is neither."""
    if not women + men:
        return None
    return wilson(women, women + men) if share_is_told(women, women + men, least) else UNKNOWN


def _by_area(
    source: Source, f: AlertFilter, areas: Mapping[str, tuple[str, ...]], dimensions: Sequence[str]
) -> list[pd.DataFrame]:
    """Alerts on the map by area and by each of some dimensions, for many areas at once, without default coordinates.

    `areas`: H3 names of the cells of each, none of two areas. Columns area, the dimension, n.
    """
    of = {int(cell, 16): area for area, cells in areas.items() for cell in cells}
    (resolution,) = {h3.get_resolution(cell) for cell in of}
    here = f.replace(cells=tuple(cell for cells in areas.values() for cell in cells))
    found = []
    for name in dimensions:
        counted = query.counts(
            source.in_full, here, ["cell", name], without_default_points=True, resolution=resolution
        ).frame
        by_area = counted.assign(area=counted["cell"].map(of))
        raw = by_area.groupby(["area", name], dropna=False)["n"].sum().reset_index()
        found.append(counted_areas(source, f, [raw], ["area", name]).frame)
    return found


def spot_study(source: Source, f: AlertFilter, spot: SpotOrCluster) -> SpotStudy:
    """Look at one hot spot: what, when, for whom, since when, and what makes its figures doubtful."""
    whole = whole_city(f)
    here = whole.replace(cells=spot.names)

    def counted(*by: str) -> pd.DataFrame:
        return area_frame(source, whole, spot.names, by, complete=not source.protected)

    timed = source.known_time.knows("hour")
    categories, affected = counted("category"), counted("affected_gender")
    dark = counted("dark") if timed else None
    hours = counted("weekday", "hour") if timed and not source.protected else None
    profile = profile_spot(
        source.city,
        n=spot.n,
        categories=categories,
        hours=hours,
        affected=affected if len(f.affected) != 1 else None,  # what the filter itself fixes is no finding
        dark=dark if f.dark is None else None,
    )
    women = Share("affected_gender", WOMEN, EITHER)
    scatter = share_scatter(source, whole.replace(affected=()), women, area_kind(source))
    shares = gender_shares(affected, "affected_gender", total=float(spot.n), scatter=scatter)
    written = WrittenCounts.of(f, source)
    shares = replace(shares, least=written.least())
    if profile.women is not None and shares.women.known:
        profile = replace(profile, women=shares.women)  # the sentence and the bars tell one interval
    profile = written_profile(profile, categories, affected, dark, written)
    default_counts = query.default_coordinates(source, here)["n"]
    return SpotStudy(
        profile=profile,
        categories=categories.sort_values("n", ascending=False, kind="stable", ignore_index=True),
        affected=shares,
        week=week_clock(hours) if hours is not None else None,
        trend=trend_study(source, here, "week" if not source.protected else "month"),
        at_default=int(default_counts.sum()),
    )


def written_profile(
    profile: SpotProfile,
    categories: pd.DataFrame,
    affected: pd.DataFrame,
    dark: pd.DataFrame | None,
    written: WrittenCounts,
) -> SpotProfile:
    """The profile without the shares that would tell a count that the audience does not read; the counts (n) by
    category, affected_gender and dark are those that it was made of.
    """
    if written.all_written:
        return profile
    genders, least = affected.groupby("affected_gender")["n"].sum(), written.least()
    women, men = (float(genders.get(name, 0.0)) for name in ("woman", "man"))
    unknown = float(genders.reindex(["undisclosed", "unknown"]).sum())
    by_light = pd.Series(dtype=float) if dark is None else dark.dropna(subset=["dark"]).groupby("dark")["n"].sum()
    after_dark = share_is_told(float(by_light.get(True, 0.0)), float(by_light.sum()), least)
    most = float(categories["n"].max()) if len(categories) else 0.0
    first = profile.categories[0].id if profile.categories else ""
    return replace(
        profile,
        share_written=share_is_told(most, max(float(profile.n), most), written.least(first)),
        dark_share=profile.dark_share if after_dark else None,
        women=profile.women if share_is_told(women, women + men, least) else None,
        unknown_gender=profile.unknown_gender if share_is_told(unknown, float(genders.sum()), least) else None,
    )


def _apart(table: pd.DataFrame, name: str) -> dict[str, tuple[NDArray[Any], ...]]:
    """A column of a table by area and its n, as arrays of the rows of each area."""
    codes, areas = pd.factorize(table["area"].to_numpy(object))
    order, ends = np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes, minlength=len(areas)))[:-1]
    arrays = [np.split(table[column].to_numpy()[order], ends) for column in (name, "n")]
    return dict(zip(areas, zip(*arrays, strict=True), strict=True)) if len(areas) else {}


def _peak(band: int, hour: NDArray[Any], n: NDArray[Any]) -> tuple[int, int] | None:
    """First and last hour of the peak, in bands of so many hours; None where no hour is known."""
    hour = hour.astype(float)
    known = ~np.isnan(hour)
    by_hour = np.bincount(hour[known].astype(int), weights=n[known].astype(float), minlength=HOURS)
    peak = peak_bands(by_hour.astype(float), band)
    return None if peak is None else (peak[0], (peak[0] + peak[1] - 1) % HOURS)


# Points of the curve that are given out; more cannot be distinguished.
CURVE_POINTS: Final = 300


@dataclass(frozen=True)
class ConcentrationStudy:
    """Concentration over the cells of the map: their size and what was left out are known before the random maps."""

    cells: HotSpotStudy
    concentration: Concentration

    @property
    def choices(self) -> tuple[Choice, ...]:
        """How large the places are, which alerts were left out, and what chance is."""
        about = tuple(choice for choice in self.cells.choices if choice.name in ("resolution", "piles", "cells"))
        return (*about, *self.concentration.choices)

    def gini_sentence(self, t: Translator) -> str:
        """The generalised Gini with its random benchmark."""
        found = self.concentration
        return t(
            "Generalised Gini: {gini} (0: as even as so many alerts can be, 1: all in one place). By chance it "
            "would be {chance} ({low} to {high}); {p}.",
            gini=_number(t, found.generalised),
            chance=_number(t, found.chance_generalised.value),
            low=_number(t, found.chance_generalised.low),
            high=_number(t, found.chance_generalised.high),
            p=t.p(found.p, least=found.p <= found.least_p),
        )


def concentration_study(source: Source, f: AlertFilter, resolution: int | None = None) -> ConcentrationStudy:
    """Concentration over the cells of the same filter's hot-spot map, without default coordinates, empty cells counted.

    The places are those of the whole city, whatever area the filter names. `resolution` as for `hot_spot_study`.
    """
    return concentration_of_study(hot_spot_study(source, f, resolution))


def concentration_of_study(study: HotSpotStudy) -> ConcentrationStudy:
    """Concentration over the cells of a hot-spot map."""
    return ConcentrationStudy(study, concentration(study.cells.frame, scatter=study.hot.scatter))


def curve_frame(found: Concentration) -> pd.DataFrame:
    """The curve, thinned to what can be drawn."""
    at = np.unique(np.linspace(0, found.cells, min(found.cells + 1, CURVE_POINTS)).round().astype(int))
    return pd.DataFrame(
        {
            "places": found.curve_places[at].round(5),
            "alerts": found.curve_alerts[at].round(5),
            "chance": found.curve_chance[at].round(5),
        }
    )


def _number(t: Translator, value: float) -> str:
    """Two decimals, and no minus before a zero."""
    return t.number(round(value, 2) + 0.0, 2)
