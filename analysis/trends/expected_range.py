"""The rules by which the expected range of a period is made, and the plain bands of earlier practice beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.tsa.seasonal import STL

from analysis.stats.intervals import Estimate
from curim_data.model import FloatArray, Message

RuleName = Literal["first_year", "young_season", "same_weekdays", "few_years", "other_light", "misfit", "season"]

# Variance-stabilised scale: sqrt(n + 3/8) has a standard deviation near 1/2 for any Poisson count (Anscombe 1948).
_ANSCOMBE: Final = 3 / 8
# Share of the standard deviation that a seasonal fit on three to five years leaves in its robust residuals (simulated).
_LEFT: Final = 0.83
# Half the width of the band round a season, in standard deviations.
SEASON_WIDTH: Final = 3.5


# Largest share of quiet periods that may lie outside the expected range, on either side together.
ALPHA: Final = 0.01


@dataclass(frozen=True)
class Rule:
    """How the expected range is made, and the share of quiet periods that fall outside it all the same.

    `false_alarms`: the share that is told. It was measured in simulated series of half a year to ten years, with and
    without a season, a level that drifts and reports in bursts (docs/bands-and-alarms.md).
    """

    name: RuleName
    false_alarms: float
    explanation: Message


RULES: Final = {
    "first_year": Rule(
        "first_year",
        ALPHA,
        Message(
            "With less than a year of data, each period is compared with what the level and trend of the periods "
            "before it let expect, with room for a season that is not known yet and for reports that come in bursts. "
            "At most 10 in 1,000 quiet periods fall outside the band by chance."
        ),
    ),
    "young_season": Rule(
        "young_season",
        ALPHA,
        Message(
            "With one to three years of data, each period is compared with what level, trend and season of the time "
            "before it let expect. The season is still uncertain, and reports come in bursts: both make the band "
            "wider. At most 10 in 1,000 quiet periods fall outside the band by chance."
        ),
    ),
    "same_weekdays": Rule(
        "same_weekdays",
        ALPHA,
        Message(
            "Each day is compared with what the same weekdays before it, the level and the season let expect. At most "
            "10 in 1,000 quiet periods fall outside the band by chance."
        ),
    ),
    "few_years": Rule(
        "few_years",
        0.0,
        Message(
            "Months are judged from three whole years of data on. With fewer the season cannot be separated from a "
            "change: the summer would look like an alarm, so no month is called unusual."
        ),
    ),
    "other_light": Rule(
        "other_light",
        0.0,
        Message(
            "Alerts after dark or by day are judged from three years of data on, by weeks or months and their "
            "season alone: the days become shorter or longer, so that earlier weeks are no measure."
        ),
    ),
    "misfit": Rule(
        "misfit",
        0.0,
        Message(
            "Most periods lie outside what the periods before them let expect: these data have no usual level, as "
            "after a disaster or while reporting begins or ends. So no band is shown and no period is called unusual."
        ),
    ),
    "season": Rule(
        "season",
        ALPHA,
        Message(
            "With three years of data or more, each period is compared with what level, trend and season of the time "
            "before it let expect, with room for reports that come in bursts. At most 10 in 1,000 quiet periods fall "
            "outside the band by chance."
        ),
    ),
}


@dataclass(frozen=True)
class Band:
    """Expected count with its lower and upper bound, one entry a period; NaN where the history is too short."""

    expected: FloatArray
    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True)
class SeasonalDecomposition:
    """A series taken apart on the sqrt(n + 3/8) scale: observed = trend + season + rest; gaps were filled linearly."""

    observed: FloatArray
    trend: FloatArray
    season: FloatArray
    rest: FloatArray

    @property
    def level(self) -> FloatArray:
        """The trend as a count."""
        return to_count(self.trend)

    @property
    def adjusted(self) -> FloatArray:
        """The series as a count, without its season."""
        return to_count(self.observed - self.season)


def ears_band(counts: ArrayLike, gap: int, alpha: float = 0.001, *, poisson_floor: bool = False) -> Band:
    """Bounds of the Early Aberration Reporting System: mean ± z sd of seven baseline periods, `gap` periods back.

    Gap 0 is C1, gap 2 is C2; sd with n - 1. With `poisson_floor` the sd is never below the square root of the mean,
    since seven counts often look calmer than they are: the false alarms of C2 fall from 3 % of quiet periods
    to 1 %. Baselines with fewer than five known counts give NaN.

    Hutwagner, L. et al. (2003). The bioterrorism preparedness and response Early Aberration Reporting System (EARS).
    Journal of Urban Health 80, i89-i96. Salmon, M. et al. (2016). JSS 70(10), function earsC.
    """
    mean, spread = _baseline(np.asarray(counts, dtype=float), window=7, gap=gap, needed=5)
    if poisson_floor:
        spread = np.maximum(spread, np.sqrt(np.maximum(mean, 1)))
    z = float(stats.norm.isf(alpha))
    return Band(mean, np.maximum(mean - z * spread, 0), mean + z * spread)


def wheeler_band(counts: ArrayLike, lag: int = 1) -> Band:
    """Wheeler's band round the mean m of the eight periods before: (sqrt(m) ± 3/2)².

    `lag` 7 on a daily series compares with the eight same weekdays before. Below a mean of five the lower bound is
    zero: there no single count can be called too low. Fewer than six known counts among the eight give NaN.

    Wheeler, A. P. (2016). Tables and graphs for monitoring temporal crime trends. IJPSM 18, 159-172.
    """
    values = np.asarray(counts, dtype=float)
    mean = np.full(values.shape, np.nan)
    for start in range(lag):
        mean[start::lag] = _baseline(values[start::lag], window=8, gap=0, needed=6)[0]
    root = np.sqrt(mean)
    lower = np.where(mean < 5, 0.0, np.maximum(root - 1.5, 0) ** 2)
    return Band(mean, np.where(np.isnan(mean), np.nan, lower), (root + 1.5) ** 2)


def decompose(counts: ArrayLike, period: int) -> SeasonalDecomposition:
    """Take a series of at least three periods apart by robust STL on the sqrt(n + 3/8) scale.

    The season is nearly the same every year (its smoother spans all years, degree 0): with three to five years, one
    that moves would follow the noise. Each smoother is evaluated at every tenth of its span and joined by lines, as R's
    `stl` does by default. Raises ValueError on a shorter series or where nothing is known.

    Cleveland, R. B. et al. (1990). STL: a seasonal-trend decomposition procedure based on loess. Journal of Official
    Statistics 6, 3-73.
    """
    values = np.asarray(counts, dtype=float)
    known = np.flatnonzero(np.isfinite(values))
    if len(values) < 3 * period or known.size == 0:
        raise ValueError(f"a season of {period} periods needs at least {3 * period} counts, got {len(values)}")
    observed = np.interp(np.arange(len(values)), known, np.sqrt(values[known] + _ANSCOMBE))
    span = 10 * (len(values) // period) + 1
    whole = STL(observed, period=period, seasonal=span, seasonal_deg=0, robust=True)
    jumps = {f"{name}_jump": -(-whole.config[name] // 10) for name in ("seasonal", "trend", "low_pass")}
    fit = STL(observed, period=period, seasonal=span, seasonal_deg=0, robust=True, **jumps).fit()
    trend, season = np.asarray(fit.trend), np.asarray(fit.seasonal)
    return SeasonalDecomposition(observed, trend, season, observed - trend - season)


def seasonal_band(parts: SeasonalDecomposition, known: ArrayLike, width: float = SEASON_WIDTH) -> Band:
    """The band that trend and season predict: (fit ± width · sd)² on the count scale.

    sd is the robust spread of the rest (quartile distance / 1.349), widened by what the fit takes away, and never less
    than chance alone makes it (0.45). `known` marks the periods that were counted, not filled.
    """
    rest = parts.rest[np.asarray(known, dtype=bool)]
    quartiles = np.quantile(rest, [0.25, 0.75])
    spread = max(float(quartiles[1] - quartiles[0]) / 1.349 / _LEFT, 0.45)
    fit = parts.trend + parts.season
    return Band(to_count(fit), to_count(fit - width * spread), to_count(fit + width * spread))


def seasonal_sum(expected: FloatArray, upper: FloatArray, level: float = 0.95) -> Estimate:
    """What several periods of a `seasonal_band` predict together: the sum m of their expected counts, m ± z · sd.

    Each period's sd on the square-root scale is read off its band, s = (sqrt(upper + 1/8) - sqrt(expected + 1/8)) /
    width, so counts more overdispersed than chance alone widen the sum too; by the delta method its variance is
    sum 4 s² (expected + 1/8), which is sum expected for Poisson counts (s = 1/2). Periods are taken as independent.
    """
    root = np.sqrt(expected + 1 / 8)
    spread = (np.sqrt(upper + 1 / 8) - root) / SEASON_WIDTH
    reach = float(stats.norm.ppf((1 + level) / 2) * np.sqrt((4 * spread**2 * root**2).sum()))
    total = float(expected.sum())
    return Estimate(total, max(total - reach, 0.0), total + reach, level)


def to_count(root: FloatArray) -> FloatArray:
    """Back from the sqrt(n + 3/8) scale to a count: s² - 1/8, which is nearly unbiased, and never below zero."""
    return np.asarray(np.maximum(np.maximum(root, 0) ** 2 - 1 / 8, 0), dtype=float)


def _baseline(values: FloatArray, window: int, gap: int, needed: int) -> tuple[FloatArray, FloatArray]:
    """Mean and sd of the `window` values that end `gap` + 1 places before each value."""
    mean, spread = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    reach = window + gap
    if len(values) <= reach:
        return mean, spread
    windows = sliding_window_view(values, window)[: len(values) - reach]
    enough = np.isfinite(windows).sum(axis=1) >= needed
    mean[reach:][enough] = np.nanmean(windows[enough], axis=1)
    spread[reach:][enough] = np.nanstd(windows[enough], axis=1, ddof=1)
    return mean, spread
