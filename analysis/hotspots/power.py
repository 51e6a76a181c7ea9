"""Power of the test of hot spots: how much denser than its surroundings a typical place must be to be found.

A map without a hot spot says something only where one would have been found. The test keeps a place whose smallest
p-value, times the number of p-values of a cell and the number of cells tested, is at most alpha (`significant_cells`).
For a place as large as the window of a cell, with surroundings as dense as the mean of the land on which alerts occur,
both counts are Poisson, and the probability of that is a sum; only how many alerts the densest half of the surroundings
has is drawn, with a fixed seed. Where counts scatter more than independent ones, all are effective counts. The
probability is taken for the better of the comparisons, which is a little less than that of either, so that the reported
ratio is on the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import betainc, gammainc
from scipy.stats import binom, poisson

from analysis.hotspots.cell_significance import ALPHA, Ground, HotCells, Setting
from analysis.hotspots.surroundings import CITY_MARGIN, DIRECTIONS, LAND, DenominatorKind, OccupiedLand
from analysis.stats.dispersion import INDEPENDENT, Dispersion
from analysis.stats.result import Choice
from analysis.stats.significance import larger_rate, larger_share
from curim_data.model import FloatArray, Message, Num, Translator
from curim_data.model.i18n import Span, at_head

# The usual power of a planned study (Cohen 1988, Statistical Power Analysis for the Behavioral Sciences).
PROBABILITY: Final = 0.8
# A test that would miss even a place ten times as dense as its surroundings says nothing about hot spots.
MOST_RATIO: Final = 10.0
_STEPS: Final = 30
_SPREADS: Final = 8.0
# Draws of the densest half: the probability of 0.8 then has a standard error of 0.01 at most.
_DRAWS: Final = 4_000


@dataclass(frozen=True)
class Power:
    """What a test of hot spots would have found.

    ratio : the smallest ratio to the surroundings that a place of typical density shows with the probability
        `PROBABILITY`; None where even one `MOST_RATIO` times as dense would be missed more often.
    at_most : the probability with which a place `MOST_RATIO` times as dense is found.
    n : alerts tested. expected : of the place, at the density around. metres : side of a square as large as the place.
    based : whether places are compared by a base population instead of land.
    alone : whether the area is no larger than the place, so that there is nothing to compare it with.
    period : of the alerts; None where it is not said.
    """

    ratio: float | None
    at_most: float
    n: int
    expected: float
    metres: int
    based: bool = False
    period: Span | None = None
    alone: bool = False

    @property
    def too_few(self) -> bool:
        """Whether there are too few alerts to tell: “no hot spot” would be no finding."""
        return self.ratio is None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What the power is worked out for."""
        message = Message(
            "Worked out for a place as large as a square of {metres} m in which {expected} alerts would be expected.",
            {"metres": self.metres, "expected": Num(self.expected, 1)},
        )
        return (Choice("power", self.ratio or self.at_most, message),)

    def sentence(self, t: Translator) -> str:
        """What would have been found, in words, with the period where it is known."""
        found = self._finding(t)
        if self.period is None:
            return found
        return at_head(t("{period}: {finding}", period=t.span(self.period), finding=found))

    def _finding(self, t: Translator) -> str:
        if not self.n:
            return t("There is no alert on the map to test.")
        if self.alone:
            return t("The area is no larger than one place: there is nothing around it to compare it with.")
        if self.ratio is None:
            return t.n(
                "Too few to tell: with {n} alert even a place {most} times as dense as its surroundings would be "
                "missed more often than in one of five cases.",
                "Too few to tell: with {n} alerts even a place {most} times as dense as its surroundings would be "
                "missed more often than in one of five cases.",
                self.n,
                most=t.number(MOST_RATIO),
            )
        return t.n(
            "With {n} alert a place of usual density is found in four of five cases if it is at least {ratio} "
            "times as dense as its surroundings.",
            "With {n} alerts a place of usual density is found in four of five cases if it is at least {ratio} "
            "times as dense as its surroundings.",
            self.n,
            ratio=t.number(self.ratio, 1),
        )


def detection_power(hot: HotCells) -> Power:
    """The power of a test of hot cells (of `hot_cells`), for a place as large as the window of one cell.

    Only its settings, the number of alerts and the land (or base) enter, not what was found.
    """
    return _power_of(_Case.of(hot.setting, hot.frame, hot.n, hot.alpha, hot.base, hot.dispersion))


def planned_power(
    cells: pd.DataFrame, occupied: OccupiedLand | None = None, scatter: Dispersion = INDEPENDENT
) -> Power:
    """The power that `hot_cells` will have on these cells, without making the test: that of `detection_power` after it.

    Parameters
    ----------
    cells, occupied, scatter
        As for `hot_cells`. Where the alerts lie does not enter, but for how many are on the city's occupied land.
    """
    ground = Ground.of(cells, occupied=occupied)
    case = _Case.of(ground.setting, ground.frame, round(ground.counts.sum()), ALPHA, LAND, scatter.value)
    return _power_of(case)


@lru_cache(maxsize=512)
def _power_of(case: _Case) -> Power:
    at_most = case.power(MOST_RATIO)
    ratio = None
    if at_most >= PROBABILITY:
        low, high = 0.0, float(np.log(MOST_RATIO))
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (low, middle) if case.power(float(np.exp(middle))) >= PROBABILITY else (middle, high)
        ratio = float(np.exp(high))
    return Power(ratio, at_most, case.n, case.expected, round(case.metres), case.based, alone=not case.found)


@dataclass(frozen=True)
class _Against:
    """What a place is compared with: size and rate of it, and the ratio that does not count as hot.

    `densest_half`: whether it is the one with most alerts of the halves of its surroundings, each of that size.
    """

    size: float
    rate: float
    margin: float
    densest_half: bool = False

    def counts(self, known: bool, dispersion: float = 1.0) -> tuple[FloatArray, FloatArray]:
        """How many alerts it may have, and the probability of each number."""
        mean = self.rate * self.size / dispersion
        reach = _SPREADS * np.sqrt(mean) + _SPREADS
        around = np.arange(max(0.0, np.floor(mean - reach)), np.ceil(mean + reach) + 1)
        chance: FloatArray = poisson.pmf(around, mean)
        if self.densest_half:
            sixths = np.random.default_rng(0).poisson(mean / 3, (_DRAWS, DIRECTIONS))
            halves = sum(np.roll(sixths, turn, axis=1) for turn in range(DIRECTIONS // 2))
            most, often = np.unique(np.max(halves, axis=1), return_counts=True)
            around, chance = most.astype(float), often / _DRAWS
        elif known or len(around) > 400:  # the rest of a city: its count is known, next to that of the place
            around, chance = np.array([round(mean)], dtype=float), np.ones(1)
        return around if dispersion == 1 else np.round(dispersion * around), chance


@dataclass(frozen=True)
class _Case:
    """All of a test that its power depends on: a typical place, what it is compared with, and the level of one p-value.

    Sizes are land or base, `rate` is alerts by size; `n`: alerts tested; `shares`: whether they are a part of the base.
    """

    n: int
    rate: float
    size_in: float
    against: tuple[_Against, ...]
    level: float
    based: bool
    shares: bool
    metres: float
    dispersion: float = 1.0

    @classmethod
    def of(
        cls, setting: Setting, frame: pd.DataFrame, n: int, alpha: float, base: DenominatorKind, dispersion: float
    ) -> _Case:
        """Of a test of a base with a setting, before it is made or after: `frame` as that of `HotCells`."""
        tested, size, city = (frame[name].to_numpy() for name in ("tested", "size", "city"))
        total, cells, based = float(size[tested].sum()), max(int(tested.sum()), 1), base != LAND
        in_place, in_reach = _disc(setting.k), _disc(setting.outer)
        one = total / cells if based else min(setting.side**2 / 1e6, total)
        size_in = min(in_place * one, total)  # an area may be no larger than a place, and end within the surroundings
        left = total - size_in if in_place < cells else 0.0
        rate = n / total if total > 0 else 0.0
        against = [_Against(left, rate, setting.margin)]
        if not based:
            land, alerts = float(city.sum()), float(frame["n"].to_numpy(float)[city > 0].sum())
            beside = max(land - size_in, 0.0) if left else 0.0
            half = min((in_reach - in_place) * one, left) / 2
            against = [
                _Against(beside, alerts / land if land > 0 else 0.0, CITY_MARGIN),
                _Against(half, rate, setting.margin, densest_half=True),
            ]
        level = alpha / cells / (len({0, setting.k}) + (not based))
        metres = setting.side * float(np.sqrt(in_place))
        return cls(n, rate, size_in, tuple(against), level, based, base == "alerts", metres, dispersion)

    @property
    def expected(self) -> float:
        """Alerts in the place if it were as dense as its surroundings."""
        return self.rate * self.size_in

    def power(self, ratio: float) -> float:
        """Probability that a place `ratio` times as dense as its surroundings is found, by the better comparison."""
        if not self.rate > 0:
            return 0.0
        return max((float(chance @ self.at_least(least, ratio)) for least, chance in self.found), default=0.0)

    @cached_property
    def found(self) -> list[tuple[FloatArray, FloatArray]]:
        """For each comparison and each count around the place the smallest in it that is found, and the probability of
        that count around: the same for every ratio.
        """
        return [self.least_found(against) for against in self.against if against.size > 0]

    def at_least(self, least: FloatArray, ratio: float) -> FloatArray:
        """Probability of at least so many alerts in a place `ratio` times as dense as usual; effective counts have the
        continuous forms of both laws.
        """
        share, mean, wider = min(1.0, ratio * self.rate), ratio * self.expected, self.dispersion
        found: Any
        if wider == 1:
            found = binom.sf(least - 1, round(self.size_in), share) if self.shares else poisson.sf(least - 1, mean)
        elif self.shares:
            rest = np.maximum(round(self.size_in) - least, 0)
            found = betainc(least / wider, rest / wider + 1, share)
        else:
            found = gammainc(least / wider, mean / wider)
        return np.asarray(found)

    def least_found(self, against: _Against) -> tuple[FloatArray, FloatArray]:
        """The smallest count in the place that is found for each count around it, by halving; and the probability of
        the latter.
        """
        around, chance = against.counts(self.shares, self.dispersion)
        low = np.zeros(len(around))
        high = np.full(len(around), np.ceil(20 + 4 * (against.margin + MOST_RATIO) * (self.expected + self.dispersion)))
        test = larger_share if self.shares else larger_rate
        sizes = np.full(len(around), self.size_in), np.full(len(around), against.size)
        while (high - low > 1).any():
            middle = np.floor((low + high) / 2)
            passed = test(middle, around, *sizes, against.margin, self.dispersion) <= self.level
            low, high = np.where(passed, low, middle), np.where(passed, middle, high)
        return high, chance


def _disc(rings: int) -> int:
    """Cells within so many rings of one."""
    return 3 * rings * (rings + 1) + 1
