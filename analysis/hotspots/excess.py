"""Alerts above expected: how many alerts of a place are more than would be there, with an interval; and the order.

With n alerts in a place and r in its surroundings, which have 1 / a times its land, e = a r are expected and n - e are
more. Both counts scatter, so the limits put together those of each (MOVER, "method of variance estimates recovery"):

    low  = n - e - sqrt((n - n_low)² + (e_high - e)²)      high = n - e + sqrt((n_high - n)² + (e - e_low)²)

with exact 95 % Poisson limits of n and, times a, of r. The order by the lower limit puts first where surely most is
above expectation, and a few alerts beside empty land last.

Zou, G. Y. and Donner, A. (2008). Construction of confidence limits about effect measures: a general approach.
Statistics in Medicine 27, 1693–1702.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, TypeVar, get_args

import numpy as np
from scipy.stats import binom

from analysis.stats.intervals import UNKNOWN, Estimate, weighted_sum
from analysis.stats.result import Choice
from curim_data.model import Message, Num

Order = Literal["excess", "ratio", "alerts", "p"]
ORDERS: Final[tuple[Order, ...]] = get_args(Order)
# A ratio says something where at least so many alerts are expected, and where its limits lie no farther apart than so
# many times: beside empty land it is 630, from 106 to 25,600.
LEAST_EXPECTED: Final = 1.0
WIDEST_INTERVAL: Final = 10.0
# What a successful intervention takes away, and the level at which its fall has to show.
_FALL: Final = 0.7
_LEVEL: Final = 0.05

_Spot = TypeVar("_Spot")


def excess(inside: float, outside: float, share: float, dispersion: float = 1.0) -> Estimate:
    """Alerts above expected: `inside` counted, `outside` in the surroundings, of which the place is worth `share`.

    `share`: land or base of the place by that of its surroundings; NaN or infinite where there are none.
    `dispersion`: variance of the counts by that of independent ones.
    """
    return weight_above((inside, inside), (outside, outside), share, 1.0, dispersion)


def weight_above(
    inside: tuple[float, float], outside: tuple[float, float], share: float, largest: float, dispersion: float = 1.0
) -> Estimate:
    """`excess` of sums of weights, of which the largest is given: each sum as Σ w and Σ w² (MOVER of gamma limits)."""
    if not 0 <= share < float("inf"):
        return UNKNOWN
    own, around = (weighted_sum(*of, largest, dispersion) for of in (inside, outside))
    value = own.value - share * around.value
    down = float(np.hypot(own.value - own.low, share * (around.high - around.value)))
    up = float(np.hypot(own.high - own.value, share * (around.value - around.low)))
    return Estimate(value, value - down, value + up)


def excess_of(spot: Any) -> Estimate:
    """The alerts above expected of a hot spot, or of a cluster, whose expected count has no scatter of its own.

    By harm, where a cluster's alerts have a weight.
    """
    own: Estimate | None = getattr(spot, "excess", None)
    if own is not None:
        return own
    n = spot.n if getattr(spot, "weight", None) is None else spot.weight
    return Estimate(n - spot.expected, spot.expected * (spot.low - 1), spot.expected * (spot.high - 1))


def is_compared(spot: Any) -> bool:
    """Whether it is known how many alerts of a place are above expected; also where nothing is around it."""
    return getattr(spot, "times", None) is None


def ratio_says_something(spot: Any) -> bool:
    """Whether a ratio is shown: where enough is expected, and its interval is narrow enough to be of use."""
    known = spot.ratio == spot.ratio and spot.low > 0 and spot.high < float("inf")
    return bool(known and spot.expected >= LEAST_EXPECTED and spot.high <= WIDEST_INTERVAL * spot.low)


def least_for_plan() -> int:
    """The fewest alerts of a place with which a fall by 70 % in a period as long would show beyond chance (5 %).

    Given both counts together, the later one is binomial with one half where nothing changed.
    """
    n = 1
    while binom.cdf(round((1 - _FALL) * n), n + round((1 - _FALL) * n), 0.5) > _LEVEL:
        n += 1
    return n


LEAST_FOR_PLAN: Final = least_for_plan()


def worth_a_plan(spots: Sequence[_Spot]) -> tuple[tuple[_Spot, ...], tuple[_Spot, ...]]:
    """The places that stand in the first part of a list, and those with too few alerts for a plan; both in order."""
    known: Sequence[Any] = spots
    many = tuple(spot for spot in known if spot.n >= LEAST_FOR_PLAN)
    return many, tuple(spot for spot in known if spot.n < LEAST_FOR_PLAN)


def in_order(spots: Sequence[_Spot], order: Order = "excess") -> tuple[_Spot, ...]:
    """Places in an order: by the lower limit of alerts above expected, by that of the ratio, by alerts, or by p.

    What was not compared comes last; equal ones by the rank that they have, by their number of alerts, then by id.
    """

    def key(spot: Any) -> tuple[float, ...]:
        asked = {
            "excess": -excess_of(spot).low,
            "ratio": -spot.low,
            "alerts": -float(spot.n),
            "p": float(spot.q),
        }[order]
        return (asked if asked == asked else float("inf"), float(getattr(spot, "rank", 0)), -float(spot.n))

    return tuple(sorted(spots, key=lambda spot: (*key(spot), spot.id)))  # type: ignore[attr-defined]


def excess_choices() -> tuple[Choice, ...]:
    """How the list is ordered, what stands in its first part, and where a ratio is shown."""
    return (
        Choice(
            "order",
            "excess",
            Message(
                "Hot spots are ordered by the alerts above expected, by the lower limit of their 95 % interval: "
                "first where surely most could be gained, not where next to nothing is expected."
            ),
        ),
        Choice(
            "least_for_plan",
            LEAST_FOR_PLAN,
            Message(
                "Places with fewer than {n} alerts stand apart: with so few even a fall by {percent} % could not "
                "be distinguished from chance.",
                {"n": LEAST_FOR_PLAN, "percent": Num(100 * _FALL, 0)},
            ),
        ),
        Choice(
            "ratio",
            LEAST_EXPECTED,
            Message(
                "No ratio is shown where less than one alert is expected, or where its limits lie more than "
                "{times} times apart: it would say nothing.",
                {"times": Num(WIDEST_INTERVAL, 0)},
            ),
        ),
    )
