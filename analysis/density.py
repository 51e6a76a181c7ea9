"""The density of alerts: its bandwidth, and a smooth surface in alerts per km² and month.

The bandwidth is that which best predicted where the next alerts fell. The shore does not thin the surface out. As one
picture for a map it has printed classes and a clear sea, laid out as web maps are.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy import fft
from scipy.ndimage import fourier_gaussian, map_coordinates
from shapely.geometry.base import BaseGeometry

from analysis.grid import centres_in_metres, covered_share
from analysis.stats.intervals import UNKNOWN, Choice, Estimate, Result, poisson_rate
from curim_data.model import N_, BoolArray, CityProfile, FloatArray, Message, Translator
from curim_data.model.progress import report

# Half of the narrowest width that is tried, and more than the 22 m from corner to corner of the fine cells (H3
# resolution 12): each pixel on the land then holds the centre of one.
DENSITY_PIXEL_M: Final = 25.0
MIN_OVER_CELLS_M: Final = 22.0
MOST_DENSITY_PIXELS: Final = 1_000_000
# Cells at the shore may hold next to no land and still get the alerts of the quay.
LEAST_LAND_KM2: Final = 1e-9
# Standard deviations after which nothing of a Gaussian is left: it has 2e-8 of its height there.
DENSITY_REACH: Final = 6.0


@dataclass(frozen=True, eq=False)
class Raster:
    """Pixels of `cell_m` metres over the land, anchored at multiples of `cell_m` so that two maps share their pixels.

    land_km2 : array, shape (rows, columns)
        Land of each pixel; row 0 is the southernmost, column 0 the westernmost.
    x0, y0 : float
        South-western corner in metres.
    """

    land_km2: FloatArray
    x0: float
    y0: float
    cell_m: float

    @cached_property
    def total_km2(self) -> float:
        """All the land."""
        return float(self.land_km2.sum())

    def with_points(self, x: Any, y: Any) -> Raster:
        """The same with pixels under all of these points (metres): where there is no land, next to none (a quay)."""
        rows, columns = self.land_km2.shape
        across = np.floor((np.asarray(x, float) - self.x0) / self.cell_m).astype(int)
        up = np.floor((np.asarray(y, float) - self.y0) / self.cell_m).astype(int)
        if not len(across):
            return self
        west, south = max(0, -int(across.min())), max(0, -int(up.min()))
        east, north = max(0, int(across.max()) + 1 - columns), max(0, int(up.max()) + 1 - rows)
        land = np.pad(self.land_km2, ((south, north), (west, east)))
        _guard(*land.shape)
        at = (up + south, across + west)
        land[at] = np.maximum(land[at], LEAST_LAND_KM2)
        return Raster(land, self.x0 - west * self.cell_m, self.y0 - south * self.cell_m, self.cell_m)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north end in metres."""
        rows, columns = self.land_km2.shape
        return self.x0, self.y0, self.x0 + columns * self.cell_m, self.y0 + rows * self.cell_m

    def place(self, x: Any, y: Any) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Number of the pixel (row · columns + column) of each point; -1 outside the pixels that touch the land."""
        rows, columns = self.land_km2.shape
        across = np.floor((np.asarray(x, float) - self.x0) / self.cell_m)
        up = np.floor((np.asarray(y, float) - self.y0) / self.cell_m)
        inside = (across >= 0) & (across < columns) & (up >= 0) & (up < rows)  # false for NaN too
        at = np.where(inside, up * columns + across, 0).astype(np.intp)
        return np.where(inside & (self.land_km2.ravel()[at] > 0), at, -1)

    def sums(self, place: Any, weights: Any) -> FloatArray:
        """Sum of the weights by pixel, from `place`; what is outside is left out."""
        inside = place >= 0
        found = np.bincount(place[inside], np.asarray(weights, float)[inside], self.land_km2.size)
        return np.asarray(found, float).reshape(self.land_km2.shape)


class GaussianSmoother:
    """Values by pixel, ready to be spread by Gaussians of any width up to `widest_m`.

    G_h(v) = v * K_h by Fourier transforms: one of the values, then one back for every width, whatever the width. The
    array is padded by six standard deviations of the widest, so that nothing comes round from the other side.
    """

    def __init__(self, values: FloatArray, cell_m: float, widest_m: float) -> None:
        self._rows, self._columns = values.shape
        self._cell, self._widest = cell_m, widest_m
        pad = int(np.ceil(DENSITY_REACH * widest_m / cell_m))
        self._shape = tuple(fft.next_fast_len(side + pad, real=True) for side in values.shape)
        self._spectrum = fft.rfft2(values, s=self._shape)

    def by(self, width_m: float) -> FloatArray:
        """The values spread by a Gaussian of standard deviation `width_m`: never negative, zeros outside the array."""
        spectrum = fourier_gaussian(self._spectrum, width_m / self._cell, n=self._shape[1])
        spread = fft.irfft2(spectrum, s=self._shape, overwrite_x=True)
        return np.asarray(np.maximum(spread[: self._rows, : self._columns], 0.0))


def pixel_for(width_m: float, height_m: float) -> float:
    """Choose the pixels: 25 m, more only where the land would need over a million of them."""
    needed = float(np.sqrt(width_m * height_m / MOST_DENSITY_PIXELS))
    return DENSITY_PIXEL_M if needed <= DENSITY_PIXEL_M else float(np.ceil(needed / 5) * 5)


def raster_from_polygon(land: BaseGeometry, cell_m: float | None = None) -> Raster:
    """Pixels over a polygon in metres, each with the land that it covers.

    Raises ValueError for an empty polygon, or more than a million pixels.
    """
    if land.is_empty or land.area <= 0:
        raise ValueError("there is no land")
    west, south, east, north = land.bounds
    cell = float(cell_m or pixel_for(east - west, north - south))
    x0, y0 = np.floor(west / cell) * cell, np.floor(south / cell) * cell
    columns, rows = int(np.floor((east - x0) / cell)) + 1, int(np.floor((north - y0) / cell)) + 1
    _guard(rows, columns)
    share = covered_share(land, float(x0), float(y0), cell, rows, columns)
    return Raster(share * cell**2 / 1e6, float(x0), float(y0), cell)


def raster_from_cells(land_km2: pd.Series, city: CityProfile, cell_m: float | None = None) -> Raster:
    """Pixels over fine H3 cells (resolution 12), each with the land of the cells whose centre it holds.

    A centre stands for its cell, so that nothing moves by more than the 11 m from there to a corner of the cell.

    Parameters
    ----------
    land_km2 : Series, index cell (int64)
        Land of each cell of the study mask, as `CityProfile.land_cells` gives it.
    cell_m : float, optional
        Side of a pixel, at least 22 m, lest some hold no centre; `pixel_for` when left out.
    """
    if not len(land_km2) or float(land_km2.sum()) <= 0:
        raise ValueError("there is no land")
    x, y = centres_in_metres(land_km2.index.to_numpy(), city)
    cell = float(cell_m or pixel_for(float(np.ptp(x)), float(np.ptp(y))))
    if cell < MIN_OVER_CELLS_M:
        raise ValueError(f"pixels of {cell} m are smaller than the cells: at least {MIN_OVER_CELLS_M} m")
    x0, y0 = np.floor(x.min() / cell) * cell, np.floor(y.min() / cell) * cell
    column, row = np.floor((x - x0) / cell).astype(int), np.floor((y - y0) / cell).astype(int)
    rows, columns = int(row.max()) + 1, int(column.max()) + 1
    _guard(rows, columns)
    land = np.maximum(land_km2.to_numpy(dtype=float), LEAST_LAND_KM2)
    area = np.bincount(row * columns + column, weights=land, minlength=rows * columns).astype(float)
    return Raster(area.reshape(rows, columns), float(x0), float(y0), cell)


def _guard(rows: int, columns: int) -> None:
    if rows * columns > 1.1 * MOST_DENSITY_PIXELS:
        raise ValueError(f"{rows * columns:,} pixels are too many: choose larger ones")


# Steps of a fifth, rounded: neighbours on this ladder look the same on a map.
WIDTHS_M: Final = (50, 60, 70, 85, 100, 120, 145, 175, 210, 250, 300, 360, 430, 520, 620, 750, 900, 1000)
STEP: Final = 1.2
# The weeks to forecast: the last four, more where they hold alerts at too few places.
LATER_WEEKS: Final = (4, 8, 13, 26)
MIN_EARLY: Final = 50
MIN_LATER: Final = 20
# Share of an even spread that is mixed in: an alert far from all before costs ln 100, not everything.
FLOOR: Final = 0.01
# A place with many alerts counts for no more than nine in ten places do.
CAP_QUANTILE: Final = 0.9
# Where it cannot be tested: alerts that the mean place should draw on.
REACHED: Final = 20
MIN_REACH_M: Final = 100.0


@dataclass(frozen=True)
class Bandwidth:
    """A standard deviation in metres, how it was chosen, and how sure that is.

    method : "prospective" (tested on later alerts) or "reach" (too few alerts to test)
    scores : for each of `widths_m`, the gain in log-likelihood of the later alerts over an even spread
    early, later : alerts that the widths were fitted on and tested on
    weeks : how many weeks the later alerts span
    """

    metres: float
    method: Literal["prospective", "reach"]
    explanation: Message
    early: int
    later: int
    weeks: int
    widths_m: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()

    @property
    def choice(self) -> Choice:
        """The width as a choice with its reason."""
        return Choice("bandwidth", self.metres, self.explanation)


def bandwidth_for(
    x: Any, y: Any, days: Any, weights: Any = None, *, land: Raster, least_m: float = WIDTHS_M[0]
) -> Bandwidth:
    """Choose the width by prospective likelihood.

    The alerts of the last weeks (`LATER_WEEKS`) are predicted from those before. With f_h the density of the earlier
    ones smoothed by h and normalised over the land of area A, without those at s_j itself, e = 0.01, and s_j the later
    places with weights w_j:

        score(h) = Σ_j w_j ln((1 - e) A f_h(s_j) + e)

    which is the log-likelihood less that of an even spread. The best of `WIDTHS_M` is taken. Coordinates
    that repeat exactly (addresses, middles of blocks, a default location) say nothing about distance and would draw h
    to its lower bound. So a later place is predicted from all other places, and alerts at one place (same x and y) are
    one place, whose weight is their number, cut at the 0.9 quantile over the places.

    Parameters
    ----------
    x, y : arrays, shape (n,)
        Metres: of alerts, or of the centres of fine cells.
    days : array, shape (n,)
        Day of each, counted from any day; for counts by cell and period the last day of the period.
    weights : array, shape (n,), optional
        Alerts that a row stands for; one each when left out.
    land : Raster
        The land; what lies outside is left out.
    least_m : float
        The narrowest width to try: not below the precision of the coordinates.

    With fewer than 50 earlier or 20 later places the width is that at which the mean place draws on 20 alerts,
    `bandwidth_by_rule`.

    Bowman, A. W. (1984). An alternative method of cross-validation for the smoothing of density estimates. Biometrika
    71, 353-360 (the criterion, there with one point left out at a time).
    """
    x, y, when = (np.asarray(part, dtype=float) for part in (x, y, days))
    weight = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=float)
    kept = (land.place(x, y) >= 0) & (weight > 0) & np.isfinite(when)
    x, y, when, weight = x[kept], y[kept], when[kept], weight[kept]
    last = when.max() if len(when) else 0.0
    for weeks in LATER_WEEKS:
        later = when > last - 7 * weeks
        before = distinct_points(x[~later], y[~later], weight[~later])
        after = distinct_points(x[later], y[later], weight[later])
        if len(before[0]) >= MIN_EARLY and len(after[0]) >= MIN_LATER:
            found = round(weight[~later].sum()), round(weight[later].sum())
            return _prospective(before, after, land, least_m, weeks, found)
    return bandwidth_by_rule(float(weight.sum()), land.total_km2, least_m)


def distinct_points(x: FloatArray, y: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The distinct places with their weights, piles cut at the 0.9 quantile of the weights."""
    if not len(x):
        return x, y, weight
    at, inverse = np.unique(x + 1j * y, return_inverse=True)
    total = np.bincount(inverse, weights=weight)
    return at.real, at.imag, np.minimum(total, float(np.quantile(total, CAP_QUANTILE, method="lower")))


def widths_from(least_m: float) -> tuple[float, ...]:
    """The widths that are tried: those of `WIDTHS_M` from the least on; a ladder of its own where few of them are left,
    as in a country whose pixels are kilometres.
    """
    if least_m <= WIDTHS_M[-1] / 2:
        return tuple(float(width) for width in WIDTHS_M if width >= least_m)
    return tuple(float(f"{least_m * STEP**step:.2g}") for step in range(len(WIDTHS_M)))


def bandwidth_by_rule(n: float, land_km2: float, least_m: float = WIDTHS_M[0]) -> Bandwidth:
    """The width at which the mean place draws on 20 alerts: h = sqrt(20 A / (4 π n)), from 100 to 1,000 m (or as far as
    `widths_from` goes).

    A Gaussian of standard deviation h averages over an area of 4 π h².
    """
    wanted = 1000 * float(np.sqrt(REACHED * land_km2 / (4 * np.pi * max(n, 1e-9))))
    width = float(np.clip(round(wanted, -1), max(MIN_REACH_M, least_m), widths_from(least_m)[-1]))
    message = Message(
        "Smoothed over {metres} m by a rule of thumb: there are too few alerts, or weeks, to test which width predicts "
        "best.",
        {"metres": round(width)},
    )
    return Bandwidth(width, "reach", message, round(n), 0, 0)


def _prospective(
    before: tuple[FloatArray, FloatArray, FloatArray],
    after: tuple[FloatArray, FloatArray, FloatArray],
    land: Raster,
    least_m: float,
    weeks: int,
    found: tuple[int, int],
) -> Bandwidth:
    widths = widths_from(least_m)
    earlier = GaussianSmoother(land.sums(land.place(*before[:2]), before[2]), land.cell_m, widths[-1])
    ground = GaussianSmoother(land.land_km2, land.cell_m, widths[-1])
    place, own = land.place(*after[:2]), _already(before, after)
    total = float(before[2].sum())
    scores = []
    for step, width in enumerate(widths):
        report(step / len(widths), Message("Trying how wide to smooth"))
        under = ground.by(width)
        density = edge_corrected(earlier.by(width), under, land)
        whole = float((density * land.land_km2).sum())
        itself = own * land.cell_m**2 / (2 * np.pi * width**2) / under.ravel()[place]
        relative = np.maximum(density.ravel()[place] - itself, 0) * land.total_km2 / whole / (1 - own / total)
        scores.append(float((after[2] * np.log((1 - FLOOR) * relative + FLOOR)).sum()))
    best = max(scores)
    chosen = widths[scores.index(best)] if best > 0 else widths[-1]
    return Bandwidth(
        chosen,
        "prospective",
        _width_message(chosen, best > 0, widths, weeks, found[1]),
        found[0],
        found[1],
        weeks,
        widths,
        tuple(scores),
    )


def _already(
    before: tuple[FloatArray, FloatArray, FloatArray], after: tuple[FloatArray, FloatArray, FloatArray]
) -> FloatArray:
    """The weight of earlier alerts at each later place itself."""
    known, wanted = before[0] + 1j * before[1], after[0] + 1j * after[1]  # sorted by `distinct_points`
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.asarray(np.where(known[at] == wanted, before[2][at], 0.0))


def edge_corrected(spread: FloatArray, ground: FloatArray, land: Raster) -> FloatArray:
    """Density per km² on the land, zero elsewhere: the spread alerts over the land spread alike (edge correction of
    Diggle 1985, in the uniform form).
    """
    return np.asarray(np.divide(spread, ground, out=np.zeros_like(spread), where=land.land_km2 > 0))


def _width_message(chosen: float, better: bool, widths: tuple[float, ...], weeks: int, later: int) -> Message:
    words = (
        N_(
            "Smoothed over {metres} m: of the widths from {narrowest} to {widest} m, this one best predicted where the "
            "{n} alerts of the last {weeks} weeks fell."
        )
        if better
        else N_(
            "Smoothed over {metres} m, the widest: no width predicted the {n} alerts of the last {weeks} weeks better "
            "than an even spread."
        )
    )
    values = {"metres": round(chosen), "weeks": weeks, "n": later}
    return Message(words, values | {"narrowest": round(widths[0]), "widest": round(widths[-1])})


@dataclass(frozen=True, eq=False)
class Density(Result):
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
    outside: float
    bandwidth: Choice

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
    return t.number(value, 2 if value < 1 else 1 if value < 10 else 0)


def density_from_cells(
    counts: pd.Series,
    land_km2: pd.Series | Raster,
    city: CityProfile,
    *,
    bandwidth: Choice | float,
    months: float,
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

    A cell stands for its centre, so alerts move by up to 11 m, and by half a pixel after that: on 400 points the
    surface differs from the exact sum by at most 0.2 % of its peak with h of eight pixels, 1.3 % with four, 6 % with
    two; on 4,000 points by 0.2, 0.7 and 2 %.
    """
    raster, known = _raster(land_km2, counts.index, city)
    inside = counts[known].astype(float)
    total = float(counts.sum())
    x, y = centres_in_metres(inside.index.to_numpy(), city) if len(inside) else (np.empty(0), np.empty(0))
    sums = raster.sums(raster.place(x, y), inside.to_numpy())
    return density_on(
        raster,
        sums,
        bandwidth,
        months,
        round(float(inside.sum())),
        float(counts[~known].sum()) / total if total > 0 else 0.0,
    )


def bandwidth_from_cells(
    periods: pd.DataFrame,
    land_km2: pd.Series | Raster,
    city: CityProfile,
    *,
    least_m: float = 50,
) -> Bandwidth:
    """`bandwidth_for` from counts by fine cell and period.

    Parameters
    ----------
    periods : DataFrame with columns cell (int64, H3 resolution 12), day (last day of the period, as a number of days or
        a date) and n; cells outside `land_km2` are left out.
    """
    raster, known = _raster(land_km2, pd.Index(periods["cell"]), city)
    inside = periods[known & (periods["n"] > 0)]
    day = inside["day"]
    if not pd.api.types.is_numeric_dtype(day):
        day = (pd.to_datetime(day) - pd.Timestamp(0)) / pd.Timedelta(days=1)
    cells, which = np.unique(inside["cell"].to_numpy(dtype=np.int64), return_inverse=True)
    x, y = centres_in_metres(cells, city) if len(cells) else (np.empty(0), np.empty(0))
    return bandwidth_for(
        x[which], y[which], day.to_numpy(float), inside["n"].to_numpy(float), land=raster, least_m=least_m
    )


def _raster(land: pd.Series | Raster, cells: pd.Index, city: CityProfile) -> tuple[Raster, BoolArray]:
    """The pixels, and which of the cells lie on the land."""
    if isinstance(land, pd.Series):
        return raster_from_cells(land, city), np.asarray(cells.isin(land.index))
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
    ground = GaussianSmoother(raster.land_km2, raster.cell_m, h).by(h)
    rough = edge_corrected(GaussianSmoother(sums, raster.cell_m, h).by(h), ground, raster)
    total = float((rough * raster.land_km2).sum())
    scale = float(sums.sum()) / total / months if total > 0 else 0.0
    pixel_km2 = (raster.cell_m / 1000) ** 2
    squared = GaussianSmoother(sums, raster.cell_m, h).by(h / np.sqrt(2)) * pixel_km2 / (4 * np.pi * (h / 1000) ** 2)
    error = edge_corrected(np.sqrt(squared), ground, raster)
    return Density(rough * scale, error * scale, raster, months, outside, choice, n=n, choices=(choice,))


def _given(width: float) -> Choice:
    return Choice(
        "bandwidth", float(width), Message(("Smoothed over {metres} m, as requested."), {"metres": round(width)})
    )


Bytes = NDArray[np.uint8]

# ColorBrewer YlOrRd, as the counts on the other maps: it grows darker throughout, so that it reads in grey as well.
SCALE: Final = ("#ffeda0", "#fec35a", "#f98e3a", "#e2532b", "#a31621")
ALPHA: Final = 215
LADDER: Final = (1, 2, 5)
# Pixels of the picture to one of the grid, on each side; fewer where the picture would exceed so many.
FINER: Final = 2
MAX_ACROSS: Final = 1_200


@dataclass(frozen=True, eq=False)
class DensityImage:
    """A picture and where it lies. Made by `density_image`.

    rgba : array of uint8, shape (rows, columns, 4); row 0 is the northernmost, rows are even steps of Web Mercator
    breaks : class limits in alerts per km² and month, ascending: classes + 1 of them; clear below the first
    colours : `#rrggbb` by class
    bounds : west, south, east, north in degrees (WGS84), as deck.gl's BitmapLayer takes them
    """

    rgba: Bytes
    breaks: tuple[float, ...]
    colours: tuple[str, ...]
    bounds: tuple[float, float, float, float]

    @property
    def png(self) -> bytes:
        """The picture as a PNG file."""
        out = io.BytesIO()
        Image.fromarray(self.rgba, "RGBA").save(out, format="png")
        return out.getvalue()

    @property
    def data_url(self) -> str:
        """The picture as a data URL."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")

    def legend(self, t: Translator) -> list[tuple[str, str]]:
        """Colour and limits of each class, from the thinnest."""
        limits = [t.number(value, max(0, -int(np.floor(np.log10(value))))) for value in self.breaks]
        return [
            (colour, f"{low}–{high}") for colour, low, high in zip(self.colours, limits[:-1], limits[1:], strict=True)
        ]


def class_breaks(peak: float) -> tuple[float, ...]:
    """Limits of five classes from 1, 2 and 5 times powers of ten, the last the first that is not below the peak.

    Each class spans about twice the one before: densities are so uneven that equal steps would leave all but one place
    in the first, and a surface that is flat stays in one class. Nothing without a peak.

    >>> class_breaks(37)
    (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
    """
    if not peak > 0:
        return ()
    step = 3 * int(np.floor(np.log10(peak))) - 1
    while _rung(step) < peak:
        step += 1
    return tuple(_rung(step - back) for back in range(len(SCALE), -1, -1))


def _rung(step: int) -> float:
    return float(f"{LADDER[step % 3]}e{step // 3}")


def density_image(density: Density, city: CityProfile) -> DensityImage:
    """Draw a density in printed classes for a web map.

    The projected grid is turned against the meridians (by 0.2 degrees in Piraeus, a pixel in 7 km) and web maps stretch
    a picture evenly in Web Mercator, so the picture is resampled: each of its pixels takes the density at its own
    place, between the centres of the grid linearly (over the land alone). What is left is the rounding of colours to a
    pixel of the picture.

    Parameters
    ----------
    density : Density
    city : CityProfile
        Whose projection the density has.
    """
    bounds = city.to_metres.transform_bounds(*density.raster.bounds, densify_pts=7, direction="INVERSE")
    west, south, east, north = bounds
    rows, columns = density.values.shape
    sharp = min(FINER, MAX_ACROSS / max(rows, columns))
    height, width = max(1, round(rows * sharp)), max(1, round(columns * sharp))
    longitude = west + (np.arange(width) + 0.5) / width * (east - west)
    top, foot = _mercator(north), _mercator(south)
    latitude = np.degrees(np.arctan(np.sinh(top - (np.arange(height) + 0.5) / height * (top - foot))))
    x, y = city.project(*np.meshgrid(longitude, latitude))
    values = _between_pixels(density, x, y)
    breaks = class_breaks(float(density.values.max()))
    colours = SCALE if breaks else ()
    return DensityImage(_paint(values, breaks, colours), breaks, colours, bounds)


def _between_pixels(density: Density, x: FloatArray, y: FloatArray) -> FloatArray:
    """Density at points in metres, linearly between pixels that touch the land; NaN where none does."""
    raster = density.raster
    at = np.array([(y - raster.y0) / raster.cell_m - 0.5, (x - raster.x0) / raster.cell_m - 0.5])
    share = map_coordinates(density.land.astype(float), at, order=1, mode="constant")
    value = map_coordinates(density.values, at, order=1, mode="constant")
    shown = (raster.place(x, y) >= 0) & (share > 0)
    return np.asarray(np.divide(value, share, out=np.full_like(value, np.nan), where=shown))


def _paint(values: FloatArray, breaks: tuple[float, ...], colours: tuple[str, ...]) -> Bytes:
    """Colours by class. What is clear has the lightest colour with no opacity, lest borders blend with black."""
    palette = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] + [ALPHA] for colour in colours]
    clear = [*(palette[0][:3] if palette else [255, 255, 255]), 0]
    table = np.array([clear, *palette], dtype=np.uint8)
    if not breaks:
        return np.full((*values.shape, 4), clear, dtype=np.uint8)
    place = np.searchsorted(breaks, np.nan_to_num(values, nan=0.0), side="left")
    painted: Bytes = table[np.minimum(place, len(colours))]
    return painted


def _mercator(latitude: float) -> float:
    return float(np.arcsinh(np.tan(np.radians(latitude))))
