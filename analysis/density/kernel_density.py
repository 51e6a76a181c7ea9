"""The density of alerts: a smooth surface in alerts per km² and month, which the shore does not thin out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.density.bandwidth import Bandwidth, bandwidth_for, edge_corrected
from analysis.grid.baseline import centres_in_metres
from analysis.grid.raster import GaussianSmoother, Raster, pixel_choice, raster_from_cells
from analysis.stats.intervals import UNKNOWN, Estimate, poisson_rate
from analysis.stats.result import Choice
from curim_data.model import BoolArray, CityProfile, FloatArray, Message, Translator


@dataclass(frozen=True, eq=False)
class Density:
    """Alerts per km² and month by pixel. Made by `density_from_cells`.

    values, error : arrays, shape (rows, columns)
        Density and its standard error, given the width; row 0 is the southernmost; zero outside the land.
    raster : Raster
        Where the pixels lie and how much land each holds; `raster.bounds` in metres.
    n : int
        Alerts on the land.
    outside : float
        Share of the alerts that lie outside the land and were left out.
    """

    values: FloatArray
    error: FloatArray
    raster: Raster
    months: float
    n: int
    outside: float
    bandwidth: Choice
    choices: tuple[Choice, ...]

    @property
    def land(self) -> BoolArray:
        """Whether a pixel touches the land."""
        return np.asarray(self.raster.land_km2 > 0)

    @property
    def mean(self) -> float:
        """Alerts per km² and month over all the land."""
        return float((self.values * self.raster.land_km2).sum()) / self.raster.total_km2

    @property
    def peak(self) -> Estimate:
        """The highest value with its 95 % interval: that of a Poisson count with the same relative error.

        The place was picked for being highest, so that it leans upwards.
        """
        top = int(np.argmax(self.values))
        value, error = float(self.values.flat[top]), float(self.error.flat[top])
        if value <= 0:
            return UNKNOWN
        alerts = (value / error) ** 2
        return poisson_rate(alerts, alerts / value)

    def at(self, x: Any, y: Any) -> FloatArray:
        """Density at points in metres; NaN outside the land."""
        place = self.raster.place(x, y)
        return np.asarray(np.where(place >= 0, self.values.ravel()[place], np.nan))

    def sentence(self, t: Translator) -> str:
        """The mean, the peak with its interval, and what was left out."""
        if not self.n:
            return t("No alerts on the land: there is no density to draw.")
        peak = self.peak
        text = t.n(
            "{n} alert, {mean} per km² and month on average; where it is densest {peak} (95 % interval {low} to "
            "{high}, biased upwards because that place was chosen for being densest).",
            "{n} alerts, {mean} per km² and month on average; where they are densest {peak} (95 % interval {low} to "
            "{high}, biased upwards because that place was chosen for being densest).",
            self.n,
            mean=format_density(t, self.mean),
            peak=format_density(t, peak.value),
            low=format_density(t, peak.low),
            high=format_density(t, peak.high),
        )
        if self.outside > 0:
            share = t.percent(self.outside, 1 if self.outside < 0.1 else 0)
            text += " " + t("{share} of the alerts lie outside the land and are left out.", share=share)
        return text


def format_density(t: Translator, value: float) -> str:
    """A density with two significant digits below ten, none after the point above."""
    if not value < 10:
        return t.number(value)
    return t.number(value, 1 if value >= 1 else 2)


def density_from_cells(
    counts: pd.Series,
    land_km2: pd.Series | Raster,
    city: CityProfile,
    *,
    bandwidth: Choice | float,
    months: float,
    cell_m: float | None = None,
) -> Density:
    """The density from counts by fine cells, as `density_on` smooths them.

    Parameters
    ----------
    counts : Series, index cell (int64, H3 resolution 12)
        Alerts by cell; cells without alerts may be left out, cells outside `land_km2` count as outside the land.
    land_km2 : Series, index cell; or Raster
        Land of every cell of the study mask (`CityProfile.land_cells(12)`), or pixels where these are too many.
    bandwidth, months
        As in `density_on`.
    cell_m : float, optional
        Side of a pixel where `land_km2` is by cell; `pixel_for` when left out. A cell stands for its centre, so alerts
        move by up to 11 m, and by half a pixel after that: on 400 points the surface differs from the exact sum by at
        most 0.2 % of its peak with h of eight pixels, 1.3 % with four, 6 % with two; on 4,000 points by 0.2, 0.7 and
        2 %.
    """
    raster, known = _raster(land_km2, counts.index, city, cell_m)
    inside = counts[known].astype(float)
    if not ((counts >= 0) & np.isfinite(counts)).all():
        raise ValueError("counts must be known, finite and not negative")
    total = float(counts.sum())
    x, y = centres_in_metres(inside.index.to_numpy(), city) if len(inside) else (np.empty(0), np.empty(0))
    sums = raster.sums(raster.place(x, y), inside.to_numpy())
    outside = float(counts[~known].sum()) / total if total > 0 else 0.0
    return density_on(raster, sums, bandwidth, months, round(float(inside.sum())), outside)


def bandwidth_from_cells(
    periods: pd.DataFrame,
    land_km2: pd.Series | Raster,
    city: CityProfile,
    *,
    least_m: float = 50,
    cell_m: float | None = None,
) -> Bandwidth:
    """`bandwidth_for` from counts by fine cell and period.

    Parameters
    ----------
    periods : DataFrame with columns cell (int64, H3 resolution 12), day (last day of the period, as a number of days or
        a date) and n; cells outside `land_km2` are left out.
    """
    raster, known = _raster(land_km2, pd.Index(periods["cell"]), city, cell_m)
    inside = periods[known & (periods["n"] > 0)]
    day = inside["day"]
    if not pd.api.types.is_numeric_dtype(day):
        day = (pd.to_datetime(day) - pd.Timestamp(0)) / pd.Timedelta(days=1)
    cells, which = np.unique(inside["cell"].to_numpy(dtype=np.int64), return_inverse=True)
    x, y = centres_in_metres(cells, city) if len(cells) else (np.empty(0), np.empty(0))
    return bandwidth_for(
        x[which], y[which], day.to_numpy(float), inside["n"].to_numpy(float), land=raster, least_m=least_m
    )


def _raster(
    land: pd.Series | Raster, cells: pd.Index, city: CityProfile, cell_m: float | None
) -> tuple[Raster, BoolArray]:
    """The pixels, and which of the cells lie on the land."""
    if isinstance(land, pd.Series):
        return raster_from_cells(land, city, cell_m), np.asarray(cells.isin(land.index))
    if not len(cells):
        return land, np.zeros(0, bool)
    return land, land.place(*centres_in_metres(cells.to_numpy(np.int64), city)) >= 0


def density_on(
    raster: Raster, sums: FloatArray, bandwidth: Choice | float, months: float, n: int, outside: float
) -> Density:
    """Smooth alerts by pixel into alerts per km² of land and month.

    With H the alerts by pixel, M the land by pixel and G_h the Gaussian of standard deviation h (`GaussianSmoother`):

        f = c G_h(H) / G_h(M) / months,    c so that Σ f M months = Σ H

    Alerts at the shore count in full: what G_h carries to the sea is given back, nothing lies outside the land, and an
    even spread of alerts is flat up to the shore. Standard error, from Var = Σ K_h² with K_h² = K_(h/√2) / (4πh²):

        e = c sqrt(G_(h/√2)(H) / (4 π h²)) / G_h(M) / months

    Parameters
    ----------
    raster : Raster
    sums : array, shape (rows, columns)
        Alerts by pixel.
    bandwidth : Choice or float
        Standard deviation h in metres, not smaller than a pixel; `bandwidth_for` chooses it.
    months : float
        Length of the period, above zero.
    n, outside
        Counts that the `Density` states.

    Diggle, P. J. (1985). A kernel method for smoothing point process data. Applied Statistics 34, 138-147.
    Silverman, B. W. (1982). Kernel density estimation using the fast Fourier transform. Applied Statistics 31, 93-99.
    """
    choice = bandwidth if isinstance(bandwidth, Choice) else _given(bandwidth)
    h = float(choice.value)
    if not months > 0:
        raise ValueError(f"months must be above zero, not {months}")
    if h < raster.cell_m:
        raise ValueError(f"a width of {h} m is narrower than a pixel of {raster.cell_m} m")
    ground = GaussianSmoother(raster.land_km2, raster.cell_m, h).by(h)
    rough = edge_corrected(GaussianSmoother(sums, raster.cell_m, h).by(h), ground, raster)
    total = float((rough * raster.land_km2).sum())
    scale = float(sums.sum()) / total / months if total > 0 else 0.0
    pixel_km2 = (raster.cell_m / 1000) ** 2
    squared = GaussianSmoother(sums, raster.cell_m, h).by(h / np.sqrt(2)) * pixel_km2 / (4 * np.pi * (h / 1000) ** 2)
    error = edge_corrected(np.sqrt(squared), ground, raster)
    pixel = pixel_choice(raster.cell_m)
    return Density(rough * scale, error * scale, raster, months, n, outside, choice, (choice, pixel))


def _given(width: float) -> Choice:
    return Choice(
        "bandwidth", float(width), Message(("Smoothed over {metres} m, as requested."), {"metres": round(width)})
    )
