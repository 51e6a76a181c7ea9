"""Ways to forecast where alerts will be, each as shares of the next weeks' alerts by cell of the land."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from scipy import sparse

from analysis.grid.cells import neighbours
from analysis.stats.result import Choice
from curim_data.model import FloatArray, Message

NAIVE_WEEKS: Final = 52
HALF_LIVES: Final = (4, 8, 13, 26, 52)
NEIGHBOURS: Final = (0.0, 0.1, 0.3, 1.0)
STRENGTHS: Final = (4.0, 13.0, 52.0)
# Share of every forecast that is spread evenly over the land, so that no alert comes where nothing was forecast.
EVEN: Final = 0.02
METHODS: Final = ("naive", "decay", "blend")


@dataclass(frozen=True, eq=False)
class CellHistory:
    """Counts by cell and week (shape (m, T)), the land of the cells, and who is whose neighbour (itself not).

    Sums over weeks are the same under many settings, and are made once.
    """

    counts: FloatArray
    land: FloatArray
    near: sparse.csr_array
    _sums: dict[tuple[Any, ...], FloatArray] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, counts: Any, land: Any, cells: Any) -> CellHistory:
        """From tables in the order of the cells."""
        around = sparse.csr_array(neighbours(cells, 1) - sparse.eye_array(len(cells)))
        around.eliminate_zeros()
        return cls(np.asarray(counts, dtype=float), np.asarray(land, dtype=float), around)

    def before(self, origins: Any) -> FloatArray:
        """All alerts before each origin; (m, origins)."""
        at = tuple(np.asarray(origins, dtype=int).tolist())
        if ("before", at) not in self._sums:
            self._sums["before", at] = self.counts @ _before(self.counts.shape[1], at)
        return self._sums["before", at]

    def fading(self, origins: Any, half_life: float) -> FloatArray:
        """Alerts before each origin that count 2^(-age / half-life); (m, origins)."""
        at = tuple(np.asarray(origins, dtype=int).tolist())
        if (half_life, at) not in self._sums:
            self._sums[half_life, at] = self.counts @ _fading(self.counts.shape[1], at, half_life)
        return self._sums[half_life, at]

    @property
    def even(self) -> FloatArray:
        """Each cell's share of the land."""
        return np.asarray(self.land / self.land.sum(), dtype=float)

    def smooth(self, values: FloatArray, weight: float) -> FloatArray:
        """Mean by land over a cell and its neighbours, these with a weight, times the land of the cell."""
        inside = self.land + weight * (self.near @ self.land)
        mean = (values + weight * (self.near @ values)) / inside[:, None]
        return np.asarray(mean * self.land[:, None], dtype=float)


@dataclass(frozen=True)
class ForecastSettings:
    """What the two models are made with: half-life in weeks, weight of a neighbour, weeks that the long run counts."""

    half_life: int = 13
    weight: float = 0.3
    strength: float = 13.0


def naive(ground: CellHistory, origins: Any) -> FloatArray:
    """Plain counting: the alerts of the last 52 weeks before each origin (all, where there are fewer); (m, origins)."""
    at = np.asarray(origins, dtype=int)
    return ground.before(at) - ground.before(np.maximum(at - NAIVE_WEEKS, 0))


def decay(ground: CellHistory, origins: Any, settings: ForecastSettings) -> FloatArray:
    """Counts that fade, spread to the neighbours: a kernel density in space and time on the cells.

    sum over weeks of 2^(-age / half-life) x, where x is the mean by land over a cell and (weighted) its neighbours.
    """
    return _mixed(ground, ground.smooth(ground.fading(origins, settings.half_life), settings.weight))


def blend(ground: CellHistory, origins: Any, settings: ForecastSettings) -> FloatArray:
    """The long-run rate of a cell, shrunk to its neighbourhood where it has few alerts, moved by what came of late.

    Two gamma-Poisson steps in the mean of the posterior, with a weeks' strength k:

        long run   L = (all alerts + k M) / (weeks + k),    M: the mean week of the neighbourhood in the long run
        rate         = (recent + k L) / (recent weeks + k), recent alerts and weeks fading by the half-life

    Harvey, A. C. & Fernandes, C. (1989). Time series models for count or qualitative observations. Journal of Business
    & Economic Statistics 7, 407-417 (fading gamma-Poisson); Marshall, R. J. (1991). Mapping disease and mortality rates
    using empirical Bayes estimators. Applied Statistics 40, 283-294 (shrinkage to the neighbourhood).
    """
    at = np.asarray(origins, dtype=int)
    every, weeks = ground.before(at), np.maximum(at, 1)
    around = ground.smooth(every, 1.0) / weeks
    long_run = (every + settings.strength * around) / (weeks + settings.strength)
    recent = _fading(ground.counts.shape[1], at, settings.half_life).sum(axis=0)
    rate = (ground.fading(at, settings.half_life) + settings.strength * long_run) / (recent + settings.strength)
    return _mixed(ground, rate)


def predicted_shares(ground: CellHistory, method: str, origins: Any, settings: ForecastSettings) -> FloatArray:
    """What a method of `METHODS` predicts at each origin, up to a factor of the column; (m, origins)."""
    if method == "naive":
        return naive(ground, origins)
    return decay(ground, origins, settings) if method == "decay" else blend(ground, origins, settings)


def settings_for(ground: CellHistory, method: str, origins: Any, weeks: int) -> tuple[ForecastSettings, Choice]:
    """Choose a model's settings: those under which what came after each of these origins was likeliest.

    The likelihood is that of the alerts of the following weeks over the cells (multinomial). Without origins the
    settings are the usual ones. Only weeks before the last origin's end are looked at.
    """
    best = ForecastSettings()
    at = np.asarray(origins, dtype=int)
    if len(at):
        observed = following_counts(ground.counts, at, weeks)
        tried = _grid(method)
        best = max(tried, key=lambda one: _likelihood(observed, predicted_shares(ground, method, at, one)))
    return best, _choices(method, best, len(at))


def following_counts(counts: FloatArray, origins: Any, weeks: int) -> FloatArray:
    """Alerts by cell in the weeks that follow each origin; (m, origins)."""
    return np.stack([counts[:, at : at + weeks].sum(axis=1) for at in np.asarray(origins, dtype=int)], axis=1)


def _grid(method: str) -> list[ForecastSettings]:
    if method == "decay":
        return [ForecastSettings(half_life=life, weight=weight) for life in HALF_LIVES for weight in NEIGHBOURS]
    return [ForecastSettings(half_life=life, strength=strength) for life in HALF_LIVES for strength in STRENGTHS]


def _likelihood(came: FloatArray, forecast: FloatArray) -> float:
    cell, origin = np.nonzero(came)  # in a large city few cells have alerts in the weeks after an origin
    share = forecast[cell, origin] / forecast.sum(axis=0)[origin]
    return float((came[cell, origin] * np.log(np.maximum(share, 1e-300))).sum())


def _before(length: int, origins: Any) -> FloatArray:
    """One for each week (rows) before each origin (columns), zero for what lies ahead."""
    return (np.arange(length)[:, None] < np.asarray(origins)[None, :]).astype(float)


def _fading(length: int, origins: Any, half_life: float) -> FloatArray:
    """Weight of each week (rows) at each origin (columns): 2^(-age / half-life), none for what lies ahead."""
    age = np.asarray(origins)[None, :] - 1 - np.arange(length)[:, None]
    return np.where(age >= 0, 0.5 ** (np.maximum(age, 0) / half_life), 0.0)


def _mixed(ground: CellHistory, values: FloatArray) -> FloatArray:
    """The values with a small even part over the land."""
    whole = values.sum(axis=0)
    even = ground.even[:, None]
    return np.where(whole > 0, (1 - EVEN) * values + EVEN * even * whole, even)


def _choices(method: str, settings: ForecastSettings, origins: int) -> Choice:
    if method == "decay":
        values = {"weeks": settings.half_life, "weight": settings.weight, "origins": origins}
        message = Message(
            "Fading counts: alerts count half after {weeks} weeks, those of a neighbouring cell {weight} times; chosen "
            "by {origins} older forecasts that are not in the test.",
            values,
        )
    else:
        values = {"weeks": settings.half_life, "strength": round(settings.strength), "origins": origins}
        message = Message(
            "Long run and recent weeks together: alerts count half after {weeks} weeks, and the long run of the place "
            "and its neighbours counts as {strength} weeks; chosen by {origins} older forecasts that are not in the "
            "test.",
            values,
        )
    return Choice(method, settings.half_life, message)
