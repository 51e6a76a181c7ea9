"""Hot spots by harm: what the alerts of each weigh, and how much of that is above expected.

Which places are hot is still judged by counts: a sum of weights has no exact test, one grave alert can make most of
it, and a normal one (Gi* of weights) is wrong in cells of a few alerts. So the test stays and the order changes. Of
each hot spot the weight above expected is compared with the same surroundings as its count, with an interval whose
variance is that of a compound Poisson sum, times the dispersion (`analysis.stats.harm_weights`). Where all weights are
one it is the interval of the alerts above expected. A place of few but grave alerts that is not hot by its count
is not found this way: clusters by weight look for such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import sparse

from analysis.hotspots.cell_significance import HotCells
from analysis.hotspots.grouping import Spot, compared_with
from analysis.stats.harm_weights import HarmWeights, weight_limits
from analysis.stats.intervals import UNKNOWN, Estimate
from analysis.stats.result import Choice
from curim_data.model import Message, Translator

BY_HARM: Final = Choice(
    "harm",
    "order",
    Message(
        "Which places are hot is judged by the number of alerts; their order by what these weigh above expected, by "
        "the lower limit of its 95 % interval. Weights scatter more than counts (the variance is the sum of their "
        "squares, times that of bursts), so one grave alert does not lift a place."
    ),
)


@dataclass(frozen=True)
class SpotHarm:
    """What the alerts of a hot spot weigh, what they would at the density of weights around, and what is above."""

    weight: float
    expected: float
    excess: Estimate

    def sentence(self, t: Translator) -> str:
        """Weight, expectation and what is above it with its interval, in words."""
        if self.expected != self.expected:
            return t("By harm they weigh as much as {weight} alerts of mean harm.", weight=t.number(self.weight))
        return t(
            "By harm they weigh as much as {weight} alerts of mean harm where {expected} would be expected: {more} "
            "more (95 % interval {least} to {most}).",
            weight=t.number(self.weight),
            expected=t.expected(self.expected),
            more=t.number(self.excess.value),
            least=t.number(self.excess.low),
            most=t.number(self.excess.high),
        )


def harm_of_spots(result: HotCells, spots: Sequence[Spot], weights: HarmWeights) -> dict[str, SpotHarm]:
    """By the id of each hot spot what its alerts weigh, against what the test compares it with.

    Parameters
    ----------
    result : HotCells
        Of exact counts.
    spots : sequence of Spot
        Of `hot_spots(result)`, under whatever ids.
    weights : HarmWeights
        Of the same alerts, by the cells of `result` in their order.

    Raises
    ------
    ValueError
        Where the weights are of other alerts.
    """
    frame = result.frame
    counts = frame["n"].to_numpy(float)
    if not np.allclose(weights.counts.sum(axis=1), counts):
        raise ValueError("the weights have to be of the alerts that were tested")
    if not spots:
        return {}
    index = np.asarray(frame.index, dtype=np.int64)
    members = [np.searchsorted(index, np.array(spot.cells, dtype=np.int64)) for spot in spots]
    if not all((index[own] == spot.cells).all() for own, spot in zip(members, spots, strict=True)):
        order = np.argsort(index)
        members = [order[np.searchsorted(index, spot.cells, sorter=order)] for spot in spots]
    starts = np.cumsum([0, *(len(own) for own in members)])
    flat = np.concatenate(members)
    inside = sparse.csr_array((np.ones(len(flat)), flat, starts), shape=(len(spots), len(index)))
    sums, squares = weights.sums, weights.squares
    known = frame["size"].to_numpy(float) > 0
    size_out = frame["occupied"].to_numpy(float)
    rests = {
        of: compared_with(result, "hot", index, inside, np.column_stack([values * known, size_out]))
        for of, values in (("sums", sums), ("squares", squares))
    }
    own_sums, own_squares, size_in = inside @ sums, inside @ squares, inside @ frame["size"].to_numpy(float)
    found = {}
    for at, spot in enumerate(spots):
        outside, beyond = rests["sums"][spot.against][:, at]
        share = size_in[at] / beyond if beyond > 0 else float("nan")
        around = (float(outside), float(rests["squares"][spot.against][0, at]))
        own = (float(own_sums[at]), float(own_squares[at]))
        more = weight_above(own, around, float(share), weights.largest, result.dispersion)
        found[spot.id] = SpotHarm(own[0], float(outside * share), more)
    return found


def weight_above(
    inside: tuple[float, float], outside: tuple[float, float], share: float, largest: float, dispersion: float = 1.0
) -> Estimate:
    """`analysis.hotspots.excess.excess` of sums of weights: each given as Σ w and Σ w² (MOVER of gamma limits)."""
    if not 0 <= share < float("inf"):
        return UNKNOWN
    own, around = (weight_limits(*of, largest, dispersion) for of in (inside, outside))
    value = inside[0] - share * outside[0]
    down = float(np.hypot(inside[0] - own[0], share * (around[1] - outside[0])))
    up = float(np.hypot(own[1] - inside[0], share * (outside[0] - around[0])))
    return Estimate(value, value - down, value + up)


def in_order_of_harm(spots: Sequence[Any], harm: Mapping[str, SpotHarm]) -> tuple[Any, ...]:
    """Places by the lower limit of their weight above expected; what was not compared last, equal ones by weight."""

    def key(spot: Any) -> tuple[float, float, str]:
        one = harm[spot.id]
        low = one.excess.low
        return (-low if low == low else float("inf"), -one.weight, spot.id)

    return tuple(sorted(spots, key=key))
