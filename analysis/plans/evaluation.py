"""How large a fall must be for the evaluation of a plan to see it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from curim_data.model import Num, Translator


@dataclass(frozen=True)
class DetectableDrop:
    """The smallest fall that the test would find with the wished power.

    `share` and `alerts` are None where not even a complete stop would be found. `before`: alerts expected in the
    treated area without the measure, `alerts` of them prevented.
    """

    share: float | None
    alerts: float | None
    before: float
    power: float

    @property
    def stated(self) -> float | None:
        """The alerts in fives, upward: a plan keeps it, which everybody may read, and the number would tell counts."""
        return None if self.alerts is None else float(5 * math.ceil(self.alerts / 5))

    def sentence(self, t: Translator) -> str:
        """How large a fall must be to be seen."""
        values = {"power": Num(100 * self.power, 0), "before": Num(self.before, 0)}
        if self.share is None or self.alerts is None:
            return t(
                "With {before} alerts to expect, not even a complete stop would be seen with certainty enough.",
                **values,
            )
        return t(
            "A fall of at least {share} % ({alerts} of {before} alerts) would be seen with a probability of "
            "{power} %; a smaller one could be missed.",
            share=Num(100 * self.share, 0),
            alerts=Num(self.alerts, 0),
            **values,
        )


def minimum_detectable_drop(
    treated_before: float,
    control_before: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    draws: int = 4000,
    seed: int = 8,
) -> DetectableDrop:
    """The smallest fall that a comparison with one area would find with a power of 80 %, by simulation.

    What a draft says before similar areas are counted. Counts before and after are drawn as Poisson with the means
    given, the treated area's after lowered by a share; the share is raised in steps of one percent (found by bisection)
    until the logarithm of the ratio of ratios finds a fall, two-sided at `alpha`, in `power` of the draws. `draws` of
    4,000 know the power to ± 1.3 points.
    """
    rng = np.random.default_rng(seed)
    before, after = rng.poisson(np.array([control_before, treated_before], dtype=float), size=(2, draws, 2))
    # One uniform number a draw decides the treated count after for every share, so that power rises smoothly with it.
    luck = rng.random(draws)
    quantile = float(stats.norm.isf(alpha / 2))

    def found(percent: int) -> float:
        outcome = after.copy()
        outcome[:, 1] = stats.poisson.ppf(luck, treated_before * (1 - percent / 100))
        c0, t0, c1, t1 = np.maximum(np.column_stack([before, outcome]).astype(float), 0.5).T
        z = np.log(t1 / t0 * c0 / c1) / np.sqrt(1 / c0 + 1 / t0 + 1 / c1 + 1 / t1)
        return float(np.mean(z <= -quantile))

    if treated_before <= 0 or found(100) < power:
        return DetectableDrop(None, None, treated_before, power)
    low, high = 0, 100
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if found(middle) >= power else (middle, high)
    return DetectableDrop(high / 100, treated_before * high / 100, treated_before, power)
