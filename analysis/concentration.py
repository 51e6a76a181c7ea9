"""How few places hold most alerts, and how few would by chance alone."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.stats.dispersion import INDEPENDENT, Dispersion
from analysis.stats.intervals import UNKNOWN, Estimate, Result
from curim_data.model import N_, FloatArray, IntArray, Translator

PARTS: Final = (0.25, 0.5, 0.8)
MIN_ALERTS: Final = 20  # fewer lie in a few places whatever happens
MAX_RUNS, MIN_RUNS = 199, 39
MAX_DRAWS: Final = 4_000_000
FEW: Final = 3  # alerts a place up to which bursts are drawn one by one
AT_ONCE: Final = 500_000  # counts of random maps that are held in memory by a thread


@dataclass(frozen=True)
class PlaceShare:
    """The smallest share of places that holds a part of the alerts: observed, and by chance.

    part : the part of the alerts (0.25, 0.5, 0.8)
    places : the observed share; NaN without alerts
    chance : mean and central 95 % of the same alerts placed uniformly at random on the land
    cells : the number of places behind it
    """

    part: float
    places: float
    chance: Estimate
    cells: int


@dataclass(frozen=True, eq=False)
class Concentration(Result):
    """Made by `concentration`.

    cells, n : places on the land, alerts in them
    shares : for a quarter, half and four fifths of the alerts
    gini : Gini coefficient; generalised : for fewer alerts than places, where 0 is "spread as evenly as so few can be";
    unbiased : the same, so that all alerts in one place is 1
    chance_gini, chance_generalised : of random maps
    p : share of random maps that are as concentrated (generalised Gini), with the observed one
    curve_places, curve_alerts, curve_chance : arrays, shape (cells + 1,)
        The share of alerts in the fullest places against their share: the Lorenz curve seen from its full end. The
        last is the mean of the random maps.
    """

    cells: int
    shares: tuple[PlaceShare, ...]
    gini: float
    generalised: float
    unbiased: float
    chance_gini: Estimate
    chance_generalised: Estimate
    p: float
    curve_places: FloatArray
    curve_alerts: FloatArray
    curve_chance: FloatArray

    def share(self, part: float) -> PlaceShare:
        """The share of places for a part of the alerts; KeyError for one that was not computed."""
        return {share.part: share for share in self.shares}[part]

    @property
    def enough(self) -> bool:
        """Whether there are so many alerts that a share of places says something."""
        return self.n >= MIN_ALERTS

    def sentence(self, t: Translator) -> str:
        """Half of the alerts: how few places hold them, and by chance."""
        if not self.n:
            return t("No alerts, so their concentration cannot be measured.")
        if not self.enough:
            return t("Too few alerts to measure their concentration: at least {least} are needed.", least=MIN_ALERTS)
        half = self.share(0.5)
        digits = interval_decimals(t, half.chance)
        values = {
            "places": t.percent(half.places, decimals(half.places)),
            "chance": t.percent(half.chance.value, digits),
            "low": t.percent(half.chance.low, digits),
            "high": t.percent(half.chance.high, digits),
        }
        if half.places < half.chance.low:
            return t(
                "Half of the alerts lie in {places} of the places; by chance alone it would be {chance} ({low} to "
                "{high}).",
                **values,
            )
        words = (
            N_(
                "Half of the alerts lie in {places} of the places; by chance alone it would be {chance} ({low} to "
                "{high}): they are spread more evenly than expected by chance."
            )
            if half.places > half.chance.high
            else N_(
                "Half of the alerts lie in {places} of the places, and by chance alone it would be {chance} ({low} to "
                "{high}): that they gather in few places is not shown."
            )
        )
        return t(words, **values)


def concentration(
    cells: pd.DataFrame, *, runs: int | None = None, seed: int = 0, scatter: Dispersion = INDEPENDENT
) -> Concentration:
    """How concentrated the alerts are over the places of the land, against chance.

    Parameters
    ----------
    cells : DataFrame, one row a place: the whole study mask, zeros included
        Columns n and land_km2.
    runs : int, optional
        Random maps; `runs_for` when left out. Each places the same number of alerts at random, in proportion to
        their land.
    seed : int
        Of the random maps.
    scatter : Dispersion
        Dispersion of the counts of a place. Of random maps the counts are then negative binomial given their sum, that
        is Dirichlet-multinomial: with A = n / (dispersion - 1) in all, their variance is (n + A) / (1 + A) times the
        multinomial one, next to the dispersion.

    With n places and c alerts, in ascending order: G = Σ (2i - n - 1) x_(i) / (n c); generalised G' = max(1, n / c)
    (G - 1) + 1; unbiased: times m / (m - 1) with m = min(n, c). NaN without alerts.

    Bernasco, W. & Steenbeek, W. (2017). More places than crimes: implications for evaluating the law of crime
    concentration at place. Journal of Quantitative Criminology 33, 451-467. Random maps: Chalfin, A., Kaplan, J. &
    Cuellar, M. (2021). Measuring marginal crime concentration. Journal of Research in Crime and Delinquency 58,
    467-504.
    """
    counts = cells["n"].to_numpy(dtype=float)
    land = cells["land_km2"].to_numpy(dtype=float)
    n = round(float(counts.sum()))
    if not n:
        return _nothing(len(counts))
    maps = runs or runs_for(len(counts))
    chance = _RandomMaps(n, land / land.sum(), maps, seed, scatter.value)
    general = generalised_gini(counts)
    return Concentration(
        cells=len(counts),
        n=n,
        shares=tuple(_share(part, counts, chance) for part in PARTS),
        gini=gini(counts),
        generalised=general,
        unbiased=generalised_gini(counts, unbiased=True),
        chance_gini=_central(chance.gini),
        chance_generalised=_central(chance.generalised),
        p=(1 + int((chance.generalised >= general - 1e-12).sum())) / (1 + len(chance.generalised)),
        curve_places=np.linspace(0, 1, len(counts) + 1),
        curve_alerts=np.concatenate([[0.0], np.cumsum(np.sort(counts)[::-1]) / counts.sum()]),
        curve_chance=chance.curve,
        choices=scatter.choices,
    )


def runs_for(cells: int) -> int:
    """Choose the number of random maps: 199, fewer (down to 39) above 20,000 places, where they hardly differ."""
    return int(np.clip(MAX_DRAWS // max(cells, 1), MIN_RUNS, MAX_RUNS))


def gini(counts: Any) -> float:
    """The Gini coefficient of counts by place; NaN without any alert.

    >>> round(gini([10, 8, 2, 0, 0, 0, 0, 0, 0, 0]), 2)
    0.78
    """
    x = np.sort(np.asarray(counts, dtype=float))
    total, n = x.sum(), len(x)
    if not total > 0:
        return float("nan")
    return float(((2 * np.arange(1, n + 1) - n - 1) * x).sum() / (n * total))


def generalised_gini(counts: Any, *, unbiased: bool = False) -> float:
    """The generalised Gini of Bernasco & Steenbeek (2017): 0 where so few alerts are spread as evenly as they can be.

    NaN without any alert; the unbiased form also where all is one place or one alert, which cannot be unequal.

    >>> round(generalised_gini([5, 2, 1, 0, 0, 0, 0, 0, 0, 0]), 2)
    0.75
    """
    x = np.asarray(counts, dtype=float)
    total, n = float(x.sum()), len(x)
    if not total > 0:
        return float("nan")
    value = max(1.0, n / total) * (gini(x) - 1) + 1
    if not unbiased:
        return value
    fewer = min(float(n), total)
    return value * fewer / (fewer - 1) if fewer > 1 else float("nan")


def fewest_places(counts: Any, part: float) -> int:
    """The smallest number of places that together hold a part (0 to 1) of the alerts."""
    full = np.cumsum(np.sort(np.asarray(counts, dtype=float))[::-1])
    return int(np.searchsorted(full, part * full[-1] * (1 - 1e-12))) + 1 if full[-1] > 0 else 0


class _RandomMaps:
    """The same alerts placed uniformly at random, several times: fewest places by part, both Ginis, and the mean
    curve."""

    def __init__(self, n: int, probability: FloatArray, runs: int, seed: int, dispersion: float = 1.0) -> None:
        cells = len(probability)
        blocks = [len(block) for block in np.array_split(range(runs), max(2, runs * cells // AT_ONCE)) if len(block)]
        seeds = np.random.SeedSequence(seed).spawn(len(blocks))
        with ThreadPoolExecutor(2) as pool:  # drawing takes most of the time, and other threads need not wait for it
            maps = list(pool.map(lambda size, own: _draw_maps(n, probability, size, own, dispersion), blocks, seeds))
        fewest_of, held, curve = (np.concatenate([block[part] for block in maps]) for part in range(3))
        self.places = dict(zip(PARTS, fewest_of.T / cells, strict=True))
        self.gini = (2 * held - n) / (n * cells) - 1
        self.generalised = max(1.0, cells / n) * (self.gini - 1) + 1
        self.curve = np.concatenate([[0.0], curve.sum(axis=0) / (n * runs)])


def _draw_maps(
    n: int, probability: FloatArray, maps: int, seed: np.random.SeedSequence, dispersion: float = 1.0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of some random maps, a row each: fewest places by part and the sum of the curve; and one row, the curves' sum.

    All follows from a map's counts in descending order and their sums, as in `fewest_places` and `gini`.
    """
    rng = np.random.default_rng(seed)
    if dispersion > 1 and n <= FEW * len(probability):
        counts = np.stack([bursts_at_random(rng, n, probability, dispersion) for _ in range(maps)])
    elif dispersion > 1:
        weights = rng.standard_gamma(probability * n / (dispersion - 1), size=(maps, len(probability)))
        counts = rng.multinomial(n, weights / weights.sum(axis=1, keepdims=True))
    else:
        counts = rng.multinomial(n, probability, size=maps)
    counts.sort(axis=1)
    sums = np.cumsum(counts[:, ::-1], axis=1)
    parts = np.array(PARTS) * n * (1 - 1e-12)
    fewest_of = np.stack([np.searchsorted(row, parts) + 1 for row in sums])
    return fewest_of.astype(float), sums.sum(axis=1).astype(float), sums.sum(axis=0, keepdims=True).astype(float)


def bursts_at_random(rng: np.random.Generator, n: int, probability: FloatArray, dispersion: float) -> IntArray:
    """Dirichlet-multinomial counts by place, as those of `_draw_maps`, at a cost that grows with the alerts.

    The urn of Pólya: with A = n / (dispersion - 1), alert i (from 0) is the first of a burst of its own with
    probability A / (A + i), and the bursts lie in places drawn by `probability`. How large the bursts are follows from
    the gaps between the first ones (the Feller coupling of Ewens' law). Places are drawn evenly, and kept in proportion
    to their probability.

    Arratia, R., Barbour, A. D. & Tavaré, S. (1992). Poisson process approximations for the Ewens sampling formula.
    Annals of Applied Probability 2, 519-535.
    """
    base = n / (dispersion - 1)
    first = np.flatnonzero(rng.random(n) * (base + np.arange(n)) < base)
    kept = probability / probability.max()
    parts, missing = [np.array([], np.int64)], len(first)
    while missing:
        tried = rng.integers(len(kept), size=16 + int(1.05 * missing / kept.mean()))
        parts.append(tried[rng.random(len(tried)) < kept[tried]][:missing])
        missing -= len(parts[-1])
    return np.bincount(np.concatenate(parts), np.diff(first, append=n), len(kept)).astype(np.int64)


def _share(part: float, counts: FloatArray, chance: _RandomMaps) -> PlaceShare:
    found = fewest_places(counts, part)
    return PlaceShare(part, found / len(counts), _central(chance.places[part]), found)


def _central(values: FloatArray) -> Estimate:
    low, high = np.quantile(values, [0.025, 0.975])
    return Estimate(float(values.mean()), float(low), float(high))


def _nothing(cells: int) -> Concentration:
    nan = float("nan")
    even = np.linspace(0, 1, cells + 1)
    return Concentration(
        cells=cells,
        n=0,
        shares=tuple(PlaceShare(part, nan, UNKNOWN, 0) for part in PARTS),
        gini=nan,
        generalised=nan,
        unbiased=nan,
        chance_gini=UNKNOWN,
        chance_generalised=UNKNOWN,
        p=nan,
        curve_places=even,
        curve_alerts=even * np.nan,
        curve_chance=even * np.nan,
    )


def decimals(share: float) -> int:
    """With how many decimals a share (0 to 1) is written as a percentage, in the sentence and in tables alike."""
    if 0 < share < 0.001:
        return min(6, -math.floor(math.log10(100 * share)))  # what holds alerts is not 0.0 %
    return 1 if share < 0.1 else 0


def interval_decimals(t: Translator, share: Estimate) -> int:
    """The same for a share with its interval: one more where its ends would be written alike."""
    alike = share.low < share.high and t.percent(share.low) == t.percent(share.high)
    return 1 if alike else decimals(share.value)
