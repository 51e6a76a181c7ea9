"""The exact test behind a comparison of two maps: both tails in every place, with what protected counts leave open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import sparse, stats
from scipy.special import gammaln

from analysis.hotspots.cell_tests import Bools
from analysis.stats.inference import Floats

_Z: Final = float(stats.norm.ppf(0.975))


def could_differ(attainable: Floats, alpha: float) -> Bools:
    """Which tests are worth making: those whose smallest attainable p survives the correction for just these.

    With K the smallest whole number such that at most K tests can reach alpha / K, these are the tests that can.

    Tarone, R. E. (1990). A modified Bonferroni method for discrete data. Biometrics 46, 515-522.

    >>> could_differ(np.array([1e-4, 0.01, 0.04, 0.3]), 0.05).tolist()
    [True, True, False, False]
    """
    ordered = np.sort(attainable)
    for count in range(1, len(ordered) + 1):
        if int(np.searchsorted(ordered, alpha / count, side="right")) <= count:
            return np.asarray(attainable <= alpha / count)
    return np.zeros(len(ordered), dtype=bool)


@dataclass(frozen=True)
class Maps:
    """Bounds of both maps by cell, and how many alerts each has in all (None: not told)."""

    a_low: Floats
    a_high: Floats
    b_low: Floats
    b_high: Floats
    shown_a: Floats
    shown_b: Floats
    told: tuple[float | None, float | None]

    @classmethod
    def of(cls, first: pd.DataFrame, second: pd.DataFrame, told: tuple[float | None, float | None]) -> Maps:
        """Of two frames with n and, where counts passed the gate, low, high, withheld."""
        return cls(*_bounds(first), *_bounds(second), _shown(first), _shown(second), told)

    @property
    def total_a(self) -> float:
        """Alerts of the first map; the least that there may be where it is not told."""
        return float(self.a_low.sum()) if self.told[0] is None else float(self.told[0])

    @property
    def total_b(self) -> float:
        """Alerts of the second map; the least that there may be where it is not told."""
        return float(self.b_low.sum()) if self.told[1] is None else float(self.told[1])


def _bounds(cells: pd.DataFrame) -> tuple[Floats, Floats]:
    """The least and the most that each cell may hold, whole."""
    low, high = (np.round((cells[name] if name in cells else cells["n"]).to_numpy(float)) for name in ("low", "high"))
    return low, high


def _shown(cells: pd.DataFrame) -> Floats:
    hidden = cells["withheld"].to_numpy(bool) if "withheld" in cells else np.zeros(len(cells), bool)
    return np.where(hidden, np.nan, cells["n"].to_numpy(float))


@dataclass(frozen=True)
class Scale:
    """Places of one size: their test, the counts that entered either tail, ratio with interval."""

    up: tuple[Floats, Floats, Floats, Floats]
    down: tuple[Floats, Floats, Floats, Floats]
    p: Floats
    more: Floats
    attainable: Floats
    shown_a: Floats
    shown_b: Floats
    ratio: Floats
    low: Floats
    high: Floats


def tails(maps: Maps, disc: sparse.csr_array, out: Bools) -> Scale:
    """Both tails in every place: its counts (a, b) against those of both maps there and in the rest (A, B).

    `out`: cells that do not belong to the rest.
    """
    up = _entered(disc, out, (maps.a_low, maps.a_high, maps.told[0]), (maps.b_low, maps.b_high, maps.told[1]))
    b, a, total_b, total_a = _entered(
        disc, out, (maps.b_low, maps.b_high, maps.told[1]), (maps.a_low, maps.a_high, maps.told[0])
    )
    down = a, b, total_a, total_b
    over, most = _upper(*up)
    under, least = _upper(b, a, total_b, total_a)
    shown_a, shown_b = disc @ maps.shown_a, disc @ maps.shown_b
    ratio, low, _ = share_ratios(up[0], up[2], up[1], up[3])
    high = share_ratios(a, total_a, b, total_b)[2]
    return Scale(
        up=up,
        down=down,
        p=np.minimum(1.0, 2 * np.minimum(over, under)),
        more=np.where(over <= under, 1, -1),
        attainable=np.minimum(1.0, 2 * np.minimum(most, least)),
        shown_a=shown_a,
        shown_b=shown_b,
        ratio=np.where(np.isfinite(shown_a + shown_b), ratio, np.nan),
        low=low,
        high=high,
    )


# The least and the most that each cell may hold, and how many there are in all where that is told.
_Map = tuple[Floats, Floats, float | None]


def standing_out(maps: Maps, discs: list[sparse.csr_array], alpha: float) -> Bools:
    """Cells that would pull the share of the rest of the city: of places that differ far beyond chance.

    One strong place with many alerts moves the share elsewhere, and where alerts are many all other places then seem to
    lean the other way. So the place farthest from the share of all that is left is taken out, again and again, until
    none is farther than chance brings anywhere: |x - m s| <= z sqrt(m s (1 - s)) with x of m alerts of the first map, s
    the share of what is left and z the normal quantile for alpha over all places (Bonferroni). Withheld counts enter
    with the middle of their bounds: this decides what a place is compared with, never whether it differs.
    """
    first, both = (maps.a_low + maps.a_high) / 2, (maps.a_low + maps.a_high + maps.b_low + maps.b_high) / 2
    out = np.zeros(len(both), dtype=bool)
    border = float(stats.norm.isf(alpha / (2 * len(discs) * max(len(both), 1))))
    while not out.all():
        left, whole = np.where(out, 0.0, first), np.where(out, 0.0, both)
        share = left.sum() / max(whole.sum(), 1e-300)
        inside = np.array([disc @ whole for disc in discs])
        spread = np.sqrt(inside * share * (1 - share))
        away = np.abs(np.array([disc @ left for disc in discs]) - share * inside)
        z = np.divide(away, spread, out=np.zeros(away.shape), where=spread > 0)
        scale, cell = np.unravel_index(z.argmax(), z.shape)
        if z[scale, cell] <= border:
            break
        out[discs[scale][[cell]].indices] = True
    return out


def _entered(disc: sparse.csr_array, out: Bools, first: _Map, second: _Map) -> tuple[Floats, Floats, Floats, Floats]:
    """Counts that speak least for the first map having more in a place: (first, second, total first, total second).

    In the place the first enters at its least and the second at its most, in the rest the other way round, as far as
    the totals allow.
    """

    def rest(counts: Floats, members: Bools) -> Floats:
        """Counts of the members that lie outside the place."""
        chosen = counts * members
        return np.asarray(chosen.sum() - disc @ chosen)

    low, high, told = first
    other_low, other_high, other_told = second
    inside, other = disc @ low, disc @ other_high
    rest_high, rest_low = rest(high, ~out), rest(other_low, ~out)
    if told is not None:
        rest_high = np.minimum(rest_high, np.maximum(told - inside - rest(low, out), 0))
    if other_told is not None:
        other = np.minimum(other, other_told)
        rest_low = np.maximum(rest_low, other_told - other - rest(other_high, out))
    return inside, other, inside + rest_high, other + rest_low


def _upper(a: Floats, b: Floats, total_a: Floats, total_b: Floats) -> tuple[Floats, Floats]:
    """P(X >= a) for X hypergeometric: a + b drawn from A + B of which A are of the first map; and its least value,
    that of the largest x: C(A, x) / C(A + B, x) where x = a + b <= A, and the same with a + b and A exchanged.
    """
    drawn = a + b
    law = stats.hypergeom(total_a + total_b, total_a, drawn)
    few, many, whole = np.minimum(drawn, total_a), np.maximum(drawn, total_a), total_a + total_b
    extreme = gammaln(many + 1) - gammaln(many - few + 1) + gammaln(whole - few + 1) - gammaln(whole + 1)
    return np.asarray(law.sf(a - 1)), np.exp(extreme)


def share_ratios(a: Floats, total_a: Floats, b: Floats, total_b: Floats) -> tuple[Floats, Floats, Floats]:
    """`analysis.stats.rates.share_ratio` for arrays: (a / A) / (b / B) with Katz's 95 % interval."""
    nothing = (total_a == 0) | (total_b == 0) | (a + b == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(nothing, np.nan, (a / total_a) / (b / total_b))
        add = np.where((a == 0) | (b == 0), 0.5, 0.0)
        x, n, y, m = a + add, total_a + add, b + add, total_b + add
        reach = np.exp(_Z * np.sqrt(np.maximum(0.0, 1 / x - 1 / n + 1 / y - 1 / m)))
        middle = (x / n) / (y / m)
        low = np.where(nothing | (a == 0), 0.0, middle / reach)
        high = np.where(nothing | (b == 0), np.inf, middle * reach)
    return value, low, high
