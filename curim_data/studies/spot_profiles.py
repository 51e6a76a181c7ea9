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

from analysis.clusters import Cluster
from analysis.concentration import Concentration, concentration
from analysis.gender import AFFECTED, GenderShares, gender_shares
from analysis.hotspots.grouping import Spot
from analysis.spots.naming import SpotName, name_spots
from analysis.spots.profile import SpotProfile, profile_spot
from analysis.stats.intervals import UNKNOWN, Choice, Estimate, wilson
from analysis.trends.time_series import HOURS, Trend, WeekClock, peak_bands, week_clock
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
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
    if not spots:
        return ()
    names, least = name_spots(spots, source.city, known_places(source)), WrittenCounts.of(f, source).least()
    asked = ["category", AFFECTED, *(["hour"] if source.known_time.knows("hour") else [])]
    tables = zip(asked, _by_area(source, whole_city(f), {spot.id: spot.names for spot in spots}, asked), strict=True)
    by = {
        name: {area: (rows[name].to_numpy(), rows["n"].to_numpy()) for area, rows in table.groupby("area")}
        for name, table in tables
    }
    lines, nothing = [], (np.array([], float), np.array([], float))
    for spot in spots:
        themes, numbers = by["category"].get(spot.id, nothing)
        genders: dict[Any, float] = dict(zip(*by[AFFECTED].get(spot.id, nothing), strict=True))
        women, either = float(genders.get("woman", 0.0)), float(genders.get("woman", 0.0) + genders.get("man", 0.0))
        told = share_is_told(women, either, least)
        lines.append(
            SpotSummary(
                spot=spot,
                name=names[spot.id],
                women=None if not either else wilson(women, either) if told else UNKNOWN,
                category=str(themes[np.argsort(numbers)[-1]]) if len(themes) else None,
                hours=peak_hours(
                    1 if not source.protected else BAND_HOURS,
                    pd.DataFrame(dict(zip(("hour", "n"), by.get("hour", {}).get(spot.id, nothing), strict=True))),
                ),
            )
        )
    return tuple(lines)


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

    timed, written = source.known_time.knows("hour"), WrittenCounts.of(f, source)
    categories, affected = counted("category"), counted(AFFECTED)
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
    shares = spot_shares(source, whole, affected, spot.n)
    if profile.women is not None and shares.women.known:
        profile = replace(profile, women=shares.women)  # the sentence and the bars tell one interval
    return SpotStudy(
        profile=written_profile(profile, categories, affected, dark, written),
        categories=categories.sort_values("n", ascending=False, kind="stable", ignore_index=True),
        affected=replace(shares, least=written.least()),
        week=week_clock(hours) if hours is not None else None,
        trend=trend_study(source, here, "week" if not source.protected else "month"),
        at_default=int(query.default_coordinates(source, here)["n"].sum()),
    )


def spot_shares(source: Source, f: AlertFilter, affected: pd.DataFrame, n: float) -> GenderShares:
    """Who is affected, of counts (affected_gender, n) of a place, as scattered as under the filter without a gender."""
    scatter = share_scatter(source, f.replace(affected=()), Share(AFFECTED, WOMEN, EITHER), area_kind(source))
    return gender_shares(affected, AFFECTED, total=float(n), scatter=scatter)


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
    genders, least = affected.groupby(AFFECTED)["n"].sum(), written.least()
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


# A longer stretch says nothing of when alerts come.
MOST_PEAK: Final = 12


def peak_hours(band: int, counted: pd.DataFrame) -> tuple[int, int] | None:
    """First and last hour of the peak of counts (hour, n), in bands of so many hours; None where no hour is known, or
    where it takes more than half of the day.
    """
    known = counted.dropna(subset=["hour"])
    by_hour = np.bincount(known["hour"].astype(int), weights=known["n"].astype(float), minlength=HOURS)
    peak = peak_bands(by_hour.astype(float), band)
    return None if peak is None or peak[1] > MOST_PEAK else (peak[0], (peak[0] + peak[1] - 1) % HOURS)


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
        about = tuple(choice for choice in self.cells.choices if choice.name in ("resolution", "piles"))
        return (*about, *self.concentration.choices)


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
    curve = {"places": found.curve_places, "alerts": found.curve_alerts, "chance": found.curve_chance}
    return pd.DataFrame({name: values[at].round(5) for name, values in curve.items()})
